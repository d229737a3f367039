/* Posteriors, priors and objectives that options choose: densities of flows, importance weights, gradients through
 * draws. Where a decoder is linear, p(x) and p(z|x) are known. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../models/models.h"
#include "../nn/parts/parts.h"
#include "rig.h"
#include "suites.h"

enum { B = 3, K = 4, D = 2, MOST = 4, DRAWS = 20000 };

static const double pictures[B * D] = {0.9, 0.2, 0.4, 0.7, 0.1, 0.6};

/* A model with values of its options, and a graph over parameters that are all of size 1. */
typedef struct {
    rig r;
    elbo_values *options;
    elbo_in in;
    int draws, dims;
    double beta;
} setting;

static void build(setting *s, elbo_mode mode)
{
    rig_next_graph(&s->r, mode);
    elbo_graph_feed_noise(s->r.g);
    s->in = (elbo_in){.g = s->r.g,
                      .model = &elbo_model_vae,
                      .options = s->options,
                      .image = ELBO_SHAPE(D),
                      .draws = s->draws,
                      .x = rig_input(&s->r, "x", ELBO_SHAPE(B, D), pictures)};
    rig_scalar(&s->r, "beta", s->beta);
    rig_scalar(&s->r, "epoch", 2);
    if (elbo_model_takes_labels(s->in.model, s->options))
        s->in.y = rig_input(&s->r, "y", ELBO_SHAPE(B, 2), (double[]){1, 0, 0, 1, 1, 0});
}

/* Numbers that look random, within 1 of 0. */
static double number(int i)
{
    return sin(12.9898 * (i + 1) + 78.233);
}

/* options: "latent-dim=2 posterior=iaf" */
static setting setting_of(const char *options, int draws)
{
    setting s = {.r = rig_new(ELBO_F64, ELBO_TRAIN),
                 .options = elbo_values_new_preset(elbo_model_vae.options, options),
                 .draws = draws,
                 .beta = 1};
    ck_assert_msg(s.options != NULL, "%s", elbo_error());
    s.dims = (int)elbo_values_integer(s.options, "latent-dim");
    build(&s, ELBO_TRAIN);
    elbo_model_evaluate(&s.in);
    rig_feed(&s.r, "z#0", ELBO_SHAPE(B, draws, s.dims), (double[B * MOST * MOST]){0});
    rig_number(&s.r, s.in.metrics[0].value); /* closes the set */
    int n = 0;
    for (int p = 0; p < elbo_params_count(s.r.params); p++) {
        elbo_tensor t = elbo_params_tensor(s.r.params, p);
        double values[2000];
        ck_assert_int_le(elbo_shape_size(&t.layout.shape), 2000);
        for (int64_t i = 0; i < elbo_shape_size(&t.layout.shape); i++)
            values[i] = 0.8 * number(n++);
        rig_set_param(&s.r, elbo_params_name(s.r.params, p), values);
    }
    return s;
}

static void end(setting *s)
{
    rig_free(&s->r);
    elbo_values_free(s->options);
}

static void feed_noise(setting *s, const double *noise)
{
    rig_feed(&s->r, "z#0", ELBO_SHAPE(B, s->draws, s->dims), noise);
}

/* ---- flows ------------------------------------------------------------------------------------------------------- */

static const char *const flows[] = {"normal", "planar", "radial", "iaf", "maf"};

/* z of the noise, and log q: both for (B, K) draws of `dims` numbers */
static void infer(setting *s, const double *noise, double *z, double *log_q)
{
    build(s, ELBO_EVALUATE);
    feed_noise(s, noise);
    const elbo_inference i = elbo_posterior(&s->in);
    rig_run(&s->r, (elbo_var *[]){i.z, i.log_q}, 2, (double *[]){z, log_q});
}

/* log |det a| (n, n), which is destroyed, and whether det a > 0: elimination with pivots */
static double log_determinant(double *a, int n, bool *positive)
{
    double sum = 0;
    *positive = true;
    for (int k = 0; k < n; k++) {
        int p = k;
        for (int i = k; i < n; i++)
            p = fabs(a[i * n + k]) > fabs(a[p * n + k]) ? i : p;
        for (int j = 0; j < n; j++) {
            const double kept = a[k * n + j];
            a[k * n + j] = a[p * n + j];
            a[p * n + j] = kept;
        }
        *positive ^= (p != k) ^ (a[k * n + k] < 0);
        sum += log(fabs(a[k * n + k]));
        for (int i = k + 1; i < n; i++)
            for (int j = n - 1; j >= k; j--)
                a[i * n + j] -= a[i * n + k] / a[k * n + k] * a[k * n + j];
    }
    return sum;
}

