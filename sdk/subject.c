/* SPDX-License-Identifier: BSD-3-Clause */
/* subject - a module that is looked at, and a server for it.
 *
 * The server has all of its standard modules, but for the module itself if it is
 * one of them, and those that cannot be there without it.  One that is standard
 * and cannot be unloaded is there from the beginning. */
#include "sdk/subject.h"

#include "core/memory/memory.h"
#include "core/rack/descriptor.h"

#include <kr/type.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define JOBS_MS      15000u
#define JOBS_STEP_MS 50u

/* --- The file ------------------------------------------------------------- */

static void subject_read_types(struct subject *subject,
                               const struct kr_rows *rows)
{
    for (uint32_t i = 0; i < rows->count; i++) {
        const struct kr_type *row;

        descriptor_row(rows, i, &row, sizeof(row));
        names_add(&subject->types, row->name);
    }
}

/* A file that cannot be read is no matter: loading will tell. */
static void subject_read_file(struct subject *subject)
{
    struct kr_descriptor d;
    struct picture picture;
    char error[512];

    if (!picture_open(&picture, subject->file, error, sizeof(error)))
        return;
    if (strcmp(picture.entry, KR_DESCRIPTOR_NAME) == 0 &&
        descriptor_read(&picture.image, subject->file, &d, error,
                        sizeof(error))) {
        subject->ours = true;
        snprintf(subject->name, sizeof(subject->name), "%s", d.name);
        subject->can_unload = d.flags & KR_MODULE_CAN_UNLOAD;
        subject->can_upgrade = d.flags & KR_MODULE_CAN_UPGRADE;
        subject_read_types(subject, &d.types);
    }
    picture_close(&picture);
}

/* --- Which modules stand beside it ---------------------------------------- */

struct neighbour {
    char name[64];
    struct names needs, offers;
    bool out; /* it is the module, or needs one that is out */
};

static bool neighbour_read(struct neighbour *n, const char *path)
{
    struct kr_descriptor d;
    struct picture picture;
    char error[512];
    bool good;

    if (!picture_open(&picture, path, error, sizeof(error)))
        return false;
    good = descriptor_read(&picture.image, path, &d, error, sizeof(error));
    for (uint32_t i = 0; good && i < d.imports.count; i++) {
        struct kr_import row;

        descriptor_row(&d.imports, i, &row, sizeof(row));
        if (!(row.flags & KR_IMPORT_OPTIONAL))
            names_add(&n->needs, row.id);
    }
    for (uint32_t i = 0; good && i < d.offers.count; i++) {
        struct kr_offer row;

        descriptor_row(&d.offers, i, &row, sizeof(row));
        names_add(&n->offers, row.id);
    }
    picture_close(&picture);
    return good;
}

static bool neighbour_needs(const struct neighbour *n,
                            const struct neighbour *other)
{
    for (size_t i = 0; i < other->offers.count; i++)
        if (names_have(&n->needs, other->offers.at[i]))
            return true;
    return false;
}

static void neighbours_leave(struct neighbour *all, size_t count, size_t who)
{
    all[who].out = true;
    for (size_t i = 0; i < count; i++)
        if (!all[i].out && neighbour_needs(&all[i], &all[who]))
            neighbours_leave(all, count, i);
}

/* Of MODULE LIST, in which the module stands as number `own`: the others, less
 * those that need it, to `load_modules`. */
static void subject_choose_others(struct subject *subject,
                                  const struct answer *list, size_t own)
{
    struct neighbour *all = memory_calloc(list->count, sizeof(*all));

    for (size_t i = 0; i < list->count; i++) {
        const struct answer *row = &list->items[i];

        snprintf(all[i].name, sizeof(all[i].name), "%s",
                 answer_text(answer_at(row, "name")));
        (void)neighbour_read(&all[i], answer_text(answer_at(row, "path")));
    }
    neighbours_leave(all, list->count, own);
    for (size_t i = 0; i < list->count; i++) {
        if (!all[i].out)
            buffer_printf(&subject->load_modules, "%s%s",
                          subject->load_modules.size ? " " : "", all[i].name);
        else if (i != own)
            report_note(subject->report, "%s needs it and is not there",
                        all[i].name);
        names_fini(&all[i].needs);
        names_fini(&all[i].offers);
    }
    memory_free(all);
}

