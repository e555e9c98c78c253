/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_config - any bytes as a configuration file: it is read or refused, and
 * what CONFIG REWRITE makes of it reads back to the same values. */

#include <stdlib.h>

#include "core/config/config.h"
#include "core/config/file.h"
#include "core/config/rewrite.h"

static struct {
    bool yes;
    int64_t number, bytes, mode;
    int32_t word, set;
    double real;
    const char *text, *list;
} vars;

static const struct kr_word words[] = {{"a", 1}, {"b", 2}, {"none", 0}};

static const struct kr_param rows[] = {
    {.name = "b", .type = KR_PARAM_BOOL, .slot = &vars.yes, .initial = "no"},
    {.name = "i",
     .alias = "int",
     .type = KR_PARAM_INT,
     .slot = &vars.number,
     .initial = "5",
     .min = -10,
     .max = 10},
    {.name = "m",
     .type = KR_PARAM_MEMORY,
     .flags = KR_PARAM_PERCENT,
     .slot = &vars.bytes,
     .initial = "1kb",
     .min = -100,
     .max = INT64_MAX},
    {.name = "o",
     .type = KR_PARAM_OCTAL,
     .slot = &vars.mode,
     .initial = "0",
     .max = 0777},
    {.name = "w",
     .type = KR_PARAM_ENUM,
     .slot = &vars.word,
     .initial = "a",
     .words = KR_ROWS(words)},
    {.name = "f",
     .type = KR_PARAM_ENUM,
     .flags = KR_PARAM_WORDS,
     .slot = &vars.set,
     .initial = "none",
     .words = KR_ROWS(words)},
    {.name = "d", .type = KR_PARAM_DOUBLE, .slot = &vars.real, .initial = "1"},
    {.name = "t", .type = KR_PARAM_STRING, .slot = &vars.text, .initial = "x"},
    {.name = "s",
     .type = KR_PARAM_SPECIAL,
     .flags = KR_PARAM_MULTI,
     .slot = &vars.list,
     .initial = "1 2"},
};

static bool fuzz_append(const struct kr_param *row, void *to)
{
    config_print(kr_cstr(row->name), to);
    buffer_append_char(to, '\n');
    return true;
}

/* Read `text`, show all values, and what a rewrite makes of it. */
static bool fuzz_read(struct kr_str text, struct buffer *values,
                      struct buffer *rewritten)
{
    const struct kr_rows table = KR_ROWS(rows);
    struct buffer error = {0};
    char why[2048];
    bool fine;

    config_init();
    fine = file_read_text(text, &error) &&
           config_add_params(NULL, &table, why, sizeof(why));
    if (fine) {
        config_interface.each(fuzz_append, values);
        rewrite_text(text, rewritten);
    }
    config_fini();
    file_fini();
    buffer_free(&error);
    return fine;
}

/* An include would read files of this machine. */
static bool fuzz_includes(const unsigned char *data, size_t size)
{
    for (size_t i = 0; i + 7 <= size; i++)
        if (kr_str_equal_nocase(kr_str((const char *)data + i, 7),
                                KR_STR("include")))
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct buffer first = {0}, second = {0}, text = {0}, again = {0};
    char *copy;

    if (fuzz_includes(data, size) || memchr(data, '\\', size))
        size = 0;                   /* "\x69nclude" is one, too */
    copy = malloc(size ? size : 1); /* exactly its size */
    if (!copy)
        return 0;
    if (size)
        memcpy(copy, data, size);
    if (fuzz_read(kr_str(copy, size), &first, &text)) {
        if (!fuzz_read(buffer_str(&text), &second, &again) ||
            !kr_str_equal(buffer_str(&first), buffer_str(&second)) ||
            !kr_str_equal(buffer_str(&text), buffer_str(&again)))
            abort();
    }
    free(copy);
    buffer_free(&first);
    buffer_free(&second);
    buffer_free(&text);
    buffer_free(&again);
    return 0;
}
