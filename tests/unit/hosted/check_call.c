/* SPDX-License-Identifier: BSD-3-Clause */
/* modules/lua/call: what a command gets from a script, what the script gets from
 * it, and what a client gets of that. */
#include "tests/unit/hosted/scripting.h"

#include "modules/lua/call.h"
#include "modules/lua/run.h"

#include <lauxlib.h>
#include <stdio.h>

/* A script of nobody's: the answer is its value as text, or its error's. */
static const char *value_of(uint32_t flags, const char *format, ...)
    KR_PRINTF(2, 3);

static struct run last; /* how the run of value_of() ended */

static const char show[] =
    "local function show(v, ...)\n"
    "  if select('#', ...) > 0 then return show(v) .. ' ' .. show(...) end\n"
    "  if type(v) == 'string' then return \"'\" .. v .. \"'\" end\n"
    "  if type(v) ~= 'table' then return tostring(v) end\n"
    "  local out, rest = {}, {}\n"
    "  for i = 1, #v do out[i] = show(v[i]) end\n"
    "  for k, w in pairs(v) do\n"
    "    if type(k) ~= 'number' then rest[#rest + 1] = k .. '=' .. show(w) "
    "end\n"
    "  end\n"
    "  table.sort(rest)\n"
    "  for _, r in ipairs(rest) do out[#out + 1] = r end\n"
    "  return '{' .. table.concat(out, ',') .. '}'\n"
    "end\n";

static const char *value_of(uint32_t flags, const char *format, ...)
{
    struct engine *engine = state()->scripts.engine;
    char source[8192];
    struct script *script;
    lua_State *L = engine->L;
    va_list args;
    size_t used = strlen(show);

    memcpy(source, show, used);
    va_start(args, format);
    vsnprintf(source + used, sizeof(source) - used, format, args);
    va_end(args);
    lua_settop(L, 0);
    script = scripts_add(&state()->scripts, kr_cstr(source));
    if (!script)
        return lua_tostring(L, -1);
    last = (struct run){.name = "unit", .flags = flags};
    lua_rawgeti(L, LUA_REGISTRYINDEX, script->function);
    if (!run_function(engine, &last, 0))
        lua_getfield(L, -1, "err");
    ck_assert_ptr_null(engine->run);
    ck_assert_ptr_null(state()->owner.running);
    ck_assert(!engine->must);
    return lua_tostring(L, -1);
}

#define IS(expected, ...) ck_assert_str_eq(value_of(0, __VA_ARGS__), expected)

/* --- Arguments ------------------------------------------------------------ */

/* Numbers are words as "%.17g" has them. */
static const struct {
    const char *lua, *word;
} arguments[] = {
    {"'text'", "text"},
    {"''", ""},
    {"1", "1"},
    {"-1", "-1"},
    {"0", "0"},
    {"-0", "-0"},
    {"0 * -1", "-0"},
    {"1.5", "1.5"},
    {"0.1", "0.10000000000000001"},
    {"1e15", "1000000000000000"},
    {"2^53 - 1", "9007199254740991"},
    {"2^53", "9007199254740992"},
    {"-2^53", "-9007199254740992"},
    {"2^63", "9.2233720368547758e+18"},
    {"1e300", "1.0000000000000001e+300"},
    {"1/0", "inf"},
    {"-1/0", "-inf"},
    {"#'abc'", "3"},
};

START_TEST(a_command_gets_strings_and_numbers_as_words)
{
    char expected[128];

    snprintf(expected, sizeof(expected), "[%s] ", arguments[_i].word);
    IS("{ok='OK'}", "return show(redis.call('test', 'words', %s))",
       arguments[_i].lua);
    ck_assert_str_eq(seen(), expected);
}
END_TEST

