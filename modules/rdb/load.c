/* SPDX-License-Identifier: BSD-3-Clause */
/* load - from the bytes of a snapshot to keys, or only past them (rdb_pass()).
 *
 * One pass: what stands before a key is remembered until the key comes, the
 * value is read by its type and placed, and that is one look-up a key.  The
 * bytes are hostile: a type checks all of its value, a number of keys that is
 * announced reserves no more than the file can hold, and the first thing that
 * is wrong ends it, with the reason and the offset.
 *
 * Others are served between two keys (kr_loading). */
#include "rdb.h"

#include "format.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_BYTES_LEAST 4  /* that a key takes in a file */
#define PROGRESS_EACH   64 /* keys */
#define SANITIZE_ALWAYS 1
#define EMPTY_TOLD      10 /* keys */

#define WRONG_SIGNATURE "Wrong signature trying to load DB from file"

struct load {
    struct rdb *rdb;
    kr_reader *in;
    kr_db *db;
    uint32_t flags; /* KR_SNAPSHOT_ */
    uint32_t version;
    int64_t now_ms;
    struct kr_snapshot_end *end;
    struct rdb_check *check; /* who is told, and nothing is kept; or NULL */
    int error;               /* errno of a failed read */
    int fd;
    bool finished; /* the opcode of the end has come */
    bool stopped;  /* the server is to end */
    /* Of the key to come. */
    int64_t expiry_ms; /* KR_NO_EXPIRY: none */
    int64_t idle_sec;  /* -1: not known */
    int32_t frequency;
    char refusal[64]; /* a reason with a number in it */
    uint64_t empty;   /* keys that were passed over */
};

static bool load_refuse(struct load *load, const char *reason)
{
    kr_codec->refuse(load->in, reason);
    return false;
}

static void load_tell(struct load *load, enum rdb_stage stage)
{
    if (load->check)
        load->check->stage = stage;
}

/* --- Fields -------------------------------------------------------------- */

static int64_t field_number(struct kr_str value)
{
    int64_t number;

    return kr_text->to_int64(value, &number) ? number : 0;
}

/* Fields tell; nothing depends on them, and unknown ones are passed over. */
static void load_tell_field(struct load *load, struct kr_str name,
                            struct kr_str value)
{
    kr_module *self = load->rdb->self;

    if (kr_str_equal_nocase(name, KR_STR("redis-ver"))) {
        kr_logf(self, KR_LOG_NOTICE, "Loading RDB produced by version %.*s",
                (int)(value.size < 64 ? value.size : 64), value.data);
    } else if (kr_str_equal_nocase(name, KR_STR("ctime"))) {
        int64_t age = rdb_now_sec() - field_number(value);

        kr_logf(self, KR_LOG_NOTICE, "RDB age %lld seconds",
                (long long)(age > 0 ? age : 0));
    } else if (kr_str_equal_nocase(name, KR_STR("used-mem"))) {
        kr_logf(self, KR_LOG_NOTICE, "RDB memory usage when created %.2f Mb",
                (double)field_number(value) / (1024 * 1024));
    } else if (kr_str_equal_nocase(name, KR_STR("aof-preamble"))) {
        if (field_number(value))
            kr_logf(self, KR_LOG_NOTICE, "RDB has an AOF tail");
    } else if (kr_str_equal_nocase(name, KR_STR("aof-base"))) {
        if (field_number(value))
            kr_logf(self, KR_LOG_NOTICE, "RDB is base AOF");
    } else if (name.size > 0 && name.data[0] == '%') {
        kr_logf(self, KR_LOG_NOTICE, "RDB '%.*s': %.*s",
                (int)(name.size < 128 ? name.size : 128), name.data,
                (int)(value.size < 512 ? value.size : 512), value.data);
    }
}

static bool load_field(struct load *load)
{
    struct kr_str name, value;
    char kept[128];

    load_tell(load, RDB_READS_FIELD);
    if (!kr_codec->read_string(load->in, &name))
        return false;
    if (name.size > sizeof(kept))
        name.size = sizeof(kept);
    if (name.size > 0)
        memcpy(kept, name.data, name.size);
    if (!kr_codec->read_string(load->in, &value))
        return false;
    if (load->check)
        rdb_check_say(load->in, "AUX FIELD %.*s = '%.*s'", (int)name.size, kept,
                      (int)(value.size < 1024 ? value.size : 1024), value.data);
    else
        load_tell_field(load, kr_str(kept, name.size), value);
    return true;
}

