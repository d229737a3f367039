/* What reaches a model: in training every image once an epoch, with its own label, in another order each time; and in
 * evaluation every image once, with noise of its own. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../models/models.h"
#include "../nn/training/train.h"
#include "patterns.h"
#include "suites.h"

enum { N = 21, CLASSES = 7, EPOCHS = 4 };

/* ---- a model that tells which images it sees --------------------------------------------------------------------- */

/* Pixel 0 of image i is i, and its label is i % CLASSES. The model reports both, the label beside 100 times the number
 * of the step; its loss is a random number with derivative 0. */
static elbo_inference infer(elbo_in *in)
{
    return elbo_infer_normal(in, elbo_linear(in->x, "mean", 1), elbo_linear(in->x, "logvar", 1));
}

static elbo_dist generate(elbo_in *in, elbo_var *z)
{
    return elbo_normal_fixed(elbo_linear(elbo_condition(z, in->y), "out", elbo_size(in->x, -1)), 1);
}

static elbo_dist prior(elbo_in *in)
{
    return elbo_standard_normal(in->g, ELBO_SHAPE(elbo_size(in->x, 0), 1));
}

static int losses(elbo_in *in, elbo_loss *out)
{
    elbo_bound bound = elbo_model_bound(in, in->x, NULL);
    elbo_var *label = elbo_sum_axis(elbo_mul(in->y, elbo_arange(in->g, CLASSES)), 1);
    elbo_var *noise = elbo_random_normal(in->g, "noise", ELBO_SHAPE(elbo_size(in->x, 0)), -1);
    elbo_report(in, "recon", elbo_sum_axis(elbo_slice(in->x, 1, 0, 1), 1));
    elbo_report(in, "kl", elbo_add(label, elbo_scale(elbo_scalar(in->g, "step"), 100)));
    out[0] = (elbo_loss){.value = elbo_mean_all(elbo_add(noise, elbo_scale(bound.recon, 0)))};
    return 1;
}

static const elbo_option options[] = {ELBO_OPTIONS_END};
static const elbo_model witness = {.name = "witness",
                                   .summary = "",
                                   .options = options,
                                   .flags = ELBO_NEEDS_LABELS,
                                   .infer = infer,
                                   .prior = prior,
                                   .generate = generate,
                                   .losses = losses};

/* What the model saw, taken from the means over the epoch so far. */
typedef struct {
    int images[EPOCHS][N], labels[EPOCHS][N], steps[EPOCHS][N];
    double noise[EPOCHS][N], images_sum, labels_sum, noise_sum; /* sums over the epoch so far */
} testimony;

/* The last number of a mean over `count`; *sum is that of all. */
static double last_of(double mean, int64_t count, double *sum)
{
    const double before = *sum;
    *sum = mean * (double)count;
    return *sum - before;
}

static bool hear(void *user, const elbo_progress *p)
{
    testimony *t = user;
    if (p->finished)
        return true;
    if (p->step == 1)
        t->images_sum = t->labels_sum = t->noise_sum = 0;
    const int64_t epoch = p->epoch - 1, i = p->step - 1;
    const int both = (int)lround(last_of(elbo_figures_get(&p->means, "kl"), p->step, &t->labels_sum));
    t->images[epoch][i] = (int)lround(last_of(elbo_figures_get(&p->means, "recon"), p->step, &t->images_sum));
    t->noise[epoch][i] = last_of(elbo_figures_get(&p->means, "loss"), p->step, &t->noise_sum);
    t->labels[epoch][i] = both % 100;
    t->steps[epoch][i] = both / 100;
    return true;
}

static void witnessed(int64_t seed, testimony *out)
{
    static float x[N * 3];
    static int labels[N];
    for (int i = 0; i < N; i++) {
        x[3 * i] = (float)i;
        labels[i] = i % CLASSES;
    }
    const elbo_tensor pixels = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(N, 3), x);
    const elbo_tensor classes = elbo_tensor_of(ELBO_I32, ELBO_SHAPE(N), labels);
    elbo_images images;
    ck_assert_int_eq(elbo_images_of(&pixels, &classes, CLASSES, &images), ELBO_OK);
    elbo_run *run = elbo_run_for(&witness, NULL, &images, seed);
    ck_assert_msg(run != NULL, "%s", elbo_error());
    memset(out, 0, sizeof *out);
    const elbo_training how = {.epochs = EPOCHS, .batch_size = 1, .lr = 1e-9, .progress = hear, .user = out};
    elbo_status status = elbo_train(run, &images, NULL, &how, NULL);
    ck_assert_msg(status == ELBO_OK, "%s", elbo_error());
    elbo_run_free(run);
}

