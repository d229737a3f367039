/* What every likelihood must: right derivatives, a mask that leaves values out, and numbers in f32 whatever a network
 * puts out. */
#include <check.h>
#include <math.h>
#include <stdio.h>

#include "../nn/distributions/distribution.h"
#include "derivatives.h"
#include "rig.h"
#include "suites.h"

/* Three parameters (..., D) as each kind takes them: (..., D, 3) for those with an axis of their own. */
static elbo_var *stacked(elbo_var *const *in)
{
    elbo_var *each[3];
    for (int i = 0; i < 3; i++)
        each[i] = elbo_unsqueeze(in[i], elbo_ndim(in[i]));
    return elbo_concat(each, 3, -1);
}

static elbo_dist laplace(elbo_var *const *in)
{
    return elbo_laplace(in[0], in[1]);
}

static elbo_dist beta(elbo_var *const *in)
{
    return elbo_beta_density(in[0], in[1], 1. / 512);
}

static elbo_dist levels(elbo_var *const *in)
{
    return elbo_levels(stacked(in));
}

static elbo_dist ordinal(elbo_var *const *in)
{
    return elbo_ordinal(stacked(in));
}

static elbo_dist log_normal(elbo_var *const *in)
{
    return elbo_log_normal(in[0], in[1]);
}

static elbo_dist logistic(elbo_var *const *in)
{
    return elbo_discretised_logistic(in[0], in[1], 256);
}

static elbo_dist logistic_mixture(elbo_var *const *in)
{
    elbo_var *all = stacked(in);
    elbo_dist c = elbo_discretised_logistic(elbo_scale(all, 0.5), elbo_scale(elbo_shift(all, -2), 0.7), 16);
    c.event_rank = 0;
    return elbo_mixture(all, c);
}

static elbo_dist poisson(elbo_var *const *in)
{
    return elbo_poisson(in[0]);
}

static elbo_dist negative_binomial(elbo_var *const *in)
{
    return elbo_negative_binomial(in[0], in[1]);
}

static elbo_dist inflated(elbo_var *const *in)
{
    return elbo_zero_inflated_negative_binomial(in[0], in[1], in[2]);
}

/* Spans of one, one and two values; of one value, where there is no more */
static elbo_dist independent(elbo_var *const *in)
{
    const int64_t n = elbo_size(in[0], -1), rest = n > 2 ? n - 2 : 0;
    elbo_var *first[3], *last[3], *middle[3];
    for (int i = 0; i < 3; i++) {
        first[i] = n > 0 ? elbo_slice(in[i], -1, 0, 1) : in[i];
        middle[i] = n > 1 ? elbo_slice(in[i], -1, 1, 1) : in[i];
        last[i] = rest ? elbo_slice(in[i], -1, 2, rest) : in[i];
    }
    const elbo_dist parts[] = {elbo_normal(first[0], first[1]), ordinal(middle), elbo_poisson(last[2])};
    return elbo_independent(parts, rest ? 3 : n > 1 ? 2 : 1);
}

