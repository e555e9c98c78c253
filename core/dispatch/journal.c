/* SPDX-License-Identifier: BSD-3-Clause */
/* A unit is what happened between two moments at which nothing was running: a
 * command with its nested ones, a whole transaction.  Effects are copied into
 * one list, in order, and handed out when the unit ends:
 *
 *     effect, its words, effect, its words ...
 *
 * A command that emits something in place of itself writes its words while it
 * runs; a nested call's effects stand before those of the call around it. */
#include "core/dispatch/journal.h"

#include "core/keyspace/keyspace.h"
#include "core/log/crash.h"
#include "core/memory/memory.h"
#include "core/module/module.h"

#include <sys/queue.h>

struct kr_journal_reader {
    LIST_ENTRY(kr_journal_reader) link;
    kr_module *module;
    uint32_t stamp;
    kr_journal_fn fn;
    void *ctx;
    uint32_t targets;
};

struct effect {
    STAILQ_ENTRY(effect) link;
    int32_t db;
    uint32_t argc;
    uint32_t targets;
    const kr_cmd *command;
    kr_client *client;
    struct kr_str argv[]; /* then the bytes */
};

uint32_t journal_armed;

STAILQ_HEAD(effects, effect);

static struct {
    LIST_HEAD(, kr_journal_reader) readers;
    struct effects unit;      /* being gathered */
    struct effects delivered; /* being handed out */
    uint32_t nesting;         /* begin() without end() */
    bool delivering;
    bool detached; /* meanwhile: readers without a function wait to be freed */
} journal = {.unit = STAILQ_HEAD_INITIALIZER(journal.unit),
             .delivered = STAILQ_HEAD_INITIALIZER(journal.delivered)};

static struct effect *effect_new(kr_db *db, uint32_t argc,
                                 const struct kr_str *argv, uint32_t targets)
{
    size_t size = sizeof(struct effect) + argc * sizeof(struct kr_str);
    struct effect *effect;
    char *at;

    for (uint32_t i = 0; i < argc; i++)
        size += argv[i].size;
    effect = memory_alloc(size);
    *effect = (struct effect){.db = keyspace_interface.db_index(db),
                              .argc = argc,
                              .targets = targets};
    at = (char *)&effect->argv[argc];
    for (uint32_t i = 0; i < argc; i++) {
        memcpy(at, argv[i].data, argv[i].size);
        effect->argv[i] = kr_str(at, argv[i].size);
        at += argv[i].size;
    }
    return effect;
}

static void journal_add(struct effect *effect)
{
    STAILQ_INSERT_TAIL(&journal.unit, effect, link);
}

static void journal_drop(struct effects *effects)
{
    struct effect *effect;

    while ((effect = STAILQ_FIRST(effects))) {
        STAILQ_REMOVE_HEAD(effects, link);
        memory_free(effect);
    }
}

/* --- What calls say ------------------------------------------------------ */

static void journal_instead(struct kr_call *pub, uint32_t argc,
                            const struct kr_str *argv)
{
    struct call *call = (struct call *)pub;
    struct effect *effect;

    call->replaced = true;
    if (!journal_armed || call->run_flags & KR_RUN_NO_JOURNAL)
        return;
    effect = effect_new(pub->db, argc, argv, journal_armed & ~call->mute);
    effect->client = pub->client;
    journal_add(effect);
}

static void journal_also(struct kr_call *pub, kr_db *db, uint32_t argc,
                         const struct kr_str *argv)
{
    struct call *call = (struct call *)pub;
    struct effect *effect;

    if (!journal_armed || call->run_flags & KR_RUN_NO_JOURNAL)
        return;
    effect = effect_new(db, argc, argv, journal_armed & ~call->mute);
    effect->client = pub->client;
    STAILQ_NEXT(effect, link) = call->later;
    call->later = effect;
}

static void journal_suppress(struct kr_call *pub, uint32_t targets)
{
    ((struct call *)pub)->mute |= targets;
}

static void journal_force(struct kr_call *pub, uint32_t targets)
{
    ((struct call *)pub)->force |= targets;
}

/* What also() was told, behind the call's own effect, in that order. */
static void journal_add_later(struct call *call)
{
    struct effects in_order = STAILQ_HEAD_INITIALIZER(in_order);

    while (call->later) {
        struct effect *effect = call->later;

        call->later = STAILQ_NEXT(effect, link);
        STAILQ_INSERT_HEAD(&in_order, effect, link);
    }
    if (journal_armed)
        STAILQ_CONCAT(&journal.unit, &in_order);
    else
        journal_drop(&in_order);
}

void journal_call(struct call *call, bool changed)
{
    uint32_t targets =
        (changed ? journal_armed : journal_armed & call->force) & ~call->mute;
    struct effect *effect;

    if (!(call->run_flags & KR_RUN_NO_JOURNAL) && targets && !call->replaced) {
        effect =
            effect_new(call->pub.db, call->pub.argc, call->pub.argv, targets);
        effect->command = call->pub.command;
        effect->client = call->pub.client;
        journal_add(effect);
    }
    journal_add_later(call);
}

static void journal_effect(kr_db *db, uint32_t argc, const struct kr_str *argv)
{
    if (!journal_armed)
        return;
    journal_add(effect_new(db, argc, argv, journal_armed));
    if (call_depth == 0)
        journal_deliver();
}

void journal_removed(kr_db *db, struct kr_str key, bool lazily)
{
    struct kr_str argv[2] = {lazily ? KR_STR("UNLINK") : KR_STR("DEL"), key};

    journal_effect(db, 2, argv);
}

