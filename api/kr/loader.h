/* SPDX-License-Identifier: BSD-3-Clause */
/* loader - other formats of module: files that are not built for this server.
 *
 * A module may register loaders.  A loader looks at a file that is no module of
 * ours, says whether it knows the format, and if so makes a module of it: the
 * *child*.  A child is a module as any other.  It has an account, a name in
 * MODULE LIST, arguments, parameters; it can be unloaded and loaded again; all
 * that is registered with its handle goes with it.  Only its code is the
 * loader's, or runs below it.
 *
 *   MODULE LOAD path --> is it ours? --yes--> as any module
 *                            | no
 *                            v
 *        recognise() of each loader, in the order of rank
 *                            | the first true
 *                            v
 *      load(self, child, file, args)
 *        kr_loaders->describe(child, ...)   its name, its life functions
 *        kr_commands->add(child, ...), ...  what it has
 *                            | KR_OK, and all of the batch is there
 *                            v
 *                   activate(child, state)   ...   deactivate, destroy
 *
 * Where several files are loaded together, modules of ours come first and the
 * files of their loaders after them, in the order in which they were named.  A
 * module that has a loader must import kr.loaders/1, which is how the host
 * knows that waiting for it may help.
 *
 * A failed load leaves no trace: what the child had registered is dropped, as
 * for any module.  A loader's module cannot be unloaded while children of it
 * are loaded.
 *
 * In the commands of a child, call->state is the child's state and
 * call->command tells which command it is.
 *
 * For an upgrade (MODULE UPGRADE, KR_MODULE_CAN_UPGRADE) load() is called once
 * more with the handle of the child that serves, whose state
 * kr_modules->state() answers.  It describes and registers as for a load;
 * nothing of that counts yet.
 *
 *   load() --> [values on trial] --> handover(), takeover() --> activate()
 *
 * If a type has another layout, all its values pass the old save() and the new
 * load() once on trial: in steps, while the old version serves commands.  What
 * load() has begun and is not registered with the host (timers, threads) must
 * therefore wait for activate(). */
#ifndef KR_LOADER_H
#define KR_LOADER_H

#include <kr/base.h>
#include <kr/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- The file ------------------------------------------------------------ */

/* A file to load.  The host has made sure that it may be loaded at all (its
 * owner, its mode, the directories allowed) and has made a private copy:
 * changing the file on disk does not change `bytes`.  Borrowed, read-only,
 * valid until the function that got it returns.  Hostile bytes: the reader
 * checks. */
struct kr_file {
    uint32_t size;
    uint32_t reserved;
    const char *path;    /* as it was asked for */
    struct kr_str bytes; /* the whole; no NUL at its end */
};

/* --- The child ----------------------------------------------------------- */

/* What a loader says of a child; all is copied. */
struct kr_child {
    uint32_t size;    /* sizeof(struct kr_child) */
    uint32_t version; /* 10203 is 1.2.3 */
    uint32_t flags;   /* KR_MODULE_ */
    uint32_t reserved;
    const char *name;    /* one word, unique in a server */
    const char *licence; /* these three may be NULL */
    const char *author;
    const char *summary;
    /* What calls of its commands find in kr_call.state, and what the functions
     * below get.  destroy() gets it even if load() fails later. */
    void *state;
    /* As those of a descriptor, and called as theirs.  Each may be NULL. */
    void (*activate)(kr_module *child, void *state);
    void (*deactivate)(kr_module *child, void *state);
    void (*destroy)(kr_module *child, void *state);
    /* For an upgrade in place; see struct kr_descriptor, and above. */
    kr_status (*handover)(kr_module *child, void *state,
                          struct kr_handover *out);
    kr_status (*takeover)(kr_module *child, void *state,
                          const struct kr_handover *in);
    /* Names that the file has asked its loader for and that the loader lacks:
     * MODULE INFO shows them.  Call `each` for every one, in any order; the
     * texts are borrowed until it returns.  NULL: there are none. */
    void (*lacks)(kr_module *child, void *state,
                  void (*each)(void *ctx, struct kr_str name), void *ctx);
    /* May it be unloaded now, or would that pull away what is in use: a thread of
     * the file's, say?  Asked when nothing else speaks against it: true, and
     * deactivate() follows.  May run code of the file's.  false: `why`, a text of
     * at most `size` bytes, completes "module 'x' is held by: ".  NULL: it may.
     * Asked when the server ends, too: false, and deactivate() is all that comes;
     * the child, its loader and what was loaded before them are left as they are
     * until the process is gone. */
    bool (*may_unload)(kr_module *child, void *state, char *why, size_t size);
    /* Of a loader that judges (KR_LOADER_JUDGES): has what the child has
     * registered so far come of this interface?  Asked when the configuration is
     * about to deny it that: true, and the change is refused as it is for a module
     * of ours that needs it.  NULL: no. */
    bool (*uses)(kr_module *child, void *state, const char *id);
};

/* --- The loader ---------------------------------------------------------- */

