/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/server/program.h"

#include "core/event/event.h"

#include <kr/program.h>

#include <stdio.h>
#include <stdlib.h>

/* A link that only says which server it is ("redis-server-7", "keyrack-next")
 * is none of these. */
bool program_is_asked(const char *path, struct kr_str *name)
{
    static const char *const prefixes[] = {"keyrack-", "redis-"};
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;

    for (size_t i = 0; i < KR_COUNT(prefixes); i++) {
        size_t size = strlen(prefixes[i]);

        if (strncmp(base, prefixes[i], size) != 0)
            continue;
        *name = kr_cstr(base + size);
        return strncmp(name->data, "server", 6) != 0 && strchr(name->data, '-');
    }
    return false;
}

/* Modules of an installation that stands elsewhere than it was made for (below
 * DESTDIR) are found by the environment: the words are the program's own. */
int program_arguments(char *path, char *argv[PROGRAM_ARGUMENTS_MAX])
{
    static char port[] = "--port", none[] = "0", level[] = "--loglevel",
                nothing[] = "nothing", modules[] = "--modules-dir";
    char *folder = getenv("KEYRACK_MODULES_DIR");
    int argc = 0;

    argv[argc++] = path;
    argv[argc++] = port;
    argv[argc++] = none;
    argv[argc++] = level;
    argv[argc++] = nothing;
    if (folder) {
        argv[argc++] = modules;
        argv[argc++] = folder;
    }
    argv[argc] = NULL;
    return argc;
}

int program_run(struct kr_str name, int argc, char **argv)
{
    bool taken = false;
    int32_t status = 1;
    struct kr_program_event event = {
        .size = sizeof(event),
        .argc = argc,
        .name = name,
        .argv = (const char *const *)argv,
        .taken = &taken,
        .status = &status,
    };

    if (event_is_armed(EVENT_PROGRAM))
        event_raise(EVENT_PROGRAM, &event);
    if (!taken)
        fprintf(stderr,
                "%s: no module here has a program of that name (a server is "
                "called keyrack-server)\n",
                argv[0]);
    if (fflush(stdout) != 0 && status == 0)
        status = 1;
    return (int)status;
}
