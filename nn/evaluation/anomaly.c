#include "anomaly.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../io/png_private.h"
#include "../../tensor/memory.h"
#include "../../tensor/watch_private.h"
#include "../runs/run_private.h"
#include "columns.h"

enum { SAMPLES = 100, USUAL = 1000 };

const char *const elbo_odd_score_names[] = {
    [ELBO_ODD_NLL] = "nll",
    [ELBO_ODD_TYPICALITY] = "typicality",
    [ELBO_ODD_COMPLEXITY] = "complexity",
    [ELBO_ODD_ERROR] = "error",
    [ELBO_ODD_KL] = "kl",
    [ELBO_ODD_SCORES] = NULL,
};

/* ---- scores ------------------------------------------------------------------------------------------------------ */

/* Whether images can be PNG files. */
static bool are_pictures(const elbo_images *images)
{
    return images->images.layout.shape.ndim > 2 && (images->channels == 1 || images->channels == 3) &&
           images->missing == 0;
}

/* An image as elbo_png_write takes it: (H, W), or (H, W, 3) of channels that come last. */
static elbo_tensor picture(const elbo_images *images, int64_t i)
{
    elbo_tensor one = images->images;
    one.layout.offset += i * one.layout.strides[0];
    const elbo_layout all = one.layout;
    const int axes = all.shape.ndim - 1, grey = images->channels == 1;
    one.layout.shape = grey ? ELBO_SHAPE(images->height, images->width) : ELBO_SHAPE(images->height, images->width, 3);
    one.layout.strides[0] = all.strides[axes - 1];
    one.layout.strides[1] = all.strides[axes];
    one.layout.strides[2] = grey ? 0 : all.strides[1];
    return one;
}

/* The scores that nats of log p(x|y) give: in the place of these. */
static elbo_status find_densities(const elbo_images *images, const elbo_image_figures *each, bool usual,
                                  elbo_oddness *out)
{
    const double *nats = each->at[ELBO_IMAGE_LOG_LIKELIHOOD];
    elbo_status status = ELBO_OK;
    for (int score = ELBO_ODD_NLL; score <= ELBO_ODD_COMPLEXITY; score++)
        if ((score != ELBO_ODD_TYPICALITY || usual) && (score != ELBO_ODD_COMPLEXITY || are_pictures(images)) &&
            !(out->at[score] = elbo__calloc((size_t)each->images, sizeof *nats)))
            status = ELBO_NO_MEMORY;
    for (int64_t i = 0; i < each->images && status == ELBO_OK; i++) {
        int64_t bytes = 0;
        const elbo_tensor pixels = picture(images, i);
        out->at[ELBO_ODD_NLL][i] = -nats[i];
        if (out->at[ELBO_ODD_TYPICALITY])
            out->at[ELBO_ODD_TYPICALITY][i] = fabs(nats[i] - out->usual);
        if (out->at[ELBO_ODD_COMPLEXITY]) {
            status = elbo__watched("compressing images", i, each->images);
            if (status == ELBO_OK)
                status = elbo__png_size(&pixels, &bytes);
            out->at[ELBO_ODD_COMPLEXITY][i] = -nats[i] / M_LN2 - 8 * (double)bytes;
        }
    }
    return status;
}

/* A column that is wanted goes over. */
static void hand_over(elbo_image_figures *each, elbo_image_figure from, elbo_oddness *out, elbo_odd_score to)
{
    out->at[to] = each->at[from];
    each->at[from] = NULL;
}

/* Whether the model has densities of z and x, so that log p(x|y) can be estimated. */
static elbo_status find_whether_density(elbo_run *run, const elbo_images *images, bool *density)
{
    elbo_image_figures one;
    elbo_status status = elbo_run_measure(run, images, &(elbo_measuring){.count = 1}, NULL, &one);
    *density = status == ELBO_OK && one.at[ELBO_IMAGE_ELBO] && elbo_run_has_likelihood(run);
    if (status == ELBO_OK)
        elbo_image_figures_free(&one);
    return status;
}

static elbo_status find_usual(elbo_run *run, const elbo_odd_search *how, int64_t samples, double *usual)
{
    elbo_image_figures each;
    const elbo_measuring measuring = {
        .count = how->usual_count > 0 ? how->usual_count : USUAL, .samples = samples, .seed = how->seed};
    elbo_status status = elbo_run_measure(run, how->usual, &measuring, NULL, &each);
    if (status != ELBO_OK)
        return status;
    *usual = elbo_summary_of(each.at[ELBO_IMAGE_LOG_LIKELIHOOD], each.images).mean;
    elbo_image_figures_free(&each);
    return ELBO_OK;
}

