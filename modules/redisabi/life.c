/* SPDX-License-Identifier: BSD-3-Clause */
/* life - a guest is born, is replaced by another build of itself, and ends.
 *
 *   OnLoad --> [waits] --> serves --> replaced --> OnUnload --> gone
 *                 |          |                        ^
 *                 |          +--------- unload -------+
 *                 `-- another step of the upgrade fails: OnUnload, gone
 *
 * Modules for Redis know nothing of being replaced, so it is done around them.
 * The new build's OnLoad registers for the same handle, which the host keeps
 * aside.  Its timers and descriptors wait; filters are passed over.  Values pass
 * through rdb_save of the old and rdb_load of the new: on trial first, then one
 * by one when they are touched (the host does that: no two guests have the same
 * layout).  What stands beside the values goes through aux_save and aux_load at
 * the switch, and where it belongs before the values, before the trial too.
 *
 * From the switch on the old one has no commands, no parameters and is told of
 * nothing.  It is kept while something may return into it:
 *
 *   clients that it has blocked     its threads, timers and descriptors let them
 *                                   go; who waits for keys asks the new one
 *   values not yet converted        its rdb_save and free
 *   contexts of threads, logins
 *   threads that have had one       unless it has an OnUnload, which ends them
 *
 * Then it is asked to leave, as if it were unloaded, and unmapped.  So an
 * upgrade costs what a load does, and what conversion takes is in small steps. */
#include "census.h"
#include "config.h"
#include "context.h"
#include "denied.h"
#include "promise.h"

#include <kr/snapshot.h>

#include <stdio.h>

#define LIFE_REAP_MS 20
#define LIFE_LAYOUT  1u /* of struct guest: we are the same code */

/* --- Born, gone ----------------------------------------------------------- */

struct guest *guest_new(kr_module *child)
{
    struct house *all = house();
    struct guest *guest = kr_memory->calloc(child, 1, sizeof(*guest));

    guest->self = child;
    guest->number = ++all->guest_number;
    guest->waiting_end = &guest->waiting;
    guest->census = census_take();
    pthread_mutex_lock(&all->guests_lock);
    guest->next = all->guests;
    all->guests = guest;
    pthread_mutex_unlock(&all->guests_lock);
    return guest;
}

static void guest_unlist(struct guest *guest)
{
    struct house *all = house();
    struct guest **at = &all->guests;

    pthread_mutex_lock(&all->guests_lock);
    while (*at != guest)
        at = &(*at)->next;
    *at = guest->next;
    pthread_mutex_unlock(&all->guests_lock);
}

/* What values and threads need stays, if there are any: at the server's end, or
 * of a build that was refused when it had begun threads.  Of threads that nobody
 * has heard of yet it is the code. */
void guest_free(struct guest *guest)
{
    guest_unlist(guest);
    commands_forget(guest);
    descriptors_forget(guest);
    errand_forget();
    settings_forget(guest);
    filters_forget(guest);
    listeners_forget(guest);
    logins_forget(guest);
    shared_forget(guest);
    subscribers_forget(guest);
    timers_forget(guest);
    names_forget(guest);
    if (guest->image && census_has_grown(guest->census))
        kr_loaders->image_keep(guest->image);
    census_free(guest->census);
    guest->census = NULL;
    if (guest->threads > 0 || guest->blocked > 0 || guest->visitors > 0) {
        kr_loaders->image_keep(guest->image);
    } else if (guest->values == 0) {
        types_forget(guest);
        kr_memory->free(guest->self, guest);
    }
}

typedef int (*guest_exit)(RedisModuleCtx *ctx, RedisModuleString **argv,
                          int argc);

/* Its OnUnload, or NULL. */
static guest_exit guest_exit_of(const struct guest *guest)
{
    static const char *const exits[] = {"ValkeyModule_OnUnload",
                                        "RedisModule_OnUnload"};
    guest_exit code = NULL;

    for (size_t i = 0; i < KR_COUNT(exits) && !code; i++) {
        void *address = kr_loaders->image_symbol(guest->image, exits[i]);

        memcpy(&code, &address, sizeof(code));
    }
    return code;
}

