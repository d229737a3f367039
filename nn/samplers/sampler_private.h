/* Internal: what a sampler is made of. One file declares one kind, a row of ELBO__SAMPLER_TABLE. */
#ifndef ELBO_NN_SAMPLER_PRIVATE_H
#define ELBO_NN_SAMPLER_PRIVATE_H

#include "../../io/ini.h"
#include "../../io/safetensors.h"
#include "../runs/run_private.h"
#include "options.h"
#include "sampler.h"

/* What a sampler is fitted to. */
typedef struct {
    float *z;    /* (n, Z), all finite                                       */
    int *labels; /* (n), as the run knows the classes; NULL: it takes none   */
    int64_t n;
    const elbo_images *images; /* that they are codes of                     */
} elbo__codes;

/* What is NULL: there is no such thing. */
typedef struct {
    elbo_status (*check)(const elbo_run *run);                    /* whether the run can have it; NULL: any can */
    elbo_status (*fit)(elbo_sampler *s, const elbo__codes *codes); /* sets s->fitted                             */
    elbo_status (*draw)(elbo_sampler *s, const int *labels, int64_t n, int64_t seed, float *z);
    elbo_status (*log_prob)(elbo_sampler *s, const float *z, const int *labels, int64_t n, double *nats);
    /* what was fitted to a file, with `notes` in its metadata, and back to s->fitted; messages do not name the file */
    elbo_status (*write)(const elbo_sampler *s, const char *path, const elbo_ini *notes);
    elbo_status (*read)(elbo_sampler *s, const elbo_safetensors *file);
    void (*release)(void *fitted);
    bool prior;                                                    /* draws are those of the run's own prior     */
    const elbo_model *model;                                       /* of codes, for the hooks of on_codes.h      */
} elbo__sampler_kind;

#define ELBO__SAMPLER_TABLE(SAMPLER)                                                                                   \
    SAMPLER("prior", prior)                                                                                           \
    SAMPLER("normal", normal)                                                                                         \
    SAMPLER("vamp", vamp)                                                                                             \
    SAMPLER("hypersphere", hypersphere)                                                                               \
    SAMPLER("poincare", poincare)                                                                                     \
    SAMPLER("gmm", gmm)                                                                                               \
    SAMPLER("maf", maf)                                                                                               \
    SAMPLER("iaf", iaf)                                                                                               \
    SAMPLER("two-stage", two_stage)                                                                                   \
    SAMPLER("pixelcnn", pixelcnn)                                                                                     \
    SAMPLER("rhvae", rhvae)

#define DECLARE(name, id) extern const elbo__sampler_kind elbo__sampler_##id;
ELBO__SAMPLER_TABLE(DECLARE)
#undef DECLARE

struct elbo_sampler {
    const char *name;
    const elbo__sampler_kind *kind;
    elbo_run *run;       /* borrowed                                */
    elbo_values *values; /* of elbo_sampler_options                 */
    elbo_ini notes;      /* what the fit came to, quoted            */
    void *fitted;        /* of the kind; NULL: nothing is fitted    */
};

/* A sampler without anything fitted. NULL on failure, as where the run cannot have it. */
elbo_sampler *elbo__sampler_new(elbo_run *run, const char *name);

/* Notes a figure of the fit. */
elbo_status elbo__sampler_note(elbo_sampler *s, const char *key, double value) ELBO_MUST_CHECK;

/* For `write` of a kind whose fit is so many tensors. */
elbo_status elbo__sampler_write_tensors(const char *path, const elbo_named_tensor *tensors, int64_t count,
                                        const elbo_ini *notes) ELBO_MUST_CHECK;

/* How many densities there are: one for each class, or one. */
int64_t elbo__sampler_classes(const elbo_sampler *s);

#endif
