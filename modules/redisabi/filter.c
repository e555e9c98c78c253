/* SPDX-License-Identifier: BSD-3-Clause */
/* filter - guests that change commands before anybody looks at them.
 *
 * One gate of the host's for all filters, in the order in which they came; it is
 * armed while there are any, so that without them a command costs nothing.
 *
 *   words    [ "get" | "a" | "b" ]     the call's, or ours once one is changed
 *   strings  [ NULL  | str | NULL ]    made when a filter asks for them
 *
 * What has been changed lives until the call is over. */
#include "context.h"
#include "denied.h"
#include "text.h"

struct RedisModuleCommandFilter {
    struct RedisModuleCommandFilter *next;
    struct guest *guest;
    RedisModuleCommandFilterFunc run;
    int flags; /* REDISMODULE_CMDFILTER_ */
};

#define WORDS_ON_STACK 16u

struct RedisModuleCommandFilterCtx {
    const kr_client *client;
    uint32_t argc, room;
    const struct kr_str *words;
    RedisModuleString **strings;
    RedisModuleString *few[WORDS_ON_STACK];
    bool changed;
};

/* --- The words of a call -------------------------------------------------- */

static void filter_open(RedisModuleCommandFilterCtx *filter,
                        const struct kr_call *call)
{
    filter->client = call->client;
    filter->argc = call->argc;
    filter->words = call->argv;
    filter->changed = false;
    filter->strings = filter->few;
    filter->room = WORDS_ON_STACK;
    if (call->argc > WORDS_ON_STACK) {
        filter->room = call->argc;
        filter->strings = kr_memory->calloc(redisabi_self, call->argc,
                                            sizeof(*filter->strings));
    } else {
        memset(filter->few, 0, sizeof(filter->few));
    }
}

/* From the first change on all words are strings of ours. */
static void filter_change(RedisModuleCommandFilterCtx *filter)
{
    for (uint32_t i = 0; i < filter->argc && !filter->changed; i++) {
        if (!filter->strings[i])
            filter->strings[i] = text_new(filter->words[i]);
    }
    filter->changed = true;
}

static void filter_close(RedisModuleCommandFilterCtx *filter)
{
    for (uint32_t i = 0; i < filter->argc; i++)
        text_release(filter->strings[i]);
    if (filter->strings != filter->few)
        kr_memory->free(redisabi_self, filter->strings);
}

/* --- What is left of a change --------------------------------------------- */

struct changed {
    uint32_t argc;
    RedisModuleString **strings; /* behind the words */
    struct kr_str words[];
};

static void changed_free(void *given)
{
    struct changed *changed = given;

    for (uint32_t i = 0; i < changed->argc; i++)
        text_release(changed->strings[i]);
    kr_memory->free(redisabi_self, changed);
}

/* No command is left of one that has lost all its words: it stays as it was. */
static void filter_apply(RedisModuleCommandFilterCtx *filter,
                         struct kr_call *call)
{
    size_t each = sizeof(struct kr_str) + sizeof(RedisModuleString *);
    struct changed *changed;

    if (!filter->changed || filter->argc == 0)
        return;
    changed =
        kr_memory->alloc(redisabi_self, sizeof(*changed) + filter->argc * each);
    changed->argc = filter->argc;
    changed->strings = (RedisModuleString **)(changed->words + filter->argc);
    for (uint32_t i = 0; i < filter->argc; i++) {
        changed->strings[i] = filter->strings[i];
        changed->strings[i]->references++;
        changed->words[i] = text_view(filter->strings[i]);
    }
    call->argv = changed->words;
    call->argc = changed->argc;
    kr_calls->later(redisabi_self, changed_free, changed);
}

/* --- The gate ------------------------------------------------------------- */

static int32_t filter_gate(struct kr_call *call,
                           const struct kr_outcome *outcome, void *ctx)
{
    struct house *all = ctx;
    RedisModuleCommandFilterCtx filter;

    (void)outcome;
    filter_open(&filter, call);
    for (RedisModuleCommandFilter *f = all->filters, *next; f; f = next) {
        next = f->next;
        if (f->guest->serves &&
            !(f->flags & REDISMODULE_CMDFILTER_NOSELF && f->guest->calls > 0))
            f->run(&filter);
    }
    filter_apply(&filter, call);
    filter_close(&filter);
    return KR_GATE_PASS;
}

