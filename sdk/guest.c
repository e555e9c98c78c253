/* SPDX-License-Identifier: BSD-3-Clause */
/* guest - a module built for Redis: what it asks of its host.
 *
 * Such a module gets its functions by name when it is loaded, so the names stand
 * as texts in its constants.  A header asks for all that it knows, used or not:
 * what is lacking is a fact, and no verdict. */
#include "sdk/guest.h"

#include <ctype.h>

static const char *const guest_known[] = {
#define FUNCTION(result, name, parameters) #name,
#include "modules/redisabi/functions.h"
#undef FUNCTION
    "GetApi",
};

/* What a module exports itself. */
static const char *const guest_own[] = {"OnLoad", "OnUnload", "Init"};

static bool guest_is_one_of(const char *const *list, size_t count,
                            const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i], name) == 0)
            return true;
    }
    return false;
}

/* The bytes at `text` end within `room`: a name that is all of a text? */
static bool guest_is_name(const char *text, size_t room)
{
    size_t n = strnlen(text, room);

    if (n == 0 || n == room || n > 80)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!isalnum((unsigned char)text[i]) && text[i] != '_')
            return false;
    }
    return true;
}

static void guest_take(const char *name, struct names *there,
                       struct names *lacking)
{
    struct names *names =
        guest_is_one_of(guest_known, KR_COUNT(guest_known), name) ? there
                                                                  : lacking;

    if (!guest_is_one_of(guest_own, KR_COUNT(guest_own), name) &&
        !names_have(names, name))
        names_add(names, name);
}

static void guest_scan(const char *bytes, size_t size, struct names *there,
                       struct names *lacking)
{
    static const char *const prefixes[] = {"RedisModule_", "ValkeyModule_"};

    for (size_t i = 0; i < KR_COUNT(prefixes); i++) {
        size_t n = strlen(prefixes[i]), left = size;
        const char *at = bytes;

        while ((at = memmem(at, left, prefixes[i], n)) != NULL) {
            bool whole = at == bytes || at[-1] == '\0';

            at += n;
            left = size - (size_t)(at - bytes);
            if (whole && guest_is_name(at, left))
                guest_take(at, there, lacking);
        }
    }
}

void guest_survey(const struct picture *picture, struct names *there,
                  struct names *lacking)
{
    for (uint32_t i = 0; i < picture->image.segment_count; i++) {
        const struct image_segment *s = &picture->image.segments[i];

        if (s->access & IMAGE_READ)
            guest_scan((const char *)s->start, s->end - s->start, there,
                       lacking);
    }
}
