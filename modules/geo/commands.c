/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - what is known of each command of `geo`.
 *
 * The rows at the end register the commands.  Above them stand the tables that
 * they refer to: where the keys are, the tree of arguments, the tips, the
 * history.  A table that several commands share is named after its contents.
 *
 * All of it is data that clients read by COMMAND and its kin, so each word is
 * interface: only the summaries are ours to change. */
#include "commands.h"

#include <assert.h>

/* clang-format off */

static const struct kr_key_spec key1_rw_update[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_UPDATE, 1, 0, 1),
};

static const struct kr_arg geoadd_condition[] = {
    KR_ARGUMENT("nx", PURE_TOKEN, .token = "NX"),
    KR_ARGUMENT("xx", PURE_TOKEN, .token = "XX"),
};

static const struct kr_arg geoadd_longitude_latitude_member[] = {
    KR_ARGUMENT("longitude", DOUBLE),
    KR_ARGUMENT("latitude", DOUBLE),
    KR_ARGUMENT("member", STRING),
};

static const struct kr_arg geoadd_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("condition", ONEOF, .flags = KR_ARG_OPTIONAL, .since = "6.2.0",
        .parts = KR_ROWS(geoadd_condition)),
    KR_ARGUMENT("change", PURE_TOKEN, .flags = KR_ARG_OPTIONAL, .token = "CH",
        .since = "6.2.0"),
    KR_ARGUMENT("longitude_latitude_member", BLOCK, .flags = KR_ARG_MULTIPLE,
        .parts = KR_ROWS(geoadd_longitude_latitude_member)),
};

static const struct kr_history geoadd_history[] = {
    {"6.2.0", "Added the `CH`, `NX` and `XX` options."},
};

static const struct kr_key_spec key1_ro_access[] = {
    KR_KEY(KR_KEY_RO | KR_KEY_ACCESS, 1, 0, 1),
};

static const struct kr_arg m_km_ft_mi_parts[] = {
    KR_ARGUMENT("m", PURE_TOKEN, .token = "M"),
    KR_ARGUMENT("km", PURE_TOKEN, .token = "KM"),
    KR_ARGUMENT("ft", PURE_TOKEN, .token = "FT"),
    KR_ARGUMENT("mi", PURE_TOKEN, .token = "MI"),
};

static const struct kr_arg geodist_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("member1", STRING),
    KR_ARGUMENT("member2", STRING),
    KR_ARGUMENT("unit", ONEOF, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(m_km_ft_mi_parts)),
};

static const struct kr_arg key_member_list_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("member", STRING, .flags = KR_ARG_MULTIPLE),
};

static const struct kr_key_spec georadius_keys[] = {
    KR_KEY(KR_KEY_RO | KR_KEY_ACCESS, 1, 0, 1),
    {
        .flags = KR_KEY_OW | KR_KEY_UPDATE,
        .begin = KR_BEGIN_KEYWORD,
        .word = "STORE",
        .a = 6,
        .find = KR_FIND_RANGE,
        .x = 0, .y = 1, .z = 0,
    },
    {
        .flags = KR_KEY_OW | KR_KEY_UPDATE,
        .begin = KR_BEGIN_KEYWORD,
        .word = "STOREDIST",
        .a = 6,
        .find = KR_FIND_RANGE,
        .x = 0, .y = 1, .z = 0,
    },
};

static const struct kr_arg count_any_parts[] = {
    KR_ARGUMENT("count", INTEGER, .token = "COUNT"),
    KR_ARGUMENT("any", PURE_TOKEN, .flags = KR_ARG_OPTIONAL, .token = "ANY",
        .since = "6.2.0"),
};

static const struct kr_arg asc_desc_parts[] = {
    KR_ARGUMENT("asc", PURE_TOKEN, .token = "ASC"),
    KR_ARGUMENT("desc", PURE_TOKEN, .token = "DESC"),
};

