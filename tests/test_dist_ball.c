/* Wrapped and Riemannian normals of the Poincare ball, against integrals over the ball and their closed forms. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../nn/distributions/distribution.h"
#include "../nn/layers/ball.h"
#include "ball_grid.h"
#include "derivatives.h"
#include "rig.h"
#include "suites.h"

enum { B = 2, K = 3, MANY = 5000 };
static const double C = 0.7;

/* A point for each of two images, and what is log s^2 of it: of each direction, and of all of them. */
static const double mean[B * 2] = {0.5, -0.3, 0, 0.8};
static const double each[B * 2] = {-1.0216512475319814, -0.21072103131565253, 0.3, -1.5}; /* 0.6^2, 0.9^2, ... */
static const double all[B] = {-0.5, 0.4};
static const double other_mean[B * 2] = {-0.2, 0.3, 0.1, 0.4}, other_each[B * 2] = {0.2, -0.4, 0, 0.5};
static const double other_all[B] = {0.2, 0};

/* The kinds: 0 wrapped with a deviation for each direction, 1 wrapped with one for all, 2 Riemannian. */
enum { KINDS = 3 };

static elbo_dist make(int kind, elbo_var *m, elbo_var *of_each, elbo_var *of_all)
{
    return kind == 0   ? elbo_wrapped_normal(m, of_each, C)
           : kind == 1 ? elbo_wrapped_normal(m, of_all, C)
                       : elbo_riemannian_normal(m, of_all, C);
}

static elbo_dist some(rig *r, int kind)
{
    return make(kind, rig_input(r, "m", ELBO_SHAPE(B, 2), mean), rig_input(r, "e", ELBO_SHAPE(B, 2), each),
                rig_input(r, "a", ELBO_SHAPE(B, 1), all));
}

static elbo_dist another(rig *r, int kind)
{
    return make(kind, rig_input(r, "om", ELBO_SHAPE(B, 2), other_mean),
                rig_input(r, "oe", ELBO_SHAPE(B, 2), other_each), rig_input(r, "oa", ELBO_SHAPE(B, 1), other_all));
}

static elbo_dist standard(rig *r, int kind)
{
    return kind == 2 ? elbo_standard_riemannian_normal(r->g, ELBO_SHAPE(B, 2), C)
                     : elbo_standard_wrapped_normal(r->g, ELBO_SHAPE(B, 2), C);
}

/* ---- integrals over the ball ------------------------------------------------------------------------------------- */

/* log p on the grid: (B, GRID), to be freed */
static double *on_grid(rig *r, const ball_grid *g, elbo_dist d)
{
    double *out = calloc(B * GRID, sizeof *out);
    ck_assert_ptr_nonnull(out);
    rig_value(r, elbo_log_prob(d, rig_input(r, "grid", ELBO_SHAPE(B, GRID, 2), g->z), NULL), out);
    return out;
}

START_TEST(the_density_integrates_to_1_over_the_ball)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = true;
    ball_grid g = ball_grid_new(B, C);
    elbo_dist dists[] = {some(&r, _i), another(&r, _i), standard(&r, _i)};
    for (int i = 0; i < 3; i++) {
        double *log_p = on_grid(&r, &g, dists[i]);
        for (int b = 0; b < B; b++)
            assert_close(ball_grid_integral(&g, log_p + b * GRID, NULL), 1, 1e-9);
        free(log_p);
    }
    ball_grid_free(&g);
    rig_free(&r);
}
END_TEST

/* ---- draws ------------------------------------------------------------------------------------------------------- */

START_TEST(a_draws_log_density_is_that_of_the_inverse_map)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = true;
    elbo_dist dists[] = {some(&r, _i), standard(&r, _i)};
    for (int i = 0; i < 2; i++) {
        elbo_draw many = elbo_rsample(dists[i], "z", K), one = elbo_rsample(dists[i], "y", 0);
        double drawn[B * K], again[B * K], drawn_one[B], again_one[B];
        rig_run(&r,
                (elbo_var *[]){many.log_prob, elbo_log_prob(dists[i], many.z, NULL), one.log_prob,
                               elbo_log_prob(dists[i], one.z, NULL)},
                4, (double *[]){drawn, again, drawn_one, again_one});
        for (int k = 0; k < B * K; k++)
            assert_close(drawn[k], again[k], 1e-10);
        for (int b = 0; b < B; b++)
            assert_close(drawn_one[b], again_one[b], 1e-10);
    }
    rig_free(&r);
}
END_TEST

