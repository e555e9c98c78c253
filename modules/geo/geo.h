/* SPDX-License-Identifier: BSD-3-Clause */
/* geo - what the commands on places share. */
#ifndef GEO_GEO_H
#define GEO_GEO_H

#include "earth.h"

#include <kr/call.h>
#include <kr/keyspace.h>
#include <kr/module.h>
#include <kr/zset.h>

extern kr_module *geo_self;

/* Find argument `arg`, a sorted set.  false: it is not there, or *wrong, and
 * replied. */
bool geo_find(struct kr_call *call, uint32_t arg, uint32_t how,
              struct kr_cell *cell, bool *wrong);

/* Where a member is; false: there is none. */
bool geo_member(const struct kr_cell *cell, struct kr_str member,
                struct point *point);

/* Read argument `arg` and the next as longitude and latitude, or `arg` as a
 * unit, in metres.  false: replied. */
bool geo_arg_point(struct kr_call *call, uint32_t arg, struct point *point);
bool geo_arg_unit(struct kr_call *call, uint32_t arg, double *unit);

/* Reply a pair of coordinates, or a distance. */
void geo_reply_point(struct kr_reply *reply, struct point point);
void geo_reply_distance(struct kr_reply *reply, double distance);

#endif
