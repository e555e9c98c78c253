/* SPDX-License-Identifier: BSD-3-Clause */
/* check_memory - what the allocator promises, and that its count is true.
 *
 * The tests compare memory_used() before and after, so nothing else may
 * allocate through memory/ meanwhile; Check forks each test. */

#include "core/memory/memory.h"

#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/suites.h"

/* The compiler knows alloc_size and would argue with absurd sizes. */
static size_t opaque(size_t size)
{
    volatile size_t hidden = size;

    return hidden;
}

/* A compiler may leave out an allocation whose result nobody sees. */
static void *volatile seen;

/* Bytes that are not as write_pattern() left them.  Counted here because an
 * assertion costs a system call. */
static size_t count_wrong(const unsigned char *block, size_t size)
{
    size_t wrong = 0;

    for (size_t at = 0; at < size; at++)
        wrong += block[at] != ((at * 31) & 0xff);
    return wrong;
}

static void write_pattern(unsigned char *block, size_t size)
{
    for (size_t at = 0; at < size; at++)
        block[at] = (unsigned char)(at * 31);
}

static const size_t sizes[] = {0,    1,    7,     8,      9,       16,     17,
                               63,   64,   65,    320,    1023,    1024,   1025,
                               4096, 5000, 65536, 100000, 1 << 21, 5000000};
enum { SIZE_COUNT = sizeof sizes / sizeof sizes[0] };

START_TEST(a_block_counts_as_its_usable_bytes)
{
    size_t before = memory_used();
    char *block = memory_alloc(opaque(sizes[_i]));

    ck_assert_uint_ge(memory_usable(block), sizes[_i]);
    ck_assert_uint_eq(memory_used(), before + memory_usable(block));
    memset(block, 1, sizes[_i]);
    memory_free(block);
    ck_assert_uint_eq(memory_used(), before);
}
END_TEST

START_TEST(calloc_gives_zeroes_and_counts)
{
    size_t before = memory_used();
    size_t dirt = 0;
    char *dirty = memory_alloc(opaque(sizes[_i]));
    char *block;

    memset(dirty, 0xff, sizes[_i]);
    memory_free(dirty);
    block = memory_calloc(opaque(sizes[_i]), 1);
    for (size_t i = 0; i < sizes[_i]; i++)
        dirt += block[i] != 0;
    ck_assert_uint_eq(dirt, 0);
    ck_assert_uint_eq(memory_used(), before + memory_usable(block));
    memory_free(block);
    ck_assert_uint_eq(memory_used(), before);
}
END_TEST

START_TEST(realloc_keeps_the_bytes_and_the_count)
{
    size_t before = memory_used();
    unsigned char *block = memory_realloc(NULL, 1);
    size_t old = 1;

    block[0] = 0;
    for (size_t i = 0; i < SIZE_COUNT; i++) {
        size_t size = sizes[(i * 7) % SIZE_COUNT];
        size_t kept = old < size ? old : size;

        block = memory_realloc(block, opaque(size));
        ck_assert_uint_eq(count_wrong(block, kept), 0);
        write_pattern(block, size);
        ck_assert_uint_eq(memory_used(), before + memory_usable(block));
        old = size;
    }
    memory_free(block);
    ck_assert_uint_eq(memory_used(), before);
}
END_TEST

START_TEST(realloc_to_nothing_still_gives_a_block)
{
    size_t before = memory_used();
    void *block = memory_realloc(memory_alloc(100), opaque(0));

    ck_assert_ptr_nonnull(block);
    memory_free(block);
    ck_assert_uint_eq(memory_used(), before);
}
END_TEST

START_TEST(random_traffic_ends_where_it_began)
{
    enum { BLOCKS = 512, STEPS = 100000 };
    static void *blocks[BLOCKS];
    unsigned seed = (unsigned)time(NULL) ^ (unsigned)getpid();
    size_t before = memory_used();
    size_t sum = 0;
    size_t wrong = 0;

    printf("memory: seed %u\n", seed);
    for (int step = 0; step < STEPS; step++) {
        void **slot = &blocks[rand_r(&seed) % BLOCKS];
        size_t size = (size_t)rand_r(&seed) % (rand_r(&seed) % 8 ? 200 : 9000);

        if (*slot)
            sum -= memory_usable(*slot);
        switch (rand_r(&seed) % 3) {
        case 0:
            memory_free(*slot);
            *slot = NULL;
            break;
        case 1:
            *slot = memory_realloc(*slot, size);
            break;
        case 2:
            memory_free(*slot);
            *slot = memory_alloc(size);
            break;
        }
        if (*slot)
            sum += memory_usable(*slot);
        wrong += memory_used() != before + sum;
    }
    ck_assert_uint_eq(wrong, 0);
    for (int i = 0; i < BLOCKS; i++)
        memory_free(blocks[i]);
    ck_assert_uint_eq(memory_used(), before);
}
END_TEST

