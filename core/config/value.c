/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/config/value.h"

#include "core/memory/memory.h"
#include "core/text/escape.h"
#include "core/text/number.h"

#include <inttypes.h>
#include <stdio.h>

static bool value_refuse(char *error, const char *text)
{
    snprintf(error, VALUE_ERROR_MAX, "%s", text);
    return false;
}

/* --- Text to value ------------------------------------------------------- */

static bool value_in_range(const struct kr_param *row, int64_t number,
                           char *error)
{
    if ((row->min == 0 && row->max == 0) ||
        (number >= row->min && number <= row->max))
        return true;
    if (row->type == KR_PARAM_OCTAL)
        snprintf(error, VALUE_ERROR_MAX,
                 "argument must be between %" PRIo64 " and %" PRIo64
                 " inclusive",
                 (uint64_t)row->min, (uint64_t)row->max);
    else
        snprintf(error, VALUE_ERROR_MAX,
                 "argument must be between %" PRId64 " and %" PRId64
                 " inclusive",
                 row->min, row->max);
    return false;
}

static bool value_parse_bool(struct kr_str word, union value *value,
                             char *error)
{
    value->yes = kr_str_equal_nocase(word, KR_STR("yes"));
    if (value->yes || kr_str_equal_nocase(word, KR_STR("no")))
        return true;
    return value_refuse(error, "argument must be 'yes' or 'no'");
}

static bool value_parse_int(const struct kr_param *row, struct kr_str word,
                            union value *value, char *error)
{
    if (!number_parse_int64(word, &value->number))
        return value_refuse(error,
                            "argument couldn't be parsed into an integer");
    return value_in_range(row, value->number, error);
}

static bool value_parse_octal(const struct kr_param *row, struct kr_str word,
                              union value *value, char *error)
{
    int64_t number = 0;

    for (size_t i = 0; i < word.size; i++) {
        unsigned digit = (unsigned char)word.data[i] - (unsigned)'0';

        if (digit > 7 || __builtin_mul_overflow(number, 8, &number))
            return value_refuse(error,
                                "argument couldn't be parsed as an octal "
                                "number");
        number |= digit;
    }
    if (word.size == 0)
        return value_refuse(error,
                            "argument couldn't be parsed as an octal number");
    value->number = number;
    return value_in_range(row, number, error);
}

/* Bytes beyond int64_t are out of every range: no machine has them, and a
 * limit that wrapped around would be worse than a refusal. */
static bool value_parse_memory(const struct kr_param *row, struct kr_str word,
                               union value *value, char *error)
{
    bool percent = row->flags & KR_PARAM_PERCENT;
    int64_t share;
    uint64_t bytes;

    if (percent && number_parse_percent(word, &share)) {
        value->number = -share;
        if (share <= 100)
            return true;
        return value_refuse(error,
                            "percentage argument must be less or equal to 100");
    }
    if (!number_parse_memory(word, &bytes))
        return value_refuse(
            error, percent ? "argument must be a memory or percent value"
                           : "argument must be a memory value");
    if (bytes > INT64_MAX) {
        int64_t max = row->max ? row->max : INT64_MAX;

        snprintf(error, VALUE_ERROR_MAX,
                 "argument must be between %" PRId64 " and %" PRId64
                 " inclusive",
                 percent ? 0 : row->min, max);
        return false;
    }
    value->number = (int64_t)bytes;
    return percent || value_in_range(row, value->number, error);
}

static bool value_parse_double(const struct kr_param *row, struct kr_str word,
                               union value *value, char *error)
{
    if (!number_parse_double(word, &value->real))
        return value_refuse(error, "argument couldn't be parsed into a number");
    if ((row->min == 0 && row->max == 0) ||
        (value->real >= (double)row->min && value->real <= (double)row->max))
        return true;
    snprintf(error, VALUE_ERROR_MAX,
             "argument must be between %" PRId64 " and %" PRId64 " inclusive",
             row->min, row->max);
    return false;
}

static const struct kr_word *value_word(const struct kr_param *row, uint32_t i)
{
    return (const struct kr_word *)((const char *)row->words.rows +
                                    (size_t)i * row->words.stride);
}

static bool value_refuse_word(const struct kr_param *row, char *error)
{
    size_t used = (size_t)snprintf(
        error, VALUE_ERROR_MAX, "argument(s) must be one of the following: ");

    for (uint32_t i = 0; i < row->words.count && used < VALUE_ERROR_MAX; i++)
        used += (size_t)snprintf(error + used, VALUE_ERROR_MAX - used, "%s%s",
                                 i ? ", " : "", value_word(row, i)->word);
    return false;
}

static bool value_parse_words(const struct kr_param *row, uint32_t argc,
                              const struct kr_str *argv, union value *value,
                              char *error)
{
    value->word = 0;
    for (uint32_t a = 0; a < argc; a++) {
        uint32_t i = 0;

        while (i < row->words.count &&
               !kr_str_equal_nocase(kr_cstr(value_word(row, i)->word), argv[a]))
            i++;
        if (i == row->words.count)
            return value_refuse_word(row, error);
        value->word |= value_word(row, i)->value;
    }
    return true;
}

/* The words with single spaces between them: what CONFIG SET split is whole
 * again. */
static char *value_join(uint32_t argc, const struct kr_str *argv)
{
    struct buffer text = {0};
    size_t size;

    for (uint32_t i = 0; i < argc; i++) {
        if (i)
            buffer_append_char(&text, ' ');
        buffer_append(&text, argv[i]);
    }
    return buffer_steal(&text, &size);
}

