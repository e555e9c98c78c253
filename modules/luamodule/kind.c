/* SPDX-License-Identifier: BSD-3-Clause */
/* kind - what the host asks of values, answered by functions of Lua.
 *
 * They run where nobody can be served: within other commands, in the child that
 * saves.  So each is bound to lua-module-callback-limit and calls no commands;
 * one that fails says so in the log, and something plain stands for it. */
#include "kind.h"

#include "field.h"
#include "judge.h"
#include "program.h"
#include "work.h"

#include "../lua/lib.h"

#include <kr/codec.h>
#include <kr/log.h>
#include <kr/loop.h>
#include <kr/memory.h>

#include <lauxlib.h>
#include <stdio.h>

#define KIND_PACK   "luamodule.pack" /* in Lua's registry: cmsgpack's */
#define KIND_UNPACK "luamodule.unpack"
#define KIND_FLAGS  (RUN_NO_CALLS | RUN_READ_ONLY)
#define KIND_SLOTS  12 /* of Lua's stack */

enum kind_form { FORM_SAVED, FORM_PACKED, FORM_LOST };

/* --- Values ------------------------------------------------------------------- */

struct value *value_new(struct kind *kind, int ref)
{
    struct value *value = kr_memory->alloc(luamodule_self, sizeof(*value));

    *value = (struct value){kind, ref, kind->values, &kind->values, NULL};
    if (value->next)
        value->next->at = &value->next;
    kind->values = value;
    kind->value_count++;
    home_retain(kind->home);
    return value;
}

static void value_unlink(struct value *value)
{
    *value->at = value->next;
    if (value->next)
        value->next->at = value->at;
    value->kind->value_count--;
}

static void value_drop(struct home *home, struct value *value)
{
    value_unlink(value);
    if (value->kind->value_count == 0)
        home_look_behind(home);
    if (home->engine)
        luaL_unref(home->engine->L, LUA_REGISTRYINDEX, value->ref);
    kr_memory->free(luamodule_self, value);
    home_release(home);
}

void kinds_reap(struct home *home)
{
    struct value *value = atomic_exchange(&home->dead, NULL);

    while (value) {
        struct value *next = value->next_dead;

        value_drop(home, value);
        value = next;
    }
}

static void kinds_reap_posted(void *ctx)
{
    struct home *home = ctx;

    kinds_reap(home);
    home_release(home);
}

/* What stands in a list of the main thread's is left to it. */
static void value_bury(struct home *home, struct value *value)
{
    struct value *first = atomic_load(&home->dead);

    do
        value->next_dead = first;
    while (!atomic_compare_exchange_weak(&home->dead, &first, value));
    if (first)
        return; /* somebody has posted already */
    home_retain(home);
    kr_loop->post(luamodule_self, kinds_reap_posted, home);
}

/* --- Calling Lua -------------------------------------------------------------- */

/* Push a function, by its reference or its name in the registry. */
static void kind_push(lua_State *L, int function, const char *otherwise)
{
    if (function != LUA_NOREF)
        lua_rawgeti(L, LUA_REGISTRYINDEX, function);
    else
        lua_getfield(L, LUA_REGISTRYINDEX, otherwise);
}

/* Run the function below the arguments; false: an error is on top. */
static bool kind_run(struct kind *kind, int arguments)
{
    struct work work;

    work_begin(&work, kind->home, NULL, kind->name, KIND_FLAGS);
    return run_function(kind->home->engine, &work.run, arguments);
}

static struct value *value_of(const struct kr_peek *peek)
{
    struct value *value;

    memcpy(&value, peek->data, sizeof(value));
    return value;
}

/* Everything below begins so: allocations may not fail outside of a protected
 * call, and the stack is as it was at the end. */
struct kind_frame {
    struct engine *engine;
    lua_State *L;
    int top;
    bool must;
    bool room;
};

static struct kind_frame frame_begin(struct home *home)
{
    struct kind_frame frame = {.engine = home->engine, .L = home->engine->L};

    frame.top = lua_gettop(frame.L);
    frame.must = frame.engine->must;
    frame.engine->must = true;
    frame.room = lua_checkstack(frame.L, KIND_SLOTS);
    return frame;
}

static void frame_end(const struct kind_frame *frame)
{
    lua_settop(frame->L, frame->top);
    frame->engine->must = frame->must;
}

