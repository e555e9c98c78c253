/* SPDX-License-Identifier: BSD-3-Clause */
/* sentry - a module that proves of each key: nothing of it changes before
 * "key.before" has told so.
 *
 * It keeps what every key's value and expiry look like when they are saved.
 *
 *   key.before    the value that is told of must be the one that is kept: then
 *                 not one byte has changed yet.  From here on it may.
 *   AFTER         of each call, also within scripts and transactions: each key
 *                 is compared.  One that has come, gone or changed must have
 *                 been told of since the last time.
 *
 *     SENTRY.REPORT -> calls after which it has looked, keys told of, and what
 *                      was found wrong, as texts
 *     SENTRY.SLIP key, SENTRY.LATE key -> change a byte of a string without
 *                      telling, and before it: so that the test can fail */
#define _POSIX_C_SOURCE 200809L

#include <kr/kr.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

KR_USES(kr_calls);
KR_USES(kr_codec);
KR_USES(kr_events);
KR_USES(kr_gates);
KR_USES(kr_keyspace);

#define WRONG_MAX 64

static kr_module *sentry_self;

/* A key as it was last seen. */
struct seen {
    struct seen *next;
    int32_t db;
    bool told;  /* of a change that may come */
    bool there; /* it has a value */
    bool alive; /* found by the walk that goes on */
    size_t key_size, value_size;
    char *key, *value;
};

static struct {
    struct seen *keys;
    uint64_t looks, told;
    uint32_t wrong;
    char texts[WRONG_MAX][256];
} sentry;

/* --- Keys ---------------------------------------------------------------- */

static char *copy_of(const char *data, size_t size)
{
    char *copy = malloc(size + 1);

    if (!copy)
        abort();
    if (size > 0)
        memcpy(copy, data, size);
    return copy;
}

static struct seen *seen_of(const kr_db *db, struct kr_str key)
{
    int32_t index = kr_keyspace->db_index(db);
    struct seen *seen = sentry.keys;

    while (seen && (seen->db != index || seen->key_size != key.size ||
                    memcmp(seen->key, key.data, key.size) != 0))
        seen = seen->next;
    if (seen)
        return seen;
    seen = calloc(1, sizeof(*seen));
    if (!seen)
        abort();
    seen->db = index;
    seen->key_size = key.size;
    seen->key = copy_of(key.data, key.size);
    seen->next = sentry.keys;
    return sentry.keys = seen;
}

static void seen_free(struct seen *seen)
{
    free(seen->key);
    free(seen->value);
    free(seen);
}

/* The value and its expiry, saved; NULL: its type is never saved. */
static kr_writer *bytes_of(const struct kr_cell *cell)
{
    kr_writer *out = kr_codec->new_writer(KR_CODEC_COMPRESS);
    struct kr_peek peek = kr_cell_peek(cell);

    kr_codec->write_int64(out, kr_keyspace->expiry(cell));
    if (!kr_codec->write_value(out, cell->type, &peek, NULL)) {
        kr_codec->free_writer(out);
        return NULL;
    }
    return out;
}

static bool seen_is(const struct seen *seen, struct kr_str bytes)
{
    return seen->there && seen->value_size == bytes.size &&
           memcmp(seen->value, bytes.data, bytes.size) == 0;
}

static void seen_keep(struct seen *seen, struct kr_str bytes)
{
    free(seen->value);
    seen->value = copy_of(bytes.data, bytes.size);
    seen->value_size = bytes.size;
    seen->there = true;
}

/* --- What is wrong ------------------------------------------------------- */

static void find_wrong(const char *what, const struct seen *seen,
                       const struct kr_call *call)
{
    char words[128] = "";
    size_t used = 0;

    for (uint32_t i = 0; call && i < call->argc && used < 100; i++)
        used += (size_t)snprintf(words + used, sizeof(words) - used, " %.*s",
                                 KR_QUOTE(call->argv[i], 16));
    if (sentry.wrong < WRONG_MAX)
        snprintf(sentry.texts[sentry.wrong], sizeof(sentry.texts[0]),
                 "%s: %.*s of %d, by%s", what, (int)seen->key_size, seen->key,
                 (int)seen->db, call ? words : " nobody");
    sentry.wrong++;
}

/* --- What is heard ------------------------------------------------------- */

static void on_before(void *ctx, const void *payload)
{
    const struct kr_key_event *event = payload;
    struct seen *seen = seen_of(event->db, event->key);
    kr_writer *out;

    (void)ctx;
    if (seen->told)
        return;
    sentry.told++;
    out = event->cell ? bytes_of(event->cell) : NULL;
    if (!out && seen->there)
        find_wrong("told when it had gone", seen, kr_calls->current());
    if (out && !seen_is(seen, kr_codec->writer_bytes(out)))
        find_wrong(seen->there ? "told when it had changed"
                               : "told when it had come",
                   seen, kr_calls->current());
    if (out)
        kr_codec->free_writer(out);
    seen->told = true;
}

static void on_flush_before(void *ctx, const void *payload)
{
    const struct kr_db_event *event = payload;

    (void)ctx;
    for (struct seen *s = sentry.keys; s; s = s->next)
        if (!event->db || s->db == kr_keyspace->db_index(event->db))
            s->told = true;
}

