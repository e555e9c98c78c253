/* SPDX-License-Identifier: BSD-3-Clause */
/* eval - EVAL, EVALSHA, their read-only twins, and SCRIPT.
 *
 *     EVAL script numkeys [key ...] [arg ...]
 */
#include "commands.h"
#include "kill.h"
#include "prepare.h"
#include "scripting.h"

#include <kr/args.h>
#include <kr/reply.h>

#include <lauxlib.h>

#define EVAL_NOSCRIPT "NOSCRIPT No matching script. Please use EVAL."

static struct scripting *eval_state(const struct kr_call *call)
{
    return call->state;
}

/* --- Finding the script -------------------------------------------------- */

/* NULL: replied. */
static struct script *eval_make(struct kr_call *call, struct kr_str text)
{
    struct scripts *scripts = &eval_state(call)->scripts;
    struct script *script = scripts_find_text(scripts, text);
    lua_State *L = scripts->engine->L;

    if (KR_LIKELY(script != NULL))
        return script;
    scripts->engine->must = true; /* what is not protected may not fail */
    script = scripts_add(scripts, text);
    scripts->engine->must = false;
    if (!script)
        kr_reply_errorf(call->reply, "ERR %s", lua_tostring(L, -1));
    lua_settop(L, 0);
    return script;
}

static struct script *eval_find(const struct kr_call *call,
                                struct kr_str digest)
{
    const struct scripts *scripts = &eval_state(call)->scripts;
    char lower[SCRIPT_DIGEST];

