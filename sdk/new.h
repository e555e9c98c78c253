/* SPDX-License-Identifier: BSD-3-Clause */
/* new - a folder for a new module.  See new.c. */
#ifndef SDK_NEW_H
#define SDK_NEW_H

/* Write a folder for the module `name` to `folder`, which must not be there.
 * The answer is the exit status. */
int new_module(const char *name, const char *folder);

#endif
