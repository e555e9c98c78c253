/* SPDX-License-Identifier: BSD-3-Clause */
/* move - an element from one list to another: LMOVE, RPOPLPUSH, and BLMOVE,
 * BRPOPLPUSH, which wait for one.
 *
 * The element is copied out of the source first (a blob is shared), because a
 * cell is void as soon as another key changes.  Then it is added, then it goes
 * from the source, which is the order in which both are told of. */
#include "commands.h"
#include "module.h"
#include "value.h"

#include <kr/args.h>
#include <kr/journal.h>

struct move {
    bool from_front;
    bool to_front;
    bool by_ends; /* LMOVE's words, not RPOPLPUSH's */
};

/* --- The element on its way ---------------------------------------------- */

struct parcel {
    struct element element;
    void *block; /* what it had to be copied to, or NULL */
    char room[256];
};

/* The bytes will not stay where they are. */
static void parcel_copy(struct parcel *parcel, struct kr_str bytes)
{
    char *to = parcel->room;

    if (bytes.size > sizeof(parcel->room))
        to = parcel->block = kr_memory->alloc(list_self, bytes.size);
    if (bytes.size > 0)
        memcpy(to, bytes.data, bytes.size);
    parcel->element.bytes = kr_str(to, bytes.size);
}

static void parcel_take(struct parcel *parcel, const struct kr_cell *cell,
                        bool front)
{
    struct kr_peek peek = kr_cell_peek(cell);
    char text[LISTPACK_TEXT];
    struct listpack_item item;
    struct kr_blob *blob;
    struct walk walk;

    parcel->block = NULL;
    parcel->element.blob = NULL;
    walk_begin(&walk, &peek, front ? 0 : value_count_of(&peek) - 1, !front);
    (void)walk_next(&walk, &item, 1, &blob);
    if (blob) {
        parcel->element.bytes = item.bytes;
        parcel->element.blob = kr_memory->blob_retain(blob);
    } else {
        parcel_copy(parcel, listpack_item_bytes(&item, text));
    }
    walk_end(&walk);
}

/* --- Moving -------------------------------------------------------------- */

/* Rotating: the list loses the element before it gains it, as in Redis, which
 * matters to the form that it takes. */
static void move_within(struct kr_call *call, struct kr_cell *cell,
                        struct kr_str key, const struct move *move,
                        const struct parcel *parcel)
{
    value_drop(cell, move->from_front, 1);
    value_push(cell, move->to_front, 1, &parcel->element.bytes,
               &parcel->element.blob);
    value_shrink(cell);
    value_pushed(call, key, move->to_front, 1);
    kr_keyspace->notify(call->db, key, KR_CLASS_LIST,
                        move->from_front ? KR_STR("lpop") : KR_STR("rpop"));
}

/* The cell of the source is found again: it is void after the other changed. */
static void move_between(struct kr_call *call, struct kr_str key,
                         const struct move *move, const struct parcel *parcel)
{
    struct kr_cell cell;

    if (!kr_keyspace->find(call->db, call->argv[2], KR_FIND_QUIET, &cell))
        value_create(call->db, call->argv[2], 1, &parcel->element.bytes, &cell);
    value_push(&cell, move->to_front, 1, &parcel->element.bytes,
               &parcel->element.blob);
    value_pushed(call, call->argv[2], move->to_front, 1);
    if (kr_keyspace->find(call->db, key, KR_FIND_QUIET, &cell))
        value_take(call, &cell, key, move->from_front, 1, 0);
}

static void move_reply(struct kr_call *call, const struct parcel *parcel)
{
    struct kr_blob *blob = parcel->element.blob;

    if (blob)
        call->reply->ops->blob(call->reply, blob, 0, blob->size);
    else
        kr_reply_bulk(call->reply, parcel->element.bytes);
}

/* Move an element of the list in the cell, which is at `key`, to argument 2;
 * an error if that is of another type. */
