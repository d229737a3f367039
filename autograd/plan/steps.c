/* The steps of a fused group, made fewer: arithmetic that one kernel can do together, stores that a kernel can do
 * itself, and as few registers as there are live values at a time. */
#include <string.h>

#include "../../tensor/lookup.h"
#include "../../tensor/memory.h"
#include "ir.h"

int elbo__reads_of(const elbo__step *step)
{
    switch (step->kind) {
    case ELBO__LOAD: return 0;
    case ELBO__STORE:
    case ELBO__SUM: return 1;
    default: return elbo__elementwise_operands(step->elementwise);
    }
}

/* A group whose steps are being made fewer. So far each value is filled by one step; steps that are taken out are
 * `gone` until the end, so that the others stay where they are. */
typedef struct {
    elbo__group *g;
    const elbo__instr *instr;
    bool *gone;             /* by step */
    int *maker;             /* by value: the step that fills it; NONE: that is gone */
    int *readers, *last;    /* by value: how many operands of steps read it; the last step that does */
    int *step_of;           /* by operand of the group: the step that loads it or stores to it */
    elbo__lookup in_buffer; /* operands by their buffers */
} refinement;

static void count_reads(refinement *r, const elbo__step *step, int by)
{
    for (int k = 0; k < elbo__reads_of(step); k++)
        r->readers[step->from[k]] += by;
}

static void take_out(refinement *r, size_t at)
{
    elbo__step *step = &r->g->steps[at];
    r->gone[at] = true;
    count_reads(r, step, -1);
    if (elbo__fills(step))
        r->maker[step->to] = ELBO__NONE;
}

static elbo__step *maker(const refinement *r, int value)
{
    return r->maker[value] == ELBO__NONE ? NULL : &r->g->steps[r->maker[value]];
}

static uint64_t hash_of(int buffer)
{
    return elbo__hash_more(0, &buffer, sizeof buffer);
}

/* The operands that lie in a buffer: for (int e = first_in(r, buffer); e >= 0; e = next_in(r, buffer, e)) */
static int in_it(const refinement *r, int buffer, int e)
{
    while (e >= 0 && r->instr->in[r->in_buffer.entries[e].value].buffer != buffer)
        e = elbo__lookup_next(&r->in_buffer, e);
    return e;
}

static int first_in(const refinement *r, int buffer)
{
    return in_it(r, buffer, elbo__lookup_first(&r->in_buffer, hash_of(buffer)));
}

static int next_in(const refinement *r, int buffer, int e)
{
    return in_it(r, buffer, elbo__lookup_next(&r->in_buffer, e));
}

/* ---- conditions -------------------------------------------------------------------------------------------------- */

/* The choice that a store stores, if it is one between a value that the group computes and what is there already. */
static const elbo__step *choice(const refinement *r, const elbo__step *store)
{
    const elbo__operand *in = r->instr->in;
    const elbo__step *made = maker(r, store->from[0]);
    if (made->kind != ELBO__COMPUTE || made->elementwise != ELBO__where || r->readers[made->to] != 1)
        return NULL;
    const elbo__step *when = maker(r, made->from[0]), *value = maker(r, made->from[1]), *old = maker(r, made->from[2]);
    bool is = when->kind == ELBO__LOAD && when->once && value->kind == ELBO__COMPUTE && old->kind == ELBO__LOAD &&
              in[old->operand].buffer == in[store->operand].buffer &&
              elbo__layout_same(&in[old->operand].layout, &in[store->operand].layout);
    return is ? made : NULL;
}

/* Where all that a group stores depends on one number in this way, as the updates of a step that may be skipped do, the
 * number is asked once for the whole group. */
