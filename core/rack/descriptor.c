/* SPDX-License-Identifier: BSD-3-Clause */
/* descriptor - read what a module says of itself.
 *
 * A descriptor comes from a file, so nothing in it is believed: each pointer
 * must lead into memory that a loaded object really has, of the right kind
 * (text readable, functions executable, slots writable and the module's own),
 * each count is bounded, and each table's stride covers the first published
 * revision of its row.  Longer rows and a longer descriptor are read up to what
 * both sides know.
 *
 * The first failure ends the walk.  A place is told as the programmer wrote it:
 *
 *   ./x.so: commands[2].subcommands[0].summary: found a pointer to nowhere ...
 */
#include "core/rack/descriptor.h"

#include "core/rack/refuse.h"

#include <kr/command.h>
#include <kr/config.h>
#include <kr/type.h>

#define DESCRIPTOR_TEXT_MAX   65536u /* bytes of a text */
#define DESCRIPTOR_STRIDE_MAX 4096u
#define DESCRIPTOR_ROWS_MAX   4096u
#define DESCRIPTOR_NESTED_MAX 16u /* arguments within arguments */

/* Bytes up to and with `last`, the last member of the first revision.  These
 * never change; a member that is appended later does not belong here. */
#define DESCRIPTOR_FIRST(type, last)                                           \
    (offsetof(struct type, last) + sizeof(((struct type *)0)->last))

struct probe {
    const struct image *image;
    const char *path;
    char *error;
    size_t error_size;
    size_t place_size;
    char place[160]; /* "commands[2]." */
};

/* --- Places and refusals ------------------------------------------------- */

/* Go into `field`[i]; the answer is for probe_leave(). */
static size_t probe_enter(struct probe *probe, const char *field, uint32_t i)
{
    size_t was = probe->place_size;
    int n = snprintf(probe->place + was, sizeof(probe->place) - was, "%s[%u].",
                     field, i);

    if (n > 0 && (size_t)n < sizeof(probe->place) - was)
        probe->place_size = was + (size_t)n;
    return was;
}

static void probe_leave(struct probe *probe, size_t was)
{
    probe->place_size = was;
    probe->place[was] = '\0';
}

#define probe_refuse(probe, field, format, ...)                                \
    refuse((probe)->error, (probe)->error_size,                                \
           "%s: descriptor: %s%s: " format, (probe)->path, (probe)->place,     \
           field, __VA_ARGS__)

/* --- What a field may be ------------------------------------------------- */

/* A text that ends.  *text may be NULL if `optional`. */
static bool probe_text(struct probe *probe, const char *field, const char *text,
                       bool optional)
{
    size_t room;

    if (!text) {
        if (optional)
            return true;
        return probe_refuse(probe, field, "%s",
                            "found NULL, expected a text; set it");
    }
    room = image_extent(probe->image, text, IMAGE_READ, true);
    if (room == 0)
        return probe_refuse(probe, field,
                            "found a pointer to nowhere (%p), expected a "
                            "constant text; build the module again",
                            (const void *)text);
    if (!memchr(text, '\0',
                room < DESCRIPTOR_TEXT_MAX ? room : DESCRIPTOR_TEXT_MAX))
        return probe_refuse(probe, field,
                            "found a text without an end, expected at most %u "
                            "bytes",
                            DESCRIPTOR_TEXT_MAX);
    return true;
}

