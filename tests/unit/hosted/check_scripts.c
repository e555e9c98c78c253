/* SPDX-License-Identifier: BSD-3-Clause */
/* modules/scripting/scripts: the cache of compiled scripts, what it costs, what
 * a first line says. */
#include "tests/unit/hosted/scripting.h"

#include <lauxlib.h>
#include <stdio.h>

static struct scripts cache;
static uint64_t memory_before;

static void begin(void)
{
    memory_before = host->memory();
    ck_assert(scripts_init(&cache, &state()->owner));
}

/* What a test leaves goes with the cache. */
static void end(void)
{
    scripts_fini(&cache);
    ck_assert_uint_eq(host->memory(), memory_before);
}

static struct script *add(const char *text)
{
    struct script *script = scripts_add(&cache, kr_cstr(text));

    ck_assert_msg(script != NULL, "%s: %s", text,
                  lua_tostring(cache.engine->L, -1));
    ck_assert_int_eq(lua_gettop(cache.engine->L), 0);
    return script;
}

/* What the script returns when it is called as it is. */
static int called(const struct script *script)
{
    lua_State *L = cache.engine->L;
    int value;

    lua_rawgeti(L, LUA_REGISTRYINDEX, script->function);
    ck_assert(engine_call(cache.engine, 0));
    value = (int)lua_tointeger(L, -1);
    lua_settop(L, 0);
    return value;
}

/* --- Names ---------------------------------------------------------------- */

START_TEST(a_script_is_found_by_its_text_and_by_its_digest)
{
    static const char digest[] = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db";
    struct script *one = add("return 1"), *two = add("return 2");

    ck_assert_str_eq(one->digest, digest);
    ck_assert_ptr_eq(scripts_find_digest(&cache, kr_cstr(digest)), one);
    ck_assert_ptr_eq(scripts_find_text(&cache, KR_STR("return 1")), one);
    ck_assert_ptr_eq(scripts_find_text(&cache, KR_STR("return 2")), two);
    ck_assert_ptr_eq(scripts_find_digest(&cache, kr_cstr(two->digest)), two);
    ck_assert_uint_eq(scripts_count(&cache), 2);
    ck_assert_int_eq(called(one), 1);
    ck_assert_int_eq(called(two), 2);
}
END_TEST

START_TEST(nothing_else_is_found)
{
    add("return 1");
    ck_assert_ptr_null(scripts_find_text(&cache, KR_STR("return 1 ")));
    ck_assert_ptr_null(scripts_find_text(&cache, KR_STR("return ")));
    ck_assert_ptr_null(scripts_find_text(&cache, KR_STR("")));
    ck_assert_ptr_null(scripts_find_digest(&cache, KR_STR("return 1")));
    ck_assert_ptr_null(scripts_find_digest(
        &cache, KR_STR("E0E1F9FABFC9D4800C877A703B823AC0578FF8DB")));
}
END_TEST

START_TEST(the_empty_script_and_one_with_a_nul_are_scripts)
{
    struct kr_str nul = kr_str("return #'a\0b'", 13);

    ck_assert_str_eq(add("")->digest,
                     "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    ck_assert_ptr_nonnull(scripts_find_text(&cache, KR_STR("")));
    ck_assert_ptr_nonnull(scripts_add(&cache, nul));
    ck_assert_int_eq(called(scripts_find_text(&cache, nul)), 3);
    ck_assert_uint_eq(scripts_count(&cache), 2);
}
END_TEST

/* --- What is refused ------------------------------------------------------ */

START_TEST(what_does_not_compile_is_not_kept)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"return return",
         "Error compiling script (new function): user_script:1: unexpected "
         "symbol near 'return'"},
        {"\n\nx = ", "Error compiling script (new function): user_script:3: "
                     "unexpected symbol near '<eof>'"},
        {"#!lua\n\nx = ", "Error compiling script (new function): "
                          "user_script:3: unexpected symbol near '<eof>'"},
        {"\x1bLJ", "Error compiling script (new function): user_script:1: "
                   "unexpected symbol near '<\\27>'"},
        {"#!lua flags=no-writes", "Invalid script shebang"},
        {"#!python\n", "Unexpected engine in script shebang: #!python"},
    };
    lua_State *L = cache.engine->L;

    for (size_t i = 0; i < KR_COUNT(rows); i++) {
        ck_assert_ptr_null(scripts_add(&cache, kr_cstr(rows[i].text)));
        if (rows[i].text[0] != '\x1b') /* whose letter LuaJIT prints as it is */
            ck_assert_str_eq(lua_tostring(L, -1), rows[i].error);
        lua_settop(L, 0);
        ck_assert_ptr_null(scripts_find_text(&cache, kr_cstr(rows[i].text)));
    }
    ck_assert_uint_eq(scripts_count(&cache), 0);
    ck_assert_uint_eq(cache.bytes, 0);
}
END_TEST

