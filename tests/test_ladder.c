/* The ladder: said of variables that are standard normal, it is the model of its paper. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../autograd/op.h"
#include "../nn/model/model_check.h"
#include "../nn/parts/parts_private.h"
#include "numbers.h"
#include "rig.h"
#include "runs.h"
#include "suites.h"

enum { B = 3, D = 5, DRAWS = 4, HIDDEN = 4, TOP = 2, MIDDLE = 3, LOW = 1, Z = TOP + MIDDLE + LOW };
static const int sizes[3] = {TOP, MIDDLE, LOW};

typedef struct {
    rig r;
    elbo_values *options;
    elbo_in in;
} bench;

static bench bench_of(elbo_mode mode, int draws, const char *const *pairs)
{
    static const double x[B * D] = {0, 1, 0.5, 0.2, 0.9, 0, 1, 1, 0, 0, 0.3, 0.6, 0.1, 0.8, 0.4};
    bench b = {.r = rig_new(ELBO_F64, mode), .options = options_of(&elbo_model_ladder_vae, pairs)};
    b.in = (elbo_in){
        .g = b.r.g, .model = &elbo_model_ladder_vae, .options = b.options, .image = ELBO_SHAPE(D), .draws = draws};
    b.in.x = rig_input(&b.r, "x", ELBO_SHAPE(B, D), x);
    rig_scalar(&b.r, "beta", 1);
    return b;
}

#define SMALL OPTIONS("hidden", "none", "ladder-dims", "2,3,1", "ladder-hidden", "4", "activation", "tanh")

static void bench_free(bench *b)
{
    rig_free(&b->r);
    elbo_values_free(b->options);
}

static void set_weights(bench *b)
{
    numbers n = {11};
    ck_assert_msg(elbo__graph_settle(b->r.g) == ELBO_OK, "%s", elbo_error());
    for (int i = 0; i < elbo_params_count(b->r.params); i++) {
        elbo_tensor w = elbo_params_tensor(b->r.params, i);
        fill_between(&w, &n, -1, 1);
    }
    elbo_params_touch(b->r.params);
}

/* ---- the paper's own form, in plain loops ------------------------------------------------------------------------ */

typedef struct {
    double mean[MIDDLE], variance[MIDDLE];
} normal;

/* y (out) = W x + b of layer NAME.LAYER */
static void linear(const bench *b, const char *name, const char *layer, const double *x, int in, int out, double *y)
{
    char path[64];
    double w[64], bias[16];
    snprintf(path, sizeof path, "%s.%s.weight", name, layer);
    rig_param(&b->r, path, w);
    snprintf(path, sizeof path, "%s.%s.bias", name, layer);
    rig_param(&b->r, path, bias);
    for (int i = 0; i < out; i++) {
        y[i] = bias[i];
        for (int j = 0; j < in; j++)
            y[i] += w[i * in + j] * x[j];
    }
}

static normal heads(const bench *b, const char *name, const double *h, int in, int out)
{
    normal n = {.mean = {0}};
    linear(b, name, "mean", h, in, out, n.mean);
    linear(b, name, "logvar", h, in, out, n.variance);
    for (int i = 0; i < out; i++)
        n.variance[i] = exp(n.variance[i]);
    return n;
}

static void hidden(const bench *b, const char *name, const double *x, int in, double *h)
{
    linear(b, name, "hidden", x, in, HIDDEN, h);
    for (int i = 0; i < HIDDEN; i++)
        h[i] = tanh(h[i]);
}

static const char *const up_names[] = {"encoder.level", "encoder.level2", "encoder.level3"};
static const char *const down_names[] = {NULL, "decoder.level2", "decoder.level3"};

static void climb(const bench *b, const double *x, normal up[3])
{
    double h[2][HIDDEN];
    up[2] = heads(b, up_names[2], x, D, LOW);
    hidden(b, up_names[1], x, D, h[0]);
    up[1] = heads(b, up_names[1], h[0], HIDDEN, MIDDLE);
    hidden(b, up_names[0], h[0], HIDDEN, h[1]);
    up[0] = heads(b, up_names[0], h[1], HIDDEN, TOP);
}

/* p(z_l|z_(l-1)); of the top N(0, I) */
static normal below(const bench *b, int level, const double *above)
{
    double h[HIDDEN];
    if (level == 0)
        return (normal){{0, 0}, {1, 1}};
    hidden(b, down_names[level], above, sizes[level - 1], h);
    return heads(b, down_names[level], h, HIDDEN, sizes[level]);
}

/* q(z_l|z_(l-1), x): precisions add up, but at the top */
static normal product(int level, normal up, normal p)
{
    normal q = {.mean = {0}};
    for (int i = 0; i < sizes[level]; i++) {
        q.variance[i] = 1 / (1 / up.variance[i] + 1 / p.variance[i]);
        q.mean[i] = (up.mean[i] / up.variance[i] + p.mean[i] / p.variance[i]) * q.variance[i];
    }
    return level == 0 ? up : q;
}

