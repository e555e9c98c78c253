/* SPDX-License-Identifier: BSD-3-Clause */
#include "info.h"

#include "commands.h"
#include "page.h"
#include "server.h"

#include <math.h>
#include <stdlib.h>

/* --- The sections -------------------------------------------------------- */

/* In the order of INFO.  Sections that are not here are other modules'; they
 * follow. */
static const struct {
    const char *name;
    const char *title;
    bool by_default; /* in INFO without arguments */
    void (*fill)(void *ctx, struct kr_info_out *out);
} info_sections[] = {
    {"server", "Server", true, info_fill_server},
    {"clients", "Clients", true, info_fill_clients},
    {"memory", "Memory", true, info_fill_memory},
    {"persistence", "Persistence", true, info_fill_persistence},
    {"stats", "Stats", true, info_fill_stats},
    {"replication", "Replication", true, info_fill_replication},
    {"cpu", "CPU", true, info_fill_cpu},
    {"modules", "Modules", true, info_fill_modules},
    {"commandstats", "Commandstats", false, info_fill_commandstats},
    {"errorstats", "Errorstats", true, info_fill_errorstats},
    {"latencystats", "Latencystats", false, info_fill_latencystats},
    {"cluster", "Cluster", true, info_fill_cluster},
    {"keyspace", "Keyspace", true, info_fill_keyspace},
};

bool info_provide_all(struct server *server)
{
    for (size_t i = 0; i < KR_COUNT(info_sections); i++) {
        uint32_t flags = KR_INFO_WEAK;

        if (!info_sections[i].by_default)
            flags |= KR_INFO_ON_REQUEST;
        if (kr_info->provide(server->self, info_sections[i].name, flags,
                             info_sections[i].fill, server) != KR_OK)
            return false;
    }
    return true;
}

void info_constants(struct kr_info_out *out, const struct info_constant *rows,
                    size_t count)
{
    for (size_t i = 0; i < count; i++)
        out->field(out, rows[i].name, kr_cstr(rows[i].value));
}

/* --- A value of many parts ----------------------------------------------- */

void info_line_add(struct info_line *line, struct kr_str text)
{
    size_t room = sizeof(line->text) - line->size;

    if (text.size > room)
        text.size = room;
    memcpy(line->text + line->size, text.data, text.size);
    line->size += text.size;
}

void info_line_int(struct info_line *line, struct kr_str label, uint64_t number)
{
    char digits[KR_INT64_TEXT];
    size_t size = 1;

    info_line_add(line, label);
    if (number < 10)
        digits[0] = (char)('0' + number);
    else
        size = kr_text->from_int64((int64_t)number, digits);
    info_line_add(line, kr_str(digits, size));
}

void info_line_hundredths(struct info_line *line, struct kr_str label,
                          uint64_t hundredths)
{
    const char rest[] = {'.', (char)('0' + hundredths / 10 % 10),
                         (char)('0' + hundredths % 10)};

    info_line_int(line, label, hundredths / 100);
    info_line_add(line, kr_str(rest, sizeof(rest)));
}

void info_decimal(struct kr_info_out *out, const char *name, double value,
                  const char *unit)
{
    struct info_line line = {.size = 0};

    if (!(value > -9e15 && value < 9e15)) { /* nothing that is counted here */
        kr_info_fieldf(out, name, "%.2f%s", value, unit);
        return;
    }
    info_line_hundredths(&line, value < 0 ? KR_STR("-") : KR_STR(""),
                         (uint64_t)rint(fabs(value) * 100));
    info_line_add(&line, kr_cstr(unit));
    out->field(out, name, info_line_text(&line));
}

/* --- Writing a section --------------------------------------------------- */

struct info_wish;

struct info_page {
    struct kr_info_out out; /* first: it is what providers are given */
    struct page page;
    bool any; /* a section stands on the page */
    const struct info_wish *wish;
};

static void info_field(struct kr_info_out *out, const char *name,
                       struct kr_str value)
{
    struct page *page = &((struct info_page *)out)->page;

    size_t size = strlen(name);
    char *to = page_room(page, size + value.size + 3);