#define PLAIN SCRIPT_PLAIN

static const struct {
    const char *text;
    uint32_t flags;
    uint32_t skip;
    const char *error; /* NULL: it is good */
} lines[] = {
    {"", PLAIN, 0, NULL},
    {"#", PLAIN, 0, NULL},
    {"return '#!lua\n'", PLAIN, 0, NULL},
    {"#!lua\n", 0, 5, NULL},
    {"#!lua \nreturn", 0, 6, NULL},
    {"#!lua   flags=no-writes  \n", SCRIPT_NO_WRITES, 25, NULL},
    {"#!lua flags=no-writes,allow-oom\nx", SCRIPT_NO_WRITES | SCRIPT_ALLOW_OOM,
     31, NULL},
    {"#!lua flags=allow-stale flags=no-cluster\n",
     SCRIPT_ALLOW_STALE | SCRIPT_NO_CLUSTER, 40, NULL},
    {"#!lua flags=allow-cross-slot-keys\n", SCRIPT_ALLOW_CROSS_SLOT, 33, NULL},
    {"#!lua flags=\n", 0, 12, NULL},
    {"#!", 0, 0, "Invalid script shebang"},
    {"#!lua", 0, 0, "Invalid script shebang"},
    {"#!\n", 0, 0, "Unexpected engine in script shebang: #!"},
    {"#!Lua\n", 0, 0, "Unexpected engine in script shebang: #!Lua"},
    {"#!lua x=1\n", 0, 0, "Unknown lua shebang option: x=1"},
    {"#!lua flags\n", 0, 0, "Unknown lua shebang option: flags"},
    {"#!lua flags=no-writes,,\n", 0, 0, "Unexpected flag in script shebang: "},
    {"#!lua flags=No-Writes\n", 0, 0,
     "Unexpected flag in script shebang: No-Writes"},
};

START_TEST(a_first_line_says_what_the_script_may)
{
    char error[256] = "";
    uint32_t flags = 77;
    size_t skip = 77;
    bool good = scripts_read_shebang(kr_cstr(lines[_i].text), &flags, &skip,
                                     error, sizeof(error));

    ck_assert_int_eq(good, lines[_i].error == NULL);
    ck_assert_str_eq(error, lines[_i].error ? lines[_i].error : "");
    if (good) {
        ck_assert_uint_eq(flags, lines[_i].flags);
        ck_assert_uint_eq(skip, lines[_i].skip);
    }
}
END_TEST

START_TEST(a_long_word_in_a_first_line_is_cut)
{
    char text[4096], error[64];
    uint32_t flags;
    size_t skip;

    memset(text, 'x', sizeof(text));
    memcpy(text, "#!lua ", 6);
    text[sizeof(text) - 1] = '\n';
    memset(error, '#', sizeof(error));
    ck_assert(!scripts_read_shebang(kr_str(text, sizeof(text)), &flags, &skip,
                                    error, sizeof(error)));
    ck_assert_uint_eq(strlen(error), sizeof(error) - 1);
}
END_TEST

START_TEST(flags_are_kept_with_the_script)
{
    ck_assert_uint_eq(add("return 1")->flags, SCRIPT_PLAIN);
    ck_assert_uint_eq(add("#!lua flags=no-writes\nreturn 3")->flags,
                      SCRIPT_NO_WRITES);
    ck_assert_int_eq(called(scripts_find_text(
                         &cache, KR_STR("#!lua flags=no-writes\nreturn 3"))),
                     3);
}
END_TEST

/* --- The cost ------------------------------------------------------------- */

