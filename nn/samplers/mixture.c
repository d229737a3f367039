#include "mixture.h"

#include <math.h>
#include <string.h>

#include "../../autograd/plan.h"
#include "../../tensor/cholesky.h"
#include "../../tensor/memory.h"
#include "../../tensor/product.h"
#include "../../tensor/random.h"
#include "../../tensor/watch_private.h"
#include "kmeans.h"

enum { BLOCK = 1024, MOST_STEPS = 2000 };

/* ---- one mixture ------------------------------------------------------------------------------------------------- */

/* Numbers of one component's covariance. */
static int64_t spread_of(const elbo__mixture *m)
{
    return m->full ? m->dims * m->dims : m->dims;
}

static double *room(int64_t components, int64_t numbers)
{
    int64_t count;
    if (elbo__mul_size(components, numbers, &count))
        return elbo__calloc((size_t)count, sizeof(double));
    (void)elbo__fail(ELBO_NO_MEMORY, "out of memory: a mixture of %lld components", (long long)components);
    return NULL;
}

elbo_status elbo__mixture_new(int64_t components, int64_t dims, bool full, elbo__mixture *out)
{
    *out = (elbo__mixture){.components = components, .dims = dims, .full = full};
    const int64_t spread = spread_of(out);
    if ((out->weights = room(components, 1)) && (out->means = room(components, dims)) &&
        (out->covariances = room(components, spread)) && (out->roots = room(components, spread)) &&
        (out->inverses = room(components, spread)) && (out->constants = room(components, 1)))
        return ELBO_OK;
    elbo__mixture_free(out);
    return ELBO_NO_MEMORY;
}

void elbo__mixture_free(elbo__mixture *m)
{
    elbo__free(m->weights);
    elbo__free(m->means);
    elbo__free(m->covariances);
    elbo__free(m->roots);
    elbo__free(m->inverses);
    elbo__free(m->constants);
    *m = (elbo__mixture){.components = 0};
}

/* The root of a component's covariance, its inverse, and *half = log det L */
static elbo_status prepare_full(elbo__mixture *m, int64_t k, double *half)
{
    const int64_t n = m->dims, size = n * n;
    double *root = m->roots + k * size, *inverse = m->inverses + k * size;
    memcpy(root, m->covariances + k * size, (size_t)size * sizeof *root);
    elbo_status status = elbo__cholesky(n, root);
    memcpy(inverse, root, (size_t)size * sizeof *root);
    for (int64_t j = 0; j < n && status == ELBO_OK; j++)
        *half += log(root[j * n + j]);
    return status == ELBO_OK ? elbo__invert_lower(n, inverse) : status;
}

static elbo_status prepare_diagonal(elbo__mixture *m, int64_t k, double *half)
{
    for (int64_t j = k * m->dims; j < (k + 1) * m->dims; j++) {
        if (!(m->covariances[j] > 0))
            return elbo__fail(ELBO_INVALID, "a variance of %g", m->covariances[j]);
        m->roots[j] = sqrt(m->covariances[j]);
        m->inverses[j] = 1 / m->roots[j];
        *half += log(m->roots[j]);
    }
    return ELBO_OK;
}

elbo_status elbo__mixture_prepare(elbo__mixture *m)
{
    elbo_status status = ELBO_OK;
    double sum = 0;
    for (int64_t k = 0; k < m->components && status == ELBO_OK; k++) {
        double half = 0;
        sum += m->weights[k];
        m->constants[k] = -INFINITY;
        if (m->weights[k] == 0)
            continue;
        status = m->weights[k] > 0 ? ELBO_OK : elbo__fail(ELBO_INVALID, "a weight of %g", m->weights[k]);
        if (status == ELBO_OK)
            status = m->full ? prepare_full(m, k, &half) : prepare_diagonal(m, k, &half);
        m->constants[k] = log(m->weights[k]) - (double)m->dims / 2 * log(2 * M_PI) - half;
        if (status == ELBO_OK && !isfinite(m->constants[k]))
            status = elbo__fail(ELBO_INVALID, "its density is not finite");
        if (status != ELBO_OK)
            status = elbo__fail(status, "component %lld of a mixture: %s", (long long)k + 1, elbo_error());
    }
    if (status == ELBO_OK && !(fabs(sum - 1) < 1e-6))
        status = elbo__fail(ELBO_INVALID, "the weights of a mixture add up to %g", sum);
    return status;
}

