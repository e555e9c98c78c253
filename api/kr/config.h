/* SPDX-License-Identifier: BSD-3-Clause */
/* config - parameters: CONFIG GET, SET, REWRITE and the configuration file.
 *
 * A module's parameters are rows of its descriptor.  The host parses, checks
 * ranges, stores the value in the module's variable (a host-written slot, like
 * an import), and writes it back into the file.  Names are as users type them;
 * a parameter of a module that is not part of Redis is best called
 * "module.name". */
#ifndef KR_CONFIG_H
#define KR_CONFIG_H

#include <kr/base.h>
#include <kr/call.h>
#include <kr/module.h>
#include <kr/reply.h>
#include <kr/text.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KR_PARAM_BOOL 0u /* bool: yes or no */
#define KR_PARAM_INT  1u /* int64_t between min and max */
#define KR_PARAM_MEMORY                                                        \
    2u                      /* int64_t bytes: 100mb; with KR_PARAM_PERCENT
                             * negative values are percent */
#define KR_PARAM_ENUM    3u /* int32_t, one of words */
#define KR_PARAM_STRING  4u /* const char *, the host's, never NULL */
#define KR_PARAM_SPECIAL 5u /* any words: parse() and print() do it */
#define KR_PARAM_DOUBLE  6u /* double between min and max */
#define KR_PARAM_OCTAL   7u /* int64_t, printed in octal */
#define KR_PARAM_BYTES   8u /* struct kr_str, the host's; any bytes, NUL too */

#define KR_PARAM_IMMUTABLE (1u << 0) /* only by file or command line */
#define KR_PARAM_HIDDEN    (1u << 1) /* not matched by patterns */
#define KR_PARAM_SECRET    (1u << 2) /* never in logs */
#define KR_PARAM_PROTECTED (1u << 3) /* see enable-protected-configs */
#define KR_PARAM_MULTI     (1u << 4) /* several lines in a file add up */
#define KR_PARAM_PERCENT   (1u << 5)
#define KR_PARAM_INERT     (1u << 6) /* accepted, means nothing here */
#define KR_PARAM_WORDS     (1u << 7) /* enum: a set of words (or-ed bits) */
#define KR_PARAM_VOLATILE  (1u << 8) /* never written into the file */
#define KR_PARAM_SETTLED   (1u << 9) /* not while the data set is loaded */
#define KR_PARAM_UNKEPT                                                        \
    (1u << 10) /* its value goes with its module: the next load begins with
                * what the load itself says, or the default.  Others wait for
                * their module to come back.  An upgrade keeps both. */

struct kr_word {
    const char *word;
    int32_t value;
};

struct kr_param {
    const char *name;
    const char *alias; /* or NULL */
    uint32_t type;     /* KR_PARAM_ */
    uint32_t flags;
    void *slot;           /* the variable, of the type's C type */
    const char *initial;  /* the default, as typed in a file */
    int64_t min, max;     /* INT, MEMORY, DOUBLE; both 0: any */
    struct kr_rows words; /* struct kr_word, of ENUM */
    /* Check before anything changes: false with *error set (a constant or
     * static text) refuses.  Argument: the words after the name.  NULL: none. */
    bool (*check)(void *state, uint32_t argc, const struct kr_str *argv,
                  const char **error);
    /* The variable has changed (SPECIAL: take the words).  false undoes the
     * whole CONFIG SET, with *error.  NULL: nothing to do.  A SPECIAL row that
     * has print() takes its first words this way too, at registration: `state`
     * is NULL before create(), so such a variable is a static one, as slots
     * are. */
    bool (*apply)(void *state, uint32_t argc, const struct kr_str *argv,
                  const char **error);
    /* SPECIAL: write the value as CONFIG GET shows it: raw() to `out`. */
    void (*print)(void *state, struct kr_reply *out);
    /* SPECIAL and MULTI: the lines for a rewritten file, without the name; one
     * status() each.  NULL: one line as print() has it. */
    void (*lines)(void *state, struct kr_reply *out);
    /* Not NULL: what these functions get in place of the module's state, for who
     * registers parameters at run time and has to know which of them it is. */
    void *ctx;
};

struct kr_config {
    uint32_t size;
    uint32_t reserved;
    /* Register a parameter from create() on, as a row of the descriptor's table
     * would; `row` and what it points to outlive the module. */
    kr_status (*add)(kr_module *self, const struct kr_param *row);
    /* The value as CONFIG GET shows it, raw() to `out`; KR_ENOENT. */
    kr_status (*get)(struct kr_str name, struct kr_reply *out);
    /* Set several at once, all or nothing: pairs of name and value.  Not
     * KR_OK: `error` tells, with the text that CONFIG SET replies. */
    kr_status (*set)(uint32_t pairs, const struct kr_str *names,
                     const struct kr_str *values, char *error,
                     size_t error_size);
    /* All parameters in alphabetical order until `each` answers false. */
    void (*each)(bool (*each)(const struct kr_param *row, void *ctx),
                 void *ctx);
    /* Write the file back, comments kept; KR_ENOENT: none is in use; KR_EIO.
     * `error`: the reason alone, for a reply or a log line. */
    kr_status (*rewrite)(char *error, size_t error_size);
    /* Path of the file, empty if there is none. */
    struct kr_str (*file)(void);
    /* May clients use what `which` ("enable-debug-command" and the like)
     * guards: "yes", "no", "local"? */
    bool (*allowed)(struct kr_str which, const struct kr_call *call);
};
KR_INTERFACE(kr_config, "kr.config/1");

/* A parameter that is a number, whosever it is.  false: there is none of that
 * name, or it is no number, and *value stays as it is.  Looks it up by its name:
 * keep what is asked for often.  Needs kr_calls and kr_text, too.  [main] */
static inline bool kr_config_int64(struct kr_str name, int64_t *value)
{
    struct kr_reply *sink = kr_calls->new_sink(2);
    bool found = kr_config->get(name, sink) == KR_OK &&
                 kr_text->to_int64(kr_calls->sink_bytes(sink), value);

    kr_calls->free_sink(sink);
    return found;
}

#ifdef __cplusplus
}
#endif
#endif
