/* SPDX-License-Identifier: BSD-3-Clause */
/* descriptor - file descriptors that guests watch, and functions that they want
 * to be run on the main thread.
 *
 * These functions have no context, so whose they are is told by the code that
 * is to be called: a guest that is unloaded takes with it what it watches, and
 * what is yet to be called of it is not called. */
#include "context.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

struct watched {
    struct watched *next;
    struct guest *guest;
    int fd;
    int mask; /* REDISMODULE_EVENTLOOP_ */
    RedisModuleEventLoopFunc readable, writable;
    void *data;
    kr_fd *handle;
};

/* --- Whose code ----------------------------------------------------------- */

static bool image_has(const kr_image *image, uintptr_t address)
{
    struct kr_extent extents[16];
    uint32_t count =
        image ? kr_loaders->image_extents(image, extents, KR_COUNT(extents))
              : 0;

    for (uint32_t i = 0; i < count && i < KR_COUNT(extents); i++) {
        if (address - (uintptr_t)extents[i].start < extents[i].bytes)
            return true;
    }
    return false;
}

struct guest *guest_of_code(uintptr_t address)
{
    struct guest *guest = house()->guests;

    while (guest && !image_has(guest->image, address))
        guest = guest->next;
    return guest;
}

/* --- Descriptors ---------------------------------------------------------- */

static struct watched **watched_find(int fd)
{
    struct watched **at = &house()->watched;

    while (*at && (*at)->fd != fd)
        at = &(*at)->next;
    return at;
}

static uint32_t watched_events(const struct watched *watched)
{
    return (watched->mask & REDISMODULE_EVENTLOOP_READABLE ? KR_READABLE : 0) |
           (watched->mask & REDISMODULE_EVENTLOOP_WRITABLE ? KR_WRITABLE : 0);
}

static void watched_free(struct watched **at)
{
    struct watched *watched = *at;

    *at = watched->next;
    if (watched->handle)
        kr_loop->unwatch(watched->handle);
    kr_memory->free(redisabi_self, watched);
}

static void watched_change(struct watched *watched)
{
    if (watched->handle)
        kr_loop->rewatch(watched->handle, watched_events(watched));
}

/* Each function may end the watch. */
static void watched_ready(void *given, int fd, uint32_t events)
{
    struct watched *watched = given;

    kr_journal->begin();
    if (events & KR_READABLE && watched->readable)
        watched->readable(fd, watched->data, REDISMODULE_EVENTLOOP_READABLE);
    watched = *watched_find(fd);
    if (watched == given && events & KR_WRITABLE && watched->writable)
        watched->writable(fd, watched->data, REDISMODULE_EVENTLOOP_WRITABLE);
    kr_journal->end();
}

static void watched_begin(struct watched *watched)
{
    watched->handle = kr_loop->watch(
        watched->guest ? watched->guest->self : redisabi_self, watched->fd,
        watched_events(watched), watched_ready, watched);
}

static int watched_refuse(int fd, int mask, bool code)
{
    if (fd < 0 || fd >= sysconf(_SC_OPEN_MAX)) {
        errno = ERANGE;
        return REDISMODULE_ERR;
    }
    if (!code || mask & ~(REDISMODULE_EVENTLOOP_READABLE |
                          REDISMODULE_EVENTLOOP_WRITABLE)) {
        errno = EINVAL;
        return REDISMODULE_ERR;
    }
    return REDISMODULE_OK;
}

/* [main] */
int rm_EventLoopAdd(int fd, int mask, RedisModuleEventLoopFunc run, void *data)
{
    struct watched **at = watched_find(fd);
    struct watched *watched = *at;

    if (watched_refuse(fd, mask, run != NULL) != REDISMODULE_OK)
        return REDISMODULE_ERR;
    if (!watched) {
        struct guest *guest = guest_of_code((uintptr_t)run);

        if (fcntl(fd, F_GETFD) < 0)
            return REDISMODULE_ERR;
        watched = kr_memory->calloc(redisabi_self, 1, sizeof(*watched));
        *watched = (struct watched){.guest = guest, .fd = fd, .mask = mask};
        if (!guest || guest->serves || guest->replaced)
            watched_begin(watched);
        *at = watched;
    }
    if ((watched->mask | mask) != watched->mask) {
        watched->mask |= mask;
        watched_change(watched);
    }
    watched->data = data;
    if (mask & REDISMODULE_EVENTLOOP_READABLE)
        watched->readable = run;
    if (mask & REDISMODULE_EVENTLOOP_WRITABLE)
        watched->writable = run;
    errno = 0;
    return REDISMODULE_OK;
}

/* [main] */
int rm_EventLoopDel(int fd, int mask)
{
    struct watched **at = watched_find(fd);

    if (watched_refuse(fd, mask, true) != REDISMODULE_OK)
        return REDISMODULE_ERR;
    if (*at && (*at)->mask & ~mask) {
        (*at)->mask &= ~mask;
        watched_change(*at);
    } else if (*at) {
        watched_free(at);
    }
    errno = 0;
    return REDISMODULE_OK;
}

/* What it has begun before it serves begins then. */
void descriptors_begin(struct guest *guest)
{
    for (struct watched *w = house()->watched; w; w = w->next)
        if (w->guest == guest && !w->handle)
            watched_begin(w);
}

void descriptors_lose(struct guest *guest)
{
    for (struct watched *w = house()->watched; w; w = w->next)
        if (w->guest == guest)
            w->handle = NULL;
}

void descriptors_end(struct guest *guest)
{
    struct watched **at = &house()->watched;

    while (*at) {
        if ((*at)->guest == guest)
            watched_free(at);
        else
            at = &(*at)->next;
    }
}

void descriptors_forget(struct guest *guest)
{
    descriptors_lose(guest);
    descriptors_end(guest);
}

/* --- Once, on the main thread --------------------------------------------- */

struct once {
    RedisModuleEventLoopOneShotFunc run;
    void *data;
};

static void once_run(void *given)
{
    struct once once = *(struct once *)given;
    struct guest *guest = guest_of_code((uintptr_t)once.run);

    kr_memory->free(redisabi_self, given);
    if (!guest)
        return;
    kr_journal->begin();
    once.run(once.data);
    kr_journal->end();
}

/* [any] */
int rm_EventLoopAddOneShot(RedisModuleEventLoopOneShotFunc run, void *data)
{
    struct once *once;

    if (!run) {
        errno = EINVAL;
        return REDISMODULE_ERR;
    }
    once = kr_memory->alloc(redisabi_self, sizeof(*once));
    *once = (struct once){run, data};
    kr_loop->post(redisabi_self, once_run, once);
    errno = 0;
    return REDISMODULE_OK;
}
