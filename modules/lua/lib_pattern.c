/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib_pattern.h"

#include "lib_class.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define PATTERN_SPAN   4096 /* bytes between two looks at the budget */
#define PATTERN_SEARCH 64   /* bytes that are searched in a step */

enum choice_kind { CHOICE_SKIP, CHOICE_LESS, CHOICE_MORE };

/* Where the matching is. */
struct place {
    const char *at;
    const char *source;
};

/* --- Single items ---------------------------------------------------------- */

/* The end of the item at `source`: x, %x or [...]. */
static const char *item_end(struct lib_pattern *pattern, const char *source)
{
    char letter = *source++;

    if (letter == '%') {
        if (*source == '\0')
            luaL_error(pattern->L, "malformed pattern (ends with '%%')");
        return source + 1;
    }
    if (letter != '[')
        return source;
    if (*source == '^')
        source++;
    do { /* a bracket that is first is a member */
        if (*source == '\0')
            luaL_error(pattern->L, "malformed pattern (missing ']')");
        if (*source++ == '%' && *source != '\0')
            source++;
    } while (*source != ']');
    return source + 1;
}

static bool class_has(unsigned char byte, unsigned char letter)
{
    struct lib_class set;

    return lib_class_find(letter, &set) ? lib_class_has(&set, byte)
                                        : byte == letter;
}

/* Is `byte` in the set from `source` ('[') to `last` (']')? */
static bool set_has(unsigned char byte, const char *source, const char *last)
{
    bool found = true;

    if (*++source == '^') {
        found = false;
        source++;
    }
    for (; source < last; source++) {
        if (*source == '%') {
            if (class_has(byte, (unsigned char)*++source))
                return found;
        } else if (source[1] == '-' && source + 2 < last) {
            if ((unsigned char)source[0] <= byte &&
                byte <= (unsigned char)source[2])
                return found;
            source += 2;
        } else if ((unsigned char)*source == byte) {
            return found;
        }
    }
    return !found;
}

static bool item_has(struct lib_pattern *pattern, const char *at,
                     const char *source, const char *end)
{
    if (at >= pattern->end)
        return false;
    lib_cost_add(&pattern->cost, 1 + (uint64_t)(end - source) / 8);
    switch (*source) {
    case '.':
        return true;
    case '%':
        return class_has((unsigned char)*at, (unsigned char)source[1]);
    case '[':
        return set_has((unsigned char)*at, source, end - 1);
    default:
        return *source == *at;
    }
}

/* --- The list of choices --------------------------------------------------- */

static struct lib_choice *choice_add(struct lib_pattern *pattern,
                                     enum choice_kind kind,
                                     const struct place *place)
{
    struct lib_choice *choice;

    if (pattern->choices == pattern->capacity) {
        size_t capacity = pattern->capacity * 2;
        struct lib_choice *list;

        luaL_checkstack(pattern->L, 1, "pattern too complex");
        list = lua_newuserdata(pattern->L, capacity * sizeof(*list));
        memcpy(list, pattern->list, pattern->choices * sizeof(*list));
        lua_replace(pattern->L, pattern->slot);
        pattern->list = list;
        pattern->capacity = capacity;
    }
    choice = &pattern->list[pattern->choices++];
    *choice = (struct lib_choice){.kind = kind,
                                  .at = place->at,
                                  .source = place->source,
                                  .captures = pattern->captures,
                                  .open = pattern->open};
    return choice;
}

/* The captures as they were when the choice was made. */
static void choice_restore(struct lib_pattern *pattern,
                           const struct lib_choice *choice)
{
    uint32_t closed = choice->open & ~pattern->open;

    pattern->captures = choice->captures;
    pattern->open = choice->open;
    for (; closed; closed &= closed - 1)
        pattern->capture[__builtin_ctz(closed)].size = PATTERN_OPEN;
}

/* Go on from the newest choice; false if there is none. */
static bool choice_take(struct lib_pattern *pattern, struct place *place)
{
    while (pattern->choices > 0) {
        struct lib_choice *choice = &pattern->list[pattern->choices - 1];
        const char *end;

        choice_restore(pattern, choice);
        switch ((enum choice_kind)choice->kind) {
        case CHOICE_SKIP:
            *place = (struct place){choice->at, choice->source};
            pattern->choices--;
            return true;
        case CHOICE_LESS:
            choice->at--;
            *place = (struct place){choice->at, choice->source};
            if (choice->at == choice->least)
                pattern->choices--;
            return true;
        case CHOICE_MORE:
            end = item_end(pattern, choice->source);
            if (!item_has(pattern, choice->at, choice->source, end))
                break;
            choice->at++;
            *place = (struct place){choice->at, end + 1};
            return true;
        }
        pattern->choices--;
    }
    return false;
}

