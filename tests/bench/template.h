/* SPDX-License-Identifier: BSD-3-Clause */
/* template - a command with holes, written out as RESP as often as asked.
 *
 * An argument is text with any number of these in it:
 *
 *     __rand_key__     key:000000000042   16 bytes, out of the key space
 *     __seq_key__      the same, 0, 1, 2 ... so that each comes exactly once
 *     __item__         item:00000000042   16 bytes, out of the item space
 *     __rand_int__     0 .. key space - 1, as an integer is written
 *     __rand_int:N__   0 .. N - 1
 *     __seq__          0, 1, 2 ...
 *     __value:N__      N random bytes
 *     __cursor__       the first bulk of the connection's last reply (SCAN), or
 *                      0; use it with a pipeline of 1
 *
 * A request may be several commands; an argument that is a lone ";" stands
 * between two of them:
 *
 *     MULTI ; INCR __rand_key__ ; EXEC
 *
 * Two sequences that stand in one request count alike, each by itself.  The
 * random numbers follow from the seed alone: both servers of a comparison see
 * the same commands.
 *
 * Arguments of fixed length are compiled to one literal with their header; the
 * others are drawn first, measured, and written after.  O(bytes written). */
#ifndef BENCH_TEMPLATE_H
#define BENCH_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes to be sent; grows, and is used again from 0. */
struct template_buffer {
    char *data;
    size_t size;
    size_t capacity;
};

struct template_options {
    uint64_t keys;  /* size of the key space, > 0 */
    uint64_t items; /* size of the item space, > 0 */
    uint64_t seed;
};

struct template;

/* NULL with a message on stderr if a placeholder is not understood. */
struct template *template_new(int argc, char **argv,
                              const struct template_options *options);
void template_free(struct template *template);

/* How many commands, and so replies, a request has. */
uint64_t template_commands(const struct template *template);

/* Append the next request.  The cursor is borrowed for the call. */
void template_write(struct template *template, struct template_buffer *out,
                    const char *cursor, size_t cursor_size);

#endif
