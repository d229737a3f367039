#include "features.h"

#include <math.h>
#include <string.h>

#include "../../autograd/op.h"
#include "../../tensor/eigen.h"
#include "../../tensor/memory.h"
#include "../../tensor/watch_private.h"
#include "../runs/run_private.h"
#include "features_private.h"

/* Sums over n rows of what they are off an origin, near their mean, and of its products. */
struct elbo_features {
    elbo_run *run;
    int64_t n, width;
    double *origin, *sum, *products; /* (F), (F), (F, F) of which [i][k] is kept where i <= k */
};

/* That codes depend on images alone: a classifier takes labels, but does not encode with them. */
static elbo_status check_labels(const elbo_run *run)
{
    elbo_var *out[ELBO_MAX_METRICS];
    int outputs;
    if (!elbo__run_takes_labels(run))
        return ELBO_OK;
    elbo_graph *g = elbo__run_graph(run, &(elbo__work){.role = ELBO__ENCODE, .batch = 1, .draws = 1}, out, &outputs);
    elbo_var *labels = elbo_input(g, "labels", ELBO_I32, ELBO_SHAPE(1));
    elbo_status status = elbo_graph_status(g);
    const bool depends = status == ELBO_OK && elbo__depends(out[0], labels, NULL);
    if (status == ELBO_OK)
        status = elbo_graph_status(g);
    elbo_graph_free(g);
    return depends ? elbo__fail(ELBO_INVALID,
                                "model \"%s\" encodes images with their labels: its codes are no features of images",
                                run->model->name)
                   : status;
}

elbo_features *elbo_features_new(elbo_run *run)
{
    elbo_features *f = check_labels(run) == ELBO_OK ? elbo__calloc(1, sizeof *f) : NULL;
    const size_t width = (size_t)run->latent;
    if (!f)
        return NULL;
    *f = (elbo_features){.run = run,
                         .width = run->latent,
                         .origin = elbo__calloc(width, sizeof(double)),
                         .sum = elbo__calloc(width, sizeof(double)),
                         .products = elbo__calloc(width, width * sizeof(double))};
    if (f->origin && f->sum && f->products)
        return f;
    elbo_features_free(f);
    return NULL;
}

void elbo_features_free(elbo_features *f)
{
    if (!f)
        return;
    elbo__free(f->origin);
    elbo__free(f->sum);
    elbo__free(f->products);
    elbo__free(f);
}

int64_t elbo_features_count(const elbo_features *f)
{
    return f->n;
}

/* ---- adding ------------------------------------------------------------------------------------------------------ */

/* The first rows say where the origin is. */
static void set_origin(elbo_features *f, const float *codes, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < f->width; j++)
            f->origin[j] += codes[i * f->width + j] / (double)n;
}

static void add_row(elbo_features *f, const float *code, double *off)
{
    for (int64_t j = 0; j < f->width; j++) {
        off[j] = code[j] - f->origin[j];
        f->sum[j] += off[j];
    }
    for (int64_t j = 0; j < f->width; j++)
        for (int64_t k = j; k < f->width; k++)
            f->products[j * f->width + k] += off[j] * off[k];
    f->n++;
}

static elbo_status add_block(elbo_features *f, const float *x, const int *labels, int64_t n, float *codes, double *off)
{
    elbo_status status = elbo_run_encode(f->run, x, labels, n, codes);
    for (int64_t i = 0; i < n * f->width && status == ELBO_OK; i++)
        if (!isfinite(codes[i]))
            status = elbo__fail(ELBO_INVALID, "a feature of image %lld is not finite",
                                (long long)(f->n + i / f->width));
    if (status != ELBO_OK)
        return status;
    if (f->n == 0)
        set_origin(f, codes, n);
    for (int64_t i = 0; i < n; i++)
        add_row(f, codes + i * f->width, off);
    return ELBO_OK;
}

/* x of blocks of images: where they are, or read to `room`. */
typedef struct {
    const float *x;
    const elbo_images *images;
    float *room; /* (block, D) */
} source;

static elbo_status next_block(const source *s, int64_t pixels, int64_t first, int64_t n, const float **x)
{
    *x = s->images ? s->room : s->x + first * pixels;
    return s->images ? elbo_images_rows(s->images, first, n, s->room, NULL) : ELBO_OK;
}

static elbo_status add_all(elbo_features *f, source *s, int64_t count)
{
    const int64_t pixels = f->run->pixels, block = elbo__run_block(f->run, 1);
    float *codes = elbo__calloc((size_t)block, (size_t)f->width * sizeof *codes);
    double *off = elbo__calloc((size_t)f->width, sizeof *off);
    int *labels = elbo__calloc((size_t)block, sizeof *labels);
    s->room = elbo__calloc((size_t)block, (size_t)pixels * sizeof *s->room);
    elbo_status status = codes && off && labels && s->room ? ELBO_OK : ELBO_NO_MEMORY;
    for (int64_t first = 0; first < count && status == ELBO_OK; first += block) {
        const int64_t n = count - first < block ? count - first : block;
        const float *x;
        status = elbo__watched("looking at features", first, count);
        if (status == ELBO_OK)
            status = next_block(s, pixels, first, n, &x);
        if (status == ELBO_OK)
            status = add_block(f, x, labels, n, codes, off);
    }
    elbo__free(codes);
    elbo__free(off);
    elbo__free(labels);
    elbo__free(s->room);
    return status;
}

