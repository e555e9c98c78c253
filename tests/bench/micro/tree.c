/* SPDX-License-Identifier: BSD-3-Clause */
/* tree - nanoseconds and bytes of the counted B+-tree, and of a skiplist.
 *
 *     micro-tree [entries at most, 1000000]
 *
 * Both hold the same items, with scores by chance, and answer the same
 * questions in the same order; what they answer is compared.  The skiplist is
 * the usual one for sorted sets: a node of score, item, way back, and for each
 * level (one more with a chance of 1/4) a way on and the number of entries that
 * it leaps over.
 *
 *     insert   in an order by chance
 *     append   in order, into an empty one
 *     rank     position of an entry, by chance
 *     seek     entry at a position, by chance
 *     range    100 entries from a score on, reading each item's first byte
 *     move     a new score: a little more than the old one
 *     erase    in an order by chance
 *     bytes    an entry, beside the item and 8 of the score
 *
 * Time is that of this process alone, so others on the machine only disturb
 * its cache. */
#include "modules/structure/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/memory/memory.h"

#define ASKED UINT64_C(300000)
#define READ  100

static uint64_t mix(uint64_t z)
{
    z += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t below(uint64_t i, uint64_t bound)
{
    return (uint64_t)((unsigned __int128)mix(i) * bound >> 64);
}

static double now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void *bench_alloc(void *owner, size_t size)
{
    (void)owner;
    return memory_alloc(size);
}

static void bench_free(void *owner, void *block)
{
    (void)owner;
    memory_free(block);
}

static const struct structure_host host = {bench_alloc, bench_free, NULL, NULL};

/* --- A skiplist ------------------------------------------------------------------ */

#define LEVELS 32

struct leap {
    struct node *next;
    uint64_t span;
};

struct node {
    struct item *item;
    double score;
    struct node *prev;
    struct leap leaps[];
};

struct list {
    struct node *head;
    uint64_t count;
    uint64_t seed;
    int levels;
};

static struct node *node_new(int levels, double score, struct item *item)
{
    struct node *n =
        memory_alloc(sizeof(*n) + (size_t)levels * sizeof(struct leap));

    n->score = score;
    n->item = item;
    n->prev = NULL;
    memset(n->leaps, 0, (size_t)levels * sizeof(struct leap));
    return n;
}

static void list_init(struct list *l)
{
    *l = (struct list){node_new(LEVELS, 0, NULL), 0, 1, 1};
}

static int key_order(struct kr_str a, struct kr_str b)
{
    int order = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);

    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static bool node_before(const struct node *n, double score, struct kr_str key)
{
    return n->score < score ||
           (n->score == score && key_order(item_key(n->item), key) < 0);
}

/* The last node before the entry at each level, and its position. */
static void list_way(const struct list *l, double score, struct kr_str key,
                     struct node **way, uint64_t *position)
{
    struct node *n = l->head;
    uint64_t at = 0;

    for (int i = l->levels - 1; i >= 0; i--) {
        while (n->leaps[i].next != NULL &&
               node_before(n->leaps[i].next, score, key)) {
            at += n->leaps[i].span;
            n = n->leaps[i].next;
        }
        way[i] = n;
        position[i] = at;
    }
}

static void list_insert(struct list *l, double score, struct item *item)
{
    struct node *way[LEVELS], *n;
    uint64_t position[LEVELS];
    uint64_t bits = mix(l->seed++);
    int levels = 1;

    for (; levels < LEVELS && (bits & 3) == 0; bits >>= 2)
        levels++;
    list_way(l, score, item_key(item), way, position);
    for (; l->levels < levels; l->levels++) {
        way[l->levels] = l->head;
        position[l->levels] = 0;
        l->head->leaps[l->levels].span = l->count;
    }
    n = node_new(levels, score, item);
    for (int i = 0; i < levels; i++) {
        uint64_t over = position[0] - position[i];

        n->leaps[i].next = way[i]->leaps[i].next;
        way[i]->leaps[i].next = n;
        n->leaps[i].span = way[i]->leaps[i].span - over;
        way[i]->leaps[i].span = over + 1;
    }
    for (int i = levels; i < l->levels; i++)
        way[i]->leaps[i].span++;
    n->prev = way[0];
    if (n->leaps[0].next != NULL)
        n->leaps[0].next->prev = n;
    l->count++;
}

static void list_erase(struct list *l, double score, struct kr_str key)
{
    struct node *way[LEVELS], *n;
    uint64_t position[LEVELS];

    list_way(l, score, key, way, position);
    n = way[0]->leaps[0].next;
    for (int i = 0; i < l->levels; i++) {
        if (way[i]->leaps[i].next == n) {
            way[i]->leaps[i].span += n->leaps[i].span - 1;
            way[i]->leaps[i].next = n->leaps[i].next;
        } else {
            way[i]->leaps[i].span--;
        }
    }
    if (n->leaps[0].next != NULL)
        n->leaps[0].next->prev = n->prev;
    memory_free(n);
    l->count--;
}

static struct node *list_seek(const struct list *l, uint64_t position)
{
    struct node *n = l->head;
    uint64_t left = position + 1;

    for (int i = l->levels - 1; i >= 0; i--) {
        while (n->leaps[i].next != NULL && n->leaps[i].span <= left) {
            left -= n->leaps[i].span;
            n = n->leaps[i].next;
        }
    }
    return n;
}

static void list_fini(struct list *l)
{
    while (l->head != NULL) {
        struct node *next = l->head->leaps[0].next;

        memory_free(l->head);
        l->head = next;
    }
}

/* --- The same questions to both ----------------------------------------------- */

struct bench {
    uint64_t count;
    struct item **items;
    double *scores;
    struct tree tree;
    struct list list;
    uint64_t sum; /* of all answers: the same for both */
};

enum { INSERT, APPEND, RANK, SEEK, RANGE, MOVE, ERASE, BYTES, FIGURES };

static double score_at(uint64_t i)
{
    return (double)(mix(i) >> 24);
}

static void tree_ask(struct bench *b, double *ns)
{
    double start = now_ns();
    uint64_t position;
    struct tree_place at;
    struct tree_entry e[READ];

    for (uint64_t i = 0; i < ASKED; i++) {
        uint64_t n = below(i, b->count);

        tree_find(&b->tree, b->scores[n], item_key(b->items[n]), &position,
                  NULL);
        b->sum += position;
    }
    ns[RANK] = (now_ns() - start) / ASKED;
    start = now_ns();
    for (uint64_t i = 0; i < ASKED; i++) {
        tree_seek(&b->tree, below(i, b->count), &at);
        tree_forward(&at, e, 1);
        b->sum += (uint64_t)e[0].score;
    }
    ns[SEEK] = (now_ns() - start) / ASKED;
    start = now_ns();
    for (uint64_t i = 0; i < ASKED / READ; i++) {
        size_t n;

        tree_seek_score(&b->tree, score_at(~i), false, &at);
        n = tree_forward(&at, e, READ);
        for (size_t j = 0; j < n; j++)
            b->sum += (unsigned char)item_key(e[j].item).data[0];
    }
    ns[RANGE] = (now_ns() - start) / (ASKED / READ);
    start = now_ns();
    for (uint64_t i = 0; i < ASKED; i++) {
        uint64_t n = below(i, b->count);

        tree_move(&b->tree, &host, b->items[n], b->scores[n], b->scores[n] + 1);
        b->scores[n] += 1;
    }
    ns[MOVE] = (now_ns() - start) / ASKED;
}

static void list_ask(struct bench *b, double *ns)
{
    struct node *way[LEVELS];
    uint64_t position[LEVELS];
    double start = now_ns();

    for (uint64_t i = 0; i < ASKED; i++) {
        uint64_t n = below(i, b->count);

        list_way(&b->list, b->scores[n], item_key(b->items[n]), way, position);
        b->sum += position[0];
    }
    ns[RANK] = (now_ns() - start) / ASKED;
    start = now_ns();
    for (uint64_t i = 0; i < ASKED; i++)
        b->sum += (uint64_t)list_seek(&b->list, below(i, b->count))->score;
    ns[SEEK] = (now_ns() - start) / ASKED;
    start = now_ns();
    for (uint64_t i = 0; i < ASKED / READ; i++) {
        struct node *n;

        list_way(&b->list, score_at(~i), KR_STR(""), way, position);
        n = way[0]->leaps[0].next;
        for (int j = 0; j < READ && n != NULL; j++, n = n->leaps[0].next)
            b->sum += (unsigned char)item_key(n->item).data[0];
    }
    ns[RANGE] = (now_ns() - start) / (ASKED / READ);
    start = now_ns();
    for (uint64_t i = 0; i < ASKED; i++) {
        uint64_t n = below(i, b->count);
        double score = b->scores[n] + 1;
        struct node *next;

        /* In place where order allows, as the tree does. */
        list_way(&b->list, b->scores[n], item_key(b->items[n]), way, position);
        next = way[0]->leaps[0].next->leaps[0].next;
        if (next == NULL || !node_before(next, score, item_key(b->items[n]))) {
            way[0]->leaps[0].next->score = score;
        } else {
            list_erase(&b->list, b->scores[n], item_key(b->items[n]));
            list_insert(&b->list, score, b->items[n]);
        }
        b->scores[n] = score;
    }
    ns[MOVE] = (now_ns() - start) / ASKED;
}

static void bench_scores(struct bench *b)
{
    for (uint64_t i = 0; i < b->count; i++)
        b->scores[i] = score_at(i);
}

static void bench_tree(struct bench *b, double *ns)
{
    size_t before = memory_used();
    double count = (double)b->count;
    double start = now_ns();

    bench_scores(b);
    for (uint64_t i = 0; i < b->count; i++)
        tree_load(&b->tree, &host, (double)i, b->items[i]);
    ns[APPEND] = (now_ns() - start) / count;
    while (!tree_clear_step(&b->tree, &host, 1000, NULL, NULL))
        ;
    start = now_ns();
    for (uint64_t i = 0; i < b->count; i++)
        tree_insert(&b->tree, &host, b->scores[i], b->items[i]);
    ns[INSERT] = (now_ns() - start) / count;
    ns[BYTES] = (double)(memory_used() - before) / count - 8;
    tree_ask(b, ns);
    start = now_ns();
    for (uint64_t i = 0; i < b->count; i++)
        tree_erase(&b->tree, &host, b->scores[i], item_key(b->items[i]));
    ns[ERASE] = (now_ns() - start) / count;
}

static void bench_list(struct bench *b, double *ns)
{
    size_t before = memory_used();
    double count = (double)b->count;
    double start = now_ns();

    bench_scores(b);
    list_init(&b->list);
    for (uint64_t i = 0; i < b->count; i++)
        list_insert(&b->list, (double)i, b->items[i]);
    ns[APPEND] = (now_ns() - start) / count;
    list_fini(&b->list);
    list_init(&b->list);
    start = now_ns();
    for (uint64_t i = 0; i < b->count; i++)
        list_insert(&b->list, b->scores[i], b->items[i]);
    ns[INSERT] = (now_ns() - start) / count;
    ns[BYTES] = (double)(memory_used() - before) / count - 8;
    list_ask(b, ns);
    start = now_ns();
    for (uint64_t i = 0; i < b->count; i++)
        list_erase(&b->list, b->scores[i], item_key(b->items[i]));
    ns[ERASE] = (now_ns() - start) / count;
    list_fini(&b->list);
}

static void bench_print(const char *name, uint64_t count, const double *ns)
{
    printf("%9llu %-9s", (unsigned long long)count, name);
    for (int i = 0; i < FIGURES; i++)
        printf(" %8.1f", ns[i]);
    printf("\n");
}

static void bench_run(uint64_t count)
{
    struct bench b = {.count = count};
    double tree_ns[FIGURES], list_ns[FIGURES];
    uint64_t sum;

    b.items = memory_alloc(count * sizeof(b.items[0]));
    b.scores = memory_alloc(count * sizeof(b.scores[0]));
    for (uint64_t i = 0; i < count; i++) {
        char room[32];
        int size = snprintf(room, sizeof(room), "member:%08u", (unsigned)i);

        b.items[i] = item_new(&host, kr_str(room, (size_t)size), 8);
    }
    bench_tree(&b, tree_ns);
    sum = b.sum;
    b.sum = 0;
    bench_list(&b, list_ns);
    bench_print("tree", count, tree_ns);
    bench_print("skiplist", count, list_ns);
    for (int i = 0; i < FIGURES; i++)
        list_ns[i] /= tree_ns[i];
    bench_print("  ratio", count, list_ns);
    if (sum != b.sum) {
        printf("and they do not agree\n");
        exit(1);
    }
    for (uint64_t i = 0; i < count; i++)
        memory_free(b.items[i]);
    memory_free(b.items);
    memory_free(b.scores);
}

int main(int argc, char **argv)
{
    uint64_t most = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;

    printf("  entries             insert   append     rank     seek "
           "   range     move    erase    bytes\n");
    for (uint64_t count = 1000; count <= most; count *= 10)
        bench_run(count);
    return 0;
}
