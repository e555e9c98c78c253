/* SPDX-License-Identifier: BSD-3-Clause */
#include "finds.h"
#include "geo.h"

#include <kr/memory.h>

#define FINDS_ROOM 64u /* at first */
#define FINDS_TEXT 1024u

void finds_init(struct finds *finds, enum finds_order order, uint64_t most)
{
    *finds = (struct finds){.order = order, .most = most};
}

void finds_fini(struct finds *finds)
{
    kr_memory->free(geo_self, finds->find);
    kr_memory->free(geo_self, finds->place);
    kr_memory->free(geo_self, finds->text);
}

/* --- The heap ------------------------------------------------------------ */

/* Is `a` worse than `b`?  No two are equal, for each find has its number. */
static inline bool finds_worse(const struct finds *finds, struct finds_place a,
                               struct finds_place b)
{
    if (a.distance == b.distance)
        return a.find > b.find;
    return finds->order == FINDS_FURTHEST ? a.distance < b.distance
                                          : a.distance > b.distance;
}

/* Put `place` where it belongs in the heap below `at`, whose place is free. */
static void finds_sink(struct finds *finds, size_t at, size_t count,
                       struct finds_place place)
{
    struct finds_place *heap = finds->place;

    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count &&
            finds_worse(finds, heap[child + 1], heap[child]))
            child++;
        if (!finds_worse(finds, heap[child], place))
            break;
        heap[at] = heap[child];
    }
    heap[at] = place;
}

static void finds_heapify(struct finds *finds)
{
    for (size_t i = finds->places / 2; i-- > 0;)
        finds_sink(finds, i, finds->places, finds->place[i]);
}

void finds_sort(struct finds *finds)
{
    if (finds->order == FINDS_AS_FOUND)
        return;
    if (finds->places != finds->most) /* it is no heap until it is full */
        finds_heapify(finds);
    for (size_t left = finds->places; left-- > 1;) {
        struct finds_place last = finds->place[left];

        finds->place[left] = finds->place[0];
        finds_sink(finds, 0, left, last);
    }
}

/* --- Adding -------------------------------------------------------------- */

/* Room for one more of `size` bytes. */
static void *finds_grow(void *block, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return block;
    *room = *room ? *room * 2 : FINDS_ROOM;
    return kr_memory->realloc(geo_self, block, *room * size);
}

static size_t finds_keep(struct finds *finds, struct kr_str member)
{
    size_t at = finds->text_size;

    if (member.size > finds->text_room - at) {
        finds->text_room = 2 * finds->text_room + member.size + FINDS_TEXT;
        finds->text =
            kr_memory->realloc(geo_self, finds->text, finds->text_room);
    }
    if (member.size)
        memcpy(finds->text + at, member.data, member.size);
    finds->text_size += member.size;
    return at;
}

void finds_add(struct finds *finds, struct kr_str member, double score,
               struct point point, double distance)
{
    struct finds_place place = {distance, finds->count};
    bool full = finds->most && finds->places == finds->most;

    if (full && (finds->order == FINDS_AS_FOUND ||
                 finds_worse(finds, place, finds->place[0])))
        return;
    finds->find = finds_grow(finds->find, finds->count, &finds->room,
                             sizeof(*finds->find));
    finds->find[finds->count++] = (struct find){
        .distance = distance,
        .score = score,
        .point = point,
        .member = finds_keep(finds, member),
        .size = member.size,
    };
    if (full) {
        finds_sink(finds, 0, finds->places, place);
        return;
    }
    finds->place = finds_grow(finds->place, finds->places, &finds->place_room,
                              sizeof(*finds->place));
    finds->place[finds->places++] = place;
    if (finds->order != FINDS_AS_FOUND && finds->places == finds->most)
        finds_heapify(finds);
}
