/* The density of the angle t, cos t = w, is proportional to sin(t)^(Z - 2) e^(kappa cos t). The integral of (w - A)
 * times it, with the mean A of w, vanishes over all angles; here it is taken over those on the side of A on which w
 * lies, so that all of it has one sign. */
#include <math.h>

#include "sphere.h"

/* Gauss's points above 0 and their weights, for 24 points in -1..1. */
enum { PAIRS = 12 };
static const double points[PAIRS][2] = {
    {0.064056892862605626, 0.12793819534675216}, {0.19111886747361631, 0.1258374563468283},
    {0.31504267969616337, 0.12167047292780339},  {0.43379350762604514, 0.1155056680537256},
    {0.54542147138883954, 0.10744427011596563},  {0.64809365193697557, 0.097618652104113888},
    {0.74012419157855436, 0.086190161531953276}, {0.82000198597390292, 0.073346481411080306},
    {0.88641552700440103, 0.059298584915436781}, {0.93827455200273276, 0.044277438817419806},
    {0.9747285559713095, 0.028531388628933663},  {0.99518721999702136, 0.0123412297999872},
};

/* A distance from the angle `from`, upwards (sign 1) or downwards (-1). */
typedef struct {
    double power, kappa, from, sign, sine, u;
} ray;

/* u = 1 - cos t at a distance, and by how much the logarithm of the density has fallen there. */
typedef struct {
    double u, fall;
} step;

static step step_to(const ray *r, double distance)
{
    const double half = (r->from + r->sign * distance) / 2, s = sin(half), c = cos(half), u = 2 * s * s;
    const double power = r->power > 0 ? r->power * log(2 * s * c / r->sine) : 0;
    return (step){u, r->kappa * (u - r->u) - power};
}

/* How far the density reaches, up to `most`: e^-FALL of it, or less, is left beyond. */
static double reach(const ray *r, double cosine, double most)
{
    const double FALL = 36;
    const double slope = r->sign * (r->kappa * r->sine - r->power * cosine / r->sine);
    const double bend = r->power / (r->sine * r->sine) + r->kappa * fabs(cosine);
    double d = 2 * FALL / (slope + sqrt(slope * slope + 2 * FALL * bend));
    d = d > 0 && d < most ? d : most;
    while (d < most && !(step_to(r, d).fall >= FALL))
        d *= 1.5;
    return d < most ? d : most;
}

double elbo__vmf_slope(double dims, double u, double kappa, double ratio)
{
    const double pi = 3.14159265358979323846, beyond = 1 - ratio, sine = sqrt(u * (2 - u));
    if (!(sine > 0))
        return u * kappa * 0; /* at the ends, or NaN */
    const double from = 2 * atan2(sqrt(u), sqrt(2 - u)), sign = u < beyond ? -1 : 1;
    const ray r = {dims - 2, kappa, from, sign, sine, u};
    const double far = reach(&r, 1 - u, sign < 0 ? from : pi - from);
    double sum = 0;
    for (int i = 0; i < PAIRS; i++)
        for (int side = -1; side <= 1; side += 2) {
            const step at = step_to(&r, far * (1 + side * points[i][0]) / 2);
            sum += points[i][1] * (at.u - beyond) * exp(-at.fall);
        }
    return -sign * sum * far / 2 * sine;
}
