#include "nonfinite.h"

#include <math.h>
#include <string.h>

#include "../../autograd/op.h"
#include "../../tensor/elementwise.h"
#include "../../tensor/memory.h"
#include "../../tensor/text.h"

/* ---- what the step reads ----------------------------------------------------------------------------------------- */

/* The batch as a data set of its own, in the order of the step. */
typedef struct {
    elbo_tensor images, labels, mask;
    int32_t *rows; /* 0, 1, ... */
    float *scalars;
} batch;

/* Rows of `from` (N, ...); without data where `from` has none. */
static elbo_tensor rows_of(const elbo_tensor *from, const int32_t *rows, int64_t n)
{
    if (!from->data)
        return (elbo_tensor){.data = NULL};
    elbo_shape shape = from->layout.shape;
    shape.dim[0] = n;
    elbo_tensor out = elbo_tensor_new(from->dtype, shape);
    for (int64_t i = 0; i < n && out.data; i++) {
        elbo_tensor source = *from, target = out;
        source.layout = elbo_layout_slice(&from->layout, 0, rows[i], 1);
        target.layout = elbo_layout_slice(&out.layout, 0, i, 1);
        elbo_tensor_copy(&target, &source);
    }
    return out;
}

static void free_batch(batch *b)
{
    elbo_tensor_free(&b->images);
    elbo_tensor_free(&b->labels);
    elbo_tensor_free(&b->mask);
    elbo__free(b->rows);
    elbo__free(b->scalars);
}

static elbo_status make_batch(const elbo__questioned *q, batch *out)
{
    const int64_t n = q->work->batch;
    *out = (batch){.images = rows_of(&q->table->images, q->rows, n),
                   .labels = rows_of(&q->table->labels, q->rows, n),
                   .mask = rows_of(&q->table->mask, q->rows, n),
                   .rows = elbo__calloc((size_t)n, sizeof *out->rows),
                   .scalars = elbo__calloc((size_t)q->n_scalars, sizeof *out->scalars)};
    if (!out->images.data || (q->table->labels.data && !out->labels.data) || (q->table->mask.data && !out->mask.data) ||
        !out->rows || !out->scalars)
        return ELBO_NO_MEMORY;
    for (int64_t i = 0; i < n; i++)
        out->rows[i] = (int32_t)i;
    for (int i = 0; i < q->n_scalars; i++)
        out->scalars[i] = (float)q->scalars[i].value;
    return ELBO_OK;
}

/* ---- looking ----------------------------------------------------------------------------------------------------- */

/* The first entry that is not finite, counted row-major; -1: all are. Values of nodes are dense. Those of weights are
 * as the step left them, and what it stores was computed before. */
static int64_t find_bad(const elbo_var *node, const elbo_tensor *value)
{
    if (node->op->flags & ELBO__ASSIGN || node->op == &elbo__op_param)
        return -1;
    const float *x = value->data;
    const int64_t n = elbo_shape_size(&node->shape);
    for (int64_t i = 0; i < n && node->dtype == ELBO_F32; i++)
        if (!isfinite(x[i]))
            return i;
    return -1;
}

static const char *name_of(const elbo_var *node)
{
    return node->op == &elbo__op_elementwise ? elbo__elementwise_name(node->attr.elementwise) : node->op->name;
}

/* The name of the parameter that a node was made of with the fewest operations between; NULL: there is none. */
static const char *layer_of(const elbo_var *node)
{
    const elbo_graph *g = node->graph;
    const elbo_var **queue = elbo__calloc(g->n_nodes, sizeof *queue);
    bool *seen = elbo__calloc(g->n_nodes, sizeof *seen);
    const char *name = NULL;
    size_t first = 0, last = 0;
    if (queue && seen)
        queue[last++] = node;
    while (first < last && !name) {
        const elbo_var *x = queue[first++];
        if (x->op == &elbo__op_param)
            name = x->name;
        for (int i = 0; i < x->n_in; i++)
            if (!seen[x->in[i]->id]) {
                seen[x->in[i]->id] = true;
                queue[last++] = x->in[i];
            }
    }
    elbo__free(queue);
    elbo__free(seen);
    return name;
}

