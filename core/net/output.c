/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/net/output.h"

#include "core/memory/blob.h"
#include "core/memory/memory.h"

struct chunk {
    struct chunk *next;
    struct kr_blob *blob; /* NULL: the bytes follow */
    char *data;
    size_t size;     /* bytes to send; of the tail: see out.at */
    size_t capacity; /* bytes that `data` has room for */
    char bytes[];
};

#define CHUNK_ROOM (OUTPUT_CHUNK - sizeof(struct chunk))
#define POOL_MAX   64
/* Below this many bytes copying a value beats referring to it. */
#define BLOB_MIN 4096

/* Chunks of OUTPUT_CHUNK bytes, last in first out.  Shared by all outputs: that
 * is the point of it. */
static struct {
    struct chunk *free;
    size_t count;
} pool;

void (*output_error_hook)(struct kr_str text);

/* --- Chunks -------------------------------------------------------------- */

static struct chunk *chunk_new(size_t capacity)
{
    struct chunk *chunk;

    if (capacity == CHUNK_ROOM && pool.free) {
        chunk = pool.free;
        pool.free = chunk->next;
        pool.count--;
    } else {
        chunk = memory_alloc(sizeof(*chunk) + capacity);
    }
    chunk->next = NULL;
    chunk->blob = NULL;
    chunk->data = chunk->bytes;
    chunk->size = 0;
    chunk->capacity = capacity;
    return chunk;
}

static void chunk_free(struct chunk *chunk)
{
    if (chunk->blob)
        blob_release(chunk->blob);
    if (chunk->capacity == CHUNK_ROOM && pool.count < POOL_MAX) {
        chunk->next = pool.free;
        pool.free = chunk;
        pool.count++;
        return;
    }
    memory_free(chunk);
}

static void pool_shrink(size_t count)
{
    while (pool.count > count) {
        struct chunk *chunk = pool.free;

        pool.free = chunk->next;
        pool.count--;
        memory_free(chunk);
    }
}

void output_trim_pool(void)
{
    pool_shrink(4);
}

void output_free_pool(void)
{
    pool_shrink(0);
}

/* --- The list ------------------------------------------------------------ */

/* Make what has been written to the tail part of its size. */
static void output_settle(struct output *output)
{
    if (output->out.at)
        output->tail->size = (size_t)(output->out.at - output->tail->data);
}

/* Go on in the tail, if it has room. */
static void output_resume(struct output *output)
{
    struct chunk *tail = output->tail;

    output->out.at = output->out.end = NULL;
    if (output->muted || output->overrun || !tail || tail->capacity == 0)
        return;
    output->out.at = tail->data + tail->size;
    output->out.end = tail->data + tail->capacity;
}

static void output_append(struct output *output, struct chunk *chunk)
{
    output_settle(output);
    if (output->tail) {
        output->bytes += output->tail->size;
        output->tail->next = chunk;
    } else {
        output->head = chunk;
    }
    output->tail = chunk;
    output->out.at = output->out.end = NULL;
    if (chunk->capacity > 0) {
        output->out.at = chunk->data + chunk->size;
        output->out.end = chunk->data + chunk->capacity;
    }
}

static bool output_more(struct resp_out *out, size_t need)
{
    struct output *output =
        (struct output *)((char *)out - offsetof(struct output, out));

    (void)need;
    if (output->muted || output->overrun)
        return false;
    output_settle(output);
    if (output->head && output->allow && !output->allow(output)) {
        output->overrun = true;
        output->out.at = output->out.end = NULL;
        return false;
    }
    output_append(output, chunk_new(CHUNK_ROOM));
    return true;
}

bool output_is_empty(const struct output *output)
{
    return output_size(output) == 0;
}

static size_t output_tail_size(const struct output *output)
{
    if (!output->tail)
        return 0;
    return output->out.at ? (size_t)(output->out.at - output->tail->data)
                          : output->tail->size;
}

size_t output_size(const struct output *output)
{
    return output->bytes + output_tail_size(output) - output->sent;
}

size_t output_memory(const struct output *output)
{
    size_t total = 0;

    for (const struct chunk *chunk = output->head; chunk; chunk = chunk->next)
        total += sizeof(*chunk) + (chunk->blob ? chunk->size : chunk->capacity);
    return total;
}

size_t output_chunks(const struct output *output)
{
    size_t count = 0;

    for (const struct chunk *chunk = output->head; chunk; chunk = chunk->next)
        count++;
    return count;
}

int output_gather(const struct output *output, struct iovec *pieces, int room)
{
    size_t skip = output->sent;
    int count = 0;

    for (const struct chunk *chunk = output->head; chunk && count < room;
         chunk = chunk->next) {
        size_t size =
            chunk == output->tail ? output_tail_size(output) : chunk->size;

        if (size > skip) {
            pieces[count].iov_base = chunk->data + skip;
            pieces[count].iov_len = size - skip;
            count++;
        }
        skip = 0;
    }
    return count;
}