/* --- The server ----------------------------------------------------------- */

/* What the modules beside it would do of their own accord; those that are not
 * there refuse. */
static void subject_quieten(struct subject *subject)
{
    static const char *const settings[][2] = {
        {"save", ""},
        {"appendfsync", "no"},
        {"slowlog-log-slower-than", "-1"}, /* it would grow on a busy machine */
    };
    struct answer reply;

    for (size_t i = 0; i < KR_COUNT(settings); i++) {
        subject_call(subject, &reply, "CONFIG", "SET", settings[i][0],
                     settings[i][1]);
        answer_free(&reply);
    }
}

static bool subject_load_beside(struct subject *subject)
{
    struct answer reply;
    bool good = true;

    for (char *const *file = subject->beside; good && *file; file++) {
        subject_call(subject, &reply, "MODULE", "LOAD", *file);
        good = reply.kind == '+';
        if (!good)
            report_found(subject->report, "load what it needs first, in order",
                         "%s does not load: %s", *file, answer_text(&reply));
        answer_free(&reply);
    }
    return good;
}

static bool subject_start(struct subject *subject)
{
    const char **line = subject->arguments;

    *line++ = "--enable-debug-command";
    *line++ = "local";
    if (subject->load_modules.size > 0) {
        *line++ = "--load-modules";
        *line++ = subject->load_modules.data;
    }
    *line = NULL;
    subject->server.arguments = subject->arguments;
    subject->server.port = 0;
    if (!server_start(&subject->server) ||
        !talk_open(&subject->talk, &subject->server, 2))
        return false;
    subject_quieten(subject);
    return subject_load_beside(subject);
}

static void subject_stop(struct subject *subject)
{
    talk_close(&subject->talk);
    talk_close(&subject->voice);
    (void)server_stop(&subject->server);
}

bool subject_init(struct subject *subject)
{
    struct answer list;
    size_t own;

    subject->talk.fd = subject->voice.fd = -1;
    subject_read_file(subject);
    if (!server_init(&subject->server, NULL))
        return false;
    if (!realpath(subject->file, subject->path)) {
        perror(subject->file);
        return false;
    }
    if (!subject_start(subject))
        return false;
    subject_call(subject, &list, "MODULE", "LIST");
    for (own = 0; own < list.count; own++)
        if (subject->ours &&
            strcmp(answer_text(answer_at(&list.items[own], "name")),
                   subject->name) == 0)
            break;
    subject->resident = own < list.count && !subject->can_unload;
    if (own < list.count && !subject->resident) {
        subject_choose_others(subject, &list, own);
        subject_stop(subject);
        answer_free(&list);
        return subject_start(subject);
    }
    answer_free(&list);
    return true;
}

static void subject_forget_commands(struct subject *subject)
{
    for (size_t i = 0; i < subject->command_count; i++)
        answer_free(&subject->commands[i].docs);
    memory_free(subject->commands);
    subject->commands = NULL;
    subject->command_count = 0;
}

void subject_fini(struct subject *subject)
{
    talk_close(&subject->talk);
    talk_close(&subject->voice);
    server_fini(&subject->server);
    subject_forget_commands(subject);
    words_free(&subject->words);
    names_fini(&subject->types);
    names_fini(&subject->unsaved);
    names_fini(&subject->broken);
    buffer_free(&subject->load_modules);
}

/* --- Loading -------------------------------------------------------------- */

static uint32_t command_flags(const struct answer *row)
{
    static const struct {
        const char *word;
        uint32_t flag;
    } known[] = {{"write", COMMAND_WRITE},
                 {"readonly", COMMAND_READONLY},
                 {"blocking", COMMAND_BLOCKING},
                 {"may_replicate", COMMAND_REPLICATE}};
    uint32_t flags = 0;

    for (size_t i = 0; i < KR_COUNT(known); i++)
        if (answer_has(&row->items[2], known[i].word))
            flags |= known[i].flag;
    return row->count > 9 && row->items[9].count > 0 ? flags | COMMAND_CONTAINER
                                                     : flags;
}

