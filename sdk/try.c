/* SPDX-License-Identifier: BSD-3-Clause */
/* try - run a module's cases against a server that was started for them.
 *
 * A folder stands for the one .so file that its Makefile builds, and for the
 * cases in its tests/. */
#include "sdk/try.h"

#include "sdk/cases.h"
#include "sdk/server.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool try_is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* make in the folder, in the same words that its author types. */
static bool try_build(const char *folder)
{
    int status = 0;
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        execlp("make", "make", "-s", "-C", folder, (char *)NULL);
        perror("make");
        _exit(127);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

static bool try_find(const char *folder, const char *pattern, glob_t *found)
{
    char where[PATH_MAX];

    snprintf(where, sizeof(where), "%s/%s", folder, pattern);
    if (glob(where, 0, NULL, found) == 0)
        return true;
    fprintf(stderr, "%s: no such file\n", where);
    return false;
}

static int try_run(const char *module, size_t count, char **files, int protocol)
{
    struct server server;
    struct score score = {0};
    bool good = server_init(&server, module) && server_start(&server);

    if (good) {
        for (size_t i = 0; i < count; i++)
            cases_run(files[i], &server, protocol, &score);
        good = server_stop(&server);
    }
    if (!good)
        score.failed++;
    server_fini(&server);
    printf("%u passed, %u failed\n", score.passed, score.failed);
    return score.failed == 0 && score.passed > 0 ? 0 : 1;
}

int try_module(const char *what, int count, char **files, int protocol)
{
    glob_t modules = {0}, cases = {0};
    int status = 1;

    if (!try_is_folder(what)) {
        if (count > 0)
            return try_run(what, (size_t)count, files, protocol);
        fprintf(stderr, "%s: say which cases to run\n", what);
        return 2;
    }
    if (!try_build(what) || !try_find(what, "*.so", &modules))
        return 1;
    if (modules.gl_pathc > 1)
        fprintf(stderr, "%s: more than one .so file\n", what);
    else if (count > 0)
        status = try_run(modules.gl_pathv[0], (size_t)count, files, protocol);
    else if (try_find(what, "tests/*.txt", &cases))
        status = try_run(modules.gl_pathv[0], cases.gl_pathc, cases.gl_pathv,
                         protocol);
    globfree(&modules);
    globfree(&cases);
    return status;
}
