/* What figures are made of: marks in both formats, the font, axes and colours. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../io/axis.h"
#include "../io/drawing.h"
#include "../io/font.h"
#include "../io/palette.h"
#include "../tensor/memory.h"
#include "pictures.h"
#include "scratch.h"
#include "suites.h"

#define BLACK ELBO__INK(0, 1)

static const elbo__text plain = {20, ELBO__START, false, {0, 1}};

/* A drawing of 100 by 80 units as a PNG: 200 by 160 pixels. */
static picture finish(elbo__drawing *drawing)
{
    drawing->width = 100;
    drawing->height = 80;
    ck_assert_int_eq(elbo__drawing_write(drawing, scratch_path("a.png")), ELBO_OK);
    elbo__drawing_free(drawing);
    const picture p = picture_read("a.png");
    ck_assert_int_eq(p.width, 200);
    ck_assert_int_eq(p.height, 160);
    return p;
}

static void assert_near(double found, double expected, double relative)
{
    ck_assert_msg(fabs(found - expected) <= relative * fabs(expected), "%g, expected %g", found, expected);
}

/* ---- marks as pixels --------------------------------------------------------------------------------------------- */

START_TEST(a_disc_has_the_ink_of_its_area)
{
    static const double radii[] = {1.5, 2.5, 10, 30};
    elbo__drawing drawing = {0};
    elbo__draw_dots(&drawing, (double[]){50.3, 39.8}, 1, radii[_i], BLACK, NULL);
    picture p = finish(&drawing);
    assert_near(picture_all_ink(&p), M_PI * 4 * radii[_i] * radii[_i], 0.03);
    ck_assert_uint_eq(picture_at(&p, 100, 79), 0x000000);
    ck_assert_uint_eq(picture_at(&p, 0, 0), 0xffffff);
    free(p.pixels);
}
END_TEST

START_TEST(a_line_has_the_ink_of_its_length_and_round_ends)
{
    elbo__drawing drawing = {0};
    elbo__draw_line(&drawing, (double[]){10, 10, 70, 55}, 2, 3, BLACK); /* 75 units long */
    picture p = finish(&drawing);
    assert_near(picture_all_ink(&p), 4 * (75 * 3 + M_PI * 1.5 * 1.5), 0.01);
    ck_assert_uint_eq(picture_at(&p, 80, 65), 0x000000); /* half way */
    free(p.pixels);
}
END_TEST

START_TEST(a_box_covers_its_pixels_in_part_at_the_edge)
{
    elbo__drawing drawing = {0};
    elbo__draw_box(&drawing, 10.25, 20, 5, 3.125, BLACK);
    picture p = finish(&drawing);
    assert_near(picture_all_ink(&p), 4 * 5 * 3.125, 0.01);
    ck_assert_uint_eq(picture_at(&p, 20, 41), 0x808080); /* from 20.5 */
    ck_assert_uint_eq(picture_at(&p, 19, 41), 0xffffff);
    ck_assert_uint_eq(picture_at(&p, 25, 46), 0xbfbfbf); /* up to 46.25 */
    free(p.pixels);
}
END_TEST

START_TEST(ink_mixes_with_what_is_below_it)
{
    elbo__drawing drawing = {0};
    elbo__draw_box(&drawing, 0, 0, 100, 80, ELBO__INK(0x0000ff, 1));
    elbo__draw_dots(&drawing, (double[]){30, 30, 32, 30}, 2, 10, ELBO__INK(0xff0000, 0.5), NULL);
    picture p = finish(&drawing);
    ck_assert_uint_eq(picture_at(&p, 0, 0), 0x0000ff);
    ck_assert_uint_eq(picture_at(&p, 42, 60), 0x800080); /* one disc of two   */
    ck_assert_uint_eq(picture_at(&p, 62, 60), 0xc00040); /* both, one by one  */
    free(p.pixels);
}
END_TEST

