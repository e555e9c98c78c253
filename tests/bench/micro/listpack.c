/* SPDX-License-Identifier: BSD-3-Clause */
/* bench/micro/listpack - nanoseconds of the compact formats.
 *
 *     listpack [seconds a row]
 *
 * Rows say what one call costs, or one entry of it where they say "an entry".
 * The hash has 64 fields of 12 bytes that differ at their end, with values of
 * 1 ... 40 bytes in no order; the numbers are small ones; the set has 512
 * values, as many as by default stay an intset. */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "modules/compact/intset.h"
#include "modules/compact/listpack.h"

enum { FIELDS = 64, NUMBERS = 128, VALUES = 512 };

static double bench_seconds = 0.2;

static double bench_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Keep the compiler from leaving out what makes `value`. */
static void bench_use(uint64_t value)
{
    __asm__ volatile("" : : "r"(value) : "memory");
}

/* Call `run` until the row's time is over; it returns how many it did. */
static void bench_row(const char *name, size_t (*run)(void *), void *what)
{
    double begin, now;
    size_t count = 0;

    run(what);
    begin = bench_now();
    do {
        for (int i = 0; i < 100; i++)
            count += run(what);
        now = bench_now();
    } while (now - begin < bench_seconds);
    printf("%-32s %8.1f ns\n", name, (now - begin) * 1e9 / (double)count);
}

/* --- What is measured ---------------------------------------------------- */

struct subject {
    char hash[8192], numbers[1024], edited[8192];
    char fields[FIELDS][12];
    char set[INTSET_EMPTY + VALUES * 4];
};

static struct kr_str subject_field(const struct subject *s, size_t i)
{
    return kr_str(s->fields[i % FIELDS], sizeof(s->fields[0]));
}

static void subject_init(struct subject *s)
{
    static const char value[40] = "a value of some bytes, and then of more";
    uint32_t random = 1;

    listpack_init(s->hash);
    listpack_init(s->numbers);
    intset_init(s->set);
    for (size_t i = 0; i < FIELDS; i++) {
        struct listpack_element pair[2];
        char name[16];

        random = random * 1103515245 + 12345;
        snprintf(name, sizeof(name), "field:%06zu", i);
        memcpy(s->fields[i], name, sizeof(s->fields[i]));
        pair[0] = listpack_element(subject_field(s, i));
        pair[1] = listpack_element(kr_str(value, 1 + (random >> 16) % 40));
        listpack_append(s->hash, pair, 2);
    }
    for (size_t i = 0; i < NUMBERS; i++) {
        struct listpack_element number = listpack_number((int64_t)i * 37);

        listpack_append(s->numbers, &number, 1);
    }
    for (int64_t i = 0; i < VALUES; i++)
        intset_insert(s->set, (size_t)i, i * 70 + 40000);
}

/* --- Finding ------------------------------------------------------------- */

static size_t run_find_last(void *what)
{
    struct subject *s = what;
    struct listpack_element e = listpack_element(subject_field(s, FIELDS - 1));

    bench_use(listpack_find(s->hash, LISTPACK_HEADER, &e, 1));
    return 1;
}

static size_t run_find_each(void *what)
{
    struct subject *s = what;

    for (size_t i = 0; i < FIELDS; i++) {
        struct listpack_element e =
            listpack_element(subject_field(s, i * 29 % FIELDS));

        bench_use(listpack_find(s->hash, LISTPACK_HEADER, &e, 1));
    }
    return FIELDS;
}

static size_t run_find_entry(void *what)
{
    struct subject *s = what;
    struct listpack_element e = listpack_element(KR_STR("field:absent"));

    bench_use(listpack_find(s->hash, LISTPACK_HEADER, &e, 0));
    return 2 * FIELDS;
}

static size_t run_find_number(void *what)
{
    struct subject *s = what;
    struct listpack_element e = listpack_element(KR_STR("1000000"));

    bench_use(listpack_find(s->numbers, LISTPACK_HEADER, &e, 0));
    return NUMBERS;
}

/* --- Reading ------------------------------------------------------------- */

static size_t run_batch(void *what)
{
    struct subject *s = what;
    size_t at = LISTPACK_HEADER, count;
    struct kr_str out[32];
    char texts[32 * LISTPACK_TEXT];

    while ((count = listpack_batch(s->hash, &at, out, 32, texts)) > 0)
        bench_use((uint64_t)out[count - 1].size);
    return 2 * FIELDS;
}

