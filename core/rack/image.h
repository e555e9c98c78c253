/* SPDX-License-Identifier: BSD-3-Clause */
/* image - a module's file, mapped.  See image.c. */
#ifndef CORE_RACK_IMAGE_H
#define CORE_RACK_IMAGE_H

#include "core/rack/copy.h"

#include <kr/module.h>

#define IMAGE_SEGMENTS_MAX 32u

#define IMAGE_READ  1u
#define IMAGE_WRITE 2u
#define IMAGE_CODE  4u

struct image_segment {
    uintptr_t start, end;
    uint32_t access; /* IMAGE_ */
};

struct image {
    void *handle;  /* of dlopen() */
    int fd;        /* of the private copy; open while it is mapped */
    bool listed;   /* in the table of image_name_at() */
    bool keep;     /* it is never unmapped */
    uint32_t held; /* so often its loader needs it still */
    const struct kr_descriptor *descriptor; /* NULL: not built for us */
    struct image *next;                     /* of the same child */
    uint32_t segment_count;
    struct image_segment segments[IMAGE_SEGMENTS_MAX];
    uintptr_t sealed_start, sealed_end; /* read-only once it was relocated */
    char name[96];                      /* by which the linker knows it */
    char symbol[64]; /* that it was asked for, if that is as short */
};

/* Check, copy and map the file `path`.  NULL: `error` names the path, what was
 * found, what was expected, and the remedy.  Initialisers of the file run. */
struct image *image_open(const char *path, char *error, size_t error_size);

/* Map a file that is copied already.  With `symbol` it is a shared object that
 * need not be a module of ours, but must export that. */
struct image *image_open_copy(const struct copy *copy, const char *symbol,
                              char *error, size_t error_size);
/* What it exports under that name, or NULL. */
void *image_symbol(const struct image *image, const char *name);

/* Unmap it.  Nothing of its code may be on any stack. */
void image_close(struct image *image);

/* Fill the segments of the loaded object that `inside` lies in; false: none. */
bool image_survey(struct image *image, const void *inside);

/* How many bytes from `address` on have all of `access`: in the image, or with
 * `anywhere` in any loaded object.  0: none. */
size_t image_extent(const struct image *image, const void *address,
                    uint32_t access, bool anywhere);

void image_in_place(bool on);

/* Name the image's addresses for image_name_at(): `name` is copied. */
void image_list(struct image *image, const char *name);
void image_unlist(struct image *image);
/* [any], async-signal-safe. */
const char *image_name_at(const void *address);

#endif