START_TEST(a_line_that_meets_itself_has_one_colour)
{
    elbo__drawing drawing = {0};
    elbo__draw_line(&drawing, (double[]){10, 40, 50, 40, 50, 10, 30, 10, 30, 70}, 5, 4, ELBO__INK(0x000000, 0.5));
    picture p = finish(&drawing);
    static const int places[][2] = {{30, 80}, {100, 80}, {60, 80}, {60, 20}, {60, 120}}; /* joints and a crossing */
    for (int i = 0; i < 5; i++)
        ck_assert_uint_eq(picture_at(&p, places[i][0], places[i][1]), 0x808080);
    free(p.pixels);
}
END_TEST

START_TEST(what_lies_outside_is_cut_off)
{
    elbo__drawing drawing = {0};
    static const double far[] = {-20, 40, 1e9, 40, 50, -1e30, 50, 100};
    elbo__draw_dots(&drawing, far, 4, 15, BLACK, NULL);
    elbo__draw_line(&drawing, (double[]){-50, -10, 1e6, -10}, 2, 5, BLACK);
    elbo__draw_box(&drawing, 100, -1e9, 1e9, 2e9, BLACK);
    elbo__draw_text(&drawing, 101, 40, plain, "outside");
    elbo__draw_text(&drawing, 20, 200, plain, "below");
    picture p = finish(&drawing);
    ck_assert(picture_all_ink(&p) == 0);
    free(p.pixels);
    elbo__draw_dots(&drawing, (double[]){0, 0}, 1, 10, BLACK, NULL); /* a quarter is inside */
    elbo__draw_line(&drawing, (double[]){-1000, 40, 1000, 40}, 2, 5, BLACK);
    p = finish(&drawing);
    assert_near(picture_all_ink(&p), M_PI * 100 + 200 * 10, 0.01);
    free(p.pixels);
}
END_TEST

/* ---- texts ------------------------------------------------------------------------------------------------------- */

/* The part of a picture that has ink. */
struct box {
    int left, top, right, bottom;
};

static struct box ink_box(const picture *p)
{
    struct box box = {p->width, p->height, 0, 0};
    for (int y = 0; y < p->height; y++)
        for (int x = 0; x < p->width; x++)
            if (picture_at(p, x, y) != 0xffffff) {
                box.left = x < box.left ? x : box.left;
                box.right = x + 1 > box.right ? x + 1 : box.right;
                box.top = y < box.top ? y : box.top;
                box.bottom = y + 1;
            }
    return box;
}

static picture write_text(const char *text, double x, double y, elbo__text style)
{
    elbo__drawing drawing = {0};
    elbo__draw_text(&drawing, x, y, style, text);
    return finish(&drawing);
}

START_TEST(a_text_stands_where_its_anchor_says)
{
    static const double parts[] = {0, 0.5, 1};
    const double width = 2 * elbo__text_width("HEH", 20);
    for (int anchor = 0; anchor < 3; anchor++) {
        elbo__text style = {20, (elbo__anchor)anchor, false, {0, 1}};
        picture p = write_text("HEH", 50, 40, style);
        struct box box = ink_box(&p);
        const double left = 100 - parts[anchor] * width;
        ck_assert_int_ge(box.left, (int)left);
        ck_assert_int_le(box.right, (int)ceil(left + width));
        ck_assert_int_ge(box.right - box.left, (int)(0.85 * width));
        ck_assert_int_le(abs(box.bottom - 80), 1);
        ck_assert_int_le(abs(box.bottom - box.top - (int)(2 * 0.716 * 20)), 2); /* as high as Helvetica's capitals */
        free(p.pixels);

        style.upward = true;
        p = write_text("HEH", 50, 40, style);
        box = ink_box(&p);
        const double foot = 80 + parts[anchor] * width;
        ck_assert_int_le(box.bottom, (int)ceil(foot));
        ck_assert_int_ge(box.top, (int)(foot - width));
        ck_assert_int_ge(box.bottom - box.top, (int)(0.85 * width));
        ck_assert_int_le(abs(box.right - 100), 1);
        free(p.pixels);
    }
}
END_TEST

