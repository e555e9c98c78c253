/* SPDX-License-Identifier: BSD-3-Clause */
/* scan - ZSCAN: members and their scores, a few at a time.
 *
 *   ZSCAN key cursor [MATCH pattern] [COUNT count]
 *
 * A small set comes whole.  A large one is scanned by its table, whose cursor
 * keeps the guarantee; the members of a step are gathered before they are
 * answered, since their number stands in front. */
#include "commands.h"

#include <kr/scan.h>

#include "value.h"

#define SCAN_STEPS 10 /* steps at most, for each member of COUNT */
#define SCAN_FEW   64 /* items that need no memory */

struct scan {
    struct kr_scan_words words;
    int64_t seen;
    size_t count, room;
    struct item **items;
    struct item *few[SCAN_FEW];
};

static bool scan_wants(const struct scan *scan, struct kr_str member)
{
    return scan->words.pattern == NULL ||
           kr_text->match(*scan->words.pattern, member, false);
}

static bool scan_visit(struct item *item, void *ctx)
{
    struct scan *scan = ctx;

    scan->seen++;
    if (!scan_wants(scan, item_key(item)))
        return true;
    if (scan->count == scan->room) {
        size_t room = scan->room * 2;
        struct item **items =
            kr_memory->alloc(zset_self, room * sizeof(struct item *));

        memcpy(items, scan->items, scan->count * sizeof(struct item *));
        if (scan->items != scan->few)
            kr_memory->free(zset_self, scan->items);
        scan->items = items;
        scan->room = room;
    }
    scan->items[scan->count++] = item;
    return true;
}

static void scan_large(struct kr_call *call, struct large *large,
                       uint64_t cursor, struct scan *scan)
{
    int64_t steps;

    scan->items = scan->few;
    scan->room = SCAN_FEW;
    if (__builtin_mul_overflow(scan->words.count, SCAN_STEPS, &steps))
        steps = INT64_MAX;
    do {
        cursor =
            htable_scan(&large->table, &value_host, cursor, scan_visit, scan);
    } while (cursor != 0 && steps-- > 0 && scan->seen < scan->words.count);
    kr_reply_array(call->reply, 2);
    kr_reply_cursor(call->reply, cursor);
    kr_reply_array(call->reply, scan->count * 2);
    for (size_t i = 0; i < scan->count; i++) {
        char text[KR_DOUBLE_TEXT];
        size_t size = kr_text->from_double(item_score(scan->items[i]), text);

        kr_reply_bulk(call->reply, item_key(scan->items[i]));
        kr_reply_bulk(call->reply, kr_str(text, size));
    }
    if (scan->items != scan->few)
        kr_memory->free(zset_self, scan->items);
}

/* Scores as they stand in the listpack. */
static void scan_small(struct kr_call *call, const void *small,
                       const struct scan *scan)
{
    uint64_t token, count = 0;

    kr_reply_array(call->reply, 2);
    kr_reply_cursor(call->reply, 0);
    token = call->reply->ops->defer(call->reply);
    for (size_t at = listpack_first(small); at != 0;) {
        char text[2][LISTPACK_TEXT];
        size_t score_at = listpack_next(small, at);
        struct kr_str member = listpack_bytes(small, at, text[0]);

        if (scan_wants(scan, member)) {
            kr_reply_bulk(call->reply, member);
            kr_reply_bulk(call->reply,
                          listpack_bytes(small, score_at, text[1]));
            count += 2;
        }
        at = listpack_next(small, score_at);
    }
    call->reply->ops->close(call->reply, token, KR_ARRAY, count);
}

static void scan_nothing(struct kr_reply *reply)
{
    kr_reply_array(reply, 2);
    kr_reply_cursor(reply, 0);
    kr_reply_array(reply, 0);
}

void zset_zscan(struct kr_call *call)
{
    struct scan scan = {.count = 0};
    struct kr_cell cell;
    uint64_t cursor;
    bool found, wrong;

    if (!kr_arg_cursor(call, 2, &cursor))
        return;
    found = value_find(call, 1, KR_FIND_READ, &cell, &wrong);
    if (!found && !wrong)
        scan_nothing(call->reply); /* before the other words are read */
    if (!found || !kr_arg_scan(call, 3, 0, &scan.words))
        return;
    if (cell.meta == VALUE_LARGE)
        scan_large(call, value_large(&cell), cursor, &scan);
    else
        scan_small(call, packed_bytes(&cell), &scan);
}
