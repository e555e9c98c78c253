/* SPDX-License-Identifier: BSD-3-Clause */
/* check_stream - ids, nodes, entries and groups of modules/stream against plain
 * models.  Nodes are small, so that their borders are everywhere. */
#include "modules/stream/entries.h"
#include "modules/stream/group.h"
#include "modules/stream/module.h"
#include "tests/unit/modules/structure.h"
#include "tests/unit/suites.h"

#define NODE_ENTRIES 5
#define MODEL_MAX    400
#define STEPS        6000

static struct account account;
const struct structure_host stream_host = {account_alloc, account_free, NULL,
                                           &account};
int64_t stream_node_max_bytes = 4096;
int64_t stream_node_max_entries = NODE_ENTRIES;

/* --- Ids ----------------------------------------------------------------- */

static const struct {
    const char *text;
    bool good;
    uint64_t ms, seq;
    uint32_t allowed;
} typed[] = {
    {"5-3", true, 5, 3, 0},
    {"5", true, 5, 77, 0},
    {"05-003", true, 5, 3, 0},
    {" 5-+3", true, 5, 3, 0},
    {"5--0", true, 5, 0, 0},
    {"5--01", true, 5, UINT64_MAX, 0},
    {"5--1", false, 0, 0, 0},
    {"18446744073709551615-18446744073709551615", true, UINT64_MAX, UINT64_MAX,
     0},
    {"18446744073709551616", false, 0, 0, 0},
    {"5-", false, 0, 0, 0},
    {"-5", false, 0, 0, 0},
    {"", false, 0, 0, 0},
    {"-", false, 0, 0, 0},
    {"+", false, 0, 0, 0},
    {"-", true, 0, 0, ID_ENDS},
    {"+", true, UINT64_MAX, UINT64_MAX, ID_ENDS},
    {"5-*", false, 0, 0, 0},
    {"5-*", true, 5, 0, ID_AUTO},
    {"*", false, 0, 0, ID_AUTO},
    {"5-3x", false, 0, 0, 0},
};

START_TEST(an_id_is_read_as_it_is_typed)
{
    struct stream_id id;
    bool automatic;

    must(id_parse(kr_cstr(typed[_i].text), typed[_i].allowed, 77, &id,
                  &automatic) == typed[_i].good);
    if (!typed[_i].good)
        return;
    ck_assert_uint_eq(id.ms, typed[_i].ms);
    ck_assert_uint_eq(id.seq, typed[_i].seq);
    must(automatic == (strcmp(typed[_i].text, "5-*") == 0));
}
END_TEST

START_TEST(an_id_has_one_before_and_one_behind_but_at_the_ends)
{
    struct stream_id id = {5, UINT64_MAX};

    must(id_next(&id) && id.ms == 6 && id.seq == 0);
    must(id_previous(&id) && id.ms == 5 && id.seq == UINT64_MAX);
    id = ID_MAX;
    must(!id_next(&id) && id_is_zero(id));
    must(!id_previous(&id) && id_compare(id, ID_MAX) == 0);
}
END_TEST

START_TEST(keys_and_scores_are_ordered_as_ids_are)
{
    static const uint64_t numbers[] = {
        0, 1, 255, 256, 1ull << 53, (1ull << 53) + 1, UINT64_MAX};
    size_t n = KR_COUNT(numbers);

    for (size_t i = 0; i < n * n * n * n; i++) {
        struct stream_id a = {numbers[i % n], numbers[i / n % n]};
        struct stream_id b = {numbers[i / n / n % n], numbers[i / n / n / n]};
        char x[ID_KEY], y[ID_KEY];
        int order = id_compare(a, b), bytes;

        id_to_key(a, x);
        id_to_key(b, y);
        bytes = memcmp(x, y, ID_KEY);
        must((bytes < 0) == (order < 0) && (bytes > 0) == (order > 0));
        must(order >= 0 || id_score(a) <= id_score(b));
        must(id_compare(id_from_key(x), a) == 0);
    }
}
END_TEST

/* --- Entries ------------------------------------------------------------- */

struct row {
    struct stream_id id;
    uint32_t shape; /* what its words are */
};

static struct row model[MODEL_MAX];
static size_t model_count;
static bool
    disordered; /* ids may have gone on below those of deleted entries */
static struct stream *s;

/* The words of an entry follow from its shape: how many, which fields, numbers
 * or not, short or long. */
