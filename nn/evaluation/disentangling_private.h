/* Internal: the parts of nn/evaluation/disentangling.h. */
#ifndef ELBO_NN_DISENTANGLING_PRIVATE_H
#define ELBO_NN_DISENTANGLING_PRIVATE_H

#include "../../tensor/error_private.h"
#include "disentangling.h"

/* Whether the values of a factor lie in a row; and how many there are, the largest and one more. */
bool elbo__is_ordered(const elbo_factored *data, int64_t factor);
int elbo__values_of(const elbo_factored *data, int64_t factor);

/* Fills in information, entropy, mig; sap. */
elbo_status elbo__find_mig(const elbo_factored *data, elbo_disentangling *out) ELBO_MUST_CHECK;
elbo_status elbo__find_sap(const elbo_factored *data, elbo_disentangling *out) ELBO_MUST_CHECK;

/* Fills in importance, disentanglement, completeness, informativeness. */
elbo_status elbo__find_dci(const elbo_factored *data, int64_t seed, elbo_disentangling *out) ELBO_MUST_CHECK;

/* A sum of boosted stumps that says target (n) by codes: rows (n) are those of `data` to learn from. Adds to gain (Z)
 * what each code has taken away from the sum of squares about the mean. */
typedef struct elbo__stumps elbo__stumps;
elbo_status elbo__stumps_fit(const elbo_factored *data, const int32_t *rows, const double *target, int64_t n,
                             double *gain, elbo__stumps **out) ELBO_MUST_CHECK;
double elbo__stumps_say(const elbo__stumps *stumps, const float *code); /* code (Z) */
void elbo__stumps_free(elbo__stumps *stumps);

/* Fills in factor_score, beta_score. */
elbo_status elbo__find_scores(const elbo_factored *data, int64_t seed, elbo_disentangling *out) ELBO_MUST_CHECK;

/* A linear classifier: softmax regression of labels 0..classes-1 on x (n, width), each column by its mean and
 * deviation, with the penalty |w|^2 / (2 n). Returns the share of x2 (n2, width) whose label it tells in *right. */
elbo_status elbo__tell_apart(const double *x, const int *labels, int64_t n, const double *x2, const int *labels2,
                             int64_t n2, int64_t width, int classes, double *right) ELBO_MUST_CHECK;

#endif
