/* Operations on nodes.
 *
 * Unless said otherwise operands are of the graph's dtype (f32 or f64), shapes broadcast as in NumPy (aligned at the
 * last axis, sizes 1 stretch), and an axis may be negative, counting from the end. A shape that does not fit puts the
 * graph in error. elbo_mul(x, elbo_constant(g, 2)) may be written elbo_scale(x, 2).
 */
#ifndef ELBO_AUTOGRAD_OPS_H
#define ELBO_AUTOGRAD_OPS_H

#include "graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- elementwise, one operand: the rows of tensor/elementwise.def ------------------------------------------------ */

ELBO_API elbo_var *elbo_copy(elbo_var *x);       /* x, in memory of its own         */
ELBO_API elbo_var *elbo_neg(elbo_var *x);        /* -x                              */
ELBO_API elbo_var *elbo_abs(elbo_var *x);        /* |x|; derivative sign(x), 0 at 0 */
ELBO_API elbo_var *elbo_sign(elbo_var *x);       /* -1, 0 or 1; derivative 0        */
ELBO_API elbo_var *elbo_square(elbo_var *x);     /* x^2                             */
ELBO_API elbo_var *elbo_sqrt(elbo_var *x);       /* x^(1/2)                         */
ELBO_API elbo_var *elbo_reciprocal(elbo_var *x); /* 1/x                             */
ELBO_API elbo_var *elbo_exp(elbo_var *x);        /* e^x                             */
ELBO_API elbo_var *elbo_expm1(elbo_var *x);      /* e^x - 1                         */
ELBO_API elbo_var *elbo_log(elbo_var *x);        /* ln x                            */
ELBO_API elbo_var *elbo_log1p(elbo_var *x);      /* ln(1 + x)                       */
ELBO_API elbo_var *elbo_sin(elbo_var *x);
ELBO_API elbo_var *elbo_cos(elbo_var *x);
ELBO_API elbo_var *elbo_tanh(elbo_var *x);
ELBO_API elbo_var *elbo_erf(elbo_var *x);
ELBO_API elbo_var *elbo_sigmoid(elbo_var *x);  /* 1 / (1 + e^-x)                                               */
ELBO_API elbo_var *elbo_softplus(elbo_var *x); /* ln(1 + e^x), without overflow                                */
ELBO_API elbo_var *elbo_relu(elbo_var *x);     /* max(x, 0); derivative 0 at 0                                 */
ELBO_API elbo_var *elbo_floor(elbo_var *x);    /* the largest integer <= x; derivative 0                       */
ELBO_API elbo_var *elbo_round(elbo_var *x);    /* the nearest integer, of two the even one; derivative 0       */
ELBO_API elbo_var *elbo_lgamma(elbo_var *x);   /* ln |gamma(x)|; infinite at 0, -1, -2, ...                    */
ELBO_API elbo_var *elbo_digamma(elbo_var *x);  /* d/dx ln |gamma(x)|; at 0 infinite, at -1, -2, ... NaN        */
ELBO_API elbo_var *elbo_trigamma(elbo_var *x); /* d/dx digamma(x); infinite at 0, -1, ...; derivative if x > 0 */
ELBO_API elbo_var *elbo_isfinite(elbo_var *x); /* 1 where x is a number, 0 where it is an infinity or NaN      */

/* ---- elementwise, two or three operands -------------------------------------------------------------------------- */

ELBO_API elbo_var *elbo_add(elbo_var *a, elbo_var *b); /* a + b            */
ELBO_API elbo_var *elbo_sub(elbo_var *a, elbo_var *b); /* a - b            */
ELBO_API elbo_var *elbo_mul(elbo_var *a, elbo_var *b); /* a b, elementwise */
ELBO_API elbo_var *elbo_div(elbo_var *a, elbo_var *b); /* a / b            */
ELBO_API elbo_var *elbo_pow(elbo_var *a, elbo_var *b); /* a^b, a > 0       */
/* a - b floor(a / b), between 0 and b, with the sign of b: exact but for one rounding. NaN for b = 0 and for an
 * infinite a; derivatives 1 and -floor(a / b) */
