/* SPDX-License-Identifier: BSD-3-Clause */
/* exec - the commands: MULTI, EXEC, DISCARD, WATCH, UNWATCH. */
#include "commands.h"
#include "transactions.h"

#include <kr/args.h>
#include <kr/journal.h>

/* Nobody is connected to it: a script, a module, a log. */
static bool exec_has_client(struct kr_call *call)
{
    if (call->client)
        return true;
    kr_reply_error(call->reply, "ERR transactions are for connections");
    return false;
}

void transactions_multi(struct kr_call *call)
{
    struct transactions *all = transactions_of(call);
    struct transaction *transaction;

    if (!exec_has_client(call))
        return;
    transaction = transaction_begin(all, call->client);
    if (transaction->begun) {
        kr_reply_error(call->reply, "ERR MULTI calls can not be nested");
        return;
    }
    transaction_open(all, transaction, call->client);
    kr_reply_ok(call->reply);
}

/* What is kept of the client, if there is one and anything is. */
static struct transaction *exec_kept(const struct kr_call *call)
{
    return call->client ? transaction_of(transactions_of(call), call->client)
                        : NULL;
}

/* The transaction that the client has begun; otherwise the error is replied. */
static struct transaction *exec_begun(struct kr_call *call, const char *error)
{
    struct transaction *transaction = exec_kept(call);

    if (transaction && transaction->begun)
        return transaction;
    kr_reply_error(call->reply, error);
    return NULL;
}

void transactions_discard(struct kr_call *call)
{
    struct transaction *transaction =
        exec_begun(call, "ERR DISCARD without MULTI");

    if (!transaction)
        return;
    transaction_discard(transactions_of(call), transaction, call->client);
    kr_reply_ok(call->reply);
}

/* --- EXEC ----------------------------------------------------------------- */

/* All queued commands, each with its reply, as one unit of the journal.  Gates
 * are asked anew: what a user may do can have changed. */
static void exec_run(struct kr_call *call, const struct queue *queue)
{
    kr_reply_array(call->reply, queue->count);
    kr_journal->begin();
    for (const struct queued *q = queue->first; q; q = q->next) {
        struct kr_run run = {
            .size = sizeof(run),
            .argc = q->argc,
            .argv = q->argv,
            .reply = call->reply,
            .client = call->client,
            .flags = KR_RUN_NO_FILTER,
            .call_flags = (call->flags & KR_CALL_NO_TOUCH) |
                          KR_CALL_TRANSACTION | KR_CALL_NO_BLOCK,
        };

        (void)kr_calls->run_command(q->command, &run);
    }
    kr_journal->end();
}

/* The host or a gate does not let it run: whatever the reason, this is the end
 * of the transaction.  ERR, which says nothing, is left out of the text. */
void transactions_exec_refused(struct kr_call *call, struct kr_str error)
{
    struct transaction *transaction = exec_kept(call);
    struct kr_str code = KR_STR("ERR ");

    if (transaction)
        transaction_discard(transactions_of(call), transaction, call->client);
    if (error.size >= code.size &&
        memcmp(error.data, code.data, code.size) == 0)
        error = kr_str(error.data + code.size, error.size - code.size);
    kr_reply_errorf(call->reply,
                    "EXECABORT Transaction discarded because of: %.*s",
                    KR_QUOTE(error, 900));
}

void transactions_exec(struct kr_call *call)
{
    struct transactions *all = transactions_of(call);
    struct transaction *transaction;

    transaction = exec_begun(call, "ERR EXEC without MULTI");
    if (!transaction)
        return;
    if (transaction->dirty) {
        kr_reply_error(call->reply, "EXECABORT Transaction discarded because "
                                    "of previous errors.");
    } else if (watches_changed(&transaction->watches)) {
        call->reply->ops->null_array(call->reply);
    } else {
        /* Nobody needs to be told of what the commands change from here on. */
        watches_clear(all->self, &transaction->watches, call->client);
        transaction_close(all, call->client);
        exec_run(call, &transaction->queue);
    }
    transaction_discard(all, transaction, call->client);
}

/* --- WATCH ---------------------------------------------------------------- */

void transactions_watch(struct kr_call *call)
{
    struct transactions *all = transactions_of(call);
    struct transaction *transaction;

    if (!exec_has_client(call))
        return;
    transaction = transaction_begin(all, call->client);
    if (transaction->begun) {
        kr_reply_error(call->reply, "ERR WATCH inside MULTI is not allowed");
        return;
    }
    for (uint32_t i = 1; i < call->argc; i++)
        watches_add(all->self, &transaction->watches, call->client, call->db,
                    call->argv[i]);
    kr_reply_ok(call->reply);
}

void transactions_unwatch(struct kr_call *call)
{
    struct transaction *transaction = exec_kept(call);

    if (transaction)
        watches_clear(transactions_of(call)->self, &transaction->watches,
                      call->client);
    kr_reply_ok(call->reply);
}
