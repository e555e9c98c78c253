/* SPDX-License-Identifier: BSD-3-Clause */
/* check_legacy - bytes that Redis wrote before 7.0, and what may go wrong.
 *
 * No server here writes these forms any more, so the bytes are made by hand
 * from their description, and at random by the writer below.  All are read
 * from a block of exactly their size, so that a sanitizer sees each byte too
 * many. */

#include "modules/compact/legacy.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/suites.h"

enum { ITEMS_MAX = 40, TEXT_MAX = 20000 };

struct texts {
    struct kr_str text[ITEMS_MAX];
    size_t count;
};

/* --- Reading into texts -------------------------------------------------- */

static struct kr_str text_copy(struct kr_str text)
{
    char *copy = malloc(text.size + 1);

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, text.data, text.size);
    return kr_str(copy, text.size);
}

static void texts_free(struct texts *texts)
{
    while (texts->count > 0)
        free((char *)texts->text[--texts->count].data);
}

/* All elements as texts, in blocks of their own; what the last answer was. */
static enum legacy_step texts_read(struct texts *texts, enum legacy_form form,
                                   struct kr_str bytes)
{
    char *block = malloc(bytes.size + 1), number[LISTPACK_TEXT];
    struct legacy_reader reader;
    struct listpack_item item;
    enum legacy_step step = LEGACY_BROKEN;

    texts->count = 0;
    ck_assert_ptr_nonnull(block);
    if (bytes.size)
        memcpy(block + 1, bytes.data, bytes.size); /* off alignment */
    if (legacy_open(&reader, form, kr_str(block + 1, bytes.size))) {
        while ((step = legacy_next(&reader, &item)) == LEGACY_ITEM &&
               texts->count < ITEMS_MAX)
            texts->text[texts->count++] =
                text_copy(listpack_item_bytes(&item, number));
        ck_assert(step != LEGACY_ITEM);
    }
    ck_assert(step != LEGACY_BROKEN ||
              legacy_next(&reader, &item) == LEGACY_BROKEN);
    free(block);
    return step;
}

static bool texts_equal(const struct texts *a, const struct texts *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (a->text[i].size != b->text[i].size ||
            memcmp(a->text[i].data, b->text[i].data, a->text[i].size) != 0)
            return false;
    }
    return true;
}

/* --- By hand ------------------------------------------------------------- */

static const struct recorded {
    enum legacy_form form;
    struct kr_str bytes;
    const char *elements; /* each with a ';' behind it */
} recorded[] = {
    /* Two small numbers. */
    {LEGACY_ZIPLIST,
     KR_STR("\x0f\0\0\0\x0c\0\0\0\2\0"
            "\0\xf3\2\xf6\xff"),
     "2;5;"},
    /* A hash, as Redis 6 keeps it. */
    {LEGACY_ZIPLIST,
     KR_STR("\x1b\0\0\0\x16\0\0\0\4\0"
            "\0\2f1\4\2v1\4\2f2\4\2v2\xff"),
     "f1;v1;f2;v2;"},
    /* Every width of number, and its limits. */
    {LEGACY_ZIPLIST,
     KR_STR("\x47\0\0\0\x3c\0\0\0\x0c\0"
            "\0\xf1\2\xfd\2\xfe\x0d\3\xfe\x80"
            "\3\xc0\xff\x7f\4\xc0\0\x80"
            "\4\xf0\xff\xff\x7f\5\xf0\0\0\x80"
            "\5\xd0\xff\xff\xff\x7f\6\xd0\0\0\0\x80"
            "\6\xe0\xff\xff\xff\xff\xff\xff\xff\x7f"
            "\x0a\xe0\0\0\0\0\0\0\0\x80"
            "\xff"),
     "0;12;13;-128;32767;-32768;8388607;-8388608;2147483647;-2147483648;"
     "9223372036854775807;-9223372036854775808;"},
    /* An empty text, and sizes written longer than they need be: Redis leaves
     * such a `back` behind when the entry before shrinks. */
    {LEGACY_ZIPLIST,
     KR_STR("\x27\0\0\0\x1c\0\0\0\4\0"
            "\0\0\2\x40\1a\xfe\4\0\0\0\x80\0\0\0\2bc"
            "\xfe\x0c\0\0\0\xbf\0\0\0\0"
            "\xff"),
     ";a;bc;;"},
    /* Nobody has counted. */
    {LEGACY_ZIPLIST,
     KR_STR("\x0d\0\0\0\x0a\0\0\0\xff\xff"
            "\0\xf1\xff"),
     "0;"},
    {LEGACY_ZIPLIST, KR_STR("\x0b\0\0\0\x0a\0\0\0\0\0\xff"), ""},
    {LEGACY_ZIPMAP, KR_STR("\0\xff"), ""},
    {LEGACY_ZIPMAP, KR_STR("\2\2f1\2\0v1\2f2\2\0v2\xff"), "f1;v1;f2;v2;"},
    /* Gaps, numbers, empty texts, and pairs that nobody has counted. */
    {LEGACY_ZIPMAP,
     KR_STR("\xfe\0\0\3\xff\xff\xff\2-7\2\1"
            "12\0\xff"),
     ";;-7;12;"},
};