/* A letter that reads the same upside down would not tell: F does. */
START_TEST(an_upward_text_is_turned_to_the_left)
{
    picture p = write_text("F", 20, 60, (elbo__text){20, ELBO__START, true, {0, 1}});
    const struct box box = ink_box(&p);
    const int middle_x = (box.left + box.right) / 2, middle_y = (box.top + box.bottom) / 2;
    const double stem = picture_ink(&p, box.left, middle_y, box.right, box.bottom),
                 arms = picture_ink(&p, box.left, box.top, box.right, middle_y),
                 head = picture_ink(&p, box.left, box.top, middle_x, box.bottom),
                 foot = picture_ink(&p, middle_x, box.top, box.right, box.bottom);
    ck_assert_msg(stem > arms && head > foot, "stem %g, arms %g, head %g, foot %g", stem, arms, head, foot);
    free(p.pixels);
}
END_TEST

START_TEST(every_printable_character_has_a_glyph_of_its_own)
{
    static picture seen[96];
    char text[2] = "";
    for (int code = ' '; code <= 0x7f; code++) { /* 0x7f: the frame of what the font does not have */
        text[0] = (char)code;
        picture p = write_text(text, 20, 60, plain);
        ck_assert_msg((picture_all_ink(&p) > 0) == (code != ' '), "'%c' has ink %g", code, picture_all_ink(&p));
        for (int other = 0; other < code - ' '; other++)
            if (memcmp(p.pixels, seen[other].pixels, 3 * 200 * 160) == 0)
                ck_abort_msg("'%c' looks like '%c'", code, other + ' ');
        seen[code - ' '] = p;
    }
    for (int i = 0; i < 96; i++)
        free(seen[i].pixels);
}
END_TEST

START_TEST(a_text_twice_as_large_has_four_times_the_ink)
{
    picture small = write_text("Rag", 5, 60, plain),
            large = write_text("Rag", 5, 60, (elbo__text){40, ELBO__START, false, {0, 1}});
    assert_near(picture_all_ink(&large), 4 * picture_all_ink(&small), 0.02);
    free(small.pixels);
    free(large.pixels);
}
END_TEST

START_TEST(utf8_is_read_and_what_is_none_is_replaced)
{
    static const struct {
        const char *text;
        uint32_t codes[5]; /* up to 0 */
    } rows[] = {
        {"az~", {'a', 'z', '~'}},
        {"\xc3\xa9", {0xe9}},
        {"\xe2\x88\x92"
         "1",
         {0x2212, '1'}},
        {"\xf0\x9f\x98\x80", {0x1f600}},
        {"a\nb", {'a', ELBO__NO_CODE, 'b'}},
        {"\x7f", {ELBO__NO_CODE}},
        {"\x80"
         "a",
         {ELBO__NO_CODE, 'a'}},
        {"\xc3", {ELBO__NO_CODE}},
        {"\xe2\x88", {ELBO__NO_CODE, ELBO__NO_CODE}},
        {"\xc0\xaf", {ELBO__NO_CODE, ELBO__NO_CODE}},                                       /* '/' in two bytes */
        {"\xed\xa0\x80", {ELBO__NO_CODE, ELBO__NO_CODE, ELBO__NO_CODE}},                    /* a surrogate      */
        {"\xf4\x90\x80\x80", {ELBO__NO_CODE, ELBO__NO_CODE, ELBO__NO_CODE, ELBO__NO_CODE}}, /* beyond all     */
        {"\xef\xbf\xbf", {ELBO__NO_CODE, ELBO__NO_CODE, ELBO__NO_CODE}},                    /* U+FFFF           */
        {"\xff", {ELBO__NO_CODE}},
    };
    ck_assert_int_lt(_i, (int)(sizeof rows / sizeof rows[0]));
    const char *at = rows[_i].text;
    for (int i = 0; rows[_i].codes[i]; i++) {
        ck_assert_msg(*at != '\0', "row %d ends after %d characters", _i, i);
        ck_assert_uint_eq(elbo__text_next(&at), rows[_i].codes[i]);
    }
    ck_assert_int_eq(*at, '\0');
}
END_TEST

