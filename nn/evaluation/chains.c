#include "chains.h"

#include <math.h>
#include <string.h>

#include "../../tensor/memory.h"

/* ---- room -------------------------------------------------------------------------------------------------------- */

static elbo_status open_place(elbo__place *p, size_t chains, size_t latent)
{
    p->z = elbo__calloc(chains, latent * sizeof *p->z);
    p->of_likelihood = elbo__calloc(chains, latent * sizeof *p->z);
    p->of_prior = elbo__calloc(chains, latent * sizeof *p->z);
    p->likelihood = elbo__calloc(chains, sizeof *p->z);
    p->prior = elbo__calloc(chains, sizeof *p->z);
    return p->z && p->of_likelihood && p->of_prior && p->likelihood && p->prior ? ELBO_OK : ELBO_NO_MEMORY;
}

static void free_place(elbo__place *p)
{
    elbo__free(p->z);
    elbo__free(p->of_likelihood);
    elbo__free(p->of_prior);
    elbo__free(p->likelihood);
    elbo__free(p->prior);
}

elbo_status elbo__chains_open(elbo_run *run, int64_t images, int64_t chains, elbo__chains *out)
{
    const size_t n = (size_t)(images * chains), latent = (size_t)run->latent;
    *out = (elbo__chains){.run = run, .images = images, .chains = chains};
    out->momentum = elbo__calloc(n, latent * sizeof *out->momentum);
    out->before = elbo__calloc(n, sizeof *out->before);
    out->uniform = elbo__calloc(n, sizeof *out->uniform);
    out->z = elbo__calloc(n, latent * sizeof *out->z);
    elbo_status status = out->momentum && out->before && out->uniform && out->z ? ELBO_OK : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = open_place(&out->at, n, latent);
    return status == ELBO_OK ? open_place(&out->proposed, n, latent) : status;
}

void elbo__chains_free(elbo__chains *c)
{
    free_place(&c->at);
    free_place(&c->proposed);
    elbo__free(c->momentum);
    elbo__free(c->before);
    elbo__free(c->uniform);
    elbo__free(c->z);
    *c = (elbo__chains){.run = NULL};
}

/* ---- densities --------------------------------------------------------------------------------------------------- */

static bool has_nan(const float *x, int64_t n)
{
    int found = 0;
    for (int64_t i = 0; i < n; i++)
        found |= isnan(x[i]);
    return found;
}

static elbo_status bind(const elbo__chains *c, const float *x, const int *labels, elbo_plan *plan)
{
    const elbo_run *run = c->run;
    elbo_status status = elbo_plan_bind(plan, "x", elbo_tensor_of(ELBO_F32, ELBO_SHAPE(c->images, run->pixels), x));
    if (status == ELBO_OK)
        status = elbo_plan_bind(plan, "z",
                                elbo_tensor_of(ELBO_F32, ELBO_SHAPE(c->images * c->chains, run->latent), c->z));
    if (status == ELBO_OK && elbo__run_takes_labels(run))
        status = elbo_plan_bind(plan, "labels", elbo_tensor_of(ELBO_I32, ELBO_SHAPE(c->images), labels));
    return status == ELBO_OK ? elbo__run_scalars(run, plan) : status;
}

elbo_status elbo__chains_show(elbo__chains *c, const float *x, const int *labels, int64_t first)
{
    const bool missing = has_nan(x, c->images * c->run->pixels);
    const elbo__work work = {.role = ELBO__JOINT,
                             .batch = c->images,
                             .draws = c->chains,
                             .missing = missing ? ELBO__NAN_MISSING : ELBO__NONE_MISSING,
                             .seen = true,
                             .cut = true};
    c->first = first;
    elbo_status status = elbo__run_plan(c->run, &work, &c->planned);
    if (status == ELBO_OK && c->planned->before)
        status = bind(c, x, labels, c->planned->before);
    if (status == ELBO_OK)
        status = elbo__run_before(c->run, c->planned, (elbo_at){.seed = 0});
    return status == ELBO_OK ? bind(c, x, labels, c->planned->plan) : status;
}

static void copy_output(const elbo__chains *c, int i, double *out)
{
    const elbo_tensor from = elbo_plan_output(c->planned->plan, i);
    const elbo_tensor to = elbo_tensor_of(ELBO_F64, from.layout.shape, out);
    elbo_tensor_copy(&to, &from);
}

