/* SPDX-License-Identifier: BSD-3-Clause */
/* lcs - the command LCS.  What it computes, and how: subsequence.h. */
#include "commands.h"
#include "limit.h"
#include "module.h"
#include "subsequence.h"
#include "value.h"

#include <kr/memory.h>

struct lcs {
    struct kr_str a, b;
    bool length, ranges, with_sizes; /* LEN, IDX, WITHMATCHLEN */
    int64_t at_least;                /* MINMATCHLEN */
};

/* The string at argument `arg`, empty when there is none; false: the key holds
 * something else. */
static bool lcs_string(struct kr_call *call, uint32_t arg, char *scratch,
                       struct kr_str *bytes)
{
    struct kr_cell cell;

    *bytes = KR_STR("");
    if (!kr_keyspace->find_arg(call, arg, KR_FIND_READ, &cell))
        return true;
    if (cell.type != value_type)
        return false;
    *bytes = value_bytes(&cell, scratch);
    return true;
}

static bool lcs_options(struct kr_call *call, struct lcs *lcs)
{
    for (uint32_t i = 3; i < call->argc; i++) {
        struct kr_str word = call->argv[i];

        if (kr_str_equal_nocase(word, KR_STR("IDX"))) {
            lcs->ranges = true;
        } else if (kr_str_equal_nocase(word, KR_STR("LEN"))) {
            lcs->length = true;
        } else if (kr_str_equal_nocase(word, KR_STR("WITHMATCHLEN"))) {
            lcs->with_sizes = true;
        } else if (kr_str_equal_nocase(word, KR_STR("MINMATCHLEN")) &&
                   i + 1 < call->argc) {
            if (!kr_text->to_int64(call->argv[++i], &lcs->at_least)) {
                kr_reply_error(call->reply, KR_ERR_NOT_INT);
                return false;
            }
        } else {
            kr_reply_error(call->reply, KR_ERR_SYNTAX);
            return false;
        }
    }
    if (!lcs->length || !lcs->ranges)
        return true;
    kr_reply_error(call->reply, "ERR If you want both the length and indexes, "
                                "please just use IDX.");
    return false;
}

/* Memory for the table, or NULL with the error replied.  Redis has 4 bytes a
 * cell and limits those, and with them the time that it takes; so do we. */
static uint64_t *lcs_room(struct kr_call *call, const struct lcs *lcs)
{
    size_t words = subsequence_room(lcs->a, lcs->b, !lcs->length);
    uint64_t cells;
    uint64_t *room;

    if (lcs->a.size >= UINT32_MAX - 1 || lcs->b.size >= UINT32_MAX - 1) {
        kr_reply_error(call->reply, "ERR String too long for LCS");
        return NULL;
    }
    cells = (uint64_t)(lcs->a.size + 1) * (lcs->b.size + 1);
    if (cells > limit_get() / 4) {
        kr_reply_error(call->reply, "ERR Insufficient memory, transient memory "
                                    "for LCS exceeds proto-max-bulk-len");
        return NULL;
    }
    room = kr_memory->try_alloc(string_self, (words + 1) * sizeof(*room));
    if (!room)
        kr_reply_error(call->reply, "ERR Insufficient memory, failed "
                                    "allocating transient memory for LCS");
    return room;
}

static void lcs_reply_range(struct kr_reply *reply, size_t from, size_t size)
{
    kr_reply_array(reply, 2);
    kr_reply_int64(reply, (int64_t)from);
    kr_reply_int64(reply, (int64_t)(from + size - 1));
}

/* Where the runs of common bytes are, the last one first. */
static void lcs_reply_ranges(struct kr_reply *reply, const struct lcs *lcs,
                             const struct subsequence *s)
{
    struct subsequence_run run = {s->a.size, s->b.size, 0};
    uint64_t token, count = 0;

    kr_reply_map(reply, 2);
    kr_reply_bulk(reply, KR_STR("matches"));
    token = reply->ops->defer(reply);
    while (subsequence_back(s, &run)) {
        if ((int64_t)run.size < lcs->at_least)
            continue;
        kr_reply_array(reply, lcs->with_sizes ? 3 : 2);
        lcs_reply_range(reply, run.i, run.size);
        lcs_reply_range(reply, run.j, run.size);
        if (lcs->with_sizes)
            kr_reply_int64(reply, (int64_t)run.size);
        count++;
    }
    reply->ops->close(reply, token, KR_ARRAY, count);
    kr_reply_bulk(reply, KR_STR("len"));
    kr_reply_int64(reply, (int64_t)subsequence_length(s));
}

/* The subsequence itself, put together from its end. */
static void lcs_reply_bytes(struct kr_call *call, const struct subsequence *s)
{
    struct subsequence_run run = {s->a.size, s->b.size, 0};
    size_t size = subsequence_length(s), at = size;
    char *bytes = kr_memory->try_alloc(string_self, size + 1);

    if (!bytes) {
        kr_reply_error(call->reply, "ERR Insufficient memory, failed "
                                    "allocating transient memory for LCS");
        return;
    }
    while (subsequence_back(s, &run)) {
        at -= run.size;
        memcpy(bytes + at, s->a.data + run.i, run.size);
    }
    kr_reply_bulk(call->reply, kr_str(bytes, size));
    kr_memory->free(string_self, bytes);
}

void string_lcs(struct kr_call *call)
{
    char scratch[2][KR_INT64_TEXT];
    struct lcs lcs = {.at_least = 0};
    struct subsequence s;
    uint64_t *room;

    if (!lcs_string(call, 1, scratch[0], &lcs.a) ||
        !lcs_string(call, 2, scratch[1], &lcs.b)) {
        kr_reply_error(call->reply,
                       "ERR The specified keys must contain string values");
        return;
    }
    if (!lcs_options(call, &lcs) || !(room = lcs_room(call, &lcs)))
        return;
    subsequence_init(&s, lcs.a, lcs.b, !lcs.length, room);
    if (lcs.length)
        kr_reply_int64(call->reply, (int64_t)subsequence_length(&s));
    else if (lcs.ranges)
        lcs_reply_ranges(call->reply, &lcs, &s);
    else
        lcs_reply_bytes(call, &s);
    kr_memory->free(string_self, room);
}
