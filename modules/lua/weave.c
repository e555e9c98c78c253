/* SPDX-License-Identifier: BSD-3-Clause */
#include "weave.h"

/* --- Tokens -------------------------------------------------------------- */

enum token_kind { TOKEN_END, TOKEN_NAME, TOKEN_VALUE, TOKEN_SIGN };

struct token {
    enum token_kind kind;
    struct kr_str text; /* within the source */
};

struct lexer {
    const char *at;
    const char *end;
};

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* LuaJIT takes all bytes above ASCII for letters. */
static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (c & 0x80) != 0;
}

static char lexer_peek(const struct lexer *in, size_t ahead)
{
    return (size_t)(in->end - in->at) > ahead ? in->at[ahead] : '\0';
}

/* `[`, equal signs, `[` at `at`: how many signs, or -1 if it is none. */
static int long_level(const struct lexer *in)
{
    const char *at = in->at + 1;

    while (at < in->end && *at == '=')
        at++;
    return at < in->end && *at == '[' ? (int)(at - in->at) - 1 : -1;
}

static void skip_long(struct lexer *in, int level)
{
    in->at += level + 2;
    for (; in->at < in->end; in->at++) {
        int count = 0;

        if (*in->at != ']')
            continue;
        while (count < level && lexer_peek(in, (size_t)count + 1) == '=')
            count++;
        if (count == level && lexer_peek(in, (size_t)count + 1) == ']') {
            in->at += level + 2;
            return;
        }
    }
}

static void skip_quoted(struct lexer *in)
{
    char quote = *in->at++;

    while (in->at < in->end && *in->at != quote) {
        if (*in->at != '\\' || in->at + 1 == in->end) {
            in->at++;
        } else if (in->at[1] == 'z') { /* all the space that follows */
            in->at += 2;
            while (in->at < in->end && is_space(*in->at))
                in->at++;
        } else {
            in->at += 2;
        }
    }
    if (in->at < in->end)
        in->at++;
}

/* The rest of a number, whatever it is: signs only behind an exponent. */
static void skip_number(struct lexer *in)
{
    while (in->at < in->end) {
        char c = *in->at;

        if (!is_digit(c) && !is_letter(c) && c != '.')
            return;
        in->at++;
        if ((c == 'e' || c == 'E' || c == 'p' || c == 'P') &&
            (lexer_peek(in, 0) == '+' || lexer_peek(in, 0) == '-'))
            in->at++;
    }
}

static void skip_space_and_comments(struct lexer *in)
{
    while (in->at < in->end) {
        int level;

        if (is_space(*in->at)) {
            in->at++;
            continue;
        }
        if (*in->at != '-' || lexer_peek(in, 1) != '-')
            return;
        in->at += 2;
        level = lexer_peek(in, 0) == '[' ? long_level(in) : -1;
        if (level >= 0)
            skip_long(in, level);
        else
            while (in->at < in->end && *in->at != '\n' && *in->at != '\r')
                in->at++;
    }
}

static enum token_kind lexer_step(struct lexer *in)
{
    char c = *in->at;
    int level;

    if (is_letter(c)) {
        while (in->at < in->end && (is_letter(*in->at) || is_digit(*in->at)))
            in->at++;
        return TOKEN_NAME;
    }
    if (is_digit(c) || (c == '.' && is_digit(lexer_peek(in, 1)))) {
        skip_number(in);
        return TOKEN_VALUE;
    }
    if (c == '"' || c == '\'') {
        skip_quoted(in);
        return TOKEN_VALUE;
    }
    level = c == '[' ? long_level(in) : -1;
    if (level >= 0) {
        skip_long(in, level);
        return TOKEN_VALUE;
    }
    if (c == '.' && lexer_peek(in, 1) == '.' && lexer_peek(in, 2) == '.') {
        in->at += 3;
        return TOKEN_VALUE;
    }
    in->at++;
    return TOKEN_SIGN;
}

static struct token lexer_next(struct lexer *in)
{
    struct token token = {.kind = TOKEN_END};
    const char *begin;

