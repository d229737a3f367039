/* The steps of a fused group, made fewer: arithmetic that one kernel can do together, stores that a kernel can do itself,
 * and as few registers as there are live values at a time. */
#include <string.h>

#include "../../tensor/memory.h"
#include "ir.h"

int elbo__reads_of(const elbo__step *step)
{
    switch (step->kind) {
    case ELBO__LOAD: return 0;
    case ELBO__STORE: return 1;
    default: return elbo__elementwise_operands(step->elementwise);
    }
}

static bool uses(const elbo__step *step, int reg)
{
    for (int i = 0; i < elbo__reads_of(step); i++)
        if (step->from[i] == reg)
            return true;
    return false;
}

static void remove_step(elbo__group *g, size_t at)
{
    memmove(&g->steps[at], &g->steps[at + 1], (g->n_steps - at - 1) * sizeof *g->steps);
    g->n_steps--;
}

/* ---- conditions ----------------------------------------------------------------------------------------------------------- */

/* The step that fills the register; those of a group that is being made fill each register once. */
static const elbo__step *maker(const elbo__group *g, int value)
{
    for (size_t i = 0; i < g->n_steps; i++)
        if (g->steps[i].kind != ELBO__STORE && g->steps[i].to == value)
            return &g->steps[i];
    return NULL;
}

static int readers(const elbo__group *g, int value)
{
    int n = 0;
    for (size_t i = 0; i < g->n_steps; i++)
        for (int k = 0; k < elbo__reads_of(&g->steps[i]); k++)
            n += g->steps[i].from[k] == value;
    return n;
}

/* The choice that a store stores, if it is one between a value that the group computes and what is there already. */
static const elbo__step *choice(const elbo__group *g, const elbo__instr *instr, const elbo__step *store)
{
    const elbo__step *made = maker(g, store->from[0]);
    if (made->kind != ELBO__COMPUTE || made->elementwise != ELBO__where || readers(g, made->to) != 1)
        return NULL;
    const elbo__step *when = maker(g, made->from[0]), *value = maker(g, made->from[1]), *old = maker(g, made->from[2]);
    bool is = when->kind == ELBO__LOAD && when->once && value->kind == ELBO__COMPUTE && old->kind == ELBO__LOAD &&
              instr->in[old->operand].buffer == instr->in[store->operand].buffer &&
              elbo__layout_same(&instr->in[old->operand].layout, &instr->in[store->operand].layout);
    return is ? made : NULL;
}

/* Where all that a group stores depends on one number in this way, as the updates of a step that may be skipped do, the
 * number is asked once for the whole group. */
static void find_condition(elbo__group *g, const elbo__instr *instr)
{
    int when = ELBO__NONE;
    for (size_t i = 0; i < g->n_steps; i++) {
        if (g->steps[i].kind != ELBO__STORE)
            continue;
        const elbo__step *made = choice(g, instr, &g->steps[i]);
        if (!made || (when != ELBO__NONE && when != made->from[0]))
            return;
        when = made->from[0];
    }
    if (when == ELBO__NONE)
        return;
    g->condition = maker(g, when)->operand;
    for (size_t i = 0; i < g->n_steps; i++)
        if (g->steps[i].kind == ELBO__STORE) {
            const elbo__step *made = choice(g, instr, &g->steps[i]);
            size_t at = (size_t)(made - g->steps);
            g->steps[i].from[0] = made->from[1];
            remove_step(g, at);
            i -= at < i;
        }
}

/* ---- contraction ------------------------------------------------------------------------------------------------------ */

/* What `outer` makes of the result of `inner` at its operand `at`, one kernel does as `fused`: its operands are those of inner
 * (0, 1, 2) and of outer (OUTER + 0, 1, 2), in the order of `from`. Where `same` names an operand of inner, outer's last one
 * must be the same. A fused multiply-add rounds once instead of twice. */
