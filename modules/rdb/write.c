/* SPDX-License-Identifier: BSD-3-Clause */
/* write - all databases, as they are at this moment, to a descriptor.
 *
 * Keys go in the order of the table, each with what is known of it besides its
 * value.  The writer's buffer is one write(2) long. */
#include "rdb.h"

#include "format.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define REPORT_EACH 1024 /* keys */
#define MS_OF_SEC   1000

/* --- Keys ---------------------------------------------------------------- */

static void keys_delay(void)
{
    int64_t us = rdb_settings.save_delay_us;

    if (us < 0)
        us = kr_text->random() % (uint64_t)-us == 0;
    if (us > 0)
        (void)usleep((useconds_t)us);
}

static void keys_write_attributes(const struct rdb_keys *keys,
                                  const struct kr_cell *cell)
{
    int64_t expiry = kr_keyspace->expiry(cell);
    char bytes[9];

    if (expiry != KR_NO_EXPIRY) {
        bytes[0] = (char)RDB_EXPIRY_MS;
        rdb_put_uint64(bytes + 1, (uint64_t)expiry);
        kr_codec->write_raw(keys->out, kr_str(bytes, sizeof(bytes)));
    }
    if (keys->idle) {
        kr_codec->code(keys->out, RDB_IDLE);
        kr_codec->write_uint64(keys->out,
                               kr_keyspace->idle_ms(cell) / MS_OF_SEC);
    }
    if (keys->frequency) {
        bytes[0] = (char)RDB_FREQUENCY;
        bytes[1] = (char)kr_keyspace->frequency(cell);
        kr_codec->write_raw(keys->out, kr_str(bytes, 2));
    }
}

static bool keys_is_saved(uint16_t slot)
{
    const struct kr_type *type = kr_types->get(slot);

    return type && type->save && !(type->flags & KR_TYPE_VOLATILE);
}

void rdb_write_key(struct rdb_keys *keys, struct kr_str key,
                   const struct kr_cell *cell)
{
    struct kr_peek peek = kr_cell_peek(cell);
    struct kr_subject subject =
        KR_SUBJECT(key, kr_keyspace->db_index(cell->db));

    if (KR_UNLIKELY(!keys_is_saved(cell->type)))
        return;
    keys_write_attributes(keys, cell);
    kr_types->about(&subject);
    (void)kr_codec->write_value(keys->out, cell->type, &peek, &key);
    kr_types->about(NULL);
    keys->written++;
}

static void keys_write(void *ctx, struct kr_str key, struct kr_cell *cell)
{
    struct rdb_keys *keys = ctx;

    rdb_write_key(keys, key, cell);
    if (KR_UNLIKELY(keys->written % REPORT_EACH == 0) && keys->child)
        kr_children->report(keys->written, keys->total);
    if (KR_UNLIKELY(rdb_settings.save_delay_us != 0))
        keys_delay();
}

static void keys_write_db(struct rdb_keys *keys, int32_t index)
{
    kr_db *db = kr_keyspace->db(index);

    if (kr_keyspace->count(db) == 0)
        return;
    kr_codec->code(keys->out, RDB_SELECT);
    kr_codec->write_uint64(keys->out, (uint64_t)index);
    kr_codec->code(keys->out, RDB_RESIZE);
    kr_codec->write_uint64(keys->out, kr_keyspace->count(db));
    kr_codec->write_uint64(keys->out, kr_keyspace->count_expiring(db));
    kr_keyspace->each(db, keys_write, keys);
}

/* Ages are kept where eviction looks at them. */
void rdb_choose_age(struct rdb_keys *keys)
{
    struct kr_reply *sink = kr_calls->new_sink(2);
    struct kr_str policy;

    if (kr_config->get(KR_STR("maxmemory-policy"), sink) == KR_OK) {
        policy = kr_calls->sink_bytes(sink);
        keys->idle = memmem(policy.data, policy.size, "lru", 3) != NULL;
        keys->frequency = memmem(policy.data, policy.size, "lfu", 3) != NULL;
    }
    kr_calls->free_sink(sink);
}

