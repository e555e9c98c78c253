/* SPDX-License-Identifier: BSD-3-Clause */
/* text - a string that grows. */
#ifndef SDK_TEXT_H
#define SDK_TEXT_H

#include <kr/base.h>

struct text {
    char *at; /* NUL after `size` bytes; NULL while nothing was added */
    size_t size;
    size_t room;
};

void text_add(struct text *text, const char *bytes, size_t size);
void text_addf(struct text *text, const char *format, ...) KR_PRINTF(2, 3);
void text_clear(struct text *text);
void text_fini(struct text *text);

/* The whole of a file, or false with errno. */
bool text_read_file(struct text *text, const char *path);
/* Put `by` for each `what`. */
void text_replace(struct text *text, const char *what, const char *by);

#endif
