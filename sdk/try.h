/* SPDX-License-Identifier: BSD-3-Clause */
/* try - run a module's cases.  See try.c. */
#ifndef SDK_TRY_H
#define SDK_TRY_H

/* Run the cases in `files` (none: those of the folder) against the module at
 * `what`, a file or a folder with a Makefile.  The answer is the exit status. */
int try_module(const char *what, int count, char **files, int protocol);

#endif
