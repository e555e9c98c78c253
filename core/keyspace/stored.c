/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/keyspace/stored.h"

#include "core/keyspace/adapt.h"
#include "core/keyspace/type.h"
#include "core/memory/memory.h"

#define CODE_MODULE_TYPE 7u
#define FORMAT_BITS      10u
#define LETTER_BITS      6u
#define LETTERS          9u

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "abcdefghijklmnopqrstuvwxyz"
                              "0123456789-_";

/* --- Ids ----------------------------------------------------------------- */

/* false: no nine letters of those, or a version that is too high. */
static bool value_id(const struct kr_type *type, uint64_t *id)
{
    const char *name = type->file_name;

    if (!name || strlen(name) != LETTERS || type->format >> FORMAT_BITS)
        return false;
    *id = 0;
    for (unsigned i = 0; i < LETTERS; i++) {
        const char *letter = strchr(letters, name[i]);

        if (!letter)
            return false;
        *id = *id << LETTER_BITS | (uint64_t)(letter - letters);
    }
    *id = *id << FORMAT_BITS | type->format;
    return true;
}

static void value_file_name(uint64_t id, char name[LETTERS + 1])
{
    id >>= FORMAT_BITS;
    for (unsigned i = LETTERS; i-- > 0; id >>= LETTER_BITS)
        name[i] = letters[id & ((1u << LETTER_BITS) - 1)];
    name[LETTERS] = '\0';
}

/* --- Writing ------------------------------------------------------------- */

void stored_write_code(kr_writer *out, uint8_t code)
{
    const struct kr_str *key = out->key;

    codec_write_byte(out, code);
    out->key = NULL;
    if (key)
        codec_write_string(out, *key);
}

bool stored_write(kr_writer *out, uint16_t slot, const struct kr_peek *value,
                  const struct kr_str *key)
{
    return stored_write_typed(out, type_at(slot), value, key);
}

bool stored_write_typed(kr_writer *out, const struct kr_type *type,
                        const struct kr_peek *value, const struct kr_str *key)
{
    uint32_t flags = out->flags;
    uint64_t id;

    if (!type || !type->save || type->flags & KR_TYPE_VOLATILE)
        return false;
    out->key = key;
    if (!type->file_name && type->code_count > 0) {
        type->save(value, out); /* which says its code */
        out->key = NULL;
        return true;
    }
    if (!value_id(type, &id))
        return false;
    stored_write_code(out, CODE_MODULE_TYPE);
    codec_write_length(out, id);
    out->flags |= KR_CODEC_TAGGED;
    type->save(value, out);
    out->flags = flags;
    codec_write_length(out, CODEC_TAG_EOF);
    return true;
}

/* --- Reading ------------------------------------------------------------- */

static bool value_refuse(kr_reader *in, const char *reason)
{
    codec_refuse(in, reason);
    return false;
}

static bool value_load(kr_reader *in, const struct kr_type *type, uint32_t code,
                       uint32_t format, struct kr_value *value)
{
    if (!type || !(type->load || type->load_as))
        return value_refuse(in, "a value of a type that is not loaded");
    if (!(type->load_as ? type->load_as(type->ctx, in, code, format, value)
                        : type->load(in, code, format, value)))
        return value_refuse(in, "a value that its type refuses");
    return true;
}

/* The value has been read and the end of its items is wanted. */
static bool value_read_end(kr_reader *in, const struct kr_type *type,
                           struct kr_value *value)
{
    uint64_t tag;

    in->flags &= ~KR_CODEC_TAGGED;
    if (codec_read_uint64(in, &tag) && tag == CODEC_TAG_EOF)
        return true;
    if (value->boxed && type->free)
        type->free(value->box);
    return value_refuse(in, "a value with more items than its type reads");
}

static bool value_read_tagged(kr_reader *in, const struct kr_type *type,
                              uint64_t id, struct kr_value *value)
{
    uint32_t flags = in->flags;
    bool fine;

    in->flags |= KR_CODEC_TAGGED;
    fine = value_load(in, type, CODE_MODULE_TYPE,
                      (uint32_t)id & ((1u << FORMAT_BITS) - 1), value) &&
           value_read_end(in, type, value);
    in->flags = flags;
    return fine;
}

/* Make a sealed value of what has been kept. */
static bool value_seal(kr_reader *in, uint8_t code, struct kr_value *value)
{
    size_t from = in->keep, size = in->at - from;
    char *bytes = memory_try_alloc(size + 1);

    if (!bytes)
        return value_refuse(in, "no memory for a value that is not known");
    bytes[0] = (char)code;
    memcpy(bytes + 1, in->bytes.data + from, size);
    sealed_make(kr_str(bytes, size + 1), value);
    if (!value->boxed) {
        char *room = codec_read_room(in, size + 1);

        if (room)
            memcpy(room, bytes, size + 1);
        value->bytes.data = room;
    }
    memory_free(bytes);
    return value->boxed || value->bytes.data;
}

/* Nobody knows the type: the value is carried along as it is.  Its id has been
 * read, and is kept. */
static bool value_read_sealed(kr_reader *in, struct kr_str name, uint16_t *slot,
                              struct kr_value *value)
{
    bool fine;

    *slot = type_sealed_by_file_name(name);
    if (*slot == 0)
        return value_refuse(in, "there are too many types");
    fine = codec_skip_tagged(in) && value_seal(in, CODE_MODULE_TYPE, value);
    codec_let_go(in);
    return fine;
}

/* A type with codes of its own: the value ends where such values end; or, of a
 * form that only its module knows, with the bytes if nothing is behind it.
 * Whether it is sound is found out when the module opens it. */
static bool value_read_bare_sealed(kr_reader *in, uint8_t code, uint16_t *slot,
                                   struct kr_value *value)
{
    bool known = codec_knows_end(code), fine = true;

    *slot = known || in->flags & KR_CODEC_WHOLE
                ? type_sealed_by_code(code, known)
                : 0;
    if (*slot == 0 || (!known && in->at == in->bytes.size))
        return value_refuse(in, "a value of a type that is not loaded");
    codec_keep(in);
    if (known)
        fine = codec_skip_bare(in, code);
    else
        in->at = in->bytes.size;
    fine = fine && value_seal(in, code, value);
    codec_let_go(in);
    return fine;
}

static bool value_read_module_type(kr_reader *in, uint16_t *slot,
                                   struct kr_value *value)
{
    char name[LETTERS + 1];
    uint64_t id;

    codec_keep(in);
    if (!codec_read_uint64(in, &id))
        return false;
    value_file_name(id, name);
    *slot = type_by_file_name(kr_str(name, LETTERS));
    if (!type_at(*slot))
        return value_read_sealed(in, kr_str(name, LETTERS), slot, value);
    codec_let_go(in);
    return value_read_tagged(in, type_at(*slot), id, value);
}

bool stored_read_code(kr_reader *in, uint8_t *code)
{
    return codec_read_byte(in, code);
}

bool stored_read(kr_reader *in, uint8_t code, uint16_t *slot,
                 struct kr_value *value)
{
    if (code == CODE_MODULE_TYPE)
        return value_read_module_type(in, slot, value);
    *slot = type_by_code(code);
    if (*slot == 0)
        return value_read_bare_sealed(in, code, slot, value);
    return value_load(in, type_at(*slot), code, 0, value);
}

bool stored_read_typed(kr_reader *in, const struct kr_type *type, uint8_t code,
                       struct kr_value *value)
{
    uint64_t id;

    if (code != CODE_MODULE_TYPE)
        return value_load(in, type, code, 0, value);
    return codec_read_uint64(in, &id) && value_read_tagged(in, type, id, value);
}
