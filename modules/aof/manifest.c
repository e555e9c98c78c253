/* SPDX-License-Identifier: BSD-3-Clause */
#include "manifest.h"

#include <kr/memory.h>

#include <stdio.h>
#include <stdlib.h>

/* --- Words --------------------------------------------------------------- */

/* Where a line is being read.  Words stand bare or between quotes, as in a
 * configuration file; `room` takes one of them. */
struct scan {
    const char *at, *end;
    char *room;
    size_t size;
};

static bool scan_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static int scan_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Behind a backslash within double quotes. */
static char scan_escape(struct scan *scan)
{
    char c = *scan->at++;

    if (c == 'x' && scan->end - scan->at >= 2 && scan_hex(scan->at[0]) >= 0 &&
        scan_hex(scan->at[1]) >= 0) {
        c = (char)(scan_hex(scan->at[0]) * 16 + scan_hex(scan->at[1]));
        scan->at += 2;
        return c;
    }
    switch (c) {
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'b':
        return '\b';
    case 'a':
        return '\a';
    default:
        return c;
    }
}

/* Up to the closing quote, behind which a word ends. */
static bool scan_quoted(struct scan *scan, char quote)
{
    while (scan->at < scan->end) {
        char c = *scan->at++;

        if (c == quote)
            return scan->at == scan->end || scan_is_space(*scan->at);
        if (c == '\\' && scan->at < scan->end &&
            (quote == '"' || *scan->at == '\''))
            c = quote == '"' ? scan_escape(scan) : *scan->at++;
        scan->room[scan->size++] = c;
    }
    return false;
}

/* The next word, NUL behind it.  false: the quotes are wrong. */
static bool scan_word(struct scan *scan, struct kr_str *word)
{
    bool fine = true;

    scan->size = 0;
    while (fine && scan->at < scan->end && !scan_is_space(*scan->at)) {
        char c = *scan->at++;

        if (c == '"' || c == '\'')
            fine = scan_quoted(scan, c);
        else
            scan->room[scan->size++] = c;
    }
    scan->room[scan->size] = '\0';
    *word = kr_str(scan->room, scan->size);
    return fine;
}

static void scan_skip_spaces(struct scan *scan)
{
    while (scan->at < scan->end && scan_is_space(*scan->at))
        scan->at++;
}

/* --- Lines --------------------------------------------------------------- */

#define MALFORMED "Invalid AOF manifest file format"

/* What one line says. */
struct entry {
    char name[MANIFEST_NAME_MAX + 1];
    int64_t sequence;
    char type;
    uint32_t words;
};

static const char *entry_set(struct entry *entry, struct kr_str key,
                             struct kr_str value)
{
    if (kr_str_equal_nocase(key, KR_STR("file"))) {
        if (memchr(value.data, '/', value.size) ||
            memchr(value.data, '\\', value.size))
            return "File can't be a path, just a filename";
        memcpy(entry->name, value.data, value.size + 1);
    } else if (kr_str_equal_nocase(key, KR_STR("seq"))) {
        entry->sequence = strtoll(value.data, NULL, 10);
    } else if (kr_str_equal_nocase(key, KR_STR("type"))) {
        entry->type = value.data[0];
    }
    return NULL; /* other keys are for later versions */
}

/* Pairs of a key and its value; NULL, or what is wrong. */
static const char *entry_read(struct entry *entry, struct kr_str line)
{
    char keys[MANIFEST_LINE_MAX + 1], values[MANIFEST_LINE_MAX + 1];
    struct scan scan = {.at = line.data, .end = line.data + line.size};
    struct kr_str key = {0}, value;
    const char *error = NULL;

    *entry = (struct entry){0};
    for (scan_skip_spaces(&scan); scan.at < scan.end && !error;
         scan_skip_spaces(&scan)) {
        bool is_key = entry->words++ % 2 == 0;

        scan.room = is_key ? keys : values;
        if (!scan_word(&scan, is_key ? &key : &value))
            error = MALFORMED;
        else if (!is_key)
            error = entry_set(entry, key, value);
    }
    if (!error &&
        (entry->words < 6 || entry->words % 2 != 0 || !entry->name[0] ||
         entry->sequence == 0 || entry->sequence == INT64_MAX || !entry->type))
        error = MALFORMED;
    return error;
}

