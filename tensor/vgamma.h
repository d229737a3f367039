/* Internal: the logarithm of the gamma function and its derivatives, in the manner of vmath.h: every float, the same
 * bits wherever a loop is cut, for any width of vectors.
 *
 * They are computed in double and rounded once: between the pieces of a formula there is room for what cancels. The
 * polynomials p, q and c are minimax fits (Remez exchange in 40 digits), the relative error of the whole at most
 * 2^-30. The ULP of a comment bounds the error against the C library in long double: found by trying every 11th float
 * between 2^-6 and 8 in size and every 1000th of the others (at most 0.51 where 0.6 is said), kept by
 * tests/test_vmath.c over a part of them.
 */
#ifndef ELBO_TENSOR_VGAMMA_H
#define ELBO_TENSOR_VGAMMA_H

#include "vmath.h"

/* a - n with the integer n nearest to a >= 0, exactly: sine and cosine of pi a are (-1)^n times those of it. Every
 * float from 2^24 on is even. */
static inline double elbo__beyond_integer(double a)
{
    a = elbo__clamp_f64(a, 0.0, 0x1p24);
    return a - ((a + 0x1.8p52) - 0x1.8p52);
}

/* sin(pi r) / r = p(r^2) for |r| <= 1/2, p of degree 5 */
static inline double elbo__sine_ratio(double r)
{
    return elbo__poly5_f64(r * r, 3.1415926535233458, -5.1677127621157988, 2.5501632403178496, -0.59925133010864395,
                           0.082046478838150902, -0.0070221635351414482);
}

/* log |gamma(x)|, 0.6 ULP for x > 0, 1 ULP of max(|y|, 2^-8) for x < 0, where it has further roots; infinite at
 * 0, -1, -2, ...
 *
 * a = |x| < 3: (t - 1) (t - 2) p(u) for t = a, or less log a for t = a + 1 where a < 1;
 * u = (t - sqrt 3) / (t + sqrt 3), |u| <= 0.27, p of degree 9. Beyond,
 * (a - 1/2) log a - a + log(2 pi) / 2 + q(1 / a^2) / a, q of degree 3.
 * x < 0: log(pi / |a sin(pi a)|) less that of a. */
static inline float elbo__lgamma_f32(float x)
{
    const double root3 = 1.7320508075688772, log2 = 0.69314718055994531;
    double a = elbo__clamp_f64(elbo__abs_f32(x), 0.0, 0x1p128), log_a = log2 * elbo__log2_reduced(a);
    bool below = a < 1.0, far = a >= 3.0;
    double t = elbo__pick_f64(below, a + 1.0, a);
    double d = 1.0 / elbo__pick_f64(far, a, t + root3), u = (t - root3) * d;
    double p = elbo__poly6_f64(u, -0.14479677804988281, 0.084229768402185962, -0.090207703619992044,
                               0.062623185279072888, -0.065337120418027805, 0.058881417231053085,
                               -0.060778090268917444);
    p = elbo__poly3_f64(u, 0.45229836469886675, -0.41949723279487505, 0.12726667156303748, p);
    double near = __builtin_fma((t - 1.0) * (t - 2.0), p, elbo__pick_f64(below, -log_a, 0.0));
    double q = elbo__poly3_f64(d * d, 0.083333324481625087, -0.0027771316239379581, 0.00077755117611756901,
                               -0.00042042110089254001);
    double away = __builtin_fma(a - 0.5, log_a, -a) + __builtin_fma(d, q, 0.91893853320467278);
    double y = elbo__pick_f64(far, away, near);
    double r = elbo__beyond_integer(a), sine = r * elbo__sine_ratio(r);
    double size = a * elbo__pick_f64(r < 0.0, -sine, sine);
    double other = (1.1447298858494002 - log2 * elbo__log2_reduced(size)) - y;
    return elbo__pick_f32(x == x, (float)elbo__pick_f64(x < 0.0f, other, y), x);
}

/* The derivative of log gamma, 0.6 ULP for x > 0, 1.3 ULP of max(|y|, 2^-8) for x < 0, where it has further roots;
 * infinite with the sign of -x at 0, NaN at -1, -2, ...
 *
 * a = |x| < 3: (a - x0) p(u) / a with the root x0 = 1.46...; u = (a - 1) / (a + 3), |u| <= 1/3, p of degree 11. Beyond,
 * log a - 1 / (2 a) - q(1 / a^2) / a^2, q of degree 3. x < 0: that of a, plus 1 / a + pi cot(pi a). */
