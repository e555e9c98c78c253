/* SPDX-License-Identifier: BSD-3-Clause */
/* gauge - what the module gauge offers to other modules. */
#ifndef GAUGE_H
#define GAUGE_H

#include <kr/kr.h>

struct gauge {
    uint32_t size;
    uint32_t reserved;
    /* The current value of the gauge in `cell`; false: it is no gauge. */
    bool (*read)(const struct kr_cell *cell, int64_t *now);
};
KR_INTERFACE(gauge, "gauge.values/1");

#endif