/* Numbers have room for a few of them in the frame, words for some more. */
START_TEST(many_arguments_are_the_same_as_few)
{
    IS("{ok='OK'}", "return show(redis.call('test', 'words', 1, 2, 3, 4, 5, 6, "
                    "7, 8, 9, 10.5))");
    ck_assert_str_eq(seen(), "[1|2|3|4|5|6|7|8|9|10.5] ");
    IS("{ok='OK'}", "local t = {} for i = 1, 200 do t[i] = i %% 2 == 0 and i "
                    "or 's' .. i end "
                    "return show(redis.call('test', 'words', unpack(t)))");
    ck_assert_ptr_nonnull(strstr(seen(), "|196|s197|198|s199|200] "));
}
END_TEST

static const struct {
    const char *lua, *error;
} wrong[] = {
    {"", "ERR Please specify at least one argument for this redis lib call"},
    {"nil", "ERR Lua redis lib command arguments must be strings or integers"},
    {"true", "ERR Lua redis lib command arguments must be strings or integers"},
    {"{}", "ERR Lua redis lib command arguments must be strings or integers"},
    {"'get', nil",
     "ERR Lua redis lib command arguments must be strings or integers"},
    {"'get', tostring",
     "ERR Lua redis lib command arguments must be strings or integers"},
    {"'nosuch'", "ERR Unknown Redis command called from script"},
    {"'test'", "ERR Wrong number of args calling Redis command from script"},
    {"'multi'", "ERR This Redis command is not allowed from script"},
    {"'test', 'nosuch'", "ERR no such test"},
};

START_TEST(what_is_no_call_is_an_error)
{
    IS(wrong[_i].error, "return redis.pcall(%s).err", wrong[_i].lua);
    /* Raised, it is a table whose text pcall() of scripts shows. */
    IS(wrong[_i].error, "local ok, e = pcall(redis.call%s%s) return e",
       wrong[_i].lua[0] ? ", " : "", wrong[_i].lua);
    IS(wrong[_i].error, "redis.call(%s)", wrong[_i].lua);
}
END_TEST

/* --- Replies -------------------------------------------------------------- */

/* A reply as Lua sees it in either protocol, and as the client does, to whom the
 * script hands it: by the client's protocol and the script's. */
static const struct {
    const char *kind;
    const char *lua2, *lua3;
    const char *client2, *client3; /* with setresp(3) */
} replies[] = {
    {"integer", "-7", "-7", ":-7\r\n", ":-7\r\n"},
    {"status", "{ok='FINE'}", "{ok='FINE'}", "+FINE\r\n", "+FINE\r\n"},
    {"null", "false", "nil", "$-1\r\n", "_\r\n"},
    {"null array", "false", "nil", "$-1\r\n", "_\r\n"},
    {"double", "'1.5'", "{double=1.5}", "$3\r\n1.5\r\n", ",1.5\r\n"},
    {"decimal", "'2.50'", "{double=2.5}", "$3\r\n2.5\r\n", ",2.5\r\n"},
    {"true", "1", "true", ":1\r\n", "#t\r\n"},
    {"big number", "'12345678901234567890'",
     "{big_number='12345678901234567890'}", "$20\r\n12345678901234567890\r\n",
     "(12345678901234567890\r\n"},
    {"verbatim", "'said'", "{verbatim_string={format='txt',string='said'}}",
     "$4\r\nsaid\r\n", "=8\r\ntxt:said\r\n"},
    {"empty", "{}", "{}", "*0\r\n", "*0\r\n"},
    {"map", "{'key',1}", "{map={key=1}}", "*2\r\n$3\r\nkey\r\n:1\r\n",
     "%1\r\n$3\r\nkey\r\n:1\r\n"},
    {"set", "{'member'}", "{set={member=true}}", "*1\r\n$6\r\nmember\r\n",
     "~1\r\n$6\r\nmember\r\n"},
};

