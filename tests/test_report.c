/* Reports as files: what they hold, what they leave out, and what becomes of them when something fails. What a browser
 * makes of them is looked at by tests/test_report.sh. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../io/png.h"
#include "../nn/report/report.h"
#include "../tensor/watch.h"
#include "runs.h"
#include "scratch.h"
#include "suites.h"
#include "trainings.h"

/* The folder of the run, and one for what is not to be left behind. */
static void setup(void)
{
    training_setup_with_scratch();
    ck_assert_int_eq(mkdir(scratch_path("run"), 0777), 0);
    ck_assert_int_eq(mkdir(scratch_path("tmp"), 0777), 0);
    ck_assert_int_eq(setenv("TMPDIR", scratch_path("tmp"), 1), 0);
}

static void teardown(void)
{
    unsetenv("TMPDIR"); /* which the next test's folder is made in */
    scratch_teardown();
}

/* The text of a file; free with free. */
static char *read_text(const char *name)
{
    FILE *file = fopen(scratch_path(name), "rb");
    ck_assert_msg(file != NULL, "no %s", name);
    fseek(file, 0, SEEK_END);
    const size_t size = (size_t)ftell(file);
    char *text = malloc(size + 1);
    rewind(file);
    ck_assert_uint_eq(fread(text, 1, size, file), size);
    text[size] = '\0';
    fclose(file);
    return text;
}

/* The page of a run, with the images and the folder; free with free. */
static char *page_of(elbo_run *run, const elbo_images *images, const elbo_report_options *options)
{
    assert_ok(elbo_report_write(run, scratch_path("run"), images, options, scratch_path("run/report.html")));
    ck_assert(!scratch_exists("tmp/picture.png"));
    return read_text("run/report.html");
}

static int count_of(const char *text, const char *words)
{
    int count = 0;
    for (const char *at = text; (at = strstr(at, words)); at += strlen(words))
        count++;
    return count;
}

#define SAYS(page, words) ck_assert_msg(strstr(page, words) != NULL, "the page does not say %s", words)
#define SAYS_NOT(page, words) ck_assert_msg(strstr(page, words) == NULL, "the page says %s", words)

/* ---- what it holds ----------------------------------------------------------------------------------------------- */

START_TEST(a_page_holds_all_that_it_shows)
{
    elbo_run *run = new_run(&elbo_model_vae, 1);
    char *page = page_of(run, &test, NULL);
    static const char *const ids[] = {"summary",  "training", "samples",       "reconstructions",
                                      "explorer", "latent",   "configuration", "machine"};
    for (int i = 0; i < 8; i++) {
        char section[64], link[64];
        snprintf(section, sizeof section, "<section id=\"%s\"", ids[i]);
        snprintf(link, sizeof link, "<a href=\"#%s\">", ids[i]);
        ck_assert_int_eq(count_of(page, section), 1);
        ck_assert_int_eq(count_of(page, link), 1);
    }
    ck_assert_int_eq(count_of(page, "<img"), 3); /* samples, reconstructions, traversal */
    ck_assert_int_eq(count_of(page, "<img"), count_of(page, "src=\"data:image/png;base64,iVBOR"));
    ck_assert_int_eq(count_of(page, "<svg"), 2); /* codes, KL */
    ck_assert_int_eq(count_of(page, "http:"), count_of(page, "xmlns=\"http://www.w3.org/2000/svg\""));
    SAYS_NOT(page, "https:");
    SAYS_NOT(page, "url(");
    SAYS_NOT(page, "@import");
    SAYS(page, "default-src 'none'");
    SAYS(page, "id=\"decoder\"");
    SAYS(page, "of 4 dimensions are active");
    free(page);
    elbo_run_free(run);
}
END_TEST

