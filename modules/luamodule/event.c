/* SPDX-License-Identifier: BSD-3-Clause */
#include "event.h"

#include "field.h"
#include "judge.h"
#include "kind.h"
#include "program.h"
#include "work.h"

#include <kr/client.h>
#include <kr/event.h>
#include <kr/loading.h>
#include <kr/log.h>
#include <kr/loop.h>
#include <kr/memory.h>

#include <lauxlib.h>

#define EVENTS_MOST    100000           /* kept; later ones are lost */
#define EVENTS_TURN_NS INT64_C(5000000) /* of one turn of the loop */

/* What a payload holds. */
enum shape { SHAPE_NONE, SHAPE_KEY, SHAPE_DB, SHAPE_CLIENT, SHAPE_NAME };

static const struct {
    const char *name;
    enum shape shape;
} event_names[] = {
    {KR_EVENT_KEY_CHANGED, SHAPE_KEY},
    {KR_EVENT_KEY_NOTIFY, SHAPE_KEY},
    {KR_EVENT_KEY_EXPIRED, SHAPE_KEY},
    {KR_EVENT_KEY_EVICTED, SHAPE_KEY},
    {KR_EVENT_KEY_MISSED, SHAPE_KEY},
    {KR_EVENT_FLUSH, SHAPE_DB},
    {KR_EVENT_SWAP, SHAPE_DB},
    {KR_EVENT_CLIENT_CONNECTED, SHAPE_CLIENT},
    {KR_EVENT_CLIENT_GONE, SHAPE_CLIENT},
    {KR_EVENT_CLIENT_RESET, SHAPE_CLIENT},
    {KR_EVENT_CLIENT_USER, SHAPE_CLIENT},
    {KR_EVENT_READY, SHAPE_NONE},
    {KR_EVENT_TICK, SHAPE_NONE},
    {KR_EVENT_CONFIG_CHANGED, SHAPE_NAME},
    {KR_EVENT_MODULE_LOADED, SHAPE_NAME},
    {KR_EVENT_MODULE_UNLOADED, SHAPE_NAME},
    {KR_EVENT_MODULE_CHANGED, SHAPE_NAME},
    {KR_EVENT_COMMAND_CHANGED, SHAPE_NONE},
};

struct handler {
    struct handler *next;
    struct program *program;
    const char *event;
    enum shape shape;
    int function;
    const char *parameter; /* only of that one, or NULL */
};

/* An event that has not been handled. */
struct queued {
    struct queued *next;
    const struct handler *handler;
    int32_t db;        /* -1: none, or all */
    int32_t other;     /* of a swap */
    uint64_t client;   /* its id */
    struct kr_str key; /* or a name */
    struct kr_str word;
};

/* --- Handling ----------------------------------------------------------------- */

static void event_set_text(lua_State *L, const char *name, struct kr_str text)
{
    if (!text.data)
        return;
    lua_pushlstring(L, text.data, text.size);
    lua_setfield(L, -2, name);
}

static void event_set_number(lua_State *L, const char *name, double number)
{
    lua_pushnumber(L, number);
    lua_setfield(L, -2, name);
}

/* {name = 'key.changed', db = 0, key = '...', ...} */
static void event_push(lua_State *L, const struct queued *queued)
{
    enum shape shape = queued->handler->shape;

    lua_createtable(L, 0, 6);
    event_set_text(L, "event", kr_cstr(queued->handler->event));
    if (shape == SHAPE_NAME)
        event_set_text(L, "name", queued->key);
    if (shape == SHAPE_KEY) {
        event_set_text(L, "key", queued->key);
        event_set_text(L, "word", queued->word);
    }
    if ((shape == SHAPE_KEY || shape == SHAPE_DB) && queued->db >= 0)
        event_set_number(L, "db", queued->db);
    if (shape == SHAPE_DB && queued->other >= 0)
        event_set_number(L, "other", queued->other);
    if (shape == SHAPE_CLIENT)
        event_set_number(L, "client", (double)queued->client);
}

static void event_handle(struct program *program, const struct queued *queued)
{
    struct home *home = program->home;
    struct engine *engine = home->engine;
    struct work work;

    engine->must = true;
    lua_rawgeti(engine->L, LUA_REGISTRYINDEX, queued->handler->function);
    event_push(engine->L, queued);
    engine->must = false;
    work_begin(&work, home, NULL, queued->handler->event, 0);
    program->handling = true;
    if (run_function(engine, &work.run, 1))
        lua_pop(engine->L, 1);
    else
        work_complain(home, "a handler of", queued->handler->event);
    work_end(&work);
    program->handling = false;
}

static void event_post(struct program *program);

static struct queued *event_take(struct program *program)
{
    struct queued *queued = program->queue;

    program->queue = queued->next;
    if (!program->queue)
        program->queue_end = &program->queue;
    program->queue_count--;
    return queued;
}

