/* SPDX-License-Identifier: BSD-3-Clause */
/* The libraries of C that scripts find: a few answers of each, and that
 * nothing runs on when the budget is gone.  (All answers are compared with
 * Redis's in tests/differential/cases/scripting-libs.txt.) */
#include "modules/lua/lib.h"
#include "modules/lua/lib_class.h"
#include "modules/lua/lib_format.h"
#include "modules/lua/lib_program.h"
#include "modules/lua/lib_sort.h"
#include "modules/lua/spare.h"
#include "tests/unit/suites.h"

#include <ctype.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STEPS_ALLOWED 10000000

static uint64_t steps_left;

START_TEST(classes_are_those_of_ascii)
{
    static const struct {
        char letter;
        int (*has)(int byte);
    } known[] = {{'a', isalpha}, {'c', iscntrl}, {'d', isdigit},
                 {'l', islower}, {'p', ispunct}, {'s', isspace},
                 {'u', isupper}, {'w', isalnum}, {'x', isxdigit}};
    struct lib_class set, inverse;

    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        ck_assert(lib_class_find((unsigned char)known[i].letter, &set));
        ck_assert(
            lib_class_find((unsigned char)toupper(known[i].letter), &inverse));
        for (int byte = 0; byte < 256; byte++) {
            bool has = byte < 128 && known[i].has(byte);

            ck_assert_int_eq(lib_class_has(&set, (unsigned char)byte), has);
            ck_assert_int_eq(lib_class_has(&inverse, (unsigned char)byte),
                             !has);
        }
    }
    for (int byte = 0; byte < 256; byte++)
        if (!isalpha(byte) || !strchr("acdlpsuwxz", tolower(byte)))
            ck_assert(!lib_class_find((unsigned char)byte, &set));
}
END_TEST

/* What the engine would do: here, the error alone. */
void budget_spend(lua_State *L, uint64_t steps)
{
    if (steps > steps_left)
        luaL_error(L, "the budget is gone");
    steps_left -= steps;
}

static lua_State *state_new(void)
{
    static const struct {
        const char *name;
        void (*open)(lua_State *L);
    } libraries[] = {
        {"cjson", lib_cjson_open},
        {"cmsgpack", lib_cmsgpack_open},
        {"string", lib_string_open},
        {"struct", lib_struct_open},
    };
    lua_State *L = luaL_newstate();

    ck_assert_ptr_nonnull(L);
    luaL_openlibs(L);
    (void)luaL_dostring(L, "native = {} "
                           "for k, v in pairs(string) do native[k] = v end");
    for (size_t i = 0; i < sizeof(libraries) / sizeof(*libraries); i++) {
        int top = lua_gettop(L);

        libraries[i].open(L);
        ck_assert_int_eq(lua_gettop(L), top + 1);
        lua_setglobal(L, libraries[i].name);
    }
    steps_left = STEPS_ALLOWED;
    return L;
}

/* Run a script; its result or its error as text stays on the stack. */
static const char *state_run(lua_State *L, const char *script)
{
    lua_settop(L, 0);
    if (luaL_loadbuffer(L, script, strlen(script), "@s") == 0)
        lua_pcall(L, 0, 1, 0);
    return lua_tostring(L, -1);
}

/* Patterns that never go back, so that each attempt is linear, and others: the
 * items after which a match might have to. */
static const struct {
    const char *pattern;
    size_t choices;
} goes_back[] = {
    {"item", 0},
    {"(%w+:%d+)=(%d+)", 0},
    {"^%s*(%w+)%s*=%s*(%d+)$", 0},
    {"[^,]+", 0},
    {"([^=]*)=([^;]*);", 0},
    {"%d*%.?%d*", 1},
    {".*", 0},
    {"(.*)$", 0},
    {"()%a+()", 0},
    {"%-?%d+", 0},
    {".*x", 1},
    {"%w+%d", 1},
    {"(.-),", 1},
    {"a?a", 1},
    {"a*b*a", 1},
    {"%a+%f[%A]", 1},
    {"(%a+)%1", 1},
    {"%d+%b()", 1},
    {".-.-.-b", 3},
    {"%s*.-%s*$", 2},
};

START_TEST(what_never_goes_back_is_known)
{
    lua_State *L = luaL_newstate();
    const char *pattern = goes_back[_i].pattern;
    const struct lib_program *program = lib_program_push(L, pattern, true);

    ck_assert_msg(program->choices == goes_back[_i].choices, "%s: %zu", pattern,
                  program->choices);
    lua_close(L);
}
END_TEST

