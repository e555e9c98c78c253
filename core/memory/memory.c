/* SPDX-License-Identifier: BSD-3-Clause */
/* memory - the host's allocator, counted.
 *
 * Counting must cost less than allocating.  Each thread adds to a counter of
 * its own, on a cache line that no other thread writes; memory_used() walks the
 * chain of counters:
 *
 *     chain --> [ used | taken | next ] --> [ used | taken | next ] --> NULL
 *                    ^                           ^
 *                    | thread A                  | thread B, or free
 *
 * A counter is made for a thread's first call and is never given back: when its
 * thread ends it is marked free, keeps its sum (another thread may still hold
 * what this one allocated), and serves the next thread.  So there are as many
 * counters as there ever were threads at once, no lock is taken anywhere, and a
 * child that was forked while another thread allocated is not stuck.
 *
 * A single counter may be negative (a thread that frees what others allocated);
 * the sum is not, but a reader may meet a block that moves between threads and
 * see it on one side only: a momentary error of that block's size.
 *
 * How many bytes a block really has:
 *     jemalloc  known from the size when allocated (one load from a table of
 *               its size classes, up to SIZE_CLASS_MAX); asked for when freed
 *     mimalloc, libc: asked for at both ends
 *
 * With KR_HOSTILE the `try` functions fail now and then, realloc always moves,
 * new bytes are rubbish and so are freed ones. */

#include "core/memory/memory.h"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- The allocator below ---------------------------------------------------
 * Not one of them is asked for 0 bytes: what they answer then differs. */

#if defined(CORE_ALLOCATOR_JEMALLOC)

#include <jemalloc/jemalloc.h>

/* Debian's library, like most, takes the plain names; its own allocations and
 * those of every other library in the process are then jemalloc's too. */
#define heap_malloc  malloc
#define heap_calloc  calloc
#define heap_realloc realloc
#define heap_free    free

static size_t heap_usable(const void *block)
{
    /* Only the address is looked at, but gcc takes a const pointer to fresh
     * memory for a read of it: let it forget where the pointer is from. */
    __asm__("" : "+r"(block));
    return sallocx(block, 0);
}

#define HEAP_TEXT(x)       HEAP_TEXT_OF(x)
#define HEAP_TEXT_OF(x)    #x
#define HEAP_ALL_ARENAS(x) "arena." HEAP_TEXT(MALLCTL_ARENAS_ALL) "." x

/* It looks at its clock only when it is called, and a server that waits calls
 * nothing. */
static void heap_give_back(void)
{
    (void)mallctl(HEAP_ALL_ARENAS("decay"), NULL, NULL, NULL, 0);
}

#elif defined(CORE_ALLOCATOR_MIMALLOC)

#include <mimalloc.h>

#define heap_malloc  mi_malloc
#define heap_calloc  mi_calloc
#define heap_realloc mi_realloc
#define heap_free    mi_free
#define heap_usable  mi_usable_size

static void heap_give_back(void)
{
    mi_collect(false);
}

#else

#include <malloc.h>

#define heap_malloc  malloc
#define heap_calloc  calloc
#define heap_realloc realloc
#define heap_free    free

static size_t heap_usable(const void *block)
{
    return malloc_usable_size((void *)block);
}

static void heap_give_back(void)
{
    /* malloc_trim() walks the whole heap: MEMORY PURGE may ask for that. */
}

#endif

/* --- Counters ------------------------------------------------------------ */

struct memory_counter {
    _Atomic int64_t used; /* bytes; written by its thread only */
    _Atomic bool taken;   /* a thread has it */
    struct memory_counter *next;
} __attribute__((aligned(64))); /* no two threads on one cache line */

/* File-level state, against the house's rule: an allocator is called from every
 * thread with nothing in its hands but a size. */
static struct memory_counter *_Atomic memory_chain;
static _Thread_local struct memory_counter *memory_mine;
static pthread_once_t memory_once = PTHREAD_ONCE_INIT;
static pthread_key_t memory_key; /* exists for its destructor */

#if defined(CORE_ALLOCATOR_JEMALLOC)
/* Usable bytes of a block of n bytes, at (n + 7) / 8.  Filled before the first
 * counter is handed out, constant from then on. */
enum { SIZE_CLASS_MAX = 1024 };
static uint16_t memory_size_class[SIZE_CLASS_MAX / 8 + 1];
#endif

/* Without memory we can neither format nor go on. */
static __attribute__((noreturn, cold)) void memory_die(size_t size)
{
    char line[96];
    int length = snprintf(line, sizeof line,
                          "memory: out of memory allocating %zu bytes\n", size);

    if (write(STDERR_FILENO, line, (size_t)length) < 0) {
        /* There is nobody to tell. */
    }
    abort();
}

