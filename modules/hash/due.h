/* SPDX-License-Identifier: BSD-3-Clause */
/* due - fields whose time is over. */
#ifndef HASH_DUE_H
#define HASH_DUE_H

#include "value.h"

static inline int64_t due_now(const struct kr_call *call)
{
    (void)call;
    return VALUE_ALWAYS;
}
static inline int64_t due_now_any(void)
{
    return VALUE_ALWAYS;
}

static inline bool due_is_due(const struct kr_cell *cell)
{
    (void)cell;
    return false;
}

static inline int64_t due_begin(const struct kr_cell *cell)
{
    (void)cell;
    return VALUE_NEVER;
}

static inline void due_end(struct kr_cell *cell, int64_t before_ms)
{
    (void)cell, (void)before_ms;
}

static inline void due_drop(struct kr_cell *cell, struct kr_str field)
{
    (void)cell, (void)field;
}

#endif
