/* The Hamiltonian posterior: its motion is that of the equations, and its weights are those of importance sampling. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../nn/model/model_check.h"
#include "motions.h"
#include "numbers.h"
#include "suites.h"

/* ---- the motion -------------------------------------------------------------------------------------------------- */

static void leap(orbit *o)
{
    o->to = elbo__leapfrog(&o->m, o->from);
}

/* |r|^2 / 2 - log p(x, z) */
static elbo_var *energy(orbit *o, elbo__phase at)
{
    elbo_var *kinetic = elbo_scale(elbo_sum_axis(elbo_square(at.momentum), -1), 0.5);
    return elbo_sub(kinetic, elbo__log_joint(&o->m, at.z));
}

START_TEST(half_the_size_has_a_quarter_of_the_error_in_energy)
{
    static const char *const steps[] = {"8", "16", "32"}, *const sizes[] = {"0.05", "0.025", "0.0125"};
    double errors[3];
    for (int i = 0; i < 3; i++) {
        bench b = bench_of(&elbo_model_hvae, ELBO_EVALUATE,
                           OPTIONS("hidden", "5", "activation", "tanh", "latent-dim", "2", "leapfrog-learn", "none",
                                   "leapfrog-steps", steps[i], "leapfrog-size", sizes[i], "tempering", "1"));
        errors[i] = energy_error(&b, leap, energy);
        bench_free(&b);
    }
    assert_quadratic(errors);
}
END_TEST

START_TEST(with_momenta_turned_round_it_goes_back)
{
    bench b = bench_of(&elbo_model_hvae, ELBO_EVALUATE,
                       OPTIONS("hidden", "5", "activation", "tanh", "latent-dim", "2", "leapfrog-learn", "none",
                               "leapfrog-steps", "5", "leapfrog-size", "0.1", "tempering", "1"));
    orbit o;
    orbit_begin(&b, &o, leap);
    set_weights(&b);
    assert_goes_back(&b, &o, 1e-12);
    bench_free(&b);
}
END_TEST

/* With batch norms in the decoder, too, of a graph that trains. */
START_TEST(tempered_it_keeps_volumes_and_images_apart)
{
    const char *const nets[] = {"mlp", "conv"};
    bench b = bench_of(&elbo_model_hvae, ELBO_TRAIN,
                       OPTIONS("hidden", "none", "activation", "softplus", "net", nets[_i], "channels", "3", "norm",
                               _i ? "batch" : "none", "latent-dim", "2", "leapfrog-size", "0.2", "tempering", "0.4"));
    orbit o;
    orbit_begin(&b, &o, leap);
    set_weights(&b);
    assert_keeps_volumes(&b, &o, 1e-6);
    bench_free(&b);
}
END_TEST

START_TEST(what_is_hidden_exerts_no_force)
{
    double mask[B * D], x[B * D], ends[2][STATE];
    numbers n = {9};
    for (int i = 0; i < B * D; i++)
        mask[i] = i % 3 != 0;
    for (int k = 0; k < 2; k++) {
        bench b = bench_of(&elbo_model_hvae, ELBO_EVALUATE, OPTIONS("hidden", "5", "latent-dim", "2"));
        orbit o;
        b.in.mask = rig_input(&b.r, "mask", ELBO_SHAPE(B, D), mask);
        orbit_begin(&b, &o, leap);
        set_weights(&b);
        for (int i = 0; i < B * D; i++)
            x[i] = mask[i] ? 0.3 : numbers_between(&n, 0, 1);
        rig_feed(&b.r, "x", ELBO_SHAPE(B, D), x);
        orbit_end(&b, &o, ends[k]);
        bench_free(&b);
    }
    ck_assert(memcmp(ends[0], ends[1], sizeof ends[0]) == 0);
}
END_TEST

/* ---- the posterior ----------------------------------------------------------------------------------------------- */

static void measure(const elbo_model *model, const char *const *pairs, double loss[1], double code[B * Z])
{
    bench b = bench_of(model, ELBO_TRAIN, pairs);
    elbo_inference i;
    const elbo_bound bound = elbo_model_bound(&b.in, b.in.x, &i);
    elbo_var *value = elbo_objective(&b.in, &bound, NULL);
    rig_run(&b.r, (elbo_var *[]){value, i.code}, 2, (double *[]){loss, code});
    bench_free(&b);
}

START_TEST(without_steps_it_is_the_vae_bit_for_bit)
{
    double loss[2], code[2][B * Z];
    measure(&elbo_model_vae, OPTIONS("hidden", "5", "latent-dim", "2"), &loss[0], code[0]);
    measure(&elbo_model_hvae, OPTIONS("hidden", "5", "latent-dim", "2", "leapfrog-steps", "0"), &loss[1], code[1]);
    ck_assert_double_eq(loss[0], loss[1]);
    ck_assert(memcmp(code[0], code[1], sizeof code[0]) == 0);
}
END_TEST

