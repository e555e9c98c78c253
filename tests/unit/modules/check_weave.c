/* SPDX-License-Identifier: BSD-3-Clause */
/* modules/lua/weave: what becomes of a source, what it does then, and that it is
 * told to stop wherever it can come round. */
#include "modules/lua/weave.h"

#include "tests/unit/suites.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

#define TICK "tick"
#define KEEP TICK WEAVE_KEEP
#define T    " " TICK "(); "

/* The woven source, ended by a NUL; the caller frees it. */
static char *woven_with(const char *source, uint32_t named)
{
    struct kr_str text = kr_cstr(source);
    size_t size = weave_size(text, KR_STR(TICK), named);
    char *out = malloc(size + 1);

    ck_assert_ptr_nonnull(out);
    memset(out, '#', size);
    weave(text, KR_STR(TICK), named, out);
    out[size] = '\0';
    ck_assert_uint_eq(strlen(out), size); /* all of it, and no more */
    return out;
}

static char *woven(const char *source)
{
    return woven_with(source, 0);
}

/* --- The text ------------------------------------------------------------- */

static const struct {
    const char *source;
    const char *woven;
} texts[] = {
    {"", ""},
    {"return 1", "return 1"},
    {"while x do y() end", "while x do" T " y() end"},
    {"repeat y() until x", "repeat" T " y() until x"},
    {"for i = 1, 2 do end", "for i = 1, 2 do" T " end"},
    {"for k in f do end", "for k in f do" T " end"},
    {"do end", "do" T " end"},
    {"function f() end", "function f()" T " end"},
    {"function a.b:c(d, ...) end", "function a.b:c(d, ...)" T " end"},
    {"local f = function(a) end", "local f = function(a)" T " end"},
    {"local function f() return function() end end",
     "local function f()" T " return function()" T " end end"},
    {"f(function() end)", "f(function()" T " end)"},
    {"::a:: goto a", "::a:: " T "goto a"},
    {"if x then goto a end ::a::", "if x then " T "goto a end ::a::"},
    /* A name like any other, where it is one. */
    {"goto = 1", "goto = 1"},
    {"local goto = 1", "local goto = 1"},
    {"return goto", "return goto"},
    {"t.goto = 1", "t.goto = 1"},
    {"goto()", "goto()"},
    {"x = goto + 1", "x = goto + 1"},
    /* Not where the word is no word. */
    {"x = 'do'", "x = 'do'"},
    {"x = \"while do \\\" do\"", "x = \"while do \\\" do\""},
    {"x = 'a\\\\' do end", "x = 'a\\\\' do" T " end"},
    {"x = 'a\\z \n do' do end", "x = 'a\\z \n do' do" T " end"},
    {"x = [[do ]=] ]] do end", "x = [[do ]=] ]] do" T " end"},
    {"x = [==[do ]] ]=] ]==] do end", "x = [==[do ]] ]=] ]==] do" T " end"},
    {"-- do\nx()", "-- do\nx()"},
    {"--[[ do\n ]] do end", "--[[ do\n ]] do" T " end"},
    {"--[==[ do ]] ]==] do end", "--[==[ do ]] ]==] do" T " end"},
    {"--[ do\ndo end", "--[ do\ndo" T " end"},
    {"x = t[ [[do]] ]", "x = t[ [[do]] ]"},
    {"x = do_it dodo = redo", "x = do_it dodo = redo"},
    {"x = t.f x = 3 do end", "x = t.f x = 3 do" T " end"},
    {"x = 0xdo", "x = 0xdo"}, /* no number, and no `do` either */
    {"x = 1e+5 do end", "x = 1e+5 do" T " end"},
    {"x = a--do\ndo end", "x = a--do\ndo" T " end"},
    /* Calls at the end of a function that may be one of C. */
    {"return redis.call('x')", "return " KEEP "( redis.call('x'))"},
    {"return t:f{1}", "return " KEEP "( t:f{1})"},
    {"return t.f'x'", "return " KEEP "( t.f'x')"},
    {"return t[1](2)", "return " KEEP "( t[1](2))"},
    {"return error('x')", "return " KEEP "( error('x'))"},
    {"return f(1)", "return f(1)"},
    {"return (f.g(1))", "return (f.g(1))"},
    {"return t.f(1), 2", "return t.f(1), 2"},
    {"return t.f(1) + 2", "return t.f(1) + 2"},
    {"return t.f", "return t.f"},
    {"if x then return t.f() end", "if x then return " KEEP "( t.f()) end"},
    {"return t.f(function() return t.g() end)",
     "return " KEEP "( t.f(function()" T " return " KEEP "( t.g()) end))"},
};