static void keys_write_all(struct rdb_keys *keys)
{
    int32_t count = kr_keyspace->db_count();

    rdb_choose_age(keys);
    for (int32_t i = 0; i < count; i++)
        keys->total += kr_keyspace->count(kr_keyspace->db(i));
    for (int32_t i = 0; i < count; i++)
        keys_write_db(keys, i);
    if (keys->child)
        kr_children->report(keys->written, keys->total);
}

/* --- Around them --------------------------------------------------------- */

static void write_field(kr_writer *out, const char *name, struct kr_str value)
{
    kr_codec->code(out, RDB_FIELD);
    kr_codec->write_string(out, kr_cstr(name));
    kr_codec->write_string(out, value);
}

static void write_field_int(kr_writer *out, const char *name, int64_t value)
{
    char text[KR_INT64_TEXT];

    write_field(out, name, kr_str(text, kr_text->from_int64(value, text)));
}

static void write_fields(kr_writer *out, uint32_t flags)
{
    write_field(out, "redis-ver", kr_cstr(kr_info->identity("redis-version")));
    write_field_int(out, "redis-bits", (int64_t)sizeof(void *) * 8);
    write_field_int(out, "ctime", rdb_now_sec());
    write_field_int(out, "used-mem", (int64_t)kr_memory->used());
    write_field_int(out, "aof-base", flags & KR_SNAPSHOT_AOF_BASE ? 1 : 0);
}

/* The lowest version that has all the values which are there. */
static uint32_t write_version(void)
{
    uint32_t version = RDB_VERSION_LEAST;

    for (uint16_t slot = 1; kr_types->name(slot); slot++) {
        const struct kr_type *type = kr_types->get(slot);

        if (type && type->file_version && kr_types->values(slot) > 0 &&
            type->file_version() > version)
            version = type->file_version();
    }
    return version;
}

void rdb_write_begin(kr_writer *out, uint32_t flags)
{
    char magic[RDB_MAGIC_SIZE + 8];

    snprintf(magic, sizeof(magic), RDB_MAGIC "%04u", write_version() % 10000);
    kr_codec->write_raw(out, kr_str(magic, RDB_MAGIC_SIZE));
    write_fields(out, flags);
}

static void write_end(kr_writer *out)
{
    char sum[RDB_SUM_SIZE] = {0};

    kr_codec->code(out, RDB_END);
    if (rdb_settings.checksum)
        rdb_put_uint64(sum, kr_codec->writer_sum(out));
    kr_codec->write_raw(out, kr_str(sum, sizeof(sum)));
}

kr_status rdb_write(struct rdb *rdb, int fd, uint32_t flags, bool child,
                    struct kr_snapshot_end *end)
{
    struct kr_aside sink = {
        .size = sizeof(sink), .fd = fd, .flags = rdb_aside_flags()};
    uint32_t how = (rdb_settings.compress ? KR_CODEC_COMPRESS : 0) |
                   (rdb_settings.checksum ? KR_CODEC_SUM : 0);
    kr_writer *out = kr_codec->new_stream_writer(kr_files->put, &sink, how);
    struct rdb_keys keys = {.out = out, .child = child};
    bool fine;

    rdb_write_begin(out, flags);
    rdb_write_parts(rdb, out, KR_SNAPSHOT_BEFORE);
    keys_write_all(&keys);
    rdb_write_parts(rdb, out, KR_SNAPSHOT_AFTER);
    write_end(out);
    fine = kr_codec->flush(out);
    end->bytes = sink.written;
    end->keys = keys.written;
    end->expired = 0;
    end->error_code = fine ? 0 : sink.error ? sink.error : ENOMEM;
    end->error[0] = '\0';
    if (!fine)
        snprintf(end->error, sizeof(end->error), "%s",
                 strerror(end->error_code));
    kr_codec->free_writer(out);
    return fine ? KR_OK : KR_EIO;
}
