/* SPDX-License-Identifier: BSD-3-Clause */
/* cases - sessions with a server that loads a module.  See cases.c. */
#ifndef SDK_CASES_H
#define SDK_CASES_H

#include "core/text/buffer.h"

struct server;

struct score {
    unsigned passed;
    unsigned failed;
};

/* Run all cases of a file; failures are printed. */
void cases_run(const char *path, struct server *server, int protocol,
               struct score *score);

/* The word at *at, quotes undone, to `word`; false: there is none. */
bool cases_word(const char **at, struct buffer *word);

#endif