void kinds_open(lua_State *L)
{
    lib_cmsgpack_open(L);
    lua_getfield(L, -1, "pack");
    lua_setfield(L, LUA_REGISTRYINDEX, KIND_PACK);
    lua_getfield(L, -1, "unpack");
    lua_setfield(L, LUA_REGISTRYINDEX, KIND_UNPACK);
    lua_pop(L, 1);
}

/* --- Saving ------------------------------------------------------------------- */

/* Push the value's bytes; false: an error is on top. */
static bool kind_save(const struct kind_code *code, int ref, bool plain)
{
    lua_State *L = code->kind->home->engine->L;
    const char *why = NULL;

    kind_push(L, plain ? LUA_NOREF : code->save, KIND_PACK);
    lua_rawgeti(L, LUA_REGISTRYINDEX, ref);
    if (plain || code->save == LUA_NOREF)
        why = value_is_not_plain(L, lua_gettop(L));
    if (why) {
        lua_pop(L, 2);
        lua_pushstring(L, why);
        return false;
    }
    if (!kind_run(code->kind, 1))
        return false;
    if (lua_isstring(L, -1))
        return true;
    lua_pop(L, 1);
    lua_pushliteral(L, "save() has not answered a string");
    return false;
}

/* Is its layout giving way to another one, or about to? */
static bool kind_is_converted(const struct kind *kind)
{
    const struct kind *k = kind->home->kinds;

    while (k && (k == kind || strcmp(k->name, kind->name) != 0))
        k = k->next;
    return k != NULL;
}

static void kind_write(struct kind *kind, const struct value *value,
                       kr_writer *out)
{
    const struct program *program = kind->home->program;
    lua_State *L = kind->home->engine->L;
    enum kind_form form = FORM_SAVED;
    struct kr_str bytes;

    if (!kind_save(kind->code, value->ref, false)) {
        work_complain(kind->home, "saving a value of type", kind->name);
        form = FORM_PACKED;
        /* Only this version knows what the plain form of this layout means. */
        if (kind_is_converted(kind)) {
            kr_codec->abandon(out);
            return;
        }
        if (!kind_save(kind->code, value->ref, true)) {
            form = FORM_LOST;
            if (!program || !program->leaving) {
                kr_codec->abandon(out);
                return;
            }
            lua_pop(L, 1);
            lua_pushliteral(L, "its module could not save it");
        }
    }
    bytes.data = lua_tolstring(L, -1, &bytes.size);
    kr_codec->write_uint64(out, form);
    kr_codec->write_string(out, bytes);
}

static void kind_save_value(const struct kr_peek *peek, kr_writer *out)
{
    const struct value *value = value_of(peek);
    struct kind_frame frame = frame_begin(value->kind->home);

    if (frame.room)
        kind_write(value->kind, value, out);
    else
        kr_codec->abandon(out);
    frame_end(&frame);
}

/* --- Loading ------------------------------------------------------------------ */

/* Pop the bytes, push the value that is made of them; false: an error. */
static bool kind_load(const struct kind_code *code, uint32_t format, bool plain)
{
    lua_State *L = code->kind->home->engine->L;

    kind_push(L, plain ? LUA_NOREF : code->load, KIND_UNPACK);
    lua_insert(L, -2);
    if (!plain && code->load != LUA_NOREF) {
        lua_pushnumber(L, format);
        if (!kind_run(code->kind, 2))
            return false;
    } else if (!kind_run(code->kind, 1)) {
        return false;
    }
    if (!lua_isnil(L, -1))
        return true;
    lua_pop(L, 1);
    lua_pushliteral(L, "load() has answered nothing");
    return false;
}

static bool kind_read(struct kind *kind, kr_reader *in, uint32_t format,
                      struct kr_value *out)
{
    lua_State *L = kind->home->engine->L;
    struct kr_str bytes;
    uint64_t form;

    if (!kr_codec->read_uint64(in, &form) || !kr_codec->read_string(in, &bytes))
        return false;
    if (form > FORM_PACKED) {
        kr_codec->refuse(in, form == FORM_LOST
                                 ? "its module could not save it"
                                 : "a form of values that is not known");
        return false;
    }
    lua_pushlstring(L, bytes.data, bytes.size);
    if (!kind_load(kind->code, format, form == FORM_PACKED)) {
        kr_codec->refuse(in, work_explain(kind->home));
        work_complain(kind->home, "loading a value of type", kind->name);
        return false;
    }
    out->boxed = true;
    out->meta = 0;
    out->box = value_new(kind, luaL_ref(L, LUA_REGISTRYINDEX));
    return true;
}

