/* SPDX-License-Identifier: BSD-3-Clause */
/* hyperloglog - the module that estimates how many different elements have been
 * added to a key, in 12 KB at most.
 *
 *   add.c    PFADD                 registers.c  hash and histogram
 *   count.c  PFCOUNT               dense.c      registers of six bits
 *   merge.c  PFMERGE               sparse.c     runs of equal registers
 *   debug.c  PFDEBUG               estimate.c   from histogram to cardinality
 *   selftest.c PFSELFTEST          commands.c   what is known of the commands
 *
 * It has no type of its own: a sketch is a string, reached through
 * <kr/string.h>, in Redis's format (sketch.h) to the byte. */
#include "hyperloglog.h"
#include "commands.h"
#include "dense.h"

#include <kr/config.h>

KR_USES(kr_calls);
KR_USES(kr_commands);
KR_USES(kr_keyspace);
KR_USES(kr_memory);
KR_USES(kr_strings);

kr_module *hyperloglog_self;
int64_t hyperloglog_sparse_max;

/* --- The string behind the sketch ---------------------------------------- */

static bool hyperloglog_find(struct kr_call *call, uint32_t arg, uint32_t how,
                             struct kr_cell *cell, struct kr_str *bytes)
{
    char scratch[KR_INT64_TEXT]; /* numbers are no sketches */
    bool wrong;

    *bytes = KR_STR("");
    if (!kr_find_string(call, arg, how, cell, &wrong))
        return !wrong;
    *bytes = kr_strings->view(cell, scratch);
    if (KR_LIKELY(sketch_is(*bytes)))
        return true;
    kr_reply_error(call->reply,
                   "WRONGTYPE Key is not a valid HyperLogLog string value.");
    return false;
}

bool hyperloglog_view(struct kr_call *call, uint32_t arg, struct kr_cell *cell,
                      struct kr_str *bytes)
{
    return hyperloglog_find(call, arg, KR_FIND_READ, cell, bytes);
}

bool hyperloglog_open(struct kr_call *call, uint32_t arg,
                      struct hyperloglog *sketch)
{
    struct kr_str bytes;

    sketch->bytes = NULL;
    if (!hyperloglog_find(call, arg, KR_FIND_WRITE, &sketch->cell, &bytes))
        return false;
    if (!bytes.size || hyperloglog_resize(sketch, bytes.size))
        return true;
    hyperloglog_refuse(call, HYPERLOGLOG_NO_MEMORY);
    return false;
}

bool hyperloglog_create(struct kr_call *call, uint32_t arg,
                        struct hyperloglog *sketch)
{
    sketch->size = SKETCH_HEAD + 2;
    sketch->bytes = (uint8_t *)kr_strings->create(call->db, call->argv[arg], 0,
                                                  sketch->size, &sketch->cell);
    if (!sketch->bytes) {
        hyperloglog_refuse(call, HYPERLOGLOG_NO_MEMORY);
        return false;
    }
    memcpy(sketch->bytes, "HYLL", 4);
    sketch->bytes[SKETCH_FORM_AT] = SKETCH_SPARSE;
    sparse_clear(sketch->bytes + SKETCH_HEAD);
    return true;
}

bool hyperloglog_resize(struct hyperloglog *sketch, size_t size)
{
    char *bytes = kr_strings->resize(&sketch->cell, size);

    if (KR_UNLIKELY(!bytes))
        return false;
    sketch->bytes = (uint8_t *)bytes;
    sketch->size = size;
    return true;
}

void hyperloglog_refuse(struct kr_call *call, enum hyperloglog_outcome why)
{
    kr_reply_error(call->reply, why == HYPERLOGLOG_BROKEN
                                    ? HYPERLOGLOG_ERR_BROKEN
                                    : KR_ERR_NO_MEMORY);
}

/* --- Either form ---------------------------------------------------------- */

bool hyperloglog_merge(struct kr_str bytes, uint8_t *registers)
{
    const uint8_t *sketch = (const uint8_t *)bytes.data;

    if (sketch_is_sparse(sketch))
        return sparse_merge(sketch_runs(bytes), registers);
    dense_merge(sketch + SKETCH_HEAD, registers);
    return true;
}

bool hyperloglog_count(struct kr_str bytes, uint32_t *histogram)
{
    uint8_t registers[SKETCH_REGISTERS] = {0};

    if (sketch_is_sparse((const uint8_t *)bytes.data))
        return sparse_count(sketch_runs(bytes), histogram);
    (void)hyperloglog_merge(bytes, registers);
    registers_count(registers, histogram);
    return true;
}

