/* SPDX-License-Identifier: BSD-3-Clause */
/* fetch - the file of a module's next version comes to the server.
 *
 *   MODULE UPGRADE --> [copy, check, map] --> describe --> upgrade_begin()
 *   main thread         aside                 main |   ^   main
 *                                                  v   |
 *                                               [prepare()]  if it has one
 *                                                  aside
 *
 * Copying, checking and mapping the file takes longer than all the rest of an
 * upgrade, and needs nothing of the main thread's but the record; nor does what
 * the new version prepares for its create().  So who asks waits, and nobody else
 * does.  Where the answer is wanted at once it is done here, and create() does
 * without. */
#include "core/clock/clock.h"
#include "core/log/log.h"
#include "core/loop/loop.h"
#include "core/memory/memory.h"
#include "core/rack/refuse.h"
#include "core/rack/upgrade.h"

struct upgrade_fetch {
    struct rack_module *module, *successor;
    struct copy *copy; /* NULL: it is not needed any more, or was refused */
    void (*end)(void *ctx, const char *error);
    void *ctx;
    bool good;
    char error[1024];
};

/* [any] */
static void fetch_work(void *given)
{
    struct upgrade_fetch *fetch = given;
    struct rack_module *successor = fetch->successor;
    const struct image *before = fetch->module->images;
    char unsaid[256];

    fetch->copy =
        copy_open(successor->path, fetch->error, sizeof(fetch->error));
    if (!fetch->copy)
        return;
    if (successor->loader) {
        /* Most likely its loader will look for what it has found before. */
        if (before)
            successor->prepared = image_open_copy(fetch->copy, before->symbol,
                                                  unsaid, sizeof(unsaid));
        fetch->good = true;
        return;
    }
    fetch->good =
        rack_map(successor, fetch->copy, fetch->error, sizeof(fetch->error));
    copy_close(fetch->copy);
    fetch->copy = NULL;
}

/* [any] */
static void fetch_prepare(void *given)
{
    struct upgrade_fetch *fetch = given;
    struct rack_module *successor = fetch->successor;

    successor->provision =
        successor->descriptor.prepare(rack_handle(successor));
}

/* A child is described when it is made. */
static bool fetch_describe(struct upgrade_fetch *fetch)
{
    struct rack_module *m = fetch->module;

    m->fetching = false;
    return fetch->good &&
           upgrade_is_allowed(m, fetch->error, sizeof(fetch->error)) &&
           (m->loader || upgrade_describe(m, fetch->successor, fetch->error,
                                          sizeof(fetch->error)));
}

static enum rack_upgraded fetch_use(struct upgrade_fetch *fetch)
{
    struct rack_module *m = fetch->module, *successor = fetch->successor;
    enum rack_upgraded result = RACK_REFUSED;

    if (fetch->good)
        result = upgrade_begin(m, successor, fetch->copy, fetch->error,
                               sizeof(fetch->error));
    else
        upgrade_discard(successor);
    if (result == RACK_UNDER_WAY)
        upgrade_await(fetch->end, fetch->ctx);
    else if (result == RACK_REFUSED)
        log_warning("rack: upgrade: %s", fetch->error);
    return result;
}

static void fetch_free_work(void *given)
{
    struct upgrade_fetch *fetch = given;

    if (fetch->copy)
        copy_close(fetch->copy);
    memory_free(fetch);
}

static bool fetch_is_in_time(struct upgrade_fetch *fetch)
{
    return rack_works_aside() || refuse(fetch->error, sizeof(fetch->error),
                                        "the server is about to end");
}

static void fetch_end(struct upgrade_fetch *fetch)
{
    enum rack_upgraded result;

    result = fetch_use(fetch);
    if (result != RACK_UNDER_WAY)
        fetch->end(fetch->ctx, result == RACK_UPGRADED ? NULL : fetch->error);
    if (fetch->copy && rack_works_aside())
        loop_background(fetch_free_work, NULL, fetch);
    else
        fetch_free_work(fetch);
}

static void fetch_prepared(void *given)
{
    struct upgrade_fetch *fetch = given;
    struct rack_module *m = fetch->module;

    clock_begin_turn();
    m->fetching = false;
    fetch->good = fetch_is_in_time(fetch) &&
                  upgrade_is_allowed(m, fetch->error, sizeof(fetch->error));
    fetch_end(fetch);
}

static void fetch_done(void *given)
{
    struct upgrade_fetch *fetch = given;

    clock_begin_turn();
    fetch->good = fetch_is_in_time(fetch) && fetch->good;
    fetch->good = fetch_describe(fetch);
    if (fetch->good && fetch->successor->descriptor.prepare) {
        fetch->module->fetching = true;
        loop_aside(fetch_prepare, fetch_prepared, fetch);
    } else {
        fetch_end(fetch);
    }
}

/* --- From outside --------------------------------------------------------- */

/* A record with a name to speak of it by.  It keeps nothing of the request's. */
static struct rack_module *fetch_new(struct rack_module *m,
                                     const struct rack_upgrade *how,
                                     char *error, size_t error_size)
{
    struct rack_request request = {
        .path = how->path ? how->path : m->path,
        .standard = m->standard,
        .argc = how->with_args ? how->argc : m->argc,
        .argv = how->with_args ? how->argv : m->argv,
    };
    struct rack_module *successor = rack_new(&request, error, error_size);

    if (!successor)
        return NULL;
    successor->request = NULL;
    successor->predecessor = m;
    successor->loader = m->loader; /* which is needed to end it */
    return successor;
}

static enum rack_upgraded fetch_begin(struct rack_module *m,
                                      struct rack_module *successor,
                                      const struct rack_upgrade *how,
                                      char *error, size_t error_size)
{
    struct upgrade_fetch *fetch = memory_calloc(1, sizeof(*fetch));
    enum rack_upgraded result = RACK_UNDER_WAY;

    fetch->module = m;
    fetch->successor = successor;
    fetch->end = how->end;
    fetch->ctx = how->ctx;
    if (how->may_wait && rack_works_aside()) {
        m->fetching = true;
        loop_aside(fetch_work, fetch_done, fetch);
        return result;
    }
    fetch_work(fetch);
    fetch->good = fetch_describe(fetch);
    result = fetch_use(fetch);
    snprintf(error, error_size, "%s", fetch->error);
    fetch_free_work(fetch);
    return result;
}

enum rack_upgraded rack_upgrade(const struct rack_upgrade *how, char *error,
                                size_t error_size)
{
    struct rack_module *m = rack_module_of(rack_find(how->name));
    struct rack_module *successor;

    if (!m) {
        refuse(error, error_size, "no such module with that name");
        return RACK_REFUSED;
    }
    successor = upgrade_is_allowed(m, error, error_size)
                    ? fetch_new(m, how, error, error_size)
                    : NULL;
    if (successor)
        return fetch_begin(m, successor, how, error, error_size);
    log_warning("rack: upgrade: %s", error);
    return RACK_REFUSED;
}
