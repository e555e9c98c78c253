/* SPDX-License-Identifier: BSD-3-Clause */
/* upgrade - another build of a module takes its place.  Private to the wing; see
 * upgrade.c. */
#ifndef CORE_RACK_UPGRADE_H
#define CORE_RACK_UPGRADE_H

#include "core/rack/module.h"

/* May it be upgraded now?  false: `error` says what speaks against it. */
bool upgrade_is_allowed(const struct rack_module *m, char *error,
                        size_t error_size);
/* Of a module of ours that has been mapped: it is called what it says, and its
 * imports are filled.  false: it does not fit. */
bool upgrade_describe(struct rack_module *m, struct rack_module *successor,
                      char *error, size_t error_size);
/* Put the successor in the place of `m`.  It is described; of a child there is the
 * copy.  Unless it is RACK_UNDER_WAY all is over, and the record that is left is
 * closed when it may be. */
enum rack_upgraded upgrade_begin(struct rack_module *m,
                                 struct rack_module *successor,
                                 const struct copy *copy, char *error,
                                 size_t error_size);
/* Whom to tell when what is under way is over. */
void upgrade_await(void (*end)(void *ctx, const char *error), void *ctx);
/* A successor is not wanted any more. */
void upgrade_discard(struct rack_module *successor);

#endif
