/* Scatter plots, read back from the files. What a picture shows is compared with what its own axes say. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../io/figure.h"
#include "numbers.h"
#include "pictures.h"
#include "plots.h"
#include "scratch.h"
#include "suites.h"

static const char *const names[] = {"a.svg", "a.png"};

/* Writes the same figure as a.svg and a.png. */
static void write_both(const elbo_scatter_panel *panels, int count, int classes, const char *const *class_names)
{
    for (int i = 0; i < 2; i++)
        ck_assert_msg(elbo_scatter(scratch_path(names[i]), panels, count, classes, class_names) == ELBO_OK, "%s",
                      elbo_error());
}

/* ---- points ------------------------------------------------------------------------------------------------------ */

struct found {
    int count;
    double x[100], y[100];
    uint32_t colour[100];
    double alpha[100];
};

static void take(const char *group, double x, double y, void *user)
{
    struct found *found = user;
    ck_assert_int_lt(found->count, 100);
    found->x[found->count] = x;
    found->y[found->count] = y;
    found->colour[found->count] = svg_colour(group, "fill");
    found->alpha[found->count++] = svg_number(group, "fill-opacity");
}

/* Off the grid, whose lines would mix with the colours. */
static const float few[] = {0.3f, 0.3f, 7.7f, 3.3f, 3.3f, 9.1f};

START_TEST(a_point_lies_where_the_axes_say)
{
    static const float others[] = {-1013, 130, 130, -777, 260, 444};
    const elbo_scatter_panel panels[] = {{.points = few, .n = 3, .title = "few", .y_label = "y"},
                                         {.points = others, .n = 3, .x_label = "x"}};
    write_both(panels, 2, 0, NULL);
    char *svg = svg_read("a.svg");
    picture png = picture_read("a.png");
    struct found found = {0};
    ck_assert_int_eq(each_dot(svg, DATA_DOT, take, &found), 6);
    for (int i = 0; i < 6; i++) {
        const struct frame f = frame_of(svg, i / 3);
        const struct ticks x = ticks_of(svg, &f, 0), y = ticks_of(svg, &f, 1);
        const float *point = panels[i / 3].points + 2 * (i % 3);
        ck_assert_double_eq_tol(found.x[i], place_of(&x, point[0]), 0.03);
        ck_assert_double_eq_tol(found.y[i], place_of(&y, point[1]), 0.03);
        const uint32_t pixel = picture_at(&png, (int)(2 * place_of(&x, point[0])), (int)(2 * place_of(&y, point[1])));
        ck_assert_msg(same_colour(pixel, on_paper(found.colour[i], found.alpha[i]), 2), "point %d is %06x", i, pixel);
    }
    free(png.pixels);
    free(svg);
}
END_TEST

START_TEST(both_axes_have_one_scale)
{
    const elbo_scatter_panel panel = {.points = (const float[]){0, 0, 100, 1, 50, -2}, .n = 3};
    write_both(&panel, 1, 0, NULL);
    char *svg = svg_read("a.svg");
    const struct frame f = frame_of(svg, 0);
    const struct ticks x = ticks_of(svg, &f, 0), y = ticks_of(svg, &f, 1);
    ck_assert_double_eq_tol(f.right - f.left, f.bottom - f.top, 0.01);
    ck_assert_double_eq_tol(place_of(&x, 1e4) - place_of(&x, 0), place_of(&y, 0) - place_of(&y, 1e4), 5);
    free(svg);
}
END_TEST

