/* SPDX-License-Identifier: BSD-3-Clause */
/* part - records of a snapshot that are no keys: who writes and who reads them.
 *
 * A part of a module (opcode 247) is framed by its type's id, as values of
 * modules are:
 *
 *   247 | id: nine letters, 10 bits of format | 2 when | tagged items | 0
 *
 * Other opcodes write their records themselves.  A library of functions whose
 * module is not here is carried along as its bytes, and given to it when it
 * comes: a server that was started without it must not lose it by saving. */
#include "rdb.h"

#include "format.h"

#include <stdio.h>

#define LETTER_BITS 6u
#define LETTERS     9u
#define FORMAT_BITS 10u

#define PRE_RELEASE "Pre-release function format not supported."

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "abcdefghijklmnopqrstuvwxyz"
                              "0123456789-_";

/* --- Who they are -------------------------------------------------------- */

static bool part_is_right(const struct kr_snapshot_part *part)
{
    if (!part || part->size < sizeof(*part) || !part->save || !part->load ||
        !(part->when & (KR_SNAPSHOT_BEFORE | KR_SNAPSHOT_AFTER)))
        return false;
    if (part->opcode == KR_SNAPSHOT_FUNCTION)
        return true;
    return part->opcode == KR_SNAPSHOT_AUX && part->file_name &&
           strlen(part->file_name) == LETTERS &&
           strspn(part->file_name, letters) == LETTERS &&
           part->format >> FORMAT_BITS == 0;
}

static struct rdb_part *part_find(struct rdb *rdb, uint32_t opcode,
                                  const char *file_name)
{
    struct rdb_part *part = rdb->parts;

    while (part &&
           (part->row->opcode != opcode ||
            (file_name && strcmp(part->row->file_name, file_name) != 0)))
        part = part->next;
    return part;
}

/* The record was read while its module was away.  false: the module refuses it,
 * and it is carried on. */
static bool part_take(const struct kr_snapshot_part *row,
                      const struct rdb_carried *carried)
{
    kr_writer *out = kr_codec->new_writer(0);
    kr_reader *in;
    bool taken;

    kr_codec->write_string(out, kr_str(carried->bytes, carried->size));
    in = kr_codec->new_reader(kr_codec->writer_bytes(out), 0);
    taken = !kr_codec->writer_failed(out) &&
            row->load(row->ctx, in, 0, KR_SNAPSHOT_BEFORE);
    kr_codec->free_reader(in);
    kr_codec->free_writer(out);
    return taken;
}

static void part_take_carried(struct rdb *rdb,
                              const struct kr_snapshot_part *row)
{
    struct rdb_carried **link = &rdb->carried, *carried;

    while ((carried = *link)) {
        if (!part_take(row, carried)) {
            kr_log->write(rdb->self, KR_LOG_WARNING,
                          KR_STR("A library that was carried for its module is "
                                 "refused by it and carried on"));
            link = &carried->next;
            continue;
        }
        *link = carried->next;
        kr_memory->free(rdb->self, carried);
    }
    rdb->carried_end = link;
}

kr_status rdb_add_part(kr_module *self, const struct kr_snapshot_part *row)
{
    struct rdb *rdb = rdb_of_module();
    struct kr_module_info info = {.size = sizeof(info)};
    struct rdb_part **end = &rdb->parts, *part;

    if (!part_is_right(row))
        return KR_EINVAL;
    kr_modules->info(self, &info);
    part = part_find(rdb, row->opcode,
                     row->opcode == KR_SNAPSHOT_AUX ? row->file_name : NULL);
    if (part && strcmp(part->module, info.name) != 0)
        return KR_EEXIST;
    if (part) { /* its next version */
        part->row = row;
        return KR_OK;
    }
    while (*end)
        end = &(*end)->next;
    part = kr_memory->alloc(rdb->self, sizeof(*part));
    *part = (struct rdb_part){.row = row};
    snprintf(part->module, sizeof(part->module), "%s", info.name);
    *end = part;
    if (row->opcode == KR_SNAPSHOT_FUNCTION)
        part_take_carried(rdb, row);
    return KR_OK;
}

