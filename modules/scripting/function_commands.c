/* SPDX-License-Identifier: BSD-3-Clause */
/* function_commands - FUNCTION, and FCALL that calls one. */
#include "commands.h"
#include "flags.h"
#include "function_save.h"
#include "functions.h"
#include "kill.h"
#include "prepare.h"
#include "scripting.h"

#include <kr/args.h>
#include <kr/loop.h>

#define FUNCTION_NAME 256 /* bytes of a name in errors and the log */

static struct scripting *function_state(const struct kr_call *call)
{
    return call->state;
}

static struct functions *functions_of(const struct kr_call *call)
{
    return &function_state(call)->functions;
}

/* --- Calling ----------------------------------------------------------------- */

static void function_call(struct kr_call *call, bool read_only)
{
    struct functions *functions = functions_of(call);
    const struct function *function =
        shelf_function(&functions->shelf, call->argv[1]);
    struct engine *engine = functions->engine;
    char name[FUNCTION_NAME];
    struct run run = {.call = call, .name = name, .flags = RUN_FUNCTION};
    uint32_t keys;

    if (!function) {
        kr_reply_error(call->reply, "ERR Function not found");
        return;
    }
    if (!prepare_keys(call, "ERR Bad number of keys provided", &keys))
        return;
    snprintf(name, sizeof(name), "%.*s",
             KR_QUOTE(function->name, FUNCTION_NAME - 1));
    if (!prepare_run(&run, function->flags, read_only))
        return;
    engine->must = true;
    lua_rawgeti(engine->L, LUA_REGISTRYINDEX, function->code);
    run_push_words(engine->L, call->argv + 3, keys);
    run_push_words(engine->L, call->argv + 3 + keys, call->argc - 3 - keys);
    engine->must = false;
    run_script(engine, &run, 2);
}

void scripting_fcall(struct kr_call *call)
{
    function_call(call, false);
}

void scripting_fcall_ro(struct kr_call *call)
{
    function_call(call, true);
}

uint64_t scripting_fcall_acts(const struct kr_call *call)
{
    const struct function *function =
        shelf_function(&functions_of(call)->shelf, call->argv[1]);
    uint64_t acts = kr_commands->row(call->command)->flags;

    return function ? prepare_acts(acts, function->flags) : acts;
}

/* --- Loading and deleting ------------------------------------------------------ */

static void function_refuse(struct kr_call *call, const char *error)
{
    kr_reply_errorf(call->reply, "ERR %s", error);
}

void scripting_function_load(struct kr_call *call)
{
    struct functions *functions = functions_of(call);
    const struct library *library;
    bool replace = false;
    char error[FUNCTIONS_TEXT];

    for (uint32_t i = 2; i + 1 < call->argc; i++) {
        if (!kr_arg_is(call, i, "replace")) {
            kr_reply_errorf(call->reply, "ERR Unknown option given: %.*s",
                            KR_QUOTE(call->argv[i], 512));
            return;
        }
        replace = true;
    }
    library =
        functions_load(functions, &functions->shelf, call->argv[call->argc - 1],
                       replace, !(call->flags & KR_CALL_REPLICA), error);
    if (!library) {
        function_refuse(call, error);
    } else {
        kr_calls->touch(call, 1);
        kr_reply_bulk(call->reply, library->name);
    }
    functions_settle(functions);
}

void scripting_function_delete(struct kr_call *call)
{
    struct functions *functions = functions_of(call);
    struct library *library = shelf_library(&functions->shelf, call->argv[2]);

    if (!library) {
        kr_reply_error(call->reply, "ERR Library not found");
        return;
    }
    functions_drop(functions, &functions->shelf, library);
    functions_settle(functions);
    kr_calls->touch(call, 1);
    kr_reply_ok(call->reply);
}

