/* The Poincare ball, against its formulas as the textbooks have them. */
#include <check.h>
#include <math.h>
#include <stdio.h>

#include "../nn/layers/ball.h"
#include "derivatives.h"
#include "rig.h"
#include "suites.h"

enum { N = 4, Z = 3 };
static const double C = 0.7;

/* c |z|^2 is 0 to 0.96 */
static const double left[N * Z] = {0.3, -0.5, 0.1, 0, 0, 0, -0.6, 0.2, 0.8, 1.1, -0.3, 0.25};
static const double right[N * Z] = {-0.2, 0.7, 0.4, 0.5, -0.1, 0.3, -0.62, 0.21, 0.83, -1.05, 0.5, 0.1};
static const double vectors[N * Z] = {1, -2, 0.5, 0.01, 0, 0.02, -0.3, 0.7, 0.2, 3, 1, -4};

static double dot(const double *x, const double *y)
{
    return x[0] * y[0] + x[1] * y[1] + x[2] * y[2];
}

/* Moebius addition as it is written everywhere */
static void plain_add(const double *x, const double *y, double *out)
{
    double xy = C * dot(x, y), xx = C * dot(x, x), yy = C * dot(y, y);
    for (int i = 0; i < Z; i++)
        out[i] = ((1 + 2 * xy + yy) * x[i] + (1 - xx) * y[i]) / (1 + 2 * xy + xx * yy);
}

static double plain_distance(const double *x, const double *y)
{
    double back[Z] = {-x[0], -x[1], -x[2]}, w[Z];
    plain_add(back, y, w);
    return 2 / sqrt(C) * atanh(sqrt(C * dot(w, w)));
}

static elbo_var *points(rig *r, const char *name, const double *values)
{
    return rig_input(r, name, ELBO_SHAPE(N, Z), values);
}

START_TEST(addition_and_distance_are_their_formulas)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *x = points(&r, "x", left), *y = points(&r, "y", right);
    double added[N * Z], between[N], back[N], to_0[N];
    elbo_var *zero = elbo_scale(x, 0);
    rig_run(&r,
            (elbo_var *[]){elbo_ball_add(x, y, C), elbo_ball_distance(x, y, C), elbo_ball_distance(y, x, C),
                           elbo_ball_distance(zero, y, C)},
            4, (double *[]){added, between, back, to_0});
    for (int n = 0; n < N; n++) {
        const double *a = left + n * Z, *b = right + n * Z;
        double expected[Z];
        plain_add(a, b, expected);
        for (int i = 0; i < Z; i++)
            assert_close(added[n * Z + i], expected[i], 1e-13);
        assert_close(between[n], plain_distance(a, b), 1e-12);
        assert_close(back[n], between[n], 1e-14);
        assert_close(to_0[n], 2 / sqrt(C) * atanh(sqrt(C * dot(b, b))), 1e-13);
    }
    rig_free(&r);
}
END_TEST

/* With 0 as the third corner, where angles are those of flat space. */
START_TEST(triangles_obey_the_hyperbolic_law_of_cosines)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *x = points(&r, "x", left), *y = points(&r, "y", right);
    double side[N];
    rig_value(&r, elbo_ball_distance(x, y, C), side);
    for (int n = 0; n < N; n++) {
        const double *u = left + n * Z, *v = right + n * Z;
        double p = 2 * atanh(sqrt(C * dot(u, u))), q = 2 * atanh(sqrt(C * dot(v, v)));
        double cosine = n == 1 ? 0 : dot(u, v) / sqrt(dot(u, u) * dot(v, v));
        assert_close(cosh(sqrt(C) * side[n]), cosh(p) * cosh(q) - sinh(p) * sinh(q) * cosine, 1e-12);
    }
    rig_free(&r);
}
END_TEST

