/* Models whose latent space is a sphere, by their options: what the parts make of it. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../models/models.h"
#include "../nn/parts/parts.h"
#include "../tensor/bessel.h"
#include "rig.h"
#include "runs.h"
#include "suites.h"

enum { B = 3, D = 2, H = 4, MOST = 3, DRAWS = 20000, TURNS = 120, HEIGHTS = 60 };
#define SMALL "hidden=4 activation=tanh "

static const double pictures[B * D] = {0.9, 0.2, 0.4, 0.7, 0.1, 0.6};

typedef struct {
    rig r;
    elbo_values *options;
    elbo_in in;
    int dims;
} setting;

static void build(setting *s, int draws)
{
    rig_next_graph(&s->r, ELBO_EVALUATE);
    s->in = (elbo_in){.g = s->r.g,
                      .model = &elbo_model_svae,
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
    snprintf(text, sizeof text, "%s " SMALL "%s", elbo_model_svae.preset, options);
    setting s = {.r = rig_new(ELBO_F64, ELBO_TRAIN), .options = elbo_values_new_preset(elbo_model_svae.options, text)};
    ck_assert_msg(s.options != NULL, "%s", elbo_error());
    s.dims = (int)elbo_values_integer(s.options, "latent-dim");
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

/* Points of the circle or the sphere that stand for equal areas, and the area of each. */
static int grid(int dims, double *z, double *area)
{
    const int n = dims == 2 ? TURNS : TURNS * HEIGHTS;
    for (int i = 0; i < n; i++) {
        const double turn = 2 * M_PI * (i % TURNS) / TURNS, height = (2 * (i / TURNS) + 1.0) / HEIGHTS - 1;
        const double round = dims == 2 ? 1 : sqrt(1 - height * height);
        z[i * dims] = round * cos(turn);
        z[i * dims + 1] = round * sin(turn);
        if (dims == 3)
            z[i * dims + 2] = height;
    }
    *area = (dims == 2 ? 2 : 4) * M_PI / n;
    return n;
}

static const char *const ways[] = {"latent-dim=2", "latent-dim=3", "latent-dim=2 prior=vamp components=3",
                                   "latent-dim=3 prior=vamp components=2", "latent-dim=2 conditional=yes"};
enum { WAYS = 5 };

/* The mean importance weight is p(x), the integral of p(x|z) p(z) over the sphere. (A power spherical density is 0
 * opposite of its mean, where the weights have no variance: with as many draws the mean is not found.) */
START_TEST(importance_weights_have_the_integral_of_the_joint_density_as_their_mean)
{
    static double z[B * TURNS * HEIGHTS * MOST], joint[B * TURNS * HEIGHTS], w[B * DRAWS];
    setting s = setting_of(ways[_i]);
    double area;
    const int n = grid(s.dims, z, &area);
    for (int b = 1; b < B; b++)
        memcpy(z + b * n * s.dims, z, (size_t)(n * s.dims) * sizeof *z);
    build(&s, n);
    elbo_var *at = rig_input(&s.r, "grid", ELBO_SHAPE(B, n, s.dims), z);
    elbo_var *likelihood = elbo_log_prob(elbo_generate(&s.in, at), s.in.x, NULL);
    rig_value(&s.r, elbo_add(likelihood, elbo_log_prob(elbo_prior(&s.in), at, NULL)), joint);
    build(&s, DRAWS);
    rig_value(&s.r, elbo_model_bound(&s.in, NULL, NULL).log_weight, w);
    for (int b = 0; b < B; b++) {
        double evidence = 0, sum = 0, squares = 0;
        for (int i = 0; i < n; i++)
            evidence += area * exp(joint[b * n + i]);
        for (int k = b * DRAWS; k < (b + 1) * DRAWS; k++) {
            sum += exp(w[k]) / DRAWS;
            squares += exp(2 * w[k]) / DRAWS;
        }
        const double error = sqrt((squares - sum * sum) / DRAWS);
        ck_assert_msg(fabs(sum - evidence) <= 4 * error && error < 0.05 * sum, "%s: %g +- %g, expected %g", ways[_i],
                      sum, error, evidence);
    }
    end(&s);
}
END_TEST

