/* SPDX-License-Identifier: BSD-3-Clause */
/* list - the module of lists: the type, what it offers to others, and the
 * descriptor.
 *
 *   value.c    a list in its cell: one listpack, or a chain
 *   chain.c    a long list: nodes in a ring     node.c     one of them
 *   limit.c    list-max-listpack-size and list-compress-depth
 *   push.c     LPUSH, LINSERT, LSET ...         pop.c      LPOP, LMPOP ...
 *   range.c    LRANGE, LTRIM, LINDEX, LLEN      search.c   LPOS, LREM
 *   move.c     LMOVE, BLMOVE ...                wait.c     BLPOP, BLMPOP ...
 *   store.c    lists in files                   values.c   <kr/list.h>
 *   commands.c what is known of the commands: arity, keys, arguments
 *
 * A handler looks up, works on the cell, replies, and tells of the change. */
#include "commands.h"
#include "module.h"
#include "store.h"
#include "value.h"
#include "values.h"

#include <kr/journal.h>
#include <kr/loop.h>

KR_USES(kr_block);
KR_USES(kr_calls);
KR_USES(kr_codec);
KR_USES(kr_commands);
KR_USES(kr_journal);
KR_USES(kr_keyspace);
KR_USES(kr_loop);
KR_USES(kr_memory);
KR_USES(kr_text);

kr_module *list_self;

/* --- The type ------------------------------------------------------------ */

static void list_free(void *word)
{
    if (value_word_is_chain(word))
        chain_free(value_of_word(word));
    else
        packed_free(list_self, word);
}

static size_t list_effort(const struct kr_peek *value)
{
    return value->meta == VALUE_CHAINED ? value_chain(value)->length + 2 : 1;
}

static size_t list_memory(const struct kr_peek *value, size_t samples)
{
    return value->meta == VALUE_CHAINED
               ? chain_memory(value_chain(value), samples)
               : packed_memory(value);
}

static bool list_copy(const struct kr_peek *value, struct kr_value *out)
{
    struct chain *chain;

    if (value->meta == VALUE_PACKED)
        return packed_copy(list_self, value, out);
    chain = chain_copy(value_chain(value));
    if (!chain)
        return false;
    out->meta = VALUE_CHAINED;
    out->boxed = true;
    out->box = value_word(chain);
    return true;
}

static const char *list_encoding(const struct kr_peek *value)
{
    return value->meta == VALUE_PACKED ? "listpack" : "quicklist";
}

static void list_digest(const struct kr_peek *value, kr_digest *digest)
{
    struct listpack_item item;
    char text[LISTPACK_TEXT];
    struct kr_blob *blob;
    struct walk walk;

    walk_begin(&walk, value, 0, false);
    while (walk_next(&walk, &item, 1, &blob) > 0)
        kr_codec->digest_mix(digest, listpack_item_bytes(&item, text));
    walk_end(&walk);
}

/* Nodes are moved one a step, after the chain and its ring. */
static uint64_t list_defrag(struct kr_peek *value, kr_mover *mover,
                            uint64_t cursor)
{
    struct chain *chain;
    void *moved;

    if (value->meta == VALUE_PACKED) {
        moved = value->boxed ? kr_codec->move(mover, packed_peek(value)) : NULL;
        if (moved)
            memcpy(value->data, &moved, sizeof(moved));
        return 0;
    }
    chain = value_chain(value);
    if (cursor == 0 && (moved = kr_codec->move(mover, chain))) {
        chain = moved;
        moved = value_word(chain);
        memcpy(value->data, &moved, sizeof(moved));
    }
    if (cursor == 0 && (moved = kr_codec->move(mover, chain->ring)))
        chain->ring = moved;
    for (; cursor < chain->length; cursor++) {
        struct node *node = chain_node(chain, (uint32_t)cursor);

        if (cursor > 0 && kr_codec->move_should_pause(mover))
            return cursor;
        if ((!node->plain || node->squeezed) &&
            (moved = kr_codec->move(mover, node->block)))
            node->block = moved;
    }
    return 0;
}

static const struct kr_type list_type = {
    .size = sizeof(struct kr_type),
    .layout = VALUE_LAYOUT,
    .name = "list",
    .codes = store_codes,
    .code_count = STORE_CODE_COUNT,
    .slot = &value_type,
    .free = list_free,
    .effort = list_effort,
    .memory = list_memory,
    .count = value_count_of,
    .copy = list_copy,
    .encoding = list_encoding,
    .digest = list_digest,
    .save = store_save,
    .load = store_load,
    .rewrite = store_rewrite,
    .defrag = list_defrag,
};

/* --- The descriptor ------------------------------------------------------ */

/* Who saves or loads values brings the codec; nothing here does. */
static const struct kr_import imports[] = {
    KR_NEED(kr_block),    KR_NEED(kr_calls),   KR_WANT(kr_codec),
    KR_NEED(kr_commands), KR_NEED(kr_journal), KR_NEED(kr_keyspace),
    KR_NEED(kr_loop),     KR_NEED(kr_memory),  KR_NEED(kr_text),
};

static const struct kr_offer offers[] = {{kr_lists_id, &list_values}};

static const struct kr_type *const types[] = {&list_type};

static const struct kr_carried carried[] = {
    KR_CARRIES(wait_wake_front), KR_CARRIES(wait_wake_back),
    KR_CARRIES(wait_wake_many),  KR_CARRIES(move_wake),
    KR_CARRIES(value_free_cut),  KR_CARRIES(value_cut_done),
};

KR_MODULE(.name = "list", .version = 10000, .licence = "BSD-3-Clause",
          .author = "The Keyrack authors",
          .summary = "Lists: at both ends, by index, and waiting for elements",
          .flags = KR_MODULE_CAN_UNLOAD | KR_MODULE_CAN_UPGRADE,
          .self = &list_self, .imports = KR_ROWS(imports),
          .offers = KR_ROWS(offers), .types = KR_ROWS(types),
          .params = {limit_params, LIMIT_PARAM_COUNT, sizeof(struct kr_param)},
          .commands = {list_commands, LIST_COMMAND_COUNT,
                       sizeof(struct kr_command)},
          .carried = KR_ROWS(carried));
