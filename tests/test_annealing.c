/* Annealed importance sampling: bounds on log p(x) from below and from above, where it is known. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../nn/evaluation/annealing.h"
#include "../nn/evaluation/chains.h"
#include "../nn/parts/options.h"
#include "linear_vae.h"
#include "rig.h"
#include "scratch.h"
#include "suites.h"

enum { D = 3, Z = 2, N = 6 };

static float x[N * D];

static elbo_images some(int n)
{
    grey_levels(x, N * D);
    return images_of(x, n, ELBO_SHAPE(D));
}

static elbo_annealed annealed(elbo_run *run, const elbo_images *images, elbo_annealing how)
{
    elbo_annealed a;
    assert_ok(elbo_run_anneal(run, images, &how, &a));
    return a;
}

/* ---- a linear Gaussian model ------------------------------------------------------------------------------------- */

/* p(z) = N(0, I), p(x|z) = N(W z + b, c I), W with orthogonal columns of the lengths 2 and 1: x has the variances
 * 4 + c, c and 1 + c. The encoder has learned nothing, and nobody asks it. */
static const double columns[D * Z] = {2, 0, 0, 0, 0, 1}, offset[D] = {0.5, 0.25, -1}, noise = 0.25;

static elbo_run *linear_run(void)
{
    return linear_vae_run(
        &(linear_vae){.pixels = D, .latent = Z, .decode = columns, .mean = offset, .variance = "0.25"});
}

static double log_normal(double from_mean, double variance)
{
    return -(from_mean * from_mean / variance + log(2 * M_PI * variance)) / 2;
}

static double exact_log_prob(const float *image)
{
    const double variances[D] = {4 + noise, noise, 1 + noise};
    double sum = 0;
    for (int i = 0; i < D; i++)
        sum += isnan(image[i]) ? 0 : log_normal(image[i] - offset[i], variances[i]);
    return sum;
}

/* E[log p(x)] over x from the model. */
static double exact_mean(void)
{
    return -(3 * (1 + log(2 * M_PI)) + log(4 + noise) + log(noise) + log(1 + noise)) / 2;
}

START_TEST(chains_find_the_exact_log_p)
{
    const elbo_images images = some(N);
    elbo_run *run = linear_run();
    elbo_annealed a = annealed(run, &images,
                               (elbo_annealing){.temperatures = 150, .chains = 40, .leapfrog = 5, .seed = 1});
    ck_assert_int_eq(a.images, N);
    ck_assert_int_eq(a.simulated, 0);
    ck_assert(isnan(a.gap.mean) && !a.below && !a.above);
    for (int i = 0; i < N; i++) {
        ck_assert(a.error[i] > 0.001 && a.error[i] < 0.2);
        ck_assert_double_eq_tol(a.log_likelihood[i], exact_log_prob(x + i * D), 4.5 * a.error[i]);
    }
    ck_assert_double_eq_tol(a.acceptance, 0.65, 0.08);
    ck_assert(a.first_step > 2 * a.last_step); /* the posterior is the narrower one */
    elbo_annealed_free(&a);
    elbo_run_free(run);
}
END_TEST

/* One chain and few temperatures leave a gap, and the truth stands in it; with more it closes. */
START_TEST(the_exact_log_p_of_images_that_the_model_draws_lies_between_the_bounds)
{
    enum { M = 3000 };
    const elbo_images images = some(1);
    elbo_run *run = linear_run();
    double gap = INFINITY;
    for (int temperatures = 2; temperatures <= 32; temperatures *= 4) {
        elbo_annealed a = annealed(
            run, &images,
            (elbo_annealing){.temperatures = temperatures, .chains = 1, .leapfrog = 4, .simulated = M, .seed = 2});
        const elbo_summary below = elbo_summary_of(a.below, M), above = elbo_summary_of(a.above, M);
        ck_assert_double_lt(below.mean + 4 * below.error, exact_mean());
        ck_assert_double_gt(above.mean - 4 * above.error, exact_mean());
        assert_close(a.gap.mean, above.mean - below.mean, 1e-9);
        ck_assert_double_lt(a.gap.mean, gap / 2);
        gap = a.gap.mean;
        elbo_annealed_free(&a);
    }
    ck_assert_double_lt(gap, 1.5);
    elbo_run_free(run);
}
END_TEST

