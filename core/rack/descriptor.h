/* SPDX-License-Identifier: BSD-3-Clause */
/* descriptor - read what a module says of itself.  See descriptor.c. */
#ifndef CORE_RACK_DESCRIPTOR_H
#define CORE_RACK_DESCRIPTOR_H

#include "core/rack/image.h"

#define DESCRIPTOR_NAME_MAX 63u /* bytes */
#define DESCRIPTOR_ID_MAX   127u

/* Check `image->descriptor` and all that it points to; copy it to `out`, with
 * zeros where it is shorter than ours.  false: `error` names path, field, what
 * was found, what was expected, and the remedy.  Nothing of the module runs. */
bool descriptor_read(const struct image *image, const char *path,
                     struct kr_descriptor *out, char *error, size_t error_size);

/* Copy row `i` to `out`, which has `size` bytes: what both know, then zeros. */
void descriptor_row(const struct kr_rows *rows, uint32_t i, void *out,
                    size_t size);

/* One word of letters, digits, '.', '_' and '-', as a user types it? */
bool descriptor_is_name(const char *name);
/* Is that an interface's id, "kr.keyspace/1": a name and a revision? */
bool descriptor_is_id(const char *id);

/* "1.2.3" of 10203. */
void descriptor_version(uint32_t version, char text[24]);

#endif
