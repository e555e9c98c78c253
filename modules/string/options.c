/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include <kr/command.h>
#include <kr/text.h>

/* An option excludes others, but not itself: of two EX the last one counts. */
static const struct option {
    struct kr_str word;
    uint32_t bit;
    uint32_t excludes;
} option_table[] = {
#define LIFETIMES (OPTION_TIMES | OPTION_KEEP_TTL | OPTION_PERSIST)
    {{"NX", 2}, OPTION_NX, OPTION_XX},
    {{"XX", 2}, OPTION_XX, OPTION_NX},
    {{"GET", 3}, OPTION_GET, 0},
    {{"KEEPTTL", 7}, OPTION_KEEP_TTL, LIFETIMES},
    {{"PERSIST", 7}, OPTION_PERSIST, LIFETIMES},
    {{"EX", 2}, OPTION_EX, LIFETIMES},
    {{"PX", 2}, OPTION_PX, LIFETIMES},
    {{"EXAT", 4}, OPTION_EXAT, LIFETIMES},
    {{"PXAT", 4}, OPTION_PXAT, LIFETIMES},
#undef LIFETIMES
};

/* Redis reads these words as C strings: a NUL ends them. */
static const struct option *option_find(struct kr_str word)
{
    word.size = strnlen(word.data, word.size);
    for (size_t i = 0; i < KR_COUNT(option_table); i++) {
        if (kr_str_equal_nocase(word, option_table[i].word))
            return &option_table[i];
    }
    return NULL;
}

bool options_parse(struct kr_call *call, uint32_t from, uint32_t allowed,
                   struct options *options)
{
    *options = (struct options){0};
    for (uint32_t i = from; i < call->argc; i++) {
        const struct option *option = option_find(call->argv[i]);

        if (!option || !(option->bit & allowed) ||
            options->given & option->excludes & ~option->bit)
            goto syntax;
        if (option->bit & OPTION_TIMES) {
            if (++i == call->argc)
                goto syntax;
            options->time_at = i;
        }
        options->given |= option->bit;
    }
    return true;

syntax:
    kr_reply_error(call->reply, KR_ERR_SYNTAX);
    return false;
}

bool options_time(struct kr_call *call, uint32_t arg, uint32_t kind,
                  int64_t *when_ms)
{
    int64_t ms;

    if (!kr_text->to_int64(call->argv[arg], &ms)) {
        kr_reply_error(call->reply, KR_ERR_NOT_INT);
        return false;
    }
    if (ms > 0 &&
        !(kind & OPTION_SECONDS && __builtin_mul_overflow(ms, 1000, &ms)) &&
        !(!(kind & OPTION_ABSOLUTE) &&
          __builtin_add_overflow(ms, call->now_ms, &ms))) {
        *when_ms = ms;
        return true;
    }
    kr_reply_errorf(call->reply, "ERR invalid expire time in '%s' command",
                    kr_commands->full_name(call->command));
    return false;
}
