/* SPDX-License-Identifier: BSD-3-Clause */
/* upgrade - another build of a module takes its place.
 *
 * The handle of a module is its record, and stays.  The new version is made
 * ready in a record of its own, the successor; at the switch the two exchange
 * what belongs to a version (image, descriptor, imports, state), and the
 * successor's record is left with the old one, to be closed.
 *
 *   describe, bind --> [try to convert] --> make --> hand over --> switch
 *         |                  |               |           |            |
 *         v                  v               v           v        activate,
 *      refused            refused         undone      undone      close the old
 *
 *   describe   map the file's private copy, check what it says, fill its imports,
 *              and let it prepare() what takes long, aside
 *   try        only if it does not understand the layout of values: each is
 *              saved and loaded once, in small steps between commands, and again
 *              if it changes meanwhile.  One that fails ends it
 *   make       what it registers is kept aside or stamped as the next version's
 *   hand over  takeover() is the last one that may refuse
 *   switch     every wing puts the new in place of the old.  Cannot fail
 *
 * From `make` on it is one step, so no command ever sees half of it.  Values
 * that must be converted are, after the switch, when they are touched or by a
 * walk in small steps; as long the old code stays.
 *
 * What a child is only its load() tells, so it is made before its values are
 * tried, and waits: nothing of what it has registered counts, and its parameters
 * are set aside.  No modules are loaded meanwhile, which might take its names.
 *
 * One upgrade at a time may have values to convert. */
#include "core/rack/upgrade.h"

#include "core/clock/clock.h"
#include "core/config/config.h"
#include "core/dispatch/command.h"
#include "core/event/event.h"
#include "core/keyspace/adapt.h"
#include "core/log/log.h"
#include "core/loop/loop.h"
#include "core/memory/memory.h"
#include "core/rack/descriptor.h"
#include "core/rack/loader.h"
#include "core/rack/refuse.h"

#include <time.h>

#define UPGRADE_STEP_MS   1
#define UPGRADE_STEP_US   300 /* of each */
#define UPGRADE_TYPES_MAX 64u /* of one module */
#define UPGRADE_STALE_STEP                                                     \
    1024 /* keys tried again before a look at the clock */

/* A type whose values are to be converted. */
struct upgrade_type {
    uint16_t slot;
    const struct kr_type *old;
    const struct kr_type *new;
};

/* A key that has changed since it was tried. */
struct upgrade_stale {
    struct upgrade_stale *next;
    kr_db *db;
    struct kr_str key; /* the bytes behind it */
};

/* The upgrade that converts values: first tries, then does it. */
static struct {
    struct rack_module *module; /* NULL: there is none */
    struct rack_module *successor;
    bool made; /* as a child is, before its values are tried */
    struct upgrade_type types[UPGRADE_TYPES_MAX];
    uint32_t type_count;
    struct adapt_walk walk;
    bool switched;
    kr_timer *timer;
    kr_subscription *changes;
    struct upgrade_stale *stale;
    int64_t budget_us;
    void (*end)(void *ctx, const char *error);
    void *end_ctx;
    char error[1024];
} task;

/* --- How long it takes ---------------------------------------------------- */

struct upgrade_watch {
    int64_t begin_ns, begin_cpu_ns;
};

static int64_t watch_cpu_ns(void)
{
    struct timespec used;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return used.tv_sec * INT64_C(1000000000) + used.tv_nsec;
}

static struct upgrade_watch watch_begin(void)
{
    return (struct upgrade_watch){clock_monotonic_ns(), watch_cpu_ns()};
}

/* `before`: where a step before this one has written how long it took. */
static void watch_end(const struct upgrade_watch *watch, struct rack_module *m,
                      const struct rack_module *before)
{
    m->pause_nsec =
        before->pause_nsec + (uint64_t)(clock_monotonic_ns() - watch->begin_ns);
    m->pause_cpu_nsec = before->pause_cpu_nsec +
                        (uint64_t)(watch_cpu_ns() - watch->begin_cpu_ns);
}

/* --- Before: what speaks against it --------------------------------------- */

