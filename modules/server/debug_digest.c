/* SPDX-License-Identifier: BSD-3-Clause */
/* debug_digest - DEBUG DIGEST and DIGEST-VALUE: twenty bytes that are the same
 * for the same data, here and in Redis.
 *
 *   all        for each database with keys, in order: mix its number,
 *              then for each of its keys, in any order: add
 *   a key        mix its name, then its value
 *   a value      mix the number of its type, then what the type feeds,
 *                then, if it expires: add "!!expire!!"
 *
 * mix() is sensitive to order, add() is not: see kr/codec.h.  Numbers are four
 * bytes, the highest first. */
#include "debug.h"

#include "server.h"

#include <arpa/inet.h>
#include <stdio.h>

#define DIGEST_SIZE KR_DIGEST_SIZE

static void digest_mix_number(kr_digest *digest, uint32_t number)
{
    uint32_t bytes = htonl(number);

    kr_codec->digest_mix(digest, kr_str((const char *)&bytes, sizeof(bytes)));
}

/* Redis's number of a type; module types share one. */
static uint32_t digest_type_number(const char *name)
{
    static const char *const names[] = {"string", "list",   "set",   "zset",
                                        "hash",   "module", "stream"};

    for (uint32_t i = 0; i < KR_COUNT(names); i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return 5;
}

static void digest_value(kr_digest *digest, const struct kr_cell *cell)
{
    const struct kr_type *type = kr_types->get(cell->type);
    struct kr_peek peek = kr_cell_peek(cell);
    struct kr_subject subject =
        KR_SUBJECT(kr_keyspace->key(cell), kr_keyspace->db_index(cell->db));

    digest_mix_number(digest, digest_type_number(kr_types->name(cell->type)));
    if (type && type->digest) {
        kr_types->about(&subject);
        type->digest(&peek, digest);
        kr_types->about(NULL);
    }
    if (kr_keyspace->expiry(cell) != KR_NO_EXPIRY)
        kr_codec->digest_add(digest, KR_STR("!!expire!!"));
}

static void digest_reply(struct kr_reply *reply, const uint8_t *bytes)
{
    char text[2 * DIGEST_SIZE + 1];

    for (size_t i = 0; i < DIGEST_SIZE; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    kr_reply_status(reply, text);
}

struct digest_walk {
    kr_digest *all;
    kr_digest *key;
};

static void digest_key(void *ctx, struct kr_str key, struct kr_cell *cell)
{
    struct digest_walk *walk = ctx;
    uint8_t bytes[DIGEST_SIZE];

    kr_codec->digest_reset(walk->key);
    kr_codec->digest_mix(walk->key, key);
    digest_value(walk->key, cell);
    kr_codec->digest_read(walk->key, bytes);
    kr_codec->digest_add(walk->all, kr_str((const char *)bytes, sizeof(bytes)));
}

static bool digest_is_offered(struct kr_call *call)
{
    if (KR_HAS(kr_codec, digest_free))
        return true;
    debug_refuse(call, "the host offers no digest");
    return false;
}

void debug_digest(struct kr_call *call)
{
    struct digest_walk walk;
    uint8_t bytes[DIGEST_SIZE];

    if (!digest_is_offered(call))
        return;
    walk.all = kr_codec->digest_new();
    walk.key = kr_codec->digest_new();
    for (int32_t i = 0; i < kr_keyspace->db_count(); i++) {
        kr_db *db = kr_keyspace->db(i);

        if (kr_keyspace->count(db) == 0)
            continue;
        digest_mix_number(walk.all, (uint32_t)i);
        kr_keyspace->each(db, digest_key, &walk);
    }
    kr_codec->digest_read(walk.all, bytes);
    kr_codec->digest_free(walk.key);
    kr_codec->digest_free(walk.all);
    digest_reply(call->reply, bytes);
}

void debug_digest_value(struct kr_call *call)
{
    kr_digest *digest;
    uint8_t bytes[DIGEST_SIZE];
    struct kr_cell cell;

    if (!digest_is_offered(call))
        return;
    digest = kr_codec->digest_new();
    kr_reply_array(call->reply, call->argc - 2);
    for (uint32_t i = 2; i < call->argc; i++) {
        kr_codec->digest_reset(digest);
        if (kr_keyspace->find(call->db, call->argv[i], KR_FIND_QUIET, &cell))
            digest_value(digest, &cell);
        kr_codec->digest_read(digest, bytes);
        digest_reply(call->reply, bytes);
    }
    kr_codec->digest_free(digest);
}
