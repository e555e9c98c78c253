/* SPDX-License-Identifier: BSD-3-Clause */
#include "sources.h"

#include <kr/memory.h>

#include <stdlib.h>

/* --- Finding ------------------------------------------------------------- */

/* false: one is no set, replied. */
static bool sources_look(struct sources *sources, uint32_t first, uint32_t how)
{
    sources->missing = false;
    for (uint32_t i = 0; i < sources->count; i++) {
        struct source *source = &sources->all[i];
        bool wrong;

        source->count = 0;
        source->cell.entry = NULL;
        if (kr_find_typed(sources->call, first + i, how, set_slot,
                          &source->cell, &wrong)) {
            source->set = value_of(&source->cell);
            source->count = value_count(&source->set);
        } else if (wrong) {
            return false;
        } else {
            source->cell.entry = NULL;
            sources->missing = true;
        }
    }
    return true;
}

/* The first look may remove what has expired, and tell of it; so with several
 * keys there is a second one, which does neither. */
bool sources_find(struct sources *sources, struct kr_call *call, uint32_t first,
                  uint32_t count)
{
    sources->call = call;
    sources->count = count;
    sources->all = sources->few;
    if (count > KR_COUNT(sources->few))
        sources->all =
            kr_memory->alloc(set_self, count * sizeof(struct source));
    if (sources_look(sources, first, KR_FIND_READ) &&
        (count == 1 || sources_look(sources, first, KR_FIND_QUIET)))
        return true;
    sources_fini(sources);
    return false;
}

void sources_fini(struct sources *sources)
{
    if (sources->all != sources->few)
        kr_memory->free(set_self, sources->all);
    sources->all = NULL;
}

static int sources_smaller(const void *a, const void *b)
{
    uint64_t x = ((const struct source *)a)->count;
    uint64_t y = ((const struct source *)b)->count;

    return (x > y) - (x < y);
}

static int sources_larger(const void *a, const void *b)
{
    return sources_smaller(b, a);
}

void sources_sort(struct sources *sources, uint32_t from, bool largest_first)
{
    if (sources->count - from > 1)
        qsort(sources->all + from, sources->count - from, sizeof(struct source),
              largest_first ? sources_larger : sources_smaller);
}

/* --- Filtering ----------------------------------------------------------- */

/* Move the members whose bits are set to the front; answers how many. */
static uint32_t batch_keep(struct set_walk *batch, uint32_t bits)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < batch->count; i++) {
        if (!(bits >> i & 1))
            continue;
        if (kept != i) {
            struct member *to = &batch->member[kept];

            *to = batch->member[i];
            /* A number's text, once it is made, lies in the member itself. */
            if (to->known & MEMBER_BYTES &&
                to->bytes.data == batch->member[i].text)
                to->bytes.data = to->text;
        }
        kept++;
    }
    return batch->count = kept;
}

uint32_t sources_filter(const struct sources *sources, uint32_t from,
                        uint32_t to, bool none, struct set_walk *batch)
{
    for (uint32_t i = from; i < to && batch->count > 0; i++) {
        const struct source *source = &sources->all[i];
        uint32_t all = UINT32_MAX >> (32 - batch->count), found;

        if (source->count == 0)
            continue;
        found = value_has_batch(&source->set, batch->member, batch->count);
        if (none)
            found = ~found & all;
        if (found != all)
            batch_keep(batch, found);
    }
    return batch->count;
}

/* --- The destination ----------------------------------------------------- */

static void sources_erase(struct kr_call *call)
{
    struct kr_cell cell;

    if (kr_keyspace->find_arg(call, 1, KR_FIND_WRITE, &cell)) {
        kr_keyspace->erase(&cell, true);
        kr_keyspace->changed(call, call->db, call->argv[1], KR_CLASS_GENERIC,
                             KR_STR("del"));
    }
    kr_reply_int64(call->reply, 0);
}

void sources_store(struct kr_call *call, struct gather *gather,
                   struct kr_str event)
{
    uint64_t count = gather ? gather_count(gather) : 0;
    struct kr_cell cell;

    if (count == 0) {
        sources_erase(call);
        return;
    }
    gather_store(gather, call->db, call->argv[1], 0, &cell);
    kr_reply_int64(call->reply, (int64_t)count);
    value_changed(call, 1, event);
}
