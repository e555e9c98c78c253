/* SPDX-License-Identifier: BSD-3-Clause */
/* While the data set is being read the server answers, and says so. */
#include "core/clock/clock.h"
#include "core/event/event.h"
#include "core/server/loading.h"
#include "tests/unit/dispatch/fixture.h"
#include "tests/unit/suites.h"

#include <unistd.h>

#define LOADING (&loading_interface)

static void run_loads(struct kr_call *call)
{
    kr_reply_status(call->reply, "served");
}

START_TEST(clients_are_told_while_it_lasts)
{
    struct peer *peer = peer_new();
    struct loading_figures figures;

    add("allowed", run_loads, 1, KR_CMD_LOADING);
    peer_say(peer, "PUT k\r\n");
    peer_expect(peer, "+OK\r\n");
    ck_assert_int_eq(LOADING->begin(&fixture_module, 1000, 0), KR_OK);
    ck_assert_int_eq(LOADING->begin(&fixture_module, 1000, 0), KR_EBUSY);
    ck_assert(LOADING->active());
    ck_assert(keyspace_hooks.loading);
    peer_say(peer, "PUT k\r\nALLOWED\r\n");
    peer_expect(peer, "-LOADING Redis is loading the dataset in memory\r\n"
                      "+served\r\n");
    LOADING->progress(250);
    loading_figures(&figures);
    ck_assert(figures.active);
    ck_assert_uint_eq(figures.loaded, 250);
    ck_assert_uint_eq(figures.total, 1000);
    LOADING->end(true);
    ck_assert(!LOADING->active());
    ck_assert(!keyspace_hooks.loading);
    peer_say(peer, "PUT k\r\n");
    peer_expect(peer, "+OK\r\n");
}
END_TEST

START_TEST(the_one_who_loads_may_run_commands)
{
    struct kr_run run = {.size = sizeof(run), .call_flags = KR_CALL_REPLICA};

    notes_clear();
    LOADING->begin(&fixture_module, 0, 0);
    ck_assert_int_eq(RUN("put", "a"), KR_EDENIED);
    ck_assert_int_eq(RUN_WITH(&run, "put", "a"), KR_OK);
    LOADING->end(true);
    NOTED("put(a) ");
}
END_TEST

START_TEST(progress_serves_clients)
{
    struct peer *peer = peer_new();

    LOADING->begin(&fixture_module, 0, 0);
    ck_assert_int_eq(peer_send(peer, "PUT k\r\n", 7), 7);
    for (uint64_t bytes = 0; bytes < 100; bytes++) {
        usleep(1000);
        ck_assert(LOADING->progress(bytes << 20));
    }
    LOADING->end(true);
    peer_hear(peer);
    peer_expect(peer, "-LOADING Redis is loading the dataset in memory\r\n");
}
END_TEST

START_TEST(a_module_that_goes_no_longer_loads)
{
    LOADING->begin(&fixture_module, 0, 0);
    loading_forget(&fixture_module);
    ck_assert(!LOADING->active());
}
END_TEST

static void on_loading(void *ctx, const void *payload)
{
    const struct kr_loading_event *event = payload;

    note("%s:%u:%llu/%llu:%d ", (const char *)ctx, event->flags,
         (unsigned long long)event->loaded, (unsigned long long)event->total,
         event->ok);
}

START_TEST(who_listens_learns_of_loading)
{
    event_listen(EVENT_LOADING_BEGIN, on_loading, "begin");
    event_listen(EVENT_LOADING_PROGRESS, on_loading, "progress");
    event_listen(EVENT_LOADING_END, on_loading, "end");
    LOADING->begin(&fixture_module, 50, KR_LOADING_LOG);
    LOADING->progress(5);
    usleep(25000);
    LOADING->progress(7);
    LOADING->end(false);
    LOADING->end(false);
    NOTED("begin:2:0/50:1 progress:2:7/50:1 end:2:7/50:0 ");
}
END_TEST

static void on_save(void *ctx, const void *payload)
{
    const struct kr_save_event *event = payload;

    note("%s:%u:%d ", (const char *)ctx, event->flags, event->ok);
}

START_TEST(who_listens_learns_of_saving)
{
    event_listen(EVENT_SAVE_BEGIN, on_save, "begin");
    event_listen(EVENT_SAVE_END, on_save, "end");
    LOADING->save_begin(0);
    LOADING->save_end(0, false);
    LOADING->save_begin(KR_SAVE_LOG);
    LOADING->save_end(KR_SAVE_LOG, true);
    LOADING->save_begin(KR_SAVE_BESIDE | KR_SAVE_CHILD); /* there is none */
    LOADING->save_end(KR_SAVE_BESIDE, true);
    NOTED("begin:0:1 end:0:0 begin:1:1 end:1:1 begin:4:1 end:4:1 ");
}
END_TEST

static void on_load(void *ctx, const void *payload)
{
    const struct kr_load_event *event = payload;

    note("%s%u ", (const char *)ctx, event->rank);
    if (event->rank == KR_LOAD_RANK_LOG && ctx && *(const char *)ctx == 'L')
        *event->taken = true;
    if (*(const char *)ctx == 'F')
        *event->failed = true;
}

START_TEST(a_log_comes_before_a_snapshot)
{
    ck_assert(loading_data_set());
    event_listen(EVENT_LOAD, on_load, "s");
    ck_assert(loading_data_set());
    NOTED("s0 s1 ");
    event_listen(EVENT_LOAD, on_load, "L");
    ck_assert(loading_data_set());
    NOTED("s0 L0 ");
    event_listen(EVENT_LOAD, on_load, "F");
    ck_assert(!loading_data_set());
}
END_TEST

Suite *loading_suite(void)
{
    Suite *suite = suite_create("loading");
    TCase *tests = dispatch_case(suite, "loading");

    tcase_add_test(tests, clients_are_told_while_it_lasts);
    tcase_add_test(tests, the_one_who_loads_may_run_commands);
    tcase_add_test(tests, progress_serves_clients);
    tcase_add_test(tests, a_module_that_goes_no_longer_loads);
    tcase_add_test(tests, who_listens_learns_of_loading);
    tcase_add_test(tests, who_listens_learns_of_saving);
    tcase_add_test(tests, a_log_comes_before_a_snapshot);
    return suite;
}
