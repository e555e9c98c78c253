/* SPDX-License-Identifier: BSD-3-Clause */
/* adapt - values in another form than their module wants.
 *
 * There are three cases, and one rule: a value is adapted when it is touched,
 * or by a walk in small steps, and nobody sees one that is not.
 *
 *   another layout    the new version of a module does not understand the
 *                     values of the old one:  old save() -> new load()
 *   no module         it has been unloaded:   save() -> sealed bytes
 *   a module again    it has been loaded:     sealed bytes -> load()
 *
 * What says so is in the entry and its slot, see type_suits(): values of another
 * layout have the other parity than their slot, so all of them change by
 * changing one bit of the slot.  Sealed values have a slot of their own, beside
 * that of their type and of the same name.
 *
 * A sealed value is what DUMP would give, without its end:
 *
 *   +------+------------------------+       inline up to KR_INLINE_MAX bytes,
 *   | code | the rest               |       in a box behind its size above
 *   +------+------------------------+
 *
 * When bytes cannot be loaded, which a trial before the upgrade has made
 * unlikely, nothing is lost: the value stands sealed, and is marked so that
 * nobody tries again.
 *
 * Costs: a test of one word for each look-up while all is settled; converting
 * costs a save and a load. */
#include "core/keyspace/adapt.h"

#include <assert.h>

#include "core/clock/clock.h"
#include "core/keyspace/digest.h"
#include "core/keyspace/stored.h"
#include "core/log/log.h"
#include "core/memory/memory.h"

#define ADAPT_STEPS 8 /* cells between two looks at the clock */

/* --- Sealed values ------------------------------------------------------- */

static struct kr_str sealed_bytes(const struct kr_peek *value)
{
    const struct sealed *box;

    if (!value->boxed)
        return kr_str(value->data, value->length);
    memcpy(&box, value->data, sizeof(box));
    return kr_str(box->bytes, box->size);
}

static struct sealed *sealed_box(struct kr_str bytes)
{
    struct sealed *box = memory_alloc(sizeof(*box) + bytes.size);

    box->size = bytes.size;
    memcpy(box->bytes, bytes.data, bytes.size);
    return box;
}

void sealed_make(struct kr_str bytes, struct kr_value *out)
{
    *out = (struct kr_value){.size = sizeof(*out)};
    out->boxed = bytes.size > KR_INLINE_MAX;
    if (out->boxed)
        out->box = sealed_box(bytes);
    else
        out->bytes = bytes;
}

static size_t sealed_memory(const struct kr_peek *value, size_t samples)
{
    void *box;

    (void)samples;
    memcpy(&box, value->data, sizeof(box));
    return memory_usable(box);
}

static bool sealed_copy(const struct kr_peek *value, struct kr_value *out)
{
    out->boxed = true;
    out->meta = 0;
    out->box = sealed_box(sealed_bytes(value));
    return true;
}

static const char *sealed_encoding(const struct kr_peek *value)
{
    (void)value;
    return "sealed";
}

static void sealed_digest(const struct kr_peek *value, kr_digest *digest)
{
    digest_mix(digest, sealed_bytes(value));
}

static void sealed_save(const struct kr_peek *value, kr_writer *out)
{
    struct kr_str bytes = sealed_bytes(value);

    stored_write_code(out, (uint8_t)bytes.data[0]);
    codec_write_raw(out, kr_str(bytes.data + 1, bytes.size - 1));
}

/* It writes its own code, whatever that is. */
static const uint8_t sealed_codes[1];

const struct kr_type sealed_type = {
    .size = sizeof(struct kr_type),
    .codes = sealed_codes,
    .code_count = 1,
    .free = memory_free,
    .memory = sealed_memory,
    .copy = sealed_copy,
    .encoding = sealed_encoding,
    .digest = sealed_digest,
    .save = sealed_save,
};

/* --- One value ----------------------------------------------------------- */

/* Put `value` in the place of what the entry holds, which has been taken care
 * of. */
