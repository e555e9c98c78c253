/* SPDX-License-Identifier: BSD-3-Clause */
#include "saved.h"

#include <endian.h>

#include "../compact/legacy.h"
#include "module.h"
#include "value.h"

#include <kr/memory.h>
#include <kr/text.h>

enum {
    CODE_HASH = 4,
    CODE_ZIPMAP = 9,
    CODE_ZIPLIST = 13,
    CODE_LISTPACK = 16,
    CODE_TIMED_OLD = 22,
    CODE_TIMED_LISTPACK_OLD = 23,
    CODE_TIMED = 24,
    CODE_TIMED_LISTPACK = 25,
};

const uint8_t saved_codes[SAVED_CODE_COUNT] = {
    CODE_HASH,     CODE_ZIPMAP,         CODE_ZIPLIST,
    CODE_LISTPACK, CODE_TIMED_OLD,      CODE_TIMED_LISTPACK_OLD,
    CODE_TIMED,    CODE_TIMED_LISTPACK,
};

#define SAVED_BATCH 64 /* fields in a command of a rewritten log */

/* --- Save ---------------------------------------------------------------- */

struct save {
    kr_writer *out;
    bool timed;
    int64_t first; /* the earliest time */
};

static void save_pair(const struct value_pair *pair, void *ctx)
{
    const struct save *save = ctx;

    if (save->timed)
        kr_codec->write_uint64(
            save->out, pair->time_ms == VALUE_NEVER
                           ? 0
                           : (uint64_t)(pair->time_ms - save->first) + 1);
    kr_codec->write_string(save->out, pair->field.bytes);
    kr_codec->write_string(save->out, pair->value.bytes);
}

static void save_first(kr_writer *out, int64_t first)
{
    uint64_t bytes = htole64((uint64_t)first);

    kr_codec->write_raw(out, kr_str((const char *)&bytes, sizeof(bytes)));
}

static void save_table(const struct kr_peek *value, kr_writer *out)
{
    struct save save = {.out = out, .first = value_earliest(value)};

    save.timed = save.first != VALUE_NEVER;
    kr_codec->code(out, save.timed ? CODE_TIMED : CODE_HASH);
    if (save.timed)
        save_first(out, save.first);
    kr_codec->write_uint64(out, value_total(value));
    value_each(value, VALUE_ALWAYS, save_pair, &save);
}

static void save_listpack(const struct kr_peek *value, kr_writer *out)
{
    unsigned char room[PACKED_INLINE_MAX];

    kr_codec->write_string(out, packed_saved(value, room));
}

static void save_append(const struct value_pair *pair, void *ctx)
{
    struct listpack_element elements[2] = {listpack_element_of(&pair->field),
                                           listpack_element_of(&pair->value)};

    listpack_append(ctx, elements, 2);
}

/* A hash that had times, and has none now: its pairs alone. */
static void save_without_times(const struct kr_peek *value, kr_writer *out)
{
    void *pairs =
        kr_memory->alloc(hash_self, listpack_size(packed_peek(value)));

    listpack_init(pairs);
    value_each(value, VALUE_ALWAYS, save_append, pairs);
    kr_codec->write_string(out, kr_str(pairs, listpack_size(pairs)));
    kr_memory->free(hash_self, pairs);
}

void saved_save(const struct kr_peek *value, kr_writer *out)
{
    int64_t first = value_earliest(value);

    if (value->meta == VALUE_TABLE) {
        save_table(value, out);
    } else if (first != VALUE_NEVER) {
        kr_codec->code(out, CODE_TIMED_LISTPACK);
        save_first(out, first);
        save_listpack(value, out);
    } else {
        kr_codec->code(out, CODE_LISTPACK);
        if (value->meta == VALUE_TIMED)
            save_without_times(value, out);
        else
            save_listpack(value, out);
    }
}

/* --- Load: building ------------------------------------------------------ */

/* A hash that is not in the keyspace yet: a listpack of pairs, and a table from
 * when that is too small. */
struct build {
    uint8_t *listpack;
    size_t room; /* bytes */
    struct fields *fields;
};

static void build_begin(struct build *build, uint64_t count)
{
    *build = (struct build){.room = 256};
    if (count > (uint64_t)value_max_entries) {
        build->fields = fields_new(&hash_host);
        return;
    }
    build->listpack = kr_memory->alloc(hash_self, build->room);
    listpack_init(build->listpack);
}

static void build_give_up(struct build *build)
{
    kr_memory->free(hash_self, build->listpack);
    if (build->fields)
        fields_free(build->fields, &hash_host);
}

static struct fields *build_unpack(void *listpack, uint8_t meta)
{
    struct kr_peek peek = {.data = &listpack, .meta = meta, .boxed = true};

    return value_unpacked(&peek);
}

