/* SPDX-License-Identifier: BSD-3-Clause */
/* input - from the socket to who runs commands.
 *
 * All clients read into one buffer of the thread, and their commands are run
 * right there, in place.  Only what is left over, an unfinished command or the
 * rest behind one that blocks, moves into memory of the client's own:
 *
 *     socket --read()--> shared buffer --parse--> batch of commands --run-->
 *                             |  rest
 *                             v
 *                        client->input   (read() appends here while it exists)
 *
 * Commands are parsed in batches and run in batches, so that the cache misses of
 * sixteen commands are waited for together.
 *
 * A large argument gets a blob, and the socket is read straight into it: a
 * value of 512 MiB is never copied. */
#include "core/net/input.h"

#include "core/clock/clock.h"
#include "core/log/log.h"
#include "core/loop/loop.h"
#include "core/memory/blob.h"
#include "core/memory/memory.h"
#include "core/net/client.h"
#include "core/net/wire.h"

#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

#define SHARED_SIZE 65536

/* One thread reads, so one buffer and one batch serve all clients.  `busy`
 * counts nested uses: while a command lets the loop poll, its own input is in
 * there. */
static struct {
    char *shared;
    unsigned busy;
    struct batch {
        struct resp_args args[CLIENT_BATCH];
        size_t begin[CLIENT_BATCH]; /* where the command starts in the input */
    } * batch;
} input;

void input_init(void)
{
    input.shared = memory_alloc(SHARED_SIZE);
    input.batch = memory_calloc(1, sizeof(*input.batch));
}

void input_fini(void)
{
    for (int i = 0; i < CLIENT_BATCH; i++)
        resp_args_fini(&input.batch->args[i]);
    memory_free(input.batch);
    memory_free(input.shared);
}

void input_trim(void)
{
    if (input.busy)
        return;
    for (int i = 0; i < CLIENT_BATCH; i++)
        resp_args_trim(&input.batch->args[i]);
}

/* --- Memory of the client's own ------------------------------------------ */

static void input_drop(struct kr_client *client)
{
    memory_free(client->input);
    client->input = NULL;
    client->input_size = client->input_capacity = 0;
}

static bool input_reserve(struct kr_client *client, size_t room)
{
    size_t need = client->input_size + room;
    char *grown;

    if (need <= client->input_capacity)
        return true;
    if (need < 2 * client->input_capacity)
        need = 2 * client->input_capacity;
    grown = memory_try_realloc(client->input, need);
    if (!grown)
        return false;
    client->input = grown;
    client->input_capacity = need;
    return true;
}

/* Keep `rest`, a part of the shared buffer or of the client's own input. */
static bool input_keep(struct kr_client *client, const char *rest, size_t size)
{
    if (size == 0) {
        input_drop(client);
        return true;
    }
    if (client->input && rest >= client->input &&
        rest < client->input + client->input_capacity) {
        memmove(client->input, rest, size);
        client->input_size = size;
        return true;
    }
    input_drop(client);
    if (!input_reserve(client, size))
        return false;
    memcpy(client->input, rest, size);
    client->input_size = size;
    return true;
}

size_t input_memory(const struct kr_client *client)
{
    size_t total = client->input_capacity + resp_parser_memory(&client->parser);

    for (const struct big_argument *big = client->big; big; big = big->next)
        total += big->blob->size;
    if (client->waiting)
        total += memory_usable(client->waiting);
    return total;
}

struct kr_blob *client_take(struct kr_client *client, struct kr_str argument)
{
    for (struct big_argument *big = client->big; big; big = big->next)
        if (big->blob->data == argument.data &&
            big->blob->size == argument.size)
            return blob_retain(big->blob);
    return NULL;
}

/* --- A command that has to wait ------------------------------------------ */

/* A held command's words, for when it may run.  Large arguments stay in their
 * blobs, the others are copied behind the list. */
struct held {
    uint32_t argc;
    struct kr_str argv[];
};

