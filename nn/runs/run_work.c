/* What a run is asked for: codes, pictures, densities, metrics. */
#include <math.h>
#include <string.h>

#include "../../tensor/memory.h"
#include "../../tensor/text.h"
#include "run_job.h"

elbo_status elbo_run_encode(elbo_run *run, const float *x, const int *labels, int64_t n, float *z)
{
    return elbo__run_job(
        (elbo__job){run, ELBO__ENCODE, .x = x, .labels = labels, .n = n, .out = z, .width = run->latent});
}

elbo_status elbo_run_posterior(elbo_run *run, const float *x, const int *labels, int64_t n, float *mean, float *logvar)
{
    return elbo__run_job((elbo__job){run, ELBO__ENCODE, .x = x, .labels = labels, .n = n, .out = mean,
                                     .width = run->latent, .second = logvar});
}

elbo_status elbo_run_encode_images(elbo_run *run, const elbo_images *images, float *mean, float *logvar)
{
    elbo__table table;
    elbo_status status = elbo__table_of(run, images, &table);
    if (status == ELBO_OK)
        status = elbo__run_job((elbo__job){run, ELBO__ENCODE, .table = &table, .n = table.count, .out = mean,
                                           .width = run->latent, .second = logvar});
    elbo__table_free(&table);
    return status;
}

elbo_status elbo_run_draw_codes(elbo_run *run, const elbo_images *images, int64_t seed, float *z)
{
    elbo__table table;
    elbo_status status = elbo__table_of(run, images, &table);
    if (status == ELBO_OK)
        status = elbo__run_job((elbo__job){run, ELBO__POSTERIOR_DRAWS, .table = &table, .n = table.count, .seed = seed,
                                           .out = z, .width = run->latent});
    elbo__table_free(&table);
    return status;
}

elbo_status elbo_run_draw_prior(elbo_run *run, const int *labels, int64_t n, int64_t seed, float *z)
{
    return elbo__run_job(
        (elbo__job){run, ELBO__PRIOR_DRAWS, .labels = labels, .n = n, .seed = seed, .out = z, .width = run->latent});
}

bool elbo_run_has_likelihood(const elbo_run *run)
{
    return !run->cost;
}

const char *elbo_run_unit(const elbo_run *run)
{
    return run->cost ? "per image" : "nats per image";
}

bool elbo_run_has_normal_prior(const elbo_run *run)
{
    return run->normal_prior;
}

elbo_status elbo_run_prior(elbo_run *run, const int *labels, int64_t n, float *mean, float *deviation)
{
    elbo_status status = elbo__run_job((elbo__job){run, ELBO__PRIOR, .labels = labels, .n = n, .out = mean,
                                                   .width = run->latent, .second = deviation});
    for (int64_t i = 0; i < n * run->latent && status == ELBO_OK; i++)
        deviation[i] = expf(deviation[i] / 2);
    return status;
}

elbo_status elbo_run_seen(elbo_run *run, const float *x, const int *labels, int64_t n, int64_t seed, float *out)
{
    return elbo__run_job(
        (elbo__job){run, ELBO__SEEN, .x = x, .labels = labels, .n = n, .seed = seed, .out = out, .width = run->pixels});
}

elbo_status elbo_run_decode(elbo_run *run, const float *z, const int *labels, int64_t n, float *x)
{
    return elbo__run_job(
        (elbo__job){run, ELBO__DECODE, .z = z, .labels = labels, .n = n, .out = x, .width = run->pixels});
}

elbo_status elbo__run_prior_density(elbo_run *run, const float *z, const int *labels, int64_t n, float *nats)
{
    return elbo__run_job(
        (elbo__job){run, ELBO__PRIOR_DENSITY, .z = z, .labels = labels, .n = n, .out = nats, .width = 1});
}

elbo_status elbo_run_metric(elbo_run *run, const float *z, int64_t n, float *density, float *gradient)
{
    const int64_t width = 1 + run->latent;
    const size_t points = n > 0 ? (size_t)n : 0;
    float *both = elbo__calloc(points * (size_t)width, sizeof *both);
    int *labels = elbo__calloc(points, sizeof *labels); /* which the metric does not depend on */
    elbo_status status = ELBO_NO_MEMORY;
    if (both && labels)
        status = elbo__run_job(
            (elbo__job){run, ELBO__METRIC, .z = z, .labels = labels, .n = n, .out = both, .width = width});
    for (int64_t i = 0; i < n && status == ELBO_OK; i++) {
        density[i] = both[i * width];
        memcpy(gradient + i * run->latent, both + i * width + 1, (size_t)run->latent * sizeof *gradient);
    }
    elbo__free(both);
    elbo__free(labels);
    return status;
}

