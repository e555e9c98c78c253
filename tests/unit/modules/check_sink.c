/* SPDX-License-Identifier: BSD-3-Clause */
/* modules/lua/sink: replies become values of Lua.  A value is written back as
 * text by a function of Lua: false, {"a", {ok = "b"}}. */
#include "modules/lua/sink.h"

#include "tests/unit/suites.h"

#include <kr/call.h>

#include <lauxlib.h>
#include <lualib.h>
#include <math.h>
#include <string.h>

static uint32_t errors_counted;

static void count_error(struct kr_str text)
{
    (void)text;
    errors_counted++;
}

static uint32_t errors_again;

static void error_again(struct kr_reply *reply, struct kr_str text)
{
    errors_again++;
    reply->ops->error(reply, text);
}

static const struct kr_calls calls = {
    .size = sizeof(calls),
    .count_error = count_error,
    .error_again = error_again,
};
const struct kr_calls *kr_calls = &calls;

static const char describe[] =
    "local show\n"
    "local function key(k) return type(k) == 'string' and k or '[' .. show(k) "
    ".. ']' end\n"
    "function show(v)\n"
    "  if type(v) == 'string' then return '\"' .. v .. '\"' end\n"
    "  if type(v) ~= 'table' then return tostring(v) end\n"
    "  local out, rest = {}, {}\n"
    "  for i = 1, #v do out[i] = show(v[i]) end\n"
    "  for k, w in pairs(v) do\n"
    "    if type(k) ~= 'number' then rest[#rest + 1] = key(k) .. ' = ' .. "
    "show(w) end\n"
    "  end\n"
    "  table.sort(rest)\n"
    "  for _, r in ipairs(rest) do out[#out + 1] = r end\n"
    "  return '{' .. table.concat(out, ', ') .. '}'\n"
    "end\n"
    "return show(...)\n";

static lua_State *L;
static struct sink sink;

static void begin(void)
{
    L = luaL_newstate();
    ck_assert_ptr_nonnull(L);
    luaL_openlibs(L);
    errors_counted = errors_again = 0;
}

static void end(void)
{
    lua_close(L);
}

/* What one reply is to a script; nothing but it is on the stack. */
static const char *became(uint32_t protocol,
                          void (*say)(struct kr_reply *reply))
{
    lua_settop(L, 0);
    sink_begin(&sink, L, protocol);
    say(&sink.reply);
    ck_assert_uint_eq(sink.depth, 0);
    ck_assert_uint_eq(sink.muted, 0);
    ck_assert_int_eq(lua_gettop(L), 1);
    ck_assert_int_eq(luaL_loadstring(L, describe), 0);
    lua_insert(L, 1);
    lua_call(L, 1, 1);
    return lua_tostring(L, -1);
}

/* --- Values ---------------------------------------------------------------- */

static void say_null(struct kr_reply *reply)
{
    reply->ops->null(reply);
}

static void say_null_array(struct kr_reply *reply)
{
    reply->ops->null_array(reply);
}

static void say_int64(struct kr_reply *reply)
{
    reply->ops->int64(reply, -7);
}

static void say_status(struct kr_reply *reply)
{
    kr_reply_status(reply, "OK");
}

static void say_error(struct kr_reply *reply)
{
    reply->ops->error(reply, KR_STR("ERR no"));
}

static void say_bulk(struct kr_reply *reply)
{
    reply->ops->bulk(reply, KR_STR("bytes"));
}

static void say_bulk_int64(struct kr_reply *reply)
{
    reply->ops->bulk_int64(reply, 12);
}

static void say_number(struct kr_reply *reply)
{
    reply->ops->number(reply, 1.5);
}

static void say_decimal(struct kr_reply *reply)
{
    kr_reply_decimal(reply, KR_STR("2.50"));
}

static void say_true(struct kr_reply *reply)
{
    reply->ops->boolean(reply, true);
}