START_TEST(recorded_bytes_have_their_elements)
{
    const struct recorded *r = &recorded[_i];
    char joined[256] = "";
    struct texts texts;

    ck_assert_int_eq(texts_read(&texts, r->form, r->bytes), LEGACY_END);
    for (size_t i = 0; i < texts.count; i++) {
        strncat(joined, texts.text[i].data, texts.text[i].size);
        strcat(joined, ";");
    }
    ck_assert_str_eq(joined, r->elements);
    texts_free(&texts);
}
END_TEST

static const struct broken {
    const char *what;
    enum legacy_form form;
    struct kr_str bytes;
} broken[] = {
    {"nothing", LEGACY_ZIPLIST, {NULL, 0}},
    {"nothing", LEGACY_ZIPMAP, {NULL, 0}},
    {"an end alone", LEGACY_ZIPMAP, KR_STR("\xff")},
    {"no end", LEGACY_ZIPMAP, KR_STR("\0\0")},
    {"a size that is wrong", LEGACY_ZIPLIST,
     KR_STR("\x0c\0\0\0\x0a\0\0\0\0\0\xff")},
    {"a count that is wrong", LEGACY_ZIPLIST,
     KR_STR("\x0d\0\0\0\x0a\0\0\0\2\0\0\xf1\xff")},
    {"a last one that is elsewhere", LEGACY_ZIPLIST,
     KR_STR("\x0d\0\0\0\x0b\0\0\0\1\0\0\xf1\xff")},
    {"a size of the entry before that is wrong", LEGACY_ZIPLIST,
     KR_STR("\x0f\0\0\0\x0c\0\0\0\2\0\0\xf3\3\xf6\xff")},
    {"a first one with another before it", LEGACY_ZIPLIST,
     KR_STR("\x0d\0\0\0\x0a\0\0\0\1\0\2\xf1\xff")},
    {"an end before the end", LEGACY_ZIPLIST,
     KR_STR("\x0c\0\0\0\x0a\0\0\0\0\0\xff\xff")},
    {"a head that does not exist", LEGACY_ZIPLIST,
     KR_STR("\x0e\0\0\0\x0a\0\0\0\1\0\0\xc1\1\xff")},
    {"a text that takes the end", LEGACY_ZIPLIST,
     KR_STR("\x0e\0\0\0\x0a\0\0\0\1\0\0\2a\xff")},
    {"a text of 4 GiB", LEGACY_ZIPLIST,
     KR_STR("\x11\0\0\0\x0a\0\0\0\1\0\0\x80\xff\xff\xff\xff\xff")},
    {"a number that takes the end", LEGACY_ZIPLIST,
     KR_STR("\x0e\0\0\0\x0a\0\0\0\1\0\0\xc0\1\xff")},
    {"a field without value", LEGACY_ZIPMAP, KR_STR("\xfe\1f\xff")},
    {"pairs that are fewer", LEGACY_ZIPMAP, KR_STR("\2\1f\1\0v\xff")},
    {"a gap that takes the end", LEGACY_ZIPMAP, KR_STR("\1\1f\1\1v\xff")},
    {"a value without its gap", LEGACY_ZIPMAP, KR_STR("\1\1f\0\xff")},
    {"a long size of a short field", LEGACY_ZIPMAP,
     KR_STR("\1\xfe\1\0\0\0f\1\0v\xff")},
    {"a field of 4 GiB", LEGACY_ZIPMAP,
     KR_STR("\1\xfe\xff\xff\xff\xff\1\0v\xff")},
    {"a size cut off", LEGACY_ZIPMAP, KR_STR("\1\xfe\1\0\0\xff")},
};

