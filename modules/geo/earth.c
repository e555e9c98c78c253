/* SPDX-License-Identifier: BSD-3-Clause */
#include "earth.h"

struct earth_origin earth_origin(struct point point)
{
    double latitude = earth_radians(point.latitude);

    return (struct earth_origin){
        .longitude = earth_radians(point.longitude),
        .latitude = latitude,
        .cosine = cos(latitude),
    };
}

double earth_distance_north(double latitude1, double latitude2)
{
    return EARTH_RADIUS *
           fabs(earth_radians(latitude2) - earth_radians(latitude1));
}

double earth_distance(const struct earth_origin *origin, struct point point)
{
    double longitude = earth_radians(point.longitude);
    double latitude = earth_radians(point.latitude);
    double across = sin((longitude - origin->longitude) / 2), up, a;

    if (across == 0) /* the formula comes to this, but for its last bits */
        return EARTH_RADIUS * fabs(latitude - origin->latitude);
    up = sin((latitude - origin->latitude) / 2);
    a = up * up + origin->cosine * cos(latitude) * across * across;
    return 2 * EARTH_RADIUS * asin(sqrt(a));
}