    skip_space_and_comments(in);
    begin = in->at;
    if (in->at < in->end)
        token.kind = lexer_step(in);
    token.text = kr_str(begin, (size_t)(in->at - begin));
    return token;
}

static bool token_is(const struct token *token, const char *word)
{
    return kr_str_equal(token->text, kr_cstr(word));
}

static bool token_is_one_of(const struct token *token, const char *const *words)
{
    for (; *words; words++)
        if (token_is(token, *words))
            return true;
    return false;
}

/* Words that cannot be names. */
static const char *const weave_reserved[] = {
    "and",      "break", "do",   "else",  "elseif", "end", "false", "for",
    "function", "if",    "in",   "local", "nil",    "not", "or",    "repeat",
    "return",   "then",  "true", "until", "while",  NULL};

static bool token_is_name(const struct token *token)
{
    return token->kind == TOKEN_NAME && !token_is_one_of(token, weave_reserved);
}

#define WEAVE_KEPT 32 /* calls within each other */

/* --- Places -------------------------------------------------------------- */

struct weaver {
    struct lexer in;
    struct kr_str source;
    struct kr_str tick;
    uint32_t named;     /* WEAVE_CALLS, WEAVE_WORDS: not locals of the source */
    const char *copied; /* the source up to here stands in the output */
    char *out;          /* NULL: only count */
    size_t size;
    bool parameters; /* behind `function`, before the `)` of its parameters */
    uint32_t open;   /* calls that are kept, within each other */
    const char *ends[WEAVE_KEPT]; /* where they end, the innermost last */
};

static void weaver_put(struct weaver *w, const char *bytes, size_t size)
{
    if (w->out && size)
        memcpy(w->out + w->size, bytes, size);
    w->size += size;
}

/* The source up to `at`. */
static void weaver_copy(struct weaver *w, const char *at)
{
    weaver_put(w, w->copied, (size_t)(at - w->copied));
    w->copied = at;
}

/* A call of the tick at `at`. */
static void weaver_tick(struct weaver *w, const char *at)
{
    weaver_copy(w, at);
    weaver_put(w, " ", 1);
    weaver_put(w, w->tick.data, w->tick.size);
    weaver_put(w, "();", 3);
    weaver_put(w, " ", 1);
}

/* `goto` is a name like any other where an expression may begin, and where no
 * name follows. */
static bool weaver_is_goto(const struct weaver *w, const struct token *before,
                           const struct token *token)
{
    static const char *const expects[] = {
        "and",    "or", "not",   "return",   "until", "if", "while",
        "elseif", "in", "local", "function", "for",   NULL};
    struct lexer ahead = w->in;
    struct token next;

    if (!token_is(token, "goto") || token_is_one_of(before, expects) ||
        (before->kind == TOKEN_SIGN && !token_is(before, ")") &&
         !token_is(before, "]") && !token_is(before, "}") &&
         !token_is(before, ";") && !token_is(before, ":")))
        return false;
    next = lexer_next(&ahead);
    return token_is_name(&next);
}

/* --- Calls at the end ----------------------------------------------------- */

/* Functions of C that scripts call by a global's name. */
static const char *const weave_builtins[] = {
    "assert",   "collectgarbage", "error",  "getmetatable", "ipairs",
    "load",     "loadstring",     "next",   "pairs",        "pcall",
    "rawget",   "rawset",         "select", "setmetatable", "tonumber",
    "tostring", "type",           "unpack", "xpcall",       NULL};

/* Past the bracket that closes the one that was just read. */
static bool skip_brackets(struct lexer *in)
{
    static const char *const open[] = {"(", "[", "{", NULL};
    static const char *const close[] = {")", "]", "}", NULL};

    for (int depth = 1; depth > 0;) {
        struct token token = lexer_next(in);

        if (token.kind == TOKEN_END)
            return false;
        if (token.kind == TOKEN_SIGN)
            depth +=
                token_is_one_of(&token, open) - token_is_one_of(&token, close);
    }
    return true;
}

