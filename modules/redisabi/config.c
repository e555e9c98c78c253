/* SPDX-License-Identifier: BSD-3-Clause */
/* config - parameters of guests: CONFIG GET, SET, REWRITE, LOADEX and the file.
 *
 * The value is the guest's: its functions read and write it.  A parameter is
 * known as "module.name".
 *
 *   RegisterBoolConfig ... --> settings of the guest, not visible yet
 *   LoadConfigs            --> each a row of the host's (kr_config), which
 *                              writes what the file, LOADEX or the default says
 *
 *   CONFIG SET --> apply: words --> value --> the guest's set, then its apply
 *   CONFIG GET --> print: the guest's get --> words
 *
 * A text is kept by the host, too: words would not tell two spaces from one. */
#include "config.h"

#include "denied.h"
#include "text.h"

#include <kr/config.h>

#include <ctype.h>
#include <errno.h>

enum setting_kind { SETTING_BOOL, SETTING_NUMBER, SETTING_TEXT, SETTING_WORD };

struct setting {
    struct setting *next; /* of the guest's, in the order of their coming */
    struct guest *guest;
    enum setting_kind kind;
    unsigned flags; /* REDISMODULE_CONFIG_ */
    bool shown;     /* the host has the row */
    union {
        RedisModuleConfigGetBoolFunc flag;
        RedisModuleConfigGetNumericFunc number;
        RedisModuleConfigGetEnumFunc word;
    } get;
    union {
        RedisModuleConfigSetBoolFunc flag;
        RedisModuleConfigSetNumericFunc number;
        RedisModuleConfigSetStringFunc text;
        RedisModuleConfigSetEnumFunc word;
    } set;
    RedisModuleConfigApplyFunc apply;
    void *data;
    long long min, max;
    struct kr_word *words; /* of SETTING_WORD */
    uint32_t word_count;
    struct kr_str text; /* of SETTING_TEXT: the host's copy of it */
    const char *name;   /* the guest's, without the module's */
    char *initial;      /* the default, as words of a file */
    char error[256];    /* the last refusal, which outlives its call */
    struct kr_param row;
    char full_name[];
};

/* --- From words to a value ------------------------------------------------ */

static bool setting_refuse(struct setting *setting, const char **error,
                           const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(setting->error, sizeof(setting->error), format, args);
    va_end(args);
    *error = setting->error;
    return false;
}

static bool setting_read_number(struct setting *setting, struct kr_str word,
                                long long *value, const char **error)
{
    int64_t number;

    if (setting->flags & REDISMODULE_CONFIG_MEMORY) {
        if (!kr_text->to_memory(word, &number))
            return setting_refuse(setting, error,
                                  "argument must be a memory value");
    } else if (!kr_text->to_int64(word, &number)) {
        return setting_refuse(setting, error,
                              "argument couldn't be parsed into an integer");
    }
    if (number < setting->min || number > setting->max)
        return setting_refuse(
            setting, error, "argument must be between %lld and %lld inclusive",
            setting->min, setting->max);
    *value = number;
    return true;
}

static const struct kr_word *setting_find_word(const struct setting *setting,
                                               struct kr_str word)
{
    for (uint32_t i = 0; i < setting->word_count; i++) {
        if (kr_str_equal_nocase(kr_cstr(setting->words[i].word), word))
            return &setting->words[i];
    }
    return NULL;
}

static bool setting_refuse_word(struct setting *setting, const char **error)
{
    size_t used;

    (void)setting_refuse(setting, error,
                         "argument(s) must be one of the "
                         "following: ");
    used = strlen(setting->error);
    for (uint32_t i = 0; i < setting->word_count && used < 240; i++)
        used += (size_t)snprintf(setting->error + used,
                                 sizeof(setting->error) - used, "%s%s",
                                 i ? ", " : "", setting->words[i].word);
    return false;
}

/* One word, or with BITFLAGS several, each an argument or between spaces. */
static bool setting_read_words(struct setting *setting, uint32_t argc,
                               const struct kr_str *argv, long long *value,
                               const char **error)
{
    *value = 0;
    for (uint32_t i = 0; i < argc; i++) {
        const char *at = argv[i].data, *end = at + argv[i].size;

        while (at < end) {
            const char *space = memchr(at, ' ', (size_t)(end - at));
            size_t size = (size_t)((space ? space : end) - at);
            const struct kr_word *word =
                setting_find_word(setting, kr_str(at, size));

            if (!word && size > 0)
                return setting_refuse_word(setting, error);
            *value |= word ? word->value : 0;
            at += size + (space != NULL);
        }
    }
    return true;
}

