/* Markup with texts in it, and pictures that stand in the page itself. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../io/html.h"
#include "../io/png.h"
#include "numbers.h"
#include "scratch.h"
#include "suites.h"

/* What was written to the file a.html of the scratch folder. */
static char written[4096];

static elbo__writer *begin(void)
{
    elbo__writer *out;
    ck_assert_int_eq(elbo__writer_open(scratch_path("a.html"), &out), ELBO_OK);
    return out;
}

static const char *end(elbo__writer *out)
{
    ck_assert_int_eq(elbo__writer_commit(out), ELBO_OK);
    FILE *file = fopen(scratch_path("a.html"), "rb");
    ck_assert_ptr_nonnull(file);
    written[fread(written, 1, sizeof written - 1, file)] = '\0';
    fclose(file);
    return written;
}

START_TEST(markup_stays_and_texts_are_escaped)
{
    elbo__writer *out = begin();
    elbo__html(out, "<td title=\"%s\">%s</td> 5 %%\n", "a \"b\" & c", "</td><script>");
    ck_assert_str_eq(end(out), "<td title=\"a &quot;b&quot; &amp; c\">&lt;/td&gt;&lt;script&gt;</td> 5 %\n");
    out = begin();
    elbo__html(out, "%s%s", "", "100 %s");
    ck_assert_str_eq(end(out), "100 %s"); /* a text is no markup */
}
END_TEST

START_TEST(bytes_that_are_no_text_are_replaced)
{
    elbo__writer *out = begin();
    elbo__html_text(out, "caf\xc3\xa9 \xff\x01 z\xe2\x82\x81");
    ck_assert_str_eq(end(out), "caf\xc3\xa9 \xef\xbf\xbd\xef\xbf\xbd z\xe2\x82\x81");
}
END_TEST

/* By hand: 4 pixels wide, so four times as large; the picture begins with the signature of PNG, iVBORw0KGgo. */
START_TEST(a_picture_stands_in_the_page_with_its_size_and_its_words)
{
    unsigned char pixels[4 * 3] = {0};
    const elbo_tensor picture = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(3, 4), pixels);
    ck_assert_int_eq(elbo_png_write(scratch_path("a.png"), &picture), ELBO_OK);
    elbo__writer *out = begin();
    ck_assert_int_eq(elbo__html_picture(out, scratch_path("a.png"), "a \"b\""), ELBO_OK);
    const char *html = end(out);
    ck_assert_ptr_nonnull(strstr(html, "<img width=\"16\" height=\"12\" alt=\"a &quot;b&quot;\" "
                                       "src=\"data:image/png;base64,iVBORw0KGgo"));
}
END_TEST

START_TEST(what_is_no_picture_is_refused_by_name)
{
    elbo__writer *out = begin();
    scratch_write("b.png", "GIF89a and so on and so on and so on", 36);
    assert_error(elbo__html_picture(out, scratch_path("b.png"), ""), ELBO_FORMAT, scratch_path("b.png"), "no PNG file");
    scratch_write("b.png", "\x89PNG", 4);
    assert_error(elbo__html_picture(out, scratch_path("b.png"), ""), ELBO_FORMAT, scratch_path("b.png"), "no PNG file");
    assert_error(elbo__html_picture(out, scratch_path("none.png"), ""), ELBO_IO, scratch_path("none.png"), "No such");
    elbo__writer_abort(out);
}
END_TEST

Suite *suite_io_html(void)
{
    Suite *suite = suite_create("io_html");
    TCase *html = tcase_create("html");
    tcase_add_checked_fixture(html, scratch_setup, scratch_teardown);
    tcase_add_test(html, markup_stays_and_texts_are_escaped);
    tcase_add_test(html, bytes_that_are_no_text_are_replaced);
    tcase_add_test(html, a_picture_stands_in_the_page_with_its_size_and_its_words);
    tcase_add_test(html, what_is_no_picture_is_refused_by_name);
    suite_add_tcase(suite, html);
    return suite;
}
