/* SPDX-License-Identifier: BSD-3-Clause */
#include "large.h"

#define LARGE_BATCH 32 /* entries read from the tree at a time */

/* --- The whole ----------------------------------------------------------- */

struct large *large_new(const struct structure_host *host)
{
    struct large *large = structure_alloc(host, sizeof(*large));

    memset(large, 0, sizeof(*large));
    return large;
}

static void large_release(double score, struct item *item, void *ctx)
{
    (void)score;
    structure_free(ctx, item);
}

void large_free(struct large *large, const struct structure_host *host)
{
    (void)htable_clear_step(&large->table, host, SIZE_MAX, NULL, NULL);
    (void)tree_clear_step(&large->tree, host, UINT64_MAX, large_release,
                          (void *)(uintptr_t)host);
    structure_free(host, large);
}

/* Append copies of `count` members of `from`, from `position` on. */
static void large_append_copies(struct large *large,
                                const struct structure_host *host,
                                const struct large *from, uint64_t position,
                                uint64_t count)
{
    struct tree_entry batch[LARGE_BATCH];
    struct tree_place at;

    tree_seek(&from->tree, position, &at);
    while (count > 0) {
        size_t n =
            tree_forward(&at, batch, count < LARGE_BATCH ? count : LARGE_BATCH);

        for (size_t i = 0; i < n; i++) {
            struct kr_str member = item_key(batch[i].item);

            large_append(large, host, host->hash(member), member,
                         batch[i].score);
        }
        count -= n;
    }
}

struct large *large_copy_without(const struct large *large,
                                 const struct structure_host *host,
                                 uint64_t position, uint64_t count)
{
    struct large *copy = large_new(host);
    uint64_t behind = position + count;

    htable_reserve(&copy->table, host, large_count(large) - count);
    large_append_copies(copy, host, large, 0, position);
    large_append_copies(copy, host, large, behind, large_count(large) - behind);
    return copy;
}

/* --- Members ------------------------------------------------------------- */

void large_insert(struct large *large, const struct structure_host *host,
                  uint64_t hash, struct kr_str member, double score)
{
    struct item *item = item_new(host, member, sizeof(score));

    item_set_score(item, score);
    htable_insert(&large->table, host, hash, item);
    tree_insert(&large->tree, host, score, item);
}

void large_append_item(struct large *large, const struct structure_host *host,
                       uint64_t hash, struct item *item, double score)
{
    item_set_score(item, score);
    htable_insert(&large->table, host, hash, item);
    tree_load(&large->tree, host, score, item);
}

void large_append(struct large *large, const struct structure_host *host,
                  uint64_t hash, struct kr_str member, double score)
{
    large_append_item(large, host, hash, item_new(host, member, sizeof(score)),
                      score);
}

/* --- Made as a whole ----------------------------------------------------- */

bool large_gather(struct large *large, const struct structure_host *host,
                  uint64_t hash, struct kr_str member, struct item **item)
{
    *item = large_find(large, member, hash);
    if (*item != NULL)
        return false;
    *item = item_new(host, member, sizeof(double));
    htable_insert(&large->table, host, hash, *item);
    return true;
}

struct large_settle {
    struct large *large;
    const struct structure_host *host;
};

static bool large_settle_item(struct item *item, void *ctx)
{
    struct large_settle *settle = ctx;

    tree_insert(&settle->large->tree, settle->host, item_score(item), item);
    return true;
}

void large_settle(struct large *large, const struct structure_host *host)
{
    struct large_settle settle = {large, host};

    (void)htable_each(&large->table, host, large_settle_item, &settle);
}

/* --- Changing ------------------------------------------------------------ */

void large_move(struct large *large, const struct structure_host *host,
                struct item *item, double score)
{
    tree_move(&large->tree, host, item, item_score(item), score);
    item_set_score(item, score);
}

bool large_remove(struct large *large, const struct structure_host *host,
                  struct kr_str member)
{
    uint64_t hash = host->hash(member);
    struct htable_place place;
    struct item *item = htable_find(&large->table, member, hash, &place);

    if (item == NULL)
        return false;
    (void)tree_erase(&large->tree, host, item_score(item), item_key(item));
    htable_erase(&large->table, host, hash, &place);
    structure_free(host, item);
    return true;
}

struct large_range {
    struct large *large;
    const struct structure_host *host;
};

/* The tree has forgotten the item; now the table does. */
static void large_forget(double score, struct item *item, void *ctx)
{
    struct large_range *range = ctx;
    uint64_t hash = range->host->hash(item_key(item));
    struct htable_place place;

    (void)score;
    if (htable_find(&range->large->table, item_key(item), hash, &place))
        htable_erase(&range->large->table, range->host, hash, &place);
    structure_free(range->host, item);
}

void large_remove_range(struct large *large, const struct structure_host *host,
                        uint64_t position, uint64_t count)
{
    struct large_range range = {large, host};

    (void)tree_erase_range(&large->tree, host, position, count, large_forget,
                           &range);
}

/* --- Elsewhere in memory ------------------------------------------------- */

static void large_relocate_item(struct large *large,
                                const struct structure_host *host,
                                uint64_t position, struct item *item,
                                large_move_fn move, void *ctx)
{
    struct kr_str member = item_key(item);
    struct htable_place place;
    struct item *moved;

    (void)htable_find(&large->table, member, host->hash(member), &place);
    moved = move(ctx, item);
    if (moved == NULL)
        return;
    htable_replace(&place, moved);
    tree_replace_at(&large->tree, position, moved);
}

void large_relocate(struct large *large, const struct structure_host *host,
                    uint64_t position, uint64_t count, large_move_fn move,
                    void *ctx)
{
    struct tree_entry batch[LARGE_BATCH];

    while (count > 0) {
        struct tree_place at;
        size_t n;

        tree_seek(&large->tree, position, &at);
        n = tree_forward(&at, batch, count < LARGE_BATCH ? count : LARGE_BATCH);
        if (n == 0)
            return;
        for (size_t i = 0; i < n; i++)
            large_relocate_item(large, host, position + i, batch[i].item, move,
                                ctx);
        position += n;
        count -= n;
    }
}

/* --- Looking at it ------------------------------------------------------- */

size_t large_frame_memory(const struct large *large)
{
    return tree_memory(&large->tree) + htable_memory(&large->table);
}

const char *large_check(const struct large *large,
                        const struct structure_host *host)
{
    const char *wrong = tree_check(&large->tree);
    struct tree_entry batch[LARGE_BATCH];
    struct tree_place at;
    size_t n;

    if (wrong == NULL)
        wrong = htable_check(&large->table, host);
    if (wrong != NULL)
        return wrong;
    if (htable_count(&large->table) != tree_count(&large->tree))
        return "table and tree have not as many items";
    tree_seek(&large->tree, 0, &at);
    while ((n = tree_forward(&at, batch, LARGE_BATCH)) > 0)
        for (size_t i = 0; i < n; i++) {
            struct kr_str member = item_key(batch[i].item);

            if (large_find(large, member, host->hash(member)) != batch[i].item)
                return "an item is in the tree alone";
            if (item_score(batch[i].item) != batch[i].score)
                return "an item has a score of its own";
        }
    return NULL;
}
