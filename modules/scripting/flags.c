/* SPDX-License-Identifier: BSD-3-Clause */
#include "flags.h"

const struct script_word script_words[SCRIPT_WORDS] = {
    {"no-writes", SCRIPT_NO_WRITES},
    {"allow-oom", SCRIPT_ALLOW_OOM},
    {"allow-stale", SCRIPT_ALLOW_STALE},
    {"no-cluster", SCRIPT_NO_CLUSTER},
    {"allow-cross-slot-keys", SCRIPT_ALLOW_CROSS_SLOT},
};

uint32_t script_flag(struct kr_str word, bool nocase)
{
    for (size_t i = 0; i < SCRIPT_WORDS; i++) {
        struct kr_str known = kr_cstr(script_words[i].word);

        if (nocase ? kr_str_equal_nocase(word, known)
                   : kr_str_equal(word, known))
            return script_words[i].flag;
    }
    return 0;
}
