/* SPDX-License-Identifier: BSD-3-Clause */
/* command - the table of commands.
 *
 * A command is a host-owned record.  The module behind it may be replaced: the
 * record stays where it is, its `row` and `run` are swapped. */
#ifndef CORE_DISPATCH_COMMAND_H
#define CORE_DISPATCH_COMMAND_H

#include <kr/command.h>

#include "core/dispatch/key_spec.h"

struct latency; /* a command's histogram, made when it is first needed */

struct kr_cmd {
    void (*run)(struct kr_call *call);
    kr_module *module;
    int32_t arity;
    uint32_t id;
    uint64_t flags;
    struct key_place keys;
    bool gone;  /* its module left; kept while something points to it */
    bool stale; /* its module's new version has not named it so far */
    uint16_t name_size;
    char *full_name; /* "config|get", lower case */
    char *missing;   /* the module that had it and left values, or NULL */
    char *typed;     /* the name as a client last typed it, for a quick match;
                      * null bytes if its name is another (rename.h) */
    struct kr_command row;
    struct kr_cmd *parent;
    struct kr_cmd *next;        /* in order of registration */
    struct kr_cmd *subcommands; /* linked by next */
    struct kr_cmd *of_module;   /* the next one that its module has */
    uint64_t calls;
    uint64_t ticks; /* time in it, in clock ticks */
    uint64_t rejected;
    uint64_t failed;
    struct latency *latency;
};

/* Register row and subcommands for `module` (NULL: the host). */
kr_status command_add(kr_module *module, const struct kr_command *row);
kr_status command_add_sub(kr_module *module, const char *parent,
                          const struct kr_command *row);
/* All commands of `module`, at unload or when a load fails.  The answer: were
 * there any?  Who made the module invisible raises "command.changed". */
bool command_forget(kr_module *module);
/* The module goes and leaves values behind: who gives one of its commands is
 * told of it.  Before command_forget(). */
void command_remember(kr_module *module);
/* The module that had the command, if it is one of those; or NULL. */
const char *command_missing(uint32_t argc, const struct kr_str *argv);
/* What a new version registers while it is made ready is kept aside, see
 * command_add().  The upgrade ends: `good`: that is what the module has now, in
 * the same records where the names are the same. */
void command_settle(kr_module *module, bool good);
/* Modules have become active: raise "command.changed", once, if they have
 * brought commands.  What an active module adds is told at once. */
void command_publish(void);

/* All modules of the start are there: false if a `rename-command` gives a
 * command the name of another one.  One that has no command yet is logged. */
bool command_settle_renames(char *error, size_t size);

/* By the name that is typed (see core/dispatch/rename.h), in any case; O(1). */
struct kr_cmd *command_find(struct kr_str name);
/* With the subcommand that argv[1] names.  *container is the command itself
 * if the subcommand is not known. */
struct kr_cmd *command_match(uint32_t argc, const struct kr_str *argv,
                             struct kr_cmd **container);
/* "CONFIG", for messages; good until the next call. */
const char *command_upper_name(const struct kr_cmd *command);

void command_fini(void);

extern const struct kr_commands command_interface;

#endif
