/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/dispatch/call.h"

#include "core/clock/clock.h"
#include "core/dispatch/ahead.h"
#include "core/dispatch/block.h"
#include "core/dispatch/gate.h"
#include "core/dispatch/journal.h"
#include "core/dispatch/latency.h"
#include "core/dispatch/pause.h"
#include "core/event/event.h"
#include "core/keyspace/keyspace.h"
#include "core/log/log.h"
#include "core/memory/blob.h"
#include "core/memory/memory.h"
#include "core/module/module.h"
#include "core/net/client.h"
#include "core/text/escape.h"

#include <sys/queue.h>

#define DEPTH_MAX 128

unsigned call_depth;
struct call *call_current;
uint32_t call_alerts;
const char *call_busy_text;
struct call_stats call_stats;

/* For kr_calls->full(). */
static bool call_full;

/* Calls of at least so many ticks are slow. */
static uint64_t call_slow_ticks = UINT64_MAX;

void call_set_slow_limit(uint64_t nsec)
{
    call_slow_ticks = nsec == UINT64_MAX
                          ? UINT64_MAX
                          : (uint64_t)((double)nsec / clock_ns_per_tick);
}

/* --- Errors that the host itself replies --------------------------------- */

/* Counted as refused, and a transaction is told.  What a call within another is
 * refused, its caller hears: the command has nothing to say to a client. */
static void call_refuse_str(struct call *call, struct kr_str text)
{
    struct kr_cmd *command = (struct kr_cmd *)call->pub.command;
    kr_client *client = call->pub.client;

    call->refused = true;
    if (command && !command->gone && command->row.refused && !call->outer) {
        kr_module *was = module_enter(command->module);

        call->pub.state = command->module ? command->module->state : NULL;
        command->row.refused(&call->pub, text);
        module_leave(was);
    } else {
        call->pub.reply->ops->error(call->pub.reply, text);
    }
    if (command)
        command->rejected++;
    (void)gate_ask(KR_STAGE_REFUSED, gate_armed | (client ? client->armed : 0),
                   &call->pub, NULL);
}

static void call_refuse(struct call *call, const char *text)
{
    call_refuse_str(call, kr_cstr(text));
}

int32_t call_gate_refuses(struct kr_call *pub, struct kr_str text)
{
    call_refuse_str((struct call *)pub, text);
    return KR_GATE_DENY;
}

/* A web page can make a browser send a request to us.  Its lines are no
 * commands, but what is in its body would be: hang up at the first of them. */
static bool call_is_http(struct kr_str name)
{
    return kr_str_equal_nocase(name, KR_STR("post")) ||
           kr_str_equal_nocase(name, KR_STR("host:"));
}

/* As Redis says it: the name, and the first words of what followed. */
static void call_unknown(struct call *call)
{
    const struct kr_str *argv = call->pub.argv;
    uint32_t argc = call->pub.argc;
    char text[512], args[160] = "";
    size_t used = 0;
    struct kr_cmd *container;
    const char *missing;

    if (call->input && call_is_http(argv[0])) {
        log_warning("Possible SECURITY ATTACK detected. It looks like somebody "
                    "is sending POST or Host: commands to the server: a web "
                    "page that makes a browser talk to it, perhaps. Connection "
                    "aborted.");
        client_doom(call->input, false);
        return;
    }
    missing = command_missing(argc, argv);
    if (missing) {
        snprintf(text, sizeof(text),
                 "NOMODULE '%.*s' is a command of module '%s', which is not "
                 "loaded; its values are kept sealed",
                 argv[0].size < 128 ? (int)argv[0].size : 128, argv[0].data,
                 missing);
        call_refuse(call, text);
        return;
    }
    (void)command_match(argc, argv, &container);
    if (container) {
        snprintf(text, sizeof(text),
                 "ERR unknown subcommand '%.*s'. Try %s HELP.",
                 argv[1].size < 128 ? (int)argv[1].size : 128, argv[1].data,
                 command_upper_name(container));
        call_refuse(call, text);
        return;
    }
    for (uint32_t i = 1; i < argc && used < 128; i++)
        used += (size_t)snprintf(args + used, sizeof(args) - used, "'%.*s' ",
                                 argv[i].size < 128 - used ? (int)argv[i].size
                                                           : (int)(128 - used),
                                 argv[i].data);
    snprintf(text, sizeof(text),
             "ERR unknown command '%.*s', with args beginning with: %s",
             argv[0].size < 128 ? (int)argv[0].size : 128, argv[0].data, args);
    call_refuse(call, text);
}

