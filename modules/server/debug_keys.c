/* SPDX-License-Identifier: BSD-3-Clause */
/* debug_keys - DEBUG subcommands about keys and the tables they are in. */
#include "debug.h"

#include "page.h"
#include "server.h"

#include <kr/string.h>

#include <inttypes.h>
#include <stdio.h>

/* --- One key ------------------------------------------------------------- */

/* false: an error has been replied. */
static bool debug_find(struct kr_call *call, struct kr_cell *cell)
{
    if (kr_keyspace->find(call->db, call->argv[2], KR_FIND_QUIET, cell))
        return true;
    kr_reply_error(call->reply, KR_ERR_NO_KEY);
    return false;
}

/* Bytes of the value in a file, without its code; 0 when nothing saves it. */
static size_t debug_saved_size(const struct kr_cell *cell)
{
    struct kr_peek peek = kr_cell_peek(cell);
    kr_writer *writer;
    size_t size;

    if (!KR_HAS(kr_codec, write_value))
        return 0;
    writer = kr_codec->new_writer(KR_CODEC_COMPRESS);
    kr_codec->write_value(writer, cell->type, &peek, NULL);
    size = kr_codec->writer_bytes(writer).size;
    kr_codec->free_writer(writer);
    return size > 0 ? size - 1 : 0;
}

void debug_object(struct kr_call *call)
{
    const struct kr_type *type;
    struct kr_cell cell;
    struct kr_peek peek;
    uint64_t idle_sec;
    char text[256];

    if (!debug_find(call, &cell))
        return;
    type = kr_types->get(cell.type);
    peek = kr_cell_peek(&cell);
    idle_sec = kr_keyspace->idle_ms(&cell) / 1000;
    snprintf(
        text, sizeof(text),
        "Value at:%p refcount:1 encoding:%s serializedlength:%zu lru:%" PRIu64
        " lru_seconds_idle:%" PRIu64,
        cell.data, type && type->encoding ? type->encoding(&peek) : "unknown",
        debug_saved_size(&cell),
        ((uint64_t)call->now_ms / 1000 - idle_sec) & 0xffffff, idle_sec);
    kr_reply_status(call->reply, text);
}

/* LISTPACK, QUICKLIST and SDSLEN show the bytes of an encoding: values
 * of another one are refused as in Redis, and the others are kept otherwise
 * here, so that there is nothing to show. */
void debug_layout(struct kr_call *call)
{
    static const struct {
        const char *word, *encoding, *error;
    } rows[] = {
        {"listpack", "listpack", "ERR Not a listpack encoded object."},
        {"quicklist", "quicklist", "ERR Not a quicklist encoded object."},
    };
    const struct kr_type *type;
    struct kr_cell cell;
    struct kr_peek peek;

    if (!debug_find(call, &cell))
        return;
    type = kr_types->get(cell.type);
    peek = kr_cell_peek(&cell);
    for (size_t i = 0; i < KR_COUNT(rows); i++)
        if (kr_str_equal_nocase(call->argv[1], kr_cstr(rows[i].word)) &&
            !(type && type->encoding &&
              strcmp(type->encoding(&peek), rows[i].encoding) == 0)) {
            kr_reply_error(call->reply, rows[i].error);
            return;
        }
    if (kr_str_equal_nocase(call->argv[1], KR_STR("sdslen")) &&
        strcmp(kr_types->name(cell.type), "string") != 0) {
        kr_reply_error(call->reply, "ERR Not an sds encoded string.");
        return;
    }
    debug_refuse(call, "values are not laid out in that way here");
}

/* --- Tables -------------------------------------------------------------- */

#define HTSTATS_MAX 16384

static bool debug_is_full(const struct kr_call *call)
{
    return call->argc == 4 &&
           kr_str_equal_nocase(call->argv[3], KR_STR("full"));
}

