#include "motions.h"

#include <check.h>
#include <math.h>
#include <string.h>

#include "../autograd/op.h"
#include "numbers.h"

bench bench_of(const elbo_model *model, elbo_mode mode, const char *const *pairs)
{
    double x[B * D];
    numbers n = {3};
    bench b = {.r = rig_new(ELBO_F64, mode), .options = options_of(model, pairs)};
    for (int i = 0; i < B * D; i++)
        x[i] = numbers_between(&n, 0, 1);
    b.in = (elbo_in){.g = b.r.g, .model = model, .options = b.options, .image = ELBO_SHAPE(4, 4), .draws = 1};
    b.in.x = rig_input(&b.r, "x", ELBO_SHAPE(B, D), x);
    rig_scalar(&b.r, "beta", 1);
    return b;
}

void bench_free(bench *b)
{
    rig_free(&b->r);
    elbo_values_free(b->options);
}

/* Keyed by name: what two models share has the same weights in both. */
static numbers numbers_of(const char *name)
{
    numbers n = {11};
    for (const char *c = name; *c; c++)
        n.state = n.state * 31 + (unsigned char)*c;
    return n;
}

void set_weights(bench *b)
{
    ck_assert_msg(elbo__graph_settle(b->r.g) == ELBO_OK, "%s", elbo_error());
    for (int i = 0; i < elbo_params_count(b->r.params); i++) {
        const char *name = elbo_params_name(b->r.params, i);
        elbo_tensor w = elbo_params_tensor(b->r.params, i);
        numbers n = numbers_of(name);
        if (strncmp(name, "encoder.leapfrog.", 17) != 0)
            fill_between(&w, &n, elbo_params_trained(b->r.params, i) ? -1.5 : 0.5, 1.5);
    }
    elbo_params_touch(b->r.params);
}

/* ---- orbits ------------------------------------------------------------------------------------------------------ */

void orbit_feed(bench *b, const double state[STATE])
{
    rig_feed(&b->r, "z", ELBO_SHAPE(B, 1, Z), state);
    rig_feed(&b->r, "momentum", ELBO_SHAPE(B, 1, Z), state + B * Z);
}

void orbit_begin(bench *b, orbit *o, move_fn move)
{
    double state[STATE];
    fill_state(state);
    orbit_feed(b, state);
    o->m = elbo__motion_of(&b->in, Z);
    o->from.z = elbo_input(b->r.g, "z", ELBO_F64, ELBO_SHAPE(B, 1, Z));
    o->from.momentum = elbo_input(b->r.g, "momentum", ELBO_F64, ELBO_SHAPE(B, 1, Z));
    move(o);
}

void orbit_end(bench *b, const orbit *o, double state[STATE])
{
    rig_run(&b->r, (elbo_var *[]){o->to.z, o->to.momentum}, 2, (double *[]){state, state + B * Z});
}

void fill_state(double state[STATE])
{
    numbers n = {5};
    for (int i = 0; i < STATE; i++)
        state[i] = numbers_between(&n, -1, 1);
}

double energy_error(bench *b, move_fn move, energy_fn energy)
{
    double errors[B];
    orbit o;
    orbit_begin(b, &o, move);
    elbo_var *error = elbo_sub(energy(&o, o.to), energy(&o, o.from));
    set_weights(b);
    rig_value(&b->r, error, errors);
    return errors[0];
}

void assert_quadratic(const double errors[3])
{
    ck_assert_double_gt(fabs(errors[0]), 1e-4);
    ck_assert_double_lt(fabs(errors[0] / errors[1] - 4), 0.3);
    ck_assert_double_lt(fabs(errors[1] / errors[2] - 4), 0.1);
}

void assert_goes_back(bench *b, const orbit *o, double tolerance)
{
    double state[STATE], end[STATE], back[STATE];
    fill_state(state);
    orbit_feed(b, state);
    orbit_end(b, o, end);
    ck_assert_double_gt(fabs(end[0] - state[0]), 0.1);
    for (int i = B * Z; i < STATE; i++)
        end[i] = -end[i];
    orbit_feed(b, end);
    orbit_end(b, o, back);
    for (int i = 0; i < STATE; i++)
        assert_close(back[i], i < B * Z ? state[i] : -state[i], tolerance);
}