static bool call_arity_fits(const struct kr_cmd *command, uint32_t argc)
{
    return command->arity >= 0 ? argc == (uint32_t)command->arity
                               : argc >= (uint32_t)-command->arity;
}

static void call_wrong_arity(struct call *call, const struct kr_cmd *command)
{
    char text[640]; /* a name has up to 255 bytes, that of its parent too */

    snprintf(text, sizeof(text),
             "ERR wrong number of arguments for '%s' command",
             command->full_name);
    call_refuse(call, text);
}

/* --- The handler --------------------------------------------------------- */

void call_begin(struct call *call)
{
    call->outer = call_current;
    call->changes = keyspace_stats.changes;
    call->errors = call->told = call->pub.reply->errors;
    call_current = call;
    call_depth++;
}

struct call *call_of(const kr_client *client)
{
    struct call *found = NULL;

    for (struct call *call = call_current; call; call = call->outer)
        if (call->pub.client == client)
            found = call;
    return found;
}

static void call_slow(struct call *call, uint64_t nsec)
{
    struct kr_slow_event event = {
        .size = sizeof(event), .call = &call->pub, .nsec = nsec};

    if (event_is_armed(EVENT_SLOW))
        event_raise(EVENT_SLOW, &event);
}

/* Errors of the innermost call alone: EXEC does not fail with what it runs. */
static void call_failed(struct call *call)
{
    struct kr_cmd *command = (struct kr_cmd *)call->pub.command;

    for (struct call *outer = call->outer; outer; outer = outer->outer)
        if (outer->pub.reply == call->pub.reply)
            outer->told = call->pub.reply->errors;
    command->failed++;
    if (command->module)
        command->module->errors++;
}

/* A call that has parked counts when it is over, with all its time. */
static void call_count(struct call *call, uint64_t ticks)
{
    struct kr_cmd *command = (struct kr_cmd *)call->pub.command;

    call_stats.ticks += call->outer ? 0 : ticks;
    if (KR_UNLIKELY(call->parked)) {
        block_spend(call->pub.client, ticks);
        return;
    }
    ticks += call->spent;
    command->calls++;
    command->ticks += ticks;
    latency_add(command, ticks);
    if (KR_UNLIKELY(ticks >= call_slow_ticks))
        call_slow(call, clock_ticks_to_ns(ticks));
}

/* Statistics, AFTER gates and the journal of one call, nested or not. */
void call_end(struct call *call, uint64_t ticks)
{
    kr_client *client = call->pub.client;
    uint32_t armed = gate_armed | (client ? client->armed : 0);
    uint64_t changes = keyspace_stats.changes - call->changes;

    if (KR_UNLIKELY(call->pub.reply->errors != call->told))
        call_failed(call);
    if (KR_LIKELY(!(call->run_flags & KR_RUN_NO_STATS)))
        call_count(call, ticks);
    if (KR_UNLIKELY(armed & gate_stages[KR_STAGE_AFTER])) {
        struct kr_outcome outcome = {.size = sizeof(outcome),
                                     .errors =
                                         call->pub.reply->errors - call->errors,
                                     .nsec = clock_ticks_to_ns(ticks),
                                     .changes = changes,
                                     .blocked = call->parked};

        (void)gate_ask(KR_STAGE_AFTER, armed, &call->pub, &outcome);
    }
    if (KR_UNLIKELY(journal_armed || call->later))
        journal_call(call, changes > call->inner_changes);
    if (KR_UNLIKELY(call->pushes.head))
        output_join(&client->output, &call->pushes);
    call_current = call->outer;
    call_depth--;
    if (call->outer)
        call->outer->inner_changes += changes;
}

