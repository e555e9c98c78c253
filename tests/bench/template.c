/* SPDX-License-Identifier: BSD-3-Clause */
/* template - compiled form: a flat list of pieces.
 *
 *     SET __seq_key__ v__seq__
 *
 *     LITERAL "*3\r\n$3\r\nSET\r\n$16\r\n"   SEQ_KEY   LITERAL "\r\n"
 *     ARGUMENT (2 pieces)  LITERAL "v"  SEQ   LITERAL "\r\n"
 *
 * ARGUMENT stands before an argument whose length is not known until its
 * pieces are drawn; it writes the header.  Neighbouring literals are joined, so
 * a fixed command is one memcpy. */
#include "template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEMPLATE_KEY_SIZE    16
#define TEMPLATE_KEY_PREFIX  "key:"
#define TEMPLATE_ITEM_PREFIX "item:"
#define TEMPLATE_KEYS_MAX    100000000000ull /* what 11 digits can count */
#define TEMPLATE_POOL        (1u << 20) /* random bytes to cut values from */
#define TEMPLATE_VALUE_MAX   (512ull << 20)

enum template_kind {
    TEMPLATE_LITERAL,
    TEMPLATE_ARGUMENT,
    TEMPLATE_RAND_KEY,
    TEMPLATE_SEQ_KEY,
    TEMPLATE_ITEM,
    TEMPLATE_RAND_INT,
    TEMPLATE_SEQ,
    TEMPLATE_VALUE,
    TEMPLATE_CURSOR
};

struct template_piece {
    enum template_kind kind;
    uint64_t number;             /* VALUE: bytes; RAND_INT: bound; SEQ*: next;
                                    ARGUMENT: pieces */
    struct template_buffer text; /* LITERAL */
    char drawn[24];              /* RAND_INT, SEQ: this command's digits */
    size_t drawn_size;
};

struct template
{
    struct template_options options;
    uint64_t random[2];
    char *pool;
    size_t pool_size;
    struct template_piece *pieces;
    size_t count;
    uint64_t commands;
};

static const struct {
    const char *name;
    enum template_kind kind;
    bool numbered;
} template_holes[] = {
    {"rand_key", TEMPLATE_RAND_KEY, false},
    {"seq_key", TEMPLATE_SEQ_KEY, false},
    {"item", TEMPLATE_ITEM, false},
    {"rand_int", TEMPLATE_RAND_INT, false},
    {"rand_int:", TEMPLATE_RAND_INT, true},
    {"seq", TEMPLATE_SEQ, false},
    {"value:", TEMPLATE_VALUE, true},
    {"cursor", TEMPLATE_CURSOR, false},
};

/* --- Bytes --------------------------------------------------------------- */

static void *template_must(void *memory)
{
    if (memory)
        return memory;
    fprintf(stderr, "template: out of memory\n");
    exit(2);
}

static char *buffer_reserve(struct template_buffer *buffer, size_t more)
{
    size_t need = buffer->size + more;

    if (need > buffer->capacity) {
        buffer->capacity = need + need / 2 + 64;
        buffer->data = template_must(realloc(buffer->data, buffer->capacity));
    }
    return buffer->data + buffer->size;
}

static void buffer_append(struct template_buffer *buffer, const char *data,
                          size_t size)
{
    memcpy(buffer_reserve(buffer, size), data, size);
    buffer->size += size;
}

/* `number` right-aligned in `width` digits, zeros before it. */
static void digits_fixed(char *out, size_t width, uint64_t number)
{
    for (size_t i = width; i > 0; i--) {
        out[i - 1] = (char)('0' + number % 10);
        number /= 10;
    }
}

static size_t digits_count(uint64_t number)
{
    size_t digits = 1;

    while (number >= 10) {
        number /= 10;
        digits++;
    }
    return digits;
}

static size_t digits_plain(char *out, uint64_t number)
{
    size_t width = digits_count(number);

    digits_fixed(out, width, number);
    return width;
}

static void buffer_append_header(struct template_buffer *buffer, char type,
                                 uint64_t number)
{
    char *out = buffer_reserve(buffer, 24);
    size_t size = 1 + digits_plain(out + 1, number);

    out[0] = type;
    memcpy(out + size, "\r\n", 2);
    buffer->size += size + 2;
}

/* --- Random numbers: xorshift128+ ---------------------------------------- */

static uint64_t random_next(struct template *template)
{
    uint64_t a = template->random[0];
    uint64_t b = template->random[1];

    template->random[0] = b;
    a ^= a << 23;
    template->random[1] = a ^ b ^ (a >> 18) ^ (b >> 5);
    return template->random[1] + b;
}

static uint64_t random_below(struct template *template, uint64_t bound)
{
    return (uint64_t)(((unsigned __int128)random_next(template) * bound) >> 64);
}

static void random_seed(struct template *template, uint64_t seed)
{
    template->random[0] = seed * 0x9e3779b97f4a7c15ull + 1;
    template->random[1] = ~template->random[0] ^ (seed << 32);
    for (int i = 0; i < 16; i++) /* so that near seeds go far apart */
        random_next(template);
}

