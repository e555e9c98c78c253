/* SPDX-License-Identifier: BSD-3-Clause */
/* earth - points on a sphere, and how far apart they are.
 *
 * Distances are in metres, by the haversine formula on a sphere of the Earth's
 * mean radius: up to 0.5 % beside those on the ellipsoid.  They are computed in
 * the order of operations that Redis has, since their last bits decide what is
 * found and can be stored. */
#ifndef GEO_EARTH_H
#define GEO_EARTH_H

#include <math.h>

#define EARTH_RADIUS 6372797.560856 /* metres */

struct point {
    double longitude; /* degrees: east is positive */
    double latitude;  /* degrees: north is positive */
};

static inline double earth_radians(double degrees)
{
    return degrees * (M_PI / 180);
}

static inline double earth_degrees(double radians)
{
    return radians / (M_PI / 180);
}

/* A point to measure distances from, with what they have in common. */
struct earth_origin {
    double longitude; /* radians */
    double latitude;
    double cosine; /* of the latitude */
};

struct earth_origin earth_origin(struct point point);

/* From the origin to `point`. */
double earth_distance(const struct earth_origin *origin, struct point point);

/* Between two parallels, along a meridian. */
double earth_distance_north(double latitude1, double latitude2);

#endif
