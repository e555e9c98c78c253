/* SPDX-License-Identifier: BSD-3-Clause */
/* gauge - a complete module: a number that remembers its extremes, and a log of
 * its readings.
 *
 *     GAUGE.SET key value         -> the value
 *     GAUGE.GET key               -> {now, low, high, readings}
 *     GAUGE.HISTORY key           -> the readings, oldest first
 *     GAUGE.SUM key               -> their sum, added up on another thread
 *     GAUGE.WAIT key ms           -> the value once somebody sets it
 *     GAUGE.STATS                 -> {ticks, expired, jobs}
 *
 * A gauge with few readings stands in its key's own allocation; one with many
 * owns a block:
 *
 *     inline   | now | low | high | count | readings ... |     8 bytes each
 *     boxed    the address of the same, with room to grow
 *
 * It shows one of each thing that a module can do: a type with two shapes,
 * commands, a job on another thread, a timer, events, parameters, blocking, and
 * an interface for others. */
#include "gauge.h"

KR_USES(kr_block);
KR_USES(kr_calls);
KR_USES(kr_codec);
KR_USES(kr_events);
KR_USES(kr_keyspace);
KR_USES(kr_loop);
KR_USES(kr_memory);
KR_USES(kr_text);

static kr_module *self;
static uint16_t gauge_slot;

/* Parameters: the host writes them. */
static int64_t gauge_history; /* readings kept */
static bool gauge_strict;     /* refuse values below 0 */

struct readings {
    int64_t now, low, high;
    int64_t count;
    int64_t values[];
};

struct state {
    kr_timer *timer;
    uint64_t ticks;
    uint64_t expired;
    uint64_t jobs;
};

static size_t readings_size(int64_t count)
{
    return sizeof(struct readings) + (size_t)count * sizeof(int64_t);
}

/* --- The value ----------------------------------------------------------- */

/* The payload is not aligned: work on it where it is only through memcpy, or,
 * boxed, directly. */
static struct readings *gauge_copy(const struct kr_cell *cell)
{
    const void *from = cell->boxed ? kr_cell_box(cell) : cell->data;
    struct readings head, *copy;

    memcpy(&head, from, sizeof(head));
    copy = kr_memory->alloc(self, readings_size(head.count + 1));
    memcpy(copy, from, readings_size(head.count));
    return copy;
}

static void gauge_record(struct readings *r, int64_t value)
{
    if (r->count > 0 && r->count >= gauge_history) {
        memmove(r->values, r->values + 1,
                (size_t)(r->count - 1) * sizeof(r->values[0]));
        r->count--;
    }
    r->values[r->count++] = value;
    r->now = value;
    r->low = value < r->low ? value : r->low;
    r->high = value > r->high ? value : r->high;
}

/* Put `r` back: inline while it fits, else as the block itself. */
static void gauge_store(struct kr_cell *cell, struct readings *r)
{
    void *old = cell->boxed ? kr_cell_box(cell) : NULL;
    size_t size = readings_size(r->count);

    if (size <= 256) {
        kr_keyspace->reshape(cell, 0, (uint32_t)size);
        memcpy(cell->data, r, size);
        kr_memory->free(self, r);
    } else {
        if (!cell->boxed)
            kr_keyspace->reshape(cell, KR_PUT_BOXED, 0);
        kr_cell_set_box(cell, r);
    }
    kr_memory->free(self, old);
}

static void gauge_free(void *box)
{
    kr_memory->free(self, box);
}

static const struct readings *gauge_peek(const struct kr_peek *value,
                                         struct readings *head)
{
    const void *from = value->data;

    if (value->boxed)
        memcpy(&from, value->data, sizeof(from));
    memcpy(head, from, sizeof(*head));
    return from;
}

static size_t gauge_memory(const struct kr_peek *value, size_t samples)
{
    struct readings head;

    (void)samples;
    return kr_memory->usable(gauge_peek(value, &head));
}

