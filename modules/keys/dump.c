/* SPDX-License-Identifier: BSD-3-Clause */
/* dump - DUMP and RESTORE: a value as bytes that any server of the kind reads.
 *
 *   +------+-------+---------+----------+
 *   | code | value | version | checksum |       all but the last counts for it
 *   +------+-------+---------+----------+
 *     1 byte          2         8 bytes, low byte first
 *
 * The version is that of the file format.  It is the lowest one that has the
 * code, so that older servers read what they can read.
 *
 * The bytes of a RESTORE come from anywhere.  A right checksum proves nothing:
 * the type that loads the value checks all of it, and what is left over behind
 * the value is refused too. */
#include "commands.h"
#include "keys.h"

#include <kr/block.h>
#include <kr/codec.h>
#include <kr/journal.h>
#include <kr/log.h>
#include <kr/memory.h>
#include <kr/string.h>

#define VERSION_SIZE  2u
#define CHECKSUM_SIZE 8u
#define FOOTER_SIZE   (VERSION_SIZE + CHECKSUM_SIZE)
#define VERSION_MAX   12u /* that is read */
#define FREQUENCY_MAX 255

/* --- DUMP ---------------------------------------------------------------- */

/* The first version of the format with values of that code. */
static uint8_t dump_version(uint8_t code)
{
    return code < 20 ? 10 : code < 22 ? 11 : 12;
}

static void dump_finish(kr_writer *out)
{
    struct kr_str bytes = kr_codec->writer_bytes(out);
    char footer[FOOTER_SIZE] = {0};
    uint64_t sum;

    if (bytes.size == 0)
        return;
    footer[0] = (char)dump_version((uint8_t)bytes.data[0]);
    kr_codec->write_raw(out, kr_str(footer, VERSION_SIZE));
    sum = kr_codec->checksum(0, kr_codec->writer_bytes(out));
    for (unsigned i = 0; i < CHECKSUM_SIZE; i++)
        footer[i] = (char)(sum >> 8 * i);
    kr_codec->write_raw(out, kr_str(footer, CHECKSUM_SIZE));
}

void keys_dump(struct kr_call *call)
{
    uint32_t flags = keys_of(call)->compress ? KR_CODEC_COMPRESS : 0;
    struct kr_subject subject =
        KR_SUBJECT(call->argv[1], kr_keyspace->db_index(call->db));
    struct kr_cell cell;
    struct kr_peek peek;
    kr_writer *out;
    bool fine;

    if (!kr_keyspace->find_arg(call, 1, KR_FIND_READ, &cell)) {
        kr_reply_null(call->reply);
        return;
    }
    peek = kr_cell_peek(&cell);
    out = kr_codec->new_writer(flags);
    kr_types->about(&subject);
    fine = kr_codec->write_value(out, cell.type, &peek, NULL);
    kr_types->about(NULL);
    if (fine) {
        dump_finish(out);
        if (kr_codec->writer_failed(out))
            kr_reply_error(call->reply, KR_ERR_NO_MEMORY);
        else
            kr_reply_bulk(call->reply, kr_codec->writer_bytes(out));
    } else {
        kr_reply_errorf(call->reply, "ERR a value of type '%s' is not saved",
                        kr_types->name(cell.type));
    }
    kr_codec->free_writer(out);
}

/* --- RESTORE: reading ---------------------------------------------------- */

struct restore {
    bool replace;
    bool absolute;
    int64_t when_ms;  /* 0: for ever */
    int64_t idle_sec; /* -1: not given */
    int64_t frequency;
};

/* IDLETIME and FREQ exclude one another, and the later is a wrong word then. */
static bool restore_read_options(struct kr_call *call, struct restore *restore)
{
    *restore = (struct restore){.idle_sec = -1, .frequency = -1};
    for (uint32_t i = 4; i < call->argc; i++) {
        bool more = i + 1 < call->argc;

        if (kr_arg_is(call, i, "REPLACE")) {
            restore->replace = true;
        } else if (kr_arg_is(call, i, "ABSTTL")) {
            restore->absolute = true;
        } else if (kr_arg_is(call, i, "IDLETIME") && more &&
                   restore->frequency < 0) {
            if (!kr_arg_int64(call, ++i, &restore->idle_sec))
                return false;
            if (restore->idle_sec < 0) {
                kr_reply_error(call->reply,
                               "ERR Invalid IDLETIME value, must be >= 0");
                return false;
            }
        } else if (kr_arg_is(call, i, "FREQ") && more &&
                   restore->idle_sec < 0) {
            if (!kr_arg_int64(call, ++i, &restore->frequency))
                return false;
            if (restore->frequency < 0 || restore->frequency > FREQUENCY_MAX) {
                kr_reply_error(call->reply, "ERR Invalid FREQ value, must be "
                                            ">= 0 and <= 255");
                return false;
            }
        } else {
            kr_refuse_syntax(call);
            return false;
        }
    }
    return true;
}

/* The moment at which the key goes.  One beyond all time has passed, as in
 * Redis, where the sum wraps around. */
static bool restore_read_time(struct kr_call *call, struct restore *restore)
{
    int64_t ttl;

    if (!kr_arg_int64(call, 2, &ttl))
        return false;
    if (ttl < 0) {
        kr_reply_error(call->reply, "ERR Invalid TTL value, must be >= 0");
        return false;
    }
    restore->when_ms = ttl;
    if (ttl > 0 && !restore->absolute &&
        __builtin_add_overflow(ttl, call->now_ms, &restore->when_ms))
        restore->when_ms = 1;
    return true;
}

