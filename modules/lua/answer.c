/* SPDX-License-Identifier: BSD-3-Clause */
#include "answer.h"

#include "sink.h"

#define ANSWER_SLOTS 4    /* of Lua's stack, at each level */
#define ANSWER_DEPTH 7996 /* levels, as many as Redis has room for */

struct answer {
    lua_State *L;
    struct kr_reply *reply;
    uint32_t protocol;
    uint32_t depth; /* of what is being answered */
};

static void answer_value(struct answer *a);

/* --- Tables that say what they are --------------------------------------- */

/* Lines end at a NUL. */
static void answer_error(struct answer *a)
{
    sink_answer_error(a->L, -2, a->reply, kr_cstr(lua_tostring(a->L, -1)));
}

/* The text as a line, which is pushed. */
static struct kr_str answer_line(struct answer *a, struct kr_str text)
{
    sink_push_line(a->L, text);
    text.data = lua_tolstring(a->L, -1, &text.size);
    return text;
}

static void answer_status(struct answer *a)
{
    a->reply->ops->status(a->reply,
                          answer_line(a, kr_cstr(lua_tostring(a->L, -1))));
    lua_pop(a->L, 1);
}

static void answer_double(struct answer *a)
{
    a->reply->ops->number(a->reply, lua_tonumber(a->L, -1));
}

static void answer_big_number(struct answer *a)
{
    struct kr_str digits;

    digits.data = lua_tolstring(a->L, -1, &digits.size);
    a->reply->ops->big_number(a->reply, answer_line(a, digits));
    lua_pop(a->L, 1);
}

/* Pairs in the order of the table, which is none. */
static void answer_pairs(struct answer *a, uint32_t kind)
{
    uint64_t token = a->reply->ops->defer(a->reply), count = 0;

    lua_pushnil(a->L);
    while (lua_next(a->L, -2)) {
        if (kind == KR_SET)
            lua_pop(a->L, 1);
        lua_pushvalue(a->L, kind == KR_SET ? -1 : -2);
        answer_value(a);
        if (kind == KR_MAP)
            answer_value(a);
        count++;
    }
    a->reply->ops->close(a->reply, token, kind, count);
}

static void answer_map(struct answer *a)
{
    answer_pairs(a, KR_MAP);
}

static void answer_set(struct answer *a)
{
    answer_pairs(a, KR_SET);
}

/* The field of the table on top, without metamethods; false: of another type,
 * and nothing is pushed. */
static bool answer_field(struct answer *a, const char *name, int type)
{
    lua_pushstring(a->L, name);
    lua_rawget(a->L, -2);
    if (lua_type(a->L, -1) == type)
        return true;
    lua_pop(a->L, 1);
    return false;
}

static bool answer_verbatim(struct answer *a)
{
    struct kr_str text;

    if (!answer_field(a, "verbatim_string", LUA_TTABLE))
        return false;
    if (answer_field(a, "format", LUA_TSTRING)) {
        lua_insert(a->L, -2);
        if (answer_field(a, "string", LUA_TSTRING)) {
            char format[4] = "   ";
            size_t size;
            const char *said = lua_tolstring(a->L, -3, &size);

            memcpy(format, said, size < 3 ? size : 3);
            text.data = lua_tolstring(a->L, -1, &text.size);
            a->reply->ops->verbatim(a->reply, format, text);
            lua_pop(a->L, 3);
            return true;
        }
        lua_pop(a->L, 1);
    }
    lua_pop(a->L, 1);
    return false;
}

/* In the order in which Redis asks. */
static const struct {
    const char *name;
    int type;
    void (*reply)(struct answer *a);
} answer_kinds[] = {
    {"err", LUA_TSTRING, answer_error},
    {"ok", LUA_TSTRING, answer_status},
    {"double", LUA_TNUMBER, answer_double},
    {"big_number", LUA_TSTRING, answer_big_number},
    {"verbatim_string", LUA_TTABLE, NULL},
    {"map", LUA_TTABLE, answer_map},
    {"set", LUA_TTABLE, answer_set},
};

static bool answer_kind(struct answer *a)
{
    for (size_t i = 0; i < KR_COUNT(answer_kinds); i++) {
        if (!answer_kinds[i].reply) {
            if (answer_verbatim(a))
                return true;
            continue;
        }
        if (answer_field(a, answer_kinds[i].name, answer_kinds[i].type)) {
            answer_kinds[i].reply(a);
            lua_pop(a->L, 1);
            return true;
        }
    }
    return false;
}

/* --- Others -------------------------------------------------------------- */

static void answer_array(struct answer *a)
{
    uint64_t token = a->reply->ops->defer(a->reply);
    int count = 0;

    for (;;) {
        lua_rawgeti(a->L, -1, count + 1);
        if (lua_isnil(a->L, -1))
            break;
        answer_value(a);
        count++;
    }
    lua_pop(a->L, 1);
    a->reply->ops->close(a->reply, token, KR_ARRAY, (uint64_t)count);
}

/* Most tables are arrays and have no names in them at all. */
static void answer_table(struct answer *a)
{
    if (!answer_kind(a))
        answer_array(a);
}

static int64_t answer_int64(double number)
{
    if (number >= -0x1p63 && number < 0x1p63)
        return (int64_t)number;
    return INT64_MIN; /* as the processor says it for Redis */
}

static void answer_boolean(struct answer *a, bool value)
{
    if (a->protocol != 2)
        a->reply->ops->boolean(a->reply, value);
    else if (value)
        a->reply->ops->int64(a->reply, 1);
    else
        kr_reply_null(a->reply);
}

/* Replies and pops the value on top. */
static void answer_value(struct answer *a)
{
    struct kr_str text;

    if (a->depth == ANSWER_DEPTH - 1 || !lua_checkstack(a->L, ANSWER_SLOTS)) {
        kr_reply_error(a->reply, "ERR reached lua stack limit");
        lua_pop(a->L, 1);
        return;
    }
    switch (lua_type(a->L, -1)) {
    case LUA_TSTRING:
        text.data = lua_tolstring(a->L, -1, &text.size);
        a->reply->ops->bulk(a->reply, text);
        break;
    case LUA_TBOOLEAN:
        answer_boolean(a, lua_toboolean(a->L, -1));
        break;
    case LUA_TNUMBER:
        a->reply->ops->int64(a->reply, answer_int64(lua_tonumber(a->L, -1)));
        break;
    case LUA_TTABLE:
        a->depth++;
        answer_table(a);
        a->depth--;
        break;
    default:
        kr_reply_null(a->reply);
        break;
    }
    lua_pop(a->L, 1);
}

void answer(lua_State *L, struct kr_reply *reply, uint32_t protocol)
{
    struct answer a = {L, reply, protocol, 0};

    answer_value(&a);
}
