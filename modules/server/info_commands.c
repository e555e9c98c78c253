/* SPDX-License-Identifier: BSD-3-Clause */
/* info_commands - INFO commandstats, latencystats and errorstats: what the host
 * has measured of commands, and which errors they replied. */
#include "info.h"

#include "server.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define NAME_MAX_SIZE 192 /* of a field; longer names are cut */

/* A field's name must not break the line's form. */
static void info_safe_name(char *name)
{
    while (*(name += strcspn(name, "#:\n\r")) != '\0')
        *name = '_';
}

/* "cmdstat_client|list" */
static void info_name(const char *prefix, const kr_cmd *command,
                      char name[NAME_MAX_SIZE])
{
    const char *rest = kr_commands->full_name(command);
    size_t size = strlen(prefix), more = strlen(rest);

    if (more >= NAME_MAX_SIZE - size)
        more = NAME_MAX_SIZE - size - 1;
    memcpy(name, prefix, size);
    memcpy(name + size, rest, more);
    name[size + more] = '\0';
    info_safe_name(name);
}

/* Call `each` for all commands, subcommands after their container. */
struct info_walk {
    bool (*each)(const kr_cmd *command, void *ctx);
    void *ctx;
};

static bool info_walk_one(const kr_cmd *command, void *ctx)
{
    struct info_walk *walk = ctx;

    (void)walk->each(command, walk->ctx);
    kr_commands->each(command, walk->each, walk->ctx);
    return true;
}

/* --- commandstats -------------------------------------------------------- */

static bool info_command(const kr_cmd *command, void *ctx)
{
    struct kr_command_stats stats = {.size = sizeof(stats)};
    struct kr_info_out *out = ctx;
    struct info_line line;
    char name[NAME_MAX_SIZE];

    kr_commands->stats(command, &stats);
    if (stats.calls == 0 && stats.rejected == 0 && stats.failed == 0)
        return true;
    info_name("cmdstat_", command, name);
    line.size = 0;
    info_line_int(&line, KR_STR("calls="), stats.calls);
    info_line_int(&line, KR_STR(",usec="), stats.nsec / 1000);
    info_line_hundredths(&line, KR_STR(",usec_per_call="),
                         stats.calls > 0
                             ? (stats.nsec / 10 + stats.calls / 2) / stats.calls
                             : 0);
    info_line_int(&line, KR_STR(",rejected_calls="), stats.rejected);
    info_line_int(&line, KR_STR(",failed_calls="), stats.failed);
    out->field(out, name, info_line_text(&line));
    return true;
}

void info_fill_commandstats(void *ctx, struct kr_info_out *out)
{
    struct info_walk walk = {info_command, out};

    (void)ctx;
    kr_commands->each(NULL, info_walk_one, &walk);
}

/* --- latencystats -------------------------------------------------------- */

#define PERCENTILES_MAX 16

struct info_percentiles {
    struct kr_info_out *out;
    size_t count;
    double values[PERCENTILES_MAX];
};

static void info_read_percentiles(struct info_percentiles *p)
{
    char text[256];

    if (!server_param("latency-tracking-info-percentiles", text, sizeof(text)))
        memcpy(text, "50 99 99.9", sizeof("50 99 99.9"));
    for (char *rest = text, *word;
         p->count < PERCENTILES_MAX && (word = strtok_r(rest, " ", &rest));)
        p->values[p->count++] = strtod(word, NULL);
}

static bool info_latency(const kr_cmd *command, void *ctx)
{
    const struct info_percentiles *p = ctx;
    char name[NAME_MAX_SIZE], value[512];
    size_t used = 0;
    uint64_t at_most;

    if (p->count == 0 || kr_commands->histogram(command, &at_most, 1) == 0)
        return true;
    for (size_t i = 0; i < p->count && used < sizeof(value); i++)
        used += (size_t)snprintf(
            value + used, sizeof(value) - used, "%sp%.12g=%.3f",
            i > 0 ? "," : "", p->values[i],
            (double)kr_commands->percentile(command, p->values[i]) / 1000);
    info_name("latency_percentiles_usec_", command, name);
    p->out->field(p->out, name, kr_cstr(value));
    return true;
}

void info_fill_latencystats(void *ctx, struct kr_info_out *out)
{
    struct info_percentiles percentiles = {.out = out};
    struct info_walk walk = {info_latency, &percentiles};

    (void)ctx;
    info_read_percentiles(&percentiles);
    kr_commands->each(NULL, info_walk_one, &walk);
}

/* --- errorstats ---------------------------------------------------------- */

/* In alphabetical order: all are gathered first. */
struct info_error {
    char name[NAME_MAX_SIZE];
    uint64_t count;
};

struct info_errors {
    kr_module *self;
    struct info_error *rows;
    size_t count;
    size_t room;
};

static bool info_take_error(void *ctx, struct kr_str code, uint64_t count)
{
    struct info_errors *errors = ctx;
    struct info_error *row;

    if (errors->count == errors->room) {
        errors->room = errors->room > 0 ? errors->room * 2 : 16;
        errors->rows = kr_memory->realloc(
            errors->self, errors->rows, errors->room * sizeof(errors->rows[0]));
    }
    row = &errors->rows[errors->count++];
    row->count = count;
    snprintf(row->name, sizeof(row->name), "errorstat_%.*s",
             (int)(code.size < 128 ? code.size : 128), code.data);
    info_safe_name(row->name);
    return true;
}

static int info_compare_errors(const void *a, const void *b)
{
    return strcmp(((const struct info_error *)a)->name,
                  ((const struct info_error *)b)->name);
}

void info_fill_errorstats(void *ctx, struct kr_info_out *out)
{
    const struct server *server = ctx;
    struct info_errors errors = {.self = server->self};

    kr_info->errors(info_take_error, &errors);
    if (errors.count > 0)
        qsort(errors.rows, errors.count, sizeof(errors.rows[0]),
              info_compare_errors);
    for (size_t i = 0; i < errors.count; i++)
        kr_info_fieldf(out, errors.rows[i].name, "count=%" PRIu64,
                       errors.rows[i].count);
    kr_memory->free(server->self, errors.rows);
}
