/* SPDX-License-Identifier: BSD-3-Clause */
/* tide - a module with one of each thing that an upgrade has to carry: build it
 * several times and upgrade one build to another.
 *
 *   TIDE_VERSION   of the module, 1
 *   TIDE_LAYOUT    of its values in memory, 1 to 3
 *   TIDE_ADOPTS    a layout that it works with as it is
 *   TIDE_REFUSES   create(), takeover(), load() of a value with level 666, or
 *                  handover(), which fail: 1, 2, 3, 4
 *   TIDE_MISSING   a symbol that nobody has
 *   TIDE_FORGETS   functions under way have no names
 *   TIDE_STATE     the layout of its state, 1
 *   TIDE_WRONG     what no host takes: it is not made for upgrades, has no way to
 *                  convert values, has a command, a parameter, an interface or a
 *                  type's name in files of another module's, needs an interface
 *                  that nobody has: 1, 2, 3, 4, 5, 6, 7
 *   TIDE_DROPS     a command, the type, the interface and the part of snapshots
 *                  are gone: 1, 2, 4, 8
 *
 *   layout 1   | level (int64) |
 *   layout 2   | 0x7eed7eed | level (int32, as two halves) |    3 is the same
 *
 * What a client or a test sees of it:
 *
 *   TIDE.SET key level, TIDE.GET key          a value
 *   TIDE.VERSION                              who answers
 *   TIDE.COUNT                                calls of TIDE.SET, the state
 *   TIDE.WAIT key                             until TIDE.SET of the key
 *   TIDE.WORK ms                              until a job has slept so long
 *   TIDE.MINE text, TIDE.MINE                 words kept with the client
 *   TIDE.TOLD                                 changed keys, clients armed
 *   TIDE.ARM                                  a gate counts the client's calls
 *   TIDE.AFTER ms key level                   sets it by a timer
 *   CLIENT TIDE                               a subcommand of another module's
 */
#define _POSIX_C_SOURCE 200809L

#include <kr/kr.h>
#include <kr/snapshot.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifndef TIDE_VERSION
#define TIDE_VERSION 1
#endif
#ifndef TIDE_STATE
#define TIDE_STATE 1u
#endif
#ifndef TIDE_LAYOUT
#define TIDE_LAYOUT 1
#endif
#ifndef TIDE_REFUSES
#define TIDE_REFUSES 0
#endif
#ifndef TIDE_WRONG
#define TIDE_WRONG 0
#endif
#ifndef TIDE_DROPS
#define TIDE_DROPS 0
#endif

KR_USES(kr_block);
KR_USES(kr_clients);
KR_USES(kr_codec);
KR_USES(kr_commands);
KR_USES(kr_events);
KR_USES(kr_gates);
KR_USES(kr_info);
KR_USES(kr_keyspace);
KR_USES(kr_loop);
KR_USES(kr_memory);
KR_USES(kr_snapshot);
KR_USES(kr_text);

static kr_module *tide_self;
static uint16_t tide_slot;
static int64_t tide_limit;
#if TIDE_WRONG == 7
static const void *nobody;
#endif

/* --- The value ----------------------------------------------------------- */

struct tide {
#if TIDE_LAYOUT > 1
    uint32_t mark;
    uint16_t low, high;
#else
    int64_t level;
#endif
};

static int64_t tide_level(const struct tide *tide)
{
#if TIDE_LAYOUT > 1
    if (tide->mark != 0x7eed7eed)
        abort(); /* somebody has seen a value of another layout */
    return (int32_t)((uint32_t)tide->high << 16 | tide->low);
#else
    return tide->level;
#endif
}

static void tide_set_level(struct tide *tide, int64_t level)
{
#if TIDE_LAYOUT > 1
    tide->mark = 0x7eed7eed;
    tide->low = (uint16_t)level;
    tide->high = (uint16_t)((uint32_t)level >> 16);
#else
    tide->level = level;
#endif
}

static struct tide *tide_box(const void *data)
{
    struct tide *tide;

    memcpy(&tide, data, sizeof(tide));
    return tide;
}

static void tide_free(void *box)
{
    kr_memory->free(tide_self, box);
}

static size_t tide_memory(const struct kr_peek *value, size_t samples)
{
    (void)samples;
    return kr_memory->usable(tide_box(value->data));
}

static struct tide *tide_new(int64_t level)
{
    struct tide *tide = kr_memory->alloc(tide_self, sizeof(*tide));

    tide_set_level(tide, level);
    return tide;
}