void debug_htstats(struct kr_call *call)
{
    kr_module *self = server_of(call)->self;
    kr_db *db = NULL;
    int64_t index;
    size_t size;
    char *text;

    if (!kr_text->to_int64(call->argv[2], &index)) {
        kr_reply_error(call->reply, KR_ERR_NOT_INT);
        return;
    }
    if (index >= 0 && index < kr_keyspace->db_count())
        db = kr_keyspace->db((int32_t)index);
    if (!db) {
        kr_reply_error(call->reply, "ERR Out of range database");
        return;
    }
    text = kr_memory->alloc(self, HTSTATS_MAX);
    size = kr_keyspace->describe(db, debug_is_full(call), text, HTSTATS_MAX);
    call->reply->ops->verbatim(call->reply, "txt", kr_str(text, size));
    kr_memory->free(self, text);
}

/* Values that are kept in a table describe it nowhere yet. */
void debug_htstats_key(struct kr_call *call)
{
    struct kr_cell cell;

    if (debug_find(call, &cell))
        kr_reply_error(call->reply, "ERR The value stored at the specified key "
                                    "is not represented using an hash table");
}

/* --- Many keys ----------------------------------------------------------- */

struct populate {
    kr_db *db;
    struct kr_str prefix;
    int64_t count;
    int64_t size;    /* of each value; 0: as long as its text */
    struct page key; /* reused */
    struct page value;
};

static bool populate_parse(struct kr_call *call, struct populate *p)
{
    bool right = kr_text->to_int64(call->argv[2], &p->count) && p->count >= 0;

    p->prefix = call->argc > 3 ? call->argv[3] : KR_STR("key");
    p->size = 0;
    if (call->argc > 4)
        right =
            right && kr_text->to_int64(call->argv[4], &p->size) && p->size >= 0;
    if (!right) {
        kr_reply_error(call->reply,
                       "ERR value is out of range, must be positive");
        return false;
    }
    if (!kr_strings->fits(call, (uint64_t)p->size)) {
        kr_reply_error(call->reply, KR_ERR_TOO_LONG);
        return false;
    }
    return true;
}

/* key:<i> is value:<i>, filled up with zero bytes or cut to the size.  A key
 * that is there stays.  false: no memory. */
static bool populate_one(struct kr_call *call, struct populate *p, int64_t i)
{
    static const char zeros[1024];
    struct kr_cell cell;

    page_clear(&p->key);
    page_add(&p->key, p->prefix);
    page_addf(&p->key, ":%" PRId64, i);
    if (kr_keyspace->find(p->db, page_text(&p->key), KR_FIND_QUIET, &cell))
        return true;
    page_clear(&p->value);
    page_addf(&p->value, "value:%" PRId64, i);
    while (p->value.size < (size_t)p->size)
        page_add(&p->value, kr_str(zeros, sizeof(zeros)));
    if (p->size > 0)
        p->value.size = (size_t)p->size;
    if (!kr_strings->put(p->db, page_text(&p->key), 0, page_text(&p->value),
                         &cell))
        return false;
    kr_keyspace->changed(call, p->db, page_text(&p->key), KR_CLASS_STRING,
                         kr_str("", 0));
    return true;
}

void debug_populate(struct kr_call *call)
{
    kr_module *self = server_of(call)->self;
    struct populate p = {
        .db = call->db, .key = {.self = self}, .value = {.self = self}};
    bool room = true;

    if (!kr_strings) {
        debug_refuse(call, "the module string is not loaded");
        return;
    }
    if (!populate_parse(call, &p))
        return;
    for (int64_t i = 0; i < p.count && room; i++)
        room = populate_one(call, &p, i);
    page_free(&p.key);
    page_free(&p.value);
    if (kr_journal)
        kr_journal->suppress(call, KR_JOURNAL_ALL);
    if (room)
        kr_reply_ok(call->reply);
    else
        kr_reply_error(call->reply, KR_ERR_NO_MEMORY);
}
