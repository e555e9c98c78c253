/* SPDX-License-Identifier: BSD-3-Clause */
#include "redact.h"

#include <kr/command.h>
#include <kr/config.h>

/* AUTH [user] password; with more words it is an error and shown. */
static bool redact_auth(const struct kr_call *call, uint32_t i)
{
    return call->argc <= 3 && i >= 1;
}

/* An option of a command: its word, how many words follow it, are they secret? */
struct redact_option {
    const char *word;
    uint32_t follow;
    bool secret;
};

/* Walk the options from argv[from] on up to argv[i]; what is no option ends
 * them. */
static bool redact_options(const struct kr_call *call, uint32_t i,
                           uint32_t from, const struct redact_option *options,
                           size_t count)
{
    for (uint32_t at = from; at < i;) {
        size_t o = 0;

        while (o < count &&
               !kr_str_equal_nocase(call->argv[at], kr_cstr(options[o].word)))
            o++;
        if (o == count || options[o].follow > call->argc - 1 - at)
            return false;
        if (i <= at + options[o].follow)
            return options[o].secret;
        at += 1 + options[o].follow;
    }
    return false;
}

static bool redact_hello(const struct kr_call *call, uint32_t i)
{
    static const struct redact_option options[] = {{"auth", 2, true},
                                                   {"setname", 1, false}};

    return redact_options(call, i, 2, options, KR_COUNT(options));
}

static bool redact_migrate(const struct kr_call *call, uint32_t i)
{
    static const struct redact_option options[] = {{"copy", 0, false},
                                                   {"replace", 0, false},
                                                   {"auth", 1, true},
                                                   {"auth2", 2, true}};

    return redact_options(call, i, 6, options, KR_COUNT(options));
}

/* Whatever is said of a user, the name included. */
static bool redact_acl_setuser(const struct kr_call *call, uint32_t i)
{
    (void)call;
    return i >= 2;
}

struct redact_param {
    struct kr_str name;
    bool secret;
};

static bool redact_match_param(const struct kr_param *row, void *ctx)
{
    struct redact_param *look = ctx;

    if (!kr_str_equal_nocase(kr_cstr(row->name), look->name) &&
        !(row->alias && kr_str_equal_nocase(kr_cstr(row->alias), look->name)))
        return true;
    look->secret = row->flags & KR_PARAM_SECRET;
    return false;
}

/* CONFIG SET name value name value ... */
static bool redact_config_set(const struct kr_call *call, uint32_t i)
{
    struct redact_param look = {.secret = false};

    if (i < 3 || i % 2 == 0)
        return false;
    look.name = call->argv[i - 1];
    kr_config->each(redact_match_param, &look);
    return look.secret;
}

static const struct {
    const char *name;
    bool (*hides)(const struct kr_call *call, uint32_t i);
} redact_rules[] = {
    {"auth", redact_auth},
    {"hello", redact_hello},
    {"migrate", redact_migrate},
    {"config|set", redact_config_set},
    {"acl|setuser", redact_acl_setuser},
};

bool redact_hides(const struct kr_call *call, uint32_t i)
{
    const char *name;

    if (call->secret >> (i < 63 ? i : 63) & 1)
        return true;
    if (i == 0 || !call->command)
        return false;
    name = kr_commands->full_name(call->command);
    for (size_t r = 0; r < KR_COUNT(redact_rules); r++)
        if (strcmp(name, redact_rules[r].name) == 0)
            return redact_rules[r].hides(call, i);
    return false;
}
