#include "beside.h"

#include <string.h>

#include "../tensor/memory.h"
#include "params_private.h"

/* After so many comparisons, or one that shows it, they are not. */
static bool computed_alike(const elbo_var *a, const elbo_var *b, int *comparisons)
{
    if (a == b)
        return true;
    const bool leaf = a->op->flags & ELBO__LEAF && a->op != &elbo__op_constant;
    if (--*comparisons < 0 || leaf || a->op != b->op || a->dtype != b->dtype || a->n_in != b->n_in ||
        !elbo_shape_equal(&a->shape, &b->shape) || memcmp(&a->attr, &b->attr, sizeof a->attr) != 0)
        return false;
    for (int k = 0; k < a->n_in; k++)
        if (a->in[k]->root || !computed_alike(a->in[k], b->in[k], comparisons))
            return false;
    return true;
}

bool elbo__computed_alike(const elbo_var *a, const elbo_var *b)
{
    int comparisons = 64;
    return computed_alike(a, b, &comparisons);
}

/* A product by a narrow matrix (out, in) of the set, as a linear layer makes it: the matrix's index, or -1. */
static int narrow_matrix(const elbo_var *x)
{
    enum { NARROW = 64 };
    if (x->op != &elbo__op_matmul || x->shape.ndim != 2 || x->shape.dim[1] >= NARROW ||
        x->in[1]->op != &elbo__op_permute)
        return -1;
    const elbo_var *w = x->in[1]->in[0];
    const bool of_set = w->op == &elbo__op_param && w->attr.slab == 0 && w->shape.ndim == 2;
    return of_set && !elbo__lies_by_rows(w) ? w->attr.param : -1;
}

/* The next unplaced matrix that the x of `first` is multiplied by, from node `id` on; -1: there is none. */
static int beside(const elbo_graph *g, const elbo_var *first, const bool *placed, size_t id)
{
    for (; id < g->n_nodes; id++) {
        const int other = narrow_matrix(g->nodes[id]);
        if (other >= 0 && !placed[other] && elbo_params_trained(g->params, other) &&
            elbo__computed_alike(first->in[0], g->nodes[id]->in[0]))
            return other;
    }
    return -1;
}

elbo_status elbo__lay_beside(elbo_graph *g)
{
    if (elbo_params_closed(g->params))
        return ELBO_OK;
    bool *placed = elbo__calloc((size_t)elbo_params_count(g->params), sizeof *placed);
    if (!placed)
        return ELBO_NO_MEMORY;
    for (int i = 0; i < elbo_params_count(g->params); i++) /* an earlier graph may have failed */
        elbo__params_lay_beside(g->params, &i, 1);
    for (size_t id = 0; id < g->n_nodes; id++) {
        int indices[ELBO__MOST_BESIDE], n = 0, next = narrow_matrix(g->nodes[id]);
        if (next >= 0 && (placed[next] || !elbo_params_trained(g->params, next)))
            continue;
        for (; next >= 0 && n < ELBO__MOST_BESIDE; next = beside(g, g->nodes[id], placed, id)) {
            indices[n++] = next;
            placed[next] = true;
        }
        if (n > 1)
            elbo__params_lay_beside(g->params, indices, n);
    }
    elbo__free(placed);
    return ELBO_OK;
}
