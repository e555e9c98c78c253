/* SPDX-License-Identifier: BSD-3-Clause */
/* bitmap - what the commands on bits share. */
#ifndef BITMAP_BITMAP_H
#define BITMAP_BITMAP_H

#include <kr/call.h>
#include <kr/keyspace.h>
#include <kr/module.h>
#include <kr/string.h>

extern kr_module *bitmap_self;

/* The bytes of argument 1, empty when there is no such key; false: it is no
 * string, replied.  `scratch` has KR_INT64_TEXT bytes, see kr_strings. */
bool bitmap_read(struct kr_call *call, char *scratch, struct kr_str *bytes,
                 bool *found);

/* Argument 1 as at least `size` bytes to write, new ones zero; *grown: there
 * were fewer.  NULL: the error is replied. */
uint8_t *bitmap_write(struct kr_call *call, uint64_t size, struct kr_cell *cell,
                      bool *grown);

/* Tell that the key of argument 1 has changed in place. */
void bitmap_changed(struct kr_call *call, uint64_t changes);

/* Read argument `arg` as the position of a bit.  `width` bits wide things also
 * have numbers, #0 #1 ...: 0 if that is of no use here.  false: replied. */
bool bitmap_offset(struct kr_call *call, uint32_t arg, uint32_t width,
                   uint64_t *offset);

#endif