static const struct kr_arg georadius_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("longitude", DOUBLE),
    KR_ARGUMENT("latitude", DOUBLE),
    KR_ARGUMENT("radius", DOUBLE),
    KR_ARGUMENT("unit", ONEOF, .parts = KR_ROWS(m_km_ft_mi_parts)),
    KR_ARGUMENT("withcoord", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "WITHCOORD"),
    KR_ARGUMENT("withdist", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "WITHDIST"),
    KR_ARGUMENT("withhash", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "WITHHASH"),
    KR_ARGUMENT("count", BLOCK, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(count_any_parts)),
    KR_ARGUMENT("order", ONEOF, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(asc_desc_parts)),
    KR_KEY_ARGUMENT("key", 1, .flags = KR_ARG_OPTIONAL, .token = "STORE"),
    KR_KEY_ARGUMENT("key", 2, .flags = KR_ARG_OPTIONAL, .token = "STOREDIST"),
};

static const struct kr_history georadius_history[] = {
    {"6.2.0", "Added the `ANY` option for `COUNT`."},
    {"7.0.0", "Added support for uppercase unit names."},
};

static const struct kr_arg georadius_ro_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("longitude", DOUBLE),
    KR_ARGUMENT("latitude", DOUBLE),
    KR_ARGUMENT("radius", DOUBLE),
    KR_ARGUMENT("unit", ONEOF, .parts = KR_ROWS(m_km_ft_mi_parts)),
    KR_ARGUMENT("withcoord", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "WITHCOORD"),
    KR_ARGUMENT("withdist", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "WITHDIST"),
    KR_ARGUMENT("withhash", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "WITHHASH"),
    KR_ARGUMENT("count", BLOCK, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(count_any_parts)),
    KR_ARGUMENT("order", ONEOF, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(asc_desc_parts)),
};

static const struct kr_history georadius_ro_history[] = {
    {"6.2.0", "Added the `ANY` option for `COUNT`."},
};

static const struct kr_key_spec georadiusbymember_keys[] = {
    KR_KEY(KR_KEY_RO | KR_KEY_ACCESS, 1, 0, 1),
    {
        .flags = KR_KEY_OW | KR_KEY_UPDATE,
        .begin = KR_BEGIN_KEYWORD,
        .word = "STORE",
        .a = 5,
        .find = KR_FIND_RANGE,
        .x = 0, .y = 1, .z = 0,
    },
    {
        .flags = KR_KEY_OW | KR_KEY_UPDATE,
        .begin = KR_BEGIN_KEYWORD,
        .word = "STOREDIST",
        .a = 5,
        .find = KR_FIND_RANGE,
        .x = 0, .y = 1, .z = 0,
    },
};

static const struct kr_arg count_any_parts_2[] = {
    KR_ARGUMENT("count", INTEGER, .token = "COUNT"),
    KR_ARGUMENT("any", PURE_TOKEN, .flags = KR_ARG_OPTIONAL, .token = "ANY"),
};

static const struct kr_arg georadiusbymember_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("member", STRING),
    KR_ARGUMENT("radius", DOUBLE),
    KR_ARGUMENT("unit", ONEOF, .parts = KR_ROWS(m_km_ft_mi_parts)),
    KR_ARGUMENT("withcoord", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "WITHCOORD"),
    KR_ARGUMENT("withdist", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "WITHDIST"),
    KR_ARGUMENT("withhash", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "WITHHASH"),
    KR_ARGUMENT("count", BLOCK, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(count_any_parts_2)),
    KR_ARGUMENT("order", ONEOF, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(asc_desc_parts)),
    KR_KEY_ARGUMENT("key", 1, .flags = KR_ARG_OPTIONAL, .token = "STORE"),
    KR_KEY_ARGUMENT("key", 2, .flags = KR_ARG_OPTIONAL, .token = "STOREDIST"),
};

static const struct kr_history history_7_0_0[] = {
    {"7.0.0", "Added support for uppercase unit names."},
};

static const struct kr_arg georadiusbymember_ro_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("member", STRING),
    KR_ARGUMENT("radius", DOUBLE),
    KR_ARGUMENT("unit", ONEOF, .parts = KR_ROWS(m_km_ft_mi_parts)),
    KR_ARGUMENT("withcoord", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "WITHCOORD"),
    KR_ARGUMENT("withdist", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "WITHDIST"),
    KR_ARGUMENT("withhash", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "WITHHASH"),
    KR_ARGUMENT("count", BLOCK, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(count_any_parts_2)),
    KR_ARGUMENT("order", ONEOF, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(asc_desc_parts)),
};