elbo_status elbo_run_sample(elbo_run *run, const int *labels, int64_t n, int64_t seed, float *x)
{
    return elbo__run_job(
        (elbo__job){run, ELBO__SAMPLE, .labels = labels, .n = n, .seed = seed, .out = x, .width = run->pixels});
}

elbo_status elbo_run_sample_at(elbo_run *run, const float *z, const int *labels, int64_t n, int64_t seed, float *x)
{
    return elbo__run_job((elbo__job){run, elbo__run_has_columns(run) ? ELBO__SIMULATE : ELBO__DECODE, .z = z,
                                     .labels = labels, .n = n, .seed = seed, .out = x, .width = run->pixels});
}

elbo_status elbo_run_reconstruct(elbo_run *run, const float *x, const int *labels, int64_t n, int64_t seed, float *out)
{
    return elbo__run_job((elbo__job){run, ELBO__RECONSTRUCT, .x = x, .labels = labels, .n = n, .seed = seed, .out = out,
                                     .width = run->pixels});
}

/* ---- log p(x|y) and the bound, from draws ------------------------------------------------------------------------ */

double elbo__log_add(double a, double b)
{
    const double larger = a > b ? a : b, smaller = a > b ? b : a;
    return smaller == -INFINITY ? larger : larger + log1p(exp(smaller - larger));
}

/* out (N): the mean over all draws, which come in portions of which the plan gives the mean; for log p(x) it is one of
 * weights, in logarithms. */
static elbo_status take_mean(const elbo__job *j, const elbo__piece *p)
{
    const bool logs = j->role == ELBO__LOG_PROB, last = p->first_draw + p->draws == j->draws;
    const double portion = (double)p->draws, all = (double)j->draws;
    const elbo_tensor mean = elbo_plan_output(p->planned->plan, 0);
    for (int64_t i = 0; i < p->batch; i++) {
        const double m = elbo_tensor_get(&mean, &i), sum = logs ? m + log(portion) : m * portion;
        j->sums[i] = p->first_draw == 0 ? sum : logs ? elbo__log_add(j->sums[i], sum) : j->sums[i] + sum;
        if (last)
            j->out[p->first + i] = (float)(logs ? j->sums[i] - log(all) : j->sums[i] / all);
    }
    return ELBO_OK;
}

static elbo_status run_mean(elbo__job j)
{
    double sums[ELBO__BLOCK];
    if (j.draws < 1)
        return elbo__fail(ELBO_INVALID, "%lld draws: at least 1", (long long)j.draws);
    j.take = take_mean;
    j.sums = sums;
    return elbo__run_job(j);
}

elbo_status elbo_run_log_prob(elbo_run *run, const float *x, const int *labels, int64_t n, int draws, int64_t seed,
                              float *out)
{
    return run_mean(
        (elbo__job){run, ELBO__LOG_PROB, .x = x, .labels = labels, .n = n, .draws = draws, .seed = seed, .out = out});
}

elbo_status elbo_run_elbo(elbo_run *run, const float *x, const int *labels, int64_t n, int draws, int64_t seed,
                          float *out)
{
    return run_mean(
        (elbo__job){run, ELBO__ELBO, .x = x, .labels = labels, .n = n, .draws = draws, .seed = seed, .out = out});
}

/* The ELBO of n images, rows of x or the first ones of a table, with every label in turn; labels (m) has one for each
 * image that the graph sees, and is written to. */
static elbo_status run_classes(elbo__job j, int *labels, int64_t m, float *out)
{
    elbo_run *run = j.run;
    float *column = elbo__calloc((size_t)j.n, sizeof *column);
    elbo_status status = column ? ELBO_OK : ELBO_NO_MEMORY;
    j.out = column;
    j.in_all = run->classes * j.n;
    for (int label = 0; label < run->classes && status == ELBO_OK; label++) {
        for (int64_t i = 0; i < m; i++)
            labels[i] = label;
        j.before = label * j.n;
        status = run_mean(j);
        for (int64_t i = 0; i < j.n && status == ELBO_OK; i++)
            out[i * run->classes + label] = column[i];
    }
    elbo__free(column);
    return status;
}