static bool gauge_duplicate(const struct kr_peek *value, struct kr_value *out)
{
    struct readings head;
    const struct readings *from = gauge_peek(value, &head);
    size_t size = readings_size(head.count);

    out->box = kr_memory->try_alloc(self, size);
    if (!out->box)
        return false;
    memcpy(out->box, from, size);
    out->boxed = true;
    return true;
}

static const char *gauge_encoding(const struct kr_peek *value)
{
    return value->boxed ? "block" : "inline";
}

static const struct kr_type gauge_type = {
    .size = sizeof(struct kr_type),
    .layout = 1,
    .name = "gauge",
    .file_name = "gauge-kr1",
    .format = 1,
    .slot = &gauge_slot,
    .free = gauge_free,
    .memory = gauge_memory,
    .copy = gauge_duplicate,
    .encoding = gauge_encoding,
};
static const struct kr_type *const types[] = {&gauge_type};

/* --- Commands ------------------------------------------------------------ */

static void gauge_set(struct kr_call *call)
{
    struct readings *r;
    struct kr_cell cell;
    int64_t value;
    bool wrong;

    if (!kr_text->to_int64(call->argv[2], &value)) {
        kr_reply_error(call->reply, KR_ERR_NOT_INT);
        return;
    }
    if (gauge_strict && value < 0) {
        kr_reply_error(call->reply, "ERR a strict gauge does not go below 0");
        return;
    }
    if (kr_find_typed(call, 1, KR_FIND_WRITE, gauge_slot, &cell, &wrong)) {
        r = gauge_copy(&cell);
    } else {
        if (wrong)
            return;
        kr_keyspace->put(call, 1, gauge_slot, 0, 0, 0, &cell);
        r = kr_memory->alloc(self, readings_size(1));
        *r = (struct readings){.low = value, .high = value};
    }
    gauge_record(r, value);
    gauge_store(&cell, r);
    kr_keyspace->changed(call, call->db, call->argv[1], KR_CLASS_MODULE,
                         KR_STR("gauge.set"));
    kr_block->ready(call->db, call->argv[1]);
    kr_reply_int64(call->reply, value);
}

static bool gauge_find(struct kr_call *call, struct kr_cell *cell,
                       struct readings *head, const struct readings **r)
{
    struct kr_peek peek;
    bool wrong;

    if (!kr_find_typed(call, 1, KR_FIND_READ, gauge_slot, cell, &wrong)) {
        if (!wrong)
            kr_reply_null(call->reply);
        return false;
    }
    peek = kr_cell_peek(cell);
    *r = gauge_peek(&peek, head);
    return true;
}

static void gauge_get(struct kr_call *call)
{
    const struct readings *r;
    struct readings head;
    struct kr_cell cell;

    if (!gauge_find(call, &cell, &head, &r))
        return;
    kr_reply_map(call->reply, 4);
    kr_reply_bulk(call->reply, KR_STR("now"));
    kr_reply_int64(call->reply, head.now);
    kr_reply_bulk(call->reply, KR_STR("low"));
    kr_reply_int64(call->reply, head.low);
    kr_reply_bulk(call->reply, KR_STR("high"));
    kr_reply_int64(call->reply, head.high);
    kr_reply_bulk(call->reply, KR_STR("readings"));
    kr_reply_int64(call->reply, head.count);
}

static int64_t reading_at(const struct readings *r, int64_t i)
{
    int64_t value;

    memcpy(&value, (const char *)r + readings_size(i), sizeof(value));
    return value;
}

static void gauge_list(struct kr_call *call)
{
    const struct readings *r;
    struct readings head;
    struct kr_cell cell;

    if (!gauge_find(call, &cell, &head, &r))
        return;
    kr_reply_array(call->reply, (uint64_t)head.count);
    for (int64_t i = 0; i < head.count; i++)
        kr_reply_int64(call->reply, reading_at(r, i));
}

/* --- A job: the sum, added up on another thread -------------------------- */

struct sum {
    struct readings *readings; /* a copy: the thread touches nothing else */
    kr_parked *parked;
    struct state *state;
    int64_t total;
    bool worked, gone;
};

static void sum_work(void *ctx)
{
    struct sum *sum = ctx;

    for (int64_t i = 0; i < sum->readings->count; i++)
        sum->total += sum->readings->values[i];
}

