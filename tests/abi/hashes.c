/* SPDX-License-Identifier: BSD-3-Clause */
/* hashes - a module that uses <kr/hash.h>.
 *
 *     HASHES.WALK key              fields and values, in the order of the walk
 *     HASHES.GET key field         its value, and its time or nil
 *     HASHES.PUT key field value ...
 *     HASHES.SET key field value   1: a new field
 *     HASHES.REMOVE key field      the hash goes with its last field
 *     HASHES.EXPIRE key field ms   -1: never
 *     HASHES.COUNT key */
#include <kr/hash.h>
#include <kr/kr.h>

KR_USES(kr_keyspace);
KR_USES(kr_text);
KR_USES(kr_hashes);

/* false: replied. */
static bool hashes_find(struct kr_call *call, uint32_t how,
                        struct kr_cell *cell)
{
    if (!kr_keyspace->find_arg(call, 1, how, cell)) {
        kr_reply_null(call->reply);
        return false;
    }
    if (kr_hashes->is_hash(cell))
        return true;
    kr_reply_error(call->reply, KR_ERR_WRONGTYPE);
    return false;
}

static void hashes_tell(struct kr_call *call, struct kr_cell *cell)
{
    if (kr_hashes->count(cell) == 0)
        kr_keyspace->erase(cell, false);
    kr_keyspace->changed(call, call->db, call->argv[1], KR_CLASS_HASH,
                         KR_STR("hashes"));
}

static void hashes_walk(struct kr_call *call)
{
    struct kr_walk walk;
    struct kr_cell cell;
    uint64_t token, count = 0;

    if (!hashes_find(call, KR_FIND_READ, &cell))
        return;
    token = call->reply->ops->defer(call->reply);
    kr_hashes->walk(&cell, &walk);
    while (kr_hashes->next(&walk)) {
        for (uint32_t i = 0; i < walk.count; i++) {
            kr_reply_bulk(call->reply, walk.item[i]);
            kr_reply_bulk(call->reply, walk.value[i]);
        }
        count += 2 * walk.count;
    }
    call->reply->ops->close(call->reply, token, KR_ARRAY, count);
}

static void hashes_get(struct kr_call *call)
{
    char scratch[KR_INT64_TEXT];
    struct kr_cell cell;
    struct kr_str value;
    int64_t when_ms = 0;

    if (!hashes_find(call, KR_FIND_READ, &cell))
        return;
    if (!kr_hashes->get(&cell, call->argv[2], scratch, &value)) {
        kr_reply_null(call->reply);
        return;
    }
    kr_reply_array(call->reply, 2);
    kr_reply_bulk(call->reply, value);
    if (kr_hashes->expiry(&cell, call->argv[2], &when_ms) &&
        when_ms != KR_NO_EXPIRY)
        kr_reply_int64(call->reply, when_ms);
    else
        kr_reply_null(call->reply);
}

static void hashes_put(struct kr_call *call)
{
    struct kr_cell cell;

    kr_hashes->put(call->db, call->argv[1], (call->argc - 2) / 2,
                   call->argv + 2, &cell);
    kr_reply_int64(call->reply, (int64_t)kr_hashes->count(&cell));
    hashes_tell(call, &cell);
}

static void hashes_set(struct kr_call *call)
{
    struct kr_cell cell;
    bool fresh;

    if (!hashes_find(call, KR_FIND_WRITE, &cell))
        return;
    fresh = kr_hashes->set(&cell, call->argv[2], call->argv[3]);
    hashes_tell(call, &cell);
    kr_reply_int64(call->reply, fresh);
}

static void hashes_remove(struct kr_call *call)
{
    struct kr_cell cell;
    bool found;

    if (!hashes_find(call, KR_FIND_WRITE, &cell))
        return;
    found = kr_hashes->remove(&cell, call->argv[2]);
    hashes_tell(call, &cell);
    kr_reply_int64(call->reply, found);
}

static void hashes_expire(struct kr_call *call)
{
    struct kr_cell cell;
    int64_t when_ms;
    bool found;

    if (!kr_arg_int64(call, 3, &when_ms) ||
        !hashes_find(call, KR_FIND_WRITE, &cell))
        return;
    found = kr_hashes->set_expiry(&cell, call->argv[2],
                                  when_ms < 0 ? KR_NO_EXPIRY : when_ms);
    hashes_tell(call, &cell);
    kr_reply_int64(call->reply, found);
}

static void hashes_count(struct kr_call *call)
{
    struct kr_cell cell;

    if (hashes_find(call, KR_FIND_READ, &cell))
        kr_reply_int64(call->reply, (int64_t)kr_hashes->count(&cell));
}

static const struct kr_key_spec key1[] = {KR_KEY(KR_KEY_RW, 1, 0, 1)};
#define ROW(word, handler, words)                                              \
    {                                                                          \
        .name = "hashes." word, .run = handler, .arity = (words),              \
        .flags = KR_CMD_WRITE, .keys = KR_ROWS(key1)                           \
    }
static const struct kr_command commands[] = {
    ROW("walk", hashes_walk, 2),     ROW("get", hashes_get, 3),
    ROW("put", hashes_put, -4),      ROW("set", hashes_set, 4),
    ROW("remove", hashes_remove, 3), ROW("expire", hashes_expire, 4),
    ROW("count", hashes_count, 2),
};
static const struct kr_import imports[] = {
    KR_NEED(kr_keyspace), KR_NEED(kr_text), KR_NEED(kr_hashes)};

KR_MODULE(.name = "hashes", .version = 10000, .licence = "BSD-3-Clause",
          .flags = KR_MODULE_CAN_UNLOAD, .imports = KR_ROWS(imports),
          .commands = KR_ROWS(commands));