bool upgrade_is_allowed(const struct rack_module *m, char *error,
                        size_t error_size)
{
    if (!(m->descriptor.flags & KR_MODULE_CAN_UPGRADE))
        return refuse(error, error_size,
                      "module '%s' was not made to be upgraded "
                      "(KR_MODULE_CAN_UPGRADE); unload it and load the new one",
                      m->name);
    if (m->fetching)
        return refuse(error, error_size,
                      "another upgrade of module '%s' is under way; try again "
                      "after that",
                      m->name);
    if (m->outgoing || task.module)
        return refuse(error, error_size,
                      "values of module '%s' are being converted; try again "
                      "after that",
                      task.module ? task.module->name : m->name);
    if (m->children > 0)
        return refuse(error, error_size,
                      "module '%s' has loaded other modules, which run in its "
                      "code; unload them first",
                      m->name);
    if (loader_is_asking())
        return refuse(error, error_size,
                      "a loader is looking at a file; try again after that");
    if (rack_is_running(m))
        return refuse(error, error_size,
                      "module '%s' is held by its own code, which runs now; "
                      "ask from outside of it",
                      m->name);
    if (keyspace_hooks.loading)
        return refuse(error, error_size,
                      "the data set is being loaded; try again after that");
    return true;
}

/* --- Describe ------------------------------------------------------------ */

static bool upgrade_fits(const struct rack_module *m,
                         const struct rack_module *successor, char *error,
                         size_t error_size)
{
    if (!rack_check_same_name(m, successor->name, successor->path, error,
                              error_size))
        return false;
    if (successor->descriptor.flags & KR_MODULE_CAN_UPGRADE)
        return true;
    return refuse(error, error_size,
                  "module '%s' (%s) was not made to take over "
                  "(KR_MODULE_CAN_UPGRADE); unload the old one and load this",
                  m->name, successor->path);
}

/* What belongs to a module of ours; a child is described when it is made. */
static bool upgrade_bind(struct rack_module *m, struct rack_module *successor,
                         char *error, size_t error_size)
{
    if (!upgrade_fits(m, successor, error, error_size) ||
        !directory_bind(successor, error, error_size))
        return false;
    if (successor->descriptor.self)
        *successor->descriptor.self = &m->host;
    return true;
}

void upgrade_discard(struct rack_module *successor)
{
    if (successor->provision)
        successor->descriptor.discard(rack_handle(successor),
                                      successor->provision);
    successor->provision = NULL;
    successor->phase = RACK_GONE;
    rack_close_later(successor);
}

bool upgrade_describe(struct rack_module *m, struct rack_module *successor,
                      char *error, size_t error_size)
{
    struct upgrade_watch watch = watch_begin();

    rack_name(successor);
    if (!upgrade_bind(m, successor, error, error_size))
        return false;
    watch_end(&watch, successor, successor);
    return true;
}

/* --- Make, hand over, switch ---------------------------------------------- */

static bool upgrade_call_load(struct rack_module *m,
                              struct rack_module *successor,
                              const struct copy *copy, char *error,
                              size_t error_size)
{
    const struct loader *loader = loader_find(copy, NULL);

    if (!loader || loader->module != m->loader)
        return refuse(error, error_size,
                      "%s: the loader of module '%s', which is '%s', does not "
                      "recognise it",
                      successor->path, m->name, m->loader->name);
    return rack_call_load(successor, loader, copy, error, error_size) &&
           upgrade_fits(m, successor, error, error_size);
}

static bool upgrade_has_all(struct rack_module *m, char *error,
                            size_t error_size)
{
    struct rack_names names = rack_names(m, m->incoming);
    const char *type = NULL, *what;

    if (!type_may_settle(&m->host, &type))
        return refuse(error, error_size,
                      "there are values of type '%s', which the new version "
                      "of module '%s' does not have",
                      type, m->name);
    what = rack_carry(m, &names.carry, false);
    if (what)
        return refuse(error, error_size,
                      "module '%s' has %s, and a function for them has no name "
                      "in both versions (kr_descriptor.carried); try again "
                      "when they are done",
                      m->name, what);
    return directory_may_switch(m, error, error_size);
}

static bool upgrade_passes_state(const struct rack_module *m,
                                 const struct rack_module *successor)
{
    return (m->descriptor.handover || m->descriptor.layout) &&
           successor->descriptor.takeover;
}

