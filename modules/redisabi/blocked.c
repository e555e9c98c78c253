/* SPDX-License-Identifier: BSD-3-Clause */
/* blocked - blocking a client, and letting it go from any thread.
 *
 *   BlockClient ---> parked ---timeout---> timeout callback ---+
 *                      |                                       v
 *   UnblockClient --> post --> complete --> reply callback --> over, and when
 *   (any thread)      (main)                what threads wrote  unblocked: free
 *
 *   BlockClientOnKeys --> parked --key ready--> reply callback: served? --> free
 *                            ^---------------------- no ---'
 *
 * As in Redis it is a key's coming that makes it ready, not what becomes of it
 * later: types report that it has grown, too, so the host's event of new keys is
 * listened to while somebody waits.  Streams are the exception;
 * strings, hashes and sets wake nobody.  With
 * UNBLOCK_DELETED its end, or another type in its place, counts as well.
 *
 * Who waits for keys and is unblocked by its guest is as one whose time is over:
 * the timeout callback replies.
 *
 * When another build takes its guest's place, who waits for keys has its command
 * run anew by that one, which will wait as it sees fit.  Others are waited for by
 * the old one, which is there as long. */
#include "blocked.h"

#include "login.h"
#include "text.h"

#include <kr/hash.h>
#include <kr/set.h>
#include <kr/stream.h>
#include <kr/string.h>

#include <stdatomic.h>

#define BLOCKED_OF(blocked, why_)                                              \
    do {                                                                       \
        ctx.blocked = (blocked);                                               \
        ctx.why = (why_);                                                      \
    } while (0)

/* --- Keys ----------------------------------------------------------------- */

static struct awaited *awaited_find(const struct RedisModuleBlockedClient *b,
                                    struct kr_str key)
{
    for (uint32_t i = 0; i < b->key_count; i++) {
        if (kr_str_equal(b->keys[i].name, key))
            return &b->keys[i];
    }
    return NULL;
}

/* Of all who wait for it; NULL: for any.  O(clients that wait). */
static void awaited_note(const kr_db *db, const struct kr_str *key,
                         bool signalled)
{
    for (struct guest *g = house()->guests; g; g = g->next)
        for (struct RedisModuleBlockedClient *b = g->waiting; b; b = b->next)
            for (uint32_t i = 0; i < b->key_count; i++) {
                if (key &&
                    (b->db != db || !kr_str_equal(b->keys[i].name, *key)))
                    continue;
                b->keys[i].came |= !signalled;
                b->keys[i].signalled |= signalled;
            }
}

static void awaited_on_key(void *ctx, const void *payload)
{
    const struct kr_key_event *event = payload;

    (void)ctx;
    if (!(event->kind & KR_CLASS_NEW) ||
        !kr_block->waiting(event->db, event->key))
        return;
    awaited_note(event->db, &event->key, false);
    kr_block->ready(event->db, event->key);
}

static void awaited_on_swap(void *ctx, const void *payload)
{
    (void)ctx;
    (void)payload;
    awaited_note(NULL, NULL, false);
}

static uint16_t awaited_type(kr_db *db, struct kr_str key)
{
    struct kr_cell cell;

    return kr_keyspace->find(db, key, KR_FIND_QUIET, &cell) ? cell.type : 0;
}

static void awaited_begin(struct RedisModuleBlockedClient *blocked,
                          uint32_t count, const struct kr_str *names)
{
    struct house *all = house();
    size_t size = count * sizeof(*blocked->keys);
    char *at;

    for (uint32_t i = 0; i < count; i++)
        size += names[i].size;
    blocked->keys = kr_memory->alloc(redisabi_self, size + 1);
    blocked->key_count = count;
    at = (char *)(blocked->keys + count);
    for (uint32_t i = 0; i < count; i++) {
        memcpy(at, names[i].data, names[i].size);
        blocked->keys[i] =
            (struct awaited){.name = kr_str(at, names[i].size),
                             .type = awaited_type(blocked->db, names[i])};
        at += names[i].size;
    }
    if (all->awaited.count++ > 0)
        return;
    all->awaited.keys = kr_events->subscribe(all->self, KR_EVENT_KEY_NOTIFY,
                                             awaited_on_key, all);
    all->awaited.swaps =
        kr_events->subscribe(all->self, KR_EVENT_SWAP, awaited_on_swap, all);
}

