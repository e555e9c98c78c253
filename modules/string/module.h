/* SPDX-License-Identifier: BSD-3-Clause */
/* module - the module's own handle, to which its memory is accounted. */
#ifndef STRING_MODULE_H
#define STRING_MODULE_H

#include <kr/module.h>

extern kr_module *string_self;

#endif
