/* SPDX-License-Identifier: BSD-3-Clause */
/* module - the module's own handle, to which its memory is accounted. */
#ifndef LIST_MODULE_H
#define LIST_MODULE_H

#include <kr/module.h>

extern kr_module *list_self;

#endif
