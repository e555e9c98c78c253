/* SPDX-License-Identifier: BSD-3-Clause */
/* type - the data types of guests, and where their values are written.
 *
 * A value of ours is a box that knows its type, since the host's functions get
 * nothing else:
 *
 *   key --> box --> +------+-------+
 *                   | type | value-+--> the guest's own
 *                   +------+-------+
 *
 * In files it stands as Redis writes it: tagged items, framed by the host. */
#ifndef REDISABI_TYPE_H
#define REDISABI_TYPE_H

#include "context.h"

#include <kr/codec.h>
#include <kr/snapshot.h>

struct RedisModuleType {
    struct RedisModuleType *next; /* of the guest's */
    struct guest *guest;
    struct RedisModuleTypeMethods methods; /* what is beyond its version: 0 */
    struct kr_type row;
    uint16_t slot;
    struct kr_snapshot_part aux; /* what it saves beside its values */
    char name[10];
};

/* Where a value is saved, loaded or rewritten. */
struct RedisModuleIO {
    kr_writer *writer;
    kr_reader *reader;
    struct guest *guest;
    RedisModuleCtx *ctx;    /* made when it is asked for */
    RedisModuleString *key; /* as well */
    bool failed;
};

KR_HIDDEN void io_end(RedisModuleIO *io);

#endif
