/* Posteriors, priors and objectives that options choose: densities of flows, importance weights, gradients through
 * draws. Where a decoder is linear, p(x) and p(z|x) are known. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "setting.h"
#include "suites.h"

enum { DRAWS = 20000 };

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
    setting_free(&s);
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
    setting_build(s, ELBO_TRAIN);
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
    setting_feed_noise(s, noise);
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
    setting_fill_noise(noise, B * K);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        snprintf(options, sizeof options, LINEAR "latent-dim=1 draws=4 %s", cases[c]);
        setting s = setting_of(options, K);
        infer_exactly(&s);
        for (int p = 0; p < 4; p++) {
            gradient(&s, 0, noise, of_encoder[p], of_one);
            for (int i = 0; i < (p % 2 ? 1 : D); i++)
                ck_assert_msg(fabs(of_one[i]) < 1e-12, "%s: %s: %g", cases[c], of_encoder[p], of_one[i]);
        }
        setting_free(&s);
    }
    setting s = setting_of(LINEAR "latent-dim=1 objective=iwae", K);
    infer_exactly(&s);
    for (int p = 0; p < 4; p++) {
        gradient(&s, 0, noise, of_encoder[p], of_one);
        standard += fabs(of_one[0]);
    }
    ck_assert_double_gt(standard, 1e-3);
    setting_free(&s);
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
        setting_feed_noise(s, noise);
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
            setting_free(&s);
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
    setting_fill_noise(noise, B * K * 2);
    setting_build(&s, ELBO_TRAIN);
    setting_feed_noise(&s, noise);
    ck_assert_int_gt(elbo_losses(&s.in, losses), which);
    const double value = rig_number(&s.r, losses[which].value);
    setting_free(&s);
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
    setting_fill_noise(noise, B * K * 2);
    for (int which = 0; which < 2; which++) {
        const char *name = which ? "encoder.mean.weight" : "decoder.logits.weight";
        snprintf(options, sizeof options, "latent-dim=2 hidden=none draws=4 estimates=2 objective=piwae gradient=%s",
                 gradients[_i]);
        setting s = setting_of(options, K);
        gradient(&s, which, noise, name, own);
        setting_free(&s);
        snprintf(options, sizeof options, "latent-dim=2 hidden=none draws=4 %s gradient=%s",
                 which ? "objective=miwae estimates=2" : "objective=iwae", gradients[_i]);
        setting parent = setting_of(options, K);
        gradient(&parent, 0, noise, name, parents);
        setting_free(&parent);
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
    setting_build(&s, ELBO_TRAIN);
    elbo_loss losses[ELBO_MAX_LOSSES] = {{.name = NULL}};
    elbo_losses(&s.in, losses);
    rig_assert_error(&s.r, "option \"estimates\": 4 draws do not make 3 parts");
    setting_free(&s);
}
END_TEST

/* ---- the capacity of the KL term --------------------------------------------------------------------------------- */

START_TEST(capacity_draws_the_mean_kl_to_a_number_that_rises_with_the_epochs)
{
    setting s = setting_of("latent-dim=2 objective=capacity capacity=3 capacity-epochs=8", 1);
    double noise[B * 2], recon, kl;
    elbo_loss losses[ELBO_MAX_LOSSES] = {{.name = NULL}};
    setting_fill_noise(noise, B * 2);
    s.beta = 1.5;
    setting_build(&s, ELBO_TRAIN); /* epoch 2 */
    setting_feed_noise(&s, noise);
    elbo_losses(&s.in, losses);
    const elbo_bound b = elbo_model_bound(&s.in, NULL, NULL);
    recon = rig_number(&s.r, elbo_mean_all(b.recon));
    kl = rig_number(&s.r, elbo_mean_all(b.kl));
    assert_close(rig_number(&s.r, losses[0].value), recon + 1.5 * fabs(kl - 3 * 2 / 8.0), 1e-14);
    rig_scalar(&s.r, "epoch", 11);
    assert_close(rig_number(&s.r, losses[0].value), recon + 1.5 * fabs(kl - 3), 1e-14);
    setting_free(&s);
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
    setting_fill_noise(z, B * Z);
    rig_param(&s.r, "prior.inputs", inputs);
    setting_build(&s, ELBO_EVALUATE);
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
    setting_free(&s);
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
    setting_fill_noise(noise, B * 2);
    setting s = setting_of(cases[_i].options, 1);
    for (int i = 0; i < 3 && cases[_i].names[i]; i++) {
        gradient(&s, 0, noise, cases[_i].names[i], of_one);
        ck_assert_msg(of_one[0] != 0, "%s", cases[_i].names[i]);
    }
    setting_free(&s);
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
    TCase *densities = tcase_create("importance weights");
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
