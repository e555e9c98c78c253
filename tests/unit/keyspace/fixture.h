/* SPDX-License-Identifier: BSD-3-Clause */
/* fixture - a keyspace with two types of which nothing else is known.
 *
 *   flat   inline bytes
 *   crate  boxed: a struct crate, whose effort the test chooses
 *
 * Time stands still at BEGIN_MS until a test moves clock_turn_ms.  The end of a
 * test fails if an invariant is broken or a crate was lost. */
#ifndef TESTS_UNIT_KEYSPACE_FIXTURE_H
#define TESTS_UNIT_KEYSPACE_FIXTURE_H

#include <check.h>
#include <stdio.h>

#include "core/clock/clock.h"
#include "core/keyspace/db.h"
#include "core/keyspace/type.h"
#include "core/rack/rack.h"

#define BEGIN_MS INT64_C(1700000000000)

struct crate {
    uint64_t mark;
    size_t effort;
    bool elsewhere; /* it was freed on another thread */
};

extern uint16_t flat_slot;
extern uint16_t crate_slot;
extern kr_module fixture_module;
extern const struct kr_type flat_type;
extern const struct kr_type crate_type;

struct crate *crate_new(uint64_t mark, size_t effort);
/* Crates made and not freed, and those freed on another thread. */
int crates_alive(void);
int crates_freed_elsewhere(void);
/* Calls of the crates' unlink(). */
int crates_unlinked(void);
/* "db:key" of the last call of their link(). */
const char *crate_linked(void);

void fixture_begin(void);
void fixture_end(void);
/* Until nothing waits to be freed. */
void fixture_settle(void);

/* A suite of one case with the fixture around each test. */
TCase *fixture_case(Suite *suite, const char *name);

#define KS (&keyspace_interface)
kr_db *db0(void);

void put_flat(kr_db *db, const char *key, const char *value);
struct crate *put_crate(kr_db *db, const char *key, uint64_t mark,
                        size_t effort);
bool has(kr_db *db, const char *key);
void expire_at(kr_db *db, const char *key, int64_t when_ms);
void erase_key(kr_db *db, const char *key);
/* Is it there and has that value? */
bool is_flat(kr_db *db, const char *key, const char *value);

/* What was told, as a text: "before:a notify:a/set changed:a ". */
void listen_begin(void);
const char *heard(void);
void heard_clear(void);
/* Listening costs nothing while this is off. */
void listen_pause(bool pause);

#endif
