/* Curves and bars, read back from the files and compared with what their own axes say. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../io/figure.h"
#include "pictures.h"
#include "plots.h"
#include "scratch.h"
#include "suites.h"

static const char *const names[] = {"a.svg", "a.png"};
enum { FIRST = 0x2b6cb8, SECOND = 0xf0871a };

static void write_curves(const elbo_curve_plot *plot)
{
    for (int i = 0; i < 2; i++)
        ck_assert_msg(elbo_curves(scratch_path(names[i]), plot) == ELBO_OK, "%s", elbo_error());
}

static void write_bars(const elbo_bar_plot *plot)
{
    for (int i = 0; i < 2; i++)
        ck_assert_msg(elbo_bars(scratch_path(names[i]), plot) == ELBO_OK, "%s", elbo_error());
}

/* The next line of this colour behind `at`, or NULL. */
static const char *next_line(const char *at, uint32_t colour)
{
    for (at = svg_next(at, "polyline"); at && svg_colour(at, "stroke") != colour;)
        at = svg_next(at, "polyline");
    return at;
}

/* The points of a line: how many. */
static int points_of(const char *line, double *out)
{
    const svg_value points = svg_attribute(line, "points");
    const char *text = points.text;
    int n = 0;
    for (char *end; *text; text = *end ? end + 1 : end) {
        out[n++] = scratch_number(text, &end);
        ck_assert_ptr_ne(end, text);
    }
    ck_assert_int_eq(n % 2, 0);
    return n / 2;
}

/* How many texts of the drawing say just this. */
static int texts_that_say(const char *svg, const char *words)
{
    int count = 0;
    for (const char *at = svg_next(svg, "text"); at; at = svg_next(at, "text"))
        count += strcmp(svg_content(at).text, words) == 0;
    return count;
}

/* ---- curves ------------------------------------------------------------------------------------------------------ */

static const double rising[] = {1.3, 2.6, 3.9, 9.1, 10.4, 12.7}, falling[] = {164.2, 121.9, 115.3, 109.5, 108.8, 108.1};

START_TEST(a_curve_runs_through_its_points_in_both_formats)
{
    const elbo_curve curves[] = {{"loss", rising, falling, 6}};
    write_curves(&(elbo_curve_plot){"Loss", "x", "nats", curves, 1, false});
    char *svg = svg_read("a.svg");
    picture png = picture_read("a.png");
    const struct frame f = frame_of(svg, 0);
    const struct ticks x = ticks_of(svg, &f, 0), y = ticks_of(svg, &f, 1);
    double at[12];
    ck_assert_int_eq(points_of(next_line(svg, FIRST), at), 6);
    for (int i = 0; i < 6; i++) {
        ck_assert_double_eq_tol(at[2 * i], place_of(&x, rising[i]), 0.03);
        ck_assert_double_eq_tol(at[2 * i + 1], place_of(&y, falling[i]), 0.03);
        ck_assert(at[2 * i] > f.left + 2 && at[2 * i] < f.right - 2 && at[2 * i + 1] > f.top + 2 &&
                  at[2 * i + 1] < f.bottom - 2);
        ck_assert_uint_eq(picture_at(&png, (int)(2 * at[2 * i]), (int)(2 * at[2 * i + 1])), FIRST);
    }
    free(png.pixels);
    free(svg);
}
END_TEST

START_TEST(without_x_points_are_numbered_from_1_in_whole_numbers)
{
    const elbo_curve curves[] = {{NULL, NULL, falling, 3}};
    write_curves(&(elbo_curve_plot){NULL, NULL, NULL, curves, 1, false});
    char *svg = svg_read("a.svg");
    const struct frame f = frame_of(svg, 0);
    const struct ticks x = ticks_of(svg, &f, 0);
    ck_assert_int_eq(x.count, 3);
    for (int i = 0; i < 3; i++) {
        double at[6];
        ck_assert_double_eq(x.value[i], i + 1);
        points_of(next_line(svg, FIRST), at);
        ck_assert_double_eq_tol(at[2 * i], x.at[i], 0.03);
    }
    free(svg);
}
END_TEST

static void count_dot(const char *group, double x, double y, void *user)
{
    (void)x, (void)y;
    *(int *)user += svg_colour(group, "fill") == FIRST;
}