/* jacobian[d][i][j] = dz_i / de_j of draw d, by central differences */
static void differentiate(setting *s, const double *noise, double *jacobian)
{
    const int n = s->dims, draws = B * s->draws;
    double moved[B * K * MOST], up[B * K * MOST], down[B * K * MOST], unused[B * K];
    const double h = 1e-5;
    for (int j = 0; j < n; j++) {
        memcpy(moved, noise, (size_t)(draws * n) * sizeof *moved);
        for (int d = 0; d < draws; d++)
            moved[d * n + j] = noise[d * n + j] + h;
        infer(s, moved, up, unused);
        for (int d = 0; d < draws; d++)
            moved[d * n + j] = noise[d * n + j] - h;
        infer(s, moved, down, unused);
        for (int d = 0; d < draws; d++)
            for (int i = 0; i < n; i++)
                jacobian[(d * n + i) * n + j] = (up[d * n + i] - down[d * n + i]) / (2 * h);
    }
}

static void fill_noise(double *noise, int n)
{
    for (int i = 0; i < n; i++)
        noise[i] = 1.5 * number(1000 + i);
}

static void assert_density_is_that_of_the_noise(const char *options)
{
    setting s = setting_of(options, K);
    const int n = s.dims;
    double noise[B * K * MOST], z[B * K * MOST], log_q[B * K], jacobian[B * K * MOST * MOST];
    fill_noise(noise, B * K * n);
    infer(&s, noise, z, log_q);
    differentiate(&s, noise, jacobian);
    for (int d = 0; d < B * K; d++) {
        bool positive;
        double expected = -log_determinant(jacobian + d * n * n, n, &positive);
        for (int j = 0; j < n; j++)
            expected -= 0.5 * (noise[d * n + j] * noise[d * n + j] + log(2 * M_PI));
        assert_close(log_q[d], expected, 1e-6);
    }
    end(&s);
}

START_TEST(log_q_is_that_of_the_noise_less_the_numeric_log_determinant)
{
    char options[100];
    for (int shared = 0; shared < 2; shared++) {
        snprintf(options, sizeof options,
                 "latent-dim=4 hidden=5 flow-hidden=6 flow-steps=3 posterior=%s flow-shared=%s", flows[_i],
                 shared ? "yes" : "no");
        assert_density_is_that_of_the_noise(options);
    }
}
END_TEST

/* What turns space inside out somewhere is not injective. The parameters are so large that the bounds of the paper's
 * appendix decide. */
START_TEST(flows_are_invertible_whatever_their_parameters_are)
{
    char options[100];
    snprintf(options, sizeof options, "latent-dim=2 hidden=none flow-steps=1 posterior=%s flow-shared=yes", flows[_i]);
    setting s = setting_of(options, K);
    double noise[B * K * 2], jacobian[B * K * 4];
    fill_noise(noise, B * K * 2);
    for (int sign = -1; sign <= 1; sign += 2) {
        if (_i == 1) {
            rig_set_param(&s.r, "encoder.flow.w", (double[]){2, 1});
            rig_set_param(&s.r, "encoder.flow.u", (double[]){sign * 3, sign});
        } else {
            rig_set_param(&s.r, "encoder.flow.alpha", &(double){sign * 2});
            rig_set_param(&s.r, "encoder.flow.beta", &(double){-5});
        }
        differentiate(&s, noise, jacobian);
        for (int d = 0; d < B * K; d++) {
            bool positive;
            log_determinant(jacobian + d * 4, 2, &positive);
            ck_assert(positive);
        }
    }
    end(&s);
}
END_TEST

