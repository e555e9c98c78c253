/* SPDX-License-Identifier: BSD-3-Clause */
/* combine - unions, intersections and differences of several sorted sets, or
 * sets, whose members count 1: answered, stored, or only counted.
 *
 *   ZUNION      numkeys key ... [WEIGHTS w ...] [AGGREGATE SUM | MIN | MAX]
 *   ZINTER                      [WITHSCORES]
 *   ZDIFF       numkeys key ... [WITHSCORES]
 *   ZINTERCARD  numkeys key ... [LIMIT n]
 *   Z...STORE   destination, then as above without WITHSCORES
 *
 * Sums of floating-point numbers depend on the order of adding, so that is
 * Redis's: sources by the number of their members, the smallest first, in the
 * order of the words where they are equal.  A product or a sum that is not a
 * number counts 0. */
#include "commands.h"

#include <kr/args.h>
#include <kr/set.h>

#include <math.h>
#include <stdlib.h>

#include "answer.h"

enum combine_op { COMBINE_UNION, COMBINE_INTER, COMBINE_DIFF };
enum combine_sum { COMBINE_SUM, COMBINE_MIN, COMBINE_MAX };

/* --- Sources ------------------------------------------------------------- */

struct source {
    struct kr_cell cell;
    bool is_set;
    uint32_t order; /* among the words */
    uint64_t count; /* 0: the key is not there */
    double weight;
};

static void source_walk(const struct source *source, struct kr_walk *walk)
{
    if (source->is_set)
        kr_sets->walk(&source->cell, walk);
    else
        value_walk(&source->cell, 0, source->count, 0, walk);
}

static bool source_next(const struct source *source, struct kr_walk *walk)
{
    if (!source->is_set)
        return value_next(walk);
    if (!kr_sets->next(walk))
        return false;
    for (uint32_t i = 0; i < walk->count; i++)
        walk->score[i] = 1;
    return true;
}

/* `hash` is the member's: it is looked up in many sources. */
static bool source_find(const struct source *source, struct kr_str member,
                        uint64_t hash, double *score)
{
    if (source->count == 0)
        return false;
    if (!source->is_set)
        return value_score_hashed(&source->cell, member, hash, score);
    *score = 1;
    return kr_sets->contains(&source->cell, member);
}

