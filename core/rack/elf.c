/* SPDX-License-Identifier: BSD-3-Clause */
/* elf - is this file fit for the dynamic linker?
 *
 * The dynamic linker trusts its input: a damaged file crashes the process that
 * loads it.  So everything that it follows is walked here first, with bounds.
 *
 *   +---------+------------------+-------------------------+- - - - - - -+
 *   | header  | program headers  | segments                | section      |
 *   |         |                  |   .dynamic -> string,   | headers      |
 *   |         |                  |   symbol, hash, version,| (at the end: |
 *   |         |                  |   relocation tables     | a cut file   |
 *   |         |                  |   the descriptor        | lacks them)  |
 *   +---------+------------------+-------------------------+- - - - - - -+
 *
 * Addresses in the tables are those of memory; elf_at() turns one into bytes
 * of the file, or NULL.  Every number is read with memcpy, because hostile
 * offsets are not aligned.
 *
 * What cannot be checked is what the code does: initialisers of a file that
 * passes run when it is mapped.  A file without a descriptor of ours never gets
 * that far. */
#include "core/rack/elf.h"

#include "core/rack/refuse.h"

#include <kr/module.h>

#include <elf.h>
#include <link.h>
#include <unistd.h>

#define ELF_SEGMENTS_MAX 64u
#define ELF_SYMBOLS_MAX  (1u << 22)
#define ELF_SPAN_MAX     (UINT64_C(1) << 32) /* bytes of address space */

#if defined(__x86_64__) && !defined(__ILP32__)
#define ELF_MACHINE   EM_X86_64
#define ELF_RELATIVE  R_X86_64_RELATIVE
#define ELF_IRELATIVE R_X86_64_IRELATIVE
#elif defined(__aarch64__)
#define ELF_MACHINE   EM_AARCH64
#define ELF_RELATIVE  R_AARCH64_RELATIVE
#define ELF_IRELATIVE R_AARCH64_IRELATIVE
#elif defined(__riscv) && __riscv_xlen == 64
#define ELF_MACHINE   EM_RISCV
#define ELF_RELATIVE  R_RISCV_RELATIVE
#define ELF_IRELATIVE 58u
#elif defined(__s390x__)
#define ELF_MACHINE   EM_S390
#define ELF_RELATIVE  R_390_RELATIVE
#define ELF_IRELATIVE R_390_IRELATIVE
#elif defined(__powerpc64__)
#define ELF_MACHINE   EM_PPC64
#define ELF_RELATIVE  R_PPC64_RELATIVE
#define ELF_IRELATIVE R_PPC64_IRELATIVE
#else
#error "elf: say which machine this is, and its two relative relocations"
#endif
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ELF_DATA ELFDATA2LSB
#else
#define ELF_DATA ELFDATA2MSB
#endif

/* The first words of a descriptor; its later ones need relocation. */
struct elf_descriptor {
    uint32_t magic;
    uint32_t size;
    uint32_t generation;
};

struct elf_segment {
    uint64_t address;
    uint64_t memory; /* bytes */
    uint64_t offset;
    uint64_t filled; /* bytes of them that the file has */
    uint32_t flags;  /* PF_ */
};

/* What .dynamic says; 0 where it does not.  `seen` tells these apart. */
struct elf_dynamic {
    uint64_t seen; /* ELF_BIT() of each member that it says */
    uint64_t strings, strings_size;
    uint64_t symbols, symbol_size;
    uint64_t hash, gnu_hash;
    uint64_t rela, rela_size, rela_entry;
    uint64_t rel, relr, relr_size;
    uint64_t jump, jump_size, jump_kind;
    uint64_t init, fini;
    uint64_t init_array, init_array_size;
    uint64_t fini_array, fini_array_size;
    uint64_t versions, needed, needed_count, defined, defined_count;
    uint64_t text_relocations, flags, rela_count;
};
#define ELF_BIT(member)                                                        \
    (UINT64_C(1) << offsetof(struct elf_dynamic, member) / sizeof(uint64_t))

struct elf {
    const char *path;
    const unsigned char *bytes;
    size_t size;
    char *error;
    size_t error_size;
    uint32_t segment_count;
    struct elf_segment segments[ELF_SEGMENTS_MAX];
    uint64_t dynamic_address, dynamic_size;
    struct elf_dynamic dynamic;
    uint64_t symbol_count;
    uint32_t version_max; /* the highest index that a version table gives */
};

#define elf_refuse(elf, format, ...)                                           \
    refuse((elf)->error, (elf)->error_size, "%s: " format, (elf)->path,        \
           __VA_ARGS__)