struct kr_loader {
    uint32_t size;    /* sizeof(struct kr_loader) */
    int32_t rank;     /* the lowest is asked first; equal ones as they came */
    const char *name; /* one word, unique among loaders, for messages */
    /* const char *, such as ".lua".  At the start the host offers files of
     * modules-dir that end so; named by a path, a file may end as it likes. */
    struct kr_rows suffixes;
    /* Is this a file for load()?  Cheap and without effect: no module can be
     * loaded, unloaded or asked for a loader meanwhile.  `self` is the loader's
     * module. */
    bool (*recognise)(kr_module *self, const struct kr_file *file);
    /* Describe `child`, then register all that it has with its handle.  Nothing
     * of it is visible to clients yet.  Not KR_OK: nothing is loaded, and
     * args->error says why in words.
     *
     * Before describe() has answered KR_OK a load() that fails frees what it
     * has allocated.  After it the state is the host's to end: destroy() is
     * called in any case, after all that the child had registered is gone, so
     * that what was registered may point into the state. */
    kr_status (*load)(kr_module *self, kr_module *child,
                      const struct kr_file *file,
                      const struct kr_load_args *args);
    uint32_t flags; /* KR_LOADER_ */
    uint32_t reserved;
};

/* The loader asks kr_modules->may_use() before it lends a child what rests on an
 * interface, and again after "config.changed"; what it cannot keep apart it
 * refuses in load().  Without it a child is refused that is denied (module-deny)
 * any interface that the loader's module imports. */
#define KR_LOADER_JUDGES (1u << 0)

/* --- Images: code that is mapped ----------------------------------------- */

/* A shared object of a child's, mapped. */
typedef struct kr_image kr_image;

#define KR_EXTENT_READ  1u
#define KR_EXTENT_WRITE 2u
#define KR_EXTENT_CODE  4u

struct kr_extent {
    const void *start;
    size_t bytes;
    uint32_t access; /* KR_EXTENT_ */
    uint32_t reserved;
};

/* --- kr.loaders/1 -------------------------------------------------------- */

struct kr_loaders {
    uint32_t size;
    uint32_t reserved;
    /* Register a loader, best in create().  The struct and its texts are
     * copied.  It is asked about files that are loaded together with `self`
     * and, once `self` is active, about all.  KR_EINVAL: no name, no functions,
     * or a suffix without a dot; KR_EEXIST: there is one of that name;
     * KR_EBUSY: a recognise() is running.  O(loaders). */
    kr_status (*add)(kr_module *self, const struct kr_loader *loader);
    /* Within load(), once and before anything is registered: what `child` is.
     * KR_EINVAL: the name is no word, or flags are unknown; KR_EEXIST: there is
     * a module of that name; KR_EDENIED: the configuration denies it an
     * interface that the loader imports, see KR_LOADER_JUDGES; KR_EBUSY: it has
     * been described, or is no child that is being loaded.  After a failure the load fails too, with a text
     * that tells, so that load() need not write one.  O(modules loaded
     * together). */
    kr_status (*describe)(kr_module *child, const struct kr_child *about);
    /* The module whose loader has loaded `module`; NULL: the host itself.
     * O(1). */
    kr_module *(*loader_of)(const kr_module *module);
    /* Is the file a shared object for this machine that exports `symbol`?  No
     * code of it runs, and nothing is mapped: made for recognise().  O(symbols
     * of the file). */
    bool (*exports)(const struct kr_file *file, const char *symbol);
    /* Within load(): map the file's private copy for `child`, after the checks
     * that modules of ours have to pass.  It must export `symbol`.  Its
     * initialisers run, for an upgrade most likely before load() and on another
     * thread; its symbols are seen by nobody else, and those that it misses are
     * an error now.  Addresses in it are told in crash reports by
     * the child's name.  `flags` is 0.  *out is the host's and lives as long as
     * the child; it is unmapped after destroy(), when no code of a module is on
     * the stack.  KR_EINVAL: flags; KR_EBUSY: `child` is not being loaded;
     * KR_EFORMAT: `error` says why. */
    kr_status (*image_open)(kr_module *child, const struct kr_file *file,
                            const char *symbol, uint32_t flags, kr_image **out,
                            char *error, size_t error_size);
    /* The address of what it exports under that name, or NULL.  O(1). */
    void *(*image_symbol)(const kr_image *image, const char *name);
    /* Where it is mapped: at most `room` extents in ascending order; the answer
     * is how many there are.  O(extents). */
    uint32_t (*image_extents)(const kr_image *image, struct kr_extent *extents,
                              uint32_t room);
    /* Unmap it before its time.  Nothing may point into it or run in it.  Only
     * for an image that turned out not to fit; of the others the host takes
     * care. */
    void (*image_close)(kr_module *child, kr_image *image);
    /* It stays mapped until the process ends: a thread that nobody can join may
     * have a last few instructions in it to run. */
    void (*image_keep)(kr_image *image);
    /* After an upgrade something of the old version may be left that only its
     * code can end: values, calls that wait, threads.  Its image stays mapped
     * until image_release() has been called as often as this.  [main], O(1). */
    void (*image_hold)(kr_image *image);
    void (*image_release)(kr_image *image);
};
KR_INTERFACE(kr_loaders, "kr.loaders/1");

#ifdef __cplusplus
}
#endif
#endif
