/* Structural similarity at several scales in the place of a distribution (Wang, Simoncelli and Bovik 2003). */
#include <math.h>

#include "../layers/layers.h"
#include "distribution.h"

static const double DEVIATION = 1.5;      /* of the window, in pixels                  */
static const double C1 = 1e-4, C2 = 9e-4; /* (0.01)^2 and (0.03)^2, for pixels in 0..1 */

/* Exponents of the scales, the full one first, by the smaller side of the picture: the paper's five, and what the
 * benchmark of Chadebec, Vincent and Allassonniere (arXiv:2206.08309) takes for pictures too small for them. */
enum { MOST_SCALES = 5 };
typedef struct {
    int64_t below; /* the smaller side */
    int count;
    double exponent[MOST_SCALES];
} scales;
static const scales by_side[] = {
    {4, 1, {1}},
    {8, 2, {0.3222, 0.6778}},
    {16, 3, {0.4558, 0.1633, 0.3809}},
    {32, 4, {0.3117, 0.3384, 0.2675, 0.0824}},
    {INT64_MAX, 5, {0.0448, 0.2856, 0.3001, 0.2363, 0.1333}},
};

/* Two pictures (..., C, H, W) at a scale; draws of one may be missing in the other. */
typedef struct {
    elbo_var *a, *b;
} pair;

static int64_t smaller_side(elbo_var *a)
{
    return elbo_size(a, -1) < elbo_size(a, -2) ? elbo_size(a, -1) : elbo_size(a, -2);
}

static const scales *scales_of(pair p)
{
    const scales *s = by_side;
    while (smaller_side(p.a) >= s->below)
        s++;
    return s;
}

/* ---- one scale --------------------------------------------------------------------------------------------------- */

/* The Gaussian window (odd) along an axis of n pixels, as a matrix (n, n): beyond the border all is 0. */
static elbo_var *window_matrix(elbo_graph *g, int64_t n, int window)
{
    elbo_var *at = elbo_arange(g, n), *away = elbo_sub(elbo_unsqueeze(at, 1), at);
    elbo_var *inside = elbo_less_equal(elbo_abs(away), elbo_constant(g, window / 2));
    double sum = 0;
    for (int i = -window / 2; i <= window / 2; i++)
        sum += exp(-i * i / (2 * DEVIATION * DEVIATION));
    elbo_var *bell = elbo_exp(elbo_scale(elbo_square(away), -1 / (2 * DEVIATION * DEVIATION)));
    return elbo_scale(elbo_mul(inside, bell), 1 / sum);
}

/* The mean of v (..., H, W) in the window around each pixel. The matrices are symmetric. */
static elbo_var *local_mean(elbo_var *v, elbo_var *along_rows, elbo_var *along_columns)
{
    const elbo_shape shape = elbo_shape_of(v);
    const int64_t height = elbo_size(v, -2), width = elbo_size(v, -1);
    v = elbo_matmul(elbo_reshape(v, ELBO_SHAPE(-1, width)), along_rows);
    v = elbo_transpose(elbo_reshape(v, ELBO_SHAPE(-1, height, width)));
    v = elbo_matmul(elbo_reshape(v, ELBO_SHAPE(-1, height)), along_columns);
    return elbo_reshape(elbo_transpose(elbo_reshape(v, ELBO_SHAPE(-1, width, height))), shape);
}

/* (2 a b + c) / (a^2 + b^2 + c) from what stand for a b and (a^2 + b^2) / 2: at most 1, for a = b */
static elbo_var *agreement(elbo_var *product, elbo_var *square, double c)
{
    return elbo_div(elbo_shift(elbo_scale(product, 2), c), elbo_shift(elbo_scale(square, 2), c));
}

/* The similarity (...) of two pictures: contrast and structure, and in `full` luminance too, as a mean over pixels and
 * channels, which is taken from -1..1 to 0..1. */
