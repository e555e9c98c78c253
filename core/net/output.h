/* SPDX-License-Identifier: BSD-3-Clause */
/* output - bytes on their way to a client, and the sink that makes them.
 *
 * A sink (struct kr_reply) whose RESP bytes go to a list of chunks.  Plain
 * chunks are 16 KiB from a pool that all outputs share, so the one that was
 * written a moment ago for another client, and is still in the cache, is the
 * next to be used; an output with nothing to send owns none.  A large value is
 * not copied: a chunk refers to its blob.
 *
 *   output.head                                              output.tail
 *     |                                                         |
 *     v                                                         v
 *   +-------+------------------+   +-------+-----------+   +-------+--------+
 *   | chunk | bytes, bytes ... |-->| chunk | blob, from|-->| chunk | bytes  |
 *   +-------+------------------+   +-------+-----|-----+   +-------+--------+
 *            ^ sent                              v                  ^ out.at
 *                                         bytes of the value
 *
 * Invariant: out.at and out.end lie in the tail chunk, or are both NULL. */
#ifndef CORE_NET_OUTPUT_H
#define CORE_NET_OUTPUT_H

#include "core/resp/writer.h"

#include <kr/memory.h>
#include <kr/reply.h>
#include <sys/uio.h>

#define OUTPUT_CHUNK 16384 /* bytes of a plain chunk, its head included */

struct chunk;

/* Bytes of an output that are not, or not yet, in it.  All 0: none. */
struct output_list {
    struct chunk *head;
    struct chunk *tail;
    size_t sent;
    size_t bytes;
};

struct output {
    struct kr_reply reply; /* first: a sink is its output */
    struct resp_out out;
    struct chunk *head;
    struct chunk *tail;
    size_t sent;  /* bytes of the head chunk that have left */
    size_t bytes; /* in the chunks before the tail */
    /* Asked before each further chunk: false ends all writing.  NULL: yes. */
    bool (*allow)(struct output *output);
    bool muted;   /* everything is dropped */
    bool overrun; /* `allow` has said no */
};

void output_init(struct output *output, uint32_t protocol,
                 bool (*allow)(struct output *output));
void output_fini(struct output *output);

void output_set_protocol(struct output *output, uint32_t protocol);
/* Drop what is written from now on, or no longer. */
void output_mute(struct output *output, bool mute);

/* The bytes of one become those of the other.  O(1). */
void output_exchange(struct output *output, struct output_list *list);
/* What is in the list stands behind all that is in the output; the list is empty
 * then.  O(1). */
void output_join(struct output *output, struct output_list *list);

bool output_is_empty(const struct output *output);
/* Bytes not sent yet.  O(1). */
size_t output_size(const struct output *output);
/* Memory behind them: chunks, and blobs held. */
size_t output_memory(const struct output *output);
size_t output_chunks(const struct output *output);

/* The next bytes to send, at most `room` pieces; the answer is how many. */
int output_gather(const struct output *output, struct iovec *pieces, int room);
/* So many of them have been sent. */
void output_advance(struct output *output, size_t sent);
/* Give everything up. */
void output_discard(struct output *output);
/* The same, and whatever is still written: the client is as good as gone.  Also
 * from within `allow`. */
void output_abandon(struct output *output);

/* The bytes of a sink as one string: `output` is flattened into one chunk. */
struct kr_str output_flatten(struct output *output);

/* Chunks kept for reuse go back to the allocator, but for a few. */
void output_trim_pool(void);
/* At the end of the server: all of them do. */
void output_free_pool(void);

/* Counts error replies by code; core/info sets it. */
extern void (*output_error_hook)(struct kr_str text);

#endif
