/* SPDX-License-Identifier: BSD-3-Clause */
/* picture - a module's file, laid out as the linker would, and not run.
 *
 *   copy_open() -- elf_check() -- segments copied -- relocated -- descriptor
 *
 * A descriptor is constant, but its pointers are written by the dynamic linker,
 * which also runs the file's initialisers.  Here the same is done in plain
 * memory that nothing can execute: each segment stands at its place, each word
 * that the linker would write is written, and the descriptor can be read by
 * the same function that the server reads it with.
 *
 *          lowest                               lowest + span
 *            | code (copied, dead) | constants | data      |
 *   memory --+                                   ^ bias = memory - lowest
 *
 * Symbols of others are looked up in the libraries that the file names; those
 * are loaded, and so are theirs.  Only the file itself stays dead. */
#include "sdk/picture.h"

#include "core/memory/memory.h"
#include "core/rack/elf.h"
#include "core/rack/refuse.h"

#include <dlfcn.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

/* --- Names ---------------------------------------------------------------- */

void names_add(struct names *names, const char *name)
{
    names->at =
        memory_realloc(names->at, (names->count + 1) * sizeof(*names->at));
    names->at[names->count++] = memory_strdup(name);
}

bool names_have(const struct names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->at[i], name) == 0)
            return true;
    }
    return false;
}

void names_fini(struct names *names)
{
    while (names->count > 0)
        memory_free(names->at[--names->count]);
    memory_free(names->at);
    names->at = NULL;
}

/* --- Segments ------------------------------------------------------------- */

/* What stands for an address of the file.  The checks have seen to it that it
 * is inside of a segment. */
static void *picture_at(const struct picture *picture, uint64_t address)
{
    return picture->memory + (address - picture->lowest);
}

static void picture_program(const struct picture *picture, uint32_t i,
                            ElfW(Phdr) * program)
{
    ElfW(Ehdr) header;

    memcpy(&header, picture->copy->pub.bytes.data, sizeof(header));
    memcpy(program,
           picture->copy->pub.bytes.data + header.e_phoff +
               (size_t)i * sizeof(*program),
           sizeof(*program));
}

static uint32_t picture_program_count(const struct picture *picture)
{
    ElfW(Ehdr) header;

    memcpy(&header, picture->copy->pub.bytes.data, sizeof(header));
    return header.e_phnum;
}

/* Reserve memory for all segments; segments ascend. */
static bool picture_reserve(struct picture *picture, char *error,
                            size_t error_size)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t end = 0;
    bool first = true;

    for (uint32_t i = 0; i < picture_program_count(picture); i++) {
        ElfW(Phdr) program;

        picture_program(picture, i, &program);
        if (program.p_type != PT_LOAD)
            continue;
        if (first)
            picture->lowest = program.p_vaddr & ~(page - 1);
        first = false;
        end = program.p_vaddr + program.p_memsz;
    }
    picture->span = (size_t)(end - picture->lowest);
    picture->memory = mmap(NULL, picture->span, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (picture->memory == MAP_FAILED) {
        picture->memory = NULL;
        return refuse(error, error_size, "%s: no memory for its %zu bytes",
                      picture->copy->pub.path, picture->span);
    }
    return true;
}

static void picture_lay(struct picture *picture)
{
    struct image *image = &picture->image;

    for (uint32_t i = 0; i < picture_program_count(picture); i++) {
        ElfW(Phdr) program;
        uintptr_t start;

        picture_program(picture, i, &program);
        if (program.p_type != PT_LOAD && program.p_type != PT_GNU_RELRO)
            continue;
        start = (uintptr_t)picture_at(picture, program.p_vaddr);
        if (program.p_type == PT_GNU_RELRO) {
            image->sealed_start = start;
            image->sealed_end = start + program.p_memsz;
            continue;
        }
        memcpy(picture_at(picture, program.p_vaddr),
               picture->copy->pub.bytes.data + program.p_offset,
               program.p_filesz);
        if (image->segment_count < IMAGE_SEGMENTS_MAX)
            image->segments[image->segment_count++] = (struct image_segment){
                start, start + program.p_memsz,
                (program.p_flags & PF_R ? IMAGE_READ : 0) |
                    (program.p_flags & PF_W ? IMAGE_WRITE : 0) |
                    (program.p_flags & PF_X ? IMAGE_CODE : 0)};
    }
}

