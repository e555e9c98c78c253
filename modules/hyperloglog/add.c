/* SPDX-License-Identifier: BSD-3-Clause */
/* add - PFADD. */
#include "commands.h"
#include "hyperloglog.h"

/* Add the elements in their order; *changes counts those that made a
 * register higher.  At
 * what cannot go on the rest is left out. */
static enum hyperloglog_outcome add_elements(struct kr_call *call,
                                             struct hyperloglog *sketch,
                                             uint64_t *changes)
{
    for (uint32_t i = 2; i < call->argc; i++) {
        struct register_rank rank = register_rank(call->argv[i]);

        switch (hyperloglog_raise(sketch, rank)) {
        case HYPERLOGLOG_SAME:
            break;
        case HYPERLOGLOG_CHANGED:
            ++*changes;
            sketch_mark_stale(sketch->bytes);
            break;
        case HYPERLOGLOG_BROKEN:
            return HYPERLOGLOG_BROKEN;
        case HYPERLOGLOG_NO_MEMORY:
            return HYPERLOGLOG_NO_MEMORY;
        }
    }
    return HYPERLOGLOG_SAME;
}

/* A new key is a change even without elements.  After an error what has been
 * added before it stays, and must reach whoever keeps a copy; only the event is
 * left out. */
void hyperloglog_pfadd(struct kr_call *call)
{
    struct kr_str key = call->argv[1];
    struct hyperloglog sketch;
    enum hyperloglog_outcome outcome;
    uint64_t changes = 0;

    if (!hyperloglog_open(call, 1, &sketch))
        return;
    if (!sketch.bytes) {
        if (!hyperloglog_create(call, 1, &sketch))
            return;
        sketch_mark_stale(sketch.bytes);
        changes = 1;
    }
    outcome = add_elements(call, &sketch, &changes);
    if (KR_UNLIKELY(outcome != HYPERLOGLOG_SAME)) {
        if (changes)
            kr_changed_by(call, call->db, key, KR_CLASS_STRING, KR_STR(""),
                          changes);
        hyperloglog_refuse(call, outcome);
        return;
    }
    if (changes)
        kr_changed_by(call, call->db, key, KR_CLASS_STRING, KR_STR("pfadd"),
                      changes);
    kr_reply_int64(call->reply, changes > 0);
}

/* --- Ahead of a call ------------------------------------------------------ */

#define AHEAD_LINE  64u
#define AHEAD_LINES 8u /* of a sparse sketch: the rest comes as it is walked */

static void add_prefetch_lines(struct kr_str bytes)
{
    for (size_t at = 0; at < bytes.size && at < AHEAD_LINES * AHEAD_LINE;
         at += AHEAD_LINE)
        kr_prefetch(bytes.data + at);
}

/* The box; then the head; then, of a dense one, the register. */
bool hyperloglog_pfadd_ahead(struct kr_ahead *ahead)
{
    const struct kr_cell *cell = ahead->cell;
    char scratch[KR_INT64_TEXT];
    struct kr_str bytes;

    if (!kr_strings->is_string(cell) || ahead->argc < 3)
        return false;
    if (ahead->step == 0 && cell->boxed) {
        kr_prefetch(kr_cell_box(cell));
        return true;
    }
    bytes = kr_strings->view(cell, scratch);
    if (bytes.size != SKETCH_DENSE_SIZE) {
        add_prefetch_lines(bytes);
        return false;
    }
    kr_prefetch(bytes.data);
    kr_prefetch(bytes.data + SKETCH_HEAD +
                register_rank(ahead->argv[2]).index * 6 / 8);
    return false;
}
