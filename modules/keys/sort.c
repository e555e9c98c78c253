/* SPDX-License-Identifier: BSD-3-Clause */
/* sort - SORT and SORT_RO: the elements of a list, a set or a sorted set in
 * another order, or what other keys say of each.
 *
 *   read      the words
 *   load      copy the elements: to look at another key may remove one that has
 *             expired, and then no cell is good any more
 *   weigh     a number or a text for each, its own or that of a key (BY)
 *   order     see ranking.h
 *   answer    the elements, or what keys say of them (GET), of a range (LIMIT);
 *             to the client, or as a list (STORE)
 *
 * BY a pattern without star asks for no order: a list and a sorted set keep
 * their own, or turn it around, and only the range is loaded.  A set has none;
 * where the result is stored or a script sees it, it gets one all the same, so
 * that it is everywhere the same.
 *
 * Memory is asked for as the elements need it, and the command refused if there
 * is none. */
#include "arena.h"
#include "commands.h"
#include "keys.h"
#include "pattern.h"
#include "ranking.h"

#include <kr/block.h>
#include <kr/list.h>
#include <kr/memory.h>
#include <kr/set.h>
#include <kr/string.h>
#include <kr/walk.h>
#include <kr/zset.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum sort_source { SORT_NOTHING, SORT_LIST, SORT_SET, SORT_ZSET };

struct sort {
    struct kr_call *call;
    struct ranking order;
    bool unordered; /* BY a constant */
    bool has_by;
    struct pattern by;
    struct pattern *gets;
    uint32_t get_count;
    const struct kr_str *store;
    int64_t limit_from, limit_count; /* -1: all */

    enum sort_source source;
    struct ranking_item *items;
    size_t count; /* items */
    size_t from;  /* those that are answered */
    size_t wanted;
    bool not_a_number; /* one of the weights */
    bool failed;       /* there was no memory */
    struct arena arena;
    struct pattern_room room;
};

static kr_module *sort_self(const struct sort *sort)
{
    return keys_of(sort->call)->self;
}

/* Room for `count` things; false: no memory. */
static void *sort_alloc(struct sort *sort, size_t count, size_t size)
{
    size_t bytes;
    void *block = NULL;

    if (!__builtin_mul_overflow(count, size, &bytes))
        block = kr_memory->try_alloc(sort_self(sort), bytes > 0 ? bytes : 1);
    if (!block)
        sort->failed = true;
    return block;
}

/* --- Reading the words --------------------------------------------------- */

static void sort_read_by(struct sort *sort, struct kr_str text)
{
    sort->by = pattern_read(text);
    sort->has_by = true;
    if (!sort->by.has_star)
        sort->unordered = true; /* for good, whatever BY comes later */
}

static bool sort_read_get(struct sort *sort, uint32_t arg)
{
    struct kr_call *call = sort->call;

    if (!sort->gets)
        sort->gets =
            sort_alloc(sort, (call->argc - arg) / 2 + 1, sizeof(*sort->gets));
    if (!sort->gets) {
        kr_reply_error(call->reply, KR_ERR_NO_MEMORY);
        return false;
    }
    sort->gets[sort->get_count++] = pattern_read(call->argv[arg]);
    return true;
}

/* One option at argument *i, which is left at its last word. */
static bool sort_read_option(struct sort *sort, uint32_t *i, bool may_store)
{
    struct kr_call *call = sort->call;
    uint32_t more = call->argc - *i - 1;

    if (kr_arg_is(call, *i, "ASC")) {
        sort->order.descending = false;
    } else if (kr_arg_is(call, *i, "DESC")) {
        sort->order.descending = true;
    } else if (kr_arg_is(call, *i, "ALPHA")) {
        sort->order.by_text = true;
    } else if (kr_arg_is(call, *i, "LIMIT") && more >= 2) {
        *i += 2;
        return kr_arg_int64(call, *i - 1, &sort->limit_from) &&
               kr_arg_int64(call, *i, &sort->limit_count);
    } else if (may_store && kr_arg_is(call, *i, "STORE") && more >= 1) {
        sort->store = &call->argv[++*i];
    } else if (kr_arg_is(call, *i, "BY") && more >= 1) {
        sort_read_by(sort, call->argv[++*i]);
    } else if (kr_arg_is(call, *i, "GET") && more >= 1) {
        return sort_read_get(sort, ++*i);
    } else {
        kr_refuse_syntax(call);
        return false;
    }
    return true;
}

