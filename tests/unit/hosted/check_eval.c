/* SPDX-License-Identifier: BSD-3-Clause */
/* modules/scripting/eval: EVAL and its kin as commands, what they are judged by,
 * and that what scripts take comes back. */
#include "tests/unit/hosted/scripting.h"

#include "modules/scripting/commands.h"

#include <lua.h>
#include <stdio.h>

#define ONE "e0e1f9fabfc9d4800c877a703b823ac0578ff8db" /* of "return 1" */

/* --- Finding a script ----------------------------------------------------- */

START_TEST(eval_keeps_what_evalsha_finds)
{
    GETS("-NOSCRIPT No matching script. Please use EVAL.\r\n", "EVALSHA", ONE,
         "0");
    GETS(":1\r\n", "EVAL", "return 1", "0");
    GETS(":1\r\n", "EVALSHA", ONE, "0");
    GETS(":1\r\n", "EVALSHA", "E0E1F9FABFC9D4800C877A703B823AC0578FF8DB", "0");
    GETS(":1\r\n", "EVALSHA_RO", ONE, "0");
    ck_assert_uint_eq(scripts_count(&state()->scripts), 1);
    GETS(":1\r\n", "EVAL", "return 1", "0");
    ck_assert_uint_eq(scripts_count(&state()->scripts), 1);
    ck_assert_int_eq(info("number_of_cached_scripts"), 1);
}
END_TEST

START_TEST(what_is_no_digest_is_no_script)
{
    KR_TEST_RUN(host, 0, "EVAL", "return 1", "0");
    GETS("-NOSCRIPT No matching script. Please use EVAL.\r\n", "EVALSHA", "",
         "0");
    GETS("-NOSCRIPT No matching script. Please use EVAL.\r\n", "EVALSHA",
         ONE "0", "0");
    GETS("-NOSCRIPT No matching script. Please use EVAL.\r\n", "EVALSHA",
         "return 1", "0");
}
END_TEST

START_TEST(load_exists_and_flush)
{
    GETS("$40\r\n" ONE "\r\n", "SCRIPT", "LOAD", "return 1");
    GETS("*2\r\n:1\r\n:0\r\n", "SCRIPT", "EXISTS", ONE, "nosuch");
    GETS("-ERR SCRIPT FLUSH only support SYNC|ASYNC option\r\n", "SCRIPT",
         "FLUSH", "NOW");
    GETS("*1\r\n:1\r\n", "SCRIPT", "EXISTS", ONE);
    GETS("+OK\r\n", "SCRIPT", "FLUSH", "async");
    GETS("*1\r\n:0\r\n", "SCRIPT", "EXISTS", ONE);
    GETS(
        "-ERR Error compiling script (new function): user_script:1: unexpected "
        "symbol near 'do'\r\n",
        "SCRIPT", "LOAD", "x = do");
    ck_assert_int_eq(info("number_of_cached_scripts"), 0);
}
END_TEST

/* --- Keys and arguments --------------------------------------------------- */

static const struct {
    const char *number, *reply;
} numbers[] = {
    {"x", "-ERR value is not an integer or out of range\r\n"},
    {"-1", "-ERR Number of keys can't be negative\r\n"},
    {"3", "-ERR Number of keys can't be greater than number of args\r\n"},
    {"99999999999999999999",
     "-ERR value is not an integer or out of range\r\n"},
    {"0", "*2\r\n*0\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n"},
    {"1", "*2\r\n*1\r\n$1\r\na\r\n*1\r\n$1\r\nb\r\n"},
    {"2", "*2\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n*0\r\n"},
};

START_TEST(words_are_keys_and_arguments)
{
    GETS(numbers[_i].reply, "EVAL", "return {KEYS, ARGV}", numbers[_i].number,
         "a", "b");
}
END_TEST

START_TEST(a_run_has_no_words_of_the_one_before)
{
    KR_TEST_RUN(host, 0, "EVAL", "return {KEYS, ARGV}", "2", "a", "b", "c");
    GETS("*2\r\n*0\r\n*0\r\n", "EVAL", "return {KEYS, ARGV}", "0");
    /* Nor by the short names that a woven source has for them. */
    KR_TEST_RUN(host, 0, "EVAL", "return {KEYS[1], ARGV[1]}", "1", "a", "b");
    GETS("*2\r\n:0\r\n:0\r\n", "EVAL", "return {#KEYS, #ARGV}", "0");
    GETS("$-1\r\n", "EVAL", "return KEYS[1]", "0");
}
END_TEST

