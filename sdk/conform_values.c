/* SPDX-License-Identifier: BSD-3-Clause */
/* conform_values - what any value has to stand: to be copied, dumped, moved,
 * saved and loaded, and that somebody loads what is damaged. */
#include "sdk/conform_checks.h"

#include "core/memory/memory.h"
#include "core/text/crc64.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* --- Copies --------------------------------------------------------------- */

static void copies_dump(struct subject *subject, const struct look *look)
{
    struct answer dump, reply;
    struct buffer bytes = {0};
    struct kr_str words[] = {
        KR_STR("RESTORE"), KR_STR("conform:restored"), KR_STR("0"), {0}};

    subject_call(subject, &dump, "DUMP", look->key);
    if (dump.kind != '$' || dump.null) {
        report_found(subject->report, "the type needs save()",
                     "DUMP of a value of type %s answers: %s", look->type,
                     answer_text(&dump));
        answer_free(&dump);
        return;
    }
    words[3] = dump.text;
    talk_encode(&bytes, KR_COUNT(words), words);
    (void)talk_send(&subject->talk, buffer_str(&bytes));
    (void)talk_read(&subject->talk, 60000, &reply);
    if (reply.kind != '+')
        report_found(
            subject->report, "load() has to accept what save() writes",
            "RESTORE of what DUMP gave of a value of type %s answers: %s",
            look->type, answer_text(&reply));
    else
        look_compare(subject, look, "conform:restored", "when it is restored",
                     "load() has to read all that save() writes");
    answer_free(&reply);
    answer_free(&dump);
    buffer_free(&bytes);
    subject_call(subject, &reply, "DEL", "conform:restored");
    answer_free(&reply);
}

/* What a key has beside its value: MEMORY USAGE of an empty string. */
static int64_t copies_key_bytes(struct subject *subject)
{
    struct answer reply;
    int64_t bytes;

    subject_call(subject, &reply, "SET", "conform:copy", "");
    answer_free(&reply);
    subject_call(subject, &reply, "MEMORY", "USAGE", "conform:copy");
    bytes = reply.number;
    answer_free(&reply);
    subject_call(subject, &reply, "DEL", "conform:copy");
    answer_free(&reply);
    return bytes;
}

/* What the account has grown by with a copy is what its bytes have to be. */
static void copies_weigh(struct subject *subject, const struct look *look,
                         int64_t key_bytes, int64_t grown)
{
    struct answer usage, dump;
    int64_t said;

    if (grown < 0) /* somebody has collected garbage meanwhile */
        grown = 0;
    subject_call(subject, &usage, "MEMORY", "USAGE", "conform:copy", "SAMPLES",
                 "0");
    subject_call(subject, &dump, "DUMP", "conform:copy");
    said = usage.number - key_bytes;
    if (usage.kind != ':' || 2 * said + 32 < grown ||
        said > 4096 + 16 * (grown + (int64_t)dump.text.size))
        report_found(
            subject->report,
            "memory() adds up kr_memory->usable() of all that the value "
            "owns",
            "MEMORY USAGE says that a value of type %s has about %lld "
            "bytes\na copy of %s took %lld, its dump has %zu",
            look->type, (long long)said, look->key, (long long)grown,
            dump.text.size);
    answer_free(&usage);
    answer_free(&dump);
}

static void copies_copy(struct subject *subject, const struct look *look)
{
    static const char *const remedy =
        "copy() has to copy all that the value owns, and to share nothing";
    int64_t key_bytes = copies_key_bytes(subject);
    int64_t before = subject_account(subject, "memory");
    struct answer reply;
    bool copied;

    subject_call(subject, &reply, "COPY", look->key, "conform:copy");
    copied = reply.kind == ':' && reply.number == 1;
    if (!copied)
        report_found(subject->report, remedy,
                     "COPY of a value of type %s answers: %s", look->type,
                     answer_text(&reply));
    answer_free(&reply);
    if (copied) {
        copies_weigh(subject, look, key_bytes,
                     subject_account(subject, "memory") - before);
        look_compare(subject, look, "conform:copy", "in a copy", remedy);
        subject_call(subject, &reply, "DEL", "conform:copy");
        answer_free(&reply);
        look_compare(subject, look, look->key, "when a copy of it is gone",
                     remedy);
    }
}