/* What is left when time is over waits for another turn. */
static void events_drain(void *ctx)
{
    struct home *home = ctx;
    struct program *program = home->program;
    int64_t end_ns = kr_loop->monotonic_ns() + EVENTS_TURN_NS;

    if (program)
        program->posted = false;
    while (program && program->queue) {
        struct queued *queued = event_take(program);

        event_handle(program, queued);
        kr_memory->free(program->self, queued);
        if (kr_loop->monotonic_ns() >= end_ns)
            break;
    }
    if (program && program->queue)
        event_post(program);
    home_release(home);
}

static void event_post(struct program *program)
{
    if (program->posted)
        return;
    program->posted = true;
    home_retain(program->home);
    kr_loop->post(luamodule_self, events_drain, program->home);
}

/* --- Being told ---------------------------------------------------------------- */

static struct kr_str queued_keep(char **at, struct kr_str text)
{
    struct kr_str kept = kr_str(*at, text.size);

    if (!text.data)
        return text;
    memcpy(*at, text.data, text.size);
    *at += text.size;
    return kept;
}

static void event_queue(const struct handler *handler, struct queued *what)
{
    struct program *program = handler->program;
    struct queued *queued;
    char *at;

    if (program->queue_count == EVENTS_MOST)
        return;
    queued = kr_memory->alloc(program->self, sizeof(*queued) + what->key.size +
                                                 what->word.size);
    at = (char *)(queued + 1);
    *queued = *what;
    queued->handler = handler;
    queued->key = queued_keep(&at, what->key);
    queued->word = queued_keep(&at, what->word);
    queued->next = NULL;
    *program->queue_end = queued;
    program->queue_end = &queued->next;
    if (++program->queue_count == EVENTS_MOST)
        kr_logf(program->self, KR_LOG_WARNING,
                "%d events wait to be handled: later ones are lost",
                EVENTS_MOST);
    if (program->active)
        event_post(program);
}

static int32_t event_db(const kr_db *db)
{
    return db ? kr_keyspace->db_index(db) : -1;
}

static void event_told(void *ctx, const void *payload)
{
    const struct handler *handler = ctx;
    struct queued what = {.db = -1, .other = -1};

    if (handler->program->handling ||
        (kr_loading && kr_loading->active())) /* it has been handled once */
        return;
    if (handler->shape == SHAPE_KEY) {
        const struct kr_key_event *event = payload;

        if (event->call && event->call->flags & KR_CALL_REPLICA)
            return; /* by the primary */
        what.db = event_db(event->db);
        what.key = event->key;
        what.word = event->word;
    } else if (handler->shape == SHAPE_DB) {
        const struct kr_db_event *event = payload;

        what.db = event_db(event->db);
        what.other = event_db(event->other);
    } else if (handler->shape == SHAPE_CLIENT) {
        const struct kr_client_event *event = payload;

        what.client = kr_clients->id(event->client);
    } else if (handler->shape == SHAPE_NAME) {
        const struct kr_name_event *event = payload;

        if (handler->parameter &&
            !kr_str_equal_nocase(event->name, kr_cstr(handler->parameter)))
            return;
        what.key = event->name;
    }
    event_queue(handler, &what);
}

/* --- Registering ---------------------------------------------------------------- */

static struct handler *event_add(lua_State *L, struct program *program,
                                 const char *name, int function)
{
    struct handler *handler = arena_alloc(&program->arena, sizeof(*handler));

    for (size_t i = 0; i < KR_COUNT(event_names); i++) {
        if (strcmp(event_names[i].name, name) != 0)
            continue;
        *handler = (struct handler){.next = program->handlers,
                                    .program = program,
                                    .event = event_names[i].name,
                                    .shape = event_names[i].shape,
                                    .function = function};
        judge_keep(L, program,
                   LENT_EVENTS |
                       (handler->shape == SHAPE_CLIENT ? LENT_CLIENTS : 0),
                   "keyrack.on()");
        if (!kr_events->subscribe(program->self, name, event_told, handler))
            luaL_error(L, "the server has no event '%s'", name);
        program->handlers = handler;
        return handler;
    }
    luaL_error(L, "no event '%s' is told to modules in Lua", name);
    return NULL;
}

void event_watch_param(lua_State *L, struct program *program,
                       const char *parameter, int function)
{
    event_add(L, program, KR_EVENT_CONFIG_CHANGED, function)->parameter =
        parameter;
}

int event_register(lua_State *L)
{
    struct program *program = field_program(L, "on");
    const char *name = luaL_checkstring(L, 1);

    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    if (!program->described)
        return luaL_error(L, "keyrack.module{name = ...} comes first");
    (void)event_add(L, program, name, program_keep(program, L));
    return 0;
}

void events_start(struct program *program)
{
    if (program->queue)
        event_post(program);
}

void events_forget(struct program *program)
{
    while (program->queue)
        kr_memory->free(program->self, event_take(program));
    program->handlers = NULL;
}