/* --- Items with more to them ----------------------------------------------- */

static void capture_open(struct lib_pattern *pattern, struct place *place)
{
    bool position = place->source[1] == ')';

    if (pattern->captures >= PATTERN_CAPTURES)
        luaL_error(pattern->L, "too many captures");
    if (!position)
        pattern->open |= UINT32_C(1) << pattern->captures;
    pattern->capture[pattern->captures++] = (struct lib_capture){
        place->at, position ? PATTERN_POSITION : PATTERN_OPEN};
    place->source += position ? 2 : 1;
}

static void capture_close(struct lib_pattern *pattern, struct place *place)
{
    int index;

    if (pattern->open == 0)
        luaL_error(pattern->L, "invalid pattern capture");
    index = 31 - __builtin_clz(pattern->open);
    pattern->open &= ~(UINT32_C(1) << index);
    pattern->capture[index].size = place->at - pattern->capture[index].begin;
    place->source++;
}

/* %1 to %9: what that capture holds, once more. */
static bool capture_again(struct lib_pattern *pattern, struct place *place)
{
    int index = place->source[1] - '1';
    size_t size;

    if (index < 0 || index >= pattern->captures ||
        pattern->capture[index].size == PATTERN_OPEN)
        luaL_error(pattern->L, "invalid capture index");
    size = (size_t)pattern->capture[index].size; /* of a position: too large */
    lib_cost_add(&pattern->cost,
                 (size_t)(pattern->end - place->at) < size ? 1 : 1 + size / 16);
    if ((size_t)(pattern->end - place->at) < size ||
        memcmp(pattern->capture[index].begin, place->at, size) != 0)
        return false;
    place->at += size;
    place->source += 2;
    return true;
}

/* %bxy: from an x to the y that balances it. */
static bool match_balanced(struct lib_pattern *pattern, struct place *place)
{
    char open = place->source[2];
    char close = open ? place->source[3] : '\0';
    size_t depth = 1;

    if (close == '\0')
        luaL_error(pattern->L, "unbalanced pattern");
    if (*place->at != open)
        return false;
    for (const char *at = place->at + 1; at < pattern->end; at++) {
        lib_cost_add(&pattern->cost, 1);
        if (*at == close) {
            if (--depth == 0) {
                place->at = at + 1;
                place->source += 4;
                return true;
            }
        } else if (*at == open) {
            depth++;
        }
    }
    return false;
}

/* %f[set]: the text goes from outside the set to inside. */
static bool match_frontier(struct lib_pattern *pattern, struct place *place)
{
    const char *set = place->source + 2;
    const char *end;
    char before = place->at == pattern->text ? '\0' : place->at[-1];

    if (*set != '[')
        luaL_error(pattern->L, "missing '[' after '%%f' in pattern");
    end = item_end(pattern, set);
    lib_cost_add(&pattern->cost, 1 + (uint64_t)(end - set) / 4);
    if (set_has((unsigned char)before, set, end - 1) ||
        !set_has((unsigned char)*place->at, set, end - 1))
        return false;
    place->source = end;
    return true;
}

/* The end of those bytes from `at` on, up to `stop`, that the class has. */
static const char *class_span(const char *at, const char *stop,
                              unsigned char letter)
{
    struct lib_class set;

    if (!lib_class_find(letter, &set)) {
        while (at < stop && (unsigned char)*at == letter)
            at++;
        return at;
    }
    while (at < stop && lib_class_has(&set, (unsigned char)*at))
        at++;
    return at;
}

/* The end of those that the item has; `source` to `end` is the item. */
static const char *item_span(struct lib_pattern *pattern, const char *at,
                             const char *source, const char *end)
{
    const char *stop = at, *begin;

    do {
        begin = at;
        stop =
            pattern->end - at > PATTERN_SPAN ? at + PATTERN_SPAN : pattern->end;
        if (*source == '.')
            at = stop;
        else if (*source == '%')
            at = class_span(at, stop, (unsigned char)source[1]);
        else if (*source != '[')
            while (at < stop && *at == *source)
                at++;
        else
            while (item_has(pattern, at, source, end))
                at++;
        lib_cost_add(&pattern->cost, 1 + (uint64_t)(at - begin) / 4);
    } while (at == stop && at < pattern->end);
    return at;
}

