/* SPDX-License-Identifier: BSD-3-Clause */
/* type - registering the types of guests, and their values in keys. */
#include "type.h"
#include "denied.h"

#include "key.h"
#include "text.h"

#include <stdatomic.h>
#include <stdio.h>

struct guest_value {
    struct RedisModuleType *type;
    void *value;
};

/* Whose value it is, as far as the host tells; else an empty name, and database
 * -1. */
struct RedisModuleKeyOptCtx {
    RedisModuleString *from, *to;
    int from_db, to_db;
};

struct RedisModuleDigest {
    RedisModuleString *key;
    int db;
    kr_digest *digest; /* of the sequences so far, in no order */
    bool open;         /* within a sequence */
};

static struct guest_value *value_of(const struct kr_peek *peek)
{
    struct guest_value *box;

    memcpy(&box, peek->data, sizeof(box));
    return box;
}

static struct guest_value *value_new(struct RedisModuleType *type, void *value)
{
    struct guest_value *box = kr_memory->alloc(redisabi_self, sizeof(*box));

    box->type = type;
    box->value = value;
    atomic_fetch_add(&type->guest->values, 1);
    return box;
}

static struct RedisModuleKeyOptCtx opt_begin(const struct kr_subject *subject)
{
    static const struct kr_subject nobody = {.db = -1, .to_db = -1};

    if (!subject)
        subject = &nobody;
    return (struct RedisModuleKeyOptCtx){.from = text_new(subject->key),
                                         .to = text_new(subject->to_key),
                                         .from_db = subject->db,
                                         .to_db = subject->to_db};
}

static void opt_end(struct RedisModuleKeyOptCtx *opt)
{
    text_release(opt->from);
    text_release(opt->to);
}

const RedisModuleString *rm_GetKeyNameFromOptCtx(RedisModuleKeyOptCtx *key)
{
    return key->from;
}

const RedisModuleString *rm_GetToKeyNameFromOptCtx(RedisModuleKeyOptCtx *key)
{
    return key->to;
}

int rm_GetDbIdFromOptCtx(RedisModuleKeyOptCtx *key)
{
    return key->from_db;
}

int rm_GetToDbIdFromOptCtx(RedisModuleKeyOptCtx *key)
{
    return key->to_db;
}

/* --- What the host asks of a value ---------------------------------------- */

static void type_free(void *given)
{
    struct guest_value *box = given;
    struct guest *guest = box->type->guest;

    if (box->type->methods.free)
        box->type->methods.free(box->value);
    kr_memory->free(redisabi_self, box);
    atomic_fetch_sub(&guest->values, 1);
}

/* Freed on this thread, whatever its size: guests need not be prepared for
 * another one, unless they say how much work it is. */
static size_t type_effort(const struct kr_peek *peek)
{
    const struct guest_value *box = value_of(peek);
    const struct RedisModuleTypeMethods *methods = &box->type->methods;
    struct RedisModuleKeyOptCtx opt;
    size_t effort;

    if (!methods->free_effort && !methods->free_effort2)
        return 1;
    opt = opt_begin(kr_types->subject());
    effort = methods->free_effort2 ? methods->free_effort2(&opt, box->value)
                                   : methods->free_effort(opt.from, box->value);
    opt_end(&opt);
    return effort ? effort : SIZE_MAX; /* 0: always on another thread */
}

static size_t type_memory(const struct kr_peek *peek, size_t samples)
{
    const struct guest_value *box = value_of(peek);
    const struct RedisModuleTypeMethods *methods = &box->type->methods;
    struct RedisModuleKeyOptCtx opt;
    size_t size;

    if (!methods->mem_usage2)
        return methods->mem_usage ? methods->mem_usage(box->value) : 0;
    opt = opt_begin(kr_types->subject());
    size = methods->mem_usage2(&opt, box->value, samples ? samples : INT64_MAX);
    opt_end(&opt);
    return size;
}

static bool type_copy(const struct kr_peek *peek, struct kr_value *out)
{
    const struct guest_value *box = value_of(peek);
    const struct RedisModuleTypeMethods *methods = &box->type->methods;
    struct RedisModuleKeyOptCtx opt;
    void *copy = NULL;

    opt = opt_begin(kr_types->subject());
    if (methods->copy2)
        copy = methods->copy2(&opt, box->value);
    else if (methods->copy)
        copy = methods->copy(opt.from, opt.to, box->value);
    opt_end(&opt);
    if (!copy)
        return false;
    out->boxed = true;
    out->box = value_new(box->type, copy);
    return true;
}

static const char *type_encoding(const struct kr_peek *peek)
{
    (void)peek;
    return "raw";
}