/* false: the field is there already. */
static bool build_add_packed(struct build *build,
                             const struct listpack_element pair[2])
{
    size_t size =
        listpack_size(build->listpack) + listpack_elements_size(pair, 2);
    size_t first = listpack_first(build->listpack);

    if (listpack_find(build->listpack, first, pair, 1) != 0)
        return false;
    if (size > build->room) {
        build->room = 2 * size;
        build->listpack =
            kr_memory->realloc(hash_self, build->listpack, build->room);
    }
    listpack_append(build->listpack, pair, 2);
    return true;
}

static bool build_add(struct build *build, struct kr_str field,
                      struct kr_str value, int64_t time_ms)
{
    struct kr_str words[2] = {field, value};
    struct fields_place place;

    if (!build->fields &&
        (!value_is_short(words, 2) || time_ms != VALUE_NEVER ||
         listpack_size(build->listpack) > LISTPACK_SIZE_MAX / 2)) {
        build->fields = build_unpack(build->listpack, VALUE_PACKED);
        kr_memory->free(hash_self, build->listpack);
        build->listpack = NULL;
    }
    if (!build->fields) {
        struct listpack_element pair[2] = {listpack_element(field),
                                           listpack_element(value)};

        return build_add_packed(build, pair);
    }
    if (fields_seek(build->fields, &hash_host, field, &place))
        return false;
    fields_add(build->fields, &hash_host, &place, field, value, time_ms);
    return true;
}

static bool load_refuse(kr_reader *in, const char *reason)
{
    kr_codec->refuse(in, reason);
    return false;
}

static bool load_refuse_empty(kr_reader *in)
{
    kr_codec->refuse_empty(in);
    return false;
}

static bool build_end(struct build *build, kr_reader *in, struct kr_value *out)
{
    uint64_t count = build->fields ? fields_count(build->fields)
                                   : listpack_count(build->listpack) / 2;

    if (count == 0) {
        build_give_up(build);
        return load_refuse_empty(in);
    }
    if (!build->fields && count > (uint64_t)value_max_entries) {
        build->fields = build_unpack(build->listpack, VALUE_PACKED);
        kr_memory->free(hash_self, build->listpack);
    }
    out->boxed = true;
    out->meta = build->fields ? VALUE_TABLE : VALUE_PACKED;
    out->box = build->fields
                   ? value_box(build->fields)
                   : kr_memory->realloc(hash_self, build->listpack,
                                        listpack_size(build->listpack));
    return true;
}

/* --- Load: field by field ------------------------------------------------ */

static bool load_time(kr_reader *in, uint64_t first, int64_t *time_ms)
{
    uint64_t time;

    if (!kr_codec->read_uint64(in, &time))
        return false;
    if (time == 0) {
        *time_ms = VALUE_NEVER;
        return true;
    }
    /* `first` is 1 where times stand as they are. */
    if (time > (uint64_t)VALUE_TIME_MAX || first > (uint64_t)VALUE_TIME_MAX ||
        time + first - 1 > (uint64_t)VALUE_TIME_MAX || time + first == 1)
        return load_refuse(in, "a field of a hash expires beyond all time");
    *time_ms = (int64_t)(time + first - 1);
    return true;
}

/* The field's name is borrowed from the reader, so it is copied. */
static bool load_pair(kr_reader *in, struct build *build, int64_t time_ms)
{
    struct kr_str field, value;
    bool added;
    char *copy;

    if (!kr_codec->read_string(in, &field))
        return false;
    copy = kr_memory->try_alloc(hash_self, field.size + 1);
    if (!copy)
        return load_refuse(in, "not enough memory for a field of a hash");
    if (field.size != 0)
        memcpy(copy, field.data, field.size);
    if (!kr_codec->read_string(in, &value)) {
        kr_memory->free(hash_self, copy);
        return false;
    }
    added = build_add(build, kr_str(copy, field.size), value, time_ms);
    kr_memory->free(hash_self, copy);
    return added || load_refuse(in, "a hash has a field twice");
}

static bool load_first(kr_reader *in, uint64_t *first)
{
    if (!kr_codec->read_raw(in, first, sizeof(*first)))
        return false;
    *first = le64toh(*first);
    return true;
}

static bool load_fields(kr_reader *in, uint32_t code, struct kr_value *out)
{
    int64_t time_ms = VALUE_NEVER;
    uint64_t first = 1, count;
    struct build build;

    if (code == CODE_TIMED && !load_first(in, &first))
        return false;
    if (!kr_codec->read_uint64(in, &count))
        return false;
    build_begin(&build, code == CODE_HASH ? count : UINT64_MAX);
    for (; count > 0; count--) {
        if ((code != CODE_HASH && !load_time(in, first, &time_ms)) ||
            !load_pair(in, &build, time_ms)) {
            build_give_up(&build);
            return false;
        }
    }
    return build_end(&build, in, out);
}

