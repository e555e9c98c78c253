/* SPDX-License-Identifier: BSD-3-Clause */
/* command - what a command is: its code and everything that is known of it.
 *
 * The row that registers a command is also what COMMAND, COMMAND DOCS, key
 * extraction, access rules, routing and the documentation answer from.
 *
 *   static const struct kr_key_spec key1_read[] = {
 *       KR_KEY(KR_KEY_RO | KR_KEY_ACCESS, 1, 0, 1)};
 *   static const struct kr_command commands[] = {
 *       {.name = "cnt.peak", .run = cnt_peak, .arity = 2,
 *        .flags = KR_CMD_READONLY | KR_CMD_FAST,
 *        .keys = KR_ROWS(key1_read), ...}};
 *
 * Rows of the descriptor are read by stride, so the struct may grow at its
 * end.  Strings and tables are constants of the module. */
#ifndef KR_COMMAND_H
#define KR_COMMAND_H

#include <kr/base.h>
#include <kr/call.h>
#include <kr/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- Flags: the words that COMMAND INFO answers -------------------------- */

#define KR_CMD_WRITE             (UINT64_C(1) << 0)
#define KR_CMD_READONLY          (UINT64_C(1) << 1)
#define KR_CMD_DENYOOM           (UINT64_C(1) << 2)
#define KR_CMD_ADMIN             (UINT64_C(1) << 3)
#define KR_CMD_PUBSUB            (UINT64_C(1) << 4)
#define KR_CMD_NOSCRIPT          (UINT64_C(1) << 5)
#define KR_CMD_BLOCKING          (UINT64_C(1) << 6)
#define KR_CMD_LOADING           (UINT64_C(1) << 7)
#define KR_CMD_STALE             (UINT64_C(1) << 8)
#define KR_CMD_SKIP_MONITOR      (UINT64_C(1) << 9)
#define KR_CMD_SKIP_SLOWLOG      (UINT64_C(1) << 10)
#define KR_CMD_ASKING            (UINT64_C(1) << 11)
#define KR_CMD_FAST              (UINT64_C(1) << 12)
#define KR_CMD_NO_AUTH           (UINT64_C(1) << 13)
#define KR_CMD_MAY_REPLICATE     (UINT64_C(1) << 14)
#define KR_CMD_MOVABLEKEYS       (UINT64_C(1) << 15) /* the host adds it */
#define KR_CMD_ALLOW_BUSY        (UINT64_C(1) << 16)
#define KR_CMD_NO_MULTI          (UINT64_C(1) << 17)
#define KR_CMD_NO_ASYNC_LOADING  (UINT64_C(1) << 18)
#define KR_CMD_NO_MANDATORY_KEYS (UINT64_C(1) << 19)
/* Not shown by COMMAND: */
#define KR_CMD_SENTINEL          (UINT64_C(1) << 20)
#define KR_CMD_ONLY_SENTINEL     (UINT64_C(1) << 21)
#define KR_CMD_TOUCHES_ARBITRARY (UINT64_C(1) << 22)
#define KR_CMD_PROTECTED         (UINT64_C(1) << 23)
/* Shown by COMMAND as "module": of a module that was built for another server,
 * whose users know it as one.  Its categories are those that it states. */
#define KR_CMD_MODULE (UINT64_C(1) << 24)

/* --- Access categories: those that do not follow from the flags.  The host
 * adds write, read, admin, dangerous, pubsub, blocking, fast and slow. -------- */