/* The old version shows its state.  */
static kr_status upgrade_show_state(struct rack_module *m,
                                    struct kr_handover *given)
{
    if (m->descriptor.handover)
        return m->descriptor.handover(&m->host, m->host.state, given);
    given->layout = m->descriptor.layout;
    given->state = m->host.state;
    return KR_OK;
}

/* A version that has given its own layout as a number knows that one. */
static bool upgrade_knows_layout(const struct rack_module *successor,
                                 uint32_t layout)
{
    return successor->descriptor.handover || !successor->descriptor.layout ||
           successor->descriptor.layout == layout;
}

/* The last step that may fail. */
static bool upgrade_hand_over(struct rack_module *m, char *error,
                              size_t error_size)
{
    struct rack_module *successor = m->incoming;
    char why[512] = "";
    struct kr_handover given = {.size = sizeof(given),
                                .version = m->descriptor.version,
                                .error = why,
                                .error_size = sizeof(why)};
    const char *who = "handover";
    kr_status status;
    kr_module *was;

    if (!upgrade_passes_state(m, successor))
        return true;
    was = module_enter(&m->host);
    status = upgrade_show_state(m, &given);
    if (status == KR_OK) {
        who = "takeover";
        status = upgrade_knows_layout(successor, given.layout)
                     ? successor->descriptor.takeover(
                           &m->host, successor->host.state, &given)
                     : KR_EVERSION;
    }
    module_leave(was);
    if (status == KR_OK)
        return true;
    why[sizeof(why) - 1] = '\0';
    return refuse(error, error_size,
                  "module '%s' (%s): %s() refused: %s (status %d)", m->name,
                  successor->path, who,
                  why[0]                  ? why
                  : status == KR_EVERSION ? "it does not know that state"
                                          : "it gave no reason",
                  status);
}

static void upgrade_settle(struct rack_module *m, bool good)
{
    rack_settle(m, good);
    loader_settle(m, good);
    config_settle_upgrade(&m->host, good);
    command_settle(&m->host, good);
    directory_settle(m, good);
}

/* All that the new version has begun is undone. */
static void upgrade_undo(struct rack_module *m, bool created, uint64_t held)
{
    struct rack_module *successor = m->incoming;
    kr_module *was;

    upgrade_settle(m, false);
    (void)type_settle(&m->host, false);
    if (created && successor->descriptor.destroy) {
        was = module_enter(&m->host);
        successor->descriptor.destroy(&m->host, successor->host.state);
        module_leave(was);
        upgrade_settle(m, false);
        (void)type_settle(&m->host, false);
    }
    if (m->host.held > held) {
        successor->stays = true;
        log_warning(
            "rack: upgrade: module '%s' has begun jobs in its create(), "
            "so its code stays in memory",
            m->name);
    }
    m->host.staging = m->host.passes = false;
    m->incoming = NULL;
}

#define EXCHANGE(a, b)                                                         \
    do {                                                                       \
        typeof(a) exchanged_ = (a);                                            \
        (a) = (b);                                                             \
        (b) = exchanged_;                                                      \
    } while (0)

/* What belongs to a version and not to the module. */
static void upgrade_exchange(struct rack_module *m, struct rack_module *other)
{
    EXCHANGE(m->descriptor, other->descriptor);
    EXCHANGE(m->image, other->image);
    EXCHANGE(m->images, other->images);
    for (size_t i = 0; i < KR_COUNT(m->texts); i++)
        EXCHANGE(m->texts[i], other->texts[i]);
    EXCHANGE(m->lacks, other->lacks);
    EXCHANGE(m->may_unload, other->may_unload);
    EXCHANGE(m->uses, other->uses);
    EXCHANGE(m->name, other->name);
    EXCHANGE(m->path, other->path);
    EXCHANGE(m->argc, other->argc);
    EXCHANGE(m->argv, other->argv);
    EXCHANGE(m->bindings, other->bindings);
    EXCHANGE(m->binding_count, other->binding_count);
    EXCHANGE(m->host.state, other->host.state);
    m->host.name = m->name;
    other->host.name = other->name;
    directory_rebind(m);
    directory_rebind(other);
}

