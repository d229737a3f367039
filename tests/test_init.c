/* Initial values: their moments, and what they depend on. */
#include <check.h>
#include <math.h>

#include "../nn/layers/layers.h"
#include "rig.h"
#include "suites.h"

/* Mean, variance and largest size of an initialiser's numbers for a tensor of this shape. */
typedef struct {
    double mean, variance, largest;
    int64_t n;
} moments;

static moments moments_of(elbo_init init, elbo_shape shape)
{
    elbo_tensor t = elbo_tensor_new(ELBO_F64, shape);
    init.fill(&t, 3, "tensor", init.args);
    moments m = {.n = elbo_shape_size(&shape)};
    const double *x = t.data;
    for (int64_t i = 0; i < m.n; i++) {
        m.mean += x[i] / (double)m.n;
        m.largest = fmax(m.largest, fabs(x[i]));
    }
    for (int64_t i = 0; i < m.n; i++)
        m.variance += (x[i] - m.mean) * (x[i] - m.mean) / (double)m.n;
    elbo_tensor_free(&t);
    return m;
}

/* Five standard deviations of the sample's mean and variance; `kurtosis` is E[(x - mean)^4] / variance^2. */
static void assert_moments(moments m, double mean, double variance, double kurtosis)
{
    double n = (double)m.n;
    ck_assert_double_le(fabs(m.mean - mean), 5 * sqrt(variance / n));
    ck_assert_double_le(fabs(m.variance - variance), 5 * variance * sqrt((kurtosis - 1) / n) + 25 * variance / n);
}

static void assert_uniform(elbo_init init, elbo_shape shape, double bound)
{
    moments m = moments_of(init, shape);
    assert_moments(m, 0, bound * bound / 3, 9.0 / 5);
    ck_assert_double_le(m.largest, bound);
}

START_TEST(initial_values_have_the_moments_of_their_formula)
{
    assert_uniform(elbo_init_glorot(), ELBO_SHAPE(100, 200), sqrt(6.0 / 300));
    assert_uniform(elbo_init_glorot(), ELBO_SHAPE(32, 16, 3, 5), sqrt(6.0 / ((32 + 16) * 15)));
    assert_uniform(elbo_init_fan_in(0), ELBO_SHAPE(100, 200), sqrt(1.0 / 200));
    assert_uniform(elbo_init_fan_in(0), ELBO_SHAPE(32, 16, 3, 5), sqrt(1.0 / (16 * 15)));
    assert_uniform(elbo_init_fan_in(25), ELBO_SHAPE(5000), 0.2);
    assert_moments(moments_of(elbo_init_he(), ELBO_SHAPE(100, 200)), 0, 2.0 / 200, 3);
    assert_moments(moments_of(elbo_init_he(), ELBO_SHAPE(32, 16, 3, 5)), 0, 2.0 / (16 * 15), 3);
    assert_moments(moments_of(elbo_init_normal(2, 0.5), ELBO_SHAPE(20000)), 2, 0.25, 3);
    assert_moments(moments_of(elbo_init_uniform(1, 4), ELBO_SHAPE(20000)), 2.5, 0.75, 9.0 / 5);
    moments constant = moments_of(elbo_init_constant(-1.5), ELBO_SHAPE(10, 10));
    assert_close(constant.mean, -1.5, 1e-14);
    assert_close(constant.variance, 0, 1e-27);
    ck_assert_double_eq(constant.largest, 1.5);
    ck_assert_double_eq(moments_of(elbo_init_zeros(), ELBO_SHAPE(7)).largest, 0);
}
END_TEST

START_TEST(a_linear_layer_begins_like_pytorchs)
{
    enum { N_IN = 100, N_OUT = 300 };
    static double w[N_OUT * N_IN], b[N_OUT];
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_linear(elbo_input(r.g, "x", ELBO_F32, ELBO_SHAPE(1, N_IN)), "layer", N_OUT);
    rig_number(&r, elbo_constant(r.g, 0));
    rig_param(&r, "layer.weight", w);
    rig_param(&r, "layer.bias", b);
    double largest = 0, squares = 0, bias_largest = 0;
    for (int i = 0; i < N_OUT * N_IN; i++) {
        largest = fmax(largest, fabs(w[i]));
        squares += w[i] * w[i] / (N_OUT * N_IN);
    }
    for (int i = 0; i < N_OUT; i++)
        bias_largest = fmax(bias_largest, fabs(b[i]));
    ck_assert_double_le(largest, 0.1f);
    ck_assert_double_le(bias_largest, 0.1f);
    ck_assert_double_ge(bias_largest, 0.09); /* 300 numbers all within 0.9 of the bound: once in 10^13 */
    ck_assert_double_le(fabs(squares - 0.01 / 3), 5 * 0.01 / 3 * sqrt(0.8 / (N_OUT * N_IN)));
    rig_free(&r);
}
END_TEST