/* The draws of the prior by which the chains begin, and p(x|z) by hand. */
static void compare_with_importance_sampling(int64_t C)
{
    enum { FORWARD = 1 };
    const elbo_images images = some(N);
    elbo_run *run = linear_run();
    elbo_annealed a = annealed(run, &images, (elbo_annealing){.temperatures = 1, .chains = (int)C, .seed = 5});
    elbo__planned *planned;
    assert_ok(elbo__run_plan(run, &(elbo__work){.role = ELBO__PRIOR_DRAWS, .batch = N, .draws = C}, &planned));
    assert_ok(elbo_plan_run(planned->plan, run->params, (elbo_at){.seed = 5, .step = FORWARD}));
    const elbo_tensor z = elbo_plan_output(planned->plan, 0);
    for (int64_t i = 0; i < N; i++) {
        double sum = 0;
        for (int64_t c = 0; c < C; c++) {
            double log_p = 0;
            for (int d = 0; d < D; d++) {
                double mean = offset[d];
                for (int64_t j = 0; j < Z; j++)
                    mean += columns[d * Z + j] * elbo_tensor_get(&z, (int64_t[]){i, c, j});
                log_p += log_normal(x[i * D + d] - mean, noise);
            }
            sum += exp(log_p);
        }
        ck_assert_double_eq_tol(a.log_likelihood[i], log(sum / (double)C), 1e-4);
    }
    ck_assert(isnan(a.acceptance) && isnan(a.first_step) && isnan(a.last_step));
    elbo_annealed_free(&a);
    elbo_run_free(run);
}

START_TEST(one_temperature_is_importance_sampling_from_the_prior)
{
    compare_with_importance_sampling(30);
    compare_with_importance_sampling(4500); /* more chains than go on together */
}
END_TEST

/* Steps of chains from number 3 on are those that they take among others. */
START_TEST(a_chain_does_not_depend_on_those_beside_it)
{
    enum { C = 7, FROM = 3 };
    const float image[D] = {2.5f, 0.1f, 0.2f};
    const elbo__random_key key = {.seed = 3, .stream = 5, .step = 1};
    elbo_run *run = linear_run();
    elbo__chains all, some_of_them;
    double taken;
    assert_ok(elbo__chains_open(run, 1, C, &all));
    assert_ok(elbo__chains_open(run, 1, C - FROM, &some_of_them));
    some_of_them.first_chain = FROM;
    elbo__chains *const both[] = {&all, &some_of_them};
    for (int k = 0; k < 2; k++) {
        assert_ok(elbo__chains_show(both[k], image, NULL, 0));
        assert_ok(elbo__chains_look(both[k]));
        assert_ok(elbo__chains_step(both[k], 1, 3, 0.44, key, &taken));
    }
    ck_assert_mem_eq(all.at.z + FROM * Z, some_of_them.at.z, (C - FROM) * Z * sizeof(double));
    elbo__chains_free(&all);
    elbo__chains_free(&some_of_them);
    elbo_run_free(run);
}
END_TEST

static elbo_status anneal_by_many_chains(void)
{
    const elbo_images images = some(1);
    elbo_run *run = linear_run();
    elbo_annealed a;
    elbo_status status = elbo_run_anneal(run, &images, &(elbo_annealing){.temperatures = 1, .chains = 100000}, &a);
    elbo_annealed_free(&a);
    elbo_run_free(run);
    return status;
}

START_TEST(memory_does_not_grow_with_the_chains)
{
    ck_assert_uint_lt(largest_allocation(anneal_by_many_chains), 100000 * sizeof(double));
}
END_TEST