/* Cannot fail.  The answer: are there values to convert? */
static bool upgrade_switch(struct rack_module *m)
{
    struct rack_module *other = m->incoming;
    struct rack_names names = rack_names(m, other);
    bool passed = upgrade_passes_state(m, other), converts;
    kr_module *was;

    m->host.staging = m->host.passes = false;
    if (!passed)
        rack_call_life(m, m->descriptor.deactivate);
    (void)rack_carry(m, &names.carry, true);
    upgrade_settle(m, true);
    converts = type_settle(&m->host, true);
    m->host.generation++;
    m->incoming = NULL;
    upgrade_exchange(m, other);
    other->phase = RACK_GONE;
    if (!passed && other->descriptor.destroy) {
        was = module_enter(&m->host);
        other->descriptor.destroy(&m->host, other->host.state);
        module_leave(was);
    }
    m->upgrades++;
    rack_call_life(m, m->descriptor.activate);
    return converts;
}

static void upgrade_tell(struct rack_module *m, uint32_t from)
{
    char old[24], new[24];

    descriptor_version(from, old);
    descriptor_version(m->descriptor.version, new);
    log_notice("rack: module '%s' upgraded from %s to %s, from %s", m->name,
               old, new, m->path);
    command_publish();
    rack_tell(EVENT_MODULE_CHANGED, m);
}

/* What the new version has is registered, aside.  `copy` is needed for a
 * child. */
static bool upgrade_make(struct rack_module *m, struct rack_module *successor,
                         const struct copy *copy, bool *created, char *error,
                         size_t error_size)
{
    bool good;

    m->incoming = successor;
    m->host.staging = true;
    m->host.passes = upgrade_passes_state(m, successor);
    good = m->loader ? upgrade_call_load(m, successor, copy, error, error_size)
                     : rack_make(successor, created, error, error_size);
    *created = *created || successor->described;
    return good;
}

/* The rest, after it.  `good`: it went well so far.  *converts: values are to be
 * converted. */
static bool upgrade_finish(struct rack_module *m, bool good, bool created,
                           uint64_t held, bool *converts, char *error,
                           size_t error_size)
{
    struct rack_module *successor = m->incoming;
    uint32_t from = m->descriptor.version;

    good = good && upgrade_has_all(m, error, error_size) &&
           upgrade_hand_over(m, error, error_size);
    if (good) {
        *converts = upgrade_switch(m);
        upgrade_tell(m, from);
    } else {
        upgrade_undo(m, created, held);
    }
    upgrade_discard(successor);
    successor->predecessor = NULL;
    return good;
}

/* Both, as one step. */
static bool upgrade_make_and_finish(struct rack_module *m,
                                    struct rack_module *successor,
                                    bool *converts, char *error,
                                    size_t error_size)
{
    uint64_t held = m->host.held;
    bool created = false;
    bool good = upgrade_make(m, successor, NULL, &created, error, error_size);

    return upgrade_finish(m, good, created, held, converts, error, error_size);
}

/* --- Values that must be converted ---------------------------------------- */

static void stale_drop(void)
{
    while (task.stale) {
        struct upgrade_stale *stale = task.stale;

        task.stale = stale->next;
        memory_free(stale);
    }
}

/* A value changes while all are tried. */
static void upgrade_on_change(void *ctx, const void *payload)
{
    const struct kr_key_event *event = payload;
    struct upgrade_stale *stale;

    (void)ctx;
    stale = memory_alloc(sizeof(*stale) + event->key.size);
    stale->next = task.stale;
    stale->db = event->db;
    stale->key = kr_str((const char *)(stale + 1), event->key.size);
    if (event->key.size > 0)
        memcpy((char *)(stale + 1), event->key.data, event->key.size);
    task.stale = stale;
}

static void upgrade_try_one(kr_db *db, struct entry *e, void *ctx)
{
    (void)ctx;
    for (uint32_t i = 0; i < task.type_count && !task.error[0]; i++) {
        const struct upgrade_type *type = &task.types[i];
        const char *why;

        if (entry_type(e) != type->slot)
            continue;
        why = adapt_try(db, e, type->old, type->new);
        if (why)
            refuse(task.error, sizeof(task.error),
                   "module '%s': a value of type '%s' in database %d cannot be "
                   "converted: %s",
                   task.module->name, type->old->name, (int)db->index, why);
    }
}

