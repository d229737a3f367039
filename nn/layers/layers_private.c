#include "layers_private.h"

#include <inttypes.h>
#include <string.h>

#include "../../autograd/op.h"
#include "../../tensor/memory.h"
#include "../../tensor/text.h"

/* The inputs of layer `path`, as its graph or set knows its weight; -1 when it is new. */
static int64_t known_inputs(elbo_graph *g, const char *path, elbo__fan fan)
{
    elbo_shape shape = ELBO_SCALAR;
    char *weight = elbo__format("%s.weight", path);
    int index = weight && g->params ? elbo_params_find(g->params, weight) : -1;
    if (index >= 0)
        shape = elbo_params_shape(g->params, index);
    for (size_t i = 0; weight && index < 0 && i < g->n_wanted; i++)
        if (strcmp(g->wanted[i].name, weight) == 0)
            shape = g->wanted[i].shape;
    elbo__free(weight);
    return shape.ndim == fan.ndim ? shape.dim[fan.axis] : -1;
}

/* "(B, 5, 400)": a shape whose first axis is the batch, and whose last is n */
static elbo_shape_text batch_text(const elbo_shape *shape, int64_t n)
{
    elbo_shape_text t;
    size_t used = (size_t)elbo__print(t.text, sizeof t.text, "(B");
    for (int i = 1; i < shape->ndim; i++)
        used += (size_t)elbo__print(t.text + used, sizeof t.text - used, ", %" PRId64,
                                    i == shape->ndim - 1 ? n : shape->dim[i]);
    elbo__print(t.text + used, sizeof t.text - used, ")");
    return t;
}

bool elbo__takes_rows(const char *layer, const char *name, elbo_var *x, elbo__fan fan)
{
    elbo_graph *g = elbo_graph_of(x);
    elbo_shape shape = elbo_shape_of(x);
    const char *path = elbo__graph_ok(g) ? elbo__scoped(g, name) : NULL;
    if (!path)
        return false;
    if (shape.ndim < 2) {
        elbo_graph_fail(g, ELBO_INVALID, "%s \"%s\": expected input (B, ...), got %s", layer, path,
                        elbo_shape_format(&shape).text);
        return false;
    }
    int64_t in = shape.dim[shape.ndim - 1], expected = known_inputs(g, path, fan);
    if (expected >= 0 && expected != in)
        elbo_graph_fail(g, ELBO_INVALID, "%s \"%s\": expected input %s, got %s", layer, path,
                        batch_text(&shape, expected).text, batch_text(&shape, in).text);
    return elbo__graph_ok(g);
}

bool elbo__takes_images(const char *layer, const char *name, elbo_var *x, elbo__fan fan)
{
    elbo_graph *g = elbo_graph_of(x);
    elbo_shape shape = elbo_shape_of(x);
    const char *path = elbo__graph_ok(g) ? elbo__scoped(g, name) : NULL;
    if (!path)
        return false;
    int64_t expected = known_inputs(g, path, fan);
    if (shape.ndim != 4)
        elbo_graph_fail(g, ELBO_INVALID, "%s \"%s\": expected input (B, C, H, W), got %s", layer, path,
                        elbo_shape_format(&shape).text);
    else if (expected >= 0 && expected != shape.dim[1])
        elbo_graph_fail(g, ELBO_INVALID, "%s \"%s\": expected input (B, %" PRId64 ", H, W), got %s", layer, path,
                        expected, elbo_shape_format(&shape).text);
    return elbo__graph_ok(g);
}

elbo_var *elbo__for_channels(elbo_var *v, elbo_var *x)
{
    if (elbo_ndim(x) != 4)
        return v;
    int64_t channels = elbo_size(v, 0);
    v = elbo_reshape(v, ELBO_SHAPE(1, channels, 1, 1));
    return elbo_expand(v, ELBO_SHAPE(elbo_size(x, 0), channels, 1, 1));
}
