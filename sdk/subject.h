/* SPDX-License-Identifier: BSD-3-Clause */
/* subject - a module that is looked at, and a server for it.  See subject.c. */
#ifndef SDK_SUBJECT_H
#define SDK_SUBJECT_H

#include "sdk/report.h"
#include "sdk/server.h"
#include "sdk/talk.h"
#include "sdk/words.h"

struct subject {
    const char *file;
    char path[PATH_MAX]; /* of it, in full */
    char *const *beside; /* files to load first, NULL behind the last */
    char *const *except; /* commands to leave alone, likewise */
    char *const *examples;
    size_t example_count;
    struct dice dice;
    struct report *report;

    /* What its file says; void for one that is not built for this server. */
    bool ours;
    bool can_unload, can_upgrade;
    bool resident; /* the server has it when it starts */
    struct names types;
    struct names unsaved; /* types whose values are never saved, as it turned
                           * out */

    struct server server;
    struct buffer load_modules; /* names, with a blank between */
    const char *arguments[8];   /* of the server */

    /* While the server runs. */
    char name[64];     /* of the module */
    struct talk talk;  /* to look at it, in RESP2 */
    struct talk voice; /* to speak to it: where it may lose its state */
    uint64_t voice_id; /* CLIENT ID, 0: unknown */
    struct command *commands;
    size_t command_count;

    struct names broken; /* commands that ended a conversation or the server:
                          * they are left alone from there on */

    struct words words;      /* that were said last */
    uint64_t memory_at_rest; /* of its account, before it had any value */
};

/* Look at the file, find out which modules the server is to have beside it, and
 * start it without the module.  false: the reason was printed. */
bool subject_init(struct subject *subject);
void subject_fini(struct subject *subject);

/* Start over with a new server and load the module.  false: it does not load,
 * which is a finding. */
bool subject_restart(struct subject *subject);
/* MODULE LOAD, and learn its name and its commands.  false: `reply` is why. */
bool subject_load(struct subject *subject, struct answer *reply);
/* MODULE UNLOAD, once jobs of it are over.  false: `reply` is why. */
bool subject_unload(struct subject *subject, struct answer *reply);

/* What a command answers, as talk_call() on `talk`.  Whoever expects no
 * connection error afterwards has a server that is there. */
#define subject_call(subject, reply, ...)                                      \
    talk_call(&(subject)->talk, (reply), __VA_ARGS__, NULL)
/* The number that a command answers, or in a line "name:N" of INFO; -1: it is
 * not there. */
int64_t subject_number(struct subject *subject, const char *section,
                       const char *field);
/* MODULE INFO's number under that name. */
int64_t subject_account(struct subject *subject, const char *field);

/* The server is gone, or does not answer: a finding, with the words that were
 * said last and what its log says; a new one is started.  false: all is well. */
bool subject_has_died(struct subject *subject, const char *while_what);
/* The second connection: open, in that protocol. */
bool subject_speak(struct subject *subject, int protocol);

/* Empty the databases; put a few values of the server's own types there. */
void subject_clear(struct subject *subject);
/* Is it of a type of the module's? */
bool subject_has_type(const struct subject *subject, const char *type);

#endif