/* By elimination with the largest pivot. */
static double determinant(double a[STATE][STATE])
{
    double product = 1;
    for (int k = 0; k < STATE; k++) {
        int best = k;
        for (int i = k + 1; i < STATE; i++)
            best = fabs(a[i][k]) > fabs(a[best][k]) ? i : best;
        for (int j = 0; j < STATE && best != k; j++) {
            const double kept = a[k][j];
            a[k][j] = a[best][j];
            a[best][j] = kept;
        }
        product *= best != k ? -a[k][k] : a[k][k];
        for (int i = k + 1; i < STATE; i++)
            for (int j = STATE - 1; j >= k; j--)
                a[i][j] -= a[i][k] / a[k][k] * a[k][j];
    }
    return product;
}

void assert_keeps_volumes(bench *b, const orbit *o, double tolerance)
{
    const double step = 1e-4;
    double state[STATE], ends[2][STATE], jacobian[STATE][STATE];
    fill_state(state);
    for (int j = 0; j < STATE; j++) {
        const double kept = state[j];
        for (int side = 0; side < 2; side++) {
            state[j] = side ? kept + step : kept - step;
            orbit_feed(b, state);
            orbit_end(b, o, ends[side]);
        }
        state[j] = kept;
        for (int i = 0; i < STATE; i++) {
            jacobian[i][j] = (ends[1][i] - ends[0][i]) / (2 * step);
            if (i / Z % B != j / Z % B && jacobian[i][j] != 0)
                ck_abort_msg("image %d has %g of image %d", i / Z % B, jacobian[i][j], j / Z % B);
        }
    }
    assert_close(determinant(jacobian), 1, tolerance);
}

/* ---- a linear model ---------------------------------------------------------------------------------------------- */

bench linear_bench(const elbo_model *model, const char *const *pairs)
{
    bench b = {.r = rig_new(ELBO_F64, ELBO_EVALUATE), .options = options_of(model, pairs)};
    assert_ok(elbo_values_set(b.options, "hidden", "none"));
    assert_ok(elbo_values_set(b.options, "likelihood", "gaussian"));
    assert_ok(elbo_values_set(b.options, "variance", "1"));
    b.r.planned = true;
    b.in = (elbo_in){.g = b.r.g, .model = model, .options = b.options, .image = ELBO_SHAPE(1), .draws = DRAWS};
    b.in.x = rig_input(&b.r, "x", ELBO_SHAPE(1, 1), (double[]){1.3});
    return b;
}

void set_linear(bench *b)
{
    static const double none[Z] = {0}, ones[Z] = {1, 1}, means[Z] = {0.2, 0.2};
    const double logvars[Z] = {2 * log(1.1), 2 * log(1.1)};
    ck_assert_msg(elbo__graph_settle(b->r.g) == ELBO_OK, "%s", elbo_error());
    rig_set_param(&b->r, "encoder.mean.weight", none);
    rig_set_param(&b->r, "encoder.mean.bias", means);
    rig_set_param(&b->r, "encoder.logvar.weight", none);
    rig_set_param(&b->r, "encoder.logvar.bias", logvars);
    rig_set_param(&b->r, "decoder.mean.weight", ones);
    rig_set_param(&b->r, "decoder.mean.bias", none);
}

double linear_log_p(int latent)
{
    return -(log(2 * M_PI * (1 + latent)) + 1.3 * 1.3 / (1 + latent)) / 2;
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

void assert_derivative(bench *b, const char *parameter, int n, elbo_var *loss, elbo_var *derivative)
{
    enum { MOST = 64 };
    static const double weights[] = {1, -8, 8, -1}, places[] = {-2, -1, 1, 2};
    double at[MOST], by_rule[MOST], moved[MOST], most = 0;
    const double step = 1.0 / 1024;
    ck_assert_int_le(n, MOST);
    rig_value(&b->r, derivative, by_rule);
    rig_param(&b->r, parameter, at);
    for (int i = 0; i < n; i++) {
        double sum = 0;
        for (int k = 0; k < 4; k++) {
            memcpy(moved, at, sizeof at);
            moved[i] += places[k] * step;
            rig_set_param(&b->r, parameter, moved);
            sum += weights[k] * rig_number(&b->r, loss);
        }
        rig_set_param(&b->r, parameter, at);
        assert_close(by_rule[i], sum / (12 * step), 1e-8);
        most = fmax(most, fabs(by_rule[i]));
    }
    ck_assert_double_gt(most, 1e-3);
}

estimate mean_of(const double *x, int n)
{
    double sum = 0, squares = 0;
    for (int i = 0; i < n; i++)
        sum += x[i];
    for (int i = 0; i < n; i++)
        squares += (x[i] - sum / n) * (x[i] - sum / n);
    return (estimate){sum / n, sqrt(squares / n / n)};
}