static bool sort_read(struct sort *sort, bool may_store)
{
    for (uint32_t i = 2; i < sort->call->argc; i++) {
        if (!sort_read_option(sort, &i, may_store))
            return false;
    }
    return true;
}

/* --- Loading ------------------------------------------------------------- */

static bool sort_find(struct sort *sort, struct kr_cell *cell)
{
    sort->source = SORT_NOTHING;
    if (!kr_keyspace->find_arg(sort->call, 1, KR_FIND_READ, cell))
        return true;
    if (kr_lists && kr_lists->is_list(cell))
        sort->source = SORT_LIST;
    else if (kr_sets && kr_sets->is_set(cell))
        sort->source = SORT_SET;
    else if (kr_zsets && kr_zsets->is_zset(cell))
        sort->source = SORT_ZSET;
    else
        kr_reply_error(sort->call->reply, KR_ERR_WRONGTYPE);
    return sort->source != SORT_NOTHING;
}

static uint64_t sort_source_count(const struct sort *sort,
                                  const struct kr_cell *cell)
{
    switch (sort->source) {
    case SORT_LIST:
        return kr_lists->count(cell);
    case SORT_SET:
        return kr_sets->count(cell);
    case SORT_ZSET:
        return kr_zsets->count(cell);
    case SORT_NOTHING:
        break;
    }
    return 0;
}

static void sort_walk(const struct sort *sort, const struct kr_cell *cell,
                      uint64_t index, bool back, struct kr_walk *walk)
{
    switch (sort->source) {
    case SORT_LIST:
        kr_lists->walk(cell, (int64_t)index, back, walk);
        break;
    case SORT_SET:
        kr_sets->walk(cell, walk);
        break;
    case SORT_ZSET:
        kr_zsets->walk(cell, index, back, walk);
        break;
    case SORT_NOTHING:
        break;
    }
}

static bool sort_walk_next(const struct sort *sort, struct kr_walk *walk)
{
    switch (sort->source) {
    case SORT_LIST:
        return kr_lists->next(walk);
    case SORT_SET:
        return kr_sets->next(walk);
    case SORT_ZSET:
        return kr_zsets->next(walk);
    case SORT_NOTHING:
        break;
    }
    return false;
}

/* Copy `count` elements from number `index` on. */
static bool sort_copy(struct sort *sort, const struct kr_cell *cell,
                      uint64_t index, bool back, size_t count)
{
    struct kr_walk walk;

    sort->items = sort_alloc(sort, count, sizeof(*sort->items));
    if (!sort->items)
        return false;
    if (count == 0)
        return true;
    sort_walk(sort, cell, index, back, &walk);
    while (sort->count < count && sort_walk_next(sort, &walk)) {
        for (uint32_t i = 0; i < walk.count && sort->count < count; i++) {
            if (!arena_copy(&sort->arena, walk.item[i],
                            &sort->items[sort->count].element))
                return false;
            sort->count++;
        }
    }
    return true;
}

/* Which of `count` elements LIMIT wants. */
static void sort_limit(struct sort *sort, uint64_t count)
{
    uint64_t from = sort->limit_from > 0 ? (uint64_t)sort->limit_from : 0;

    if (from > count)
        from = count;
    sort->from = from;
    sort->wanted = count - from;
    if (sort->limit_count >= 0 && (uint64_t)sort->limit_count < sort->wanted)
        sort->wanted = (size_t)sort->limit_count;
}

/* Of what has an order already, only the range. */
static bool sort_load(struct sort *sort, const struct kr_cell *cell)
{
    uint64_t count = sort_source_count(sort, cell), index;
    bool back = sort->unordered && sort->order.descending;
    bool fine;

    sort_limit(sort, count);
    if (!sort->unordered || sort->source == SORT_SET)
        return sort_copy(sort, cell, 0, false, count);
    index = back ? count - sort->from - 1 : sort->from;
    fine = sort_copy(sort, cell, index, back, sort->wanted);
    sort->from = 0;
    return fine;
}

/* --- Weighing ------------------------------------------------------------ */

/* A NUL stands behind the text, and where it has another, it ends there. */
static double sort_number(struct sort *sort, struct kr_str text)
{
    int64_t whole;
    double number;
    char *end;

    if (kr_text->to_int64(text, &whole))
        return (double)whole;
    errno = 0;
    number = strtod(text.data, &end);
    if (*end != '\0' || errno == ERANGE || isnan(number))
        sort->not_a_number = true;
    return number;
}

