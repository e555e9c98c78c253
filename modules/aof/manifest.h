/* SPDX-License-Identifier: BSD-3-Clause */
/* manifest - which files make up the log, and in which order they are read.
 *
 *     file appendonly.aof.2.base.rdb seq 2 type b     where it begins
 *     file appendonly.aof.1.incr.aof seq 1 type h     no longer of use
 *     file appendonly.aof.2.incr.aof seq 2 type i     what followed, in order;
 *     file appendonly.aof.3.incr.aof seq 3 type i     the last one grows
 *
 * The text is the format of Redis 7.  It decides what the data set is, so it is
 * read strictly, and replaced as a whole or not at all (see folder.c).  These
 * functions know no files: text in, text out.  Every one is O(files). */
#ifndef AOF_MANIFEST_H
#define AOF_MANIFEST_H

#include <kr/base.h>
#include <kr/module.h>

#define MANIFEST_LINE_MAX 1024 /* bytes, the newline included */
#define MANIFEST_NAME_MAX MANIFEST_LINE_MAX

#define MANIFEST_BASE      'b'
#define MANIFEST_HISTORY   'h'
#define MANIFEST_INCREMENT 'i'

struct manifest_file {
    char *name;
    int64_t sequence;
    char type; /* MANIFEST_ */
};

/* A zeroed struct is an empty one. */
struct manifest {
    struct manifest_file *files; /* increments among them in order */
    size_t count, capacity;
    int64_t base_sequence;      /* the last one given */
    int64_t increment_sequence; /* likewise */
};

/* What is wrong with a text, and where. */
struct manifest_error {
    const char *reason;
    uint64_t line;      /* from 1; 0: no line in particular */
    struct kr_str text; /* of the line, borrowed from what was read */
};

/* Read `text` into the empty `manifest`.  false: refused, *error is filled and
 * the manifest is empty. */
bool manifest_parse(kr_module *self, struct manifest *manifest,
                    struct kr_str text, struct manifest_error *error);
/* The text, which the caller frees. */
struct kr_str manifest_format(kr_module *self, const struct manifest *manifest);
void manifest_copy(kr_module *self, struct manifest *to,
                   const struct manifest *from);
void manifest_clear(kr_module *self, struct manifest *manifest);

/* NULL: there is none. */
const struct manifest_file *manifest_base(const struct manifest *manifest);
const struct manifest_file *
manifest_last_increment(const struct manifest *manifest);
/* How many files of this type. */
size_t manifest_count(const struct manifest *manifest, char type);

/* A further file.  The name is copied; sequences are the caller's to choose. */
const struct manifest_file *manifest_add(kr_module *self,
                                         struct manifest *manifest,
                                         const char *name, int64_t sequence,
                                         char type);
/* The next base, `prefix`.N.base`suffix`; the one before becomes history. */
const struct manifest_file *manifest_new_base(kr_module *self,
                                              struct manifest *manifest,
                                              const char *prefix,
                                              const char *suffix);
/* The next increment, `prefix`.N.incr.aof. */
const struct manifest_file *manifest_new_increment(kr_module *self,
                                                   struct manifest *manifest,
                                                   const char *prefix);
/* Increments become history, but for the last `keep`. */
void manifest_retire(struct manifest *manifest, size_t keep);
void manifest_drop_history(kr_module *self, struct manifest *manifest);

#endif