/* --- What is judged ------------------------------------------------------- */

static uint64_t acts(const char *command, const char *text)
{
    struct kr_str argv[3] = {kr_cstr(command), kr_cstr(text), KR_STR("0")};
    struct kr_call call = {.argv = argv,
                           .argc = 3,
                           .state = host->state,
                           .command = kr_commands->find(kr_cstr(command))};

    return command[4] == '\0' ? scripting_eval_acts(&call)
                              : scripting_evalsha_acts(&call);
}

START_TEST(a_call_is_judged_by_what_the_script_says)
{
    static const char writes[] = "#!lua\nreturn 1",
                      reads[] = "#!lua flags=no-writes\nreturn 1",
                      full[] = "#!lua flags=allow-oom,allow-stale\nreturn 1";
    uint64_t plain = acts("eval", "return 1");

    ck_assert_uint_eq(
        plain, kr_commands->row(kr_commands->find(KR_STR("eval")))->flags);
    for (int cached = 0; cached < 2; cached++) {
        ck_assert(acts("eval", writes) & KR_CMD_WRITE);
        ck_assert(acts("eval", writes) & KR_CMD_DENYOOM);
        ck_assert(!(acts("eval", reads) & (KR_CMD_WRITE | KR_CMD_DENYOOM)));
        ck_assert(!(acts("eval", reads) & KR_CMD_STALE));
        ck_assert(acts("eval", full) & KR_CMD_STALE);
        ck_assert(!(acts("eval", full) & KR_CMD_DENYOOM));
        KR_TEST_RUN(host, 0, "SCRIPT", "LOAD", writes);
        KR_TEST_RUN(host, 0, "SCRIPT", "LOAD", reads);
        KR_TEST_RUN(host, 0, "SCRIPT", "LOAD", full);
    }
    ck_assert(
        !(acts("evalsha",
               scripts_find_text(&state()->scripts, kr_cstr(reads))->digest) &
          KR_CMD_WRITE));
    /* What is unknown is judged as the command is. */
    ck_assert_uint_eq(
        acts("evalsha", "nosuch"),
        kr_commands->row(kr_commands->find(KR_STR("evalsha")))->flags);
    ck_assert_uint_eq(acts("eval", "#!nosuch\n"), plain);
}
END_TEST

START_TEST(the_read_only_twins_refuse_what_may_write)
{
    GETS(
        "-ERR Can not execute a script with write flag using *_ro command.\r\n",
        "EVAL_RO", "#!lua\nreturn 1", "0");
    GETS(":1\r\n", "EVAL_RO", "#!lua flags=no-writes\nreturn 1", "0");
    GETS_PART("Write commands are not allowed from read-only scripts.",
              "EVAL_RO", "return redis.call('set', KEYS[1], 'v')", "1", "k");
    GETS("$-1\r\n", "EVAL_RO", "return redis.call('get', KEYS[1])", "1", "k");
}
END_TEST

/* --- Memory --------------------------------------------------------------- */

static uint64_t used(void)
{
    return state()->scripts.engine->bytes;
}

START_TEST(what_lua_takes_is_on_the_module_s_account_and_in_info)
{
    uint64_t account, lua;

    KR_TEST_RUN(host, 0, "EVAL", "return 1", "0");
    account = host->memory();
    lua = used();
    KR_TEST_RUN(host, 0, "EVAL", "kept = 1", "0"); /* refused, and compiled */
    KR_TEST_RUN(host, 0, "EVAL",
                "local t = {} for i = 1, 10000 do t[i] = 'x' .. i end return 1",
                "0");
    ck_assert_uint_gt(used(), lua + 10000 * 16);
    ck_assert_uint_ge(host->memory() - account, used() - lua);
    ck_assert_int_eq(info("used_memory_vm_eval"), (long long)used());
    ck_assert_int_eq(info("used_memory_lua"), (long long)used());
    ck_assert_int_eq(info("used_memory_scripts_eval"),
                     (long long)state()->scripts.bytes);
    ck_assert_int_ge(info("used_memory"), (long long)used());
}
END_TEST

START_TEST(garbage_comes_back)
{
    uint64_t before = host->memory(), most = 0;

    for (int i = 0; i < 100; i++) {
        GETS(":20000\r\n", "EVAL",
             "local t = {} for i = 1, 20000 do t[i] = {i} end return #t", "0");
        if (host->memory() > most)
            most = host->memory();
    }
    /* A run makes a megabyte or two; no more than some of them stay. */
    ck_assert_uint_lt(most - before, 32u << 20);
    for (int i = 0; i < 3000; i++)
        KR_TEST_RUN(host, 0, "EVAL", "return 1", "0");
    ck_assert_uint_lt(host->memory(), before + (4u << 20));
}
END_TEST

