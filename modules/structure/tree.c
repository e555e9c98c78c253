/* SPDX-License-Identifier: BSD-3-Clause */
/* tree - how nodes share what they have.
 *
 * Levels are counted from the leaves, which are level 0; the root is at level
 * `height`.  A change begins with a path from the root to an entry:
 *
 *     level 2    inner[2]            at[2]: the child taken
 *     level 1        inner[1]        at[1]
 *     level 0            leaf        at[0]: the entry
 *
 * and there is one way of fitting nodes to their load, up or down: the children
 * of a window of up to three neighbours are gathered, and dealt out again to as
 * many nodes as they need.
 *
 *     |xxxxxxxx|xxxxxxx.|xxxxxxxx|   -- deal -->   |xxxxxx..| four times
 *     |xxxxx...|x.......|xxxxx...|   -- deal -->   |xxxxxx..|xxxxx...|
 *
 * Room is made before it is needed, and then the way is sought anew, so no node
 * ever holds more than it can.  Insertions at an end of the tree do not deal:
 * the full node stays as it is, save for one entry that begins the next. */
#include "tree.h"

#include <assert.h>
#include <math.h>

#define WINDOW     3 /* neighbours that share */
#define HEIGHT_MAX 16
#define ROOM_FIRST 4 /* of a leaf that is alone */

/* Entries or children of a node that is not at an end: 24. */
#define NODE_MIN (TREE_LEAF * 2 / 5)
/* Room that nodes have on average after sharing, or there is one more: 3.  Less
 * of it saves memory, and shares more often. */
#define SLACK (TREE_LEAF / 24 + 1)

/* What is too much for one node is enough for two. */
static_assert((TREE_LEAF - SLACK + 1) / 2 >= NODE_MIN &&
                  TREE_INNER >= TREE_LEAF,
              "two nodes that share have their minimum");

struct tree_leaf {
    struct tree_leaf *prev;
    struct tree_leaf *next;
    uint32_t count;
    uint32_t room;
    double scores[]; /* room of them, and then as many items */
};

struct tree_inner {
    uint64_t count;
    double scores[TREE_INNER];
    struct item *items[TREE_INNER];
    void *nodes[TREE_INNER];
    uint64_t counts[TREE_INNER]; /* entries below */
};

struct tree_path {
    struct tree_inner *inner[HEIGHT_MAX + 1]; /* from 1 on */
    unsigned at[HEIGHT_MAX + 1];
    struct tree_leaf *leaf;
};

static struct item **leaf_items(const struct tree_leaf *leaf)
{
    return (struct item **)(uintptr_t)(leaf->scores + leaf->room);
}

/* --- Order --------------------------------------------------------------- */

