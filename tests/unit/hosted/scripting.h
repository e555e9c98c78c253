/* SPDX-License-Identifier: BSD-3-Clause */
/* scripting - what its suites share.
 *
 * The module is loaded in the host of `keyrack-module unit`.  A suite calls its
 * functions, or commands as a client; each test is a process of its own, so a
 * test begins with a host to which nothing has happened.
 *
 * One command more is there, TEST, which does what no other command does: it
 * replies each kind of value, shows the words it has got, and kills the script
 * that runs it. */
#ifndef TESTS_UNIT_HOSTED_SCRIPTING_H
#define TESTS_UNIT_HOSTED_SCRIPTING_H

#include "modules/scripting/scripting.h"

#include <kr/test.h>

#include <check.h>

extern const struct kr_test *host;

static inline struct scripting *state(void)
{
    return host->state;
}

/* Client 0 sends words and gets exactly this. */
#define GETS(reply, ...)                                                       \
    gets_reply((reply), KR_TEST_RUN(host, 0, __VA_ARGS__), __LINE__)
void gets_reply(const char *expected, struct kr_str got, int line);
/* It gets something that has this text in it. */
#define GETS_PART(part, ...)                                                   \
    gets_part((part), KR_TEST_RUN(host, 0, __VA_ARGS__), __LINE__)
void gets_part(const char *part, struct kr_str got, int line);

/* The number behind `name:` of INFO. */
long long info(const char *name);

/* What TEST has been given in its calls so far, as "[a|b] [c] ", which is
 * forgotten. */
const char *seen(void);

Suite *scripts_suite(void);
Suite *call_suite(void);
Suite *eval_suite(void);

#endif
