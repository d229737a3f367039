#include "ball_grid.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "../nn/distributions/quadrature.h"

ball_grid ball_grid_new(int images, double c)
{
    const double panel = 12.0 / GRID_PANELS, root = sqrt(c);
    double x[GRID_NODES], w[GRID_NODES];
    ball_grid g = {.images = images,
                   .z = calloc((size_t)images * GRID * 2, sizeof *g.z),
                   .volume = calloc(GRID, sizeof *g.volume)};
    ck_assert(g.z && g.volume);
    elbo__gauss_legendre(GRID_NODES, x, w);
    for (int n = 0; n < images * GRID; n++) {
        const int at = n % GRID, i = at / GRID_ANGLES, node = i % GRID_NODES;
        const double r = panel * (i / GRID_NODES + x[node]), phi = 2 * M_PI * (at % GRID_ANGLES) / GRID_ANGLES;
        g.z[2 * n] = tanh(root * r / 2) / root * cos(phi);
        g.z[2 * n + 1] = tanh(root * r / 2) / root * sin(phi);
        g.volume[at] = panel * w[node] * sinh(root * r) / root * 2 * M_PI / GRID_ANGLES;
    }
    return g;
}

void ball_grid_free(ball_grid *g)
{
    free(g->z);
    free(g->volume);
}

double ball_grid_integral(const ball_grid *g, const double *log_density, const double *f)
{
    double sum = 0;
    for (int n = 0; n < GRID; n++)
        sum += g->volume[n] * exp(log_density[n]) * (f ? f[n] : 1);
    return sum;
}

void assert_mean(const double *values, int n, double expected, const char *what)
{
    double mean = 0, squares = 0;
    for (int i = 0; i < n; i++)
        mean += values[i] / n;
    for (int i = 0; i < n; i++)
        squares += (values[i] - mean) * (values[i] - mean) / n;
    const double error = sqrt(squares / n);
    ck_assert_msg(fabs(mean - expected) <= 4 * error, "%s: %.8g +- %g, expected %.8g", what, mean, error, expected);
}
