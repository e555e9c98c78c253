/* SPDX-License-Identifier: BSD-3-Clause */
/* faulty - a module that breaks one of the rules, FAULT says which: each is to be
 * found by `keyrack-module conform`.  Without FAULT it is a good one.
 *
 *     FAULTY.PUSH key number ...   -> how many numbers there are
 *     FAULTY.ALL key               -> the numbers
 *     FAULTY.WAIT key              -> 1 once somebody pushes, or nil
 *
 *     boxed    | count | room | number ... |     saved as count and numbers
 */
#define _POSIX_C_SOURCE 200809L

#include <kr/kr.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* clang-format off */
enum {
    NONE,
    LEAVES_FILE,
    LEAVES_STATE,
    TAKES_ANY_COUNT,
    ANSWERS_TWICE,
    ANSWERS_NOTHING,
    ANSWERS_FEWER,
    ANSWERS_RESP2,
    WAITS_UNFLAGGED,
    READS_AND_WRITES,
    TELLS_NOBODY,
    FREES_HALF,
    FREES_NO_ERROR,
    COPIES_HALF,
    COPIES_BOX,
    WEIGHS_NOTHING,
    WEIGHS_TOO_MUCH,
    LOADS_HALF,
    LOADS_NOTHING,
    REWRITES_HALF,
    PUSHES_BY_CHANCE,
    TRUSTS_COUNT,
    REFUSES_ITSELF,
    TAKES_AND_LEAKS,
    CRASHES_AT_WORDS,
    TRUSTS_HEAP,
    SAVES_BY_STATE,
};
/* clang-format on */

#ifndef FAULT
#define FAULT NONE
#endif

KR_USES(kr_block);
KR_USES(kr_codec);
KR_USES(kr_keyspace);
KR_USES(kr_memory);
KR_USES(kr_text);

static kr_module *faulty_self;
static uint16_t faulty_slot;

struct numbers {
    uint64_t count;
    uint64_t room;
    int64_t *at;
};

struct state {
    int64_t *ballast; /* so that there is something to hand over */
    bool ready;
};

static struct state *faulty_state; /* for faults that should not have it */

/* --- The value ----------------------------------------------------------- */

static struct numbers *numbers_of(const struct kr_peek *value)
{
    struct numbers *numbers;

    memcpy(&numbers, value->data, sizeof(numbers));
    return numbers;
}

static void numbers_free(void *box)
{
    struct numbers *numbers = box;

    if (FAULT != FREES_HALF)
        kr_memory->free(faulty_self, numbers->at);
    kr_memory->free(faulty_self, numbers);
}

/* NULL: no memory. */
static struct numbers *numbers_new(uint64_t room)
{
    struct numbers *numbers =
        kr_memory->calloc(faulty_self, 1, sizeof(*numbers));

    numbers->room = room;
    numbers->at = kr_memory->try_alloc(faulty_self, room * sizeof(int64_t));
    if (!numbers->at && FAULT != TRUSTS_HEAP) {
        kr_memory->free(faulty_self, numbers);
        return NULL;
    }
    return numbers;
}

/* false: no memory. */
static bool numbers_add(struct numbers *numbers, int64_t number)
{
    if (numbers->count == numbers->room) {
        uint64_t room = 2 * numbers->room;
        int64_t *at = kr_memory->try_realloc(faulty_self, numbers->at,
                                             room * sizeof(int64_t));

        if (!at)
            return false;
        numbers->at = at;
        numbers->room = room;
    }
    numbers->at[numbers->count++] = number;
    return true;
}

static size_t numbers_memory(const struct kr_peek *value, size_t samples)
{
    const struct numbers *numbers = numbers_of(value);

    (void)samples;
    if (FAULT == WEIGHS_NOTHING)
        return 1;
    if (FAULT == WEIGHS_TOO_MUCH)
        return 1000000;
    return kr_memory->usable(numbers) + kr_memory->usable(numbers->at);
}

static bool numbers_copy(const struct kr_peek *value, struct kr_value *out)
{
    const struct numbers *from = numbers_of(value);
    struct numbers *copy;

    out->boxed = true;
    if (FAULT == COPIES_BOX) {
        out->box = numbers_of(value);
        return true;
    }
    copy = numbers_new(from->room);
    if (!copy)
        return false;
    copy->count = FAULT == COPIES_HALF ? from->count / 2 : from->count;
    memcpy(copy->at, from->at, from->count * sizeof(int64_t));
    out->box = copy;
    return true;
}

static void numbers_digest(const struct kr_peek *value, kr_digest *digest)
{
    const struct numbers *numbers = numbers_of(value);

    kr_codec->digest_mix(digest, kr_str((const char *)numbers->at,
                                        numbers->count * sizeof(int64_t)));
}