/* What a match can begin with. */
START_TEST(a_match_is_looked_for_where_it_can_begin)
{
    lua_State *L = luaL_newstate();
    const struct lib_program *program;

    program = lib_program_push(L, "(item:%d+)", true);
    ck_assert(program->searched && program->lettered);
    ck_assert_int_eq(program->letter, 'i');
    program = lib_program_push(L, "%d+", true);
    ck_assert(program->searched && !program->lettered);
    ck_assert(lib_set_has(&program->first, '7'));
    ck_assert(!lib_set_has(&program->first, 'a'));
    ck_assert(!lib_program_push(L, "%d*x", true)->searched);
    ck_assert(!lib_program_push(L, "%b()", true)->searched);
    ck_assert(!lib_program_push(L, "%f[%a]x", true)->searched);
    program = lib_program_push(L, "^x", true);
    ck_assert(program->anchored && program->letter == 'x');
    program = lib_program_push(L, "^x", false);
    ck_assert(!program->anchored && program->letter == '^');
    lua_close(L);
}
END_TEST

/* clang-format off */
static const struct {
    const char *script;
    const char *answer;
} answers[] = {
    {"return ('key:12'):gsub('(%a+):(%d+)', '%2=%1')", "12=key"},
    {"return ('f(a(b)c)d'):match('%b()')", "(a(b)c)"},
    {"return ('THE (quick) fox'):find('%f[%a]%a+%f[%A]', 5)", "6"},
    {"return (('a.b.c'):gsub('.c', 'x'))", "a.bx"},
    {"return (('aXbXc'):gsub('X', '', 1))", "abXc"},
    {"return (('xxab'):gsub('xa', '-'))", "x-b"},
    {"return (('aab'):gsub('a*', '-'))", "--b-"},
    {"return (('abc'):gsub('d-', '.'))", ".a.b.c."},
    {"return ('abc'):find('c$') .. ('abc'):find('c')", "33"},
    {"return tostring(('abc'):find('bd')) .. ('a]c'):find(']')", "nil2"},
    {"return #('%s'):rep(5000):match('[%%s]+') + #('7'):rep(9000):match('%d+')", "19000"},
    {"return #('\\233\\0'):match('%W%z')", "2"},
    {"return ('x?'):rep(20000):match(('x?%?'):rep(1) .. '(.)')", "x"},
    {"local t = ('x'):rep(5000) return #t:match(('x?'):rep(5000))", "5000"},
    {"local r = ('x'):find('[a') return r", "s:1: malformed pattern (missing ']')"},
    {"return string.format('%5.1f|%-3d|%q', 1.25, 7, 'a\\0')", "  1.2|7  |\"a\\000\""},
    {"local r = string.format('%d', {}) return r", "s:1: bad argument #2 to 'format' (number expected, got table)"},
    {"return (('abab'):gsub('((a)(b))', '%3%2%1'))", "baabbaab"},
    {"return ('aXbb'):match('^(a-)X(b?)(b)$')", "a"},
    {"return ('xaay'):match('x((a?)a?)(a)y') .. ('xay'):match('x((a?)a?)(a)y')", "a"},
    {"return ('aaab'):match('((a*)(a))b')", "aaa"},
    {"local r = ('a'):find('%a)') return r", "s:1: invalid pattern capture"},
    {"local r = ('a'):find('(a') return r", "s:1: unfinished capture"},
    {"return string.dump", NULL},
    {"local function f(s) return (s:gsub('.', f)) end local ok, e = pcall(f, 'a') return e", "s:1: stack overflow"},
    {"return ('ab'):rep(3, ',')", "ababab"},
    {"return tostring(struct.pack('>I2', 258) == '\\1\\2')", "true"},
    {"return (struct.unpack('<i3', '\\255\\255\\255'))", "-1"},
    {"return struct.size('!8bd')", "16"},
    {"local r = struct.unpack('i', 'abc') return r", "s:1: bad argument #2 to 'unpack' (data string too short)"},
    {"return cjson.encode({1, 'a/b', {}, cjson.null, {x = 0.1}})", "[1,\"a\\/b\",{},null,{\"x\":0.1}]"},
    {"return cjson.decode('{\"a\":[1,\"\\\\u00e9\"]}').a[2]", "\xc3\xa9"},
    {"local r = cjson.decode('[1') return r", "s:1: Expected comma or array end but found T_END at character 3"},
    {"local t = {} t[1] = t local r = cjson.encode(t) return r", "s:1: Cannot serialise, excessive nesting (1001)"},
    {"return cmsgpack.unpack(cmsgpack.pack({1, 'x', {2}}))[3][1]", "2"},
    {"return #cmsgpack.pack(('x'):rep(70000))", "70005"},
    {"local r = cmsgpack.unpack('\\221\\255\\255\\255\\255') return r", "s:1: Missing bytes in input."},
};

