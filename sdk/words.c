/* SPDX-License-Identifier: BSD-3-Clause */
/* words - guesses at what somebody could say to a command.
 *
 * Three ways, by chance: along the tree of arguments that COMMAND DOCS shows, if
 * the command has one; by its arity and where its keys are; like an example.
 * Then one word in a few calls is replaced by another one, left out or added,
 * so that most calls are nearly right: these are the ones that get far. */
#include "sdk/words.h"

#include "sdk/cases.h"

#include <stdio.h>
#include <stdlib.h>

uint64_t dice_roll(struct dice *dice, uint64_t below)
{
    uint64_t z = dice->state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (z ^ z >> 31) % below;
}

/* One guess under way. */
struct guess {
    struct words *words;
    struct dice *dice;
    uint64_t announced; /* by "numkeys" and the like; 0: nothing */
};

/* --- Single words --------------------------------------------------------- */

/* The next word, empty; the last one again when there is no room. */
static struct buffer *words_next(struct words *words)
{
    size_t i = words->argc < WORDS_MAX ? words->argc++ : WORDS_MAX - 1;

    buffer_clear(&words->word[i]);
    buffer_append(&words->word[i], KR_STR("")); /* so that there are bytes */
    return &words->word[i];
}

static void say_integer(struct guess *guess)
{
    static const char *const odd[] = {"0",
                                      "-1",
                                      "9223372036854775807",
                                      "-9223372036854775808",
                                      "4294967296",
                                      "2147483647"};
    struct buffer *to = words_next(guess->words);

    if (dice_roll(guess->dice, 5) == 0)
        buffer_printf(to, "%s", odd[dice_roll(guess->dice, KR_COUNT(odd))]);
    else
        buffer_printf(to, "%u", (unsigned)dice_roll(guess->dice, 200));
}

static void say_double(struct guess *guess)
{
    static const char *const odd[] = {"1.5", "-0.25", "1e300", "-inf",
                                      "inf", "0.1",   "nan",   "1e-320"};

    if (dice_roll(guess->dice, 2))
        say_integer(guess);
    else
        buffer_printf(words_next(guess->words), "%s",
                      odd[dice_roll(guess->dice, KR_COUNT(odd))]);
}

static void say_text(struct guess *guess)
{
    static const char letters[] = "abcdefgh";
    struct buffer *to;
    char long_text[300];

    switch (dice_roll(guess->dice, 12)) {
    case 0:
        buffer_append(words_next(guess->words), KR_STR("a\0b\r\n\xff"));
        break;
    case 1:
        memset(long_text, 'x', sizeof(long_text));
        buffer_append(words_next(guess->words),
                      kr_str(long_text, sizeof(long_text)));
        break;
    case 2:
        (void)words_next(guess->words);
        break;
    case 3:
        buffer_printf(words_next(guess->words), "*");
        break;
    case 4:
    case 5:
    case 6:
        say_integer(guess);
        break;
    default:
        to = words_next(guess->words);
        for (uint64_t n = dice_roll(guess->dice, 3) + 1; n > 0; n--)
            buffer_append_char(to, letters[dice_roll(guess->dice, 8)]);
    }
}

static void say_key(struct guess *guess)
{
    buffer_printf(words_next(guess->words), "key:%u",
                  (unsigned)dice_roll(guess->dice, WORDS_KEYS));
}

static void say_name(struct words *words, const struct command *command)
{
    const char *bar = strchr(command->name, '|');

    words->argc = 0;
    if (!bar) {
        buffer_printf(words_next(words), "%s", command->name);
        return;
    }
    buffer_printf(words_next(words), "%.*s", (int)(bar - command->name),
                  command->name);
    buffer_printf(words_next(words), "%s", bar + 1);
}

/* --- Along the tree of arguments ------------------------------------------ */

static void say_arguments(struct guess *guess, const struct answer *arguments);

/* An argument without its token. */
static void say_argument(struct guess *guess, const struct answer *argument)
{
    const char *type = answer_text(answer_at(argument, "type"));
    const char *name = answer_text(answer_at(argument, "name"));
    const struct answer *parts = answer_at(argument, "arguments");

    if (parts && parts->count > 0 && strcmp(type, "oneof") == 0) {
        struct answer one = {.kind = '*', .count = 1};

        one.items = &parts->items[dice_roll(guess->dice, parts->count)];
        say_arguments(guess, &one);
    } else if (parts) {
        say_arguments(guess, parts);
    } else if (strcmp(type, "key") == 0) {
        say_key(guess);
    } else if (strcmp(type, "integer") == 0 && strncmp(name, "num", 3) == 0) {
        guess->announced = dice_roll(guess->dice, 3) + 1;
        buffer_printf(words_next(guess->words), "%u",
                      (unsigned)guess->announced);
    } else if (strcmp(type, "integer") == 0 || strcmp(type, "unix-time") == 0) {
        say_integer(guess);
    } else if (strcmp(type, "double") == 0) {
        say_double(guess);
    } else if (strcmp(type, "pure-token") != 0) {
        say_text(guess);
    }
}

