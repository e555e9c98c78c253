/* SPDX-License-Identifier: BSD-3-Clause */
/* answer - a reply, taken apart.  See answer.c. */
#ifndef SDK_ANSWER_H
#define SDK_ANSWER_H

#include <kr/base.h>

#define ANSWER_BROKEN     (-1)
#define ANSWER_INCOMPLETE 0

struct answer {
    char kind;      /* the byte that begins it: + - : $ * and those of RESP3 */
    bool null;      /* _, $-1, *-1 */
    int64_t number; /* of : and # */
    struct kr_str text; /* of all that is no container; NUL behind it */
    size_t count;       /* of `items`: a map has two a pair */
    struct answer *items;
};

/* Take apart the reply at the start of `bytes`, strictly as `protocol` has it, 2
 * or 3; 0: as either of them.
 * The answer is how many bytes it has, or one of the above, and *out is void. */
int64_t answer_parse(struct kr_str bytes, int protocol, struct answer *out);
/* All that it holds, not the struct; which is void then, as one that is zero. */
void answer_free(struct answer *value);

/* Is it an error whose text begins so? */
bool answer_is_error(const struct answer *value, const char *with);
/* Its text, "" if it has none. */
const char *answer_text(const struct answer *value);
/* What stands under `name` in a map, or in an array of names and values in turn;
 * NULL: nothing. */
const struct answer *answer_at(const struct answer *map, const char *name);
/* Does a list have that text among its items? */
bool answer_has(const struct answer *list, const char *text);

#endif
