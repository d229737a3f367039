/* The prior that the run was trained with, whatever it is; and the same by the name of what it is. */
#include "../../tensor/error_private.h"
#include "sampler_private.h"

static elbo_status has_prior(const elbo_run *run)
{
    return elbo_run_has_prior(run)
               ? ELBO_OK
               : elbo__fail(ELBO_INVALID, "model \"%s\" has no prior to draw from", run->model->name);
}

static elbo_status has_normal_prior(const elbo_run *run)
{
    elbo_status status = has_prior(run);
    if (status == ELBO_OK && !elbo_run_has_normal_prior(run))
        return elbo__fail(ELBO_INVALID, "the prior of model \"%s\" is no normal distribution; sampler prior draws it",
                          run->model->name);
    return status;
}

static elbo_status draw(elbo_sampler *s, const int *labels, int64_t n, int64_t seed, float *z)
{
    return elbo_run_draw_prior(s->run, labels, n, seed, z);
}

const elbo__sampler_kind elbo__sampler_prior = {.check = has_prior, .draw = draw};
const elbo__sampler_kind elbo__sampler_normal = {.check = has_normal_prior, .draw = draw};