START_TEST(initial_values_do_not_depend_on_layout_or_width)
{
    const elbo_init inits[] = {elbo_init_he(), elbo_init_glorot(), elbo_init_fan_in(0)};
    for (size_t k = 0; k < sizeof inits / sizeof inits[0]; k++) {
        elbo_tensor a = elbo_tensor_new(ELBO_F64, ELBO_SHAPE(6, 5)), b = elbo_tensor_new(ELBO_F64, ELBO_SHAPE(5, 6));
        elbo_tensor c = elbo_tensor_new(ELBO_F32, ELBO_SHAPE(6, 5)), t = b;
        t.layout = elbo_layout_permute(&b.layout, (int[]){1, 0});
        inits[k].fill(&a, 9, "w", inits[k].args);
        inits[k].fill(&t, 9, "w", inits[k].args);
        inits[k].fill(&c, 9, "w", inits[k].args);
        for (int64_t i = 0; i < 6; i++)
            for (int64_t j = 0; j < 5; j++) {
                const int64_t at[] = {i, j};
                double x = elbo_tensor_get(&a, at);
                ck_assert_double_eq(x, elbo_tensor_get(&t, at));
                ck_assert_double_le(fabs(x - elbo_tensor_get(&c, at)), 1e-6);
            }
        elbo_tensor_free(&a);
        elbo_tensor_free(&b);
        elbo_tensor_free(&c);
    }
}
END_TEST

START_TEST(initial_values_depend_on_seed_and_name)
{
    double x[3][4];
    static const struct {
        uint64_t seed;
        const char *name;
    } keys[] = {{1, "a"}, {1, "b"}, {2, "a"}};
    for (int k = 0; k < 3; k++) {
        elbo_tensor t = elbo_tensor_of(ELBO_F64, ELBO_SHAPE(4), x[k]);
        elbo_init init = elbo_init_he();
        init.fill(&t, keys[k].seed, keys[k].name, init.args);
    }
    for (int i = 0; i < 4; i++) {
        ck_assert_double_ne(x[0][i], x[1][i]);
        ck_assert_double_ne(x[0][i], x[2][i]);
        ck_assert_double_ne(x[1][i], x[2][i]);
    }
}
END_TEST

START_TEST(a_sphere_has_rows_of_its_norm_in_uniform_directions)
{
    enum { ROWS = 20000, D = 3 };
    elbo_tensor t = elbo_tensor_new(ELBO_F64, ELBO_SHAPE(ROWS, D));
    const elbo_init init = elbo_init_sphere(0.5);
    init.fill(&t, 3, "tensor", init.args);
    const double *x = t.data;
    double mean[D] = {0}, square[D] = {0};
    for (int i = 0; i < ROWS; i++) {
        double norm = 0;
        for (int j = 0; j < D; j++) {
            norm += x[i * D + j] * x[i * D + j];
            mean[j] += x[i * D + j] / ROWS;
            square[j] += x[i * D + j] * x[i * D + j] / ROWS;
        }
        if (fabs(norm - 0.25) > 1e-14)
            ck_abort_msg("row %d has the squared norm %g", i, norm);
    }
    for (int j = 0; j < D; j++) { /* of one coordinate: mean 0, E x^2 = r^2 / 3, E x^4 = r^4 / 5 */
        ck_assert_double_le(fabs(mean[j]), 5 * sqrt(0.25 / 3 / ROWS));
        ck_assert_double_le(fabs(square[j] - 0.25 / 3), 5 * 0.25 * sqrt((1.0 / 5 - 1.0 / 9) / ROWS));
    }
    elbo_tensor_free(&t);
}
END_TEST

Suite *suite_init(void)
{
    Suite *s = suite_create("init");
    TCase *t = tcase_create("initial values");
    tcase_add_test(t, initial_values_have_the_moments_of_their_formula);
    tcase_add_test(t, a_linear_layer_begins_like_pytorchs);
    tcase_add_test(t, initial_values_do_not_depend_on_layout_or_width);
    tcase_add_test(t, initial_values_depend_on_seed_and_name);
    tcase_add_test(t, a_sphere_has_rows_of_its_norm_in_uniform_directions);
    suite_add_tcase(s, t);
    return s;
}
