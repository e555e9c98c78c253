/* SPDX-License-Identifier: BSD-3-Clause */
/* add - commands that change a stream's entries: XADD XDEL XTRIM XSETID. */
#include "commands.h"
#include "trim.h"

#include <kr/block.h>

static bool add_refuse(struct kr_call *call, const char *error)
{
    kr_reply_error(call->reply, error);
    return false;
}

/* --- XADD ---------------------------------------------------------------- */

/* The id of the new entry: above the last one, unless it was typed. */
static bool add_id(struct kr_call *call, const struct stream *s,
                   const struct trim *trim, struct stream_id *id)
{
    struct stream_id last = s ? s->last : ID_MIN;

    if (id_compare(last, ID_MAX) == 0)
        return add_refuse(call, "ERR The stream has exhausted the last "
                                "possible ID, unable to add more items");
    if (!trim->id_given) {
        *id = id_after(last, (uint64_t)call->now_ms);
        return true;
    }
    *id = trim->id;
    if (!trim->seq_given && id->ms == last.ms) {
        *id = last;
        if (!id_next(id) || id->ms != last.ms)
            *id = ID_MIN; /* refused below: time does not go on by itself */
    }
    return id_compare(*id, last) > 0 ||
           add_refuse(call, "ERR The ID specified in XADD is equal or smaller "
                            "than the target stream top item");
}

/* The stream to add to, NULL if it is to be made; false: replied. */
static bool add_find(struct kr_call *call, const struct trim *trim,
                     struct stream **s)
{
    bool wrong;

    *s = value_find(call, 1, KR_FIND_WRITE, &wrong);
    if (wrong)
        return false;
    if (*s || !trim->no_make)
        return true;
    kr_reply_null(call->reply);
    return false;
}

void stream_xadd(struct kr_call *call)
{
    struct kr_cell cell;
    struct stream_id id;
    struct stream *s;
    struct trim trim;
    uint64_t gone = 0;
    uint32_t first;

    if (!trim_parse(call, true, &trim))
        return;
    first = trim.id_at + 1;
    if (first + 2 > call->argc || (call->argc - first) % 2) {
        kr_refuse_arity(call);
        return;
    }
    if (trim.seq_given && id_is_zero(trim.id)) {
        kr_reply_error(call->reply,
                       "ERR The ID specified in XADD must be greater than 0-0");
        return;
    }
    if (!add_find(call, &trim, &s) || !add_id(call, s, &trim, &id))
        return;
    if (!value_fits(call->argc - first, call->argv + first)) {
        kr_reply_error(call->reply, "ERR Elements are too large to be stored");
        return;
    }
    if (!s)
        s = value_put(call->db, call->argv[1], &cell);
    entries_append(s, id, (call->argc - first) / 2, call->argv + first);
    if (trim.at)
        gone = trim_run(s, &trim);
    trim_journal(call, s, &trim, &id);
    value_reply_id(call->reply, id);
    value_changed(call, 1, 1, KR_STR("xadd"));
    if (gone > 0)
        kr_keyspace->notify(call->db, call->argv[1], KR_CLASS_STREAM,
                            KR_STR("xtrim"));
    kr_block->ready(call->db, call->argv[1]);
}

/* --- XTRIM and XDEL ------------------------------------------------------ */

void stream_xtrim(struct kr_call *call)
{
    struct trim trim;
    struct stream *s;
    uint64_t gone;
    bool wrong;

    if (!trim_parse(call, false, &trim))
        return;
    s = value_find(call, 1, KR_FIND_WRITE, &wrong);
    if (wrong)
        return;
    gone = s ? trim_run(s, &trim) : 0;
    if (gone > 0) {
        trim_journal(call, s, &trim, NULL);
        value_changed(call, 1, gone, KR_STR("xtrim"));
    }
    kr_reply_int64(call->reply, (int64_t)gone);
}

void stream_xdel(struct kr_call *call)
{
    struct stream_id few[VALUE_FEW_IDS], *ids;
    struct stream *s;
    uint64_t gone = 0;
    bool wrong;

    s = value_find(call, 1, KR_FIND_WRITE, &wrong);
    if (!s) {
        if (!wrong)
            kr_reply_int64(call->reply, 0);
        return;
    }
    if (!(ids = value_arg_ids(call, 2, few)))
        return;
    for (uint32_t i = 0; i < call->argc - 2; i++)
        gone += entries_delete(s, ids[i]);
    value_free_ids(ids, few);
    if (gone > 0)
        value_changed(call, 1, gone, KR_STR("xdel"));
    kr_reply_int64(call->reply, (int64_t)gone);
}

/* --- XSETID -------------------------------------------------------------- */

struct setid {
    struct stream_id last;
    struct stream_id deleted; /* 0-0: not given */
    int64_t added;            /* -1: not given */
};

static bool setid_parse(struct kr_call *call, struct setid *setid)
{
    *setid = (struct setid){.added = -1};
    if (!value_arg_id(call, 2, &setid->last))
        return false;
    for (uint32_t i = 3; i < call->argc; i++) {
        bool more = i + 1 < call->argc;

        if (more && kr_arg_is(call, i, "ENTRIESADDED")) {
            if (!kr_arg_int64(call, ++i, &setid->added))
                return false;
            if (setid->added < 0)
                return add_refuse(call, "ERR entries_added must be positive");
        } else if (more && kr_arg_is(call, i, "MAXDELETEDID")) {
            if (!value_arg_id(call, ++i, &setid->deleted))
                return false;
            if (id_compare(setid->last, setid->deleted) < 0)
                return add_refuse(
                    call, "ERR The ID specified in XSETID is smaller than the "
                          "provided max_deleted_entry_id");
        } else {
            return add_refuse(call, KR_ERR_SYNTAX);
        }
    }
    return true;
}

/* What is there stays below the last id, and within the count. */
static bool setid_suits(struct kr_call *call, const struct stream *s,
                        const struct setid *setid)
{
    struct stream_id top;

    if (!entries_last(s, &top))
        return true;
    if (id_compare(setid->last, top) < 0)
        return add_refuse(call, "ERR The ID specified in XSETID is smaller "
                                "than the target stream top item");
    return setid->added == -1 || s->length <= (uint64_t)setid->added ||
           add_refuse(call, "ERR The entries_added specified in XSETID is "
                            "smaller than the target stream length");
}

void stream_xsetid(struct kr_call *call)
{
    struct setid setid;
    struct stream *s;
    bool wrong;

    if (!setid_parse(call, &setid))
        return;
    s = value_find(call, 1, KR_FIND_WRITE, &wrong);
    if (!s) {
        if (!wrong)
            kr_reply_error(call->reply, KR_ERR_NO_KEY);
        return;
    }
    if (!setid_suits(call, s, &setid))
        return;
    s->last = setid.last;
    if (setid.added != -1)
        s->added = (uint64_t)setid.added;
    if (!id_is_zero(setid.deleted))
        s->deleted = setid.deleted;
    value_noted(call, 1, KR_STR("xsetid"));
    kr_reply_ok(call->reply);
}
