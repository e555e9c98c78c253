/* SPDX-License-Identifier: BSD-3-Clause */
/* adopter - a loader that does what the file's text tells it, one step a word:
 *
 *     name:X      describe the child as X
 *     command:X   register a command
 *     loader:X    register a loader as the child
 *     held        refuse the first MODULE UNLOAD
 *     fail        answer KR_EFORMAT with a reason, "mute" without one
 *
 * Recognised are texts that begin with "adopt", and shared objects that export
 * RedisModule_OnLoad; of these the child is called "stranger", and that function
 * is called, with the child's handle and 5 words.
 *
 * Life is written as letters to the file that RACK_TEST_LOG names: l for load,
 * a, d and x for the others; '!' where handle or state are wrong. */
#include <kr/kr.h>

#include <stdio.h>
#include <stdlib.h>

KR_USES(kr_commands);
KR_USES(kr_loaders);
KR_USES(kr_memory);

#ifndef ADOPTER_NAME
#define ADOPTER_NAME "adopter"
#endif
#ifndef ADOPTER_RANK
#define ADOPTER_RANK 0
#endif

struct adopted {
    kr_module *child;
    bool described; /* the host will destroy it */
    char name[32];
    char command[32];
    bool held;
};

static void adopter_log(char letter)
{
    const char *path = getenv("RACK_TEST_LOG");
    FILE *file = path ? fopen(path, "a") : NULL;

    if (!file)
        return;
    fputc(letter, file);
    fclose(file);
}

static void adopted_run(struct kr_call *call)
{
    const struct adopted *adopted = call->state;

    kr_reply_bulk(call->reply, kr_cstr(adopted->name));
}

static void adopted_tell(kr_module *child, const struct adopted *state,
                         char letter)
{
    adopter_log(child == state->child && kr_loaders->loader_of(child) ? letter
                                                                      : '!');
}

static void adopted_activate(kr_module *child, void *state)
{
    adopted_tell(child, state, 'a');
}

static void adopted_deactivate(kr_module *child, void *state)
{
    adopted_tell(child, state, 'd');
}

static void adopted_destroy(kr_module *child, void *state)
{
    adopted_tell(child, state, 'x');
    kr_memory->free(child, state);
}

static bool adopted_may_unload(kr_module *child, void *state, char *why,
                               size_t size)
{
    struct adopted *adopted = state;
    bool may = !adopted->held;

    adopted_tell(child, state, 'u');
    snprintf(why, size, "something of its own");
    adopted->held = false;
    return may;
}

/* --- Steps --------------------------------------------------------------- */

static bool adopter_recognise(kr_module *self, const struct kr_file *file)
{
    (void)self;
    return (file->bytes.size >= 5 &&
            memcmp(file->bytes.data, "adopt", 5) == 0) ||
           kr_loaders->exports(file, "RedisModule_OnLoad");
}

static kr_status adopter_load(kr_module *self, kr_module *child,
                              const struct kr_file *file,
                              const struct kr_load_args *args);

static kr_status adopter_add(kr_module *self, const char *name)
{
    static const char *const suffixes[] = {".adopt"};
    struct kr_loader loader = {.size = sizeof(loader),
                               .rank = ADOPTER_RANK,
                               .name = name,
                               .suffixes = KR_ROWS(suffixes),
                               .recognise = adopter_recognise,
                               .load = adopter_load};

    return kr_loaders->add(self, &loader);
}

static kr_status adopted_describe(kr_module *child, struct adopted *adopted)
{
    struct kr_child about = {.size = sizeof(about),
                             .version = 20304,
                             .flags = KR_MODULE_CAN_UNLOAD,
                             .name = adopted->name,
                             .licence = "MIT",
                             .summary = "An adopted child",
                             .state = adopted,
                             .activate = adopted_activate,
                             .deactivate = adopted_deactivate,
                             .destroy = adopted_destroy,
                             .may_unload =
                                 adopted->held ? adopted_may_unload : NULL};
    kr_status status = kr_loaders->describe(child, &about);

    adopted->described = adopted->described || status == KR_OK;
    return status;
}

static kr_status adopted_add_command(kr_module *child, const char *name)
{
    struct kr_command row = {.name = name, .run = adopted_run, .arity = 1};

    return kr_commands->add(child, &row);
}

