/* SPDX-License-Identifier: BSD-3-Clause */
/* call - running commands from a guest, and what a guest says to the journal.
 *
 * A format says what the words are and how to run them:
 *
 *   c  NUL-terminated text      b  bytes and their number     l  long long
 *   s  RedisModuleString *      v  array of those, and their number
 *   !  replicate   A R  not to the log, not to replicas
 *   3 0  reply in RESP3, or as the client speaks
 *   C  as the user   S  script rules   W  no writes   M  no memory, no call
 *   E  refusals as an error reply   D  only what would be refused
 *   K  it may wait: the reply is a promise then
 *
 * Words stay where they are: only numbers are written out. */
#include "call_reply.h"
#include "context.h"
#include "denied.h"
#include "promise.h"
#include "text.h"
#include "user.h"
#include "words.h"

#include <errno.h>
#include <stdarg.h>

/* --- Words ---------------------------------------------------------------- */

static void words_add(struct words *words, struct kr_str word)
{
    words->argv = array_grow(words->argv, words->argc, &words->room,
                             sizeof(*words->argv));
    words->argv[words->argc++] = word;
}

void words_free(struct words *words)
{
    kr_memory->free(redisabi_self, words->argv);
    kr_memory->free(redisabi_self, words->numbers);
}

/* A letter that takes no argument. */
static bool words_flag(struct words *words, char letter)
{
    static const char letters[] = "!AR30CSWMEDK"; /* ORDER: CALL_ */
    const char *found = letter ? strchr(letters, letter) : NULL;

    if (!found)
        return false;
    words->flags |= 1u << (found - letters);
    if (letter == 'D')
        words->flags |= CALL_ERRORS;
    return true;
}

static void words_add_vector(struct words *words, RedisModuleString **strings,
                             size_t count)
{
    for (size_t i = 0; i < count; i++)
        words_add(words, text_view(strings[i]));
}

bool words_read(struct words *words, const char *name, const char *format,
                va_list args)
{
    memset(words, 0, sizeof(*words));
    words->numbers =
        kr_memory->alloc(redisabi_self, (strlen(format) + 1) * KR_INT64_TEXT);
    words_add(words, kr_cstr(name));
    for (size_t i = 0; format[i]; i++) {
        const char *bytes;

        switch (format[i]) {
        case 'c':
            words_add(words, kr_cstr(va_arg(args, char *)));
            break;
        case 's':
            words_add(words, text_view(va_arg(args, RedisModuleString *)));
            break;
        case 'b':
            bytes = va_arg(args, char *);
            words_add(words, kr_str(bytes, va_arg(args, size_t)));
            break;
        case 'l':
            bytes = words->numbers[i];
            words_add(words,
                      kr_str(bytes, kr_text->from_int64(va_arg(args, long long),
                                                        words->numbers[i])));
            break;
        case 'v': {
            RedisModuleString **strings = va_arg(args, RedisModuleString **);

            words_add_vector(words, strings, va_arg(args, size_t));
            break;
        }
        default:
            if (!words_flag(words, format[i]))
                return false;
        }
    }
    return true;
}

/* --- Running -------------------------------------------------------------- */

/* May it run at all?  0, or errno; with *why for the cases where the host would
 * have said something else, or nothing. */
static int call_check(const RedisModuleCtx *ctx, const struct words *words,
                      const kr_cmd *command, char *why, size_t room)
{
    uint64_t flags;

    *why = '\0';
    if (words->flags & CALL_AS_USER && !ctx->client && !ctx->user) {
        snprintf(why, room,
                 "ERR cannot run as user, no user directly attached to context "
                 "or context's client");
        return ENOTSUP;
    }
    if (!command)
        return ENOENT;
    if (!kr_commands->check_arity(command, words->argc, NULL))
        return EINVAL;
    flags = kr_commands->row(command)->flags;
    if (words->flags & CALL_SCRIPT && flags & KR_CMD_NOSCRIPT) {
        snprintf(why, room, "ERR command '%s' is not allowed on script mode",
                 kr_commands->full_name(command));
        return ESPIPE;
    }
    if (words->flags & CALL_NO_WRITES && flags & KR_CMD_WRITE) {
        snprintf(why, room,
                 "ERR Write command '%s' was called while write is not "
                 "allowed.",
                 kr_commands->full_name(command));
        return ENOSPC;
    }
    if (words->flags & CALL_AS_USER && !user_may(ctx->user)) {
        snprintf(why, room, USER_DENIED);
        return EACCES;
    }
    return 0;
}

