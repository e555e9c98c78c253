/* SPDX-License-Identifier: BSD-3-Clause */
/* key_stream - streams through an open key.
 *
 * An iterator keeps what is left of its range, and a copy of the entry that it
 * stands at:
 *
 *   entries      e e e E e e e e
 *   left                [-------]       the next one is looked for here
 *   words              [field|value|field|value]     of E, and their bytes
 *
 * So the stream may change between any two calls, by this guest or by another:
 * each entry is sought, O(log n), and read once. */
#include "key.h"
#include "text.h"

#include <kr/stream.h>

#include <errno.h>

struct key_entries {
    struct kr_stream_id from, to; /* both included */
    bool back, over;              /* over: nothing is left */
    bool at;                      /* there is a current entry */
    struct kr_stream_id id;       /* of it */
    uint64_t pairs, next;         /* of it; the next one to be handed out */
    RedisModuleString **words;    /* two for each pair */
};

static int stream_fail(int why)
{
    errno = why;
    return REDISMODULE_ERR;
}

/* 0, or what errno is: there must be a stream, to be written to if `write`. */
static int stream_refuses(RedisModuleKey *key, bool write, struct kr_cell *cell)
{
    if (!key)
        return EINVAL;
    if (!kr_streams || !key_find(key, false, cell) ||
        !kr_streams->is_stream(cell))
        return ENOTSUP;
    if (!write)
        return 0;
    if (!(key->mode & REDISMODULE_WRITE))
        return EBADF;
    return key_find(key, true, cell) ? 0 : ENOTSUP;
}

/* --- Ids ------------------------------------------------------------------ */

static struct kr_stream_id id_of(const RedisModuleStreamID *id)
{
    return kr_stream_id(id->ms, id->seq);
}

static bool id_is(struct kr_stream_id id, uint64_t part)
{
    return id.ms == part && id.seq == part;
}

static bool id_after(struct kr_stream_id a, struct kr_stream_id b)
{
    return a.ms > b.ms || (a.ms == b.ms && a.seq > b.seq);
}

/* false: there is none above, or below, it. */
static bool id_step(struct kr_stream_id *id, bool back)
{
    if (id_is(*id, back ? 0 : UINT64_MAX))
        return false;
    if (back)
        id->ms -= id->seq-- == 0;
    else
        id->ms += ++id->seq == 0;
    return true;
}

/* "ms", "ms-seq", "-" or "+". */
int rm_StringToStreamID(const RedisModuleString *str, RedisModuleStreamID *id)
{
    char text[128];
    char *dash;

    if (str->size >= sizeof(text))
        return REDISMODULE_ERR;
    memcpy(text, str->bytes, str->size + 1);
    if (strcmp(text, "-") == 0 || strcmp(text, "+") == 0) {
        id->ms = id->seq = *text == '-' ? 0 : UINT64_MAX;
        return REDISMODULE_OK;
    }
    dash = strchr(text, '-');
    if (dash)
        *dash = '\0';
    id->seq = 0;
    return text_to_unsigned(text, &id->ms) &&
                   (!dash || text_to_unsigned(dash + 1, &id->seq))
               ? REDISMODULE_OK
               : REDISMODULE_ERR;
}

RedisModuleString *rm_CreateStringFromStreamID(RedisModuleCtx *ctx,
                                               const RedisModuleStreamID *id)
{
    return rm_CreateStringPrintf(ctx, "%llu-%llu", (unsigned long long)id->ms,
                                 (unsigned long long)id->seq);
}

/* --- Changing ------------------------------------------------------------- */

static int stream_append(struct kr_cell *cell, struct kr_stream_id *id,
                         RedisModuleString **argv, long pairs)
{
    size_t count = 2 * (size_t)pairs;
    struct kr_str *words =
        kr_memory->alloc(redisabi_self, (count + 1) * sizeof(*words));
    kr_status status;

    for (size_t i = 0; i < count; i++)
        words[i] = text_view(argv[i]);
    status = kr_streams->add(cell, id, (uint64_t)pairs, words);
    kr_memory->free(redisabi_self, words);
    if (status == KR_OK)
        return REDISMODULE_OK;
    return stream_fail(status == KR_ERANGE ? EDOM : ERANGE);
}

