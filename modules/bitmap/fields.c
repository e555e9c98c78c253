/* SPDX-License-Identifier: BSD-3-Clause */
/* fields - BITFIELD and BITFIELD_RO: a small program on the integers in a
 * string.
 *
 * Its words are read twice by the same reader: first to find every mistake and
 * how long the string has to be, then to do what they say.  So nothing is
 * changed unless all of it makes sense, and nothing is allocated. */
#include "bitmap.h"
#include "commands.h"
#include "field.h"

enum fields_verb { FIELDS_GET, FIELDS_SET, FIELDS_INCRBY };

/* Where the reader stands, and the operation that it has just read. */
struct fields {
    uint32_t at; /* the next argument */
    enum field_overflow overflow;
    enum fields_verb verb;
    struct field field;
    int64_t operand; /* of SET and INCRBY */
};

#define FIELDS_START ((struct fields){.at = 2, .overflow = FIELD_WRAP})

/* --- Read ---------------------------------------------------------------- */

static bool fields_word(struct kr_call *call, uint32_t arg, const char *word)
{
    return kr_str_equal_nocase(call->argv[arg], kr_cstr(word));
}

static bool fields_refuse(struct kr_call *call, const char *error)
{
    kr_reply_error(call->reply, error);
    return false;
}

/* i1 to i64, u1 to u63 */
static bool fields_type(struct kr_call *call, uint32_t arg, struct field *field)
{
    struct kr_str text = call->argv[arg];
    int64_t width;

    field->is_signed = text.size && text.data[0] == 'i';
    if (text.size < 2 || (text.data[0] != 'i' && text.data[0] != 'u') ||
        !kr_text->to_int64(kr_str(text.data + 1, text.size - 1), &width) ||
        width < 1 || width > (field->is_signed ? 64 : 63))
        return fields_refuse(
            call, "ERR Invalid bitfield type. Use something like i16 u8. Note "
                  "that u64 is not supported but i64 is.");
    field->width = (uint32_t)width;
    return true;
}

static bool fields_overflow(struct kr_call *call, uint32_t arg,
                            enum field_overflow *overflow)
{
    if (fields_word(call, arg, "WRAP"))
        *overflow = FIELD_WRAP;
    else if (fields_word(call, arg, "SAT"))
        *overflow = FIELD_SAT;
    else if (fields_word(call, arg, "FAIL"))
        *overflow = FIELD_FAIL;
    else
        return fields_refuse(call, "ERR Invalid OVERFLOW type specified");
    return true;
}

/* Read on to the end of the next operation.  false: there is none, or it is
 * wrong: *wrong tells, and the error has been replied. */
static bool fields_next(struct kr_call *call, struct fields *f, bool *wrong)
{
    uint32_t at, left;

    *wrong = true;
    for (;; f->at += 2) {
        at = f->at;
        if (at >= call->argc) {
            *wrong = false;
            return false;
        }
        left = call->argc - at - 1;
        if (left < 1 || !fields_word(call, at, "OVERFLOW"))
            break;
        if (!fields_overflow(call, at + 1, &f->overflow))
            return false;
    }
    if (left >= 2 && fields_word(call, at, "GET"))
        f->verb = FIELDS_GET;
    else if (left >= 3 && fields_word(call, at, "SET"))
        f->verb = FIELDS_SET;
    else if (left >= 3 && fields_word(call, at, "INCRBY"))
        f->verb = FIELDS_INCRBY;
    else
        return fields_refuse(call, KR_ERR_SYNTAX);
    if (!fields_type(call, at + 1, &f->field) ||
        !bitmap_offset(call, at + 2, f->field.width, &f->field.offset))
        return false;
    f->at = at + 3;
    if (f->verb != FIELDS_GET &&
        !kr_text->to_int64(call->argv[f->at++], &f->operand))
        return fields_refuse(call, KR_ERR_NOT_INT);
    *wrong = false;
    return true;
}

/* What all operations together ask for. */
struct fields_needs {
    uint64_t operations;
    uint64_t bytes; /* of the string, for those that write; 0: none does */
};