static size_t shape_words(uint32_t shape, struct kr_str *words, char *texts)
{
    size_t pairs = 1 + shape % 3 + (shape % 31 == 0 ? 40 : 0);

    for (size_t i = 0; i < 2 * pairs; i++) {
        char *text = texts + i * 128;
        int size;

        if (i % 2 == 0)
            size = snprintf(text, 128, "field%u",
                            (unsigned)(i / 2 + shape / 3 % 2));
        else if (shape % 5 == 0)
            size = snprintf(text, 128, "%lld",
                            (long long)mix(shape + i) >> shape % 64);
        else
            size = snprintf(text, 128, "%0*u", (int)(shape % 90), shape);
        words[i] = kr_str(text, (size_t)size);
    }
    return pairs;
}

static void entries_setup(void)
{
    seed_set("stream");
    memset(&account, 0, sizeof(account));
    s = entries_new();
    model_count = 0;
    disordered = false;
}

static void entries_teardown(void)
{
    entries_free(s);
    ck_assert_uint_eq(account.blocks, 0);
}

static void add(void)
{
    struct kr_str words[100];
    char texts[100 * 128];
    struct stream_id id = s->last;
    uint32_t shape = (uint32_t)chance(1000);
    size_t pairs = shape_words(shape, words, texts);

    if (model_count == MODEL_MAX)
        return;
    id_next(&id);
    if (chance(3) == 0)
        id = (struct stream_id){id.ms + chance(UINT64_C(1) << chance(40)),
                                chance(9)};
    if (id_compare(id, s->last) <= 0)
        return;
    entries_append(s, id, pairs, words);
    model[model_count++] = (struct row){id, shape};
}

static void drop(size_t at, size_t count)
{
    model_count -= count;
    memmove(model + at, model + at + count,
            (model_count - at) * sizeof(*model));
}

static void delete (void)
{
    struct stream_id id;
    size_t at;

    if (model_count == 0)
        return;
    at = chance(model_count);
    id = model[at].id;
    if (chance(5) == 0) {
        id.seq += 1000;
        must(!entries_delete(s, id));
        return;
    }
    must(entries_delete(s, id));
    must(!entries_delete(s, id));
    must(id_compare(s->deleted, id) >= 0);
    drop(at, 1);
}

static void trim(void)
{
    struct entries_trim how = {.whole = chance(2)};
    size_t wanted = 0, gone;
    struct waste waste;

    how.length = chance(model_count + 3);
    if (how.whole && chance(2))
        how.limit = 1 + chance(20);
    if (chance(2) && model_count > 0) {
        how.by_id = true;
        how.id = model[chance(model_count)].id;
        how.id.seq += chance(2);
        while (wanted < model_count && id_compare(model[wanted].id, how.id) < 0)
            wanted++;
    } else if (model_count > how.length) {
        wanted = model_count - how.length;
    }
    gone = entries_trim(s, &how, &waste);
    waste_free(&waste);
    must(gone <= wanted);
    must(!how.limit || gone <= how.limit);
    /* Before a deleted entry of a higher id an exact trim by id stops, as it
     * does in Redis: the model does not know where such are. */
    must(how.whole || gone == wanted || (how.by_id && disordered));
    must(how.limit || wanted - gone < NODE_ENTRIES);
    drop(0, gone);
}

/* After XSETID ids may go on below those of what was deleted. */
static void go_back(void)
{
    if (!entries_last(s, &s->last))
        s->last = ID_MIN;
    disordered = model_count > 0; /* the last node may hold deleted ones */
}

static void compare_entry(struct entries_walk *walk, const struct row *row)
{
    struct kr_str words[100];
    char texts[100 * 128], text[2][LISTPACK_TEXT];
    size_t pairs = shape_words(row->shape, words, texts);

    must(id_compare(walk->entry.id, row->id) == 0);
    must((size_t)walk->entry.fields == pairs);
    if (chance(3) == 0)
        pairs = chance(pairs + 1); /* what is not read is stepped over */
    for (size_t i = 0; i < pairs; i++) {
        struct listpack_item field, value;

        stream_node_pair(walk->node, &walk->entry, &field, &value);
        must(kr_str_equal(listpack_item_bytes(&field, text[0]), words[2 * i]));
        must(kr_str_equal(listpack_item_bytes(&value, text[1]),
                          words[2 * i + 1]));
    }
}

