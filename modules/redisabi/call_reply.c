/* SPDX-License-Identifier: BSD-3-Clause */
/* call_reply - reading the bytes of a reply, and what guests ask of it. */
#include "call_reply.h"

#include "promise.h"
#include "text.h"

#include <stdlib.h>

#define CALL_REPLY_DEPTH 256u /* containers within each other */

struct call_tree {
    RedisModuleCtx *ctx; /* whose automatic memory has it, or NULL */
    bool resp3;
    uint32_t count, room;
    char *bytes;
    RedisModuleCallReply *nodes;
};

/* --- Reading -------------------------------------------------------------- */

struct parse {
    struct call_tree *tree;
    const char *at, *end;
};

/* The line that begins behind the first character, without its end. */
static bool parse_line(struct parse *parse, struct kr_str *line)
{
    const char *start = parse->at + 1;
    const char *stop;

    if (parse->at >= parse->end)
        return false;
    stop = memchr(start, '\r', (size_t)(parse->end - start));
    if (!stop || parse->end - stop < 2 || stop[1] != '\n')
        return false;
    *line = kr_str(start, (size_t)(stop - start));
    parse->at = stop + 2;
    return true;
}

static bool parse_bulk(struct parse *parse, int64_t size, struct kr_str *text)
{
    if (size < 0 || parse->end - parse->at < 2 ||
        size > parse->end - parse->at - 2)
        return false;
    *text = kr_str(parse->at, (size_t)size);
    parse->at += size + 2;
    return true;
}

/* Nodes side by side; the answer is the number of the first. */
static uint32_t parse_reserve(struct parse *parse, uint64_t count)
{
    struct call_tree *tree = parse->tree;
    uint32_t first = tree->count;

    if (tree->room - tree->count < count) {
        uint64_t room = 2 * (uint64_t)tree->count + count;

        tree->nodes = kr_memory->realloc(redisabi_self, tree->nodes,
                                         room * sizeof(*tree->nodes));
        tree->room = (uint32_t)room;
    }
    memset(tree->nodes + first, 0, count * sizeof(*tree->nodes));
    tree->count += (uint32_t)count;
    return first;
}

static bool parse_value(struct parse *parse, uint32_t index, unsigned depth);

static bool parse_elements(struct parse *parse, uint32_t index, int kind,
                           int64_t count, unsigned depth)
{
    uint64_t nodes = (uint64_t)count;
    uint32_t first;

    /* An element has at least three bytes. */
    if (count < 0 || depth == 0 || count > (parse->end - parse->at) / 3)
        return false;
    if (kind == REDISMODULE_REPLY_MAP || kind == REDISMODULE_REPLY_ATTRIBUTE)
        nodes *= 2;
    if (nodes > UINT32_MAX / 4 - parse->tree->count)
        return false;
    first = parse_reserve(parse, nodes);
    for (uint64_t i = 0; i < nodes; i++) {
        if (!parse_value(parse, first + (uint32_t)i, depth - 1))
            return false;
    }
    parse->tree->nodes[index].kind = kind;
    parse->tree->nodes[index].first = first;
    parse->tree->nodes[index].count = (uint64_t)count;
    return true;
}

/* What a line says all of. */
static bool parse_scalar(struct call_tree *tree, RedisModuleCallReply *node,
                         char type, struct kr_str line)
{
    char *end;

    node->text = line;
    switch (type) {
    case '+':
        node->kind = REDISMODULE_REPLY_STRING;
        return true;
    case '-':
        node->kind = REDISMODULE_REPLY_ERROR;
        return true;
    case ':':
        node->kind = REDISMODULE_REPLY_INTEGER;
        return kr_text->to_int64(line, &node->integer);
    default:
        break;
    }
    tree->resp3 = true;
    switch (type) {
    case '_':
        node->kind = REDISMODULE_REPLY_NULL;
        return true;
    case '#':
        node->kind = REDISMODULE_REPLY_BOOL;
        node->integer = line.size == 1 && line.data[0] == 't';
        return true;
    case ',': /* a CR stands behind it, so strtod() ends */
        node->kind = REDISMODULE_REPLY_DOUBLE;
        node->number = strtod(line.data, &end);
        return end == line.data + line.size;
    case '(':
        node->kind = REDISMODULE_REPLY_BIG_NUMBER;
        return true;
    default:
        return false;
    }
}

