/* SPDX-License-Identifier: BSD-3-Clause */
/* Whole values: the frame around what a type saves, and what a stranger's frame
 * may not do.
 *
 *   bare   inline; code 200, a whole number
 *   coin   boxed, a module's type "coin-TEST"; a whole number that is not 13 */

#include "core/keyspace/stored.h"
#include "core/keyspace/type.h"
#include "core/memory/memory.h"
#include "core/rack/rack.h"
#include "core/text/crc64.h"
#include "tests/unit/suites.h"

#include <stdio.h>

#define CODE 200u

static kr_module module = {.name = "values"};
static kr_writer writer;
static kr_reader reader;
static uint16_t bare_slot, coin_slot;
static int coins;

/* --- The types ----------------------------------------------------------- */

static void bare_save(const struct kr_peek *value, kr_writer *out)
{
    stored_write_code(out, CODE);
    codec_write_uint64(out, *(const uint8_t *)value->data);
}

static bool bare_load(kr_reader *in, uint32_t code, uint32_t format,
                      struct kr_value *out)
{
    uint64_t number;

    ck_assert_uint_eq(code, CODE);
    ck_assert_uint_eq(format, 0);
    if (!codec_read_uint64(in, &number) || number > 255)
        return false;
    out->room[0] = (unsigned char)number;
    out->bytes = kr_str((const char *)out->room, 1);
    return true;
}

static void coin_save(const struct kr_peek *value, kr_writer *out)
{
    uint64_t *coin;

    memcpy(&coin, value->data, sizeof(coin));
    codec_write_uint64(out, *coin);
}

static bool coin_load(kr_reader *in, uint32_t code, uint32_t format,
                      struct kr_value *out)
{
    uint64_t number;

    (void)code;
    ck_assert_uint_eq(format, 5);
    if (!codec_read_uint64(in, &number) || number == 13)
        return false;
    out->box = memory_alloc(sizeof(number));
    out->boxed = true;
    memcpy(out->box, &number, sizeof(number));
    coins++;
    return true;
}

static void coin_free(void *box)
{
    memory_free(box);
    coins--;
}

static const uint8_t bare_codes[] = {CODE};

static const struct kr_type bare_type = {
    .size = sizeof(struct kr_type),
    .layout = 1,
    .name = "bare",
    .codes = bare_codes,
    .code_count = 1,
    .save = bare_save,
    .load = bare_load,
};

static const struct kr_type coin_type = {
    .size = sizeof(struct kr_type),
    .layout = 1,
    .name = "coin",
    .file_name = "coin-TEST",
    .format = 5,
    .free = coin_free,
    .save = coin_save,
    .load = coin_load,
};

static void value_setup(void)
{
    type_interface.add(&module, &bare_type, &bare_slot);
    type_interface.add(&module, &coin_type, &coin_slot);
    codec_writer_init(&writer, 0);
    codec_reader_init(&reader, kr_str("", 0), 0);
    coins = 0;
}

static void value_teardown(void)
{
    ck_assert_int_eq(coins, 0);
    codec_writer_fini(&writer);
    codec_reader_fini(&reader);
    type_fini();
}

/* --- Helpers ------------------------------------------------------------- */

static bool write_bare(uint8_t number, const struct kr_str *key)
{
    struct kr_peek peek = {.data = &number, .length = 1};

    return stored_write(&writer, bare_slot, &peek, key);
}

static bool write_coin(uint64_t number, const struct kr_str *key)
{
    uint64_t *box = &number;
    struct kr_peek peek = {.data = &box, .boxed = true};

    return stored_write(&writer, coin_slot, &peek, key);
}

static void turn(size_t size)
{
    codec_reader_fini(&reader);
    codec_reader_init(&reader, kr_str(writer.data, size), 0);
}

static bool read_back(uint16_t *slot, struct kr_value *value)
{
    uint8_t code;

    *value = (struct kr_value){.size = sizeof(*value)};
    return stored_read_code(&reader, &code) &&
           stored_read(&reader, code, slot, value);
}

#define ck_assert_written(literal)                                             \
    do {                                                                       \
        ck_assert_uint_eq(writer.size, sizeof(literal) - 1);                   \
        ck_assert_mem_eq(writer.data, literal, sizeof(literal) - 1);           \
    } while (0)

/* "coin-TEST" by six bits a letter, then format 5. */
#define COIN_ID "\x81\x72\x88\xa7\xf9\x31\x12\x4c\x05"

/* --- Tests --------------------------------------------------------------- */

START_TEST(a_type_with_a_code_is_written_bare)
{
    ck_assert(write_bare(7, NULL));
    ck_assert_written("\xc8\x07");
}
END_TEST

