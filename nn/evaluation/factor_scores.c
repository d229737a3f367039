/* Which factor is held fast? FactorVAE's score and beta-VAE's. */
#include <math.h>
#include <string.h>

#include "../../tensor/memory.h"
#include "../../tensor/random.h"
#include "../../tensor/watch_private.h"
#include "disentangling_private.h"

enum { BATCH = 64, LEARNED = 10000, MEASURED = 5000, STEPS = 300 };

/* ---- rows by the values of factors ------------------------------------------------------------------------------- */

/* Rows of each value of each factor: those of value v of factor f are rows[f N + begin[v]], ..., up to begin[v + 1]. */
typedef struct {
    const elbo_factored *data;
    int32_t *rows;   /* (F, N)                */
    int32_t **begin; /* [F] (values + 1) each */
    elbo__words words;
} lists;

static void free_lists(lists *l)
{
    for (int64_t f = 0; l->begin && f < l->data->factors; f++)
        elbo__free(l->begin[f]);
    elbo__free(l->begin);
    elbo__free(l->rows);
}

/* Counts, sums of counts, and then each row in its place. */
static elbo_status list_factor(lists *l, int64_t f)
{
    const elbo_factored *data = l->data;
    const int values = elbo__values_of(data, f);
    int32_t *begin = l->begin[f] = elbo__calloc((size_t)values + 2, sizeof *begin);
    if (!begin)
        return ELBO_NO_MEMORY;
    for (int64_t i = 0; i < data->count; i++)
        begin[data->values[i * data->factors + f] + 2]++;
    for (int v = 2; v < values + 2; v++)
        begin[v] += begin[v - 1];
    for (int64_t i = 0; i < data->count; i++)
        l->rows[f * data->count + begin[data->values[i * data->factors + f] + 1]++] = (int32_t)i;
    return ELBO_OK;
}

static elbo_status make_lists(const elbo_factored *data, int64_t seed, lists *out)
{
    *out = (lists){.data = data,
                   .rows = elbo__calloc((size_t)data->factors, (size_t)data->count * sizeof(int32_t)),
                   .begin = elbo__calloc((size_t)data->factors, sizeof(int32_t *)),
                   .words = elbo__words_of(
                       (elbo__random_key){.seed = (uint64_t)seed, .stream = elbo__stream("factors", "batches", 0)})};
    elbo_status status = out->rows && out->begin ? ELBO_OK : ELBO_NO_MEMORY;
    for (int64_t f = 0; f < data->factors && status == ELBO_OK; f++)
        status = list_factor(out, f);
    return status;
}

static int64_t any_row(lists *l)
{
    return elbo__below(&l->words, (uint32_t)l->data->count);
}

/* A row in which factor f has the value that it has in another. */
static int64_t row_like(lists *l, int64_t f, int64_t row)
{
    const int v = l->data->values[row * l->data->factors + f];
    const int32_t from = l->begin[f][v], n = l->begin[f][v + 1] - from;
    return l->rows[f * l->data->count + from + elbo__below(&l->words, (uint32_t)n)];
}

/* ---- the least variance ------------------------------------------------------------------------------------------ */

/* variance, mean (Z) over n rows; NULL: the first ones. */
static void find_variances(const elbo_factored *data, int64_t n, const int64_t *rows, double *variance, double *mean)
{
    for (int64_t j = 0; j < data->latent; j++)
        variance[j] = mean[j] = 0;
    for (int64_t i = 0; i < n; i++) {
        const float *code = data->codes + (rows ? rows[i] : i) * data->latent;
        for (int64_t j = 0; j < data->latent; j++) {
            const double before = code[j] - mean[j];
            mean[j] += before / (double)(i + 1);
            variance[j] += before * (code[j] - mean[j]);
        }
    }
    for (int64_t j = 0; j < data->latent; j++)
        variance[j] /= (double)(n - 1);
}

/* The code of least variance in a batch in which one factor is held fast, against its variance over all; a code that is
 * the same in all images says nothing. */
