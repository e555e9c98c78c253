/* SPDX-License-Identifier: BSD-3-Clause */
/* Which files are copied and mapped (core/rack/copy.c), and which are refused
 * before any of their code has run. */
#include "core/rack/elf.h"
#include "core/rack/image.h"
#include "tests/unit/rack/modules.h"
#include "tests/unit/suites.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char error[1024];

static void says(const char *part)
{
    ck_assert_msg(strstr(error, part), "'%s' is not in: %s", part, error);
}

static void refused(const char *path, const char *part)
{
    error[0] = '\0';
    ck_assert_ptr_null(image_open(path, error, sizeof(error)));
    says(part);
    ck_assert_ptr_null(getenv("RACK_TEST_STRANGER"));
}

/* The bytes of a module's file. */
static unsigned char *slurp(const char *name, size_t *size)
{
    FILE *file = fopen(module_path(name), "rb");
    unsigned char *bytes;

    ck_assert_ptr_nonnull(file);
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    bytes = malloc(*size);
    ck_assert_uint_eq(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}

static const char *temporary(const void *bytes, size_t size)
{
    static char path[64];
    int fd;

    strcpy(path, "/tmp/rack-image-XXXXXX");
    fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes, size), (ssize_t)size);
    close(fd);
    return path;
}

/* --- Hygiene ------------------------------------------------------------- */

START_TEST(a_module_is_mapped)
{
    struct image *image =
        image_open(module_path("plain"), error, sizeof(error));

    ck_assert_msg(image != NULL, "%s", error);
    ck_assert_uint_eq(image->descriptor->magic, KR_DESCRIPTOR_MAGIC);
    ck_assert_str_eq(image->descriptor->name, "plain");
    image_close(image);
}
END_TEST

START_TEST(an_image_can_be_mapped_in_place)
{
    struct image *image;

    image_in_place(true);
    image = image_open(module_path("plain"), error, sizeof(error));
    ck_assert_msg(image != NULL, "%s", error);
    ck_assert_str_eq(image->name, module_path("plain"));
    image_close(image);
}
END_TEST

START_TEST(what_is_no_regular_file_is_refused)
{
    char directory[] = "/tmp/rack-dir-XXXXXX", pipe[64];

    refused("/nonexistent/module.so", "No such file");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    refused(directory, "not a regular file");
    snprintf(pipe, sizeof(pipe), "%s/pipe", directory);
    ck_assert_int_eq(mkfifo(pipe, 0600), 0);
    refused(pipe, "not a regular file"); /* and does not wait for a writer */
    unlink(pipe);
    rmdir(directory);
}
END_TEST

START_TEST(a_file_that_everybody_may_write_is_refused)
{
    size_t size;
    unsigned char *bytes = slurp("plain", &size);
    const char *path = temporary(bytes, size);

    chmod(path, 0606);
    refused(path, "everybody may write it (mode 606)");
    says("chmod o-w");
    unlink(path);
    free(bytes);
}
END_TEST

START_TEST(another_user_s_file_is_refused)
{
    size_t size;
    unsigned char *bytes = slurp("plain", &size);
    const char *path = temporary(bytes, size);

    if (chown(path, 12345, (gid_t)-1) == 0)
        refused(path, "owned by user 12345");
    else
        ck_assert_int_eq(errno, EPERM); /* only root can make such a file */
    unlink(path);
    free(bytes);
}
END_TEST

START_TEST(only_files_below_allowed_directories_are_mapped)
{
    char directory[] = "/tmp/rack-dir-XXXXXX", inside[128], link[128];
    char command[8300];
    struct image *image;

    ck_assert_ptr_nonnull(mkdtemp(directory));
    ck_assert(!copy_allow_directory("/nonexistent/directory"));
    ck_assert(copy_allow_directory(directory));
    refused(module_path("plain"), "outside of the directories");
    /* A link inside does not help, and a name that only begins alike neither */
    snprintf(link, sizeof(link), "%s/link.so", directory);
    ck_assert_ptr_nonnull(realpath(module_path("plain"), command));
    ck_assert_int_eq(symlink(command, link), 0);
    refused(link, "outside of the directories");
    snprintf(inside, sizeof(inside), "%sx", directory);
    snprintf(command, sizeof(command), "cp '%s' %s", module_path("plain"),
             inside);
    ck_assert_int_eq(system(command), 0);
    refused(inside, "outside of the directories");
    unlink(inside);
    snprintf(inside, sizeof(inside), "%s/inside.so", directory);
    snprintf(command, sizeof(command), "cp '%s' %s", module_path("plain"),
             inside);
    ck_assert_int_eq(system(command), 0);
    image = image_open(inside, error, sizeof(error));
    ck_assert_msg(image != NULL, "%s", error);
    image_close(image);
    unlink(inside);
    unlink(link);
    rmdir(directory);
}
END_TEST

