/* SPDX-License-Identifier: BSD-3-Clause */
/* command_info - what guests say of their commands: COMMAND INFO and DOCS.
 *
 * Arrays end with an element whose first word is 0, and their elements are as
 * long as in the header that the guest was built with:
 *
 *   version --> sizeof_arg 72     args --> | name type ... | name type ... | 0
 *                                          +---- 72 -------+
 *
 * The host keeps pointers, so all is copied, and goes with the command. */
#include "context.h"

#include <errno.h>

struct told {
    struct told *next;
    _Alignas(max_align_t) char bytes[];
};

static void *told_alloc(RedisModuleCommand *command, size_t size)
{
    struct told *told =
        kr_memory->calloc(command->guest->self, 1, sizeof(*told) + size);

    told->next = command->told;
    command->told = told;
    return told->bytes;
}

static const char *told_text(RedisModuleCommand *command, const char *text)
{
    size_t size = text ? strlen(text) + 1 : 0;

    return text ? memcpy(told_alloc(command, size), text, size) : NULL;
}

void command_forget_told(RedisModuleCommand *command)
{
    while (command->told) {
        struct told *next = command->told->next;

        kr_memory->free(command->guest->self, command->told);
        command->told = next;
    }
}

/* --- The guest's arrays --------------------------------------------------- */

/* NULL: the element is the end. */
static const void *element_at(const void *array, size_t stride, uint32_t index)
{
    const void *element =
        array ? (const char *)array + (size_t)index * stride : NULL;
    const char *first;

    if (!element)
        return NULL;
    memcpy(&first, element, sizeof(first));
    return first ? element : NULL;
}

static const RedisModuleCommandHistoryEntry *
history_at(const RedisModuleCommandInfo *info, uint32_t index)
{
    return element_at(info->history, info->version->sizeof_historyentry, index);
}

/* Their first word may be NULL. */
static const RedisModuleCommandKeySpec *
spec_at(const RedisModuleCommandInfo *info, uint32_t index)
{
    const char *array = (const char *)info->key_specs;
    const RedisModuleCommandKeySpec *spec;

    if (!array)
        return NULL;
    spec = (const void *)(array + index * info->version->sizeof_keyspec);
    return spec->begin_search_type != REDISMODULE_KSPEC_BS_INVALID ? spec
                                                                   : NULL;
}

static const RedisModuleCommandArg *arg_at(const RedisModuleCommandInfo *info,
                                           const RedisModuleCommandArg *args,
                                           uint32_t index)
{
    return element_at(args, info->version->sizeof_arg, index);
}

/* --- Is it fine? ---------------------------------------------------------- */

static bool is_one_bit(uint64_t bits)
{
    return bits && !(bits & (bits - 1));
}

static bool spec_is_good(const RedisModuleCommandKeySpec *spec)
{
    uint64_t how =
        spec->flags & (REDISMODULE_CMD_KEY_RO | REDISMODULE_CMD_KEY_RW |
                       REDISMODULE_CMD_KEY_OW | REDISMODULE_CMD_KEY_RM);
    uint64_t writes =
        spec->flags & (REDISMODULE_CMD_KEY_INSERT | REDISMODULE_CMD_KEY_DELETE |
                       REDISMODULE_CMD_KEY_UPDATE);

    if (!is_one_bit(how) || (writes && !is_one_bit(writes)))
        return false;
    if (spec->begin_search_type == REDISMODULE_KSPEC_BS_KEYWORD &&
        !spec->bs.keyword.keyword)
        return false;
    return spec->begin_search_type >= REDISMODULE_KSPEC_BS_UNKNOWN &&
           spec->begin_search_type <= REDISMODULE_KSPEC_BS_KEYWORD &&
           spec->find_keys_type >= REDISMODULE_KSPEC_FK_OMITTED &&
           spec->find_keys_type <= REDISMODULE_KSPEC_FK_KEYNUM;
}

static bool args_are_good(const RedisModuleCommandInfo *info,
                          const RedisModuleCommandArg *args);