START_TEST(a_figure_that_is_missing_leaves_a_gap_and_a_lonely_one_is_a_dot)
{
    double y[26];
    for (int i = 0; i < 26; i++)
        y[i] = i;
    y[10] = NAN;
    y[12] = -INFINITY; /* so that 11 is alone */
    const elbo_curve curves[] = {{NULL, NULL, y, 26}};
    write_curves(&(elbo_curve_plot){NULL, NULL, NULL, curves, 1, false});
    char *svg = svg_read("a.svg");
    double at[52];
    const char *line = next_line(svg, FIRST);
    ck_assert_int_eq(points_of(line, at), 10);
    line = next_line(line, FIRST);
    ck_assert_int_eq(points_of(line, at), 13);
    ck_assert_ptr_null(next_line(line, FIRST));
    int dots = 0;
    each_dot(svg, LEGEND_DOT, count_dot, &dots);
    ck_assert_int_eq(dots, 1);
    free(svg);
}
END_TEST

START_TEST(one_point_alone_is_drawn)
{
    const elbo_curve curves[] = {{NULL, NULL, falling, 1}};
    for (int log_y = 0; log_y < 2; log_y++) {
        write_curves(&(elbo_curve_plot){NULL, NULL, NULL, curves, 1, log_y});
        char *svg = svg_read("a.svg");
        int dots = 0;
        each_dot(svg, LEGEND_DOT, count_dot, &dots);
        ck_assert_int_eq(dots, 1);
        ck_assert_ptr_nonnull(strstr(svg, "r=\"4.5\"")); /* which no line leads to */
        const struct frame f = frame_of(svg, 0);
        const struct ticks x = ticks_of(svg, &f, 0);
        ck_assert_int_eq(x.count, 1); /* the number that there is, and none beside it */
        ck_assert_double_eq(x.value[0], 1);
        free(svg);
    }
}
END_TEST

START_TEST(the_legend_names_the_curves_in_their_colours)
{
    const elbo_curve curves[] = {{"training", NULL, falling, 6},
                                 {"a < b", NULL, rising, 6},
                                 {NULL, NULL, rising, 2},
                                 {"none yet", NULL, NULL, 0}};
    write_curves(&(elbo_curve_plot){"T", NULL, NULL, curves, 4, false});
    char *svg = svg_read("a.svg");
    ck_assert_int_eq(texts_that_say(svg, "training"), 1);
    ck_assert_int_eq(texts_that_say(svg, "a &lt; b"), 1);
    ck_assert_int_eq(texts_that_say(svg, "none yet"), 1);
    const struct frame f = frame_of(svg, 0);
    static const uint32_t colours[] = {FIRST, SECOND, 0xd6303a};
    const char *group = svg;
    for (int i = 0; i < 3; i++) {
        group = svg_next(group, "g");
        ck_assert_uint_eq(svg_colour(group, "fill"), colours[i]);
        ck_assert(svg_number(svg_next(group, "circle"), "cy") < f.top); /* above the frame */
    }
    free(svg);
}
END_TEST

/* 24 names do not fit beside each other: they take rows, within the page. */
START_TEST(many_names_take_rows)
{
    char words[24][32];
    elbo_curve curves[24];
    for (int i = 0; i < 24; i++) {
        snprintf(words[i], sizeof words[i], "runs/a-rather-long-name-%d", i);
        curves[i] = (elbo_curve){words[i], NULL, falling, 6};
    }
    write_curves(&(elbo_curve_plot){"T", NULL, NULL, curves, 24, false});
    char *svg = svg_read("a.svg");
    const struct frame f = frame_of(svg, 0);
    int named = 0;
    for (const char *at = svg_next(svg, "text"); at; at = svg_next(at, "text"))
        if (strncmp(svg_content(at).text, "runs/", 5) == 0) {
            named++;
            ck_assert(svg_number(at, "x") >= f.left && svg_number(at, "x") < f.right);
            ck_assert(svg_number(at, "y") > 0 && svg_number(at, "y") < f.top);
        }
    ck_assert_int_eq(named, 24);
    free(svg);
}
END_TEST

/* ---- logarithms -------------------------------------------------------------------------------------------------- */