/* --- What is no module --------------------------------------------------- */

START_TEST(no_code_runs_of_what_is_no_module)
{
    refused(module_path("stranger"), "does not export kr_module_descriptor");
    refused(module_path("stranger_redis"), "a module built for Redis");
}
END_TEST

START_TEST(no_code_runs_of_a_wrong_descriptor)
{
    refused(module_path("wrong_magic"), "found magic 0x00000001, expected "
                                        "0x4b52414b");
    refused(module_path("wrong_generation"), "of generation 9, this server "
                                             "speaks 1; use a newer server");
    refused(module_path("wrong_size"), "its descriptor claims 1048576 bytes");
}
END_TEST

START_TEST(a_text_file_is_refused)
{
    static const char text[] = "#!/bin/sh\nexit 1\n";
    const char *path = temporary(text, sizeof(text));

    refused(path, "not a shared object");
    unlink(path);
    path = temporary(text, 0);
    refused(path, "empty");
    unlink(path);
}
END_TEST

/* The header's fields one at a time. */
START_TEST(foreign_headers_are_refused)
{
    static const struct {
        size_t offset;
        unsigned char value;
        const char *said;
    } rows[] = {
        {EI_CLASS, ELFCLASS32, "another machine"},
        {EI_DATA, ELFDATA2MSB, "another machine"},
        {offsetof(ElfW(Ehdr), e_machine), EM_SPARC, "another machine"},
        {offsetof(ElfW(Ehdr), e_type), ET_EXEC, "link it with -shared"},
        {offsetof(ElfW(Ehdr), e_phentsize), 1, "program headers"},
        {offsetof(ElfW(Ehdr), e_phnum), 255, "program headers"},
        {offsetof(ElfW(Ehdr), e_phoff) + 5, 255, "program headers"},
        {offsetof(ElfW(Ehdr), e_shoff) + 5, 255, "section headers"},
    };
    size_t size;
    unsigned char *bytes = slurp("plain", &size);
    unsigned char was = bytes[rows[_i].offset];

    ck_assert_uint_eq(KR_COUNT(rows), 8);
    ck_assert_msg(elf_check("x", bytes, size, error, sizeof(error)), "%s",
                  error);
    bytes[rows[_i].offset] = rows[_i].value;
    ck_assert(!elf_check("x", bytes, size, error, sizeof(error)));
    says(rows[_i].said);
    bytes[rows[_i].offset] = was;
    ck_assert(elf_check("x", bytes, size, error, sizeof(error)));
    free(bytes);
}
END_TEST

START_TEST(a_segment_that_went_missing_or_moved_is_refused)
{
    size_t size;
    unsigned char *bytes = slurp("plain", &size);
    uint32_t tried = 0;
    ElfW(Ehdr) header;

    memcpy(&header, bytes, sizeof(header));
    for (uint32_t i = 0; i < header.e_phnum; i++) {
        unsigned char *at = bytes + header.e_phoff + i * sizeof(ElfW(Phdr));
        ElfW(Phdr) was, changed[4];

        memcpy(&was, at, sizeof(was));
        for (uint32_t j = 0; j < KR_COUNT(changed); j++)
            changed[j] = was;
        changed[0].p_type = 0x70;
        changed[1].p_offset ^= 0x1000;
        changed[2].p_filesz /= 2;
        changed[3].p_flags = PF_R;
        for (uint32_t j = 0; was.p_type == PT_LOAD && j < KR_COUNT(changed);
             j++, tried++) {
            if (j == 3 && was.p_flags == PF_R)
                continue;
            memcpy(at, &changed[j], sizeof(was));
            ck_assert_msg(!elf_check("x", bytes, size, error, sizeof(error)),
                          "segment %u, change %u", i, j);
        }
        memcpy(at, &was, sizeof(was));
    }
    ck_assert_uint_ge(tried, 2);
    ck_assert(elf_check("x", bytes, size, error, sizeof(error)));
    free(bytes);
}
END_TEST

START_TEST(a_cut_file_is_refused_wherever_it_was_cut)
{
    size_t size;
    unsigned char *bytes = slurp("plain", &size);

    for (size_t i = 0; i < size; i++) {
        /* An allocation of its own, so that a byte too far is noticed. */
        unsigned char *cut = malloc(i + 1);

        memcpy(cut, bytes, i);
        error[0] = '\0';
        ck_assert_msg(!elf_check("x", cut, i, error, sizeof(error)),
                      "cut at %zu", i);
        ck_assert_int_ne(error[0], '\0');
        free(cut);
    }
    free(bytes);
}
END_TEST

