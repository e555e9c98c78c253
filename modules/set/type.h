/* SPDX-License-Identifier: BSD-3-Clause */
/* type - what the host is told of sets: how they are freed, saved, loaded. */
#ifndef SET_TYPE_H
#define SET_TYPE_H

#include <kr/type.h>

extern const struct kr_type set_type;

#endif
