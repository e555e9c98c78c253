/* SPDX-License-Identifier: BSD-3-Clause */
#include "sdk/text.h"

void text_replace(struct buffer *text, const char *what, const char *by)
{
    struct buffer out = {0};
    const char *from = text->data ? text->data : "", *found;

    while ((found = strstr(from, what)) != NULL) {
        buffer_append(&out, kr_str(from, (size_t)(found - from)));
        buffer_append(&out, kr_cstr(by));
        from = found + strlen(what);
    }
    buffer_append(&out, kr_cstr(from));
    buffer_free(text);
    *text = out;
}
