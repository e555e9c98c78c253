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
#include <stdio.h>

#include "core/keyspace/adapt.h"
#include "core/keyspace/db.h"
#include "core/memory/memory.h"
#include "core/module/module.h"

#define CODE_NAME_MAX 16 /* of "rdb-code-255" */

struct type_slot {
    char *name;
    char *file_name;   /* by which its values are known while it is away */
    kr_module *module; /* NULL: away */
    struct kr_type row;
    struct kr_type old;  /* of values that are not converted yet */
    char *old_file_name; /* its */
    struct kr_type next; /* of a version that is made ready, if `staged` */
    bool staged;
    bool leaves;         /* its values are being sealed */
    uint16_t sealed;     /* the slot of its sealed values, 0: none so far */
    uint16_t home;       /* of such a slot: the one that it is for */
    uint32_t generation; /* grows with each registration */
};

static struct {
    struct type_slot *slots[ENTRY_TYPES];
    uint16_t count; /* the highest slot in use */
    uint16_t by_code[256];
    uint16_t had_code[256]; /* whose it was last */
    const struct kr_subject *subject;
} types;

/* Tested by put() for each value that is replaced. */
uint8_t type_traits[ENTRY_TYPES];
/* Tested by each look-up. */
bool type_unsettled;

static struct type_slot *slot_at(uint16_t slot)
{
    return slot < ENTRY_TYPES ? types.slots[slot] : NULL;
}

const struct kr_type *type_at(uint16_t slot)
{
    const struct type_slot *t = slot_at(slot);

    return t != NULL && (t->home != 0 || (t->module != NULL && !t->leaves))
               ? &t->row
               : NULL;
}

const struct kr_type *type_with_parity(uint16_t slot, bool odd)
{
    const struct type_slot *t = slot_at(slot);

    if (t == NULL)
        return NULL;
    if (t->home == 0 && odd != !!(type_traits[slot] & TYPE_PARITY))
        return &t->old;
    return t->home != 0 || t->module != NULL ? &t->row : NULL;
}

const struct kr_type *type_of_entry(const struct entry *e)
{
    return type_with_parity(entry_type(e), e->head & ENTRY_PARITY);
}

static uint16_t type_find(struct kr_str name)
{
    for (uint16_t i = 1; i <= types.count; i++) {
        if (types.slots[i]->home == 0 &&
            kr_str_equal(kr_cstr(types.slots[i]->name), name))
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
        if (types.by_code[i] == slot) {
            types.by_code[i] = 0;
            types.had_code[i] = slot;
        }
    }
}

/* Of a slot, without looking whether all is settled. */
static void type_set_traits(uint16_t slot)
{
    const struct type_slot *t = types.slots[slot];
    const struct kr_type *row = &t->row;
    uint8_t traits = type_traits[slot] & TYPE_PARITY;

    if (t->home != 0) {
        const struct type_slot *home = types.slots[t->home];

        traits = TYPE_SEALED;
        if (home->module != NULL && !home->leaves)
            traits |= TYPE_OPENS;
    } else if (t->leaves) {
        traits |= TYPE_LEAVES;
    } else if (t->module != NULL) {
        traits |= (row->unlink != NULL ? TYPE_UNLINKS : 0) |
                  (row->link != NULL ? TYPE_LINKS : 0) |
                  (row->flags & KR_TYPE_ALIGNED ? TYPE_ALIGNED : 0);
    }
    type_traits[slot] = traits;
}

void type_look(void)
{
    type_unsettled = false;
    for (uint16_t i = 1; i <= types.count; i++) {
        const struct type_slot *t = types.slots[i];

        type_set_traits(i);
        type_unsettled |= t->leaves || t->old.size != 0 ||
                          (type_traits[i] & TYPE_OPENS && type_values(i) != 0);
    }
}