/* Far apart and tiny, all in one place, and all that floats can be. */
START_TEST(every_range_has_round_ticks_in_the_frame_and_its_points_too)
{
    static const float rows[][4] = {
        {0, 0, 1, 1},
        {5, 5, 5, 5},
        {0, 0, 0, 0},
        {-3e38f, 3e38f, 3e38f, -3e38f},
        {0, 0, 1e-45f, 3e-45f},
        {1e6f, 7, 1e6f, 8},
        {16777216, 1, 16777214, 0},
        {1e30f, 1e-30f, 1e30f, 2e-30f},
        {-1e-7f, 3, 1e-7f, 3},
        {123456, -9, 234567, 1},
        {0.001f, 0, 0.0012f, 0},
        {-7, -7, -7.01f, -7.03f},
        {2e-30f, 3e-30f, 2e-30f, 3e-30f},
    };
    double largest = 0;
    for (int i = 0; i < 4; i++)
        largest = fmax(largest, fabs(rows[_i][i]));
    const elbo_scatter_panel panel = {.points = rows[_i], .n = 2};
    write_both(&panel, 1, 0, NULL);
    char *svg = svg_read("a.svg");
    ck_assert(!strstr(svg, "nan") && !strstr(svg, "inf"));
    const struct frame f = frame_of(svg, 0);
    for (int axis = 0; axis < 2; axis++) {
        const struct ticks t = ticks_of(svg, &f, axis);
        ck_assert_int_ge(t.count, 1);
        for (int i = 0; i < t.count; i++) {
            const double low = axis == 0 ? f.left : f.top, high = axis == 0 ? f.right : f.bottom;
            ck_assert(t.at[i] > low - 0.01 && t.at[i] < high + 0.01);
            if (i == 0)
                continue;
            const double step = t.value[i] - t.value[i - 1], digit = step / pow(10, floor(log10(step) + 1e-6));
            ck_assert_msg(fabs(digit - 1) < 1e-3 || fabs(digit - 2) < 1e-3 || fabs(digit - 5) < 1e-3, "step %g", step);
            ck_assert(largest == 0 || step <= largest); /* else nobody could read where they are */
        }
    }
    struct found found = {0};
    ck_assert_int_eq(each_dot(svg, DATA_DOT, take, &found), 2);
    for (int i = 0; i < 2; i++)
        ck_assert(found.x[i] > f.left + 5 && found.x[i] < f.right - 5 && found.y[i] > f.top + 5 &&
                  found.y[i] < f.bottom - 5);
    free(svg);
}
END_TEST

/* ---- classes ----------------------------------------------------------------------------------------------------- */

START_TEST(each_class_has_its_colour_in_legend_and_plot_of_both_formats)
{
    float points[2 * 20];
    int labels[20];
    for (int i = 0; i < 20; i++) {
        labels[i] = 19 - i;
        points[2 * i] = (float)i + 0.27f;
        points[2 * i + 1] = (float)(i * 7 % 20) + 0.27f;
    }
    const elbo_scatter_panel panel = {.points = points, .labels = labels, .n = 20};
    write_both(&panel, 1, 20, NULL);
    char *svg = svg_read("a.svg");
    picture png = picture_read("a.png");
    struct found legend = {0}, data = {0};
    ck_assert_int_eq(each_dot(svg, LEGEND_DOT, take, &legend), 20);
    ck_assert_int_eq(each_dot(svg, DATA_DOT, take, &data), 20);
    const struct frame f = frame_of(svg, 0);
    const struct ticks x = ticks_of(svg, &f, 0);
    for (int i = 0; i < 20; i++) {
        ck_assert_uint_eq(picture_at(&png, (int)(2 * legend.x[i]), (int)(2 * legend.y[i])), legend.colour[i]);
        for (int j = 0; j < i; j++)
            ck_assert_uint_ne(legend.colour[i], legend.colour[j]);
        int at = 0; /* the dot of class i, which is the point 19 - i */
        while (at < 20 && data.colour[at] != legend.colour[i])
            at++;
        ck_assert_int_lt(at, 20);
        ck_assert_double_eq_tol(data.x[at], place_of(&x, points[2 * (19 - i)]), 0.03);
        ck_assert(same_colour(picture_at(&png, (int)(2 * data.x[at]), (int)(2 * data.y[at])),
                              on_paper(data.colour[at], data.alpha[at]), 2));
    }
    free(png.pixels);
    free(svg);
}
END_TEST

static int texts_that_say(const char *svg, const char *words)
{
    int count = 0;
    for (const char *at = svg_next(svg, "text"); at; at = svg_next(at, "text"))
        count += strcmp(svg_content(at).text, words) == 0;
    return count;
}

START_TEST(the_legend_names_the_classes_once_for_all_panels)
{
    static const char *const class_names[] = {"Trouser", "A < B", "a name that is longer than any legend has room for"};
    static const int labels[] = {2, 0, 1};
    const elbo_scatter_panel panels[] = {{.points = few, .labels = labels, .n = 3}, {.points = few, .n = 3}};
    write_both(panels, 2, 3, class_names);
    char *svg = svg_read("a.svg");
    ck_assert_int_eq(texts_that_say(svg, "Trouser"), 1);
    ck_assert_int_eq(texts_that_say(svg, "A &lt; B"), 1);
    ck_assert_int_eq(texts_that_say(svg, class_names[2]), 0);
    ck_assert_ptr_nonnull(strstr(svg, ">a name that is longer"));
    ck_assert_ptr_nonnull(strstr(svg, "...</text>"));
    ck_assert_ptr_nonnull(strstr(svg, "<title>a name that is longer than any legend has room for</title>"));
    free(svg);
    write_both(panels + 1, 1, 3, class_names); /* no labels, no legend */
    svg = svg_read("a.svg");
    ck_assert_int_eq(texts_that_say(svg, "Trouser"), 0);
    free(svg);
}
END_TEST

