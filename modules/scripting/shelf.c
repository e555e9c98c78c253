/* SPDX-License-Identifier: BSD-3-Clause */
#include "shelf.h"

#include <kr/memory.h>

#include <string.h>

/* --- Rows ------------------------------------------------------------------ */

static unsigned char letter(char c, bool nocase)
{
    return (unsigned char)(nocase && c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static int name_compare(struct kr_str a, struct kr_str b, bool nocase)
{
    for (size_t i = 0; i < a.size && i < b.size; i++) {
        int order = letter(a.data[i], nocase) - letter(b.data[i], nocase);

        if (order != 0)
            return order;
    }
    return a.size < b.size ? -1 : a.size > b.size;
}

static struct kr_str row_name(const struct shelf_row *row, uint32_t i)
{
    return *(const struct kr_str *)row->items[i];
}

/* Where `name` stands, or belongs if *found is false. */
static uint32_t row_search(const struct shelf_row *row, struct kr_str name,
                           bool nocase, bool *found)
{
    uint32_t low = 0;
    uint32_t high = row->count;

    *found = false;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = name_compare(row_name(row, middle), name, nocase);

        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void *row_find(const struct shelf_row *row, struct kr_str name,
                      bool nocase)
{
    bool found;
    uint32_t i = row_search(row, name, nocase, &found);

    return found ? row->items[i] : NULL;
}

static void row_insert(kr_module *self, struct shelf_row *row, uint32_t i,
                       void *item)
{
    if (row->count == row->room) {
        row->room = row->room ? row->room * 2 : 4;
        row->items = kr_memory->realloc(self, row->items,
                                        row->room * sizeof(*row->items));
    }
    memmove(&row->items[i + 1], &row->items[i],
            (row->count - i) * sizeof(*row->items));
    row->items[i] = item;
    row->count++;
}

static void row_remove(struct shelf_row *row, struct kr_str name, bool nocase)
{
    bool found;
    uint32_t i = row_search(row, name, nocase, &found);

    if (!found)
        return;
    row->count--;
    memmove(&row->items[i], &row->items[i + 1],
            (row->count - i) * sizeof(*row->items));
}

static void row_fini(kr_module *self, struct shelf_row *row)
{
    kr_memory->free(self, row->items);
    *row = (struct shelf_row){0};
}

/* --- Libraries ------------------------------------------------------------- */

/* Copy `text` to *at, which goes on behind it. */
static struct kr_str keep(char **at, struct kr_str text)
{
    struct kr_str kept = kr_str(*at, text.size);

    if (text.size > 0)
        memcpy(*at, text.data, text.size);
    *at += text.size;
    return kept;
}

struct library *library_new(kr_module *self, struct kr_str name,
                            struct kr_str source)
{
    struct library *library =
        kr_memory->alloc(self, sizeof(*library) + name.size + source.size);
    char *at = library->bytes;

    library->name = keep(&at, name);
    library->source = keep(&at, source);
    library->functions = (struct shelf_row){0};
    return library;
}

void library_free(kr_module *self, struct library *library)
{
    for (uint32_t i = 0; i < library->functions.count; i++)
        kr_memory->free(self, library->functions.items[i]);
    row_fini(self, &library->functions);
    kr_memory->free(self, library);
}

struct function *library_add(kr_module *self, struct library *library,
                             struct kr_str name, struct kr_str description)
{
    struct function *function;
    bool found;
    uint32_t i = row_search(&library->functions, name, true, &found);
    char *at;

    if (found)
        return NULL;
    function = kr_memory->alloc(self, sizeof(*function) + name.size +
                                          description.size);
    at = function->bytes;
    function->name = keep(&at, name);
    function->description = (struct kr_str){NULL, 0};
    if (description.data)
        function->description = keep(&at, description);
    function->library = library;
    function->flags = 0;
    function->code = 0;
    row_insert(self, &library->functions, i, function);
    return function;
}

/* --- The shelf ------------------------------------------------------------- */

struct library *shelf_library(const struct shelf *shelf, struct kr_str name)
{
    return row_find(&shelf->libraries, name, false);
}

struct function *shelf_function(const struct shelf *shelf, struct kr_str name)
{
    return row_find(&shelf->functions, name, true);
}

const struct function *shelf_clash(const struct shelf *shelf,
                                   const struct library *library,
                                   const struct shelf *replaced)
{
    for (uint32_t i = 0; i < library->functions.count; i++) {
        const struct function *function = library_at(library, i);
        const struct function *other = shelf_function(shelf, function->name);

        if (other &&
            !(replaced && shelf_library(replaced, other->library->name)))
            return function;
    }
    return NULL;
}

void shelf_put(struct shelf *shelf, struct library *library)
{
    bool found;
    uint32_t i = row_search(&shelf->libraries, library->name, false, &found);

    row_insert(shelf->self, &shelf->libraries, i, library);
    for (uint32_t j = 0; j < library->functions.count; j++) {
        struct function *function = library_at(library, j);

        i = row_search(&shelf->functions, function->name, true, &found);
        row_insert(shelf->self, &shelf->functions, i, function);
    }
}

void shelf_take(struct shelf *shelf, struct library *library)
{
    row_remove(&shelf->libraries, library->name, false);
    for (uint32_t i = 0; i < library->functions.count; i++)
        row_remove(&shelf->functions, library_at(library, i)->name, true);
}

void shelf_fini(struct shelf *shelf)
{
    row_fini(shelf->self, &shelf->libraries);
    row_fini(shelf->self, &shelf->functions);
}

size_t shelf_size(const struct shelf *shelf)
{
    size_t size =
        (shelf->libraries.room + shelf->functions.room) * sizeof(void *);

    for (uint32_t i = 0; i < shelf->libraries.count; i++)
        size += kr_memory->usable(shelf_at(shelf, i));
    for (uint32_t i = 0; i < shelf->functions.count; i++)
        size += kr_memory->usable(shelf->functions.items[i]);
    return size;
}