/* Functions of z whose means are asked of draws and of the grid: z, d(0, z)^2 and d(mean, z) */
enum { QUESTIONS = 4 };
static void questions(elbo_dist d, elbo_var *z, elbo_var **out)
{
    elbo_var *zero = elbo_scale(z, 0), *centre = elbo_unsqueeze(elbo_dist_mean(d), 1);
    out[0] = elbo_sum_axis(elbo_slice(z, -1, 0, 1), -1);
    out[1] = elbo_sum_axis(elbo_slice(z, -1, 1, 1), -1);
    out[2] = elbo_square(elbo_ball_distance(zero, z, C));
    out[3] = elbo_ball_distance(centre, z, C);
}

START_TEST(draws_have_the_means_that_the_density_says)
{
    static const char *const names[QUESTIONS] = {"z_1", "z_2", "d(0, z)^2", "d(mean, z)"};
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = true;
    ball_grid g = ball_grid_new(B, C);
    elbo_dist d = some(&r, _i);
    double *log_p = on_grid(&r, &g, d), *on[QUESTIONS], *of[QUESTIONS];
    elbo_var *asked[QUESTIONS];
    for (int q = 0; q < QUESTIONS; q++) {
        on[q] = calloc(B * GRID, sizeof **on);
        of[q] = calloc(B * MANY, sizeof **of);
    }
    questions(d, elbo_input(r.g, "grid", ELBO_F64, ELBO_SHAPE(B, GRID, 2)), asked);
    rig_run(&r, asked, QUESTIONS, on);
    questions(d, elbo_sample(d, "many", MANY), asked);
    rig_run(&r, asked, QUESTIONS, of);
    for (int q = 0; q < QUESTIONS; q++) {
        for (int b = 0; b < B; b++)
            assert_mean(of[q] + b * MANY, MANY, ball_grid_integral(&g, log_p + b * GRID, on[q] + b * GRID), names[q]);
        free(on[q]);
        free(of[q]);
    }
    free(log_p);
    ball_grid_free(&g);
    rig_free(&r);
}
END_TEST

START_TEST(kl_by_draws_is_that_of_the_integral)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = true;
    ball_grid g = ball_grid_new(B, C);
    elbo_dist q = some(&r, _i), others[] = {another(&r, _i), standard(&r, _i), standard(&r, 2 - _i)};
    double *log_q = on_grid(&r, &g, q), *kl = calloc(B * MANY, sizeof *kl);
    for (int i = 0; i < 3; i++) {
        double *log_p = on_grid(&r, &g, others[i]);
        ck_assert(!elbo_kl_closed(q, others[i]));
        elbo_draw draw = elbo_rsample(q, "many", MANY);
        rig_value(&r, elbo_kl(q, others[i], &draw), kl);
        for (int n = 0; n < B * GRID; n++)
            log_p[n] = log_q[n] - log_p[n];
        for (int b = 0; b < B; b++) {
            const double expected = ball_grid_integral(&g, log_q + b * GRID, log_p + b * GRID);
            ck_assert_double_gt(expected, 0.1);
            assert_mean(kl + b * MANY, MANY, expected, "KL");
        }
        free(log_p);
    }
    free(kl);
    free(log_q);
    ball_grid_free(&g);
    rig_free(&r);
}
END_TEST

START_TEST(where_there_is_no_curvature_left_it_is_a_normal_of_twice_z)
{
    static const double tiny = 1e-9;
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *m = rig_input(&r, "m", ELBO_SHAPE(B, 2), mean), *z = rig_input(&r, "z", ELBO_SHAPE(B, 2), other_mean);
    elbo_var *e = rig_input(&r, "e", ELBO_SHAPE(B, 2), each), *a = rig_input(&r, "a", ELBO_SHAPE(B, 1), all);
    elbo_var *of_all = elbo_expand(a, ELBO_SHAPE(B, 2)), *twice = elbo_scale(z, 2), *centre = elbo_scale(m, 2);
    double wrapped[B], flat[B], riemannian[B], flat_all[B];
    rig_run(&r,
            (elbo_var *[]){elbo_log_prob(elbo_wrapped_normal(m, e, tiny), z, NULL),
                           elbo_log_prob(elbo_normal(centre, e), twice, NULL),
                           elbo_log_prob(elbo_riemannian_normal(m, a, tiny), z, NULL),
                           elbo_log_prob(elbo_normal(centre, of_all), twice, NULL)},
            4, (double *[]){wrapped, flat, riemannian, flat_all});
    for (int b = 0; b < B; b++) {
        assert_close(wrapped[b], flat[b], 1e-7);
        assert_close(riemannian[b], flat_all[b], 1e-7);
    }
    rig_free(&r);
}
END_TEST

