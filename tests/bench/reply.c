/* SPDX-License-Identifier: BSD-3-Clause */
/* reply - the checker's states:
 *
 *      LINE --$n--> BULK --n bytes--> BULK_CR --\r--> BULK_LF --\n--> LINE
 *        `--anything else that is whole--> LINE
 *
 * LINE_LF is the state between a line's CR and its LF, so that a pair that two
 * reads tore apart is still a pair.  Invariant: pending > 0 in every state but
 * LINE, where 0 means that the next line starts a new message. */
#include "reply.h"

#include <string.h>

enum reply_state {
    REPLY_LINE,
    REPLY_LINE_LF,
    REPLY_BULK,
    REPLY_BULK_CR,
    REPLY_BULK_LF,
    REPLY_BROKEN
};

#define REPLY_BULK_MAX     ((int64_t)1 << 32) /* bytes */
#define REPLY_ELEMENTS_MAX ((int64_t)1 << 32)

/* A whole decimal, as RESP writes it: no plus, no spaces, no leading zero. */
static bool reply_integer(const char *text, size_t size, int64_t *out)
{
    bool negative = size > 0 && text[0] == '-';
    int64_t value = 0;

    text += negative;
    size -= negative;
    if (size == 0 || (text[0] == '0' && (size > 1 || negative)))
        return false;
    for (size_t i = 0; i < size; i++) {
        int digit = text[i] - '0';

        if (digit < 0 || digit > 9 ||
            __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, digit, &value))
            return false;
    }
    if (!negative && value == INT64_MIN)
        return false;
    *out = negative ? value : -value;
    return true;
}

static void reply_error(struct reply_tally *tally, const char *text,
                        size_t size)
{
    if (tally->errors++ > 0)
        return;
    if (size >= sizeof(tally->first_error))
        size = sizeof(tally->first_error) - 1;
    memcpy(tally->first_error, text, size);
    tally->first_error[size] = '\0';
}

/* An element is whole.  True if its message is whole with it and was a reply,
 * not a push. */
static bool reply_element_end(struct reply_checker *checker)
{
    checker->state = REPLY_LINE;
    checker->line_size = 0;
    return --checker->pending == 0 && !checker->pushed;
}

static bool reply_bulk_start(struct reply_checker *checker, char type,
                             int64_t size)
{
    if (size < 0 || size > REPLY_BULK_MAX)
        return false;
    checker->bulk_error = type == '!';
    checker->cursor_open = !checker->cursor_seen && size <= REPLY_CURSOR_MAX;
    if (checker->cursor_open)
        checker->cursor_size = 0;
    checker->cursor_seen = true;
    checker->skip = (uint64_t)size;
    checker->line_size = 0;
    checker->state = size > 0 ? REPLY_BULK : REPLY_BULK_CR;
    return true;
}

/* Scalars of RESP3 that are one line: is the body what the type allows? */
static bool reply_scalar(char type, const char *body, size_t size)
{
    int64_t number;

    switch (type) {
    case '+':
        return true;
    case ':':
        return reply_integer(body, size, &number);
    case '_':
        return size == 0;
    case '#':
        return size == 1 && (body[0] == 't' || body[0] == 'f');
    case ',':
        return size > 0 && strspn(body, "0123456789+-.eEinfa") >= size;
    case '(':
        return size > 0 && strspn(body, "0123456789-") >= size;
    }
    return false;
}

/* The line in checker->line is whole.  `done` tells if a reply is whole with
 * it; the answer is false if the line is malformed. */
static bool reply_line(struct reply_checker *checker, struct reply_tally *tally,
                       bool *done)
{
    char type = checker->line[0];
    const char *body = checker->line + 1;
    size_t size = checker->line_size - 1u;
    int64_t number = 0;

    if (checker->line_size == 0 || type == '\0') /* strchr() finds a NUL */
        return false;
    checker->line[checker->line_size] = '\0';
    if (checker->pending == 0) {
        checker->pending = 1;
        checker->pushed = type == '>';
        checker->cursor_seen = false;
    }
    if (strchr("$=!*~>%|", type) && !reply_integer(body, size, &number))
        return false;
    if (number == -1 && (type == '$' || type == '*')) {
        tally->nulls++;
        *done = reply_element_end(checker);
        return true;
    }
    if (strchr("$=!", type))
        return reply_bulk_start(checker, type, number);
    if (strchr("*~>%|", type)) {
        if (number < 0 || number > REPLY_ELEMENTS_MAX)
            return false;
        checker->pending += (uint64_t)number << (type == '%' || type == '|');
        /* An attribute precedes the element that it describes, so it is none
         * itself: the one that reply_element_end() takes is put back. */
        checker->pending += type == '|';
        *done = reply_element_end(checker);
        return true;
    }
    if (type == '-')
        reply_error(tally, body, size);
    else if (!reply_scalar(type, body, size))
        return false;
    tally->nulls += type == '_';
    *done = reply_element_end(checker);
    return true;
}

/* Take what belongs to the line from `data`; false if it is no line. */
static bool reply_line_take(struct reply_checker *checker, const char *data,
                            size_t size, size_t *used)
{
    size_t room = REPLY_LINE_MAX - 1u - checker->line_size;
    size_t i = 0;

    while (i < size && data[i] != '\r') {
        if (i == room || data[i] == '\n')
            return false;
        checker->line[checker->line_size + i] = data[i];
        i++;
    }
    checker->line_size = (uint16_t)(checker->line_size + i);
    *used = i;
    if (i < size) {
        checker->state = REPLY_LINE_LF;
        *used = i + 1;
    }
    return true;
}

static size_t reply_bulk_take(struct reply_checker *checker, const char *data,
                              size_t size, struct reply_tally *tally)
{
    size_t n = size < checker->skip ? size : (size_t)checker->skip;

    if (checker->bulk_error) {
        reply_error(tally, data, n);
        checker->bulk_error = false;
    }
    if (checker->cursor_open) {
        memcpy(checker->cursor + checker->cursor_size, data, n);
        checker->cursor_size = (uint8_t)(checker->cursor_size + n);
    }
    checker->skip -= n;
    if (checker->skip == 0)
        checker->state = REPLY_BULK_CR;
    return n;
}

/* One step of the machine; false if the stream is malformed. */
static bool reply_step(struct reply_checker *checker, const char *data,
                       size_t size, size_t *used, struct reply_tally *tally,
                       bool *done)
{
    *used = 1;
    switch ((enum reply_state)checker->state) {
    case REPLY_LINE:
        return reply_line_take(checker, data, size, used);
    case REPLY_LINE_LF:
        return *data == '\n' && reply_line(checker, tally, done);
    case REPLY_BULK:
        *used = reply_bulk_take(checker, data, size, tally);
        return true;
    case REPLY_BULK_CR:
        checker->state = REPLY_BULK_LF;
        return *data == '\r';
    case REPLY_BULK_LF:
        *done = reply_element_end(checker);
        return *data == '\n';
    case REPLY_BROKEN:
        break;
    }
    return false;
}

ssize_t reply_feed(struct reply_checker *checker, const char *data, size_t size,
                   struct reply_tally *tally)
{
    ssize_t replies = 0;
    size_t at = 0;

    tally->bytes += size;
    while (at < size) {
        bool done = false;
        size_t used;

        if (!reply_step(checker, data + at, size - at, &used, tally, &done)) {
            checker->state = REPLY_BROKEN;
            return -1;
        }
        replies += done;
        at += used;
    }
    tally->replies += (uint64_t)replies;
    return replies;
}