int rm_StreamAdd(RedisModuleKey *key, int flags, RedisModuleStreamID *id,
                 RedisModuleString **argv, long pairs)
{
    bool chosen = !(flags & REDISMODULE_STREAM_ADD_AUTOID);
    struct kr_stream_id own = chosen && id ? id_of(id) : KR_STREAM_MIN;
    struct kr_cell cell;
    bool there;

    if (!key || pairs < 0 || (pairs != 0 && !argv) ||
        flags & ~REDISMODULE_STREAM_ADD_AUTOID || (chosen && !id))
        return stream_fail(EINVAL);
    there = key_find(key, false, &cell);
    if (!kr_streams || (there && !kr_streams->is_stream(&cell)))
        return stream_fail(ENOTSUP);
    if (!(key->mode & REDISMODULE_WRITE))
        return stream_fail(EBADF);
    if (chosen && id_is(own, 0))
        return stream_fail(EDOM);
    if (there)
        (void)key_find(key, true, &cell);
    else
        kr_streams->put(key->db, key_name(key), &cell);
    if (id_is(kr_streams->last_id(&cell), UINT64_MAX))
        return stream_fail(EFBIG);
    if (stream_append(&cell, &own, argv, pairs) != REDISMODULE_OK)
        return REDISMODULE_ERR;
    if (id)
        *id = (RedisModuleStreamID){own.ms, own.seq};
    return REDISMODULE_OK;
}

int rm_StreamDelete(RedisModuleKey *key, RedisModuleStreamID *id)
{
    struct kr_cell cell;
    int why = id ? stream_refuses(key, true, &cell) : EINVAL;

    if (why == 0 && key->entries)
        why = EBADF;
    if (why == 0 && !kr_streams->remove(&cell, id_of(id)))
        why = ENOENT;
    return why ? stream_fail(why) : REDISMODULE_OK;
}

/* What both kinds of trimming refuse. */
static int stream_trims(RedisModuleKey *key, int flags, bool fine,
                        struct kr_cell *cell)
{
    if (flags & ~REDISMODULE_STREAM_TRIM_APPROX || !fine)
        return EINVAL;
    return stream_refuses(key, true, cell);
}

long long rm_StreamTrimByLength(RedisModuleKey *key, int flags,
                                long long length)
{
    struct kr_cell cell;
    int why = stream_trims(key, flags, length >= 0, &cell);

    if (why) {
        errno = why;
        return -1;
    }
    return (
        long long)(flags & REDISMODULE_STREAM_TRIM_APPROX
                       ? kr_streams->keep_about_last(&cell, (uint64_t)length)
                       : kr_streams->keep_last(&cell, (uint64_t)length));
}

long long rm_StreamTrimByID(RedisModuleKey *key, int flags,
                            RedisModuleStreamID *id)
{
    struct kr_cell cell;
    int why = stream_trims(key, flags, id != NULL, &cell);

    if (why) {
        errno = why;
        return -1;
    }
    return (long long)(flags & REDISMODULE_STREAM_TRIM_APPROX
                           ? kr_streams->keep_about_from(&cell, id_of(id))
                           : kr_streams->keep_from(&cell, id_of(id)));
}

/* --- Iterating ------------------------------------------------------------ */

static void entries_leave(struct key_entries *entries)
{
    for (uint64_t i = 0; i < 2 * entries->pairs; i++)
        text_release(entries->words[i]);
    kr_memory->free(redisabi_self, entries->words);
    entries->words = NULL;
    entries->pairs = entries->next = 0;
    entries->at = false;
}

void key_entries_end(RedisModuleKey *key)
{
    if (!key->entries)
        return;
    entries_leave(key->entries);
    kr_memory->free(redisabi_self, key->entries);
    key->entries = NULL;
}

