/* SPDX-License-Identifier: BSD-3-Clause */
/* Files in formats that are not ours: who is asked, in which order things come
 * and go, and what is left when it fails. */
#include "core/config/config.h"
#include "core/dispatch/command.h"
#include "core/event/event.h"
#include "core/module/memory_interface.h"
#include "core/rack/loader.h"
#include "tests/unit/rack/modules.h"
#include "tests/unit/suites.h"

#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

static char error[1024];
static char directory[64];
static char told[512];
static unsigned changes; /* of the commands */

/* --- Files and loading --------------------------------------------------- */

static void note(void *ctx, const void *payload)
{
    const struct kr_name_event *event = payload;

    strcat(told, ctx);
    strncat(told, event->name.data, event->name.size);
    strcat(told, " ");
}

static void count_change(void *ctx, const void *payload)
{
    (void)ctx;
    (void)payload;
    changes++;
}

static void setup(void)
{
    static char log[96];

    strcpy(directory, "/tmp/rack-loader-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(log, sizeof(log), "%s/life", directory);
    setenv("RACK_TEST_LOG", log, 1);
    told[0] = '\0';
    changes = 0;
    rack_offer("kr.commands/1", &command_interface);
    rack_offer("kr.config/1", &config_interface);
    rack_offer("kr.loaders/1", &loader_interface);
    rack_offer("kr.memory/1", &memory_interface);
    rack_offer("kr.modules/1", &rack_interface);
    rack_on_forget(event_forget);
    event_listen(EVENT_MODULE_LOADED, note, "+");
    event_listen(EVENT_MODULE_UNLOADED, note, "-");
    event_listen(EVENT_COMMAND_CHANGED, count_change, NULL);
}

static void teardown(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -r %s", directory);
    ck_assert_int_eq(system(command), 0);
}

/* A file in the directory; the path is the caller's to free. */
static char *file(const char *name, const char *text)
{
    char path[128];
    FILE *out;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    fclose(out);
    chmod(path, 0600);
    return strdup(path);
}

static bool load_path(const char *path)
{
    struct rack_request request = {.path = path};

    error[0] = '\0';
    return rack_load(1, &request, error, sizeof(error));
}

static bool load(const char *name)
{
    return load_path(module_path(name));
}

static bool load_text(const char *name, const char *text)
{
    char *path = file(name, text);
    bool good = load_path(path);

    free(path);
    return good;
}

static bool unload(const char *name)
{
    return rack_unload(kr_cstr(name), error, sizeof(error));
}

/* Paths with a '/' are taken as they are, others are test modules.  Those after
 * a "?" are only found. */
static bool load_all(uint32_t count, const char *const *names)
{
    struct rack_request requests[8] = {0};
    char *paths[8];
    bool good;

    for (uint32_t i = 0; i < count; i++) {
        requests[i].if_claimed = names[i][0] == '?';
        paths[i] =
            strdup(strchr(names[i], '/') ? names[i] + requests[i].if_claimed
                                         : module_path(names[i]));
        requests[i].path = paths[i];
    }
    error[0] = '\0';
    good = rack_load(count, requests, error, sizeof(error));
    for (uint32_t i = 0; i < count; i++)
        free(paths[i]);
    return good;
}
#define LOAD_ALL(...)                                                          \
    load_all(KR_COUNT(((const char *[]){__VA_ARGS__})),                        \
             (const char *[]){__VA_ARGS__})

static void says(const char *part)
{
    ck_assert_msg(strstr(error, part), "'%s' is not in: %s", part, error);
}

static const char *life(void)
{
    static char letters[64];
    FILE *in = fopen(getenv("RACK_TEST_LOG"), "r");
    size_t n = in ? fread(letters, 1, sizeof(letters) - 1, in) : 0;

    letters[n] = '\0';
    if (in)
        fclose(in);
    return letters;
}

static bool has(const char *name)
{
    return rack_find(kr_cstr(name)) != NULL;
}

static bool has_command(const char *name)
{
    return command_find(kr_cstr(name)) != NULL;
}

/* --- Children ------------------------------------------------------------ */

START_TEST(a_child_is_a_module)
{
    struct kr_module_info info = {.size = sizeof(info)};
    kr_module *m;

    ck_assert_msg(load("adopter"), "%s", error);
    ck_assert_msg(load_text("x.any", "adopt name:kid command:kid.run"), "%s",
                  error);
    m = rack_find(KR_STR("kid"));
    ck_assert_ptr_nonnull(m);
    ck_assert(m->active);
    ck_assert_ptr_eq(command_find(KR_STR("kid.run"))->module, m);
    ck_assert_ptr_eq(loader_interface.loader_of(m),
                     rack_find(KR_STR("adopter")));
    ck_assert_ptr_null(
        loader_interface.loader_of(rack_find(KR_STR("adopter"))));
    rack_interface.info(m, &info);
    ck_assert_uint_eq(info.version, 20304);
    ck_assert_str_eq(info.summary, "An adopted child");
    ck_assert_uint_ge(info.memory, 64); /* its state */
    ck_assert_str_eq(life(), "la");
    ck_assert_str_eq(told, "+adopter +kid ");
    ck_assert_ptr_null(module_running);
    ck_assert_uint_eq(m->entered, 0);
    ck_assert_uint_eq(rack_find(KR_STR("adopter"))->entered, 0);
}
END_TEST

START_TEST(a_child_can_be_unloaded_and_loaded_again)
{
    ck_assert_msg(load("adopter"), "%s", error);
    for (int i = 0; i < 3; i++) {
        ck_assert_msg(load_text("x", "adopt name:kid command:kid.run"), "%s",
                      error);
        ck_assert(has_command("kid.run"));
        ck_assert_msg(unload("kid"), "%s", error);
        ck_assert(!has_command("kid.run"));
        rack_sweep();
    }
    ck_assert_str_eq(life(), "ladxladxladx");
    ck_assert_msg(unload("adopter"), "%s", error);
    rack_sweep();
    ck_assert_uint_eq(loader_count(), 0);
}
END_TEST

START_TEST(a_child_s_loader_has_the_last_word_about_unloading)
{
    ck_assert_msg(load("adopter"), "%s", error);
    ck_assert_msg(load_text("x", "adopt held name:kid command:kid.run"), "%s",
                  error);
    ck_assert(!unload("kid"));
    says("module 'kid' is held by: something of its own");
    ck_assert(has_command("kid.run"));
    ck_assert_msg(unload("kid"), "%s", error);
    ck_assert(!has_command("kid.run"));
    rack_sweep();
    ck_assert_str_eq(life(), "lauudx");
}
END_TEST

START_TEST(a_loader_with_children_is_held_by_them)
{
    ck_assert_msg(load("adopter"), "%s", error);
    ck_assert_msg(load_text("x", "adopt name:one"), "%s", error);
    ck_assert_msg(load_text("y", "adopt name:two"), "%s", error);
    ck_assert(!unload("adopter"));
    says("modules that it has loaded: one, two (unload them first)");
    ck_assert_msg(unload("one"), "%s", error);
    ck_assert(!unload("adopter"));
    ck_assert_msg(unload("two"), "%s", error);
    ck_assert_msg(unload("adopter"), "%s", error);
}
END_TEST

/* Below a call nothing is unmapped; then children come before their loader,
 * whose code their images may call while they go. */
START_TEST(a_loader_is_unmapped_after_its_children)
{
    kr_module outer = {.name = "outer"}, *was;
    const void *inside;
    Dl_info info;

    ck_assert_msg(load("adopter"), "%s", error);
    ck_assert_msg(load_text("x", "adopt name:one"), "%s", error);
    inside = rack_module_of(rack_find(KR_STR("adopter")))->image->descriptor;
    was = module_enter(&outer);
    ck_assert_msg(unload("one"), "%s", error);
    ck_assert_msg(unload("adopter"), "%s", error);
    rack_sweep();
    ck_assert_int_ne(dladdr(inside, &info), 0);
    module_leave(was);
    rack_sweep();
    ck_assert_int_eq(dladdr(inside, &info), 0);
}
END_TEST

START_TEST(unloading_all_takes_children_first)
{
    ck_assert_msg(load("adopter"), "%s", error);
    ck_assert_msg(load_text("x", "adopt name:one"), "%s", error);
    told[0] = '\0';
    rack_unload_all();
    ck_assert_str_eq(told, "-one -adopter ");
    ck_assert_str_eq(life(), "ladx");
}
END_TEST

START_TEST(a_shared_object_of_another_kind_is_mapped_for_its_child)
{
    struct rack_module *m;
    void *inside;

    ck_assert_msg(load("adopter"), "%s", error);
    ck_assert_msg(load("stranger_redis"), "%s", error);
    m = rack_module_of(rack_find(KR_STR("stranger")));
    ck_assert_ptr_nonnull(m);
    ck_assert_ptr_nonnull(m->images);
    ck_assert_ptr_null(m->images->next);
    inside = image_symbol(m->images, "RedisModule_OnLoad");
    ck_assert_str_eq(rack_module_at(inside), "stranger");
    ck_assert_msg(unload("stranger"), "%s", error);
    rack_sweep();
    ck_assert_ptr_null(rack_module_at(inside));
    ck_assert_msg(load("stranger_redis"), "%s", error);
}
END_TEST

START_TEST(an_image_that_is_held_stays_mapped_until_it_is_released_as_often)
{
    kr_image *image;
    void *inside;

    ck_assert_msg(load("adopter"), "%s", error);
    ck_assert_msg(load("stranger_redis"), "%s", error);
    image = (kr_image *)(void *)rack_module_of(rack_find(KR_STR("stranger")))
                ->images;
    inside = loader_interface.image_symbol(image, "RedisModule_OnLoad");
    loader_interface.image_hold(image);
    loader_interface.image_hold(image);
    ck_assert_msg(unload("stranger"), "%s", error);
    rack_sweep();
    ck_assert_str_eq(rack_module_at(inside), "stranger");
    loader_interface.image_release(image);
    rack_sweep();
    ck_assert_str_eq(rack_module_at(inside), "stranger");
    loader_interface.image_release(image);
    rack_sweep();
    ck_assert_ptr_null(rack_module_at(inside));
}
END_TEST

/* A loader whose child's code is held is held, too: that code calls it. */
START_TEST(a_loader_stays_mapped_as_long_as_an_image_is_held)
{
    const void *inside;
    kr_image *image;
    Dl_info info;

    ck_assert_msg(load("adopter"), "%s", error);
    ck_assert_msg(load("stranger_redis"), "%s", error);
    inside = rack_module_of(rack_find(KR_STR("adopter")))->image->descriptor;
    image = (kr_image *)(void *)rack_module_of(rack_find(KR_STR("stranger")))
                ->images;
    loader_interface.image_hold(image);
    ck_assert_msg(unload("stranger"), "%s", error);
    ck_assert_msg(unload("adopter"), "%s", error);
    rack_sweep();
    ck_assert_int_ne(dladdr(inside, &info), 0);
    loader_interface.image_release(image);
    rack_sweep();
    rack_sweep();
    ck_assert_int_eq(dladdr(inside, &info), 0);
}
END_TEST

/* --- Who is asked -------------------------------------------------------- */

START_TEST(the_lowest_rank_is_asked_first)
{
    ck_assert_msg(LOAD_ALL("adopter", "adopter_first"), "%s", error);
    ck_assert_msg(load_text("x", "adopt name:kid"), "%s", error);
    ck_assert_ptr_eq(loader_interface.loader_of(rack_find(KR_STR("kid"))),
                     rack_find(KR_STR("adopter_first")));
    ck_assert_msg(unload("kid"), "%s", error);
    ck_assert_msg(unload("adopter_first"), "%s", error);
    ck_assert_msg(load_text("x", "adopt name:kid"), "%s", error);
    ck_assert_ptr_eq(loader_interface.loader_of(rack_find(KR_STR("kid"))),
                     rack_find(KR_STR("adopter")));
}
END_TEST

START_TEST(a_module_of_ours_is_nobody_else_s)
{
    ck_assert_msg(LOAD_ALL("adopter", "giver"), "%s", error);
    ck_assert_ptr_null(loader_interface.loader_of(rack_find(KR_STR("giver"))));
    /* Ours, but broken: that is what is told. */
    ck_assert(!load("wrong_generation"));
    says("of generation 9");
}
END_TEST

START_TEST(what_nobody_recognises_is_refused_as_before)
{
    ck_assert(!load("stranger_redis"));
    says("a module built for Redis");
    ck_assert(!load_text("x", "something"));
    says("not a shared object");
    ck_assert_msg(load("phrases"), "%s", error);
    ck_assert(!load("stranger_redis"));
    says("a module built for Redis");
    ck_assert(!load_text("x", "something"));
    says("not a shared object");
    ck_assert(!load_text("x", ""));
    says("empty");
}
END_TEST

START_TEST(hygiene_holds_for_files_of_loaders_too)
{
    char *path = file("x.phrases", "hello you\n");

    ck_assert_msg(load("phrases"), "%s", error);
    chmod(path, 0606);
    ck_assert(!load_path(path));
    says("everybody may write it");
    free(path);
}
END_TEST

/* --- Batches ------------------------------------------------------------- */

START_TEST(a_batch_loads_loaders_before_their_files)
{
    char *a = file("a", "adopt name:a"), *b = file("b", "adopt name:b");

    ck_assert_msg(LOAD_ALL(b, "giver", a, "adopter"), "%s", error);
    ck_assert_str_eq(told, "+giver +adopter +b +a ");
    free(a);
    free(b);
}
END_TEST

START_TEST(a_child_may_be_a_loader)
{
    char *a = file("a", "adopt name:a loader:more");

    ck_assert_msg(LOAD_ALL(a, "adopter_first"), "%s", error);
    ck_assert_uint_eq(loader_count(), 2);
    ck_assert_msg(unload("a"), "%s", error);
    ck_assert_uint_eq(loader_count(), 1);
    free(a);
}
END_TEST

START_TEST(a_found_file_needs_a_loader_that_claims_its_suffix)
{
    char *claimed = file("a.adopt", "adopt name:a");
    char *odd = file("b.txt", "adopt name:b");
    char *mute = file("c.adopt", "not for you");
    char found[3][130];

    snprintf(found[0], sizeof(found[0]), "?%s", claimed);
    snprintf(found[1], sizeof(found[1]), "?%s", odd);
    snprintf(found[2], sizeof(found[2]), "?%s", mute);
    ck_assert_msg(LOAD_ALL(found[0], found[1]), "%s", error);
    ck_assert_str_eq(told, "");
    ck_assert_msg(LOAD_ALL(found[0], found[1], found[2], "adopter"), "%s",
                  error);
    ck_assert_str_eq(told, "+adopter +a ");
    free(claimed);
    free(odd);
    free(mute);
}
END_TEST

START_TEST(a_child_that_fails_takes_the_batch_with_it)
{
    char *a = file("a", "adopt name:a command:a.run");
    char *b = file("b", "adopt name:b fail");

    ck_assert(!LOAD_ALL(a, b, "adopter"));
    says("loader 'adopter' refused: told to?fail");
    ck_assert_str_eq(life(), "llxx");
    ck_assert_str_eq(told, "");
    ck_assert_uint_eq(changes, 0);
    ck_assert(!has("adopter") && !has("a") && !has_command("a.run"));
    ck_assert_uint_eq(loader_count(), 0);
    free(a);
    free(b);
}
END_TEST

/* Without any loader in sight nothing of the batch runs. */
START_TEST(a_file_for_which_no_loader_can_come_ends_the_batch_at_once)
{
    char *a = file("a", "adopt name:a");

    ck_assert(!LOAD_ALL("plain", a));
    says("not a shared object");
    ck_assert_str_eq(life(), "");
    free(a);
}
END_TEST

/* --- Failures ------------------------------------------------------------ */

static const struct {
    const char *text, *says, *life;
} failures[] = {
    {"adopt fail", "loader 'adopter' refused: told to?fail (status 9)", "l"},
    {"adopt mute", "refused: it gave no reason", "l"},
    {"adopt", "has not said what it is", "l"},
    {"adopt name:kid command:kid.run fail", "told to?fail", "lx"},
    {"adopt name:kid name:again", "(status 6)", "lx"},
    {"adopt name:no/word command:kid.run", "its name is 'no/word'", "l"},
    {"adopt name:adopter", "there is a module of that name already", "l"},
    {"adopt name:kid command:kid.run command:kid.run", "(status 5)", "lx"},
    {"adopt command:kid.run", "has not said what it is", "l"},
};

START_TEST(a_failed_child_leaves_no_trace)
{
    size_t left;
    char text[128];

    ck_assert_msg(load("adopter"), "%s", error);
    told[0] = '\0';
    left = rack_find(KR_STR("adopter"))->memory;
    ck_assert(!load_text("x", failures[_i].text));
    says(failures[_i].says);
    ck_assert_str_eq(life(), failures[_i].life);
    ck_assert(!has("kid") && !has("x") && !has_command("kid.run"));
    ck_assert_str_eq(told, "");
    ck_assert_uint_eq(changes, 0);
    ck_assert_uint_eq(rack_find(KR_STR("adopter"))->memory, left);
    ck_assert_ptr_null(module_running);
    snprintf(text, sizeof(text), "adopt name:kid command:kid.run");
    ck_assert_msg(load_text("x", text), "%s", error);
    ck_assert_msg(unload("kid"), "%s", error);
    ck_assert_msg(unload("adopter"), "%s", error);
}
END_TEST

START_TEST(a_loader_that_makes_no_sense_is_refused)
{
    struct kr_str word = KR_STR("odd");
    struct rack_request request = {
        .path = module_path("adopter"), .argc = 1, .argv = &word};

    /* Its create() fails if a loader with a name of three words was taken. */
    ck_assert_msg(rack_load(1, &request, error, sizeof(error)) == false,
                  "it was taken");
    says("its create() refused");
    ck_assert_uint_eq(loader_count(), 0);
}
END_TEST

START_TEST(values_for_a_child_count_when_it_registers)
{
    struct kr_str name = KR_STR("talk.loud"), value = KR_STR("yes");
    char *path = file("talk.phrases", "hello you\n");
    struct rack_request request = {.path = path,
                                   .config_count = 1,
                                   .config_names = &name,
                                   .config_values = &value};
    struct buffer text = {0};

    ck_assert_msg(load("phrases"), "%s", error);
    ck_assert_msg(rack_load(1, &request, error, sizeof(error)), "%s", error);
    ck_assert(config_print(name, &text));
    ck_assert(kr_str_equal(buffer_str(&text), value));
    buffer_free(&text);
    ck_assert_msg(unload("talk"), "%s", error);
    ck_assert(!config_print(name, &text));
    name = KR_STR("talk.none");
    ck_assert(!rack_load(1, &request, error, sizeof(error)));
    says("CONFIG: parameter 'talk.none': there is none of that name");
    ck_assert(!has("talk") && !has_command("hello"));
    free(path);
}
END_TEST

/* --- command.changed ----------------------------------------------------- */

START_TEST(a_change_of_commands_is_told_once_and_when_it_is_true)
{
    ck_assert_msg(LOAD_ALL("plain", "adopter"), "%s", error);
    ck_assert_uint_eq(changes, 1);
    ck_assert_msg(load("giver"), "%s", error); /* has no commands */
    ck_assert_uint_eq(changes, 1);
    ck_assert_msg(unload("plain"), "%s", error);
    ck_assert_uint_eq(changes, 2);
    ck_assert_msg(unload("giver"), "%s", error);
    ck_assert_uint_eq(changes, 2);
}
END_TEST

Suite *loader_suite(void)
{
    Suite *suite = suite_create("loader");
    TCase *tcase = tcase_create("loader");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_child_is_a_module);
    tcase_add_test(tcase, a_child_can_be_unloaded_and_loaded_again);
    tcase_add_test(tcase, a_child_s_loader_has_the_last_word_about_unloading);
    tcase_add_test(tcase, a_loader_with_children_is_held_by_them);
    tcase_add_test(tcase, a_loader_is_unmapped_after_its_children);
    tcase_add_test(tcase, unloading_all_takes_children_first);
    tcase_add_test(tcase,
                   a_shared_object_of_another_kind_is_mapped_for_its_child);
    tcase_add_test(
        tcase,
        an_image_that_is_held_stays_mapped_until_it_is_released_as_often);
    tcase_add_test(tcase, a_loader_stays_mapped_as_long_as_an_image_is_held);
    tcase_add_test(tcase, the_lowest_rank_is_asked_first);
    tcase_add_test(tcase, a_module_of_ours_is_nobody_else_s);
    tcase_add_test(tcase, what_nobody_recognises_is_refused_as_before);
    tcase_add_test(tcase, hygiene_holds_for_files_of_loaders_too);
    tcase_add_test(tcase, a_batch_loads_loaders_before_their_files);
    tcase_add_test(tcase, a_child_may_be_a_loader);
    tcase_add_test(tcase, a_found_file_needs_a_loader_that_claims_its_suffix);
    tcase_add_test(tcase, a_child_that_fails_takes_the_batch_with_it);
    tcase_add_test(tcase,
                   a_file_for_which_no_loader_can_come_ends_the_batch_at_once);
    tcase_add_loop_test(tcase, a_failed_child_leaves_no_trace, 0,
                        (int)KR_COUNT(failures));
    tcase_add_test(tcase, a_loader_that_makes_no_sense_is_refused);
    tcase_add_test(tcase, values_for_a_child_count_when_it_registers);
    tcase_add_test(tcase,
                   a_change_of_commands_is_told_once_and_when_it_is_true);
    suite_add_tcase(suite, tcase);
    return suite;
}
