/* SPDX-License-Identifier: BSD-3-Clause */
/* collate - the locale in which SORT ALPHA compares: locale-collate. */
#ifndef KEYS_COLLATE_H
#define KEYS_COLLATE_H

#include <kr/config.h>

/* The parameter's variable; empty: as the environment says. */
extern const char *collate_name;

/* Replaces the module's locale; false: there is none of that name. */
bool collate_apply(void *state, uint32_t argc, const struct kr_str *argv,
                   const char **error);

#endif
