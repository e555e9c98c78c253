/* SPDX-License-Identifier: BSD-3-Clause */
/* kinds - values of the server's own types, through what their modules offer:
 * kr_strings, kr_lists, kr_sets, kr_hashes, kr_zsets, kr_streams.
 *
 *     KINDS.CHECK key             works on that key, which is gone then */
#include "sample.h"

#include <kr/hash.h>
#include <kr/list.h>
#include <kr/set.h>
#include <kr/stream.h>
#include <kr/string.h>
#include <kr/zset.h>

KR_USES(kr_hashes);
KR_USES(kr_keyspace);
KR_USES(kr_lists);
KR_USES(kr_sets);
KR_USES(kr_streams);
KR_USES(kr_strings);
KR_USES(kr_zsets);

#define A KR_STR("a")
#define B KR_STR("b")
#define C KR_STR("c")

static void each_element(void *ctx, const struct kr_element *element)
{
    (void)element;
    ++*(uint64_t *)ctx;
}

static void check_strings(kr_db *db, struct kr_str key, struct kr_cell *cell)
{
    char scratch[KR_INT64_TEXT], *bytes;

    CHECK(kr_strings->put(db, key, 0, KR_STR("12"), cell));
    CHECK(kr_strings->is_string(cell));
    CHECK(kr_str_equal(kr_strings->view(cell, scratch), KR_STR("12")));
    bytes = kr_strings->edit(cell, 5);
    CHECK(bytes && memcmp(bytes, "12\0\0\0", 5) == 0);
    bytes = kr_strings->resize(cell, 1);
    CHECK(kr_strings->view(cell, scratch).size == 1);
    CHECK(kr_strings->create(db, key, 0, 3, cell) != NULL);
    CHECK(kr_strings->view(cell, scratch).size == 3);
}

static void check_lists(kr_db *db, struct kr_str key, struct kr_cell *cell)
{
    const struct kr_str items[] = {A, B};
    struct kr_walk walk;

    kr_lists->put(db, key, 2, items, cell);
    CHECK(kr_lists->is_list(cell));
    kr_lists->push(cell, true, 1, &items[1]);
    CHECK(kr_lists->count(cell) == 3);
    CHECK(kr_lists->set(cell, 0, C) == KR_OK);
    CHECK(kr_lists->set(cell, 3, C) == KR_ERANGE);
    CHECK(kr_lists->insert(cell, 1, A) == KR_OK); /* c a a b */
    CHECK(kr_lists->remove(cell, -1) == KR_OK);   /* c a a */
    kr_lists->walk(cell, -1, true, &walk);
    CHECK(kr_lists->next(&walk) && walk.count == 3);
    CHECK(kr_str_equal(walk.item[2], C));
    CHECK(!kr_lists->next(&walk));
    CHECK(kr_lists->drop(cell, true, 2) == 1);
}

static void check_sets(kr_db *db, struct kr_str key, struct kr_cell *cell)
{
    const struct kr_str members[] = {A, B, A};
    struct kr_walk walk;
    uint64_t seen = 0;

    kr_sets->put(db, key, 3, members, cell);
    CHECK(kr_sets->is_set(cell) && kr_sets->count(cell) == 2);
    CHECK(kr_sets->add(cell, C) && !kr_sets->add(cell, C));
    CHECK(kr_sets->contains(cell, C));
    CHECK(kr_sets->remove(cell, A) && !kr_sets->remove(cell, A));
    kr_sets->walk(cell, &walk);
    CHECK(kr_sets->next(&walk) && walk.count == 2 && !kr_sets->next(&walk));
    CHECK(kr_sets->scan(cell, 0, each_element, &seen) == 0 && seen == 2);
}

static void check_hashes(kr_db *db, struct kr_str key, struct kr_cell *cell)
{
    const struct kr_str pairs[] = {A, B, B, C};
    char scratch[KR_INT64_TEXT];
    struct kr_walk walk;
    struct kr_str value;
    uint64_t seen = 0;
    int64_t when_ms;

    kr_hashes->put(db, key, 2, pairs, cell);
    CHECK(kr_hashes->is_hash(cell) && kr_hashes->count(cell) == 2);
    CHECK(kr_hashes->get(cell, A, scratch, &value) && kr_str_equal(value, B));
    CHECK(!kr_hashes->get(cell, C, scratch, &value));
    CHECK(kr_hashes->set(cell, C, KR_STR("1")) && !kr_hashes->set(cell, C, A));
    CHECK(kr_hashes->set_expiry(cell, C, INT64_C(1) << 42));
    CHECK(kr_hashes->expiry(cell, C, &when_ms) && when_ms == INT64_C(1) << 42);
    CHECK(kr_hashes->expiry(cell, A, &when_ms) && when_ms == KR_NO_EXPIRY);
    CHECK(kr_hashes->remove(cell, B));
    kr_hashes->walk(cell, &walk);
    CHECK(kr_hashes->next(&walk) && walk.count == 2 && !kr_hashes->next(&walk));
    CHECK(kr_hashes->scan(cell, 0, each_element, &seen) == 0 && seen == 2);
}