enum { OUTER = 3, ANY = -1 };
// clang-format off
static const struct {
    int outer, at, inner, fused, from[3], same;
} contractions[] = {
    {ELBO__add, 0, ELBO__mul, ELBO__mul_add, {0, 1, OUTER + 1}, ANY},
    {ELBO__add, 1, ELBO__mul, ELBO__mul_add, {0, 1, OUTER}, ANY},
    {ELBO__sub, 0, ELBO__mul, ELBO__mul_sub, {0, 1, OUTER + 1}, ANY},
    {ELBO__sub, 1, ELBO__mul, ELBO__sub_mul, {OUTER, 0, 1}, ANY},
    {ELBO__add, 0, ELBO__square, ELBO__mul_add, {0, 0, OUTER + 1}, ANY},
    {ELBO__add, 1, ELBO__square, ELBO__mul_add, {0, 0, OUTER}, ANY},
    {ELBO__sub, 0, ELBO__square, ELBO__mul_sub, {0, 0, OUTER + 1}, ANY},
    {ELBO__sub, 1, ELBO__square, ELBO__sub_mul, {OUTER, 0, 0}, ANY},
    {ELBO__add, 0, ELBO__sqrt, ELBO__root_add, {0, OUTER + 1}, ANY},
    {ELBO__add, 1, ELBO__sqrt, ELBO__root_add, {0, OUTER}, ANY},
    {ELBO__div, 1, ELBO__root_add, ELBO__over_root, {OUTER, 0, 1}, ANY},
    {ELBO__mul_add, 0, ELBO__sub, ELBO__lerp, {1, 0, OUTER + 1}, 1},
    {ELBO__mul_add, 1, ELBO__sub, ELBO__lerp, {1, 0, OUTER}, 1},
    {ELBO__mul_add, 0, ELBO__mul_sub, ELBO__lerp_square, {2, 0, OUTER + 1}, 2},
    {ELBO__mul_add, 1, ELBO__mul_sub, ELBO__lerp_square, {2, 0, OUTER}, 2},
};
// clang-format on

/* Whether a value is memory that a step after `inner` and before `outer` stores to. */
static bool changes(const elbo__group *g, const elbo__instr *instr, int value, const elbo__step *inner,
                    const elbo__step *outer)
{
    for (size_t i = 0; i < g->n_steps; i++) {
        const elbo__step *load = &g->steps[i];
        if (load->kind != ELBO__LOAD || load->to != value || !load->direct)
            continue;
        for (const elbo__step *store = inner + 1; store < outer; store++)
            if (store->kind == ELBO__STORE && instr->in[store->operand].buffer == instr->in[load->operand].buffer)
                return true;
    }
    return false;
}

/* Whether row c of the table applies to a step and the one that makes its operand. */
static bool contracts(const elbo__group *g, const elbo__instr *instr, size_t c, const elbo__step *outer,
                      const elbo__step *inner)
{
    if (inner->kind != ELBO__COMPUTE || inner->elementwise != contractions[c].inner || readers(g, inner->to) != 1)
        return false;
    for (int k = 0; k < elbo__reads_of(inner); k++)
        if (changes(g, instr, inner->from[k], inner, outer))
            return false;
    bool squares = contractions[c].fused != ELBO__lerp_square || inner->from[0] == inner->from[1];
    return squares && (contractions[c].same == ANY || inner->from[contractions[c].same] == outer->from[2]);
}

static bool contract_at(elbo__group *g, const elbo__instr *instr, size_t at)
{
    elbo__step *outer = &g->steps[at];
    for (size_t c = 0; c < sizeof contractions / sizeof contractions[0]; c++) {
        const elbo__step *inner = outer->elementwise == contractions[c].outer
                                      ? maker(g, outer->from[contractions[c].at])
                                      : NULL;
        if (!inner || !contracts(g, instr, c, outer, inner))
            continue;
        const int operands[] = {inner->from[0], inner->from[1], inner->from[2],
                                outer->from[0], outer->from[1], outer->from[2]};
        outer->elementwise = contractions[c].fused;
        for (int k = 0; k < elbo__reads_of(outer); k++)
            outer->from[k] = operands[contractions[c].from[k]];
        remove_step(g, (size_t)(inner - g->steps));
        return true;
    }
    return false;
}