static const struct {
    const char *name;
    elbo_dist (*make)(elbo_var *const *in);
    int parameters;
    double x[4]; /* some of what it is a distribution of                 */
    bool entropy;
} kinds[] = {
    {"laplace", laplace, 2, {0.3, -1.7, 0.9, 4.1}, true},
    {"beta", beta, 2, {0, 1, 0.3, 0.7}, true},
    {"levels", levels, 3, {0, 1, 0.5, 0.5}, true},
    {"ordinal", ordinal, 3, {0, 1, 2, 1}, true},
    {"log-normal", log_normal, 2, {0.01, 1, 7, 250}, true},
    {"independent", independent, 3, {0, 1, 2, 1}, false},
    {"discretised-logistic", logistic, 2, {0, 1, 100. / 255, 3. / 255}, false},
    {"logistic mixture", logistic_mixture, 3, {0, 1, 7. / 15, 14. / 15}, false},
    {"poisson", poisson, 1, {0, 1, 7, 40}, false},
    {"negative-binomial", negative_binomial, 2, {0, 1, 7, 40}, false},
    {"zero-inflated-negative-binomial", inflated, 3, {0, 1, 7, 40}, false},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* ---- derivatives ------------------------------------------------------------------------------------------------- */

static int kind, place; /* of the case at hand */

static elbo_var *log_prob(elbo_var **in)
{
    const elbo_dist d = kinds[kind].make(in);
    return elbo_log_prob(d, elbo_expand(elbo_constant(d.graph, kinds[kind].x[place]), d.shape), NULL);
}

static elbo_var *average(elbo_var **in)
{
    return elbo_dist_mean(kinds[kind].make(in));
}

static elbo_var *entropy(elbo_var **in)
{
    return elbo_entropy(kinds[kind].make(in));
}

START_TEST(derivatives_agree_with_central_differences)
{
    for (int i = 0; i < 2 * 4 + 2; i++) {
        elbo_var *(*const build)(elbo_var **) = i < 8 ? log_prob : i == 8 ? average : entropy;
        if (build == entropy && !kinds[_i].entropy)
            continue;
        kind = _i;
        place = i % 4;
        elbo__case one[] = {
            {kinds[_i].name, build, kinds[_i].parameters, {{2, {2, 3}}, {2, {2, 3}}, {2, {2, 3}}}, -1.5, 2.5, 0}, {0}};
        derivative_report report = {0};
        check_derivatives("kind", one, ELBO_TRAIN, 1 + (i >= 4 && i < 8), &report);
        ck_assert_int_gt(report.entries, 0);
    }
}
END_TEST

/* ---- masks ------------------------------------------------------------------------------------------------------- */

enum { N = 4 };

START_TEST(what_is_masked_has_no_influence)
{
    const double mask[N] = {1, 0, 1, 0}, p[3][N] = {{0.5, -1, 1, 0.25}, {1, 0.5, -0.5, 2}, {-1, 2, 0, 0.3}};
    double whole, first = 0, gradient[N], far[N], moved, x[N];
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *in[3], *to;
    for (int i = 0; i < 3; i++)
        in[i] = rig_input(&r, i == 0 ? "a" : i == 1 ? "b" : "c", ELBO_SHAPE(1, N), p[i]);
    const elbo_dist d = kinds[_i].make(in);
    for (int i = 0; i < N; i++) {
        x[i] = kinds[_i].x[i];
        far[i] = mask[i] != 0 ? x[i] : 0;
    }
    elbo_var *of_x = rig_input(&r, "x", ELBO_SHAPE(1, N), x), *keep = rig_input(&r, "k", ELBO_SHAPE(1, N), mask);
    elbo_var *log_p = elbo_log_prob(d, of_x, keep);
    elbo_var *other = elbo_log_prob(d, rig_input(&r, "f", ELBO_SHAPE(1, N), far), keep);
    elbo_grad(log_p, in, 1, &to);
    rig_run(&r, (elbo_var *[]){log_p, other, to}, 3, (double *[]){&whole, &moved, gradient});
    for (int i = 0; i < N && kinds[_i].make != independent; i++) { /* parts of it are of other kinds */
        double only;
        elbo_var *part[3];
        for (int k = 0; k < 3; k++)
            part[k] = elbo_slice(in[k], 1, i, 1);
        rig_value(&r, elbo_log_prob(kinds[_i].make(part), elbo_slice(of_x, 1, i, 1), NULL), &only);
        first += mask[i] * only;
        ck_assert(mask[i] != 0 || gradient[i] == 0);
    }
    if (kinds[_i].make != independent)
        assert_close(whole, first, 1e-14);
    assert_close(whole, moved, 0);
    rig_free(&r);
}
END_TEST

/* ---- f32 --------------------------------------------------------------------------------------------------------- */

START_TEST(no_output_of_a_network_gives_an_infinity_or_a_nan)
{
    enum { FAR = 5, ALL = FAR * FAR * FAR };
    const double far[FAR] = {-30, -8, 0, 8, 30};
    static double p[3][ALL], x[ALL], log_p[ALL], gradient[3][ALL], averages[ALL];
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    r.planned = true;
    elbo_var *in[3], *to[3];
    for (int i = 0; i < ALL; i++) {
        p[0][i] = far[i % FAR];
        p[1][i] = far[i / FAR % FAR];
        p[2][i] = far[i / (FAR * FAR)];
    }
    for (int i = 0; i < 3; i++)
        in[i] = rig_input(&r, i == 0 ? "a" : i == 1 ? "b" : "c", ELBO_SHAPE(ALL, 1), p[i]);
    const elbo_dist d = kinds[_i].make(in);
    for (int k = 0; k < 4; k++) {
        for (int i = 0; i < ALL; i++)
            x[i] = kinds[_i].x[k];
        elbo_var *value = elbo_log_prob(d,
                                        rig_input(&r,
                                                  k ? k == 1   ? "x1"
                                                      : k == 2 ? "x2"
                                                               : "x3"
                                                    : "x0",
                                                  ELBO_SHAPE(ALL, 1), x),
                                        NULL);
        elbo_grad(value, in, 3, to);
        rig_run(&r, (elbo_var *[]){value, to[0], to[1], to[2], elbo_dist_mean(d)}, 5,
                (double *[]){log_p, gradient[0], gradient[1], gradient[2], averages});
        for (int i = 0; i < ALL; i++)
            ck_assert_msg(isfinite(log_p[i]) && isfinite(gradient[0][i]) && isfinite(gradient[1][i]) &&
                              isfinite(gradient[2][i]) && isfinite(averages[i]),
                          "%s of %g, %g, %g at %g: log p %g, derivatives %g, %g, %g, mean %g", kinds[_i].name, p[0][i],
                          p[1][i], p[2][i], x[i], log_p[i], gradient[0][i], gradient[1][i], gradient[2][i],
                          averages[i]);
    }
    rig_free(&r);
}
END_TEST

START_TEST(parameters_of_two_shapes_are_refused)
{
    const double values[6] = {0};
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_laplace(rig_input(&r, "a", ELBO_SHAPE(2, 3), values), rig_input(&r, "b", ELBO_SHAPE(2, 2), values));
    rig_assert_error(&r, "laplace: parameters (2, 3) and (2, 2) differ in shape");
    rig_free(&r);
}
END_TEST

Suite *suite_dist_kinds(void)
{
    Suite *suite = suite_create("dist_kinds");
    TCase *each = tcase_create("each");
    tcase_add_loop_test(each, derivatives_agree_with_central_differences, 0, KINDS);
    tcase_add_loop_test(each, what_is_masked_has_no_influence, 0, KINDS);
    tcase_add_loop_test(each, no_output_of_a_network_gives_an_infinity_or_a_nan, 0, KINDS);
    tcase_add_test(each, parameters_of_two_shapes_are_refused);
    suite_add_tcase(suite, each);
    return suite;
}
