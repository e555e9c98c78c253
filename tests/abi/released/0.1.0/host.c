/* SPDX-License-Identifier: BSD-3-Clause */
/* host - a module that asks the host for all else, at once: kr_calls, kr_commands,
 * kr_config, kr_info, kr_log, kr_modules, kr_clients, kr_files, kr_loading,
 * kr_pubsub, kr_scripts.
 *
 *     HOST.CHECK folder           may write a file there */
#include "sample.h"

#include <kr/pubsub.h>
#include <kr/scripts.h>

KR_USES(kr_calls);
KR_USES(kr_clients);
KR_USES(kr_commands);
KR_USES(kr_config);
KR_USES(kr_files);
KR_USES(kr_info);
KR_USES(kr_loading);
KR_USES(kr_log);
KR_USES(kr_modules);
KR_USES(kr_pubsub);
KR_USES(kr_scripts);

static kr_module *self;
static int64_t host_limit;
static kr_client_slot *words_slot;

static void check_calls(struct kr_call *call)
{
    const struct kr_str words[] = {KR_STR("ECHO"), KR_STR("hello")};
    const struct kr_str none[] = {KR_STR("NO.SUCH.COMMAND")};
    struct kr_reply *sink = kr_calls->new_sink(2);
    struct kr_run run = {
        .size = sizeof(run), .argc = 2, .argv = words, .reply = sink};

    CHECK(kr_calls->current() == call);
    CHECK(kr_calls->run(&run) == KR_OK);
    CHECK(kr_str_equal(kr_calls->sink_bytes(sink), KR_STR("$5\r\nhello\r\n")));
    kr_calls->sink_reset(sink);
    run.argc = 1;
    run.argv = none;
    CHECK(kr_calls->run(&run) != KR_OK && sink->errors == 1);
    kr_calls->sink_reset(sink);
    kr_reply_map(sink, 1);
    kr_reply_status(sink, "key");
    sink->ops->boolean(sink, true);
    sink->ops->number(sink, 0.5);
    CHECK(kr_str_equal(kr_calls->sink_bytes(sink),
                       KR_STR("*2\r\n+key\r\n:1\r\n$3\r\n0.5\r\n")));
    kr_calls->free_sink(sink);
    CHECK(!kr_calls->full());
}

static bool count_one(const kr_cmd *command, void *ctx)
{
    (void)command;
    ++*(uint32_t *)ctx;
    return true;
}

static void check_commands(struct kr_call *call)
{
    const struct kr_str words[] = {KR_STR("client"), KR_STR("id")};
    const kr_cmd *command = kr_commands->find(KR_STR("HOST.check"));
    struct kr_command_stats stats = {.size = sizeof(stats)};
    struct kr_key_ref refs[2];
    uint32_t count = 0;

    CHECK(command == call->command);
    CHECK(strcmp(kr_commands->full_name(command), "host.check") == 0);
    CHECK(kr_commands->module(command) == self);
    CHECK(kr_commands->row(command)->arity == 2);
    CHECK(!kr_commands->parent(command));
    command = kr_commands->match(2, words);
    CHECK(strcmp(kr_commands->full_name(command), "client|id") == 0);
    CHECK(kr_commands->check_arity(command, 2, NULL));
    CHECK(!kr_commands->check_arity(command, 3, NULL));
    CHECK(kr_commands->keys(command, 2, words, refs, 2) == 0);
    kr_commands->stats(command, &stats);
    kr_commands->each(NULL, count_one, &count);
    CHECK(count == kr_commands->count() && count > 10);
    CHECK(kr_commands->find(KR_STR("host.added")) != NULL);
}

static void check_config(void)
{
    struct kr_str name = KR_STR("host.limit"), value = KR_STR("7"),
                  bad = KR_STR("-1");
    struct kr_reply *sink = kr_calls->new_sink(2);
    char error[256];

    CHECK(kr_config->set(1, &name, &value, error, sizeof(error)) == KR_OK);
    CHECK(host_limit == 7);
    CHECK(kr_config->set(1, &name, &bad, error, sizeof(error)) != KR_OK);
    CHECK(kr_config->get(name, sink) == KR_OK);
    CHECK(kr_str_equal(kr_calls->sink_bytes(sink), KR_STR("7")));
    CHECK(kr_config->get(KR_STR("no-such"), sink) == KR_ENOENT);
    kr_calls->free_sink(sink);
}

static void collect_field(struct kr_info_out *out, const char *name,
                          struct kr_str value)
{
    (void)out;
    CHECK(strcmp(name, "host_limit") == 0 && value.size == 1);
}

static void collect_int(struct kr_info_out *out, const char *name,
                        int64_t value)
{
    (void)out;
    CHECK(strcmp(name, "host_limit") == 0 && value == 7);
}

static void check_info(void)
{
    struct kr_info_out out = {
        .size = sizeof(out), .field = collect_field, .field_int = collect_int};
    struct kr_host_stats stats = {.size = sizeof(stats)};

    CHECK(kr_info->collect("host", &out));
    CHECK(!kr_info->collect("no-such", &out));
    kr_info->stats(&stats);
    CHECK(stats.commands > 0 && stats.start_ms > 0);
    CHECK(strlen(kr_info->identity("run-id")) == 40);
}

