/* SPDX-License-Identifier: BSD-3-Clause */
/* type - the registry of data types.
 *
 * A value names its type by a slot, a number from 1 to 1023 that the host gave
 * to the type's name.  A slot outlives the module behind it: while the module
 * is away its functions are absent, its name and number stay, and when a type
 * of that name is registered again it finds its old number.
 *
 *   entry --slot--> [ name | row: a copy of the module's struct kr_type | ... ]
 *                            present, or away (every function NULL)
 *
 * The row is copied, because the module's struct may be shorter than ours: what
 * it lacks is NULL here.  Invariants: slots 1..count have a name, no two the
 * same; a code belongs to one slot at most, and to none that is away. */
#include "core/keyspace/type.h"

#include <assert.h>

#include "core/keyspace/db.h"
#include "core/memory/memory.h"
#include "core/rack/rack.h"

struct type_slot {
    char *name;
    kr_module *module; /* NULL: away */
    struct kr_type row;
    uint32_t generation; /* grows with each registration */
};

static struct {
    struct type_slot *slots[ENTRY_TYPES];
    uint16_t count; /* the highest slot in use */
    uint16_t by_code[256];
} types;

/* Tested by put() for each value that is replaced. */
uint8_t type_traits[ENTRY_TYPES];

static struct type_slot *slot_at(uint16_t slot)
{
    return slot < ENTRY_TYPES ? types.slots[slot] : NULL;
}

const struct kr_type *type_at(uint16_t slot)
{
    const struct type_slot *t = slot_at(slot);

    return t != NULL && t->module != NULL ? &t->row : NULL;
}

static uint16_t type_find(struct kr_str name)
{
    for (uint16_t i = 1; i <= types.count; i++) {
        if (kr_str_equal(kr_cstr(types.slots[i]->name), name))
            return i;
    }
    return 0;
}

static const char *type_name(uint16_t slot)
{
    const struct type_slot *t = slot_at(slot);

    return t != NULL ? t->name : NULL;
}

uint16_t type_by_code(uint8_t code)
{
    return types.by_code[code];
}

uint16_t type_by_file_name(struct kr_str name)
{
    for (uint16_t i = 1; i <= types.count; i++) {
        const char *own = types.slots[i]->row.file_name;

        if (own != NULL && kr_str_equal(kr_cstr(own), name))
            return i;
    }
    return 0;
}

static uint64_t type_values(uint16_t slot)
{
    uint64_t sum = 0;

    if (slot >= ENTRY_TYPES)
        return 0;
    for (int32_t i = 0; i < keyspace.count; i++) {
        if (keyspace.dbs[i].values != NULL)
            sum += keyspace.dbs[i].values[slot];
    }
    return sum;
}

/* --- Registering --------------------------------------------------------- */

/* Does another slot load one of these codes, or that name in files? */
static bool type_codes_taken(const struct kr_type *row, uint16_t slot)
{
    uint16_t namesake =
        row->file_name ? type_by_file_name(kr_cstr(row->file_name)) : 0;

    if (namesake != 0 && namesake != slot)
        return true;
    for (uint32_t i = 0; i < row->code_count; i++) {
        uint16_t owner = types.by_code[row->codes[i]];

        if (owner != 0 && owner != slot)
            return true;
    }
    return false;
}

static void type_drop_codes(uint16_t slot)
{
    for (unsigned i = 0; i < 256; i++) {
        if (types.by_code[i] == slot)
            types.by_code[i] = 0;
    }
}

static void type_fill(uint16_t slot, kr_module *module,
                      const struct kr_type *row)
{
    struct type_slot *t = types.slots[slot];

    t->module = module;
    t->row = *row;
    t->row.name = t->name; /* ours outlives the module's */
    t->generation++;
    type_drop_codes(slot);
    for (uint32_t i = 0; i < row->code_count; i++)
        types.by_code[row->codes[i]] = slot;
    type_traits[slot] =
        (uint8_t)((row->unlink != NULL ? TYPE_UNLINKS : 0) |
                  (row->link != NULL ? TYPE_LINKS : 0) |
                  (row->flags & KR_TYPE_ALIGNED ? TYPE_ALIGNED : 0));
}

