/* SPDX-License-Identifier: BSD-3-Clause */
/* conform_life - a module comes, goes, comes again, and is replaced: of what it
 * was nothing is left, and of its values all. */
#include "sdk/conform_checks.h"

#include "core/config/file.h"
#include "core/memory/memory.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* --- What a module can leave behind --------------------------------------- */

static void trace_commands(struct subject *subject, struct names *trace)
{
    struct answer list;
    char line[128];

    subject_call(subject, &list, "COMMAND", "LIST");
    for (size_t i = 0; i < list.count; i++) {
        snprintf(line, sizeof(line), "command %s", answer_text(&list.items[i]));
        names_add(trace, line);
    }
    answer_free(&list);
}

static void trace_parameters(struct subject *subject, struct names *trace)
{
    struct answer map;
    char line[128];

    subject_call(subject, &map, "CONFIG", "GET", "*");
    for (size_t i = 0; i + 1 < map.count; i += 2) {
        snprintf(line, sizeof(line), "parameter %s",
                 answer_text(&map.items[i]));
        names_add(trace, line);
    }
    answer_free(&map);
}

static void trace_sections(struct subject *subject, struct names *trace)
{
    struct answer info;
    char *rest, *line, kept[128];

    subject_call(subject, &info, "INFO", "everything");
    rest = info.kind == '$' ? (char *)info.text.data : NULL;
    while ((line = strsep(&rest, "\n")) != NULL)
        if (line[0] == '#') {
            line[strcspn(line, "\r")] = '\0';
            snprintf(kept, sizeof(kept), "section of INFO %s", line + 2);
            names_add(trace, kept);
        }
    answer_free(&info);
}

static void trace_modules(struct subject *subject, struct names *trace)
{
    struct answer list;
    char line[128];

    subject_call(subject, &list, "MODULE", "LIST");
    for (size_t i = 0; i < list.count; i++) {
        snprintf(line, sizeof(line), "module %s",
                 answer_text(answer_at(&list.items[i], "name")));
        names_add(trace, line);
    }
    answer_free(&list);
}

/* Private copies of modules' files that are mapped. */
static unsigned trace_mappings(const struct subject *subject)
{
    struct buffer maps = {0};
    unsigned count = 0;
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/maps", (int)subject->server.pid);
    if (file_load(path, &maps))
        for (const char *at = maps.data; (at = strstr(at, "(deleted)")); at++)
            count++;
    buffer_free(&maps);
    return count;
}

static unsigned trace_entries(const struct subject *subject, const char *folder)
{
    unsigned count = 0;
    char path[64];
    DIR *dir;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)subject->server.pid,
             folder);
    dir = opendir(path);
    while (dir && readdir(dir))
        count++;
    if (dir)
        closedir(dir);
    return count;
}

/* What the server has: named things, and numbers of others. */
struct counts {
    unsigned mappings, threads, files;
};
struct trace {
    struct names names;
    struct counts counts;
};

#define SETTLE_MS   30u
#define SETTLE_SAME 5u     /* times in a row */
#define LEFT_MS     15000u /* for jobs that still run in the old code */

static struct counts counts_take(const struct subject *subject)
{
    return (struct counts){.mappings = trace_mappings(subject),
                           .threads = trace_entries(subject, "task"),
                           .files = trace_entries(subject, "fd")};
}

/* What has gone is unmapped a little later: the numbers once they stay what they
 * are, and with `wanted` are that, if they become it in time. */
static struct counts counts_settle(const struct subject *subject,
                                   const struct counts *wanted)
{
    struct timespec pause = {0, SETTLE_MS * 1000000};
    struct counts now = counts_take(subject), next;
    unsigned same = 0;

    for (unsigned ms = 0; ms < LEFT_MS; ms += SETTLE_MS) {
        if (same >= SETTLE_SAME &&
            (!wanted || memcmp(wanted, &now, sizeof(now)) == 0))
            break;
        nanosleep(&pause, NULL);
        next = counts_take(subject);
        same = memcmp(&next, &now, sizeof(now)) == 0 ? same + 1 : 0;
        now = next;
    }
    return now;
}

static void trace_take(struct subject *subject, struct trace *trace,
                       const struct counts *wanted)
{
    trace_commands(subject, &trace->names);
    trace_parameters(subject, &trace->names);
    trace_sections(subject, &trace->names);
    trace_modules(subject, &trace->names);
    trace->counts = counts_settle(subject, wanted);
}

