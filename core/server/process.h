/* SPDX-License-Identifier: BSD-3-Clause */
/* process - what the server is to the operating system: a daemon, a pid file,
 * a supervised service, a title in ps. */
#ifndef CORE_SERVER_PROCESS_H
#define CORE_SERVER_PROCESS_H

/* Keep argv's place for the title.  First of all. */
void process_init(int argc, char **argv);
/* With the configuration known, before anything is opened: daemonize. */
void process_begin(void);
/* Listening, the data set not loaded yet: pid file, title. */
void process_listening(void);
/* Serving: word to the supervisor. */
void process_ready(void);
/* In a child: what it is for, in the title. */
void process_name_child(const char *name);
/* The title again: its template has changed. */
void process_retitle(void);
void process_end(void);

#endif