/* Until nothing changes, for what a contraction makes may be part of another. */
static void contract(elbo__group *g, const elbo__instr *instr)
{
    for (size_t before = 0; before != g->n_steps;) {
        before = g->n_steps;
        for (size_t i = 0; i < g->n_steps; i++)
            if (g->steps[i].kind == ELBO__COMPUTE && contract_at(g, instr, i))
                i--;
    }
}

/* ---- stores --------------------------------------------------------------------------------------------------------------- */

/* A computed value that is stored in one piece is computed right there, if nothing after it wants what was there before
 * and nothing else is stored there. */
static void store_directly(elbo__group *g, const elbo__instr *instr, size_t at)
{
    const elbo__step *store = &g->steps[at];
    const elbo__operand *to = &instr->in[store->operand];
    size_t made = 0;
    while (made < at && !(g->steps[made].kind == ELBO__COMPUTE && g->steps[made].to == store->from[0]))
        made++;
    int64_t row;
    if (made == at || g->steps[made].operand != ELBO__NONE || !elbo__lane_in_place(&to->layout, instr->axis > 0, &row))
        return;
    for (size_t i = 0; i < g->n_steps; i++) {
        const elbo__step *old = &g->steps[i];
        if (i == at || old->operand == ELBO__NONE || instr->in[old->operand].buffer != to->buffer)
            continue;
        if (old->kind != ELBO__LOAD)
            return; /* one of two assignments to the same state */
        for (size_t j = made + 1; j < g->n_steps; j++)
            if (uses(&g->steps[j], old->to) || (j == i && i > made))
                return;
    }
    g->steps[made].operand = store->operand;
    remove_step(g, at);
}

/* ---- registers ------------------------------------------------------------------------------------------------------------ */

/* As few registers as there are live values at a time. What is loaded once stays for the whole block. */
static elbo_status allocate_registers(elbo__group *g, int values)
{
    int *place = elbo__alloc((size_t)values * sizeof *place), *last = elbo__calloc((size_t)values, sizeof *last);
    bool *busy = elbo__calloc((size_t)values, sizeof *busy);
    if (place && last && busy) {
        for (size_t i = 0; i < g->n_steps; i++) {
            const elbo__step *step = &g->steps[i];
            for (int k = 0; k < elbo__reads_of(step); k++)
                last[step->from[k]] = last[step->from[k]] == INT32_MAX ? INT32_MAX : (int)i;
            if (step->kind == ELBO__LOAD && step->once) {
                last[step->to] = INT32_MAX;
                busy[g->registers] = true;
                place[step->to] = g->registers++;
            }
        }
        for (size_t i = 0; i < g->n_steps; i++) {
            elbo__step *step = &g->steps[i];
            for (int k = 0; k < 3; k++) {
                bool read = k < elbo__reads_of(step);
                int value = read ? step->from[k] : 0;
                step->from[k] = read ? place[value] : 0;
                if (read && last[value] == (int)i)
                    busy[place[value]] = false;
            }
            if (step->kind == ELBO__STORE)
                continue;
            if (last[step->to] != INT32_MAX) {
                int reg = 0;
                while (busy[reg])
                    reg++;
                busy[reg] = last[step->to] > (int)i;
                place[step->to] = reg;
                g->registers = reg >= g->registers ? reg + 1 : g->registers;
            }
            step->to = place[step->to];
        }
    }
    bool ok = place && last && busy;
    elbo__free(place);
    elbo__free(last);
    elbo__free(busy);
    return ok ? ELBO_OK : ELBO_NO_MEMORY;
}

/* ---- all of it ------------------------------------------------------------------------------------------------------------ */

elbo_status elbo__plan_refine(elbo__instr *instr, int values)
{
    elbo__group *g = instr->group;
    find_condition(g, instr);
    contract(g, instr);
    for (size_t i = g->n_steps; i-- > 0;)
        if (g->steps[i].kind == ELBO__STORE)
            store_directly(g, instr, i);
    return allocate_registers(g, values);
}
