/* Random numbers by counter: element e of draw d of row r is a function of (seed, stream, step, r, d, e) alone. */
#include <string.h>

#include "../../tensor/memory.h"
#include "../../tensor/random.h"
#include "../op.h"

/* Axis 0 is the row, axis 1 the draw if there is one; the rest is contiguous (the planner cuts along axis 0 only). */
#define DRAW(name)                                                                                                     \
    static void draw_##name(const elbo__call *call)                                                                    \
    {                                                                                                                  \
        const elbo_layout *l = &call->out.layout;                                                                      \
        const elbo__random_key key = {call->at->seed, call->attr->stream, call->at->step};                             \
        int elements_from = call->attr->axis == 1 ? 2 : 1;                                                             \
        int64_t rows = l->shape.ndim ? l->shape.dim[0] : 1, draws = elements_from == 2 ? l->shape.dim[1] : 1, n = 1;   \
        for (int i = elements_from; i < l->shape.ndim; i++)                                                            \
            n *= l->shape.dim[i];                                                                                      \
        uint64_t row = call->at->first_row + (uint64_t)call->first;                                                    \
        uint64_t draw = elements_from == 2 ? call->at->first_draw : 0;                                                 \
        if (call->out.dtype == ELBO_F32)                                                                               \
            elbo__##name##_f32((float *)call->out.data + l->offset, rows, draws, n, key, row, draw);                   \
        else                                                                                                           \
            elbo__##name##_f64((double *)call->out.data + l->offset, rows, draws, n, key, row, draw);                  \
    }
DRAW(normal)
DRAW(uniform)

const elbo__op elbo__op_random_normal = {
    .name = "random_normal", .flags = ELBO__ROWS_ONLY | ELBO__NO_CASES, .interpret = draw_normal};
const elbo__op elbo__op_random_uniform = {
    .name = "random_uniform", .flags = ELBO__ROWS_ONLY | ELBO__NO_CASES, .interpret = draw_uniform};

/* How often the graph has drawn under this name before. */
static int occurrences(const elbo_graph *g, const char *name, size_t length)
{
    int n = 0;
    for (size_t i = 0; i < g->n_nodes; i++) {
        const elbo_var *x = g->nodes[i];
        bool draws = x->op == &elbo__op_random_normal || x->op == &elbo__op_random_uniform || x->op == &elbo__op_input;
        n += draws && x->name && strncmp(x->name, name, length) == 0 && x->name[length] == '#';
    }
    return n;
}

static elbo_var *stream(elbo_graph *g, const elbo__op *op, const char *name, elbo_shape shape, int draw_axis)
{
    if (!elbo__graph_ok(g))
        return &g->harmless;
    if (draw_axis != -1 && (draw_axis != 1 || shape.ndim < 2))
        return elbo_graph_fail(g, ELBO_INVALID, "%s \"%s\": the draw axis is 1 or -1, not %d", op->name, name,
                               draw_axis);
    char *path = elbo__scoped(g, name);
    if (!path)
        return &g->harmless;
    int occurrence = occurrences(g, path, strlen(path));
    char *full = elbo__graph_own(g, elbo__format("%s#%d", path, occurrence));
    if (!full)
        return &g->harmless;
    if (g->feed_noise)
        return elbo_input(g, full, g->dtype, shape);
    elbo__attr attr = {.axis = draw_axis,
                       .stream = elbo__stream(g->mode == ELBO_TRAIN ? "train" : "evaluate", path, occurrence)};
    return elbo__append_leaf(g, op, g->dtype, shape, full, &attr);
}

elbo_var *elbo_random_normal(elbo_graph *g, const char *name, elbo_shape shape, int draw_axis)
{
    return stream(g, &elbo__op_random_normal, name, shape, draw_axis);
}

elbo_var *elbo_random_uniform(elbo_graph *g, const char *name, elbo_shape shape, int draw_axis)
{
    return stream(g, &elbo__op_random_uniform, name, shape, draw_axis);
}

void elbo_graph_feed_noise(elbo_graph *g)
{
    g->feed_noise = true;
}
