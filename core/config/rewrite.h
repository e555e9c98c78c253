/* SPDX-License-Identifier: BSD-3-Clause */
/* rewrite - CONFIG REWRITE: the values of now in the file of the administrator.
 *
 * The file is his: comments, order and lines that we do not know stay, and so
 * does each line that still says what is true.
 *
 *   port 7000         changed at run time   ->  port 7001      in its place
 *   maxmemory 100mb   as it was             ->  maxmemory 100mb
 *   save 900 1        one of several lines  ->  dropped, if they are fewer now
 *   (nothing)         not the default       ->  at the end, below a comment
 *   (nothing)         the default           ->  nothing
 *
 * The new file is written beside the old one and takes its name when it is on
 * the disk, so that there is one whole file at any moment. */
#ifndef CORE_CONFIG_REWRITE_H
#define CORE_CONFIG_REWRITE_H

#include "core/text/buffer.h"

struct rewrite_settings {
    bool all; /* values that are the default, too: for tests */
};
extern struct rewrite_settings rewrite_settings;

/* KR_ENOENT: there is no file; KR_EIO: see `error`, which is a whole reply. */
kr_status rewrite_file(char *error, size_t size);
struct kr_str rewrite_path(void);

/* What would be written for the file `text`. */
void rewrite_text(struct kr_str text, struct buffer *to);

#endif