START_TEST(broken_bytes_are_refused)
{
    struct texts texts;
    enum legacy_step step =
        texts_read(&texts, broken[_i].form, broken[_i].bytes);

    texts_free(&texts);
    ck_assert_msg(step == LEGACY_BROKEN, "%s", broken[_i].what);
}
END_TEST

START_TEST(a_text_that_reads_as_a_number_is_one)
{
    struct legacy_reader reader;
    struct listpack_item item;

    ck_assert(legacy_open(&reader, LEGACY_ZIPMAP,
                          KR_STR("\1\2"
                                 "42\2\0"
                                 "07\xff")));
    ck_assert_int_eq(legacy_next(&reader, &item), LEGACY_ITEM);
    ck_assert(item.is_number && item.number == 42);
    ck_assert_int_eq(legacy_next(&reader, &item), LEGACY_ITEM);
    ck_assert(!item.is_number);
    ck_assert_int_eq(legacy_next(&reader, &item), LEGACY_END);
    ck_assert_int_eq(legacy_next(&reader, &item), LEGACY_END);
}
END_TEST

/* --- At random ----------------------------------------------------------- */

static uint64_t seed;

static uint64_t chance(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (seed >> 11) % below;
}

static void seed_new(int loop)
{
    const char *given = getenv("SEED");

    seed = given ? strtoull(given, NULL, 10)
                 : (uint64_t)time(NULL) * 64 + (uint64_t)loop + 1;
    printf("legacy: SEED=%llu\n", (unsigned long long)seed);
}

struct form {
    unsigned char *bytes;
    size_t size;
};

static void form_put(struct form *form, const void *bytes, size_t size)
{
    form->bytes = realloc(form->bytes, form->size + size + 1);
    ck_assert_ptr_nonnull(form->bytes);
    if (size)
        memcpy(form->bytes + form->size, bytes, size);
    form->size += size;
}

static void form_put_byte(struct form *form, uint64_t byte)
{
    form_put(form, &(uint8_t){(uint8_t)byte}, 1);
}

/* The low `count` bytes of a number, as they lie in a little-endian machine. */
static void form_put_low(struct form *form, uint64_t number, size_t count)
{
    for (size_t i = 0; i < count; i++)
        form_put_byte(form, number >> 8 * i);
}

static void form_put_size(struct form *form, size_t size)
{
    form_put_byte(form, size < 254 ? size : 254);
    if (size >= 254)
        form_put_low(form, size, 4);
}

static void ziplist_put_text(struct form *form, struct kr_str text)
{
    if (text.size < 64) {
        form_put_byte(form, text.size);
    } else if (text.size < 16384) {
        form_put_byte(form, 0x40 | text.size >> 8);
        form_put_byte(form, text.size);
    } else {
        form_put_byte(form, 0x80);
        for (int shift = 24; shift >= 0; shift -= 8)
            form_put_byte(form, text.size >> shift);
    }
    form_put(form, text.data, text.size);
}

static void ziplist_put_number(struct form *form, int64_t number)
{
    static const struct {
        uint8_t head, width;
    } kinds[] = {{0xfe, 1}, {0xc0, 2}, {0xf0, 3}, {0xd0, 4}, {0xe0, 8}};
    size_t i = 0;

    while (kinds[i].width < 8 &&
           (number < -(INT64_C(1) << (8 * kinds[i].width - 1)) ||
            number >= INT64_C(1) << (8 * kinds[i].width - 1)))
        i++;
    form_put_byte(form, kinds[i].head);
    form_put_low(form, (uint64_t)number, kinds[i].width);
}

static struct form ziplist_write(const struct texts *texts)
{
    struct form form = {NULL, 0};
    size_t last = 10, before = 0;

    form_put(&form, "\0\0\0\0\0\0\0\0\0", 10);
    for (size_t i = 0; i < texts->count; i++) {
        struct listpack_item item = listpack_item(texts->text[i]);

        last = form.size;
        form_put_size(&form, before);
        if (item.is_number)
            ziplist_put_number(&form, item.number);
        else
            ziplist_put_text(&form, item.bytes);
        before = form.size - last;
    }
    form_put_byte(&form, 0xff);
    for (int i = 0; i < 4; i++) {
        form.bytes[i] = (unsigned char)(form.size >> 8 * i);
        form.bytes[4 + i] = (unsigned char)(last >> 8 * i);
    }
    form.bytes[8] = (unsigned char)texts->count;
    return form;
}