static bool tide_copy(const struct kr_peek *value, struct kr_value *out)
{
    out->boxed = true;
    out->box = tide_new(tide_level(tide_box(value->data)));
    return true;
}

static const char *tide_encoding(const struct kr_peek *value)
{
    (void)value;
    return "raw";
}

static void tide_digest(const struct kr_peek *value, kr_digest *digest)
{
    int64_t level = tide_level(tide_box(value->data));

    kr_codec->digest_mix(digest, kr_str((const char *)&level, sizeof(level)));
}

static void tide_save(const struct kr_peek *value, kr_writer *out)
{
    kr_codec->write_int64(out, tide_level(tide_box(value->data)));
}

static bool tide_load(kr_reader *in, uint32_t code, uint32_t format,
                      struct kr_value *out)
{
    int64_t level;

    (void)code, (void)format;
    if (!kr_codec->read_int64(in, &level))
        return false;
    if (TIDE_REFUSES == 3 && level == 666) {
        kr_codec->refuse(in, "666 is no level");
        return false;
    }
    out->boxed = true;
    out->box = tide_new(level);
    return true;
}

#ifdef TIDE_ADOPTS
static const uint32_t tide_layouts[] = {TIDE_ADOPTS};
#endif

static const struct kr_type tide_type = {
    .size = sizeof(struct kr_type),
    .layout = TIDE_LAYOUT,
    .name = "tide",
    .file_name = TIDE_WRONG == 6 ? "brittlkr1" : "tide--kr1",
    .format = 1,
#ifdef TIDE_ADOPTS
    .layouts = tide_layouts,
    .layout_count = 1,
#endif
    .slot = &tide_slot,
    .free = tide_free,
    .memory = tide_memory,
    .copy = tide_copy,
    .encoding = tide_encoding,
    .digest = tide_digest,
    .save = TIDE_WRONG == 2 ? NULL : tide_save,
    .load = TIDE_WRONG == 2 ? NULL : tide_load,
};

/* --- The state ----------------------------------------------------------- */

struct state {
    int64_t sets;
    int64_t changes; /* told by an event */
    int64_t gated;   /* calls of armed clients */
    kr_client_slot *words;
    kr_gate *gate;
    /* The one timer, so that it can be set again. */
    int64_t due_ms;
    int64_t due_level;
    char due_key[64];
    int64_t prepared; /* was it made by prepare()? */
};

static void state_put(struct state *state, struct kr_call *call, kr_db *db,
                      struct kr_str key, int64_t level)
{
    struct kr_cell cell;

    if (kr_keyspace->find(db, key, KR_FIND_WRITE, &cell) &&
        cell.type == tide_slot) {
        tide_set_level(tide_box(cell.data), level);
    } else {
        struct tide *tide = tide_new(level);

        kr_keyspace->put_key(db, key, tide_slot, 0, KR_PUT_BOXED, 0, &cell);
        kr_cell_set_box(&cell, tide);
    }
    kr_keyspace->changed(call, db, key, KR_CLASS_MODULE, KR_STR("tide.set"));
    kr_block->ready(db, key);
    state->sets++;
}

static void state_due(void *ctx)
{
    struct state *state = ctx;

    state->due_ms = 0;
    state_put(state, NULL, kr_keyspace->db(0), kr_cstr(state->due_key),
              state->due_level);
}

static void state_set_timer(struct state *state)
{
    int64_t wait_ms = state->due_ms - kr_loop->wall_ms();

    if (state->due_ms != 0)
        (void)kr_loop->timer(tide_self, wait_ms > 0 ? (uint64_t)wait_ms : 0, 0,
                             state_due, state);
}

/* --- Commands ------------------------------------------------------------ */

static void run_set(struct kr_call *call)
{
    int64_t level;

    if (!kr_text->to_int64(call->argv[2], &level)) {
        kr_reply_error(call->reply, "ERR no number");
        return;
    }
    state_put(call->state, call, call->db, call->argv[1], level);
    kr_reply_ok(call->reply);
}

static void run_get(struct kr_call *call)
{
    struct kr_cell cell;
    bool wrong;

    if (kr_find_typed(call, 1, 0, tide_slot, &cell, &wrong))
        kr_reply_int64(call->reply, tide_level(tide_box(cell.data)));
    else if (!wrong)
        kr_reply_null(call->reply);
}

static void run_version(struct kr_call *call)
{
    kr_reply_int64(call->reply, TIDE_VERSION);
}

