/* SPDX-License-Identifier: BSD-3-Clause */
/* transactions - MULTI and EXEC, WATCH: commands that run together or not at
 * all, and only if nobody came in between.
 *
 *   exec.c      the commands
 *   queue.c     what a client has queued
 *   watches.c   the keys that it watches
 *
 * Three gates do it, armed on a client from its MULTI on; a client that has
 * said none costs nothing:
 *
 *   AUTHORISE   judge     EXEC is judged by what it will run (kr_call.acts), and
 *                         what must not be queued is refused
 *   QUEUE       queue     keeps the command for later, and replies QUEUED
 *   REFUSED     refused   remembers that something could not be queued
 *
 * UNWATCH is queued like any other command.  EXEC runs within a call of its
 * own, so nothing else runs meanwhile and waiting clients are served behind it:
 * the host sees to that. */
#include "transactions.h"

#include "commands.h"

#include <kr/args.h>
#include <kr/event.h>
#include <kr/journal.h>
#include <kr/memory.h>
#include <kr/text.h>

KR_USES(kr_calls);
KR_USES(kr_clients);
KR_USES(kr_commands);
KR_USES(kr_events);
KR_USES(kr_gates);
KR_USES(kr_journal);
KR_USES(kr_keyspace);
KR_USES(kr_memory);
KR_USES(kr_text);

/* For CLIENT LIST, which names no state. */
static struct transactions *fields_of;

/* --- A client's transaction ---------------------------------------------- */

struct transaction *transaction_of(const struct transactions *all,
                                   const kr_client *client)
{
    return kr_clients->get(client, all->slot);
}

struct transaction *transaction_begin(const struct transactions *all,
                                      kr_client *client)
{
    struct transaction *transaction = transaction_of(all, client);

    if (!transaction) {
        transaction = kr_memory->calloc(all->self, 1, sizeof(*transaction));
        kr_clients->set(client, all->slot, transaction);
    }
    return transaction;
}

void transaction_open(const struct transactions *all,
                      struct transaction *transaction, kr_client *client)
{
    transaction->begun = true;
    kr_clients->set_flags(client, KR_CLIENT_TRANSACTION, 0);
    kr_gates->arm(all->judge, client);
    kr_gates->arm(all->queue, client);
    kr_gates->arm(all->refused, client);
}

void transaction_close(const struct transactions *all, kr_client *client)
{
    kr_gates->disarm(all->judge, client);
    kr_gates->disarm(all->queue, client);
    kr_gates->disarm(all->refused, client);
}

void transaction_discard(const struct transactions *all,
                         struct transaction *transaction, kr_client *client)
{
    transaction_close(all, client);
    transaction->begun = transaction->dirty = false;
    kr_clients->set_flags(client, 0, KR_CLIENT_TRANSACTION | KR_CLIENT_DIRTY);
    queue_clear(all->self, &transaction->queue, client);
    watches_clear(all->self, &transaction->watches, client);
}

static void transaction_free(kr_client *client, void *data)
{
    struct transaction *transaction = data;

    queue_clear(fields_of->self, &transaction->queue, client);
    watches_clear(fields_of->self, &transaction->watches, client);
    kr_memory->free(fields_of->self, transaction);
}

static void transactions_on_reset(void *ctx, const void *payload)
{
    const struct kr_client_event *event = payload;
    const struct transactions *all = ctx;
    struct transaction *transaction = transaction_of(all, event->client);

    if (transaction)
        transaction_discard(all, transaction, event->client);
}

/* --- The gates ------------------------------------------------------------ */

static bool gate_is_exec(const struct kr_call *call)
{
    return call->command &&
           kr_commands->row(call->command)->run == transactions_exec;
}

/* What a client in a transaction says that is not queued: these commands but
 * UNWATCH, and the two that end all. */
static bool gate_runs_at_once(const struct kr_call *call)
{
    const struct kr_command *row = kr_commands->row(call->command);

    return row->run == transactions_exec || row->run == transactions_discard ||
           row->run == transactions_multi || row->run == transactions_watch ||
           strcmp(row->name, "quit") == 0 || strcmp(row->name, "reset") == 0;
}

static int32_t gate_judge(struct kr_call *call,
                          const struct kr_outcome *outcome, void *ctx)
{
    struct transaction *transaction = transaction_of(ctx, call->client);

    (void)outcome;
    /* Not of what one of the client's commands runs itself. */
    if (call->flags & (KR_CALL_SCRIPT | KR_CALL_TRANSACTION))
        return KR_GATE_PASS;
    if (kr_commands->row(call->command)->flags & KR_CMD_NO_MULTI)
        return kr_gates->refuse(
            call, KR_STR("ERR Command not allowed inside a transaction"));
    transaction->acts = call->acts;
    if (gate_is_exec(call))
        call->acts |= transaction->queue.flags;
    else if (!gate_runs_at_once(call))
        call->acts |= KR_CMD_DENYOOM; /* a queue has no other bound */
    return KR_GATE_PASS;
}

