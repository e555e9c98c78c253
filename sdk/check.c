/* SPDX-License-Identifier: BSD-3-Clause */
/* check - what a module's file says of itself, before any server loads it.
 *
 * The same functions that the server judges a file by (core/rack) judge it here,
 * so a refusal has the server's words.  What the server can only see when it
 * loads the module, who offers what it imports, is judged by the headers of this
 * release: an interface of somebody else's is noted and refuses nothing. */
#include "sdk/check.h"

#include "core/rack/descriptor.h"
#include "core/text/buffer.h"
#include "sdk/guest.h"
#include "sdk/interfaces.h"

#include <kr/command.h>
#include <kr/type.h>

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define CHECK_WIDTH 80

struct report {
    const char *path;
    uint32_t refusals;
};

/* --- Lines ---------------------------------------------------------------- */

/* Texts come from the file: what a terminal would obey is masked. */
static void report_print(const char *text)
{
    for (; *text != '\0'; text++)
        putchar((unsigned char)*text < ' ' || (unsigned char)*text > '~'
                    ? '?'
                    : *text);
}

KR_PRINTF(2, 0)
static void report_words(const char *label, const char *format, va_list args)
{
    char text[1024];

    vsnprintf(text, sizeof(text), format, args);
    printf("  %-11s ", label);
    report_print(text);
    printf("\n");
}

KR_PRINTF(2, 3)
static void report_line(const char *label, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    report_words(label, format, args);
    va_end(args);
}

KR_PRINTF(2, 3)
static void report_refusal(struct report *report, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    report_words("REFUSED", format, args);
    va_end(args);
    report->refusals++;
}

/* Words side by side, in lines that a terminal shows. */
static void report_names(const char *label, const struct names *names)
{
    size_t column = 0;

    if (names->count == 0)
        return;
    printf("  %-11s", label);
    for (size_t i = 0; i < names->count; i++) {
        size_t n = strlen(names->at[i]) + 1;

        if (column != 0 && column + n > CHECK_WIDTH - 14) {
            printf("\n%14s", "");
            column = 0;
        }
        if (column != 0 || i == 0)
            putchar(' ');
        report_print(names->at[i]);
        column += n;
    }
    printf("\n");
}

/* --- A module of ours ----------------------------------------------------- */

static void check_import(struct report *report, const struct kr_import *import)
{
    const struct interface *known = interface_find(import->id);
    bool required = !(import->flags & KR_IMPORT_OPTIONAL);

    report_line(required ? "needs" : "wants", "%-18s %4u bytes  %s", import->id,
                import->size, known ? known->what : "of another module");
    if (!known && strncmp(import->id, "kr.", 3) == 0 && required)
        report_refusal(report,
                       "this release has no %s: a newer server is needed",
                       import->id);
    else if (!known)
        report_line("note", "no module of this release offers %s", import->id);
    else if (known->size < import->size && required)
        report_refusal(report,
                       "it counts on %u bytes of %s, this release has %u: use "
                       "KR_NEED_UPTO(), or a newer server",
                       import->size, import->id, known->size);
    else if (strcmp(known->by, "the server") != 0)
        report_line("note", "%s is offered by the module %s", import->id,
                    known->by);
}

static void check_imports(struct report *report, const struct kr_rows *rows)
{
    for (uint32_t i = 0; i < rows->count; i++) {
        struct kr_import import;

        descriptor_row(rows, i, &import, sizeof(import));
        check_import(report, &import);
    }
    if (rows->count == 0)
        report_line("needs", "nothing but replies");
}

static void check_offers(const struct kr_rows *rows)
{
    for (uint32_t i = 0; i < rows->count; i++) {
        struct kr_offer offer;
        uint32_t size;

        descriptor_row(rows, i, &offer, sizeof(offer));
        memcpy(&size, offer.table, sizeof(size));
        report_line("offers", "%-18s %4u bytes", offer.id, size);
    }
}

static void check_commands(const struct kr_rows *rows)
{
    struct names names = {0};

    for (uint32_t i = 0; i < rows->count; i++) {
        struct kr_command command;

        descriptor_row(rows, i, &command, sizeof(command));
        names_add(&names, command.name);
    }
    report_names("commands", &names);
    names_fini(&names);
}

static void check_type(const struct kr_type *type)
{
    struct buffer layouts = {0}, saved = {0};

    for (uint32_t i = 0; i < type->layout_count; i++)
        buffer_printf(&layouts, "%s%u", i == 0 ? ", adopts " : " and ",
                      type->layouts[i]);
    if (type->flags & KR_TYPE_VOLATILE)
        buffer_printf(&saved, "never saved");
    else if (type->file_name)
        buffer_printf(&saved, "saved as %s, format %u", type->file_name,
                      type->format);
    else
        buffer_printf(&saved, "saved by %u codes of its own", type->code_count);
    report_line("type", "%s: layout %u%s; %s", type->name, type->layout,
                layouts.data ? layouts.data : "", saved.data);
    buffer_free(&layouts);
    buffer_free(&saved);
}

