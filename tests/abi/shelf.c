/* SPDX-License-Identifier: BSD-3-Clause */
/* shelf - a module that works on lists through what the module `list` offers.
 *
 *     SHELF.PUT key item ...               -> count
 *     SHELF.PUSH key front|back item ...   -> count
 *     SHELF.WALK key index on|back         -> items
 *     SHELF.DROP key front|back count      -> how many are left
 *     SHELF.SET key index item             -> OK, or an error
 *     SHELF.INSERT key index item
 *     SHELF.REMOVE key index */
#include <kr/kr.h>
#include <kr/list.h>

KR_USES(kr_keyspace);
KR_USES(kr_lists);
KR_USES(kr_text);

static bool shelf_find(struct kr_call *call, struct kr_cell *cell)
{
    if (kr_keyspace->find_arg(call, 1, KR_FIND_WRITE, cell) &&
        kr_lists->is_list(cell))
        return true;
    kr_reply_error(call->reply, "ERR no list");
    return false;
}

static void shelf_changed(struct kr_call *call)
{
    kr_keyspace->changed(call, call->db, call->argv[1], KR_CLASS_LIST,
                         KR_STR("shelf"));
}

static int64_t shelf_number(struct kr_call *call, uint32_t i)
{
    int64_t number = 0;

    (void)kr_text->to_int64(call->argv[i], &number);
    return number;
}

static void shelf_put(struct kr_call *call)
{
    struct kr_cell cell;

    kr_lists->put(call->db, call->argv[1], call->argc - 2, call->argv + 2,
                  &cell);
    kr_reply_int64(call->reply, (int64_t)kr_lists->count(&cell));
    shelf_changed(call);
}

static void shelf_push(struct kr_call *call)
{
    struct kr_cell cell;

    if (!shelf_find(call, &cell))
        return;
    kr_lists->push(&cell, kr_str_equal(call->argv[2], KR_STR("front")),
                   call->argc - 3, call->argv + 3);
    kr_reply_int64(call->reply, (int64_t)kr_lists->count(&cell));
    shelf_changed(call);
}

static void shelf_walk(struct kr_call *call)
{
    bool back = kr_str_equal(call->argv[3], KR_STR("back"));
    struct kr_cell cell;
    struct kr_walk walk;
    uint64_t token, count = 0;

    if (!shelf_find(call, &cell))
        return;
    token = call->reply->ops->defer(call->reply);
    kr_lists->walk(&cell, shelf_number(call, 2), back, &walk);
    while (kr_lists->next(&walk)) {
        for (uint32_t i = 0; i < walk.count; i++)
            kr_reply_bulk(call->reply, walk.item[i]);
        count += walk.count;
    }
    call->reply->ops->close(call->reply, token, KR_ARRAY, count);
}

static void shelf_drop(struct kr_call *call)
{
    struct kr_cell cell;
    uint64_t left;

    if (!shelf_find(call, &cell))
        return;
    left = kr_lists->drop(&cell, kr_str_equal(call->argv[2], KR_STR("front")),
                          (uint64_t)shelf_number(call, 3));
    if (left == 0)
        kr_keyspace->erase(&cell, true);
    kr_reply_int64(call->reply, (int64_t)left);
    shelf_changed(call);
}

static void shelf_done(struct kr_call *call, kr_status status)
{
    if (status == KR_OK) {
        shelf_changed(call);
        kr_reply_ok(call->reply);
    } else {
        kr_reply_error(call->reply, KR_ERR_RANGE);
    }
}

static void shelf_set(struct kr_call *call)
{
    struct kr_cell cell;

    if (shelf_find(call, &cell))
        shelf_done(call,
                   kr_lists->set(&cell, shelf_number(call, 2), call->argv[3]));
}

static void shelf_insert(struct kr_call *call)
{
    struct kr_cell cell;

    if (shelf_find(call, &cell))
        shelf_done(call, kr_lists->insert(&cell, shelf_number(call, 2),
                                          call->argv[3]));
}

static void shelf_remove(struct kr_call *call)
{
    struct kr_cell cell;
    kr_status status;

    if (!shelf_find(call, &cell))
        return;
    status = kr_lists->remove(&cell, shelf_number(call, 2));
    if (kr_lists->count(&cell) == 0)
        kr_keyspace->erase(&cell, true);
    shelf_done(call, status);
}

static const struct kr_key_spec key1[] = {KR_KEY(KR_KEY_RW, 1, 0, 1)};

#define SHELF(word, words)                                                     \
    {                                                                          \
        .name = "shelf." #word, .run = shelf_##word, .arity = (words),         \
        .flags = KR_CMD_WRITE, .keys = KR_ROWS(key1)                           \
    }

static const struct kr_command commands[] = {
    SHELF(put, -3), SHELF(push, -4),  SHELF(walk, 4),   SHELF(drop, 4),
    SHELF(set, 4),  SHELF(insert, 4), SHELF(remove, 3),
};
static const struct kr_import imports[] = {KR_NEED(kr_keyspace),
                                           KR_NEED(kr_lists), KR_NEED(kr_text)};

KR_MODULE(.name = "shelf", .version = 10000, .licence = "BSD-3-Clause",
          .flags = KR_MODULE_CAN_UNLOAD, .imports = KR_ROWS(imports),
          .commands = KR_ROWS(commands));
