/* SPDX-License-Identifier: BSD-3-Clause */
/* compact_dumps - what redis-server 7.0.15 wrote; record_compact.py made this file.
 *
 * Bytes are pieces, each so many times one after the other.  A listpack's
 * elements are texts, one piece each. */
#ifndef COMPACT_DUMPS_H
#define COMPACT_DUMPS_H

#include <stddef.h>
#include <stdint.h>

/* clang-format off */

struct dump_piece {
    const char *bytes;
    size_t size;
    size_t times;
};

static const struct dump_piece numbers_elements[] = {
    {"0", 1, 1},
    {"1", 1, 1},
    {"127", 3, 1},
    {"128", 3, 1},
    {"4095", 4, 1},
    {"4096", 4, 1},
    {"32767", 5, 1},
    {"32768", 5, 1},
    {"8388607", 7, 1},
    {"8388608", 7, 1},
    {"2147483647", 10, 1},
    {"2147483648", 10, 1},
    {"9223372036854775"
        "807", 19, 1},
    {"-1", 2, 1},
    {"-2", 2, 1},
    {"-128", 4, 1},
    {"-129", 4, 1},
    {"-4096", 5, 1},
    {"-4097", 5, 1},
    {"-32768", 6, 1},
    {"-32769", 6, 1},
    {"-8388608", 8, 1},
    {"-8388609", 8, 1},
    {"-2147483648", 11, 1},
    {"-2147483649", 11, 1},
    {"-922337203685477"
        "5808", 20, 1},
    {"-1", 2, 1},
    {"-127", 4, 1},
    {"-128", 4, 1},
    {"-4095", 5, 1},
    {"-4096", 5, 1},
    {"-32767", 6, 1},
    {"-32768", 6, 1},
    {"-8388607", 8, 1},
    {"-8388608", 8, 1},
    {"-2147483647", 11, 1},
    {"-2147483648", 11, 1},
    {"-922337203685477"
        "5807", 20, 1},
};
static const struct dump_piece numbers_bytes[] = {
    {"\275\000\000\000&\000\000\001\001\001\177\001\300\200\002\317"
        "\377\002\361\000\020\003\361\377\177\003\362\000\200\000\004\362"
        "\377\377\177\004\363\000\000\200\000\005\363\377\377\377\177\005"
        "\364\000\000\000\200\000\000\000\000\011\364\377\377\377\377\377"
        "\377\377\177\011\337\377\002\337\376\002\337\200\002\337\177\002"
        "\320\000\002\361\377\357\003\361\000\200\003\362\377\177\377\004"
        "\362\000\000\200\004\363\377\377\177\377\005\363\000\000\000\200"
        "\005\364\377\377\377\177\377\377\377\377\011\364\000\000\000\000"
        "\000\000\000\200\011\337\377\002\337\201\002\337\200\002\320\001"
        "\002\320\000\002\361\001\200\003\361\000\200\003\362\001\000\200"
        "\004\362\000\000\200\004\363\001\000\000\200\005\363\000\000\000"
        "\200\005\364\001\000\000\000\000\000\000\200\011\377", 189, 1},
};

static const struct dump_piece texts_elements[] = {
    {"", 0, 1},
    {"-", 1, 1},
    {"-0", 2, 1},
    {"00", 2, 1},
    {"007", 3, 1},
    {"+1", 2, 1},
    {" 1", 2, 1},
    {"1 ", 2, 1},
    {"1.0", 3, 1},
    {"1e3", 3, 1},
    {"0x10", 4, 1},
    {"--1", 3, 1},
    {"nan", 3, 1},
    {"9223372036854775"
        "808", 19, 1},
    {"-922337203685477"
        "5809", 20, 1},
    {"1844674407370955"
        "1616", 20, 1},
    {"9999999999999999"
        "9999", 20, 1},
    {"1111111111111111"
        "11111", 21, 1},
    {"a", 1, 1},
    {"\000", 1, 1},
    {"\377", 1, 1},
};
static const struct dump_piece texts_bytes[] = {
    {"\266\000\000\000\025\000\200\001\201-\002\202-0\003\202"
        "00\003\203007\004\202+1\003\202 1\003"
        "\2021 \003\2031.0\004\2031e3\004\2040"
        "x10\005\203--1\004\203nan\004\2239"
        "2233720368547758"
        "08\024\224-92233720368"
        "54775809\025\224184467"
        "44073709551616\025\224"
        "9999999999999999"
        "9999\025\2251111111111"
        "11111111111\026\201a\002\201"
        "\000\002\201\377\002\377", 182, 1},
};

