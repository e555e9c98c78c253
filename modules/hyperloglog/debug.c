/* SPDX-License-Identifier: BSD-3-Clause */
/* debug - PFDEBUG.
 *
 * It changes the form of a value without an event; those who keep copies are
 * told, for the bytes have changed. */
#include "commands.h"
#include "dense.h"
#include "hyperloglog.h"

#include <kr/args.h>

#define DEBUG_KEY 2  /* argument */
#define DEBUG_RUN 16 /* bytes of a run as text */

/* false: replied. */
static bool debug_densify(struct kr_call *call, struct hyperloglog *sketch)
{
    enum hyperloglog_outcome outcome = hyperloglog_densify(sketch);

    if (outcome != HYPERLOGLOG_CHANGED) {
        hyperloglog_refuse(call, outcome);
        return false;
    }
    kr_keyspace->changed(call, call->db, call->argv[DEBUG_KEY], KR_CLASS_STRING,
                         KR_STR(""));
    return true;
}

static void debug_getreg(struct kr_call *call, struct hyperloglog *sketch)
{
    if (sketch_is_sparse(sketch->bytes) && !debug_densify(call, sketch))
        return;
    kr_reply_array(call->reply, SKETCH_REGISTERS);
    for (uint32_t i = 0; i < SKETCH_REGISTERS; i++)
        kr_reply_int64(call->reply, dense_get(sketch->bytes + SKETCH_HEAD, i));
}

/* One run as text, DEBUG_RUN bytes at most; answers its length. */
static size_t debug_run(struct sparse_run run, char *text)
{
    int length;

    if (run.value)
        length = snprintf(text, DEBUG_RUN, "v:%u,%u ", run.value, run.length);
    else
        length = snprintf(text, DEBUG_RUN, "%c:%u ", run.size == 1 ? 'z' : 'Z',
                          run.length);
    return (size_t)length;
}

/* All runs as text, into `out` unless that is NULL; answers its length, 0 if
 * one is broken. */
static size_t debug_runs(struct kr_str runs, char *out)
{
    size_t length = 0;

    for (size_t at = 0; at < runs.size;) {
        struct sparse_run run = sparse_read(runs, at);
        char text[DEBUG_RUN];
        size_t size;

        if (!run.size)
            return 0;
        size = debug_run(run, text);
        if (out)
            memcpy(out + length, text, size);
        length += size;
        at += run.size;
    }
    return length;
}

static void debug_decode(struct kr_call *call, struct hyperloglog *sketch)
{
    struct kr_str runs =
        sketch_runs(kr_str((const char *)sketch->bytes, sketch->size));
    size_t length;
    char *text;

    if (!sketch_is_sparse(sketch->bytes)) {
        kr_reply_error(call->reply, "ERR HLL encoding is not sparse");
        return;
    }
    length = debug_runs(runs, NULL);
    if (!length && runs.size) {
        hyperloglog_refuse(call, HYPERLOGLOG_BROKEN);
        return;
    }
    text = kr_memory->try_alloc(hyperloglog_self, length + 1);
    if (!text) {
        hyperloglog_refuse(call, HYPERLOGLOG_NO_MEMORY);
        return;
    }
    (void)debug_runs(runs, text);
    kr_reply_bulk(call->reply, kr_str(text, length ? length - 1 : 0));
    kr_memory->free(hyperloglog_self, text);
}

static void debug_encoding(struct kr_call *call, struct hyperloglog *sketch)
{
    kr_reply_status(call->reply,
                    sketch_is_sparse(sketch->bytes) ? "sparse" : "dense");
}

static void debug_todense(struct kr_call *call, struct hyperloglog *sketch)
{
    bool sparse = sketch_is_sparse(sketch->bytes);

    if (!sparse || debug_densify(call, sketch))
        kr_reply_int64(call->reply, sparse);
}

void hyperloglog_pfdebug(struct kr_call *call)
{
    static const struct {
        const char *word;
        void (*run)(struct kr_call *call, struct hyperloglog *sketch);
    } rows[] = {
        {"getreg", debug_getreg},
        {"decode", debug_decode},
        {"encoding", debug_encoding},
        {"todense", debug_todense},
    };
    struct hyperloglog sketch;

    if (!hyperloglog_open(call, DEBUG_KEY, &sketch))
        return;
    if (!sketch.bytes) {
        kr_reply_error(call->reply, "ERR The specified key does not exist");
        return;
    }
    for (size_t i = 0; i < KR_COUNT(rows); i++) {
        if (kr_arg_is(call, 1, rows[i].word)) {
            rows[i].run(call, &sketch);
            return;
        }
    }
    kr_reply_errorf(call->reply, "ERR Unknown PFDEBUG subcommand '%.*s'",
                    KR_QUOTE(call->argv[1], 1000));
}