/* --- Opcodes ------------------------------------------------------------- */

static bool load_select(struct load *load)
{
    uint64_t index;

    load_tell(load, RDB_READS_NUMBER);
    if (!kr_codec->read_uint64(load->in, &index))
        return false;
    if (load->check) {
        rdb_check_say(load->in, "Selecting DB ID %llu",
                      (unsigned long long)index);
        return true;
    }
    if (index >= (uint64_t)kr_keyspace->db_count()) {
        kr_logf(load->rdb->self, KR_LOG_WARNING,
                "FATAL: Data file was created with a Redis server configured "
                "to handle more than %d databases. Exiting",
                (int)kr_keyspace->db_count());
        return load_refuse(load, "a database beyond those of this server");
    }
    load->db = kr_keyspace->db((int32_t)index);
    return true;
}

/* A number that is too high is no error, but nobody trusts it either. */
static bool load_resize(struct load *load)
{
    uint64_t keys, expiring, most;

    load_tell(load, RDB_READS_NUMBER);
    if (!kr_codec->read_uint64(load->in, &keys) ||
        !kr_codec->read_uint64(load->in, &expiring))
        return false;
    if (load->check)
        return true;
    most = kr_codec->reader_left(load->in) / KEY_BYTES_LEAST;
    kr_keyspace->reserve(load->db, keys < most ? keys : most);
    return true;
}

static bool load_expiry(struct load *load, unsigned size, int64_t unit_ms)
{
    char bytes[8];
    uint64_t when;

    load_tell(load, RDB_READS_EXPIRY);
    if (!kr_codec->read_raw(load->in, bytes, size))
        return false;
    when = rdb_get_uint(bytes, size);
    if (size == 4)
        load->expiry_ms = (int64_t)(int32_t)(uint32_t)when * unit_ms;
    else
        load->expiry_ms = (int64_t)when;
    /* Redis means "none" by this one. */
    if (load->expiry_ms == -1)
        load->expiry_ms = KR_NO_EXPIRY;
    return true;
}

static bool load_idle(struct load *load)
{
    uint64_t seconds;

    if (!kr_codec->read_uint64(load->in, &seconds))
        return false;
    load->idle_sec = seconds < INT32_MAX ? (int64_t)seconds : INT32_MAX;
    return true;
}

static bool load_frequency(struct load *load)
{
    uint8_t count;

    if (!kr_codec->read_raw(load->in, &count, 1))
        return false;
    load->frequency = count;
    return true;
}

/* --- Keys ---------------------------------------------------------------- */

static void load_forget_attributes(struct load *load)
{
    load->expiry_ms = KR_NO_EXPIRY;
    load->idle_sec = -1;
    load->frequency = -1;
}

static void load_delay(void)
{
    int64_t us = rdb_settings.load_delay_us;

    if (us < 0)
        us = kr_text->random() % (uint64_t)-us == 0;
    if (us > 0)
        (void)usleep((useconds_t)us);
}

static void load_free(uint16_t slot, const struct kr_value *value)
{
    const struct kr_type *type = kr_types->get(slot);

    if (value->boxed && type && type->free)
        type->free(value->box);
}

static bool load_is_over(const struct load *load)
{
    return load->expiry_ms != KR_NO_EXPIRY && load->expiry_ms < load->now_ms &&
           !(load->flags & KR_SNAPSHOT_EXPIRED);
}

static bool load_settle(struct load *load)
{
    if (kr_keyspace->settle())
        return true;
    kr_logf(load->rdb->self, KR_LOG_WARNING, "RDB has duplicated key in DB %d",
            (int)kr_keyspace->db_index(load->db));
    return load_refuse(load, "a key that is there already");
}