/* --- Compiling ----------------------------------------------------------- */

static struct template_piece *
piece_add(struct template *template, enum template_kind kind, uint64_t number)
{
    size_t size = (template->count + 1) * sizeof(*template->pieces);
    struct template_piece *piece;

    template->pieces = template_must(realloc(template->pieces, size));
    piece = &template->pieces[template->count++];
    *piece = (struct template_piece){.kind = kind, .number = number};
    return piece;
}

/* The literal that ends the list; joined with one that is there already, but
 * not across `first`, where a measured argument's pieces begin. */
static struct template_buffer *piece_literal(struct template *template,
                                             size_t first)
{
    if (template->count > first &&
        template->pieces[template->count - 1].kind == TEMPLATE_LITERAL)
        return &template->pieces[template->count - 1].text;
    return &piece_add(template, TEMPLATE_LITERAL, 0)->text;
}

/* The placeholder at `text`, or 0 if none starts there; else its size. */
static size_t hole_find(const struct template *template, const char *text,
                        enum template_kind *kind, uint64_t *number)
{
    const char *end = strncmp(text, "__", 2) ? NULL : strstr(text + 2, "__");
    size_t size = end ? (size_t)(end - text) - 2 : 0;

    for (size_t i = 0;
         end && i < sizeof(template_holes) / sizeof(*template_holes); i++) {
        const char *name = template_holes[i].name;
        size_t length = strlen(name);
        char *rest = NULL;

        if (strncmp(text + 2, name, length) != 0 ||
            (template_holes[i].numbered ? size <= length : size != length))
            continue;
        *kind = template_holes[i].kind;
        *number = *kind == TEMPLATE_RAND_INT ? template->options.keys : 0;
        if (template_holes[i].numbered) {
            *number = strtoull(text + 2 + length, &rest, 10);
            if (rest != end || *number == 0 || *number > TEMPLATE_KEYS_MAX)
                continue;
            if (*kind == TEMPLATE_VALUE && *number > TEMPLATE_VALUE_MAX)
                continue;
        }
        return size + 4;
    }
    return 0;
}

/* The length of all that a kind writes, or 0 if it differs each time. */
static uint64_t kind_fixed_size(enum template_kind kind, uint64_t number)
{
    switch (kind) {
    case TEMPLATE_RAND_KEY:
    case TEMPLATE_SEQ_KEY:
    case TEMPLATE_ITEM:
        return TEMPLATE_KEY_SIZE;
    case TEMPLATE_VALUE:
        return number;
    case TEMPLATE_LITERAL:
    case TEMPLATE_ARGUMENT:
    case TEMPLATE_RAND_INT:
    case TEMPLATE_SEQ:
    case TEMPLATE_CURSOR:
        break;
    }
    return 0;
}

/* Walk over an argument: its fixed size, or false if it has none.  A
 * misspelled placeholder ends the program: it would measure something else. */
static bool argument_measure(const struct template *template, const char *text,
                             uint64_t *size)
{
    bool fixed = true;

    *size = 0;
    while (*text) {
        enum template_kind kind;
        uint64_t number;
        size_t hole = hole_find(template, text, &kind, &number);

        if (hole == 0 && strncmp(text, "__", 2) == 0) {
            fprintf(stderr, "template: unknown placeholder: %s\n", text);
            exit(2);
        }
        if (hole > 0 && kind_fixed_size(kind, number) == 0)
            fixed = false;
        *size += hole > 0 ? kind_fixed_size(kind, number) : 1;
        text += hole > 0 ? hole : 1;
    }
    return fixed;
}

static void argument_compile(struct template *template, const char *text)
{
    uint64_t size;
    size_t first = 0;
    size_t head = 0;
    bool fixed = argument_measure(template, text, &size);

    if (fixed) {
        buffer_append_header(piece_literal(template, 0), '$', size);
    } else {
        head = template->count;
        piece_add(template, TEMPLATE_ARGUMENT, 0);
        first = template->count;
    }
    while (*text) {
        enum template_kind kind;
        uint64_t number;
        size_t hole = hole_find(template, text, &kind, &number);

        if (hole > 0)
            piece_add(template, kind, number);
        else
            buffer_append(piece_literal(template, first), text, 1);
        text += hole > 0 ? hole : 1;
    }
    if (!fixed) {
        template->pieces[head].number = template->count - first;
        first = template->count;
    }
    buffer_append(piece_literal(template, first), "\r\n", 2);
}

/* Values are cut from one pool of random bytes at random places: twice as long
 * as the longest, so that there are places to choose from. */
static void pool_fill(struct template *template)
{
    size_t size = TEMPLATE_POOL;

    for (size_t i = 0; i < template->count; i++) {
        const struct template_piece *piece = &template->pieces[i];

        if (piece->kind == TEMPLATE_VALUE && piece->number * 2 > size)
            size = (size_t)piece->number * 2;
    }
    template->pool = template_must(malloc(size));
    template->pool_size = size;
    for (size_t i = 0; i + sizeof(uint64_t) <= size; i += sizeof(uint64_t)) {
        uint64_t word = random_next(template);

        memcpy(template->pool + i, &word, sizeof(word));
    }
}

