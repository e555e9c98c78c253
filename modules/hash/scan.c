/* SPDX-License-Identifier: BSD-3-Clause */
/* scan - HSCAN: the fields of a hash a few at a time.
 *
 * A packed hash comes whole.  The fields of a table that fit are gathered as
 * pointers, since the cursor stands before them in the reply. */
#include "commands.h"
#include "due.h"
#include "module.h"
#include "value.h"

#include <kr/memory.h>
#include <kr/scan.h>

#define SCAN_STEPS 20 /* steps of the table for each element asked for */

struct scan {
    struct kr_scan_words words;
    struct kr_reply *reply;
    int64_t now_ms;
    uint64_t seen; /* fields looked at */
    uint64_t count;
    size_t room;
    const struct item **items; /* of a table, those that fit */
    bool failed;
};

static bool scan_wants(const struct scan *scan, struct kr_str field)
{
    return !scan->words.pattern ||
           kr_text->match(*scan->words.pattern, field, false);
}

/* --- Packed -------------------------------------------------------------- */

static void scan_pair(const struct value_pair *pair, void *ctx)
{
    char text[LISTPACK_TEXT];
    struct scan *scan = ctx;

    if (!scan_wants(scan, listpack_item_bytes(&pair->field, text)))
        return;
    value_reply(scan->reply, &pair->field);
    if (!scan->words.no_values)
        value_reply(scan->reply, &pair->value);
    scan->count++;
}

static void scan_packed(const struct kr_cell *cell, struct scan *scan)
{
    struct kr_peek peek = kr_cell_peek(cell);
    uint64_t token;

    kr_reply_array(scan->reply, 2);
    kr_reply_cursor(scan->reply, 0);
    token = scan->reply->ops->defer(scan->reply);
    value_each(&peek, scan->now_ms, scan_pair, scan);
    scan->reply->ops->close(scan->reply, token, KR_ARRAY,
                            scan->words.no_values ? scan->count
                                                  : 2 * scan->count);
}

/* --- A table ------------------------------------------------------------- */

static bool scan_visit(struct item *item, void *ctx)
{
    struct scan *scan = ctx;

    scan->seen++;
    if (scan->failed || fields_time(item) < scan->now_ms ||
        !scan_wants(scan, item_key(item)))
        return true;
    if (scan->count == scan->room) {
        size_t room = scan->room ? 2 * scan->room : 64;
        const struct item **items = kr_memory->try_realloc(
            hash_self, scan->items, room * sizeof(*items));

        if (!items) {
            scan->failed = true;
            return true;
        }
        scan->items = items;
        scan->room = room;
    }
    scan->items[scan->count++] = item;
    return true;
}

static void scan_reply(const struct scan *scan, uint64_t cursor)
{
    struct kr_reply *reply = scan->reply;

    kr_reply_array(reply, 2);
    kr_reply_cursor(reply, cursor);
    kr_reply_array(reply,
                   scan->words.no_values ? scan->count : 2 * scan->count);
    for (uint64_t i = 0; i < scan->count; i++) {
        kr_reply_bulk(reply, item_key(scan->items[i]));
        if (!scan->words.no_values)
            kr_reply_bulk(reply, fields_value(scan->items[i]));
    }
}

static void scan_table(struct kr_call *call, const struct kr_cell *cell,
                       uint64_t cursor, struct scan *scan)
{
    struct htable *table = &value_fields(cell)->table;
    int64_t steps;

    if (__builtin_mul_overflow(scan->words.count, SCAN_STEPS, &steps))
        steps = INT64_MAX;
    do {
        cursor = htable_scan(table, &hash_host, cursor, scan_visit, scan);
    } while (cursor != 0 && steps-- > 0 &&
             scan->seen < (uint64_t)scan->words.count);
    if (scan->failed)
        kr_reply_error(call->reply,
                       "ERR not enough memory for so many fields at once");
    else
        scan_reply(scan, cursor);
    kr_memory->free(hash_self, scan->items);
}

/* The cursor is checked before the key is looked for, the rest after. */
void hash_hscan(struct kr_call *call)
{
    struct scan scan = {.reply = call->reply, .now_ms = due_now(call)};
    struct kr_cell cell;
    uint64_t cursor;
    bool wrong;

    if (!kr_arg_cursor(call, 2, &cursor))
        return;
    if (!value_find(call, KR_FIND_READ, &cell, &wrong)) {
        if (wrong)
            return;
        kr_reply_array(call->reply, 2);
        kr_reply_cursor(call->reply, 0);
        kr_reply_array(call->reply, 0);
        return;
    }
    if (!kr_arg_scan(call, 3, KR_SCAN_NOVALUES, &scan.words))
        return;
    if (cell.meta == VALUE_TABLE)
        scan_table(call, &cell, cursor, &scan);
    else
        scan_packed(&cell, &scan);
}