void rdb_forget_parts(struct rdb *rdb, const struct kr_str *module)
{
    struct rdb_part **link = &rdb->parts, *part;

    while ((part = *link)) {
        if (module && !kr_str_equal(*module, kr_cstr(part->module))) {
            link = &part->next;
            continue;
        }
        *link = part->next;
        kr_memory->free(rdb->self, part);
    }
}

void rdb_clear_parts(struct rdb *rdb)
{
    struct rdb_carried *carried;

    for (struct rdb_part *part = rdb->parts; part; part = part->next)
        if (part->row->clear)
            part->row->clear(part->row->ctx);
    while ((carried = rdb->carried)) {
        rdb->carried = carried->next;
        kr_memory->free(rdb->self, carried);
    }
    rdb->carried_end = &rdb->carried;
}

/* --- Writing ------------------------------------------------------------- */

static uint64_t part_id(const struct kr_snapshot_part *row)
{
    uint64_t id = 0;

    for (unsigned i = 0; i < LETTERS; i++)
        id = id << LETTER_BITS |
             (uint64_t)(strchr(letters, row->file_name[i]) - letters);
    return id << FORMAT_BITS | row->format;
}

/* What the part has to say is gathered first: if it is nothing, there is no
 * record. */
static void part_write_aux(const struct kr_snapshot_part *row, kr_writer *out,
                           uint32_t when)
{
    kr_writer *items = kr_codec->new_writer(KR_CODEC_TAGGED);
    struct kr_str bytes;

    row->save(row->ctx, items, when);
    bytes = kr_codec->writer_bytes(items);
    if (bytes.size > 0) {
        kr_codec->code(out, RDB_MODULE_AUX);
        kr_codec->write_uint64(out, part_id(row));
        kr_codec->write_uint64(out, RDB_TAG_UINT64);
        kr_codec->write_uint64(out, when);
        kr_codec->write_raw(out, bytes);
        kr_codec->write_uint64(out, 0);
    }
    kr_codec->free_writer(items);
}

void rdb_write_parts(struct rdb *rdb, kr_writer *out, uint32_t when)
{
    for (struct rdb_part *part = rdb->parts; part; part = part->next) {
        const struct kr_snapshot_part *row = part->row;

        if (!(row->when & when))
            continue;
        if (row->opcode == KR_SNAPSHOT_AUX)
            part_write_aux(row, out, when);
        else
            row->save(row->ctx, out, when);
    }
    if (when != KR_SNAPSHOT_BEFORE)
        return;
    for (struct rdb_carried *c = rdb->carried; c; c = c->next) {
        kr_codec->code(out, RDB_FUNCTION2);
        kr_codec->write_string(out, kr_str(c->bytes, c->size));
    }
}

/* What is carried for a module that is away is what its command would load. */
void rdb_rewrite_parts(struct rdb *rdb, kr_writer *out, uint32_t when)
{
    for (struct rdb_part *part = rdb->parts; part; part = part->next)
        if (part->row->when & when && part->row->rewrite)
            part->row->rewrite(part->row->ctx, out, when);
    if (when != KR_SNAPSHOT_BEFORE)
        return;
    for (struct rdb_carried *c = rdb->carried; c; c = c->next) {
        struct kr_str argv[] = {KR_STR("FUNCTION"), KR_STR("LOAD"),
                                kr_str(c->bytes, c->size)};

        kr_codec->emit(out, KR_COUNT(argv), argv);
    }
}

/* --- Reading ------------------------------------------------------------- */

static bool part_refuse(kr_reader *in, const char *reason)
{
    kr_codec->refuse(in, reason);
    return false;
}

/* What to do with the record of a module that is not here.  ORDER: the same
 * question for values is answered by the codec. */
