/* What is beside a training costs none: pictures, room, what lies in the folder, figures that were not had. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../nn/runs/run_private.h"
#include "../tensor/watch.h"
#include "scratch.h"
#include "suites.h"
#include "trainings.h"

typedef struct {
    int warnings, steps;
    char last[200];
} listener;

static void hear_warning(void *user, const char *message)
{
    listener *l = user;
    l->warnings++;
    snprintf(l->last, sizeof l->last, "%s", message);
}

static bool count_step(void *user, const elbo_progress *p)
{
    listener *l = user;
    l->steps += !p->finished;
    return true;
}

/* Width and height from the header of a PNG file. */
static void png_size(const char *name, int size[2])
{
    unsigned char head[24];
    ck_assert_uint_eq(scratch_read(name, head, sizeof head), sizeof head);
    for (int i = 0; i < 2; i++)
        size[i] = head[16 + 4 * i] << 24 | head[17 + 4 * i] << 16 | head[18 + 4 * i] << 8 | head[19 + 4 * i];
}

START_TEST(of_many_classes_sixteen_are_drawn_a_column_each)
{
    static const int classes[] = {4, 16, 17, 4000};
    elbo_images images = train;
    images.classes = classes[_i];
    elbo_values *options = elbo_model_values(&elbo_model_cvae);
    ck_assert_int_eq(elbo_values_set(options, "hidden", "3"), ELBO_OK);
    elbo_run *run = elbo_run_for(&elbo_model_cvae, options, &images, 1);
    listener l = {.warnings = 0};
    const elbo_training how = {.epochs = 1, .folder = scratch_path("run"), .warning = hear_warning, .user = &l};
    elbo_status status = elbo_train(run, &images, NULL, &how, NULL);
    ck_assert_msg(status == ELBO_OK && l.warnings == 0, "%s %s", elbo_error(), l.last);
    int size[2];
    png_size("run/samples.png", size);
    ck_assert_int_eq(size[0], (classes[_i] < 16 ? classes[_i] : 16) * (PATTERN_SIDE + 2) + 2);
    ck_assert_int_eq(size[1], 8 * (PATTERN_SIDE + 2) + 2);
    elbo_values_free(options);
    elbo_run_free(run);
}
END_TEST

/* A row of more numbers than a PNG file has columns: there is a model, and no picture of it. */
START_TEST(a_picture_that_cannot_be_drawn_is_a_warning_and_the_model_stays)
{
    enum { WIDTH = 100001, COUNT = 3 };
    float *x = calloc(COUNT, WIDTH * sizeof *x);
    const elbo_tensor pixels = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(COUNT, WIDTH), x);
    elbo_images images;
    ck_assert_int_eq(elbo_images_of(&pixels, NULL, 0, &images), ELBO_OK);
    elbo_values *options = elbo_model_values(&elbo_model_vae);
    ck_assert_int_eq(elbo_values_set(options, "hidden", "1"), ELBO_OK);
    elbo_run *run = elbo_run_for(&elbo_model_vae, options, &images, 1);
    listener l = {.warnings = 0};
    elbo_epoch last;
    const elbo_training how = {
        .epochs = 3, .lr = 1e-6, .folder = scratch_path("run"), .warning = hear_warning, .user = &l};
    elbo_status status = elbo_train(run, &images, NULL, &how, &last);
    ck_assert_msg(status == ELBO_OK, "%s", elbo_error());
    ck_assert_int_eq(last.epoch, 3);
    ck_assert_int_eq(l.warnings, 2); /* not once an epoch */
    ck_assert_ptr_nonnull(strstr(l.last, "reconstruction.png is not drawn: a picture of "));
    ck_assert(!scratch_exists("run/samples.png"));
    elbo_run *kept = elbo_run_load(scratch_path("run"), elbo_models);
    ck_assert_msg(kept != NULL, "%s", elbo_error());
    elbo_run_free(kept);
    elbo_run_free(run);
    elbo_values_free(options);
    free(x);
}
END_TEST

