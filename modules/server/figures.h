/* SPDX-License-Identifier: BSD-3-Clause */
/* figures - what memory is used for, as INFO memory, MEMORY STATS and MEMORY
 * DOCTOR tell it.
 *
 *   |<--------------------- resident ---------------------->|
 *   |<---------------------- used ----------->|<- not ours ->|
 *   |<------------ overhead ------>|<-dataset>|
 *   | startup | clients | tables   | the rest |
 */
#ifndef SERVER_FIGURES_H
#define SERVER_FIGURES_H

#include <stdint.h>

struct server;

struct figures {
    /* bytes */
    int64_t used;
    int64_t peak;
    int64_t resident;
    int64_t startup;
    int64_t clients;  /* of connections that are no replicas */
    int64_t replicas; /* of those that are */
    int64_t tables;   /* of all databases */
    int64_t overhead;
    int64_t dataset;
    int64_t total_system;
    /* numbers */
    uint64_t keys;
    uint64_t connections;
    double peak_percent;
    double dataset_percent; /* of what is used since the start */
    double fragmentation;   /* resident to used */
};

void figures_take(struct server *server, struct figures *figures);

#endif