static double log_density(normal n, const double *z, int dims)
{
    double sum = 0;
    for (int i = 0; i < dims; i++)
        sum -= (log(2 * M_PI * n.variance[i]) + (z[i] - n.mean[i]) * (z[i] - n.mean[i]) / n.variance[i]) / 2;
    return sum;
}

static double divergence(normal q, normal p, int dims)
{
    double sum = 0;
    for (int i = 0; i < dims; i++)
        sum += (log(p.variance[i] / q.variance[i]) - 1 +
                (q.variance[i] + (q.mean[i] - p.mean[i]) * (q.mean[i] - p.mean[i])) / p.variance[i]) /
               2;
    return sum;
}

/* Of the levels at z = m + s u: log p(z) - log q(z|x), KL of each, and z of the lowest. */
typedef struct {
    double log_ratio, kl[3], low[LOW];
} centred;

static centred centred_of(const bench *b, const normal up[3], const double u[Z])
{
    centred c = {.log_ratio = 0};
    double z[2][MIDDLE];
    for (int level = 0, first = 0; level < 3; first += sizes[level++]) {
        const normal p = below(b, level, z[(level + 1) % 2]), q = product(level, up[level], p);
        for (int i = 0; i < sizes[level]; i++)
            z[level % 2][i] = p.mean[i] + sqrt(p.variance[i]) * u[first + i];
        c.log_ratio += log_density(p, z[level % 2], sizes[level]) - log_density(q, z[level % 2], sizes[level]);
        c.kl[level] = divergence(q, p, sizes[level]);
    }
    memcpy(c.low, z[0], sizeof c.low);
    return c;
}

/* ---- equal to it ------------------------------------------------------------------------------------------------- */

START_TEST(weights_and_kl_of_each_level_are_those_of_the_centred_form)
{
    static const double x[B * D] = {0, 1, 0.5, 0.2, 0.9, 0, 1, 1, 0, 0, 0.3, 0.6, 0.1, 0.8, 0.4};
    static const char *const names[] = {"kl-level1", "kl-level2", "kl-level3"};
    double u[B * DRAWS * Z], low[B * DRAWS * LOW], log_q[B * DRAWS], log_p[B * DRAWS], kl[3], sums[3] = {0};
    bench b = bench_of(ELBO_EVALUATE, DRAWS, SMALL);
    const elbo_inference i = elbo__model_infer(&b.in);
    elbo_var *place = elbo__posterior_ladder.place(&b.in, i.z),
             *prior = elbo_log_prob(elbo__model_prior(&b.in), i.z, NULL);
    elbo_var *wanted[7] = {i.z, place, i.log_q, prior};
    ck_assert_int_eq(b.in.n_metrics, 3);
    for (int k = 0; k < 3; k++) {
        ck_assert_str_eq(b.in.metrics[k].name, names[k]);
        wanted[4 + k] = b.in.metrics[k].value;
    }
    set_weights(&b);
    rig_run(&b.r, wanted, 7, (double *[]){u, low, log_q, log_p, &kl[0], &kl[1], &kl[2]});
    for (int image = 0; image < B; image++) {
        normal up[3];
        climb(&b, x + image * D, up);
        for (int k = image * DRAWS; k < (image + 1) * DRAWS; k++) {
            const centred c = centred_of(&b, up, u + k * Z);
            assert_close(log_p[k] - log_q[k], c.log_ratio, 1e-12);
            assert_close(low[k], c.low[0], 1e-13);
            for (int level = 0; level < 3; level++)
                sums[level] += c.kl[level] / (B * DRAWS);
        }
    }
    for (int level = 0; level < 3; level++)
        assert_close(kl[level], sums[level], 1e-13);
    bench_free(&b);
}
END_TEST

/* So the levels' closed forms sum to the KL that the bound takes at the draws. */
START_TEST(kl_of_the_levels_sum_to_the_mean_log_ratio)
{
    enum { MANY = 20000 };
    static double ratios[B * MANY];
    double levels[3], sum = 0, squares = 0;
    bench b = bench_of(ELBO_EVALUATE, MANY, SMALL);
    b.r.planned = true;
    const elbo_inference i = elbo__model_infer(&b.in);
    elbo_var *ratio = elbo_sub(i.log_q, elbo_log_prob(elbo__model_prior(&b.in), i.z, NULL));
    set_weights(&b);
    rig_run(&b.r, (elbo_var *[]){ratio, b.in.metrics[0].value, b.in.metrics[1].value, b.in.metrics[2].value}, 4,
            (double *[]){ratios, &levels[0], &levels[1], &levels[2]});
    for (int k = 0; k < B * MANY; k++) {
        sum += ratios[k];
        squares += ratios[k] * ratios[k];
    }
    const double mean = sum / (B * MANY), error = sqrt((squares / (B * MANY) - mean * mean) / (B * MANY));
    ck_assert_double_lt(fabs(mean - levels[0] - levels[1] - levels[2]), 4 * error);
    ck_assert_double_gt(mean, 20 * error);
    bench_free(&b);
}
END_TEST

