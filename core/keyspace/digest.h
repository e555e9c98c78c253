/* SPDX-License-Identifier: BSD-3-Clause */
/* digest - twenty bytes that stand for data, equal to what Redis computes.
 *
 *   add(x):   d = d xor sha1(x)            in any order
 *   mix(x):   d = sha1(d xor sha1(x))      in this order
 *
 * Between begin() and end() both work on a digest of their own, which is then
 * added: so is an element of a hash, name and value in order, the elements in
 * none. */
#ifndef CORE_KEYSPACE_DIGEST_H
#define CORE_KEYSPACE_DIGEST_H

#include "core/text/sha1.h"

#include <kr/type.h>

struct kr_digest {
    uint8_t bytes[SHA1_SIZE];
    uint8_t part[SHA1_SIZE]; /* of the element, while `nested` */
    bool nested;
};

/* All zero is the digest of nothing. */
void digest_reset(kr_digest *digest);
void digest_mix(kr_digest *digest, struct kr_str bytes);
void digest_add(kr_digest *digest, struct kr_str bytes);
/* They do not nest deeper than once. */
void digest_begin(kr_digest *digest);
void digest_end(kr_digest *digest);

#endif
