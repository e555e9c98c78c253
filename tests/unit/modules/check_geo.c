/* SPDX-License-Identifier: BSD-3-Clause */
#include "modules/geo/digits.h"
#include "modules/geo/shape.h"
#include "tests/unit/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void start_with_dice(const char *name)
{
    unsigned seed = (unsigned)time(NULL);

    printf("geo: %s: seed %u\n", name, seed);
    srand48(seed);
}

static double between(double low, double high)
{
    return low + drand48() * (high - low);
}

static struct point anywhere(void)
{
    return (struct point){between(-180, 180),
                          between(-TILE_LATITUDE_MAX, TILE_LATITUDE_MAX)};
}

/* --- Tiles --------------------------------------------------------------- */

/* The number of a point by halving the map, bit by bit. */
static uint64_t number_by_halves(struct point point)
{
    struct bounds left = {-180, -TILE_LATITUDE_MAX, 180, TILE_LATITUDE_MAX};
    uint64_t number = 0;

    for (uint32_t i = 0; i < TILE_STEPS; i++) {
        double longitude = (left.west + left.east) / 2;
        double latitude = (left.south + left.north) / 2;
        bool east = point.longitude >= longitude;
        bool north = point.latitude >= latitude;

        number = number << 2 | (uint64_t)east << 1 | north;
        *(east ? &left.west : &left.east) = longitude;
        *(north ? &left.south : &left.north) = latitude;
    }
    return number;
}

START_TEST(a_score_is_the_map_halved_26_times)
{
    start_with_dice("halves");
    for (int i = 0; i < 100000; i++) {
        struct point point = anywhere();

        ck_assert_uint_eq(tile_score(point), number_by_halves(point));
    }
    ck_assert_uint_eq(tile_score((struct point){13.361389, 38.115556}),
                      UINT64_C(3479099956230698));
}
END_TEST

START_TEST(a_point_comes_back_to_within_its_tile)
{
    start_with_dice("back");
    for (int i = 0; i < 100000; i++) {
        struct point point = anywhere();
        struct point back = tile_point((double)tile_score(point));

        ck_assert_double_le(fabs(back.longitude - point.longitude), 2.7e-6);
        ck_assert_double_le(fabs(back.latitude - point.latitude), 1.3e-6);
        ck_assert_uint_eq(tile_score(back), tile_score(point));
    }
}
END_TEST

START_TEST(a_tile_is_a_range_of_scores)
{
    start_with_dice("range");
    for (int i = 0; i < 20000; i++) {
        uint32_t steps = 1 + (uint32_t)lrand48() % TILE_STEPS;
        struct point point = anywhere(), other = anywhere();
        struct tile tile = tile_at(point, steps);
        double score = (double)tile_score(point), first, end;

        tile_scores(tile, &first, &end);
        ck_assert(first <= score && score < end);
        score = (double)tile_score(other);
        ck_assert_int_eq(tile_equal(tile_at(other, steps), tile),
                         first <= score && score < end);
    }
}
END_TEST

START_TEST(neighbours_touch_and_wrap)
{
    struct tile corner = {3, 0, 2}, wrapped = tile_beside(corner, 1, -1);

    ck_assert(tile_equal(wrapped, (struct tile){0, 3, 2}));
    start_with_dice("neighbours");
    for (int i = 0; i < 1000; i++) {
        struct tile tile = tile_at(anywhere(), 2 + (uint32_t)i % 24);
        struct tile back = tile_beside(tile_beside(tile, 1, -1), -1, 1);

        ck_assert(tile_equal(back, tile));
        if (tile.column + 1 < 1u << tile.steps)
            ck_assert_double_eq(tile_bounds(tile).east,
                                tile_bounds(tile_beside(tile, 1, 0)).west);
    }
}
END_TEST

START_TEST(any_score_gives_a_point_of_the_map)
{
    static const double scores[] = {-1,
                                    -0.5,
                                    1.5,
                                    0x1p52,
                                    0x1p63,
                                    0x1p64,
                                    1e300,
                                    -1e300,
                                    INFINITY,
                                    -INFINITY,
                                    -0x1p63,
                                    -1e19,
                                    0x1.fffffffffffffp63};

    for (size_t i = 0; i < sizeof(scores) / sizeof(scores[0]); i++)
        ck_assert(tile_covers(tile_point(scores[i])));
}
END_TEST

START_TEST(names_are_those_of_geohash_org)
{
    char text[TILE_NAME];

    tile_name((struct point){-5.603, 42.605}, text);
    ck_assert_mem_eq(text, "ezs42", 5);
    tile_name((struct point){10.40744, 57.64911}, text);
    ck_assert_mem_eq(text, "u4pruydqqv0", TILE_NAME);
}
END_TEST

/* --- Distances and shapes ------------------------------------------------ */

static double distance(struct point from, struct point to)
{
    struct earth_origin origin = earth_origin(from);

    return earth_distance(&origin, to);
}

START_TEST(distances_are_those_of_the_sphere)
{
    struct point pole = {0, 90}, a = {0, 0}, b = {90, 0};
    double quarter = EARTH_RADIUS * M_PI / 2;

    ck_assert_double_eq_tol(distance(a, b), quarter, 1e-3);
    ck_assert_double_eq_tol(distance(a, pole), quarter, 1e-3);
    ck_assert_double_eq_tol(distance(b, pole), quarter, 1e-3);
    ck_assert_double_eq_tol(
        distance((struct point){179, 0}, (struct point){-179, 0}), quarter / 45,
        1e-3);
    ck_assert_double_eq(distance(a, a), 0);
}
END_TEST

