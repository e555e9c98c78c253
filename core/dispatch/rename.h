/* SPDX-License-Identifier: BSD-3-Clause */
/* rename - the lines `rename-command FROM TO` of the configuration.
 *
 * A command is registered, and stands in COMMAND, in INFO and in errors, under
 * the name that its module gives it.  Who types a command, be it a client, a
 * script or a log that is read again, types the new name; "" is no name, and
 * nobody types that.
 *
 *     typed      lines                 declared
 *     GET        -                     GET
 *     badger     FLUSHDB -> badger     FLUSHDB
 *     FLUSHDB    FLUSHDB -> badger     none
 *     CONFIG     CONFIG  -> ""         none
 *
 * The lines are there before any module is, and stay as they are.  A lookup
 * costs a comparison for each. */
#ifndef CORE_DISPATCH_RENAME_H
#define CORE_DISPATCH_RENAME_H

#include <kr/base.h>

#include <stdbool.h>

struct rename {
    struct rename *next;
    struct kr_str from, to; /* both end with a null byte, too */
};

/* NULL, or why the line is refused. */
const char *rename_add(struct kr_str from, struct kr_str to);
const struct rename *rename_first(void);
/* The line by which the command has another name, or NULL. */
const struct rename *rename_of(struct kr_str declared);
/* What command is meant by `typed`; its data are NULL if none is. */
struct kr_str rename_declared(struct kr_str typed);
void rename_fini(void);

#endif
