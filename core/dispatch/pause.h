/* SPDX-License-Identifier: BSD-3-Clause */
/* pause - all clients, or those that would write, wait for a while. */
#ifndef CORE_DISPATCH_PAUSE_H
#define CORE_DISPATCH_PAUSE_H

#include <kr/client.h>

/* Until `until_ms` on the wall clock.  The longer and the stricter pause
 * wins. */
void pause_begin(int64_t until_ms, bool writes_only);
void pause_end(void);
bool pause_is_on(bool *writes_only);
/* Must this client's call wait, which acts like that: kr_call.acts? */
bool pause_concerns(const kr_client *client, uint64_t acts);

#endif