static void say_false(struct kr_reply *reply)
{
    reply->ops->boolean(reply, false);
}

static void say_big_number(struct kr_reply *reply)
{
    reply->ops->big_number(reply, KR_STR("123"));
}

static void say_verbatim(struct kr_reply *reply)
{
    reply->ops->verbatim(reply, "txt", KR_STR("said"));
}

/* --- Containers ------------------------------------------------------------- */

static void say_empty_array(struct kr_reply *reply)
{
    reply->ops->open(reply, KR_ARRAY, 0);
}

static void say_empty_map(struct kr_reply *reply)
{
    reply->ops->open(reply, KR_MAP, 0);
}

static void say_nested(struct kr_reply *reply)
{
    reply->ops->open(reply, KR_ARRAY, 3);
    reply->ops->int64(reply, 1);
    reply->ops->open(reply, KR_ARRAY, 2);
    reply->ops->open(reply, KR_ARRAY, 0);
    reply->ops->bulk(reply, KR_STR("in"));
    kr_reply_status(reply, "FINE");
}

static void say_map(struct kr_reply *reply)
{
    reply->ops->open(reply, KR_MAP, 2);
    reply->ops->bulk(reply, KR_STR("a"));
    reply->ops->int64(reply, 1);
    reply->ops->bulk(reply, KR_STR("b"));
    reply->ops->open(reply, KR_SET, 2);
    reply->ops->bulk(reply, KR_STR("x"));
    reply->ops->bulk(reply, KR_STR("y"));
}

static void say_null_key(struct kr_reply *reply)
{
    reply->ops->open(reply, KR_MAP, 2);
    reply->ops->null(reply);
    reply->ops->int64(reply, 1);
    reply->ops->bulk(reply, KR_STR("b"));
    reply->ops->int64(reply, 2);
}

static void say_deferred(struct kr_reply *reply)
{
    uint64_t outer = reply->ops->defer(reply), inner;

    reply->ops->bulk(reply, KR_STR("a"));
    inner = reply->ops->defer(reply);
    reply->ops->int64(reply, 1);
    reply->ops->int64(reply, 2);
    reply->ops->close(reply, inner, KR_ARRAY, 2);
    reply->ops->close(reply, outer, KR_MAP, 1);
}

static void say_deferred_empty(struct kr_reply *reply)
{
    reply->ops->close(reply, reply->ops->defer(reply), KR_SET, 0);
}

/* Scripts do not see them, whatever is in them. */
static void say_attribute(struct kr_reply *reply)
{
    reply->ops->open(reply, KR_ATTRIBUTE, 2);
    reply->ops->bulk(reply, KR_STR("ttl"));
    reply->ops->open(reply, KR_ARRAY, 2);
    reply->ops->int64(reply, 1);
    reply->ops->open(reply, KR_ARRAY, 0);
    reply->ops->bulk(reply, KR_STR("hits"));
    reply->ops->int64(reply, 3);
    reply->ops->bulk(reply, KR_STR("value"));
}

static void say_attribute_within(struct kr_reply *reply)
{
    reply->ops->open(reply, KR_ARRAY, 2);
    reply->ops->open(reply, KR_ATTRIBUTE, 1);
    reply->ops->bulk(reply, KR_STR("ttl"));
    reply->ops->int64(reply, 1);
    reply->ops->bulk(reply, KR_STR("a"));
    reply->ops->open(reply, KR_ATTRIBUTE, 0);
    reply->ops->bulk(reply, KR_STR("b"));
}

