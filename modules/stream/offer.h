/* SPDX-License-Identifier: BSD-3-Clause */
/* offer - what other modules may do with streams: see <kr/stream.h>. */
#ifndef STREAM_OFFER_H
#define STREAM_OFFER_H

#include <kr/stream.h>

extern const struct kr_streams offer_streams;

#endif
