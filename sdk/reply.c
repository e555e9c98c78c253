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
#include <stdlib.h>

#define REPLY_DEPTH 32u

struct scan {
    const char *bytes;
    size_t size;
    size_t at;
    struct buffer *out;
    bool broken;
    size_t inset; /* columns */
    uint32_t depth;
};

/* The rest of a line without its CRLF; false: it has not all come. */
static bool scan_line(struct scan *scan, struct kr_str *line)
{
    const char *from = scan->bytes + scan->at;
    const char *end = memmem(from, scan->size - scan->at, "\r\n", 2);

    if (!end)
        return false;
    *line = kr_str(from, (size_t)(end - from));
    scan->at += line->size + 2;
    return true;
}

static void scan_quote(struct buffer *out, struct kr_str bytes)
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

static bool scan_value(struct scan *scan);

static bool scan_bulk(struct scan *scan, char kind, int64_t size)
{
    struct kr_str bytes;

    if (size < 0) {
        buffer_printf(scan->out, "(nil)\n");
        return true;
    }
    if ((uint64_t)size + 2 > scan->size - scan->at)
        return false;
    bytes = kr_str(scan->bytes + scan->at, (size_t)size);
    scan->at += bytes.size + 2;
    if (kind == '=' && bytes.size >= 4) { /* "txt:" and text as it is */
        buffer_append(scan->out, kr_str(bytes.data + 4, bytes.size - 4));
        buffer_append(scan->out, KR_STR("\n"));
    } else {
        scan_quote(scan->out, bytes);
    }
    return true;
}

/* How much the number of a row sets in what is within it. */
static size_t scan_number_width(int64_t count)
{
    char digits[24];

    return (size_t)snprintf(digits, sizeof(digits), "%lld", (long long)count);
}

static bool scan_many(struct scan *scan, char kind, int64_t count)
{
    size_t was = scan->inset, width = scan_number_width(count);
    char mark = kind == '%' ? '#' : kind == '~' ? '~' : ')';

    if (count < 0)
        buffer_printf(scan->out, "(nil)\n");
    else if (count == 0)
        buffer_printf(scan->out, "(empty %s)\n",
                      kind == '%'   ? "hash"
                      : kind == '~' ? "set"
                                    : "array");
    scan->broken |= ++scan->depth > REPLY_DEPTH;
    for (int64_t i = 0; i < count && !scan->broken; i++) {
        buffer_printf(scan->out, "%*s%*lld%c ", i == 0 ? 0 : (int)was, "",
                      (int)width, (long long)i + 1, mark);
        scan->inset = was + width + 2;
        if (!scan_value(scan))
            return false;
        if (kind != '%')
            continue;
        scan->out->data[--scan->out->size] = '\0'; /* the newline of the key */
        buffer_printf(scan->out, " => ");
        if (!scan_value(scan))
            return false;
    }
    scan->depth--;
    scan->inset = was;
    return !scan->broken;
}

static bool scan_value(struct scan *scan)
{
    struct kr_str line;
    char kind;
    int64_t number;

    if (scan->at == scan->size || !scan_line(scan, &line))
        return false;
    if (line.size == 0) {
        scan->broken = true;
        return false;
    }
    kind = line.data[0];
    line = kr_str(line.data + 1, line.size - 1);
    number = strtoll(line.data, NULL, 10); /* the CR ends it */
    switch (kind) {
    case '$':
    case '=':
        return scan_bulk(scan, kind, number);
    case '*':
    case '%':
    case '~':
    case '>':
        return scan_many(scan, kind, number);
    case '_':
        buffer_printf(scan->out, "(nil)\n");
        return true;
    case '#':
        buffer_printf(scan->out, "(%s)\n",
                      line.data[0] == 't' ? "true" : "false");
        return true;
    case '-':
    case ':':
    case ',':
    case '+':
    case '(':
        buffer_printf(scan->out, "%s",
                      kind == '-'   ? "(error) "
                      : kind == ':' ? "(integer) "
                      : kind == ',' ? "(double) "
                                    : "");
        buffer_append(scan->out, kr_str(line.data, line.size));
        buffer_append(scan->out, KR_STR("\n"));
        return true;
    default:
        scan->broken = true;
        return false;
    }
}

int64_t reply_print(struct kr_str bytes, struct buffer *out)
{
    struct scan scan = {.bytes = bytes.data, .size = bytes.size, .out = out};

    buffer_clear(out);
    if (scan_value(&scan))
        return (int64_t)scan.at;
    return scan.broken ? REPLY_BROKEN : REPLY_INCOMPLETE;
}
