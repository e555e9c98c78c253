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
 * waiter that cannot use the key keeps its place; when a value is used up, those
 * behind are not asked for nothing.  Whoever is asked may end the waiting of
 * others: two entries without a call keep the line and the place in it
 * meanwhile.
 *
 * A kr_parked is a number: threads hold it, and may name it when the call has
 * ended long ago, because its client went.
 *
 * Costs: park O(keys), wake O(keys of the woken), ready() one look-up. */
#include "core/dispatch/block.h"

#include "core/clock/clock.h"
#include "core/dispatch/call.h"
#include "core/dispatch/journal.h"
#include "core/dispatch/pause.h"
#include "core/event/span.h"
#include "core/keyspace/hooks.h"
#include "core/keyspace/keyspace.h"
#include "core/keyspace/table.h"
#include "core/loop/loop.h"
#include "core/memory/memory.h"
#include "core/module/carry.h"
#include "core/module/module.h"
#include "core/net/client.h"

#include <sys/queue.h>

struct line;

struct waiter {
    TAILQ_ENTRY(waiter) link;
    struct line *line;
    struct parked *parked; /* NULL: a place that line_serve() keeps */
};

struct line {
    TAILQ_HEAD(waiter_list, waiter) waiters;
    TAILQ_ENTRY(line) ready;
    kr_db *db;
    uint64_t hash;
    bool is_ready;
    bool is_paused; /* it was ready for a call that a pause concerns */
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
    int64_t deadline_ns; /* of the monotonic clock */
    uint64_t id;
    uint32_t waiter_count;
    uint32_t belated; /* KR_WAKE_ that came while it was being woken */
    bool waking;
    bool is_belated;
    struct waiter *waiters;
    struct kr_str *words;
};

bool block_has_ready;

