/* SPDX-License-Identifier: BSD-3-Clause */
/* loader - who loads files that are not built for us, and kr.loaders/1.
 *
 * One list in the order of rank, some entries long.  What a loader makes of a
 * file is a rack_module whose descriptor the host has written from what the
 * loader said (describe()), so that all that is done with modules is done with
 * children too; see load.c for their life.
 *
 * Invariant: a loader's module lives longer than its children.  It is held
 * while it has any, and unmapped after the last of them has been. */
#include "core/rack/loader.h"

#include "core/memory/memory.h"
#include "core/rack/descriptor.h"
#include "core/rack/elf.h"
#include "core/rack/refuse.h"

#include <assert.h>

#define LOADER_SUFFIXES_MAX 32u
#define LOADER_TEXT_MAX     4096u /* bytes of a summary and the like */
/* Bytes of the first revision of a struct. */
#define LOADER_FIRST(type, last)                                               \
    (offsetof(struct type, last) + sizeof(((struct type *)0)->last))

/* The wing's state. */
static struct {
    struct loader *first;
    uint32_t asking; /* recognise() functions on the stack */
} loaders;

/* --- Who is asked -------------------------------------------------------- */

/* A loader that is not active may still fail, and is its own batch's alone. */
static bool loader_is_visible(const struct loader *loader,
                              const struct rack_batch *batch)
{
    if (loader->stamp != loader->module->host.generation)
        return false; /* of a version that is made ready */
    return loader->module->host.active ||
           (loader->module->phase == RACK_CREATED &&
            loader->module->batch == batch);
}

const struct loader *loader_find(const struct copy *copy,
                                 const struct rack_batch *batch)
{
    for (const struct loader *l = loaders.first; l; l = l->next) {
        kr_module *was;
        bool yes;

        if (!loader_is_visible(l, batch))
            continue;
        loaders.asking++;
        was = module_enter(&l->module->host);
        yes = l->recognise(&l->module->host, &copy->pub);
        module_leave(was);
        loaders.asking--;
        if (yes)
            return l;
    }
    return NULL;
}

bool loader_claims(const char *path, const struct rack_batch *batch)
{
    size_t size = strlen(path);

    for (const struct loader *l = loaders.first; l; l = l->next) {
        for (uint32_t i = 0; i < l->suffix_count; i++) {
            size_t n = strlen(l->suffixes[i]);

            if (n < size && strcmp(path + size - n, l->suffixes[i]) == 0 &&
                loader_is_visible(l, batch))
                return true;
        }
    }
    return false;
}

uint32_t loader_count(void)
{
    uint32_t count = 0;

    for (const struct loader *l = loaders.first; l; l = l->next)
        count++;
    return count;
}

bool loader_is_asking(void)
{
    return loaders.asking > 0;
}

bool loader_may_come(const struct rack_module *module)
{
    static const char prefix[] = "kr.loaders/";
    const struct kr_rows *rows = &module->descriptor.imports;

    for (uint32_t i = 0; i < rows->count; i++) {
        struct kr_import import;

        descriptor_row(rows, i, &import, sizeof(import));
        if (strncmp(import.id, prefix, sizeof(prefix) - 1) == 0)
            return true;
    }
    return false;
}

/* --- The list ------------------------------------------------------------ */

static void loader_free(struct loader *loader)
{
    for (uint32_t i = 0; i < loader->suffix_count; i++)
        memory_free(loader->suffixes[i]);
    memory_free(loader->suffixes);
    memory_free(loader->name);
    memory_free(loader);
}

/* Of one version; 0: of all. */
static void loader_drop(const struct rack_module *module, uint32_t stamp)
{
    struct loader **at = &loaders.first;

    while (*at) {
        struct loader *l = *at;

        if (l->module != module || (stamp && l->stamp != stamp)) {
            at = &l->next;
            continue;
        }
        *at = l->next;
        loader_free(l);
    }
}

void loader_forget(const struct rack_module *module)
{
    loader_drop(module, 0);
}

void loader_settle(const struct rack_module *module, bool good)
{
    loader_drop(module, module->host.generation + !good);
}

/* ".lua": a dot, and something after it that is no path. */
static bool loader_is_suffix(const char *suffix)
{
    return suffix && suffix[0] == '.' && suffix[1] != '\0' &&
           !strchr(suffix, '/') &&
           strnlen(suffix, DESCRIPTOR_NAME_MAX + 1) <= DESCRIPTOR_NAME_MAX;
}

