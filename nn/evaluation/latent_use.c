#include "latent_use.h"

#include <math.h>
#include <string.h>

#include "../../tensor/memory.h"
#include "../../tensor/random.h"
#include "../../tensor/watch_private.h"
#include "../runs/run_private.h"

/* ---- priors ------------------------------------------------------------------------------------------------------ */

/* p(z|y) of each label, or the one p(z) of a run without labels: mean, deviation (C, Z); NULL where it is no normal. */
typedef struct {
    float *mean, *deviation;
    int64_t count; /* C */
} priors;

static void free_priors(priors *p)
{
    elbo__free(p->mean);
    elbo__free(p->deviation);
    *p = (priors){.mean = NULL};
}

static elbo_status find_priors(elbo_run *run, priors *out)
{
    *out = (priors){.count = elbo__run_takes_labels(run) ? run->classes : 1};
    if (!run->normal_prior)
        return ELBO_OK;
    const size_t size = (size_t)run->latent * sizeof(float);
    out->mean = elbo__calloc((size_t)out->count, size);
    out->deviation = elbo__calloc((size_t)out->count, size);
    int *labels = elbo__calloc((size_t)out->count, sizeof *labels);
    elbo_status status = out->mean && out->deviation && labels ? ELBO_OK : ELBO_NO_MEMORY;
    for (int64_t i = 0; i < out->count && status == ELBO_OK; i++)
        labels[i] = (int)i;
    if (status == ELBO_OK)
        status = elbo_run_prior(run, labels, out->count, out->mean, out->deviation);
    elbo__free(labels);
    if (status != ELBO_OK)
        free_priors(out);
    return status;
}

/* Whether the prior of every label is that of the first. */
static bool are_one(const priors *p, int64_t latent)
{
    const size_t size = (size_t)latent * sizeof(float);
    bool one = p->mean;
    for (int64_t i = 1; i < p->count && one; i++)
        one = memcmp(p->mean, p->mean + i * latent, size) == 0 &&
              memcmp(p->deviation, p->deviation + i * latent, size) == 0;
    return one;
}

/* KL(N(m, e^logvar) || N(n, t^2)) */
static double normal_kl(double m, double logvar, double n, double t)
{
    return ((((m - n) * (m - n) + exp(logvar)) / (t * t)) - 1 - logvar + 2 * log(t)) / 2;
}

/* ---- codes ------------------------------------------------------------------------------------------------------- */

/* The images that are looked at, and the codes of one block of them: mean, logvar (block, Z). */
typedef struct {
    elbo_run *run;
    elbo__table table;
    int64_t count;
    priors priors;
    float *mean, *logvar;
    bool normal; /* q(z|x) is: logvar is there */
    elbo_status (*look)(void *user, int64_t image, const float *mean, const float *logvar); /* logvar or NULL  */
    void *user;
} codes;

static void free_codes(codes *c)
{
    elbo__table_free(&c->table);
    free_priors(&c->priors);
    elbo__free(c->mean);
    elbo__free(c->logvar);
}

static elbo_status open_codes(elbo_run *run, const elbo_images *images, int64_t count, codes *out)
{
    *out = (codes){.run = run};
    if (count < 0)
        return elbo__fail(ELBO_INVALID, "%lld images", (long long)count);
    if (!elbo_run_has_prior(run))
        return elbo__fail(ELBO_INVALID, "model \"%s\" has no prior to measure its codes by", run->model->name);
    elbo_status status = elbo__table_of(run, images, &out->table);
    if (status != ELBO_OK)
        return status;
    const size_t block = (size_t)elbo__run_block(run, 1), size = (size_t)run->latent * sizeof(float);
    out->count = count && count < images->count ? count : images->count;
    out->mean = elbo__calloc(block, size);
    out->logvar = elbo__calloc(block, size);
    return out->mean && out->logvar ? find_priors(run, &out->priors) : ELBO_NO_MEMORY;
}

static elbo_status take_codes(void *user, const elbo__piece *piece)
{
    codes *c = user;
    const int64_t latent = c->run->latent;
    c->normal = piece->planned->outputs > 1;
    elbo_status status = elbo__piece_rows(c->run, piece, 0, latent, c->mean);
    if (status == ELBO_OK && c->normal)
        status = elbo__piece_rows(c->run, piece, 1, latent, c->logvar);
    for (int64_t i = 0; i < piece->batch && status == ELBO_OK; i++)
        status = c->look(c->user, piece->first + i, c->mean + i * latent, c->normal ? c->logvar + i * latent : NULL);
    return status;
}

