/* SPDX-License-Identifier: BSD-3-Clause */
/* functions - libraries of Lua that stay: loaded, called by name, saved.
 *
 *     #!lua name=queue
 *     redis.register_function('push', function(keys, args) ... end)
 *
 * They live in a Lua state of their own, which is made with the first library
 * and goes with the last: scripts and functions cannot see one another.  While
 * a library is loaded its globals are `redis` with register_function, and
 * nothing else; later all that scripts find, without KEYS and ARGV. */
#ifndef SCRIPTING_FUNCTIONS_H
#define SCRIPTING_FUNCTIONS_H

#include "shelf.h"

#include "../lua/engine.h"
#include "../lua/owner.h"

#define FUNCTIONS_TEXT 1024 /* bytes of an error's text */

struct functions {
    struct owner *owner;
    struct engine *engine; /* NULL while there is no library */
    struct shelf shelf;
};

void functions_init(struct functions *functions, kr_module *self,
                    struct owner *owner);
void functions_fini(struct functions *functions);

/* Make the Lua state, if there is none; the first library does it itself.  [any],
 * while nobody else has them.  false: no memory. */
bool functions_open(struct functions *functions);

/* Read a library, run it, and put it on `shelf`, where it replaces one of its
 * name if that is wanted.  NULL: nothing has changed, and `error` says why.
 * `hurried`: it may run for half a second. */
struct library *functions_load(struct functions *functions, struct shelf *shelf,
                               struct kr_str source, bool replace, bool hurried,
                               char error[FUNCTIONS_TEXT]);
/* Take a library off its shelf, and free it. */
void functions_drop(struct functions *functions, struct shelf *shelf,
                    struct library *library);
void functions_clear(struct functions *functions, struct shelf *shelf);
/* Load the libraries of `from`, an empty `functions` is given them.  false: there
 * are none here, and `error` says why. */
bool functions_copy(struct functions *functions, const struct functions *from,
                    char error[FUNCTIONS_TEXT]);
/* Whoever has called one of the three calls this at last: a state without
 * libraries goes. */
void functions_settle(struct functions *functions);

#endif
