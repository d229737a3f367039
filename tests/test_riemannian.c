/* The Riemannian Hamiltonian posterior: the motion in a metric that is learned, its weights, and what is kept of it. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../autograd/op.h"
#include "../nn/model/model_check.h"
#include "motions.h"
#include "suites.h"

enum { N = 3, M = N * Z * Z };

/* c_i and M_i = L_i L_i^T */
static const double centroids[N * Z] = {-0.5, 0.3, 0.8, -0.2, 0.1, 1};
static void fill_matrices(double out[M])
{
    static const double factors[M] = {0.9, 0, 0.4, 0.5, 0.3, 0, -0.6, 0.8, 0.6, 0, 0.2, 0.4};
    for (int i = 0; i < M; i++) {
        const double *row = factors + i / 2 * 2, *column = factors + (i / 4 * 2 + i % 2) * 2;
        out[i] = row[0] * column[0] + row[1] * column[1];
    }
}

static void set_metric(bench *b)
{
    double matrices[M];
    fill_matrices(matrices);
    rig_set_param(&b->r, "encoder.metric.centroids", centroids);
    rig_set_param(&b->r, "encoder.metric.matrices", matrices);
}

/* Iterations until nothing changes. */
#define SMALL                                                                                                          \
    "hidden", "5", "activation", "tanh", "latent-dim", "2", "metric-size", "3", "metric-hidden", "4", "fixed-points",  \
        "40", "metric-lambda", "0.3", "leapfrog-learn", "none"

/* ---- the motion -------------------------------------------------------------------------------------------------- */

static void leap(orbit *o)
{
    o->metric = elbo__metric_of_state(&o->m.in, Z);
    o->course = (elbo__course){&o->m, &o->metric, (int)elbo_option_integer(&o->m.in, "fixed-points")};
    o->to = elbo__riemannian_leapfrog(&o->course, o->from);
}

/* r^T G^-1 r / 2 - log det G^-1 / 2 - log p(x, z) */
static elbo_var *energy(orbit *o, elbo__phase at)
{
    elbo_var *inverse = elbo__metric_at(&o->metric, at.z).inverse, *r = elbo_unsqueeze(at.momentum, -1);
    elbo_var *kinetic = elbo_sum(elbo_mul(r, elbo_matmul(inverse, r)), (int[]){-1, -2}, 2, false);
    elbo_var *terms = elbo_scale(elbo_sub(kinetic, elbo_spd_logdet(inverse)), 0.5);
    return elbo_sub(terms, elbo__log_joint(&o->m, at.z));
}

START_TEST(half_the_size_has_a_quarter_of_the_error_in_energy)
{
    static const char *const steps[] = {"8", "16", "32"}, *const sizes[] = {"0.05", "0.025", "0.0125"};
    double errors[3];
    for (int i = 0; i < 3; i++) {
        bench b = bench_of(&elbo_model_rhvae, ELBO_EVALUATE,
                           OPTIONS(SMALL, "leapfrog-steps", steps[i], "leapfrog-size", sizes[i], "tempering", "1"));
        orbit o;
        double of_images[B];
        orbit_begin(&b, &o, leap);
        elbo_var *error = elbo_sub(energy(&o, o.to), energy(&o, o.from));
        set_weights(&b);
        set_metric(&b);
        rig_value(&b.r, error, of_images);
        errors[i] = of_images[0];
        bench_free(&b);
    }
    assert_quadratic(errors);
}
END_TEST

START_TEST(with_momenta_turned_round_it_goes_back)
{
    bench b = bench_of(&elbo_model_rhvae, ELBO_EVALUATE,
                       OPTIONS(SMALL, "leapfrog-steps", "5", "leapfrog-size", "0.1", "tempering", "1"));
    orbit o;
    orbit_begin(&b, &o, leap);
    set_weights(&b);
    set_metric(&b);
    assert_goes_back(&b, &o, 1e-11);
    bench_free(&b);
}
END_TEST

START_TEST(tempered_it_keeps_volumes_and_images_apart)
{
    bench b = bench_of(&elbo_model_rhvae, ELBO_EVALUATE, OPTIONS(SMALL, "leapfrog-size", "0.1", "tempering", "0.4"));
    orbit o;
    orbit_begin(&b, &o, leap);
    set_weights(&b);
    set_metric(&b);
    assert_keeps_volumes(&b, &o, 1e-6);
    bench_free(&b);
}
END_TEST

