/* SPDX-License-Identifier: BSD-3-Clause */
/* copy - COPY: a second key with an equal value and the same time. */
#include "commands.h"
#include "keys.h"

#include <kr/block.h>
#include <kr/type.h>

struct copy {
    kr_db *to;
    bool replace;
};

static bool copy_read(struct kr_call *call, struct copy *copy)
{
    copy->to = call->db;
    copy->replace = false;
    for (uint32_t i = 3; i < call->argc; i++) {
        if (kr_arg_is(call, i, "REPLACE")) {
            copy->replace = true;
        } else if (kr_arg_is(call, i, "DB") && i + 1 < call->argc) {
            if (!kr_arg_db(call, ++i, &copy->to))
                return false;
        } else {
            kr_refuse_syntax(call);
            return false;
        }
    }
    if (copy->to == call->db && kr_str_equal(call->argv[1], call->argv[2])) {
        kr_reply_error(call->reply,
                       "ERR source and destination objects are the same");
        return false;
    }
    return true;
}

/* The value once more, outside of the keyspace.  Inline bytes go to `room`,
 * since the keyspace may move the original while it makes place. */
static bool copy_value(struct kr_call *call, const struct kr_cell *cell,
                       char room[KR_INLINE_MAX], struct kr_value *value)
{
    const struct kr_type *type = kr_types->get(cell->type);
    struct kr_peek peek = kr_cell_peek(cell);

    *value = (struct kr_value){
        .size = sizeof(*value), .meta = cell->meta, .boxed = cell->boxed};
    if (!cell->boxed) {
        memcpy(room, cell->data, cell->length);
        value->bytes = kr_str(room, cell->length);
        return true;
    }
    if (!type || !type->copy) {
        kr_reply_errorf(call->reply,
                        "ERR a value of type '%s' cannot be copied%s",
                        kr_types->name(cell->type),
                        type ? "" : ": its module is not loaded");
        return false;
    }
    if (type->copy(&peek, value))
        return true;
    kr_reply_error(call->reply, "ERR not enough memory for a copy");
    return false;
}

void keys_copy(struct kr_call *call)
{
    char room[KR_INLINE_MAX];
    struct kr_cell cell, target;
    struct kr_value value;
    int64_t expiry_ms;
    struct copy copy;
    uint16_t type;

    if (!copy_read(call, &copy))
        return;
    /* Looking at the target may remove it, so the source is found again. */
    if (!kr_keyspace->find_arg(call, 1, KR_FIND_READ, &cell) ||
        (kr_keyspace->find(copy.to, call->argv[2], KR_FIND_NO_STATS, &target) &&
         !copy.replace) ||
        !kr_keyspace->find_arg(call, 1, KR_FIND_QUIET, &cell)) {
        kr_reply_int64(call->reply, 0);
        return;
    }
    if (!copy_value(call, &cell, room, &value))
        return;
    type = cell.type;
    expiry_ms = kr_keyspace->expiry(&cell);
    kr_keyspace->adopt(copy.to, call->argv[2], type, 0, &value, &target);
    if (expiry_ms != KR_NO_EXPIRY)
        kr_keyspace->set_expiry(&target, expiry_ms);
    kr_block->ready(copy.to, call->argv[2]);
    keys_changed(call, copy.to, call->argv[2], "copy_to");
    kr_reply_int64(call->reply, 1);
}