/* ---- a block of rows --------------------------------------------------------------------------------------------- */

/* Room for the rows of a block and one component. */
typedef struct {
    double *from_mean, *scaled; /* (BLOCK, Z) x - m_k; and L^-1 of that, or that times weights   */
    double *logs;               /* (BLOCK, K) log w_k N(x), then the part of k in x               */
    double *log_prob;           /* (BLOCK) log p(x)                                               */
} block_room;

static void free_room(block_room *r)
{
    elbo__free(r->from_mean);
    elbo__free(r->scaled);
    elbo__free(r->logs);
    elbo__free(r->log_prob);
}

static elbo_status make_room(const elbo__mixture *m, block_room *r)
{
    *r = (block_room){.from_mean = room(BLOCK, m->dims),
                      .scaled = room(BLOCK, m->dims),
                      .logs = room(BLOCK, m->components),
                      .log_prob = room(BLOCK, 1)};
    return r->from_mean && r->scaled && r->logs && r->log_prob ? ELBO_OK : ELBO_NO_MEMORY;
}

static elbo__matrix rows_of(double *x, int64_t n, int64_t dims)
{
    return (elbo__matrix){x, n, dims, dims, 1};
}

/* Products of a block by a few dimensions are done before other threads are awake. */
static int threads_for(int64_t dims)
{
    enum { FEW = 256 };
    return dims < FEW ? 1 : elbo_threads();
}

/* r->from_mean = x - m_k */
static void subtract_mean(const elbo__mixture *m, int64_t k, const float *x, int64_t n, block_room *r)
{
    const double *mean = m->means + k * m->dims;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < m->dims; j++)
            r->from_mean[i * m->dims + j] = x[i * m->dims + j] - mean[j];
}

/* r->scaled = L^-1 (x - m_k), whose square is that of the distance in deviations */
static void scale(const elbo__mixture *m, int64_t k, int64_t n, block_room *r)
{
    const int64_t dims = m->dims;
    double *inverse = m->inverses + k * spread_of(m);
    if (m->full) {
        const elbo__matrix from = rows_of(r->from_mean, n, dims), to = rows_of(r->scaled, n, dims);
        const elbo__matrix by = rows_of(inverse, dims, dims), across = elbo__transposed(by);
        elbo__product_shared(1, &from, &across, 0, &to, threads_for(dims));
        return;
    }
    for (int64_t i = 0; i < n * dims; i++)
        r->scaled[i] = r->from_mean[i] * inverse[i % dims];
}

/* r->log_prob (n) = log p(x); r->logs (n, K) = the logarithm of the part that each component has in it */
static void find_parts(const elbo__mixture *m, const float *x, int64_t n, block_room *r)
{
    const int64_t count = m->components, dims = m->dims;
    for (int64_t k = 0; k < count; k++) {
        if (m->weights[k] > 0) {
            subtract_mean(m, k, x, n, r);
            scale(m, k, n, r);
        }
        for (int64_t i = 0; i < n; i++) {
            double square = 0;
            for (int64_t j = 0; j < dims && m->weights[k] > 0; j++)
                square += r->scaled[i * dims + j] * r->scaled[i * dims + j];
            r->logs[i * count + k] = m->constants[k] - square / 2;
        }
    }
    for (int64_t i = 0; i < n; i++) {
        double *logs = r->logs + i * count, most = -INFINITY, sum = 0;
        for (int64_t k = 0; k < count; k++)
            most = logs[k] > most ? logs[k] : most;
        for (int64_t k = 0; k < count; k++)
            sum += exp(logs[k] - most);
        r->log_prob[i] = most + log(sum);
        for (int64_t k = 0; k < count; k++)
            logs[k] -= r->log_prob[i];
    }
}

