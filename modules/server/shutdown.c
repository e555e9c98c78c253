/* SPDX-License-Identifier: BSD-3-Clause */
/* shutdown - SHUTDOWN: the end, or its recall. */
#include "server.h"

#include "commands.h"

#define ABORT (1u << 31) /* beside the KR_SHUTDOWN_ flags */

/* The flag of a word, 0 for one that is none. */
static uint32_t shutdown_flag(struct kr_str word)
{
    static const struct {
        const char *word;
        uint32_t flag;
    } flags[] = {
        {"nosave", KR_SHUTDOWN_NOSAVE},
        {"save", KR_SHUTDOWN_SAVE},
        {"now", KR_SHUTDOWN_NOW},
        {"force", KR_SHUTDOWN_FORCE},
        {"abort", ABORT},
    };

    for (size_t i = 0; i < KR_COUNT(flags); i++)
        if (kr_str_equal_nocase(word, kr_cstr(flags[i].word)))
            return flags[i].flag;
    return 0;
}

/* false: an error has been replied. */
static bool shutdown_parse(struct kr_call *call, uint32_t *flags)
{
    bool known = true;

    *flags = 0;
    for (uint32_t i = 1; i < call->argc && known; i++) {
        uint32_t flag = shutdown_flag(call->argv[i]);

        known = flag != 0;
        *flags |= flag;
    }
    if (!known || (*flags & ABORT && *flags != ABORT) ||
        (*flags & KR_SHUTDOWN_SAVE && *flags & KR_SHUTDOWN_NOSAVE)) {
        kr_reply_error(call->reply, KR_ERR_SYNTAX);
        return false;
    }
    return true;
}

void server_shutdown(struct kr_call *call)
{
    uint32_t flags;

    if (!shutdown_parse(call, &flags))
        return;
    if (flags == ABORT) {
        if (kr_loop->cancel_shutdown())
            kr_reply_ok(call->reply);
        else
            kr_reply_error(call->reply, "ERR No shutdown in progress.");
        return;
    }
    if (!(flags & KR_SHUTDOWN_NOW) &&
        call->flags & (KR_CALL_NO_BLOCK | KR_CALL_SCRIPT)) {
        kr_reply_error(call->reply, "ERR SHUTDOWN without NOW or ABORT isn't "
                                    "allowed for DENY BLOCKING client");
        return;
    }
    /* A server that ends says no more: the client sees its connection close. */
    if (kr_loop->shutdown(flags) != KR_OK)
        kr_reply_error(call->reply,
                       "ERR Errors trying to SHUTDOWN. Check logs.");
}
