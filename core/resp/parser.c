/* SPDX-License-Identifier: BSD-3-Clause */
/* parser - see the header for what it does; here is how.
 *
 *     *2\r\n $4\r\n ECHO \r\n $2\r\n hi \r\n
 *     header line bytes   end line  ..
 *
 * parser_plain() is the pass that all usual input takes: it eats arguments
 * that lie whole in the buffer and whose length is plain digits.  It breaks off
 * at anything else, and parser_line() and parser_bulk() then find out, with
 * care and in no hurry, what that is: cut short, odd but right, or wrong.  They
 * alone know the errors.
 *
 * Arguments are written as slices against an `origin`.  A new command's are
 * real pointers in the thread's args.  When a command turns out to be cut short
 * they move, once, to `found`, as offsets (origin 0), and later ones are added
 * there; whole again, they are copied back as pointers.  So each argument is
 * handled a fixed number of times however slowly a command arrives.
 *
 * Where the protocol is loose, so is Redis, and some clients may lean on it:
 * only the CR of a line end is looked at, the byte after it and the two after
 * an argument may be anything; a line's errors are found when its end is there;
 * a NUL hides all that follows it in a line, which then never ends. */

#include "core/resp/parser.h"

#include <assert.h>
#include <limits.h>

#include "core/memory/memory.h"
#include "core/resp/inline.h"
#include "core/text/number.h"

static_assert(sizeof(struct resp_parser) <= 64, "one cache line a client");

enum parser_stage {
    PARSER_LINE, /* `at` is at the beginning of a line */
    PARSER_BULK, /* `at` is at the beginning of an argument of `bulk` bytes */
    PARSER_LENT  /* `at` is behind an argument that is elsewhere */
};

enum parser_error {
    PARSER_FINE,
    PARSER_ARGC_INVALID,
    PARSER_ARGC_ENDLESS,
    PARSER_ARGC_UNKNOWN_CLIENT,
    PARSER_BULK_INVALID,
    PARSER_BULK_ENDLESS,
    PARSER_BULK_UNKNOWN_CLIENT,
    PARSER_BULK_EXPECTED,
    PARSER_INLINE_ENDLESS,
    PARSER_INLINE_QUOTES
};

static const char *const parser_texts[] = {
    [PARSER_FINE] = "no error",
    [PARSER_ARGC_INVALID] = "invalid multibulk length",
    [PARSER_ARGC_ENDLESS] = "too big mbulk count string",
    [PARSER_ARGC_UNKNOWN_CLIENT] = "unauthenticated multibulk length",
    [PARSER_BULK_INVALID] = "invalid bulk length",
    [PARSER_BULK_ENDLESS] = "too big bulk count string",
    [PARSER_BULK_UNKNOWN_CLIENT] = "unauthenticated bulk length",
    [PARSER_BULK_EXPECTED] = "expected '$', got '%c'",
    [PARSER_INLINE_ENDLESS] = "too big inline request",
    [PARSER_INLINE_QUOTES] = "unbalanced quotes in request",
};

/* In found[].size: the argument was lent, found[].data is its address.  No
 * argument can be that long. */
#define PARSER_ELSEWHERE ((size_t)1 << (sizeof(size_t) * CHAR_BIT - 1))

/* One call's view of the world. */
struct parser_input {
    const struct resp_limits *limits;
    const char *data;
    size_t size;
    struct resp_args *args;
};

static enum resp_result parser_fail(struct resp_parser *p,
                                    enum parser_error error)
{
    p->error = (uint8_t)error;
    return RESP_ERROR;
}

static enum resp_result parser_more(const struct parser_input *in,
                                    size_t wanted)
{
    in->args->wanted = wanted;
    return RESP_MORE;
}

/* --- Lines --------------------------------------------------------------- */

/* Look for the `mark` that ends the line at p->at.  RESP_COMMAND: *end has its
 * offset.  RESP_ERROR: the line is too long, whatever may follow; that depends
 * on the bytes and not on the portions they come in. */
