/* Distributions: small values made of nodes.
 *
 *     elbo_dist q = elbo_normal(elbo_linear(h, "encoder.mean", 20), elbo_linear(h, "encoder.logvar", 20));  // q(z|x)
 *     elbo_draw draw = elbo_rsample(q, "z", 0);                                        // z (B, 20), log q(z|x) (B)
 *     elbo_dist p = elbo_bernoulli(elbo_linear(decoder(draw.z), "decoder.logits", 784));   // p(x|z)
 *     elbo_var *loss = elbo_mean_all(elbo_sub(elbo_kl(q, elbo_standard_normal(g, q.shape), NULL),
 *                                             elbo_log_prob(p, x, NULL)));             // -ELBO in nats
 *
 * Axes: images first, then draws (if there are any), then the event: (B, K, D), an event being the last `event_rank`
 * axes (1 unless the caller changes that field). log_prob, entropy and kl are sums over the event, one number for each
 * image (B) or image and draw (B, K), with all constants, in nats. Where one operand has draws and the other does not,
 * as x (B, D) and p(x|z) (B, K, D), the other is repeated over the draws.
 *
 * In nn/distributions: what can be drawn or has a density, one file for each kind. A kind knows nothing of models.
 */
#ifndef ELBO_NN_DISTRIBUTION_H
#define ELBO_NN_DISTRIBUTION_H

#include "../../autograd/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct elbo_dist elbo_dist;

/* Draws with their log-density under the distribution they come from (as transported, where a flow follows). */
typedef struct {
    elbo_var *z;        /* (B, Z), or (B, K, Z)                          */
    elbo_var *log_prob; /* (B),    or (B, K); NULL of a kind without one */
} elbo_draw;

/* What makes a kind of distribution; a user's own is another table like this one. NULL where there is no such thing:
 * asking for it is then an error of the graph that names the kind. */
typedef struct {
    const char *name;
    bool reparametrised; /* the draw has the derivative of its parameters */
    bool curved;         /* x lies on a sphere or in another space that is not R^n */
    bool cost;           /* no density: log_prob is minus a cost, without unit or constant */

    /* log p(x), summed over the event (elbo_event_sum); x has at least the rank of d->shape */
    elbo_var *(*log_prob)(const elbo_dist *d, elbo_var *x, elbo_var *mask);

    /* Draws of `shape` from random stream `name`; where log_prob is left NULL, the function above gives it. */
    elbo_draw (*draw)(const elbo_dist *d, const char *name, elbo_shape shape, int draw_axis);

    elbo_var *(*mean)(const elbo_dist *d);    /* of d->shape                                                          */
    elbo_var *(*entropy)(const elbo_dist *d); /* summed over the event                                                */

    /* KL(q||p) per dimension, not summed; NULL when there is no closed form with p's kind */
    elbo_var *(*kl)(const elbo_dist *q, const elbo_dist *p);

    /* The same as one number for each event, (B) or (B, K), of a kind whose dimensions hang together */
    elbo_var *(*kl_event)(const elbo_dist *q, const elbo_dist *p);
} elbo_dist_kind;

#define ELBO_DIST_ARGS 4

struct elbo_dist {
    const elbo_dist_kind *kind;     /* NULL: no distribution                                                          */
    elbo_graph *graph;
    elbo_var *args[ELBO_DIST_ARGS]; /* what they are is the kind's affair                                             */
    double number;                  /* as well                                                                        */
    elbo_shape shape;               /* of one draw, images first                                                      */
    int event_rank;
    const elbo_dist *components;    /* of a mixture, or the parts of elbo_independent; NULL otherwise                 */
};

/* ---- kinds ------------------------------------------------------------------------------------------------------- */

/* N(mean, diag(exp logvar)): both (B, Z) or (B, K, Z). args: mean, logvar */
ELBO_API elbo_dist elbo_normal(elbo_var *mean, elbo_var *logvar);

/* N(mean, variance I). args: mean, NULL; number: the variance c > 0 */
ELBO_API elbo_dist elbo_normal_fixed(elbo_var *mean, double variance);

/* N(0, I) of the shape (B, Z). args: NULL, NULL; number: 1 */
ELBO_API elbo_dist elbo_standard_normal(elbo_graph *graph, elbo_shape shape);

/* Independent x in {0, 1} (or grey levels in between) with p = sigmoid(logits). args: logits */
ELBO_API elbo_dist elbo_bernoulli(elbo_var *logits);

/* Independent x in [0, 1] of density proportional to e^(x logit): grey levels, with the constant that a Bernoulli lacks
 * there (Loaiza-Ganem and Cunningham, arXiv:1907.06845). args: logits */