static bool loader_is_sound(const struct kr_loader *row)
{
    if (!row->name || !descriptor_is_name(row->name) || !row->recognise ||
        !row->load || row->suffixes.count > LOADER_SUFFIXES_MAX ||
        (row->suffixes.count > 0 && row->suffixes.stride < sizeof(char *)))
        return false;
    for (uint32_t i = 0; i < row->suffixes.count; i++) {
        const char *suffix;

        descriptor_row(&row->suffixes, i, &suffix, sizeof(suffix));
        if (!loader_is_suffix(suffix))
            return false;
    }
    return true;
}

static kr_status loader_add(kr_module *self, const struct kr_loader *given)
{
    struct loader **at, *l;

    if (!self || !given || given->size < LOADER_FIRST(kr_loader, load) ||
        !loader_is_sound(given))
        return KR_EINVAL;
    if (loader_is_asking())
        return KR_EBUSY;
    for (l = loaders.first; l; l = l->next) {
        if (strcmp(l->name, given->name) == 0 &&
            (l->module != rack_module_of(self) ||
             l->stamp == module_stamp(self)))
            return KR_EEXIST;
    }
    l = memory_calloc(1, sizeof(*l));
    l->module = rack_module_of(self);
    l->stamp = module_stamp(self);
    l->rank = given->rank;
    l->name = memory_strdup(given->name);
    l->recognise = given->recognise;
    l->load = given->load;
    l->judges = KR_HAS(given, flags) && given->flags & KR_LOADER_JUDGES;
    l->suffixes = memory_calloc(given->suffixes.count + 1, sizeof(char *));
    for (; l->suffix_count < given->suffixes.count; l->suffix_count++) {
        const char *suffix;

        descriptor_row(&given->suffixes, l->suffix_count, &suffix,
                       sizeof(suffix));
        l->suffixes[l->suffix_count] = memory_strdup(suffix);
    }
    for (at = &loaders.first; *at && (*at)->rank <= l->rank;)
        at = &(*at)->next;
    l->next = *at;
    *at = l;
    return KR_OK;
}

/* --- Children ------------------------------------------------------------ */

static char *loader_copy_text(const char *text)
{
    return text ? memory_strndup(text, strnlen(text, LOADER_TEXT_MAX)) : NULL;
}

/* The descriptor that the child would have if it were a module of ours. */
static void loader_write_descriptor(struct rack_module *m,
                                    const struct kr_child *about)
{
    memory_free(m->name);
    m->name = memory_strdup(about->name);
    m->texts[0] = loader_copy_text(about->licence);
    m->texts[1] = loader_copy_text(about->author);
    m->texts[2] = loader_copy_text(about->summary);
    m->descriptor = (struct kr_descriptor){
        .magic = KR_DESCRIPTOR_MAGIC,
        .size = sizeof(struct kr_descriptor),
        .generation = KR_GENERATION,
        .version = about->version,
        .name = m->name,
        .licence = m->texts[0],
        .author = m->texts[1],
        .summary = m->texts[2],
        .flags = about->flags,
        .activate = about->activate,
        .deactivate = about->deactivate,
        .destroy = about->destroy,
        .handover = about->handover,
        .takeover = about->takeover,
    };
    m->host.name = m->name;
    m->host.state = about->state;
    m->lacks = about->lacks;
    m->may_unload = about->may_unload;
    m->uses = about->uses;
    m->described = true;
    for (struct image *i = m->images; i; i = i->next) {
        image_unlist(i);
        image_list(i, m->name);
    }
}

/* What is being described: for an upgrade the new version's record, which will
 * be that of the handle. */
static struct rack_module *loader_target(const kr_module *child)
{
    struct rack_module *m = rack_module_of(child);

    return m->incoming ? m->incoming : m;
}

static bool loader_is_loading(const kr_module *child)
{
    return child && loader_target(child)->loading;
}

