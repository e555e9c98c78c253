/* SPDX-License-Identifier: BSD-3-Clause */
/* scan - SCAN: all keys, a few at a time.
 *
 * The reply has the next cursor in front of the keys, and the cursor is known
 * when they have all been seen.  So they are gathered in a page:
 *
 *   +------+-----------+------+-------+- - -
 *   | size | key bytes | size | key ...        size: 4 bytes
 *   +------+-----------+------+-------+- - -
 *
 * The module keeps the page for the next SCAN, unless it has grown large.  No
 * two are in use at once: nothing that a SCAN calls runs commands.
 *
 * A call looks at COUNT keys or a few more, whether they match or not. */
#include "commands.h"
#include "keys.h"

#include <kr/memory.h>
#include <kr/scan.h>
#include <kr/type.h>

#define SCAN_STEPS   10          /* steps at most, for each key of COUNT */
#define PAGE_KEEP    (64 * 1024) /* bytes that the module keeps */
#define PAGE_AT_ONCE 4096

/* --- The page ------------------------------------------------------------ */

static bool page_make_room(kr_module *self, struct keys_page *page, size_t more)
{
    size_t room = page->room ? page->room : PAGE_AT_ONCE;
    char *bytes;

    while (room - page->used < more)
        room *= 2;
    if (room == page->room)
        return true;
    bytes = kr_memory->try_realloc(self, page->bytes, room);
    if (!bytes)
        return false;
    page->bytes = bytes;
    page->room = room;
    return true;
}

static void page_add(kr_module *self, struct keys_page *page, struct kr_str key)
{
    uint32_t size = (uint32_t)key.size;

    if (page->failed || !page_make_room(self, page, sizeof(size) + key.size)) {
        page->failed = true;
        return;
    }
    memcpy(page->bytes + page->used, &size, sizeof(size));
    if (size > 0)
        memcpy(page->bytes + page->used + sizeof(size), key.data, size);
    page->used += sizeof(size) + size;
    page->count++;
}

static void page_reply(const struct keys_page *page, struct kr_reply *reply)
{
    const char *at = page->bytes;

    kr_reply_array(reply, page->count);
    for (uint64_t i = 0; i < page->count; i++) {
        uint32_t size;

        memcpy(&size, at, sizeof(size));
        at += sizeof(size);
        kr_reply_bulk(reply, kr_str(at, size));
        at += size;
    }
}

static void page_clear(kr_module *self, struct keys_page *page)
{
    char *bytes = page->bytes;
    size_t room = page->room;

    if (room > PAGE_KEEP) {
        kr_memory->free(self, bytes);
        bytes = NULL;
        room = 0;
    }
    *page = (struct keys_page){.bytes = bytes, .room = room};
}

/* --- SCAN ---------------------------------------------------------------- */

struct scan {
    struct keys *keys;
    int64_t now_ms;
    int64_t seen; /* keys looked at */
    struct kr_scan_words words;
    uint16_t last_type;  /* the slot that was compared last, */
    bool last_type_fits; /* and what came of it */
};

/* Keys of one type come in runs, so names are compared rarely. */
static bool scan_wants_type(struct scan *scan, uint16_t slot)
{
    if (slot != scan->last_type) {
        scan->last_type = slot;
        scan->last_type_fits = kr_str_equal_nocase(
            *scan->words.type, kr_cstr(kr_types->name(slot)));
    }
    return scan->last_type_fits;
}

static void scan_visit(void *ctx, struct kr_str key, struct kr_cell *cell)
{
    struct scan *scan = ctx;
    int64_t expiry_ms;

    scan->seen++;
    if (scan->words.pattern &&
        !kr_text->match(*scan->words.pattern, key, false))
        return;
    if (scan->words.type && !scan_wants_type(scan, cell->type))
        return;
    expiry_ms = kr_keyspace->expiry(cell);
    if (expiry_ms != KR_NO_EXPIRY && expiry_ms < scan->now_ms)
        return;
    page_add(scan->keys->self, &scan->keys->page, key);
}

void keys_scan(struct kr_call *call)
{
    struct keys *keys = keys_of(call);
    struct scan scan = {.keys = keys, .now_ms = call->now_ms};
    int64_t steps;
    uint64_t cursor;

    if (!kr_arg_cursor(call, 1, &cursor) ||
        !kr_arg_scan(call, 2, KR_SCAN_TYPE, &scan.words))
        return;
    if (__builtin_mul_overflow(scan.words.count, SCAN_STEPS, &steps))
        steps = INT64_MAX;
    do {
        cursor = kr_keyspace->scan(call->db, cursor, scan_visit, &scan);
    } while (cursor != 0 && steps-- > 0 && scan.seen < scan.words.count);
    if (keys->page.failed) {
        kr_reply_error(call->reply,
                       "ERR not enough memory for so many keys at once");
    } else {
        kr_reply_array(call->reply, 2);
        kr_reply_cursor(call->reply, cursor);
        page_reply(&keys->page, call->reply);
    }
    page_clear(keys->self, &keys->page);
}