/* One command of the request; the answer is where the next begins, past its
 * ";", or `argc`.  0: a command of no words. */
static int command_compile(struct template *template, int argc, char **argv,
                           int first)
{
    int end = first;

    while (end < argc && strcmp(argv[end], ";") != 0)
        end++;
    if (end == first)
        return 0;
    buffer_append_header(piece_literal(template, 0), '*',
                         (uint64_t)(end - first));
    for (int i = first; i < end; i++)
        argument_compile(template, argv[i]);
    template->commands++;
    return end < argc ? end + 1 : argc;
}

struct template *template_new(int argc, char **argv,
                              const struct template_options *options)
{
    struct template *template = template_must(calloc(1, sizeof(*template)));

    if (options->keys == 0 || options->keys > TEMPLATE_KEYS_MAX ||
        options->items == 0 || options->items > TEMPLATE_KEYS_MAX) {
        fprintf(stderr, "template: a space has 1 to %llu members\n",
                TEMPLATE_KEYS_MAX);
        free(template);
        return NULL;
    }
    template->options = *options;
    random_seed(template, options->seed);
    for (int next = 0; next < argc || template->commands == 0;) {
        next = command_compile(template, argc, argv, next);
        if (next == 0 || (next == argc && strcmp(argv[argc - 1], ";") == 0)) {
            fprintf(stderr, "template: a command of no words\n");
            free(template);
            return NULL;
        }
    }
    pool_fill(template);
    return template;
}

uint64_t template_commands(const struct template *template)
{
    return template->commands;
}

void template_free(struct template *template)
{
    for (size_t i = 0; i < template->count; i++)
        free(template->pieces[i].text.data);
    free(template->pieces);
    free(template->pool);
    free(template);
}

/* --- Writing ------------------------------------------------------------- */

static void write_key(struct template_buffer *out, const char *prefix,
                      uint64_t number)
{
    char *key = buffer_reserve(out, TEMPLATE_KEY_SIZE);
    size_t size = strlen(prefix);

    memcpy(key, prefix, size);
    digits_fixed(key + size, TEMPLATE_KEY_SIZE - size, number);
    out->size += TEMPLATE_KEY_SIZE;
}

static void write_value(struct template *template, struct template_buffer *out,
                        size_t size)
{
    size_t at = (size_t)random_below(template, template->pool_size - size + 1);

    buffer_append(out, template->pool + at, size);
}

/* Draw this argument's numbers and write the header with their sum. */
static void write_argument(struct template *template,
                           struct template_buffer *out,
                           struct template_piece *piece, size_t count,
                           size_t cursor_size)
{
    uint64_t size = 0;

    for (size_t i = 0; i < count; i++, piece++) {
        if (piece->kind == TEMPLATE_RAND_INT)
            piece->drawn_size = digits_plain(
                piece->drawn, random_below(template, piece->number));
        else if (piece->kind == TEMPLATE_SEQ)
            piece->drawn_size = digits_plain(piece->drawn, piece->number++);
        else
            piece->drawn_size = 0;
        size += piece->drawn_size + piece->text.size +
                kind_fixed_size(piece->kind, piece->number);
        if (piece->kind == TEMPLATE_CURSOR)
            size += cursor_size;
    }
    buffer_append_header(out, '$', size);
}

void template_write(struct template *template, struct template_buffer *out,
                    const char *cursor, size_t cursor_size)
{
    if (cursor_size == 0) {
        cursor = "0";
        cursor_size = 1;
    }
    for (size_t i = 0; i < template->count; i++) {
        struct template_piece *piece = &template->pieces[i];

        switch (piece->kind) {
        case TEMPLATE_LITERAL:
            buffer_append(out, piece->text.data, piece->text.size);
            break;
        case TEMPLATE_ARGUMENT:
            write_argument(template, out, piece + 1, (size_t)piece->number,
                           cursor_size);
            break;
        case TEMPLATE_RAND_KEY:
            write_key(out, TEMPLATE_KEY_PREFIX,
                      random_below(template, template->options.keys));
            break;
        case TEMPLATE_SEQ_KEY:
            write_key(out, TEMPLATE_KEY_PREFIX,
                      piece->number++ % template->options.keys);
            break;
        case TEMPLATE_ITEM:
            write_key(out, TEMPLATE_ITEM_PREFIX,
                      random_below(template, template->options.items));
            break;
        case TEMPLATE_RAND_INT:
        case TEMPLATE_SEQ:
            buffer_append(out, piece->drawn, piece->drawn_size);
            break;
        case TEMPLATE_VALUE:
            write_value(template, out, (size_t)piece->number);
            break;
        case TEMPLATE_CURSOR:
            buffer_append(out, cursor, cursor_size);
            break;
        }
    }
}
