/* Codebooks: rows of numbers replaced by rows of a table, so that a code is one of N whole numbers.
 *
 *     elbo_quantised q = elbo_quantise(h, "codes", (elbo_codebook){.codes = 512});          // h (B, P, d)
 *     elbo_var *x = decode(q.code);                                                         // (B, P, d)
 *     cost = elbo_add(q.codebook, elbo_scale(q.commitment, 0.25));                          // (B), beside recon
 *
 * The choice of a code has no derivative. What stands for it is either that of h itself (straight-through; van den Oord
 * et al., arXiv:1711.00937) or that of a softmax over all codes (Gumbel-softmax; Jang et al., arXiv:1611.01144). Axis 0
 * of h is the batch; rows h (..., d) are quantised one by one, and costs are sums over the rows of an image.
 */
#ifndef ELBO_NN_QUANTISE_H
#define ELBO_NN_QUANTISE_H

#include "../../autograd/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The nearest rows: argmin_k |h_i - e_k|, of two the first: h (..., d), codes (N, d) -> (...) i32 */
ELBO_API elbo_var *elbo_nearest(elbo_var *h, elbo_var *codes);

/* e^H, H = -sum_k p_k ln p_k of the shares p_k of numbers in 0 ... codes-1, (): from 1 (all the same) to `codes` (each
 * as often): index (...) i32 */
ELBO_API elbo_var *elbo_perplexity(elbo_var *index, int64_t codes);

/* ---- one codebook ------------------------------------------------------------------------------------------------ */

/* How codes e_k (N, d) are learned. What is 0 is the default. */
typedef struct {
    int64_t codes;   /* N                                                                                            */
    bool average;    /* by moving averages of the rows that choose them; else by the gradient of `codebook`          */
    double decay;    /* g, of all moving averages; 0: 0.99                                                           */
    double restart;  /* a code that is chosen less than this times as often as the mean one, in the moving average,  */
                     /* begins anew at a row of the batch (after Dhariwal et al., arXiv:2005.00341); 0: never        */
} elbo_codebook;

/* With e the nearest code of each row: */
typedef struct {
    elbo_var *code;       /* (..., d) e, with the derivative of h                                                    */
    elbo_var *index;      /* (...) i32 its number                                                                    */
    elbo_var *codebook;   /* (B) sum |sg h - e|^2; NULL where codes are averages, which nothing presses              */
    elbo_var *commitment; /* (B) sum |h - sg e|^2                                                                    */
    elbo_var *perplexity; /* () of the batch                                                                         */
    elbo_var *dead;       /* () codes that are chosen less than a hundredth as often as the mean one, in the moving  */
                          /* average                                                                                  */
} elbo_quantised;

/* Rows h (..., d) by codes NAME.weight (N, d), at first U(-1/N, 1/N). State NAME.count (N), at first 1, follows how
 * many rows of a training batch choose a code: n <- g n + (1 - g) #. With `average` there are no weights: state
 * NAME.sum (N, d) follows the sums of those rows, m <- g m + (1 - g) sum h, and
 *
 *     e_k = m_k / n~_k,   n~_k = (n_k + 1e-5) / (sum n + 1e-5 N) sum n
 *
 * (appendix A.1 of the paper, smoothed). A code that begins anew counts as the mean one. A batch is quantised by the
 * codes as they were before it. Averages move in graphs for training alone, and not while statistics are frozen
 * (elbo_freeze_statistics), nor for a code whose rows are not finite. */
ELBO_API elbo_quantised elbo_quantise(elbo_var *h, const char *name, elbo_codebook codebook);

/* The codes e (N, d) of elbo_quantise, as they are at that place of the graph: what elbo_gather looks numbers up in */
ELBO_API elbo_var *elbo_codes(elbo_graph *graph, const char *name, elbo_codebook codebook, int64_t dims);

/* ---- a codebook for what the last one left ----------------------------------------------------------------------- */

#define ELBO_MAX_LEVELS 16

typedef struct {
    int levels;                   /* L                                                                               */
    int64_t codes;                /* N of each                                                                       */
    elbo_var *const *temperature; /* [L] () t_l, of the soft choice in training                                      */
    double drop;                  /* with this probability a level is left out of a row, and those after it too      */
    double shrink;                /* s: codes of a level are to be shorter than those before by this factor; 0: 1.5  */
} elbo_residual_codebook;

typedef struct {
    elbo_var *code;       /* (..., d) sum_l m_l q_l                                                                  */
    elbo_var *index;      /* (..., L) i32                                                                            */
    elbo_var *kl;         /* (B) sum_l KL(uniform || softmax(logits_l)), in nats                                     */
    elbo_var *norms;      /* (B) mean_l>0 (max(s |q_l| / |q_l-1|, 1) - 1)^2, summed over rows; NULL for one level    */
    elbo_var *perplexity[ELBO_MAX_LEVELS]; /* () of each level                                                       */
} elbo_residual_quantised;

/* Hierarchical residual quantisation (Hosking, Tang and Lapata, ACL 2022, arXiv:2203.03463): level l quantises the
 * residual r_l = h - sum_j<l q_j by codes NAME.level.weight, NAME.level2.weight, ... (N, d), at first of norm 2^-l in
 * uniform directions. Logits are -|r - e_k|^2. In training q_l = e_k of the largest logit + Gumbel noise, with the
 * derivative of softmax((logits + noise) / t_l) in place of that choice's; m_l = 1 with probability 1 - drop times
 * m_l-1. In evaluation q_l is the nearest code and m_l = 1. */
ELBO_API elbo_residual_quantised elbo_quantise_residual(elbo_var *h, const char *name, elbo_residual_codebook codebook);

/* sum_l e_l[index_l] of these codes: index (..., L) i32 -> (..., dims) */
ELBO_API elbo_var *elbo_residual_codes(elbo_var *index, const char *name, elbo_residual_codebook codebook,
                                       int64_t dims);

#ifdef __cplusplus
}
#endif
#endif
