/* SPDX-License-Identifier: BSD-3-Clause */
#include "node.h"

#include "module.h"

#define NODE_SPARE_MAX 1024u /* bytes added beyond what is needed */
#define NODE_BATCH     32    /* elements made ready at a time */

/* --- Memory -------------------------------------------------------------- */

#define NODE_FIXED offsetof(struct node, listpack)

/* Allocators have four sizes between a power of two and the next: what they
 * would round up is room. */
static size_t node_round(size_t size)
{
    size_t step = 16;

    while (step * 8 <= size)
        step *= 2;
    return (size + step - 1) & ~(step - 1);
}

static struct node *node_alloc(size_t size)
{
    size_t block = node_round(NODE_FIXED + size);
    struct node *node = structure_alloc(&stream_host, block);

    node->room = (uint32_t)(block - NODE_FIXED);
    return node;
}

struct node *stream_node_new(struct stream_id id, size_t size)
{
    struct node *node = node_alloc(size);

    node->key[0] = ID_KEY;
    id_to_key(id, node->key + 1);
    return node;
}

void stream_node_free(struct node *node)
{
    structure_free(&stream_host, node);
}

static struct node *node_copy_to(const struct node *node, size_t room)
{
    struct node *copy = node_alloc(room);

    memcpy(copy->key, node->key,
           sizeof(node->key) + listpack_size(node->listpack));
    return copy;
}

struct node *stream_node_copy(const struct node *node)
{
    return node_copy_to(node, listpack_size(node->listpack));
}

bool stream_node_is_loose(const struct node *node)
{
    return node_round(NODE_FIXED + listpack_size(node->listpack)) <
           NODE_FIXED + node->room;
}

/* Room for `more` bytes.  What `node` was before is freed, unless it is `kept`,
 * which is the caller's. */
static struct node *node_grow(struct node *node, const struct node *kept,
                              size_t more)
{
    size_t size = listpack_size(node->listpack) + more;
    size_t spare = size / 2 < NODE_SPARE_MAX ? size / 2 : NODE_SPARE_MAX;
    struct node *next;

    if (KR_LIKELY(size <= node->room))
        return node;
    next = node_copy_to(node, size + spare);
    if (node != kept)
        stream_node_free(node);
    return next;
}

/* --- Read ---------------------------------------------------------------- */

static inline int64_t node_number(const unsigned char *lp, size_t at)
{
    struct listpack_item item;

    if (KR_LIKELY(lp[at] < 128)) /* as listpack.h draws it */
        return lp[at];
    listpack_get(lp, at, &item);
    return item.number;
}

/* A step that is known not to be the last. */
static inline size_t node_step(const unsigned char *lp, size_t at)
{
    return KR_LIKELY(lp[at] < 128) ? at + 2 : at + listpack_entry_size(lp, at);
}

void stream_node_head(const struct node *node, struct node_head *head)
{
    const unsigned char *lp = node->listpack;
    size_t at = LISTPACK_HEADER;

    head->live = node_number(lp, at);
    at = node_step(lp, at);
    head->dead = node_number(lp, at);
    at = node_step(lp, at);
    head->fields = node_number(lp, at);
    head->fields_at = node_step(lp, at);
}

size_t stream_node_first(const struct node *node, const struct node_head *head)
{
    const unsigned char *lp = node->listpack;
    size_t at = head->fields_at;

    for (int64_t i = 0; i < head->fields; i++)
        at = node_step(lp, at);
    at = node_step(lp, at);
    return at == listpack_end(lp) ? 0 : at;
}

void stream_node_read(const struct node *node, const struct node_head *head,
                      size_t at, struct node_entry *entry)
{
    const unsigned char *lp = node->listpack;
    struct stream_id id = stream_node_id(node);

    entry->at = at;
    entry->flags = (uint32_t)node_number(lp, at);
    at = node_step(lp, at);
    entry->id.ms = id.ms + (uint64_t)node_number(lp, at);
    at = node_step(lp, at);
    entry->id.seq = id.seq + (uint64_t)node_number(lp, at);
    at = node_step(lp, at);
    if (entry->flags & NODE_SAME_FIELDS) {
        entry->fields = head->fields;
        entry->fields_at = head->fields_at;
    } else {
        entry->fields = node_number(lp, at);
        at = node_step(lp, at);
        entry->fields_at = 0;
    }
    entry->left = entry->fields;
    entry->pairs_at = at;
}

void stream_node_pair(const struct node *node, struct node_entry *entry,
                      struct listpack_item *field, struct listpack_item *value)
{
    const unsigned char *lp = node->listpack;
    size_t *field_at =
        entry->flags & NODE_SAME_FIELDS ? &entry->fields_at : &entry->pairs_at;