/* An index of 0 may stand where none is meant. */
static bool arg_is_good(const RedisModuleCommandInfo *info,
                        const RedisModuleCommandArg *arg)
{
    bool is_key = arg->type == REDISMODULE_ARG_TYPE_KEY;
    bool has_parts = arg->type == REDISMODULE_ARG_TYPE_ONEOF ||
                     arg->type == REDISMODULE_ARG_TYPE_BLOCK;

    if (arg->type < REDISMODULE_ARG_TYPE_STRING ||
        arg->type > REDISMODULE_ARG_TYPE_BLOCK ||
        arg->flags & ~(REDISMODULE_CMD_ARG_NEXT - 1))
        return false;
    if (arg->type == REDISMODULE_ARG_TYPE_PURE_TOKEN && !arg->token)
        return false;
    if (is_key ? arg->key_spec_index < 0
               : arg->key_spec_index != 0 && arg->key_spec_index != -1)
        return false;
    if (has_parts != (arg->subargs != NULL))
        return false;
    return args_are_good(info, arg->subargs);
}

static bool args_are_good(const RedisModuleCommandInfo *info,
                          const RedisModuleCommandArg *args)
{
    const RedisModuleCommandArg *arg;

    for (uint32_t i = 0; (arg = arg_at(info, args, i)); i++) {
        if (!arg_is_good(info, arg))
            return false;
    }
    return true;
}

static bool info_is_good(const RedisModuleCommandInfo *info)
{
    const RedisModuleCommandHistoryEntry *entry;
    const RedisModuleCommandKeySpec *spec;

    if (!info->version)
        return false;
    for (uint32_t i = 0; (entry = history_at(info, i)); i++) {
        if (!entry->changes)
            return false;
    }
    for (uint32_t i = 0; (spec = spec_at(info, i)); i++) {
        if (!spec_is_good(spec))
            return false;
    }
    return args_are_good(info, info->args);
}

/* --- Copied --------------------------------------------------------------- */

static void info_take_history(RedisModuleCommand *command,
                              const RedisModuleCommandInfo *info)
{
    const RedisModuleCommandHistoryEntry *entry;
    struct kr_history *rows;
    uint32_t count = 0;

    while (history_at(info, count))
        count++;
    rows = told_alloc(command, count * sizeof(*rows));
    for (uint32_t i = 0; (entry = history_at(info, i)); i++)
        rows[i] = (struct kr_history){told_text(command, entry->since),
                                      told_text(command, entry->changes)};
    command->row.history = (struct kr_rows){rows, count, sizeof(*rows)};
}

static void info_take_tips(RedisModuleCommand *command, const char *tips)
{
    char *text = (char *)(uintptr_t)told_text(command, tips);
    const char **rows =
        told_alloc(command, (strlen(text) / 2 + 1) * sizeof(*rows));
    uint32_t count = 0;
    char *rest;

    for (char *word = strtok_r(text, " ", &rest); word;
         word = strtok_r(NULL, " ", &rest))
        rows[count++] = word;
    command->row.tips = (struct kr_rows){rows, count, sizeof(*rows)};
}

static void spec_take_begin(RedisModuleCommand *command,
                            const RedisModuleCommandKeySpec *from,
                            struct kr_key_spec *to)
{
    if (from->begin_search_type == REDISMODULE_KSPEC_BS_INDEX) {
        to->begin = KR_BEGIN_INDEX;
        to->a = from->bs.index.pos;
    } else if (from->begin_search_type == REDISMODULE_KSPEC_BS_KEYWORD) {
        to->begin = KR_BEGIN_KEYWORD;
        to->word = told_text(command, from->bs.keyword.keyword);
        to->a = from->bs.keyword.startfrom;
    }
}

static void spec_take_find(const RedisModuleCommandKeySpec *from,
                           struct kr_key_spec *to)
{
    switch (from->find_keys_type) {
    case REDISMODULE_KSPEC_FK_OMITTED:
        to->find = KR_FIND_RANGE;
        to->y = 1;
        break;
    case REDISMODULE_KSPEC_FK_RANGE:
        to->find = KR_FIND_RANGE;
        to->x = from->fk.range.lastkey;
        to->y = from->fk.range.keystep;
        to->z = from->fk.range.limit;
        break;
    case REDISMODULE_KSPEC_FK_KEYNUM:
        to->find = KR_FIND_KEYNUM;
        to->x = from->fk.keynum.keynumidx;
        to->y = from->fk.keynum.firstkey;
        to->z = from->fk.keynum.keystep;
        break;
    default:
        to->find = KR_FIND_UNKNOWN;
    }
}

