/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/dispatch/command.h"

#include "core/clock/clock.h"
#include "core/dispatch/key_spec.h"
#include "core/dispatch/latency.h"
#include "core/dispatch/rename.h"
#include "core/event/event.h"
#include "core/log/crash.h"
#include "core/log/log.h"
#include "core/memory/memory.h"
#include "core/module/module.h"
#include "core/net/client.h"
#include "core/text/hash.h"

#include <stdio.h>
#include <strings.h>

/* Top-level commands, found by name: open addressing, at most half full.
 * Records are never freed while the server runs.  A command that goes keeps
 * its record, marked `gone`, for those who still point to it (a transaction's
 * queue, a client's last command); when the name comes back it is the same
 * record again. */
static struct {
    struct kr_cmd **slots;
    uint32_t size;  /* a power of two */
    uint32_t used;  /* records, gone ones included */
    uint32_t count; /* commands that are there */
    uint32_t last_id;
    struct kr_cmd *first; /* in order of registration */
    struct kr_cmd **end;
    bool unpublished; /* modules that are not active yet have brought some */
    struct staged *staged; /* in order of registration */
    bool settling;         /* whoever does it tells, once */
} table;

/* What the new version of a module will have, once it is in use. */
struct staged {
    struct staged *next;
    kr_module *module;
    char *parent; /* NULL: none */
    struct kr_command row;
};

/* --- By name ------------------------------------------------------------- */

static unsigned char command_lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static struct kr_cmd **command_slot(struct kr_str name)
{
    uint32_t at = hash_name(name) & (table.size - 1);

    while (table.slots[at] &&
           !kr_str_equal_nocase(name, kr_str(table.slots[at]->full_name,
                                             table.slots[at]->name_size)))
        at = (at + 1) & (table.size - 1);
    return &table.slots[at];
}

static void command_grow(void)
{
    struct kr_cmd **old = table.slots;
    uint32_t size = table.size;

    table.size = size ? 2 * size : 512;
    table.slots = memory_calloc(table.size, sizeof(struct kr_cmd *));
    for (uint32_t i = 0; i < size; i++)
        if (old[i])
            *command_slot(kr_str(old[i]->full_name, old[i]->name_size)) =
                old[i];
    memory_free(old);
}

/* By the name that its module gives it. */
static struct kr_cmd *command_declared(struct kr_str name)
{
    struct kr_cmd *command;

    if (!table.size || name.size > UINT16_MAX)
        return NULL;
    command = *command_slot(name);
    return command && !command->gone ? command : NULL;
}

struct kr_cmd *command_find(struct kr_str name)
{
    struct kr_str declared = rename_declared(name);
    struct kr_cmd *command = declared.data ? command_declared(declared) : NULL;

    if (command && declared.data == name.data)
        memcpy(command->typed, name.data, name.size);
    return command;
}

static struct kr_cmd *command_find_sub(const struct kr_cmd *parent,
                                       struct kr_str name)
{
    struct kr_cmd *sub = parent->subcommands;
    size_t skip = (size_t)parent->name_size + 1; /* "config|" */

    while (sub && (sub->gone ||
                   !kr_str_equal_nocase(name, kr_str(sub->full_name + skip,
                                                     sub->name_size - skip))))
        sub = sub->next;
    return sub;
}

struct kr_cmd *command_match(uint32_t argc, const struct kr_str *argv,
                             struct kr_cmd **container)
{
    struct kr_cmd *command = command_find(argv[0]);
    struct kr_cmd *sub;

    if (container)
        *container = NULL;
    if (!command || !command->subcommands || argc < 2)
        return command;
    sub = command_find_sub(command, argv[1]);
    if (!sub && container)
        *container = command;
    return sub;
}

const char *command_upper_name(const struct kr_cmd *command)
{
    static char text[64];
    size_t i = 0;

    for (; command->full_name[i] && i < sizeof(text) - 1; i++) {
        char c = command->full_name[i];

        text[i] = (char)(c >= 'a' && c <= 'z' ? c - 0x20 : c);
    }
    text[i] = '\0';
    return text;
}

