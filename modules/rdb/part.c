/* SPDX-License-Identifier: BSD-3-Clause */
/* part - records of a snapshot that are no keys: who writes and who reads them.
 *
 * A part of a module (opcode 247) is framed by its type's id, as values of
 * modules are:
 *
 *   247 | id: nine letters, 10 bits of format | 2 when | tagged items | 0
 *
 * Other opcodes write their records themselves.  A record whose module is not
 * here is carried along as its bytes, and given to it when it comes: a server that
 * was started without it must not lose it by saving. */
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

    while (part && (part->opcode != opcode ||
                    (file_name && strcmp(part->file_name, file_name) != 0)))
        part = part->next;
    return part;
}

static uint64_t part_id(const struct kr_snapshot_part *row)
{
    uint64_t id = 0;

    for (unsigned i = 0; i < LETTERS; i++)
        id = id << LETTER_BITS |
             (uint64_t)(strchr(letters, row->file_name[i]) - letters);
    return id << FORMAT_BITS | row->format;
}

/* --- Records of modules that are away ------------------------------------- */

static bool part_refuse(kr_reader *in, const char *reason)
{
    kr_codec->refuse(in, reason);
    return false;
}

/* Items as their module has written them, whichever format it had. */
/* Hand a record to who reads it, as the flags of a load say. */
static bool part_read(const struct kr_snapshot_part *row, kr_reader *in,
                      uint32_t format, uint32_t when, uint32_t flags)
{
    bool merges = flags & KR_SNAPSHOT_MERGE && row->replace;

    return (merges ? row->replace : row->load)(row->ctx, in, format, when);
}

static bool part_load_items(const struct kr_snapshot_part *row, kr_reader *in,
                            uint64_t id, uint32_t when, uint32_t flags)
{
    uint64_t end;
    bool fine;

    kr_codec->tag_reader(in, true);
    fine = part_read(row, in, (uint32_t)id & ((1u << FORMAT_BITS) - 1), when,
                     flags);
    kr_codec->tag_reader(in, false);
    if (!fine)
        return part_refuse(in, "data that its module refuses");
    return kr_codec->read_uint64(in, &end) &&
           (end == 0 || part_refuse(in, "data with more items than its module "
                                        "reads"));
}

static bool part_is_for(const struct rdb_carried *carried,
                        const struct kr_snapshot_part *row)
{
    return carried->opcode == row->opcode &&
           (row->opcode != KR_SNAPSHOT_AUX ||
            carried->id >> FORMAT_BITS == part_id(row) >> FORMAT_BITS);
}

/* false: the module refuses it, and it is carried on. */
static bool part_take(const struct kr_snapshot_part *row,
                      const struct rdb_carried *carried)
{
    kr_writer *out = kr_codec->new_writer(0);
    struct kr_str bytes = kr_str(carried->bytes, carried->size);
    kr_reader *in;
    bool taken;

    if (row->opcode == KR_SNAPSHOT_AUX)
        kr_codec->write_raw(out, bytes);
    else
        kr_codec->write_string(out, bytes);
    in = kr_codec->new_reader(kr_codec->writer_bytes(out), 0);
    taken = !kr_codec->writer_failed(out) &&
            (row->opcode == KR_SNAPSHOT_AUX
                 ? part_load_items(row, in, carried->id, carried->when, 0)
                 : part_read(row, in, 0, KR_SNAPSHOT_BEFORE, 0));
    kr_codec->free_reader(in);
    kr_codec->free_writer(out);
    return taken;
}

static const struct kr_snapshot_part *
part_wanted_by(const struct rdb *rdb, const struct rdb_carried *carried)
{
    const struct rdb_part *part = rdb->parts;

    while (part && !part_is_for(carried, part->row))
        part = part->next;
    return part ? part->row : NULL;
}

/* Each to its module, if that is here by now. */
static void part_give_carried(void *ctx)
{
    struct rdb *rdb = rdb_of_module();
    struct rdb_carried **link = &rdb->carried, *carried;

    (void)ctx;
    while ((carried = *link)) {
        const struct kr_snapshot_part *row = part_wanted_by(rdb, carried);

        if (row && part_take(row, carried)) {
            *link = carried->next;
            kr_memory->free(rdb->self, carried);
            continue;
        }
        if (row)
            kr_log->write(rdb->self, KR_LOG_WARNING,
                          KR_STR("What was carried for a module is refused by "
                                 "it and carried on"));
        link = &carried->next;
    }
    rdb->carried_end = link;
}