static bool fields_check(struct kr_call *call, struct fields_needs *needs)
{
    struct fields f = FIELDS_START;
    bool wrong;

    *needs = (struct fields_needs){0};
    while (fields_next(call, &f, &wrong)) {
        uint64_t last = f.field.offset + f.field.width - 1;

        needs->operations++;
        if (f.verb != FIELDS_GET && last / 8 >= needs->bytes)
            needs->bytes = last / 8 + 1;
    }
    return !wrong;
}

/* --- Do ------------------------------------------------------------------ */

/* SET answers the old value, INCRBY the new one; a value that OVERFLOW FAIL
 * refuses is answered by null.  Answers whether anything has changed. */
static bool fields_write(struct kr_reply *reply, const struct fields *f,
                         uint8_t *bytes, struct kr_str view)
{
    int64_t old = field_get(&f->field, view), new;
    bool fits = f->verb == FIELDS_SET
                    ? field_fit(&f->field, f->overflow, f->operand, &new)
                    : field_add(&f->field, f->overflow, old, f->operand, &new);

    if (!fits) {
        kr_reply_null(reply);
        return false;
    }
    kr_reply_int64(reply, f->verb == FIELDS_SET ? old : new);
    field_set(&f->field, bytes, new);
    return old != new;
}

static void fields_run_read(struct kr_call *call,
                            const struct fields_needs *needs)
{
    char scratch[KR_INT64_TEXT];
    struct fields f = FIELDS_START;
    struct kr_str view;
    bool ignored;

    if (!bitmap_read(call, scratch, &view, &ignored))
        return;
    kr_reply_array(call->reply, needs->operations);
    while (fields_next(call, &f, &ignored))
        kr_reply_int64(call->reply, field_get(&f.field, view));
}

static void fields_run(struct kr_call *call, const struct fields_needs *needs)
{
    char scratch[KR_INT64_TEXT];
    struct fields f = FIELDS_START;
    struct kr_cell cell;
    struct kr_str view;
    bool grown, ignored;
    uint64_t changes = 0;
    uint8_t *bytes = bitmap_write(call, needs->bytes, &cell, &grown);

    if (!bytes)
        return;
    view = kr_strings->view(&cell, scratch);
    kr_reply_array(call->reply, needs->operations);
    while (fields_next(call, &f, &ignored)) {
        if (f.verb == FIELDS_GET)
            kr_reply_int64(call->reply, field_get(&f.field, view));
        else
            changes += fields_write(call->reply, &f, bytes, view);
    }
    if (changes > 0 || grown)
        bitmap_changed(call, changes > 0 ? changes : 1);
}

void bitmap_bitfield(struct kr_call *call)
{
    struct fields_needs needs;

    if (!fields_check(call, &needs))
        return;
    if (needs.bytes)
        fields_run(call, &needs);
    else
        fields_run_read(call, &needs);
}

void bitmap_bitfield_ro(struct kr_call *call)
{
    struct fields_needs needs;

    if (!fields_check(call, &needs))
        return;
    if (needs.bytes)
        kr_reply_error(call->reply,
                       "ERR BITFIELD_RO only supports the GET subcommand");
    else
        fields_run_read(call, &needs);
}

/* --- The key ------------------------------------------------------------- */

/* Who only gets needs no right to write.  What makes no sense may write. */
int32_t bitmap_bitfield_keys(uint32_t argc, const struct kr_str *argv,
                             struct kr_key_ref *refs, uint32_t room)
{
    uint32_t at = 2;

    while (at < argc) {
        uint32_t left = argc - at - 1;

        if (left >= 2 && kr_str_equal_nocase(argv[at], KR_STR("GET")))
            at += 3;
        else if (left >= 1 && kr_str_equal_nocase(argv[at], KR_STR("OVERFLOW")))
            at += 2;
        else
            break;
    }
    if (room)
        refs[0] = (struct kr_key_ref){
            .index = 1,
            .flags = at < argc ? KR_KEY_RW | KR_KEY_ACCESS | KR_KEY_UPDATE
                               : KR_KEY_RO | KR_KEY_ACCESS};
    return 1;
}