/* ---- the posterior ----------------------------------------------------------------------------------------------- */

/* R of the two unit vectors: R R^T G^-1 = I */
START_TEST(momenta_have_the_metric_as_their_covariance)
{
    static const double z[Z * Z] = {0.2, -0.1, 0.2, -0.1}, units[Z * Z] = {1, 0, 0, 1};
    double r[Z * Z], inverse[Z * Z * Z], covariance[Z * Z];
    bench b = bench_of(&elbo_model_rhvae, ELBO_EVALUATE, OPTIONS(SMALL));
    const elbo__metric metric = elbo__metric_of_state(&b.in, Z);
    const elbo__metric_place at = elbo__metric_at(&metric, rig_input(&b.r, "z", ELBO_SHAPE(1, Z, Z), z));
    elbo_var *momenta = elbo__metric_momentum(&at, rig_input(&b.r, "g", ELBO_SHAPE(1, Z, Z), units));
    ck_assert_msg(elbo__graph_settle(b.r.g) == ELBO_OK, "%s", elbo_error());
    set_metric(&b);
    rig_run(&b.r, (elbo_var *[]){momenta, at.inverse}, 2, (double *[]){r, inverse});
    ck_assert_double_gt(fabs(inverse[1]), 0.05); /* so that a factor and its transpose differ */
    for (int i = 0; i < Z * Z; i++)
        covariance[i] = r[i / Z] * r[i % Z] + r[Z + i / Z] * r[Z + i % Z];
    for (int i = 0; i < Z * Z; i++) {
        const double *row = covariance + i / Z * Z;
        assert_close(row[0] * inverse[i % Z] + row[1] * inverse[Z + i % Z], i == 0 || i == 3, 1e-13);
    }
    bench_free(&b);
}
END_TEST

/* With G^-1 = s I everywhere, s = sum of M + lambda, it is a Hamiltonian posterior in steps of e sqrt(s). */
START_TEST(in_a_constant_metric_it_is_hamiltonian)
{
    double log_q[2][B], z[2][B * Z], far[N * Z] = {0}, matrices[M];
    for (int i = 0; i < M; i++)
        matrices[i] = i % 4 == 0 || i % 4 == 3 ? 0.5 : 0;
    for (int k = 0; k < 2; k++) {
        bench b = k ? bench_of(&elbo_model_hvae, ELBO_EVALUATE,
                               OPTIONS("hidden", "5", "activation", "tanh", "latent-dim", "2", "leapfrog-learn", "none",
                                       "leapfrog-size", "0.134164078649987384"))
                    : bench_of(&elbo_model_rhvae, ELBO_EVALUATE,
                               OPTIONS(SMALL, "metric-temperature", "1000000", "leapfrog-size", "0.1"));
        const elbo_inference i = elbo__model_infer(&b.in);
        elbo_model_decode(&b.in, elbo_expand(elbo_constant(b.r.g, 0), ELBO_SHAPE(B, Z)));
        set_weights(&b);
        if (k == 0) {
            rig_set_param(&b.r, "encoder.metric.centroids", far);
            rig_set_param(&b.r, "encoder.metric.matrices", matrices);
        }
        rig_run(&b.r, (elbo_var *[]){i.z, i.log_q}, 2, (double *[]){z[k], log_q[k]});
        bench_free(&b);
    }
    for (int i = 0; i < B * Z; i++)
        assert_close(z[0][i], z[1][i], 1e-10);
    for (int i = 0; i < B; i++)
        assert_close(log_q[0][i], log_q[1][i], 1e-9);
}
END_TEST

START_TEST(its_weights_are_unbiased_for_the_evidence)
{
    static const char *const temperings[] = {"1", "0.4"};
    static double weights[DRAWS];
    bench b = linear_bench(&elbo_model_rhvae,
                           OPTIONS("latent-dim", "2", "leapfrog-learn", "none", "leapfrog-size", "0.1", "tempering",
                                   temperings[_i], "metric-size", "3", "metric-hidden", "4", "metric-lambda", "0.3",
                                   "fixed-points", "8"));
    elbo_var *log_weight = elbo_model_bound(&b.in, b.in.x, NULL).log_weight;
    elbo_var *weight = elbo_exp(elbo_shift(log_weight, -linear_log_p(2)));
    set_linear(&b);
    set_metric(&b);
    rig_value(&b.r, weight, weights);
    const estimate evidence = mean_of(weights, DRAWS);
    ck_assert_double_lt(evidence.error, 0.005);
    ck_assert_double_lt(fabs(evidence.mean - 1), 4 * evidence.error);
    bench_free(&b);
}
END_TEST