static bool input_is_big(const struct kr_client *client, struct kr_str bytes)
{
    const struct big_argument *big = client->big;

    while (big && big->blob->data != bytes.data)
        big = big->next;
    return big != NULL;
}

static bool input_hold(struct kr_client *client, const struct resp_args *args)
{
    size_t size = sizeof(struct held) + args->argc * sizeof(struct kr_str);
    struct held *held;
    char *at;

    for (size_t i = 0; i < args->argc; i++)
        if (!input_is_big(client, args->argv[i]))
            size += args->argv[i].size;
    held = memory_try_alloc(size);
    if (!held)
        return false;
    held->argc = (uint32_t)args->argc;
    at = (char *)&held->argv[held->argc];
    for (size_t i = 0; i < args->argc; i++) {
        held->argv[i] = args->argv[i];
        if (input_is_big(client, args->argv[i]))
            continue;
        memcpy(at, args->argv[i].data, args->argv[i].size);
        held->argv[i].data = at;
        at += args->argv[i].size;
    }
    client->waiting = held;
    return true;
}

static bool input_is_filling(const struct kr_client *client)
{
    return client->big && client->big->filled < client->big->blob->size;
}

void input_big(const struct kr_client *client, uint64_t *used, uint64_t *free)
{
    /* As in Redis, what stands before the argument does not count. */
    if (client->big)
        *used = 0;
    for (const struct big_argument *big = client->big; big; big = big->next) {
        *used += big->filled;
        *free += big->blob->size - big->filled;
    }
}

size_t input_held(const struct kr_client *client)
{
    const struct held *held = client->waiting;
    size_t total = 0;

    for (uint32_t i = 0; held && i < held->argc; i++)
        total += held->argv[i].size;
    return total;
}

/* The command that they belonged to has run. */
static void input_release_big(struct kr_client *client)
{
    while (client->big) {
        struct big_argument *big = client->big;

        client->big = big->next;
        blob_release(big->blob);
        memory_free(big);
    }
}

void input_free(struct kr_client *client)
{
    resp_parser_reset(&client->parser);
    input_drop(client);
    input_release_big(client);
    memory_free(client->waiting);
    client->waiting = NULL;
}

/* --- A large argument ---------------------------------------------------- */

/* The parser waits inside a large argument whose first bytes, if any, end the
 * input: move them to a blob of the right size. */
static bool input_begin_big(struct kr_client *client,
                            const struct resp_args *args, const char *data,
                            size_t *size)
{
    struct big_argument *big;
    struct kr_blob *blob;

    blob = blob_new(args->big.size, 0);
    if (!blob)
        return false;
    if (!resp_parser_lend(&client->parser, blob->data)) {
        blob_release(blob);
        return false;
    }
    big = memory_alloc(sizeof(*big));
    *big = (struct big_argument){.next = client->big, .blob = blob};
    if (*size > args->big.at) {
        big->filled = *size - args->big.at;
        memcpy(blob->data, data + args->big.at, big->filled);
        *size = args->big.at;
    }
    client->big = big;
    return true;
}

/* --- Parsing and running ------------------------------------------------- */

static void input_protocol_error(struct kr_client *client)
{
    char text[RESP_ERROR_MAX], reply[RESP_ERROR_MAX + 8];
    struct kr_str error = resp_parser_error(&client->parser, text);
    int n =
        snprintf(reply, sizeof(reply), "ERR %.*s", (int)error.size, error.data);

    log_verbose("client: id=%llu: %.*s", (unsigned long long)client->id,
                (int)error.size, error.data);
    client->output.reply.ops->error(&client->output.reply,
                                    kr_str(reply, (size_t)n));
    client_doom(client, true);
}

/* Look for up to CLIENT_BATCH whole commands in data[*at..size).  *last is what the
 * parser said behind the last of them, and *rest where it said more. */
