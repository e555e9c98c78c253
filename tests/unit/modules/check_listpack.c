/* SPDX-License-Identifier: BSD-3-Clause */
/* check_listpack - against a plain array of strings, and against Redis's bytes.
 *
 * Every listpack here stands in a block of exactly its size, one byte off
 * alignment, so that a sanitizer sees each byte too many. */

#include "modules/compact/listpack.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/modules/compact_dumps.h"
#include "tests/unit/suites.h"

/* --- A listpack with its block ------------------------------------------- */

struct pack {
    char *block;
    char *bytes; /* block + 1, or where a short form is addressed */
    bool is_short;
};

static void pack_change_form(struct pack *pack);

/* A short one that gets too large becomes a long one. */
static void pack_room(struct pack *pack, size_t size)
{
    size_t saves;

    if (pack->is_short && size > LISTPACK_SHORT_MAX)
        pack_change_form(pack);
    saves = pack->is_short ? LISTPACK_SHORT_SAVES : 0;
    pack->block = realloc(pack->block, size + 1 - saves);
    ck_assert_ptr_nonnull(pack->block);
    pack->bytes = pack->block + 1 - saves;
}

static void pack_change_form(struct pack *pack)
{
    struct pack next = {.is_short = !pack->is_short};

    pack_room(&next, listpack_size(pack->bytes));
    if (next.is_short)
        listpack_copy_short(next.bytes, pack->bytes);
    else
        listpack_copy(next.bytes, pack->bytes);
    free(pack->block);
    *pack = next;
}

static struct pack pack_new(void)
{
    struct pack pack = {NULL, NULL, false};

    pack_room(&pack, LISTPACK_EMPTY);
    listpack_init(pack.bytes);
    return pack;
}

static void pack_free(struct pack *pack)
{
    free(pack->block);
}

static struct kr_str pack_str(const struct pack *pack)
{
    return kr_str(pack->bytes, listpack_size(pack->bytes));
}

static void pack_insert(struct pack *pack, size_t at,
                        const struct listpack_element *elements, size_t count)
{
    pack_room(pack, listpack_size(pack->bytes) +
                        listpack_elements_size(elements, count));
    listpack_insert(pack->bytes, at, elements, count);
}

static void pack_append(struct pack *pack, struct kr_str text)
{
    struct listpack_element element = listpack_element(text);

    pack_insert(pack, listpack_end(pack->bytes), &element, 1);
}

/* A listpack from bytes, right or wrong ones. */
static struct pack pack_of(const void *bytes, size_t size)
{
    struct pack pack = {NULL, NULL, false};

    pack_room(&pack, size);
    memcpy(pack.bytes, bytes, size);
    return pack;
}

#define CHECK(pack) listpack_check(pack_str(&(pack)))

/* --- The model ----------------------------------------------------------- */

enum { MODEL_MAX = 300, MODEL_NEW = 4 };

struct model {
    struct kr_str texts[MODEL_MAX + MODEL_NEW]; /* each malloc()ed */
    size_t count;
};

static struct kr_str text_copy(struct kr_str text)
{
    char *copy = malloc(text.size + 1);

    if (text.size)
        memcpy(copy, text.data, text.size);
    return kr_str(copy, text.size);
}

static void model_delete(struct model *model, size_t at, size_t count)
{
    for (size_t i = at; i < at + count; i++)
        free((char *)model->texts[i].data);
    memmove(model->texts + at, model->texts + at + count,
            (model->count - at - count) * sizeof(*model->texts));
    model->count -= count;
}

static void model_insert(struct model *model, size_t at, struct kr_str text)
{
    memmove(model->texts + at + 1, model->texts + at,
            (model->count - at) * sizeof(*model->texts));
    model->texts[at] = text_copy(text);
    model->count++;
}

/* Is the listpack what the model says, read in every way? */
static bool model_holds(const struct model *model, const void *bytes)
{
    struct kr_str batch[7];
    char texts[7 * LISTPACK_TEXT];
    size_t index = 0, at = listpack_first(bytes), count;

    if (listpack_count(bytes) != model->count)
        return false;
    while ((count = listpack_batch(bytes, &at, batch, 7, texts)) > 0) {
        for (size_t i = 0; i < count; i++) {
            if (index == model->count ||
                !kr_str_equal(batch[i], model->texts[index++]))
                return false;
        }
    }
    if (index != model->count || at != 0)
        return false;
    at = listpack_last(bytes);
    while ((count = listpack_batch_back(bytes, &at, batch, 7, texts)) > 0) {
        for (size_t i = 0; i < count; i++) {
            if (index == 0 || !kr_str_equal(batch[i], model->texts[--index]))
                return false;
        }
    }
    return index == 0 && at == 0;
}

/* --- Random texts -------------------------------------------------------- */

static uint64_t seed;

static uint64_t draw(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (seed >> 11) % below;
}