START_TEST(a_disk_without_room_for_the_model_is_told_before_the_first_step)
{
    elbo_run *run = new_run(&elbo_model_vae, 1);
    listener l = {.steps = 0};
    const elbo_training how = {.epochs = 1, .folder = scratch_path("run"), .progress = count_step, .user = &l};
    scratch_disk_full(5000);
    assert_not_trained(run, &how, "run: no room for the model, 0.1 MB");
    scratch_disk_free();
    ck_assert_int_eq(l.steps, 0);
    ck_assert_int_eq(scratch_entries(), 0);
    elbo_run_free(run);
}
END_TEST

/* Pictures of the rehearsal are of weights that have learned nothing. */
typedef struct {
    int samplings, stop_at;
} critic;

static bool stop_sampling(void *user, const char *what, int64_t done, int64_t total)
{
    (void)total;
    critic *c = user;
    return strcmp(what, "sampling") != 0 || done > 0 || ++c->samplings != c->stop_at;
}

START_TEST(a_picture_is_of_the_model_beside_it_or_not_there)
{
    critic c = {.stop_at = 2 + _i}; /* after the first epoch, or after the second */
    elbo_epoch last;
    elbo_watch(stop_sampling, &c);
    train_into("run", (elbo_training){.epochs = 3}, &last);
    elbo_watch(NULL, NULL);
    ck_assert_int_eq(last.epoch, 1 + _i);
    ck_assert(!scratch_exists("run/samples.png"));
    elbo_run *kept = elbo_run_load(scratch_path("run"), elbo_models);
    ck_assert_msg(kept != NULL, "%s", elbo_error());
    elbo_run_free(kept);
}
END_TEST

/* The configuration of the saved run. */
static elbo_ini described(const char *folder)
{
    elbo_run *saved = elbo_run_load(scratch_path(folder), elbo_models);
    elbo_ini config = {.count = 0};
    ck_assert_msg(saved != NULL, "%s", elbo_error());
    ck_assert_int_eq(elbo_run_describe(saved, &config), ELBO_OK);
    elbo_run_free(saved);
    return config;
}

START_TEST(nothing_of_an_earlier_training_is_said_of_a_later_one)
{
    elbo_run *run = new_run(&elbo_model_vae, 1);
    assert_trained(run, &(elbo_training){.epochs = 1, .folder = scratch_path("run")}, NULL);
    elbo_ini config = described("run");
    ck_assert_ptr_nonnull(elbo_ini_get(&config, "test-elbo"));
    elbo_ini_free(&config);
    const elbo_training again = {.epochs = 2, .folder = scratch_path("again")};
    ck_assert_int_eq(elbo_train(run, &train, NULL, &again, NULL), ELBO_OK);
    config = described("again");
    static const char *const keys[] = {"test-elbo", "test-recon", "test-kl", "test-squared-error", "test-fingerprint"};
    for (int i = 0; i < 5; i++)
        ck_assert_msg(elbo_ini_get(&config, keys[i]) == NULL, "%s", keys[i]);
    ck_assert_str_eq(elbo_ini_get(&config, "epochs-done"), "2");
    elbo_ini_free(&config);
    elbo_run_free(run);
}
END_TEST

/* While the first epoch runs, somebody makes a folder of the name that the model is to have. */
static bool stand_in_the_way(void *user, const elbo_progress *p)
{
    (void)user;
    if (p->step == 1 && !p->finished)
        ck_assert_int_eq(mkdir(scratch_path("run/model.safetensors"), 0777), 0);
    return true;
}

START_TEST(a_model_that_cannot_be_put_in_its_place_is_kept_and_the_error_says_where)
{
    elbo_run *run = new_run(&elbo_model_vae, 1);
    const elbo_training how = {.epochs = 1, .folder = scratch_path("run"), .progress = stand_in_the_way};
    assert_not_trained(run, &how, "; what was trained is in ");
    elbo_run_free(run);
    run = elbo_run_load(scratch_path("run/unpublished"), elbo_models);
    ck_assert_msg(run != NULL, "%s", elbo_error());
    elbo_run_free(run);
    ck_assert(!scratch_exists("run/.incomplete"));
}
END_TEST

