/* SPDX-License-Identifier: BSD-3-Clause */
/* param - one registered row and its value; private to the wing. */
#ifndef CORE_CONFIG_PARAM_H
#define CORE_CONFIG_PARAM_H

#include "core/config/value.h"

struct param {
    struct kr_param row; /* a copy; what it points to is the module's */
    kr_module *module;   /* NULL: the host */
    uint32_t stamp;      /* which version of it */
    struct param *below; /* the row that this one hides */
    union value own;     /* the value, if the row has no slot; text always */
    char *initial;       /* the default, as CONFIG GET shows it */
    char *included;      /* the value that an included file gave, or NULL */
};

/* Check `argv` without changing anything. */
bool param_check(struct param *param, uint32_t argc, const struct kr_str *argv,
                 union value *value, char error[VALUE_ERROR_MAX]);
/* Put `value` in, take out the old one.  Not for foreign values. */
union value param_swap(struct param *param, union value value);
/* Tell the owner.  false: it refuses, `error` says why (may be empty). */
bool param_apply(struct param *param, uint32_t argc, const struct kr_str *argv,
                 char error[VALUE_ERROR_MAX]);
void param_print(struct param *param, struct buffer *to);
/* The lines of a file, without the name, each with its newline. */
void param_print_lines(struct param *param, struct buffer *to);
bool param_is_default(struct param *param);
void param_free(struct param *param);

/* Several lines that only a file can have, such as users: CONFIG GET and SET do
 * not know the name. */
static inline bool param_is_file_only(const struct param *param)
{
    const uint32_t flags =
        KR_PARAM_MULTI | KR_PARAM_IMMUTABLE | KR_PARAM_HIDDEN;

    return (param->row.flags & flags) == flags;
}

/* May the value be several words? */
static inline bool param_has_words(const struct param *param)
{
    return param->row.type == KR_PARAM_SPECIAL ||
           param->row.flags & KR_PARAM_WORDS;
}

/* By name or alias, in any case; the top one.  NULL: none. */
struct param *config_find(struct kr_str name);
/* In alphabetical order; NULL beyond the last. */
struct param *config_at(size_t i);

/* Split as CONFIG SET does: at each single space; an empty text is one empty
 * word.  `words` points into `text` and is freed by memory_free(). */
uint32_t param_split(struct kr_str text, struct kr_str **words);

#endif
