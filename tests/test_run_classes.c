/* Names of classes: kept with a run whatever they are, found by name or number, and never taken by their place. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../autograd/plan.h"
#include "../models/models.h"
#include "../nn/pictures/picture.h"
#include "../nn/training/train.h"
#include "patterns.h"
#include "pictures.h"
#include "runs.h"
#include "scratch.h"
#include "suites.h"

enum { N = 24, C = PATTERN_CLASSES };

/* The patterns, whose class k is called names[k]; borrowed. */
static elbo_images named_images(char **names)
{
    elbo_images images = pattern_images(N);
    images.class_names = names;
    return images;
}

static elbo_run *run_for(char **names)
{
    const elbo_images images = named_images(names);
    elbo_values *options = options_of(&elbo_model_cvae, OPTIONS("hidden", "8", "latent-dim", "2"));
    elbo_run *run = elbo_run_for(&elbo_model_cvae, options, &images, 1);
    ck_assert_msg(run != NULL, "%s", elbo_error());
    elbo_values_free(options);
    return run;
}

static elbo_run *save_and_load(elbo_run *run)
{
    assert_ok(elbo_run_save(run, scratch_path("run.safetensors")));
    elbo_run_free(run);
    run = elbo_run_load(scratch_path("run.safetensors"), elbo_models);
    ck_assert_msg(run != NULL, "%s", elbo_error());
    return run;
}

static void assert_described(const elbo_run *run, const char *key, const char *expected)
{
    elbo_ini configuration = {.count = 0};
    assert_ok(elbo_run_describe(run, &configuration));
    ck_assert_pstr_eq(elbo_ini_get(&configuration, key), expected);
    elbo_ini_free(&configuration);
}

/* ---- notes ------------------------------------------------------------------------------------------------------- */

START_TEST(any_name_of_a_class_survives)
{
    char *names[] = {"caf\xe9", "dog, big", "\"a\nb\"", "\xc3\xa9t\xc3\xa9", NULL};
    elbo_run *run = save_and_load(run_for(names));
    for (int i = 0; i < C; i++) {
        ck_assert_str_eq(elbo_run_class_name(run, i), names[i]);
        ck_assert_int_eq(elbo_run_class(run, names[i]), i);
    }
    ck_assert_ptr_null(elbo_run_class_name(run, -1));
    ck_assert_ptr_null(elbo_run_class_name(run, C));
    assert_described(run, "class-names", "\"caf\\xe9\",\"dog, big\",\"\\\"a\\nb\\\"\",\xc3\xa9t\xc3\xa9");
    elbo_run_free(run);
}
END_TEST

START_TEST(a_run_without_names_has_none)
{
    elbo_run *run = save_and_load(run_for(NULL));
    ck_assert_ptr_null(elbo_run_class_name(run, 0));
    assert_described(run, "class-names", NULL);
    assert_ok(elbo_run_note(run, "class-names", "a,b,c,d")); /* as runs of earlier versions have it */
    run = save_and_load(run);
    ck_assert_str_eq(elbo_run_class_name(run, 3), "d");
    assert_ok(elbo_run_note(run, "class-names", "a,b,c")); /* of other classes */
    ck_assert_ptr_null(elbo_run_class_name(run, 0));
    elbo_run_free(run);
}
END_TEST

START_TEST(a_model_without_labels_notes_no_names)
{
    char *names[] = {"a", "b", "c", "d", NULL};
    const elbo_images images = named_images(names);
    elbo_run *run = elbo_run_for(&elbo_model_pca, NULL, &images, 1);
    ck_assert_ptr_null(elbo_run_class_name(run, 0));
    assert_described(run, "class-names", NULL);
    ck_assert_int_eq(elbo_run_class(run, "a"), -1);
    ck_assert_str_eq(elbo_error(), "the model \"pca\" takes no labels");
    elbo_run_free(run);
}
END_TEST

START_TEST(any_note_survives)
{
    static const char *const paths[] = {"/home/x", "/caf\xe9/a b", " \"x\"\n", "C:\\x41", ""};
    elbo_run *run = run_for(NULL);
    ck_assert_ptr_null(elbo_run_noted(run, "data"));
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        assert_ok(elbo_run_note(run, "data", paths[i]));
        run = save_and_load(run);
        char *noted = elbo_run_noted(run, "data");
        ck_assert_pstr_eq(noted, paths[i]);
        elbo_release(noted);
    }
    elbo_run_free(run);
}
END_TEST

