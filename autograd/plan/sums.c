/* Sums along the rows of what a fused group computes become its last steps: the numbers are at hand there, and if
 * nobody else reads them they need not be stored. */
#include <string.h>

#include "../../tensor/memory.h"
#include "ir.h"

elbo_layout elbo__spread(const elbo_plan *plan, int id)
{
    const elbo__node *node = &plan->nodes[id];
    elbo_layout spread = {.shape = plan->nodes[node->in[0]].shape, .offset = node->layout.offset};
    for (int i = 0; i < spread.shape.ndim; i++)
        spread.strides[i] = node->attr.axes[i] ? 0 : node->layout.strides[i];
    return spread;
}

int elbo__sums_rows(const elbo_plan *plan, int id)
{
    enum { LEAST = ELBO__CHUNK / 2 }; /* numbers: a kernel is called for each row */
    const elbo__node *node = &plan->nodes[id];
    if ((node->op != &elbo__op_sum && node->op != &elbo__op_sum_abs) || node->axis < 0 || node->stripes)
        return 0;
    const elbo__node *in = &plan->nodes[node->in[0]], *base = &plan->nodes[in->base];
    if (!elbo__works(base) || !(base->op->flags & ELBO__ELEMENTWISE) || base->loop != node->loop || base->axis < 0 ||
        base->stripes || !elbo__same_lane(node, &in->layout, base, &base->layout))
        return 0;
    elbo_layout reduced = {.shape = in->shape}; /* strides say which axes are */
    for (int i = 0; i < in->shape.ndim; i++)
        reduced.strides[i] = node->attr.axes[i] ? 0 : 1;
    const elbo_layout lane = elbo__lane(node, &reduced);
    int axes = 0;
    while (axes < lane.shape.ndim && lane.strides[lane.shape.ndim - 1 - axes] == 0)
        axes++;
    for (int i = 0; i < lane.shape.ndim - axes; i++)
        if (lane.strides[i] == 0)
            return 0;
    return axes > 0 && elbo__row(&lane.shape, axes) >= LEAST ? axes : 0;
}

/* The group that computes what the node adds up, if the node can be its last step; NONE: there is none. `axes`: by
 * instruction, the axes of the rows that it adds up already; UPDATES: it may be left out as a whole. */
enum { UPDATES = -1 };
static int group_of_sum(const elbo_plan *plan, int id, const int *axes)
{
    const int rows = elbo__sums_rows(plan, id),
              group = rows ? plan->nodes[plan->nodes[plan->nodes[id].in[0]].base].instr : ELBO__NONE;
    return group != ELBO__NONE && (axes[group] == 0 || axes[group] == rows) ? group : ELBO__NONE;
}

elbo_status elbo__join_sums(elbo_plan *plan, elbo__loop *loop)
{
    elbo__node *nodes = plan->nodes;
    int *axes = elbo__calloc(loop->n_instrs, sizeof *axes), *start = elbo__calloc(loop->n_instrs + 1, sizeof *start);
    int *sorted = elbo__alloc(loop->n_nodes * sizeof *sorted), *number = axes /* from there on */, instrs = 0;
    elbo_status status = axes && start && sorted ? ELBO_OK : ELBO_NO_MEMORY;
    for (size_t i = 0; i < loop->n_nodes && status == ELBO_OK; i++)
        if (nodes[loop->nodes[i]].op->flags & ELBO__ASSIGN)
            axes[nodes[loop->nodes[i]].instr] = UPDATES;
    for (size_t i = 0; i < loop->n_nodes && status == ELBO_OK; i++) {
        const int id = loop->nodes[i], group = group_of_sum(plan, id, axes);
        if (group != ELBO__NONE) {
            axes[group] = elbo__sums_rows(plan, id);
            nodes[id].instr = group;
        }
        start[nodes[id].instr + 1]++;
    }
    for (size_t i = 0; i < loop->n_instrs && status == ELBO_OK; i++) { /* those without nodes are gone */
        number[i] = instrs;
        instrs += start[i + 1] > 0;
        start[i + 1] += start[i];
    }
    for (size_t i = 0; i < loop->n_nodes && status == ELBO_OK; i++) {
        elbo__node *node = &nodes[loop->nodes[i]];
        sorted[start[node->instr]++] = loop->nodes[i];
        node->instr = number[node->instr];
    }
    if (status == ELBO_OK) {
        memcpy(loop->nodes, sorted, loop->n_nodes * sizeof *sorted);
        loop->n_instrs = (size_t)instrs;
    }
    elbo__free(axes);
    elbo__free(start);
    elbo__free(sorted);
    return status;
}