static bool kind_load_value(void *ctx, kr_reader *in, uint32_t code,
                            uint32_t format, struct kr_value *out)
{
    struct kind *kind = ctx;
    struct kind_frame frame = frame_begin(kind->home);
    bool good = false;

    (void)code;
    if (frame.room)
        good = kind_read(kind, in, format, out);
    else
        kr_codec->refuse(in, "no room on Lua's stack");
    frame_end(&frame);
    return good;
}

/* --- Others -------------------------------------------------------------------- */

void value_free(void *box)
{
    struct value *value = box;
    struct home *home = value->kind->home;

    if (!pthread_equal(pthread_self(), home->owner->main)) {
        value_bury(home, value);
        return;
    }
    value_drop(home, value);
}

/* Through save() and load(), if copy() is not given. */
static bool kind_copy(const struct kr_peek *peek, struct kr_value *out)
{
    const struct value *value = value_of(peek);
    struct kind *kind = value->kind;
    const struct kind_code *code = kind->code;
    struct kind_frame frame = frame_begin(kind->home);
    bool good = frame.room;

    if (good && code->copy != LUA_NOREF) {
        kind_push(frame.L, code->copy, NULL);
        lua_rawgeti(frame.L, LUA_REGISTRYINDEX, value->ref);
        good = kind_run(kind, 1);
    } else if (good) {
        good = kind_save(code, value->ref, false) &&
               kind_load(code, code->format, false);
    }
    if (good && !lua_isnil(frame.L, -1)) {
        out->boxed = true;
        out->meta = 0;
        out->box = value_new(kind, luaL_ref(frame.L, LUA_REGISTRYINDEX));
    } else if (frame.room) {
        work_complain(kind->home, "copying a value of type", kind->name);
        good = false;
    }
    frame_end(&frame);
    return good;
}

static size_t kind_memory(const struct kr_peek *peek, size_t samples)
{
    const struct value *value = value_of(peek);
    const struct kind_code *code = value->kind->code;
    struct kind_frame frame = frame_begin(value->kind->home);
    size_t size = sizeof(*value);
    lua_State *L = frame.L;

    if (frame.room && code->memory != LUA_NOREF) {
        kind_push(L, code->memory, NULL);
        lua_rawgeti(L, LUA_REGISTRYINDEX, value->ref);
        if (!kind_run(value->kind, 1))
            work_complain(value->kind->home, "the memory of a value of type",
                          value->kind->name);
        else if (lua_isnumber(L, -1) && lua_tonumber(L, -1) > 0 &&
                 lua_tonumber(L, -1) < 0x1p60)
            size += (size_t)lua_tonumber(L, -1);
    } else if (frame.room) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, value->ref);
        size += value_size(L, lua_gettop(L), samples);
    }
    frame_end(&frame);
    return size;
}

static const char *kind_encoding(const struct kr_peek *peek)
{
    (void)peek;
    return "lua";
}

static void kind_digest(const struct kr_peek *peek, kr_digest *digest)
{
    const struct value *value = value_of(peek);
    const struct kind_code *code = value->kind->code;
    struct kind_frame frame = frame_begin(value->kind->home);
    lua_State *L = frame.L;
    struct kr_str bytes;

    if (frame.room && code->digest != LUA_NOREF) {
        kind_push(L, code->digest, NULL);
        lua_rawgeti(L, LUA_REGISTRYINDEX, value->ref);
        if (!kind_run(value->kind, 1)) {
            work_complain(value->kind->home, "the digest of a value of type",
                          value->kind->name);
        } else if (lua_isstring(L, -1)) {
            bytes.data = lua_tolstring(L, -1, &bytes.size);
            kr_codec->digest_mix(digest, bytes);
        }
    } else if (frame.room) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, value->ref);
        value_digest(L, lua_gettop(L), digest);
    }
    frame_end(&frame);
}

/* --- Registering ---------------------------------------------------------------- */

/* Nine characters for the file: those of the name that may stand there, then
 * as many as are missing. */
static void kind_file_name(const char *name, char file_name[10])
{
    size_t size = 0;

    for (; *name && size < 9; name++)
        if (strchr("-_", *name) || (*name >= '0' && *name <= '9') ||
            (*name >= 'A' && *name <= 'Z') || (*name >= 'a' && *name <= 'z'))
            file_name[size++] = *name;
    memset(file_name + size, '-', 9 - size);
    file_name[9] = '\0';
}