/* A copy of what the module has of the struct. */
static bool type_read(const struct kr_type *type, struct kr_type *row)
{
    uint32_t size;

    if (type == NULL || type->size < offsetof(struct kr_type, slot))
        return false;
    size = type->size < sizeof(*row) ? type->size : (uint32_t)sizeof(*row);
    memset(row, 0, sizeof(*row));
    memcpy(row, type, size);
    row->size = sizeof(*row);
    return row->name != NULL && row->name[0] != '\0' &&
           (row->code_count == 0 || row->codes != NULL);
}

kr_status type_register(kr_module *module, const struct kr_type *type,
                        uint16_t *slot)
{
    struct kr_type row;
    uint16_t at;

    assert(module != NULL);
    if (!type_read(type, &row))
        return KR_EINVAL;
    at = type_find(kr_cstr(row.name));
    if ((at != 0 && types.slots[at]->module != NULL) ||
        type_codes_taken(&row, at))
        return KR_EEXIST;
    if (at == 0) {
        if (types.count == ENTRY_TYPES - 1)
            return KR_ENOMEM;
        at = ++types.count;
        types.slots[at] = memory_calloc(1, sizeof(*types.slots[at]));
        types.slots[at]->name = memory_strdup(row.name);
    }
    type_fill(at, module, &row);
    if (row.slot != NULL)
        *row.slot = at;
    if (slot != NULL)
        *slot = at;
    return KR_OK;
}

kr_status type_hand_over(kr_module *from, kr_module *to,
                         const struct kr_type *type, uint16_t *slot)
{
    struct kr_type row;
    struct type_slot *old;
    uint16_t at;
    bool understood;

    if (!type_read(type, &row))
        return KR_EINVAL;
    at = type_find(kr_cstr(row.name));
    if (at == 0)
        return type_register(to, type, slot);
    old = types.slots[at];
    if (old->module != from || type_codes_taken(&row, at))
        return KR_EEXIST;
    understood = old->row.layout == row.layout;
    for (uint32_t i = 0; i < row.layout_count && !understood; i++)
        understood = row.layouts[i] == old->row.layout;
    if (!understood && type_values(at) + lazy_values(at) != 0)
        return KR_EVERSION;
    type_fill(at, to, &row);
    if (row.slot != NULL)
        *row.slot = at;
    if (slot != NULL)
        *slot = at;
    return KR_OK;
}

/* --- Leaving ------------------------------------------------------------- */

bool type_may_forget(const kr_module *module, const char **type,
                     uint64_t *values)
{
    for (uint16_t i = 1; i <= types.count; i++) {
        uint64_t n;

        if (types.slots[i]->module != module)
            continue;
        /* What another thread is freeing needs the module's code, too. */
        n = type_values(i) + lazy_values(i);
        if (n != 0) {
            if (type != NULL)
                *type = types.slots[i]->name;
            if (values != NULL)
                *values = n;
            return false;
        }
    }
    return true;
}

void type_forget(kr_module *module)
{
    for (uint16_t i = 1; i <= types.count; i++) {
        struct type_slot *t = types.slots[i];

        if (t->module != module)
            continue;
        t->module = NULL;
        memset(&t->row, 0, sizeof(t->row));
        type_drop_codes(i);
        type_traits[i] = 0;
    }
}

void type_fini(void)
{
    for (uint16_t i = 1; i <= types.count; i++) {
        memory_free(types.slots[i]->name);
        memory_free(types.slots[i]);
        types.slots[i] = NULL;
    }
    memset(&types, 0, sizeof(types));
    memset(type_traits, 0, sizeof(type_traits));
}

const struct kr_types type_interface = {
    .size = sizeof(struct kr_types),
    .add = type_register,
    .name = type_name,
    .get = type_at,
    .find = type_find,
    .by_code = type_by_code,
    .values = type_values,
};
