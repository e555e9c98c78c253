/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_memory - any order of calls keeps the count true and the bytes whole.
 *
 * Three input bytes are one step: which of 16 slots, what to do, how much.
 * Each block is filled with its slot's number, and looked at before it goes. */

#include "core/memory/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 16 };

struct slot {
    unsigned char *block;
    size_t size; /* bytes that are filled */
};

static void slot_look(const struct slot *slot, size_t size, int number)
{
    for (size_t i = 0; i < size; i++) {
        if (slot->block[i] != number)
            abort();
    }
}

/* `size` from two bytes: mostly small, sometimes pages. */
static size_t step_size(unsigned what, unsigned much)
{
    return what & 0x80 ? (size_t)much * much : much * ((what >> 4) + 1);
}

static void step(struct slot *slot, int number, unsigned what, unsigned much)
{
    size_t size = step_size(what, much);
    unsigned char *block;

    slot_look(slot, slot->size, number);
    switch (what % 4) {
    case 0:
        memory_free(slot->block);
        slot->block = NULL;
        slot->size = 0;
        return;
    case 1:
        memory_free(slot->block);
        slot->block = memory_alloc(size);
        break;
    case 2:
        memory_free(slot->block);
        slot->block = memory_calloc(size, 1);
        slot_look(slot, size, 0);
        break;
    case 3:
        block = memory_try_realloc(slot->block, size);
        if (!block)
            return;
        slot->block = block;
        slot_look(slot, slot->size < size ? slot->size : size, number);
        break;
    }
    slot->size = size;
    memset(slot->block, number, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slot slots[SLOTS] = {{NULL, 0}};
    size_t before = memory_used();
    size_t sum = 0;

    for (size_t at = 0; at + 3 <= size && at < 3000; at += 3) {
        struct slot *slot = &slots[data[at] % SLOTS];

        if (slot->block)
            sum -= memory_usable(slot->block);
        step(slot, data[at] % SLOTS, data[at + 1], data[at + 2]);
        if (slot->block)
            sum += memory_usable(slot->block);
        if (memory_used() != before + sum)
            abort();
    }
    for (int i = 0; i < SLOTS; i++)
        memory_free(slots[i].block);
    if (memory_used() != before)
        abort();
    return 0;
}
