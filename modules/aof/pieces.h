/* SPDX-License-Identifier: BSD-3-Clause */
/* pieces - the text of a log, piece by piece, in place in the bytes read.
 *
 *   file: | ..... *3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n *1\r\n$5\r\nMULTI ...
 *                |<-------------- window ------------------------------->|
 *                 `begin          `at, the next piece        half of one `end
 *
 * The window moves on when whoever reads has no whole piece left in it, and
 * grows for one that is larger.  What a piece means is not known here. */
#ifndef AOF_PIECES_H
#define AOF_PIECES_H

#include <kr/base.h>
#include <kr/module.h>

#ifndef PIECES_WINDOW
#define PIECES_WINDOW (256 * 1024) /* bytes, to begin with */
#endif

enum piece { PIECE_WHOLE, PIECE_SHORT, PIECE_BAD };

/* Why a piece was not whole. */
enum piece_reason {
    PIECE_ENDS,    /* where it should begin, the bytes end */
    PIECE_PREFIX,  /* `found` stands where `wanted` should */
    PIECE_NEWLINE, /* or where a line should end */
    PIECE_BYTES,   /* of `number` bytes there are `got` */
    PIECE_COUNT,   /* there cannot be `number` words */
    PIECE_REMARK,  /* a remark does not end */
};

struct piece_fault {
    enum piece_reason reason;
    size_t at; /* in the window: where the line or the bytes begin */
    char wanted;
    char found[2]; /* NUL where there is nothing */
    uint64_t number, got;
};

/* Begin with self, fd, file_size, and `offset`, where fd stands. */
struct pieces {
    kr_module *self;
    int fd;
    char *bytes;
    size_t begin, at, end, capacity; /* of the window: offsets in `bytes` */
    uint64_t offset;                 /* of bytes[0] in the file */
    uint64_t file_size;
    bool at_end; /* of the file: nothing more will come */
    struct piece_fault fault;
};

static inline uint64_t pieces_offset(const struct pieces *pieces)
{
    return pieces->offset + pieces->at;
}

/* Let go of what stands before `begin` and get more bytes behind the rest.
 * false, and errno is set: it cannot be read, or (ENOMEM) there is no room. */
bool pieces_fill(struct pieces *pieces);
void pieces_free(struct pieces *pieces);

/* Each of these steps over one piece at *at, if it is whole.  If not, `fault`
 * says why; SHORT: it may be with more bytes.  O(its bytes). */

/* One line that begins with #. */
enum piece pieces_remark(struct pieces *pieces, size_t *at);
/* All that stand here. */
enum piece pieces_remarks(struct pieces *pieces, size_t *at);
/* "*3\r\n": how many words a command has.  A number that the file has no room
 * for is short of something, whatever comes. */
enum piece pieces_head(struct pieces *pieces, size_t *at, uint64_t *argc);
/* "$3\r\nSET\r\n" */
enum piece pieces_word(struct pieces *pieces, size_t *at, struct kr_str *word);

#endif
