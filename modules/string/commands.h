/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - the commands of `string`: their rows and handlers.
 *
 * For the descriptor: {string_commands, STRING_COMMAND_COUNT,
 * sizeof(struct kr_command)}. */
#ifndef STRING_COMMANDS_H
#define STRING_COMMANDS_H

#include <kr/base.h>
#include <kr/call.h>
#include <kr/command.h>

extern const struct kr_command string_commands[];
enum { STRING_COMMAND_COUNT = 22 };

/* The handlers: each writes one reply. */
void string_append(struct kr_call *call);
void string_decr(struct kr_call *call);
void string_decrby(struct kr_call *call);
void string_get(struct kr_call *call);
void string_getdel(struct kr_call *call);
void string_getex(struct kr_call *call);
void string_getrange(struct kr_call *call);
void string_getset(struct kr_call *call);
void string_incr(struct kr_call *call);
void string_incrby(struct kr_call *call);
void string_incrbyfloat(struct kr_call *call);
void string_lcs(struct kr_call *call);
void string_mget(struct kr_call *call);
void string_mset(struct kr_call *call);
void string_msetnx(struct kr_call *call);
void string_psetex(struct kr_call *call);
void string_set(struct kr_call *call);
void string_setex(struct kr_call *call);
void string_setnx(struct kr_call *call);
void string_setrange(struct kr_call *call);
void string_strlen(struct kr_call *call);
void string_substr(struct kr_call *call);

/* The finders of keys, for what the specs leave open: kr_command.find_keys. */
int32_t string_set_keys(uint32_t argc, const struct kr_str *argv,
                        struct kr_key_ref *refs, uint32_t room);

#endif
