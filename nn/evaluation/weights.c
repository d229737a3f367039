#include "weights.h"

#include <math.h>

void elbo__weights_begin(const elbo__weights *w, int64_t images)
{
    for (int64_t i = 0; i < images; i++) {
        w->most[i] = -INFINITY;
        w->sum[i] = w->squares[i] = 0;
    }
}

void elbo__weight_add(const elbo__weights *w, int64_t i, double log_weight)
{
    if (log_weight > w->most[i]) {
        const double scale = exp(w->most[i] - log_weight);
        w->sum[i] = w->sum[i] * scale + 1;
        w->squares[i] = w->squares[i] * scale * scale + 1;
        w->most[i] = log_weight;
    } else if (log_weight != -INFINITY) { /* a weight of 0 adds nothing; NaN stays */
        const double one = exp(log_weight - w->most[i]);
        w->sum[i] += one;
        w->squares[i] += one * one;
    }
}

void elbo__weights_finish(const elbo__weights *w, int64_t images, int64_t samples)
{
    const double k = (double)samples;
    for (int64_t i = 0; i < images; i++) {
        const double sum = w->sum[i], squares = w->squares[i];
        double about_mean = squares - sum * sum / k;
        if (about_mean < 0) /* by rounding */
            about_mean = 0;
        w->most[i] += log(sum / k);
        w->sum[i] = samples > 1 ? sqrt(about_mean / (k - 1) * k) / sum : NAN;
        w->squares[i] = sum > 0 ? sum * sum / squares : sum;
    }
}
