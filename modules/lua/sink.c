/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink.h"

#include <kr/call.h>
#include <kr/memory.h>
#include <kr/text.h>

#include <math.h>

/* A field of errors that commands replied; scripts see it in Redis, too. */
#define SINK_COUNTED "ignore_error_stats_update"

#define SINK_SLOTS   6    /* of Lua's stack, for one value and its containers */
#define SINK_RESERVE 4096 /* elements of an announced table made at once */

static struct sink *sink_of(struct kr_reply *reply)
{
    return (struct sink *)(void *)reply;
}

/* --- Values find their place --------------------------------------------- */

static void sink_close_top(struct sink *sink);

/* The value on top belongs into the innermost container, if there is one. */
static void sink_place(struct sink *sink)
{
    lua_State *L = sink->L;
    struct sink_frame *frame;

    if (sink->depth == 0)
        return;
    frame = &sink->frames[sink->depth - 1];
    switch (frame->wrapped ? frame->kind : KR_ARRAY) {
    case KR_MAP:
        if (!frame->key) {
            frame->key = true;
            break;
        }
        frame->key = false;
        if (lua_isnil(L, -2))
            lua_pop(L, 2); /* no table has such a key */
        else
            lua_rawset(L, -3);
        break;
    case KR_SET:
        lua_pushboolean(L, 1);
        if (lua_isnil(L, -2))
            lua_pop(L, 2);
        else
            lua_rawset(L, -3);
        break;
    default:
        lua_rawseti(L, -2, ++frame->index);
        break;
    }
    if (!frame->deferred && --frame->left == 0)
        sink_close_top(sink);
}

/* The innermost container is whole: it is a value itself. */
static void sink_close_top(struct sink *sink)
{
    const struct sink_frame *frame = &sink->frames[--sink->depth];

    if (frame->wrapped) {
        lua_createtable(sink->L, 0, 1);
        lua_insert(sink->L, -2);
        lua_setfield(sink->L, -2, frame->kind == KR_MAP ? "map" : "set");
    }
    sink_place(sink);
}

/* Is there a value to be made?  Not within an attribute. */
static bool sink_wants(struct sink *sink)
{
    struct sink_frame *frame;

    if (!sink->muted)
        return true;
    /* Count it away, and the attribute with its last one. */
    frame = &sink->frames[sink->depth - 1];
    while (!frame->deferred && --frame->left == 0) {
        sink->depth--;
        sink->muted--;
        if (!sink->muted)
            break;
        frame = &sink->frames[sink->depth - 1];
    }
    return false;
}

/* --- Values -------------------------------------------------------------- */

static void sink_string(struct sink *sink, struct kr_str bytes)
{
    if (!sink_wants(sink))
        return;
    lua_pushlstring(sink->L, bytes.data, bytes.size);
    sink_place(sink);
}

/* {name = text}. */
static void sink_named(struct sink *sink, const char *name, struct kr_str text)
{
    if (!sink_wants(sink))
        return;
    lua_createtable(sink->L, 0, 1);
    lua_pushlstring(sink->L, text.data, text.size);
    lua_setfield(sink->L, -2, name);
    sink_place(sink);
}

static void sink_null(struct kr_reply *reply)
{
    struct sink *sink = sink_of(reply);

    if (!sink_wants(sink))
        return;
    if (reply->protocol == 2)
        lua_pushboolean(sink->L, 0);
    else
        lua_pushnil(sink->L);
    sink_place(sink);
}

static void sink_int64(struct kr_reply *reply, int64_t value)
{
    struct sink *sink = sink_of(reply);

    if (!sink_wants(sink))
        return;
    lua_pushnumber(sink->L, (lua_Number)value);
    sink_place(sink);
}

static void sink_status(struct kr_reply *reply, struct kr_str text)
{
    sink_named(sink_of(reply), "ok", text);
}

static bool sink_is_line_end(char c)
{
    return c == '\r' || c == '\n';
}

void sink_push_line(lua_State *L, struct kr_str text)
{
    char *line;

    if (!memchr(text.data, '\r', text.size) &&
        !memchr(text.data, '\n', text.size)) {
        lua_pushlstring(L, text.data, text.size);
        return;
    }
    line = lua_newuserdata(L, text.size);
    for (size_t i = 0; i < text.size; i++)
        line[i] = sink_is_line_end(text.data[i]) ? ' ' : text.data[i];
    lua_pushlstring(L, line, text.size);
    lua_remove(L, -2);
}