START_TEST(each_place_gets_its_call_and_nothing_else_changes)
{
    char *out = woven(texts[_i].source);

    ck_assert_str_eq(out, texts[_i].woven);
    free(out);
}
END_TEST

/* --- Names of their own --------------------------------------------------- */

#define CALL  TICK WEAVE_CALL
#define PCALL TICK WEAVE_PCALL
#define KEYS  TICK WEAVE_KEYS
#define ARGV  TICK WEAVE_ARGV

static const struct {
    const char *source;
    const char *woven; /* NULL: as it was */
} named[] = {
    {"x = redis.call('get')", "x = " CALL "('get')"},
    {"x = redis.pcall('get')", "x = " PCALL "('get')"},
    {"x = redis.call ('get')", "x = " CALL " ('get')"},
    {"x = KEYS[1] .. ARGV[2]", "x = " KEYS "[1] .. " ARGV "[2]"},
    {"x = 'a'..KEYS[1]", "x = 'a'.." KEYS "[1]"},
    {"x = redis.call(KEYS[1], redis.pcall(ARGV[1]))",
     "x = " CALL "(" KEYS "[1], " PCALL "(" ARGV "[1]))"},
    {"return redis.call('x')", "return " KEEP "( " CALL "('x'))"},
    {"while KEYS[1] do end", "while " KEYS "[1] do" T " end"},
    /* Not called, or not indexed, or written. */
    {"x = redis.call", NULL},
    {"x = redis.call 'get'", NULL},
    {"x = redis.call{}", NULL},
    {"x = KEYS", NULL},
    {"x = #KEYS", NULL},
    {"KEYS = {}", NULL},
    {"x = unpack(ARGV)", NULL},
    {"redis.call = f", NULL},
    /* Another name, or in pieces. */
    {"x = redis.calls('get')", NULL},
    {"x = redis.sha1hex('x')", NULL},
    {"x = redis . call('get')", NULL},
    {"x = redis\n.call('get')", NULL},
    {"x = xredis.call('get')", NULL},
    {"x = MYKEYS[1]", NULL},
    {"x = KEYS1[1]", NULL},
    /* A field of something. */
    {"x = t.redis.call('get')", NULL},
    {"x = t.KEYS[1]", NULL},
    {"x = t . KEYS[1]", NULL},
    {"t:redis.call('get')", NULL},
    /* The source has a local of that name, anywhere. */
    {"local redis = t x = redis.call('get') y = KEYS[1]",
     "local redis = t x = redis.call('get') y = " KEYS "[1]"},
    {"x = KEYS[1] local a, KEYS = 1 x = redis.call()",
     "x = KEYS[1] local a, KEYS = 1 x = " CALL "()"},
    {"f(function(ARGV) end) x = ARGV[1]",
     "f(function(ARGV)" T " end) x = ARGV[1]"},
    {"for redis in f do end x = redis.pcall()",
     "for redis in f do" T " end x = redis.pcall()"},
    /* Within a text or a comment it is none. */
    {"x = 'redis.call(1) KEYS[1]'", NULL},
    {"x = [[KEYS[1] ]]", NULL},
    {"-- redis.call(KEYS[1])", NULL},
};