/* Where the call ends that a `return` is about to make, if its function may be
 * one of C: a field, a method or a builtin.  Else NULL.  O(the call). */
static const char *tail_call(struct lexer in)
{
    static const char *const ends[] = {"end",   "else", "elseif",
                                       "until", ";",    NULL};
    struct token token = lexer_next(&in);
    bool keep = token_is_one_of(&token, weave_builtins);
    bool call = false;

    if (token_is(&token, "(") ? !skip_brackets(&in) : !token_is_name(&token))
        return NULL;
    for (;;) {
        const char *end = in.at;

        token = lexer_next(&in);
        if (token.kind == TOKEN_END ||
            (token.kind != TOKEN_VALUE && token_is_one_of(&token, ends)))
            return call && keep ? end : NULL;
        if (token.kind == TOKEN_VALUE) {
            call = true;
        } else if (token_is(&token, "(") || token_is(&token, "{")) {
            call = true;
            if (!skip_brackets(&in))
                return NULL;
        } else if (token_is(&token, "[")) {
            call = false;
            keep = true;
            if (!skip_brackets(&in))
                return NULL;
        } else if (token_is(&token, ".") || token_is(&token, ":")) {
            call = false;
            keep = true;
            token = lexer_next(&in);
            if (!token_is_name(&token))
                return NULL;
        } else {
            return NULL; /* an operator, a comma, the next statement */
        }
    }
}

/* `return` is followed by such a call: it becomes KEEP(call). */
static void weaver_open(struct weaver *w)
{
    const char *end = w->open < WEAVE_KEPT ? tail_call(w->in) : NULL;

    if (!end)
        return;
    w->ends[w->open++] = end;
    weaver_copy(w, w->in.at);
    weaver_put(w, " ", 1);
    weaver_put(w, w->tick.data, w->tick.size);
    weaver_put(w, WEAVE_KEEP "(", sizeof(WEAVE_KEEP));
}

static void weaver_close(struct weaver *w)
{
    while (w->open > 0 && w->in.at >= w->ends[w->open - 1]) {
        weaver_copy(w, w->ends[--w->open]);
        weaver_put(w, ")", 1);
    }
}

/* --- Names ---------------------------------------------------------------- */

static const struct weave_name {
    const char *global;
    const char *whole; /* it, or a field of it */
    const char *next;  /* what must follow: it is read, then, and not written */
    uint32_t flag;
    const char *suffix;
} weave_names[] = {{"redis", "redis.call", "(", WEAVE_CALLS, WEAVE_CALL},
                   {"redis", "redis.pcall", "(", WEAVE_CALLS, WEAVE_PCALL},
                   {"KEYS", "KEYS", "[", WEAVE_WORDS, WEAVE_KEYS},
                   {"ARGV", "ARGV", "[", WEAVE_WORDS, WEAVE_ARGV}};

/* The flags of a global. */
static uint32_t name_flags(const struct token *token)
{
    for (size_t i = 0; i < KR_COUNT(weave_names); i++)
        if (token_is(token, weave_names[i].global))
            return weave_names[i].flag;
    return 0;
}

/* The flags of those of which the source has a local, a parameter, or something
 * that might be one.  O(bytes). */
static uint32_t weave_locals(struct kr_str source)
{
    struct lexer in = {source.data, source.data + source.size};
    struct token token;
    bool names = false;      /* behind `local` or `for` */
    bool parameters = false; /* as in struct weaver */
    uint32_t found = 0;

    while ((token = lexer_next(&in)).kind != TOKEN_END) {
        if (token_is(&token, "local") || token_is(&token, "for"))
            names = true;
        else if (token_is(&token, "function"))
            parameters = true;
        else if (token_is(&token, ")"))
            names = parameters = false;
        else if (token_is_name(&token) && (names || parameters))
            found |= name_flags(&token);
        else if (!token_is_name(&token) && !token_is(&token, ","))
            names = false;
    }
    return found;
}

