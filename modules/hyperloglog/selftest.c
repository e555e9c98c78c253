/* SPDX-License-Identifier: BSD-3-Clause */
/* selftest - PFSELFTEST: does this server, on this machine, keep registers and
 * estimate as it should?
 *
 * A pass over the dense form, then elements added to a dense sketch and, while
 * it lasts, to a sparse one, compared at each power of ten.  It takes some tens
 * of milliseconds, during which nobody else is served. */
#include "commands.h"
#include "dense.h"
#include "estimate.h"
#include "hyperloglog.h"

#include <math.h>

#define SELFTEST_ELEMENTS 1000000u
#define SELFTEST_ERRORS   6.0 /* standard errors that are still believed */

/* The two forms of one sketch, and their registers in plain form. */
struct selftest {
    uint8_t dense[SKETCH_DENSE_BYTES];
    uint8_t registers[SKETCH_REGISTERS];
    uint8_t runs[SPARSE_SIZE_MAX];
    size_t size; /* of the runs; 0: they have been given up */
};

/* Registers keep what they are given, and their neighbours as well. */
static const char *selftest_dense(struct selftest *test)
{
    for (uint32_t i = 0; i < SKETCH_REGISTERS; i++)
        test->registers[i] = (uint8_t)((i * 2654435761u) >> 20 & 63);
    dense_pack(test->registers, test->dense);
    for (uint32_t i = 0; i < SKETCH_REGISTERS; i++) {
        if (dense_get(test->dense, i) != test->registers[i])
            return "TESTFAILED dense registers do not keep their values";
    }
    return NULL;
}

static void selftest_add(struct selftest *test, struct register_rank rank)
{
    struct kr_str runs = kr_str((const char *)test->runs, test->size);
    struct sparse_place place = {0, 0};
    struct sparse_edit edit;

    (void)dense_raise(test->dense, rank);
    if (!test->size)
        return;
    if (rank.value > SPARSE_VALUE_MAX ||
        test->size + sizeof(edit.bytes) > (size_t)hyperloglog_sparse_max)
        test->size = 0;
    else if (sparse_plan(runs, &place, rank, &edit) == SPARSE_EDIT)
        test->size = sparse_apply(test->runs, test->size, &edit);
}

static const char *selftest_compare(struct selftest *test, uint32_t added)
{
    struct kr_str runs = kr_str((const char *)test->runs, test->size);
    uint32_t histogram[REGISTER_VALUES] = {0}, sparse[REGISTER_VALUES] = {0};
    double most = 1.04 / sqrt(SKETCH_REGISTERS) * SELFTEST_ERRORS * added;
    int64_t cardinality;

    memset(test->registers, 0, sizeof(test->registers));
    dense_merge(test->dense, test->registers);
    registers_count(test->registers, histogram);
    if (test->size && (!sparse_count(runs, sparse) ||
                       memcmp(histogram, sparse, sizeof(sparse)) != 0))
        return "TESTFAILED dense/sparse disagree";
    cardinality = estimate(histogram);
    if (fabs((double)cardinality - added) > fmax(ceil(most), 1))
        return "TESTFAILED Too big error";
    return NULL;
}

static const char *selftest_estimates(struct selftest *test)
{
    const char *error = NULL;
    uint32_t next = 1;

    memset(test->dense, 0, sizeof(test->dense));
    sparse_clear(test->runs);
    test->size = 2;
    for (uint32_t i = 1; i <= SELFTEST_ELEMENTS && !error; i++) {
        struct kr_str element = kr_str((const char *)&i, sizeof(i));

        selftest_add(test, register_rank(element));
        if (i == next) {
            error = selftest_compare(test, i);
            next *= 10;
        }
    }
    return error;
}

void hyperloglog_pfselftest(struct kr_call *call)
{
    struct selftest test;
    const char *error = selftest_dense(&test);

    if (!error)
        error = selftest_estimates(&test);
    if (error)
        kr_reply_error(call->reply, error);
    else
        kr_reply_ok(call->reply);
}
