/* SPDX-License-Identifier: BSD-3-Clause */
/* xgroup - XGROUP: making and ending groups and consumers. */
#include "commands.h"
#include "value.h"

#include <kr/block.h>

/* --- Finding ------------------------------------------------------------- */

/* The stream of argument 2; NULL: the error is replied. */
static struct stream *xgroup_stream(struct kr_call *call)
{
    bool wrong;
    struct stream *s = value_find(call, 2, KR_FIND_WRITE, &wrong);

    if (!s && !wrong)
        kr_reply_error(call->reply,
                       "ERR The XGROUP subcommand requires the key to exist. "
                       "Note that for CREATE you may want to use the MKSTREAM "
                       "option to create an empty stream automatically.");
    return s;
}

/* The group of argument 3; NULL: the error is replied. */
static struct group *xgroup_group(struct kr_call *call, const struct stream *s)
{
    struct group *group = group_find(s->groups, call->argv[3]);

    if (!group)
        kr_reply_errorf(call->reply,
                        "NOGROUP No such consumer group '%.*s' for key name "
                        "'%.*s'",
                        KR_QUOTE(call->argv[3], 400),
                        KR_QUOTE(call->argv[2], 400));
    return group;
}

/* --- CREATE and SETID ---------------------------------------------------- */

struct xgroup {
    bool make;    /* MKSTREAM */
    int64_t read; /* ENTRIESREAD */
};

/* The words behind the id. */
static bool xgroup_parse(struct kr_call *call, bool creates,
                         struct xgroup *words)
{
    *words = (struct xgroup){false, GROUP_READ_UNKNOWN};
    for (uint32_t i = 5; i < call->argc; i++) {
        if (creates && kr_arg_is(call, i, "MKSTREAM")) {
            words->make = true;
        } else if (kr_arg_is(call, i, "ENTRIESREAD") && i + 1 < call->argc) {
            if (!kr_arg_int64(call, ++i, &words->read))
                return false;
            if (words->read < GROUP_READ_UNKNOWN) {
                kr_reply_error(call->reply, "ERR value for ENTRIESREAD must "
                                            "be positive or -1");
                return false;
            }
        } else {
            kr_refuse_subcommand(call, "XGROUP");
            return false;
        }
    }
    return true;
}

/* Argument 4, where "$" is the last id; `ends`: ID_ENDS or 0. */
static bool xgroup_id(struct kr_call *call, const struct stream *s,
                      uint32_t ends, struct stream_id *id)
{
    if (value_arg_is_sign(call, 4, '$')) {
        *id = s ? s->last : ID_MIN;
        return true;
    }
    if (id_parse(call->argv[4], ends, 0, id, NULL))
        return true;
    kr_reply_error(call->reply, ERR_ID);
    return false;
}

void stream_xgroup_create(struct kr_call *call)
{
    struct xgroup words;
    struct stream_id id;
    struct kr_cell cell;
    struct stream *s;
    bool wrong;

    if (!xgroup_parse(call, true, &words))
        return;
    if (!words.make) {
        if (!(s = xgroup_stream(call)))
            return;
    } else {
        s = value_find(call, 2, KR_FIND_WRITE, &wrong);
        if (wrong)
            return;
    }
    if (call->argc > 8) {
        kr_refuse_subcommand(call, "XGROUP");
        return;
    }
    if (!xgroup_id(call, s, 0, &id))
        return;
    if (s && group_find(s->groups, call->argv[3])) {
        kr_reply_error(call->reply,
                       "BUSYGROUP Consumer Group name already exists");
        return;
    }
    if (!s) {
        s = value_put(call->db, call->argv[2], &cell);
        group_add(&s->groups, call->argv[3], id, words.read);
        value_changed(call, 2, 1, KR_STR("xgroup-create"));
    } else {
        group_add(&s->groups, call->argv[3], id, words.read);
        value_noted(call, 2, KR_STR("xgroup-create"));
    }
    kr_reply_ok(call->reply);
}

void stream_xgroup_setid(struct kr_call *call)
{
    struct xgroup words;
    struct stream_id id;
    struct stream *s;
    struct group *group;

    if (!xgroup_parse(call, false, &words) || !(s = xgroup_stream(call)) ||
        !(group = xgroup_group(call, s)))
        return;
    if (call->argc != 5 && call->argc != 7) {
        kr_refuse_subcommand(call, "XGROUP");
        return;
    }
    if (!xgroup_id(call, s, ID_ENDS, &id))
        return;
    group->last = id;
    group->read = words.read;
    value_noted(call, 2, KR_STR("xgroup-setid"));
    kr_reply_ok(call->reply);
}

/* --- DESTROY ------------------------------------------------------------- */

void stream_xgroup_destroy(struct kr_call *call)
{
    struct stream *s = xgroup_stream(call);
    struct group *group;

    if (!s)
        return;
    group = group_find(s->groups, call->argv[3]);
    if (group) {
        group_remove(s->groups, group);
        value_discard_group(group);
        value_noted(call, 2, KR_STR("xgroup-destroy"));
        /* Who waits in the name of the group is told. */
        kr_block->ready(call->db, call->argv[2]);
    }
    kr_reply_int64(call->reply, group != NULL);
}

/* --- Consumers ----------------------------------------------------------- */

void stream_xgroup_createconsumer(struct kr_call *call)
{
    struct stream *s = xgroup_stream(call);
    struct group *group;
    bool makes;

    if (!s || !(group = xgroup_group(call, s)))
        return;
    makes = !consumer_find(group, call->argv[4]);
    if (makes) {
        consumer_add(group, call->argv[4], call->now_ms);
        value_noted(call, 2, KR_STR("xgroup-createconsumer"));
    }
    kr_reply_int64(call->reply, makes);
}

void stream_xgroup_delconsumer(struct kr_call *call)
{
    struct stream *s = xgroup_stream(call);
    struct consumer *consumer;
    struct group *group;
    uint64_t pending = 0;

    if (!s || !(group = xgroup_group(call, s)))
        return;
    if ((consumer = consumer_find(group, call->argv[4]))) {
        pending = tree_count(&consumer->pending);
        consumer_remove(group, consumer);
        value_noted(call, 2, KR_STR("xgroup-delconsumer"));
    }
    kr_reply_int64(call->reply, (int64_t)pending);
}

void stream_xgroup_help(struct kr_call *call)
{
    static const char *const lines[] = {
        "CREATE <key> <group> <id|$> [MKSTREAM] [ENTRIESREAD <entries-read>]",
        "    Makes a group whose consumers get the entries behind the id; with",
        "    MKSTREAM the stream too, if there is none. ENTRIESREAD tells how",
        "    many entries count as read.",
        "CREATECONSUMER <key> <group> <consumer>",
        "    Adds a consumer to a group.",
        "DELCONSUMER <key> <group> <consumer>",
        "    Takes a consumer and its pending entries out of a group.",
        "DESTROY <key> <group>",
        "    Ends a group with all its consumers.",
        "SETID <key> <group> <id|$> [ENTRIESREAD <entries-read>]",
        "    Sets the id behind which a group goes on.",
    };

    kr_reply_help(call, "XGROUP", lines, KR_COUNT(lines));
}