START_TEST(free_of_null_does_nothing)
{
    size_t before = memory_used();

    memory_free(NULL);
    ck_assert_uint_eq(memory_used(), before);
}
END_TEST

/* --- More than there is -------------------------------------------------- */

START_TEST(try_alloc_of_too_much_is_null_and_uncounted)
{
    size_t before = memory_used();

    ck_assert_ptr_null(memory_try_alloc(opaque(SIZE_MAX / 2)));
    ck_assert_ptr_null(memory_try_alloc(opaque(SIZE_MAX)));
    ck_assert_uint_eq(memory_used(), before);
}
END_TEST

START_TEST(try_calloc_sees_the_product_overflow)
{
    ck_assert_ptr_null(memory_try_calloc(opaque(SIZE_MAX / 2), 3));
    ck_assert_ptr_null(
        memory_try_calloc(opaque((size_t)1 << 32), opaque((size_t)1 << 32)));
}
END_TEST

START_TEST(try_realloc_of_too_much_leaves_the_block)
{
    char *block = memory_alloc(100);
    size_t before = memory_used();

    memset(block, 'k', 100);
    ck_assert_ptr_null(memory_try_realloc(block, opaque(SIZE_MAX / 2)));
    ck_assert_uint_eq(memory_used(), before);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(block[i], 'k');
    memory_free(block);
}
END_TEST

START_TEST(alloc_of_too_much_aborts)
{
    seen = memory_alloc(opaque(SIZE_MAX / 2));
}
END_TEST

START_TEST(calloc_that_overflows_aborts)
{
    seen = memory_calloc(opaque(SIZE_MAX), 2);
}
END_TEST

START_TEST(realloc_of_too_much_aborts)
{
    seen = memory_realloc(memory_alloc(1), opaque(SIZE_MAX / 2));
}
END_TEST

START_TEST(strndup_of_every_byte_aborts)
{
    seen = memory_strndup("", opaque(SIZE_MAX));
}
END_TEST

#ifdef KR_HOSTILE
enum { TRIES = 2000 };

/* The sequence starts anew in each thread. */
static void *thread_tries(void *arg)
{
    bool *refused = arg;

    for (int i = 0; i < TRIES; i++) {
        void *block = memory_try_alloc(32);

        refused[i] = !block;
        memory_free(block);
    }
    return NULL;
}

START_TEST(a_hostile_heap_refuses_some_tries_and_repeats_itself)
{
    static bool refused[2][TRIES];
    int sum = 0;

    setenv("KR_HOSTILE_SEED", "42", 1);
    for (int i = 0; i < 2; i++) {
        pthread_t thread;

        ck_assert_int_eq(
            pthread_create(&thread, NULL, thread_tries, refused[i]), 0);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
    }
    for (int i = 0; i < TRIES; i++)
        sum += refused[0][i];
    ck_assert_int_gt(sum, TRIES / 64 / 3);
    ck_assert_int_lt(sum, TRIES / 64 * 3);
    ck_assert_int_eq(memcmp(refused[0], refused[1], sizeof refused[0]), 0);
}
END_TEST

START_TEST(a_hostile_realloc_always_moves)
{
    char *block = memory_alloc(40);
    uintptr_t before = (uintptr_t)block;

    block = memory_realloc(block, 40);
    ck_assert_uint_ne((uintptr_t)block, before);
    memory_free(block);
}
END_TEST
#endif

/* --- Threads ------------------------------------------------------------- */

enum { THREADS = 8, PER_THREAD = 2000 };

static void *thread_allocates(void *arg)
{
    void **blocks = arg;

    for (int i = 0; i < PER_THREAD; i++)
        blocks[i] = memory_alloc((size_t)i % 300 + 1);
    return NULL;
}

static void *thread_frees(void *arg)
{
    void **blocks = arg;

    for (int i = 0; i < PER_THREAD; i++)
        memory_free(blocks[i]);
    return NULL;
}

static void run_threads(void *(*run)(void *), void *(*blocks)[PER_THREAD])
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run, blocks[i]), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
}

