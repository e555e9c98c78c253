/* SPDX-License-Identifier: BSD-3-Clause */
/* carry - what work under way keeps of a module, while its next version takes
 * over.
 *
 * A wing with such work (blocked clients, jobs) is asked twice, first whether
 * each function that it keeps has a name in the next version, then to write the
 * new ones.  How names are found is the rack's: core/rack/carried.c. */
#ifndef CORE_MODULE_CARRY_H
#define CORE_MODULE_CARRY_H

#include "core/module/module.h"

struct carry {
    /* What takes the place of `old`: itself if it is not in the old version's
     * image; NULL: it has no name there, or none in the next version. */
    void *(*renamed)(const struct carry *carry, const void *old);
    kr_module *record; /* in which the old version will be */
};

static inline bool carry_to(const struct carry *carry, bool really,
                            void **where)
{
    void *address = *where ? carry->renamed(carry, *where) : NULL;

    if (really && address)
        *where = address;
    return address || !*where;
}

/* The function at `where`, which may be NULL, is replaced if `really`.  false: it
 * has no name, and there is no upgrade. */
#define CARRY(carry, really, where)                                            \
    carry_to((carry), (really), (void **)(void *)(where))

/* Code of the old version runs on another thread: it stays mapped until
 * carry_release() has been called as often.  The answer is for that. */
static inline kr_module *carry_hold(const struct carry *carry)
{
    carry->record->held++;
    return carry->record;
}

static inline void carry_release(kr_module *record)
{
    record->held--;
}

#endif
