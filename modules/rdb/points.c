/* SPDX-License-Identifier: BSD-3-Clause */
/* points - when the server saves by itself: `save 3600 1 300 100`.
 *
 * Looked at with each tick.  After a failure it tries again every few seconds,
 * not at once. */
#include "rdb.h"

#include <limits.h>

#define POINTS_MAX    256u
#define RETRY_AFTER_S 5

/* A parameter's variable, as the host's slots are: its lines are taken before
 * the module has a state. */
static struct {
    struct rdb_point all[POINTS_MAX];
    uint32_t count;
} points;

bool rdb_has_points(void)
{
    return points.count > 0;
}

/* --- The parameter ------------------------------------------------------- */

static bool points_number(struct kr_str text, int64_t min, int64_t *value)
{
    if (text.size == 0 || text.size > 10)
        return false;
    *value = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        *value = *value * 10 + (text.data[i] - '0');
    }
    return *value >= min && *value <= INT_MAX;
}

/* Pairs of seconds and changes; one empty word: never. */
bool rdb_points_check(void *state, uint32_t argc, const struct kr_str *argv,
                      const char **error)
{
    bool fine = argc % 2 == 0 && argc / 2 <= POINTS_MAX;
    int64_t value;

    (void)state;
    if (argc == 1 && argv[0].size == 0)
        return true;
    for (uint32_t i = 0; fine && i < argc; i++)
        fine = points_number(argv[i], i % 2 == 0 ? 1 : 0, &value);
    if (!fine)
        *error = "Invalid save parameters";
    return fine;
}

bool rdb_points_apply(void *state, uint32_t argc, const struct kr_str *argv,
                      const char **error)
{
    uint32_t count = argc / 2;

    (void)error;
    for (uint32_t i = 0; i < count; i++) {
        (void)points_number(argv[2 * i], 1, &points.all[i].seconds);
        (void)points_number(argv[2 * i + 1], 0, &points.all[i].changes);
    }
    points.count = count;
    if (state)
        rdb_settle_gate(state);
    return true;
}

void rdb_points_print(void *state, struct kr_reply *out)
{
    char text[KR_INT64_TEXT];

    (void)state;
    for (uint32_t i = 0; i < points.count; i++) {
        if (i > 0)
            out->ops->raw(out, KR_STR(" "));
        out->ops->raw(out, kr_str(text, kr_text->from_int64(
                                            points.all[i].seconds, text)));
        out->ops->raw(out, KR_STR(" "));
        out->ops->raw(out, kr_str(text, kr_text->from_int64(
                                            points.all[i].changes, text)));
    }
}

/* --- The tick ------------------------------------------------------------ */

static bool points_may_try(const struct rdb *rdb, int64_t now_sec)
{
    return !rdb->failed || now_sec - rdb->tried_sec > RETRY_AFTER_S;
}

static const struct rdb_point *points_due(const struct rdb *rdb,
                                          int64_t now_sec)
{
    uint64_t changes = kr_calls->changes() - rdb->saved_changes;

    for (uint32_t i = 0; i < points.count; i++)
        if (changes >= (uint64_t)points.all[i].changes &&
            now_sec - rdb->saved_sec > points.all[i].seconds)
            return &points.all[i];
    return NULL;
}

void rdb_on_tick(void *ctx, const void *payload)
{
    struct rdb *rdb = ctx;
    int64_t now_sec = rdb_now_sec();
    const struct rdb_point *due;

    (void)payload;
    /* A tick may come while a script runs: not all of it is done. */
    if (kr_children->running() || rdb->walk || kr_loading->active() ||
        kr_calls->current() || !points_may_try(rdb, now_sec))
        return;
    due = points_due(rdb, now_sec);
    if (due)
        kr_logf(rdb->self, KR_LOG_NOTICE,
                "%lld changes in %lld seconds. Saving...",
                (long long)due->changes, (long long)due->seconds);
    if (due || rdb->scheduled)
        (void)rdb_begin_background(rdb);
}

/* FLUSHALL: what a child is saving is no longer wanted, and the file is emptied
 * as well, if one is kept at all. */
void rdb_on_flush(void *ctx, const void *payload)
{
    const struct kr_db_event *event = payload;
    struct rdb *rdb = ctx;

    if (event->db || rdb->points_due_off || kr_loading->active())
        return;
    rdb_stop_background(rdb, false);
    if (rdb_has_points())
        (void)rdb_save_file(rdb, false);
}
