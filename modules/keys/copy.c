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
/* A type may have a reason of its own, which it does not tell. */
static bool copy_box(struct kr_call *call, const struct copy *copy,
                     const struct kr_type *type, const struct kr_peek *peek,
                     struct kr_value *value)
{
    struct kr_subject subject =
        KR_SUBJECT(call->argv[1], kr_keyspace->db_index(call->db));
    bool fine;

    subject.to_key = call->argv[2];
    subject.to_db = kr_keyspace->db_index(copy->to);
    kr_types->about(&subject);
    fine = type->copy(peek, value);
    kr_types->about(NULL);
    if (!fine)
        kr_reply_error(call->reply, type->file_name
                                        ? "ERR module key failed to copy"
                                        : "ERR not enough memory for a copy");
    return fine;
}

static bool copy_value(struct kr_call *call, const struct copy *copy,
                       const struct kr_cell *cell, char room[KR_INLINE_MAX],
                       struct kr_value *value)
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
    return copy_box(call, copy, type, &peek, value);
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
    if (!copy_value(call, &copy, &cell, room, &value))
        return;
    type = cell.type;
    expiry_ms = kr_keyspace->expiry(&cell);
    /* What is replaced is deleted first, and told of as such. */
    if (kr_keyspace->find(copy.to, call->argv[2], KR_FIND_WRITE | KR_FIND_QUIET,
                          &target))
        kr_keyspace->erase(&target, keys_of(call)->lazy_server_del);
    kr_keyspace->adopt(copy.to, call->argv[2], type, 0, &value, &target);
    if (expiry_ms != KR_NO_EXPIRY)
        kr_keyspace->set_expiry(&target, expiry_ms);
    kr_block->ready(copy.to, call->argv[2]);
    keys_changed(call, copy.to, call->argv[2], "copy_to");
    kr_reply_int64(call->reply, 1);
}
