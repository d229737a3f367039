/* Internal: a posterior, a prior, an objective, each a row of the table in posterior.c, prior.c or objective.c. */
#ifndef ELBO_NN_PARTS_PRIVATE_H
#define ELBO_NN_PARTS_PRIVATE_H

#include "net_private.h"
#include "options.h"
#include "parts.h"

/* A layer as elbo__net_linear is one: x (..., n) -> (..., out) */
typedef elbo_var *(*elbo__layer)(elbo_in *in, elbo_var *x, const char *name, int64_t out);

/* The functions that are NULL are those of most posteriors. */
typedef struct {
    elbo_inference (*infer)(elbo_in *in);             /* from elbo_net_encode(in)                                     */
    int64_t (*dims)(elbo_in *in);                     /* Z; NULL: option latent-dim                                   */
    elbo_dist (*standard)(elbo_in *in, int64_t dims); /* p(z) (B, Z) that goes with it; NULL: N(0, I)                 */
    elbo_dist (*law)(elbo_in *in);                    /* q(z|x) of in->x, whose density is known anywhere: before a   */
                                                      /* flow where there is one. NULL: there is none                 */
    elbo_var *(*place)(elbo_in *in, elbo_var *z);     /* z (..., Z) as the decoder's network sees it; NULL: z         */
    elbo__layer layer;                                /* the decoder's first dense layer; NULL: elbo__net_linear      */
    bool map;                                         /* z is a latent map, for elbo_net_decode_map                   */
    elbo_var *(*lookup)(elbo_in *in, elbo_var *index); /* as elbo_model.lookup; NULL: codes are no whole numbers      */
} elbo__posterior;

/* name in C, word of the option */
#define ELBO__POSTERIORS(ROW) \
    ROW(normal, "normal") \
    ROW(planar, "planar") \
    ROW(radial, "radial") \
    ROW(iaf, "iaf") \
    ROW(maf, "maf") \
    ROW(vmf, "vmf") \
    ROW(power_spherical, "power-spherical") \
    ROW(wrapped_normal, "wrapped-normal") \
    ROW(riemannian_normal, "riemannian-normal") \
    ROW(hamiltonian, "hamiltonian") \
    ROW(riemannian_hamiltonian, "riemannian-hamiltonian") \
    ROW(ladder, "ladder") \
    ROW(delta, "delta") \
    ROW(vq, "vq") \
    ROW(hrq, "hrq")

/* The row of option posterior; normal where that is not declared. */
const elbo__posterior *elbo__posterior_of(elbo_in *in);

/* The Z of a model of parts. */
int64_t elbo__dims_of(elbo_in *in);

typedef struct {
    elbo_dist (*make)(elbo_in *in, int64_t dims); /* (B, Z) */
} elbo__prior;

#define ELBO__PRIORS(ROW) \
    ROW(standard, "standard") \
    ROW(learned, "learned") \
    ROW(mixture, "mixture") \
    ROW(vamp, "vamp") \
    ROW(none, "none")

typedef struct {
    int (*losses)(elbo_in *in, elbo_loss *out); /* as elbo_model.losses */
} elbo__objective;

#define ELBO__OBJECTIVES(ROW) \
    ROW(elbo, "elbo") \
    ROW(capacity, "capacity") \
    ROW(iwae, "iwae") \
    ROW(miwae, "miwae") \
    ROW(piwae, "piwae") \
    ROW(ciwae, "ciwae") \
    ROW(mmd, "mmd") \
    ROW(info, "info") \
    ROW(beta_tc, "beta-tc") \
    ROW(factor, "factor") \
    ROW(adversarial, "adversarial") \
    ROW(vae_gan, "vae-gan") \
    ROW(rae, "rae")

#define ELBO__DECLARE_POSTERIOR(id, word) extern const elbo__posterior elbo__posterior_##id;
#define ELBO__DECLARE_PRIOR(id, word) extern const elbo__prior elbo__prior_##id;
#define ELBO__DECLARE_OBJECTIVE(id, word) extern const elbo__objective elbo__objective_##id;
ELBO__POSTERIORS(ELBO__DECLARE_POSTERIOR)
ELBO__PRIORS(ELBO__DECLARE_PRIOR)
ELBO__OBJECTIVES(ELBO__DECLARE_OBJECTIVE)

/* The place of a word in a list that ends with NULL; the graph is in error and 0 returned where it is none of them. */
int elbo__part_place(elbo_in *in, const char *option, const char *const *words);

/* cost + weight term (); cost itself without a weight, so that a model whose weight is 0 is the one that it comes from,
 * to the last bit. */
elbo_var *elbo__add_weighed(elbo_var *cost, elbo_var *term, double weight);

/* p(z|y) of a bound, which an objective draws from besides; of a posterior without a density the model's own. */
elbo_dist elbo__prior_of(elbo_in *in, const elbo_bound *bound);

/* The same for an objective that has no other use of it, so that what it might learn would stay as it is: anything but
 * `standard` puts the graph in error. */
elbo_dist elbo__fixed_prior_of(elbo_in *in, const elbo_bound *bound);

/* Log-variances (B, n) from h (B, H) by option spread: of layer encoder.logvar, twice those of encoder.logstd, or
 * log(softplus(encoder.variance) + 1e-5) */
elbo_var *elbo__net_logvar(elbo_in *in, elbo_var *h, int64_t n);

/* N(mean, exp logvar) of layer encoder.mean and of these: h (B, H) */
elbo_dist elbo__net_normal(elbo_in *in, elbo_var *h);
elbo_dist elbo__net_law(elbo_in *in); /* of elbo_net_encode */

#endif