/* Call only as PROBE_CODE: function types differ. */
static bool probe_code(struct probe *probe, const char *field, uintptr_t code,
                       bool optional)
{
    if (code == 0 && optional)
        return true;
    if (code == 0 ||
        image_extent(probe->image, (const void *)code, IMAGE_CODE, true) == 0)
        return probe_refuse(probe, field,
                            "found %p, which is no function's address; build "
                            "the module again",
                            (const void *)code);
    return true;
}
#define PROBE_CODE(probe, row, field, optional)                                \
    probe_code(probe, #field, (uintptr_t)(row)->field, optional)

/* Is `address` aligned memory of `size` bytes with `access`? */
static bool probe_memory(struct probe *probe, const char *field,
                         const void *address, size_t size, size_t align,
                         uint32_t access)
{
    /* What the host writes must be the module's own. */
    bool anywhere = (access & IMAGE_WRITE) == 0;

    if (((uintptr_t)address & (align - 1)) != 0 ||
        image_extent(probe->image, address, access, anywhere) < size)
        return probe_refuse(
            probe, field,
            "found %p, expected the address of %zu %s bytes of the module",
            address, size, anywhere ? "constant" : "writable");
    return true;
}

/* A table whose rows have at least `first` bytes, with at most `max` rows. */
static bool probe_rows(struct probe *probe, const char *field,
                       const struct kr_rows *rows, size_t first, uint32_t max)
{
    if (rows->count == 0)
        return true;
    if (rows->count > max)
        return probe_refuse(probe, field,
                            "found %u rows, expected at most %u; split the "
                            "module",
                            rows->count, max);
    if (rows->stride < first || rows->stride > DESCRIPTOR_STRIDE_MAX ||
        rows->stride % (first % sizeof(void *) ? 4 : sizeof(void *)) != 0)
        return probe_refuse(probe, field,
                            "found rows of %u bytes, expected %zu or more; "
                            "declare the table by KR_ROWS()",
                            rows->stride, first);
    return probe_memory(
        probe, field, rows->rows, (size_t)rows->count * rows->stride,
        first % sizeof(void *) ? 4 : sizeof(void *), IMAGE_READ);
}

void descriptor_row(const struct kr_rows *rows, uint32_t i, void *out,
                    size_t size)
{
    size_t known = rows->stride < size ? rows->stride : size;

    memcpy(out, (const char *)rows->rows + (size_t)i * rows->stride, known);
    memset((char *)out + known, 0, size - known);
}

void descriptor_version(uint32_t version, char text[24])
{
    snprintf(text, 24, "%u.%u.%u", version / 10000, version / 100 % 100,
             version % 100);
}

bool descriptor_is_name(const char *name)
{
    size_t n = strnlen(name, DESCRIPTOR_NAME_MAX + 1);

    if (n == 0 || n > DESCRIPTOR_NAME_MAX)
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)name[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '.' ||
                                    c == '_' || c == '-')))
            return false;
    }
    return true;
}

bool descriptor_is_id(const char *id)
{
    const char *slash = strrchr(id, '/');

    if (!slash || slash == id || slash[1] == '\0' ||
        strnlen(id, DESCRIPTOR_ID_MAX + 1) > DESCRIPTOR_ID_MAX)
        return false;
    for (const char *c = id; c < slash; c++) {
        if (*c <= ' ' || *c > '~' || *c == '/')
            return false;
    }
    for (const char *c = slash + 1; *c != '\0'; c++) {
        if (*c < '0' || *c > '9')
            return false;
    }
    return true;
}

static bool probe_id(struct probe *probe, const char *field, const char *id)
{
    if (!probe_text(probe, field, id, false))
        return false;
    if (!descriptor_is_id(id))
        return probe_refuse(probe, field,
                            "found '%.40s', expected a name and a revision, as "
                            "in \"kr.keyspace/1\"",
                            id);
    return true;
}

/* --- Imports and offers -------------------------------------------------- */

static bool probe_imports(struct probe *probe, const struct kr_rows *rows)
{
    if (!probe_rows(probe, "imports", rows, DESCRIPTOR_FIRST(kr_import, flags),
                    256))
        return false;
    for (uint32_t i = 0; i < rows->count; i++) {
        size_t was = probe_enter(probe, "imports", i);
        struct kr_import row;

        descriptor_row(rows, i, &row, sizeof(row));
        if (!probe_id(probe, "id", row.id) ||
            !probe_memory(probe, "slot", row.slot, sizeof(void *),
                          sizeof(void *), IMAGE_READ | IMAGE_WRITE))
            return false;
        probe_leave(probe, was);
    }
    return true;
}

