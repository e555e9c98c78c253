/* SPDX-License-Identifier: BSD-3-Clause */
/* type - the registry of data types, for the wings that load modules. */
#ifndef CORE_KEYSPACE_TYPE_H
#define CORE_KEYSPACE_TYPE_H

#include "core/keyspace/entry.h"
#include "core/keyspace/keyspace.h"

#define TYPE_UNLINKS (1u << 0) /* has unlink() */
#define TYPE_ALIGNED (1u << 1)
#define TYPE_LINKS   (1u << 2) /* has link() */
#define TYPE_PARITY  (1u << 3) /* of values in the layout of now */
#define TYPE_LEAVES  (1u << 4) /* its module goes: values are to be sealed */
#define TYPE_SEALED  (1u << 5) /* its values are sealed ones of another type */
#define TYPE_OPENS   (1u << 6) /* and that one's module is there */

/* A byte for each slot, so that put() need not visit the type. */
extern uint8_t type_traits[ENTRY_TYPES];

/* Some value may not be in the form in which its module, or the lack of it,
 * wants it: see adapt.h. */
extern bool type_unsettled;

static inline bool type_suits(const struct entry *e)
{
    uint8_t traits = type_traits[entry_type(e)];
    bool odd = e->head & ENTRY_PARITY;

    /* The odd ones among sealed values are those that could not be opened. */
    if (KR_UNLIKELY(traits & TYPE_SEALED))
        return odd || !(traits & TYPE_OPENS);
    return odd == !!(traits & TYPE_PARITY) && !(traits & TYPE_LEAVES);
}

/* Flags of a new value of that type. */
static inline uint64_t type_entry_flags(uint16_t slot)
{
    uint8_t traits = type_traits[slot];

    return (traits & TYPE_ALIGNED ? ENTRY_ALIGNED : 0) |
           (traits & TYPE_PARITY ? ENTRY_PARITY : 0);
}

/* The type's functions, NULL while its module is away or goes. */
const struct kr_type *type_at(uint16_t slot);
/* At which key a function of a type is about to be called, or NULL. */
void type_about(const struct kr_subject *subject);
/* The one that has been told. */
const struct kr_subject *type_subject(void);
/* The functions for a value in the form in which it stands. */
const struct kr_type *type_of_entry(const struct entry *e);
/* The same for values of a slot with that parity. */
const struct kr_type *type_with_parity(uint16_t slot, bool odd);

/* The slot that loads RDB code `code`, or the module's type that is called so
 * in files; 0 if there is none. */
uint16_t type_by_code(uint8_t code);
uint16_t type_by_file_name(struct kr_str name);

/* --- Sealed values ------------------------------------------------------- */

/* The slot for sealed values of the type at `slot`, made when it is first asked
 * for. 0: there are too many types. */
uint16_t type_sealed(uint16_t slot);
/* The same for a type that nobody knows but by its name in files. */
uint16_t type_sealed_by_file_name(struct kr_str name);
/* The same for the type that had the code `code` of files last, or if `any` for
 * one of which nobody knows more than that.  0: a type that is there has it,
 * too. */
uint16_t type_sealed_by_code(uint8_t code, bool any);
/* The slot whose values stand sealed under `sealed`. */
uint16_t type_home(uint16_t sealed);

/* The module goes and leaves values behind: they are to be sealed, and for
 * everybody else its types are away from now on.  false: the type named in
 * `type` cannot be saved, and nothing has changed. */
bool type_may_leave(const kr_module *module, const char **type);
void type_leave(kr_module *module);
/* They are sealed. */
void type_left(kr_module *module);

/* --- Upgrades ------------------------------------------------------------ */

/* Does the module have values of the type called so that the new version does
 * not understand as they are?  *old and *slot are for converting them. */
bool type_must_convert(const kr_module *module, const struct kr_type *type,
                       const struct kr_type **old, uint16_t *slot);
/* The types that the version which is made ready has registered in another
 * layout, one after another: begin with *slot 0.  *converts: there are values.
 * false: there are no more. */
bool type_staged(const kr_module *module, uint16_t *slot,
                 const struct kr_type **old, const struct kr_type **new,
                 bool *converts);
/* May the version that is made ready be used?  false: `type`, of which there
 * are values, is none of its. */
bool type_may_settle(const kr_module *module, const char **type);
/* The upgrade ends.  `good`: the types that the new version has registered are
 * those of the module; true: values are to be converted. */
bool type_settle(kr_module *module, bool good);
/* They are converted. */
void type_converted(kr_module *module);

/* Look again whether anything is to be adapted. */
void type_look(void);

void type_fini(void);

#endif