static void find_condition(refinement *r)
{
    elbo__group *g = r->g;
    int when = ELBO__NONE;
    for (size_t i = 0; i < g->n_steps; i++) {
        if (g->steps[i].kind != ELBO__STORE)
            continue;
        const elbo__step *made = choice(r, &g->steps[i]);
        if (!made || (when != ELBO__NONE && when != made->from[0]))
            return;
        when = made->from[0];
    }
    if (when == ELBO__NONE)
        return;
    g->condition = maker(r, when)->operand;
    for (size_t i = 0; i < g->n_steps; i++)
        if (g->steps[i].kind == ELBO__STORE) {
            const elbo__step *made = choice(r, &g->steps[i]);
            count_reads(r, &g->steps[i], -1);
            g->steps[i].from[0] = made->from[1];
            count_reads(r, &g->steps[i], 1);
            take_out(r, (size_t)(made - g->steps));
        }
}

/* ---- contraction ------------------------------------------------------------------------------------------------- */

/* What `outer` makes of the result of `inner` at its operand `at`, one kernel does as `fused`: its operands are those
 * of inner (0, 1, 2) and of outer (OUTER + 0, 1, 2), in the order of `from`. Where `same` names an operand of inner,
 * outer's last one must be the same. A fused multiply-add rounds once instead of twice. */
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
static bool changes(const refinement *r, int value, const elbo__step *inner, const elbo__step *outer)
{
    const elbo__step *load = maker(r, value);
    if (!load || load->kind != ELBO__LOAD || !load->direct)
        return false;
    const int buffer = r->instr->in[load->operand].buffer;
    for (int e = first_in(r, buffer); e >= 0; e = next_in(r, buffer, e)) {
        const elbo__step *store = &r->g->steps[r->step_of[r->in_buffer.entries[e].value]];
        if (store->kind == ELBO__STORE && store > inner && store < outer)
            return true;
    }
    return false;
}

/* Whether row c of the table applies to a step and the one that makes its operand. */
static bool contracts(const refinement *r, size_t c, const elbo__step *outer, const elbo__step *inner)
{
    if (inner->kind != ELBO__COMPUTE || inner->elementwise != contractions[c].inner || r->readers[inner->to] != 1)
        return false;
    for (int k = 0; k < elbo__reads_of(inner); k++)
        if (changes(r, inner->from[k], inner, outer))
            return false;
    bool squares = contractions[c].fused != ELBO__lerp_square || inner->from[0] == inner->from[1];
    return squares && (contractions[c].same == ANY || inner->from[contractions[c].same] == outer->from[2]);
}

static bool contract_at(refinement *r, size_t at)
{
    elbo__step *outer = &r->g->steps[at];
    for (size_t c = 0; c < sizeof contractions / sizeof contractions[0]; c++) {
        const elbo__step *inner = outer->elementwise == contractions[c].outer
                                      ? maker(r, outer->from[contractions[c].at])
                                      : NULL;
        if (!inner || !contracts(r, c, outer, inner))
            continue;
        const int operands[] = {inner->from[0], inner->from[1], inner->from[2],
                                outer->from[0], outer->from[1], outer->from[2]};
        count_reads(r, outer, -1);
        outer->elementwise = contractions[c].fused;
        for (int k = 0; k < elbo__reads_of(outer); k++)
            outer->from[k] = operands[contractions[c].from[k]];
        count_reads(r, outer, 1);
        take_out(r, (size_t)(inner - r->g->steps));
        return true;
    }
    return false;
}

/* Until nothing changes, for what a contraction makes may be part of another. */
static void contract(refinement *r)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < r->g->n_steps; i++)
            if (!r->gone[i] && r->g->steps[i].kind == ELBO__COMPUTE)
                changed |= contract_at(r, i);
    }
}

/* ---- stores ------------------------------------------------------------------------------------------------------ */

/* A computed value that is stored in one piece is computed right there, if nothing after it wants what was there before
 * and nothing else is stored there. */
