/* SPDX-License-Identifier: BSD-3-Clause */
/* stand_ins - the wings below the rack, for tests of the rack alone: a table of
 * commands, of types and of parameters that keeps what the loader hands it. */
#include "tests/unit/rack/stand_ins.h"

#include "core/config/config.h"
#include "core/dispatch/call.h"
#include "core/dispatch/command.h"
#include "core/keyspace/keyspace.h"
#include "core/log/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

uint64_t stand_in_values;
struct call *call_current;

static struct kr_cmd commands[64];
static struct {
    kr_module *module;
    const struct kr_type *type;
} types[64];
static kr_module *param_owners[64];

kr_status command_add(kr_module *module, const struct kr_command *row)
{
    for (size_t i = 0; i < KR_COUNT(commands); i++) {
        if (commands[i].row.name && !strcmp(commands[i].row.name, row->name))
            return KR_EEXIST;
    }
    for (size_t i = 0; i < KR_COUNT(commands); i++) {
        if (commands[i].row.name)
            continue;
        commands[i].row = *row;
        commands[i].module = module;
        return KR_OK;
    }
    return KR_ENOMEM;
}

void command_forget(kr_module *module)
{
    for (size_t i = 0; i < KR_COUNT(commands); i++) {
        if (commands[i].module == module)
            commands[i].row.name = NULL;
    }
}

struct kr_cmd *command_find(struct kr_str name)
{
    for (size_t i = 0; i < KR_COUNT(commands); i++) {
        if (commands[i].row.name &&
            kr_str_equal(kr_cstr(commands[i].row.name), name))
            return &commands[i];
    }
    return NULL;
}

kr_status type_register(kr_module *module, const struct kr_type *type,
                        uint16_t *slot)
{
    for (uint16_t i = 1; i < KR_COUNT(types); i++) {
        if (types[i].type)
            continue;
        types[i].type = type;
        types[i].module = module;
        *slot = i;
        return KR_OK;
    }
    return KR_ENOMEM;
}

bool type_may_forget(const kr_module *module, const char **type,
                     uint64_t *values)
{
    for (uint16_t i = 1; i < KR_COUNT(types) && stand_in_values; i++) {
        if (types[i].type && types[i].module == module) {
            *type = types[i].type->name;
            *values = stand_in_values;
            return false;
        }
    }
    return true;
}

void type_forget(kr_module *module)
{
    for (uint16_t i = 1; i < KR_COUNT(types); i++) {
        if (types[i].module == module)
            types[i].type = NULL;
    }
}

uint32_t stand_in_types(void)
{
    uint32_t n = 0;

    for (uint16_t i = 1; i < KR_COUNT(types); i++)
        n += types[i].type != NULL;
    return n;
}

bool config_add_params(kr_module *module, const struct kr_rows *params,
                       char *error, size_t error_size)
{
    (void)error;
    (void)error_size;
    for (uint32_t i = 0; i < params->count && i < KR_COUNT(param_owners); i++)
        param_owners[i] = module;
    return true;
}

void config_forget(kr_module *module)
{
    for (size_t i = 0; i < KR_COUNT(param_owners); i++) {
        if (param_owners[i] == module)
            param_owners[i] = NULL;
    }
}

uint32_t stand_in_params(void)
{
    uint32_t n = 0;

    for (size_t i = 0; i < KR_COUNT(param_owners); i++)
        n += param_owners[i] != NULL;
    return n;
}

void log_line(enum log_level level, const char *format, ...)
{
    va_list args;

    if (!getenv("RACK_TEST_VERBOSE"))
        return;
    va_start(args, format);
    fprintf(stderr, "%d ", level);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}
