/* SPDX-License-Identifier: BSD-3-Clause */
/* processors - a list such as "0,2,4-7,8-16:2", and running on those only. */
#ifndef AOF_PROCESSORS_H
#define AOF_PROCESSORS_H

#include <stdbool.h>

/* Bind the calling thread to them.  false: the list or the system is against
 * it, and all is as it was. */
bool processors_bind(const char *list);

#endif