static const struct kr_arg longitude_latitude_parts[] = {
    KR_ARGUMENT("longitude", DOUBLE),
    KR_ARGUMENT("latitude", DOUBLE),
};

static const struct kr_arg member_longitude_latitude_parts[] = {
    KR_ARGUMENT("member", STRING, .token = "FROMMEMBER"),
    KR_ARGUMENT("longitude_latitude", BLOCK, .token = "FROMLONLAT",
        .parts = KR_ROWS(longitude_latitude_parts)),
};

static const struct kr_arg radius_unit_parts[] = {
    KR_ARGUMENT("radius", DOUBLE, .token = "BYRADIUS"),
    KR_ARGUMENT("unit", ONEOF, .parts = KR_ROWS(m_km_ft_mi_parts)),
};

static const struct kr_arg width_height_unit_parts[] = {
    KR_ARGUMENT("width", DOUBLE, .token = "BYBOX"),
    KR_ARGUMENT("height", DOUBLE),
    KR_ARGUMENT("unit", ONEOF, .parts = KR_ROWS(m_km_ft_mi_parts)),
};

static const struct kr_arg circle_box_parts[] = {
    KR_ARGUMENT("circle", BLOCK, .parts = KR_ROWS(radius_unit_parts)),
    KR_ARGUMENT("box", BLOCK, .parts = KR_ROWS(width_height_unit_parts)),
};

static const struct kr_arg geosearch_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("from", ONEOF,
        .parts = KR_ROWS(member_longitude_latitude_parts)),
    KR_ARGUMENT("by", ONEOF, .parts = KR_ROWS(circle_box_parts)),
    KR_ARGUMENT("order", ONEOF, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(asc_desc_parts)),
    KR_ARGUMENT("count", BLOCK, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(count_any_parts_2)),
    KR_ARGUMENT("withcoord", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "WITHCOORD"),
    KR_ARGUMENT("withdist", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "WITHDIST"),
    KR_ARGUMENT("withhash", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "WITHHASH"),
};

static const struct kr_key_spec geosearchstore_keys[] = {
    KR_KEY(KR_KEY_OW | KR_KEY_UPDATE, 1, 0, 1),
    KR_KEY(KR_KEY_RO | KR_KEY_ACCESS, 2, 0, 1),
};

static const struct kr_arg geosearchstore_args[] = {
    KR_KEY_ARGUMENT("destination", 0),
    KR_KEY_ARGUMENT("source", 1),
    KR_ARGUMENT("from", ONEOF,
        .parts = KR_ROWS(member_longitude_latitude_parts)),
    KR_ARGUMENT("by", ONEOF, .parts = KR_ROWS(circle_box_parts)),
    KR_ARGUMENT("order", ONEOF, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(asc_desc_parts)),
    KR_ARGUMENT("count", BLOCK, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(count_any_parts_2)),
    KR_ARGUMENT("storedist", PURE_TOKEN, .flags = KR_ARG_OPTIONAL,
        .token = "STOREDIST"),
};

/* --- The commands -------------------------------------------------------- */

