/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/dispatch/ahead.h"

#include "core/keyspace/keyspace.h"

#include <assert.h>

/* A command that wants more. */
struct walker {
    bool (*step)(struct kr_ahead *ahead);
    struct kr_ahead ahead;
    struct kr_cell cell;
};

static void ahead_fetch_entries(kr_db *db, const struct prepared *prepared,
                                int count)
{
    for (int i = 0; i < count; i++)
        for (uint32_t key = 0; key < prepared[i].keys; key++)
            keyspace_prefetch_entry(db, prepared[i].hashes[key]);
}

static int ahead_begin(kr_db *db, const struct resp_args *args,
                       const struct prepared *prepared, int count,
                       struct walker *walkers)
{
    int walking = 0;

    for (int i = 0; i < count; i++) {
        struct walker *w = &walkers[walking];

        if (prepared[i].keys == 0 || !prepared[i].command->row.ahead ||
            !keyspace_peek(db, *prepared[i].word, prepared[i].hashes[0],
                           &w->cell))
            continue;
        w->step = prepared[i].command->row.ahead;
        w->ahead = (struct kr_ahead){.argc = (uint32_t)args[i].argc,
                                     .argv = args[i].argv,
                                     .cell = &w->cell};
        walking++;
    }
    return walking;
}

/* One step of each; answers how many go on, the first of the array. */
static int ahead_step(struct walker *walkers, int walking)
{
    int more = 0;

    for (int i = 0; i < walking; i++) {
        if (!walkers[i].step(&walkers[i].ahead))
            continue;
        if (more != i) {
            walkers[more] = walkers[i];
            walkers[more].ahead.cell = &walkers[more].cell;
        }
        walkers[more++].ahead.step++;
    }
    return more;
}

void ahead_fetch(kr_db *db, const struct resp_args *args,
                 const struct prepared *prepared, int count)
{
    struct walker walkers[AHEAD_MAX];
    int walking;

    assert(count <= AHEAD_MAX);
    ahead_fetch_entries(db, prepared, count);
    if (count < 2)
        return;
    walking = ahead_begin(db, args, prepared, count, walkers);
    while (walking > 0)
        walking = ahead_step(walkers, walking);
}
