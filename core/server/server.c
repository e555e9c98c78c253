/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/server/server.h"

#include "core/clock/clock.h"
#include "core/config/command_line.h"
#include "core/config/config.h"
#include "core/config/file.h"
#include "core/dispatch/batch.h"
#include "core/dispatch/block.h"
#include "core/dispatch/call.h"
#include "core/dispatch/gate.h"
#include "core/dispatch/journal.h"
#include "core/event/event.h"
#include "core/files/files.h"
#include "core/info/info.h"
#include "core/keyspace/hooks.h"
#include "core/keyspace/keyspace.h"
#include "core/keyspace/stored.h"
#include "core/log/crash.h"
#include "core/log/log.h"
#include "core/loop/jobs.h"
#include "core/loop/loop.h"
#include "core/memory/memory.h"
#include "core/module/memory_interface.h"
#include "core/module/usage.h"
#include "core/net/client.h"
#include "core/net/input.h"
#include "core/net/listen.h"
#include "core/net/output.h"
#include "core/net/wire.h"
#include "core/rack/rack.h"
#include "core/server/child.h"
#include "core/server/directives.h"
#include "core/server/host_fields.h"
#include "core/server/lifetime.h"
#include "core/server/loading.h"
#include "core/server/log_interface.h"
#include "core/server/process.h"
#include "core/server/program.h"
#include "core/server/startup.h"
#include "core/server/witness.h"
#include "core/text/text_interface.h"

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Work that comes with time gets so much of a turn: what a client notices is
 * a millisecond. */
#define SLICE_US 300

#define GIVE_BACK_MS 1000 /* between two looks at memory that is free */

static struct {
    kr_timer *tick;
    kr_timer *expiry; /* when the next key falls due, if nothing else happens */
    int64_t hz;
    int64_t gave_back_ms;
    bool silent; /* no server, and nothing is logged */
} server;

/* --- Each turn ----------------------------------------------------------- */

static void server_expiry_due(void *ctx)
{
    (void)ctx;
    server.expiry = NULL;
}

/* Keys whose time has come go, a slice a turn; a timer ends the wait in time
 * for the next. */
static void server_expire(void)
{
    uint64_t ticks = clock_ticks();
    int64_t wait_ms = keyspace_expire(clock_turn_ms, SLICE_US);

    turn_stats.expiry_ticks += clock_ticks() - ticks;

    if (wait_ms < 0 || server.expiry)
        return;
    server.expiry = loop_interface.timer(NULL, (uint64_t)wait_ms, 0,
                                         server_expiry_due, NULL);
}

/* Commands run first, and what they have changed is told before their replies
 * leave: who writes it to a file has done so by then.  What has expired, or what
 * a module has done outside of calls, may wake somebody, too. */
static void server_before_sleep(void)
{
    do {
        clock_begin_turn();
        client_serve();
        server_expire();
        if (call_alerts & ALERT_MEMORY)
            (void)keyspace_make_room();
        call_settle();
        if (event_is_armed(EVENT_SLEEP))
            event_raise(EVENT_SLEEP, NULL);
        client_before_sleep();
    } while (client_is_expectant() && !lifetime_is_over());
    if (lifetime_is_over())
        loop_stop();
    turn_stats.turns++;
    turn_stats.ticks += clock_ticks() - clock_turn_ticks;
    clock_turn_ticks = 0;
}

static void server_tick(void *ctx);

static void server_set_tick(void)
{
    server.hz = directive_hz();
    server.tick = loop_interface.timer(NULL, 0, (uint64_t)(1000 / server.hz),
                                       server_tick, NULL);
}

static void server_give_back(void)
{
    if (clock_turn_ms - server.gave_back_ms < GIVE_BACK_MS)
        return;
    server.gave_back_ms = clock_turn_ms;
    memory_give_back();
}

static void server_tick(void *ctx)
{
    (void)ctx;
    clock_begin_turn();
    if (directives.pause_cron)
        return;
    lifetime_obey();
    info_tick(clock_turn_ms);
    client_tick(clock_turn_ms, server.hz);
    keyspace_step(SLICE_US);
    input_trim();
    server_give_back();
    if (event_is_armed(EVENT_TICK))
        event_raise(EVENT_TICK, NULL);
    if (server.hz != directive_hz()) {
        loop_interface.cancel(server.tick);
        server_set_tick();
    }
}

