/* SPDX-License-Identifier: BSD-3-Clause */
/* skip - where a value ends whose type nobody knows.
 *
 * A module's type says so itself: its items carry tags.  A value under a code of
 * its own does not, but the forms that these have in files are few and known, so
 * a snapshot need not be refused because a module is not there.  What the bytes
 * mean is not looked at; its module does when it comes.
 *
 *   one       a string
 *   many      a count, and for each the items of `each`:
 *               s  a string      d  a number as text      8  eight bytes
 *               n  a length
 *   stream    see skip_stream()
 *
 * Cost: reading the value once.  A count that lies ends with the bytes. */
#include "core/codec/codec.h"

/* What stands in front of the count or the string, as in `each`. */
struct form {
    const char *before;
    const char *each; /* NULL: one string */
    uint8_t code;
};

/* clang-format off */
static const struct form forms[] = {
    {"", NULL, 0},                             /* plain */
    {"", "s", 1}, {"", "s", 2}, {"", "s", 14}, /* one string an element */
    {"", "sd", 3}, {"", "s8", 5}, {"", "ss", 4},
    {"", NULL, 9}, {"", NULL, 10}, {"", NULL, 11}, {"", NULL, 12},
    {"", NULL, 13}, {"", NULL, 16}, {"", NULL, 17}, {"", NULL, 20}, /* packed */
    {"", "ns", 18},                            /* packed ones */
    {"8", "nss", 24}, {"8", NULL, 25},         /* with times of elements */
};
/* clang-format on */

#define STREAM_FIRST  15u
#define STREAM_SECOND 19u /* and more numbers */
#define STREAM_THIRD  21u /* and another time of each consumer */
#define STREAM_ID     16u /* bytes */

/* --- Items --------------------------------------------------------------- */

static bool skip_string(kr_reader *in)
{
    struct kr_str string;

    return codec_read_string(in, &string);
}

static bool skip_length(kr_reader *in, uint64_t *length)
{
    bool encoded;

    if (!codec_read_length(in, length, &encoded))
        return false;
    if (encoded)
        codec_refuse(in, "an encoding where a length belongs");
    return !encoded;
}

static bool skip_lengths(kr_reader *in, unsigned count)
{
    uint64_t length;

    while (count > 0 && skip_length(in, &length))
        count--;
    return count == 0;
}

static bool skip_bytes(kr_reader *in, unsigned count)
{
    uint8_t byte;

    while (count > 0 && codec_read_byte(in, &byte))
        count--;
    return count == 0;
}

/* A byte that counts the characters, or stands for what is no number. */
static bool skip_text_double(kr_reader *in)
{
    uint8_t size;

    return codec_read_byte(in, &size) && (size >= 253 || skip_bytes(in, size));
}

static bool skip_items(kr_reader *in, const char *items)
{
    bool fine = true;

    for (; *items && fine; items++) {
        switch (*items) {
        case 's':
            fine = skip_string(in);
            break;
        case 'd':
            fine = skip_text_double(in);
            break;
        case 'n':
            fine = skip_lengths(in, 1);
            break;
        case '8':
            fine = skip_bytes(in, 8);
            break;
        }
    }
    return fine;
}

/* --- Streams ------------------------------------------------------------- */

static bool skip_consumer(kr_reader *in, uint8_t code)
{
    uint64_t pending;

    if (!skip_string(in) || !skip_bytes(in, code == STREAM_THIRD ? 16 : 8) ||
        !skip_length(in, &pending))
        return false;
    while (pending > 0 && skip_bytes(in, STREAM_ID))
        pending--;
    return pending == 0;
}

static bool skip_group(kr_reader *in, uint8_t code)
{
    uint64_t pending, consumers;

    if (!skip_string(in) || !skip_lengths(in, code == STREAM_FIRST ? 2 : 3) ||
        !skip_length(in, &pending))
        return false;
    while (pending > 0 && skip_bytes(in, STREAM_ID + 8) && skip_lengths(in, 1))
        pending--;
    if (pending > 0 || !skip_length(in, &consumers))
        return false;
    while (consumers > 0 && skip_consumer(in, code))
        consumers--;
    return consumers == 0;
}

/* Nodes, each an id and what is packed; numbers; groups, each with what is
 * pending and its consumers. */
static bool skip_stream(kr_reader *in, uint8_t code)
{
    uint64_t nodes, groups;

    if (!skip_length(in, &nodes))
        return false;
    while (nodes > 0 && skip_items(in, "ss"))
        nodes--;
    if (nodes > 0 || !skip_lengths(in, code == STREAM_FIRST ? 3 : 8) ||
        !skip_length(in, &groups))
        return false;
    while (groups > 0 && skip_group(in, code))
        groups--;
    return groups == 0;
}

/* --- The whole ----------------------------------------------------------- */

static const struct form *skip_find(uint8_t code)
{
    for (size_t i = 0; i < KR_COUNT(forms); i++) {
        if (forms[i].code == code)
            return &forms[i];
    }
    return NULL;
}

static bool skip_is_stream(uint8_t code)
{
    return code == STREAM_FIRST || code == STREAM_SECOND ||
           code == STREAM_THIRD;
}

bool codec_knows_end(uint8_t code)
{
    return skip_is_stream(code) || skip_find(code);
}

bool codec_skip_bare(kr_reader *in, uint8_t code)
{
    const struct form *form = skip_find(code);
    uint64_t count;

    if (skip_is_stream(code))
        return skip_stream(in, code);
    if (!form || !skip_items(in, form->before))
        return false;
    if (!form->each)
        return skip_string(in);
    if (!skip_length(in, &count))
        return false;
    while (count > 0 && skip_items(in, form->each))
        count--;
    return count == 0;
}
