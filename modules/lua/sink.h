/* SPDX-License-Identifier: BSD-3-Clause */
/* sink - where the reply of a redis.call() goes: a value on Lua's stack.
 *
 *     reply               RESP2                RESP3 (redis.setresp(3))
 *     integer             number               number
 *     bulk, verbatim      string               string, {verbatim_string = ...}
 *     status              {ok = text}          {ok = text}
 *     error               {err = text}         {err = text}
 *     null                false                nil
 *     double              string               {double = number}
 *     boolean             1 or 0               true or false
 *     big number          string               {big_number = digits}
 *     array               table                table
 *     map, set            table, flat          {map = {k = v}}, {set = {m = true}}
 *
 * No bytes of the protocol are made, and none are read.  Containers are built
 * in place: each open one is a table on the stack. */
#ifndef LUA_SINK_H
#define LUA_SINK_H

#include <kr/reply.h>

#include <lua.h>

#define SINK_DEPTH 64 /* containers within containers */

struct sink_frame {
    uint32_t kind; /* KR_ARRAY ... */
    bool wrapped;  /* RESP3: inside {map = } or {set = } */
    bool deferred; /* closed by close() */
    bool key;      /* a map's key is on the stack */
    int index;     /* elements so far */
    uint64_t left; /* elements to come, if not deferred */
};

struct sink {
    struct kr_reply reply; /* first: a sink is one */
    lua_State *L;
    uint32_t muted; /* depth of attributes, which scripts do not see */
    uint32_t depth;
    bool failed; /* it was an error */
    struct sink_frame frames[SINK_DEPTH];
};

/* Replies become values of `L`; the last one is on top of its stack when the
 * command has run. */
void sink_begin(struct sink *sink, lua_State *L, uint32_t protocol);

/* Push the text with a space for each CR and LF, as a line of the protocol has
 * it. */
void sink_push_line(lua_State *L, struct kr_str text);

/* Reply with the error `text` of the table at `index`: one that came from a
 * command has been counted there. */
void sink_answer_error(lua_State *L, int index, struct kr_reply *reply,
                       struct kr_str text);

#endif