static void run_count(struct kr_call *call)
{
    kr_reply_int64(call->reply, ((struct state *)call->state)->sets);
}

static void run_told(struct kr_call *call)
{
    const struct state *state = call->state;

    kr_reply_array(call->reply, 2);
    kr_reply_int64(call->reply, state->changes);
    kr_reply_int64(call->reply, state->gated);
}

static bool wait_woken(struct kr_call *call, uint32_t why, struct kr_str key,
                       void *ctx)
{
    struct kr_cell cell;

    (void)ctx;
    if (why == KR_WAKE_READY) {
        if (!kr_keyspace->find(call->db, key, 0, &cell) ||
            cell.type != tide_slot)
            return false;
        kr_reply_array(call->reply, 2);
        kr_reply_int64(call->reply, tide_level(tide_box(cell.data)));
        kr_reply_int64(call->reply, TIDE_VERSION);
    } else if (why != KR_WAKE_GONE) {
        kr_reply_null(call->reply);
    }
    return true;
}

static void run_wait(struct kr_call *call)
{
    struct kr_park how = {.size = sizeof(how),
                          .key_count = 1,
                          .keys = &call->argv[1],
                          .wake = wait_woken};

    if (!kr_block->park(call, &how))
        kr_reply_null(call->reply);
}

struct work {
    kr_parked *parked;
    int64_t ms;
};

static bool work_woken(struct kr_call *call, uint32_t why, struct kr_str key,
                       void *ctx)
{
    (void)key, (void)ctx;
    if (why != KR_WAKE_GONE)
        kr_reply_int64(call->reply, TIDE_VERSION);
    return true;
}

static void work_run(void *ctx)
{
    const struct work *work = ctx;
    struct timespec pause = {work->ms / 1000, work->ms % 1000 * 1000000};

    nanosleep(&pause, NULL);
}

static void work_done(void *ctx)
{
    struct work *work = ctx;

    kr_block->complete(work->parked);
    kr_memory->free(tide_self, work);
}

static void run_work(struct kr_call *call)
{
    struct kr_park how = {.size = sizeof(how), .wake = work_woken};
    struct work *work = kr_memory->alloc(tide_self, sizeof(*work));

    if (!kr_text->to_int64(call->argv[1], &work->ms) || work->ms > 10000)
        work->ms = 0;
    work->parked = kr_block->park(call, &how);
    if (work->parked) {
        (void)kr_loop->job(tide_self, work_run, work_done, work);
        return;
    }
    kr_memory->free(tide_self, work);
    kr_reply_null(call->reply);
}

static void words_free(kr_client *client, void *data)
{
    (void)client;
    kr_memory->free(tide_self, data);
}

static void run_mine(struct kr_call *call)
{
    const struct state *state = call->state;
    char *text = kr_clients->get(call->client, state->words);
    struct kr_str word;

    if (call->argc == 1) {
        if (text)
            kr_reply_bulk(call->reply, kr_cstr(text));
        else
            kr_reply_null(call->reply);
        return;
    }
    word = call->argv[1];
    kr_memory->free(tide_self, text);
    text = kr_memory->alloc(tide_self, word.size + 1);
    memcpy(text, word.data, word.size);
    text[word.size] = '\0';
    kr_clients->set(call->client, state->words, text);
    kr_reply_ok(call->reply);
}

static void run_arm(struct kr_call *call)
{
    const struct state *state = call->state;

    kr_gates->arm(state->gate, call->client);
    kr_reply_ok(call->reply);
}

static void run_after(struct kr_call *call)
{
    struct state *state = call->state;
    struct kr_str key = call->argv[2];
    int64_t ms;

    if (!kr_text->to_int64(call->argv[1], &ms) || key.size > 63 ||
        !kr_text->to_int64(call->argv[3], &state->due_level)) {
        kr_reply_error(call->reply, "ERR no number");
        return;
    }
    memcpy(state->due_key, key.data, key.size);
    state->due_key[key.size] = '\0';
    state->due_ms = kr_loop->wall_ms() + ms;
    state_set_timer(state);
    kr_reply_ok(call->reply);
}

static void run_client(struct kr_call *call)
{
    kr_reply_int64(call->reply, TIDE_VERSION);
}

/* --- Being told, standing in the way ------------------------------------- */

static void on_change(void *ctx, const void *payload)
{
    (void)payload;
    ((struct state *)ctx)->changes++;
}