START_TEST(a_text_is_cut_to_fit)
{
    static const char text[] = "caf\xc3\xa9 caf\xc3\xa9 caf\xc3\xa9";
    const double all = elbo__text_width(text, 12);
    char *fitted = elbo__text_fit(text, 12, all);
    ck_assert_str_eq(fitted, text);
    elbo__free(fitted);
    for (double width = 20; width < all; width += 3) {
        fitted = elbo__text_fit(text, 12, width);
        const size_t kept = strlen(fitted) - 3;
        ck_assert_str_eq(fitted + kept, "...");
        ck_assert(strncmp(fitted, text, kept) == 0 && text[kept] != '\xa9'); /* no half of a character */
        ck_assert_double_le(elbo__text_width(fitted, 12), width);
        elbo__free(fitted);
    }
    fitted = elbo__text_fit(text, 12, 0);
    ck_assert_str_eq(fitted, "...");
    elbo__free(fitted);
}
END_TEST

/* ---- marks as SVG ------------------------------------------------------------------------------------------------ */

START_TEST(svg_says_of_each_mark_what_was_drawn)
{
    elbo__drawing drawing = {.width = 100, .height = 80.5, .title = "<A> & \"B\"\t"};
    elbo__draw_box(&drawing, -0.001, 1.999, 100, 0.1, ELBO__INK(0x0000ff, 1));
    elbo__draw_line(&drawing, (double[]){-1.25, 2, 3, 4.56789}, 2, 1.5, ELBO__INK(0x00ff00, 0.25));
    elbo__draw_dots(&drawing, (double[]){7, -0.05, 1e30, 9}, 2, 2.5, ELBO__INK(0xff0000, 0.5), "a<b");
    elbo__draw_text(&drawing, 5, 6, (elbo__text){12, ELBO__END, true, {0x123456, 1}}, "x > y");
    ck_assert_int_eq(elbo__drawing_write(&drawing, scratch_path("a.svg")), ELBO_OK);
    elbo__drawing_free(&drawing);
    char *text = svg_read("a.svg");
    const char *marks = strchr(text, '\n') + 1;
    ck_assert_str_eq(marks, "<title>&lt;A&gt; &amp; &quot;B&quot;\xef\xbf\xbd</title>\n"
                            "<rect x=\"0\" y=\"2\" width=\"100\" height=\"0.1\" fill=\"#0000ff\"/>\n"
                            "<polyline fill=\"none\" stroke=\"#00ff00\" stroke-opacity=\"0.25\" stroke-width=\"1.5\" "
                            "points=\"-1.25,2 3,4.57\"/>\n"
                            "<g fill=\"#ff0000\" fill-opacity=\"0.5\">\n"
                            "<title>a&lt;b</title>\n"
                            "<circle cx=\"7\" cy=\"-0.05\" r=\"2.5\"/>\n"
                            "<circle cx=\"1000000000\" cy=\"9\" r=\"2.5\"/>\n"
                            "</g>\n"
                            "<text x=\"5\" y=\"6\" font-size=\"12\" text-anchor=\"end\" fill=\"#123456\" "
                            "transform=\"rotate(-90 5 6)\">x &gt; y</text>\n"
                            "</svg>\n");
    ck_assert_str_eq(svg_attribute(text, "viewBox").text, "0 0 100 80.5");
    ck_assert(svg_number(text, "width") == 100 && svg_number(text, "height") == 80.5);
    free(text);
}
END_TEST

/* ---- axes and colours -------------------------------------------------------------------------------------------- */

#define M "\xe2\x88\x92"