static void awaited_end(struct RedisModuleBlockedClient *blocked)
{
    struct house *all = house();

    if (!blocked->on_keys)
        return;
    kr_memory->free(redisabi_self, blocked->keys);
    if (--all->awaited.count > 0)
        return;
    kr_events->unsubscribe(all->awaited.keys);
    kr_events->unsubscribe(all->awaited.swaps);
}

static bool awaited_may_block(const struct kr_cell *cell)
{
    return !kr_strings->is_string(cell) &&
           !(kr_hashes && kr_hashes->is_hash(cell)) &&
           !(kr_sets && kr_sets->is_set(cell));
}

/* Is the client to be asked whether that key serves it? */
static bool awaited_has_come(struct RedisModuleBlockedClient *blocked,
                             struct kr_str key)
{
    struct awaited *awaited = awaited_find(blocked, key);
    struct awaited was = *awaited;
    struct kr_cell cell;

    awaited->came = awaited->signalled = false;
    awaited->type = 0;
    if (!kr_keyspace->find(blocked->db, key, KR_FIND_QUIET, &cell))
        return blocked->on_deletion;
    awaited->type = cell.type;
    return was.signalled || (was.came && awaited_may_block(&cell)) ||
           (kr_streams && kr_streams->is_stream(&cell)) ||
           (blocked->on_deletion && was.type && was.type != cell.type);
}

/* --- Its end -------------------------------------------------------------- */

static void blocked_free(struct RedisModuleBlockedClient *blocked)
{
    RedisModuleCtx ctx;

    if (blocked->free_data && blocked->data) {
        context_begin(&ctx, blocked->guest, NULL);
        BLOCKED_OF(blocked, blocked->done ? 0 : CONTEXT_GONE);
        blocked->free_data(&ctx, blocked->data);
        context_end(&ctx);
    }
    awaited_end(blocked);
    kr_calls->free_sink(blocked->sink);
    blocked->guest->blocked--;
    *blocked->link = blocked->next;
    if (blocked->next)
        blocked->next->link = blocked->link;
    else
        blocked->guest->waiting_end = blocked->link;
    kr_memory->free(redisabi_self, blocked->name);
    kr_memory->free(redisabi_self, blocked);
}

/* The parked call has ended. */
static void blocked_over(void *given)
{
    struct RedisModuleBlockedClient *blocked = given;

    blocked->parked = NULL;
    if (blocked->released || (blocked->on_keys && !blocked->asked))
        blocked_free(blocked);
}

/* --- Waking --------------------------------------------------------------- */

static int blocked_call_back(struct RedisModuleBlockedClient *blocked,
                             struct kr_call *call, RedisModuleCmdFunc run,
                             uint32_t why, RedisModuleString *ready)
{
    RedisModuleCtx ctx;
    int result = REDISMODULE_OK;

    context_begin(&ctx, blocked->guest, call);
    BLOCKED_OF(blocked, why);
    ctx.ready = ready;
    if (run)
        result = context_run(&ctx, run, call->argc, call->argv);
    if (result == REDISMODULE_OK && !ctx.replicated)
        kr_journal->suppress(call, KR_JOURNAL_ALL);
    return result;
}

/* The guest says whether that suffices. */
static bool blocked_serve(struct RedisModuleBlockedClient *blocked,
                          struct kr_call *call, struct kr_str key)
{
    RedisModuleString *ready;
    int result;

    if (blocked->asked || !awaited_has_come(blocked, key))
        return false;
    ready = text_new(key);
    result =
        blocked_call_back(blocked, call, blocked->reply, CONTEXT_REPLY, ready);
    text_release(ready);
    blocked->done = result == REDISMODULE_OK;
    return blocked->done;
}