static enum resp_result parser_line_end(struct resp_parser *p,
                                        const struct parser_input *in,
                                        char mark, size_t *end)
{
    size_t rest = in->size - p->at;
    size_t stop = rest > in->limits->line_max ? in->limits->line_max + 1 : rest;
    const char *line = in->data + p->at;
    size_t i = p->scanned;

    while (i < stop && line[i] != mark && line[i] != '\0')
        i++;
    p->scanned = i;
    *end = p->at + i;
    if (i < stop && line[i] == mark)
        return RESP_COMMAND;
    return rest > in->limits->line_max ? RESP_ERROR : RESP_MORE;
}

/* Find the line end of "*123" or "$123" at p->at.  The byte after the CR must
 * have come too. */
static enum resp_result parser_line(struct resp_parser *p,
                                    const struct parser_input *in,
                                    enum parser_error endless, size_t *end)
{
    switch (parser_line_end(p, in, '\r', end)) {
    case RESP_COMMAND:
        break;
    case RESP_ERROR:
        return parser_fail(p, endless);
    default:
        return parser_more(in, 2);
    }
    return *end + 1 < in->size ? RESP_COMMAND : parser_more(in, 1);
}

static void parser_line_done(struct resp_parser *p, size_t next)
{
    p->at = next;
    p->scanned = 0;
}

static enum resp_result parser_inline(struct resp_parser *p,
                                      const struct parser_input *in)
{
    size_t end, size;

    switch (parser_line_end(p, in, '\n', &end)) {
    case RESP_COMMAND:
        break;
    case RESP_ERROR:
        return parser_fail(p, PARSER_INLINE_ENDLESS);
    default:
        return parser_more(in, 1);
    }
    size = end && in->data[end - 1] == '\r' ? end - 1 : end;
    switch (resp_split_line(in->args, kr_str(in->data, size))) {
    case RESP_SPLIT_UNBALANCED:
        return parser_fail(p, PARSER_INLINE_QUOTES);
    case RESP_SPLIT_NO_MEMORY:
        return RESP_NO_MEMORY;
    case RESP_SPLIT_DONE:
        break;
    }
    in->args->consumed = end + 1;
    parser_line_done(p, 0);
    return in->args->argc ? RESP_COMMAND : RESP_EMPTY;
}

/* The line "*argc".  RESP_COMMAND: p->argc is set, p->at is behind it. */
static enum resp_result parser_header(struct resp_parser *p,
                                      const struct parser_input *in)
{
    enum resp_result result;
    int64_t argc;
    size_t end;

    result = parser_line(p, in, PARSER_ARGC_ENDLESS, &end);
    if (result != RESP_COMMAND)
        return result;
    if (!number_parse_int64(kr_str(in->data + 1, end - 1), &argc) ||
        argc > INT_MAX)
        return parser_fail(p, PARSER_ARGC_INVALID);
    if (argc > RESP_UNKNOWN_ARGC_MAX && !in->limits->authenticated)
        return parser_fail(p, PARSER_ARGC_UNKNOWN_CLIENT);
    if (argc <= 0) {
        in->args->consumed = end + 2;
        parser_line_done(p, 0);
        return RESP_EMPTY;
    }
    parser_line_done(p, end + 2);
    p->argc = (uint32_t)argc;
    return RESP_COMMAND;
}

/* The line "$length".  RESP_COMMAND: p->bulk is set, p->at is behind it. */
static enum resp_result parser_length(struct resp_parser *p,
                                      const struct parser_input *in)
{
    enum resp_result result;
    int64_t length;
    size_t end;

    result = parser_line(p, in, PARSER_BULK_ENDLESS, &end);
    if (result != RESP_COMMAND)
        return result;
    if (in->data[p->at] != '$') {
        p->offender = in->data[p->at];
        return parser_fail(p, PARSER_BULK_EXPECTED);
    }
    if (!number_parse_int64(kr_str(in->data + p->at + 1, end - p->at - 1),
                            &length) ||
        length < 0 || (uint64_t)length > in->limits->bulk_max)
        return parser_fail(p, PARSER_BULK_INVALID);
    if (length > RESP_UNKNOWN_BULK_MAX && !in->limits->authenticated)
        return parser_fail(p, PARSER_BULK_UNKNOWN_CLIENT);
    parser_line_done(p, end + 2);
    p->bulk = (size_t)length;
    p->stage = PARSER_BULK;
    return RESP_COMMAND;
}

/* --- The list of arguments ----------------------------------------------- */