static void sum_free(struct sum *sum)
{
    kr_memory->free(self, sum->readings);
    kr_memory->free(self, sum);
}

/* Back on the main thread.  The client may have gone meanwhile. */
static void sum_done(void *ctx)
{
    struct sum *sum = ctx;

    sum->state->jobs++;
    sum->worked = true;
    if (sum->gone)
        sum_free(sum);
    else
        kr_block->complete(sum->parked);
}

static bool sum_wake(struct kr_call *call, uint32_t why, struct kr_str key,
                     void *ctx)
{
    struct sum *sum = ctx;

    (void)key;
    if (why == KR_WAKE_DONE)
        kr_reply_int64(call->reply, sum->total);
    return true;
}

static void sum_over(void *ctx)
{
    struct sum *sum = ctx;

    sum->gone = true;
    if (sum->worked)
        sum_free(sum);
}

static void gauge_sum(struct kr_call *call)
{
    const struct readings *r;
    struct readings head;
    struct kr_cell cell;
    struct kr_park how = {.size = sizeof(how),
                          .wake = sum_wake,
                          .free = sum_over,
                          .flags = KR_PARK_NO_UNBLOCK};
    struct sum *sum;

    if (!gauge_find(call, &cell, &head, &r))
        return;
    sum = kr_memory->calloc(self, 1, sizeof(*sum));
    sum->readings = gauge_copy(&cell);
    sum->state = call->state;
    how.ctx = sum;
    sum->parked = kr_block->park(call, &how);
    if (!sum->parked) {
        sum_work(sum);
        kr_reply_int64(call->reply, sum->total);
        sum_free(sum);
        return;
    }
    kr_loop->job(self, sum_work, sum_done, sum);
}

/* --- Blocking on a key --------------------------------------------------- */

static bool wait_wake(struct kr_call *call, uint32_t why, struct kr_str key,
                      void *ctx)
{
    struct readings head;
    struct kr_cell cell;
    struct kr_peek peek;

    (void)key;
    (void)ctx;
    if (why == KR_WAKE_GONE)
        return true;
    if (why != KR_WAKE_READY) {
        kr_reply_null(call->reply);
        return true;
    }
    if (!kr_keyspace->find(call->db, call->argv[1], KR_FIND_READ, &cell) ||
        cell.type != gauge_slot)
        return false;
    peek = kr_cell_peek(&cell);
    gauge_peek(&peek, &head);
    kr_reply_int64(call->reply, head.now);
    return true;
}

static void gauge_wait(struct kr_call *call)
{
    struct kr_park how = {.size = sizeof(how),
                          .key_count = 1,
                          .keys = &call->argv[1],
                          .wake = wait_wake};
    int64_t ms;

    if (!kr_text->to_int64(call->argv[2], &ms) || ms < 0) {
        kr_reply_error(call->reply, KR_ERR_NOT_INT);
        return;
    }
    how.deadline_ms = ms ? kr_loop->wall_ms() + ms : 0;
    if (!kr_block->park(call, &how))
        kr_reply_null(call->reply);
}

static void gauge_stats(struct kr_call *call)
{
    const struct state *state = call->state;

    kr_reply_array(call->reply, 3);
    kr_reply_int64(call->reply, (int64_t)state->ticks);
    kr_reply_int64(call->reply, (int64_t)state->expired);
    kr_reply_int64(call->reply, (int64_t)state->jobs);
}

static const struct kr_key_spec writes_key[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_UPDATE, 1, 0, 1)};
static const struct kr_key_spec reads_key[] = {
    KR_KEY(KR_KEY_RO | KR_KEY_ACCESS, 1, 0, 1)};