/* The ticks worked out by hand: the multiples of the smallest round step that fits seven times at most. */
START_TEST(ticks_are_round_numbers_written_plainly)
{
    static const struct {
        double low, high;
        const char *texts[ELBO__MAX_TICKS + 1];
    } rows[] = {
        {-3.2, 4.1, {M "2", "0", "2", "4"}},
        {0, 1, {"0.0", "0.2", "0.4", "0.6", "0.8", "1.0"}},
        {-0.07, 0.051, {M "0.06", M "0.04", M "0.02", "0.00", "0.02", "0.04"}},
        {0.5, 7.5, {"1", "2", "3", "4", "5", "6", "7"}},
        {0, 7, {"0", "1", "2", "3", "4", "5", "6", "7"}},
        {-500000, 990000, {M "500000", "0", "500000"}},
        {0, 1e7, {"0", "2e6", "4e6", "6e6", "8e6", "1e7"}},
        {-1e-6, 1e-6, {M "1e" M "6", M "5e" M "7", "0", "5e" M "7", "1e" M "6"}},
        {0.0001, 0.00065, {"0.0001", "0.0002", "0.0003", "0.0004", "0.0005", "0.0006"}},
        {1.1e30, 2.3e30, {"1.2e30", "1.4e30", "1.6e30", "1.8e30", "2e30", "2.2e30"}},
        {99999.9, 100000.15, {"99999.90", "99999.95", "100000.00", "100000.05", "100000.10", "100000.15"}},
    };
    ck_assert_int_lt(_i, (int)(sizeof rows / sizeof rows[0]));
    const elbo__axis axis = elbo__axis_of(rows[_i].low, rows[_i].high, 1000, 10);
    int count = 0;
    for (; rows[_i].texts[count]; count++) {
        ck_assert_msg(count < axis.count, "no %s", rows[_i].texts[count]);
        ck_assert_str_eq(axis.ticks[count].text, rows[_i].texts[count]);
    }
    ck_assert_int_eq(axis.count, count);
}
END_TEST

/* Intervals of any place and size on axes of any length. */
START_TEST(ticks_never_touch_and_are_never_missing)
{
    for (int exponent = -45; exponent <= 38; exponent++)
        for (int i = 0; i < 40; i++) {
            const double span = (1 + 0.23 * i) * pow(10, exponent), low = span * (i % 7 - 3.3),
                         length = 250 + 10 * (i % 16);
            const elbo__axis axis = elbo__axis_of(low, low + span, length, 11);
            if (axis.count < 1 || axis.count > ELBO__MAX_TICKS)
                ck_abort_msg("%d ticks from %g for %g", axis.count, low, span);
            double end = -1e9;
            for (int k = 0; k < axis.count; k++) {
                const double at = elbo__axis_at(&axis, axis.ticks[k].value) * length,
                             half = elbo__text_width(axis.ticks[k].text, 11) / 2;
                if (at < 0 || at > length || at - half < end)
                    ck_abort_msg("tick %s at %g of %g", axis.ticks[k].text, at, length);
                end = at + half;
            }
        }
}
END_TEST

struct lab {
    double lightness, a, b;
};

/* CIELAB of sRGB in daylight, where a distance of 2 can just be seen. */
static struct lab lab_of(uint32_t rgb)
{
    static const double to_xyz[3][3] = {{0.4124, 0.3576, 0.1805}, {0.2126, 0.7152, 0.0722}, {0.0193, 0.1192, 0.9505}};
    static const double white[3] = {0.9505, 1, 1.089};
    double linear[3], f[3];
    for (int i = 0; i < 3; i++) {
        const double c = (rgb >> (16 - 8 * i) & 255) / 255.0;
        linear[i] = c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
    }
    for (int i = 0; i < 3; i++) {
        const double t = (to_xyz[i][0] * linear[0] + to_xyz[i][1] * linear[1] + to_xyz[i][2] * linear[2]) / white[i];
        f[i] = t > 0.008856 ? cbrt(t) : 7.787 * t + 16.0 / 116;
    }
    return (struct lab){116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])};
}

static double colour_distance(uint32_t a, uint32_t b)
{
    const struct lab p = lab_of(a), q = lab_of(b);
    return hypot(p.lightness - q.lightness, hypot(p.a - q.a, p.b - q.b));
}