static void copies_rename(struct subject *subject, const struct look *look)
{
    struct answer reply;

    subject_call(subject, &reply, "RENAME", look->key, "conform:other");
    answer_free(&reply);
    look_compare(subject, look, "conform:other", "under another name",
                 "a value must not depend on its key, or has link()");
    subject_call(subject, &reply, "RENAME", "conform:other", look->key);
    answer_free(&reply);
}

void conform_copies(struct subject *subject)
{
    struct looks looks;

    looks_take(subject, &looks, false);
    for (size_t i = 0; i < looks.count; i++) {
        copies_copy(subject, &looks.at[i]);
        if (!names_have(&subject->unsaved, looks.at[i].type))
            copies_dump(subject, &looks.at[i]);
        copies_rename(subject, &looks.at[i]);
        if (subject_has_died(subject, "when a value was copied or dumped"))
            break;
    }
    looks_free(&looks);
}

/* --- Files ---------------------------------------------------------------- */

#define FILES_MS 60000

static bool files_say(struct subject *subject, const char *first,
                      const char *second, const char *third, const char *fourth)
{
    struct answer reply;
    bool good;

    subject_call(subject, &reply, first, second, third, fourth);
    good = reply.kind == '+';
    if (!good && !answer_is_error(&reply, "CONNECTION"))
        report_found(subject->report,
                     "the server's log says what it could not save or load",
                     "%s %s answers: %s", first, second, answer_text(&reply));
    answer_free(&reply);
    return good;
}

/* Wait until the log of writes has been begun. */
static void files_wait(struct subject *subject)
{
    struct timespec pause = {0, 10000000};

    for (unsigned ms = 0; ms < FILES_MS; ms += 10) {
        if (subject_number(subject, "persistence", "aof_rewrite_in_progress") ==
                0 &&
            subject_number(subject, "persistence", "aof_rewrite_scheduled") ==
                0)
            return;
        nanosleep(&pause, NULL);
    }
}

static void files_log(struct subject *subject, struct looks *looks)
{
    if (!files_say(subject, "CONFIG", "SET", "aof-use-rdb-preamble", "no") ||
        !files_say(subject, "CONFIG", "SET", "appendonly", "yes"))
        return;
    files_wait(subject);
    if (files_say(subject, "DEBUG", "LOADAOF", NULL, NULL))
        looks_compare(subject, looks, "after a log was rewritten and loaded",
                      "rewrite() has to emit commands that build the whole "
                      "value; without it the saved bytes are used");
    looks_free(looks);
    conform_speak(subject, 10, true);
    looks_take(subject, looks, true);
    if (files_say(subject, "DEBUG", "LOADAOF", NULL, NULL))
        looks_compare(subject, looks,
                      "after the log of its commands was loaded",
                      "a command whose effect follows from more than its words "
                      "says another one by kr_journal->instead()");
    (void)files_say(subject, "CONFIG", "SET", "appendonly", "no");
}

void conform_files(struct subject *subject)
{
    struct looks looks;

    looks_take(subject, &looks, true);
    if (files_say(subject, "DEBUG", "RELOAD", NULL, NULL))
        looks_compare(subject, &looks, "after a snapshot was loaded",
                      "load() has to read all that save() writes");
    files_log(subject, &looks);
    looks_free(&looks);
}

/* --- Damage --------------------------------------------------------------- */

#define DAMAGE_TRIES 150u
#define DAMAGE_TAIL  10u /* bytes: version and checksum */

