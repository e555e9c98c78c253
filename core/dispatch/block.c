/* SPDX-License-Identifier: BSD-3-Clause */
/* A parked call waits in the queue of each of its keys, at the end:
 *
 *   lines (a table by database and key)
 *     |
 *     v
 *   +------+   first in line               last
 *   | line |-->[ waiter ]-->[ waiter ]-->[ waiter ]
 *   +------+       |            |            |
 *                  v            v            v
 *               parked A     parked B     parked A      (A waits for two keys)
 *
 * ready() marks a line; when the call that did it has ended, block_serve()
 * walks marked lines in the order of marking and asks each waiter in turn.  A
 * waiter that cannot use the key keeps its place.
 *
 * Costs: park O(keys), wake O(keys of the woken), ready() one look-up. */
#include "core/dispatch/block.h"

#include "core/dispatch/call.h"
#include "core/dispatch/gate.h"
#include "core/keyspace/hooks.h"
#include "core/keyspace/keyspace.h"
#include "core/keyspace/table.h"
#include "core/loop/clock.h"
#include "core/loop/loop.h"
#include "core/memory/memory.h"
#include "core/net/client.h"
#include "core/rack/rack.h"

#include <sys/queue.h>

struct line;

struct waiter {
    TAILQ_ENTRY(waiter) link;
    struct line *line;
    struct parked *parked;
};

struct line {
    TAILQ_HEAD(waiter_list, waiter) waiters;
    TAILQ_ENTRY(line) ready;
    kr_db *db;
    uint64_t hash;
    bool is_ready;
    size_t key_size;
    char key[];
};

struct parked {
    LIST_ENTRY(parked) link;
    struct call call; /* argv in `words` */
    struct kr_park how;
    kr_module *module;
    kr_client *client;
    struct event *timer;
    uint64_t ticks; /* spent in the handler so far */
    uint32_t waiter_count;
    bool waking;
    bool done; /* complete() has been called */
    struct waiter *waiters;
    struct kr_str *words;
};

bool block_has_ready;

static struct {
    struct table lines;
    bool begun;
    TAILQ_HEAD(line_list, line) ready;
    LIST_HEAD(, parked) parked;
    uint64_t count;
    uint64_t want_gone; /* parked with KR_PARK_WAKE_ON_DELETE */
} block = {.ready = TAILQ_HEAD_INITIALIZER(block.ready)};

/* --- Lines --------------------------------------------------------------- */

static uint64_t line_hash(kr_db *db, struct kr_str key)
{
    return keyspace_hash(key) ^ (uint64_t)(uintptr_t)db * 0x9e3779b97f4a7c15u;
}

static uint64_t line_rehash(const void *entry, const void *ctx)
{
    (void)ctx;
    return ((const struct line *)entry)->hash;
}

static struct line *line_find(kr_db *db, struct kr_str key, uint64_t hash,
                              struct table_place *place)
{
    struct line *line;

    if (!block.begun || table_count(&block.lines) == 0)
        return NULL;
    for (line = table_first(&block.lines, hash, place); line;
         line = table_next(hash, place))
        if (line->db == db &&
            kr_str_equal(kr_str(line->key, line->key_size), key))
            return line;
    return NULL;
}

static struct line *line_make(kr_db *db, struct kr_str key)
{
    uint64_t hash = line_hash(db, key);
    struct table_place place;
    struct line *line = line_find(db, key, hash, &place);

    if (line)
        return line;
    if (!block.begun) {
        table_init(&block.lines, line_rehash, NULL);
        block.begun = true;
    }
    line = memory_alloc(sizeof(*line) + key.size);
    *line = (struct line){.db = db, .hash = hash, .key_size = key.size};
    memcpy(line->key, key.data, key.size);
    TAILQ_INIT(&line->waiters);
    table_insert(&block.lines, hash, line);
    return line;
}

static void line_drop_if_empty(struct line *line)
{
    struct table_place place;

    if (!TAILQ_EMPTY(&line->waiters))
        return;
    if (line->is_ready)
        TAILQ_REMOVE(&block.ready, line, ready);
    if (line_find(line->db, kr_str(line->key, line->key_size), line->hash,
                  &place))
        table_erase(&block.lines, line->hash, &place);
    memory_free(line);
}

static void line_mark(struct line *line)
{
    if (line->is_ready)
        return;
    line->is_ready = true;
    TAILQ_INSERT_TAIL(&block.ready, line, ready);
    block_has_ready = true;
}

/* --- Keys that go -------------------------------------------------------- */

static void block_key_gone(kr_db *db, struct kr_str key)
{
    struct table_place place;
    struct line *line = line_find(db, key, line_hash(db, key), &place);
    struct waiter *waiter;

    if (!line)
        return;
    TAILQ_FOREACH(waiter, &line->waiters, link)
    if (waiter->parked->how.flags & KR_PARK_WAKE_ON_DELETE) {
        line_mark(line);
        return;
    }
}