    listpack_get(lp, *field_at, field);
    *field_at += listpack_entry_size(lp, *field_at);
    entry->left--;
    listpack_get(lp, entry->pairs_at, value);
    entry->pairs_at += listpack_entry_size(lp, entry->pairs_at);
}

size_t stream_node_next(const struct node *node, const struct node_entry *entry)
{
    const unsigned char *lp = node->listpack;
    size_t at = entry->pairs_at;
    int64_t steps = entry->left;

    if (!(entry->flags & NODE_SAME_FIELDS))
        steps *= 2;
    for (; steps > 0; steps--)
        at += listpack_entry_size(lp, at);
    at = node_step(lp, at); /* the count of parts */
    return at == listpack_end(lp) ? 0 : at;
}

size_t stream_node_before(const struct node *node, size_t at)
{
    const unsigned char *lp = node->listpack;
    int64_t parts;

    at = at ? listpack_prev(lp, at) : listpack_last(lp);
    parts = node_number(lp, at);
    if (parts == 0) /* the end of the head */
        return 0;
    for (; parts > 0; parts--)
        at = listpack_prev(lp, at);
    return at;
}

bool stream_node_last_id(const struct node *node, struct stream_id *id)
{
    struct node_entry entry;
    struct node_head head;
    size_t at = stream_node_before(node, 0);

    if (at == 0)
        return false;
    stream_node_head(node, &head);
    stream_node_read(node, &head, at, &entry);
    *id = entry.id;
    return true;
}

/* --- Append -------------------------------------------------------------- */

/* Elements on their way to the end of a node, room for which is made at once. */
struct node_batch {
    struct node *node;
    const struct node *kept; /* see node_grow() */
    size_t count;
    struct listpack_element elements[NODE_BATCH];
};

static void node_flush(struct node_batch *batch)
{
    batch->node =
        node_grow(batch->node, batch->kept,
                  listpack_elements_size(batch->elements, batch->count));
    listpack_append(batch->node->listpack, batch->elements, batch->count);
    batch->count = 0;
}

static inline void node_add(struct node_batch *batch,
                            struct listpack_element element)
{
    if (KR_UNLIKELY(batch->count == NODE_BATCH))
        node_flush(batch);
    batch->elements[batch->count++] = element;
}

static inline void node_add_number(struct node_batch *batch, uint64_t number)
{
    node_add(batch, listpack_number((int64_t)number));
}

static void node_add_entry(struct node_batch *batch, uint32_t flags,
                           struct stream_id id, size_t pairs,
                           const struct kr_str *words)
{
    struct stream_id base = stream_node_id(batch->node);
    bool same = flags & NODE_SAME_FIELDS;

    node_add_number(batch, flags);
    node_add_number(batch, id.ms - base.ms);
    node_add_number(batch, id.seq - base.seq);
    if (!same)
        node_add_number(batch, pairs);
    for (size_t i = 0; i < 2 * pairs; i += 2) {
        if (!same)
            node_add(batch, listpack_element(words[i]));
        node_add(batch, listpack_element(words[i + 1]));
    }
    node_add_number(batch, same ? pairs + 3 : 2 * pairs + 4);
    node_flush(batch);
}

/* What a small entry needs, so that a small stream has no spare room. */
static size_t node_room_for(size_t pairs, const struct kr_str *words)
{
    size_t size = LISTPACK_EMPTY + 8 * LISTPACK_ENTRY_MIN;

    for (size_t i = 0; i < 2 * pairs; i++)
        size += words[i].size + LISTPACK_ENTRY_MIN;
    return size;
}

struct node *stream_node_begin(struct stream_id id, size_t room, size_t pairs,
                               const struct kr_str *words)
{
    struct node_batch batch = {.kept = NULL};
    size_t needed = node_room_for(pairs, words);

    batch.node = stream_node_new(id, room > needed ? room : needed);
    listpack_init(batch.node->listpack);
    node_add_number(&batch, 1);
    node_add_number(&batch, 0);
    node_add_number(&batch, pairs);
    for (size_t i = 0; i < pairs; i++)
        node_add(&batch, listpack_element(words[2 * i]));
    node_add_number(&batch, 0);
    node_add_entry(&batch, NODE_SAME_FIELDS, id, pairs, words);
    return batch.node;
}

/* Are these the fields of the head, in its order? */
static bool node_has_fields(const struct node *node,
                            const struct node_head *head, size_t pairs,
                            const struct kr_str *words)
{
    const unsigned char *lp = node->listpack;
    size_t at = head->fields_at;

    if ((uint64_t)head->fields != pairs)
        return false;
    for (size_t i = 0; i < pairs; i++) {
        struct kr_str field = words[2 * i];

        if (field.size < 64) { /* most fields: a head of one byte, then they */
            struct listpack_item item;
            char text[LISTPACK_TEXT];

            listpack_get(lp, at, &item);
            if (!kr_str_equal(listpack_item_bytes(&item, text), field))
                return false;
        } else {
            struct listpack_element element = listpack_element(field);

            if (!listpack_equal(lp, at, &element))
                return false;
        }
        at += listpack_entry_size(lp, at);
    }
    return true;
}