static void blocked_finish(struct RedisModuleBlockedClient *blocked,
                           struct kr_call *call)
{
    struct kr_str written = kr_calls->sink_bytes(blocked->sink);

    blocked->done = true;
    if (blocked->login) {
        login_resume(blocked, call);
        return;
    }
    if (blocked->aborted)
        return;
    if (blocked->on_keys)
        (void)blocked_call_back(blocked, call, blocked->timeout,
                                CONTEXT_TIMEOUT, NULL);
    else
        (void)blocked_call_back(blocked, call, blocked->reply, CONTEXT_REPLY,
                                NULL);
    if (written.size > 0)
        call->reply->ops->raw(call->reply, written);
}

static void blocked_lost(struct RedisModuleBlockedClient *blocked)
{
    RedisModuleCtx ctx;

    if (!blocked->disconnect || blocked->aborted)
        return;
    context_begin(&ctx, blocked->guest, NULL);
    BLOCKED_OF(blocked, CONTEXT_GONE);
    blocked->disconnect(&ctx, blocked);
    context_end(&ctx);
}

/* Its command is run anew by the guest that serves now. */
static bool blocked_ask_anew(struct RedisModuleBlockedClient *blocked,
                             struct kr_call *call)
{
    struct guest *now = kr_modules->state(blocked->guest->self);

    if (!command_run_anew(now, blocked->name, call, blocked->deadline_ms))
        kr_reply_error(call->reply, "UNBLOCKED its module has been upgraded to "
                                    "one without this command");
    blocked->done = true;
    return true;
}

static bool blocked_go_on(struct RedisModuleBlockedClient *blocked,
                          struct kr_call *call, uint32_t why, struct kr_str key)
{
    if (blocked->guest->replaced && blocked->on_keys && !blocked->asked &&
        (why == KR_WAKE_READY || why == KR_WAKE_DONE))
        return blocked_ask_anew(blocked, call);
    switch (why) {
    case KR_WAKE_READY:
        return blocked_serve(blocked, call, key);
    case KR_WAKE_TIMEOUT:
        if (!blocked->aborted)
            (void)blocked_call_back(blocked, call, blocked->timeout,
                                    CONTEXT_TIMEOUT, NULL);
        return true;
    case KR_WAKE_DONE:
        blocked_finish(blocked, call);
        return true;
    default:
        blocked_lost(blocked);
        return true;
    }
}

/* What the guest has measured counts with the command; it may have ended the
 * measuring only now. */
static bool blocked_wake(struct kr_call *call, uint32_t why, struct kr_str key,
                         void *given)
{
    struct RedisModuleBlockedClient *blocked = given;
    bool over = blocked_go_on(blocked, call, why, key);
    int64_t spent_ns = atomic_exchange(&blocked->background_ns, 0);

    if (spent_ns > 0)
        kr_block->spent(blocked->parked, (uint64_t)spent_ns);
    return over;
}

/* --- Blocking ------------------------------------------------------------- */

/* Where nothing may wait the client is told so, and the guest gets a handle
 * all the same. */
static void blocked_park(RedisModuleCtx *ctx,
                         struct RedisModuleBlockedClient *blocked,
                         const struct kr_park *how)
{
    if (ctx->call->flags & KR_CALL_SCRIPT)
        kr_reply_error(ctx->reply,
                       "ERR Blocking module command called from Lua script");
    else if (ctx->call->flags & KR_CALL_TRANSACTION)
        kr_reply_error(ctx->reply,
                       "ERR Blocking module command called from transaction");
    else
        blocked->parked = kr_block->park(ctx->call, how);
    ctx->waits = blocked->parked != NULL;
}

static void blocked_enlist(struct RedisModuleBlockedClient *blocked)
{
    struct guest *guest = blocked->guest;

    blocked->link = guest->waiting_end;
    *guest->waiting_end = blocked;
    guest->waiting_end = &blocked->next;
    guest->blocked++;
}

