/* SPDX-License-Identifier: BSD-3-Clause */
#include "setting.h"

#include "event.h"
#include "field.h"
#include "judge.h"

#include <kr/config.h>

#include <lauxlib.h>

struct setting {
    struct setting *next;
    struct kr_param row;
    union {
        bool flag;
        int64_t number;
        int32_t word;
        const char *text;
        double real;
    };
};

static const struct field_word setting_types[] = {
    {"bool", KR_PARAM_BOOL},     {"int", KR_PARAM_INT},
    {"memory", KR_PARAM_MEMORY}, {"enum", KR_PARAM_ENUM},
    {"string", KR_PARAM_STRING}, {"double", KR_PARAM_DOUBLE},
};

static void setting_push(lua_State *L, const struct setting *setting)
{
    const struct kr_word *words = setting->row.words.rows;

    switch (setting->row.type) {
    case KR_PARAM_BOOL:
        lua_pushboolean(L, setting->flag);
        break;
    case KR_PARAM_ENUM:
        lua_pushstring(L, words[setting->word].word);
        break;
    case KR_PARAM_STRING:
        lua_pushstring(L, setting->text);
        break;
    case KR_PARAM_DOUBLE:
        lua_pushnumber(L, setting->real);
        break;
    default:
        lua_pushnumber(L, (lua_Number)setting->number);
        break;
    }
}

/* By its name: the code that asks may be of an older version. */
static int setting_value(lua_State *L)
{
    const char *name = lua_tostring(L, lua_upvalueindex(1));
    const struct program *program = engine_of(L)->loading;
    const struct setting *setting;

    if (!program)
        program = home_of(L)->program;
    setting = program ? program->settings : NULL;
    while (setting && strcmp(setting->row.name, name) != 0)
        setting = setting->next;
    if (!setting)
        return luaL_error(L, "there is no parameter '%s' any more", name);
    setting_push(L, setting);
    return 1;
}

/* The default as it would be typed in a file. */
static const char *setting_default(lua_State *L, struct program *program)
{
    struct kr_str text;

    if (!field_push(L, 1, "default"))
        luaL_error(L, "parameter: field 'default' is missing");
    if (lua_isboolean(L, -1)) {
        lua_pushstring(L, lua_toboolean(L, -1) ? "yes" : "no");
        lua_replace(L, -2);
    }
    text.data = luaL_checklstring(L, -1, &text.size);
    text.data = arena_text(&program->arena, text);
    lua_pop(L, 1);
    return text.data;
}

static void setting_words(lua_State *L, struct program *program,
                          struct kr_param *row)
{
    struct kr_word *words;
    uint32_t count;

    if (!field_push(L, 1, "words") || !lua_istable(L, -1) ||
        lua_objlen(L, -1) == 0 || lua_objlen(L, -1) > 1000)
        luaL_error(L, "parameter: field 'words' is a list of words");
    count = (uint32_t)lua_objlen(L, -1);
    words = arena_alloc(&program->arena, count * sizeof(*words));
    for (uint32_t i = 0; i < count; i++) {
        lua_rawgeti(L, -1, (int)i + 1);
        words[i].word =
            arena_text(&program->arena, kr_cstr(luaL_checkstring(L, -1)));
        words[i].value = (int32_t)i;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    row->words.rows = words;
    row->words.count = count;
    row->words.stride = sizeof(*words);
}

int setting_register(lua_State *L)
{
    static const char *const known[] = {"name",    "type",      "default",
                                        "min",     "max",       "words",
                                        "changed", "immutable", NULL};
    struct program *program = field_program(L, "param");
    struct setting *setting = arena_alloc(&program->arena, sizeof(*setting));
    struct kr_param *row = &setting->row;
    int changed;

    lua_settop(L, 1);
    if (!program->described)
        return luaL_error(L, "keyrack.module{name = ...} comes first");
    judge_keep(L, program, LENT_CONFIG, "keyrack.param()");
    field_check(L, 1, "parameter", known);
    row->name = field_text_needed(L, 1, "parameter", "name");
    row->type = (uint32_t)field_words(L, 1, "type", setting_types,
                                      KR_COUNT(setting_types));
    row->flags = field_flag(L, 1, "immutable") ? KR_PARAM_IMMUTABLE : 0;
    row->slot = &setting->number;
    row->initial = setting_default(L, program);
    row->min = field_int(L, 1, "min", 0, INT64_MIN, INT64_MAX);
    row->max =
        field_int(L, 1, "max", row->min ? INT64_MAX : 0, INT64_MIN, INT64_MAX);
    if (row->type == KR_PARAM_ENUM)
        setting_words(L, program, row);
    changed = field_function(L, 1, "changed");
    if (kr_config->add(program->self, row) != KR_OK)
        return luaL_error(L,
                          "parameter '%s': the server refuses it: another "
                          "has that name, or its value does not fit",
                          row->name);
    setting->next = program->settings;
    program->settings = setting;
    if (changed != LUA_NOREF)
        event_watch_param(L, program, row->name, changed);
    lua_pushstring(L, row->name);
    lua_pushcclosure(L, setting_value, 1);
    return 1;
}
