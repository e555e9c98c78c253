/* SPDX-License-Identifier: BSD-3-Clause */
/* arena - memory that is given back all at once.
 *
 * The rows of commands and all that hangs on them: a few dozen small things that
 * are made together and go together. */
#ifndef LUAMODULE_ARENA_H
#define LUAMODULE_ARENA_H

#include <kr/base.h>
#include <kr/module.h>

struct arena_block;

struct arena {
    kr_module *self;
    struct arena_block *blocks;
};

/* Zeros, aligned for anything.  Never NULL. */
void *arena_alloc(struct arena *arena, size_t size);
/* A copy with a NUL behind it. */
const char *arena_text(struct arena *arena, struct kr_str text);
void arena_fini(struct arena *arena);

#endif
