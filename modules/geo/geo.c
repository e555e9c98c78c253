/* SPDX-License-Identifier: BSD-3-Clause */
/* geo - the module of places: members of a sorted set whose scores are points
 * of the map.
 *
 *   add.c     GEOADD                        earth.c   distances on a sphere
 *   look.c    GEOPOS GEOHASH GEODIST        tile.c    the map, its tiles, scores
 *   search.c  GEOSEARCH GEORADIUS ...       shape.c   circles, boxes, their tiles
 *   options.c the words of those            finds.c   what has been found
 *   commands.c what is known of them        digits.c  numbers as text
 *
 * It has no type of its own: a set of places is a sorted set, reached through
 * <kr/zset.h>.  earth, tile, shape and digits are plain arithmetic. */
#include "geo.h"
#include "commands.h"
#include "digits.h"
#include "tile.h"

#include <kr/args.h>
#include <kr/journal.h>
#include <kr/memory.h>

KR_USES(kr_calls);
KR_USES(kr_commands);
KR_USES(kr_journal);
KR_USES(kr_keyspace);
KR_USES(kr_memory);
KR_USES(kr_text);
KR_USES(kr_zsets);

kr_module *geo_self;

/* --- The sorted set ------------------------------------------------------ */

bool geo_find(struct kr_call *call, uint32_t arg, uint32_t how,
              struct kr_cell *cell, bool *wrong)
{
    *wrong = false;
    if (!kr_keyspace->find_arg(call, arg, how, cell))
        return false;
    if (KR_LIKELY(kr_zsets->is_zset(cell)))
        return true;
    *wrong = true;
    kr_reply_error(call->reply, KR_ERR_WRONGTYPE);
    return false;
}

bool geo_member(const struct kr_cell *cell, struct kr_str member,
                struct point *point)
{
    double score;

    if (!kr_zsets->score(cell, member, &score))
        return false;
    *point = tile_point(score);
    return true;
}

/* --- Arguments ----------------------------------------------------------- */

bool geo_arg_point(struct kr_call *call, uint32_t arg, struct point *point)
{
    if (!kr_arg_double(call, arg, &point->longitude, NULL) ||
        !kr_arg_double(call, arg + 1, &point->latitude, NULL))
        return false;
    if (tile_covers(*point))
        return true;
    kr_reply_errorf(call->reply, "ERR invalid longitude,latitude pair %f,%f",
                    point->longitude, point->latitude);
    return false;
}

bool geo_arg_unit(struct kr_call *call, uint32_t arg, double *unit)
{
    static const struct {
        const char *word;
        double meters;
    } units[] = {{"m", 1}, {"km", 1000}, {"ft", 0.3048}, {"mi", 1609.34}};

    for (size_t i = 0; i < KR_COUNT(units); i++) {
        if (kr_arg_is(call, arg, units[i].word)) {
            *unit = units[i].meters;
            return true;
        }
    }
    kr_reply_error(call->reply,
                   "ERR unsupported unit provided. please use M, KM, FT, MI");
    return false;
}

/* --- Replies ------------------------------------------------------------- */

/* A double in RESP3, but with more digits than other doubles have there. */
static void geo_reply_coordinate(struct kr_reply *reply, double degrees)
{
    char text[DIGITS_TEXT];

    kr_reply_decimal(reply, kr_str(text, digits_coordinate(degrees, text)));
}

void geo_reply_point(struct kr_reply *reply, struct point point)
{
    kr_reply_array(reply, 2);
    geo_reply_coordinate(reply, point.longitude);
    geo_reply_coordinate(reply, point.latitude);
}

void geo_reply_distance(struct kr_reply *reply, double distance)
{
    char text[DIGITS_TEXT];

    kr_reply_bulk(reply, kr_str(text, digits_distance(distance, text)));
}

/* --- The descriptor ------------------------------------------------------ */

static const struct kr_import imports[] = {
    KR_NEED(kr_calls),    KR_NEED(kr_commands), KR_NEED(kr_journal),
    KR_NEED(kr_keyspace), KR_NEED(kr_memory),   KR_NEED(kr_text),
    KR_NEED(kr_zsets),
};

KR_MODULE(.name = "geo", .version = 10000, .licence = "BSD-3-Clause",
          .author = "The Keyrack authors",
          .summary = "Places on the map, in sorted sets",
          .flags = KR_MODULE_CAN_UNLOAD | KR_MODULE_CAN_UPGRADE,
          .self = &geo_self, .imports = KR_ROWS(imports),
          .commands = {geo_commands, GEO_COMMAND_COUNT,
                       sizeof(struct kr_command)});
