/* SPDX-License-Identifier: BSD-3-Clause */
#include "pieces.h"

#include <errno.h>
#include <kr/memory.h>
#include <unistd.h>

#define LINE_MOST 1024 /* bytes of an annotation */

/* --- The window ---------------------------------------------------------- */

static bool pieces_grow(struct pieces *pieces)
{
    size_t capacity = pieces->capacity ? pieces->capacity * 2 : PIECES_WINDOW;
    char *bytes;

    bytes = kr_memory->try_realloc(pieces->self, pieces->bytes, capacity);
    if (!bytes) {
        errno = ENOMEM;
        return false;
    }
    pieces->bytes = bytes;
    pieces->capacity = capacity;
    return true;
}

static void pieces_shift(struct pieces *pieces)
{
    size_t gone = pieces->begin;

    if (gone == 0)
        return;
    memmove(pieces->bytes, pieces->bytes + gone, pieces->end - gone);
    pieces->offset += gone;
    pieces->begin = 0;
    pieces->at -= gone;
    pieces->end -= gone;
}

bool pieces_fill(struct pieces *pieces)
{
    ssize_t n;

    pieces_shift(pieces);
    if (pieces->capacity - pieces->end < PIECES_WINDOW / 2 &&
        !pieces_grow(pieces))
        return false;
    do
        n = read(pieces->fd, pieces->bytes + pieces->end,
                 pieces->capacity - pieces->end);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return false;
    pieces->at_end = n == 0;
    pieces->end += (size_t)n;
    return true;
}

void pieces_free(struct pieces *pieces)
{
    kr_memory->free(pieces->self, pieces->bytes);
    pieces->bytes = NULL;
}

/* --- Why not ------------------------------------------------------------- */

static struct piece_fault *pieces_fault(struct pieces *pieces, size_t at,
                                        enum piece_reason reason)
{
    pieces->fault = (struct piece_fault){.reason = reason, .at = at};
    return &pieces->fault;
}

/* Something else stands at `p` than is wanted in a line that begins at `at`. */
static enum piece pieces_wrong(struct pieces *pieces, size_t at, const char *p,
                               char wanted)
{
    size_t left = (size_t)(pieces->bytes + pieces->end - p);
    struct piece_fault *fault =
        pieces_fault(pieces, at, wanted == '\r' ? PIECE_NEWLINE : PIECE_PREFIX);

    fault->wanted = wanted;
    memcpy(fault->found, p, left < 2 ? left : 2);
    return PIECE_BAD;
}

/* --- Pieces -------------------------------------------------------------- */

/* A line of `kind` and digits at *at, such as "$12\r\n". */
static enum piece pieces_number(struct pieces *pieces, size_t *at, char kind,
                                uint64_t *number)
{
    const char *p = pieces->bytes + *at, *end = pieces->bytes + pieces->end;
    uint64_t value = 0;
    const char *digits;

    if (p == end) {
        (void)pieces_fault(pieces, *at, PIECE_ENDS);
        return PIECE_SHORT;
    }
    if (*p++ != kind)
        return pieces_wrong(pieces, *at, p - 1, kind);
    for (digits = p; p < end && *p >= '0' && *p <= '9'; p++) {
        if (p - digits == 18)
            return pieces_wrong(pieces, *at, p, '\r');
        value = value * 10 + (uint64_t)(*p - '0');
    }
    if (end - p < 2) {
        enum piece wrong = pieces_wrong(pieces, *at, p, '\r');

        return p < end && *p != '\r' ? wrong : PIECE_SHORT;
    }
    if (p == digits || p[0] != '\r' || p[1] != '\n')
        return pieces_wrong(pieces, *at, p, '\r');
    *number = value;
    *at = (size_t)(p + 2 - pieces->bytes);
    return PIECE_WHOLE;
}

enum piece pieces_word(struct pieces *pieces, size_t *at, struct kr_str *word)
{
    enum piece piece;
    uint64_t size;
    size_t left;

    piece = pieces_number(pieces, at, '$', &size);
    if (piece != PIECE_WHOLE)
        return piece;
    left = pieces->end - *at;
    if (size > left || left - size < 2) {
        struct piece_fault *fault = pieces_fault(pieces, *at, PIECE_BYTES);

        fault->number = size + 2;
        fault->got = left;
        return PIECE_SHORT;
    }
    *word = kr_str(pieces->bytes + *at, (size_t)size);
    if (memcmp(word->data + size, "\r\n", 2) != 0)
        return pieces_wrong(pieces, *at, word->data + size, '\r');
    *at += (size_t)size + 2;
    return PIECE_WHOLE;
}

enum piece pieces_remark(struct pieces *pieces, size_t *at)
{
    size_t left = pieces->end - *at;
    const char *newline =
        memchr(pieces->bytes + *at, '\n', left < LINE_MOST ? left : LINE_MOST);

    if (!newline) {
        (void)pieces_fault(pieces, *at, PIECE_REMARK);
        return left < LINE_MOST ? PIECE_SHORT : PIECE_BAD;
    }
    *at = (size_t)(newline + 1 - pieces->bytes);
    return PIECE_WHOLE;
}

enum piece pieces_remarks(struct pieces *pieces, size_t *at)
{
    enum piece piece = PIECE_WHOLE;

    while (piece == PIECE_WHOLE && *at < pieces->end &&
           pieces->bytes[*at] == '#')
        piece = pieces_remark(pieces, at);
    return piece;
}

enum piece pieces_head(struct pieces *pieces, size_t *at, uint64_t *argc)
{
    size_t from = *at;
    enum piece piece = pieces_number(pieces, at, '*', argc);

    if (piece == PIECE_WHOLE && (*argc == 0 || *argc > pieces->file_size)) {
        pieces_fault(pieces, from, PIECE_COUNT)->number = *argc;
        piece = *argc == 0 ? PIECE_BAD : PIECE_SHORT;
    }
    return piece;
}
