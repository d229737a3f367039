#include "init.h"

#include <math.h>

#include "../../tensor/random.h"
#include "../../tensor/walk.h"
#include "../../tensor/watch_private.h"

typedef void draw_f64(double *y, int64_t rows, int64_t draws, int64_t n, elbo__random_key key, uint64_t row,
                      uint64_t draw);

/* Fills the tensor with offset + scale r. In logical row-major order, CHUNK numbers r are one row of the tensor's own
 * stream; they are drawn in double for a tensor of either width. */
static void fill_random(const elbo_tensor *t, uint64_t seed, const char *name, draw_f64 *draw, double offset,
                        double scale)
{
    enum { CHUNK = 256, WATCHED = 1 << 20 };
    const elbo__random_key key = {.seed = seed, .stream = elbo__stream("init", name, 0)};
    double numbers[CHUNK];
    int64_t i = 0;
    for (elbo__walk w = elbo__walk_start(&t->layout.shape); w.more; elbo__walk_next(&w), i++) {
        if (i % WATCHED == 0 && elbo__watched("initialising", i, elbo_shape_size(&t->layout.shape)) != ELBO_OK)
            return; /* whoever asked for it asks the watcher too, and ends */
        if (i % CHUNK == 0)
            draw(numbers, 1, 1, CHUNK, key, (uint64_t)(i / CHUNK), 0);
        elbo_tensor_set(t, w.index, offset + scale * numbers[i % CHUNK]);
    }
}

static void fill_uniform(const elbo_tensor *t, uint64_t seed, const char *name, double low, double high)
{
    fill_random(t, seed, name, elbo__uniform_f64, low, high - low);
}

/* in kh kw and out kh kw of a shape (out, in, kh, kw); never 0 */
static void fans(const elbo_shape *shape, double *in, double *out)
{
    double kernel = 1;
    for (int i = 2; i < shape->ndim; i++)
        kernel *= (double)shape->dim[i];
    *out = shape->ndim > 0 ? (double)shape->dim[0] * kernel : 1;
    *in = shape->ndim > 1 ? (double)shape->dim[1] * kernel : *out;
    *in = fmax(*in, 1);
    *out = fmax(*out, 1);
}

/* ---- one filler for each initialiser ----------------------------------------------------------------------------- */

static void constant(const elbo_tensor *t, uint64_t seed, const char *name, const double *args)
{
    (void)seed, (void)name;
    for (elbo__walk w = elbo__walk_start(&t->layout.shape); w.more; elbo__walk_next(&w))
        elbo_tensor_set(t, w.index, args[0]);
}

static void uniform(const elbo_tensor *t, uint64_t seed, const char *name, const double *args)
{
    fill_uniform(t, seed, name, args[0], args[1]);
}

static void normal(const elbo_tensor *t, uint64_t seed, const char *name, const double *args)
{
    fill_random(t, seed, name, elbo__normal_f64, args[0], args[1]);
}

static void glorot(const elbo_tensor *t, uint64_t seed, const char *name, const double *args)
{
    (void)args;
    double in, out;
    fans(&t->layout.shape, &in, &out);
    double bound = sqrt(6 / (in + out));
    fill_uniform(t, seed, name, -bound, bound);
}

static void he(const elbo_tensor *t, uint64_t seed, const char *name, const double *args)
{
    (void)args;
    double in, out;
    fans(&t->layout.shape, &in, &out);
    fill_random(t, seed, name, elbo__normal_f64, 0, sqrt(2 / in));
}

static void fan_in(const elbo_tensor *t, uint64_t seed, const char *name, const double *args)
{
    double in = args[0], out;
    if (in == 0)
        fans(&t->layout.shape, &in, &out);
    fill_uniform(t, seed, name, -1 / sqrt(in), 1 / sqrt(in));
}

/* Normal numbers, each row of them scaled to the norm. */
static void sphere(const elbo_tensor *t, uint64_t seed, const char *name, const double *args)
{
    const int last = t->layout.shape.ndim - 1;
    elbo_shape rows = t->layout.shape;
    fill_random(t, seed, name, elbo__normal_f64, 0, 1);
    if (last < 0)
        return;
    rows.dim[last] = 1;
    for (elbo__walk w = elbo__walk_start(&rows); w.more; elbo__walk_next(&w)) {
        double squares = 0;
        for (w.index[last] = 0; w.index[last] < t->layout.shape.dim[last]; w.index[last]++)
            squares += pow(elbo_tensor_get(t, w.index), 2);
        for (w.index[last] = 0; w.index[last] < t->layout.shape.dim[last] && squares > 0; w.index[last]++)
            elbo_tensor_set(t, w.index, elbo_tensor_get(t, w.index) * args[0] / sqrt(squares));
        w.index[last] = 0;
    }
}

/* ---- initialisers ------------------------------------------------------------------------------------------------ */

elbo_init elbo_init_zeros(void)
{
    return elbo_init_constant(0);
}

elbo_init elbo_init_constant(double value)
{
    return (elbo_init){constant, {value}};
}

elbo_init elbo_init_uniform(double low, double high)
{
    return (elbo_init){uniform, {low, high}};
}

elbo_init elbo_init_normal(double mean, double deviation)
{
    return (elbo_init){normal, {mean, deviation}};
}

elbo_init elbo_init_glorot(void)
{
    return (elbo_init){glorot, {0}};
}

elbo_init elbo_init_he(void)
{
    return (elbo_init){he, {0}};
}

elbo_init elbo_init_fan_in(int64_t in)
{
    return (elbo_init){fan_in, {(double)in}};
}

elbo_init elbo_init_sphere(double norm)
{
    return (elbo_init){sphere, {norm}};
}