static int32_t gate_count(struct kr_call *call,
                          const struct kr_outcome *outcome, void *ctx)
{
    (void)call, (void)outcome;
    ((struct state *)ctx)->gated++;
    return KR_GATE_PASS;
}

static void info(void *ctx, struct kr_info_out *out)
{
    (void)ctx;
    out->field_int(out, "tide_version", TIDE_VERSION);
    out->field_int(out, "tide_prepared", ((struct state *)ctx)->prepared);
}

static size_t field(kr_client *client, char *text, size_t room)
{
    (void)client;
    return (size_t)snprintf(text, room, "%d", TIDE_VERSION);
}

/* --- What others call ---------------------------------------------------- */

struct tide_offer {
    uint32_t size;
    uint32_t reserved;
    int64_t (*version)(void);
};

static int64_t offer_version(void)
{
    return TIDE_VERSION;
}

static const struct tide_offer offer = {
    .size = sizeof(struct tide_offer),
    .version = offer_version,
};

/* --- A module's life ----------------------------------------------------- */

static const struct kr_command client_tide = {
    .name = "tide", .run = run_client, .arity = 2, .flags = KR_CMD_FAST};

#ifdef TIDE_MISSING
extern void tide_is_not_there(void);
#endif

static void *prepare(kr_module *self)
{
    struct state *state = kr_memory->calloc(self, 1, sizeof(*state));

    state->prepared = true;
    return state;
}

static void discard(kr_module *self, void *prepared)
{
    kr_memory->free(self, prepared);
}

static kr_status create(kr_module *self, const struct kr_load_args *args,
                        void **out)
{
    struct state *state = args->prepared;

    if (!state)
        state = kr_memory->calloc(self, 1, sizeof(*state));
    state->words = kr_clients->new_slot(self, words_free);
    state->gate = kr_gates->add(self, "tide.count", KR_STAGE_BEFORE, 100,
                                gate_count, state);
    (void)kr_events->subscribe(self, KR_EVENT_KEY_CHANGED, on_change, state);
    (void)kr_info->provide(self, "tide", 0, info, state);
    (void)kr_commands->add_subcommand(self, "client", &client_tide);
#ifdef TIDE_MISSING
    tide_is_not_there();
#endif
    *out = state;
    if (TIDE_REFUSES != 1)
        return KR_OK;
    snprintf(args->error, args->error_size, "it was built to refuse");
    kr_memory->free(self, state);
    return KR_EFAIL;
}

/* What is saved beside the values: calls of TIDE.SET. */
static void part_save(void *ctx, kr_writer *out, uint32_t when)
{
    const struct state *state = ctx;

    (void)when;
    kr_codec->write_int64(out, state->sets);
}

static bool part_load(void *ctx, kr_reader *in, uint32_t format, uint32_t when)
{
    struct state *state = ctx;

    (void)format, (void)when;
    return kr_codec->read_int64(in, &state->sets);
}

static struct kr_snapshot_part part = {
    .size = sizeof(part),
    .opcode = KR_SNAPSHOT_AUX,
    .when = KR_SNAPSHOT_BEFORE,
    .file_name = "tide-part",
    .save = part_save,
    .load = part_load,
};

static void part_give(void *ctx, const void *payload)
{
    (void)payload;
    part.ctx = ctx;
    if (kr_snapshot && !(TIDE_DROPS & 8))
        (void)kr_snapshot->part(tide_self, &part);
}

static void activate(kr_module *self, void *state)
{
    part_give(state, NULL);
    kr_events->await(self, KR_EVENT_SNAPSHOT_PARTS, part_give, state);
    kr_clients->add_field(self, "redir", field);
    state_set_timer(state);
}

static void destroy(kr_module *self, void *state)
{
    kr_memory->free(self, state);
}

/* `layout` shows the state where nothing speaks against it. */
#if TIDE_REFUSES == 4
#define TIDE_HANDOVER busy

static kr_status busy(kr_module *self, void *state, struct kr_handover *out)
{
    (void)self, (void)state;
    snprintf(out->error, out->error_size, "the state is in use");
    return KR_EBUSY;
}
#else
#define TIDE_HANDOVER NULL
#endif

static kr_status takeover(kr_module *self, void *state,
                          const struct kr_handover *in)
{
    struct state *now = state, *then = in->state;
    kr_client_slot *words = now->words;
    kr_gate *gate = now->gate;
    int64_t prepared = now->prepared;

    if (in->layout != TIDE_STATE || TIDE_REFUSES == 2) {
        snprintf(in->error, in->error_size, "version %u is not welcome",
                 in->version);
        return KR_EVERSION;
    }
    *now = *then;
    now->words = words;
    now->gate = gate;
    now->prepared = prepared;
    kr_memory->free(self, then);
    return KR_OK;
}