static void call_execute(struct call *call)
{
    struct kr_cmd *command = (struct kr_cmd *)call->pub.command;
    kr_module *was;
    uint64_t ticks;

    call_begin(call);
    call->pub.state = command->module ? command->module->state : NULL;
    was = module_enter(command->module);
    ticks = clock_ticks();
    command->run(&call->pub);
    ticks = clock_ticks() - ticks;
    module_leave(was);
    call_end(call, ticks);
}

/* --- When nothing is running ---------------------------------------------- */

struct later {
    STAILQ_ENTRY(later) link;
    kr_module *module;
    void (*fn)(void *ctx);
    void *ctx;
};

static struct {
    STAILQ_HEAD(, later) waiting;
    bool runs;
} later = {.waiting = STAILQ_HEAD_INITIALIZER(later.waiting)};

static void call_later(kr_module *self, void (*fn)(void *ctx), void *ctx)
{
    struct later *one = memory_alloc(sizeof(*one));

    *one = (struct later){.module = self, .fn = fn, .ctx = ctx};
    STAILQ_INSERT_TAIL(&later.waiting, one, link);
}

static void call_run_later(void)
{
    struct later *one;

    later.runs = true;
    journal_interface.begin();
    while ((one = STAILQ_FIRST(&later.waiting))) {
        kr_module *was;

        STAILQ_REMOVE_HEAD(&later.waiting, link);
        was = module_enter(one->module);
        one->fn(one->ctx);
        module_leave(was);
        memory_free(one);
    }
    later.runs = false;
    journal_interface.end();
}

void call_forget(kr_module *module)
{
    struct later *one, *next;

    for (one = STAILQ_FIRST(&later.waiting); one; one = next) {
        next = STAILQ_NEXT(one, link);
        if (one->module != module)
            continue;
        STAILQ_REMOVE(&later.waiting, one, later, link);
        memory_free(one);
    }
}

void call_settle(void)
{
    if (KR_LIKELY(!journal_armed && !block_has_ready &&
                  STAILQ_EMPTY(&later.waiting)))
        return;
    /* Within another call: one that lets the loop run. */
    if (call_depth > 0 || later.runs)
        return;
    if (!STAILQ_EMPTY(&later.waiting))
        call_run_later();
    journal_deliver();
    if (block_has_ready)
        block_serve();
}

/* --- Admission: the host's own conditions -------------------------------- */

/* Is there room for what the call acts like?  It is made before the outermost
 * one begins, and never within: a script does not see keys go, nor count what
 * it has itself taken. */
static bool call_has_room(struct call *call)
{
    uint64_t acts = call->pub.acts;

    if (call->outer)
        return !(call->run_flags & KR_RUN_DENY_OOM && acts & KR_CMD_DENYOOM &&
                 call_full);
    if (!call->room_asked)
        call_full =
            (acts & (KR_CMD_READONLY | KR_CMD_DENYOOM)) != KR_CMD_READONLY &&
            keyspace_make_room() == ROOM_NONE;
    call->room_asked = true;
    return !(call_full && acts & KR_CMD_DENYOOM);
}

/* Is there memory for it?  KR_GATE_.  Nothing is evicted while data is loaded,
 * nor within a script that lets others in. */
static int32_t call_admit_memory(struct call *call)
{
    if (!(call_alerts & ALERT_MEMORY) ||
        call_alerts & (ALERT_LOADING | ALERT_BUSY) || call_has_room(call))
        return KR_GATE_PASS;
    call_refuse(call, "OOM command not allowed when used memory > "
                      "'maxmemory'.");
    return KR_GATE_DENY;
}

/* May the command run at this moment?  KR_GATE_: HOLD for a pause. */
static int32_t call_admit(struct call *call)
{
    kr_client *client = call->pub.client;

    if (call_alerts & ALERT_LOADING &&
        !(call->pub.command->flags & KR_CMD_LOADING) &&
        !(call->pub.flags & KR_CALL_REPLICA)) {
        call_refuse(call, "LOADING Redis is loading the dataset in memory");
        return KR_GATE_DENY;
    }
    if (call_alerts & ALERT_BUSY &&
        !(call->pub.command->flags & KR_CMD_ALLOW_BUSY) &&
        !(call->run_flags & KR_RUN_NO_GATES)) {
        call_refuse(call, call_busy_text);
        return KR_GATE_DENY;
    }
    if (call_alerts & ALERT_PAUSED && client && !call->outer &&
        pause_concerns(client, call->pub.acts))
        return KR_GATE_HOLD;
    return KR_GATE_PASS;
}

