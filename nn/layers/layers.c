#include "layers.h"

#include <math.h>
#include <string.h>

#include "../../autograd/op.h"
#include "../../tensor/memory.h"
#include "../../tensor/text.h"
#include "layers_private.h"

/* ---- dense ------------------------------------------------------------------------------------------------------- */

elbo_var *elbo_affine(elbo_var *x, elbo_var *w, elbo_var *b)
{
    elbo_shape shape = elbo_shape_of(x);
    int last = shape.ndim - 1;
    int64_t rows = 1;
    for (int i = 0; i < last; i++)
        rows *= shape.dim[i];
    if (last != 1)
        x = elbo_reshape(x, ELBO_SHAPE(rows, elbo_size(x, -1)));
    elbo_var *y = elbo_matmul(x, elbo_transpose(w));
    if (b)
        y = elbo_add(y, b);
    if (last == 1 || last < 0)
        return y;
    shape.dim[last] = elbo_size(w, 0);
    return elbo_reshape(y, shape);
}

elbo_var *elbo_linear_init(elbo_var *x, const char *name, int64_t out, elbo_init weight, elbo_init bias)
{
    elbo_graph *g = elbo_graph_of(x);
    if (!elbo__takes_rows("linear", name, x, (elbo__fan){2, 1}))
        return elbo__harmless(x);
    elbo_scope(g, name);
    elbo_var *w = elbo__weight(g, ELBO_SHAPE(out, elbo_size(x, -1)), 0, weight);
    elbo_var *b = elbo_param(g, "bias", ELBO_SHAPE(out), bias);
    elbo_scope_end(g);
    return elbo_affine(x, w, b);
}

elbo_var *elbo_linear(elbo_var *x, const char *name, int64_t out)
{
    elbo_init fan_in = elbo_init_fan_in(elbo_ndim(x) > 0 ? elbo_size(x, -1) : 0);
    return elbo_linear_init(x, name, out, fan_in, fan_in);
}

enum { LONGEST_NAME = 110 };

elbo_layer_name elbo_numbered(const char *name, int i)
{
    elbo_layer_name n;
    elbo__print(n.text, sizeof n.text, i == 1 ? "%.*s" : "%.*s%d", LONGEST_NAME, name, i);
    return n;
}

elbo_var *elbo_mlp(elbo_var *x, const char *name, const int64_t *sizes, int n, const char *activation)
{
    if (!name)
        return elbo_linear(x, name, 1); /* which says so */
    if (strlen(name) > LONGEST_NAME)
        return elbo_graph_fail(elbo_graph_of(x), ELBO_INVALID, "mlp \"%s\": the name has more than %d bytes", name,
                               LONGEST_NAME);
    for (int i = 0; i < n; i++)
        x = elbo_activation(elbo_linear(x, elbo_numbered(name, i + 1).text, sizes[i]), activation);
    return x;
}

/* ---- activations ------------------------------------------------------------------------------------------------- */

elbo_var *elbo_leaky_relu(elbo_var *x, double slope)
{
    return elbo_where(elbo_less(elbo_constant(elbo_graph_of(x), 0), x), x, elbo_scale(x, slope));
}

/* The exponential sees no positive number: it must not overflow where it is not chosen. */
elbo_var *elbo_elu(elbo_var *x, double alpha)
{
    elbo_var *zero = elbo_constant(elbo_graph_of(x), 0);
    return elbo_where(elbo_less(zero, x), x, elbo_scale(elbo_expm1(elbo_minimum(x, zero)), alpha));
}

elbo_var *elbo_gelu(elbo_var *x)
{
    return elbo_mul(elbo_scale(x, 0.5), elbo_shift(elbo_erf(elbo_scale(x, M_SQRT1_2)), 1));
}

elbo_var *elbo_silu(elbo_var *x)
{
    return elbo_mul(x, elbo_sigmoid(x));
}

static elbo_var *leaky_relu_default(elbo_var *x)
{
    return elbo_leaky_relu(x, 0.01);
}

static elbo_var *elu_default(elbo_var *x)
{
    return elbo_elu(x, 1);
}

static elbo_var *identity(elbo_var *x)
{
    return x;
}

/* One list for both tables below. */
#define ACTIVATIONS(ROW)                                                                                               \
    ROW(relu, elbo_relu)                                                                                               \
    ROW(leaky_relu, leaky_relu_default)                                                                                \
    ROW(elu, elu_default)                                                                                              \
    ROW(gelu, elbo_gelu)                                                                                               \
    ROW(silu, elbo_silu)                                                                                               \
    ROW(tanh, elbo_tanh)                                                                                               \
    ROW(sigmoid, elbo_sigmoid)                                                                                         \
    ROW(softplus, elbo_softplus)                                                                                       \
    ROW(identity, identity)

#define NAME(name, function) #name,
#define FUNCTION(name, function) function,
const char *const elbo_activation_names[] = {ACTIVATIONS(NAME) NULL};
static elbo_var *(*const functions[])(elbo_var *) = {ACTIVATIONS(FUNCTION)};

elbo_var *elbo_activation(elbo_var *x, const char *name)
{
    for (int i = 0; elbo_activation_names[i] && name; i++)
        if (strcmp(elbo_activation_names[i], name) == 0)
            return functions[i](x);
    return elbo_graph_fail(elbo_graph_of(x), ELBO_INVALID, "no activation \"%s\"", name ? name : "");
}

/* ---- others ------------------------------------------------------------------------------------------------------ */

elbo_var *elbo_dropout(elbo_var *x, const char *name, double p)
{
    elbo_graph *g = elbo_graph_of(x);
    if (!(p >= 0 && p < 1))
        return elbo_graph_fail(g, ELBO_INVALID, "dropout \"%s\": probability %g is not in [0, 1)", name, p);
    if (elbo_graph_mode(g) == ELBO_EVALUATE || p == 0)
        return x;
    elbo_var *u = elbo_random_uniform(g, name, elbo_shape_of(x), elbo_ndim(x) == 3 ? 1 : -1);
    elbo_var *kept = elbo_less(u, elbo_constant(g, 1 - p));
    return elbo_mul(x, elbo_scale(kept, 1 / (1 - p)));
}

elbo_var *elbo_embedding(elbo_var *index, const char *name, int64_t n, int64_t dims)
{
    elbo_graph *g = elbo_graph_of(index);
    elbo_shape shape = elbo_shape_of(index);
    const char *path = elbo__graph_ok(g) ? elbo__scoped(g, name) : NULL;
    if (!path)
        return elbo__harmless(index);
    if (elbo_dtype_of(index) != ELBO_I32 || shape.ndim != 1)
        return elbo_graph_fail(g, ELBO_INVALID, "embedding \"%s\": expected an index i32 (B), got %s %s", path,
                               elbo_dtype_name(elbo_dtype_of(index)), elbo_shape_format(&shape).text);
    elbo_scope(g, name);
    elbo_var *w = elbo_table(g, "weight", ELBO_SHAPE(n, dims), elbo_init_normal(0, 1));
    elbo_scope_end(g);
    return elbo_gather(w, index);
}

elbo_var *elbo_condition(elbo_var *x, elbo_var *y)
{
    if (!y)
        return x;
    elbo_shape shape = elbo_shape_of(x);
    if (shape.ndim == 3) {
        shape.dim[2] = elbo_size(y, -1);
        y = elbo_expand(elbo_unsqueeze(y, 1), shape);
    }
    return elbo_concat((elbo_var *[]){x, y}, 2, -1);
}