static void filters_arm(struct house *all)
{
    if (!all->filter_gate)
        all->filter_gate = kr_gates->add(all->self, "filters", KR_STAGE_FILTER,
                                         100, filter_gate, all);
    if (!all->filter_gate)
        return;
    if (all->filters)
        kr_gates->arm(all->filter_gate, NULL);
    else
        kr_gates->disarm(all->filter_gate, NULL);
}

RedisModuleCommandFilter *
rm_RegisterCommandFilter(RedisModuleCtx *ctx, RedisModuleCommandFilterFunc run,
                         int flags)
{
    struct house *all = house();
    RedisModuleCommandFilter **at = &all->filters;

    if (guest_is_denied(ctx->guest, LENT_GATES, "RegisterCommandFilter"))
        return NULL;
    while (*at)
        at = &(*at)->next;
    *at = kr_memory->alloc(redisabi_self, sizeof(**at));
    **at = (RedisModuleCommandFilter){NULL, ctx->guest, run, flags};
    filters_arm(all);
    return *at;
}

int rm_UnregisterCommandFilter(RedisModuleCtx *ctx,
                               RedisModuleCommandFilter *filter)
{
    struct house *all = house();
    RedisModuleCommandFilter **at = &all->filters;

    while (*at && *at != filter)
        at = &(*at)->next;
    if (!*at || filter->guest != ctx->guest)
        return REDISMODULE_ERR;
    *at = filter->next;
    kr_memory->free(redisabi_self, filter);
    filters_arm(all);
    return REDISMODULE_OK;
}

void filters_forget(struct guest *guest)
{
    struct house *all = house();

    HELD_FORGET(all->filters, guest);
    if (all->filter_gate)
        filters_arm(all);
}

/* --- For the filters ------------------------------------------------------ */

int rm_CommandFilterArgsCount(RedisModuleCommandFilterCtx *filter)
{
    return (int)filter->argc;
}

static bool filter_has(const RedisModuleCommandFilterCtx *filter, int pos)
{
    return pos >= 0 && (uint32_t)pos < filter->argc;
}

/* Borrowed: it lives as long as the word stands there. */
RedisModuleString *rm_CommandFilterArgGet(RedisModuleCommandFilterCtx *filter,
                                          int pos)
{
    if (!filter_has(filter, pos))
        return NULL;
    if (!filter->strings[pos])
        filter->strings[pos] = text_new(filter->words[pos]);
    return filter->strings[pos];
}

static void filter_make_room(RedisModuleCommandFilterCtx *filter)
{
    RedisModuleString **more;

    if (filter->argc < filter->room)
        return;
    filter->room *= 2;
    more = kr_memory->calloc(redisabi_self, filter->room, sizeof(*more));
    memcpy(more, filter->strings, filter->argc * sizeof(*more));
    if (filter->strings != filter->few)
        kr_memory->free(redisabi_self, filter->strings);
    filter->strings = more;
}

/* The filter's reference to `word` becomes ours, here and in the next. */
int rm_CommandFilterArgInsert(RedisModuleCommandFilterCtx *filter, int pos,
                              RedisModuleString *word)
{
    RedisModuleString **at;

    if (pos < 0 || (uint32_t)pos > filter->argc)
        return REDISMODULE_ERR;
    filter_change(filter);
    filter_make_room(filter);
    at = filter->strings + pos;
    memmove(at + 1, at, (filter->argc - (uint32_t)pos) * sizeof(*at));
    *at = word;
    filter->argc++;
    return REDISMODULE_OK;
}

int rm_CommandFilterArgReplace(RedisModuleCommandFilterCtx *filter, int pos,
                               RedisModuleString *word)
{
    if (!filter_has(filter, pos))
        return REDISMODULE_ERR;
    filter_change(filter);
    text_release(filter->strings[pos]);
    filter->strings[pos] = word;
    return REDISMODULE_OK;
}

int rm_CommandFilterArgDelete(RedisModuleCommandFilterCtx *filter, int pos)
{
    RedisModuleString **at;

    if (!filter_has(filter, pos))
        return REDISMODULE_ERR;
    filter_change(filter);
    at = filter->strings + pos;
    text_release(*at);
    memmove(at, at + 1, (filter->argc - (uint32_t)pos - 1) * sizeof(*at));
    filter->argc--;
    return REDISMODULE_OK;
}

unsigned long long
rm_CommandFilterGetClientId(RedisModuleCommandFilterCtx *filter)
{
    return filter->client ? kr_clients->id(filter->client) : 0;
}