/* What the encoder's hidden layer computes of picture b, and a row of another layer of that. */
static double unit_of(setting *s, const char *layer, int row, int b)
{
    double weight[MOST * H], bias[MOST], hidden_weight[H * D], hidden_bias[H];
    char name[60];
    snprintf(name, sizeof name, "%s.weight", layer);
    rig_param(&s->r, name, weight);
    snprintf(name, sizeof name, "%s.bias", layer);
    rig_param(&s->r, name, bias);
    rig_param(&s->r, "encoder.hidden.weight", hidden_weight);
    rig_param(&s->r, "encoder.hidden.bias", hidden_bias);
    double sum = bias[row];
    for (int k = 0; k < H; k++)
        sum += weight[row * H + k] * tanh(hidden_bias[k] + hidden_weight[k * D] * pictures[b * D] +
                                          hidden_weight[k * D + 1] * pictures[b * D + 1]);
    return sum;
}

START_TEST(the_code_is_the_mean_direction_and_the_kl_that_of_the_concentration)
{
    double code[B * 3], kl[B];
    setting s = setting_of(_i ? "latent-dim=3 posterior=power-spherical" : "latent-dim=3");
    build(&s, 1);
    elbo_inference i;
    const elbo_bound bound = elbo_model_bound(&s.in, NULL, &i);
    rig_run(&s.r, (elbo_var *[]){i.code, bound.kl}, 2, (double *[]){code, kl});
    for (int b = 0; b < B; b++) {
        double y[3], square = 0;
        for (int row = 0; row < 3; row++) {
            y[row] = unit_of(&s, "encoder.mean", row, b);
            square += y[row] * y[row];
        }
        for (int row = 0; row < 3; row++)
            assert_close(code[b * 3 + row], y[row] / sqrt(square), 1e-13);
        const double k = 1 + log1p(exp(unit_of(&s, "encoder.concentration", 0, b)));
        const elbo__bessel_values f = elbo__bessel(0.5, k);
        assert_close(kl[b], _i ? log1p(k) - k / (1 + k) : k * f.ratio - f.factor, 1e-13);
    }
    end(&s);
}
END_TEST

START_TEST(the_decoder_sees_points_of_the_sphere_only)
{
    static const double z[B * 3] = {0.6, 0, -0.8, 6, 0, -8, 0.06, 0, -0.08};
    double pixels[B * D];
    setting s = setting_of("latent-dim=3");
    build(&s, 1);
    rig_value(&s.r, elbo_model_decode(&s.in, rig_input(&s.r, "z", ELBO_SHAPE(B, 3), z)), pixels);
    for (int i = 0; i < B * D; i++)
        assert_close(pixels[i], pixels[i % D], 1e-13);
    end(&s);
}
END_TEST

START_TEST(what_does_not_go_together_is_named)
{
    static const char *const cases[][3] = {
        {"latent-dim", "1", "option \"latent-dim\": a sphere takes at least 2"},
        {"prior", "mixture", "option \"prior\": mixture is of normals of flat space, posterior vmf is not"},
        {"prior", "learned", "option \"prior\": learned is of normals of flat space, posterior vmf is not"},
        {"free-bits", "0.1", "free bits: KL(von-mises-fisher || sphere) has no closed form for each dimension"},
    };
    const char *pairs[3] = {cases[_i][0], cases[_i][1], NULL};
    assert_no_run(&elbo_model_svae, pairs, ELBO_SHAPE(D), cases[_i][2]);
}
END_TEST

/* In f32: batches of 2 and of 1, all gradients, both networks. */
START_TEST(it_trains_by_any_objective_and_gradient)
{
    static const char *const options[][8] = {
        {"latent-dim", "2"},
        {"latent-dim", "11"},
        {"objective", "iwae", "draws", "3", "gradient", "dreg"},
        {"gradient", "stl", "latent-dim", "3", "prior", "vamp", "components", "3"},
        {"net", "conv", "channels", "3", "conditional", "yes"},
        {"objective", "capacity", "capacity", "2"},
        {"posterior", "power-spherical", "gradient", "stl"},
    };
    const char *pairs[8 + 2 + 1] = {"hidden", "5"};
    memcpy(pairs + 2, options[_i], sizeof options[_i]);
    assert_learns(&elbo_model_svae, pairs, _i == 4);
}
END_TEST

Suite *suite_parts_sphere(void)
{
    Suite *suite = suite_create("parts_sphere");
    TCase *t = tcase_create("parts");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, importance_weights_have_the_integral_of_the_joint_density_as_their_mean, 0, WAYS);
    tcase_add_loop_test(t, the_code_is_the_mean_direction_and_the_kl_that_of_the_concentration, 0, 2);
    tcase_add_test(t, the_decoder_sees_points_of_the_sphere_only);
    tcase_add_loop_test(t, what_does_not_go_together_is_named, 0, 4);
    tcase_add_loop_test(t, it_trains_by_any_objective_and_gradient, 0, 7);
    suite_add_tcase(suite, t);
    return suite;
}
