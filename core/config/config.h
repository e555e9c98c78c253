/* SPDX-License-Identifier: BSD-3-Clause */
/* config - the registry of parameters, and who gets a value when.
 *
 * The configuration file and the command line are read before any module is
 * loaded, so a line may wait for its owner:
 *
 *   file, command line --config_pend()--> pending --config_add_params()--> slot
 *                                            ^                              |
 *                                            +------- config_forget() ------+
 *
 * A request to load a module may bring values too (MODULE LOADEX), which wait
 * for that module only and just as long: config_ask().
 *
 * What a module leaves behind when it goes waits again, so that loading it anew
 * finds its settings.  config_settle() ends the start: a line that nobody took
 * is an error.
 *
 * A name may have several rows, one above the other.  The top one is what
 * CONFIG sees.  A row goes above
 *
 *   - an inert row (KR_PARAM_INERT), whoever registered first: the module that
 *     means it has come;
 *   - a row of a module with the same name: the new version of an upgrade. When
 *     that fails, config_forget(new) brings the old row back as it was.
 *
 * Slots are written at registration, which may be before create().  Rows that
 * print themselves (SPECIAL with print()) take their words by apply() then,
 * with the state that the module has at that moment, NULL before create(); keep
 * such variables in statics, as slots are.  Other apply() functions are only
 * called when a value changes later.
 *
 * CONFIG SET: check all, store all, apply all.  When one apply() refuses, the
 * old values are stored again and applied to those that had been. */
#ifndef CORE_CONFIG_CONFIG_H
#define CORE_CONFIG_CONFIG_H

#include "core/text/buffer.h"

#include <kr/config.h>

void config_init(void);
void config_fini(void);

/* The parameters of `module` (NULL: the host).  The rows are copied, their
 * strings and tables are not.  false: none was added, `error` says why; it may
 * have several lines when a line of the file is to blame. */
bool config_add_params(kr_module *module, const struct kr_rows *params,
                       char *error, size_t size);
/* Why parameters were last refused, with its lines; "" if none were. */
const char *config_refusal(void);
/* All parameters of `module` go; no function of it is called after this. */
void config_forget(kr_module *module);
/* An upgrade ends: see rack_on_settle().  The values stay. */
void config_settle_upgrade(kr_module *module, bool good);
/* The version that is made ready has to wait, and the old one serves: its rows
 * are set aside, and put back with the values of then.  false: it refuses one
 * of them, `error` says which; config_settle_upgrade() is to follow. */
void config_suspend(kr_module *module);
bool config_resume(char *error, size_t size);

/* Where a line was written.  `text` is the line for error messages. */
struct config_origin {
    const char *file; /* NULL: the main file, or what stands for it */
    unsigned line;    /* 0: not in a file */
    struct kr_str text;
};
/* A value for a parameter that is not there yet.  All is copied. */
void config_pend(const struct config_origin *origin, struct kr_str name,
                 uint32_t argc, const struct kr_str *argv);
/* Values that come with the request to load `module`.  They are taken when it
 * registers, instead of what else waits for the same names; being asked for at
 * loading, they may be of immutable parameters.  All is copied. */
void config_ask(const kr_module *module, uint32_t pairs,
                const struct kr_str *names, const struct kr_str *values);
/* `module` has registered what it will: has each of them found its parameter?
 * If not, `error` says of the first one why. */
bool config_asked_is_taken(const kr_module *module, char *error, size_t size);
/* The load is over.  `good`: they are the values, and what else waited for them
 * is dropped.  If not, it is as if they had never been; after config_forget().
 */
void config_asked_end(const kr_module *module, bool good);
/* All modules are loaded: does a line have no owner, or one that refuses it?
 * Then false, and the first such line is described in `error`. */
bool config_settle(struct buffer *error);
/* "Reading the configuration file, at line 3\n>>> 'foo bar'\nwhy" */
void config_describe(struct buffer *to, const struct config_origin *origin,
                     const char *why);

/* The value as CONFIG GET shows it; false: no such parameter. */
bool config_print(struct kr_str name, struct buffer *to);
/* As kr_config->set. */
kr_status config_set(uint32_t pairs, const struct kr_str *names,
                     const struct kr_str *values, char *error, size_t size);
/* Does the parameter `which`, one of no, yes and local, allow it to `call`?
 * NULL: the server itself, to which no is the only no. */
bool config_allowed(struct kr_str which, const struct kr_call *call);

extern const struct kr_config config_interface;

#endif
