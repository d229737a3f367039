/* Leaves: inputs, constants, parameters and state. */
#include <string.h>

#include "../../tensor/memory.h"
#include "../op.h"
#include "../params_private.h"

/* ---- inputs ------------------------------------------------------------------------------------------------------ */

const elbo__op elbo__op_input = {.name = "input", .flags = ELBO__LEAF | ELBO__NO_CASES};

elbo_var *elbo_input(elbo_graph *g, const char *name, elbo_dtype dtype, elbo_shape shape)
{
    if (!elbo__graph_ok(g))
        return &g->harmless;
    elbo_var *known = elbo__find_input(g, name);
    if (known && (known->dtype != dtype || !elbo_shape_equal(&known->shape, &shape)))
        return elbo_graph_fail(g, ELBO_INVALID, "input \"%s\": %s %s, but it was %s %s before", name,
                               elbo_dtype_name(dtype), elbo_shape_format(&shape).text, elbo_dtype_name(known->dtype),
                               elbo_shape_format(&known->shape).text);
    if (known)
        return known;
    if ((dtype == ELBO_F32 || dtype == ELBO_F64) && dtype != g->dtype)
        return elbo_graph_fail(g, ELBO_INVALID, "input \"%s\": %s in a graph of %s", name, elbo_dtype_name(dtype),
                               elbo_dtype_name(g->dtype));
    char *own = elbo__graph_own(g, elbo__strdup(name));
    return elbo__append_leaf(g, &elbo__op_input, dtype, shape, own, NULL);
}

elbo_var *elbo_scalar(elbo_graph *g, const char *name)
{
    return elbo_input(g, name, g->dtype, ELBO_SCALAR);
}

/* ---- constants --------------------------------------------------------------------------------------------------- */

const elbo__op elbo__op_constant = {.name = "constant", .flags = ELBO__LEAF | ELBO__NO_CASES};
const elbo__op elbo__op_array = {.name = "array", .flags = ELBO__LEAF | ELBO__NO_CASES};

elbo_var *elbo_constant(elbo_graph *g, double value)
{
    return elbo__append_leaf(g, &elbo__op_constant, g->dtype, ELBO_SCALAR, NULL, &(elbo__attr){.value = value});
}

elbo_var *elbo_array(elbo_graph *g, elbo_shape shape, const double *values)
{
    if (!elbo__graph_ok(g))
        return &g->harmless;
    if (elbo_shape_check(&shape) != ELBO_OK)
        return elbo_graph_fail(g, ELBO_INVALID, "array: %s", elbo_error());
    size_t bytes = (size_t)elbo_shape_size(&shape) * sizeof *values;
    double *own = elbo__graph_own(g, elbo__alloc(bytes));
    if (!own)
        return &g->harmless;
    memcpy(own, values, bytes);
    return elbo__append_leaf(g, &elbo__op_array, g->dtype, shape, NULL, &(elbo__attr){.values = own});
}

elbo_var *elbo_arange(elbo_graph *g, int64_t n)
{
    double *values = elbo__calloc(n > 0 ? (size_t)n : 0, sizeof *values);
    if (!values)
        return elbo_graph_fail(g, ELBO_NO_MEMORY, "arange: out of memory");
    for (int64_t i = 0; i < n; i++)
        values[i] = (double)i;
    elbo_var *x = elbo_array(g, ELBO_SHAPE(n), values);
    elbo__free(values);
    return x;
}

/* ---- parameters and state ---------------------------------------------------------------------------------------- */

const elbo__op elbo__op_param = {.name = "param", .flags = ELBO__LEAF | ELBO__NO_CASES};

static elbo_var *state_leaf(elbo_graph *g, const char *name, elbo_shape shape, int param, int slab)
{
    elbo_var *x = elbo__append_leaf(g, &elbo__op_param, g->dtype, shape, name,
                                    &(elbo__attr){.param = param, .slab = slab});
    if (elbo__graph_ok(g))
        x->root = x;
    return x;
}

static elbo_var *wrong_shape(elbo_graph *g, const char *name, const elbo_shape *has, const elbo_shape *asked)
{
    return elbo_graph_fail(g, ELBO_INVALID, "parameter \"%s\": it has shape %s, but %s is asked for", name,
                           elbo_shape_format(has).text, elbo_shape_format(asked).text);
}

/* The tensor's index: in the set, or counted on from there in the list of what the graph wants to add. */
static int find_or_want(elbo_graph *g, char *name, const elbo_shape *shape, elbo_init init, bool trained, bool by_rows)
{
    const uint64_t hash = elbo__hash_more(0, name, strlen(name));
    for (int e = elbo__lookup_first(&g->wanted_names, hash); e >= 0; e = elbo__lookup_next(&g->wanted_names, e)) {
        const int at = g->wanted_names.entries[e].value;
        if (strcmp(g->wanted[at].name, name) != 0)
            continue;
        if (!elbo_shape_equal(&g->wanted[at].shape, shape))
            wrong_shape(g, name, &g->wanted[at].shape, shape);
        return g->known + at;
    }
    int index = elbo_params_find(g->params, name);
    if (index >= 0) {
        elbo_shape has = elbo_params_shape(g->params, index);
        if (!elbo_shape_equal(&has, shape))
            wrong_shape(g, name, &has, shape);
        return index;
    }
    if (elbo_params_closed(g->params)) {
        const char *nearest = elbo_params_nearest(g->params, name);
        elbo_graph_fail(g, ELBO_INVALID, "parameter \"%s\": the model has no such parameter%s%s%s", name,
                        nearest ? "; the nearest is \"" : "", nearest ? nearest : "", nearest ? "\"" : "");
        return -1;
    }
    elbo_status status = elbo_shape_check(shape);
    if (status == ELBO_OK)
        status = elbo__grow((void **)&g->wanted, &g->wanted_capacity, g->n_wanted + 1, sizeof *g->wanted);
    if (status == ELBO_OK)
        status = elbo__lookup_add(&g->wanted_names, hash, (int)g->n_wanted);
    if (status != ELBO_OK) {
        elbo_graph_fail(g, status, "parameter \"%s\": %s", name, elbo_error());
        return -1;
    }
    g->wanted[g->n_wanted] = (elbo__wanted){
        .name = name, .shape = *shape, .init = init, .trained = trained, .by_rows = by_rows};
    return g->known + (int)g->n_wanted++;
}