static bool part_load_unknown(struct rdb *rdb, kr_reader *in, const char *name)
{
    kr_logf(rdb->self, KR_LOG_WARNING,
            "The RDB file contains AUX module data I can't load: no matching "
            "module '%s'",
            name);
    return part_refuse(in, "data of a module that is not loaded");
}

/* What stands in front of the items. */
struct frame {
    char name[LETTERS + 1];
    uint32_t format;
    uint32_t when;
};

static bool part_read_frame(kr_reader *in, struct frame *frame)
{
    uint64_t id, tag, when, bits;

    *frame = (struct frame){0};
    if (!kr_codec->read_uint64(in, &id) || !kr_codec->read_uint64(in, &tag) ||
        !kr_codec->read_uint64(in, &when))
        return false;
    if (tag != RDB_TAG_UINT64)
        return part_refuse(in, "bad when_opcode");
    bits = id >> FORMAT_BITS;
    for (unsigned i = LETTERS; i-- > 0; bits >>= LETTER_BITS)
        frame->name[i] = letters[bits & ((1u << LETTER_BITS) - 1)];
    frame->format = (uint32_t)id & ((1u << FORMAT_BITS) - 1);
    frame->when = (uint32_t)when;
    return true;
}

static bool part_load_aux(struct rdb *rdb, kr_reader *in)
{
    struct frame frame;
    struct rdb_part *part;
    uint64_t end;
    bool fine;

    if (!part_read_frame(in, &frame))
        return false;
    part = part_find(rdb, KR_SNAPSHOT_AUX, frame.name);
    if (!part)
        return part_load_unknown(rdb, in, frame.name);
    kr_codec->tag_reader(in, true);
    fine = part->row->load(part->row->ctx, in, frame.format, frame.when);
    kr_codec->tag_reader(in, false);
    if (!fine)
        return part_refuse(in, "data that its module refuses");
    return kr_codec->read_uint64(in, &end) &&
           (end == 0 || part_refuse(in, "data with more items than its module "
                                        "reads"));
}

static bool part_carry(struct rdb *rdb, kr_reader *in)
{
    struct rdb_carried *carried;
    struct kr_str bytes;

    if (!kr_codec->read_string(in, &bytes))
        return false;
    carried = kr_memory->try_alloc(rdb->self, sizeof(*carried) + bytes.size);
    if (!carried)
        return part_refuse(in, "not enough memory for a library");
    carried->next = NULL;
    carried->size = bytes.size;
    if (bytes.size > 0)
        memcpy(carried->bytes, bytes.data, bytes.size);
    *rdb->carried_end = carried;
    rdb->carried_end = &carried->next;
    return true;
}

bool rdb_load_part(struct rdb *rdb, kr_reader *in, uint8_t opcode)
{
    struct rdb_part *part;

    if (opcode == RDB_MODULE_AUX)
        return part_load_aux(rdb, in);
    if (opcode == RDB_FUNCTION)
        return part_refuse(in, PRE_RELEASE);
    part = part_find(rdb, opcode, NULL);
    if (!part)
        return part_carry(rdb, in);
    return part->row->load(part->row->ctx, in, 0, KR_SNAPSHOT_BEFORE) ||
           part_refuse(in, "a library that its module refuses");
}

bool rdb_pass_part(kr_reader *in, uint8_t opcode, struct rdb_check *check)
{
    struct kr_str source;
    struct frame frame;

    if (opcode != RDB_MODULE_AUX) {
        check->stage = RDB_READS_FUNCTION;
        if (opcode == RDB_FUNCTION)
            return part_refuse(in, "Failed loading library, " PRE_RELEASE);
        return kr_codec->read_string(in, &source);
    }
    check->stage = RDB_READS_MODULE;
    if (!part_read_frame(in, &frame))
        return false;
    rdb_check_say(in, "MODULE AUX for: %s", frame.name);
    return kr_codec->skip(in);
}
