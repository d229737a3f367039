/* Active units, the KL of each dimension, and what codes tell of images. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../nn/evaluation/latent_use.h"
#include "../nn/parts/options.h"
#include "linear_vae.h"
#include "numbers.h"
#include "rig.h"
#include "suites.h"

enum { D = 3, Z = 3 };

static const double corners[4][D] = {{1, 1, 0}, {1, -1, 0}, {-1, 1, 0}, {-1, -1, 0}}; /* of variance 1, 1, 0 */

static elbo_images corner_images(void)
{
    static float x[4 * D];
    for (int i = 0; i < 4 * D; i++)
        x[i] = (float)corners[i / D][i % D];
    return images_of(x, 4, ELBO_SHAPE(D));
}

/* x (n): sums of twelve uniform numbers, near N(0, 1) */
static void fill_normal(float *x, int n)
{
    numbers random = {7};
    for (int i = 0; i < n; i++) {
        double sum = 0;
        for (int k = 0; k < 12; k++)
            sum += numbers_between(&random, -0.5, 0.5);
        x[i] = (float)sum;
    }
}

/* ---- units ------------------------------------------------------------------------------------------------------- */

START_TEST(a_unit_is_active_when_its_mean_varies_by_more_than_a_hundredth)
{
    const double code[Z * D] = {1, 0, 0, 0, 0.0999, 0, 0, 0.1001, 0};
    elbo_run *run = linear_vae_run(&(linear_vae){.pixels = D, .latent = Z, .code = code});
    const elbo_images images = corner_images();
    elbo_latent_use use;
    assert_ok(elbo_run_latent_use(run, &images, 0, &use));
    ck_assert_int_eq(use.images, 4);
    ck_assert_int_eq(use.latent, Z);
    assert_close(use.variance[0], 1, 1e-6);
    assert_close(use.variance[1], 0.0999 * 0.0999, 1e-6);
    assert_close(use.variance[2], 0.1001 * 0.1001, 1e-6);
    ck_assert_int_eq(use.active, 2);
    elbo_latent_use_free(&use);
    elbo_run_free(run);
}
END_TEST

/* KL(N(m, s^2) || N(0, 1)) = (m^2 + s^2 - 1 - log s^2) / 2; of the means the square counts: a^2 + 1 here. */
START_TEST(each_dimension_has_the_kl_of_the_textbook)
{
    const double code[Z * D] = {1, 0, 0, 0, 2, 0, 0, 0, 0}, bias[Z] = {0.5, 0, 0}, logvar[Z] = {-1, 0.25, 0};
    elbo_run *run = linear_vae_run(
        &(linear_vae){.pixels = D, .latent = Z, .code = code, .code_bias = bias, .logvar = logvar});
    const elbo_images images = corner_images();
    elbo_latent_use use;
    assert_ok(elbo_run_latent_use(run, &images, 0, &use));
    const double first = (1 + 0.25 + exp(-1) - 1 + 1) / 2, second = (4 + exp(0.25) - 1 - 0.25) / 2;
    assert_close(use.kl[0], first, 1e-6);
    assert_close(use.kl[1], second, 1e-6);
    ck_assert_double_eq(use.kl[2], 0);
    assert_close(use.kl_total, first + second, 1e-6);
    ck_assert_double_eq_tol(use.kl_total, evaluated(run, &images, 1, "kl"), 1e-5);
    elbo_latent_use_free(&use);
    elbo_run_free(run);
}
END_TEST

START_TEST(a_collapsed_posterior_has_no_active_unit_and_no_kl)
{
    elbo_run *run = linear_vae_run(&(linear_vae){.pixels = D, .latent = Z});
    const elbo_images images = corner_images();
    elbo_latent_use use;
    assert_ok(elbo_run_latent_use(run, &images, 0, &use));
    ck_assert_int_eq(use.active, 0);
    ck_assert_double_eq(use.kl_total, 0);
    elbo_latent_use_free(&use);
    elbo_run_free(run);
}
END_TEST