static elbo_var *named(elbo_graph *g, const char *name, elbo_shape shape, elbo_init init, bool trained, bool by_rows)
{
    if (!elbo__graph_ok(g))
        return &g->harmless;
    if (!g->params)
        return elbo_graph_fail(g, ELBO_INVALID, "parameter \"%s\": the graph has no parameter set", name);
    if (g->n_wanted == 0)
        g->known = elbo_params_count(g->params); /* the caller may have added to the set meanwhile */
    char *path = elbo__scoped(g, name);
    int index = path ? find_or_want(g, path, &shape, init, trained, by_rows) : -1;
    if (!elbo__graph_ok(g))
        return &g->harmless;
    elbo_var *known = elbo__find_state(g, index, 0);
    return known ? known : state_leaf(g, path, shape, index, 0);
}

elbo_var *elbo_param(elbo_graph *g, const char *name, elbo_shape shape, elbo_init init)
{
    return named(g, name, shape, init, true, false);
}

elbo_var *elbo_table(elbo_graph *g, const char *name, elbo_shape shape, elbo_init init)
{
    return named(g, name, shape, init, true, true);
}

bool elbo__lies_by_rows(const elbo_var *param)
{
    const elbo_graph *g = param->graph;
    const int wanted = param->attr.param - g->known;
    return wanted >= 0 ? g->wanted[wanted].by_rows : elbo__params_lies_by_rows(g->params, param->attr.param);
}

elbo_var *elbo_state(elbo_graph *g, const char *name, elbo_shape shape, elbo_init init)
{
    return named(g, name, shape, init, false, false);
}

elbo_var *elbo_slab(elbo_var *param, const char *slab)
{
    elbo_graph *g = param->graph;
    if (!elbo__graph_ok(g))
        return &g->harmless;
    if (param->op != &elbo__op_param || param->attr.slab != 0)
        return elbo_graph_fail(g, ELBO_INVALID, "elbo_slab \"%s\": %s is not a parameter", slab, param->op->name);
    int at = 0;
    while (at < g->n_slabs && strcmp(g->slabs[at], slab) != 0)
        at++;
    if (at == ELBO__MAX_SLABS)
        return elbo_graph_fail(g, ELBO_INVALID, "elbo_slab \"%s\": a graph names at most %d slabs", slab,
                               ELBO__MAX_SLABS - 1);
    if (at == g->n_slabs) {
        if (!(g->slabs[at] = elbo__graph_own(g, elbo__strdup(slab))))
            return &g->harmless;
        g->n_slabs++;
    }
    elbo_var *known = elbo__find_state(g, param->attr.param, at);
    return known ? known : state_leaf(g, param->name, param->shape, param->attr.param, at);
}

/* ---- assignment -------------------------------------------------------------------------------------------------- */

static void interpret_assign(const elbo__call *call)
{
    elbo_tensor_copy(&call->in[0], &call->in[1]);
}

/* The planner makes of it a copy into the state's memory. */
const elbo__op elbo__op_assign = {
    .name = "assign",
    .flags = ELBO__ASSIGN | ELBO__NO_CASES,
    .interpret = interpret_assign,
    .walks = elbo__walks_same,
};

elbo_var *elbo_assign(elbo_var *state, elbo_var *value)
{
    elbo_graph *g = elbo__common_graph("assign", (elbo_var *[]){state, value}, 2);
    if (!g)
        return elbo__harmless(state);
    if (g->mode != ELBO_TRAIN)
        return elbo_graph_fail(g, ELBO_INVALID, "assign \"%s\": a graph that evaluates changes no state", state->name);
    if (state->root != state)
        return elbo_graph_fail(g, ELBO_INVALID, "assign: the target is not a parameter or state, but %s",
                               state->op->name);
    if (!elbo_shape_equal(&state->shape, &value->shape) || state->dtype != value->dtype)
        return elbo_graph_fail(g, ELBO_INVALID, "assign \"%s\": expected %s, got %s", state->name,
                               elbo_shape_format(&state->shape).text, elbo_shape_format(&value->shape).text);
    elbo_var *done = elbo__append(g, &elbo__op_assign, state->dtype, state->shape, (elbo_var *[]){state, value}, 2,
                                  NULL);
    if (!elbo__graph_ok(g))
        return done;
    state->assigned = done->id;
    return state;
}

elbo_var *elbo_assign_if(elbo_var *condition, elbo_var *state, elbo_var *value)
{
    return elbo_assign(state, elbo_where(condition, value, state));
}
