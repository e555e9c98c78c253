/* SPDX-License-Identifier: BSD-3-Clause */
/* queue - the commands that a client has queued, in order.
 *
 *   first -> +------+---------+------+---------------+------------------+
 *            | next | command | argc | argv[0..argc) | bytes of argv ...|
 *            +--|---+---------+------+---------------+------------------+
 *               v
 *            one allocation a command                          <- last
 *
 * The words are copied: they must outlive the input buffer.  `flags` is what
 * the commands are, all together, so that EXEC can be judged by what it will
 * do.  What the queue takes is charged to the client. */
#ifndef TRANSACTIONS_QUEUE_H
#define TRANSACTIONS_QUEUE_H

#include <kr/call.h>
#include <kr/client.h>
#include <kr/module.h>

struct queued {
    struct queued *next;
    const kr_cmd *command;
    uint32_t argc;
    struct kr_str argv[];
};

/* All zero is an empty one. */
struct queue {
    struct queued *first;
    struct queued *last;
    uint64_t flags; /* KR_CMD_, of all commands */
    uint32_t count;
    size_t bytes; /* charged to the client */
};

/* Queue what `call` says, which does what `acts` says.  false: no memory, and
 * nothing has changed.  O(bytes). */
bool queue_add(kr_module *self, struct queue *queue, const struct kr_call *call,
               uint64_t acts);

/* Free all.  O(commands). */
void queue_clear(kr_module *self, struct queue *queue, kr_client *client);

#endif