    if (digest.size != SCRIPT_DIGEST)
        return NULL;
    for (size_t i = 0; i < SCRIPT_DIGEST; i++) {
        char c = digest.data[i];

        lower[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    return scripts_find_digest(scripts, kr_str(lower, SCRIPT_DIGEST));
}

/* --- Judging it ---------------------------------------------------------- */

uint64_t scripting_eval_acts(const struct kr_call *call)
{
    const struct scripts *scripts = &eval_state(call)->scripts;
    const struct script *script = scripts_find_text(scripts, call->argv[1]);
    uint64_t acts = kr_commands->row(call->command)->flags;
    char error[256];
    uint32_t flags;
    size_t skip;

    if (script)
        flags = script->flags;
    else if (!scripts_read_shebang(call->argv[1], &flags, &skip, error,
                                   sizeof(error)))
        return acts;
    return prepare_acts(acts, flags);
}

uint64_t scripting_evalsha_acts(const struct kr_call *call)
{
    const struct script *script = eval_find(call, call->argv[1]);
    uint64_t acts = kr_commands->row(call->command)->flags;

    return script ? prepare_acts(acts, script->flags) : acts;
}

/* --- Running it ---------------------------------------------------------- */

/* Compile what the version of the module before has cached.  false: replied. */
static bool eval_ready(struct kr_call *call, struct script *script)
{
    struct scripts *scripts = &eval_state(call)->scripts;
    lua_State *L = scripts->engine->L;
    bool ready;

    scripts->engine->must = true;
    ready = scripts_ready(scripts, script);
    scripts->engine->must = false;
    if (!ready) {
        kr_reply_errorf(call->reply, "ERR %s", lua_tostring(L, -1));
        lua_settop(L, 0);
    }
    return ready;
}

static void eval_run(struct kr_call *call, struct script *script, uint32_t keys,
                     bool read_only)
{
    struct engine *engine = eval_state(call)->scripts.engine;
    lua_State *L = engine->L;
    struct run run = {.call = call, .name = script->digest};

    if (!prepare_run(&run, script->flags, read_only))
        return;
    if (KR_UNLIKELY(script->function == LUA_NOREF) && !eval_ready(call, script))
        return;
    engine->must = true;
    run_push_words(L, call->argv + 3, keys);
    engine_set_words(L, "KEYS", engine->keys_name);
    run_push_words(L, call->argv + 3 + keys, call->argc - 3 - keys);
    engine_set_words(L, "ARGV", engine->argv_name);
    lua_rawgeti(L, LUA_REGISTRYINDEX, script->function);
    engine->must = false;
    run_script(engine, &run, 0);
}

static void eval_text(struct kr_call *call, bool read_only)
{
    struct script *script;
    uint32_t keys;

    if (!prepare_keys(call, KR_ERR_NOT_INT, &keys))
        return;
    script = eval_make(call, call->argv[1]);
    if (script)
        eval_run(call, script, keys, read_only);
}

static void eval_digest(struct kr_call *call, bool read_only)
{
    struct script *script = eval_find(call, call->argv[1]);
    uint32_t keys;

    if (call->argv[1].size == SCRIPT_DIGEST &&
        !prepare_keys(call, KR_ERR_NOT_INT, &keys))
        return;
    if (!script)
        kr_reply_error(call->reply, EVAL_NOSCRIPT);
    else
        eval_run(call, script, keys, read_only);
}

void scripting_eval(struct kr_call *call)
{
    eval_text(call, false);
}

void scripting_eval_ro(struct kr_call *call)
{
    eval_text(call, true);
}

void scripting_evalsha(struct kr_call *call)
{
    eval_digest(call, false);
}

void scripting_evalsha_ro(struct kr_call *call)
{
    eval_digest(call, true);
}

/* --- SCRIPT -------------------------------------------------------------- */

void scripting_script_load(struct kr_call *call)
{
    const struct script *script = eval_make(call, call->argv[2]);

    if (script)
        kr_reply_bulk(call->reply, kr_str(script->digest, SCRIPT_DIGEST));
}

void scripting_script_exists(struct kr_call *call)
{
    kr_reply_array(call->reply, call->argc - 2);
    for (uint32_t i = 2; i < call->argc; i++)
        kr_reply_int64(call->reply, eval_find(call, call->argv[i]) != NULL);
}

/* The state of Lua goes with them, as nobody could call what is left. */
void scripting_script_flush(struct kr_call *call)
{
    struct scripting *state = eval_state(call);
    struct scripts fresh;

    if (call->argc > 3 || (call->argc == 3 && !kr_arg_is(call, 2, "SYNC") &&
                           !kr_arg_is(call, 2, "ASYNC"))) {
        kr_reply_error(call->reply,
                       "ERR SCRIPT FLUSH only support SYNC|ASYNC option");
        return;
    }
    if (!scripts_init(&fresh, &state->owner)) {
        kr_reply_error(call->reply, "ERR not enough memory for a new state");
        return;
    }
    scripts_fini(&state->scripts);
    state->scripts = fresh;
    kr_reply_ok(call->reply);
}

void scripting_script_kill(struct kr_call *call)
{
    kill_all(eval_state(call), call, false);
}

void scripting_script_debug(struct kr_call *call)
{
    if (kr_arg_is(call, 2, "NO"))
        kr_reply_ok(call->reply);
    else if (kr_arg_is(call, 2, "YES") || kr_arg_is(call, 2, "SYNC"))
        kr_reply_error(call->reply, "ERR this server has no debugger of "
                                    "scripts");
    else
        kr_reply_error(call->reply, "ERR Use SCRIPT DEBUG YES/SYNC/NO");
}

void scripting_script_help(struct kr_call *call)
{
    static const char *const lines[] = {
        "DEBUG (YES|SYNC|NO)",
        "    Set the debug mode for subsequent scripts executed.",
        "EXISTS <sha1> [<sha1> ...]",
        "    Return information about the existence of the scripts in the "
        "script cache.",
        "FLUSH [ASYNC|SYNC]",
        "    Flush the Lua scripts cache. Very dangerous on replicas.",
        "    When called without the optional mode argument, the behavior is "
        "determined by the",
        "    lazyfree-lazy-user-flush configuration directive. Valid modes "
        "are:",
        "    * ASYNC: Asynchronously flush the scripts cache.",
        "    * SYNC: Synchronously flush the scripts cache.",
        "KILL",
        "    Kill the currently executing Lua script.",
        "LOAD <script>",
        "    Load a script into the scripts cache without executing it.",
    };

    kr_reply_help(call, "SCRIPT", lines, KR_COUNT(lines));
}