/* Where what comes up leaves no doubt, u follows the means wherever it is drawn. */
START_TEST(the_code_goes_along_the_means)
{
    double z[B * Z], code[B * Z];
    static const double sure[MIDDLE] = {-60, -60, -60}, zeros[MIDDLE * D] = {0};
    char path[64];
    bench b = bench_of(ELBO_EVALUATE, 1, SMALL);
    const elbo_inference i = elbo__model_infer(&b.in);
    set_weights(&b);
    for (int level = 0; level < 3; level++) {
        snprintf(path, sizeof path, "%s.logvar.bias", up_names[level]);
        rig_set_param(&b.r, path, sure);
        snprintf(path, sizeof path, "%s.logvar.weight", up_names[level]);
        rig_set_param(&b.r, path, zeros);
    }
    rig_run(&b.r, (elbo_var *[]){i.z, i.code}, 2, (double *[]){z, code});
    for (int k = 0; k < B * Z; k++)
        assert_close(z[k], code[k], 1e-9);
    bench_free(&b);
}
END_TEST

/* x -> E[x|u] of one picture: as a code, as a draw, beside others */
START_TEST(decoding_takes_codes_and_draws_alike)
{
    static const double u[B * Z] = {0.3, -1, 0.5, 1, -0.7, 0.1, 1.5, -0.4, 0, 0.2, 0.9, -2, 1, 1, -1, 0.5, 0.25, 0};
    double alone[B * D], drawn[B * D];
    bench b = bench_of(ELBO_EVALUATE, 1, SMALL);
    elbo_var *code = rig_input(&b.r, "u", ELBO_SHAPE(B, Z), u);
    elbo_var *of_code = elbo_model_decode(&b.in, code), *of_draw = elbo_model_decode(&b.in, elbo_unsqueeze(code, 1));
    set_weights(&b);
    rig_run(&b.r, (elbo_var *[]){of_code, of_draw}, 2, (double *[]){alone, drawn});
    ck_assert(memcmp(alone, drawn, sizeof alone) == 0);
    bench_free(&b);
}
END_TEST

START_TEST(a_ladder_of_one_level_is_a_vae)
{
    double levels, kl;
    bench b = bench_of(ELBO_EVALUATE, 1, OPTIONS("hidden", "none", "ladder-dims", "2", "activation", "tanh"));
    const elbo_inference i = elbo__model_infer(&b.in);
    elbo_scope(b.r.g, "encoder.level");
    elbo_var *mean = elbo_linear(b.in.x, "mean", 2), *logvar = elbo_linear(b.in.x, "logvar", 2);
    elbo_scope_end(b.r.g);
    const elbo_dist q = elbo_normal(mean, logvar);
    elbo_var *closed = elbo_mean_all(elbo_kl(q, elbo__model_prior(&b.in), NULL));
    elbo_var *same = elbo_mean_all(elbo_abs(elbo_sub(elbo_log_prob(q, i.z, NULL), i.log_q)));
    set_weights(&b);
    double apart;
    rig_run(&b.r, (elbo_var *[]){b.in.metrics[0].value, closed, same}, 3, (double *[]){&levels, &kl, &apart});
    assert_close(levels, kl, 1e-14);
    assert_close(apart, 0, 1e-13);
    bench_free(&b);
}
END_TEST

START_TEST(without_a_level_it_is_refused)
{
    bench b = bench_of(ELBO_TRAIN, 1, OPTIONS("ladder-dims", "none"));
    elbo__model_infer(&b.in);
    rig_assert_error(&b.r, "option \"ladder-dims\": there are none");
    bench_free(&b);
}
END_TEST

Suite *suite_ladder(void)
{
    Suite *suite = suite_create("ladder");
    TCase *tc = tcase_create("ladder");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, weights_and_kl_of_each_level_are_those_of_the_centred_form);
    tcase_add_test(tc, kl_of_the_levels_sum_to_the_mean_log_ratio);
    tcase_add_test(tc, the_code_goes_along_the_means);
    tcase_add_test(tc, decoding_takes_codes_and_draws_alike);
    tcase_add_test(tc, a_ladder_of_one_level_is_a_vae);
    tcase_add_test(tc, without_a_level_it_is_refused);
    suite_add_tcase(suite, tc);
    return suite;
}