START_TEST(an_epoch_shows_every_image_once_with_its_label)
{
    testimony t;
    witnessed(1, &t);
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        bool seen[N] = {false};
        for (int i = 0; i < N; i++) {
            const int image = t.images[epoch][i];
            ck_assert(image >= 0 && image < N && !seen[image]);
            seen[image] = true;
            ck_assert_int_eq(t.labels[epoch][i], image % CLASSES);
        }
    }
}
END_TEST

START_TEST(steps_count_on_over_the_epochs_and_each_has_its_own_noise)
{
    testimony t;
    witnessed(1, &t);
    const double *noise = &t.noise[0][0];
    for (int i = 0; i < EPOCHS * N; i++) {
        ck_assert_int_eq(t.steps[i / N][i % N], i + 1);
        for (int k = 0; k < i; k++)
            ck_assert_double_gt(fabs(noise[k] - noise[i]), 1e-9);
    }
}
END_TEST

START_TEST(the_order_depends_on_seed_and_epoch)
{
    testimony one, again, other;
    witnessed(1, &one);
    witnessed(1, &again);
    witnessed(2, &other);
    ck_assert_mem_eq(one.images, again.images, sizeof one.images);
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        ck_assert_mem_ne(one.images[epoch], other.images[epoch], sizeof one.images[0]);
        ck_assert_mem_ne(one.images[epoch], one.images[(epoch + 1) % EPOCHS], sizeof one.images[0]);
    }
}
END_TEST

/* ---- weights that a step spoils ---------------------------------------------------------------------------------- */

/* The derivative of sqrt at 0 is infinite: a finite loss, and weights that are not. */
static int spoiling_losses(elbo_in *in, elbo_loss *out)
{
    elbo_var *w = elbo_param(in->g, "spoilt", ELBO_SHAPE(1), elbo_init_zeros());
    out[0] = (elbo_loss){.value = elbo_add(elbo_mean_all(elbo_sqrt(w)), elbo_scale(elbo_mean_all(in->x), 0))};
    return 1;
}

START_TEST(weights_that_the_last_step_spoilt_are_an_error)
{
    elbo_model spoiling = witness;
    spoiling.losses = spoiling_losses;
    static float x[N * 3];
    static int labels[N];
    elbo_images images;
    const elbo_tensor pixels = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(N, 3), x);
    const elbo_tensor classes = elbo_tensor_of(ELBO_I32, ELBO_SHAPE(N), labels);
    ck_assert_int_eq(elbo_images_of(&pixels, &classes, CLASSES, &images), ELBO_OK);
    elbo_run *run = elbo_run_for(&spoiling, NULL, &images, 1);
    ck_assert_msg(run != NULL, "%s", elbo_error());
    ck_assert_int_ne(elbo_train(run, &images, NULL, &(elbo_training){.epochs = 1}, NULL), ELBO_OK);
    ck_assert_msg(strstr(elbo_error(), "epoch 1, step 1: not finite: ") != NULL, "%s", elbo_error());
    elbo_run_free(run);
}
END_TEST

/* ---- evaluation, in blocks of 500 images ------------------------------------------------------------------------- */

static elbo_images floats_of(const float *x, int count)
{
    elbo_images images;
    const elbo_tensor pixels = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(count, PATTERN_SIDE, PATTERN_SIDE), x);
    ck_assert_int_eq(elbo_images_of(&pixels, NULL, 0, &images), ELBO_OK);
    return images;
}

static double recon_of(elbo_run *run, const float *x, int count)
{
    elbo_figures figures;
    const elbo_images images = floats_of(x, count);
    ck_assert_int_eq(elbo_run_evaluate(run, &images, 0, 1, &figures), ELBO_OK);
    return elbo_figures_get(&figures, "recon");
}

/* 500 images that were learnt and 2 that were not: a mean of the blocks' means would count the 2 as much as the 500. */
START_TEST(evaluation_weighs_by_images)
{
    enum { MOST = 500, ALL = 502, D = PATTERN_PIXELS };
    static unsigned char bytes[MOST * D], labels[MOST];
    static float x[ALL * D];
    patterns(MOST, bytes, labels);
    for (int i = 0; i < ALL * D; i++)
        x[i] = i < MOST * D ? bytes[i] / 255 : i * 7919 % 11 < 5;
    const elbo_images learnt = floats_of(x, 24);
    elbo_run *run = elbo_run_for(&elbo_model_vae, NULL, &learnt, 1);
    ck_assert_msg(run != NULL, "%s", elbo_error());
    const elbo_training how = {.epochs = 40, .batch_size = 8, .lr = 1e-3};
    ck_assert_int_eq(elbo_train(run, &learnt, NULL, &how, NULL), ELBO_OK);
    const double all = recon_of(run, x, ALL), most = recon_of(run, x, MOST), rest = recon_of(run, x + MOST * D, 2);
    ck_assert_double_gt(rest - most, 10);
    ck_assert_double_eq_tol(all, (MOST * most + 2 * rest) / ALL, 0.01 * (rest - most));
    elbo_run_free(run);
}
END_TEST