/* As its line would be if bytes of the protocol lay in between. */
static void sink_error(struct kr_reply *reply, struct kr_str text)
{
    struct sink *sink = sink_of(reply);

    while (text.size > 0 && sink_is_line_end(text.data[text.size - 1]))
        text.size--;
    while (text.size > 0 && sink_is_line_end(text.data[0]))
        text = kr_str(text.data + 1, text.size - 1);

    reply->errors++;
    kr_calls->count_error(text);
    sink->failed |= sink->depth == 0;
    if (!sink_wants(sink))
        return;
    lua_createtable(sink->L, 0, 4); /* a source and a line may come */
    sink_push_line(sink->L, text);
    lua_setfield(sink->L, -2, "err");
    lua_pushboolean(sink->L, 1);
    lua_setfield(sink->L, -2, SINK_COUNTED);
    sink_place(sink);
}

static void sink_bulk(struct kr_reply *reply, struct kr_str bytes)
{
    sink_string(sink_of(reply), bytes);
}

static void sink_blob(struct kr_reply *reply, struct kr_blob *blob, size_t from,
                      size_t size)
{
    sink_string(sink_of(reply), kr_str(blob->data + from, size));
}

static void sink_bulk_int64(struct kr_reply *reply, int64_t value)
{
    char text[KR_INT64_TEXT];

    sink_string(sink_of(reply), kr_str(text, kr_text->from_int64(value, text)));
}

static void sink_number(struct kr_reply *reply, double value)
{
    struct sink *sink = sink_of(reply);
    char text[KR_DOUBLE_TEXT];

    if (reply->protocol == 2) {
        sink_string(sink, kr_str(text, kr_text->from_double(value, text)));
        return;
    }
    if (!sink_wants(sink))
        return;
    lua_createtable(sink->L, 0, 1);
    lua_pushnumber(sink->L, value);
    lua_setfield(sink->L, -2, "double");
    sink_place(sink);
}

/* A double is one, however many of its digits are shown. */
static void sink_decimal(struct kr_reply *reply, struct kr_str digits)
{
    double value;

    if (reply->protocol == 2)
        sink_string(sink_of(reply), digits);
    else
        sink_number(reply, kr_text->to_double(digits, &value) ? value : NAN);
}

static void sink_boolean(struct kr_reply *reply, bool value)
{
    struct sink *sink = sink_of(reply);

    if (!sink_wants(sink))
        return;
    if (reply->protocol == 2)
        lua_pushinteger(sink->L, value);
    else
        lua_pushboolean(sink->L, value);
    sink_place(sink);
}

static void sink_big_number(struct kr_reply *reply, struct kr_str digits)
{
    if (reply->protocol == 2)
        sink_string(sink_of(reply), digits);
    else
        sink_named(sink_of(reply), "big_number", digits);
}

static void sink_verbatim(struct kr_reply *reply, const char *format,
                          struct kr_str text)
{
    struct sink *sink = sink_of(reply);

    if (reply->protocol == 2) {
        sink_string(sink, text);
        return;
    }
    if (!sink_wants(sink))
        return;
    lua_createtable(sink->L, 0, 1);
    lua_createtable(sink->L, 0, 2);
    lua_pushlstring(sink->L, text.data, text.size);
    lua_setfield(sink->L, -2, "string");
    lua_pushlstring(sink->L, format, 3);
    lua_setfield(sink->L, -2, "format");
    lua_setfield(sink->L, -2, "verbatim_string");
    sink_place(sink);
}

/* --- Containers ---------------------------------------------------------- */

static bool sink_is_pairs(uint32_t kind)
{
    return kind == KR_MAP || kind == KR_ATTRIBUTE;
}

static struct sink_frame *sink_push_frame(struct sink *sink, uint32_t kind)
{
    struct sink_frame *frame = &sink->frames[sink->depth++];

    *frame = (struct sink_frame){.kind = kind};
    frame->wrapped = sink->reply.protocol != 2 && !sink->muted &&
                     (kind == KR_MAP || kind == KR_SET);
    if (kind == KR_ATTRIBUTE || sink->muted)
        sink->muted++;
    return frame;
}

