/* SPDX-License-Identifier: BSD-3-Clause */
/* base - the data set as a file to begin with: a snapshot, or commands.
 *
 *   SELECT 0   RPUSH list a b c   PEXPIREAT list 1796000000000   SET k v ...
 *
 * Every type says in which commands its values are rebuilt; one that does not
 * is restored from its saved bytes, as DUMP would give them. */
#include "aof.h"

#include <stdio.h>
#include <time.h>

#define REPORT_EACH  256 /* keys */
#define DUMP_VERSION 10u

struct base {
    struct aof *aof;
    kr_writer *out;
    uint64_t keys, keys_total;
    bool failed;
};

/* --- Commands ------------------------------------------------------------ */

static void base_select(struct base *base, int32_t db)
{
    char digits[KR_INT64_TEXT];
    struct kr_str argv[] = {KR_STR("SELECT"),
                            kr_str(digits, kr_text->from_int64(db, digits))};

    kr_codec->emit(base->out, KR_COUNT(argv), argv);
}

static void base_expire(struct base *base, struct kr_str key, int64_t when_ms)
{
    char digits[KR_INT64_TEXT];
    struct kr_str argv[] = {
        KR_STR("PEXPIREAT"), key,
        kr_str(digits, kr_text->from_int64(when_ms, digits))};

    kr_codec->emit(base->out, KR_COUNT(argv), argv);
}

/* The bytes of DUMP: the value, the version, the sum of both. */
static bool base_restore(struct base *base, const struct kr_cell *cell,
                         const struct kr_peek *value, struct kr_str key)
{
    const char version[] = {DUMP_VERSION, 0};
    kr_writer *dump = kr_codec->new_writer(KR_CODEC_COMPRESS);
    struct kr_str argv[] = {KR_STR("RESTORE"), key, KR_STR("0"), {0}};
    char sum_bytes[8];
    bool fine = kr_codec->write_value(dump, cell->type, value, NULL);
    uint64_t sum;

    kr_codec->write_raw(dump, kr_str(version, sizeof(version)));
    sum = kr_codec->checksum(0, kr_codec->writer_bytes(dump));
    for (unsigned i = 0; i < sizeof(sum_bytes); i++)
        sum_bytes[i] = (char)(sum >> (8 * i));
    kr_codec->write_raw(dump, kr_str(sum_bytes, sizeof(sum_bytes)));
    argv[3] = kr_codec->writer_bytes(dump);
    fine = fine && !kr_codec->writer_failed(dump);
    if (fine)
        kr_codec->emit(base->out, KR_COUNT(argv), argv);
    kr_codec->free_writer(dump);
    return fine;
}

static void base_key(void *ctx, struct kr_str key, struct kr_cell *cell)
{
    struct base *base = ctx;
    const struct kr_type *type = kr_types->get(cell->type);
    struct kr_peek value = {.data = cell->data,
                            .length = cell->length,
                            .meta = cell->meta,
                            .boxed = cell->boxed};
    struct kr_subject subject =
        KR_SUBJECT(key, kr_keyspace->db_index(cell->db));
    int64_t when_ms = kr_keyspace->expiry(cell);

    if (base->failed || (type && type->flags & KR_TYPE_VOLATILE))
        return;
    kr_types->about(&subject);
    if (type && type->rewrite)
        type->rewrite(&value, key, base->out);
    else if (!base_restore(base, cell, &value, key))
        base->failed = true; /* left out, it would be lost */
    kr_types->about(NULL);
    if (when_ms != KR_NO_EXPIRY)
        base_expire(base, key, when_ms);
    if (++base->keys % REPORT_EACH == 0)
        kr_children->report(base->keys, base->keys_total);
}

static void base_stamp(struct base *base)
{
    char line[64];
    int n;

    if (!aof_settings.timestamps)
        return;
    n = snprintf(line, sizeof(line), "#TS:%lld\r\n", (long long)time(NULL));
    kr_codec->write_raw(base->out, kr_str(line, (size_t)n));
}

/* Who keeps snapshots knows what is no key; without him there is none. */
static void base_parts(struct base *base, uint32_t when)
{
    if (kr_snapshot)
        kr_snapshot->rewrite_parts(base->out, when);
}

static bool base_write_commands(struct aof *aof, struct kr_aside *aside)
{
    kr_writer *out = kr_codec->new_stream_writer(kr_files->put, aside, 0);
    struct base base = {.aof = aof, .out = out};
    bool fine;

    base_stamp(&base);
    base_parts(&base, KR_SNAPSHOT_BEFORE);
    for (int32_t i = 0; i < kr_keyspace->db_count(); i++)
        base.keys_total += kr_keyspace->count(kr_keyspace->db(i));
    for (int32_t i = 0; i < kr_keyspace->db_count() && !base.failed; i++) {
        kr_db *db = kr_keyspace->db(i);

        if (kr_keyspace->count(db) == 0)
            continue;
        base_select(&base, i);
        kr_keyspace->each(db, base_key, &base);
    }
    base_parts(&base, KR_SNAPSHOT_AFTER);
    fine = kr_codec->flush(out) && !base.failed;
    kr_codec->free_writer(out);
    return fine;
}

static bool base_write_snapshot(struct kr_aside *aside)
{
    struct kr_snapshot_end end = {.size = sizeof(end)};

    if (kr_snapshot->write(aside->fd, KR_SNAPSHOT_AOF_BASE, &end) == KR_OK)
        return true;
    aside->failed = KR_ASIDE_WRITE;
    aside->error = end.error_code;
    return false;
}

/* --- The file ------------------------------------------------------------ */

static void base_say(struct aof *aof, const struct kr_aside *aside)
{
    const char *why = strerror(aside->error);

    if (aside->failed == KR_ASIDE_OPEN)
        kr_logf(aof->self, KR_LOG_WARNING,
                "Opening the temp file for AOF rewrite in "
                "rewriteAppendOnlyFile(): %s",
                why);
    else if (aside->failed == KR_ASIDE_NAME)
        kr_logf(aof->self, KR_LOG_WARNING,
                "Error moving temp append only file on the final destination: "
                "%s",
                why);
    else
        kr_logf(aof->self, KR_LOG_WARNING,
                "Write error writing append only file on disk: %s",
                aside->error ? why : "there is a value of a type that is away");
}

static bool base_fill(struct aof *aof, struct kr_aside *aside, const char *path,
                      bool rdb)
{
    if (rdb ? !base_write_snapshot(aside) : !base_write_commands(aof, aside))
        return false;
    return path ? kr_files->commit(aside, path) : kr_files->seal(aside);
}

bool base_write_file(struct aof *aof, const char *path, const char *temp,
                     bool rdb)
{
    struct kr_aside aside = {
        .size = sizeof(aside),
        .flags = aof_settings.incremental_sync ? KR_ASIDE_STEADY : 0};
    bool fine;

    if (!kr_files->begin(&aside, temp, 0644)) {
        base_say(aof, &aside);
        return false;
    }
    kr_loading->save_begin(KR_SAVE_LOG);
    fine = base_fill(aof, &aside, path, rdb);
    if (!fine)
        base_say(aof, &aside);
    kr_loading->save_end(KR_SAVE_LOG, fine);
    if (!fine)
        kr_files->abandon(&aside);
    return fine;
}