/* --- What follows from the flags ----------------------------------------- */

static uint64_t command_categories(const struct kr_command *row)
{
    uint64_t f = row->flags, c = row->categories;

    if (f & KR_CMD_MODULE)
        return c;
    if (f & KR_CMD_WRITE)
        c |= KR_CAT_WRITE;
    if (f & KR_CMD_READONLY && !(c & KR_CAT_SCRIPTING))
        c |= KR_CAT_READ;
    if (f & KR_CMD_ADMIN)
        c |= KR_CAT_ADMIN | KR_CAT_DANGEROUS;
    if (f & KR_CMD_PUBSUB)
        c |= KR_CAT_PUBSUB;
    if (f & KR_CMD_FAST)
        c |= KR_CAT_FAST;
    if (f & KR_CMD_BLOCKING)
        c |= KR_CAT_BLOCKING;
    if (!(c & KR_CAT_FAST))
        c |= KR_CAT_SLOW;
    return c;
}

/* --- Registration -------------------------------------------------------- */

static void command_tell(void)
{
    if (event_is_armed(EVENT_COMMAND_CHANGED))
        event_raise(EVENT_COMMAND_CHANGED, NULL);
}

/* Nobody may learn of commands that a failed load would take back. */
static void command_came(const kr_module *module)
{
    if ((!module || module->active) && !table.settling)
        command_tell();
    else
        table.unpublished = true;
}

void command_publish(void)
{
    if (!table.unpublished)
        return;
    table.unpublished = false;
    command_tell();
}

static void command_leave_module(struct kr_cmd *command)
{
    struct kr_cmd **link = &command->module->commands;

    while (*link != command)
        link = &(*link)->of_module;
    *link = command->of_module;
}

static void command_describe(struct kr_cmd *command,
                             const struct kr_command *row)
{
    command->row = *row;
    command->row.name = command->full_name;
    command->row.categories = command_categories(row);
    if (key_spec_is_movable(row))
        command->row.flags |= KR_CMD_MOVABLEKEYS;
    command->run = row->run;
    command->arity = row->arity;
    command->flags = command->row.flags;
    command->keys = key_spec_place(row);
}

static void command_fill(struct kr_cmd *command, kr_module *module,
                         const struct kr_command *row)
{
    if (command->module && !command->gone)
        command_leave_module(command);
    command->stale = false;
    memory_free(command->missing);
    command->missing = NULL;
    command_describe(command, row);
    command->module = module;
    command->gone = false;
    if (module) {
        command->of_module = module->commands;
        module->commands = command;
    }
}

static struct kr_cmd *command_new(const struct kr_cmd *parent, const char *name)
{
    struct kr_cmd *command = memory_calloc(1, sizeof(*command));
    size_t size = strlen(name) + (parent ? parent->name_size + 1u : 0);

    command->full_name = memory_alloc(size + 1);
    command->typed = memory_calloc(1, size + 1);
    snprintf(command->full_name, size + 1, "%s%s%s",
             parent ? parent->full_name : "", parent ? "|" : "", name);
    for (size_t i = 0; i < size; i++)
        command->full_name[i] = (char)command_lower(command->full_name[i]);
    command->name_size = (uint16_t)size;
    command->id = table.last_id++;
    command->parent = (struct kr_cmd *)parent;
    return command;
}

static bool command_name_is_good(const char *name)
{
    return name && name[0] && strlen(name) <= 255;
}

static void command_go(struct kr_cmd *command)
{
    if (command->gone)
        return;
    if (command->module)
        command_leave_module(command);
    command->gone = true;
    command->run = NULL;
    command->module = NULL;
    /* The row's texts and tables are in the module's image. */
    memset(&command->row, 0, sizeof(command->row));
    command->row.name = command->full_name;
    command->keys.first = 0;
    if (!command->parent)
        table.count--;
}

/* May the module have a command where this one stands? */
static bool command_is_free(const struct kr_cmd *command,
                            const kr_module *module)
{
    return command->gone || (command->stale && command->module == module);
}

