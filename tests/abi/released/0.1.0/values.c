/* SPDX-License-Identifier: BSD-3-Clause */
/* values - a type of its own, and what can be done to its values: kr_keyspace,
 * kr_types, kr_codec, kr_memory, kr_text.
 *
 *     VALUES.CHECK key            works on that key, and leaves 42 in it
 *     VALUES.SET key number
 *     VALUES.GET key              the number, in a box */
#include "sample.h"

KR_USES(kr_codec);
KR_USES(kr_keyspace);
KR_USES(kr_memory);
KR_USES(kr_text);
KR_USES(kr_types);

static kr_module *self;
static uint16_t slot;

static int64_t *box_new(int64_t number)
{
    int64_t *box = kr_memory->alloc(self, sizeof(*box));

    *box = number;
    return box;
}

static int64_t number_of(const struct kr_peek *value)
{
    int64_t *box;

    memcpy(&box, value->data, sizeof(box));
    return *box;
}

static void box_free(void *box)
{
    kr_memory->free(self, box);
}

static size_t box_memory(const struct kr_peek *value, size_t samples)
{
    int64_t *box;

    (void)samples;
    memcpy(&box, value->data, sizeof(box));
    return kr_memory->usable(box);
}

static bool box_copy(const struct kr_peek *value, struct kr_value *out)
{
    out->boxed = true;
    out->box = box_new(number_of(value));
    return true;
}

static void box_digest(const struct kr_peek *value, kr_digest *digest)
{
    int64_t number = number_of(value);

    kr_codec->digest_mix(digest, kr_str((const char *)&number, sizeof(number)));
}

static void box_save(const struct kr_peek *value, kr_writer *out)
{
    kr_codec->write_int64(out, number_of(value));
}

static bool box_load(kr_reader *in, uint32_t code, uint32_t format,
                     struct kr_value *out)
{
    int64_t number;

    (void)code, (void)format;
    if (!kr_codec->read_int64(in, &number))
        return false;
    out->boxed = true;
    out->box = box_new(number);
    return true;
}

static const struct kr_type box_type = {
    .size = sizeof(struct kr_type),
    .name = "sample",
    .file_name = "samplekr1",
    .layout = 1,
    .format = 1,
    .slot = &slot,
    .free = box_free,
    .memory = box_memory,
    .copy = box_copy,
    .digest = box_digest,
    .save = box_save,
    .load = box_load,
};
static const struct kr_type *const types[] = {&box_type};

/* --- Checks -------------------------------------------------------------- */

static void check_memory(void)
{
    struct kr_blob *blob = kr_memory->blob_new(3, 10), *other;
    char *block = kr_memory->calloc(self, 2, 8);

    CHECK(block[15] == 0);
    block = kr_memory->realloc(self, block, 100);
    CHECK(kr_memory->usable(block) >= 100);
    kr_memory->free(self, block);
    block = kr_memory->try_alloc(self, 10);
    block = kr_memory->try_realloc(self, block, 20);
    CHECK(block != NULL);
    kr_memory->free(self, block);
    CHECK(kr_memory->used() > 1000);
    memcpy(blob->data, "abc", 3);
    other = kr_memory->blob_retain(blob);
    CHECK(kr_memory->blob_shared(blob));
    kr_memory->blob_release(other);
    CHECK(!kr_memory->blob_shared(blob));
    blob = kr_memory->blob_resize(blob, 5);
    CHECK(blob->size == 5 && memcmp(blob->data, "abc\0\0", 5) == 0);
    CHECK(kr_memory->blob_usable(blob) >= 5);
    kr_memory->blob_release(blob);
}

