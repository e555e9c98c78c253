/* @name@ - a type with two commands: a sum, and how often it was added to.
 *
 *     @name@.ADD key [amount]     the new sum
 *     @name@.GET key              sum and count, or nil
 *
 * The value stands in its key's own allocation, so there is nothing to free:
 *
 *     0         8         16
 *     |   sum   |  count  |      saved as two integers, in this order
 */
#include <kr/kr.h>

KR_USES(kr_codec);
KR_USES(kr_keyspace);
KR_USES(kr_text);

struct @name@ {
    int64_t sum;
    int64_t count;
};

static uint16_t @name@_slot; /* of our type; the host writes it */

/* --- The type ------------------------------------------------------------ */

static void @name@_save(const struct kr_peek *value, kr_writer *out)
{
    struct @name@ now;

    memcpy(&now, value->data, sizeof(now));
    kr_codec->write_int64(out, now.sum);
    kr_codec->write_int64(out, now.count);
}

/* These bytes come from outside: refuse what the commands never write. */
static bool @name@_load(kr_reader *in, uint32_t code, uint32_t format,
                        struct kr_value *out)
{
    struct @name@ *now = kr_codec->read_room(in, sizeof(*now));

    (void)code, (void)format;
    if (!now || !kr_codec->read_int64(in, &now->sum) ||
        !kr_codec->read_int64(in, &now->count) || now->count < 1)
        return false;
    out->bytes = kr_str((const char *)now, sizeof(*now));
    return true;
}

static void @name@_digest(const struct kr_peek *value, kr_digest *digest)
{
    kr_codec->digest_mix(digest,
                         kr_str((const char *)value->data, value->length));
}

static const struct kr_type @name@_type = {
    .size = sizeof(struct kr_type),
    .name = "@name@",
    .file_name = "@file@",
    .layout = 1, /* count it up when struct @name@ changes */
    .format = 1, /* and this when @name@_save() does */
    .slot = &@name@_slot,
    .save = @name@_save,
    .load = @name@_load,
    .digest = @name@_digest,
};
static const struct kr_type *const types[] = {&@name@_type};

/* --- The commands -------------------------------------------------------- */

static void @name@_add(struct kr_call *call)
{
    struct @name@ now = {0, 0};
    struct kr_cell cell;
    int64_t amount = 1;
    bool wrong;
    bool found;

    if (call->argc > 3) {
        kr_reply_error(call->reply, KR_ERR_SYNTAX);
        return;
    }
    if (call->argc == 3 && !kr_arg_int64(call, 2, &amount))
        return; /* the error has been replied */
    found = kr_find_typed(call, 1, KR_FIND_WRITE, @name@_slot, &cell, &wrong);
    if (wrong)
        return; /* and so has WRONGTYPE */
    if (found)
        memcpy(&now, cell.data, sizeof(now));
    if (amount > 0 ? now.sum > INT64_MAX - amount
                   : now.sum < INT64_MIN - amount) {
        kr_reply_error(call->reply, "ERR the sum would overflow");
        return;
    }
    now.sum += amount;
    now.count++;
    if (!found)
        kr_keyspace->put(call, 1, @name@_slot, 0, 0, sizeof(now), &cell);
    memcpy(cell.data, &now, sizeof(now));
    kr_keyspace->changed(call, call->db, call->argv[1], KR_CLASS_MODULE,
                         KR_STR("@name@.add"));
    kr_reply_int64(call->reply, now.sum);
}

static void @name@_get(struct kr_call *call)
{
    struct @name@ now;
    struct kr_cell cell;
    bool wrong;

    if (kr_find_typed(call, 1, 0, @name@_slot, &cell, &wrong)) {
        memcpy(&now, cell.data, sizeof(now));
        kr_reply_array(call->reply, 2);
        kr_reply_int64(call->reply, now.sum);
        kr_reply_int64(call->reply, now.count);
    } else if (!wrong) {
        kr_reply_null(call->reply);
    }
}

static const struct kr_key_spec write_key[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_UPDATE, 1, 0, 1),
};
static const struct kr_key_spec read_key[] = {
    KR_KEY(KR_KEY_RO | KR_KEY_ACCESS, 1, 0, 1),
};
static const struct kr_command commands[] = {
    {.name = "@name@.add",
     .run = @name@_add,
     .arity = -2,
     .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_FAST,
     .keys = KR_ROWS(write_key),
     .summary = "Adds to a sum and returns it."},
    {.name = "@name@.get",
     .run = @name@_get,
     .arity = 2,
     .flags = KR_CMD_READONLY | KR_CMD_FAST,
     .keys = KR_ROWS(read_key),
     .summary = "Returns a sum, and how often it was added to."},
};

/* --- The module ---------------------------------------------------------- */

static const struct kr_import imports[] = {
    KR_NEED(kr_codec),
    KR_NEED(kr_keyspace),
    KR_NEED(kr_text),
};

KR_MODULE(.name = "@name@", .version = 10000, .licence = "MIT",
          .summary = "A sum that counts.",
          .flags = KR_MODULE_CAN_UPGRADE | KR_MODULE_CAN_UNLOAD,
          .imports = KR_ROWS(imports), .types = KR_ROWS(types),
          .commands = KR_ROWS(commands));
