/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib_class.h"

#define DIGITS UINT64_C(0x03ff000000000000)
#define UPPER  UINT64_C(0x0000000007fffffe)
#define LOWER  UINT64_C(0x07fffffe00000000)

bool lib_class_find(unsigned char letter, struct lib_class *found)
{
    /* clang-format off */
    switch (letter | 0x20) {
    case 'a': *found = (struct lib_class){0, UPPER | LOWER, false}; break;
    case 'c': *found = (struct lib_class){0xffffffff, UINT64_C(1) << 63, false};
              break;
    case 'd': *found = (struct lib_class){DIGITS, 0, false}; break;
    case 'l': *found = (struct lib_class){0, LOWER, false}; break;
    case 'p': *found = (struct lib_class){UINT64_C(0xfc00fffe00000000),
                                          UINT64_C(0x78000001f8000001), false};
              break;
    case 's': *found = (struct lib_class){UINT64_C(0x100003e00), 0, false};
              break;
    case 'u': *found = (struct lib_class){0, UPPER, false}; break;
    case 'w': *found = (struct lib_class){DIGITS, UPPER | LOWER, false}; break;
    case 'x': *found = (struct lib_class){DIGITS, UINT64_C(0x7e0000007e), false};
              break;
    case 'z': *found = (struct lib_class){1, 0, false}; break;
    default: return false;
    }
    /* clang-format on */
    if (letter < 'A' || letter > 'z')
        return false; /* another byte whose bit 5 made it look like one */
    found->inverse = letter <= 'Z';
    return true;
}