static void check_text(void)
{
    char text[KR_INT64_TEXT], number[KR_DOUBLE_TEXT], hex[40];
    int64_t integer, bytes;
    uint64_t natural;
    double real;
    long double precise;

    CHECK(kr_text->to_int64(KR_STR("-12"), &integer) && integer == -12);
    CHECK(!kr_text->to_int64(KR_STR("012"), &integer));
    CHECK(kr_text->to_uint64(KR_STR("12"), &natural) && natural == 12);
    CHECK(kr_text->to_double(KR_STR("0.5"), &real) && real == 0.5);
    CHECK(kr_text->to_long_double(KR_STR("2"), &precise) && precise == 2);
    CHECK(kr_text->from_int64(-7, text) == 2 && memcmp(text, "-7", 2) == 0);
    CHECK(kr_text->from_double(0.5, number) == 3);
    CHECK(kr_text->to_memory(KR_STR("1kb"), &bytes) && bytes == 1024);
    CHECK(kr_text->match(KR_STR("a*"), KR_STR("ABC"), true));
    CHECK(!kr_text->match(KR_STR("a*"), KR_STR("ABC"), false));
    CHECK(kr_text->key_slot(KR_STR("foo")) == 12182);
    CHECK(kr_text->hash(KR_STR("a")) == kr_text->hash(KR_STR("a")));
    CHECK(kr_text->random() != kr_text->random());
    kr_text->sha1_hex(KR_STR(""), hex);
    CHECK(memcmp(hex, "da39a3ee", 8) == 0);
}

static void check_codec(const struct kr_cell *cell)
{
    struct kr_peek peek = kr_cell_peek(cell);
    struct kr_value value = {.size = sizeof(value)};
    kr_writer *out = kr_codec->new_writer(0);
    struct kr_str bytes, word;
    kr_reader *in;
    double real;
    uint8_t code;
    uint16_t found;

    CHECK(kr_codec->write_value(out, cell->type, &peek, NULL));
    kr_codec->write_double(out, 0.5);
    kr_codec->write_string(out, KR_STR("word"));
    CHECK(!kr_codec->writer_failed(out));
    bytes = kr_codec->writer_bytes(out);
    in = kr_codec->new_reader(bytes, 0);
    CHECK(kr_codec->read_code(in, &code));
    CHECK(kr_codec->read_value(in, code, &found, &value) && found == slot);
    CHECK(value.boxed && *(int64_t *)value.box == number_of(&peek));
    box_free(value.box);
    CHECK(kr_codec->read_double(in, &real) && real == 0.5);
    CHECK(kr_codec->read_string(in, &word) &&
          kr_str_equal(word, KR_STR("word")));
    CHECK(kr_codec->reader_left(in) == 0 && !kr_codec->reader_error(in));
    kr_codec->free_reader(in);
    kr_codec->free_writer(out);
    CHECK(kr_codec->checksum(0, KR_STR("123456789")) ==
          UINT64_C(0xe9c6d914c4b8d9ca));
}

static void check_types(void)
{
    CHECK(strcmp(kr_types->name(slot), "sample") == 0);
    CHECK(kr_types->get(slot)->format == 1);
    CHECK(kr_types->find(KR_STR("sample")) == slot);
    CHECK(kr_types->find(KR_STR("no-such-type")) == 0);
    CHECK(kr_types->values(slot) >= 1);
    CHECK(!kr_types->is_sealed(slot));
}

static void each_key(void *ctx, struct kr_str key, struct kr_cell *cell)
{
    (void)key, (void)cell;
    ++*(uint64_t *)ctx;
}