void blocked_hand_over(struct guest *guest)
{
    for (struct RedisModuleBlockedClient *b = guest->waiting; b; b = b->next)
        if (b->on_keys && b->parked && !b->asked)
            kr_block->complete(b->parked);
}

static struct RedisModuleBlockedClient *
blocked_new(RedisModuleCtx *ctx, RedisModuleCmdFunc reply,
            RedisModuleCmdFunc timeout,
            void (*free_data)(RedisModuleCtx *ctx, void *data), long long ms,
            struct kr_park *how)
{
    struct RedisModuleBlockedClient *blocked =
        kr_memory->calloc(redisabi_self, 1, sizeof(*blocked));

    blocked->guest = ctx->guest;
    blocked_enlist(blocked);
    blocked->deadline_ms = ms > 0 ? ctx->call->now_ms + ms : 0;
    if (ctx->until_ms &&
        (!blocked->deadline_ms || blocked->deadline_ms > ctx->until_ms))
        blocked->deadline_ms = ctx->until_ms;
    blocked->reply = reply;
    blocked->timeout = timeout;
    blocked->free_data = free_data;
    blocked->db = ctx->db;
    blocked->command = ctx->command;
    blocked->sink = kr_calls->new_sink(ctx->reply->protocol);
    *how = (struct kr_park){.size = sizeof(*how),
                            .deadline_ms = blocked->deadline_ms,
                            .wake = blocked_wake,
                            .free = blocked_over,
                            .ctx = blocked,
                            .flags = timeout ? 0 : KR_PARK_NO_UNBLOCK};
    return blocked;
}

/* It will be unblocked by another thread, most likely. */
RedisModuleBlockedClient *
rm_BlockClient(RedisModuleCtx *ctx, RedisModuleCmdFunc reply,
               RedisModuleCmdFunc timeout,
               void (*free_data)(RedisModuleCtx *ctx, void *data), long long ms)
{
    struct kr_park how;
    struct RedisModuleBlockedClient *blocked =
        blocked_new(ctx, reply, timeout, free_data, ms, &how);

    threads_begin();
    kr_loaders->image_keep(ctx->guest->image);
    blocked_park(ctx, blocked, &how);
    return blocked;
}

/* Only from a porter. */
RedisModuleBlockedClient *
rm_BlockClientOnAuth(RedisModuleCtx *ctx, RedisModuleAuthCallback reply,
                     void (*free_data)(RedisModuleCtx *ctx, void *data))
{
    RedisModuleBlockedClient *blocked;
    struct kr_park how;

    if (!ctx->login) {
        kr_reply_error(ctx->reply,
                       "ERR Module blocking client on auth when not "
                       "currently undergoing module authentication");
        return NULL;
    }
    blocked = blocked_new(ctx, NULL, NULL, free_data, 0, &how);
    blocked->login = reply;
    blocked->porter = ctx->login->porter;
    ctx->login->waits = true;
    threads_begin();
    kr_loaders->image_keep(ctx->guest->image);
    blocked_park(ctx, blocked, &how);
    return blocked;
}

RedisModuleBlockedClient *rm_BlockClientOnKeysWithFlags(
    RedisModuleCtx *ctx, RedisModuleCmdFunc reply, RedisModuleCmdFunc timeout,
    void (*free_data)(RedisModuleCtx *ctx, void *data), long long ms,
    RedisModuleString **keys, int count, void *data, int flags)
{
    struct kr_park how;
    struct RedisModuleBlockedClient *blocked =
        blocked_new(ctx, reply, timeout, free_data, ms, &how);
    struct kr_str *names =
        kr_memory->alloc(redisabi_self, ((size_t)count + 1) * sizeof(*names));

    for (int i = 0; i < count; i++)
        names[i] = text_view(keys[i]);
    how.keys = names;
    how.key_count = (uint32_t)count;
    if (flags & REDISMODULE_BLOCK_UNBLOCK_DELETED) {
        how.flags |= KR_PARK_WAKE_ON_DELETE;
        blocked->on_deletion = true;
    }
    blocked->on_keys = true;
    awaited_begin(blocked, how.key_count, names);
    blocked->data = data;
    blocked->name = rm_Strdup(command_full_name(ctx->command));
    blocked_park(ctx, blocked, &how);
    kr_memory->free(redisabi_self, names);
    return blocked;
}

