/* The interpreter: every node in the order of the graph, by the plain loops of its op, into a whole buffer of its own.
 * It shares nothing with the planner but the ops, and is its judge. */
#include <string.h>

#include "../tensor/memory.h"
#include "op.h"

static const elbo_tensor *fed(const elbo_feed *feeds, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (strcmp(feeds[i].name, name) == 0)
            return &feeds[i].data;
    return NULL;
}

/* The value of a leaf. Parameters and state are live views of the set; assignments write through them. */
static elbo_status leaf_value(const elbo_var *x, elbo_params *params, const elbo_feed *feeds, int n, elbo_tensor *out)
{
    if (x->op == &elbo__op_param) {
        *out = elbo_params_slab_tensor(params, x->graph->slab_index[x->attr.slab], x->attr.param);
        return ELBO_OK;
    }
    *out = elbo_tensor_new(x->dtype, x->shape);
    if (!out->data)
        return ELBO_NO_MEMORY;
    const elbo_tensor *given = x->op == &elbo__op_input ? fed(feeds, n, x->name) : NULL;
    if (x->op == &elbo__op_input && !given)
        return elbo__fail(ELBO_INVALID, "input \"%s\" is not given", x->name);
    if (given && (given->dtype != x->dtype || !elbo_shape_equal(&given->layout.shape, &x->shape)))
        return elbo__fail(ELBO_INVALID, "input \"%s\": expected %s %s, got %s %s", x->name, elbo_dtype_name(x->dtype),
                          elbo_shape_format(&x->shape).text, elbo_dtype_name(given->dtype),
                          elbo_shape_format(&given->layout.shape).text);
    if (given) {
        elbo_tensor_copy(out, given);
        return ELBO_OK;
    }
    elbo_tensor values = elbo_tensor_of(ELBO_F64, x->shape, x->attr.values ? x->attr.values : &x->attr.value);
    elbo_tensor_copy(out, &values);
    return ELBO_OK;
}

static elbo_status node_value(const elbo_var *x, elbo_at at, elbo_tensor *values, elbo_tensor *in)
{
    for (int i = 0; i < x->n_in; i++)
        in[i] = values[x->in[i]->id];
    elbo_tensor *out = &values[x->id];
    *out = elbo_tensor_new(x->dtype, x->shape);
    if (!out->data)
        return ELBO_NO_MEMORY;
    x->op->interpret(&(elbo__call){
        .attr = &x->attr, .out = *out, .in = in, .n_in = x->n_in, .grain = INT64_MAX, .axis = -1, .at = &at});
    return ELBO_OK;
}

elbo_status elbo_interpret(elbo_graph *g, elbo_params *params, elbo_at at, const elbo_feed *feeds, int n_feeds,
                           elbo_var *const *outputs, int n, elbo_tensor *out)
{
    for (int i = 0; i < n; i++)
        if (outputs[i]->graph != g)
            elbo_graph_fail(g, ELBO_INVALID, "interpret: output %d belongs to another graph", i);
    elbo_status status = elbo__graph_settle(g);
    if (status != ELBO_OK)
        return status;
    if (g->params && (!params || !elbo_params_closed(params) || elbo_params_dtype(params) != g->dtype ||
                      elbo_params_count(params) != elbo_params_count(g->params) ||
                      elbo_params_slab_count(params) < elbo_params_slab_count(g->params)))
        return elbo__fail(ELBO_INVALID, "the parameter set is not the one the graph was built for");
    bool *live = elbo__calloc(g->n_nodes, sizeof *live);
    elbo_tensor *values = elbo__calloc(g->n_nodes, sizeof *values), *in = NULL;
    size_t most = 0;
    for (size_t i = 0; live && i < g->n_nodes; i++)
        live[i] = g->nodes[i]->op->flags & ELBO__ASSIGN;
    for (int i = 0; live && i < n; i++)
        live[outputs[i]->id] = true;
    for (size_t i = g->n_nodes; live && i-- > 0;) {
        const elbo_var *x = g->nodes[i];
        most = (size_t)x->n_in > most ? (size_t)x->n_in : most;
        for (int k = 0; live[i] && k < x->n_in; k++)
            live[x->in[k]->id] = true;
    }
    in = elbo__calloc(most, sizeof *in);
    status = live && values && in ? ELBO_OK : ELBO_NO_MEMORY;
    for (size_t i = 0; i < g->n_nodes && status == ELBO_OK; i++)
        if (live[i])
            status = g->nodes[i]->op->flags & ELBO__LEAF ? leaf_value(g->nodes[i], params, feeds, n_feeds, &values[i])
                                                         : node_value(g->nodes[i], at, values, in);
    for (int i = 0; i < n && status == ELBO_OK; i++) {
        out[i] = elbo_tensor_new(outputs[i]->dtype, outputs[i]->shape);
        if (!out[i].data) {
            while (i-- > 0)
                elbo_tensor_free(&out[i]);
            status = ELBO_NO_MEMORY;
            break;
        }
        elbo_tensor_copy(&out[i], &values[outputs[i]->id]);
    }
    for (size_t i = 0; values && i < g->n_nodes; i++)
        if (g->nodes[i]->op != &elbo__op_param)
            elbo_tensor_free(&values[i]);
    elbo__free(values);
    elbo__free(live);
    elbo__free(in);
    if (params)
        elbo_params_touch(params);
    return status;
}
