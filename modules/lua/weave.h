/* SPDX-License-Identifier: BSD-3-Clause */
/* weave - a script with a call of the tick in every place it can come round to.
 *
 * Hooks do not run in compiled code, so nothing could stop a loop that the JIT
 * has compiled.  So a call is put into the source before it is compiled, where
 * a script that goes on for ever must pass again and again:
 *
 *     while c do          while c do TICK();
 *     for i = 1, n do     for i = 1, n do TICK();
 *     repeat              repeat TICK();
 *     function (a, b)     function (a, b) TICK();
 *     goto again          TICK(); goto again
 *
 * A call at the end of a function takes the place of its caller on LuaJIT's
 * stack, also if it is one of C, and an error in it would not know its line.  So
 * calls of fields, of methods and of Lua's own functions do not stand there bare:
 *
 *     return redis.call(...)         return TICKk(redis.call(...))
 *
 * where TICKk() answers what it gets.  As in Lua 5.1 the caller is there then;
 * such calls are no tail calls any more.
 *
 * What a script calls most is found in two tables behind fronts (engine.h) each
 * time.  No script can change it, so it gets names of its own, in front of all:
 *
 *     redis.call(...)                TICKc(...)
 *     KEYS[1] .. ARGV[1]             TICKy[1] .. TICKa[1]
 *
 * but not where the source has a local of that name.
 *
 * Tokens are enough to find these places; no line is added, so errors name the
 * lines of the original.  What did not compile before does not compile now, and
 * what did, does. */
#ifndef LUA_WEAVE_H
#define LUA_WEAVE_H

#include <kr/base.h>

/* Behind the tick's name: */
#define WEAVE_KEEP  "k"
#define WEAVE_CALL  "c"
#define WEAVE_PCALL "p"
#define WEAVE_KEYS  "y"
#define WEAVE_ARGV  "a"

/* What has a name of its own. */
#define WEAVE_CALLS (1u << 0) /* redis.call and redis.pcall */
#define WEAVE_WORDS (1u << 1) /* KEYS and ARGV */

/* Write the woven `source` to `out`, which has room for weave_size() bytes.
 * `tick` is the name of the tick, `named` WEAVE_CALLS and WEAVE_WORDS.
 * O(bytes). */
size_t weave_size(struct kr_str source, struct kr_str tick, uint32_t named);
void weave(struct kr_str source, struct kr_str tick, uint32_t named, char *out);

/* Lua 5.1 knows no letters beyond ASCII, LuaJIT does: where a word has one, and
 * in which line; NULL mostly.  O(bytes). */
const char *weave_foreign(struct kr_str source, int *line);

#endif
