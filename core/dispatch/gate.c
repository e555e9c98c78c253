/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/dispatch/gate.h"

#include "core/dispatch/call.h"
#include "core/memory/memory.h"
#include "core/module/module.h"
#include "core/net/client.h"

/* What a version of the module gives. */
struct gate_code {
    kr_gate_fn fn;
    void *ctx;
    int32_t rank;
};

struct kr_gate {
    kr_module *module;
    struct gate_code code;
    struct gate_code next; /* of the version that is made ready, if `again` */
    bool again;
    uint32_t stamp;
    char *name;
    uint32_t bit;
    uint32_t stage;
    uint64_t age; /* orders gates of one rank */
};

uint32_t gate_armed;
uint32_t gate_stages[GATE_STAGES];

static struct {
    kr_gate *by_bit[GATE_MAX];
    kr_gate *in_order[GATE_STAGES][GATE_MAX];
    uint32_t count[GATE_STAGES];
    uint64_t changes; /* gates added and removed so far */
} gates;

/* The place of the first gate behind that rank and age. */
static uint32_t gate_behind(uint32_t stage, int32_t rank, uint64_t age)
{
    uint32_t i = 0;

    for (; i < gates.count[stage]; i++) {
        const kr_gate *gate = gates.in_order[stage][i];

        if (gate->code.rank > rank ||
            (gate->code.rank == rank && gate->age > age))
            break;
    }
    return i;
}

int32_t gate_ask(uint32_t stage, uint32_t armed, struct kr_call *call,
                 const struct kr_outcome *outcome)
{
    if (!(armed & gate_stages[stage]))
        return KR_GATE_PASS;
    for (uint32_t i = 0; i < gates.count[stage]; i++) {
        kr_gate *gate = gates.in_order[stage][i];
        uint64_t age = gate->age, changes = gates.changes;
        int32_t rank = gate->code.rank;
        kr_module *was;
        int32_t answer;

        if (!(armed & gate->bit))
            continue;
        was = module_enter(gate->module);
        answer = gate->code.fn(call, outcome, gate->code.ctx);
        module_leave(was);
        if (answer != KR_GATE_PASS)
            return answer;
        /* It may have added and removed gates, itself included. */
        if (gates.changes != changes)
            i = gate_behind(stage, rank, age) - 1;
    }
    return KR_GATE_PASS;
}

/* Put it into the order of its stage. */
static void gate_place(kr_gate *gate)
{
    kr_gate **order = gates.in_order[gate->stage];
    uint32_t at = gates.count[gate->stage]++;

    for (; at > 0 && order[at - 1]->code.rank > gate->code.rank; at--)
        order[at] = order[at - 1];
    order[at] = gate;
}

static void gate_displace(kr_gate *gate)
{
    kr_gate **order = gates.in_order[gate->stage];
    uint32_t at = 0;

    while (order[at] != gate)
        at++;
    gates.count[gate->stage]--;
    for (; at < gates.count[gate->stage]; at++)
        order[at] = order[at + 1];
}

/* The gate that the version in use has under that name, for the next one. */
static kr_gate *gate_same(const kr_module *self, const char *name,
                          uint32_t stage)
{
    for (int i = 0; self && self->staging && i < GATE_MAX; i++) {
        kr_gate *gate = gates.by_bit[i];

        if (gate && gate->module == self && gate->stage == stage &&
            !gate->again && gate->stamp == self->generation &&
            strcmp(gate->name, name) == 0)
            return gate;
    }
    return NULL;
}

static kr_gate *gate_add(kr_module *self, const char *name, uint32_t stage,
                         int32_t rank, kr_gate_fn fn, void *ctx)
{
    struct gate_code code = {fn, ctx, rank};
    kr_gate *gate = gate_same(self, name, stage);
    uint32_t bit = 0;

    if (gate) {
        gate->next = code;
        gate->again = true;
        return gate;
    }
    while (bit < GATE_MAX && gates.by_bit[bit])
        bit++;
    if (bit == GATE_MAX || stage >= GATE_STAGES)
        return NULL;
    gate = memory_alloc(sizeof(*gate));
    *gate = (kr_gate){.module = self,
                      .code = code,
                      .stamp = module_stamp(self),
                      .name = memory_strdup(name ? name : ""),
                      .bit = 1u << bit,
                      .stage = stage,
                      .age = ++gates.changes};
    gates.by_bit[bit] = gate;
    gate_stages[stage] |= gate->bit;
    gate_place(gate);
    return gate;
}

static void gate_arm(kr_gate *gate, kr_client *client)
{
    if (client)
        client->armed |= gate->bit;
    else
        gate_armed |= gate->bit;
}

static void gate_disarm(kr_gate *gate, kr_client *client)
{
    if (client)
        client->armed &= ~gate->bit;
    else
        gate_armed &= ~gate->bit;
}

static void gate_release(kr_client *client)
{
    if (client) {
        if (client->held)
            client_resume(client);
        return;
    }
    for (kr_client *c = client_first(); c; c = client_after(c))
        if (c->held)
            client_resume(c);
}

static void gate_remove(kr_gate *gate)
{
    gate_armed &= ~gate->bit;
    for (kr_client *c = client_first(); c; c = client_after(c))
        c->armed &= ~gate->bit;
    gate_stages[gate->stage] &= ~gate->bit;
    gate_displace(gate);
    gates.by_bit[__builtin_ctz(gate->bit)] = NULL;
    gates.changes++;
    memory_free(gate->name);
    memory_free(gate);
    /* Whom it holds nobody else would release; others are held again. */
    gate_release(NULL);
}

void gate_forget(kr_module *module)
{
    for (int i = 0; i < GATE_MAX; i++)
        if (gates.by_bit[i] && gates.by_bit[i]->module == module)
            gate_remove(gates.by_bit[i]);
}

/* The new version's function stands where the old one's was. */
static void gate_renew(kr_gate *gate)
{
    gate_displace(gate);
    gate->code = gate->next;
    gate->stamp++;
    gate_place(gate);
    gates.changes++;
}

void gate_settle(kr_module *module, bool good)
{
    for (int i = 0; i < GATE_MAX; i++) {
        kr_gate *gate = gates.by_bit[i];
        bool again;

        if (!gate || gate->module != module)
            continue;
        again = gate->again;
        gate->again = false;
        if (good && again)
            gate_renew(gate);
        else if (!again && (gate->stamp == module->generation + 1) != good)
            gate_remove(gate);
    }
}

const struct kr_gates gate_interface = {
    .size = sizeof(struct kr_gates),
    .add = gate_add,
    .remove = gate_remove,
    .arm = gate_arm,
    .disarm = gate_disarm,
    .release = gate_release,
    .refuse = call_gate_refuses,
};
