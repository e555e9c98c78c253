/* SPDX-License-Identifier: BSD-3-Clause */
/* pattern - the patterns of SORT's BY and GET: where to look for each element.
 *
 *   weight_*            the string under weight_ELEMENT
 *   user:*->name        the field `name` of the hash under user:ELEMENT
 *   #                   the element itself
 *   anything else       nothing
 *
 * The first star counts, and the first arrow behind it that something follows.
 * A pattern ends at its first NUL as far as these are looked for. */
#ifndef KEYS_PATTERN_H
#define KEYS_PATTERN_H

#include <kr/base.h>
#include <kr/keyspace.h>
#include <kr/module.h>
#include <kr/text.h>

struct pattern {
    struct kr_str before; /* the star, borrowed as the others are */
    struct kr_str after;
    struct kr_str field;
    bool is_element; /* # */
    bool has_star;
    bool has_field;
};

/* Room that look-ups share. */
struct pattern_room {
    kr_module *self;
    kr_db *db;
    char *key;
    size_t size; /* of `key` */
    bool failed; /* there was no memory */
    char scratch[KR_INT64_TEXT];
};

struct pattern pattern_read(struct kr_str text);

/* What the pattern means for `element`, borrowed until the next look-up.
 * false: nothing.  The look-up may remove a key that has expired. */
bool pattern_find(const struct pattern *pattern, struct pattern_room *room,
                  struct kr_str element, struct kr_str *value);

void pattern_room_fini(struct pattern_room *room);

#endif