ELBO_API elbo_var *elbo_remainder(elbo_var *a, elbo_var *b);
ELBO_API elbo_var *elbo_maximum(elbo_var *a, elbo_var *b); /* max(a, b); at a tie the derivative goes to a */
ELBO_API elbo_var *elbo_minimum(elbo_var *a, elbo_var *b); /* min(a, b); at a tie the derivative goes to a */
ELBO_API elbo_var *elbo_less(elbo_var *a, elbo_var *b); /* a < b ? 1 : 0 */
ELBO_API elbo_var *elbo_less_equal(elbo_var *a, elbo_var *b); /* a <= b ? 1 : 0 */
ELBO_API elbo_var *elbo_equal(elbo_var *a, elbo_var *b); /* a == b ? 1 : 0 */
ELBO_API elbo_var *elbo_where(elbo_var *c, elbo_var *a, elbo_var *b); /* c != 0 ? a : b */
ELBO_API elbo_var *elbo_mul_add(elbo_var *a, elbo_var *b, elbo_var *c); /* a b + c, rounded once */
ELBO_API elbo_var *elbo_lerp(elbo_var *a, elbo_var *b, elbo_var *c); /* a + (b - a) c */
ELBO_API elbo_var *elbo_clamp(elbo_var *x, double low, double high); /* min(max(x, low), high) */
ELBO_API elbo_var *elbo_scale(elbo_var *x, double factor); /* factor x */
ELBO_API elbo_var *elbo_shift(elbo_var *x, double amount); /* x + amount */

/* ---- Bessel functions -------------------------------------------------------------------------------------------- */

/* I_nu is the modified Bessel function of the first kind, of the order nu >= 0, a number; x >= 0. For x up to 10^6 and
 * nu up to 5000 f32 is right to its last digit, f64 to 11 digits. */
ELBO_API elbo_var *elbo_log_bessel(elbo_var *x, double nu);   /* ln I_nu(x); at 0 -infinity, or 0 for nu = 0      */
ELBO_API elbo_var *elbo_bessel_ratio(elbo_var *x, double nu); /* I_(nu + 1)(x) / I_nu(x), in [0, 1)               */
ELBO_API elbo_var *elbo_bessel_slope(elbo_var *x, double nu); /* its derivative in x, in (0, 1 / (2 nu + 2)]      */

/* ln (gamma(nu + 1) (2/x)^nu I_nu(x)): 0 at 0, and with the ratio for derivative */
ELBO_API elbo_var *elbo_log_bessel_factor(elbo_var *x, double nu);

/* ---- reductions -------------------------------------------------------------------------------------------------- */

/* Over the given axes; `keep` leaves them with size 1. The sum over nothing is 0, the maximum of nothing -infinity. */
ELBO_API elbo_var *elbo_sum(elbo_var *x, const int *axes, int n_axes, bool keep);
ELBO_API elbo_var *elbo_max(elbo_var *x, const int *axes, int n_axes, bool keep); /* ties share the derivative        */
ELBO_API elbo_var *elbo_mean(elbo_var *x, const int *axes, int n_axes, bool keep);
ELBO_API elbo_var *elbo_sum_axis(elbo_var *x, int axis);    /* (..., n, ...) -> (..., ...)             */
ELBO_API elbo_var *elbo_sum_all(elbo_var *x);               /* ()                                      */
ELBO_API elbo_var *elbo_mean_all(elbo_var *x);              /* ()                                      */
ELBO_API elbo_var *elbo_logsumexp(elbo_var *x, int axis);   /* ln sum_axis e^x, shifted by the maximum */
ELBO_API elbo_var *elbo_softmax(elbo_var *x, int axis);     /* e^x / sum_axis e^x                      */
ELBO_API elbo_var *elbo_log_softmax(elbo_var *x, int axis); /* x - logsumexp(x)                        */
ELBO_API elbo_var *elbo_argmax(elbo_var *x, int axis);      /* i32: the first index of the maximum     */

/* ---- products ---------------------------------------------------------------------------------------------------- */