static size_t run_batch_numbers(void *what)
{
    struct subject *s = what;
    size_t at = LISTPACK_HEADER, count;
    struct kr_str out[32];
    char texts[32 * LISTPACK_TEXT];

    while ((count = listpack_batch(s->numbers, &at, out, 32, texts)) > 0)
        bench_use((uint64_t)out[count - 1].size);
    return NUMBERS;
}

static size_t run_next(void *what)
{
    struct subject *s = what;

    for (size_t at = listpack_first(s->hash); at;
         at = listpack_next(s->hash, at))
        bench_use(at);
    return 2 * FIELDS;
}

static size_t run_prev(void *what)
{
    struct subject *s = what;

    for (size_t at = listpack_last(s->hash); at;
         at = listpack_prev(s->hash, at))
        bench_use(at);
    return 2 * FIELDS;
}

static size_t run_seek(void *what)
{
    struct subject *s = what;

    bench_use(listpack_seek(s->hash, FIELDS));
    return 1;
}

static size_t run_check(void *what)
{
    struct subject *s = what;

    bench_use(listpack_check(kr_str(s->hash, listpack_size(s->hash))));
    return 2 * FIELDS;
}

/* --- Editing ------------------------------------------------------------- */

static size_t run_append(void *what)
{
    struct subject *s = what;

    listpack_init(s->edited);
    for (size_t i = 0; i < FIELDS; i++) {
        struct listpack_element e = listpack_element(subject_field(s, i));

        listpack_append(s->edited, &e, 1);
    }
    return FIELDS;
}

static size_t run_ends(void *what)
{
    struct subject *s = what;
    struct listpack_element e = listpack_element(subject_field(s, 0));

    listpack_prepend(s->hash, &e, 1);
    listpack_delete(s->hash, LISTPACK_HEADER, 1);
    return 1;
}

static size_t run_replace(void *what)
{
    struct subject *s = what;
    size_t at = listpack_seek(s->numbers, NUMBERS / 2);
    struct listpack_element e = listpack_number(NUMBERS / 2 * 37);

    listpack_replace(s->numbers, at, &e);
    return 1;
}

/* --- Sets of integers ---------------------------------------------------- */

static size_t run_intset_find(void *what)
{
    struct subject *s = what;
    size_t place;

    for (int64_t i = 0; i < 1000; i++)
        bench_use(intset_find(s->set, i * 7919 % 36000 + 40000, &place));
    return 1000;
}

static size_t run_intset_edit(void *what)
{
    struct subject *s = what;
    size_t place = VALUES / 2;
    int64_t value = intset_get(s->set, place);

    intset_delete(s->set, place);
    intset_insert(s->set, place, value);
    return 1;
}

static size_t run_intset_batch(void *what)
{
    struct subject *s = what;
    int64_t out[64];

    for (size_t i = 0; i < VALUES; i += 64)
        bench_use(intset_batch(s->set, i, out, 64));
    return VALUES;
}

int main(int argc, char **argv)
{
    static struct subject subject;

    if (argc > 1)
        bench_seconds = atof(argv[1]);
    subject_init(&subject);
    bench_row("find the last of 64 fields", run_find_last, &subject);
    bench_row("find one of 64 fields", run_find_each, &subject);
    bench_row("find no text, an entry", run_find_entry, &subject);
    bench_row("find no number, an entry", run_find_number, &subject);
    bench_row("batch of texts, an entry", run_batch, &subject);
    bench_row("batch of numbers, an entry", run_batch_numbers, &subject);
    bench_row("next, an entry", run_next, &subject);
    bench_row("prev, an entry", run_prev, &subject);
    bench_row("seek the middle of 128", run_seek, &subject);
    bench_row("check, an entry", run_check, &subject);
    bench_row("append", run_append, &subject);
    bench_row("prepend and delete, 128 entries", run_ends, &subject);
    bench_row("seek and replace a number", run_replace, &subject);
    bench_row("intset: find, of 512", run_intset_find, &subject);
    bench_row("intset: delete and insert", run_intset_edit, &subject);
    bench_row("intset: batch, a value", run_intset_batch, &subject);
    return 0;
}
