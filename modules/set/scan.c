/* SPDX-License-Identifier: BSD-3-Clause */
/* scan - SSCAN: the members, a page at a time.
 *
 * A table is scanned by its own cursor (htable_scan()), which gives what is
 * there all the time at least once.  A packed set is small and comes whole. */
#include "commands.h"
#include "value.h"

#include <kr/memory.h>
#include <kr/scan.h>

#define SCAN_STEPS 10 /* steps for each member that is asked for, as Redis */
#define SCAN_ROOM  64 /* members of a page that fit the stack */

/* The cursor stands before the members, so they are kept until it is known. */
struct scan {
    const struct kr_scan_words *words;
    struct item **items;
    uint64_t count; /* members that match */
    uint64_t seen;  /* members looked at */
    uint64_t room;
    struct item *few[SCAN_ROOM];
};

static bool scan_wants(const struct kr_scan_words *words, struct kr_str member)
{
    return !words->pattern || kr_text->match(*words->pattern, member, false);
}

static void scan_grow(struct scan *scan)
{
    size_t size = (size_t)scan->count * sizeof(*scan->items);
    struct item **items = kr_memory->alloc(set_self, 2 * size);

    memcpy(items, scan->items, size);
    if (scan->items != scan->few)
        kr_memory->free(set_self, scan->items);
    scan->items = items;
    scan->room = 2 * scan->count;
}

static bool scan_visit(struct item *item, void *ctx)
{
    struct scan *scan = ctx;

    scan->seen++;
    if (!scan_wants(scan->words, item_key(item)))
        return true;
    if (scan->count == scan->room)
        scan_grow(scan);
    scan->items[scan->count++] = item;
    return true;
}

static void scan_table(struct htable *table, uint64_t cursor,
                       const struct kr_scan_words *words,
                       struct kr_reply *reply)
{
    struct scan scan = {.words = words, .room = SCAN_ROOM};
    uint64_t wanted = (uint64_t)words->count, steps;

    if (__builtin_mul_overflow(wanted, SCAN_STEPS, &steps))
        steps = UINT64_MAX;
    scan.items = scan.few;
    do {
        cursor = htable_scan(table, &set_host, cursor, scan_visit, &scan);
    } while (cursor != 0 && steps-- > 0 && scan.seen < wanted);
    kr_reply_array(reply, 2);
    kr_reply_cursor(reply, cursor);
    kr_reply_array(reply, scan.count);
    for (uint64_t i = 0; i < scan.count; i++)
        kr_reply_bulk(reply, item_key(scan.items[i]));
    if (scan.items != scan.few)
        kr_memory->free(set_self, scan.items);
}

static void scan_packed(const struct set *set,
                        const struct kr_scan_words *words,
                        struct kr_reply *reply)
{
    struct set_walk walk;
    uint64_t token, count = 0;

    kr_reply_array(reply, 2);
    kr_reply_cursor(reply, 0);
    token = reply->ops->defer(reply);
    value_walk(set, &walk);
    while (value_next(&walk)) {
        for (uint32_t i = 0; i < walk.count; i++) {
            struct member *member = &walk.member[i];

            if (!scan_wants(words, member_bytes(member)))
                continue;
            value_reply(reply, member);
            count++;
        }
    }
    reply->ops->close(reply, token, KR_ARRAY, count);
}

static void scan_nothing(struct kr_reply *reply)
{
    kr_reply_array(reply, 2);
    kr_reply_cursor(reply, 0);
    kr_reply_array(reply, 0);
}

void set_sscan(struct kr_call *call)
{
    struct kr_scan_words words;
    struct kr_cell cell;
    struct set set;
    uint64_t cursor;
    bool wrong;

    if (!kr_arg_cursor(call, 2, &cursor))
        return;
    if (!value_find(call, KR_FIND_READ, &cell, &wrong)) {
        if (!wrong)
            scan_nothing(call->reply);
        return;
    }
    if (!kr_arg_scan(call, 3, 0, &words))
        return;
    set = value_of(&cell);
    if (set.form == SET_TABLE)
        scan_table(set.table, cursor, &words, call->reply);
    else
        scan_packed(&set, &words, call->reply);
}