static void check_keyspace(struct kr_call *call)
{
    struct kr_str key = call->argv[1], other = KR_STR("sample:other");
    struct kr_cell cell;
    uint64_t count = 0, cursor = 0;
    kr_watch *watch;

    kr_keyspace->put(call, 1, slot, 0, KR_PUT_BOXED, 0, &cell);
    kr_cell_set_box(&cell, box_new(42));
    watch = kr_keyspace->watch(call->db, key);
    CHECK(!kr_keyspace->watch_changed(watch));
    kr_keyspace->changed(call, call->db, key, KR_CLASS_MODULE,
                         KR_STR("values.check"));
    CHECK(kr_keyspace->watch_changed(watch));
    kr_keyspace->unwatch(watch);
    CHECK(kr_keyspace->find(call->db, key, KR_FIND_WRITE, &cell));
    CHECK(cell.type == slot && cell.boxed);
    CHECK(kr_str_equal(kr_keyspace->key(&cell), key));
    CHECK(kr_keyspace->expiry(&cell) == KR_NO_EXPIRY);
    kr_keyspace->set_expiry(&cell, call->now_ms + 100000);
    CHECK(kr_keyspace->expiry(&cell) == call->now_ms + 100000);
    kr_keyspace->set_expiry(&cell, KR_NO_EXPIRY);
    CHECK(kr_keyspace->key_memory(&cell, 0) > 16);
    kr_keyspace->rename(&cell, call->db, other);
    CHECK(!kr_keyspace->find(call->db, key, KR_FIND_QUIET, &cell));
    CHECK(kr_keyspace->find(call->db, other, KR_FIND_WRITE, &cell));
    kr_keyspace->rename(&cell, call->db, key);
    CHECK(kr_keyspace->db(kr_keyspace->db_index(call->db)) == call->db);
    CHECK(kr_keyspace->db_count() > 0 && kr_keyspace->count(call->db) > 0);
    CHECK(kr_keyspace->random(call->db, &cell));
    do
        cursor = kr_keyspace->scan(call->db, cursor, each_key, &count);
    while (cursor != 0);
    CHECK(count >= kr_keyspace->count(call->db));
    /* An inline value that grows. */
    kr_keyspace->put_key(call->db, other, slot, 5, 0, 3, &cell);
    memcpy(cell.data, "abc", 3);
    kr_keyspace->reshape(&cell, 0, 1000);
    CHECK(memcmp(cell.data, "abc", 3) == 0 && cell.length == 1000);
    CHECK(cell.meta == 5);
    kr_keyspace->erase(&cell, false);
    CHECK(!kr_keyspace->find(call->db, other, KR_FIND_QUIET, &cell));
}

static void check(struct kr_call *call)
{
    struct kr_cell cell;

    check_memory();
    check_text();
    check_keyspace(call);
    if (kr_keyspace->find(call->db, call->argv[1], KR_FIND_READ, &cell))
        check_codec(&cell);
    check_types();
    sample_reply(call->reply);
}

/* --- What a client sees -------------------------------------------------- */

static void set(struct kr_call *call)
{
    struct kr_cell cell;
    int64_t number;

    if (!kr_arg_int64(call, 2, &number))
        return;
    kr_keyspace->put(call, 1, slot, 0, KR_PUT_BOXED, 0, &cell);
    kr_cell_set_box(&cell, box_new(number));
    kr_keyspace->changed(call, call->db, call->argv[1], KR_CLASS_MODULE,
                         KR_STR("values.set"));
    kr_reply_ok(call->reply);
}

static void get(struct kr_call *call)
{
    struct kr_cell cell;
    struct kr_peek peek;
    bool wrong;

    if (kr_find_typed(call, 1, KR_FIND_READ, slot, &cell, &wrong)) {
        peek = kr_cell_peek(&cell);
        kr_reply_int64(call->reply, number_of(&peek));
    } else if (!wrong) {
        kr_reply_null(call->reply);
    }
}

static const struct kr_key_spec write_key[] = {
    KR_KEY(KR_KEY_OW | KR_KEY_UPDATE, 1, 0, 1)};
static const struct kr_key_spec read_key[] = {
    KR_KEY(KR_KEY_RO | KR_KEY_ACCESS, 1, 0, 1)};
static const struct kr_command commands[] = {
    {.name = "values.check",
     .run = check,
     .arity = 2,
     .flags = KR_CMD_WRITE,
     .keys = KR_ROWS(write_key)},
    {.name = "values.set",
     .run = set,
     .arity = 3,
     .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
     .keys = KR_ROWS(write_key)},
    {.name = "values.get",
     .run = get,
     .arity = 2,
     .flags = KR_CMD_READONLY,
     .keys = KR_ROWS(read_key)},
};
static const struct kr_import imports[] = {
    KR_NEED(kr_codec), KR_NEED(kr_keyspace), KR_NEED(kr_memory),
    KR_NEED(kr_text),  KR_NEED(kr_types),
};

KR_MODULE(.name = "values", .version = 100, .licence = "BSD-3-Clause",
          .flags = KR_MODULE_CAN_UNLOAD | KR_MODULE_CAN_UPGRADE, .self = &self,
          .imports = KR_ROWS(imports), .types = KR_ROWS(types),
          .commands = KR_ROWS(commands));
