#include "spread.h"

#include <math.h>

elbo_spread elbo_spread_of(const double *values, int64_t n)
{
    elbo_spread s = {.mean = 0, .deviation = 0};
    for (int64_t i = 0; i < n; i++)
        if (!isnan(values[i])) {
            s.mean += values[i];
            s.n++;
        }
    s.mean = s.n > 0 ? s.mean / (double)s.n : NAN;
    for (int64_t i = 0; i < n; i++)
        if (!isnan(values[i]))
            s.deviation += (values[i] - s.mean) * (values[i] - s.mean);
    s.deviation = s.n > 1 ? sqrt(s.deviation / (double)(s.n - 1)) : NAN;
    return s;
}
