/* Models whose latent space is the Poincare ball, by their options: what the parts make of it. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../models/models.h"
#include "../nn/layers/ball.h"
#include "../nn/parts/parts.h"
#include "ball_grid.h"
#include "rig.h"
#include "runs.h"
#include "suites.h"

enum { B = 3, D = 2, Z = 2, H = 4, DRAWS = 5000 };
#define C 0.7
#define SMALL "latent-dim=2 hidden=4 curvature=0.7 activation=tanh "

static const double pictures[B * D] = {0.9, 0.2, 0.4, 0.7, 0.1, 0.6};

typedef struct {
    rig r;
    elbo_values *options;
    elbo_in in;
} setting;

static void build(setting *s, int draws)
{
    rig_next_graph(&s->r, ELBO_EVALUATE);
    s->in = (elbo_in){.g = s->r.g,
                      .model = &elbo_model_poincare_vae,
                      .options = s->options,
                      .image = ELBO_SHAPE(D),
                      .draws = draws,
                      .x = rig_input(&s->r, "x", ELBO_SHAPE(B, D), pictures)};
    if (elbo_model_takes_labels(s->in.model, s->options))
        s->in.y = rig_input(&s->r, "y", ELBO_SHAPE(B, 2), (double[]){1, 0, 0, 1, 1, 0});
    rig_scalar(&s->r, "beta", 1);
}

/* The model with options in the place of its own, and parameters of all sizes. */
static setting setting_of(const char *options)
{
    char text[300];
    snprintf(text, sizeof text, "%s " SMALL "%s", elbo_model_poincare_vae.preset, options);
    setting s = {.r = rig_new(ELBO_F64, ELBO_TRAIN),
                 .options = elbo_values_new_preset(elbo_model_poincare_vae.options, text)};
    ck_assert_msg(s.options != NULL, "%s", elbo_error());
    s.r.planned = true;
    build(&s, 1);
    elbo_model_evaluate(&s.in);
    ck_assert_msg(elbo_graph_status(s.r.g) == ELBO_OK, "%s", elbo_error());
    rig_number(&s.r, s.in.metrics[0].value); /* closes the set */
    int n = 0;
    for (int p = 0; p < elbo_params_count(s.r.params); p++) {
        const elbo_tensor t = elbo_params_tensor(s.r.params, p);
        double values[100];
        ck_assert_int_le(elbo_shape_size(&t.layout.shape), 100);
        for (int64_t i = 0; i < elbo_shape_size(&t.layout.shape); i++)
            values[i] = 0.8 * sin(12.9898 * ++n + 78.233);
        rig_set_param(&s.r, elbo_params_name(s.r.params, p), values);
    }
    return s;
}

static void end(setting *s)
{
    rig_free(&s->r);
    elbo_values_free(s->options);
}

static const char *const ways[] = {"posterior=wrapped-normal",
                                   "posterior=wrapped-normal isotropic=no gyroplanes=no",
                                   "posterior=riemannian-normal",
                                   "posterior=riemannian-normal gyroplanes=no",
                                   "posterior=wrapped-normal prior=vamp components=3",
                                   "posterior=riemannian-normal prior=vamp components=2"};
enum { WAYS = 6 };

/* The mean importance weight is p(x), which the grid has as the integral of p(x|z) p(z). */
START_TEST(importance_weights_have_the_integral_of_the_joint_density_as_their_mean)
{
    setting s = setting_of(ways[_i]);
    ball_grid g = ball_grid_new(B, C);
    double *joint = calloc(B * GRID, sizeof *joint), *w = calloc(B * DRAWS, sizeof *w);
    build(&s, GRID);
    elbo_var *z = rig_input(&s.r, "grid", ELBO_SHAPE(B, GRID, Z), g.z);
    elbo_var *likelihood = elbo_log_prob(elbo_generate(&s.in, z), s.in.x, NULL);
    rig_value(&s.r, elbo_add(likelihood, elbo_log_prob(elbo_prior(&s.in), z, NULL)), joint);
    build(&s, DRAWS);
    rig_value(&s.r, elbo_model_bound(&s.in, NULL, NULL).log_weight, w);
    for (int b = 0; b < B; b++) {
        const double evidence = ball_grid_integral(&g, joint + b * GRID, NULL);
        for (int k = b * DRAWS; k < (b + 1) * DRAWS; k++)
            w[k] = exp(w[k]) / evidence;
        assert_mean(w + b * DRAWS, DRAWS, 1, ways[_i]);
    }
    free(joint);
    free(w);
    ball_grid_free(&g);
    end(&s);
}
END_TEST

