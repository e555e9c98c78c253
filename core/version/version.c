/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/version/version.h"

#include "config.h"

const char version_keyrack[] = PACKAGE_VERSION;
