/* SPDX-License-Identifier: BSD-3-Clause */
/* store - lists in files: loading, saving, rewriting as commands. */
#ifndef LIST_STORE_H
#define LIST_STORE_H

#include <kr/codec.h>
#include <kr/type.h>

enum { STORE_CODE_COUNT = 4 };
extern const uint8_t store_codes[];

void store_save(const struct kr_peek *value, kr_writer *out);
bool store_load(kr_reader *in, uint32_t code, uint32_t format,
                struct kr_value *out);
void store_rewrite(const struct kr_peek *value, struct kr_str key,
                   kr_writer *out);

#endif
