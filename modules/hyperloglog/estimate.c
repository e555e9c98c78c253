/* SPDX-License-Identifier: BSD-3-Clause */
#include "estimate.h"

#include <math.h>

#define ESTIMATE_TOP   51 /* the highest value that a hash gives */
#define ESTIMATE_ALPHA 0.721347520444481703680 /* 1 / (2 ln 2) */

/* The paper's sigma: what the registers that are still 0 contribute, of which
 * there is the fraction `x`. */
static double estimate_sigma(double x)
{
    double sum = x, before, weight = 1;

    if (x >= 1)
        return INFINITY;
    do {
        x *= x;
        before = sum;
        sum += x * weight;
        weight += weight;
    } while (sum != before);
    return sum;
}

/* The paper's tau: the same for the registers that are full, all but `x` of
 * them. */
static double estimate_tau(double x)
{
    double sum = 1 - x, before, weight = 1;

    if (x <= 0 || x >= 1)
        return 0;
    do {
        double rest;

        x = sqrt(x);
        rest = 1 - x;
        before = sum;
        weight *= 0.5;
        sum -= rest * rest * weight;
    } while (sum != before);
    return sum / 3;
}

int64_t estimate(const uint32_t *histogram)
{
    double m = SKETCH_REGISTERS;
    double z = m * estimate_tau((m - histogram[ESTIMATE_TOP]) / m);
    long double cardinality;

    for (int value = ESTIMATE_TOP - 1; value > 0; value--)
        z = (z + histogram[value]) * 0.5;
    z += m * estimate_sigma(histogram[0] / m);
    cardinality = ESTIMATE_ALPHA * m * m / z;
    return cardinality < 0x1p63L ? llroundl(cardinality) : INT64_MIN;
}