static bool upgrade_try_stale(int64_t budget_us)
{
    int64_t end_ns = clock_monotonic_ns() + budget_us * 1000;

    while (task.stale && !task.error[0]) {
        struct upgrade_stale *stale = task.stale;
        struct entry *e = db_peek(stale->db, stale->key);

        task.stale = stale->next;
        if (e)
            upgrade_try_one(stale->db, e, NULL);
        memory_free(stale);
        if (clock_monotonic_ns() >= end_ns)
            break;
    }
    return !task.stale;
}

static void task_end(const char *error)
{
    if (task.timer)
        loop_interface.cancel(task.timer);
    event_interface.unsubscribe(task.changes);
    stale_drop();
    if (error)
        log_warning("rack: upgrade: %s", error);
    memset(&task.walk, 0, sizeof(task.walk));
    task.timer = NULL;
    task.changes = NULL;
    task.module = task.successor = NULL;
    task.type_count = 0;
    task.made = task.switched = false;
    if (task.end)
        task.end(task.end_ctx, error);
    task.end = NULL;
    task.error[0] = '\0';
}

/* A child goes on where it was left.  `good`: all its values can be converted;
 * if not it is undone. */
static bool task_finish_child(struct rack_module *m, bool good, bool *converts)
{
    m->host.staging = true;
    good = good && config_resume(task.error, sizeof(task.error)) &&
           upgrade_is_allowed(m, task.error, sizeof(task.error));
    return upgrade_finish(m, good, true, UINT64_MAX, converts, task.error,
                          sizeof(task.error));
}

static bool task_finish(struct rack_module *m, bool *converts)
{
    if (task.made)
        return task_finish_child(m, true, converts);
    if (upgrade_is_allowed(m, task.error, sizeof(task.error)))
        return upgrade_make_and_finish(m, task.successor, converts, task.error,
                                       sizeof(task.error));
    upgrade_discard(task.successor);
    return false;
}

/* All values have been tried, and nothing has changed since. */
static void task_switch(void)
{
    struct rack_module *m = task.module, *successor = task.successor;
    struct upgrade_watch watch = watch_begin();
    bool converts = false;

    event_interface.unsubscribe(task.changes);
    task.changes = NULL;
    task.module = NULL;
    if (task_finish(m, &converts)) {
        watch_end(&watch, m, successor);
        successor->adapting = converts;
        m->outgoing = converts ? successor : NULL;
    }
    task.module = m;
    task.switched = true;
    memset(&task.walk, 0, sizeof(task.walk));
    if (!converts)
        task_end(task.error[0] ? task.error : NULL);
}

/* Some value cannot be converted, or the server ends. */
static void task_give_up(const char *error)
{
    if (task.made)
        (void)task_finish_child(task.module, false, &(bool){false});
    else
        upgrade_discard(task.successor);
    task_end(error);
}

static void task_try(void)
{
    bool all =
        adapt_walk_step(&task.walk, task.budget_us, upgrade_try_one, NULL);

    /* Who writes faster than we look makes us look longer. */
    if (all) {
        all = upgrade_try_stale(task.budget_us);
        task.budget_us += task.budget_us / 16;
    }
    if (task.error[0]) {
        task_give_up(task.error);
    } else if (all) {
        task_switch();
    }
}

static void task_convert(void)
{
    struct rack_module *old = task.successor;

    if (!adapt_walk_step(&task.walk, UPGRADE_STEP_US, adapt_visit, NULL) ||
        !lazy_is_past(old->lazy_mark))
        return;
    type_converted(&task.module->host);
    old->adapting = false;
    task.module->outgoing = NULL;
    task_end(NULL);
}

static void task_step(void *ctx)
{
    (void)ctx;
    clock_begin_turn();
    if (task.switched)
        task_convert();
    else
        task_try();
}

/* Which types of the new version do not understand the values that there are?
 * false: there is one that cannot be converted. */
