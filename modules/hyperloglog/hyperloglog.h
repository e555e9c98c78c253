/* SPDX-License-Identifier: BSD-3-Clause */
/* hyperloglog - what the commands on sketches share. */
#ifndef HYPERLOGLOG_HYPERLOGLOG_H
#define HYPERLOGLOG_HYPERLOGLOG_H

#include "sparse.h"

#include <kr/call.h>
#include <kr/keyspace.h>
#include <kr/module.h>
#include <kr/string.h>

#define HYPERLOGLOG_ERR_BROKEN "INVALIDOBJ Corrupted HLL object detected"

extern kr_module *hyperloglog_self;
extern int64_t hyperloglog_sparse_max; /* hll-sparse-max-bytes */

/* A sketch under work: the value's own bytes, good while the cell is. */
struct hyperloglog {
    struct kr_cell cell;
    uint8_t *bytes; /* NULL: there is no such key */
    size_t size;
};

/* Find argument `arg` to read: `bytes` is empty when there is no such key.
 * false: what is there is no sketch, replied. */
bool hyperloglog_view(struct kr_call *call, uint32_t arg, struct kr_cell *cell,
                      struct kr_str *bytes);

/* Find argument `arg` to change it.  false: replied. */
bool hyperloglog_open(struct kr_call *call, uint32_t arg,
                      struct hyperloglog *sketch);

/* An empty one under argument `arg`, where nothing is.  false: replied. */
bool hyperloglog_create(struct kr_call *call, uint32_t arg,
                        struct hyperloglog *sketch);

enum hyperloglog_outcome {
    HYPERLOGLOG_SAME,
    HYPERLOGLOG_CHANGED,
    HYPERLOGLOG_BROKEN,
    HYPERLOGLOG_NO_MEMORY,
};

/* Raise a register; a sketch that grows too long becomes dense. */
enum hyperloglog_outcome hyperloglog_raise(struct hyperloglog *sketch,
                                           struct register_rank rank);

/* Make a sparse one dense. */
enum hyperloglog_outcome hyperloglog_densify(struct hyperloglog *sketch);

/* Give it `size` bytes, the first of which are kept; false: no memory. */
bool hyperloglog_resize(struct hyperloglog *sketch, size_t size);

/* Raise `registers` to those of a sketch, or count these; false: broken. */
bool hyperloglog_merge(struct kr_str bytes, uint8_t *registers);
bool hyperloglog_count(struct kr_str bytes, uint32_t *histogram);

/* Reply what kept a change from being made. */
void hyperloglog_refuse(struct kr_call *call, enum hyperloglog_outcome why);

#endif
