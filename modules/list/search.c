/* SPDX-License-Identifier: BSD-3-Clause */
/* An element is compared as a listpack has it: numbers with numbers, so that no
 * text is made of any. */
#include "search.h"

#include "commands.h"

#include <kr/args.h>

#define SEARCH_BATCH 32u

/* --- Matching ------------------------------------------------------------ */

static struct listpack_item search_item(struct kr_str bytes)
{
    struct listpack_item item = {.bytes = bytes};

    item.is_number = kr_text->to_int64(bytes, &item.number);
    return item;
}

static inline bool search_equal(const struct listpack_item *a,
                                const struct listpack_item *b)
{
    if (a->is_number != b->is_number)
        return false;
    return a->is_number ? a->number == b->number
                        : kr_str_equal(a->bytes, b->bytes);
}

/* Call `found` with the index of each match, the first ones first or with
 * `back` the last ones, among `most` elements, until it answers false. */
static void search(const struct kr_cell *cell, struct kr_str bytes, bool back,
                   uint64_t most, bool (*found)(void *ctx, uint64_t index),
                   void *ctx)
{
    struct kr_peek peek = kr_cell_peek(cell);
    uint64_t count = value_count_of(&peek), passed = 0;
    struct listpack_item wanted = search_item(bytes);
    struct listpack_item items[SEARCH_BATCH];
    struct kr_blob *blob;
    struct walk walk;
    size_t n;

    walk_begin(&walk, &peek, back ? count - 1 : 0, back);
    while (passed < most &&
           (n = walk_next(&walk, items, SEARCH_BATCH, &blob)) > 0)
        for (size_t i = 0; i < n && passed < most; i++, passed++)
            if (search_equal(&items[i], &wanted) &&
                !found(ctx, back ? count - 1 - passed : passed))
                goto done;
done:
    walk_end(&walk);
}

static bool search_take_first(void *ctx, uint64_t index)
{
    *(uint64_t *)ctx = index;
    return false;
}

bool search_first(const struct kr_cell *cell, struct kr_str bytes,
                  uint64_t *index)
{
    *index = UINT64_MAX;
    search(cell, bytes, false, UINT64_MAX, search_take_first, index);
    return *index != UINT64_MAX;
}

/* --- LPOS ---------------------------------------------------------------- */

struct lpos {
    int64_t rank;
    int64_t count; /* -1: not given; 0: all */
    int64_t most;  /* elements to compare; 0: all */
    struct kr_reply *reply;
    uint64_t matches;
    uint64_t replied;
};

static bool lpos_parse(struct kr_call *call, struct lpos *lpos)
{
    for (uint32_t i = 3; i < call->argc; i++) {
        bool more = i + 1 < call->argc;

        if (more && kr_arg_is(call, i, "RANK")) {
            if (!kr_arg_int64_in(call, ++i, -INT64_MAX, INT64_MAX, &lpos->rank,
                                 NULL))
                return false;
            if (lpos->rank == 0) {
                kr_reply_error(
                    call->reply,
                    "ERR RANK can't be zero: use 1 to start from the first "
                    "match, 2 from the second ... or use negative to start "
                    "from the end of the list");
                return false;
            }
        } else if (more && kr_arg_is(call, i, "COUNT")) {
            if (!kr_arg_int64_in(call, ++i, 0, INT64_MAX, &lpos->count,
                                 "ERR COUNT can't be negative"))
                return false;
        } else if (more && kr_arg_is(call, i, "MAXLEN")) {
            if (!kr_arg_int64_in(call, ++i, 0, INT64_MAX, &lpos->most,
                                 "ERR MAXLEN can't be negative"))
                return false;
        } else {
            kr_refuse_syntax(call);
            return false;
        }
    }
    return true;
}

static bool lpos_found(void *ctx, uint64_t index)
{
    struct lpos *lpos = ctx;
    int64_t rank = lpos->rank < 0 ? -lpos->rank : lpos->rank;

    if (++lpos->matches < (uint64_t)rank)
        return true;
    kr_reply_int64(lpos->reply, (int64_t)index);
    lpos->replied++;
    return lpos->count >= 0 && lpos->replied != (uint64_t)lpos->count;
}

static void lpos_run(const struct kr_cell *cell, struct kr_str bytes,
                     struct lpos *lpos)
{
    uint64_t token = 0;

    if (lpos->count >= 0)
        token = lpos->reply->ops->defer(lpos->reply);
    search(cell, bytes,
           lpos->rank<0, lpos->most> 0 ? (uint64_t)lpos->most : UINT64_MAX,
           lpos_found, lpos);
    if (lpos->count >= 0)
        lpos->reply->ops->close(lpos->reply, token, KR_ARRAY, lpos->replied);
    else if (lpos->replied == 0)
        kr_reply_null(lpos->reply);
}

void list_lpos(struct kr_call *call)
{
    struct lpos lpos = {.rank = 1, .count = -1, .reply = call->reply};
    struct kr_cell cell;
    bool wrong;

    if (!lpos_parse(call, &lpos))
        return;
    if (value_find(call, 1, KR_FIND_READ, &cell, &wrong))
        lpos_run(&cell, call->argv[2], &lpos);
    else if (!wrong && lpos.count >= 0)
        kr_reply_array(call->reply, 0);
    else if (!wrong)
        kr_reply_null(call->reply);
}

/* --- LREM ---------------------------------------------------------------- */

void list_lrem(struct kr_call *call)
{
    struct kr_cell cell;
    uint64_t most, gone;
    int64_t count;
    bool wrong;

    if (!kr_arg_int64(call, 2, &count))
        return;
    if (!value_find(call, 1, KR_FIND_WRITE, &cell, &wrong)) {
        if (!wrong)
            kr_reply_int64(call->reply, 0);
        return;
    }
    most = count < 0 ? -(uint64_t)count : (uint64_t)count;
    gone = value_remove_equal(&cell, call->argv[3],
                              most > 0 ? most : UINT64_MAX, count < 0);
    if (gone > 0)
        value_lost(call, &cell, call->argv[1], KR_STR("lrem"), gone);
    kr_reply_int64(call->reply, (int64_t)gone);
}
