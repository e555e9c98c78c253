/* SPDX-License-Identifier: BSD-3-Clause */
/* config - the parameters of modules, as the rack sees them. */
#ifndef CORE_CONFIG_CONFIG_H
#define CORE_CONFIG_CONFIG_H

#include <kr/config.h>

bool config_add_params(kr_module *module, const struct kr_rows *params,
                       char *error, size_t error_size);
void config_forget(kr_module *module);

extern const struct kr_config config_interface;

#endif
