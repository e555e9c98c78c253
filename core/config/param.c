/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/config/param.h"

#include "core/config/sink.h"
#include "core/memory/memory.h"
#include "core/module/module.h"

#include <stdio.h>

/* A version that is only made ready has none yet. */
static void *param_state(const struct param *param)
{
    if (param->row.ctx)
        return param->row.ctx;
    return param->module && param->stamp == param->module->generation
               ? param->module->state
               : NULL;
}

bool param_check(struct param *param, uint32_t argc, const struct kr_str *argv,
                 union value *value, char error[VALUE_ERROR_MAX])
{
    kr_module *was;
    const char *why = NULL;
    bool fine;

    if (!value_parse(&param->row, argc, argv, value, error))
        return false;
    if (!param->row.check)
        return true;
    was = module_enter(param->module);
    fine = param->row.check(param_state(param), argc, argv, &why);
    module_leave(was);
    if (fine)
        return true;
    snprintf(error, VALUE_ERROR_MAX, "%s", why ? why : "the value is refused");
    value_free(&param->row, value);
    return false;
}

/* --- The slot ------------------------------------------------------------ */

union value param_swap(struct param *param, union value value)
{
    void *slot = param->row.slot ? param->row.slot : &param->own;
    union value old = {0};

    if (value_is_text(&param->row)) {
        old = param->own;
        param->own = value;
        if (param->row.slot && param->row.type == KR_PARAM_BYTES)
            *(struct kr_str *)slot = kr_str(value.bytes.data, value.bytes.size);
        else if (param->row.slot)
            *(const char **)slot = value.text;
        return old;
    }
    switch (param->row.type) {
    case KR_PARAM_BOOL:
        old.yes = *(bool *)slot;
        *(bool *)slot = value.yes;
        break;
    case KR_PARAM_INT:
    case KR_PARAM_MEMORY:
    case KR_PARAM_OCTAL:
        old.number = *(int64_t *)slot;
        *(int64_t *)slot = value.number;
        break;
    case KR_PARAM_ENUM:
        old.word = *(int32_t *)slot;
        *(int32_t *)slot = value.word;
        break;
    case KR_PARAM_DOUBLE:
        old.real = *(double *)slot;
        *(double *)slot = value.real;
        break;
    }
    return old;
}

static union value param_value(const struct param *param)
{
    const void *slot = param->row.slot ? param->row.slot : &param->own;
    union value value = {0};

    if (value_is_text(&param->row))
        return param->own;
    switch (param->row.type) {
    case KR_PARAM_BOOL:
        value.yes = *(const bool *)slot;
        break;
    case KR_PARAM_INT:
    case KR_PARAM_MEMORY:
    case KR_PARAM_OCTAL:
        value.number = *(const int64_t *)slot;
        break;
    case KR_PARAM_ENUM:
        value.word = *(const int32_t *)slot;
        break;
    case KR_PARAM_DOUBLE:
        value.real = *(const double *)slot;
        break;
    }
    return value;
}

bool param_apply(struct param *param, uint32_t argc, const struct kr_str *argv,
                 char error[VALUE_ERROR_MAX])
{
    kr_module *was;
    const char *why = NULL;
    bool fine;

    error[0] = '\0';
    if (!param->row.apply)
        return true;
    was = module_enter(param->module);
    fine = param->row.apply(param_state(param), argc, argv, &why);
    module_leave(was);
    if (!fine && why)
        snprintf(error, VALUE_ERROR_MAX, "%s", why);
    return fine;
}

/* --- Showing it ---------------------------------------------------------- */

static void param_call_printer(struct param *param,
                               void (*print)(void *, struct kr_reply *),
                               struct buffer *to)
{
    kr_module *was;
    struct sink sink;

    sink_init(&sink);
    was = module_enter(param->module);
    print(param_state(param), &sink.reply);
    module_leave(was);
    buffer_append(to, buffer_str(&sink.text));
    sink_fini(&sink);
}

void param_print(struct param *param, struct buffer *to)
{
    union value value;

    if (value_is_foreign(&param->row)) {
        param_call_printer(param, param->row.print, to);
        return;
    }
    value = param_value(param);
    value_print(&param->row, &value, to);
}

void param_print_lines(struct param *param, struct buffer *to)
{
    size_t before = to->size;
    union value value;

    if (param->row.lines && param->row.type == KR_PARAM_SPECIAL) {
        param_call_printer(param, param->row.lines, to);
        return;
    }
    if (value_is_foreign(&param->row)) {
        param_call_printer(param, param->row.print, to);
        if (to->size == before)
            buffer_append(to, KR_STR("\"\""));
    } else {
        value = param_value(param);
        value_print_line(&param->row, &value, to);
    }
    buffer_append_char(to, '\n');
}

bool param_is_default(struct param *param)
{
    struct buffer now = {0};
    bool same;

    /* Without one the value depends on how the server was started (`dir`). */
    if (value_is_foreign(&param->row) && !param->row.initial)
        return false;
    param_print(param, &now);
    same = kr_str_equal(buffer_str(&now), kr_cstr(param->initial));
    buffer_free(&now);
    return same;
}

void param_free(struct param *param)
{
    value_free(&param->row, &param->own);
    memory_free(param->initial);
    memory_free(param->included);
    memory_free(param);
}

uint32_t param_split(struct kr_str text, struct kr_str **words)
{
    uint32_t count = 1;
    size_t from = 0;

    for (size_t i = 0; i < text.size; i++)
        count += text.data[i] == ' ';
    *words = memory_calloc(count, sizeof(**words));
    count = 0;
    for (size_t i = 0; i <= text.size; i++) {
        if (i < text.size && text.data[i] != ' ')
            continue;
        (*words)[count++] =
            text.size ? kr_str(text.data + from, i - from) : KR_STR("");
        from = i + 1;
    }
    return count;
}
