/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptors that lie: each is the good one with one field changed. */
#include "core/rack/descriptor.h"
#include "tests/unit/suites.h"

#include <kr/kr.h>

#include <stdlib.h>
#include <unistd.h>

static char error[1024];

/* --- The good one -------------------------------------------------------- */

static kr_module *self;
static const void *slot;
static int64_t limit;
static uint16_t type_slot;
static char endless[65536 + 16]; /* no NUL within the bound */

static void run(struct kr_call *call)
{
    (void)call;
}

static kr_status create(kr_module *module, const struct kr_load_args *args,
                        void **state)
{
    (void)module;
    (void)args;
    (void)state;
    return KR_OK;
}

static struct kr_import imports[1];
static struct {
    uint32_t size, reserved;
    void (*run)(struct kr_call *call);
} table;
static struct kr_offer offers[1];
static struct kr_type type;
static const struct kr_type *types[1];
static struct kr_arg parts[1];
static struct kr_arg args[1];
static struct kr_key_spec keys[1];
static struct kr_history history[1];
static const char *tips[1];
static struct kr_command deeper[1];
static struct kr_command subcommands[1];
static struct kr_command commands[2];
static struct kr_word words[1];
static struct kr_param params[1];
static struct kr_descriptor descriptor;

#define ROWS(array) ((struct kr_rows)KR_ROWS(array))

static void make(void)
{
    memset(endless, 'x', sizeof(endless));
    imports[0] = (struct kr_import){"kr.x/1", &slot, 8, 0};
    table.size = sizeof(table);
    table.run = run;
    offers[0] = (struct kr_offer){"test.x/1", &table};
    type =
        (struct kr_type){.size = sizeof(type), .name = "t", .slot = &type_slot};
    types[0] = &type;
    parts[0] = (struct kr_arg){.name = "part"};
    args[0] = (struct kr_arg){.name = "arg", .parts = KR_ROWS(parts)};
    keys[0] = (struct kr_key_spec)KR_KEY(KR_KEY_RO, 1, 0, 1);
    history[0] = (struct kr_history){"1.0.0", "came"};
    tips[0] = "tip";
    subcommands[0] = (struct kr_command){.name = "sub", .run = run, .arity = 2};
    deeper[0] = subcommands[0];
    commands[0] = (struct kr_command){.name = "x.run",
                                      .run = run,
                                      .arity = 1,
                                      .keys = KR_ROWS(keys),
                                      .args = KR_ROWS(args),
                                      .tips = KR_ROWS(tips),
                                      .history = KR_ROWS(history)};
    commands[1] = (struct kr_command){
        .name = "x", .arity = -2, .subcommands = KR_ROWS(subcommands)};
    words[0] = (struct kr_word){"yes", 1};
    params[0] = (struct kr_param){.name = "x.limit",
                                  .type = KR_PARAM_INT,
                                  .slot = &limit,
                                  .initial = "1",
                                  .words = KR_ROWS(words)};
    descriptor = (struct kr_descriptor){.magic = KR_DESCRIPTOR_MAGIC,
                                        .size = sizeof(descriptor),
                                        .generation = KR_GENERATION,
                                        .version = 10000,
                                        .name = "x",
                                        .self = &self,
                                        .imports = KR_ROWS(imports),
                                        .offers = KR_ROWS(offers),
                                        .types = KR_ROWS(types),
                                        .commands = KR_ROWS(commands),
                                        .params = KR_ROWS(params),
                                        .create = create};
}

static bool reads(struct kr_descriptor *out)
{
    struct image image = {.descriptor = &descriptor};

    ck_assert(image_survey(&image, &descriptor));
    error[0] = '\0';
    return descriptor_read(&image, "x.so", out, error, sizeof(error));
}

static void refused(const char *field)
{
    struct kr_descriptor out;

    ck_assert(!reads(&out));
    ck_assert_msg(strncmp(error, "x.so: descriptor: ", 18) == 0, "%s", error);
    ck_assert_msg(strstr(error, field), "'%s' is not in: %s", field, error);
    make();
    ck_assert_msg(reads(&out), "%s", error);
}

#define NOWHERE ((void *)8)

/* --- Cases --------------------------------------------------------------- */

START_TEST(a_good_descriptor_is_read)
{
    struct kr_descriptor out;

    ck_assert_msg(reads(&out), "%s", error);
    ck_assert_int_eq(memcmp(&out, &descriptor, sizeof(out)), 0);
}
END_TEST