/* (..., M, K) (..., K, N) -> (..., M, N); leading axes broadcast; rank at least 2. A term whose number of one operand
 * is 0 may be left out, even where the other's is not finite: this may differ between processors. */
ELBO_API elbo_var *elbo_matmul(elbo_var *a, elbo_var *b);

/* Of symmetric positive definite matrices (..., n, n), n up to about 100: read as (a + a') / 2, computed in double, NaN
 * for a matrix that is none. */
ELBO_API elbo_var *elbo_spd_inverse(elbo_var *a); /* a^-1 (..., n, n)                              */
ELBO_API elbo_var *elbo_spd_logdet(elbo_var *a);  /* ln |a| (...)                                  */
ELBO_API elbo_var *elbo_cholesky(elbo_var *a);    /* the lower triangle y (..., n, n) with y y' = a */

/* y[b][o] = the sum over c of x[b][c], `padding` zeros on every side, met by w[o][c] at every `stride`-th place:
 * x (B, C, H, W), w (O, C, h, w) -> (B, O, (H + 2 padding - h) / stride + 1, (W + 2 padding - w) / stride + 1) */
ELBO_API elbo_var *elbo_conv2d(elbo_var *x, elbo_var *w, int stride, int padding);

/* The adjoint: <elbo_conv2d(y, w), x> = <y, elbo_conv_transpose2d(x, w)>. x (B, C, H, W), w (C, O, h, w) ->
 * (B, O, (H - 1) stride - 2 padding + h + output_padding, ...), 0 <= output_padding < stride */
ELBO_API elbo_var *elbo_conv_transpose2d(elbo_var *x, elbo_var *w, int stride, int padding, int output_padding);

/* ---- movement: any dtype ----------------------------------------------------------------------------------------- */

ELBO_API elbo_var *elbo_reshape(elbo_var *x, elbo_shape shape); /* row-major order kept; one size may be -1 */
ELBO_API elbo_var *elbo_permute(elbo_var *x, const int *axes);  /* y axis i = x axis axes[i]                */
ELBO_API elbo_var *elbo_transpose(elbo_var *x);                 /* (..., a, b) -> (..., b, a)               */
ELBO_API elbo_var *elbo_expand(elbo_var *x, elbo_shape shape);  /* sizes 1 (and missing axes) repeated      */
ELBO_API elbo_var *elbo_slice(elbo_var *x, int axis, int64_t start, int64_t size);
ELBO_API elbo_var *elbo_unsqueeze(elbo_var *x, int axis); /* a new axis of size 1 before `axis` */
ELBO_API elbo_var *elbo_squeeze(elbo_var *x, int axis); /* drops an axis of size 1 */
ELBO_API elbo_var *elbo_pad(elbo_var *x, int axis, int64_t before, int64_t after); /* with zeros */
ELBO_API elbo_var *elbo_concat(elbo_var *const *xs, int n, int axis); /* side by side along an axis */

/* y[i, ...] = table[index[i], ...]: table (N, ...), index (B) i32 -> (B, ...). An index outside 0..N-1 gives zeros. */
ELBO_API elbo_var *elbo_gather(elbo_var *table, elbo_var *index);

/* y[n, ...] = sum of x[i, ...] over i with index[i] = n: x (B, ...), index (B) i32 -> (rows, ...) */
ELBO_API elbo_var *elbo_scatter_add(elbo_var *x, elbo_var *index, int64_t rows);

/* u8 or i32 to the graph's dtype */
ELBO_API elbo_var *elbo_cast(elbo_var *x);

/* Any dtype to i32: the fraction is cut off (elbo_round and elbo_floor come before), what lies beyond i32 becomes its
 * least or greatest number, NaN 0. No derivative. */
ELBO_API elbo_var *elbo_to_i32(elbo_var *x);

/* y[..., c] = (x == c): x of any dtype (...) -> (..., classes) in the graph's dtype */
ELBO_API elbo_var *elbo_one_hot(elbo_var *x, int64_t classes);

#ifdef __cplusplus
}
#endif
#endif
