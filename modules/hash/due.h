/* SPDX-License-Identifier: BSD-3-Clause */
/* due - fields whose time is over: how they stay unseen, and how they go.
 *
 * For each database an index knows the hashes in which something expires, by the
 * earliest time in them:
 *
 *   index    a tree     1700000000123 -> item "key"
 *                       1700000000500 -> item "other"
 *   hash     at "key"   fields that expire, in order (value.h)
 *
 * So what is due next is at the front of a front, and one timer waits for it.
 * When it fires, fields go in small batches, the earliest hash first, for a
 * millisecond at most; then it is the clients' turn, and the timer's again.
 *
 * The index names keys, not values.  It is exact: a key is in it under the
 * earliest time of its hash, or not at all.  Who edits a hash does it between
 * due_begin() and due_end(), which see to that; the host tells of values that
 * go, or come under another key (kr_type's unlink() and link()), and of
 * databases that are flushed or exchanged (events).
 *
 * Commands never see what is over (value.h), and a command that writes to such a
 * field first removes it for good: due_drop().  The journal hears of fields that
 * are over as HDEL, before the effect of the command that found them.
 *
 * Costs: nothing for hashes without such fields; for others O(log hashes) when
 * their earliest time changes, and about 40 bytes and the key. */
#ifndef HASH_DUE_H
#define HASH_DUE_H

#include <kr/call.h>

#include "value.h"

/* --- What time it is ----------------------------------------------------- */

/* For a call: its own time.  What comes from a log or another server is not
 * judged by our clock: there, fields go when it says so. */
static inline int64_t due_now(const struct kr_call *call)
{
    return KR_UNLIKELY(call->flags & KR_CALL_REPLICA) ? VALUE_ALWAYS
                                                      : call->now_ms;
}

/* For the call that is being executed, or for nobody. */
int64_t due_now_any(void);

/* --- Around an edit ------------------------------------------------------ */

struct due_edit {
    int64_t earliest_ms; /* before it */
    bool dropped;        /* fields that were over */
};

static inline void due_begin(const struct kr_cell *cell, struct due_edit *edit)
{
    struct kr_peek peek = kr_cell_peek(cell);

    edit->earliest_ms = value_earliest(&peek);
    edit->dropped = false;
}

/* Remove the field if its time is over.  The hash may be empty then. */
void due_drop_field(struct kr_cell *cell, struct due_edit *edit,
                    struct kr_str field);

static inline void due_drop(struct kr_cell *cell, struct due_edit *edit,
                            struct kr_str field)
{
    if (KR_UNLIKELY(edit->earliest_ms != VALUE_NEVER))
        due_drop_field(cell, edit, field);
}

void due_reindex(const struct kr_cell *cell, int64_t before_ms,
                 int64_t after_ms);

/* The edit is over; the hash is still there, if only empty. */
static inline void due_end(const struct kr_cell *cell,
                           const struct due_edit *edit)
{
    struct kr_peek peek = kr_cell_peek(cell);
    int64_t earliest_ms = value_earliest(&peek);

    if (KR_UNLIKELY(earliest_ms != edit->earliest_ms))
        due_reindex(cell, edit->earliest_ms, earliest_ms);
}

/* Tell of what was dropped, if anything was. */
static inline void due_tell(struct kr_call *call, const struct due_edit *edit)
{
    if (KR_UNLIKELY(edit->dropped))
        value_changed(call, KR_STR("hexpired"));
}

/* --- For the descriptor -------------------------------------------------- */

struct due;

#define DUE_LAYOUT 1u /* of struct due, kr_descriptor.layout */

struct due *due_new(kr_module *self);
/* Take over what the module's old version knows, which goes. */
void due_move(struct due *due, struct due *then);
/* Imports and databases are there. */
void due_start(struct due *due);
void due_free(struct due *due);
/* A job under way: for kr_descriptor.carried. */
void due_rubbish_clear(void *ctx);
void due_rubbish_done(void *ctx);

/* The functions of struct kr_type. */
void due_unlink(const struct kr_peek *value, int32_t db, struct kr_str key);
void due_link(const struct kr_peek *value, int32_t db, struct kr_str key);
uint32_t due_file_version(void);

#endif