static uint32_t call_protocol(const RedisModuleCtx *ctx, uint32_t flags)
{
    if (flags & CALL_RESP3)
        return 3;
    if (flags & CALL_RESP_AUTO && ctx->reply)
        return ctx->reply->protocol;
    return 2;
}

/* Who can be told that something refused is told, the others get NULL. */
static RedisModuleCallReply *call_run(RedisModuleCtx *ctx,
                                      const struct words *words)
{
    const kr_cmd *command = kr_commands->match(words->argc, words->argv);
    char why[256];
    int error = call_check(ctx, words, command, why, sizeof(why));
    struct kr_reply *sink;
    struct kr_run run = {
        .size = sizeof(run),
        .argc = words->argc,
        .argv = words->argv,
        .client = words->flags & CALL_AS_USER ? ctx->client : NULL,
        .db = ctx->db,
        .flags = (words->flags & CALL_REPLICATE && !(words->flags & CALL_NO_LOG)
                      ? 0
                      : KR_RUN_NO_JOURNAL) |
                 (words->flags & CALL_DENY_OOM ? KR_RUN_DENY_OOM : 0) |
                 (words->flags & CALL_DRY ? KR_RUN_DRY : 0),
        .call_flags = KR_CALL_NO_BLOCK,
    };
    RedisModuleCallReply *reply = NULL;
    struct errand *errand = NULL;
    int around = house()->around;

    if (error && !(words->flags & CALL_ERRORS)) {
        errno = error;
        return NULL;
    }
    if (ctx->call)
        run.call_flags |= ctx->call->flags & KR_CALL_TRANSACTION;
    /* What the log's commands do is done as it was then. */
    if (kr_loading->active())
        run.call_flags |= KR_CALL_REPLICA;
    sink = kr_calls->new_sink(call_protocol(ctx, words->flags));
    run.reply = sink;
    if (words->flags & CALL_MAY_BLOCK && !error && ctx->guest)
        errand = promise_prepare(ctx, &run);
    if (ctx->guest)
        ctx->guest->calls++;
    house()->around = flags_of_call(kr_calls->current());
    if (*why)
        kr_reply_error(sink, why);
    else if (kr_calls->run(&run) != KR_OK && !error)
        error = words->flags & CALL_DENY_OOM ? ENOSPC : EACCES;
    house()->around = around;
    if (ctx->guest)
        ctx->guest->calls--;
    errno = 0;
    if (errand)
        reply = promise_of(ctx, errand);
    if (!reply &&
        (error ? words->flags & CALL_ERRORS : !(words->flags & CALL_DRY)))
        reply = call_reply_new(ctx, kr_calls->sink_bytes(sink));
    kr_calls->free_sink(sink);
    if (error)
        errno = error;
    return reply;
}

RedisModuleCallReply *rm_Call(RedisModuleCtx *ctx, const char *name,
                              const char *format, ...)
{
    RedisModuleCallReply *reply = NULL;
    struct words words;
    va_list args;

    if (guest_is_denied(ctx->guest, LENT_CALLS, "Call"))
        return NULL;
    va_start(args, format);
    if (words_read(&words, name, format, args))
        reply = call_run(ctx, &words);
    else
        errno = EBADF;
    va_end(args);
    words_free(&words);
    return reply;
}

/* --- The journal ---------------------------------------------------------- */

/* Each word of a guest's takes the place of the command as typed, in the order
 * in which they came; of a command that says nothing the journal hears nothing
 * (command.c). */
static void replicate(RedisModuleCtx *ctx, uint32_t argc,
                      const struct kr_str *argv)
{
    if (!ctx->call) {
        kr_journal->effect(ctx->db, argc, argv);
        return;
    }
    kr_journal->instead(ctx->call, argc, argv);
    kr_calls->touch(ctx->call, 1);
    ctx->replicated = true;
}

int rm_Replicate(RedisModuleCtx *ctx, const char *name, const char *format, ...)
{
    int result = REDISMODULE_ERR;
    struct words words;
    va_list args;

    if (!kr_commands->find(kr_cstr(name)))
        return REDISMODULE_ERR;
    va_start(args, format);
    if (words_read(&words, name, format, args)) {
        if (!(words.flags & CALL_NO_LOG)) /* there are no replicas yet */
            replicate(ctx, words.argc, words.argv);
        result = REDISMODULE_OK;
    }
    va_end(args);
    words_free(&words);
    return result;
}

int rm_ReplicateVerbatim(RedisModuleCtx *ctx)
{
    if (ctx->call)
        replicate(ctx, ctx->call->argc, ctx->call->argv);
    return REDISMODULE_OK;
}