static bool probe_offers(struct probe *probe, const struct kr_rows *rows)
{
    if (!probe_rows(probe, "offers", rows, DESCRIPTOR_FIRST(kr_offer, table),
                    256))
        return false;
    for (uint32_t i = 0; i < rows->count; i++) {
        size_t was = probe_enter(probe, "offers", i);
        struct kr_offer row;
        uint32_t size;

        descriptor_row(rows, i, &row, sizeof(row));
        if (!probe_id(probe, "id", row.id) ||
            !probe_memory(probe, "table", row.table, sizeof(size),
                          sizeof(void *), IMAGE_READ))
            return false;
        memcpy(&size, row.table, sizeof(size));
        if (size < 2 * sizeof(uint32_t) || size > DESCRIPTOR_TEXT_MAX)
            return probe_refuse(probe, "table",
                                "%s says that it has %u bytes; set its size to "
                                "sizeof of its struct",
                                row.id, size);
        if (!probe_memory(probe, "table", row.table, size, sizeof(void *),
                          IMAGE_READ))
            return false;
        probe_leave(probe, was);
    }
    return true;
}

/* --- Types --------------------------------------------------------------- */

static bool probe_type(struct probe *probe, const struct kr_type *type)
{
    struct kr_type row = {0}; /* an older module's is shorter */

    if (!probe_memory(probe, "", type, DESCRIPTOR_FIRST(kr_type, unlink),
                      sizeof(void *), IMAGE_READ))
        return false;
    if (type->size < DESCRIPTOR_FIRST(kr_type, unlink) ||
        type->size > DESCRIPTOR_STRIDE_MAX)
        return probe_refuse(probe, "size",
                            "found %u, expected sizeof(struct kr_type), %zu",
                            type->size, sizeof(struct kr_type));
    if (!probe_memory(probe, "", type, type->size, sizeof(void *), IMAGE_READ))
        return false;
    memcpy(&row, type, type->size < sizeof(row) ? type->size : sizeof(row));
    if (!probe_text(probe, "name", row.name, false) ||
        !probe_text(probe, "file_name", row.file_name, true))
        return false;
    if (row.name[0] == '\0')
        return probe_refuse(probe, "name", "%s", "found an empty text");
    if (row.code_count > 256 || row.layout_count > 256)
        return probe_refuse(probe, "code_count",
                            "found %u codes and %u layouts, expected at most "
                            "256",
                            row.code_count, row.layout_count);
    return (row.code_count == 0 ||
            probe_memory(probe, "codes", row.codes, row.code_count, 1,
                         IMAGE_READ)) &&
           (row.layout_count == 0 ||
            probe_memory(probe, "layouts", row.layouts,
                         row.layout_count * sizeof(uint32_t), 4, IMAGE_READ)) &&
           (row.slot == NULL ||
            probe_memory(probe, "slot", row.slot, sizeof(uint16_t), 2,
                         IMAGE_READ | IMAGE_WRITE)) &&
           PROBE_CODE(probe, &row, free, true) &&
           PROBE_CODE(probe, &row, effort, true) &&
           PROBE_CODE(probe, &row, memory, true) &&
           PROBE_CODE(probe, &row, count, true) &&
           PROBE_CODE(probe, &row, copy, true) &&
           PROBE_CODE(probe, &row, encoding, true) &&
           PROBE_CODE(probe, &row, digest, true) &&
           PROBE_CODE(probe, &row, save, true) &&
           PROBE_CODE(probe, &row, load, true) &&
           PROBE_CODE(probe, &row, rewrite, true) &&
           PROBE_CODE(probe, &row, defrag, true) &&
           PROBE_CODE(probe, &row, unlink, true) &&
           PROBE_CODE(probe, &row, link, true);
}

static bool probe_types(struct probe *probe, const struct kr_rows *rows)
{
    if (!probe_rows(probe, "types", rows, sizeof(struct kr_type *), 64))
        return false;
    for (uint32_t i = 0; i < rows->count; i++) {
        size_t was = probe_enter(probe, "types", i);
        const struct kr_type *type;

        descriptor_row(rows, i, &type, sizeof(type));
        if (!probe_type(probe, type))
            return false;
        probe_leave(probe, was);
    }
    return true;
}