START_TEST(what_is_called_most_gets_a_name_of_its_own)
{
    char *out = woven_with(named[_i].source, WEAVE_CALLS | WEAVE_WORDS);

    ck_assert_str_eq(out, named[_i].woven ? named[_i].woven : named[_i].source);
    free(out);
}
END_TEST

START_TEST(only_the_names_that_are_asked_for_change)
{
    static const char source[] = "x = redis.call(KEYS[1])";
    char *calls = woven_with(source, WEAVE_CALLS),
         *words = woven_with(source, WEAVE_WORDS), *none = woven(source);

    ck_assert_str_eq(calls, "x = " CALL "(KEYS[1])");
    ck_assert_str_eq(words, "x = redis.call(" KEYS "[1])");
    ck_assert_str_eq(none, source);
    free(calls);
    free(words);
    free(none);
}
END_TEST

/* --- Lines ------------------------------------------------------------------ */

/* A source's lines are what errors name. */
START_TEST(no_line_is_added_or_lost)
{
    static const char source[] =
        "-- one\nlocal function f(a,\n  b)\nfor i = 1, 2 do\nif a then\n"
        "goto b\nend ::b::\nend\nreturn t.f(a,\n b)\nend\n"
        "x = [[\n do\n]]\nrepeat\nuntil f()\n";
    char *out = woven(source);
    size_t before = 0, after = 0;

    for (const char *at = source; *at; at++)
        before += *at == '\n';
    for (const char *at = out; *at; at++)
        after += *at == '\n';
    ck_assert_uint_eq(after, before);
    free(out);
}
END_TEST

/* Whatever stands there: the end comes, and the bytes are those counted. */
START_TEST(what_breaks_off_is_copied_as_it_is)
{
    static const char *const broken[] = {"'open",
                                         "\"open\\",
                                         "[[open",
                                         "[==[open]]",
                                         "--[[open",
                                         "--",
                                         "[",
                                         "[=",
                                         "[==",
                                         "function",
                                         "function f(",
                                         "return",
                                         "return t.",
                                         "goto",
                                         "return t.f(",
                                         "return t[",
                                         "return (",
                                         "return {",
                                         "\\",
                                         "\x80",
                                         "1e",
                                         "0x",
                                         "..",
                                         "x = '\\z",
                                         "return t.f(function("};

    for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
        char *out = woven(broken[i]);

        ck_assert_str_eq(out, broken[i]);
        free(out);
    }
}
END_TEST

/* --- What it does ---------------------------------------------------------- */

static int ticks_left; /* NEVER: as many as it takes */
static int ticks_seen;

#define NEVER (-1)

static int tick(lua_State *L)
{
    ticks_seen++;
    if (ticks_left == 0)
        luaL_error(L, "told to stop");
    if (ticks_left > 0)
        ticks_left--;
    return 0;
}

static int keep(lua_State *L)
{
    return lua_gettop(L);
}

/* Run it, woven: true, and the text of its value or its error is at the top. */
static bool run(lua_State *L, const char *source)
{
    char *out = woven(source);
    bool good = luaL_loadbuffer(L, out, strlen(out), "=s") == 0 &&
                lua_pcall(L, 0, 1, 0) == 0;

    free(out);
    return good;
}

static lua_State *state_new(int ticks)
{
    lua_State *L = luaL_newstate();

    ck_assert_ptr_nonnull(L);
    luaL_openlibs(L);
    lua_register(L, TICK, tick);
    lua_register(L, KEEP, keep);
    ticks_left = ticks;
    ticks_seen = 0;
    return L;
}

