/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - what is known of each command of `list`.
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

static const struct kr_key_spec key1_rw_insert[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_INSERT, 1, 0, 1),
};

static const struct kr_arg key_element_list_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("element", STRING, .flags = KR_ARG_MULTIPLE),
};

static const struct kr_history history_2_4_0[] = {
    {"2.4.0", "Accepts multiple `element` arguments."},
};

static const struct kr_history history_4_0_0[] = {
    {"4.0.0", "Accepts multiple `element` arguments."},
};

static const struct kr_key_spec key1_rw_access_delete[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_ACCESS | KR_KEY_DELETE, 1, 0, 1),
};

static const struct kr_arg key_count_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("count", INTEGER, .flags = KR_ARG_OPTIONAL, .since = "6.2.0"),
};

static const struct kr_history history_6_2_0[] = {
    {"6.2.0", "Added the `count` argument."},
};

static const struct kr_key_spec key1_ro[] = {
    KR_KEY(KR_KEY_RO, 1, 0, 1),
};

static const struct kr_arg llen_args[] = {
    KR_KEY_ARGUMENT("key", 0),
};

static const struct kr_key_spec key1_ro_access[] = {
    KR_KEY(KR_KEY_RO | KR_KEY_ACCESS, 1, 0, 1),
};

static const struct kr_arg lindex_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("index", INTEGER),
};

static const struct kr_key_spec key1_rw_update[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_UPDATE, 1, 0, 1),
};

static const struct kr_arg lset_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("index", INTEGER),
    KR_ARGUMENT("element", STRING),
};

static const struct kr_arg linsert_where[] = {
    KR_ARGUMENT("before", PURE_TOKEN, .token = "BEFORE"),
    KR_ARGUMENT("after", PURE_TOKEN, .token = "AFTER"),
};

static const struct kr_arg linsert_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("where", ONEOF, .parts = KR_ROWS(linsert_where)),
    KR_ARGUMENT("pivot", STRING),
    KR_ARGUMENT("element", STRING),
};

static const struct kr_arg key_start_stop_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("start", INTEGER),
    KR_ARGUMENT("stop", INTEGER),
};

static const struct kr_key_spec key1_rw_delete[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_DELETE, 1, 0, 1),
};

static const struct kr_arg lrem_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("count", INTEGER),
    KR_ARGUMENT("element", STRING),
};

static const struct kr_arg lpos_args[] = {
    KR_KEY_ARGUMENT("key", 0),
    KR_ARGUMENT("element", STRING),
    KR_ARGUMENT("rank", INTEGER, .flags = KR_ARG_OPTIONAL, .token = "RANK"),
    KR_ARGUMENT("num-matches", INTEGER, .flags = KR_ARG_OPTIONAL,
        .token = "COUNT"),
    KR_ARGUMENT("len", INTEGER, .flags = KR_ARG_OPTIONAL, .token = "MAXLEN"),
};

static const struct kr_key_spec key1_rw_access_delete_key2_rw_insert[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_ACCESS | KR_KEY_DELETE, 1, 0, 1),
    KR_KEY(KR_KEY_RW | KR_KEY_INSERT, 2, 0, 1),
};

static const struct kr_arg left_right_parts[] = {
    KR_ARGUMENT("left", PURE_TOKEN, .token = "LEFT"),
    KR_ARGUMENT("right", PURE_TOKEN, .token = "RIGHT"),
};

static const struct kr_arg lmove_args[] = {
    KR_KEY_ARGUMENT("source", 0),
    KR_KEY_ARGUMENT("destination", 1),
    KR_ARGUMENT("wherefrom", ONEOF, .parts = KR_ROWS(left_right_parts)),
    KR_ARGUMENT("whereto", ONEOF, .parts = KR_ROWS(left_right_parts)),
};

static const struct kr_arg rpoplpush_args[] = {
    KR_KEY_ARGUMENT("source", 0),
    KR_KEY_ARGUMENT("destination", 1),
};

static const struct kr_key_spec counted1_rw_access_delete[] = {
    {
        .flags = KR_KEY_RW | KR_KEY_ACCESS | KR_KEY_DELETE,
        .begin = KR_BEGIN_INDEX,
        .a = 1,
        .find = KR_FIND_KEYNUM,
        .x = 0, .y = 1, .z = 1,
    },
};

static const struct kr_arg lmpop_args[] = {
    KR_ARGUMENT("numkeys", INTEGER),
    KR_KEY_ARGUMENT("key", 0, .flags = KR_ARG_MULTIPLE),
    KR_ARGUMENT("where", ONEOF, .parts = KR_ROWS(left_right_parts)),
    KR_ARGUMENT("count", INTEGER, .flags = KR_ARG_OPTIONAL, .token = "COUNT"),
};

