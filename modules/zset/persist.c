/* SPDX-License-Identifier: BSD-3-Clause */
/* persist - a sorted set in files and payloads; the commands that build one.
 *
 *   code             what follows                             written  read
 *   3   ZSET         n, then n times: member, score as text               *
 *   5   ZSET_2       n, then n times: member, 8 bytes            *        *
 *   12  ZSET_ZIPLIST a string: what was a listpack before 7.0             *
 *   17  ZSET_LISTPACK a string: the small form as it is          *        *
 *
 * Large ones are written from the highest member down, as Redis does it; they
 * may be read in any order, and in either of these two the tree is built
 * cheaply. */
#include "type.h"

#include <kr/codec.h>

#include <assert.h>
#include <math.h>

#include "../compact/legacy.h"
#include "value.h"

#define CODE_ZSET          3
#define CODE_ZSET_2        5
#define CODE_ZSET_ZIPLIST  12
#define CODE_ZSET_LISTPACK 17

const uint8_t persist_codes[] = {CODE_ZSET, CODE_ZSET_2, CODE_ZSET_ZIPLIST,
                                 CODE_ZSET_LISTPACK};
static_assert(sizeof(persist_codes) == PERSIST_CODE_COUNT, "as announced");

/* --- Save ---------------------------------------------------------------- */

void persist_save(const struct kr_peek *value, kr_writer *out)
{
    struct tree_entry batch[KR_WALK_ROOM];
    const struct large *large = value_peek_large(value);
    struct tree_place at;
    size_t n;

    if (large == NULL) {
        unsigned char room[PACKED_INLINE_MAX];

        kr_codec->code(out, CODE_ZSET_LISTPACK);
        kr_codec->write_string(out, packed_saved(value, room));
        return;
    }
    kr_codec->code(out, CODE_ZSET_2);
    kr_codec->write_uint64(out, large_count(large));
    tree_seek(&large->tree, large_count(large), &at);
    while ((n = tree_backward(&at, batch, KR_WALK_ROOM)) > 0)
        for (size_t i = 0; i < n; i++) {
            kr_codec->write_string(out, item_key(batch[i].item));
            kr_codec->write_double(out, batch[i].score);
        }
}

/* A walk's batch is half of a command: what the first half refers to must stay
 * while the second is read. */
void persist_rewrite(const struct kr_peek *value, struct kr_str key,
                     kr_writer *out)
{
    struct kr_str words[2 + 4 * KR_WALK_ROOM] = {KR_STR("ZADD"), key};
    char scores[2 * KR_WALK_ROOM][KR_DOUBLE_TEXT];
    struct value_view view;
    struct kr_walk half[2];

    value_view(value, &view);
    half[1] = view.walk;
    for (;;) {
        uint32_t n = 0;

        for (int h = 0; h < 2; h++) {
            half[h] = half[!h];
            (void)value_next(&half[h]);
            for (uint32_t i = 0; i < half[h].count; i++, n++) {
                size_t size = kr_text->from_double(half[h].score[i], scores[n]);

                words[2 + 2 * n] = kr_str(scores[n], size);
                words[3 + 2 * n] = half[h].item[i];
            }
        }
        if (n == 0)
            break;
        kr_codec->emit(out, 2 + 2 * n, words);
    }
}

/* --- Load ---------------------------------------------------------------- */

static bool persist_refuse(kr_reader *in, struct large *large,
                           const char *reason)
{
    if (reason != NULL)
        kr_codec->refuse(in, reason);
    if (large != NULL)
        large_free(large, &value_host);
    return false;
}

/* A score as text behind its size, of which three mean something else. */
static bool persist_read_text(kr_reader *in, double *score)
{
    unsigned char size;
    char text[252];

    if (!kr_codec->read_raw(in, &size, sizeof(size)))
        return false;
    if (size >= 253) {
        *score = size == 253 ? NAN : size == 254 ? INFINITY : -INFINITY;
        return true;
    }
    if (!kr_codec->read_raw(in, text, size))
        return false;
    if (!kr_text->to_double(kr_str(text, size), score))
        *score = NAN;
    return true;
}

