/* SPDX-License-Identifier: BSD-3-Clause */
/* message - what a tracker is told: these keys, or all, are invalid. */
#ifndef TRACKING_MESSAGE_H
#define TRACKING_MESSAGE_H

#include "tracker.h"

/* To the tracker, or to whom it has named: as a push in RESP3, as a message of
 * the channel __redis__:invalidate to a subscribed client in RESP2.  Another
 * one in RESP2 cannot be told.  `keys` NULL: all keys. */
void message_send(struct tracker *tracker, size_t count,
                  const struct kr_str *keys);

#endif