START_TEST(only_as_many_images_as_asked_for_are_looked_at)
{
    const double code[Z * D] = {1, 0, 0, 0, 1, 0, 0, 0, 0};
    elbo_run *run = linear_vae_run(&(linear_vae){.pixels = D, .latent = Z, .code = code});
    const elbo_images images = corner_images();
    elbo_latent_use use;
    assert_ok(elbo_run_latent_use(run, &images, 2, &use)); /* (1, 1) and (1, -1) */
    ck_assert_int_eq(use.images, 2);
    ck_assert_double_eq(use.variance[0], 0);
    assert_close(use.variance[1], 1, 1e-6);
    elbo_latent_use_free(&use);
    assert_ok(elbo_run_latent_use(run, &images, 1, &use));
    ck_assert_int_eq(use.active, 0);
    elbo_latent_use_free(&use);
    assert_ok(elbo_run_latent_use(run, &images, 99, &use));
    ck_assert_int_eq(use.images, 4);
    elbo_latent_use_free(&use);
    assert_refused(elbo_run_latent_use(run, &images, -1, &use), "-1 images");
    elbo_run_free(run);
}
END_TEST

START_TEST(blocks_of_images_do_not_change_a_bit)
{
    enum { N = 1203 }; /* more than two blocks */
    static float x[N * D];
    elbo_run *run = run_of(&elbo_model_vae, OPTIONS("hidden", "9", "latent-dim", "2"), ELBO_SHAPE(D), 0);
    double mean[2] = {0}, variance[2] = {0};
    elbo_latent_use use;
    grey_levels(x, N * D);
    const elbo_images images = images_of(x, N, ELBO_SHAPE(D));
    for (int i = 0; i < N; i++) {
        float z[2];
        assert_ok(elbo_run_encode(run, x + i * D, NULL, 1, z));
        for (int j = 0; j < 2; j++) {
            const double before = z[j] - mean[j];
            mean[j] += before / (i + 1);
            variance[j] += before * (z[j] - mean[j]);
        }
    }
    assert_ok(elbo_run_latent_use(run, &images, 0, &use));
    for (int j = 0; j < 2; j++)
        ck_assert_double_eq(use.variance[j], variance[j] / N);
    elbo_latent_use_free(&use);
    elbo_run_free(run);
}
END_TEST

/* ---- priors of other kinds --------------------------------------------------------------------------------------- */

/* q(z|x,y) = N(x, I), p(z|y) = N(y, I): the KL is half the square of what x differs by from the one-hot y. */
static elbo_inference label_infer(elbo_in *in)
{
    return elbo_infer_normal(in, in->x, elbo_expand(elbo_constant(in->g, 0), elbo_shape_of(in->x)));
}

static elbo_dist label_prior(elbo_in *in)
{
    return elbo_normal_fixed(in->y, 1);
}

static elbo_dist decode_normal(elbo_in *in, elbo_var *z)
{
    (void)in;
    return elbo_normal_fixed(z, 1);
}

static const elbo_model of_labels = {.name = "of-labels",
                                     .flags = ELBO_NEEDS_LABELS,
                                     .infer = label_infer,
                                     .prior = label_prior,
                                     .generate = decode_normal};

START_TEST(a_prior_of_labels_is_that_of_each_image)
{
    float x[2 * D] = {1, 0, 0, 0, 0, 2};
    int labels[2] = {0, 2};
    const elbo_tensor pixels = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(2, D), x);
    const elbo_tensor classes = elbo_tensor_of(ELBO_I32, ELBO_SHAPE(2), labels);
    elbo_images images;
    elbo_latent_use use;
    elbo_information information;
    assert_ok(elbo_images_of(&pixels, &classes, D, &images));
    elbo_run *run = run_of(&of_labels, NO_OPTIONS, ELBO_SHAPE(D), D);
    assert_ok(elbo_run_latent_use(run, &images, 0, &use));
    ck_assert_double_eq(use.kl[0], 0);
    ck_assert_double_eq(use.kl[1], 0);
    ck_assert_double_eq(use.kl[2], 0.25); /* (2 - 1)^2 / 2 of one image, 0 of the other */
    elbo_latent_use_free(&use);
    assert_ok(elbo_run_mutual_information(run, &images, 0, 1, &information));
    ck_assert(isnan(information.marginal_kl));
    elbo_run_free(run);
}
END_TEST

