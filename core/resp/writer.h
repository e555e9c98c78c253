/* SPDX-License-Identifier: BSD-3-Clause */
/* writer - replies as RESP2 or RESP3 bytes.
 *
 * The destination is a resp_out: the free part of whatever memory its owner
 * has, and a function that gets more.  The owner embeds it:
 *
 *     at                          end
 *     | next byte goes here        |       at == end == NULL is "no room yet"
 *
 * Nothing here fails towards the caller.  When `more` says no (the client is
 * gone, or has been given too much) the rest of the reply is left out; the
 * stream is broken then, and the owner, who said no, closes it.
 *
 * What RESP2 does not have becomes what Redis makes of it: a map is an array
 * of twice the size, a set and a push are arrays, a boolean is 0 or 1, doubles,
 * big numbers and verbatim texts are bulk strings, null is $-1 or *-1. */
#ifndef CORE_RESP_WRITER_H
#define CORE_RESP_WRITER_H

#include <kr/base.h>

/* Room for anything but a payload: a header, a number, a double. */
#define RESP_OUT_PIECE 64

struct resp_out {
    char *at;
    char *end;

    /* What is written so far has been used up to `at`: make room for `need`
     * bytes more, at least RESP_OUT_PIECE of them in one piece.  With less
     * than `need` in one piece, it is called again for the rest of a payload.
     * false: no room, now or later. */
    bool (*more)(struct resp_out *out, size_t need);
    uint8_t protocol; /* 2 or 3 */
};

void resp_ok(struct resp_out *out);

/* "+text" and "-text".  `text` of an error begins with its code, "ERR ...".
 * Line ends inside, which would split the reply, become spaces; at either end
 * of the text they are dropped. */
void resp_simple(struct resp_out *out, struct kr_str text);
void resp_error(struct resp_out *out, struct kr_str text);

void resp_integer(struct resp_out *out, int64_t value);
void resp_bulk(struct resp_out *out, struct kr_str bytes);
void resp_bulk_integer(struct resp_out *out, int64_t value); /* as text */
void resp_double(struct resp_out *out, double value);

void resp_bool(struct resp_out *out, bool value);
void resp_null(struct resp_out *out);       /* in place of a bulk string */
void resp_null_array(struct resp_out *out); /* in place of an array */

/* The same, where the caller says its digits. */
void resp_decimal(struct resp_out *out, struct kr_str digits);

/* `digits` is a whole number as text, of any size. */
void resp_big_number(struct resp_out *out, struct kr_str digits);

/* `format` has three bytes: "txt" or "mkd". */
void resp_verbatim(struct resp_out *out, const char format[3],
                   struct kr_str text);

/* Headers; `count` replies follow, for a map and an attribute `count` pairs. */
void resp_array(struct resp_out *out, size_t count);
void resp_set(struct resp_out *out, size_t count);
void resp_push(struct resp_out *out, size_t count);
void resp_map(struct resp_out *out, size_t count);

/* RESP2 has nothing like attributes: false, and the pairs must be left out. */
bool resp_attribute(struct resp_out *out, size_t count);

/* Bytes that are a reply already. */
void resp_raw(struct resp_out *out, struct kr_str bytes);

/* The header "<mark>count\r\n" into `to`, for owners that learn a length only
 * after what it counts; its size. */
size_t resp_header(char to[RESP_OUT_PIECE], char mark, uint64_t count);

#endif
