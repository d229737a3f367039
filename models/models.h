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

/* One row for each: its name in C, as elbo_model_vae, and who described it. */
#define ELBO_MODELS(MODEL)                                                                                            \
    MODEL(vae)          /* Kingma and Welling 2013, arXiv:1312.6114                  */                               \
    MODEL(cvae)         /* Sohn, Lee and Yan 2015                                    */                               \
    MODEL(beta_vae)     /* Higgins et al. 2017                                       */                               \
    MODEL(capacity_vae) /* Burgess et al. 2018, arXiv:1804.03599                     */                               \
    MODEL(ms_ssim_vae)  /* Snell et al. 2015, arXiv:1511.06409                       */                               \
    MODEL(iwae)         /* Burda, Grosse and Salakhutdinov 2015, arXiv:1509.00519    */                               \
    MODEL(miwae)        /* Rainforth et al. 2018, arXiv:1802.04537                   */                               \
    MODEL(piwae)        /* the same                                                  */                               \
    MODEL(ciwae)        /* the same                                                  */                               \
    MODEL(planar_vae)   /* Rezende and Mohamed 2015, arXiv:1505.05770                */                               \
    MODEL(radial_vae)   /* the same                                                  */                               \
    MODEL(iaf_vae)      /* Kingma et al. 2016, arXiv:1606.04934                      */                               \
    MODEL(maf_vae)      /* Papamakarios, Pavlakou and Murray 2017, arXiv:1705.07057  */                               \
    MODEL(hvae)         /* Caterini, Doucet and Sejdinovic 2018, arXiv:1805.11328    */                               \
    MODEL(rhvae)        /* Chadebec et al. 2021, arXiv:2105.00026                    */                               \
    MODEL(ladder_vae)   /* Sonderby et al. 2016, arXiv:1602.02282                    */                               \
    MODEL(svae)         /* Davidson et al. 2018, arXiv:1804.00891                    */                               \
    MODEL(poincare_vae) /* Mathieu et al. 2019, arXiv:1901.06033                     */                               \
    MODEL(vamp_vae)     /* Tomczak and Welling 2018, arXiv:1705.07120                */                               \
    MODEL(mixture_vae)  /* the same                                                  */                               \
    MODEL(wae)          /* Tolstikhin et al. 2018, arXiv:1711.01558                  */                               \
    MODEL(info_vae)     /* Zhao, Song and Ermon 2017, arXiv:1706.02262               */                               \
    MODEL(beta_tcvae)   /* Chen et al. 2018, arXiv:1802.04942                        */                               \
    MODEL(factor_vae)   /* Kim and Mnih 2018, arXiv:1802.05983                       */                               \
    MODEL(aae)          /* Makhzani et al. 2016, arXiv:1511.05644                    */                               \
    MODEL(vae_gan)      /* Larsen et al. 2016, arXiv:1512.09300                      */                               \
    MODEL(vq_vae)       /* van den Oord et al. 2017, arXiv:1711.00937                */                               \
    MODEL(hrq_vae)      /* Hosking, Tang and Lapata 2022, arXiv:2203.03463           */                               \
    MODEL(ae)           /* Hinton and Salakhutdinov 2006                             */                               \
    MODEL(rae_l2)       /* Ghosh et al. 2020, arXiv:1903.12436                       */                               \
    MODEL(rae_gp)       /* the same                                                  */                               \
    MODEL(rae_sn)       /* the same                                                  */                               \
    MODEL(pca)          /* Pearson 1901                                              */                               \
    MODEL(ppca)         /* Tipping and Bishop 1999                                   */                               \
    MODEL(classifier)   /* features to compare sets of images by                     */

#define ELBO_MODEL_DECLARED(name) ELBO_API extern const elbo_model elbo_model_##name;
ELBO_MODELS(ELBO_MODEL_DECLARED)

/* All of them, then NULL. */
ELBO_API extern const elbo_model *const elbo_models[];

/* By name; NULL and a message that names one that may be meant, or all, when there is none. */
ELBO_API const elbo_model *elbo_model_find(const char *name);

#ifdef __cplusplus
}
#endif
#endif