/* Is it a field, or what a `function` is to be?  Then it is not the global.  Two
 * points join strings. */
static bool weaver_is_field(const struct weaver *w, const struct token *before)
{
    if (token_is(before, "function") || token_is(before, ":"))
        return true;
    return token_is(before, ".") && !(before->text.data > w->source.data &&
                                      before->text.data[-1] == '.');
}

/* Nothing may stand between the words of a name: lines would get lost. */
static bool weaver_has(const struct weaver *w, const struct token *token,
                       const struct weave_name *name)
{
    size_t size = strlen(name->whole);
    struct lexer ahead = {token->text.data, w->in.end};
    struct token next;

    if (!(w->named & name->flag) || !token_is(token, name->global) ||
        (size_t)(ahead.end - ahead.at) < size ||
        memcmp(ahead.at, name->whole, size) != 0)
        return false;
    ahead.at += size;
    next = lexer_next(&ahead);
    return next.kind == TOKEN_SIGN && token_is(&next, name->next);
}

static void weaver_rename(struct weaver *w, const struct token *before,
                          const struct token *token)
{
    for (size_t i = 0; i < KR_COUNT(weave_names); i++) {
        const struct weave_name *name = &weave_names[i];

        if (!weaver_has(w, token, name) || weaver_is_field(w, before))
            continue;
        weaver_copy(w, token->text.data);
        weaver_put(w, w->tick.data, w->tick.size);
        weaver_put(w, name->suffix, strlen(name->suffix));
        w->copied = w->in.at = token->text.data + strlen(name->whole);
        return;
    }
}

/* --- All of it ------------------------------------------------------------ */

static void weaver_name(struct weaver *w, const struct token *before,
                        const struct token *token)
{
    if (token_is(token, "do") || token_is(token, "repeat"))
        weaver_tick(w, w->in.at);
    else if (token_is(token, "function"))
        w->parameters = true;
    else if (token_is(token, "return"))
        weaver_open(w);
    else if (weaver_is_goto(w, before, token))
        weaver_tick(w, token->text.data);
    else if (w->named)
        weaver_rename(w, before, token);
}

static void weaver_sign(struct weaver *w, const struct token *token)
{
    if (!token_is(token, ")"))
        return;
    if (w->parameters)
        weaver_tick(w, w->in.at);
    w->parameters = false;
}

static size_t weaver_run(struct kr_str source, struct kr_str tick,
                         uint32_t named, char *out)
{
    struct weaver w = {.in = {source.data, source.data + source.size},
                       .source = source,
                       .tick = tick,
                       .named = named ? named & ~weave_locals(source) : 0,
                       .copied = source.data,
                       .out = out};
    struct token before = {.kind = TOKEN_END}, token;

    while ((token = lexer_next(&w.in)).kind != TOKEN_END) {
        if (token.kind == TOKEN_NAME)
            weaver_name(&w, &before, &token);
        else if (token.kind == TOKEN_SIGN)
            weaver_sign(&w, &token);
        weaver_close(&w);
        before = token;
    }
    weaver_copy(&w, w.in.end);
    return w.size;
}

size_t weave_size(struct kr_str source, struct kr_str tick, uint32_t named)
{
    return weaver_run(source, tick, named, NULL);
}

void weave(struct kr_str source, struct kr_str tick, uint32_t named, char *out)
{
    (void)weaver_run(source, tick, named, out);
}

const char *weave_foreign(struct kr_str source, int *line)
{
    struct lexer in = {source.data, source.data + source.size};
    struct token token;

    while ((token = lexer_next(&in)).kind != TOKEN_END) {
        if (token.kind != TOKEN_NAME)
            continue;
        for (size_t i = 0; i < token.text.size; i++) {
            if (!(token.text.data[i] & 0x80))
                continue;
            *line = 1;
            for (const char *at = source.data; at < token.text.data; at++)
                *line += *at == '\n';
            return token.text.data + i;
        }
    }
    return NULL;
}