START_TEST(more_than_twenty_classes_are_counted_not_listed)
{
    static const int labels[] = {0, 20, 7};
    const elbo_scatter_panel panel = {.points = few, .labels = labels, .n = 3};
    write_both(&panel, 1, 21, NULL);
    char *svg = svg_read("a.svg");
    struct found found = {0};
    ck_assert_int_eq(each_dot(svg, LEGEND_DOT, take, &found), 0);
    ck_assert_int_eq(each_dot(svg, DATA_DOT, take, &found), 3);
    ck_assert_int_eq(texts_that_say(svg, "21 classes"), 1);
    free(svg);
}
END_TEST

struct order {
    int count, total;
    uint32_t colours[3];
    int last_tenth[3];
};

static void note_order(const char *group, double x, double y, void *user)
{
    struct order *order = user;
    (void)x, (void)y;
    const uint32_t colour = svg_colour(group, "fill");
    int label = 0;
    while (label < 2 && order->colours[label] && order->colours[label] != colour)
        label++;
    order->colours[label] = colour;
    order->last_tenth[label] += order->count++ >= order->total * 9 / 10;
}

/* Three clouds in one place: what is on top is of all of them, although the labels come in blocks. */
START_TEST(no_class_hides_the_others)
{
    enum { N = 3000 };
    static float points[2 * N];
    static int labels[N];
    numbers random = {1};
    for (int i = 0; i < N; i++) {
        labels[i] = i / (N / 3);
        points[2 * i] = (float)numbers_between(&random, 0, 1);
        points[2 * i + 1] = (float)numbers_between(&random, 0, 1);
    }
    const elbo_scatter_panel panel = {.points = points, .labels = labels, .n = N};
    write_both(&panel, 1, 3, NULL);
    char *svg = svg_read("a.svg");
    struct order order = {.total = N};
    ck_assert_int_eq(each_dot(svg, DATA_DOT, note_order, &order), N);
    for (int label = 0; label < 3; label++)
        ck_assert_msg(order.last_tenth[label] > 0 && order.last_tenth[label] < N / 10 * 2 / 3, "class %d has %d on top",
                      label, order.last_tenth[label]);
    free(svg);
}
END_TEST

/* ---- the page ---------------------------------------------------------------------------------------------------- */

/* Ten clouds as a test set has them. */
static float cloud[2 * 10000];
static int cloud_labels[10000];

static elbo_scatter_panel cloud_panel(int64_t n)
{
    numbers random = {2};
    for (int64_t i = 0; i < 2 * n; i++) {
        cloud_labels[i / 2] = (int)(i / 2 % 10);
        cloud[i] = (float)(i / 2 % 10 * (i % 2 ? 3 : 1) % 10 + 3 * numbers_between(&random, -1, 1));
    }
    return (elbo_scatter_panel){.points = cloud, .labels = cloud_labels, .n = n};
}

START_TEST(ten_thousand_points_make_a_small_file_and_smaller_dots)
{
    double radius[2], alpha[2];
    for (int i = 0; i < 2; i++) {
        const elbo_scatter_panel panel = cloud_panel(i == 0 ? 100 : 10000);
        write_both(&panel, 1, 10, NULL);
        char *svg = svg_read("a.svg");
        ck_assert_uint_lt(strlen(svg), 1000000);
        const char *group = svg_next(svg, "g");
        while (isnan(svg_number(group, "fill-opacity")))
            group = svg_next(group, "g");
        alpha[i] = svg_number(group, "fill-opacity");
        radius[i] = svg_number(svg_next(group, "circle"), "r");
        free(svg);
    }
    ck_assert(radius[1] < 0.7 * radius[0] && radius[1] > 0.7);
    ck_assert(alpha[1] < 0.7 * alpha[0] && alpha[1] > 0.1 && alpha[0] < 1);
}
END_TEST