/* In the order of sink.h's table. */
static const struct {
    void (*say)(struct kr_reply *reply);
    const char *in2, *in3;
} rows[] = {
    {say_int64, "-7", "-7"},
    {say_bulk, "\"bytes\"", "\"bytes\""},
    {say_bulk_int64, "\"12\"", "\"12\""},
    {say_verbatim, "\"said\"",
     "{verbatim_string = {format = \"txt\", string = \"said\"}}"},
    {say_status, "{ok = \"OK\"}", "{ok = \"OK\"}"},
    {say_null, "false", "nil"},
    {say_null_array, "false", "nil"},
    {say_number, "\"1.5\"", "{double = 1.5}"},
    {say_decimal, "\"2.50\"", "{double = 2.5}"},
    {say_true, "1", "true"},
    {say_false, "0", "false"},
    {say_big_number, "\"123\"", "{big_number = \"123\"}"},
    {say_empty_array, "{}", "{}"},
    {say_empty_map, "{}", "{map = {}}"},
    {say_nested, "{1, {{}, \"in\"}, {ok = \"FINE\"}}",
     "{1, {{}, \"in\"}, {ok = \"FINE\"}}"},
    {say_map, "{\"a\", 1, \"b\", {\"x\", \"y\"}}",
     "{map = {a = 1, b = {set = {x = true, y = true}}}}"},
    {say_null_key, "{false, 1, \"b\", 2}", "{map = {b = 2}}"},
    {say_deferred, "{\"a\", {1, 2}}", "{map = {a = {1, 2}}}"},
    {say_deferred_empty, "{}", "{set = {}}"},
    {say_attribute, "\"value\"", "\"value\""},
    {say_attribute_within, "{\"a\", \"b\"}", "{\"a\", \"b\"}"},
};

START_TEST(a_reply_becomes_the_value_that_scripts_know)
{
    ck_assert_str_eq(became(2, rows[_i].say), rows[_i].in2);
    ck_assert_str_eq(became(3, rows[_i].say), rows[_i].in3);
    ck_assert(!sink.failed);
    ck_assert_uint_eq(errors_counted, 0);
}
END_TEST

START_TEST(an_error_is_a_table_and_is_counted_once)
{
    lua_settop(L, 0);
    sink_begin(&sink, L, 2);
    say_error(&sink.reply);
    ck_assert(sink.failed);
    ck_assert_uint_eq(errors_counted, 1);
    lua_getfield(L, 1, "err");
    ck_assert_str_eq(lua_tostring(L, -1), "ERR no");
    lua_pop(L, 1);
    /* Answered by the script, it is not a second one. */
    sink_answer_error(L, 1, &sink.reply, KR_STR("ERR no"));
    ck_assert_uint_eq(errors_again, 1);
    lua_newtable(L);
    sink_answer_error(L, lua_gettop(L), &sink.reply, KR_STR("MINE"));
    ck_assert_uint_eq(errors_again, 1);
}
END_TEST

START_TEST(what_is_nested_too_deeply_has_an_error_in_its_place)
{
    int depth = 0;

    lua_settop(L, 0);
    sink_begin(&sink, L, 2);
    for (int i = 0; i < SINK_DEPTH + 1; i++)
        sink.reply.ops->open(&sink.reply, KR_ARRAY, 1);
    ck_assert_uint_eq(sink.depth, 0);
    ck_assert_int_eq(lua_gettop(L), 1);
    for (; lua_objlen(L, -1) == 1; depth++)
        lua_rawgeti(L, -1, 1);
    ck_assert_int_eq(depth, SINK_DEPTH);
    lua_getfield(L, -1, "err");
    ck_assert_str_eq(lua_tostring(L, -1), "ERR the reply is nested too deeply");
}
END_TEST

Suite *sink_suite(void)
{
    Suite *suite = suite_create("sink");
    TCase *all = tcase_create("all");

    tcase_add_checked_fixture(all, begin, end);
    tcase_add_loop_test(all, a_reply_becomes_the_value_that_scripts_know, 0,
                        sizeof(rows) / sizeof(*rows));
    tcase_add_test(all, an_error_is_a_table_and_is_counted_once);
    tcase_add_test(all, what_is_nested_too_deeply_has_an_error_in_its_place);
    suite_add_tcase(suite, all);
    return suite;
}