/* A host older than the module: the descriptor and its rows are longer. */
START_TEST(a_longer_descriptor_is_read_as_far_as_it_is_known)
{
    static struct {
        struct kr_descriptor known;
        uint64_t more[4];
    } longer;
    static struct {
        struct kr_command known;
        uint64_t more;
    } row = {.more = 1};
    struct image image = {.descriptor = &longer.known};
    struct kr_descriptor out;

    row.known = commands[0];
    longer.known = descriptor;
    longer.known.size = sizeof(longer);
    longer.known.commands = (struct kr_rows){&row, 1, sizeof(row)};
    ck_assert(image_survey(&image, &longer));
    ck_assert_msg(descriptor_read(&image, "x.so", &out, error, sizeof(error)),
                  "%s", error);
    ck_assert_uint_eq(out.commands.stride, sizeof(row));
}
END_TEST

START_TEST(shorter_rows_are_filled_with_zeros)
{
    struct {
        const char *id;
        const void *table;
        uint64_t later;
    } out = {.later = 7};
    struct kr_rows rows = KR_ROWS(offers);

    descriptor_row(&rows, 0, &out, sizeof(out));
    ck_assert_str_eq(out.id, "test.x/1");
    ck_assert_uint_eq(out.later, 0);
}
END_TEST

START_TEST(a_wrong_head_is_refused)
{
    descriptor.magic = 1;
    refused("magic: found 0x00000001");
    descriptor.generation = 2;
    refused("generation: found 2, this server speaks 1");
    descriptor.size = offsetof(struct kr_descriptor, takeover);
    refused("size: found");
    descriptor.size = 1u << 30;
    refused("size: found");
    descriptor.reserved = 1;
    refused("reserved: found 1, expected 0");
}
END_TEST

START_TEST(a_wrong_name_is_refused)
{
    static const char *const names[] = {"",     "two words", "-x",  "9x",
                                        "a\nb", "a/b",       "\xff"};

    for (size_t i = 0; i < KR_COUNT(names); i++) {
        descriptor.name = names[i];
        refused("name: found");
    }
    descriptor.name = NULL;
    refused("name: found NULL");
    descriptor.name = NOWHERE;
    refused("name: found a pointer to nowhere");
    descriptor.name = endless;
    refused("name: found a text without an end");
    descriptor.summary = endless;
    refused("summary: found a text without an end");
}
END_TEST

START_TEST(wrong_functions_are_refused)
{
    descriptor.create = (kr_status(*)(kr_module *, const struct kr_load_args *,
                                      void **))(uintptr_t)&limit;
    refused("create: found");
    descriptor.destroy = (void (*)(kr_module *, void *))(uintptr_t)NOWHERE;
    refused("destroy: found");
    commands[0].run = NULL;
    refused("commands[0].run: found");
    type.free = (void (*)(void *))(uintptr_t)&limit;
    refused("types[0].free: found");
}
END_TEST

START_TEST(slots_that_are_not_the_module_s_are_refused)
{
    void *heap = calloc(1, sizeof(void *));

    descriptor.self = NOWHERE;
    refused("self: found");
    descriptor.self = heap;
    refused("self: found");
    imports[0].slot = NULL;
    refused("imports[0].slot: found");
    imports[0].slot = heap;
    refused("imports[0].slot: found");
    imports[0].slot = (const void **)((char *)&slot + 1);
    refused("imports[0].slot: found");
    /* Constant memory. */
    imports[0].slot = (const void **)(uintptr_t) "constant";
    refused("imports[0].slot: found");
    params[0].slot = heap;
    refused("params[0].slot: found");
    type.slot = heap;
    refused("types[0].slot: found");
    free(heap);
}
END_TEST

START_TEST(wrong_tables_are_refused)
{
    descriptor.imports.rows = NULL;
    refused("imports: found");
    descriptor.imports.rows = NOWHERE;
    refused("imports: found");
    descriptor.commands.count = 1u << 31;
    refused("commands: found 2147483648 rows");
    descriptor.commands.count = 4096;
    descriptor.commands.stride = 4096;
    refused("commands: found"); /* in bounds, but not there */
    descriptor.commands.stride = 8;
    refused("commands: found rows of 8 bytes");
    descriptor.commands.stride = 1u << 31;
    refused("commands: found rows of");
    descriptor.commands.stride++;
    refused("commands: found rows of");
    descriptor.params.stride = 0;
    refused("params: found rows of 0 bytes");
    descriptor.offers.rows = (const char *)offers + 1;
    refused("offers: found");
}
END_TEST

START_TEST(wrong_interfaces_are_refused)
{
    static const char *const ids[] = {"x", "x/", "/1", "x/a", "x /1", "x/1a"};

    for (size_t i = 0; i < KR_COUNT(ids); i++) {
        imports[0].id = ids[i];
        refused("imports[0].id: found");
        offers[0].id = ids[i];
        refused("offers[0].id: found");
    }
    offers[0].table = NULL;
    refused("offers[0].table: found");
    table.size = 4;
    refused("offers[0].table: test.x/1 says that it has 4 bytes");
    table.size = 1u << 31;
    refused("offers[0].table: test.x/1 says");
}
END_TEST

