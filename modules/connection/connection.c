/* SPDX-License-Identifier: BSD-3-Clause */
/* connection - holds the place of the module until it is written.
 *
 * It proves the rule by which modules are built: one shared object, one
 * exported symbol, nothing on the include path but api/. */

#include <kr/base.h>

KR_EXPORT extern const struct kr_str keyrack_placeholder;

const struct kr_str keyrack_placeholder = {"connection", 10};
