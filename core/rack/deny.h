/* SPDX-License-Identifier: BSD-3-Clause */
/* deny - what a module may not use: module-deny MODULE INTERFACE.
 *
 * Both words are patterns.  An interface is named with its revision
 * ("kr.loop/1") or without, which is all of them.  A module that cannot do
 * without is refused; where it can, its slot stays NULL.  Files of another
 * format (see loader.c) count by the name that they say they have.
 *
 * This holds back what asks.  It is no wall: code of a module runs in the
 * server's memory. */
#ifndef CORE_RACK_DENY_H
#define CORE_RACK_DENY_H

#include <kr/base.h>
#include <kr/reply.h>

/* The words of the directive, in pairs; one empty word is none.  false: they are
 * not, *error says so. */
bool deny_check(uint32_t argc, const struct kr_str *argv, const char **error);
/* They are the rules from now on.  They have been checked. */
void deny_set(uint32_t argc, const struct kr_str *argv);

/* The rule that denies it, as the directive has it ("x kr.loop"), or NULL.
 * Borrowed until deny_set().  O(rules). */
const char *deny_find(const char *module, const char *id);

/* Other rules than those of now, to see what they would do: exchanges both.
 * Free what is left over by deny_drop(). */
struct deny_rules {
    struct deny_rule *first;
};
struct deny_rules deny_read(uint32_t argc, const struct kr_str *argv);
void deny_exchange(struct deny_rules *other);
void deny_drop(struct deny_rules *rules);

/* Each rule: one raw() with all, or a status() each. */
void deny_print(struct kr_reply *out);
void deny_lines(struct kr_reply *out);

#endif