#define elf_damaged(elf, what)                                                 \
    elf_refuse(elf, "damaged: %s; build or copy the file again", what)

/* --- Looking things up, with bounds -------------------------------------- */

/* `count` items of `each` bytes at file offset `offset`, or NULL. */
static const void *elf_bytes(const struct elf *elf, uint64_t offset,
                             uint64_t count, uint64_t each)
{
    uint64_t bytes;

    if (__builtin_mul_overflow(count, each, &bytes) || offset > elf->size ||
        bytes > elf->size - offset)
        return NULL;
    return elf->bytes + offset;
}

/* The same at a memory address, within what one segment has in the file. */
static const void *elf_at(const struct elf *elf, uint64_t address,
                          uint64_t count, uint64_t each)
{
    uint64_t bytes;

    if (__builtin_mul_overflow(count, each, &bytes))
        return NULL;
    for (uint32_t i = 0; i < elf->segment_count; i++) {
        const struct elf_segment *s = &elf->segments[i];

        if (address >= s->address && address - s->address <= s->filled &&
            bytes <= s->filled - (address - s->address))
            return elf->bytes + s->offset + (address - s->address);
    }
    return NULL;
}

/* Are `bytes` at `address` in one segment that has all of `flags`? */
static bool elf_in_memory(const struct elf *elf, uint64_t address,
                          uint64_t bytes, uint32_t flags)
{
    for (uint32_t i = 0; i < elf->segment_count; i++) {
        const struct elf_segment *s = &elf->segments[i];

        if ((s->flags & flags) == flags && address >= s->address &&
            address - s->address <= s->memory &&
            bytes <= s->memory - (address - s->address))
            return true;
    }
    return false;
}

/* The string at `offset` of the string table, which ends in NUL. */
static const char *elf_string(const struct elf *elf, uint64_t offset)
{
    if (offset >= elf->dynamic.strings_size)
        return NULL;
    return (const char *)elf_at(elf, elf->dynamic.strings, 1,
                                elf->dynamic.strings_size) +
           offset;
}

static uint32_t elf_word(const void *at)
{
    uint32_t word;

    memcpy(&word, at, sizeof(word));
    return word;
}

/* --- The headers --------------------------------------------------------- */

static bool elf_check_header(struct elf *elf, ElfW(Ehdr) * header)
{
    if (elf->size < sizeof(*header) || memcmp(elf->bytes, ELFMAG, SELFMAG) != 0)
        return elf_refuse(elf,
                          "not a shared object (%zu bytes, no ELF header); "
                          "give the path of a module's .so file",
                          elf->size);
    memcpy(header, elf->bytes, sizeof(*header));
    if (header->e_ident[EI_CLASS] !=
            (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) ||
        header->e_ident[EI_DATA] != ELF_DATA ||
        header->e_machine != ELF_MACHINE)
        return elf_refuse(elf,
                          "built for another machine: found ELF class %u, data "
                          "%u, machine %u, expected %u, %u, %u; build it for "
                          "this one",
                          header->e_ident[EI_CLASS], header->e_ident[EI_DATA],
                          header->e_machine,
                          sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32,
                          ELF_DATA, ELF_MACHINE);
    if (header->e_type != ET_DYN)
        return elf_refuse(elf,
                          "not a shared object: found ELF type %u, expected %u;"
                          " link it with -shared",
                          header->e_type, ET_DYN);
    if (header->e_version != EV_CURRENT ||
        header->e_phentsize != sizeof(ElfW(Phdr)) || header->e_phnum == 0 ||
        header->e_phnum > ELF_SEGMENTS_MAX ||
        !elf_bytes(elf, header->e_phoff, header->e_phnum, sizeof(ElfW(Phdr))))
        return elf_damaged(elf, "the program headers are not inside it");
    /* Nothing here needs sections, but their table stands at the end: a file
     * that was cut short is known by it. */
    if (header->e_shoff != 0 &&
        (header->e_shentsize != sizeof(ElfW(Shdr)) ||
         !elf_bytes(elf, header->e_shoff, header->e_shnum, sizeof(ElfW(Shdr)))))
        return elf_damaged(elf, "the section headers are not inside it (was it "
                                "cut short?)");
    return true;
}

