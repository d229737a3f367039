/* JPEG files of every kind, made with libjpeg, against the pixels that they were made of; and broken ones. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../io/jpeg_private.h"
#include "../tensor/walk.h"
#include "jpegs.h"
#include "scratch.h"
#include "suites.h"

enum { MOST = 1 << 16 };

static const jpeg_kind kinds[] = {
    {.width = 16, .height = 8, .channels = 1},
    {.width = 19, .height = 13, .channels = 1},
    {.width = 1, .height = 1, .channels = 1},
    {.width = 40, .height = 3, .channels = 1, .progressive = true},
    {.width = 17, .height = 40, .channels = 1, .restart = 1},
    {.width = 16, .height = 16, .channels = 3},
    {.width = 19, .height = 33, .channels = 3, .whole_colour = true},
    {.width = 33, .height = 19, .channels = 3, .progressive = true},
    {.width = 17, .height = 17, .channels = 3, .restart = 1},
    {.width = 9, .height = 9, .channels = 1, .comment = 60000},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* Blocks of 8 by 8 equal pixels, each of its own level; in colour red, green and blue differ by `tint`. */
static int level(int x, int y, int channel, int tint)
{
    return 20 + (x / 8 * 37 + y / 8 * 59) % 150 + tint * channel;
}

static void write_kind(const char *name, const jpeg_kind *kind, int tint)
{
    const int channels = kind->channels;
    unsigned char *pixels = calloc((size_t)(kind->width * kind->height), (size_t)channels);
    for (int i = 0; i < kind->width * kind->height * channels; i++)
        pixels[i] = (unsigned char)level(i / channels % kind->width, i / channels / kind->width, i % channels, tint);
    ck_assert(jpeg_write(scratch_path(name), kind, pixels));
    free(pixels);
}

static elbo_tensor read_kind(const char *name, const jpeg_kind *kind)
{
    elbo_tensor tensor;
    elbo_shape peeked;
    ck_assert_msg(elbo_jpeg_read(scratch_path(name), &tensor) == ELBO_OK, "%s", elbo_error());
    ck_assert_int_eq(tensor.dtype, ELBO_U8);
    ck_assert(elbo_layout_contiguous(&tensor.layout));
    const elbo_shape shape = {kind->channels == 3 ? 3 : 2, {kind->height, kind->width, 3}};
    ck_assert(elbo_shape_equal(&tensor.layout.shape, &shape));
    ck_assert_int_eq(elbo__jpeg_peek(scratch_path(name), &peeked), ELBO_OK);
    ck_assert(elbo_shape_equal(&peeked, &shape));
    return tensor;
}

static void assert_refused(elbo_status expected, const char *reason)
{
    elbo_tensor tensor;
    assert_error(elbo_jpeg_read(scratch_path("a"), &tensor), expected, scratch_path("a"), reason);
    ck_assert_ptr_null(tensor.data);
}

/* ---- valid files ------------------------------------------------------------------------------------------------- */

START_TEST(every_kind_of_jpeg_is_read)
{
    const jpeg_kind *kind = &kinds[_i];
    write_kind("a", kind, 0);
    elbo_tensor tensor = read_kind("a", kind);
    const unsigned char *pixel = tensor.data;
    for (int i = 0; i < kind->width * kind->height * kind->channels; i++) {
        const int x = i / kind->channels % kind->width, y = i / kind->channels / kind->width;
        ck_assert_msg(pixel[i] == level(x, y, 0, 0), "(%d, %d): %d, expected %d", x, y, pixel[i], level(x, y, 0, 0));
    }
    elbo_tensor_free(&tensor);
}
END_TEST

/* Brightness and two colours are rounded in between: 0.5 of each, times at most 1.772, and once more at the end. */
START_TEST(colours_are_red_green_and_blue)
{
    const jpeg_kind kind = {.width = 24, .height = 16, .channels = 3, .whole_colour = true};
    write_kind("a", &kind, 30);
    elbo_tensor tensor = read_kind("a", &kind);
    const unsigned char *pixel = tensor.data;
    for (int i = 0; i < 24 * 16 * 3; i++)
        ck_assert_int_le(abs(pixel[i] - level(i / 3 % 24, i / 3 / 24, i % 3, 30)), 2);
    elbo_tensor_free(&tensor);
}
END_TEST

START_TEST(bytes_after_the_end_do_not_count)
{
    unsigned char bytes[MOST];
    write_kind("a", &kinds[0], 0);
    const size_t size = scratch_read("a", bytes, MOST);
    memset(bytes + size, 0xff, 100);
    scratch_write("a", bytes, size + 100);
    elbo_tensor tensor = read_kind("a", &kinds[0]);
    elbo_tensor_free(&tensor);
}
END_TEST