static void sink_open(struct kr_reply *reply, uint32_t kind, uint64_t count)
{
    struct sink *sink = sink_of(reply);
    struct sink_frame *frame;
    int room = (int)(count < SINK_RESERVE ? count : SINK_RESERVE);

    if (kind == KR_ATTRIBUTE && count == 0)
        return;
    if (sink->muted && count == 0) {
        (void)sink_wants(sink);
        return;
    }
    if (sink->depth == SINK_DEPTH || !lua_checkstack(sink->L, SINK_SLOTS)) {
        /* No command's reply is as deep as that. */
        sink_error(reply, KR_STR("ERR the reply is nested too deeply"));
        return;
    }
    frame = sink_push_frame(sink, kind);
    frame->left = count * (sink_is_pairs(kind) ? 2 : 1);
    if (sink->muted)
        return;
    if (frame->wrapped)
        lua_createtable(sink->L, 0, room);
    else
        lua_createtable(sink->L, room * (sink_is_pairs(kind) ? 2 : 1), 0);
    if (count == 0)
        sink_close_top(sink);
}

static uint64_t sink_defer(struct kr_reply *reply)
{
    struct sink *sink = sink_of(reply);

    if (sink->depth == SINK_DEPTH || !lua_checkstack(sink->L, SINK_SLOTS)) {
        sink_error(reply, KR_STR("ERR the reply is nested too deeply"));
        return 0;
    }
    sink_push_frame(sink, KR_ARRAY)->deferred = true;
    if (!sink->muted)
        lua_newtable(sink->L);
    return sink->depth;
}

/* Only now its kind is known: a list of what has been written is what a map or
 * a set is made of. */
static void sink_close(struct kr_reply *reply, uint64_t token, uint32_t kind,
                       uint64_t count)
{
    struct sink *sink = sink_of(reply);
    lua_State *L = sink->L;
    struct sink_frame *frame;

    (void)count;
    if (token == 0 || sink->depth != token)
        return;
    frame = &sink->frames[sink->depth - 1];
    if (sink->muted) {
        sink->depth--;
        sink->muted--;
        if (sink->muted)
            (void)sink_wants(sink);
        return;
    }
    if (reply->protocol != 2 && (kind == KR_MAP || kind == KR_SET)) {
        int step = kind == KR_MAP ? 2 : 1, last = frame->index;

        lua_createtable(L, 0, last / step);
        for (int i = 1; i + step - 1 <= last; i += step) {
            lua_rawgeti(L, -2, i);
            if (kind == KR_MAP)
                lua_rawgeti(L, -3, i + 1);
            else
                lua_pushboolean(L, 1);
            if (lua_isnil(L, -2))
                lua_pop(L, 2);
            else
                lua_rawset(L, -3);
        }
        lua_remove(L, -2);
        frame->kind = kind;
        frame->wrapped = true;
    }
    sink_close_top(sink);
}

/* From a sink of bytes: nobody gives a script such. */
static void sink_raw(struct kr_reply *reply, struct kr_str bytes)
{
    sink_string(sink_of(reply), bytes);
}

static const struct kr_reply_ops sink_ops = {
    .size = sizeof(struct kr_reply_ops),
    .null = sink_null,
    .null_array = sink_null,
    .int64 = sink_int64,
    .status = sink_status,
    .error = sink_error,
    .bulk = sink_bulk,
    .blob = sink_blob,
    .bulk_int64 = sink_bulk_int64,
    .number = sink_number,
    .boolean = sink_boolean,
    .big_number = sink_big_number,
    .verbatim = sink_verbatim,
    .open = sink_open,
    .defer = sink_defer,
    .close = sink_close,
    .raw = sink_raw,
    .decimal = sink_decimal,
};

void sink_begin(struct sink *sink, lua_State *L, uint32_t protocol)
{
    sink->reply = (struct kr_reply){.ops = &sink_ops, .protocol = protocol};
    sink->L = L;
    sink->muted = 0;
    sink->depth = 0;
    sink->failed = false;
}

void sink_answer_error(lua_State *L, int index, struct kr_reply *reply,
                       struct kr_str text)
{
    bool counted;

    lua_pushvalue(L, index);
    lua_pushstring(L, SINK_COUNTED);
    lua_rawget(L, -2); /* a metamethod of the script's must not run here */
    counted = lua_toboolean(L, -1);
    lua_pop(L, 2);
    if (counted)
        kr_calls->error_again(reply, text);
    else
        reply->ops->error(reply, text);
}