/* Long texts and numbers everywhere: the outermost pixels stay white. */
START_TEST(nothing_reaches_the_edge_of_the_page)
{
    char words[400];
    memset(words, 'W', sizeof words - 1);
    words[sizeof words - 1] = '\0';
    const char *const class_names[] = {words, words, words, words};
    static const float wide[] = {1e30f, 1e-30f, 1e30f, 2e-30f}, deep[] = {-123456, -234567, -123450, -234560};
    static const int labels[] = {0, 3};
    for (int count = 1; count <= 4; count++) {
        elbo_scatter_panel panels[4];
        for (int i = 0; i < 4; i++)
            panels[i] = (elbo_scatter_panel){words, words, words, i % 2 ? deep : wide, _i % 2 ? labels : NULL, 2};
        if (_i >= 2)
            panels[0].y_label = panels[0].x_label = panels[0].title = NULL;
        write_both(panels, count, 4, class_names);
        picture png = picture_read("a.png");
        char *svg = svg_read("a.svg");
        const double edges = picture_ink(&png, 0, 0, png.width, 6) +
                             picture_ink(&png, 0, png.height - 6, png.width, png.height) +
                             picture_ink(&png, 0, 0, 6, png.height) +
                             picture_ink(&png, png.width - 6, 0, png.width, png.height);
        ck_assert_msg(edges == 0, "%d panels: ink %g at the edge", count, edges);
        ck_assert_int_eq(png.width, (int)ceil(2 * svg_number(svg, "width")));
        ck_assert_int_eq(png.height, (int)ceil(2 * svg_number(svg, "height")));
        free(png.pixels);
        free(svg);
    }
}
END_TEST

START_TEST(texts_are_escaped_and_the_page_has_a_title)
{
    const elbo_scatter_panel panels[] = {
        {.points = few, .n = 3, .title = "<b>&\"x\"\n\xff", .x_label = "z\xe2\x82\x81 & z", .y_label = "</text>"},
        {.points = few, .n = 3, .title = "Test"}};
    write_both(panels, 2, 0, NULL);
    char *svg = svg_read("a.svg");
    ck_assert_int_eq(texts_that_say(svg, "&lt;b&gt;&amp;&quot;x&quot;\xef\xbf\xbd\xef\xbf\xbd"), 1);
    ck_assert_int_eq(texts_that_say(svg, "z\xe2\x82\x81 &amp; z"), 1);
    ck_assert_int_eq(texts_that_say(svg, "&lt;/text&gt;"), 1);
    ck_assert_str_eq(svg_content(svg_next(svg, "title")).text,
                     "Scatter plot: &lt;b&gt;&amp;&quot;x&quot;\xef\xbf\xbd\xef\xbf\xbd, Test");
    ck_assert_str_eq(svg_attribute(svg, "role").text, "img");
    free(svg);
}
END_TEST

/* ---- refusals ---------------------------------------------------------------------------------------------------- */

START_TEST(the_end_of_the_path_chooses_the_format)
{
    static const char *const others[] = {"a", "a.jpg", "a.svg.gz", "asvg", "a.PNG", "a.sv", "svg"};
    const elbo_scatter_panel panel = {.points = few, .n = 3};
    write_both(&panel, 1, 0, NULL);
    free(svg_read("a.svg"));
    free(picture_read("a.png").pixels);
    for (int i = 0; i < 7; i++)
        assert_error(elbo_scatter(scratch_path(others[i]), &panel, 1, 0, NULL), ELBO_INVALID, scratch_path(others[i]),
                     ": the name of a figure ends in .svg or .png");
    ck_assert_int_eq(scratch_entries(), 2);
}
END_TEST

START_TEST(what_cannot_be_drawn_is_refused_by_name)
{
    static const float bad[] = {0, 1, 2, NAN, -INFINITY, 3};
    static const int labels[] = {0, 1, 2}, negative[] = {0, -1, 1};
    const struct {
        int count, classes;
        elbo_scatter_panel second;
        const char *reason;
    } rows[] = {
        {0, 3, {.points = few, .n = 3}, "1 to 4 panels, not 0"},
        {5, 3, {.points = few, .n = 3}, "1 to 4 panels, not 5"},
        {-1, 3, {.points = few, .n = 3}, "1 to 4 panels, not -1"},
        {2, 3, {.points = few, .n = 0}, "panel 2 has no points"},
        {2, 3, {.points = few, .n = -3}, "panel 2 has no points"},
        {2, 3, {.n = 3}, "panel 2 has no points"},
        {2, 3, {.points = bad, .n = 3}, "panel 2: point 1 is not finite"},
        {2, 3, {.points = bad + 2, .n = 2}, "panel 2: point 0 is not finite"},
        {2, 3, {.points = bad + 4, .n = 1}, "panel 2: point 0 is not finite"},
        {2, 2, {.points = few, .labels = labels, .n = 3}, "panel 2: point 2 has the label 2, which is not in 0..1"},
        {2, 2, {.points = few, .labels = negative, .n = 3}, "panel 2: point 1 has the label -1"},
        {2, 0, {.points = few, .labels = labels, .n = 3}, "1 to 65536 classes, not 0"},
        {2, 65537, {.points = few, .labels = labels, .n = 3}, "1 to 65536 classes, not 65537"},
    };
    ck_assert_int_lt(_i, (int)(sizeof rows / sizeof rows[0]));
    const elbo_scatter_panel panels[] = {{.points = few, .n = 3}, rows[_i].second};
    for (int i = 0; i < 2; i++)
        assert_error(elbo_scatter(scratch_path(names[i]), panels, rows[_i].count, rows[_i].classes, NULL), ELBO_INVALID,
                     scratch_path(names[i]), rows[_i].reason);
    ck_assert_int_eq(scratch_entries(), 0);
}
END_TEST