static const int64_t limits[] = {
    0,  127,   4095,      INT16_MAX,  (1 << 23) - 1, INT32_MAX, INT64_MAX,
    -1, -4096, INT16_MIN, -(1 << 23), INT32_MIN,     INT64_MIN};

static const size_t sizes[] = {0,    1,    3,    4,     7,     8,    9,
                               62,   63,   64,   125,   126,   127,  128,
                               4093, 4095, 4096, 16377, 16378, 16379};

/* Two million bytes, for the texts that are one letter many times. */
static struct kr_str text_of(char letter, size_t size)
{
    static char room[2100000];

    ck_assert_uint_le(size, sizeof(room));
    memset(room, letter, size);
    return kr_str(room, size);
}

/* Good until the next one. */
static struct kr_str text_draw(void)
{
    static char number[64];
    int64_t limit = limits[draw(KR_COUNT(limits))];
    size_t size;

    switch (draw(8)) {
    case 0: /* a limit, or next to it; may wrap */
        limit = (int64_t)((uint64_t)limit + draw(5) - 2);
        break;
    case 1:
        limit = (int64_t)draw(300) - 100;
        break;
    case 2:
        limit = (int64_t)(draw(UINT64_MAX) << draw(64));
        break;
    case 3: /* nearly a number */
        size = (size_t)snprintf(number, sizeof(number), "%s%lld",
                                draw(2) ? "0" : "-", (long long)limit);
        return kr_str(number, size);
    case 4:
        return text_of("ab-09"[draw(5)], sizes[draw(KR_COUNT(sizes))]);
    case 5:
        return text_of((char)draw(256), draw(200));
    case 6:
        if (draw(100) == 0)
            return text_of('z', 2097140 + draw(10));
        return text_of('h', draw(40));
    default:
        return text_of('a', draw(8));
    }
    size = (size_t)snprintf(number, sizeof(number), "%lld", (long long)limit);
    return kr_str(number, size);
}

static void seed_new(int loop)
{
    const char *given = getenv("SEED");

    seed = given ? strtoull(given, NULL, 10)
                 : (uint64_t)time(NULL) * 1000003 + (uint64_t)loop * 77 + 1;
    printf("listpack: SEED=%llu\n", (unsigned long long)seed);
    fflush(stdout);
}

/* --- Forms --------------------------------------------------------------- */

START_TEST(the_short_form_takes_three_bytes_less_and_leaves_those_before_it)
{
    char room[LISTPACK_SHORT_SAVES + LISTPACK_EMPTY + 4] = "key";
    struct listpack_element element = listpack_number(7);
    struct kr_str longer = KR_STR("\x09\0\0\0\x01\0\x07\x01\xff");
    char saved[16];

    listpack_init_short(room);
    ck_assert_uint_eq(listpack_size(room), LISTPACK_EMPTY);
    ck_assert_uint_eq(listpack_count(room), 0);
    listpack_append(room, &element, 1);
    ck_assert(kr_str_equal(kr_str(room, 3), KR_STR("key")));
    ck_assert_uint_eq(listpack_size(room), longer.size);
    listpack_copy(saved, room);
    ck_assert(kr_str_equal(kr_str(saved, longer.size), longer));
    ck_assert(!listpack_check_header(kr_str(room, longer.size)));
}
END_TEST

/* The most entries that its header can count, and as many bytes. */
START_TEST(the_largest_short_form_knows_its_size_and_count)
{
    struct listpack_element element = listpack_number(1);
    struct pack pack = pack_new();

    pack_change_form(&pack);
    while (listpack_size(pack.bytes) + element.size <= LISTPACK_SHORT_MAX)
        pack_insert(&pack, LISTPACK_HEADER, &element, 1);
    ck_assert(pack.is_short);
    ck_assert_uint_eq(listpack_count(pack.bytes), 1023);
    ck_assert_uint_eq(listpack_size(pack.bytes), LISTPACK_SHORT_MAX);
    ck_assert_uint_eq(listpack_last(pack.bytes), LISTPACK_SHORT_MAX - 3);
    pack_insert(&pack, LISTPACK_HEADER, &element, 1);
    ck_assert(!pack.is_short);
    ck_assert_uint_eq(listpack_count(pack.bytes), 1024);
    pack_free(&pack);
}
END_TEST

/* The count that a file did not say is counted for the short form. */
START_TEST(a_short_form_counts_what_nobody_has_counted)
{
    struct pack pack = pack_new();

    pack_append(&pack, KR_STR("a"));
    pack_append(&pack, KR_STR("b"));
    memset(pack.bytes + 4, 0xff, 2);
    pack_change_form(&pack);
    ck_assert_uint_eq(listpack_count(pack.bytes), 2);
    pack_free(&pack);
}
END_TEST

/* --- Random edits -------------------------------------------------------- */

