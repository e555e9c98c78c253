/* SPDX-License-Identifier: BSD-3-Clause */
/* loading - the data set is being read, and the server answers meanwhile; or it
 * is being written, which is told to who wants to know.
 *
 * Between begin() and end() nothing expires, is evicted or announced; commands
 * that are not flagged KR_CMD_LOADING are refused by -LOADING, but for calls
 * that carry KR_CALL_REPLICA: those of the one who loads.
 *
 * At the start, when all modules are active and before clients are let in, the
 * host publishes "host.load", first with rank 0, then with rank 1.  A log of
 * all writes, if it is kept, loads at rank 0; a snapshot loads at rank 1 unless
 * a log has been `taken`.  Who has loaded, or found that there is nothing to
 * load, sets it. */
#ifndef KR_LOADING_H
#define KR_LOADING_H

#include <kr/base.h>
#include <kr/module.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KR_EVENT_LOAD "host.load"

#define KR_LOAD_RANK_LOG      0u
#define KR_LOAD_RANK_SNAPSHOT 1u

struct kr_load_event {
    uint32_t size;
    uint32_t rank; /* KR_LOAD_RANK_ */
    /* Set by handlers: it is loaded; and: what there is cannot be loaded, the
     * log says why, and the server ends with exit code 1. */
    bool *taken;
    bool *failed;
};

#define KR_LOADING_ASYNC (1u << 0) /* beside the data set that is served */
#define KR_LOADING_LOG   (1u << 1) /* a log of writes, not a snapshot */

#define KR_SAVE_LOG   (1u << 0) /* the beginning of a log, not a snapshot */
#define KR_SAVE_CHILD (1u << 1) /* by a child: the host sets it */
#define KR_SAVE_BESIDE                                                         \
    (1u << 2) /* on the main thread, while commands run between begin and end */

struct kr_loading {
    uint32_t size;
    uint32_t reserved;
    /* Begin: `total_bytes` will be read (0: unknown).  KR_EBUSY: somebody else
     * is loading. */
    kr_status (*begin)(kr_module *self, uint64_t total_bytes, uint32_t flags);
    /* `loaded_bytes` have been read so far; serve others, if it is time.  Call
     * it between two keys, each few hundred of them.  false: the server is to
     * end, stop loading.  About 30 ns most times. */
    bool (*progress)(uint64_t loaded_bytes);
    /* It is over, well or not. */
    void (*end)(bool ok);
    /* Is somebody loading?  O(1). */
    bool (*active)(void);
    /* The data set is about to be written to a file, `flags`: KR_SAVE_LOG,
     * KR_SAVE_BESIDE; and it has been, well or not.  They raise the events "save.begin" and
     * "save.end".  [main], [child] */
    void (*save_begin)(uint32_t flags);
    void (*save_end)(uint32_t flags, bool ok);
};
KR_INTERFACE(kr_loading, "kr.loading/1");

#ifdef __cplusplus
}
#endif
#endif
