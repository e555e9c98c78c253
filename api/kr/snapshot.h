/* SPDX-License-Identifier: BSD-3-Clause */
/* snapshot - all databases as the bytes of an RDB file.
 *
 *   +-----------+--------+---------------+------------------+-----+-----+
 *   | REDIS0010 | fields | parts, before | db 0 | db 3 | ...| 255 | sum |
 *   +-----------+--------+---------------+------------------+-----+-----+
 *                                          keys, then the parts behind them
 *
 * Offered by the module `rdb`, which keeps the file, the save points and the
 * commands.  A log of commands begins with one; a replica receives one; what is
 * no key (functions, users) is a *part* of one. */
#ifndef KR_SNAPSHOT_H
#define KR_SNAPSHOT_H

#include <kr/base.h>
#include <kr/module.h>
#include <kr/type.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KR_SNAPSHOT_AOF_BASE (1u << 0) /* write: the beginning of a log */
/* load(): a key that is there already is replaced; else it is an error. */
#define KR_SNAPSHOT_MERGE (1u << 1)
/* load(): also what has expired, in a log whose commands decide about it. */
#define KR_SNAPSHOT_EXPIRED (1u << 2)

/* How it went. */
struct kr_snapshot_end {
    uint32_t size;
    int32_t error_code; /* errno of a failed system call, or 0 */
    uint64_t bytes;     /* written or read, checksum included; on refusal the
                          * offset at which reading stopped */
    uint64_t keys;      /* written or loaded */
    uint64_t expired;   /* left out because their time had come */
    char error[256];    /* why it failed, "" if it did not */
};

/* --- Parts --------------------------------------------------------------- */

#define KR_SNAPSHOT_FUNCTION                                                   \
    245u                     /* opcode FUNCTION2: the source of a library */
#define KR_SNAPSHOT_AUX 247u /* opcode MODULE_AUX: anything of a module's */

#define KR_SNAPSHOT_BEFORE 1u /* the keys */
#define KR_SNAPSHOT_AFTER  2u

/* Records that are no keys.  A part with the opcode AUX has a file name and a
 * format, as types have, and its items are tagged and framed for it; one that
 * has written nothing leaves no record.  A part with an opcode of its own
 * writes whole records, each beginning by kr_codec->code(out, opcode). */
struct kr_snapshot_part {
    uint32_t size; /* sizeof(struct kr_snapshot_part) */
    uint32_t opcode;
    const char *file_name; /* of AUX: nine letters */
    uint32_t format;       /* of AUX: 0 to 1023 */
    uint32_t when;         /* KR_SNAPSHOT_BEFORE, AFTER, or both */
    void (*save)(void *ctx, kr_writer *out, uint32_t when); /* [child] */
    /* Read one record, behind its opcode (or frame).  false: refused, the
     * reason told by kr_codec->refuse(). */
    bool (*load)(void *ctx, kr_reader *in, uint32_t format, uint32_t when);
    /* Drop all that is there: something else will be loaded, or a load has
     * failed.  NULL: nothing to drop. */
    void (*clear)(void *ctx);
    void *ctx;
    /* Write what save() would as commands that make it again
     * (kr_codec->emit()), for a log that begins with commands.  NULL: the part
     * is not in such a log.  [child] */
    void (*rewrite)(void *ctx, kr_writer *out, uint32_t when);
    /* As load(), where what the record names may be there already, and is
     * replaced: a load with KR_SNAPSHOT_MERGE.  NULL: load() is asked, always. */
    bool (*replace)(void *ctx, kr_reader *in, uint32_t format, uint32_t when);
};

/* Who offers kr_snapshot is there, at first or again, and knows of no parts but
 * those that were registered since: register yours.  Await it in activate()
 * (kr_events->await()): the module that keeps the parts may come later, and go
 * and come again, and a file without a part is a file that has lost it.  It has
 * no payload. */
#define KR_EVENT_SNAPSHOT_PARTS "snapshot.parts"

struct kr_snapshot {
    uint32_t size;
    uint32_t reserved;
    /* Write everything to `fd`, from where it stands.  `flags`: AOF_BASE.  Not
     * KR_OK (KR_EIO): end->error says why.  Nothing is synced.  [main], [child] */
    kr_status (*write)(int fd, uint32_t flags, struct kr_snapshot_end *end);
    /* Read a snapshot that begins where `fd` stands, and leave `fd` behind its
     * end, where a log may go on.  `name` is the file's, for messages; flags:
     * MERGE, EXPIRED.  The caller has begun loading (kr_loading) and emptied
     * what is to be replaced.  KR_EFORMAT or KR_EIO: refused, end->error has
     * the reason and end->bytes the offset; keys read so far are there, and
     * the caller removes them or ends the server.  KR_EFAIL: the server is
     * about to end. */
    kr_status (*load)(int fd, const char *name, uint32_t flags,
                      struct kr_snapshot_end *end);
    /* Register a part, in activate() and with each KR_EVENT_SNAPSHOT_PARTS;
     * `part` must outlive the module.  Once more is no error, and the part of
     * the version before an upgrade gives way to this one.  Records that were
     * read while the module was away are read by the part now.  KR_EEXIST:
     * another module has such a part. */
    kr_status (*part)(kr_module *self, const struct kr_snapshot_part *part);
    /* All parts that are to be there BEFORE or AFTER the keys (`when`), as
     * commands.  O(their bytes).  [main], [child] */
    void (*rewrite_parts)(kr_writer *out, uint32_t when);
    /* Read one as load() does, from where `fd` stands, and keep nothing of it.
     * What it holds, and what is wrong with it, is told on standard output, in
     * the lines of redis-check-rdb; `name` stands in the first.  For programs
     * (program.h). */
    kr_status (*check)(int fd, const char *name, struct kr_snapshot_end *end);
    /* The module goes, in deactivate(): its parts are asked to save() once more,
     * and the records are carried from file to file until a part takes them (see
     * part()).  Without this call the parts are only forgotten when the module
     * has gone.  O(bytes).  [main] */
    void (*leave)(kr_module *self);
};
KR_INTERFACE(kr_snapshot, "kr.snapshot/1");

#ifdef __cplusplus
}
#endif
#endif
