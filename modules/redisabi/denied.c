/* SPDX-License-Identifier: BSD-3-Clause */
#include "denied.h"

#include <kr/hash.h>
#include <kr/list.h>
#include <kr/pubsub.h>
#include <kr/set.h>
#include <kr/snapshot.h>
#include <kr/stream.h>
#include <kr/string.h>
#include <kr/zset.h>

#include <errno.h>
#include <stdio.h>

/* What is registered by it stays as long as the guest; the others are asked for
 * at each call. */
static const struct {
    const char *id;
    bool stays;
} lent[LENT_COUNT] = {
    [LENT_CALLS] = {kr_calls_id, false},
    [LENT_COMMANDS] = {kr_commands_id, true},
    [LENT_CONFIG] = {kr_config_id, true},
    [LENT_EVENTS] = {kr_events_id, true},
    [LENT_FILES] = {kr_files_id, false},
    [LENT_GATES] = {kr_gates_id, true},
    [LENT_INFO] = {kr_info_id, true},
    [LENT_PUBSUB] = {kr_pubsub_id, false},
    [LENT_SNAPSHOT] = {kr_snapshot_id, false},
    [LENT_TYPES] = {kr_types_id, true},
};

/* What functions without an answer for it rest on. */
static const char *const needed[] = {
    kr_block_id,   kr_children_id, kr_clients_id,  kr_codec_id,
    kr_hashes_id,  kr_journal_id,  kr_keyspace_id, kr_lists_id,
    kr_log_id,     kr_loop_id,     kr_memory_id,   kr_sets_id,
    kr_streams_id, kr_text_id,     kr_strings_id,  kr_zsets_id,
};

static void denied_explain(struct guest *guest, const char *function,
                           const char *id)
{
    const char *rule = kr_modules->denied_by(guest->self, id);

    snprintf(guest->refusal, sizeof(guest->refusal),
             "%s uses interface %s, which the configuration denies it "
             "(module-deny %s)",
             function, id, rule ? rule : "");
}

bool guest_is_denied(struct guest *guest, enum lent what, const char *function)
{
    char name[64];

    if (!guest)
        return false;
    if (kr_modules->may_use(guest->self, lent[what].id)) {
        guest->used |= 1u << what;
        return false;
    }
    snprintf(name, sizeof(name), "RedisModule_%s()", function);
    denied_explain(guest, name, lent[what].id);
    if (!(guest->told & 1u << what))
        kr_logf(guest->self, KR_LOG_WARNING, "its %s", guest->refusal);
    guest->told |= 1u << what;
    errno = EACCES;
    return true;
}

bool guest_may_be_hosted(struct guest *guest)
{
    for (size_t i = 0; i < KR_COUNT(needed); i++) {
        if (kr_modules->may_use(guest->self, needed[i]))
            continue;
        denied_explain(guest, "what every module for Redis gets", needed[i]);
        return false;
    }
    return true;
}

bool guest_uses(kr_module *child, void *state, const char *id)
{
    const struct guest *guest = state;

    (void)child;
    for (size_t i = 0; i < KR_COUNT(needed); i++)
        if (strcmp(needed[i], id) == 0)
            return true;
    for (size_t i = 0; i < LENT_COUNT; i++)
        if (strcmp(lent[i].id, id) == 0)
            return lent[i].stays && guest->used & 1u << i;
    return false;
}