/* --- Wings: what they offer, and what they must be told ------------------ */

static void server_offer(void)
{
    rack_offer("kr.block/1", &block_interface);
    rack_offer("kr.calls/1", &call_interface);
    rack_offer("kr.children/1", &child_interface);
    rack_offer("kr.clients/1", &client_interface);
    rack_offer("kr.codec/1", &codec_interface);
    rack_offer("kr.commands/1", &command_interface);
    rack_offer("kr.config/1", &config_interface);
    rack_offer("kr.events/1", &event_interface);
    rack_offer("kr.files/1", &files_interface);
    rack_offer("kr.gates/1", &gate_interface);
    rack_offer("kr.info/1", &info_interface);
    rack_offer("kr.journal/1", &journal_interface);
    rack_offer("kr.keyspace/1", &keyspace_interface);
    rack_offer("kr.loaders/1", &loader_interface);
    rack_offer("kr.loading/1", &loading_interface);
    rack_offer("kr.log/1", &log_interface);
    rack_offer("kr.loop/1", &loop_interface);
    rack_offer("kr.memory/1", &memory_interface);
    rack_offer("kr.modules/1", &rack_interface);
    rack_offer("kr.text/1", &text_interface);
    rack_offer("kr.transports/1", &transport_interface);
    rack_offer("kr.types/1", &type_interface);
}

static void server_tell_overrun(const struct kr_overrun_event *overrun)
{
    event_raise(EVENT_OVERRUN, overrun);
}

/* Each wing lets go of what a module has left with it. */
static void server_connect_wings(void)
{
    rack_on_forget(call_forget);
    rack_on_forget(block_forget);
    rack_on_forget(gate_forget);
    rack_on_forget(journal_forget);
    rack_on_forget(info_forget);
    rack_on_forget(client_forget);
    rack_on_forget(event_forget);
    rack_on_forget(child_forget);
    rack_on_forget(loading_forget);
    rack_on_forget(loop_forget);
    rack_on_settle(gate_settle);
    rack_on_settle(journal_settle);
    rack_on_settle(info_settle);
    rack_on_settle(client_settle);
    rack_on_settle(event_settle_upgrade);
    rack_on_settle(loop_settle);
    rack_on_carry("blocked clients", block_carry);
    rack_on_carry("connections of its transport", wire_carry);
    rack_on_carry("jobs", jobs_carry);
    rack_on_carry("calls posted to the main thread", loop_carry);
    rack_on_carry("a child process", child_carry);
    usage_on_overrun = server_tell_overrun;
    loop_hooks.yield = lifetime_yield;
    loop_hooks.shutdown = lifetime_shutdown;
    loop_hooks.cancel_shutdown = lifetime_cancel_shutdown;
    client_hooks.run = batch_run;
    client_hooks.leaves = block_forget_client;
    client_hooks.gone = journal_forget_client;
    keyspace_hooks.removed = journal_removed;
    keyspace_hooks.spare = output_free_pool;
    block_init();
    witness_init();
}

/* --- The beginning and the end ------------------------------------------- */

