/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib_program.h"

#include "lib.h"
#include "lib_class.h"

#include <ctype.h>
#include <string.h>

#define CACHE_PROGRAMS 128
#define CACHE_PATTERN  64 /* bytes: longer ones are taken apart each time */

/* Where the taking apart is. */
struct builder {
    struct lib_cost cost;
    const char *at;
    struct lib_program *program; /* NULL: items are only counted */
    struct lib_item scratch;     /* then */
    struct lib_item *last;       /* TEXT that may go on, or NULL */
    size_t items;
    uint32_t open;
    uint32_t positions;
    int captures;
};

/* --- Sets ------------------------------------------------------------------ */

static void set_add(struct lib_set *set, unsigned char byte)
{
    set->bits[byte >> 6] |= UINT64_C(1) << (byte & 63);
}

/* What `letter` stands for behind a '%'. */
static void set_add_class(struct lib_set *set, unsigned char letter)
{
    struct lib_class class;
    uint64_t flip;

    if (!lib_class_find(letter, &class)) {
        set_add(set, letter);
        return;
    }
    flip = class.inverse ? UINT64_MAX : 0;
    set->bits[0] |= class.low ^ flip;
    set->bits[1] |= class.high ^ flip;
    set->bits[2] |= flip;
    set->bits[3] |= flip;
}

static void set_invert(struct lib_set *set)
{
    for (size_t i = 0; i < 4; i++)
        set->bits[i] = ~set->bits[i];
}

static bool sets_meet(const struct lib_set *a, const struct lib_set *b)
{
    uint64_t both = 0;

    for (size_t i = 0; i < 4; i++)
        both |= a->bits[i] & b->bits[i];
    return both != 0;
}

/* From behind the '[' to behind the ']' that ends it; NULL: there is none.  A
 * bracket that is first is a member. */
static const char *set_end(const char *at)
{
    at += *at == '^';
    do {
        if (*at == '\0')
            return NULL;
        if (*at++ == '%' && *at != '\0')
            at++;
    } while (*at != ']');
    return at + 1;
}

/* [...], without the brackets. */
static void set_read(struct lib_set *set, const char *at, const char *end)
{
    bool inverse = *at == '^';

    for (at += inverse; at < end; at++) {
        if (*at == '%') {
            set_add_class(set, (unsigned char)*++at);
        } else if (at[1] == '-' && at + 2 < end) {
            for (int byte = (unsigned char)at[0]; byte <= (unsigned char)at[2];
                 byte++)
                set_add(set, (unsigned char)byte);
            at += 2;
        } else {
            set_add(set, (unsigned char)*at);
        }
    }
    if (inverse)
        set_invert(set);
}

/* --- Items ----------------------------------------------------------------- */

static struct lib_item *builder_add(struct builder *b, enum lib_item_kind kind)
{
    struct lib_item *item =
        b->program ? &b->program->items[b->items] : &b->scratch;

    *item = (struct lib_item){.kind = (uint8_t)kind};
    b->items++;
    b->last = NULL;
    return item;
}

/* Nothing behind it is ever looked at. */
static void builder_wrong(struct builder *b, const char *error)
{
    builder_add(b, ITEM_WRONG)->of.error = error;
    b->at = NULL;
}

static void builder_open(struct builder *b)
{
    bool position = b->at[1] == ')';

    if (b->captures == PROGRAM_CAPTURES) {
        builder_wrong(b, "too many captures");
        return;
    }
    builder_add(b, position ? ITEM_HERE : ITEM_OPEN)->capture =
        (uint8_t)b->captures;
    if (position)
        b->positions |= UINT32_C(1) << b->captures;
    else
        b->open |= UINT32_C(1) << b->captures;
    b->captures++;
    b->at += position ? 2 : 1;
}

static void builder_close(struct builder *b)
{
    int index;

    if (b->open == 0) {
        builder_wrong(b, "invalid pattern capture");
        return;
    }
    index = 31 - __builtin_clz(b->open);
    b->open &= ~(UINT32_C(1) << index);
    builder_add(b, ITEM_CLOSE)->capture = (uint8_t)index;
    b->at++;
}

/* %1 to %9; a position holds no text, and so never matches. */
static void builder_again(struct builder *b)
{
    int index = b->at[1] - '1';

    if (index < 0 || index >= b->captures || b->open >> index & 1) {
        builder_wrong(b, "invalid capture index");
        return;
    }
    if (b->positions >> index & 1)
        builder_add(b, ITEM_SET); /* which is empty */
    else
        builder_add(b, ITEM_AGAIN)->capture = (uint8_t)index;
    b->at += 2;
}

