/* SPDX-License-Identifier: BSD-3-Clause */
/* info_keyspace - INFO keyspace: a line for each database that has keys. */
#include "info.h"

#include "server.h"

#include <inttypes.h>
#include <stdio.h>

#define SAMPLES 32 /* keys looked at for the average time to live */

/* The mean of some keys that have one; exact in a database with few keys only
 * by chance, as in Redis.  O(SAMPLES). */
static int64_t info_average_ttl(kr_db *db)
{
    int64_t now_ms = kr_loop->wall_ms(), seen = 0;
    double sum = 0;
    struct kr_cell cell;

    if (kr_keyspace->count_expiring(db) == 0)
        return 0;
    for (unsigned i = 0; i < SAMPLES && kr_keyspace->random(db, &cell); i++) {
        int64_t when_ms = kr_keyspace->expiry(&cell);

        if (when_ms == KR_NO_EXPIRY || when_ms <= now_ms)
            continue;
        sum += (double)(when_ms - now_ms);
        seen++;
    }
    return seen > 0 ? (int64_t)(sum / (double)seen) : 0;
}

void info_fill_keyspace(void *ctx, struct kr_info_out *out)
{
    char name[32];

    (void)ctx;
    for (int32_t i = 0; i < kr_keyspace->db_count(); i++) {
        kr_db *db = kr_keyspace->db(i);
        uint64_t keys = kr_keyspace->count(db);
        uint64_t expires = kr_keyspace->count_expiring(db);

        if (keys == 0 && expires == 0)
            continue;
        snprintf(name, sizeof(name), "db%" PRId32, i);
        kr_info_fieldf(out, name,
                       "keys=%" PRIu64 ",expires=%" PRIu64 ",avg_ttl=%" PRId64,
                       keys, expires, info_average_ttl(db));
    }
}