/* Where w^T v is far below 0, m(w^T v) would be -1 and log det -inf at the plane w^T z + b = 0. */
START_TEST(a_planar_step_keeps_some_volume_on_its_plane)
{
    setting s = setting_of("latent-dim=2 hidden=none flow-steps=1 posterior=planar flow-shared=yes", K);
    double noise[B * K * 2] = {0}, z[B * K * 2], log_q[B * K], zeros[2 * D] = {0};
    rig_set_param(&s.r, "encoder.mean.weight", zeros);
    rig_set_param(&s.r, "encoder.mean.bias", zeros);
    rig_set_param(&s.r, "encoder.flow.w", (double[]){20, 20});
    rig_set_param(&s.r, "encoder.flow.u", (double[]){-20, -20});
    rig_set_param(&s.r, "encoder.flow.b", zeros);
    infer(&s, noise, z, log_q);
    for (int d = 0; d < B * K; d++)
        ck_assert(isfinite(log_q[d]));
    end(&s);
}
END_TEST

START_TEST(one_autoregressive_step_is_triangular_and_two_mix_all_dimensions)
{
    for (int steps = 1; steps <= 2; steps++) {
        char options[100];
        snprintf(options, sizeof options, "latent-dim=4 hidden=5 flow-hidden=16 flow-steps=%d posterior=%s", steps,
                 flows[_i]);
        setting s = setting_of(options, 1);
        double noise[B * MOST], jacobian[B * MOST * MOST];
        fill_noise(noise, B * MOST);
        differentiate(&s, noise, jacobian);
        for (int d = 0; d < B; d++)
            for (int i = 0; i < MOST; i++)
                for (int j = 0; j < MOST; j++)
                    if (steps == 1 && j > i)
                        ck_assert_double_eq(jacobian[(d * MOST + i) * MOST + j], 0);
                    else
                        ck_assert_double_ne(jacobian[(d * MOST + i) * MOST + j], 0);
        end(&s);
    }
}
END_TEST

/* ---- a linear decoder: x = W z + b + noise of variance c --------------------------------------------------------- */

#define VARIANCE 0.3
#define LINEAR "hidden=none likelihood=gaussian variance=0.3 flow-hidden=5 "

typedef struct {
    double w[D * MOST], b[D];
} linear;

static linear decoder(const setting *s)
{
    linear l;
    rig_param(&s->r, "decoder.mean.weight", l.w);
    rig_param(&s->r, "decoder.mean.bias", l.b);
    return l;
}

/* log N(x; b, W W^T + c I), D = 2 */
static double log_evidence(const setting *s, const double *x)
{
    const linear l = decoder(s);
    double c[D][D] = {{VARIANCE, 0}, {0, VARIANCE}};
    for (int i = 0; i < D; i++)
        for (int j = 0; j < D; j++)
            for (int k = 0; k < s->dims; k++)
                c[i][j] += l.w[i * s->dims + k] * l.w[j * s->dims + k];
    const double det = c[0][0] * c[1][1] - c[0][1] * c[1][0], u = x[0] - l.b[0], v = x[1] - l.b[1];
    const double square = (c[1][1] * u * u - 2 * c[0][1] * u * v + c[0][0] * v * v) / det;
    return -0.5 * (square + log(det)) - log(2 * M_PI);
}

START_TEST(importance_weights_of_a_flow_have_the_evidence_as_their_mean)
{
    char options[100];
    snprintf(options, sizeof options, LINEAR "latent-dim=2 posterior=%s", flows[_i]);
    setting s = setting_of(options, 1);
    static double w[B * DRAWS];
    s.draws = DRAWS;
    rig_set_param(&s.r, "encoder.logvar.bias", (double[]){1.5, 1.5}); /* q is wide: no weight is far from the others */
    rig_next_graph(&s.r, ELBO_EVALUATE);
    s.in = (elbo_in){.g = s.r.g, .model = &elbo_model_vae, .options = s.options, .draws = DRAWS};
    s.in.x = rig_input(&s.r, "x", ELBO_SHAPE(B, D), pictures);
    s.r.planned = true;
    rig_value(&s.r, elbo_model_bound(&s.in, NULL, NULL).log_weight, w);
    for (int b = 0; b < B; b++) {
        const double evidence = log_evidence(&s, pictures + b * D);
        double mean = 0, square = 0;
        for (int k = 0; k < DRAWS; k++) {
            const double share = exp(w[b * DRAWS + k] - evidence);
            mean += share / DRAWS;
            square += share * share / DRAWS;
        }
        const double error = sqrt((square - mean * mean) / DRAWS);
        ck_assert_msg(fabs(mean - 1) < 5 * error && error < 0.1, "%s: %g, error %g", flows[_i], mean, error);
    }
    end(&s);
}
END_TEST

