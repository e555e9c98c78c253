/* SPDX-License-Identifier: BSD-3-Clause */
/* input - reading, parsing and running what clients send.  See input.c. */
#ifndef CORE_NET_INPUT_H
#define CORE_NET_INPUT_H

#include "core/net/client.h"

void input_init(void);
void input_fini(void);
/* Memory that an unusual command has left behind goes back. */
void input_trim(void);

/* libevent's callback for a client's socket: it is served when the loop has
 * told of all. */
void input_readable(evutil_socket_t fd, short what, void *ctx);
/* Read what has come, and run it as far as it is whole. */
void input_receive(struct kr_client *client);

void input_free(struct kr_client *client);
size_t input_memory(const struct kr_client *client);
/* Add what has come of large arguments, and what is yet to come. */
void input_big(const struct kr_client *client, uint64_t *used, uint64_t *free);
/* Bytes of the words of the command that it holds, if any. */
size_t input_held(const struct kr_client *client);

#endif
