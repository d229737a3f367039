/* The derivative of every op in the list, and the derivative of that. */
#include <check.h>
#include <stdio.h>

#include "../tensor/elementwise.h"
#include "derivatives.h"
#include "suites.h"

static void print_report(const char *what, const derivative_report *r)
{
    ck_assert_int_gt(r->entries, 0);
    printf("worst relative error of %s in f64: %.1e (%s), of %ld entries\n", what, r->worst, r->where, r->entries);
    fflush(stdout);
}

/* ---- the tests --------------------------------------------------------------------------------------------------- */

START_TEST(every_op_with_a_derivative_has_cases)
{
    for (int i = 0; elbo__ops[i]; i++) {
        const elbo__op *op = elbo__ops[i];
        bool exempt = op->flags & ELBO__NO_CASES;
        ck_assert_msg(exempt || (op->cases && op->cases[0].build), "op %s has no test cases", op->name);
        ck_assert_msg(!exempt || (!op->derive && !op->cases), "op %s has a derivative, but says it has no cases",
                      op->name);
        for (int k = 0; k < i; k++)
            ck_assert_str_ne(op->name, elbo__ops[k]->name);
    }
}
END_TEST

START_TEST(every_elementwise_row_has_a_case)
{
    const elbo__case *c = elbo__op_elementwise.cases;
    for (int row = 0; row < ELBO__ELEMENTWISE_COUNT; row++, c++) {
        ck_assert_str_eq(c->title, elbo__elementwise_name(row));
        ck_assert_int_eq(c->n_in, elbo__elementwise_operands(row));
    }
    ck_assert(!c->build);
}
END_TEST

START_TEST(first_derivatives_agree_with_central_differences)
{
    derivative_report r = {0};
    for (int i = 0; elbo__ops[i]; i++)
        if (elbo__ops[i]->cases)
            check_derivatives(elbo__ops[i]->name, elbo__ops[i]->cases, ELBO_TRAIN, 1, &r);
    print_report("any op's derivative", &r);
}
END_TEST

START_TEST(second_derivatives_agree_with_central_differences)
{
    derivative_report r = {0};
    for (int i = 0; elbo__ops[i]; i++)
        if (elbo__ops[i]->cases)
            check_derivatives(elbo__ops[i]->name, elbo__ops[i]->cases, ELBO_TRAIN, 2, &r);
    print_report("any op's second derivative", &r);
}
END_TEST

/* ---- functions composed of ops ----------------------------------------------------------------------------------- */

#define COMPOSED(name, y)                                                                                              \
    static elbo_var *name(elbo_var **in)                                                                               \
    {                                                                                                                  \
        return y;                                                                                                      \
    }
COMPOSED(logsumexp, elbo_logsumexp(in[0], 1))
COMPOSED(softmax, elbo_softmax(in[0], -1))
COMPOSED(log_softmax, elbo_log_softmax(in[0], 0))
COMPOSED(mean, elbo_mean(in[0], (int[]){0, -1}, 2, true))
COMPOSED(sum_all, elbo_sum_all(elbo_square(in[0])))
COMPOSED(clamp, elbo_clamp(in[0], -1, 2))
COMPOSED(twice_used, elbo_mul(elbo_exp(in[0]), elbo_add(in[0], elbo_scale(elbo_shift(in[0], 3), 0.5))))
COMPOSED(mean_all, elbo_mean_all(elbo_mul(elbo_unsqueeze(in[0], 0), elbo_tanh(in[0]))))
COMPOSED(gram, elbo_matmul(in[0], elbo_transpose(in[0])))

static const elbo__case composed[] = {
    {"logsumexp", logsumexp, 1, {{2, {3, 4}}}, -3, 3, 0},          {"softmax", softmax, 1, {{3, {2, 3, 4}}}, -3, 3, 0},
    {"log_softmax", log_softmax, 1, {{2, {4, 3}}}, -3, 3, 0},      {"mean", mean, 1, {{3, {2, 3, 4}}}, -3, 3, 0},
    {"sum_all", sum_all, 1, {{3, {2, 3, 4}}}, -3, 3, 0},           {"clamp", clamp, 1, {{2, {3, 4}}}, -3, 3, 0},
    {"a node used twice", twice_used, 1, {{2, {3, 4}}}, -2, 2, 0}, {"mean_all", mean_all, 1, {{2, {3, 4}}}, -3, 3, 0},
    {"a product with itself", gram, 1, {{2, {3, 4}}}, -2, 2, 0},   {0},
};

START_TEST(composed_functions_have_right_derivatives)
{
    derivative_report r = {0};
    for (int order = 1; order <= 2; order++)
        check_derivatives("composed", composed, ELBO_TRAIN, order, &r);
    ck_assert_int_gt(r.entries, 0);
}
END_TEST

Suite *suite_ops(void)
{
    Suite *s = suite_create("ops");
    TCase *t = tcase_create("the list of ops");
    tcase_add_test(t, every_op_with_a_derivative_has_cases);
    tcase_add_test(t, every_elementwise_row_has_a_case);
    suite_add_tcase(s, t);
    t = tcase_create("derivatives");
    tcase_add_test(t, first_derivatives_agree_with_central_differences);
    tcase_add_test(t, second_derivatives_agree_with_central_differences);
    tcase_add_test(t, composed_functions_have_right_derivatives);
    suite_add_tcase(s, t);
    return s;
}
