/* SPDX-License-Identifier: BSD-3-Clause */
/* offered - what the module offers to others: see <kr/hash.h>. */
#ifndef HASH_OFFERED_H
#define HASH_OFFERED_H

#include <kr/hash.h>

extern const struct kr_hashes hash_values;

#endif