START_TEST(the_code_is_the_exponential_of_the_encoders_mean)
{
    double weight[Z * H], bias[Z], hidden_weight[H * D], hidden_bias[H], code[B * Z];
    setting s = setting_of("posterior=wrapped-normal");
    build(&s, 1);
    rig_value(&s.r, elbo_model_encode(&s.in, NULL), code);
    rig_param(&s.r, "encoder.hidden.weight", hidden_weight);
    rig_param(&s.r, "encoder.hidden.bias", hidden_bias);
    rig_param(&s.r, "encoder.mean.weight", weight);
    rig_param(&s.r, "encoder.mean.bias", bias);
    for (int b = 0; b < B; b++) {
        double v[Z], size = 0;
        for (int i = 0; i < Z; i++) {
            v[i] = bias[i];
            for (int k = 0; k < H; k++)
                v[i] += weight[i * H + k] * tanh(hidden_bias[k] + hidden_weight[k * D] * pictures[b * D] +
                                                 hidden_weight[k * D + 1] * pictures[b * D + 1]);
            size += v[i] * v[i];
        }
        size = sqrt(C * size);
        for (int i = 0; i < Z; i++)
            assert_close(code[b * Z + i], tanh(size) / size * v[i], 1e-13);
    }
    end(&s);
}
END_TEST

START_TEST(one_deviation_or_one_for_each_direction_is_an_option)
{
    static const char *const spreads[] = {"posterior=wrapped-normal", "posterior=wrapped-normal isotropic=no",
                                          "posterior=riemannian-normal isotropic=no spread=logvar"};
    static const char *const names[] = {"encoder.variance.bias", "encoder.variance.bias", "encoder.logvar.bias"};
    static const int sizes[] = {1, Z, 1};
    for (int i = 0; i < 3; i++) {
        setting s = setting_of(spreads[i]);
        const int p = elbo_params_find(s.r.params, names[i]);
        ck_assert_msg(p >= 0, "%s: no parameter \"%s\"", spreads[i], names[i]);
        const elbo_shape shape = elbo_params_shape(s.r.params, p);
        ck_assert_int_eq(elbo_shape_size(&shape), sizes[i]);
        end(&s);
    }
}
END_TEST

/* Of a normal posterior, whose log-variances can be asked for; with units that do not see the pictures. */
START_TEST(spread_softplus_is_a_variance_above_0)
{
    static const double bias[Z] = {-30, 0.7};
    setting s = setting_of("posterior=normal");
    double logvar[B * Z];
    build(&s, 1);
    elbo_var *asked;
    elbo_model_encode(&s.in, &asked);
    rig_set_param(&s.r, "encoder.variance.weight", (double[Z * H]){0});
    rig_set_param(&s.r, "encoder.variance.bias", bias);
    rig_value(&s.r, asked, logvar);
    for (int i = 0; i < B * Z; i++)
        assert_close(logvar[i], log(log1p(exp(bias[i % Z])) + 1e-5), 1e-13);
    end(&s);
}
END_TEST

