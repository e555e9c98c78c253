/* SPDX-License-Identifier: BSD-3-Clause */
/* text - words of templates and cases are replaced by what they stand for. */
#ifndef SDK_TEXT_H
#define SDK_TEXT_H

#include "core/text/buffer.h"

/* Put `by` for each `what`. */
void text_replace(struct buffer *text, const char *what, const char *by);

#endif