static void edit_insert(struct pack *pack, struct model *model)
{
    struct listpack_element elements[MODEL_NEW];
    struct kr_str texts[MODEL_NEW];
    size_t index = draw(model->count + 1), count = 1 + draw(MODEL_NEW);
    size_t at = listpack_seek(pack->bytes, (int64_t)index);

    for (size_t i = 0; i < count; i++) {
        texts[i] = text_copy(text_draw());
        elements[i] = listpack_element(texts[i]);
        model_insert(model, index + i, texts[i]);
    }
    pack_insert(pack, at ? at : listpack_end(pack->bytes), elements, count);
    for (size_t i = 0; i < count; i++)
        free((char *)texts[i].data);
}

static void edit_replace(struct pack *pack, struct model *model)
{
    size_t index = draw(model->count), size = listpack_size(pack->bytes);
    size_t at = listpack_seek(pack->bytes, (int64_t)index);
    struct kr_str text = text_draw();
    struct listpack_element element = listpack_element(text);
    size_t after = size - listpack_entry_size(pack->bytes, at) + element.size;

    if (after > size)
        pack_room(pack, after);
    listpack_replace(pack->bytes, at, &element);
    ck_assert_uint_eq(listpack_size(pack->bytes), after);
    model_delete(model, index, 1);
    model_insert(model, index, text);
}

static void edit_delete(struct pack *pack, struct model *model)
{
    size_t index = draw(model->count), count = draw(5), left, next;
    size_t at = listpack_seek(pack->bytes, (int64_t)index);

    left = model->count - index;
    next = listpack_delete(pack->bytes, at, count);
    model_delete(model, index, count < left ? count : left);
    ck_assert_uint_eq(next, count < left ? at : 0);
}

static void edit_delete_range(struct pack *pack, struct model *model)
{
    int64_t index = (int64_t)draw(model->count * 2) - (int64_t)model->count;
    size_t first = (size_t)(index < 0 ? index + (int64_t)model->count : index);
    size_t count = draw(20) ? draw(4) : SIZE_MAX;
    size_t left = model->count - first;

    if (count > left && count != SIZE_MAX)
        count = left;
    ck_assert_uint_eq(listpack_delete_range(pack->bytes, index, count),
                      count < left ? count : left);
    model_delete(model, first, count < left ? count : left);
}

/* The short form instead of the long one, or the other way round. */
static void edit_form(struct pack *pack)
{
    if (draw(3) == 0 && listpack_size(pack->bytes) <= LISTPACK_SHORT_MAX)
        pack_change_form(pack);
}

/* Bytes that may be saved, whatever the form. */
static bool pack_is_sound(const struct pack *pack)
{
    struct pack saved = {.is_short = false};
    bool sound;

    pack_room(&saved, listpack_size(pack->bytes));
    listpack_copy(saved.bytes, pack->bytes);
    sound = CHECK(saved) == LISTPACK_SOUND;
    pack_free(&saved);
    return sound;
}

static void edit_merge(struct pack *pack, struct model *model)
{
    struct pack other = pack_new();
    bool before = draw(2);
    size_t count = draw(MODEL_NEW);

    for (size_t i = 0; i < count; i++) {
        struct kr_str text = text_draw();

        pack_append(&other, text);
        model_insert(model, before ? i : model->count, text);
    }
    pack_room(pack, listpack_size(pack->bytes) + listpack_size(other.bytes) -
                        LISTPACK_EMPTY);
    edit_form(&other);
    listpack_merge(pack->bytes, other.bytes, before);
    pack_free(&other);
}

/* The same at the beginning, where the header moves: the bytes before it are
 * there only as far as they are needed. */
static void edit_prepend_left(struct pack *pack, struct model *model)
{
    struct kr_str text = text_copy(text_draw());
    struct listpack_element element = listpack_element(text);
    size_t size = listpack_size(pack->bytes);

    if (pack->is_short)
        pack_change_form(pack);
    pack_room(pack, size + element.size);
    memmove(pack->bytes + element.size, pack->bytes, size);
    ck_assert_ptr_eq(
        listpack_prepend_left(pack->bytes + element.size, &element, 1),
        pack->bytes);
    model_insert(model, 0, text);
    free((char *)text.data);
}

static void edit_delete_left(struct pack *pack, struct model *model)
{
    size_t count = draw(20) ? draw(4) : SIZE_MAX;
    char *left;

    if (pack->is_short)
        pack_change_form(pack);
    left = listpack_delete_left(pack->bytes, count);
    model_delete(model, 0, count < model->count ? count : model->count);
    memmove(pack->bytes, left, listpack_size(left));
}

