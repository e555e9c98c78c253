/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/dispatch/rename.h"

#include "core/memory/memory.h"

static struct {
    struct rename *first;
    struct rename **end;
} renames;

const struct rename *rename_first(void)
{
    return renames.first;
}

const struct rename *rename_of(struct kr_str declared)
{
    const struct rename *line = renames.first;

    while (line && !kr_str_equal_nocase(line->from, declared))
        line = line->next;
    return line;
}

static const struct rename *rename_to(struct kr_str typed)
{
    const struct rename *line = renames.first;

    while (line && !kr_str_equal_nocase(line->to, typed))
        line = line->next;
    return line;
}

struct kr_str rename_declared(struct kr_str typed)
{
    const struct rename *line;

    if (!renames.first)
        return typed;
    line = typed.size > 0 ? rename_to(typed) : NULL;
    if (line)
        return line->from;
    return rename_of(typed) ? kr_str(NULL, 0) : typed;
}

static struct kr_str rename_copy(struct kr_str text)
{
    return kr_str(memory_strndup(text.data, text.size), text.size);
}

const char *rename_add(struct kr_str from, struct kr_str to)
{
    struct rename *line;

    if (rename_of(from))
        return "No such command in rename-command";
    if (to.size > 0 && rename_to(to))
        return "Target command name already exists";
    line = memory_calloc(1, sizeof(*line));
    line->from = rename_copy(from);
    line->to = rename_copy(to);
    if (!renames.end)
        renames.end = &renames.first;
    *renames.end = line;
    renames.end = &line->next;
    return NULL;
}

void rename_fini(void)
{
    struct rename *line;

    while ((line = renames.first)) {
        renames.first = line->next;
        memory_free((char *)(uintptr_t)line->from.data);
        memory_free((char *)(uintptr_t)line->to.data);
        memory_free(line);
    }
    renames.end = NULL;
}
