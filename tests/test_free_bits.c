/* Free bits: the KL that a latent dimension may have at no cost. */
#include <check.h>
#include <math.h>

#include "runs.h"
#include "small_model.h"
#include "suites.h"

/* loss, recon, kl of the same weights and noise under an option free-bits, and the largest entries of the gradient of
 * loss - recon in the encoder's last layers. */
typedef struct {
    double loss, recon, kl, mean_pull, logvar_pull;
} outcome;

static double largest(rig *r, elbo_var *x)
{
    double values[5 * D], most = 0;
    rig_value(r, x, values);
    for (int64_t i = 0; i < elbo_size(x, 0) * elbo_size(x, 1); i++)
        most = fmax(most, fabs(values[i]));
    return most;
}

static outcome under(const char *free_bits, double beta)
{
    elbo_values *options = small_options(&elbo_model_vae);
    assert_ok(elbo_values_set(options, "free-bits", free_bits));
    rig r = trained_rig(&elbo_model_vae, options, ELBO_F64);
    elbo_in in = inputs(&r, &elbo_model_vae, options, K);
    rig_scalar(&r, "beta", beta);
    elbo_model_evaluate(&in);
    outcome o = {measured(&r, &in, "loss"), measured(&r, &in, "recon"), measured(&r, &in, "kl"), 0, 0};
    assert_close(measured(&r, &in, "elbo"), -o.recon - o.kl, 1e-13);
    elbo_var *weights[2], *pulls[2];
    weights[0] = elbo_param(r.g, "encoder.mean.weight", ELBO_SHAPE(Z, 5), elbo_init_zeros());
    weights[1] = elbo_param(r.g, "encoder.logvar.weight", ELBO_SHAPE(Z, 5), elbo_init_zeros());
    elbo_grad(elbo_sub(metric(&in, "loss")->value, metric(&in, "recon")->value), weights, 2, pulls);
    o.mean_pull = largest(&r, pulls[0]);
    o.logvar_pull = largest(&r, pulls[1]);
    rig_free(&r);
    elbo_values_free(options);
    return o;
}

START_TEST(where_every_kl_is_below_the_loss_is_recon_and_the_free_bits)
{
    const outcome plain = under("0", 1), beta_1 = under("30", 1), beta_2 = under("30", 2);
    ck_assert_double_lt(plain.kl, 30);
    assert_close(beta_1.loss, plain.recon + Z * 30, 1e-13);
    assert_close(beta_2.loss, plain.recon + 2 * Z * 30, 1e-13);
}
END_TEST

START_TEST(where_every_kl_is_below_the_kl_term_does_not_pull)
{
    const outcome plain = under("0", 1), free = under("30", 1);
    ck_assert_double_gt(plain.logvar_pull, 1e-4);
    ck_assert_double_gt(plain.mean_pull, 1e-4);
    ck_assert_double_eq(free.logvar_pull, 0);
    ck_assert_double_eq(free.mean_pull, 0);
}
END_TEST

START_TEST(where_every_kl_is_above_nothing_changes)
{
    const outcome plain = under("0", 2), free = under("1e-9", 2);
    assert_close(plain.loss, plain.recon + 2 * plain.kl, 1e-13);
    assert_close(free.loss, plain.loss, 1e-13);
    assert_close(free.logvar_pull, plain.logvar_pull, 1e-13);
}
END_TEST

START_TEST(the_metric_kl_is_the_plain_one)
{
    static const char *const nats[] = {"1e-9", "0.05", "30"};
    const outcome plain = under("0", 1);
    for (int i = 0; i < 3; i++) {
        const outcome free = under(nats[i], 1);
        assert_close(free.kl, plain.kl, 1e-13);
        assert_close(free.recon, plain.recon, 1e-13);
    }
}
END_TEST

Suite *suite_free_bits(void)
{
    Suite *suite = suite_create("free_bits");
    TCase *t = tcase_create("free bits");
    tcase_add_test(t, where_every_kl_is_below_the_loss_is_recon_and_the_free_bits);
    tcase_add_test(t, where_every_kl_is_below_the_kl_term_does_not_pull);
    tcase_add_test(t, where_every_kl_is_above_nothing_changes);
    tcase_add_test(t, the_metric_kl_is_the_plain_one);
    suite_add_tcase(suite, t);
    return suite;
}
