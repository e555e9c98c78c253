/* SPDX-License-Identifier: BSD-3-Clause */
/* client_interface - <kr/client.h>: what modules ask about clients, and the
 * line that CLIENT LIST has for each. */
#include "core/clock/clock.h"
#include "core/dispatch/call.h"
#include "core/dispatch/pause.h"
#include "core/event/event.h"
#include "core/keyspace/keyspace.h"
#include "core/memory/memory.h"
#include "core/module/module.h"
#include "core/net/client.h"
#include "core/net/input.h"
#include "core/net/slots.h"
#include "core/text/buffer.h"

#include <assert.h>
#include <stdio.h>

/* --- Texts --------------------------------------------------------------- */

static char **client_text_at(const kr_client *client, const char *which)
{
    struct client_texts *texts = client->texts;

    if (!texts)
        return NULL;
    if (strcmp(which, "name") == 0)
        return &texts->name;
    if (strcmp(which, "lib-name") == 0)
        return &texts->lib_name;
    if (strcmp(which, "lib-ver") == 0)
        return &texts->lib_version;
    return strcmp(which, "user") == 0 ? &texts->user : NULL;
}

static struct kr_str client_text(const kr_client *client, const char *which)
{
    char **text = client_text_at(client, which);

    return text && *text ? kr_cstr(*text) : kr_str("", 0);
}

static void client_set_text(kr_client *client, const char *which,
                            struct kr_str value)
{
    char **text;

    if (!client->texts)
        client->texts = memory_calloc(1, sizeof(*client->texts));
    text = client_text_at(client, which);
    if (!text)
        return;
    memory_free(*text);
    *text = value.size ? memory_strndup(value.data, value.size) : NULL;
    if (strcmp(which, "user") == 0 && event_is_armed(EVENT_CLIENT_USER)) {
        struct kr_client_event event = {.size = sizeof(event),
                                        .client = client};

        event_raise(EVENT_CLIENT_USER, &event);
    }
}

/* --- Facts --------------------------------------------------------------- */

static uint64_t client_id(const kr_client *client)
{
    return client->id;
}

static uint32_t client_flags(const kr_client *client)
{
    return client_flags_shown(client);
}

static void client_set_flags(kr_client *client, uint32_t set, uint32_t clear)
{
    /* What a client is accounted as may change with its class. */
    client_stats.memory[client_class(client)] -= client->accounted;
    client->flags &= ~(clear & KR_CLIENT_SETTABLE);
    client->flags |= set & KR_CLIENT_SETTABLE;
    client_stats.memory[client_class(client)] += client->accounted;
    if ((set | clear) & KR_CLIENT_REPLY_OFF)
        output_mute(&client->output, client->flags & KR_CLIENT_REPLY_OFF);
    if (set & (KR_CLIENT_REPLY_OFF | KR_CLIENT_REPLY_SKIP))
        call_alerts |= ALERT_REPLY;
}

static void client_info(const kr_client *client, struct kr_client_info *out)
{
    uint32_t size = out->size;
    struct kr_client_info info = {
        .size = size,
        .db = keyspace_interface.db_index(client->db),
        .id = client->id,
        .flags = client_flags_shown(client),
        .protocol = client->output.reply.protocol,
        .age_sec = (clock_turn_ms - client->created_ms) / 1000,
        .idle_sec = (clock_turn_ms - client->active_ms) / 1000,
        .fd = client->fd,
        .input_used = client->input_size + client->input_shared,
        .input_free = client->input_capacity - client->input_size,
        .output_buffer = 0,
        .output_used = output_size(&client->output),
        .output_list = output_chunks(&client->output),
        .output_memory = output_memory(&client->output),
        .last_command = client->last_command,
    };

    if (call_current && call_current->pub.client == client)
        for (uint32_t i = 0; i < call_current->pub.argc; i++)
            info.args += call_current->pub.argv[i].size;
    info.args += input_held(client);
    input_big(client, &info.input_used, &info.input_free);
    info.memory = client_memory(client);
    /* A system call each: not for those who only count. */
    if (size > offsetof(struct kr_client_info, address))
        client_address(client, false, info.address, sizeof(info.address));
    if (size > offsetof(struct kr_client_info, local_address))
        client_address(client, true, info.local_address,
                       sizeof(info.local_address));
    memcpy(out, &info, size < sizeof(info) ? size : sizeof(info));
}