static void type_fill(uint16_t slot, kr_module *module,
                      const struct kr_type *row)
{
    struct type_slot *t = types.slots[slot];

    t->module = module;
    t->row = *row;
    t->row.name = t->name; /* ours outlives the module's */
    t->row.file_name = NULL;
    if (row->file_name != NULL) {
        memory_free(t->file_name);
        t->file_name = memory_strdup(row->file_name);
        t->row.file_name = t->file_name;
    }
    t->generation++;
    type_drop_codes(slot);
    for (uint32_t i = 0; i < row->code_count; i++)
        types.by_code[row->codes[i]] = slot;
    type_look();
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

/* A new slot, 0: there are too many types. */
static uint16_t type_new_slot(const char *name)
{
    uint16_t at;

    if (types.count == ENTRY_TYPES - 1)
        return 0;
    at = ++types.count;
    types.slots[at] = memory_calloc(1, sizeof(*types.slots[at]));
    types.slots[at]->name = memory_strdup(name);
    return at;
}

/* Sealed values of a type that is called `name` for want of a better one are
 * those of `slot`. */
static void type_meet(uint16_t slot, const char *name)
{
    struct type_slot *t = types.slots[slot];
    struct type_slot *nameless, *sealed;
    uint16_t at = type_find(kr_cstr(name));

    nameless = slot_at(at);
    if (at == 0 || at == slot || nameless->module != NULL ||
        nameless->sealed == 0)
        return;
    sealed = types.slots[nameless->sealed];
    sealed->home = slot;
    memory_free(sealed->name);
    sealed->name = memory_strdup(t->name);
    sealed->row.name = sealed->name;
    if (t->sealed == 0)
        t->sealed = nameless->sealed;
    nameless->sealed = 0;
}

/* What a type is called of which files tell only the code. */
static void type_code_name(uint8_t code, char name[CODE_NAME_MAX])
{
    snprintf(name, CODE_NAME_MAX, "rdb-code-%u", code);
}

static void type_meet_all(uint16_t slot, const struct kr_type *row)
{
    const struct type_slot *t = types.slots[slot];
    char name[CODE_NAME_MAX];

    if (t->file_name != NULL)
        type_meet(slot, t->file_name);
    for (uint32_t i = 0; i < row->code_count; i++) {
        type_code_name(row->codes[i], name);
        type_meet(slot, name);
    }
}

static kr_status type_stage(const struct kr_type *row, uint16_t at);

kr_status type_register(kr_module *module, const struct kr_type *type,
                        uint16_t *slot)
{
    struct kr_type row;
    kr_status status = KR_OK;
    uint16_t at;

    assert(module != NULL);
    if (!type_read(type, &row))
        return KR_EINVAL;
    at = type_find(kr_cstr(row.name));
    if ((at != 0 && types.slots[at]->module != NULL &&
         !(module->staging && types.slots[at]->module == module)) ||
        type_codes_taken(&row, at))
        return KR_EEXIST;
    if (at == 0 && (at = type_new_slot(row.name)) == 0)
        return KR_ENOMEM;
    if (module->staging)
        status = type_stage(&row, at);
    else
        type_fill(at, module, &row);
    if (status != KR_OK)
        return status;
    type_meet_all(at, &row);
    type_look();
    if (row.slot != NULL)
        *row.slot = at;
    if (slot != NULL)
        *slot = at;
    return KR_OK;
}

/* --- Upgrades ------------------------------------------------------------ */

static bool type_understands(const struct kr_type *row,
                             const struct kr_type *old)
{
    bool understood = old->layout == row->layout;

    for (uint32_t i = 0; i < row->layout_count && !understood; i++)
        understood = row->layouts[i] == old->layout;
    return understood;
}

bool type_must_convert(const kr_module *module, const struct kr_type *type,
                       const struct kr_type **old, uint16_t *slot)
{
    const struct type_slot *t;
    struct kr_type row;
    uint16_t at;

    if (!type_read(type, &row))
        return false;
    at = type_find(kr_cstr(row.name));
    t = slot_at(at);
    if (t == NULL || t->module != module || type_understands(&row, &t->row) ||
        type_values(at) == 0)
        return false;
    *old = &t->row;
    *slot = at;
    return true;
}

/* Are there values that the next version does not understand as they are? */
static bool type_converts(const struct type_slot *t, const struct kr_type *row,
                          uint16_t at)
{
    return t->module != NULL && !type_understands(row, &t->row) &&
           type_values(at) != 0;
}

/* What the new version registers waits beside what is in use. */
static kr_status type_stage(const struct kr_type *row, uint16_t at)
{
    struct type_slot *t = types.slots[at];

    if (t->staged)
        return KR_EEXIST;
    /* What cannot be converted is found out before, by the descriptor. */
    if (type_converts(t, row, at) &&
        ((row->load == NULL && row->load_as == NULL) || t->row.save == NULL))
        return KR_EVERSION;
    t->staged = true;
    t->next = *row;
    return KR_OK;
}

bool type_staged(const kr_module *module, uint16_t *slot,
                 const struct kr_type **old, const struct kr_type **new,
                 bool *converts)
{
    while (++*slot <= types.count) {
        const struct type_slot *t = types.slots[*slot];

        if (!t->staged || t->module != module ||
            type_understands(&t->next, &t->row))
            continue;
        *old = &t->row;
        *new = &t->next;
        *converts = type_values(*slot) != 0;
        return true;
    }
    return false;
}

bool type_may_settle(const kr_module *module, const char **type)
{
    for (uint16_t i = 1; i <= types.count; i++) {
        const struct type_slot *t = types.slots[i];

        if (t->module != module || t->staged || type_values(i) == 0)
            continue;
        *type = t->name;
        return false;
    }
    return true;
}

static void type_clear(uint16_t slot)
{
    struct type_slot *t = types.slots[slot];

    t->module = NULL;
    t->leaves = false;
    memset(&t->row, 0, sizeof(t->row));
    type_drop_codes(slot);
}

/* The answer: are its values to be converted? */
static bool type_settle_one(uint16_t slot, kr_module *module)
{
    struct type_slot *t = types.slots[slot];
    bool converts = t->staged && type_converts(t, &t->next, slot);

    if (!t->staged) {
        type_clear(slot);
        return false;
    }
    if (converts) {
        t->old = t->row;
        t->old_file_name = t->file_name;
        t->file_name = NULL;
        type_traits[slot] ^= TYPE_PARITY;
    }
    type_fill(slot, module, &t->next);
    return converts;
}

bool type_settle(kr_module *module, bool good)
{
    bool converts = false;

    /* First all codes go, for types may have exchanged them. */
    for (uint16_t i = 1; i <= types.count && good; i++) {
        if (types.slots[i]->module == module)
            type_drop_codes(i);
    }
    for (uint16_t i = 1; i <= types.count; i++) {
        struct type_slot *t = types.slots[i];
        bool own = t->module == module || (t->staged && t->module == NULL);

        if (good && own)
            converts |= type_settle_one(i, module);
        if (own) {
            t->staged = false;
            memset(&t->next, 0, sizeof(t->next));
        }
    }
    type_look();
    return converts;
}

void type_converted(kr_module *module)
{
    for (uint16_t i = 1; i <= types.count; i++) {
        struct type_slot *t = types.slots[i];

        if (t->module != module)
            continue;
        memset(&t->old, 0, sizeof(t->old));
        memory_free(t->old_file_name);
        t->old_file_name = NULL;
    }
    type_look();
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

        if (t->module == module && !t->leaves)
            type_clear(i);
    }
    type_look();
}

