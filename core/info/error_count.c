/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/info/error_count.h"

/* Codes are few.  A script can make up any number of them, so the list is
 * bounded: what does not fit any more is counted in the total only. */
#define CODES_MAX 128
#define CODE_SIZE 32

struct code {
    char text[CODE_SIZE];
    uint32_t size;
    uint64_t count;
};

static struct {
    struct code codes[CODES_MAX];
    uint32_t used;
    uint64_t total;
} errors;

void error_count_add(struct kr_str text)
{
    const char *space = text.size ? memchr(text.data, ' ', text.size) : NULL;
    size_t size = space ? (size_t)(space - text.data) : text.size;

    errors.total++;
    if (size == 0 || size > CODE_SIZE)
        return;
    for (uint32_t i = 0; i < errors.used; i++)
        if (errors.codes[i].size == size &&
            memcmp(errors.codes[i].text, text.data, size) == 0) {
            errors.codes[i].count++;
            return;
        }
    if (errors.used == CODES_MAX)
        return;
    memcpy(errors.codes[errors.used].text, text.data, size);
    errors.codes[errors.used].size = (uint32_t)size;
    errors.codes[errors.used++].count = 1;
}

uint64_t error_count_total(void)
{
    return errors.total;
}

void error_count_each(bool (*each)(void *ctx, struct kr_str code,
                                   uint64_t count),
                      void *ctx)
{
    for (uint32_t i = 0; i < errors.used; i++)
        if (!each(ctx, kr_str(errors.codes[i].text, errors.codes[i].size),
                  errors.codes[i].count))
            return;
}

void error_count_reset(void)
{
    errors.used = 0;
    errors.total = 0;
}