START_TEST(colours_differ_from_each_other_and_from_paper)
{
    ck_assert_double_eq_tol(colour_distance(0xffffff, 0x000000), 100, 0.1);
    for (int i = 0; i < 1000; i++) {
        const uint32_t colour = elbo__class_colour(i);
        if (colour > 0xffffff || colour_distance(colour, 0xffffff) < 30)
            ck_abort_msg("class %d is %06x", i, colour);
        if (colour_distance(colour, elbo__class_colour(i + 1)) < 40)
            ck_abort_msg("classes %d and %d are alike", i, i + 1);
        for (int j = 0; j < i && i < 20; j++)
            if (colour_distance(colour, elbo__class_colour(j)) < (i < 10 ? 35 : 20))
                ck_abort_msg("classes %d and %d are alike", j, i);
    }
}
END_TEST

/* ---- failures ---------------------------------------------------------------------------------------------------- */

static const char *file;

static elbo_status draw_all(void)
{
    elbo__drawing drawing = {.width = 40, .height = 30, .title = "all"};
    double points[2 * 20] = {0};
    elbo__draw_box(&drawing, 0, 0, 40, 30, BLACK);
    for (int i = 0; i < 5; i++) {
        elbo__draw_dots(&drawing, points, 20, 1, BLACK, "dots");
        elbo__draw_line(&drawing, points, 20, 1, BLACK);
        elbo__draw_text(&drawing, 10, 10, plain, "text");
    }
    elbo_status status = elbo__drawing_write(&drawing, scratch_path(file));
    elbo__drawing_free(&drawing);
    return status;
}

START_TEST(drawings_survive_failing_allocations)
{
    static const char *const files[] = {"a.svg", "a.png"};
    file = files[_i];
    assert_survives_failing_allocations(draw_all);
    ck_assert_int_eq(scratch_entries(), 1);
}
END_TEST

Suite *suite_io_drawing(void)
{
    Suite *suite = suite_create("io_drawing");

    TCase *marks = tcase_create("marks");
    tcase_add_checked_fixture(marks, scratch_setup, scratch_teardown);
    tcase_add_loop_test(marks, a_disc_has_the_ink_of_its_area, 0, 4);
    tcase_add_test(marks, a_line_has_the_ink_of_its_length_and_round_ends);
    tcase_add_test(marks, a_box_covers_its_pixels_in_part_at_the_edge);
    tcase_add_test(marks, ink_mixes_with_what_is_below_it);
    tcase_add_test(marks, a_line_that_meets_itself_has_one_colour);
    tcase_add_test(marks, what_lies_outside_is_cut_off);
    tcase_add_test(marks, svg_says_of_each_mark_what_was_drawn);
    tcase_add_loop_test(marks, drawings_survive_failing_allocations, 0, 2);
    suite_add_tcase(suite, marks);

    TCase *texts = tcase_create("texts");
    tcase_add_checked_fixture(texts, scratch_setup, scratch_teardown);
    tcase_add_test(texts, a_text_stands_where_its_anchor_says);
    tcase_add_test(texts, an_upward_text_is_turned_to_the_left);
    tcase_add_test(texts, every_printable_character_has_a_glyph_of_its_own);
    tcase_add_test(texts, a_text_twice_as_large_has_four_times_the_ink);
    tcase_add_loop_test(texts, utf8_is_read_and_what_is_none_is_replaced, 0, 14);
    tcase_add_test(texts, a_text_is_cut_to_fit);
    suite_add_tcase(suite, texts);

    TCase *axes = tcase_create("axes");
    tcase_add_loop_test(axes, ticks_are_round_numbers_written_plainly, 0, 11);
    tcase_add_test(axes, ticks_never_touch_and_are_never_missing);
    tcase_add_test(axes, colours_differ_from_each_other_and_from_paper);
    suite_add_tcase(suite, axes);
    return suite;
}