/* Copied, since strtod() wants a NUL behind it and a weight is wanted later. */
static bool sort_weigh_by(struct sort *sort, struct ranking_item *item)
{
    struct kr_str value, copy;
    int64_t whole;

    if (!pattern_find(&sort->by, &sort->room, item->element, &value))
        return !sort->room.failed;
    if (!sort->order.by_text && kr_text->to_int64(value, &whole)) {
        item->score = (double)whole;
        return true;
    }
    if (!arena_copy(&sort->arena, value, &copy))
        return false;
    if (sort->order.by_text)
        item->weight = copy;
    else
        item->score = sort_number(sort, copy);
    return true;
}

static bool sort_weigh(struct sort *sort)
{
    for (size_t i = 0; i < sort->count; i++) {
        struct ranking_item *item = &sort->items[i];

        if (sort->order.by_text)
            item->weight = kr_str(NULL, 0);
        else
            item->score = 0;
        if (sort->has_by) {
            if (!sort_weigh_by(sort, item))
                return false;
        } else if (!sort->order.by_text) {
            item->score = sort_number(sort, item->element);
        }
    }
    return true;
}

static bool sort_put_in_order(struct sort *sort)
{
    struct ranking_item *room;

    if (sort->unordered)
        return true;
    sort->order.by_weight = sort->has_by;
    sort->order.as_bytes = sort->store != NULL;
    if (!sort_weigh(sort) ||
        !(room = sort_alloc(sort, sort->count, sizeof(*room))))
        return false;
    ranking_sort(&sort->order, sort->items, room, sort->count);
    kr_memory->free(sort_self(sort), room);
    return true;
}

/* --- Answering ----------------------------------------------------------- */

static uint64_t sort_width(const struct sort *sort)
{
    return sort->get_count > 0 ? sort->get_count : 1;
}

static void sort_reply(struct sort *sort)
{
    struct kr_reply *reply = sort->call->reply;

    kr_reply_array(reply, sort->wanted * sort_width(sort));
    for (size_t i = sort->from; i < sort->from + sort->wanted; i++) {
        struct kr_str element = sort->items[i].element, value;

        if (sort->get_count == 0)
            kr_reply_bulk(reply, element);
        for (uint32_t g = 0; g < sort->get_count; g++) {
            if (pattern_find(&sort->gets[g], &sort->room, element, &value))
                kr_reply_bulk(reply, value);
            else
                kr_reply_null(reply);
        }
    }
}

/* What GET says of one element; nothing is an empty text. */
static bool sort_gather(struct sort *sort, struct kr_str element,
                        struct kr_str *to)
{
    for (uint32_t g = 0; g < sort->get_count; g++) {
        const struct pattern *get = &sort->gets[g];
        struct kr_str value;

        if (get->is_element)
            to[g] = element;
        else if (!pattern_find(get, &sort->room, element, &value))
            to[g] = kr_str("", 0);
        else if (!arena_copy(&sort->arena, value, &to[g]))
            return false;
    }
    return !sort->room.failed;
}

/* The texts of the list that is stored; NULL: no memory. */
static struct kr_str *sort_texts(struct sort *sort, uint64_t width)
{
    struct kr_str *texts =
        sort_alloc(sort, sort->wanted, width * sizeof(*texts));

    for (size_t i = 0; texts && i < sort->wanted; i++) {
        struct kr_str element = sort->items[sort->from + i].element;

        if (sort->get_count == 0) {
            texts[i] = element;
        } else if (!sort_gather(sort, element, texts + i * width)) {
            kr_memory->free(sort_self(sort), texts);
            texts = NULL;
        }
    }
    return texts;
}

/* Each element that is stored counts as a change. */
static void sort_store_list(struct sort *sort, uint64_t count,
                            const struct kr_str *texts)
{
    struct kr_call *call = sort->call;
    struct kr_cell cell;

    kr_keyspace->find(call->db, *sort->store, KR_FIND_WRITE | KR_FIND_QUIET,
                      &cell);
    kr_lists->put(call->db, *sort->store, count, texts, &cell);
    kr_block->ready(call->db, *sort->store);
    kr_keyspace->changed(call, call->db, *sort->store, KR_CLASS_LIST,
                         KR_STR("sortstore"));
    kr_calls->touch(call, count - 1);
}

