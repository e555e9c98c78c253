/* SPDX-License-Identifier: BSD-3-Clause */
/* random - HRANDFIELD: fields by chance.
 *
 *   a table in which nothing is over   draws from the table itself
 *   everything else                    a pool of its fields, and numbers by
 *                                      chance; packed hashes are small, and time
 *                                      is rarely over for long
 */
#include "../structure/chance.h"
#include "../structure/sample.h"
#include "commands.h"
#include "due.h"
#include "module.h"
#include "value.h"

#include <kr/args.h>
#include <kr/client.h>
#include <kr/memory.h>

#define RANDOM_BATCH 1024 /* draws between two looks whether the client left */

#define RANDOM_NO_MEMORY "ERR not enough memory for so many fields at once"

struct draw {
    struct kr_call *call;
    bool with_values;
    uint64_t live; /* fields to choose from */
    uint64_t seed;
};

/* --- Replying ------------------------------------------------------------ */

static void draw_open(const struct draw *draw, uint64_t count)
{
    bool flat = draw->with_values && draw->call->reply->protocol == 2;

    kr_reply_array(draw->call->reply, flat ? 2 * count : count);
}

static void draw_reply(const struct draw *draw, const struct value_pair *pair)
{
    struct kr_reply *reply = draw->call->reply;

    if (draw->with_values && reply->protocol > 2)
        kr_reply_array(reply, 2);
    value_reply(reply, &pair->field);
    if (draw->with_values)
        value_reply(reply, &pair->value);
}

static void draw_reply_item(const struct draw *draw, const struct item *item)
{
    struct value_pair pair = {.field.bytes = item_key(item),
                              .value.bytes = fields_value(item)};

    draw_reply(draw, &pair);
}

static void draw_visit(const struct value_pair *pair, void *ctx)
{
    draw_reply(ctx, pair);
}

/* Draws may be many: who has gone need not wait for the last one. */
static bool draw_is_over(const struct draw *draw, uint64_t drawn)
{
    return drawn % RANDOM_BATCH == 0 && draw->call->client &&
           kr_clients->flags(draw->call->client) & KR_CLIENT_CLOSE_ASAP;
}

/* --- The pool ------------------------------------------------------------ */

struct pool {
    struct value_pair *pairs;
    uint64_t count;
};

static void pool_add(const struct value_pair *pair, void *ctx)
{
    struct pool *pool = ctx;

    pool->pairs[pool->count++] = *pair;
}

/* false: no memory, which has been replied. */
static bool pool_fill(struct draw *draw, const struct kr_cell *cell,
                      struct pool *pool)
{
    struct kr_peek peek = kr_cell_peek(cell);

    pool->count = 0;
    pool->pairs =
        kr_memory->try_alloc(hash_self, draw->live * sizeof(*pool->pairs));
    if (!pool->pairs || draw->live > UINT32_MAX) {
        kr_memory->free(hash_self, pool->pairs);
        kr_reply_error(draw->call->reply, RANDOM_NO_MEMORY);
        return false;
    }
    value_each(&peek, due_now(draw->call), pool_add, pool);
    return true;
}

/* --- Draws --------------------------------------------------------------- */

/* Each draw from all of them. */
static void draw_repeat(struct draw *draw, struct htable *table,
                        const struct pool *pool, uint64_t count)
{
    draw_open(draw, count);
    for (uint64_t i = 0; i < count && !draw_is_over(draw, i); i++) {
        if (table)
            draw_reply_item(draw, htable_random(table, &draw->seed));
        else
            draw_reply(draw,
                       pool->pairs + chance_below(&draw->seed, pool->count));
    }
}