static void type_unlink(const struct kr_peek *peek, int32_t db,
                        struct kr_str key)
{
    const struct guest_value *box = value_of(peek);
    struct kr_subject subject = KR_SUBJECT(key, db);
    struct RedisModuleKeyOptCtx opt = opt_begin(&subject);

    if (box->type->methods.unlink2)
        box->type->methods.unlink2(&opt, box->value);
    else if (box->type->methods.unlink)
        box->type->methods.unlink(opt.from, box->value);
    opt_end(&opt);
}

static void type_digest(const struct kr_peek *peek, kr_digest *digest)
{
    const struct guest_value *box = value_of(peek);
    const struct kr_subject *subject = kr_types->subject();
    RedisModuleDigest ours = {.key =
                                  text_new(subject ? subject->key : KR_STR("")),
                              .db = subject ? subject->db : -1,
                              .digest = kr_codec->digest_new()};
    uint8_t bytes[KR_DIGEST_SIZE];

    if (box->type->methods.digest) {
        box->type->methods.digest(&ours, box->value);
        if (ours.open)
            kr_codec->digest_end(ours.digest);
        kr_codec->digest_read(ours.digest, bytes);
        kr_codec->digest_add(digest, kr_str((char *)bytes, sizeof(bytes)));
    }
    kr_codec->digest_free(ours.digest);
    text_release(ours.key);
}

static void type_save(const struct kr_peek *peek, kr_writer *out)
{
    const struct guest_value *box = value_of(peek);
    RedisModuleIO io = {.writer = out, .guest = box->type->guest};

    box->type->methods.rdb_save(&io, box->value);
    io_end(&io);
}

static void *type_read(struct RedisModuleType *type, kr_reader *in,
                       uint32_t format)
{
    RedisModuleIO io = {.reader = in, .guest = type->guest};
    void *value = type->methods.rdb_load(&io, (int)format);

    io_end(&io);
    if (value && io.failed) {
        type->methods.free(value);
        value = NULL;
    }
    return value;
}

static bool type_load(void *ctx, kr_reader *in, uint32_t code, uint32_t format,
                      struct kr_value *out)
{
    void *value = type_read(ctx, in, format);

    (void)code;
    if (!value)
        return false;
    out->boxed = true;
    out->box = value_new(ctx, value);
    return true;
}

static void type_rewrite(const struct kr_peek *peek, struct kr_str key,
                         kr_writer *out)
{
    const struct guest_value *box = value_of(peek);
    RedisModuleIO io = {.writer = out, .guest = box->type->guest};
    RedisModuleString *name = text_new(key);

    box->type->methods.aof_rewrite(&io, name, box->value);
    io_end(&io);
    text_release(name);
}

/* --- Beside the values ---------------------------------------------------- */

/* There is a record only if something is written, as aux_save2 wants it. */
static void aux_save(void *ctx, kr_writer *out, uint32_t when)
{
    struct RedisModuleType *type = ctx;
    RedisModuleIO io = {.writer = out, .guest = type->guest};

    if (type->methods.aux_save2)
        type->methods.aux_save2(&io, (int)when);
    else
        type->methods.aux_save(&io, (int)when);
    io_end(&io);
}

static bool aux_load(void *ctx, kr_reader *in, uint32_t format, uint32_t when)
{
    struct RedisModuleType *type = ctx;
    RedisModuleIO io = {.reader = in, .guest = type->guest};
    int result = type->methods.aux_load(&io, (int)format, (int)when);

    io_end(&io);
    return result == REDISMODULE_OK && !io.failed;
}

static void aux_give(struct RedisModuleType *type)
{
    if (kr_snapshot &&
        kr_snapshot->part(type->guest->self, &type->aux) != KR_OK)
        kr_logf(type->guest->self, KR_LOG_WARNING,
                "what type '%s' keeps beside its values is not saved: another "
                "module has that name",
                type->name);
}

/* Who keeps snapshots has come, perhaps again. */
static void aux_wanted(void *ctx, const void *payload)
{
    (void)payload;
    aux_give(ctx);
}

static void aux_describe(struct RedisModuleType *type)
{
    const struct RedisModuleTypeMethods *methods = &type->methods;
    uint32_t when = (uint32_t)methods->aux_save_triggers &
                    (KR_SNAPSHOT_BEFORE | KR_SNAPSHOT_AFTER);

    if (!(methods->aux_save || methods->aux_save2) || !methods->aux_load ||
        when == 0)
        return;
    type->aux = (struct kr_snapshot_part){.size = sizeof(type->aux),
                                          .opcode = KR_SNAPSHOT_AUX,
                                          .file_name = type->name,
                                          .format = type->row.format,
                                          .when = when,
                                          .save = aux_save,
                                          .load = aux_load,
                                          .ctx = type};
}

