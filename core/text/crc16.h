/* SPDX-License-Identifier: BSD-3-Clause */
/* crc16 - the checksum that places a key in one of the cluster's slots. */
#ifndef CORE_TEXT_CRC16_H
#define CORE_TEXT_CRC16_H

#include <kr/base.h>

#define CRC16_SLOTS 16384

/* CRC-16/XMODEM: x^16 + x^12 + x^5 + 1, high bit first, from 0. */
uint16_t crc16(struct kr_str bytes);

/* The slot of `key`: of what is between its first '{' and the next '}' if that
 * is not empty, and of the whole key otherwise.  So keys with one tag share a
 * slot. */
uint16_t crc16_slot(struct kr_str key);

#endif