START_TEST(the_networks_have_the_derivatives_of_the_loss)
{
    static const struct {
        const char *name;
        elbo_shape shape;
        int n;
    } params[] = {
        {"encoder.leapfrog.size", {1, {Z}}, Z},
        {"encoder.leapfrog.tempering", {0, {0}}, 1},
        {"encoder.metric.diagonal.bias", {1, {Z}}, Z},
        {"encoder.metric.lower.bias", {1, {Z * Z}}, Z * Z},
        {"encoder.mean.bias", {1, {Z}}, Z},
        {"encoder.logvar.bias", {1, {Z}}, Z},
        {"decoder.logits.bias", {1, {D}}, D},
    };
    enum { PARAMS = sizeof params / sizeof params[0] };
    elbo_var *of[PARAMS], *derivatives[PARAMS];
    bench b = bench_of(&elbo_model_rhvae, ELBO_TRAIN,
                       OPTIONS("hidden", "3", "activation", "tanh", "latent-dim", "2", "metric-size", "3",
                               "metric-hidden", "3", "metric-lambda", "0.3", "leapfrog-learn", "both", "leapfrog-steps",
                               "2", "metric-temperature", "3"));
    b.r.planned = true;
    const elbo_bound bound = elbo_model_bound(&b.in, b.in.x, NULL);
    elbo_var *loss = elbo_objective(&b.in, &bound, NULL);
    for (int i = 0; i < PARAMS; i++)
        of[i] = elbo_param(b.r.g, params[i].name, params[i].shape, elbo_init_zeros());
    elbo_grad(loss, of, PARAMS, derivatives);
    ck_assert_msg(elbo__graph_settle(b.r.g) == ELBO_OK, "%s", elbo_error());
    for (int i = 0; i < PARAMS; i++)
        assert_derivative(&b, params[i].name, params[i].n, loss, derivatives[i]);
    bench_free(&b);
}
END_TEST

/* ---- what is kept ------------------------------------------------------------------------------------------------ */

/* Of 3 images a batch 7 are kept: all of the last batch, all of the one before it, the first of the one before that. */
START_TEST(the_last_images_trained_on_make_the_metric_elsewhere)
{
    enum { KEPT = 7 };
    double means[B * Z], matrices[B * Z * Z], kept[KEPT * Z], shapes[KEPT * Z * Z], before[KEPT * Z];
    bench b = bench_of(&elbo_model_rhvae, ELBO_TRAIN,
                       OPTIONS("hidden", "5", "latent-dim", "2", "metric-size", "7", "metric-hidden", "4"));
    const elbo_dist q = elbo__posterior_riemannian_hamiltonian.law(&b.in);
    const elbo__metric metric = elbo__metric_of_batch(&b.in, elbo_dist_mean(q));
    ck_assert_msg(elbo__graph_settle(b.r.g) == ELBO_OK, "%s", elbo_error());
    for (int run = 0; run < 3; run++) {
        rig_param(&b.r, "encoder.metric.centroids", before);
        rig_run(&b.r, (elbo_var *[]){metric.centroids, metric.matrices}, 2, (double *[]){means, matrices});
        rig_param(&b.r, "encoder.metric.centroids", kept);
        rig_param(&b.r, "encoder.metric.matrices", shapes);
        ck_assert(memcmp(kept, means, sizeof means) == 0);
        ck_assert(memcmp(shapes, matrices, sizeof matrices) == 0);
        ck_assert(memcmp(kept + B * Z, before, (KEPT - B) * Z * sizeof *kept) == 0);
        for (int i = 0; i < B; i++) { /* symmetric, and positive definite */
            const double *m = matrices + i * Z * Z;
            ck_assert_double_eq(m[1], m[2]);
            ck_assert_double_gt(m[0] * m[3] - m[1] * m[2], 0);
        }
        double x[B * D];
        for (int i = 0; i < B * D; i++)
            x[i] = (i * (run + 2)) % 7 / 7.0;
        rig_feed(&b.r, "x", ELBO_SHAPE(B, D), x); /* of the next run */
    }
    bench_free(&b);
}
END_TEST

