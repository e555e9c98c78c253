/* SPDX-License-Identifier: BSD-3-Clause */
/* debug_switch - DEBUG subcommands that change how some part works.
 *
 * The part is the host's or another module's, and so is the switch: a hidden
 * parameter, named "debug-" and the subcommand.  One that nobody has declared
 * belongs to a part that is not loaded. */
#include "debug.h"

#include "server.h"

#include <stdio.h>

static void debug_set(struct kr_call *call, struct kr_str word,
                      struct kr_str value)
{
    char text[96], error[256] = "";
    struct kr_reply *sink;
    struct kr_str name;
    kr_status status;

    snprintf(text, sizeof(text), "debug-%.*s",
             (int)(word.size < 64 ? word.size : 64), word.data);
    for (char *c = text; *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c | 0x20);
    name = kr_cstr(text);
    sink = kr_calls->new_sink(2);
    status = kr_config->get(name, sink);
    kr_calls->free_sink(sink);
    if (status != KR_OK)
        debug_refuse(call, "no module that is loaded has this switch");
    else if (kr_config->set(1, &name, &value, error, sizeof(error)) == KR_OK)
        kr_reply_ok(call->reply);
    else
        kr_reply_error(call->reply, error);
}

/* A number in words of the configuration: any but 0 is yes. */
static struct kr_str debug_yes_or_no(struct kr_str word)
{
    int64_t value = 0;

    if (kr_text->to_int64(word, &value) && value != 0)
        return KR_STR("yes");
    return KR_STR("no");
}

void debug_switch(struct kr_call *call)
{
    bool size = kr_str_equal_nocase(call->argv[1],
                                    KR_STR("quicklist-packed-threshold"));

    if (call->argc < 3)
        debug_set(call, call->argv[1], KR_STR("yes"));
    else
        debug_set(call, call->argv[1],
                  size ? call->argv[2] : debug_yes_or_no(call->argv[2]));
}

void debug_replybuffer(struct kr_call *call)
{
    if (kr_str_equal_nocase(call->argv[2], KR_STR("resizing")))
        debug_set(call, KR_STR("replybuffer-resizing"),
                  debug_yes_or_no(call->argv[3]));
    else if (kr_str_equal_nocase(call->argv[2], KR_STR("peak-reset-time")))
        debug_set(call, KR_STR("replybuffer-peak-reset-time"), call->argv[3]);
    else
        kr_refuse_subcommand(call, "DEBUG");
}
