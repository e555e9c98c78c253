/* SPDX-License-Identifier: BSD-3-Clause */
/* search - looking for elements by their bytes. */
#ifndef LIST_SEARCH_H
#define LIST_SEARCH_H

#include "value.h"

/* The index of the first element that is these bytes; false: there is none. */
bool search_first(const struct kr_cell *cell, struct kr_str bytes,
                  uint64_t *index);

#endif
