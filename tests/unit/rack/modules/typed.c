/* SPDX-License-Identifier: BSD-3-Clause */
/* typed - a module with a type and a parameter. */
#include <kr/kr.h>

static uint16_t slot;
static int64_t limit;
static bool applied, fixed;

static const char *typed_encoding(const struct kr_peek *value)
{
    (void)value;
    return "raw";
}

static bool typed_apply(void *state, uint32_t argc, const struct kr_str *argv,
                        const char **error)
{
    (void)state;
    (void)argc;
    (void)argv;
    (void)error;
    applied = true;
    return applied;
}

static const struct kr_type typed_type = {
    .size = sizeof(struct kr_type),
    .layout = 1,
    .name = "typed",
    .file_name = "typed-kr1",
    .slot = &slot,
    .encoding = typed_encoding,
};
static const struct kr_type *const types[] = {&typed_type};
static const struct kr_param params[] = {
    {.name = "typed.limit",
     .type = KR_PARAM_INT,
     .slot = &limit,
     .initial = "7",
     .apply = typed_apply},
    {.name = "typed.fixed",
     .type = KR_PARAM_BOOL,
     .flags = KR_PARAM_IMMUTABLE,
     .slot = &fixed,
     .initial = "no"},
};

KR_MODULE(.name = "typed", .version = 1, .flags = KR_MODULE_CAN_UNLOAD,
          .types = KR_ROWS(types), .params = KR_ROWS(params));