void types_begin(struct guest *guest)
{
    for (struct RedisModuleType *t = guest->types; t; t = t->next) {
        if (t->aux.when == 0)
            continue;
        kr_events->await(guest->self, KR_EVENT_SNAPSHOT_PARTS, aux_wanted, t);
        aux_give(t);
    }
}

/* It is about to be asked to leave: what is to outlive it is saved now. */
void types_leave(struct guest *guest)
{
    bool any = false;

    for (struct RedisModuleType *t = guest->types; t && !any; t = t->next)
        any = t->aux.when != 0;
    if (any && kr_snapshot)
        kr_snapshot->leave(guest->self);
}

/* It would not: it takes that back, as from a file. */
void types_stay(struct guest *guest)
{
    for (struct RedisModuleType *t = guest->types; t; t = t->next)
        if (t->aux.when != 0)
            aux_give(t);
}

/* As if one had saved it and the other loaded. */
static bool aux_move(struct RedisModuleType *from, struct RedisModuleType *to,
                     uint32_t when)
{
    kr_writer *out = kr_codec->new_writer(KR_CODEC_TAGGED);
    struct kr_str bytes;
    kr_reader *in;
    bool good;

    aux_save(from, out, when);
    bytes = kr_codec->writer_bytes(out);
    good = !kr_codec->writer_failed(out);
    if (good && bytes.size > 0) {
        in = kr_codec->new_reader(bytes, KR_CODEC_TAGGED);
        good = to && to->methods.aux_load &&
               aux_load(to, in, from->row.format, when) &&
               kr_codec->reader_left(in) == 0;
        kr_codec->free_reader(in);
    }
    kr_codec->free_writer(out);
    return good;
}

static struct RedisModuleType *type_find(const struct guest *guest,
                                         const char *name)
{
    struct RedisModuleType *type = guest->types;

    while (type && strcmp(type->name, name) != 0)
        type = type->next;
    return type;
}

bool guest_take_aux(struct guest *guest, const struct guest *old, uint32_t when,
                    bool ahead, char *error, size_t size)
{
    for (struct RedisModuleType *t = old->types; t; t = t->next) {
        struct RedisModuleType *to = type_find(guest, t->name);

        if (!(t->aux.when & when) || (ahead && !to) || aux_move(t, to, when))
            continue;
        snprintf(error, size,
                 "it does not take what type '%s' keeps beside its values",
                 t->name);
        return false;
    }
    return true;
}

/* --- Registering ---------------------------------------------------------- */

/* Nine characters of those that fit in six bits each. */
static bool type_name_is_good(const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789-_";

    return strlen(name) == 9 && strspn(name, letters) == 9;
}

/* Only what the stated version has is there to be read. */
static size_t type_methods_size(uint64_t version)
{
    switch (version) {
    case 1:
        return offsetof(RedisModuleTypeMethods, aux_load);
    case 2:
        return offsetof(RedisModuleTypeMethods, free_effort);
    case 3:
        return offsetof(RedisModuleTypeMethods, mem_usage2);
    case 4:
        return offsetof(RedisModuleTypeMethods, aux_save2);
    default:
        return sizeof(RedisModuleTypeMethods);
    }
}

/* Guests count on `free`, but Redis does not insist on it.  What the host has to
 * have for a snapshot, it has to have here.  No two guests have the same layout,
 * so that an upgrade takes values through the functions for that. */
RedisModuleType *rm_CreateDataType(RedisModuleCtx *ctx, const char *name,
                                   int encver, RedisModuleTypeMethods *methods)
{
    struct RedisModuleType *type;

    if (!type_name_is_good(name) || encver < 0 || encver > 1023 ||
        methods->version == 0 || !methods->rdb_load || !methods->rdb_save ||
        !methods->free ||
        guest_is_denied(ctx->guest, LENT_TYPES, "CreateDataType"))
        return NULL;
    type = kr_memory->calloc(redisabi_self, 1, sizeof(*type));
    type->guest = ctx->guest;
    memcpy(&type->methods, methods, type_methods_size(methods->version));
    memcpy(type->name, name, 9);
    type->row = (struct kr_type){
        .size = sizeof(struct kr_type),
        .layout = ctx->guest->number,
        .name = type->name,
        .file_name = type->name,
        .format = (uint32_t)encver,
        .free = type_free,
        .effort = type_effort,
        .memory = type_memory,
        .copy = type_copy,
        .encoding = type_encoding,
        .digest = type_digest,
        .save = type_save,
        .rewrite = type->methods.aof_rewrite ? type_rewrite : NULL,
        .unlink =
            type->methods.unlink || type->methods.unlink2 ? type_unlink : NULL,
        .load_as = type_load,
        .ctx = type,
    };
    if (kr_types->add(ctx->guest->self, &type->row, &type->slot) != KR_OK) {
        kr_memory->free(redisabi_self, type);
        return NULL;
    }
    type->next = ctx->guest->types;
    ctx->guest->types = type;
    aux_describe(type);
    return type;
}