/* `count` different ones, fewer than there are. */
static void draw_distinct(struct draw *draw, struct htable *table,
                          const struct pool *pool, uint64_t count)
{
    void *memory = kr_memory->try_alloc(hash_self, count * sizeof(void *));
    struct item **items = memory;
    uint32_t *numbers = memory;

    if (!memory) {
        kr_reply_error(draw->call->reply, RANDOM_NO_MEMORY);
        return;
    }
    if (table)
        sample_items(table, &hash_host, count, &draw->seed, items);
    else
        sample_numbers(pool->count, (uint32_t)count, &draw->seed, numbers);
    draw_open(draw, count);
    for (uint64_t i = 0; i < count; i++) {
        if (table)
            draw_reply_item(draw, items[i]);
        else
            draw_reply(draw, pool->pairs + numbers[i]);
    }
    kr_memory->free(hash_self, memory);
}

static void draw_count(struct draw *draw, const struct kr_cell *cell,
                       int64_t count)
{
    struct kr_peek peek = kr_cell_peek(cell);
    struct htable *table = NULL;
    struct pool pool = {NULL, 0};

    if (count == 0 || draw->live == 0) {
        kr_reply_array(draw->call->reply, 0);
        return;
    }
    if (count > 0 && (uint64_t)count >= draw->live) {
        draw_open(draw, draw->live);
        value_each(&peek, due_now(draw->call), draw_visit, draw);
        return;
    }
    if (cell->meta == VALUE_TABLE && value_total(&peek) == draw->live)
        table = &value_fields(cell)->table;
    else if (!pool_fill(draw, cell, &pool))
        return;
    if (count < 0)
        draw_repeat(draw, table, &pool, -(uint64_t)count);
    else
        draw_distinct(draw, table, &pool, (uint64_t)count);
    kr_memory->free(hash_self, pool.pairs);
}

/* --- The command --------------------------------------------------------- */

/* One field, without its value. */
static void draw_one(struct draw *draw, const struct kr_cell *cell)
{
    struct listpack_item field;
    uint64_t number;
    struct pool pool;

    if (draw->live == 0) {
        kr_reply_null(draw->call->reply);
    } else if (cell->meta == VALUE_PACKED) {
        number = chance_below(&draw->seed, draw->live);
        listpack_get(packed_bytes(cell),
                     listpack_seek(packed_bytes(cell), (int64_t)(2 * number)),
                     &field);
        value_reply(draw->call->reply, &field);
    } else if (cell->meta == VALUE_TABLE &&
               fields_count(value_fields(cell)) == draw->live) {
        draw_reply_item(draw,
                        htable_random(&value_fields(cell)->table, &draw->seed));
    } else if (pool_fill(draw, cell, &pool)) {
        draw_reply(draw, pool.pairs + chance_below(&draw->seed, pool.count));
        kr_memory->free(hash_self, pool.pairs);
    }
}

/* The words behind the key.  false: an error has been replied. */
static bool draw_read(struct kr_call *call, struct draw *draw, int64_t *count)
{
    if (call->argc == 2)
        return true;
    if (!kr_arg_int64_in(call, 2, -INT64_MAX, INT64_MAX, count, NULL))
        return false;
    draw->with_values = call->argc == 4 && kr_arg_is(call, 3, "WITHVALUES");
    if (call->argc > 3 && !draw->with_values) {
        kr_refuse_syntax(call);
        return false;
    }
    if (draw->with_values &&
        (*count < -INT64_MAX / 2 || *count > INT64_MAX / 2)) {
        kr_reply_error(call->reply, "ERR value is out of range");
        return false;
    }
    return true;
}

void hash_hrandfield(struct kr_call *call)
{
    struct draw draw = {.call = call};
    struct kr_cell cell;
    int64_t count = 0;
    bool wrong;

    if (!draw_read(call, &draw, &count))
        return;
    if (!value_find(call, KR_FIND_READ, &cell, &wrong)) {
        if (!wrong && call->argc == 2)
            kr_reply_null(call->reply);
        else if (!wrong)
            kr_reply_array(call->reply, 0);
        return;
    }
    draw.live = value_count(&cell, due_now(call));
    draw.seed = kr_text->random();
    if (call->argc == 2)
        draw_one(&draw, &cell);
    else
        draw_count(&draw, &cell, count);
}
