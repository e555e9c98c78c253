/* SPDX-License-Identifier: BSD-3-Clause */
/* copy - the private copy of a file that is to be loaded.  See copy.c. */
#ifndef CORE_RACK_COPY_H
#define CORE_RACK_COPY_H

#include <kr/loader.h>

struct copy {
    struct kr_file pub; /* first: a kr_file is a copy */
    int fd;             /* of the copy; whoever wants it longer dups it */
};

/* Check that the file may be loaded, and copy it.  NULL: `error` names the
 * path, what was found, what was expected, and the remedy. */
struct copy *copy_open(const char *path, char *error, size_t error_size);
void copy_close(struct copy *copy);

/* Only files below `directory` may be loaded from now on; several add up.
 * false: no such directory, or too many. */
bool copy_allow_directory(const char *directory);
/* Forget them. */
void copy_fini(void);

static inline const struct copy *copy_of(const struct kr_file *file)
{
    return (const struct copy *)file;
}

#endif