/* The keyspace is asked to tell only while somebody wants to know. */
static void block_count_gone(const struct parked *parked, int64_t change)
{
    if (!(parked->how.flags & KR_PARK_WAKE_ON_DELETE))
        return;
    block.want_gone += (uint64_t)change;
    keyspace_hooks.gone = block.want_gone > 0 ? block_key_gone : NULL;
}

/* --- Parking ------------------------------------------------------------- */

static void parked_leave_lines(struct parked *parked)
{
    for (uint32_t i = 0; i < parked->waiter_count; i++) {
        struct waiter *waiter = &parked->waiters[i];

        TAILQ_REMOVE(&waiter->line->waiters, waiter, link);
        line_drop_if_empty(waiter->line);
    }
    parked->waiter_count = 0;
}

/* Nothing refers to it any more. */
static void parked_free(struct parked *parked)
{
    parked_leave_lines(parked);
    if (parked->timer)
        event_free(parked->timer);
    if (parked->how.free)
        parked->how.free(parked->how.ctx);
    LIST_REMOVE(parked, link);
    block.count--;
    block_count_gone(parked, -1);
    if (parked->module)
        parked->module->held--;
    memory_free(parked->waiters);
    memory_free(parked->words);
    memory_free(parked);
}

/* Go on with the call: the module's wake function writes the reply.  false: it
 * keeps waiting. */
static bool parked_wake(struct parked *parked, uint32_t why, struct kr_str key)
{
    struct call *call = &parked->call;
    kr_client *client = parked->client;
    uint64_t ticks = clock_ticks();
    kr_module *was;
    bool over = true;

    parked->waking = true;
    call->pub.now_ms = clock_turn_ms;
    call->pub.flags |= KR_CALL_RESUMED;
    call->inner_changes = 0;
    call->replaced = false;
    call->run_flags |= KR_RUN_NO_STATS;
    call_begin(call);
    was = rack_enter(parked->module);
    if (why == KR_WAKE_UNBLOCK)
        kr_reply_error(call->pub.reply,
                       "UNBLOCKED client unblocked via CLIENT UNBLOCK");
    else
        over = parked->how.wake(&call->pub, why, key, parked->how.ctx) ||
               why != KR_WAKE_READY;
    rack_leave(was);
    call_end(call, clock_ticks() - ticks);
    parked->waking = false;
    if (!over)
        return false;
    client->parked = NULL;
    client->flags &= ~KR_CLIENT_BLOCKED;
    parked_free(parked);
    client_resume(client);
    return true;
}

static void parked_timeout(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    clock_begin_turn();
    parked_wake(ctx, KR_WAKE_TIMEOUT, kr_str(NULL, 0));
    call_settle();
}

static void parked_copy_words(struct parked *parked)
{
    const struct kr_call *pub = &parked->call.pub;
    size_t size = pub->argc * sizeof(struct kr_str);
    char *at;

    for (uint32_t i = 0; i < pub->argc; i++)
        size += pub->argv[i].size;
    parked->words = memory_alloc(size);
    at = (char *)(parked->words + pub->argc);
    for (uint32_t i = 0; i < pub->argc; i++) {
        memcpy(at, pub->argv[i].data, pub->argv[i].size);
        parked->words[i] = kr_str(at, pub->argv[i].size);
        at += pub->argv[i].size;
    }
    parked->call.pub.argv = parked->words;
    parked->call.input = NULL;
}

static void parked_join_lines(struct parked *parked, const struct kr_park *how)
{
    kr_db *db = parked->call.pub.db;

    parked->waiters =
        memory_alloc((how->key_count + 1) * sizeof(struct waiter));
    for (uint32_t i = 0; i < how->key_count; i++) {
        struct line *line = line_make(db, how->keys[i]);
        struct waiter *waiter = &parked->waiters[parked->waiter_count];
        struct waiter *last = TAILQ_LAST(&line->waiters, waiter_list);

        if (last && last->parked == parked)
            continue; /* the same key twice */
        *waiter = (struct waiter){.line = line, .parked = parked};
        TAILQ_INSERT_TAIL(&line->waiters, waiter, link);
        parked->waiter_count++;
    }
}