/* Find a text, of all entries or of every other, from somewhere on. */
static void edit_find(struct pack *pack, struct model *model)
{
    size_t skip = draw(4), from = draw(model->count), expected, found;
    struct kr_str text =
        text_copy(draw(2) ? model->texts[draw(model->count)] : text_draw());
    struct listpack_element element = listpack_element(text);

    for (expected = from; expected < model->count; expected += skip + 1) {
        if (kr_str_equal(model->texts[expected], text))
            break;
    }
    found = listpack_find(
        pack->bytes, listpack_seek(pack->bytes, (int64_t)from), &element, skip);
    if (expected >= model->count) {
        ck_assert_uint_eq(found, 0);
    } else {
        ck_assert_uint_eq(found, listpack_seek(pack->bytes, (int64_t)expected));
        ck_assert(listpack_equal(pack->bytes, found, &element));
    }
    free((char *)text.data);
}

START_TEST(any_edits_leave_what_a_plain_array_would_hold)
{
    static void (*const edits[])(struct pack *, struct model *) = {
        edit_replace, edit_delete, edit_delete_range, edit_delete_left,
        edit_find};
    struct pack pack = pack_new();
    struct model model = {.count = 0};

    seed_new(_i);
    for (int step = 0; step < 1500; step++) {
        bool grow = model.count == 0 || draw(5) < 2;

        if (model.count >= MODEL_MAX - MODEL_NEW)
            grow = false;
        if (!grow)
            edits[draw(KR_COUNT(edits))](&pack, &model);
        else if (draw(4) == 0)
            edit_merge(&pack, &model);
        else if (draw(4) == 0)
            edit_prepend_left(&pack, &model);
        else
            edit_insert(&pack, &model);
        pack_room(&pack, listpack_size(pack.bytes));
        edit_form(&pack);
        ck_assert_msg(pack_is_sound(&pack) && model_holds(&model, pack.bytes),
                      "step %d", step);
    }
    model_delete(&model, 0, model.count);
    pack_free(&pack);
}
END_TEST

/* --- Places and reading -------------------------------------------------- */

/* 0 ... count - 1.  Room is made once: the bytes are not moved count times. */
static struct pack pack_of_numbers(size_t count)
{
    struct pack pack = pack_new();

    pack_room(&pack, LISTPACK_EMPTY + count * 6);
    for (size_t i = 0; i < count; i++) {
        struct listpack_element element = listpack_number((int64_t)i);

        listpack_append(pack.bytes, &element, 1);
    }
    pack_room(&pack, listpack_size(pack.bytes));
    return pack;
}

static int64_t number_at(const struct pack *pack, int64_t index)
{
    size_t at = listpack_seek(pack->bytes, index);
    struct listpack_item item = {.number = -1};

    if (at)
        listpack_get(pack->bytes, at, &item);
    return item.number;
}

START_TEST(an_index_counts_from_either_end_and_no_further)
{
    struct pack pack = pack_of_numbers(10);

    /* The second time the header does not know how many there are. */
    for (int round = 0; round < 2; round++) {
        for (int64_t i = 0; i < 10; i++) {
            ck_assert_int_eq(number_at(&pack, i), i);
            ck_assert_int_eq(number_at(&pack, -1 - i), 9 - i);
        }
        ck_assert_uint_eq(listpack_seek(pack.bytes, 10), 0);
        ck_assert_uint_eq(listpack_seek(pack.bytes, -11), 0);
        ck_assert_uint_eq(listpack_seek(pack.bytes, INT64_MAX), 0);
        ck_assert_uint_eq(listpack_seek(pack.bytes, INT64_MIN), 0);
        ck_assert_uint_eq(listpack_count(pack.bytes), 10);
        memcpy(pack.bytes + 4, "\xff\xff", 2);
    }
    pack_free(&pack);
}
END_TEST

START_TEST(an_empty_listpack_has_no_places)
{
    struct pack pack = pack_new();
    struct listpack_element element = listpack_number(1);
    struct listpack_item item;
    size_t at = 0;

    ck_assert_uint_eq(listpack_size(pack.bytes), LISTPACK_EMPTY);
    ck_assert_uint_eq(listpack_count(pack.bytes), 0);
    ck_assert_uint_eq(listpack_first(pack.bytes), 0);
    ck_assert_uint_eq(listpack_last(pack.bytes), 0);
    ck_assert_uint_eq(listpack_seek(pack.bytes, 0), 0);
    ck_assert_uint_eq(listpack_seek(pack.bytes, -1), 0);
    ck_assert_uint_eq(listpack_find(pack.bytes, 0, &element, 0), 0);
    ck_assert_uint_eq(listpack_items(pack.bytes, &at, &item, 1), 0);
    ck_assert_uint_eq(listpack_delete_range(pack.bytes, 0, 5), 0);
    ck_assert_int_eq(CHECK(pack), LISTPACK_SOUND);
    pack_free(&pack);
}
END_TEST

START_TEST(next_and_prev_meet_every_entry)
{
    struct pack pack = pack_of_numbers(300);
    size_t at = listpack_first(pack.bytes), seen = 0;

    for (; at; at = listpack_next(pack.bytes, at), seen++) {
        size_t next = at + listpack_entry_size(pack.bytes, at);

        ck_assert_uint_eq(listpack_prev(pack.bytes, next), at);
    }
    ck_assert_uint_eq(seen, 300);
    pack_free(&pack);
}
END_TEST