START_TEST(whatever_a_killed_training_left_is_cleared_away)
{
    static const char *const left[] = {"run/.incomplete/room-1", "run/.incomplete/model.safetensors.tmp-1-0",
                                       "run/.incomplete/samples.png"};
    ck_assert_int_eq(mkdir(scratch_path("run"), 0777), 0);
    ck_assert_int_eq(mkdir(scratch_path("run/.incomplete"), 0777), 0);
    for (int i = 0; i < 3; i++)
        scratch_write(left[i], "x", 1);
    train_into("run", (elbo_training){.epochs = 1}, NULL);
    ck_assert(!scratch_exists("run/.incomplete"));
}
END_TEST

START_TEST(files_of_another_program_are_not_a_run)
{
    ck_assert_int_eq(mkdir(scratch_path("other"), 0777), 0);
    scratch_write("other/config.ini", "{}", 2);
    scratch_write("other/metrics.csv", "a,b", 3);
    elbo_run *run = new_run(&elbo_model_vae, 1);
    assert_not_trained(run, &(elbo_training){.epochs = 1, .folder = scratch_path("other"), .force = true},
                       "other: is not empty and holds no run");
    scratch_assert_bytes("other/config.ini", "{}", 2);
    scratch_assert_bytes("other/metrics.csv", "a,b", 3);
    elbo_run_free(run);
}
END_TEST

/* At the first step, which plans are there already: memory that they need is had, or the training would not have
 * begun. */
typedef struct {
    const elbo_run *run;
    bool made[4];
} inventory;

static bool has_plan(const elbo_run *run, elbo__role role, int64_t batch)
{
    for (int i = 0; i < ELBO__KEPT_PLANS; i++)
        if (run->plans[i].plan && run->plans[i].work.role == role && run->plans[i].work.batch == batch)
            return true;
    return false;
}

static bool take_stock(void *user, const elbo_progress *p)
{
    inventory *i = user;
    if (p->epoch == 1 && p->step == 1) {
        i->made[0] = has_plan(i->run, ELBO__STEP, 16);
        i->made[1] = has_plan(i->run, ELBO__STEP, N % 16);
        i->made[2] = has_plan(i->run, ELBO__EVALUATE, TEST);
        i->made[3] = has_plan(i->run, ELBO__SAMPLE, 64);
    }
    return true;
}

START_TEST(the_memory_of_a_training_is_had_before_its_first_step)
{
    elbo_run *run = new_run(&elbo_model_vae, 1);
    inventory i = {.run = run};
    assert_trained(
        run,
        &(elbo_training){
            .epochs = 1, .batch_size = 16, .folder = scratch_path("run"), .progress = take_stock, .user = &i},
        NULL);
    for (int k = 0; k < 4; k++)
        ck_assert_msg(i.made[k], "plan %d", k);
    elbo_run_free(run);
}
END_TEST

Suite *suite_side_matters(void)
{
    Suite *suite = suite_create("side_matters");
    TCase *matters = tcase_create("side matters");
    tcase_add_checked_fixture(matters, training_setup_with_scratch, scratch_teardown);
    tcase_add_loop_test(matters, of_many_classes_sixteen_are_drawn_a_column_each, 0, 4);
    tcase_add_test(matters, a_picture_that_cannot_be_drawn_is_a_warning_and_the_model_stays);
    tcase_add_test(matters, a_disk_without_room_for_the_model_is_told_before_the_first_step);
    tcase_add_loop_test(matters, a_picture_is_of_the_model_beside_it_or_not_there, 0, 2);
    tcase_add_test(matters, nothing_of_an_earlier_training_is_said_of_a_later_one);
    tcase_add_test(matters, a_model_that_cannot_be_put_in_its_place_is_kept_and_the_error_says_where);
    tcase_add_test(matters, whatever_a_killed_training_left_is_cleared_away);
    tcase_add_test(matters, files_of_another_program_are_not_a_run);
    tcase_add_test(matters, the_memory_of_a_training_is_had_before_its_first_step);
    suite_add_tcase(suite, matters);
    return suite;
}