static bool parse_string(struct parse *parse, uint32_t index, char type,
                         int64_t size)
{
    RedisModuleCallReply *node = &parse->tree->nodes[index];

    node->kind = REDISMODULE_REPLY_STRING;
    if (!parse_bulk(parse, size, &node->text))
        return false;
    if (type == '$')
        return true;
    parse->tree->resp3 = true;
    node->kind = REDISMODULE_REPLY_VERBATIM_STRING;
    if (node->text.size < 4)
        return false;
    memcpy(node->format, node->text.data, 3);
    node->text = kr_str(node->text.data + 4, node->text.size - 4);
    return true;
}

static bool parse_value(struct parse *parse, uint32_t index, unsigned depth);

/* An attribute, in a node of its own, and the value behind it, which is that of
 * `index`. */
static bool parse_attribute(struct parse *parse, uint32_t index, int64_t count,
                            unsigned depth)
{
    const char *start = parse->at;
    uint32_t node = parse_reserve(parse, 1);

    if (depth == 0 ||
        !parse_elements(parse, node, REDISMODULE_REPLY_ATTRIBUTE, count, depth))
        return false;
    parse->tree->nodes[node].bytes = kr_str(start, (size_t)(parse->at - start));
    if (!parse_value(parse, index, depth - 1))
        return false;
    parse->tree->nodes[index].attribute = node;
    return true;
}

/* One value into node `index`. */
static bool parse_value(struct parse *parse, uint32_t index, unsigned depth)
{
    static const struct {
        char type;
        int kind;
    } containers[] = {
        {'*', REDISMODULE_REPLY_ARRAY},
        {'~', REDISMODULE_REPLY_SET},
        {'%', REDISMODULE_REPLY_MAP},
        {'>', REDISMODULE_REPLY_ARRAY},
    };
    const char *start = parse->at;
    struct kr_str line;
    int64_t count;
    bool fine;

    if (!parse_line(parse, &line))
        return false;
    if (!strchr("$=*~%|>", *start)) {
        fine =
            parse_scalar(parse->tree, &parse->tree->nodes[index], *start, line);
        goto done;
    }
    if (!kr_text->to_int64(line, &count))
        return false;
    if (count == -1) {
        parse->tree->nodes[index].kind = REDISMODULE_REPLY_NULL;
        fine = true;
        goto done;
    }
    if (*start == '$' || *start == '=') {
        fine = parse_string(parse, index, *start, count);
        goto done;
    }
    if (*start == '|') {
        parse->tree->resp3 = true;
        fine = parse_attribute(parse, index, count, depth);
        goto done;
    }
    fine = false;
    for (size_t i = 0; i < KR_COUNT(containers); i++) {
        if (containers[i].type != *start)
            continue;
        parse->tree->resp3 |= *start != '*';
        fine = parse_elements(parse, index, containers[i].kind, count, depth);
    }
done:
    parse->tree->nodes[index].bytes =
        kr_str(start, (size_t)(parse->at - start));
    return fine;
}

RedisModuleCallReply *call_reply_new(RedisModuleCtx *ctx, struct kr_str bytes)
{
    struct call_tree *tree = kr_memory->calloc(redisabi_self, 1, sizeof(*tree));
    struct parse parse = {.tree = tree};

    tree->ctx = ctx && ctx->automatic ? ctx : NULL;
    tree->bytes = kr_memory->alloc(redisabi_self, bytes.size + 1);
    if (bytes.size > 0)
        memcpy(tree->bytes, bytes.data, bytes.size);
    tree->bytes[bytes.size] = '\0';
    parse.at = tree->bytes;
    parse.end = tree->bytes + bytes.size;
    (void)parse_reserve(&parse, 1);
    if (!parse_value(&parse, 0, CALL_REPLY_DEPTH)) {
        tree->nodes[0].kind = REDISMODULE_REPLY_UNKNOWN;
        tree->nodes[0].bytes = kr_str(tree->bytes, bytes.size);
    }
    for (uint32_t i = 0; i < tree->count; i++)
        tree->nodes[i].tree = tree;
    context_own(ctx, OWNED_REPLY, tree->nodes);
    return tree->nodes;
}

