/* SPDX-License-Identifier: BSD-3-Clause */
/* names - the table that GetApi looks into.
 *
 * Each name is known under the prefix of Redis and that of Valkey.  A guest
 * asks once, at its load, for every name of the header that it was built with:
 * some 450 of them, most of which it never uses.  So a name that we lack is no
 * error: its pointer stays as it is (NULL, by which guests know), and MODULE
 * INFO lists it.  The table is in the order of the list, and one of indices in
 * that of the alphabet.  O(log names) each. */
#include "context.h"

#include <stdlib.h>

static const struct {
    const char *name;
    void (*function)(void);
} names[] = {
#define FUNCTION(result, name, parameters) {#name, (void (*)(void))rm_##name},
#include "functions.h"
#undef FUNCTION
};

/* "RedisModule_Alloc" to "Alloc"; NULL: it is of nobody that we know. */
static const char *names_bare(const char *name)
{
    static const char *const prefixes[] = {"RedisModule_", "ValkeyModule_"};

    for (size_t i = 0; i < KR_COUNT(prefixes); i++) {
        size_t size = strlen(prefixes[i]);

        if (strncmp(name, prefixes[i], size) == 0)
            return name + size;
    }
    return NULL;
}

static void names_note(struct guest *guest, const char *name)
{
    struct lacking **at = &guest->lacking;
    size_t size = strnlen(name, 128);
    struct lacking *lacking;

    for (; *at; at = &(*at)->next) {
        if (strncmp((*at)->name, name, size) == 0 && !(*at)->name[size])
            return;
    }
    lacking = kr_memory->calloc(guest->self, 1, sizeof(*lacking) + size + 1);
    memcpy(lacking->name, name, size);
    *at = lacking;
}

void names_forget(struct guest *guest)
{
    while (guest->lacking) {
        struct lacking *next = guest->lacking->next;

        kr_memory->free(guest->self, guest->lacking);
        guest->lacking = next;
    }
}

static int names_compare(const void *a, const void *b)
{
    return strcmp(names[*(const uint16_t *)a].name,
                  names[*(const uint16_t *)b].name);
}

static int names_compare_key(const void *name, const void *at)
{
    return strcmp(name, names[*(const uint16_t *)at].name);
}

void names_sort(struct house *all)
{
    all->names =
        kr_memory->alloc(all->self, KR_COUNT(names) * sizeof(*all->names));
    for (uint16_t i = 0; i < KR_COUNT(names); i++)
        all->names[i] = i;
    qsort(all->names, KR_COUNT(names), sizeof(*all->names), names_compare);
}

int names_get_api(const char *name, void *target)
{
    const char *bare = names_bare(name);
    const uint16_t *at = NULL;

    if (bare)
        at = bsearch(bare, house()->names, KR_COUNT(names), sizeof(*at),
                     names_compare_key);
    if (at) {
        memcpy(target, &names[*at].function, sizeof(names[*at].function));
        return REDISMODULE_OK;
    }
    if (house()->loading)
        names_note(house()->loading, bare ? bare : name);
    return REDISMODULE_ERR;
}