static kr_parked *block_park(struct kr_call *pub, const struct kr_park *how)
{
    struct call *call = (struct call *)pub;
    kr_client *client = pub->client;
    struct parked *parked;

    if (pub->flags &
            (KR_CALL_NO_BLOCK | KR_CALL_SCRIPT | KR_CALL_TRANSACTION) ||
        call->outer || !client || client->parked)
        return NULL;
    parked = memory_calloc(1, sizeof(*parked));
    call->parked = true;
    parked->call = *call;
    parked->how = *how;
    parked->how.keys = NULL;
    parked->client = client;
    parked->module = ((struct kr_cmd *)pub->command)->module;
    if (parked->module)
        parked->module->held++;
    parked_copy_words(parked);
    parked_join_lines(parked, how);
    if (how->deadline_ms > 0) {
        int64_t wait_ms = how->deadline_ms - clock_wall_ms();
        struct timeval tv = {0, 0};

        if (wait_ms > 0)
            tv = (struct timeval){wait_ms / 1000, wait_ms % 1000 * 1000};
        parked->timer = event_new(loop_base(), -1, 0, parked_timeout, parked);
        event_add(parked->timer, &tv);
    }
    LIST_INSERT_HEAD(&block.parked, parked, link);
    block.count++;
    block_count_gone(parked, 1);
    client->parked = parked;
    client->flags |= KR_CLIENT_BLOCKED;
    client_suspend(client);
    return (kr_parked *)parked;
}

/* --- Waking -------------------------------------------------------------- */

static void block_ready(kr_db *db, struct kr_str key)
{
    struct table_place place;
    struct line *line;

    if (block.count == 0)
        return;
    line = line_find(db, key, line_hash(db, key), &place);
    if (line)
        line_mark(line);
}

/* Ask the waiters of one line in turn.  Anyone may leave, and new ones may come
 * to the end, while we do: stop behind the one that was last. */
static void line_serve(struct line *line)
{
    struct waiter *last = TAILQ_LAST(&line->waiters, waiter_list);
    struct waiter *waiter = TAILQ_FIRST(&line->waiters), *next;
    kr_db *db = line->db;
    uint64_t hash = line->hash;
    struct kr_str key = {memory_strndup(line->key, line->key_size),
                         line->key_size};
    struct table_place place;

    for (; waiter; waiter = next) {
        bool at_last = waiter == last;

        next = at_last ? NULL : TAILQ_NEXT(waiter, link);
        (void)parked_wake(waiter->parked, KR_WAKE_READY, key);
        if (next && !line_find(db, key, hash, &place))
            break;
    }
    memory_free((char *)key.data);
}

void block_serve(void)
{
    struct line *line;

    while ((line = TAILQ_FIRST(&block.ready))) {
        TAILQ_REMOVE(&block.ready, line, ready);
        line->is_ready = false;
        line_serve(line);
    }
    block_has_ready = false;
}

static void parked_complete(void *ctx)
{
    struct parked *parked = ctx;

    parked_wake(parked, KR_WAKE_DONE, kr_str(NULL, 0));
    call_settle();
}

static void block_complete(kr_parked *parked)
{
    loop_interface.post(((struct parked *)parked)->module, parked_complete,
                        parked);
}

static bool block_unblock(kr_client *client, bool error)
{
    struct parked *parked = client->parked;

    if (!parked || parked->how.flags & KR_PARK_NO_UNBLOCK)
        return false;
    parked_wake(parked, error ? KR_WAKE_UNBLOCK : KR_WAKE_TIMEOUT,
                kr_str(NULL, 0));
    return true;
}

void block_abandon(struct parked *parked)
{
    kr_client *client = parked->client;

    output_mute(&client->output, true);
    parked->how.wake(&parked->call.pub, KR_WAKE_GONE, kr_str(NULL, 0),
                     parked->how.ctx);
    client->parked = NULL;
    parked_free(parked);
}

static void block_mark_db(void *entry, void *ctx)
{
    struct line *line = entry;

    if (line->db == ctx)
        line_mark(line);
}

/* Other values stand under the names that clients wait for. */
static void block_swapped(kr_db *db)
{
    if (block.count > 0)
        table_each(&block.lines, block_mark_db, db);
}

void block_init(void)
{
    keyspace_hooks.swapped = block_swapped;
}

void block_forget(kr_module *module)
{
    struct parked *parked, *next;

    for (parked = LIST_FIRST(&block.parked); parked; parked = next) {
        next = LIST_NEXT(parked, link);
        if (parked->module == module)
            parked_wake(parked, KR_WAKE_UNBLOCK, kr_str(NULL, 0));
    }
}

uint64_t block_key_count(void)
{
    return block.begun ? table_count(&block.lines) : 0;
}

static uint64_t block_count(void)
{
    return block.count;
}

static bool block_waiting(kr_db *db, struct kr_str key)
{
    struct table_place place;

    return block.count > 0 && line_find(db, key, line_hash(db, key), &place);
}

const struct kr_block block_interface = {
    .size = sizeof(struct kr_block),
    .park = block_park,
    .complete = block_complete,
    .unblock = block_unblock,
    .ready = block_ready,
    .count = block_count,
    .waiting = block_waiting,
};