static int64_t vote(lists *l, int64_t factor, const double *all, double *variance, double *mean)
{
    int64_t rows[BATCH], least = 0;
    double smallest = INFINITY;
    rows[0] = any_row(l);
    for (int i = 1; i < BATCH; i++)
        rows[i] = row_like(l, factor, rows[0]);
    find_variances(l->data, BATCH, rows, variance, mean);
    for (int64_t j = 0; j < l->data->latent; j++)
        if (all[j] > 0 && variance[j] / all[j] < smallest) {
            smallest = variance[j] / all[j];
            least = j;
        }
    return least;
}

static elbo_status find_factor_score(lists *l, elbo_disentangling *out)
{
    const int64_t latent = l->data->latent, factors = l->data->factors;
    double *room = elbo__calloc(3 * (size_t)latent, sizeof *room);
    int *votes = elbo__calloc((size_t)(latent * factors), sizeof *votes), right = 0;
    elbo_status status = room && votes ? ELBO_OK : ELBO_NO_MEMORY;
    double *all = room, *variance = room + latent, *mean = room + 2 * latent;
    if (status == ELBO_OK)
        find_variances(l->data, l->data->count, NULL, all, mean);
    for (int i = 0; i < LEARNED + MEASURED && status == ELBO_OK; i++) {
        if (i % 100 == 0)
            status = elbo__watched("voting for factors", i, LEARNED + MEASURED);
        const int64_t factor = elbo__below(&l->words, (uint32_t)factors);
        int *of_code = votes + vote(l, factor, all, variance, mean) * factors;
        bool most = true;
        for (int64_t f = 0; f < factors; f++)
            most &= f == factor || of_code[f] < of_code[factor] || (of_code[f] == of_code[factor] && factor < f);
        if (i < LEARNED)
            of_code[factor]++;
        else
            right += most;
    }
    out->factor_score = (double)right / MEASURED;
    elbo__free(room);
    elbo__free(votes);
    return status;
}

/* ---- pairs ------------------------------------------------------------------------------------------------------- */

/* x (Z): the mean distance in each code of pairs in which one factor is the same. */
static void compare_pairs(lists *l, int64_t factor, double *x)
{
    const int64_t latent = l->data->latent;
    for (int64_t j = 0; j < latent; j++)
        x[j] = 0;
    for (int i = 0; i < BATCH; i++) {
        const int64_t one = any_row(l), other = row_like(l, factor, one);
        for (int64_t j = 0; j < latent; j++)
            x[j] += fabs((double)l->data->codes[one * latent + j] - l->data->codes[other * latent + j]) / BATCH;
    }
}

static elbo_status find_beta_score(lists *l, elbo_disentangling *out)
{
    const int64_t latent = l->data->latent, all = LEARNED + MEASURED;
    double *x = elbo__calloc((size_t)all, (size_t)latent * sizeof *x);
    int *labels = elbo__calloc((size_t)all, sizeof *labels);
    elbo_status status = x && labels ? ELBO_OK : ELBO_NO_MEMORY;
    for (int64_t i = 0; i < all && status == ELBO_OK; i++) {
        if (i % 100 == 0)
            status = elbo__watched("comparing pairs", i, all);
        labels[i] = (int)elbo__below(&l->words, (uint32_t)l->data->factors);
        compare_pairs(l, labels[i], x + i * latent);
    }
    if (status == ELBO_OK)
        status = elbo__tell_apart(x, labels, LEARNED, x + LEARNED * latent, labels + LEARNED, MEASURED, latent,
                                  (int)l->data->factors, &out->beta_score);
    elbo__free(x);
    elbo__free(labels);
    return status;
}

elbo_status elbo__find_scores(const elbo_factored *data, int64_t seed, elbo_disentangling *out)
{
    lists l;
    elbo_status status = make_lists(data, seed, &l);
    if (status == ELBO_OK)
        status = find_factor_score(&l, out);
    if (status == ELBO_OK)
        status = find_beta_score(&l, out);
    free_lists(&l);
    return status;
}

/* ---- a linear classifier ----------------------------------------------------------------------------------------- */

/* Weights (classes, width + 1), the last of a class its bias; at is where the gradient is taken. */
typedef struct {
    const double *x; /* (n, width) */
    const int *labels;
    int64_t n, width;
    int classes;
    double *mean, *scale;                     /* (width): 1 / deviation, 0 of a column that does not vary */
    double *weights, *at, *before, *gradient; /* (classes, width + 1)                                     */
    double *scores;                           /* (classes)                                                */
} classifier;

