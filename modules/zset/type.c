/* SPDX-License-Identifier: BSD-3-Clause */
#include "type.h"

#include <kr/codec.h>

#include "value.h"

#define TYPE_MOVED 64 /* members between two questions whether to pause */

/* --- Memory -------------------------------------------------------------- */

static void type_free(void *box)
{
    struct large *large = value_box_large(box);

    if (large != NULL)
        large_free(large, &value_host);
    else
        packed_free(zset_self, box);
}

static size_t type_effort(const struct kr_peek *value)
{
    const struct large *large = value_peek_large(value);

    return large != NULL ? (size_t)large_count(large) : 1;
}

/* Items from about the middle stand for all. */
static size_t type_memory_items(const struct large *large, size_t samples)
{
    uint64_t count = large_count(large);
    uint64_t some = samples == 0 || samples > count ? count : samples;
    struct tree_entry batch[KR_WALK_ROOM];
    struct tree_place at;
    size_t bytes = 0;

    tree_seek(&large->tree, (count - some) / 2, &at);
    for (uint64_t seen = 0; seen < some;) {
        uint64_t left = some - seen;
        size_t n =
            tree_forward(&at, batch, left < KR_WALK_ROOM ? left : KR_WALK_ROOM);

        for (size_t i = 0; i < n; i++)
            bytes += kr_memory->usable(batch[i].item);
        seen += n;
    }
    return some == count
               ? bytes
               : (size_t)((double)bytes / (double)some * (double)count);
}

static size_t type_memory(const struct kr_peek *value, size_t samples)
{
    const struct large *large = value_peek_large(value);

    if (large == NULL)
        return packed_memory(value);
    return kr_memory->usable(large) + large_frame_memory(large) +
           type_memory_items(large, samples);
}

static size_t type_count(const struct kr_peek *value)
{
    const struct large *large = value_peek_large(value);

    return large != NULL ? (size_t)large_count(large)
                         : small_count(packed_peek(value));
}

static bool type_copy(const struct kr_peek *value, struct kr_value *out)
{
    const struct large *large = value_peek_large(value);

    if (large == NULL)
        return packed_copy(zset_self, value, out);
    out->boxed = true;
    out->meta = VALUE_LARGE;
    out->box = value_box_of(large_copy(large, &value_host));
    return true;
}

/* --- What it looks like -------------------------------------------------- */

static const char *type_encoding(const struct kr_peek *value)
{
    return value->meta == VALUE_LARGE ? "skiplist" : "listpack";
}

static void type_digest(const struct kr_peek *value, kr_digest *digest)
{
    struct value_view view;

    value_view(value, &view);
    while (value_next(&view.walk))
        for (uint32_t i = 0; i < view.walk.count; i++) {
            char text[KR_DOUBLE_TEXT];
            size_t size = kr_text->from_double(view.walk.score[i], text);

            kr_codec->digest_begin(digest);
            kr_codec->digest_mix(digest, view.walk.item[i]);
            kr_codec->digest_mix(digest, kr_str(text, size));
            kr_codec->digest_end(digest);
        }
}

/* --- Defragmentation ----------------------------------------------------- */

static void *type_move(void *mover, void *block)
{
    return kr_codec->move(mover, block);
}

/* What the box holds; the word follows it. */
static void type_move_box(struct kr_peek *value, kr_mover *mover)
{
    struct large *large = value_peek_large(value);
    void *moved =
        kr_codec->move(mover, large != NULL ? large : packed_peek(value));

    if (moved == NULL)
        return;
    if (large != NULL)
        moved = value_box_of(moved);
    memcpy(value->data, &moved, sizeof(moved));
}

/* The cursor is the position of the next member. */
static uint64_t type_defrag(struct kr_peek *value, kr_mover *mover,
                            uint64_t cursor)
{
    struct large *large;

    if (cursor == 0 && value->boxed)
        type_move_box(value, mover);
    large = value_peek_large(value);
    if (large == NULL)
        return 0;
    do {
        large_relocate(large, &value_host, cursor, TYPE_MOVED, type_move,
                       mover);
        cursor += TYPE_MOVED;
    } while (cursor < large_count(large) &&
             !kr_codec->move_should_pause(mover));
    return cursor < large_count(large) ? cursor : 0;
}

const struct kr_type zset_type = {
    .size = sizeof(struct kr_type),
    .layout = VALUE_LAYOUT,
    .name = "zset",
    .codes = persist_codes,
    .code_count = PERSIST_CODE_COUNT,
    .slot = &value_type,
    .free = type_free,
    .effort = type_effort,
    .memory = type_memory,
    .count = type_count,
    .copy = type_copy,
    .encoding = type_encoding,
    .digest = type_digest,
    .save = persist_save,
    .load = persist_load,
    .rewrite = persist_rewrite,
    .defrag = type_defrag,
};