static void load_place(struct load *load, struct kr_str key, uint16_t slot,
                       const struct kr_value *value)
{
    struct kr_cell cell;

    if (!(load->flags & KR_SNAPSHOT_MERGE)) {
        kr_keyspace->place(load->db, key, slot, value, load->expiry_ms, &cell);
    } else {
        kr_keyspace->adopt(load->db, key, slot, 0, value, &cell);
        if (load->expiry_ms != KR_NO_EXPIRY)
            kr_keyspace->set_expiry(&cell, load->expiry_ms);
    }
    if (load->idle_sec >= 0)
        kr_keyspace->set_idle_ms(&cell, (uint64_t)load->idle_sec * 1000);
    if (load->frequency >= 0)
        kr_keyspace->set_frequency(&cell, (uint32_t)load->frequency);
    load->end->keys++;
}

/* The key has to be kept somewhere while its value is read.  Keys are short,
 * mostly. */
struct kept_key {
    struct kr_str key;
    char *large;
    char room[256];
};

static bool load_keep_key(struct load *load, struct kept_key *kept)
{
    struct kr_str key;

    kept->large = NULL;
    if (!kr_codec->read_string(load->in, &key))
        return false;
    kept->key = kr_str(kept->room, key.size);
    if (key.size > sizeof(kept->room)) {
        if (key.size > UINT32_MAX)
            return load_refuse(load, "a key that is too long");
        kept->large = kr_memory->try_alloc(load->rdb->self, key.size);
        if (!kept->large)
            return load_refuse(load, "not enough memory for a key");
        kept->key.data = kept->large;
    }
    if (key.size > 0)
        memcpy((char *)(uintptr_t)kept->key.data, key.data, key.size);
    return true;
}

static void load_check_key(struct load *load, uint8_t code, struct kr_str key)
{
    struct rdb_check *check = load->check;

    check->stage = RDB_READS_VALUE;
    check->code = code;
    check->has_key = true;
    check->keys++;
    if (key.size >= sizeof(check->key))
        key.size = sizeof(check->key) - 1;
    memcpy(check->key, key.data, key.size);
    check->key[key.size] = '\0';
}

static void load_check_value(struct load *load)
{
    struct rdb_check *check = load->check;

    if (load->expiry_ms != KR_NO_EXPIRY) {
        check->expiring++;
        check->expired += load->expiry_ms < load->now_ms;
    }
    check->code = -1;
    check->has_key = false;
}

/* A value that nobody knows, where that is not wanted. */
static bool load_check_type(struct load *load, uint16_t slot)
{
    if (KR_LIKELY(rdb_settings.carry || !kr_types->is_sealed(slot)))
        return true;
    kr_logf(load->rdb->self, KR_LOG_WARNING,
            "The RDB file contains module data I can't load: no matching "
            "module type '%s'",
            kr_types->name(slot));
    return load_refuse(load, "a value of a type that is not loaded");
}

/* Servers of old have saved keys without elements, by mistake. */
static void load_pass_empty(struct load *load, struct kr_str key)
{
    if (load->check) {
        rdb_check_say(load->in, "Key '%s' is empty: it is not loaded",
                      load->check->key);
        load_check_value(load);
    } else if (load->empty < EMPTY_TOLD) {
        kr_logf(load->rdb->self, KR_LOG_NOTICE,
                "A key without elements: skipping empty key: %.*s",
                (int)(key.size < 128 ? key.size : 128), key.data);
    }
    load->empty++;
}

static bool load_key(struct load *load, uint8_t code)
{
    struct kr_value value = {.size = sizeof(value)};
    struct kr_subject subject;
    struct kept_key kept;
    uint16_t slot;
    bool fine;

    load_tell(load, RDB_READS_KEY);
    if (!load_keep_key(load, &kept))
        return false;
    if (load->check)
        load_check_key(load, code, kept.key);
    subject = KR_SUBJECT(kept.key, kr_keyspace->db_index(load->db));
    kr_types->about(&subject);
    fine = kr_codec->read_value(load->in, code, &slot, &value);
    kr_types->about(NULL);
    if (fine && !load->check && !load_check_type(load, slot)) {
        load_free(slot, &value);
        fine = false;
    } else if (fine && load->check) {
        load_free(slot, &value);
        load_check_value(load);
    } else if (!fine && kr_codec->pass_empty(load->in)) {
        load_pass_empty(load, kept.key);
        fine = true;
    } else if (fine && load_is_over(load)) {
        load_free(slot, &value);
        load->end->expired++;
    } else if (fine) {
        load_place(load, kept.key, slot, &value);
    }
    kr_memory->free(load->rdb->self, kept.large);
    load_forget_attributes(load);
    if (KR_UNLIKELY(rdb_settings.load_delay_us != 0))
        load_delay();
    return fine;
}