struct node *stream_node_append(struct node *node, struct stream_id id,
                                size_t pairs, const struct kr_str *words)
{
    struct node_batch batch;
    struct node_head head;
    bool same;

    stream_node_head(node, &head);
    same = node_has_fields(node, &head, pairs, words);
    batch.node = stream_node_set_counts(node, head.live + 1, head.dead);
    batch.kept = node;
    batch.count = 0;
    node_add_entry(&batch, same ? NODE_SAME_FIELDS : 0, id, pairs, words);
    return batch.node;
}

/* --- Delete -------------------------------------------------------------- */

/* A number below 128 for another such, as flags are. */
void stream_node_bury(struct node *node, size_t at, uint32_t flags)
{
    node->listpack[at] = (unsigned char)(flags | NODE_DEAD);
}

static struct node *node_set_number(struct node *node, const struct node *kept,
                                    size_t at, int64_t number)
{
    struct listpack_element element = listpack_number(number);
    size_t old = listpack_entry_size(node->listpack, at);

    if (element.size > old)
        node = node_grow(node, kept, element.size - old);
    listpack_replace(node->listpack, at, &element);
    return node;
}

struct node *stream_node_set_counts(struct node *node, int64_t live,
                                    int64_t dead)
{
    const struct node *kept = node;
    struct node_head head;

    stream_node_head(node, &head);
    if (KR_LIKELY(live < 128 && head.live < 128))
        node->listpack[LISTPACK_HEADER] = (unsigned char)live;
    else
        node = node_set_number(node, kept, LISTPACK_HEADER, live);
    if (head.dead != dead)
        node = node_set_number(
            node, kept, node_step(node->listpack, LISTPACK_HEADER), dead);
    return node;
}

/* --- Looking at it ------------------------------------------------------- */

/* The next element, which must be a number from `min` to `max`. */
static bool node_claim(const void *lp, size_t *at, int64_t min, int64_t max,
                       int64_t *number)
{
    struct listpack_item item;

    if (*at == listpack_end(lp))
        return false;
    listpack_get(lp, *at, &item);
    *at += listpack_entry_size(lp, *at);
    *number = item.number;
    return item.is_number && item.number >= min && item.number <= max;
}

static bool node_claim_any(const void *lp, size_t *at, uint64_t count)
{
    for (; count > 0; count--) {
        if (*at == listpack_end(lp))
            return false;
        *at += listpack_entry_size(lp, *at);
    }
    return true;
}

static bool node_check_entry(const void *lp, size_t *at, int64_t master,
                             int64_t *flags, struct stream_id *id)
{
    int64_t ms, seq, fields = master, parts, most = LISTPACK_SIZE_MAX;
    bool same;

    if (!node_claim(lp, at, 0, NODE_FLAGS, flags) ||
        !node_claim(lp, at, INT64_MIN, INT64_MAX, &ms) ||
        !node_claim(lp, at, INT64_MIN, INT64_MAX, &seq))
        return false;
    id->ms += (uint64_t)ms;
    id->seq += (uint64_t)seq;
    same = *flags & NODE_SAME_FIELDS;
    if (!same && !node_claim(lp, at, 0, most, &fields))
        return false;
    return node_claim_any(lp, at, (uint64_t)(same ? fields : 2 * fields)) &&
           node_claim(lp, at, 0, INT64_MAX, &parts) &&
           parts == (same ? fields + 3 : 2 * fields + 4);
}

bool stream_node_check(struct stream_id id, const void *lp, uint64_t *live,
                       struct stream_id *last)
{
    int64_t claimed, dead, fields, zero, most = LISTPACK_SIZE_MAX;
    struct stream_id low = id;
    size_t at = LISTPACK_HEADER;
    bool any = false;

    if (!node_claim(lp, &at, 0, most, &claimed) ||
        !node_claim(lp, &at, 0, most, &dead) ||
        !node_claim(lp, &at, 0, most, &fields) ||
        !node_claim_any(lp, &at, (uint64_t)fields) ||
        !node_claim(lp, &at, 0, 0, &zero))
        return false;
    *live = 0;
    while (at != listpack_end(lp)) {
        struct stream_id here = id;
        int64_t flags;

        if (!node_check_entry(lp, &at, fields, &flags, &here))
            return false;
        if (flags & NODE_DEAD) {
            dead--;
            continue;
        }
        if (any ? id_compare(here, low) <= 0 : id_compare(here, low) < 0)
            return false;
        any = true;
        low = *last = here;
        ++*live;
    }
    return *live == (uint64_t)claimed && dead == 0;
}
