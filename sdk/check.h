/* SPDX-License-Identifier: BSD-3-Clause */
/* check - what a module's file says of itself.  See check.c. */
#ifndef SDK_CHECK_H
#define SDK_CHECK_H

/* Report on each file; the answer is the exit status: 0, a server of this
 * release loads them all; 1, it refuses one. */
int check_files(int count, char **paths);

#endif
