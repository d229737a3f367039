/* A permutation of the batch for each column. */
#include "aggregate.h"

/* How many rows stand before row i in the order of u (B, D), column by column: (B, D). Of equal numbers, of which f32
 * has some in large batches, the upper row stands first, so that ranks are a permutation in any case. */
static elbo_var *ranks(elbo_var *u)
{
    elbo_var *row = elbo_arange(elbo_graph_of(u), elbo_size(u, 0)), *across = elbo_transpose(u);
    elbo_var *above = elbo_less(row, elbo_unsqueeze(row, 1));                      /* (B, B): k < i         */
    elbo_var *own = elbo_unsqueeze(across, 2), *other = elbo_unsqueeze(across, 1); /* (D, B, 1), (D, 1, B) */
    elbo_var *before = elbo_where(above, elbo_less_equal(other, own), elbo_less(other, own));
    return elbo_transpose(elbo_sum_axis(before, 2));
}

elbo_var *elbo_shuffle_columns(elbo_var *x, const char *name)
{
    enum { EXACT = 1 << 24 }; /* whole numbers of f32 */
    elbo_graph *g = elbo_graph_of(x);
    const elbo_shape shape = elbo_shape_of(x);
    const int64_t numbers = elbo_shape_size(&shape);
    if (shape.ndim < 2 || numbers > EXACT)
        return elbo_graph_fail(g, ELBO_INVALID, "shuffle \"%s\": of shape %s; expected (B, ...), at most %d numbers",
                               name, elbo_shape_format(&shape).text, EXACT);
    if (numbers == 0)
        return x;
    const int64_t columns = numbers / shape.dim[0];
    elbo_var *u = elbo_random_uniform(g, name, ELBO_SHAPE(shape.dim[0], columns), -1);
    elbo_var *from = elbo_add(elbo_scale(ranks(u), (double)columns), elbo_arange(g, columns));
    elbo_var *index = elbo_to_i32(elbo_reshape(from, ELBO_SHAPE(numbers)));
    return elbo_reshape(elbo_gather(elbo_reshape(x, ELBO_SHAPE(numbers)), index), shape);
}