void output_advance(struct output *output, size_t sent)
{
    output_settle(output);
    output->sent += sent;
    while (output->head && output->sent >= output->head->size) {
        struct chunk *chunk = output->head;

        output->sent -= chunk->size;
        output->head = chunk->next;
        if (output->head)
            output->bytes -= chunk->size;
        else
            output->out.at = output->out.end = NULL;
        chunk_free(chunk);
    }
    if (!output->head)
        output->tail = NULL;
}

void output_discard(struct output *output)
{
    while (output->head) {
        struct chunk *chunk = output->head;

        output->head = chunk->next;
        chunk_free(chunk);
    }
    output->tail = NULL;
    output->sent = output->bytes = 0;
    output->out.at = output->out.end = NULL;
}

void output_abandon(struct output *output)
{
    output_discard(output);
    output->overrun = true;
}

struct kr_str output_flatten(struct output *output)
{
    size_t size = output_size(output);
    struct chunk *whole;
    char *at;

    if (!output->head)
        return kr_str("", 0);
    if (output->head == output->tail)
        return kr_str(output->head->data + output->sent, size);
    output_settle(output);
    whole = chunk_new(size + RESP_OUT_PIECE);
    at = whole->data;
    for (struct chunk *chunk = output->head; chunk; chunk = chunk->next) {
        size_t skip = chunk == output->head ? output->sent : 0;

        memcpy(at, chunk->data + skip, chunk->size - skip);
        at += chunk->size - skip;
    }
    whole->size = size;
    output_discard(output);
    output_append(output, whole);
    return kr_str(whole->data, size);
}

void output_mute(struct output *output, bool mute)
{
    if (mute == output->muted)
        return;
    output_settle(output);
    output->muted = mute;
    output_resume(output);
}

void output_exchange(struct output *output, struct output_list *list)
{
    struct output_list was = {output->head, output->tail, output->sent,
                              output->bytes};

    output_settle(output);
    output->head = list->head;
    output->tail = list->tail;
    output->sent = list->sent;
    output->bytes = list->bytes;
    *list = was;
    output_resume(output);
}

void output_join(struct output *output, struct output_list *list)
{
    if (!list->head)
        return;
    output_settle(output);
    if (output->tail) {
        output->bytes += output->tail->size + list->bytes;
        output->tail->next = list->head;
    } else {
        output->head = list->head;
        output->bytes = list->bytes;
    }
    output->tail = list->tail;
    *list = (struct output_list){.head = NULL};
    if (output->overrun)
        output_discard(output);
    output_resume(output);
}

void output_set_protocol(struct output *output, uint32_t protocol)
{
    output->reply.protocol = protocol;
    output->out.protocol = (uint8_t)protocol;
}

/* --- The sink: kr_reply_ops over resp/writer ----------------------------- */

static struct output *sink(struct kr_reply *reply)
{
    return (struct output *)reply;
}

static void sink_null(struct kr_reply *reply)
{
    resp_null(&sink(reply)->out);
}

static void sink_null_array(struct kr_reply *reply)
{
    resp_null_array(&sink(reply)->out);
}

static void sink_int64(struct kr_reply *reply, int64_t value)
{
    resp_integer(&sink(reply)->out, value);
}

static void sink_status(struct kr_reply *reply, struct kr_str text)
{
    if (text.size == 2 && memcmp(text.data, "OK", 2) == 0)
        resp_ok(&sink(reply)->out);
    else
        resp_simple(&sink(reply)->out, text);
}

static void sink_error(struct kr_reply *reply, struct kr_str text)
{
    reply->errors++;
    if (output_error_hook)
        output_error_hook(text);
    resp_error(&sink(reply)->out, text);
}

static void sink_bulk(struct kr_reply *reply, struct kr_str bytes)
{
    resp_bulk(&sink(reply)->out, bytes);
}

static void sink_blob(struct kr_reply *reply, struct kr_blob *blob, size_t from,
                      size_t size)
{
    struct output *output = sink(reply);
    char header[RESP_OUT_PIECE];
    struct chunk *chunk;

    if (size < BLOB_MIN) {
        resp_bulk(&output->out, kr_str(blob->data + from, size));
        return;
    }
    resp_raw(&output->out,
             kr_str(header, resp_header(header, '$', (uint64_t)size)));
    if (output->muted || output->overrun)
        return;
    chunk = chunk_new(0);
    chunk->blob = blob_retain(blob);
    chunk->data = blob->data + from;
    chunk->size = size;
    output_append(output, chunk);
    resp_raw(&output->out, KR_STR("\r\n"));
}

static void sink_bulk_int64(struct kr_reply *reply, int64_t value)
{
    resp_bulk_integer(&sink(reply)->out, value);
}