START_TEST(every_image_is_evaluated_with_noise_of_its_own)
{
    static float x[1000 * PATTERN_PIXELS]; /* all the same */
    const elbo_images images = floats_of(x, 1000);
    elbo_run *run = elbo_run_for(&elbo_model_vae, NULL, &images, 1);
    ck_assert_msg(run != NULL, "%s", elbo_error());
    ck_assert_double_ne(recon_of(run, x, 1000), recon_of(run, x, 500));
    elbo_run_free(run);
}
END_TEST

/* ---- kinds of pixels --------------------------------------------------------------------------------------------- */

/* The metrics of an untrained VAE over `count` images in the given tensor. */
static elbo_figures measured(const elbo_tensor *pixels)
{
    elbo_images images;
    elbo_figures figures;
    ck_assert_int_eq(elbo_images_of(pixels, NULL, 0, &images), ELBO_OK);
    elbo_run *run = elbo_run_for(&elbo_model_vae, NULL, &images, 1);
    ck_assert_msg(run != NULL, "%s", elbo_error());
    ck_assert_int_eq(elbo_run_evaluate(run, &images, 0, 1, &figures), ELBO_OK);
    elbo_run_free(run);
    return figures;
}

START_TEST(bytes_floats_doubles_and_views_of_the_same_images_are_the_same_data)
{
    enum { IMAGES = 8, D = PATTERN_PIXELS, SIDE = PATTERN_SIDE };
    static unsigned char bytes[IMAGES * D], labels[IMAGES];
    static float floats[IMAGES * D], turned[IMAGES * D];
    static double doubles[IMAGES * D];
    patterns(IMAGES, bytes, labels);
    for (int i = 0; i < IMAGES * D; i++) {
        bytes[i] = bytes[i] ? (unsigned char)(200 + i % 50) : (unsigned char)(i % 30);
        floats[i] = (float)bytes[i] / 255;
        doubles[i] = bytes[i] / 255.0;
        turned[i / D * D + i % SIDE * SIDE + i % D / SIDE] = floats[i];
    }
    const elbo_shape shape = ELBO_SHAPE(IMAGES, SIDE, SIDE);
    elbo_tensor tensors[] = {elbo_tensor_of(ELBO_U8, shape, bytes), elbo_tensor_of(ELBO_F32, shape, floats),
                             elbo_tensor_of(ELBO_F64, shape, doubles), elbo_tensor_of(ELBO_F32, shape, turned)};
    tensors[3].layout = elbo_layout_permute(&tensors[3].layout, (int[]){0, 2, 1});
    const elbo_figures expected = measured(&tensors[1]);
    for (int k = 0; k < 4; k++) {
        const elbo_figures figures = measured(&tensors[k]);
        for (int i = 0; i < expected.count; i++)
            ck_assert_double_eq_tol(figures.at[i].value, expected.at[i].value, 1e-4);
    }
}
END_TEST

Suite *suite_batches(void)
{
    Suite *suite = suite_create("batches");
    TCase *order = tcase_create("order"), *evaluation = tcase_create("evaluation"), *pixels = tcase_create("pixels");
    tcase_add_test(order, an_epoch_shows_every_image_once_with_its_label);
    tcase_add_test(order, the_order_depends_on_seed_and_epoch);
    tcase_add_test(order, steps_count_on_over_the_epochs_and_each_has_its_own_noise);
    tcase_add_test(order, weights_that_the_last_step_spoilt_are_an_error);
    suite_add_tcase(suite, order);
    tcase_add_test(evaluation, evaluation_weighs_by_images);
    tcase_add_test(evaluation, every_image_is_evaluated_with_noise_of_its_own);
    suite_add_tcase(suite, evaluation);
    tcase_add_test(pixels, bytes_floats_doubles_and_views_of_the_same_images_are_the_same_data);
    suite_add_tcase(suite, pixels);
    return suite;
}
