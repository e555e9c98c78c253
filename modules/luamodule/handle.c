/* SPDX-License-Identifier: BSD-3-Clause */
/* handle - what the code of a module has of its type:
 *
 *     local v = bloom:read(key)            the value, nil: there is none
 *     local v = bloom:write(key [, event]) the same, and a change follows
 *     bloom:put(key, value [, event])      a new one, whatever the key held
 *
 * A key of another type is an error, WRONGTYPE.  Values are Lua's own: what is
 * read is the value itself and not a copy.  DEL, EXPIRE and the like are for
 * redis.call(). */
#include "judge.h"
#include "kind.h"
#include "work.h"

#include <kr/reply.h>

#include <lauxlib.h>

/* By its name, not its address: the code that has the handle may live longer, in
 * a value. */
static struct kind *handle_kind(lua_State *L)
{
    const char *name = lua_tostring(L, lua_upvalueindex(1));
    const struct program *program = home_of(L)->program;
    const struct kind_code *code = program ? program->codes : NULL;

    while (code && strcmp(code->kind->name, name) != 0)
        code = code->next;
    if (!code)
        luaL_error(L, "there is no type '%s' any more", name);
    return code->kind;
}

static struct kr_str handle_key(lua_State *L)
{
    struct kr_str key;

    key.data = luaL_checklstring(L, 2, &key.size);
    return key;
}

/* What the host does may free values, and so come back to this state. */
static bool handle_find(lua_State *L, kr_db *db, struct kr_str key,
                        uint32_t how, struct kr_cell *cell)
{
    struct engine *engine = engine_of(L);
    lua_State *outer = engine->L;
    bool must = engine->must, found;

    engine->L = L;
    engine->must = true;
    found = kr_keyspace->find(db, key, how, cell);
    engine->must = must;
    engine->L = outer;
    return found;
}

/* Push the value that the cell has, or raise WRONGTYPE. */
static int handle_push_value(lua_State *L, const struct kind *kind,
                             const struct kr_cell *cell)
{
    const struct value *value;

    if (cell->type != kind->slot) {
        engine_push_error(L, KR_STR(KR_ERR_WRONGTYPE));
        return lua_error(L);
    }
    value = kr_cell_box(cell);
    lua_rawgeti(L, LUA_REGISTRYINDEX, value->ref);
    return 1;
}

static int handle_read(lua_State *L)
{
    const struct kind *kind = handle_kind(L);
    const struct work *work = work_current(L, "read()");
    struct kr_cell cell;

    judge_use(L, LENT_KEYSPACE, "read()");
    if (!handle_find(L, work_db(work), handle_key(L), KR_FIND_READ, &cell)) {
        lua_pushnil(L);
        return 1;
    }
    return handle_push_value(L, kind, &cell);
}

/* A work that may change something; the event's word is at `index`. */
static struct work *handle_writer(lua_State *L, const char *function, int index,
                                  struct kr_str *event)
{
    struct work *work = work_current(L, function);

    if (work->run.flags & RUN_READ_ONLY)
        luaL_error(L, "%s: the command is not declared with the flag 'write'",
                   function);
    judge_use(L, LENT_KEYSPACE, function);
    *event = kr_cstr(work->run.name);
    if (!lua_isnoneornil(L, index))
        event->data = luaL_checklstring(L, index, &event->size);
    return work;
}

static int handle_write(lua_State *L)
{
    const struct kind *kind = handle_kind(L);
    struct kr_str key = handle_key(L), event;
    struct work *work = handle_writer(L, "write()", 3, &event);
    kr_db *db = work_db(work);
    struct kr_cell cell;

    if (!handle_find(L, db, key, KR_FIND_WRITE, &cell)) {
        lua_pushnil(L);
        return 1;
    }
    (void)handle_push_value(L, kind, &cell);
    work_touch(work, db, key, event);
    return 1;
}

static int handle_put(lua_State *L)
{
    struct kind *kind = handle_kind(L);
    struct kr_str key = handle_key(L), event;
    struct work *work = handle_writer(L, "put()", 4, &event);
    struct engine *engine = engine_of(L);
    kr_db *db = work_db(work);
    lua_State *outer = engine->L;
    struct kr_cell cell;
    int ref;

    luaL_checkany(L, 3);
    if (lua_isnil(L, 3))
        return luaL_error(L, "put() of nil: use redis.call('DEL', key)");
    lua_settop(L, 3);
    ref = luaL_ref(L, LUA_REGISTRYINDEX);
    (void)handle_find(L, db, key, KR_FIND_WRITE, &cell); /* it announces it */
    engine->L = L;
    engine->must = true;
    kr_keyspace->put_key(db, key, kind->slot, 0, KR_PUT_BOXED, 0, &cell);
    kr_cell_set_box(&cell, value_new(kind, ref));
    work_touch(work, db, key, event);
    engine->must = false;
    engine->L = outer;
    return 0;
}

void handle_push(lua_State *L, const struct kind *kind)
{
    static const struct {
        const char *name;
        lua_CFunction function;
    } functions[] = {
        {"read", handle_read}, {"write", handle_write}, {"put", handle_put}};

    lua_createtable(L, 0, (int)KR_COUNT(functions) + 1);
    for (size_t i = 0; i < KR_COUNT(functions); i++) {
        lua_pushstring(L, kind->name);
        lua_pushcclosure(L, functions[i].function, 1);
        lua_setfield(L, -2, functions[i].name);
    }
    lua_pushstring(L, kind->name);
    lua_setfield(L, -2, "name");
}