static kr_status adopted_step(struct adopted *adopted, const char *word,
                              const struct kr_load_args *args)
{
    kr_module *child = adopted->child;
    const char *value = strchr(word, ':');

    value = value ? value + 1 : "";
    if (strncmp(word, "name:", 5) == 0) {
        snprintf(adopted->name, sizeof(adopted->name), "%s", value);
        return adopted_describe(child, adopted);
    }
    if (strncmp(word, "command:", 8) == 0) {
        snprintf(adopted->command, sizeof(adopted->command), "%s", value);
        return adopted_add_command(child, adopted->command);
    }
    if (strncmp(word, "loader:", 7) == 0)
        return adopter_add(child, value);
    if (strcmp(word, "held") == 0)
        adopted->held = true;
    if (strcmp(word, "mute") == 0)
        return KR_EFORMAT;
    if (strcmp(word, "fail") == 0) {
        snprintf(args->error, args->error_size, "told to\nfail");
        return KR_EFORMAT;
    }
    return KR_OK;
}

/* --- A shared object ----------------------------------------------------- */

static kr_status adopter_load_object(struct adopted *adopted,
                                     const struct kr_file *file,
                                     const struct kr_load_args *args)
{
    int (*run)(void *ctx, void **argv, int argc) = NULL;
    struct kr_extent extents[32];
    kr_image *image, *second;
    uint32_t count;
    void *symbol;
    kr_status status =
        kr_loaders->image_open(adopted->child, file, "RedisModule_OnLoad", 0,
                               &image, args->error, args->error_size);

    if (status != KR_OK)
        return status;
    /* One too many, given back at once; and one that cannot be. */
    if (kr_loaders->image_open(adopted->child, file, "no_such_symbol", 0,
                               &second, args->error,
                               args->error_size) != KR_EFORMAT ||
        kr_loaders->image_open(adopted->child, file, "RedisModule_OnLoad", 1,
                               &second, args->error,
                               args->error_size) != KR_EINVAL ||
        kr_loaders->image_open(adopted->child, file, "RedisModule_OnLoad", 0,
                               &second, args->error, args->error_size) != KR_OK)
        return KR_EFAIL;
    kr_loaders->image_close(adopted->child, second);
    count = kr_loaders->image_extents(image, extents, KR_COUNT(extents));
    symbol = kr_loaders->image_symbol(image, "RedisModule_OnLoad");
    status = KR_EFAIL;
    for (uint32_t i = 0; i < count; i++) {
        if ((const char *)symbol >= (const char *)extents[i].start &&
            (const char *)symbol <
                (const char *)extents[i].start + extents[i].bytes &&
            extents[i].access == (KR_EXTENT_READ | KR_EXTENT_CODE))
            status = KR_OK;
    }
    memcpy(&run, &symbol, sizeof(run));
    if (status == KR_OK && run(adopted->child, (void **)adopted->child, 5) != 5)
        status = KR_EFAIL;
    strcpy(adopted->name, "stranger");
    return status == KR_OK ? adopted_describe(adopted->child, adopted) : status;
}

/* --- The loader ---------------------------------------------------------- */

static kr_status adopter_load(kr_module *self, kr_module *child,
                              const struct kr_file *file,
                              const struct kr_load_args *args)
{
    struct adopted *adopted = kr_memory->calloc(child, 1, sizeof(*adopted));
    char text[256], *rest = text, *word;
    kr_status status = KR_OK;

    (void)self;
    adopter_log('l');
    adopted->child = child;
    snprintf(text, sizeof(text), "%.*s", (int)file->bytes.size,
             file->bytes.data);
    if (kr_loaders->exports(file, "RedisModule_OnLoad"))
        status = adopter_load_object(adopted, file, args);
    else
        while (status == KR_OK && (word = strtok_r(rest, " \n", &rest)))
            status = adopted_step(adopted, word, args);
    if (!adopted->described)
        kr_memory->free(child, adopted);
    return status;
}

static kr_status adopter_create(kr_module *self,
                                const struct kr_load_args *args, void **state)
{
    (void)state;
    if (args->argc > 0)
        return adopter_add(self, "not one word") == KR_EINVAL ? KR_EFAIL
                                                              : KR_OK;
    return adopter_add(self, ADOPTER_NAME);
}

static const struct kr_import imports[] = {
    KR_NEED(kr_commands), KR_NEED(kr_loaders), KR_NEED(kr_memory)};

KR_MODULE(.name = ADOPTER_NAME, .version = 1, .flags = KR_MODULE_CAN_UNLOAD,
          .imports = KR_ROWS(imports), .create = adopter_create);