/* --- Sealed values ------------------------------------------------------- */

uint16_t type_home(uint16_t sealed)
{
    const struct type_slot *t = slot_at(sealed);

    return t != NULL ? t->home : 0;
}

static bool type_is_sealed(uint16_t slot)
{
    return type_home(slot) != 0;
}

uint16_t type_sealed(uint16_t slot)
{
    struct type_slot *t = slot_at(slot);
    uint16_t at;

    if (t == NULL || t->home != 0 || t->sealed != 0)
        return t == NULL ? 0 : t->home != 0 ? slot : t->sealed;
    at = type_new_slot(t->name);
    if (at == 0)
        return 0;
    t->sealed = at;
    types.slots[at]->home = slot;
    types.slots[at]->row = sealed_type;
    types.slots[at]->row.name = types.slots[at]->name;
    type_look();
    return at;
}

uint16_t type_sealed_by_file_name(struct kr_str name)
{
    char text[64];
    uint16_t at = 0;

    for (uint16_t i = 1; i <= types.count && at == 0; i++) {
        const char *own = types.slots[i]->file_name;

        if (own != NULL && kr_str_equal(kr_cstr(own), name))
            at = i;
    }
    if (at == 0)
        at = type_find(name);
    if (at == 0) {
        if (name.size >= sizeof(text))
            return 0;
        memcpy(text, name.data, name.size);
        text[name.size] = '\0';
        at = type_new_slot(text);
    }
    return at != 0 ? type_sealed(at) : 0;
}

uint16_t type_sealed_by_code(uint8_t code, bool any)
{
    uint16_t at = types.had_code[code];
    char name[CODE_NAME_MAX];

    if (types.by_code[code] != 0 || (at != 0 && type_at(at) != NULL))
        return 0;
    if (at == 0 && any) {
        type_code_name(code, name);
        at = type_find(kr_cstr(name));
        if (at == 0)
            at = type_new_slot(name);
    }
    return at != 0 ? type_sealed(at) : 0;
}

bool type_may_leave(const kr_module *module, const char **type)
{
    for (uint16_t i = 1; i <= types.count; i++) {
        const struct type_slot *t = types.slots[i];

        if (t->module != module || type_values(i) == 0)
            continue;
        if (t->row.save != NULL && !(t->row.flags & KR_TYPE_VOLATILE) &&
            type_sealed(i) != 0)
            continue;
        *type = t->name;
        return false;
    }
    return true;
}

void type_leave(kr_module *module)
{
    for (uint16_t i = 1; i <= types.count; i++) {
        if (types.slots[i]->module != module)
            continue;
        types.slots[i]->leaves = true;
        type_drop_codes(i);
    }
    type_look();
}

void type_left(kr_module *module)
{
    for (uint16_t i = 1; i <= types.count; i++) {
        if (types.slots[i]->module == module && types.slots[i]->leaves)
            type_clear(i);
    }
    type_look();
}

void type_fini(void)
{
    for (uint16_t i = 1; i <= types.count; i++) {
        memory_free(types.slots[i]->name);
        memory_free(types.slots[i]->file_name);
        memory_free(types.slots[i]->old_file_name);
        memory_free(types.slots[i]);
        types.slots[i] = NULL;
    }
    memset(&types, 0, sizeof(types));
    memset(type_traits, 0, sizeof(type_traits));
    type_unsettled = false;
}

/* --- At which key --------------------------------------------------------- */

void type_about(const struct kr_subject *subject)
{
    types.subject = subject;
}

const struct kr_subject *type_subject(void)
{
    return types.subject;
}

const struct kr_types type_interface = {
    .size = sizeof(struct kr_types),
    .add = type_register,
    .name = type_name,
    .get = type_at,
    .find = type_find,
    .by_code = type_by_code,
    .values = type_values,
    .about = type_about,
    .subject = type_subject,
    .is_sealed = type_is_sealed,
};