static struct entry *adapt_place(kr_db *db, uint64_t hash, struct entry *e,
                                 uint16_t type, const struct kr_value *value)
{
    struct entry_form form = {
        .flags = (e->head & (ENTRY_EXPIRES | ENTRY_FAR | ENTRY_MARK)) |
                 type_entry_flags(type) | (value->boxed ? ENTRY_BOXED : 0),
        .length = value->boxed ? 0 : (uint32_t)value->bytes.size,
        .type = type,
        .meta = value->meta,
    };
    struct table_place at;
    struct entry *fresh;

    if (entry_type(e) != type)
        db_retype(db, entry_type(e), type);
    db_place(db, hash, e, &at);
    fresh = entry_renew(e, &form);
    if (fresh != e)
        table_replace(&at, fresh);
    if (value->boxed)
        memcpy(entry_payload(fresh), &value->box, sizeof(value->box));
    else if (value->bytes.size != 0)
        memcpy(entry_payload(fresh), value->bytes.data, value->bytes.size);
    return fresh;
}

/* Free the box of a value that has been saved. */
static void adapt_free(struct entry *e, const struct kr_type *type)
{
    void *box = entry_boxed(e) ? entry_box(e) : NULL;

    if (box != NULL && type->free != NULL)
        type->free(box);
}

/* Load what save() has written.  `in` keeps the bytes of a small value. */
static bool adapt_load(kr_reader *in, const struct kr_type *type,
                       struct kr_value *value)
{
    uint8_t code;

    *value = (struct kr_value){.size = sizeof(*value)};
    return stored_read_code(in, &code) &&
           stored_read_typed(in, type, code, value) && in->at == in->bytes.size;
}

static void adapt_drop(const struct kr_type *type, struct kr_value *value)
{
    if (value->boxed && value->box != NULL && type->free != NULL)
        type->free(value->box);
}

static bool adapt_save(const struct entry *e, const struct kr_type *type,
                       kr_writer *out)
{
    struct kr_peek peek = entry_peek(e);

    codec_writer_init(out, KR_CODEC_COMPRESS);
    return stored_write_typed(out, type, &peek, NULL) && !out->failed;
}

const char *adapt_try(const kr_db *db, const struct entry *e,
                      const struct kr_type *old, const struct kr_type *new)
{
    struct kr_subject subject = KR_SUBJECT(entry_key(e), db->index);
    const char *why = NULL;
    struct kr_value value;
    kr_writer out;
    kr_reader in;

    type_about(&subject);
    if (!adapt_save(e, old, &out)) {
        type_about(NULL);
        codec_writer_fini(&out);
        return "the old version cannot save it";
    }
    codec_reader_init(&in, kr_str(out.data, out.size), 0);
    if (adapt_load(&in, new, &value))
        adapt_drop(new, &value);
    else
        why = in.error ? in.error : "it is longer than what is loaded of it";
    type_about(NULL);
    codec_reader_fini(&in);
    codec_writer_fini(&out);
    return why;
}

static struct entry *adapt_seal(kr_db *db, uint64_t hash, struct entry *e,
                                const struct kr_type *type, bool odd)
{
    uint16_t slot = type_sealed(entry_type(e));
    struct kr_value value;
    kr_writer out;

    if (slot == 0 || !adapt_save(e, type, &out)) {
        /* No memory: try again another time. */
        if (slot != 0)
            codec_writer_fini(&out);
        return e;
    }
    sealed_make(kr_str(out.data, out.size), &value);
    adapt_free(e, type);
    e = adapt_place(db, hash, e, slot, &value);
    if (odd)
        e->head |= ENTRY_PARITY;
    codec_writer_fini(&out);
    return e;
}

static struct entry *adapt_convert(kr_db *db, uint64_t hash, struct entry *e,
                                   const struct kr_type *old,
                                   const struct kr_type *new)
{
    struct kr_value value;
    kr_writer out;
    kr_reader in;
    bool good = adapt_save(e, old, &out);

    codec_reader_init(&in, kr_str(out.data, good ? out.size : 0), 0);
    good = good && adapt_load(&in, new, &value);
    if (good) {
        adapt_free(e, old);
        e = adapt_place(db, hash, e, entry_type(e), &value);
    } else {
        log_warning("keyspace: a value of type '%s' cannot be converted and "
                    "stays sealed: %s",
                    new->name, in.error ? in.error : "it cannot be saved");
    }
    codec_reader_fini(&in);
    codec_writer_fini(&out);
    return good ? e : adapt_seal(db, hash, e, old, true);
}

static struct entry *adapt_open(kr_db *db, uint64_t hash, struct entry *e)
{
    uint16_t home = type_home(entry_type(e));
    const struct kr_type *type = type_at(home);
    struct kr_peek peek = entry_peek(e);
    struct kr_value value;
    kr_reader in;

