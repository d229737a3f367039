/* The Hamiltonian posterior: its motion is that of the equations, and its weights are those of importance sampling. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../autograd/op.h"
#include "../nn/model/model_check.h"
#include "../nn/parts/motion.h"
#include "numbers.h"
#include "rig.h"
#include "runs.h"
#include "suites.h"

enum { B = 3, D = 16, Z = 2, DRAWS = 200000, STATE = B * 2 * Z };

/* A graph of a model over B pictures of 4x4, or one of them. */
typedef struct {
    rig r;
    elbo_values *options;
    elbo_in in;
} bench;

static void put_inputs(bench *b, const elbo_model *model, int images, int draws)
{
    double x[B * D];
    numbers n = {3};
    for (int i = 0; i < B * D; i++)
        x[i] = numbers_between(&n, 0, 1);
    b->in = (elbo_in){.g = b->r.g, .model = model, .options = b->options, .image = ELBO_SHAPE(4, 4), .draws = draws};
    b->in.x = rig_input(&b->r, "x", ELBO_SHAPE(images, D), x);
    rig_scalar(&b->r, "beta", 1);
}

static bench bench_of(const elbo_model *model, elbo_mode mode, const char *const *pairs)
{
    bench b = {.r = rig_new(ELBO_F64, mode), .options = options_of(model, pairs)};
    put_inputs(&b, model, B, 1);
    return b;
}

static void bench_free(bench *b)
{
    rig_free(&b->r);
    elbo_values_free(b->options);
}

/* Settles the parameters that the graph has named and fills them: energies far from quadratic. */
static void set_weights(bench *b)
{
    numbers n = {11};
    ck_assert_msg(elbo__graph_settle(b->r.g) == ELBO_OK, "%s", elbo_error());
    for (int i = 0; i < elbo_params_count(b->r.params); i++) {
        elbo_tensor w = elbo_params_tensor(b->r.params, i);
        if (strncmp(elbo_params_name(b->r.params, i), "encoder.leapfrog.", 17) != 0)
            fill_between(&w, &n, elbo_params_trained(b->r.params, i) ? -1.5 : 0.5, 1.5);
    }
    elbo_params_touch(b->r.params);
}

/* ---- the motion -------------------------------------------------------------------------------------------------- */

/* The motion from a fed state: z (B, 1, Z), then momenta. */
typedef struct {
    elbo__motion m;
    elbo__phase from, to;
} orbit;

static void feed_state(bench *b, const double *state)
{
    rig_feed(&b->r, "z", ELBO_SHAPE(B, 1, Z), state);
    rig_feed(&b->r, "momentum", ELBO_SHAPE(B, 1, Z), state + B * Z);
}

static orbit orbit_of(bench *b, const double *state)
{
    orbit o = {.m = elbo__motion_of(&b->in, Z)};
    feed_state(b, state);
    o.from.z = elbo_input(b->r.g, "z", ELBO_F64, ELBO_SHAPE(B, 1, Z));
    o.from.momentum = elbo_input(b->r.g, "momentum", ELBO_F64, ELBO_SHAPE(B, 1, Z));
    o.to = elbo__leapfrog(&o.m, o.from);
    return o;
}

static void end_of(bench *b, const orbit *o, double *state)
{
    rig_run(&b->r, (elbo_var *[]){o->to.z, o->to.momentum}, 2, (double *[]){state, state + B * Z});
}

static void fill_state(double *state)
{
    numbers n = {5};
    for (int i = 0; i < STATE; i++)
        state[i] = numbers_between(&n, -1, 1);
}

/* |r|^2 / 2 - log p(x, z), (B, 1) */
static elbo_var *energy(orbit *o, elbo__phase at)
{
    elbo_var *kinetic = elbo_scale(elbo_sum_axis(elbo_square(at.momentum), -1), 0.5);
    return elbo_sub(kinetic, elbo__log_joint(&o->m, at.z));
}

