/* SPDX-License-Identifier: BSD-3-Clause */
/* scripts - those that have been compiled, by their text and by their digest.
 *
 *     by_digest   sha1 in hex, 40 bytes | pointer -+
 *                                                  +-> struct script
 *     by_text     the text              | pointer -+     a function in Lua's
 *                                                        registry, its flags
 * EVAL looks its text up by the server's own hash, which is an order faster
 * than SHA-1; the digest is made once, when the script is new. */
#ifndef SCRIPTING_SCRIPTS_H
#define SCRIPTING_SCRIPTS_H

#include "flags.h"

#include "../lua/engine.h"
#include "../lua/owner.h"
#include "../structure/htable.h"

#define SCRIPT_DIGEST 40 /* hexadecimal digits */

struct script {
    const struct item *text; /* its item in by_text */
    int function;            /* reference in Lua's registry, or LUA_NOREF */
    uint32_t flags;          /* SCRIPT_ */
    char digest[SCRIPT_DIGEST + 1];
};

struct scripts {
    struct engine *engine;
    struct htable by_digest;
    struct htable by_text;
    uint64_t bytes; /* of texts, digests and structs */
};

/* false: no memory. */
bool scripts_init(struct scripts *scripts, struct owner *owner);
void scripts_fini(struct scripts *scripts);

/* NULL: unknown.  The digest is in lower case. */
struct script *scripts_find_digest(const struct scripts *scripts,
                                   struct kr_str digest);
struct script *scripts_find_text(const struct scripts *scripts,
                                 struct kr_str text);
static inline uint64_t scripts_count(const struct scripts *scripts)
{
    return htable_count(&scripts->by_digest);
}

/* Compile a new one.  NULL, and a text of why not is on Lua's stack: without
 * its code. */
struct script *scripts_add(struct scripts *scripts, struct kr_str text);

/* Take all that `from` has, which is left empty.  Nothing of it is compiled for
 * this engine; scripts_ready() does so.  O(scripts). */
void scripts_adopt(struct scripts *scripts, struct scripts *from);
/* Compile a script that is not.  false: a text of why not is on Lua's stack. */
bool scripts_ready(struct scripts *scripts, struct script *script);

/* The flags in the first line, if it is a shebang, whose size is *skip then.
 * false: `error`, of `size` bytes, says what is wrong. */
bool scripts_read_shebang(struct kr_str text, uint32_t *flags, size_t *skip,
                          char *error, size_t size);

#endif
