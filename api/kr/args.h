/* SPDX-License-Identifier: BSD-3-Clause */
/* args - reading the words of a call, and refusing them as Redis does.
 *
 * A function that answers false has replied the error, so a handler says
 *
 *   if (!kr_arg_int64(call, 2, &count))
 *       return;
 *
 * A module that uses one of them imports what it calls: kr_text for numbers,
 * kr_keyspace for databases, kr_commands for the name of the command. */
#ifndef KR_ARGS_H
#define KR_ARGS_H

#include <kr/base.h>
#include <kr/call.h>
#include <kr/command.h>
#include <kr/keyspace.h>
#include <kr/reply.h>
#include <kr/text.h>

#ifdef __cplusplus
extern "C" {
#endif

/* For errors that quote what a client typed, with "%.*s": at most `most` bytes,
 * and as in Redis nothing behind a NUL. */
#define KR_QUOTE(str, most)                                                    \
    (int)((str).size < (most) ? (str).size : (most)),                          \
        ((str).size > 0 ? (str).data : "")

/* --- Reading ------------------------------------------------------------- */

/* Is argument `i` that word, in any case? */
static inline bool kr_arg_is(const struct kr_call *call, uint32_t i,
                             const char *word)
{
    return kr_str_equal_nocase(call->argv[i], kr_cstr(word));
}

/* Argument `i` as an integer; otherwise `error` is replied. */
static inline bool kr_arg_int64_or(struct kr_call *call, uint32_t i,
                                   int64_t *value, const char *error)
{
    if (KR_LIKELY(kr_text->to_int64(call->argv[i], value)))
        return true;
    kr_reply_error(call->reply, error);
    return false;
}

/* Argument `i` as an integer; otherwise Redis's error is replied. */
static inline bool kr_arg_int64(struct kr_call *call, uint32_t i,
                                int64_t *value)
{
    return kr_arg_int64_or(call, i, value, KR_ERR_NOT_INT);
}

/* Argument `i` as an integer of 32 bits; `error` NULL: with Redis's two texts,
 * for what is no integer and for what does not fit. */
static inline bool kr_arg_int32_or(struct kr_call *call, uint32_t i,
                                   int32_t *value, const char *error)
{
    int64_t wide;

    if (!kr_arg_int64_or(call, i, &wide, error ? error : KR_ERR_NOT_INT))
        return false;
    *value = (int32_t)wide;
    if (KR_LIKELY(wide == *value))
        return true;
    kr_reply_error(call->reply, error ? error
                                      : "ERR value is out of range, value must "
                                        "between -2147483648 and 2147483647");
    return false;
}

/* Argument `i` as an integer from `min` to `max`; otherwise `error`, or with
 * NULL Redis's texts for what is no integer and for what is out of range. */
static inline bool kr_arg_int64_in(struct kr_call *call, uint32_t i,
                                   int64_t min, int64_t max, int64_t *value,
                                   const char *error)
{
    if (!error && min == 0 && max == INT64_MAX) /* whatever is wrong */
        error = "ERR value is out of range, must be positive";
    if (!kr_arg_int64_or(call, i, value, error ? error : KR_ERR_NOT_INT))
        return false;
    if (KR_LIKELY(*value >= min && *value <= max))
        return true;
    if (error)
        kr_reply_error(call->reply, error);
    else
        kr_reply_errorf(call->reply,
                        "ERR value is out of range, value must between %lld "
                        "and %lld",
                        (long long)min, (long long)max);
    return false;
}

/* Argument `i` as a number; otherwise `error`, or with NULL Redis's text. */
static inline bool kr_arg_double(struct kr_call *call, uint32_t i,
                                 double *value, const char *error)
{
    if (KR_LIKELY(kr_text->to_double(call->argv[i], value)))
        return true;
    kr_reply_error(call->reply, error ? error : KR_ERR_NOT_FLOAT);
    return false;
}

/* How long a blocking command waits, from argument `i`: seconds with a fraction
 * (BLPOP) or whole milliseconds (XREAD).  *deadline_ms is the moment when it
 * gives up, 0 for never, as struct kr_park wants it. */
static inline bool kr_arg_timeout(struct kr_call *call, uint32_t i,
                                  bool seconds, int64_t *deadline_ms)
{
    const char *error;
    int64_t wait_ms;

    if (seconds) {
        long double wait;

        error = "ERR timeout is not a float or out of range";
        if (!kr_text->to_long_double(call->argv[i], &wait))
            goto refuse;
        error = "ERR timeout is out of range";
        wait *= 1000;
        if (wait > (long double)INT64_MAX || wait < (long double)INT64_MIN)
            goto refuse;
        wait_ms = (int64_t)wait;
        wait_ms += wait > (long double)wait_ms; /* up: no wait becomes none */
    } else if (!kr_text->to_int64(call->argv[i], &wait_ms)) {
        error = "ERR timeout is not an integer or out of range";
        goto refuse;
    }
    error = "ERR timeout is negative";
    if (wait_ms < 0)
        goto refuse;
    error = "ERR timeout is out of range";
    *deadline_ms = 0;
    if (wait_ms > 0 &&
        __builtin_add_overflow(wait_ms, call->now_ms, deadline_ms))
        goto refuse;
    return true;
refuse:
    kr_reply_error(call->reply, error);
    return false;
}

/* The database whose number is argument `i`. */
static inline bool kr_arg_db(struct kr_call *call, uint32_t i, kr_db **db)
{
    int32_t index;

    if (!kr_arg_int32_or(call, i, &index, NULL))
        return false;
    *db = kr_keyspace->db(index);
    if (*db)
        return true;
    kr_reply_error(call->reply, "ERR DB index is out of range");
    return false;
}

/* --- Refusing ------------------------------------------------------------ */

/* Reply that the words of the call make no sense together. */
static inline void kr_refuse_syntax(struct kr_call *call)
{
    kr_reply_error(call->reply, KR_ERR_SYNTAX);
}

/* More or fewer words than the command takes, where its arity cannot tell. */
static inline void kr_refuse_arity(struct kr_call *call)
{
    kr_reply_errorf(call->reply,
                    "ERR wrong number of arguments for '%s' command",
                    kr_commands->full_name(call->command));
}

/* The same for a subcommand of `container` ("CLIENT"). */
static inline void kr_refuse_subcommand(struct kr_call *call,
                                        const char *container)
{
    kr_reply_errorf(call->reply,
                    "ERR unknown subcommand or wrong number of arguments for "
                    "'%.*s'. Try %s HELP.",
                    KR_QUOTE(call->argv[1], 128), container);
}

/* --- Helping ------------------------------------------------------------- */

/* The answer of `container` HELP: a title, the lines, and HELP itself. */
static inline void kr_reply_help(struct kr_call *call, const char *container,
                                 const char *const *lines, uint32_t count)
{
    char title[128];

    snprintf(title, sizeof(title),
             "%s <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
             container);
    kr_reply_array(call->reply, (uint64_t)count + 3);
    kr_reply_status(call->reply, title);
    for (uint32_t i = 0; i < count; i++)
        kr_reply_status(call->reply, lines[i]);
    kr_reply_status(call->reply, "HELP");
    kr_reply_status(call->reply, "    This text.");
}

#ifdef __cplusplus
}
#endif
#endif
