/* SPDX-License-Identifier: BSD-3-Clause */
/* order - which of several modules is created first.
 *
 * A required import of what another module of the batch offers is a hard edge,
 * an optional one a soft edge: kept where no ring forbids it, and else the slot
 * is written when the provider is announced.  Imports that somebody offers
 * already are no edges.  Those that nobody is known to offer put a module at
 * the end, for create() of another one may offer them yet.
 *
 * Again and again the best module that may come next is taken, the earliest
 * among equals.  O(modules^2 * imports * offers), on some dozens of each. */
#include "core/rack/order.h"

#include "core/memory/memory.h"
#include "core/rack/descriptor.h"
#include "core/rack/refuse.h"

/* How well a module fits as the next one. */
enum order_fit { ORDER_NOT, ORDER_LAST, ORDER_HARD, ORDER_BEST };

struct order {
    struct rack_module **modules;
    uint32_t count;
    bool *placed;
};

/* Which module of the batch, but for `but`, offers `id`?  -1: none. */
static int64_t order_provider(const struct order *order, const char *id,
                              uint32_t but)
{
    for (uint32_t i = 0; i < order->count; i++) {
        const struct kr_rows *rows = &order->modules[i]->descriptor.offers;

        for (uint32_t j = 0; i != but && j < rows->count; j++) {
            struct kr_offer offer;

            descriptor_row(rows, j, &offer, sizeof(offer));
            if (strcmp(offer.id, id) == 0)
                return i;
        }
    }
    return -1;
}

static enum order_fit order_fits(const struct order *order, uint32_t i)
{
    const struct kr_rows *rows = &order->modules[i]->descriptor.imports;
    enum order_fit fit = ORDER_BEST;

    for (uint32_t j = 0; j < rows->count; j++) {
        struct kr_import import;
        bool optional;
        int64_t provider;

        descriptor_row(rows, j, &import, sizeof(import));
        if (directory_has(import.id))
            continue;
        optional = import.flags & KR_IMPORT_OPTIONAL;
        provider = order_provider(order, import.id, i);
        if (provider < 0 && !optional)
            fit = ORDER_LAST;
        if (provider < 0 || order->placed[provider])
            continue;
        if (!optional)
            return ORDER_NOT;
        if (fit == ORDER_BEST)
            fit = ORDER_HARD;
    }
    return fit;
}

/* The first module not yet placed that `i` needs; *id is how. */
static uint32_t order_missing(const struct order *order, uint32_t i,
                              const char **id)
{
    const struct kr_rows *rows = &order->modules[i]->descriptor.imports;

    for (uint32_t j = 0; j < rows->count; j++) {
        struct kr_import import;
        int64_t provider;

        descriptor_row(rows, j, &import, sizeof(import));
        provider = order_provider(order, import.id, i);
        if (provider >= 0 && !order->placed[provider] &&
            (import.flags & KR_IMPORT_OPTIONAL) == 0 &&
            !directory_has(import.id)) {
            *id = import.id;
            return (uint32_t)provider;
        }
    }
    return i; /* not while `i` cannot be placed */
}

/* All that are left wait for another one that is left, so following the first
 * need from anywhere leads into the ring. */
static bool order_refuse(const struct order *order, char *error,
                         size_t error_size)
{
    char ring[512] = "";
    const char *id = "";
    size_t used = 0;
    uint32_t at = 0, start;

    while (order->placed[at])
        at++;
    for (uint32_t i = 0; i < order->count; i++)
        at = order_missing(order, at, &id);
    start = at;
    do {
        uint32_t next = order_missing(order, at, &id);

        if (used < sizeof(ring))
            used += (size_t)snprintf(ring + used, sizeof(ring) - used,
                                     "%s'%s' wants %s of '%s'",
                                     used ? ", " : "", order->modules[at]->name,
                                     id, order->modules[next]->name);
        at = next;
    } while (at != start);
    return refuse(error, error_size,
                  "modules need each other in a ring: %s; one of them must "
                  "import it as optional (KR_WANT)",
                  ring);
}

bool order_sort(struct rack_module **modules, uint32_t count, char *error,
                size_t error_size)
{
    struct order order = {modules, count, NULL};
    struct rack_module **sorted;
    bool good = true;

    order.placed = memory_calloc(count + 1, sizeof(*order.placed));
    sorted = memory_calloc(count + 1, sizeof(struct rack_module *));
    for (uint32_t n = 0; n < count && good; n++) {
        enum order_fit best = ORDER_NOT;
        uint32_t chosen = 0;

        for (uint32_t i = 0; i < count && best < ORDER_BEST; i++) {
            enum order_fit fit =
                order.placed[i] ? ORDER_NOT : order_fits(&order, i);

            if (fit > best) {
                best = fit;
                chosen = i;
            }
        }
        if (best == ORDER_NOT) {
            good = order_refuse(&order, error, error_size);
        } else {
            order.placed[chosen] = true;
            sorted[n] = modules[chosen];
        }
    }
    if (good)
        memcpy(modules, sorted, count * sizeof(struct rack_module *));
    memory_free(sorted);
    memory_free(order.placed);
    return good;
}