START_TEST(the_table_has_the_figures_of_the_model_and_no_options)
{
    elbo_run *run = new_run(&elbo_model_vae, 1);
    static const char *const notes[][2] = {
        {"train-elbo", "-121.25"}, {"train-fingerprint", "1234567890123456"}, {"test-draws", "7"},
        {"test-elbo", "-105.523"}, {"test-squared-error", "0.125"},           {"val-kl", "24"}};
    for (int i = 0; i < 6; i++)
        assert_ok(elbo_run_note(run, notes[i][0], notes[i][1]));
    char *page = page_of(run, NULL, NULL);
    SAYS(page, "<tr><th scope=\"row\">ELBO <span class=\"unit\">nats per image</span></th>"
               "<td>-121.25</td><td></td><td>-105.52</td></tr>");
    SAYS(page, "</th><td></td><td></td><td>0.125</td></tr>");
    SAYS(page, "</th><td></td><td>24.00</td><td></td></tr>");
    SAYS(page, "<th scope=\"col\">training, on the way</th><th scope=\"col\">validation</th>");
    SAYS(page, "those of training over the batches of its epoch, while the weights still moved</caption>");
    SAYS(page, "<tr><th scope=\"row\">test-draws</th><td>7</td></tr>"); /* stands in the configuration alone */
    ck_assert_int_eq(count_of(page, "<tr><th scope=\"row\">"),
                     3 + count_of(strstr(page, "class=\"pairs\""), "<tr><th"));
    free(page);
    elbo_run_free(run);
}
END_TEST

START_TEST(a_bound_of_a_cost_has_no_nats)
{
    elbo_values *options = elbo_model_values(&elbo_model_vae);
    assert_ok(elbo_values_set(options, "likelihood", "squared-error"));
    elbo_run *run = elbo_run_for(&elbo_model_vae, options, &train, 1);
    ck_assert_msg(run != NULL, "%s", elbo_error());
    assert_ok(elbo_run_note(run, "test-elbo", "-105.523"));
    char *page = page_of(run, NULL, NULL);
    SAYS(page, "<tr><th scope=\"row\">ELBO <span class=\"unit\">per image</span></th>");
    free(page);
    elbo_run_free(run);
    elbo_values_free(options);
}
END_TEST

/* Principal components are measured when they are found. */
START_TEST(figures_of_a_model_that_is_fitted_are_its_own)
{
    elbo_values *options = elbo_model_values(&elbo_model_pca);
    elbo_run *run = elbo_run_for(&elbo_model_pca, options, &train, 1);
    ck_assert_msg(run != NULL, "%s", elbo_error());
    elbo_values_free(options);
    assert_ok(elbo_run_note(run, "train-squared-error", "2.5"));
    char *page = page_of(run, NULL, NULL);
    SAYS(page, "<th scope=\"col\">training</th>");
    SAYS(page, "of the model that was kept</caption>");
    free(page);
    elbo_run_free(run);
}
END_TEST

START_TEST(long_places_are_shown_by_their_ends)
{
    static const char place[] = "/home/somebody/pictures/of several/years/and places/digits:labels";
    elbo_run *run = new_run(&elbo_model_vae, 1);
    assert_ok(elbo_run_note(run, "data", place));
    char *page = page_of(run, NULL, &(elbo_report_options){.source = "part test of /a/b c/d"});
    SAYS(page, "<dd title=\"/home/somebody/pictures/of several/years/and places/digits:labels\">"
               "\xe2\x80\xa6/<wbr>years/<wbr>and places/<wbr>digits:labels</dd>");
    SAYS(page, "<dd title=\"part test of /a/b c/d\">part test of /<wbr>a/<wbr>b c/<wbr>d</dd>");
    free(page);
    elbo_run_free(run);
}
END_TEST

/* The section of the reconstructions. */
static char *reconstructions_of(elbo_run *run, const elbo_images *images)
{
    char *page = page_of(run, images, NULL);
    const char *begin = strstr(page, "<section id=\"reconstructions\"");
    char *section = strndup(begin, (size_t)(strstr(begin, "</section>") - begin));
    free(page);
    return section;
}