/* The flags that the call is judged by. */
static uint64_t call_acts(struct call *call)
{
    const struct kr_cmd *command = call->pub.command;
    kr_module *was;
    uint64_t acts;

    if (!command->row.acts)
        return command->flags;
    call->pub.state = command->module ? command->module->state : NULL;
    was = module_enter(command->module);
    acts = command->row.acts(&call->pub);
    module_leave(was);
    return acts;
}

/* The host's own conditions stand around what modules say of the moment. */
static int32_t call_ask_admission(struct call *call, uint32_t armed)
{
    int32_t answer = call_admit_memory(call);

    if (answer == KR_GATE_PASS)
        answer = gate_ask(KR_STAGE_ADMIT, armed, &call->pub, NULL);
    return answer == KR_GATE_PASS ? call_admit(call) : answer;
}

/* The stages before the handler, when something is armed. */
static int32_t call_ask_gates(struct call *call, uint32_t armed)
{
    static const uint32_t first[] = {KR_STAGE_AUTHORISE, KR_STAGE_ROUTE};
    static const uint32_t then[] = {KR_STAGE_QUEUE, KR_STAGE_BEFORE};
    int32_t answer = KR_GATE_PASS;

    call->pub.acts = call_acts(call);
    for (size_t i = 0; i < KR_COUNT(first) && answer == KR_GATE_PASS; i++)
        answer = gate_ask(first[i], armed, &call->pub, NULL);
    if (answer == KR_GATE_PASS)
        answer = call_ask_admission(call, armed);
    for (size_t i = 0; i < KR_COUNT(then) && answer == KR_GATE_PASS; i++)
        answer = gate_ask(then[i], armed, &call->pub, NULL);
    if (answer == KR_GATE_DENY && !call->refused) {
        ((struct kr_cmd *)call->pub.command)->rejected++;
        (void)gate_ask(KR_STAGE_REFUSED, armed, &call->pub, NULL);
    }
    return answer;
}

/* --- A client's command -------------------------------------------------- */

/* The last command's words are most often the next one's too. */
static struct kr_cmd *call_find(kr_client *client, struct kr_str name)
{
    const struct kr_cmd *last = client->last_command;

    if (last && last->name_size == name.size && !last->gone && !last->parent &&
        memcmp(last->typed, name.data, name.size) == 0)
        return (struct kr_cmd *)last;
    return command_find(name);
}

/* Hash the keys of prepared->command, as many as there is room for, and ask for
 * their buckets. */
static void call_prepare_keys(kr_db *db, const struct kr_str *argv,
                              uint32_t argc, struct prepared *prepared,
                              uint64_t *hashes, uint32_t room)
{
    const struct kr_cmd *command = prepared->command;
    uint32_t keys = key_place_count(&command->keys, argc, argv);

    if (keys == 0)
        return;
    prepared->word = &argv[command->keys.first];
    prepared->step = command->keys.step;
    prepared->hashes = hashes;
    prepared->keys = keys < room ? keys : room;
    for (uint32_t i = 0; i < prepared->keys; i++) {
        hashes[i] = keyspace_hash(prepared->word[i * prepared->step]);
        keyspace_prefetch_bucket(db, hashes[i]);
    }
}

void call_prepare(kr_client *client, const struct resp_args *args,
                  struct prepared *prepared, uint64_t *hashes, uint32_t room)
{
    struct kr_cmd *command = call_find(client, args->argv[0]);

    if (command && command->subcommands && args->argc > 1)
        command = command_match((uint32_t)args->argc, args->argv, NULL);
    *prepared = (struct prepared){.command = command};
    if (command)
        call_prepare_keys(client->db, args->argv, (uint32_t)args->argc,
                          prepared, hashes, room);
}

