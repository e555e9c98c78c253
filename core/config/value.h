/* SPDX-License-Identifier: BSD-3-Clause */
/* value - a parameter's value by its type: text to value, value to text.
 *
 * Nothing here knows who owns a row or where the value is kept.  The texts of
 * refusals are what CONFIG SET and a fatal configuration error show. */
#ifndef CORE_CONFIG_VALUE_H
#define CORE_CONFIG_VALUE_H

#include "core/text/buffer.h"

#include <kr/config.h>

#define VALUE_ERROR_MAX 512 /* bytes of a refusal, NUL included */

union value {
    bool yes;
    int64_t number;
    int32_t word;
    double real;
    char *text; /* owned by whoever holds the value */
    struct {
        char *data; /* is `text`; NUL behind it */
        size_t size;
    } bytes;
};

/* Is the value text that the host keeps: a STRING, BYTES, or a SPECIAL that does
 * not print itself? */
static inline bool value_is_text(const struct kr_param *row)
{
    return row->type == KR_PARAM_STRING || row->type == KR_PARAM_BYTES ||
           (row->type == KR_PARAM_SPECIAL && !row->print);
}

/* Is the value known to nobody but the row's own functions? */
static inline bool value_is_foreign(const struct kr_param *row)
{
    return row->type == KR_PARAM_SPECIAL && row->print;
}

/* The words after the name, by the row's type, within its range.  A foreign
 * value is left alone.  false: `error` says why.  Text is allocated. */
bool value_parse(const struct kr_param *row, uint32_t argc,
                 const struct kr_str *argv, union value *value,
                 char error[VALUE_ERROR_MAX]);
void value_free(const struct kr_param *row, union value *value);

/* As CONFIG GET shows it. */
void value_print(const struct kr_param *row, const union value *value,
                 struct buffer *to);
/* As a file has it: 100mb, quotes where they are needed. */
void value_print_line(const struct kr_param *row, const union value *value,
                      struct buffer *to);

/* "100mb" for 104857600; the largest unit that leaves no rest. */
void value_print_memory(struct buffer *to, int64_t bytes);
/* One word of a line, in quotes if it would not be read back without. */
void value_print_word(struct buffer *to, struct kr_str word);

#endif
