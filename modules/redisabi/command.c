/* SPDX-License-Identifier: BSD-3-Clause */
/* command - the commands of guests, and where their keys stand. */
#include "context.h"
#include "denied.h"
#include "text.h"

#include <ctype.h>

/* --- Running -------------------------------------------------------------- */

static RedisModuleCommand *command_of(const kr_cmd *command)
{
    const char *group = kr_commands->row(command)->group;

    return (
        RedisModuleCommand *)(uintptr_t)(group -
                                         offsetof(RedisModuleCommand, group));
}

#define WORDS_ON_STACK 16u

int context_run(RedisModuleCtx *ctx, RedisModuleCmdFunc run, uint32_t argc,
                const struct kr_str *argv)
{
    RedisModuleString *few[WORDS_ON_STACK];
    RedisModuleString **words = few;
    int result;

    if (argc > WORDS_ON_STACK)
        words = kr_memory->alloc(redisabi_self, argc * sizeof(*words));
    for (uint32_t i = 0; i < argc; i++)
        words[i] = text_new(argv[i]);
    result = run(ctx, words, (int)argc);
    context_end(ctx);
    for (uint32_t i = 0; i < argc; i++)
        text_release(words[i]);
    if (words != few)
        kr_memory->free(redisabi_self, words);
    return result;
}

static void command_run(struct kr_call *call)
{
    RedisModuleCtx ctx;

    context_begin(&ctx, call->state, call);
    (void)context_run(&ctx, command_of(call->command)->run, call->argc,
                      call->argv);
    if (!ctx.replicated && !ctx.waits)
        kr_journal->suppress(call, KR_JOURNAL_ALL);
}

const char *command_full_name(const kr_cmd *command)
{
    return command_of(command)->full_name;
}

bool command_run_anew(struct guest *guest, const char *full_name,
                      struct kr_call *call, int64_t until_ms)
{
    const RedisModuleCommand *command = guest->commands;
    RedisModuleCtx ctx;

    while (command && strcmp(command->full_name, full_name) != 0)
        command = command->next;
    if (!command || !command->run)
        return false;
    context_begin(&ctx, guest, call);
    ctx.until_ms = until_ms;
    (void)context_run(&ctx, command->run, call->argc, call->argv);
    if (!ctx.replicated && !ctx.waits)
        kr_journal->suppress(call, KR_JOURNAL_ALL);
    return true;
}

const char *rm_GetCurrentCommandName(RedisModuleCtx *ctx)
{
    return ctx && ctx->command ? command_full_name(ctx->command) : NULL;
}

/* --- Keys that only the command can tell ---------------------------------- */

int rm_IsKeysPositionRequest(RedisModuleCtx *ctx)
{
    return ctx->ref_count >= 0;
}

void rm_KeyAtPosWithFlags(RedisModuleCtx *ctx, int pos, int flags)
{
    if (ctx->ref_count < 0 || pos <= 0)
        return;
    ctx->refs = array_grow(ctx->refs, (uint32_t)ctx->ref_count, &ctx->ref_room,
                           sizeof(*ctx->refs));
    ctx->refs[ctx->ref_count++] =
        (struct kr_key_ref){(uint32_t)pos, (uint32_t)flags};
}

void rm_KeyAtPos(RedisModuleCtx *ctx, int pos)
{
    rm_KeyAtPosWithFlags(ctx, pos, KR_KEY_RW | KR_KEY_ACCESS | KR_KEY_UPDATE);
}

/* Nobody asks a command for its channels as yet: there are no users that may use
 * some only. */
int rm_IsChannelsPositionRequest(RedisModuleCtx *ctx)
{
    (void)ctx;
    return 0;
}

void rm_ChannelAtPosWithFlags(RedisModuleCtx *ctx, int pos, int flags)
{
    (void)ctx;
    (void)pos;
    (void)flags;
}

/* The command runs, but says only where its keys are. */
static int32_t command_find_keys(uint32_t argc, const struct kr_str *argv,
                                 struct kr_key_ref *refs, uint32_t room)
{
    const kr_cmd *command = kr_commands->match(argc, argv);
    RedisModuleCommand *ours;
    RedisModuleCtx ctx;

    if (!command)
        return -1;
    ours = command_of(command);
    context_begin(&ctx, ours->guest, NULL);
    ctx.ref_count = 0;
    ctx.command = command;
    (void)context_run(&ctx, ours->run, argc, argv);
    for (int32_t i = 0; i < ctx.ref_count && (uint32_t)i < room; i++)
        refs[i] = ctx.refs[i];
    kr_memory->free(redisabi_self, ctx.refs);
    return ctx.ref_count;
}

/* --- Registering ---------------------------------------------------------- */

#define COMMAND_FINDS_KEYS (UINT64_C(1) << 63) /* getkeys-api */
#define COMMAND_INERT      0u /* accepted, means nothing here */

