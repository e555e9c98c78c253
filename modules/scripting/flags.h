/* SPDX-License-Identifier: BSD-3-Clause */
/* flags - what a script or a function says of itself.
 *
 *     #!lua flags=no-writes,allow-oom
 *     redis.register_function{..., flags = {'no-writes'}} */
#ifndef SCRIPTING_FLAGS_H
#define SCRIPTING_FLAGS_H

#include <kr/base.h>

#define SCRIPT_NO_WRITES        (1u << 0)
#define SCRIPT_ALLOW_OOM        (1u << 1)
#define SCRIPT_ALLOW_STALE      (1u << 2)
#define SCRIPT_NO_CLUSTER       (1u << 3)
#define SCRIPT_ALLOW_CROSS_SLOT (1u << 4)
#define SCRIPT_PLAIN            (1u << 5) /* no first line: the rules of old */

struct script_word {
    const char *word;
    uint32_t flag;
};

/* Those that have words, in the order in which they are listed. */
#define SCRIPT_WORDS 5
extern const struct script_word script_words[SCRIPT_WORDS];

/* The flag of that word, or 0. */
uint32_t script_flag(struct kr_str word, bool nocase);

#endif
