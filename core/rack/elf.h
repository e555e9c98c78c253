/* SPDX-License-Identifier: BSD-3-Clause */
/* elf - is this file fit for the dynamic linker?  See elf.c. */
#ifndef CORE_RACK_ELF_H
#define CORE_RACK_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Check the bytes of a file before anything maps or runs it: that it is a
 * shared object for this machine, that all the dynamic linker will follow stays
 * inside it, and that it exports a module descriptor of our generation.  No
 * code of the file has run.  false: `error` names `path` and says what was
 * found, what was expected, and the remedy.  O(symbols + relocations). */
bool elf_check(const char *path, const void *bytes, size_t size, char *error,
               size_t error_size);
/* The same for a file that need not be a module of ours, but must export
 * `symbol`. */
bool elf_check_for(const char *path, const void *bytes, size_t size,
                   const char *symbol, char *error, size_t error_size);
/* Is it a shared object for this machine that exports `symbol`?  Says nothing
 * of the tables that this question does not need.  O(symbols). */
bool elf_exports(const void *bytes, size_t size, const char *symbol);

/* A row of the table that the dynamic linker reads. */
struct elf_symbol {
    const char *name; /* borrowed from the bytes */
    uint64_t value;   /* an address, as if the file were mapped at 0 */
    uint32_t index;
    bool defined;  /* here, or by somebody else */
    bool weak;     /* it may be missing */
    bool absolute; /* `value` stays as it is wherever the file is mapped */
};

/* Call `each` for every symbol of a file that passed one of the checks above,
 * in the order of the table.  O(symbols). */
void elf_each_symbol(const void *bytes, size_t size,
                     void (*each)(void *ctx, const struct elf_symbol *symbol),
                     void *ctx);
/* Is a relocation of that type nothing but the file's own place added? */
bool elf_is_relative(uint32_t type);

#endif