static kr_status command_add_below(struct kr_cmd *parent, kr_module *module,
                                   const struct kr_command *row)
{
    struct kr_cmd **end = &parent->subcommands;
    struct kr_cmd *sub;
    size_t skip = (size_t)parent->name_size + 1;

    if (!command_name_is_good(row->name))
        return KR_EINVAL;
    for (; *end; end = &(*end)->next)
        if (strcasecmp((*end)->full_name + skip, row->name) == 0) {
            if (!command_is_free(*end, module))
                return KR_EEXIST;
            command_fill(*end, module, row);
            return KR_OK;
        }
    sub = command_new(parent, row->name);
    *end = sub;
    command_fill(sub, module, row);
    return KR_OK;
}

/* A command of which only a part could be registered. */
static void command_take_back(struct kr_cmd *command, const kr_module *module)
{
    for (struct kr_cmd *sub = command->subcommands; sub; sub = sub->next)
        if (sub->module == module)
            command_go(sub);
    command_go(command);
}

/* What both sides know of a row: a module built against an older header has
 * shorter ones. */
static struct kr_command command_sub_row(const struct kr_rows *rows, uint32_t i)
{
    struct kr_command row = {0};

    memcpy(&row, (const char *)rows->rows + (size_t)i * rows->stride,
           rows->stride < sizeof(row) ? rows->stride : sizeof(row));
    return row;
}

static kr_status command_stage(kr_module *module, const char *parent,
                               const struct kr_command *row);

kr_status command_add(kr_module *module, const struct kr_command *row)
{
    struct kr_cmd **slot, *command;

    if (!command_name_is_good(row->name))
        return KR_EINVAL;
    if (module && module->staging)
        return command_stage(module, NULL, row);
    if (2 * (table.used + 1) > table.size)
        command_grow();
    slot = command_slot(kr_cstr(row->name));
    if (*slot && !command_is_free(*slot, module))
        return KR_EEXIST;
    if (!*slot) {
        *slot = command_new(NULL, row->name);
        table.used++;
        if (!table.end)
            table.end = &table.first;
        *table.end = *slot;
        table.end = &(*slot)->next;
    }
    command = *slot;
    table.count += !command->module || command->gone;
    command_fill(command, module, row);
    for (uint32_t i = 0; i < row->subcommands.count; i++) {
        struct kr_command sub = command_sub_row(&row->subcommands, i);
        kr_status status = command_add_below(command, module, &sub);

        if (status != KR_OK) {
            command_take_back(command, module);
            return status;
        }
    }
    command_came(module);
    return KR_OK;
}

kr_status command_add_sub(kr_module *module, const char *parent,
                          const struct kr_command *row)
{
    struct kr_cmd *command = command_declared(kr_cstr(parent));
    kr_status status;

    if (module && module->staging)
        return command_stage(module, parent, row);
    if (!command)
        return KR_ENOENT;
    status = command_add_below(command, module, row);
    if (status == KR_OK)
        command_came(module);
    return status;
}

void command_remember(kr_module *module)
{
    for (struct kr_cmd *c = module->commands; c; c = c->of_module) {
        memory_free(c->missing);
        c->missing = memory_strdup(module->name);
    }
}

const char *command_missing(uint32_t argc, const struct kr_str *argv)
{
    struct kr_str declared = rename_declared(argv[0]);
    const struct kr_cmd *command, *sub;
    char name[256];

    if (!table.size || !declared.data || declared.size > UINT16_MAX)
        return NULL;
    command = *command_slot(declared);
    if (!command || command->gone || argc < 2 || argv[1].size >= sizeof(name))
        return command && command->gone ? command->missing : NULL;
    memcpy(name, argv[1].data, argv[1].size);
    name[argv[1].size] = '\0';
    for (sub = command->subcommands; sub; sub = sub->next)
        if (sub->gone &&
            strcasecmp(sub->full_name + command->name_size + 1, name) == 0)
            return sub->missing;
    return NULL;
}

bool command_forget(kr_module *module)
{
    bool any = module->commands != NULL;

    while (module->commands)
        command_go(module->commands);
    return any;
}

