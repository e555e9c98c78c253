/* SPDX-License-Identifier: BSD-3-Clause */
/* modules/tracking: who may have a key, and who wants all with a prefix, both
 * against plain models. */
#include "modules/tracking/broadcast.h"
#include "modules/tracking/table.h"

#include <stdio.h>

#include "tests/unit/modules/structure.h"
#include "tests/unit/suites.h"

#define KEYS    20
#define CLIENTS 40

static struct account account;

static uint64_t hash_of(struct kr_str s)
{
    uint64_t h = s.size;

    for (size_t i = 0; i < s.size; i++)
        h = mix(h ^ (unsigned char)s.data[i]);
    return h;
}

static const struct structure_host host = {account_alloc, account_free, hash_of,
                                           &account};

/* --- The table ------------------------------------------------------------ */

static struct kr_str key_of(uint64_t i, char text[8])
{
    return kr_str(text,
                  (size_t)snprintf(text, 8, "k%llu", (unsigned long long)i));
}

/* Ids come in ascending order, each once. */
struct told {
    uint64_t last;
    uint64_t set;
};

static void tell(uint64_t id, void *ctx)
{
    struct told *told = ctx;

    must(id > told->last);
    told->last = id;
    told->set |= UINT64_C(1) << id;
}

START_TEST(the_table_knows_who_has_a_key)
{
    struct table table = {.host = &host};
    uint64_t model[KEYS] = {0};
    char text[8];

    for (int step = 0; step < 20000; step++) {
        uint64_t k = chance(KEYS), id = 1 + chance(CLIENTS), items = 0;
        struct told told = {0};

        if (chance(20) > 0) {
            table_remember(&table, key_of(k, text), id);
            model[k] |= UINT64_C(1) << id;
        } else {
            table_forget(&table, key_of(k, text), tell, &told);
            must(told.set == model[k]);
            model[k] = 0;
        }
        for (int i = 0; i < KEYS; i++)
            items += (uint64_t)__builtin_popcountll(model[i]);
        must(table.items == items);
    }
    table_clear(&table);
    must(table.items == 0 && account.blocks == 0);
}
END_TEST

/* --- Broadcasts ----------------------------------------------------------- */

static const char *const prefixes[] = {"", "a", "ab", "abc", "b", "ba"};
static const char *const words[] = {"",   "a", "ab", "abc", "abcd",
                                    "ac", "b", "ba", "c",   "aab"};

struct sent {
    struct tracker *to;
    bool key[KR_COUNT(words)]; /* told to it, of any prefix */
    uint64_t times;
};

static void collect(struct tracker *tracker, size_t count,
                    const struct kr_str *keys, void *ctx)
{
    struct sent *sent = ctx;

    must(count > 0);
    for (size_t i = 0; i < count; i++) {
        size_t shared = i && keys[i].size < keys[i - 1].size ? keys[i].size
                        : i                                  ? keys[i - 1].size
                                                             : 0;

        must(i == 0 || memcmp(keys[i - 1].data, keys[i].data, shared) <= 0);
        for (size_t w = 0; w < KR_COUNT(words); w++)
            if (tracker == sent->to && kr_str_equal(keys[i], kr_cstr(words[w])))
                sent->key[w] = true;
    }
    sent->times += tracker == sent->to;
}

START_TEST(a_broadcast_has_the_keys_with_its_prefix)
{
    struct broadcast b;
    struct tracker trackers[2] = {{.id = 1}, {.id = 2}};
    bool wants[KR_COUNT(prefixes)] = {false};

    trackers[0].flags = _i ? TRACKER_NOLOOP : 0;
    broadcast_init(&b, &host);
    for (int round = 0; round < 2000; round++) {
        uint64_t by[KR_COUNT(words)];
        struct sent sent = {.to = &trackers[0]};
        uint64_t p = chance(KR_COUNT(prefixes));

        if (chance(8) == 0) {
            broadcast_remove(&b, &trackers[0]);
            memset(wants, 0, sizeof(wants));
        }
        broadcast_add(&b, &trackers[0], kr_cstr(prefixes[p]));
        broadcast_add(&b, &trackers[1], kr_cstr(prefixes[chance(6)]));
        wants[p] = true;
        for (size_t w = 0; w < KR_COUNT(words); w++) {
            by[w] = chance(4);
            if (by[w])
                broadcast_note(&b, kr_cstr(words[w]), by[w] - 1);
        }
        broadcast_flush(&b, collect, &sent);
        for (size_t w = 0; w < KR_COUNT(words); w++) {
            bool due = false;

            for (size_t i = 0; i < KR_COUNT(prefixes); i++)
                due |= wants[i] &&
                       strncmp(words[w], prefixes[i], strlen(prefixes[i])) == 0;
            due = due && by[w] && !(_i && by[w] - 1 == trackers[0].id);
            must(sent.key[w] == due);
        }
        sent.times = 0;
        broadcast_flush(&b, collect, &sent);
        must(sent.times == 0);
    }
    broadcast_remove(&b, &trackers[0]);
    broadcast_remove(&b, &trackers[1]);
    broadcast_fini(&b);
    must(account.blocks == 0);
}
END_TEST

Suite *tracking_suite(void)
{
    Suite *s = suite_create("tracking");
    TCase *tc = tcase_create("tracking");

    seed_set("tracking");
    tcase_add_test(tc, the_table_knows_who_has_a_key);
    tcase_add_loop_test(tc, a_broadcast_has_the_keys_with_its_prefix, 0, 2);
    suite_add_tcase(s, tc);
    return s;
}
