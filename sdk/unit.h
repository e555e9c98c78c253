/* SPDX-License-Identifier: BSD-3-Clause */
/* unit - tests that are built into a module's file.  See unit.c. */
#ifndef SDK_UNIT_H
#define SDK_UNIT_H

/* Load the file into a host in this process and call its tests.  The answer is
 * the exit status. */
int unit_run(const char *path);

#endif