START_TEST(on_a_logarithmic_scale_equal_factors_are_equal_ways)
{
    static const double y[] = {0.003, 0.3, 0, 30, -1, 3000};
    const elbo_curve curves[] = {{NULL, NULL, y, 6}};
    write_curves(&(elbo_curve_plot){NULL, NULL, NULL, curves, 1, true});
    char *svg = svg_read("a.svg");
    const struct frame f = frame_of(svg, 0);
    const struct ticks t = ticks_of(svg, &f, 1);
    double at[12];
    ck_assert_int_ge(t.count, 3);
    for (int i = 0; i < t.count; i++)
        ck_assert_double_eq_tol(log10(t.value[i]), round(log10(t.value[i])), 1e-9);
    for (int i = 1; i + 1 < t.count; i++)
        ck_assert_double_eq_tol(t.at[i] - t.at[i + 1], t.at[i - 1] - t.at[i], 0.03);
    ck_assert_double_gt(t.at[0] - t.at[1], 20);
    const double decade = (t.at[1] - t.at[0]) / (log10(t.value[1]) - log10(t.value[0]));
    ck_assert_int_eq(points_of(next_line(svg, FIRST), at), 2); /* 0 and -1 have no place on it */
    ck_assert_double_eq_tol(at[1], t.at[0] + decade * (log10(0.003) - log10(t.value[0])), 0.1);
    ck_assert_double_eq_tol(at[3] - at[1], 2 * decade, 0.1);
    free(svg);
}
END_TEST

START_TEST(every_range_of_figures_has_ticks_and_its_points_in_the_frame)
{
    static const double rows[][2] = {{1, 1},       {0, 0},         {1e-9, 1e300}, {-1e300, 1e300}, {5e-324, 1e-300},
                                     {1.5, 1.6},   {1e6, 1e6 + 1}, {1e30, 2e30},  {-3, -2},        {-110.25, -110.2},
                                     {1e-5, 3e-5}, {0.9, 9.1},     {123, 456},    {2e-300, 1e-290}};
    const elbo_curve curves[] = {{NULL, NULL, rows[_i], 2}};
    for (int log_y = 0; log_y <= (rows[_i][0] > 1e-300); log_y++) {
        write_curves(&(elbo_curve_plot){NULL, NULL, NULL, curves, 1, log_y});
        char *svg = svg_read("a.svg");
        ck_assert(!strstr(svg, "nan") && !strstr(svg, "inf"));
        const struct frame f = frame_of(svg, 0);
        const struct ticks t = ticks_of(svg, &f, 1);
        double at[4];
        ck_assert_int_ge(t.count, 1);
        for (int i = 0; i < t.count; i++)
            ck_assert(t.at[i] > f.top - 0.1 && t.at[i] < f.bottom + 0.1);
        ck_assert_int_eq(points_of(next_line(svg, FIRST), at), 2);
        for (int i = 0; i < 2; i++)
            ck_assert(at[2 * i + 1] > f.top && at[2 * i + 1] < f.bottom);
        free(svg);
    }
}
END_TEST

/* ---- bars -------------------------------------------------------------------------------------------------------- */

START_TEST(bars_stand_on_zero_and_end_at_their_values)
{
    static const double values[] = {4.2, 0, -1.5, 0.02};
    static const bool marked[] = {true, false, true, false};
    write_bars(&(elbo_bar_plot){"KL", "dimension", "nats", values, marked, "active", "not active", 4, 7});
    char *svg = svg_read("a.svg");
    const struct frame f = frame_of(svg, 0);
    const struct ticks x = ticks_of(svg, &f, 0), y = ticks_of(svg, &f, 1);
    const char *box = svg_next(svg_next(svg, "rect"), "rect"); /* after the paper */
    ck_assert_int_eq(x.count, 4);
    for (int i = 0; i < 4; i++, box = svg_next(box, "rect")) {
        const double top = svg_number(box, "y"), bottom = top + svg_number(box, "height"),
                     middle = svg_number(box, "x") + svg_number(box, "width") / 2;
        ck_assert_double_eq(x.value[i], 7 + i);
        ck_assert_double_eq_tol(middle, x.at[i], 0.03);
        ck_assert_double_eq_tol(top, place_of(&y, fmax(0, values[i])), 0.05);
        ck_assert_double_eq_tol(bottom, place_of(&y, fmin(0, values[i])), 0.05);
        ck_assert_int_eq(svg_colour(box, "fill") == FIRST, marked[i]);
    }
    ck_assert_ptr_null(box);
    ck_assert_int_eq(texts_that_say(svg, "active"), 1);
    ck_assert_int_eq(texts_that_say(svg, "not active"), 1);
    free(svg);
    write_bars(&(elbo_bar_plot){NULL, NULL, NULL, values + 1, NULL, "active", "not active", 1, 0});
    svg = svg_read("a.svg");
    ck_assert_int_eq(texts_that_say(svg, "active"), 0); /* nothing is told apart */
    free(svg);
}
END_TEST

