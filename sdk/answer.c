/* SPDX-License-Identifier: BSD-3-Clause */
/* answer - a reply, taken apart.
 *
 * It is strict, for who asks whether a module's replies are well formed: a
 * number is a number, a line has no CR or LF in it, RESP2 has none of what RESP3
 * has brought, and RESP3 nothing that it has replaced. */
#include "sdk/answer.h"

#include "core/memory/memory.h"
#include "core/text/number.h"

#include <stdlib.h>

#define ANSWER_DEPTH 32u

struct parse {
    const char *bytes;
    size_t size;
    size_t at;
    int protocol;
    uint32_t depth;
    bool broken;
};

/* The rest of a line without its CRLF; false: it has not all come, or it is no
 * line. */
static bool parse_line(struct parse *parse, struct kr_str *line)
{
    const char *from = parse->bytes + parse->at;
    const char *end = memchr(from, '\r', parse->size - parse->at);
    size_t size = end ? (size_t)(end - from) : parse->size - parse->at;

    if (memchr(from, '\n', size) ||
        (end && parse->at + size + 1 < parse->size && end[1] != '\n')) {
        parse->broken = true;
        return false;
    }
    if (!end || parse->at + size + 1 >= parse->size)
        return false;
    *line = kr_str(from, size);
    parse->at += size + 2;
    return true;
}

static void answer_set_text(struct answer *value, struct kr_str text)
{
    char *copy = memory_alloc(text.size + 1);

    if (text.size > 0)
        memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    value->text = kr_str(copy, text.size);
}

static bool parse_bulk(struct parse *parse, struct answer *value, int64_t size)
{
    const char *from = parse->bytes + parse->at;
    size_t left = parse->size - parse->at;

    if ((uint64_t)size + 2 > left)
        return false;
    parse->broken = memcmp(from + size, "\r\n", 2) != 0 ||
                    (value->kind == '=' && (size < 4 || from[3] != ':'));
    if (parse->broken)
        return false;
    answer_set_text(value, kr_str(from, (size_t)size));
    parse->at += (size_t)size + 2;
    return true;
}

static bool parse_answer(struct parse *parse, struct answer *value);

/* The room grows with what has come: a length is only a promise. */
static bool parse_many(struct parse *parse, struct answer *value,
                       uint64_t count)
{
    size_t room = 0;

    if (++parse->depth > ANSWER_DEPTH) {
        parse->broken = true;
        return false;
    }
    for (uint64_t i = 0; i < count; i++) {
        if (value->count == room) {
            room = room ? 2 * room : 8;
            value->items =
                memory_realloc(value->items, room * sizeof(*value->items));
        }
        value->items[value->count] = (struct answer){0};
        if (!parse_answer(parse, &value->items[value->count++]))
            return false;
    }
    parse->depth--;
    return true;
}

static bool answer_is_plain(const struct answer *value, int protocol,
                            struct kr_str text)
{
    char *end;

    switch (value->kind) {
    case '+':
        return true;
    case '-':
        return text.size > 0;
    case '_':
        return protocol != 2 && text.size == 0;
    case '#':
        return protocol != 2 && text.size == 1 &&
               (text.data[0] == 't' || text.data[0] == 'f');
    case ',':
        (void)strtod(text.data, &end);
        return protocol != 2 && text.size > 0 && *end == '\0';
    case '(':
        return protocol != 2 && text.size > (text.data[0] == '-') &&
               strspn(text.data + (text.data[0] == '-'), "0123456789") ==
                   text.size - (text.data[0] == '-');
    default:
        return false;
    }
}

static bool parse_answer(struct parse *parse, struct answer *value)
{
    struct kr_str line;
    bool third = parse->protocol != 2;

    if (parse->at == parse->size)
        return false;
    value->kind = parse->bytes[parse->at];
    if (!strchr(third ? "+-:$*_#,(=%~>|" : "+-:$*", value->kind) ||
        value->kind == '\0') {
        parse->broken = true;
        return false;
    }
    parse->at++;
    if (!parse_line(parse, &line))
        return false;
    if (!strchr(":$*=%~>|", value->kind)) {
        answer_set_text(value, line); /* so that a NUL ends it */
        value->null = value->kind == '_';
        value->number = value->kind == '#' && line.data[0] == 't';
        parse->broken = !answer_is_plain(value, parse->protocol, value->text);
        return !parse->broken;
    }
    parse->broken = !number_parse_int64(line, &value->number);
    if (parse->broken)
        return false;
    if (value->kind == ':') {
        answer_set_text(value, line);
        return true;
    }
    value->null = value->number == -1 && parse->protocol != 3 &&
                  (value->kind == '$' || value->kind == '*');
    parse->broken = value->number < 0 && !value->null;
    if (parse->broken || value->null)
        return !parse->broken;
    if (value->kind == '$' || value->kind == '=')
        return parse_bulk(parse, value, value->number);
    if (!parse_many(parse, value,
                    (uint64_t)value->number *
                        (value->kind == '%' || value->kind == '|' ? 2 : 1)))
        return false;
    if (value->kind != '|')
        return true;
    answer_free(value); /* attributes: what they belong to follows */
    return parse_answer(parse, value);
}

int64_t answer_parse(struct kr_str bytes, int protocol, struct answer *out)
{
    struct parse parse = {
        .bytes = bytes.data, .size = bytes.size, .protocol = protocol};

    *out = (struct answer){0};
    if (bytes.size > 0 && parse_answer(&parse, out))
        return (int64_t)parse.at;
    answer_free(out);
    return parse.broken ? ANSWER_BROKEN : ANSWER_INCOMPLETE;
}

void answer_free(struct answer *value)
{
    for (size_t i = 0; i < value->count; i++)
        answer_free(&value->items[i]);
    memory_free(value->items);
    memory_free((char *)value->text.data);
    *value = (struct answer){0};
}

bool answer_is_error(const struct answer *value, const char *with)
{
    return value->kind == '-' &&
           strncmp(answer_text(value), with, strlen(with)) == 0;
}

const char *answer_text(const struct answer *value)
{
    return value && value->text.data ? value->text.data : "";
}

const struct answer *answer_at(const struct answer *map, const char *name)
{
    for (size_t i = 0; map && i + 1 < map->count; i += 2)
        if (strcmp(answer_text(&map->items[i]), name) == 0)
            return &map->items[i + 1];
    return NULL;
}

bool answer_has(const struct answer *list, const char *text)
{
    for (size_t i = 0; list && i < list->count; i++)
        if (strcmp(answer_text(&list->items[i]), text) == 0)
            return true;
    return false;
}