static void find_scores(const classifier *c, const double *weights, const double *x)
{
    for (int k = 0; k < c->classes; k++) {
        const double *w = weights + k * (c->width + 1);
        c->scores[k] = w[c->width];
        for (int64_t j = 0; j < c->width; j++)
            c->scores[k] += w[j] * (x[j] - c->mean[j]) * c->scale[j];
    }
}

static void add_gradient(const classifier *c, const double *x, int label)
{
    double most = -INFINITY, sum = 0;
    find_scores(c, c->at, x);
    for (int k = 0; k < c->classes; k++)
        most = c->scores[k] > most ? c->scores[k] : most;
    for (int k = 0; k < c->classes; k++)
        sum += c->scores[k] = exp(c->scores[k] - most);
    for (int k = 0; k < c->classes; k++) {
        const double off = (c->scores[k] / sum - (k == label)) / (double)c->n;
        double *g = c->gradient + k * (c->width + 1);
        for (int64_t j = 0; j < c->width; j++)
            g[j] += off * (x[j] - c->mean[j]) * c->scale[j];
        g[c->width] += off;
    }
}

/* Accelerated gradient steps (Nesterov 1983): the curvature is at most half the mean of |x|^2 + 1, which is half of
 * width + 1. */
static elbo_status descend(classifier *c)
{
    const int64_t all = c->classes * (c->width + 1);
    const double rate = 1 / ((double)(c->width + 1) / 2 + 1 / (double)c->n);
    elbo_status status = ELBO_OK;
    for (int step = 0; step < STEPS && status == ELBO_OK; step++) {
        status = elbo__watched("learning to tell factors", step, STEPS);
        for (int64_t k = 0; k < all; k++) {
            c->at[k] = c->weights[k] + (c->weights[k] - c->before[k]) * step / (step + 3);
            c->gradient[k] = (k + 1) % (c->width + 1) ? c->at[k] / (double)c->n : 0;
        }
        for (int64_t i = 0; i < c->n; i++)
            add_gradient(c, c->x + i * c->width, c->labels[i]);
        for (int64_t k = 0; k < all; k++) {
            c->before[k] = c->weights[k];
            c->weights[k] = c->at[k] - rate * c->gradient[k];
        }
    }
    return status;
}

static void find_columns(classifier *c)
{
    for (int64_t j = 0; j < c->width; j++) {
        double squares = 0;
        for (int64_t i = 0; i < c->n; i++) {
            const double before = c->x[i * c->width + j] - c->mean[j];
            c->mean[j] += before / (double)(i + 1);
            squares += before * (c->x[i * c->width + j] - c->mean[j]);
        }
        c->scale[j] = squares > 0 ? sqrt((double)c->n / squares) : 0;
    }
}

static bool tells(const classifier *c, const double *x, int label)
{
    find_scores(c, c->weights, x);
    for (int k = 0; k < c->classes; k++)
        if (k != label && c->scores[k] >= c->scores[label])
            return false;
    return true;
}

elbo_status elbo__tell_apart(const double *x, const int *labels, int64_t n, const double *x2, const int *labels2,
                             int64_t n2, int64_t width, int classes, double *right)
{
    const size_t weights = (size_t)classes * (size_t)(width + 1);
    double *room = elbo__calloc(4 * weights + 2 * (size_t)width + (size_t)classes, sizeof *room);
    if (!room)
        return ELBO_NO_MEMORY;
    classifier c = {.x = x, .labels = labels, .n = n, .width = width, .classes = classes};
    double **const parts[] = {&c.weights, &c.at, &c.before, &c.gradient, &c.mean, &c.scale, &c.scores};
    double *next = room;
    for (int i = 0; i < 7; i++) {
        *parts[i] = next;
        next += i < 4 ? weights : (size_t)width;
    }
    find_columns(&c);
    elbo_status status = descend(&c);
    int64_t told = 0;
    for (int64_t i = 0; i < n2; i++)
        told += tells(&c, x2 + i * width, labels2[i]);
    *right = n2 > 0 ? (double)told / (double)n2 : NAN;
    elbo__free(room);
    return status;
}
