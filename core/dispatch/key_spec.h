/* SPDX-License-Identifier: BSD-3-Clause */
/* key_spec - which arguments of a command are keys. */
#ifndef CORE_DISPATCH_KEY_SPEC_H
#define CORE_DISPATCH_KEY_SPEC_H

#include <kr/command.h>

/* The keys of a call: at most `room` of them into `refs`; the answer is how
 * many there are, -1 when the arguments make no sense.  O(argc). */
int32_t key_spec_find(const struct kr_command *row, uint32_t argc,
                      const struct kr_str *argv, struct kr_key_ref *refs,
                      uint32_t room);

/* Do the keys stand where only a look at the arguments tells? */
bool key_spec_is_movable(const struct kr_command *row);

/* The index of the first key if a spec tells it for all calls, or 0; and where
 * the last is (from the first, or negative: from the end), by which step. */
uint8_t key_spec_simple(const struct kr_command *row, int16_t *last,
                        uint8_t *step);

static inline const struct kr_key_spec *
key_spec_at(const struct kr_command *row, uint32_t i)
{
    return (const void *)((const char *)row->keys.rows +
                          (size_t)i * row->keys.stride);
}

#endif
