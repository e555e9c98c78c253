/* SPDX-License-Identifier: BSD-3-Clause */
/* client - CLIENT, as far as it is about the connection that asks: its number,
 * its names, and how it wants to be treated. */
#include "commands.h"
#include "connection.h"
#include "label.h"

void connection_client_id(struct kr_call *call)
{
    kr_client *client = connection_client(call);

    if (client)
        kr_reply_int64(call->reply, (int64_t)kr_clients->id(client));
}

/* --- Names --------------------------------------------------------------- */

void connection_client_getname(struct kr_call *call)
{
    kr_client *client = connection_client(call);
    struct kr_str name;

    if (!client)
        return;
    name = kr_clients->text(client, "name");
    if (name.size > 0)
        kr_reply_bulk(call->reply, name);
    else
        kr_reply_null(call->reply);
}

void connection_client_setname(struct kr_call *call)
{
    kr_client *client = connection_client(call);

    if (!client)
        return;
    if (!label_is_plain(call->argv[2])) {
        kr_reply_error(call->reply, LABEL_NAME_REFUSED);
        return;
    }
    kr_clients->set_text(client, "name", call->argv[2]);
    kr_reply_ok(call->reply);
}

void connection_client_setinfo(struct kr_call *call)
{
    kr_client *client = connection_client(call);
    const char *which;

    if (!client)
        return;
    if (kr_arg_is(call, 2, "lib-name")) {
        which = "lib-name";
    } else if (kr_arg_is(call, 2, "lib-ver")) {
        which = "lib-ver";
    } else {
        kr_reply_errorf(call->reply, "ERR Unrecognized option '%.*s'",
                        KR_QUOTE(call->argv[2], 512));
        return;
    }
    if (!label_is_plain(call->argv[3])) {
        kr_reply_errorf(call->reply,
                        "ERR %.*s cannot contain spaces, newlines or special "
                        "characters.",
                        KR_QUOTE(call->argv[2], 512));
        return;
    }
    kr_clients->set_text(client, which, call->argv[3]);
    kr_reply_ok(call->reply);
}

/* --- Treatment ----------------------------------------------------------- */

/* ON sets `flag`, OFF clears it. */
static void client_switch(struct kr_call *call, uint32_t flag)
{
    kr_client *client = connection_client(call);
    bool on = kr_arg_is(call, 2, "ON");

    if (!client)
        return;
    if (!on && !kr_arg_is(call, 2, "OFF")) {
        kr_refuse_syntax(call);
        return;
    }
    kr_clients->set_flags(client, on ? flag : 0, on ? 0 : flag);
    kr_reply_ok(call->reply);
}

void connection_client_no_evict(struct kr_call *call)
{
    client_switch(call, KR_CLIENT_NO_EVICT);
}

void connection_client_no_touch(struct kr_call *call)
{
    client_switch(call, KR_CLIENT_NO_TOUCH);
}

/* OFF and SKIP have no reply of their own. */
void connection_client_reply(struct kr_call *call)
{
    kr_client *client = connection_client(call);

    if (!client)
        return;
    if (kr_arg_is(call, 2, "ON")) {
        kr_clients->set_flags(client, 0,
                              KR_CLIENT_REPLY_OFF | KR_CLIENT_REPLY_SKIP);
        kr_reply_ok(call->reply);
    } else if (kr_arg_is(call, 2, "OFF")) {
        kr_clients->set_flags(client, KR_CLIENT_REPLY_OFF, 0);
    } else if (kr_arg_is(call, 2, "SKIP")) {
        if (!(kr_clients->flags(client) & KR_CLIENT_REPLY_OFF))
            kr_clients->set_flags(client, KR_CLIENT_REPLY_SKIP, 0);
    } else {
        kr_refuse_syntax(call);
    }
}

/* --- Help ---------------------------------------------------------------- */

void connection_client_help(struct kr_call *call)
{
    static const char *const lines[] = {
        "GETNAME",
        "    The name of this connection.",
        "ID",
        "    The number of this connection; none is used twice.",
        "INFO",
        "    A line about this connection.",
        "KILL <ip:port>",
        "    Close the connection that comes from there.",
        "KILL <option> <value> [<option> <value> [...]]",
        "    Close the connections that all options match:",
        "    * ADDR (<ip:port>|<unixsocket>:0)",
        "      it comes from there.",
        "    * ID <client-id>",
        "      it has that number.",
        "    * LADDR (<ip:port>|<unixsocket>:0)",
        "      it came in there.",
        "    * SKIPME (YES|NO)",
        "      leave the connection alone that asks (default: yes).",
        "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
        "      it is of that type.",
        "    * USER <username>",
        "      it is logged in as that user.",
        "LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB) | ID <client-id> [...]]",
        "    A line about each connection.",
        "NO-EVICT (ON|OFF)",
        "    Whether it is spared when clients use too much memory.",
        "NO-TOUCH (ON|OFF)",
        "    Whether its commands leave the age of keys alone.",
        "PAUSE <timeout> [WRITE|ALL]",
        "    Hold all commands back, or only writes, for <timeout> ms.",
        "REPLY (ON|OFF|SKIP)",
        "    Whether it gets replies; SKIP drops the next one only.",
        "SETINFO (LIB-NAME|LIB-VER) <value>",
        "    Note which library the client uses.",
        "SETNAME <name>",
        "    Name this connection; an empty name removes it.",
        "UNBLOCK <client-id> [TIMEOUT|ERROR]",
        "    Wake a client that waits in a blocking command.",
        "UNPAUSE",
        "    End a pause.",
    };

    kr_reply_help(call, "CLIENT", lines, KR_COUNT(lines));
}
