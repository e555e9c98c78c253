/* SPDX-License-Identifier: BSD-3-Clause */
/* witness - what was going on when it crashed: module, command, client, job. */
#ifndef CORE_SERVER_WITNESS_H
#define CORE_SERVER_WITNESS_H

/* Crash reports have it from here on. */
void witness_init(void);

#endif
