#include "kmeans.h"

#include <math.h>
#include <string.h>

#include "../../tensor/memory.h"
#include "../../tensor/random.h"
#include "../../tensor/watch_private.h"

enum { MOST_TURNS = 300 };

typedef struct {
    const float *x; /* (n, dims) */
    int64_t n, dims, k;
    double *centres;  /* (k, dims)                                */
    int32_t *nearest; /* (n)                                                      */
    double *square;   /* (n) while centres are drawn: squared distance to the nearest */
    int64_t *count;   /* (k) of rows                                              */
} clusters;

static double distance(const clusters *c, int64_t row, int64_t centre)
{
    const float *x = c->x + row * c->dims;
    const double *m = c->centres + centre * c->dims;
    double sum = 0;
    for (int64_t j = 0; j < c->dims; j++)
        sum += (x[j] - m[j]) * (x[j] - m[j]);
    return sum;
}

static void put_centre(clusters *c, int64_t centre, int64_t row)
{
    for (int64_t j = 0; j < c->dims; j++)
        c->centres[centre * c->dims + j] = c->x[row * c->dims + j];
}

/* ---- the start --------------------------------------------------------------------------------------------------- */

/* A row, with probability proportional to its squared distance; any where all are 0. */
static int64_t draw_row(const clusters *c, double u)
{
    double sum = 0;
    for (int64_t i = 0; i < c->n; i++)
        sum += c->square[i];
    double left = u * sum;
    for (int64_t i = 0; i < c->n && sum > 0; i++) {
        left -= c->square[i];
        if (left <= 0 && c->square[i] > 0)
            return i;
    }
    return (int64_t)(u * (double)c->n);
}

static void start(clusters *c, uint64_t seed)
{
    const elbo__random_key key = {.seed = seed, .stream = elbo__stream("sampler", "k-means", 0)};
    for (int64_t i = 0; i < c->n; i++)
        c->square[i] = 1;
    for (int64_t centre = 0; centre < c->k; centre++) {
        double u;
        elbo__uniform_f64(&u, 1, 1, 1, key, (uint64_t)centre, 0);
        put_centre(c, centre, draw_row(c, u));
        for (int64_t i = 0; i < c->n; i++) {
            const double square = distance(c, i, centre);
            if (centre == 0 || square < c->square[i])
                c->square[i] = square;
        }
    }
}

/* ---- turns ------------------------------------------------------------------------------------------------------- */

/* Whether a row has another centre than before. */
static bool assign(clusters *c)
{
    bool changed = false;
    memset(c->count, 0, (size_t)c->k * sizeof *c->count);
    for (int64_t i = 0; i < c->n; i++) {
        int32_t best = 0;
        double least = INFINITY;
        for (int32_t centre = 0; centre < c->k; centre++) {
            const double square = distance(c, i, centre);
            if (square < least) {
                least = square;
                best = centre;
            }
        }
        changed |= c->nearest[i] != best;
        c->nearest[i] = best;
        c->count[best]++;
    }
    return changed;
}

/* A centre without rows stays where it is. Returns the sum of the squares of how far they went. */
static double move_centres(clusters *c, double *sums)
{
    double square = 0;
    memset(sums, 0, (size_t)(c->k * c->dims) * sizeof *sums);
    for (int64_t i = 0; i < c->n; i++)
        for (int64_t j = 0; j < c->dims; j++)
            sums[c->nearest[i] * c->dims + j] += c->x[i * c->dims + j];
    for (int64_t i = 0; i < c->k * c->dims; i++) {
        if (c->count[i / c->dims] == 0)
            continue;
        const double mean = sums[i] / (double)c->count[i / c->dims];
        square += (mean - c->centres[i]) * (mean - c->centres[i]);
        c->centres[i] = mean;
    }
    return square;
}

/* The mean over the dimensions of the variance of x. */
static double variance(const clusters *c)
{
    double sum = 0;
    for (int64_t j = 0; j < c->dims; j++) {
        double mean = 0, squares = 0; /* about the mean (Welford) */
        for (int64_t i = 0; i < c->n; i++) {
            const double before = c->x[i * c->dims + j] - mean;
            mean += before / (double)(i + 1);
            squares += before * (c->x[i * c->dims + j] - mean);
        }
        sum += squares / (double)c->n;
    }
    return sum / (double)c->dims;
}

/* Until the centres stay, or nearly so. */
static elbo_status turn(clusters *c, double *sums, const char *what)
{
    const double little = 1e-4 * variance(c);
    bool moving = true;
    elbo_status status = ELBO_OK;
    for (int i = 0; i < MOST_TURNS && moving && status == ELBO_OK; i++) {
        status = elbo__watched(what, i, MOST_TURNS);
        moving = assign(c) && move_centres(c, sums) > little;
    }
    return status;
}

elbo_status elbo__kmeans(const float *x, int64_t n, int64_t dims, int64_t k, uint64_t seed, const char *what,
                         double *centres, int32_t *nearest)
{
    clusters c = {.x = x, .n = n, .dims = dims, .k = k, .centres = centres, .nearest = nearest};
    c.square = elbo__calloc((size_t)n, sizeof *c.square);
    c.count = elbo__calloc((size_t)k, sizeof *c.count);
    double *sums = elbo__calloc((size_t)k, (size_t)dims * sizeof *sums);
    elbo_status status = c.square && c.count && sums ? ELBO_OK : ELBO_NO_MEMORY;
    for (int64_t i = 0; i < n; i++)
        nearest[i] = -1;
    if (status == ELBO_OK) {
        start(&c, seed);
        status = turn(&c, sums, what);
    }
    elbo__free(c.square);
    elbo__free(c.count);
    elbo__free(sums);
    return status;
}
