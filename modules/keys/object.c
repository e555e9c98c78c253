/* SPDX-License-Identifier: BSD-3-Clause */
/* object - OBJECT: how a value is kept, and when it was last wanted.  Looking
 * at it leaves no trace. */
#include "commands.h"
#include "keys.h"

#include <kr/string.h>
#include <kr/type.h>

#define OBJECT_POLICIES                                                        \
    " Please note that when switching between policies at runtime LRU and "    \
    "LFU "                                                                     \
    "data will take some time to adjust."

/* The value of argument 2; false: null has been replied. */
static bool object_find(struct kr_call *call, struct kr_cell *cell)
{
    if (kr_keyspace->find_arg(call, 2, KR_FIND_QUIET, cell))
        return true;
    kr_reply_null(call->reply);
    return false;
}

void keys_object_encoding(struct kr_call *call)
{
    const struct kr_type *type;
    struct kr_cell cell;
    struct kr_peek peek;

    if (!object_find(call, &cell))
        return;
    type = kr_types->get(cell.type);
    if (!type || !type->encoding) {
        kr_reply_errorf(call->reply,
                        "ERR the encoding of type '%s' is not known%s",
                        kr_types->name(cell.type),
                        type ? "" : ": its module is not loaded");
        return;
    }
    peek = kr_cell_peek(&cell);
    kr_reply_bulk(call->reply, kr_cstr(type->encoding(&peek)));
}

void keys_object_freq(struct kr_call *call)
{
    struct kr_cell cell;

    if (!object_find(call, &cell))
        return;
    if (kr_keyspace->counts_frequency())
        kr_reply_int64(call->reply, kr_keyspace->frequency(&cell));
    else
        kr_reply_error(call->reply,
                       "ERR An LFU maxmemory policy is not selected, access "
                       "frequency not tracked." OBJECT_POLICIES);
}

void keys_object_idletime(struct kr_call *call)
{
    struct kr_cell cell;

    if (!object_find(call, &cell))
        return;
    if (!kr_keyspace->counts_frequency())
        kr_reply_int64(call->reply,
                       (int64_t)(kr_keyspace->idle_ms(&cell) / 1000));
    else
        kr_reply_error(call->reply,
                       "ERR An LFU maxmemory policy is selected, idle time "
                       "not tracked." OBJECT_POLICIES);
}

/* Redis has each of the numbers up to 9999 once for all keys, unless a policy
 * must know when each key was used; tools tell by this number. */
static bool object_would_be_shared(const struct kr_cell *cell)
{
    const struct kr_type *type = kr_types->get(cell->type);
    struct kr_peek peek = kr_cell_peek(cell);
    char scratch[KR_INT64_TEXT];
    struct kr_str digits;

    if (!kr_strings || !kr_strings->is_string(cell) ||
        strcmp(type->encoding(&peek), "int") != 0 || kr_keyspace->ages_matter())
        return false;
    digits = kr_strings->view(cell, scratch);
    return digits.size <= 4 && digits.data[0] != '-';
}

/* Values are not shared between keys. */
void keys_object_refcount(struct kr_call *call)
{
    struct kr_cell cell;

    if (object_find(call, &cell))
        kr_reply_int64(call->reply,
                       object_would_be_shared(&cell) ? INT32_MAX : 1);
}

void keys_object_help(struct kr_call *call)
{
    static const char *const lines[] = {
        "ENCODING <key>",
        "    The form in which the value of <key> is kept.",
        "FREQ <key>",
        "    A measure of how often <key> is used, on a logarithmic scale;",
        "    for policies that evict the least frequently used keys.",
        "IDLETIME <key>",
        "    Seconds since <key> was last used.",
        "REFCOUNT <key>",
        "    How many share the value of <key>: always 1.",
    };

    kr_reply_help(call, "OBJECT", lines, KR_COUNT(lines));
}
