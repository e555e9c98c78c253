/* SPDX-License-Identifier: BSD-3-Clause */
/* conform - does a module do what any module has to?  See conform.c. */
#ifndef SDK_CONFORM_H
#define SDK_CONFORM_H

/* Options and files as they stand behind the verb.  The answer is the exit
 * status: 0, nothing was found; 1, something was; 2, these are no options. */
int conform_module(int argc, char **argv);

#endif
