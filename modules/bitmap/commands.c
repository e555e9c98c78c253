/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - what is known of each command of `bitmap`.
 *
 * The rows at the end register the commands.  Above them stand the tables that
 * they refer to: where the keys are, the tree of arguments, the tips, the
 * history.  A table that several commands share is named after its contents.
 *
 * All of it is data that clients read by COMMAND and its kin, so each word is
 * interface: only the summaries are ours to change. */
#include "commands.h"

#include <assert.h>

/* clang-format off */

static const struct kr_key_spec key1_rw_access_update[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_ACCESS | KR_KEY_UPDATE, 1, 0, 1),
};

static const struct kr_arg setbit_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("offset", INTEGER),
    KR_ARGUMENT("value", INTEGER),
};

static const struct kr_key_spec key1_ro_access[] = {
    KR_KEY(KR_KEY_RO | KR_KEY_ACCESS, 1, 0, 1),
};

static const struct kr_arg getbit_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("offset", INTEGER),
};

static const struct kr_arg byte_bit_parts[] = {
    KR_ARGUMENT("byte", PURE_TOKEN, .token = "BYTE"),
    KR_ARGUMENT("bit", PURE_TOKEN, .token = "BIT"),
};

static const struct kr_arg bitcount_index[] = {
    KR_ARGUMENT("start", INTEGER),
    KR_ARGUMENT("end", INTEGER),
    KR_ARGUMENT("index_unit", ONEOF, .flags = KR_ARG_OPTIONAL, .since = "7.0.0",
        .parts = KR_ROWS(byte_bit_parts)),
};

static const struct kr_arg bitcount_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("index", BLOCK, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(bitcount_index)),
};

static const struct kr_history history_7_0_0[] = {
    {"7.0.0", "Added the `BYTE|BIT` option."},
};

static const struct kr_arg bitpos_end_index[] = {
    KR_ARGUMENT("end", INTEGER),
    KR_ARGUMENT("index_unit", ONEOF, .flags = KR_ARG_OPTIONAL, .since = "7.0.0",
        .parts = KR_ROWS(byte_bit_parts)),
};

static const struct kr_arg bitpos_index[] = {
    KR_ARGUMENT("start", INTEGER),
    KR_ARGUMENT("end_index", BLOCK, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(bitpos_end_index)),
};

static const struct kr_arg bitpos_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("bit", INTEGER),
    KR_ARGUMENT("index", BLOCK, .flags = KR_ARG_OPTIONAL,
        .parts = KR_ROWS(bitpos_index)),
};

static const struct kr_key_spec bitop_keys[] = {
    KR_KEY(KR_KEY_OW | KR_KEY_UPDATE, 2, 0, 1),
    KR_KEY(KR_KEY_RO | KR_KEY_ACCESS, 3, -1, 1),
};

static const struct kr_arg bitop_args[] = {
    KR_ARGUMENT("operation", STRING),
    KR_KEY_ARGUMENT("destkey", 0),
    KR_KEY_ARGUMENT("key", 1, .flags = KR_ARG_MULTIPLE),
};

static const struct kr_key_spec bitfield_keys[] = {
    {
        .flags = KR_KEY_RW | KR_KEY_ACCESS | KR_KEY_UPDATE |
            KR_KEY_VARIABLE_FLAGS,
        .begin = KR_BEGIN_INDEX,
        .a = 1,
        .find = KR_FIND_RANGE,
        .x = 0, .y = 1, .z = 0,
        .notes = "This command allows both access and modification of the key",
    },
};

static const struct kr_arg encoding_offset_parts[] = {
    KR_ARGUMENT("encoding", STRING),
    KR_ARGUMENT("offset", INTEGER),
};

static const struct kr_arg bitfield_wrap_sat_fail[] = {
    KR_ARGUMENT("wrap", PURE_TOKEN, .token = "WRAP"),
    KR_ARGUMENT("sat", PURE_TOKEN, .token = "SAT"),
    KR_ARGUMENT("fail", PURE_TOKEN, .token = "FAIL"),
};

static const struct kr_arg bitfield_encoding_offset_value[] = {
    KR_ARGUMENT("encoding", STRING),
    KR_ARGUMENT("offset", INTEGER),
    KR_ARGUMENT("value", INTEGER),
};

static const struct kr_arg bitfield_encoding_offset_increment[] = {
    KR_ARGUMENT("encoding", STRING),
    KR_ARGUMENT("offset", INTEGER),
    KR_ARGUMENT("increment", INTEGER),
};