static elbo_status check_classify(const elbo_run *run, int64_t n, int64_t most)
{
    if (!elbo__run_takes_labels(run))
        return elbo__fail(ELBO_INVALID, "model \"%s\" takes no labels, so it cannot tell them apart", run->model->name);
    return n >= 0 && n <= most ? ELBO_OK : elbo__fail(ELBO_INVALID, "%lld images", (long long)n);
}

elbo_status elbo_run_classify(elbo_run *run, const float *x, int64_t n, int draws, int64_t seed, float *out)
{
    elbo_status status = check_classify(run, n, INT64_MAX);
    if (status != ELBO_OK)
        return status;
    int *labels = elbo__calloc((size_t)n, sizeof *labels);
    status = labels ? run_classes(
                          (elbo__job){run, ELBO__ELBO, .x = x, .labels = labels, .n = n, .draws = draws, .seed = seed},
                          labels, n, out)
                    : ELBO_NO_MEMORY;
    elbo__free(labels);
    return status;
}

elbo_status elbo_run_classify_images(elbo_run *run, const elbo_images *images, int64_t n, int draws, int64_t seed,
                                     float *out)
{
    elbo__table table;
    elbo_status status = check_classify(run, n, images->count);
    if (status != ELBO_OK)
        return status;
    status = elbo__table_of(run, images, &table);
    if (status != ELBO_OK)
        return status;
    /* the labels are this call's own: a copy, as the run takes any */
    status = run_classes((elbo__job){run, ELBO__ELBO, .table = &table, .n = n, .draws = draws, .seed = seed},
                         table.labels.data, table.count, out);
    elbo__table_free(&table);
    return status;
}

/* ---- other questions --------------------------------------------------------------------------------------------- */

static elbo_status take_answer(const elbo__job *j, const elbo__piece *p)
{
    return j->question->take(j->question->user, p);
}

elbo_status elbo__run_ask(elbo_run *run, const elbo__table *table, const elbo__question *question)
{
    return elbo__run_job((elbo__job){run, question->role, .table = table, .n = question->count,
                                     .draws = question->draws, .seed = question->seed, .round = question->round,
                                     .take = take_answer, .question = question, .whole = question->whole});
}

/* ---- metrics ----------------------------------------------------------------------------------------------------- */

static elbo_status take_figures(const elbo__job *j, const elbo__piece *p)
{
    elbo__figures_add(j->figures, p->planned, p->batch);
    return ELBO_OK;
}

elbo_status elbo__run_evaluate(elbo_run *run, const elbo__table *table, const int32_t *rows, int64_t count,
                               int64_t draws, int64_t seed, elbo_figures *out)
{
    *out = (elbo_figures){.count = 0};
    elbo_status status = elbo__run_job((elbo__job){run, ELBO__EVALUATE, .table = table, .listed = rows, .n = count,
                                                   .draws = draws, .seed = seed, .take = take_figures, .figures = out,
                                                   .whole = true});
    elbo__figures_divide(out, count);
    return status;
}

int64_t elbo__run_usual_draws(const elbo_run *run)
{
    const char *text = elbo_ini_get(&run->notes, "test-draws"); /* 0 stands for the others too */
    const long long draws = text ? elbo__read_integer(text, NULL) : 0;
    return draws >= 1 && draws <= 10000 ? draws : elbo__run_draws(run);
}

elbo_status elbo_run_evaluate(elbo_run *run, const elbo_images *images, int draws, int64_t seed, elbo_figures *out)
{
    *out = (elbo_figures){.count = 0};
    elbo__table table;
    if (draws < 0)
        return elbo__fail(ELBO_INVALID, "%d draws: at least 1, or 0", draws);
    elbo_status status = elbo__table_of(run, images, &table);
    if (status != ELBO_OK)
        return status;
    const int64_t usual = elbo__run_usual_draws(run);
    status = elbo__run_evaluate(run, &table, NULL, table.count, draws > 0 ? draws : usual, seed, out);
    elbo__table_free(&table);
    return status;
}