static void call_set_hint(const struct prepared *prepared)
{
    if (prepared->keys == 0) {
        keyspace_forget_hint();
        return;
    }
    keyspace_hint = (struct keyspace_hint){.data = prepared->word->data,
                                           .hash = prepared->hashes[0],
                                           .word = prepared->word,
                                           .hashes = prepared->hashes,
                                           .step = prepared->step,
                                           .left = prepared->keys - 1};
}

/* A command has ended.  SKIP, asked for by it, silences the one behind it. */
void call_replied(kr_client *client)
{
    bool skip = client->flags & KR_CLIENT_REPLY_SKIP;

    client->flags &= ~KR_CLIENT_REPLY_SKIP;
    output_mute(&client->output, skip || client->flags & KR_CLIENT_REPLY_OFF);
}

/* The FILTER stage may change the words, and so the command. */
static int32_t call_filter(struct call *call, uint32_t armed)
{
    int32_t answer;

    call->pub.command = NULL;
    answer = gate_ask(KR_STAGE_FILTER, armed, &call->pub, NULL);
    if (answer == KR_GATE_DENY && !call->refused)
        (void)gate_ask(KR_STAGE_REFUSED, armed, &call->pub, NULL);
    keyspace_forget_hint();
    return answer;
}

/* false: the client is suspended, and gives the command again. */
static bool call_hold(kr_client *client)
{
    client->held = true;
    client_suspend(client);
    return false;
}

/* A memory limit alone, as many servers have, takes no command the long way as
 * long as there is memory. */
static bool call_is_short(struct call *call, uint32_t armed)
{
    if (armed | (call_alerts & ~ALERT_MEMORY))
        return false;
    if (KR_LIKELY(!call_alerts))
        return true;
    call->pub.acts = call_acts(call);
    return call_has_room(call);
}

static bool call_client_slowly(struct call *call, uint32_t armed)
{
    kr_client *client = call->pub.client;
    const struct kr_cmd *command;
    int32_t answer = KR_GATE_PASS;

    if (armed & gate_stages[KR_STAGE_FILTER])
        answer = call_filter(call, armed);
    if (answer != KR_GATE_PASS)
        return answer == KR_GATE_HOLD ? call_hold(client) : true;
    /* The words may be new, or the command: it was looked up before those in
     * front of it had run. */
    if (!call->pub.command || ((struct kr_cmd *)call->pub.command)->gone)
        call->pub.command = command_match(call->pub.argc, call->pub.argv, NULL);
    command = call->pub.command;
    if (!command || command->gone || !command->run) {
        if (command && !command->gone)
            call_wrong_arity(call, command);
        else
            call_unknown(call);
        return true;
    }
    if (!call_arity_fits(command, call->pub.argc)) {
        call_wrong_arity(call, command);
        return true;
    }
    answer = call_ask_gates(call, armed);
    if (answer == KR_GATE_HOLD)
        return call_hold(client);
    if (answer == KR_GATE_PASS)
        call_execute(call);
    return true;
}

bool call_client(kr_client *client, const struct resp_args *args,
                 const struct prepared *prepared)
{
    struct kr_cmd *command = prepared->command;
    uint32_t armed = gate_armed | client->armed;
    bool ran = true;
    struct call call = {
        .pub = {.argv = args->argv,
                .argc = (uint32_t)args->argc,
                .reply = &client->output.reply,
                .db = client->db,
                .client = client,
                .command = command,
                .now_ms = clock_turn_ms,
                .flags =
                    client->flags & KR_CLIENT_NO_TOUCH ? KR_CALL_NO_TOUCH : 0},
        .input = client,
    };

    call_set_hint(prepared);
    client->last_command = command;
    if (KR_LIKELY(command && !command->gone && command->run &&
                  call_arity_fits(command, call.pub.argc) &&
                  call_is_short(&call, armed)))
        call_execute(&call);
    else
        ran = call_client_slowly(&call, armed);
    keyspace_forget_hint();
    if (!ran)
        return false;
    call_stats.commands++;
    if (KR_UNLIKELY(call_alerts & ALERT_REPLY) && !client->parked)
        call_replied(client);
    call_settle();
    return true;
}

/* --- Calls from code ----------------------------------------------------- */

static kr_db *call_run_db(const struct kr_run *run)
{
    return run->db       ? run->db
           : run->client ? run->client->db
                         : keyspace_interface.db(0);
}