START_TEST(items_come_in_batches_and_numbers_stay_numbers)
{
    struct pack pack = pack_of_numbers(10);
    struct listpack_item items[4];
    size_t at = listpack_first(pack.bytes);

    pack_append(&pack, KR_STR("end"));
    ck_assert_uint_eq(listpack_items(pack.bytes, &at, items, 4), 4);
    ck_assert_uint_eq(listpack_items(pack.bytes, &at, items, 4), 4);
    ck_assert(items[3].is_number && items[3].number == 7);
    ck_assert_uint_ne(at, 0);
    ck_assert_uint_eq(listpack_items(pack.bytes, &at, items, 4), 3);
    ck_assert(!items[2].is_number);
    ck_assert(kr_str_equal(items[2].bytes, KR_STR("end")));
    ck_assert_uint_eq(at, 0);
    pack_free(&pack);
}
END_TEST

START_TEST(picks_read_whole_records_and_may_repeat)
{
    static const uint32_t indices[] = {0, 2, 2, 4};
    static const int64_t expected[] = {0, 1, 4, 5, 4, 5, 8, 9};
    struct pack pack = pack_of_numbers(10);
    struct listpack_item items[8];

    listpack_pick(pack.bytes, indices, KR_COUNT(indices), 2, items);
    for (size_t i = 0; i < KR_COUNT(items); i++)
        ck_assert_int_eq(items[i].number, expected[i]);
    pack_free(&pack);
}
END_TEST

START_TEST(a_number_is_found_by_its_text_and_a_prefix_is_not)
{
    struct pack pack = pack_new();
    struct listpack_element number = listpack_element(KR_STR("1000"));
    struct listpack_element other = listpack_element(KR_STR("100"));
    struct listpack_element text = listpack_element(KR_STR("user:1000:name"));
    struct listpack_element near = listpack_element(KR_STR("user:1001:name"));

    pack_append(&pack, KR_STR("user:1000:name"));
    pack_append(&pack, KR_STR("1000"));
    ck_assert_uint_eq(listpack_find(pack.bytes, 6, &text, 0), 6);
    ck_assert_uint_eq(listpack_find(pack.bytes, 6, &near, 0), 0);
    ck_assert_uint_eq(listpack_find(pack.bytes, 6, &number, 0), 22);
    ck_assert_uint_eq(listpack_find(pack.bytes, 6, &number, 1), 0);
    ck_assert_uint_eq(listpack_find(pack.bytes, 6, &other, 0), 0);
    pack_free(&pack);
}
END_TEST

