/* SPDX-License-Identifier: BSD-3-Clause */
/* io - the items of which guests make their saved values.
 *
 * The first error sticks: what is read afterwards is 0 or an empty string,
 * never NULL, since most guests do not look; the value that they make of it is
 * thrown away and the file refused (type.c).  Redis ends instead. */
#include "text.h"
#include "type.h"
#include "words.h"

#include <stdlib.h>

/* --- Writing -------------------------------------------------------------- */

void rm_SaveUnsigned(RedisModuleIO *io, uint64_t value)
{
    kr_codec->write_uint64(io->writer, value);
}

void rm_SaveSigned(RedisModuleIO *io, int64_t value)
{
    kr_codec->write_int64(io->writer, value);
}

void rm_SaveString(RedisModuleIO *io, RedisModuleString *str)
{
    kr_codec->write_string(io->writer, text_view(str));
}

void rm_SaveStringBuffer(RedisModuleIO *io, const char *bytes, size_t size)
{
    kr_codec->write_string(io->writer, kr_str(bytes, size));
}

void rm_SaveDouble(RedisModuleIO *io, double value)
{
    kr_codec->write_double(io->writer, value);
}

void rm_SaveFloat(RedisModuleIO *io, float value)
{
    kr_codec->write_float(io->writer, value);
}

/* In hexadecimal, which is exact. */
void rm_SaveLongDouble(RedisModuleIO *io, long double value)
{
    char text[64];
    int size = snprintf(text, sizeof(text), "%La", value);

    kr_codec->write_string(io->writer, kr_str(text, (size_t)size));
}

void rm_EmitAOF(RedisModuleIO *io, const char *name, const char *format, ...)
{
    struct words words;
    va_list args;

    va_start(args, format);
    if (words_read(&words, name, format, args))
        kr_codec->emit(io->writer, words.argc, words.argv);
    else
        io->failed = true;
    va_end(args);
    words_free(&words);
}

/* --- Reading -------------------------------------------------------------- */

#define IO_READ(io, function, out)                                             \
    do {                                                                       \
        if ((io)->failed || !kr_codec->function((io)->reader, (out)))          \
            (io)->failed = true;                                               \
    } while (0)

uint64_t rm_LoadUnsigned(RedisModuleIO *io)
{
    uint64_t value = 0;

    IO_READ(io, read_uint64, &value);
    return io->failed ? 0 : value;
}

int64_t rm_LoadSigned(RedisModuleIO *io)
{
    int64_t value = 0;

    IO_READ(io, read_int64, &value);
    return io->failed ? 0 : value;
}

double rm_LoadDouble(RedisModuleIO *io)
{
    double value = 0;

    IO_READ(io, read_double, &value);
    return io->failed ? 0 : value;
}

float rm_LoadFloat(RedisModuleIO *io)
{
    float value = 0;

    IO_READ(io, read_float, &value);
    return io->failed ? 0 : value;
}

static struct kr_str io_bytes(RedisModuleIO *io)
{
    struct kr_str bytes = {0};

    IO_READ(io, read_string, &bytes);
    return io->failed ? kr_str("", 0) : bytes;
}

/* What is no number fails, as a wrong item does. */
long double rm_LoadLongDouble(RedisModuleIO *io)
{
    struct kr_str bytes = io_bytes(io);
    char text[64], *end = text;
    long double value = 0;

    if (bytes.size > 0 && bytes.size < sizeof(text)) {
        memcpy(text, bytes.data, bytes.size);
        text[bytes.size] = '\0';
        value = strtold(text, &end);
    }
    if (end == text || *end)
        io->failed = true;
    return io->failed ? 0 : value;
}

/* Only a guest that has said that it looks at errors is told by NULL. */
static bool io_is_told(const RedisModuleIO *io)
{
    return io->failed &&
           io->guest->options & REDISMODULE_OPTIONS_HANDLE_IO_ERRORS;
}

RedisModuleString *rm_LoadString(RedisModuleIO *io)
{
    struct kr_str bytes = io_bytes(io);

    return io_is_told(io) ? NULL : text_new(bytes);
}

/* With a NUL behind it, which does not count. */
char *rm_LoadStringBuffer(RedisModuleIO *io, size_t *size)
{
    struct kr_str bytes = io_bytes(io);
    char *copy;

    if (size)
        *size = bytes.size;
    if (io_is_told(io))
        return NULL;
    copy = kr_memory->alloc(redisabi_self, bytes.size + 1);
    memcpy(copy, bytes.data, bytes.size);
    copy[bytes.size] = '\0';
    return copy;
}

int rm_IsIOError(RedisModuleIO *io)
{
    return io->failed || (io->writer && kr_codec->writer_failed(io->writer));
}

/* --- Around it ------------------------------------------------------------ */

RedisModuleCtx *rm_GetContextFromIO(RedisModuleIO *io)
{
    if (!io->ctx) {
        io->ctx = kr_memory->alloc(redisabi_self, sizeof(*io->ctx));
        context_begin(io->ctx, io->guest, NULL);
    }
    return io->ctx;
}

/* NULL and -1: not known, as beside the values. */
const RedisModuleString *rm_GetKeyNameFromIO(RedisModuleIO *io)
{
    const struct kr_subject *subject = kr_types->subject();

    if (!io->key && subject)
        io->key = text_new(subject->key);
    return io->key;
}

int rm_GetDbIdFromIO(RedisModuleIO *io)
{
    const struct kr_subject *subject = kr_types->subject();

    (void)io;
    return subject ? subject->db : -1;
}

void io_end(RedisModuleIO *io)
{
    text_release(io->key);
    io->key = NULL;
    if (!io->ctx)
        return;
    context_end(io->ctx);
    kr_memory->free(redisabi_self, io->ctx);
    io->ctx = NULL;
}

void rm_LogIOError(RedisModuleIO *io, const char *level, const char *format,
                   ...)
{
    char line[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    rm_Log(rm_GetContextFromIO(io), level, "%s", line);
}
