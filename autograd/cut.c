/* A graph in two: what is the same for all draws, and what is made anew for each portion of them. */
#include "../tensor/memory.h"
#include "op.h"

/* What is known of a node, by its place in the graph. */
enum {
    LIVE = 1,  /* an output is made of it                                                       */
    DRAWS = 2, /* it depends on a random number that differs from draw to draw                  */
    WORTH = 4, /* it depends on data, or has a product in it: worth more than being read again  */
    TAKEN = 8  /* it is among those that were found                                             */
};

/* Of a leaf, or of random numbers. */
static unsigned char own_marks(const elbo_var *x)
{
    const bool random = x->op == &elbo__op_random_normal || x->op == &elbo__op_random_uniform;
    return (unsigned char)((random && x->attr.axis >= 0 ? DRAWS : 0) |
                           (random || x->op == &elbo__op_input ? WORTH : 0));
}

static void mark(const elbo_graph *g, elbo_var *const *outputs, int n, unsigned char *marks)
{
    for (size_t i = 0; i < g->n_nodes; i++) {
        const elbo_var *x = g->nodes[i];
        marks[i] = x->n_in == 0 ? own_marks(x) : x->op->flops ? WORTH : 0;
        for (int k = 0; k < x->n_in; k++)
            marks[i] |= marks[x->in[k]->id] & (DRAWS | WORTH);
    }
    for (int i = 0; i < n; i++)
        marks[outputs[i]->id] |= LIVE;
    for (size_t i = g->n_nodes; i-- > 0;)
        for (int k = 0; marks[i] & LIVE && k < g->nodes[i]->n_in; k++)
            marks[g->nodes[i]->in[k]->id] |= LIVE;
}

/* What an operand is a view of: a tensor is kept once, however it is seen. */
static elbo_var *base_of(elbo_var *x)
{
    while (x->op->flags & ELBO__VIEW)
        x = x->in[0];
    return x;
}

elbo_var **elbo__fixed_nodes(elbo_graph *g, elbo_var *const *outputs, int n, int *count)
{
    unsigned char *marks = elbo__calloc(g->n_nodes, sizeof *marks);
    elbo_var **found = elbo__graph_own(g, elbo__calloc(g->n_nodes, sizeof *found));
    *count = 0;
    if (!marks)
        elbo_graph_fail(g, ELBO_NO_MEMORY, "%s", elbo_error());
    if (marks && found)
        mark(g, outputs, n, marks);
    for (size_t i = 0; i < g->n_nodes && marks && found; i++)
        for (int k = 0; (marks[i] & LIVE) && (marks[i] & DRAWS) && k < g->nodes[i]->n_in; k++) {
            elbo_var *x = base_of(g->nodes[i]->in[k]);
            const unsigned char m = marks[x->id];
            if (m & (DRAWS | TAKEN) || !(m & WORTH) || x->op->flags & ELBO__LEAF)
                continue;
            marks[x->id] |= TAKEN;
            found[(*count)++] = x;
        }
    elbo__free(marks);
    return found;
}

void elbo__make_input(elbo_var *x, int number)
{
    char *name = elbo__graph_own(x->graph, elbo__format("fixed#%d", number));
    if (!name)
        return;
    x->op = &elbo__op_input;
    x->attr = (elbo__attr){.value = 0};
    x->n_in = 0;
    x->root = NULL;
    x->name = name;
}
