/* SPDX-License-Identifier: BSD-3-Clause */
/* server - the server as seen from outside: what it is, has and does.
 *
 * One struct holds all that changes; every handler finds it in call->state.
 *
 *   struct server
 *   +--------+---------+---------+---------+---------+
 *   | self   | ids     | slowlog | latency | monitor |
 *   +--------+---------+---------+---------+---------+
 *
 * Each part belongs to the file of its name, which alone looks inside. */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "latency.h"
#include "monitor.h"
#include "slowlog.h"

#include <kr/kr.h>

#define SERVER_VERSION 10000 /* of the module: 1.0.0 */
#define SERVER_LAYOUT  1u    /* of its state, kr_descriptor.layout */

#define SERVER_ID_SIZE 40 /* hexadecimal digits of an identity */

struct server {
    kr_module *self;
    char replication_id[SERVER_ID_SIZE + 1];
    size_t startup_memory; /* bytes in use when the first client could come */
    int64_t started_ms;    /* wall clock, of the module */
    int64_t resident;      /* bytes, as they were at ... */
    int64_t resident_ms;   /* ... that time: the kernel is asked now and then */
    struct slowlog slowlog;
    struct latency latency;
    struct monitor monitor;
    /* What a process asks once. */
    char system[256];     /* "Linux 6.1.0 x86_64" */
    char executable[512]; /* its path, empty if unknown */
    int64_t system_memory;
    kr_event *debug;                /* "server.debug" */
    kr_subscription *latency_heard; /* NULL: samples are not kept */
    bool info_of_standard; /* INFO under way shows the server's own modules */
};

/* How much to ask of a client: without addresses, or with its own only.  Each of
 * the two costs the host a system call. */
#define SERVER_CLIENT_PLAIN ((uint32_t)offsetof(struct kr_client_info, address))
#define SERVER_CLIENT_PEER                                                     \
    ((uint32_t)offsetof(struct kr_client_info, local_address))

static inline struct server *server_of(const struct kr_call *call)
{
    return call->state;
}

/* What has waited for replicas (WAIT) and waits no longer. */
bool server_wait_over(struct kr_call *call, uint32_t why, struct kr_str key,
                      void *ctx);

/* 40 random hexadecimal digits and a NUL. */
void server_new_id(char id[SERVER_ID_SIZE + 1]);

/* A parameter's value as CONFIG GET shows it, cut to `room`, NUL after it; false
 * and an empty text when nobody has a parameter of that name. */
bool server_param(const char *name, char *text, size_t room);

/* The same as a number, `otherwise` when it is none. */
int64_t server_param_int(const char *name, int64_t otherwise);

/* Tell the host from which duration on a call is of interest: the lower of what
 * the slow log and the latency monitor want. */
void server_set_slow_limit(void);

#endif