START_TEST(the_exponential_map_at_0_and_the_logarithm_undo_each_other)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *v = points(&r, "v", vectors), *z = elbo_ball_exp0(v, C);
    double at[N * Z], back[N * Z], far[N];
    rig_run(&r, (elbo_var *[]){z, elbo_ball_log0(z, C), elbo_ball_distance(elbo_scale(z, 0), z, C)}, 3,
            (double *[]){at, back, far});
    for (int n = 0; n < N; n++) {
        const double *u = vectors + n * Z;
        double size = sqrt(dot(u, u));
        for (int i = 0; i < Z; i++) {
            assert_close(at[n * Z + i], tanh(sqrt(C) * size) * u[i] / (sqrt(C) * size), 1e-14);
            assert_close(back[n * Z + i], u[i], 1e-11);
        }
        assert_close(far[n], 2 * size, 1e-11);
    }
    rig_free(&r);
}
END_TEST

START_TEST(what_leads_from_a_point_to_another_is_as_long_as_their_distance)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = _i;
    elbo_var *x = points(&r, "x", left), *y = points(&r, "y", right), *v = points(&r, "v", vectors);
    elbo_var *way = elbo_ball_between(x, y, C), *moved = elbo_ball_move(x, v, C);
    double to[N * Z], length[N], distance[N], back[N * Z];
    rig_run(&r,
            (elbo_var *[]){elbo_ball_move(x, way, C), elbo_sqrt(elbo_sum_axis(elbo_square(way), -1)),
                           elbo_ball_distance(x, y, C), elbo_ball_between(x, moved, C)},
            4, (double *[]){to, length, distance, back});
    for (int n = 0; n < N; n++) {
        assert_close(length[n], distance[n], 1e-13);
        for (int i = 0; i < Z; i++) {
            assert_close(to[n * Z + i], right[n * Z + i], 1e-12);
            assert_close(back[n * Z + i], vectors[n * Z + i], 1e-9);
        }
    }
    rig_free(&r);
}
END_TEST

START_TEST(a_ball_of_little_curvature_is_flat)
{
    static const double tiny = 1e-9;
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *x = points(&r, "x", left), *y = points(&r, "y", right);
    double added[N * Z], distance[N];
    rig_run(&r, (elbo_var *[]){elbo_ball_add(x, elbo_ball_exp0(y, tiny), tiny), elbo_ball_distance(x, y, tiny)}, 2,
            (double *[]){added, distance});
    for (int n = 0; n < N; n++) {
        double apart[Z];
        for (int i = 0; i < Z; i++) {
            apart[i] = left[n * Z + i] - right[n * Z + i];
            assert_close(added[n * Z + i], left[n * Z + i] + right[n * Z + i], 1e-8);
        }
        assert_close(distance[n], 2 * sqrt(dot(apart, apart)), 1e-8);
    }
    rig_free(&r);
}
END_TEST

/* ---- the edge ---------------------------------------------------------------------------------------------------- */

/* Of one point the numbers that f32 has of it are taken to f64 and measured there. */
START_TEST(in_f32_distances_near_the_edge_are_right_to_a_hundredth)
{
    static const double to_edge[N * Z] = {3, 0.5, -1, 5, 1, -2, -3.5, 3, 2, 60, 30, 20};
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_var *z = elbo_ball_exp0(points(&r, "v", to_edge), C), *x = points(&r, "x", left);
    double at[N * Z], far[N], way[N], opposite[N], expected[N];
    rig_run(&r,
            (elbo_var *[]){z, elbo_ball_distance(elbo_scale(z, 0), z, C), elbo_ball_distance(x, z, C),
                           elbo_ball_distance(elbo_neg(z), z, C)},
            4, (double *[]){at, far, way, opposite});
    for (int n = 0; n < N; n++) {
        const double *u = to_edge + n * Z, size = fmin(2 * sqrt(dot(u, u)), elbo_ball_reach(ELBO_F32, C));
        ck_assert_double_le(sqrt(C * dot(at + n * Z, at + n * Z)), 1 - 0.9e-5);
        ck_assert_double_le(fabs(far[n] - size), 0.01);
        ck_assert_double_le(fabs(opposite[n] - 2 * size), 0.02);
    }
    double found[N * Z]; /* the same points in f64, where all is right, as the test above says */
    for (int i = 0; i < N * Z; i++)
        found[i] = at[i];
    rig_free(&r);
    r = rig_new(ELBO_F64, ELBO_TRAIN);
    rig_value(&r, elbo_ball_distance(points(&r, "x", left), points(&r, "z", found), C), expected);
    for (int n = 0; n < N; n++)
        ck_assert_double_le(fabs(way[n] - expected[n]), 0.02);
    rig_free(&r);
}
END_TEST