static void check_zsets(kr_db *db, struct kr_str key, struct kr_cell *cell)
{
    const struct kr_scored members[] = {{A, 1}, {B, 2}};
    const struct kr_score_range range = {2, 3, false, true};
    const struct kr_member_range all = {NULL, NULL, false, false};
    struct kr_walk walk;
    uint64_t at, seen = 0;
    double score;

    kr_zsets->put(db, key, 2, members, cell);
    CHECK(kr_zsets->is_zset(cell) && kr_zsets->count(cell) == 2);
    CHECK(kr_zsets->add(cell, C, 2.5) == KR_ZSET_ADDED);
    CHECK(kr_zsets->add(cell, A, 0.5) == KR_ZSET_UPDATED);
    CHECK(kr_zsets->add(cell, A, 0.5) == KR_ZSET_SAME);
    CHECK(kr_zsets->score(cell, C, &score) && score == 2.5);
    CHECK(kr_zsets->position(cell, C, &at) && at == 2);
    CHECK(kr_zsets->seek(cell, &range, &at) == 2 && at == 1);
    CHECK(kr_zsets->seek_members(cell, &all, &at) == 3);
    kr_zsets->walk(cell, 0, false, &walk);
    CHECK(kr_zsets->next(&walk) && walk.count == 3 && walk.score[0] == 0.5);
    CHECK(kr_zsets->scan(cell, 0, each_element, &seen) == 0 && seen == 3);
    CHECK(kr_zsets->remove(cell, A));
    CHECK(kr_zsets->remove_range(cell, 0, 1) == 1);
}

static void check_streams(kr_db *db, struct kr_str key, struct kr_cell *cell)
{
    const struct kr_str words[] = {A, B};
    struct kr_stream_id id = kr_stream_id(5, 1), last;
    struct kr_stream_walk walk;

    kr_streams->put(db, key, cell);
    CHECK(kr_streams->is_stream(cell) && kr_streams->count(cell) == 0);
    CHECK(kr_streams->add(cell, &id, 1, words) == KR_OK);
    CHECK(kr_streams->add(cell, &id, 1, words) == KR_ERANGE);
    id = kr_stream_id(5, 2);
    CHECK(kr_streams->add(cell, &id, 1, words) == KR_OK);
    last = kr_streams->last_id(cell);
    CHECK(last.ms == 5 && last.seq == 2);
    kr_streams->walk(cell, KR_STREAM_MIN, KR_STREAM_MAX, true, &walk);
    CHECK(kr_streams->next(&walk) && walk.id.seq == 2 && walk.pairs == 1);
    CHECK(kr_streams->remove(cell, id));
    id = kr_stream_id(6, 0);
    CHECK(kr_streams->add(cell, &id, 1, words) == KR_OK);
    CHECK(kr_streams->keep_last(cell, 1) == 1);
    CHECK(kr_streams->keep_from(cell, kr_stream_id(7, 0)) == 1);
    CHECK(kr_streams->keep_about_last(cell, 1) == 0);
    CHECK(kr_streams->keep_about_from(cell, kr_stream_id(7, 0)) == 0);
}

static void check(struct kr_call *call)
{
    struct kr_str key = call->argv[1];
    struct kr_cell cell;

    CHECK(kr_strings->fits(call, 1));
    check_strings(call->db, key, &cell);
    check_lists(call->db, key, &cell);
    check_sets(call->db, key, &cell);
    check_hashes(call->db, key, &cell);
    check_zsets(call->db, key, &cell);
    check_streams(call->db, key, &cell);
    kr_keyspace->erase(&cell, false);
    kr_keyspace->changed(call, call->db, key, KR_CLASS_MODULE,
                         KR_STR("kinds.check"));
    sample_reply(call->reply);
}

static const struct kr_key_spec write_key[] = {
    KR_KEY(KR_KEY_RM | KR_KEY_DELETE, 1, 0, 1)};
static const struct kr_command commands[] = {
    {.name = "kinds.check",
     .run = check,
     .arity = 2,
     .flags = KR_CMD_WRITE,
     .keys = KR_ROWS(write_key)},
};
static const struct kr_import imports[] = {
    KR_NEED(kr_hashes), KR_NEED(kr_keyspace), KR_NEED(kr_lists),
    KR_NEED(kr_sets),   KR_NEED(kr_streams),  KR_NEED(kr_strings),
    KR_NEED(kr_zsets),
};

KR_MODULE(.name = "kinds", .version = 100, .licence = "BSD-3-Clause",
          .flags = KR_MODULE_CAN_UNLOAD | KR_MODULE_CAN_UPGRADE,
          .imports = KR_ROWS(imports), .commands = KR_ROWS(commands));
