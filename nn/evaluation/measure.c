#include "measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../tensor/memory.h"
#include "../runs/run_private.h"
#include "columns.h"
#include "weights.h"

const char *const elbo_image_figure_names[] = {
    [ELBO_IMAGE_ELBO] = "elbo",
    [ELBO_IMAGE_RECON] = "recon",
    [ELBO_IMAGE_KL] = "kl",
    [ELBO_IMAGE_SQUARED_ERROR] = "squared_error",
    [ELBO_IMAGE_LOG_LIKELIHOOD] = "log_likelihood",
    [ELBO_IMAGE_ERROR] = "log_likelihood_se",
    [ELBO_IMAGE_ESS] = "ess",
    [ELBO_IMAGE_FIGURES] = NULL,
};

/* ---- parts of the bound ------------------------------------------------------------------------------------------ */

static double **figure_of(elbo_image_figures *figures, const char *name)
{
    for (int i = 0; i < ELBO_IMAGE_FIGURES; i++)
        if (strcmp(elbo_image_figure_names[i], name) == 0)
            return &figures->at[i];
    return NULL;
}

/* The outputs of role parts, each by its name. */
static elbo_status take_parts(void *user, const elbo__piece *piece)
{
    elbo_image_figures *figures = user;
    for (int k = 0; k < piece->planned->metrics.count; k++) {
        double **column = figure_of(figures, piece->planned->metrics.at[k].name);
        const elbo_tensor from = elbo_plan_output(piece->planned->plan, k);
        if (column && !*column && !(*column = elbo__calloc((size_t)figures->images, sizeof **column)))
            return ELBO_NO_MEMORY;
        for (int64_t i = 0; column && i < piece->batch; i++)
            (*column)[piece->first + i] = elbo_tensor_get(&from, &i);
    }
    return ELBO_OK;
}

/* ---- importance weights ------------------------------------------------------------------------------------------ */

static elbo_status take_weights(void *user, const elbo__piece *piece)
{
    const elbo_tensor from = elbo_plan_output(piece->planned->plan, 0);
    for (int64_t i = 0; i < piece->batch; i++)
        for (int64_t k = 0; k < piece->draws; k++)
            elbo__weight_add(user, piece->first + i, elbo_tensor_get(&from, (int64_t[]){i, k}));
    return ELBO_OK;
}

/* What weights by another prior are added to, and what is known of the images. */
typedef struct {
    const elbo_run *run;
    const elbo__table *table;
    const elbo_measuring *how;
    elbo__weights *weights;
} other_prior;

/* The draws of a piece one after the other, as the prior takes them. */
typedef struct {
    float *z;
    int *labels;
    double *nats;
} asked;

static elbo_status ask_prior(const other_prior *o, const elbo__piece *piece, const asked *a)
{
    const elbo_tensor ratios = elbo_plan_output(piece->planned->plan, 0), z = elbo_plan_output(piece->planned->plan, 1);
    const elbo_tensor rows = elbo_tensor_of(ELBO_F32, z.layout.shape, a->z);
    const bool labelled = o->table->labels.data;
    const int64_t n = piece->batch * piece->draws;
    elbo_tensor_copy(&rows, &z);
    for (int64_t i = 0; i < n && labelled; i++) {
        const int64_t image = piece->first + i / piece->draws;
        a->labels[i] = (int)elbo_tensor_get(&o->table->labels, &image);
    }
    elbo_status status = o->how->prior(o->how->user, a->z, labelled ? a->labels : NULL, n, a->nats);
    for (int64_t i = 0; i < n && status == ELBO_OK; i++) {
        const int64_t at[] = {i / piece->draws, i % piece->draws};
        elbo__weight_add(o->weights, piece->first + at[0], elbo_tensor_get(&ratios, at) + a->nats[i]);
    }
    return status;
}

static elbo_status take_ratios(void *user, const elbo__piece *piece)
{
    const other_prior *o = user;
    const size_t n = (size_t)(piece->batch * piece->draws);
    const asked a = {elbo__calloc(n, (size_t)o->run->latent * sizeof *a.z), elbo__calloc(n, sizeof *a.labels),
                     elbo__calloc(n, sizeof *a.nats)};
    elbo_status status = a.z && a.labels && a.nats ? ask_prior(o, piece, &a) : ELBO_NO_MEMORY;
    elbo__free(a.z);
    elbo__free(a.labels);
    elbo__free(a.nats);
    return status;
}

/* One round: in w (N) each. */
static elbo_status weigh_round(elbo_run *run, const elbo__table *table, const elbo_measuring *how, int round,
                               int64_t images, elbo__weights *w)
{
    other_prior other = {run, table, how, w};
    elbo__question question = {.role = ELBO__LOG_WEIGHTS,
                               .count = images,
                               .draws = how->samples,
                               .seed = how->seed,
                               .round = round,
                               .take = take_weights,
                               .user = w};
    if (how->prior) {
        question.role = ELBO__LOG_RATIOS;
        question.take = take_ratios;
        question.user = &other;
    }
    elbo__weights_begin(w, images);
    elbo_status status = elbo__run_ask(run, table, &question);
    if (status == ELBO_OK)
        elbo__weights_finish(w, images, how->samples);
    return status;
}

/* Adds what a round has found: log p(x) and effective samples, and the square of the error. */
static void add_round(const elbo__weights *w, int round, elbo_image_figures *each)
{
    for (int64_t i = 0; i < each->images; i++) {
        each->at[ELBO_IMAGE_LOG_LIKELIHOOD][i] += w->most[i];
        each->at[ELBO_IMAGE_ERROR][i] += w->sum[i] * w->sum[i];
        each->at[ELBO_IMAGE_ESS][i] += w->squares[i];
    }
    each->of_rounds[round] = elbo_summary_of(w->most, each->images).mean;
}