START_TEST(a_model_that_ignores_z_has_no_error_at_all)
{
    const elbo_images images = some(N);
    elbo_run *run = linear_vae_run(&(linear_vae){.pixels = D, .latent = Z, .mean = offset, .variance = "0.25"});
    elbo_annealed a = annealed(run, &images,
                               (elbo_annealing){.temperatures = 9, .chains = 3, .simulated = 4, .seed = 1});
    for (int i = 0; i < N; i++) {
        double exact = 0;
        for (int d = 0; d < D; d++)
            exact += log_normal(x[i * D + d] - offset[d], noise);
        assert_close(a.log_likelihood[i], exact, 1e-5);
        ck_assert_double_lt(a.error[i], 1e-5);
    }
    ck_assert_double_eq_tol(a.gap.mean, 0, 1e-5);
    elbo_annealed_free(&a);
    elbo_run_free(run);
}
END_TEST

START_TEST(a_missing_value_is_left_out)
{
    elbo_images images = some(2);
    elbo_run *run = linear_run();
    x[1] = NAN;
    images = images_of(x, 2, ELBO_SHAPE(D));
    images.missing = true;
    elbo_annealed a = annealed(run, &images,
                               (elbo_annealing){.temperatures = 100, .chains = 40, .leapfrog = 5, .seed = 3});
    for (int i = 0; i < 2; i++)
        ck_assert_double_eq_tol(a.log_likelihood[i], exact_log_prob(x + i * D), 4.5 * a.error[i]);
    elbo_annealed_free(&a);
    elbo_run_free(run);
}
END_TEST

/* ---- chains ------------------------------------------------------------------------------------------------------ */

/* Draws of the true posterior are so after steps that are refused as often as not, too. */
START_TEST(steps_leave_the_posterior_as_it_is)
{
    enum { C = 4000, STEPS = 5 };
    const float image[D] = {2.5f, 0.1f, 0.2f};
    const double scale[Z] = {2 / (4 + noise), 1 / (1 + noise)},
                 variance[Z] = {noise / (4 + noise), noise / (1 + noise)};
    const double mean[Z] = {scale[0] * (image[0] - offset[0]), scale[1] * (image[2] - offset[2])};
    elbo_run *run = linear_run();
    elbo__chains c;
    assert_ok(elbo__chains_open(run, 1, C, &c));
    elbo__normal_f64(c.at.z, 1, C, Z, (elbo__random_key){.seed = 9, .stream = 1}, 0, 0);
    for (int i = 0; i < C * Z; i++)
        c.at.z[i] = mean[i % Z] + sqrt(variance[i % Z]) * c.at.z[i];
    assert_ok(elbo__chains_show(&c, image, NULL, 0));
    assert_ok(elbo__chains_look(&c));
    for (int i = 0; i < STEPS; i++) {
        double taken;
        const elbo__random_key key = {.seed = 3, .stream = 5, .step = (uint64_t)i};
        assert_ok(elbo__chains_step(&c, 1, 3, 0.44, key, &taken)); /* stable below 2 deviations, 0.485 */
        ck_assert(taken > 0.3 && taken < 0.8);
    }
    for (int j = 0; j < Z; j++) {
        double sum = 0, squares = 0;
        for (int i = 0; i < C; i++) {
            sum += c.at.z[i * Z + j] - mean[j];
            squares += (c.at.z[i * Z + j] - mean[j]) * (c.at.z[i * Z + j] - mean[j]);
        }
        ck_assert_double_eq_tol(sum / C, 0, 4 * sqrt(variance[j] / C));
        ck_assert_double_eq_tol(squares / C / variance[j], 1, 4 * sqrt(2.0 / C));
    }
    elbo__chains_free(&c);
    elbo_run_free(run);
}
END_TEST