START_TEST(a_thousand_bars_fit_the_frame)
{
    double values[1000];
    for (int i = 0; i < 1000; i++)
        values[i] = fabs(sin(i));
    write_bars(&(elbo_bar_plot){NULL, NULL, NULL, values, NULL, NULL, NULL, 1000, 0});
    char *svg = svg_read("a.svg");
    const struct frame f = frame_of(svg, 0);
    int count = 0;
    for (const char *box = svg_next(svg_next(svg, "rect"), "rect"); box; box = svg_next(box, "rect"), count++)
        ck_assert(svg_number(box, "x") >= f.left && svg_number(box, "x") + svg_number(box, "width") <= f.right);
    ck_assert_int_eq(count, 1000);
    free(svg);
}
END_TEST

/* ---- the page ---------------------------------------------------------------------------------------------------- */

/* Long texts and numbers everywhere: the outermost pixels stay white. */
START_TEST(nothing_reaches_the_edge_of_the_page)
{
    char words[400];
    memset(words, 'W', sizeof words - 1);
    words[sizeof words - 1] = '\0';
    static const double wide[] = {-1.2345e-30, 123456.7}, x[] = {999999.5, 1e6};
    const elbo_curve curves[] = {{words, x, wide, 2}, {words, x, wide, 2}};
    if (_i == 0)
        write_curves(&(elbo_curve_plot){words, words, words, curves, 2, false});
    else if (_i == 1)
        write_curves(&(elbo_curve_plot){NULL, NULL, NULL, curves, 1, true});
    else
        write_bars(&(elbo_bar_plot){words, words, words, wide, (const bool[]){true, false}, words, words, 2, 0});
    picture png = picture_read("a.png");
    char *svg = svg_read("a.svg");
    const double edges = picture_ink(&png, 0, 0, png.width, 6) +
                         picture_ink(&png, 0, png.height - 6, png.width, png.height) +
                         picture_ink(&png, 0, 0, 6, png.height) +
                         picture_ink(&png, png.width - 6, 0, png.width, png.height);
    ck_assert_msg(edges == 0, "ink %g at the edge", edges);
    ck_assert_int_eq(png.width, (int)ceil(2 * svg_number(svg, "width")));
    ck_assert_int_eq(png.height, (int)ceil(2 * svg_number(svg, "height")));
    free(png.pixels);
    free(svg);
}
END_TEST

/* ---- refusals ---------------------------------------------------------------------------------------------------- */

START_TEST(curves_that_cannot_be_drawn_are_refused_by_name)
{
    static const double none[] = {NAN, INFINITY}, negative[] = {0, -1}, far[] = {1, 2e300}, fine[] = {1, 2};
    const struct {
        elbo_curve second;
        int count;
        bool log_y;
        const char *reason;
    } rows[] = {{{NULL, NULL, fine, 2}, 0, false, "there are no curves"},
                {{NULL, NULL, fine, 2}, -1, false, "there are no curves"},
                {{NULL, NULL, fine, -1}, 2, false, "curve 2 has no points"},
                {{NULL, NULL, NULL, 1}, 2, false, "curve 2 has no points"},
                {{NULL, NULL, far, 2}, 2, false, "curve 2: point 1 is further than 1e300 from 0"},
                {{NULL, far, fine, 2}, 2, false, "curve 2: point 1 is further than 1e300 from 0"},
                {{NULL, NULL, none, 2}, 2, false, "no curve has a point that can be drawn"},
                {{NULL, none, fine, 2}, 2, false, "no curve has a point that can be drawn"},
                {{NULL, NULL, negative, 2}, 2, true, "no curve has a point that can be drawn"}};
    ck_assert_int_lt(_i, (int)(sizeof rows / sizeof rows[0]));
    const elbo_curve curves[] = {{NULL, NULL, none, 2}, rows[_i].second};
    for (int i = 0; i < 2; i++)
        assert_error(
            elbo_curves(scratch_path(names[i]),
                        &(elbo_curve_plot){.curves = curves, .count = rows[_i].count, .log_y = rows[_i].log_y}),
            ELBO_INVALID, scratch_path(names[i]), rows[_i].reason);
    ck_assert_int_eq(scratch_entries(), 0);
}
END_TEST

