/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/config/pending.h"

#include "core/config/param.h"
#include "core/memory/memory.h"

static struct {
    struct pending *first;
    struct pending **end; /* where the next one is linked; NULL: at first */
} queue;

static void pending_copy_words(struct pending *pending, uint32_t argc,
                               const struct kr_str *argv)
{
    size_t size = 1;
    char *to;

    for (uint32_t i = 0; i < argc; i++)
        size += argv[i].size;
    to = pending->bytes = memory_alloc(size);
    pending->argv = memory_calloc(argc ? argc : 1, sizeof(*argv));
    pending->argc = argc;
    for (uint32_t i = 0; i < argc; i++) {
        if (argv[i].size)
            memcpy(to, argv[i].data, argv[i].size);
        pending->argv[i] = kr_str(to, argv[i].size);
        to += argv[i].size;
    }
}

static char *pending_copy(struct kr_str text)
{
    return memory_strndup(text.size ? text.data : "", text.size);
}

struct pending *pending_add(const struct config_origin *origin,
                            struct kr_str name, uint32_t argc,
                            const struct kr_str *argv)
{
    struct pending *pending = memory_calloc(1, sizeof(*pending));

    pending->name = pending_copy(name);
    pending->file = origin->file ? memory_strdup(origin->file) : NULL;
    pending->text = pending_copy(origin->text);
    pending->line = origin->line;
    pending_copy_words(pending, argc, argv);
    if (!queue.end)
        queue.end = &queue.first;
    *queue.end = pending;
    queue.end = &pending->next;
    return pending;
}

struct pending *pending_next(const struct pending *last,
                             const struct kr_param *row)
{
    struct pending *p = last ? last->next : queue.first;

    for (; row && p; p = p->next) {
        struct kr_str name = kr_cstr(p->name);

        if (kr_str_equal_nocase(name, kr_cstr(row->name)) ||
            (row->alias && kr_str_equal_nocase(name, kr_cstr(row->alias))))
            break;
    }
    return p;
}

void pending_split(struct pending *pending)
{
    struct kr_str *words;

    if (pending->argc != 1)
        return;
    pending->argc = param_split(pending->argv[0], &words);
    memory_free(pending->argv);
    pending->argv = words;
}

void pending_refuse(struct pending *pending, const char *reason)
{
    memory_free(pending->reason);
    pending->reason = memory_strdup(reason);
}

struct config_origin pending_origin(const struct pending *pending)
{
    return (struct config_origin){pending->file, pending->line,
                                  kr_cstr(pending->text)};
}

static void pending_free(struct pending *pending)
{
    memory_free(pending->name);
    memory_free(pending->argv);
    memory_free(pending->bytes);
    memory_free(pending->file);
    memory_free(pending->text);
    memory_free(pending->reason);
    memory_free(pending);
}

void pending_drop(struct kr_str name)
{
    struct pending **link = &queue.first;

    while (*link) {
        struct pending *pending = *link;

        if (pending->line == 0 && !pending->asker &&
            kr_str_equal_nocase(kr_cstr(pending->name), name)) {
            *link = pending->next;
            pending_free(pending);
        } else {
            link = &pending->next;
        }
    }
    queue.end = link;
}

bool pending_is_asked(const kr_module *module, const struct kr_param *row)
{
    struct pending *p = NULL;

    while (module && (p = pending_next(p, row))) {
        if (p->asker == module)
            return true;
    }
    return false;
}

void pending_drop_asked(const kr_module *module)
{
    struct pending **link = &queue.first;

    while (*link) {
        struct pending *pending = *link;

        if (pending->asker == module) {
            *link = pending->next;
            pending_free(pending);
        } else {
            link = &pending->next;
        }
    }
    queue.end = link;
}

void pending_fini(void)
{
    while (queue.first) {
        struct pending *pending = queue.first;

        queue.first = pending->next;
        pending_free(pending);
    }
    queue.end = NULL;
}
