/* SPDX-License-Identifier: BSD-3-Clause */
/* conform_checks - what any module has to do.  See conform.c. */
#ifndef SDK_CONFORM_CHECKS_H
#define SDK_CONFORM_CHECKS_H

#include "sdk/subject.h"

/* conform_life.c: the module comes and goes.  Each finds the server without it,
 * or with it, as it says, and leaves it so. */
void conform_traces(struct subject *subject);  /* without */
void conform_cycles(struct subject *subject);  /* without */
void conform_upgrade(struct subject *subject); /* with */
void conform_seal(struct subject *subject);    /* with */

/* conform_calls.c: its commands, in a server that has it. */
void conform_arity(struct subject *subject);
void conform_replies(struct subject *subject, int protocol);
void conform_promises(struct subject *subject);
void conform_account(struct subject *subject);
void conform_heap(struct subject *subject);

/* Some calls of each of its commands; what they answer does not matter.
 * `lasting`: of none that lets a part of a value expire. */
void conform_speak(struct subject *subject, unsigned rounds, bool lasting);
/* Is the command one that ends the server or a conversation, as is its purpose? */
bool conform_leaves_alone(const struct subject *subject,
                          const struct command *command);
/* Say `subject->words` and then something of our own.  What came in between is
 * counted, the first of it is the caller's to free.  TALK_REPLY: all is well. */
enum talk_end conform_say(struct subject *subject,
                          const struct command *command, unsigned *replies,
                          struct answer *first);

/* conform_values.c: its values. */
void conform_copies(struct subject *subject);
void conform_files(struct subject *subject);
void conform_damage(struct subject *subject);

/* How each of its values looks at this moment; see conform_looks.c. */
struct look {
    char key[32];
    char type[32];
    struct buffer bytes;
};
struct looks {
    struct look *at;
    size_t count;
};

/* Make values by its commands; how many there are then. */
size_t conform_fill(struct subject *subject);
/* `saved`: only those of types that are. */
void looks_take(struct subject *subject, struct looks *looks, bool saved);
/* Does what stands at `key` look so?  If not that is a finding: "a value of type
 * tally is another one `what`". */
void look_compare(struct subject *subject, const struct look *look,
                  const char *key, const char *what, const char *remedy);
/* Each of them, where it was. */
void looks_compare(struct subject *subject, const struct looks *looks,
                   const char *what, const char *remedy);
void looks_free(struct looks *looks);
#endif