/* `as`: all but the bytes. */
static bool part_carry(struct rdb *rdb, kr_reader *in,
                       const struct rdb_carried *as, struct kr_str bytes)
{
    struct rdb_carried *carried =
        kr_memory->try_alloc(rdb->self, sizeof(*carried) + bytes.size);

    if (!carried)
        return part_refuse(in, "not enough memory for what a module has left");
    *carried = *as;
    carried->next = NULL;
    carried->size = bytes.size;
    if (bytes.size > 0)
        memcpy(carried->bytes, bytes.data, bytes.size);
    *rdb->carried_end = carried;
    rdb->carried_end = &carried->next;
    return true;
}

static void part_write_carried(const struct rdb_carried *carried,
                               kr_writer *out)
{
    struct kr_str bytes = kr_str(carried->bytes, carried->size);

    kr_codec->code(out, (uint8_t)carried->opcode);
    if (carried->opcode != KR_SNAPSHOT_AUX) {
        kr_codec->write_string(out, bytes);
        return;
    }
    kr_codec->write_uint64(out, carried->id);
    kr_codec->write_uint64(out, RDB_TAG_UINT64);
    kr_codec->write_uint64(out, carried->when);
    kr_codec->write_raw(out, bytes);
}

/* --- They come and go ----------------------------------------------------- */

void rdb_parts_settle(void *ctx)
{
    (void)ctx;
    for (struct rdb_part *p = rdb_of_module()->parts; p; p = p->next)
        p->renewed = false;
}

/* A version registers in its activate(), right before all are told of it. */
static void part_renew(struct rdb *rdb, struct rdb_part *part)
{
    part->renewed = true;
    kr_calls->later(rdb->self, rdb_parts_settle, NULL);
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
        part_renew(rdb, part);
        return KR_OK;
    }
    while (*end)
        end = &(*end)->next;
    part = kr_memory->alloc(rdb->self, sizeof(*part));
    *part = (struct rdb_part){.row = row, .opcode = row->opcode};
    snprintf(part->module, sizeof(part->module), "%s", info.name);
    if (row->opcode == KR_SNAPSHOT_AUX)
        snprintf(part->file_name, sizeof(part->file_name), "%s",
                 row->file_name);
    *end = part;
    part_renew(rdb, part);
    /* Not before the module is ready: it may have registered the part first. */
    if (rdb->carried)
        kr_calls->later(rdb->self, part_give_carried, NULL);
    return KR_OK;
}

/* `old`: only those that have not been registered just now. */
static void parts_drop(struct rdb *rdb, const struct kr_str *module, bool old)
{
    struct rdb_part **link = &rdb->parts, *part;

    while ((part = *link)) {
        if ((module && !kr_str_equal(*module, kr_cstr(part->module))) ||
            (old && part->renewed)) {
            link = &part->next;
            continue;
        }
        *link = part->next;
        kr_memory->free(rdb->self, part);
    }
}

void rdb_renew_parts(struct rdb *rdb, struct kr_str module)
{
    parts_drop(rdb, &module, true);
}

void rdb_forget_parts(struct rdb *rdb, const struct kr_str *module)
{
    parts_drop(rdb, module, false);
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
    for (struct rdb_carried *c = rdb->carried; c; c = c->next)
        if (c->when & when)
            part_write_carried(c, out);
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

        if (c->opcode == KR_SNAPSHOT_FUNCTION)
            kr_codec->emit(out, KR_COUNT(argv), argv);
    }
}

/* --- Reading ------------------------------------------------------------- */

/* What stands in front of the items. */
struct frame {
    char name[LETTERS + 1];
    uint64_t id;
    uint32_t when;
};

static bool part_read_frame(kr_reader *in, struct frame *frame)
{
    uint64_t tag, when, bits;

    *frame = (struct frame){.when = 0};
    if (!kr_codec->read_uint64(in, &frame->id) ||
        !kr_codec->read_uint64(in, &tag) || !kr_codec->read_uint64(in, &when))
        return false;
    if (tag != RDB_TAG_UINT64)
        return part_refuse(in, "bad when_opcode");
    bits = frame->id >> FORMAT_BITS;
    for (unsigned i = LETTERS; i-- > 0; bits >>= LETTER_BITS)
        frame->name[i] = letters[bits & ((1u << LETTER_BITS) - 1)];
    frame->when = (uint32_t)when;
    return true;
}

static bool part_carry_items(struct rdb *rdb, kr_reader *in,
                             const struct frame *frame)
{
    struct rdb_carried as = {.opcode = KR_SNAPSHOT_AUX,
                             .when = frame->when & KR_SNAPSHOT_AFTER
                                         ? KR_SNAPSHOT_AFTER
                                         : KR_SNAPSHOT_BEFORE,
                             .id = frame->id};
    struct kr_str bytes;

    return kr_codec->skip_bytes(in, &bytes) && part_carry(rdb, in, &as, bytes);
}