#define KR_CAT_KEYSPACE    (UINT64_C(1) << 0)
#define KR_CAT_READ        (UINT64_C(1) << 1)
#define KR_CAT_WRITE       (UINT64_C(1) << 2)
#define KR_CAT_SET         (UINT64_C(1) << 3)
#define KR_CAT_SORTEDSET   (UINT64_C(1) << 4)
#define KR_CAT_LIST        (UINT64_C(1) << 5)
#define KR_CAT_HASH        (UINT64_C(1) << 6)
#define KR_CAT_STRING      (UINT64_C(1) << 7)
#define KR_CAT_BITMAP      (UINT64_C(1) << 8)
#define KR_CAT_HYPERLOGLOG (UINT64_C(1) << 9)
#define KR_CAT_GEO         (UINT64_C(1) << 10)
#define KR_CAT_STREAM      (UINT64_C(1) << 11)
#define KR_CAT_PUBSUB      (UINT64_C(1) << 12)
#define KR_CAT_ADMIN       (UINT64_C(1) << 13)
#define KR_CAT_FAST        (UINT64_C(1) << 14)
#define KR_CAT_SLOW        (UINT64_C(1) << 15)
#define KR_CAT_BLOCKING    (UINT64_C(1) << 16)
#define KR_CAT_DANGEROUS   (UINT64_C(1) << 17)
#define KR_CAT_CONNECTION  (UINT64_C(1) << 18)
#define KR_CAT_TRANSACTION (UINT64_C(1) << 19)
#define KR_CAT_SCRIPTING   (UINT64_C(1) << 20)

/* Their names in the order of the bits, and how many there are.  [any] */
static inline const char *const *kr_category_names(uint32_t *count)
{
    static const char *const names[] = {
        "keyspace",  "read",     "write",     "set",        "sortedset",
        "list",      "hash",     "string",    "bitmap",     "hyperloglog",
        "geo",       "stream",   "pubsub",    "admin",      "fast",
        "slow",      "blocking", "dangerous", "connection", "transaction",
        "scripting",
    };

    *count = KR_COUNT(names);
    return names;
}

/* KR_CAT_ of a name, in upper or lower case; 0: there is no such category.
 * O(categories).  [any] */
static inline uint64_t kr_category_of(struct kr_str name)
{
    uint32_t count;
    const char *const *names = kr_category_names(&count);

    for (uint32_t i = 0; i < count; i++)
        if (kr_str_equal_nocase(name, kr_cstr(names[i])))
            return UINT64_C(1) << i;
    return 0;
}

/* --- Key specs: where the keys stand, and what is done to them ----------- */

#define KR_KEY_RO             (1u << 0)
#define KR_KEY_RW             (1u << 1)
#define KR_KEY_OW             (1u << 2)
#define KR_KEY_RM             (1u << 3)
#define KR_KEY_ACCESS         (1u << 4)
#define KR_KEY_UPDATE         (1u << 5)
#define KR_KEY_INSERT         (1u << 6)
#define KR_KEY_DELETE         (1u << 7)
#define KR_KEY_NOT_KEY        (1u << 8)
#define KR_KEY_INCOMPLETE     (1u << 9)
#define KR_KEY_VARIABLE_FLAGS (1u << 10)

#define KR_BEGIN_UNKNOWN 0u
#define KR_BEGIN_INDEX   1u /* a: the argument's position */
#define KR_BEGIN_KEYWORD                                                       \
    2u /* word: after which; a: where the search starts,
                             * negative from the end */
#define KR_FIND_UNKNOWN 0u
#define KR_FIND_RANGE                                                          \
    1u /* x: last key, from the first, or -1 the last
                            * argument, -2 ...; y: step; z: limit */
#define KR_FIND_KEYNUM                                                         \
    2u /* x: where the number stands, y: the first key, both
                            * from the beginning; z: step */

struct kr_key_spec {
    uint32_t flags; /* KR_KEY_ */
    uint16_t begin; /* KR_BEGIN_ */
    uint16_t find;  /* KR_FIND_ */
    const char *word;
    int32_t a;
    int32_t x, y, z;
    const char *notes; /* or NULL */
};

/* Keys from argument `first` to `last` after it, each `step`-th. */
#define KR_KEY(how, first, last, step)                                         \
    {                                                                          \
        (how), KR_BEGIN_INDEX, KR_FIND_RANGE, NULL, (first), (last), (step),   \
            0, NULL                                                            \
    }

struct kr_key_ref {
    uint32_t index; /* in argv */
    uint32_t flags; /* KR_KEY_ */
};

/* --- The argument tree (COMMAND DOCS) ------------------------------------ */

#define KR_ARG_STRING     0u
#define KR_ARG_INTEGER    1u
#define KR_ARG_DOUBLE     2u
#define KR_ARG_KEY        3u
#define KR_ARG_PATTERN    4u
#define KR_ARG_UNIX_TIME  5u
#define KR_ARG_PURE_TOKEN 6u
#define KR_ARG_ONEOF      7u
#define KR_ARG_BLOCK      8u

