/* SPDX-License-Identifier: BSD-3-Clause */
/* dial - a module to be upgraded, with a state, a type, an interface and posts.
 *
 *     DIAL_VERSION    what its functions answer
 *     DIAL_STATE      layout of its state
 *     DIAL_LAYOUT     of its values, which are numbers; load() adds a thousand
 *                     for each layout above 1, and refuses 666
 *     DIAL_CREATE     create() refuses
 *     DIAL_TAKEOVER   takeover() refuses
 *     DIAL_NAMELESS   what it posts is not carried
 *     DIAL_FLAGS      KR_MODULE_
 *     DIAL_NAME       its name */
#include "dial.h"

#include <kr/kr.h>

#ifndef DIAL_VERSION
#define DIAL_VERSION 1
#endif
#ifndef DIAL_STATE
#define DIAL_STATE 1
#endif
#ifndef DIAL_LAYOUT
#define DIAL_LAYOUT 1
#endif
#ifndef DIAL_FLAGS
#define DIAL_FLAGS (KR_MODULE_CAN_UPGRADE | KR_MODULE_CAN_UNLOAD)
#endif
#ifndef DIAL_NAME
#define DIAL_NAME "dial"
#endif

KR_USES(kr_codec);
KR_USES(kr_loop);
KR_USES(kr_memory);

struct dial {
    int turns;
    int told;
};

static kr_module *dial_self;
static struct dial *dial;
static uint16_t dial_slot;

/* --- The interface ------------------------------------------------------- */

static int dial_version(void)
{
    return DIAL_VERSION;
}

static int dial_turn(void)
{
    return ++dial->turns;
}

static void dial_told(void *ctx)
{
    (void)ctx;
    dial->told = DIAL_VERSION;
}

static void dial_post(void)
{
    kr_loop->post(dial_self, dial_told, NULL);
}

static int dial_who_told(void)
{
    return dial->told;
}

static const struct test_dial table = {sizeof(table), 0,         dial_version,
                                       dial_turn,     dial_post, dial_who_told};
static const struct kr_offer offers[] = {{"test.dial/1", &table}};

/* --- The type ------------------------------------------------------------ */

static void dial_save(const struct kr_peek *value, kr_writer *out)
{
    int64_t number;

    memcpy(&number, value->data, sizeof(number));
    kr_codec->write_int64(out, number);
}

static bool dial_load(kr_reader *in, uint32_t code, uint32_t format,
                      struct kr_value *out)
{
    int64_t *number = kr_codec->read_room(in, sizeof(*number));

    (void)code, (void)format;
    if (!number || !kr_codec->read_int64(in, number) || *number == 666)
        return false;
    *number += 1000 * (DIAL_LAYOUT - 1);
    out->bytes = kr_str((const char *)number, sizeof(*number));
    return true;
}

static const struct kr_type dial_type = {
    .size = sizeof(struct kr_type),
    .layout = DIAL_LAYOUT,
    .format = 1,
    .name = "dial",
    .file_name = "dial--kr1",
    .slot = &dial_slot,
    .save = dial_save,
    .load = dial_load,
};
static const struct kr_type *const types[] = {&dial_type};

/* --- Its life ------------------------------------------------------------ */

static kr_status dial_create(kr_module *self, const struct kr_load_args *args,
                             void **state)
{
#ifdef DIAL_CREATE
    snprintf(args->error, args->error_size, "told to");
    return KR_EFAIL;
#endif
    (void)args;
    dial = kr_memory->calloc(self, 1, sizeof(*dial));
    *state = dial;
    return KR_OK;
}

static void dial_destroy(kr_module *self, void *state)
{
    kr_memory->free(self, state);
}

static kr_status dial_takeover(kr_module *self, void *state,
                               const struct kr_handover *in)
{
#ifdef DIAL_TAKEOVER
    snprintf(in->error, in->error_size, "told to");
    return KR_EFAIL;
#endif
    memcpy(state, in->state, sizeof(struct dial));
    kr_memory->free(self, in->state);
    return KR_OK;
}

static const struct kr_import imports[] = {KR_NEED(kr_codec), KR_NEED(kr_loop),
                                           KR_NEED(kr_memory)};
#ifndef DIAL_NAMELESS
static const struct kr_carried carried[] = {KR_CARRIES(dial_told)};
#endif

KR_MODULE(.name = DIAL_NAME, .version = DIAL_VERSION, .flags = DIAL_FLAGS,
          .self = &dial_self, .imports = KR_ROWS(imports),
          .offers = KR_ROWS(offers), .types = KR_ROWS(types),
#ifndef DIAL_NAMELESS
          .carried = KR_ROWS(carried),
#endif
          .layout = DIAL_STATE, .create = dial_create, .destroy = dial_destroy,
          .takeover = dial_takeover);