/* false: it refuses. */
static bool guest_leave(struct guest *guest)
{
    guest_exit code = guest_exit_of(guest);
    RedisModuleCtx ctx;
    int result;

    if (!code)
        return true;
    context_begin(&ctx, guest, NULL);
    result = code(&ctx, NULL, 0);
    context_end(&ctx);
    return result == REDISMODULE_OK;
}

/* Threads that nothing ends before it goes. */
static uint32_t guest_visitors(const struct guest *guest)
{
    return guest_exit_of(guest) ? 0 : guest->visitors;
}

/* Nothing of it is left but what it has on its heap and its threads, of which
 * only it knows. */
static void guest_end(struct guest *guest)
{
    if (guest->entered && !guest->left && !guest_leave(guest)) {
        kr_logf(guest->self, KR_LOG_WARNING,
                "its OnUnload answered an error, so its code stays in memory");
        kr_loaders->image_keep(guest->image);
    }
    guest->left = true;
}

/* --- Replaced ------------------------------------------------------------- */

/* Is nothing left that may return into it? */
static bool guest_is_idle(struct guest *guest)
{
    if (guest->blocked > 0 || guest->threads > 0 || house()->strays > 0 ||
        guest_visitors(guest) > 0)
        return false;
    timers_end(guest);
    descriptors_end(guest);
    return guest->values == 0 && !logins_are_of(guest) && !fork_is_of(guest);
}

/* Of the one at `at` in the line of those that are replaced. */
static void guest_drop(struct guest **at)
{
    struct guest *old = *at;
    kr_image *image = old->image;

    *at = old->before;
    guest_end(old);
    guest_free(old);
    kr_loaders->image_release(image);
}

/* false: there are none any more that have been replaced. */
static bool guests_reap(void)
{
    bool any = false;

    for (struct guest *g = house()->guests; g; g = g->next) {
        struct guest **at = &g->before;

        while (g->serves && *at) {
            if (guest_is_idle(*at))
                guest_drop(at);
            else
                at = &(*at)->before;
        }
        any |= g->before != NULL;
    }
    return any;
}

static void guests_reap_due(void *ctx)
{
    struct house *all = ctx;

    if (guests_reap())
        return;
    kr_loop->cancel(all->reaper);
    all->reaper = NULL;
}

/* What it and those before it have in the loop is the host's no more. */
static void guests_lose(struct guest *guest)
{
    for (struct guest *g = guest; g; g = g->before) {
        timers_lose(g);
        descriptors_lose(g);
    }
}

/* The host has dropped what stood on the state of the old one; what those that
 * are replaced still wait for went, too, being registered with the same handle. */
static void guest_retire(struct guest *old)
{
    struct house *all = house();

    old->serves = false;
    old->replaced = true;
    kr_loaders->image_hold(old->image);
    filters_forget(old);
    listeners_forget(old);
    shared_withdraw(old);
    guests_lose(old);
    for (struct guest *g = old; g; g = g->before) {
        timers_begin(g);
        descriptors_begin(g);
    }
    blocked_hand_over(old);
    if (!all->reaper)
        all->reaper = kr_loop->timer(redisabi_self, LIFE_REAP_MS, LIFE_REAP_MS,
                                     guests_reap_due, all);
}

/* --- What the host asks --------------------------------------------------- */

static void guest_activate(kr_module *child, void *state)
{
    struct guest *guest = state;

    (void)child;
    guest->serves = true;
    if (guest->before)
        guest_retire(guest->before);
    types_begin(guest);
    timers_begin(guest);
    descriptors_begin(guest);
}

/* The host drops what stands on the handle next, also what those that were
 * replaced have there, and their values may take long to be sealed. */
static void guest_deactivate(kr_module *child, void *state)
{
    (void)child;
    guests_lose(state);
}

/* Together with those that it has replaced. */
static void guest_destroy(kr_module *child, void *state)
{
    struct guest *guest = state;

    (void)child;
    while (guest->serves && guest->before)
        guest_drop(&guest->before);
    guest_end(guest);
    guest_free(guest);
}

static void guest_lacks(kr_module *child, void *state,
                        void (*each)(void *ctx, struct kr_str name), void *ctx)
{
    const struct guest *guest = state;

    (void)child;
    for (const struct lacking *l = guest->lacking; l; l = l->next)
        each(ctx, kr_cstr(l->name));
}