START_TEST(each_kind_of_reply_is_converted_both_ways)
{
    const char *kind = replies[_i].kind;

    IS(replies[_i].lua2, "return show(redis.call('test', 'reply', '%s'))",
       kind);
    IS(replies[_i].lua2, "return show(redis.pcall('test', 'reply', '%s'))",
       kind);
    IS(replies[_i].lua3,
       "redis.setresp(3) return show(redis.call('test', 'reply', '%s'))", kind);
    GETS(replies[_i].client2, "EVAL",
         "redis.setresp(3) return redis.call('test', 'reply', ARGV[1])", "0",
         kind);
    GETS_PART("proto", "HELLO", "3");
    GETS(replies[_i].client3, "EVAL",
         "redis.setresp(3) return redis.call('test', 'reply', ARGV[1])", "0",
         kind);
}
END_TEST

START_TEST(bytes_of_any_kind_pass)
{
    struct kr_str got = KR_TEST_RUN(
        host, 0, "EVAL", "return redis.call('test', 'reply', 'bulk')", "0");

    ck_assert(kr_str_equal(got, kr_str("$3\r\na\0b\r\n", 9)));
    IS("3 98", "local s = redis.call('test', 'reply', 'bulk') "
               "return #s .. ' ' .. s:byte(3)");
}
END_TEST

START_TEST(a_null_within_an_array_is_a_hole_in_resp3)
{
    IS("{{false},2}", "return show(redis.call('test', 'reply', 'nested'))");
    IS("{{},2}", "redis.setresp(3) "
                 "return show(redis.call('test', 'reply', 'nested'))");
}
END_TEST

START_TEST(the_protocol_is_the_run_s_own)
{
    IS("'1.5'", "redis.setresp(3) redis.setresp(2) "
                "return show(redis.call('test', 'reply', 'double'))");
    IS("{double=1.5}", "redis.setresp(3) "
                       "return show(redis.call('test', 'reply', 'double'))");
    IS("'1.5'", "return show(redis.call('test', 'reply', 'double'))");
}
END_TEST

/* --- Errors --------------------------------------------------------------- */

START_TEST(an_error_of_a_command_is_a_table)
{
    IS("table MINE it went wrong",
       "local e = redis.pcall('test', 'reply', 'nosuch') "
       "return type(e) .. ' ' .. e.err");
    IS("false MINE it went wrong",
       "local ok, e = pcall(redis.call, 'test', 'reply', 'nosuch') "
       "return tostring(ok) .. ' ' .. e");
    IS("MINE it went wrong", "redis.call('test', 'reply', 'nosuch')");
}
END_TEST

START_TEST(a_client_is_told_the_script_and_the_line)
{
    GETS(
        "-MINE it went wrong script: fb93c84b2fe711d637f63f5c6e054e7d0ee87c21, "
        "on @user_script:2.\r\n",
        "EVAL", "\nredis.call('test', 'reply', 'nosuch')", "0");
    GETS("-MINE it went wrong\r\n", "EVAL",
         "return redis.pcall('test', 'reply', 'nosuch')", "0");
    GETS("*1\r\n-MINE it went wrong\r\n", "EVAL",
         "return {redis.pcall('test', 'reply', 'nosuch')}", "0");
}
END_TEST

START_TEST(an_error_is_counted_once)
{
    KR_TEST_RUN(host, 0, "CONFIG", "RESETSTAT");
    KR_TEST_RUN(host, 0, "EVAL",
                "return redis.pcall('test', 'reply', 'nosuch')", "0");
    GETS_PART("errorstat_MINE:count=1\r\n", "INFO", "errorstats");
    ck_assert_int_eq(info("total_error_replies"), 1);
}
END_TEST

/* --- Names ---------------------------------------------------------------- */

/* The source that the weaver has given a short way to, and all that only looks
 * like it. */
