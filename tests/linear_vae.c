#include "linear_vae.h"

#include <check.h>
#include <stdio.h>

enum { MOST = 64 };

static void set(elbo_run *run, const char *name, const double *values)
{
    static const double zeros[MOST];
    run_set_param(run, name, values ? values : zeros);
}

elbo_run *linear_vae_run(const linear_vae *l)
{
    char latent[16];
    snprintf(latent, sizeof latent, "%d", (int)l->latent);
    ck_assert_int_le(l->pixels * l->latent, MOST);
    elbo_run *run = run_of(&elbo_model_vae,
                           OPTIONS("hidden", "none", "likelihood", "gaussian", "latent-dim", latent, "variance",
                                   l->variance ? l->variance : "0.1"),
                           ELBO_SHAPE(l->pixels), 0);
    set(run, "encoder.mean.weight", l->code);
    set(run, "encoder.mean.bias", l->code_bias);
    set(run, "encoder.logvar.weight", NULL);
    set(run, "encoder.logvar.bias", l->logvar);
    set(run, "decoder.mean.weight", l->decode);
    set(run, "decoder.mean.bias", l->mean);
    return run;
}
