/* SPDX-License-Identifier: BSD-3-Clause */
/* look - members one by one: GEOPOS, GEOHASH, GEODIST. */
#include "commands.h"
#include "geo.h"
#include "tile.h"

#include <kr/args.h>

/* Each member's point, or a null where there is none, as a reply each. */
static void look_members(struct kr_call *call,
                         void (*reply)(struct kr_reply *reply,
                                       struct point point),
                         void (*null)(struct kr_reply *reply))
{
    struct kr_cell cell;
    bool wrong;
    bool found = geo_find(call, 1, KR_FIND_READ, &cell, &wrong);

    if (wrong)
        return;
    kr_reply_array(call->reply, call->argc - 2);
    for (uint32_t i = 2; i < call->argc; i++) {
        struct point point;

        if (found && geo_member(&cell, call->argv[i], &point))
            reply(call->reply, point);
        else
            null(call->reply);
    }
}

void geo_geopos(struct kr_call *call)
{
    look_members(call, geo_reply_point, call->reply->ops->null_array);
}

static void look_reply_name(struct kr_reply *reply, struct point point)
{
    char text[TILE_NAME];

    tile_name(point, text);
    kr_reply_bulk(reply, kr_str(text, TILE_NAME));
}

void geo_geohash(struct kr_call *call)
{
    look_members(call, look_reply_name, call->reply->ops->null);
}

void geo_geodist(struct kr_call *call)
{
    struct earth_origin origin;
    struct point from, to;
    struct kr_cell cell;
    double unit = 1;
    bool wrong;

    if (call->argc > 5) {
        kr_refuse_syntax(call);
        return;
    }
    if (call->argc == 5 && !geo_arg_unit(call, 4, &unit))
        return;
    if (!geo_find(call, 1, KR_FIND_READ, &cell, &wrong)) {
        if (!wrong)
            kr_reply_null(call->reply);
        return;
    }
    if (!geo_member(&cell, call->argv[2], &from) ||
        !geo_member(&cell, call->argv[3], &to)) {
        kr_reply_null(call->reply);
        return;
    }
    origin = earth_origin(from);
    geo_reply_distance(call->reply, earth_distance(&origin, to) / unit);
}