static const struct kr_key_spec keys1_but_last_rw_access_delete[] = {
    KR_KEY(KR_KEY_RW | KR_KEY_ACCESS | KR_KEY_DELETE, 1, -2, 1),
};

static const struct kr_arg key_list_timeout_args[] = {
    KR_KEY_ARGUMENT("key", 0, .flags = KR_ARG_MULTIPLE),
    KR_ARGUMENT("timeout", DOUBLE),
};

static const struct kr_history history_6_0_0[] = {
    {"6.0.0", "`timeout` is interpreted as a double instead of an integer."},
};

static const struct kr_arg blmove_args[] = {
    KR_KEY_ARGUMENT("source", 0),
    KR_KEY_ARGUMENT("destination", 1),
    KR_ARGUMENT("wherefrom", ONEOF, .parts = KR_ROWS(left_right_parts)),
    KR_ARGUMENT("whereto", ONEOF, .parts = KR_ROWS(left_right_parts)),
    KR_ARGUMENT("timeout", DOUBLE),
};

static const struct kr_arg brpoplpush_args[] = {
    KR_KEY_ARGUMENT("source", 0),
    KR_KEY_ARGUMENT("destination", 1),
    KR_ARGUMENT("timeout", DOUBLE),
};

static const struct kr_key_spec counted2_rw_access_delete[] = {
    {
        .flags = KR_KEY_RW | KR_KEY_ACCESS | KR_KEY_DELETE,
        .begin = KR_BEGIN_INDEX,
        .a = 2,
        .find = KR_FIND_KEYNUM,
        .x = 0, .y = 1, .z = 1,
    },
};

static const struct kr_arg blmpop_args[] = {
    KR_ARGUMENT("timeout", DOUBLE),
    KR_ARGUMENT("numkeys", INTEGER),
    KR_KEY_ARGUMENT("key", 0, .flags = KR_ARG_MULTIPLE),
    KR_ARGUMENT("where", ONEOF, .parts = KR_ROWS(left_right_parts)),
    KR_ARGUMENT("count", INTEGER, .flags = KR_ARG_OPTIONAL, .token = "COUNT"),
};

/* --- The commands --------------------------------------------------------- */