#define TRACE_REMEDY                                                           \
    "register in tables, or by functions that take `self`: the host takes "    \
    "that "                                                                    \
    "back; what else it has begun ends in deactivate() and destroy()"

static void trace_compare_number(struct subject *subject, const char *what,
                                 unsigned before, unsigned after)
{
    if (before != after)
        report_found(subject->report, TRACE_REMEDY,
                     "%s: one more load and unload made %u of %u", what, after,
                     before);
}

static void trace_compare(struct subject *subject, const struct trace *before,
                          const struct trace *after)
{
    const struct names *then = &before->names, *now = &after->names;

    for (size_t i = 0; i < now->count; i++)
        if (!names_have(then, now->at[i]))
            report_found(subject->report, TRACE_REMEDY, "it has left: %s",
                         now->at[i]);
    for (size_t i = 0; i < then->count; i++)
        if (!names_have(now, then->at[i]))
            report_found(subject->report, TRACE_REMEDY,
                         "it has taken along: %s", then->at[i]);
    trace_compare_number(subject, "mappings of modules",
                         before->counts.mappings, after->counts.mappings);
    trace_compare_number(subject, "threads", before->counts.threads,
                         after->counts.threads);
    trace_compare_number(subject, "open files", before->counts.files,
                         after->counts.files);
}

#define NOT_UNLOADED "it is not made to be unloaded (KR_MODULE_CAN_UNLOAD)"

/* Once jobs are over, are there as many mappings as there were? */
static void trace_expect_mappings(struct subject *subject,
                                  const struct counts *before)
{
    struct counts now = counts_settle(subject, NULL);
    struct timespec pause = {0, SETTLE_MS * 1000000};

    for (unsigned ms = 0; now.mappings != before->mappings && ms < LEFT_MS;
         ms += SETTLE_MS) {
        nanosleep(&pause, NULL);
        now = counts_take(subject);
    }
    if (now.mappings != before->mappings)
        report_found(subject->report,
                     "threads of its own end in deactivate() or handover(), or "
                     "are jobs",
                     "%u mappings of modules have become %u", before->mappings,
                     now.mappings);
}

/* --- Loading and unloading ------------------------------------------------ */

/* false: it was no success, which was told. */
static bool life_once(struct subject *subject)
{
    struct answer reply;
    bool good = subject_load(subject, &reply);

    if (!good)
        report_found(subject->report,
                     "keyrack-module check says what the file lacks",
                     "MODULE LOAD answers: %s", answer_text(&reply));
    answer_free(&reply);
    if (!good || !subject->can_unload)
        return good;
    good = subject_unload(subject, &reply);
    if (!good)
        report_found(subject->report, "deactivate() ends what it has begun",
                     "MODULE UNLOAD answers: %s", answer_text(&reply));
    answer_free(&reply);
    return good && !subject_has_died(subject, "when it was unloaded");
}

void conform_traces(struct subject *subject)
{
    struct trace before = {0}, after = {0};

    /* Once before, as a server keeps what it has had to make for the first; and
     * files of other formats say only then whether they can be unloaded. */
    if (!life_once(subject))
        return;
    if (!subject->can_unload) {
        report_skip(subject->report, NOT_UNLOADED);
    } else {
        trace_take(subject, &before, NULL);
        if (life_once(subject)) {
            trace_take(subject, &after, &before.counts);
            trace_compare(subject, &before, &after);
        }
    }
    names_fini(&before.names);
    names_fini(&after.names);
}

#define CYCLES       20u
#define CYCLES_RUNS  3u
#define CYCLES_WARM  5u
#define CYCLES_SLACK 24 /* bytes that one may grow by */

/* Bytes in use by the server: the least of several times, as it frees some a
 * little later. */
static int64_t cycles_used(struct subject *subject)
{
    struct timespec pause = {0, SETTLE_MS * 1000000};
    int64_t least = INT64_MAX, now;

    for (unsigned i = 0; i < 12; i++) {
        now = subject_number(subject, "memory", "used_memory");
        least = now < least ? now : least;
        nanosleep(&pause, NULL);
    }
    return least;
}

/* The bytes afterwards; -1: it did not come or go. */
static int64_t cycles_run(struct subject *subject, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (!life_once(subject))
            return -1;
    return cycles_used(subject);
}

static int64_t middle_of(int64_t a, int64_t b, int64_t c)
{
    int64_t low = a < b ? a : b, high = a < b ? b : a;

    return c < low ? low : c > high ? high : c;
}