static void subject_learn_command(struct subject *subject, const char *name)
{
    struct command *command = &subject->commands[subject->command_count];
    struct answer info;

    subject_call(subject, &info, "COMMAND", "INFO", name);
    if (info.count == 1 && info.items[0].count > 5) {
        const struct answer *row = &info.items[0];

        *command = (struct command){.words = strchr(name, '|') ? 2 : 1,
                                    .arity = row->items[1].number,
                                    .flags = command_flags(row),
                                    .first_key = row->items[3].number,
                                    .last_key = row->items[4].number,
                                    .step = row->items[5].number};
        snprintf(command->name, sizeof(command->name), "%s", name);
        subject_call(subject, &command->docs, "COMMAND", "DOCS", name);
        command->arguments =
            answer_at(answer_at(&command->docs, name), "arguments");
        subject->command_count++;
    }
    answer_free(&info);
}

static void subject_learn_commands(struct subject *subject)
{
    struct answer list;

    subject_forget_commands(subject);
    subject_call(subject, &list, "COMMAND", "LIST", "FILTERBY", "MODULE",
                 subject->name);
    subject->commands = memory_calloc(list.count + 1, sizeof(struct command));
    for (size_t i = 0; i < list.count; i++)
        subject_learn_command(subject, answer_text(&list.items[i]));
    answer_free(&list);
}

/* The name that is in `now` and not in `before`, both of MODULE LIST. */
static void subject_learn_name(struct subject *subject,
                               const struct answer *before,
                               const struct answer *now)
{
    for (size_t i = 0; i < now->count; i++) {
        const char *name = answer_text(answer_at(&now->items[i], "name"));
        bool there = false;

        for (size_t k = 0; k < before->count && !there; k++)
            there = strcmp(answer_text(answer_at(&before->items[k], "name")),
                           name) == 0;
        if (!there)
            snprintf(subject->name, sizeof(subject->name), "%s", name);
    }
}

/* One that is not ours is asked what it can. */
static void subject_learn_life(struct subject *subject)
{
    struct answer info;

    subject_call(subject, &info, "MODULE", "INFO", subject->name);
    subject->can_unload =
        strcmp(answer_text(answer_at(&info, "can-unload")), "yes") == 0;
    subject->can_upgrade =
        strcmp(answer_text(answer_at(&info, "can-upgrade")), "yes") == 0;
    answer_free(&info);
}

bool subject_load(struct subject *subject, struct answer *reply)
{
    struct answer before, now;

    if (subject->resident)
        return answer_parse(KR_STR("+OK\r\n"), 2, reply) > 0;
    subject_call(subject, &before, "MODULE", "LIST");
    subject_call(subject, reply, "MODULE", "LOAD", subject->path);
    subject_call(subject, &now, "MODULE", "LIST");
    if (reply->kind == '+') {
        subject_learn_name(subject, &before, &now);
        subject_learn_life(subject);
        subject_quieten(subject);
    }
    answer_free(&before);
    answer_free(&now);
    return reply->kind == '+';
}

/* Jobs that its calls have begun end by themselves. */
static bool subject_has_jobs(const struct answer *reply)
{
    return reply->kind == '-' && strstr(answer_text(reply), "jobs (wait");
}

bool subject_unload(struct subject *subject, struct answer *reply)
{
    struct timespec pause = {0, JOBS_STEP_MS * 1000000};

    subject_call(subject, reply, "MODULE", "UNLOAD", subject->name);
    for (unsigned ms = 0; subject_has_jobs(reply) && ms < JOBS_MS;
         ms += JOBS_STEP_MS) {
        nanosleep(&pause, NULL);
        answer_free(reply);
        subject_call(subject, reply, "MODULE", "UNLOAD", subject->name);
    }
    return reply->kind == '+';
}

