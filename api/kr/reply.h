/* SPDX-License-Identifier: BSD-3-Clause */
/* reply - write a reply without knowing who reads it.
 *
 * A handler writes to a sink.  Behind it may stand a RESP2 or RESP3
 * connection, a Lua stack, another module, a transaction, or nobody.  The
 * handler is written once, in RESP3's terms; a sink for RESP2 flattens.
 *
 *   struct kr_reply               struct kr_reply_ops   (constant)
 *   +----------+----------+       +--------------------+
 *   | ops     -+-------------->   | size               |
 *   | protocol | errors   |       | null, int64, bulk, |
 *   +----------+----------+       | error, array ...   |
 *   | the sink's own ...  |       +--------------------+
 *
 * A sink is any struct that begins with a struct kr_reply.  A module may bring
 * its own: fill every function, KR_REPLY_NONE is no excuse for NULL.
 *
 * Exactly one top-level value is written per call, unless the command's flags
 * say otherwise.  Containers announce their length first, or are deferred: a
 * deferred one takes its length when its elements have been written.
 *
 * All strings are copied or sent before the function returns, but for blob().
 * All functions are [main] and cost about what their bytes cost. */
#ifndef KR_REPLY_H
#define KR_REPLY_H

#include <kr/base.h>

#include <stdarg.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct kr_reply;
struct kr_blob;

/* What a container is.  Maps count pairs. */
#define KR_ARRAY     0u
#define KR_MAP       1u
#define KR_SET       2u
#define KR_PUSH      3u
#define KR_ATTRIBUTE 4u

struct kr_reply_ops {
    uint32_t size;
    uint32_t reserved;
    /* RESP3 _, RESP2 $-1. */
    void (*null)(struct kr_reply *reply);
    /* RESP3 _, RESP2 *-1: where a list was expected. */
    void (*null_array)(struct kr_reply *reply);
    void (*int64)(struct kr_reply *reply, int64_t value);
    /* A status, such as OK; no CR or LF in it. */
    void (*status)(struct kr_reply *reply, struct kr_str text);
    /* `text` begins with its code: "ERR no such key".  CR and LF become
     * spaces.  Counts in reply->errors and in INFO errorstats. */
    void (*error)(struct kr_reply *reply, struct kr_str text);
    void (*bulk)(struct kr_reply *reply, struct kr_str bytes);
    /* `size` bytes of `blob` from `from`: large ones are sent from where they
     * are, with a reference held until they are gone. */
    void (*blob)(struct kr_reply *reply, struct kr_blob *blob, size_t from,
                 size_t size);
    /* A bulk string of the decimal digits of `value`. */
    void (*bulk_int64)(struct kr_reply *reply, int64_t value);
    /* RESP3 double; RESP2 bulk, both in the shortest form that Redis uses. */
    void (*number)(struct kr_reply *reply, double value);
    /* RESP3 #t or #f; RESP2 1 or 0. */
    void (*boolean)(struct kr_reply *reply, bool value);
    /* Digits of any length; RESP2 bulk. */
    void (*big_number)(struct kr_reply *reply, struct kr_str digits);
    /* `format` has three letters: txt or mkd; RESP2 bulk. */
    void (*verbatim)(struct kr_reply *reply, const char *format,
                     struct kr_str text);
    /* Open a container of `count` elements (pairs for maps).  It closes itself
     * when they have been written. */
    void (*open)(struct kr_reply *reply, uint32_t kind, uint64_t count);
    /* Open a container whose length is not known yet; the answer is a token
     * for close().  They nest; the innermost closes first. */
    uint64_t (*defer)(struct kr_reply *reply);
    void (*close)(struct kr_reply *reply, uint64_t token, uint32_t kind,
                  uint64_t count);
    /* Bytes already in the sink's protocol, from a sink of the same one. */
    void (*raw)(struct kr_reply *reply, struct kr_str bytes);
    /* A double with the digits that stand in `digits`, which number() would
     * write otherwise: RESP3 double, RESP2 bulk.  A sink of a module's may be
     * older than this: ask KR_HAS(), or use kr_reply_decimal(). */
    void (*decimal)(struct kr_reply *reply, struct kr_str digits);
};

struct kr_reply {
    const struct kr_reply_ops *ops;
    uint32_t protocol; /* 2 or 3: for the few replies that differ in shape */
    uint32_t errors;   /* error() calls so far */
};

/* --- Shorthand ----------------------------------------------------------- */

/* Nothing: null in RESP3, a null bulk in RESP2. */
static inline void kr_reply_null(struct kr_reply *r)
{
    r->ops->null(r);
}

/* An integer. */
static inline void kr_reply_int64(struct kr_reply *r, int64_t value)
{
    r->ops->int64(r, value);
}

/* A string of any bytes. */
static inline void kr_reply_bulk(struct kr_reply *r, struct kr_str bytes)
{
    r->ops->bulk(r, bytes);
}

/* A double with these digits; a string of them where the sink knows no such. */
static inline void kr_reply_decimal(struct kr_reply *r, struct kr_str digits)
{
    if (KR_HAS(r->ops, decimal))
        r->ops->decimal(r, digits);
    else
        r->ops->bulk(r, digits);
}

/* A word without line ends, "QUEUED". */
static inline void kr_reply_status(struct kr_reply *r, const char *text)
{
    r->ops->status(r, kr_cstr(text));
}

/* "OK". */
static inline void kr_reply_ok(struct kr_reply *r)
{
    r->ops->status(r, kr_str("OK", 2));
}

/* An array: the next `count` replies are its elements. */
static inline void kr_reply_array(struct kr_reply *r, uint64_t count)
{
    r->ops->open(r, KR_ARRAY, count);
}

/* A map: the next 2 * `pairs` replies are keys and values in turn; an array
 * of them all in RESP2. */
static inline void kr_reply_map(struct kr_reply *r, uint64_t pairs)
{
    r->ops->open(r, KR_MAP, pairs);
}

/* `text` with its code: kr_reply_error(r, "ERR syntax error"). */
static inline void kr_reply_error(struct kr_reply *r, const char *text)
{
    r->ops->error(r, kr_cstr(text));
}

/* As printf; at most 1023 bytes, the rest is cut. */
KR_PRINTF(2, 3)
static inline void kr_reply_errorf(struct kr_reply *r, const char *format, ...)
{
    char text[1024];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (n < 0)
        n = 0;
    r->ops->error(r, kr_str(text, (size_t)n < sizeof(text) ? (size_t)n
                                                           : sizeof(text) - 1));
}

/* Errors that many commands share, with Redis's texts. */
#define KR_ERR_SYNTAX    "ERR syntax error"
#define KR_ERR_NOT_INT   "ERR value is not an integer or out of range"
#define KR_ERR_NOT_FLOAT "ERR value is not a valid float"
#define KR_ERR_NO_KEY    "ERR no such key"
#define KR_ERR_RANGE     "ERR index out of range"
#define KR_ERR_WRONGTYPE                                                       \
    "WRONGTYPE Operation against a key holding the wrong kind of value"

#ifdef __cplusplus
}
#endif
#endif