START_TEST(a_key_stands_behind_the_code)
{
    ck_assert(write_bare(7, &KR_STR("key")));
    ck_assert_written("\xc8\x03key\x07");
    ck_assert(write_coin(9, &KR_STR("k")));
    ck_assert_mem_eq(writer.data + 6, "\x07\x01k\x81", 4);
    ck_assert(write_bare(8, NULL));
    ck_assert_mem_eq(writer.data + writer.size - 2, "\xc8\x08", 2);
}
END_TEST

START_TEST(a_value_that_cannot_be_written_fails_the_writer)
{
    write_bare(7, NULL);
    ck_assert(!codec_interface.writer_failed(&writer));
    codec_interface.abandon(&writer);
    ck_assert(codec_interface.writer_failed(&writer));
    write_bare(8, NULL);
    ck_assert_written("\xc8\x07");
}
END_TEST

START_TEST(a_modules_type_has_an_id_and_an_end)
{
    ck_assert(write_coin(9, NULL));
    ck_assert_written("\x07" COIN_ID "\x02\x09\x00");
}
END_TEST

START_TEST(values_come_back)
{
    struct kr_value value;
    uint64_t number;
    uint16_t slot;

    write_bare(7, NULL);
    write_coin(9, NULL);
    turn(writer.size);
    ck_assert(read_back(&slot, &value));
    ck_assert_uint_eq(slot, bare_slot);
    ck_assert(!value.boxed && value.bytes.size == 1 && value.room[0] == 7);
    ck_assert(read_back(&slot, &value));
    ck_assert_uint_eq(slot, coin_slot);
    memcpy(&number, value.box, sizeof(number));
    ck_assert(value.boxed && number == 9);
    coin_free(value.box);
    ck_assert_uint_eq(reader.at, writer.size);
}
END_TEST

START_TEST(a_value_cut_off_anywhere_leaves_nothing)
{
    struct kr_value value;
    uint16_t slot;

    write_coin(9, NULL);
    for (size_t size = 0; size < writer.size; size++) {
        turn(size);
        ck_assert(!read_back(&slot, &value));
        ck_assert_ptr_nonnull(reader.error);
        ck_assert_int_eq(coins, 0);
    }
}
END_TEST

START_TEST(more_items_than_the_type_reads_are_refused)
{
    struct kr_value value;
    uint16_t slot;

    write_coin(9, NULL);
    writer.data[writer.size - 1] = CODEC_TAG_UINT64;
    codec_write_length(&writer, 1);
    codec_write_length(&writer, CODEC_TAG_EOF);
    turn(writer.size);
    ck_assert(!read_back(&slot, &value));
}
END_TEST

START_TEST(what_the_type_refuses_is_refused)
{
    struct kr_value value;
    uint16_t slot;

    write_coin(13, NULL);
    turn(writer.size);
    ck_assert(!read_back(&slot, &value));
    ck_assert_str_eq(reader.error, "a value that its type refuses");
}
END_TEST

START_TEST(a_type_that_is_away_is_carried_along_if_its_end_can_be_found)
{
    struct kr_value value;
    uint16_t slot;

    write_coin(9, NULL);
    write_bare(7, NULL);
    type_forget(&module);
    ck_assert(!write_bare(7, NULL));
    ck_assert(!write_coin(9, NULL));
    turn(writer.size);
    ck_assert(read_back(&slot, &value));
    ck_assert(!value.boxed);
    ck_assert_uint_eq(value.bytes.size, writer.size - 2);
    ck_assert_int_eq(memcmp(value.bytes.data, writer.data, value.bytes.size),
                     0);
    ck_assert_str_eq(type_interface.get(slot)->encoding(NULL), "sealed");
    turn(writer.size);
    reader.at = writer.size - 2;
    ck_assert(!read_back(&slot, &value));
}
END_TEST

static int64_t get_from_writer(void *ctx, char *room, size_t size)
{
    size_t *at = ctx;

    if (size > 1000)
        size = 1000;
    if (size > writer.size - *at)
        size = writer.size - *at;
    memcpy(room, writer.data + *at, size);
    *at += size;
    return (int64_t)size;
}

/* Of a stream, whose window moves on while such a value is read: the bytes that
 * were sealed were once those of another place. */
START_TEST(values_of_a_type_that_is_away_may_stand_across_windows)
{
    const uint64_t count = 60000;
    struct kr_value value;
    uint16_t slot;
    size_t at = 0, each;

    write_coin(1 << 20, NULL);
    each = writer.size;
    for (uint64_t i = 1; i < count; i++)
        write_coin((1 << 20) + i, NULL);
    ck_assert_uint_eq(writer.size, each * count);
    type_forget(&module);
    codec_reader_fini(&reader);
    codec_reader_init_stream(&reader, get_from_writer, &at, UINT64_MAX, 0);
    for (uint64_t i = 0; i < count; i++) {
        ck_assert(read_back(&slot, &value));
        ck_assert_uint_eq(value.bytes.size, each);
        ck_assert_int_eq(memcmp(value.bytes.data, writer.data + i * each, each),
                         0);
    }
    ck_assert(!read_back(&slot, &value));
}
END_TEST