static int key_compare(struct kr_str a, struct kr_str b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size != 0 ? memcmp(a.data, b.data, size) : 0;

    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* Where in the order: before everything equal, or after it. */
struct bound {
    enum bound_by { BY_SCORE, BY_KEY, BY_BOTH } by;
    double score;
    struct kr_str key;
};

/* How many of n ascending scores are below `score`.  The step is
 * arithmetic, as a branch would be guessed wrong every other time. */
static unsigned scores_below(const double *scores, unsigned n, double score)
{
    const double *base = scores;

    if (n == 0)
        return 0;
    while (n > 1) {
        size_t half = n / 2;

        base += half & -(size_t)(base[half - 1] < score);
        n -= (unsigned)half;
    }
    return (unsigned)(base - scores) + (*base < score);
}

static unsigned scores_up_to(const double *scores, unsigned n, double score)
{
    const double *base = scores;

    if (n == 0)
        return 0;
    while (n > 1) {
        size_t half = n / 2;

        base += half & -(size_t)(base[half - 1] <= score);
        n -= (unsigned)half;
    }
    return (unsigned)(base - scores) + (*base <= score);
}

/* How many of n items, with ascending keys, are below `key`; `after`: or equal.
 * Every step reads an item, which is likely to be cold. */
static unsigned keys_before(struct item *const *items, unsigned n,
                            struct kr_str key, bool after)
{
    unsigned low = 0;

    while (low < n) {
        unsigned middle = low + (n - low) / 2;

        if (key_compare(item_key(items[middle]), key) < (int)after)
            low = middle + 1;
        else
            n = middle;
    }
    return low;
}

/* How many of n ascending entries are before the bound. */
static unsigned bound_count(const struct bound *b, bool after,
                            const double *scores, struct item *const *items,
                            unsigned n)
{
    unsigned low, high;

    switch (b->by) {
    case BY_SCORE:
        return after ? scores_up_to(scores, n, b->score)
                     : scores_below(scores, n, b->score);
    case BY_KEY:
        return keys_before(items, n, b->key, after);
    case BY_BOTH:
        break;
    }
    low = scores_below(scores, n, b->score);
    if (low == n || scores[low] != b->score)
        return low;
    high = low + 1; /* most scores are alone */
    if (high < n && scores[high] == b->score)
        high += scores_up_to(scores + high, n - high, b->score);
    return low + keys_before(items + low, high - low, b->key, after);
}

/* --- Ways down ----------------------------------------------------------- */

static void path_enter(struct tree_path *path, unsigned level,
                       struct tree_inner *inner, unsigned at)
{
    path->inner[level] = inner;
    path->at[level] = at;
}

/* To the bound.  An entry that is equal to it is ahead: at `at[0]`, or `after`
 * it.  Answers how many entries are before, if `counted`. */
static uint64_t path_to_bound(const struct tree *t, const struct bound *b,
                              bool after, bool counted, struct tree_path *path)
{
    /* What equals a child's first entry is in that child.  Otherwise a gap
     * would be at the end of the leaf before, which is as good a gap, but not
     * the entry itself. */
    bool inner_after = after || b->by == BY_BOTH;
    uint64_t before = 0;
    void *node = t->root;

    for (unsigned level = t->height; level > 0; level--) {
        struct tree_inner *inner = node;
        unsigned at = bound_count(b, inner_after, inner->scores, inner->items,
                                  (unsigned)inner->count);

        at -= at > 0;
        path_enter(path, level, inner, at);
        node = inner->nodes[at];
        kr_prefetch(node);
        kr_prefetch((char *)node + 256);
        if (counted)
            for (unsigned i = 0; i < at; i++)
                before += inner->counts[i];
    }
    path->leaf = node;
    path->at[0] = bound_count(b, after, path->leaf->scores,
                              leaf_items(path->leaf), path->leaf->count);
    return before + path->at[0];
}

static void path_to_position(const struct tree *t, uint64_t position,
                             struct tree_path *path)
{
    void *node = t->root;

    for (unsigned level = t->height; level > 0; level--) {
        struct tree_inner *inner = node;
        unsigned at = 0;

        while (at + 1 < inner->count && position >= inner->counts[at])
            position -= inner->counts[at++];
        path_enter(path, level, inner, at);
        node = inner->nodes[at];
    }
    path->leaf = node;
    path->at[0] =
        position < path->leaf->count ? (unsigned)position : path->leaf->count;
}

static void path_to_end(const struct tree *t, bool back, struct tree_path *path)
{
    void *node = t->root;

    for (unsigned level = t->height; level > 0; level--) {
        struct tree_inner *inner = node;
        unsigned at = back ? (unsigned)inner->count - 1 : 0;

        path_enter(path, level, inner, at);
        node = inner->nodes[at];
    }
    path->leaf = node;
    path->at[0] = back ? path->leaf->count : 0;
}

/* Does the path lead to an entry equal to the bound? */
static bool path_found(const struct tree_path *path, const struct bound *b)
{
    const struct tree_leaf *leaf = path->leaf;
    unsigned at = path->at[0];

    return at < leaf->count && leaf->scores[at] == b->score &&
           kr_str_equal(item_key(leaf_items(leaf)[at]), b->key);
}

static struct bound bound_of(double score, const struct item *item)
{
    return (struct bound){BY_BOTH, score, item_key(item)};
}

/* --- What parents know --------------------------------------------------- */

static unsigned node_count(const void *node, unsigned level)
{
    return level == 0 ? ((const struct tree_leaf *)node)->count
                      : (unsigned)((const struct tree_inner *)node)->count;
}

static struct tree_entry node_first(const void *node, unsigned level)
{
    const struct tree_leaf *leaf = node;
    const struct tree_inner *inner = node;

    if (level == 0)
        return (struct tree_entry){leaf->scores[0], leaf_items(leaf)[0]};
    return (struct tree_entry){inner->scores[0], inner->items[0]};
}

/* Write down anew, in slot `at` of its parent, what a node that is not empty
 * begins with. */
static void inner_learn_first(struct tree_inner *parent, unsigned at,
                              unsigned level)
{
    struct tree_entry first = node_first(parent->nodes[at], level);

    parent->scores[at] = first.score;
    parent->items[at] = first.item;
}

static void inner_learn(struct tree_inner *parent, unsigned at, unsigned level)
{
    const struct tree_inner *inner = parent->nodes[at];
    uint64_t count = 0;

    inner_learn_first(parent, at, level);
    if (level == 0)
        count = node_count(inner, 0);
    else
        for (unsigned i = 0; i < inner->count; i++)
            count += inner->counts[i];
    parent->counts[at] = count;
}

/* The node at `level` begins with another entry: tell all whom it concerns.
 * Rare, so it is kept out of the way of what is not. */
static __attribute__((noinline)) void
path_learn_first(const struct tree *t, const struct tree_path *path,
                 unsigned level)
{
    for (; level < t->height; level++) {
        inner_learn_first(path->inner[level + 1], path->at[level + 1], level);
        if (path->at[level + 1] != 0)
            return;
    }
}

static void path_add(const struct tree *t, const struct tree_path *path,
                     uint64_t delta)
{
    for (unsigned level = 1; level <= t->height; level++)
        path->inner[level]->counts[path->at[level]] += delta;
}

/* --- Nodes --------------------------------------------------------------- */

static size_t leaf_size(uint32_t room)
{
    return sizeof(struct tree_leaf) +
           room * (sizeof(double) + sizeof(struct item *));
}

static struct tree_leaf *
leaf_new(struct tree *t, const struct structure_host *host, uint32_t room)
{
    struct tree_leaf *leaf = structure_alloc(host, leaf_size(room));

    leaf->prev = leaf->next = NULL;
    leaf->count = 0;
    leaf->room = room;
    t->leaves++;
    return leaf;
}

static void leaf_link(struct tree_leaf *leaf, struct tree_leaf *prev)
{
    leaf->prev = prev;
    leaf->next = prev->next;
    prev->next = leaf;
    if (leaf->next != NULL)
        leaf->next->prev = leaf;
}

static void *node_new(struct tree *t, const struct structure_host *host,
                      unsigned level)
{
    struct tree_inner *inner;

    if (level == 0)
        return leaf_new(t, host, TREE_LEAF);
    inner = structure_alloc(host, sizeof(*inner));
    inner->count = 0;
    t->inners++;
    return inner;
}

static void node_free(struct tree *t, const struct structure_host *host,
                      void *node, unsigned level)
{
    if (level == 0) {
        struct tree_leaf *leaf = node;

        if (leaf->prev != NULL)
            leaf->prev->next = leaf->next;
        if (leaf->next != NULL)
            leaf->next->prev = leaf->prev;
        t->leaves--;
    } else {
        t->inners--;
    }
    structure_free(host, node);
}

/* A node is two or four arrays of words of eight bytes. */
static_assert(sizeof(double) == 8 && sizeof(void *) == 8, "words of eight");

static unsigned node_arrays(unsigned level)
{
    return level == 0 ? 2 : 4;
}

static char *node_array(const void *node, unsigned level, unsigned array)
{
    const struct tree_leaf *leaf = node;
    const struct tree_inner *inner = node;
    const double *first = level == 0 ? leaf->scores : inner->scores;
    size_t words = level == 0 ? leaf->room : TREE_INNER;

    return (char *)(uintptr_t)first + array * words * 8;
}

/* Copy n entries or children; source and target may overlap, and be the same
 * node. */
static void node_move(void *to, unsigned to_at, const void *from,
                      unsigned from_at, unsigned n, unsigned level)
{
    for (unsigned i = 0; i < node_arrays(level); i++)
        memmove(node_array(to, level, i) + to_at * 8,
                node_array(from, level, i) + from_at * 8, n * 8);
}

static void node_set_count(void *node, unsigned level, unsigned count)
{
    if (level == 0)
        ((struct tree_leaf *)node)->count = count;
    else
        ((struct tree_inner *)node)->count = count;
}

/* --- Sharing ------------------------------------------------------------- */

/* A run of neighbours: children `at` to `at + width` of `parent`, at `level`. */
struct window {
    struct tree_inner *parent;
    unsigned level;
    unsigned at;
    unsigned width;
    unsigned total; /* entries or children in them */
};

static struct window window_around(struct tree_inner *parent, unsigned level,
                                   unsigned at, unsigned width)
{
    struct window w = {parent, level, 0, 0, 0};
    unsigned count = (unsigned)parent->count;

    w.width = width < count ? width : count;
    w.at = at > w.width / 2 ? at - w.width / 2 : 0;
    if (w.at + w.width > count)
        w.at = count - w.width;
    for (unsigned i = 0; i < w.width; i++)
        w.total += node_count(parent->nodes[w.at + i], level);
    return w;
}

/* Take nodes away from the end of a window, or add empty ones to it.  The
 * parent has room. */
static void window_resize(struct tree *t, const struct structure_host *host,
                          const struct window *w, unsigned width)
{
    struct tree_inner *parent = w->parent;
    unsigned end = w->at + w->width;

    for (unsigned i = width; i < w->width; i++)
        node_free(t, host, parent->nodes[w->at + i], w->level);
    node_move(parent, w->at + width, parent, end, (unsigned)parent->count - end,
              1);
    parent->count = parent->count + width - w->width;
    for (unsigned i = w->width; i < width; i++) {
        void *node = node_new(t, host, w->level);

        if (w->level == 0)
            leaf_link(node, parent->nodes[w->at + i - 1]);
        parent->nodes[w->at + i] = node;
    }
}

/* Gather what the window has and deal it out to `width` nodes, of which number
 * i gets shares[i]. */
static void window_deal(struct tree *t, const struct structure_host *host,
                        const struct window *w, const unsigned *shares,
                        unsigned width)
{
    char table[4][WINDOW * TREE_INNER * 8];
    void **nodes = w->parent->nodes + w->at;
    unsigned dealt = 0;

    for (unsigned i = 0; i < w->width; i++) {
        unsigned count = node_count(nodes[i], w->level);

        for (unsigned a = 0; a < node_arrays(w->level); a++)
            memcpy(table[a] + dealt * 8, node_array(nodes[i], w->level, a),
                   count * 8);
        dealt += count;
    }
    window_resize(t, host, w, width);
    dealt = 0;
    for (unsigned i = 0; i < width; i++) {
        for (unsigned a = 0; a < node_arrays(w->level); a++)
            memcpy(node_array(nodes[i], w->level, a), table[a] + dealt * 8,
                   shares[i] * 8);
        node_set_count(nodes[i], w->level, shares[i]);
        inner_learn(w->parent, w->at + i, w->level);
        dealt += shares[i];
    }
    assert(dealt == w->total);
}

static void window_deal_evenly(struct tree *t,
                               const struct structure_host *host,
                               const struct window *w, unsigned width)
{
    unsigned shares[WINDOW + 1];

    for (unsigned i = 0; i < width; i++)
        shares[i] = w->total * (i + 1) / width - w->total * i / width;
    window_deal(t, host, w, shares, width);
}

static unsigned level_max(unsigned level)
{
    return level == 0 ? TREE_LEAF : TREE_INNER;
}

/* --- Making room --------------------------------------------------------- */

/* Where an entry is to be inserted. */
enum side { FRONT, MIDDLE, BACK };

static void tree_raise(struct tree *t, const struct structure_host *host,
                       struct tree_path *path)
{
    struct tree_inner *root;

    assert(t->height < HEIGHT_MAX);
    root = node_new(t, host, t->height + 1);
    root->count = 1;
    root->nodes[0] = t->root;
    inner_learn(root, 0, t->height);
    t->root = root;
    t->height++;
    path_enter(path, t->height, root, 0);
}

/* The node at `level` is full: a step towards one that is not.  Another way has
 * to be sought, on which the next node that is full is higher, or none is. */
static void tree_make_room(struct tree *t, const struct structure_host *host,
                           struct tree_path *path, unsigned level,
                           enum side side)
{
    unsigned max = level_max(level);
    struct tree_inner *parent;
    struct window w;

    if (level == t->height)
        tree_raise(t, host, path);
    parent = path->inner[level + 1];
    w = window_around(parent, level, path->at[level + 1],
                      side == MIDDLE ? WINDOW : 1);
    if (side == MIDDLE && w.total + w.width * SLACK <= w.width * max) {
        unsigned width = w.width;

        /* Between both ends of a level, which may have next to nothing. */
        while (w.total / width < NODE_MIN)
            width--;
        window_deal_evenly(t, host, &w, width);
    } else if (parent->count == TREE_INNER) {
        tree_make_room(t, host, path, level + 1, side);
    } else if (side == MIDDLE) {
        window_deal_evenly(t, host, &w, w.width + 1);
    } else {
        unsigned most[2] = {max - 1, 1};
        unsigned least[2] = {1, max - 1};

        window_deal(t, host, &w, side == BACK ? most : least, 2);
    }
}

/* The only leaf, with more room. */
static void tree_grow_leaf(struct tree *t, const struct structure_host *host)
{
    struct tree_leaf *leaf = t->root;
    uint32_t room = leaf->room * 2;
    struct tree_leaf *larger =
        leaf_new(t, host, room < TREE_LEAF / 2 ? room : TREE_LEAF);

    node_move(larger, 0, leaf, 0, leaf->count, 0);
    larger->count = leaf->count;
    node_free(t, host, leaf, 0);
    t->root = larger;
}

/* --- Changing ------------------------------------------------------------ */

static void leaf_put(struct tree *t, const struct tree_path *path, double score,
                     struct item *item)
{
    struct tree_leaf *leaf = path->leaf;
    unsigned at = path->at[0];

    node_move(leaf, at + 1, leaf, at, leaf->count - at, 0);
    leaf->scores[at] = score;
    leaf_items(leaf)[at] = item;
    leaf->count++;
    t->count++;
    path_add(t, path, 1);
    if (at == 0)
        path_learn_first(t, path, 0);
}

static void tree_put(struct tree *t, const struct structure_host *host,
                     double score, struct item *item, enum side side)
{
    struct bound b = bound_of(score, item);
    struct tree_path path;

    assert(!isnan(score));
    if (t->root == NULL)
        t->root = leaf_new(t, host, ROOM_FIRST);
    for (;;) {
        struct tree_leaf *leaf;
        enum side way = side;

        if (side == MIDDLE)
            path_to_bound(t, &b, false, false, &path);
        else
            path_to_end(t, side == BACK, &path);
        leaf = path.leaf;
        if (leaf->count < leaf->room)
            break;
        if (leaf->room < TREE_LEAF) {
            tree_grow_leaf(t, host);
            continue;
        }
        if (leaf->next == NULL && path.at[0] == leaf->count)
            way = BACK;
        else if (leaf->prev == NULL && path.at[0] == 0)
            way = FRONT;
        tree_make_room(t, host, &path, 0, way);
    }
    leaf_put(t, &path, score, item);
}

void tree_insert(struct tree *t, const struct structure_host *host,
                 double score, struct item *item)
{
    tree_put(t, host, score, item, MIDDLE);
}

/* Is entry `at` of the leaf before the bound, which it does not equal? */
static bool entry_before(const struct tree_leaf *leaf, unsigned at,
                         const struct bound *b)
{
    return bound_count(b, false, leaf->scores + at, leaf_items(leaf) + at, 1);
}

void tree_load(struct tree *t, const struct structure_host *host, double score,
               struct item *item)
{
    struct bound b = bound_of(score, item);
    struct tree_path path;
    enum side side = MIDDLE;

    if (t->root != NULL) {
        path_to_end(t, true, &path);
        if (entry_before(path.leaf, path.leaf->count - 1, &b)) {
            side = BACK;
        } else {
            path_to_end(t, false, &path);
            if (!entry_before(path.leaf, 0, &b))
                side = FRONT;
        }
    }
    tree_put(t, host, score, item, side);
}

/* Is the node at `level` of the path the first or the last of its level? */
static bool path_at_end(const struct tree *t, const struct tree_path *path,
                        unsigned level)
{
    bool first = true, last = true;

    for (unsigned l = level + 1; l <= t->height; l++) {
        first = first && path->at[l] == 0;
        last = last && path->at[l] + 1 == path->inner[l]->count;
    }
    return first || last;
}

static void tree_lower(struct tree *t, const struct structure_host *host)
{
    while (t->root != NULL &&
           node_count(t->root, t->height) <= (t->height > 0)) {
        struct tree_inner *root = t->root;
        void *below = t->height > 0 && root->count == 1 ? root->nodes[0] : NULL;

        node_free(t, host, root, t->height);
        t->root = below;
        t->height = below != NULL ? t->height - 1 : 0;
    }
}

/* Entries have gone from the leaf: let every node of the path that has become
 * empty go, and every one that has too little share. */
static void tree_repair(struct tree *t, const struct structure_host *host,
                        struct tree_path *path)
{
    void *node = path->leaf;

    for (unsigned level = 0; level < t->height; level++) {
        struct tree_inner *parent = path->inner[level + 1];
        unsigned at = path->at[level + 1];
        unsigned count = node_count(node, level);

        if (count == 0) {
            struct window alone = {parent, level, at, 1, 0};

            window_resize(t, host, &alone, 0);
        } else {
            path_learn_first(t, path, level);
            if (count < NODE_MIN && !path_at_end(t, path, level)) {
                struct window w = window_around(parent, level, at, WINDOW);
                unsigned max = level_max(level) - SLACK;
                unsigned need = (w.total + max - 1) / max;

                window_deal_evenly(t, host, &w,
                                   need < w.width ? need : w.width);
            }
        }
        node = parent;
    }
    tree_lower(t, host);
}

/* Forget n entries from `at[0]` on, which are in the leaf. */
static void path_erase(struct tree *t, const struct structure_host *host,
                       struct tree_path *path, unsigned n)
{
    struct tree_leaf *leaf = path->leaf;
    unsigned at = path->at[0];

    node_move(leaf, at, leaf, at + n, leaf->count - at - n, 0);
    leaf->count -= n;
    t->count -= n;
    path_add(t, path, -(uint64_t)n);
    if (at == 0 || leaf->count < NODE_MIN)
        tree_repair(t, host, path);
}

struct item *tree_erase(struct tree *t, const struct structure_host *host,
                        double score, struct kr_str key)
{
    struct bound b = {BY_BOTH, score, key};
    struct tree_path path;
    struct item *item;

    if (t->root == NULL)
        return NULL;
    path_to_bound(t, &b, false, false, &path);
    if (!path_found(&path, &b))
        return NULL;
    item = leaf_items(path.leaf)[path.at[0]];
    path_erase(t, host, &path, 1);
    return item;
}

/* May an entry that is in this leaf take the bound's place without leaving it?
 * If so, `*to` is where it is then.  At the border of two leaves the answer is
 * no, without a look at the other one: that is likely to be cold, and most who
 * get that far go on. */
static bool path_stays(const struct tree_path *path, const struct bound *b,
                       unsigned *to)
{
    const struct tree_leaf *leaf = path->leaf;
    unsigned at =
        bound_count(b, false, leaf->scores, leaf_items(leaf), leaf->count);

    at -= at > path->at[0]; /* it is not in its own way */
    *to = at;
    return (at > 0 || leaf->prev == NULL) &&
           (at + 1 < leaf->count || leaf->next == NULL);
}

void tree_move(struct tree *t, const struct structure_host *host,
               struct item *item, double old_score, double new_score)
{
    struct bound from = bound_of(old_score, item);
    struct bound b = bound_of(new_score, item);
    struct tree_path path;
    struct tree_leaf *leaf;
    unsigned at, to;

    assert(t->root != NULL && !isnan(new_score));
    path_to_bound(t, &from, false, false, &path);
    leaf = path.leaf;
    at = path.at[0];
    assert(at < leaf->count && leaf_items(leaf)[at] == item);
    if (!path_stays(&path, &b, &to)) {
        path_erase(t, host, &path, 1);
        tree_insert(t, host, new_score, item);
        return;
    }
    if (to < at)
        node_move(leaf, to + 1, leaf, to, at - to, 0);
    else
        node_move(leaf, at, leaf, at + 1, to - at, 0);
    leaf->scores[to] = new_score;
    leaf_items(leaf)[to] = item;
    if (to == 0 || at == 0)
        path_learn_first(t, &path, 0);
}

void tree_replace(struct tree *t, double score, const struct item *old_item,
                  struct item *new_item)
{
    struct bound b = bound_of(score, old_item);
    struct tree_path path;

    assert(t->root != NULL);
    path_to_bound(t, &b, false, false, &path);
    assert(path.at[0] < path.leaf->count &&
           leaf_items(path.leaf)[path.at[0]] == old_item);
    leaf_items(path.leaf)[path.at[0]] = new_item;
    if (path.at[0] == 0)
        path_learn_first(t, &path, 0);
}

void tree_replace_at(struct tree *t, uint64_t position, struct item *new_item)
{
    struct tree_path path;

    assert(position < t->count);
    path_to_position(t, position, &path);
    leaf_items(path.leaf)[path.at[0]] = new_item;
    if (path.at[0] == 0)
        path_learn_first(t, &path, 0);
}

/* Erase n entries from the path's, and then hand them over. */
static void path_release(struct tree *t, const struct structure_host *host,
                         struct tree_path *path, unsigned n,
                         tree_item_fn release, void *ctx)
{
    struct tree_entry gone[TREE_LEAF];

    for (unsigned i = 0; i < n; i++) {
        gone[i].score = path->leaf->scores[path->at[0] + i];
        gone[i].item = leaf_items(path->leaf)[path->at[0] + i];
        if (release != NULL)
            kr_prefetch(gone[i].item);
    }
    path_erase(t, host, path, n);
    for (unsigned i = 0; release != NULL && i < n; i++)
        release(gone[i].score, gone[i].item, ctx);
}

uint64_t tree_erase_range(struct tree *t, const struct structure_host *host,
                          uint64_t position, uint64_t count,
                          tree_item_fn release, void *ctx)
{
    uint64_t left;

    if (position >= t->count)
        return 0;
    if (count > t->count - position)
        count = t->count - position;
    for (left = count; left > 0;) {
        struct tree_path path;
        unsigned n;

        path_to_position(t, position, &path);
        n = path.leaf->count - path.at[0];
        if (n > left)
            n = (unsigned)left;
        path_release(t, host, &path, n, release, ctx);
        left -= n;
    }
    return count;
}

bool tree_clear_step(struct tree *t, const struct structure_host *host,
                     uint64_t budget, tree_item_fn release, void *ctx)
{
    while (budget > 0 && t->root != NULL) {
        struct tree_path path;
        unsigned n;

        path_to_end(t, true, &path);
        n = path.leaf->count;
        if (n > budget)
            n = (unsigned)budget;
        path.at[0] -= n;
        path_release(t, host, &path, n, release, ctx);
        budget -= n;
    }
    return t->root == NULL;
}

/* --- Finding ------------------------------------------------------------- */

static uint64_t tree_seek_bound(const struct tree *t, const struct bound *b,
                                bool after, struct tree_place *at)
{
    struct tree_path path = {.leaf = NULL};
    uint64_t before = 0;

    if (t->root != NULL)
        before = path_to_bound(t, b, after, true, &path);
    if (at != NULL)
        *at = (struct tree_place){path.leaf, path.at[0]};
    return before;
}

bool tree_find(const struct tree *t, double score, struct kr_str key,
               uint64_t *position, struct tree_place *at)
{
    struct bound b = {BY_BOTH, score, key};
    struct tree_path path = {.leaf = NULL};
    uint64_t before = 0;

    if (t->root != NULL)
        before = path_to_bound(t, &b, false, true, &path);
    if (position != NULL)
        *position = before;
    if (at != NULL)
        *at = (struct tree_place){path.leaf, path.at[0]};
    return t->root != NULL && path_found(&path, &b);
}

uint64_t tree_seek_score(const struct tree *t, double score, bool after,
                         struct tree_place *at)
{
    struct bound b = {BY_SCORE, score, {NULL, 0}};

    return tree_seek_bound(t, &b, after, at);
}

uint64_t tree_seek_key(const struct tree *t, struct kr_str key, bool after,
                       struct tree_place *at)
{
    struct bound b = {BY_KEY, 0, key};

    return tree_seek_bound(t, &b, after, at);
}

void tree_seek(const struct tree *t, uint64_t position, struct tree_place *at)
{
    struct tree_path path = {.leaf = NULL};

    if (t->root != NULL)
        path_to_position(t, position, &path);
    *at = (struct tree_place){path.leaf, path.at[0]};
}

/* --- Reading ------------------------------------------------------------- */

static struct tree_entry leaf_entry(const struct tree_leaf *leaf, unsigned at)
{
    struct tree_entry entry = {leaf->scores[at], leaf_items(leaf)[at]};

    kr_prefetch(entry.item);
    return entry;
}

size_t tree_forward(struct tree_place *at, struct tree_entry *batch, size_t max)
{
    size_t n = 0;

    while (n < max && at->leaf != NULL) {
        if (at->at < at->leaf->count)
            batch[n++] = leaf_entry(at->leaf, at->at++);
        else if (at->leaf->next != NULL)
            *at = (struct tree_place){at->leaf->next, 0};
        else
            break;
    }
    return n;
}

size_t tree_backward(struct tree_place *at, struct tree_entry *batch,
                     size_t max)
{
    size_t n = 0;

    while (n < max && at->leaf != NULL) {
        if (at->at > 0)
            batch[n++] = leaf_entry(at->leaf, --at->at);
        else if (at->leaf->prev != NULL)
            *at = (struct tree_place){at->leaf->prev, at->leaf->prev->count};
        else
            break;
    }
    return n;
}

/* --- Looking at it ------------------------------------------------------- */

size_t tree_memory(const struct tree *t)
{
    uint32_t room = TREE_LEAF;

    if (t->height == 0 && t->root != NULL)
        room = ((const struct tree_leaf *)t->root)->room;
    return t->leaves * leaf_size(room) + t->inners * sizeof(struct tree_inner);
}

struct tree_census {
    const struct tree_leaf *last; /* leaf, in order */
    uint64_t leaves;
    uint64_t inners;
    const char *wrong;
};

static bool census_claim(struct tree_census *c, bool holds, const char *wrong)
{
    if (!holds && c->wrong == NULL)
        c->wrong = wrong;
    return holds;
}

static bool entries_ascend(double a_score, const struct item *a, double b_score,
                           const struct item *b)
{
    return a_score < b_score ||
           (a_score == b_score && key_compare(item_key(a), item_key(b)) < 0);
}

static uint64_t leaf_check(const struct tree *t, struct tree_census *c,
                           const struct tree_leaf *leaf)
{
    const struct tree_leaf *prev = c->last;
    struct item **items = leaf_items(leaf);

    census_claim(c, leaf->count > 0, "an empty leaf");
    census_claim(c, leaf->count <= leaf->room, "a leaf beyond its room");
    census_claim(c, leaf->room == TREE_LEAF || t->height == 0,
                 "a small leaf that is not alone");
    census_claim(c, leaf->prev == prev, "a leaf's way back is wrong");
    census_claim(c, prev == NULL || prev->next == leaf,
                 "a leaf's way on is wrong");
    if (c->wrong == NULL && prev != NULL)
        census_claim(c,
                     entries_ascend(prev->scores[prev->count - 1],
                                    leaf_items(prev)[prev->count - 1],
                                    leaf->scores[0], items[0]),
                     "leaves are out of order");
    for (unsigned i = 1; c->wrong == NULL && i < leaf->count; i++)
        census_claim(c,
                     entries_ascend(leaf->scores[i - 1], items[i - 1],
                                    leaf->scores[i], items[i]),
                     "entries are out of order");
    c->last = leaf;
    c->leaves++;
    return leaf->count;
}

/* `first`, `last`: of its level.  Answers the entries below the node. */
static uint64_t node_check(const struct tree *t, struct tree_census *c,
                           const void *node, unsigned level, bool first,
                           bool last)
{
    const struct tree_inner *inner = node;
    uint64_t total = 0;

    census_claim(c, first || last || node_count(node, level) >= NODE_MIN,
                 "a node between others has too little");
    if (level == 0)
        return leaf_check(t, c, node);
    c->inners++;
    if (!census_claim(c, inner->count > 0 && inner->count <= TREE_INNER,
                      "an inner node has no such number of children"))
        return 0;
    for (unsigned i = 0; c->wrong == NULL && i < inner->count; i++) {
        uint64_t below =
            node_check(t, c, inner->nodes[i], level - 1, first && i == 0,
                       last && i + 1 == inner->count);
        struct tree_entry begin;

        if (c->wrong != NULL)
            break;
        begin = node_first(inner->nodes[i], level - 1);
        census_claim(c, inner->counts[i] == below, "a count is wrong");
        census_claim(
            c, inner->scores[i] == begin.score && inner->items[i] == begin.item,
            "a child's first entry is another");
        total += below;
    }
    return total;
}

const char *tree_check(const struct tree *t)
{
    struct tree_census c = {NULL, 0, 0, NULL};
    uint64_t total;

    if (t->root == NULL)
        return t->count + t->height + t->leaves + t->inners == 0
                   ? NULL
                   : "an empty tree has something";
    if (t->height > 0 && node_count(t->root, t->height) < 2)
        return "a root has one child";
    total = node_check(t, &c, t->root, t->height, true, true);
    if (c.wrong == NULL) {
        census_claim(&c, total == t->count, "the tree's count is wrong");
        census_claim(&c, c.last->next == NULL, "the last leaf leads on");
        census_claim(&c, c.leaves == t->leaves && c.inners == t->inners,
                     "the number of nodes is wrong");
    }
    return c.wrong;
}
