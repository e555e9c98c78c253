/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/net/client.h"

#include "core/clock/clock.h"
#include "core/event/event.h"
#include "core/keyspace/keyspace.h"
#include "core/log/log.h"
#include "core/loop/loop.h"
#include "core/memory/memory.h"
#include "core/net/input.h"
#include "core/net/slots.h"
#include "core/net/wire.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define WRITE_MAX (64 * 1024) /* bytes to one client a turn, then the others */
#define PIECES    64

#define STRANGER_MAX 1024 /* bytes that wait for who has not authenticated */

struct client_hooks client_hooks;
struct client_settings client_settings;
struct client_stats client_stats;

/* Ids are given in turn, so that a bucket has a thousandth of all clients. */
#define ID_BUCKETS 1024

TAILQ_HEAD(client_list, kr_client);
LIST_HEAD(client_bucket, kr_client);

static struct {
    struct client_bucket by_id[ID_BUCKETS];
    struct client_list all;       /* by id */
    struct client_list expectant; /* have input, or may go on with theirs */
    struct client_list pending;   /* have output to send this turn */
    struct client_list doomed;
    uint64_t count;
    uint64_t last_id;
    struct kr_client *sweep; /* where the tick goes on */
} clients = {
    .all = TAILQ_HEAD_INITIALIZER(clients.all),
    .expectant = TAILQ_HEAD_INITIALIZER(clients.expectant),
    .pending = TAILQ_HEAD_INITIALIZER(clients.pending),
    .doomed = TAILQ_HEAD_INITIALIZER(clients.doomed),
};

static struct client_bucket *client_bucket(uint64_t id)
{
    return &clients.by_id[id % ID_BUCKETS];
}

uint64_t client_count(void)
{
    return clients.count;
}

enum client_class client_class(const struct kr_client *client)
{
    if (client->flags & (KR_CLIENT_REPLICA | KR_CLIENT_MONITOR))
        return CLASS_REPLICA;
    return client->flags & KR_CLIENT_PUBSUB ? CLASS_PUBSUB : CLASS_NORMAL;
}

/* --- Limits -------------------------------------------------------------- */

/* Bytes that all clients together may use; 0: any. */
static int64_t client_memory_limit(void)
{
    int64_t limit = client_settings.maxmemory_clients;

    return limit < 0 ? keyspace_settings.maxmemory / 100 * -limit : limit;
}

/* Output may grow a lot between two turns, at the cost of keys if nobody looked
 * here.  What is exact takes a walk, so first an estimate. */
static bool client_overflows(const struct kr_client *client)
{
    int64_t limit = client_memory_limit();

    return limit > 0 && client_total_memory() - client->accounted +
                                input_memory(client) +
                                output_size(&client->output) >
                            (size_t)limit;
}

/* May this client have one more chunk of output?  Over the hard limit, or over
 * the soft one for too long, it is closed: it does not read. */
static bool client_may_write(struct output *output)
{
    struct kr_client *client = (struct kr_client *)output;
    const struct output_limit *limit =
        &client_settings.limits[client_class(client)];
    int64_t size = (int64_t)output_size(output);

    if (client->doomed)
        return false;
    if (limit->soft == 0 || size <= limit->soft)
        client->soft_limit_ms = 0;
    else if (client->soft_limit_ms == 0)
        client->soft_limit_ms = clock_turn_ms;
    if ((limit->hard == 0 || size <= limit->hard) &&
        (client->flags & KR_CLIENT_AUTHENTICATED || size <= STRANGER_MAX) &&
        (client->soft_limit_ms == 0 ||
         clock_turn_ms - client->soft_limit_ms <= limit->soft_seconds * 1000))
        return !client_overflows(client) || client_fits(client);
    log_warning("Client id=%llu omem=%lld scheduled to be closed ASAP for "
                "overcoming of output buffer limits.",
                (unsigned long long)client->id, (long long)size);
    client_stats.output_limit_hits++;
    client_doom(client, false);
    output_abandon(&client->output);
    return false;
}

size_t client_memory(const struct kr_client *client)
{
    return sizeof(*client) + client->charged + input_memory(client) +
           output_memory(&client->output);
}

/* Keep the sum over all clients exact without adding them all up. */
static void client_account(struct kr_client *client)
{
    size_t now = client_memory(client);
    size_t *sum = &client_stats.memory[client_class(client)];

    *sum += now - client->accounted;
    client->accounted = now;
}