static bool upgrade_find_types(struct rack_module *m,
                               const struct rack_module *successor, char *error,
                               size_t error_size)
{
    const struct kr_rows *rows = &successor->descriptor.types;

    task.type_count = 0;
    for (uint32_t i = 0; i < rows->count; i++) {
        struct upgrade_type *type = &task.types[task.type_count];

        descriptor_row(rows, i, &type->new, sizeof(type->new));
        if (!type_must_convert(&m->host, type->new, &type->old, &type->slot))
            continue;
        if (!type->old->save || !(type->new->load || type->new->load_as) ||
            task.type_count == UPGRADE_TYPES_MAX - 1)
            return refuse(
                error, error_size,
                "module '%s': the new version does not understand the "
                "layout %u of type '%s' in memory, and there are no "
                "save() and load() by which to convert it",
                m->name, type->old->layout, type->new->name);
        if (type->new->slot)
            *type->new->slot = type->slot;
        task.type_count++;
    }
    return true;
}

/* The same of a child, whose types have been registered.  The answer: are there
 * values to convert?  If so, of all these types that may yet come, too. */
static bool upgrade_find_staged(const struct rack_module *m)
{
    bool any = false, converts;
    uint16_t slot = 0;

    task.type_count = 0;
    while (task.type_count < UPGRADE_TYPES_MAX) {
        struct upgrade_type *type = &task.types[task.type_count];

        if (!type_staged(&m->host, &slot, &type->old, &type->new, &converts))
            break;
        type->slot = slot;
        task.type_count++;
        any |= converts;
    }
    return any;
}

static enum rack_upgraded task_begin(struct rack_module *m,
                                     struct rack_module *successor, bool made)
{
    task.module = m;
    task.successor = successor;
    task.made = made;
    task.budget_us = UPGRADE_STEP_US;
    task.walk = (struct adapt_walk){.swaps = keyspace.swaps};
    task.changes = event_interface.subscribe(NULL, KR_EVENT_KEY_CHANGED,
                                             upgrade_on_change, NULL);
    task.timer = loop_interface.timer(NULL, UPGRADE_STEP_MS, UPGRADE_STEP_MS,
                                      task_step, NULL);
    return RACK_UNDER_WAY;
}

/* --- A new version -------------------------------------------------------- */

static enum rack_upgraded upgrade_begin_own(struct rack_module *m,
                                            struct rack_module *successor,
                                            char *error, size_t error_size)
{
    bool converts;

    if (!upgrade_find_types(m, successor, error, error_size)) {
        upgrade_discard(successor);
        return RACK_REFUSED;
    }
    if (task.type_count > 0)
        return task_begin(m, successor, false);
    return upgrade_make_and_finish(m, successor, &converts, error, error_size)
               ? RACK_UPGRADED
               : RACK_REFUSED;
}

static enum rack_upgraded upgrade_begin_child(struct rack_module *m,
                                              struct rack_module *successor,
                                              const struct copy *copy,
                                              char *error, size_t error_size)
{
    uint64_t held = m->host.held;
    bool created = false, converts;
    bool good = upgrade_make(m, successor, copy, &created, error, error_size);

    if (good && upgrade_find_staged(m)) {
        m->host.staging = false;
        config_suspend(&m->host);
        return task_begin(m, successor, true);
    }
    return upgrade_finish(m, good, created, held, &converts, error, error_size)
               ? RACK_UPGRADED
               : RACK_REFUSED;
}

enum rack_upgraded upgrade_begin(struct rack_module *m,
                                 struct rack_module *successor,
                                 const struct copy *copy, char *error,
                                 size_t error_size)
{
    struct upgrade_watch watch = watch_begin();
    enum rack_upgraded result;

    if (m->loader) {
        successor->name = memory_strdup(m->name);
        successor->host.name = successor->name;
        result = upgrade_begin_child(m, successor, copy, error, error_size);
    } else {
        result = upgrade_begin_own(m, successor, error, error_size);
    }
    if (result == RACK_UPGRADED)
        watch_end(&watch, m, successor);
    return result;
}

bool rack_may_load(char *error, size_t error_size)
{
    return !task.module || !task.made || task.switched ||
           refuse(error, error_size,
                  "values of module '%s' are being converted; try again after "
                  "that",
                  task.module->name);
}

void upgrade_await(void (*end)(void *ctx, const char *error), void *ctx)
{
    task.end = end;
    task.end_ctx = ctx;
}

void rack_upgrade_fini(void)
{
    if (task.module && !task.switched)
        task_give_up("the server is about to end");
}