static inline float elbo__digamma_f32(float x)
{
    double a = elbo__abs_f32(x);
    bool far = a >= 3.0;
    double d = 1.0 / elbo__pick_f64(far, a, a * (a + 3.0));
    double over_a = elbo__pick_f64(far, d, (a + 3.0) * d), u = (a - 1.0) * a * d;
    double p = elbo__poly6_f64(u, 0.59743243907537335, -0.25010875115162007, 0.54750936117856785, -0.268671410675978,
                               0.46103044887216166, -0.44363258119455878, 0.77842007199946817);
    p = elbo__poly5_f64(u, 1.2503801378560946, 1.5827470921213573, -0.052854547990982263, 0.73891126559471798,
                        -0.1833037226203085, p);
    double near = (a - 1.4616321449683622) * over_a * p;
    double q = elbo__poly3_f64(d * d, 0.083333276696070907, -0.0083287605510546352, 0.0038452342213363428,
                               -0.0027334331153552409);
    double away = __builtin_fma(0.69314718055994531, elbo__log2_reduced(a), -d * __builtin_fma(d, q, 0.5));
    double y = elbo__pick_f64(far, away, near);
    /* pi cot(pi r) = pi (1/4 - r^2) c(r^2) / (r p(r^2)), c of degree 5 for what is left of the cosine */
    double r = elbo__beyond_integer(a), s = r * r;
    double c = elbo__poly5_f64(s, 3.9999999999865801, -3.7392087984461528, 1.2780131269308679, -0.22899503531231905,
                               0.025309221697156797, -0.0018267642545383011);
    double turn = 3.1415926535897931 * (0.25 - s) * c / (r * elbo__sine_ratio(r));
    double other = elbo__pick_f64(r == 0.0, NAN, (y + over_a) + turn);
    float z = (float)elbo__pick_f64(x < 0.0f, other, y);
    z = elbo__pick_f32(x == 0.0f, -elbo__with_sign_f32(INFINITY, x), z);
    return elbo__pick_f32(x == x, z, x);
}

/* The derivative of digamma, 0.6 ULP; infinite at 0, -1, -2, ...
 *
 * For a = |x|, 1/a^2 + 1/(a + 1)^2 + 1/(a + 2)^2 and, with w = 1 / (a + 3), w + w^2/2 + w^3 q(w^2), q of degree 4.
 * x < 0: pi^2 / sin(pi a)^2 less that of a without the 1/a^2. */
static inline float elbo__trigamma_f32(float x)
{
    double a = elbo__clamp_f64(elbo__abs_f32(x), 0.0, 0x1p128), w = 1.0 / (a + 3.0), s = w * w;
    double q = elbo__poly3_f64(s, 0.16666663609794086, -0.033329111541751097, 0.02361752889587428,
                               __builtin_fma(0.03340648544540005, s, -0.02935098106954756));
    double far = w * __builtin_fma(__builtin_fma(q, w, 0.5), w, 1.0);
    double b = a * (a + 1.0), c = a * (a + 2.0), e = (a + 1.0) * (a + 2.0), f = a * e;
    double over = 1.0 / (f * f), rest = __builtin_fma(b * b + c * c, over, far);
    double y = __builtin_fma(e * e, over, rest);
    double r = elbo__beyond_integer(a), sine = r * elbo__sine_ratio(r);
    double other = 9.869604401089358 / (sine * sine) - rest;
    float z = (float)elbo__pick_f64(x < 0.0f, other, y);
    z = elbo__pick_f32(x == 0.0f, INFINITY, z);
    z = elbo__pick_f32(x == INFINITY, 0.0f, z);
    return elbo__pick_f32(x == x, z, x);
}

/* ---- double ------------------------------------------------------------------------------------------------------ */

/* One number at a time. The other two in long double, so that nothing is lost near the roots of digamma: steps of the
 * recurrence up to 20, and from there the asymptotic series. */
static inline double elbo__lgamma_f64(double x)
{
    int sign; /* lgamma itself would write it to a variable of all threads */
    return lgamma_r(x, &sign);
}

static inline double elbo__digamma_f64(double x)
{
    const long double pi = 3.14159265358979323846264338327950288L;
    if (x <= 0 && x == floor(x))
        return x == 0 ? -1 / x : NAN;
    long double y = x < 0 ? 1 - (long double)x : x, sum = x < 0 ? -pi / tanl(pi * (x - (long double)round(x))) : 0;
    for (; y < 20; y++)
        sum -= 1 / y;
    long double s = 1 / (y * y), series = 1.0L / 12;
    static const long double c[] = {-3617.0L / 8160, 1.0L / 12, -691.0L / 32760, 1.0L / 132,
                                    -1.0L / 240,     1.0L / 252, -1.0L / 120};
    long double tail = 0;
    for (int i = 0; i < 7; i++)
        tail = (tail + c[i]) * s;
    return (double)(sum + logl(y) - 1 / (2 * y) - (tail + series) * s);
}

static inline double elbo__trigamma_f64(double x)
{
    const long double pi = 3.14159265358979323846264338327950288L;
    if (x <= 0 && x == floor(x))
        return INFINITY;
    long double y = x < 0 ? 1 - (long double)x : x, sum = 0, sign = x < 0 ? -1 : 1, start = 0;
    if (x < 0) {
        long double sine = sinl(pi * (x - (long double)round(x)));
        start = pi * pi / (sine * sine);
    }
    for (; y < 20; y++)
        sum += 1 / (y * y);
    static const long double c[] = {-3617.0L / 510, 7.0L / 6, -691.0L / 2730, 5.0L / 66, -1.0L / 30, 1.0L / 42,
                                    -1.0L / 30,     1.0L / 6};
    long double s = 1 / (y * y), tail = 0;
    for (int i = 0; i < 8; i++)
        tail = (tail + c[i]) * s;
    return (double)(start + sign * (sum + s / 2 + (1 + tail) / y));
}

#endif