static bool part_load_unknown(struct rdb *rdb, kr_reader *in,
                              const struct frame *frame)
{
    if (!rdb_settings.carry) {
        kr_logf(rdb->self, KR_LOG_WARNING,
                "The RDB file contains AUX module data I can't load: no "
                "matching module '%s'",
                frame->name);
        return part_refuse(in, "data of a module that is not loaded");
    }
    kr_logf(rdb->self, KR_LOG_NOTICE,
            "The module of '%s' is not loaded: its data are kept for it",
            frame->name);
    return part_carry_items(rdb, in, frame);
}

static bool part_load_aux(struct rdb *rdb, kr_reader *in, uint32_t flags)
{
    struct frame frame;
    struct rdb_part *part;

    if (!part_read_frame(in, &frame))
        return false;
    part = part_find(rdb, KR_SNAPSHOT_AUX, frame.name);
    return part ? part_load_items(part->row, in, frame.id, frame.when, flags)
                : part_load_unknown(rdb, in, &frame);
}

static bool part_carry_library(struct rdb *rdb, kr_reader *in)
{
    static const struct rdb_carried as = {.opcode = KR_SNAPSHOT_FUNCTION,
                                          .when = KR_SNAPSHOT_BEFORE};
    struct kr_str source;

    return kr_codec->read_string(in, &source) &&
           part_carry(rdb, in, &as, source);
}

static bool part_load_library(struct rdb *rdb, kr_reader *in, uint32_t flags)
{
    struct rdb_part *part = part_find(rdb, KR_SNAPSHOT_FUNCTION, NULL);

    if (!part)
        return part_carry_library(rdb, in);
    return part_read(part->row, in, 0, KR_SNAPSHOT_BEFORE, flags) ||
           part_refuse(in, "a library that its module refuses");
}

bool rdb_load_part(struct rdb *rdb, kr_reader *in, uint8_t opcode,
                   uint32_t flags)
{
    if (opcode == RDB_MODULE_AUX)
        return part_load_aux(rdb, in, flags);
    if (opcode == RDB_FUNCTION)
        return part_refuse(in, PRE_RELEASE);
    return part_load_library(rdb, in, flags);
}

/* --- Leaving ------------------------------------------------------------- */

/* What the part would save is what its module will read. */
static bool part_leave_libraries(struct rdb *rdb, kr_writer *out,
                                 const struct kr_snapshot_part *row)
{
    kr_reader *in;
    bool fine = true;
    uint8_t code;

    row->save(row->ctx, out, KR_SNAPSHOT_BEFORE);
    in = kr_codec->new_reader(kr_codec->writer_bytes(out), 0);
    while (fine && kr_codec->reader_left(in) > 0)
        fine = kr_codec->read_raw(in, &code, 1) && code == RDB_FUNCTION2 &&
               part_carry_library(rdb, in);
    kr_codec->free_reader(in);
    return fine;
}

static bool part_leave_aux(struct rdb *rdb, kr_writer *out,
                           const struct kr_snapshot_part *row, uint32_t when)
{
    struct frame frame;
    kr_reader *in;
    bool fine = true;
    uint8_t code;

    part_write_aux(row, out, when);
    in = kr_codec->new_reader(kr_codec->writer_bytes(out), 0);
    if (kr_codec->reader_left(in) > 0)
        fine = kr_codec->read_raw(in, &code, 1) &&
               part_read_frame(in, &frame) && part_carry_items(rdb, in, &frame);
    kr_codec->free_reader(in);
    return fine;
}

static void part_leave(struct rdb *rdb, const struct kr_snapshot_part *row,
                       uint32_t when)
{
    kr_writer *out = kr_codec->new_writer(0);
    bool fine = row->opcode == KR_SNAPSHOT_AUX
                    ? part_leave_aux(rdb, out, row, when)
                    : part_leave_libraries(rdb, out, row);

    if (!fine || kr_codec->writer_failed(out))
        kr_log->write(rdb->self, KR_LOG_WARNING,
                      KR_STR("Not all that a module leaves behind could be "
                             "kept"));
    kr_codec->free_writer(out);
}

void rdb_leave_parts(kr_module *self)
{
    static const uint32_t both[] = {KR_SNAPSHOT_BEFORE, KR_SNAPSHOT_AFTER};
    struct rdb *rdb = rdb_of_module();
    struct kr_module_info info = {.size = sizeof(info)};
    struct kr_str name;

    kr_modules->info(self, &info);
    name = kr_cstr(info.name);
    for (const struct rdb_part *part = rdb->parts; part; part = part->next)
        for (size_t i = 0; i < KR_COUNT(both); i++)
            if (part->row->when & both[i] &&
                kr_str_equal(name, kr_cstr(part->module)))
                part_leave(rdb, part->row, both[i]);
    rdb_forget_parts(rdb, &name);
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
