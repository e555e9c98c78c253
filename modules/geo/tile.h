/* SPDX-License-Identifier: BSD-3-Clause */
/* tile - a rectangle of the map, and the numbers that name it.
 *
 * The map reaches from 180 degrees west to 180 east and from about 85 south to
 * 85 north, as web maps do.  A tile of `steps` steps is one of 2^steps columns
 * and as many rows:
 *
 *   row  3 | 5  7  d  f       the number interleaves both, the row's bits in
 *        2 | 4  6  c  e       the even places:
 *        1 | 1  3  9  b
 *        0 | 0  2  8  a           column c1 c0, row r1 r0:  c1 r1 c0 r0
 *          +------------
 *   column   0  1  2  3       (2 steps; in hexadecimal)
 *
 * So a tile's quarters have numbers that follow on each other, and the points
 * within any tile are one range of the numbers of 26 steps: 52 bits, which a
 * double holds exactly.  Those are the scores of members. */
#ifndef GEO_TILE_H
#define GEO_TILE_H

#include "earth.h"

#include <stdbool.h>
#include <stdint.h>

#define TILE_STEPS         26u
#define TILE_LONGITUDE_MAX 180.0
#define TILE_LATITUDE_MAX  85.05112878
#define TILE_NAME          11u /* bytes */

/* On the upper edge of the map lies a row, or column, beyond the last. */
struct tile {
    uint32_t column;
    uint32_t row;
    uint32_t steps; /* 1 to TILE_STEPS */
};

struct bounds {
    double west, south, east, north; /* degrees */
};

static inline bool tile_equal(struct tile a, struct tile b)
{
    return a.column == b.column && a.row == b.row && a.steps == b.steps;
}

/* Is the point on the map? */
bool tile_covers(struct point point);

/* The tile around a point of the map. */
struct tile tile_at(struct point point, uint32_t steps);

/* The tile so many columns east and rows north of it, round the edges. */
struct tile tile_beside(struct tile tile, int east, int north);

struct bounds tile_bounds(struct tile tile);

/* The score of a member at that point of the map. */
uint64_t tile_score(struct point point);

/* The middle of the tile that a score names, whatever score a client may have
 * given the member. */
struct point tile_point(double score);

/* The scores of points within: from *first to before *end. */
void tile_scores(struct tile tile, double *first, double *end);

/* The geohash as other systems write it, eleven letters and digits: of a map
 * that reaches to the poles. */
void tile_name(struct point point, char *text);

#endif