/* What the host itself has against it. */
static bool call_may_run(struct call *call, const struct kr_run *run)
{
    const struct kr_cmd *command = call->pub.command;

    if (!command || command->gone) {
        call_unknown(call);
        return false;
    }
    if (!command->run || !call_arity_fits(command, call->pub.argc)) {
        if (run->flags & KR_RUN_SCRIPT)
            call_refuse(call, "ERR Wrong number of args calling Redis "
                              "command from script");
        else if (command->run)
            call_wrong_arity(call, command);
        else
            call_unknown(call);
        return false;
    }
    if (run->flags & KR_RUN_SCRIPT && command->flags & KR_CMD_NOSCRIPT &&
        !(run->flags & KR_RUN_ANY)) {
        call_refuse(call, "ERR This Redis command is not allowed from script");
        return false;
    }
    if (run->flags & KR_RUN_NO_WRITES && command->flags & KR_CMD_WRITE) {
        call_refuse(call, "ERR Write commands are not allowed from read-only "
                          "scripts.");
        return false;
    }
    return true;
}

/* `prepared`: the keys have been hashed; NULL: they have not. */
static kr_status call_run_found(struct kr_cmd *command,
                                const struct kr_run *run,
                                const struct prepared *prepared)
{
    static struct output nowhere;
    kr_client *client = run->client;
    uint32_t armed = gate_armed | (client ? client->armed : 0);
    struct call call = {
        .pub = {.argv = run->argv,
                .argc = run->argc,
                .reply = run->reply,
                .db = call_run_db(run),
                .client = client,
                .command = command,
                .now_ms =
                    call_current ? call_current->pub.now_ms : clock_wall_ms(),
                .flags = run->call_flags},
        .outer = call_current,
        .run_flags = run->flags,
        .mute = (run->flags & KR_RUN_NO_LOG ? KR_JOURNAL_LOG : 0) |
                (run->flags & KR_RUN_NO_REPLICAS ? KR_JOURNAL_REPLICAS : 0),
    };
    struct keyspace_hint hint = keyspace_hint;
    int32_t answer = KR_GATE_PASS;

    if (!call.pub.reply) {
        if (!nowhere.muted) {
            output_init(&nowhere, 2, NULL);
            output_mute(&nowhere, true);
        }
        call.pub.reply = &nowhere.reply;
    }
    if (call_depth >= DEPTH_MAX) {
        kr_reply_error(call.pub.reply, "ERR calls are nested too deeply");
        return KR_EDENIED;
    }
    if (KR_UNLIKELY(armed & gate_stages[KR_STAGE_FILTER]) &&
        !(run->flags & (KR_RUN_NO_GATES | KR_RUN_NO_FILTER))) {
        answer = call_filter(&call, armed);
        call.pub.command = command_match(call.pub.argc, call.pub.argv, NULL);
        prepared = NULL;
    }
    if (answer == KR_GATE_PASS && !call_may_run(&call, run))
        return KR_EDENIED;
    if (answer != KR_GATE_PASS || KR_LIKELY(!(armed | call_alerts))) {
        /* A filter has answered, or nobody is to be asked. */
    } else if (!(run->flags & KR_RUN_NO_GATES)) {
        answer = call_ask_gates(&call, armed);
    } else if (run->flags & KR_RUN_DENY_OOM && call_alerts) {
        call.pub.acts = call.pub.command->flags;
        answer = call_ask_admission(&call, 0);
    }
    if (answer == KR_GATE_HOLD)
        kr_reply_error(call.pub.reply,
                       "BUSY the command must wait, and cannot do so here");
    if (answer != KR_GATE_PASS)
        return KR_EDENIED;
    if (run->flags & KR_RUN_DRY)
        return KR_OK;
    if (prepared)
        call_set_hint(prepared);
    else
        keyspace_forget_hint();
    if (client)
        client->in_use++;
    call_execute(&call);
    if (client)
        client->in_use--;
    keyspace_hint = hint;
    call_settle();
    return KR_OK;
}

static kr_status call_run(const struct kr_run *run)
{
    return call_run_found(command_match(run->argc, run->argv, NULL), run, NULL);
}

