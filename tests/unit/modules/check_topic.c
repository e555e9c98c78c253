/* SPDX-License-Identifier: BSD-3-Clause */
/* modules/pubsub/topic, subscriber: who gets what, against a plain model. */
#include "modules/pubsub/subscriber.h"

#include "core/text/glob.h"
#include "tests/unit/modules/structure.h"
#include "tests/unit/suites.h"

#define CLIENTS 12
#define NAMES   24

static struct account account;

/* FNV-1a: any will do. */
static uint64_t hash_of(struct kr_str s)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < s.size; i++)
        h = (h ^ (unsigned char)s.data[i]) * UINT64_C(0x100000001b3);
    return mix(h);
}

static const struct structure_host host = {account_alloc, account_free, hash_of,
                                           &account};

static const char *const names[NAMES] = {
    "",    "a",    "ab",  "abc", "abd",   "b",      "news.",    "news.x",
    "*",   "a*",   "ab*", "a?",  "a[bc]", "a[bc]*", "news.*",   "n?ws.*",
    "\\*", "a\\*", "?",   "**",  "b*",    "[^a]*",  "news.[x]", "news.\\x"};

struct model {
    struct subscribers s;
    struct subscriber clients[CLIENTS];
    bool has[CLIENTS][TOPIC_KINDS][NAMES];
};

static void model_init(struct model *m)
{
    memset(m, 0, sizeof(*m));
    m->s.host = &host;
    for (int i = 0; i < CLIENTS; i++)
        subscriber_init(&m->clients[i], NULL);
}

static void gather(struct topic *pattern, void *ctx)
{
    uint64_t *seen = ctx;

    for (int i = 0; i < NAMES; i++)
        if (kr_str_equal(topic_name(pattern), kr_cstr(names[i])))
            *seen |= UINT64_C(1) << i;
}

/* Every pattern that matches the channel is among those that are tried, and
 * none comes twice or without a subscriber. */
static void model_check_channel(const struct model *m, const char *channel)
{
    uint64_t tried = 0;

    topic_each_pattern(&m->s.topics, &host, kr_cstr(channel), gather, &tried);
    for (int n = 0; n < NAMES; n++) {
        bool wanted = false;

        for (int c = 0; c < CLIENTS; c++)
            wanted |= m->has[c][TOPIC_PATTERN][n];
        if (wanted && glob_match(kr_cstr(names[n]), kr_cstr(channel)))
            must(tried >> n & 1);
        if (tried >> n & 1)
            must(wanted);
    }
}

static void model_check(const struct model *m)
{
    for (enum topic_kind kind = 0; kind < TOPIC_KINDS; kind++) {
        uint64_t topics = 0;

        for (int n = 0; n < NAMES; n++) {
            const struct topic *t =
                topic_find(&m->s.topics, &host, kind, kr_cstr(names[n]));
            uint64_t count = 0;

            for (int c = 0; c < CLIENTS; c++)
                count += m->has[c][kind][n];
            must((t ? t->count : 0) == count);
            topics += count > 0;
        }
        must(topic_count(&m->s.topics, kind) == topics);
        for (int c = 0; c < CLIENTS; c++) {
            uint64_t count = 0;

            for (int n = 0; n < NAMES; n++)
                count += m->has[c][kind][n];
            must(m->clients[c].count[kind] == count);
        }
    }
    for (int n = 0; n < NAMES; n++)
        model_check_channel(m, names[n]);
}

START_TEST(subscriptions_are_those_of_a_model)
{
    struct model m;

    model_init(&m);
    for (int step = 0; step < 3000; step++) {
        uint64_t c = chance(CLIENTS), n = chance(NAMES);
        enum topic_kind kind = (enum topic_kind)chance(TOPIC_KINDS);
        bool *has = &m.has[c][kind][n];
        struct kr_str name = kr_cstr(names[n]);

        if (chance(50) == 0) {
            subscriber_clear(&m.s, &m.clients[c]);
            memset(m.has[c], 0, sizeof(m.has[c]));
        } else if (chance(2)) {
            must(subscriber_add(&m.s, &m.clients[c], kind, name) == !*has);
            *has = true;
        } else {
            must(subscriber_remove(&m.s, &m.clients[c], kind, name) == *has);
            *has = false;
        }
        if (step % 20 == 0)
            model_check(&m);
    }
    for (int c = 0; c < CLIENTS; c++)
        subscriber_clear(&m.s, &m.clients[c]);
    must(account.blocks == 0);
}
END_TEST

START_TEST(a_topic_has_its_subscribers_in_the_order_of_coming)
{
    struct model m;
    const struct subscription *it;
    const struct topic *topic;
    int next = 0;

    model_init(&m);
    for (int c = 0; c < CLIENTS; c++)
        must(subscriber_add(&m.s, &m.clients[c], TOPIC_CHANNEL, KR_STR("x")));
    must(subscriber_remove(&m.s, &m.clients[0], TOPIC_CHANNEL, KR_STR("x")));
    must(subscriber_add(&m.s, &m.clients[0], TOPIC_CHANNEL, KR_STR("x")));
    topic = topic_find(&m.s.topics, &host, TOPIC_CHANNEL, KR_STR("x"));
    TAILQ_FOREACH(it, &topic->subscriptions, of_topic)
    must(it->subscriber == &m.clients[++next % CLIENTS]);
    must(next == CLIENTS);
    for (int c = 0; c < CLIENTS; c++)
        subscriber_clear(&m.s, &m.clients[c]);
    must(account.blocks == 0);
}
END_TEST

/* Ten thousand patterns of other prefixes cost a message nothing. */
START_TEST(patterns_of_other_prefixes_are_not_tried)
{
    struct model m;
    uint64_t tried = 0;
    char name[32];

    model_init(&m);
    for (int i = 0; i < 10000; i++) {
        snprintf(name, sizeof(name), "p%04d*", i);
        must(subscriber_add(&m.s, &m.clients[0], TOPIC_PATTERN, kr_cstr(name)));
    }
    must(subscriber_add(&m.s, &m.clients[0], TOPIC_PATTERN, KR_STR("ab*")));
    topic_each_pattern(&m.s.topics, &host, KR_STR("abc"), gather, &tried);
    must(tried == UINT64_C(1) << 10);
    subscriber_clear(&m.s, &m.clients[0]);
    must(account.blocks == 0);
}
END_TEST

Suite *topic_suite(void)
{
    Suite *s = suite_create("topic");
    TCase *tc = tcase_create("topic");

    seed_set("topic");
    tcase_add_test(tc, subscriptions_are_those_of_a_model);
    tcase_add_test(tc, a_topic_has_its_subscribers_in_the_order_of_coming);
    tcase_add_test(tc, patterns_of_other_prefixes_are_not_tried);
    suite_add_tcase(s, tc);
    return s;
}
