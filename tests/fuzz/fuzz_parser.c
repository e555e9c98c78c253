/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_parser - a stream must mean the same at once and in portions.
 *
 *     byte 0      flags: authenticated, lend memory to big arguments
 *     byte 1      seed of the portions' sizes
 *     the rest    the stream; a byte 0xfe stands for 4 KiB of 'x', so that big
 *                 arguments and long lines are within a fuzzer's reach
 *
 * Each portion is copied to a new block of exactly its size: the sanitizer sees
 * a read one byte behind it, and a slice kept from the block before. */

#include <stdlib.h>
#include <string.h>

#include "core/resp/parser.h"
#include "core/text/buffer.h"

struct stream {
    struct resp_parser parser;
    struct resp_args args;
    struct resp_limits limits;
    struct buffer meaning;
    char *input;
    size_t size;
    char *lent[64]; /* blocks of the command being received */
    size_t lent_count;
    size_t lent_missing; /* bytes the last of them lacks */
    bool lends;
    bool over;
};

static void stream_resize(struct stream *s, size_t from, size_t size)
{
    size_t keep = s->size - from < size ? s->size - from : size;
    char *input = malloc(size ? size : 1);

    if (!input)
        abort();
    if (keep)
        memcpy(input, s->input + from, keep);
    free(s->input);
    s->input = input;
    s->size = size;
}

static void stream_forget_lent(struct stream *s)
{
    while (s->lent_count)
        free(s->lent[--s->lent_count]);
}

static void stream_lend(struct stream *s)
{
    size_t have = s->size - s->args.big.at;
    char *block = malloc(s->args.big.size);

    if (!block)
        abort();
    memcpy(block, s->input + s->args.big.at, have);
    s->lent[s->lent_count++] = block;
    s->lent_missing = s->args.big.size - have;
    stream_resize(s, 0, s->args.big.at);
    if (!resp_parser_lend(&s->parser, block))
        abort();
}

static void stream_command(struct stream *s)
{
    buffer_printf(&s->meaning, "[%zu", s->args.argc);
    for (size_t i = 0; i < s->args.argc; i++) {
        buffer_printf(&s->meaning, " %zu ", s->args.argv[i].size);
        buffer_append(&s->meaning, s->args.argv[i]);
    }
    buffer_append_char(&s->meaning, ']');
    stream_forget_lent(s);
}

static void stream_parse(struct stream *s)
{
    while (!s->over && s->size && !s->lent_missing) {
        char text[RESP_ERROR_MAX];

        switch (
            resp_parse(&s->parser, &s->limits, s->input, s->size, &s->args)) {
        case RESP_COMMAND:
            stream_command(s);
            stream_resize(s, s->args.consumed, s->size - s->args.consumed);
            break;
        case RESP_EMPTY:
            buffer_append_char(&s->meaning, '.');
            stream_resize(s, s->args.consumed, s->size - s->args.consumed);
            break;
        case RESP_MORE:
            if (s->args.wanted == 0)
                abort();
            /* 512 MiB announced is not 512 MiB sent: lend what is modest. */
            if (s->lends && s->args.big.size && s->args.big.size < 200000 &&
                s->lent_count < 64)
                stream_lend(s);
            return;
        case RESP_ERROR:
            buffer_append_char(&s->meaning, '!');
            buffer_append(&s->meaning, resp_parser_error(&s->parser, text));
            s->over = true;
            break;
        case RESP_NO_MEMORY:
            abort();
        }
    }
}

static void stream_receive(struct stream *s, const char *bytes, size_t size)
{
    while (size && !s->over) {
        size_t part = size;

        if (s->lent_missing) {
            char *block = s->lent[s->lent_count - 1];
            size_t end = s->parser.bulk;

            part = part < s->lent_missing ? part : s->lent_missing;
            memcpy(block + end - s->lent_missing, bytes, part);
            s->lent_missing -= part;
        } else {
            stream_resize(s, 0, s->size + part);
            memcpy(s->input + s->size - part, bytes, part);
            stream_parse(s);
        }
        bytes += part;
        size -= part;
    }
}

static struct buffer stream_end(struct stream *s)
{
    stream_forget_lent(s);
    resp_parser_reset(&s->parser);
    resp_args_fini(&s->args);
    free(s->input);
    return s->meaning;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct stream whole = {0}, parts = {0};
    struct buffer wire = {0}, a, b;
    unsigned seed;
    size_t at = 0;

    if (size < 3)
        return 0;
    whole.limits = (struct resp_limits){1 << 29, RESP_LINE_MAX, data[0] & 1};
    parts.limits = whole.limits;
    parts.lends = data[0] & 2;
    seed = data[1];
    for (size_t i = 2; i < size; i++) {
        if (data[i] == 0xfe && wire.size < 1 << 18) {
            memset(buffer_reserve(&wire, 4096), 'x', 4096);
            wire.size += 4096;
        } else {
            buffer_append_char(&wire, (char)data[i]);
        }
    }
    stream_receive(&whole, wire.data, wire.size);
    while (at < wire.size) {
        size_t part;

        seed = seed * 1103515245 + 12345;
        part = 1 + (seed >> 16) % (wire.size > 2000 ? 3000 : 9);
        part = part < wire.size - at ? part : wire.size - at;
        stream_receive(&parts, wire.data + at, part);
        at += part;
    }
    a = stream_end(&whole);
    b = stream_end(&parts);
    if (!kr_str_equal(buffer_str(&a), buffer_str(&b)))
        abort();
    buffer_free(&a);
    buffer_free(&b);
    buffer_free(&wire);
    return 0;
}
