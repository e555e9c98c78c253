/* SPDX-License-Identifier: BSD-3-Clause */
/* merge - PFMERGE.
 *
 * All sketches, the destination's own included, are merged into plain
 * registers.  If one of them is dense, so is the outcome: it is written as a
 * whole.  Otherwise the destination's runs are edited register by register from
 * left to right, for the runs that come of it depend on the order.  That takes
 * place in a copy, where each search goes on from the last one, so it takes
 * O(registers) in all and not each time. */
#include "commands.h"
#include "dense.h"
#include "hyperloglog.h"

struct merge {
    uint8_t registers[SKETCH_REGISTERS];
    bool dense; /* one of the sketches is */
};

/* false: replied. */
static bool merge_sources(struct kr_call *call, struct merge *merge)
{
    for (uint32_t i = 1; i < call->argc; i++) {
        struct kr_cell cell;
        struct kr_str bytes;

        if (!hyperloglog_view(call, i, &cell, &bytes))
            return false;
        if (!bytes.size)
            continue;
        if (!sketch_is_sparse((const uint8_t *)bytes.data))
            merge->dense = true;
        if (!hyperloglog_merge(bytes, merge->registers)) {
            hyperloglog_refuse(call, HYPERLOGLOG_BROKEN);
            return false;
        }
    }
    return true;
}

/* The destination itself is one of the sources, so no register gets lower. */
static bool merge_into_dense(struct hyperloglog *sketch,
                             const struct merge *merge)
{
    if (!hyperloglog_resize(sketch, SKETCH_DENSE_SIZE))
        return false;
    sketch->bytes[SKETCH_FORM_AT] = SKETCH_DENSE;
    dense_pack(merge->registers, sketch->bytes + SKETCH_HEAD);
    return true;
}

/* Raise the registers in a copy of the runs, which are sound.  Answers the
 * size; 0: they have grown too long. */
static size_t merge_edit(uint8_t *runs, size_t size, const struct merge *merge)
{
    struct sparse_place place = {0, 0};

    for (uint32_t i = 0; i < SKETCH_REGISTERS; i++) {
        struct register_rank rank = {i, merge->registers[i]};
        struct sparse_edit edit;
        size_t after;

        if (!rank.value || sparse_plan(kr_str((const char *)runs, size), &place,
                                       rank, &edit) != SPARSE_EDIT)
            continue;
        after = sparse_size_after(size, &edit);
        if (after > size &&
            SKETCH_HEAD + after > (size_t)hyperloglog_sparse_max)
            return 0;
        size = sparse_apply(runs, size, &edit);
    }
    return size;
}

static bool merge_into_sparse(struct hyperloglog *sketch,
                              const struct merge *merge)
{
    uint8_t runs[SPARSE_SIZE_MAX + sizeof(((struct sparse_edit *)0)->bytes)];
    size_t size = sketch->size - SKETCH_HEAD;

    memcpy(runs, sketch->bytes + SKETCH_HEAD, size);
    size = merge_edit(runs, size, merge);
    if (!size)
        return merge_into_dense(sketch, merge);
    if (!hyperloglog_resize(sketch, SKETCH_HEAD + size))
        return false;
    memcpy(sketch->bytes + SKETCH_HEAD, runs, size);
    return true;
}

void hyperloglog_pfmerge(struct kr_call *call)
{
    struct merge merge = {.dense = false};
    struct hyperloglog sketch;

    if (!merge_sources(call, &merge) || !hyperloglog_open(call, 1, &sketch) ||
        (!sketch.bytes && !hyperloglog_create(call, 1, &sketch)))
        return;
    if (!(merge.dense ? merge_into_dense(&sketch, &merge)
                      : merge_into_sparse(&sketch, &merge))) {
        hyperloglog_refuse(call, HYPERLOGLOG_NO_MEMORY);
        return;
    }
    sketch_mark_stale(sketch.bytes);
    kr_keyspace->changed(call, call->db, call->argv[1], KR_CLASS_STRING,
                         KR_STR("pfadd"));
    kr_reply_ok(call->reply);
}
