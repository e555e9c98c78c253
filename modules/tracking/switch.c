/* SPDX-License-Identifier: BSD-3-Clause */
/* switch - CLIENT TRACKING, CACHING, GETREDIR, TRACKINGINFO. */
#include "commands.h"
#include "tracking.h"

#include <kr/args.h>
#include <kr/memory.h>

struct wish {
    int64_t redirect;
    uint32_t flags; /* TRACKER_ */
    uint32_t prefix_count;
    struct kr_str *prefixes;
};

static bool switch_refuse(struct kr_call *call, const char *error)
{
    kr_reply_error(call->reply, error);
    return false;
}

static struct tracker *switch_tracker(const struct kr_call *call)
{
    return call->client ? tracker_of(call->state, call->client) : NULL;
}

/* --- CLIENT TRACKING: its words ------------------------------------------- */

static bool switch_read_redirect(struct kr_call *call, uint32_t i,
                                 struct wish *wish)
{
    if (wish->redirect)
        return switch_refuse(call, "ERR A client can only redirect to a "
                                   "single other client");
    if (!kr_arg_int64(call, i, &wish->redirect))
        return false;
    if (kr_clients->find((uint64_t)wish->redirect))
        return true;
    return switch_refuse(call, "ERR The client ID you want redirect to does "
                               "not exist");
}

static bool switch_read(struct kr_call *call, struct wish *wish)
{
    static const struct {
        const char *word;
        uint32_t flag;
    } words[] = {{"BCAST", TRACKER_BCAST},
                 {"OPTIN", TRACKER_OPTIN},
                 {"OPTOUT", TRACKER_OPTOUT},
                 {"NOLOOP", TRACKER_NOLOOP}};

    for (uint32_t i = 3; i < call->argc; i++) {
        bool more = i + 1 < call->argc;
        uint32_t flag = 0;

        for (size_t k = 0; k < KR_COUNT(words); k++)
            if (kr_arg_is(call, i, words[k].word))
                flag = words[k].flag;
        wish->flags |= flag;
        if (flag)
            continue;
        if (more && kr_arg_is(call, i, "REDIRECT")) {
            if (!switch_read_redirect(call, ++i, wish))
                return false;
        } else if (more && kr_arg_is(call, i, "PREFIX")) {
            wish->prefixes[wish->prefix_count++] = call->argv[++i];
        } else {
            kr_refuse_syntax(call);
            return false;
        }
    }
    return true;
}

/* --- CLIENT TRACKING: do they go together? -------------------------------- */

static bool prefixes_overlap(struct kr_str a, struct kr_str b)
{
    size_t shared = a.size < b.size ? a.size : b.size;

    return shared == 0 || memcmp(a.data, b.data, shared) == 0;
}

static bool prefixes_refuse(struct kr_call *call, const char *what,
                            struct kr_str a, struct kr_str b)
{
    kr_reply_errorf(call->reply,
                    "ERR Prefix '%.*s' overlaps with %s prefix '%.*s'. "
                    "Prefixes for a single client must not overlap.",
                    KR_QUOTE(a, 256), what, KR_QUOTE(b, 256));
    return false;
}

static bool prefixes_are_apart(struct kr_call *call, const struct wish *wish,
                               const struct tracker *tracker)
{
    const struct kr_str *p = wish->prefixes;
    const struct interest *has;

    for (uint32_t i = 0; i < wish->prefix_count; i++) {
        if (tracker)
            LIST_FOREACH(has, &tracker->interests, of_tracker)
        if (prefixes_overlap(prefix_text(has->prefix), p[i]))
            return prefixes_refuse(call, "an existing", p[i],
                                   prefix_text(has->prefix));
        for (uint32_t k = i + 1; k < wish->prefix_count; k++)
            if (prefixes_overlap(p[i], p[k]))
                return prefixes_refuse(call, "another provided", p[i], p[k]);
    }
    return true;
}

static bool switch_allows(struct kr_call *call, const struct wish *wish,
                          const struct tracker *tracker)
{
    const uint32_t opt = TRACKER_OPTIN | TRACKER_OPTOUT;
    uint32_t was = tracker ? tracker->flags : wish->flags;

    if (!(wish->flags & TRACKER_BCAST) && wish->prefix_count)
        return switch_refuse(call, "ERR PREFIX option requires BCAST mode to "
                                   "be enabled");
    if ((was ^ wish->flags) & TRACKER_BCAST)
        return switch_refuse(call,
                             "ERR You can't switch BCAST mode on/off before "
                             "disabling tracking for this client, and then "
                             "re-enabling it with a different mode.");
    if (wish->flags & TRACKER_BCAST && wish->flags & opt)
        return switch_refuse(call, "ERR OPTIN and OPTOUT are not compatible "
                                   "with BCAST");
    if ((wish->flags & opt) == opt)
        return switch_refuse(call, "ERR You can't specify both OPTIN mode and "
                                   "OPTOUT mode");
    if (wish->flags & opt && was & opt && (was ^ wish->flags) & opt)
        return switch_refuse(call,
                             "ERR You can't switch OPTIN/OPTOUT mode before "
                             "disabling tracking for this client, and then "
                             "re-enabling it with a different mode.");
    return !(wish->flags & TRACKER_BCAST) ||
           prefixes_are_apart(call, wish, tracker);
}

