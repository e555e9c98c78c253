/* SPDX-License-Identifier: BSD-3-Clause */
/* A spec has two halves: where the search begins (at an index, or behind a
 * keyword), and how keys follow from there (a range, or a number of them that
 * is itself an argument).  A command may have several; one that is incomplete
 * has a function of its own. */
#include "core/dispatch/key_spec.h"

#include "core/text/number.h"

struct found {
    struct kr_key_ref *refs;
    uint32_t room;
    uint32_t count;
};

static void found_add(struct found *found, uint32_t index, uint32_t flags)
{
    if (found->count < found->room)
        found->refs[found->count] = (struct kr_key_ref){index, flags};
    found->count++;
}

/* Where the search begins; 0: nowhere.  The word at which a search for the
 * keyword would end is no keyword: nothing could follow it. */
static int64_t key_spec_begin(const struct kr_key_spec *spec, uint32_t argc,
                              const struct kr_str *argv)
{
    int64_t from, step, end;

    if (spec->begin == KR_BEGIN_INDEX)
        return spec->a;
    if (spec->begin != KR_BEGIN_KEYWORD || !spec->word)
        return 0;
    from = spec->a >= 0 ? spec->a : (int64_t)argc + spec->a;
    step = spec->a >= 0 ? 1 : -1;
    end = spec->a >= 0 ? (int64_t)argc - 1 : 1;
    for (; from > 0 && from < argc && from != end; from += step)
        if (kr_str_equal_nocase(argv[from], kr_cstr(spec->word)))
            return from + 1;
    return 0;
}

static bool key_spec_range(const struct kr_key_spec *spec, uint32_t argc,
                           int64_t first, struct found *found)
{
    int64_t last, step = spec->y;

    if (spec->x >= 0)
        last = first + spec->x;
    else if (spec->z == 0)
        last = (int64_t)argc + spec->x;
    else
        /* A limit: only the first 1/z of what is left. */
        last = first + ((int64_t)argc - first) / spec->z + spec->x;
    if (first >= argc || last >= argc || last < first || step < 1)
        return false;
    for (int64_t i = first; i <= last; i += step)
        found_add(found, (uint32_t)i, spec->flags);
    return true;
}

static bool key_spec_keynum(const struct kr_key_spec *spec, uint32_t argc,
                            const struct kr_str *argv, int64_t begin,
                            struct found *found)
{
    int64_t at = begin + spec->x, first = begin + spec->y, step = spec->z;
    int64_t number;

    if (at >= argc || step < 1 || !number_parse_int64(argv[at], &number) ||
        number < 0 || number > argc)
        return false;
    if (number == 0)
        return true;
    if (first + (number - 1) * step >= argc)
        return false;
    for (int64_t i = 0; i < number; i++)
        found_add(found, (uint32_t)(first + i * step), spec->flags);
    return true;
}

int32_t key_spec_find(const struct kr_command *row, uint32_t argc,
                      const struct kr_str *argv, struct kr_key_ref *refs,
                      uint32_t room)
{
    struct found found = {.refs = refs, .room = room};

    if (row->find_keys)
        return row->find_keys(argc, argv, refs, room);
    for (uint32_t i = 0; i < row->keys.count; i++) {
        const struct kr_key_spec *spec = key_spec_at(row, i);
        int64_t begin = key_spec_begin(spec, argc, argv);
        bool fine = true;

        if (begin <= 0 || spec->flags & KR_KEY_NOT_KEY)
            continue; /* a keyword that is not there names no keys */
        if (spec->find == KR_FIND_RANGE)
            fine = key_spec_range(spec, argc, begin, &found);
        else if (spec->find == KR_FIND_KEYNUM)
            fine = key_spec_keynum(spec, argc, argv, begin, &found);
        if (!fine)
            return -1;
    }
    return (int32_t)found.count;
}

/* Ranges that are one range together tell where the keys are; of several, each
 * has to begin where the one before ends. */
bool key_spec_is_movable(const struct kr_command *row)
{
    int32_t end = 0; /* behind the last key so far */

    for (uint32_t i = 0; i < row->keys.count; i++) {
        const struct kr_key_spec *spec = key_spec_at(row, i);

        if (spec->begin != KR_BEGIN_INDEX || spec->find != KR_FIND_RANGE ||
            spec->flags & KR_KEY_INCOMPLETE)
            return true;
        if (row->keys.count > 1 && (spec->y != 1 || (i > 0 && spec->a != end)))
            return true;
        end = spec->x >= 0 ? spec->a + spec->x + 1 : 0;
    }
    return false;
}

static bool key_place_fits(int64_t index)
{
    return index >= 1 && index <= UINT8_MAX;
}

static struct key_place key_spec_range_place(const struct kr_key_spec *spec)
{
    struct key_place place = {.first = (uint8_t)spec->a, .step = 1};

    if (spec->x >= -UINT8_MAX && spec->x <= UINT8_MAX &&
        key_place_fits(spec->y) && spec->z == 0) {
        place.last = (int16_t)spec->x;
        place.step = (uint8_t)spec->y;
    }
    return place;
}

struct key_place key_spec_place(const struct kr_command *row)
{
    const struct kr_key_spec *spec;
    struct key_place nowhere = {0};

    if (row->keys.count == 0)
        return nowhere;
    spec = key_spec_at(row, 0);
    if (spec->begin != KR_BEGIN_INDEX || !key_place_fits(spec->a) ||
        spec->flags & KR_KEY_NOT_KEY)
        return nowhere;
    if (spec->find == KR_FIND_RANGE)
        return key_spec_range_place(spec);
    if (spec->find == KR_FIND_KEYNUM && key_place_fits(spec->a + spec->x) &&
        key_place_fits(spec->a + spec->y) && key_place_fits(spec->z))
        return (struct key_place){.first = (uint8_t)(spec->a + spec->y),
                                  .step = (uint8_t)spec->z,
                                  .number = (uint8_t)(spec->a + spec->x)};
    return nowhere;
}

uint32_t key_place_count(const struct key_place *place, uint32_t argc,
                         const struct kr_str *argv)
{
    int64_t first = place->first, last = place->last, number;

    if (first == 0 || first >= argc)
        return 0;
    if (place->number) {
        if (place->number >= argc ||
            !number_parse_int64(argv[place->number], &number) || number < 1 ||
            number > argc)
            return 0;
        last = first + (number - 1) * place->step;
    } else {
        last += last >= 0 ? first : (int64_t)argc;
    }
    if (last < first || last >= argc)
        return 0;
    return (uint32_t)((last - first) / place->step) + 1;
}