static struct form zipmap_write(const struct texts *texts)
{
    struct form form = {NULL, 0};

    form_put_byte(&form, texts->count / 2);
    for (size_t i = 0; i < texts->count; i++) {
        size_t gap = chance(5);

        form_put_size(&form, texts->text[i].size);
        if (i % 2)
            form_put_byte(&form, gap);
        form_put(&form, texts->text[i].data, texts->text[i].size);
        if (i % 2)
            form_put(&form, "\xff\xff\xff\xff", gap);
    }
    form_put_byte(&form, 0xff);
    return form;
}

static struct form form_write(enum legacy_form form, const struct texts *texts)
{
    return form == LEGACY_ZIPLIST ? ziplist_write(texts) : zipmap_write(texts);
}

static void text_random(struct texts *texts, size_t size_max)
{
    char *data = malloc(size_max + LISTPACK_TEXT);
    int64_t number =
        (int64_t)((chance(1u << 31) << 33) ^ chance(1u << 31) << 7);
    size_t size = chance(2) ? chance(80) : chance(size_max);

    ck_assert_ptr_nonnull(data);
    if (chance(3) == 0) {
        size = listpack_number_text(number >> chance(64), data);
    } else {
        for (size_t i = 0; i < size; i++)
            data[i] = (char)chance(256);
    }
    texts->text[texts->count++] = kr_str(data, size);
}

static void texts_random(struct texts *texts, size_t size_max)
{
    size_t count = 2 * chance(ITEMS_MAX / 2);

    texts->count = 0;
    while (texts->count < count)
        text_random(texts, size_max);
}

START_TEST(what_was_written_is_read)
{
    seed_new(_i);
    for (int round = 0; round < 60; round++) {
        enum legacy_form kind = chance(2) ? LEGACY_ZIPLIST : LEGACY_ZIPMAP;
        struct texts texts, read;
        struct form form;

        texts_random(&texts, chance(2) ? TEXT_MAX : 300);
        form = form_write(kind, &texts);
        ck_assert_int_eq(
            texts_read(&read, kind, kr_str((char *)form.bytes, form.size)),
            LEGACY_END);
        ck_assert(texts_equal(&texts, &read));
        texts_free(&texts);
        texts_free(&read);
        free(form.bytes);
    }
}
END_TEST

/* Cut anywhere, it is refused; with a byte changed, it is refused or something
 * else is read, and never a byte outside. */
START_TEST(one_wrong_byte_is_refused_or_harmless)
{
    enum legacy_form kind = _i ? LEGACY_ZIPLIST : LEGACY_ZIPMAP;
    struct texts texts, read;
    struct form form;

    seed_new(_i);
    texts_random(&texts, 300);
    form = form_write(kind, &texts);
    for (size_t size = 0; size < form.size; size++) {
        ck_assert(texts_read(&read, kind, kr_str((char *)form.bytes, size)) ==
                  LEGACY_BROKEN);
        texts_free(&read);
    }
    for (size_t i = 0; i < form.size; i++) {
        unsigned char was = form.bytes[i];

        form.bytes[i] ^= (unsigned char)(1 + chance(255));
        texts_read(&read, kind, kr_str((char *)form.bytes, form.size));
        texts_free(&read);
        form.bytes[i] = was;
    }
    texts_free(&texts);
    free(form.bytes);
}
END_TEST

Suite *legacy_suite(void)
{
    Suite *suite = suite_create("legacy");
    TCase *tcase = tcase_create("legacy");

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, recorded_bytes_have_their_elements, 0,
                        (int)KR_COUNT(recorded));
    tcase_add_loop_test(tcase, broken_bytes_are_refused, 0,
                        (int)KR_COUNT(broken));
    tcase_add_test(tcase, a_text_that_reads_as_a_number_is_one);
    tcase_add_loop_test(tcase, what_was_written_is_read, 0, 8);
    tcase_add_loop_test(tcase, one_wrong_byte_is_refused_or_harmless, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