START_TEST(bytes_are_those_of_texts_digests_and_structs)
{
    char text[64];
    uint64_t sum = 0;

    for (int i = 0; i < 100; i++) {
        int size = snprintf(text, sizeof(text), "return %d", i);

        add(text);
        sum += sizeof(struct script) + SCRIPT_DIGEST + (uint64_t)size;
        ck_assert_uint_eq(cache.bytes, sum);
    }
}
END_TEST

/* All that the module has allocated, Lua's part included. */
START_TEST(ten_thousand_scripts_cost_less_than_20_MiB)
{
    uint64_t before = host->memory();
    char text[128];

    for (int i = 0; i < 10000; i++) {
        snprintf(text, sizeof(text),
                 "redis.call('set', KEYS[1], ARGV[1]) return "
                 "redis.call('get', KEYS[1]) == '%d'",
                 i);
        add(text);
    }
    ck_assert_uint_eq(scripts_count(&cache), 10000);
    ck_assert_uint_lt(host->memory() - before, 20u << 20);
    ck_assert_uint_ge(host->memory() - before,
                      cache.bytes + cache.engine->bytes / 2);
}
END_TEST

START_TEST(a_state_is_made_whole_or_not_at_all)
{
    uint64_t before = host->memory();
    bool made = false;

    for (uint64_t limit = 256; !made; limit += limit / 2) {
        struct scripts other;

        ck_assert_uint_lt(limit, 64u << 20);
        host->limit_memory(limit);
        made = scripts_init(&other, &state()->owner);
        host->limit_memory(UINT64_MAX);
        scripts_fini(&other);
        ck_assert_uint_eq(host->memory(), before);
    }
}
END_TEST

/* --- The next version of the module --------------------------------------- */

START_TEST(another_cache_takes_texts_and_compiles_when_asked)
{
    const struct script *one = add("return 1");
    uint64_t bytes;
    struct scripts next;
    struct script *taken;

    add("#!lua flags=no-writes\nreturn 2");
    bytes = cache.bytes;
    ck_assert(scripts_init(&next, &state()->owner));
    scripts_adopt(&next, &cache);
    ck_assert_uint_eq(scripts_count(&cache), 0);
    ck_assert_uint_eq(cache.bytes, 0);
    ck_assert_ptr_null(scripts_find_text(&cache, KR_STR("return 1")));
    ck_assert_uint_eq(scripts_count(&next), 2);
    ck_assert_uint_eq(next.bytes, bytes);

    taken = scripts_find_text(&next, KR_STR("#!lua flags=no-writes\nreturn 2"));
    ck_assert_ptr_eq(scripts_find_digest(&next, kr_cstr(one->digest)), one);
    ck_assert_int_eq(taken->function, LUA_NOREF);
    ck_assert_uint_eq(taken->flags, SCRIPT_NO_WRITES);
    ck_assert(scripts_ready(&next, taken));
    lua_rawgeti(next.engine->L, LUA_REGISTRYINDEX, taken->function);
    ck_assert(engine_call(next.engine, 0));
    ck_assert_int_eq(lua_tointeger(next.engine->L, -1), 2);
    scripts_fini(&next);
}
END_TEST

Suite *scripts_suite(void)
{
    Suite *suite = suite_create("scripting/scripts");
    TCase *tests = tcase_create("scripts");

    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, a_script_is_found_by_its_text_and_by_its_digest);
    tcase_add_test(tests, nothing_else_is_found);
    tcase_add_test(tests, the_empty_script_and_one_with_a_nul_are_scripts);
    tcase_add_test(tests, what_does_not_compile_is_not_kept);
    tcase_add_loop_test(tests, a_first_line_says_what_the_script_may, 0,
                        KR_COUNT(lines));
    tcase_add_test(tests, a_long_word_in_a_first_line_is_cut);
    tcase_add_test(tests, flags_are_kept_with_the_script);
    tcase_add_test(tests, bytes_are_those_of_texts_digests_and_structs);
    tcase_add_test(tests, ten_thousand_scripts_cost_less_than_20_MiB);
    tcase_add_test(tests, a_state_is_made_whole_or_not_at_all);
    tcase_add_test(tests, another_cache_takes_texts_and_compiles_when_asked);
    suite_add_tcase(suite, tests);
    return suite;
}
