/* SPDX-License-Identifier: BSD-3-Clause */
/* turns - what takes more than one turn of the loop, or happens beside: kr_block,
 * kr_loop, kr_events, kr_gates, kr_journal, kr_children, kr_loaders,
 * kr_transports, kr_snapshot.
 *
 *     TURNS.CHECK key     parks, and goes through these, each of which begins the
 *                         next; then it answers
 *
 *     a timer -> a job on a thread -> a post -> a child -> the parked call
 */
#include "sample.h"

#include <kr/snapshot.h>

KR_USES(kr_block);
KR_USES(kr_children);
KR_USES(kr_events);
KR_USES(kr_gates);
KR_USES(kr_journal);
KR_USES(kr_keyspace);
KR_USES(kr_loaders);
KR_USES(kr_loop);
KR_USES(kr_snapshot);
KR_USES(kr_transports);

static kr_module *self;
static kr_gate *gate;
static kr_event *own_event;
static kr_parked *parked;
static uint32_t told, gated, journalled, published, worked;

/* --- The chain, from its end to its beginning ---------------------------- */

static bool woken(struct kr_call *call, uint32_t why, struct kr_str key,
                  void *ctx)
{
    (void)key, (void)ctx;
    CHECK(why == KR_WAKE_DONE);
    CHECK(worked == 1);
    /* The one that has parked has been through BEFORE. */
    CHECK(gated >= 1 && told >= 1 && published == 1);
    if (why != KR_WAKE_GONE)
        sample_reply(call->reply);
    return true;
}

static void child_done(void *ctx, const struct kr_child_end *end)
{
    (void)ctx;
    CHECK(end->code == 7 && end->signal == 0);
    kr_block->complete(parked);
}

static int32_t child_run(void *ctx)
{
    (void)ctx;
    return kr_children->inside() ? 7 : 1;
}

static void posted(void *ctx)
{
    const struct kr_child_work work = {.size = sizeof(work),
                                       .name = "sample",
                                       .run = child_run,
                                       .done = child_done};

    (void)ctx;
    CHECK(!kr_children->running());
    if (kr_children->fork(self, &work) != KR_OK)
        kr_block->complete(parked);
    else
        CHECK(strcmp(kr_children->running(), "sample") == 0);
}

static void job_work(void *ctx)
{
    (void)ctx;
    worked++;
}

static void job_done(void *ctx)
{
    kr_loop->post(self, posted, ctx);
}

static void due(void *ctx)
{
    (void)kr_loop->job(self, job_work, job_done, ctx);
}

/* --- What is told -------------------------------------------------------- */

static void on_changed(void *ctx, const void *payload)
{
    const struct kr_key_event *event = payload;

    (void)ctx;
    CHECK(event->size >= sizeof(*event));
    told++;
}

static void on_own(void *ctx, const void *payload)
{
    (void)ctx;
    CHECK(payload == &published);
    published++;
}

static int32_t on_call(struct kr_call *call, const struct kr_outcome *outcome,
                       void *ctx)
{
    (void)call, (void)outcome, (void)ctx;
    gated++;
    return KR_GATE_PASS;
}

static void on_effect(void *ctx, const struct kr_effect *effect)
{
    (void)ctx;
    CHECK(effect->argc > 0);
    journalled++;
}

/* --- The command --------------------------------------------------------- */

static bool recognise(kr_module *module, const struct kr_file *file)
{
    (void)module, (void)file;
    return false;
}

static kr_status load(kr_module *module, kr_module *child,
                      const struct kr_file *file,
                      const struct kr_load_args *args)
{
    (void)module, (void)child, (void)file, (void)args;
    return KR_EFAIL;
}

static void part_save(void *ctx, kr_writer *out, uint32_t when)
{
    (void)ctx, (void)out, (void)when; /* leaves no record */
}

static bool part_load(void *ctx, kr_reader *in, uint32_t format, uint32_t when)
{
    (void)ctx, (void)in, (void)format, (void)when;
    return false;
}