/* --- Load: a listpack ---------------------------------------------------- */

/* Are all records different?  Equal elements have equal bytes, so what is put
 * into the table of places is the hash of an entry. */
static bool listpack_is_distinct(const char *listpack, size_t width)
{
    size_t count = listpack_count(listpack) / width, room = 16;
    size_t at = listpack_first(listpack);
    uint32_t *places;
    bool distinct = true;

    while (room < 2 * count)
        room *= 2;
    places = kr_memory->calloc(hash_self, room, sizeof(*places));
    while (at != 0 && distinct) {
        struct kr_str entry =
            kr_str(listpack + at, listpack_entry_size(listpack, at));
        size_t slot = kr_text->hash(entry) & (room - 1);

        for (; places[slot] != 0; slot = (slot + 1) & (room - 1))
            distinct &=
                memcmp(listpack + places[slot], entry.data, entry.size) != 0;
        places[slot] = (uint32_t)at;
        for (size_t i = 0; i < width && at != 0; i++)
            at = listpack_next(listpack, at);
    }
    kr_memory->free(hash_self, places);
    return distinct;
}

/* Do the times of the records ascend, and those without come last? */
static bool listpack_is_in_order(const void *listpack)
{
    size_t at = listpack_first(listpack);
    struct listpack_item record[3];
    int64_t last = 1;

    while (listpack_items(listpack, &at, record, 3) == 3) {
        int64_t time = record[2].number == 0 ? VALUE_NEVER : record[2].number;

        if (!record[2].is_number || time < last ||
            (time > VALUE_TIME_MAX && time != VALUE_NEVER))
            return false;
        last = time;
    }
    return true;
}

static const char *listpack_wrong(const void *listpack, uint8_t meta)
{
    size_t count = listpack_count(listpack);

    if (count % value_width(meta) != 0)
        return "a field of a hash has no value";
    if (!listpack_is_distinct(listpack, value_width(meta)))
        return "a hash has a field twice";
    if (meta == VALUE_TIMED && !listpack_is_in_order(listpack))
        return "the times of a hash are in disorder";
    return NULL;
}

/* Take over a checked listpack, of which `copy` is ours, or NULL where the bytes
 * are the reader's. */
static bool load_take(kr_reader *in, struct kr_str bytes, void *copy,
                      uint8_t meta, struct kr_value *out)
{
    void *listpack = copy ? copy : (void *)(uintptr_t)bytes.data;

    if (listpack_count(listpack) / value_width(meta) >
        (uint64_t)value_max_entries) {
        out->boxed = true;
        out->meta = VALUE_TABLE;
        out->box = value_box(build_unpack(listpack, meta));
        kr_memory->free(hash_self, copy);
        return true;
    }
    return (copy ? packed_adopt(hash_self, in, copy, meta, out)
                 : packed_load(hash_self, in, bytes, meta, out)) ||
           load_refuse(in, "not enough memory for a hash");
}

static bool load_listpack(kr_reader *in, uint32_t code, struct kr_value *out)
{
    uint8_t meta = code == CODE_LISTPACK ? VALUE_PACKED : VALUE_TIMED;
    enum listpack_verdict verdict;
    struct kr_str bytes;
    const char *wrong;
    void *copy = NULL;
    uint64_t first;

    if ((code == CODE_TIMED_LISTPACK && !load_first(in, &first)) ||
        !kr_codec->read_string(in, &bytes))
        return false;
    verdict = listpack_check(bytes);
    if (verdict == LISTPACK_BROKEN)
        return load_refuse(in, "Hash listpack integrity check failed");
    if (!listpack_first(bytes.data))
        return load_refuse_empty(in);
    if (verdict == LISTPACK_FOREIGN) {
        if (!(copy = kr_memory->try_alloc(hash_self, bytes.size)))
            return load_refuse(in, "not enough memory for a hash");
        memcpy(copy, bytes.data, bytes.size);
        listpack_canonise(copy);
    }
    wrong = listpack_wrong(copy ? copy : bytes.data, meta);
    if (wrong) {
        kr_memory->free(hash_self, copy);
        return load_refuse(in, wrong);
    }
    return load_take(in, bytes, copy, meta, out);
}

/* --- Load: the old forms ------------------------------------------------- */

/* Borrowed from the bytes, or `text`. */
static enum legacy_step legacy_word(struct legacy_reader *reader, char *text,
                                    struct kr_str *word)
{
    struct listpack_item item;
    enum legacy_step step = legacy_next(reader, &item);

    if (step == LEGACY_ITEM)
        *word = listpack_item_bytes(&item, text);
    return step;
}

