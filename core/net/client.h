/* SPDX-License-Identifier: BSD-3-Clause */
/* client - a connection and what the host keeps of it.
 *
 * An idle client is this struct and a registration with the kernel: input and
 * output own memory only while something is in them.
 *
 *   reading ----> suspended ----> reading         (blocked, held, paused)
 *      |               |
 *      +---> doomed <--+     closed at the end of the turn, never within a call
 *
 * A client is in use while a call of it is on the stack.  A call may let the
 * loop run meanwhile; then a client in use stands still: nothing of it is read,
 * run, sent or freed before the call has ended. */
#ifndef CORE_NET_CLIENT_H
#define CORE_NET_CLIENT_H

#include "core/net/output.h"
#include "core/resp/parser.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <kr/client.h>
#include <sys/queue.h>

struct parked;
struct wire;
struct held;

/* A large argument on its way into its own blob. */
struct big_argument {
    struct big_argument *next; /* the one received before it */
    struct kr_blob *blob;
    size_t filled;
};

/* Words that few clients have. */
struct client_texts {
    char *name, *lib_name, *lib_version, *user;
};

struct kr_client {
    struct output output; /* first: the sink is the client's */
    struct event readable;
    struct event *writable; /* while output waits for the peer */
    uint64_t id;
    int fd;            /* -1: a transport without one */
    struct wire *wire; /* NULL: the socket itself */
    uint32_t flags;    /* KR_CLIENT_ */
    uint32_t armed;    /* gates, see dispatch/gate.h */
    bool suspended;    /* its input waits: blocked or held */
    bool held;         /* by a gate or a pause, to be run again */
    bool doomed;       /* on the list to be closed */
    bool pending;      /* on the list of those with output */
    bool unread;       /* its transport has bytes for us */
    bool expectant;    /* on the list of those to be served */
    uint32_t in_use;   /* frames on the stack that rely on it */
    kr_db *db;
    struct resp_parser parser;
    char *input; /* NULL, or what of the input has not been run */
    size_t input_size;
    size_t input_capacity;
    size_t input_shared; /* bytes in the shared buffer, while it runs them */
    struct big_argument *big;
    struct held *waiting; /* the command that is held */
    struct parked *parked;
    const kr_cmd *last_command;
    int64_t created_ms;
    int64_t active_ms;
    int64_t soft_limit_ms; /* since when the soft output limit is exceeded */
    size_t accounted;      /* its part of clients' memory */
    size_t charged;        /* what modules keep for it */
    bool push_mutes;       /* replies are silenced again behind a message */
    size_t peak_output;
    struct client_texts *texts;
    void **slots; /* of modules, CLIENT_SLOTS of them; NULL: none set */
    TAILQ_ENTRY(kr_client) all;
    LIST_ENTRY(kr_client) same_bucket; /* of ids */
    TAILQ_ENTRY(kr_client) queue;      /* pending or doomed */
    TAILQ_ENTRY(kr_client) serve;      /* expectant */
};

enum client_class { CLASS_NORMAL, CLASS_REPLICA, CLASS_PUBSUB, CLASS_COUNT };

struct output_limit {
    int64_t hard, soft; /* bytes; 0: none */
    int64_t soft_seconds;
};

struct client_settings {
    int64_t maxclients;
    int64_t timeout; /* seconds idle; 0: none */
    int64_t keepalive;
    int64_t bulk_max;
    int64_t input_max;
    int64_t maxmemory_clients; /* bytes, or minus percent of maxmemory */
    struct output_limit limits[CLASS_COUNT];
    bool protected_mode;
};
extern struct client_settings client_settings;

struct client_stats {
    uint64_t connections, rejected, evicted;
    uint64_t bytes_in, bytes_out, reads, writes;
    uint64_t input_limit_hits, output_limit_hits;
    size_t memory[CLASS_COUNT];
};
extern struct client_stats client_stats;

/* What stands above asks to be told.  Written once, before the first client. */
struct client_hooks {
    /* Run commands of the client in their order.  The answer is how many are
     * done with; fewer than `count`, which is at most CLIENT_BATCH: the client
     * has been suspended or doomed, and if it is held, the next one must be
     * given again when it is resumed. */
    int (*run)(kr_client *client, const struct resp_args *args, int count);
    /* It is about to go: what waits on its behalf ends now. */
    void (*leaves)(kr_client *client);
    /* Everybody has been told; its address means nothing from here on. */
    void (*gone)(const kr_client *client);
};
extern struct client_hooks client_hooks;

#define CLIENT_BATCH 16 /* commands that are run together at most */

/* A connection that has been accepted.  NULL: refused, the fd closed. */
struct kr_client *client_new(int fd, uint32_t flags);
/* One that a module's transport has brought; refused, nothing is closed. */
struct kr_client *client_new_wired(int fd, uint32_t flags, struct wire *wire);
/* Its transport says that reading or writing is worth a try. */
void client_ready(struct kr_client *client, uint32_t events);
/* Close it at the end of the turn; what is written is dropped, or first sent. */
void client_doom(struct kr_client *client, bool after_reply);
enum client_class client_class(const struct kr_client *client);

/* What clients and modules see of the flags: who is held waits as much as who
 * is parked. */
static inline uint32_t client_flags_shown(const struct kr_client *client)
{
    return client->flags | (client->waiting ? KR_CLIENT_BLOCKED : 0);
}

/* Stop and go on reading commands.  client_resume() takes effect when clients
 * are served next, as many times as it is called. */
void client_suspend(struct kr_client *client);
void client_resume(struct kr_client *client);

/* Close clients while all of them use more than maxmemory-clients. */
void client_evict(void);
/* Count this client's memory now.  false: it was closed for it. */
bool client_fits(struct kr_client *client);

/* Run the commands in the client's input, as far as they are whole. */
void client_process(struct kr_client *client);

/* Has output that did not come from its own command: send it this turn. */
void client_wants_write(struct kr_client *client);
void client_flush(struct kr_client *client);

/* Between two waits of the loop, in this order.  Read and run what clients have
 * sent, those that were resumed included; commands run nowhere else, above all
 * not within a callback of the loop, which could not let the loop run. */
void client_serve(void);
/* Is there somebody to serve without waiting? */
bool client_is_expectant(void);
/* Send and close. */
void client_before_sleep(void);
/* hz times a second: time-outs, soft limits, memory. */
void client_tick(int64_t now_ms, int64_t hz);

uint64_t client_count(void);
struct kr_client *client_first(void);
struct kr_client *client_after(struct kr_client *client);
/* Bytes that a client takes: itself, its buffers, what modules keep for it; and
 * those of all clients. */
size_t client_memory(const struct kr_client *client);
size_t client_total_memory(void);
struct kr_client *client_find(uint64_t id);
void client_forget(kr_module *module);
/* An upgrade ends: see rack_on_settle(). */
void client_settle(kr_module *module, bool good);
void client_free_texts(struct kr_client *client);
void client_init(void);
void client_fini(void);

/* The blob behind an argument that arrived in one, with a reference for the
 * caller, or NULL. */
struct kr_blob *client_take(struct kr_client *client, struct kr_str argument);

/* Address texts, "ip:port" or "path:0". */
void client_address(const struct kr_client *client, bool local, char *text,
                    size_t size);

extern const struct kr_clients client_interface;

#endif