const struct kr_command geo_commands[] = {
    {
        .name = "geoadd",
        .run = geo_geoadd,
        .arity = -5,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
        .categories = KR_CAT_GEO,
        .keys = KR_ROWS(key1_rw_update),
        .args = KR_ROWS(geoadd_args),
        .history = KR_ROWS(geoadd_history),
        .summary = "Adds members at places on the map, or moves them",
        .since = "3.2.0",
        .group = "geo",
        .complexity =
            "O(log(N)) for each item added, where N is the number of elements "
            "in the sorted set.",
    },
    {
        .name = "geodist",
        .run = geo_geodist,
        .arity = -4,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_GEO,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(geodist_args),
        .summary = "Answers the distance between two members",
        .since = "3.2.0",
        .group = "geo",
        .complexity = "O(log(N))",
    },
    {
        .name = "geohash",
        .run = geo_geohash,
        .arity = -2,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_GEO,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(key_member_list_args),
        .summary = "Answers where members are, as geohash strings",
        .since = "3.2.0",
        .group = "geo",
        .complexity =
            "O(log(N)) for each member requested, where N is the number of "
            "elements in the sorted set.",
    },
    {
        .name = "geopos",
        .run = geo_geopos,
        .arity = -2,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_GEO,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(key_member_list_args),
        .summary = "Answers the longitude and latitude of members",
        .since = "3.2.0",
        .group = "geo",
        .complexity = "O(N) where N is the number of members requested.",
    },
    {
        .name = "georadius",
        .run = geo_georadius,
        .arity = -6,
        .doc_flags = KR_DOC_DEPRECATED,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
        .categories = KR_CAT_GEO,
        .keys = KR_ROWS(georadius_keys),
        .args = KR_ROWS(georadius_args),
        .history = KR_ROWS(georadius_history),
        .summary =
            "Finds the members within a circle around a point, or stores them",
        .since = "3.2.0",
        .group = "geo",
        .complexity =
            "O(N+log(M)) where N is the number of elements inside the "
            "bounding box of the circular area delimited by center and radius "
            "and M is the number of items inside the index.",
        .deprecated_since = "6.2.0",
        .replaced_by =
            "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument",
    },
    {
        .name = "georadius_ro",
        .run = geo_georadius_ro,
        .arity = -6,
        .doc_flags = KR_DOC_DEPRECATED,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_GEO,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(georadius_ro_args),
        .history = KR_ROWS(georadius_ro_history),
        .summary = "Finds the members within a circle around a point",
        .since = "3.2.10",
        .group = "geo",
        .complexity =
            "O(N+log(M)) where N is the number of elements inside the "
            "bounding box of the circular area delimited by center and radius "
            "and M is the number of items inside the index.",
        .deprecated_since = "6.2.0",
        .replaced_by = "`GEOSEARCH` with the `BYRADIUS` argument",
    },
    {
        .name = "georadiusbymember",
        .run = geo_georadiusbymember,
        .arity = -5,
        .doc_flags = KR_DOC_DEPRECATED,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
        .categories = KR_CAT_GEO,
        .keys = KR_ROWS(georadiusbymember_keys),
        .args = KR_ROWS(georadiusbymember_args),
        .history = KR_ROWS(history_7_0_0),
        .summary =
            "Finds the members within a circle around a member, or stores them",
        .since = "3.2.0",
        .group = "geo",
        .complexity =
            "O(N+log(M)) where N is the number of elements inside the "
            "bounding box of the circular area delimited by center and radius "
            "and M is the number of items inside the index.",
        .deprecated_since = "6.2.0",
        .replaced_by =
            "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and "
            "`FROMMEMBER` arguments",
    },
    {
        .name = "georadiusbymember_ro",
        .run = geo_georadiusbymember_ro,
        .arity = -5,
        .doc_flags = KR_DOC_DEPRECATED,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_GEO,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(georadiusbymember_ro_args),
        .summary = "Finds the members within a circle around a member",
        .since = "3.2.10",
        .group = "geo",
        .complexity =
            "O(N+log(M)) where N is the number of elements inside the "
            "bounding box of the circular area delimited by center and radius "
            "and M is the number of items inside the index.",
        .deprecated_since = "6.2.0",
        .replaced_by =
            "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments",
    },
    {
        .name = "geosearch",
        .run = geo_geosearch,
        .arity = -7,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_GEO,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(geosearch_args),
        .history = KR_ROWS(history_7_0_0),
        .summary = "Finds the members within a circle or a box",
        .since = "6.2.0",
        .group = "geo",
        .complexity =
            "O(N+log(M)) where N is the number of elements in the "
            "grid-aligned bounding box area around the shape provided as the "
            "filter and M is the number of items inside the shape",
    },
    {
        .name = "geosearchstore",
        .run = geo_geosearchstore,
        .arity = -8,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
        .categories = KR_CAT_GEO,
        .keys = KR_ROWS(geosearchstore_keys),
        .args = KR_ROWS(geosearchstore_args),
        .history = KR_ROWS(history_7_0_0),
        .summary =
            "Stores the members within a circle or a box in a sorted set",
        .since = "6.2.0",
        .group = "geo",
        .complexity =
            "O(N+log(M)) where N is the number of elements in the "
            "grid-aligned bounding box area around the shape provided as the "
            "filter and M is the number of items inside the shape",
    },
};

/* clang-format on */

static_assert(KR_COUNT(geo_commands) == GEO_COMMAND_COUNT,
              "GEO_COMMAND_COUNT counts the rows");
