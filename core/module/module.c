/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/module/module.h"

kr_module *module_running;