#define KR_ARG_OPTIONAL       (1u << 0)
#define KR_ARG_MULTIPLE       (1u << 1)
#define KR_ARG_MULTIPLE_TOKEN (1u << 2)

struct kr_arg {
    const char *name;
    uint16_t type;    /* KR_ARG_ */
    uint16_t flags;   /* KR_ARG_ */
    int32_t key_spec; /* index of the key spec it belongs to, -1: none */
    const char *token;
    const char *since;
    const char *deprecated_since;
    const char *display;  /* NULL: the name */
    struct kr_rows parts; /* struct kr_arg: of a ONEOF or a BLOCK */
    const char *summary;  /* or NULL */
};

/* Rows of an argument tree: KR_ARGUMENT("seconds", INTEGER, .token = "EX"), and
 * KR_KEY_ARGUMENT("key", 0), the key that key spec 0 finds. */
#define KR_ARGUMENT(label, kind, ...)                                          \
    {                                                                          \
        .name = (label), .type = KR_ARG_##kind, .key_spec = -1, __VA_ARGS__    \
    }
#define KR_KEY_ARGUMENT(label, spec, ...)                                      \
    {                                                                          \
        .name = (label), .type = KR_ARG_KEY, .key_spec = (spec), __VA_ARGS__   \
    }

/* A line of a command's history, in COMMAND DOCS. */
struct kr_history {
    const char *since;
    const char *text;
};

#define KR_DOC_DEPRECATED (1u << 0)
#define KR_DOC_SYSCMD     (1u << 1)

/* A command that stands in a pipeline with others, none of which has run.
 *
 * A big value is found by a chain of pointers: struct, row, item.  One command
 * waits for each of them in turn; sixteen can wait together.  So ahead() is
 * called for all of them with step 0, then with step 1 ..., until it answers
 * false.  Each step prefetches a line and reads what the step before fetched:
 *
 *     step 0   the struct behind the cell      of all commands of the pipeline
 *     step 1   the row that the field's hash names
 *     step 2   the item
 *
 * It changes nothing and replies nothing, and must not rely on what it saw: the
 * commands in front may change it.  Worth it where the key's entry is not all
 * there is; about 15 ns a command are spent on it.  [main] */
struct kr_cell;

struct kr_ahead {
    uint32_t step;
    uint32_t argc;
    const struct kr_str *argv;
    const struct kr_cell *cell; /* of the first key */
    uint64_t memo;              /* the command's own, 0 at first */
};

struct kr_command {
    const char *name; /* lower case; of a subcommand only its own word */
    /* Runs the command: writes one reply.  NULL for a mere container. */
    void (*run)(struct kr_call *call);
    int32_t arity; /* with the name; -n: at least n */
    uint32_t doc_flags;
    uint64_t flags;      /* KR_CMD_ */
    uint64_t categories; /* KR_CAT_ */
    struct kr_rows keys; /* struct kr_key_spec */
    /* For commands whose keys no spec can tell: fill at most `room` refs,
     * answer how many there are, or -1 for an invalid command.  May be NULL. */
    int32_t (*find_keys)(uint32_t argc, const struct kr_str *argv,
                         struct kr_key_ref *refs, uint32_t room);
    struct kr_rows subcommands; /* struct kr_command */
    struct kr_rows tips;        /* const char * */
    struct kr_rows args;        /* struct kr_arg */
    struct kr_rows history;     /* struct kr_history */
    const char *summary;        /* a sentence without its full stop */
    const char *since;
    const char *group;
    const char *complexity;
    const char *deprecated_since;
    const char *replaced_by;
    /* The command is refused, by the host or a gate: reply `error` in its own
     * words, and do what that means.  NULL: it is replied as it is. */
    void (*refused)(struct kr_call *call, struct kr_str error);
    /* Fetch the memory that the command will touch in the value at its first
     * key, see struct kr_ahead.  NULL: the host fetches the entry, no more. */
    bool (*ahead)(struct kr_ahead *ahead);
    /* What this very call will do, as KR_CMD_ flags, where its words tell more
     * than the row: a script may say that it writes nothing.  [main] Asked while
     * there is a reason to refuse or to queue something, before kr_call.acts is
     * looked at, maybe more than once; nothing may be replied or changed.  NULL:
     * the flags above. */
    uint64_t (*acts)(const struct kr_call *call);
};