    memcpy(to, name, size);
    to[size] = ':';
    memcpy(to + size + 1, value.data, value.size);
    memcpy(to + size + 1 + value.size, "\r\n", 2);
    page->size += size + value.size + 3;
}

static void info_field_int(struct kr_info_out *out, const char *name,
                           int64_t value)
{
    char text[KR_INT64_TEXT];

    info_field(out, name, kr_str(text, kr_text->from_int64(value, text)));
}

/* A section of no module is no error: INFO answers an empty text. */
static void info_write(struct info_page *to, const char *name,
                       const char *title)
{
    size_t before = to->page.size;

    if (to->any)
        page_add(&to->page, KR_STR("\r\n"));
    page_add(&to->page, KR_STR("# "));
    page_add(&to->page, kr_cstr(title));
    page_add(&to->page, KR_STR("\r\n"));
    if (kr_info->collect(name, &to->out))
        to->any = true;
    else
        to->page.size = before;
}

/* --- Which sections ------------------------------------------------------ */

/* What the arguments ask for. */
struct info_wish {
    const struct kr_call *call;
    bool usual;      /* "default", or no argument */
    bool all;        /* "all": all of Redis's */
    bool everything; /* "everything": other modules' too */
    struct info_page *to;
};

static void info_read_wish(const struct kr_call *call, struct info_wish *wish)
{
    wish->usual = call->argc == 1;
    for (uint32_t i = 1; i < call->argc; i++) {
        struct kr_str word = call->argv[i];

        if (kr_str_equal_nocase(word, KR_STR("default")))
            wish->usual = true;
        else if (kr_str_equal_nocase(word, KR_STR("all")))
            wish->all = true;
        else if (kr_str_equal_nocase(word, KR_STR("everything")))
            wish->everything = true;
    }
}

static bool info_is_named(const struct info_wish *wish, const char *name)
{
    for (uint32_t i = 1; i < wish->call->argc; i++)
        if (kr_str_equal_nocase(wish->call->argv[i], kr_cstr(name)))
            return true;
    return false;
}

static bool info_is_ours(const char *name)
{
    for (size_t i = 0; i < KR_COUNT(info_sections); i++)
        if (strcmp(info_sections[i].name, name) == 0)
            return true;
    return false;
}

/* Sections that other modules have brought. */
static void info_write_foreign(void *ctx, const char *name, uint32_t flags)
{
    struct info_wish *wish = ctx;

    if (!info_is_ours(name) &&
        (wish->everything || info_is_named(wish, "modules") ||
         info_is_named(wish, name) ||
         (wish->usual && !(flags & KR_INFO_ON_REQUEST))))
        info_write(wish->to, name, name);
}

/* Of sections that come and go with those who provide them. */
static bool info_begin_section(struct kr_info_out *out, const char *family,
                               const char *name)
{
    struct info_page *to = (struct info_page *)out;
    const struct info_wish *wish = to->wish;

    if (!wish->everything && !info_is_named(wish, "modules") &&
        !info_is_named(wish, name) && !info_is_named(wish, family))
        return false;
    if (to->any)
        page_add(&to->page, KR_STR("\r\n"));
    page_addf(&to->page, "# %s\r\n", name);
    to->any = true;
    return true;
}

void server_info(struct kr_call *call)
{
    struct info_page to = {
        .out = {.size = sizeof(to.out),
                .field = info_field,
                .field_int = info_field_int,
                .section = info_begin_section},
        .page = {.self = server_of(call)->self},
    };
    struct info_wish wish = {.call = call, .to = &to};

    to.wish = &wish;
    info_read_wish(call, &wish);
    server_of(call)->info_of_standard =
        wish.everything || info_is_named(&wish, "modules");
    for (size_t i = 0; i < KR_COUNT(info_sections); i++)
        if (wish.all || wish.everything ||
            (wish.usual && info_sections[i].by_default) ||
            info_is_named(&wish, info_sections[i].name))
            info_write(&to, info_sections[i].name, info_sections[i].title);
    kr_info->sections(info_write_foreign, &wish);
    kr_info->collect_sections(&to.out);
    call->reply->ops->verbatim(call->reply, "txt", page_text(&to.page));
    page_free(&to.page);
}
