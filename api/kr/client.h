/* SPDX-License-Identifier: BSD-3-Clause */
/* client - connections: who they are, what they may, what modules keep of them.
 *
 * A kr_client is valid until its "client.gone" event has been handled.  To
 * remember one for longer keep its id, which is never used again. */
#ifndef KR_CLIENT_H
#define KR_CLIENT_H

#include <kr/base.h>
#include <kr/call.h>
#include <kr/module.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KR_CLIENT_AUTHENTICATED   (1u << 0)
#define KR_CLIENT_CLOSING         (1u << 1) /* closes once replies are sent */
#define KR_CLIENT_UNIX            (1u << 2)
#define KR_CLIENT_BLOCKED         (1u << 3)
#define KR_CLIENT_NO_EVICT        (1u << 4)
#define KR_CLIENT_NO_TOUCH        (1u << 5)
#define KR_CLIENT_MONITOR         (1u << 6) /* class: replica, as in Redis */
#define KR_CLIENT_PUBSUB          (1u << 7) /* class pubsub for output limits */
#define KR_CLIENT_REPLICA         (1u << 8)
#define KR_CLIENT_PRIMARY         (1u << 9)
#define KR_CLIENT_TRANSACTION     (1u << 10)
#define KR_CLIENT_DIRTY           (1u << 11) /* its transaction will fail */
#define KR_CLIENT_TRACKING        (1u << 12)
#define KR_CLIENT_READONLY        (1u << 13)
#define KR_CLIENT_LOCAL           (1u << 14) /* loopback or unix socket */
#define KR_CLIENT_REPLY_OFF       (1u << 15) /* CLIENT REPLY OFF */
#define KR_CLIENT_REPLY_SKIP      (1u << 16) /* drop the next reply */
#define KR_CLIENT_CLOSE_ASAP      (1u << 17)
#define KR_CLIENT_TLS             (1u << 18)
#define KR_CLIENT_TRACKING_BROKEN (1u << 19) /* whom it redirects to is gone */
#define KR_CLIENT_TRACKING_BCAST  (1u << 20)
/* Flags that a module may set and clear. */
#define KR_CLIENT_SETTABLE                                                     \
    (KR_CLIENT_AUTHENTICATED | KR_CLIENT_NO_EVICT | KR_CLIENT_NO_TOUCH |       \
     KR_CLIENT_MONITOR | KR_CLIENT_PUBSUB | KR_CLIENT_REPLICA |                \
     KR_CLIENT_PRIMARY | KR_CLIENT_TRANSACTION | KR_CLIENT_DIRTY |             \
     KR_CLIENT_TRACKING | KR_CLIENT_TRACKING_BROKEN |                          \
     KR_CLIENT_TRACKING_BCAST | KR_CLIENT_READONLY | KR_CLIENT_REPLY_OFF |     \
     KR_CLIENT_REPLY_SKIP)

struct kr_client_info {
    uint32_t size;
    int32_t db;
    uint64_t id;
    uint32_t flags; /* KR_CLIENT_ */
    uint32_t protocol;
    int64_t age_sec;
    int64_t idle_sec;
    int32_t fd;
    uint32_t reserved;
    uint64_t input_used; /* qbuf */
    uint64_t input_free;
    uint64_t args;          /* argv-mem */
    uint64_t output_buffer; /* rbs, rbp, obl, oll, omem as in CLIENT LIST */
    uint64_t output_peak;
    uint64_t output_used;
    uint64_t output_list;
    uint64_t output_memory;
    uint64_t memory;            /* tot-mem */
    const kr_cmd *last_command; /* may be NULL */
    char address[128];          /* ip:port, or path:0 */
    char local_address[128];    /* laddr */
};

/* A module's data with a client: a word in a slot of its own. */
typedef struct kr_client_slot kr_client_slot;