static const struct kr_snapshot_part part = {.size = sizeof(part),
                                             .opcode = KR_SNAPSHOT_AUX,
                                             .file_name = "samplaux1",
                                             .when = KR_SNAPSHOT_AFTER,
                                             .save = part_save,
                                             .load = part_load};

static void check(struct kr_call *call)
{
    struct kr_park how = {.size = sizeof(how),
                          .key_count = 1,
                          .keys = &call->argv[1],
                          .wake = woken};
    uint64_t before = kr_block->count();

    worked = published = 0;
    CHECK(kr_events->armed(own_event));
    kr_events->publish(own_event, &published);
    kr_keyspace->notify(call->db, call->argv[1], KR_CLASS_MODULE,
                        KR_STR("turns"));
    CHECK(kr_journal->armed());
    kr_journal->suppress(call, KR_JOURNAL_ALL);
    CHECK(kr_snapshot->part(self, &part) == KR_OK);
    CHECK(kr_loop->wall_ms() > 0 && kr_loop->monotonic_ns() > 0);
    CHECK(!kr_loaders->loader_of(self));
    CHECK(KR_HAS(kr_transports, adopt));
    parked = kr_block->park(call, &how);
    if (!parked) { /* within a transaction or a script */
        sample_reply(call->reply);
        return;
    }
    CHECK(kr_block->count() == before + 1);
    CHECK(kr_block->waiting(call->db, call->argv[1]));
    (void)kr_loop->timer(self, 1, 0, due, NULL);
}

/* --- Its life ------------------------------------------------------------ */

static kr_status create(kr_module *module, const struct kr_load_args *args,
                        void **state)
{
    static const struct kr_loader loader = {.size = sizeof(loader),
                                            .name = "sample",
                                            .recognise = recognise,
                                            .load = load};

    (void)args, (void)state;
    own_event = kr_events->declare(module, "turns.own");
    (void)kr_events->subscribe(module, "turns.own", on_own, NULL);
    (void)kr_events->await(module, "turns.never", on_own, NULL);
    (void)kr_events->subscribe(module, KR_EVENT_KEY_NOTIFY, on_changed, NULL);
    gate = kr_gates->add(module, "turns.count", KR_STAGE_BEFORE, 100, on_call,
                         NULL);
    (void)kr_journal->attach(module, KR_JOURNAL_LOG, on_effect, NULL);
    return gate ? kr_loaders->add(module, &loader) : KR_EFAIL;
}

static void activate(kr_module *module, void *state)
{
    (void)module, (void)state;
    kr_gates->arm(gate, NULL);
}

static void deactivate(kr_module *module, void *state)
{
    (void)state;
    kr_gates->disarm(gate, NULL);
    kr_snapshot->leave(module);
}

static const struct kr_key_spec read_key[] = {
    KR_KEY(KR_KEY_RO | KR_KEY_ACCESS, 1, 0, 1)};
static const struct kr_command commands[] = {
    {.name = "turns.check",
     .run = check,
     .arity = 2,
     .flags = KR_CMD_READONLY | KR_CMD_BLOCKING,
     .keys = KR_ROWS(read_key)},
};
static const struct kr_import imports[] = {
    KR_NEED(kr_block),      KR_NEED(kr_children), KR_NEED(kr_events),
    KR_NEED(kr_gates),      KR_NEED(kr_journal),  KR_NEED(kr_keyspace),
    KR_NEED(kr_loaders),    KR_NEED(kr_loop),     KR_NEED(kr_snapshot),
    KR_NEED(kr_transports),
};

KR_MODULE(.name = "turns", .version = 100, .licence = "BSD-3-Clause",
          .flags = KR_MODULE_CAN_UNLOAD, .self = &self,
          .imports = KR_ROWS(imports), .commands = KR_ROWS(commands),
          .create = create, .activate = activate, .deactivate = deactivate);