/* --- Commands ------------------------------------------------------------ */

static bool probe_args(struct probe *probe, const char *field,
                       const struct kr_rows *rows, uint32_t depth)
{
    if (depth > DESCRIPTOR_NESTED_MAX)
        return probe_refuse(probe, field, "nested deeper than %u",
                            DESCRIPTOR_NESTED_MAX);
    if (!probe_rows(probe, field, rows, DESCRIPTOR_FIRST(kr_arg, parts), 256))
        return false;
    for (uint32_t i = 0; i < rows->count; i++) {
        size_t was = probe_enter(probe, field, i);
        struct kr_arg row;

        descriptor_row(rows, i, &row, sizeof(row));
        if (!probe_text(probe, "name", row.name, false) ||
            !probe_text(probe, "token", row.token, true) ||
            !probe_text(probe, "since", row.since, true) ||
            !probe_text(probe, "deprecated_since", row.deprecated_since,
                        true) ||
            !probe_text(probe, "display", row.display, true) ||
            !probe_args(probe, "parts", &row.parts, depth + 1))
            return false;
        probe_leave(probe, was);
    }
    return true;
}

static bool probe_keys(struct probe *probe, const struct kr_rows *rows)
{
    if (!probe_rows(probe, "keys", rows, DESCRIPTOR_FIRST(kr_key_spec, notes),
                    64))
        return false;
    for (uint32_t i = 0; i < rows->count; i++) {
        size_t was = probe_enter(probe, "keys", i);
        struct kr_key_spec row;

        descriptor_row(rows, i, &row, sizeof(row));
        if (!probe_text(probe, "word", row.word,
                        row.begin != KR_BEGIN_KEYWORD) ||
            !probe_text(probe, "notes", row.notes, true))
            return false;
        probe_leave(probe, was);
    }
    return true;
}

/* Tips are texts, history is pairs of texts: both are arrays of `each`
 * pointers to texts. */
static bool probe_texts(struct probe *probe, const char *field,
                        const struct kr_rows *rows, uint32_t each)
{
    if (!probe_rows(probe, field, rows, each * sizeof(char *), 256))
        return false;
    for (uint32_t i = 0; i < rows->count; i++) {
        size_t was = probe_enter(probe, field, i);
        const char *row[2] = {NULL, NULL};

        descriptor_row(rows, i, row, each * sizeof(char *));
        for (uint32_t j = 0; j < each; j++) {
            if (!probe_text(probe, "text", row[j], false))
                return false;
        }
        probe_leave(probe, was);
    }
    return true;
}

static bool probe_commands(struct probe *probe, const char *field,
                           const struct kr_rows *rows, uint32_t depth);

static bool probe_command(struct probe *probe, const struct kr_command *row,
                          uint32_t depth)
{
    if (!probe_text(probe, "name", row->name, false))
        return false;
    if (row->name[0] == '\0' || row->arity == 0)
        return probe_refuse(probe, "arity",
                            "command '%.40s' of %d words; give it a name and "
                            "an arity",
                            row->name, row->arity);
    return PROBE_CODE(probe, row, run, row->subcommands.count > 0) &&
           PROBE_CODE(probe, row, find_keys, true) &&
           probe_keys(probe, &row->keys) &&
           probe_commands(probe, "subcommands", &row->subcommands, depth + 1) &&
           probe_texts(probe, "tips", &row->tips, 1) &&
           probe_args(probe, "args", &row->args, 0) &&
           probe_texts(probe, "history", &row->history, 2) &&
           probe_text(probe, "summary", row->summary, true) &&
           probe_text(probe, "since", row->since, true) &&
           probe_text(probe, "group", row->group, true) &&
           probe_text(probe, "complexity", row->complexity, true) &&
           probe_text(probe, "deprecated_since", row->deprecated_since, true) &&
           probe_text(probe, "replaced_by", row->replaced_by, true);
}

