/* SPDX-License-Identifier: BSD-3-Clause */
/* sha1 - the hash of FIPS 180, for what is named or compared by it: scripts,
 * DEBUG DIGEST.  It protects nothing. */
#ifndef CORE_TEXT_SHA1_H
#define CORE_TEXT_SHA1_H

#include <kr/base.h>

#define SHA1_SIZE 20 /* bytes */

/* The hash of `bytes`.  About 2 ns a byte.  [any] */
void sha1(struct kr_str bytes, uint8_t hash[SHA1_SIZE]);

#endif
