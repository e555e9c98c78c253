/* SPDX-License-Identifier: BSD-3-Clause */
/* carried - the functions of an old version, by their names in the new one. */
#ifndef CORE_RACK_CARRIED_H
#define CORE_RACK_CARRIED_H

#include <kr/module.h>

/* The two versions. */
struct rack_names;
/* What takes the place of `old`: itself if it is not in the old version's
 * image; NULL: it has no name there, or none in the new version. */
void *rack_renamed(const struct rack_names *names, const void *old);
/* As rack_renamed(), of a function that may be NULL.  Writes it if `really`. */
#define RACK_CARRY(names, really, where)                                       \
    rack_carry_to((names), (really), (void **)(void *)(where))
bool rack_carry_to(const struct rack_names *names, bool really, void **where);

/* Code of the old version runs on another thread: it stays mapped until
 * rack_release_old() has been called as often.  The answer is for that. */
kr_module *rack_hold_old(const struct rack_names *names);
void rack_release_old(kr_module *old);

#endif