static void server_fail(const char *what, const char *why)
{
    log_warning("%s: %s", what, why);
    if (server.silent)
        fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

/* A line of the configuration is wrong: said as Redis says it. */
static void server_fail_config(const char *error)
{
    file_print_fatal(stderr, error);
    exit(1);
}

/* What a module refuses may be a line of the configuration: then that is what
 * is wrong. */
static void server_fail_modules(const char *error)
{
    if (config_refusal()[0])
        server_fail_config(config_refusal());
    server_fail("module", error);
}

/* Lines that no module has taken are mistakes. */
static void server_settle_config(void)
{
    struct buffer error = {0};

    if (config_settle(&error))
        return;
    buffer_append_char(&error, '\0');
    server_fail_config(error.data);
}

static void server_configure(int argc, char **argv)
{
    char error[1024];
    int status;

    config_init();
    if (!command_line_read(argc, argv, &status))
        exit(status);
    if (!directives_register(error, sizeof(error)))
        server_fail_config(error);
    process_begin();
    if (!directives_start(error, sizeof(error)))
        server_fail("config", error);
    if (directives.crash_log)
        crash_enable();
    rack_command_allowed = directive_module_command_allowed;
}

static void server_on_config(void *ctx, const void *payload)
{
    const struct kr_name_event *event = payload;

    (void)ctx;
    if (kr_str_equal(event->name, KR_STR("proc-title-template")))
        process_retitle();
}

/* What starts servers for tests waits for these words and then takes another
 * port. */
static void server_listen(void)
{
    char error[1024];

    log_notice("Running mode=standalone, port=%lld.",
               (long long)listen_settings.port);
    if (listen_open(error, sizeof(error)))
        return;
    if (listen_settings.port > 0)
        log_warning("Failed listening on port %lld (TCP), aborting.",
                    (long long)listen_settings.port);
    server_fail("net", error);
}

/* A server told to end meanwhile ends in the usual way, by its first turn. */
static void server_load(void)
{
    if (loading_data_set())
        return;
    _exit(
        1); /* who has failed has said so; what was loaded so far is not freed one by one */
}

/* Everything but the world outside: all modules are there, and nobody is heard
 * yet. */
static void server_assemble(int argc, char **argv)
{
    char error[1024];

    server_configure(argc, argv);
    loop_init();
    log_notice("Keyrack %s is starting", PACKAGE_VERSION);
    keyspace_init();
    client_init();
    info_init();
    host_fields_init();
    lifetime_init();
    child_init();
    server_connect_wings();
    server_offer();
    if (command_add(NULL, &rack_command) != KR_OK)
        server_fail("server", "cannot register MODULE");
    if (!startup_load_modules(error, sizeof(error)))
        server_fail_modules(error);
    if (!command_settle_renames(error, sizeof(error)))
        server_fail_config(error);
    server_settle_config();
}

static void server_begin(int argc, char **argv)
{
    server_assemble(argc, argv);
    server_listen();
    directives_serving();
    event_listen(EVENT_CONFIG_CHANGED, server_on_config, NULL);
    server_set_tick();
    process_listening();
    /* Who waits for these words connects at once. */
    log_notice("Server initialized, PID: %d", (int)getpid());
    server_load();
    if (event_is_armed(EVENT_READY))
        event_raise(EVENT_READY, NULL);
    process_ready();
    log_notice("Ready to accept connections");
}

/* Jobs that are finished below are told so by the loop, which must not begin
 * anything new then. */
static void server_stop_timers(void)
{
    if (server.tick)
        loop_interface.cancel(server.tick);
    if (server.expiry)
        loop_interface.cancel(server.expiry);
    server.expiry = NULL;
}

/* Values go while the code that frees them is still there. */
static void server_end(void)
{
    bool nobody_left;

    log_warning("User requested shutdown...");
    server_stop_timers();
    listen_close();
    rack_upgrade_fini();
    rack_work_aside(false);
    client_fini();
    keyspace_keep_home();
    jobs_fini();
    loop_poll();
    keyspace_fini();
    nobody_left = rack_unload_all();
    child_fini();
    process_end();
    log_warning("Keyrack is now ready to exit, bye bye...");
    if (!nobody_left) {
        /* Threads of a module may use what would be taken down. */
        fflush(NULL);
        _exit(0);
    }
    lifetime_fini();
    info_fini();
    command_fini();
    directives_fini();
    config_fini();
    rack_fini();
    output_free_pool();
    loop_fini();
}

void server_turn(void)
{
    loop_poll();
    server_before_sleep();
}

int server_host(int argc, char **argv, int (*run)(void *ctx), void *ctx)
{
    int status;

    clock_init();
    server.silent = true;
    server_assemble(argc, argv);
    status = run(ctx);
    server_end();
    return status;
}

/* The same file as a tool: its arguments are the tool's own. */
struct tool {
    struct kr_str name;
    int argc;
    char **argv;
};

static int server_run_tool(void *ctx)
{
    const struct tool *tool = ctx;

    return program_run(tool->name, tool->argc, tool->argv);
}

int server_main(int argc, char **argv)
{
    char *arguments[PROGRAM_ARGUMENTS_MAX];
    struct tool tool = {.argc = argc, .argv = argv};

    process_init(argc, argv);
    if (program_is_asked(argv[0], &tool.name))
        return server_host(program_arguments(argv[0], arguments), arguments,
                           server_run_tool, &tool);
    clock_init();
    server_begin(argc, argv);
    rack_work_aside(true);
    loop_run(server_before_sleep);
    server_end();
    return 0;
}
