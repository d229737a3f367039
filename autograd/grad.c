#include "../tensor/memory.h"
#include "op.h"

/* Marks the nodes up to `last` through which some xs[i] reaches it, not by way of `but`. */
static void mark_reached(const elbo_graph *g, int last, elbo_var *const *xs, int n, const elbo_var *but, bool *reached)
{
    for (int i = 0; i < n; i++)
        reached[xs[i]->id] = true;
    for (int id = 0; id <= last; id++)
        for (int i = 0; i < g->nodes[id]->n_in && g->nodes[id] != but; i++)
            reached[id] |= reached[g->nodes[id]->in[i]->id];
}

bool elbo__depends(const elbo_var *y, elbo_var *x, const elbo_var *but)
{
    bool *reached = elbo__calloc(y->graph->n_nodes, sizeof *reached);
    if (!reached)
        elbo_graph_fail(y->graph, ELBO_NO_MEMORY, "out of memory");
    else if (x->id <= y->id)
        mark_reached(y->graph, y->id, &x, 1, but, reached);
    const bool depends = reached && reached[y->id];
    elbo__free(reached);
    return depends;
}

/* Adds what node y passes on to the cotangents of its operands. */
static void pass_on(elbo_var *y, elbo_var *dy, const bool *reached, elbo_var **cotangent, elbo_var **dx)
{
    int slots = y->n_in > 3 ? y->n_in : 3; /* elementwise derivatives fill in three */
    for (int i = 0; i < slots; i++)
        dx[i] = NULL;
    y->op->derive(y, dy, dx);
    for (int i = 0; i < y->n_in; i++) {
        int id = y->in[i]->id;
        if (!dx[i] || !reached[id])
            continue;
        cotangent[id] = cotangent[id] ? elbo_add(cotangent[id], dx[i]) : dx[i];
    }
}

static bool can_differentiate(elbo_graph *g, const elbo_var *y, elbo_var *const *xs, int n)
{
    for (int i = 0; i < n; i++)
        if (xs[i]->graph != g)
            elbo_graph_fail(g, ELBO_INVALID, "grad: node %d of the list belongs to another graph", i);
    if (y->dtype != g->dtype)
        elbo_graph_fail(g, ELBO_INVALID, "grad: a node of dtype %s has no derivative", elbo_dtype_name(y->dtype));
    return elbo__graph_ok(g);
}

/* `out` may be `xs` itself: it is written at the end only. */
void elbo_grad(elbo_var *y, elbo_var *const *xs, int n, elbo_var **out)
{
    elbo_graph *g = y->graph;
    if (!can_differentiate(g, y, xs, n)) {
        for (int i = 0; i < n; i++)
            out[i] = elbo__harmless(y);
        return;
    }
    size_t count = g->n_nodes;
    int most = 3;
    for (size_t id = 0; id < count; id++)
        most = g->nodes[id]->n_in > most ? g->nodes[id]->n_in : most;
    elbo_var **cotangent = elbo__calloc(count, sizeof(elbo_var *)), **dx = elbo__calloc((size_t)most, sizeof *dx);
    bool *reached = elbo__calloc(count, sizeof *reached);
    if (!cotangent || !dx || !reached) {
        elbo_graph_fail(g, ELBO_NO_MEMORY, "grad: out of memory");
        goto done;
    }
    mark_reached(g, y->id, xs, n, NULL, reached);
    cotangent[y->id] = elbo_expand(elbo_constant(g, 1), y->shape);
    for (int id = y->id; id >= 0 && elbo__graph_ok(g); id--)
        if (cotangent[id] && reached[id] && g->nodes[id]->op->derive)
            pass_on(g->nodes[id], cotangent[id], reached, cotangent, dx);
done:
    for (int i = 0; i < n; i++) {
        bool known = elbo__graph_ok(g) && xs[i]->id <= y->id && cotangent[xs[i]->id];
        out[i] = known ? cotangent[xs[i]->id] : elbo_expand(elbo_constant(g, 0), xs[i]->shape);
    }
    elbo__free(cotangent);
    elbo__free(dx);
    elbo__free(reached);
}
