/* Internal: what the two kinds of quantisation share. Rows are h (..., d) as (R, d), R = B ... */
#ifndef ELBO_NN_QUANTISE_PRIVATE_H
#define ELBO_NN_QUANTISE_PRIVATE_H

#include "layers_private.h"
#include "quantise.h"

elbo_var *elbo__as_rows(elbo_var *h);                               /* (..., d) -> (R, d)                          */
elbo_var *elbo__as_before(elbo_var *rows, const elbo_var *h);       /* (R, n) -> (..., n), (R) -> (...), as h was  */
elbo_var *elbo__sum_of_images(elbo_var *terms, const elbo_var *h);  /* R n numbers -> (B)                          */

/* r e_k - |e_k|^2 / 2, the largest for the nearest code: rows (R, d), codes (N, d) -> (R, N) */
elbo_var *elbo__closeness(elbo_var *rows, elbo_var *codes);

#endif