/* ---- gradients through draws ------------------------------------------------------------------------------------- */

/* q := p(z|x), for Z = 1: of variance 1 / (1 + |w|^2 / c), about w^T (x - b) / c times that */
static void infer_exactly(setting *s)
{
    const linear l = decoder(s);
    const double variance = 1 / (1 + (l.w[0] * l.w[0] + l.w[1] * l.w[1]) / VARIANCE);
    const double a[D] = {variance * l.w[0] / VARIANCE, variance * l.w[1] / VARIANCE};
    const double bias = -a[0] * l.b[0] - a[1] * l.b[1], logvar = log(variance);
    rig_set_param(&s->r, "encoder.mean.weight", a);
    rig_set_param(&s->r, "encoder.mean.bias", &bias);
    rig_set_param(&s->r, "encoder.logvar.weight", (double[D]){0});
    rig_set_param(&s->r, "encoder.logvar.bias", &logvar);
}

/* The derivatives of loss `which` by one parameter, in a new graph that waits for noise. */
static elbo_var *derivative(setting *s, int which, const char *name)
{
    elbo_loss losses[ELBO_MAX_LOSSES] = {{.name = NULL}};
    elbo_var *params[64], *grad = NULL;
    build(s, ELBO_TRAIN);
    ck_assert_int_gt(elbo_losses(&s->in, losses), which);
    const int n = elbo_graph_params(s->r.g, params);
    for (int i = 0; i < n && !grad; i++)
        if (strcmp(elbo_name_of(params[i]), name) == 0)
            elbo_grad(losses[which].value, &params[i], 1, &grad);
    ck_assert_msg(grad != NULL, "no parameter \"%s\"", name);
    return grad;
}

static void gradient(setting *s, int which, const double *noise, const char *name, double *out)
{
    elbo_var *grad = derivative(s, which, name);
    feed_noise(s, noise);
    rig_value(&s->r, grad, out);
}

static const char *const of_encoder[] = {"encoder.mean.weight", "encoder.mean.bias", "encoder.logvar.weight",
                                         "encoder.logvar.bias"};

START_TEST(where_q_is_exact_the_gradients_of_stl_and_dreg_vanish_at_every_draw)
{
    static const char *const cases[] = {"gradient=stl",
                                        "gradient=dreg",
                                        "gradient=stl objective=iwae",
                                        "gradient=dreg objective=iwae",
                                        "gradient=dreg objective=miwae estimates=2",
                                        "gradient=dreg objective=ciwae"};
    double noise[B * K], of_one[D], standard = 0;
    char options[200];
    fill_noise(noise, B * K);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        snprintf(options, sizeof options, LINEAR "latent-dim=1 draws=4 %s", cases[c]);
        setting s = setting_of(options, K);
        infer_exactly(&s);
        for (int p = 0; p < 4; p++) {
            gradient(&s, 0, noise, of_encoder[p], of_one);
            for (int i = 0; i < (p % 2 ? 1 : D); i++)
                ck_assert_msg(fabs(of_one[i]) < 1e-12, "%s: %s: %g", cases[c], of_encoder[p], of_one[i]);
        }
        end(&s);
    }
    setting s = setting_of(LINEAR "latent-dim=1 objective=iwae", K);
    infer_exactly(&s);
    for (int p = 0; p < 4; p++) {
        gradient(&s, 0, noise, of_encoder[p], of_one);
        standard += fabs(of_one[0]);
    }
    ck_assert_double_gt(standard, 1e-3);
    end(&s);
}
END_TEST

/* The expectation of the derivative by a parameter of one number over both draws of each image, which may be the same
 * for all images: by the trapezoidal rule, whose error for what is smooth and falls like a normal density is less than
 * any power of the step. */