/* false: a word that is none. */
static bool command_flag(struct kr_str word, uint64_t *flags)
{
    static const struct {
        const char *word;
        uint64_t flag;
    } known[] = {
        {"write", KR_CMD_WRITE},
        {"readonly", KR_CMD_READONLY},
        {"admin", KR_CMD_ADMIN},
        {"deny-oom", KR_CMD_DENYOOM},
        {"deny-script", KR_CMD_NOSCRIPT},
        {"allow-loading", KR_CMD_LOADING},
        {"pubsub", KR_CMD_PUBSUB},
        {"random", COMMAND_INERT},
        {"blocking", KR_CMD_BLOCKING},
        {"allow-stale", KR_CMD_STALE},
        {"no-monitor", KR_CMD_SKIP_MONITOR},
        {"no-slowlog", KR_CMD_SKIP_SLOWLOG},
        {"fast", KR_CMD_FAST},
        {"no-auth", KR_CMD_NO_AUTH},
        {"may-replicate", KR_CMD_MAY_REPLICATE},
        {"getkeys-api", COMMAND_FINDS_KEYS},
        {"getchannels-api", COMMAND_INERT},
        {"no-cluster", COMMAND_INERT},
        {"no-mandatory-keys", KR_CMD_NO_MANDATORY_KEYS},
        {"allow-busy", KR_CMD_ALLOW_BUSY},
    };

    for (size_t i = 0; i < KR_COUNT(known); i++) {
        if (!kr_str_equal_nocase(word, kr_cstr(known[i].word)))
            continue;
        *flags |= known[i].flag;
        return true;
    }
    return false;
}

/* Words with exactly one space between them. */
static bool command_flags(const char *text, uint64_t *flags)
{
    *flags = 0;
    while (text && *text) {
        const char *space = strchr(text, ' ');
        size_t size = space ? (size_t)(space - text) : strlen(text);

        if (!command_flag(kr_str(text, size), flags))
            return false;
        text += size + (space != NULL);
        if (space && *text == '\0')
            return false;
    }
    return true;
}

static RedisModuleCommand *command_new(struct guest *guest,
                                       RedisModuleCommand *parent,
                                       const char *name, RedisModuleCmdFunc run)
{
    size_t size = strlen(name);
    size_t before = parent ? strlen(parent->full_name) + 1 : 0;
    RedisModuleCommand *command =
        kr_memory->calloc(guest->self, 1, sizeof(*command) + size + 1);

    command->guest = guest;
    command->parent = parent;
    command->run = run;
    for (size_t i = 0; i < size; i++)
        command->name[i] = (char)tolower((unsigned char)name[i]);
    command->full_name = kr_memory->calloc(guest->self, 1, before + size + 1);
    if (parent) {
        memcpy(command->full_name, parent->full_name, before - 1);
        command->full_name[before - 1] = '|';
    }
    memcpy(command->full_name + before, name, size);
    return command;
}

static void command_free(struct guest *guest, RedisModuleCommand *command)
{
    command_forget_told(command);
    kr_memory->free(guest->self, command->full_name);
    kr_memory->free(guest->self, command);
}

/* `first` 0: no keys, but those that find_keys tells. */
static void command_set_keys(RedisModuleCommand *command,
                             struct kr_command *row, uint64_t flags, int first,
                             int last, int step)
{
    if (flags & COMMAND_FINDS_KEYS) {
        row->find_keys = command_find_keys;
        row->flags |= KR_CMD_MOVABLEKEYS;
    }
    if (first == 0)
        return;
    command->key = (struct kr_key_spec)KR_KEY(
        KR_KEY_RW | KR_KEY_ACCESS | KR_KEY_UPDATE |
            (flags & COMMAND_FINDS_KEYS ? KR_KEY_VARIABLE_FLAGS : 0),
        first, last < 0 ? last : last - first, step);
    row->keys = (struct kr_rows){&command->key, 1, sizeof(command->key)};
}

static int command_create(struct guest *guest, RedisModuleCommand *parent,
                          const char *name, RedisModuleCmdFunc run,
                          const char *words, int first, int last, int step)
{
    RedisModuleCommand *command;
    struct kr_command *row;
    uint64_t flags;
    kr_status status;

    if (!command_flags(words, &flags) ||
        guest_is_denied(guest, LENT_COMMANDS, "CreateCommand"))
        return REDISMODULE_ERR;
    command = command_new(guest, parent, name, run);
    row = &command->row;
    row->name = command->name;
    row->group = memcpy(command->group, "module", sizeof("module"));
    row->arity = run && !parent ? -1 : -2;
    row->run = run ? command_run : NULL;
    row->flags = (flags & ~COMMAND_FINDS_KEYS) | KR_CMD_MODULE;
    command_set_keys(command, row, flags, first, last, step);
    status = parent
                 ? kr_commands->add_subcommand(guest->self, parent->name, row)
                 : kr_commands->add(guest->self, row);
    if (status != KR_OK) {
        command_free(guest, command);
        return REDISMODULE_ERR;
    }
    command->next = guest->commands;
    guest->commands = command;
    return REDISMODULE_OK;
}

int rm_CreateCommand(RedisModuleCtx *ctx, const char *name,
                     RedisModuleCmdFunc run, const char *flags, int first,
                     int last, int step)
{
    return command_create(ctx->guest, NULL, name, run, flags, first, last,
                          step);
}

int rm_CreateSubcommand(RedisModuleCommand *parent, const char *name,
                        RedisModuleCmdFunc run, const char *flags, int first,
                        int last, int step)
{
    if (parent->parent || parent->run)
        return REDISMODULE_ERR; /* no subcommand, but a mere container */
    return command_create(parent->guest, parent, name, run, flags, first, last,
                          step);
}

/* Only a guest's own. */
RedisModuleCommand *rm_GetCommand(RedisModuleCtx *ctx, const char *name)
{
    for (RedisModuleCommand *c = ctx->guest->commands; c; c = c->next) {
        if (kr_str_equal_nocase(kr_cstr(c->full_name), kr_cstr(name)))
            return c;
    }
    return NULL;
}

void commands_forget(struct guest *guest)
{
    while (guest->commands) {
        RedisModuleCommand *next = guest->commands->next;

        command_free(guest, guest->commands);
        guest->commands = next;
    }
}