START_TEST(a_script_that_takes_too_much_fails_alone)
{
    struct engine *engine = state()->scripts.engine;
    uint64_t before = host->memory();

    engine->limit = engine->bytes + (4u << 20);
    GETS_PART("not enough memory", "EVAL",
              "local t = {} for i = 1, 10000000 do t[i] = {i} end return #t",
              "0");
    ck_assert_uint_lt(host->memory(), before + (3u << 20));
    GETS_PART("not enough memory", "EVAL",
              "local s = string.rep('x', 5000000) return #s", "0");
    GETS("$-1\r\n", "EVAL",
         "local ok = pcall(string.rep, 'x', 5000000) return ok", "0");
    GETS("*1\r\n$3\r\nkey\r\n", "EVAL", "return KEYS", "1", "key");
}
END_TEST

START_TEST(flush_gives_back_all_of_it)
{
    uint64_t before;
    char text[64];

    KR_TEST_RUN(host, 0, "SCRIPT", "FLUSH");
    before = host->memory();
    for (int i = 0; i < 2000; i++) {
        snprintf(text, sizeof(text), "return redis.call('get', '%d')", i);
        KR_TEST_RUN(host, 0, "SCRIPT", "LOAD", text);
    }
    ck_assert_uint_gt(host->memory(), before + (512u << 10));
    GETS("+OK\r\n", "SCRIPT", "FLUSH");
    ck_assert_uint_eq(scripts_count(&state()->scripts), 0);
    /* A new state is not of the same size to the byte. */
    ck_assert_uint_lt(host->memory(), before + (64u << 10));
}
END_TEST

/* --- With others ---------------------------------------------------------- */

START_TEST(a_script_is_one_step_of_a_transaction)
{
    GETS("+OK\r\n", "MULTI");
    GETS("+QUEUED\r\n", "EVAL", "return redis.call('incr', KEYS[1])", "1", "n");
    GETS("+QUEUED\r\n", "EVAL", "return redis.call('nosuch')", "0");
    GETS("+QUEUED\r\n", "GET", "n");
    GETS("*3\r\n:1\r\n-ERR Unknown Redis command called from script script: "
         "206396248e12c6e742fd7296250433c8d7343b74, on @user_script:1.\r\n"
         "$1\r\n1\r\n",
         "EXEC");
}
END_TEST

START_TEST(what_a_script_does_is_told_to_others)
{
    KR_TEST_RUN(host, 0, "CONFIG", "SET", "notify-keyspace-events", "K$");
    (void)KR_TEST_RUN(host, 1, "SUBSCRIBE", "__keyspace@0__:k", "c");
    GETS(":1\r\n", "EVAL",
         "redis.call('set', 'k', 'v') return redis.call('publish', 'c', 'm')",
         "0");
    gets_reply("*3\r\n$7\r\nmessage\r\n$16\r\n__keyspace@0__:k\r\n$3\r\nset\r\n"
               "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n",
               host->hear(1), __LINE__);
    host->leave(1);
}
END_TEST

Suite *eval_suite(void)
{
    Suite *suite = suite_create("scripting/eval");
    TCase *tests = tcase_create("eval");

    tcase_add_test(tests, eval_keeps_what_evalsha_finds);
    tcase_add_test(tests, what_is_no_digest_is_no_script);
    tcase_add_test(tests, load_exists_and_flush);
    tcase_add_loop_test(tests, words_are_keys_and_arguments, 0,
                        KR_COUNT(numbers));
    tcase_add_test(tests, a_run_has_no_words_of_the_one_before);
    tcase_add_test(tests, a_call_is_judged_by_what_the_script_says);
    tcase_add_test(tests, the_read_only_twins_refuse_what_may_write);
    tcase_add_test(tests,
                   what_lua_takes_is_on_the_module_s_account_and_in_info);
    tcase_add_test(tests, garbage_comes_back);
    tcase_add_test(tests, a_script_that_takes_too_much_fails_alone);
    tcase_add_test(tests, flush_gives_back_all_of_it);
    tcase_add_test(tests, a_script_is_one_step_of_a_transaction);
    tcase_add_test(tests, what_a_script_does_is_told_to_others);
    suite_add_tcase(suite, tests);
    return suite;
}