size_t client_total_memory(void)
{
    size_t total = 0;

    for (int i = 0; i < CLASS_COUNT; i++)
        total += client_stats.memory[i];
    return total;
}

/* --- Life ---------------------------------------------------------------- */

static void client_dismiss(int fd, const char *error)
{
    /* The socket is new and its buffer empty: this does not block. */
    if (error &&
        send(fd, error, strlen(error), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        log_debug("net: refusing: %s", strerror(errno));
    close(fd);
    client_stats.rejected++;
}

struct kr_client *client_new_wired(int fd, uint32_t flags, struct wire *wire)
{
    struct kr_client *client;
    struct kr_client_event event = {.size = sizeof(event)};

    if (clients.count >= (uint64_t)client_settings.maxclients)
        return NULL;
    client = memory_try_calloc(1, sizeof(*client));
    if (!client)
        return NULL;
    output_init(&client->output, 2, client_may_write);
    client->id = ++clients.last_id;
    client->fd = fd;
    client->wire = wire;
    client->flags = flags | KR_CLIENT_AUTHENTICATED;
    client->db = keyspace_interface.db(0);
    client->created_ms = client->active_ms = clock_turn_ms;
    event_assign(&client->readable, loop_base(), fd, EV_READ | EV_PERSIST,
                 input_readable, client);
    if (fd >= 0 && event_add(&client->readable, NULL) < 0) {
        memory_free(client);
        return NULL;
    }
    TAILQ_INSERT_TAIL(&clients.all, client, all);
    LIST_INSERT_HEAD(client_bucket(client->id), client, same_bucket);
    clients.count++;
    client_stats.connections++;
    client_account(client);
    event.client = client;
    if (event_is_armed(EVENT_CLIENT_CONNECTED))
        event_raise(EVENT_CLIENT_CONNECTED, &event);
    return client;
}

struct kr_client *client_new(int fd, uint32_t flags)
{
    bool full = clients.count >= (uint64_t)client_settings.maxclients;
    struct kr_client *client = full ? NULL : client_new_wired(fd, flags, NULL);

    if (!client)
        client_dismiss(fd,
                       full ? "-ERR max number of clients reached\r\n" : NULL);
    return client;
}

void client_free_texts(struct kr_client *client)
{
    if (!client->texts)
        return;
    memory_free(client->texts->name);
    memory_free(client->texts->lib_name);
    memory_free(client->texts->lib_version);
    memory_free(client->texts->user);
    memory_free(client->texts);
    client->texts = NULL;
}

static void client_free(struct kr_client *client)
{
    struct kr_client_event event = {.size = sizeof(event), .client = client};

    client->doomed = true; /* nothing new begins with it, at the end too */
    client_hooks.leaves(client);
    if (event_is_armed(EVENT_CLIENT_GONE))
        event_raise(EVENT_CLIENT_GONE, &event);
    client_hooks.gone(client);
    slots_free(client);
    if (clients.sweep == client)
        clients.sweep = TAILQ_NEXT(client, all);
    TAILQ_REMOVE(&clients.all, client, all);
    LIST_REMOVE(client, same_bucket);
    clients.count--;
    client_stats.memory[client_class(client)] -= client->accounted;
    event_del(&client->readable);
    if (client->writable)
        event_free(client->writable);
    wire_close(client);
    input_free(client);
    output_fini(&client->output);
    client_free_texts(client);
    memory_free(client);
}

static void client_expect(struct kr_client *client)
{
    if (client->expectant || client->doomed)
        return;
    client->expectant = true;
    TAILQ_INSERT_TAIL(&clients.expectant, client, serve);
}

static void client_unexpect(struct kr_client *client)
{
    if (client->expectant)
        TAILQ_REMOVE(&clients.expectant, client, serve);
    client->expectant = false;
}

/* Pending or doomed, not both. */
static void client_unqueue(struct kr_client *client)
{
    if (client->doomed)
        TAILQ_REMOVE(&clients.doomed, client, queue);
    else if (client->pending)
        TAILQ_REMOVE(&clients.pending, client, queue);
    client->pending = false;
}

void client_doom(struct kr_client *client, bool after_reply)
{
    if (client->doomed)
        return;
    if (after_reply && !output_is_empty(&client->output)) {
        client->flags |= KR_CLIENT_CLOSING;
        client->suspended = true;
        event_del(&client->readable);
        client_wants_write(client);
        return;
    }
    client_unexpect(client);
    client_unqueue(client);
    client->doomed = true;
    client->flags |= KR_CLIENT_CLOSE_ASAP;
    event_del(&client->readable);
    TAILQ_INSERT_TAIL(&clients.doomed, client, queue);
}

/* --- Suspend and resume -------------------------------------------------- */

void client_suspend(struct kr_client *client)
{
    client->suspended = true;
}

void client_resume(struct kr_client *client)
{
    if (!client->suspended || client->doomed ||
        client->flags & KR_CLIENT_CLOSING)
        return;
    client->suspended = false;
    client->held = false;
    client_expect(client);
}

/* --- Writing ------------------------------------------------------------- */

void client_wants_write(struct kr_client *client)
{
    if (client->pending || client->doomed)
        return;
    client->pending = true;
    TAILQ_INSERT_TAIL(&clients.pending, client, queue);
}

/* Send at once: the chunk that this client has filled and empties is the next
 * one's too.  With ten thousand clients in one turn they need one, and not ten
 * thousand.  Only if somebody wants to know of the turn's changes before they
 * are acknowledged, at its end. */
static void client_send_soon(struct kr_client *client)
{
    if (event_is_armed(EVENT_SLEEP))
        client_wants_write(client);
    else
        client_flush(client);
}

/* What has been added since may acknowledge what nobody has been told of. */
static void client_writable(evutil_socket_t fd, short what, void *ctx)
{
    loop_wake();
    (void)fd;
    (void)what;
    client_send_soon(ctx);
}

/* The peer's window is full: go on when it is not. */
static void client_await_writable(struct kr_client *client)
{
    if (client->fd < 0)
        return; /* client_ready() will tell */
    if (!client->writable)
        client->writable =
            event_new(loop_base(), client->fd, EV_WRITE | EV_PERSIST,
                      client_writable, client);
    event_add(client->writable, NULL);
}

/* A short rest at the end of a large reply asks for no further chunk, so the
 * limit is looked at once more here; what fits in one chunk is no burden. */
static bool client_is_over(struct kr_client *client)
{
    return output_size(&client->output) > OUTPUT_CHUNK &&
           !client_may_write(&client->output);
}

/* Send what the client has, in as few calls as there are batches of pieces. */
void client_flush(struct kr_client *client)
{
    struct iovec pieces[PIECES];
    size_t total = 0;

    /* A call that is under way may still change what it has written. */
    if (client->doomed || client->in_use || client_is_over(client))
        return;
    while (!output_is_empty(&client->output)) {
        int count = output_gather(&client->output, pieces, PIECES);
        ssize_t n = wire_write(client, pieces, count);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            client_await_writable(client);
            client_account(client);
            return;
        }
        if (n <= 0) {
            log_verbose("client: id=%llu: write: %s",
                        (unsigned long long)client->id, strerror(errno));
            client_doom(client, false);
            return;
        }
        client_stats.bytes_out += (uint64_t)n;
        client_stats.writes++;
        output_advance(&client->output, (size_t)n);
        total += (size_t)n;
        if (total > WRITE_MAX && !output_is_empty(&client->output)) {
            client_await_writable(client);
            client_account(client);
            return;
        }
    }
    client->soft_limit_ms = 0;
    if (client->writable) {
        event_free(client->writable);
        client->writable = NULL;
    }
    client_account(client);
    if (client->flags & KR_CLIENT_CLOSING)
        client_doom(client, false);
}

void client_ready(struct kr_client *client, uint32_t events)
{
    if (events & KR_READABLE) {
        client->unread = true;
        client_expect(client);
    }
    if (events & KR_WRITABLE)
        client_wants_write(client);
}

/* What a client has received, and what it is to be sent, counts at once. */
bool client_fits(struct kr_client *client)
{
    if (client_settings.maxmemory_clients != 0) {
        client_account(client);
        client_evict();
    }
    return !client->doomed;
}

/* The first of those to be served that can be: a client in use keeps its place
 * and waits for the end of its call. */
static struct kr_client *client_next_expectant(void)
{
    struct kr_client *client = TAILQ_FIRST(&clients.expectant);

    while (client && client->in_use)
        client = TAILQ_NEXT(client, serve);
    return client;
}

bool client_is_expectant(void)
{
    return client_next_expectant() != NULL;
}

void client_serve(void)
{
    struct kr_client *client;

    /* What one runs may resume others, which join the list behind it. */
    while ((client = client_next_expectant())) {
        client_unexpect(client);
        if (client->unread)
            input_receive(client);
        else
            client_process(client);
        client_send_soon(client);
        /* Each by itself may have grown little, and all of them a lot. */
        (void)client_fits(client);
    }
}

static struct kr_client *client_next_queued(const struct client_list *list)
{
    struct kr_client *client = TAILQ_FIRST(list);

    while (client && client->in_use)
        client = TAILQ_NEXT(client, queue);
    return client;
}

void client_before_sleep(void)
{
    struct kr_client *client;

    /* Who hears that a client has gone may write to others. */
    do {
        while ((client = client_next_queued(&clients.pending))) {
            client_unqueue(client);
            client_flush(client);
        }
        client_evict();
        while ((client = client_next_queued(&clients.doomed))) {
            TAILQ_REMOVE(&clients.doomed, client, queue);
            client_free(client);
        }
    } while (client_next_queued(&clients.pending));
}

/* --- Now and then -------------------------------------------------------- */

static bool client_is_idle(const struct kr_client *client, int64_t now_ms)
{
    return client_settings.timeout > 0 &&
           !(client_flags_shown(client) &
             (KR_CLIENT_REPLICA | KR_CLIENT_MONITOR | KR_CLIENT_PRIMARY |
              KR_CLIENT_BLOCKED | KR_CLIENT_PUBSUB)) &&
           now_ms - client->active_ms > client_settings.timeout * 1000;
}

/* The biggest client that may be evicted, by what it has been accounted. */
static struct kr_client *client_biggest(void)
{
    struct kr_client *client, *biggest = NULL;

    TAILQ_FOREACH(client, &clients.all, all)
    if (!client->doomed &&
        !(client->flags &
          (KR_CLIENT_NO_EVICT | KR_CLIENT_REPLICA | KR_CLIENT_PRIMARY)) &&
        (!biggest || client->accounted > biggest->accounted))
        biggest = client;
    return biggest;
}

void client_evict(void)
{
    int64_t limit = client_memory_limit();

    while (limit > 0 && client_total_memory() > (size_t)limit) {
        struct kr_client *client = client_biggest();

        if (!client)
            return;
        log_notice("client: id=%llu: closed: clients use more memory than "
                   "maxmemory-clients allows, and it uses most (%zu bytes)",
                   (unsigned long long)client->id, client->accounted);
        client_stats.evicted++;
        client_stats.memory[client_class(client)] -= client->accounted;
        client->accounted = 0;
        client_doom(client, false);
        output_abandon(&client->output);
    }
}

/* Each client is looked at about once a second, a few at each tick. */
void client_tick(int64_t now_ms, int64_t hz)
{
    uint64_t share = clients.count / (uint64_t)hz + 5;

    if (share > clients.count)
        share = clients.count;
    for (; share > 0; share--) {
        struct kr_client *client = clients.sweep;

        if (!client)
            client = TAILQ_FIRST(&clients.all);
        clients.sweep = TAILQ_NEXT(client, all);
        if (client->doomed)
            continue;
        client_account(client);
        if (client_is_idle(client, now_ms)) {
            log_verbose("client: id=%llu: closed: idle",
                        (unsigned long long)client->id);
            client_doom(client, false);
        } else if (client->soft_limit_ms > 0) {
            (void)client_may_write(&client->output);
        }
    }
    client_evict();
}

struct kr_client *client_find(uint64_t id)
{
    struct kr_client *client;

    LIST_FOREACH(client, client_bucket(id), same_bucket)
    if (client->id == id)
        return client;
    return NULL;
}

void client_init(void)
{
    input_init();
}

void client_fini(void)
{
    struct kr_client *client;

    while ((client = TAILQ_FIRST(&clients.all))) {
        client_flush(client);
        client_unexpect(client);
        client_unqueue(client);
        client_free(client);
    }
    input_fini();
    output_trim_pool();
}

/* For client_interface: the list in order. */
struct kr_client *client_first(void)
{
    return TAILQ_FIRST(&clients.all);
}

struct kr_client *client_after(struct kr_client *client)
{
    return TAILQ_NEXT(client, all);
}