int rm_StreamIteratorStart(RedisModuleKey *key, int flags,
                           RedisModuleStreamID *start, RedisModuleStreamID *end)
{
    struct kr_stream_id from = start ? id_of(start) : KR_STREAM_MIN;
    struct kr_stream_id to = end ? id_of(end) : KR_STREAM_MAX;
    struct kr_cell cell;
    int why;

    if (flags & ~(REDISMODULE_STREAM_ITERATOR_EXCLUSIVE |
                  REDISMODULE_STREAM_ITERATOR_REVERSE))
        return stream_fail(EINVAL);
    why = stream_refuses(key, false, &cell);
    if (why == 0 && key->entries)
        why = EBADF;
    if (why == 0 && flags & REDISMODULE_STREAM_ITERATOR_EXCLUSIVE &&
        ((start && !id_step(&from, false)) || (end && !id_step(&to, true))))
        why = EDOM;
    if (why)
        return stream_fail(why);
    key->entries = kr_memory->calloc(redisabi_self, 1, sizeof(*key->entries));
    key->entries->from = from;
    key->entries->to = to;
    key->entries->back = flags & REDISMODULE_STREAM_ITERATOR_REVERSE;
    return REDISMODULE_OK;
}

/* 0, or what errno is: there must be a stream and an iterator. */
static int entries_refuse(RedisModuleKey *key, struct kr_cell *cell)
{
    int why = stream_refuses(key, false, cell);

    return why == 0 && !key->entries ? EBADF : why;
}

int rm_StreamIteratorStop(RedisModuleKey *key)
{
    struct kr_cell cell;
    int why = entries_refuse(key, &cell);

    if (why)
        return stream_fail(why);
    key_entries_end(key);
    return REDISMODULE_OK;
}

/* The entry that the walk is at, all batches of it. */
static void entries_take(struct key_entries *entries,
                         struct kr_stream_walk *walk)
{
    uint64_t taken = 0;

    entries->at = true;
    entries->id = walk->id;
    entries->pairs = walk->pairs;
    entries->words = kr_memory->alloc(
        redisabi_self, (2 * walk->pairs + 1) * sizeof(*entries->words));
    do {
        for (uint32_t i = 0; i < walk->count; i++) {
            entries->words[taken++] = text_new(walk->field[i]);
            entries->words[taken++] = text_new(walk->value[i]);
        }
    } while (walk->left > 0 && kr_streams->next(walk));
}

int rm_StreamIteratorNextID(RedisModuleKey *key, RedisModuleStreamID *id,
                            long *pairs)
{
    struct kr_stream_walk walk;
    struct key_entries *entries;
    struct kr_cell cell;
    int why = entries_refuse(key, &cell);

    if (why)
        return stream_fail(why);
    entries = key->entries;
    entries_leave(entries);
    if (entries->over || id_after(entries->from, entries->to))
        return stream_fail(ENOENT);
    kr_streams->walk(&cell, entries->from, entries->to, entries->back, &walk);
    if (!kr_streams->next(&walk))
        return stream_fail(ENOENT);
    entries_take(entries, &walk);
    *(entries->back ? &entries->to : &entries->from) = entries->id;
    entries->over =
        !id_step(entries->back ? &entries->to : &entries->from, entries->back);
    if (id)
        *id = (RedisModuleStreamID){entries->id.ms, entries->id.seq};
    if (pairs)
        *pairs = (long)entries->pairs;
    return REDISMODULE_OK;
}

int rm_StreamIteratorNextField(RedisModuleKey *key, RedisModuleString **field,
                               RedisModuleString **value)
{
    struct key_entries *entries;
    RedisModuleString **words;
    struct kr_cell cell;
    int why = entries_refuse(key, &cell);

    if (why)
        return stream_fail(why);
    entries = key->entries;
    if (entries->next == entries->pairs)
        return stream_fail(ENOENT);
    words = entries->words + 2 * entries->next++;
    if (field)
        *field = rm_CreateString(key->ctx, words[0]->bytes, words[0]->size);
    if (value)
        *value = rm_CreateString(key->ctx, words[1]->bytes, words[1]->size);
    return REDISMODULE_OK;
}

int rm_StreamIteratorDelete(RedisModuleKey *key)
{
    struct kr_cell cell;
    int why = stream_refuses(key, true, &cell);

    if (why == 0 && !key->entries)
        why = EBADF;
    if (why == 0 && !key->entries->at)
        why = ENOENT;
    if (why)
        return stream_fail(why);
    (void)kr_streams->remove(&cell, key->entries->id);
    entries_leave(key->entries);
    return REDISMODULE_OK;
}