/* Calls c->look for each image in turn. */
static elbo_status look_at_codes(codes *c)
{
    return elbo__run_ask(
        c->run, &c->table,
        &(elbo__question){.role = ELBO__ENCODE, .count = c->count, .draws = 1, .take = take_codes, .user = c});
}

/* Which of the priors is that of an image. */
static int64_t prior_of(const codes *c, int64_t image)
{
    return c->table.labels.data ? (int64_t)elbo_tensor_get(&c->table.labels, &image) : 0;
}

/* ---- activity ---------------------------------------------------------------------------------------------------- */

/* Sums under way: of a unit the mean of its codes so far, and in use->variance their squares about it (Welford). */
typedef struct {
    const codes *codes;
    elbo_latent_use *use;
    double *mean;
} counting;

static elbo_status count_unit(void *user, int64_t image, const float *mean, const float *logvar)
{
    const counting *c = user;
    const priors *p = &c->codes->priors;
    const int64_t at = c->use->latent * prior_of(c->codes, image);
    for (int64_t j = 0; j < c->use->latent; j++) {
        const double before = mean[j] - c->mean[j];
        c->mean[j] += before / (double)(image + 1);
        c->use->variance[j] += before * (mean[j] - c->mean[j]);
        if (logvar && p->mean)
            c->use->kl[j] += normal_kl(mean[j], logvar[j], p->mean[at + j], p->deviation[at + j]);
    }
    return ELBO_OK;
}

static void finish(const codes *c, elbo_latent_use *use)
{
    if (!c->normal || !c->priors.mean) {
        elbo__free(use->kl);
        use->kl = NULL;
    }
    use->images = c->count;
    use->kl_total = use->kl ? 0 : NAN;
    for (int64_t j = 0; j < use->latent; j++) {
        use->variance[j] /= (double)c->count;
        use->active += use->variance[j] > ELBO_ACTIVE_VARIANCE;
        if (use->kl)
            use->kl_total += use->kl[j] /= (double)c->count;
    }
}

elbo_status elbo_run_latent_use(elbo_run *run, const elbo_images *images, int64_t count, elbo_latent_use *out)
{
    *out = (elbo_latent_use){.latent = run->latent};
    codes c;
    elbo_status status = open_codes(run, images, count, &c);
    counting sums = {.codes = &c, .use = out};
    if (status == ELBO_OK) {
        out->variance = elbo__calloc((size_t)run->latent, sizeof *out->variance);
        out->kl = elbo__calloc((size_t)run->latent, sizeof *out->kl);
        sums.mean = elbo__calloc((size_t)run->latent, sizeof *sums.mean);
        if (!out->variance || !out->kl || !sums.mean)
            status = ELBO_NO_MEMORY;
    }
    c.look = count_unit;
    c.user = &sums;
    if (status == ELBO_OK)
        status = look_at_codes(&c);
    if (status == ELBO_OK)
        finish(&c, out);
    else
        elbo_latent_use_free(out);
    elbo__free(sums.mean);
    free_codes(&c);
    return status;
}

void elbo_latent_use_free(elbo_latent_use *use)
{
    if (!use)
        return;
    elbo__free(use->variance);
    elbo__free(use->kl);
    *use = (elbo_latent_use){.images = 0};
}

/* ---- mutual information ------------------------------------------------------------------------------------------ */

/* Codes that are compared with all others before a watcher is asked; sums beside each other. */
enum { ROWS_BETWEEN = 64, LANES = 4 };

/* q(z|x_n) of all images, all in double: mean, precision (N, Z), scale (N) the constant of its log-density; kl the sum
 * of closed divergences. */
typedef struct {
    const codes *codes;
    double *mean, *precision, *scale, *logs; /* logs (N): room for the densities of one draw */
    double kl;
} posteriors;

static elbo_status keep_posterior(void *user, int64_t image, const float *mean, const float *logvar)
{
    posteriors *q = user;
    const priors *p = &q->codes->priors;
    const elbo_run *run = q->codes->run;
    const int64_t latent = run->latent, at = latent * prior_of(q->codes, image);
    if (!logvar)
        return elbo__fail(ELBO_INVALID, "model \"%s\": q(z|x) is no normal distribution", run->model->name);
    for (int64_t j = 0; j < latent; j++) {
        q->mean[image * latent + j] = mean[j];
        q->precision[image * latent + j] = exp(-(double)logvar[j]);
        q->scale[image] -= (logvar[j] + log(2 * M_PI)) / 2;
        if (p->mean)
            q->kl += normal_kl(mean[j], logvar[j], p->mean[at + j], p->deviation[at + j]);
    }
    return ELBO_OK;
}

