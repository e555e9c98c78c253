/* SPDX-License-Identifier: BSD-3-Clause */
/* phrases - a loader: files of phrases become modules.
 *
 *     # greetings.phrases
 *     greet    good morning to you      GREET -> "good morning to you"
 *     bye      see you                  BYE   -> "see you"
 *
 * The child is called as its file.  With an argument, MODULE LOAD path WORD,
 * its commands are WORD.GREET and WORD.BYE.  Its parameter NAME.loud turns all
 * replies into capitals.
 *
 * A child's state is one block of its own account:
 *
 *     | head | phrase, phrase ... | the file's text | */
#include <kr/kr.h>

#include <stdio.h>

KR_USES(kr_commands);
KR_USES(kr_config);
KR_USES(kr_loaders);
KR_USES(kr_memory);

#ifndef PHRASES_NAME
#define PHRASES_NAME "phrases"
#endif
#ifndef PHRASES_RANK
#define PHRASES_RANK 0
#endif

#define PHRASES_NAME_MAX 64u /* bytes of a child's or a command's name */

struct phrase {
    char command[2 * PHRASES_NAME_MAX];
    struct kr_str text; /* into the file's copy */
};

struct phrases {
    bool loud;
    char name[PHRASES_NAME_MAX];
    char parameter[PHRASES_NAME_MAX + 8];
    uint32_t count;
    struct phrase all[];
};

/* --- The commands -------------------------------------------------------- */

static void phrases_say_loud(struct kr_reply *reply, struct kr_str text)
{
    char loud[512];
    size_t size = text.size < sizeof(loud) ? text.size : sizeof(loud);

    for (size_t i = 0; i < size; i++) {
        char c = text.data[i];

        loud[i] = (char)(c >= 'a' && c <= 'z' ? c - 0x20 : c);
    }
    kr_reply_bulk(reply, kr_str(loud, size));
}

/* One function for all commands of all children: the call says whose. */
static void phrases_say(struct kr_call *call)
{
    const struct phrases *phrases = call->state;
    const char *name = kr_commands->full_name(call->command);

    for (uint32_t i = 0; i < phrases->count; i++) {
        if (strcmp(phrases->all[i].command, name) != 0)
            continue;
        if (phrases->loud)
            phrases_say_loud(call->reply, phrases->all[i].text);
        else
            kr_reply_bulk(call->reply, phrases->all[i].text);
        return;
    }
    kr_reply_null(call->reply);
}

/* --- Reading the file ---------------------------------------------------- */

/* "greetings" of "/some/where/greetings.phrases".  false: too long. */
static bool phrases_set_name(struct phrases *phrases, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    size_t size = dot ? (size_t)(dot - base) : strlen(base);

    if (size >= PHRASES_NAME_MAX)
        return false;
    memcpy(phrases->name, base, size);
    phrases->name[size] = '\0';
    snprintf(phrases->parameter, sizeof(phrases->parameter), "%s.loud",
             phrases->name);
    return true;
}

/* Take the next line off `rest`. */
static struct kr_str phrases_line(struct kr_str *rest)
{
    const char *end = memchr(rest->data, '\n', rest->size);
    struct kr_str line = *rest;

    if (end)
        line.size = (size_t)(end - rest->data);
    rest->data += line.size + (end != NULL);
    rest->size -= line.size + (end != NULL);
    return line;
}

static bool phrases_is_empty(struct kr_str line)
{
    return line.size == 0 || line.data[0] == '#';
}

static size_t phrases_skip(struct kr_str line, size_t at, bool blanks)
{
    while (at < line.size && (line.data[at] == ' ') == blanks)
        at++;
    return at;
}

/* "name text".  NULL: done; else what is wrong with it. */
static const char *phrases_parse(struct kr_str line, struct kr_str prefix,
                                 struct phrase *out)
{
    size_t size = phrases_skip(line, 0, false);
    size_t text = phrases_skip(line, size, true);

    if (size == 0)
        return "a line begins with a name";
    if (size >= PHRASES_NAME_MAX || prefix.size >= PHRASES_NAME_MAX)
        return "the name is too long";
    for (size_t i = 0; i < size; i++) {
        if (line.data[i] < 'a' || line.data[i] > 'z')
            return "a name is made of small letters";
    }
    if (text == line.size)
        return "a name without a text";
    snprintf(out->command, sizeof(out->command), "%.*s%s%.*s", (int)prefix.size,
             prefix.data, prefix.size ? "." : "", (int)size, line.data);
    out->text = kr_str(line.data + text, line.size - text);
    return NULL;
}

