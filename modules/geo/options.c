/* SPDX-License-Identifier: BSD-3-Clause */
/* options - read from left to right; of two mistakes the first is answered, and
 * what an option needs of those before it is asked when it comes.  A member is
 * looked up at once, so that its lack is told before what is wrong behind it. */
#include "options.h"
#include "geo.h"

#include <kr/args.h>

enum options_outcome { OPTIONS_TAKEN, OPTIONS_UNKNOWN, OPTIONS_REPLIED };

static enum options_outcome options_taken(bool fine)
{
    return fine ? OPTIONS_TAKEN : OPTIONS_REPLIED;
}

static bool options_is_search(const struct options *options)
{
    return options->form == OPTIONS_SEARCH ||
           options->form == OPTIONS_SEARCH_STORE;
}

/* --- The centre and the shape -------------------------------------------- */

/* Without a set the member cannot be found, but the other words may still be
 * wrong. */
static bool options_read_member(struct kr_call *call, struct options *options,
                                uint32_t arg)
{
    if (!options->from ||
        geo_member(options->from, call->argv[arg], &options->shape.center))
        return true;
    kr_reply_error(call->reply, "ERR could not decode requested zset member");
    return false;
}

static bool options_read_circle(struct kr_call *call, struct options *options,
                                uint32_t arg)
{
    struct shape *shape = &options->shape;

    if (!kr_arg_double(call, arg, &shape->radius, "ERR need numeric radius"))
        return false;
    if (shape->radius < 0) {
        kr_reply_error(call->reply, "ERR radius cannot be negative");
        return false;
    }
    shape->is_box = false;
    return geo_arg_unit(call, arg + 1, &shape->unit);
}

static bool options_read_box(struct kr_call *call, struct options *options,
                             uint32_t arg)
{
    struct shape *shape = &options->shape;

    if (!kr_arg_double(call, arg, &shape->width, "ERR need numeric width") ||
        !kr_arg_double(call, arg + 1, &shape->height,
                       "ERR need numeric height"))
        return false;
    if (shape->width < 0 || shape->height < 0) {
        kr_reply_error(call->reply, "ERR height or width cannot be negative");
        return false;
    }
    shape->is_box = true;
    return geo_arg_unit(call, arg + 2, &shape->unit);
}

/* --- Options of one word ------------------------------------------------- */

static enum options_outcome
options_read_word(struct kr_call *call, struct options *options, uint32_t arg)
{
    if (kr_arg_is(call, arg, "withdist"))
        options->with_distance = true;
    else if (kr_arg_is(call, arg, "withhash"))
        options->with_hash = true;
    else if (kr_arg_is(call, arg, "withcoord"))
        options->with_point = true;
    else if (kr_arg_is(call, arg, "any"))
        options->any = true;
    else if (kr_arg_is(call, arg, "asc"))
        options->order = FINDS_NEAREST;
    else if (kr_arg_is(call, arg, "desc"))
        options->order = FINDS_FURTHEST;
    else if (options->form == OPTIONS_SEARCH_STORE &&
             kr_arg_is(call, arg, "storedist"))
        options->store_distances = true;
    else
        return OPTIONS_UNKNOWN;
    return OPTIONS_TAKEN;
}

/* --- Options with values: *arg moves to the last of them ------------------ */

static bool options_read_count(struct kr_call *call, struct options *options,
                               uint32_t arg)
{
    if (!kr_arg_int64(call, arg, &options->count))
        return false;
    if (options->count > 0)
        return true;
    kr_reply_error(call->reply, "ERR COUNT must be > 0");
    return false;
}

/* STORE and STOREDIST of the older commands, whose last one counts. */
static enum options_outcome
options_read_store(struct kr_call *call, struct options *options, uint32_t *arg)
{
    bool distances = kr_arg_is(call, *arg, "storedist");

    if (options->read_only || options_is_search(options) ||
        (!distances && !kr_arg_is(call, *arg, "store")))
        return OPTIONS_UNKNOWN;
    options->store_distances = distances;
    options->store = ++*arg;
    return OPTIONS_TAKEN;
}

static enum options_outcome options_read_center(struct kr_call *call,
                                                struct options *options,
                                                uint32_t *arg, bool *by_member)
{
    uint32_t left = call->argc - *arg - 1;

    if (kr_arg_is(call, *arg, "frommember") && left >= 1 &&
        (!options->has_center || *by_member)) {
        *by_member = options->has_center = true;
        *arg += 1;
        return options_taken(options_read_member(call, options, *arg));
    }
    if (kr_arg_is(call, *arg, "fromlonlat") && left >= 2 && !*by_member) {
        options->has_center = true;
        *arg += 2;
        return options_taken(
            geo_arg_point(call, *arg - 1, &options->shape.center));
    }
    return OPTIONS_UNKNOWN;
}

