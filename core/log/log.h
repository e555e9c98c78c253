/* SPDX-License-Identifier: BSD-3-Clause */
/* log - one line a message, to a file, standard output or syslog.
 *
 * A process is one rack: here, as in every wing, the state is one static
 * struct in the wing's main file, reached only through its functions, because
 * the functions of the ABI carry no handle of the host. */
#ifndef CORE_LOG_LOG_H
#define CORE_LOG_LOG_H

#include <kr/base.h>

enum log_level { LOG_DEBUG_, LOG_VERBOSE_, LOG_NOTICE_, LOG_WARNING_ };

/* Messages below `level` are dropped; `path` empty: standard output. */
void log_open(enum log_level level, const char *path);
void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);
/* Also to syslog, under `ident`, to `facility` (LOG_LOCAL0 ...). */
void log_syslog(bool on, const char *ident, int facility);

/* In a forked child: lines are marked so. */
void log_become_child(void);

/* Format and write one line.  [any] */
void log_line(enum log_level level, const char *format, ...) KR_PRINTF(2, 3);

#define log_debug(...)   log_line(LOG_DEBUG_, __VA_ARGS__)
#define log_verbose(...) log_line(LOG_VERBOSE_, __VA_ARGS__)
#define log_notice(...)  log_line(LOG_NOTICE_, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING_, __VA_ARGS__)

#endif
