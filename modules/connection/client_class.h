/* SPDX-License-Identifier: BSD-3-Clause */
/* client_class - the types of clients that CLIENT LIST and KILL tell apart. */
#ifndef CONNECTION_CLIENT_CLASS_H
#define CONNECTION_CLIENT_CLASS_H

#include <kr/call.h>
#include <kr/client.h>

enum client_class {
    CLIENT_CLASS_ANY, /* not said */
    CLIENT_CLASS_NORMAL,
    CLIENT_CLASS_REPLICA,
    CLIENT_CLASS_PUBSUB,
    CLIENT_CLASS_PRIMARY,
};

/* The type that argument `i` names; false: the error has been replied. */
bool client_class_read(struct kr_call *call, uint32_t i,
                       enum client_class *class);

/* Is the client of that type?  A monitor is a normal client here. */
bool client_class_has(enum client_class class, const kr_client *client);

#endif
