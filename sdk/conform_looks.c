/* SPDX-License-Identifier: BSD-3-Clause */
/* conform_looks - how a module's values look, to be compared with how they look
 * after something has been done to them.
 *
 * DEBUG DIGEST-VALUE tells, where the type has a digest(): of the others it
 * knows that they are values, no more, and the bytes of DUMP are taken. */
#include "sdk/conform_checks.h"

#include "core/keyspace/digest.h"
#include "core/memory/memory.h"

#include <stdio.h>

#define LOOKS_MAX    48u
#define LOOKS_ROUNDS 60u /* of calls, to make values */

/* What DIGEST-VALUE answers of a value whose type has no digest(). */
static void digest_of_nothing(char text[2 * SHA1_SIZE + 1])
{
    static const unsigned char number[] = {0, 0, 0, 5}; /* a module's type */
    kr_digest digest;

    digest_reset(&digest);
    digest_mix(&digest, kr_str((const char *)number, sizeof(number)));
    for (size_t i = 0; i < SHA1_SIZE; i++)
        snprintf(text + 2 * i, 3, "%02x", digest.bytes[i]);
}

static void look_at(struct subject *subject, const char *key, struct buffer *to)
{
    char nothing[2 * SHA1_SIZE + 1];
    struct answer reply;

    buffer_clear(to);
    digest_of_nothing(nothing);
    subject_call(subject, &reply, "DEBUG", "DIGEST-VALUE", key);
    if (reply.count == 1 &&
        strcmp(answer_text(&reply.items[0]), nothing) != 0) {
        buffer_append(to, reply.items[0].text);
    } else {
        answer_free(&reply);
        subject_call(subject, &reply, "DUMP", key);
        buffer_append(to, reply.text);
    }
    answer_free(&reply);
}

/* --- All of them ---------------------------------------------------------- */

/* A type may say that its values are never saved: then DUMP does, too. */
static bool looks_is_saved(struct subject *subject, const char *key,
                           const char *type)
{
    struct answer reply;

    if (names_have(&subject->unsaved, type))
        return false;
    subject_call(subject, &reply, "DUMP", key);
    if (reply.kind == '-' && strstr(answer_text(&reply), "is not saved")) {
        names_add(&subject->unsaved, type);
        report_note(
            subject->report,
            "values of type %s are not saved: files, DUMP and an absence "
            "of the module lose them (KR_TYPE_VOLATILE, or no save())",
            type);
    }
    answer_free(&reply);
    return !names_have(&subject->unsaved, type);
}

static void looks_add(struct subject *subject, struct looks *looks,
                      const char *key, bool saved)
{
    struct answer type, reply;

    subject_call(subject, &type, "TYPE", key);
    if (looks->count < LOOKS_MAX &&
        subject_has_type(subject, answer_text(&type)) &&
        (looks_is_saved(subject, key, answer_text(&type)) || !saved)) {
        struct look *look = &looks->at[looks->count++];

        *look = (struct look){0};
        snprintf(look->key, sizeof(look->key), "%s", key);
        snprintf(look->type, sizeof(look->type), "%s", answer_text(&type));
        /* Its time shall not come while it is looked at. */
        subject_call(subject, &reply, "PERSIST", key);
        answer_free(&reply);
        look_at(subject, key, &look->bytes);
    }
    answer_free(&type);
}

void looks_take(struct subject *subject, struct looks *looks, bool saved)
{
    char key[32];

    *looks =
        (struct looks){.at = memory_calloc(LOOKS_MAX, sizeof(struct look))};
    for (unsigned i = 0; i < WORDS_KEYS; i++) {
        snprintf(key, sizeof(key), "key:%u", i);
        looks_add(subject, looks, key, saved);
    }
}

void look_compare(struct subject *subject, const struct look *look,
                  const char *key, const char *what, const char *remedy)
{
    struct buffer now = {0};

    look_at(subject, key, &now);
    if (!kr_str_equal(buffer_str(&now), buffer_str(&look->bytes)))
        report_found(subject->report, remedy, "a value of type %s is %s %s\n%s",
                     look->type, now.size == 0 ? "gone" : "another one", what,
                     look->key);
    buffer_free(&now);
}

void looks_compare(struct subject *subject, const struct looks *looks,
                   const char *what, const char *remedy)
{
    if (subject_has_died(subject, what))
        return;
    for (size_t i = 0; i < looks->count; i++)
        look_compare(subject, &looks->at[i], looks->at[i].key, what, remedy);
}

void looks_free(struct looks *looks)
{
    for (size_t i = 0; i < looks->count; i++)
        buffer_free(&looks->at[i].bytes);
    memory_free(looks->at);
    *looks = (struct looks){0};
}

/* --- Making some ---------------------------------------------------------- */

static bool looks_have_each_type(const struct subject *subject,
                                 const struct looks *looks)
{
    for (size_t i = 0; i < subject->types.count; i++) {
        bool there = false;

        for (size_t k = 0; k < looks->count && !there; k++)
            there = strcmp(looks->at[k].type, subject->types.at[i]) == 0;
        if (!there)
            return false;
    }
    return looks->count > 0;
}

size_t conform_fill(struct subject *subject)
{
    struct looks looks = {0};
    size_t count;

    for (unsigned round = 0; round < LOOKS_ROUNDS; round += 10) {
        if (round % 30 == 0)
            subject_clear(subject);
        conform_speak(subject, 10, true);
        if (subject_has_died(subject, "at random words"))
            return 0;
        looks_free(&looks);
        looks_take(subject, &looks, false);
        if (looks_have_each_type(subject, &looks))
            break;
    }
    if (!looks_have_each_type(subject, &looks) && subject->types.count > 0)
        report_note(subject->report,
                    "no call made a value of each of its types: name files of "
                    "cases that do");
    count = looks.count;
    looks_free(&looks);
    return count;
}