START_TEST(a_mixture_of_them_is_one)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_dist c = some(&r, _i), p = elbo_mixture(elbo_expand(elbo_constant(r.g, 0), ELBO_SHAPE(B, B)), c);
    elbo_var *z = rig_input(&r, "z", ELBO_SHAPE(B, 2), other_mean), *drawn = elbo_sample(p, "z", K);
    elbo_var *crossed = elbo_log_prob(
        c, elbo_concat((elbo_var *[]){elbo_slice(z, 0, 1, 1), elbo_slice(z, 0, 0, 1)}, 2, 0), NULL);
    double got[B], straight[B], turned[B], at[B * K * 2];
    rig_run(&r, (elbo_var *[]){elbo_log_prob(p, z, NULL), elbo_log_prob(c, z, NULL), crossed, drawn}, 4,
            (double *[]){got, straight, turned, at});
    for (int b = 0; b < B; b++)
        assert_close(got[b], log((exp(straight[b]) + exp(turned[1 - b])) / 2), 1e-12);
    for (int k = 0; k < B * K; k++)
        ck_assert_double_lt(C * (at[2 * k] * at[2 * k] + at[2 * k + 1] * at[2 * k + 1]), 1);
    rig_free(&r);
}
END_TEST

/* ---- f32 --------------------------------------------------------------------------------------------------------- */

/* Far means, tiny and huge deviations: nothing is NaN, neither values nor derivatives. */
START_TEST(in_f32_nothing_is_infinite)
{
    static const double logvars[4] = {-11.5, -3, 0, 4};
    static const int sizes[] = {1, 2, 10, 50};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        const int dims = sizes[s];
        double far[4 * 50], value[4 * K], slope[2][4 * 50] = {{0}};
        for (int i = 0; i < 4 * dims; i++)
            far[i] = (i % 3 - 1) * (i / dims == 3 ? 9 : 0.2);
        rig r = rig_new(ELBO_F32, ELBO_TRAIN);
        r.planned = true;
        elbo_var *u = rig_input(&r, "m", ELBO_SHAPE(4, dims), far), *m = elbo_ball_exp0(u, 1);
        elbo_var *lv = rig_input(&r, "lv", ELBO_SHAPE(4, 1), logvars), *args[] = {u, lv}, *d[2];
        elbo_dist q = _i ? elbo_riemannian_normal(m, lv, 1) : elbo_wrapped_normal(m, lv, 1);
        elbo_dist p = _i ? elbo_standard_riemannian_normal(r.g, q.shape, 1)
                         : elbo_standard_wrapped_normal(r.g, q.shape, 1);
        elbo_draw draw = elbo_rsample(q, "z", K);
        elbo_var *kl = elbo_kl(q, p, &draw);
        elbo_grad(kl, args, 2, d);
        rig_run(&r, (elbo_var *[]){kl, d[0], d[1]}, 3, (double *[]){value, slope[0], slope[1]});
        for (int i = 0; i < 4 * K; i++)
            ck_assert_msg(isfinite(value[i]), "%d dimensions: KL %d is %g", dims, i, value[i]);
        for (int i = 0; i < 4 * dims; i++)
            ck_assert_msg(isfinite(slope[0][i]) && isfinite(slope[1][i / dims]), "%d dimensions: slope %d", dims, i);
        rig_free(&r);
    }
}
END_TEST

START_TEST(impossible_parameters_are_refused)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_var *m = rig_input(&r, "m", ELBO_SHAPE(B, 2), mean);
    elbo_wrapped_normal(m, rig_input(&r, "lv", ELBO_SHAPE(1, 2), each), C);
    rig_assert_error(&r, "wrapped-normal: mean (2, 2) and log-variance (1, 2) do not belong together");
    rig_next_graph(&r, ELBO_TRAIN);
    m = rig_input(&r, "m", ELBO_SHAPE(B, 2), mean);
    elbo_riemannian_normal(m, rig_input(&r, "lv", ELBO_SHAPE(B, 2), each), C);
    rig_assert_error(&r, "riemannian-normal: mean (2, 2) and log-variance (2, 2) do not belong together; expected "
                         "(B, 1)");
    for (int kind = 0; kind < KINDS; kind++) {
        rig_next_graph(&r, ELBO_TRAIN);
        elbo_dist d = some(&r, kind);
        d.number = -1;
        elbo_rsample(d, "z", 0);
        rig_assert_error(&r, "ball: curvature -1 is not a positive number");
    }
    rig_free(&r);
}
END_TEST

