/* SPDX-License-Identifier: BSD-3-Clause */
/* page - text that grows, for answers that people read.
 *
 * A page with only `self` set is empty.  Appending is O(1) a byte, amortised. */
#ifndef SERVER_PAGE_H
#define SERVER_PAGE_H

#include <kr/base.h>
#include <kr/module.h>

struct page {
    kr_module *self; /* whose account the bytes are on */
    char *data;
    size_t size;     /* bytes in use */
    size_t capacity; /* bytes allocated */
};

/* Room for `more` bytes behind the text; who fills it moves `size` on. */
char *page_room(struct page *page, size_t more);
void page_add(struct page *page, struct kr_str text);
void page_add_char(struct page *page, char c);
KR_PRINTF(2, 3)
void page_addf(struct page *page, const char *format, ...);

/* Append the bytes as MONITOR shows them: "a\r\n\x00", quotes included. */
void page_add_quoted(struct page *page, struct kr_str bytes);

static inline struct kr_str page_text(const struct page *page)
{
    return kr_str(page->data, page->size);
}

void page_clear(struct page *page);
void page_free(struct page *page);

#endif
