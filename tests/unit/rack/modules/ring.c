/* SPDX-License-Identifier: BSD-3-Clause */
/* ring - RING_NAME offers RING_MINE and needs RING_THEIRS. */
#include <kr/kr.h>

static const void *theirs;
static const uint64_t mine[2] = {sizeof(mine)}; /* the size of its table */
static const struct kr_import imports[] = {
    {RING_THEIRS, &theirs, 8, KR_IMPORT_REQUIRED}};
static const struct kr_offer offers[] = {{RING_MINE, mine}};

KR_MODULE(.name = RING_NAME, .version = 1, .flags = KR_MODULE_CAN_UNLOAD,
          .imports = KR_ROWS(imports), .offers = KR_ROWS(offers));
