/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/server/startup.h"

#include "core/config/file.h"
#include "core/memory/memory.h"
#include "core/rack/rack.h"
#include "core/server/directives.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define MODULES_MAX 512

struct batch {
    struct rack_request requests[MODULES_MAX];
    uint32_t count;
    char *paths[MODULES_MAX]; /* those that we have made */
    uint32_t path_count;
};

/* Is it named, and a .so?  Another suffix is its loader's to claim. */
static bool startup_is_wanted(const struct dirent *entry, bool *if_claimed)
{
    const char *dot = strrchr(entry->d_name, '.');

    if (!dot || dot == entry->d_name || entry->d_name[0] == '.')
        return false;
    *if_claimed = strcmp(dot, ".so") != 0;
    return directive_loads_module(
        kr_str(entry->d_name, (size_t)(dot - entry->d_name)));
}

/* In the order of the alphabet, so that two starts are alike; who comes first
 * is decided by needs and offers. */
static bool startup_scan(struct batch *batch, char *error, size_t size)
{
    struct dirent **entries;
    int count;

    if (strcmp(directives.load_modules, "none") == 0)
        return true;
    count = scandir(directives.modules_dir, &entries, NULL, alphasort);
    if (count < 0) {
        snprintf(error, size, "modules-dir %s: %s", directives.modules_dir,
                 strerror(errno));
        return false;
    }
    for (int i = 0; i < count; i++) {
        bool if_claimed;

        if (batch->count < MODULES_MAX &&
            startup_is_wanted(entries[i], &if_claimed)) {
            size_t room =
                strlen(directives.modules_dir) + strlen(entries[i]->d_name) + 2;
            char *path = memory_alloc(room);

            snprintf(path, room, "%s/%s", directives.modules_dir,
                     entries[i]->d_name);
            batch->paths[batch->path_count++] = path;
            batch->requests[batch->count++] = (struct rack_request){
                .path = path, .if_claimed = if_claimed, .standard = true};
        }
        free(entries[i]);
    }
    free(entries);
    return true;
}

static void startup_add_lines(struct batch *batch)
{
    for (const struct file_module *line = file_modules(); line;
         line = line->next)
        if (batch->count < MODULES_MAX)
            batch->requests[batch->count++] = (struct rack_request){
                .path = line->path, .argc = line->argc, .argv = line->argv};
}

static bool startup_allow_directories(char *error, size_t size)
{
    char *list = memory_strdup(directives.module_allow_dirs);
    char *rest = list, *directory;
    bool fine = true;

    while (fine && (directory = strsep(&rest, " ")))
        if (directory[0] && !rack_allow_directory(directory)) {
            snprintf(error, size, "module-allow-dirs: %s: no such directory",
                     directory);
            fine = false;
        }
    memory_free(list);
    return fine && (!directives.module_allow_dirs[0] ||
                    strcmp(directives.load_modules, "none") == 0 ||
                    rack_allow_directory(directives.modules_dir));
}

/* For tools that look for symbols in the file which they saw mapped (valgrind,
 * perf), this time or later; overwriting a module is then fatal.  Not a
 * directive, because nobody is to set it for good. */
static void startup_choose_place(void)
{
    rack_load_in_place(getenv("KEYRACK_MODULES_IN_PLACE") != NULL);
}

bool startup_load_modules(char *error, size_t size)
{
    struct batch *batch = memory_calloc(1, sizeof(*batch));
    bool fine = startup_allow_directories(error, size) &&
                startup_scan(batch, error, size);

    startup_choose_place();
    if (fine) {
        startup_add_lines(batch);
        fine = batch->count == 0 ||
               rack_load(batch->count, batch->requests, error, size);
    }
    for (uint32_t i = 0; i < batch->path_count; i++)
        memory_free(batch->paths[i]);
    memory_free(batch);
    return fine;
}
