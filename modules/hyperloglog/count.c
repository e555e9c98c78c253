/* SPDX-License-Identifier: BSD-3-Clause */
/* count - PFCOUNT. */
#include "commands.h"
#include "estimate.h"
#include "hyperloglog.h"

/* The union of several sketches; those that are not there are empty. */
static void count_union(struct kr_call *call)
{
    uint8_t registers[SKETCH_REGISTERS] = {0};
    uint32_t histogram[REGISTER_VALUES] = {0};

    for (uint32_t i = 1; i < call->argc; i++) {
        struct kr_cell cell;
        struct kr_str bytes;

        if (!hyperloglog_view(call, i, &cell, &bytes))
            return;
        if (bytes.size && !hyperloglog_merge(bytes, registers)) {
            hyperloglog_refuse(call, HYPERLOGLOG_BROKEN);
            return;
        }
    }
    registers_count(registers, histogram);
    kr_reply_int64(call->reply, estimate(histogram));
}

/* Estimate anew, and write it into the sketch: a change of the value, though
 * the command only reads, so it is told of, without an event. */
static void count_anew(struct kr_call *call, struct kr_str bytes)
{
    uint32_t histogram[REGISTER_VALUES] = {0};
    struct hyperloglog sketch;
    int64_t cardinality;

    if (!hyperloglog_count(bytes, histogram)) {
        hyperloglog_refuse(call, HYPERLOGLOG_BROKEN);
        return;
    }
    cardinality = estimate(histogram);
    if (!hyperloglog_open(call, 1, &sketch))
        return;
    sketch_set_cardinality(sketch.bytes, (uint64_t)cardinality);
    kr_keyspace->changed(call, call->db, call->argv[1], KR_CLASS_STRING,
                         KR_STR(""));
    kr_reply_int64(call->reply, cardinality);
}

/* A short string that a client wrote becomes a raw one, whatever comes of the
 * count: OBJECT ENCODING tells. */
static void count_make_raw(struct kr_cell *cell, struct kr_str *bytes)
{
    char *raw = cell->boxed ? NULL : kr_strings->edit(cell, bytes->size);

    if (raw)
        bytes->data = raw;
}

void hyperloglog_pfcount(struct kr_call *call)
{
    struct kr_cell cell;
    struct kr_str bytes;

    if (call->argc > 2) {
        count_union(call);
        return;
    }
    if (!hyperloglog_view(call, 1, &cell, &bytes))
        return;
    if (!bytes.size) {
        kr_reply_int64(call->reply, 0);
        return;
    }
    count_make_raw(&cell, &bytes);
    if (sketch_is_stale((const uint8_t *)bytes.data))
        count_anew(call, bytes);
    else
        kr_reply_int64(call->reply, (int64_t)sketch_cardinality(
                                        (const uint8_t *)bytes.data));
}