/* The error in energy of one image's motion for a time of 0.4, in steps of that size. */
static double energy_error(const char *steps, const char *size)
{
    double state[STATE], errors[B];
    bench b = bench_of(&elbo_model_hvae, ELBO_EVALUATE,
                       OPTIONS("hidden", "5", "activation", "tanh", "latent-dim", "2", "leapfrog-learn", "none",
                               "leapfrog-steps", steps, "leapfrog-size", size, "tempering", "1"));
    fill_state(state);
    orbit o = orbit_of(&b, state);
    elbo_var *error = elbo_sub(energy(&o, o.to), energy(&o, o.from));
    set_weights(&b);
    rig_value(&b.r, error, errors);
    bench_free(&b);
    return errors[0];
}

START_TEST(half_the_size_has_a_quarter_of_the_error_in_energy)
{
    const double at_8 = energy_error("8", "0.05"), at_16 = energy_error("16", "0.025"),
                 at_32 = energy_error("32", "0.0125");
    ck_assert_double_gt(fabs(at_8), 1e-4);
    ck_assert_double_lt(fabs(at_8 / at_16 - 4), 0.3);
    ck_assert_double_lt(fabs(at_16 / at_32 - 4), 0.1);
}
END_TEST

START_TEST(with_momenta_turned_round_it_goes_back)
{
    double state[STATE], end[STATE], back[STATE];
    bench b = bench_of(&elbo_model_hvae, ELBO_EVALUATE,
                       OPTIONS("hidden", "5", "activation", "tanh", "latent-dim", "2", "leapfrog-learn", "none",
                               "leapfrog-steps", "5", "leapfrog-size", "0.1", "tempering", "1"));
    fill_state(state);
    orbit o = orbit_of(&b, state);
    set_weights(&b);
    end_of(&b, &o, end);
    ck_assert_double_gt(fabs(end[0] - state[0]), 0.1);
    for (int i = B * Z; i < STATE; i++)
        end[i] = -end[i];
    feed_state(&b, end);
    end_of(&b, &o, back);
    for (int i = 0; i < STATE; i++)
        assert_close(back[i], i < B * Z ? state[i] : -state[i], 1e-12);
    bench_free(&b);
}
END_TEST

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

/* With batch norms in the decoder, too, of a graph that trains. */
START_TEST(tempered_or_not_it_keeps_volumes_and_images_apart)
{
    const char *const nets[] = {"mlp", "conv"};
    const double step = 1e-4;
    double state[STATE], ends[2][STATE], jacobian[STATE][STATE];
    bench b = bench_of(&elbo_model_hvae, ELBO_TRAIN,
                       OPTIONS("hidden", "none", "activation", "softplus", "net", nets[_i], "channels", "3", "norm",
                               _i ? "batch" : "none", "latent-dim", "2", "leapfrog-steps", "3", "leapfrog-size", "0.2",
                               "tempering", "0.4", "leapfrog-learn", "both"));
    fill_state(state);
    orbit o = orbit_of(&b, state);
    set_weights(&b);
    for (int j = 0; j < STATE; j++) {
        const double kept = state[j];
        for (int side = 0; side < 2; side++) {
            state[j] = side ? kept + step : kept - step;
            feed_state(&b, state);
            end_of(&b, &o, ends[side]);
        }
        state[j] = kept;
        for (int i = 0; i < STATE; i++) {
            jacobian[i][j] = (ends[1][i] - ends[0][i]) / (2 * step);
            if (i / Z % B != j / Z % B && jacobian[i][j] != 0)
                ck_abort_msg("image %d has %g of image %d", i / Z % B, jacobian[i][j], j / Z % B);
        }
    }
    assert_close(determinant(jacobian), 1, 1e-6);
    bench_free(&b);
}
END_TEST

/* ---- the posterior ----------------------------------------------------------------------------------------------- */