elbo_status elbo_features_add(elbo_features *f, const float *x, int64_t n)
{
    return add_all(f, &(source){.x = x}, n);
}

elbo_status elbo_features_add_images(elbo_features *f, const elbo_images *images, int64_t count)
{
    const elbo_shape image = elbo__image_shape(images);
    if (!elbo_shape_equal(&image, &f->run->image))
        return elbo__fail(ELBO_INVALID, "images of shape %s, but the run of the features is for %s",
                          elbo_shape_format(&image).text, elbo_shape_format(&f->run->image).text);
    if (count < 0)
        return elbo__fail(ELBO_INVALID, "%lld images", (long long)count);
    return add_all(f, &(source){.images = images}, count > 0 && count < images->count ? count : images->count);
}

/* ---- the distance ------------------------------------------------------------------------------------------------ */

/* c = a b: all (n, n) */
static void multiply(int64_t n, const double *a, const double *b, double *c)
{
    memset(c, 0, (size_t)(n * n) * sizeof *c);
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < n; k++)
            for (int64_t j = 0; j < n; j++)
                c[i * n + j] += a[i * n + k] * b[k * n + j];
}

static double root(double x)
{
    return x > 0 ? sqrt(x) : 0; /* below by rounding */
}

/* The root of a symmetric matrix: vectors (n, n), values (n) are room. */
static elbo_status take_root(int64_t n, const double *a, double *vectors, double *values, double *out)
{
    memcpy(vectors, a, (size_t)(n * n) * sizeof *a);
    elbo_status status = elbo__eigen_symmetric(n, vectors, values);
    memset(out, 0, (size_t)(n * n) * sizeof *out);
    for (int64_t v = 0; v < n && status == ELBO_OK; v++)
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < n; j++)
                out[i * n + j] += root(values[v]) * vectors[v * n + i] * vectors[v * n + j];
    return status;
}

/* tr (S S')^(1/2) is the trace of the root of S^(1/2) S' S^(1/2), which is symmetric. */
elbo_status elbo__frechet(int64_t n, const double *mean_a, const double *a, const double *mean_b, const double *b,
                          double *distance)
{
    const size_t square = (size_t)(n * n);
    double *room = elbo__calloc(3 * square + (size_t)n, sizeof *room);
    if (!room)
        return ELBO_NO_MEMORY;
    double *one = room, *other = room + square, *third = room + 2 * square, *values = room + 3 * square;
    elbo_status status = take_root(n, a, other, values, one);
    if (status == ELBO_OK) {
        multiply(n, one, b, other);
        multiply(n, other, one, third);
        status = elbo__eigen_symmetric(n, third, values);
    }
    *distance = 0;
    for (int64_t i = 0; i < n && status == ELBO_OK; i++)
        *distance += (mean_a[i] - mean_b[i]) * (mean_a[i] - mean_b[i]) + a[i * n + i] + b[i * n + i] -
                     2 * root(values[i]);
    if (*distance < 0) /* by rounding */
        *distance = 0;
    elbo__free(room);
    return status;
}

/* mean (F), covariance (F, F) */
static void finish(const elbo_features *f, double *mean, double *covariance)
{
    const int64_t w = f->width;
    const double n = (double)f->n;
    for (int64_t j = 0; j < w; j++)
        mean[j] = f->origin[j] + f->sum[j] / n;
    for (int64_t j = 0; j < w; j++)
        for (int64_t k = j; k < w; k++)
            covariance[j * w + k] = covariance[k * w + j] = (f->products[j * w + k] - f->sum[j] * f->sum[k] / n) /
                                                            (n - 1);
}

elbo_status elbo_features_distance(const elbo_features *a, const elbo_features *b, double *distance)
{
    *distance = NAN;
    if (a->width != b->width || a->n < 2 || b->n < 2)
        return elbo__fail(ELBO_INVALID,
                          "%lld features of %lld images and %lld of %lld: expected as many of two or more",
                          (long long)a->width, (long long)a->n, (long long)b->width, (long long)b->n);
    const size_t width = (size_t)a->width, square = width * width;
    double *room = elbo__calloc(2 * (width + square), sizeof *room);
    if (!room)
        return ELBO_NO_MEMORY;
    double *mean_a = room, *mean_b = room + width, *of_a = room + 2 * width, *of_b = of_a + square;
    finish(a, mean_a, of_a);
    finish(b, mean_b, of_b);
    elbo_status status = elbo__frechet(a->width, mean_a, of_a, mean_b, of_b, distance);
    elbo__free(room);
    return status;
}
