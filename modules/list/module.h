/* SPDX-License-Identifier: BSD-3-Clause */
/* module - the module's own handle, to which its memory is accounted. */
#ifndef LIST_MODULE_H
#define LIST_MODULE_H

#include <kr/call.h>
#include <kr/module.h>

extern kr_module *list_self;

/* Called later for work under way: the descriptor names them, so that the
 * module's next version can go on with it. */
bool wait_wake_front(struct kr_call *call, uint32_t why, struct kr_str key,
                     void *ctx);
bool wait_wake_back(struct kr_call *call, uint32_t why, struct kr_str key,
                    void *ctx);
bool wait_wake_many(struct kr_call *call, uint32_t why, struct kr_str key,
                    void *ctx);
bool move_wake(struct kr_call *call, uint32_t why, struct kr_str key,
               void *ctx);
void value_free_cut(void *cut);
void value_cut_done(void *ctx);

#endif
