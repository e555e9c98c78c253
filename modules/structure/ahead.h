/* SPDX-License-Identifier: BSD-3-Clause */
/* ahead - a look-up in an htable that other commands of the pipeline share their
 * wait with: kr_command->ahead for types whose large values are tables.
 *
 *     step 0   the table, or the block of a small value that is boxed
 *     step 1   the row
 *     step 2   the item
 *
 * The module imports kr_text. */
#ifndef MODULES_STRUCTURE_AHEAD_H
#define MODULES_STRUCTURE_AHEAD_H

#include <kr/command.h>
#include <kr/keyspace.h>
#include <kr/text.h>

#include "htable.h"

/* A value that is one run of bytes. */
static inline bool ahead_packed(const struct kr_ahead *ahead)
{
    if (ahead->cell->boxed)
        kr_prefetch(kr_cell_box(ahead->cell));
    return false;
}

static inline bool ahead_table(struct kr_ahead *ahead,
                               const struct htable *table, struct kr_str key)
{
    switch (ahead->step) {
    case 0:
        kr_prefetch(table);
        return true;
    case 1:
        ahead->memo = kr_text->hash(key);
        htable_prefetch_bucket(table, ahead->memo);
        return true;
    default:
        htable_prefetch_item(table, ahead->memo);
        return false;
    }
}

#endif
