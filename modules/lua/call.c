/* SPDX-License-Identifier: BSD-3-Clause */
#include "call.h"

#include "owner.h"
#include "run.h"
#include "sink.h"

#include <kr/command.h>
#include <kr/journal.h>
#include <kr/text.h>

#include <stdio.h>

#define CALL_FEW     16 /* arguments that need no memory */
#define CALL_NUMBERS 8  /* of them, numbers that are written here */
#define CALL_NUMBER  32 /* bytes */
#define CALL_EXACT   9007199254740992.0

/* --- Arguments ----------------------------------------------------------- */

struct words {
    struct kr_str few[CALL_FEW];
    char numbers[CALL_NUMBERS][CALL_NUMBER];
    uint32_t written;
};

/* As "%.17g" writes it, which for whole numbers is as their digits. */
static size_t words_number(double value, char text[CALL_NUMBER])
{
    if (value > -CALL_EXACT && value < CALL_EXACT &&
        value == (double)(int64_t)value && (value != 0 || 1 / value > 0))
        return kr_text->from_int64((int64_t)value, text);
    return (size_t)snprintf(text, CALL_NUMBER, "%.17g", value);
}

static bool words_one(lua_State *L, struct words *words, int i,
                      struct kr_str *word)
{
    int type = lua_type(L, i);
    char spare[CALL_NUMBER], *text = spare;

    if (KR_LIKELY(type == LUA_TSTRING)) {
        word->data = lua_tolstring(L, i, &word->size);
        return true;
    }
    if (type != LUA_TNUMBER)
        return false;
    if (words->written < CALL_NUMBERS)
        text = words->numbers[words->written++];
    word->size = words_number(lua_tonumber(L, i), text);
    word->data = text;
    if (text == spare) { /* many numbers: Lua keeps them */
        lua_pushlstring(L, text, word->size);
        lua_replace(L, i);
        word->data = lua_tolstring(L, i, &word->size);
    }
    return true;
}

static const struct kr_str *words_read(lua_State *L, struct words *words,
                                       uint32_t *count)
{
    int top = lua_gettop(L);
    struct kr_str *all = words->few;

    words->written = 0;
    if (top == 0) {
        engine_push_error(L, KR_STR("ERR Please specify at least one argument "
                                    "for this redis lib call"));
        return NULL;
    }
    if (top > CALL_FEW)
        all = lua_newuserdata(L, (size_t)top * sizeof(*all));
    for (int i = 0; i < top; i++) {
        if (words_one(L, words, i + 1, &all[i]))
            continue;
        engine_push_error(L, KR_STR("ERR Lua redis lib command arguments must "
                                    "be strings or integers"));
        return NULL;
    }
    *count = (uint32_t)top;
    return all;
}

/* --- The command --------------------------------------------------------- */

/* Commands by their names as scripts write them; one is found in a few
 * compares.  What has become of a command since is asked of the host: the
 * cache is emptied when commands come or go. */
static const kr_cmd *call_find(struct owner *owner, uint32_t count,
                               const struct kr_str *words)
{
    struct cached_command *cached =
        &owner->commands[(words[0].size ^ ((uintptr_t)words[0].data >> 4)) %
                         OWNER_COMMANDS];
    const kr_cmd *command;

    if (cached->command && cached->size == words[0].size &&
        memcmp(cached->name, words[0].data, cached->size) == 0)
        return cached->command;
    command = kr_commands->match(count, words);
    if (command && !kr_commands->parent(command) &&
        words[0].size <= sizeof(cached->name)) {
        cached->command = command;
        cached->size = words[0].size;
        memcpy(cached->name, words[0].data, words[0].size);
    }
    return command;
}

static bool call_writes(const kr_cmd *command)
{
    return (kr_commands->row(command)->flags &
            (KR_CMD_WRITE | KR_CMD_MAY_REPLICATE)) != 0;
}

