/* SPDX-License-Identifier: BSD-3-Clause */
/* stranger - a shared object that is no module.  Its initialiser tells the
 * test that code of it ran. */
#include <stdlib.h>

void stranger_hello(void);

#ifdef STRANGER_REDIS
__attribute__((visibility("default"))) int
RedisModule_OnLoad(void *ctx, void **argv, int argc);
int RedisModule_OnLoad(void *ctx, void **argv, int argc)
{
    return ctx == argv ? argc : 0;
}
#endif

__attribute__((constructor)) static void stranger_run(void)
{
    setenv("RACK_TEST_STRANGER", "ran", 1);
}

void stranger_hello(void)
{
    setenv("RACK_TEST_STRANGER", "called", 1);
}
