/* Codes that are whole numbers: of runs whose model quantises, such as vq-vae and hrq-vae.
 *
 *     elbo_code_map map = elbo_run_code_map(run);
 *     const int64_t size = map.height * map.width * map.levels;        // 0: its codes are no whole numbers
 *     int32_t *codes = malloc((size_t)(n * size) * sizeof *codes);
 *     if (elbo_run_codes(run, &images, codes) != ELBO_OK ||            // (N, H, W, L), each below map.codes
 *         elbo_run_lookup(run, codes, n, z) != ELBO_OK)                // and as z (N, Z), for elbo_run_decode
 *         fprintf(stderr, "%s\n", elbo_error());
 *
 * What is fitted to such codes, as a sampler, works on these three functions.
 */
#ifndef ELBO_NN_CODE_MAP_H
#define ELBO_NN_CODE_MAP_H

#include "run.h"

#ifdef __cplusplus
extern "C" {
#endif

/* L numbers at each of H by W positions: H is 1 where the network knows no rows of positions (mlp). */
typedef struct {
    int64_t height, width, levels; /* H, W, L                       */
    int64_t codes;                 /* a number is in 0 ... codes-1  */
} elbo_code_map;

/* Zeros where the run's codes are no whole numbers. */
ELBO_API elbo_code_map elbo_run_code_map(const elbo_run *run);

/* The codes of all images of a data set, which are read where they lie: (N, H, W, L). ELBO_INVALID where they are no
 * whole numbers. */
ELBO_API elbo_status elbo_run_codes(elbo_run *run, const elbo_images *images, int32_t *codes) ELBO_MUST_CHECK;

/* What elbo_run_encode gives where these are the codes: codes (n, H, W, L) -> z (n, Z). The message names one that is
 * none of the codebook's. */
ELBO_API elbo_status elbo_run_lookup(elbo_run *run, const int32_t *codes, int64_t n, float *z) ELBO_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