/* " inf in row 3 (image 512), made of 104.2 and 1": the entry, and what an elementwise operation made it of. */
static char *details(const elbo__questioned *q, const elbo_var *node, const elbo_tensor *values, int64_t at)
{
    const int64_t n = elbo_shape_size(&node->shape);
    const int64_t rows = node->shape.ndim > 0 ? node->shape.dim[0] : 1, row = at / (n / rows);
    char image[40] = "", made[120] = "";
    size_t used = 0;
    if (rows == q->work->batch)
        elbo__print(image, sizeof image, " (image %d)", q->rows[row]);
    for (int i = 0; i < node->n_in && node->op->flags & ELBO__ELEMENTWISE; i++)
        used += (size_t)elbo__print(made + used, sizeof made - used, "%s%.9g", i ? ", " : ", made of ",
                                    (double)((const float *)values[node->in[i]->id].data)[at]);
    return elbo__format(": %s in row %lld%s%s", elbo__not_finite(((const float *)values[node->id].data)[at]),
                        (long long)row, image, made);
}

static elbo_status describe(const elbo__questioned *q, const elbo_var *node, const elbo_tensor *values, int64_t at,
                            char **where)
{
    const char *layer = layer_of(node);
    char *more = q->detailed ? details(q, node, values, at) : elbo__strdup("");
    *where = more ? elbo__format("%s %s%s%s%s%s", name_of(node), elbo_shape_format(&node->shape).text,
                                 layer ? " after \"" : "", layer ? layer : "", layer ? "\"" : "", more)
                  : NULL;
    elbo__free(more);
    return *where ? ELBO_OK : ELBO_NO_MEMORY;
}

static elbo_status look(const elbo__questioned *q, const elbo_graph *g, const elbo_tensor *values, char **where)
{
    for (size_t i = 0; i < g->n_nodes; i++) {
        const elbo_var *node = g->nodes[i];
        const int64_t at = find_bad(node, &values[i]);
        if (at >= 0)
            return describe(q, node, values, at, where);
    }
    *where = elbo__strdup("nothing when it is computed one operation after the other");
    return *where ? ELBO_OK : ELBO_NO_MEMORY;
}

/* All values of the step's graph, one for each node. *values is the caller's to free, each and all, on success. */
static elbo_status interpret(const elbo__questioned *q, elbo_graph *g, elbo_params *params, const batch *b,
                             elbo_tensor *values)
{
    const int given = 4 + q->n_scalars;
    elbo_feed *feeds = elbo__calloc((size_t)given, sizeof *feeds);
    if (!feeds)
        return ELBO_NO_MEMORY;
    feeds[0] = (elbo_feed){"images", b->images};
    feeds[1] = (elbo_feed){"labels", b->labels};
    feeds[2] = (elbo_feed){"mask", b->mask};
    feeds[3] = (elbo_feed){"rows", elbo_tensor_of(ELBO_I32, ELBO_SHAPE(q->work->batch), b->rows)};
    for (int i = 0; i < q->n_scalars; i++)
        feeds[4 + i] = (elbo_feed){q->scalars[i].name, elbo_tensor_of(ELBO_F32, ELBO_SCALAR, &b->scalars[i])};
    elbo_status status = elbo_interpret(g, params, q->at, feeds, given, g->nodes, (int)g->n_nodes, values);
    elbo__free(feeds);
    return status;
}

static elbo_status find(const elbo__questioned *q, elbo_graph *g, elbo_params *params, const batch *b, char **where)
{
    elbo_tensor *values = elbo__calloc(g->n_nodes, sizeof *values);
    if (!values)
        return ELBO_NO_MEMORY;
    elbo_status status = interpret(q, g, params, b, values);
    if (status == ELBO_OK) {
        status = look(q, g, values, where);
        for (size_t i = 0; i < g->n_nodes; i++)
            elbo_tensor_free(&values[i]);
    }
    elbo__free(values);
    return status;
}

elbo_status elbo__run_find_nonfinite(const elbo_run *run, const elbo__questioned *q, char **where)
{
    batch b = {.rows = NULL};
    elbo_var *out[ELBO_MAX_METRICS];
    int outputs;
    elbo__work work = *q->work;
    work.table = work.batch;
    *where = NULL;
    elbo_graph *g = elbo__run_graph(run, &work, out, &outputs);
    elbo_params *params = elbo_params_copy(run->params); /* the step moves it */
    elbo_status status = elbo_graph_status(g);
    if (status == ELBO_OK && !params)
        status = ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = make_batch(q, &b);
    if (status == ELBO_OK)
        status = find(q, g, params, &b, where);
    free_batch(&b);
    elbo_graph_free(g);
    elbo_params_free(params);
    return status;
}
