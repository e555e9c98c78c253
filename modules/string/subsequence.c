/* SPDX-License-Identifier: BSD-3-Clause */
#include "subsequence.h"

#define NO_ROW UINT16_MAX

/* Give each byte value that occurs in `a` a number; answers how many. */
static size_t subsequence_letters(struct kr_str a, uint16_t number[256])
{
    size_t count = 0;

    for (size_t c = 0; c < 256; c++)
        number[c] = NO_ROW;
    for (size_t i = 0; i < a.size && count < 256; i++) {
        if (number[(unsigned char)a.data[i]] == NO_ROW)
            number[(unsigned char)a.data[i]] = (uint16_t)count++;
    }
    return count;
}

static size_t subsequence_width(struct kr_str b)
{
    return (b.size + 63) / 64;
}

size_t subsequence_room(struct kr_str a, struct kr_str b, bool whole)
{
    uint16_t number[256];
    size_t letters = subsequence_letters(a, number);

    return (letters + (whole ? a.size : 1)) * subsequence_width(b);
}

/* The row below `row` (NULL: the top one) for a letter; `next` may be `row`. */
static void subsequence_step(const uint64_t *row, const uint64_t *where,
                             uint64_t *next, size_t width)
{
    unsigned carry = 0;

    for (size_t w = 0; w < width; w++) {
        uint64_t above = row ? row[w] : UINT64_MAX;
        uint64_t meet = above & where[w];
        uint64_t sum;
        bool over = __builtin_add_overflow(above, meet, &sum);

        over |= __builtin_add_overflow(sum, (uint64_t)carry, &sum);
        next[w] = sum | (above & ~where[w]);
        carry = over;
    }
}

void subsequence_init(struct subsequence *s, struct kr_str a, struct kr_str b,
                      bool whole, uint64_t *room)
{
    uint16_t number[256];
    size_t width = subsequence_width(b);
    size_t letters = subsequence_letters(a, number);
    uint64_t *row = NULL;

    *s = (struct subsequence){.a = a, .b = b, .width = width, .whole = whole};
    if (a.size == 0 || b.size == 0)
        return;
    s->where = room;
    s->rows = room + letters * width;
    memset(s->where, 0, letters * width * sizeof(*s->where));
    for (size_t j = 0; j < b.size; j++) {
        uint16_t letter = number[(unsigned char)b.data[j]];

        if (letter != NO_ROW)
            s->where[letter * width + j / 64] |= UINT64_C(1) << (j % 64);
    }
    for (size_t i = 0; i < a.size; i++) {
        const uint64_t *where =
            s->where + number[(unsigned char)a.data[i]] * width;
        uint64_t *next = s->rows + (whole ? i * width : 0);

        subsequence_step(row, where, next, width);
        row = next;
    }
}

size_t subsequence_length(const struct subsequence *s)
{
    const uint64_t *last;
    size_t length = 0;

    if (!s->rows)
        return 0;
    last = s->rows + (s->whole ? (s->a.size - 1) * s->width : 0);
    /* Bits past the end of `b` never meet anything, so they stay set. */
    for (size_t w = 0; w < s->width; w++)
        length += (size_t)__builtin_popcountll(~last[w]);
    return length;
}

/* Is L(i, j) = L(i, j - 1) + 1?  Both count from 1. */
static bool subsequence_grows(const struct subsequence *s, size_t i, size_t j)
{
    const uint64_t *row = s->rows + (i - 1) * s->width;

    return !(row[(j - 1) / 64] >> ((j - 1) % 64) & 1);
}

bool subsequence_back(const struct subsequence *s, struct subsequence_run *run)
{
    const char *a = s->a.data, *b = s->b.data;
    size_t i = run->i, j = run->j, end;

    /* Where the bytes differ L(i, j) is the larger of its neighbours above and
     * to the left.  If it is more than the left one it is the upper one; if
     * not, Redis goes left. */
    while (i > 0 && j > 0 && a[i - 1] != b[j - 1]) {
        if (subsequence_grows(s, i, j))
            i--;
        else
            j--;
    }
    end = i;
    while (i > 0 && j > 0 && a[i - 1] == b[j - 1])
        i--, j--;
    *run = (struct subsequence_run){i, j, end - i};
    return run->size > 0;
}
