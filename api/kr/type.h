/* SPDX-License-Identifier: BSD-3-Clause */
/* type - a data type: what the host must know to keep its values.
 *
 * The host owns the key, its expiry, its age and its type slot.  A type owns
 * the payload, which has one of two shapes:
 *
 *   inline   the bytes stand in the key's own allocation.  No pointer, nothing
 *            to free; the host copies, moves and compares them as bytes.
 *            At most KR_INLINE_MAX bytes.
 *   boxed    one word, usually a pointer, that the type's functions understand.
 *
 * and 6 bits of `meta` that are the type's own (an encoding, say).  A value may
 * change its shape at any time through kr_keyspace.  No pointer into a module's
 * code or constants may stand in a payload: the module is replaced under it.
 *
 * `layout` numbers the payload's form in memory.  A new version of the module
 * that lists the old layout in `layouts` adopts values where they are; else
 * they pass through save() of the old and load() of the new version: each once
 * on trial, then for good when it is touched or by steps between commands.
 * link() and unlink() are not called for that, so what they keep is part of the
 * state that is handed over.
 *
 * When the module is unloaded its values are sealed by save(), without
 * unlink(); when it is loaded again they are opened by load() and link().
 *
 * save(), load() and free() need nothing but the value: they may run before
 * create() and after deactivate(). */
#ifndef KR_TYPE_H
#define KR_TYPE_H

#include <kr/base.h>
#include <kr/module.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KR_INLINE_MAX 2047u /* bytes of an inline payload */
#define KR_META_MAX   63u

/* A value outside the keyspace: being loaded, copied or handed over. */
struct kr_value {
    uint32_t size; /* of this struct */
    uint8_t meta;
    bool boxed;
    uint16_t reserved;
    union {
        void *box;           /* boxed: owned by who holds the struct */
        struct kr_str bytes; /* inline: at most KR_INLINE_MAX, borrowed */
    };
    /* For `bytes` of at most 16 to stand in: a number or two.  What may grow
     * asks for room (kr_codec->read_room()), as behind these is the host's. */
    unsigned char room[16];
};

/* A view of a value for the functions below; `data` as in struct kr_cell. */
struct kr_peek {
    void *data;      /* inline: its bytes; boxed: the word itself */
    uint32_t length; /* inline: bytes */
    uint8_t meta;
    bool boxed;
    uint16_t reserved;
};

struct kr_blob;
typedef struct kr_writer kr_writer; /* see codec.h: where save() writes */
typedef struct kr_reader kr_reader;
typedef struct kr_digest kr_digest;
typedef struct kr_mover kr_mover;

struct kr_type {
    uint32_t size;    /* sizeof(struct kr_type) where it was built */
    uint32_t layout;  /* of the payload in memory */
    const char *name; /* what TYPE answers: "string" */
    /* Nine characters of A-Z a-z 0-9 - _ for the file format's module types,
     * or NULL for a type with codes of its own in `codes`. */
    const char *file_name;
    uint32_t format;      /* version of the saved bytes, 0 to 1023 */
    uint32_t flags;       /* KR_TYPE_ */
    const uint8_t *codes; /* RDB value codes that load() understands */
    uint32_t code_count;
    uint32_t layout_count;
    const uint32_t *layouts; /* older layouts that are adopted in place */
    uint16_t *slot;          /* NULL, or where the host writes the slot */

    /* --- Functions; NULL where a line says so -------------------------------- */