static void check_types(const struct kr_rows *rows)
{
    for (uint32_t i = 0; i < rows->count; i++) {
        struct kr_type type = {0};
        const struct kr_type *row;

        descriptor_row(rows, i, &row, sizeof(row));
        memcpy(&type, row, row->size < sizeof(type) ? row->size : sizeof(type));
        check_type(&type);
    }
}

static void check_life(const struct kr_descriptor *d)
{
    struct names carried = {0};

    if (!(d->flags & KR_MODULE_CAN_UPGRADE))
        report_line("upgrade", "no: KR_MODULE_CAN_UPGRADE is not set");
    else if ((d->handover || d->layout) && d->takeover)
        report_line("upgrade", "yes, with its state");
    else if (d->handover || d->layout || d->takeover)
        report_line("upgrade", "yes, but its state is lost: %s is missing",
                    d->takeover ? "a layout or handover" : "takeover");
    else
        report_line("upgrade", "yes; it hands no state over");
    for (uint32_t i = 0; i < d->carried.count; i++) {
        struct kr_carried row;

        descriptor_row(&d->carried, i, &row, sizeof(row));
        names_add(&carried, row.name);
    }
    report_names("carries", &carried);
    names_fini(&carried);
    if (!(d->flags & KR_MODULE_CAN_UNLOAD))
        report_line("unload", "no: KR_MODULE_CAN_UNLOAD is not set");
    else
        report_line("unload", "yes%s",
                    d->types.count > 0 ? ", values are sealed" : "");
}

static void check_ours(struct report *report, const struct picture *picture)
{
    struct kr_descriptor d;
    char version[24], error[512];

    if (!descriptor_read(&picture->image, report->path, &d, error,
                         sizeof(error))) {
        report_refusal(report, "%s", error);
        return;
    }
    descriptor_version(d.version, version);
    report_line("module", "%s %s%s%s", d.name, version, d.licence ? ", " : "",
                d.licence ? d.licence : "");
    if (d.summary)
        report_line("summary", "%s", d.summary);
    report_line("abi",
                "generation %u; a descriptor of %u bytes, here it has "
                "%zu",
                d.generation, d.size, sizeof(d));
    report_names("exports", &picture->exports);
    check_imports(report, &d.imports);
    check_offers(&d.offers);
    check_commands(&d.commands);
    check_types(&d.types);
    check_life(&d);
    if (picture->exports.count > 1)
        report_line("note", "one export is enough: compile with "
                            "-fvisibility=hidden");
}

/* --- A module built for Redis --------------------------------------------- */

static void check_guest(const struct picture *picture)
{
    struct names there = {0}, lacking = {0};

    guest_survey(picture, &there, &lacking);
    report_line("module", "built for %s: load redisabi first",
                picture->entry[0] == 'V' ? "Valkey" : "Redis");
    report_line("asks for", "%zu functions by name, %zu are there",
                there.count + lacking.count, there.count);
    report_names("not there", &lacking);
    names_fini(&there);
    names_fini(&lacking);
}

/* --- All of it ------------------------------------------------------------ */

static void check_linking(struct report *report, const struct picture *picture)
{
    report_names("libraries", &picture->libraries);
    for (size_t i = 0; i < picture->absent.count; i++)
        report_refusal(report, "a library is missing: %s",
                       picture->absent.at[i]);
    for (size_t i = 0; i < picture->undefined.count; i++)
        report_refusal(report,
                       "undefined symbol: %s; link what defines it (with -z "
                       "defs the linker tells)",
                       picture->undefined.at[i]);
}

/* Only running it says what a file in Lua has. */
static bool check_is_lua(const char *path)
{
    const char *dot = strrchr(path, '.');

    return dot && strcmp(dot, ".lua") == 0 && access(path, R_OK) == 0;
}

static bool check_file(const char *path)
{
    struct report report = {.path = path};
    struct picture picture;
    char error[512];

    printf("%s\n", path);
    if (check_is_lua(path)) {
        report_line("module", "in Lua: it says what it has when luamodule runs "
                              "it, so MODULE LOAD is what checks it");
        return true;
    }
    if (picture_open(&picture, path, error, sizeof(error))) {
        if (strcmp(picture.entry, KR_DESCRIPTOR_NAME) == 0)
            check_ours(&report, &picture);
        else
            check_guest(&picture);
        check_linking(&report, &picture);
        picture_close(&picture);
    } else {
        report_refusal(&report, "%s", error);
    }
    if (report.refusals == 0)
        report_line("verdict", "a server of this release loads it");
    return report.refusals == 0;
}

int check_files(int count, char **paths)
{
    bool good = true;

    for (int i = 0; i < count; i++)
        good = check_file(paths[i]) && good;
    return good ? 0 : 1;
}