/* One byte becomes another one, or a number of 64 bits that is large. */
static void damage_byte(struct dice *dice, struct buffer *out, char byte)
{
    switch (dice_roll(dice, 4)) {
    case 0:
        buffer_append_char(out, (char)0x81);
        buffer_append(out, KR_STR("\x10\0\0\0\0\0\0\0"));
        break;
    case 1:
        buffer_append_char(out, (char)dice_roll(dice, 256));
        break;
    default:
        buffer_append_char(out, (char)(byte ^ 1 << dice_roll(dice, 8)));
    }
}

/* Some other bytes, perhaps fewer, and a checksum that is right. */
static void damage_make(struct dice *dice, struct kr_str dump,
                        struct buffer *out)
{
    size_t body = dump.size - DAMAGE_TAIL, size = body;
    uint64_t sum, bad = 1 + dice_roll(dice, 3);

    buffer_clear(out);
    if (dice_roll(dice, 4) == 0)
        size = 1 + dice_roll(dice, body);
    buffer_append_char(out, dump.data[0]); /* the type stays */
    for (size_t i = 1; i < size; i++)
        if (dice_roll(dice, size) < bad)
            damage_byte(dice, out, dump.data[i]);
        else
            buffer_append_char(out, dump.data[i]);
    buffer_append(out, kr_str(dump.data + body, 2));
    sum = crc64(0, buffer_str(out));
    for (unsigned i = 0; i < 8; i++)
        buffer_append_char(out, (char)(sum >> 8 * i));
}

/* What was accepted is a value: all that can be done to one is done. */
static void damage_use(struct subject *subject)
{
    static const char *const deeds[][4] = {
        {"DEBUG", "DIGEST-VALUE", "conform:damaged", NULL},
        {"DUMP", "conform:damaged", NULL, NULL},
        {"COPY", "conform:damaged", "conform:damaged:2", "REPLACE"},
        {"MEMORY", "USAGE", "conform:damaged", NULL},
        {"OBJECT", "ENCODING", "conform:damaged", NULL},
        {"COPY", "conform:damaged", "key:7", "REPLACE"},
        {"DEL", "conform:damaged", "conform:damaged:2", NULL},
    };
    struct answer reply;

    for (size_t i = 0; i < KR_COUNT(deeds); i++) {
        subject_call(subject, &reply, deeds[i][0], deeds[i][1], deeds[i][2],
                     deeds[i][3]);
        answer_free(&reply);
    }
    conform_speak(subject, 1, false);
}

static bool damage_try(struct subject *subject, struct kr_str dump)
{
    struct buffer bytes = {0}, damaged = {0};
    struct kr_str words[] = {KR_STR("RESTORE"),
                             KR_STR("conform:damaged"),
                             KR_STR("0"),
                             {0},
                             KR_STR("REPLACE")};
    struct answer reply;

    damage_make(&subject->dice, dump, &damaged);
    words[3] = buffer_str(&damaged);
    talk_encode(&bytes, KR_COUNT(words), words);
    (void)talk_send(&subject->talk, buffer_str(&bytes));
    (void)talk_read(&subject->talk, 60000, &reply);
    if (reply.kind == '+')
        damage_use(subject);
    answer_free(&reply);
    buffer_free(&bytes);
    buffer_free(&damaged);
    return !subject_has_died(
        subject, "when it loaded a damaged value (load() has to check all that "
                 "it reads)");
}

void conform_damage(struct subject *subject)
{
    struct looks looks;
    struct answer dump;
    bool alive = true;

    looks_take(subject, &looks, true);
    for (size_t i = 0; i < looks.count && alive; i++) {
        subject_call(subject, &dump, "DUMP", looks.at[i].key);
        for (unsigned k = 0;
             k < DAMAGE_TRIES && alive && dump.text.size > DAMAGE_TAIL + 1; k++)
            alive = damage_try(subject, dump.text);
        answer_free(&dump);
    }
    looks_free(&looks);
}