static elbo_dist two_humps(elbo_in *in)
{
    elbo_graph *g = in->g;
    elbo_var *means = elbo_param(g, "prior.mean", ELBO_SHAPE(2, D), elbo_init_normal(0, 1));
    const elbo_dist humps = elbo_normal(means, elbo_expand(elbo_constant(g, 0), ELBO_SHAPE(2, D)));
    return elbo_mixture(elbo_expand(elbo_constant(g, 0), ELBO_SHAPE(elbo_size(in->x, 0), 2)), humps);
}

static elbo_inference plain_infer(elbo_in *in)
{
    return elbo_infer_normal(in, in->x, elbo_expand(elbo_constant(in->g, 0), elbo_shape_of(in->x)));
}

static const elbo_model mixed = {.name = "mixed", .infer = plain_infer, .prior = two_humps, .generate = decode_normal};

START_TEST(a_prior_that_is_no_normal_leaves_the_kl_of_dimensions_out)
{
    elbo_run *run = run_of(&mixed, NO_OPTIONS, ELBO_SHAPE(D), 0);
    const elbo_images images = corner_images();
    elbo_latent_use use;
    elbo_information information;
    assert_ok(elbo_run_latent_use(run, &images, 0, &use));
    ck_assert_ptr_null(use.kl);
    ck_assert(isnan(use.kl_total));
    ck_assert_int_eq(use.active, 2);
    elbo_latent_use_free(&use);
    assert_ok(elbo_run_mutual_information(run, &images, 0, 1, &information));
    ck_assert(information.mutual_information > 0);
    assert_close(information.kl, information.mutual_information + information.marginal_kl, 1e-12);
    elbo_run_free(run);
}
END_TEST

/* z = x + noise, with a density that is known for the draws alone */
static elbo_inference drawn_infer(elbo_in *in)
{
    const elbo_draw draw = elbo_rsample(elbo_normal_fixed(in->x, 1), "u", in->draws);
    return elbo_infer_drawn(draw.z, draw.log_prob, in->x);
}

static elbo_dist plain_prior(elbo_in *in)
{
    return elbo_standard_normal(in->g, ELBO_SHAPE(elbo_size(in->x, 0), D));
}

static const elbo_model flow = {.name = "flow", .infer = drawn_infer, .prior = plain_prior, .generate = decode_normal};

static void assert_has_densities(elbo_run *run, bool expected)
{
    bool known = !expected;
    assert_ok(elbo_run_has_densities(run, &known));
    ck_assert_msg(known == expected, "has densities: %d", known);
}

START_TEST(what_a_model_cannot_tell_is_refused_or_left_out)
{
    const elbo_images images = corner_images();
    elbo_latent_use use;
    elbo_information information;
    elbo_run *run = run_of(&elbo_model_ae, OPTIONS("hidden", "none", "latent-dim", "2"), ELBO_SHAPE(D), 0);
    assert_refused(elbo_run_latent_use(run, &images, 0, &use), "model \"ae\" has no prior");
    assert_refused(elbo_run_mutual_information(run, &images, 0, 1, &information), "model \"ae\" has no prior");
    assert_has_densities(run, false);
    ck_assert_ptr_null(use.variance);
    elbo_run_free(run);
    run = run_of(&flow, NO_OPTIONS, ELBO_SHAPE(D), 0);
    assert_ok(elbo_run_latent_use(run, &images, 0, &use));
    ck_assert_int_eq(use.active, 2);
    ck_assert_ptr_null(use.kl);
    elbo_latent_use_free(&use);
    assert_refused(elbo_run_mutual_information(run, &images, 0, 1, &information),
                   "q(z|x) has no density but at its draws");
    assert_has_densities(run, false);
    const elbo_images others = images_of((float[4]){0}, 1, ELBO_SHAPE(4));
    assert_refused(elbo_run_latent_use(run, &others, 0, &use), "images of shape (4)");
    elbo_run_free(run);
}
END_TEST

