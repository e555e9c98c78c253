/* SPDX-License-Identifier: BSD-3-Clause */
#include "function_save.h"

#include <kr/codec.h>

#include <stdio.h>

#define VERSION       10u /* of the format, that is written */
#define VERSION_MAX   12u /* that is read */
#define VERSION_SIZE  2u
#define CHECKSUM_SIZE 8u
#define FOOTER_SIZE   (VERSION_SIZE + CHECKSUM_SIZE)

/* --- Writing ------------------------------------------------------------------ */

static void save_all(const struct shelf *shelf, kr_writer *out)
{
    for (uint32_t i = 0; i < shelf->libraries.count; i++) {
        kr_codec->code(out, KR_SNAPSHOT_FUNCTION);
        kr_codec->write_string(out, shelf_at(shelf, i)->source);
    }
}

void function_dump(const struct functions *functions, struct kr_reply *reply)
{
    kr_writer *out = kr_codec->new_writer(KR_CODEC_COMPRESS);
    char footer[FOOTER_SIZE] = {VERSION};
    uint64_t sum;

    save_all(&functions->shelf, out);
    kr_codec->write_raw(out, kr_str(footer, VERSION_SIZE));
    sum = kr_codec->checksum(0, kr_codec->writer_bytes(out));
    for (unsigned i = 0; i < CHECKSUM_SIZE; i++)
        footer[VERSION_SIZE + i] = (char)(sum >> 8 * i);
    kr_codec->write_raw(out, kr_str(footer + VERSION_SIZE, CHECKSUM_SIZE));
    if (kr_codec->writer_failed(out))
        kr_reply_error(reply, "ERR there is no memory for the payload");
    else
        kr_reply_bulk(reply, kr_codec->writer_bytes(out));
    kr_codec->free_writer(out);
}

/* --- Reading ------------------------------------------------------------------ */

/* Is this a dump, of a version that is known, and whole? */
static bool dump_check(struct kr_str bytes)
{
    const unsigned char *footer;
    uint64_t sum = 0;

    if (bytes.size < FOOTER_SIZE)
        return false;
    footer = (const unsigned char *)bytes.data + bytes.size - FOOTER_SIZE;
    if (((unsigned)footer[1] << 8 | footer[0]) > VERSION_MAX)
        return false;
    for (unsigned i = 0; i < CHECKSUM_SIZE; i++)
        sum |= (uint64_t)footer[VERSION_SIZE + i] << 8 * i;
    return sum == kr_codec->checksum(
                      0, kr_str(bytes.data, bytes.size - CHECKSUM_SIZE));
}

/* Load the libraries of a dump, whose footer is off, onto `shelf`. */
static bool restore_read(struct functions *functions, struct shelf *shelf,
                         struct kr_str bytes, char error[FUNCTIONS_TEXT])
{
    kr_reader *in = kr_codec->new_reader(bytes, KR_CODEC_DEEP);
    bool done = true;

    while (done && kr_codec->reader_left(in) > 0) {
        struct kr_str source;
        uint8_t code;

        done = false;
        if (!kr_codec->read_raw(in, &code, 1))
            snprintf(error, FUNCTIONS_TEXT, "can not read data type");
        else if (code != KR_SNAPSHOT_FUNCTION)
            snprintf(error, FUNCTIONS_TEXT, "given type is not a function");
        else if (!kr_codec->read_string(in, &source))
            snprintf(error, FUNCTIONS_TEXT, "Failed loading library payload");
        else
            done = functions_load(functions, shelf, source, false, true,
                                  error) != NULL;
    }
    kr_codec->free_reader(in);
    return done;
}

/* May all libraries of `from` be put beside those that stay? */
static bool restore_fits(const struct shelf *to, const struct shelf *from,
                         bool replace, char error[FUNCTIONS_TEXT])
{
    for (uint32_t i = 0; i < from->libraries.count; i++) {
        const struct library *library = shelf_at(from, i);
        const struct function *clash;

        if (!replace && shelf_library(to, library->name)) {
            snprintf(error, FUNCTIONS_TEXT, "Library %.*s already exists",
                     (int)library->name.size, library->name.data);
            return false;
        }
        clash = shelf_clash(to, library, from);
        if (clash) {
            snprintf(error, FUNCTIONS_TEXT, "Function %.*s already exists",
                     (int)clash->name.size, clash->name.data);
            return false;
        }
    }
    return true;
}

static void restore_move(struct functions *functions, struct shelf *from)
{
    struct shelf *to = &functions->shelf;

    while (from->libraries.count > 0) {
        struct library *library = shelf_at(from, from->libraries.count - 1);
        struct library *old = shelf_library(to, library->name);

        if (old)
            functions_drop(functions, to, old);
        shelf_take(from, library);
        shelf_put(to, library);
    }
}

bool function_restore(struct functions *functions, struct kr_str bytes,
                      enum function_policy policy, char error[FUNCTIONS_TEXT])
{
    struct shelf shelf = {.self = functions->shelf.self};
    bool done;

    if (!dump_check(bytes)) {
        snprintf(error, FUNCTIONS_TEXT,
                 "DUMP payload version or checksum are wrong");
        return false;
    }
    bytes.size -= FOOTER_SIZE;
    done = restore_read(functions, &shelf, bytes, error) &&
           (policy == FUNCTION_FLUSH ||
            restore_fits(&functions->shelf, &shelf, policy == FUNCTION_REPLACE,
                         error));
    if (done && policy == FUNCTION_FLUSH)
        functions_clear(functions, &functions->shelf);
    if (done)
        restore_move(functions, &shelf);
    functions_clear(functions, &shelf);
    functions_settle(functions);
    return done;
}

/* --- Snapshots ---------------------------------------------------------------- */

void function_part_save(void *ctx, kr_writer *out, uint32_t when)
{
    (void)when;
    save_all(&((const struct functions *)ctx)->shelf, out);
}

void function_part_rewrite(void *ctx, kr_writer *out, uint32_t when)
{
    const struct shelf *shelf = &((const struct functions *)ctx)->shelf;

    (void)when;
    for (uint32_t i = 0; i < shelf->libraries.count; i++) {
        struct kr_str argv[] = {KR_STR("FUNCTION"), KR_STR("LOAD"),
                                shelf_at(shelf, i)->source};

        kr_codec->emit(out, KR_COUNT(argv), argv);
    }
}

static bool load_library(struct functions *functions, kr_reader *in,
                         bool replace)
{
    struct kr_str source;
    char error[FUNCTIONS_TEXT];

    if (!kr_codec->read_string(in, &source))
        return false;
    if (functions_load(functions, &functions->shelf, source, replace, false,
                       error))
        return true;
    functions_settle(functions);
    kr_codec->refuse(in, "a library of functions that cannot be loaded");
    return false;
}

bool function_part_load(void *ctx, kr_reader *in, uint32_t format,
                        uint32_t when)
{
    (void)format, (void)when;
    return load_library(ctx, in, false);
}

bool function_part_replace(void *ctx, kr_reader *in, uint32_t format,
                           uint32_t when)
{
    (void)format, (void)when;
    return load_library(ctx, in, true);
}

void function_part_clear(void *ctx)
{
    struct functions *functions = ctx;

    functions_clear(functions, &functions->shelf);
    functions_settle(functions);
}
