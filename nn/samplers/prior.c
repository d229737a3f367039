/* The prior that the run was trained with, whatever it is; and the same by the name of what it is. */
#include <string.h>

#include "../../tensor/error_private.h"
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

const elbo__sampler_kind elbo__sampler_prior = {.check = has_prior, .draw = draw, .prior = true};
const elbo__sampler_kind elbo__sampler_normal = {.check = is_normal, .draw = draw, .prior = true};
const elbo__sampler_kind elbo__sampler_vamp = {.check = is_vamp, .draw = draw, .prior = true};
const elbo__sampler_kind elbo__sampler_hypersphere = {.check = is_hypersphere, .draw = draw, .prior = true};
const elbo__sampler_kind elbo__sampler_poincare = {.check = is_poincare, .draw = draw, .prior = true};
