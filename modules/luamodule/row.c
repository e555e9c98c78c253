/* SPDX-License-Identifier: BSD-3-Clause */
/* row - a table of Lua as the row of a command: what COMMAND and its kin tell.
 *
 *     {name = 'limit.take', run = take, arity = -4, flags = 'write denyoom',
 *      keys = {{flags = 'rw access update', first = 1}},
 *      args = {{name = 'key', type = 'key', key_spec = 0}, ...},
 *      summary = '...', since = '1.0.0', complexity = 'O(1)',
 *      subcommands = {{name = ..., ...}, ...}}
 *
 * All of it stands in the program's arena. */
#include "command.h"
#include "field.h"
#include "judge.h"

#include "../lua/run.h"

#include <lauxlib.h>
#include <stdio.h>

#define ROW_DEPTH 6 /* of arguments within arguments */

static const struct field_word row_flags[] = {
    {"write", KR_CMD_WRITE},
    {"readonly", KR_CMD_READONLY},
    {"denyoom", KR_CMD_DENYOOM},
    {"admin", KR_CMD_ADMIN},
    {"pubsub", KR_CMD_PUBSUB},
    {"noscript", KR_CMD_NOSCRIPT},
    {"loading", KR_CMD_LOADING},
    {"stale", KR_CMD_STALE},
    {"skip_monitor", KR_CMD_SKIP_MONITOR},
    {"skip_slowlog", KR_CMD_SKIP_SLOWLOG},
    {"fast", KR_CMD_FAST},
    {"no_auth", KR_CMD_NO_AUTH},
    {"may_replicate", KR_CMD_MAY_REPLICATE},
    {"no_multi", KR_CMD_NO_MULTI},
    {"no_mandatory_keys", KR_CMD_NO_MANDATORY_KEYS},
};

static const struct field_word row_key_flags[] = {
    {"ro", KR_KEY_RO},
    {"rw", KR_KEY_RW},
    {"ow", KR_KEY_OW},
    {"rm", KR_KEY_RM},
    {"access", KR_KEY_ACCESS},
    {"update", KR_KEY_UPDATE},
    {"insert", KR_KEY_INSERT},
    {"delete", KR_KEY_DELETE},
    {"not_key", KR_KEY_NOT_KEY},
    {"incomplete", KR_KEY_INCOMPLETE},
    {"variable_flags", KR_KEY_VARIABLE_FLAGS},
};

/* ORDER: KR_ARG_ */
static const char *const row_types[] = {
    "string",    "integer",    "double", "key",   "pattern",
    "unix-time", "pure-token", "oneof",  "block",
};

/* --- Lists ------------------------------------------------------------------ */

/* Elements of the list in the field, which is pushed; 0, and nothing pushed:
 * there is no such field, or it is empty. */
static uint32_t row_list(lua_State *L, int table, const char *name)
{
    size_t count;

    if (!field_push(L, table, name))
        return 0;
    if (!lua_istable(L, -1))
        luaL_error(L, "field '%s': a list is expected, not a %s", name,
                   luaL_typename(L, -1));
    count = lua_objlen(L, -1);
    if (count > 1000)
        luaL_error(L, "field '%s' is too long", name);
    if (count == 0)
        lua_pop(L, 1);
    return (uint32_t)count;
}

static void *row_rows(struct program *program, struct kr_rows *rows,
                      uint32_t count, size_t stride)
{
    void *all = arena_alloc(&program->arena, count * stride);

    rows->rows = all;
    rows->count = count;
    rows->stride = (uint32_t)stride;
    return all;
}

