#include "quadrature.h"

#include <math.h>

/* The nodes are the zeros of the Legendre polynomial P_n, each found by Newton's method from a good guess; the weight
 * of one is 2 / ((1 - t^2) P_n'(t)^2) on (-1, 1). */
void elbo__gauss_legendre(int n, double *x, double *w)
{
    for (int i = 0; i < n; i++) {
        double t = cos(M_PI * (i + 0.75) / (n + 0.5)), step = 1, slope = 1;
        for (int round = 0; round < 100 && fabs(step) > 1e-15; round++) {
            double before = 1, value = t; /* P_0 and P_1, then P_k by the recurrence */
            for (int k = 2; k <= n; k++) {
                double next = ((2 * k - 1) * t * value - (k - 1) * before) / k;
                before = value;
                value = next;
            }
            slope = n * (t * value - before) / (t * t - 1);
            step = value / slope;
            t -= step;
        }
        x[i] = (1 - t) / 2; /* in rising order */
        w[i] = 1 / ((1 - t * t) * slope * slope);
    }
}
