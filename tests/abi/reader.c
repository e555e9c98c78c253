/* SPDX-License-Identifier: BSD-3-Clause */
/* reader - a module that uses what another module offers.
 *
 *     READER.READ key -> the gauge's value, twice */
#include "gauge.h"

KR_USES(kr_keyspace);
KR_USES(gauge);

static void reader_read(struct kr_call *call)
{
    struct kr_cell cell;
    int64_t now;

    if (!kr_keyspace->find_arg(call, 1, KR_FIND_READ, &cell))
        kr_reply_null(call->reply);
    else if (!gauge->read(&cell, &now))
        kr_reply_error(call->reply, KR_ERR_WRONGTYPE);
    else
        kr_reply_int64(call->reply, 2 * now);
}

static const struct kr_key_spec reads_key[] = {KR_KEY(KR_KEY_RO, 1, 0, 1)};
static const struct kr_command commands[] = {
    {.name = "reader.read",
     .run = reader_read,
     .arity = 2,
     .flags = KR_CMD_READONLY,
     .keys = KR_ROWS(reads_key)},
};
static const struct kr_import imports[] = {KR_NEED(kr_keyspace),
                                           KR_NEED(gauge)};

KR_MODULE(.name = "reader", .version = 10000, .licence = "BSD-3-Clause",
          .flags = KR_MODULE_CAN_UNLOAD, .imports = KR_ROWS(imports),
          .commands = KR_ROWS(commands));
