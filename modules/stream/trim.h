/* SPDX-License-Identifier: BSD-3-Clause */
/* trim - the words by which XADD and XTRIM shorten a stream:
 *
 *   MAXLEN|MINID [=|~] threshold [LIMIT count]
 *
 * With "~" only whole nodes go, and up to `count` entries of them (by default
 * as many as fill a hundred nodes). */
#ifndef STREAM_TRIM_H
#define STREAM_TRIM_H

#include "value.h"

struct trim {
    struct entries_trim how;
    uint32_t at;    /* the threshold's argument; 0: nothing is to be trimmed */
    bool no_make;   /* NOMKSTREAM */
    bool id_given;  /* an id other than "*" */
    bool seq_given; /* and its sequence */
    uint32_t id_at; /* of XADD */
    struct stream_id id;
};

/* Read the words from argument 2 on; those of XADD end at the id.  false: the
 * error is replied. */
bool trim_parse(struct kr_call *call, bool adds, struct trim *trim);

/* How many entries "~" deletes at most if LIMIT does not say. */
uint64_t trim_default_limit(void);

/* Cut the stream.  Answers how many entries have gone. */
uint64_t trim_run(struct stream *s, const struct trim *trim);

/* Journal the call with the outcome of a "~" in place of it, and of an id that
 * was made: `id` NULL in XTRIM. */
void trim_journal(struct kr_call *call, const struct stream *s,
                  const struct trim *trim, const struct stream_id *id);

#endif