/* Who would run in code that is gone, or find its structures gone?  NULL:
 * nobody. */
static const char *guest_is_used(const struct guest *guest, char *why,
                                 size_t size)
{
    struct kr_module_info about = {.size = sizeof(about)};
    const struct guest *borrower = shared_borrower(guest);
    uint32_t strays = house()->strays;

    if (borrower) {
        kr_modules->info(borrower->self, &about);
        snprintf(why, size,
                 "module '%s', which uses functions of it (unload that first)",
                 about.name);
        return why;
    }
    if (guest->blocked > 0)
        snprintf(why, size,
                 "%u clients that it has blocked (unblock them first)",
                 guest->blocked);
    else if (guest->threads > 0 || strays > 0)
        snprintf(why, size, "%u contexts of threads (wait for them)",
                 guest->threads + strays);
    else if (guest_visitors(guest) > 0)
        snprintf(why, size,
                 "%u threads of it, which it has no OnUnload to end (wait for "
                 "them)",
                 guest->visitors);
    else if (house()->ending && census_has_grown(guest->census))
        snprintf(why, size, "threads that may be its");
    else
        return NULL;
    return why;
}

/* The guest itself has the last word, and by it has said farewell. */
static bool guest_may_unload(kr_module *child, void *state, char *why,
                             size_t size)
{
    struct guest *guest = state;

    (void)child;
    for (const struct guest *g = guest; g; g = g->before) {
        if (guest_is_used(g, why, size))
            return false;
    }
    types_leave(guest);
    guest->left = guest_leave(guest);
    if (!guest->left) {
        types_stay(guest);
        snprintf(why, size, "its OnUnload, which answered an error");
    }
    return guest->left;
}

/* A thread that has made its context for good would go on with it; those that
 * ask for one each time, and name no client, go on in the old code until they
 * end. */
static kr_status guest_handover(kr_module *child, void *state,
                                struct kr_handover *out)
{
    struct kr_module_info about = {.size = sizeof(about)};
    struct guest *guest = state;
    const struct guest *borrower = shared_borrower(guest);
    uint32_t threads = guest->detached;

    (void)child;
    out->layout = LIFE_LAYOUT;
    out->state = guest;
    if (borrower) {
        kr_modules->info(borrower->self, &about);
        snprintf(out->error, out->error_size,
                 "module '%s' uses functions of it (unload that first)",
                 about.name);
    } else if (threads > 0) {
        snprintf(out->error, out->error_size,
                 "there are %u contexts of its threads (wait for them)",
                 threads);
    } else if (fork_is_of(guest)) {
        snprintf(out->error, out->error_size,
                 "a child process of its is at work (wait for it)");
    } else {
        return KR_OK;
    }
    return KR_EBUSY;
}

static kr_status guest_takeover(kr_module *child, void *state,
                                const struct kr_handover *in)
{
    static const uint32_t both[] = {KR_SNAPSHOT_BEFORE, KR_SNAPSHOT_AFTER};
    struct guest *guest = state;

    (void)child;
    if (in->layout != LIFE_LAYOUT)
        return KR_EVERSION;
    for (size_t i = 0; i < KR_COUNT(both); i++) {
        if (!guest_take_aux(guest, in->state, both[i], false, in->error,
                            in->error_size))
            return KR_EFAIL;
    }
    guest->before = in->state;
    return KR_OK;
}

bool guest_describe(struct guest *guest, const char *name, uint32_t version)
{
    struct kr_child about = {.size = sizeof(about),
                             .version = version,
                             .flags =
                                 KR_MODULE_CAN_UNLOAD | KR_MODULE_CAN_UPGRADE,
                             .name = name,
                             .summary = "A module built for Redis",
                             .state = guest,
                             .activate = guest_activate,
                             .deactivate = guest_deactivate,
                             .destroy = guest_destroy,
                             .handover = guest_handover,
                             .takeover = guest_takeover,
                             .lacks = guest_lacks,
                             .may_unload = guest_may_unload,
                             .uses = guest_uses};

    if (kr_loaders->describe(guest->self, &about) != KR_OK)
        return false;
    guest->barred = !guest_may_be_hosted(guest);
    return true;
}
