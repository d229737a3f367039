/* Importances of codes for factors: boosted stumps, and what is read from them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../tensor/memory.h"
#include "../../tensor/random.h"
#include "../../tensor/watch_private.h"
#include "disentangling_private.h"

/* Thresholds of a code are at quantiles, so that a bin has as many rows as another. */
enum { BINS = 32, MOST_STUMPS = 200 };
#define RATE 0.3

/* A stump must take away so many times the variance that is left: of some hundreds that explain nothing the best takes
 * about 12 times of it (the largest of as many chi-squares). */
#define CHANCE 20

/* [z_code >= threshold] ? above : below */
typedef struct {
    int64_t code;
    float threshold;
    double below, above;
} stump;

struct elbo__stumps {
    double mean;
    int n;
    stump at[MOST_STUMPS];
};

/* ---- bins -------------------------------------------------------------------------------------------------------- */

/* The rows to learn from: which bin of each code a row lies in, and where bins begin. */
typedef struct {
    int64_t n, latent;
    unsigned char *bins; /* (Z, n)                                          */
    float *thresholds;   /* (Z, BINS): where bin b begins, from b = 1 on     */
} binned;

static int by_size(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Where bins begin that have as many of sorted (n) each as can be: between two numbers that differ. */
static void find_thresholds(const float *sorted, int64_t n, float *thresholds)
{
    for (int b = 1; b < BINS; b++) {
        const int64_t at = n * b / BINS;
        thresholds[b] = at > 0 && sorted[at] > sorted[at - 1] ? sorted[at - 1] + (sorted[at] - sorted[at - 1]) / 2
                                                              : sorted[at];
    }
}

static void free_binned(binned *b)
{
    elbo__free(b->bins);
    elbo__free(b->thresholds);
}

static elbo_status make_bins(const elbo_factored *data, const int32_t *rows, int64_t n, binned *out)
{
    *out = (binned){.n = n,
                    .latent = data->latent,
                    .bins = elbo__calloc((size_t)data->latent, (size_t)n),
                    .thresholds = elbo__calloc((size_t)data->latent * BINS, sizeof(float))};
    float *sorted = elbo__calloc((size_t)n, sizeof *sorted);
    const bool enough = out->bins && out->thresholds && sorted;
    for (int64_t j = 0; j < data->latent && enough; j++) {
        const float *thresholds = out->thresholds + j * BINS;
        for (int64_t i = 0; i < n; i++)
            sorted[i] = data->codes[rows[i] * data->latent + j];
        qsort(sorted, (size_t)n, sizeof *sorted, by_size);
        find_thresholds(sorted, n, out->thresholds + j * BINS);
        for (int64_t i = 0; i < n; i++) {
            const float z = data->codes[rows[i] * data->latent + j];
            int b = 0;
            while (b + 1 < BINS && z >= thresholds[b + 1])
                b++;
            out->bins[j * n + i] = (unsigned char)b;
        }
    }
    elbo__free(sorted);
    return enough ? ELBO_OK : ELBO_NO_MEMORY;
}

/* ---- boosting ---------------------------------------------------------------------------------------------------- */

/* The stump that takes most from the sum of squares of what is left (n), whose sum is 0; *bin is its threshold's. */
static double best_stump(const binned *b, const double *left, stump *out, int *bin)
{
    double best = 0;
    for (int64_t j = 0; j < b->latent; j++) {
        double sums[BINS] = {0}, counts[BINS] = {0}, all = 0, sum = 0, count = 0;
        const unsigned char *bins = b->bins + j * b->n;
        for (int64_t i = 0; i < b->n; i++) {
            sums[bins[i]] += left[i];
            counts[bins[i]]++;
        }
        for (int k = 0; k < BINS; k++)
            all += sums[k];
        for (int k = 1; k < BINS; k++) {
            sum += sums[k - 1];
            count += counts[k - 1];
            const double others = (double)b->n - count;
            if (count == 0 || others == 0)
                continue;
            const double taken = sum * sum / count + (all - sum) * (all - sum) / others;
            if (taken > best) {
                best = taken;
                *bin = k;
                *out = (stump){j, b->thresholds[j * BINS + k], sum / count, (all - sum) / others};
            }
        }
    }
    return best;
}

static double sum_of_squares(const double *x, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += x[i] * x[i];
    return sum;
}

/* left (n) is what the mean leaves of the target. */
static void boost(const binned *b, double *left, double *gain, elbo__stumps *out)
{
    double squares = sum_of_squares(left, b->n);
    const double least = squares * 1e-9;
    while (out->n < MOST_STUMPS && squares > least) {
        stump s;
        int bin = 0;
        const double taken = best_stump(b, left, &s, &bin);
        if (taken < CHANCE * squares / (double)b->n)
            break;
        s.below *= RATE;
        s.above *= RATE;
        for (int64_t i = 0; i < b->n; i++)
            left[i] -= b->bins[s.code * b->n + i] >= bin ? s.above : s.below;
        const double now = sum_of_squares(left, b->n);
        gain[s.code] += squares - now;
        squares = now;
        out->at[out->n++] = s;
    }
}

elbo_status elbo__stumps_fit(const elbo_factored *data, const int32_t *rows, const double *target, int64_t n,
                             double *gain, elbo__stumps **out)
{
    binned b;
    *out = elbo__calloc(1, sizeof **out);
    double *left = elbo__calloc((size_t)n, sizeof *left);
    elbo_status status = make_bins(data, rows, n, &b);
    if (!*out || !left)
        status = ELBO_NO_MEMORY;
    for (int64_t i = 0; i < n && status == ELBO_OK; i++)
        (*out)->mean += target[i] / (double)n;
    for (int64_t i = 0; i < n && status == ELBO_OK; i++)
        left[i] = target[i] - (*out)->mean;
    if (status == ELBO_OK)
        boost(&b, left, gain, *out);
    elbo__free(left);
    free_binned(&b);
    return status;
}

double elbo__stumps_say(const elbo__stumps *stumps, const float *code)
{
    double sum = stumps->mean;
    for (int i = 0; i < stumps->n; i++)
        sum += code[stumps->at[i].code] >= stumps->at[i].threshold ? stumps->at[i].above : stumps->at[i].below;
    return sum;
}

void elbo__stumps_free(elbo__stumps *stumps)
{
    elbo__free(stumps);
}

/* ---- importances ------------------------------------------------------------------------------------------------- */

/* Half of the rows to learn from, half to be measured by, and the factor as a number: itself, or whether it is one of
 * its values. */
typedef struct {
    const elbo_factored *data;
    int32_t *rows; /* (N), those to learn from first */
    int64_t learned;
    double *target; /* (N), in the order of rows */
} halves;

static elbo_status open_halves(const elbo_factored *data, int64_t seed, halves *out)
{
    *out = (halves){.data = data,
                    .rows = elbo__calloc((size_t)data->count, sizeof *out->rows),
                    .learned = data->count / 2,
                    .target = elbo__calloc((size_t)data->count, sizeof *out->target)};
    if (!out->rows || !out->target)
        return ELBO_NO_MEMORY;
    elbo__shuffle(out->rows, data->count,
                  (elbo__random_key){.seed = (uint64_t)seed, .stream = elbo__stream("factors", "halves", 0)});
    return ELBO_OK;
}

static double about_mean(const double *x, int64_t n)
{
    double mean = 0, squares = 0;
    for (int64_t i = 0; i < n; i++) {
        const double before = x[i] - mean;
        mean += before / (double)(i + 1);
        squares += before * (x[i] - mean);
    }
    return squares;
}

/* Sums of squares: of the factor in the rows to learn from; in the others, and what is left of these. */
typedef struct {
    double learned, measured, left;
} explained;

static elbo_status explain(halves *h, int64_t factor, int value, double *gain, explained *out)
{
    const elbo_factored *data = h->data;
    elbo__stumps *stumps;
    for (int64_t i = 0; i < data->count; i++) {
        const int32_t v = data->values[h->rows[i] * data->factors + factor];
        h->target[i] = value < 0 ? v : v == value;
    }
    elbo_status status = elbo__stumps_fit(data, h->rows, h->target, h->learned, gain, &stumps);
    for (int64_t i = h->learned; i < data->count && status == ELBO_OK; i++) {
        const double off = h->target[i] - elbo__stumps_say(stumps, data->codes + h->rows[i] * data->latent);
        out->left += off * off;
    }
    out->learned += about_mean(h->target, h->learned);
    out->measured += about_mean(h->target + h->learned, data->count - h->learned);
    elbo__stumps_free(stumps);
    return status;
}

/* Importances (Z) of one factor, and the share of it that is explained. */
static elbo_status find_importances(halves *h, int64_t factor, double *importance, double *share)
{
    const elbo_factored *data = h->data;
    const int models = elbo__is_ordered(data, factor) ? 1 : elbo__values_of(data, factor);
    explained e = {.learned = 0};
    elbo_status status = elbo__watched("learning factors from codes", factor, data->factors);
    for (int m = 0; m < models && status == ELBO_OK; m++)
        status = explain(h, factor, models > 1 ? m : -1, importance, &e);
    for (int64_t j = 0; j < data->latent && e.learned > 0; j++)
        importance[j] /= e.learned;
    *share = e.measured > 0 && e.left < e.measured ? 1 - e.left / e.measured : 0;
    return status;
}

/* 1 - H(p) / log n of p (n) that lie `step` apart and sum to `all`: 1 where one is all of it. */
static double concentration(const double *p, int64_t n, int64_t step, double all)
{
    double entropy = 0;
    for (int64_t i = 0; i < n; i++)
        entropy -= p[i * step] > 0 ? p[i * step] / all * log(p[i * step] / all) : 0;
    return n > 1 ? 1 - entropy / log((double)n) : 1;
}

/* sum over lines of w (1 - H / log n), w the share that a line has of all: `lines` of n numbers each. */
static double concentration_of_all(const double *r, int64_t lines, int64_t line_step, int64_t n, int64_t step)
{
    double all = 0, weighted = 0;
    for (int64_t i = 0; i < lines; i++) {
        double sum = 0;
        for (int64_t k = 0; k < n; k++)
            sum += r[i * line_step + k * step];
        if (sum > 0)
            weighted += sum * concentration(r + i * line_step, n, step, sum);
        all += sum;
    }
    return all > 0 ? weighted / all : 0;
}

elbo_status elbo__find_dci(const elbo_factored *data, int64_t seed, elbo_disentangling *out)
{
    const int64_t latent = data->latent, factors = data->factors;
    halves h;
    elbo_status status = open_halves(data, seed, &h);
    for (int64_t f = 0; f < factors && status == ELBO_OK; f++) {
        double share = 0;
        status = find_importances(&h, f, out->importance + f * latent, &share);
        out->informativeness += share / (double)factors;
    }
    out->disentanglement = concentration_of_all(out->importance, latent, 1, factors, latent);
    out->completeness = concentration_of_all(out->importance, factors, latent, latent, 1);
    elbo__free(h.rows);
    elbo__free(h.target);
    return status;
}