/* Are these bytes of a version that is known, and whole? */
static bool restore_check(struct kr_str payload)
{
    const unsigned char *footer;
    uint64_t sum = 0;

    if (payload.size < FOOTER_SIZE)
        return false;
    footer = (const unsigned char *)payload.data + payload.size - FOOTER_SIZE;
    if (((unsigned)footer[1] << 8 | footer[0]) > VERSION_MAX)
        return false;
    for (unsigned i = 0; i < CHECKSUM_SIZE; i++)
        sum |= (uint64_t)footer[VERSION_SIZE + i] << 8 * i;
    return keys_skip_checksum ||
           sum == kr_codec->checksum(
                      0, kr_str(payload.data, payload.size - CHECKSUM_SIZE));
}

/* --- RESTORE: doing ------------------------------------------------------ */

static void restore_free(uint16_t slot, const struct kr_value *value)
{
    const struct kr_type *type = kr_types->get(slot);

    if (value->boxed && type->free)
        type->free(value->box);
}

/* The time was over before the key came: what it replaces goes. */
static void restore_expired(struct kr_call *call, const struct restore *restore)
{
    struct kr_str argv[2] = {KR_STR("DEL"), call->argv[1]};
    struct kr_cell cell;

    if (!restore->replace ||
        !kr_keyspace->find_arg(call, 1, KR_FIND_WRITE | KR_FIND_QUIET, &cell))
        return;
    kr_keyspace->erase(&cell, keys_of(call)->lazy_server_del);
    kr_journal->instead(call, 2, argv);
    keys_changed(call, call->db, call->argv[1], "del");
}

/* Whoever reads the journal later has another now. */
static void restore_journal(struct kr_call *call, const struct restore *restore)
{
    uint32_t argc = call->argc + 1;
    char text[KR_INT64_TEXT];
    struct kr_str *argv;

    if (restore->when_ms == 0 || restore->absolute || !kr_journal->armed())
        return;
    argv = kr_memory->alloc(keys_of(call)->self, argc * sizeof(*argv));
    memcpy(argv, call->argv, call->argc * sizeof(*argv));
    argv[2] = kr_str(text, kr_text->from_int64(restore->when_ms, text));
    argv[argc - 1] = KR_STR("ABSTTL");
    kr_journal->instead(call, argc, argv);
    kr_memory->free(keys_of(call)->self, argv);
}

static void restore_place(struct kr_call *call, const struct restore *restore,
                          uint16_t slot, const struct kr_value *value)
{
    struct kr_cell cell;

    /* What is replaced is deleted first, and told of as such. */
    if (restore->replace &&
        kr_keyspace->find_arg(call, 1, KR_FIND_WRITE | KR_FIND_QUIET, &cell))
        kr_keyspace->erase(&cell, keys_of(call)->lazy_server_del);
    kr_keyspace->adopt(call->db, call->argv[1], slot, 0, value, &cell);
    if (restore->when_ms != 0)
        kr_keyspace->set_expiry(&cell, restore->when_ms);
    if (restore->idle_sec >= 0)
        kr_keyspace->set_idle_ms(&cell, (uint64_t)(restore->idle_sec < INT32_MAX
                                                       ? restore->idle_sec
                                                       : INT32_MAX) *
                                            1000);
    if (restore->frequency >= 0)
        kr_keyspace->set_frequency(&cell, (uint32_t)restore->frequency);
    kr_block->ready(call->db, call->argv[1]);
    restore_journal(call, restore);
    keys_changed(call, call->db, call->argv[1], "restore");
}

/* Everything is checked before anything changes. */
static bool restore_value(struct kr_call *call, const struct restore *restore,
                          kr_reader *in)
{
    struct kr_subject subject =
        KR_SUBJECT(call->argv[1], kr_keyspace->db_index(call->db));
    struct kr_value value = {.size = sizeof(value)};
    uint16_t slot;
    uint8_t code;
    bool fine;

    kr_types->about(&subject);
    fine = kr_codec->read_code(in, &code) &&
           kr_codec->read_value(in, code, &slot, &value);
    kr_types->about(NULL);
    if (!fine)
        return false;
    if (kr_codec->reader_left(in) > 0) {
        restore_free(slot, &value);
        return false;
    }
    if (restore->when_ms != 0 && restore->when_ms <= call->now_ms &&
        kr_keyspace->may_expire()) {
        restore_free(slot, &value);
        restore_expired(call, restore);
    } else {
        restore_place(call, restore, slot, &value);
    }
    return true;
}

/* Why is for the log: a client that sends payloads of its own needs no help. */
static void restore_refuse(struct kr_call *call, const kr_reader *in)
{
    const char *why = kr_codec->reader_error(in);

    kr_logf(keys_of(call)->self, KR_LOG_WARNING, "A payload is refused: %s",
            why ? why : "there is more behind its value");
    kr_reply_error(call->reply, "ERR Bad data format");
}

void keys_restore(struct kr_call *call)
{
    struct kr_str payload = call->argv[3];
    struct restore restore;
    struct kr_cell cell;
    kr_reader *in;

    if (!restore_read_options(call, &restore))
        return;
    if (!restore.replace &&
        kr_keyspace->find_arg(call, 1, KR_FIND_NO_STATS, &cell)) {
        kr_reply_error(call->reply, "BUSYKEY Target key name already exists.");
        return;
    }
    if (!restore_read_time(call, &restore))
        return;
    if (!restore_check(payload)) {
        kr_reply_error(call->reply,
                       "ERR DUMP payload version or checksum are wrong");
        return;
    }
    payload.size -= FOOTER_SIZE;
    in = kr_codec->new_reader(payload, KR_CODEC_DEEP | KR_CODEC_WHOLE);
    if (restore_value(call, &restore, in))
        kr_reply_ok(call->reply);
    else
        restore_refuse(call, in);
    kr_codec->free_reader(in);
}