/* Each would run for years, or is longer than memory. */
static const char *const endless[] = {
    "return ('a'):rep(50):find(('a*'):rep(20) .. 'b')",
    "return ('a'):rep(100000):find('.-.-.-.-b')",
    "return ('a'):rep(1000):match(('a?'):rep(1000) .. ('a'):rep(1001))",
    "return ('('):rep(200000):gsub('%b()', '')",
    "return ('a'):rep(50):match(('[a-z]*'):rep(20) .. 'b')",
    "return ('a'):rep(3000):gsub('(.-)(.-)(.-)b', '')",
    "for i = 1, 1e9 do ('a'):find('[' .. ('b'):rep(100000) .. i .. ']') end",
    "for i = 1, 1e9 do ('a'):find(('%a'):rep(10000) .. i) end",
    "for x in ('a'):rep(200000):gmatch('a*b') do end",
    "local t = {} for i = 1, 60 do t = {t, t} end return cjson.encode(t)",
    "local t = {} for i = 1, 60 do t = {a = t, b = t} end return cjson.encode(t)",
    "local t = {} for i = 1, 100 do t[i] = t end return cmsgpack.pack(t)",
    "for i = 1, 1e9 do cjson.decode('[' .. ('1,'):rep(100000) .. '1]') end",
    "for i = 1, 1e9 do struct.pack('>I2', 1) string.find(('x'):rep(10000), '.*y') end",
    "for i = 1, 1e9 do ('x'):rep(10000000) end",
};
/* clang-format on */

START_TEST(scripts_get_these_answers)
{
    lua_State *L = state_new();
    const char *answer = state_run(L, answers[_i].script);

    if (answers[_i].answer)
        ck_assert_str_eq(answer, answers[_i].answer);
    else
        ck_assert_ptr_null(answer);
    lua_close(L);
}
END_TEST

START_TEST(what_would_run_on_ends_with_the_budget)
{
    lua_State *L = state_new();
    const char *answer = state_run(L, endless[_i]);

    ck_assert_msg(answer && strstr(answer, "the budget is gone"), "%s: %s",
                  endless[_i], answer);
    lua_close(L);
}
END_TEST

START_TEST(settings_of_one_cjson_are_not_those_of_another)
{
    lua_State *L = state_new();

    ck_assert_str_eq(state_run(L, "local c = cjson.new() "
                                  "c.encode_number_precision(3) "
                                  "return c.encode(1/3) .. cjson.encode(1/3)"),
                     "0.3330.33333333333333");
    lua_close(L);
}
END_TEST

/* Random bytes and cut texts: an answer or an error, and nothing left behind
 * on the stack. */
START_TEST(readers_take_any_bytes)
{
    static const char script[] =
        "local seeds = "
        "{'{\"a\":[1,2.5e3,\"x\\\\u00e9\\\\ud83d\\\\ude00\"],\"b\":null}',"
        "  cmsgpack.pack({1, -300, 1.5, 'abc', {a = {true, false}}}, 2^40)}"
        "for i = 1, 3000 do"
        "  local text = seeds[i % 2 + 1]"
        "  local at = math.random(#text)"
        "  text = text:sub(1, at - 1) .. string.char(math.random(0, 255)) .."
        "         text:sub(at + math.random(0, 3), math.random(#text))"
        "  pcall(cjson.decode, text)"
        "  pcall(cmsgpack.unpack, text)"
        "  pcall(struct.unpack, text, text)"
        "  pcall(string.find, text, text)"
        "  pcall(string.format, text, text, i, text)"
        "end return 'done'";
    unsigned seed = (unsigned)time(NULL);
    lua_State *L = state_new();

    lua_pushinteger(L, (lua_Integer)seed);
    lua_setglobal(L, "seed");
    state_run(L, "math.randomseed(seed)");
    steps_left = UINT64_MAX;
    ck_assert_msg(strcmp(state_run(L, script), "done") == 0, "seed %u: %s",
                  seed, lua_tostring(L, -1));
    lua_close(L);
}
END_TEST

/* LuaJIT's own matcher answers the same for all that it answers at all: errors
 * are compared by their text, but those of its limits. */