static bool setting_read(struct setting *setting, uint32_t argc,
                         const struct kr_str *argv, long long *value,
                         const char **error)
{
    const struct kr_word *word;

    if (setting->kind == SETTING_WORD &&
        setting->flags & REDISMODULE_CONFIG_BITFLAGS)
        return setting_read_words(setting, argc, argv, value, error);
    if (argc != 1)
        return setting_refuse(setting, error, "wrong number of arguments");
    switch (setting->kind) {
    case SETTING_BOOL:
        *value = kr_str_equal_nocase(argv[0], KR_STR("yes"));
        if (*value || kr_str_equal_nocase(argv[0], KR_STR("no")))
            return true;
        return setting_refuse(setting, error, "argument must be 'yes' or 'no'");
    case SETTING_NUMBER:
        return setting_read_number(setting, argv[0], value, error);
    case SETTING_WORD:
        word = setting_find_word(setting, argv[0]);
        *value = word ? word->value : 0;
        return word || setting_refuse_word(setting, error);
    case SETTING_TEXT:
        return true;
    }
    return false;
}

/* --- What the host asks --------------------------------------------------- */

static bool setting_check(void *ctx, uint32_t argc, const struct kr_str *argv,
                          const char **error)
{
    long long value = 0;

    return setting_read(ctx, argc, argv, &value, error);
}

/* What a guest says of its refusal is ours to free. */
static bool setting_result(struct setting *setting, int result,
                           RedisModuleString *why, const char **error)
{
    if (result != REDISMODULE_OK)
        (void)setting_refuse(setting, error, "%s", why ? why->bytes : "");
    if (why)
        text_release(why);
    return result == REDISMODULE_OK;
}

static bool setting_give(struct setting *setting, long long value,
                         struct kr_str bytes, const char **error)
{
    RedisModuleString *why = NULL, *text;
    int result = REDISMODULE_ERR;

    switch (setting->kind) {
    case SETTING_BOOL:
        result =
            setting->set.flag(setting->name, (int)value, setting->data, &why);
        break;
    case SETTING_NUMBER:
        result = setting->set.number(setting->name, value, setting->data, &why);
        break;
    case SETTING_WORD:
        result =
            setting->set.word(setting->name, (int)value, setting->data, &why);
        break;
    case SETTING_TEXT:
        text = text_new(bytes);
        result = setting->set.text(setting->name, text, setting->data, &why);
        text_release(text);
        break;
    }
    return setting_result(setting, result, why, error);
}

static bool setting_apply(void *ctx, uint32_t argc, const struct kr_str *argv,
                          const char **error)
{
    struct setting *setting = ctx;
    RedisModuleString *why = NULL;
    RedisModuleCtx own;
    long long value = 0;
    int result;

    if (!setting_read(setting, argc, argv, &value, error) ||
        !setting_give(setting, value, setting->text, error))
        return false;
    if (!setting->apply || !setting->shown)
        return true;
    context_begin(&own, setting->guest, NULL);
    result = setting->apply(&own, setting->data, &why);
    context_end(&own);
    return setting_result(setting, result, why, error);
}

static void setting_print_word(const struct setting *setting, long long value,
                               struct kr_reply *out)
{
    bool many = setting->flags & REDISMODULE_CONFIG_BITFLAGS, any = false;

    for (uint32_t i = 0; i < setting->word_count; i++) {
        const struct kr_word *word = &setting->words[i];

        if (many ? word->value == 0 || (value & word->value) != word->value
                 : value != word->value)
            continue;
        if (any)
            out->ops->raw(out, KR_STR(" "));
        out->ops->raw(out, kr_cstr(word->word));
        value &= ~(long long)word->value;
        any = true;
        if (!many)
            return;
    }
    for (uint32_t i = 0; !any && i < setting->word_count; i++) {
        if (setting->words[i].value == value) {
            out->ops->raw(out, kr_cstr(setting->words[i].word));
            return;
        }
    }
}

