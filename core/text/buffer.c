/* SPDX-License-Identifier: BSD-3-Clause */
/* buffer - see the header.
 *
 * Invariant: data is NULL and capacity 0, or size < capacity. */

#include "core/text/buffer.h"

#include <assert.h>
#include <stdio.h>

#include "core/memory/memory.h"
#include "core/text/number.h"

char *buffer_reserve(struct buffer *buffer, size_t more)
{
    size_t need;

    /* A sum that wraps around asks for more than memory_realloc() has. */
    if (__builtin_add_overflow(buffer->size, more, &need) ||
        __builtin_add_overflow(need, 1, &need))
        need = SIZE_MAX;
    if (need > buffer->capacity) {
        size_t twice =
            buffer->capacity < SIZE_MAX / 2 ? buffer->capacity * 2 : SIZE_MAX;
        size_t capacity = need > twice ? need : twice;

        if (capacity < 64)
            capacity = 64;
        buffer->data = memory_realloc(buffer->data, capacity);
        buffer->capacity = capacity;
    }
    return buffer->data + buffer->size;
}

void buffer_append(struct buffer *buffer, struct kr_str text)
{
    char *to = buffer_reserve(buffer, text.size);

    if (text.size)
        memcpy(to, text.data, text.size);
    to[text.size] = '\0';
    buffer->size += text.size;
}

void buffer_append_char(struct buffer *buffer, char c)
{
    buffer_append(buffer, kr_str(&c, 1));
}

void buffer_append_int64(struct buffer *buffer, int64_t value)
{
    char text[NUMBER_INT64_MAX];

    buffer_append(buffer, kr_str(text, number_write_int64(text, value)));
}

void buffer_append_double(struct buffer *buffer, double value)
{
    char text[NUMBER_DOUBLE_MAX];

    buffer_append(buffer, kr_str(text, number_write_double(text, value)));
}

void buffer_vprintf(struct buffer *buffer, const char *format, va_list args)
{
    char *to = buffer_reserve(buffer, 64);
    size_t room = buffer->capacity - buffer->size;
    va_list again;
    int size;

    va_copy(again, args);
    size = vsnprintf(to, room, format, args);
    assert(size >= 0); /* negative only for a format that is our mistake */
    if ((size_t)size >= room) {
        to = buffer_reserve(buffer, (size_t)size);
        vsnprintf(to, (size_t)size + 1, format, again);
    }
    va_end(again);
    buffer->size += (size_t)size;
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    buffer_vprintf(buffer, format, args);
    va_end(args);
}

void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
    if (buffer->data)
        buffer->data[0] = '\0';
}

char *buffer_steal(struct buffer *buffer, size_t *size)
{
    char *data;

    *buffer_reserve(buffer, 0) = '\0';
    data = buffer->data;
    if (size)
        *size = buffer->size;
    memset(buffer, 0, sizeof(*buffer));
    return data;
}

void buffer_free(struct buffer *buffer)
{
    memory_free(buffer->data);
    memset(buffer, 0, sizeof(*buffer));
}
