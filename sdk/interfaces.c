/* SPDX-License-Identifier: BSD-3-Clause */
/* interfaces - what modules may import in this release, and what that lets them
 * do: the words by which `keyrack-module check` says what a module may use.
 *
 * The host's offers stand beside the wings that make them, and those of the
 * standard modules in the modules, so this is a list of its own; a test holds
 * it against the headers. */
#include "sdk/interfaces.h"

#include <kr/hash.h>
#include <kr/kr.h>
#include <kr/list.h>
#include <kr/pubsub.h>
#include <kr/scripts.h>
#include <kr/set.h>
#include <kr/snapshot.h>
#include <kr/stream.h>
#include <kr/string.h>
#include <kr/zset.h>

/* clang-format off */
#define INTERFACE(name, by, what) {name##_id, by, sizeof(struct name), what}
static const struct interface interfaces[] = {
    INTERFACE(kr_block, "the server", "park calls until a key or a thread is ready"),
    INTERFACE(kr_calls, "the server", "run commands"),
    INTERFACE(kr_children, "the server", "fork children of the server"),
    INTERFACE(kr_clients, "the server", "see and close connections, keep words with them"),
    INTERFACE(kr_codec, "the server", "save and load values"),
    INTERFACE(kr_commands, "the server", "look commands up, add some at run time"),
    INTERFACE(kr_config, "the server", "read and set parameters"),
    INTERFACE(kr_events, "the server", "be told what happens"),
    INTERFACE(kr_files, "the server", "replace files as a whole"),
    INTERFACE(kr_gates, "the server", "stand in the way of commands"),
    INTERFACE(kr_hashes, "hash", "read and write hashes"),
    INTERFACE(kr_info, "the server", "add to INFO"),
    INTERFACE(kr_journal, "the server", "read and change the order of effects"),
    INTERFACE(kr_keyspace, "the server", "read and write keys"),
    INTERFACE(kr_lists, "list", "read and write lists"),
    INTERFACE(kr_loaders, "the server", "run modules of other formats"),
    INTERFACE(kr_loading, "the server", "load a data set"),
    INTERFACE(kr_log, "the server", "write to the log"),
    INTERFACE(kr_loop, "the server", "timers, descriptors, threads"),
    INTERFACE(kr_memory, "the server", "allocate"),
    INTERFACE(kr_modules, "the server", "see and reach other modules"),
    INTERFACE(kr_pubsub, "pubsub", "publish messages"),
    INTERFACE(kr_scripts, "scripting", "let SCRIPT KILL end its runs"),
    INTERFACE(kr_sets, "set", "read and write sets"),
    INTERFACE(kr_snapshot, "rdb", "write and read snapshots, add parts to them"),
    INTERFACE(kr_streams, "stream", "read and write streams"),
    INTERFACE(kr_strings, "string", "read and write strings"),
    INTERFACE(kr_text, "the server", "numbers, patterns, checksums"),
    INTERFACE(kr_transports, "the server", "bring in clients of its own"),
    INTERFACE(kr_types, "the server", "add types, ask about them"),
    INTERFACE(kr_zsets, "zset", "read and write sorted sets"),
};
/* clang-format on */

const struct interface *interface_find(const char *id)
{
    for (size_t i = 0; i < KR_COUNT(interfaces); i++) {
        if (strcmp(interfaces[i].id, id) == 0)
            return &interfaces[i];
    }
    return NULL;
}
