/* The Poincare ball: hyperbolic space of curvature -c < 0 as the points z with c |z|^2 < 1, and what maps into it and
 * out of it (Ganea, Becigneul and Hofmann, arXiv:1805.09112; Mathieu et al., arXiv:1901.06033).
 *
 *     elbo_var *mean = elbo_ball_exp0(elbo_linear(h, "encoder.mean", 2), c);           // (B, 2), inside
 *     elbo_var *z = elbo_ball_move(mean, v, c);                                        // at the distance |v| of it
 *     elbo_var *y = elbo_relu(elbo_gyroplanes(z, "decoder.hidden", 400, c));           // and out again
 *
 * Points are rows of the last axis, (..., Z); axes before it broadcast. Points x and y lie at the distance
 *
 *     d(x, y) = 2/sqrt(c) arsinh sqrt(c |x - y|^2 / ((1 - c|x|^2) (1 - c|y|^2)))
 *
 * of each other, so d(0, z) = 2/sqrt(c) artanh(sqrt(c) |z|); a short step at z is 2 / (1 - c|z|^2) times as long as its
 * numbers say.
 *
 * Every point that is made here has sqrt(c) |z| <= 1 - 1e-5 in f32 and 1 - 1e-10 in f64, which is sqrt(c) d(0, z) <=
 * 12.2 and 23.7. One that would lie beyond is put on that edge, in the same direction, and has no derivative across it.
 * Near the edge 1 - c|z|^2 has few digits: there a distance of f32 is right to 0.01. So that no more are lost than
 * that, denominators are sums of positive terms: 1 + 2c<x,y> + c^2|x|^2|y|^2 = c|x + y|^2 + (1 - c|x|^2) (1 - c|y|^2).
 * A point from elsewhere goes through elbo_ball_project first.
 */
#ifndef ELBO_NN_BALL_H
#define ELBO_NN_BALL_H

#include "../../autograd/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How far from 0 that edge is, in graphs of this dtype. */
ELBO_API double elbo_ball_reach(elbo_dtype dtype, double c);

/* The nearest point of the ball that is used: z, or (1 - margin) z / (sqrt(c) |z|). */
ELBO_API elbo_var *elbo_ball_project(elbo_var *z, double c);

/* Moebius addition, 0 + y = y, x + 0 = x, -x + x = 0, neither commutative nor associative:
 * ((1 + 2c<x,y> + c|y|^2) x + (1 - c|x|^2) y) / (1 + 2c<x,y> + c^2|x|^2|y|^2) */
ELBO_API elbo_var *elbo_ball_add(elbo_var *x, elbo_var *y, double c);

/* The exponential map at 0, tanh(sqrt(c) |v|) v / (sqrt(c) |v|), and its inverse: d(0, exp0(v)) = 2 |v|. */
ELBO_API elbo_var *elbo_ball_exp0(elbo_var *v, double c);
ELBO_API elbo_var *elbo_ball_log0(elbo_var *z, double c);

/* d(x, y), without the last axis: (..., Z) -> (...) */
ELBO_API elbo_var *elbo_ball_distance(elbo_var *x, elbo_var *y, double c);

/* x + exp0(v/2): where one gets from x by |v| in the direction v; and the v that leads from x to y. */
ELBO_API elbo_var *elbo_ball_move(elbo_var *x, elbo_var *v, double c);
ELBO_API elbo_var *elbo_ball_between(elbo_var *x, elbo_var *y, double c);

/* Signed distances of z (..., Z) to `out` planes of the ball, which a linear layer's are for flat space: plane i cuts
 * the line through 0 in the direction a = weight[i] at the signed distance bias[i] of 0, at a right angle. With p the
 * point of that cut,
 *
 *     1/sqrt(c) arsinh(2 sqrt(c) <-p + z, a> / ((1 - c|-p + z|^2) |a|))   (arXiv:1901.06033, section 3.2)
 *
 * where |a| does not count. NAME.weight (out, Z), U(+-1/sqrt(Z)) at first, NAME.bias (out), U(+-4/sqrt(Z)). */
ELBO_API elbo_var *elbo_gyroplanes(elbo_var *z, const char *name, int64_t out, double c);

#ifdef __cplusplus
}
#endif
#endif