/* ---- derivatives ------------------------------------------------------------------------------------------------- */

#define CASE(name, y)                                                                                                  \
    static elbo_var *name(elbo_var **in)                                                                               \
    {                                                                                                                  \
        elbo_var *x = in[0];                                                                                           \
        return y;                                                                                                      \
    }

static elbo_var *both(elbo_draw draw)
{
    return elbo_add(draw.z, elbo_unsqueeze(draw.log_prob, elbo_ndim(draw.z) - 1));
}

static elbo_var *first(elbo_var *x)
{
    return elbo_slice(x, -1, 0, 1);
}
CASE(wrapped, elbo_log_prob(elbo_wrapped_normal(x, in[1], 0.7), in[2], NULL))
CASE(wrapped_all, elbo_log_prob(elbo_wrapped_normal(x, first(in[1]), 0.7), in[2], NULL))
CASE(wrapped_draw, both(elbo_rsample(elbo_wrapped_normal(x, in[1], 0.7), "z", 0)))
CASE(wrapped_standard, elbo_log_prob(elbo_standard_wrapped_normal(elbo_graph_of(x), elbo_shape_of(x), 0.7), x, NULL))
CASE(riemannian, elbo_log_prob(elbo_riemannian_normal(x, first(in[1]), 0.7), in[2], NULL))
CASE(riemannian_draw, both(elbo_rsample(elbo_riemannian_normal(x, first(in[1]), 0.7), "z", 0)))

static const elbo__case cases[] = {
    {"wrapped", wrapped, 3, {{2, {2, 2}}, {2, {2, 2}}, {2, {2, 2}}}, -0.5, 0.5, 0},
    {"wrapped, one deviation", wrapped_all, 3, {{2, {2, 2}}, {2, {2, 2}}, {2, {2, 2}}}, -0.5, 0.5, 0},
    {"wrapped, standard", wrapped_standard, 1, {{2, {2, 3}}}, -0.5, 0.5, 0},
    {"wrapped, drawn", wrapped_draw, 2, {{2, {2, 3}}, {2, {2, 3}}}, -0.5, 0.5, 0},
    {"riemannian", riemannian, 3, {{2, {2, 2}}, {2, {2, 2}}, {2, {2, 2}}}, -0.5, 0.5, 0},
    {0},
};
static const elbo__case of_first_order[] = {
    {"riemannian, drawn", riemannian_draw, 2, {{2, {2, 2}}, {2, {2, 2}}}, -0.5, 0.5, 0},
    {0},
};

START_TEST(derivatives_agree_with_central_differences)
{
    derivative_report r = {0};
    check_derivatives("normals of the ball", cases, ELBO_TRAIN, _i, &r);
    if (_i == 1)
        check_derivatives("normals of the ball", of_first_order, ELBO_TRAIN, 1, &r);
    printf("worst relative error of the ball's normals' derivatives of order %d in f64: %.1e (%s), of %ld entries\n",
           _i, r.worst, r.where, r.entries);
    fflush(stdout);
}
END_TEST

Suite *suite_dist_ball(void)
{
    Suite *suite = suite_create("dist_ball");
    TCase *kinds = tcase_create("both kinds"), *slopes = tcase_create("derivatives");
    tcase_set_timeout(kinds, 60);
    tcase_add_loop_test(kinds, the_density_integrates_to_1_over_the_ball, 0, KINDS);
    tcase_add_loop_test(kinds, a_draws_log_density_is_that_of_the_inverse_map, 0, KINDS);
    tcase_add_loop_test(kinds, draws_have_the_means_that_the_density_says, 0, KINDS);
    tcase_add_loop_test(kinds, kl_by_draws_is_that_of_the_integral, 0, KINDS);
    tcase_add_test(kinds, where_there_is_no_curvature_left_it_is_a_normal_of_twice_z);
    tcase_add_loop_test(kinds, a_mixture_of_them_is_one, 0, KINDS);
    tcase_add_loop_test(kinds, in_f32_nothing_is_infinite, 0, 2);
    tcase_add_test(kinds, impossible_parameters_are_refused);
    suite_add_tcase(suite, kinds);
    tcase_set_timeout(slopes, 120);
    tcase_add_loop_test(slopes, derivatives_agree_with_central_differences, 1, 3);
    suite_add_tcase(suite, slopes);
    return suite;
}