/* Each goes on for ever, in its own way. */
static const char *const endless[] = {
    "while true do end",
    "while true do while false do end end",
    "repeat until false",
    "repeat local x = 1 until x == 2",
    "for i = 1, 1e300 do end",
    "for i = 1, 0, -1e-300 do end",
    "for k in function() return 1 end do end",
    "for k, v in pairs(setmetatable({}, {})) do end while 1 do end",
    "::a:: goto a",
    "do ::a:: do local x goto a end end",
    "local i = 0 ::a:: i = i + 1 if i > 0 then goto a end",
    "local function f() return f() end f()",
    "local function f(...) return f(...) end f(1, 2)",
    "local f f = function() return f() end f()",
    "local t = {} function t.f() return t.f() end t.f()",
    "local t = {} function t:f() return self:f() end t:f()",
    "local function f() return (f()) end while true do pcall(f) end",
    "local f, g function f() return g() end function g() return f() end f()",
    "coroutine.wrap(function() while true do end end)()",
    "local f = coroutine.wrap(function() while 1 do coroutine.yield() end end)"
    " while true do f() end",
    "while true do (function() end)() end",
    "local x = function() repeat until nil end x()",
    "while true do --[[ do ]] end",
    "while true do -- do\nend",
    "while [[do]] do end",
    "while ('do'):len() == 2 do end",
    "loop = function() while true do end end loop()",
    "local t = setmetatable({}, {__index = function(t, k) return t[k] end})"
    " while true do pcall(function() return t.x end) end",
};

START_TEST(every_endless_source_is_told_to_stop)
{
    lua_State *L = state_new(10000);

    ck_assert(!run(L, endless[_i]));
    ck_assert_msg(strstr(lua_tostring(L, -1), "told to stop") != NULL, "%s: %s",
                  endless[_i], lua_tostring(L, -1));
    ck_assert_int_eq(ticks_left, 0);
    lua_close(L);
}
END_TEST

/* A budget that is used up again and again does not change what comes out. */
static const struct {
    const char *source;
    const char *value;
    int ticks; /* that it takes */
} ending[] = {
    {"local n = 0 for i = 1, 10 do n = n + i end return n", "55", 10},
    {"local n = 0 while n < 7 do n = n + 1 end return n", "7", 7},
    {"local n = 0 repeat n = n + 1 until n == 5 return n", "5", 5},
    {"local n = 0 for k in pairs({1, 2, 3}) do n = n + k end return n", "6", 3},
    {"local n = 0 ::a:: n = n + 1 if n < 4 then goto a end return n", "4", 3},
    {"for i = 1, 9 do if i == 3 then return i end end", "3", 3},
    {"for i = 1, 9 do if i == 3 then break end end return 'out'", "out", 3},
    {"local function f(n) if n == 0 then return 'end' end return f(n - 1) end"
     " return f(5)",
     "end", 6},
    {"local function f(a, ...) return select('#', ...) end return f(1, nil, "
     "nil)",
     "2", 1},
    {"local t = {f = function(s, x) return x end} return t:f('x')", "x", 1},
    {"do local x = 1 end do return 'two' end", "two", 2},
    {"local goto_ = 1 local t = {[ [[do]] ] = 'in'} return t['do']", "in", 0},
    {"return ('do while'):upper()", "DO WHILE", 0},
    {"return #[==[\ndo ]] ]==]", "6", 0},
    {"return (('x'):rep(3))", "xxx", 0},
    {"return ('a,b'):find(',')", "2", 0},
    {"return function() return 1 end and 'f'", "f", 0},
    {"return (function(...) return ... end)(7, 8)", "7", 1},
    {"return pcall(error, 'x') and 1 or 'no'", "no", 0},
};

START_TEST(what_ends_answers_what_it_did)
{
    lua_State *L = state_new(NEVER);

    ck_assert_msg(run(L, ending[_i].source), "%s", lua_tostring(L, -1));
    ck_assert_str_eq(lua_tostring(L, -1), ending[_i].value);
    ck_assert_int_eq(ticks_seen, ending[_i].ticks);
    lua_close(L);
}
END_TEST

