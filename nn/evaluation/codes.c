#include "codes.h"

#include <math.h>
#include <string.h>

#include "../../tensor/memory.h"

/* ---- priors ------------------------------------------------------------------------------------------------------ */

static void free_priors(elbo__priors *p)
{
    elbo__free(p->mean);
    elbo__free(p->deviation);
    *p = (elbo__priors){.mean = NULL};
}

static elbo_status find_priors(elbo_run *run, elbo__priors *out)
{
    *out = (elbo__priors){.count = elbo__run_takes_labels(run) ? run->classes : 1};
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

bool elbo__priors_are_one(const elbo__priors *p, int64_t latent)
{
    const size_t size = (size_t)latent * sizeof(float);
    bool one = p->mean;
    for (int64_t i = 1; i < p->count && one; i++)
        one = memcmp(p->mean, p->mean + i * latent, size) == 0 &&
              memcmp(p->deviation, p->deviation + i * latent, size) == 0;
    return one;
}

double elbo__normal_kl(double m, double logvar, double n, double t)
{
    return ((((m - n) * (m - n) + exp(logvar)) / (t * t)) - 1 - logvar + 2 * log(t)) / 2;
}

/* ---- codes ------------------------------------------------------------------------------------------------------- */

void elbo__codes_free(elbo__codes *c)
{
    elbo__table_free(&c->table);
    free_priors(&c->priors);
    elbo__free(c->mean);
    elbo__free(c->logvar);
}

elbo_status elbo__codes_open(elbo_run *run, const elbo_images *images, int64_t count, elbo__codes *out)
{
    *out = (elbo__codes){.run = run};
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
    elbo__codes *c = user;
    const int64_t latent = c->run->latent;
    c->normal = piece->planned->outputs > 1;
    elbo_status status = elbo__piece_rows(c->run, piece, 0, latent, c->mean);
    if (status == ELBO_OK && c->normal)
        status = elbo__piece_rows(c->run, piece, 1, latent, c->logvar);
    for (int64_t i = 0; i < piece->batch && status == ELBO_OK; i++)
        status = c->look(c->user, piece->first + i, c->mean + i * latent, c->normal ? c->logvar + i * latent : NULL);
    return status;
}

elbo_status elbo__codes_look(elbo__codes *c)
{
    return elbo__run_ask(
        c->run, &c->table,
        &(elbo__question){.role = ELBO__ENCODE, .count = c->count, .draws = 1, .take = take_codes, .user = c});
}

int64_t elbo__codes_prior(const elbo__codes *c, int64_t image)
{
    return c->table.labels.data ? (int64_t)elbo_tensor_get(&c->table.labels, &image) : 0;
}