/* The test images are of the classes 0 to 3 in turn; here they are in the order of their classes. */
START_TEST(reconstructions_are_of_the_classes_in_turn_however_the_images_are_sorted)
{
    elbo_tensor pixels = elbo_tensor_new(ELBO_U8, test.images.layout.shape);
    elbo_tensor labels = elbo_tensor_new(ELBO_U8, test.labels.layout.shape);
    elbo_images sorted;
    int64_t row = 0;
    for (int class = 0; class < test.classes; class ++)
        for (int64_t i = class; i < test.count; i += test.classes, row++) {
            elbo_tensor from = test.images, to = pixels;
            from.layout = elbo_layout_slice(&from.layout, 0, i, 1);
            to.layout = elbo_layout_slice(&to.layout, 0, row, 1);
            elbo_tensor_copy(&to, &from);
            elbo_tensor_set(&labels, &row, class);
        }
    ck_assert_int_eq(row, test.count);
    assert_ok(elbo_images_of(&pixels, &labels, test.classes, &sorted));
    elbo_run *run = new_run(&elbo_model_cvae, 1);
    char *expected = reconstructions_of(run, &test), *section = reconstructions_of(run, &sorted);
    ck_assert_msg(strcmp(section, expected) == 0, "other images, or in another order");
    SAYS(section, "<figcaption>Images of each class in turn, and below each");
    free(expected);
    free(section);
    test.labels.data = NULL; /* without labels they stand in their own order */
    elbo_run *other = new_run(&elbo_model_vae, 1);
    section = reconstructions_of(other, &test);
    SAYS(section, "<figcaption>Rows of images, and below each");
    free(section);
    elbo_run_free(other);
    elbo_run_free(run);
    elbo_images_free(&sorted);
    elbo_tensor_free(&labels);
    elbo_tensor_free(&pixels);
}
END_TEST

START_TEST(pictures_of_a_model_that_takes_labels_name_their_classes)
{
    elbo_run *run = new_run(&elbo_model_cvae, 1);
    char *page = page_of(run, NULL, NULL);
    SAYS(page, "a column for each class: 0, 1, 2, 3.");
    SAYS(page, "A row for each dimension of class 0, which");
    free(page);
    elbo_run_free(run);
}
END_TEST

START_TEST(curves_are_those_of_the_metrics)
{
    static const char metrics[] = "epoch,step,lr,beta,train_loss,train_odd,val_loss,test_loss\n"
                                  "1,3,0.001,1,5,1,6,\n2,6,0.0005,1,4,2,5,6\n";
    static const char timing[] = "epoch,seconds,images_per_s\n1,0.5,1000\n2,65.5,1001\n";
    scratch_write("run/metrics.csv", metrics, sizeof metrics - 1);
    scratch_write("run/timing.csv", timing, sizeof timing - 1);
    elbo_run *run = new_run(&elbo_model_vae, 1);
    char *page = page_of(run, NULL, NULL);
    ck_assert_int_eq(count_of(page, "<svg"), 4); /* loss, odd, lr, speed */
    SAYS(page, "<title>Loss</title>");
    SAYS(page, "<title>odd</title>");
    SAYS(page, "<title>Learning rate</title>");
    SAYS(page, "<title>Speed</title>");
    ck_assert_int_eq(count_of(page, ">validation</text>"), 1);
    ck_assert_int_eq(count_of(page, ">training</text>"), 2);
    SAYS(page, "Throughout: beta 1.");
    SAYS(page, "<dd>1 min 6 s</dd>");
    free(page);
    scratch_write("run/metrics.csv", "epoch\n", 6);
    page = page_of(run, NULL, NULL);
    SAYS(page, "no metrics.csv with epochs in it");
    free(page);
    scratch_write("run/metrics.csv", "epoch\nx\n", 8);
    ck_assert_int_eq(elbo_report_write(run, scratch_path("run"), NULL, NULL, scratch_path("b.html")), ELBO_FORMAT);
    ck_assert_ptr_nonnull(strstr(elbo_error(), "metrics.csv:2: "));
    ck_assert(!scratch_exists("b.html"));
    elbo_run_free(run);
}
END_TEST

/* Pictures named by epoch become a strip: the first, the last, and not too many between. */
START_TEST(pictures_of_the_training_stand_in_a_strip)
{
    unsigned char pixels[16] = {0};
    const elbo_tensor picture = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(4, 4), pixels);
    elbo_run *run = new_run(&elbo_model_vae, 1);
    for (int epoch = 1; epoch <= 30; epoch++) {
        char name[64];
        snprintf(name, sizeof name, "run/samples-%04d.png", epoch);
        ck_assert_int_eq(elbo_png_write(scratch_path(name), &picture), ELBO_OK);
        if (epoch == 1) {
            char *page = page_of(run, NULL, NULL);
            SAYS_NOT(page, "class=\"strip\""); /* one alone shows no change */
            free(page);
        }
    }
    scratch_write("run/samples-0030.png", "no picture", 10);
    scratch_write("run/samples-x.png", "", 0);
    char *page = page_of(run, NULL, NULL);
    ck_assert_int_eq(count_of(page, "<figcaption>epoch "), 12);
    SAYS(page, "<figcaption>epoch 1<");
    SAYS(page, "<figcaption>epoch 30<");
    SAYS(page, "samples-0030.png: no PNG file"); /* where it would stand */
    free(page);
    elbo_run_free(run);
}
END_TEST