static const struct kr_command commands[] = {
    {.name = "gauge.set",
     .run = gauge_set,
     .arity = 3,
     .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_FAST,
     .keys = KR_ROWS(writes_key),
     .summary = "Records a reading",
     .since = "1.0.0",
     .group = "module",
     .complexity = "O(1)"},
    {.name = "gauge.get",
     .run = gauge_get,
     .arity = 2,
     .flags = KR_CMD_READONLY | KR_CMD_FAST,
     .keys = KR_ROWS(reads_key)},
    {.name = "gauge.history",
     .run = gauge_list,
     .arity = 2,
     .flags = KR_CMD_READONLY,
     .keys = KR_ROWS(reads_key)},
    {.name = "gauge.sum",
     .run = gauge_sum,
     .arity = 2,
     .flags = KR_CMD_READONLY | KR_CMD_BLOCKING,
     .keys = KR_ROWS(reads_key)},
    {.name = "gauge.wait",
     .run = gauge_wait,
     .arity = 3,
     .flags = KR_CMD_READONLY | KR_CMD_BLOCKING,
     .keys = KR_ROWS(reads_key)},
    {.name = "gauge.stats",
     .run = gauge_stats,
     .arity = 1,
     .flags = KR_CMD_READONLY | KR_CMD_FAST},
};

/* --- What others may use, and the module's life -------------------------- */

static bool gauge_read(const struct kr_cell *cell, int64_t *now)
{
    struct kr_peek peek = kr_cell_peek(cell);
    struct readings head;

    if (cell->type != gauge_slot)
        return false;
    gauge_peek(&peek, &head);
    *now = head.now;
    return true;
}

static const struct gauge gauge_table = {.size = sizeof(struct gauge),
                                         .read = gauge_read};
static const struct kr_offer offers[] = {{"gauge.values/1", &gauge_table}};

static const struct kr_param params[] = {
    {.name = "gauge.history",
     .type = KR_PARAM_INT,
     .slot = &gauge_history,
     .initial = "100",
     .min = 1,
     .max = 1000000},
    {.name = "gauge.strict",
     .type = KR_PARAM_BOOL,
     .slot = &gauge_strict,
     .initial = "no"},
};

static void gauge_tick(void *ctx)
{
    ((struct state *)ctx)->ticks++;
}

static void gauge_key_expired(void *ctx, const void *payload)
{
    const struct kr_key_event *event = payload;

    if (event->cell && event->cell->type == gauge_slot)
        ((struct state *)ctx)->expired++;
}

static kr_status gauge_create(kr_module *module,
                              const struct kr_load_args *args, void **out)
{
    struct state *state = kr_memory->calloc(module, 1, sizeof(*state));

    if (args->argc == 1 && kr_str_equal_nocase(args->argv[0], KR_STR("fail"))) {
        snprintf(args->error, args->error_size, "asked to fail, so it does");
        kr_memory->free(module, state);
        return KR_EFAIL;
    }
    kr_events->subscribe(module, KR_EVENT_KEY_EXPIRED, gauge_key_expired,
                         state);
    *out = state;
    return KR_OK;
}

static void gauge_activate(kr_module *module, void *ctx)
{
    struct state *state = ctx;

    state->timer = kr_loop->timer(module, 0, 10, gauge_tick, state);
}

static void gauge_deactivate(kr_module *module, void *ctx)
{
    struct state *state = ctx;

    (void)module;
    kr_loop->cancel(state->timer);
}

static void gauge_destroy(kr_module *module, void *state)
{
    kr_memory->free(module, state);
}

static const struct kr_import imports[] = {
    KR_NEED(kr_block),    KR_NEED(kr_calls), KR_WANT(kr_codec),
    KR_NEED(kr_events),   KR_NEED(kr_loop),  KR_NEED(kr_memory),
    KR_NEED(kr_keyspace), KR_NEED(kr_text),
};

KR_MODULE(.name = "gauge", .version = 10000, .licence = "BSD-3-Clause",
          .author = "the Keyrack authors",
          .summary = "Numbers that remember their extremes",
          .flags = KR_MODULE_CAN_UNLOAD, .self = &self,
          .imports = KR_ROWS(imports), .offers = KR_ROWS(offers),
          .types = KR_ROWS(types), .commands = KR_ROWS(commands),
          .params = KR_ROWS(params), .create = gauge_create,
          .activate = gauge_activate, .deactivate = gauge_deactivate,
          .destroy = gauge_destroy);