    /* They may have come by RESTORE, and nobody has looked at them yet. */
    codec_reader_init(&in, sealed_bytes(&peek), KR_CODEC_DEEP);
    if (adapt_load(&in, type, &value)) {
        void *box = entry_boxed(e) ? entry_box(e) : NULL;

        /* The bytes that it was made of may be those of the entry. */
        if (!value.boxed && value.bytes.size <= sizeof(value.room)) {
            memmove(value.room, value.bytes.data, value.bytes.size);
            value.bytes.data = (const char *)value.room;
        } else if (!value.boxed && box == NULL) {
            box = memory_strndup(value.bytes.data, value.bytes.size);
            value.bytes.data = box;
        }
        e = adapt_place(db, hash, e, home, &value);
        memory_free(box);
        db_link_value(db, e);
    } else {
        log_warning("keyspace: a sealed value of type '%s' is refused by its "
                    "module and stays sealed: %s",
                    type->name, in.error ? in.error : "it has a longer form");
        e->head |= ENTRY_PARITY;
    }
    codec_reader_fini(&in);
    return e;
}

/* Whoever looks a key up may be at work on another one. */
struct entry *adapt(kr_db *db, uint64_t hash, struct entry *e)
{
    const struct kr_subject *outer = type_subject();
    struct kr_subject subject = KR_SUBJECT(entry_key(e), db->index);
    const struct kr_type *type = type_of_entry(e);
    uint8_t traits = type_traits[entry_type(e)];

    type_about(&subject);
    if (traits & TYPE_SEALED)
        e = adapt_open(db, hash, e);
    else if (traits & TYPE_LEAVES)
        e = adapt_seal(db, hash, e, type, false);
    else
        e = adapt_convert(db, hash, e, type, type_at(entry_type(e)));
    type_about(outer);
    return e;
}

/* The module's unlink() understands values of its own layout only. */
void adapt_unlink(kr_db *db, struct entry *e)
{
    const struct kr_type *type = type_at(entry_type(e));
    struct kr_value value;
    kr_writer out;
    kr_reader in;

    if (type == NULL || type->unlink == NULL)
        return;
    if (adapt_save(e, type_of_entry(e), &out)) {
        codec_reader_init(&in, kr_str(out.data, out.size), 0);
        if (adapt_load(&in, type, &value)) {
            struct kr_peek peek = {
                .data = value.boxed ? (void *)&value.box
                                    : (void *)(uintptr_t)value.bytes.data,
                .length = value.boxed ? 0 : (uint32_t)value.bytes.size,
                .meta = value.meta,
                .boxed = value.boxed,
            };

            type->unlink(&peek, db->index, entry_key(e));
            adapt_drop(type, &value);
        }
        codec_reader_fini(&in);
    }
    codec_writer_fini(&out);
}

/* --- All values ---------------------------------------------------------- */

struct adapt_visitor {
    kr_db *db;
    void (*visit)(kr_db *db, struct entry *e, void *ctx);
    void *ctx;
};

static void adapt_visit_entry(void *entry, void *ctx)
{
    const struct adapt_visitor *v = ctx;

    v->visit(v->db, entry, v->ctx);
}

bool adapt_walk_step(struct adapt_walk *walk, int64_t budget_us,
                     void (*visit)(kr_db *db, struct entry *e, void *ctx),
                     void *ctx)
{
    int64_t end_ns = clock_monotonic_ns() + budget_us * 1000;
    uint64_t steps = 0;

    if (walk->swaps != keyspace.swaps)
        *walk = (struct adapt_walk){.swaps = keyspace.swaps};
    while (walk->db < keyspace.count) {
        kr_db *db = &keyspace.dbs[walk->db];
        struct adapt_visitor v = {db, visit, ctx};

        walk->cursor =
            table_scan(&db->table, walk->cursor, adapt_visit_entry, &v);
        if (walk->cursor == 0)
            walk->db++;
        if (++steps % ADAPT_STEPS == 0 && clock_monotonic_ns() >= end_ns)
            break;
    }
    return walk->db >= keyspace.count;
}

void adapt_visit(kr_db *db, struct entry *e, void *ctx)
{
    (void)ctx;
    if (!type_suits(e))
        (void)adapt(db, keyspace_hash(entry_key(e)), e);
}