/* The kind of that name and layout, which an older version of the module may have
 * made. */
static struct kind *kind_find(struct home *home, const char *name,
                              uint32_t layout)
{
    struct kind *kind = home->kinds;

    while (kind && (kind->layout != layout || strcmp(kind->name, name) != 0))
        kind = kind->next;
    if (kind)
        return kind;
    kind = kr_memory->calloc(luamodule_self, 1, sizeof(*kind));
    snprintf(kind->name, sizeof(kind->name), "%s", name);
    kind->layout = layout;
    kind->home = home;
    kind->next = home->kinds;
    home->kinds = kind;
    return kind;
}

static struct kind_code *kind_describe(lua_State *L, struct program *program,
                                       struct kr_type *row)
{
    static const char *const known[] = {
        "name", "file_name", "layout", "format", "save",
        "load", "copy",      "memory", "digest", NULL};
    struct kind_code *code = arena_alloc(&program->arena, sizeof(*code));
    char *file_name = arena_alloc(&program->arena, 10);

    field_check(L, 1, "type", known);
    row->name = field_text_needed(L, 1, "type", "name");
    if (strlen(row->name) >= KIND_NAME)
        luaL_error(L, "type '%s': its name is too long", row->name);
    row->file_name = field_text(L, 1, "file_name");
    kind_file_name(row->file_name ? row->file_name : row->name, file_name);
    if (row->file_name && strcmp(file_name, row->file_name) != 0)
        luaL_error(L, "field 'file_name' is nine of A-Z a-z 0-9 - _");
    row->file_name = file_name;
    row->format = (uint32_t)field_int(L, 1, "format", 0, 0, 1023);
    code->format = row->format;
    row->layout = (uint32_t)field_int(L, 1, "layout", 1, 1, UINT32_MAX);
    code->save = field_function(L, 1, "save");
    code->load = field_function(L, 1, "load");
    code->copy = field_function(L, 1, "copy");
    code->memory = field_function(L, 1, "memory");
    code->digest = field_function(L, 1, "digest");
    return code;
}

int kind_register(lua_State *L)
{
    struct program *program = field_program(L, "type");
    struct kr_type *row = arena_alloc(&program->arena, sizeof(*row));
    struct kind_code *code;

    lua_settop(L, 1);
    if (!program->described)
        return luaL_error(L, "keyrack.module{name = ...} comes first");
    judge_keep(L, program, LENT_TYPES | LENT_CODEC, "keyrack.type()");
    *row = (struct kr_type){.size = sizeof(*row),
                            .free = value_free,
                            .memory = kind_memory,
                            .copy = kind_copy,
                            .encoding = kind_encoding,
                            .digest = kind_digest,
                            .save = kind_save_value,
                            .load_as = kind_load_value};
    code = kind_describe(L, program, row);
    for (const struct kind_code *c = program->codes; c; c = c->next)
        if (strcmp(c->kind->name, row->name) == 0)
            return luaL_error(L, "type '%s': there is one of that name",
                              row->name);
    code->kind = kind_find(program->home, row->name, row->layout);
    code->kind->programs++;
    code->next = program->codes;
    program->codes = code;
    row->ctx = code->kind;
    if (kr_types->add(program->self, row, &code->kind->slot) != KR_OK)
        return luaL_error(L,
                          "type '%s': another type has that name, or its "
                          "name in files ('%s')",
                          row->name, row->file_name);
    if (!code->kind->code)
        code->kind->code = code;
    handle_push(L, code->kind);
    return 1;
}

void kinds_forget(struct program *program)
{
    for (struct kind_code *code = program->codes; code; code = code->next) {
        struct kind *kind = code->kind;
        struct kind **at = &program->home->kinds;

        if (kind->code == code)
            kind->code = NULL;
        if (--kind->programs > 0)
            continue;
        while (*at != kind)
            at = &(*at)->next;
        *at = kind->next;
        kr_memory->free(luamodule_self, kind);
    }
    program->codes = NULL;
}

/* --- Another version ------------------------------------------------------------ */

void kinds_take(struct program *program)
{
    kinds_reap(program->home);
    for (struct kind_code *code = program->codes; code; code = code->next)
        code->kind->code = code;
}

bool kinds_are_needed(const struct program *program)
{
    const struct kind_code *code = program->codes;

    while (code && (code->kind->code != code || code->kind->value_count == 0))
        code = code->next;
    return code != NULL;
}