static void row_texts(lua_State *L, struct program *program, int table,
                      const char *name, struct kr_rows *rows)
{
    uint32_t count = row_list(L, table, name);
    const char **texts;

    if (count == 0)
        return;
    texts = row_rows(program, rows, count, sizeof(*texts));
    for (uint32_t i = 0; i < count; i++) {
        lua_rawgeti(L, -1, (int)i + 1);
        texts[i] =
            arena_text(&program->arena, kr_cstr(luaL_checkstring(L, -1)));
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/* --- Keys ------------------------------------------------------------------- */

static void row_key(lua_State *L, struct kr_key_spec *spec)
{
    static const char *const known[] = {
        "flags", "first",  "keyword",   "from",  "last", "step",
        "limit", "keynum", "first_key", "notes", NULL};
    int table = lua_gettop(L);

    field_check(L, table, "key spec", known);
    spec->flags = (uint32_t)field_words(L, table, "flags", row_key_flags,
                                        KR_COUNT(row_key_flags));
    spec->notes = field_text(L, table, "notes");
    spec->word = field_text(L, table, "keyword");
    spec->begin = spec->word ? KR_BEGIN_KEYWORD : KR_BEGIN_INDEX;
    spec->a = (int32_t)field_int(L, table, spec->word ? "from" : "first", 1,
                                 -1000, 1000);
    if (field_push(L, table, "keynum")) {
        lua_pop(L, 1);
        spec->find = KR_FIND_KEYNUM;
        spec->x = (int32_t)field_int(L, table, "keynum", 0, 0, 1000);
        spec->y = (int32_t)field_int(L, table, "first_key", 1, 0, 1000);
        spec->z = (int32_t)field_int(L, table, "step", 1, 1, 1000);
        return;
    }
    spec->find = KR_FIND_RANGE;
    spec->x = (int32_t)field_int(L, table, "last", 0, -1000, 1000);
    spec->y = (int32_t)field_int(L, table, "step", 1, 1, 1000);
    spec->z = (int32_t)field_int(L, table, "limit", 0, 0, 1000);
}

static void row_keys(lua_State *L, struct program *program, int table,
                     struct kr_rows *rows)
{
    uint32_t count = row_list(L, table, "keys");
    struct kr_key_spec *specs;

    if (count == 0)
        return;
    specs = row_rows(program, rows, count, sizeof(*specs));
    for (uint32_t i = 0; i < count; i++) {
        lua_rawgeti(L, -1, (int)i + 1);
        row_key(L, &specs[i]);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/* --- Arguments --------------------------------------------------------------- */

static void row_args(lua_State *L, struct program *program, int table,
                     struct kr_rows *rows, int depth);

static uint16_t row_type(lua_State *L, int table)
{
    const char *type = field_text(L, table, "type");

    if (!type)
        return KR_ARG_STRING;
    for (uint16_t i = 0; i < KR_COUNT(row_types); i++)
        if (strcmp(row_types[i], type) == 0)
            return i;
    luaL_error(L, "field 'type': unknown type of argument '%s'", type);
    return 0;
}

static void row_arg(lua_State *L, struct program *program, struct kr_arg *arg,
                    int depth)
{
    static const char *const known[] = {
        "name", "type",     "token",    "since",          "display", "key_spec",
        "args", "optional", "multiple", "multiple_token", NULL};
    int table = lua_gettop(L);

    field_check(L, table, "argument", known);
    arg->name = field_text_needed(L, table, "argument", "name");
    arg->type = row_type(L, table);
    arg->token = field_text(L, table, "token");
    arg->since = field_text(L, table, "since");
    arg->display = field_text(L, table, "display");
    arg->key_spec = (int32_t)field_int(L, table, "key_spec", -1, -1, 1000);
    arg->flags =
        (uint16_t)((field_flag(L, table, "optional") ? KR_ARG_OPTIONAL : 0) |
                   (field_flag(L, table, "multiple") ? KR_ARG_MULTIPLE : 0) |
                   (field_flag(L, table, "multiple_token")
                        ? KR_ARG_MULTIPLE_TOKEN
                        : 0));
    row_args(L, program, table, &arg->parts, depth + 1);
}

static void row_args(lua_State *L, struct program *program, int table,
                     struct kr_rows *rows, int depth)
{
    uint32_t count;
    struct kr_arg *args;

    if (depth > ROW_DEPTH)
        luaL_error(L, "field 'args' is nested too deeply");
    count = row_list(L, table, "args");
    if (count == 0)
        return;
    args = row_rows(program, rows, count, sizeof(*args));
    for (uint32_t i = 0; i < count; i++) {
        lua_rawgeti(L, -1, (int)i + 1);
        row_arg(L, program, &args[i], depth);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/* --- The row ------------------------------------------------------------------ */

/* What the handler may do follows from what the row says. */
static void row_fill_command(lua_State *L, int table, const char *container,
                             const struct kr_command *row,
                             struct command *command)
{
    const char *group = field_text(L, table, "group");
    const char *journal = field_text(L, table, "journal");

    command->run = field_function(L, table, "run");
    command->skip = container ? 2 : 1;
    command->flags = row->flags & KR_CMD_WRITE ? 0 : RUN_READ_ONLY;
    if (journal && strcmp(journal, "typed") == 0) {
        command->typed = true;
        command->flags |= RUN_NO_JOURNAL;
    } else if (journal && strcmp(journal, "effects") != 0) {
        luaL_error(L, "field 'journal' is 'effects' or 'typed'");
    }
    snprintf(command->name, sizeof(command->name), "%s%s%s",
             container ? container : "", container ? "|" : "", row->name);
    snprintf(command->group, sizeof(command->group), "%s",
             group ? group : "module");
}

static uint64_t row_categories(lua_State *L, int table)
{
    struct field_word words[64];
    uint32_t count;
    const char *const *names = kr_category_names(&count);

    for (uint32_t i = 0; i < count; i++)
        words[i] = (struct field_word){names[i], UINT64_C(1) << i};
    return field_words(L, table, "categories", words, count);
}

static void row_read(lua_State *L, struct program *program, int table,
                     const char *container, struct kr_command *row)
{
    static const char *const known[] = {
        "name",  "run",     "arity",      "flags", "categories",
        "keys",  "args",    "tips",       "group", "summary",
        "since", "journal", "complexity", NULL,    NULL};
    static const char *const known_outside[] = {
        "name",  "run",     "arity",      "flags",       "categories",
        "keys",  "args",    "tips",       "group",       "summary",
        "since", "journal", "complexity", "subcommands", NULL};
    struct command *command = arena_alloc(&program->arena, sizeof(*command));
    uint32_t count;

    field_check(L, table, "command", container ? known : known_outside);
    command->program = program;
    row->name = field_text_needed(L, table, "command", "name");
    row->arity = (int32_t)field_int(L, table, "arity", container ? -2 : -1,
                                    -1000000, 1000000);
    row->flags = field_words(L, table, "flags", row_flags, KR_COUNT(row_flags));
    row->categories = row_categories(L, table);
    row->summary = field_text(L, table, "summary");
    row->since = field_text(L, table, "since");
    row->complexity = field_text(L, table, "complexity");
    row_keys(L, program, table, &row->keys);
    row_args(L, program, table, &row->args, 0);
    row_texts(L, program, table, "tips", &row->tips);
    row_fill_command(L, table, container, row, command);
    row->group = command->group;
    row->run = command->run == LUA_NOREF ? NULL : command_run;
    if (row->arity == 0)
        luaL_error(L, "command '%s': its arity counts its name", row->name);
    count = container ? 0 : row_list(L, table, "subcommands");
    if (count == 0 && !row->run)
        luaL_error(L, "command '%s': field 'run' is missing", row->name);
    if (count > 0) {
        struct kr_command *below =
            row_rows(program, &row->subcommands, count, sizeof(*below));

        for (uint32_t i = 0; i < count; i++) {
            lua_rawgeti(L, -1, (int)i + 1);
            row_read(L, program, lua_gettop(L), row->name, &below[i]);
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
}

int command_register(lua_State *L)
{
    struct program *program = field_program(L, "command");
    struct kr_command *row = arena_alloc(&program->arena, sizeof(*row));

    lua_settop(L, 1);
    if (!program->described)
        return luaL_error(L, "keyrack.module{name = ...} comes first");
    judge_keep(L, program, LENT_COMMANDS, "keyrack.command()");
    row_read(L, program, 1, NULL, row);
    switch (kr_commands->add(program->self, row)) {
    case KR_OK:
        return 0;
    case KR_EEXIST:
        return luaL_error(L, "command '%s': there is one of that name",
                          row->name);
    default:
        return luaL_error(L,
                          "command '%s': the server refuses it; see its "
                          "name and its keys",
                          row->name);
    }
}
