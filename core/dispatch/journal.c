/* SPDX-License-Identifier: BSD-3-Clause */
/* A unit is what happened between two moments at which nothing was running: a
 * command with its nested ones, a whole transaction.  Effects are copied into
 * one growing block, in order, and handed out when the unit ends:
 *
 *     effect, its words, effect, its words ...
 *
 * A command that emits something in place of itself writes its words while it
 * runs; a nested call's effects stand before those of the call around it. */
#include "core/dispatch/journal.h"

#include "core/keyspace/keyspace.h"
#include "core/memory/memory.h"
#include "core/rack/rack.h"

#include <sys/queue.h>

struct kr_journal_reader {
    LIST_ENTRY(kr_journal_reader) link;
    kr_module *module;
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

static struct {
    LIST_HEAD(, kr_journal_reader) readers;
    STAILQ_HEAD(effects, effect) unit;
    STAILQ_HEAD(, effect) later; /* also(): behind the call's own effect */
    uint32_t count;
    uint32_t nesting; /* begin() without end() */
} journal = {.unit = STAILQ_HEAD_INITIALIZER(journal.unit),
             .later = STAILQ_HEAD_INITIALIZER(journal.later)};

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
    journal.count++;
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
    STAILQ_INSERT_TAIL(&journal.later, effect, link);
}

static void journal_suppress(struct kr_call *pub, uint32_t targets)
{
    ((struct call *)pub)->mute |= targets;
}

static void journal_force(struct kr_call *pub, uint32_t targets)
{
    ((struct call *)pub)->force |= targets;
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
    while ((effect = STAILQ_FIRST(&journal.later))) {
        STAILQ_REMOVE_HEAD(&journal.later, link);
        journal_add(effect);
    }
}

void journal_removed(kr_db *db, struct kr_str key, bool lazily)
{
    struct kr_str argv[2] = {lazily ? KR_STR("UNLINK") : KR_STR("DEL"), key};

    if (!journal_armed)
        return;
    journal_add(effect_new(db, 2, argv, journal_armed));
    if (call_depth == 0)
        journal_deliver();
}

/* --- Delivery ------------------------------------------------------------ */

static void journal_hand_out(const struct kr_effect *effect)
{
    struct kr_journal_reader *reader, *next;

    for (reader = LIST_FIRST(&journal.readers); reader; reader = next) {
        kr_module *was;

        next = LIST_NEXT(reader, link);
        if (!(reader->targets & effect->targets))
            continue;
        was = rack_enter(reader->module);
        reader->fn(reader->ctx, effect);
        rack_leave(was);
    }
}

void journal_deliver(void)
{
    uint32_t count = journal.count, index = 0;
    struct effect *effect;

    if (journal.nesting > 0 || count == 0)
        return;
    journal.count = 0;
    for (; index < count; index++) {
        effect = STAILQ_FIRST(&journal.unit);
        STAILQ_REMOVE_HEAD(&journal.unit, link);
        journal_hand_out(&(struct kr_effect){.size = sizeof(struct kr_effect),
                                             .db = effect->db,
                                             .argc = effect->argc,
                                             .index = index,
                                             .count = count,
                                             .targets = effect->targets,
                                             .argv = effect->argv,
                                             .command = effect->command,
                                             .client = effect->client});
        memory_free(effect);
    }
}

static void journal_begin(void)
{
    journal.nesting++;
}

static void journal_end(void)
{
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
}

static kr_journal_reader *journal_attach(kr_module *self, uint32_t targets,
                                         kr_journal_fn fn, void *ctx)
{
    kr_journal_reader *reader = memory_alloc(sizeof(*reader));

    *reader = (kr_journal_reader){
        .module = self, .fn = fn, .ctx = ctx, .targets = targets};
    LIST_INSERT_HEAD(&journal.readers, reader, link);
    journal_rearm();
    return reader;
}

static void journal_detach(kr_journal_reader *reader)
{
    LIST_REMOVE(reader, link);
    memory_free(reader);
    journal_rearm();
}

void journal_forget(kr_module *module)
{
    kr_journal_reader *reader, *next;

    for (reader = LIST_FIRST(&journal.readers); reader; reader = next) {
        next = LIST_NEXT(reader, link);
        if (reader->module == module)
            journal_detach(reader);
    }
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
};
