/* SPDX-License-Identifier: BSD-3-Clause */
/* writer - see the header.
 *
 * The usual reply is one bounds check and a few stores: headers and integers
 * up to 99 are written without a division, a payload that fits with one
 * memcpy. */

#include "core/resp/writer.h"

#include "core/text/number.h"

/* --- Room ---------------------------------------------------------------- */

/* Is there room for `need` bytes in one piece?  need <= RESP_OUT_PIECE. */
static inline bool writer_room(struct resp_out *out, size_t need)
{
    return KR_LIKELY((size_t)(out->end - out->at) >= need) ||
           out->more(out, need);
}

/* A payload, across as many pieces as it takes. */
static bool writer_payload(struct resp_out *out, struct kr_str bytes)
{
    for (;;) {
        size_t room = (size_t)(out->end - out->at);
        size_t part = bytes.size < room ? bytes.size : room;

        if (part) {
            memcpy(out->at, bytes.data, part);
            out->at += part;
        }
        if (part == bytes.size)
            return true;
        bytes = kr_str(bytes.data + part, bytes.size - part);
        if (!out->more(out, bytes.size))
            return false;
    }
}

/* Bytes whose number the compiler knows. */
#define WRITER_CONSTANT(out, literal)                                          \
    do {                                                                       \
        if (writer_room(out, sizeof(literal) - 1)) {                           \
            memcpy((out)->at, literal, sizeof(literal) - 1);                   \
            (out)->at += sizeof(literal) - 1;                                  \
        }                                                                      \
    } while (0)

static inline char *writer_end_line(char *at)
{
    at[0] = '\r';
    at[1] = '\n';
    return at + 2;
}

/* "<mark>value\r\n"; there is room for 24 bytes. */
static inline char *writer_line(char *at, char mark, int64_t value)
{
    *at++ = mark;
    if (KR_LIKELY((uint64_t)value < 10)) {
        *at++ = (char)('0' + value);
    } else if ((uint64_t)value < 100) {
        unsigned tens =
            (unsigned)value * 205 >> 11; /* value / 10, below 1024 */

        at[0] = (char)('0' + tens);
        at[1] = (char)('0' + (unsigned)value - tens * 10);
        at += 2;
    } else {
        at += number_write_int64(at, value);
    }
    return writer_end_line(at);
}

static void writer_header(struct resp_out *out, char mark, size_t count)
{
    if (writer_room(out, 24))
        out->at = writer_line(out->at, mark, (int64_t)count);
}

/* --- Strings ------------------------------------------------------------- */

void resp_ok(struct resp_out *out)
{
    WRITER_CONSTANT(out, "+OK\r\n");
}

void resp_bulk(struct resp_out *out, struct kr_str bytes)
{
    size_t room = (size_t)(out->end - out->at);

    if (KR_LIKELY(room >= 32 && bytes.size <= room - 32)) {
        char *at = writer_line(out->at, '$', (int64_t)bytes.size);

        if (bytes.size)
            memcpy(at, bytes.data, bytes.size);
        out->at = writer_end_line(at + bytes.size);
        return;
    }
    if (!writer_room(out, 24))
        return;
    out->at = writer_line(out->at, '$', (int64_t)bytes.size);
    if (writer_payload(out, bytes))
        WRITER_CONSTANT(out, "\r\n");
}

void resp_bulk_integer(struct resp_out *out, int64_t value)
{
    char text[NUMBER_INT64_MAX];

    resp_bulk(out, kr_str(text, number_write_int64(text, value)));
}

static bool writer_is_line_end(char c)
{
    return c == '\r' || c == '\n';
}

