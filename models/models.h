/* The models that come with the library; each is one file of this folder.
 *
 *     const elbo_model *model = elbo_model_find("cvae");       // NULL: elbo_error() names another
 *     for (int i = 0; elbo_models[i]; i++) puts(elbo_models[i]->summary);
 */
#ifndef ELBO_MODELS_MODELS_H
#define ELBO_MODELS_MODELS_H

#include "../nn/model/model.h"

#ifdef __cplusplus
extern "C" {
#endif

ELBO_API extern const elbo_model elbo_model_vae;  /* Kingma and Welling, arXiv:1312.6114 */
ELBO_API extern const elbo_model elbo_model_cvae; /* Sohn, Lee and Yan, NeurIPS 2015     */
ELBO_API extern const elbo_model elbo_model_ae;   /* Hinton and Salakhutdinov 2006       */
ELBO_API extern const elbo_model elbo_model_pca;  /* Pearson 1901                        */
ELBO_API extern const elbo_model elbo_model_ppca; /* Tipping and Bishop 1999             */

/* All of them, then NULL. */
ELBO_API extern const elbo_model *const elbo_models[];

/* By name; NULL and a message that names one that may be meant, or all, when there is none. */
ELBO_API const elbo_model *elbo_model_find(const char *name);

#ifdef __cplusplus
}
#endif
#endif