START_TEST(texts_cannot_break_out_of_their_places)
{
    elbo_run *run = run_of(&elbo_model_cvae, OPTIONS("hidden", "8"), ELBO_SHAPE(4, 4), 3);
    assert_ok(elbo_run_note(run, "class-names", "</script><b>,\"dog, \\\"big\\\"\",caf\xc3\xa9"));
    assert_ok(elbo_run_note(run, "remark", "<i>&"));
    const elbo_report_options options = {.name = "<u>name", .source = "\"<s>"};
    char *page = page_of(run, NULL, &options);
    SAYS_NOT(page, "</script><b>");
    SAYS_NOT(page, "<i>");
    SAYS_NOT(page, "<u>");
    SAYS_NOT(page, "<s>");
    SAYS(page, "\"\\u003c/script\\u003e\\u003cb\\u003e\", \"dog, \\u0022big\\u0022\", \"caf\\u00e9\"");
    SAYS(page, "<h1>&lt;u&gt;name</h1>");
    free(page);
    elbo_run_free(run);
}
END_TEST

START_TEST(no_more_codes_are_shown_than_asked_for)
{
    elbo_run *run = new_run(&elbo_model_vae, 1);
    char *page = page_of(run, &test, &(elbo_report_options){.codes = 5});
    SAYS(page, "Codes of 5 images");
    SAYS(page, "over 5 images");
    ck_assert_int_eq(count_of(page, "{\"name\": \"image "), 5);
    free(page);
    ck_assert_int_eq(test.count, TEST);
    elbo_run_free(run);
}
END_TEST

/* ---- what it leaves out ------------------------------------------------------------------------------------------ */

START_TEST(what_a_model_has_not_is_left_out_with_a_word)
{
    elbo_run *run = new_run(&elbo_model_ae, 1);
    char *page = page_of(run, &test, NULL);
    SAYS(page, "Left out: the model has no prior to draw from.");
    SAYS(page, "id=\"decoder\"");
    SAYS_NOT(page, "are active");
    free(page);
    assert_ok(elbo_report_write(run, NULL, NULL, NULL, scratch_path("run/report.html")));
    page = read_text("run/report.html");
    SAYS(page, "Left out: there are no images.");
    SAYS(page, "images are needed"); /* for the traversal of a model without a prior */
    free(page);
    elbo_run_free(run);
}
END_TEST

START_TEST(large_decoders_are_left_out_unless_they_are_wanted)
{
    static const struct {
        elbo_explorer explorer;
        bool there;
        const char *words;
    } rows[] = {{ELBO_EXPLORER_AUTO, false, "the decoder's weights take 9.4 MB"},
                {ELBO_EXPLORER_YES, true, "id=\"decoder\""},
                {ELBO_EXPLORER_NO, false, "it was not wanted"}};
    elbo_run *run = run_of(&elbo_model_vae, OPTIONS("hidden", "3000", "latent-dim", "2"), ELBO_SHAPE(28, 28), 0);
    for (int i = 0; i < 3; i++) {
        char *page = page_of(run, NULL, &(elbo_report_options){.explorer = rows[i].explorer});
        ck_assert_int_eq(strstr(page, "id=\"decoder\"") != NULL, rows[i].there);
        SAYS(page, rows[i].words);
        free(page);
    }
    elbo_run_free(run);
}
END_TEST

/* ---- failures ---------------------------------------------------------------------------------------------------- */

/* The folder below TMPDIR is gone, and the page is what it was. */
static void assert_nothing_left(const char *page)
{
    ck_assert_int_eq(rmdir(scratch_path("tmp")), 0);
    ck_assert_int_eq(mkdir(scratch_path("tmp"), 0777), 0);
    scratch_assert_bytes("run/report.html", page, strlen(page));
}

START_TEST(a_page_that_cannot_be_written_leaves_the_old_one)
{
    elbo_run *run = new_run(&elbo_model_vae, 1);
    scratch_write("run/report.html", "old", 3);
    scratch_disk_full(20000);
    const elbo_status status = elbo_report_write(run, scratch_path("run"), &test, NULL,
                                                 scratch_path("run/report.html"));
    scratch_disk_free();
    assert_error(status, ELBO_IO, scratch_path("run/report.html"), "cannot write");
    assert_nothing_left("old");
    assert_error(elbo_report_write(run, NULL, &test, NULL, scratch_path("no/a.html")), ELBO_IO,
                 scratch_path("no/a.html"), "No such file");
    assert_nothing_left("old");
    elbo_run_free(run);
}
END_TEST