void conform_cycles(struct subject *subject)
{
    int64_t before, after, grown[CYCLES_RUNS], middle;
    struct counts counts;

    if (!subject->can_unload) {
        report_skip(subject->report, NOT_UNLOADED);
        return;
    }
    after = cycles_run(subject, CYCLES_WARM);
    counts = counts_settle(subject, NULL);
    for (unsigned i = 0; i < CYCLES_RUNS; i++) {
        before = after;
        after = cycles_run(subject, CYCLES);
        if (after < 0 || before < 0)
            return;
        grown[i] = after - before;
    }
    /* A table of the server's may grow for good, or something be freed late, in
     * one of the runs: who leaves something does so each time. */
    middle = middle_of(grown[0], grown[1], grown[2]);
    if (middle > CYCLES * CYCLES_SLACK)
        report_found(
            subject->report, "destroy() frees what create() has allocated",
            "%u times loaded and unloaded, it has left %lld bytes each", CYCLES,
            (long long)middle / CYCLES);
    trace_expect_mappings(subject, &counts);
}

/* --- Upgrade -------------------------------------------------------------- */

#define UPGRADE_TIMES   5u
#define UPGRADE_VOICES  4u
#define UPGRADE_CALLS   100u
#define UPGRADE_ALONE   400u /* at most; one is enough if nothing grows */
#define UPGRADE_SETTLED 5u   /* of them, after which it is waited for */

/* Calls of commands that change nothing, and the number of them. */
static unsigned upgrade_calls(struct subject *subject, struct buffer *bytes)
{
    unsigned calls = 0;

    for (unsigned i = 0; i < UPGRADE_CALLS && subject->command_count > 0; i++) {
        const struct command *command =
            &subject
                 ->commands[dice_roll(&subject->dice, subject->command_count)];

        if (command->flags & (COMMAND_WRITE | COMMAND_BLOCKING) ||
            !(command->flags & COMMAND_READONLY) ||
            conform_leaves_alone(subject, command))
            continue;
        words_guess(&subject->words, &subject->dice, command, subject->examples,
                    subject->example_count);
        talk_encode(bytes, subject->words.argc, subject->words.argv);
        calls++;
    }
    return calls;
}

static void upgrade_judge(struct subject *subject, enum talk_end end,
                          const struct answer *reply)
{
    if (end != TALK_REPLY)
        report_found(subject->report,
                     "state that clients wait for has to be handed over",
                     "a call that was under way was not answered");
    else if (answer_is_error(reply, "NOMODULE") ||
             answer_is_error(reply, "ERR unknown command"))
        report_found(subject->report,
                     "the new version has to have all commands of the old one",
                     "a call that was under way was answered: %s",
                     answer_text(reply));
}

/* false: it failed, or a call was lost; either was told. */
static bool upgrade_once(struct subject *subject, bool under_load)
{
    struct talk voices[UPGRADE_VOICES] = {0};
    unsigned calls[UPGRADE_VOICES] = {0};
    struct buffer bytes = {0};
    struct answer reply;
    bool good;

    for (unsigned i = 0; under_load && i < UPGRADE_VOICES; i++) {
        buffer_clear(&bytes);
        calls[i] = upgrade_calls(subject, &bytes);
        if (!talk_open(&voices[i], &subject->server, 2) ||
            !talk_send(&voices[i], buffer_str(&bytes)))
            calls[i] = 0;
    }
    subject_call(subject, &reply, "MODULE", "RELOAD", subject->name);
    good = reply.kind == '+';
    if (!good)
        report_found(subject->report,
                     "the error says which step failed; see api/README.md, "
                     "Upgrades",
                     "MODULE RELOAD answers: %s", answer_text(&reply));
    answer_free(&reply);
    for (unsigned i = 0; under_load && i < UPGRADE_VOICES; i++) {
        enum talk_end end = TALK_REPLY;

        for (unsigned k = 0; k < calls[i] && end == TALK_REPLY; k++) {
            end = talk_read(&voices[i], 30000, &reply);
            upgrade_judge(subject, end, &reply);
            answer_free(&reply);
        }
        good = good && end == TALK_REPLY;
        talk_close(&voices[i]);
    }
    buffer_free(&bytes);
    return good;
}

/* The account after one more upgrade.  What the old version had may be let go of a
 * moment later: as long as it is above `wanted` it is looked at again, for about
 * `wait_ms`. */
