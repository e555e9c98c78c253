/* SPDX-License-Identifier: BSD-3-Clause */
/* user - users as guests have them: user.c. */
#ifndef REDISABI_USER_H
#define REDISABI_USER_H

#include "context.h"

struct RedisModuleUser {
    bool own; /* made by a guest: may do nothing */
    char name[];
};

#define USER_DEFAULT "default"

/* What is said of a command that a user must not run. */
#define USER_DENIED                                                            \
    "ERR acl verification failed, can't run this command or subcommand."

/* NULL: the context's own, which is the default user. */
static inline bool user_may(const RedisModuleUser *user)
{
    return !user || !user->own;
}

#endif