/* What is spared a computation would not have been found by one. */
START_TEST(a_circle_has_what_is_near_enough)
{
    start_with_dice("circle");
    for (int i = 0; i < 300; i++) {
        struct shape shape = {
            .center = anywhere(), .unit = 1, .radius = pow(10, between(0, 7))};
        double degrees = shape.radius / 50000;
        struct shape_test test;

        shape_test_init(&test, &shape);
        for (int j = 0; j < 300; j++) {
            struct point point = {shape.center.longitude +
                                      between(-degrees, degrees) * (1 + j % 9),
                                  shape.center.latitude +
                                      between(-degrees, degrees)};
            double meters = -1, expected;

            point.longitude = remainder(point.longitude, 360);
            if (!tile_covers(point))
                continue;
            expected = distance(shape.center, point);
            ck_assert_int_eq(shape_has(&test, point, &meters),
                             expected <= shape.radius);
            if (expected <= shape.radius)
                ck_assert_double_eq(meters, expected);
        }
    }
}
END_TEST

/* Away from the edges of the map; over them Redis finds less than all. */
START_TEST(the_tiles_cover_the_shape)
{
    start_with_dice("tiles");
    for (int i = 0; i < 2000; i++) {
        struct shape shape = {.center = {between(-90, 90), between(-55, 55)},
                              .is_box = i % 2,
                              .unit = 1,
                              .radius = pow(10, between(0, 5.9))};
        struct tile tiles[SHAPE_TILES];
        struct shape_test test;
        uint32_t count;

        shape.width = shape.radius * between(0.1, 2);
        shape.height = shape.radius * between(0.1, 2);
        count = shape_tiles(&shape, tiles);
        ck_assert_uint_le(count, SHAPE_TILES);
        shape_test_init(&test, &shape);
        for (int j = 0; j < 100; j++) {
            double degrees = shape.radius / 60000, meters;
            struct point point = {
                shape.center.longitude + between(-degrees, degrees),
                shape.center.latitude + between(-degrees, degrees)};
            uint32_t within = 0;

            if (!shape_has(&test, point, &meters))
                continue;
            for (uint32_t k = 0; k < count; k++)
                within += tile_equal(tile_at(point, tiles[k].steps), tiles[k]);
            ck_assert_uint_eq(within, 1);
        }
    }
}
END_TEST

/* --- Text ---------------------------------------------------------------- */

static void as_printf(double degrees)
{
    char text[DIGITS_TEXT], expected[64];
    size_t size, length = digits_coordinate(degrees, text);

    size = (size_t)snprintf(expected, sizeof(expected), "%.17f", degrees);
    while (expected[size - 1] == '0')
        size--;
    if (expected[size - 1] == '.')
        size--;
    if (size == 2 && expected[0] == '-' && expected[1] == '0') {
        expected[0] = '0';
        size = 1;
    }
    ck_assert_uint_eq(length, size);
    ck_assert_mem_eq(text, expected, size);
}

START_TEST(coordinates_are_written_as_printf_does)
{
    static const double odd[] = {0,      -0.0,  180,     -180,    85.05112878,
                                 1e-17,  5e-18, -5e-18,  4e-18,   1e-300,
                                 5e-324, 255.5, 0x1p-17, 0x1p-18, 3 * 0x1p-18,
                                 0.1,    -0.5};

    start_with_dice("coordinates");
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
        as_printf(odd[i]);
    for (int i = 0; i < 50000; i++) {
        as_printf(between(-180, 180));
        as_printf(ldexp(between(-1, 1), -(int)(lrand48() % 80)));
    }
}
END_TEST

START_TEST(distances_have_four_digits_behind_the_point)
{
    char text[DIGITS_TEXT], expected[64];

    start_with_dice("distances");
    for (int i = 0; i < 50000; i++) {
        double meters = rint(pow(10, between(-4, 8)) * 10000) / 10000;
        size_t length = digits_distance(meters, text);
        int size = snprintf(expected, sizeof(expected), "%.4f", meters);

        ck_assert_uint_eq(length, (size_t)size);
        ck_assert_mem_eq(text, expected, length);
    }
    ck_assert_uint_eq(digits_distance(NAN, text), 21);
    ck_assert_mem_eq(text, "-922337203685477.5808", 21);
}
END_TEST

Suite *geo_suite(void)
{
    Suite *suite = suite_create("geo");
    TCase *tcase = tcase_create("geo");

    tcase_add_test(tcase, a_score_is_the_map_halved_26_times);
    tcase_add_test(tcase, a_point_comes_back_to_within_its_tile);
    tcase_add_test(tcase, a_tile_is_a_range_of_scores);
    tcase_add_test(tcase, neighbours_touch_and_wrap);
    tcase_add_test(tcase, any_score_gives_a_point_of_the_map);
    tcase_add_test(tcase, names_are_those_of_geohash_org);
    tcase_add_test(tcase, distances_are_those_of_the_sphere);
    tcase_add_test(tcase, a_circle_has_what_is_near_enough);
    tcase_add_test(tcase, the_tiles_cover_the_shape);
    tcase_add_test(tcase, coordinates_are_written_as_printf_does);
    tcase_add_test(tcase, distances_have_four_digits_behind_the_point);
    suite_add_tcase(suite, tcase);
    return suite;
}
