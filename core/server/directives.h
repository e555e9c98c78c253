/* SPDX-License-Identifier: BSD-3-Clause */
/* directives - the parameters of the host itself.
 *
 * Most rows write into the settings of the wing that reads them
 * (client_settings, listen_settings, keyspace_settings).  What belongs to no
 * other wing is below.
 *
 *   main:  config_init()
 *          command_line_read()      lines wait
 *          directives_register()    and are taken; `dir` changes the folder
 *          directives_start()       log, limits: what a value means at the
 * start
 *          ... modules are loaded, config_settle() ...
 *          listen_open()
 *          directives_serving()     from now on CONFIG SET reopens sockets */
#ifndef CORE_SERVER_DIRECTIVES_H
#define CORE_SERVER_DIRECTIVES_H

#include <kr/call.h>

enum supervised {
    SUPERVISED_NO,
    SUPERVISED_AUTO,
    SUPERVISED_SYSTEMD,
    SUPERVISED_UPSTART
};
enum oom_adjust { OOM_ADJUST_NO, OOM_ADJUST_RELATIVE, OOM_ADJUST_ABSOLUTE };

#define DIRECTIVE_PERCENTILES_MAX 64

struct directives {
    bool daemonize;
    bool always_show_logo;
    bool crash_log;
    bool crash_memcheck;
    bool disable_thp;
    bool dynamic_hz;
    bool set_proc_title;
    bool pause_cron; /* DEBUG PAUSE-CRON: nothing is done now and then */
    bool syslog;
    int32_t supervised; /* enum supervised */
    int32_t log_level;  /* enum log_level, or one above all of them */
    int32_t syslog_facility;
    int32_t oom_adjust;            /* enum oom_adjust */
    int64_t oom_values[3];         /* of the primary, a replica, a child */
    int32_t on_sigint, on_sigterm; /* KR_SHUTDOWN_ */
    int64_t hz;
    const char *pidfile; /* empty: only when daemonized, the usual place */
    const char *logfile; /* empty: standard output */
    const char *syslog_ident;
    const char *proc_title_template;
    const char *modules_dir;
    const char *load_modules; /* "*", "none", or names with spaces between */
    const char *module_allow_dirs; /* with spaces between; empty: all */
    int64_t module_time_limit_ms;  /* of a handler; 0: none */
    int32_t enable_debug_command,
        enable_module_command; /* see config_allowed */
    int32_t enable_protected_configs;
    uint32_t percentile_count;
    double percentiles[DIRECTIVE_PERCENTILES_MAX]; /* of INFO latencystats */
};
extern struct directives directives;

/* false: a line is refused; `error` is for file_print_fatal(). */
bool directives_register(char *error, size_t size);
/* Open the log, raise the limit of files, arm what is limited.  false: the
 * server cannot run like this. */
bool directives_start(char *error, size_t size);
void directives_serving(void);
void directives_fini(void);

/* Ticks a second: `hz`, more with very many clients if `dynamic-hz`. */
int64_t directive_hz(void);
/* May this call use MODULE LOAD and its kin? */
bool directive_module_command_allowed(const struct kr_call *call);
/* Does `load-modules` ask for the module file `name` (without its suffix)? */
bool directive_loads_module(struct kr_str name);

#endif
