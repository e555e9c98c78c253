/* SPDX-License-Identifier: BSD-3-Clause */
/* process - what the server is to the operating system: a daemon, a pid file,
 * a title, limits. */
#ifndef CORE_SERVER_PROCESS_H
#define CORE_SERVER_PROCESS_H

/* Before anything is opened: daemonize, limits of open files. */
void process_begin(void);
/* Ready: tell the supervisor, write the pid file. */
void process_ready(void);
void process_end(void);

#endif
