/* SPDX-License-Identifier: BSD-3-Clause */
/* op - BITOP.
 *
 * The outcome is built in a blob while the sources are still there, for the
 * destination may be one of them; the blob then becomes the value. */
#include "bitmap.h"
#include "combine.h"
#include "commands.h"

#include <kr/memory.h>

#define OP_DESTINATION 2 /* arguments */
#define OP_SOURCES     3

static bool op_parse(struct kr_str word, enum combine *how)
{
    static const char *const words[] = {"AND", "OR", "XOR", "NOT"};

    for (size_t i = 0; i < KR_COUNT(words); i++) {
        if (kr_str_equal_nocase(word, kr_cstr(words[i]))) {
            *how = (enum combine)i;
            return true;
        }
    }
    return false;
}

/* Views of the source strings, each with the scratch that it may need. */
struct op_sources {
    size_t longest;
    char (*scratch)[KR_INT64_TEXT];
    struct kr_str bytes[];
};

static struct op_sources *op_sources_new(size_t count)
{
    struct op_sources *sources = kr_memory->alloc(
        bitmap_self,
        sizeof(*sources) + count * (sizeof(struct kr_str) + KR_INT64_TEXT));

    sources->longest = 0;
    sources->scratch = (char(*)[KR_INT64_TEXT])(sources->bytes + count);
    return sources;
}

/* false: one of the keys is no string, replied. */
static bool op_find(struct kr_call *call, struct op_sources *sources,
                    size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct kr_str *bytes = &sources->bytes[i];
        struct kr_cell cell;
        bool wrong;

        *bytes = KR_STR("");
        if (kr_find_string(call, OP_SOURCES + (uint32_t)i, KR_FIND_READ, &cell,
                           &wrong))
            *bytes = kr_strings->view(&cell, sources->scratch[i]);
        else if (wrong)
            return false;
        if (bytes->size > sources->longest)
            sources->longest = bytes->size;
    }
    return true;
}

/* Empty sources make no string, and unmake what is there. */
static void op_erase(struct kr_call *call)
{
    struct kr_str key = call->argv[OP_DESTINATION];
    struct kr_cell cell;

    if (kr_keyspace->find_arg(call, OP_DESTINATION, KR_FIND_WRITE, &cell)) {
        kr_keyspace->erase(&cell, false);
        kr_keyspace->changed(call, call->db, key, KR_CLASS_GENERIC,
                             KR_STR("del"));
    }
    kr_reply_int64(call->reply, 0);
}

static void op_store(struct kr_call *call, enum combine how,
                     const struct op_sources *sources, size_t count)
{
    struct kr_str key = call->argv[OP_DESTINATION];
    struct kr_blob *blob = kr_memory->blob_new(sources->longest, 0);
    struct kr_cell cell;

    if (!blob) {
        kr_reply_error(call->reply, KR_ERR_NO_MEMORY);
        return;
    }
    combine(how, sources->bytes, count, (uint8_t *)blob->data,
            sources->longest);
    kr_strings->put_blob(call->db, key, 0, blob, &cell);
    kr_keyspace->changed(call, call->db, key, KR_CLASS_STRING, KR_STR("set"));
    kr_reply_int64(call->reply, (int64_t)sources->longest);
}

void bitmap_bitop(struct kr_call *call)
{
    size_t count = call->argc - OP_SOURCES;
    struct op_sources *sources;
    enum combine how;

    if (!op_parse(call->argv[1], &how)) {
        kr_reply_error(call->reply, KR_ERR_SYNTAX);
        return;
    }
    if (how == COMBINE_NOT && count != 1) {
        kr_reply_error(
            call->reply,
            "ERR BITOP NOT must be called with a single source key.");
        return;
    }
    sources = op_sources_new(count);
    if (op_find(call, sources, count)) {
        if (sources->longest)
            op_store(call, how, sources, count);
        else
            op_erase(call);
    }
    kr_memory->free(bitmap_self, sources);
}