static void say_arguments(struct guess *guess, const struct answer *arguments)
{
    for (size_t i = 0; i < arguments->count; i++) {
        const struct answer *one = &arguments->items[i];
        const struct answer *flags = answer_at(one, "flags");
        const char *token = answer_text(answer_at(one, "token"));
        uint64_t times = 1;

        if (answer_has(flags, "optional") && dice_roll(guess->dice, 3))
            continue;
        if (answer_has(flags, "multiple") ||
            answer_has(flags, "multiple_token")) {
            times = guess->announced ? guess->announced
                                     : dice_roll(guess->dice, 3) + 1;
            guess->announced = 0;
        }
        for (uint64_t n = 0; n < times; n++) {
            if (*token && (n == 0 || answer_has(flags, "multiple_token")))
                buffer_printf(words_next(guess->words), "%s", token);
            say_argument(guess, one);
        }
    }
}

/* --- By arity and places of keys ------------------------------------------ */

static bool command_has_key_at(const struct command *command, size_t at,
                               size_t argc)
{
    int64_t last = command->last_key < 0 ? (int64_t)argc + command->last_key
                                         : command->last_key;

    return command->first_key > 0 && (int64_t)at >= command->first_key &&
           (int64_t)at <= last && command->step > 0 &&
           ((int64_t)at - command->first_key) % command->step == 0;
}

static size_t command_least(const struct command *command)
{
    size_t least = (size_t)llabs((long long)command->arity);

    return least > command->words ? least : command->words;
}

static void say_places(struct guess *guess, const struct command *command)
{
    size_t argc = command_least(command);
    uint64_t numbers = dice_roll(guess->dice, 3); /* none, some, all */

    if (command->arity < 0)
        argc += dice_roll(guess->dice, 4);
    for (size_t at = command->words; at < argc; at++)
        if (command_has_key_at(command, at, argc))
            say_key(guess);
        else if (numbers == 2 || (numbers == 1 && dice_roll(guess->dice, 2)))
            say_integer(guess);
        else
            say_text(guess);
}

/* --- Like an example ------------------------------------------------------ */

static bool example_is_of(const char *line, const struct command *command)
{
    struct buffer word = {0};
    bool fits =
        cases_word(&line, &word) && strcasecmp(word.data, command->name) == 0;

    buffer_free(&word);
    return fits;
}

/* false: there is none. */
static bool say_example(struct words *words, struct dice *dice,
                        const struct command *command, char *const *examples,
                        size_t count)
{
    size_t from = count > 0 ? dice_roll(dice, count) : 0;

    for (size_t i = 0; i < count; i++) {
        const char *line = examples[(from + i) % count];

        if (!example_is_of(line, command))
            continue;
        words->argc = 0;
        while (words->argc < WORDS_MAX &&
               cases_word(&line, &words->word[words->argc]))
            words->argc++;
        return true;
    }
    return false;
}

/* Keys that are ours, in place of the example's. */
static void example_take_keys(struct guess *guess,
                              const struct command *command)
{
    size_t argc = guess->words->argc;

    for (size_t at = command->words; at < argc; at++)
        if (command_has_key_at(command, at, argc)) {
            guess->words->argc = at;
            say_key(guess);
        }
    guess->words->argc = argc;
}

/* --- All of it ------------------------------------------------------------ */

static void words_end(struct words *words)
{
    for (size_t i = 0; i < words->argc; i++)
        words->argv[i] = buffer_str(&words->word[i]);
}

/* One word is another one, is not there, or is more. */
static void words_spoil(struct guess *guess, const struct command *command)
{
    struct words *words = guess->words;
    size_t argc = words->argc, at;

    if (argc <= command->words)
        return;
    at = command->words + dice_roll(guess->dice, argc - command->words);
    switch (dice_roll(guess->dice, 3)) {
    case 0:
        words->argc = argc - 1;
        break;
    case 1:
        say_text(guess);
        break;
    default:
        words->argc = at;
        say_text(guess);
        words->argc = argc;
    }
}

void words_guess(struct words *words, struct dice *dice,
                 const struct command *command, char *const *examples,
                 size_t example_count)
{
    struct guess guess = {.words = words, .dice = dice};

    say_name(words, command);
    if (dice_roll(dice, 2) &&
        say_example(words, dice, command, examples, example_count)) {
        if (dice_roll(dice, 2))
            example_take_keys(&guess, command);
    } else if (command->arguments && dice_roll(dice, 6)) {
        say_arguments(&guess, command->arguments);
    } else {
        say_places(&guess, command);
    }
    if (dice_roll(dice, 6) == 0)
        words_spoil(&guess, command);
    words_end(words);
}

void words_fill(struct words *words, const struct command *command, size_t argc)
{
    say_name(words, command);
    while (words->argc < argc && words->argc < WORDS_MAX)
        buffer_printf(words_next(words), "word");
    words->argc = argc < words->argc ? argc : words->argc;
    words_end(words);
}

void words_print(const struct words *words, struct buffer *out)
{
    for (size_t i = 0; i < words->argc; i++) {
        struct kr_str word = words->argv[i];
        size_t shown = word.size < 40 ? word.size : 40;

        buffer_printf(out, i == 0 ? "" : " ");
        if (word.size == 0)
            buffer_printf(out, "\"\"");
        for (size_t k = 0; k < shown; k++) {
            unsigned char c = (unsigned char)word.data[k];

            if (c > ' ' && c <= '~')
                buffer_append_char(out, (char)c);
            else
                buffer_printf(out, "\\x%02x", c);
        }
        if (shown < word.size)
            buffer_printf(out, "... (%zu bytes)", word.size);
    }
}

void words_free(struct words *words)
{
    for (size_t i = 0; i < WORDS_MAX; i++)
        buffer_free(&words->word[i]);
    words->argc = 0;
}
