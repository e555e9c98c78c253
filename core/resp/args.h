/* SPDX-License-Identifier: BSD-3-Clause */
/* args - room for the arguments of one command, used again for the next.
 *
 * A thread has one of these, not a client: a command is parsed into it, runs,
 * and the next one overwrites it.  The slices point into the client's input,
 * into memory lent for a big argument, or, for a line with quotes, into `text`,
 * which this struct owns.
 *
 * A zeroed struct is ready for use. */
#ifndef CORE_RESP_ARGS_H
#define CORE_RESP_ARGS_H

#include <kr/base.h>

struct resp_args {
    struct kr_str *argv;
    size_t argc;
    size_t capacity; /* of argv, in slices */
    char *text;      /* what split lines look like without their quotes */
    size_t text_capacity;

    /* What resp_parse() says beside its result. */
    size_t consumed; /* bytes of the input that are done with */
    size_t wanted;   /* bytes missing, at least, before anything can follow */
    struct {
        size_t size;  /* of the big argument being received; 0: there is none */
        size_t at;    /* where its first byte is, or will be, in the input */
        size_t index; /* which argument it is, from 0 */
    } big;
};

/* Give argv room for `count` slices, keeping what it holds, and text room for
 * `bytes`.  false when there is no memory: nothing has changed then. */
bool resp_args_reserve(struct resp_args *args, size_t count);
bool resp_args_reserve_text(struct resp_args *args, size_t bytes);

/* Return room beyond a usual command's to the allocator: for the moment when
 * no command is being run, so that one giant does not cost memory for ever.
 * The arguments are forgotten. */
void resp_args_trim(struct resp_args *args);

/* Free what the struct owns and zero it. */
void resp_args_fini(struct resp_args *args);

#endif
