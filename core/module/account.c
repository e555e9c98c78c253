/* SPDX-License-Identifier: BSD-3-Clause */
/* account - the host's allocator with an account for each module.
 *
 * An account is one counter of usable bytes, changed by relaxed atomic adds:
 * other threads allocate too, and nobody orders anything by it.  A block may be
 * freed on another module's account than it was allocated on, so a single
 * account can pass below zero; the sum over all is exact.
 *
 * Blobs travel between modules by design and are on nobody's account. */
#include "core/module/account.h"

#include "core/memory/memory.h"
#include "core/module/module.h"

#include <stdlib.h>

static void account_add(kr_module *self, size_t bytes)
{
    if (self)
        atomic_fetch_add_explicit(&self->memory, bytes, memory_order_relaxed);
}

static void account_subtract(kr_module *self, size_t bytes)
{
    if (self)
        atomic_fetch_sub_explicit(&self->memory, bytes, memory_order_relaxed);
}

/* May the module have `bytes` more?  Threads that ask together may pass the
 * limit by what they ask for; it is a guard, not a budget. */
static bool account_has_room(kr_module *self, size_t bytes)
{
    size_t used, total;

    if (!self || self->memory_max == 0)
        return true;
    used = atomic_load_explicit(&self->memory, memory_order_relaxed);
    if ((ptrdiff_t)used < 0)
        used = 0;
    return !__builtin_add_overflow(used, bytes, &total) &&
           total <= self->memory_max;
}

#if defined(KR_HOSTILE)

/* Once the module that KR_HOSTILE_MODULE names serves, its tries fail: the first
 * one at once, then one after another that is granted, after two, up to
 * STARVED_MOST, and again.  So whichever try of a handler it is whose failure is
 * not looked at, it fails before long, and nothing is left to chance. */
#define STARVED_MOST 16u

static bool account_is_starved(const kr_module *self)
{
    static _Thread_local unsigned granted, gap;
    const char *name =
        self && self->active ? getenv("KR_HOSTILE_MODULE") : NULL;

    if (!name || strcmp(name, self->name) != 0)
        return false;
    if (granted < gap) {
        granted++;
        return false;
    }
    granted = 0;
    gap = gap < STARVED_MOST ? gap + 1 : 0;
    return true;
}

#else

static inline bool account_is_starved(const kr_module *self)
{
    (void)self;
    return false;
}

#endif

void *account_alloc(kr_module *self, size_t size)
{
    void *block = memory_alloc(size);

    account_add(self, memory_usable(block));
    return block;
}

void *account_calloc(kr_module *self, size_t count, size_t size)
{
    void *block = memory_calloc(count, size);

    account_add(self, memory_usable(block));
    return block;
}

void *account_realloc(kr_module *self, void *block, size_t size)
{
    size_t before = block ? memory_usable(block) : 0;

    block = memory_realloc(block, size);
    account_add(self, memory_usable(block) - before);
    return block;
}

void *account_try_alloc(kr_module *self, size_t size)
{
    void *block;

    if (!account_has_room(self, size) || account_is_starved(self) ||
        !(block = memory_try_alloc(size)))
        return NULL;
    account_add(self, memory_usable(block));
    return block;
}

void *account_try_realloc(kr_module *self, void *block, size_t size)
{
    size_t before = block ? memory_usable(block) : 0;

    if ((size > before && !account_has_room(self, size - before)) ||
        account_is_starved(self) || !(block = memory_try_realloc(block, size)))
        return NULL;
    account_add(self, memory_usable(block) - before);
    return block;
}

void account_free(kr_module *self, void *block)
{
    if (!block)
        return;
    account_subtract(self, memory_usable(block));
    memory_free(block);
}