/* --- Libraries ------------------------------------------------------------ */

/* The entries of .dynamic, up to one of DT_NULL; of several the last, which is
 * the one that was checked. */
static const ElfW(Dyn) * picture_entries(const struct picture *picture)
{
    static const ElfW(Dyn) none = {.d_tag = DT_NULL};
    const ElfW(Dyn) *entries = &none;

    for (uint32_t i = 0; i < picture_program_count(picture); i++) {
        ElfW(Phdr) program;

        picture_program(picture, i, &program);
        if (program.p_type == PT_DYNAMIC)
            entries = picture_at(picture, program.p_vaddr);
    }
    return entries;
}

/* The value of an entry of .dynamic, or 0. */
static uint64_t picture_dynamic(const struct picture *picture, int64_t tag)
{
    const ElfW(Dyn) *entry = picture_entries(picture);

    while (entry->d_tag != DT_NULL && entry->d_tag != tag)
        entry++;
    return entry->d_tag == tag ? entry->d_un.d_val : 0;
}

static void picture_add_library(struct picture *picture, const char *name)
{
    void *handle = dlopen(name, RTLD_LAZY | RTLD_LOCAL);

    names_add(&picture->libraries, name);
    if (!handle) {
        const char *why = dlerror();

        names_add(&picture->absent, why ? why : name);
        return;
    }
    if (picture->handle_count < KR_COUNT(picture->handles))
        picture->handles[picture->handle_count++] = handle;
    else
        dlclose(handle);
}

static void picture_load_libraries(struct picture *picture)
{
    const char *strings =
        picture_at(picture, picture_dynamic(picture, DT_STRTAB));

    for (const ElfW(Dyn) *entry = picture_entries(picture);
         entry->d_tag != DT_NULL; entry++)
        if (entry->d_tag == DT_NEEDED)
            picture_add_library(picture, strings + entry->d_un.d_val);
}

/* --- Symbols and relocations ---------------------------------------------- */

/* The address of each symbol, by its index. */
struct places {
    struct picture *picture;
    uintptr_t *at;
    uint32_t count;
};

static uintptr_t picture_elsewhere(const struct picture *picture,
                                   const char *name)
{
    void *found = dlsym(RTLD_DEFAULT, name);

    for (uint32_t i = 0; !found && i < picture->handle_count; i++)
        found = dlsym(picture->handles[i], name);
    return (uintptr_t)found;
}

static void places_take(void *ctx, const struct elf_symbol *symbol)
{
    struct places *places = ctx;
    struct picture *picture = places->picture;
    uintptr_t at;

    if (symbol->defined) {
        at = symbol->absolute ? (uintptr_t)symbol->value
                              : (uintptr_t)picture->memory +
                                    (symbol->value - picture->lowest);
        names_add(&picture->exports, symbol->name);
    } else {
        at = picture_elsewhere(picture, symbol->name);
        if (at == 0 && !symbol->weak)
            names_add(&picture->undefined, symbol->name);
    }
    places->at =
        memory_realloc(places->at, (symbol->index + 1u) * sizeof(*places->at));
    while (places->count <= symbol->index)
        places->at[places->count++] = 0;
    places->at[symbol->index] = at;
}

static void picture_relocate(struct picture *picture, uint64_t table,
                             uint64_t bytes, const struct places *places)
{
    uint64_t bias = (uint64_t)(uintptr_t)picture->memory - picture->lowest;

    for (uint64_t i = 0; table != 0 && i < bytes / sizeof(ElfW(Rela)); i++) {
        ElfW(Rela) row;
        uint64_t value, symbol;

        memcpy(&row, picture_at(picture, table + i * sizeof(row)), sizeof(row));
        symbol = ELF64_R_SYM(row.r_info);
        if (symbol != 0)
            value = (symbol < places->count ? places->at[symbol] : 0) +
                    (uint64_t)row.r_addend;
        else if (elf_is_relative((uint32_t)ELF64_R_TYPE(row.r_info)))
            value = bias + (uint64_t)row.r_addend;
        else
            continue; /* of thread-local data: no descriptor has any */
        memcpy(picture_at(picture, row.r_offset), &value, sizeof(value));
    }
}

