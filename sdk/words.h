/* SPDX-License-Identifier: BSD-3-Clause */
/* words - guesses at what somebody could say to a command.  See words.c. */
#ifndef SDK_WORDS_H
#define SDK_WORDS_H

#include "core/text/buffer.h"
#include "sdk/answer.h"

#define WORDS_MAX  48u
#define WORDS_KEYS 16u /* key:0 ... */

/* Numbers that follow from a seed. */
struct dice {
    uint64_t state;
};
uint64_t dice_roll(struct dice *dice, uint64_t below);

/* A command, as the server describes it. */
struct command {
    char name[64];     /* "client|info" */
    uint32_t words;    /* of the name: 1 or 2 */
    int64_t arity;     /* as COMMAND has it */
    uint32_t flags;    /* COMMAND_ */
    int64_t first_key; /* 0: it has none there */
    int64_t last_key;
    int64_t step;
    struct answer docs;             /* of COMMAND DOCS */
    const struct answer *arguments; /* in there, or NULL */
    uint64_t calls, spent_us;       /* so far */
};

#define COMMAND_WRITE     (1u << 0)
#define COMMAND_READONLY  (1u << 1)
#define COMMAND_BLOCKING  (1u << 2)
#define COMMAND_CONTAINER (1u << 3) /* others are behind it */
#define COMMAND_REPLICATE (1u << 4) /* may-replicate: what it runs may write */

struct words {
    struct buffer word[WORDS_MAX];
    struct kr_str argv[WORDS_MAX];
    size_t argc;
};

/* A call of `command`.  `examples` are lines as in cases (sdk/cases.h), some of
 * which may be of it. */
void words_guess(struct words *words, struct dice *dice,
                 const struct command *command, char *const *examples,
                 size_t example_count);
/* Only its name, and words that say nothing, `argc` in all. */
void words_fill(struct words *words, const struct command *command,
                size_t argc);
/* As a person would type it, to `out`. */
void words_print(const struct words *words, struct buffer *out);
void words_free(struct words *words);

#endif