/* The thread ends.  Destructors that run after this one may still allocate:
 * they take a counter anew, and the key brings us here again. */
static void memory_thread_ends(void *mine)
{
    struct memory_counter *counter = mine;

    memory_mine = NULL;
    atomic_store_explicit(&counter->taken, false, memory_order_release);
}

static void memory_start(void)
{
    if (pthread_key_create(&memory_key, memory_thread_ends) != 0)
        memory_die(0);
#if defined(CORE_ALLOCATOR_JEMALLOC)
    for (size_t i = 0; i < sizeof memory_size_class / sizeof(uint16_t); i++)
        memory_size_class[i] = (uint16_t)nallocx(i == 0 ? 1 : i * 8, 0);
#endif
}

/* A free counter from the chain, or a new one in front of it. */
static struct memory_counter *memory_counter_take(void)
{
    struct memory_counter *counter;

    for (counter = atomic_load(&memory_chain); counter;
         counter = counter->next) {
        bool taken = false;

        if (atomic_compare_exchange_strong(&counter->taken, &taken, true))
            return counter;
    }
    counter = aligned_alloc(_Alignof(struct memory_counter), sizeof *counter);
    if (!counter)
        memory_die(sizeof *counter);
    atomic_init(&counter->used, 0);
    atomic_init(&counter->taken, true);
    counter->next = atomic_load(&memory_chain);
    while (
        !atomic_compare_exchange_weak(&memory_chain, &counter->next, counter))
        ;
    return counter;
}

static __attribute__((noinline, cold)) void memory_thread_begins(void)
{
    pthread_once(&memory_once, memory_start);
    memory_mine = memory_counter_take();
    if (pthread_setspecific(memory_key, memory_mine) != 0)
        memory_die(0);
}

/* Two plain loads and a store: only this thread writes. */
static inline void memory_count(int64_t bytes)
{
    _Atomic int64_t *used;

    if (__builtin_expect(!memory_mine, 0))
        memory_thread_begins();
    used = &memory_mine->used;
    atomic_store_explicit(
        used, atomic_load_explicit(used, memory_order_relaxed) + bytes,
        memory_order_relaxed);
}

/* Counts `block`, which is new and was asked for as `size` bytes. */
static inline void memory_count_new(const void *block, size_t size)
{
#if defined(CORE_ALLOCATOR_JEMALLOC)
    (void)block;
    if (__builtin_expect(size <= SIZE_CLASS_MAX && memory_mine != NULL, 1))
        memory_count(memory_size_class[(size + 7) / 8]);
    else
        memory_count((int64_t)nallocx(size ? size : 1, 0));
#else
    (void)size;
    memory_count((int64_t)heap_usable(block));
#endif
}

size_t memory_used(void)
{
    int64_t sum = 0;

    for (struct memory_counter *counter = atomic_load(&memory_chain); counter;
         counter = counter->next)
        sum += atomic_load_explicit(&counter->used, memory_order_relaxed);
    return sum < 0 ? 0 : (size_t)sum;
}

/* --- A hostile heap ------------------------------------------------------ */

#if defined(KR_HOSTILE)

enum { FAIL_ONE_IN = 64, FRESH = 0xa5, DEAD = 0x5a, FILLED = 65536 };

static uint64_t memory_hostile_setting(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 0) : otherwise;
}

/* Does this call fail?  Deterministic for one thread and one KR_HOSTILE_SEED;
 * without a seed the heap is nasty, but has memory: a build can then run suites
 * whose expectations hold only when it has.  A thread's first calls, as many as
 * KR_HOSTILE_GRANTED says, have memory as well, so that a server can start. */
static bool memory_hostile_fails(void)
{
    static _Thread_local uint64_t state, granted;

    if (state == 0) {
        state = memory_hostile_setting("KR_HOSTILE_SEED", UINT64_MAX / 2);
        state = state * 2 + 1;
        granted = memory_hostile_setting("KR_HOSTILE_GRANTED", 0);
    }
    if (state == UINT64_MAX)
        return false;
    if (granted > 0) {
        granted--;
        return false;
    }
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % FAIL_ONE_IN == 0;
}

/* Of a large block both ends: who asks for room and leaves it alone shall not
 * have the machine find pages for it. */
static void memory_hostile_fill(void *block, int byte)
{
    size_t size = heap_usable(block);

    if (size <= 2 * (size_t)FILLED) {
        memset(block, byte, size);
    } else {
        memset(block, byte, FILLED);
        memset((char *)block + size - FILLED, byte, FILLED);
    }
}

