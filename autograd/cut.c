/* A graph in two: what is the same in every run, and what depends on the draws, or on an input, that differ. */
#include <string.h>

#include "../tensor/memory.h"
#include "op.h"

/* What is known of a node, by its place in the graph. */
enum {
    LIVE = 1,  /* an output is made of it                                                                         */
    MOVES = 2, /* it depends on a random number that differs from draw to draw, or on the input; or is made anew  */
    WORTH = 4, /* it depends on data, or has a product in it: worth more than being read again                    */
    TAKEN = 8  /* it is among those that were found                                                               */
};

/* Of a leaf, or of random numbers. */
static unsigned char own_marks(const elbo_var *x, const char *input)
{
    const bool random = x->op == &elbo__op_random_normal || x->op == &elbo__op_random_uniform;
    const bool given = x->op == &elbo__op_input;
    const bool moves = (random && x->attr.axis >= 0) || (given && strcmp(x->name, input) == 0);
    return (unsigned char)((moves ? MOVES : 0) | (random || given ? WORTH : 0));
}

/* What an operand is a view of: a tensor is kept once, however it is seen. */
static elbo_var *base_of(elbo_var *x)
{
    while (x->op->flags & ELBO__VIEW)
        x = x->in[0];
    return x;
}

/* Whether a node is larger than all that it is made of, as what is repeated for all draws is: it takes less to make it
 * again than to read it. */
static bool spreads(const elbo_var *x)
{
    int64_t most = 0;
    for (int k = 0; k < x->n_in; k++) {
        const int64_t size = elbo_shape_size(&base_of(x->in[k])->shape);
        most = size > most ? size : most;
    }
    return x->op->flags & ELBO__ELEMENTWISE && elbo_shape_size(&x->shape) > most;
}

static void mark(const elbo_graph *g, elbo_var *const *outputs, int n, const char *input, unsigned char *marks)
{
    for (size_t i = 0; i < g->n_nodes; i++) {
        const elbo_var *x = g->nodes[i];
        marks[i] = x->n_in == 0 ? own_marks(x, input) : x->op->flops ? WORTH : 0;
        for (int k = 0; k < x->n_in; k++)
            marks[i] |= marks[x->in[k]->id] & (MOVES | WORTH);
        if (spreads(x))
            marks[i] |= MOVES;
    }
    for (int i = 0; i < n; i++)
        marks[outputs[i]->id] |= LIVE;
    for (size_t i = g->n_nodes; i-- > 0;)
        for (int k = 0; marks[i] & LIVE && k < g->nodes[i]->n_in; k++)
            marks[g->nodes[i]->in[k]->id] |= LIVE;
}

elbo_var **elbo__fixed_nodes(elbo_graph *g, elbo_var *const *outputs, int n, const char *input, int *count)
{
    unsigned char *marks = elbo__calloc(g->n_nodes, sizeof *marks);
    elbo_var **found = elbo__graph_own(g, elbo__calloc(g->n_nodes, sizeof *found));
    *count = 0;
    if (!marks)
        elbo_graph_fail(g, ELBO_NO_MEMORY, "%s", elbo_error());
    if (marks && found)
        mark(g, outputs, n, input, marks);
    for (size_t i = 0; i < g->n_nodes && marks && found; i++)
        for (int k = 0; (marks[i] & LIVE) && (marks[i] & MOVES) && k < g->nodes[i]->n_in; k++) {
            elbo_var *x = base_of(g->nodes[i]->in[k]);
            const unsigned char m = marks[x->id];
            if (m & (MOVES | TAKEN) || !(m & WORTH) || x->op->flags & ELBO__LEAF)
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