static int64_t upgrade_account(struct subject *subject, int64_t wanted,
                               unsigned wait_ms)
{
    struct timespec pause = {0, 10000000};
    int64_t bytes = subject_account(subject, "memory");

    for (unsigned ms = 0; bytes > wanted && ms < wait_ms; ms += 10) {
        nanosleep(&pause, NULL);
        bytes = subject_account(subject, "memory");
    }
    return bytes;
}

/* Calls may make what stays; what grows without them is the upgrade's.  Who leaks
 * does so each time: a table that is a size larger now and then is no leak, nor is
 * what a collector comes to later.  The answer is by how much it grew with the
 * last one, 0 once it has not. */
static int64_t upgrade_grows(struct subject *subject, bool *good)
{
    int64_t before, grown = 1;

    for (unsigned i = 0; i < UPGRADE_ALONE && *good && grown > 0; i++) {
        before = subject_account(subject, "memory");
        *good = upgrade_once(subject, false);
        grown = upgrade_account(subject, before + CYCLES_SLACK,
                                i < UPGRADE_SETTLED ? 100 : 0) -
                before;
        grown = grown > CYCLES_SLACK ? grown : 0;
    }
    return grown;
}

void conform_upgrade(struct subject *subject)
{
    int64_t grown;
    struct looks looks;
    struct counts counts;
    bool good = true;

    if (!subject->can_upgrade) {
        report_skip(subject->report,
                    "it is not made to be upgraded (KR_MODULE_CAN_UPGRADE)");
        return;
    }
    (void)conform_fill(subject);
    looks_take(subject, &looks, false);
    counts = counts_settle(subject, NULL);
    for (unsigned i = 0; i < UPGRADE_TIMES && good; i++)
        good = upgrade_once(subject, true);
    grown = upgrade_grows(subject, &good);
    looks_compare(subject, &looks, "after an upgrade",
                  "count .layout of the type up when its payload changes, and "
                  "list what is adopted in .layouts");
    if (good && grown > 0)
        report_found(subject->report,
                     "takeover() frees what it does not take over of the old "
                     "state",
                     "its account grows by %lld bytes with each upgrade",
                     (long long)grown);
    if (good)
        trace_expect_mappings(subject, &counts);
    looks_free(&looks);
}

/* --- Sealing -------------------------------------------------------------- */

static void seal_try_commands(struct subject *subject)
{
    struct answer reply;

    for (size_t i = 0; i < subject->command_count; i++) {
        const struct command *command = &subject->commands[i];

        if (command->words > 1)
            continue;
        words_fill(&subject->words, command, 4);
        subject_call(subject, &reply, command->name, "key:0", "key:1");
        if (reply.kind != '-')
            report_found(
                subject->report,
                "register commands with `self`, so that they go with it",
                "%s is answered though the module is away", command->name);
        answer_free(&reply);
    }
}

/* With values that cannot be saved a module cannot go. */
static void seal_drop_unsaved(struct subject *subject)
{
    struct answer scan, reply;

    for (size_t i = 0; i < subject->unsaved.count; i++) {
        subject_call(subject, &scan, "SCAN", "0", "COUNT", "1000000", "TYPE",
                     subject->unsaved.at[i]);
        for (size_t k = 0; scan.count == 2 && k < scan.items[1].count; k++) {
            subject_call(subject, &reply, "DEL",
                         answer_text(&scan.items[1].items[k]));
            answer_free(&reply);
        }
        answer_free(&scan);
    }
}

void conform_seal(struct subject *subject)
{
    struct looks looks;
    struct answer reply;
    bool good;

    if (!subject->can_unload) {
        report_skip(subject->report, NOT_UNLOADED);
        return;
    }
    (void)conform_fill(subject);
    looks_take(subject, &looks, true);
    seal_drop_unsaved(subject);
    good = subject_unload(subject, &reply);
    if (!good)
        report_found(subject->report, "deactivate() ends what it has begun",
                     "MODULE UNLOAD answers: %s", answer_text(&reply));
    answer_free(&reply);
    if (good) {
        seal_try_commands(subject);
        subject_call(subject, &reply, "DEBUG", "RELOAD");
        answer_free(&reply);
        good = subject_load(subject, &reply);
        if (!good)
            report_found(subject->report, "destroy() has to leave nothing",
                         "loaded again it answers: %s", answer_text(&reply));
        answer_free(&reply);
    }
    if (good)
        looks_compare(subject, &looks, "when it was unloaded and loaded again",
                      "save() and load() need nothing but the value: they run "
                      "before create() and after deactivate()");
    looks_free(&looks);
}
