/* SPDX-License-Identifier: BSD-3-Clause */
/* The log: one line a message, in the shape that tools for Redis's log know. */
#include "core/log/log.h"
#include "core/rack/rack.h"
#include "core/server/log_interface.h"
#include "tests/unit/suites.h"

#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char directory[64], path[96], text[65536];

static void setup(void)
{
    strcpy(directory, "/tmp/kr-log-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/log", directory);
    log_open(LOG_NOTICE_, path);
}

static void teardown(void)
{
    log_open(LOG_NOTICE_, NULL);
    unlink(path);
    rmdir(directory);
}

static const char *content(void)
{
    FILE *file = fopen(path, "r");
    size_t n = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

    if (file)
        fclose(file);
    text[n] = '\0';
    return text;
}

START_TEST(a_line_has_redis_shape)
{
    static const char shape[] =
        "^[0-9]+:M [0-3][0-9] [A-Z][a-z]{2} 20[0-9]{2} "
        "[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{3} \\* hello 7\n$";
    regex_t re;

    log_notice("hello %d", 7);
    ck_assert_int_eq(regcomp(&re, shape, REG_EXTENDED | REG_NOSUB), 0);
    ck_assert_msg(regexec(&re, content(), 0, NULL, 0) == 0, "%s", text);
    ck_assert_int_eq(atoi(text), (int)getpid());
    regfree(&re);
}
END_TEST

START_TEST(each_level_has_its_mark)
{
    static const char *const marks[] = {" . m\n", " - m\n", " * m\n", " # m\n"};

    log_set_level(LOG_DEBUG_);
    log_line((enum log_level)_i, "m");
    ck_assert_ptr_nonnull(strstr(content(), marks[_i]));
}
END_TEST

START_TEST(lines_below_the_level_are_dropped)
{
    log_verbose("no");
    log_debug("no");
    ck_assert_str_eq(content(), "");
    ck_assert(!log_enabled(LOG_VERBOSE_));
    ck_assert(log_enabled(LOG_WARNING_));
    log_set_level(LOG_WARNING_);
    log_notice("no");
    log_set_level(LOG_WARNING_ + 1); /* loglevel nothing */
    log_warning("no");
    ck_assert_str_eq(content(), "");
}
END_TEST

START_TEST(a_line_too_long_is_cut_and_still_a_line)
{
    char *message = malloc(10001);

    memset(message, 'm', 10000);
    message[10000] = '\0';
    log_notice("%s", message);
    log_notice("next");
    content();
    ck_assert_uint_gt(strlen(text), 2000);
    ck_assert_uint_lt(strlen(text), 2200);
    ck_assert_ptr_nonnull(strstr(text, "mmm\n"));
    ck_assert_ptr_nonnull(strstr(text, "* next\n"));
    free(message);
}
END_TEST

START_TEST(the_longest_line_that_fits_is_whole)
{
    /* The prefix has one size while the process lives. */
    size_t prefix, room;
    char message[2049];

    log_notice("%s", "");
    prefix = strlen(content()) - 1;
    room = 2048 - prefix - 2;
    memset(message, 'm', room);
    message[room] = '\0';
    message[room - 1] = 'e';
    log_notice("%s", message);
    ck_assert_ptr_nonnull(strstr(content(), "me\n"));
}
END_TEST

START_TEST(a_log_that_was_renamed_goes_on_in_a_new_file)
{
    char old[128];

    log_notice("first");
    snprintf(old, sizeof(old), "%s.1", path);
    ck_assert_int_eq(rename(path, old), 0);
    log_notice("second");
    ck_assert_ptr_null(strstr(content(), "first"));
    ck_assert_ptr_nonnull(strstr(text, "second"));
    unlink(old);
}
END_TEST

START_TEST(errno_is_as_it_was)
{
    log_open(LOG_NOTICE_, "/nonexistent/directory/log");
    errno = ERANGE;
    log_notice("%s", strerror(EINTR));
    ck_assert_int_eq(errno, ERANGE);
    log_debug("dropped");
    ck_assert_int_eq(errno, ERANGE);
}
END_TEST

START_TEST(a_module_s_line_has_its_name)
{
    kr_module module = {.name = "counter"};

    log_interface.write(&module, KR_LOG_WARNING, KR_STR("odd"));
    log_interface.write(NULL, KR_LOG_NOTICE, KR_STR("even"));
    log_interface.write(&module, KR_LOG_DEBUG, KR_STR("unseen"));
    log_interface.write(&module, 99, KR_STR("a level that is none"));
    ck_assert_ptr_nonnull(strstr(content(), "# counter: odd\n"));
    ck_assert_ptr_nonnull(strstr(text, "* host: even\n"));
    ck_assert_ptr_null(strstr(text, "unseen"));
    ck_assert_ptr_nonnull(strstr(text, "# counter: a level that is none\n"));
    ck_assert(log_interface.enabled(KR_LOG_NOTICE));
    ck_assert(!log_interface.enabled(KR_LOG_VERBOSE));
}
END_TEST

Suite *log_suite(void)
{
    Suite *suite = suite_create("log");
    TCase *tests = tcase_create("lines");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_line_has_redis_shape);
    tcase_add_loop_test(tests, each_level_has_its_mark, 0, 4);
    tcase_add_test(tests, lines_below_the_level_are_dropped);
    tcase_add_test(tests, a_line_too_long_is_cut_and_still_a_line);
    tcase_add_test(tests, the_longest_line_that_fits_is_whole);
    tcase_add_test(tests, a_log_that_was_renamed_goes_on_in_a_new_file);
    tcase_add_test(tests, errno_is_as_it_was);
    tcase_add_test(tests, a_module_s_line_has_its_name);
    suite_add_tcase(suite, tests);
    return suite;
}
