#include "workloads.h"

#include "convvae.h"

static const elbo_model *const own[] = {&elbo_bench_ae,      &elbo_bench_tied,    &elbo_bench_iwae,
                                        &elbo_bench_convvae, &elbo_bench_mixture, &elbo_bench_untuned};

const elbo_model *workload(int i)
{
    int library = 0;
    while (elbo_models[library])
        library++;
    if (i < library)
        return elbo_models[i];
    return i - library < (int)(sizeof own / sizeof *own) ? own[i - library] : NULL;
}
