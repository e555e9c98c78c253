/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - the commands of `geo`: their rows and handlers.
 *
 * For the descriptor: {geo_commands, GEO_COMMAND_COUNT,
 * sizeof(struct kr_command)}. */
#ifndef GEO_COMMANDS_H
#define GEO_COMMANDS_H

#include <kr/base.h>
#include <kr/call.h>
#include <kr/command.h>

extern const struct kr_command geo_commands[];
enum { GEO_COMMAND_COUNT = 10 };

/* The handlers: each writes one reply. */
void geo_geoadd(struct kr_call *call);
void geo_geodist(struct kr_call *call);
void geo_geohash(struct kr_call *call);
void geo_geopos(struct kr_call *call);
void geo_georadius(struct kr_call *call);
void geo_georadius_ro(struct kr_call *call);
void geo_georadiusbymember(struct kr_call *call);
void geo_georadiusbymember_ro(struct kr_call *call);
void geo_geosearch(struct kr_call *call);
void geo_geosearchstore(struct kr_call *call);

#endif