/* ---- mutual information ------------------------------------------------------------------------------------------ */

START_TEST(codes_that_are_all_one_tell_nothing)
{
    elbo_run *run = linear_vae_run(&(linear_vae){.pixels = D, .latent = Z});
    const elbo_images images = corner_images();
    elbo_information i;
    assert_has_densities(run, true);
    assert_ok(elbo_run_mutual_information(run, &images, 0, 1, &i));
    assert_close(i.mutual_information, 0, 1e-12);
    assert_close(i.marginal_kl, 0, 1e-12);
    assert_close(i.error, 0, 1e-12);
    assert_ok(elbo_run_mutual_information(run, &images, 1, 1, &i));
    assert_close(i.mutual_information, 0, 1e-12);
    ck_assert_double_eq(i.limit, 0);
    ck_assert(isnan(i.error));
    elbo_run_free(run);
}
END_TEST

START_TEST(codes_far_apart_tell_which_image_it_is)
{
    const double code[Z * D] = {1e3, 0, 0, 0, 1e3, 0, 0, 0, 0};
    elbo_run *run = linear_vae_run(&(linear_vae){.pixels = D, .latent = Z, .code = code});
    const elbo_images images = corner_images();
    elbo_information i;
    assert_ok(elbo_run_mutual_information(run, &images, 0, 1, &i));
    ck_assert_int_eq(i.images, 4);
    assert_close(i.limit, log(4), 1e-12);
    assert_close(i.mutual_information, log(4), 1e-12);
    assert_close(i.marginal_kl, 1e6 - log(4), 1e-6); /* the mean KL is (1e6 + 1e6) / 2 */
    elbo_run_free(run);
}
END_TEST

START_TEST(codes_in_two_heaps_tell_which_heap_it_is)
{
    const double code[Z * D] = {1e3, 0, 0, 0, 0, 0, 0, 0, 0};
    elbo_run *run = linear_vae_run(&(linear_vae){.pixels = D, .latent = Z, .code = code});
    const elbo_images images = corner_images();
    elbo_information i;
    assert_ok(elbo_run_mutual_information(run, &images, 0, 1, &i));
    assert_close(i.mutual_information, log(2), 1e-12);
    elbo_run_free(run);
}
END_TEST

/* x from N(0, 1) and z = x + noise of the variance 1/4: I = log(1 + 4) / 2, and q(z) is N(0, 5/4). */
START_TEST(a_gaussian_channel_has_its_capacity)
{
    enum { N = 4000 };
    static float x[N];
    fill_normal(x, N);
    const elbo_images images = images_of(x, N, ELBO_SHAPE(1));
    const double one = 1, logvar = -log(4);
    elbo_run *run = linear_vae_run(&(linear_vae){.pixels = 1, .latent = 1, .code = &one, .logvar = &logvar});
    elbo_information i, again, other;
    assert_ok(elbo_run_mutual_information(run, &images, 0, 1, &i));
    ck_assert(i.error > 0.005 && i.error < 0.02);
    ck_assert_double_eq_tol(i.mutual_information, log(5) / 2, 5 * i.error);
    ck_assert_double_eq_tol(i.marginal_kl, (1.25 - 1 - log(1.25)) / 2, 5 * i.error);
    assert_ok(elbo_run_mutual_information(run, &images, 0, 1, &again));
    ck_assert_mem_eq(&i, &again, sizeof i);
    assert_ok(elbo_run_mutual_information(run, &images, 0, 2, &other));
    ck_assert_double_ne(i.mutual_information, other.mutual_information);
    elbo_run_free(run);
}
END_TEST

/* ---- by quadrature ----------------------------------------------------------------------------------------------- */

/* q(z|x) = N(x, 1/4) in one dimension, and a prior of two humps of equal weight at 0 and 2, of variance 1 and e^-1.
 * Three images, each many times: q(z) has three components. */