static const struct kr_arg bitfield_write_operation[] = {
    KR_ARGUMENT("encoding_offset_value", BLOCK, .token = "SET",
        .parts = KR_ROWS(bitfield_encoding_offset_value)),
    KR_ARGUMENT("encoding_offset_increment", BLOCK, .token = "INCRBY",
        .parts = KR_ROWS(bitfield_encoding_offset_increment)),
};

static const struct kr_arg bitfield_write[] = {
    KR_ARGUMENT("wrap_sat_fail", ONEOF, .flags = KR_ARG_OPTIONAL, .token = "OVERFLOW",
        .parts = KR_ROWS(bitfield_wrap_sat_fail)),
    KR_ARGUMENT("write_operation", ONEOF, .parts = KR_ROWS(bitfield_write_operation)),
};

static const struct kr_arg bitfield_operation[] = {
    KR_ARGUMENT("encoding_offset", BLOCK, .token = "GET",
        .parts = KR_ROWS(encoding_offset_parts)),
    KR_ARGUMENT("write", BLOCK, .parts = KR_ROWS(bitfield_write)),
};

static const struct kr_arg bitfield_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("operation", ONEOF, .flags = KR_ARG_OPTIONAL | KR_ARG_MULTIPLE,
        .parts = KR_ROWS(bitfield_operation)),
};

static const struct kr_arg bitfield_ro_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("encoding_offset", BLOCK,
        .flags = KR_ARG_OPTIONAL | KR_ARG_MULTIPLE | KR_ARG_MULTIPLE_TOKEN,
        .token = "GET", .parts = KR_ROWS(encoding_offset_parts)),
};

/* --- The commands -------------------------------------------------------- */

const struct kr_command bitmap_commands[] = {
    {
        .name = "setbit",
        .run = bitmap_setbit,
        .arity = 4,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
        .categories = KR_CAT_BITMAP,
        .keys = KR_ROWS(key1_rw_access_update),
        .args = KR_ROWS(setbit_args),
        .summary =
            "Sets or clears the bit at an offset and answers its old state",
        .since = "2.2.0",
        .group = "bitmap",
        .complexity = "O(1)",
    },
    {
        .name = "getbit",
        .run = bitmap_getbit,
        .arity = 3,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_BITMAP,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(getbit_args),
        .summary = "Answers the bit at an offset",
        .since = "2.2.0",
        .group = "bitmap",
        .complexity = "O(1)",
    },
    {
        .name = "bitcount",
        .run = bitmap_bitcount,
        .arity = -2,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_BITMAP,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(bitcount_args),
        .history = KR_ROWS(history_7_0_0),
        .summary =
            "Counts the bits that are set, in the whole string or in a range",
        .since = "2.6.0",
        .group = "bitmap",
        .complexity = "O(N)",
    },
    {
        .name = "bitpos",
        .run = bitmap_bitpos,
        .arity = -3,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_BITMAP,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(bitpos_args),
        .history = KR_ROWS(history_7_0_0),
        .summary =
            "Finds the first bit that is set, or the first that is clear",
        .since = "2.8.7",
        .group = "bitmap",
        .complexity = "O(N)",
    },
    {
        .name = "bitop",
        .run = bitmap_bitop,
        .arity = -4,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
        .categories = KR_CAT_BITMAP,
        .keys = KR_ROWS(bitop_keys),
        .args = KR_ROWS(bitop_args),
        .summary = "Combines strings bit by bit and stores the outcome",
        .since = "2.6.0",
        .group = "bitmap",
        .complexity = "O(N)",
    },
    {
        .name = "bitfield",
        .run = bitmap_bitfield,
        .arity = -2,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
        .categories = KR_CAT_BITMAP,
        .keys = KR_ROWS(bitfield_keys),
        .find_keys = bitmap_bitfield_keys,
        .args = KR_ROWS(bitfield_args),
        .summary =
            "Reads, sets and increments integers of any width inside a string",
        .since = "3.2.0",
        .group = "bitmap",
        .complexity = "O(1) for each subcommand specified",
    },
    {
        .name = "bitfield_ro",
        .run = bitmap_bitfield_ro,
        .arity = -2,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_BITMAP,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(bitfield_ro_args),
        .summary = "Reads integers of any width inside a string",
        .since = "6.0.0",
        .group = "bitmap",
        .complexity = "O(1) for each subcommand specified",
    },
};

/* clang-format on */

static_assert(KR_COUNT(bitmap_commands) == BITMAP_COMMAND_COUNT,
              "BITMAP_COMMAND_COUNT counts the rows");