static const struct dump_piece size_1_elements[] = {
    {"s", 1, 1},
    {"x", 1, 1},
};
static const struct dump_piece size_1_bytes[] = {
    {"\015\000\000\000\002\000\201s\002\201x\002\377", 13, 1},
};

static const struct dump_piece size_62_elements[] = {
    {"s", 1, 1},
    {"x", 1, 62},
};
static const struct dump_piece size_62_bytes[] = {
    {"J\000\000\000\002\000\201s\002\276", 10, 1},
    {"x", 1, 62},
    {"\077\377", 2, 1},
};

static const struct dump_piece size_63_elements[] = {
    {"s", 1, 1},
    {"x", 1, 63},
};
static const struct dump_piece size_63_bytes[] = {
    {"K\000\000\000\002\000\201s\002\277", 10, 1},
    {"x", 1, 63},
    {"@\377", 2, 1},
};

static const struct dump_piece size_64_elements[] = {
    {"s", 1, 1},
    {"x", 1, 64},
};
static const struct dump_piece size_64_bytes[] = {
    {"M\000\000\000\002\000\201s\002\340@", 11, 1},
    {"x", 1, 64},
    {"B\377", 2, 1},
};

static const struct dump_piece size_125_elements[] = {
    {"s", 1, 1},
    {"x", 1, 125},
};
static const struct dump_piece size_125_bytes[] = {
    {"\212\000\000\000\002\000\201s\002\340}", 11, 1},
    {"x", 1, 125},
    {"\177\377", 2, 1},
};

static const struct dump_piece size_126_elements[] = {
    {"s", 1, 1},
    {"x", 1, 126},
};
static const struct dump_piece size_126_bytes[] = {
    {"\214\000\000\000\002\000\201s\002\340~", 11, 1},
    {"x", 1, 126},
    {"\001\200\377", 3, 1},
};

static const struct dump_piece size_127_elements[] = {
    {"s", 1, 1},
    {"x", 1, 127},
};
static const struct dump_piece size_127_bytes[] = {
    {"\215\000\000\000\002\000\201s\002\340\177", 11, 1},
    {"x", 1, 127},
    {"\001\201\377", 3, 1},
};

static const struct dump_piece size_4093_elements[] = {
    {"s", 1, 1},
    {"x", 1, 4093},
};
static const struct dump_piece size_4093_bytes[] = {
    {"\013\020\000\000\002\000\201s\002\357\375", 11, 1},
    {"x", 1, 4093},
    {"\037\377\377", 3, 1},
};

static const struct dump_piece size_4094_elements[] = {
    {"s", 1, 1},
    {"x", 1, 4094},
};
static const struct dump_piece size_4094_bytes[] = {
    {"\014\020\000\000\002\000\201s\002\357\376", 11, 1},
    {"x", 1, 4094},
    {" \200\377", 3, 1},
};

static const struct dump_piece size_4095_elements[] = {
    {"s", 1, 1},
    {"x", 1, 4095},
};
static const struct dump_piece size_4095_bytes[] = {
    {"\015\020\000\000\002\000\201s\002\357\377", 11, 1},
    {"x", 1, 4095},
    {" \201\377", 3, 1},
};

static const struct dump_piece size_4096_elements[] = {
    {"s", 1, 1},
    {"x", 1, 4096},
};
static const struct dump_piece size_4096_bytes[] = {
    {"\021\020\000\000\002\000\201s\002\360\000\020\000\000", 14, 1},
    {"x", 1, 4096},
    {" \205\377", 3, 1},
};

static const struct dump_piece size_4097_elements[] = {
    {"s", 1, 1},
    {"x", 1, 4097},
};
static const struct dump_piece size_4097_bytes[] = {
    {"\022\020\000\000\002\000\201s\002\360\001\020\000\000", 14, 1},
    {"x", 1, 4097},
    {" \206\377", 3, 1},
};

static const struct dump_piece size_16377_elements[] = {
    {"s", 1, 1},
    {"x", 1, 16377},
};
static const struct dump_piece size_16377_bytes[] = {
    {"\012@\000\000\002\000\201s\002\360\371\077\000\000", 14, 1},
    {"x", 1, 16377},
    {"\177\376\377", 3, 1},
};