static struct stream_id some_id(void)
{
    struct stream_id id = {chance(1000), chance(5)};

    if (model_count > 0 && chance(4))
        id = model[chance(model_count)].id;
    return id;
}

static void compare_range(struct stream_id from, struct stream_id to)
{
    struct entries_walk walk;
    size_t at = 0, end;

    while (at < model_count && id_compare(model[at].id, from) < 0)
        at++;
    entries_begin(&walk, s, from, to, false);
    for (end = at; end < model_count && id_compare(model[end].id, to) <= 0;
         end++) {
        must(entries_next(&walk));
        compare_entry(&walk, &model[end]);
    }
    must(!entries_next(&walk));
    entries_begin(&walk, s, from, to, true);
    while (end-- > at) {
        must(entries_next(&walk));
        compare_entry(&walk, &model[end]);
    }
    must(!entries_next(&walk));
}

static void compare_all(void)
{
    const char *fault = entries_check(s);
    struct stream_id last;

    if (fault)
        ck_abort_msg("%s", fault);
    ck_assert_uint_eq(s->length, model_count);
    must(entries_last(s, &last) == (model_count > 0));
    if (model_count > 0) {
        must(id_compare(last, model[model_count - 1].id) == 0);
        must(id_compare(s->first, model[0].id) == 0);
    } else {
        must(id_is_zero(s->first));
    }
}

START_TEST(entries_are_those_of_a_plain_list)
{
    for (int i = 0; i < STEPS; i++) {
        size_t what = chance(100);

        if (what < 70)
            add();
        else if (what < 90)
            delete ();
        else if (what < 96 || model_count < MODEL_MAX / 2)
            compare_range(some_id(), some_id());
        else if (what < 98)
            trim();
        else
            go_back();
        compare_all();
    }
    compare_range(ID_MIN, ID_MAX);
}
END_TEST

START_TEST(short_streams_are_trimmed_often)
{
    for (int i = 0; i < STEPS; i++) {
        size_t what = chance(100);

        if (what < 60)
            add();
        else if (what < 75)
            delete ();
        else if (what < 95)
            trim();
        else
            go_back();
        compare_all();
    }
}
END_TEST

START_TEST(a_copy_has_the_same_entries_and_lives_alone)
{
    struct stream *first = s;

    for (int i = 0; i < 200; i++)
        add();
    s = entries_copy(first);
    entries_free(first);
    compare_all();
    compare_range(ID_MIN, ID_MAX);
    add();
    delete ();
    compare_all();
}
END_TEST

START_TEST(a_full_node_has_no_spare_room)
{
    struct tree_place at;
    struct tree_entry entry;

    for (int i = 0; i < 300; i++)
        add();
    tree_seek(&s->nodes, 0, &at);
    while (tree_forward(&at, &entry, 1))
        must(stream_node_of(entry.item) == s->tail ||
             !stream_node_is_loose(stream_node_of(entry.item)));
}
END_TEST

/* --- Bytes from outside -------------------------------------------------- */

/* Walk a node that was found sound, as all readers do. */
static uint64_t count_live(const struct node *node)
{
    struct node_entry entry;
    struct node_head head;
    uint64_t live = 0, back = 0, all = 0;
    size_t at;

    stream_node_head(node, &head);
    for (at = stream_node_first(node, &head); at;
         at = stream_node_next(node, &entry)) {
        stream_node_read(node, &head, at, &entry);
        live += !(entry.flags & NODE_DEAD);
        all++;
        if (all % 2)
            continue;
        while (entry.left > 0) {
            struct listpack_item field, value;

            stream_node_pair(node, &entry, &field, &value);
        }
    }
    for (at = stream_node_before(node, 0); at;
         at = stream_node_before(node, at))
        back++;
    must(all == back);
    return live;
}

START_TEST(a_node_with_a_wrong_byte_is_refused_or_sound)
{
    struct node *node;
    struct kr_str bytes;
    int refused = 0;

    for (int i = 0; i < NODE_ENTRIES; i++)
        add();
    entries_delete(s, model[1].id);
    node = s->tail;
    bytes = stream_node_bytes(node);
    for (size_t i = 0; i < bytes.size; i++) {
        for (unsigned value = 0; value < 256; value++) {
            unsigned char was = node->listpack[i];
            struct stream_id last = ID_MIN;
            uint64_t live;

            node->listpack[i] = (unsigned char)value;
            if (listpack_check(bytes) == LISTPACK_BROKEN ||
                !stream_node_check(stream_node_id(node), node->listpack, &live,
                                   &last))
                refused++;
            else
                must(count_live(node) == live);
            node->listpack[i] = was;
        }
    }
    must(refused > 1000);
    must(entries_check(s) == NULL);
}
END_TEST

