/* SPDX-License-Identifier: BSD-3-Clause */
/* wrong - a descriptor whose first words are wrong: -DWRONG_MAGIC=...,
 * -DWRONG_SIZE=..., -DWRONG_GENERATION=...  Its initialiser tells the test that
 * code of it ran. */
#include <kr/module.h>

#include <stdlib.h>

#ifndef WRONG_MAGIC
#define WRONG_MAGIC KR_DESCRIPTOR_MAGIC
#endif
#ifndef WRONG_SIZE
#define WRONG_SIZE sizeof(struct kr_descriptor)
#endif
#ifndef WRONG_GENERATION
#define WRONG_GENERATION KR_GENERATION
#endif

__attribute__((constructor)) static void wrong_run(void)
{
    setenv("RACK_TEST_STRANGER", "ran", 1);
}

KR_EXPORT extern const struct kr_descriptor kr_module_descriptor;
const struct kr_descriptor kr_module_descriptor = {
    .magic = WRONG_MAGIC,
    .size = WRONG_SIZE,
    .generation = WRONG_GENERATION,
    .name = "wrong",
};