/* What the decoder computes of z, from its parameters and what its first layer is said to see. */
START_TEST(the_decoder_begins_with_distances_to_planes_or_with_the_logarithm_at_0)
{
    static const double z[B * Z] = {0.3, -0.5, 0, 0.2, 3, 4}; /* the last lies outside */
    static const char *const options[] = {"gyroplanes=yes", "gyroplanes=no", "gyroplanes=yes conditional=yes",
                                          "gyroplanes=no conditional=yes"};
    setting s = setting_of(options[_i]);
    double got[B * D], h[B * H], out[D * H], out_bias[D];
    build(&s, 1);
    elbo_var *at = rig_input(&s.r, "z", ELBO_SHAPE(B, Z), z);
    elbo_var *in = elbo_ball_project(at, C), *first;
    if (_i % 2 == 0) {
        first = elbo_gyroplanes(in, "decoder.hidden", H, C);
        if (s.in.y)
            first = elbo_add(first, elbo_linear(s.in.y, "decoder.hidden.label", H));
    } else
        first = elbo_linear(elbo_condition(elbo_ball_log0(in, C), s.in.y), "decoder.hidden", H);
    rig_run(&s.r, (elbo_var *[]){elbo_model_decode(&s.in, at), first}, 2, (double *[]){got, h});
    rig_param(&s.r, "decoder.logits.weight", out);
    rig_param(&s.r, "decoder.logits.bias", out_bias);
    for (int b = 0; b < B; b++)
        for (int d = 0; d < D; d++) {
            double logit = out_bias[d];
            for (int k = 0; k < H; k++)
                logit += out[d * H + k] * tanh(h[b * H + k]);
            assert_close(got[b * D + d], 1 / (1 + exp(-logit)), 1e-13);
        }
    end(&s);
}
END_TEST

START_TEST(what_does_not_go_together_is_named)
{
    static const struct {
        const char *options, *message;
    } cases[] = {
        {"hidden=none", "option \"gyroplanes\": there is no hidden layer to be of them"},
        {"prior=mixture", "option \"prior\": mixture is of normals of flat space, posterior wrapped-normal is not"},
        {"prior=learned", "option \"prior\": learned is of normals of flat space"},
        {"latent-dim=200", "option \"curvature\": too much for 200 dimensions: the prior's z lie about 14.1 from 0, "
                           "where the numbers of the ball end at 12.2"},
        {"latent-dim=12 posterior=riemannian-normal", "too much for 12 dimensions: the prior's z lie about 11 from 0"},
    };
    const char *pairs[2 * 4 + 1] = {NULL};
    char text[200], *rest = text;
    snprintf(text, sizeof text, "%s", cases[_i].options);
    for (int n = 0; rest && *rest; n += 2) {
        char *word = strsep(&rest, " ");
        pairs[n] = strsep(&word, "=");
        pairs[n + 1] = word;
    }
    assert_no_run(&elbo_model_poincare_vae, pairs, ELBO_SHAPE(D), cases[_i].message);
}
END_TEST

/* In f32: batches of 2 and of 1, all gradients, both networks. */
START_TEST(it_trains_by_any_objective_and_gradient)
{
    static const char *const options[][8] = {
        {"latent-dim", "2"},
        {"latent-dim", "10", "posterior", "riemannian-normal"},
        {"objective", "iwae", "draws", "3", "gradient", "dreg"},
        {"gradient", "stl", "posterior", "riemannian-normal", "prior", "vamp", "components", "3"},
        {"net", "conv", "channels", "3", "conditional", "yes"},
        {"objective", "ciwae", "isotropic", "no", "gyroplanes", "no", "curvature", "0.1"},
    };
    const char *pairs[8 + 2 + 1] = {"hidden", "5"};
    memcpy(pairs + 2, options[_i], sizeof options[_i]);
    assert_learns(&elbo_model_poincare_vae, pairs, _i == 4);
}
END_TEST

Suite *suite_parts_ball(void)
{
    Suite *suite = suite_create("parts_ball");
    TCase *t = tcase_create("parts");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, importance_weights_have_the_integral_of_the_joint_density_as_their_mean, 0, WAYS);
    tcase_add_test(t, the_code_is_the_exponential_of_the_encoders_mean);
    tcase_add_test(t, one_deviation_or_one_for_each_direction_is_an_option);
    tcase_add_test(t, spread_softplus_is_a_variance_above_0);
    tcase_add_loop_test(t, the_decoder_begins_with_distances_to_planes_or_with_the_logarithm_at_0, 0, 4);
    tcase_add_loop_test(t, what_does_not_go_together_is_named, 0, 5);
    tcase_add_loop_test(t, it_trains_by_any_objective_and_gradient, 0, 6);
    suite_add_tcase(suite, t);
    return suite;
}
