/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_rdb - any bytes as a snapshot: refused with a reason and an offset that is
 * in it, or loaded; databases are sound afterwards, and nothing is left of them
 * when they have been flushed.
 *
 * The loader and the parts are the module's; keys, the table and the
 * codec are the host's.  Values are of one type, whose code is 0: its bytes.
 * The types' own loaders have fuzzers of their own.
 *
 *   +------+----------+
 *   | how  | a file   |     bit 0: its checksum is looked at; bit 1: keys may be
 *   +------+----------+     there already; bit 2: what has expired is loaded */

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/clock/clock.h"
#include "core/dispatch/call.h"
#include "core/keyspace/db.h"
#include "core/keyspace/stored.h"
#include "core/keyspace/type.h"
#include "core/loop/loop.h"
#include "core/module/memory_interface.h"
#include "core/rack/rack.h"
#include "core/text/text_interface.h"
#include "modules/rdb/rdb.h"

const struct kr_calls *kr_calls = &call_interface;
const struct kr_codec *kr_codec = &codec_interface;
const struct kr_keyspace *kr_keyspace = &keyspace_interface;
const struct kr_loop *kr_loop = &loop_interface;
const struct kr_memory *kr_memory = &memory_interface;
const struct kr_modules *kr_modules = &rack_interface;
const struct kr_text *kr_text = &text_interface;
const struct kr_types *kr_types = &type_interface;

kr_module *rdb_self;
struct rdb_settings rdb_settings;
static struct rdb fuzz_rdb = {.carried_end = &fuzz_rdb.carried};
static kr_module fuzz_module = {.name = "fuzz", .state = &fuzz_rdb};

static void fuzz_log(kr_module *self, uint32_t level, struct kr_str line)
{
    (void)self, (void)level, (void)line;
}

static bool fuzz_log_enabled(uint32_t level)
{
    (void)level;
    return true;
}

static const struct kr_log fuzz_log_interface = {
    .size = sizeof(struct kr_log),
    .write = fuzz_log,
    .enabled = fuzz_log_enabled,
};
const struct kr_log *kr_log = &fuzz_log_interface;

/* There is no loop, and nobody to be served. */
static bool fuzz_progress(uint64_t loaded_bytes)
{
    (void)loaded_bytes;
    return true;
}

static const struct kr_loading fuzz_loading = {
    .size = sizeof(struct kr_loading), .progress = fuzz_progress};
const struct kr_loading *kr_loading = &fuzz_loading;

int64_t rdb_now_sec(void)
{
    return 1700000000;
}

static void fuzz_claim(bool claim)
{
    if (!claim)
        abort();
}

/* Who looks on is told, and is silent. */
void rdb_check_say(const kr_reader *in, const char *format, ...)
{
    (void)in, (void)format;
}

/* What loads passes, too. */
static void fuzz_pass(int fd, bool loaded, size_t size)
{
    struct kr_snapshot_end end = {.size = sizeof(end)};
    struct rdb_check check = {.code = -1};
    kr_status answer;

    fuzz_claim(lseek(fd, 0, SEEK_SET) == 0);
    answer = rdb_pass(&fuzz_rdb, fd, &check, &end);
    fuzz_claim(answer == KR_OK || !loaded);
    fuzz_claim(end.bytes <= size);
    fuzz_claim((answer == KR_OK) == (check.error[0] == '\0'));
    fuzz_claim(check.expired <= check.expiring && check.expiring <= check.keys);
}

/* --- The type ------------------------------------------------------------ */

static void bytes_save(const struct kr_peek *value, kr_writer *out)
{
    kr_codec->code(out, 0);
    kr_codec->write_string(out, kr_str(value->data, value->length));
}

static bool bytes_load(kr_reader *in, uint32_t code, uint32_t format,
                       struct kr_value *out)
{
    (void)code, (void)format;
    return kr_codec->read_string(in, &out->bytes) &&
           out->bytes.size <= KR_INLINE_MAX;
}

static uint16_t bytes_slot;
static const uint8_t bytes_codes[] = {0};
static const struct kr_type bytes_type = {
    .size = sizeof(struct kr_type),
    .layout = 1,
    .name = "bytes",
    .codes = bytes_codes,
    .code_count = 1,
    .slot = &bytes_slot,
    .save = bytes_save,
    .load = bytes_load,
};

/* --- A part -------------------------------------------------------------- */

static void part_save(void *ctx, kr_writer *out, uint32_t when)
{
    (void)ctx;
    if (when == KR_SNAPSHOT_AFTER)
        kr_codec->write_uint64(out, 7);
}

static bool part_load(void *ctx, kr_reader *in, uint32_t format, uint32_t when)
{
    uint64_t number;

    (void)ctx, (void)format, (void)when;
    return kr_codec->read_uint64(in, &number);
}

static const struct kr_snapshot_part fuzz_part = {
    .size = sizeof(fuzz_part),
    .opcode = KR_SNAPSHOT_AUX,
    .file_name = "fuzz-part",
    .when = KR_SNAPSHOT_BEFORE | KR_SNAPSHOT_AFTER,
    .save = part_save,
    .load = part_load,
};
static struct rdb_part fuzz_parts = {.row = &fuzz_part, .module = "fuzz"};

/* --- Runs ---------------------------------------------------------------- */

static void fuzz_begin(void)
{
    static bool begun;

    if (begun)
        return;
    begun = true;
    rdb_self = &fuzz_module;
    fuzz_rdb.self = &fuzz_module;
    fuzz_rdb.parts = &fuzz_parts;
    keyspace_settings.databases = 16;
    clock_begin_turn();
    keyspace_init();
    if (type_register(&fuzz_module, &bytes_type, &bytes_slot) != KR_OK)
        abort();
}

static int fuzz_file(const uint8_t *data, size_t size)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);

    if (fd < 0 || write(fd, data, size) != (ssize_t)size ||
        lseek(fd, 0, SEEK_SET) != 0)
        abort();
    return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kr_snapshot_end end = {.size = sizeof(end)};
    uint32_t flags = 0;
    kr_status answer;
    int fd;

    if (size < 1)
        return 0;
    fuzz_begin();
    rdb_settings.checksum = data[0] & 1;
    flags |= data[0] & 2 ? KR_SNAPSHOT_MERGE : 0;
    flags |= data[0] & 4 ? KR_SNAPSHOT_EXPIRED : 0;
    fd = fuzz_file(data + 1, size - 1);
    answer = rdb_load(&fuzz_rdb, fd, "fuzz", flags, &end);
    fuzz_claim(end.bytes <= size - 1);
    fuzz_claim((answer == KR_OK) == (end.error[0] == '\0'));
    if (answer == KR_OK)
        fuzz_claim(lseek(fd, 0, SEEK_CUR) == (off_t)end.bytes);
    for (int32_t i = 0; i < kr_keyspace->db_count(); i++)
        fuzz_claim(db_check(kr_keyspace->db(i)) == NULL);
    fuzz_pass(fd, answer == KR_OK, size - 1);
    close(fd);
    kr_keyspace->flush(NULL, false);
    rdb_clear_parts(&fuzz_rdb);
    for (int32_t i = 0; i < kr_keyspace->db_count(); i++)
        fuzz_claim(kr_keyspace->table_memory(kr_keyspace->db(i)) == 0);
    return 0;
}