/* Without a power the prior alone counts: N(0, I) after any steps from N(0, I), whatever x is. */
START_TEST(densities_and_gradients_are_those_of_the_model)
{
    const float image[D] = {2.5f, 0.1f, 0.2f};
    elbo_run *run = linear_run();
    elbo__chains c;
    assert_ok(elbo__chains_open(run, 1, 1, &c));
    c.at.z[0] = 0.75;
    c.at.z[1] = -0.5;
    assert_ok(elbo__chains_show(&c, image, NULL, 0));
    assert_ok(elbo__chains_look(&c));
    const double off[D] = {2.5 - 0.5 - 1.5, 0.1 - 0.25, 0.2 + 1 + 0.5};
    assert_close(c.at.prior[0], log_normal(0.75, 1) + log_normal(-0.5, 1), 1e-6);
    assert_close(c.at.likelihood[0], log_normal(off[0], noise) + log_normal(off[1], noise) + log_normal(off[2], noise),
                 1e-5);
    assert_close(c.at.of_prior[0], -0.75, 1e-6);
    assert_close(c.at.of_prior[1], 0.5, 1e-6);
    assert_close(c.at.of_likelihood[0], 2 * off[0] / noise, 1e-5);
    assert_close(c.at.of_likelihood[1], off[2] / noise, 1e-5);
    elbo__chains_free(&c);
    elbo_run_free(run);
}
END_TEST

/* ---- other models ------------------------------------------------------------------------------------------------ */

/* z in R with two humps as prior, x = z + noise in each pixel; p(x) by quadrature. */
static elbo_dist two_humps(elbo_in *in)
{
    elbo_graph *g = in->g;
    elbo_var *means = elbo_array(g, ELBO_SHAPE(2, 1), (double[]){-2, 1}), *logvars = elbo_scale(means, 0.5);
    return elbo_mixture(
        elbo_expand(elbo_array(g, ELBO_SHAPE(1, 2), (double[]){0, 1}), ELBO_SHAPE(elbo_size(in->x, 0), 2)),
        elbo_normal(means, logvars));
}

static elbo_inference to_nowhere(elbo_in *in)
{
    elbo_var *zero = elbo_expand(elbo_constant(in->g, 0), ELBO_SHAPE(elbo_size(in->x, 0), 1));
    return elbo_infer_normal(in, zero, zero);
}

static elbo_dist around_z(elbo_in *in, elbo_var *z)
{
    elbo_shape shape = elbo_shape_of(z);
    shape.dim[shape.ndim - 1] = elbo_size(in->x, -1);
    return elbo_normal_fixed(elbo_expand(z, shape), 0.5);
}

static const elbo_model humps = {.name = "humps", .infer = to_nowhere, .prior = two_humps, .generate = around_z};

static double by_quadrature(const float *image)
{
    const double weight[2] = {1 / (1 + M_E), M_E / (1 + M_E)}, means[2] = {-2, 1}, step = 1e-3;
    double sum = 0;
    for (double z = -12; z < 12; z += step) {
        double prior = 0, log_p = 0;
        for (int c = 0; c < 2; c++)
            prior += weight[c] * exp(log_normal(z - means[c], exp(means[c] / 2)));
        for (int d = 0; d < D; d++)
            log_p += log_normal(image[d] - z, 0.5);
        sum += prior * exp(log_p) * step;
    }
    return log(sum);
}

START_TEST(a_prior_of_another_kind_is_annealed_from_as_well)
{
    const elbo_images images = some(N);
    elbo_run *run = run_of(&humps, NO_OPTIONS, ELBO_SHAPE(D), 0);
    elbo_annealed a = annealed(
        run, &images, (elbo_annealing){.temperatures = 100, .chains = 60, .leapfrog = 5, .simulated = 50, .seed = 1});
    for (int i = 0; i < N; i++)
        ck_assert_double_eq_tol(a.log_likelihood[i], by_quadrature(x + i * D), 4.5 * a.error[i]);
    ck_assert(a.gap.mean > -0.05 && a.gap.mean < 0.1);
    elbo_annealed_free(&a);
    elbo_run_free(run);
}
END_TEST

/* ---- what it is asked for ---------------------------------------------------------------------------------------- */