/* Add the file's place to the word at `address`. */
static void picture_move_word(struct picture *picture, uint64_t address)
{
    uint64_t bias = (uint64_t)(uintptr_t)picture->memory - picture->lowest;
    uint64_t value;

    memcpy(&value, picture_at(picture, address), sizeof(value));
    value += bias;
    memcpy(picture_at(picture, address), &value, sizeof(value));
}

/* The packed form: see elf.c. */
static void picture_relocate_packed(struct picture *picture, uint64_t table,
                                    uint64_t bytes)
{
    uint64_t at = 0;

    for (uint64_t i = 0; table != 0 && i < bytes / sizeof(uint64_t); i++) {
        uint64_t word;

        memcpy(&word, picture_at(picture, table + i * sizeof(word)),
               sizeof(word));
        if ((word & 1) == 0) {
            picture_move_word(picture, word);
            at = word + sizeof(word);
            continue;
        }
        for (uint32_t bit = 1; bit < 64; bit++) {
            if (word >> bit & 1)
                picture_move_word(picture, at + (bit - 1) * sizeof(word));
        }
        at += 63 * sizeof(word);
    }
}

static void picture_link(struct picture *picture)
{
    const struct kr_str *bytes = &picture->copy->pub.bytes;
    struct places places = {.picture = picture};

    elf_each_symbol(bytes->data, bytes->size, places_take, &places);
    picture_relocate(picture, picture_dynamic(picture, DT_RELA),
                     picture_dynamic(picture, DT_RELASZ), &places);
    picture_relocate(picture, picture_dynamic(picture, DT_JMPREL),
                     picture_dynamic(picture, DT_PLTRELSZ), &places);
    picture_relocate_packed(picture, picture_dynamic(picture, 36 /* RELR */),
                            picture_dynamic(picture, 35 /* RELRSZ */));
    memory_free(places.at);
}

static void picture_find_descriptor(void *ctx, const struct elf_symbol *symbol)
{
    struct picture *picture = ctx;

    if (symbol->defined && strcmp(symbol->name, KR_DESCRIPTOR_NAME) == 0)
        picture->image.descriptor = picture_at(picture, symbol->value);
}

/* --- Open and close ------------------------------------------------------- */

/* Whose module is it?  KR_DESCRIPTOR_NAME if nobody's: that gives the error. */
static const char *picture_entry(const struct kr_str *bytes)
{
    static const char *const entries[] = {
        KR_DESCRIPTOR_NAME, "RedisModule_OnLoad", "ValkeyModule_OnLoad"};

    for (size_t i = 0; i < KR_COUNT(entries); i++) {
        if (elf_exports(bytes->data, bytes->size, entries[i]))
            return entries[i];
    }
    return KR_DESCRIPTOR_NAME;
}

bool picture_open(struct picture *picture, const char *path, char *error,
                  size_t error_size)
{
    const struct kr_str *bytes;
    bool ours;

    memset(picture, 0, sizeof(*picture));
    picture->copy = copy_open(path, error, error_size);
    if (!picture->copy)
        return false;
    bytes = &picture->copy->pub.bytes;
    picture->entry = picture_entry(bytes);
    ours = strcmp(picture->entry, KR_DESCRIPTOR_NAME) == 0;
    if (bytes->size == 0)
        refuse(error, error_size, "%s: empty; build or copy the file again",
               path);
    else if ((ours
                  ? elf_check(path, bytes->data, bytes->size, error, error_size)
                  : elf_check_for(path, bytes->data, bytes->size,
                                  picture->entry, error, error_size)) &&
             picture_reserve(picture, error, error_size)) {
        picture_lay(picture);
        picture_load_libraries(picture);
        picture_link(picture);
        if (ours)
            elf_each_symbol(bytes->data, bytes->size, picture_find_descriptor,
                            picture);
        return true;
    }
    picture_close(picture);
    return false;
}

void picture_close(struct picture *picture)
{
    while (picture->handle_count > 0)
        dlclose(picture->handles[--picture->handle_count]);
    if (picture->memory)
        munmap(picture->memory, picture->span);
    names_fini(&picture->exports);
    names_fini(&picture->libraries);
    names_fini(&picture->absent);
    names_fini(&picture->undefined);
    if (picture->copy)
        copy_close(picture->copy);
    memset(picture, 0, sizeof(*picture));
}
