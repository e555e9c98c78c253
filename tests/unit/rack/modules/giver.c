/* SPDX-License-Identifier: BSD-3-Clause */
/* giver - offers test.gift/1.  GIVER_SMALL: an early form of it; GIVER_ID:
 * another revision; GIVER_LATE: not in the table but by create();
 * GIVER_NAME: its name. */
#include "gift.h"

#include <kr/kr.h>

#ifndef GIVER_NAME
#define GIVER_NAME "giver"
#endif
#ifndef GIVER_ID
#define GIVER_ID "test.gift/1"
#endif

KR_USES(kr_modules);

static int giver_value(void)
{
    return 42;
}

static const struct test_gift gift = {
#ifdef GIVER_SMALL
    .size = offsetof(struct test_gift, later),
#else
    .size = sizeof(gift),
#endif
    .value = giver_value,
    .later = giver_value,
};
static const struct kr_import imports[] = {KR_NEED(kr_modules)};

#ifdef GIVER_LATE
static kr_status giver_create(kr_module *self, const struct kr_load_args *args,
                              void **state)
{
    (void)args;
    (void)state;
    return kr_modules->offer(self, GIVER_ID, &gift);
}
KR_MODULE(.name = GIVER_NAME, .version = 20000, .flags = KR_MODULE_CAN_UNLOAD,
          .imports = KR_ROWS(imports), .create = giver_create);
#else
static const struct kr_offer offers[] = {{GIVER_ID, &gift}};
KR_MODULE(.name = GIVER_NAME, .version = 20000, .flags = KR_MODULE_CAN_UNLOAD,
          .imports = KR_ROWS(imports), .offers = KR_ROWS(offers));
#endif
