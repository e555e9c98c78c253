/* SPDX-License-Identifier: BSD-3-Clause */
/* guest - a module built for Redis: what it asks of its host.  See guest.c. */
#ifndef SDK_GUEST_H
#define SDK_GUEST_H

#include "sdk/picture.h"

/* The API functions that the file names, without their prefix: `there` are
 * those that redisabi has. */
void guest_survey(const struct picture *picture, struct names *there,
                  struct names *lacking);

#endif