static void measure(const elbo_model *model, double loss[1], double code[B * Z])
{
    bench b = bench_of(model, ELBO_TRAIN, OPTIONS("hidden", "5", "latent-dim", "2", "leapfrog-steps", "0"));
    elbo_inference i;
    const elbo_bound bound = elbo_model_bound(&b.in, b.in.x, &i);
    elbo_var *value = elbo_objective(&b.in, &bound, NULL);
    rig_run(&b.r, (elbo_var *[]){value, i.code}, 2, (double *[]){loss, code});
    bench_free(&b);
}

START_TEST(without_steps_it_is_the_vae_bit_for_bit)
{
    double loss[2], code[2][B * Z];
    measure(&elbo_model_vae, &loss[0], code[0]);
    measure(&elbo_model_hvae, &loss[1], code[1]);
    ck_assert_double_eq(loss[0], loss[1]);
    ck_assert(memcmp(code[0], code[1], sizeof code[0]) == 0);
}
END_TEST

/* The mean and its standard error */
typedef struct {
    double mean, error;
} estimate;

static estimate mean_of(const double *x, int n)
{
    double sum = 0, squares = 0;
    for (int i = 0; i < n; i++)
        sum += x[i];
    for (int i = 0; i < n; i++)
        squares += (x[i] - sum / n) * (x[i] - sum / n);
    return (estimate){sum / n, sqrt(squares / n / n)};
}

/* z ~ N(0, 1), x | z ~ N(z, 1) at x = 1.3, from q = N(0.2, 1.1^2) in 4 steps */
static bench linear_bench(const char *size, const char *tempering)
{
    bench b = {
        .r = rig_new(ELBO_F64, ELBO_EVALUATE),
        .options = options_of(&elbo_model_hvae, OPTIONS("hidden", "none", "latent-dim", "1", "likelihood", "gaussian",
                                                        "variance", "1", "leapfrog-learn", "none", "leapfrog-steps",
                                                        "4", "leapfrog-size", size, "tempering", tempering))};
    b.r.planned = true;
    b.in = (elbo_in){
        .g = b.r.g, .model = &elbo_model_hvae, .options = b.options, .image = ELBO_SHAPE(1), .draws = DRAWS};
    b.in.x = rig_input(&b.r, "x", ELBO_SHAPE(1, 1), (double[]){1.3});
    return b;
}

static void set_linear(bench *b)
{
    ck_assert_msg(elbo__graph_settle(b->r.g) == ELBO_OK, "%s", elbo_error());
    rig_set_param(&b->r, "encoder.mean.weight", (double[]){0});
    rig_set_param(&b->r, "encoder.mean.bias", (double[]){0.2});
    rig_set_param(&b->r, "encoder.logvar.weight", (double[]){0});
    rig_set_param(&b->r, "encoder.logvar.bias", (double[]){2 * log(1.1)});
    rig_set_param(&b->r, "decoder.mean.weight", (double[]){1});
    rig_set_param(&b->r, "decoder.mean.bias", (double[]){0});
}

static const char *const temperings[] = {"1", "0.4"};
static const double elbos[] = {-2.117, -2.017}; /* in steps of 0.3, by 2 million draws in numpy */
static const double log_p = -1.68801;           /* log N(1.3; 0, 2) */

START_TEST(its_weights_are_unbiased_for_the_evidence)
{
    static double log_weights[DRAWS], weights[DRAWS];
    bench b = linear_bench("0.3", temperings[_i]);
    elbo_var *log_weight = elbo_model_bound(&b.in, b.in.x, NULL).log_weight;
    set_linear(&b);
    rig_value(&b.r, log_weight, log_weights);
    for (int k = 0; k < DRAWS; k++)
        weights[k] = exp(log_weights[k] - log_p);
    const estimate evidence = mean_of(weights, DRAWS), elbo = mean_of(log_weights, DRAWS);
    ck_assert_double_lt(evidence.error, 0.005);
    ck_assert_double_lt(fabs(evidence.mean - 1), 4 * evidence.error);
    ck_assert_double_lt(fabs(elbo.mean - elbos[_i]), 4 * elbo.error + 0.002);
    bench_free(&b);
}
END_TEST

