/* SPDX-License-Identifier: BSD-3-Clause */
/* shape - the circle or box that is searched, and the tiles that cover it.
 *
 * The tile around the centre and its eight neighbours are as large as it takes
 * for the shape to lie within them; those that it does not reach are left out:
 *
 *   +-------+-------+-------+
 *   |       |   .-------.   |      a circle whose centre is in the upper right
 *   +-------+--/----+----\--+      of its tile: the row below and the column
 *   |       | |     |  x |  |      to the left need not be looked at, unless
 *   +-------+--\----+----/--+      it reaches there, as here
 *   |       |   `-------'   |
 *   +-------+-------+-------+
 *
 * How large the tiles are, and which are left out, follows Redis exactly: at the
 * poles and round the 180th meridian that decides what is found. */
#ifndef GEO_SHAPE_H
#define GEO_SHAPE_H

#include "tile.h"

#define SHAPE_TILES 9u

struct shape {
    struct point center;
    bool is_box;
    double unit;   /* metres: what the next are counted by */
    double radius; /* of a circle */
    double width, height;
};

/* The tiles to search, in order, none twice; answers how many. */
uint32_t shape_tiles(const struct shape *shape, struct tile *tiles);

/* A shape made ready for looking at many points. */
struct shape_test {
    const struct shape *shape;
    struct earth_origin center;
    double meters; /* the radius */
    /* What lies further off than this, in degrees, is not worth a computation;
     * infinite where nothing so simple can be said. */
    double latitude_most;
    double longitude_most;
};

void shape_test_init(struct shape_test *test, const struct shape *shape);

/* Does the point lie within?  *distance: from the centre, in metres. */
bool shape_has(const struct shape_test *test, struct point point,
               double *distance);

#endif
