/* SPDX-License-Identifier: BSD-3-Clause */
#include "shape.h"

#define SHAPE_MERCATOR 20037726.37 /* metres: half the map's width */
#define SHAPE_SIMPLE   1.0e6       /* metres: the map is as good as flat */
#define SHAPE_MARGIN   1.000001    /* more than rounding can amount to */

/* --- The tiles ----------------------------------------------------------- */

/* From the centre to the furthest point of the shape, in metres. */
static double shape_reach(const struct shape *shape)
{
    double half_width = shape->width / 2, half_height = shape->height / 2;

    if (!shape->is_box)
        return shape->radius * shape->unit;
    return sqrt(half_width * half_width + half_height * half_height) *
           shape->unit;
}

/* A box in degrees that holds the shape.  Its sides are measured at the
 * parallel that is nearer to a pole, where a degree is shortest. */
static struct bounds shape_bounds(const struct shape *shape)
{
    double longitude = shape->center.longitude;
    double latitude = shape->center.latitude;
    double up =
        shape->unit * (shape->is_box ? shape->height / 2 : shape->radius);
    double across =
        shape->unit * (shape->is_box ? shape->width / 2 : shape->radius);
    double north = earth_degrees(up / EARTH_RADIUS);
    double parallel = latitude < 0 ? latitude - north : latitude + north;
    double east =
        earth_degrees(across / EARTH_RADIUS / cos(earth_radians(parallel)));

    return (struct bounds){.west = longitude - east,
                           .south = latitude - north,
                           .east = longitude + east,
                           .north = latitude + north};
}

/* The most steps with which neighbouring tiles should cover it. */
static uint32_t shape_steps(double reach, double latitude)
{
    double far = fabs(latitude);
    int steps = -1; /* fewer than fit: so the nine cover it in most cases */

    if (reach == 0)
        return TILE_STEPS;
    for (; reach < SHAPE_MERCATOR; reach *= 2)
        steps++;
    steps -= (far > 66) + (far > 80); /* tiles get narrow towards the poles */
    return steps < 1                 ? 1
           : steps > (int)TILE_STEPS ? TILE_STEPS
                                     : (uint32_t)steps;
}

/* Is an edge of the nine tiles nearer than that of the shape? */
static bool shape_sticks_out(struct tile center, const struct bounds *shape)
{
    return tile_bounds(tile_beside(center, 0, 1)).north < shape->north ||
           tile_bounds(tile_beside(center, 0, -1)).south > shape->south ||
           tile_bounds(tile_beside(center, 1, 0)).east < shape->east ||
           tile_bounds(tile_beside(center, -1, 0)).west > shape->west;
}

/* Does the shape end within the middle tile, on the side of that neighbour? */
static bool shape_ends_before(const struct bounds *shape,
                              const struct bounds *middle, int east, int north)
{
    return (east < 0 && middle->west < shape->west) ||
           (east > 0 && middle->east > shape->east) ||
           (north < 0 && middle->south < shape->south) ||
           (north > 0 && middle->north > shape->north);
}

uint32_t shape_tiles(const struct shape *shape, struct tile *tiles)
{
    static const struct {
        int east, north;
    } around[SHAPE_TILES] = {{0, 0}, {0, 1},  {0, -1}, {1, 0},  {-1, 0},
                             {1, 1}, {-1, 1}, {1, -1}, {-1, -1}};
    struct bounds bounds = shape_bounds(shape), middle;
    uint32_t steps = shape_steps(shape_reach(shape), shape->center.latitude);
    struct tile center = tile_at(shape->center, steps);
    uint32_t count = 0;

    if (steps > 1 && shape_sticks_out(center, &bounds))
        center = tile_at(shape->center, --steps);
    middle = tile_bounds(center);
    for (uint32_t i = 0; i < SHAPE_TILES; i++) {
        struct tile tile = tile_beside(center, around[i].east, around[i].north);

        if (steps >= 2 && shape_ends_before(&bounds, &middle, around[i].east,
                                            around[i].north))
            continue;
        /* Few and large ones: round the edge of the map it is the same. */
        if (count > 1 && tile_equal(tile, tiles[count - 1]))
            continue;
        tiles[count++] = tile;
    }
    return count;
}

/* --- Points -------------------------------------------------------------- */

/* The meridians that touch a circle: sin(east) = sin(radius) / cos(latitude).
 * Only for small ones away from the poles. */
static void shape_test_simplify(struct shape_test *test)
{
    double angle = test->meters / EARTH_RADIUS;
    double top = fabs(test->center.latitude) + angle;

    test->latitude_most = INFINITY;
    test->longitude_most = INFINITY;
    if (test->shape->is_box || !(test->meters < SHAPE_SIMPLE) ||
        top > earth_radians(89))
        return;
    test->latitude_most = earth_degrees(angle) * SHAPE_MARGIN;
    test->longitude_most =
        earth_degrees(asin(sin(angle) / test->center.cosine)) * SHAPE_MARGIN;
}

void shape_test_init(struct shape_test *test, const struct shape *shape)
{
    test->shape = shape;
    test->center = earth_origin(shape->center);
    test->meters = shape->radius * shape->unit;
    shape_test_simplify(test);
}

static bool shape_circle_has(const struct shape_test *test, struct point point,
                             double *distance)
{
    const struct point *center = &test->shape->center;
    double east = fabs(point.longitude - center->longitude);

    if (east > 180)
        east = 360 - east;
    if (fabs(point.latitude - center->latitude) > test->latitude_most ||
        east > test->longitude_most)
        return false;
    *distance = earth_distance(&test->center, point);
    return !(*distance > test->meters);
}

/* A box is as wide at each of its parallels as it is at the centre's. */
static bool shape_box_has(const struct shape_test *test, struct point point,
                          double *distance)
{
    const struct shape *shape = test->shape;
    double width = shape->width * shape->unit;
    double height = shape->height * shape->unit;
    struct earth_origin origin;

    if (earth_distance_north(point.latitude, shape->center.latitude) >
        height / 2)
        return false;
    origin = earth_origin(point);
    if (earth_distance(&origin, (struct point){shape->center.longitude,
                                               point.latitude}) > width / 2)
        return false;
    *distance = earth_distance(&test->center, point);
    return true;
}

bool shape_has(const struct shape_test *test, struct point point,
               double *distance)
{
    return test->shape->is_box ? shape_box_has(test, point, distance)
                               : shape_circle_has(test, point, distance);
}