START_TEST(blocks_outlive_the_thread_that_made_them_in_the_count)
{
    static void *blocks[THREADS][PER_THREAD];
    size_t before = memory_used();
    size_t sum = 0;

    run_threads(thread_allocates, blocks);
    for (int i = 0; i < THREADS; i++) {
        for (int j = 0; j < PER_THREAD; j++)
            sum += memory_usable(blocks[i][j]);
    }
    ck_assert_uint_eq(memory_used(), before + sum);
    run_threads(thread_frees, blocks);
    ck_assert_uint_eq(memory_used(), before);
}
END_TEST

static pthread_key_t late_key;

/* Runs when the thread's other thread-specific data may be gone. */
static void late_free(void *block)
{
    memory_free(block);
    memory_free(memory_alloc(10));
}

static void *thread_frees_late(void *arg)
{
    (void)arg;
    ck_assert_int_eq(pthread_setspecific(late_key, memory_alloc(500)), 0);
    return NULL;
}

START_TEST(destructors_of_a_dying_thread_are_counted)
{
    size_t before;

    memory_free(memory_alloc(1)); /* so that our key is older than late_key */
    ck_assert_int_eq(pthread_key_create(&late_key, late_free), 0);
    before = memory_used();
    for (int i = 0; i < 20; i++) {
        pthread_t thread;

        ck_assert_int_eq(pthread_create(&thread, NULL, thread_frees_late, NULL),
                         0);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
        ck_assert_uint_eq(memory_used(), before);
    }
}
END_TEST

/* --- The rest ------------------------------------------------------------ */

START_TEST(copies_of_text_end_in_nul)
{
    char *whole = memory_strdup("keyrack");
    char *part = memory_strndup("a\0bcd", 4);

    ck_assert_str_eq(whole, "keyrack");
    ck_assert_int_eq(memcmp(part, "a\0bc", 5), 0);
    memory_free(whole);
    memory_free(part);
}
END_TEST

START_TEST(the_allocator_has_a_name)
{
    const char *name = memory_allocator_name();

    ck_assert(strncmp(name, "jemalloc-", 9) == 0 ||
              strncmp(name, "mimalloc", 8) == 0 || strcmp(name, "libc") == 0);
}
END_TEST

Suite *memory_suite(void)
{
    Suite *suite = suite_create("memory");
    TCase *count = tcase_create("count");
    TCase *limits = tcase_create("limits");
    TCase *threads = tcase_create("threads");
    TCase *other = tcase_create("other");

    tcase_add_loop_test(count, a_block_counts_as_its_usable_bytes, 0,
                        SIZE_COUNT);
    tcase_add_loop_test(count, calloc_gives_zeroes_and_counts, 0, SIZE_COUNT);
    tcase_add_test(count, realloc_keeps_the_bytes_and_the_count);
    tcase_add_test(count, realloc_to_nothing_still_gives_a_block);
    tcase_add_test(count, random_traffic_ends_where_it_began);
    tcase_add_test(count, free_of_null_does_nothing);
    suite_add_tcase(suite, count);

    tcase_add_test(limits, try_alloc_of_too_much_is_null_and_uncounted);
    tcase_add_test(limits, try_calloc_sees_the_product_overflow);
    tcase_add_test(limits, try_realloc_of_too_much_leaves_the_block);
    tcase_add_test_raise_signal(limits, alloc_of_too_much_aborts, SIGABRT);
    tcase_add_test_raise_signal(limits, calloc_that_overflows_aborts, SIGABRT);
    tcase_add_test_raise_signal(limits, realloc_of_too_much_aborts, SIGABRT);
    tcase_add_test_raise_signal(limits, strndup_of_every_byte_aborts, SIGABRT);
#ifdef KR_HOSTILE
    tcase_add_test(limits,
                   a_hostile_heap_refuses_some_tries_and_repeats_itself);
    tcase_add_test(limits, a_hostile_realloc_always_moves);
#endif
    suite_add_tcase(suite, limits);

    tcase_add_test(threads,
                   blocks_outlive_the_thread_that_made_them_in_the_count);
    tcase_add_test(threads, destructors_of_a_dying_thread_are_counted);
    suite_add_tcase(suite, threads);

    tcase_add_test(other, copies_of_text_end_in_nul);
    tcase_add_test(other, the_allocator_has_a_name);
    suite_add_tcase(suite, other);
    return suite;
}
