/* SPDX-License-Identifier: BSD-3-Clause */
/* log - the journal's effects as commands, in the words that Redis would use.
 *
 *   #TS:1796000000                          if annotated, each second
 *   *2 SELECT 3                             where the database is another one
 *   *1 MULTI  *3 SET a 1  *2 DEL b  *1 EXEC   what happened together
 *
 * They gather in one buffer until the turn's end, when file.c writes it. */
#include "aof.h"

#define BUFFER_LEAST 4096
#define BUFFER_KEEP  (256 * 1024) /* more is given back once it is written */

/* --- The buffer ---------------------------------------------------------- */

static char *buffer_room(struct aof *aof, size_t size)
{
    struct aof_buffer *buffer = &aof->buffer;

    if (buffer->capacity - buffer->size < size) {
        buffer->capacity = (buffer->size + size) * 2;
        if (buffer->capacity < BUFFER_LEAST)
            buffer->capacity = BUFFER_LEAST;
        buffer->bytes =
            kr_memory->realloc(aof->self, buffer->bytes, buffer->capacity);
    }
    return buffer->bytes + buffer->size;
}

void log_drop(struct aof *aof)
{
    aof->buffer.size = 0;
    aof->fed = aof->written;
    if (aof->buffer.capacity <= BUFFER_KEEP)
        return;
    kr_memory->free(aof->self, aof->buffer.bytes);
    aof->buffer = (struct aof_buffer){0};
}

/* --- Commands ------------------------------------------------------------ */

static size_t command_room(uint32_t argc, const struct kr_str *argv)
{
    size_t room = KR_INT64_TEXT + 3;

    for (uint32_t i = 0; i < argc; i++)
        room += argv[i].size + KR_INT64_TEXT + 5;
    return room;
}

static char *command_number(char *at, char kind, uint64_t number)
{
    *at++ = kind;
    if (number < 10)
        *at++ = (char)('0' + number);
    else
        at += kr_text->from_int64((int64_t)number, at);
    *at++ = '\r';
    *at++ = '\n';
    return at;
}

static void log_command(struct aof *aof, uint32_t argc,
                        const struct kr_str *argv)
{
    char *begin = buffer_room(aof, command_room(argc, argv));
    char *at = command_number(begin, '*', argc);

    for (uint32_t i = 0; i < argc; i++) {
        at = command_number(at, '$', argv[i].size);
        if (argv[i].size > 0)
            memcpy(at, argv[i].data, argv[i].size);
        at += argv[i].size;
        *at++ = '\r';
        *at++ = '\n';
    }
    aof->buffer.size += (size_t)(at - begin);
    aof->fed += (uint64_t)(at - begin);
}

static void log_select(struct aof *aof, int32_t db)
{
    char digits[KR_INT64_TEXT];
    struct kr_str argv[2] = {KR_STR("SELECT")};

    if (db == aof->selected)
        return;
    argv[1] = kr_str(digits, kr_text->from_int64(db, digits));
    log_command(aof, 2, argv);
    aof->selected = db;
}

static void log_stamp(struct aof *aof)
{
    int64_t now_sec = aof_now_sec();
    int n;

    if (now_sec <= aof->stamped_sec)
        return;
    aof->stamped_sec = now_sec;
    n = sprintf(buffer_room(aof, 64), "#TS:%lld\r\n", (long long)now_sec);
    aof->buffer.size += (size_t)n;
    aof->fed += (uint64_t)n;
}

/* --- The journal --------------------------------------------------------- */

/* Until the first base is there, only what happens while its child is at work
 * is missing in it. */
static bool log_is_wanted(const struct aof *aof)
{
    return aof->state == AOF_ON ||
           (aof->state == AOF_STARTING && aof->rewriting);
}

static void log_read(void *ctx, const struct kr_effect *effect)
{
    static const struct kr_str multi = {"MULTI", 5}, exec = {"EXEC", 4};
    struct aof *aof = ctx;

    if (!log_is_wanted(aof))
        return;
    if (aof_settings.timestamps)
        log_stamp(aof);
    log_select(aof, effect->db);
    if (effect->count > 1 && effect->index == 0)
        log_command(aof, 1, &multi);
    log_command(aof, effect->argc, effect->argv);
    if (effect->count > 1 && effect->index == effect->count - 1)
        log_command(aof, 1, &exec);
    if (effect->client)
        kr_clients->set(effect->client, aof->slot, (void *)(uintptr_t)aof->fed);
}

void log_attach(struct aof *aof)
{
    aof->reader = kr_journal->attach(aof->self, KR_JOURNAL_LOG, log_read, aof);
}

void log_open(struct aof *aof)
{
    aof->selected = -1;
    if (!aof->reader)
        log_attach(aof);
}

void log_close(struct aof *aof)
{
    if (aof->reader)
        kr_journal->detach(aof->reader);
    aof->reader = NULL;
    log_drop(aof);
}