/* dz_K / dz_0 of 4 steps of 0.1, where d^2 U / dz^2 = 2 */
static double stretch(double tempering)
{
    const double first = 1 / sqrt(tempering);
    double z = 1, momentum = 0, scale = first;
    for (int k = 1; k <= 4; k++) {
        const double next = (1 - first) * k * k / 16 + first;
        momentum -= 0.1 * z;
        z += 0.1 * momentum;
        momentum = (momentum - 0.1 * z) * next / scale;
        scale = next;
    }
    return z;
}

/* They estimate p(x) / |dz_K / dz_0|: that is how one can tell that the densities of the momenta belong to them. */
START_TEST(weights_without_momenta_are_of_no_evidence)
{
    static double weights[DRAWS];
    bench b = linear_bench("0.1", temperings[_i]);
    elbo__motion m = elbo__motion_of(&b.in, 1);
    const elbo_inference first = elbo_infer_from(&b.in, elbo__posterior_hamiltonian.law(&b.in));
    elbo_var *g = elbo_random_normal(b.r.g, "momentum", elbo_shape_of(first.z), 1);
    const elbo__phase last = elbo__leapfrog(&m, (elbo__phase){first.z, g});
    elbo_var *weight = elbo_exp(elbo_sub(elbo__log_joint(&m, last.z), first.log_q));
    set_linear(&b);
    rig_value(&b.r, weight, weights);
    const estimate mean = mean_of(weights, DRAWS);
    ck_assert_double_lt(fabs(mean.mean - exp(log_p) / stretch(_i ? 0.4 : 1)), 4 * mean.error);
    ck_assert_double_gt(mean.mean - exp(log_p), 20 * mean.error);
    bench_free(&b);
}
END_TEST

START_TEST(the_code_is_the_mean_of_z_where_everything_is_linear)
{
    static double z[DRAWS];
    double code;
    bench b = linear_bench("0.3", "0.4");
    const elbo_inference i = elbo__model_infer(&b.in);
    set_linear(&b);
    rig_run(&b.r, (elbo_var *[]){i.z, i.code}, 2, (double *[]){z, &code});
    const estimate mean = mean_of(z, DRAWS);
    ck_assert_double_lt(mean.error, 0.005);
    ck_assert_double_lt(fabs(mean.mean - code), 4 * mean.error);
    ck_assert_double_gt(fabs(code - 0.2), 0.1);
    bench_free(&b);
}
END_TEST

/* d loss / d p by elbo_grad, and by differences of fourth order */
static void check_derivative(bench *b, const char *name, elbo_var *loss, elbo_var *derivative)
{
    static const double weights[] = {1, -8, 8, -1}, places[] = {-2, -1, 1, 2};
    double at[Z], by_rule[Z], step = 1.0 / 1024;
    const int n = (int)(elbo_ndim(derivative) ? elbo_size(derivative, 0) : 1);
    rig_value(&b->r, derivative, by_rule);
    rig_param(&b->r, name, at);
    for (int i = 0; i < n; i++) {
        double sum = 0, moved[Z];
        for (int k = 0; k < 4; k++) {
            memcpy(moved, at, sizeof at);
            moved[i] += places[k] * step;
            rig_set_param(&b->r, name, moved);
            sum += weights[k] * rig_number(&b->r, loss);
        }
        rig_set_param(&b->r, name, at);
        ck_assert_double_gt(fabs(by_rule[i]), 1e-3);
        assert_close(by_rule[i], sum / (12 * step), 1e-9);
    }
}

