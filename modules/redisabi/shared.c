/* SPDX-License-Identifier: BSD-3-Clause */
/* shared - functions that guests lend each other, by name.
 *
 * Who has asked for a function keeps its address, so as long as the borrower is
 * loaded the lender has to be. */
#include "context.h"

struct shared {
    struct shared *next;
    struct guest *guest;
    void *function;
    char name[];
};

struct loan {
    struct loan *next;
    struct guest *lender, *borrower;
};

static struct shared **shared_find(const char *name)
{
    struct shared **at = &house()->shared;

    while (*at && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    return at;
}

/* The next version of a guest may have the name, too: it is the first of them
 * that is found, and goes when that version serves. */
int rm_ExportSharedAPI(RedisModuleCtx *ctx, const char *name, void *function)
{
    struct shared **at = &house()->shared;
    size_t size = strlen(name) + 1;

    for (; *at; at = &(*at)->next) {
        const struct guest *other = (*at)->guest;

        if (strcmp((*at)->name, name) == 0 &&
            (other == ctx->guest || other->self != ctx->guest->self))
            return REDISMODULE_ERR;
    }
    *at = kr_memory->calloc(redisabi_self, 1, sizeof(**at) + size);
    (*at)->guest = ctx->guest;
    (*at)->function = function;
    memcpy((*at)->name, name, size);
    return REDISMODULE_OK;
}

/* --- Loans ---------------------------------------------------------------- */

static void loan_note(struct guest *lender, struct guest *borrower)
{
    struct loan *loan = house()->loans;

    while (loan && (loan->lender != lender || loan->borrower != borrower))
        loan = loan->next;
    if (loan || lender->self == borrower->self)
        return;
    loan = kr_memory->alloc(redisabi_self, sizeof(*loan));
    *loan = (struct loan){house()->loans, lender, borrower};
    house()->loans = loan;
}

/* NULL: nobody lends it (yet). */
void *rm_GetSharedAPI(RedisModuleCtx *ctx, const char *name)
{
    struct shared *shared = *shared_find(name);

    if (shared && ctx->guest)
        loan_note(shared->guest, ctx->guest);
    return shared ? shared->function : NULL;
}

struct guest *shared_borrower(const struct guest *lender)
{
    for (const struct loan *loan = house()->loans; loan; loan = loan->next) {
        if (loan->lender == lender)
            return loan->borrower;
    }
    return NULL;
}

/* --- A guest goes --------------------------------------------------------- */

static void loans_forget(const struct guest *guest)
{
    struct loan **at = &house()->loans;

    while (*at) {
        struct loan *loan = *at;

        if (loan->lender != guest && loan->borrower != guest) {
            at = &loan->next;
            continue;
        }
        *at = loan->next;
        kr_memory->free(redisabi_self, loan);
    }
}

void shared_withdraw(struct guest *guest)
{
    HELD_FORGET(house()->shared, guest);
}

void shared_forget(struct guest *guest)
{
    shared_withdraw(guest);
    loans_forget(guest);
}