static void move_from(struct kr_call *call, struct kr_cell *cell,
                      struct kr_str key, const struct move *move)
{
    struct parcel parcel;
    struct kr_cell to;
    bool wrong;

    parcel_take(&parcel, cell, move->from_front);
    if (kr_str_equal(key, call->argv[2])) {
        move_reply(call, &parcel);
        move_within(call, cell, key, move, &parcel);
    } else {
        (void)value_find(call, 2, KR_FIND_WRITE, &to, &wrong);
        if (wrong) {
            kr_memory->blob_release(parcel.element.blob);
        } else {
            move_reply(call, &parcel);
            move_between(call, key, move, &parcel);
        }
    }
    kr_memory->free(list_self, parcel.block);
}

static bool move_parse(struct kr_call *call, struct move *move)
{
    *move = (struct move){.to_front = true};
    if (call->argc < 5) /* RPOPLPUSH, BRPOPLPUSH */
        return true;
    move->by_ends = true;
    return value_arg_end(call, 3, &move->from_front) &&
           value_arg_end(call, 4, &move->to_front);
}

static void move_now(struct kr_call *call)
{
    struct kr_cell cell;
    struct move move;
    bool wrong;

    if (!move_parse(call, &move))
        return;
    if (value_find(call, 1, KR_FIND_WRITE, &cell, &wrong))
        move_from(call, &cell, call->argv[1], &move);
    else if (!wrong)
        kr_reply_null(call->reply);
}

void list_lmove(struct kr_call *call)
{
    move_now(call);
}

void list_rpoplpush(struct kr_call *call)
{
    move_now(call);
}

/* --- Waiting ------------------------------------------------------------- */

/* What was done, without waiting for it. */
static void move_journal(struct kr_call *call, const struct move *move)
{
    struct kr_str words[5] = {
        move->by_ends ? KR_STR("LMOVE") : KR_STR("RPOPLPUSH"),
        call->argv[1],
        call->argv[2],
        move->from_front ? KR_STR("LEFT") : KR_STR("RIGHT"),
        move->to_front ? KR_STR("LEFT") : KR_STR("RIGHT"),
    };

    kr_journal->instead(call, move->by_ends ? 5 : 3, words);
}

static void move_waited(struct kr_call *call, struct kr_cell *cell,
                        const struct move *move)
{
    uint32_t errors = call->reply->errors;

    move_from(call, cell, call->argv[1], move);
    if (call->reply->errors == errors)
        move_journal(call, move);
}

bool move_wake(struct kr_call *call, uint32_t why, struct kr_str key, void *ctx)
{
    struct kr_cell cell;
    struct move move;

    (void)ctx;
    if (why == KR_WAKE_TIMEOUT)
        call->reply->ops->null_array(call->reply);
    if (why != KR_WAKE_READY)
        return true;
    if (!kr_keyspace->find(call->db, key, KR_FIND_WRITE, &cell) ||
        cell.type != value_type)
        return false;
    (void)move_parse(call, &move); /* as it was parsed before */
    move_waited(call, &cell, &move);
    return true;
}

static void move_or_wait(struct kr_call *call)
{
    struct kr_park park = {.size = sizeof(park),
                           .key_count = 1,
                           .keys = call->argv + 1,
                           .wake = move_wake};
    struct kr_cell cell;
    struct move move;
    bool wrong;

    if (!move_parse(call, &move) ||
        !kr_arg_timeout(call, call->argc - 1, true, &park.deadline_ms))
        return;
    if (value_find(call, 1, KR_FIND_WRITE, &cell, &wrong))
        move_waited(call, &cell, &move);
    else if (!wrong && !kr_block->park(call, &park))
        kr_reply_null(call->reply);
}

void list_blmove(struct kr_call *call)
{
    move_or_wait(call);
}

void list_brpoplpush(struct kr_call *call)
{
    move_or_wait(call);
}