/* The state goes at once, which takes a millisecond: ASYNC is accepted. */
void scripting_function_flush(struct kr_call *call)
{
    struct functions *functions = functions_of(call);

    if (call->argc > 3) {
        kr_refuse_subcommand(call, "FUNCTION");
        return;
    }
    if (call->argc == 3 && !kr_arg_is(call, 2, "sync") &&
        !kr_arg_is(call, 2, "async")) {
        kr_reply_error(call->reply,
                       "ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
        return;
    }
    functions_clear(functions, &functions->shelf);
    functions_settle(functions);
    kr_calls->touch(call, 1);
    kr_reply_ok(call->reply);
}

/* --- Looking ------------------------------------------------------------------- */

static void list_function(struct kr_reply *reply,
                          const struct function *function)
{
    uint64_t flags = 0;

    for (size_t i = 0; i < SCRIPT_WORDS; i++)
        flags += (function->flags & script_words[i].flag) != 0;
    kr_reply_map(reply, 3);
    kr_reply_bulk(reply, KR_STR("name"));
    kr_reply_bulk(reply, function->name);
    kr_reply_bulk(reply, KR_STR("description"));
    if (function->description.data)
        kr_reply_bulk(reply, function->description);
    else
        kr_reply_null(reply);
    kr_reply_bulk(reply, KR_STR("flags"));
    reply->ops->open(reply, KR_SET, flags);
    for (size_t i = 0; i < SCRIPT_WORDS; i++)
        if (function->flags & script_words[i].flag)
            kr_reply_status(reply, script_words[i].word);
}

static void list_library(struct kr_reply *reply, const struct library *library,
                         bool code)
{
    kr_reply_map(reply, code ? 4 : 3);
    kr_reply_bulk(reply, KR_STR("library_name"));
    kr_reply_bulk(reply, library->name);
    kr_reply_bulk(reply, KR_STR("engine"));
    kr_reply_bulk(reply, KR_STR("LUA"));
    kr_reply_bulk(reply, KR_STR("functions"));
    kr_reply_array(reply, library->functions.count);
    for (uint32_t i = 0; i < library->functions.count; i++)
        list_function(reply, library_at(library, i));
    if (!code)
        return;
    kr_reply_bulk(reply, KR_STR("library_code"));
    kr_reply_bulk(reply, library->source);
}

void scripting_function_list(struct kr_call *call)
{
    const struct shelf *shelf = &functions_of(call)->shelf;
    struct kr_reply *reply = call->reply;
    struct kr_str pattern = KR_STR("*");
    bool named = false;
    bool code = false;
    uint64_t count = 0;
    uint64_t token;

    for (uint32_t i = 2; i < call->argc; i++) {
        if (!code && kr_arg_is(call, i, "withcode")) {
            code = true;
        } else if (!named && kr_arg_is(call, i, "libraryname")) {
            if (i + 1 == call->argc) {
                kr_reply_error(reply,
                               "ERR library name argument was not given");
                return;
            }
            named = true;
            pattern = call->argv[++i];
        } else {
            kr_reply_errorf(reply, "ERR Unknown argument %.*s",
                            KR_QUOTE(call->argv[i], 512));
            return;
        }
    }
    token = reply->ops->defer(reply);
    for (uint32_t i = 0; i < shelf->libraries.count; i++) {
        const struct library *library = shelf_at(shelf, i);

        if (named && !kr_text->match(pattern, library->name, true))
            continue;
        list_library(reply, library, code);
        count++;
    }
    reply->ops->close(reply, token, KR_ARRAY, count);
}

static void stats_run(struct kr_reply *reply, const struct run *run)
{
    const struct kr_call *call = run->call;

    kr_reply_map(reply, 3);
    kr_reply_bulk(reply, KR_STR("name"));
    kr_reply_bulk(reply, kr_cstr(run->name));
    kr_reply_bulk(reply, KR_STR("command"));
    kr_reply_array(reply, call->argc);
    for (uint32_t i = 0; i < call->argc; i++)
        kr_reply_bulk(reply, call->argv[i]);
    kr_reply_bulk(reply, KR_STR("duration_ms"));
    kr_reply_int64(reply, (kr_loop->monotonic_ns() - run->began_ns) / 1000000);
}

void scripting_function_stats(struct kr_call *call)
{
    const struct shelf *shelf = &functions_of(call)->shelf;
    const struct run *run = function_state(call)->owner.running;
    struct kr_reply *reply = call->reply;

    if (run && !(run->flags & RUN_FUNCTION)) {
        kr_reply_error(reply, run_busy_text(run));
        return;
    }
    kr_reply_map(reply, 2);
    kr_reply_bulk(reply, KR_STR("running_script"));
    if (run)
        stats_run(reply, run);
    else
        kr_reply_null(reply);
    kr_reply_bulk(reply, KR_STR("engines"));
    kr_reply_map(reply, 1);
    kr_reply_bulk(reply, KR_STR("LUA"));
    kr_reply_map(reply, 2);
    kr_reply_bulk(reply, KR_STR("libraries_count"));
    kr_reply_int64(reply, shelf->libraries.count);
    kr_reply_bulk(reply, KR_STR("functions_count"));
    kr_reply_int64(reply, shelf->functions.count);
}

void scripting_function_kill(struct kr_call *call)
{
    kill_all(function_state(call), call, true);
}

/* --- Saving -------------------------------------------------------------------- */

void scripting_function_dump(struct kr_call *call)
{
    function_dump(functions_of(call), call->reply);
}

void scripting_function_restore(struct kr_call *call)
{
    enum function_policy policy = FUNCTION_APPEND;
    char error[FUNCTIONS_TEXT];

    if (call->argc > 4) {
        kr_refuse_subcommand(call, "FUNCTION");
        return;
    }
    if (call->argc == 4) {
        if (kr_arg_is(call, 3, "replace")) {
            policy = FUNCTION_REPLACE;
        } else if (kr_arg_is(call, 3, "flush")) {
            policy = FUNCTION_FLUSH;
        } else if (!kr_arg_is(call, 3, "append")) {
            kr_reply_error(call->reply,
                           "ERR Wrong restore policy given, value should be "
                           "either FLUSH, APPEND or REPLACE.");
            return;
        }
    }
    if (function_restore(functions_of(call), call->argv[2], policy, error)) {
        kr_calls->touch(call, 1);
        kr_reply_ok(call->reply);
    } else {
        function_refuse(call, error);
    }
}

void scripting_function_help(struct kr_call *call)
{
    static const char *const lines[] = {
        "LOAD [REPLACE] <FUNCTION CODE>",
        "    Run the code, which registers the functions of a library.",
        "DELETE <LIBRARY NAME>",
        "    Take a library away, with its functions.",
        "LIST [LIBRARYNAME PATTERN] [WITHCODE]",
        "    Name the libraries and their functions.",
        "STATS",
        "    Tell which function runs, and count what is loaded.",
        "KILL",
        "    End the function that runs, if it has not written.",
        "FLUSH [ASYNC|SYNC]",
        "    Take all libraries away.",
        "DUMP",
        "    Answer all libraries as bytes that RESTORE reads.",
        "RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]",
        "    Load the libraries of a dump: in place of all (FLUSH), beside the",
        "    others (APPEND), or in place of those of their names (REPLACE).",
    };

    kr_reply_help(call, "FUNCTION", lines, KR_COUNT(lines));
}
