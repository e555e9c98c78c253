/* SPDX-License-Identifier: BSD-3-Clause */
/* files - a file that is replaced as a whole: see kr/files.h. */
#ifndef CORE_FILES_FILES_H
#define CORE_FILES_FILES_H

#include <kr/files.h>

extern const struct kr_files files_interface;

/* Remove what this process has begun and not named: for an end that waits for
 * nobody.  Safe in a signal's handler. */
void files_remove_asides(void);

#endif
