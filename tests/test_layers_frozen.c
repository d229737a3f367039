/* Batch norms whose statistics are left alone: what goes through a network beside the batch, such as pseudo-inputs. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../autograd/op.h"
#include "../nn/parts/net.h"
#include "rig.h"
#include "runs.h"
#include "suites.h"

enum { B = 5, U = 3, C = 2, HIDDEN = 4, D = 16 };
static const double batch[B * C] = {1, -2, 0.5, 3, -1, 0, 2, 2.5, 4, -0.5}, pseudo[U * C] = {10, -7, 0.2, 0.4, -30, 5};
static const double running_mean[C] = {0.5, -1}, running_var[C] = {2, 0.25}, weight[C] = {2, -0.5}, bias[C] = {0.25, 3};

static void settle(rig *r)
{
    ck_assert_msg(elbo__graph_settle(r->g) == ELBO_OK, "%s", elbo_error());
}

static void set_norm(rig *r)
{
    settle(r);
    rig_set_param(r, "norm.running_mean", running_mean);
    rig_set_param(r, "norm.running_var", running_var);
    rig_set_param(r, "norm.weight", weight);
    rig_set_param(r, "norm.bias", bias);
}

static elbo_var *frozen_norm(elbo_var *u)
{
    elbo_freeze_statistics(elbo_graph_of(u), true);
    elbo_var *y = elbo_batch_norm(u, "norm");
    elbo_freeze_statistics(elbo_graph_of(u), false);
    return y;
}

static void assert_normalised(const double *y, const double *mean, const double *variance)
{
    for (int i = 0; i < U * C; i++) {
        int c = i % C;
        assert_close(y[i], (pseudo[i] - mean[c]) / sqrt(variance[c] + 1e-5) * weight[c] + bias[c], 1e-14);
    }
}

START_TEST(frozen_it_normalises_by_the_running_statistics_and_leaves_them)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = _i;
    elbo_var *u = rig_input(&r, "u", ELBO_SHAPE(U, C), pseudo), *y = frozen_norm(u), *du;
    elbo_grad(elbo_sum_all(y), &u, 1, &du);
    set_norm(&r);
    double got[U * C], gradient[U * C], after[C];
    rig_run(&r, (elbo_var *[]){y, du}, 2, (double *[]){got, gradient});
    assert_normalised(got, running_mean, running_var);
    for (int i = 0; i < U * C; i++)
        assert_close(gradient[i], weight[i % C] / sqrt(running_var[i % C] + 1e-5), 1e-14);
    rig_param(&r, "norm.running_mean", after);
    ck_assert(memcmp(after, running_mean, sizeof after) == 0);
    rig_param(&r, "norm.running_var", after);
    ck_assert(memcmp(after, running_var, sizeof after) == 0);
    rig_free(&r);
}
END_TEST

/* The batch with pseudo-inputs before or after it (or without): its output and what it leaves. */
static void run_batch(bool planned, int when, double y[B * C], double of_pseudo[U * C], double mean[C], double var[C])
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = planned;
    elbo_var *u = rig_input(&r, "u", ELBO_SHAPE(U, C), pseudo), *first = when == 1 ? frozen_norm(u) : u;
    elbo_var *out = elbo_batch_norm(rig_input(&r, "x", ELBO_SHAPE(B, C), batch), "norm");
    elbo_var *second = when == 2 ? frozen_norm(u) : first;
    set_norm(&r);
    rig_run(&r, (elbo_var *[]){out, second}, 2, (double *[]){y, of_pseudo});
    rig_param(&r, "norm.running_mean", mean);
    rig_param(&r, "norm.running_var", var);
    rig_free(&r);
}

START_TEST(the_batch_knows_nothing_of_what_goes_beside_it)
{
    double y[3][B * C], of_pseudo[3][U * C], mean[3][C], var[3][C];
    for (int when = 0; when < 3; when++)
        run_batch(_i, when, y[when], of_pseudo[when], mean[when], var[when]);
    for (int when = 1; when < 3; when++) {
        ck_assert(memcmp(y[when], y[0], sizeof y[0]) == 0);
        ck_assert(memcmp(mean[when], mean[0], sizeof mean[0]) == 0);
        ck_assert(memcmp(var[when], var[0], sizeof var[0]) == 0);
    }
    assert_normalised(of_pseudo[1], running_mean, running_var); /* as they were before the batch */
    assert_normalised(of_pseudo[2], mean[0], var[0]);           /* and as they are after it      */
    ck_assert(fabs(mean[0][0] - running_mean[0]) > 0.01);
}
END_TEST

/* A whole encoder: the pseudo-inputs of a VampPrior are encoded in training as they are in evaluation. */
START_TEST(pseudo_inputs_go_through_an_encoder_in_training_as_in_evaluation)
{
    double x[B * D], u[U * D], h[2][U * HIDDEN], state[2][8];
    for (int i = 0; i < B * D; i++)
        x[i] = 0.5 + 0.5 * sin(1.7 * i * i);
    for (int i = 0; i < U * D; i++)
        u[i] = 0.5 + 0.5 * cos(2.3 * i * i);
    elbo_values *values = options_of(
        &elbo_model_vae, OPTIONS("net", "conv", "norm", "batch", "channels", "2", "residual", "1", "hidden", "4"));
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = true;
    for (int i = 0; i < 2; i++) {
        elbo_in in = {.g = r.g, .model = &elbo_model_vae, .options = values, .image = ELBO_SHAPE(4, 4), .draws = 1};
        in.x = rig_input(&r, "x", ELBO_SHAPE(B, D), x);
        elbo_in beside = in;
        beside.x = rig_input(&r, "u", ELBO_SHAPE(U, D), u);
        elbo_freeze_statistics(r.g, i == 0);
        elbo_var *of_u = elbo_net_encode(&beside);
        rig_value(&r, of_u, h[i]);
        rig_param(&r, "encoder.conv.norm.running_mean", state[i]);
        rig_next_graph(&r, ELBO_EVALUATE);
    }
    ck_assert(memcmp(h[0], h[1], sizeof h[0]) == 0);
    ck_assert(memcmp(state[0], state[1], 2 * sizeof(double)) == 0);
    rig_free(&r);
    elbo_values_free(values);
}
END_TEST

Suite *suite_layers_frozen(void)
{
    Suite *s = suite_create("layers_frozen");
    TCase *t = tcase_create("frozen");
    tcase_add_loop_test(t, frozen_it_normalises_by_the_running_statistics_and_leaves_them, 0, 2);
    tcase_add_loop_test(t, the_batch_knows_nothing_of_what_goes_beside_it, 0, 2);
    tcase_add_test(t, pseudo_inputs_go_through_an_encoder_in_training_as_in_evaluation);
    suite_add_tcase(s, t);
    return s;
}
