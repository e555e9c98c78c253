/* SPDX-License-Identifier: BSD-3-Clause */
/* glob - see the header for the language.
 *
 * Stars cut a pattern into pieces, and every element of a piece takes exactly
 * one byte.  So when a piece has been found as far left as it can be, it is
 * never necessary to look for it again further right for the sake of a later
 * piece: one point to go back to, at the last star, is enough.
 *
 *     a*bc*d      text  a x b b c y c d
 *                         ^ star: try "bc" here, one later, one later: found;
 *                                 forget it and go on with "d" */

#include "core/text/glob.h"

/* A pattern with more pieces matches nothing, as in Redis, whose matcher calls
 * itself for each. */
#define GLOB_PIECES 1000

static unsigned char glob_lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool glob_same(char a, char b, bool nocase)
{
    return a == b || (nocase && glob_lower((unsigned char)a) ==
                                    glob_lower((unsigned char)b));
}

/* Ends compare as signed bytes: [a-\xff] is the range from \xff (-1) to a. */
static bool glob_in_range(char first, char last, char c, bool nocase)
{
    signed char low = (signed char)(first < last ? first : last);
    signed char high = (signed char)(first < last ? last : first);
    signed char byte = (signed char)c;

    if (nocase) {
        low = (signed char)glob_lower((unsigned char)low);
        high = (signed char)glob_lower((unsigned char)high);
        byte = (signed char)glob_lower((unsigned char)byte);
    }
    return byte >= low && byte <= high;
}

/* Is `c` in the class whose '[' is just before *at?  *at moves behind it. */
static bool glob_class(const char **at, const char *end, char c, bool nocase)
{
    const char *p = *at;
    bool inverted = p < end && *p == '^';
    bool found = false;

    for (p += inverted; p < end && *p != ']'; p++) {
        if (*p == '\\' && end - p >= 2) {
            p++;
            found |= *p == c;
        } else if (end - p >= 3 && p[1] == '-') {
            found |= glob_in_range(p[0], p[2], c, nocase);
            p += 2;
        } else {
            found |= glob_same(*p, c, nocase);
        }
    }
    *at = p < end ? p + 1 : end;
    return found != inverted;
}

/* Does the element at *at, which is no star, accept `c`?  *at moves behind it.
 */
static bool glob_element(const char **at, const char *end, char c, bool nocase)
{
    const char *p = (*at)++;

    switch (*p) {
    case '?':
        return true;
    case '[':
        return glob_class(at, end, c, nocase);
    case '\\':
        if (end - p >= 2)
            p = (*at)++;
        return glob_same(*p, c, nocase);
    default:
        return glob_same(*p, c, nocase);
    }
}

static bool glob_run(struct kr_str pattern, struct kr_str text, bool nocase)
{
    const char *p = pattern.size ? pattern.data : "";
    const char *p_end = p + pattern.size;
    const char *t = text.size ? text.data : "";
    const char *t_end = t + text.size;
    const char *piece = NULL; /* behind the last star */
    const char *tried = NULL; /* where its piece was tried last */
    unsigned pieces = 0;

    if (text.size == 0)
        return pattern.size == 0;
    while (t < t_end) {
        if (p < p_end && *p == '*') {
            while (p < p_end && *p == '*')
                p++;
            if (p == p_end)
                return true;
            if (++pieces > GLOB_PIECES)
                return false;
            piece = p;
            tried = t;
        } else if (p < p_end && glob_element(&p, p_end, *t, nocase)) {
            t++;
        } else if (piece) {
            p = piece;
            t = ++tried;
        } else {
            return false;
        }
    }
    while (p < p_end && *p == '*')
        p++;
    return p == p_end;
}

bool glob_match(struct kr_str pattern, struct kr_str text)
{
    return glob_run(pattern, text, false);
}

bool glob_match_nocase(struct kr_str pattern, struct kr_str text)
{
    return glob_run(pattern, text, true);
}
