/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/config/file.h"

#include "core/dispatch/rename.h"
#include "core/memory/memory.h"
#include "core/resp/inline.h"
#include "core/version/version.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>

#define FILE_DEPTH_MAX                                                         \
    16 /* of includes: a file that includes itself ends here */

static struct {
    char *path;
    unsigned line; /* the next one to be read of the main file */
    struct file_module *first, **end;
} file;

static bool file_lines(struct kr_str text, const char *name, unsigned depth,
                       unsigned *line, struct buffer *error);

/* --- Reading ------------------------------------------------------------- */

static bool file_drain(FILE *stream, struct buffer *to)
{
    size_t n;

    do {
        n = fread(buffer_reserve(to, 16384), 1, 16384, stream);
        to->size += n;
    } while (n > 0);
    to->data[to->size] = '\0'; /* buffer_reserve() has left room for it */
    return !ferror(stream);
}

bool file_load(const char *path, struct buffer *to)
{
    FILE *stream = fopen(path, "re");
    int saved;
    bool fine;

    if (!stream)
        return false;
    fine = file_drain(stream, to);
    saved = errno;
    fclose(stream);
    errno = saved;
    return fine;
}

static bool file_open(const char *path, struct buffer *text,
                      struct buffer *error)
{
    if (file_load(path, text))
        return true;
    buffer_printf(error, "Fatal error, can't open config file '%s': %s", path,
                  strerror(errno));
    return false;
}

/* --- The file's own directives ------------------------------------------- */

static bool file_include_one(const char *path, unsigned depth,
                             struct buffer *error)
{
    struct buffer text = {0};
    unsigned line = 1;
    bool fine = file_open(path, &text, error) &&
                file_lines(buffer_str(&text), path, depth, &line, error);

    buffer_free(&text);
    return fine;
}

/* A pattern that matches nothing includes nothing, so that an empty folder of
 * snippets is fine; a plain name must exist. */
static bool file_include(struct kr_str pattern, unsigned depth,
                         struct buffer *error)
{
    char *path = memory_strndup(pattern.data, pattern.size);
    bool fine = true;
    glob_t found;

    if (!strpbrk(path, "*?[")) {
        fine = file_include_one(path, depth, error);
    } else if (glob(path, 0, NULL, &found) == 0) {
        for (size_t i = 0; fine && i < found.gl_pathc; i++)
            fine = file_include_one(found.gl_pathv[i], depth, error);
        globfree(&found);
    }
    memory_free(path);
    return fine;
}

static void file_add_module(const struct resp_args *words)
{
    struct file_module *module = memory_calloc(1, sizeof(*module));

    module->path = memory_strndup(words->argv[1].data, words->argv[1].size);
    module->argc = (uint32_t)words->argc - 2;
    module->argv = memory_calloc(words->argc, sizeof(*module->argv));
    for (uint32_t i = 0; i < module->argc; i++) {
        struct kr_str word = words->argv[i + 2];

        module->argv[i] =
            kr_str(memory_strndup(word.data, word.size), word.size);
    }
    if (!file.end)
        file.end = &file.first;
    *file.end = module;
    file.end = &module->next;
}

const struct file_module *file_modules(void)
{
    return file.first;
}

/* --- Lines --------------------------------------------------------------- */

/* Settings of the past that mean nothing any more, in Redis neither. */
static bool file_is_obsolete(struct kr_str name)
{
    static const char *const names[] = {
        "list-max-ziplist-entries",
        "list-max-ziplist-value",
        "lua-replicate-commands",
    };

    for (size_t i = 0; i < KR_COUNT(names); i++)
        if (kr_str_equal_nocase(name, kr_cstr(names[i])))
            return true;
    return false;
}

/* NULL: it was one of ours and went well, or it waits now. */
static const char *file_words(const struct config_origin *origin,
                              const struct resp_args *words, unsigned depth,
                              struct buffer *error)
{
    static const char bad[] = "Bad directive or wrong number of arguments";
    struct kr_str name = words->argv[0];