/* --- Groups -------------------------------------------------------------- */

#define IDS       200
#define CONSUMERS 4

static struct tree *groups;
static int owners[IDS]; /* 0: not pending; else the consumer's number */

static struct kr_str consumer_word(int number, char *text)
{
    return kr_str(text, (size_t)snprintf(text, 16, "c%d", number));
}

static struct consumer *consumer_get(struct group *group, int number)
{
    char text[16];
    struct kr_str name = consumer_word(number, text);
    struct consumer *consumer = consumer_find(group, name);

    return consumer ? consumer : consumer_add(group, name, 0);
}

static struct stream_id group_id(size_t i)
{
    return (struct stream_id){i / 7, i % 7};
}

static void group_step(struct group *group)
{
    size_t i = chance(IDS);
    int number = 1 + (int)chance(CONSUMERS);
    struct pending *pending = pel_find(group, group_id(i));

    must((pending != NULL) == (owners[i] != 0));
    if (chance(200) == 0) {
        consumer_remove(group, consumer_get(group, number));
        for (size_t k = 0; k < IDS; k++)
            owners[k] = owners[k] == number ? 0 : owners[k];
    } else if (!pending) {
        pel_add(group, consumer_get(group, number), group_id(i));
        owners[i] = number;
    } else if (chance(2)) {
        pel_assign(pending, consumer_get(group, number));
        owners[i] = number;
    } else {
        must(pel_remove(group, group_id(i)));
        must(!pel_remove(group, group_id(i)));
        owners[i] = 0;
    }
}

static void group_compare(const struct group *group)
{
    const char *fault = group_check(group);
    struct tree_place at;
    struct pending *pending;

    if (fault)
        ck_abort_msg("%s", fault);
    pel_seek(&group->pending, ID_MIN, &at);
    for (size_t i = 0; i < IDS; i++) {
        char text[16];

        if (owners[i] == 0)
            continue;
        must((pending = pel_next(&at)));
        must(id_compare(pel_id(pending), group_id(i)) == 0);
        must(kr_str_equal(consumer_name(pending->owner),
                          consumer_word(owners[i], text)));
    }
    must(!pel_next(&at));
}

START_TEST(a_pending_entry_is_in_both_indexes)
{
    struct group *group = group_add(&groups, KR_STR("group"), ID_MIN, 0);
    struct tree *copies;

    memset(owners, 0, sizeof(owners));
    for (int i = 0; i < STEPS; i++) {
        group_step(group);
        if (i % 50 == 0)
            group_compare(group);
    }
    copies = groups_copy(groups);
    groups_free(groups);
    groups = copies;
    group = group_find(groups, KR_STR("group"));
    must(group != NULL);
    group_compare(group);
    group_remove(groups, group);
    must(!group_find(groups, KR_STR("group")));
    group_free(group);
    groups_free(groups);
    groups = NULL;
}
END_TEST

Suite *stream_suite(void)
{
    Suite *suite = suite_create("stream");
    TCase *ids = tcase_create("ids"), *entries = tcase_create("entries");

    tcase_add_loop_test(ids, an_id_is_read_as_it_is_typed, 0,
                        (int)KR_COUNT(typed));
    tcase_add_test(ids, an_id_has_one_before_and_one_behind_but_at_the_ends);
    tcase_add_test(ids, keys_and_scores_are_ordered_as_ids_are);
    suite_add_tcase(suite, ids);
    tcase_set_timeout(entries, 60);
    tcase_add_checked_fixture(entries, entries_setup, entries_teardown);
    tcase_add_test(entries, entries_are_those_of_a_plain_list);
    tcase_add_test(entries, short_streams_are_trimmed_often);
    tcase_add_test(entries, a_copy_has_the_same_entries_and_lives_alone);
    tcase_add_test(entries, a_full_node_has_no_spare_room);
    tcase_add_test(entries, a_node_with_a_wrong_byte_is_refused_or_sound);
    tcase_add_test(entries, a_pending_entry_is_in_both_indexes);
    suite_add_tcase(suite, entries);
    return suite;
}
