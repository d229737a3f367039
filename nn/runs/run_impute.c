/* What is missing in a data set, by importance weights. */
#include <math.h>
#include <string.h>

#include "../../tensor/memory.h"
#include "../../tensor/random.h"
#include "../parts/likelihood_private.h"
#include "run_private.h"

/* What has been seen of the draws of one image: all of weight e^(log w - most). */
typedef struct {
    double most, sum;
} weights;

typedef struct {
    elbo_run *run;
    int64_t images, multiple, draws, seed;
    float *out;            /* (N, D), or (M, N, D): NaN where a value is to be filled in */
    int64_t width;         /* E of expectations, or D of draws                           */
    weights *weights;      /* of a block of images                                       */
    double *sums;          /* (block, E) of expectations                                 */
    bool *missing;         /* (block, D) of draws                                        */
    int64_t *holes;        /* values that are missing of each of a block                 */
    double *luck;          /* (M)                                                        */
    elbo__columns columns; /* none: pixels                                               */
    elbo_imputed told;
} filling;

/* ---- one draw after the other ------------------------------------------------------------------------------------ */

/* Takes one more weight into account; returns its share of all so far. *scale = what sums so far are to be multiplied
 * by. One that is not finite counts as 0. */
static double weigh(weights *w, double log_weight, double *scale)
{
    *scale = 1;
    if (!isfinite(log_weight))
        return 0;
    if (log_weight > w->most) {
        *scale = exp(w->most - log_weight); /* 0 for the first */
        w->most = log_weight;
        w->sum *= *scale;
    }
    const double weight = exp(log_weight - w->most);
    w->sum += weight;
    return weight / w->sum;
}

/* Row (i, k) of x (B, K, E), whose numbers lie `step` apart. */
static const float *row_of(const elbo_tensor *x, int64_t i, int64_t k, int64_t *step)
{
    const elbo_layout *l = &x->layout;
    *step = l->strides[2];
    return (const float *)x->data + l->offset + i * l->strides[0] + k * l->strides[1];
}

/* Of draws that come one after the other each of the M chosen becomes draw k with its share of the weights so far, and
 * so is it in the end with its share of all. It takes the place of what is missing at once. */
static void choose(filling *f, int64_t image, int64_t place, int64_t k, double share, const float *x, int64_t step)
{
    const elbo__random_key key = {.seed = (uint64_t)f->seed, .stream = elbo__stream("impute", "choice", 0)};
    const bool *missing = f->missing + place * f->width;
    elbo__uniform_f64(f->luck, 1, 1, f->multiple, key, (uint64_t)image, (uint64_t)k);
    for (int64_t m = 0; m < f->multiple; m++) {
        float *to = f->out + (m * f->images + image) * f->width;
        for (int64_t i = 0; i < f->width && f->luck[m] < share; i++)
            to[i] = missing[i] ? x[i * step] : to[i];
    }
}

/* ---- what is filled in ------------------------------------------------------------------------------------------- */

/* The most likely of n words, whose shares these are. */
static float most_likely(const double *shares, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        best = shares[i] > shares[best] ? i : best;
    return (float)best;
}

/* x (D) where it is NaN, of sums (E) of weighted expectations */
static void put_expected(const filling *f, const double *sums, double all, float *x)
{
    for (int64_t i = 0; !f->columns.count && i < f->width; i++)
        x[i] = isnan(x[i]) ? (float)(sums[i] / all) : x[i];
    for (size_t i = 0; i < f->columns.count; i++) {
        const elbo__column *c = &f->columns.at[i];
        if (c->kind == ELBO__COLUMN_SKIP)
            continue;
        if (isnan(*x) && elbo__column_has_words(c))
            *x = most_likely(sums, c->words.count);
        else if (isnan(*x))
            *x = (float)(c->kind == ELBO__COLUMN_COUNT ? rint(*sums / all) : *sums / all);
        sums += elbo__column_has_words(c) ? c->words.count : 1;
        x++;
    }
}

static void finish(filling *f, int64_t image, int64_t place)
{
    const double sum = f->weights[place].sum;
    const bool explained = sum > 0;
    const int64_t missing = f->holes[place];
    if (explained && !f->multiple)
        put_expected(f, f->sums + place * f->width, sum, f->out + image * f->run->pixels);
    f->told.filled += explained ? missing : 0;
    f->told.left += explained ? 0 : missing;
    f->told.left_rows += !explained && missing > 0;
}

static void begin(filling *f, int64_t image, int64_t place)
{
    f->weights[place] = (weights){.most = -INFINITY};
    f->holes[place] = 0;
    for (int64_t i = 0; i < f->run->pixels; i++)
        f->holes[place] += isnan(f->out[image * f->run->pixels + i]) != 0;
    for (int64_t i = 0; i < f->width && !f->multiple; i++)
        f->sums[place * f->width + i] = 0;
    for (int64_t i = 0; i < f->width && f->multiple; i++)
        f->missing[place * f->width + i] = isnan(f->out[image * f->width + i]);
}

