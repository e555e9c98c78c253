/* SPDX-License-Identifier: BSD-3-Clause */
/* set - CONFIG SET of several parameters, all or none.
 *
 *   find all --> check all --> store all --> apply all --> tell
 *      |            |                            |
 *      +------------+-- nothing has changed      +-- store the old ones again,
 *                                                    apply them as far as it
 *                                                    had come
 *
 * One parameter may be named twice, by its name and by its alias: then both are
 * stored in turn, and undone in the opposite order. */
#include "core/config/config.h"
#include "core/config/param.h"
#include "core/dispatch/call.h"
#include "core/event/event.h"
#include "core/log/log.h"
#include "core/memory/memory.h"

#include <stdio.h>

struct change {
    struct param *param;
    uint32_t argc;
    struct kr_str *argv;
    struct kr_str single; /* argv, when the value is one word */
    union value value;    /* the new one until it is stored, then the old */
    bool checked;
    char *before; /* as CONFIG GET showed it */
};

static void set_failed(char *error, size_t size, struct kr_str name,
                       const char *why)
{
    snprintf(error, size,
             "ERR CONFIG SET failed (possibly related to argument '%.*s')%s%s",
             (int)name.size, name.data, why[0] ? " - " : "", why);
}

/* --- Before anything changes --------------------------------------------- */

static const char *set_forbidden(const struct param *param)
{
    const struct kr_call *call = call_current ? &call_current->pub : NULL;

    if (param->row.flags & KR_PARAM_IMMUTABLE)
        return "can't set immutable config";
    /* No call: the server's own doing. */
    if (param->row.flags & KR_PARAM_PROTECTED && call &&
        !config_allowed(KR_STR("enable-protected-configs"), call))
        return "can't set protected config";
    return NULL;
}

static bool set_find(struct change *changes, uint32_t pairs,
                     const struct kr_str *names, char *error, size_t size)
{
    for (uint32_t i = 0; i < pairs; i++) {
        struct param *param = config_find(names[i]);
        const char *why;

        if (!param || param_is_file_only(param)) {
            snprintf(error, size,
                     "ERR Unknown option or number of arguments for CONFIG "
                     "SET - '%.*s'",
                     (int)names[i].size, names[i].data);
            return false;
        }
        if (param->row.flags & KR_PARAM_SETTLED &&
            call_alerts & ALERT_LOADING) {
            snprintf(error, size,
                     "LOADING Redis is loading the dataset in memory");
            return false;
        }
        why = set_forbidden(param);
        for (uint32_t j = 0; !why && j < i; j++)
            if (changes[j].param == param &&
                kr_str_equal_nocase(names[i], names[j]))
                why = "duplicate parameter";
        if (why) {
            set_failed(error, size, names[i], why);
            return false;
        }
        changes[i].param = param;
    }
    return true;
}

static bool set_check(struct change *change, struct kr_str text, char *why)
{
    struct param *param = change->param;
    struct buffer before = {0};
    size_t ignored;

    if (param_has_words(param)) {
        change->argc = param_split(text, &change->argv);
    } else {
        change->single = text;
        change->argv = &change->single;
        change->argc = 1;
    }
    if (!param_check(param, change->argc, change->argv, &change->value, why))
        return false;
    change->checked = true;
    param_print(param, &before);
    change->before = buffer_steal(&before, &ignored);
    return true;
}

/* --- The change ---------------------------------------------------------- */

static void set_swap(struct change *change)
{
    if (!value_is_foreign(&change->param->row))
        change->value = param_swap(change->param, change->value);
}

/* Back to `before`, as far as it had come: changes[last] was the one refused.
 */
static void set_undo(struct change *changes, uint32_t pairs, uint32_t last)
{
    char why[VALUE_ERROR_MAX];

    for (uint32_t i = pairs; i > 0; i--)
        set_swap(&changes[i - 1]);
    for (uint32_t i = last + 1; i > 0; i--) {
        struct change *change = &changes[i - 1];
        struct kr_str text = kr_cstr(change->before), *words = NULL;
        uint32_t argc = 1;

        if (param_has_words(change->param))
            argc = param_split(text, &words);
        if (!param_apply(change->param, argc, words ? words : &text, why))
            log_warning("config: %s: the old value is refused, too: %s",
                        change->param->row.name, why);
        memory_free(words);
    }
}

static bool set_apply(struct change *changes, uint32_t pairs,
                      const struct kr_str *names, char *error, size_t size)
{
    char why[VALUE_ERROR_MAX];

    for (uint32_t i = 0; i < pairs; i++)
        set_swap(&changes[i]);
    for (uint32_t i = 0; i < pairs; i++) {
        if (param_apply(changes[i].param, changes[i].argc, changes[i].argv,
                        why))
            continue;
        set_failed(error, size, names[i], why);
        set_undo(changes, pairs, i);
        return false;
    }
    return true;
}

/* Names of those whose value is another one now. */
static char **set_changed(struct change *changes, uint32_t pairs,
                          uint32_t *count)
{
    char **names = memory_calloc(pairs ? pairs : 1, sizeof(*names));

    *count = 0;
    for (uint32_t i = 0; i < pairs; i++) {
        struct buffer now = {0};

        param_print(changes[i].param, &now);
        if (!kr_str_equal(kr_cstr(changes[i].before), buffer_str(&now)))
            names[(*count)++] = memory_strdup(changes[i].param->row.name);
        buffer_free(&now);
    }
    return names;
}

/* A subscriber may do anything, unload the owner included: by now nothing of
 * the change is held. */
static void set_tell(char **names, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct kr_name_event event = {.size = sizeof(event),
                                      .name = kr_cstr(names[i])};

        event_raise(EVENT_CONFIG_CHANGED, &event);
        memory_free(names[i]);
    }
    memory_free(names);
}

static void set_free(struct change *changes, uint32_t pairs)
{
    for (uint32_t i = 0; i < pairs; i++) {
        struct change *change = &changes[i];

        if (change->checked)
            value_free(&change->param->row, &change->value);
        if (change->argv != &change->single)
            memory_free(change->argv);
        memory_free(change->before);
    }
    memory_free(changes);
}

kr_status config_set(uint32_t pairs, const struct kr_str *names,
                     const struct kr_str *values, char *error, size_t size)
{
    struct change *changes = memory_calloc(pairs ? pairs : 1, sizeof(*changes));
    char **changed = NULL;
    uint32_t count = 0;
    char why[VALUE_ERROR_MAX];
    bool fine = set_find(changes, pairs, names, error, size);

    for (uint32_t i = 0; fine && i < pairs; i++) {
        fine = set_check(&changes[i], values[i], why);
        if (!fine)
            set_failed(error, size, names[i], why);
    }
    if (fine)
        fine = set_apply(changes, pairs, names, error, size);
    if (fine && event_is_armed(EVENT_CONFIG_CHANGED))
        changed = set_changed(changes, pairs, &count);
    set_free(changes, pairs);
    if (changed)
        set_tell(changed, count);
    return fine ? KR_OK : KR_EFAIL;
}
