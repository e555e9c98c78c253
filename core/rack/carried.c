/* SPDX-License-Identifier: BSD-3-Clause */
/* carried - the functions of an old version, by their names in the new one.
 *
 * Work under way keeps functions that will be called when it ends.  Both
 * versions name theirs (kr_descriptor.carried), and where the names are the same
 * the new address takes the place of the old one.  O(names) each. */
#include "core/rack/descriptor.h"
#include "core/rack/module.h"

static bool image_has(const struct image *image, const void *address)
{
    uintptr_t at = (uintptr_t)address;

    for (uint32_t i = 0; image && i < image->segment_count; i++)
        if (at >= image->segments[i].start && at < image->segments[i].end)
            return true;
    return false;
}

static bool rack_owns(const struct rack_module *m, const void *address)
{
    bool owns = image_has(m->image, address);

    for (const struct image *i = m->images; i && !owns; i = i->next)
        owns = image_has(i, address);
    return owns;
}

static const void *carried_address(const struct kr_carried *row)
{
    return row->code ? (const void *)(uintptr_t)row->code : row->table;
}

static void *carried_renamed(const struct carry *carry, const void *old)
{
    const struct rack_names *names = (const struct rack_names *)carry;
    const struct kr_rows *from = &names->old->descriptor.carried;
    const struct kr_rows *to = &names->new->descriptor.carried;
    struct kr_carried row, other;

    if (!rack_owns(names->old, old))
        return (void *)(uintptr_t)old;
    for (uint32_t i = 0; i < from->count; i++) {
        descriptor_row(from, i, &row, sizeof(row));
        if (carried_address(&row) != old)
            continue;
        for (uint32_t j = 0; j < to->count; j++) {
            descriptor_row(to, j, &other, sizeof(other));
            if (strcmp(row.name, other.name) == 0 && !row.code == !other.code)
                return (void *)(uintptr_t)carried_address(&other);
        }
    }
    return NULL;
}

struct rack_names rack_names(const struct rack_module *old,
                             struct rack_module *new)
{
    return (struct rack_names){{carried_renamed, &new->host}, old, new};
}