static const char *manifest_take(kr_module *self, struct manifest *manifest,
                                 const struct entry *entry)
{
    switch (entry->type) {
    case MANIFEST_BASE:
        if (manifest_base(manifest))
            return "Found duplicate base file information";
        manifest->base_sequence = entry->sequence;
        break;
    case MANIFEST_INCREMENT:
        if (entry->sequence <= manifest->increment_sequence)
            return "Found a non-monotonic sequence number";
        manifest->increment_sequence = entry->sequence;
        break;
    case MANIFEST_HISTORY:
        break;
    default:
        return "Unknown AOF file type";
    }
    (void)manifest_add(self, manifest, entry->name, entry->sequence,
                       entry->type);
    return NULL;
}

static struct kr_str manifest_trim(struct kr_str line)
{
    while (line.size > 0 && strchr(" \t\r\n", line.data[line.size - 1]))
        line.size--;
    while (line.size > 0 && strchr(" \t\r\n", line.data[0]))
        line = kr_str(line.data + 1, line.size - 1);
    return line;
}

/* One line, with its newline if it has one.  NULL, or what is wrong. */
static const char *manifest_read_line(kr_module *self,
                                      struct manifest *manifest,
                                      struct kr_str line,
                                      struct manifest_error *error)
{
    struct entry entry;
    const char *reason;

    if (line.data[0] == '#')
        return NULL;
    if (line.size > MANIFEST_LINE_MAX || line.data[line.size - 1] != '\n')
        return "The AOF manifest file contains too long line";
    error->text = manifest_trim(line);
    /* NUL ends a word for those who compare names. */
    if (error->text.size == 0 || memchr(line.data, '\0', line.size))
        return MALFORMED;
    reason = entry_read(&entry, error->text);
    return reason ? reason : manifest_take(self, manifest, &entry);
}

bool manifest_parse(kr_module *self, struct manifest *manifest,
                    struct kr_str text, struct manifest_error *error)
{
    const char *at = text.data, *end = text.data + text.size;

    *error = (struct manifest_error){0};
    if (text.size == 0)
        error->reason = "Found an empty AOF manifest";
    while (at < end && !error->reason) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *next = newline ? newline + 1 : end;

        error->line++;
        error->text = kr_str(NULL, 0);
        error->reason = manifest_read_line(
            self, manifest, kr_str(at, (size_t)(next - at)), error);
        at = next;
    }
    if (!error->reason)
        return true;
    manifest_clear(self, manifest);
    return false;
}

/* --- Text ---------------------------------------------------------------- */

static bool manifest_needs_quotes(const char *name)
{
    for (const char *at = name; *at; at++)
        if (*at <= ' ' || *at > '~' || *at == '"' || *at == '\'' || *at == '\\')
            return true;
    return !*name;
}

/* How a character is written behind a backslash; 0: in digits. */
static char manifest_letter(char c)
{
    static const char characters[] = "\n\r\t\a\b", letters[] = "nrtab";
    const char *found = strchr(characters, c);

    return found ? letters[found - characters] : 0;
}

/* `name` as a word; at most four bytes for each of its own, and three. */
static size_t manifest_print_name(const char *name, char *text)
{
    size_t size = 0;
    char letter;

    if (!manifest_needs_quotes(name))
        return (size_t)sprintf(text, "%s", name);
    text[size++] = '"';
    for (const char *at = name; *at; at++)
        if (*at == '"' || *at == '\\')
            size += (size_t)sprintf(text + size, "\\%c", *at);
        else if ((letter = manifest_letter(*at)) != 0)
            size += (size_t)sprintf(text + size, "\\%c", letter);
        else if (*at < ' ' || *at > '~')
            size += (size_t)sprintf(text + size, "\\x%02x", (unsigned char)*at);
        else
            text[size++] = *at;
    text[size++] = '"';
    return size;
}

static size_t manifest_print(const struct manifest *manifest, char type,
                             char *text)
{
    size_t size = 0;

    for (size_t i = 0; i < manifest->count; i++) {
        const struct manifest_file *file = &manifest->files[i];

        if (file->type != type)
            continue;
        size += (size_t)sprintf(text + size, "file ");
        size += manifest_print_name(file->name, text + size);
        size += (size_t)sprintf(text + size, " seq %lld type %c\n",
                                (long long)file->sequence, type);
    }
    return size;
}

struct kr_str manifest_format(kr_module *self, const struct manifest *manifest)
{
    size_t room = 1, size = 0;
    char *text;

    for (size_t i = 0; i < manifest->count; i++)
        room += strlen(manifest->files[i].name) * 4 + 64;
    text = kr_memory->alloc(self, room);
    size += manifest_print(manifest, MANIFEST_BASE, text + size);
    size += manifest_print(manifest, MANIFEST_HISTORY, text + size);
    size += manifest_print(manifest, MANIFEST_INCREMENT, text + size);
    return kr_str(text, size);
}