/* The place of an error is the one that the author of the source knows. */
static const struct {
    const char *source;
    const char *error;
} errors[] = {
    {"error('x')", "s:1: x"},
    {"\n\nerror('x')", "s:3: x"},
    {"for i = 1, 2 do\nerror('x')\nend", "s:2: x"},
    {"local function f()\n\nerror('x')\nend\nf()", "s:3: x"},
    {"return error('x')", "s:1: x"},
    {"\nreturn error('x')", "s:2: x"},
    {"local function f()\nreturn error('x')\nend\n\nf()", "s:2: x"},
    {"x = [[\n\n]] error('x')", "s:3: x"},
    {"--[[\n]]\nwhile true do error('x') end", "s:3: x"},
    {"local t = nil\nreturn t.x",
     "s:2: attempt to index local 't' (a nil value)"},
    {"local t = {}\nreturn t.f()",
     "s:2: attempt to call field 'f' (a nil value)"},
    {"return nosuch()", "s:1: attempt to call global 'nosuch' (a nil value)"},
    {"\nfor i = 'x', 2 do end", "s:2: 'for' initial value must be a number"},
    /* Not compiled. */
    {"while", "s:1: unexpected symbol near '<eof>'"},
    {"while true do", "s:1: 'end' expected near '<eof>'"},
    {"\n\nx = = 1", "s:3: unexpected symbol near '='"},
    {"repeat x()", "s:1: 'until' expected near '<eof>'"},
    {"for do end", "s:1: '<name>' expected near 'do'"},
    {"function f(1) end", "s:1: <name> or '...' expected near '1'"},
    {"return 1 1", "s:1: '<eof>' expected near '1'"},
    {"do return t.f() x() end", "s:1: 'end' expected near 'x'"},
    {"goto nowhere", "s:1: undefined label 'nowhere'"},
    {"x = 'a\nb'", "s:1: unfinished string near ''a'"},
};

START_TEST(an_error_has_the_text_and_the_line_of_the_original)
{
    lua_State *L = state_new(NEVER);

    ck_assert(!run(L, errors[_i].source));
    ck_assert_str_eq(lua_tostring(L, -1), errors[_i].error);
    lua_close(L);
}
END_TEST

START_TEST(letters_that_lua_51_has_not_are_found)
{
    static const struct {
        const char *source;
        int line; /* 0: there are none */
    } rows[] = {{"return 1", 0},
                {"\xc3\xa9 = 1", 1},
                {"x = 1\n\na\x80 = 2", 3},
                {"x = '\xc3\xa9'", 0},
                {"-- \xc3\xa9\nx()", 0},
                {"x = [[\n\xff]]", 0},
                {"", 0},
                {"x = [[\n]]\n\xff()", 3}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        int line = 0;
        const char *at = weave_foreign(kr_cstr(rows[i].source), &line);

        ck_assert_int_eq(at != NULL, rows[i].line != 0);
        ck_assert_int_eq(line, rows[i].line);
        ck_assert(!at || *at & 0x80);
    }
}
END_TEST

#define ROWS(table) (sizeof(table) / sizeof(*(table)))

Suite *weave_suite(void)
{
    Suite *suite = suite_create("weave");
    TCase *text = tcase_create("text"), *runs = tcase_create("runs");

    tcase_add_loop_test(text, each_place_gets_its_call_and_nothing_else_changes,
                        0, ROWS(texts));
    tcase_add_loop_test(text, what_is_called_most_gets_a_name_of_its_own, 0,
                        ROWS(named));
    tcase_add_test(text, only_the_names_that_are_asked_for_change);
    tcase_add_test(text, no_line_is_added_or_lost);
    tcase_add_test(text, what_breaks_off_is_copied_as_it_is);
    tcase_add_test(text, letters_that_lua_51_has_not_are_found);
    tcase_add_loop_test(runs, every_endless_source_is_told_to_stop, 0,
                        ROWS(endless));
    tcase_add_loop_test(runs, what_ends_answers_what_it_did, 0, ROWS(ending));
    tcase_add_loop_test(runs,
                        an_error_has_the_text_and_the_line_of_the_original, 0,
                        ROWS(errors));
    suite_add_tcase(suite, text);
    suite_add_tcase(suite, runs);
    return suite;
}
