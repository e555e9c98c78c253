/* SPDX-License-Identifier: BSD-3-Clause */
/* file - the configuration file: lines of a name and its words.
 *
 * Lines follow the rules of resp/inline.h; '#' begins a comment line.  Three
 * names are the file's own: `include` (a path or a glob, relative to where the
 * server was started), `loadmodule` (a path and its arguments) and
 * `rename-command` (see rename.h).  All other lines wait for the owner of their
 * name, see config.h. */
#ifndef CORE_CONFIG_FILE_H
#define CORE_CONFIG_FILE_H

#include "core/config/config.h"

#include <stdio.h>

/* The main file: what CONFIG REWRITE writes.  Errors are ready for
 * file_print_fatal(). */
bool file_read(const char *path, struct buffer *error);
/* More lines, as if they stood below the file. */
bool file_read_text(struct kr_str text, struct buffer *error);
bool file_read_stream(FILE *stream, struct buffer *error);
/* The main file's absolute path, "" if there is none. */
const char *file_path(void);
/* All of a file; false: errno. */
bool file_load(const char *path, struct buffer *to);

/* The lines `loadmodule`, in their order. */
struct file_module {
    struct file_module *next;
    char *path;
    uint32_t argc; /* behind the path */
    struct kr_str *argv;
};
const struct file_module *file_modules(void);

/* The message with which a server that cannot start ends, in Redis's shape. */
void file_print_fatal(FILE *to, const char *error);

void file_fini(void);

#endif
