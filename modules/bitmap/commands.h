/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - the commands of `bitmap`: their rows and handlers.
 *
 * For the descriptor: {bitmap_commands, BITMAP_COMMAND_COUNT,
 * sizeof(struct kr_command)}. */
#ifndef BITMAP_COMMANDS_H
#define BITMAP_COMMANDS_H

#include <kr/base.h>
#include <kr/call.h>
#include <kr/command.h>

extern const struct kr_command bitmap_commands[];
enum { BITMAP_COMMAND_COUNT = 7 };

/* The handlers: each writes one reply. */
void bitmap_setbit(struct kr_call *call);
void bitmap_getbit(struct kr_call *call);
void bitmap_bitcount(struct kr_call *call);
void bitmap_bitpos(struct kr_call *call);
void bitmap_bitop(struct kr_call *call);
void bitmap_bitfield(struct kr_call *call);
void bitmap_bitfield_ro(struct kr_call *call);

/* The finders of keys, for what the specs leave open: kr_command.find_keys. */
int32_t bitmap_bitfield_keys(uint32_t argc, const struct kr_str *argv,
                             struct kr_key_ref *refs, uint32_t room);

#endif
