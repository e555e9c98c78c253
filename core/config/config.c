/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/config/config.h"

#include "core/config/param.h"
#include "core/config/pending.h"
#include "core/config/rewrite.h"
#include "core/dispatch/rename.h"
#include "core/log/log.h"
#include "core/memory/memory.h"
#include "core/module/module.h"
#include "core/net/client.h"
#include "core/resp/inline.h"

#include <stdio.h>

static struct {
    struct param **all; /* the top rows, by name */
    size_t count, capacity;
    struct param *suspended; /* by `below`; see config_suspend() */
    char refusal[512];       /* the last one */
} config;

/* --- The registry -------------------------------------------------------- */

/* The letter at `i`, in any case; -1 at the end. */
static int config_letter(struct kr_str name, size_t i)
{
    int c = i < name.size ? (unsigned char)name.data[i] : -1;

    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static int config_compare(struct kr_str a, struct kr_str b)
{
    for (size_t i = 0;; i++) {
        int x = config_letter(a, i), y = config_letter(b, i);

        if (x != y || x < 0)
            return x - y;
    }
}

/* Where `name` is, or would be. */
static size_t config_place(struct kr_str name, bool *found)
{
    size_t from = 0, to = config.count;

    *found = false;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = config_compare(kr_cstr(config.all[middle]->row.name), name);

        if (order == 0)
            *found = true;
        if (order < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

struct param *config_find(struct kr_str name)
{
    bool found;
    size_t at = config_place(name, &found);

    for (size_t i = 0; !found && i < config.count; i++) {
        const char *alias = config.all[i]->row.alias;

        if (alias && kr_str_equal_nocase(name, kr_cstr(alias)))
            return config.all[i];
    }
    return found ? config.all[at] : NULL;
}

struct param *config_at(size_t i)
{
    return i < config.count ? config.all[i] : NULL;
}

static void config_insert(size_t at, struct param *param)
{
    if (config.count == config.capacity) {
        config.capacity = config.capacity ? config.capacity * 2 : 64;
        config.all =
            memory_realloc(config.all, config.capacity * sizeof(*config.all));
    }
    memmove(config.all + at + 1, config.all + at,
            (config.count - at) * sizeof(*config.all));
    config.all[at] = param;
    config.count++;
}

static void config_remove(size_t at)
{
    config.count--;
    memmove(config.all + at, config.all + at + 1,
            (config.count - at) * sizeof(*config.all));
}

/* --- Giving a row its value ---------------------------------------------- */

/* Words that do not come from CONFIG SET: the row may be immutable, and only a
 * foreign value is told of. */
static bool config_take(struct param *param, uint32_t argc,
                        const struct kr_str *argv, char *error)
{
    union value value = {0};
    struct kr_str empty = KR_STR("");

    /* `save` alone in a line is an empty list. */
    if (argc == 0 && param->row.type == KR_PARAM_SPECIAL) {
        argc = 1;
        argv = &empty;
    }
    if (!param_check(param, argc, argv, &value, error))
        return false;
    if (value_is_foreign(&param->row)) {
        if (param_apply(param, argc, argv, error))
            return true;
        if (!error[0])
            snprintf(error, VALUE_ERROR_MAX, "the value is refused");
        return false;
    }
    value = param_swap(param, value);
    value_free(&param->row, &value);
    return true;
}

/* The default: as typed in a file, but never refused by check(). */
static bool config_take_initial(struct param *param, char *error)
{
    const char *text = param->row.initial ? param->row.initial : "";
    struct resp_args args = {0};
    struct kr_str empty = KR_STR("");
    union value value = {0};
    enum resp_split split = resp_split_line(&args, kr_cstr(text));
    bool fine = true;

    if (split == RESP_SPLIT_DONE) {
        uint32_t argc = args.argc ? (uint32_t)args.argc : 1;
        const struct kr_str *argv = args.argc ? args.argv : &empty;

        if (!value_is_foreign(&param->row)) {
            fine = (!param->row.initial && !value_is_text(&param->row)) ||
                   value_parse(&param->row, argc, argv, &value, error);
            if (fine) {
                value = param_swap(param, value);
                value_free(&param->row, &value);
            }
        } else if (param->row.initial) {
            fine = param_apply(param, argc, argv, error);
        }
    } else {
        fine = false;
        snprintf(error, VALUE_ERROR_MAX, "%s",
                 split == RESP_SPLIT_NO_MEMORY ? "out of memory"
                                               : "unbalanced quotes");
    }
    resp_args_fini(&args);
    return fine;
}

static void config_note_default(struct param *param)
{
    struct buffer text = {0};
    size_t size;

    param_print(param, &text);
    param->initial = buffer_steal(&text, &size);
}

/* A value that stands in an included file needs no line in the main one. */
static void config_note_included(struct param *param, bool included)
{
    struct buffer text = {0};
    size_t size;

    memory_free(param->included);
    param->included = NULL;
    if (!included)
        return;
    param_print(param, &text);
    param->included = buffer_steal(&text, &size);
}

static bool config_line_by_line(const struct kr_param *row)
{
    return !(row->flags & KR_PARAM_MULTI) || row->flags & KR_PARAM_IMMUTABLE;
}

/* A line that `param` refuses.  An inert row leaves it to whoever comes. */
static bool config_blame(struct param *param, struct pending *pending,
                         const char *why, struct buffer *error)
{
    struct config_origin origin = pending_origin(pending);

    if (pending->asker) {
        buffer_printf(error, "parameter '%s': %s", param->row.name, why);
        return false;
    }
    if (param->row.flags & KR_PARAM_INERT) {
        pending_refuse(pending, why);
        return true;
    }
    if (param->row.flags & KR_PARAM_SECRET)
        origin.text = kr_cstr(param->row.name);
    config_describe(error, &origin, why);
    return false;
}

/* `asker`: whose lines count; NULL: those that are nobody's. */
static bool config_take_each(struct param *param, const kr_module *asker,
                             struct buffer *error)
{
    struct pending *p = NULL;
    char why[VALUE_ERROR_MAX];

    while ((p = pending_next(p, &param->row))) {
        if (p->taken || p->asker != asker)
            continue;
        if (config_take(param, p->argc, p->argv, why)) {
            p->taken = true;
            config_note_included(param, p->file != NULL);
        } else if (!config_blame(param, p, why, error)) {
            return false;
        }
    }
    return true;
}

/* Several lines are one list of words; a line with one empty word forgets those
 * before it.  When the list is refused, the first line that would be refused
 * alone is to blame, or the last. */
static bool config_take_sum(struct param *param, const kr_module *asker,
                            struct buffer *error)
{
    struct pending *p = NULL, *last = NULL, *guilty = NULL;
    struct kr_str *words = NULL;
    struct kr_str empty = KR_STR("");
    uint32_t count = 0;
    char why[VALUE_ERROR_MAX], first_why[VALUE_ERROR_MAX];
    bool fine, included = false;

    while ((p = pending_next(p, &param->row))) {
        union value value = {0};

        if (p->taken || p->asker != asker)
            continue;
        last = p;
        included |= p->file != NULL;
        if (!guilty) {
            bool none = p->argc == 0; /* `save` alone in its line */

            if (param_check(param, none ? 1 : p->argc, none ? &empty : p->argv,
                            &value, first_why))
                value_free(&param->row, &value);
            else
                guilty = p;
        }
        if (p->argc == 1 && p->argv[0].size == 0)
            count = 0;
        else if (count == 1 && words[0].size == 0)
            count = 0;
        words = memory_realloc(words, (count + p->argc + 1) * sizeof(*words));
        memcpy(words + count, p->argv, p->argc * sizeof(*words));
        count += p->argc;
    }
    if (!last)
        return true;
    fine = !guilty && config_take(param, count, words, why);
    memory_free(words);
    if (!fine && !guilty)
        return config_blame(param, last, why, error);
    if (!fine)
        return config_blame(param, guilty, first_why, error);
    for (p = NULL; (p = pending_next(p, &param->row));)
        p->taken = p->taken || p->asker == asker;
    config_note_included(param, included);
    return true;
}

static bool config_take_pending(struct param *param, struct buffer *error)
{
    const kr_module *asker =
        pending_is_asked(param->module, &param->row) ? param->module : NULL;
    struct pending *p = NULL;

    while (param_has_words(param) && !param_is_file_only(param) &&
           (p = pending_next(p, &param->row)))
        if (!p->taken)
            pending_split(p);
    return config_line_by_line(&param->row)
               ? config_take_each(param, asker, error)
               : config_take_sum(param, asker, error);
}

/* Call `take` with the words of a row's value; with its default only if
 * `always`. */
static bool config_hand_over(struct param *from,
                             bool (*take)(struct param *to, uint32_t argc,
                                          const struct kr_str *argv,
                                          char *error),
                             struct param *to, bool always, char *error)
{
    bool lines =
        from->row.flags & KR_PARAM_MULTI && config_line_by_line(&from->row);
    struct buffer text = {0};
    struct resp_args args = {0};
    struct kr_str *words, whole;
    bool fine = true;

    if (!always && param_is_default(from))
        return true;
    if (lines) {
        char *rest, *line;

        param_print_lines(from, &text);
        rest = text.data;
        while (fine && (line = strsep(&rest, "\n")))
            if (line[0] &&
                resp_split_line(&args, kr_cstr(line)) == RESP_SPLIT_DONE)
                fine = take(to, (uint32_t)args.argc, args.argv, error);
    } else {
        param_print(from, &text);
        whole = text.data ? buffer_str(&text) : KR_STR("");
        if (param_has_words(from)) {
            uint32_t count = param_split(whole, &words);

            fine = take(to, count, words, error);
            memory_free(words);
        } else {
            fine = take(to, 1, &whole, error);
        }
    }
    resp_args_fini(&args);
    buffer_free(&text);
    return fine;
}

/* --- Registration -------------------------------------------------------- */

static const char *config_owner(const struct param *param)
{
    return param->module ? param->module->name : "the server";
}

/* Is `param` the same one in the module's next version? */
static bool config_is_next(const struct param *param, const struct param *top)
{
    return param->module && param->module == top->module &&
           param->stamp > top->stamp;
}

/* May `param` stand above `top`? */
static bool config_supersedes(const struct param *param,
                              const struct param *top)
{
    return config_is_next(param, top) || (top->row.flags & KR_PARAM_INERT &&
                                          !(param->row.flags & KR_PARAM_INERT));
}

static bool config_add_at_top(size_t at, bool found, struct param *param,
                              struct buffer *error)
{
    struct param *top = found ? config.all[at] : NULL;
    char why[VALUE_ERROR_MAX];
    bool always = false;

    if (found) {
        param->below = top;
        config.all[at] = param;
    } else {
        config_insert(at, param);
    }
    if (top && config_is_next(param, top)) {
        always = strcmp(top->initial, param->initial) != 0;
        param->included = top->included ? memory_strdup(top->included) : NULL;
    }
    if (top && !config_hand_over(top, config_take, param, always, why)) {
        buffer_printf(error, "parameter '%s': its value so far is refused: %s",
                      param->row.name, why);
        return false;
    }
    return config_take_pending(param, error);
}

/* false: `param` may have been put in; the caller takes it out. */
static bool config_add_param(struct param *param, struct buffer *error)
{
    const struct kr_param *row = &param->row;
    bool found;
    size_t at = config_place(kr_cstr(row->name), &found);
    struct param *other = found ? config.all[at] : NULL;
    char why[VALUE_ERROR_MAX];

    if (!other && (other = config_find(kr_cstr(row->name))) == NULL &&
        row->alias)
        other = config_find(kr_cstr(row->alias));
    if (other && !found) {
        buffer_printf(error,
                      "parameter '%s' of %s: %s has it under the name "
                      "'%s'",
                      row->name, config_owner(param), config_owner(other),
                      other->row.name);
        return false;
    }
    if (!config_take_initial(param, why)) {
        buffer_printf(error, "parameter '%s' of %s: its default: %s", row->name,
                      config_owner(param), why);
        return false;
    }
    config_note_default(param);
    if (!found || config_supersedes(param, config.all[at]))
        return config_add_at_top(at, found, param, error);
    if (row->flags & KR_PARAM_INERT &&
        !(config.all[at]->row.flags & KR_PARAM_INERT)) {
        param->below = config.all[at]->below;
        config.all[at]->below = param;
        return true;
    }
    buffer_printf(error, "parameter '%s' of %s: %s has one already", row->name,
                  config_owner(param), config_owner(other));
    return false;
}

static struct param *config_new_param(kr_module *module, const void *row,
                                      uint32_t stride)
{
    struct param *param = memory_calloc(1, sizeof(*param));

    param->module = module;
    param->stamp = module_stamp(module);
    memcpy(&param->row, row,
           stride < sizeof(param->row) ? stride : sizeof(param->row));
    return param;
}

/* Take `param` out of its chain, wherever it is in there. */
static void config_unlink(struct param *param)
{
    bool found;
    size_t at = config_place(kr_cstr(param->row.name), &found);
    struct param **link;

    if (!found)
        return;
    for (link = &config.all[at]; *link && *link != param;)
        link = &(*link)->below;
    if (!*link)
        return;
    if (link == &config.all[at] && !param->below)
        config_remove(at);
    else
        *link = param->below;
    param->below = NULL;
}

static void config_discard(struct param *param)
{
    config_unlink(param);
    if (param->row.slot && param->row.type == KR_PARAM_BYTES)
        *(struct kr_str *)param->row.slot = kr_str("", 0);
    else if (param->row.slot && value_is_text(&param->row))
        *(const char **)param->row.slot = "";
    param_free(param);
}

const char *config_refusal(void)
{
    return config.refusal;
}

bool config_add_params(kr_module *module, const struct kr_rows *params,
                       char *error, size_t size)
{
    struct param **added =
        memory_calloc(params->count ? params->count : 1, sizeof(*added));
    struct buffer why = {0};
    bool fine = true;
    uint32_t count = 0;

    while (fine && count < params->count) {
        const void *row =
            (const char *)params->rows + (size_t)count * params->stride;

        added[count] = config_new_param(module, row, params->stride);
        fine = config_add_param(added[count], &why);
        count++;
    }
    while (!fine && count > 0)
        config_discard(added[--count]);
    if (!fine && size)
        snprintf(error, size, "%s", why.data ? why.data : "");
    if (!fine)
        snprintf(config.refusal, sizeof(config.refusal), "%s",
                 why.data ? why.data : "");
    buffer_free(&why);
    memory_free(added);
    return fine;
}

/* --- Leaving ------------------------------------------------------------- */

/* As config_hand_over() wants it: `to` is the row that leaves. */
static bool config_wait(struct param *leaving, uint32_t argc,
                        const struct kr_str *argv, char *error)
{
    struct config_origin nowhere = {0};

    (void)error;
    pending_add(&nowhere, kr_cstr(leaving->row.name), argc, argv);
    return true;
}

/* The value of a row that leaves goes to the inert row that takes its place, or
 * waits.  An older version below has kept its own. */
static void config_leave(struct param *param)
{
    struct param *heir = param->below;
    char why[VALUE_ERROR_MAX];

    /* A load that fails: what waited has not been touched. */
    if (pending_is_asked(param->module, &param->row))
        return;
    pending_drop(kr_cstr(param->row.name));
    if (heir && !(heir->row.flags & KR_PARAM_INERT))
        return;
    if (heir && config_hand_over(param, config_take, heir, false, why))
        return;
    if (!(param->row.flags & KR_PARAM_UNKEPT))
        config_hand_over(param, config_wait, param, false, why);
}

/* Of one version of the module; 0: of all. */
static void config_forget_in(struct param *top, kr_module *module,
                             uint32_t stamp)
{
    struct param *param = top, *below;

    for (; param; param = below) {
        below = param->below;
        if (param->module != module || (stamp && param->stamp != stamp))
            continue;
        if (param == top)
            config_leave(param);
        config_discard(param);
        if (param == top)
            top = below;
    }
}

static void config_drop(kr_module *module, uint32_t stamp)
{
    for (size_t i = config.count; i > 0; i--)
        if (i <= config.count)
            config_forget_in(config.all[i - 1], module, stamp);
}

void config_forget(kr_module *module)
{
    config_drop(module, 0);
}

void config_settle_upgrade(kr_module *module, bool good)
{
    while (config.suspended) {
        struct param *param = config.suspended;

        config.suspended = param->below;
        param->below = NULL;
        config_discard(param);
    }
    config_drop(module, module->generation + !good);
}

void config_suspend(kr_module *module)
{
    for (size_t i = config.count; i > 0; i--) {
        struct param *param = config.all[i - 1];

        if (param->module != module || !module_is_staged(module, param->stamp))
            continue;
        config_unlink(param);
        param->below = config.suspended;
        config.suspended = param;
    }
}

/* What has been set meanwhile was set for the row below. */
static bool config_put_back(struct param *param, char *why)
{
    bool found;
    size_t at = config_place(kr_cstr(param->row.name), &found);
    struct param *below = found ? config.all[at] : NULL;

    param->below = below;
    if (!below) {
        config_insert(at, param);
        return true;
    }
    config.all[at] = param;
    if (!config_is_next(param, below))
        return true;
    memory_free(param->included);
    param->included = below->included ? memory_strdup(below->included) : NULL;
    return config_hand_over(below, config_take, param, true, why);
}

bool config_resume(char *error, size_t size)
{
    char why[VALUE_ERROR_MAX] = "";
    bool fine = true;

    while (fine && config.suspended) {
        struct param *param = config.suspended;

        config.suspended = param->below;
        param->below = NULL;
        fine = config_put_back(param, why);
        if (!fine)
            snprintf(error, size,
                     "parameter '%s': its value so far is refused: %s",
                     param->row.name, why);
    }
    return fine;
}

void config_init(void)
{
    config.count = 0;
}

void config_fini(void)
{
    while (config.count > 0)
        config_discard(config.all[config.count - 1]);
    memory_free(config.all);
    config.all = NULL;
    config.capacity = 0;
    pending_fini();
    rename_fini();
}

/* --- Lines that wait ----------------------------------------------------- */

void config_pend(const struct config_origin *origin, struct kr_str name,
                 uint32_t argc, const struct kr_str *argv)
{
    pending_add(origin, name, argc, argv);
}

void config_ask(const kr_module *module, uint32_t pairs,
                const struct kr_str *names, const struct kr_str *values)
{
    struct config_origin nowhere = {0};

    for (uint32_t i = 0; i < pairs; i++)
        pending_add(&nowhere, names[i], 1, &values[i])->asker = module;
}

bool config_asked_is_taken(const kr_module *module, char *error, size_t size)
{
    for (struct pending *p = NULL; (p = pending_next(p, NULL));) {
        if (p->asker != module || p->taken)
            continue;
        snprintf(error, size, "parameter '%s': %s", p->name,
                 config_find(kr_cstr(p->name)) ? "it is not one of this module"
                                               : "there is none of that name");
        return false;
    }
    return true;
}

void config_asked_end(const kr_module *module, bool good)
{
    for (struct pending *p = NULL; good && (p = pending_next(p, NULL));) {
        struct param *param =
            p->asker == module ? config_find(kr_cstr(p->name)) : NULL;

        if (!param)
            continue;
        /* Frees none that is asked for, so `p` stays. */
        pending_drop(kr_cstr(param->row.name));
        if (param->row.alias)
            pending_drop(kr_cstr(param->row.alias));
    }
    pending_drop_asked(module);
}

void config_describe(struct buffer *to, const struct config_origin *origin,
                     const char *why)
{
    if (origin->line == 0) {
        buffer_printf(to, "%s", why);
        return;
    }
    buffer_printf(to, "Reading the configuration file, at line %u",
                  origin->line);
    if (origin->file)
        buffer_printf(to, " of '%s'", origin->file);
    buffer_append(to, KR_STR("\n>>> '"));
    buffer_append(to, origin->text);
    buffer_printf(to, "'\n%s", why);
}

bool config_settle(struct buffer *error)
{
    for (struct pending *p = NULL; (p = pending_next(p, NULL));) {
        struct config_origin origin = pending_origin(p);

        if (p->taken || p->line == 0)
            continue;
        /* One of several lines, of which another one is to blame. */
        if (!p->reason && config_find(kr_cstr(p->name)))
            continue;
        config_describe(error, &origin,
                        p->reason ? p->reason
                                  : "Bad directive or wrong number of "
                                    "arguments");
        return false;
    }
    return true;
}

/* --- kr.config/1 --------------------------------------------------------- */

bool config_print(struct kr_str name, struct buffer *to)
{
    struct param *param = config_find(name);

    if (!param || param_is_file_only(param))
        return false;
    param_print(param, to);
    return true;
}

bool config_allowed(struct kr_str which, const struct kr_call *call)
{
    struct buffer word = {0};
    bool yes = false, local = false;

    if (config_print(which, &word)) {
        yes = kr_str_equal(buffer_str(&word), KR_STR("yes"));
        local = kr_str_equal(buffer_str(&word), KR_STR("local"));
    }
    buffer_free(&word);
    return yes || (local && (!call || !call->client ||
                             call->client->flags & KR_CLIENT_LOCAL));
}

static kr_status config_interface_add(kr_module *self,
                                      const struct kr_param *row)
{
    struct kr_rows rows = {row, 1, sizeof(*row)};
    char error[1024];

    if (config_add_params(self, &rows, error, sizeof(error)))
        return KR_OK;
    log_warning("config: %s", error);
    return KR_EINVAL;
}

static kr_status config_interface_get(struct kr_str name, struct kr_reply *out)
{
    struct buffer text = {0};

    if (!config_print(name, &text))
        return KR_ENOENT;
    out->ops->raw(out, text.data ? buffer_str(&text) : KR_STR(""));
    buffer_free(&text);
    return KR_OK;
}

static void config_interface_each(bool (*each)(const struct kr_param *row,
                                               void *ctx),
                                  void *ctx)
{
    for (size_t i = 0; i < config.count; i++)
        if (!each(&config.all[i]->row, ctx))
            return;
}

const struct kr_config config_interface = {
    .size = sizeof(config_interface),
    .add = config_interface_add,
    .get = config_interface_get,
    .set = config_set,
    .each = config_interface_each,
    .rewrite = rewrite_file,
    .file = rewrite_path,
    .allowed = config_allowed,
};