void types_forget(struct guest *guest)
{
    while (guest->types) {
        struct RedisModuleType *next = guest->types->next;

        kr_memory->free(redisabi_self, guest->types);
        guest->types = next;
    }
}

/* --- In keys -------------------------------------------------------------- */

int rm_ModuleTypeSetValue(RedisModuleKey *key, RedisModuleType *type,
                          void *value)
{
    struct kr_cell cell;

    if (!(key->mode & REDISMODULE_WRITE))
        return REDISMODULE_ERR;
    if (key_find(key, true, &cell))
        kr_keyspace->erase(&cell, false);
    kr_keyspace->put_key(key->db, key_name(key), type->slot, 0, KR_PUT_BOXED, 0,
                         &cell);
    kr_cell_set_box(&cell, value_new(type, value));
    kr_block->ready(key->db, key_name(key));
    return REDISMODULE_OK;
}

/* The box of a value of any guest's, as in Redis; NULL: it is none. */
static struct guest_value *key_box(RedisModuleKey *key, bool write)
{
    const struct kr_type *type;
    struct kr_cell cell;

    if (!key || !key_find(key, write, &cell))
        return NULL;
    type = kr_types->get(cell.type);
    return type && type->load_as == type_load ? kr_cell_box(&cell) : NULL;
}

RedisModuleType *rm_ModuleTypeGetType(RedisModuleKey *key)
{
    struct guest_value *box = key_box(key, false);

    return box ? box->type : NULL;
}

void *rm_ModuleTypeGetValue(RedisModuleKey *key)
{
    struct guest_value *box = key_box(key, false);

    return box ? box->value : NULL;
}

int rm_ModuleTypeReplaceValue(RedisModuleKey *key, RedisModuleType *type,
                              void *value, void **old)
{
    struct guest_value *box = key_box(key, true);

    if (!box || !(key->mode & REDISMODULE_WRITE) || box->type != type)
        return REDISMODULE_ERR;
    if (old)
        *old = box->value;
    box->value = value;
    return REDISMODULE_OK;
}

/* --- In strings ----------------------------------------------------------- */

RedisModuleString *rm_SaveDataTypeToString(RedisModuleCtx *ctx, void *value,
                                           const RedisModuleType *type)
{
    kr_writer *out = kr_codec->new_writer(KR_CODEC_TAGGED);
    RedisModuleIO io = {.writer = out, .guest = type->guest};
    RedisModuleString *str = NULL;
    struct kr_str bytes;

    type->methods.rdb_save(&io, value);
    io_end(&io);
    bytes = kr_codec->writer_bytes(out);
    if (!kr_codec->writer_failed(out))
        str = rm_CreateString(ctx, bytes.data, bytes.size);
    kr_codec->free_writer(out);
    return str;
}

void *rm_LoadDataTypeFromStringEncver(const RedisModuleString *str,
                                      const RedisModuleType *type, int encver)
{
    kr_reader *in = kr_codec->new_reader(text_view(str), KR_CODEC_TAGGED);
    void *value =
        type_read((RedisModuleType *)(uintptr_t)type, in, (uint32_t)encver);

    kr_codec->free_reader(in);
    return value;
}

void *rm_LoadDataTypeFromString(const RedisModuleString *str,
                                const RedisModuleType *type)
{
    return rm_LoadDataTypeFromStringEncver(str, type, 0);
}

/* --- Digests -------------------------------------------------------------- */

void rm_DigestAddStringBuffer(RedisModuleDigest *digest, const char *bytes,
                              size_t size)
{
    if (!digest->open)
        kr_codec->digest_begin(digest->digest);
    digest->open = true;
    kr_codec->digest_mix(digest->digest, kr_str(bytes, size));
}

const RedisModuleString *rm_GetKeyNameFromDigest(RedisModuleDigest *digest)
{
    return digest->key;
}

int rm_GetDbIdFromDigest(RedisModuleDigest *digest)
{
    return digest->db;
}

void rm_DigestAddLongLong(RedisModuleDigest *digest, long long value)
{
    char text[KR_INT64_TEXT];

    rm_DigestAddStringBuffer(digest, text, kr_text->from_int64(value, text));
}

void rm_DigestEndSequence(RedisModuleDigest *digest)
{
    if (!digest->open)
        kr_codec->digest_begin(digest->digest);
    kr_codec->digest_end(digest->digest);
    digest->open = false;
}