static kr_status call_run_command(const kr_cmd *command,
                                  const struct kr_run *run)
{
    return call_run_found((struct kr_cmd *)command, run, NULL);
}

/* At most AHEAD_MAX, all of one database. */
static void call_run_together(kr_db *db, uint32_t count,
                              const kr_cmd *const *commands,
                              const struct kr_run *runs)
{
    struct prepared prepared[AHEAD_MAX];
    struct resp_args args[AHEAD_MAX];
    uint64_t hashes[AHEAD_KEYS];
    uint32_t keys = 0;

    for (uint32_t i = 0; i < count; i++) {
        args[i].argv = (struct kr_str *)(uintptr_t)runs[i].argv;
        args[i].argc = runs[i].argc;
        prepared[i] =
            (struct prepared){.command = (struct kr_cmd *)commands[i]};
        call_prepare_keys(db, runs[i].argv, runs[i].argc, &prepared[i],
                          hashes + keys, AHEAD_KEYS - keys);
        keys += prepared[i].keys;
    }
    if (keys > 1)
        ahead_fetch(db, args, prepared, (int)count);
    for (uint32_t i = 0; i < count; i++)
        (void)call_run_found(prepared[i].command, &runs[i], &prepared[i]);
}

static void call_run_batch(uint32_t count, const kr_cmd *const *commands,
                           const struct kr_run *runs)
{
    uint32_t done = 0;

    while (done < count) {
        kr_db *db = call_run_db(&runs[done]);
        uint32_t next = done + 1;

        while (next < count && next - done < AHEAD_MAX &&
               call_run_db(&runs[next]) == db)
            next++;
        call_run_together(db, next - done, commands + done, runs + done);
        done = next;
    }
}

static struct kr_blob *call_take(struct kr_call *pub, uint32_t i)
{
    struct call *call = (struct call *)pub;
    struct kr_str bytes = pub->argv[i];
    struct kr_blob *blob = NULL;

    if (call->input)
        blob = client_take(call->input, bytes);
    if (blob)
        return blob;
    blob = blob_new(bytes.size, 0);
    if (blob)
        memcpy(blob->data, bytes.data, bytes.size);
    return blob;
}

static struct kr_call *call_get_current(void)
{
    return call_current ? &call_current->pub : NULL;
}

static uint64_t call_changes(void)
{
    return keyspace_stats.changes;
}

static void call_count_error(struct kr_str text)
{
    if (output_error_hook)
        output_error_hook(text);
}

static void call_error_again(struct kr_reply *reply, struct kr_str text)
{
    void (*hook)(struct kr_str text) = output_error_hook;

    output_error_hook = NULL;
    reply->ops->error(reply, text);
    output_error_hook = hook;
}

static void call_touch(struct kr_call *pub, uint64_t n)
{
    (void)pub;
    keyspace_stats.changes += n;
}

static struct kr_reply *call_new_sink(uint32_t protocol)
{
    struct output *output = memory_alloc(sizeof(*output));

    output_init(output, protocol, NULL);
    return &output->reply;
}

static struct kr_str call_sink_bytes(struct kr_reply *reply)
{
    return output_flatten((struct output *)reply);
}

static void call_sink_reset(struct kr_reply *reply)
{
    output_discard((struct output *)reply);
    reply->errors = 0;
}

static bool call_get_full(void)
{
    return call_full && call_depth > 0 && call_alerts & ALERT_MEMORY;
}

static void call_free_sink(struct kr_reply *reply)
{
    if (!reply)
        return;
    output_fini((struct output *)reply);
    memory_free(reply);
}

const struct kr_calls call_interface = {
    .size = sizeof(struct kr_calls),
    .run = call_run,
    .run_command = call_run_command,
    .take = call_take,
    .current = call_get_current,
    .changes = call_changes,
    .touch = call_touch,
    .new_sink = call_new_sink,
    .sink_bytes = call_sink_bytes,
    .sink_reset = call_sink_reset,
    .free_sink = call_free_sink,
    .set_slow_limit = call_set_slow_limit,
    .run_batch = call_run_batch,
    .full = call_get_full,
    .count_error = call_count_error,
    .error_again = call_error_again,
    .later = call_later,
};
