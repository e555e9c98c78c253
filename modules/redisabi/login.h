/* SPDX-License-Identifier: BSD-3-Clause */
/* login - guests that say who a client is: login.c. */
#ifndef REDISABI_LOGIN_H
#define REDISABI_LOGIN_H

#include "context.h"

struct porter;

/* In a context in which a porter is asked. */
struct context_login {
    const struct porter *porter;
    bool admitted; /* AuthenticateClient... went well */
    bool waits;    /* BlockClientOnAuth: it has replied, or will */
};

/* A porter has made up its mind: AUTH or HELLO runs once more. */
KR_HIDDEN void login_resume(RedisModuleBlockedClient *blocked,
                            struct kr_call *call);

#endif