static inline struct kr_str hyperloglog_bytes(const struct hyperloglog *sketch)
{
    return kr_str((const char *)sketch->bytes, sketch->size);
}

enum hyperloglog_outcome hyperloglog_densify(struct hyperloglog *sketch)
{
    uint8_t registers[SKETCH_REGISTERS] = {0};

    if (!hyperloglog_merge(hyperloglog_bytes(sketch), registers))
        return HYPERLOGLOG_BROKEN;
    if (!hyperloglog_resize(sketch, SKETCH_DENSE_SIZE))
        return HYPERLOGLOG_NO_MEMORY;
    sketch->bytes[SKETCH_FORM_AT] = SKETCH_DENSE;
    dense_pack(registers, sketch->bytes + SKETCH_HEAD);
    return HYPERLOGLOG_CHANGED;
}

static enum hyperloglog_outcome
hyperloglog_raise_dense(struct hyperloglog *sketch, struct register_rank rank)
{
    return dense_raise(sketch->bytes + SKETCH_HEAD, rank) ? HYPERLOGLOG_CHANGED
                                                          : HYPERLOGLOG_SAME;
}

/* It would be too long, or cannot say the value. */
static enum hyperloglog_outcome hyperloglog_outgrow(struct hyperloglog *sketch,
                                                    struct register_rank rank)
{
    enum hyperloglog_outcome outcome = hyperloglog_densify(sketch);

    return outcome == HYPERLOGLOG_CHANGED
               ? hyperloglog_raise_dense(sketch, rank)
               : outcome;
}

static enum hyperloglog_outcome
hyperloglog_raise_sparse(struct hyperloglog *sketch, struct register_rank rank)
{
    struct kr_str runs = sketch_runs(hyperloglog_bytes(sketch));
    struct sparse_place place = {0, 0};
    struct sparse_edit edit;
    size_t size;

    if (rank.value > SPARSE_VALUE_MAX)
        return hyperloglog_outgrow(sketch, rank);
    switch (sparse_plan(runs, &place, rank, &edit)) {
    case SPARSE_BROKEN:
        return HYPERLOGLOG_BROKEN;
    case SPARSE_SAME:
        return HYPERLOGLOG_SAME;
    case SPARSE_EDIT:
        break;
    }
    size = SKETCH_HEAD + sparse_size_after(runs.size, &edit);
    if (size > sketch->size) {
        if (size > (size_t)hyperloglog_sparse_max)
            return hyperloglog_outgrow(sketch, rank);
        if (!hyperloglog_resize(sketch, size))
            return HYPERLOGLOG_NO_MEMORY;
    }
    size = SKETCH_HEAD +
           sparse_apply(sketch->bytes + SKETCH_HEAD, runs.size, &edit);
    if (size < sketch->size && !hyperloglog_resize(sketch, size))
        return HYPERLOGLOG_NO_MEMORY; /* a shorter one always finds room */
    return HYPERLOGLOG_CHANGED;
}

enum hyperloglog_outcome hyperloglog_raise(struct hyperloglog *sketch,
                                           struct register_rank rank)
{
    return sketch_is_sparse(sketch->bytes)
               ? hyperloglog_raise_sparse(sketch, rank)
               : hyperloglog_raise_dense(sketch, rank);
}

/* --- The descriptor ------------------------------------------------------ */

static const struct kr_import imports[] = {
    KR_NEED(kr_calls),  KR_NEED(kr_commands), KR_NEED(kr_keyspace),
    KR_NEED(kr_memory), KR_NEED(kr_strings),
};

static const struct kr_param params[] = {
    {.name = "hll-sparse-max-bytes",
     .type = KR_PARAM_MEMORY,
     .slot = &hyperloglog_sparse_max,
     .initial = "3000",
     .min = 0,
     .max = INT64_MAX},
};

KR_MODULE(.name = "hyperloglog", .version = 10000, .licence = "BSD-3-Clause",
          .author = "The Keyrack authors",
          .summary = "How many different elements there are, about",
          .flags = KR_MODULE_CAN_UNLOAD | KR_MODULE_CAN_UPGRADE,
          .self = &hyperloglog_self, .imports = KR_ROWS(imports),
          .params = KR_ROWS(params),
          .commands = {hyperloglog_commands, HYPERLOGLOG_COMMAND_COUNT,
                       sizeof(struct kr_command)});