static void numbers_save(const struct kr_peek *value, kr_writer *out)
{
    const struct numbers *numbers = numbers_of(value);
    uint64_t count = numbers->count;

    if (FAULT == SAVES_BY_STATE && !faulty_state->ready)
        count = 0;
    kr_codec->write_uint64(out, count);
    for (uint64_t i = 0; i < count; i++)
        kr_codec->write_int64(out, numbers->at[i]);
}

static bool numbers_load(kr_reader *in, uint32_t code, uint32_t format,
                         struct kr_value *out)
{
    struct numbers *numbers;
    uint64_t count;
    int64_t number;

    (void)code, (void)format;
    if (FAULT == LOADS_NOTHING || !kr_codec->read_uint64(in, &count))
        return false;
    if (FAULT == TRUSTS_COUNT) /* where nobody has looked how many come */
        kr_memory->free(faulty_self,
                        kr_memory->alloc(faulty_self, count * sizeof(number)));
    numbers = numbers_new(1);
    if (!numbers)
        return false;
    out->boxed = true;
    out->box = numbers;
    while (count-- > 0) {
        if (!kr_codec->read_int64(in, &number) ||
            !numbers_add(numbers, number)) {
            numbers_free(numbers);
            return false;
        }
    }
    if (FAULT == LOADS_HALF)
        numbers->count = (numbers->count + 1) / 2;
    return true;
}

static void numbers_rewrite(const struct kr_peek *value, struct kr_str key,
                            kr_writer *out)
{
    const struct numbers *numbers = numbers_of(value);
    uint64_t count = numbers->count;

    if (FAULT == REWRITES_HALF)
        count = (count + 1) / 2;
    for (uint64_t i = 0; i < count; i++) {
        char text[KR_INT64_TEXT];
        struct kr_str argv[] = {KR_STR("faulty.push"), key, {text, 0}};

        argv[2].size = kr_text->from_int64(numbers->at[i], text);
        kr_codec->emit(out, 3, argv);
    }
}

static const struct kr_type faulty_type = {
    .size = sizeof(struct kr_type),
    .name = "faulty",
    .file_name = "faultykr1",
    .layout = 1,
    .format = 1,
    .slot = &faulty_slot,
    .free = numbers_free,
    .memory = numbers_memory,
    .copy = numbers_copy,
    .digest = numbers_digest,
    .save = numbers_save,
    .load = numbers_load,
    .rewrite = numbers_rewrite,
};
static const struct kr_type *const types[] = {&faulty_type};

/* --- The commands -------------------------------------------------------- */

/* The numbers at argument 1, made if they are not there; NULL: replied. */
static struct numbers *push_find(struct kr_call *call)
{
    struct numbers *numbers;
    struct kr_cell cell;
    bool wrong;

    if (kr_find_typed(call, 1, KR_FIND_WRITE, faulty_slot, &cell, &wrong))
        return kr_cell_box(&cell);
    if (wrong)
        return NULL;
    numbers = numbers_new(1);
    if (!numbers) {
        kr_reply_error(call->reply, "OOM no memory for numbers");
        return NULL;
    }
    kr_keyspace->put(call, 1, faulty_slot, 0, KR_PUT_BOXED, 0, &cell);
    kr_cell_set_box(&cell, numbers);
    return numbers;
}

static void push(struct kr_call *call)
{
    int64_t number;
    struct numbers *numbers;
    void *scratch = kr_memory->alloc(faulty_self, 100);

    for (uint32_t i = 2; i < call->argc; i++) {
        if (!kr_arg_int64(call, i, &number)) {
            if (FAULT != FREES_NO_ERROR)
                kr_memory->free(faulty_self, scratch);
            return;
        }
    }
    kr_memory->free(faulty_self, scratch);
    numbers = push_find(call);
    if (!numbers)
        return;
    for (uint32_t i = 2; i < call->argc; i++) {
        (void)kr_text->to_int64(call->argv[i], &number);
        if (FAULT == PUSHES_BY_CHANCE)
            number = (int64_t)kr_text->random();
        if (!numbers_add(numbers, number))
            break;
    }
    if (FAULT != TELLS_NOBODY)
        kr_keyspace->changed(call, call->db, call->argv[1], KR_CLASS_MODULE,
                             KR_STR("faulty.push"));
    kr_block->ready(call->db, call->argv[1]);
    kr_reply_int64(call->reply, (int64_t)numbers->count);
}

static void all_reply(struct kr_call *call, const struct numbers *numbers)
{
    kr_reply_array(call->reply, FAULT == ANSWERS_FEWER ? numbers->count + 1
                                                       : numbers->count);
    for (uint64_t i = 0; i < numbers->count; i++)
        kr_reply_int64(call->reply, numbers->at[i]);
    if (FAULT == ANSWERS_TWICE)
        kr_reply_ok(call->reply);
}

