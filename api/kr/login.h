/* SPDX-License-Identifier: BSD-3-Clause */
/* login - saying who a client is, before its password is looked at.
 *
 * The module that has AUTH and HELLO publishes "connection.login" for each
 * attempt that is well formed.  Handlers are asked in the order in which they
 * have subscribed; who finds *answer set leaves it alone.  What nobody answers is
 * decided by the password.
 *
 * Who needs time answers KR_LOGIN_TAKEN, parks the call, and when it knows runs
 * the very words again (kr_calls->run() with KR_RUN_NO_GATES, for the client,
 * into the call's reply) to be asked once more: HELLO then goes on with the rest
 * of what it does. */
#ifndef KR_LOGIN_H
#define KR_LOGIN_H

#include <kr/base.h>
#include <kr/call.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KR_EVENT_LOGIN "connection.login"

#define KR_LOGIN_PASS  0u /* ask the next; the password is last */
#define KR_LOGIN_ADMIT 1u /* the client is in */
#define KR_LOGIN_TAKEN 2u /* an error was replied, or the call is parked */

/* [main] */
struct kr_login_event {
    uint32_t size;
    uint32_t reserved;
    struct kr_call *call; /* AUTH or HELLO, with a client */
    struct kr_str user;   /* borrowed, as the password is */
    struct kr_str password;
    uint32_t *answer; /* KR_LOGIN_, at first KR_LOGIN_PASS */
};

#ifdef __cplusplus
}
#endif
#endif
