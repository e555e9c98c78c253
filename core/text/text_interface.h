/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CORE_TEXT_TEXT_INTERFACE_H
#define CORE_TEXT_TEXT_INTERFACE_H

#include <kr/text.h>

extern const struct kr_text text_interface;

#endif
