/* The prior that the run was trained with, whatever it is; and the same by the name of what it is. */
#include <string.h>

#include "../../tensor/memory.h"
#include "sampler_private.h"

static elbo_status has_prior(const elbo_run *run)
{
    return elbo_run_has_prior(run)
               ? ELBO_OK
               : elbo__fail(ELBO_INVALID, "model \"%s\" has no prior to draw from", run->model->name);
}

/* Whether an option of the model, or what it is without one, is among these words, "vmf|power-spherical". */
static bool is_one_of(const elbo_run *run, const char *option, const char *usual, const char *words)
{
    const elbo_value *value = elbo_values_get(run->options, option, ELBO_CHOICE);
    const char *word = value ? value->text : usual;
    const size_t length = strlen(word);
    for (const char *at = words; *at; at += strcspn(at, "|"), at += *at == '|')
        if (strcspn(at, "|") == length && strncmp(at, word, length) == 0)
            return true;
    return false;
}

static elbo_status is_named(const elbo_run *run, bool named, const char *what)
{
    elbo_status status = has_prior(run);
    if (status == ELBO_OK && !named)
        return elbo__fail(ELBO_INVALID, "the prior of this run of model \"%s\" is no %s; sampler prior draws it",
                          run->model->name, what);
    return status;
}

static elbo_status is_normal(const elbo_run *run)
{
    return is_named(run, elbo_run_has_normal_prior(run), "normal distribution");
}

static elbo_status is_vamp(const elbo_run *run)
{
    return is_named(run, is_one_of(run, "prior", "", "vamp"), "VampPrior");
}

static elbo_status is_hypersphere(const elbo_run *run)
{
    return is_named(
        run, is_one_of(run, "posterior", "", "vmf|power-spherical") && is_one_of(run, "prior", "standard", "standard"),
        "uniform distribution on the sphere");
}

static elbo_status is_poincare(const elbo_run *run)
{
    return is_named(run,
                    is_one_of(run, "posterior", "", "wrapped-normal|riemannian-normal") &&
                        is_one_of(run, "prior", "standard", "standard"),
                    "normal distribution on the Poincare ball");
}

static elbo_status draw(elbo_sampler *s, const int *labels, int64_t n, int64_t seed, float *z)
{
    return elbo_run_draw_prior(s->run, labels, n, seed, z);
}

static elbo_status log_prob(elbo_sampler *s, const float *z, const int *labels, int64_t n, double *nats)
{
    float *own = elbo__calloc((size_t)n, sizeof *own);
    elbo_status status = own ? elbo__run_prior_density(s->run, z, labels, n, own) : ELBO_NO_MEMORY;
    for (int64_t i = 0; i < n && status == ELBO_OK; i++)
        nats[i] = own[i];
    elbo__free(own);
    return status;
}

#define PRIOR(id, suits)                                                                                               \
    const elbo__sampler_kind elbo__sampler_##id = {.check = suits, .draw = draw, .log_prob = log_prob, .prior = true};
PRIOR(prior, has_prior)
PRIOR(normal, is_normal)
PRIOR(vamp, is_vamp)
PRIOR(hypersphere, is_hypersphere)
PRIOR(poincare, is_poincare)