static bool elf_add_segment(struct elf *elf, const ElfW(Phdr) * program)
{
    struct elf_segment *s = &elf->segments[elf->segment_count];
    const struct elf_segment *before = elf->segment_count ? s - 1 : NULL;
    uint64_t end;

    if (program->p_memsz < program->p_filesz ||
        __builtin_add_overflow(program->p_vaddr, program->p_memsz, &end) ||
        (program->p_align & (program->p_align - 1)) != 0 ||
        (program->p_align > 1 &&
         (program->p_vaddr - program->p_offset) % program->p_align != 0))
        return elf_damaged(elf, "a segment does not fit its memory");
    if (before && program->p_vaddr < before->address + before->memory)
        return elf_damaged(elf, "segments overlap");
    *s = (struct elf_segment){program->p_vaddr, program->p_memsz,
                              program->p_offset, program->p_filesz,
                              program->p_flags};
    elf->segment_count++;
    if (end - elf->segments[0].address > ELF_SPAN_MAX)
        return elf_damaged(elf, "it claims more than 4 GiB of addresses");
    return true;
}

/* Is that memory of one writable segment?  Whole pages are protected, so the
 * end may be rounded up to one. */
static bool elf_may_seal(const struct elf *elf, uint64_t address,
                         uint64_t bytes)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

    for (uint32_t i = 0; i < elf->segment_count; i++) {
        const struct elf_segment *s = &elf->segments[i];
        uint64_t end = (s->address + s->memory + page - 1) & ~(page - 1);

        if ((s->flags & PF_W) && address >= s->address && address <= end &&
            bytes <= end - address)
            return true;
    }
    return false;
}

static bool elf_check_segments(struct elf *elf, const ElfW(Ehdr) * header)
{
    for (uint32_t i = 0; i < header->e_phnum; i++) {
        ElfW(Phdr) program;

        memcpy(&program, elf->bytes + header->e_phoff + i * sizeof(program),
               sizeof(program));
        if (program.p_filesz != 0 &&
            !elf_bytes(elf, program.p_offset, 1, program.p_filesz))
            return elf_damaged(elf, "a segment is not inside it (was it cut "
                                    "short?)");
        if (program.p_type == PT_LOAD && !elf_add_segment(elf, &program))
            return false;
        if (program.p_type == PT_GNU_STACK && (program.p_flags & PF_X))
            return elf_refuse(elf, "%s",
                              "it wants an executable stack; link it with "
                              "-z noexecstack");
        if (program.p_type == PT_TLS &&
            (program.p_memsz < program.p_filesz ||
             (program.p_align & (program.p_align - 1)) != 0))
            return elf_damaged(elf, "its thread-local data do not fit");
        if (program.p_type == PT_DYNAMIC) {
            elf->dynamic_address = program.p_vaddr;
            elf->dynamic_size = program.p_filesz;
        }
    }
    for (uint32_t i = 0; i < header->e_phnum; i++) {
        ElfW(Phdr) program;

        memcpy(&program, elf->bytes + header->e_phoff + i * sizeof(program),
               sizeof(program));
        if (program.p_type == PT_GNU_RELRO && program.p_memsz != 0 &&
            !elf_may_seal(elf, program.p_vaddr, program.p_memsz))
            return elf_damaged(elf, "what it wants protected is not its own");
        if ((program.p_type == PT_TLS || program.p_type == PT_DYNAMIC ||
             program.p_type == PT_PHDR || program.p_type == PT_NOTE ||
             program.p_type == PT_GNU_PROPERTY) &&
            program.p_memsz != 0 &&
            !elf_in_memory(elf, program.p_vaddr, program.p_filesz, PF_R))
            return elf_damaged(elf, "a part is outside of all segments");
    }
    if (elf->segment_count == 0 || elf->dynamic_size == 0)
        return elf_damaged(elf, "it has no segments, or no dynamic section");
    return true;
}

/* The linker does not look at sections, but a linker wrote both tables: what
 * one says of the bytes in memory, the other must say as well.  So a changed
 * program header is found even where nothing else would miss what it held. */
static bool elf_check_sections(struct elf *elf, const ElfW(Ehdr) * header)
{
    for (uint32_t i = 0; header->e_shoff != 0 && i < header->e_shnum; i++) {
        ElfW(Shdr) section;
        uint32_t flags = PF_R;
        const void *bytes;

        memcpy(&section, elf->bytes + header->e_shoff + i * sizeof(section),
               sizeof(section));
        if (!(section.sh_flags & SHF_ALLOC) || section.sh_size == 0 ||
            section.sh_type == SHT_NOBITS)
            continue;
        flags |= section.sh_flags & SHF_WRITE ? PF_W : 0;
        flags |= section.sh_flags & SHF_EXECINSTR ? PF_X : 0;
        bytes = elf_at(elf, section.sh_addr, 1, section.sh_size);
        if (!bytes ||
            bytes != elf_bytes(elf, section.sh_offset, 1, section.sh_size) ||
            !elf_in_memory(elf, section.sh_addr, section.sh_size, flags))
            return elf_damaged(elf, "its segments and its sections disagree");
    }
    return true;
}