/* --- Delivery ------------------------------------------------------------ */

/* The unit as this reader sees it: what is not for it does not count. */
static void journal_hand_out(struct kr_journal_reader *reader)
{
    uint32_t count = 0, index = 0;
    struct effect *effect;

    STAILQ_FOREACH(effect, &journal.delivered, link)
    count += (effect->targets & reader->targets) != 0;
    STAILQ_FOREACH(effect, &journal.delivered, link)
    {
        kr_module *was;

        if (!(effect->targets & reader->targets))
            continue;
        was = module_enter(reader->module);
        reader->fn(reader->ctx,
                   &(struct kr_effect){.size = sizeof(struct kr_effect),
                                       .db = effect->db,
                                       .argc = effect->argc,
                                       .index = index++,
                                       .count = count,
                                       .targets = effect->targets,
                                       .argv = effect->argv,
                                       .command = effect->command,
                                       .client = effect->client});
        module_leave(was);
        if (!reader->fn)
            return; /* detached by itself */
    }
}

static void journal_free_detached(void)
{
    struct kr_journal_reader *reader, *next;

    journal.detached = false;
    for (reader = LIST_FIRST(&journal.readers); reader; reader = next) {
        next = LIST_NEXT(reader, link);
        if (reader->fn)
            continue;
        LIST_REMOVE(reader, link);
        memory_free(reader);
    }
}

/* A reader that writes begins a unit of its own, which is handed out when this
 * one has been. */
void journal_deliver(void)
{
    struct kr_journal_reader *reader;

    if (journal.nesting > 0 || journal.delivering)
        return;
    journal.delivering = true;
    while (!STAILQ_EMPTY(&journal.unit) && journal.nesting == 0) {
        STAILQ_CONCAT(&journal.delivered, &journal.unit);
        LIST_FOREACH(reader, &journal.readers, link)
        if (reader->fn)
            journal_hand_out(reader);
        journal_drop(&journal.delivered);
    }
    journal.delivering = false;
    if (journal.detached)
        journal_free_detached();
}

static void journal_begin(void)
{
    journal.nesting++;
}

static void journal_end(void)
{
    kr_assert(journal.nesting > 0);
    if (--journal.nesting == 0 && call_depth == 0)
        journal_deliver();
}

/* --- Readers ------------------------------------------------------------- */

static bool journal_is_armed(void)
{
    return journal_armed != 0;
}

static void journal_rearm(void)
{
    struct kr_journal_reader *reader;

    journal_armed = 0;
    LIST_FOREACH(reader, &journal.readers, link)
    journal_armed |= reader->targets;
    /* Who attaches next reads from then on. */
    if (!journal_armed)
        journal_drop(&journal.unit);
}

static kr_journal_reader *journal_attach(kr_module *self, uint32_t targets,
                                         kr_journal_fn fn, void *ctx)
{
    kr_journal_reader *reader = memory_alloc(sizeof(*reader));

    *reader = (kr_journal_reader){.module = self,
                                  .stamp = module_stamp(self),
                                  .fn = fn,
                                  .ctx = ctx,
                                  .targets = targets};
    LIST_INSERT_HEAD(&journal.readers, reader, link);
    journal_rearm();
    return reader;
}

static void journal_detach(kr_journal_reader *reader)
{
    reader->fn = NULL;
    reader->targets = 0;
    journal.detached = true;
    if (!journal.delivering)
        journal_free_detached();
    journal_rearm();
}

void journal_forget(kr_module *module)
{
    kr_journal_reader *reader, *next;

    for (reader = LIST_FIRST(&journal.readers); reader; reader = next) {
        next = LIST_NEXT(reader, link);
        if (reader->module == module && reader->fn)
            journal_detach(reader);
    }
}

/* The new version's readers read where the old one's have; in order, if there
 * are several. */
static void journal_take_place(kr_journal_reader *reader)
{
    kr_journal_reader *other;

    LIST_FOREACH(other, &journal.readers, link)
    if (other->module == reader->module && other->fn &&
        other->stamp + 1 == reader->stamp) {
        LIST_REMOVE(reader, link);
        LIST_INSERT_BEFORE(other, reader, link);
        return;
    }
}

void journal_settle(kr_module *module, bool good)
{
    uint32_t new = module->generation + 1;
    kr_journal_reader *reader, *next;

    for (reader = LIST_FIRST(&journal.readers); reader; reader = next) {
        next = LIST_NEXT(reader, link);
        if (good && reader->module == module && reader->stamp == new)
            journal_take_place(reader);
    }
    for (reader = LIST_FIRST(&journal.readers); reader; reader = next) {
        next = LIST_NEXT(reader, link);
        if (reader->module == module && reader->fn &&
            (reader->stamp == new) != good)
            journal_detach(reader);
    }
}

static void effects_forget_client(struct effects *effects,
                                  const kr_client *client)
{
    struct effect *effect;

    STAILQ_FOREACH(effect, effects, link)
    if (effect->client == client)
        effect->client = NULL;
}

void journal_forget_client(const kr_client *client)
{
    effects_forget_client(&journal.unit, client);
    effects_forget_client(&journal.delivered, client);
}

const struct kr_journal journal_interface = {
    .size = sizeof(struct kr_journal),
    .armed = journal_is_armed,
    .instead = journal_instead,
    .also = journal_also,
    .suppress = journal_suppress,
    .force = journal_force,
    .attach = journal_attach,
    .detach = journal_detach,
    .begin = journal_begin,
    .end = journal_end,
    .effect = journal_effect,
};