/* --- Files --------------------------------------------------------------- */

const struct manifest_file *manifest_add(kr_module *self,
                                         struct manifest *manifest,
                                         const char *name, int64_t sequence,
                                         char type)
{
    size_t size = strlen(name) + 1;
    struct manifest_file *file;

    if (manifest->count == manifest->capacity) {
        manifest->capacity = manifest->capacity * 2 + 4;
        manifest->files =
            kr_memory->realloc(self, manifest->files,
                               manifest->capacity * sizeof(*manifest->files));
    }
    file = &manifest->files[manifest->count++];
    *file = (struct manifest_file){.name = kr_memory->alloc(self, size),
                                   .sequence = sequence,
                                   .type = type};
    memcpy(file->name, name, size);
    return file;
}

void manifest_copy(kr_module *self, struct manifest *to,
                   const struct manifest *from)
{
    *to = (struct manifest){.base_sequence = from->base_sequence,
                            .increment_sequence = from->increment_sequence};
    for (size_t i = 0; i < from->count; i++)
        (void)manifest_add(self, to, from->files[i].name,
                           from->files[i].sequence, from->files[i].type);
}

void manifest_clear(kr_module *self, struct manifest *manifest)
{
    for (size_t i = 0; i < manifest->count; i++)
        kr_memory->free(self, manifest->files[i].name);
    kr_memory->free(self, manifest->files);
    *manifest = (struct manifest){0};
}

const struct manifest_file *manifest_base(const struct manifest *manifest)
{
    for (size_t i = 0; i < manifest->count; i++)
        if (manifest->files[i].type == MANIFEST_BASE)
            return &manifest->files[i];
    return NULL;
}

const struct manifest_file *
manifest_last_increment(const struct manifest *manifest)
{
    for (size_t i = manifest->count; i > 0; i--)
        if (manifest->files[i - 1].type == MANIFEST_INCREMENT)
            return &manifest->files[i - 1];
    return NULL;
}

size_t manifest_count(const struct manifest *manifest, char type)
{
    size_t count = 0;

    for (size_t i = 0; i < manifest->count; i++)
        count += manifest->files[i].type == type;
    return count;
}

static const struct manifest_file *
manifest_add_named(kr_module *self, struct manifest *manifest,
                   const char *prefix, const char *suffix, int64_t sequence,
                   char type)
{
    const struct manifest_file *file;
    size_t room = strlen(prefix) + strlen(suffix) + 32;
    char *name = kr_memory->alloc(self, room);

    snprintf(name, room, "%s.%lld%s", prefix, (long long)sequence, suffix);
    file = manifest_add(self, manifest, name, sequence, type);
    kr_memory->free(self, name);
    return file;
}

/* History stands with its latest first, as Redis writes it. */
static void manifest_make_history(struct manifest *manifest, size_t i)
{
    struct manifest_file file = manifest->files[i];

    file.type = MANIFEST_HISTORY;
    memmove(manifest->files + 1, manifest->files, i * sizeof(file));
    manifest->files[0] = file;
}

const struct manifest_file *manifest_new_base(kr_module *self,
                                              struct manifest *manifest,
                                              const char *prefix,
                                              const char *suffix)
{
    for (size_t i = 0; i < manifest->count; i++)
        if (manifest->files[i].type == MANIFEST_BASE)
            manifest_make_history(manifest, i);
    return manifest_add_named(self, manifest, prefix, suffix,
                              ++manifest->base_sequence, MANIFEST_BASE);
}

const struct manifest_file *manifest_new_increment(kr_module *self,
                                                   struct manifest *manifest,
                                                   const char *prefix)
{
    return manifest_add_named(self, manifest, prefix, ".incr.aof",
                              ++manifest->increment_sequence,
                              MANIFEST_INCREMENT);
}

void manifest_retire(struct manifest *manifest, size_t keep)
{
    size_t at = manifest->count; /* behind the next to be looked at */

    for (size_t left = manifest->count; left > 0; left--) {
        bool is_increment = manifest->files[at - 1].type == MANIFEST_INCREMENT;

        if (is_increment && keep == 0) {
            manifest_make_history(manifest, at - 1);
            continue;
        }
        keep -= is_increment;
        at--;
    }
}

void manifest_drop_history(kr_module *self, struct manifest *manifest)
{
    size_t kept = 0;

    for (size_t i = 0; i < manifest->count; i++)
        if (manifest->files[i].type == MANIFEST_HISTORY)
            kr_memory->free(self, manifest->files[i].name);
        else
            manifest->files[kept++] = manifest->files[i];
    manifest->count = kept;
}