static void client_each(bool (*each)(kr_client *client, void *ctx), void *ctx)
{
    kr_client *next;

    for (kr_client *c = client_first(); c; c = next) {
        next = client_after(c);
        if (!c->doomed && !each(c, ctx))
            return;
    }
}

static kr_db *client_db(const kr_client *client)
{
    return client->db;
}

static void client_select(kr_client *client, kr_db *db)
{
    client->db = db;
}

static void client_set_protocol(kr_client *client, uint32_t protocol)
{
    output_set_protocol(&client->output, protocol);
}

/* --- What they get and do ------------------------------------------------ */

static struct kr_reply *client_sink(kr_client *client)
{
    client_wants_write(client);
    return &client->output.reply;
}

static void client_reset(kr_client *client)
{
    struct kr_client_event event = {.size = sizeof(event), .client = client};

    client_set_flags(client, 0,
                     KR_CLIENT_NO_EVICT | KR_CLIENT_NO_TOUCH |
                         KR_CLIENT_READONLY | KR_CLIENT_REPLY_OFF |
                         KR_CLIENT_REPLY_SKIP);
    output_mute(&client->output, false);
    output_set_protocol(&client->output, 2);
    client->db = keyspace_interface.db(0);
    client_set_text(client, "name", kr_str("", 0));
    if (event_is_armed(EVENT_CLIENT_RESET))
        event_raise(EVENT_CLIENT_RESET, &event);
}

/* --- The line ------------------------------------------------------------ */

struct field {
    struct field *next;
    kr_module *module;
    uint32_t stamp;
    const char *name;
    size_t (*text)(kr_client *client, char *text, size_t room);
};

/* Fields that modules add, in the order of registration. */
static struct field *client_fields;

static void client_add_field(kr_module *self, const char *name,
                             size_t (*text)(kr_client *client, char *text,
                                            size_t room))
{
    struct field **end = &client_fields;

    while (*end)
        end = &(*end)->next;
    *end = memory_alloc(sizeof(**end));
    **end = (struct field){.module = self,
                           .stamp = module_stamp(self),
                           .name = name,
                           .text = text};
}

/* Drop the fields of one version of the module; 0: of all. */
static void client_drop_fields(kr_module *module, uint32_t stamp)
{
    struct field **at = &client_fields;

    while (*at) {
        struct field *field = *at;

        if (field->module != module || (stamp && field->stamp != stamp)) {
            at = &field->next;
            continue;
        }
        *at = field->next;
        memory_free(field);
    }
}

void client_forget(kr_module *module)
{
    slots_forget(module);
    client_drop_fields(module, 0);
}

void client_settle(kr_module *module, bool good)
{
    slots_settle(module, good);
    client_drop_fields(module, module->generation + !good);
}

static void client_charge(kr_client *client, int64_t bytes)
{
    assert(bytes >= 0 || client->charged >= (size_t)-bytes);
    client->charged += (size_t)bytes;
}

static void client_confirm(kr_client *client, bool begins)
{
    if (begins)
        client->push_mutes = client->output.muted;
    output_mute(&client->output, !begins && client->push_mutes);
}

/* Meanwhile its call's list of pushes is what is written to. */
static void client_push(kr_client *client, bool begins)
{
    struct call *call = call_of(client);

    if (call)
        output_exchange(&client->output, &call->pushes);
    client_confirm(client, begins);
}

static size_t client_flag_letters(const kr_client *client, char *text)
{
    static const struct {
        uint32_t flag;
        char letter;
    } letters[] = {
        {KR_CLIENT_MONITOR, 'O'},        {KR_CLIENT_REPLICA, 'S'},
        {KR_CLIENT_PRIMARY, 'M'},        {KR_CLIENT_PUBSUB, 'P'},
        {KR_CLIENT_TRANSACTION, 'x'},    {KR_CLIENT_BLOCKED, 'b'},
        {KR_CLIENT_TRACKING, 't'},       {KR_CLIENT_TRACKING_BROKEN, 'R'},
        {KR_CLIENT_TRACKING_BCAST, 'B'}, {KR_CLIENT_DIRTY, 'd'},
        {KR_CLIENT_CLOSING, 'c'},        {KR_CLIENT_CLOSE_ASAP, 'A'},
        {KR_CLIENT_UNIX, 'U'},           {KR_CLIENT_READONLY, 'r'},
        {KR_CLIENT_NO_EVICT, 'e'},       {KR_CLIENT_NO_TOUCH, 'T'},
    };
    uint32_t flags = client_flags_shown(client);
    size_t n = 0;

    for (size_t i = 0; i < KR_COUNT(letters); i++)
        if (flags & letters[i].flag)
            text[n++] = letters[i].letter;
    if (n == 0)
        text[n++] = 'N';
    return n;
}

