/* SPDX-License-Identifier: BSD-3-Clause */
/* plain - a module with a command, whose life can be read from outside.
 *
 * Arguments: "refuse" makes create() fail, "silent" without a reason, "leak"
 * leaves bytes behind.  It counts its own life in the variable that the
 * environment's RACK_TEST_LOG names: a file to which it appends letters. */
#include <kr/kr.h>

#include <stdlib.h>

KR_USES(kr_memory);
static kr_module *self;

struct plain_probe {
    uint32_t size;
    uint32_t reserved;
    kr_module *(*self)(void);
    void *(*state)(void);
};

static int state;
static void *volatile leaked; /* so that leak checkers see it as kept */

static void plain_log(char letter)
{
    const char *path = getenv("RACK_TEST_LOG");
    FILE *file = path ? fopen(path, "a") : NULL;

    if (!file)
        return;
    fputc(letter, file);
    fclose(file);
}

static kr_module *plain_self(void)
{
    return self;
}

static void *plain_state(void)
{
    return &state;
}

static void plain_run(struct kr_call *call)
{
    kr_reply_ok(call->reply);
}

static kr_status plain_create(kr_module *module,
                              const struct kr_load_args *args, void **out)
{
    plain_log('c');
    for (uint32_t i = 0; i < args->argc; i++) {
        if (kr_str_equal(args->argv[i], KR_STR("refuse"))) {
            snprintf(args->error, args->error_size, "told to\nrefuse");
            return KR_EINVAL;
        }
        if (kr_str_equal(args->argv[i], KR_STR("silent")))
            return KR_EFAIL;
        if (kr_str_equal(args->argv[i], KR_STR("leak")))
            leaked = kr_memory->alloc(module, 100);
    }
    *out = &state;
    return KR_OK;
}

static void plain_activate(kr_module *module, void *given)
{
    plain_log(module == self && given == &state ? 'a' : '!');
}

static void plain_deactivate(kr_module *module, void *given)
{
    plain_log(module == self && given == &state ? 'd' : '!');
}

static void plain_destroy(kr_module *module, void *given)
{
    plain_log(module == self && given == &state ? 'x' : '!');
}

static const struct kr_import imports[] = {KR_NEED(kr_memory)};
static const struct plain_probe probe = {sizeof(probe), 0, plain_self,
                                         plain_state};
static const struct kr_offer offers[] = {{"test.plain/1", &probe}};
static const struct kr_command subcommands[] = {
    {.name = "one", .run = plain_run, .arity = 2, .flags = KR_CMD_FAST},
};
static const struct kr_command commands[] = {
    {.name = "plain.run", .run = plain_run, .arity = 1, .flags = KR_CMD_FAST},
    {.name = "plain.sub", .arity = -2, .subcommands = KR_ROWS(subcommands)},
};

#ifndef PLAIN_FLAGS
#define PLAIN_FLAGS KR_MODULE_CAN_UNLOAD
#endif

KR_MODULE(.name = "plain", .version = 10203, .licence = "BSD-3-Clause",
          .author = "test", .summary = "A plain module", .flags = PLAIN_FLAGS,
          .self = &self, .imports = KR_ROWS(imports), .offers = KR_ROWS(offers),
          .commands = KR_ROWS(commands), .create = plain_create,
          .activate = plain_activate, .deactivate = plain_deactivate,
          .destroy = plain_destroy);
