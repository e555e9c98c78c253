/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/rack/deny.h"

#include "core/config/value.h"
#include "core/memory/memory.h"
#include "core/text/buffer.h"
#include "core/text/glob.h"

/* "module interface", the blank between them at `split`. */
struct deny_rule {
    struct deny_rule *next;
    size_t split;
    size_t size;
    char text[];
};

/* The wing's state: in the order in which they were written. */
static struct deny_rules deny;

static struct kr_str rule_module(const struct deny_rule *rule)
{
    return kr_str(rule->text, rule->split);
}

static struct kr_str rule_interface(const struct deny_rule *rule)
{
    return kr_str(rule->text + rule->split + 1, rule->size - rule->split - 1);
}

/* --- The directive ------------------------------------------------------- */

static bool deny_is_none(uint32_t argc, const struct kr_str *argv)
{
    return argc == 0 || (argc == 1 && argv[0].size == 0);
}

bool deny_check(uint32_t argc, const struct kr_str *argv, const char **error)
{
    bool fine = deny_is_none(argc, argv) || argc % 2 == 0;

    for (uint32_t i = 0; fine && i < argc && argc > 1; i++)
        fine = argv[i].size > 0 && !memchr(argv[i].data, ' ', argv[i].size) &&
               !memchr(argv[i].data, '\0', argv[i].size);
    if (!fine)
        *error = "module-deny takes the name of a module and that of an "
                 "interface, such as: counter kr.loop";
    return fine;
}

static struct deny_rule *rule_new(struct kr_str module, struct kr_str interface)
{
    size_t size = module.size + 1 + interface.size;
    struct deny_rule *rule = memory_alloc(sizeof(*rule) + size + 1);

    *rule = (struct deny_rule){.split = module.size, .size = size};
    memcpy(rule->text, module.data, module.size);
    rule->text[module.size] = ' ';
    memcpy(rule->text + module.size + 1, interface.data, interface.size);
    rule->text[size] = '\0';
    return rule;
}

struct deny_rules deny_read(uint32_t argc, const struct kr_str *argv)
{
    struct deny_rules rules = {NULL};
    struct deny_rule **end = &rules.first;

    if (deny_is_none(argc, argv))
        return rules;
    for (uint32_t i = 0; i + 1 < argc; i += 2) {
        *end = rule_new(argv[i], argv[i + 1]);
        end = &(*end)->next;
    }
    return rules;
}

void deny_exchange(struct deny_rules *other)
{
    struct deny_rules now = deny;

    deny = *other;
    *other = now;
}

void deny_drop(struct deny_rules *rules)
{
    while (rules->first) {
        struct deny_rule *rule = rules->first;

        rules->first = rule->next;
        memory_free(rule);
    }
}

void deny_set(uint32_t argc, const struct kr_str *argv)
{
    struct deny_rules rules = deny_read(argc, argv);

    deny_exchange(&rules);
    deny_drop(&rules);
}

void deny_print(struct kr_reply *out)
{
    struct buffer text = {0};

    for (const struct deny_rule *rule = deny.first; rule; rule = rule->next)
        buffer_printf(&text, "%s%s", rule == deny.first ? "" : " ", rule->text);
    out->ops->raw(out, text.data ? buffer_str(&text) : KR_STR(""));
    buffer_free(&text);
}

void deny_lines(struct kr_reply *out)
{
    struct buffer line = {0};

    for (const struct deny_rule *rule = deny.first; rule; rule = rule->next) {
        buffer_clear(&line);
        value_print_word(&line, rule_module(rule));
        buffer_append_char(&line, ' ');
        value_print_word(&line, rule_interface(rule));
        out->ops->status(out, buffer_str(&line));
    }
    buffer_free(&line);
}

/* --- Asking -------------------------------------------------------------- */

static bool rule_has(const struct deny_rule *rule, struct kr_str module,
                     struct kr_str id)
{
    const char *slash = memrchr(id.data, '/', id.size);
    struct kr_str bare =
        kr_str(id.data, slash ? (size_t)(slash - id.data) : id.size);

    return glob_match(rule_module(rule), module) &&
           (glob_match(rule_interface(rule), id) ||
            glob_match(rule_interface(rule), bare));
}

const char *deny_find(const char *module, const char *id)
{
    const struct deny_rule *rule = deny.first;

    while (rule && !rule_has(rule, kr_cstr(module), kr_cstr(id)))
        rule = rule->next;
    return rule ? rule->text : NULL;
}