static void switch_run(struct kr_call *call, struct wish *wish)
{
    struct tracking *tracking = call->state;

    if (!switch_read(call, wish))
        return;
    if (kr_arg_is(call, 2, "ON")) {
        if (!switch_allows(call, wish, switch_tracker(call)))
            return;
        tracker_on(tracking, call->client, wish->redirect, wish->flags,
                   wish->prefix_count, wish->prefixes);
    } else if (kr_arg_is(call, 2, "OFF")) {
        tracker_off(tracking, call->client);
    } else {
        kr_refuse_syntax(call);
        return;
    }
    kr_reply_ok(call->reply);
}

void tracking_switch(struct kr_call *call)
{
    struct tracking *tracking = call->state;
    struct wish wish = {0};

    if (!call->client) {
        kr_reply_error(call->reply, "ERR tracking is for connections");
        return;
    }
    wish.prefixes =
        kr_memory->alloc(tracking->self, call->argc * sizeof(*wish.prefixes));
    switch_run(call, &wish);
    kr_memory->free(tracking->self, wish.prefixes);
}

/* --- The others ----------------------------------------------------------- */

void tracking_caching(struct kr_call *call)
{
    struct tracker *tracker = switch_tracker(call);

    if (!tracker) {
        kr_reply_error(call->reply,
                       "ERR CLIENT CACHING can be called only when the client "
                       "is in tracking mode with OPTIN or OPTOUT mode enabled");
    } else if (kr_arg_is(call, 2, "YES")) {
        if (!(tracker->flags & TRACKER_OPTIN)) {
            kr_reply_error(call->reply,
                           "ERR CLIENT CACHING YES is only valid when tracking "
                           "is enabled in OPTIN mode.");
            return;
        }
        tracker->flags |= TRACKER_CACHING;
        kr_reply_ok(call->reply);
    } else if (kr_arg_is(call, 2, "NO")) {
        if (!(tracker->flags & TRACKER_OPTOUT)) {
            kr_reply_error(call->reply,
                           "ERR CLIENT CACHING NO is only valid when tracking "
                           "is enabled in OPTOUT mode.");
            return;
        }
        tracker->flags |= TRACKER_CACHING;
        kr_reply_ok(call->reply);
    } else {
        kr_refuse_syntax(call);
    }
}

static int64_t switch_redirect(const struct tracker *tracker)
{
    return tracker ? tracker->redirect : -1;
}

void tracking_getredir(struct kr_call *call)
{
    kr_reply_int64(call->reply, switch_redirect(switch_tracker(call)));
}

static void info_flags(struct kr_reply *reply, const struct tracker *tracker)
{
    uint32_t flags = tracker ? tracker->flags : 0;
    const char *words[8];
    uint64_t count = 0;

    words[count++] = tracker ? "on" : "off";
    if (flags & TRACKER_BCAST)
        words[count++] = "bcast";
    if (flags & TRACKER_OPTIN) {
        words[count++] = "optin";
        if (flags & TRACKER_CACHING)
            words[count++] = "caching-yes";
    }
    if (flags & TRACKER_OPTOUT) {
        words[count++] = "optout";
        if (flags & TRACKER_CACHING)
            words[count++] = "caching-no";
    }
    if (flags & TRACKER_NOLOOP)
        words[count++] = "noloop";
    if (flags & TRACKER_BROKEN)
        words[count++] = "broken_redirect";
    reply->ops->open(reply, KR_SET, count);
    for (uint64_t i = 0; i < count; i++)
        kr_reply_bulk(reply, kr_cstr(words[i]));
}

static void info_prefixes(struct kr_reply *reply, const struct tracker *tracker)
{
    const struct interest *interest;
    uint64_t count = 0, token = reply->ops->defer(reply);

    if (tracker) {
        LIST_FOREACH(interest, &tracker->interests, of_tracker)
        {
            kr_reply_bulk(reply, prefix_text(interest->prefix));
            count++;
        }
    }
    reply->ops->close(reply, token, KR_ARRAY, count);
}

void tracking_info(struct kr_call *call)
{
    const struct tracker *tracker = switch_tracker(call);
    struct kr_reply *reply = call->reply;

    kr_reply_map(reply, 3);
    kr_reply_bulk(reply, KR_STR("flags"));
    info_flags(reply, tracker);
    kr_reply_bulk(reply, KR_STR("redirect"));
    kr_reply_int64(reply, switch_redirect(tracker));
    kr_reply_bulk(reply, KR_STR("prefixes"));
    info_prefixes(reply, tracker);
}