/* --- .dynamic ------------------------------------------------------------ */

static void elf_take(struct elf_dynamic *d, int64_t tag, uint64_t value)
{
    switch (tag) {
#define ELF_TAG(name, member)                                                  \
    case name:                                                                 \
        d->member = value;                                                     \
        d->seen |= ELF_BIT(member);                                            \
        break
        ELF_TAG(DT_STRTAB, strings);
        ELF_TAG(DT_STRSZ, strings_size);
        ELF_TAG(DT_SYMTAB, symbols);
        ELF_TAG(DT_SYMENT, symbol_size);
        ELF_TAG(DT_HASH, hash);
        ELF_TAG(DT_GNU_HASH, gnu_hash);
        ELF_TAG(DT_RELA, rela);
        ELF_TAG(DT_RELASZ, rela_size);
        ELF_TAG(DT_RELAENT, rela_entry);
        ELF_TAG(DT_REL, rel);
        ELF_TAG(36, relr);      /* DT_RELR, which older headers lack */
        ELF_TAG(35, relr_size); /* DT_RELRSZ */
        ELF_TAG(DT_JMPREL, jump);
        ELF_TAG(DT_PLTRELSZ, jump_size);
        ELF_TAG(DT_PLTREL, jump_kind);
        ELF_TAG(DT_INIT, init);
        ELF_TAG(DT_FINI, fini);
        ELF_TAG(DT_INIT_ARRAY, init_array);
        ELF_TAG(DT_INIT_ARRAYSZ, init_array_size);
        ELF_TAG(DT_FINI_ARRAY, fini_array);
        ELF_TAG(DT_FINI_ARRAYSZ, fini_array_size);
        ELF_TAG(DT_VERSYM, versions);
        ELF_TAG(DT_VERNEED, needed);
        ELF_TAG(DT_VERNEEDNUM, needed_count);
        ELF_TAG(DT_VERDEF, defined);
        ELF_TAG(DT_VERDEFNUM, defined_count);
        ELF_TAG(DT_FLAGS, flags);
        ELF_TAG(DT_RELACOUNT, rela_count);
    case DT_TEXTREL:
        d->text_relocations = 1;
        break;
#undef ELF_TAG
    default:
        break;
    }
}

/* The entry `i`, or false at the end of the table. */
static bool elf_dynamic_entry(const struct elf *elf, uint64_t i,
                              ElfW(Dyn) * entry)
{
    const char *table = elf_at(elf, elf->dynamic_address, 1, elf->dynamic_size);

    if (!table || i >= elf->dynamic_size / sizeof(*entry))
        return false;
    memcpy(entry, table + i * sizeof(*entry), sizeof(*entry));
    return true;
}

/* The linker takes it for granted that these come together. */
static bool elf_is_complete(const struct elf_dynamic *d)
{
    static const uint64_t groups[] = {
        ELF_BIT(strings) | ELF_BIT(strings_size) | ELF_BIT(symbols) |
            ELF_BIT(symbol_size),
        ELF_BIT(rela) | ELF_BIT(rela_size) | ELF_BIT(rela_entry),
        ELF_BIT(relr) | ELF_BIT(relr_size),
        ELF_BIT(jump) | ELF_BIT(jump_size) | ELF_BIT(jump_kind),
        ELF_BIT(init_array) | ELF_BIT(init_array_size),
        ELF_BIT(fini_array) | ELF_BIT(fini_array_size),
        ELF_BIT(needed) | ELF_BIT(needed_count),
        ELF_BIT(defined) | ELF_BIT(defined_count),
    };

    for (size_t i = 0; i < KR_COUNT(groups); i++) {
        if ((d->seen & groups[i]) != 0 && (d->seen & groups[i]) != groups[i])
            return false;
    }
    return (d->seen & groups[0]) != 0 &&
           ((d->seen & (ELF_BIT(needed) | ELF_BIT(defined))) == 0 ||
            (d->seen & ELF_BIT(versions)) != 0);
}

