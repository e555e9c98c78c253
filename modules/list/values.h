/* SPDX-License-Identifier: BSD-3-Clause */
/* values - what is offered to other modules: <kr/list.h>. */
#ifndef LIST_VALUES_H
#define LIST_VALUES_H

#include <kr/list.h>

extern const struct kr_lists list_values;

#endif