START_TEST(wrong_types_are_refused)
{
    types[0] = NULL;
    refused("types[0].: found");
    type.size = 8;
    refused("types[0].size: found 8");
    type.size = 5000;
    refused("types[0].size: found 5000");
    type.name = NULL;
    refused("types[0].name: found NULL");
    type.name = "";
    refused("types[0].name: found an empty text");
    type.code_count = 1;
    refused("types[0].codes: found");
    type.layout_count = 1000;
    refused("types[0].code_count: found 0 codes and 1000 layouts");
}
END_TEST

START_TEST(wrong_commands_are_refused)
{
    commands[0].name = NULL;
    refused("commands[0].name: found NULL");
    commands[1].arity = 0;
    refused("commands[1].arity: command 'x' of 0 words");
    commands[0].summary = NOWHERE;
    refused("commands[0].summary: found a pointer to nowhere");
    subcommands[0].run = NULL;
    refused("commands[1].subcommands[0].run: found");
    subcommands[0].subcommands = ROWS(deeper);
    refused("commands[1].subcommands[0].subcommands: subcommands of");
    keys[0].begin = KR_BEGIN_KEYWORD;
    refused("commands[0].keys[0].word: found NULL");
    tips[0] = NULL;
    refused("commands[0].tips[0].text: found NULL");
    history[0].text = NOWHERE;
    refused("commands[0].history[0].text: found a pointer to nowhere");
    parts[0].token = NOWHERE;
    refused("commands[0].args[0].parts[0].token: found a pointer to nowhere");
    /* A ring of arguments has no end. */
    parts[0].parts = ROWS(args);
    refused("nested deeper than 16");
}
END_TEST

START_TEST(wrong_parameters_are_refused)
{
    params[0].type = 99;
    refused("params[0].type: found 99");
    params[0].name = NULL;
    refused("params[0].name: found NULL");
    words[0].word = NOWHERE;
    refused("params[0].words[0].word: found a pointer to nowhere");
    params[0].apply = (bool (*)(void *, uint32_t, const struct kr_str *,
                                const char **))(uintptr_t)&limit;
    refused("params[0].apply: found");
}
END_TEST

/* Bytes at random all over it: an answer, whichever, and no crash.  Pointers
 * then lead into the gaps between variables, which is memory that may be read,
 * and which an address sanitizer forbids: not there. */
#ifndef __SANITIZE_ADDRESS__
START_TEST(random_descriptors_are_judged_without_a_crash)
{
    unsigned seed = (unsigned)getpid();
    struct kr_descriptor out;

    printf("descriptor: seed %u\n", seed);
    for (uint32_t round = 0; round < 100000; round++) {
        static unsigned char *const places[] = {
            (unsigned char *)&descriptor, (unsigned char *)commands,
            (unsigned char *)params,      (unsigned char *)&type,
            (unsigned char *)imports,     (unsigned char *)args};
        static const size_t sizes[] = {sizeof(descriptor), sizeof(commands),
                                       sizeof(params),     sizeof(type),
                                       sizeof(imports),    sizeof(args)};
        uint32_t where = round % KR_COUNT(places);

        make();
        for (uint32_t n = 1 + round % 3; n > 0; n--)
            places[where][(size_t)rand_r(&seed) % sizes[where]] =
                (unsigned char)rand_r(&seed);
        (void)reads(&out);
    }
}
END_TEST
#endif

Suite *descriptor_suite(void)
{
    Suite *suite = suite_create("descriptor");
    TCase *tcase = tcase_create("descriptor");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, make, NULL);
    tcase_add_test(tcase, a_good_descriptor_is_read);
    tcase_add_test(tcase, a_longer_descriptor_is_read_as_far_as_it_is_known);
    tcase_add_test(tcase, shorter_rows_are_filled_with_zeros);
    tcase_add_test(tcase, a_wrong_head_is_refused);
    tcase_add_test(tcase, a_wrong_name_is_refused);
    tcase_add_test(tcase, wrong_functions_are_refused);
    tcase_add_test(tcase, slots_that_are_not_the_module_s_are_refused);
    tcase_add_test(tcase, wrong_tables_are_refused);
    tcase_add_test(tcase, wrong_interfaces_are_refused);
    tcase_add_test(tcase, wrong_types_are_refused);
    tcase_add_test(tcase, wrong_commands_are_refused);
    tcase_add_test(tcase, wrong_parameters_are_refused);
#ifndef __SANITIZE_ADDRESS__
    tcase_add_test(tcase, random_descriptors_are_judged_without_a_crash);
#endif
    suite_add_tcase(suite, tcase);
    return suite;
}