static bool elf_check_dynamic(struct elf *elf)
{
    struct elf_dynamic *d = &elf->dynamic;
    const char *strings;
    ElfW(Dyn) entry;
    uint64_t i = 0;

    for (;; i++) {
        if (!elf_dynamic_entry(elf, i, &entry))
            return elf_damaged(elf, "its dynamic section has no end");
        if (entry.d_tag == DT_NULL)
            break;
        elf_take(d, (int64_t)entry.d_tag, entry.d_un.d_val);
    }
    if (!elf_is_complete(d))
        return elf_damaged(elf, "its dynamic section lacks entries");
    strings = elf_at(elf, d->strings, 1, d->strings_size);
    if (!strings || d->strings_size == 0 ||
        strings[d->strings_size - 1] != '\0')
        return elf_damaged(elf, "its string table");
    while (i-- > 0) {
        elf_dynamic_entry(elf, i, &entry);
        if ((entry.d_tag == DT_NEEDED || entry.d_tag == DT_SONAME ||
             entry.d_tag == DT_RPATH || entry.d_tag == DT_RUNPATH ||
             entry.d_tag == DT_FILTER || entry.d_tag == DT_AUXILIARY) &&
            !elf_string(elf, entry.d_un.d_val))
            return elf_damaged(elf, "a name in its dynamic section");
    }
    if (d->symbol_size != sizeof(ElfW(Sym)) || d->rel != 0 ||
        (d->rela != 0 && d->rela_entry != sizeof(ElfW(Rela))) ||
        (d->jump != 0 && d->jump_kind != DT_RELA))
        return elf_damaged(elf, "tables of an unknown form");
    if (d->text_relocations || (d->flags & DF_TEXTREL))
        return elf_refuse(elf, "%s",
                          "it wants its code to be written to; compile it with "
                          "-fPIC");
    if ((d->init && !elf_in_memory(elf, d->init, 1, PF_X)) ||
        (d->fini && !elf_in_memory(elf, d->fini, 1, PF_X)) ||
        !elf_in_memory(elf,
                       d->init_array ? d->init_array : elf->dynamic_address,
                       d->init_array_size, PF_R) ||
        !elf_in_memory(elf,
                       d->fini_array ? d->fini_array : elf->dynamic_address,
                       d->fini_array_size, PF_R) ||
        d->init_array_size % sizeof(void *) != 0 ||
        d->fini_array_size % sizeof(void *) != 0)
        return elf_damaged(elf, "its initialisers are outside of it");
    return true;
}

/* --- Symbols ------------------------------------------------------------- */

/* How many symbols a GNU hash table covers.  Layout: bucket count, index of the
 * first symbol, bloom words, shift, bloom[], buckets[], chains[]; a chain ends
 * at an odd word. */
static bool elf_count_gnu(const struct elf *elf, uint64_t *count)
{
    const unsigned char *head = elf_at(elf, elf->dynamic.gnu_hash, 4, 4);
    uint32_t buckets, first, bloom, last = 0;
    const unsigned char *bucket;
    uint64_t at, chains;

    if (!head)
        return false;
    buckets = elf_word(head);
    first = elf_word(head + 4);
    bloom = elf_word(head + 8);
    /* The linker masks by bloom - 1 and divides by buckets. */
    if (buckets == 0 || bloom == 0 || (bloom & (bloom - 1)) != 0 ||
        elf_word(head + 12) >= 64 ||
        !elf_at(elf, elf->dynamic.gnu_hash + 16, bloom, sizeof(ElfW(Addr))))
        return false;
    at = elf->dynamic.gnu_hash + 16 + (uint64_t)bloom * sizeof(ElfW(Addr));
    bucket = elf_at(elf, at, buckets, 4);
    if (!bucket)
        return false;
    chains = at + (uint64_t)buckets * 4;
    for (uint32_t i = 0; i < buckets; i++) {
        uint32_t start = elf_word(bucket + (size_t)i * 4);

        if (start != 0 && start < first)
            return false;
        if (start > last)
            last = start;
    }
    *count = first;
    /* Chains stand in the order of their symbols, so the highest start leads
     * to the end of them all. */
    for (uint64_t i = last; last != 0; i++) {
        const void *chain = elf_at(elf, chains + (i - first) * 4, 1, 4);

        if (!chain || i > ELF_SYMBOLS_MAX)
            return false;
        if (elf_word(chain) & 1) {
            *count = i + 1;
            break;
        }
    }
    return true;
}

/* The old form: bucket count, chain count (one per symbol), both arrays.  A
 * chain's next is an index; a ring of them would hang the linker. */
static bool elf_count_hash(const struct elf *elf, uint64_t *count)
{
    const unsigned char *head = elf_at(elf, elf->dynamic.hash, 2, 4);
    const unsigned char *words;
    uint32_t buckets, chains;

    if (!head)
        return false;
    buckets = elf_word(head);
    chains = elf_word(head + 4);
    words = elf_at(elf, elf->dynamic.hash + 8, (uint64_t)buckets + chains, 4);
    if (!words || buckets == 0 || chains > ELF_SYMBOLS_MAX)
        return false;
    for (uint32_t i = 0; i < buckets; i++) {
        uint32_t at = elf_word(words + (size_t)i * 4);
        uint32_t steps = 0;

        for (; at != 0 && steps <= chains; steps++) {
            if (at >= chains)
                return false;
            at = elf_word(words + ((size_t)buckets + at) * 4);
        }
        if (at != 0)
            return false;
    }
    *count = chains;
    return true;
}