static bool probe_commands(struct probe *probe, const char *field,
                           const struct kr_rows *rows, uint32_t depth)
{
    if (depth > 1 && rows->count > 0)
        return probe_refuse(probe, field, "%s",
                            "subcommands of subcommands do not exist");
    if (!probe_rows(probe, field, rows,
                    DESCRIPTOR_FIRST(kr_command, replaced_by),
                    DESCRIPTOR_ROWS_MAX))
        return false;
    for (uint32_t i = 0; i < rows->count; i++) {
        size_t was = probe_enter(probe, field, i);
        struct kr_command row;

        descriptor_row(rows, i, &row, sizeof(row));
        if (!probe_command(probe, &row, depth))
            return false;
        probe_leave(probe, was);
    }
    return true;
}

/* --- Parameters ---------------------------------------------------------- */

static bool probe_words(struct probe *probe, const struct kr_rows *rows)
{
    if (!probe_rows(probe, "words", rows, DESCRIPTOR_FIRST(kr_word, value),
                    256))
        return false;
    for (uint32_t i = 0; i < rows->count; i++) {
        size_t was = probe_enter(probe, "words", i);
        struct kr_word row;

        descriptor_row(rows, i, &row, sizeof(row));
        if (!probe_text(probe, "word", row.word, false))
            return false;
        probe_leave(probe, was);
    }
    return true;
}

/* Bytes of the variable behind a parameter; 0: it has none. */
static size_t descriptor_param_size(uint32_t type)
{
    switch (type) {
    case KR_PARAM_BOOL:
        return sizeof(bool);
    case KR_PARAM_ENUM:
        return sizeof(int32_t);
    case KR_PARAM_STRING:
        return sizeof(char *);
    case KR_PARAM_BYTES:
        return sizeof(struct kr_str);
    case KR_PARAM_SPECIAL:
        return 0;
    default:
        return sizeof(int64_t);
    }
}

static bool probe_param(struct probe *probe, const struct kr_param *row)
{
    size_t size = descriptor_param_size(row->type);

    if (row->type > KR_PARAM_BYTES)
        return probe_refuse(probe, "type",
                            "found %u, which this server does not know; use a "
                            "newer server",
                            row->type);
    return probe_text(probe, "name", row->name, false) &&
           probe_text(probe, "alias", row->alias, true) &&
           probe_text(probe, "initial", row->initial, true) &&
           (size == 0 || row->slot == NULL ||
            probe_memory(probe, "slot", row->slot, size,
                         size < sizeof(void *) ? size : sizeof(void *),
                         IMAGE_READ | IMAGE_WRITE)) &&
           probe_words(probe, &row->words) &&
           PROBE_CODE(probe, row, check, true) &&
           PROBE_CODE(probe, row, apply, true) &&
           PROBE_CODE(probe, row, print, true) &&
           PROBE_CODE(probe, row, lines, true);
}

static bool probe_params(struct probe *probe, const struct kr_rows *rows)
{
    if (!probe_rows(probe, "params", rows, DESCRIPTOR_FIRST(kr_param, lines),
                    DESCRIPTOR_ROWS_MAX))
        return false;
    for (uint32_t i = 0; i < rows->count; i++) {
        size_t was = probe_enter(probe, "params", i);
        struct kr_param row;

        descriptor_row(rows, i, &row, sizeof(row));
        if (!probe_param(probe, &row))
            return false;
        probe_leave(probe, was);
    }
    return true;
}

/* --- What is carried ------------------------------------------------------ */

