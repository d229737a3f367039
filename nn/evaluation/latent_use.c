#include "latent_use.h"

#include <math.h>

#include "../../tensor/memory.h"
#include "codes.h"

/* Sums under way: of a unit the mean of its codes so far, and in use->variance their squares about it (Welford). */
typedef struct {
    const elbo__codes *codes;
    elbo_latent_use *use;
    double *mean;
} counting;

static elbo_status count_unit(void *user, int64_t image, const float *mean, const float *logvar)
{
    const counting *c = user;
    const elbo__priors *p = &c->codes->priors;
    const int64_t at = c->use->latent * elbo__codes_prior(c->codes, image);
    for (int64_t j = 0; j < c->use->latent; j++) {
        const double before = mean[j] - c->mean[j];
        c->mean[j] += before / (double)(image + 1);
        c->use->variance[j] += before * (mean[j] - c->mean[j]);
        if (logvar && p->mean)
            c->use->kl[j] += elbo__normal_kl(mean[j], logvar[j], p->mean[at + j], p->deviation[at + j]);
    }
    return ELBO_OK;
}

static void finish(const elbo__codes *c, elbo_latent_use *use)
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
    elbo__codes c;
    elbo_status status = elbo__codes_open(run, images, count, &c);
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
        status = elbo__codes_look(&c);
    if (status == ELBO_OK)
        finish(&c, out);
    else
        elbo_latent_use_free(out);
    elbo__free(sums.mean);
    elbo__codes_free(&c);
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