/* "<mark>text\r\n" on one line, whatever is in the text. */
static void writer_text(struct resp_out *out, char mark, struct kr_str text)
{
    while (text.size && writer_is_line_end(text.data[0]))
        text = kr_str(text.data + 1, text.size - 1);
    while (text.size && writer_is_line_end(text.data[text.size - 1]))
        text.size--;
    if (!writer_room(out, 1))
        return;
    *out->at++ = mark;
    for (;;) {
        size_t line = 0;

        while (line < text.size && !writer_is_line_end(text.data[line]))
            line++;
        if (!writer_payload(out, kr_str(text.data, line)))
            return;
        if (line == text.size)
            break;
        if (!writer_room(out, 1))
            return;
        *out->at++ = ' ';
        text = kr_str(text.data + line + 1, text.size - line - 1);
    }
    WRITER_CONSTANT(out, "\r\n");
}

void resp_simple(struct resp_out *out, struct kr_str text)
{
    writer_text(out, '+', text);
}

void resp_error(struct resp_out *out, struct kr_str text)
{
    writer_text(out, '-', text);
}

void resp_verbatim(struct resp_out *out, const char format[3],
                   struct kr_str text)
{
    if (out->protocol < 3) {
        resp_bulk(out, text);
        return;
    }
    if (!writer_room(out, 24 + 4))
        return;
    out->at = writer_line(out->at, '=', (int64_t)text.size + 4);
    memcpy(out->at, format, 3);
    out->at[3] = ':';
    out->at += 4;
    if (writer_payload(out, text))
        WRITER_CONSTANT(out, "\r\n");
}

void resp_raw(struct resp_out *out, struct kr_str bytes)
{
    writer_payload(out, bytes);
}

/* --- Numbers and the like ------------------------------------------------ */

void resp_integer(struct resp_out *out, int64_t value)
{
    if (writer_room(out, 24))
        out->at = writer_line(out->at, ':', value);
}

/* A number's text: a line of its own kind in RESP3, a bulk string in RESP2. */
static void writer_number(struct resp_out *out, char mark, struct kr_str text)
{
    if (out->protocol < 3) {
        resp_bulk(out, text);
        return;
    }
    if (!writer_room(out, 1))
        return;
    *out->at++ = mark;
    if (writer_payload(out, text))
        WRITER_CONSTANT(out, "\r\n");
}

void resp_double(struct resp_out *out, double value)
{
    char text[NUMBER_DOUBLE_MAX];

    writer_number(out, ',', kr_str(text, number_write_double(text, value)));
}

void resp_decimal(struct resp_out *out, struct kr_str digits)
{
    writer_number(out, ',', digits);
}

void resp_big_number(struct resp_out *out, struct kr_str digits)
{
    writer_number(out, '(', digits);
}

void resp_bool(struct resp_out *out, bool value)
{
    if (out->protocol < 3)
        resp_integer(out, value);
    else if (value)
        WRITER_CONSTANT(out, "#t\r\n");
    else
        WRITER_CONSTANT(out, "#f\r\n");
}

void resp_null(struct resp_out *out)
{
    if (out->protocol < 3)
        WRITER_CONSTANT(out, "$-1\r\n");
    else
        WRITER_CONSTANT(out, "_\r\n");
}

void resp_null_array(struct resp_out *out)
{
    if (out->protocol < 3)
        WRITER_CONSTANT(out, "*-1\r\n");
    else
        WRITER_CONSTANT(out, "_\r\n");
}

/* --- Headers ------------------------------------------------------------- */

void resp_array(struct resp_out *out, size_t count)
{
    writer_header(out, '*', count);
}

void resp_set(struct resp_out *out, size_t count)
{
    writer_header(out, out->protocol < 3 ? '*' : '~', count);
}

void resp_push(struct resp_out *out, size_t count)
{
    writer_header(out, out->protocol < 3 ? '*' : '>', count);
}

void resp_map(struct resp_out *out, size_t count)
{
    if (out->protocol < 3)
        writer_header(out, '*', count * 2);
    else
        writer_header(out, '%', count);
}

bool resp_attribute(struct resp_out *out, size_t count)
{
    if (out->protocol < 3)
        return false;
    writer_header(out, '|', count);
    return true;
}

size_t resp_header(char to[RESP_OUT_PIECE], char mark, uint64_t count)
{
    return (size_t)(writer_line(to, mark, (int64_t)count) - to);
}