#else

static inline bool memory_hostile_fails(void)
{
    return false;
}

#endif

/* --- Allocation ---------------------------------------------------------- */

static inline void *memory_take(size_t size)
{
    void *block = heap_malloc(size ? size : 1);

    if (__builtin_expect(block != NULL, 1)) {
        memory_count_new(block, size);
#if defined(KR_HOSTILE)
        memory_hostile_fill(block, FRESH);
#endif
    }
    return block;
}

static void *memory_take_zeroed(size_t count, size_t size)
{
    size_t total;
    void *block;

    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    /* calloc, because fresh pages from the system are zero already. */
    block = heap_calloc(1, total ? total : 1);
    if (block)
        memory_count_new(block, total);
    return block;
}

static void *memory_retake(void *block, size_t size)
{
    int64_t before;
    void *moved;

    if (!block)
        return memory_take(size);
#if defined(KR_HOSTILE)
    before = (int64_t)heap_usable(block);
    moved = memory_take(size);
    if (moved) {
        memcpy(moved, block, (size_t)before < size ? (size_t)before : size);
        memory_free(block);
    }
#else
    before = (int64_t)heap_usable(block);
    moved = heap_realloc(block, size ? size : 1);
    if (moved)
        memory_count((int64_t)heap_usable(moved) - before);
#endif
    return moved;
}

void *memory_alloc_aligned(size_t align, size_t size)
{
    /* C11's aligned_alloc wants a multiple; all three allocators have it, and
     * mimalloc's takes the place of libc's when it is linked. */
#if defined(CORE_ALLOCATOR_MIMALLOC)
    void *block = mi_malloc_aligned(size, align);
#else
    void *block = aligned_alloc(align, size);
#endif

    if (__builtin_expect(block == NULL, 0))
        memory_die(size);
    memory_count((int64_t)heap_usable(block));
#if defined(KR_HOSTILE)
    memory_hostile_fill(block, FRESH);
#endif
    return block;
}

void *memory_alloc(size_t size)
{
    void *block = memory_take(size);

    if (__builtin_expect(!block, 0))
        memory_die(size);
    return block;
}

void *memory_calloc(size_t count, size_t size)
{
    void *block = memory_take_zeroed(count, size);

    if (!block) {
        size_t total;

        memory_die(__builtin_mul_overflow(count, size, &total) ? SIZE_MAX
                                                               : total);
    }
    return block;
}

void *memory_realloc(void *block, size_t size)
{
    void *moved = memory_retake(block, size);

    if (!moved)
        memory_die(size);
    return moved;
}

void *memory_try_alloc(size_t size)
{
    return memory_hostile_fails() ? NULL : memory_take(size);
}

void *memory_try_calloc(size_t count, size_t size)
{
    return memory_hostile_fails() ? NULL : memory_take_zeroed(count, size);
}

void *memory_try_realloc(void *block, size_t size)
{
    return memory_hostile_fails() ? NULL : memory_retake(block, size);
}

void memory_free(void *block)
{
    if (!block)
        return;
    memory_count(-(int64_t)heap_usable(block));
#if defined(KR_HOSTILE)
    memory_hostile_fill(block, DEAD);
#endif
    heap_free(block);
}

char *memory_strndup(const char *text, size_t size)
{
    char *copy;

    if (size == SIZE_MAX)
        memory_die(size);
    copy = memory_alloc(size + 1);
    memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

char *memory_strdup(const char *text)
{
    return memory_strndup(text, strlen(text));
}

size_t memory_usable(const void *block)
{
    return heap_usable(block);
}

void memory_give_back(void)
{
    heap_give_back();
}

/* --- What INFO asks ------------------------------------------------------ */

const char *memory_allocator_name(void)
{
#if defined(CORE_ALLOCATOR_JEMALLOC)
#define MEMORY_TEXT(x) #x
#define MEMORY_DOTS(a, b, c)                                                   \
    MEMORY_TEXT(a) "." MEMORY_TEXT(b) "." MEMORY_TEXT(c)
    return "jemalloc-" MEMORY_DOTS(JEMALLOC_VERSION_MAJOR,
                                   JEMALLOC_VERSION_MINOR,
                                   JEMALLOC_VERSION_BUGFIX);
#undef MEMORY_DOTS
#undef MEMORY_TEXT
#elif defined(CORE_ALLOCATOR_MIMALLOC)
    return "mimalloc";
#else
    return "libc";
#endif
}