/* Pair by pair.  false: a field is there twice, or has no value. */
static bool legacy_fill(struct legacy_reader *reader, struct build *build)
{
    char texts[2][LISTPACK_TEXT];
    struct kr_str pair[2];

    for (;;) {
        enum legacy_step step = legacy_word(reader, texts[0], &pair[0]);

        if (step == LEGACY_END)
            return true;
        if (step == LEGACY_BROKEN ||
            legacy_word(reader, texts[1], &pair[1]) != LEGACY_ITEM ||
            !build_add(build, pair[0], pair[1], VALUE_NEVER))
            return false;
    }
}

static bool load_legacy(kr_reader *in, uint32_t code, struct kr_value *out)
{
    bool is_zipmap = code == CODE_ZIPMAP;
    const char *broken = is_zipmap ? "Zipmap integrity check failed"
                                   : "Hash ziplist integrity check failed";
    struct legacy_reader reader;
    struct kr_str bytes;
    struct build build;

    if (!kr_codec->read_string(in, &bytes))
        return false;
    if (!legacy_open(&reader, is_zipmap ? LEGACY_ZIPMAP : LEGACY_ZIPLIST,
                     bytes))
        return load_refuse(in, broken);
    build_begin(&build, 0);
    if (legacy_fill(&reader, &build))
        return build_end(&build, in, out);
    build_give_up(&build);
    return load_refuse(in, broken);
}

bool saved_load(kr_reader *in, uint32_t code, uint32_t format,
                struct kr_value *out)
{
    (void)format;
    switch (code) {
    case CODE_ZIPMAP:
    case CODE_ZIPLIST:
        return load_legacy(in, code, out);
    case CODE_LISTPACK:
    case CODE_TIMED_LISTPACK_OLD:
    case CODE_TIMED_LISTPACK:
        return load_listpack(in, code, out);
    default:
        return load_fields(in, code, out);
    }
}

/* --- Rewrite ------------------------------------------------------------- */

struct rewrite {
    kr_writer *out;
    struct kr_str words[2 + 2 * SAVED_BATCH]; /* HSET key field value ... */
    char texts[2 * SAVED_BATCH][LISTPACK_TEXT];
    uint32_t count; /* fields in `words` */
};

static void rewrite_flush(struct rewrite *rewrite)
{
    if (rewrite->count > 0)
        kr_codec->emit(rewrite->out, 2 + 2 * rewrite->count, rewrite->words);
    rewrite->count = 0;
}

static void rewrite_pair(const struct value_pair *pair, void *ctx)
{
    struct rewrite *rewrite = ctx;
    uint32_t at = 2 * rewrite->count++;

    rewrite->words[2 + at] =
        listpack_item_bytes(&pair->field, rewrite->texts[at]);
    rewrite->words[3 + at] =
        listpack_item_bytes(&pair->value, rewrite->texts[at + 1]);
    if (rewrite->count == SAVED_BATCH)
        rewrite_flush(rewrite);
}

static void rewrite_time(const struct value_pair *pair, void *ctx)
{
    const struct rewrite *rewrite = ctx;
    char time[KR_INT64_TEXT], text[LISTPACK_TEXT];
    struct kr_str words[] = {
        KR_STR("HPEXPIREAT"), rewrite->words[1],
        kr_str(time, 0),      KR_STR("FIELDS"),
        KR_STR("1"),          listpack_item_bytes(&pair->field, text),
    };

    if (pair->time_ms == VALUE_NEVER)
        return;
    words[2].size = kr_text->from_int64(pair->time_ms, time);
    kr_codec->emit(rewrite->out, KR_COUNT(words), words);
}

void saved_rewrite(const struct kr_peek *value, struct kr_str key,
                   kr_writer *out)
{
    struct rewrite rewrite;

    rewrite.out = out;
    rewrite.count = 0;
    rewrite.words[0] = KR_STR("HSET");
    rewrite.words[1] = key;
    value_each(value, VALUE_ALWAYS, rewrite_pair, &rewrite);
    rewrite_flush(&rewrite);
    if (value_earliest(value) != VALUE_NEVER)
        value_each(value, VALUE_ALWAYS, rewrite_time, &rewrite);
}

/* --- Digest -------------------------------------------------------------- */

static void digest_pair(const struct value_pair *pair, void *ctx)
{
    char text[LISTPACK_TEXT];
    kr_digest *digest = ctx;

    kr_codec->digest_begin(digest);
    kr_codec->digest_mix(digest, listpack_item_bytes(&pair->field, text));
    kr_codec->digest_mix(digest, listpack_item_bytes(&pair->value, text));
    if (pair->time_ms != VALUE_NEVER)
        kr_codec->digest_add(digest, KR_STR("!!hexpire!!"));
    kr_codec->digest_end(digest);
}

void saved_digest(const struct kr_peek *value, kr_digest *digest)
{
    value_each(value, VALUE_ALWAYS, digest_pair, digest);
}