static int questions;

static bool answer(void *user, const char *what, int64_t done, int64_t total)
{
    (void)user, (void)what, (void)done, (void)total;
    return questions-- > 0;
}

START_TEST(a_page_that_is_stopped_leaves_the_old_one)
{
    elbo_run *run = new_run(&elbo_model_vae, 1);
    scratch_write("run/report.html", "old", 3);
    int stopped = 0;
    for (int after = 0;; after++) {
        questions = after;
        elbo_watch(answer, NULL);
        const elbo_status status = elbo_report_write(run, scratch_path("run"), &test, NULL,
                                                     scratch_path("run/report.html"));
        elbo_watch(NULL, NULL);
        if (status == ELBO_OK)
            break;
        ck_assert_int_eq(status, ELBO_STOPPED);
        assert_nothing_left("old");
        stopped++;
    }
    ck_assert_int_ge(stopped, 5);
    elbo_run_free(run);
}
END_TEST

START_TEST(images_that_do_not_fit_are_refused)
{
    static float x[2 * 9];
    elbo_run *run = new_run(&elbo_model_vae, 1);
    const elbo_images others = images_of(x, 2, ELBO_SHAPE(3, 3));
    scratch_write("run/report.html", "old", 3);
    ck_assert_int_eq(elbo_report_write(run, NULL, &others, NULL, scratch_path("run/report.html")), ELBO_INVALID);
    assert_nothing_left("old");
    elbo_run_free(run);
}
END_TEST

static elbo_run *warm;

static elbo_status write_page(void)
{
    return elbo_report_write(warm, scratch_path("run"), &test, &(elbo_report_options){.codes = 3},
                             scratch_path("a.html"));
}

START_TEST(a_report_survives_failing_allocations)
{
    warm = new_run(&elbo_model_vae, 1);
    assert_ok(write_page()); /* and the plans are made */
    assert_survives_failing_allocations(write_page);
    elbo_run_free(warm);
}
END_TEST

Suite *suite_report(void)
{
    Suite *suite = suite_create("report");

    TCase *holds = tcase_create("holds");
    tcase_add_checked_fixture(holds, setup, teardown);
    tcase_add_test(holds, a_page_holds_all_that_it_shows);
    tcase_add_test(holds, the_table_has_the_figures_of_the_model_and_no_options);
    tcase_add_test(holds, a_bound_of_a_cost_has_no_nats);
    tcase_add_test(holds, figures_of_a_model_that_is_fitted_are_its_own);
    tcase_add_test(holds, long_places_are_shown_by_their_ends);
    tcase_add_test(holds, pictures_of_a_model_that_takes_labels_name_their_classes);
    tcase_add_test(holds, reconstructions_are_of_the_classes_in_turn_however_the_images_are_sorted);
    tcase_add_test(holds, curves_are_those_of_the_metrics);
    tcase_add_test(holds, pictures_of_the_training_stand_in_a_strip);
    tcase_add_test(holds, texts_cannot_break_out_of_their_places);
    tcase_add_test(holds, no_more_codes_are_shown_than_asked_for);
    suite_add_tcase(suite, holds);

    TCase *leaves = tcase_create("leaves");
    tcase_add_checked_fixture(leaves, setup, teardown);
    tcase_add_test(leaves, what_a_model_has_not_is_left_out_with_a_word);
    tcase_add_test(leaves, large_decoders_are_left_out_unless_they_are_wanted);
    suite_add_tcase(suite, leaves);

    TCase *failures = tcase_create("failures");
    tcase_add_checked_fixture(failures, setup, teardown);
    tcase_set_timeout(failures, 120);
    tcase_add_test(failures, a_page_that_cannot_be_written_leaves_the_old_one);
    tcase_add_test(failures, a_page_that_is_stopped_leaves_the_old_one);
    tcase_add_test(failures, images_that_do_not_fit_are_refused);
    tcase_add_test(failures, a_report_survives_failing_allocations);
    suite_add_tcase(suite, failures);
    return suite;
}
