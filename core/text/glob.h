/* SPDX-License-Identifier: BSD-3-Clause */
/* glob - the patterns of KEYS, SCAN, PSUBSCRIBE, CONFIG GET and ACL.
 *
 *     *        any bytes, or none
 *     ?        any byte
 *     [abc]    one of these; [a-z] a range, either end first; [^a] none of them
 *     \x       x itself, in brackets too
 *
 * The corners are Redis's: a class without its bracket ends with the pattern;
 * an empty text is matched by the empty pattern only, not by "*". */
#ifndef CORE_TEXT_GLOB_H
#define CORE_TEXT_GLOB_H

#include <kr/base.h>

/* O(pattern x text) at worst, O(both) for most; no recursion, no memory.
 * [any] */
bool glob_match(struct kr_str pattern, struct kr_str text);

/* The case of ASCII letters does not count, except behind a backslash in
 * brackets. */
bool glob_match_nocase(struct kr_str pattern, struct kr_str text);

#endif
