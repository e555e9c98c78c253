/* SPDX-License-Identifier: BSD-3-Clause */
#include "scripts.h"

#include "scripting.h"

#include "../lua/weave.h"

#include <kr/memory.h>
#include <kr/text.h>

#include <lauxlib.h>
#include <stdio.h>

/* --- The shebang --------------------------------------------------------- */

/* The next piece of *rest, up to the separator. */
static struct kr_str shebang_piece(struct kr_str *rest, char separator)
{
    struct kr_str piece = *rest;

    for (size_t i = 0; i < rest->size; i++) {
        if (rest->data[i] != separator)
            continue;
        piece.size = i;
        rest->data += i + 1;
        rest->size -= i + 1;
        return piece;
    }
    rest->size = 0;
    return piece;
}

static bool shebang_flags(struct kr_str list, uint32_t *flags, char *error,
                          size_t size)
{
    bool more = list.size > 0;

    while (more) {
        size_t before = list.size;
        struct kr_str name = shebang_piece(&list, ',');
        uint32_t flag = script_flag(name, false);

        more = name.size < before;
        if (flag == 0) {
            snprintf(error, size, "Unexpected flag in script shebang: %.*s",
                     (int)name.size, name.data);
            return false;
        }
        *flags |= flag;
    }
    return true;
}

static bool shebang_options(struct kr_str line, uint32_t *flags, char *error,
                            size_t size)
{
    while (line.size > 0) {
        struct kr_str option = shebang_piece(&line, ' ');

        if (option.size == 0)
            continue;
        if (option.size < 6 || memcmp(option.data, "flags=", 6) != 0) {
            snprintf(error, size, "Unknown lua shebang option: %.*s",
                     (int)option.size, option.data);
            return false;
        }
        if (!shebang_flags(kr_str(option.data + 6, option.size - 6), flags,
                           error, size))
            return false;
    }
    return true;
}

bool scripts_read_shebang(struct kr_str text, uint32_t *flags, size_t *skip,
                          char *error, size_t size)
{
    const char *end;
    struct kr_str line, engine;

    *skip = 0;
    *flags = SCRIPT_PLAIN;
    if (text.size < 2 || memcmp(text.data, "#!", 2) != 0)
        return true;
    end = memchr(text.data, '\n', text.size);
    if (!end) {
        snprintf(error, size, "Invalid script shebang");
        return false;
    }
    *skip = (size_t)(end - text.data); /* the line end stays: lines count */
    *flags = 0;
    line = kr_str(text.data, *skip);
    engine = shebang_piece(&line, ' ');
    if (!kr_str_equal(engine, KR_STR("#!lua"))) {
        snprintf(error, size, "Unexpected engine in script shebang: %.*s",
                 (int)engine.size, engine.data);
        return false;
    }
    return shebang_options(line, flags, error, size);
}

/* --- The tables ---------------------------------------------------------- */

static struct script *script_of(const struct item *item)
{
    struct script *script;

    memcpy(&script, item_tail(item), sizeof(script));
    return script;
}

static struct script *scripts_look(const struct htable *table,
                                   struct kr_str key)
{
    const struct item *item = htable_find(table, key, kr_text->hash(key), NULL);

    return item ? script_of(item) : NULL;
}

struct script *scripts_find_digest(const struct scripts *scripts,
                                   struct kr_str digest)
{
    return scripts_look(&scripts->by_digest, digest);
}

struct script *scripts_find_text(const struct scripts *scripts,
                                 struct kr_str text)
{
    return scripts_look(&scripts->by_text, text);
}

static const struct item *
scripts_insert(struct htable *table, struct kr_str key, struct script *script)
{
    struct item *item = item_new(&scripting_host, key, sizeof(script));

    memcpy(item_tail(item), &script, sizeof(script));
    htable_insert(table, &scripting_host, kr_text->hash(key), item);
    return item;
}

/* Its function is on Lua's stack, or a text of why there is none. */
static bool scripts_compile(lua_State *L, struct kr_str text, size_t skip)
{
    if (engine_compile(L, kr_str(text.data + skip, text.size - skip),
                       "@user_script", WEAVE_CALLS | WEAVE_WORDS))
        return true;
    lua_pushfstring(L, "Error compiling script (new function): %s",
                    lua_tostring(L, -1));
    return false;
}

bool scripts_ready(struct scripts *scripts, struct script *script)
{
    lua_State *L = scripts->engine->L;
    struct kr_str text = item_key(script->text);
    char error[256];
    uint32_t flags;
    size_t skip;

    if (!scripts_read_shebang(text, &flags, &skip, error, sizeof(error))) {
        lua_pushstring(L, error);
        return false;
    }
    if (!scripts_compile(L, text, skip))
        return false;
    script->function = luaL_ref(L, LUA_REGISTRYINDEX);
    return true;
}

struct script *scripts_add(struct scripts *scripts, struct kr_str text)
{
    lua_State *L = scripts->engine->L;
    struct script *script;
    char error[256];
    uint32_t flags;
    size_t skip;

    if (!scripts_read_shebang(text, &flags, &skip, error, sizeof(error))) {
        lua_pushstring(L, error);
        return NULL;
    }
    if (!scripts_compile(L, text, skip))
        return NULL;
    script = kr_memory->calloc(scripting_self, 1, sizeof(*script));
    script->flags = flags;
    script->function = luaL_ref(L, LUA_REGISTRYINDEX);
    kr_text->sha1_hex(text, script->digest);
    (void)scripts_insert(&scripts->by_digest,
                         kr_str(script->digest, SCRIPT_DIGEST), script);
    script->text = scripts_insert(&scripts->by_text, text, script);
    scripts->bytes += sizeof(*script) + SCRIPT_DIGEST + text.size;
    return script;
}

bool scripts_init(struct scripts *scripts, struct owner *owner)
{
    memset(scripts, 0, sizeof(*scripts));
    scripts->engine = engine_new(scripting_self, owner);
    return scripts->engine != NULL;
}

static bool scripts_forget_code(struct item *item, void *unused)
{
    (void)unused;
    script_of(item)->function = LUA_NOREF;
    return true;
}

void scripts_adopt(struct scripts *scripts, struct scripts *from)
{
    scripts->by_digest = from->by_digest;
    scripts->by_text = from->by_text;
    scripts->bytes = from->bytes;
    from->by_digest = (struct htable){0};
    from->by_text = (struct htable){0};
    from->bytes = 0;
    (void)htable_each(&scripts->by_digest, &scripting_host, scripts_forget_code,
                      NULL);
}

static bool scripts_release_item(struct item *item, void *unused)
{
    (void)unused;
    structure_free(&scripting_host, item);
    return true;
}

static bool scripts_release(struct item *item, void *unused)
{
    kr_memory->free(scripting_self, script_of(item));
    return scripts_release_item(item, unused);
}

void scripts_fini(struct scripts *scripts)
{
    htable_clear_step(&scripts->by_digest, &scripting_host, SIZE_MAX,
                      scripts_release, NULL);
    htable_clear_step(&scripts->by_text, &scripting_host, SIZE_MAX,
                      scripts_release_item, NULL);
    if (scripts->engine)
        engine_free(scripts->engine);
    scripts->engine = NULL;
}
