/* SPDX-License-Identifier: BSD-3-Clause */
/* inert_params - parameters of Redis that nothing in this server reads yet.
 *
 * For the descriptor: {inert_params, INERT_PARAM_COUNT,
 * sizeof(struct kr_param)}, behind the module's own. */
#ifndef SERVER_INERT_PARAMS_H
#define SERVER_INERT_PARAMS_H

#include <kr/config.h>

extern const struct kr_param inert_params[];
enum { INERT_PARAM_COUNT = 129 };

#endif
