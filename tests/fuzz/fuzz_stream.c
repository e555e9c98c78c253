/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_stream - any bytes as a saved stream: refused, or a stream as it should
 * be, which can be read, changed, and saved so that it comes back the same.
 *
 *   +------+---------+
 *   | code | payload |     the code's lowest bits choose 15, 19 or 21
 *   +------+---------+ */

#include <stdlib.h>

#include "core/keyspace/stored.h"
#include "core/module/memory_interface.h"
#include "core/text/text_interface.h"
#include "modules/stream/save.h"
#include "modules/stream/value.h"

const struct kr_codec *kr_codec = &codec_interface;
const struct kr_memory *kr_memory = &memory_interface;
const struct kr_text *kr_text = &text_interface;
kr_module *stream_self;
int64_t stream_node_max_bytes = 4096;
int64_t stream_node_max_entries = 100;

static void *fuzz_alloc(void *owner, size_t size)
{
    void *block = malloc(size);

    (void)owner;
    if (!block)
        abort();
    return block;
}

static void fuzz_free(void *owner, void *block)
{
    (void)owner;
    free(block);
}

const struct structure_host stream_host = {fuzz_alloc, fuzz_free, NULL, NULL};

static void fuzz_claim(bool claim)
{
    if (!claim)
        abort();
}

static struct stream *fuzz_load(struct kr_str bytes, uint32_t code)
{
    kr_reader *in = kr_codec->new_reader(bytes, 0);
    struct kr_value value = {.size = sizeof(value)};
    bool fine = save_read(in, code, 0, &value);

    kr_codec->free_reader(in);
    return fine ? value.box : NULL;
}

static kr_writer *fuzz_save(struct stream *s)
{
    kr_writer *out = kr_codec->new_writer(0);
    struct kr_peek peek = {.data = &s, .boxed = true};

    save_write(&peek, out);
    fuzz_claim(!kr_codec->writer_failed(out));
    return out;
}

static void fuzz_check(const struct stream *s)
{
    const struct group *group;
    struct entries_walk walk;
    struct tree_place at;
    uint64_t there = 0, back = 0;

    fuzz_claim(entries_check(s) == NULL);
    entries_begin(&walk, s, ID_MIN, ID_MAX, false);
    for (; entries_next(&walk); there++) {
        while (walk.entry.left > 0) {
            struct listpack_item field, value;

            stream_node_pair(walk.node, &walk.entry, &field, &value);
        }
    }
    entries_begin(&walk, s, ID_MIN, ID_MAX, true);
    while (entries_next(&walk))
        back++;
    fuzz_claim(there == s->length && back == s->length);
    if (!s->groups)
        return;
    tree_seek(s->groups, 0, &at);
    while ((group = group_next(&at)))
        fuzz_claim(group_check(group) == NULL);
}

/* The commands that have the most to do with what was there. */
static void fuzz_change(struct stream *s, uint8_t how)
{
    struct kr_str words[] = {KR_STR("field"), KR_STR("1"), KR_STR("x"),
                             KR_STR("y")};
    struct entries_trim trim = {.by_id = how & 1, .whole = how & 2};
    struct stream_id id = s->first;
    struct waste waste;

    entries_delete(s, id);
    fuzz_check(s);
    if (id_compare(s->last, ID_MAX) != 0 && s->added < UINT64_MAX) {
        entries_append(s, id_after(s->last, 0), 1 + how / 4 % 2, words);
        fuzz_check(s);
    }
    trim.length = s->length / 2;
    trim.id = s->last;
    entries_trim(s, &trim, &waste);
    waste_free(&waste);
    fuzz_check(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t codes[] = {SAVE_CODE_1, SAVE_CODE_2, SAVE_CODE_3,
                                    SAVE_CODE_2};
    struct stream *s, *copy;
    kr_writer *saved, *again;
    struct kr_str bytes;

    if (size < 1)
        return 0;
    s = fuzz_load(kr_str((const char *)data + 1, size - 1),
                  codes[data[0] % KR_COUNT(codes)]);
    if (!s)
        return 0;
    fuzz_check(s);
    saved = fuzz_save(s);
    bytes = kr_codec->writer_bytes(saved); /* the code is the first of them */
    fuzz_claim(bytes.size > 1 && bytes.data[0] == SAVE_CODE_2);
    copy = fuzz_load(kr_str(bytes.data + 1, bytes.size - 1), SAVE_CODE_2);
    fuzz_claim(copy != NULL);
    again = fuzz_save(copy);
    fuzz_claim(kr_str_equal(kr_codec->writer_bytes(saved),
                            kr_codec->writer_bytes(again)));
    kr_codec->free_writer(saved);
    kr_codec->free_writer(again);
    entries_free(copy);
    fuzz_change(s, data[0] / 4);
    entries_free(s);
    return 0;
}
