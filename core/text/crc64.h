/* SPDX-License-Identifier: BSD-3-Clause */
/* crc64 - the checksum at the end of an RDB file and of a DUMP.
 *
 * The polynomial is the one of D. T. Jones, 0xad93d23594c935a9, low bit first,
 * nothing inverted.  Start from 0; to go on, pass what the bytes before gave:
 *
 *     crc64(crc64(0, a), b) is that of a followed by b */
#ifndef CORE_TEXT_CRC64_H
#define CORE_TEXT_CRC64_H

#include <kr/base.h>

/* [any], [child] */
uint64_t crc64(uint64_t crc, struct kr_str bytes);

#endif