/* The value of a module's field, or what Redis says where there is no such
 * module. */
static void client_put_field(struct buffer *line, kr_client *client,
                             const char *name, const char *otherwise)
{
    char text[128];

    for (struct field *field = client_fields; field; field = field->next)
        if (strcmp(field->name, name) == 0) {
            size_t n = field->text(client, text, sizeof(text));

            buffer_printf(line, " %s=%.*s", name, (int)n, text);
            return;
        }
    buffer_printf(line, " %s=%s", name, otherwise);
}

static void client_describe(kr_client *client, struct kr_reply *out)
{
    struct kr_client_info info = {.size = sizeof(info)};
    struct kr_str name = client_text(client, "name");
    struct kr_str user = client_text(client, "user");
    struct kr_str lib = client_text(client, "lib-name");
    struct kr_str version = client_text(client, "lib-ver");
    struct buffer line = {0};
    char letters[32];
    size_t n = client_flag_letters(client, letters);

    client_info(client, &info);
    if (user.size == 0)
        user = KR_STR("default");
    buffer_printf(&line,
                  "id=%llu addr=%s laddr=%s fd=%d name=%.*s age=%lld idle=%lld "
                  "flags=%.*s db=%d",
                  (unsigned long long)info.id, info.address, info.local_address,
                  info.fd, (int)name.size, name.data, (long long)info.age_sec,
                  (long long)info.idle_sec, (int)n, letters, info.db);
    client_put_field(&line, client, "sub", "0");
    client_put_field(&line, client, "psub", "0");
    client_put_field(&line, client, "ssub", "0");
    client_put_field(&line, client, "multi", "-1");
    buffer_printf(&line, " qbuf=%llu qbuf-free=%llu argv-mem=%llu",
                  (unsigned long long)info.input_used,
                  (unsigned long long)info.input_free,
                  (unsigned long long)info.args);
    client_put_field(&line, client, "multi-mem", "0");
    buffer_printf(
        &line,
        " rbs=%llu rbp=%llu obl=%llu oll=%llu omem=%llu "
        "tot-mem=%llu events=%s cmd=%s user=%.*s",
        (unsigned long long)info.output_buffer,
        (unsigned long long)info.output_peak,
        (unsigned long long)info.output_used,
        (unsigned long long)info.output_list,
        (unsigned long long)info.output_memory, (unsigned long long)info.memory,
        client->writable ? "rw" : "r",
        client->last_command ? client->last_command->full_name : "NULL",
        (int)user.size, user.data);
    client_put_field(&line, client, "redir", "-1");
    buffer_printf(&line, " resp=%u lib-name=%.*s lib-ver=%.*s", info.protocol,
                  (int)lib.size, lib.data, (int)version.size, version.data);
    out->ops->raw(out, kr_str(line.data, line.size));
    buffer_free(&line);
}

const struct kr_clients client_interface = {
    .size = sizeof(struct kr_clients),
    .id = client_id,
    .flags = client_flags,
    .set_flags = client_set_flags,
    .info = client_info,
    .find = client_find,
    .each = client_each,
    .count = client_count,
    .db = client_db,
    .select = client_select,
    .set_protocol = client_set_protocol,
    .text = client_text,
    .set_text = client_set_text,
    .sink = client_sink,
    .close = client_doom,
    .reset = client_reset,
    .pause = pause_begin,
    .unpause = pause_end,
    .paused = pause_is_on,
    .new_slot = slots_new,
    .get = slots_get,
    .set = slots_set,
    .add_field = client_add_field,
    .describe = client_describe,
    .charge = client_charge,
    .push = client_push,
    .confirm = client_confirm,
};