static void check_modules(void)
{
    struct kr_module_info info = {.size = sizeof(info)};

    CHECK(kr_modules->find(KR_STR("host")) == self);
    CHECK(!kr_modules->find(KR_STR("no-such")));
    kr_modules->info(self, &info);
    CHECK(strcmp(info.name, "host") == 0 && info.version == 100);
    CHECK(kr_modules->interface("kr.calls/1", 8) == kr_calls);
    CHECK(!kr_modules->interface("kr.no-such/1", 8));
    CHECK(kr_modules->may_use(self, "kr.calls/1"));
}

static void check_clients(struct kr_call *call)
{
    kr_client *client = call->client;
    struct kr_client_info info = {.size = sizeof(info)};

    CHECK(kr_clients->find(kr_clients->id(client)) == client);
    CHECK(kr_clients->db(client) == call->db && kr_clients->count() >= 1);
    kr_clients->info(client, &info);
    CHECK(info.id == kr_clients->id(client) && info.protocol >= 2);
    kr_clients->set(client, words_slot, &host_limit);
    CHECK(kr_clients->get(client, words_slot) == &host_limit);
    kr_clients->set(client, words_slot, NULL);
    kr_clients->set_text(client, "name", KR_STR("sample"));
    CHECK(kr_str_equal(kr_clients->text(client, "name"), KR_STR("sample")));
    kr_clients->set_text(client, "name", KR_STR(""));
}

static void check_files(struct kr_call *call)
{
    char temp[512], path[512];
    struct kr_aside aside = {.size = sizeof(aside), .temp = temp};

    snprintf(temp, sizeof(temp), "%.*s/sample.temp",
             KR_QUOTE(call->argv[1], 400));
    snprintf(path, sizeof(path), "%.*s/sample", KR_QUOTE(call->argv[1], 400));
    CHECK(kr_files->begin(&aside, temp, 0600));
    CHECK(kr_files->put(&aside, KR_STR("bytes")));
    CHECK(kr_files->commit(&aside, path) && aside.written == 5);
    CHECK(kr_files->sync_folder(path) == 0);
    aside = (struct kr_aside){.size = sizeof(aside), .temp = temp};
    CHECK(kr_files->begin(&aside, temp, 0600));
    kr_files->abandon(&aside);
}

static void check_others(void)
{
    struct kr_slow_run run = {.size = sizeof(run)};

    kr_logf(self, KR_LOG_NOTICE, "a line of %s", "the sample");
    CHECK(kr_log->enabled(KR_LOG_WARNING));
    CHECK(!kr_loading->active() && kr_loading->begin(self, 10, 0) == KR_OK);
    CHECK(kr_loading->active() && kr_loading->progress(5));
    kr_loading->end(true);
    CHECK(!kr_pubsub->any());
    CHECK(kr_pubsub->publish(KR_STR("sample"), KR_STR("message")) == 0);
    kr_scripts->slow(&run);
    kr_scripts->over(&run);
}

static void check(struct kr_call *call)
{
    check_calls(call);
    check_commands(call);
    check_config();
    check_info();
    check_modules();
    check_clients(call);
    check_files(call);
    check_others();
    sample_reply(call->reply);
}

static void added(struct kr_call *call)
{
    kr_reply_ok(call->reply);
}

static void info(void *ctx, struct kr_info_out *out)
{
    (void)ctx;
    out->field_int(out, "host_limit", host_limit);
}

static kr_status create(kr_module *module, const struct kr_load_args *args,
                        void **state)
{
    static const struct kr_command row = {
        .name = "host.added", .run = added, .arity = 1, .flags = KR_CMD_FAST};

    (void)args, (void)state;
    words_slot = kr_clients->new_slot(module, NULL);
    (void)kr_info->provide(module, "host", 0, info, NULL);
    return kr_commands->add_sized(module, &row, KR_SIZED(&row));
}

static const struct kr_param params[] = {
    {.name = "host.limit",
     .type = KR_PARAM_INT,
     .slot = &host_limit,
     .initial = "3",
     .max = 10},
};
static const struct kr_command commands[] = {
    {.name = "host.check", .run = check, .arity = 2, .flags = KR_CMD_ADMIN},
};
static const struct kr_import imports[] = {
    KR_NEED(kr_calls),   KR_NEED(kr_clients), KR_NEED(kr_commands),
    KR_NEED(kr_config),  KR_NEED(kr_files),   KR_NEED(kr_info),
    KR_NEED(kr_loading), KR_NEED(kr_log),     KR_NEED(kr_modules),
    KR_NEED(kr_pubsub),  KR_NEED(kr_scripts),
};

KR_MODULE(.name = "host", .version = 100, .licence = "BSD-3-Clause",
          .flags = KR_MODULE_CAN_UNLOAD | KR_MODULE_CAN_UPGRADE, .self = &self,
          .imports = KR_ROWS(imports), .commands = KR_ROWS(commands),
          .params = KR_ROWS(params), .create = create);