/* log of the mean of e^logs (n) */
static double log_mean(const double *logs, int64_t n)
{
    double most = -INFINITY, sum = 0;
    for (int64_t i = 0; i < n; i++)
        most = logs[i] > most ? logs[i] : most;
    for (int64_t i = 0; i < n; i++)
        sum += exp(logs[i] - most);
    return most + log(sum / (double)n);
}

/* log q(z|x_n) for all images: z (Z) -> logs (N) */
static void find_densities(const posteriors *q, const double *z)
{
    const int64_t latent = q->codes->run->latent;
    for (int64_t n = 0; n < q->codes->count; n++) {
        const double *mean = q->mean + n * latent, *precision = q->precision + n * latent;
        double sum[LANES] = {0}; /* one would be waited for in each step */
        int64_t j = 0;
        for (; j + LANES <= latent; j += LANES)
            for (int k = 0; k < LANES; k++)
                sum[k] += (z[j + k] - mean[j + k]) * (z[j + k] - mean[j + k]) * precision[j + k];
        for (; j < latent; j++)
            sum[0] += (z[j] - mean[j]) * (z[j] - mean[j]) * precision[j];
        q->logs[n] = q->scale[n] - (sum[0] + sum[1] + (sum[2] + sum[3])) / 2;
    }
}

/* Mean and standard error of log q(z_n|x_n) - log q(z_n). z (Z) is room for a draw. */
static elbo_status compare(const posteriors *q, int64_t seed, double *z, elbo_information *out)
{
    const int64_t latent = q->codes->run->latent, count = q->codes->count;
    const elbo__random_key key = {.seed = (uint64_t)seed, .stream = elbo__stream("measure", "z", 0)};
    double mean = 0, squares = 0;
    elbo_status status = ELBO_OK;
    for (int64_t n = 0; n < count && status == ELBO_OK; n++) {
        if (n % ROWS_BETWEEN == 0)
            status = elbo__watched("estimating the mutual information", n, count);
        elbo__normal_f64(z, 1, 1, latent, key, (uint64_t)n, 0);
        for (int64_t j = 0; j < latent; j++)
            z[j] = q->mean[n * latent + j] + z[j] / sqrt(q->precision[n * latent + j]);
        find_densities(q, z);
        const double gain = q->logs[n] - log_mean(q->logs, count), before = gain - mean;
        mean += before / (double)(n + 1);
        squares += before * (gain - mean);
    }
    out->mutual_information = mean;
    out->error = count > 1 ? sqrt(squares / (double)(count - 1) / (double)count) : NAN;
    return status == ELBO_OK ? elbo__watched("estimating the mutual information", count, count) : status;
}

static elbo_status make_room(const codes *c, posteriors *q, double **z)
{
    const size_t n = (size_t)c->count, size = (size_t)c->run->latent * sizeof(double);
    q->mean = elbo__calloc(n, size);
    q->precision = elbo__calloc(n, size);
    q->scale = elbo__calloc(n, sizeof *q->scale);
    q->logs = elbo__calloc(n, sizeof *q->logs);
    *z = elbo__calloc(1, size);
    return q->mean && q->precision && q->scale && q->logs && *z ? ELBO_OK : ELBO_NO_MEMORY;
}

elbo_status elbo_run_mutual_information(elbo_run *run, const elbo_images *images, int64_t count, int64_t seed,
                                        elbo_information *out)
{
    *out = (elbo_information){.mutual_information = NAN, .error = NAN, .marginal_kl = NAN};
    codes c;
    posteriors q = {.codes = &c};
    double *z = NULL;
    elbo_status status = open_codes(run, images, count, &c);
    c.look = keep_posterior;
    c.user = &q;
    if (status == ELBO_OK)
        status = make_room(&c, &q, &z);
    if (status == ELBO_OK)
        status = look_at_codes(&c);
    if (status == ELBO_OK)
        status = compare(&q, seed, z, out);
    if (status == ELBO_OK) {
        out->images = c.count;
        out->limit = log((double)c.count);
        if (are_one(&c.priors, run->latent))
            out->marginal_kl = q.kl / (double)c.count - out->mutual_information;
    }
    elbo__free(q.mean);
    elbo__free(q.precision);
    elbo__free(q.scale);
    elbo__free(q.logs);
    elbo__free(z);
    free_codes(&c);
    return status;
}