static const struct dump_piece size_16378_elements[] = {
    {"s", 1, 1},
    {"x", 1, 16378},
};
static const struct dump_piece size_16378_bytes[] = {
    {"\014@\000\000\002\000\201s\002\360\372\077\000\000", 14, 1},
    {"x", 1, 16378},
    {"\000\377\377\377", 4, 1},
};

static const struct dump_piece size_16379_elements[] = {
    {"s", 1, 1},
    {"x", 1, 16379},
};
static const struct dump_piece size_16379_bytes[] = {
    {"\015@\000\000\002\000\201s\002\360\373\077\000\000", 14, 1},
    {"x", 1, 16379},
    {"\001\200\200\377", 4, 1},
};

static const struct dump_piece size_2097145_elements[] = {
    {"s", 1, 1},
    {"x", 1, 2097145},
};
static const struct dump_piece size_2097145_bytes[] = {
    {"\013\000 \000\002\000\201s\002\360\371\377\037\000", 14, 1},
    {"x", 1, 2097145},
    {"\177\377\376\377", 4, 1},
};

static const struct dump_piece size_2097146_elements[] = {
    {"s", 1, 1},
    {"x", 1, 2097146},
};
static const struct dump_piece size_2097146_bytes[] = {
    {"\015\000 \000\002\000\201s\002\360\372\377\037\000", 14, 1},
    {"x", 1, 2097146},
    {"\000\377\377\377\377", 5, 1},
};

static const struct dump_piece size_2097147_elements[] = {
    {"s", 1, 1},
    {"x", 1, 2097147},
};
static const struct dump_piece size_2097147_bytes[] = {
    {"\016\000 \000\002\000\201s\002\360\373\377\037\000", 14, 1},
    {"x", 1, 2097147},
    {"\001\200\200\200\377", 5, 1},
};

static const struct dump_piece hash_elements[] = {
    {"name", 4, 1},
    {"Ada", 3, 1},
    {"born", 4, 1},
    {"12121815", 8, 1},
    {"note", 4, 1},
    {"n", 1, 70},
};
static const struct dump_piece hash_bytes[] = {
    {"m\000\000\000\006\000\204name\005\203Ada"
        "\004\204born\005\363\327\366\270\000\005\204no"
        "te\005\340F", 37, 1},
    {"n", 1, 70},
    {"H\377", 2, 1},
};

static const struct dump_piece zset_elements[] = {
    {"a", 1, 1},
    {"-1.5", 4, 1},
    {"77", 2, 1},
    {"0.10000000000000"
        "001", 19, 1},
    {"c", 1, 1},
    {"3", 1, 1},
    {"b", 1, 1},
    {"1099511627776", 13, 1},
};
static const struct dump_piece zset_bytes[] = {
    {"9\000\000\000\010\000\201a\002\204-1.5\005M"
        "\001\2230.100000000000"
        "00001\024\201c\002\003\001\201b\002\364\000"
        "\000\000\000\000\001\000\000\011\377", 57, 1},
};

static const struct dump_piece edited_elements[] = {
    {"-1", 2, 1},
    {"one", 3, 1},
    {"a longer text th"
        "an it was", 25, 1},
    {"three", 5, 1},
    {"1000000", 7, 1},
};
static const struct dump_piece edited_bytes[] = {
    {"6\000\000\000\005\000\337\377\002\203one\004\231a"
        " longer text tha"
        "n it was\032\205three\006"
        "\362@B\017\004\377", 54, 1},
};

static const struct dump_piece stream_elements[] = {
    {"2", 1, 1},
    {"0", 1, 1},
    {"1", 1, 1},
    {"t", 1, 1},
    {"0", 1, 1},
    {"2", 1, 1},
    {"0", 1, 1},
    {"0", 1, 1},
    {"21", 2, 1},
    {"4", 1, 1},
    {"2", 1, 1},
    {"0", 1, 1},
    {"1", 1, 1},
    {"22", 2, 1},
    {"4", 1, 1},
};
static const struct dump_piece stream_bytes[] = {
    {"&\000\000\000\017\000\002\001\000\001\001\001\201t\002\000"
        "\001\002\001\000\001\000\001\025\001\004\001\002\001\000\001\001"
        "\001\026\001\004\001\377", 38, 1},
};