static const struct {
    const char *lua, *value;
} names[] = {
    {"return show(redis.call('ping'))", "{ok='PONG'}"},
    {"return show(redis.pcall('ping'))", "{ok='PONG'}"},
    {"return show(redis['call']('ping'))", "{ok='PONG'}"},
    {"return show(redis . call ('ping'))", "{ok='PONG'}"},
    {"return show(redis.call 'ping')", "{ok='PONG'}"},
    {"local r = redis return show(r.call('ping'))", "{ok='PONG'}"},
    {"local call = redis.call return show(call('ping'))", "{ok='PONG'}"},
    {"return show(server.call('ping'))", "{ok='PONG'}"},
    {"return show(({redis = redis}).redis.call('ping'))", "{ok='PONG'}"},
    {"return tostring(redis.call == redis.call)", "true"},
    {"local redis = {call = function(x) return 'mine ' .. x end} "
     "return redis.call('ping')",
     "mine ping"},
    {"return (function(redis) return redis.call() end)({call = function() "
     "return 'theirs' end})",
     "theirs"},
    {"for _, redis in ipairs({{call = function() return 'loop' end}}) do "
     "return redis.call() end",
     "loop"},
    {"local t = {redis = {call = function() return 'field' end}} "
     "return t.redis.call()",
     "field"},
    {"return 'x' ..redis.call('ping').ok", "xPONG"},
    {"local KEYS = {'mine'} return KEYS[1]", "mine"},
    {"local t = {KEYS = {'field'}} return t.KEYS[1]", "field"},
    {"local function ARGV(x) return 'function' end return ARGV[[1]]",
     "function"},
};

START_TEST(the_name_of_a_call_is_what_it_was_before_weaving)
{
    IS(names[_i].value, "%s", names[_i].lua);
}
END_TEST

START_TEST(commands_are_found_in_any_case_and_by_long_names)
{
    static const char *const long_name =
        "a.command.of.a.name.that.no.cache.has.room.for";
    struct kr_command row =
        *kr_commands->row(kr_commands->find(KR_STR("test")));

    IS("{ok='PONG'}", "return show(redis.call('PiNg'))");
    row.name = long_name;
    ck_assert_int_eq(kr_commands->add(host->self, &row), KR_OK);
    IS("{ok='OK'}",
       "for i = 1, 3 do redis.call('%s', 'words', i) end "
       "return show(redis.call('%s', 'words'))",
       long_name, long_name);
    ck_assert_int_eq(kr_commands->remove(host->self, long_name), KR_OK);
}
END_TEST

/* A name is remembered, but not longer than the command. */
START_TEST(a_command_that_is_gone_is_not_run)
{
    struct kr_command row =
        *kr_commands->row(kr_commands->find(KR_STR("test")));

    row.name = "passing";
    ck_assert_int_eq(kr_commands->add(host->self, &row), KR_OK);
    IS("{ok='OK'}", "return show(redis.call('passing', 'words'))");
    ck_assert_int_eq(kr_commands->remove(host->self, "passing"), KR_OK);
    host->turn(0);
    IS("ERR Unknown Redis command called from script",
       "return redis.pcall('passing', 'words').err");
    ck_assert_int_eq(kr_commands->add(host->self, &row), KR_OK);
    IS("{ok='OK'}", "return show(redis.call('passing', 'words'))");
    ck_assert_int_eq(kr_commands->remove(host->self, "passing"), KR_OK);
}
END_TEST

/* --- What a run may --------------------------------------------------------- */

START_TEST(a_run_remembers_that_it_has_written)
{
    IS("nil", "redis.call('get', 'k') return show(nil)");
    ck_assert(!last.wrote);
    IS("{ok='OK'}", "return show(redis.call('set', 'k', 'v'))");
    ck_assert(last.wrote);
    /* Whether or not the command found something to write. */
    IS("0", "return show(redis.call('del', 'nosuch'))");
    ck_assert(last.wrote);
}
END_TEST

START_TEST(a_read_only_run_refuses_what_writes)
{
    static const char refused[] =
        "ERR Write commands are not allowed from read-only scripts.";

    ck_assert_str_eq(
        value_of(RUN_READ_ONLY, "return redis.pcall('set', 'k', 'v').err"),
        refused);
    ck_assert_str_eq(
        value_of(RUN_READ_ONLY, "return redis.pcall('publish', 'c', 'm').err"),
        refused);
    ck_assert_str_eq(
        value_of(RUN_READ_ONLY, "return show(redis.call('get', 'k'))"),
        "false");
    ck_assert_str_eq(
        value_of(RUN_READ_ONLY, "return redis.pcall('set', 'k').err"),
        "ERR Wrong number of args calling Redis command from script");
}
END_TEST