static elbo_status look(elbo__chains *c, const elbo__place *p)
{
    const int64_t n = c->images * c->chains * c->run->latent;
    for (int64_t i = 0; i < n; i++)
        c->z[i] = (float)p->z[i];
    elbo_status status = elbo_plan_run(c->planned->plan, c->run->params, (elbo_at){.seed = 0});
    double *const out[] = {p->likelihood, p->prior, p->of_likelihood, p->of_prior};
    for (int i = 0; i < (int)(sizeof out / sizeof out[0]) && status == ELBO_OK; i++)
        copy_output(c, i, out[i]);
    return status;
}

elbo_status elbo__chains_look(elbo__chains *c)
{
    return look(c, &c->at);
}

/* ---- a step ------------------------------------------------------------------------------------------------------ */

/* -log p(z) - power log p(x|z) + |momentum|^2 / 2, of each chain */
static double energy(const elbo__chains *c, const elbo__place *p, int64_t chain, double power)
{
    const int64_t latent = c->run->latent;
    double kinetic = 0;
    for (int64_t j = 0; j < latent; j++)
        kinetic += c->momentum[chain * latent + j] * c->momentum[chain * latent + j];
    return kinetic / 2 - p->prior[chain] - power * p->likelihood[chain];
}

static void kick(elbo__chains *c, const elbo__place *p, double power, double by)
{
    const int64_t n = c->images * c->chains * c->run->latent;
    for (int64_t i = 0; i < n; i++)
        c->momentum[i] += by * (p->of_prior[i] + power * p->of_likelihood[i]);
}

static void drift(elbo__chains *c, double by)
{
    const int64_t n = c->images * c->chains * c->run->latent;
    for (int64_t i = 0; i < n; i++)
        c->proposed.z[i] += by * c->momentum[i];
}

/* From where the chains are to what they propose: with half a step of the momentum at either end. */
static elbo_status leap(elbo__chains *c, double power, int steps, double size)
{
    elbo_status status = ELBO_OK;
    memcpy(c->proposed.z, c->at.z, (size_t)(c->images * c->chains * c->run->latent) * sizeof *c->at.z);
    kick(c, &c->at, power, size / 2);
    for (int i = 0; i < steps && status == ELBO_OK; i++) {
        drift(c, size);
        status = look(c, &c->proposed);
        if (status == ELBO_OK)
            kick(c, &c->proposed, power, i + 1 < steps ? size : size / 2);
    }
    return status;
}

static void take(elbo__chains *c, int64_t chain)
{
    const int64_t latent = c->run->latent, from = chain * latent;
    const size_t size = (size_t)latent * sizeof(double);
    c->at.likelihood[chain] = c->proposed.likelihood[chain];
    c->at.prior[chain] = c->proposed.prior[chain];
    memcpy(c->at.z + from, c->proposed.z + from, size);
    memcpy(c->at.of_likelihood + from, c->proposed.of_likelihood + from, size);
    memcpy(c->at.of_prior + from, c->proposed.of_prior + from, size);
}

elbo_status elbo__chains_step(elbo__chains *c, double power, int leapfrog, double step, elbo__random_key key,
                              double *taken)
{
    const int64_t n = c->images * c->chains, before = c->taken;
    elbo__random_key other = key;
    other.stream++;
    const uint64_t image = (uint64_t)c->first, chain = (uint64_t)c->first_chain;
    elbo__normal_f64(c->momentum, c->images, c->chains, c->run->latent, key, image, chain);
    elbo__uniform_f64(c->uniform, c->images, c->chains, 1, other, image, chain);
    for (int64_t i = 0; i < n; i++)
        c->before[i] = energy(c, &c->at, i, power);
    elbo_status status = leap(c, power, leapfrog, step);
    for (int64_t i = 0; i < n && status == ELBO_OK; i++)
        if (log(c->uniform[i]) < c->before[i] - energy(c, &c->proposed, i, power)) { /* not where that is NaN */
            take(c, i);
            c->taken++;
        }
    c->tried += n;
    if (taken)
        *taken = (double)(c->taken - before) / (double)n;
    return status;
}