/* --- The whole ----------------------------------------------------------- */

static bool load_item(struct load *load)
{
    uint8_t code;

    load_tell(load, RDB_READS_CODE);
    if (!kr_codec->read_code(load->in, &code))
        return false;
    switch ((enum rdb_opcode)code) {
    case RDB_FUNCTION2:
    case RDB_FUNCTION:
    case RDB_MODULE_AUX:
        return load->check
                   ? rdb_pass_part(load->in, code, load->check)
                   : rdb_load_part(load->rdb, load->in, code, load->flags);
    case RDB_IDLE:
        return load_idle(load);
    case RDB_FREQUENCY:
        return load_frequency(load);
    case RDB_FIELD:
        return load_field(load);
    case RDB_RESIZE:
        return load_resize(load);
    case RDB_EXPIRY_MS:
        return load_expiry(load, 8, 1);
    case RDB_EXPIRY_SEC:
        return load_expiry(load, 4, 1000);
    case RDB_SELECT:
        return load_select(load);
    case RDB_END:
        load->finished = true;
        return true;
    }
    return load_key(load, code);
}

/* Four digits; 0 if they are something else. */
static unsigned load_read_version(const char *digits)
{
    unsigned version = 0;

    for (unsigned i = 0; i < 4; i++) {
        if (digits[i] < '0' || digits[i] > '9')
            return 0;
        version = version * 10 + (unsigned)(digits[i] - '0');
    }
    return version;
}

static bool load_begin(struct load *load)
{
    char magic[RDB_MAGIC_SIZE + 1] = "";

    if (!kr_codec->read_raw(load->in, magic, RDB_MAGIC_SIZE))
        return false;
    if (memcmp(magic, RDB_MAGIC, strlen(RDB_MAGIC)) != 0) {
        kr_logf(load->rdb->self, KR_LOG_WARNING, WRONG_SIGNATURE);
        return load_refuse(load, WRONG_SIGNATURE);
    }
    load->version = load_read_version(magic + strlen(RDB_MAGIC));
    if (load->version < 1 || load->version > RDB_VERSION_MOST) {
        snprintf(load->refusal, sizeof(load->refusal),
                 "Can't handle RDB format version %u", load->version);
        kr_logf(load->rdb->self, KR_LOG_WARNING, "%s", load->refusal);
        return load_refuse(load, load->refusal);
    }
    return true;
}

static bool load_check_sum(struct load *load)
{
    char bytes[RDB_SUM_SIZE];
    uint64_t wanted, found;

    load_tell(load, RDB_READS_SUM);
    if (load->version < RDB_VERSION_SUMMED)
        return true;
    wanted = kr_codec->reader_sum(load->in);
    if (!kr_codec->read_raw(load->in, bytes, sizeof(bytes)))
        return false;
    found = rdb_get_uint(bytes, sizeof(bytes));
    if (load->check && (found == wanted || found == 0))
        rdb_check_say(load->in,
                      found == 0 ? "RDB file was saved with checksum disabled: "
                                   "no check performed."
                                 : "Checksum OK");
    if (!rdb_settings.checksum || found == wanted)
        return true;
    if (found == 0) {
        kr_logf(load->rdb->self, KR_LOG_WARNING,
                "RDB file was saved with checksum disabled: no check "
                "performed.");
        return true;
    }
    kr_logf(load->rdb->self, KR_LOG_WARNING,
            "Wrong RDB checksum expected: (%llx) but got (%llx). Aborting now.",
            (unsigned long long)wanted, (unsigned long long)found);
    return load_refuse(load, "RDB CRC error");
}

