/* SPDX-License-Identifier: BSD-3-Clause */
/* interfaces - what modules may import in this release.  See interfaces.c. */
#ifndef SDK_INTERFACES_H
#define SDK_INTERFACES_H

#include <stdint.h>

struct interface {
    const char *id;
    const char *by;   /* who offers it: "the server", or a module */
    uint32_t size;    /* bytes that it has in this release */
    const char *what; /* it lets a module do */
};

/* The interface called `id`, or NULL. */
const struct interface *interface_find(const char *id);

#endif
