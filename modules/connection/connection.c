/* SPDX-License-Identifier: BSD-3-Clause */
/* connection - a client about itself: who it is, what it speaks, where it is.
 *
 *   ping.c      PING, ECHO
 *   session.c   SELECT, RESET, QUIT
 *   auth.c      AUTH, and the gate that asks for it
 *   hello.c     HELLO
 *   client*.c   CLIENT
 *
 * The host keeps the facts of a client; this module gives them words.  It can
 * be upgraded but not unloaded: with it went the gate that keeps strangers
 * out. */
#include "connection.h"

#include "auth.h"
#include "commands.h"

#include <kr/block.h>
#include <kr/config.h>
#include <kr/event.h>
#include <kr/memory.h>

#include <stdio.h>

KR_USES(kr_block);
KR_USES(kr_calls);
KR_USES(kr_clients);
KR_USES(kr_commands);
KR_USES(kr_events);
KR_USES(kr_gates);
KR_USES(kr_info);
KR_USES(kr_keyspace);
KR_USES(kr_memory);
KR_USES(kr_modules);
KR_USES(kr_text);

static kr_status connection_create(kr_module *self,
                                   const struct kr_load_args *args,
                                   void **state)
{
    struct connection *connection =
        kr_memory->calloc(self, 1, sizeof(*connection));

    connection->self = self;
    if (!auth_init(connection)) {
        snprintf(args->error, args->error_size,
                 "there are too many gates, or events, for one more");
        kr_memory->free(self, connection);
        return KR_EFAIL;
    }
    *state = connection;
    return KR_OK;
}

static void connection_activate(kr_module *self, void *state)
{
    (void)self;
    auth_start(state);
}

static void connection_destroy(kr_module *self, void *state)
{
    kr_memory->free(self, state);
}

static kr_status connection_takeover(kr_module *self, void *state,
                                     const struct kr_handover *in)
{
    ((struct connection *)state)->upgraded = true;
    kr_memory->free(self, in->state);
    return KR_OK;
}

/* --- What the host learns ------------------------------------------------ */
/* clang-format off */

static const struct kr_import imports[] = {
    KR_NEED(kr_block),
    KR_NEED(kr_calls),
    KR_NEED(kr_clients),
    KR_NEED(kr_commands),
    KR_NEED(kr_events),
    KR_NEED(kr_gates),
    KR_NEED(kr_info),
    KR_NEED(kr_keyspace),
    KR_NEED(kr_memory),
    KR_NEED(kr_modules),
    KR_NEED(kr_text),
};

static const struct kr_param params[] = {
    {.name = "requirepass", .type = KR_PARAM_BYTES, .flags = KR_PARAM_SECRET,
     .slot = &auth_requirepass, .initial = ""},
};

/* clang-format on */

KR_MODULE(.name = "connection", .version = CONNECTION_VERSION,
          .licence = "BSD-3-Clause", .author = "The Keyrack authors",
          .summary = "Connections: PING, HELLO, AUTH, SELECT, CLIENT",
          .flags = KR_MODULE_CAN_UPGRADE, .imports = KR_ROWS(imports),
          .commands = {connection_commands, CONNECTION_COMMAND_COUNT,
                       sizeof(struct kr_command)},
          .params = KR_ROWS(params), .create = connection_create,
          .activate = connection_activate, .destroy = connection_destroy,
          .layout = CONNECTION_LAYOUT, .takeover = connection_takeover);
