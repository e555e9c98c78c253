/* SPDX-License-Identifier: BSD-3-Clause */
/* taker - imports test.gift/1.  TAKER_OPTIONAL: can do without. */
#include "gift.h"

KR_USES(test_gift);

static int taker_value(void)
{
    return test_gift ? test_gift->value() : -1;
}

static const struct test_taken taken = {sizeof(taken), 0, taker_value};

#ifdef TAKER_OPTIONAL
#define TAKER_NAME "wanter"
static const struct kr_import imports[] = {KR_WANT(test_gift)};
static const struct kr_offer offers[] = {{"test.wanted/1", &taken}};
#else
#define TAKER_NAME "taker"
static const struct kr_import imports[] = {KR_NEED(test_gift)};
static const struct kr_offer offers[] = {{"test.taken/1", &taken}};
#endif

/* A provider is created before who needs it: its function can be called. */
static kr_status taker_create(kr_module *self, const struct kr_load_args *args,
                              void **state)
{
    (void)self;
    (void)args;
    (void)state;
    return test_gift && test_gift->value() != 42 ? KR_EFAIL : KR_OK;
}

KR_MODULE(.name = TAKER_NAME, .version = 30000, .flags = KR_MODULE_CAN_UNLOAD,
          .imports = KR_ROWS(imports), .offers = KR_ROWS(offers),
          .create = taker_create);