static void assert_same(const elbo_annealed *a, const elbo_annealed *b)
{
    ck_assert_mem_eq(a->log_likelihood, b->log_likelihood, N * sizeof(double));
    ck_assert_mem_eq(a->error, b->error, N * sizeof(double));
    ck_assert_mem_eq(a->below, b->below, 3 * sizeof(double));
    ck_assert_mem_eq(a->above, b->above, 3 * sizeof(double));
}

START_TEST(the_same_seed_gives_the_same_bits_in_any_number_of_threads)
{
    const elbo_images images = some(N);
    const elbo_annealing how = {.temperatures = 12, .chains = 4, .leapfrog = 3, .simulated = 3, .seed = 4};
    elbo_annealing other = how;
    other.seed = 5;
    elbo_run *run = run_of(&elbo_model_vae, OPTIONS("hidden", "9", "latent-dim", "2", "binarise", "yes"), ELBO_SHAPE(D),
                           0);
    elbo_annealed first = annealed(run, &images, how), again = annealed(run, &images, how);
    elbo_annealed others = annealed(run, &images, other);
    assert_same(&first, &again);
    ck_assert_double_ne(first.log_likelihood[0], others.log_likelihood[0]);
    elbo_run_free(run);
    elbo_set_threads(1);
    run = run_of(&elbo_model_vae, OPTIONS("hidden", "9", "latent-dim", "2", "binarise", "yes"), ELBO_SHAPE(D), 0);
    elbo_annealed alone = annealed(run, &images, how);
    assert_same(&first, &alone);
    elbo_set_threads(0);
    elbo_annealed_free(&first);
    elbo_annealed_free(&again);
    elbo_annealed_free(&others);
    elbo_annealed_free(&alone);
    elbo_run_free(run);
}
END_TEST

START_TEST(images_in_several_blocks_are_those_of_one)
{
    enum { MANY = 300 }; /* of 16 chains: more than two blocks */
    static float all[MANY * D];
    grey_levels(all, MANY * D);
    const elbo_images images = images_of(all, MANY, ELBO_SHAPE(D));
    elbo_run *run = linear_run();
    elbo_annealed a = annealed(run, &images, (elbo_annealing){.temperatures = 60, .leapfrog = 4, .seed = 1});
    double off = 0;
    for (int i = 0; i < MANY; i++)
        off += (a.log_likelihood[i] - exact_log_prob(all + i * D)) / MANY;
    ck_assert_double_eq_tol(off, 0, 0.03);
    elbo_annealed_free(&a);
    a = annealed(run, &images, (elbo_annealing){.count = 5, .temperatures = 3, .seed = 1});
    ck_assert_int_eq(a.images, 5);
    elbo_annealed_free(&a);
    elbo_run_free(run);
}
END_TEST

START_TEST(labels_are_a_part_of_the_question)
{
    int labels[N] = {0, 1, 2, 0, 1, 2};
    elbo_images images = some(N);
    images.labels = elbo_tensor_of(ELBO_I32, ELBO_SHAPE(N), labels);
    images.classes = 3;
    elbo_run *run = run_of(&elbo_model_cvae, OPTIONS("hidden", "6", "latent-dim", "2"), ELBO_SHAPE(D), 3);
    const elbo_annealing how = {.temperatures = 4, .chains = 3, .simulated = 4, .seed = 1};
    elbo_annealed a = annealed(run, &images, how);
    labels[0] = 2;
    elbo_annealed b = annealed(run, &images, how);
    ck_assert_double_ne(a.log_likelihood[0], b.log_likelihood[0]);
    ck_assert_double_ne(a.below[0], b.below[0]);
    elbo_annealed_free(&a);
    elbo_annealed_free(&b);
    elbo_run_free(run);
}
END_TEST

static elbo_dist_kind bent;

static elbo_dist bent_prior(elbo_in *in)
{
    elbo_dist d = elbo_standard_normal(in->g, ELBO_SHAPE(elbo_size(in->x, 0), 1));
    bent = *d.kind;
    bent.name = "bent";
    bent.curved = true;
    d.kind = &bent;
    return d;
}

