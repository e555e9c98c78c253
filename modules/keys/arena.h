/* SPDX-License-Identifier: BSD-3-Clause */
/* arena - copies of many strings that go all at once.
 *
 *   newest -> +-------+------------+-----+   +-------+-----------+-----+
 *             | older-+-> text NUL text NUL  | older | text NUL ...      |
 *             +-------+------------+-----+   +-------+-----------+-----+
 *
 * A copy stays where it is until the arena goes, and has a NUL behind it, for
 * functions of C that want one.  A copy costs about what its bytes cost. */
#ifndef KEYS_ARENA_H
#define KEYS_ARENA_H

#include <kr/base.h>
#include <kr/module.h>

struct arena_block;

struct arena {
    kr_module *self;
    struct arena_block *newest;
    size_t left; /* bytes, in the newest block */
};

/* false: no memory, and `copy` is as it was. */
bool arena_copy(struct arena *arena, struct kr_str text, struct kr_str *copy);

void arena_fini(struct arena *arena);

#endif