/* The sum over the images grows with their number; steps of one size bear only so many. */
START_TEST(no_more_images_make_the_metric_than_are_kept)
{
    enum { KEPT = 2 };
    double means[KEPT * Z], kept[KEPT * Z];
    bench b = bench_of(&elbo_model_rhvae, ELBO_TRAIN,
                       OPTIONS("hidden", "5", "latent-dim", "2", "metric-size", "2", "metric-hidden", "4"));
    const elbo_dist q = elbo__posterior_riemannian_hamiltonian.law(&b.in);
    const elbo__metric metric = elbo__metric_of_batch(&b.in, elbo_dist_mean(q));
    ck_assert_msg(elbo__graph_settle(b.r.g) == ELBO_OK, "%s", elbo_error());
    ck_assert_int_eq(elbo_size(metric.centroids, 0), KEPT);
    ck_assert_int_eq(elbo_size(metric.matrices, 0), KEPT);
    rig_value(&b.r, metric.centroids, means);
    rig_param(&b.r, "encoder.metric.centroids", kept);
    ck_assert(memcmp(kept, means, sizeof means) == 0);
    bench_free(&b);
}
END_TEST

START_TEST(what_is_not_finite_is_not_kept)
{
    double x[B * D] = {NAN}, kept[N * Z];
    bench b = bench_of(&elbo_model_rhvae, ELBO_TRAIN, OPTIONS(SMALL));
    const elbo_dist q = elbo__posterior_riemannian_hamiltonian.law(&b.in);
    const elbo__metric metric = elbo__metric_of_batch(&b.in, elbo_dist_mean(q));
    ck_assert_msg(elbo__graph_settle(b.r.g) == ELBO_OK, "%s", elbo_error());
    double means[B * Z];
    rig_feed(&b.r, "x", ELBO_SHAPE(B, D), x);
    rig_value(&b.r, metric.centroids, means);
    rig_param(&b.r, "encoder.metric.centroids", kept);
    ck_assert(isnan(means[0]) && kept[0] == 0 && kept[Z] == means[Z]);
    bench_free(&b);
}
END_TEST

/* ---- the density ------------------------------------------------------------------------------------------------- */

/* log sqrt det G^-1 at one point, in plain loops */
static double plain_density(const double z[Z], double least, double temperature)
{
    double a[Z * Z] = {least, 0, 0, least}, matrices[M];
    fill_matrices(matrices);
    for (int i = 0; i < N; i++) {
        double square = 0;
        for (int j = 0; j < Z; j++)
            square += (centroids[i * Z + j] - z[j]) * (centroids[i * Z + j] - z[j]);
        for (int j = 0; j < Z * Z; j++)
            a[j] += matrices[i * Z * Z + j] * exp(-square / (temperature * temperature));
    }
    return log(a[0] * a[3] - a[1] * a[2]) / 2;
}

START_TEST(a_run_tells_the_density_and_its_derivative)
{
    enum { POINTS = 4 };
    static const float z[POINTS * Z] = {0, 0, 0.5f, -1, -0.25f, 0.75f, 6, -6};
    float density[POINTS], gradient[POINTS * Z];
    double matrices[M];
    elbo_run *run = run_of(&elbo_model_rhvae,
                           OPTIONS("latent-dim", "2", "hidden", "5", "metric-size", "3", "metric-hidden", "4",
                                   "conditional", _i ? "yes" : "no"),
                           ELBO_SHAPE(4, 4), _i ? 3 : 0);
    fill_matrices(matrices);
    run_set_param(run, "encoder.metric.centroids", centroids);
    run_set_param(run, "encoder.metric.matrices", matrices);
    assert_ok(elbo_run_metric(run, z, POINTS, density, gradient));
    for (int i = 0; i < POINTS; i++) {
        double at[Z] = {z[i * Z], z[i * Z + 1]};
        assert_close(density[i], plain_density(at, 0.01, 1.5), 2e-6);
        for (int j = 0; j < Z; j++) {
            const double kept = at[j], step = 1e-5;
            at[j] = kept + step;
            const double above = plain_density(at, 0.01, 1.5);
            at[j] = kept - step;
            assert_close(gradient[i * Z + j], (above - plain_density(at, 0.01, 1.5)) / (2 * step), 1e-5);
            at[j] = kept;
        }
    }
    elbo_run_free(run);
}
END_TEST

