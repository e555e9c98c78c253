/* SPDX-License-Identifier: BSD-3-Clause */
/* reply - a reply as redis-cli prints it on a terminal.
 *
 *   +OK            OK
 *   $5 he"lo       "he\"lo"
 *   :1             (integer) 1
 *   *2             1) "a"
 *                  2) 1) "b"          what is within is set in by its number
 *                     2) (nil)
 *   %1             1# "key" => "value"
 */
#include "sdk/reply.h"

#include <stdio.h>

static void print_quoted(struct buffer *out, struct kr_str bytes)
{
    static const char plain[] = "\n\r\t\a\b\\\"", letters[] = "nrtab\\\"";

    buffer_append(out, KR_STR("\""));
    for (size_t i = 0; i < bytes.size; i++) {
        unsigned char c = (unsigned char)bytes.data[i];
        const char *at = c ? strchr(plain, c) : NULL;

        if (at)
            buffer_printf(out, "\\%c", letters[at - plain]);
        else if (c >= ' ' && c <= '~')
            buffer_append(out, kr_str((const char *)&c, 1));
        else
            buffer_printf(out, "\\x%02x", c);
    }
    buffer_append(out, KR_STR("\"\n"));
}

static void print_value(const struct answer *value, struct buffer *out,
                        size_t inset);

/* `inset`: the columns that stand in front of each row. */
static void print_many(const struct answer *value, struct buffer *out,
                       size_t inset)
{
    bool pairs = value->kind == '%';
    size_t rows = pairs ? value->count / 2 : value->count;
    char mark = pairs ? '#' : value->kind == '~' ? '~' : ')', digits[24];
    int width = snprintf(digits, sizeof(digits), "%zu", rows);

    if (rows == 0)
        buffer_printf(out, "(empty %s)\n",
                      pairs                ? "hash"
                      : value->kind == '~' ? "set"
                                           : "array");
    for (size_t i = 0; i < rows; i++) {
        size_t within = inset + (size_t)width + 2;

        buffer_printf(out, "%*s%*zu%c ", i == 0 ? 0 : (int)inset, "", width,
                      i + 1, mark);
        print_value(&value->items[pairs ? 2 * i : i], out, within);
        if (!pairs)
            continue;
        out->data[--out->size] = '\0'; /* the newline of the key */
        buffer_printf(out, " => ");
        print_value(&value->items[2 * i + 1], out, within);
    }
}

static void print_value(const struct answer *value, struct buffer *out,
                        size_t inset)
{
    if (value->null) {
        buffer_printf(out, "(nil)\n");
        return;
    }
    switch (value->kind) {
    case '$':
        print_quoted(out, value->text);
        return;
    case '=': /* "txt:" and text as it is */
        buffer_append(out, kr_str(value->text.data + 4, value->text.size - 4));
        buffer_append(out, KR_STR("\n"));
        return;
    case '*':
    case '%':
    case '~':
    case '>':
        print_many(value, out, inset);
        return;
    case '#':
        buffer_printf(out, "(%s)\n", value->number ? "true" : "false");
        return;
    default:
        buffer_printf(out, "%s",
                      value->kind == '-'   ? "(error) "
                      : value->kind == ':' ? "(integer) "
                      : value->kind == ',' ? "(double) "
                                           : "");
        buffer_append(out, value->text);
        buffer_append(out, KR_STR("\n"));
    }
}

void reply_print(const struct answer *reply, struct buffer *out)
{
    buffer_clear(out);
    print_value(reply, out, 0);
}