static bool elf_check_symbols(struct elf *elf)
{
    const struct elf_dynamic *d = &elf->dynamic;
    const unsigned char *symbols;
    uint64_t by_gnu = 0, by_hash = 0;

    if ((!d->gnu_hash && !d->hash) ||
        (d->gnu_hash && !elf_count_gnu(elf, &by_gnu)) ||
        (d->hash && !elf_count_hash(elf, &by_hash)))
        return elf_damaged(elf, "its symbol hash table");
    elf->symbol_count = by_gnu > by_hash ? by_gnu : by_hash;
    symbols = elf_at(elf, d->symbols, elf->symbol_count, sizeof(ElfW(Sym)));
    if (!symbols)
        return elf_damaged(elf, "its symbol table");
    for (uint64_t i = 0; i < elf->symbol_count; i++) {
        ElfW(Sym) symbol;

        memcpy(&symbol, symbols + i * sizeof(symbol), sizeof(symbol));
        if (!elf_string(elf, symbol.st_name))
            return elf_damaged(elf, "a symbol's name");
        /* The linker calls an indirect function to learn its address. */
        if (ELF64_ST_TYPE(symbol.st_info) == STT_GNU_IFUNC &&
            symbol.st_shndx != SHN_UNDEF &&
            !elf_in_memory(elf, symbol.st_value, 1, PF_X))
            return elf_damaged(elf, "an indirect function");
    }
    return true;
}

/* The exported symbol called `name`; false: there is none. */
static bool elf_find(const struct elf *elf, const char *name,
                     ElfW(Sym) * symbol)
{
    const unsigned char *symbols =
        elf_at(elf, elf->dynamic.symbols, elf->symbol_count, sizeof(ElfW(Sym)));

    for (uint64_t i = 0; i < elf->symbol_count; i++) {
        memcpy(symbol, symbols + i * sizeof(*symbol), sizeof(*symbol));
        if (symbol->st_shndx != SHN_UNDEF &&
            strcmp(elf_string(elf, symbol->st_name), name) == 0)
            return true;
    }
    return false;
}

/* --- Symbol versions ----------------------------------------------------- */

static bool elf_check_needed(struct elf *elf)
{
    uint64_t at = elf->dynamic.needed;

    for (uint64_t i = 0; at != 0 && i < elf->dynamic.needed_count; i++) {
        const void *bytes = elf_at(elf, at, 1, sizeof(ElfW(Verneed)));
        ElfW(Verneed) need;
        uint64_t aux;

        if (!bytes)
            return false;
        memcpy(&need, bytes, sizeof(need));
        if (!elf_string(elf, need.vn_file))
            return false;
        aux = at + need.vn_aux;
        for (uint32_t j = 0;; j++) {
            ElfW(Vernaux) version;

            bytes = elf_at(elf, aux, 1, sizeof(version));
            if (!bytes || j == need.vn_cnt)
                return false; /* the linker looks at vna_next only */
            memcpy(&version, bytes, sizeof(version));
            if (!elf_string(elf, version.vna_name))
                return false;
            if ((version.vna_other & 0x7fff) > elf->version_max)
                elf->version_max = version.vna_other & 0x7fff;
            if (version.vna_next == 0)
                break;
            aux += version.vna_next;
        }
        if (need.vn_next == 0)
            return true;
        at += need.vn_next;
    }
    /* More entries than were announced: the linker would follow them. */
    return at == 0;
}

static bool elf_check_defined(struct elf *elf)
{
    uint64_t at = elf->dynamic.defined;

    for (uint64_t i = 0; at != 0 && i < elf->dynamic.defined_count; i++) {
        const void *bytes = elf_at(elf, at, 1, sizeof(ElfW(Verdef)));
        ElfW(Verdef) define;
        ElfW(Verdaux) name;

        if (!bytes)
            return false;
        memcpy(&define, bytes, sizeof(define));
        bytes = elf_at(elf, at + define.vd_aux, 1, sizeof(name));
        if (!bytes)
            return false;
        memcpy(&name, bytes, sizeof(name));
        if (!elf_string(elf, name.vda_name))
            return false;
        if ((define.vd_ndx & 0x7fff) > elf->version_max)
            elf->version_max = define.vd_ndx & 0x7fff;
        if (define.vd_next == 0)
            return true;
        at += define.vd_next;
    }
    return at == 0;
}