static int input_parse(struct kr_client *client, struct batch *batch,
                       const char *data, size_t size, size_t *at,
                       enum resp_result *last, const struct resp_args **rest)
{
    struct resp_limits limits = {.bulk_max = (size_t)client_settings.bulk_max,
                                 .line_max = RESP_LINE_MAX,
                                 .authenticated =
                                     client->flags & KR_CLIENT_AUTHENTICATED};
    /* What AUTH or HELLO change counts for the next command's parsing. */
    int room = limits.authenticated ? CLIENT_BATCH : 1;
    int count = 0;

    *last = RESP_EMPTY;
    while (count < room && *at < size) {
        struct resp_args *args = &batch->args[count];

        *last =
            resp_parse(&client->parser, &limits, data + *at, size - *at, args);
        if (*last == RESP_COMMAND) {
            batch->begin[count] = *at;
            *at += args->consumed;
            count++;
        } else if (*last == RESP_EMPTY) {
            *at += args->consumed;
        } else {
            *rest = args;
            break;
        }
    }
    return count;
}

/* The command at `done` was held: it is kept as words, and the input goes on
 * behind it. */
static bool input_hold_next(struct kr_client *client, struct batch *batch,
                            int done, size_t *at)
{
    *at += batch->args[done].consumed;
    return input_hold(client, &batch->args[done]);
}

/* Run the words of the command that was held.  false: it must go on waiting. */
static bool input_run_held(struct kr_client *client)
{
    struct held *held = client->waiting;
    struct resp_args args = {.argv = held->argv, .argc = held->argc};
    bool ran;

    client->waiting = NULL;
    client->in_use++;
    ran = client_hooks.run(client, &args, 1) > 0;
    client->in_use--;
    if (!ran) {
        client->waiting = held;
        return false;
    }
    memory_free(held);
    if (!input_is_filling(client))
        input_release_big(client);
    return true;
}

/* Parse and run data[0..size), keep the rest.  `data` is the shared buffer or
 * the client's own input. */
static void input_consume(struct kr_client *client, struct batch *batch,
                          const char *data, size_t size)
{
    size_t at = 0;
    enum resp_result last;
    const struct resp_args *rest = NULL;

    do {
        size_t parsed = at;
        int count =
            input_parse(client, batch, data, size, &parsed, &last, &rest);
        int done = client_hooks.run(client, batch->args, count);

        if (done > 0 && client->big && !input_is_filling(client))
            input_release_big(client);
        if (done < count || client->suspended || client->doomed) {
            /* What follows is parsed afresh when the client goes on.  A large
             * argument that has just been begun is in a later command's
             * future: it is not lent before all commands have run. */
            resp_parser_reset(&client->parser);
            at = done < count ? batch->begin[done] : parsed;
            if (client->held && !input_hold_next(client, batch, done, &at))
                client_doom(client, false);
            else if (!input_keep(client, data + at, size - at))
                client_doom(client, false);
            return;
        }
        at = parsed;
        if (last == RESP_ERROR) {
            input_protocol_error(client);
            return;
        }
        if (last == RESP_NO_MEMORY) {
            client_doom(client, false);
            return;
        }
    } while (at < size && (last == RESP_COMMAND || last == RESP_EMPTY));

    data += at;
    size -= at;
    if (last == RESP_MORE && rest->big.size > 0 && !input_is_filling(client))
        (void)input_begin_big(client, rest, data, &size);
    if (!input_keep(client, data, size))
        client_doom(client, false);
}

void client_process(struct kr_client *client)
{
    struct batch *batch = input.batch;

    if (client->suspended || client->doomed || client->in_use)
        return;
    if (client->waiting && !input_run_held(client))
        return;
    if (!client->input || client->suspended || client->doomed)
        return;
    if (input.busy++)
        batch = memory_calloc(1, sizeof(*batch));
    client->in_use++;
    input_consume(client, batch, client->input, client->input_size);
    client->in_use--;
    if (--input.busy) {
        for (int i = 0; i < CLIENT_BATCH; i++)
            resp_args_fini(&batch->args[i]);
        memory_free(batch);
    }
}