ELBO_API elbo_dist elbo_continuous_bernoulli(elbo_var *logits);

/* Laplace: density e^(-|x - location| / b) / 2b, b = exp logscale, both of one shape. args: location, logscale */
ELBO_API elbo_dist elbo_laplace(elbo_var *location, elbo_var *logscale);

/* Log-normal: x > 0 whose logarithm is N(mean, exp logvar). args: mean, logvar */
ELBO_API elbo_dist elbo_log_normal(elbo_var *mean, elbo_var *logvar);

/* Beta on (0, 1): density x^(a-1) (1-x)^(b-1) / B(a, b), a = exp log_a, b = exp log_b. x is clamped to [edge, 1-edge],
 * since at 0 and 1 the density may be 0 or infinite; 1/512, half a grey level, suits pixels. args: log_a, log_b;
 * number: edge */
ELBO_API elbo_dist elbo_beta_density(elbo_var *log_a, elbo_var *log_b, double edge);

/* One of the classes of the last axis, as one-hot rows, with p = softmax(logits). args: logits. D variables of C
 * classes each are logits (B, D, C) with event_rank 2. */
ELBO_API elbo_dist elbo_categorical(elbo_var *logits);

/* One of C grey levels 0, 1/(C-1), ..., 1 with p = softmax(logits): logits (B, D, C), x (B, D), which is rounded to the
 * nearest one. args: logits; number: 1 */
ELBO_API elbo_dist elbo_levels(elbo_var *logits);

/* One of C classes by its number 0, ..., C-1: the same, but in the place of a mean stands the most likely number.
 * args: logits; number: C - 1 */
ELBO_API elbo_dist elbo_classes(elbo_var *logits);

/* The same of classes in an order: p(x < r) = sigmoid(tau_r - h), tau_r = softplus(t_1) + ... + softplus(t_r) for
 * r = 1, ..., C-1 (Nazabal et al., arXiv:1807.03653); parameters (B, D, C): h, t_1, ..., t_(C-1) */
ELBO_API elbo_dist elbo_ordinal(elbo_var *parameters);

/* A logistic distribution, s = exp logscale, on the levels 0, h, ..., 1 with h = 1/(levels-1), to which x is rounded:
 *
 *     p(x) = sigmoid((x + h/2 - mean)/s) - sigmoid((x - h/2 - mean)/s), and all that lies beyond for x = 0 and x = 1
 *
 * (Salimans et al., arXiv:1701.05517, who write x in [-1, 1]). The mean leaves the rounding to levels out, which is at
 * most h/2 and next to nothing for s > h. Their mixture is elbo_mixture(logits (B, D, C), of these (B, D, C) with
 * event_rank 0). args: mean, logscale; number: levels */
ELBO_API elbo_dist elbo_discretised_logistic(elbo_var *mean, elbo_var *logscale, int levels);

/* x = 0, 1, 2, ... with p(x) = m^x e^-m / x!. args: log m */
ELBO_API elbo_dist elbo_poisson(elbo_var *log_mean);

/* x = 0, 1, 2, ... of mean m and variance m + m^2/t, a Poisson whose mean has a gamma distribution:
 * p(x) = G(x+t) / (G(t) x!) (t/(t+m))^t (m/(t+m))^x, which nears a Poisson for large t. args: log m, log t */
ELBO_API elbo_dist elbo_negative_binomial(elbo_var *log_mean, elbo_var *log_size);

/* 0 with probability w = sigmoid(logit), else as above: p(x) = w [x = 0] + (1 - w) NB(x); mean (1 - w) m (Lopez et al.,
 * arXiv:1709.02082). args: log m, log t, logit */
ELBO_API elbo_dist elbo_zero_inflated_negative_binomial(elbo_var *log_mean, elbo_var *log_size, elbo_var *logit);

/* One of C components with p = softmax(logits). All of x shares a component where these have an event: logits (B, C),
 * components (C, Z), the same for all images, or (B, C, Z), x (B, Z). Each entry of x chooses its own where they have
 * none: logits (B, D, C), components (C), (D, C) or (B, D, C) with event_rank 0, x (B, D). No closed KL, no entropy.
 * args: logits
 *
 *     elbo_dist c = elbo_normal(elbo_param(g, "prior.mean", ELBO_SHAPE(C, Z), elbo_init_normal(0, 1)), ...logvar...);
 *     elbo_var *equal = elbo_expand(elbo_constant(g, 0), ELBO_SHAPE(B, C));       // all as likely
 *     elbo_dist p = elbo_mixture(equal, c);                                       // p(z), z (B, Z) or (B, K, Z) */