static void all(struct kr_call *call)
{
    struct kr_cell cell;
    bool wrong;

    if (kr_find_typed(call, 1, 0, faulty_slot, &cell, &wrong)) {
        if (FAULT == READS_AND_WRITES)
            (void)numbers_add(kr_cell_box(&cell), 1);
        if (FAULT == ANSWERS_RESP2)
            call->reply->ops->raw(call->reply, KR_STR("$-1\r\n"));
        else
            all_reply(call, kr_cell_box(&cell));
    } else if (!wrong && FAULT != ANSWERS_NOTHING) {
        kr_reply_array(call->reply, 0);
    }
    if (FAULT == CRASHES_AT_WORDS && call->argv[1].size == 6)
        abort();
}

static bool wait_woken(struct kr_call *call, uint32_t why, struct kr_str key,
                       void *ctx)
{
    (void)key, (void)ctx;
    if (why == KR_WAKE_READY)
        kr_reply_int64(call->reply, 1);
    else if (why != KR_WAKE_GONE)
        kr_reply_null(call->reply);
    return true;
}

static void wait(struct kr_call *call)
{
    struct kr_park how = {.size = sizeof(how),
                          .key_count = 1,
                          .keys = &call->argv[1],
                          .wake = wait_woken};

    if (!kr_block->park(call, &how))
        kr_reply_null(call->reply);
}

static void all_refused(struct kr_call *call, struct kr_str error)
{
    if (FAULT == TAKES_ANY_COUNT)
        kr_reply_ok(call->reply);
    else
        call->reply->ops->error(call->reply, error);
}

static const struct kr_key_spec write_key[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_UPDATE, 1, 0, 1),
};
static const struct kr_key_spec read_key[] = {
    KR_KEY(KR_KEY_RO | KR_KEY_ACCESS, 1, 0, 1),
};
static const struct kr_command commands[] = {
    {.name = "faulty.push",
     .run = push,
     .arity = -3,
     .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
     .keys = KR_ROWS(write_key)},
    {.name = "faulty.all",
     .run = all,
     .arity = 2,
     .flags = KR_CMD_READONLY,
     .keys = KR_ROWS(read_key),
     .refused = all_refused},
    {.name = "faulty.wait",
     .run = wait,
     .arity = 2,
     .flags = FAULT == WAITS_UNFLAGGED ? KR_CMD_READONLY
                                       : KR_CMD_READONLY | KR_CMD_BLOCKING,
     .keys = KR_ROWS(read_key)},
};

/* --- The module's life --------------------------------------------------- */

static kr_status create(kr_module *self, const struct kr_load_args *args,
                        void **out)
{
    struct state *state = kr_memory->calloc(self, 1, sizeof(*state));

    (void)args;
    state->ballast = kr_memory->calloc(self, 16, sizeof(int64_t));
    if (FAULT == LEAVES_FILE && open("/dev/null", O_RDONLY) < 0)
        abort();
    faulty_state = state;
    *out = state;
    return KR_OK;
}

static void activate(kr_module *self, void *state)
{
    (void)self;
    ((struct state *)state)->ready = true;
}

static void deactivate(kr_module *self, void *state)
{
    (void)self;
    ((struct state *)state)->ready = false;
}

static void destroy(kr_module *self, void *ctx)
{
    struct state *state = ctx;

    if (FAULT != LEAVES_STATE)
        kr_memory->free(self, state->ballast);
    kr_memory->free(self, state);
}

static kr_status takeover(kr_module *self, void *ctx,
                          const struct kr_handover *in)
{
    struct state *now = ctx, *then = in->state;

    if (FAULT == REFUSES_ITSELF) {
        snprintf(in->error, in->error_size, "it knows no such state");
        return KR_EVERSION;
    }
    if (FAULT != TAKES_AND_LEAKS)
        kr_memory->free(self, now->ballast);
    now->ballast = then->ballast;
    kr_memory->free(self, then);
    return KR_OK;
}

static const struct kr_import imports[] = {
    KR_NEED(kr_block),  KR_NEED(kr_codec), KR_NEED(kr_keyspace),
    KR_NEED(kr_memory), KR_NEED(kr_text),
};
static const struct kr_carried carried[] = {KR_CARRIES(wait_woken)};

KR_MODULE(.name = "faulty", .version = 10000, .licence = "BSD-3-Clause",
          .flags = KR_MODULE_CAN_UNLOAD | KR_MODULE_CAN_UPGRADE,
          .self = &faulty_self, .imports = KR_ROWS(imports),
          .types = KR_ROWS(types), .commands = KR_ROWS(commands),
          .create = create, .activate = activate, .deactivate = deactivate,
          .destroy = destroy, .takeover = takeover, .layout = 1,
          .carried = KR_ROWS(carried));