bool call_reply_is_resp3(const RedisModuleCallReply *reply)
{
    return reply->tree->resp3;
}

/* Only a whole reply; parts go with it. */
void rm_FreeCallReply(RedisModuleCallReply *reply)
{
    struct call_tree *tree = reply ? reply->tree : NULL;

    if (!tree || reply != tree->nodes)
        return;
    if (reply->kind == REDISMODULE_REPLY_PROMISE)
        promise_leave(reply->promise);
    if (tree->ctx)
        (void)context_disown(tree->ctx, OWNED_REPLY, reply);
    kr_memory->free(redisabi_self, tree->bytes);
    kr_memory->free(redisabi_self, tree->nodes);
    kr_memory->free(redisabi_self, tree);
}

/* --- Saying it again ------------------------------------------------------ */

static void tell_elements(const RedisModuleCallReply *reply,
                          struct kr_reply *out, uint32_t kind)
{
    uint64_t nodes = reply->count;

    if (kind == KR_MAP || kind == KR_ATTRIBUTE)
        nodes *= 2;
    out->ops->open(out, kind, reply->count);
    for (uint64_t i = 0; i < nodes; i++)
        call_reply_tell(reply->tree->nodes + reply->first + i, out);
}

static void tell_text(const RedisModuleCallReply *reply, struct kr_reply *out)
{
    if (*reply->bytes.data == '+')
        out->ops->status(out, reply->text);
    else
        kr_reply_bulk(out, reply->text);
}

/* Attributes are for who reads the protocol. */
void call_reply_tell(const RedisModuleCallReply *reply, struct kr_reply *out)
{
    switch (reply->kind) {
    case REDISMODULE_REPLY_STRING:
        tell_text(reply, out);
        break;
    case REDISMODULE_REPLY_ERROR: /* counted where it arose */
        kr_calls->error_again(out, reply->text);
        break;
    case REDISMODULE_REPLY_INTEGER:
        kr_reply_int64(out, reply->integer);
        break;
    case REDISMODULE_REPLY_ARRAY:
        tell_elements(reply, out, KR_ARRAY);
        break;
    case REDISMODULE_REPLY_MAP:
        tell_elements(reply, out, KR_MAP);
        break;
    case REDISMODULE_REPLY_SET:
        tell_elements(reply, out, KR_SET);
        break;
    case REDISMODULE_REPLY_BOOL:
        out->ops->boolean(out, reply->integer);
        break;
    case REDISMODULE_REPLY_DOUBLE:
        out->ops->number(out, reply->number);
        break;
    case REDISMODULE_REPLY_BIG_NUMBER:
        out->ops->big_number(out, reply->text);
        break;
    case REDISMODULE_REPLY_VERBATIM_STRING:
        out->ops->verbatim(out, reply->format, reply->text);
        break;
    default:
        kr_reply_null(out);
    }
}

/* --- Asking --------------------------------------------------------------- */

int rm_CallReplyType(RedisModuleCallReply *reply)
{
    return reply ? reply->kind : REDISMODULE_REPLY_UNKNOWN;
}

const char *rm_CallReplyProto(RedisModuleCallReply *reply, size_t *size)
{
    if (size)
        *size = reply->bytes.size;
    return reply->bytes.data;
}

size_t rm_CallReplyLength(RedisModuleCallReply *reply)
{
    switch (rm_CallReplyType(reply)) {
    case REDISMODULE_REPLY_STRING:
    case REDISMODULE_REPLY_ERROR:
        return reply->text.size;
    case REDISMODULE_REPLY_ARRAY:
    case REDISMODULE_REPLY_SET:
    case REDISMODULE_REPLY_MAP:
    case REDISMODULE_REPLY_ATTRIBUTE:
        return (size_t)reply->count;
    default:
        return 0;
    }
}

long long rm_CallReplyInteger(RedisModuleCallReply *reply)
{
    return rm_CallReplyType(reply) == REDISMODULE_REPLY_INTEGER ? reply->integer
                                                                : INT64_MIN;
}

