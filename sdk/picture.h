/* SPDX-License-Identifier: BSD-3-Clause */
/* picture - a module's file, laid out and not run.  See picture.c. */
#ifndef SDK_PICTURE_H
#define SDK_PICTURE_H

#include "core/rack/image.h"

/* Texts, each a copy. */
struct names {
    char **at;
    size_t count;
};

void names_add(struct names *names, const char *name);
bool names_have(const struct names *names, const char *name);
void names_fini(struct names *names);

struct picture {
    struct copy *copy;
    struct image image; /* its descriptor is NULL when the file is a guest's */
    const char *entry;  /* the symbol that makes a module of it */
    unsigned char *memory;
    size_t span;     /* bytes of it */
    uint64_t lowest; /* address of the file that memory[0] stands for */
    struct names exports;
    struct names libraries; /* that it names */
    struct names absent;    /* of these, with the reason */
    struct names undefined; /* symbols that nobody has */
    void *handles[32];      /* of the libraries */
    uint32_t handle_count;
};

/* Check the file as the server does and lay it out.  false: `error` says what
 * the server would say; nothing is left to close. */
bool picture_open(struct picture *picture, const char *path, char *error,
                  size_t error_size);
void picture_close(struct picture *picture);

#endif
