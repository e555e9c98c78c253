/* SPDX-License-Identifier: BSD-3-Clause */
/* text_interface - <kr/text.h> over this wing. */
#include "core/text/text_interface.h"

#include "core/text/crc16.h"
#include "core/text/glob.h"
#include "core/text/hash.h"
#include "core/text/number.h"
#include "core/text/random.h"
#include "core/text/sha1.h"

static size_t text_from_int64(int64_t value, char *text)
{
    size_t n = number_write_int64(text, value);

    text[n] = '\0';
    return n;
}

static size_t text_from_double(double value, char *text)
{
    size_t n = number_write_double(text, value);

    text[n] = '\0';
    return n;
}

static size_t text_from_long_double(long double value, char *text)
{
    size_t n = number_write_long_double(text, value);

    text[n] = '\0';
    return n;
}

static bool text_to_memory(struct kr_str text, int64_t *bytes)
{
    uint64_t value;

    if (!number_parse_memory(text, &value) || value > INT64_MAX)
        return false;
    *bytes = (int64_t)value;
    return true;
}

static bool text_match(struct kr_str pattern, struct kr_str text, bool nocase)
{
    return nocase ? glob_match_nocase(pattern, text)
                  : glob_match(pattern, text);
}

static uint32_t text_key_slot(struct kr_str key)
{
    return crc16_slot(key);
}

static uint64_t text_hash(struct kr_str bytes)
{
    return hash_bytes(bytes);
}

static void text_sha1_hex(struct kr_str bytes, char hex[40])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t hash[SHA1_SIZE];

    sha1(bytes, hash);
    for (size_t i = 0; i < sizeof(hash); i++) {
        hex[2 * i] = digits[hash[i] >> 4];
        hex[2 * i + 1] = digits[hash[i] & 15];
    }
}

const struct kr_text text_interface = {
    .size = sizeof(struct kr_text),
    .to_int64 = number_parse_int64,
    .to_uint64 = number_parse_uint64,
    .to_double = number_parse_double,
    .to_long_double = number_parse_long_double,
    .from_int64 = text_from_int64,
    .from_double = text_from_double,
    .from_long_double = text_from_long_double,
    .to_memory = text_to_memory,
    .match = text_match,
    .key_slot = text_key_slot,
    .hash = text_hash,
    .random = random_fast,
    .secure_random = random_secure,
    .sha1_hex = text_sha1_hex,
};