ELBO_API elbo_dist elbo_mixture(elbo_var *logits, elbo_dist components);

/* n distributions of events of one axis side by side: of x (B, D_1 + ... + D_n) each is of the next D_i values. No KL.
 * number: n; components: the parts */
ELBO_API elbo_dist elbo_independent(const elbo_dist *parts, int n);

/* On the unit sphere of R^Z, Z >= 2, by its area. Uniform: of the shape (B, Z). */
ELBO_API elbo_dist elbo_sphere(elbo_graph *graph, elbo_shape shape);

/* von Mises-Fisher: density proportional to e^(k m'z) on the unit sphere of R^Z, Z >= 2; m (B, Z) of length 1,
 * k (B, 1) > 0. With A = I_(Z/2)(k) / I_(Z/2-1)(k) the mean is A m, and the KL to the uniform one
 *
 *     k A - ln (gamma(Z/2) (2/k)^(Z/2-1) I_(Z/2-1)(k))
 *
 * a number for each image, not for each dimension. Draws have two derivatives, which are unbiased (Davidson et al.,
 * arXiv:1804.00891). args: m, k */
ELBO_API elbo_dist elbo_von_mises_fisher(elbo_var *mean, elbo_var *concentration);

/* Power spherical: density proportional to (1 + m'z)^k, m and k as above. With a = (Z - 1)/2 + k and c = Z - 1 + k the
 * mean is k m / c, and the KL to the uniform one
 *
 *     k (digamma(a) - digamma(c)) - ln gamma(a) + ln gamma(c) + ln gamma((Z - 1)/2) - ln gamma(Z - 1)
 *
 * Draws are smooth functions of m and k, without a rejection. The density is 0 at -m, so that importance weights have
 * no variance (the distribution: De Cao and Aziz, arXiv:2006.04437). args: m, k */
ELBO_API elbo_dist elbo_power_spherical(elbo_var *mean, elbo_var *concentration);
ELBO_API extern const elbo_dist_kind elbo_kind_sphere, elbo_kind_von_mises_fisher, elbo_kind_power_spherical;

/* On the Poincare ball of curvature -c (nn/layers/ball.h), with densities by its own volume: z = mean + exp0(v/2),
 * v ~ N(0, diag(exp logvar)), so z lies |v| from the mean, and
 *
 *     log p(z) = log N(v; 0, diag(exp logvar)) - (Z - 1) log (sinh(sqrt(c) |v|) / (sqrt(c) |v|))
 *
 * (Mathieu et al. 2019, arXiv:1901.06033). mean (B, Z), a point of the ball, logvar (B, Z), or (B, 1) for the same
 * deviation in all directions. No closed KL. args: mean, logvar; number: c > 0. The standard one is at 0, with
 * deviation 1. */
ELBO_API elbo_dist elbo_wrapped_normal(elbo_var *mean, elbo_var *logvar, double c);
ELBO_API elbo_dist elbo_standard_wrapped_normal(elbo_graph *graph, elbo_shape shape, double c);

/* The same with a density that falls with the distance from the mean alone, as far as in any direction:
 *
 *     log p(z) = -d(mean, z)^2 / (2 s^2) - log A,  A = 2 pi^(Z/2) / Gamma(Z/2) times the integral over r > 0 of
 *                                                      e^(-r^2/(2 s^2)) (sinh(sqrt(c) r) / sqrt(c))^(Z - 1)
 *
 * logvar = log s^2 (B, 1). Draws have their first derivative alone. */
ELBO_API elbo_dist elbo_riemannian_normal(elbo_var *mean, elbo_var *logvar, double c);
ELBO_API elbo_dist elbo_standard_riemannian_normal(elbo_graph *graph, elbo_shape shape, double c);

/* No distribution: log_prob is -sum (x - mean)^2, without a unit or a constant, and there are no draws. What an
 * autoencoder minimises. args: mean */
ELBO_API elbo_dist elbo_squared_error(elbo_var *mean);
ELBO_API extern const elbo_dist_kind elbo_kind_squared_error;