static void call_run(lua_State *L, const kr_cmd *command, struct kr_run *run)
{
    struct engine *engine = engine_of(L);
    lua_State *outer = engine->L;
    struct run *script = engine->run;
    bool writes = call_writes(command);

    if (script->flags & RUN_READ_ONLY && writes &&
        kr_commands->check_arity(command, run->argc, NULL) &&
        !(kr_commands->row(command)->flags & KR_CMD_NOSCRIPT)) {
        kr_reply_error(run->reply, "ERR Write commands are not allowed from "
                                   "read-only scripts.");
        return;
    }
    if (!(script->flags & RUN_ALLOW_OOM) && !script->wrote)
        run->flags |= KR_RUN_DENY_OOM;
    if (!(script->journal & KR_JOURNAL_LOG))
        run->flags |= KR_RUN_NO_LOG;
    if (!(script->journal & KR_JOURNAL_REPLICAS))
        run->flags |= KR_RUN_NO_REPLICAS;
    engine->L = L;       /* for what the command runs in this engine */
    engine->must = true; /* an error of Lua's must not jump over a handler */
    if (kr_calls->run_command(command, run) == KR_OK &&
        kr_commands->row(command)->flags & KR_CMD_WRITE)
        script->wrote = true;
    engine->must = false;
    engine->L = outer;
}

/* What would take the script itself away is denied in any case. */
static bool call_is_undenied(const struct owner *owner, const kr_cmd *command)
{
    return owner->undenied && *owner->undenied && command &&
           !(kr_commands->row(command)->categories & KR_CAT_SCRIPTING);
}

/* The reply, or an error table, is pushed; false: it is an error. */
static bool call_command(lua_State *L)
{
    struct engine *engine = engine_of(L);
    struct words words;
    struct sink sink;
    struct kr_run run = {.size = sizeof(run)};
    const kr_cmd *command;

    if (!engine->run || engine->run->flags & RUN_NO_CALLS)
        engine_raise(L, engine->no_calls ? engine->no_calls
                                         : "redis.call/pcall can only be "
                                           "called inside a script invocation");
    run_check(L);
    run.argv = words_read(L, &words, &run.argc);
    if (!run.argv)
        return false;
    command = call_find(engine->owner, run.argc, run.argv);
    sink_begin(&sink, L, engine->run->protocol);
    run.reply = &sink.reply;
    if (engine->run->call) {
        run.client = engine->run->call->client;
        run.db = run.client ? NULL : engine->run->call->db;
        /* What comes from a log or a primary has been checked. */
        run.call_flags =
            engine->run->call->flags & (KR_CALL_REPLICA | KR_CALL_TRANSACTION);
    }
    run.flags = KR_RUN_SCRIPT;
    if (call_is_undenied(engine->owner, command))
        run.flags |= KR_RUN_ANY;
    run.call_flags |= KR_CALL_SCRIPT | KR_CALL_NO_BLOCK;
    if (command)
        call_run(L, command, &run);
    else
        kr_reply_error(run.reply,
                       "ERR Unknown Redis command called from script");
    return !sink.failed;
}

int call_call(lua_State *L)
{
    return call_command(L) ? 1 : lua_error(L);
}

int call_pcall(lua_State *L)
{
    (void)call_command(L);
    return 1;
}

/* Nobody has rules for users yet: what there is may be run. */
int call_acl_check_cmd(lua_State *L)
{
    struct words words;
    const struct kr_str *argv;
    uint32_t argc;

    if (!engine_of(L)->run)
        return engine_raise(L, "redis.acl_check_cmd can only be called inside "
                               "a script invocation");
    argv = words_read(L, &words, &argc);
    if (!argv)
        return lua_error(L);
    if (!kr_commands->match(argc, argv))
        return engine_raise(L,
                            "Invalid command passed to redis.acl_check_cmd()");
    lua_pushboolean(L, 1);
    return 1;
}