static bool value_parse_text(uint32_t argc, const struct kr_str *argv,
                             union value *value, char *error)
{
    for (uint32_t i = 0; i < argc; i++)
        if (argv[i].size && memchr(argv[i].data, '\0', argv[i].size))
            return value_refuse(error, "argument must not contain a NUL byte");
    value->text = value_join(argc, argv);
    return true;
}

bool value_parse(const struct kr_param *row, uint32_t argc,
                 const struct kr_str *argv, union value *value,
                 char error[VALUE_ERROR_MAX])
{
    bool many = row->type == KR_PARAM_SPECIAL ||
                (row->type == KR_PARAM_ENUM && row->flags & KR_PARAM_WORDS);

    /* A set of words is asked for by its words, even where none came. */
    if (argc == 0 && many && row->type == KR_PARAM_ENUM)
        return value_refuse_word(row, error);
    if (argc == 0 || (argc > 1 && !many))
        return value_refuse(error, "wrong number of arguments");
    switch (row->type) {
    case KR_PARAM_BOOL:
        return value_parse_bool(argv[0], value, error);
    case KR_PARAM_INT:
        return value_parse_int(row, argv[0], value, error);
    case KR_PARAM_MEMORY:
        return value_parse_memory(row, argv[0], value, error);
    case KR_PARAM_ENUM:
        return value_parse_words(row, argc, argv, value, error);
    case KR_PARAM_STRING:
        return value_parse_text(argc, argv, value, error);
    case KR_PARAM_BYTES:
        value->bytes.data = value_join(1, argv);
        value->bytes.size = argv[0].size;
        return true;
    case KR_PARAM_SPECIAL:
        return row->print || value_parse_text(argc, argv, value, error);
    case KR_PARAM_DOUBLE:
        return value_parse_double(row, argv[0], value, error);
    case KR_PARAM_OCTAL:
        return value_parse_octal(row, argv[0], value, error);
    }
    return value_refuse(error, "the parameter has a type that this server "
                               "does not know");
}

void value_free(const struct kr_param *row, union value *value)
{
    if (!value_is_text(row))
        return;
    memory_free(value->text);
    value->text = NULL;
}

/* --- Value to text ------------------------------------------------------- */

/* The one word with this value, or those whose bits are all in it. */
static void value_print_words(const struct kr_param *row, int32_t value,
                              struct buffer *to)
{
    bool some = false;

    for (uint32_t i = 0; i < row->words.count; i++) {
        const struct kr_word *word = value_word(row, i);

        if (word->value == value) {
            if (some)
                break; /* the rest of a set that has been begun */
            buffer_append(to, kr_cstr(word->word));
            return;
        }
        if (!(row->flags & KR_PARAM_WORDS) || word->value == 0 ||
            (word->value & value) != word->value)
            continue;
        if (some)
            buffer_append_char(to, ' ');
        buffer_append(to, kr_cstr(word->word));
        some = true;
    }
}

void value_print_memory(struct buffer *to, int64_t bytes)
{
    static const char *const units[] = {"", "kb", "mb", "gb"};
    int unit = 0;

    while (bytes != 0 && unit < 3 && bytes % 1024 == 0) {
        bytes /= 1024;
        unit++;
    }
    buffer_printf(to, "%" PRId64 "%s", bytes, units[unit]);
}

void value_print_word(struct buffer *to, struct kr_str word)
{
    bool plain = word.size > 0 && word.data[0] != '#' && escape_is_plain(word);

    for (size_t i = 0; plain && i < word.size; i++)
        plain = word.data[i] != ' ' && word.data[i] != '\'';
    if (plain)
        buffer_append(to, word);
    else
        escape_repr(to, word);
}

/* Cut where value_join() has put them together. */
static void value_print_text_words(struct buffer *to, const char *text)
{
    for (const char *end; (end = strchr(text, ' ')); text = end + 1) {
        value_print_word(to, kr_str(text, (size_t)(end - text)));
        buffer_append_char(to, ' ');
    }
    value_print_word(to, kr_cstr(text));
}

static struct kr_str value_bytes(const union value *value)
{
    return kr_str(value->bytes.data, value->bytes.size);
}

static void value_print_as(const struct kr_param *row, const union value *value,
                           struct buffer *to, bool line)
{
    switch (row->type) {
    case KR_PARAM_BOOL:
        buffer_append(to, kr_cstr(value->yes ? "yes" : "no"));
        break;
    case KR_PARAM_MEMORY:
        if (row->flags & KR_PARAM_PERCENT && value->number < 0)
            buffer_printf(to, "%" PRId64 "%%", -value->number);
        else if (line)
            value_print_memory(to, value->number);
        else
            buffer_append_int64(to, value->number);
        break;
    case KR_PARAM_INT:
        buffer_append_int64(to, value->number);
        break;
    case KR_PARAM_OCTAL:
        buffer_printf(to, "%" PRIo64, (uint64_t)value->number);
        break;
    case KR_PARAM_ENUM:
        value_print_words(row, value->word, to);
        break;
    case KR_PARAM_DOUBLE:
        buffer_append_double(to, value->real);
        break;
    case KR_PARAM_STRING:
        if (line)
            value_print_word(to, kr_cstr(value->text));
        else
            buffer_append(to, kr_cstr(value->text));
        break;
    case KR_PARAM_BYTES:
        if (line)
            value_print_word(to, value_bytes(value));
        else
            buffer_append(to, value_bytes(value));
        break;
    case KR_PARAM_SPECIAL:
        if (line)
            value_print_text_words(to, value->text);
        else
            buffer_append(to, kr_cstr(value->text));
        break;
    }
}

void value_print(const struct kr_param *row, const union value *value,
                 struct buffer *to)
{
    value_print_as(row, value, to, false);
}

void value_print_line(const struct kr_param *row, const union value *value,
                      struct buffer *to)
{
    value_print_as(row, value, to, true);
}
