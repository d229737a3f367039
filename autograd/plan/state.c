/* Who assigns to a state and who reads it. Nodes of a leaf are linked: the pass that looks for them does not walk
 * the plan. */
#include "../../tensor/memory.h"
#include "ir.h"

bool elbo__node_reads(const elbo_plan *plan, int id, int leaf)
{
    const elbo__node *node = &plan->nodes[id];
    for (int k = node->op->flags & ELBO__ASSIGN ? 1 : 0; k < node->n_in && !node->is_view; k++)
        if (plan->nodes[node->in[k]].base == leaf)
            return true;
    return false;
}

int elbo__last_assignment(const elbo_plan *plan, int leaf, int before)
{
    int id = plan->nodes[leaf].assignment;
    while (id != ELBO__NONE && id >= before)
        id = plan->nodes[id].assignment;
    return id;
}

int elbo__next_assignment(const elbo_plan *plan, int leaf, int after)
{
    int next = ELBO__NONE;
    for (int id = plan->nodes[leaf].assignment; id != ELBO__NONE && id > after; id = plan->nodes[id].assignment)
        next = id;
    return next;
}

elbo_status elbo__readers_start(elbo__readers *r, const elbo_plan *plan)
{
    size_t operands = 0;
    for (size_t id = 0; id < plan->n_nodes; id++)
        operands += (size_t)plan->nodes[id].n_in;
    *r = (elbo__readers){.newest = elbo__alloc(plan->n_nodes * sizeof *r->newest),
                         .links = elbo__calloc(operands, sizeof *r->links)};
    for (size_t id = 0; id < plan->n_nodes && r->newest; id++)
        r->newest[id] = ELBO__NONE;
    return r->newest && r->links ? ELBO_OK : ELBO_NO_MEMORY;
}

void elbo__readers_add(elbo__readers *r, const elbo_plan *plan, int id)
{
    const elbo__node *node = &plan->nodes[id];
    for (int k = node->op->flags & ELBO__ASSIGN ? 1 : 0; k < node->n_in && !node->is_view; k++) {
        int leaf = plan->nodes[node->in[k]].base;
        if (plan->nodes[leaf].op != &elbo__op_param)
            continue;
        r->links[r->n] = (elbo__reader){.node = id, .older = r->newest[leaf]};
        r->newest[leaf] = (int)r->n++;
    }
}

void elbo__readers_free(elbo__readers *r)
{
    elbo__free(r->newest);
    elbo__free(r->links);
}
