/* SPDX-License-Identifier: BSD-3-Clause */
/* pop - what popping from one of several keys is: LMPOP, BLPOP and their kin. */
#ifndef LIST_POP_H
#define LIST_POP_H

#include "value.h"

struct pop {
    uint32_t key; /* the first one's argument */
    uint32_t key_count;
    bool front;
    int64_t count; /* how many, at most; 0: one, which is not in an array */
};

/* Read numkeys key ... LEFT|RIGHT [COUNT count], from argument `at` on.  false:
 * it is nothing of the kind, which has been replied. */
bool pop_parse(struct kr_call *call, uint32_t at, struct pop *pop);

/* Pop from the list in the cell, which is at `key`: replies the key and what
 * was popped, and journals that as LPOP or RPOP. */
void pop_from(struct kr_call *call, struct kr_cell *cell, struct kr_str key,
              const struct pop *pop);

/* From the first of the keys that holds a list.  false: none does.  A key of
 * another type is an error, which has been replied. */
bool pop_first(struct kr_call *call, const struct pop *pop);

#endif