/* No distribution either: log_prob is MS-SSIM(x, mean) - 1, from -1 to 0, at 0 for x = mean. Pixels lie in [0, 1]; an
 * image is of shape (H, W) or (C, H, W), one row of D pixels in x and mean (..., D).
 *
 *     s  = (2 m_a m_b + c_1) (2 v_ab + c_2) / ((m_a^2 + m_b^2 + c_1) (v_aa + v_bb + c_2)),  c_1 = 1e-4, c_2 = 9e-4
 *     cs = its second factor;  m, v: means and covariances in a Gaussian window of deviation 1.5 around each pixel
 *     MS-SSIM = s_L^(w_L) prod_(j<L) cs_j^(w_j), of means (1 + s) / 2 and (1 + cs) / 2 over the pixels of a scale
 *
 * Each scale has half the size of the one before (means of 2 x 2 pixels); their number, 1 to 5, and w follow from the
 * smaller side. The window is an odd number of pixels, or what a scale has room for; beyond the border all is 0, and
 * so it is where a mask is. Wang, Simoncelli and Bovik 2003; as a loss Snell et al., arXiv:1511.06409. args: mean, a
 * node of the shape (C, H, W); number: window */
ELBO_API elbo_dist elbo_ms_ssim(elbo_var *mean, elbo_shape image, int window);
ELBO_API extern const elbo_dist_kind elbo_kind_ms_ssim;

ELBO_API extern const elbo_dist_kind elbo_kind_normal, elbo_kind_bernoulli, elbo_kind_categorical,
    elbo_kind_continuous_bernoulli, elbo_kind_mixture, elbo_kind_wrapped_normal, elbo_kind_riemannian_normal,
    elbo_kind_laplace, elbo_kind_log_normal, elbo_kind_beta, elbo_kind_levels, elbo_kind_classes, elbo_kind_independent,
    elbo_kind_discretised_logistic, elbo_kind_poisson, elbo_kind_negative_binomial,
    elbo_kind_zero_inflated_negative_binomial;

/* ---- questions --------------------------------------------------------------------------------------------------- */

/* log p(x): (B) or (B, K). mask is NULL or has x's shape (without the class axis for a categorical): terms are
 * multiplied by it, so 0 leaves a missing value out; x must be a finite number there too. */
ELBO_API elbo_var *elbo_log_prob(elbo_dist d, elbo_var *x, elbo_var *mask);

/* K draws (B, K, Z) that carry the derivative of d's parameters; draws = 0: one draw without the axis, (B, Z).
 * `name` is the random stream's. */
ELBO_API elbo_draw elbo_rsample(elbo_dist d, const char *name, int draws);

/* The same for any kind, without a derivative: a score-function estimator takes elbo_log_prob of it. */
ELBO_API elbo_var *elbo_sample(elbo_dist d, const char *name, int draws);

/* The same distribution, whose parameters have no derivative. */
ELBO_API elbo_dist elbo_dist_detach(elbo_dist d);

ELBO_API elbo_var *elbo_dist_mean(elbo_dist d); /* E[x], of d.shape                                                   */
ELBO_API elbo_var *elbo_normal_logvar(elbo_dist d); /* log-variances of a normal, of d.shape; NULL of another kind    */
ELBO_API elbo_var *elbo_entropy(elbo_dist d);   /* -E[log p(x)]: (B) or (B, K)                                        */

/* KL(q||p) (B) in closed form where there is one. Otherwise log q(z) - log p(z) at the draw z that is passed, (B) or
 * (B, K); without one the graph is in error. */
ELBO_API elbo_var *elbo_kl(elbo_dist q, elbo_dist p, const elbo_draw *draw);

/* KL(q||p) per dimension, (B, Z): for free bits and active units. Only where there is a closed form for each one. */
ELBO_API elbo_var *elbo_kl_dims(elbo_dist q, elbo_dist p);
ELBO_API bool elbo_kl_closed(elbo_dist q, elbo_dist p); /* whether there is one                                       */

/* ---- for kinds of one's own -------------------------------------------------------------------------------------- */

/* A distribution of `shape`, an event being its last axis, with one to ELBO_DIST_ARGS parameters: elbo_dist_of(&mine,
 * shape, location, scale). Its graph is that of the first one; without any it is no distribution. `number` and
 * `event_rank` may be set afterwards. */
#define elbo_dist_of(kind, shape, ...)                                                                                \
    elbo_dist_with((kind), (shape), (elbo_var *const[ELBO_DIST_ARGS]){__VA_ARGS__})
ELBO_API elbo_dist elbo_dist_with(const elbo_dist_kind *kind, elbo_shape shape, elbo_var *const *args);

/* (B, Z) -> (B, 1, Z) where rank `ndim` asks for it: axes of size 1 before the last `event_rank` ones. The parameters
 * of a kind need it where x has draws and they do not. */
ELBO_API elbo_var *elbo_align(elbo_var *x, int event_rank, int ndim);

/* Sum of terms, times the mask if it is not NULL, over the last `event_rank` axes. */
ELBO_API elbo_var *elbo_event_sum(elbo_var *terms, elbo_var *mask, int event_rank);

#ifdef __cplusplus
}
#endif
#endif
