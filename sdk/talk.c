/* SPDX-License-Identifier: BSD-3-Clause */
/* talk - a conversation with a server: words go out, replies come in. */
#include "sdk/talk.h"

#include "core/memory/memory.h"
#include "sdk/server.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

#define TALK_WAIT_MS   60000
#define TALK_WORDS_MAX 64u

bool talk_open(struct talk *talk, const struct server *server, int protocol)
{
    struct answer reply;

    *talk = (struct talk){.fd = server_connect(server), .protocol = protocol};
    if (talk->fd < 0 || protocol == 2)
        return talk->fd >= 0;
    talk_call(talk, &reply, "HELLO", "3", NULL);
    answer_free(&reply);
    return true;
}

void talk_close(struct talk *talk)
{
    if (talk->fd > 0)
        close(talk->fd);
    talk->fd = -1;
    buffer_free(&talk->in);
}

void talk_encode(struct buffer *out, size_t argc, const struct kr_str *argv)
{
    buffer_printf(out, "*%zu\r\n", argc);
    for (size_t i = 0; i < argc; i++) {
        buffer_printf(out, "$%zu\r\n", argv[i].size);
        buffer_append(out, argv[i]);
        buffer_append(out, KR_STR("\r\n"));
    }
}

bool talk_send(struct talk *talk, struct kr_str bytes)
{
    while (bytes.size > 0) {
        ssize_t n = write(talk->fd, bytes.data, bytes.size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes = kr_str(bytes.data + n, bytes.size - (size_t)n);
    }
    return true;
}

static int64_t talk_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool talk_wait(const struct talk *talk, int64_t until_ms)
{
    struct pollfd poll_in = {.fd = talk->fd, .events = POLLIN};
    int64_t left = until_ms - talk_now_ms();
    int n = poll(&poll_in, 1, left > 0 ? (int)left : 0);

    return n == 1 || (n < 0 && errno == EINTR && talk_wait(talk, until_ms));
}

enum talk_end talk_read(struct talk *talk, int wait_ms, struct answer *out)
{
    int64_t until_ms = talk_now_ms() + wait_ms;

    *out = (struct answer){0};
    for (;;) {
        int64_t size = answer_parse(buffer_str(&talk->in), talk->protocol, out);
        ssize_t n;

        if (size > 0) {
            talk->in.size -= (size_t)size;
            memmove(talk->in.data, talk->in.data + size, talk->in.size);
            return TALK_REPLY;
        }
        if (size == ANSWER_BROKEN)
            return TALK_BROKEN;
        if (talk->fd < 0)
            return TALK_CLOSED;
        if (!talk_wait(talk, until_ms))
            return TALK_NOTHING;
        n = read(talk->fd, buffer_reserve(&talk->in, 65536), 65536);
        if (n > 0)
            talk->in.size += (size_t)n;
        else if (n == 0 || errno != EINTR)
            return TALK_CLOSED;
    }
}

void talk_call(struct talk *talk, struct answer *out, ...)
{
    static const char *const why[] = {
        [TALK_NOTHING] = "-CONNECTION no reply\r\n",
        [TALK_CLOSED] = "-CONNECTION closed\r\n",
        [TALK_BROKEN] = "-CONNECTION no RESP\r\n",
    };
    struct kr_str words[TALK_WORDS_MAX];
    struct buffer bytes = {0};
    enum talk_end end = TALK_CLOSED;
    size_t count = 0;
    const char *word;
    va_list list;

    va_start(list, out);
    while ((word = va_arg(list, const char *)) != NULL &&
           count < TALK_WORDS_MAX)
        words[count++] = kr_cstr(word);
    va_end(list);
    talk_encode(&bytes, count, words);
    if (talk->fd >= 0 && talk_send(talk, buffer_str(&bytes)))
        end = talk_read(talk, TALK_WAIT_MS, out);
    buffer_free(&bytes);
    if (end != TALK_REPLY)
        (void)answer_parse(kr_cstr(why[end]), 2, out);
}
