/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib_pattern.h"

#include <stdbool.h>
#include <string.h>

#define PATTERN_SPAN   4096 /* bytes between two looks at the budget */
#define PATTERN_SEARCH 64   /* bytes that are searched in a step */

/* Where the matching is. */
struct place {
    const char *at;
    const struct lib_item *item;
};

/* --- Bytes ----------------------------------------------------------------- */

static bool place_has(const struct lib_pattern *pattern,
                      const struct place *place)
{
    return place->at < pattern->end &&
           lib_set_has(&place->item->of.set, (unsigned char)*place->at);
}

/* The end of those bytes from `at` on that are in the set, or are not. */
static const char *pattern_span(struct lib_pattern *pattern, const char *at,
                                const struct lib_set *set, bool in)
{
    const char *stop, *begin;

    do {
        begin = at;
        stop =
            pattern->end - at > PATTERN_SPAN ? at + PATTERN_SPAN : pattern->end;
        while (at < stop && lib_set_has(set, (unsigned char)*at) == in)
            at++;
        lib_cost_add(&pattern->cost, (uint64_t)(at - begin) / 4);
    } while (at == stop && at < pattern->end);
    return at;
}

/* --- The list of choices --------------------------------------------------- */

/* Go on from the newest choice; false if there is none.  Captures need no care:
 * each is written again on the way to where it is read. */
static bool choice_take(struct lib_pattern *pattern, struct place *place,
                        size_t *choices)
{
    while (*choices > 0) {
        struct lib_choice *choice = &pattern->list[*choices - 1];

        *place = (struct place){choice->at, choice->item};
        if (place->item->kind == ITEM_MAYBE) {
            --*choices;
        } else if (place->item->kind == ITEM_MANY) {
            place->at = --choice->at;
            *choices -= choice->at == choice->least;
        } else if (place_has(pattern, place)) {
            place->at = ++choice->at;
        } else {
            --*choices;
            continue;
        }
        place->item++;
        return true;
    }
    return false;
}

/* --- Items ----------------------------------------------------------------- */

static bool match_text(struct lib_pattern *pattern, struct place *place)
{
    const char *bytes = place->item->of.text.bytes;
    size_t size = place->item->of.text.size;

    if ((size_t)(pattern->end - place->at) < size || *place->at != *bytes)
        return false;
    lib_cost_add(&pattern->cost, size / 16);
    if (memcmp(place->at, bytes, size) != 0)
        return false;
    place->at += size;
    return true;
}

/* What a capture holds, once more. */
static bool match_again(struct lib_pattern *pattern, struct place *place)
{
    const struct lib_capture *capture = &pattern->capture[place->item->capture];

    if ((size_t)(pattern->end - place->at) < capture->size)
        return false;
    lib_cost_add(&pattern->cost, capture->size / 16);
    if (memcmp(capture->begin, place->at, capture->size) != 0)
        return false;
    place->at += capture->size;
    return true;
}

/* From an x to the y that balances it. */
static bool match_balanced(struct lib_pattern *pattern, struct place *place)
{
    char open = place->item->of.pair[0], close = place->item->of.pair[1];
    size_t depth = 1;

    if (*place->at != open)
        return false;
    for (const char *at = place->at + 1; at < pattern->end; at++) {
        lib_cost_add(&pattern->cost, 1);
        if (*at == close) {
            if (--depth == 0) {
                place->at = at + 1;
                return true;
            }
        } else if (*at == open) {
            depth++;
        }
    }
    return false;
}

/* The text goes from outside the set to inside. */
static bool match_frontier(const struct lib_pattern *pattern,
                           const struct place *place)
{
    const struct lib_set *set = &place->item->of.set;
    char before = place->at == pattern->text ? '\0' : place->at[-1];

    return !lib_set_has(set, (unsigned char)before) &&
           lib_set_has(set, (unsigned char)*place->at);
}

/* An item that may take more or less; it always matches. */
static void match_loose(struct lib_pattern *pattern, struct place *place,
                        size_t *choices)
{
    const struct lib_item *item = place->item;
    struct lib_choice *choice = &pattern->list[*choices];
    const char *least = place->at;

    if (item->kind == ITEM_MANY && item->any)
        place->at = pattern->end;
    else if (item->kind == ITEM_MANY)
        place->at = pattern_span(pattern, least, &item->of.set, true);
    else if (item->kind == ITEM_MAYBE)
        place->at += place_has(pattern, place);
    if (item->firm || (item->kind != ITEM_FEW && place->at == least))
        return;
    *choice = (struct lib_choice){
        item, item->kind == ITEM_MAYBE ? least : place->at, least};
    ++*choices;
}

