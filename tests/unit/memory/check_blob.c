/* SPDX-License-Identifier: BSD-3-Clause */
/* Blobs: shared bytes stay as they are, others are written where they are. */
#include "core/memory/blob.h"
#include "core/memory/memory.h"
#include "tests/unit/suites.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

START_TEST(a_new_blob_has_its_size_and_room)
{
    struct kr_blob *b = blob_new(100, 0);

    ck_assert_uint_eq(b->size, 100);
    ck_assert_uint_eq(blob_capacity(b), 100);
    ck_assert_uint_eq((uintptr_t)b->data % 16, 0);
    ck_assert_uint_ge(blob_usable(b), 100);
    ck_assert(!blob_shared(b));
    blob_release(b);
    b = blob_new(10, 1000);
    ck_assert_uint_eq(b->size, 10);
    ck_assert_uint_eq(blob_capacity(b), 1000);
    blob_release(b);
    blob_release(NULL);
}
END_TEST

START_TEST(impossible_sizes_are_refused)
{
    struct kr_blob *b = blob_new(3, 0);

    ck_assert_ptr_null(blob_new(SIZE_MAX, 0));
    ck_assert_ptr_null(blob_new(0, SIZE_MAX - 8));
    ck_assert_ptr_null(blob_resize(b, SIZE_MAX));
    ck_assert_ptr_null(blob_resize(b, SIZE_MAX / 2));
    ck_assert_uint_eq(b->size, 3); /* and is still ours */
    blob_retain(b);
    ck_assert_ptr_null(blob_resize(b, SIZE_MAX));
    ck_assert(blob_shared(b));
    blob_release(b);
    blob_release(b);
}
END_TEST

START_TEST(growing_keeps_bytes_and_adds_zeros)
{
    struct kr_blob *b = blob_new(3, 0);

    memcpy(b->data, "abc", 3);
    b = blob_resize(b, 10);
    ck_assert_uint_eq(b->size, 10);
    ck_assert_mem_eq(b->data, "abc\0\0\0\0\0\0", 10);
    /* What was cut off does not come back. */
    memset(b->data, 'x', 10);
    b = blob_resize(b, 2);
    b = blob_resize(b, 10);
    ck_assert_mem_eq(b->data, "xx\0\0\0\0\0\0\0", 10);
    blob_release(b);
}
END_TEST

START_TEST(growth_doubles_to_a_mebibyte_and_then_adds_one)
{
    struct kr_blob *b = blob_new(0, 0);
    size_t mebibyte = 1 << 20;

    b = blob_resize(b, 1000);
    ck_assert_uint_eq(blob_capacity(b), 2000);
    b = blob_resize(b, 2001);
    ck_assert_uint_eq(blob_capacity(b), 4002);
    b = blob_resize(b, 3 * mebibyte);
    ck_assert_uint_eq(blob_capacity(b), 4 * mebibyte);
    b = blob_resize(b, 100);
    ck_assert_uint_lt(blob_capacity(b), mebibyte); /* memory comes back */
    blob_release(b);
}
END_TEST

START_TEST(resizing_a_shared_blob_copies_it)
{
    struct kr_blob *b = blob_new(3, 0), *copy;

    memcpy(b->data, "abc", 3);
    blob_retain(b);
    copy = blob_resize(b, 5);
    ck_assert_ptr_ne(copy, b);
    ck_assert(!blob_shared(b));
    ck_assert(!blob_shared(copy));
    copy->data[0] = 'x';
    ck_assert_mem_eq(b->data, "abc", 3);
    ck_assert_mem_eq(copy->data, "xbc\0", 5);
    blob_release(b);
    blob_release(copy);
}
END_TEST

static void *share(void *ctx)
{
    for (int i = 0; i < 100000; i++)
        blob_release(blob_retain(ctx));
    return NULL;
}

START_TEST(references_may_be_taken_on_any_thread)
{
    struct kr_blob *b = blob_new(10, 0);
    pthread_t threads[4];

    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, share, b), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    ck_assert(!blob_shared(b));
    blob_release(b);
}
END_TEST

/* Against a plain array.  Where the heap can fail, it does. */
START_TEST(random_resizes_equal_a_model)
{
    static unsigned char model[20000];
    unsigned seed = (unsigned)time(NULL);
    struct kr_blob *b, *kept = NULL;
    char text[32];
    size_t before;

    printf("blob: seed %u\n", seed);
    snprintf(text, sizeof(text), "%u", seed);
    setenv("KR_HOSTILE_SEED", text, 1);
    while (!(b = blob_new(0, 0)))
        continue;
    before = memory_used();
    for (uint32_t round = 0; round < 20000; round++) {
        size_t size = (size_t)rand_r(&seed) % sizeof(model), old = b->size;
        struct kr_blob *resized;

        if (rand_r(&seed) % 4 == 0) {
            blob_release(kept);
            kept = blob_retain(b);
        }
        resized = blob_resize(b, size);
        if (!resized) {
            /* A heap that fails: then nothing has changed. */
            ck_assert_mem_eq(b->data, model, b->size);
            continue;
        }
        if (size > old)
            memset(model + old, 0, size - old);
        b = resized;
        ck_assert_uint_eq(b->size, size);
        ck_assert(!blob_shared(b) || b == kept);
        if (size > 0 && !blob_shared(b)) {
            size_t at = (size_t)rand_r(&seed) % size;

            b->data[at] = (char)round;
            model[at] = (unsigned char)round;
        }
        if (size > 0)
            ck_assert_mem_eq(b->data, model, size);
    }
    blob_release(kept);
    blob_release(b);
    ck_assert_uint_le(memory_used(), before);
}
END_TEST

Suite *blob_suite(void)
{
    Suite *suite = suite_create("blob");
    TCase *tcase = tcase_create("blob");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_new_blob_has_its_size_and_room);
    tcase_add_test(tcase, impossible_sizes_are_refused);
    tcase_add_test(tcase, growing_keeps_bytes_and_adds_zeros);
    tcase_add_test(tcase, growth_doubles_to_a_mebibyte_and_then_adds_one);
    tcase_add_test(tcase, resizing_a_shared_blob_copies_it);
    tcase_add_test(tcase, references_may_be_taken_on_any_thread);
    tcase_add_test(tcase, random_resizes_equal_a_model);
    suite_add_tcase(suite, tcase);
    return suite;
}
