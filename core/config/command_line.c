/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/config/command_line.h"

#include "core/config/file.h"
#include "core/memory/memory.h"
#include "core/resp/inline.h"
#include "core/text/escape.h"
#include "core/version/version.h"

#include <strings.h>

/* --- Questions that are answered at once --------------------------------- */

/* Tools look for "v=" in Redis's line; what is ours comes behind it. */
static void command_line_version(void)
{
    printf("Redis server v=%s sha=00000000:0 malloc=%s bits=%d build=0 "
           "keyrack=%s\n",
           VERSION_REDIS, memory_allocator_name(), (int)sizeof(void *) * 8,
           version_keyrack);
}

/* To standard error and with status 1, as redis-server has it. */
static int command_line_help(void)
{
    fputs(
        "usage: keyrack-server [FILE] [--NAME VALUE ...] [-]\n"
        "       keyrack-server - (the configuration is on standard input)\n"
        "       keyrack-server -v | --version\n"
        "       keyrack-server -h | --help\n"
        "       keyrack-server --check-system\n"
        "\n"
        "FILE has a line for each parameter; keyrack.conf explains them.  The "
        "same names\n"
        "are options, and these win:\n"
        "       keyrack-server --port 7777\n"
        "       keyrack-server --port 7777 --save \"\" --loglevel verbose\n"
        "       keyrack-server /etc/keyrack/keyrack.conf --bind 127.0.0.1 "
        "::1\n",
        stderr);
    return 1;
}

static bool command_line_first_line(const char *path, char *line, int size)
{
    FILE *stream = fopen(path, "re");
    bool fine = stream && fgets(line, size, stream);

    if (stream)
        fclose(stream);
    return fine;
}

static bool command_line_report(const char *what, bool fine, const char *cure)
{
    printf("[%s]...%s\n", what, fine ? "OK" : "WARNING:");
    if (!fine)
        puts(cure);
    return fine;
}

/* Settings of the kernel that hurt an in-memory server. */
static bool command_line_check_system(void)
{
    char line[256];
    bool fine = true;

    if (command_line_first_line("/sys/devices/system/clocksource/clocksource0/"
                                "current_clocksource",
                                line, sizeof(line)))
        fine &= command_line_report(
            "slow-clocksource",
            strncmp(line, "acpi_pm", 7) != 0 && strncmp(line, "hpet", 4) != 0,
            "Reading the time is slow here. Where the processor's counter is "
            "reliable, choose it: echo tsc > /sys/devices/system/clocksource/"
            "clocksource0/current_clocksource");
    if (command_line_first_line("/proc/sys/vm/overcommit_memory", line,
                                sizeof(line)))
        fine &= command_line_report(
            "overcommit", line[0] == '1',
            "A fork may be refused while memory is in use, so saving in the "
            "background may fail. Cure: sysctl vm.overcommit_memory=1");
    if (command_line_first_line("/sys/kernel/mm/transparent_hugepage/enabled",
                                line, sizeof(line)))
        fine &= command_line_report(
            "THP", !strstr(line, "[always]"),
            "Transparent huge pages are always on, which costs memory and "
            "time after a fork. Cure: echo madvise > "
            "/sys/kernel/mm/transparent_hugepage/enabled");
    return fine;
}

/* --- Options ------------------------------------------------------------- */

static bool command_line_is_name(const char *argument)
{
    return argument[0] == '-' && argument[1] == '-';
}

/* Is it a name alone, and not "--name value" in one argument? */
static bool command_line_is_bare(const char *argument)
{
    struct resp_args words = {0};
    bool bare = resp_split_line(&words, kr_cstr(argument)) == RESP_SPLIT_DONE &&
                words.argc == 1;

    resp_args_fini(&words);
    return bare;
}

/* `argc` arguments as the lines of a file.  `value_next`: the argument in turn
 * belongs to the name before it, whatever it looks like. */
static void command_line_options(int argc, char **argv, struct buffer *lines)
{
    bool value_next = false;

    for (int i = 0; i < argc; i++) {
        bool last = i + 1 == argc;

        if (value_next || !command_line_is_name(argv[i])) {
            escape_repr(lines, kr_cstr(argv[i]));
            buffer_append_char(lines, ' ');
            value_next = false;
            continue;
        }
        if (lines->size)
            buffer_append_char(lines, '\n');
        buffer_append(lines, kr_cstr(argv[i] + 2));
        buffer_append_char(lines, ' ');
        value_next = command_line_is_bare(argv[i]);
        /* "--save" with nothing behind it has long meant: do not save. */
        if (strcasecmp(argv[i], "--save") == 0 &&
            (last || command_line_is_name(argv[i + 1]))) {
            buffer_append(lines, KR_STR("\"\""));
            value_next = false;
        }
    }
}

/* --- All of it ----------------------------------------------------------- */

static bool command_line_refuse(const char *text, int *status)
{
    fprintf(stderr, "keyrack-server: %s\n", text);
    *status = 1;
    return false;
}

static bool command_line_answer(int argc, char **argv, int *status)
{
    const char *name = argc > 0 ? argv[0] : "";
    const char *slash = strrchr(name, '/');

    *status = 0;
    if (strstr(slash ? slash + 1 : name, "sentinel"))
        return command_line_refuse("this is no sentinel: it has no such mode; "
                                   "run redis-sentinel, which can watch it",
                                   status);
    for (int i = 1; i < argc; i++)
        if (strcasecmp(argv[i], "--sentinel") == 0)
            return command_line_refuse("--sentinel: there is no such mode; run "
                                       "redis-sentinel, which can watch this "
                                       "server",
                                       status);
    if (argc > 1 && strcmp(argv[1], "--test-memory") == 0)
        return command_line_refuse("--test-memory: this server does not test "
                                   "memory; memtester or memtest86+ do it "
                                   "better",
                                   status);
    if (argc != 2)
        return true;
    if (strcmp(argv[1], "-v") == 0 || strcmp(argv[1], "--version") == 0)
        command_line_version();
    else if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)
        *status = command_line_help();
    else if (strcmp(argv[1], "--check-system") == 0)
        *status = command_line_check_system() ? 0 : 1;
    else
        return true;
    return false;
}

bool command_line_read(int argc, char **argv, int *status)
{
    struct buffer options = {0}, error = {0};
    const char *path = NULL;
    int from = 1, to = argc;
    bool stdin_too = false, fine = true;

    if (!command_line_answer(argc, argv, status))
        return false;
    if (from < to && argv[from][0] != '-')
        path = argv[from++]; /* an empty one is none */
    if (from < to && strcmp(argv[to - 1], "-") == 0)
        stdin_too = true, to--;
    else if (from == 1 && from < to && strcmp(argv[from], "-") == 0)
        stdin_too = true, from++;
    command_line_options(to - from, argv + from, &options);

    if (path && path[0])
        fine = file_read(path, &error);
    if (fine && stdin_too)
        fine = file_read_stream(stdin, &error);
    if (fine && options.size)
        fine = file_read_text(buffer_str(&options), &error);
    if (!fine)
        file_print_fatal(stderr, error.data);
    *status = fine ? 0 : 1;
    buffer_free(&options);
    buffer_free(&error);
    return fine;
}