static double expected_gradient(setting *s, const char *name)
{
    enum { POINTS = 61 };
    const double step = 0.2;
    double noise[B * 2], at_point, sum = 0;
    elbo_var *grad = derivative(s, 0, name);
    for (int i = 0; i < POINTS * POINTS; i++) {
        const double first = step * (i / POINTS - POINTS / 2), second = step * (i % POINTS - POINTS / 2);
        for (int b = 0; b < B; b++) {
            noise[2 * b] = first;
            noise[2 * b + 1] = second;
        }
        feed_noise(s, noise);
        rig_value(&s->r, grad, &at_point);
        sum += step * step / (2 * M_PI) * exp(-0.5 * (first * first + second * second)) * at_point;
    }
    return sum;
}

/* Sticking the landing is biased where draws are weighed (Tucker et al., section 4). */
START_TEST(estimators_without_the_score_have_the_same_expectation)
{
    static const char *const cases[][2] = {{"beta-schedule=constant", "stl"},
                                           {"posterior=planar flow-steps=1", "stl"},
                                           {"objective=iwae", "dreg"},
                                           {"objective=miwae estimates=2", "dreg"},
                                           {"objective=ciwae elbo-share=0.3", "dreg"},
                                           {"objective=iwae posterior=planar flow-steps=1", "dreg"}};
    static const char *const params[] = {"encoder.mean.bias", "encoder.logvar.bias"};
    char options[200];
    for (int p = 0; p < 2; p++) {
        double expected[2];
        for (int e = 0; e < 2; e++) {
            snprintf(options, sizeof options, LINEAR "latent-dim=1 draws=2 gradient=%s %s",
                     e ? cases[_i][1] : "standard", cases[_i][0]);
            setting s = setting_of(options, 2);
            expected[e] = expected_gradient(&s, params[p]);
            end(&s);
        }
        ck_assert_double_gt(fabs(expected[0]), 1e-3);
        assert_close(expected[1], expected[0], 1e-7);
    }
}
END_TEST

/* ---- importance weighted objectives ------------------------------------------------------------------------------ */

static double loss_of(const char *options, int which)
{
    setting s = setting_of(options, K);
    double noise[B * K * 2];
    elbo_loss losses[ELBO_MAX_LOSSES] = {{.name = NULL}};
    fill_noise(noise, B * K * 2);
    build(&s, ELBO_TRAIN);
    feed_noise(&s, noise);
    ck_assert_int_gt(elbo_losses(&s.in, losses), which);
    const double value = rig_number(&s.r, losses[which].value);
    end(&s);
    return value;
}

START_TEST(bounds_are_ordered_at_the_same_draws)
{
    const double iwae = loss_of("latent-dim=2 draws=4 objective=iwae", 0);
    const double miwae = loss_of("latent-dim=2 draws=4 objective=miwae estimates=2", 0);
    const double mean = loss_of("latent-dim=2 draws=4 objective=miwae estimates=4", 0);
    ck_assert_double_lt(iwae, miwae);
    ck_assert_double_lt(miwae, mean);
    ck_assert_double_eq(loss_of("latent-dim=2 draws=4 objective=miwae estimates=1", 0), iwae);
    assert_close(loss_of("latent-dim=2 draws=4 objective=ciwae elbo-share=0", 0), iwae, 1e-15);
    assert_close(loss_of("latent-dim=2 draws=4 objective=ciwae elbo-share=1", 0), mean, 1e-14);
    assert_close(loss_of("latent-dim=2 draws=4 objective=ciwae elbo-share=0.25", 0), 0.25 * mean + 0.75 * iwae, 1e-14);
}
END_TEST

START_TEST(the_encoder_of_piwae_moves_by_miwae_and_its_decoder_by_iwae)
{
    static const char *const gradients[] = {"standard", "dreg"};
    double noise[B * K * 2], own[20], parents[20];
    char options[200];
    fill_noise(noise, B * K * 2);
    for (int which = 0; which < 2; which++) {
        const char *name = which ? "encoder.mean.weight" : "decoder.logits.weight";
        snprintf(options, sizeof options, "latent-dim=2 hidden=none draws=4 estimates=2 objective=piwae gradient=%s",
                 gradients[_i]);
        setting s = setting_of(options, K);
        gradient(&s, which, noise, name, own);
        end(&s);
        snprintf(options, sizeof options, "latent-dim=2 hidden=none draws=4 %s gradient=%s",
                 which ? "objective=miwae estimates=2" : "objective=iwae", gradients[_i]);
        setting parent = setting_of(options, K);
        gradient(&parent, 0, noise, name, parents);
        end(&parent);
        for (int i = 0; i < D * 2; i++)
            ck_assert_double_eq(own[i], parents[i]);
    }
}
END_TEST

