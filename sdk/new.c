/* SPDX-License-Identifier: BSD-3-Clause */
/* new - a folder for a new module, copied from the template.
 *
 * In the names of files NAME, and in their text @name@, is the module's name;
 * @file@ is the one under which its values are saved, which has nine characters:
 * "tally" gives "tally-kr1", and "counter" "count-kr1". */
#include "sdk/new.h"

#include "core/config/file.h"
#include "sdk/text.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW_NAME_MAX 32u

struct plan {
    const char *name;
    char file[10];
};

/* A word that is a name in C as well. */
static bool new_is_name(const char *name)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

    return n > 0 && n <= NEW_NAME_MAX && name[n] == '\0' && name[0] >= 'a' &&
           name[0] <= 'z';
}

/* Where the template is: $KEYRACK_TEMPLATE, beside this program, where the
 * package puts it. */
static bool new_find_template(char path[PATH_MAX])
{
    static const char *const beside[] = {"/sdk/template",
                                         "/../share/keyrack/template"};
    const char *given = getenv("KEYRACK_TEMPLATE");
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 64);
    char *slash;

    if (given) {
        snprintf(path, PATH_MAX, "%s", given);
        return access(path, R_OK) == 0;
    }
    path[n > 0 ? n : 0] = '\0';
    slash = strrchr(path, '/');
    for (size_t i = 0; slash && i < KR_COUNT(beside); i++) {
        strcpy(slash, beside[i]);
        if (access(path, R_OK) == 0)
            return true;
    }
    snprintf(path, PATH_MAX, "%s/template", KEYRACK_DATADIR);
    return access(path, R_OK) == 0;
}

static bool new_write(const char *path, const struct buffer *text)
{
    FILE *file = fopen(path, "wxe");
    bool good;

    if (!file) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return false;
    }
    good = fwrite(text->data, 1, text->size, file) == text->size;
    good = fclose(file) == 0 && good;
    if (!good)
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    return good;
}

static bool new_copy_file(const struct plan *plan, const char *from,
                          const char *to)
{
    struct buffer text = {0};
    bool good;

    if (!file_load(from, &text)) {
        fprintf(stderr, "%s: %s\n", from, strerror(errno));
        buffer_free(&text);
        return false;
    }
    text_replace(&text, "@name@", plan->name);
    text_replace(&text, "@file@", plan->file);
    good = new_write(to, &text);
    buffer_free(&text);
    return good;
}

static bool new_copy_folder(const struct plan *plan, const char *from,
                            const char *to);

static bool new_copy(const struct plan *plan, const char *from, const char *to,
                     const char *entry)
{
    struct buffer source = {0}, target = {0};
    struct stat st;
    bool good;

    buffer_printf(&source, "%s/%s", from, entry);
    buffer_printf(&target, "%s", entry);
    text_replace(&target, "NAME", plan->name);
    text_replace(&target, "dot-", "."); /* a file that make dist would hide */
    {
        struct buffer whole = {0};

        buffer_printf(&whole, "%s/%s", to, target.data);
        buffer_free(&target);
        target = whole;
    }
    good =
        stat(source.data, &st) == 0 &&
        (S_ISDIR(st.st_mode) ? new_copy_folder(plan, source.data, target.data)
                             : new_copy_file(plan, source.data, target.data));
    buffer_free(&source);
    buffer_free(&target);
    return good;
}

static bool new_copy_folder(const struct plan *plan, const char *from,
                            const char *to)
{
    DIR *folder = opendir(from);
    const struct dirent *entry;
    bool good = folder != NULL;

    if (!folder || mkdir(to, 0777) != 0) {
        fprintf(stderr, "%s: %s\n", folder ? to : from, strerror(errno));
        good = false;
    }
    while (good && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.')
            good = new_copy(plan, from, to, entry->d_name);
    }
    if (folder)
        closedir(folder);
    return good;
}

int new_module(const char *name, const char *folder)
{
    struct plan plan = {.name = name};
    char template[PATH_MAX];

    if (!new_is_name(name)) {
        fprintf(stderr,
                "%s: a module's name is one word of a-z, 0-9 and _, with a "
                "letter in front\n",
                name);
        return 2;
    }
    snprintf(plan.file, sizeof(plan.file), "%.5s----", name);
    memcpy(plan.file + 5, "-kr1", 5);
    if (!new_find_template(template)) {
        fprintf(stderr, "%s: no template there; set KEYRACK_TEMPLATE\n",
                template);
        return 1;
    }
    if (!new_copy_folder(&plan, template, folder))
        return 1;
    printf("%s is ready: make -C %s check\n", folder, folder);
    return 0;
}
