/* SPDX-License-Identifier: BSD-3-Clause */
/* lib_bytes - bytes that grow while a library function writes them.
 *
 *     bytes --> first[1024]                 while they fit
 *     bytes --> userdata at `slot`          then; twice as large each time
 *
 * The userdata is Lua's: its memory is accounted as the script's, an error
 * that jumps over the writer frees nothing and loses nothing, and where there
 * is no memory Lua raises its error.  Appending is amortised O(size). */
#ifndef LUA_LIB_BYTES_H
#define LUA_LIB_BYTES_H

#include <lua.h>
#include <stddef.h>
#include <string.h>

struct lib_bytes {
    lua_State *L;
    char *data;
    size_t size;
    size_t capacity;
    int slot; /* of Lua's stack: nil, or the userdata that holds `data` */
    char first[1024];
};

/* Take a slot on top of the stack.  It must stay where it is until the bytes
 * are pushed as a string, which leaves it in its place. */
void lib_bytes_begin(struct lib_bytes *bytes, lua_State *L);
void lib_bytes_grow(struct lib_bytes *bytes, size_t more);
void lib_bytes_push(struct lib_bytes *bytes);

/* Room for `more` bytes behind those that are there. */
static inline char *lib_bytes_room(struct lib_bytes *bytes, size_t more)
{
    if (bytes->capacity - bytes->size < more)
        lib_bytes_grow(bytes, more);
    return bytes->data + bytes->size;
}

static inline void lib_bytes_add(struct lib_bytes *bytes, const void *data,
                                 size_t size)
{
    memcpy(lib_bytes_room(bytes, size), data, size);
    bytes->size += size;
}

static inline void lib_bytes_add_byte(struct lib_bytes *bytes, char byte)
{
    *lib_bytes_room(bytes, 1) = byte;
    bytes->size++;
}

#endif