START_TEST(a_model_without_a_metric_says_so)
{
    float z[2] = {0}, density, gradient[2];
    elbo_run *run = run_of(&elbo_model_vae, OPTIONS("latent-dim", "2", "hidden", "5"), ELBO_SHAPE(16), 0);
    assert_refused(elbo_run_metric(run, z, 1, &density, gradient),
                   "model \"vae\", metric: has no metric; that takes posterior riemannian-hamiltonian");
    elbo_run_free(run);
}
END_TEST

/* ---- training ---------------------------------------------------------------------------------------------------- */

START_TEST(hundreds_of_steps_lower_the_loss_without_a_nan)
{
    static const char *const scalars[] = {"beta", "epoch"};
    elbo_values *options = options_of(
        &elbo_model_rhvae, OPTIONS("hidden", "16", "latent-dim", "2", "metric-size", "6", "metric-hidden", "16"));
    double x[B * D];
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_in in = {.g = r.g, .model = &elbo_model_rhvae, .options = options, .image = ELBO_SHAPE(4, 4), .draws = 2};
    for (int i = 0; i < B * D; i++)
        x[i] = i % 7 == 0 || i % 5 == 1;
    in.x = rig_input(&r, "x", ELBO_SHAPE(B, D), x);
    for (int i = 0; i < 2; i++)
        rig_scalar(&r, scalars[i], 1);
    rig_scalar(&r, "lr", 0.01);
    elbo_model_train(&in, &(elbo_optim){.name = "adam"});
    ck_assert_msg(elbo_graph_status(r.g) == ELBO_OK, "%s", elbo_error());
    ck_assert_str_eq(in.metrics[0].name, "loss");
    elbo_plan *plan = elbo_compile(r.g, (elbo_var *[]){in.metrics[0].value}, 1);
    ck_assert_msg(plan != NULL, "%s", elbo_error());
    for (int i = 0; i < r.n_feeds; i++)
        assert_ok(elbo_plan_bind(plan, r.feeds[i].name, r.feeds[i].data));
    double first = 0, last = 0;
    for (int step = 1; step <= 400; step++) {
        assert_ok(elbo_plan_set(plan, "step", step));
        assert_ok(elbo_plan_run(plan, r.params, (elbo_at){.seed = 1, .step = (uint64_t)step}));
        const elbo_tensor loss = elbo_plan_output(plan, 0);
        const double value = elbo_tensor_get(&loss, NULL);
        ck_assert_msg(isfinite(value), "loss %g in step %d", value, step);
        first += step <= 20 ? value / 20 : 0;
        last += step > 380 ? value / 20 : 0;
    }
    ck_assert_double_lt(last, first - 0.5);
    elbo_plan_free(plan);
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

Suite *suite_riemannian(void)
{
    Suite *suite = suite_create("riemannian");
    TCase *tc = tcase_create("riemannian");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, half_the_size_has_a_quarter_of_the_error_in_energy);
    tcase_add_test(tc, with_momenta_turned_round_it_goes_back);
    tcase_add_test(tc, tempered_it_keeps_volumes_and_images_apart);
    tcase_add_test(tc, momenta_have_the_metric_as_their_covariance);
    tcase_add_test(tc, in_a_constant_metric_it_is_hamiltonian);
    tcase_add_loop_test(tc, its_weights_are_unbiased_for_the_evidence, 0, 2);
    tcase_add_test(tc, the_networks_have_the_derivatives_of_the_loss);
    tcase_add_test(tc, the_last_images_trained_on_make_the_metric_elsewhere);
    tcase_add_test(tc, no_more_images_make_the_metric_than_are_kept);
    tcase_add_test(tc, what_is_not_finite_is_not_kept);
    tcase_add_loop_test(tc, a_run_tells_the_density_and_its_derivative, 0, 2);
    tcase_add_test(tc, a_model_without_a_metric_says_so);
    tcase_add_test(tc, hundreds_of_steps_lower_the_loss_without_a_nan);
    suite_add_tcase(suite, tc);
    return suite;
}
