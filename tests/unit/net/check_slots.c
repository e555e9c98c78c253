/* SPDX-License-Identifier: BSD-3-Clause */
/* Words that modules keep with clients: they go with the client or the module. */
#include "tests/unit/dispatch/fixture.h"
#include "tests/unit/suites.h"

#include "core/net/slots.h"

static struct peer *peer;

static void connect_one(void)
{
    peer = peer_new();
}

static void free_word(kr_client *client, void *data)
{
    note("free%llu:%s ", (unsigned long long)(client->id - peer->id),
         (const char *)data);
}

START_TEST(words_go_with_their_client)
{
    kr_client_slot *one = slots_new(&fixture_module, free_word);
    kr_client_slot *two = slots_new(&fixture_module, NULL);

    ck_assert_ptr_null(slots_get(peer->client, one));
    slots_set(peer->client, one, NULL);
    ck_assert_ptr_null(peer->client->slots); /* nothing is kept for nothing */
    slots_set(peer->client, one, "word");
    slots_set(peer->client, two, "other");
    ck_assert_str_eq(slots_get(peer->client, one), "word");
    ck_assert_str_eq(slots_get(peer->client, two), "other");
    peer_close(peer);
    turn();
    NOTED("free0:word ");
    slots_forget(&fixture_module);
    NOTED("");
}
END_TEST

START_TEST(words_go_with_their_module)
{
    static kr_module other = {.name = "other"};
    kr_client_slot *mine = slots_new(&fixture_module, free_word);
    kr_client_slot *theirs = slots_new(&other, free_word);
    struct peer *second = peer_new();

    slots_set(peer->client, mine, "a");
    slots_set(second->client, mine, "b");
    slots_set(second->client, theirs, "c");
    slots_forget(&fixture_module);
    NOTED("free0:a free1:b ");
    ck_assert_str_eq(slots_get(second->client, theirs), "c");
    ck_assert_ptr_eq(slots_new(&fixture_module, free_word), mine);
    ck_assert_ptr_null(slots_get(peer->client, mine));
    slots_forget(&fixture_module);
    slots_forget(&other);
    NOTED("free1:c ");
}
END_TEST

START_TEST(slots_come_to_an_end)
{
    int count = 0;

    while (slots_new(&fixture_module, NULL))
        count++;
    ck_assert_int_eq(count, 16);
    slots_forget(&fixture_module);
    ck_assert_ptr_nonnull(slots_new(&fixture_module, NULL));
    slots_forget(&fixture_module);
}
END_TEST

Suite *slots_suite(void)
{
    Suite *suite = suite_create("slots");
    TCase *tests = dispatch_case(suite, "words of modules");

    tcase_add_checked_fixture(tests, connect_one, NULL);
    tcase_add_test(tests, words_go_with_their_client);
    tcase_add_test(tests, words_go_with_their_module);
    tcase_add_test(tests, slots_come_to_an_end);
    return suite;
}