static int source_compare(const void *a, const void *b)
{
    const struct source *x = a, *y = b;

    if (x->count != y->count)
        return x->count < y->count ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* --- The words ----------------------------------------------------------- */

struct combine {
    enum combine_op op;
    enum combine_sum sum;
    bool stores;      /* or answers, */
    bool counts;      /* or only counts */
    bool with_scores; /* WITHSCORES */
    int64_t limit;    /* of counting; 0: none */
    uint32_t count;   /* sources */
    struct source *sources;
};

/* Look at every key, and remove those that have expired; only then are cells
 * good that are taken together.  false: a wrong type, replied. */
static bool combine_find(struct kr_call *call, uint32_t first,
                         struct combine *combine)
{
    for (uint32_t i = 0; i < combine->count; i++) {
        struct kr_cell cell;

        if (kr_keyspace->find_arg(call, first + i, KR_FIND_READ, &cell) &&
            cell.type != value_type &&
            !(kr_sets != NULL && kr_sets->is_set(&cell))) {
            kr_reply_error(call->reply, KR_ERR_WRONGTYPE);
            return false;
        }
    }
    for (uint32_t i = 0; i < combine->count; i++) {
        struct source *source = &combine->sources[i];

        source->order = i;
        source->weight = 1;
        source->count = 0;
        source->is_set = false;
        if (!kr_keyspace->find_arg(call, first + i,
                                   KR_FIND_READ | KR_FIND_QUIET, &source->cell))
            continue;
        source->is_set = source->cell.type != value_type;
        source->count = source->is_set ? kr_sets->count(&source->cell)
                                       : value_count(&source->cell);
    }
    return true;
}

static bool combine_read_sum(struct kr_str word, enum combine_sum *sum)
{
    static const char *const words[] = {"SUM", "MIN", "MAX"};

    for (size_t i = 0; i < KR_COUNT(words); i++)
        if (kr_str_equal_nocase(word, kr_cstr(words[i]))) {
            *sum = (enum combine_sum)i;
            return true;
        }
    return false;
}

static bool combine_read_weights(struct kr_call *call, uint32_t first,
                                 struct combine *combine)
{
    for (uint32_t i = 0; i < combine->count; i++)
        if (!kr_arg_double(call, first + i, &combine->sources[i].weight,
                           "ERR weight value is not a float"))
            return false;
    return true;
}

/* The options from argument `at` on.  false: an error is replied. */
static bool combine_read_options(struct kr_call *call, uint32_t at,
                                 struct combine *combine)
{
    bool weighs = combine->op != COMBINE_DIFF && !combine->counts;

    while (at < call->argc) {
        uint32_t left = call->argc - at;

        if (weighs && left > combine->count && kr_arg_is(call, at, "WEIGHTS")) {
            if (!combine_read_weights(call, at + 1, combine))
                return false;
            at += combine->count + 1;
        } else if (weighs && left >= 2 && kr_arg_is(call, at, "AGGREGATE") &&
                   combine_read_sum(call->argv[at + 1], &combine->sum)) {
            at += 2;
        } else if (!combine->stores && !combine->counts &&
                   kr_arg_is(call, at, "WITHSCORES")) {
            combine->with_scores = true;
            at++;
        } else if (combine->counts && left >= 2 &&
                   kr_arg_is(call, at, "LIMIT")) {
            if (!kr_arg_int64_in(call, at + 1, 0, INT64_MAX, &combine->limit,
                                 "ERR LIMIT can't be negative"))
                return false;
            at += 2;
        } else {
            kr_refuse_syntax(call);
            return false;
        }
    }
    return true;
}

/* Read all of the call; numkeys is argument `numkeys`.  The caller frees the
 * sources in any case.  false: an error is replied. */
static bool combine_read(struct kr_call *call, uint32_t numkeys,
                         struct combine *combine)
{
    int64_t count;

    if (!kr_arg_int64(call, numkeys, &count))
        return false;
    if (count < 1) {
        kr_reply_errorf(call->reply,
                        "ERR at least 1 input key is needed for '%s' command",
                        kr_commands->full_name(call->command));
        return false;
    }
    if (count > (int64_t)(call->argc - numkeys - 1)) {
        kr_refuse_syntax(call);
        return false;
    }
    combine->count = (uint32_t)count;
    combine->sources =
        kr_memory->alloc(zset_self, combine->count * sizeof(*combine->sources));
    return combine_find(call, numkeys + 1, combine) &&
           combine_read_options(call, numkeys + 1 + combine->count, combine);
}

/* --- Scores -------------------------------------------------------------- */

static double combine_weigh(double weight, double score)
{
    double product = weight * score;

    return isnan(product) ? 0 : product;
}

static double combine_add(enum combine_sum how, double so_far, double score)
{
    double sum;

    switch (how) {
    case COMBINE_SUM:
        sum = so_far + score;
        return isnan(sum) ? 0 : sum;
    case COMBINE_MIN:
        return score < so_far ? score : so_far;
    case COMBINE_MAX:
        return score > so_far ? score : so_far;
    }
    return so_far;
}

/* --- The three operations ------------------------------------------------ */

static void combine_union(const struct combine *combine, struct large *large)
{
    for (uint32_t i = 0; i < combine->count; i++) {
        const struct source *source = &combine->sources[i];
        struct kr_walk walk;

        if (source->count == 0)
            continue;
        source_walk(source, &walk);
        while (source_next(source, &walk))
            for (uint32_t k = 0; k < walk.count; k++) {
                double score = combine_weigh(source->weight, walk.score[k]);
                uint64_t hash = kr_text->hash(walk.item[k]);
                struct item *item;

                if (large_gather(large, &value_host, hash, walk.item[k], &item))
                    item_set_score(item, score);
                else
                    item_set_score(item, combine_add(combine->sum,
                                                     item_score(item), score));
            }
    }
    large_settle(large, &value_host);
}

/* Is the member, whose weighed score of the first source is *score, in all the
 * others?  Products of theirs are summed as they are: Redis makes a 0 of one
 * that is no number only through the sum. */
static bool combine_in_all(const struct combine *combine, struct kr_str member,
                           uint64_t hash, double *score)
{
    for (uint32_t i = 1; i < combine->count; i++) {
        const struct source *source = &combine->sources[i];
        double other;

        if (!source_find(source, member, hash, &other))
            return false;
        *score = combine_add(combine->sum, *score, other * source->weight);
    }
    return true;
}

/* With `large` NULL they are only counted. */
static int64_t combine_inter(const struct combine *combine, struct large *large)
{
    const struct source *first = &combine->sources[0];
    struct kr_walk walk;
    int64_t count = 0;

    if (first->count == 0)
        return 0;
    source_walk(first, &walk);
    while (source_next(first, &walk))
        for (uint32_t k = 0; k < walk.count; k++) {
            double score = combine_weigh(first->weight, walk.score[k]);
            uint64_t hash = kr_text->hash(walk.item[k]);

            if (!combine_in_all(combine, walk.item[k], hash, &score))
                continue;
            count++;
            if (large != NULL)
                large_insert(large, &value_host, hash, walk.item[k], score);
            else if (count == combine->limit)
                return count;
        }
    return count;
}

static bool combine_in_any(const struct combine *combine, struct kr_str member,
                           uint64_t hash)
{
    double score;

    for (uint32_t i = 1; i < combine->count; i++)
        if (source_find(&combine->sources[i], member, hash, &score))
            return true;
    return false;
}

static void combine_diff(const struct combine *combine, struct large *large)
{
    const struct source *first = &combine->sources[0];
    struct kr_walk walk;

    if (first->count == 0)
        return;
    source_walk(first, &walk);
    while (source_next(first, &walk))
        for (uint32_t k = 0; k < walk.count; k++) {
            uint64_t hash = kr_text->hash(walk.item[k]);

            if (!combine_in_any(combine, walk.item[k], hash))
                large_append(large, &value_host, hash, walk.item[k],
                             walk.score[k]);
        }
}

static struct large *combine_run(struct combine *combine)
{
    struct large *large = large_new(&value_host);

    switch (combine->op) {
    case COMBINE_UNION:
        combine_union(combine, large);
        break;
    case COMBINE_INTER:
        (void)combine_inter(combine, large);
        break;
    case COMBINE_DIFF:
        combine_diff(combine, large);
        break;
    }
    return large;
}

/* --- The commands -------------------------------------------------------- */

static void combine_answer(struct kr_call *call, const struct combine *combine,
                           const struct large *large)
{
    struct tree_entry batch[KR_WALK_ROOM];
    struct tree_place at;
    size_t n;

    answer_open(call->reply, large_count(large), combine->with_scores);
    tree_seek(&large->tree, 0, &at);
    while ((n = tree_forward(&at, batch, KR_WALK_ROOM)) > 0)
        for (size_t i = 0; i < n; i++)
            answer_member(call->reply, item_key(batch[i].item), batch[i].score,
                          combine->with_scores);
}

static void combine_command(struct kr_call *call, enum combine_op op,
                            const char *stored_event)
{
    struct combine combine = {.op = op, .stores = stored_event != NULL};
    struct large *large;

    if (combine_read(call, combine.stores ? 2 : 1, &combine)) {
        if (op != COMBINE_DIFF)
            qsort(combine.sources, combine.count, sizeof(struct source),
                  source_compare);
        large = combine_run(&combine);
        if (combine.stores) {
            value_store(call, 1, large, kr_cstr(stored_event));
        } else {
            combine_answer(call, &combine, large);
            large_free(large, &value_host);
        }
    }
    kr_memory->free(zset_self, combine.sources);
}

void zset_zunion(struct kr_call *call)
{
    combine_command(call, COMBINE_UNION, NULL);
}

void zset_zinter(struct kr_call *call)
{
    combine_command(call, COMBINE_INTER, NULL);
}

void zset_zdiff(struct kr_call *call)
{
    combine_command(call, COMBINE_DIFF, NULL);
}

void zset_zunionstore(struct kr_call *call)
{
    combine_command(call, COMBINE_UNION, "zunionstore");
}

void zset_zinterstore(struct kr_call *call)
{
    combine_command(call, COMBINE_INTER, "zinterstore");
}

void zset_zdiffstore(struct kr_call *call)
{
    combine_command(call, COMBINE_DIFF, "zdiffstore");
}

void zset_zintercard(struct kr_call *call)
{
    struct combine combine = {.op = COMBINE_INTER, .counts = true};

    if (combine_read(call, 1, &combine)) {
        qsort(combine.sources, combine.count, sizeof(struct source),
              source_compare);
        kr_reply_int64(call->reply, combine_inter(&combine, NULL));
    }
    kr_memory->free(zset_self, combine.sources);
}
