/* SPDX-License-Identifier: BSD-3-Clause */
/* text - a string that grows. */
#include "sdk/text.h"

#include "core/memory/memory.h"

#include <stdarg.h>
#include <stdio.h>

void text_add(struct text *text, const char *bytes, size_t size)
{
    if (text->size + size + 1 > text->room) {
        text->room = 2 * (text->size + size + 1);
        text->at = memory_realloc(text->at, text->room);
    }
    if (size > 0)
        memcpy(text->at + text->size, bytes, size);
    text->size += size;
    text->at[text->size] = '\0';
}

void text_addf(struct text *text, const char *format, ...)
{
    char line[1024];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (n > 0)
        text_add(text, line,
                 (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

void text_clear(struct text *text)
{
    text->size = 0;
    if (text->at)
        text->at[0] = '\0';
}

void text_fini(struct text *text)
{
    memory_free(text->at);
    *text = (struct text){0};
}

bool text_read_file(struct text *text, const char *path)
{
    FILE *file = fopen(path, "re");
    char room[16384];
    size_t n;
    bool good;

    if (!file)
        return false;
    text_add(text, "", 0);
    while ((n = fread(room, 1, sizeof(room), file)) > 0)
        text_add(text, room, n);
    good = !ferror(file);
    fclose(file);
    return good;
}

void text_replace(struct text *text, const char *what, const char *by)
{
    struct text out = {0};
    const char *from = text->at, *found;

    text_add(&out, "", 0);
    while (from && (found = strstr(from, what)) != NULL) {
        text_add(&out, from, (size_t)(found - from));
        text_add(&out, by, strlen(by));
        from = found + strlen(what);
    }
    if (from)
        text_add(&out, from, strlen(from));
    text_fini(text);
    *text = out;
}
