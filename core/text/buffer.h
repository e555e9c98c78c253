/* SPDX-License-Identifier: BSD-3-Clause */
/* buffer - bytes that grow, for paths where speed does not count: INFO, logs,
 * error texts, configuration files.
 *
 * A zeroed struct is an empty buffer.  There is always a NUL behind the last
 * byte once something was appended, so that `data` can go to a function that
 * wants a C string.  Running out of memory aborts: what a client could make
 * arbitrarily long does not belong here. */
#ifndef CORE_TEXT_BUFFER_H
#define CORE_TEXT_BUFFER_H

#include <stdarg.h>

#include <kr/base.h>

struct buffer {
    char *data;
    size_t size;     /* bytes in use, without the NUL */
    size_t capacity; /* bytes allocated */
};

/* Make room for `more` bytes and a NUL; the address of the first.  The caller
 * writes there and adds to `size` what it wrote.  Amortised O(1) a byte. */
char *buffer_reserve(struct buffer *buffer, size_t more);

void buffer_append(struct buffer *buffer, struct kr_str text);
void buffer_append_char(struct buffer *buffer, char c);
void buffer_append_int64(struct buffer *buffer, int64_t value);
void buffer_append_double(struct buffer *buffer, double value); /* "%.17g" */
void buffer_printf(struct buffer *buffer, const char *format, ...)
    KR_PRINTF(2, 3);
void buffer_vprintf(struct buffer *buffer, const char *format, va_list args)
    KR_PRINTF(2, 0);

/* What is in it, borrowed until the next change. */
static inline struct kr_str buffer_str(const struct buffer *buffer)
{
    return kr_str(buffer->data, buffer->size);
}

/* Forget the bytes, keep the memory. */
void buffer_clear(struct buffer *buffer);

/* Hand the bytes over: never NULL, ends in NUL, to be freed by memory_free().
 * The buffer is empty afterwards. */
char *buffer_steal(struct buffer *buffer, size_t *size);

void buffer_free(struct buffer *buffer);

#endif