/* Of any size, as short and long ones are not compared by the same means. */
START_TEST(a_text_that_differs_in_one_byte_is_not_found)
{
    char text[40] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLM";
    size_t wrong = 0;

    for (size_t size = 1; size <= sizeof(text); size++) {
        struct pack pack = pack_new();

        pack_append(&pack, kr_str(text, size));
        for (size_t i = 0; i <= size; i++) {
            struct listpack_element element;

            if (i < size)
                text[i] ^= 1;
            element = listpack_element(kr_str(text, size));
            wrong += listpack_equal(pack.bytes, LISTPACK_HEADER, &element) !=
                     (i == size);
            if (i < size)
                text[i] ^= 1;
        }
        pack_free(&pack);
    }
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

START_TEST(what_was_read_is_written_elsewhere_as_it_was)
{
    struct pack from = pack_of_numbers(3), to = pack_new();
    struct listpack_item item;

    pack_append(&from, KR_STR("007"));
    for (size_t at = listpack_first(from.bytes); at;
         at = listpack_next(from.bytes, at)) {
        struct listpack_element element;

        listpack_get(from.bytes, at, &item);
        element = listpack_element_of(&item);
        pack_insert(&to, listpack_end(to.bytes), &element, 1);
    }
    ck_assert(kr_str_equal(pack_str(&from), pack_str(&to)));
    pack_free(&from);
    pack_free(&to);
}
END_TEST

/* --- The count ----------------------------------------------------------- */

START_TEST(a_count_that_the_header_cannot_hold_is_walked_and_comes_back)
{
    struct pack pack = pack_of_numbers(65534);
    uint16_t header;

    memcpy(&header, pack.bytes + 4, 2);
    ck_assert_uint_eq(header, 65534);
    for (int i = 0; i < 3; i++)
        pack_append(&pack, KR_STR("a"));
    memcpy(&header, pack.bytes + 4, 2);
    ck_assert_uint_eq(header, 65535);
    ck_assert_uint_eq(listpack_count(pack.bytes), 65537);
    ck_assert_int_eq(number_at(&pack, 65533), 65533);
    ck_assert_int_eq(number_at(&pack, -4), 65533);
    ck_assert_int_eq(CHECK(pack), LISTPACK_SOUND);
    ck_assert_uint_eq(listpack_delete_range(pack.bytes, -65530, 65530), 65530);
    memcpy(&header, pack.bytes + 4, 2);
    ck_assert_uint_eq(header, 7);
    ck_assert_int_eq(CHECK(pack), LISTPACK_SOUND);
    pack_free(&pack);
}
END_TEST

START_TEST(deleting_the_rest_of_what_nobody_has_counted_says_how_many)
{
    struct pack pack = pack_of_numbers(10);

    memcpy(pack.bytes + 4, "\xff\xff", 2);
    ck_assert_uint_eq(listpack_delete_range(pack.bytes, 2, SIZE_MAX), 8);
    ck_assert_uint_eq(listpack_count(pack.bytes), 2);
    ck_assert_int_eq(CHECK(pack), LISTPACK_SOUND);
    pack_free(&pack);
}
END_TEST

START_TEST(merging_what_nobody_has_counted_counts_it)
{
    struct pack pack = pack_of_numbers(3), other = pack_of_numbers(2);

    memcpy(other.bytes + 4, "\xff\xff", 2);
    pack_room(&pack, listpack_size(pack.bytes) + listpack_size(other.bytes) -
                         LISTPACK_EMPTY);
    listpack_merge(pack.bytes, other.bytes, true);
    ck_assert_mem_eq(pack.bytes + 4, "\5\0", 2);
    ck_assert_int_eq(number_at(&pack, 1), 1);
    ck_assert_int_eq(number_at(&pack, 2), 0);
    pack_free(&pack);
    pack_free(&other);
}
END_TEST

/* --- Sizes --------------------------------------------------------------- */

/* No such text is made: an element only borrows it. */
START_TEST(backlengths_grow_where_redis_has_them_grow)
{
    static const struct {
        size_t text, overhead;
    } rows[] = {
        {63, 1 + 1},         {64, 2 + 1},        {125, 2 + 1},
        {126, 2 + 2},        {4095, 2 + 2},      {4096, 5 + 2},
        {16377, 5 + 2},      {16378, 5 + 3},     {2097145, 5 + 3},
        {2097146, 5 + 4},    {268435449, 5 + 4}, {268435450, 5 + 5},
        {UINT32_MAX, 5 + 5},
    };
    char first = 'x';

    for (size_t i = 0; i < KR_COUNT(rows); i++) {
        struct listpack_element element =
            listpack_element(kr_str(&first, rows[i].text));

        ck_assert_uint_eq(element.size, rows[i].text + rows[i].overhead);
    }
}
END_TEST

START_TEST(numbers_read_back_as_the_same_text)
{
    struct pack pack = pack_new();
    char text[LISTPACK_TEXT], expected[32];
    size_t wrong = 0;

    for (size_t i = 0; i < KR_COUNT(limits); i++) {
        for (int64_t d = -2; d <= 2; d++) {
            int64_t number;
            struct kr_str bytes;
            int size;

            if (__builtin_add_overflow(limits[i], d, &number))
                continue;
            size =
                snprintf(expected, sizeof(expected), "%lld", (long long)number);
            pack_append(&pack, kr_str(expected, (size_t)size));
            bytes = listpack_bytes(pack.bytes, listpack_last(pack.bytes), text);
            wrong += !kr_str_equal(bytes, kr_str(expected, (size_t)size));
            wrong += number_at(&pack, -1) != number;
        }
    }
    ck_assert_uint_eq(wrong, 0);
    ck_assert_int_eq(CHECK(pack), LISTPACK_SOUND);
    pack_free(&pack);
}
END_TEST

/* --- Hostile and foreign bytes ------------------------------------------- */

#define ROW(bytes)                                                             \
    {                                                                          \
        bytes, sizeof(bytes) - 1                                               \
    }

static const struct kr_str broken[] = {
    ROW(""),
    ROW("\7\0\0\0\0\0"),
    ROW("\6\0\0\0\0\0"),
    ROW("\7\0\0\0\0\0\0"),                   /* no end */
    ROW("\x8\0\0\0\0\0\xff"),                /* too large a size */
    ROW("\6\0\0\0\0\0\xff"),                 /* too small */
    ROW("\7\0\0\0\1\0\xff"),                 /* counts one that is not there */
    ROW("\x9\0\0\0\0\0\1\1\xff"),            /* or none that is */
    ROW("\x9\0\0\0\1\0\1\2\xff"),            /* wrong backlength */
    ROW("\x9\0\0\0\1\0\1\x81\xff"),          /* one that goes on */
    ROW("\x8\0\0\0\1\0\1\xff"),              /* none */
    ROW("\x9\0\0\0\1\0\xf5\1\xff"),          /* no such head */
    ROW("\xe\0\0\0\1\0\xf5\1\0\0\0x\6\xff"), /* nor with a size behind */
    ROW("\xe\0\0\0\1\0\xfe\1\0\0\0x\6\xff"),
    ROW("\xe\0\0\0\1\0\xff\1\0\0\0x\6\xff"),
    ROW("\x9\0\0\0\1\0\xff\1\xff"),               /* the end too early */
    ROW("\x9\0\0\0\1\0\xbf\x40\xff"),             /* text past the end */
    ROW("\x9\0\0\0\1\0\x81\2\xff"),               /* that has the end's byte */
    ROW("\x8\0\0\0\1\0\xc0\xff"),                 /* a head cut off */
    ROW("\x8\0\0\0\1\0\xe1\xff"),                 /* of a text */
    ROW("\xa\0\0\0\1\0\xf0\xff\xff\xff"),         /* of a long one */
    ROW("\xc\0\0\0\1\0\xf0\xff\xff\xff\xff\xff"), /* 4 GiB past the end */
    ROW("\xe\0\0\0\1\0\xf4\1\2\3\4\5\6\xff"),     /* a number cut off */
};

START_TEST(broken_bytes_are_refused)
{
    struct pack pack = pack_of(broken[_i].data, broken[_i].size);

    ck_assert_int_eq(listpack_check(kr_str(pack.bytes, broken[_i].size)),
                     LISTPACK_BROKEN);
    pack_free(&pack);
}
END_TEST

/* Never more than their own bytes are read (a sanitizer would see), and what
 * passes can be walked. */
START_TEST(one_wrong_byte_is_refused_or_harmless)
{
    struct pack pack = pack_of_numbers(5);
    struct kr_str bytes;
    size_t at, refused = 0;

    pack_append(&pack, KR_STR("some text"));
    pack_append(&pack, KR_STR("1234567890"));
    pack_append(&pack, text_of('x', 70));
    bytes = pack_str(&pack);
    for (size_t i = 0; i < bytes.size; i++) {
        uint8_t old = (uint8_t)pack.bytes[i];

        for (unsigned value = 0; value < 256; value++) {
            pack.bytes[i] = (char)value;
            if (listpack_check(bytes) == LISTPACK_BROKEN) {
                refused++;
                continue;
            }
            for (at = listpack_last(pack.bytes); at;
                 at = listpack_prev(pack.bytes, at))
                ck_assert_uint_lt(at, bytes.size);
        }
        pack.bytes[i] = (char)old;
    }
    ck_assert_uint_gt(refused, 5000); /* heads, backlengths, header */
    pack_free(&pack);
}
END_TEST

/* Redis accepts them, so we do, and write them as we would have. */
static const struct {
    struct kr_str bytes, canonical;
} foreign[] = {
    /* 5 in two bytes, "7" and "-12" as texts, 1 in eight bytes */
    {ROW("\xb\0\0\0\1\0\xf1\5\0\3\xff"), ROW("\x9\0\0\0\1\0\5\1\xff")},
    {ROW("\xa\0\0\0\1\0\x81"
         "7\2\xff"),
     ROW("\x9\0\0\0\1\0\7\1\xff")},
    {ROW("\xc\0\0\0\1\0\x83-12\4\xff"), ROW("\xa\0\0\0\1\0\xdf\xf4\2\xff")},
    {ROW("\x13\0\0\0\2\0\xf4\1\0\0\0\0\0\0\0\x9\2\1\xff"),
     ROW("\xb\0\0\0\2\0\1\1\2\1\xff")},
    /* "ab" with longer heads, and something behind it */
    {ROW("\xe\0\0\0\2\0\xe0\2"
         "ab\4\1\1\xff"),
     ROW("\xd\0\0\0\2\0\x82"
         "ab\3\1\1\xff")},
    {ROW("\x11\0\0\0\2\0\xf0\2\0\0\0"
         "ab\7\1\1\xff"),
     ROW("\xd\0\0\0\2\0\x82"
         "ab\3\1\1\xff")},
};

START_TEST(foreign_bytes_are_made_canonical_in_place)
{
    struct pack pack = pack_of(foreign[_i].bytes.data, foreign[_i].bytes.size);

    ck_assert_int_eq(CHECK(pack), LISTPACK_FOREIGN);
    listpack_canonise(pack.bytes);
    ck_assert(kr_str_equal(pack_str(&pack), foreign[_i].canonical));
    ck_assert_int_eq(CHECK(pack), LISTPACK_SOUND);
    pack_free(&pack);
}
END_TEST

START_TEST(a_sound_listpack_is_canonical_already)
{
    struct pack pack = pack_of_numbers(200), same;

    pack_append(&pack, text_of('y', 5000));
    pack_append(&pack, KR_STR("last"));
    same = pack_of(pack.bytes, listpack_size(pack.bytes));
    listpack_canonise(same.bytes);
    ck_assert(kr_str_equal(pack_str(&pack), pack_str(&same)));
    pack_free(&pack);
    pack_free(&same);
}
END_TEST

/* --- Redis's bytes ------------------------------------------------------- */

static struct kr_str dump_bytes(const struct dump_piece *pieces, size_t size)
{
    char *bytes = malloc(size + 1), *p = bytes;

    for (; p < bytes + size; pieces++) {
        for (size_t i = 0; i < pieces->times; i++) {
            memcpy(p, pieces->bytes, pieces->size);
            p += pieces->size;
        }
    }
    ck_assert_ptr_eq(p, bytes + size);
    return kr_str(bytes, size);
}

START_TEST(elements_become_the_bytes_that_redis_writes)
{
    const struct listpack_dump *dump = &listpack_dumps[_i];
    struct kr_str bytes = dump_bytes(dump->bytes, dump->size);
    struct pack pack = pack_new();
    struct model model = {.count = 0};

    for (size_t i = 0; i < dump->count; i++) {
        const struct dump_piece *piece = &dump->elements[i];
        struct kr_str text = dump_bytes(piece, piece->size * piece->times);

        pack_append(&pack, text);
        model_insert(&model, i, text);
        free((char *)text.data);
    }
    ck_assert_msg(kr_str_equal(pack_str(&pack), bytes), "%s", dump->name);
    ck_assert_int_eq(listpack_check(bytes), LISTPACK_SOUND);
    ck_assert(model_holds(&model, bytes.data));
    model_delete(&model, 0, model.count);
    pack_free(&pack);
    free((char *)bytes.data);
}
END_TEST

START_TEST(more_entries_than_the_header_counts_are_as_in_redis)
{
    struct pack pack = pack_new();
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    struct kr_str bytes;

    pack_room(&pack, DUMP_MANY_SIZE);
    for (int64_t i = 0; i < DUMP_MANY; i++) {
        struct listpack_element pair[] = {listpack_number(i),
                                          listpack_number(i)};

        listpack_append(pack.bytes, pair, 2);
    }
    bytes = pack_str(&pack);
    for (size_t i = 0; i < bytes.size; i++)
        sum = (sum ^ (uint8_t)bytes.data[i]) * UINT64_C(0x100000001b3);
    ck_assert_uint_eq(bytes.size, DUMP_MANY_SIZE);
    ck_assert(sum == DUMP_MANY_SUM);
    ck_assert_uint_eq(listpack_count(pack.bytes), 2 * DUMP_MANY);
    pack_free(&pack);
}
END_TEST

Suite *listpack_suite(void)
{
    Suite *suite = suite_create("listpack");
    TCase *tcase = tcase_create("listpack");

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, any_edits_leave_what_a_plain_array_would_hold, 0,
                        8);
    tcase_add_test(
        tcase,
        the_short_form_takes_three_bytes_less_and_leaves_those_before_it);
    tcase_add_test(tcase, the_largest_short_form_knows_its_size_and_count);
    tcase_add_test(tcase, a_short_form_counts_what_nobody_has_counted);
    tcase_add_test(tcase, an_index_counts_from_either_end_and_no_further);
    tcase_add_test(tcase, an_empty_listpack_has_no_places);
    tcase_add_test(tcase, next_and_prev_meet_every_entry);
    tcase_add_test(tcase, items_come_in_batches_and_numbers_stay_numbers);
    tcase_add_test(tcase, picks_read_whole_records_and_may_repeat);
    tcase_add_test(tcase, a_number_is_found_by_its_text_and_a_prefix_is_not);
    tcase_add_test(tcase, a_text_that_differs_in_one_byte_is_not_found);
    tcase_add_test(tcase, what_was_read_is_written_elsewhere_as_it_was);
    tcase_add_test(
        tcase, a_count_that_the_header_cannot_hold_is_walked_and_comes_back);
    tcase_add_test(tcase,
                   deleting_the_rest_of_what_nobody_has_counted_says_how_many);
    tcase_add_test(tcase, merging_what_nobody_has_counted_counts_it);
    tcase_add_test(tcase, backlengths_grow_where_redis_has_them_grow);
    tcase_add_test(tcase, numbers_read_back_as_the_same_text);
    tcase_add_loop_test(tcase, broken_bytes_are_refused, 0,
                        (int)KR_COUNT(broken));
    tcase_add_test(tcase, one_wrong_byte_is_refused_or_harmless);
    tcase_add_loop_test(tcase, foreign_bytes_are_made_canonical_in_place, 0,
                        (int)KR_COUNT(foreign));
    tcase_add_test(tcase, a_sound_listpack_is_canonical_already);
    tcase_add_loop_test(tcase, elements_become_the_bytes_that_redis_writes, 0,
                        (int)KR_COUNT(listpack_dumps));
    tcase_add_test(tcase, more_entries_than_the_header_counts_are_as_in_redis);
    suite_add_tcase(suite, tcase);
    return suite;
}