/* Room for as many phrases as there can be, and a copy of the text. */
static struct phrases *phrases_new(kr_module *child, struct kr_str text,
                                   struct kr_str *copy)
{
    size_t lines = 1, head;
    struct phrases *phrases;

    for (size_t i = 0; i < text.size; i++)
        lines += text.data[i] == '\n';
    head = sizeof(*phrases) + lines * sizeof(struct phrase);
    phrases = kr_memory->calloc(child, 1, head + text.size + 1);
    memcpy((char *)phrases + head, text.data, text.size);
    *copy = kr_str((char *)phrases + head, text.size);
    return phrases;
}

static bool phrases_read(struct phrases *phrases, struct kr_str rest,
                         const struct kr_load_args *args)
{
    struct kr_str prefix = args->argc ? args->argv[0] : KR_STR("");

    for (unsigned number = 1; rest.size > 0; number++) {
        struct kr_str line = phrases_line(&rest);
        const char *why;

        if (phrases_is_empty(line))
            continue;
        why = phrases_parse(line, prefix, &phrases->all[phrases->count]);
        if (why) {
            snprintf(args->error, args->error_size, "line %u: %s", number, why);
            return false;
        }
        phrases->count++;
    }
    return true;
}

/* --- The child ----------------------------------------------------------- */

static void phrases_destroy(kr_module *child, void *state)
{
    kr_memory->free(child, state);
}

static kr_status phrases_describe(kr_module *child, struct phrases *phrases)
{
    struct kr_child about = {.size = sizeof(about),
                             .version = 10000,
                             .flags = KR_MODULE_CAN_UNLOAD,
                             .name = phrases->name,
                             .summary = "Phrases read from a file",
                             .state = phrases,
                             .destroy = phrases_destroy};

    return kr_loaders->describe(child, &about);
}

static kr_status phrases_register(kr_module *child, struct phrases *phrases,
                                  const struct kr_load_args *args)
{
    struct kr_param loud = {.name = phrases->parameter,
                            .type = KR_PARAM_BOOL,
                            .slot = &phrases->loud,
                            .initial = "no"};
    kr_status status = kr_config->add(child, &loud);

    for (uint32_t i = 0; i < phrases->count && status == KR_OK; i++) {
        struct kr_command row = {.name = phrases->all[i].command,
                                 .run = phrases_say,
                                 .arity = 1,
                                 .flags = KR_CMD_FAST | KR_CMD_READONLY,
                                 .summary = "Says a phrase"};

        status = kr_commands->add(child, &row);
        if (status != KR_OK)
            snprintf(args->error, args->error_size, "command %s: %s", row.name,
                     status == KR_EEXIST ? "there is one already"
                                         : "it cannot be registered");
    }
    return status;
}

static kr_status phrases_load(kr_module *self, kr_module *child,
                              const struct kr_file *file,
                              const struct kr_load_args *args)
{
    struct kr_str text;
    struct phrases *phrases = phrases_new(child, file->bytes, &text);
    kr_status status = KR_EFORMAT;

    (void)self;
    if (!phrases_set_name(phrases, file->path))
        snprintf(args->error, args->error_size, "the file's name is too long");
    else if (phrases_read(phrases, text, args))
        status = phrases_describe(child, phrases);
    if (status == KR_OK) /* from here on the host ends what we have begun */
        return phrases_register(child, phrases, args);
    phrases_destroy(child, phrases);
    return status;
}

/* --- The loader ---------------------------------------------------------- */

static bool phrases_recognise(kr_module *self, const struct kr_file *file)
{
    const char *dot = strrchr(file->path, '.');

    (void)self;
    return dot && strcmp(dot, ".phrases") == 0;
}

static kr_status phrases_create(kr_module *self,
                                const struct kr_load_args *args, void **state)
{
    static const char *const suffixes[] = {".phrases"};
    static const struct kr_loader loader = {
        .size = sizeof(loader),
        .rank = PHRASES_RANK,
        .name = PHRASES_NAME,
        .suffixes = KR_ROWS(suffixes),
        .recognise = phrases_recognise,
        .load = phrases_load,
    };

    (void)args;
    (void)state;
    return kr_loaders->add(self, &loader);
}

static const struct kr_import imports[] = {
    KR_NEED(kr_commands), KR_NEED(kr_config), KR_NEED(kr_loaders),
    KR_NEED(kr_memory)};

KR_MODULE(.name = PHRASES_NAME, .version = 10000, .licence = "BSD-3-Clause",
          .flags = KR_MODULE_CAN_UNLOAD, .imports = KR_ROWS(imports),
          .create = phrases_create);