static void builder_balanced(struct builder *b)
{
    if (b->at[2] == '\0' || b->at[3] == '\0') {
        builder_wrong(b, "unbalanced pattern");
        return;
    }
    memcpy(builder_add(b, ITEM_BALANCED)->of.pair, b->at + 2, 2);
    b->at += 4;
}

static void builder_frontier(struct builder *b)
{
    const char *set = b->at + 3, *end;

    if (b->at[2] != '[') {
        builder_wrong(b, "missing '[' after '%f' in pattern");
        return;
    }
    end = set_end(set);
    if (!end) {
        builder_wrong(b, "malformed pattern (missing ']')");
        return;
    }
    set_read(&builder_add(b, ITEM_FRONTIER)->of.set, set, end - 1);
    b->at = end;
}

/* A byte that stands for itself, once: mostly there are more. */
static void builder_text(struct builder *b, const char *byte)
{
    struct lib_item *item = b->last;

    if (!item || item->of.text.bytes + item->of.text.size != byte) {
        item = builder_add(b, ITEM_TEXT);
        item->of.text.bytes = byte;
    }
    item->of.text.size++;
    b->last = item;
}

/* The end of the single item at b->at, and its set; NULL: it is wrong. */
static const char *builder_single(struct builder *b, struct lib_set *set)
{
    const char *at = b->at + 1, *end;

    *set = (struct lib_set){0};
    switch (*b->at) {
    case '.':
        set_invert(set);
        return at;
    case '%':
        if (*at == '\0') {
            builder_wrong(b, "malformed pattern (ends with '%')");
            return NULL;
        }
        set_add_class(set, (unsigned char)*at);
        return at + 1;
    case '[':
        end = set_end(at);
        if (end)
            set_read(set, at, end - 1);
        else
            builder_wrong(b, "malformed pattern (missing ']')");
        return end;
    default:
        set_add(set, (unsigned char)*b->at);
        return at;
    }
}

/* A single item and how often it is wanted. */
static void builder_repeated(struct builder *b)
{
    struct lib_class class;
    struct lib_set set;
    const char *begin = b->at, *end = builder_single(b, &set);
    bool any = *begin == '.';
    struct lib_item *item;

    if (!end)
        return;
    b->at = end + 1;
    switch (*end) {
    case '+':
        builder_add(b, ITEM_SET)->of.set = set;
        /* fall through */
    case '*':
        item = builder_add(b, ITEM_MANY);
        item->any = any;
        break;
    case '-':
        item = builder_add(b, ITEM_FEW);
        break;
    case '?':
        item = builder_add(b, ITEM_MAYBE);
        break;
    default:
        b->at = end;
        if (!any && *begin != '[' && *begin != '%') {
            builder_text(b, begin);
            return;
        }
        if (*begin == '%' && !lib_class_find((unsigned char)begin[1], &class)) {
            builder_text(b, begin + 1);
            return;
        }
        item = builder_add(b, ITEM_SET);
        break;
    }
    item->of.set = set;
}

static void builder_escaped(struct builder *b)
{
    if (b->at[1] == 'b')
        builder_balanced(b);
    else if (b->at[1] == 'f')
        builder_frontier(b);
    else if (isdigit((unsigned char)b->at[1]))
        builder_again(b);
    else
        builder_repeated(b);
}

static void builder_run(struct builder *b)
{
    while (b->at && *b->at != '\0') {
        const char *begin = b->at;

        if (*b->at == '(') {
            builder_open(b);
        } else if (*b->at == ')') {
            builder_close(b);
        } else if (*b->at == '%') {
            builder_escaped(b);
        } else if (*b->at == '$' && b->at[1] == '\0') {
            builder_add(b, ITEM_BRINK);
            b->at++;
        } else {
            builder_repeated(b);
        }
        lib_cost_add(&b->cost, b->at ? (uint64_t)(b->at - begin) * 2 : 0);
    }
    builder_add(b, ITEM_END);
}

/* --- What is known of all -------------------------------------------------- */

/* The bytes that a TEXT or a SET begins with. */
static struct lib_set item_first(const struct lib_item *item)
{
    struct lib_set set = {0};