static elbo_var *similarity(pair p, int window, bool full)
{
    elbo_graph *g = elbo_graph_of(p.a);
    const int64_t side = smaller_side(p.a), most = side % 2 ? side : side - 1; /* no wider than the picture */
    const int taps = most < 1 ? 1 : window > most ? (int)most : window;
    elbo_var *rows = window_matrix(g, elbo_size(p.a, -1), taps), *columns = window_matrix(g, elbo_size(p.a, -2), taps);
    elbo_var *a = local_mean(p.a, rows, columns), *b = local_mean(p.b, rows, columns);
    elbo_var *ab = local_mean(elbo_mul(p.a, p.b), rows, columns);
    elbo_var *aa = local_mean(elbo_square(p.a), rows, columns), *bb = local_mean(elbo_square(p.b), rows, columns);
    elbo_var *product = elbo_mul(a, b), *square = elbo_scale(elbo_add(elbo_square(a), elbo_square(b)), 0.5);
    elbo_var *covariance = elbo_sub(ab, product), *variance = elbo_sub(elbo_scale(elbo_add(aa, bb), 0.5), square);
    elbo_var *map = agreement(covariance, variance, C2);
    if (full)
        map = elbo_mul(map, agreement(product, square, C1));
    return elbo_scale(elbo_shift(elbo_mean(map, (int[]){-3, -2, -1}, 3, false), 1), 0.5);
}

/* ---- all scales -------------------------------------------------------------------------------------------------- */

/* (..., C, H, W) -> (..., C, H / 2, W / 2) */
static elbo_var *halved(elbo_var *v)
{
    elbo_shape shape = elbo_shape_of(v);
    const int n = shape.ndim;
    v = elbo_avg_pool2d(elbo_reshape(v, ELBO_SHAPE(-1, shape.dim[n - 3], shape.dim[n - 2], shape.dim[n - 1])), 2);
    shape.dim[n - 2] /= 2;
    shape.dim[n - 1] /= 2;
    return elbo_reshape(v, shape);
}

static elbo_var *ms_ssim(pair p, int window)
{
    const scales *s = scales_of(p);
    elbo_var *product = NULL;
    for (int i = 0; i < s->count; i++) {
        elbo_var *exponent = elbo_constant(elbo_graph_of(p.a), s->exponent[i]);
        elbo_var *factor = elbo_pow(similarity(p, window, i + 1 == s->count), exponent);
        product = product ? elbo_mul(product, factor) : factor;
        if (i + 1 < s->count)
            p = (pair){halved(p.a), halved(p.b)};
    }
    return product;
}

/* (..., D) -> (..., C, H, W); where the mask is 0 both pictures are. */
static elbo_var *picture(const elbo_dist *d, elbo_var *x, elbo_var *mask, int ndim)
{
    const elbo_shape image = elbo_shape_of(d->args[1]);
    x = elbo_align(x, d->event_rank, ndim);
    if (mask)
        x = elbo_mul(x, elbo_align(mask, d->event_rank, ndim));
    elbo_shape shape = elbo_shape_of(x);
    shape.ndim += 2;
    for (int i = 0; i < 3; i++)
        shape.dim[shape.ndim - 3 + i] = image.dim[i];
    return elbo_reshape(x, shape);
}

static elbo_var *log_prob(const elbo_dist *d, elbo_var *x, elbo_var *mask)
{
    const int ndim = elbo_ndim(x);
    const pair p = {picture(d, x, mask, ndim), picture(d, d->args[0], mask, ndim)};
    return elbo_shift(ms_ssim(p, (int)d->number), -1);
}

static elbo_var *mean(const elbo_dist *d)
{
    return d->args[0];
}

const elbo_dist_kind elbo_kind_ms_ssim = {.name = "ms-ssim", .cost = true, .log_prob = log_prob, .mean = mean};

elbo_dist elbo_ms_ssim(elbo_var *centre, elbo_shape image, int window)
{
    elbo_graph *g = elbo_graph_of(centre);
    const elbo_shape shape = elbo_shape_of(centre);
    elbo_dist d = elbo_dist_of(&elbo_kind_ms_ssim, shape, centre);
    if (image.ndim < 2 || image.ndim > 3 || shape.ndim < 1 || elbo_shape_size(&image) != shape.dim[shape.ndim - 1])
        elbo_graph_fail(g, ELBO_INVALID,
                        "ms-ssim: expected pictures (H, W) or (C, H, W) as rows of as many pixels, got "
                        "%s and rows %s",
                        elbo_shape_format(&image).text, elbo_shape_format(&shape).text);
    else if (window < 1 || window % 2 == 0)
        elbo_graph_fail(g, ELBO_INVALID, "ms-ssim: window %d is not an odd number of pixels", window);
    const bool colour = image.ndim == 3;
    const elbo_shape whole = ELBO_SHAPE(colour ? image.dim[0] : 1, image.dim[colour], image.dim[colour + 1]);
    d.args[1] = elbo_expand(elbo_constant(g, 0), whole);
    d.number = window;
    return d;
}