START_TEST(sizes_and_tempering_have_the_derivatives_of_the_loss)
{
    bench b = bench_of(&elbo_model_hvae, ELBO_TRAIN,
                       OPTIONS("hidden", "5", "activation", "tanh", "latent-dim", "2", "leapfrog-learn", "both",
                               "leapfrog-size", "0.2"));
    const elbo_bound bound = elbo_model_bound(&b.in, b.in.x, NULL);
    elbo_var *loss = elbo_objective(&b.in, &bound, NULL), *derivatives[2];
    elbo_var *params[] = {
        elbo_param(b.r.g, "encoder.leapfrog.size", ELBO_SHAPE(Z), elbo_init_zeros()),
        elbo_param(b.r.g, "encoder.leapfrog.tempering", ELBO_SCALAR, elbo_init_zeros()),
    };
    elbo_grad(loss, params, 2, derivatives);
    set_weights(&b);
    check_derivative(&b, "encoder.leapfrog.size", loss, derivatives[0]);
    check_derivative(&b, "encoder.leapfrog.tempering", loss, derivatives[1]);
    bench_free(&b);
}
END_TEST

START_TEST(what_is_hidden_exerts_no_force)
{
    double state[STATE], mask[B * D], x[B * D], ends[2][STATE];
    numbers n = {9};
    fill_state(state);
    for (int i = 0; i < B * D; i++)
        mask[i] = i % 3 != 0;
    for (int k = 0; k < 2; k++) {
        bench b = bench_of(&elbo_model_hvae, ELBO_EVALUATE, OPTIONS("hidden", "5", "latent-dim", "2"));
        b.in.mask = rig_input(&b.r, "mask", ELBO_SHAPE(B, D), mask);
        const orbit o = orbit_of(&b, state);
        set_weights(&b);
        for (int i = 0; i < B * D; i++)
            x[i] = mask[i] ? 0.3 : numbers_between(&n, 0, 1);
        rig_feed(&b.r, "x", ELBO_SHAPE(B, D), x);
        end_of(&b, &o, ends[k]);
        bench_free(&b);
    }
    ck_assert(memcmp(ends[0], ends[1], sizeof ends[0]) == 0);
}
END_TEST

START_TEST(a_learned_size_or_tempering_begins_below_its_bound)
{
    static const struct {
        const char *pairs[7], *message;
    } wrong[] = {
        {{"leapfrog-learn", "size", "leapfrog-size", "0.5", NULL},
         "leapfrog-size 0.5: one that is learned begins below 0.5"},
        {{"leapfrog-learn", "both", "tempering", "1", NULL}, "tempering 1: one that is learned begins below 1"},
    };
    bench b = bench_of(&elbo_model_hvae, ELBO_TRAIN, wrong[_i].pairs);
    elbo__model_infer(&b.in);
    ck_assert_int_ne(elbo_graph_status(b.r.g), ELBO_OK);
    ck_assert_msg(strstr(elbo_error(), wrong[_i].message) != NULL, "%s", elbo_error());
    bench_free(&b);
}
END_TEST

Suite *suite_hamiltonian(void)
{
    Suite *suite = suite_create("hamiltonian");
    TCase *tc = tcase_create("hamiltonian");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, half_the_size_has_a_quarter_of_the_error_in_energy);
    tcase_add_test(tc, with_momenta_turned_round_it_goes_back);
    tcase_add_loop_test(tc, tempered_or_not_it_keeps_volumes_and_images_apart, 0, 2);
    tcase_add_test(tc, without_steps_it_is_the_vae_bit_for_bit);
    tcase_add_loop_test(tc, its_weights_are_unbiased_for_the_evidence, 0, 2);
    tcase_add_loop_test(tc, weights_without_momenta_are_of_no_evidence, 0, 2);
    tcase_add_test(tc, the_code_is_the_mean_of_z_where_everything_is_linear);
    tcase_add_test(tc, sizes_and_tempering_have_the_derivatives_of_the_loss);
    tcase_add_test(tc, what_is_hidden_exerts_no_force);
    tcase_add_loop_test(tc, a_learned_size_or_tempering_begins_below_its_bound, 0, 2);
    suite_add_tcase(suite, tc);
    return suite;
}