START_TEST(bars_that_cannot_be_drawn_are_refused_by_name)
{
    static const double values[] = {1, NAN, -2e300};
    const char *path = scratch_path("a.svg");
    assert_error(elbo_bars(path, &(elbo_bar_plot){.values = values}), ELBO_INVALID, path, "there are no bars");
    assert_error(elbo_bars(path, &(elbo_bar_plot){.n = 1}), ELBO_INVALID, path, "there are no bars");
    assert_error(elbo_bars(path, &(elbo_bar_plot){.values = values, .n = 2}), ELBO_INVALID, path,
                 "bar 1 is not finite");
    assert_error(elbo_bars(path, &(elbo_bar_plot){.values = values + 2, .n = 1}), ELBO_INVALID, path,
                 "bar 0 is further than 1e300 from 0");
    path = scratch_path("a.gif");
    assert_error(elbo_bars(path, &(elbo_bar_plot){.values = values, .n = 1}), ELBO_INVALID, path,
                 "the name of a figure ends in .svg or .png");
    ck_assert_int_eq(scratch_entries(), 0);
}
END_TEST

static const char *file;

static elbo_status draw_curves(void)
{
    const elbo_curve curves[] = {{"one", NULL, rising, 6}, {"two", NULL, falling, 6}};
    return elbo_curves(scratch_path(file), &(elbo_curve_plot){"title", "x", "y", curves, 2, false});
}

static elbo_status draw_bars(void)
{
    return elbo_bars(scratch_path(file), &(elbo_bar_plot){"title", "x", "y", rising, NULL, NULL, NULL, 6, 0});
}

START_TEST(curves_and_bars_survive_failing_allocations)
{
    file = names[_i];
    assert_survives_failing_allocations(draw_curves);
    assert_survives_failing_allocations(draw_bars);
    ck_assert_int_eq(scratch_entries(), 1);
}
END_TEST

Suite *suite_io_curves(void)
{
    Suite *suite = suite_create("io_curves");

    TCase *curves = tcase_create("curves");
    tcase_add_checked_fixture(curves, scratch_setup, scratch_teardown);
    tcase_add_test(curves, a_curve_runs_through_its_points_in_both_formats);
    tcase_add_test(curves, without_x_points_are_numbered_from_1_in_whole_numbers);
    tcase_add_test(curves, a_figure_that_is_missing_leaves_a_gap_and_a_lonely_one_is_a_dot);
    tcase_add_test(curves, one_point_alone_is_drawn);
    tcase_add_test(curves, the_legend_names_the_curves_in_their_colours);
    tcase_add_test(curves, many_names_take_rows);
    tcase_add_test(curves, on_a_logarithmic_scale_equal_factors_are_equal_ways);
    tcase_add_loop_test(curves, every_range_of_figures_has_ticks_and_its_points_in_the_frame, 0, 14);
    suite_add_tcase(suite, curves);

    TCase *bars = tcase_create("bars");
    tcase_add_checked_fixture(bars, scratch_setup, scratch_teardown);
    tcase_add_test(bars, bars_stand_on_zero_and_end_at_their_values);
    tcase_add_test(bars, a_thousand_bars_fit_the_frame);
    tcase_add_loop_test(bars, nothing_reaches_the_edge_of_the_page, 0, 3);
    suite_add_tcase(suite, bars);

    TCase *refusals = tcase_create("refusals");
    tcase_add_checked_fixture(refusals, scratch_setup, scratch_teardown);
    tcase_add_loop_test(refusals, curves_that_cannot_be_drawn_are_refused_by_name, 0, 9);
    tcase_add_test(refusals, bars_that_cannot_be_drawn_are_refused_by_name);
    tcase_add_loop_test(refusals, curves_and_bars_survive_failing_allocations, 0, 2);
    suite_add_tcase(suite, refusals);
    return suite;
}