START_TEST(patterns_match_as_in_luajit)
{
    static const char script[] =
        "local pieces = {'a', 'b', 'ab', '.', '%a', '%d', '[ab]', '[^a]',"
        "  '[a-c]', '%A', '(', ')', '()', '%1', '%b()', '%f[%a]', '$', '^',"
        "  '*', '+', '-', '?', '*', '+', '-', '?', '%', '[', ']', '1', '%.'}"
        "local texts = {'a', 'b', 'c', '1', '(', ')', '.', 'ab', 'aa', '$'}"
        "local function some(list, most)"
        "  local t = {}"
        "  for i = 1, math.random(0, most) do t[i] = list[math.random(#list)] "
        "end"
        "  return table.concat(t)"
        "end "
        "local function call(f, ...)"
        "  local all = {pcall(f, ...)}"
        "  for i = 1, 34 do all[i] = tostring(all[i]) end"
        "  return table.concat(all, '|')"
        "end "
        "local function all_of(gmatch, s, p)"
        "  local t = {}"
        "  for a, b in gmatch(s, p) do t[#t + 1] = a .. ',' .. tostring(b) end"
        "  return table.concat(t, ';')"
        "end "
        "for i = 1, 60000 do"
        "  local s, p = some(texts, 12), some(pieces, 6)"
        "  local init = math.random(4) == 1 and math.random(-3, #s + 1) or nil"
        "  for _, name in ipairs({'find', 'match'}) do"
        "    local mine = call(string[name], s, p, init)"
        "    local own = call(native[name], s, p, init)"
        "    if mine ~= own then return name .. ' ' .. s .. ' ' .. p .. ': ' .."
        "      mine .. ' not ' .. own end"
        "  end "
        "  local mine = call(string.gsub, s, p, '<%0%1>', init)"
        "  local own = call(native.gsub, s, p, '<%0%1>', init)"
        "  if mine ~= own then return 'gsub ' .. s .. ' ' .. p .. ': ' .."
        "    mine .. ' not ' .. own end "
        "  mine = call(all_of, string.gmatch, s, p)"
        "  own = call(all_of, native.gmatch, s, p)"
        "  if p:sub(1, 1) ~= '^' and mine ~= own then"
        "    return 'gmatch ' .. s .. ' ' .. p .. ': ' .. mine .. ' not ' .. "
        "own"
        "  end "
        "end return 'done'";
    lua_State *L = state_new();

    steps_left = UINT64_MAX; /* math.random() is the same each time */
    ck_assert_str_eq(state_run(L, script), "done");
    lua_close(L);
}
END_TEST

/* JSON's own ways with numbers, against C's. */
START_TEST(numbers_of_json_are_those_of_c)
{
    static const char script[] =
        "for i = 1, 100000 do"
        "  local places = math.random(0, 7)"
        "  local v = math.random(-10 ^ math.random(0, 12), 10 ^ 12)"
        "  v = v / 10 ^ math.random(0, 14)"
        "  local text = native.format('%.' .. places .. 'f', v)"
        "  local mine, own = cjson.decode('[' .. text .. ']')[1], "
        "tonumber(text)"
        "  if mine ~= own or 1 / mine ~= 1 / own then"
        "    return text .. ' is read as ' .. native.format('%.17g', mine) end "
        "  for _, number in ipairs({v, own, v * 3, 1 / v}) do"
        "    mine = cjson.encode(number)"
        "    own = string.format('%.14g', number)"
        "    if mine ~= own and number == number and number - number == 0 then"
        "      return own .. ' is written as ' .. mine end "
        "  end "
        "end return 'done'";
    lua_State *L = state_new();

    steps_left = UINT64_MAX; /* math.random() is the same each time */
    ck_assert_str_eq(state_run(L, script), "done");
    lua_close(L);
}
END_TEST

START_TEST(plain_lists_are_sorted_as_lua_sorts_them)
{
    static const char script[] =
        "for i = 1, 3000 do"
        "  local mine, own, words = {}, {}, i % 2 == 0"
        "  for j = 1, math.random(0, 60) do"
        "    local v = math.random(-20, 20) * 2 ^ math.random(-3, 3) + 0.5"
        "    if words then v = ('prefix'):rep(math.random(0, 2)) .. v end "
        "    mine[j], own[j] = v, v"
        "  end "
        "  table.sort(own)"
        "  if not sort_plain(mine) then return 'not plain' end "
        "  for j = 1, #own do"
        "    if mine[j] ~= own[j] then return j .. ' of ' .. #own end "
        "  end "
        "  if #mine ~= #own then return 'longer' end "
        "end return 'done'";
    lua_State *L = state_new();

    lua_pushcfunction(L, lib_sort_plain);
    lua_setglobal(L, "sort_plain");
    steps_left = UINT64_MAX;
    ck_assert_str_eq(state_run(L, script), "done");
    ck_assert_str_eq(state_run(L, "return tostring(sort_plain({1, 'a'}))"),
                     "false");
    lua_close(L);
}
END_TEST

