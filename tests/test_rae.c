/* Regularised autoencoders: their loss, what each term moves, and that without them they are autoencoders. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "patterns.h"
#include "runs.h"
#include "small_model.h"
#include "suites.h"

enum { MOST = 8, SIDE = PATTERN_SIDE };

/* A rae without hidden layers, so that the decoder is W z + c. */
static elbo_values *linear_options(const char *const *pairs)
{
    elbo_values *values = small_options(&elbo_model_rae_gp);
    ck_assert_int_eq(elbo_values_set(values, "hidden", "none"), ELBO_OK);
    for (; *pairs; pairs += 2)
        ck_assert_int_eq(elbo_values_set(values, pairs[0], pairs[1]), ELBO_OK);
    return values;
}

/* A graph of the losses, with noise from outside. */
static elbo_in rae_graph(rig *r, const elbo_values *options)
{
    rig_next_graph(r, ELBO_TRAIN);
    elbo_in in = inputs(r, &elbo_model_rae_gp, options, 1);
    elbo_graph_feed_noise(r->g);
    elbo_model_evaluate(&in);
    return in;
}

/* ---- the loss ---------------------------------------------------------------------------------------------------- */

START_TEST(the_loss_is_the_sum_of_its_terms)
{
    static const double noise[B * D] = {0.5, -1, 2, 0.3, -0.7, 1.1, 0.2,  0.9,  -1.4, 0,    1.6, -0.4,
                                        1,   1,  0, 0.5, 0.25, -2,  -0.1, -0.3, 0.8,  -0.9, 0.4, 0.6};
    elbo_values *options = linear_options(
        OPTIONS("code-penalty", "0.3", "gradient-penalty", "0.2", "decoder-decay", "0.1"));
    rig r = trained_rig(&elbo_model_rae_gp, options, ELBO_F64);
    elbo_in coding = inputs(&r, &elbo_model_rae_gp, options, 1);
    double z[B * Z], w[D * Z], c[D], sizes = 0, slopes = 0, error = 0, weights = 0;
    rig_value(&r, elbo_model_encode(&coding, NULL), z);
    rig_param(&r, "decoder.mean.weight", w);
    rig_param(&r, "decoder.mean.bias", c);
    for (int i = 0; i < D * Z; i++)
        weights += w[i] * w[i];
    for (int i = 0; i < D; i++)
        weights += c[i] * c[i];
    for (int n = 0; n < B; n++) {
        double back[Z] = {0};
        for (int i = 0; i < D; i++) {
            double made = c[i];
            for (int j = 0; j < Z; j++) {
                made += w[i * Z + j] * z[n * Z + j];
                back[j] += w[i * Z + j] * noise[n * D + i];
            }
            error += pow(made - pixels[n * D + i], 2) / B;
        }
        for (int j = 0; j < Z; j++) {
            sizes += z[n * Z + j] * z[n * Z + j] / B;
            slopes += back[j] * back[j] / B;
        }
    }
    elbo_in in = rae_graph(&r, options);
    rig_feed(&r, "steepness#0", ELBO_SHAPE(B, 1, D), noise);
    assert_close(measured(&r, &in, "recon"), error, 1e-13);
    assert_close(measured(&r, &in, "code_size"), sizes, 1e-13);
    assert_close(measured(&r, &in, "steepness"), slopes, 1e-13);
    assert_close(measured(&r, &in, "loss"), error + 0.3 / 2 * sizes + 0.2 * slopes + 0.1 / 2 * weights, 1e-13);
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

/* E_v |W^T v|^2 = sum_i |W^T e_i|^2 for v of covariance I. */
START_TEST(the_steepness_of_a_linear_decoder_is_the_size_of_its_matrix)
{
    elbo_values *options = linear_options(NO_OPTIONS);
    rig r = trained_rig(&elbo_model_rae_gp, options, ELBO_F64);
    double w[D * Z], size = 0, sum = 0;
    rig_param(&r, "decoder.mean.weight", w);
    for (int i = 0; i < D * Z; i++)
        size += w[i] * w[i];
    elbo_in in = rae_graph(&r, options);
    for (int i = 0; i < D; i++) {
        double basis[B * D] = {0};
        for (int n = 0; n < B; n++)
            basis[n * D + i] = 1;
        rig_feed(&r, "steepness#0", ELBO_SHAPE(B, 1, D), basis);
        sum += measured(&r, &in, "steepness");
    }
    assert_close(sum, size, 1e-13);
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

/* ---- what the terms move ----------------------------------------------------------------------------------------- */

/* The gradients of the loss with respect to each parameter, by its name. */
static int gradients_of(rig *r, const elbo_values *options, double grads[MOST][D * Z], const char *names[MOST])
{
    elbo_var *params[MOST], *d[MOST];
    elbo_in in = rae_graph(r, options);
    const int n = elbo_graph_params(r->g, params);
    ck_assert_int_le(n, MOST);
    elbo_grad(metric(&in, "loss")->value, params, n, d);
    double *out[MOST];
    for (int i = 0; i < n; i++) {
        out[i] = grads[i];
        names[i] = elbo_params_name(r->params, elbo_params_find(r->params, elbo_name_of(params[i])));
    }
    rig_run(r, d, n, out);
    return n;
}

START_TEST(decay_moves_the_decoder_alone)
{
    double plain[MOST][D * Z], decayed[MOST][D * Z], w[D * Z];
    const char *names[MOST];
    int of_decoder = 0;
    elbo_values *without = linear_options(OPTIONS("gradient-penalty", "0"));
    elbo_values *with = linear_options(OPTIONS("gradient-penalty", "0", "decoder-decay", "0.5"));
    rig r = trained_rig(&elbo_model_rae_gp, without, ELBO_F64);
    const int n = gradients_of(&r, without, plain, names);
    ck_assert_int_eq(gradients_of(&r, with, decayed, names), n);
    for (int i = 0; i < n; i++) {
        const elbo_shape shape = elbo_params_shape(r.params, elbo_params_find(r.params, names[i]));
        const bool decoder = strncmp(names[i], "decoder.", 8) == 0;
        of_decoder += decoder;
        rig_param(&r, names[i], w);
        for (int64_t k = 0; k < elbo_shape_size(&shape); k++)
            if (decoder)
                assert_close(decayed[i][k], plain[i][k] + 0.5 * w[k], 1e-14);
            else
                ck_assert_double_eq(decayed[i][k], plain[i][k]);
    }
    ck_assert_int_eq(of_decoder, 2);
    rig_free(&r);
    elbo_values_free(without);
    elbo_values_free(with);
}
END_TEST

static elbo_run *trained(const elbo_model *model, const char *const *options, int epochs)
{
    const elbo_images images = pattern_images(48);
    elbo_run *run = run_of(model, options, ELBO_SHAPE(SIDE, SIDE), 0);
    assert_ok(elbo_train(run, &images, NULL, &(elbo_training){.epochs = epochs, .batch_size = 16, .lr = 5e-3}, NULL));
    return run;
}

START_TEST(without_its_terms_it_is_an_autoencoder_bit_for_bit)
{
    elbo_run *rae = trained(&elbo_model_rae_gp,
                            OPTIONS("code-penalty", "0", "gradient-penalty", "0", "hidden", "20", "latent-dim", "3"),
                            20);
    elbo_run *ae = trained(&elbo_model_ae, OPTIONS("likelihood", "squared-error", "hidden", "20", "latent-dim", "3"),
                           20);
    elbo_params *a = elbo_run_params(rae), *b = elbo_run_params(ae);
    ck_assert_int_eq(elbo_params_count(a), elbo_params_count(b));
    const elbo_tensor weights = elbo_params_slab(a, 0), others = elbo_params_slab(b, 0);
    ck_assert_int_eq(weights.layout.shape.dim[0], others.layout.shape.dim[0]);
    ck_assert(memcmp(weights.data, others.data, (size_t)weights.layout.shape.dim[0] * sizeof(float)) == 0);
    elbo_run_free(rae);
    elbo_run_free(ae);
}
END_TEST

START_TEST(a_penalty_on_derivatives_makes_the_decoder_less_steep)
{
    const elbo_images images = pattern_images(48);
    elbo_run *free = trained(&elbo_model_rae_gp, OPTIONS("hidden", "20", "gradient-penalty", "1e-9"), 20);
    elbo_run *pressed = trained(&elbo_model_rae_gp, OPTIONS("hidden", "20", "gradient-penalty", "1"), 20);
    ck_assert_double_lt(evaluated(pressed, &images, 1, "steepness"), evaluated(free, &images, 1, "steepness") / 2);
    elbo_run_free(free);
    elbo_run_free(pressed);
}
END_TEST

/* Each layer of the decoder and the rectifiers between them stretch nothing, once the iteration has come near. */
START_TEST(a_spectrally_normalised_decoder_stretches_no_difference)
{
    enum { N = 8 };
    const elbo_images images = pattern_images(48);
    float z[48 * 16], x[N * PATTERN_PIXELS];
    elbo_run *run = trained(&elbo_model_rae_sn, OPTIONS("hidden", "20"), 20);
    ck_assert_int_ge(elbo_params_find(elbo_run_params(run), "decoder.hidden.spectral"), 0);
    ck_assert_int_ge(elbo_params_find(elbo_run_params(run), "decoder.mean.spectral"), 0);
    ck_assert_int_lt(elbo_params_find(elbo_run_params(run), "encoder.hidden.spectral"), 0);
    assert_ok(elbo_run_encode_images(run, &images, z, NULL));
    assert_ok(elbo_run_decode(run, z, NULL, N, x));
    for (int a = 0; a < N; a++)
        for (int b = 0; b < a; b++) {
            double codes = 0, pictures = 0;
            for (int j = 0; j < 16; j++)
                codes += pow(z[a * 16 + j] - z[b * 16 + j], 2);
            for (int i = 0; i < PATTERN_PIXELS; i++)
                pictures += pow(x[a * PATTERN_PIXELS + i] - x[b * PATTERN_PIXELS + i], 2);
            ck_assert_double_le(sqrt(pictures), 1.02 * sqrt(codes));
        }
    elbo_run_free(run);
}
END_TEST

/* ---- models ------------------------------------------------------------------------------------------------------ */

/* A squared error of 16 is what the pictures' mean alone leaves. */
START_TEST(each_of_the_three_learns_with_either_network)
{
    static const elbo_model *const models[] = {&elbo_model_rae_l2, &elbo_model_rae_gp, &elbo_model_rae_sn};
    const elbo_images images = pattern_images(48);
    elbo_run *run = _i % 2 ? trained(models[_i / 2], OPTIONS("net", "conv", "channels", "8,16", "hidden", "none"), 60)
                           : trained(models[_i / 2], OPTIONS("hidden", "20"), 20);
    ck_assert_double_lt(evaluated(run, &images, 1, "squared_error"), 8);
    ck_assert(!elbo_run_has_prior(run));
    elbo_run_free(run);
}
END_TEST

Suite *suite_rae(void)
{
    Suite *s = suite_create("rae");
    TCase *t = tcase_create("loss");
    tcase_add_test(t, the_loss_is_the_sum_of_its_terms);
    tcase_add_test(t, the_steepness_of_a_linear_decoder_is_the_size_of_its_matrix);
    tcase_add_test(t, decay_moves_the_decoder_alone);
    tcase_add_test(t, without_its_terms_it_is_an_autoencoder_bit_for_bit);
    suite_add_tcase(s, t);
    t = tcase_create("training");
    tcase_add_test(t, a_penalty_on_derivatives_makes_the_decoder_less_steep);
    tcase_add_test(t, a_spectrally_normalised_decoder_stretches_no_difference);
    tcase_add_loop_test(t, each_of_the_three_learns_with_either_network, 0, 6);
    suite_add_tcase(s, t);
    return s;
}