static elbo_dist error_around_z(elbo_in *in, elbo_var *z)
{
    return elbo_squared_error(around_z(in, z).args[0]);
}

START_TEST(what_cannot_be_annealed_is_refused)
{
    const elbo_images images = some(2);
    elbo_model odd = humps;
    elbo_annealed a;
    elbo_run *run = run_of(&elbo_model_ae, OPTIONS("hidden", "none", "latent-dim", "2"), ELBO_SHAPE(D), 0);
    assert_refused(elbo_run_anneal(run, &images, &(elbo_annealing){.seed = 1}, &a), "has no prior");
    ck_assert_ptr_null(a.log_likelihood);
    elbo_run_free(run);
    odd.prior = bent_prior;
    run = run_of(&odd, NO_OPTIONS, ELBO_SHAPE(D), 0);
    assert_refused(elbo_run_anneal(run, &images, &(elbo_annealing){.seed = 1}, &a),
                   "p(z): bent lies in a curved space");
    elbo_run_free(run);
    odd = humps;
    odd.generate = error_around_z;
    run = run_of(&odd, NO_OPTIONS, ELBO_SHAPE(D), 0);
    assert_refused(elbo_run_anneal(run, &images, &(elbo_annealing){.seed = 1}, &a), "squared-error is no density");
    elbo_run_free(run);
    run = linear_run();
    assert_refused(elbo_run_anneal(run, &images, &(elbo_annealing){.chains = -1}, &a), "-1 chains");
    assert_refused(elbo_run_anneal(run, &images, &(elbo_annealing){.acceptance = 1}, &a), "acceptance of 1");
    elbo_run_free(run);
}
END_TEST

START_TEST(kinds_on_a_sphere_or_in_a_ball_say_that_they_are_curved)
{
    const elbo_dist_kind *const kinds[] = {&elbo_kind_sphere, &elbo_kind_von_mises_fisher, &elbo_kind_power_spherical,
                                           &elbo_kind_wrapped_normal, &elbo_kind_riemannian_normal};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        ck_assert_msg(kinds[i]->curved, "%s", kinds[i]->name);
}
END_TEST

Suite *suite_annealing(void)
{
    Suite *suite = suite_create("annealing");
    TCase *linear = tcase_create("linear"), *chains = tcase_create("chains"), *others = tcase_create("others"),
          *asked = tcase_create("asked");
    tcase_add_test(linear, chains_find_the_exact_log_p);
    tcase_add_test(linear, the_exact_log_p_of_images_that_the_model_draws_lies_between_the_bounds);
    tcase_add_test(linear, one_temperature_is_importance_sampling_from_the_prior);
    tcase_add_test(linear, a_chain_does_not_depend_on_those_beside_it);
    tcase_add_test(linear, memory_does_not_grow_with_the_chains);
    tcase_add_test(linear, a_model_that_ignores_z_has_no_error_at_all);
    tcase_add_test(linear, a_missing_value_is_left_out);
    suite_add_tcase(suite, linear);
    tcase_add_test(chains, steps_leave_the_posterior_as_it_is);
    tcase_add_test(chains, densities_and_gradients_are_those_of_the_model);
    suite_add_tcase(suite, chains);
    tcase_add_test(others, a_prior_of_another_kind_is_annealed_from_as_well);
    suite_add_tcase(suite, others);
    tcase_add_test(asked, the_same_seed_gives_the_same_bits_in_any_number_of_threads);
    tcase_add_test(asked, images_in_several_blocks_are_those_of_one);
    tcase_add_test(asked, labels_are_a_part_of_the_question);
    tcase_add_test(asked, what_cannot_be_annealed_is_refused);
    tcase_add_test(asked, kinds_on_a_sphere_or_in_a_ball_say_that_they_are_curved);
    suite_add_tcase(suite, asked);
    return suite;
}
