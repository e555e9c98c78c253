/* SPDX-License-Identifier: BSD-3-Clause */
#include "tile.h"

#define TILE_WIDTH  (2 * TILE_LONGITUDE_MAX) /* degrees, of the map */
#define TILE_HEIGHT (2 * TILE_LATITUDE_MAX)

/* --- Bits ---------------------------------------------------------------- */

/* Move the 32 bits apart, to the even places: halves, bytes, half bytes ... */
static inline uint64_t tile_spread(uint32_t bits)
{
    uint64_t x = bits;

    x = (x | x << 16) & UINT64_C(0x0000ffff0000ffff);
    x = (x | x << 8) & UINT64_C(0x00ff00ff00ff00ff);
    x = (x | x << 4) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    x = (x | x << 2) & UINT64_C(0x3333333333333333);
    return (x | x << 1) & UINT64_C(0x5555555555555555);
}

static inline uint32_t tile_gather(uint64_t bits)
{
    uint64_t x = bits & UINT64_C(0x5555555555555555);

    x = (x | x >> 1) & UINT64_C(0x3333333333333333);
    x = (x | x >> 2) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    x = (x | x >> 4) & UINT64_C(0x00ff00ff00ff00ff);
    x = (x | x >> 8) & UINT64_C(0x0000ffff0000ffff);
    return (uint32_t)(x | x >> 16);
}

static inline uint64_t tile_number(struct tile tile)
{
    return tile_spread(tile.row) | tile_spread(tile.column) << 1;
}

/* --- Points and tiles ---------------------------------------------------- */

bool tile_covers(struct point point)
{
    return point.longitude >= -TILE_LONGITUDE_MAX &&
           point.longitude <= TILE_LONGITUDE_MAX &&
           point.latitude >= -TILE_LATITUDE_MAX &&
           point.latitude <= TILE_LATITUDE_MAX;
}

/* The index of the part that holds `degrees`, when the axis from `-most` to
 * `most` has 2^steps parts. */
static uint32_t tile_index(double degrees, double most, uint32_t steps)
{
    return (uint32_t)((degrees + most) / (most + most) *
                      (double)(UINT64_C(1) << steps));
}

struct tile tile_at(struct point point, uint32_t steps)
{
    return (struct tile){
        .column = tile_index(point.longitude, TILE_LONGITUDE_MAX, steps),
        .row = tile_index(point.latitude, TILE_LATITUDE_MAX, steps),
        .steps = steps,
    };
}

struct tile tile_beside(struct tile tile, int east, int north)
{
    uint32_t mask = (1u << tile.steps) - 1;

    if (east)
        tile.column = (tile.column + (uint32_t)east) & mask;
    if (north)
        tile.row = (tile.row + (uint32_t)north) & mask;
    return tile;
}

/* Where part `index` begins.  It wraps for the numbers of no tile, which a
 * score can have all the same. */
static inline double tile_edge(uint32_t index, double from, double size,
                               uint32_t steps)
{
    return from + index * 1.0 / (double)(UINT64_C(1) << steps) * size;
}

struct bounds tile_bounds(struct tile tile)
{
    return (struct bounds){
        .west =
            tile_edge(tile.column, -TILE_LONGITUDE_MAX, TILE_WIDTH, tile.steps),
        .south =
            tile_edge(tile.row, -TILE_LATITUDE_MAX, TILE_HEIGHT, tile.steps),
        .east = tile_edge(tile.column + 1, -TILE_LONGITUDE_MAX, TILE_WIDTH,
                          tile.steps),
        .north = tile_edge(tile.row + 1, -TILE_LATITUDE_MAX, TILE_HEIGHT,
                           tile.steps),
    };
}

/* --- Scores -------------------------------------------------------------- */

uint64_t tile_score(struct point point)
{
    return tile_number(tile_at(point, TILE_STEPS));
}

void tile_scores(struct tile tile, double *first, double *end)
{
    uint32_t shift = 2 * (TILE_STEPS - tile.steps);
    uint64_t number = tile_number(tile);

    *first = (double)(number << shift);
    *end = (double)((number + 1) << shift);
}

/* A whole number of 64 bits, as x86 converts: negative ones wrap, and what is
 * further out has a value of its own.  Redis leaves it to that. */
static uint64_t tile_bits(double score)
{
    if (score >= 0x1p64 || score != score)
        return score != score ? UINT64_C(1) << 63 : 0;
    if (score >= 0x1p63)
        return (uint64_t)score;
    if (score >= -0x1p63)
        return (uint64_t)(int64_t)score;
    return UINT64_C(1) << 63;
}

static inline double tile_clip(double degrees, double most)
{
    return degrees > most ? most : degrees < -most ? -most : degrees;
}

struct point tile_point(double score)
{
    uint64_t number = tile_bits(score);
    struct tile tile = {.column = tile_gather(number >> 1),
                        .row = tile_gather(number),
                        .steps = TILE_STEPS};
    struct bounds bounds = tile_bounds(tile);

    return (struct point){
        .longitude =
            tile_clip((bounds.west + bounds.east) / 2, TILE_LONGITUDE_MAX),
        .latitude =
            tile_clip((bounds.south + bounds.north) / 2, TILE_LATITUDE_MAX),
    };
}

/* --- Names --------------------------------------------------------------- */

/* Five bits a character.  52 bits give ten; the eleventh is always 0. */
void tile_name(struct point point, char *text)
{
    static const char digits[] = "0123456789bcdefghjkmnpqrstuvwxyz";
    uint64_t number = tile_number((struct tile){
        .column = tile_index(point.longitude, 180, TILE_STEPS),
        .row = tile_index(point.latitude, 90, TILE_STEPS),
        .steps = TILE_STEPS,
    });

    for (uint32_t i = 0; i < TILE_NAME - 1; i++)
        text[i] = digits[number >> (2 * TILE_STEPS - 5 * (i + 1)) & 31];
    text[TILE_NAME - 1] = '0';
}
