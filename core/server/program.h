/* SPDX-License-Identifier: BSD-3-Clause */
/* program - the server's file under another name is a tool of one of its
 * modules; which, the core does not know.  See api/kr/program.h. */
#ifndef CORE_SERVER_PROGRAM_H
#define CORE_SERVER_PROGRAM_H

#include <kr/base.h>

/* Is argv[0] such a name?  `name` is what stands behind the first dash. */
bool program_is_asked(const char *path, struct kr_str *name);
/* The parameters of such a process, as a command line: argv[0] first.  The
 * answer is their count; NULL stands behind the last of at most `room`. */
#define PROGRAM_ARGUMENTS_MAX 10
int program_arguments(char *path, char *argv[PROGRAM_ARGUMENTS_MAX]);
/* Ask the modules for it; the exit status. */
int program_run(struct kr_str name, int argc, char **argv);

#endif