START_TEST(nothing_is_infinite_wherever_points_come_from)
{
    static const double wild[N * Z] = {0, 0, 0, 1e4, -3e4, 1e3, 1e-20, 0, 0, 1.2, 0, -1.2};
    rig r = rig_new(_i ? ELBO_F32 : ELBO_F64, ELBO_TRAIN);
    elbo_var *v = points(&r, "v", wild), *x = points(&r, "x", left), *in = elbo_ball_project(v, C);
    elbo_var *values[] = {elbo_ball_exp0(v, C),        in,
                          elbo_ball_log0(in, C),       elbo_ball_add(x, in, C),
                          elbo_ball_add(in, in, C),    elbo_ball_move(x, v, C),
                          elbo_ball_between(x, in, C), elbo_ball_between(in, in, C),
                          elbo_ball_log0(v, C),        elbo_ball_between(x, v, C)};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        elbo_var *slope;
        double y[N * Z], dy[N * Z];
        elbo_grad(values[i], &v, 1, &slope);
        rig_run(&r, (elbo_var *[]){values[i], slope}, 2, (double *[]){y, dy});
        for (int k = 0; k < N * Z; k++)
            ck_assert_msg(isfinite(y[k]) && isfinite(dy[k]), "value %d, entry %d: %g, derivative %g", (int)i, k, y[k],
                          dy[k]);
    }
    rig_free(&r);
}
END_TEST

START_TEST(what_lies_outside_is_put_on_the_edge_in_its_direction)
{
    static const double wild[N * Z] = {3, 4, 0, 0.1, 0, 0.2, 0, -50, 0, 0, 0, 0};
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    double got[N * Z];
    rig_value(&r, elbo_ball_project(points(&r, "v", wild), C), got);
    const double edge = (1 - 1e-10) / sqrt(C);
    assert_close(got[0], edge * 0.6, 1e-14);
    assert_close(got[1], edge * 0.8, 1e-14);
    for (int i = 3; i < 6; i++)
        assert_close(got[i], wild[i], 1e-15);
    assert_close(got[7], -edge, 1e-14);
    rig_free(&r);
}
END_TEST

/* ---- planes ------------------------------------------------------------------------------------------------------ */

enum { OUT = 2 };

START_TEST(gyroplanes_give_the_signed_distance_of_the_paper)
{
    static const double weight[OUT * Z] = {0.5, -1, 2, -0.3, 0.2, 0.1}, bias[OUT] = {0.9, -0.4};
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = _i;
    elbo_var *y = elbo_gyroplanes(points(&r, "z", left), "layer", OUT, C);
    elbo_plan_free(elbo_compile(r.g, &y, 1)); /* which opens the set */
    rig_set_param(&r, "layer.weight", weight);
    rig_set_param(&r, "layer.bias", bias);
    double got[N * OUT];
    rig_value(&r, y, got);
    for (int n = 0; n < N; n++)
        for (int k = 0; k < OUT; k++) {
            const double *a = weight + k * Z, *z = left + n * Z, size = sqrt(dot(a, a));
            double p[Z], w[Z], back[Z]; /* p lies in the direction a, at the distance bias of 0 */
            for (int i = 0; i < Z; i++)
                back[i] = -(p[i] = tanh(sqrt(C) * bias[k] / 2) / sqrt(C) * a[i] / size);
            plain_add(back, z, w);
            double t = 2 * sqrt(C) * dot(w, a) / ((1 - C * dot(w, w)) * size);
            assert_close(got[n * OUT + k], asinh(t) / sqrt(C), 1e-12);
            if (n == 1)
                assert_close(got[n * OUT + k], -bias[k], 1e-12);
        }
    rig_free(&r);
}
END_TEST

