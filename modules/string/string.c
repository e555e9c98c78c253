/* SPDX-License-Identifier: BSD-3-Clause */
/* string - the module of byte strings: the type, what it offers to others, and
 * the descriptor.
 *
 *   value.c         a string in memory: number, inline bytes, or blob
 *   get.c set.c     whole strings           options.c   the words behind them
 *   number.c        INCR and its kin        limit.c     proto-max-bulk-len
 *   range.c         parts of strings        lcs.c       LCS, by subsequence.c
 *   commands.c      what is known of the commands: arity, keys, arguments
 *
 * A handler looks up (kr_keyspace->find_arg), works on the cell, tells of the
 * change (value_changed) and replies; that order is the same everywhere. */
#include "commands.h"
#include "limit.h"
#include "module.h"
#include "value.h"

#include <kr/codec.h>
#include <kr/config.h>
#include <kr/event.h>
#include <kr/journal.h>
#include <kr/string.h>

KR_USES(kr_calls);
KR_USES(kr_codec);
KR_USES(kr_commands);
KR_USES(kr_config);
KR_USES(kr_events);
KR_USES(kr_journal);
KR_USES(kr_keyspace);
KR_USES(kr_memory);
KR_USES(kr_text);

kr_module *string_self;

/* --- The type ------------------------------------------------------------ */

#define CODE_STRING 0 /* in RDB files */
#define STRING_PAGE 4096

static struct kr_blob *string_blob(const struct kr_peek *value)
{
    struct kr_blob *blob;

    memcpy(&blob, value->data, sizeof(blob));
    return blob;
}

static void string_free(void *box)
{
    kr_memory->blob_release(box);
}

static size_t string_memory(const struct kr_peek *value, size_t samples)
{
    (void)samples;
    return value->boxed ? kr_memory->blob_usable(string_blob(value)) : 0;
}

/* One allocation, but the system takes it back page by page. */
static size_t string_effort(const struct kr_peek *value)
{
    return value->boxed ? string_blob(value)->size / STRING_PAGE : 1;
}

/* A copy shares the blob, until one of the two is edited. */
static bool string_copy(const struct kr_peek *value, struct kr_value *out)
{
    out->boxed = true;
    out->meta = value->meta;
    out->box = kr_memory->blob_retain(string_blob(value));
    return true;
}

static const char *string_encoding(const struct kr_peek *value)
{
    static const char *const words[] = {"int", "embstr", "raw"};

    return words[value->meta];
}

static void string_digest(const struct kr_peek *value, kr_digest *digest)
{
    char scratch[KR_INT64_TEXT];

    kr_codec->digest_mix(digest, value_view(value, scratch));
}

static void string_save(const struct kr_peek *value, kr_writer *out)
{
    char scratch[KR_INT64_TEXT];

    kr_codec->code(out, CODE_STRING);
    kr_codec->write_string(out, value_view(value, scratch));
}

/* Loading makes of the bytes what SET makes of them. */
static bool string_load(kr_reader *in, uint32_t code, uint32_t format,
                        struct kr_value *out)
{
    struct value_source source;
    struct kr_str bytes;

    (void)code;
    (void)format;
    if (!kr_codec->read_string(in, &bytes))
        return false;
    if (!value_copy(bytes, true, &source)) {
        kr_codec->refuse(in, "not enough memory for a string");
        return false;
    }
    out->meta = (uint8_t)source.meta;
    out->boxed = source.blob != NULL;
    if (source.blob) {
        out->box = source.blob;
    } else if (source.meta == VALUE_INT) {
        memcpy(out->room, &source.number, sizeof(source.number));
        out->bytes = kr_str((const char *)out->room, sizeof(source.number));
    } else {
        out->bytes = source.bytes;
    }
    return true;
}

static void string_rewrite(const struct kr_peek *value, struct kr_str key,
                           kr_writer *out)
{
    char scratch[KR_INT64_TEXT];
    struct kr_str words[] = {KR_STR("SET"), key, value_view(value, scratch)};

    kr_codec->emit(out, KR_COUNT(words), words);
}

static const uint8_t string_codes[] = {CODE_STRING};

static const struct kr_type string_type = {
    .size = sizeof(struct kr_type),
    .layout = VALUE_LAYOUT,
    .name = "string",
    .codes = string_codes,
    .code_count = KR_COUNT(string_codes),
    .slot = &value_type,
    .free = string_free,
    .effort = string_effort,
    .memory = string_memory,
    .copy = string_copy,
    .encoding = string_encoding,
    .digest = string_digest,
    .save = string_save,
    .load = string_load,
    .rewrite = string_rewrite,
};

/* --- What it offers: see <kr/string.h> ----------------------------------- */

static bool strings_is_string(const struct kr_cell *cell)
{
    return cell->type == value_type;
}

static bool strings_put(kr_db *db, struct kr_str key, uint32_t how,
                        struct kr_str bytes, struct kr_cell *cell)
{
    struct value_source source;

    if (!value_copy(bytes, true, &source))
        return false;
    value_put_key(db, key, how, &source, cell);
    return true;
}

/* A short one is copied: then its entry needs no second look. */
static void strings_put_blob(kr_db *db, struct kr_str key, uint32_t how,
                             struct kr_blob *blob, struct kr_cell *cell)
{
    struct value_source source = {.meta = VALUE_RAW};

    if (blob->size > VALUE_INLINE_MAX)
        source.blob = blob;
    else
        source.bytes = kr_str(blob->data, blob->size);
    value_put_key(db, key, how, &source, cell);
    if (!source.blob)
        kr_memory->blob_release(blob);
}

static const struct kr_strings string_values = {
    .size = sizeof(struct kr_strings),
    .is_string = strings_is_string,
    .view = value_bytes,
    .fits = limit_allows,
    .edit = value_edit,
    .resize = value_resize,
    .create = value_create,
    .put = strings_put,
    .put_blob = strings_put_blob,
};

/* --- The descriptor ------------------------------------------------------ */

static void string_activate(kr_module *self, void *state)
{
    (void)state;
    limit_start(self);
}

/* Who saves or loads values brings the codec; nothing here does. */
static const struct kr_import imports[] = {
    KR_NEED(kr_calls),    KR_WANT(kr_codec),  KR_NEED(kr_commands),
    KR_NEED(kr_config),   KR_NEED(kr_events), KR_NEED(kr_journal),
    KR_NEED(kr_keyspace), KR_NEED(kr_memory), KR_NEED(kr_text),
};

static const struct kr_offer offers[] = {{kr_strings_id, &string_values}};

static const struct kr_type *const types[] = {&string_type};

KR_MODULE(.name = "string", .version = 10000, .licence = "BSD-3-Clause",
          .author = "The Keyrack authors",
          .summary = "Byte strings: whole, in parts, and as numbers",
          .flags = KR_MODULE_CAN_UNLOAD | KR_MODULE_CAN_UPGRADE,
          .self = &string_self, .imports = KR_ROWS(imports),
          .offers = KR_ROWS(offers), .types = KR_ROWS(types),
          .commands = {string_commands, STRING_COMMAND_COUNT,
                       sizeof(struct kr_command)},
          .activate = string_activate);