static void sink_number(struct kr_reply *reply, double value)
{
    resp_double(&sink(reply)->out, value);
}

static void sink_boolean(struct kr_reply *reply, bool value)
{
    resp_bool(&sink(reply)->out, value);
}

static void sink_big_number(struct kr_reply *reply, struct kr_str digits)
{
    resp_big_number(&sink(reply)->out, digits);
}

static void sink_decimal(struct kr_reply *reply, struct kr_str digits)
{
    resp_decimal(&sink(reply)->out, digits);
}

static void sink_verbatim(struct kr_reply *reply, const char *format,
                          struct kr_str text)
{
    resp_verbatim(&sink(reply)->out, format, text);
}

static char sink_mark(uint32_t protocol, uint32_t kind)
{
    static const char marks[] = "*%~>|";

    return protocol >= 3 && kind < sizeof(marks) - 1 ? marks[kind] : '*';
}

static uint64_t sink_length(uint32_t protocol, uint32_t kind, uint64_t count)
{
    return protocol < 3 && kind == KR_MAP ? count * 2 : count;
}

static void sink_open(struct kr_reply *reply, uint32_t kind, uint64_t count)
{
    struct output *output = sink(reply);
    struct resp_out *out = &output->out;

    switch (kind) {
    case KR_MAP:
        resp_map(out, count);
        break;
    case KR_SET:
        resp_set(out, count);
        break;
    case KR_PUSH:
        resp_push(out, count);
        break;
    case KR_ATTRIBUTE:
        (void)resp_attribute(out, count);
        break;
    default:
        resp_array(out, count);
    }
}

/* A token is the place of the missing header: its chunk's address and the
 * offset in it.  User addresses have 47 bits and chunks 14. */
static uint64_t sink_defer(struct kr_reply *reply)
{
    struct output *output = sink(reply);
    struct resp_out *out = &output->out;

    if ((size_t)(out->end - out->at) < RESP_OUT_PIECE ||
        output->tail->capacity != CHUNK_ROOM)
        if (!out->more(out, RESP_OUT_PIECE))
            return 0;
    return (uint64_t)(uintptr_t)output->tail |
           (uint64_t)(out->at - output->tail->data) << 48;
}

/* Put the header where the token says.  What follows it in the same chunk moves
 * up, or, when there is no room, into a chunk of its own behind. */
static void sink_close(struct kr_reply *reply, uint64_t token, uint32_t kind,
                       uint64_t count)
{
    struct output *output = sink(reply);
    struct chunk *chunk =
        (struct chunk *)(uintptr_t)(token & UINT64_C(0xffffffffffff));
    size_t offset = (size_t)(token >> 48);
    char header[RESP_OUT_PIECE];
    size_t head, after;

    if (token == 0 || output->muted || output->overrun)
        return;
    output_settle(output);
    head = resp_header(header, sink_mark(reply->protocol, kind),
                       sink_length(reply->protocol, kind, count));
    after = chunk->size - offset;
    if (chunk->size + head > chunk->capacity) {
        struct chunk *rest = chunk_new(CHUNK_ROOM);

        memcpy(rest->data, chunk->data + offset, after);
        rest->size = after;
        rest->next = chunk->next;
        chunk->next = rest;
        chunk->size = offset;
        if (output->tail == chunk) {
            output->bytes += offset + head;
            output->tail = rest;
            output->out.at = rest->data + rest->size;
            output->out.end = rest->data + rest->capacity;
        } else {
            output->bytes += head;
        }
    } else {
        memmove(chunk->data + offset + head, chunk->data + offset, after);
        if (output->tail == chunk)
            output->out.at += head;
        else
            output->bytes += head;
    }
    memcpy(chunk->data + offset, header, head);
    chunk->size += head;
}

static void sink_raw(struct kr_reply *reply, struct kr_str bytes)
{
    resp_raw(&sink(reply)->out, bytes);
}

static const struct kr_reply_ops output_ops = {
    .size = sizeof(struct kr_reply_ops),
    .null = sink_null,
    .null_array = sink_null_array,
    .int64 = sink_int64,
    .status = sink_status,
    .error = sink_error,
    .bulk = sink_bulk,
    .blob = sink_blob,
    .bulk_int64 = sink_bulk_int64,
    .number = sink_number,
    .boolean = sink_boolean,
    .big_number = sink_big_number,
    .verbatim = sink_verbatim,
    .open = sink_open,
    .defer = sink_defer,
    .close = sink_close,
    .raw = sink_raw,
    .decimal = sink_decimal,
};

void output_init(struct output *output, uint32_t protocol,
                 bool (*allow)(struct output *output))
{
    *output = (struct output){
        .reply = {.ops = &output_ops, .protocol = protocol},
        .out = {.more = output_more, .protocol = (uint8_t)protocol},
        .allow = allow,
    };
}

void output_fini(struct output *output)
{
    output_discard(output);
}
