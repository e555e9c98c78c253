/* SPDX-License-Identifier: BSD-3-Clause */
/* args - see the header.  Both arrays double, so that n arguments found one by
 * one cost O(n) together. */

#include "core/resp/args.h"

#include "core/memory/memory.h"

enum {
    ARGS_FIRST = 16,       /* slices; most commands fit */
    ARGS_KEPT = 1024,      /* slices that trimming leaves: 16 KiB */
    ARGS_TEXT_KEPT = 16384 /* bytes that trimming leaves */
};

/* The smallest doubling of `have` that holds `need`; 0 if there is none. */
static size_t args_grown(size_t have, size_t need)
{
    while (have < need)
        if (__builtin_mul_overflow(have, 2, &have))
            return 0;
    return have;
}

bool resp_args_reserve(struct resp_args *args, size_t count)
{
    size_t capacity, bytes;
    struct kr_str *argv;

    if (count <= args->capacity)
        return true;
    capacity = args_grown(args->capacity ? args->capacity : ARGS_FIRST, count);
    if (!capacity || __builtin_mul_overflow(capacity, sizeof(*argv), &bytes))
        return false;
    argv = memory_try_realloc(args->argv, bytes);
    if (!argv)
        return false;
    args->argv = argv;
    args->capacity = capacity;
    return true;
}

bool resp_args_reserve_text(struct resp_args *args, size_t bytes)
{
    size_t capacity;
    char *text;

    if (bytes <= args->text_capacity)
        return true;
    capacity =
        args_grown(args->text_capacity ? args->text_capacity : 64, bytes);
    if (!capacity || !(text = memory_try_realloc(args->text, capacity)))
        return false;
    args->text = text;
    args->text_capacity = capacity;
    return true;
}

void resp_args_trim(struct resp_args *args)
{
    args->argc = 0;
    if (args->capacity > ARGS_KEPT) {
        memory_free(args->argv);
        args->argv = NULL;
        args->capacity = 0;
    }
    if (args->text_capacity > ARGS_TEXT_KEPT) {
        memory_free(args->text);
        args->text = NULL;
        args->text_capacity = 0;
    }
}

void resp_args_fini(struct resp_args *args)
{
    memory_free(args->argv);
    memory_free(args->text);
    memset(args, 0, sizeof(*args));
}