elbo_status elbo__mixture_log_prob(const elbo__mixture *m, const float *x, int64_t n, double *nats)
{
    block_room r;
    elbo_status status = make_room(m, &r);
    for (int64_t first = 0; first < n && status == ELBO_OK; first += BLOCK) {
        const int64_t count = n - first < BLOCK ? n - first : BLOCK;
        status = elbo__watched("measuring codes", first, n);
        if (status != ELBO_OK)
            break;
        find_parts(m, x + first * m->dims, count, &r);
        memcpy(nats + first, r.log_prob, (size_t)count * sizeof *nats);
    }
    free_room(&r);
    return status;
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

/* Adds the rows of a block to sums that stand in `next`: weights r_k, means r_k (x - m_k), covariances r_k (x - m_k)
 * (x - m_k)^T, with r_k = e^logs, the part of component k in x; m_k are those of m. */
static void add_rows(const elbo__mixture *m, const float *x, int64_t n, block_room *r, elbo__mixture *next)
{
    const int64_t dims = m->dims, spread = spread_of(m);
    for (int64_t k = 0; k < m->components; k++) {
        subtract_mean(m, k, x, n, r);
        for (int64_t i = 0; i < n; i++) {
            const double part = exp(r->logs[i * m->components + k]);
            next->weights[k] += part;
            for (int64_t j = 0; j < dims; j++) {
                const double d = r->from_mean[i * dims + j];
                r->scaled[i * dims + j] = part * d;
                next->means[k * dims + j] += part * d;
                if (!m->full)
                    next->covariances[k * dims + j] += part * d * d;
            }
        }
        const elbo__matrix left = rows_of(r->scaled, n, dims), right = rows_of(r->from_mean, n, dims);
        const elbo__matrix across = elbo__transposed(left), sum = rows_of(next->covariances + k * spread, dims, dims);
        if (m->full)
            elbo__product_shared(1, &across, &right, 1, &sum, threads_for(dims));
    }
}

/* From such sums over n rows to the mixture. A component that has no part in any row is no more. */
static elbo_status finish_sums(const elbo__mixture *m, int64_t n, elbo__mixture *next)
{
    const int64_t dims = m->dims, spread = spread_of(m);
    for (int64_t k = 0; k < m->components; k++) {
        double *mean = next->means + k * dims, *covariance = next->covariances + k * spread;
        const double weight = next->weights[k];
        const bool none = !(weight > 1e-9);
        for (int64_t j = 0; j < dims; j++)
            mean[j] = none ? 0 : mean[j] / weight;
        for (int64_t i = 0; i < spread; i++) {
            const int64_t row = m->full ? i / dims : i, column = m->full ? i % dims : i;
            covariance[i] = none ? 0 : covariance[i] / weight - mean[row] * mean[column];
            if (row == column)
                covariance[i] = fmax(covariance[i], 0) + ELBO__MIXTURE_LEAST;
        }
        for (int64_t j = 0; j < dims; j++)
            mean[j] += m->means[k * dims + j];
        next->weights[k] = none ? 0 : weight / (double)n;
    }
    return elbo__mixture_prepare(next);
}

static void clear(elbo__mixture *m)
{
    memset(m->weights, 0, (size_t)m->components * sizeof *m->weights);
    memset(m->means, 0, (size_t)(m->components * m->dims) * sizeof *m->means);
    memset(m->covariances, 0, (size_t)(m->components * spread_of(m)) * sizeof *m->covariances);
}

elbo_status elbo__mixture_step(const elbo__mixture *m, const float *x, int64_t n, int64_t step, elbo__mixture *next,
                               double *mean_log_prob)
{
    block_room r;
    double sum = 0;
    elbo_status status = make_room(m, &r);
    clear(next);
    for (int64_t first = 0; first < n && status == ELBO_OK; first += BLOCK) {
        const int64_t count = n - first < BLOCK ? n - first : BLOCK;
        status = elbo__watched("fitting a mixture", step, MOST_STEPS);
        find_parts(m, x + first * m->dims, count, &r);
        for (int64_t i = 0; i < count; i++)
            sum += r.log_prob[i];
        add_rows(m, x + first * m->dims, count, &r, next);
    }
    free_room(&r);
    *mean_log_prob = sum / (double)n;
    return status == ELBO_OK ? finish_sums(m, n, next) : status;
}

elbo_status elbo__mixture_start(const float *x, int64_t n, uint64_t seed, elbo__mixture *out)
{
    elbo__mixture centres; /* whose means alone count */
    block_room r = {NULL};
    int32_t *nearest = elbo__calloc((size_t)n, sizeof *nearest);
    elbo_status status = elbo__mixture_new(out->components, out->dims, out->full, &centres);
    if (status == ELBO_OK)
        status = nearest ? make_room(out, &r) : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = elbo__kmeans(x, n, out->dims, out->components, seed, "fitting a mixture", centres.means, nearest);
    clear(out);
    for (int64_t first = 0; first < n && status == ELBO_OK; first += BLOCK) {
        const int64_t count = n - first < BLOCK ? n - first : BLOCK;
        for (int64_t i = 0; i < count * out->components; i++)
            r.logs[i] = nearest[first + i / out->components] == i % out->components ? 0 : -INFINITY;
        add_rows(&centres, x + first * out->dims, count, &r, out);
    }
    if (status == ELBO_OK)
        status = finish_sums(&centres, n, out);
    free_room(&r);
    elbo__mixture_free(&centres);
    elbo__free(nearest);
    return status;
}

/* Steps until one gains little: at[0] is the mixture so far, of the others are made. Where variances are as small as
 * what is added to them a step may lose: then the mixture before it is taken. */
static elbo_status climb(const float *x, int64_t n, elbo__mixture at[3], double *mean_log_prob)
{
    elbo_status status = ELBO_OK;
    double now = -INFINITY;
    *mean_log_prob = -INFINITY;
    for (int64_t step = 0; step < MOST_STEPS && status == ELBO_OK; step++) {
        const elbo__mixture last = at[2];
        status = elbo__mixture_step(&at[0], x, n, step, &at[1], &now);
        if (status != ELBO_OK || now < *mean_log_prob) {
            at[2] = at[0];
            at[0] = last;
            break;
        }
        const bool enough = now - *mean_log_prob < ELBO__MIXTURE_TOLERANCE;
        *mean_log_prob = now;
        if (enough)
            break;
        at[2] = at[0];
        at[0] = at[1];
        at[1] = last;
    }
    return status;
}

elbo_status elbo__mixture_fit(const float *x, int64_t n, int64_t dims, const elbo__mixture_shape *shape, uint64_t seed,
                              elbo__mixture *out, double *mean_log_prob)
{
    const int64_t components = shape->components < n ? shape->components : n;
    elbo__mixture at[3] = {{.components = 0}};
    double unwanted;
    elbo_status status = ELBO_OK;
    for (int i = 0; i < 3 && status == ELBO_OK; i++)
        status = elbo__mixture_new(components, dims, shape->full, &at[i]);
    if (status == ELBO_OK)
        status = elbo__mixture_start(x, n, seed, &at[0]);
    if (status == ELBO_OK)
        status = climb(x, n, at, mean_log_prob ? mean_log_prob : &unwanted);
    *out = at[0];
    for (int i = status == ELBO_OK; i < 3; i++)
        elbo__mixture_free(&at[i]);
    if (status != ELBO_OK)
        *out = (elbo__mixture){.components = 0};
    return status;
}

/* ---- draws ------------------------------------------------------------------------------------------------------- */

static int64_t component_of(const elbo__mixture *m, double u)
{
    int64_t last = 0;
    for (int64_t k = 0; k < m->components; k++) {
        if (!(m->weights[k] > 0))
            continue;
        last = k; /* also where the weights add up to a little less than 1 */
        u -= m->weights[k];
        if (u < 0)
            break;
    }
    return last;
}

void elbo__mixture_draw(const elbo__mixture *m, uint64_t seed, uint64_t row, double *noise, float *z)
{
    const elbo__random_key which = {.seed = seed, .stream = elbo__stream("sampler", "component", 0)},
                           where = {.seed = seed, .stream = elbo__stream("sampler", "z", 0)};
    const int64_t dims = m->dims;
    double u;
    elbo__uniform_f64(&u, 1, 1, 1, which, row, 0);
    elbo__normal_f64(noise, 1, 1, dims, where, row, 0);
    const int64_t k = component_of(m, u);
    const double *mean = m->means + k * dims, *root = m->roots + k * spread_of(m);
    for (int64_t i = 0; i < dims; i++) {
        double sum = m->full ? 0 : root[i] * noise[i];
        for (int64_t j = 0; j <= i && m->full; j++)
            sum += root[i * dims + j] * noise[j];
        z[i] = (float)(mean[i] + sum);
    }
}
