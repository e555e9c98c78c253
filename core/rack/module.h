/* SPDX-License-Identifier: BSD-3-Clause */
/* module - a module as its loader sees it.  Private to the wing. */
#ifndef CORE_RACK_MODULE_H
#define CORE_RACK_MODULE_H

#include "core/event/event.h"
#include "core/module/carry.h"
#include "core/rack/directory.h"
#include "core/rack/image.h"
#include "core/rack/rack.h"

enum rack_phase {
    RACK_DESCRIBED, /* its descriptor is read; no code of it has been called */
    RACK_CREATED,   /* create() has run, its offers can be imported */
    RACK_ACTIVE,    /* visible */
    RACK_GONE,      /* destroyed; its code waits to be unmapped */
};

struct rack_batch; /* see load.c */
struct loader;

struct rack_module {
    struct kr_module host; /* first: a kr_module is a rack_module */
    /* The host's own copy: complete even where the module's is shorter. */
    struct kr_descriptor descriptor;
    struct image *image;        /* NULL for a child */
    struct rack_module *loader; /* whose child it is; NULL: it is ours */
    struct image *images;       /* that a child's loader has mapped for it */
    char *texts[3];             /* of a child's descriptor */
    /* As in struct kr_child. */
    bool (*may_unload)(kr_module *child, void *state, char *why, size_t size);
    void (*lacks)(kr_module *child, void *state,
                  void (*each)(void *ctx, struct kr_str name), void *ctx);
    bool (*uses)(kr_module *child, void *state, const char *id);
    char *refusal;                /* why its description was refused, or NULL */
    bool loading;                 /* its loader's load() is running */
    bool loader_judges;           /* KR_LOADER_JUDGES of its loader */
    bool described;               /* it has its name */
    bool stays;                   /* never unmap it: values of its types live */
    uint32_t children;            /* of its loaders, that are not GONE */
    struct rack_module *incoming; /* the new version while it is made ready */
    struct image *prepared; /* a child's that its loader may want, or NULL */
    void *provision;        /* what its prepare() has answered, for create() */
    bool fetching;          /* the file of a new version is on its way */
    bool unmapping;         /* by another thread */
    struct rack_module *outgoing; /* the old one while values are converted */
    struct rack_module *predecessor; /* whose next version this is */
    uint32_t upgrades;               /* so far */
    uint64_t pause_nsec;     /* how long the last one held commands up */
    uint64_t pause_cpu_nsec; /* and how much processor time of that was ours */
    uint64_t lazy_mark;      /* of a version that is GONE: see lazy_mark() */
    struct rack_module *next_sealed;
    bool adapting; /* its code is needed for values of an older form */
    struct rack_batch *batch;           /* while it is being loaded */
    const struct rack_request *request; /* as long */
    enum rack_phase phase;
    char *name; /* copies: these outlive the image.  A child has its file's
                 * until it is described */
    char *path;
    bool standard;
    uint32_t argc;
    struct kr_str *argv;
    struct directory_binding *bindings;
    uint32_t binding_count;
    struct rack_module *next;      /* in the order of loading, or of closing */
    struct rack_module *in_bucket; /* with the same hash of the name */
};

/* Two versions of a module, while one takes the place of the other. */
struct rack_names {
    struct carry carry; /* first */
    const struct rack_module *old, *new;
};

/* While `old` is still the old one; its record will be that of `new`. */
struct rack_names rack_names(const struct rack_module *old,
                             struct rack_module *new);

/* Is `name` free for `m`?  false: a loaded module has it, or an earlier one of
 * its batch. */
bool rack_check_name(const struct rack_module *m, const char *name, char *error,
                     size_t error_size);

#define RACK_IDS 1024u

/* A record for what is to be loaded; it has no name yet.  NULL: there are too
 * many. */
struct rack_module *rack_new(const struct rack_request *request, char *error,
                             size_t error_size);
/* Map the copy and read what it says of itself.  false: what has been mapped
 * goes with the record.  [any] */
bool rack_map(struct rack_module *m, const struct copy *copy, char *error,
              size_t error_size);
/* After that: it is called what it says. */
void rack_name(struct rack_module *m);
/* What the tables of its descriptor name is registered, then create() runs.
 * For a predecessor's handle, if it has one.  *created: did create() run?
 * false: whoever asked undoes what has been done. */
bool rack_make(struct rack_module *m, bool *created, char *error,
               size_t error_size);
/* Let a loader make a child of the file. */
bool rack_call_load(struct rack_module *m, const struct loader *loader,
                    const struct copy *copy, char *error, size_t error_size);
/* Is code of the module below us on the stack? */
bool rack_is_running(const struct rack_module *m);
/* A new version must have the name of the old one. */
bool rack_check_same_name(const struct rack_module *m, const char *name,
                          const char *path, char *error, size_t error_size);
/* false: the names that what is loaded now might have are kept for the next
 * version of a module. */
bool rack_may_load(char *error, size_t error_size);
/* It has ended: unmap it when nothing can return into it. */
void rack_close_later(struct rack_module *m);
/* All wings: an upgrade ends, see rack_on_settle(). */
void rack_settle(struct rack_module *m, bool good);
/* All wings: is there work under way that cannot be carried?  NULL, or what it
 * is; `really`: carry it. */
const char *rack_carry(struct rack_module *m, const struct carry *carry,
                       bool really);

/* An id for a new module, starting at 1 and used again; 0: there are too many.
 */
uint32_t rack_new_id(void);
/* Close and free it, whatever phase it is in. */
void rack_free(struct rack_module *m);
/* Created as it is, it becomes visible. */
void rack_list(struct rack_module *m);
/* Tell that it has come or gone. */
void rack_tell(enum event_id id, const struct rack_module *m);
/* Call a life function, which may be NULL.  A child's is its loader's code. */
void rack_call_life(struct rack_module *m,
                    void (*function)(kr_module *self, void *state));
/* From CREATED on: forget, destroy, unbind.  `created`: did create() run?  The
 * answer: has it had commands? */
bool rack_end(struct rack_module *m, bool created);

/* The handle that the module's code knows: one for all its versions. */
static inline kr_module *rack_handle(struct rack_module *m)
{
    return m->predecessor ? &m->predecessor->host : &m->host;
}

static inline struct rack_module *rack_module_of(const kr_module *module)
{
    return (struct rack_module *)(uintptr_t)module;
}

#endif