double rm_CallReplyDouble(RedisModuleCallReply *reply)
{
    return rm_CallReplyType(reply) == REDISMODULE_REPLY_DOUBLE
               ? reply->number
               : (double)INT64_MIN;
}

int rm_CallReplyBool(RedisModuleCallReply *reply)
{
    return rm_CallReplyType(reply) == REDISMODULE_REPLY_BOOL
               ? (int)reply->integer
               : INT32_MIN;
}

static const char *call_reply_text(RedisModuleCallReply *reply, size_t *size)
{
    if (size)
        *size = reply->text.size;
    return reply->text.data;
}

const char *rm_CallReplyStringPtr(RedisModuleCallReply *reply, size_t *size)
{
    int kind = rm_CallReplyType(reply);

    if (kind != REDISMODULE_REPLY_STRING && kind != REDISMODULE_REPLY_ERROR)
        return NULL;
    return call_reply_text(reply, size);
}

const char *rm_CallReplyBigNumber(RedisModuleCallReply *reply, size_t *size)
{
    if (rm_CallReplyType(reply) != REDISMODULE_REPLY_BIG_NUMBER)
        return NULL;
    return call_reply_text(reply, size);
}

const char *rm_CallReplyVerbatim(RedisModuleCallReply *reply, size_t *size,
                                 const char **format)
{
    if (rm_CallReplyType(reply) != REDISMODULE_REPLY_VERBATIM_STRING)
        return NULL;
    if (format)
        *format = reply->format;
    return call_reply_text(reply, size);
}

static RedisModuleCallReply *call_reply_element(RedisModuleCallReply *reply,
                                                int kind, size_t index)
{
    if (rm_CallReplyType(reply) != kind || index >= reply->count)
        return NULL;
    return reply->tree->nodes + reply->first + index;
}

RedisModuleCallReply *rm_CallReplyArrayElement(RedisModuleCallReply *reply,
                                               size_t index)
{
    return call_reply_element(reply, REDISMODULE_REPLY_ARRAY, index);
}

RedisModuleCallReply *rm_CallReplySetElement(RedisModuleCallReply *reply,
                                             size_t index)
{
    return call_reply_element(reply, REDISMODULE_REPLY_SET, index);
}

static int call_reply_pair(RedisModuleCallReply *reply, int kind, size_t index,
                           RedisModuleCallReply **key,
                           RedisModuleCallReply **value)
{
    RedisModuleCallReply *pair;

    if (!call_reply_element(reply, kind, index))
        return REDISMODULE_ERR;
    pair = reply->tree->nodes + reply->first + 2 * index;
    if (key)
        *key = pair;
    if (value)
        *value = pair + 1;
    return REDISMODULE_OK;
}

int rm_CallReplyMapElement(RedisModuleCallReply *reply, size_t index,
                           RedisModuleCallReply **key,
                           RedisModuleCallReply **value)
{
    return call_reply_pair(reply, REDISMODULE_REPLY_MAP, index, key, value);
}

/* NULL: it has none. */
RedisModuleCallReply *rm_CallReplyAttribute(RedisModuleCallReply *reply)
{
    return reply && reply->attribute ? reply->tree->nodes + reply->attribute
                                     : NULL;
}

int rm_CallReplyAttributeElement(RedisModuleCallReply *reply, size_t index,
                                 RedisModuleCallReply **key,
                                 RedisModuleCallReply **value)
{
    return call_reply_pair(reply, REDISMODULE_REPLY_ATTRIBUTE, index, key,
                           value);
}

RedisModuleString *rm_CreateStringFromCallReply(RedisModuleCallReply *reply)
{
    RedisModuleCtx *ctx = reply ? reply->tree->ctx : NULL;

    switch (rm_CallReplyType(reply)) {
    case REDISMODULE_REPLY_STRING:
    case REDISMODULE_REPLY_ERROR:
        return rm_CreateString(ctx, reply->text.data, reply->text.size);
    case REDISMODULE_REPLY_INTEGER:
        return rm_CreateStringFromLongLong(ctx, reply->integer);
    default:
        return NULL;
    }
}
