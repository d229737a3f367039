/* Debye's expansion of I for large orders or arguments, and the recurrence down to the order that is asked for. */
#include <math.h>

#include "bessel.h"

/* The expansion counts from this order on, and from this distance r = sqrt(nu^2 + x^2) on. */
static const double LEAST_ORDER = 32, LEAST_DISTANCE = 64;

/* With r = sqrt(nu^2 + x^2) and p = nu / r (NIST Digital Library of Mathematical Functions, 10.41.3),
 *
 *     ln I(x) = r + nu ln(x / (nu + r)) - 1/2 ln(2 pi r) + D(p, r),  D(p, r) = sum over k, j of D[k][j] p^2j / r^(k+1)
 *
 * where D is the logarithm of the sum of u_k(p) / nu^k, term by term. */
enum { TERMS = 8 };
static const double D[TERMS][TERMS + 1] = {
    {1.0 / 8, -5.0 / 24},
    {1.0 / 16, -3.0 / 8, 5.0 / 16},
    {25.0 / 384, -531.0 / 640, 221.0 / 128, -1105.0 / 1152},
    {13.0 / 128, -71.0 / 32, 531.0 / 64, -339.0 / 32, 565.0 / 128},
    {1073.0 / 5120, -50049.0 / 7168, 186821.0 / 4608, -44899.0 / 512, 82825.0 / 1024, -82825.0 / 3072},
    {103.0 / 192, -405.0 / 16, 1677.0 / 8, -5389.0 / 8, 65385.0 / 64, -11805.0 / 16, 19675.0 / 96},
    {375733.0 / 229376, -3407083.0 / 32768, 38038059.0 / 32768, -168434443.0 / 32768, 1852155413.0 / 163840,
     -432038457.0 / 32768, 256406305.0 / 32768, -1282031525.0 / 688128},
    {23797.0 / 4096, -244539.0 / 512, 7069979.0 / 1024, -20526309.0 / 512, 243859359.0 / 2048, -101540765.0 / 512,
     192309147.0 / 1024, -48436755.0 / 512, 80727925.0 / 4096},
};

/* The terms of D, times the 0th, 1st and 2nd power of -m for a term in r^-m: nu is fixed, so that is what the operator
 * r d/dr makes of them. */
static void debye(double p, double r, double sums[3])
{
    const double s = p * p, over = 1 / r;
    double power = 1;
    sums[0] = sums[1] = sums[2] = 0;
    for (int k = 0; k < TERMS; k++) {
        double term = power *= over;
        for (int j = 0; j <= k + 1; j++, term *= s) {
            const double t = D[k][j] * term, m = -(k + 1 + 2 * j);
            sums[0] += t;
            sums[1] += m * t;
            sums[2] += m * m * t;
        }
    }
}

/* For nu >= LEAST_ORDER. The constant of F is Stirling's, whose rest is -D(1, nu); differences of large numbers are
 * written as quotients, what D gains near x = 0 as a Taylor series, and d/dx = (x / r) d/dr. */
static elbo__bessel_values expansion(double nu, double x)
{
    const double r = sqrt(nu * nu + x * x), beyond = x * (x / (nu + r)), part = beyond / nu; /* r - nu; of nu */
    const double over = 1 / r, q = x * over;
    double here[3], at_0[3];
    debye(nu * over, r, here);
    debye(1, nu, at_0);
    const double gain = part < 1e-6 ? part * (at_0[1] + part / 2 * (at_0[2] - at_0[1])) : here[0] - at_0[0];
    return (elbo__bessel_values){
        .factor = beyond - nu * log1p(part / 2) - log1p(part) / 2 + gain,
        .ratio = x / (nu + r) + q * over * (here[1] - 0.5),
        .slope = nu * over / (nu + r) + over * over * ((1 - 2 * q * q) * (here[1] - 0.5) + q * q * here[2]),
    };
}

/* Order n from order n + 1 by I_n = I_(n+2) + 2 (n + 1) I_(n+1) / x, with d = 2 (n + 1) + x J / I: everything is a sum
 * of positive numbers but in the slope, where half of the minuend is lost at most. */
elbo__bessel_values elbo__bessel(double nu, double x)
{
    if (!(fabs(x) < 1e100)) /* beyond, x^2 is no number; the ratio has long been 1 */
        return (elbo__bessel_values){fabs(x), x != x ? x : copysign(1, x), x != x ? x : 0};
    const double near = LEAST_DISTANCE * LEAST_DISTANCE - x * x;
    const double least = near > LEAST_ORDER * LEAST_ORDER ? sqrt(near) : LEAST_ORDER;
    const double steps = nu < least ? ceil(least - nu) : 0;
    elbo__bessel_values y = expansion(nu + steps, x);
    double product = 0; /* less 1 */
    for (double n = nu + steps - 1; n > nu - 0.5; n--) {
        const double twice = 2 * (n + 1), more = x * y.ratio, d = twice + more;
        y.slope = (twice - x * x * y.slope) / (d * d);
        y.ratio = x / d;
        product += (1 + product) * (more / twice);
        if (product > 1e100) {
            y.factor += log1p(product);
            product = 0;
        }
    }
    y.factor += log1p(product);
    return y;
}