/* Why describe() refuses is kept for the error that the load ends with. */
static kr_status loader_describe(kr_module *child, const struct kr_child *given)
{
    struct kr_child about = {0};
    struct rack_module *m;
    char why[512] = "";

    if (!loader_is_loading(child) || loader_target(child)->described)
        return KR_EBUSY;
    m = loader_target(child);
    if (m->refusal)
        return KR_EBUSY;
    if (!given || given->size < LOADER_FIRST(kr_child, takeover)) {
        m->refusal = memory_strdup("its description is too short");
        return KR_EINVAL;
    }
    memcpy(&about, given,
           given->size < sizeof(about) ? given->size : sizeof(about));
    if (!about.name || !descriptor_is_name(about.name)) {
        refuse(why, sizeof(why),
               "its name is '%.80s', expected one word of letters, digits, "
               "'.', '_' and '-' of at most %u bytes",
               about.name ? about.name : "", DESCRIPTOR_NAME_MAX);
        m->refusal = memory_strdup(why);
        return KR_EINVAL;
    }
    if (about.flags & ~(KR_MODULE_CAN_UNLOAD | KR_MODULE_CAN_UPGRADE) ||
        about.reserved != 0) {
        m->refusal = memory_strdup("its description has unknown flags");
        return KR_EINVAL;
    }
    if (m != rack_module_of(child)
            ? !rack_check_same_name(rack_module_of(child), about.name, m->path,
                                    why, sizeof(why))
            : !rack_check_name(m, about.name, why, sizeof(why))) {
        m->refusal = memory_strdup(why);
        return KR_EEXIST;
    }
    if (!m->loader_judges &&
        !directory_may_host(rack_module_of(child)->loader, about.name, why,
                            sizeof(why))) {
        m->refusal = memory_strdup(why);
        return KR_EDENIED;
    }
    loader_write_descriptor(m, &about);
    return KR_OK;
}

static kr_module *loader_of(const kr_module *module)
{
    struct rack_module *m = module ? rack_module_of(module) : NULL;

    return m && m->loader ? &m->loader->host : NULL;
}

/* --- Images -------------------------------------------------------------- */

/* A kr_image is a struct image. */
static struct image *loader_image(const kr_image *image)
{
    return (struct image *)(uintptr_t)image;
}

static bool loader_exports(const struct kr_file *file, const char *symbol)
{
    return elf_exports(file->bytes.data, file->bytes.size, symbol);
}

static kr_status loader_image_open(kr_module *child, const struct kr_file *file,
                                   const char *symbol, uint32_t flags,
                                   kr_image **out, char *error,
                                   size_t error_size)
{
    struct rack_module *m = child ? loader_target(child) : NULL;
    struct image *image;

    *out = NULL;
    if (!loader_is_loading(child))
        return KR_EBUSY;
    if (!symbol || flags != 0)
        return KR_EINVAL;
    image = m->prepared;
    m->prepared = NULL;
    if (image && strcmp(image->symbol, symbol) != 0) {
        image_close(image);
        image = NULL;
    }
    if (!image)
        image = image_open_copy(copy_of(file), symbol, error, error_size);
    if (!image)
        return KR_EFORMAT;
    image->next = m->images;
    m->images = image;
    image_list(image, m->name);
    *out = (kr_image *)(void *)image;
    return KR_OK;
}

static void *loader_image_symbol(const kr_image *image, const char *name)
{
    return image_symbol(loader_image(image), name);
}

static uint32_t loader_image_extents(const kr_image *given,
                                     struct kr_extent *extents, uint32_t room)
{
    const struct image *image = loader_image(given);

    static_assert(IMAGE_READ == KR_EXTENT_READ &&
                      IMAGE_WRITE == KR_EXTENT_WRITE &&
                      IMAGE_CODE == KR_EXTENT_CODE,
                  "image.h has the same bits");
    for (uint32_t i = 0; i < image->segment_count && i < room; i++) {
        const struct image_segment *s = &image->segments[i];

        extents[i] = (struct kr_extent){.start = (const void *)s->start,
                                        .bytes = s->end - s->start,
                                        .access = s->access};
    }
    return image->segment_count;
}

static void loader_image_close(kr_module *child, kr_image *given)
{
    struct image **at = &loader_target(child)->images;
    struct image *image = loader_image(given);

    while (*at && *at != image)
        at = &(*at)->next;
    if (!*at)
        return;
    *at = image->next;
    image_close(image);
}

static void loader_image_keep(kr_image *image)
{
    loader_image(image)->keep = true;
}

static void loader_image_hold(kr_image *image)
{
    loader_image(image)->held++;
}

static void loader_image_release(kr_image *image)
{
    assert(loader_image(image)->held > 0);
    loader_image(image)->held--;
}

const struct kr_loaders loader_interface = {
    .size = sizeof(struct kr_loaders),
    .add = loader_add,
    .describe = loader_describe,
    .loader_of = loader_of,
    .exports = loader_exports,
    .image_open = loader_image_open,
    .image_symbol = loader_image_symbol,
    .image_extents = loader_image_extents,
    .image_close = loader_image_close,
    .image_keep = loader_image_keep,
    .image_hold = loader_image_hold,
    .image_release = loader_image_release,
};
