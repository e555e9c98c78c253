/* SPDX-License-Identifier: BSD-3-Clause */
/* sets - a module that uses sets as others do: over <kr/set.h>, as saved bytes,
 * as commands of a rewrite, and as effects in the journal.
 *
 *     SETS.MEMBERS key            all, by walking
 *     SETS.HAS key member
 *     SETS.PUT key member ...
 *     SETS.ADD key member, SETS.REMOVE key member
 *     SETS.SAVE key               the code and the bytes of a snapshot
 *     SETS.LOAD key bytes         1, or why not
 *     SETS.REWRITE key            the commands that build it
 *     SETS.JOURNAL                effects since the last time, each as words */
#include <kr/kr.h>
#include <kr/set.h>

KR_USES(kr_calls);
KR_USES(kr_codec);
KR_USES(kr_journal);
KR_USES(kr_keyspace);
KR_USES(kr_sets);
KR_USES(kr_types);

static kr_module *self;
static struct kr_reply *effects; /* a memory sink */
static uint64_t effect_count;

/* Argument 1, a set, or an error. */
static bool find_set(struct kr_call *call, uint32_t how, struct kr_cell *cell)
{
    if (!kr_keyspace->find_arg(call, 1, how, cell)) {
        kr_reply_error(call->reply, KR_ERR_NO_KEY);
        return false;
    }
    if (kr_sets->is_set(cell))
        return true;
    kr_reply_error(call->reply, KR_ERR_WRONGTYPE);
    return false;
}

/* --- <kr/set.h> ---------------------------------------------------------- */

static void sets_members(struct kr_call *call)
{
    struct kr_cell cell;
    struct kr_walk walk;

    if (!find_set(call, KR_FIND_READ, &cell))
        return;
    call->reply->ops->open(call->reply, KR_ARRAY, kr_sets->count(&cell));
    kr_sets->walk(&cell, &walk);
    while (kr_sets->next(&walk))
        for (uint32_t i = 0; i < walk.count; i++)
            kr_reply_bulk(call->reply, walk.item[i]);
}

static void sets_has(struct kr_call *call)
{
    struct kr_cell cell;

    if (find_set(call, KR_FIND_READ, &cell))
        kr_reply_int64(call->reply, kr_sets->contains(&cell, call->argv[2]));
}

static void sets_changed(struct kr_call *call, const char *event)
{
    kr_keyspace->changed(call, call->db, call->argv[1], KR_CLASS_SET,
                         kr_cstr(event));
}

static void sets_put(struct kr_call *call)
{
    struct kr_cell cell;

    kr_sets->put(call->db, call->argv[1], call->argc - 2, call->argv + 2,
                 &cell);
    sets_changed(call, "sets.put");
    kr_reply_int64(call->reply, (int64_t)kr_sets->count(&cell));
}

static void sets_add(struct kr_call *call)
{
    struct kr_cell cell;

    if (!find_set(call, KR_FIND_WRITE, &cell))
        return;
    kr_reply_int64(call->reply, kr_sets->add(&cell, call->argv[2]));
    sets_changed(call, "sets.add");
}

static void sets_remove(struct kr_call *call)
{
    struct kr_cell cell;

    if (!find_set(call, KR_FIND_WRITE, &cell))
        return;
    kr_reply_int64(call->reply, kr_sets->remove(&cell, call->argv[2]));
    if (kr_sets->count(&cell) == 0)
        kr_keyspace->erase(&cell, false);
    sets_changed(call, "sets.remove");
}

/* --- Bytes and commands -------------------------------------------------- */

static void sets_save(struct kr_call *call)
{
    kr_writer *out;
    struct kr_cell cell;
    struct kr_peek peek;

    if (!find_set(call, KR_FIND_READ, &cell))
        return;
    out = kr_codec->new_writer(0);
    peek = kr_cell_peek(&cell);
    kr_types->get(cell.type)->save(&peek, out);
    kr_reply_bulk(call->reply, kr_codec->writer_bytes(out));
    kr_codec->free_writer(out);
}

