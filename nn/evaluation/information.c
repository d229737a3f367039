/* Mutual information of images and codes, and how codes lie beside the prior. */
#include <math.h>

#include "../../tensor/memory.h"
#include "../../tensor/random.h"
#include "../../tensor/watch_private.h"
#include "codes.h"
#include "latent_use.h"

/* Codes that are compared with all others before a watcher is asked; sums beside each other; images and codes that a
 * plan compares at once. */
enum { ROWS_BETWEEN = 64, LANES = 4, BLOCK = 250 };

/* One draw z_n from each q(z|x_n), all in double: z (N, Z), and log q(z_n|x_n), log q(z_n) (N). */
typedef struct {
    const elbo__codes *codes;
    int64_t count, latent, seed;
    double *z, *own, *aggregate;
} drawn;

/* Whoever watches hears how many codes have been compared with all images. */
static elbo_status watched(const drawn *d, int64_t done)
{
    return elbo__watched("estimating the mutual information", done, d->count);
}

static elbo_status open_drawn(const elbo__codes *c, int64_t seed, drawn *out)
{
    const size_t n = (size_t)c->count;
    *out = (drawn){.codes = c, .count = c->count, .latent = c->run->latent, .seed = seed};
    out->z = elbo__calloc(n, (size_t)out->latent * sizeof *out->z);
    out->own = elbo__calloc(n, sizeof *out->own);
    out->aggregate = elbo__calloc(n, sizeof *out->aggregate);
    return out->z && out->own && out->aggregate ? ELBO_OK : ELBO_NO_MEMORY;
}

static void free_drawn(drawn *d)
{
    elbo__free(d->z);
    elbo__free(d->own);
    elbo__free(d->aggregate);
}

/* ---- normal q(z|x) ----------------------------------------------------------------------------------------------- */

/* q(z|x_n) of all images: mean, precision (N, Z), scale (N) the constant of its log-density; kl the sum of closed
 * divergences. */
typedef struct {
    const elbo__codes *codes;
    double *mean, *precision, *scale, *logs; /* logs (N): room for the densities of one draw */
    double kl;
} posteriors;

