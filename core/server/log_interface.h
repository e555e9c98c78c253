/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CORE_SERVER_LOG_INTERFACE_H
#define CORE_SERVER_LOG_INTERFACE_H

#include <kr/log.h>

extern const struct kr_log log_interface;

#endif