/* --- What the host learns ------------------------------------------------ */

static const struct kr_key_spec key_first[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_UPDATE, 1, 0, 1),
};

static const struct kr_command commands[] = {
    {.name = "tide.set",
     .run = run_set,
     .arity = 3,
     .flags = KR_CMD_WRITE,
     .keys = KR_ROWS(key_first)},
    {.name = "tide.get",
     .run = run_get,
     .arity = 2,
     .flags = KR_CMD_READONLY,
     .keys = KR_ROWS(key_first)},
    {.name = "tide.version",
     .run = run_version,
     .arity = 1,
     .flags = KR_CMD_FAST},
    {.name = "tide.count", .run = run_count, .arity = 1, .flags = KR_CMD_FAST},
    {.name = "tide.told", .run = run_told, .arity = 1, .flags = KR_CMD_FAST},
    {.name = "tide.wait",
     .run = run_wait,
     .arity = 2,
     .flags = KR_CMD_BLOCKING | KR_CMD_READONLY,
     .keys = KR_ROWS(key_first)},
    {.name = "tide.work",
     .run = run_work,
     .arity = 2,
     .flags = KR_CMD_BLOCKING},
    {.name = "tide.mine", .run = run_mine, .arity = -1, .flags = KR_CMD_FAST},
    {.name = "tide.arm", .run = run_arm, .arity = 1, .flags = KR_CMD_FAST},
    {.name = "tide.after", .run = run_after, .arity = 4, .flags = KR_CMD_WRITE},
#if !(TIDE_DROPS & 1)
    {.name = "tide.old", .run = run_version, .arity = 1, .flags = KR_CMD_FAST},
#endif
#if TIDE_WRONG == 3
    {.name = "append", .run = run_version, .arity = 1, .flags = KR_CMD_FAST},
#endif
#if TIDE_VERSION > 1
    {.name = "tide.new", .run = run_version, .arity = 1, .flags = KR_CMD_FAST},
#endif
};

static const struct kr_import imports[] = {
    KR_NEED(kr_block),
    KR_NEED(kr_clients),
    KR_NEED(kr_codec),
    KR_NEED(kr_events),
    KR_NEED(kr_commands),
    KR_NEED(kr_gates),
    KR_NEED(kr_info),
    KR_NEED(kr_keyspace),
    KR_NEED(kr_loop),
    KR_NEED(kr_memory),
    KR_WANT(kr_snapshot),
    KR_NEED(kr_text),
#if TIDE_WRONG == 7
    {"nobody.has/1", (const void **)&nobody, 8, KR_IMPORT_REQUIRED},
#endif
};

static const struct kr_offer offers[] = {
    {TIDE_WRONG == 5 ? "string.values/1" : "test.tide/1", &offer},
};
static const struct kr_type *const types[] = {&tide_type};
static const struct kr_param params[] = {
    {.name = TIDE_WRONG == 4 ? "list-compress-depth" : "tide-limit",
     .type = KR_PARAM_INT,
     .slot = &tide_limit,
#if TIDE_VERSION > 1
     .initial = "20",
#else
     .initial = "10",
#endif
     .max = 1000},
};
static const struct kr_carried carried[] = {
#ifndef TIDE_FORGETS
    KR_CARRIES(wait_woken),
    KR_CARRIES(work_woken),
    KR_CARRIES(work_run),
    KR_CARRIES(work_done),
#else
    KR_CARRIES_AS("something else", wait_woken),
#endif
};

KR_MODULE(.name = "tide", .version = TIDE_VERSION,
          .flags = KR_MODULE_CAN_UNLOAD |
                   (TIDE_WRONG == 1 ? 0 : KR_MODULE_CAN_UPGRADE),
          .self = &tide_self, .imports = KR_ROWS(imports),
          .offers = {offers, TIDE_DROPS & 4 ? 0 : 1, sizeof(offers[0])},
          .types = {types, TIDE_DROPS & 2 ? 0 : 1, sizeof(types[0])},
          .commands = KR_ROWS(commands), .params = KR_ROWS(params),
          .create = create, .activate = activate, .destroy = destroy,
          .handover = TIDE_HANDOVER, .takeover = takeover, .layout = TIDE_STATE,
          .carried = KR_ROWS(carried), .prepare = prepare, .discard = discard);
