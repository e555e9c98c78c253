/* SPDX-License-Identifier: BSD-3-Clause */
/* module_rows - the command MODULE: its rows and handlers. */
#ifndef RACK_MODULE_ROWS_H
#define RACK_MODULE_ROWS_H

#include <kr/base.h>
#include <kr/call.h>
#include <kr/command.h>

extern const struct kr_command rack_command;

/* The handlers: each writes one reply. */
void module_help(struct kr_call *call);
void module_info(struct kr_call *call);
void module_list(struct kr_call *call);
void module_load(struct kr_call *call);
void module_loadex(struct kr_call *call);
void module_unload(struct kr_call *call);
void module_upgrade(struct kr_call *call);
void module_reload(struct kr_call *call);

#endif