bool command_settle_renames(char *error, size_t size)
{
    for (const struct rename *r = rename_first(); r; r = r->next) {
        if (r->to.size > 0 && !rename_of(r->to) && command_declared(r->to)) {
            snprintf(error, size,
                     "rename-command %s %s: Target command name already exists",
                     r->from.data, r->to.data);
            return false;
        }
        if (!command_declared(r->from))
            log_warning("rename-command: there is no command '%s' so far, a "
                        "module that is loaded later may bring it",
                        r->from.data);
    }
    return true;
}

/* What both sides have of a row.  false: it is too short to be one. */
static bool command_read(const struct kr_command *row, uint32_t size,
                         struct kr_command *copy)
{
    if (!row || size < offsetof(struct kr_command, refused))
        return false;
    memset(copy, 0, sizeof(*copy));
    memcpy(copy, row, size < sizeof(*copy) ? size : sizeof(*copy));
    return true;
}

static kr_status command_add_sized(kr_module *module,
                                   const struct kr_command *row, uint32_t size)
{
    struct kr_command copy;

    return command_read(row, size, &copy) ? command_add(module, &copy)
                                          : KR_EINVAL;
}

static kr_status command_add_sub_sized(kr_module *module, const char *parent,
                                       const struct kr_command *row,
                                       uint32_t size)
{
    struct kr_command copy;

    return command_read(row, size, &copy)
               ? command_add_sub(module, parent, &copy)
               : KR_EINVAL;
}

static kr_status command_remove(kr_module *self, const char *name)
{
    struct kr_cmd *command = command_declared(kr_cstr(name));

    if (!command || command->module != self)
        return KR_ENOENT;
    if (self && self->staging)
        return KR_EBUSY;
    for (struct kr_cmd *sub = command->subcommands; sub; sub = sub->next)
        command_go(sub);
    command_go(command);
    if (!self || self->active)
        command_tell();
    return KR_OK;
}

/* --- Upgrades ------------------------------------------------------------ */

/* The subcommand of that name, there or gone. */
static const struct kr_cmd *command_below(const struct kr_cmd *parent,
                                          const char *name)
{
    const struct kr_cmd *sub = parent->subcommands;
    size_t skip = (size_t)parent->name_size + 1;

    while (sub && strcasecmp(sub->full_name + skip, name) != 0)
        sub = sub->next;
    return sub;
}

/* Is it another's?  Then the new version cannot have it. */
static bool command_is_taken(const struct kr_cmd *command,
                             const kr_module *module)
{
    return command && !command->gone && command->module != module;
}

static const struct staged *staged_find(const kr_module *module,
                                        const char *parent, const char *name)
{
    const struct staged *s = table.staged;

    while (s && !(s->module == module && strcasecmp(s->row.name, name) == 0 &&
                  (parent ? s->parent && strcasecmp(s->parent, parent) == 0
                          : !s->parent)))
        s = s->next;
    return s;
}

/* Has the row a subcommand of that name, before its row number `end`? */
static bool command_row_has(const struct kr_command *row, uint32_t end,
                            const char *name)
{
    for (uint32_t i = 0; i < end; i++)
        if (strcasecmp(command_sub_row(&row->subcommands, i).name, name) == 0)
            return true;
    return false;
}

static kr_status command_judge_subs(const kr_module *module,
                                    const struct kr_cmd *same,
                                    const struct kr_command *row)
{
    for (uint32_t i = 0; i < row->subcommands.count; i++) {
        struct kr_command sub = command_sub_row(&row->subcommands, i);

        if (!command_name_is_good(sub.name))
            return KR_EINVAL;
        if (command_row_has(row, i, sub.name) ||
            (same && command_is_taken(command_below(same, sub.name), module)))
            return KR_EEXIST;
    }
    return KR_OK;
}