/* In 4 steps */
static bench linear(const char *size, const char *tempering)
{
    return linear_bench(&elbo_model_hvae, OPTIONS("latent-dim", "1", "leapfrog-learn", "none", "leapfrog-steps", "4",
                                                  "leapfrog-size", size, "tempering", tempering));
}

static const char *const temperings[] = {"1", "0.4"};
static const double elbos[] = {-2.117, -2.017}; /* in steps of 0.3, by 2 million draws in numpy */

START_TEST(its_weights_are_unbiased_for_the_evidence)
{
    static double log_weights[DRAWS], weights[DRAWS];
    bench b = linear("0.3", temperings[_i]);
    elbo_var *log_weight = elbo_model_bound(&b.in, b.in.x, NULL).log_weight;
    set_linear(&b);
    rig_value(&b.r, log_weight, log_weights);
    for (int k = 0; k < DRAWS; k++)
        weights[k] = exp(log_weights[k] - linear_log_p(1));
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
    bench b = linear("0.1", temperings[_i]);
    elbo__motion m = elbo__motion_of(&b.in, 1);
    const elbo_inference first = elbo_infer_from(&b.in, elbo__posterior_hamiltonian.law(&b.in));
    elbo_var *g = elbo_random_normal(b.r.g, "momentum", elbo_shape_of(first.z), 1);
    const elbo__phase last = elbo__leapfrog(&m, (elbo__phase){first.z, g});
    elbo_var *weight = elbo_exp(elbo_sub(elbo__log_joint(&m, last.z), first.log_q));
    set_linear(&b);
    rig_value(&b.r, weight, weights);
    const estimate mean = mean_of(weights, DRAWS);
    ck_assert_double_lt(fabs(mean.mean - exp(linear_log_p(1)) / stretch(_i ? 0.4 : 1)), 4 * mean.error);
    ck_assert_double_gt(mean.mean - exp(linear_log_p(1)), 20 * mean.error);
    bench_free(&b);
}
END_TEST

START_TEST(the_code_is_the_mean_of_z_where_everything_is_linear)
{
    static double z[DRAWS];
    double code;
    bench b = linear("0.3", "0.4");
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

START_TEST(sizes_and_tempering_have_the_derivatives_of_the_loss)
{
    static const char *const names[] = {"encoder.leapfrog.size", "encoder.leapfrog.tempering"};
    bench b = bench_of(&elbo_model_hvae, ELBO_TRAIN,
                       OPTIONS("hidden", "5", "activation", "tanh", "latent-dim", "2", "leapfrog-size", "0.2"));
    const elbo_bound bound = elbo_model_bound(&b.in, b.in.x, NULL);
    elbo_var *loss = elbo_objective(&b.in, &bound, NULL), *derivatives[2];
    elbo_var *params[] = {elbo_param(b.r.g, names[0], ELBO_SHAPE(Z), elbo_init_zeros()),
                          elbo_param(b.r.g, names[1], ELBO_SCALAR, elbo_init_zeros())};
    elbo_grad(loss, params, 2, derivatives);
    set_weights(&b);
    assert_derivative(&b, names[0], Z, loss, derivatives[0]);
    assert_derivative(&b, names[1], 1, loss, derivatives[1]);
    bench_free(&b);
}
END_TEST

START_TEST(a_learned_size_or_tempering_begins_below_its_bound)
{
    static const struct {
        const char *pairs[3], *message;
    } wrong[] = {
        {{"leapfrog-size", "0.5", NULL}, "leapfrog-size 0.5: one that is learned begins below 0.5"},
        {{"tempering", "1", NULL}, "tempering 1: one that is learned begins below 1"},
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
    tcase_add_loop_test(tc, tempered_it_keeps_volumes_and_images_apart, 0, 2);
    tcase_add_test(tc, what_is_hidden_exerts_no_force);
    tcase_add_test(tc, without_steps_it_is_the_vae_bit_for_bit);
    tcase_add_loop_test(tc, its_weights_are_unbiased_for_the_evidence, 0, 2);
    tcase_add_loop_test(tc, weights_without_momenta_are_of_no_evidence, 0, 2);
    tcase_add_test(tc, the_code_is_the_mean_of_z_where_everything_is_linear);
    tcase_add_test(tc, sizes_and_tempering_have_the_derivatives_of_the_loss);
    tcase_add_loop_test(tc, a_learned_size_or_tempering_begins_below_its_bound, 0, 2);
    suite_add_tcase(suite, tc);
    return suite;
}