static void store_directly(refinement *r, size_t at)
{
    elbo__step *steps = r->g->steps, *made = maker(r, steps[at].from[0]);
    const int operand = steps[at].operand;
    const elbo__operand *to = &r->instr->in[operand];
    if (made->kind != ELBO__COMPUTE || made->operand != ELBO__NONE || !elbo__lane_in_place(&to->layout, r->g->row_axes))
        return;
    for (int e = first_in(r, to->buffer); e >= 0; e = next_in(r, to->buffer, e)) {
        const int other = r->in_buffer.entries[e].value;
        const elbo__step *old = &steps[r->step_of[other]];
        if (other == operand)
            continue;
        if (old->kind != ELBO__LOAD)
            return; /* one of two assignments to the same state */
        if (r->last[old->to] > made - steps || old > made)
            return;
    }
    made->operand = operand;
    r->step_of[operand] = (int)(made - steps);
    take_out(r, at);
}

static void store_all_directly(refinement *r)
{
    for (size_t i = 0; i < r->g->n_steps; i++)
        for (int k = 0; k < elbo__reads_of(&r->g->steps[i]) && !r->gone[i]; k++)
            r->last[r->g->steps[i].from[k]] = (int)i;
    for (size_t i = r->g->n_steps; i-- > 0;)
        if (r->g->steps[i].kind == ELBO__STORE)
            store_directly(r, i);
}

/* ---- registers --------------------------------------------------------------------------------------------------- */

/* As few registers as there are live values at a time. What is loaded once and what is added up stays for the whole
 * block. */
static elbo_status allocate_registers(elbo__group *g, int values)
{
    int *place = elbo__alloc((size_t)values * sizeof *place), *last = elbo__calloc((size_t)values, sizeof *last);
    bool *busy = elbo__calloc((size_t)values, sizeof *busy);
    if (place && last && busy) {
        for (size_t i = 0; i < g->n_steps; i++) {
            const elbo__step *step = &g->steps[i];
            for (int k = 0; k < elbo__reads_of(step); k++)
                last[step->from[k]] = last[step->from[k]] == INT32_MAX ? INT32_MAX : (int)i;
            if (step->kind == ELBO__SUM || (step->kind == ELBO__LOAD && step->once)) {
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

/* ---- all of it --------------------------------------------------------------------------------------------------- */

static elbo_status begin(refinement *r, int values)
{
    const elbo__group *g = r->g;
    r->gone = elbo__calloc(g->n_steps, sizeof *r->gone);
    r->maker = elbo__calloc((size_t)values, sizeof *r->maker);
    r->readers = elbo__calloc((size_t)values, sizeof *r->readers);
    r->last = elbo__calloc((size_t)values, sizeof *r->last);
    r->step_of = elbo__calloc((size_t)r->instr->n_in, sizeof *r->step_of);
    elbo_status status = r->gone && r->maker && r->readers && r->last && r->step_of ? ELBO_OK : ELBO_NO_MEMORY;
    for (size_t i = 0; i < g->n_steps && status == ELBO_OK; i++) {
        const elbo__step *step = &g->steps[i];
        count_reads(r, step, 1);
        if (elbo__fills(step))
            r->maker[step->to] = (int)i;
        if (step->operand == ELBO__NONE)
            continue;
        r->step_of[step->operand] = (int)i;
        status = elbo__lookup_add(&r->in_buffer, hash_of(r->instr->in[step->operand].buffer), step->operand);
    }
    return status;
}

static void remove_what_is_gone(refinement *r)
{
    size_t left = 0;
    for (size_t i = 0; i < r->g->n_steps; i++)
        if (!r->gone[i])
            r->g->steps[left++] = r->g->steps[i];
    r->g->n_steps = left;
}

elbo_status elbo__plan_refine(elbo__instr *instr, int values)
{
    refinement r = {.g = instr->group, .instr = instr};
    elbo_status status = begin(&r, values);
    if (status == ELBO_OK) {
        find_condition(&r);
        contract(&r);
        store_all_directly(&r);
        remove_what_is_gone(&r);
        status = allocate_registers(r.g, values);
    }
    elbo__free(r.gone);
    elbo__free(r.maker);
    elbo__free(r.readers);
    elbo__free(r.last);
    elbo__free(r.step_of);
    elbo__lookup_free(&r.in_buffer);
    return status;
}
