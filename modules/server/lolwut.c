/* SPDX-License-Identifier: BSD-3-Clause */
/* lolwut - LOLWUT: a rack of modules, another one each time.
 *
 * A grid of slots, two letters high.  A slot holds a module one to three slots
 * wide, with its lamps on and its cables hanging, or nothing:
 *
 *     |[ *  *  ]|[::::]|        |
 *     |[ o  *  ]|[::::]|  )     |
 */
#include "server.h"

#include "commands.h"
#include "page.h"

#define COLUMNS_USUAL 6
#define ROWS_USUAL    5
#define SLOT          10 /* letters */

struct picture {
    int64_t columns;
    int64_t rows;
};

static void lolwut_fill(char *text, size_t size, const char *letters,
                        size_t count)
{
    for (size_t i = 0; i < size; i++)
        text[i] = letters[kr_text->random() % count];
}

/* The two lines of one module `width` letters wide, its rails left out. */
static void lolwut_draw_module(char *upper, char *lower, size_t width)
{
    memset(upper, ' ', width);
    memset(lower, ' ', width);
    switch (kr_text->random() % 5) {
    case 0: /* lamps */
        upper[0] = lower[0] = '[';
        upper[width - 1] = lower[width - 1] = ']';
        lolwut_fill(upper + 1, width - 2, " *o ", 4);
        lolwut_fill(lower + 1, width - 2, " o* ", 4);
        break;
    case 1: /* air slits */
        memset(upper, ':', width);
        memset(lower, ':', width);
        upper[0] = lower[0] = '[';
        upper[width - 1] = lower[width - 1] = ']';
        break;
    case 2: /* a tape */
        memset(upper, '-', width);
        memset(lower, '=', width);
        memcpy(upper + width / 2 - 1, "()", 2);
        memcpy(lower + width / 2 - 1, "()", 2);
        break;
    case 3: /* cables */
        lolwut_fill(upper, width, " )( ", 4);
        lolwut_fill(lower, width, "  )(", 4);
        break;
    default: /* an empty slot */
        break;
    }
}

static void lolwut_draw_row(struct page *page, int64_t columns)
{
    char upper[SLOT * 3], lower[SLOT * 3];
    struct page below = {.self = page->self};

    for (int64_t left = columns; left > 0;) {
        int64_t wide = 1 + (int64_t)(kr_text->random() % 3);
        size_t width;

        if (wide > left)
            wide = left;
        width = (size_t)wide * SLOT - 1;
        lolwut_draw_module(upper, lower, width);
        page_add_char(page, '|');
        page_add(page, kr_str(upper, width));
        page_add_char(&below, '|');
        page_add(&below, kr_str(lower, width));
        left -= wide;
    }
    page_add(page, KR_STR("|\n"));
    page_add(page, page_text(&below));
    page_add(page, KR_STR("|\n"));
    page_free(&below);
}

static void lolwut_draw_rail(struct page *page, int64_t columns)
{
    for (int64_t i = 0; i < columns; i++) {
        page_add_char(page, '+');
        for (int letter = 1; letter < SLOT; letter++)
            page_add_char(page, '-');
    }
    page_add(page, KR_STR("+\n"));
}

/* [columns] [rows]; false: an error has been replied. */
static bool lolwut_parse(struct kr_call *call, uint32_t from,
                         struct picture *picture)
{
    int64_t *numbers[] = {&picture->columns, &picture->rows};

    for (uint32_t i = 0; i < KR_COUNT(numbers) && from + i < call->argc; i++) {
        int64_t *number = numbers[i];

        if (!kr_text->to_int64(call->argv[from + i], number)) {
            kr_reply_error(call->reply, KR_ERR_NOT_INT);
            return false;
        }
        *number = *number < 1 ? 1 : *number > 20 ? 20 : *number;
    }
    return true;
}

void server_lolwut(struct kr_call *call)
{
    struct page page = {.self = server_of(call)->self};
    struct picture picture = {COLUMNS_USUAL, ROWS_USUAL};
    uint32_t from = 1;
    int64_t version;

    if (call->argc >= 3 &&
        kr_str_equal_nocase(call->argv[1], KR_STR("version"))) {
        if (!kr_text->to_int64(call->argv[2], &version)) {
            kr_reply_error(call->reply, KR_ERR_NOT_INT);
            return;
        }
        from = 3;
    }
    if (!lolwut_parse(call, from, &picture))
        return;
    lolwut_draw_rail(&page, picture.columns);
    for (int64_t i = 0; i < picture.rows; i++)
        lolwut_draw_row(&page, picture.columns);
    lolwut_draw_rail(&page, picture.columns);
    page_addf(&page, "\nKeyrack %s, a rack for modules. Redis ver. %s\n",
              kr_info->identity("version"), kr_info->identity("redis-version"));
    call->reply->ops->verbatim(call->reply, "txt", page_text(&page));
    page_free(&page);
}