static bool load_all(struct load *load)
{
    uint32_t until_progress = PROGRESS_EACH;

    if (!load_begin(load))
        return false;
    while (!load->finished) {
        if (!load_item(load))
            return false;
        if (load->check ||
            (--until_progress > 0 && rdb_settings.load_delay_us == 0))
            continue;
        until_progress = PROGRESS_EACH;
        if (!load_settle(load))
            return false;
        if (!kr_loading->progress(kr_codec->reader_offset(load->in))) {
            load->stopped = true;
            return load_refuse(load, "the server is about to end");
        }
    }
    return load_settle(load) && load_check_sum(load);
}

static int64_t load_get(void *ctx, char *room, size_t size)
{
    struct load *load = ctx;
    ssize_t n;

    do
        n = read(load->fd, room, size);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        load->error = errno;
    return (int64_t)n;
}

static uint64_t load_limit(int fd, int64_t at)
{
    struct stat status;

    if (at < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
        return UINT64_MAX;
    return status.st_size > at ? (uint64_t)(status.st_size - at) : 0;
}

static void load_report(struct load *load)
{
    struct kr_snapshot_end *end = load->end;
    const char *reason = kr_codec->reader_error(load->in);

    if (load->error)
        reason = strerror(load->error);
    else if (!reason)
        reason = "not enough memory";
    end->error_code = load->error;
    snprintf(end->error, sizeof(end->error), "offset %llu: %s",
             (unsigned long long)end->bytes, reason);
    if (load->check)
        snprintf(load->check->error, sizeof(load->check->error), "%s",
                 !load->error && kr_codec->reader_short(load->in)
                     ? "Unexpected EOF reading RDB file"
                     : reason);
}

static void load_end_reserves(void)
{
    for (int32_t i = 0; i < kr_keyspace->db_count(); i++)
        kr_keyspace->reserve(kr_keyspace->db(i), 0);
}

static kr_status load_run(struct load *load)
{
    int64_t at = lseek(load->fd, 0, SEEK_CUR);
    struct kr_snapshot_end *end = load->end;
    uint32_t how = rdb_settings.checksum ? KR_CODEC_SUM : 0;
    bool fine;

    if (rdb_settings.sanitize == SANITIZE_ALWAYS || load->check)
        how |= KR_CODEC_DEEP;
    end->keys = end->expired = 0;
    end->error_code = 0;
    end->error[0] = '\0';
    load->db = kr_keyspace->db(0);
    load->now_ms = kr_loop->wall_ms();
    load->in = kr_codec->new_stream_reader(load_get, load,
                                           load_limit(load->fd, at), how);
    load_forget_attributes(load);
    fine = load_all(load);
    end->bytes = kr_codec->reader_offset(load->in);
    (void)kr_keyspace->settle();
    if (!fine)
        load_report(load);
    else if (at >= 0)
        (void)lseek(load->fd, at + (int64_t)end->bytes, SEEK_SET);
    load_end_reserves();
    kr_codec->free_reader(load->in);
    return fine            ? KR_OK
           : load->stopped ? KR_EFAIL
           : load->error   ? KR_EIO
                           : KR_EFORMAT;
}

static void load_say_done(const struct load *load)
{
    char empty[64] = "";

    if (load->empty > 0)
        snprintf(empty, sizeof(empty), ", empty keys skipped: %llu",
                 (unsigned long long)load->empty);
    kr_logf(load->rdb->self, KR_LOG_NOTICE,
            "Done loading RDB, keys loaded: %llu, keys expired: %llu%s.",
            (unsigned long long)load->end->keys,
            (unsigned long long)load->end->expired, empty);
}

kr_status rdb_load(struct rdb *rdb, int fd, const char *name, uint32_t flags,
                   struct kr_snapshot_end *end)
{
    struct load load = {.rdb = rdb, .flags = flags, .end = end, .fd = fd};
    kr_status answer = load_run(&load);

    (void)name;
    rdb->loaded_keys = end->keys;
    rdb->loaded_expired = end->expired;
    if (answer == KR_OK)
        load_say_done(&load);
    return answer;
}

kr_status rdb_pass(struct rdb *rdb, int fd, struct rdb_check *check,
                   struct kr_snapshot_end *end)
{
    struct load load = {.rdb = rdb, .check = check, .end = end, .fd = fd};

    return load_run(&load);
}