const struct kr_command list_commands[] = {
    {
        .name = "lpush",
        .run = list_lpush,
        .arity = -3,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_FAST,
        .categories = KR_CAT_LIST,
        .keys = KR_ROWS(key1_rw_insert),
        .args = KR_ROWS(key_element_list_args),
        .history = KR_ROWS(history_2_4_0),
        .summary =
            "Adds elements before the first one of a list, and makes the "
            "list",
        .since = "1.0.0",
        .group = "list",
        .complexity =
            "O(1) for each element added, so O(N) to add N elements when the "
            "command is called with multiple arguments.",
    },
    {
        .name = "rpush",
        .run = list_rpush,
        .arity = -3,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_FAST,
        .categories = KR_CAT_LIST,
        .keys = KR_ROWS(key1_rw_insert),
        .args = KR_ROWS(key_element_list_args),
        .history = KR_ROWS(history_2_4_0),
        .summary =
            "Adds elements behind the last one of a list, and makes the "
            "list",
        .since = "1.0.0",
        .group = "list",
        .complexity =
            "O(1) for each element added, so O(N) to add N elements when the "
            "command is called with multiple arguments.",
    },
    {
        .name = "lpushx",
        .run = list_lpushx,
        .arity = -3,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_FAST,
        .categories = KR_CAT_LIST,
        .keys = KR_ROWS(key1_rw_insert),
        .args = KR_ROWS(key_element_list_args),
        .history = KR_ROWS(history_4_0_0),
        .summary = "Adds elements before the first one of a list that exists",
        .since = "2.2.0",
        .group = "list",
        .complexity =
            "O(1) for each element added, so O(N) to add N elements when the "
            "command is called with multiple arguments.",
    },
    {
        .name = "rpushx",
        .run = list_rpushx,
        .arity = -3,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_FAST,
        .categories = KR_CAT_LIST,
        .keys = KR_ROWS(key1_rw_insert),
        .args = KR_ROWS(key_element_list_args),
        .history = KR_ROWS(history_4_0_0),
        .summary = "Adds elements behind the last one of a list that exists",
        .since = "2.2.0",
        .group = "list",
        .complexity =
            "O(1) for each element added, so O(N) to add N elements when the "
            "command is called with multiple arguments.",
    },
    {
        .name = "lpop",
        .run = list_lpop,
        .arity = -2,
        .flags = KR_CMD_WRITE | KR_CMD_FAST,
        .categories = KR_CAT_LIST,
        .keys = KR_ROWS(key1_rw_access_delete),
        .args = KR_ROWS(key_count_args),
        .history = KR_ROWS(history_6_2_0),
        .summary = "Takes the first elements from a list and answers them",
        .since = "1.0.0",
        .group = "list",
        .complexity = "O(N) where N is the number of elements returned",
    },
    {
        .name = "rpop",
        .run = list_rpop,
        .arity = -2,
        .flags = KR_CMD_WRITE | KR_CMD_FAST,
        .categories = KR_CAT_LIST,
        .keys = KR_ROWS(key1_rw_access_delete),
        .args = KR_ROWS(key_count_args),
        .history = KR_ROWS(history_6_2_0),
        .summary = "Takes the last elements from a list and answers them",
        .since = "1.0.0",
        .group = "list",
        .complexity = "O(N) where N is the number of elements returned",
    },
    {
        .name = "llen",
        .run = list_llen,
        .arity = 2,
        .flags = KR_CMD_READONLY | KR_CMD_FAST,
        .categories = KR_CAT_LIST,
        .keys = KR_ROWS(key1_ro),
        .args = KR_ROWS(llen_args),
        .summary = "Counts the elements of a list",
        .since = "1.0.0",
        .group = "list",
        .complexity = "O(1)",
    },
    {
        .name = "lindex",
        .run = list_lindex,
        .arity = 3,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_LIST,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(lindex_args),
        .summary = "Answers the element of a list at an index",
        .since = "1.0.0",
        .group = "list",
        .complexity =
            "O(N) where N is the number of elements to traverse to get to the "
            "element at index. This makes asking for the first or the last "
            "element of the list O(1).",
    },
    {
        .name = "lset",
        .run = list_lset,
        .arity = 4,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
        .categories = KR_CAT_LIST,
        .keys = KR_ROWS(key1_rw_update),
        .args = KR_ROWS(lset_args),
        .summary = "Replaces the element of a list at an index",
        .since = "1.0.0",
        .group = "list",
        .complexity =
            "O(N) where N is the length of the list. Setting either the first "
            "or the last element of the list is O(1).",
    },
    {
        .name = "linsert",
        .run = list_linsert,
        .arity = 5,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
        .categories = KR_CAT_LIST,
        .keys = KR_ROWS(key1_rw_insert),
        .args = KR_ROWS(linsert_args),
        .summary = "Adds an element before or behind another one of a list",
        .since = "2.2.0",
        .group = "list",
        .complexity =
            "O(N) where N is the number of elements to traverse before seeing "
            "the value pivot. This means that inserting somewhere on the left "
            "end on the list (head) can be considered O(1) and inserting "
            "somewhere on the right end (tail) is O(N).",
    },
    {
        .name = "lrange",
        .run = list_lrange,
        .arity = 4,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_LIST,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(key_start_stop_args),
        .summary = "Answers the elements of a list between two indices",
        .since = "1.0.0",
        .group = "list",
        .complexity =
            "O(S+N) where S is the distance of start offset from HEAD for "
            "small lists, from nearest end (HEAD or TAIL) for large lists; "
            "and N is the number of elements in the specified range.",
    },
    {
        .name = "ltrim",
        .run = list_ltrim,
        .arity = 4,
        .flags = KR_CMD_WRITE,
        .categories = KR_CAT_LIST,
        .keys = KR_ROWS(key1_rw_delete),
        .args = KR_ROWS(key_start_stop_args),
        .summary =
            "Keeps the elements of a list between two indices and drops the"
            " rest",
        .since = "1.0.0",
        .group = "list",
        .complexity =
            "O(N) where N is the number of elements to be removed by the "
            "operation.",
    },
    {
        .name = "lrem",
        .run = list_lrem,
        .arity = 4,
        .flags = KR_CMD_WRITE,
        .categories = KR_CAT_LIST,
        .keys = KR_ROWS(key1_rw_delete),
        .args = KR_ROWS(lrem_args),
        .summary = "Drops elements of a list that equal a given one",
        .since = "1.0.0",
        .group = "list",
        .complexity =
            "O(N+M) where N is the length of the list and M is the number of "
            "elements removed.",
    },
    {
        .name = "lpos",
        .run = list_lpos,
        .arity = -3,
        .flags = KR_CMD_READONLY,
        .categories = KR_CAT_LIST,
        .keys = KR_ROWS(key1_ro_access),
        .args = KR_ROWS(lpos_args),
        .summary = "Answers where in a list an element is found",
        .since = "6.0.6",
        .group = "list",
        .complexity =
            "O(N) where N is the number of elements in the list, for the "
            "average case. When searching for elements near the head or the "
            "tail of the list, or when the MAXLEN option is provided, the "
            "command may run in constant time.",
    },
    {
        .name = "lmove",
        .run = list_lmove,
        .arity = 5,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
        .categories = KR_CAT_LIST,
        .keys = KR_ROWS(key1_rw_access_delete_key2_rw_insert),
        .args = KR_ROWS(lmove_args),
        .summary =
            "Takes an element from one list, adds it to another, and "
            "answers it",
        .since = "6.2.0",
        .group = "list",
        .complexity = "O(1)",
    },
    {
        .name = "rpoplpush",
        .run = list_rpoplpush,
        .arity = 3,
        .doc_flags = KR_DOC_DEPRECATED,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM,
        .categories = KR_CAT_LIST,
        .keys = KR_ROWS(key1_rw_access_delete_key2_rw_insert),
        .args = KR_ROWS(rpoplpush_args),
        .summary =
            "Takes the last element of a list, makes it the first of "
            "another, and answers it",
        .since = "1.2.0",
        .group = "list",
        .complexity = "O(1)",
        .deprecated_since = "6.2.0",
        .replaced_by = "`LMOVE` with the `RIGHT` and `LEFT` arguments",
    },
    {
        .name = "lmpop",
        .run = list_lmpop,
        .arity = -4,
        .flags = KR_CMD_WRITE,
        .categories = KR_CAT_LIST,
        .keys = KR_ROWS(counted1_rw_access_delete),
        .args = KR_ROWS(lmpop_args),
        .summary = "Takes elements from the first of several lists that exists",
        .since = "7.0.0",
        .group = "list",
        .complexity =
            "O(N+M) where N is the number of provided keys and M is the "
            "number of elements returned.",
    },
    {
        .name = "blpop",
        .run = list_blpop,
        .arity = -3,
        .flags = KR_CMD_WRITE | KR_CMD_NOSCRIPT | KR_CMD_BLOCKING,
        .categories = KR_CAT_LIST,
        .keys = KR_ROWS(keys1_but_last_rw_access_delete),
        .args = KR_ROWS(key_list_timeout_args),
        .history = KR_ROWS(history_6_0_0),
        .summary =
            "Takes the first element of a list, and waits for one if there "
            "is none",
        .since = "2.0.0",
        .group = "list",
        .complexity = "O(N) where N is the number of provided keys.",
    },
    {
        .name = "brpop",
        .run = list_brpop,
        .arity = -3,
        .flags = KR_CMD_WRITE | KR_CMD_NOSCRIPT | KR_CMD_BLOCKING,
        .categories = KR_CAT_LIST,
        .keys = KR_ROWS(keys1_but_last_rw_access_delete),
        .args = KR_ROWS(key_list_timeout_args),
        .history = KR_ROWS(history_6_0_0),
        .summary =
            "Takes the last element of a list, and waits for one if there "
            "is none",
        .since = "2.0.0",
        .group = "list",
        .complexity = "O(N) where N is the number of provided keys.",
    },
    {
        .name = "blmove",
        .run = list_blmove,
        .arity = 6,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_NOSCRIPT |
            KR_CMD_BLOCKING,
        .categories = KR_CAT_LIST,
        .keys = KR_ROWS(key1_rw_access_delete_key2_rw_insert),
        .args = KR_ROWS(blmove_args),
        .summary =
            "Moves an element from one list to another, and waits for one "
            "if there is none",
        .since = "6.2.0",
        .group = "list",
        .complexity = "O(1)",
    },
    {
        .name = "brpoplpush",
        .run = list_brpoplpush,
        .arity = 4,
        .doc_flags = KR_DOC_DEPRECATED,
        .flags = KR_CMD_WRITE | KR_CMD_DENYOOM | KR_CMD_NOSCRIPT |
            KR_CMD_BLOCKING,
        .categories = KR_CAT_LIST,
        .keys = KR_ROWS(key1_rw_access_delete_key2_rw_insert),
        .args = KR_ROWS(brpoplpush_args),
        .history = KR_ROWS(history_6_0_0),
        .summary =
            "Moves the last element of a list to the front of another, and "
            "waits for one if there is none",
        .since = "2.2.0",
        .group = "list",
        .complexity = "O(1)",
        .deprecated_since = "6.2.0",
        .replaced_by = "`BLMOVE` with the `RIGHT` and `LEFT` arguments",
    },
    {
        .name = "blmpop",
        .run = list_blmpop,
        .arity = -5,
        .flags = KR_CMD_WRITE | KR_CMD_BLOCKING,
        .categories = KR_CAT_LIST,
        .keys = KR_ROWS(counted2_rw_access_delete),
        .args = KR_ROWS(blmpop_args),
        .summary =
            "Takes elements from one of several lists, and waits for some "
            "if there are none",
        .since = "7.0.0",
        .group = "list",
        .complexity =
            "O(N+M) where N is the number of provided keys and M is the "
            "number of elements returned.",
    },
};

/* clang-format on */

static_assert(KR_COUNT(list_commands) == LIST_COMMAND_COUNT,
              "LIST_COMMAND_COUNT counts the rows");
