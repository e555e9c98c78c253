/* SPDX-License-Identifier: BSD-3-Clause */
/* value - the size and the digest of a value of Lua, and whether it is plain.
 *
 * The digest does not depend on the order in which a table has its pairs: each
 * pair is a digest of its own, and those are added. */
#include "kind.h"

#include <kr/codec.h>

#include <stdio.h>

#define VALUE_DEPTH       32 /* tables within tables; what is deeper does not count */
#define VALUE_SLOTS       4
#define VALUE_PLAIN_DEPTH 15 /* which cmsgpack can pack */
#define SIZE_TABLE        40 /* bytes of LuaJIT's structs */
#define SIZE_PAIR         24
#define SIZE_STRING       25
#define SIZE_PAIRS        100000 /* looked at when all are wanted */

static size_t size_at(lua_State *L, int index, size_t samples, int depth)
{
    size_t size = SIZE_TABLE, some = 0, seen = 0, count = 0;

    if (lua_type(L, index) == LUA_TSTRING)
        return SIZE_STRING + lua_objlen(L, index);
    if (lua_type(L, index) != LUA_TTABLE || depth == VALUE_DEPTH ||
        !lua_checkstack(L, VALUE_SLOTS))
        return 0;
    lua_pushnil(L);
    while (lua_next(L, index)) {
        int top = lua_gettop(L);

        if (seen < samples) {
            some += size_at(L, top - 1, samples, depth + 1) +
                    size_at(L, top, samples, depth + 1);
            seen++;
        }
        count++;
        lua_pop(L, 1);
    }
    size += count * SIZE_PAIR;
    return seen > 0 ? size + some * count / seen : size;
}

size_t value_size(lua_State *L, int index, size_t samples)
{
    return size_at(L, index, samples ? samples : SIZE_PAIRS, 0);
}

/* --- Digest ------------------------------------------------------------------- */

static void digest_mix_kind(kr_digest *digest, char kind, struct kr_str bytes)
{
    kr_codec->digest_mix(digest, kr_str(&kind, 1));
    kr_codec->digest_mix(digest, bytes);
}

static void digest_at(lua_State *L, int index, kr_digest *digest, int depth)
{
    kr_digest *pairs, *pair;
    uint8_t bytes[KR_DIGEST_SIZE];
    char number[32];
    struct kr_str text;

    switch (lua_type(L, index)) {
    case LUA_TSTRING:
        text.data = lua_tolstring(L, index, &text.size);
        digest_mix_kind(digest, 's', text);
        return;
    case LUA_TNUMBER:
        /* -0 is packed as 0 */
        text.size = (size_t)snprintf(number, sizeof(number), "%.17g",
                                     lua_tonumber(L, index) + 0.0);
        text.data = number;
        digest_mix_kind(digest, 'n', text);
        return;
    case LUA_TBOOLEAN:
        digest_mix_kind(digest, 'b',
                        kr_cstr(lua_toboolean(L, index) ? "1" : "0"));
        return;
    case LUA_TTABLE:
        if (depth < VALUE_DEPTH && lua_checkstack(L, VALUE_SLOTS))
            break;
        /* fallthrough */
    default:
        digest_mix_kind(digest, '?', kr_cstr(""));
        return;
    }
    pairs = kr_codec->digest_new();
    pair = kr_codec->digest_new();
    lua_pushnil(L);
    while (lua_next(L, index)) {
        int top = lua_gettop(L);

        kr_codec->digest_reset(pair);
        digest_at(L, top - 1, pair, depth + 1);
        digest_at(L, top, pair, depth + 1);
        kr_codec->digest_read(pair, bytes);
        kr_codec->digest_add(pairs, kr_str((char *)bytes, sizeof(bytes)));
        lua_pop(L, 1);
    }
    kr_codec->digest_read(pairs, bytes);
    digest_mix_kind(digest, 't', kr_str((char *)bytes, sizeof(bytes)));
    kr_codec->digest_free(pair);
    kr_codec->digest_free(pairs);
}

void value_digest(lua_State *L, int index, kr_digest *digest)
{
    digest_at(L, index, digest, 0);
}

/* --- Plain -------------------------------------------------------------------- */

static const char *plain_at(lua_State *L, int index, int depth)
{
    const char *why = NULL;

    switch (lua_type(L, index)) {
    case LUA_TSTRING:
    case LUA_TNUMBER:
    case LUA_TBOOLEAN:
        return NULL;
    case LUA_TTABLE:
        break;
    default:
        return "there is something in it that is no data";
    }
    if (depth == VALUE_PLAIN_DEPTH || !lua_checkstack(L, VALUE_SLOTS))
        return "tables are nested too deeply in it";
    lua_pushnil(L);
    while (!why && lua_next(L, index)) {
        int top = lua_gettop(L);

        why = plain_at(L, top - 1, depth + 1);
        if (!why)
            why = plain_at(L, top, depth + 1);
        lua_pop(L, why ? 2 : 1);
    }
    return why;
}

const char *value_is_not_plain(lua_State *L, int index)
{
    return plain_at(L, index, 0);
}