/* Each symbol's version is an index; 0 and 1 stand for none. */
static bool elf_check_versions(const struct elf *elf)
{
    const unsigned char *rows =
        elf_at(elf, elf->dynamic.versions, elf->symbol_count, 2);

    if (!elf->dynamic.versions)
        return true;
    for (uint64_t i = 0; rows && i < elf->symbol_count; i++) {
        uint16_t version;

        memcpy(&version, rows + 2 * i, sizeof(version));
        if ((version & 0x7fff) > 1 && (version & 0x7fff) > elf->version_max)
            return false;
    }
    return rows != NULL;
}

/* --- Relocations --------------------------------------------------------- */

/* Will the linker call the function whose address it writes at `offset`? */
static bool elf_is_initialiser(const struct elf *elf, uint64_t offset)
{
    const struct elf_dynamic *d = &elf->dynamic;

    return offset - d->init_array < d->init_array_size ||
           offset - d->fini_array < d->fini_array_size;
}

static bool elf_check_relocations(const struct elf *elf, uint64_t table,
                                  uint64_t bytes)
{
    const unsigned char *rows = elf_at(elf, table, 1, bytes);
    uint64_t count = bytes / sizeof(ElfW(Rela));

    if (table == 0)
        return bytes == 0;
    if (!rows || bytes % sizeof(ElfW(Rela)) != 0)
        return false;
    for (uint64_t i = 0; i < count; i++) {
        ElfW(Rela) row;
        uint32_t type;

        memcpy(&row, rows + i * sizeof(row), sizeof(row));
        type = (uint32_t)ELF64_R_TYPE(row.r_info);
        if (ELF64_R_SYM(row.r_info) >= elf->symbol_count &&
            ELF64_R_SYM(row.r_info) != 0)
            return false;
        /* Type 0 is "none" on every machine; but the first rows are taken for
         * relative ones, whatever they say. */
        if (type == 0 && i >= elf->dynamic.rela_count)
            continue;
        if (!elf_in_memory(elf, row.r_offset, sizeof(ElfW(Addr)), PF_W))
            return false;
        if ((type == ELF_IRELATIVE ||
             (type == ELF_RELATIVE && elf_is_initialiser(elf, row.r_offset))) &&
            !elf_in_memory(elf, (uint64_t)row.r_addend, 1, PF_X))
            return false;
    }
    return true;
}

/* The packed form: an even word is an address, an odd one says by its bits
 * which of the 63 words that follow are relocated. */
static bool elf_check_packed(const struct elf *elf)
{
    const unsigned char *rows =
        elf_at(elf, elf->dynamic.relr, 1, elf->dynamic.relr_size);
    uint64_t at = 0;

    if (elf->dynamic.relr == 0)
        return elf->dynamic.relr_size == 0;
    if (!rows || elf->dynamic.relr_size % sizeof(ElfW(Addr)) != 0)
        return false;
    for (uint64_t i = 0; i < elf->dynamic.relr_size / sizeof(ElfW(Addr)); i++) {
        ElfW(Addr) word;

        memcpy(&word, rows + i * sizeof(word), sizeof(word));
        if ((word & 1) == 0) {
            if (!elf_in_memory(elf, word, sizeof(word), PF_W))
                return false;
            at = word + sizeof(word);
            continue;
        }
        for (uint32_t bit = 1; bit < 8 * sizeof(word); bit++) {
            if ((word >> bit & 1) &&
                !elf_in_memory(elf, at + (bit - 1) * sizeof(word), sizeof(word),
                               PF_W))
                return false;
        }
        at += (8 * sizeof(word) - 1) * sizeof(word);
    }
    return true;
}

/* --- The descriptor ------------------------------------------------------ */

