/* SPDX-License-Identifier: BSD-3-Clause */
/* diary - a module that reads the journal.
 *
 *     DIARY.READ -> the effects since the last time, each an array of words */
#include <kr/kr.h>

KR_USES(kr_journal);
KR_USES(kr_calls);

static kr_module *diary_self;
static struct kr_reply *diary; /* RESP of the effects */
static uint64_t diary_count;

static void diary_write(void *ctx, const struct kr_effect *effect)
{
    (void)ctx;
    kr_reply_array(diary, effect->argc);
    for (uint32_t i = 0; i < effect->argc; i++)
        kr_reply_bulk(diary, effect->argv[i]);
    diary_count++;
}

static void diary_read(struct kr_call *call)
{
    kr_reply_array(call->reply, diary_count);
    call->reply->ops->raw(call->reply, kr_calls->sink_bytes(diary));
    kr_calls->sink_reset(diary);
    diary_count = 0;
}

static void diary_activate(kr_module *self, void *state)
{
    (void)state;
    diary = kr_calls->new_sink(2);
    (void)kr_journal->attach(self, KR_JOURNAL_ALL, diary_write, NULL);
}

static void diary_destroy(kr_module *self, void *state)
{
    (void)self;
    (void)state;
    kr_calls->free_sink(diary);
}

static const struct kr_command commands[] = {
    {.name = "diary.read", .run = diary_read, .arity = 1},
};
static const struct kr_import imports[] = {KR_NEED(kr_journal),
                                           KR_NEED(kr_calls)};

KR_MODULE(.name = "diary", .version = 10000, .licence = "BSD-3-Clause",
          .flags = KR_MODULE_CAN_UNLOAD, .self = &diary_self,
          .imports = KR_ROWS(imports), .commands = KR_ROWS(commands),
          .activate = diary_activate, .destroy = diary_destroy);