/* What cameras and editors leave in headers; no pixel depends on it. */
START_TEST(odd_headers_are_read_as_they_are_meant)
{
    enum { LENGTH = 4, VERSION = 11, STRAY = 2 };
    unsigned char bytes[MOST];
    write_kind("a", &kinds[0], 0);
    const size_t size = scratch_read("a", bytes, MOST);
    ck_assert_mem_eq(bytes + 6, "JFIF", 4);
    bytes[VERSION] = 2;
    const size_t next = LENGTH + bytes[LENGTH + 1]; /* the marker behind this segment */
    memmove(bytes + next + STRAY, bytes + next, size - next);
    memset(bytes + next, 0x12, STRAY);
    scratch_write("a", bytes, size + STRAY);
    elbo_tensor tensor = read_kind("a", &kinds[0]);
    elbo_tensor_free(&tensor);
}
END_TEST

/* ---- broken files ------------------------------------------------------------------------------------------------ */

START_TEST(a_jpeg_that_is_no_file_is_named)
{
    elbo_tensor tensor;
    assert_refused(ELBO_IO, "cannot open: No such file or directory");
    assert_error(elbo_jpeg_read(scratch_path(""), &tensor), ELBO_IO, scratch_path(""), "not a regular file");
    assert_error(elbo_jpeg_read("/dev/zero", &tensor), ELBO_IO, "/dev/zero", "not a regular file");
}
END_TEST

START_TEST(what_is_no_jpeg_is_refused)
{
    scratch_write("a", "", 0);
    assert_refused(ELBO_FORMAT, "is empty");
    scratch_write("a", "\xff\xd8", 2);
    assert_refused(ELBO_FORMAT, "not a JPEG file");
    scratch_write("a", "\x89PNG\r\n\x1a\n and so on", 18);
    assert_refused(ELBO_FORMAT, "not a JPEG file");
    scratch_write("a", "\xff\xd8\xff what is this?", 17);
    assert_refused(ELBO_FORMAT, ": ");
}
END_TEST

START_TEST(a_jpeg_cut_anywhere_is_refused)
{
    unsigned char bytes[MOST];
    write_kind("a", &kinds[_i], 0);
    const size_t size = scratch_read("a", bytes, MOST);
    for (size_t cut = 3; cut < size; cut += 1 + size / 2000) {
        scratch_write("a", bytes, cut);
        assert_refused(ELBO_FORMAT, "truncated");
    }
    scratch_write("a", bytes, size - 1);
    assert_refused(ELBO_FORMAT, "truncated");
}
END_TEST

/* Where the segment of a marker begins, from the start of the file on. */
static unsigned char *find_marker(unsigned char *bytes, size_t size, int marker)
{
    for (size_t at = 2; at + 4 <= size; at += 2 + (size_t)(bytes[at + 2] << 8 | bytes[at + 3]))
        if (bytes[at + 1] == marker)
            return bytes + at;
    ck_abort_msg("no marker %x", (unsigned)marker);
    return NULL;
}

START_TEST(a_jpeg_whose_data_break_off_is_refused)
{
    unsigned char bytes[MOST];
    write_kind("a", &kinds[1], 0);
    const size_t size = scratch_read("a", bytes, MOST);
    memcpy(bytes + size - 6, "\xff\xd9", 2); /* the end of the picture comes early */
    scratch_write("a", bytes, size);
    assert_refused(ELBO_FORMAT, "damaged: Corrupt JPEG data: premature end of data segment");
}
END_TEST

START_TEST(what_is_not_read_of_jpeg_is_named)
{
    unsigned char bytes[MOST];
    write_kind("a", &(jpeg_kind){.width = 8, .height = 8, .channels = 4}, 0);
    assert_refused(ELBO_FORMAT, "is in CMYK");
    write_kind("a", &kinds[0], 0);
    const size_t size = scratch_read("a", bytes, MOST);
    find_marker(bytes, size, 0xc0)[1] = 0xc9;
    scratch_write("a", bytes, size);
    assert_refused(ELBO_FORMAT, "is arithmetic-coded");
}
END_TEST

static elbo_status read_a(void)
{
    elbo_tensor tensor;
    elbo_status status = elbo_jpeg_read(scratch_path("a"), &tensor);
    elbo_tensor_free(&tensor);
    return status;
}