static elbo_status keep_posterior(void *user, int64_t image, const float *mean, const float *logvar)
{
    posteriors *q = user;
    const elbo__priors *p = &q->codes->priors;
    const int64_t latent = q->codes->run->latent, at = latent * elbo__codes_prior(q->codes, image);
    for (int64_t j = 0; j < latent && logvar; j++) {
        q->mean[image * latent + j] = mean[j];
        q->precision[image * latent + j] = exp(-(double)logvar[j]);
        q->scale[image] -= (logvar[j] + log(2 * M_PI)) / 2;
        if (p->mean)
            q->kl += elbo__normal_kl(mean[j], logvar[j], p->mean[at + j], p->deviation[at + j]);
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

static elbo_status compare_normals(const posteriors *q, const drawn *d)
{
    const elbo__random_key key = {.seed = (uint64_t)d->seed, .stream = elbo__stream("measure", "z", 0)};
    const int64_t latent = d->latent;
    elbo_status status = ELBO_OK;
    for (int64_t n = 0; n < d->count && status == ELBO_OK; n++) {
        double *z = d->z + n * latent;
        if (n % ROWS_BETWEEN == 0)
            status = watched(d, n);
        elbo__normal_f64(z, 1, 1, latent, key, (uint64_t)n, 0);
        for (int64_t j = 0; j < latent; j++)
            z[j] = q->mean[n * latent + j] + z[j] / sqrt(q->precision[n * latent + j]);
        find_densities(q, z);
        d->own[n] = q->logs[n];
        d->aggregate[n] = log_mean(q->logs, d->count);
    }
    return status;
}

/* *kl = the closed divergence, a mean over images, where the prior is a normal as well; else it is left. */
static elbo_status draw_normals(elbo__codes *c, const drawn *d, double *kl)
{
    const size_t n = (size_t)c->count, size = (size_t)d->latent * sizeof(double);
    posteriors q = {.codes = c,
                    .mean = elbo__calloc(n, size),
                    .precision = elbo__calloc(n, size),
                    .scale = elbo__calloc(n, sizeof(double)),
                    .logs = elbo__calloc(n, sizeof(double))};
    elbo_status status = q.mean && q.precision && q.scale && q.logs ? ELBO_OK : ELBO_NO_MEMORY;
    c->look = keep_posterior;
    c->user = &q;
    if (status == ELBO_OK)
        status = elbo__codes_look(c);
    if (status == ELBO_OK)
        status = compare_normals(&q, d);
    if (c->priors.mean)
        *kl = q.kl / (double)c->count;
    elbo__free(q.mean);
    elbo__free(q.precision);
    elbo__free(q.scale);
    elbo__free(q.logs);
    return status;
}

/* ---- q(z|x) of any kind with a density --------------------------------------------------------------------------- */

/* A plan for so many images and codes at once, and what it is bound to. Where fewer are left the last one is repeated,
 * and what comes of it is not looked at. */
typedef struct {
    const drawn *d;
    elbo__planned *planned;
    int64_t size;
    int32_t rows[BLOCK];
    float *z; /* (size, Z) */
} comparison;

static elbo_status bind_images(comparison *k, int64_t first, elbo_plan *plan)
{
    for (int64_t i = 0; i < k->size; i++)
        k->rows[i] = (int32_t)(first + i < k->d->count ? first + i : k->d->count - 1);
    elbo_status status = elbo__table_bind(&k->d->codes->table, plan, k->rows, k->size);
    if (status == ELBO_OK)
        status = elbo__run_scalars(k->d->codes->run, plan);
    return status == ELBO_OK
               ? elbo_plan_bind(plan, "z", elbo_tensor_of(ELBO_F32, ELBO_SHAPE(k->size, k->d->latent), k->z))
               : status;
}

static elbo_status run_plan(const comparison *k, elbo_plan *plan)
{
    return elbo_plan_run(plan, k->d->codes->run->params, (elbo_at){.seed = (uint64_t)k->d->seed});
}

/* Codes first, ... as the plan reads them. */
static void show_codes(const comparison *k, int64_t first)
{
    const int64_t latent = k->d->latent;
    for (int64_t i = 0; i < k->size; i++) {
        const int64_t from = first + i < k->d->count ? first + i : k->d->count - 1;
        for (int64_t j = 0; j < latent; j++)
            k->z[i * latent + j] = (float)k->d->z[from * latent + j];
    }
}

/* log q(z_m|x_n) of images and codes of a block each. */
static void take_block(const comparison *k, int64_t images, int64_t codes)
{
    const drawn *d = k->d;
    const elbo_tensor out = elbo_plan_output(k->planned->plan, 0);
    for (int64_t m = 0; m < k->size && codes + m < d->count; m++)
        for (int64_t n = 0; n < k->size && images + n < d->count; n++) {
            const double log_density = elbo_tensor_get(&out, (int64_t[]){n, m});
            d->aggregate[codes + m] = elbo__log_add(d->aggregate[codes + m], log_density);
            if (images + n == codes + m)
                d->own[codes + m] = log_density;
        }
}

static elbo_status compare_images(comparison *k, int64_t first)
{
    elbo_plan *before = k->planned->before;
    elbo_status status = before ? bind_images(k, first, before) : ELBO_OK;
    if (status == ELBO_OK)
        status = elbo__run_before(k->d->codes->run, k->planned, (elbo_at){.seed = (uint64_t)k->d->seed});
    if (status == ELBO_OK)
        status = bind_images(k, first, k->planned->plan);
    for (int64_t codes = 0; codes < k->d->count && status == ELBO_OK; codes += k->size) {
        status = elbo__watched("estimating the mutual information", first * k->d->count + codes * k->size,
                               k->d->count * k->d->count);
        show_codes(k, codes);
        if (status == ELBO_OK)
            status = run_plan(k, k->planned->plan);
        if (status == ELBO_OK)
            take_block(k, first, codes);
    }
    return status;
}

static elbo_status open_comparison(const drawn *d, elbo__role role, comparison *out)
{
    *out = (comparison){.d = d, .size = d->count < BLOCK ? d->count : BLOCK};
    if (!(out->z = elbo__calloc((size_t)out->size, (size_t)d->latent * sizeof *out->z)))
        return ELBO_NO_MEMORY;
    elbo__work work = elbo__table_work(&d->codes->table, role, out->size, 1);
    work.cut = role == ELBO__POSTERIOR_DENSITY;
    return elbo__run_plan(d->codes->run, &work, &out->planned);
}

static elbo_status take_draws(void *user, const elbo__piece *piece)
{
    const drawn *d = user;
    const elbo_tensor out = elbo_plan_output(piece->planned->plan, 0);
    for (int64_t i = 0; i < piece->batch; i++)
        for (int64_t j = 0; j < d->latent; j++)
            d->z[(piece->first + i) * d->latent + j] = elbo_tensor_get(&out, (int64_t[]){i, 0, j});
    return ELBO_OK;
}

static elbo_status draw_any(const drawn *d)
{
    comparison k;
    elbo_status status = open_comparison(d, ELBO__POSTERIOR_DENSITY, &k); /* fails where there is no density */
    if (status == ELBO_OK)
        status = elbo__run_ask(d->codes->run, &d->codes->table,
                               &(elbo__question){.role = ELBO__POSTERIOR_DRAWS,
                                                 .count = d->count,
                                                 .seed = d->seed,
                                                 .take = take_draws,
                                                 .user = (void *)d});
    for (int64_t n = 0; n < d->count; n++)
        d->aggregate[n] = -INFINITY;
    for (int64_t first = 0; first < d->count && status == ELBO_OK; first += k.size)
        status = compare_images(&k, first);
    for (int64_t n = 0; n < d->count; n++)
        d->aggregate[n] -= log((double)d->count);
    elbo__free(k.z);
    return status;
}

/* ---- the prior at the draws -------------------------------------------------------------------------------------- */

/* log p(z|y) of codes first, ..., with the labels of their images, or all with that of the first image. */
static elbo_status find_priors(comparison *k, int64_t first, bool one_label, double *out)
{
    elbo_status status = bind_images(k, first, k->planned->plan);
    for (int64_t i = 0; i < k->size && one_label; i++)
        k->rows[i] = 0;
    show_codes(k, first);
    if (status == ELBO_OK)
        status = run_plan(k, k->planned->plan);
    const elbo_tensor found = elbo_plan_output(k->planned->plan, 0);
    for (int64_t i = 0; i < k->size && status == ELBO_OK; i++)
        out[i] = elbo_tensor_get(&found, &i);
    return status;
}

/* Mean of log q(z_n|x_n) - log p(z_n|y_n), and whether p(z|y) is the same for all labels. */
static elbo_status compare_with_prior(const drawn *d, double *kl, bool *one)
{
    comparison k;
    elbo_status status = open_comparison(d, ELBO__PRIOR_DENSITY, &k);
    *one = true;
    *kl = 0;
    for (int64_t first = 0; first < d->count && status == ELBO_OK; first += k.size) {
        double own[BLOCK], others[BLOCK];
        status = find_priors(&k, first, false, own);
        if (status == ELBO_OK)
            status = find_priors(&k, first, true, others);
        for (int64_t i = 0; i < k.size && first + i < d->count && status == ELBO_OK; i++) {
            *kl += (d->own[first + i] - own[i]) / (double)d->count;
            *one &= own[i] == others[i];
        }
    }
    elbo__free(k.z);
    return status;
}

/* ---- all together ------------------------------------------------------------------------------------------------ */

/* Mean and standard error of log q(z_n|x_n) - log q(z_n). */
static void find_gain(const drawn *d, elbo_information *out)
{
    double mean = 0, squares = 0;
    for (int64_t n = 0; n < d->count; n++) {
        const double gain = d->own[n] - d->aggregate[n], before = gain - mean;
        mean += before / (double)(n + 1);
        squares += before * (gain - mean);
    }
    out->mutual_information = mean;
    out->error = d->count > 1 ? sqrt(squares / (double)(d->count - 1) / (double)d->count) : NAN;
    out->images = d->count;
    out->limit = log((double)d->count);
}

static bool is_normal(elbo__codes *c)
{
    elbo__planned *planned;
    const elbo__work work = elbo__table_work(&c->table, ELBO__ENCODE, 1, 1);
    return elbo__run_plan(c->run, &work, &planned) == ELBO_OK && planned->outputs > 1;
}

static elbo_status inform(elbo__codes *c, int64_t seed, elbo_information *out)
{
    drawn d;
    bool one = elbo__priors_are_one(&c->priors, c->run->latent);
    double kl = NAN;
    elbo_status status = open_drawn(c, seed, &d);
    if (status == ELBO_OK)
        status = is_normal(c) ? draw_normals(c, &d, &kl) : draw_any(&d);
    if (status == ELBO_OK && isnan(kl)) /* it has no closed form */
        status = compare_with_prior(&d, &kl, &one);
    if (status == ELBO_OK)
        status = elbo__watched("estimating the mutual information", d.count, d.count);
    if (status == ELBO_OK)
        find_gain(&d, out);
    out->kl = kl;
    if (status == ELBO_OK && one)
        out->marginal_kl = kl - out->mutual_information;
    free_drawn(&d);
    return status;
}

/* What the model does not have cannot be built. */
static elbo_status has_role(elbo_run *run, elbo__role role, bool *has)
{
    elbo__planned *planned;
    const elbo_status status = elbo__run_plan(run, &(elbo__work){.role = role, .batch = 1, .draws = 1}, &planned);
    *has = status == ELBO_OK;
    return status == ELBO_INVALID ? ELBO_OK : status;
}

elbo_status elbo_run_has_densities(elbo_run *run, bool *known)
{
    bool normal = false;
    elbo__planned *planned;
    *known = false;
    if (!elbo_run_has_prior(run))
        return ELBO_OK;
    elbo_status status = elbo__run_plan(run, &(elbo__work){.role = ELBO__ENCODE, .batch = 1, .draws = 1}, &planned);
    if (status == ELBO_OK && !(normal = *known = planned->outputs > 1))
        status = has_role(run, ELBO__POSTERIOR_DENSITY, known);
    if (status == ELBO_OK && *known && !(normal && run->normal_prior))
        status = has_role(run, ELBO__PRIOR_DENSITY, known);
    return status;
}

elbo_status elbo_run_mutual_information(elbo_run *run, const elbo_images *images, int64_t count, int64_t seed,
                                        elbo_information *out)
{
    *out = (elbo_information){.mutual_information = NAN, .error = NAN, .kl = NAN, .marginal_kl = NAN};
    elbo__codes c;
    elbo_status status = elbo__codes_open(run, images, count, &c);
    if (status == ELBO_OK)
        status = inform(&c, seed, out);
    elbo__codes_free(&c);
    return status;
}
