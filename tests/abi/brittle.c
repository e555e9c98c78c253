/* SPDX-License-Identifier: BSD-3-Clause */
/* brittle - a module that does what none should, wherever it is told to.
 *
 *   BRITTLE place deed [ms]
 *
 *   place   command, timer, post, event, job, done (of a job), free (of a value)
 *   deed    crash: writes to nowhere;  abort;  copy: lets memcpy() do it;
 *           sleep: for `ms`
 *
 *   BRITTLE.ASK id                 is there such an interface at run time?
 *   BRITTLE.HAS                    is its optional import there?
 *   BRITTLE.TIDE                   what the interface of tide.c answers
 *
 * With BRITTLE_NEEDS_TIDE it cannot do without that interface.
 *
 * Tests of isolation: the host reports who it was. */
#define _POSIX_C_SOURCE 200809L

#include <kr/kr.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

KR_USES(kr_events);
KR_USES(kr_keyspace);
KR_USES(kr_loop);
KR_USES(kr_memory);
KR_USES(kr_modules);
KR_USES(kr_text);
KR_USES(kr_info);

/* What tide.c offers. */
struct test_tide {
    uint32_t size;
    uint32_t reserved;
    int64_t (*version)(void);
};
#define test_tide_id "test.tide/1"
static const struct test_tide *test_tide;

static kr_module *brittle_self;
static uint16_t brittle_slot;

struct deed {
    char what[16];
    int64_t ms;
};
static struct deed deed, deed_of_event, deed_of_free;

static void deed_do(const struct deed *d)
{
    struct timespec pause = {d->ms / 1000, d->ms % 1000 * 1000000};
    char *volatile nowhere = NULL;

    if (strcmp(d->what, "crash") == 0)
        *(volatile char *)nowhere = 1;
    else if (strcmp(d->what, "copy") == 0)
        memcpy(nowhere, d, (size_t)(d->ms + 4096));
    else if (strcmp(d->what, "abort") == 0)
        abort();
    else if (strcmp(d->what, "sleep") == 0)
        nanosleep(&pause, NULL);
}

static void now(void *ctx)
{
    deed_do(ctx);
}

static void later(void *ctx)
{
    (void)ctx;
}

static void on_tick(void *ctx, const void *payload)
{
    struct deed d = deed_of_event;

    (void)ctx, (void)payload;
    deed_of_event.what[0] = '\0';
    deed_do(&d);
}

/* --- A value that cannot be freed ---------------------------------------- */

static void box_free(void *box)
{
    deed_do(&deed_of_free);
    kr_memory->free(brittle_self, box);
}

static const struct kr_type brittle_type = {
    .size = sizeof(struct kr_type),
    .layout = 1,
    .name = "brittle",
    .file_name = "brittlkr1",
    .format = 1,
    .slot = &brittle_slot,
    .free = box_free,
};

static void put_value(struct kr_call *call)
{
    struct kr_cell cell;

    kr_keyspace->put(call, 3, brittle_slot, 0, KR_PUT_BOXED, 0, &cell);
    kr_cell_set_box(&cell, kr_memory->alloc(brittle_self, 64));
    kr_keyspace->changed(call, call->db, call->argv[3], KR_CLASS_MODULE,
                         KR_STR("brittle"));
}

/* --- Commands ------------------------------------------------------------ */

static void run_brittle(struct kr_call *call)
{
    struct kr_str place = call->argv[1], what = call->argv[2];
    int64_t ms = 0;

    if (what.size >= sizeof(deed.what) ||
        (call->argc > 3 && !kr_str_equal(place, KR_STR("free")) &&
         !kr_text->to_int64(call->argv[3], &ms))) {
        kr_reply_error(call->reply, "ERR no deed");
        return;
    }
    memset(deed.what, 0, sizeof(deed.what));
    memcpy(deed.what, what.data, what.size);
    deed.ms = ms;
    if (kr_str_equal(place, KR_STR("command"))) {
        deed_do(&deed);
    } else if (kr_str_equal(place, KR_STR("timer"))) {
        kr_loop->timer(brittle_self, 1, 0, now, &deed);
    } else if (kr_str_equal(place, KR_STR("post"))) {
        kr_loop->post(brittle_self, now, &deed);
    } else if (kr_str_equal(place, KR_STR("event"))) {
        deed_of_event = deed;
    } else if (kr_str_equal(place, KR_STR("job"))) {
        kr_loop->job(brittle_self, now, later, &deed);
    } else if (kr_str_equal(place, KR_STR("done"))) {
        kr_loop->job(brittle_self, later, now, &deed);
    } else if (kr_str_equal(place, KR_STR("free")) && call->argc > 3) {
        deed_of_free = deed;
        put_value(call);
    } else {
        kr_reply_error(call->reply, "ERR no place");
        return;
    }
    kr_reply_ok(call->reply);
}

static void run_ask(struct kr_call *call)
{
    struct kr_str id = call->argv[1];
    char text[64] = "";

    memcpy(text, id.data, id.size < 63 ? id.size : 63);
    kr_reply_int64(call->reply, kr_modules->interface(text, 8) != NULL);
}

static void run_has(struct kr_call *call)
{
    kr_reply_int64(call->reply, kr_info != NULL);
}

static void run_tide(struct kr_call *call)
{
    kr_reply_int64(call->reply, test_tide ? test_tide->version() : -1);
}

static void activate(kr_module *self, void *state)
{
    (void)state;
    (void)kr_events->subscribe(self, KR_EVENT_TICK, on_tick, NULL);
}

/* --- What the host learns ------------------------------------------------ */

static const struct kr_command commands[] = {
    {.name = "brittle", .run = run_brittle, .arity = -3, .flags = KR_CMD_WRITE},
    {.name = "brittle.ask", .run = run_ask, .arity = 2},
    {.name = "brittle.has", .run = run_has, .arity = 1},
    {.name = "brittle.tide", .run = run_tide, .arity = 1},
};
static const struct kr_import imports[] = {
    KR_NEED(kr_events), KR_NEED(kr_keyspace), KR_NEED(kr_loop),
    KR_NEED(kr_memory), KR_NEED(kr_modules),  KR_NEED(kr_text),
    KR_WANT(kr_info),
#ifdef BRITTLE_NEEDS_TIDE
    KR_NEED(test_tide),
#else
    KR_WANT(test_tide),
#endif
};
static const struct kr_type *const types[] = {&brittle_type};

KR_MODULE(.name = "brittle", .version = 1, .licence = "BSD-3-Clause",
          .flags = KR_MODULE_CAN_UNLOAD | KR_MODULE_CAN_UPGRADE,
          .self = &brittle_self, .imports = KR_ROWS(imports),
          .types = KR_ROWS(types), .commands = KR_ROWS(commands),
          .activate = activate);