/* Draw k of image i of the piece */
static void take_draw(filling *f, const elbo__piece *p, int64_t i, int64_t k)
{
    const elbo_tensor log_weights = elbo_plan_output(p->planned->plan, 0), all = elbo_plan_output(p->planned->plan, 1);
    double scale, *sum = f->multiple ? NULL : f->sums + i * f->width;
    int64_t step;
    const double share = weigh(&f->weights[i], elbo_tensor_get(&log_weights, (int64_t[]){i, k}), &scale);
    const double weight = share * f->weights[i].sum;
    const float *x = row_of(&all, i, k, &step);
    if (f->multiple)
        choose(f, p->first + i, i, p->first_draw + k, share, x, step);
    else
        for (int64_t e = 0; e < f->width && share > 0; e++)
            sum[e] = scale * sum[e] + weight * x[e * step];
}

static elbo_status take(void *user, const elbo__piece *p)
{
    filling *f = user;
    for (int64_t i = 0; i < p->batch; i++) {
        if (p->first_draw == 0)
            begin(f, p->first + i, i);
        for (int64_t k = 0; k < p->draws; k++)
            take_draw(f, p, i, k);
        if (p->first_draw + p->draws == f->draws)
            finish(f, p->first + i, i);
    }
    return ELBO_OK;
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

/* E: a number for each pixel, or word of a column of words */
static int64_t width_of(const filling *f)
{
    int64_t width = f->columns.count ? 0 : f->run->pixels;
    for (size_t i = 0; i < f->columns.count; i++)
        if (f->columns.at[i].kind != ELBO__COLUMN_SKIP)
            width += elbo__column_has_words(&f->columns.at[i]) ? (int64_t)f->columns.at[i].words.count : 1;
    return f->multiple ? f->run->pixels : width;
}

static elbo_status open(filling *f)
{
    const elbo_values *options = f->run->options;
    elbo_status status = ELBO_OK;
    if (elbo__likelihood_values(options) == ELBO__COLUMNS)
        status = elbo__columns_of(elbo_values_text(options, "columns"), f->run->pixels, &f->columns);
    if (status != ELBO_OK)
        return status;
    const size_t block = (size_t)elbo__run_block(f->run, 1); /* the most that come at once */
    f->width = width_of(f);
    f->weights = elbo__calloc(block, sizeof *f->weights);
    f->sums = elbo__calloc(f->multiple ? 1 : block * (size_t)f->width, sizeof *f->sums);
    f->missing = elbo__calloc(f->multiple ? block * (size_t)f->width : 1, sizeof *f->missing);
    f->luck = elbo__calloc((size_t)f->multiple + 1, sizeof *f->luck);
    f->holes = elbo__calloc(block, sizeof *f->holes);
    return f->weights && f->sums && f->missing && f->luck && f->holes ? ELBO_OK : ELBO_NO_MEMORY;
}

static elbo_status fill_in(filling *f, const elbo_images *images)
{
    elbo__table table;
    elbo_status status = elbo__table_of(f->run, images, &table);
    if (status != ELBO_OK)
        return status;
    status = elbo__run_ask(f->run, &table,
                           &(elbo__question){.role = f->multiple ? ELBO__IMPUTE_DRAWS : ELBO__IMPUTE,
                                             .count = f->images,
                                             .draws = f->draws,
                                             .seed = f->seed,
                                             .take = take,
                                             .user = f});
    elbo__table_free(&table);
    return status;
}

elbo_status elbo_run_impute(elbo_run *run, const elbo_images *images, int draws, int multiple, int64_t seed, float *out,
                            elbo_imputed *told)
{
    filling f = {.run = run, .images = images->count, .multiple = multiple, .draws = draws, .seed = seed, .out = out};
    if (draws < 1 || multiple < 0)
        return elbo__fail(ELBO_INVALID, "%d draws for %d imputations", draws, multiple);
    elbo_status status = elbo_run_accepts(run, images);
    for (int m = 0; m < (multiple ? multiple : 1) && status == ELBO_OK; m++)
        status = elbo_run_rows(run, images, 0, images->count, out + m * images->count * run->pixels, NULL);
    if (status == ELBO_OK)
        status = open(&f);
    if (status == ELBO_OK)
        status = fill_in(&f, images);
    elbo__free(f.weights);
    elbo__free(f.sums);
    elbo__free(f.missing);
    elbo__free(f.luck);
    elbo__free(f.holes);
    elbo__columns_free(&f.columns);
    if (told)
        *told = f.told;
    return status;
}
