/* Motion in the latent space of a small model: what the tests of posteriors with momenta share. */
#ifndef ELBO_TESTS_MOTIONS_H
#define ELBO_TESTS_MOTIONS_H

#include "../nn/parts/metric.h"
#include "rig.h"
#include "runs.h"

enum { B = 3, D = 16, Z = 2, STATE = B * 2 * Z, DRAWS = 200000 };

/* A graph in f64 of a model over B pictures of 4x4 and one draw. */
typedef struct {
    rig r;
    elbo_values *options;
    elbo_in in;
} bench;
bench bench_of(const elbo_model *model, elbo_mode mode, const char *const *pairs);
void bench_free(bench *b);

/* Settles the parameters that the graph has named and fills them, but for those of the leapfrog: energies far from
 * quadratic. */
void set_weights(bench *b);

/* A motion from a fed state: z (B, 1, Z), then momenta. `move` makes o->to of o->m and o->from. */
typedef struct orbit orbit;
struct orbit {
    elbo__motion m;
    elbo__metric metric;
    elbo__course course;
    elbo__phase from, to;
};
typedef void (*move_fn)(orbit *o);
typedef elbo_var *(*energy_fn)(orbit *o, elbo__phase at); /* (B, 1) */
void orbit_begin(bench *b, orbit *o, move_fn move);
void orbit_feed(bench *b, const double state[STATE]);
void orbit_end(bench *b, const orbit *o, double state[STATE]);
void fill_state(double state[STATE]);

/* The error in energy of the first image's motion. */
double energy_error(bench *b, move_fn move, energy_fn energy);

/* Half the size of a step, a quarter of the error: of steps of one size, a half and a quarter of it. */
void assert_quadratic(const double errors[3]);

/* With momenta turned round it goes back; and it has gone somewhere. */
void assert_goes_back(bench *b, const orbit *o, double tolerance);

/* The Jacobian, by differences, has determinant 1, and an image has nothing of another's state. */
void assert_keeps_volumes(bench *b, const orbit *o, double tolerance);

/* z ~ N(0, I) of option latent-dim, 1 or 2; x | z ~ N(sum z, 1) at x = 1.3, from q = N(0.2, 1.1^2 I), with DRAWS
 * draws. linear_log_p: log N(1.3; 0, 1 + Z) */
bench linear_bench(const elbo_model *model, const char *const *pairs);
void set_linear(bench *b);
double linear_log_p(int latent);

/* d loss / d PARAMETER of n numbers is that of differences. */
void assert_derivative(bench *b, const char *parameter, int n, elbo_var *loss, elbo_var *derivative);

/* The mean of n numbers and its standard error */
typedef struct {
    double mean, error;
} estimate;
estimate mean_of(const double *x, int n);

#endif