elbo_status elbo_run_oddness(elbo_run *run, const elbo_images *images, const elbo_odd_search *how, elbo_oddness *out)
{
    *out = (elbo_oddness){.usual = NAN};
    if (how->count < 0 || how->samples < 0 || how->usual_count < 0)
        return elbo__fail(ELBO_INVALID, "%lld images, %lld samples, %lld images of the training: at least 0 of each",
                          (long long)how->count, (long long)how->samples, (long long)how->usual_count);
    bool density;
    elbo_image_figures each = {.images = 0};
    elbo_status status = find_whether_density(run, images, &density);
    const int64_t samples = !density ? 0 : how->samples > 0 ? how->samples : SAMPLES;
    if (status == ELBO_OK && density && how->usual)
        status = find_usual(run, how, samples, &out->usual);
    if (status == ELBO_OK)
        status = elbo_run_measure(
            run, images, &(elbo_measuring){.count = how->count, .samples = samples, .seed = how->seed}, NULL, &each);
    out->images = each.images;
    if (status == ELBO_OK && density)
        status = find_densities(images, &each, how->usual, out);
    hand_over(&each, ELBO_IMAGE_SQUARED_ERROR, out, ELBO_ODD_ERROR);
    hand_over(&each, ELBO_IMAGE_KL, out, ELBO_ODD_KL);
    elbo_image_figures_free(&each);
    if (status != ELBO_OK)
        elbo_oddness_free(out);
    return status;
}

void elbo_oddness_free(elbo_oddness *oddness)
{
    for (int i = 0; oddness && i < ELBO_ODD_SCORES; i++)
        elbo__free(oddness->at[i]);
    if (oddness)
        *oddness = (elbo_oddness){.images = 0};
}

elbo_status elbo_oddness_write(const elbo_oddness *oddness, const elbo_images *images, const bool *odd,
                               const char *path)
{
    const char *names[ELBO_ODD_SCORES + 1] = {"odd"};
    double *at[ELBO_ODD_SCORES + 1] = {NULL}, *told = NULL;
    if (odd && !(told = elbo__calloc((size_t)oddness->images, sizeof *told)))
        return ELBO_NO_MEMORY;
    for (int64_t i = 0; i < oddness->images && odd; i++)
        told[i] = odd[i];
    at[0] = told;
    for (int i = 0; i < ELBO_ODD_SCORES; i++) {
        names[i + 1] = elbo_odd_score_names[i];
        at[i + 1] = oddness->at[i];
    }
    elbo_status status = elbo__columns_write(&(elbo__columns){oddness->images, ELBO_ODD_SCORES + 1, names, at}, images,
                                             path);
    elbo__free(told);
    return status;
}

/* ---- the area under the curve ------------------------------------------------------------------------------------ */

typedef struct {
    double score, rank, own_rank; /* among all, and among those of its kind */
    bool odd;
} ranked;

static int by_score(const void *a, const void *b)
{
    const double x = ((const ranked *)a)->score, y = ((const ranked *)b)->score;
    return (x > y) - (x < y);
}

/* Ranks from 1 on, the mean of them where scores are equal: r (n), sorted. */
static void rank(ranked *r, int64_t n)
{
    int64_t before[2] = {0, 0};
    for (int64_t first = 0, end; first < n; first = end) {
        int64_t tied[2] = {0, 0};
        for (end = first; end < n && r[end].score == r[first].score; end++)
            tied[r[end].odd]++;
        for (int64_t i = first; i < end; i++) {
            r[i].rank = (double)(first + end + 1) / 2;
            r[i].own_rank = (double)before[r[i].odd] + (double)(tied[r[i].odd] + 1) / 2;
        }
        before[0] += tied[0];
        before[1] += tied[1];
    }
}

/* For one of a kind the share of the other kind that is below it, or above: of the one who should be on top, and of the
 * other. Their mean is the area, their deviations its error. */
static void find_area(const ranked *r, int64_t n, elbo_auroc *out)
{
    double mean[2] = {0, 0}, squares[2] = {0, 0};
    int64_t count[2] = {0, 0};
    for (int64_t i = 0; i < n; i++) {
        const int kind = r[i].odd;
        const double below = (r[i].rank - r[i].own_rank) / (double)(kind ? out->others : out->odd);
        const double share = kind ? below : 1 - below, before = share - mean[kind];
        mean[kind] += before / (double)++count[kind];
        squares[kind] += before * (share - mean[kind]);
    }
    out->area = mean[1];
    double variance = 0;
    for (int kind = 0; kind < 2; kind++)
        variance += count[kind] > 1 ? squares[kind] / (double)(count[kind] - 1) / (double)count[kind] : NAN;
    out->error = sqrt(variance);
}

elbo_status elbo_auroc_of(const double *scores, const bool *odd, int64_t n, elbo_auroc *out)
{
    *out = (elbo_auroc){.area = NAN, .error = NAN};
    ranked *r = elbo__calloc((size_t)n, sizeof *r);
    if (!r)
        return ELBO_NO_MEMORY;
    bool known = true;
    for (int64_t i = 0; i < n; i++) {
        r[i] = (ranked){.score = scores[i], .odd = odd[i]};
        out->odd += odd[i];
        out->others += !odd[i];
        known &= !isnan(scores[i]);
    }
    if (known && out->odd > 0 && out->others > 0) {
        qsort(r, (size_t)n, sizeof *r, by_score);
        rank(r, n);
        find_area(r, n, out);
    }
    elbo__free(r);
    return ELBO_OK;
}
