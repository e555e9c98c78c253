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

/* Where a command's keys stand as far as its first spec tells it for all calls:
 * what is looked up while the command is still waiting.  It need not be all. */
struct key_place {
    uint8_t first;  /* index of the first one, or 0: nobody knows */
    uint8_t step;   /* from one to the next */
    uint8_t number; /* index of the argument that says how many; 0: there is
                       none */
    int16_t last;   /* without: of the last, from the first or (negative) from
                       the end */
};

struct key_place key_spec_place(const struct kr_command *row);
/* How many keys there are at `place`; 0 when the arguments make no sense. */
uint32_t key_place_count(const struct key_place *place, uint32_t argc,
                         const struct kr_str *argv);

static inline const struct kr_key_spec *
key_spec_at(const struct kr_command *row, uint32_t i)
{
    return (const void *)((const char *)row->keys.rows +
                          (size_t)i * row->keys.stride);
}

#endif