static const struct listpack_dump {
    const char *name;
    const struct dump_piece *elements;
    size_t count;
    const struct dump_piece *bytes;
    size_t size;
} listpack_dumps[] = {
    {"numbers", numbers_elements, 38, numbers_bytes, 189},
    {"texts", texts_elements, 21, texts_bytes, 182},
    {"size_1", size_1_elements, 2, size_1_bytes, 13},
    {"size_62", size_62_elements, 2, size_62_bytes, 74},
    {"size_63", size_63_elements, 2, size_63_bytes, 75},
    {"size_64", size_64_elements, 2, size_64_bytes, 77},
    {"size_125", size_125_elements, 2, size_125_bytes, 138},
    {"size_126", size_126_elements, 2, size_126_bytes, 140},
    {"size_127", size_127_elements, 2, size_127_bytes, 141},
    {"size_4093", size_4093_elements, 2, size_4093_bytes, 4107},
    {"size_4094", size_4094_elements, 2, size_4094_bytes, 4108},
    {"size_4095", size_4095_elements, 2, size_4095_bytes, 4109},
    {"size_4096", size_4096_elements, 2, size_4096_bytes, 4113},
    {"size_4097", size_4097_elements, 2, size_4097_bytes, 4114},
    {"size_16377", size_16377_elements, 2, size_16377_bytes, 16394},
    {"size_16378", size_16378_elements, 2, size_16378_bytes, 16396},
    {"size_16379", size_16379_elements, 2, size_16379_bytes, 16397},
    {"size_2097145", size_2097145_elements, 2, size_2097145_bytes, 2097163},
    {"size_2097146", size_2097146_elements, 2, size_2097146_bytes, 2097165},
    {"size_2097147", size_2097147_elements, 2, size_2097147_bytes, 2097166},
    {"hash", hash_elements, 6, hash_bytes, 109},
    {"zset", zset_elements, 8, zset_bytes, 57},
    {"edited", edited_elements, 5, edited_bytes, 54},
    {"stream", stream_elements, 15, stream_bytes, 38},
};

/* A hash of 0 ... 32999, each under its own name: too many to be counted in
 * the header.  Of its bytes, the sum (FNV-1a). */
#define DUMP_MANY 33000
#define DUMP_MANY_SIZE 256023u
#define DUMP_MANY_SUM UINT64_C(0x30cec534e739dde0)

static const int64_t narrow_values[] = {
    INT64_C(5), INT64_C(-3), INT64_C(0), INT64_C(32767), INT64_C(-32768)
};
static const int64_t medium_values[] = {
    INT64_C(1), INT64_C(2), INT64_C(32768)
};
static const int64_t medium_below_values[] = {
    INT64_C(1), INT64_C(2), INT64_C(-32769)
};
static const int64_t wide_values[] = {
    INT64_C(7), INT64_C(2147483647), INT64_C(-2147483648), INT64_C(2147483648), INT64_C(9223372036854775807), INT64_MIN
};
static const int64_t wide_at_once_values[] = {
    INT64_C(1), INT64_C(2), INT64_MIN
};
static const int64_t shrunk_values[] = {
    INT64_C(1), INT64_C(2), INT64_C(100000), INT64_C(3), INT64_C(100000)
};

/* Values to add, then those to remove, and the bytes. */
static const struct intset_dump {
    const char *name;
    const int64_t *values;
    size_t added;
    size_t removed;
    const char *bytes;
    size_t size;
} intset_dumps[] = {
    {"narrow", narrow_values, 5, 0,
        "\002\000\000\000\005\000\000\000\000\200\375\377\000\000\005\000"
        "\377\177", 18},
    {"medium", medium_values, 3, 0,
        "\004\000\000\000\003\000\000\000\001\000\000\000\002\000\000\000"
        "\000\200\000\000", 20},
    {"medium_below", medium_below_values, 3, 0,
        "\004\000\000\000\003\000\000\000\377\177\377\377\001\000\000\000"
        "\002\000\000\000", 20},
    {"wide", wide_values, 6, 0,
        "\010\000\000\000\006\000\000\000\000\000\000\000\000\000\000\200"
        "\000\000\000\200\377\377\377\377\007\000\000\000\000\000\000\000"
        "\377\377\377\177\000\000\000\000\000\000\000\200\000\000\000\000"
        "\377\377\377\377\377\377\377\177", 56},
    {"wide_at_once", wide_at_once_values, 3, 0,
        "\010\000\000\000\003\000\000\000\000\000\000\000\000\000\000\200"
        "\001\000\000\000\000\000\000\000\002\000\000\000\000\000\000\000", 32},
    {"shrunk", shrunk_values, 4, 1,
        "\004\000\000\000\003\000\000\000\001\000\000\000\002\000\000\000"
        "\003\000\000\000", 20},
};

/* clang-format on */
#endif