/* Blocks go to those who want as many steps, and no class keeps more than its
 * bytes. */
START_TEST(spare_blocks_are_bounded)
{
    static char blocks[2 * SPARE_BYTES / SPARE_STEP][SPARE_MOST];
    struct spare spare = {0};
    size_t kept = 0;

    ck_assert_ptr_null(spare_take(&spare, 1));
    ck_assert(!spare_keep(&spare, blocks[0], 0));
    ck_assert(!spare_keep(&spare, blocks[0], SPARE_MOST + 1));
    ck_assert_ptr_null(spare_take(&spare, SPARE_MOST + 1));
    ck_assert(spare_keep(&spare, blocks[0], 17));
    ck_assert(spare_keep(&spare, blocks[1], 32));
    ck_assert_ptr_null(spare_take(&spare, 16));
    ck_assert_ptr_null(spare_take(&spare, 33));
    ck_assert_ptr_eq(spare_take(&spare, 20), blocks[1]);
    ck_assert_ptr_eq(spare_take(&spare, 32), blocks[0]);
    ck_assert_ptr_null(spare_take(&spare, 32));
    for (size_t size = SPARE_STEP; size <= SPARE_MOST; size += SPARE_STEP) {
        kept = 0;
        while (spare_keep(&spare, blocks[kept], size))
            kept++;
        ck_assert_uint_eq(kept, SPARE_BYTES / size);
        ck_assert_uint_eq(spare_size(size - 1), size);
        while (spare_take(&spare, size))
            kept--;
        ck_assert_uint_eq(kept, 0);
    }
    ck_assert_uint_eq(spare_size(SPARE_MOST + 1), SPARE_MOST + 1);
}
END_TEST

/* Which formats LuaJIT's own may be taken for, and the kinds of their items
 * (numbers are what to multiply by).  That both write the same then is compared
 * with Redis in tests/differential/cases/scripting-libs.txt. */
static const struct {
    const char *format;
    const char *shape;
} shapes[] = {
    {"%d", "d"},           {"%s:%d", "s d"},   {"%05i|%-20s|%+.3d", "d s d"},
    {"%.2f", "100"},       {"%8.0f", "1"},     {"%f", "1000000"},
    {"100%%", ""},         {"plain", ""},      {"%s%%%s", "s s"},
    {"%.7f", "false"},     {"%g", "false"},    {"%x", "false"},
    {"%c", "false"},       {"%q", "false"},    {"%a", "false"},
    {"%", "false"},        {"%123d", "false"}, {"%------d", "false"},
    {"%d%d%d%d", "false"}, {"%s %y", "false"}, {"a\\0%d", "false"},
};

START_TEST(formats_have_these_shapes)
{
    lua_State *L = state_new();
    char script[200];

    lua_pushcfunction(L, lib_format_shape);
    lua_setglobal(L, "shape_of");
    snprintf(script, sizeof(script),
             "local shape = shape_of('%s') "
             "return shape and table.concat(shape, ' ') or 'false'",
             shapes[_i].format);
    ck_assert_str_eq(state_run(L, script), shapes[_i].shape);
    lua_close(L);
}
END_TEST

Suite *lib_suite(void)
{
    Suite *suite = suite_create("lib");
    TCase *tcase = tcase_create("lib");

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, scripts_get_these_answers, 0,
                        sizeof(answers) / sizeof(*answers));
    tcase_add_loop_test(tcase, what_would_run_on_ends_with_the_budget, 0,
                        sizeof(endless) / sizeof(*endless));
    tcase_add_loop_test(tcase, what_never_goes_back_is_known, 0,
                        sizeof(goes_back) / sizeof(*goes_back));
    tcase_add_loop_test(tcase, formats_have_these_shapes, 0,
                        sizeof(shapes) / sizeof(*shapes));
    tcase_add_test(tcase, a_match_is_looked_for_where_it_can_begin);
    tcase_add_test(tcase, patterns_match_as_in_luajit);
    tcase_add_test(tcase, numbers_of_json_are_those_of_c);
    tcase_add_test(tcase, plain_lists_are_sorted_as_lua_sorts_them);
    tcase_add_test(tcase, spare_blocks_are_bounded);
    tcase_add_test(tcase, classes_are_those_of_ascii);
    tcase_add_test(tcase, settings_of_one_cjson_are_not_those_of_another);
    tcase_add_test(tcase, readers_take_any_bytes);
    suite_add_tcase(suite, tcase);
    return suite;
}
