/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib_sort.h"

#include "lib.h"

#include <endian.h>
#include <stdbool.h>
#include <string.h>

#define SORT_RUN 8 /* so many are put in order one by one */
#define SORT_KEY sizeof(uint64_t)

struct entry {
    uint64_t key;
    const char *text; /* of a string, which the list holds */
    size_t size;
    int index; /* in the list as it was */
};

/* --- Keys ---------------------------------------------------------------- */

/* The first bytes, and NULs for those that are not there. */
static void entry_string(struct entry *entry, lua_State *L)
{
    uint64_t bytes = 0;

    entry->text = lua_tolstring(L, -1, &entry->size);
    memcpy(&bytes, entry->text,
           entry->size < SORT_KEY ? entry->size : SORT_KEY);
    entry->key = be64toh(bytes);
}

/* Bits that have the order of the numbers.  false: a number that has no place,
 * or -0, whose place beside 0 is a matter of how one sorts. */
static bool entry_number(struct entry *entry, lua_State *L)
{
    double number = lua_tonumber(L, -1);
    uint64_t sign = UINT64_C(1) << 63, bits;

    memcpy(&bits, &number, sizeof(bits));
    entry->key = bits & sign ? ~bits : bits | sign;
    entry->size = 0;
    return number == number && bits != sign;
}

/* Where keys are equal and a string ends within its own, the other one goes on
 * with NULs. */
static bool entry_less(const struct entry *a, const struct entry *b)
{
    size_t both = a->size < b->size ? a->size : b->size;
    int order = 0;

    if (a->key != b->key)
        return a->key < b->key;
    if (both > SORT_KEY)
        order = memcmp(a->text + SORT_KEY, b->text + SORT_KEY, both - SORT_KEY);
    return order != 0 ? order < 0 : a->size < b->size;
}

/* --- Merging ------------------------------------------------------------- */

static void sort_run(struct entry *run, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct entry one = run[i];
        size_t at = i;

        for (; at > 0 && entry_less(&one, &run[at - 1]); at--)
            run[at] = run[at - 1];
        run[at] = one;
    }
}

/* Two runs that lie behind each other become one in `to`. */
static void sort_merge(struct entry *to, const struct entry *from,
                       size_t middle, size_t count)
{
    size_t left = 0, right = middle;

    for (size_t i = 0; i < count; i++)
        to[i] = right == count || (left < middle &&
                                   !entry_less(&from[right], &from[left]))
                    ? from[left++]
                    : from[right++];
}

/* Where the result is: one of the two, which have room for `count` each. */
static struct entry *sort(struct lib_cost *cost, struct entry *from,
                          struct entry *to, size_t count)
{
    for (size_t at = 0; at < count; at += SORT_RUN) {
        size_t run = count - at < SORT_RUN ? count - at : SORT_RUN;

        lib_cost_add(cost, run * 2);
        sort_run(from + at, run);
    }
    for (size_t run = SORT_RUN; run < count; run *= 2) {
        struct entry *done = to;

        for (size_t at = 0; at < count; at += 2 * run) {
            size_t both = count - at < 2 * run ? count - at : 2 * run;

            lib_cost_add(cost, both);
            sort_merge(to + at, from + at, run < both ? run : both, both);
        }
        to = from;
        from = done;
    }
    return from;
}

/* --- The list ------------------------------------------------------------ */

/* Make entries.  false: there is more than one type in it, or one that has no
 * plain order. */
static bool list_read(lua_State *L, struct entry *entries, int count)
{
    int type = LUA_TNIL;

    for (int i = 0; i < count; i++) {
        struct entry *entry = &entries[i];

        lua_rawgeti(L, 1, i + 1);
        if (i == 0)
            type = lua_type(L, -1);
        else if (lua_type(L, -1) != type)
            return false;
        entry->index = i;
        if (type == LUA_TSTRING)
            entry_string(entry, L);
        else if (type != LUA_TNUMBER || !entry_number(entry, L))
            return false;
        lua_pop(L, 1);
    }
    return true;
}

/* Move the values to where their entries are: round and round, each from where
 * the one before has made room. */
static void list_order(lua_State *L, struct entry *sorted, int count)
{
    for (int i = 0; i < count; i++) {
        int to = i, from = sorted[i].index;

        if (from == i)
            continue;
        lua_rawgeti(L, 1, i + 1); /* the last one of the round */
        for (; from != i; to = from, from = sorted[to].index) {
            lua_rawgeti(L, 1, from + 1);
            lua_rawseti(L, 1, to + 1);
            sorted[to].index = to;
        }
        lua_rawseti(L, 1, to + 1);
        sorted[to].index = to;
    }
}

int lib_sort_plain(lua_State *L)
{
    struct lib_cost cost = {.L = L};
    struct entry *entries;
    size_t count;
    bool plain;

    if (!lua_istable(L, 1)) {
        lua_pushboolean(L, 0);
        return 1;
    }
    count = lua_objlen(L, 1);
    entries = lua_newuserdata(L, (2 * count + 1) * sizeof(*entries));
    plain = list_read(L, entries, (int)count);
    if (plain)
        list_order(L, sort(&cost, entries, entries + count, count), (int)count);
    lua_pushboolean(L, plain);
    return 1;
}