/* What the host measures of a command. */
struct kr_command_stats {
    uint32_t size;
    uint32_t reserved;
    uint64_t calls;
    uint64_t nsec;
    uint64_t rejected; /* refused before it ran */
    uint64_t failed;   /* ran and replied an error */
};

struct kr_commands {
    uint32_t size;
    uint32_t reserved;
    /* Register a command from create() on; the host copies the row, not what
     * it points to.  KR_EEXIST: the name is taken. */
    kr_status (*add)(kr_module *self, const struct kr_command *row);
    kr_status (*add_subcommand)(kr_module *self, const char *parent,
                                const struct kr_command *row);
    kr_status (*remove)(kr_module *self, const char *name);
    /* By name in any case; for `container|sub` too.  NULL: unknown.  O(1). */
    const kr_cmd *(*find)(struct kr_str name);
    /* The command that these words mean, its subcommand included. */
    const kr_cmd *(*match)(uint32_t argc, const struct kr_str *argv);
    /* What it was registered with, `flags` and `categories` completed. */
    const struct kr_command *(*row)(const kr_cmd *command);
    const char *(*full_name)(const kr_cmd *command); /* "config|get" */
    kr_module *(*module)(const kr_cmd *command);
    const kr_cmd *(*parent)(const kr_cmd *command); /* of a subcommand */
    /* A small number of its own, stable while it is registered: for bitmaps of
     * what a user may run. */
    uint32_t (*id)(const kr_cmd *command);
    uint32_t (*count)(void); /* without subcommands */
    /* All commands in the order of registration, or the subcommands of
     * `parent`, until `each` answers false. */
    void (*each)(const kr_cmd *parent,
                 bool (*each)(const kr_cmd *command, void *ctx), void *ctx);
    /* Check arity; false: the error text is replied to `reply` if not NULL. */
    bool (*check_arity)(const kr_cmd *command, uint32_t argc,
                        struct kr_reply *reply);
    /* The keys of a call: at most `room` of them, the answer is how many there
     * are, -1 when the arguments make no sense.  O(argc). */
    int32_t (*keys)(const kr_cmd *command, uint32_t argc,
                    const struct kr_str *argv, struct kr_key_ref *refs,
                    uint32_t room);
    void (*stats)(const kr_cmd *command, struct kr_command_stats *stats);
    /* The call's duration in ns at percentile `p` (0 to 100), 0 when unknown;
     * and how many calls took at most 2^i us, i < room; answers the total. */
    uint64_t (*percentile)(const kr_cmd *command, double p);
    uint64_t (*histogram)(const kr_cmd *command, uint64_t *at_most,
                          uint32_t room);
    void (*reset_stats)(const kr_cmd *command); /* NULL: all */
    /* As add() and add_subcommand(), of a row that is `size` bytes long where it
     * was built: what a later header has appended is taken as 0, and what this
     * host does not know is not read.  A module whose binary is to run in later
     * hosts uses these, or the descriptor.  KR_EINVAL: shorter than the first
     * revision of the row, which ends with `replaced_by`. */
    kr_status (*add_sized)(kr_module *self, const struct kr_command *row,
                           uint32_t size);
    kr_status (*add_subcommand_sized)(kr_module *self, const char *parent,
                                      const struct kr_command *row,
                                      uint32_t size);
    /* More, or other, is known of a command that `self` has registered: all of
     * the row counts but name, run and subcommands, which stay.  `name` is the
     * full one ("config|get"), `size` as above.  While the module is loaded or
     * upgraded it is the command of the version that comes.  KR_ENOENT: there is
     * none of that name of self's; KR_EINVAL: the row is too short.  O(its key
     * specs). */
    kr_status (*amend)(kr_module *self, const char *name,
                       const struct kr_command *row, uint32_t size);
};
/* kr_commands->add_sized(self, row, KR_SIZED(row)) */
#define KR_SIZED(row) ((uint32_t)sizeof(*(row)))
KR_INTERFACE(kr_commands, "kr.commands/1");

#ifdef __cplusplus
}
#endif
#endif
