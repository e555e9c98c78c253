/* SPDX-License-Identifier: BSD-3-Clause */
/* digits - coordinates and distances as text, exactly and without printf(),
 * which takes longer for one coordinate than finding its point does. */
#ifndef GEO_DIGITS_H
#define GEO_DIGITS_H

#include <stddef.h>

#define DIGITS_TEXT 32u /* room that either needs */

/* At most 17 digits behind the point, rounded to even, no zeros at the end.  For
 * absolute values below 256.  Answers the length. */
size_t digits_coordinate(double degrees, char *text);

/* Always four digits behind the point. */
size_t digits_distance(double distance, char *text);

#endif