static void sort_store_nothing(struct sort *sort)
{
    struct kr_call *call = sort->call;
    struct kr_cell cell;

    if (!kr_keyspace->find(call->db, *sort->store,
                           KR_FIND_WRITE | KR_FIND_QUIET, &cell))
        return;
    kr_keyspace->erase(&cell, keys_of(call)->lazy_server_del);
    keys_changed(call, call->db, *sort->store, "del");
}

static bool sort_store(struct sort *sort)
{
    uint64_t width = sort_width(sort);
    struct kr_str *texts;

    if (sort->wanted == 0) {
        sort_store_nothing(sort);
    } else if (!kr_lists) {
        kr_reply_error(sort->call->reply,
                       "ERR STORE makes a list, and the module list is not "
                       "loaded");
        return true;
    } else {
        texts = sort_texts(sort, width);
        if (!texts)
            return false;
        sort_store_list(sort, sort->wanted * width, texts);
        kr_memory->free(sort_self(sort), texts);
    }
    kr_reply_int64(sort->call->reply, (int64_t)(sort->wanted * width));
    return true;
}

/* --- The commands -------------------------------------------------------- */

/* false: no memory, and nothing has been replied. */
static bool sort_run(struct sort *sort, const struct kr_cell *cell)
{
    bool is_seen = sort->store || sort->call->flags & KR_CALL_SCRIPT;

    if (sort->unordered && sort->source == SORT_SET && is_seen) {
        sort->unordered = sort->has_by = false;
        sort->order.by_text = true;
    }
    if (!sort_load(sort, cell) || !sort_put_in_order(sort))
        return false;
    if (sort->not_a_number) {
        kr_reply_error(sort->call->reply,
                       "ERR One or more scores can't be converted into double");
        return true;
    }
    if (sort->store)
        return sort_store(sort);
    sort_reply(sort);
    return true;
}

static void sort_call(struct kr_call *call, bool may_store)
{
    struct sort sort = {
        .call = call,
        .order = {.collate = keys_of(call)->collate},
        .limit_count = -1,
        .arena = {.self = keys_of(call)->self},
        .room = {.self = keys_of(call)->self, .db = call->db},
    };
    struct kr_cell cell;

    if (sort_read(&sort, may_store) && sort_find(&sort, &cell) &&
        !sort_run(&sort, &cell))
        kr_reply_error(call->reply, KR_ERR_NO_MEMORY);
    pattern_room_fini(&sort.room);
    arena_fini(&sort.arena);
    kr_memory->free(keys_of(call)->self, sort.items);
    kr_memory->free(keys_of(call)->self, sort.gets);
}

void keys_sort(struct kr_call *call)
{
    sort_call(call, true);
}

void keys_sort_ro(struct kr_call *call)
{
    sort_call(call, false);
}

/* --- Where the keys are -------------------------------------------------- */

/* Words behind an option that are no options themselves. */
static uint32_t sort_skip(struct kr_str word)
{
    if (kr_str_equal_nocase(word, KR_STR("LIMIT")))
        return 2;
    return kr_str_equal_nocase(word, KR_STR("GET")) ||
                   kr_str_equal_nocase(word, KR_STR("BY"))
               ? 1
               : 0;
}

/* The last STORE counts, as it does for the command itself. */
int32_t keys_sort_keys(uint32_t argc, const struct kr_str *argv,
                       struct kr_key_ref *refs, uint32_t room)
{
    uint32_t store = 0;

    for (uint32_t i = 2; i < argc; i++) {
        uint32_t skip = sort_skip(argv[i]);

        if (skip > 0)
            i += skip;
        else if (kr_str_equal_nocase(argv[i], KR_STR("STORE")) && i + 1 < argc)
            store = i + 1;
    }
    if (room > 0)
        refs[0] =
            (struct kr_key_ref){.index = 1, .flags = KR_KEY_RO | KR_KEY_ACCESS};
    if (room > 1 && store > 0)
        refs[1] = (struct kr_key_ref){.index = store,
                                      .flags = KR_KEY_OW | KR_KEY_UPDATE};
    return store > 0 ? 2 : 1;
}

int32_t keys_sort_ro_keys(uint32_t argc, const struct kr_str *argv,
                          struct kr_key_ref *refs, uint32_t room)
{
    (void)argc;
    (void)argv;
    if (room > 0)
        refs[0] =
            (struct kr_key_ref){.index = 1, .flags = KR_KEY_RO | KR_KEY_ACCESS};
    return 1;
}
