/* SPDX-License-Identifier: BSD-3-Clause */
/* keys - commands about keys, whatever their values are.
 *
 *   look.c      EXISTS, TYPE, TOUCH, RANDOMKEY, KEYS
 *   scan.c      SCAN
 *   delete.c    DEL, UNLINK
 *   rename.c    RENAME, RENAMENX, MOVE
 *   copy.c      COPY
 *   dump.c      DUMP, RESTORE
 *   sort.c      SORT, SORT_RO, over pattern.c (where to look), ranking.c (who
 *               comes first), collate.c (in which locale), arena.c (texts)
 *   expire.c    EXPIRE and its kin
 *   ttl.c       TTL and its kin, PERSIST
 *   object.c    OBJECT
 *   database.c  DBSIZE, FLUSHDB, FLUSHALL, SWAPDB
 *
 * The host owns the keys; here are their words.  The state is a cache of a
 * few parameters that are somebody else's. */
#include "keys.h"

#include "commands.h"

#include "collate.h"

#include <kr/block.h>
#include <kr/codec.h>
#include <kr/config.h>
#include <kr/event.h>
#include <kr/hash.h>
#include <kr/journal.h>
#include <kr/list.h>
#include <kr/log.h>
#include <kr/memory.h>
#include <kr/set.h>
#include <kr/string.h>
#include <kr/type.h>
#include <kr/zset.h>

KR_USES(kr_block);
KR_USES(kr_calls);
KR_USES(kr_codec);
KR_USES(kr_commands);
KR_USES(kr_config);
KR_USES(kr_events);
KR_USES(kr_hashes);
KR_USES(kr_journal);
KR_USES(kr_keyspace);
KR_USES(kr_lists);
KR_USES(kr_log);
KR_USES(kr_memory);
KR_USES(kr_sets);
KR_USES(kr_strings);
KR_USES(kr_text);
KR_USES(kr_types);
KR_USES(kr_zsets);

bool keys_skip_checksum;

/* --- Parameters that are somebody else's --------------------------------- */

static bool keys_param(const char *name)
{
    struct kr_reply *sink = kr_calls->new_sink(2);
    bool yes = kr_config->get(kr_cstr(name), sink) == KR_OK &&
               kr_str_equal(kr_calls->sink_bytes(sink), KR_STR("yes"));

    kr_calls->free_sink(sink);
    return yes;
}

static void keys_read_params(struct keys *keys)
{
    keys->lazy_user_del = keys_param("lazyfree-lazy-user-del");
    keys->lazy_user_flush = keys_param("lazyfree-lazy-user-flush");
    keys->lazy_server_del = keys_param("lazyfree-lazy-server-del");
    keys->lazy_expire = keys_param("lazyfree-lazy-expire");
    keys->compress = keys_param("rdbcompression");
}

static void keys_on_ready(void *ctx, const void *payload)
{
    (void)payload;
    keys_read_params(ctx);
}

static void keys_on_config(void *ctx, const void *payload)
{
    static const char prefix[] = "lazyfree-lazy-";
    const struct kr_name_event *event = payload;

    if ((event->name.size >= sizeof(prefix) - 1 &&
         memcmp(event->name.data, prefix, sizeof(prefix) - 1) == 0) ||
        kr_str_equal(event->name, KR_STR("rdbcompression")))
        keys_read_params(ctx);
}

/* --- A module's life ----------------------------------------------------- */

static kr_status keys_create(kr_module *self, const struct kr_load_args *args,
                             void **state)
{
    struct keys *keys = kr_memory->calloc(self, 1, sizeof(*keys));
    const char *error;

    (void)args;
    keys->self = self;
    collate_apply(keys, 0, NULL, &error);
    *state = keys;
    return KR_OK;
}

static void keys_activate(kr_module *self, void *state)
{
    kr_events->subscribe(self, KR_EVENT_CONFIG_CHANGED, keys_on_config, state);
    kr_events->subscribe(self, KR_EVENT_READY, keys_on_ready, state);
    keys_read_params(state);
}

static void keys_destroy(kr_module *self, void *state)
{
    struct keys *keys = state;

    if (keys->collate)
        freelocale(keys->collate);
    kr_memory->free(self, keys->page.bytes);
    kr_memory->free(self, keys);
}

/* --- What the host learns ------------------------------------------------ */
/* clang-format off */

static const struct kr_import imports[] = {
    KR_NEED(kr_block),
    KR_NEED(kr_calls),
    KR_NEED(kr_codec),
    KR_NEED(kr_commands),
    KR_NEED(kr_config),
    KR_NEED(kr_events),
    KR_NEED(kr_journal),
    KR_NEED(kr_keyspace),
    KR_NEED(kr_log),
    KR_NEED(kr_memory),
    KR_NEED(kr_text),
    KR_NEED(kr_types),
    /* SORT reads and makes what there is. */
    KR_WANT(kr_hashes),
    KR_WANT(kr_lists),
    KR_WANT(kr_sets),
    KR_WANT(kr_strings),
    KR_WANT(kr_zsets),
};

static const struct kr_param params[] = {
    {.name = "debug-set-skip-checksum-validation", .type = KR_PARAM_BOOL,
     .flags = KR_PARAM_HIDDEN | KR_PARAM_VOLATILE, .slot = &keys_skip_checksum,
     .initial = "no"},
    {.name = "locale-collate", .type = KR_PARAM_STRING, .slot = &collate_name,
     .initial = "", .apply = collate_apply},
};

/* clang-format on */

KR_MODULE(.name = "keys", .version = KEYS_VERSION, .licence = "BSD-3-Clause",
          .author = "The Keyrack authors",
          .summary = "Keys of any type: DEL, RENAME, EXPIRE, SCAN, FLUSHALL",
          .flags = KR_MODULE_CAN_UNLOAD | KR_MODULE_CAN_UPGRADE,
          .imports = KR_ROWS(imports), .params = KR_ROWS(params),
          .commands = {keys_commands, KEYS_COMMAND_COUNT,
                       sizeof(struct kr_command)},
          .create = keys_create, .activate = keys_activate,
          .destroy = keys_destroy);
