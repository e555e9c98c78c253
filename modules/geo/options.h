/* SPDX-License-Identifier: BSD-3-Clause */
/* options - the words of GEOSEARCH, GEORADIUS and their kin.
 *
 *   GEORADIUS          key longitude latitude radius unit [options]
 *   GEORADIUSBYMEMBER  key member radius unit [options]
 *   GEOSEARCH          key [options]
 *   GEOSEARCHSTORE     destination key [options]
 *
 * In the last two, where and what to search are options, too. */
#ifndef GEO_OPTIONS_H
#define GEO_OPTIONS_H

#include "finds.h"
#include "shape.h"

#include <kr/call.h>
#include <kr/keyspace.h>

enum options_form {
    OPTIONS_RADIUS,
    OPTIONS_RADIUS_MEMBER,
    OPTIONS_SEARCH,
    OPTIONS_SEARCH_STORE,
};

struct options {
    enum options_form form;
    bool read_only;             /* no STORE */
    const struct kr_cell *from; /* the set; NULL: there is none */
    bool has_center, has_shape;
    struct shape shape;
    bool with_distance, with_hash, with_point;
    enum finds_order order;
    int64_t count;  /* 0: all */
    bool any;       /* the first so many that are found */
    uint32_t store; /* argument: the destination; 0: reply */
    bool store_distances;
};

/* Read them all; form, read_only and from have been set.  false: replied. */
bool options_read(struct kr_call *call, struct options *options);

#endif