/* What will be refused at the switch must be refused now. */
static kr_status command_judge(const kr_module *module, const char *parent,
                               const struct kr_command *row)
{
    const struct staged *container;
    const struct kr_cmd *above;

    if (!command_name_is_good(row->name))
        return KR_EINVAL;
    if (staged_find(module, parent, row->name))
        return KR_EEXIST;
    if (!parent) {
        above = command_declared(kr_cstr(row->name));
        return command_is_taken(above, module)
                   ? KR_EEXIST
                   : command_judge_subs(module, above, row);
    }
    above = command_declared(kr_cstr(parent));
    container = staged_find(module, NULL, parent);
    if (!container && (!above || above->module == module))
        return KR_ENOENT;
    if (container &&
        command_row_has(&container->row, container->row.subcommands.count,
                        row->name))
        return KR_EEXIST;
    return above && command_is_taken(command_below(above, row->name), module)
               ? KR_EEXIST
               : KR_OK;
}

static kr_status command_stage(kr_module *module, const char *parent,
                               const struct kr_command *row)
{
    kr_status status = command_judge(module, parent, row);
    struct staged **end = &table.staged;

    if (status != KR_OK)
        return status;
    while (*end)
        end = &(*end)->next;
    *end = memory_calloc(1, sizeof(**end));
    (*end)->module = module;
    (*end)->parent = parent ? memory_strdup(parent) : NULL;
    (*end)->row = *row;
    return KR_OK;
}

static void staged_apply(const struct staged *s)
{
    kr_status status = s->parent
                           ? command_add_sub(s->module, s->parent, &s->row)
                           : command_add(s->module, &s->row);

    kr_assert(status == KR_OK); /* command_judge() has said so */
}

/* `module` is not staging any more. */
void command_settle(kr_module *module, bool good)
{
    struct staged **at = &table.staged;
    struct kr_cmd *command, *next;

    table.settling = true;
    for (command = module->commands; good && command;
         command = command->of_module)
        command->stale = true;
    while (*at) {
        struct staged *s = *at;

        if (s->module != module) {
            at = &s->next;
            continue;
        }
        *at = s->next;
        if (good)
            staged_apply(s);
        memory_free(s->parent);
        memory_free(s);
    }
    for (command = module->commands; good && command; command = next) {
        next = command->of_module;
        if (command->stale)
            command_go(command);
    }
    table.settling = false;
    table.unpublished |= good;
}

/* --- The interface ------------------------------------------------------- */

/* "get", "config|get"; the command itself is what `find` knows by its name. */
static struct kr_cmd *command_find_path(struct kr_str name,
                                        struct kr_cmd *(*find)(struct kr_str))
{
    const char *bar = name.size > 0 ? memchr(name.data, '|', name.size) : NULL;
    struct kr_cmd *command;

    if (!bar)
        return find(name);
    command = find(kr_str(name.data, (size_t)(bar - name.data)));
    if (!command)
        return NULL;
    return command_find_sub(
        command, kr_str(bar + 1, (size_t)(name.data + name.size - bar - 1)));
}

/* The row that is to be there once the new version is. */
static struct kr_command *staged_row(const kr_module *module, const char *name)
{
    for (struct staged *s = table.staged; s; s = s->next) {
        size_t before = s->parent ? strlen(s->parent) : 0;

        if (s->module != module)
            continue;
        if (s->parent &&
            (strncasecmp(name, s->parent, before) != 0 || name[before] != '|'))
            continue;
        if (strcasecmp(name + before + (s->parent != NULL), s->row.name) == 0)
            return &s->row;
    }
    return NULL;
}

static kr_status command_amend(kr_module *self, const char *name,
                               const struct kr_command *given, uint32_t size)
{
    struct kr_cmd *command = command_find_path(kr_cstr(name), command_declared);
    struct kr_command row, *staged = NULL;
    const struct kr_command *now;

    if (!command_read(given, size, &row))
        return KR_EINVAL;
    if (self && self->staging)
        now = staged = staged_row(self, name);
    else
        now = command && command->module == self ? &command->row : NULL;
    if (!now)
        return KR_ENOENT;
    row.name = now->name;
    row.run = now->run;
    row.subcommands = now->subcommands;
    if (staged) {
        *staged = row;
        return KR_OK;
    }
    command_describe(command, &row);
    command_came(self);
    return KR_OK;
}

static const kr_cmd *command_find_full(struct kr_str name)
{
    return command_find_path(name, command_find);
}