START_TEST(estimates_that_do_not_divide_the_draws_are_refused)
{
    setting s = setting_of("latent-dim=2 draws=4 objective=miwae estimates=2", K);
    elbo_values_free(s.options);
    s.options = elbo_values_new_preset(elbo_model_vae.options, "latent-dim=2 draws=4 objective=miwae estimates=3");
    build(&s, ELBO_TRAIN);
    elbo_loss losses[ELBO_MAX_LOSSES] = {{.name = NULL}};
    elbo_losses(&s.in, losses);
    rig_assert_error(&s.r, "option \"estimates\": 4 draws do not make 3 parts");
    end(&s);
}
END_TEST

/* ---- the capacity of the KL term --------------------------------------------------------------------------------- */

START_TEST(capacity_draws_the_mean_kl_to_a_number_that_rises_with_the_epochs)
{
    setting s = setting_of("latent-dim=2 objective=capacity capacity=3 capacity-epochs=8", 1);
    double noise[B * 2], recon, kl;
    elbo_loss losses[ELBO_MAX_LOSSES] = {{.name = NULL}};
    fill_noise(noise, B * 2);
    s.beta = 1.5;
    build(&s, ELBO_TRAIN); /* epoch 2 */
    feed_noise(&s, noise);
    elbo_losses(&s.in, losses);
    const elbo_bound b = elbo_model_bound(&s.in, NULL, NULL);
    recon = rig_number(&s.r, elbo_mean_all(b.recon));
    kl = rig_number(&s.r, elbo_mean_all(b.kl));
    assert_close(rig_number(&s.r, losses[0].value), recon + 1.5 * fabs(kl - 3 * 2 / 8.0), 1e-14);
    rig_scalar(&s.r, "epoch", 11);
    assert_close(rig_number(&s.r, losses[0].value), recon + 1.5 * fabs(kl - 3), 1e-14);
    end(&s);
}
END_TEST

/* ---- priors ------------------------------------------------------------------------------------------------------ */

START_TEST(a_vamp_prior_is_the_mean_of_the_posteriors_of_its_inputs)
{
    enum { C = 3, Z = 2 };
    setting s = setting_of(_i ? "latent-dim=2 hidden=4 prior=vamp components=3 conditional=yes"
                              : "latent-dim=2 hidden=4 prior=vamp components=3",
                           1);
    double inputs[C * D], mean[C * Z], logvar[C * Z], log_p[B], z[B * Z];
    fill_noise(z, B * Z);
    rig_param(&s.r, "prior.inputs", inputs);
    build(&s, ELBO_EVALUATE);
    elbo_in pseudo = s.in;
    for (int i = 0; i < C * D; i++)
        inputs[i] = 1 / (1 + exp(-inputs[i]));
    pseudo.x = rig_input(&s.r, "inputs", ELBO_SHAPE(C, D), inputs);
    if (s.in.y) {
        double labels[C * 2];
        rig_param(&s.r, "prior.labels", labels);
        for (int c = 0; c < C; c++) {
            const double first = 1 / (1 + exp(labels[2 * c + 1] - labels[2 * c]));
            labels[2 * c] = first;
            labels[2 * c + 1] = 1 - first;
        }
        pseudo.y = rig_input(&s.r, "labels", ELBO_SHAPE(C, 2), labels);
    }
    elbo_var *var, *code = elbo_model_encode(&pseudo, &var);
    elbo_var *density = elbo_log_prob(elbo_prior(&s.in), rig_input(&s.r, "z", ELBO_SHAPE(B, Z), z), NULL);
    rig_run(&s.r, (elbo_var *[]){code, var, density}, 3, (double *[]){mean, logvar, log_p});
    for (int b = 0; b < B; b++) {
        double p = 0;
        for (int c = 0; c < C; c++) {
            double log_c = 0;
            for (int j = 0; j < Z; j++) {
                const double v = logvar[c * Z + j], off = z[b * Z + j] - mean[c * Z + j];
                log_c -= 0.5 * (log(2 * M_PI) + v + off * off * exp(-v));
            }
            p += exp(log_c) / C;
        }
        assert_close(log_p[b], log(p), 1e-13);
    }
    end(&s);
}
END_TEST