    /* Free a boxed payload.  May run on another thread when effort() was
     * large: it touches nothing but the value.  [any] */
    void (*free)(void *box);
    /* How many allocations free() returns (or pages of one that is large).
     * Above 512 it is left to another thread, above 64 if the command asked
     * for that (UNLINK).  NULL: always 1.  O(1). */
    size_t (*effort)(const struct kr_peek *value);
    /* Bytes of a boxed payload, from about `samples` elements (0: all). */
    size_t (*memory)(const struct kr_peek *value, size_t samples);
    /* Elements, for INFO and MEMORY; NULL: 1.  O(1). */
    size_t (*count)(const struct kr_peek *value);
    /* A copy of a boxed payload; false without memory.  Inline ones are copied
     * by the host. */
    bool (*copy)(const struct kr_peek *value, struct kr_value *out);
    /* The word that OBJECT ENCODING answers. */
    const char *(*encoding)(const struct kr_peek *value);
    /* Feed the value to DEBUG DIGEST; see codec.h. */
    void (*digest)(const struct kr_peek *value, kr_digest *digest);
    /* Write the value, after saying its code by codec->code() if the type has
     * codes.  [child] */
    void (*save)(const struct kr_peek *value, kr_writer *out);
    /* Read what save() wrote, of this or an older `format`, or of RDB code
     * `code`.  These bytes are hostile.  false: refused, all freed, the reason
     * told to codec->refuse(). */
    bool (*load)(kr_reader *in, uint32_t code, uint32_t format,
                 struct kr_value *out);
    /* Emit commands that build the value; see codec.h.  NULL: RESTORE of the
     * saved bytes.  [child] */
    void (*rewrite)(const struct kr_peek *value, struct kr_str key,
                    kr_writer *out);
    /* Move allocations to better places, in steps: `cursor` is 0 at first, and
     * the answer is the next one, 0 at the end.  NULL: never moved. */
    uint64_t (*defrag)(struct kr_peek *value, kr_mover *mover, uint64_t cursor);
    /* The key `key` of database `db` is about to go (deleted, replaced,
     * evicted).  NULL: of no interest. */
    void (*unlink)(const struct kr_peek *value, int32_t db, struct kr_str key);
    /* A value that was made elsewhere (copied, loaded) or stood under another
     * key is now that of `key` of database `db`: for types that remember where
     * their values are.  With it unlink() is called for the old key, too, when
     * a key gets another name or database.  What the type's own commands put is
     * theirs to remember; a flush and a swap of databases are events.  NULL: of
     * no interest. */
    void (*link)(const struct kr_peek *value, int32_t db, struct kr_str key);
    /* The version of the file format that the values which are there need: a
     * snapshot says the highest.  NULL: 10, which Redis 7.0 reads.  O(1). */
    uint32_t (*file_version)(void);
    /* As load(), which is NULL then, for who registers types at run time and
     * has to know which of them it is: `ctx` says that. */
    bool (*load_as)(void *ctx, kr_reader *in, uint32_t code, uint32_t format,
                    struct kr_value *out);
    void *ctx;
};

#define KR_TYPE_ALIGNED                                                        \
    (1u << 0) /* inline payloads start at 8-byte addresses */
#define KR_TYPE_VOLATILE (1u << 1) /* values are never saved */

/* Whose value a function of a type is called for. */
struct kr_subject {
    uint32_t size;
    int32_t db; /* -1: not known */
    struct kr_str key;
    struct kr_str to_key; /* of copy(): the key that it is for, else empty */
    int32_t to_db;        /* -1: it is no copy */
    uint32_t reserved;
};

struct kr_types {
    uint32_t size;
    uint32_t reserved;
    /* Register a type from create() on.  `type` must outlive the module. */
    kr_status (*add)(kr_module *self, const struct kr_type *type,
                     uint16_t *slot);
    /* The type behind a slot: its name, and its functions as they are at this
     * moment, NULL if its module is away.  O(1). */
    const char *(*name)(uint16_t slot);
    const struct kr_type *(*get)(uint16_t slot);
    /* The slot of the type called `name`, 0 if there is none.  O(types). */
    uint16_t (*find)(struct kr_str name);
    /* The slot of the type that loads RDB code `code`, 0 if none.  O(1). */
    uint16_t (*by_code)(uint8_t code);
    /* Values of that type in the keyspace. */
    uint64_t (*values)(uint16_t slot);
    /* Who makes the host or a type save, load, copy, measure or digest a value
     * says at which key it is, and NULL when that is done; borrowed so long.
     * About 1 ns.  [main], [child] */
    void (*about)(const struct kr_subject *subject);
    /* For those functions of a type, and effort(): the key, or NULL where nobody
     * has said it.  [main], [child] */
    const struct kr_subject *(*subject)(void);
    /* Is that the slot of values that are sealed, their module being away?
     * name() has then the name that they had with it.  O(1). */
    bool (*is_sealed)(uint16_t slot);
};

#define KR_SUBJECT(key_, db_)                                                  \
    ((struct kr_subject){                                                      \
        .size = sizeof(struct kr_subject),                                     \
        .db = (db_),                                                           \
        .key = (key_),                                                         \
        .to_db = -1,                                                           \
    })
KR_INTERFACE(kr_types, "kr.types/1");

#ifdef __cplusplus
}
#endif
#endif