static void on_swap(void *ctx, const void *payload)
{
    const struct kr_db_event *event = payload;
    int32_t a = kr_keyspace->db_index(event->db);
    int32_t b = kr_keyspace->db_index(event->other);

    (void)ctx;
    for (struct seen *s = sentry.keys; s; s = s->next)
        s->db = s->db == a ? b : s->db == b ? a : s->db;
}

/* --- The walk ------------------------------------------------------------ */

static void look_at(void *ctx, struct kr_str key, struct kr_cell *cell)
{
    kr_writer *out = bytes_of(cell);
    struct seen *seen;

    if (!out)
        return;
    seen = seen_of(cell->db, key);
    seen->alive = true;
    if (!seen_is(seen, kr_codec->writer_bytes(out))) {
        if (ctx && !seen->told)
            find_wrong(seen->there ? "changed untold" : "come untold", seen,
                       ctx);
        seen_keep(seen, kr_codec->writer_bytes(out));
    }
    kr_codec->free_writer(out);
}

/* Compare all keys with what is kept, and keep what is there now. */
static void look(struct kr_call *call)
{
    struct seen **link = &sentry.keys, *seen;

    for (int32_t i = 0; i < kr_keyspace->db_count(); i++)
        kr_keyspace->each(kr_keyspace->db(i), look_at, call);
    while ((seen = *link)) {
        if (seen->alive) {
            seen->alive = seen->told = false;
            link = &seen->next;
            continue;
        }
        if (seen->there && !seen->told)
            find_wrong("gone untold", seen, call);
        *link = seen->next;
        seen_free(seen);
    }
    sentry.looks++;
}

static int32_t after(struct kr_call *call, const struct kr_outcome *outcome,
                     void *ctx)
{
    (void)outcome, (void)ctx;
    look(call);
    return KR_GATE_PASS;
}

/* --- Commands ------------------------------------------------------------ */

static void run_report(struct kr_call *call)
{
    uint32_t shown = sentry.wrong < WRONG_MAX ? sentry.wrong : WRONG_MAX;

    kr_reply_array(call->reply, 2 + shown);
    kr_reply_int64(call->reply, (int64_t)sentry.looks);
    kr_reply_int64(call->reply, (int64_t)sentry.told);
    for (uint32_t i = 0; i < shown; i++)
        kr_reply_bulk(call->reply, kr_cstr(sentry.texts[i]));
    sentry.wrong = 0;
}

static void slip(struct kr_call *call, uint32_t then)
{
    struct kr_cell cell;

    if (kr_keyspace->find_arg(call, 1, KR_FIND_READ, &cell) && !cell.boxed &&
        cell.length > 0)
        *(char *)cell.data ^= 1;
    (void)kr_keyspace->find_arg(call, 1, then, &cell);
    kr_reply_ok(call->reply);
}

static void run_slip(struct kr_call *call)
{
    slip(call, KR_FIND_READ);
}

static void run_late(struct kr_call *call)
{
    slip(call, KR_FIND_WRITE);
}

/* --- Life ---------------------------------------------------------------- */

static kr_gate *sentry_gate;

static kr_status sentry_create(kr_module *self, const struct kr_load_args *args,
                               void **state)
{
    (void)args, (void)state;
    sentry_gate =
        kr_gates->add(self, "sentry", KR_STAGE_AFTER, 1000, after, NULL);
    return sentry_gate ? KR_OK : KR_EFAIL;
}

static void sentry_activate(kr_module *self, void *state)
{
    (void)state;
    look(NULL);
    kr_events->subscribe(self, KR_EVENT_KEY_BEFORE, on_before, NULL);
    kr_events->subscribe(self, KR_EVENT_FLUSH_BEFORE, on_flush_before, NULL);
    kr_events->subscribe(self, KR_EVENT_SWAP, on_swap, NULL);
    kr_gates->arm(sentry_gate, NULL);
}

static void sentry_destroy(kr_module *self, void *state)
{
    struct seen *seen;

    (void)self, (void)state;
    while ((seen = sentry.keys)) {
        sentry.keys = seen->next;
        seen_free(seen);
    }
}

/* clang-format off */

static const struct kr_command commands[] = {
    {.name = "sentry.report", .run = run_report, .arity = 1},
    {.name = "sentry.slip", .run = run_slip, .arity = 2, .flags = KR_CMD_WRITE},
    {.name = "sentry.late", .run = run_late, .arity = 2, .flags = KR_CMD_WRITE},
};
static const struct kr_import imports[] = {
    KR_NEED(kr_calls), KR_NEED(kr_codec), KR_NEED(kr_events),
    KR_NEED(kr_gates), KR_NEED(kr_keyspace),
};

/* clang-format on */

KR_MODULE(.name = "sentry", .version = 10000, .licence = "BSD-3-Clause",
          .flags = KR_MODULE_CAN_UNLOAD, .self = &sentry_self,
          .imports = KR_ROWS(imports), .commands = KR_ROWS(commands),
          .create = sentry_create, .activate = sentry_activate,
          .destroy = sentry_destroy);