    if (item->kind == ITEM_SET)
        return item->of.set;
    set_add(&set, (unsigned char)*item->of.text.bytes);
    return set;
}

/* Giving back leaves the match at a byte of the item's set. */
static bool item_is_firm(const struct lib_item *item)
{
    const struct lib_set *set = &item->of.set;

    for (const struct lib_item *next = item + 1;; next++) {
        struct lib_set first;

        switch ((enum lib_item_kind)next->kind) {
        case ITEM_OPEN:
        case ITEM_CLOSE:
        case ITEM_HERE:
            break;
        case ITEM_MANY:
        case ITEM_FEW:
        case ITEM_MAYBE: /* takes nothing there */
            if (sets_meet(set, &next->of.set))
                return false;
            break;
        case ITEM_TEXT:
        case ITEM_SET:
            first = item_first(next);
            return !sets_meet(set, &first);
        case ITEM_END:
        case ITEM_BRINK:
            return true;
        case ITEM_AGAIN:
        case ITEM_BALANCED:
        case ITEM_FRONTIER:
        case ITEM_WRONG:
            return false;
        }
    }
}

static void program_judge(struct lib_program *program)
{
    for (struct lib_item *item = program->items; item->kind != ITEM_END;
         item++) {
        if (item->kind == ITEM_MANY || item->kind == ITEM_MAYBE)
            item->firm = item_is_firm(item);
        program->choices +=
            item->kind == ITEM_FEW ||
            ((item->kind == ITEM_MANY || item->kind == ITEM_MAYBE) &&
             !item->firm);
    }
}

static void program_look_first(struct lib_program *program)
{
    const struct lib_item *item = program->items;

    while (item->kind == ITEM_OPEN || item->kind == ITEM_HERE)
        item++;
    program->searched = item->kind == ITEM_TEXT || item->kind == ITEM_SET;
    if (!program->searched)
        return;
    program->first = item_first(item);
    program->lettered = item->kind == ITEM_TEXT;
    if (program->lettered)
        program->letter = *item->of.text.bytes;
}

const struct lib_program *lib_program_push(lua_State *L, const char *pattern,
                                           bool anchors)
{
    bool anchored = anchors && *pattern == '^';
    struct builder count = {.cost = {.L = L}, .at = pattern + anchored},
                   b = count;

    builder_run(&count);
    b.program = lua_newuserdata(L, sizeof(*b.program) +
                                       count.items * sizeof(b.scratch));
    *b.program = (struct lib_program){.anchored = anchored};
    builder_run(&b);
    b.program->captures = b.captures;
    b.program->positions = b.positions;
    b.program->open = b.open;
    program_judge(b.program);
    program_look_first(b.program);
    return b.program;
}

/* --- The cache -------------------------------------------------------------
 *
 *     userdata: next = 2
 *     table:    {"%d+", "^x", nil, ..., ["%d+"] = program, ["^x"] = program}
 *
 * A pattern that comes when all places are taken gets the oldest one's. */

void lib_program_push_cache(lua_State *L)
{
    int *next = lua_newuserdata(L, sizeof(*next));

    *next = 0;
    lua_createtable(L, CACHE_PROGRAMS, CACHE_PROGRAMS);
}

/* Let the program on top have a place. */
static void cache_put(lua_State *L, int argument, int *next, int table)
{
    int place = *next + 1;

    *next = place % CACHE_PROGRAMS;
    lua_rawgeti(L, table, place);
    if (!lua_isnil(L, -1)) {
        lua_pushnil(L);
        lua_rawset(L, table);
    } else {
        lua_pop(L, 1);
    }
    lua_pushvalue(L, argument);
    lua_rawseti(L, table, place);
    lua_pushvalue(L, argument);
    lua_pushvalue(L, -2);
    lua_rawset(L, table);
}

const struct lib_program *lib_program_get(lua_State *L, int argument, int index)
{
    int *next = lua_touserdata(L, lua_upvalueindex(index));
    int table = lua_upvalueindex(index + 1);
    const struct lib_program *program;
    const char *pattern;

    lua_pushvalue(L, argument);
    lua_rawget(L, table);
    program = lua_touserdata(L, -1);
    if (program)
        return program;
    lua_pop(L, 1);
    pattern = lua_tostring(L, argument);
    program = lib_program_push(L, pattern, true);
    if (lua_objlen(L, argument) <= CACHE_PATTERN)
        cache_put(L, argument, next, table);
    return program;
}