bool subject_restart(struct subject *subject)
{
    struct answer reply = {0};
    bool good;

    subject_stop(subject);
    server_forget(&subject->server);
    good = subject_start(subject) && subject_load(subject, &reply);
    if (good) {
        subject_learn_commands(subject);
        subject->memory_at_rest = (uint64_t)subject_account(subject, "memory");
    } else if (reply.kind) {
        report_found(subject->report,
                     "keyrack-module check says what the file lacks",
                     "MODULE LOAD answers: %s", answer_text(&reply));
    }
    answer_free(&reply);
    return good;
}

/* --- Looking at it -------------------------------------------------------- */

int64_t subject_number(struct subject *subject, const char *section,
                       const char *field)
{
    struct answer info;
    const char *at;
    int64_t number = -1;

    subject_call(subject, &info, "INFO", section);
    at = info.kind == '$' ? strstr(answer_text(&info), field) : NULL;
    if (at && at[strlen(field)] == ':')
        number = strtoll(at + strlen(field) + 1, NULL, 10);
    answer_free(&info);
    return number;
}

int64_t subject_account(struct subject *subject, const char *field)
{
    const struct answer *at;
    struct answer info;
    int64_t number;

    subject_call(subject, &info, "MODULE", "INFO", subject->name);
    at = answer_at(&info, field);
    number = at ? at->number : -1;
    answer_free(&info);
    return number;
}

bool subject_has_died(struct subject *subject, const char *while_what)
{
    struct buffer why = {0}, said = {0};
    struct answer reply;
    bool well;

    /* One error or another tells that somebody is there. */
    subject_call(subject, &reply, "PING");
    well = reply.kind && !answer_is_error(&reply, "CONNECTION");
    answer_free(&reply);
    if (well)
        return false;
    words_print(&subject->words, &said);
    if (subject->words.argc > 0)
        names_add(&subject->broken, subject->words.word[0].data);
    if (!server_has_crashed(&subject->server, &why))
        buffer_printf(&why, "it does not answer any more\n");
    report_found(
        subject->report,
        "run the server under a debugger, with the same seed, and send "
        "it these words",
        "the server is gone %s\nlast words: %s\n%s", while_what,
        said.data ? said.data : "none", why.data);
    buffer_free(&why);
    buffer_free(&said);
    (void)subject_restart(subject);
    return true;
}

bool subject_speak(struct subject *subject, int protocol)
{
    struct answer id;

    if (subject->voice.fd >= 0 && subject->voice.protocol == protocol)
        return true;
    talk_close(&subject->voice);
    if (!talk_open(&subject->voice, &subject->server, protocol))
        return false;
    talk_call(&subject->voice, &id, "CLIENT", "ID", NULL);
    subject->voice_id = id.kind == ':' ? (uint64_t)id.number : 0;
    answer_free(&id);
    return true;
}

void subject_clear(struct subject *subject)
{
    static const char *const values[][5] = {
        {"SET", "key:0", "text"},    {"RPUSH", "key:1", "a", "b"},
        {"SADD", "key:2", "a", "b"}, {"HSET", "key:3", "f", "v"},
        {"ZADD", "key:4", "1", "a"},
    };
    struct answer reply;

    subject_call(subject, &reply, "FLUSHALL", "SYNC");
    answer_free(&reply);
    for (size_t i = 0; i < KR_COUNT(values); i++) {
        const char *const *v = values[i];

        subject_call(subject, &reply, v[0], v[1], v[2], v[3], v[4]);
        answer_free(&reply);
    }
}

bool subject_has_type(const struct subject *subject, const char *type)
{
    static const char *const standard[] = {"none", "string", "list",  "set",
                                           "zset", "hash",   "stream"};

    if (names_have(&subject->types, type))
        return true;
    for (size_t i = 0; i < KR_COUNT(standard); i++)
        if (strcmp(type, standard[i]) == 0)
            return false;
    return !subject
                ->ours; /* what it registers, a guest says only when it runs */
}