static elbo_status make_and_ask(void)
{
    char *names[] = {"a,b", "c", "d", "e", NULL};
    const elbo_images images = named_images(names);
    elbo_run *run = elbo_run_for(&elbo_model_cvae, NULL, &images, 1);
    elbo_figures figures;
    elbo_status status = run ? elbo_run_note(run, "data", "caf\xe9") : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = elbo_run_evaluate(run, &images, 0, 1, &figures);
    elbo_run_free(run);
    return status;
}

START_TEST(names_survive_failing_allocations)
{
    assert_survives_failing_allocations(make_and_ask);
}
END_TEST

/* ---- finding a class --------------------------------------------------------------------------------------------- */

START_TEST(a_class_is_found_by_name_or_number)
{
    static const struct {
        char *names[C + 1];
        const char *text;
        int expected;
        const char *reason;
    } rows[] = {
        {{"cat", "dog", "emu", "fly"}, "emu", 2, NULL},
        {{"cat", "dog", "emu", "fly"}, "3", 3, NULL},
        {{"cat", "dog", "emu", "fly"}, "dot", -1, "no class is called \"dot\"; the nearest is \"dog\""},
        {{"cat", "dog", "emu", "fly"}, "Cat", -1, "the nearest is \"cat\""},
        {{"cat", "dog", "emu", "fly"}, "4", -1, "label 4 is outside the classes 0 to 3"},
        {{"cat", "dog", "emu", "fly"}, "99999999999", -1, "label 99999999999 is outside the classes 0 to 3"},
        {{"cat", "dog", "emu", "fly"}, "", -1, "no class is called \"\""},
        {{"0", "1", "2", "3"}, "2", 2, NULL},
        {{"cat", "dog", "2", "3"}, "1", 1, NULL}, /* the last two are called by their own numbers */
        {{"2", "10", "x", "y"}, "2", 0, NULL},
        {{"2", "10", "x", "y"}, "10", 1, NULL},
        {{"2", "10", "x", "y"}, "1", -1, "no class is called \"1\"; there are 2, 10, x, y"},
        {{"cat", "007", "x", "y"}, "0", -1, "no class is called \"0\""},
        {{NULL}, "3", 3, NULL},
        {{NULL}, "4", -1, "label 4 is outside the classes 0 to 3"},
        {{NULL}, "cat", -1, "label \"cat\": the classes have no names, but the numbers 0 to 3"},
        {{NULL}, "-1", -1, "label \"-1\": the classes have no names"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        elbo_run *run = run_for(rows[i].names[0] ? (char **)rows[i].names : NULL);
        ck_assert_int_eq(elbo_run_class(run, rows[i].text), rows[i].expected);
        if (rows[i].reason)
            ck_assert_msg(strstr(elbo_error(), rows[i].reason) != NULL, "\"%s\"", elbo_error());
        elbo_run_free(run);
    }
}
END_TEST

/* ---- data that name the classes in another order ----------------------------------------------------------------- */

static char *names[] = {"columns", "rows", "diagonals", "checks", NULL};
static char *turned_names[] = {"checks", "diagonals", "rows", "columns", NULL};

/* The patterns with their classes from the last to the first. */
static elbo_images turned_images(int32_t labels[N])
{
    elbo_images images = named_images(turned_names);
    for (int64_t i = 0; i < N; i++)
        labels[i] = C - 1 - (int)elbo_tensor_get(&images.labels, &i);
    images.labels = elbo_tensor_of(ELBO_I32, ELBO_SHAPE(N), labels);
    return images;
}

START_TEST(figures_and_pictures_go_by_name)
{
    int32_t labels[N];
    unsigned char before[20000], after[20000];
    const elbo_images images = named_images(names), turned = turned_images(labels);
    elbo_run *run = run_for(names);
    assert_ok(elbo_train(run, &images, &turned, &(elbo_training){.epochs = 2, .batch_size = 8}, NULL));
    ck_assert(evaluated(run, &images, 1, "elbo") == evaluated(run, &turned, 1, "elbo"));
    assert_ok(elbo_picture_reconstruction(run, &images, 8, 1, scratch_path("a")));
    assert_ok(elbo_picture_reconstruction(run, &turned, 8, 1, scratch_path("b")));
    const size_t size = scratch_read("a", before, sizeof before);
    ck_assert_uint_eq(scratch_read("b", after, sizeof after), size);
    ck_assert_mem_eq(before, after, size);
    const elbo_path ways = {.from = 0, .to = -1, .rows = 3};
    assert_ok(elbo_picture_interpolation(run, &(elbo_view){.images = &images, .label = -1}, &ways, scratch_path("a")));
    assert_ok(elbo_picture_interpolation(run, &(elbo_view){.images = &turned, .label = -1}, &ways, scratch_path("b")));
    const size_t longer = scratch_read("a", before, sizeof before);
    ck_assert_uint_eq(scratch_read("b", after, sizeof after), longer);
    ck_assert_mem_eq(before, after, longer);
    elbo_run_free(run);
}
END_TEST

/* The points stay where they are, and keep the names of the data. */
START_TEST(codes_are_drawn_by_name)
{
    int32_t labels[N];
    const elbo_images images = named_images(names), turned = turned_images(labels);
    elbo_run *run = run_for(names);
    assert_ok(elbo_picture_scatter(&run, NULL, 1, &images, scratch_path("a.svg")));
    assert_ok(elbo_picture_scatter(&run, NULL, 1, &turned, scratch_path("b.svg")));
    char *a = svg_read("a.svg"), *b = svg_read("b.svg");
    double sums[2][2] = {{0}};
    int count[2] = {0};
    for (int k = 0; k < 2; k++)
        for (const char *at = k ? b : a; (at = svg_next(at, "circle")); count[k]++)
            for (int axis = 0; axis < 2; axis++)
                sums[k][axis] += svg_number(at, axis ? "cy" : "cx");
    ck_assert_int_ge(count[0], N);
    ck_assert_int_eq(count[0], count[1]);
    for (int axis = 0; axis < 2; axis++)
        ck_assert_double_eq_tol(sums[0][axis], sums[1][axis], 1e-6);
    free(a);
    free(b);
    elbo_run_free(run);
}
END_TEST

START_TEST(a_class_that_the_run_does_not_know_is_named)
{
    char *others[] = {"columns", "rows", "diagonals", "stripes", NULL};
    const elbo_images images = named_images(others);
    elbo_figures figures;
    elbo_run *run = run_for(names);
    assert_refused(elbo_run_accepts(run, &images), "image 3 is of class \"stripes\", which the model does not know");
    assert_refused(elbo_run_evaluate(run, &images, 0, 1, &figures), "of class \"stripes\"");
    elbo_run_free(run);
}
END_TEST

START_TEST(data_or_runs_without_names_go_by_number)
{
    const elbo_images plain = pattern_images(N), named = named_images(turned_names);
    elbo_run *with = run_for(names), *without = run_for(NULL);
    assert_ok(elbo_run_accepts(with, &plain));
    assert_ok(elbo_run_accepts(without, &named));
    ck_assert(evaluated(without, &named, 1, "elbo") == evaluated(without, &plain, 1, "elbo"));
    elbo_run_free(with);
    elbo_run_free(without);
}
END_TEST

START_TEST(images_are_matched_to_a_run)
{
    elbo_images sprites;
    elbo_run *run = run_for((char *[]){"heart", "x", "ellipse", "square", NULL});
    assert_ok(elbo_images_load("sprites", "test", 0, &sprites));
    assert_ok(elbo_run_match(run, &sprites));
    ck_assert_int_eq(sprites.classes, C);
    ck_assert_str_eq(sprites.class_names[3], "square");
    for (int64_t i = 0; i < sprites.count; i++) {
        const int shape = (int)elbo_tensor_get(&sprites.factors, (int64_t[]){i, 0});
        ck_assert_int_eq((int)elbo_tensor_get(&sprites.labels, &i), ((int[]){3, 2, 0})[shape]);
    }
    elbo_images_free(&sprites);
    elbo_run_free(run);
}
END_TEST

Suite *suite_run_classes(void)
{
    Suite *suite = suite_create("run_classes");

    TCase *notes = tcase_create("notes");
    tcase_add_checked_fixture(notes, scratch_setup, scratch_teardown);
    tcase_add_test(notes, any_name_of_a_class_survives);
    tcase_add_test(notes, a_run_without_names_has_none);
    tcase_add_test(notes, a_model_without_labels_notes_no_names);
    tcase_add_test(notes, any_note_survives);
    tcase_add_test(notes, names_survive_failing_allocations);
    suite_add_tcase(suite, notes);

    TCase *finding = tcase_create("finding a class");
    tcase_add_test(finding, a_class_is_found_by_name_or_number);
    suite_add_tcase(suite, finding);

    TCase *order = tcase_create("another order");
    tcase_add_checked_fixture(order, scratch_setup, scratch_teardown);
    tcase_add_test(order, figures_and_pictures_go_by_name);
    tcase_add_test(order, codes_are_drawn_by_name);
    tcase_add_test(order, a_class_that_the_run_does_not_know_is_named);
    tcase_add_test(order, data_or_runs_without_names_go_by_number);
    tcase_add_test(order, images_are_matched_to_a_run);
    suite_add_tcase(suite, order);
    return suite;
}
