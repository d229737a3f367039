#include "metric.h"

/* I (n, n), and the triangle below its diagonal */
static elbo_var *identity(elbo_graph *g, int64_t n)
{
    elbo_var *at = elbo_arange(g, n);
    return elbo_equal(elbo_unsqueeze(at, 1), at);
}

static elbo_var *lower_triangle(elbo_graph *g, int64_t n)
{
    elbo_var *at = elbo_arange(g, n);
    return elbo_less(at, elbo_unsqueeze(at, 1));
}

static elbo__metric metric_of(elbo_in *in, elbo_var *centroids, elbo_var *matrices)
{
    return (elbo__metric){.graph = in->g,
                          .centroids = centroids,
                          .matrices = matrices,
                          .temperature = elbo_option_number(in, "metric-temperature"),
                          .least = elbo_option_number(in, "metric-lambda")};
}

/* ---- of images --------------------------------------------------------------------------------------------------- */

/* x in (-2, 2): without a bound some image has a factor of thousands before long, whose neighbours are flung away. */
static elbo_var *bounded(elbo_var *x)
{
    return elbo_scale(elbo_tanh(elbo_scale(x, 0.5)), 2);
}

/* M (B, Z, Z) of in->x: layers encoder.metric.hidden, .diagonal (of the logarithms) and .lower */
static elbo_var *matrices_of(elbo_in *in, int64_t dims)
{
    elbo_graph *g = in->g;
    elbo_scope(g, "encoder.metric");
    elbo_var *h = elbo_linear(elbo_condition(in->x, in->y), "hidden", elbo_option_integer(in, "metric-hidden"));
    h = elbo_activation(h, elbo_option_choice(in, "activation"));
    elbo_var *diagonal = elbo_unsqueeze(elbo_exp(bounded(elbo_linear(h, "diagonal", dims))), 2);
    elbo_var *lower = elbo_reshape(bounded(elbo_linear(h, "lower", dims * dims)), ELBO_SHAPE(-1, dims, dims));
    elbo_scope_end(g);
    elbo_var *l = elbo_add(elbo_mul(diagonal, identity(g, dims)), elbo_mul(lower, lower_triangle(g, dims)));
    return elbo_matmul(l, elbo_transpose(l));
}

/* State NAME (n, ...): of the images noted last, the latest first. */
static elbo_var *noted(elbo_in *in, const char *name, elbo_shape shape)
{
    return elbo_state(in->g, name, shape, elbo_init_zeros());
}

/* What is not finite is not noted: an optimiser may skip such a step, but evaluation could not. */
static void note(elbo_var *state, elbo_var *latest)
{
    elbo_var *next = elbo_slice(elbo_concat((elbo_var *[]){elbo_detach(latest), state}, 2, 0), 0, 0,
                                elbo_size(state, 0));
    elbo_assign(state, elbo_where(elbo_isfinite(next), next, state));
}

elbo__metric elbo__metric_of_state(elbo_in *in, int64_t dims)
{
    const int64_t n = elbo_option_integer(in, "metric-size");
    elbo_var *centroids = noted(in, "encoder.metric.centroids", ELBO_SHAPE(n, dims));
    return metric_of(in, centroids, noted(in, "encoder.metric.matrices", ELBO_SHAPE(n, dims, dims)));
}

elbo__metric elbo__metric_of_batch(elbo_in *in, elbo_var *means)
{
    const int64_t most = elbo_option_integer(in, "metric-size"), batch = elbo_size(means, 0);
    const int64_t n = batch < most ? batch : most;
    elbo_in first = *in;
    first.x = elbo_slice(in->x, 0, 0, n);
    first.y = in->y ? elbo_slice(in->y, 0, 0, n) : NULL;
    const elbo__metric m = metric_of(in, elbo_slice(means, 0, 0, n), matrices_of(&first, elbo_size(means, -1)));
    const elbo__metric before = elbo__metric_of_state(in, elbo_size(means, -1));
    note(before.centroids, m.centroids);
    note(before.matrices, m.matrices);
    return m;
}

/* ---- at a place -------------------------------------------------------------------------------------------------- */

/* (..., a, b) -> (..., a b) of the last two axes, or back to (..., n, n) */
static elbo_var *flat(elbo_var *x)
{
    elbo_shape shape = elbo_shape_of(x);
    shape.ndim--;
    shape.dim[shape.ndim - 1] *= shape.dim[shape.ndim];
    return elbo_reshape(x, shape);
}

static elbo_var *square_of(elbo_var *x, int64_t n)
{
    elbo_shape shape = elbo_shape_of(x);
    shape.dim[shape.ndim - 1] = n;
    shape.dim[shape.ndim++] = n;
    return elbo_reshape(x, shape);
}

/* |c_i - z|^2 (B, K, n) */
static elbo_var *distances(const elbo__metric *m, elbo_var *z)
{
    elbo_var *of_z = elbo_sum(elbo_square(z), (int[]){-1}, 1, true),
             *of_c = elbo_sum_axis(elbo_square(m->centroids), 1);
    elbo_var *between = elbo_matmul(z, elbo_transpose(m->centroids));
    return elbo_sub(elbo_add(of_z, of_c), elbo_scale(between, 2));
}

elbo__metric_place elbo__metric_at(const elbo__metric *m, elbo_var *z)
{
    const int64_t dims = elbo_size(z, -1);
    elbo_var *e = elbo_exp(elbo_scale(distances(m, z), -1 / (m->temperature * m->temperature)));
    elbo_var *sum = square_of(elbo_matmul(e, flat(m->matrices)), dims);
    return (elbo__metric_place){z, e, elbo_add(sum, elbo_scale(identity(m->graph, dims), m->least))};
}

/* sum_i tr(A M_i) / 2 de_i / dz, de_i / dz = 2 e_i (c_i - z) / T^2 */
elbo_var *elbo__metric_pull(const elbo__metric *m, const elbo__metric_place *at, elbo_var *a)
{
    elbo_var *traces = elbo_matmul(flat(a), elbo_transpose(flat(m->matrices)));
    elbo_var *weights = elbo_scale(elbo_mul(at->weights, traces), 1 / (m->temperature * m->temperature));
    elbo_var *centre = elbo_matmul(weights, m->centroids);
    return elbo_sub(centre, elbo_mul(elbo_sum(weights, (int[]){-1}, 1, true), at->z));
}

/* Not as a matrix product, of which each draw would be one by itself. */
elbo_var *elbo__metric_applied(elbo_var *a, elbo_var *v)
{
    return elbo_sum_axis(elbo_mul(a, elbo_unsqueeze(v, 2)), -1);
}

elbo_var *elbo__metric_momentum(const elbo__metric_place *at, elbo_var *g)
{
    return elbo__metric_applied(elbo_spd_inverse(at->inverse), elbo__metric_applied(elbo_cholesky(at->inverse), g));
}