static void setting_print(void *ctx, struct kr_reply *out)
{
    const struct setting *setting = ctx;
    char text[KR_INT64_TEXT];

    switch (setting->kind) {
    case SETTING_BOOL:
        out->ops->raw(out, setting->get.flag(setting->name, setting->data)
                               ? KR_STR("yes")
                               : KR_STR("no"));
        break;
    case SETTING_NUMBER:
        out->ops->raw(out, kr_str(text, kr_text->from_int64(
                                            setting->get.number(setting->name,
                                                                setting->data),
                                            text)));
        break;
    case SETTING_TEXT: /* the host prints what it has */
        break;
    case SETTING_WORD:
        setting_print_word(
            setting, setting->get.word(setting->name, setting->data), out);
        break;
    }
}

/* --- Registering ---------------------------------------------------------- */

static bool config_name_is_good(const char *name)
{
    size_t size = strlen(name);

    for (size_t i = 0; i < size; i++) {
        if (!isalnum((unsigned char)name[i]) && name[i] != '-' &&
            name[i] != '_')
            return false;
    }
    return size > 0;
}

static bool config_flags_are_good(enum setting_kind kind, unsigned flags)
{
    return !(flags & ~(unsigned)REDISMODULE_CONFIG_ALL) &&
           (kind == SETTING_NUMBER || kind == SETTING_TEXT ||
            !(flags & REDISMODULE_CONFIG_MEMORY)) &&
           (kind == SETTING_WORD || !(flags & REDISMODULE_CONFIG_BITFLAGS));
}

static uint32_t config_flags(unsigned flags)
{
    static const struct {
        unsigned theirs;
        uint32_t ours;
    } same[] = {
        {REDISMODULE_CONFIG_IMMUTABLE, KR_PARAM_IMMUTABLE},
        {REDISMODULE_CONFIG_SENSITIVE, KR_PARAM_SECRET},
        {REDISMODULE_CONFIG_HIDDEN, KR_PARAM_HIDDEN},
        {REDISMODULE_CONFIG_PROTECTED, KR_PARAM_PROTECTED},
    };
    uint32_t ours = KR_PARAM_UNKEPT;

    for (size_t i = 0; i < KR_COUNT(same); i++)
        ours |= flags & same[i].theirs ? same[i].ours : 0;
    return ours;
}

/* NULL, and errno says why: a bad name or flags, or one of that name is there. */
static struct setting *config_new(RedisModuleCtx *ctx, const char *name,
                                  enum setting_kind kind, unsigned flags,
                                  RedisModuleConfigApplyFunc apply, void *data)
{
    struct kr_module_info about = {.size = sizeof(about)};
    struct guest *guest = ctx->guest;
    struct setting **at = &guest->settings, *setting;
    size_t before;

    if (guest_is_denied(guest, LENT_CONFIG, "Register...Config"))
        return NULL;
    if (!config_name_is_good(name) || !config_flags_are_good(kind, flags)) {
        errno = EINVAL;
        return NULL;
    }
    for (; *at; at = &(*at)->next) {
        if (kr_str_equal_nocase(kr_cstr((*at)->name), kr_cstr(name))) {
            errno = EALREADY;
            return NULL;
        }
    }
    kr_modules->info(guest->self, &about);
    before = strlen(about.name) + 1;
    setting = kr_memory->calloc(redisabi_self, 1,
                                sizeof(*setting) + before + strlen(name) + 1);
    setting->guest = guest;
    setting->kind = kind;
    setting->flags = flags;
    setting->apply = apply;
    setting->data = data;
    memcpy(setting->full_name, about.name, before - 1);
    setting->full_name[before - 1] = '.';
    strcpy(setting->full_name + before, name);
    setting->name = setting->full_name + before;
    setting->row = (struct kr_param){.name = setting->full_name,
                                     .type = KR_PARAM_SPECIAL,
                                     .flags = config_flags(flags),
                                     .check = setting_check,
                                     .apply = setting_apply,
                                     .print = setting_print,
                                     .ctx = setting};
    *at = setting;
    return setting;
}

static int config_done(struct setting *setting, const char *initial)
{
    setting->initial = rm_Strdup(initial);
    setting->row.initial = setting->initial;
    return REDISMODULE_OK;
}

int rm_RegisterBoolConfig(RedisModuleCtx *ctx, const char *name, int initial,
                          unsigned flags, RedisModuleConfigGetBoolFunc get,
                          RedisModuleConfigSetBoolFunc set,
                          RedisModuleConfigApplyFunc apply, void *data)
{
    struct setting *setting =
        config_new(ctx, name, SETTING_BOOL, flags, apply, data);

    if (!setting)
        return REDISMODULE_ERR;
    setting->get.flag = get;
    setting->set.flag = set;
    return config_done(setting, initial ? "yes" : "no");
}