static elbo_status weigh(elbo_run *run, const elbo__table *table, const elbo_measuring *how, elbo_image_figures *each)
{
    static const elbo_image_figure kept[] = {ELBO_IMAGE_LOG_LIKELIHOOD, ELBO_IMAGE_ERROR, ELBO_IMAGE_ESS};
    const int rounds = how->rounds > 0 ? how->rounds : 1;
    const size_t n = (size_t)each->images;
    double *room = elbo__calloc(3 * n, sizeof *room);
    elbo_status status = room ? ELBO_OK : ELBO_NO_MEMORY;
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (!(each->at[kept[i]] = elbo__calloc(n, sizeof *each->at[0])))
            status = ELBO_NO_MEMORY;
    if (!(each->of_rounds = elbo__calloc((size_t)rounds, sizeof *each->of_rounds)))
        status = ELBO_NO_MEMORY;
    each->rounds = rounds;
    elbo__weights w = {room, room + n, room + 2 * n};
    for (int round = 0; round < rounds && status == ELBO_OK; round++) {
        status = weigh_round(run, table, how, round, each->images, &w);
        if (status == ELBO_OK)
            add_round(&w, round, each);
    }
    for (int64_t i = 0; i < each->images && status == ELBO_OK; i++) {
        each->at[ELBO_IMAGE_LOG_LIKELIHOOD][i] /= rounds;
        each->at[ELBO_IMAGE_ERROR][i] = sqrt(each->at[ELBO_IMAGE_ERROR][i]) / rounds;
        each->at[ELBO_IMAGE_ESS][i] /= rounds;
    }
    elbo__free(room);
    return status;
}

/* ---- all together ------------------------------------------------------------------------------------------------ */

static elbo_status measure(elbo_run *run, const elbo__table *table, const elbo_measuring *how, elbo_figures *means,
                           elbo_image_figures *each)
{
    const int64_t draws = how->draws > 0 ? how->draws : elbo__run_usual_draws(run);
    elbo_status status = ELBO_OK;
    if (means)
        status = elbo__run_evaluate(run, table, NULL, each->images, draws, how->seed, means);
    if (status == ELBO_OK)
        status = elbo__run_ask(run, table,
                               &(elbo__question){.role = ELBO__PARTS,
                                                 .count = each->images,
                                                 .draws = draws,
                                                 .seed = how->seed,
                                                 .whole = true,
                                                 .take = take_parts,
                                                 .user = each});
    return status == ELBO_OK && how->samples > 0 ? weigh(run, table, how, each) : status;
}

elbo_status elbo_run_measure(elbo_run *run, const elbo_images *images, const elbo_measuring *how, elbo_figures *means,
                             elbo_image_figures *each)
{
    *each = (elbo_image_figures){.images = 0};
    if (means)
        *means = (elbo_figures){.count = 0};
    if (how->count < 0 || how->draws < 0 || how->samples < 0 || how->rounds < 0)
        return elbo__fail(ELBO_INVALID, "%lld images, %d draws, %lld samples, %d rounds: at least 0 of each",
                          (long long)how->count, how->draws, (long long)how->samples, how->rounds);
    elbo__table table;
    elbo_status status = elbo__table_of(run, images, &table);
    if (status != ELBO_OK)
        return status;
    each->images = how->count && how->count < table.count ? how->count : table.count;
    status = measure(run, &table, how, means, each);
    elbo__table_free(&table);
    if (status != ELBO_OK)
        elbo_image_figures_free(each);
    return status;
}

elbo_status elbo_image_figures_write(const elbo_image_figures *figures, const elbo_images *images, const char *path)
{
    return elbo__columns_write(
        &(elbo__columns){figures->images, ELBO_IMAGE_FIGURES, elbo_image_figure_names, figures->at}, images, path);
}

void elbo_image_figures_free(elbo_image_figures *figures)
{
    for (int i = 0; figures && i < ELBO_IMAGE_FIGURES; i++)
        elbo__free(figures->at[i]);
    if (!figures)
        return;
    elbo__free(figures->of_rounds);
    *figures = (elbo_image_figures){.images = 0};
}

elbo_summary elbo_summary_of(const double *x, int64_t n)
{
    double mean = 0, squares = 0, least = INFINITY; /* squares about the mean (Welford) */
    for (int64_t i = 0; i < n; i++) {
        const double before = x[i] - mean;
        mean += before / (double)(i + 1);
        squares += before * (x[i] - mean);
        least = x[i] < least || isnan(x[i]) ? x[i] : least;
    }
    return (elbo_summary){
        .mean = mean, .error = n > 1 ? sqrt(squares / (double)(n - 1) / (double)n) : NAN, .least = least};
}

double elbo_error_of_mean(const double *errors, int64_t n)
{
    double squares = 0;
    for (int64_t i = 0; i < n; i++)
        squares += errors[i] * errors[i];
    return sqrt(squares) / (double)n;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double elbo_quantile_of(const double *x, int64_t n, double q)
{
    double *sorted = elbo__alloc((size_t)n * sizeof *sorted), found = NAN;
    bool known = sorted;
    for (int64_t i = 0; i < n && known; i++) {
        sorted[i] = x[i];
        known = !isnan(x[i]);
    }
    if (known) {
        qsort(sorted, (size_t)n, sizeof *sorted, by_size);
        const double place = q * (double)(n - 1);
        const int64_t below = (int64_t)place, above = below + 1 < n ? below + 1 : below;
        const double share = place - (double)below;
        found = sorted[below];
        if (sorted[above] > sorted[below]) /* not where both are infinite */
            found += share * (sorted[above] - sorted[below]);
    }
    elbo__free(sorted);
    return found;
}