    if (kr_str_equal_nocase(name, KR_STR("include"))) {
        if (words->argc != 2)
            return bad;
        if (depth == FILE_DEPTH_MAX)
            return "include: files include each other too deeply";
        file_include(words->argv[1], depth + 1, error);
    } else if (kr_str_equal_nocase(name, KR_STR("loadmodule"))) {
        if (words->argc < 2)
            return bad;
        file_add_module(words);
    } else if (kr_str_equal_nocase(name, KR_STR("rename-command"))) {
        return words->argc == 3 ? rename_add(words->argv[1], words->argv[2])
                                : bad;
    } else if (kr_str_equal_nocase(name, KR_STR("sentinel"))) {
        return "sentinel directive while not in sentinel mode";
    } else if (!file_is_obsolete(name)) {
        config_pend(origin, name, (uint32_t)words->argc - 1, words->argv + 1);
    }
    return NULL;
}

static struct kr_str file_trim(struct kr_str line)
{
    static const char blanks[] = " \t\r\n";

    while (line.size && memchr(blanks, line.data[0], 4))
        line = kr_str(line.data + 1, line.size - 1);
    while (line.size && memchr(blanks, line.data[line.size - 1], 4))
        line.size--;
    return line;
}

static bool file_line(const struct config_origin *origin, unsigned depth,
                      struct buffer *error)
{
    struct resp_args words = {0};
    const char *why = NULL;
    size_t before = error->size;

    if (origin->text.size == 0 || origin->text.data[0] == '#')
        return true;
    if (resp_split_line(&words, origin->text) != RESP_SPLIT_DONE)
        why = "Unbalanced quotes in configuration line";
    else if (words.argc > 0)
        why = file_words(origin, &words, depth, error);
    resp_args_fini(&words);
    if (why)
        config_describe(error, origin, why);
    return error->size == before;
}

static bool file_lines(struct kr_str text, const char *name, unsigned depth,
                       unsigned *line, struct buffer *error)
{
    const char *at = text.size > 0 ? text.data : "", *end = at + text.size;

    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;
        struct config_origin origin = {
            name, *line, file_trim(kr_str(at, (size_t)(stop - at)))};

        if (!file_line(&origin, depth, error))
            return false;
        if (newline)
            ++*line;
        at = newline ? newline + 1 : end;
    }
    return true;
}

/* --- The main file and what follows it ----------------------------------- */

bool file_read(const char *path, struct buffer *error)
{
    struct buffer text = {0};
    char *resolved;
    bool fine;

    if (!file_open(path, &text, error)) {
        buffer_free(&text);
        return false;
    }
    resolved = realpath(path, NULL);
    memory_free(file.path);
    file.path = memory_strdup(resolved ? resolved : path);
    free(resolved);
    file.line = 1;
    fine = file_lines(buffer_str(&text), NULL, 0, &file.line, error);
    buffer_free(&text);
    return fine;
}

/* Below an empty line, as Redis counts them. */
bool file_read_text(struct kr_str text, struct buffer *error)
{
    file.line += file.line ? 1 : 2;
    return file_lines(text, NULL, 0, &file.line, error);
}

bool file_read_stream(FILE *stream, struct buffer *error)
{
    struct buffer text = {0};
    bool fine = file_drain(stream, &text);

    if (!fine)
        buffer_printf(error,
                      "Fatal error, can't read the "
                      "configuration: %s",
                      strerror(errno));
    if (file.line == 0)
        file.line = 1;
    fine = fine && file_lines(buffer_str(&text), NULL, 0, &file.line, error);
    buffer_free(&text);
    return fine;
}

const char *file_path(void)
{
    return file.path ? file.path : "";
}

void file_print_fatal(FILE *to, const char *error)
{
    static const char about_a_line[] = "Reading the configuration file";

    if (strncmp(error, about_a_line, sizeof(about_a_line) - 1) == 0)
        fprintf(to, "\n*** FATAL CONFIG FILE ERROR (Keyrack %s) ***\n",
                version_keyrack);
    fprintf(to, "%s\n", error);
}

void file_fini(void)
{
    while (file.first) {
        struct file_module *module = file.first;

        file.first = module->next;
        for (uint32_t i = 0; i < module->argc; i++)
            memory_free((char *)module->argv[i].data);
        memory_free(module->argv);
        memory_free(module->path);
        memory_free(module);
    }
    file.end = NULL;
    memory_free(file.path);
    file.path = NULL;
    file.line = 0;
}
