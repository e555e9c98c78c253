/* SPDX-License-Identifier: BSD-3-Clause */
/* call_reply - the reply of a command as a tree that a guest can walk.
 *
 * The bytes of the reply are read once, into one block of nodes.  The elements
 * of a container stand side by side, so that asking for the n-th is O(1):
 *
 *   *2 :1 *2 $a $b      node 0    1    2    3    4
 *                       [ *2 ] [ :1 ] [ *2 ] [ $a ] [ $b ]
 *                         `---first^      `---first^
 *
 * Node 0 is the reply; the others go when it is freed. */
#ifndef REDISABI_CALL_REPLY_H
#define REDISABI_CALL_REPLY_H

#include "context.h"

struct call_tree;

struct RedisModuleCallReply {
    struct call_tree *tree;
    int kind;            /* REDISMODULE_REPLY_ */
    uint32_t first;      /* of a container: the node of its first element */
    uint64_t count;      /* of a container: elements, or pairs of a map */
    struct kr_str bytes; /* as it stands in the protocol */
    struct kr_str text;  /* of a string, an error, a big number, a verbatim */
    uint32_t attribute;  /* the node of the attribute before it, 0: none */
    union {
        int64_t integer; /* of a boolean too */
        double number;
        char format[4];          /* of a verbatim string */
        struct promise *promise; /* promise.c */
    };
};

/* A reply from its bytes, which are copied.  Automatic memory of `ctx`. */
KR_HIDDEN RedisModuleCallReply *call_reply_new(RedisModuleCtx *ctx,
                                               struct kr_str bytes);
/* Reply the same, value by value.  O(its bytes). */
KR_HIDDEN void call_reply_tell(const RedisModuleCallReply *reply,
                               struct kr_reply *out);
/* Has it anything that RESP2 has not? */
KR_HIDDEN bool call_reply_is_resp3(const RedisModuleCallReply *reply);

#endif
