/* Integrals over the Poincare ball of two dimensions, as sums over a grid of polar coordinates: the points at the
 * distance r of 0 in the direction phi are tanh(sqrt(c) r/2) / sqrt(c) (cos phi, sin phi), and the volume is
 * sinh(sqrt(c) r) / sqrt(c) dr dphi. */
#ifndef ELBO_TESTS_BALL_GRID_H
#define ELBO_TESTS_BALL_GRID_H

enum { GRID_PANELS = 12, GRID_NODES = 24, GRID_ANGLES = 192, GRID = GRID_PANELS * GRID_NODES * GRID_ANGLES };

/* Up to r = 12. `images` times the same points, as if they were draws. */
typedef struct {
    int images;
    double *z;      /* (images, GRID, 2) */
    double *volume; /* (GRID)            */
} ball_grid;

ball_grid ball_grid_new(int images, double c);
void ball_grid_free(ball_grid *g);

/* The sum of volume e^log_density over the points, log_density (GRID); times `f` (GRID) if that is not NULL. */
double ball_grid_integral(const ball_grid *g, const double *log_density, const double *f);

/* Fails the test unless the mean of `values` is `expected`, within four of its standard errors. */
void assert_mean(const double *values, int n, double expected, const char *what);

#endif