START_TEST(pixels_that_the_jpeg_does_not_hold_take_no_memory)
{
    static const struct {
        int width, height;
        const char *reason;
    } rows[] = {
        {0, 8, "damaged: "},
        {65535, 8, "damaged: "},
        {65500, 65500, " bytes cannot hold 65500 by 65500 pixels"},
        {16, 50000, " bytes cannot hold 50000 by 16 pixels"},
    };
    unsigned char bytes[MOST];
    write_kind("a", &kinds[_i % 2 ? 3 : 0], 0); /* progressive: its coefficients come before the pixels */
    const size_t size = scratch_read("a", bytes, MOST);
    unsigned char *start = find_marker(bytes, size, _i % 2 ? 0xc2 : 0xc0);
    const int width = rows[_i / 2].width, height = rows[_i / 2].height;
    memcpy(start + 5,
           (unsigned char[]){(unsigned char)(height >> 8), (unsigned char)height, (unsigned char)(width >> 8),
                             (unsigned char)width},
           4);
    scratch_write("a", bytes, size);
    assert_refused(ELBO_FORMAT, rows[_i / 2].reason);
    ck_assert_uint_le(largest_allocation(read_a), 1 << 16);
}
END_TEST

/* The last scan of a progressive picture, again and again: a small file that would take hours. */
START_TEST(a_jpeg_of_countless_scans_is_refused)
{
    enum { TIMES = 600 };
    unsigned char bytes[MOST], *many = malloc((TIMES + 1) * (size_t)MOST);
    write_kind("a", &kinds[3], 0);
    const size_t size = scratch_read("a", bytes, MOST);
    size_t last = size;
    while (bytes[last] != 0xff || bytes[last + 1] != 0xda)
        last--;
    size_t used = last;
    memcpy(many, bytes, last);
    for (int i = 0; i < TIMES; i++, used += size - 2 - last)
        memcpy(many + used, bytes + last, size - 2 - last);
    memcpy(many + used, "\xff\xd9", 2);
    scratch_write("a", many, used + 2);
    assert_refused(ELBO_FORMAT, "more than 500 scans");
    free(many);
}
END_TEST

START_TEST(reading_jpeg_survives_failing_allocations)
{
    write_kind("a", &kinds[_i], 0);
    assert_survives_failing_allocations(read_a);
}
END_TEST

static void read_mutant(const char *path)
{
    elbo_tensor tensor;
    elbo_status status = elbo_jpeg_read(path, &tensor);
    if (status == ELBO_OK) {
        volatile double sum = 0; /* every pixel can be read */
        for (elbo__walk w = elbo__walk_start(&tensor.layout.shape); w.more; elbo__walk_next(&w))
            sum = sum + elbo_tensor_get(&tensor, w.index);
    } else {
        ck_assert_ptr_null(tensor.data);
        assert_error(status, ELBO_FORMAT, path, ": ");
    }
    elbo_tensor_free(&tensor);
}

START_TEST(mutants_of_jpeg_are_refused_or_valid)
{
    unsigned char bytes[MOST];
    jpeg_kind kind = kinds[_i];
    kind.comment = 0;
    write_kind("a", &kind, 30);
    scratch_fuzz(bytes, scratch_read("a", bytes, MOST), 400, read_mutant);
}
END_TEST

Suite *suite_io_jpeg(void)
{
    Suite *suite = suite_create("io_jpeg");

    TCase *valid = tcase_create("valid files");
    tcase_add_checked_fixture(valid, scratch_setup, scratch_teardown);
    tcase_add_loop_test(valid, every_kind_of_jpeg_is_read, 0, KINDS);
    tcase_add_test(valid, colours_are_red_green_and_blue);
    tcase_add_test(valid, bytes_after_the_end_do_not_count);
    tcase_add_test(valid, odd_headers_are_read_as_they_are_meant);
    suite_add_tcase(suite, valid);

    TCase *broken = tcase_create("broken files");
    tcase_add_checked_fixture(broken, scratch_setup, scratch_teardown);
    tcase_add_test(broken, a_jpeg_that_is_no_file_is_named);
    tcase_add_test(broken, what_is_no_jpeg_is_refused);
    tcase_add_loop_test(broken, a_jpeg_cut_anywhere_is_refused, 0, KINDS);
    tcase_add_test(broken, a_jpeg_whose_data_break_off_is_refused);
    tcase_add_test(broken, what_is_not_read_of_jpeg_is_named);
    tcase_add_loop_test(broken, pixels_that_the_jpeg_does_not_hold_take_no_memory, 0, 8);
    tcase_add_test(broken, a_jpeg_of_countless_scans_is_refused);
    tcase_add_loop_test(broken, reading_jpeg_survives_failing_allocations, 0, KINDS);
    tcase_add_loop_test(broken, mutants_of_jpeg_are_refused_or_valid, 0, KINDS);
    suite_add_tcase(suite, broken);
    return suite;
}