RedisModuleBlockedClient *rm_BlockClientOnKeys(
    RedisModuleCtx *ctx, RedisModuleCmdFunc reply, RedisModuleCmdFunc timeout,
    void (*free_data)(RedisModuleCtx *ctx, void *data), long long ms,
    RedisModuleString **keys, int count, void *data)
{
    return rm_BlockClientOnKeysWithFlags(ctx, reply, timeout, free_data, ms,
                                         keys, count, data,
                                         REDISMODULE_BLOCK_UNBLOCK_DEFAULT);
}

void rm_SignalKeyAsReady(RedisModuleCtx *ctx, RedisModuleString *name)
{
    struct kr_str key = text_view(name);

    awaited_note(ctx->db, &key, true);
    kr_block->ready(ctx->db, key);
}

/* --- Unblocking ----------------------------------------------------------- */

/* On the main thread: complete() wakes at once or after this. */
static void blocked_release(void *given)
{
    struct RedisModuleBlockedClient *blocked = given;

    blocked->released = true;
    if (blocked->parked)
        kr_block->complete(blocked->parked);
    else
        blocked_free(blocked);
}

/* Of one that waits for keys the guest's data stand already. */
int rm_UnblockClient(RedisModuleBlockedClient *blocked, void *data)
{
    if (blocked->on_keys && !blocked->timeout)
        return REDISMODULE_ERR;
    if (blocked->on_keys && blocked->asked)
        return REDISMODULE_OK;
    if (!blocked->on_keys)
        blocked->data = data;
    blocked->asked = true;
    kr_loop->post(redisabi_self, blocked_release, blocked);
    return REDISMODULE_OK;
}

/* The command has replied itself. */
int rm_AbortBlock(RedisModuleBlockedClient *blocked)
{
    blocked->aborted = true;
    return rm_UnblockClient(blocked, NULL);
}

void rm_SetDisconnectCallback(RedisModuleBlockedClient *blocked,
                              RedisModuleDisconnectFunc run)
{
    blocked->disconnect = run;
}

/* --- What it took --------------------------------------------------------- */

int rm_BlockedClientMeasureTimeStart(RedisModuleBlockedClient *blocked)
{
    blocked->begun_ns = kr_loop->monotonic_ns();
    return REDISMODULE_OK;
}

int rm_BlockedClientMeasureTimeEnd(RedisModuleBlockedClient *blocked)
{
    if (blocked->begun_ns == 0)
        return REDISMODULE_ERR;
    blocked->background_ns += kr_loop->monotonic_ns() - blocked->begun_ns;
    return REDISMODULE_OK;
}

/* --- In its callbacks ----------------------------------------------------- */

int rm_IsBlockedReplyRequest(RedisModuleCtx *ctx)
{
    return (ctx->why & CONTEXT_REPLY) != 0;
}

int rm_IsBlockedTimeoutRequest(RedisModuleCtx *ctx)
{
    return (ctx->why & CONTEXT_TIMEOUT) != 0;
}

int rm_BlockedClientDisconnected(RedisModuleCtx *ctx)
{
    return (ctx->why & CONTEXT_GONE) != 0;
}

void *rm_GetBlockedClientPrivateData(RedisModuleCtx *ctx)
{
    return ctx->blocked ? ctx->blocked->data : NULL;
}

void *rm_BlockClientGetPrivateData(RedisModuleBlockedClient *blocked)
{
    return blocked->data;
}

void rm_BlockClientSetPrivateData(RedisModuleBlockedClient *blocked, void *data)
{
    blocked->data = data;
}

RedisModuleBlockedClient *rm_GetBlockedClientHandle(RedisModuleCtx *ctx)
{
    return ctx->blocked;
}

RedisModuleString *rm_GetBlockedClientReadyKey(RedisModuleCtx *ctx)
{
    return ctx->ready;
}