static struct {
    struct table lines;
    struct table by_id;
    uint64_t last_id;
    bool begun; /* the tables are made */
    bool serving;
    TAILQ_HEAD(line_list, line) ready;
    LIST_HEAD(, parked) parked;
    uint64_t count;
    uint64_t want_gone;       /* parked with KR_PARK_WAKE_ON_DELETE */
    const kr_module *leaving; /* its calls end with an error */
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
    if (waiter->parked && waiter->parked->how.flags & KR_PARK_WAKE_ON_DELETE) {
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

static uint64_t parked_hash(uint64_t id)
{
    return id * 0x9e3779b97f4a7c15u;
}

static uint64_t parked_rehash(const void *entry, const void *ctx)
{
    (void)ctx;
    return parked_hash(((const struct parked *)entry)->id);
}

static struct parked *parked_find(uint64_t id, struct table_place *place)
{
    uint64_t hash = parked_hash(id);
    struct parked *parked;

    if (!block.begun || table_count(&block.by_id) == 0)
        return NULL;
    parked = table_first(&block.by_id, hash, place);
    while (parked && parked->id != id)
        parked = table_next(hash, place);
    return parked;
}

/* Nothing refers to it any more. */
static void parked_free(struct parked *parked)
{
    struct table_place place;
    kr_module *was;

    parked_leave_lines(parked);
    if (parked->timer)
        event_free(parked->timer);
    if (parked->how.free) {
        was = module_enter(parked->module);
        parked->how.free(parked->how.ctx);
        module_leave(was);
    }
    if (parked_find(parked->id, &place))
        table_erase(&block.by_id, parked_hash(parked->id), &place);
    LIST_REMOVE(parked, link);
    block.count--;
    block_count_gone(parked, -1);
    if (parked->module)
        parked->module->parked--;
    memory_free(parked->waiters);
    memory_free(parked->words);
    memory_free(parked);
}

/* The wake function writes the reply.  false: it keeps waiting. */
static bool parked_run(struct parked *parked, uint32_t why, struct kr_str key)
{
    struct call *call = &parked->call;
    uint64_t ticks = clock_ticks();
    kr_module *was;
    bool over = true;

    call->pub.now_ms = clock_turn_ms;
    call->pub.flags |= KR_CALL_RESUMED;
    call->pub.state = parked->module ? parked->module->state : NULL;
    call->inner_changes = 0;
    call->replaced = false;
    call_begin(call);
    was = module_enter(parked->module);
    if (why == KR_WAKE_UNBLOCK && block.leaving)
        kr_reply_errorf(call->pub.reply,
                        "NOMODULE module '%s' has been unloaded",
                        block.leaving->name);
    else if (why == KR_WAKE_UNBLOCK)
        kr_reply_error(call->pub.reply,
                       "UNBLOCKED client unblocked via CLIENT UNBLOCK");
    else
        over = parked->how.wake(&call->pub, why, key, parked->how.ctx) ||
               why != KR_WAKE_READY;
    module_leave(was);
    call->parked = !over || parked->client->parked != parked;
    ticks = clock_ticks() - ticks;
    call_end(call, ticks);
    span_tell_ticks("command-unblocking", ticks);
    return over;
}

/* The call has its reply, and its client goes on. */
static void parked_resume(kr_client *client)
{
    client->parked = NULL;
    client->flags &= ~KR_CLIENT_BLOCKED;
    if (call_alerts & ALERT_REPLY)
        call_replied(client);
    client_resume(client);
}

/* Go on with the call.  false: it keeps waiting.  It may let the loop run, and
 * then be woken again: that counts when it has ended, if it has not ended.  It
 * may park again, which makes a new record of it. */
static bool parked_wake(struct parked *parked, uint32_t why, struct kr_str key)
{
    kr_client *client = parked->client;
    bool over;

    if (parked->waking) {
        if (why != KR_WAKE_READY) {
            parked->is_belated = true;
            parked->belated = why;
        }
        return false;
    }
    parked->waking = true;
    client->in_use++;
    over = parked_run(parked, why, key);
    if (!over && parked->is_belated)
        over = parked_run(parked, parked->belated, kr_str(NULL, 0));
    client->in_use--;
    parked->waking = false;
    if (over) {
        bool again = client->parked != parked;

        parked_free(parked);
        if (!again)
            parked_resume(client);
    }
    /* Its effects are a unit of their own. */
    if (journal_armed && call_depth == 0)
        journal_deliver();
    return over;
}

static void parked_set_timer(struct parked *parked)
{
    int64_t us = (parked->deadline_ns - clock_monotonic_ns()) / 1000 + 1;
    struct timeval tv = {0, 0};

    if (us > 0)
        tv = (struct timeval){us / 1000000, us % 1000000};
    event_add(parked->timer, &tv);
}

/* The loop's clock is coarse: it may be some milliseconds early. */
static void parked_timeout(evutil_socket_t fd, short what, void *ctx)
{
    struct parked *parked = ctx;

    loop_wake();
    (void)fd;
    (void)what;
    if (clock_monotonic_ns() < parked->deadline_ns) {
        parked_set_timer(parked);
        return;
    }
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

/* A client waits for one call at a time, which may park again when woken. */
static bool block_may_park(const struct call *call)
{
    const kr_client *client = call->pub.client;

    return !(call->pub.flags &
             (KR_CALL_NO_BLOCK | KR_CALL_SCRIPT | KR_CALL_TRANSACTION)) &&
           (!call->outer || call->run_flags & KR_RUN_MAY_BLOCK) && client &&
           !client->doomed &&
           (!client->parked || call == &client->parked->call);
}

static kr_parked *block_park(struct kr_call *pub, const struct kr_park *how)
{
    struct call *call = (struct call *)pub;
    kr_client *client = pub->client;
    struct parked *parked;

    if (!block.begun) {
        table_init(&block.lines, line_rehash, NULL);
        table_init(&block.by_id, parked_rehash, NULL);
        block.begun = true;
    }
    if (!block_may_park(call))
        return NULL;
    parked = memory_calloc(1, sizeof(*parked));
    call->parked = true;
    parked->call = *call;
    parked->call.outer = NULL;
    if (call->run_flags & KR_RUN_MAY_BLOCK)
        parked->call.pub.reply = &client->output.reply;
    /* The call that ends now sees to these. */
    parked->call.later = NULL;
    parked->call.pushes = (struct output_list){.head = NULL};
    parked->id = ++block.last_id;
    parked->how = *how;
    parked->how.keys = NULL;
    parked->client = client;
    parked->module = ((struct kr_cmd *)pub->command)->module;
    if (parked->module)
        parked->module->parked++;
    parked_copy_words(parked);
    parked_join_lines(parked, how);
    if (how->deadline_ms > 0) {
        int64_t wait_ms = how->deadline_ms - clock_wall_ms();

        parked->deadline_ns = clock_monotonic_ns() + wait_ms * 1000000;
        parked->timer = event_new(loop_base(), -1, 0, parked_timeout, parked);
        parked_set_timer(parked);
    }
    LIST_INSERT_HEAD(&block.parked, parked, link);
    table_insert(&block.by_id, parked_hash(parked->id), parked);
    block.count++;
    block_count_gone(parked, 1);
    client->parked = parked;
    client->flags |= KR_CLIENT_BLOCKED;
    client_suspend(client);
    return (kr_parked *)(uintptr_t)parked->id;
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

static bool line_has_value(const struct line *line)
{
    struct kr_cell cell;

    return keyspace_interface.find(line->db, kr_str(line->key, line->key_size),
                                   KR_FIND_QUIET, &cell);
}

/* May a waiter of that line be asked?  The dead take nothing; who would write
 * waits for the end of a pause. */
static bool parked_may_wake(const struct parked *parked, struct line *line)
{
    const kr_client *client = parked->client;

    if (client->doomed || client->flags & KR_CLIENT_CLOSING)
        return false;
    if (call_alerts & ALERT_PAUSED &&
        pause_concerns(client, parked->call.pub.command->flags)) {
        line->is_paused = true;
        return false;
    }
    return true;
}

/* Ask the waiters of one line in turn.  Anyone may leave, and new ones may come
 * to the end, while we do: stop behind the one that was last. */
static void line_serve(struct line *line)
{
    struct waiter here = {.line = line}, end = {.line = line};
    struct kr_str key = {line->key, line->key_size};
    bool has_value = line_has_value(line);
    struct waiter *waiter;

    TAILQ_INSERT_HEAD(&line->waiters, &here, link);
    TAILQ_INSERT_TAIL(&line->waiters, &end, link);
    while ((waiter = TAILQ_NEXT(&here, link)) != &end) {
        TAILQ_REMOVE(&line->waiters, &here, link);
        TAILQ_INSERT_AFTER(&line->waiters, waiter, &here, link);
        if (parked_may_wake(waiter->parked, line) &&
            parked_wake(waiter->parked, KR_WAKE_READY, key) && has_value &&
            block.want_gone == 0 && !line_has_value(line))
            break;
    }
    TAILQ_REMOVE(&line->waiters, &here, link);
    TAILQ_REMOVE(&line->waiters, &end, link);
    line_drop_if_empty(line);
}

void block_serve(void)
{
    struct line *line;

    /* A reader of the journal may run commands while we are at it. */
    if (block.serving)
        return;
    block.serving = true;
    while ((line = TAILQ_FIRST(&block.ready))) {
        TAILQ_REMOVE(&block.ready, line, ready);
        line->is_ready = false;
        line_serve(line);
    }
    block_has_ready = false;
    block.serving = false;
}

static void block_mark_paused(void *entry, void *ctx)
{
    struct line *line = entry;

    (void)ctx;
    if (line->is_paused)
        line_mark(line);
    line->is_paused = false;
}

void block_unpause(void)
{
    if (block.count > 0)
        table_each(&block.lines, block_mark_paused, NULL);
}

void block_spend(kr_client *client, uint64_t ticks)
{
    if (client->parked)
        client->parked->call.spent += ticks;
}

static void block_spent(kr_parked *handle, uint64_t nsec)
{
    struct table_place place;
    struct parked *parked = parked_find((uint64_t)(uintptr_t)handle, &place);

    if (parked)
        parked->call.spent += (uint64_t)((double)nsec / clock_ns_per_tick);
}

static void parked_complete(void *ctx)
{
    struct table_place place;
    struct parked *parked = parked_find((uint64_t)(uintptr_t)ctx, &place);

    if (!parked)
        return; /* it has ended in another way */
    clock_begin_turn();
    parked_wake(parked, KR_WAKE_DONE, kr_str(NULL, 0));
    call_settle();
}

/* On any thread, so the record may be gone: not even the module is read. */
static void block_complete(kr_parked *parked)
{
    loop_interface.post(NULL, parked_complete, parked);
}

static bool block_unblock(kr_client *client, bool error)
{
    struct parked *parked = client->parked;

    if (!parked || parked->waking || parked->how.flags & KR_PARK_NO_UNBLOCK)
        return false;
    parked_wake(parked, error ? KR_WAKE_UNBLOCK : KR_WAKE_TIMEOUT,
                kr_str(NULL, 0));
    call_settle();
    return true;
}

/* Nobody reads a reply any more. */
static void parked_abandon(struct parked *parked)
{
    kr_client *client = parked->client;
    kr_module *was;

    output_mute(&client->output, true);
    parked->call.pub.now_ms = clock_turn_ms;
    parked->call.pub.state = parked->module ? parked->module->state : NULL;
    was = module_enter(parked->module);
    parked->how.wake(&parked->call.pub, KR_WAKE_GONE, kr_str(NULL, 0),
                     parked->how.ctx);
    module_leave(was);
    client->parked = NULL;
    parked_free(parked);
}

void block_forget_client(kr_client *client)
{
    if (client->parked)
        parked_abandon(client->parked);
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
    struct parked *parked = LIST_FIRST(&block.parked);

    block.leaving = module;
    while (parked)
        if (parked->module == module && !parked->waking) {
            parked_wake(parked, KR_WAKE_UNBLOCK, kr_str(NULL, 0));
            parked = LIST_FIRST(&block.parked); /* others may have gone */
        } else {
            parked = LIST_NEXT(parked, link);
        }
    block.leaving = NULL;
}

bool block_carry(kr_module *module, const struct carry *carry, bool really)
{
    struct parked *parked;

    LIST_FOREACH(parked, &block.parked, link)
    {
        if (parked->module != module)
            continue;
        if (!CARRY(carry, really, &parked->how.wake) ||
            !CARRY(carry, really, &parked->how.free))
            return false;
    }
    return true;
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
    struct line *line = line_find(db, key, line_hash(db, key), &place);
    struct waiter *waiter;

    if (line)
        TAILQ_FOREACH(waiter, &line->waiters, link)
    if (waiter->parked)
        return true;
    return false;
}

const struct kr_block block_interface = {
    .size = sizeof(struct kr_block),
    .park = block_park,
    .complete = block_complete,
    .unblock = block_unblock,
    .ready = block_ready,
    .count = block_count,
    .waiting = block_waiting,
    .spent = block_spent,
};