static bool match_item(struct lib_pattern *pattern, struct place *place,
                       size_t *choices)
{
    struct lib_capture *capture = &pattern->capture[place->item->capture];

    switch ((enum lib_item_kind)place->item->kind) {
    case ITEM_TEXT:
        return match_text(pattern, place);
    case ITEM_SET:
        return place_has(pattern, place) && place->at++;
    case ITEM_MANY:
    case ITEM_FEW:
    case ITEM_MAYBE:
        match_loose(pattern, place, choices);
        return true;
    case ITEM_OPEN:
    case ITEM_HERE:
        capture->begin = place->at;
        return true;
    case ITEM_CLOSE:
        capture->size = (size_t)(place->at - capture->begin);
        return true;
    case ITEM_AGAIN:
        return match_again(pattern, place);
    case ITEM_BALANCED:
        return match_balanced(pattern, place);
    case ITEM_FRONTIER:
        return match_frontier(pattern, place);
    case ITEM_BRINK:
        return place->at == pattern->end;
    case ITEM_END:
        break;
    case ITEM_WRONG:
        luaL_error(pattern->L, "%s", place->item->of.error);
    }
    return false;
}

/* --- From outside ---------------------------------------------------------- */

void lib_pattern_begin(struct lib_pattern *pattern, lua_State *L,
                       const struct lib_program *program, const char *text,
                       size_t size)
{
    pattern->L = L;
    pattern->program = program;
    pattern->cost = (struct lib_cost){.L = L};
    pattern->text = text;
    pattern->end = text + size;
    pattern->list = pattern->first;
    if (program->choices <= PATTERN_CHOICES)
        return;
    luaL_checkstack(L, 2, "pattern too complex");
    pattern->list =
        lua_newuserdata(L, program->choices * sizeof(*pattern->list));
}

const char *lib_pattern_skip(struct lib_pattern *pattern, const char *at)
{
    const struct lib_program *program = pattern->program;
    const char *found;

    if (!program->searched)
        return at;
    if (!program->lettered)
        return pattern_span(pattern, at, &program->first, false);
    found = memchr(at, program->letter, (size_t)(pattern->end - at));
    if (!found)
        found = pattern->end;
    lib_cost_add(&pattern->cost, (uint64_t)(found - at) / PATTERN_SEARCH);
    return found;
}

const char *lib_pattern_match(struct lib_pattern *pattern, const char *at)
{
    struct place place = {at, pattern->program->items};
    size_t choices = 0;

    while (place.item->kind != ITEM_END) {
        lib_cost_add(&pattern->cost, 1);
        if (match_item(pattern, &place, &choices))
            place.item++;
        else if (!choice_take(pattern, &place, &choices))
            return NULL;
    }
    return place.at;
}

void lib_pattern_push(struct lib_pattern *pattern, int index, const char *begin,
                      const char *end)
{
    lua_State *L = pattern->L;
    const struct lib_program *program = pattern->program;
    const struct lib_capture *capture = &pattern->capture[index];

    if (index >= program->captures) {
        if (index != 0)
            luaL_error(L, "invalid capture index");
        lua_pushlstring(L, begin, (size_t)(end - begin));
    } else if (program->positions >> index & 1) {
        lua_pushinteger(L, capture->begin - pattern->text + 1);
    } else if (program->open >> index & 1) {
        luaL_error(L, "unfinished capture");
    } else {
        lua_pushlstring(L, capture->begin, capture->size);
    }
}

int lib_pattern_push_all(struct lib_pattern *pattern, const char *begin,
                         const char *end)
{
    int captures = pattern->program->captures;
    int count = captures == 0 && begin ? 1 : captures;

    if (count > 8) /* fewer have room without asking */
        luaL_checkstack(pattern->L, count, "too many captures");
    for (int i = 0; i < count; i++)
        lib_pattern_push(pattern, i, begin, end);
    return count;
}
