/* SPDX-License-Identifier: BSD-3-Clause */
#include "page.h"

#include <kr/memory.h>

#include <stdarg.h>
#include <stdio.h>

char *page_room(struct page *page, size_t more)
{
    size_t need = page->size + more;

    if (need > page->capacity) {
        size_t capacity = page->capacity > 0 ? page->capacity : 256;

        while (capacity < need)
            capacity *= 2;
        page->data = kr_memory->realloc(page->self, page->data, capacity);
        page->capacity = capacity;
    }
    return page->data + page->size;
}

void page_add(struct page *page, struct kr_str text)
{
    if (text.size == 0)
        return;
    memcpy(page_room(page, text.size), text.data, text.size);
    page->size += text.size;
}

void page_add_char(struct page *page, char c)
{
    *page_room(page, 1) = c;
    page->size++;
}

void page_addf(struct page *page, const char *format, ...)
{
    char text[512];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (n < 0)
        return;
    if ((size_t)n < sizeof(text)) {
        page_add(page, kr_str(text, (size_t)n));
        return;
    }
    va_start(args, format);
    (void)vsnprintf(page_room(page, (size_t)n + 1), (size_t)n + 1, format,
                    args);
    va_end(args);
    page->size += (size_t)n;
}

void page_add_quoted(struct page *page, struct kr_str bytes)
{
    static const char digits[] = "0123456789abcdef";
    static const char plain[] = "\n\r\t\a\b", letter[] = "nrtab";

    page_add_char(page, '"');
    for (size_t i = 0; i < bytes.size; i++) {
        unsigned char c = (unsigned char)bytes.data[i];
        const char *named = c ? strchr(plain, c) : NULL;
        char *to = page_room(page, 4);

        if (named || c == '"' || c == '\\') {
            to[0] = '\\';
            to[1] = named ? letter[named - plain] : (char)c;
            page->size += 2;
        } else if (c >= 0x20 && c < 0x7f) {
            to[0] = (char)c;
            page->size++;
        } else {
            memcpy(to, "\\x", 2);
            to[2] = digits[c >> 4];
            to[3] = digits[c & 15];
            page->size += 4;
        }
    }
    page_add_char(page, '"');
}

void page_clear(struct page *page)
{
    page->size = 0;
}

void page_free(struct page *page)
{
    kr_memory->free(page->self, page->data);
    page->data = NULL;
    page->size = page->capacity = 0;
}