START_TEST(a_whole_value_of_a_type_that_is_away_is_carried_along)
{
    struct kr_value value;
    uint16_t slot;

    write_bare(7, NULL);
    type_forget(&module);
    turn(writer.size);
    reader.flags = KR_CODEC_WHOLE;
    ck_assert(read_back(&slot, &value));
    ck_assert_uint_eq(type_home(slot), bare_slot);
    ck_assert_uint_eq(value.bytes.size, writer.size);
    ck_assert_int_eq(memcmp(value.bytes.data, writer.data, writer.size), 0);
    turn(1); /* a code, and no value */
    reader.flags = KR_CODEC_WHOLE;
    ck_assert(!read_back(&slot, &value));
    writer.data[0]++; /* a code that nobody has ever had */
    turn(writer.size);
    reader.flags = KR_CODEC_WHOLE;
    ck_assert(!read_back(&slot, &value));
}
END_TEST

START_TEST(a_type_that_nothing_saves_is_not_written)
{
    struct kr_type type = coin_type;
    struct kr_peek peek = {.data = "", .length = 0};
    uint16_t slot;

    type.name = "mute";
    type.file_name = "123456789";
    type.save = NULL;
    type_interface.add(&module, &type, &slot);
    ck_assert(!stored_write(&writer, slot, &peek, NULL));
    type.name = "volatile";
    type.file_name = "987654321";
    type.save = coin_save;
    type.flags = KR_TYPE_VOLATILE;
    type_interface.add(&module, &type, &slot);
    ck_assert(!stored_write(&writer, slot, &peek, NULL));
    ck_assert_uint_eq(writer.size, 0);
}
END_TEST

static const char *const wrong_names[] = {"coin", "coin_test_", "coin+TEST",
                                          NULL};

START_TEST(a_name_that_files_cannot_have_is_not_written)
{
    struct kr_type type = coin_type;
    struct kr_peek peek = {.data = "", .length = 0};
    uint16_t slot;

    type.name = "wrong";
    type.file_name = wrong_names[_i];
    ck_assert_int_eq(type_interface.add(&module, &type, &slot), KR_OK);
    ck_assert(!stored_write(&writer, slot, &peek, NULL));
    ck_assert_uint_eq(writer.size, 0);
}
END_TEST

START_TEST(no_two_types_have_one_name_in_files)
{
    struct kr_type type = coin_type;

    type.name = "twin";
    ck_assert_int_eq(type_interface.add(&module, &type, NULL), KR_EEXIST);
}
END_TEST

START_TEST(the_checksum_is_that_of_the_format)
{
    ck_assert_uint_eq(codec_interface.checksum(0, KR_STR("123456789")),
                      UINT64_C(0xe9c6d914c4b8d9ca));
}
END_TEST

Suite *stored_suite(void)
{
    Suite *suite = suite_create("stored");
    TCase *tcase = tcase_create("whole values");

    tcase_add_checked_fixture(tcase, value_setup, value_teardown);
    tcase_add_test(tcase, a_type_with_a_code_is_written_bare);
    tcase_add_test(tcase, a_key_stands_behind_the_code);
    tcase_add_test(tcase, a_value_that_cannot_be_written_fails_the_writer);
    tcase_add_test(tcase, a_modules_type_has_an_id_and_an_end);
    tcase_add_test(tcase, values_come_back);
    tcase_add_test(tcase, a_value_cut_off_anywhere_leaves_nothing);
    tcase_add_test(tcase, more_items_than_the_type_reads_are_refused);
    tcase_add_test(tcase, what_the_type_refuses_is_refused);
    tcase_add_test(
        tcase, a_type_that_is_away_is_carried_along_if_its_end_can_be_found);
    tcase_add_test(tcase,
                   values_of_a_type_that_is_away_may_stand_across_windows);
    tcase_add_test(tcase,
                   a_whole_value_of_a_type_that_is_away_is_carried_along);
    tcase_add_test(tcase, a_type_that_nothing_saves_is_not_written);
    tcase_add_loop_test(tcase, a_name_that_files_cannot_have_is_not_written, 0,
                        KR_COUNT(wrong_names));
    tcase_add_test(tcase, no_two_types_have_one_name_in_files);
    tcase_add_test(tcase, the_checksum_is_that_of_the_format);
    suite_add_tcase(suite, tcase);
    return suite;
}
