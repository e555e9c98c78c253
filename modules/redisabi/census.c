/* SPDX-License-Identifier: BSD-3-Clause */
/* census - which threads the process had at some time.
 *
 * A guest begins threads without asking anybody, and may leave them asleep in its
 * code when it goes.  Who has a list of the threads that were there before it
 * sees that there are more, if not whose they are: enough to know whether its
 * code has to stay where it is. */
#include "census.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define CENSUS_FOLDER "/proc/self/task"

struct census {
    uint32_t count, room;
    unsigned long *ids;
};

static bool census_knows(const struct census *census, unsigned long id)
{
    for (uint32_t i = 0; i < census->count; i++) {
        if (census->ids[i] == id)
            return true;
    }
    return false;
}

/* Threads of the server and of its own modules are called so. */
static bool thread_is_the_servers(unsigned long id)
{
    char path[64], name[32] = "";
    FILE *file;
    bool got;

    snprintf(path, sizeof(path), CENSUS_FOLDER "/%lu/comm", id);
    file = fopen(path, "re");
    if (!file)
        return true; /* it has ended */
    got = fgets(name, sizeof(name), file) != NULL;
    fclose(file);
    return !got || strncmp(name, KR_THREAD_NAME, strlen(KR_THREAD_NAME)) == 0;
}

/* Each thread's number until `each` answers false; false: it did, or they
 * cannot be told. */
static bool threads_each(bool (*each)(void *ctx, unsigned long id), void *ctx)
{
    DIR *folder = opendir(CENSUS_FOLDER);
    const struct dirent *entry;
    bool on = folder != NULL;

    while (on && (entry = readdir(folder))) {
        if (entry->d_name[0] != '.')
            on = each(ctx, strtoul(entry->d_name, NULL, 10));
    }
    if (folder)
        closedir(folder);
    return on;
}

static bool census_add(void *ctx, unsigned long id)
{
    struct census *census = ctx;

    if (census->count == census->room) {
        census->room = 2 * census->room + 8;
        census->ids = kr_memory->realloc(redisabi_self, census->ids,
                                         census->room * sizeof(*census->ids));
    }
    census->ids[census->count++] = id;
    return true;
}

struct census *census_take(void)
{
    struct census *census =
        kr_memory->calloc(redisabi_self, 1, sizeof(*census));

    if (threads_each(census_add, census))
        return census;
    census_free(census);
    return NULL;
}

void census_free(struct census *census)
{
    if (census)
        kr_memory->free(redisabi_self, census->ids);
    kr_memory->free(redisabi_self, census);
}

static bool census_expects(void *ctx, unsigned long id)
{
    return census_knows(ctx, id) || thread_is_the_servers(id);
}

bool census_has_grown(const struct census *census)
{
    return !census || !threads_each(census_expects, (void *)(uintptr_t)census);
}
