/* SPDX-License-Identifier: BSD-3-Clause */
#include "pattern.h"

#include <kr/hash.h>
#include <kr/memory.h>
#include <kr/string.h>

/* --- Reading ------------------------------------------------------------- */

static void pattern_read_star(struct kr_str text, size_t size, const char *star,
                              struct pattern *pattern)
{
    const char *from = star + 1, *end = text.data + text.size;
    const char *arrow =
        memmem(from, (size_t)(text.data + size - from), "->", 2);

    pattern->has_star = true;
    pattern->before = kr_str(text.data, (size_t)(star - text.data));
    if (arrow && arrow + 2 < end && arrow[2] != '\0') {
        pattern->has_field = true;
        pattern->field = kr_str(arrow + 2, (size_t)(end - arrow - 2));
        end = arrow;
    }
    pattern->after = kr_str(from, (size_t)(end - from));
}

struct pattern pattern_read(struct kr_str text)
{
    size_t size = text.size > 0 ? strnlen(text.data, text.size) : 0;
    const char *star = size > 0 ? memchr(text.data, '*', size) : NULL;
    struct pattern pattern = {
        .is_element = size == 1 && text.data[0] == '#',
    };

    if (star)
        pattern_read_star(text, size, star, &pattern);
    return pattern;
}

/* --- Looking up ---------------------------------------------------------- */

static char *pattern_put(char *to, struct kr_str bytes)
{
    if (bytes.size > 0)
        memcpy(to, bytes.data, bytes.size);
    return to + bytes.size;
}

/* The key for that element, in the room; false: no memory. */
static bool pattern_key(const struct pattern *pattern,
                        struct pattern_room *room, struct kr_str element,
                        struct kr_str *key)
{
    size_t size = pattern->before.size + element.size + pattern->after.size;
    char *to;

    if (size >= room->size) {
        size_t larger = 2 * size + 64;
        char *bytes = kr_memory->try_realloc(room->self, room->key, larger);

        if (!bytes) {
            room->failed = true;
            return false;
        }
        room->key = bytes;
        room->size = larger;
    }
    *key = kr_str(room->key, size);
    to = pattern_put(room->key, pattern->before);
    to = pattern_put(to, element);
    pattern_put(to, pattern->after);
    return true;
}

bool pattern_find(const struct pattern *pattern, struct pattern_room *room,
                  struct kr_str element, struct kr_str *value)
{
    struct kr_cell cell;
    struct kr_str key;

    if (pattern->is_element) {
        *value = element;
        return true;
    }
    if (!pattern->has_star || !pattern_key(pattern, room, element, &key) ||
        !kr_keyspace->find(room->db, key, KR_FIND_READ, &cell))
        return false;
    if (pattern->has_field)
        return kr_hashes && kr_hashes->is_hash(&cell) &&
               kr_hashes->get(&cell, pattern->field, room->scratch, value);
    if (!kr_strings || !kr_strings->is_string(&cell))
        return false;
    *value = kr_strings->view(&cell, room->scratch);
    return true;
}

void pattern_room_fini(struct pattern_room *room)
{
    kr_memory->free(room->self, room->key);
    room->key = NULL;
    room->size = 0;
}
