/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_number - the parsers against the C library, and what they accept must
 * come back from its text. */

#include <stdio.h>
#include <stdlib.h>

#include "core/text/number.h"

static void fuzz_claim(bool claim)
{
    if (!claim)
        abort();
}

/* Text that parses strictly is the text that is written. */
static void fuzz_integers(struct kr_str text)
{
    char back[NUMBER_INT64_MAX];
    uint64_t positive;
    int64_t value;

    if (number_parse_int64(text, &value))
        fuzz_claim(
            kr_str_equal(text, kr_str(back, number_write_int64(back, value))));
    if (number_parse_uint64(text, &positive))
        fuzz_claim(kr_str_equal(
            text, kr_str(back, number_write_uint64(back, positive))));
}

static void fuzz_floats(struct kr_str text, const char *terminated)
{
    static char wide_text[NUMBER_LONG_DOUBLE_MAX];
    char back[NUMBER_DOUBLE_MAX], library[64];
    long double wide;
    double value, again;

    if (number_parse_double(text, &value)) {
        size_t size = number_write_double(back, value);

        fuzz_claim(value == strtod(terminated, NULL));
        snprintf(library, sizeof(library), "%.17g", value);
        fuzz_claim(kr_str_equal(kr_str(back, size), kr_cstr(library)));
        fuzz_claim(number_parse_double(kr_str(back, size), &again));
        fuzz_claim(again == value);
    }
    if (number_parse_long_double(text, &wide)) {
        fuzz_claim(wide == strtold(terminated, NULL));
        fuzz_claim(number_write_long_double(wide_text, wide) <
                   sizeof(wide_text));
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    char *exact = malloc(size ? size : 1); /* one byte more is an error */
    char *terminated = malloc(size + 1);
    struct kr_str text = {exact, size};
    int64_t number;
    uint64_t bytes;

    if (exact && terminated) {
        if (size) {
            memcpy(exact, data, size);
            memcpy(terminated, data, size);
        }
        terminated[size] = '\0';
        fuzz_integers(text);
        fuzz_floats(text, terminated);
        number_parse_memory(text, &bytes);
        number_parse_percent(text, &number);
        if (size >= 8) { /* the bits of any double */
            char back[NUMBER_DOUBLE_MAX], library[64];
            double value;

            memcpy(&value, data, 8);
            snprintf(library, sizeof(library), "%.17g", value);
            if (value == value)
                fuzz_claim(
                    kr_str_equal(kr_str(back, number_write_double(back, value)),
                                 kr_cstr(library)));
        }
    }
    free(exact);
    free(terminated);
    return 0;
}
