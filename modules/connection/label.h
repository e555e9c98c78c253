/* SPDX-License-Identifier: BSD-3-Clause */
/* label - the names that clients give to themselves and to their libraries. */
#ifndef CONNECTION_LABEL_H
#define CONNECTION_LABEL_H

#include <kr/base.h>

#define LABEL_NAME_REFUSED                                                     \
    "ERR Client names cannot contain spaces, newlines or special characters."

/* CLIENT LIST is lines of fields between blanks: only visible ASCII fits in. */
static inline bool label_is_plain(struct kr_str label)
{
    for (size_t i = 0; i < label.size; i++)
        if (label.data[i] < '!' || label.data[i] > '~')
            return false;
    return true;
}

#endif