/* x* or the rest of x+: as many as there are, fewer if that fails. */
static void match_longest(struct lib_pattern *pattern, struct place *place,
                          const char *end)
{
    const char *least = place->at;

    place->at = item_span(pattern, place->at, place->source, end);
    place->source = end + 1;
    if (place->at > least)
        choice_add(pattern, CHOICE_LESS, place)->least = least;
}

/* A single item and how often it is wanted. */
static bool match_single(struct lib_pattern *pattern, struct place *place)
{
    const char *end = item_end(pattern, place->source);
    bool has;

    if (*end == '*') {
        match_longest(pattern, place, end);
        return true;
    }
    if (*end == '-') {
        choice_add(pattern, CHOICE_MORE, place);
        place->source = end + 1;
        return true;
    }
    has = item_has(pattern, place->at, place->source, end);
    if (*end == '?') {
        place->source = end + 1;
        if (has) {
            choice_add(pattern, CHOICE_SKIP, place);
            place->at++;
        }
        return true;
    }
    if (!has)
        return false;
    place->at++;
    if (*end == '+')
        match_longest(pattern, place, end);
    else
        place->source = end;
    return true;
}

static bool match_item(struct lib_pattern *pattern, struct place *place)
{
    switch (*place->source) {
    case '(':
        capture_open(pattern, place);
        return true;
    case ')':
        capture_close(pattern, place);
        return true;
    case '$':
        if (place->source[1] != '\0')
            break;
        place->source++;
        return place->at == pattern->end;
    case '%':
        if (place->source[1] == 'b')
            return match_balanced(pattern, place);
        if (place->source[1] == 'f')
            return match_frontier(pattern, place);
        if (isdigit((unsigned char)place->source[1]))
            return capture_again(pattern, place);
        break;
    default:
        break;
    }
    return match_single(pattern, place);
}

/* --- From outside ---------------------------------------------------------- */

void lib_pattern_begin(struct lib_pattern *pattern, lua_State *L,
                       const char *text, size_t size)
{
    pattern->L = L;
    pattern->cost = (struct lib_cost){.L = L};
    pattern->text = text;
    pattern->end = text + size;
    pattern->captures = 0;
    pattern->open = 0;
    pattern->choices = 0;
    pattern->capacity = PATTERN_CHOICES;
    pattern->list = pattern->first;
    luaL_checkstack(L, 2, "pattern too complex");
    lua_pushnil(L);
    pattern->slot = lua_gettop(L);
}

/* Does it not stand for itself? */
static bool is_special(char letter)
{
    /* clang-format off */
    switch (letter) {
    case '^': case '$': case '*': case '+': case '?': case '.': case '(':
    case ')': case '[': case '%': case '-': case '\0':
        return true;
    default:
        return false;
    }
    /* clang-format on */
}

const char *lib_pattern_skip(struct lib_pattern *pattern, const char *at,
                             const char *source)
{
    const char *found;

    if (is_special(*source) || source[1] == '*' || source[1] == '?' ||
        source[1] == '-')
        return at;
    found = memchr(at, *source, (size_t)(pattern->end - at));
    if (!found)
        found = pattern->end;
    lib_cost_add(&pattern->cost, (uint64_t)(found - at) / PATTERN_SEARCH);
    return found;
}

const char *lib_pattern_match(struct lib_pattern *pattern, const char *at,
                              const char *source)
{
    struct place place = {at, source};

    pattern->captures = 0;
    pattern->open = 0;
    pattern->choices = 0;
    while (*place.source != '\0') {
        lib_cost_add(&pattern->cost, 1);
        if (!match_item(pattern, &place) && !choice_take(pattern, &place))
            return NULL;
    }
    return place.at;
}

void lib_pattern_push(struct lib_pattern *pattern, int index, const char *begin,
                      const char *end)
{
    lua_State *L = pattern->L;
    const struct lib_capture *capture = &pattern->capture[index];

    if (index >= pattern->captures) {
        if (index != 0)
            luaL_error(L, "invalid capture index");
        lua_pushlstring(L, begin, (size_t)(end - begin));
    } else if (capture->size == PATTERN_POSITION) {
        lua_pushinteger(L, capture->begin - pattern->text + 1);
    } else if (capture->size == PATTERN_OPEN) {
        luaL_error(L, "unfinished capture");
    } else {
        lua_pushlstring(L, capture->begin, (size_t)capture->size);
    }
}

int lib_pattern_push_all(struct lib_pattern *pattern, const char *begin,
                         const char *end)
{
    int count = pattern->captures == 0 && begin ? 1 : pattern->captures;

    luaL_checkstack(pattern->L, count, "too many captures");
    for (int i = 0; i < count; i++)
        lib_pattern_push(pattern, i, begin, end);
    return count;
}