/* Whatever it answers, it answers: with bounds checked by a sanitizer. */
START_TEST(damaged_bytes_are_judged_without_a_crash)
{
    unsigned seed = (unsigned)time(NULL);
    uint32_t good = 0, bad = 0;
    size_t size;
    unsigned char *bytes = slurp("plain", &size);
    unsigned char *damaged = malloc(size);

    printf("image: seed %u\n", seed);
    for (uint32_t round = 0; round < 20000; round++) {
        uint32_t changes = 1 + (uint32_t)rand_r(&seed) % 4;
        size_t reach = round % 2 ? 4096 : size;

        memcpy(damaged, bytes, size);
        while (changes-- > 0)
            damaged[(size_t)rand_r(&seed) % (reach < size ? reach : size)] =
                (unsigned char)rand_r(&seed);
        if (elf_check("x", damaged, size, error, sizeof(error)))
            good++;
        else
            bad++;
    }
    ck_assert_uint_gt(good, 0);
    ck_assert_uint_gt(bad, 0);
    free(damaged);
    free(bytes);
}
END_TEST

/* --- Extents ------------------------------------------------------------- */

START_TEST(extents_tell_what_an_address_is_good_for)
{
    struct image *image =
        image_open(module_path("plain"), error, sizeof(error));
    const struct kr_descriptor *d;
    static int mine;

    ck_assert_msg(image != NULL, "%s", error);
    d = image->descriptor;
    ck_assert_uint_ge(image_extent(image, d, IMAGE_READ, false), sizeof(*d));
    /* Constants with addresses in them are sealed after relocation. */
    ck_assert_uint_eq(image_extent(image, d, IMAGE_WRITE, false), 0);
    ck_assert_uint_ge(image_extent(image, d->self, IMAGE_WRITE, false),
                      sizeof(void *));
    ck_assert_uint_gt(image_extent(image, (const void *)(uintptr_t)d->create,
                                   IMAGE_CODE, false),
                      0);
    ck_assert_uint_eq(image_extent(image, d, IMAGE_CODE, false), 0);
    ck_assert_uint_eq(image_extent(image, &mine, IMAGE_READ, false), 0);
    ck_assert_uint_ge(image_extent(image, &mine, IMAGE_READ, true),
                      sizeof(mine));
    ck_assert_uint_eq(image_extent(image, NULL, IMAGE_READ, true), 0);
    ck_assert_uint_eq(image_extent(image, error, IMAGE_CODE, true), 0);
    image_close(image);
}
END_TEST

START_TEST(addresses_have_a_name_while_they_are_mapped)
{
    struct image *image =
        image_open(module_path("plain"), error, sizeof(error));
    const struct kr_descriptor *d;

    ck_assert_msg(image != NULL, "%s", error);
    d = image->descriptor;
    ck_assert_ptr_null(image_name_at(d));
    image_list(image, "plain");
    ck_assert_str_eq(image_name_at(d), "plain");
    ck_assert_str_eq(image_name_at((const void *)(uintptr_t)d->create),
                     "plain");
    ck_assert_ptr_null(image_name_at(error));
    image_close(image);
    ck_assert_ptr_null(image_name_at(d));
}
END_TEST

Suite *image_suite(void)
{
    Suite *suite = suite_create("image");
    TCase *files = tcase_create("files");
    TCase *bytes = tcase_create("bytes");

    tcase_add_test(files, a_module_is_mapped);
    tcase_add_test(files, an_image_can_be_mapped_in_place);
    tcase_add_test(files, what_is_no_regular_file_is_refused);
    tcase_add_test(files, a_file_that_everybody_may_write_is_refused);
    tcase_add_test(files, another_user_s_file_is_refused);
    tcase_add_test(files, only_files_below_allowed_directories_are_mapped);
    tcase_add_test(files, no_code_runs_of_what_is_no_module);
    tcase_add_test(files, no_code_runs_of_a_wrong_descriptor);
    tcase_add_test(files, extents_tell_what_an_address_is_good_for);
    tcase_add_test(files, addresses_have_a_name_while_they_are_mapped);
    suite_add_tcase(suite, files);

    tcase_set_timeout(bytes, 60);
    tcase_add_test(bytes, a_text_file_is_refused);
    tcase_add_loop_test(bytes, foreign_headers_are_refused, 0, 8);
    tcase_add_test(bytes, a_segment_that_went_missing_or_moved_is_refused);
    tcase_add_test(bytes, a_cut_file_is_refused_wherever_it_was_cut);
    tcase_add_test(bytes, damaged_bytes_are_judged_without_a_crash);
    suite_add_tcase(suite, bytes);
    return suite;
}