START_TEST(a_run_without_calls_has_none)
{
    ck_assert_str_eq(
        value_of(RUN_NO_CALLS, "return redis.call('ping')"),
        "ERR redis.call/pcall can only be called inside a script invocation");
}
END_TEST

START_TEST(a_script_changes_the_database_for_itself_only)
{
    GETS("+OK\r\n", "SET", "k", "zero");
    GETS(":0\r\n", "EVAL",
         "redis.call('select', 1) return redis.call('dbsize')", "0");
    GETS("$4\r\nzero\r\n", "GET", "k");
    GETS("+ERR DB index is out of range\r\n", "EVAL",
         "redis.call('select', 2) "
         "return {ok = redis.pcall('select', 99).err}",
         "0");
    GETS("$4\r\nzero\r\n", "GET", "k");
}
END_TEST

START_TEST(nobody_survives_its_killing)
{
    IS("ERR Script killed by user with SCRIPT KILL...",
       "redis.call('test', 'kill') return redis.call('ping')");
    IS("ERR Script killed by user with SCRIPT KILL...",
       "while true do pcall(redis.call, 'test', 'kill') end");
    IS("ERR Script killed by user with SCRIPT KILL...",
       "pcall(function() redis.call('test', 'kill') while true do end end) "
       "return 'survived'");
    IS("'alive'", "return show('alive')");
}
END_TEST

START_TEST(acl_check_cmd_judges_the_words)
{
    IS("true", "return show(redis.acl_check_cmd('set', 'k', 'v'))");
    IS("ERR Invalid command passed to redis.acl_check_cmd()",
       "return redis.acl_check_cmd('nosuch')");
    IS("ERR Please specify at least one argument for this redis lib call",
       "return redis.acl_check_cmd()");
}
END_TEST

Suite *call_suite(void)
{
    Suite *suite = suite_create("scripting/call");
    TCase *tests = tcase_create("call");

    tcase_add_loop_test(tests, a_command_gets_strings_and_numbers_as_words, 0,
                        KR_COUNT(arguments));
    tcase_add_test(tests, many_arguments_are_the_same_as_few);
    tcase_add_loop_test(tests, what_is_no_call_is_an_error, 0, KR_COUNT(wrong));
    tcase_add_loop_test(tests, each_kind_of_reply_is_converted_both_ways, 0,
                        KR_COUNT(replies));
    tcase_add_test(tests, bytes_of_any_kind_pass);
    tcase_add_test(tests, a_null_within_an_array_is_a_hole_in_resp3);
    tcase_add_test(tests, the_protocol_is_the_run_s_own);
    tcase_add_test(tests, an_error_of_a_command_is_a_table);
    tcase_add_test(tests, a_client_is_told_the_script_and_the_line);
    tcase_add_test(tests, an_error_is_counted_once);
    tcase_add_loop_test(tests, the_name_of_a_call_is_what_it_was_before_weaving,
                        0, KR_COUNT(names));
    tcase_add_test(tests, commands_are_found_in_any_case_and_by_long_names);
    tcase_add_test(tests, a_command_that_is_gone_is_not_run);
    tcase_add_test(tests, a_run_remembers_that_it_has_written);
    tcase_add_test(tests, a_read_only_run_refuses_what_writes);
    tcase_add_test(tests, a_run_without_calls_has_none);
    tcase_add_test(tests, a_script_changes_the_database_for_itself_only);
    tcase_add_test(tests, nobody_survives_its_killing);
    tcase_add_test(tests, acl_check_cmd_judges_the_words);
    suite_add_tcase(suite, tests);
    return suite;
}
