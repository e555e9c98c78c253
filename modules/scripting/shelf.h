/* SPDX-License-Identifier: BSD-3-Clause */
/* shelf - libraries of functions, found by name.
 *
 *     libraries  "auth" ---> struct library      sorted by name
 *                "queue" -->   name, source
 *                              functions --+
 *     functions  "Pop" ----> struct function <+  sorted by name in any case
 *                "push" ->     its library, flags, reference of its code
 *
 * There are few of them, they change rarely, and FCALL looks one up each time:
 * sorted rows of pointers, searched in O(log n), changed in O(n).  A library and
 * a function are one allocation each.  No Lua in here: whoever takes a library
 * away gives its references back. */
#ifndef SCRIPTING_SHELF_H
#define SCRIPTING_SHELF_H

#include <kr/base.h>
#include <kr/module.h>

struct library;

struct function {
    struct kr_str name;
    struct kr_str description; /* data NULL: none */
    struct library *library;
    uint32_t flags; /* SCRIPT_ */
    int code;       /* in Lua's registry */
    char bytes[];   /* of the texts */
};

struct shelf_row {
    void **items; /* each begins with a struct kr_str, its name */
    uint32_t count;
    uint32_t room;
};

struct library {
    struct kr_str name;
    struct kr_str source;       /* first line included */
    struct shelf_row functions; /* names in any case */
    char bytes[];
};

struct shelf {
    kr_module *self;
    struct shelf_row libraries; /* exact names */
    struct shelf_row functions; /* names in any case */
};

struct library *library_new(kr_module *self, struct kr_str name,
                            struct kr_str source);
void library_free(kr_module *self, struct library *library);
/* Add a function; NULL: there is one of that name, in any case. */
struct function *library_add(kr_module *self, struct library *library,
                             struct kr_str name, struct kr_str description);

static inline struct function *library_at(const struct library *library,
                                          uint32_t i)
{
    return library->functions.items[i];
}

static inline struct library *shelf_at(const struct shelf *shelf, uint32_t i)
{
    return shelf->libraries.items[i];
}

/* NULL: there is none. */
struct library *shelf_library(const struct shelf *shelf, struct kr_str name);
struct function *shelf_function(const struct shelf *shelf, struct kr_str name);

/* The first function of `library` whose name another library has, unless that
 * one is on the shelf `replaced` too (which may be NULL). */
const struct function *shelf_clash(const struct shelf *shelf,
                                   const struct library *library,
                                   const struct shelf *replaced);

/* Put a library whose name and functions are free; take one away. */
void shelf_put(struct shelf *shelf, struct library *library);
void shelf_take(struct shelf *shelf, struct library *library);
/* Free the rows of a shelf on which nothing stands. */
void shelf_fini(struct shelf *shelf);

/* Bytes that all of it takes.  O(functions). */
size_t shelf_size(const struct shelf *shelf);

#endif
