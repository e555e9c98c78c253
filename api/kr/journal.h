/* SPDX-License-Identifier: BSD-3-Clause */
/* journal - the ordered stream of effects of writes.
 *
 * A command that has changed something is journalled as it was typed, unless
 * its handler says otherwise: SPOP says SREM, EXPIRE says PEXPIREAT.  Removals
 * by expiry and eviction are journalled by the host.  Effects of one call are
 * delivered together when it ends, framed as one transaction if there are
 * several.  Without readers the functions return at once. */
#ifndef KR_JOURNAL_H
#define KR_JOURNAL_H

#include <kr/base.h>
#include <kr/call.h>
#include <kr/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One effect.  argv is borrowed until the reader returns. */
struct kr_effect {
    uint32_t size;
    int32_t db;
    uint32_t argc;
    uint32_t index;   /* of this effect within its unit */
    uint32_t count;   /* effects in the unit; more than 1: a transaction */
    uint32_t targets; /* KR_JOURNAL_ */
    const struct kr_str *argv;
    const kr_cmd *command; /* may be NULL */
    kr_client *client;     /* whose doing, or NULL */
};

#define KR_JOURNAL_LOG      (1u << 0) /* for the append-only file */
#define KR_JOURNAL_REPLICAS (1u << 1)
#define KR_JOURNAL_ALL      (KR_JOURNAL_LOG | KR_JOURNAL_REPLICAS)

typedef void (*kr_journal_fn)(void *ctx, const struct kr_effect *effect);
typedef struct kr_journal_reader kr_journal_reader;

struct kr_journal {
    uint32_t size;
    uint32_t reserved;
    /* Is anybody reading?  O(1): ask before work that only the journal needs. */
    bool (*armed)(void);
    /* Emit these words in place of the command as typed; the first call
     * replaces it, further ones add.  The words are copied. */
    void (*instead)(struct kr_call *call, uint32_t argc,
                    const struct kr_str *argv);
    /* Emit these words after the command's own effect. */
    void (*also)(struct kr_call *call, kr_db *db, uint32_t argc,
                 const struct kr_str *argv);
    /* This call has no effect worth keeping for `targets`. */
    void (*suppress)(struct kr_call *call, uint32_t targets);
    /* Journal the command as typed even if nothing changed. */
    void (*force)(struct kr_call *call, uint32_t targets);
    /* Read all effects from now on. */
    kr_journal_reader *(*attach)(kr_module *self, uint32_t targets,
                                 kr_journal_fn fn, void *ctx);
    void (*detach)(kr_journal_reader *reader);
    /* Group all effects until end() into one unit (a transaction's).  Nests. */
    void (*begin)(void);
    void (*end)(void);
    /* An effect that no command had in mind: part of a value has expired.  It
     * stands before that of the call being executed, or alone.  The words are
     * copied. */
    void (*effect)(kr_db *db, uint32_t argc, const struct kr_str *argv);
};
KR_INTERFACE(kr_journal, "kr.journal/1");

#ifdef __cplusplus
}
#endif
#endif
