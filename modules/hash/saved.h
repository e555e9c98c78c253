/* SPDX-License-Identifier: BSD-3-Clause */
/* saved - a hash outside of memory: in RDB files and dumps, in a rewritten log,
 * and as what DEBUG DIGEST sees of it.
 *
 *   code  form                                              written
 *     4   count, then field, value ...                      a TABLE
 *     9   a string: zipmap                                  never
 *    13   a string: ziplist of field, value ...             never
 *    16   a string: listpack of field, value ...            PACKED
 *    22   count, then time, field, value ...                never
 *    23   a string: listpack of field, value, time ...      never
 *    24   first, count, then time, field, value ...         a TABLE with times
 *    25   first, a string: listpack of field, value, time   TIMED
 *
 * `first` is the earliest time, 8 bytes, little-endian, or 0.  In 24 a field's
 * time is a length-encoded number, 0 for none, otherwise time - first + 1; in 22
 * the time itself.  A listpack's times are numbers, 0 for none, in ascending
 * order with the zeros behind.  All times are ms since 1970, below 2^48 - 1.
 * 22 and 23 are what candidates of Redis 7.4 wrote, 24 and 25 what it writes;
 * the others are Redis 7.0's, and a hash in which no field has a time is
 * written so.
 *
 * What is read is hostile until it has been checked: whole, no field twice,
 * times in order. */
#ifndef HASH_SAVED_H
#define HASH_SAVED_H

#include <kr/codec.h>
#include <kr/type.h>

extern const uint8_t saved_codes[];
enum { SAVED_CODE_COUNT = 8 };

/* The functions of struct kr_type. */
void saved_save(const struct kr_peek *value, kr_writer *out);
bool saved_load(kr_reader *in, uint32_t code, uint32_t format,
                struct kr_value *out);
void saved_rewrite(const struct kr_peek *value, struct kr_str key,
                   kr_writer *out);
void saved_digest(const struct kr_peek *value, kr_digest *digest);

#endif