static const kr_cmd *command_match_words(uint32_t argc,
                                         const struct kr_str *argv)
{
    return command_match(argc, argv, NULL);
}

static const struct kr_command *command_row(const kr_cmd *command)
{
    return &command->row;
}

static const char *command_full_name(const kr_cmd *command)
{
    return command->full_name;
}

static kr_module *command_module(const kr_cmd *command)
{
    return command->module;
}

static const kr_cmd *command_parent(const kr_cmd *command)
{
    return command->parent;
}

static uint32_t command_id(const kr_cmd *command)
{
    return command->id;
}

/* Those that nobody can call any more are not shown either. */
static uint32_t command_count(void)
{
    uint32_t count = table.count;

    for (const struct rename *r = rename_first(); r; r = r->next)
        count -= r->to.size == 0 && command_declared(r->from);
    return count;
}

static bool command_is_shown(const struct kr_cmd *command)
{
    const struct rename *line;

    if (command->gone)
        return false;
    line = command->parent ? NULL : rename_of(kr_cstr(command->full_name));
    return !line || line->to.size > 0;
}

static void command_each(const kr_cmd *parent,
                         bool (*each)(const kr_cmd *command, void *ctx),
                         void *ctx)
{
    for (struct kr_cmd *c = parent ? parent->subcommands : table.first; c;
         c = c->next)
        if (command_is_shown(c) && !each(c, ctx))
            return;
}

static bool command_check_arity(const kr_cmd *command, uint32_t argc,
                                struct kr_reply *reply)
{
    if (command->arity >= 0 ? argc == (uint32_t)command->arity
                            : argc >= (uint32_t)-command->arity)
        return true;
    if (reply)
        kr_reply_errorf(reply, "ERR wrong number of arguments for '%s' command",
                        command->full_name);
    return false;
}

static int32_t command_keys_of(const kr_cmd *command, uint32_t argc,
                               const struct kr_str *argv,
                               struct kr_key_ref *refs, uint32_t room)
{
    return key_spec_find(&command->row, argc, argv, refs, room);
}

static void command_stats(const kr_cmd *command, struct kr_command_stats *stats)
{
    stats->calls = command->calls;
    stats->nsec = clock_ticks_to_ns(command->ticks);
    stats->rejected = command->rejected;
    stats->failed = command->failed;
}

static void command_reset_one(struct kr_cmd *command)
{
    command->calls = command->ticks = command->rejected = command->failed = 0;
    latency_reset(command);
}

static void command_reset_stats(const kr_cmd *command)
{
    if (command) {
        command_reset_one((struct kr_cmd *)command);
        return;
    }
    for (struct kr_cmd *c = table.first; c; c = c->next) {
        command_reset_one(c);
        for (struct kr_cmd *sub = c->subcommands; sub; sub = sub->next)
            command_reset_one(sub);
    }
}

static void command_free_all(struct kr_cmd *first)
{
    while (first) {
        struct kr_cmd *command = first;

        first = command->next;
        command_free_all(command->subcommands);
        if (command->module)
            command->module->commands = NULL;
        latency_free(command);
        memory_free(command->missing);
        memory_free(command->full_name);
        memory_free(command->typed);
        memory_free(command);
    }
}

void command_fini(void)
{
    command_free_all(table.first);
    memory_free(table.slots);
    memset(&table, 0, sizeof(table));
}

const struct kr_commands command_interface = {
    .size = sizeof(struct kr_commands),
    .add = command_add,
    .add_subcommand = command_add_sub,
    .remove = command_remove,
    .find = command_find_full,
    .match = command_match_words,
    .row = command_row,
    .full_name = command_full_name,
    .module = command_module,
    .parent = command_parent,
    .id = command_id,
    .count = command_count,
    .each = command_each,
    .check_arity = command_check_arity,
    .keys = command_keys_of,
    .stats = command_stats,
    .percentile = latency_percentile,
    .histogram = latency_histogram,
    .reset_stats = command_reset_stats,
    .add_sized = command_add_sized,
    .add_subcommand_sized = command_add_sub_sized,
    .amend = command_amend,
};