START_TEST(the_loss_moves_what_a_mixture_is_made_of)
{
    static const struct {
        const char *options, *names[3];
    } cases[] = {
        {"latent-dim=2 hidden=none prior=vamp components=3", {"prior.inputs", "encoder.mean.weight"}},
        {"latent-dim=2 hidden=none prior=mixture components=3", {"prior.means", "prior.logvars", "prior.logits"}},
        {"latent-dim=2 hidden=none prior=learned conditional=yes", {"prior.mean.weight", "prior.logvar.weight"}}};
    double noise[B * 2], of_one[2000];
    fill_noise(noise, B * 2);
    setting s = setting_of(cases[_i].options, 1);
    for (int i = 0; i < 3 && cases[_i].names[i]; i++) {
        gradient(&s, 0, noise, cases[_i].names[i], of_one);
        ck_assert_msg(of_one[0] != 0, "%s", cases[_i].names[i]);
    }
    end(&s);
}
END_TEST

START_TEST(what_does_not_go_together_is_named)
{
    static const struct {
        const char *options, *message;
    } cases[] = {
        {"prior=learned", "option \"prior\": learned is a normal for each label; take conditional"},
        {"posterior=delta prior=none objective=iwae",
         "option \"objective\": needs a posterior with a density, for importance weights"},
        {"prior=none", "option \"prior\": the objective and the posterior need one"},
    };
    elbo_values *options = elbo_values_new_preset(elbo_model_vae.options, cases[_i].options);
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_in in = {.g = r.g, .model = &elbo_model_vae, .options = options, .image = ELBO_SHAPE(D), .draws = 1};
    in.x = rig_input(&r, "x", ELBO_SHAPE(B, D), pictures);
    elbo_model_evaluate(&in);
    ck_assert_int_ne(elbo_graph_status(r.g), ELBO_OK);
    ck_assert_msg(strstr(elbo_error(), cases[_i].message), "%s", elbo_error());
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

Suite *suite_parts(void)
{
    Suite *suite = suite_create("parts");
    TCase *densities = tcase_create("flows");
    tcase_add_loop_test(densities, log_q_is_that_of_the_noise_less_the_numeric_log_determinant, 0, 5);
    tcase_add_loop_test(densities, flows_are_invertible_whatever_their_parameters_are, 1, 3);
    tcase_add_test(densities, a_planar_step_keeps_some_volume_on_its_plane);
    tcase_add_loop_test(densities, one_autoregressive_step_is_triangular_and_two_mix_all_dimensions, 3, 5);
    tcase_add_loop_test(densities, importance_weights_of_a_flow_have_the_evidence_as_their_mean, 0, 5);
    suite_add_tcase(suite, densities);
    TCase *gradients = tcase_create("gradients");
    tcase_set_timeout(gradients, 60);
    tcase_add_test(gradients, where_q_is_exact_the_gradients_of_stl_and_dreg_vanish_at_every_draw);
    tcase_add_loop_test(gradients, estimators_without_the_score_have_the_same_expectation, 0, 6);
    suite_add_tcase(suite, gradients);
    TCase *objectives = tcase_create("objectives");
    tcase_add_test(objectives, bounds_are_ordered_at_the_same_draws);
    tcase_add_loop_test(objectives, the_encoder_of_piwae_moves_by_miwae_and_its_decoder_by_iwae, 0, 2);
    tcase_add_test(objectives, estimates_that_do_not_divide_the_draws_are_refused);
    tcase_add_test(objectives, capacity_draws_the_mean_kl_to_a_number_that_rises_with_the_epochs);
    suite_add_tcase(suite, objectives);
    TCase *priors = tcase_create("priors");
    tcase_add_loop_test(priors, a_vamp_prior_is_the_mean_of_the_posteriors_of_its_inputs, 0, 2);
    tcase_add_loop_test(priors, the_loss_moves_what_a_mixture_is_made_of, 0, 3);
    tcase_add_loop_test(priors, what_does_not_go_together_is_named, 0, 3);
    suite_add_tcase(suite, priors);
    return suite;
}
