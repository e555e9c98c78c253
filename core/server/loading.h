/* SPDX-License-Identifier: BSD-3-Clause */
/* loading - kr.loading/1: the data set is being read from somewhere.
 *
 *   begin() ... progress() progress() ... end()
 *                  `-- each few ms the loop runs: clients are answered -LOADING
 *
 * What a client may do meanwhile is decided where calls are admitted. */
#ifndef CORE_SERVER_LOADING_H
#define CORE_SERVER_LOADING_H

#include <kr/loading.h>

struct loading_figures {
    bool active, async;
    int64_t start_ms;
    uint64_t total, loaded; /* bytes */
    uint64_t memory_at_start;
    int64_t eta_sec;
};

void loading_figures(struct loading_figures *figures);
/* A module has gone, perhaps the one that was loading. */
void loading_forget(kr_module *module);
/* Ask the modules for the data set.  false: there is one, and it cannot be
 * loaded; the log says why. */
bool loading_data_set(void);

extern const struct kr_loading loading_interface;

#endif