/* Room for at least one argument more in `found`. */
static bool parser_grow(struct resp_parser *p)
{
    uint64_t capacity = p->capacity ? (uint64_t)p->capacity * 2 : 8;
    struct kr_str *found;

    if (p->count < p->capacity)
        return true;
    if (capacity > p->argc)
        capacity = p->argc;
    if (capacity <= p->count) /* the first time, with many at once */
        capacity = p->argc - p->count < p->count ? p->argc : 2 * p->count;
    found = memory_try_realloc(p->found, capacity * sizeof(*found));
    if (!found)
        return false;
    p->found = found;
    p->capacity = (uint32_t)capacity;
    return true;
}

/* The command goes on in another call: keep what is in args as offsets. */
static bool parser_keep(struct resp_parser *p, const struct parser_input *in)
{
    if (p->found || p->count == 0)
        return true;
    if (!parser_grow(p))
        return false;
    for (uint32_t i = 0; i < p->count; i++) {
        struct kr_str arg = in->args->argv[i];

        p->found[i].data =
            (const char *)((uintptr_t)arg.data - (uintptr_t)in->data);
        p->found[i].size = arg.size;
    }
    return true;
}

/* The command is whole: give its arguments addresses. */
static enum resp_result parser_finish(struct resp_parser *p,
                                      const struct parser_input *in)
{
    struct resp_args *args = in->args;

    if (p->found) {
        if (!resp_args_reserve(args, p->count))
            return RESP_NO_MEMORY;
        for (uint32_t i = 0; i < p->count; i++) {
            struct kr_str arg = p->found[i];

            if (arg.size & PARSER_ELSEWHERE)
                arg.size &= ~PARSER_ELSEWHERE;
            else
                arg.data = in->data + (uintptr_t)arg.data;
            args->argv[i] = arg;
        }
    }
    args->argc = p->count;
    args->consumed = p->at;
    resp_parser_reset(p);
    return RESP_COMMAND;
}

/* --- Arguments ----------------------------------------------------------- */

/* Eat plain arguments from p->at on: to[p->count] is the first's place, `room`
 * the index where room ends.  Stops before whatever is not plain. */
static inline void parser_plain(struct resp_parser *p,
                                const struct parser_input *in,
                                struct kr_str *to, uint32_t room,
                                uintptr_t origin)
{
    const char *data = in->data;
    const char *end = data + in->size;
    const char *s = data + p->at;
    size_t bulk_max = in->limits->authenticated ? in->limits->bulk_max
                                                : RESP_UNKNOWN_BULK_MAX;
    uint32_t count = p->count;

    if (bulk_max > in->limits->bulk_max)
        bulk_max = in->limits->bulk_max;
    /* The shortest argument is "$0\r\n\r\n". */
    while (count < room && end - s >= 6 && s[0] == '$') {
        size_t length = (size_t)(unsigned char)s[1] - '0';
        const char *t = s + 2;

        if (KR_UNLIKELY(length > 9))
            break;
        if (*t != '\r') {
            size_t digit;

            if (KR_UNLIKELY(length == 0)) /* no zero in front */
                break;
            /* Ten digits are no overflow, and in the buffer there are at least
             * the two bytes at t; more are asked for one by one. */
            while ((digit = (size_t)(unsigned char)*t - '0') <= 9 &&
                   t - s < 11 && t + 1 < end) {
                length = length * 10 + digit;
                t++;
            }
            if (KR_UNLIKELY(*t != '\r' || end - t < 2))
                break;
        }
        t += 2;
        if (length > bulk_max || (size_t)(end - t) < length + 2)
            break;
        to[count].data = (const char *)(origin + (size_t)(t - data));
        to[count].size = length;
        count++;
        s = t + length + 2;
    }
    p->count = count;
    p->at = (size_t)(s - data);
}

/* Add the argument whose bytes begin at p->at, if they have all come. */
static enum resp_result parser_bulk(struct resp_parser *p,
                                    const struct parser_input *in,
                                    struct kr_str *to, uintptr_t origin)
{
    size_t have = in->size - p->at;

