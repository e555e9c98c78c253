/* SPDX-License-Identifier: BSD-3-Clause */
/* transactions - what the files of the module share. */
#ifndef TRANSACTIONS_TRANSACTIONS_H
#define TRANSACTIONS_TRANSACTIONS_H

#include <kr/client.h>
#include <kr/gate.h>
#include <kr/module.h>

#include "queue.h"
#include "watches.h"

/* Of struct transaction and all below it: kr_descriptor.layout. */
#define TRANSACTIONS_LAYOUT 2u

/* The module's state. */
struct transactions {
    kr_module *self;
    kr_client_slot *slot; /* of struct transaction */
    kr_gate *judge;
    kr_gate *queue;
    kr_gate *refused;
};

/* What is kept of a client from its first MULTI or WATCH on. */
struct transaction {
    struct queue queue;
    struct watches watches;
    uint64_t acts; /* of the command that is being judged, KR_CMD_ */
    bool begun;    /* after MULTI: its gates are armed */
    bool dirty;    /* something could not be queued */
};

static inline struct transactions *transactions_of(const struct kr_call *call)
{
    return call->state;
}

/* The caller's, NULL if there is none yet. */
struct transaction *transaction_of(const struct transactions *all,
                                   const kr_client *client);
/* The same, made if there is none. */
struct transaction *transaction_begin(const struct transactions *all,
                                      kr_client *client);

/* Queue from now on; or run commands again as they come. */
void transaction_open(const struct transactions *all,
                      struct transaction *transaction, kr_client *client);
void transaction_close(const struct transactions *all, kr_client *client);
/* The end: no queue, nothing watched. */
void transaction_discard(const struct transactions *all,
                         struct transaction *transaction, kr_client *client);

#endif