static bool probe_carried(struct probe *probe, const struct kr_rows *rows)
{
    if (!probe_rows(probe, "carried", rows, DESCRIPTOR_FIRST(kr_carried, table),
                    DESCRIPTOR_ROWS_MAX))
        return false;
    for (uint32_t i = 0; i < rows->count; i++) {
        size_t was = probe_enter(probe, "carried", i);
        struct kr_carried row;

        descriptor_row(rows, i, &row, sizeof(row));
        if (!probe_text(probe, "name", row.name, false) ||
            !PROBE_CODE(probe, &row, code, row.table != NULL) ||
            (row.table &&
             !probe_memory(probe, "table", row.table, sizeof(void *),
                           sizeof(void *), IMAGE_READ)))
            return false;
        probe_leave(probe, was);
    }
    return true;
}

/* --- The descriptor ------------------------------------------------------ */

/* Magic, sizes and generation; copies it. */
static bool probe_head(struct probe *probe, struct kr_descriptor *out)
{
    const struct kr_descriptor *in = probe->image->descriptor;
    size_t first = DESCRIPTOR_FIRST(kr_descriptor, takeover);
    size_t known;

    if (!probe_memory(probe, "", in, first, sizeof(void *), IMAGE_READ))
        return false;
    if (in->magic != KR_DESCRIPTOR_MAGIC)
        return probe_refuse(probe, "magic",
                            "found 0x%08x, expected 0x%08x; declare the module "
                            "by KR_MODULE()",
                            in->magic, KR_DESCRIPTOR_MAGIC);
    if (in->generation != KR_GENERATION)
        return probe_refuse(probe, "generation",
                            "found %u, this server speaks %u; use a module "
                            "built for it",
                            in->generation, KR_GENERATION);
    if (in->size < first || in->size > DESCRIPTOR_STRIDE_MAX)
        return probe_refuse(probe, "size",
                            "found %u, expected %zu or more; declare the "
                            "module by KR_MODULE()",
                            in->size, first);
    if (!probe_memory(probe, "", in, in->size, sizeof(void *), IMAGE_READ))
        return false;
    known = in->size < sizeof(*out) ? in->size : sizeof(*out);
    memcpy(out, in, known);
    memset((char *)out + known, 0, sizeof(*out) - known);
    return true;
}

bool descriptor_read(const struct image *image, const char *path,
                     struct kr_descriptor *out, char *error, size_t error_size)
{
    struct probe probe = {
        .image = image, .path = path, .error = error, .error_size = error_size};

    if (!probe_head(&probe, out) ||
        !probe_text(&probe, "name", out->name, false))
        return false;
    if (!descriptor_is_name(out->name))
        return probe_refuse(&probe, "name",
                            "found '%.80s', expected one word of letters, "
                            "digits, '.', '_' and '-' of at most %u bytes",
                            out->name, DESCRIPTOR_NAME_MAX);
    if (!probe_text(&probe, "licence", out->licence, true) ||
        !probe_text(&probe, "author", out->author, true) ||
        !probe_text(&probe, "summary", out->summary, true))
        return false;
    if (out->reserved != 0)
        return probe_refuse(&probe, "reserved", "found %u, expected 0",
                            out->reserved);
    if (out->self && !probe_memory(&probe, "self", out->self, sizeof(void *),
                                   sizeof(void *), IMAGE_READ | IMAGE_WRITE))
        return false;
    if (out->prepare && !out->discard)
        return probe_refuse(&probe, "discard", "%s",
                            "found none beside prepare(), whose answer "
                            "somebody must free");
    return PROBE_CODE(&probe, out, create, true) &&
           PROBE_CODE(&probe, out, activate, true) &&
           PROBE_CODE(&probe, out, deactivate, true) &&
           PROBE_CODE(&probe, out, destroy, true) &&
           PROBE_CODE(&probe, out, handover, true) &&
           PROBE_CODE(&probe, out, takeover, true) &&
           PROBE_CODE(&probe, out, prepare, true) &&
           PROBE_CODE(&probe, out, discard, true) &&
           probe_imports(&probe, &out->imports) &&
           probe_offers(&probe, &out->offers) &&
           probe_types(&probe, &out->types) &&
           probe_commands(&probe, "commands", &out->commands, 0) &&
           probe_params(&probe, &out->params) &&
           probe_carried(&probe, &out->carried);
}