    if (p->stage == PARSER_LENT) {
        if (have < 2)
            return parser_more(in, 2 - have);
        p->at += 2;
    } else {
        if (p->bulk >= RESP_BIG && have < p->bulk) {
            in->args->big.size = p->bulk;
            in->args->big.at = p->at;
            in->args->big.index = p->count;
        }
        if (have < 2 || have - 2 < p->bulk)
            return parser_more(in, p->bulk + 2 - have);
        to[p->count].data = (const char *)(origin + p->at);
        to[p->count].size = p->bulk;
        p->count++;
        p->at += p->bulk + 2;
    }
    p->stage = PARSER_LINE;
    return RESP_COMMAND;
}

static enum resp_result parser_arguments(struct resp_parser *p,
                                         const struct parser_input *in)
{
    struct resp_args *args = in->args;

    while (p->count < p->argc || p->stage != PARSER_LINE) {
        enum resp_result result = RESP_COMMAND;
        uintptr_t origin = p->found ? 0 : (uintptr_t)in->data;
        bool room = p->stage == PARSER_LENT ? true
                    : p->found              ? parser_grow(p)
                               : resp_args_reserve(args, (size_t)p->count + 1);
        struct kr_str *to = p->found ? p->found : args->argv;
        size_t end = p->found ? p->capacity : args->capacity;

        if (!room)
            return RESP_NO_MEMORY;
        if (p->stage == PARSER_LINE) {
            uint32_t before = p->count;

            parser_plain(p, in, to, end < p->argc ? (uint32_t)end : p->argc,
                         origin);
            if (p->count != before) { /* done, out of room, or next is odd */
                p->scanned = 0;
                continue;
            }
            result = parser_length(p, in);
        }
        if (result == RESP_COMMAND)
            result = parser_bulk(p, in, to, origin);
        if (result == RESP_MORE && !parser_keep(p, in))
            return RESP_NO_MEMORY;
        if (result != RESP_COMMAND)
            return result;
    }
    return parser_finish(p, in);
}

/* --- The whole ----------------------------------------------------------- */

enum resp_result resp_parse(struct resp_parser *parser,
                            const struct resp_limits *limits, const char *data,
                            size_t size, struct resp_args *args)
{
    const struct parser_input in = {limits, data, size, args};
    enum resp_result result;

    assert(parser->at <= size);
    args->big.size = 0;
    if (KR_UNLIKELY(parser->error != PARSER_FINE))
        return RESP_ERROR;
    if (KR_UNLIKELY(size == 0))
        return parser_more(&in, 1);
    if (parser->argc == 0) {
        if (data[0] != '*')
            return parser_inline(parser, &in);
        if (KR_LIKELY(size >= 4 && data[2] == '\r' && data[1] >= '1' &&
                      data[1] <= '9')) {
            parser->argc = (uint32_t)(data[1] - '0');
            parser_line_done(parser, 4);
        } else {
            result = parser_header(parser, &in);
            if (result != RESP_COMMAND)
                return result;
        }
    }
    return parser_arguments(parser, &in);
}

bool resp_parser_lend(struct resp_parser *parser, const char *block)
{
    assert(parser->stage == PARSER_BULK && parser->bulk >= RESP_BIG);
    if (!parser_grow(parser))
        return false;
    parser->found[parser->count].data = block;
    parser->found[parser->count].size = parser->bulk | PARSER_ELSEWHERE;
    parser->count++;
    parser->stage = PARSER_LENT;
    return true;
}

struct kr_str resp_parser_error(const struct resp_parser *parser,
                                char text[RESP_ERROR_MAX])
{
    size_t size = sizeof("Protocol error: ") - 1;
    const char *what = parser_texts[parser->error];
    const char *byte = strstr(what, "%c");

    memcpy(text, "Protocol error: ", size);
    if (byte) {
        memcpy(text + size, what, (size_t)(byte - what));
        size += (size_t)(byte - what);
        text[size++] = parser->offender;
        what = byte + 2;
    }
    memcpy(text + size, what, strlen(what));
    return kr_str(text, size + strlen(what));
}

void resp_parser_reset(struct resp_parser *parser)
{
    if (parser->found)
        memory_free(parser->found);
    memset(parser, 0, sizeof(*parser));
}

size_t resp_parser_memory(const struct resp_parser *parser)
{
    return parser->found ? memory_usable(parser->found) : 0;
}
