#include "spectral.h"

#include "../../autograd/op.h"
#include "layers_private.h"

/* x (n, 1) at length 1; one of length 0 stays. */
static elbo_var *unit(elbo_var *x)
{
    elbo_var *least = elbo_constant(elbo_graph_of(x), 1e-24);
    return elbo_div(x, elbo_sqrt(elbo_maximum(elbo_sum_all(elbo_square(x)), least)));
}

/* w as a matrix (n, all other axes) */
static elbo_var *as_matrix(elbo_var *w, int axis)
{
    int axes[ELBO_MAX_RANK], used = 0;
    axes[used++] = axis;
    for (int i = 0; i < elbo_ndim(w); i++)
        if (i != axis)
            axes[used++] = i;
    w = axis == 0 ? w : elbo_permute(w, axes);
    return elbo_ndim(w) == 2 ? w : elbo_reshape(w, ELBO_SHAPE(elbo_size(w, 0), -1));
}

/* State `spectral` belongs to the scope. */
static elbo_var *norm_of(elbo_var *w, int at)
{
    elbo_graph *g = elbo_graph_of(w);
    elbo_var *state = elbo_state(g, "spectral", ELBO_SHAPE(elbo_size(w, at)), elbo_init_normal(0, 1));
    elbo_var *matrix = as_matrix(w, at), *fixed = elbo_detach(matrix), *across = elbo_transpose(fixed);
    elbo_var *u = unit(elbo_unsqueeze(state, 1));
    if (elbo_graph_mode(g) == ELBO_TRAIN && !g->frozen) {
        u = unit(elbo_matmul(fixed, elbo_matmul(across, u)));
        elbo_var *next = elbo_squeeze(u, 1);
        elbo_assign(state, elbo_where(elbo_isfinite(next), next, state));
    }
    elbo_var *v = unit(elbo_matmul(across, u));
    return elbo_sum_all(elbo_mul(u, elbo_matmul(matrix, v)));
}

elbo_var *elbo_spectral_norm(elbo_var *w, int axis, const char *name)
{
    elbo_graph *g = elbo_graph_of(w);
    const int at = elbo__axis("spectral_norm", w, axis);
    if (at < 0 || !elbo__graph_ok(g))
        return elbo__harmless(w);
    elbo_scope(g, name);
    elbo_var *norm = norm_of(w, at);
    elbo_scope_end(g);
    return norm;
}

void elbo_normalise_weights(elbo_graph *g, bool on)
{
    g->spectral = on;
}

elbo_var *elbo__weight(elbo_graph *g, elbo_shape shape, int axis, elbo_init init)
{
    elbo_var *w = elbo_param(g, "weight", shape, init);
    if (!g->spectral || !elbo__graph_ok(g))
        return w;
    return elbo_div(w, norm_of(w, axis));
}