/* One member and its score.  false: refused, or no more bytes. */
static bool persist_read_pair(kr_reader *in, uint32_t code, struct large *large)
{
    struct kr_str bytes;
    struct item *item;
    uint64_t hash;
    double score;
    bool read;

    if (!kr_codec->read_string(in, &bytes))
        return false;
    hash = kr_text->hash(bytes);
    if (large_find(large, bytes, hash) != NULL) {
        kr_codec->refuse(in, "a member of a sorted set is there twice");
        return false;
    }
    /* The bytes are borrowed until the score is read. */
    item = item_new(&value_host, bytes, sizeof(score));
    read = code == CODE_ZSET_2 ? kr_codec->read_double(in, &score)
                               : persist_read_text(in, &score);
    if (read && !isnan(score)) {
        large_append_item(large, &value_host, hash, item, score);
        return true;
    }
    if (read)
        kr_codec->refuse(in, "a score is not a number");
    structure_free(&value_host, item);
    return false;
}

static bool persist_refuse_empty(kr_reader *in)
{
    kr_codec->refuse_empty(in);
    return false;
}

static bool persist_load_pairs(kr_reader *in, uint32_t code,
                               struct kr_value *out)
{
    struct large *large;
    uint64_t count;

    if (!kr_codec->read_uint64(in, &count))
        return false;
    if (count == 0)
        return persist_refuse_empty(in);
    large = large_new(&value_host);
    while (count-- > 0)
        if (!persist_read_pair(in, code, large))
            return persist_refuse(in, large, NULL);
    value_finish(large, out);
    return true;
}

/* The pairs of a ziplist that is read to its end.  NULL, or what is wrong. */
static const char *persist_read_ziplist(struct legacy_reader *old,
                                        struct large *large)
{
    struct listpack_item part[2];
    enum legacy_step step;
    uint32_t n = 0;

    while ((step = legacy_next(old, &part[n])) == LEGACY_ITEM) {
        char text[LISTPACK_TEXT];
        struct kr_str member;
        double score;
        uint64_t hash;

        n ^= 1;
        if (n != 0)
            continue; /* its score follows */
        member = listpack_item_bytes(&part[0], text);
        score = small_score_of(&part[1]);
        hash = kr_text->hash(member);
        if (isnan(score))
            return "a score is not a number";
        if (large_find(large, member, hash) != NULL)
            return "a member of a sorted set is there twice";
        large_append(large, &value_host, hash, member, score);
    }
    if (step == LEGACY_BROKEN)
        return "Zset ziplist integrity check failed";
    if (n != 0)
        return "members and scores do not pair up";
    return NULL;
}

static bool persist_load_ziplist(kr_reader *in, struct kr_str bytes,
                                 struct kr_value *out)
{
    struct legacy_reader old;
    struct large *large;
    const char *wrong;

    if (!legacy_open(&old, LEGACY_ZIPLIST, bytes))
        return persist_refuse(in, NULL, "Zset ziplist integrity check failed");
    large = large_new(&value_host);
    wrong = persist_read_ziplist(&old, large);
    if (wrong != NULL)
        return persist_refuse(in, large, wrong);
    if (large_count(large) == 0) {
        large_free(large, &value_host);
        return persist_refuse_empty(in);
    }
    value_finish(large, out);
    return true;
}

static bool persist_load_small(kr_reader *in, struct kr_str bytes,
                               struct kr_value *out)
{
    enum listpack_verdict verdict = listpack_check(bytes);
    const char *wrong;
    void *block = NULL;

    if (verdict == LISTPACK_BROKEN)
        return persist_refuse(in, NULL, "Zset listpack integrity check failed");
    if (!listpack_first(bytes.data))
        return persist_refuse_empty(in);
    if (verdict == LISTPACK_FOREIGN) {
        block = kr_memory->try_alloc(zset_self, bytes.size);
        if (block == NULL)
            return persist_refuse(in, NULL, "not enough memory");
        memcpy(block, bytes.data, bytes.size);
        listpack_canonise(block);
        bytes = kr_str(block, listpack_size(block));
    }
    wrong = small_check(bytes.data);
    if (wrong != NULL)
        kr_memory->free(zset_self, block);
    else
        wrong = value_load_small(in, bytes, block != NULL, out);
    return wrong == NULL || persist_refuse(in, NULL, wrong);
}

bool persist_load(kr_reader *in, uint32_t code, uint32_t format,
                  struct kr_value *out)
{
    struct kr_str bytes;

    (void)format;
    if (code == CODE_ZSET || code == CODE_ZSET_2)
        return persist_load_pairs(in, code, out);
    if (!kr_codec->read_string(in, &bytes))
        return false;
    return code == CODE_ZSET_ZIPLIST ? persist_load_ziplist(in, bytes, out)
                                     : persist_load_small(in, bytes, out);
}