static enum options_outcome
options_read_shape(struct kr_call *call, struct options *options, uint32_t *arg)
{
    bool was_box = options->has_shape && options->shape.is_box;
    bool was_circle = options->has_shape && !options->shape.is_box;
    uint32_t left = call->argc - *arg - 1;

    if (kr_arg_is(call, *arg, "byradius") && left >= 2 && !was_box) {
        options->has_shape = true;
        *arg += 2;
        return options_taken(options_read_circle(call, options, *arg - 1));
    }
    if (kr_arg_is(call, *arg, "bybox") && left >= 3 && !was_circle) {
        options->has_shape = true;
        *arg += 3;
        return options_taken(options_read_box(call, options, *arg - 2));
    }
    return OPTIONS_UNKNOWN;
}

static enum options_outcome options_read_values(struct kr_call *call,
                                                struct options *options,
                                                uint32_t *arg, bool *by_member)
{
    enum options_outcome outcome;

    if (*arg + 1 == call->argc)
        return OPTIONS_UNKNOWN;
    if (kr_arg_is(call, *arg, "count"))
        return options_taken(options_read_count(call, options, ++*arg));
    outcome = options_read_store(call, options, arg);
    if (outcome != OPTIONS_UNKNOWN || !options_is_search(options))
        return outcome;
    outcome = options_read_center(call, options, arg, by_member);
    if (outcome != OPTIONS_UNKNOWN)
        return outcome;
    return options_read_shape(call, options, arg);
}

/* --- All of them --------------------------------------------------------- */

static bool options_check(struct kr_call *call, const struct options *options)
{
    bool with =
        options->with_distance || options->with_hash || options->with_point;

    if (options->store && with) {
        kr_reply_errorf(call->reply,
                        "ERR %s is not compatible with WITHDIST, WITHHASH and "
                        "WITHCOORD options",
                        options->form == OPTIONS_SEARCH_STORE
                            ? "GEOSEARCHSTORE"
                            : "STORE option in GEORADIUS");
        return false;
    }
    if (!options->has_center || !options->has_shape) {
        kr_reply_errorf(call->reply,
                        "ERR exactly one of %s can be specified for %.*s",
                        options->has_center ? "BYRADIUS and BYBOX"
                                            : "FROMMEMBER or FROMLONLAT",
                        KR_QUOTE(call->argv[0], 128));
        return false;
    }
    if (options->any && !options->count) {
        kr_reply_error(call->reply,
                       "ERR the ANY argument requires COUNT argument");
        return false;
    }
    return true;
}

/* What stands before the options: the first of these is *arg. */
static bool options_read_fixed(struct kr_call *call, struct options *options,
                               uint32_t *arg)
{
    switch (options->form) {
    case OPTIONS_RADIUS:
        *arg = 6;
        options->has_center = options->has_shape = true;
        return geo_arg_point(call, 2, &options->shape.center) &&
               options_read_circle(call, options, 4);
    case OPTIONS_RADIUS_MEMBER:
        *arg = 5;
        options->has_center = options->has_shape = true;
        return !options->from || (options_read_member(call, options, 2) &&
                                  options_read_circle(call, options, 3));
    case OPTIONS_SEARCH:
        *arg = 2;
        return true;
    case OPTIONS_SEARCH_STORE:
        *arg = 3;
        options->store = 1;
        return true;
    }
    return false;
}

bool options_read(struct kr_call *call, struct options *options)
{
    bool by_member = false;
    uint32_t arg;

    if (!options_read_fixed(call, options, &arg))
        return false;
    for (; arg < call->argc; arg++) {
        enum options_outcome outcome = options_read_word(call, options, arg);

        if (outcome == OPTIONS_UNKNOWN)
            outcome = options_read_values(call, options, &arg, &by_member);
        if (outcome == OPTIONS_UNKNOWN)
            kr_refuse_syntax(call);
        if (outcome != OPTIONS_TAKEN)
            return false;
    }
    if (!options_check(call, options))
        return false;
    if (options->count && !options->any && options->order == FINDS_AS_FOUND)
        options->order = FINDS_NEAREST; /* which ones, would be chance */
    return true;
}