static int32_t gate_queue(struct kr_call *call,
                          const struct kr_outcome *outcome, void *ctx)
{
    const struct transactions *all = ctx;
    struct transaction *transaction = transaction_of(all, call->client);

    (void)outcome;
    if (call->flags & (KR_CALL_SCRIPT | KR_CALL_TRANSACTION) ||
        gate_runs_at_once(call))
        return KR_GATE_PASS;
    /* It will fail: nothing is kept for that. */
    if (!transaction->dirty &&
        !queue_add(all->self, &transaction->queue, call, transaction->acts))
        return kr_gates->refuse(call,
                                KR_STR("ERR not enough memory for the queue"));
    kr_reply_status(call->reply, "QUEUED");
    return KR_GATE_DONE;
}

static int32_t gate_refused(struct kr_call *call,
                            const struct kr_outcome *outcome, void *ctx)
{
    const struct transactions *all = ctx;
    struct transaction *transaction = transaction_of(all, call->client);

    (void)outcome;
    if (call->flags & (KR_CALL_SCRIPT | KR_CALL_TRANSACTION))
        return KR_GATE_PASS;
    /* EXEC has ended it itself. */
    if (!gate_is_exec(call)) {
        transaction->dirty = true;
        kr_clients->set_flags(call->client, KR_CLIENT_DIRTY, 0);
    }
    return KR_GATE_PASS;
}

/* --- CLIENT LIST ---------------------------------------------------------- */

static size_t field_multi(kr_client *client, char *text, size_t room)
{
    struct transaction *transaction = transaction_of(fields_of, client);

    return (size_t)snprintf(text, room, "%lld",
                            transaction && transaction->begun
                                ? (long long)transaction->queue.count
                                : -1LL);
}

static size_t field_multi_mem(kr_client *client, char *text, size_t room)
{
    struct transaction *transaction = transaction_of(fields_of, client);

    return (size_t)snprintf(text, room, "%zu",
                            transaction ? transaction->queue.bytes : 0);
}

/* --- A module's life ------------------------------------------------------ */

static kr_status transactions_create(kr_module *self,
                                     const struct kr_load_args *args,
                                     void **state)
{
    struct transactions *all = kr_memory->calloc(self, 1, sizeof(*all));

    (void)args;
    all->self = self;
    all->slot = kr_clients->new_slot(self, transaction_free);
    all->judge = kr_gates->add(self, "transactions.judge", KR_STAGE_AUTHORISE,
                               -100, gate_judge, all);
    all->queue = kr_gates->add(self, "transactions.queue", KR_STAGE_QUEUE, 100,
                               gate_queue, all);
    all->refused = kr_gates->add(self, "transactions.refused", KR_STAGE_REFUSED,
                                 100, gate_refused, all);
    if (!all->judge || !all->queue || !all->refused) {
        snprintf(args->error, args->error_size, "there are too many gates");
        kr_memory->free(self, all);
        return KR_EFAIL;
    }
    fields_of = all;
    *state = all;
    return KR_OK;
}

static void transactions_activate(kr_module *self, void *state)
{
    kr_clients->add_field(self, "multi", field_multi);
    kr_clients->add_field(self, "multi-mem", field_multi_mem);
    (void)kr_events->subscribe(self, KR_EVENT_CLIENT_RESET,
                               transactions_on_reset, state);
}

/* Who is in a transaction when the module goes is not any more: its queue is
 * lost, and EXEC an unknown command. */
static bool transactions_leave(kr_client *client, void *ctx)
{
    struct transaction *transaction = transaction_of(ctx, client);

    if (transaction)
        transaction_discard(ctx, transaction, client);
    return true;
}

static void transactions_deactivate(kr_module *self, void *state)
{
    (void)self;
    kr_clients->each(transactions_leave, state);
}

static void transactions_destroy(kr_module *self, void *state)
{
    kr_memory->free(self, state);
    fields_of = NULL;
}

/* What is kept of clients stays with them: the slot and the gates are those of
 * the version before. */
static kr_status transactions_takeover(kr_module *self, void *state,
                                       const struct kr_handover *in)
{
    (void)state;
    kr_memory->free(self, in->state);
    return KR_OK;
}

/* --- What the host learns ------------------------------------------------- */
/* clang-format off */

static const struct kr_import imports[] = {
    KR_NEED(kr_calls),
    KR_NEED(kr_clients),
    KR_NEED(kr_commands),
    KR_NEED(kr_events),
    KR_NEED(kr_gates),
    KR_NEED(kr_journal),
    KR_NEED(kr_keyspace),
    KR_NEED(kr_memory),
    KR_NEED(kr_text),
};

/* clang-format on */

KR_MODULE(.name = "transactions", .version = 10000, .licence = "BSD-3-Clause",
          .author = "The Keyrack authors",
          .summary = "MULTI, EXEC, WATCH: commands that run together",
          .flags = KR_MODULE_CAN_UNLOAD | KR_MODULE_CAN_UPGRADE,
          .imports = KR_ROWS(imports),
          .commands = {transactions_commands, TRANSACTIONS_COMMAND_COUNT,
                       sizeof(struct kr_command)},
          .create = transactions_create, .activate = transactions_activate,
          .deactivate = transactions_deactivate,
          .destroy = transactions_destroy, .layout = TRANSACTIONS_LAYOUT,
          .takeover = transactions_takeover);
