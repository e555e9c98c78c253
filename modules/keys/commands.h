/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - the commands of `keys`: their rows and handlers.
 *
 * For the descriptor: {keys_commands, KEYS_COMMAND_COUNT,
 * sizeof(struct kr_command)}. */
#ifndef KEYS_COMMANDS_H
#define KEYS_COMMANDS_H

#include <kr/base.h>
#include <kr/call.h>
#include <kr/command.h>

extern const struct kr_command keys_commands[];
enum { KEYS_COMMAND_COUNT = 30 };

/* The handlers: each writes one reply. */
void keys_del(struct kr_call *call);
void keys_unlink(struct kr_call *call);
void keys_exists(struct kr_call *call);
void keys_type(struct kr_call *call);
void keys_rename(struct kr_call *call);
void keys_renamenx(struct kr_call *call);
void keys_copy(struct kr_call *call);
void keys_move(struct kr_call *call);
void keys_touch(struct kr_call *call);
void keys_randomkey(struct kr_call *call);
void keys_keys(struct kr_call *call);
void keys_scan(struct kr_call *call);
void keys_expire(struct kr_call *call);
void keys_pexpire(struct kr_call *call);
void keys_expireat(struct kr_call *call);
void keys_pexpireat(struct kr_call *call);
void keys_ttl(struct kr_call *call);
void keys_pttl(struct kr_call *call);
void keys_expiretime(struct kr_call *call);
void keys_pexpiretime(struct kr_call *call);
void keys_persist(struct kr_call *call);
void keys_object_encoding(struct kr_call *call);
void keys_object_freq(struct kr_call *call);
void keys_object_help(struct kr_call *call);
void keys_object_idletime(struct kr_call *call);
void keys_object_refcount(struct kr_call *call);
void keys_dbsize(struct kr_call *call);
void keys_flushdb(struct kr_call *call);
void keys_flushall(struct kr_call *call);
void keys_swapdb(struct kr_call *call);
void keys_dump(struct kr_call *call);
void keys_restore(struct kr_call *call);
void keys_sort(struct kr_call *call);
void keys_sort_ro(struct kr_call *call);

/* The finders of keys, for what the specs leave open: kr_command.find_keys. */
int32_t keys_sort_keys(uint32_t argc, const struct kr_str *argv,
                       struct kr_key_ref *refs, uint32_t room);
int32_t keys_sort_ro_keys(uint32_t argc, const struct kr_str *argv,
                          struct kr_key_ref *refs, uint32_t room);

#endif