struct kr_clients {
    uint32_t size;
    uint32_t reserved;
    /* What CLIENT ID answers: grows, and is never used again.  O(1). */
    uint64_t (*id)(const kr_client *client);
    /* KR_CLIENT_; `set` and `clear` of those that are settable.  O(1). */
    uint32_t (*flags)(const kr_client *client);
    void (*set_flags)(kr_client *client, uint32_t set, uint32_t clear);
    /* Fill `info` up to info->size, with what it is at this moment. */
    void (*info)(const kr_client *client, struct kr_client_info *info);
    /* The client with that id, or NULL: ids may be kept, handles may not. */
    kr_client *(*find)(uint64_t id); /* O(1 + clients / 1000) */
    /* In the order of their ids until `each` answers false. */
    void (*each)(bool (*each)(kr_client *client, void *ctx), void *ctx);
    uint64_t (*count)(void);

    /* The database that it has selected; select it another one.  O(1). */
    kr_db *(*db)(const kr_client *client);
    void (*select)(kr_client *client, kr_db *db);
    /* 2 or 3; counts for the next reply on, this call's included. */
    void (*set_protocol)(kr_client *client, uint32_t protocol);
    /* Texts with a client, copied: "name", "lib-name", "lib-ver", "user".  Not
     * set: an empty string.  set_text with an empty one removes it. */
    struct kr_str (*text)(const kr_client *client, const char *which);
    void (*set_text)(kr_client *client, const char *which, struct kr_str value);

    /* The client's own sink: what is written reaches it after the replies so
     * far.  Outside of its own calls only RESP3 pushes (or, for RESP2, what
     * the client expects, such as messages) may be written: see push(). */
    struct kr_reply *(*sink)(kr_client *client);
    /* Close it; `after_reply` lets what was written go out first.  The client
     * may be the caller's own. */
    void (*close)(kr_client *client, bool after_reply);
    /* Back to the state of a new connection, as RESET does: the event
     * "client.reset" tells the modules. */
    void (*reset)(kr_client *client);
    /* Stop reading commands of all clients (or only those that may write)
     * until `until_ms`.  A longer pause of the same kind wins.  unpause() ends
     * it. */
    void (*pause)(int64_t until_ms, bool writes_only);
    void (*unpause)(void);
    bool (*paused)(bool *writes_only);

    /* A slot, from create() on: `free` is called with what is not NULL in it
     * when the client goes (may be NULL). */
    kr_client_slot *(*new_slot)(kr_module *self,
                                void (*free)(kr_client *client, void *data));
    void *(*get)(const kr_client *client, const kr_client_slot *slot);
    void (*set)(kr_client *client, const kr_client_slot *slot, void *data);
    /* Fields that a module adds to CLIENT LIST lines. */
    void (*add_field)(kr_module *self, const char *name,
                      size_t (*field)(kr_client *client, char *text,
                                      size_t room));
    /* One line about a client, as CLIENT LIST has it, without the newline, into
     * a memory sink's raw(). */
    void (*describe)(kr_client *client, struct kr_reply *out);
    /* Memory that a module keeps for the client, in bytes more or (negative)
     * less: it counts in tot-mem and towards maxmemory-clients.  Who charges
     * takes it all back before the client is gone.  O(1). */
    void (*charge)(kr_client *client, int64_t bytes);
    /* What is written to the client's sink between push(client, true) and
     * push(client, false) is a message, no reply: CLIENT REPLY does not silence
     * it, and while a command of the client's runs it stands behind that one's
     * whole reply (of a transaction: behind EXEC's), never within.  They do not
     * nest.  O(1). */
    void (*push)(kr_client *client, bool begins);
    /* The same for a message that is the answer to the command that runs, as to
     * SUBSCRIBE: it stands where the reply would. */
    void (*confirm)(kr_client *client, bool begins);
};
KR_INTERFACE(kr_clients, "kr.clients/1");

/* Let what the client is charged for one thing be `bytes`; *charged is what it
 * was, and is then. */
static inline void kr_client_charge_to(kr_client *client, uint64_t *charged,
                                       uint64_t bytes)
{
    kr_clients->charge(client, (int64_t)(bytes - *charged));
    *charged = bytes;
}

#ifdef __cplusplus
}
#endif
#endif
