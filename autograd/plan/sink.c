/* The second half of pass `stage`: what depends on leaves alone, or is read block by block in a later stage only, moves
 * to the stage of its readers, as late as they allow. */
#include "stage.h"

static void mark_leafy(staging *s)
{
    elbo_plan *plan = s->plan;
    for (size_t id = 0; id < plan->n_nodes; id++) {
        const elbo__node *node = &plan->nodes[id];
        bool leafy = !(node->op->flags & ELBO__ASSIGN);
        for (int k = 0; k < node->n_in && leafy; k++) {
            int base = plan->nodes[node->in[k]].base;
            leafy = s->leafy[node->in[k]] && (plan->nodes[base].op != &elbo__op_param ||
                                              elbo__last_assignment(plan, base, (int)id) == ELBO__NONE);
        }
        s->leafy[id] = leafy;
        s->followed[id] = true;
        s->latest[id] = INT32_MAX;
    }
}

static void at_most(int *latest, int stage)
{
    if (stage < *latest)
        *latest = stage;
}

/* A reader of state must not sink below the assignment that comes after it. */
static int before_assignment(const staging *s, int id)
{
    const elbo_plan *plan = s->plan;
    const elbo__node *node = &plan->nodes[id];
    int latest = INT32_MAX;
    for (int k = 0; k < node->n_in; k++) {
        int leaf = plan->nodes[node->in[k]].base, next = ELBO__NONE;
        if (plan->nodes[leaf].op == &elbo__op_param)
            next = elbo__next_assignment(plan, leaf, id);
        if (next == ELBO__NONE)
            continue;
        const elbo__node *assignment = &plan->nodes[next];
        bool meet = elbo__reader_meets(s, id, leaf, next, assignment->axis);
        at_most(&latest, meet ? assignment->stage : assignment->stage - 1);
    }
    return latest;
}

/* Products and elementwise nodes that nothing else in their stage reads: in the stage of their readers they need not be
 * stored. */
static bool moves_late(const elbo__node *node)
{
    return (node->op->flops || node->op == &elbo__op_elementwise) && !node->output;
}

void elbo__sink(staging *s)
{
    elbo_plan *plan = s->plan;
    mark_leafy(s);
    for (int id = (int)plan->n_nodes - 1; id >= 0; id--) {
        elbo__node *node = &plan->nodes[id];
        if (node->op->flags & ELBO__LEAF)
            continue;
        if (node->is_view) {
            at_most(&s->latest[node->in[0]], s->latest[id]);
            continue;
        }
        if (s->leafy[id] || (s->followed[id] && moves_late(node))) {
            at_most(&s->latest[id], before_assignment(s, id));
            if (s->latest[id] != INT32_MAX && s->latest[id] > node->stage)
                node->stage = s->latest[id];
        }
        for (int k = 0; k < node->n_in; k++) {
            int from = node->in[k];
            bool meet = elbo__together(s, id, node->axis, elbo__node_walks(plan, id, k, node->axis), from,
                                       plan->nodes[from].axis);
            at_most(&s->latest[from], meet ? node->stage : node->stage - 1);
            s->followed[plan->nodes[from].base] &= meet;
        }
    }
    for (size_t id = 0; id < plan->n_nodes; id++)
        if (plan->nodes[id].is_view)
            plan->nodes[id].stage = plan->nodes[plan->nodes[id].in[0]].stage;
}
