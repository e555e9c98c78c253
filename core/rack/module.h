/* SPDX-License-Identifier: BSD-3-Clause */
/* module - a module as its loader sees it.  Private to the wing. */
#ifndef CORE_RACK_MODULE_H
#define CORE_RACK_MODULE_H

#include "core/rack/directory.h"
#include "core/rack/image.h"
#include "core/rack/rack.h"

enum rack_phase {
    RACK_DESCRIBED, /* its descriptor is read; no code of it has been called */
    RACK_CREATED,   /* create() has run, its offers can be imported */
    RACK_ACTIVE,    /* visible */
    RACK_GONE,      /* destroyed; its code waits to be unmapped */
};

struct rack_module {
    struct kr_module host; /* first: a kr_module is a rack_module */
    /* The host's own copy: complete even where the module's is shorter. */
    struct kr_descriptor descriptor;
    struct image *image;
    enum rack_phase phase;
    char *name; /* copies: these outlive the image */
    char *path;
    bool standard;
    uint32_t argc;
    struct kr_str *argv;
    struct directory_binding *bindings;
    uint32_t binding_count;
    struct rack_module *next;      /* in the order of loading, or of closing */
    struct rack_module *in_bucket; /* with the same hash of the name */
};

static inline struct rack_module *rack_module_of(const kr_module *module)
{
    return (struct rack_module *)(uintptr_t)module;
}

#endif