/* --- Reading ------------------------------------------------------------- */

/* Where the next bytes go: into the large argument and behind it, behind what
 * the client has, or into the shared buffer. */
static ssize_t input_read(struct kr_client *client, struct iovec *where)
{
    struct iovec pieces[2];
    ssize_t n;

    if (input_is_filling(client)) {
        struct big_argument *big = client->big;
        size_t missing = big->blob->size - big->filled;

        if (!input_reserve(client, 4096)) {
            errno = ENOMEM;
            return -1;
        }
        pieces[0] = (struct iovec){big->blob->data + big->filled, missing};
        pieces[1] = (struct iovec){client->input + client->input_size, 4096};
        n = wire_read_two(client, pieces);
        if (n > 0) {
            size_t filled = (size_t)n < missing ? (size_t)n : missing;

            big->filled += filled;
            client->input_size += (size_t)n - filled;
        }
        *where = (struct iovec){client->input, client->input_size};
        return n;
    }
    /* What was held comes first, also when it may run again by now. */
    if (client->input || client->waiting || input.busy || client->suspended) {
        if (!input_reserve(client, 16384)) {
            errno = ENOMEM;
            return -1;
        }
        n = wire_read(client, client->input + client->input_size,
                      client->input_capacity - client->input_size);
        if (n > 0)
            client->input_size += (size_t)n;
        *where = (struct iovec){client->input, client->input_size};
        return n;
    }
    n = wire_read(client, input.shared, SHARED_SIZE);
    *where = (struct iovec){input.shared, n > 0 ? (size_t)n : 0};
    return n;
}

/* What waits to be run is counted, a large argument on its way included; who
 * piles up too much is closed. */
static bool input_is_over(const struct kr_client *client)
{
    size_t size = client->input_size;

    for (const struct big_argument *big = client->big; big; big = big->next)
        size += big->filled;
    return size > (size_t)client_settings.input_max;
}

static void input_over(struct kr_client *client)
{
    log_warning("Closing client that reached max query buffer length: id=%llu "
                "(client-query-buffer-limit is %lld bytes)",
                (unsigned long long)client->id,
                (long long)client_settings.input_max);
    client_stats.input_limit_hits++;
    client_doom(client, false);
}

void input_receive(struct kr_client *client)
{
    struct iovec got;
    ssize_t n;

    if (client->doomed || client->in_use)
        return;
    /* The time that commands see is that of their arrival. */
    clock_begin_turn();
    client->unread = false;
    n = input_read(client, &got);
    if (n < 0) {
        if (errno == EAGAIN || errno == EINTR)
            return;
        log_verbose("client: id=%llu: read: %s", (unsigned long long)client->id,
                    strerror(errno));
    }
    if (n <= 0) {
        client_doom(client, false);
        return;
    }
    client->unread = wire_has_more(client);
    client->active_ms = clock_turn_ms;
    client_stats.bytes_in += (uint64_t)n;
    client_stats.reads++;
    if (client->big && !client_fits(client))
        return;
    if (!client->suspended && !input_is_filling(client)) {
        if (got.iov_base == client->input) {
            client_process(client);
        } else {
            input.busy++;
            client->in_use++;
            client->input_shared = got.iov_len;
            input_consume(client, input.batch, got.iov_base, got.iov_len);
            client->input_shared = 0;
            client->in_use--;
            input.busy--;
        }
        if (client->big && !client_fits(client))
            return;
    }
    if (input_is_over(client))
        input_over(client);
    if (client->unread)
        client_ready(client, KR_READABLE);
}

void input_readable(evutil_socket_t fd, short what, void *ctx)
{
    kr_client *client = ctx;

    loop_wake();
    (void)fd;
    (void)what;
    /* Who stands still is told of again. */
    if (!client->in_use)
        client_ready(client, KR_READABLE);
}