START_TEST(a_path_that_cannot_be_written_leaves_nothing_behind)
{
    const elbo_scatter_panel panel = cloud_panel(1000);
    for (int i = 0; i < 2; i++) {
        scratch_write(names[i], "old", 3);
        scratch_disk_full(5000);
        elbo_status status = elbo_scatter(scratch_path(names[i]), &panel, 1, 10, NULL);
        scratch_disk_free();
        assert_error(status, ELBO_IO, scratch_path(names[i]), "cannot write");
        scratch_assert_bytes(names[i], "old", 3);
    }
    ck_assert_int_eq(scratch_entries(), 2);
    assert_error(elbo_scatter(scratch_path("b/a.svg"), &panel, 1, 10, NULL), ELBO_IO, scratch_path("b/a.svg"),
                 "No such file");
    assert_error(elbo_scatter(scratch_path("b/a.png"), &panel, 1, 10, NULL), ELBO_IO, scratch_path("b/a.png"),
                 "No such file");
}
END_TEST

static const char *file;

static elbo_status write_panels(void)
{
    static const char *const class_names[] = {"one", "two", "three"};
    static const int labels[] = {0, 1, 2};
    const elbo_scatter_panel panels[] = {{"title", "x", "y", few, labels, 3}, {"other", NULL, NULL, few, NULL, 3}};
    return elbo_scatter(scratch_path(file), panels, 2, 3, class_names);
}

START_TEST(plots_survive_failing_allocations)
{
    file = names[_i];
    assert_survives_failing_allocations(write_panels);
    ck_assert_int_eq(scratch_entries(), 1);
}
END_TEST

Suite *suite_io_figure(void)
{
    Suite *suite = suite_create("io_figure");

    TCase *points = tcase_create("points");
    tcase_add_checked_fixture(points, scratch_setup, scratch_teardown);
    tcase_add_test(points, a_point_lies_where_the_axes_say);
    tcase_add_test(points, both_axes_have_one_scale);
    tcase_add_loop_test(points, every_range_has_round_ticks_in_the_frame_and_its_points_too, 0, 13);
    tcase_add_test(points, each_class_has_its_colour_in_legend_and_plot_of_both_formats);
    tcase_add_test(points, the_legend_names_the_classes_once_for_all_panels);
    tcase_add_test(points, more_than_twenty_classes_are_counted_not_listed);
    tcase_add_test(points, no_class_hides_the_others);
    suite_add_tcase(suite, points);

    TCase *page = tcase_create("page");
    tcase_add_checked_fixture(page, scratch_setup, scratch_teardown);
    tcase_add_test(page, ten_thousand_points_make_a_small_file_and_smaller_dots);
    tcase_add_loop_test(page, nothing_reaches_the_edge_of_the_page, 0, 4);
    tcase_add_test(page, texts_are_escaped_and_the_page_has_a_title);
    suite_add_tcase(suite, page);

    TCase *refusals = tcase_create("refusals");
    tcase_add_checked_fixture(refusals, scratch_setup, scratch_teardown);
    tcase_add_test(refusals, the_end_of_the_path_chooses_the_format);
    tcase_add_loop_test(refusals, what_cannot_be_drawn_is_refused_by_name, 0, 13);
    tcase_add_test(refusals, a_path_that_cannot_be_written_leaves_nothing_behind);
    tcase_add_loop_test(refusals, plots_survive_failing_allocations, 0, 2);
    suite_add_tcase(suite, refusals);
    return suite;
}