enum { TIMES = 1200 };
static const double places[3] = {-1, 0.5, 1.5};

static double normal_density(double z, double mean, double variance)
{
    return exp(-(z - mean) * (z - mean) / (2 * variance)) / sqrt(2 * M_PI * variance);
}

static double prior_density(double z)
{
    return (normal_density(z, 0, 1) + normal_density(z, 2, exp(-1))) / 2;
}

static double aggregate_density(double z)
{
    double sum = 0;
    for (int i = 0; i < 3; i++)
        sum += normal_density(z, places[i], 0.25) / 3;
    return sum;
}

static void integrate(double *information, double *marginal, double *kl)
{
    const double step = 1e-3;
    *information = *marginal = *kl = 0;
    for (double z = -8; z < 8; z += step) {
        const double q = aggregate_density(z), p = prior_density(z);
        *marginal += q * log(q / p) * step;
        for (int i = 0; i < 3; i++) {
            const double own = normal_density(z, places[i], 0.25);
            if (own > 0) {
                *information += own * log(own / q) * step / 3;
                *kl += own * log(own / p) * step / 3;
            }
        }
    }
}

static elbo_images three_images(void)
{
    static float x[3 * TIMES];
    for (int i = 0; i < 3 * TIMES; i++)
        x[i] = (float)places[i % 3];
    return images_of(x, 3 * TIMES, ELBO_SHAPE(1));
}

static elbo_dist one_normal(elbo_in *in)
{
    return elbo_normal(in->x, elbo_expand(elbo_constant(in->g, log(0.25)), elbo_shape_of(in->x)));
}

static elbo_inference infer_one(elbo_in *in)
{
    const elbo_dist q = one_normal(in);
    return elbo_infer_normal(in, q.args[0], q.args[1]);
}

/* The same law under another name, so that nothing is known of it but its density and its draws. */
static elbo_inference infer_unknown(elbo_in *in)
{
    static elbo_dist_kind unknown;
    elbo_dist q = one_normal(in);
    unknown = *q.kind;
    unknown.name = "unknown";
    unknown.kl = NULL;
    q.kind = &unknown;
    return elbo_infer_from(in, q);
}

static elbo_dist uneven_humps(elbo_in *in)
{
    elbo_graph *g = in->g;
    const elbo_dist humps = elbo_normal(elbo_array(g, ELBO_SHAPE(2, 1), (double[]){0, 2}),
                                        elbo_array(g, ELBO_SHAPE(2, 1), (double[]){0, -1}));
    return elbo_mixture(elbo_expand(elbo_constant(g, 0), ELBO_SHAPE(elbo_size(in->x, 0), 2)), humps);
}

static void assert_as_by_quadrature(elbo_inference (*infer)(elbo_in *in))
{
    const elbo_model model = {.name = "one", .infer = infer, .prior = uneven_humps, .generate = decode_normal};
    const elbo_images images = three_images();
    elbo_run *run = run_of(&model, NO_OPTIONS, ELBO_SHAPE(1), 0);
    elbo_information i, again;
    double information, marginal, kl;
    integrate(&information, &marginal, &kl);
    assert_close(kl, information + marginal, 1e-6);
    assert_ok(elbo_run_mutual_information(run, &images, 0, 3, &i));
    ck_assert_int_eq(i.images, 3 * TIMES);
    ck_assert(i.error > 0.002 && i.error < 0.02);
    ck_assert_double_eq_tol(i.mutual_information, information, 4 * i.error);
    ck_assert_double_eq_tol(i.kl, kl, 0.06); /* log q - log p deviates by about 0.9 */
    ck_assert_double_eq_tol(i.marginal_kl, marginal, 0.06);
    assert_close(i.kl, i.mutual_information + i.marginal_kl, 1e-12);
    assert_ok(elbo_run_mutual_information(run, &images, 0, 3, &again));
    ck_assert_mem_eq(&i, &again, sizeof i);
    elbo_run_free(run);
}

START_TEST(with_a_prior_of_two_humps_the_parts_are_those_by_quadrature)
{
    assert_as_by_quadrature(infer_one);
}
END_TEST