static bool elf_check_descriptor(const struct elf *elf)
{
    struct elf_descriptor found;
    ElfW(Sym) symbol;
    const void *bytes;

    if (!elf_find(elf, KR_DESCRIPTOR_NAME, &symbol)) {
        if (elf_find(elf, "RedisModule_OnLoad", &symbol) ||
            elf_find(elf, "ValkeyModule_OnLoad", &symbol))
            return elf_refuse(
                elf, "%s",
                "a module built for Redis: found RedisModule_OnLoad"
                ", expected " KR_DESCRIPTOR_NAME
                "; load a module that runs such modules first");
        return elf_refuse(elf, "%s",
                          "not a module: it does not export " KR_DESCRIPTOR_NAME
                          "; declare it by KR_MODULE() and build it with that "
                          "symbol visible");
    }
    bytes = elf_at(elf, symbol.st_value, 1, sizeof(found));
    if (!bytes)
        return elf_damaged(elf, "its descriptor is outside of it");
    memcpy(&found, bytes, sizeof(found));
    if (found.magic != KR_DESCRIPTOR_MAGIC)
        return elf_refuse(elf,
                          "not a module descriptor: found magic 0x%08x, "
                          "expected 0x%08x; declare it by KR_MODULE()",
                          found.magic, KR_DESCRIPTOR_MAGIC);
    if (found.generation != KR_GENERATION)
        return elf_refuse(elf, "of generation %u, this server speaks %u; %s",
                          found.generation, KR_GENERATION,
                          found.generation > KR_GENERATION
                              ? "use a newer server, or a module built for "
                                "this one"
                              : "build the module against this server's "
                                "headers");
    if (!elf_in_memory(elf, symbol.st_value, found.size, PF_R))
        return elf_refuse(elf,
                          "its descriptor claims %u bytes, more than there "
                          "are; build the module again",
                          found.size);
    return true;
}

/* A file that is not ours: all that is known of it is a name. */
static bool elf_check_symbol(const struct elf *elf, const char *name)
{
    ElfW(Sym) symbol;

    if (elf_find(elf, name, &symbol))
        return true;
    return elf_refuse(elf, "it does not export %s", name);
}

/* All that must hold before a table of it can be read. */
static bool elf_open(struct elf *elf)
{
    ElfW(Ehdr) header;

    return elf_check_header(elf, &header) && elf_check_segments(elf, &header) &&
           elf_check_sections(elf, &header) && elf_check_dynamic(elf) &&
           elf_check_symbols(elf);
}

/* `symbol` NULL: a module of ours.  An export comes before the relocations:
 * without any the hash table does not tell how many symbols there are for these
 * to refer to. */
static bool elf_check_all(struct elf *elf, const char *symbol)
{
    if (!elf_open(elf) ||
        !(symbol ? elf_check_symbol(elf, symbol) : elf_check_descriptor(elf)))
        return false;
    if (!elf_check_needed(elf) || !elf_check_defined(elf) ||
        !elf_check_versions(elf))
        return elf_damaged(elf, "its version tables");
    if (!elf_check_relocations(elf, elf->dynamic.rela,
                               elf->dynamic.rela_size) ||
        !elf_check_relocations(elf, elf->dynamic.jump,
                               elf->dynamic.jump_size) ||
        !elf_check_packed(elf))
        return elf_damaged(elf, "its relocations");
    return true;
}

bool elf_check(const char *path, const void *bytes, size_t size, char *error,
               size_t error_size)
{
    struct elf elf = {.path = path,
                      .bytes = bytes,
                      .size = size,
                      .error = error,
                      .error_size = error_size};

    return elf_check_all(&elf, NULL);
}

bool elf_check_for(const char *path, const void *bytes, size_t size,
                   const char *symbol, char *error, size_t error_size)
{
    struct elf elf = {.path = path,
                      .bytes = bytes,
                      .size = size,
                      .error = error,
                      .error_size = error_size};

    return elf_check_all(&elf, symbol);
}

bool elf_exports(const void *bytes, size_t size, const char *symbol)
{
    struct elf elf = {.path = "", .bytes = bytes, .size = size};
    ElfW(Sym) found;

    return elf_open(&elf) && elf_find(&elf, symbol, &found);
}

void elf_each_symbol(const void *bytes, size_t size,
                     void (*each)(void *ctx, const struct elf_symbol *symbol),
                     void *ctx)
{
    struct elf elf = {.path = "", .bytes = bytes, .size = size};
    const unsigned char *rows;

    if (!elf_open(&elf))
        return;
    rows =
        elf_at(&elf, elf.dynamic.symbols, elf.symbol_count, sizeof(ElfW(Sym)));
    for (uint32_t i = 1; i < elf.symbol_count; i++) {
        ElfW(Sym) row;
        struct elf_symbol symbol;

        memcpy(&row, rows + i * sizeof(row), sizeof(row));
        symbol = (struct elf_symbol){
            .name = elf_string(&elf, row.st_name),
            .value = row.st_value,
            .index = i,
            .defined = row.st_shndx != SHN_UNDEF,
            .weak = ELF64_ST_BIND(row.st_info) == STB_WEAK,
            .absolute = row.st_shndx == SHN_ABS,
        };
        each(ctx, &symbol);
    }
}

bool elf_is_relative(uint32_t type)
{
    return type == ELF_RELATIVE || type == ELF_IRELATIVE;
}
