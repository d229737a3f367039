/* A training loop of one's own ends with the weights of elbo_train, bit for bit; and the order of an epoch's images. */
#include <check.h>
#include <string.h>

#include "../autograd/plan.h"
#include "../models/models.h"
#include "../nn/training/batches.h"
#include "../nn/training/train.h"
#include "runs.h"
#include "suites.h"

enum { N = 21, D = 6, B = 8, EPOCHS = 3, SEED = 5 };

static elbo_plan *step_of(elbo_run *run, int64_t batch)
{
    elbo_graph *g = elbo_graph_new(elbo_run_params(run), ELBO_TRAIN);
    elbo_var *images = elbo_input(g, "images", ELBO_F32, ELBO_SHAPE(N, D));
    elbo_in in = {.g = g, .model = elbo_run_model(run), .options = elbo_run_options(run)};
    in.image = elbo_run_image(run);
    in.draws = 1;
    in.x = elbo_gather(images, elbo_input(g, "rows", ELBO_I32, ELBO_SHAPE(batch)));
    elbo_model_train(&in, &(elbo_optim){.name = "adam"});
    elbo_plan *plan = elbo_compile(g, NULL, 0);
    ck_assert_msg(plan != NULL, "%s", elbo_error());
    elbo_graph_free(g);
    return plan;
}

static void run_step(elbo_run *run, elbo_plan *plan, const float *x, const int32_t *rows, int64_t batch, elbo_at at)
{
    assert_ok(elbo_plan_bind(plan, "images", elbo_tensor_of(ELBO_F32, ELBO_SHAPE(N, D), x)));
    assert_ok(elbo_plan_bind(plan, "rows", elbo_tensor_of(ELBO_I32, ELBO_SHAPE(batch), rows)));
    assert_ok(elbo_plan_set(plan, "lr", 0.01));
    assert_ok(elbo_plan_set(plan, "beta", 1));
    assert_ok(elbo_plan_set(plan, "step", (double)at.step));
    assert_ok(elbo_plan_run(plan, elbo_run_params(run), at));
}

START_TEST(a_loop_of_ones_own_gives_the_weights_of_elbo_train)
{
    float x[N * D];
    grey_levels(x, N * D);
    const char *const *options = OPTIONS("hidden", "5", "latent-dim", "2");
    elbo_run *run = run_of(&elbo_model_vae, options, ELBO_SHAPE(D), 0);
    elbo_run *trained = elbo_run_new(&elbo_model_vae, elbo_run_options(run), ELBO_SHAPE(D), 0, SEED);
    elbo_run *own = elbo_run_new(&elbo_model_vae, elbo_run_options(run), ELBO_SHAPE(D), 0, SEED);
    const elbo_images images = images_of(x, N, ELBO_SHAPE(D));
    assert_ok(elbo_train(trained, &images, NULL,
                         &(elbo_training){.epochs = EPOCHS, .batch_size = B, .lr = 0.01, .optim.name = "adam"}, NULL));
    elbo_plan *whole = step_of(own, B), *rest = step_of(own, N % B);
    uint64_t step = 0;
    for (int64_t epoch = 1; epoch <= EPOCHS; epoch++) {
        int32_t rows[N];
        elbo_shuffled_rows(N, SEED, epoch, rows);
        for (int64_t first = 0; first < N; first += B) {
            const int64_t batch = N - first < B ? N - first : B;
            run_step(own, batch == B ? whole : rest, x, rows + first, batch,
                     (elbo_at){.seed = SEED, .step = ++step, .first_row = (uint64_t)first});
        }
    }
    ck_assert_int_gt(elbo_params_count(elbo_run_params(own)), 4);
    for (int i = 0; i < elbo_params_count(elbo_run_params(own)); i++) {
        double a[64], b[64];
        const char *name = elbo_params_name(elbo_run_params(own), i);
        elbo_shape shape = elbo_params_shape(elbo_run_params(own), i);
        run_param(own, name, a);
        run_param(trained, name, b);
        ck_assert_msg(memcmp(a, b, (size_t)elbo_shape_size(&shape) * sizeof *a) == 0, "%s differs", name);
        run_param(run, name, b);
        ck_assert_msg(memcmp(a, b, (size_t)elbo_shape_size(&shape) * sizeof *a) != 0, "%s was not trained", name);
    }
    elbo_plan_free(whole);
    elbo_plan_free(rest);
    elbo_run_free(run);
    elbo_run_free(trained);
    elbo_run_free(own);
}
END_TEST

START_TEST(an_order_holds_every_row_once_and_is_that_of_seed_and_epoch)
{
    enum { MOST = 500 };
    int32_t rows[3][MOST] = {{0}};
    for (int64_t n = 0; n <= MOST; n += 125) {
        bool seen[MOST] = {false};
        elbo_shuffled_rows(n, 7, 2, rows[0]);
        for (int64_t i = 0; i < n; i++) {
            ck_assert(rows[0][i] >= 0 && rows[0][i] < n && !seen[rows[0][i]]);
            seen[rows[0][i]] = true;
        }
    }
    elbo_shuffled_rows(MOST, 7, 2, rows[1]);
    ck_assert(memcmp(rows[0], rows[1], sizeof rows[0]) == 0);
    elbo_shuffled_rows(MOST, 7, 3, rows[1]);
    elbo_shuffled_rows(MOST, 8, 2, rows[2]);
    ck_assert(memcmp(rows[0], rows[1], sizeof rows[0]) != 0);
    ck_assert(memcmp(rows[0], rows[2], sizeof rows[0]) != 0);
}
END_TEST

Suite *suite_own_loop(void)
{
    Suite *s = suite_create("own_loop");
    TCase *t = tcase_create("batches");
    tcase_add_test(t, a_loop_of_ones_own_gives_the_weights_of_elbo_train);
    tcase_add_test(t, an_order_holds_every_row_once_and_is_that_of_seed_and_epoch);
    suite_add_tcase(s, t);
    return s;
}