int rm_RegisterNumericConfig(RedisModuleCtx *ctx, const char *name,
                             long long initial, unsigned flags, long long min,
                             long long max, RedisModuleConfigGetNumericFunc get,
                             RedisModuleConfigSetNumericFunc set,
                             RedisModuleConfigApplyFunc apply, void *data)
{
    struct setting *setting =
        config_new(ctx, name, SETTING_NUMBER, flags, apply, data);
    char text[32];

    if (!setting)
        return REDISMODULE_ERR;
    setting->get.number = get;
    setting->set.number = set;
    setting->min = min;
    setting->max = max;
    snprintf(text, sizeof(text), "%lld", initial);
    return config_done(setting, text);
}

/* A default with quotes or spaces in it stands as a file would have it. */
int rm_RegisterStringConfig(RedisModuleCtx *ctx, const char *name,
                            const char *initial, unsigned flags,
                            RedisModuleConfigGetStringFunc get,
                            RedisModuleConfigSetStringFunc set,
                            RedisModuleConfigApplyFunc apply, void *data)
{
    struct setting *setting =
        config_new(ctx, name, SETTING_TEXT, flags, apply, data);
    char quoted[1024] = "\"";
    size_t used = 1;

    if (!setting)
        return REDISMODULE_ERR;
    (void)get; /* it answers what it was given last */
    setting->set.text = set;
    setting->row.type = KR_PARAM_BYTES;
    setting->row.slot = &setting->text;
    setting->row.check = NULL;
    setting->row.print = NULL;
    for (; initial && *initial && used < sizeof(quoted) - 3; initial++) {
        if (*initial == '"' || *initial == '\\')
            quoted[used++] = '\\';
        quoted[used++] = *initial;
    }
    quoted[used] = '"';
    quoted[used + 1] = '\0';
    return config_done(setting, quoted);
}

int rm_RegisterEnumConfig(RedisModuleCtx *ctx, const char *name, int initial,
                          unsigned flags, const char **words, const int *values,
                          int count, RedisModuleConfigGetEnumFunc get,
                          RedisModuleConfigSetEnumFunc set,
                          RedisModuleConfigApplyFunc apply, void *data)
{
    struct setting *setting =
        config_new(ctx, name, SETTING_WORD, flags, apply, data);
    struct kr_reply *sink;
    char text[256];
    struct kr_str word;

    if (!setting)
        return REDISMODULE_ERR;
    setting->get.word = get;
    setting->set.word = set;
    setting->words = kr_memory->calloc(redisabi_self, (size_t)count + 1,
                                       sizeof(*setting->words));
    for (int i = 0; i < count; i++)
        setting->words[i] = (struct kr_word){rm_Strdup(words[i]), values[i]};
    setting->word_count = (uint32_t)count;
    sink = kr_calls->new_sink(2);
    setting_print_word(setting, initial, sink);
    word = kr_calls->sink_bytes(sink);
    snprintf(text, sizeof(text), "%.*s", (int)word.size,
             word.size > 0 ? word.data : "");
    kr_calls->free_sink(sink);
    return config_done(setting, text);
}

/* What the file, LOADEX or else the default says is given to the guest now; what
 * it refuses ends its load. */
int rm_LoadConfigs(RedisModuleCtx *ctx)
{
    if (!ctx || !ctx->guest)
        return REDISMODULE_ERR;
    ctx->guest->configured = true;
    for (struct setting *s = ctx->guest->settings; s; s = s->next) {
        if (s->shown)
            continue;
        if (kr_config->add(ctx->guest->self, &s->row) != KR_OK)
            return REDISMODULE_ERR;
        if (s->kind == SETTING_TEXT &&
            !setting_give(s, 0, s->text, &(const char *){NULL}))
            return REDISMODULE_ERR;
        s->shown = true;
    }
    return REDISMODULE_OK;
}

bool settings_are_loaded(const struct guest *guest)
{
    return !guest->settings || guest->configured;
}

/* The host has dropped the rows already. */
void settings_forget(struct guest *guest)
{
    while (guest->settings) {
        struct setting *setting = guest->settings;

        guest->settings = setting->next;
        for (uint32_t i = 0; i < setting->word_count; i++)
            rm_Free((char *)(uintptr_t)setting->words[i].word);
        kr_memory->free(redisabi_self, setting->words);
        kr_memory->free(redisabi_self, setting->initial);
        kr_memory->free(redisabi_self, setting);
    }
}
