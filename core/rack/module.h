/* SPDX-License-Identifier: BSD-3-Clause */
/* module - a module as its loader sees it.  Private to the wing. */
#ifndef CORE_RACK_MODULE_H
#define CORE_RACK_MODULE_H

#include "core/event/event.h"
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

struct rack_module {
    struct kr_module host; /* first: a kr_module is a rack_module */
    /* The host's own copy: complete even where the module's is shorter. */
    struct kr_descriptor descriptor;
    struct image *image;        /* NULL for a child */
    struct rack_module *loader; /* whose child it is; NULL: it is ours */
    struct image *images;       /* that a child's loader has mapped for it */
    char *texts[3];             /* of a child's descriptor */
    char *refusal;              /* why its description was refused, or NULL */
    bool loading;               /* its loader's load() is running */
    bool described;             /* it has its name */
    bool stays;                 /* never unmap it: values of its types live */
    uint32_t children;          /* of its loaders, that are not GONE */
    struct rack_batch *batch;   /* while it is being loaded */
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

/* Is `name` free for `m`?  false: a loaded module has it, or an earlier one of
 * its batch. */
bool rack_check_name(const struct rack_module *m, const char *name, char *error,
                     size_t error_size);

#define RACK_IDS 1024u

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

static inline struct rack_module *rack_module_of(const kr_module *module)
{
    return (struct rack_module *)(uintptr_t)module;
}

#endif