START_TEST(wrong_curvatures_and_inputs_are_refused)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_ball_exp0(points(&r, "x", left), 0);
    rig_assert_error(&r, "ball: curvature 0 is not a positive number");
    rig_next_graph(&r, ELBO_TRAIN);
    elbo_var *x = points(&r, "x", left);
    elbo_gyroplanes(x, "layer", OUT, C);
    elbo_gyroplanes(elbo_slice(x, 1, 0, 2), "layer", OUT, C);
    rig_assert_error(&r, "gyroplanes \"layer\": expected input (B, 3), got (B, 2)");
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
CASE(project, elbo_ball_project(x, 0.7))
CASE(exp0, elbo_ball_exp0(x, 0.7))
CASE(log0, elbo_ball_log0(x, 0.7))
CASE(add, elbo_ball_add(x, in[1], 0.7))
/* Apart, so that no difference meets the kink of |x - y|. */
CASE(distance, elbo_ball_distance(elbo_scale(x, 0.3), elbo_shift(elbo_scale(in[1], 0.3), 0.35), 0.7))
CASE(move, elbo_ball_move(x, in[1], 0.7))
CASE(between, elbo_ball_between(x, in[1], 0.7))
CASE(gyroplanes, elbo_gyroplanes(x, "layer", 2, 0.7))

static const elbo__case cases[] = {
    {"project", project, 1, {{2, {2, 3}}}, -0.6, 0.6, 0},
    {"exp0", exp0, 1, {{2, {2, 3}}}, -1, 1, 0},
    {"log0", log0, 1, {{2, {2, 3}}}, -0.5, 0.5, 0},
    {"add", add, 2, {{2, {2, 3}}, {2, {2, 3}}}, -0.5, 0.5, 0},
    {"add, of draws", add, 2, {{3, {1, 1, 2}}, {3, {1, 2, 2}}}, -0.75, 0.75, 0},
    {"distance", distance, 2, {{2, {2, 3}}, {2, {2, 3}}}, -0.5, 0.5, 0},
    {"move", move, 2, {{2, {2, 3}}, {2, {2, 3}}}, -0.5, 0.5, 0},
    {"between", between, 2, {{2, {2, 3}}, {2, {2, 3}}}, -0.5, 0.5, 0},
    {"gyroplanes", gyroplanes, 1, {{2, {2, 3}}}, -0.5, 0.5, 0},
    {"gyroplanes, of draws", gyroplanes, 1, {{3, {1, 2, 2}}}, -0.5, 0.5, 0},
    {0},
};

START_TEST(derivatives_agree_with_central_differences)
{
    derivative_report r = {0};
    check_derivatives("ball", cases, ELBO_TRAIN, _i, &r);
    printf("worst relative error of the ball's derivatives of order %d in f64: %.1e (%s), of %ld entries\n", _i,
           r.worst, r.where, r.entries);
    fflush(stdout);
}
END_TEST

Suite *suite_ball(void)
{
    Suite *s = suite_create("ball");
    TCase *t = tcase_create("points"), *planes = tcase_create("planes"), *slopes = tcase_create("derivatives");
    tcase_add_test(t, addition_and_distance_are_their_formulas);
    tcase_add_test(t, triangles_obey_the_hyperbolic_law_of_cosines);
    tcase_add_test(t, the_exponential_map_at_0_and_the_logarithm_undo_each_other);
    tcase_add_loop_test(t, what_leads_from_a_point_to_another_is_as_long_as_their_distance, 0, 2);
    tcase_add_test(t, a_ball_of_little_curvature_is_flat);
    tcase_add_test(t, in_f32_distances_near_the_edge_are_right_to_a_hundredth);
    tcase_add_loop_test(t, nothing_is_infinite_wherever_points_come_from, 0, 2);
    tcase_add_test(t, what_lies_outside_is_put_on_the_edge_in_its_direction);
    suite_add_tcase(s, t);
    tcase_add_loop_test(planes, gyroplanes_give_the_signed_distance_of_the_paper, 0, 2);
    tcase_add_test(planes, wrong_curvatures_and_inputs_are_refused);
    suite_add_tcase(s, planes);
    tcase_set_timeout(slopes, 60);
    tcase_add_loop_test(slopes, derivatives_agree_with_central_differences, 1, 3);
    suite_add_tcase(s, slopes);
    return s;
}