/* They take the place of what the command was created with.  Flags are the same
 * bits on both sides. */
static void info_take_specs(RedisModuleCommand *command,
                            const RedisModuleCommandInfo *info)
{
    const RedisModuleCommandKeySpec *spec;
    struct kr_key_spec *rows;
    uint32_t count = 0;

    while (spec_at(info, count))
        count++;
    rows = told_alloc(command, count * sizeof(*rows));
    for (uint32_t i = 0; (spec = spec_at(info, i)); i++) {
        rows[i].flags = (uint32_t)(spec->flags & REDISMODULE_CMD_KEY_ALL);
        rows[i].notes = told_text(command, spec->notes);
        spec_take_begin(command, spec, &rows[i]);
        spec_take_find(spec, &rows[i]);
    }
    command->row.keys = (struct kr_rows){rows, count, sizeof(*rows)};
}

static struct kr_rows info_copy_args(RedisModuleCommand *command,
                                     const RedisModuleCommandInfo *info,
                                     const RedisModuleCommandArg *args)
{
    bool has_display = info->version->sizeof_arg >= sizeof(*args);
    const RedisModuleCommandArg *arg;
    struct kr_arg *rows;
    uint32_t count = 0;

    while (arg_at(info, args, count))
        count++;
    rows = told_alloc(command, count * sizeof(*rows));
    for (uint32_t i = 0; (arg = arg_at(info, args, i)); i++)
        rows[i] = (struct kr_arg){
            .name = told_text(command, arg->name),
            .type = (uint16_t)arg->type,
            .flags = (uint16_t)arg->flags,
            .key_spec = arg->type == REDISMODULE_ARG_TYPE_KEY
                            ? arg->key_spec_index
                            : -1,
            .token = told_text(command, arg->token),
            .since = told_text(command, arg->since),
            .deprecated_since = told_text(command, arg->deprecated_since),
            .display =
                has_display ? told_text(command, arg->display_text) : NULL,
            .parts = info_copy_args(command, info, arg->subargs),
            .summary = told_text(command, arg->summary),
        };
    return (struct kr_rows){rows, count, sizeof(*rows)};
}

static int command_amend(RedisModuleCommand *command)
{
    return kr_commands->amend(command->guest->self, command->full_name,
                              &command->row, KR_SIZED(&command->row)) == KR_OK
               ? REDISMODULE_OK
               : REDISMODULE_ERR;
}

/* Once a command. */
int rm_SetCommandInfo(RedisModuleCommand *command,
                      const RedisModuleCommandInfo *info)
{
    struct kr_command *row = &command->row;

    if (!info_is_good(info)) {
        errno = EINVAL;
        return REDISMODULE_ERR;
    }
    if (command->informed) {
        errno = EEXIST;
        return REDISMODULE_ERR;
    }
    command->informed = info->summary || info->complexity || info->since ||
                        info->history || info->tips || info->args ||
                        info->key_specs;
    row->summary = told_text(command, info->summary);
    row->complexity = told_text(command, info->complexity);
    row->since = told_text(command, info->since);
    if (info->history)
        info_take_history(command, info);
    if (info->tips)
        info_take_tips(command, info->tips);
    if (info->arity)
        row->arity = info->arity;
    if (info->key_specs)
        info_take_specs(command, info);
    if (info->args)
        row->args = info_copy_args(command, info, info->args);
    return command_amend(command);
}

/* --- Categories ----------------------------------------------------------- */

/* Only while the guest is loaded. */
int rm_SetCommandACLCategories(RedisModuleCommand *command, const char *words)
{
    uint64_t all = 0;

    if (!command || house()->loading != command->guest)
        return REDISMODULE_ERR;
    while (words && *words) {
        size_t size = strcspn(words, " ");
        uint64_t one = kr_category_of(kr_str(words, size));

        if (size > 0 && !one)
            return REDISMODULE_ERR;
        all |= one;
        words += size + strspn(words + size, " ");
    }
    command->row.categories |= all;
    return command_amend(command);
}