static void sets_rewrite(struct kr_call *call)
{
    kr_writer *out;
    struct kr_cell cell;
    struct kr_peek peek;

    if (!find_set(call, KR_FIND_READ, &cell))
        return;
    out = kr_codec->new_writer(0);
    peek = kr_cell_peek(&cell);
    kr_types->get(cell.type)->rewrite(&peek, call->argv[1], out);
    kr_reply_bulk(call->reply, kr_codec->writer_bytes(out));
    kr_codec->free_writer(out);
}

static void sets_load(struct kr_call *call)
{
    struct kr_str bytes = call->argv[2];
    struct kr_value value = {.size = sizeof(value)};
    struct kr_cell cell;
    uint8_t code = bytes.size > 0 ? (uint8_t)bytes.data[0] : 255;
    uint16_t slot = kr_types->by_code(code);
    kr_reader *in;

    if (slot != kr_types->find(KR_STR("set"))) {
        kr_reply_error(call->reply, "ERR no set has this code");
        return;
    }
    in = kr_codec->new_reader(kr_str(bytes.data + 1, bytes.size - 1),
                              KR_CODEC_DEEP);
    if (kr_types->get(slot)->load(in, code, 0, &value)) {
        kr_keyspace->adopt(call->db, call->argv[1], slot, 0, &value, &cell);
        sets_changed(call, "sets.load");
        kr_reply_int64(call->reply, 1);
    } else {
        const char *error = kr_codec->reader_error(in);

        kr_reply_errorf(call->reply, "ERR %s", error ? error : "no reason");
    }
    kr_codec->free_reader(in);
}

/* --- The journal --------------------------------------------------------- */

static void sets_heard(void *ctx, const struct kr_effect *effect)
{
    (void)ctx;
    kr_reply_array(effects, effect->argc);
    for (uint32_t i = 0; i < effect->argc; i++)
        kr_reply_bulk(effects, effect->argv[i]);
    effect_count++;
}

static void sets_journal(struct kr_call *call)
{
    kr_reply_array(call->reply, effect_count);
    call->reply->ops->raw(call->reply, kr_calls->sink_bytes(effects));
    kr_calls->sink_reset(effects);
    effect_count = 0;
}

static void sets_activate(kr_module *module, void *state)
{
    (void)state;
    effects = kr_calls->new_sink(2);
    kr_journal->attach(module, KR_JOURNAL_ALL, sets_heard, NULL);
}

static void sets_destroy(kr_module *module, void *state)
{
    (void)module;
    (void)state;
    kr_calls->free_sink(effects);
}

/* --- The descriptor ------------------------------------------------------ */

static const struct kr_key_spec key[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_UPDATE, 1, 0, 1)};

#define ROW(word, function, words, how)                                        \
    {                                                                          \
        .name = "sets." word, .run = (function), .arity = (words),             \
        .flags = (how), .keys = KR_ROWS(key)                                   \
    }

static const struct kr_command commands[] = {
    ROW("members", sets_members, 2, KR_CMD_READONLY),
    ROW("has", sets_has, 3, KR_CMD_READONLY),
    ROW("put", sets_put, -3, KR_CMD_WRITE),
    ROW("add", sets_add, 3, KR_CMD_WRITE),
    ROW("remove", sets_remove, 3, KR_CMD_WRITE),
    ROW("save", sets_save, 2, KR_CMD_READONLY),
    ROW("load", sets_load, 3, KR_CMD_WRITE),
    ROW("rewrite", sets_rewrite, 2, KR_CMD_READONLY),
    {.name = "sets.journal",
     .run = sets_journal,
     .arity = 1,
     .flags = KR_CMD_READONLY},
};

static const struct kr_import imports[] = {
    KR_NEED(kr_calls),    KR_NEED(kr_codec), KR_NEED(kr_journal),
    KR_NEED(kr_keyspace), KR_NEED(kr_sets),  KR_NEED(kr_types),
};

KR_MODULE(.name = "sets", .version = 10000, .licence = "BSD-3-Clause",
          .self = &self, .flags = KR_MODULE_CAN_UNLOAD,
          .imports = KR_ROWS(imports), .commands = KR_ROWS(commands),
          .activate = sets_activate, .destroy = sets_destroy);