START_TEST(a_posterior_of_which_only_the_density_is_known_has_its_parts_too)
{
    assert_as_by_quadrature(infer_unknown);
}
END_TEST

START_TEST(an_unknown_posterior_that_does_not_look_at_x_tells_nothing)
{
    float x[7 * D] = {0};
    const elbo_images images = images_of(x, 7, ELBO_SHAPE(D));
    const elbo_model model = {.name = "same", .infer = infer_unknown, .prior = plain_prior, .generate = decode_normal};
    elbo_run *run = run_of(&model, NO_OPTIONS, ELBO_SHAPE(D), 0);
    elbo_information i;
    assert_ok(elbo_run_mutual_information(run, &images, 0, 1, &i));
    ck_assert_double_eq_tol(i.mutual_information, 0, 1e-6);
    ck_assert_double_eq(i.limit, log(7));
    elbo_run_free(run);
}
END_TEST

/* Of a prior that differs by label: q(z|x,y) = N(x, I) of an unknown kind, p(z|y) = N(y, I). */
START_TEST(a_prior_of_labels_has_no_marginal)
{
    float x[4 * D] = {0};
    int labels[4] = {0, 0, 2, 1};
    const elbo_tensor pixels = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(4, D), x);
    const elbo_tensor classes = elbo_tensor_of(ELBO_I32, ELBO_SHAPE(4), labels);
    elbo_model model = of_labels;
    elbo_images images;
    elbo_information i;
    model.infer = infer_unknown;
    assert_ok(elbo_images_of(&pixels, &classes, D, &images));
    elbo_run *run = run_of(&model, NO_OPTIONS, ELBO_SHAPE(D), D);
    assert_ok(elbo_run_mutual_information(run, &images, 0, 1, &i));
    ck_assert(isfinite(i.kl) && isnan(i.marginal_kl));
    labels[2] = labels[3] = 0;
    assert_ok(elbo_run_mutual_information(run, &images, 0, 1, &i));
    ck_assert(isfinite(i.marginal_kl));
    elbo_run_free(run);
}
END_TEST

Suite *suite_latent_use(void)
{
    Suite *suite = suite_create("latent_use");
    TCase *units = tcase_create("units"), *priors = tcase_create("priors"), *told = tcase_create("told"),
          *quadrature = tcase_create("quadrature");
    tcase_add_test(units, a_unit_is_active_when_its_mean_varies_by_more_than_a_hundredth);
    tcase_add_test(units, each_dimension_has_the_kl_of_the_textbook);
    tcase_add_test(units, a_collapsed_posterior_has_no_active_unit_and_no_kl);
    tcase_add_test(units, only_as_many_images_as_asked_for_are_looked_at);
    tcase_add_test(units, blocks_of_images_do_not_change_a_bit);
    suite_add_tcase(suite, units);
    tcase_add_test(priors, a_prior_of_labels_is_that_of_each_image);
    tcase_add_test(priors, a_prior_that_is_no_normal_leaves_the_kl_of_dimensions_out);
    tcase_add_test(priors, what_a_model_cannot_tell_is_refused_or_left_out);
    suite_add_tcase(suite, priors);
    tcase_add_test(told, codes_that_are_all_one_tell_nothing);
    tcase_add_test(told, codes_far_apart_tell_which_image_it_is);
    tcase_add_test(told, codes_in_two_heaps_tell_which_heap_it_is);
    tcase_add_test(told, a_gaussian_channel_has_its_capacity);
    suite_add_tcase(suite, told);
    tcase_add_test(quadrature, with_a_prior_of_two_humps_the_parts_are_those_by_quadrature);
    tcase_add_test(quadrature, a_posterior_of_which_only_the_density_is_known_has_its_parts_too);
    tcase_add_test(quadrature, an_unknown_posterior_that_does_not_look_at_x_tells_nothing);
    tcase_add_test(quadrature, a_prior_of_labels_has_no_marginal);
    suite_add_tcase(suite, quadrature);
    return suite;
}
