/* PNG files of every kind, made with libpng, against pixels worked out by hand; and broken ones. */
#include <check.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "../io/png.h"
#include "../tensor/walk.h"
#include "scratch.h"
#include "suites.h"

enum { GREY = PNG_COLOR_TYPE_GRAY, RGB = PNG_COLOR_TYPE_RGB, GREY_ALPHA = PNG_COLOR_TYPE_GRAY_ALPHA };
enum { RGBA = PNG_COLOR_TYPE_RGB_ALPHA, PALETTE = PNG_COLOR_TYPE_PALETTE };

/* One row of pixels as the file holds it, and what is to be read: `bytes` grey levels, or three bytes a pixel. */
static const struct kind {
    const char *name;
    int type, bits;
    unsigned width;
    unsigned char row[24];
    unsigned char pixels[12];
    int transparent; /* 0: no tRNS; in the palette: entries 0 and 1 have alpha 0 and 128; else the colour in `key` */
    unsigned short key[3];
} kinds[] = {
    {"grey 1", GREY, 1, 3, {0xa0}, {255, 0, 255}, 0, {0}},
    {"grey 2", GREY, 2, 4, {0x1b}, {0, 85, 170, 255}, 0, {0}},
    {"grey 4", GREY, 4, 3, {0x0f, 0x80}, {0, 255, 136}, 0, {0}},
    {"grey 8", GREY, 8, 3, {0, 77, 255}, {0, 77, 255}, 0, {0}},
    /* 255 / 257 = 0.99, 4660 / 257 = 18.1, 32768 / 257 = 127.502 */
    {"grey 16", GREY, 16, 4, {0, 255, 0x12, 0x34, 0x80, 0, 255, 255}, {1, 18, 128, 255}, 0, {0}},
    {"rgb 8", RGB, 8, 2, {1, 2, 3, 4, 5, 255}, {1, 2, 3, 4, 5, 255}, 0, {0}},
    {"rgb 16", RGB, 16, 1, {0, 255, 0x80, 0, 255, 255}, {1, 128, 255}, 0, {0}},
    {"palette 1", PALETTE, 1, 2, {0x40}, {200, 100, 50, 7, 8, 9}, 0, {0}},
    {"palette 2", PALETTE, 2, 3, {0x6c}, {7, 8, 9, 77, 77, 77, 0, 0, 255}, 0, {0}},
    {"palette 4", PALETTE, 4, 2, {0x13}, {7, 8, 9, 0, 0, 255}, 0, {0}},
    {"palette 8", PALETTE, 8, 2, {3, 0}, {0, 0, 255, 200, 100, 50}, 0, {0}},
    /* 200 * 128 / 255 = 100.4, 1 * 127 / 255 = 0.498, 1 * 128 / 255 = 0.502 */
    {"grey alpha 8", GREY_ALPHA, 8, 4, {200, 128, 200, 0, 1, 127, 1, 128}, {100, 0, 0, 1}, 0, {0}},
    /* 51400 * 32896 / 65535 / 257 = 100.4 */
    {"grey alpha 16", GREY_ALPHA, 16, 2, {200, 200, 128, 128, 200, 200, 255, 255}, {100, 200}, 0, {0}},
    {"rgba 8", RGBA, 8, 2, {200, 100, 50, 128, 9, 9, 9, 255}, {100, 50, 25, 9, 9, 9}, 0, {0}},
    {"rgba 16", RGBA, 16, 1, {200, 200, 100, 100, 50, 50, 128, 128}, {100, 50, 25}, 0, {0}},
    {"palette with alpha", PALETTE, 2, 3, {0x18}, {0, 0, 0, 4, 4, 5, 77, 77, 77}, 2, {0}},
    {"grey with a key", GREY, 8, 3, {5, 6, 7}, {5, 0, 7}, 1, {6}},
    {"grey 2 with a key", GREY, 2, 4, {0x1b}, {0, 85, 0, 255}, 1, {2}},
    {"grey 16 with a key", GREY, 16, 2, {1, 1, 1, 2}, {0, 1}, 1, {257}},
    {"rgb with a key", RGB, 8, 2, {1, 2, 3, 1, 2, 4}, {0, 0, 0, 1, 2, 4}, 1, {1, 2, 3}},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static const png_color palette[] = {{200, 100, 50}, {7, 8, 9}, {77, 77, 77}, {0, 0, 255}};

static void set_transparency(png_structp png, png_infop info, const struct kind *kind)
{
    const unsigned short *key = kind->key;
    png_color_16 colour = {.red = key[0], .green = key[1], .blue = key[2], .gray = key[0]};
    if (kind->transparent)
        png_set_tRNS(png, info, (png_bytep) "\0\x80", kind->transparent, &colour);
}

/* A file of `height` equal rows. */
static void write_kind(const char *name, const struct kind *kind, unsigned height, int interlace)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    FILE *file = fopen(scratch_path(name), "wb");
    ck_assert_ptr_nonnull(file);
    png_init_io(png, file);
    png_set_IHDR(png, info, kind->width, height, kind->bits, kind->type, interlace, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    if (kind->type == PALETTE)
        png_set_PLTE(png, info, palette, kind->bits == 1 ? 2 : 4);
    set_transparency(png, info, kind);
    png_write_info(png, info);
    for (int pass = png_set_interlace_handling(png); pass > 0; pass--)
        for (unsigned y = 0; y < height; y++)
            png_write_row(png, kind->row);
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    ck_assert_int_eq(fclose(file), 0);
}

static void assert_reads_rows(const char *name, const struct kind *kind, int64_t height)
{
    const bool colour = kind->type & PNG_COLOR_MASK_COLOR;
    const size_t bytes = kind->width * (colour ? 3 : 1);
    elbo_tensor tensor;
    ck_assert_msg(elbo_png_read(scratch_path(name), &tensor) == ELBO_OK, "%s", elbo_error());
    ck_assert_int_eq(tensor.dtype, ELBO_U8);
    const elbo_shape shape = {colour ? 3 : 2, {height, kind->width, 3}};
    ck_assert(elbo_shape_equal(&tensor.layout.shape, &shape));
    ck_assert(elbo_layout_contiguous(&tensor.layout));
    const unsigned char *pixel = tensor.data;
    for (size_t i = 0; i < (size_t)height * bytes; i++)
        ck_assert_msg(pixel[i] == kind->pixels[i % bytes], "%s: byte %zu is %d, expected %d", kind->name, i, pixel[i],
                      kind->pixels[i % bytes]);
    elbo_tensor_free(&tensor);
}

static void assert_refused(elbo_status expected, const char *reason)
{
    elbo_tensor tensor;
    assert_error(elbo_png_read(scratch_path("a"), &tensor), expected, scratch_path("a"), reason);
    ck_assert_ptr_null(tensor.data);
}

/* ---- valid files ------------------------------------------------------------------------------------------------- */

START_TEST(every_kind_of_png_is_read)
{
    write_kind("a", &kinds[_i], 2, PNG_INTERLACE_NONE);
    assert_reads_rows("a", &kinds[_i], 2);
    write_kind("a", &kinds[_i], 9, PNG_INTERLACE_ADAM7);
    assert_reads_rows("a", &kinds[_i], 9);
}
END_TEST

/* Every pixel another one, so that none can be taken for its neighbour. */
START_TEST(what_is_written_to_png_is_read_again)
{
    for (int channels = 1; channels <= 3; channels += 2) {
        elbo_tensor tensor = elbo_tensor_new(ELBO_U8, ELBO_SHAPE(13, 17, channels)), back;
        if (channels == 1)
            tensor.layout = elbo_layout_of(&ELBO_SHAPE(13, 17));
        unsigned char *pixel = tensor.data;
        for (int i = 0; i < 13 * 17 * channels; i++)
            pixel[i] = (unsigned char)(i * 37 + i / 256);
        ck_assert_int_eq(elbo_png_write(scratch_path("a"), &tensor), ELBO_OK);
        ck_assert_int_eq(elbo_png_read(scratch_path("a"), &back), ELBO_OK);
        ck_assert(elbo_shape_equal(&back.layout.shape, &tensor.layout.shape));
        ck_assert_mem_eq(back.data, pixel, (size_t)(13 * 17 * channels));
        elbo_tensor_free(&back);
        elbo_tensor_free(&tensor);
    }
}
END_TEST

START_TEST(interlaced_pixels_come_to_their_places)
{
    enum { H = 11, W = 13 };
    unsigned char pixels[H][W];
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            pixels[y][x] = (unsigned char)(y * W + x);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    FILE *file = fopen(scratch_path("a"), "wb");
    png_init_io(png, file);
    png_set_IHDR(png, info, W, H, 8, GREY, PNG_INTERLACE_ADAM7, 0, 0);
    png_write_info(png, info);
    for (int pass = png_set_interlace_handling(png); pass > 0; pass--)
        for (int y = 0; y < H; y++)
            png_write_row(png, pixels[y]);
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    fclose(file);
    elbo_tensor tensor;
    ck_assert_int_eq(elbo_png_read(scratch_path("a"), &tensor), ELBO_OK);
    ck_assert_mem_eq(tensor.data, pixels, sizeof pixels);
    elbo_tensor_free(&tensor);
}
END_TEST

/* ---- files made chunk by chunk ----------------------------------------------------------------------------------- */

struct made {
    unsigned char bytes[2000];
    size_t size;
};

static void put32(unsigned char *out, size_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (unsigned char)(value >> (24 - 8 * i));
}

static void add_chunk(struct made *m, const char *type, const void *data, size_t count)
{
    unsigned char *at = m->bytes + m->size;
    put32(at, count);
    memcpy(at + 4, type, 4);
    memcpy(at + 8, data, count);
    put32(at + 8 + count, crc32(0, at + 4, (uInt)count + 4));
    m->size += count + 12;
}

/* The signature and a header of this size, 8 bits. */
static struct made start(size_t width, size_t height, int type)
{
    struct made m = {"\x89PNG\r\n\x1a\n", 8};
    unsigned char header[13] = {[8] = 8, [9] = (unsigned char)type};
    put32(header, width);
    put32(header + 4, height);
    add_chunk(&m, "IHDR", header, sizeof header);
    return m;
}

/* The pixels, compressed, and the end. */
static void add_pixels(struct made *m, const char *rows, size_t count)
{
    unsigned char data[1000];
    uLongf size = sizeof data;
    ck_assert_int_eq(compress(data, &size, (const Bytef *)rows, count), Z_OK);
    add_chunk(m, "IDAT", data, size);
    add_chunk(m, "IEND", "", 0);
}

static void write_made(const struct made *m)
{
    scratch_write("a", m->bytes, m->size);
}

/* Two rows of two grey pixels, 1 2 and 3 4, with one chunk before them. */
static struct made with_chunk(const char *type, const void *data, size_t count)
{
    struct made m = start(2, 2, GREY);
    add_chunk(&m, type, data, count);
    add_pixels(&m, "\0\1\2\0\3\4", 6);
    return m;
}

static void assert_reads_1234(void)
{
    elbo_tensor tensor;
    ck_assert_msg(elbo_png_read(scratch_path("a"), &tensor) == ELBO_OK, "%s", elbo_error());
    ck_assert(elbo_shape_equal(&tensor.layout.shape, &ELBO_SHAPE(2, 2)));
    ck_assert_mem_eq(tensor.data, "\1\2\3\4", 4);
    elbo_tensor_free(&tensor);
}

/* A gamma that would be applied, a profile that is none, text: whatever they hold. */
START_TEST(chunks_that_a_picture_does_not_need_are_skipped)
{
    static const char *const types[] = {"gAMA", "iCCP", "tEXt", "zTXt", "iTXt", "eXIf", "sBIT", "bKGD", "abCd"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct made m = with_chunk(types[i], "\0\1\x86\xa0 what is this?", 18);
        write_made(&m);
        assert_reads_1234();
    }
    struct made m = start(2, 2, GREY);
    for (int i = 0; i < 50; i++)
        add_chunk(&m, "tEXt", "key\0text", 8);
    add_pixels(&m, "\0\1\2\0\3\4", 6);
    memcpy(m.bytes + m.size, "bytes after the end", 19);
    m.size += 19;
    write_made(&m);
    assert_reads_1234();
}
END_TEST

/* ---- broken files ------------------------------------------------------------------------------------------------ */

START_TEST(a_png_that_is_no_file_is_named)
{
    elbo_tensor tensor;
    assert_refused(ELBO_IO, "cannot open: No such file or directory");
    assert_error(elbo_png_read(scratch_path(""), &tensor), ELBO_IO, scratch_path(""), "not a regular file");
    assert_error(elbo_png_read("/dev/zero", &tensor), ELBO_IO, "/dev/zero", "not a regular file");
}
END_TEST

START_TEST(what_is_no_png_is_refused)
{
    scratch_write("a", "", 0);
    assert_refused(ELBO_FORMAT, "is empty");
    scratch_write("a", "\x89PNG\r\n\x1a", 7);
    assert_refused(ELBO_FORMAT, "not a PNG file");
    scratch_write("a", "\xff\xd8\xff\xe0 and so on", 15);
    assert_refused(ELBO_FORMAT, "not a PNG file");
    scratch_write("a", "\x89PNG\n\x1a\n went through a text mode", 32);
    assert_refused(ELBO_FORMAT, "not a PNG file");
}
END_TEST

START_TEST(a_png_cut_or_changed_anywhere_is_refused)
{
    struct made m = with_chunk("tRNS", "\0\2", 2);
    write_made(&m);
    elbo_tensor tensor;
    ck_assert_int_eq(elbo_png_read(scratch_path("a"), &tensor), ELBO_OK);
    ck_assert_mem_eq(tensor.data, "\1\0\3\4", 4);
    elbo_tensor_free(&tensor);
    for (size_t cut = 8; cut < m.size; cut++) {
        scratch_write("a", m.bytes, cut);
        assert_refused(ELBO_FORMAT, "truncated");
    }
    for (size_t at = 8; at < m.size; at++) {
        m.bytes[at] ^= 0x10;
        write_made(&m);
        assert_refused(ELBO_FORMAT, ": ");
        m.bytes[at] ^= 0x10;
    }
}
END_TEST

START_TEST(a_png_of_impossible_size_is_refused)
{
    static const struct {
        size_t width, height;
        const char *reason;
    } rows[] = {
        {0, 2, "damaged: "},
        {2, 0, "damaged: "},
        {100001, 1, "1 by 100001 pixels: at most 100000 a side"},
        {1, 100001, "100001 by 1 pixels: at most 100000 a side"},
        {0x7fffffff, 0x7fffffff, "2147483647 by 2147483647 pixels: at most"},
        {0x80000000, 1, "damaged: "},
        {100000, 100000, "truncated: 71 bytes cannot hold 100000 by 100000 pixels"},
        {2, 40000, "truncated: 71 bytes cannot hold 40000 by 2 pixels"},
        {2, 3, "damaged: "},
    };
    ck_assert_int_lt(_i, (int)(sizeof rows / sizeof rows[0]));
    struct made m = start(rows[_i].width, rows[_i].height, GREY);
    add_pixels(&m, "\0\1\2\0\3\4", 6);
    ck_assert_uint_eq(m.size, 71);
    write_made(&m);
    assert_refused(ELBO_FORMAT, rows[_i].reason);
}
END_TEST

/* Chunks whose sums are right, in a picture that is not. */
START_TEST(a_png_that_breaks_the_rules_is_refused)
{
    struct made m = start(2, 2, 5); /* no such colour type */
    add_pixels(&m, "\0\1\2\0\3\4", 6);
    write_made(&m);
    assert_refused(ELBO_FORMAT, "damaged: ");
    m = start(2, 2, PALETTE); /* without a palette */
    add_pixels(&m, "\0\1\0\0\0\1", 6);
    write_made(&m);
    assert_refused(ELBO_FORMAT, "damaged: ");
    m = start(2, 2, GREY); /* a row too many, a row too few, and a filter that there is not */
    add_pixels(&m, "\0\1\2\0\3\4\0\5\6", 9);
    write_made(&m);
    assert_refused(ELBO_FORMAT, "damaged: ");
    m = start(2, 2, GREY);
    add_pixels(&m, "\0\1\2", 3);
    write_made(&m);
    assert_refused(ELBO_FORMAT, "damaged: ");
    m = start(2, 2, GREY);
    add_pixels(&m, "\7\1\2\0\3\4", 6);
    write_made(&m);
    assert_refused(ELBO_FORMAT, "damaged: ");
    m = with_chunk("ABCD", "?", 1); /* a chunk that must be understood */
    write_made(&m);
    assert_refused(ELBO_FORMAT, "damaged: ");
    m = with_chunk("tRNS", "\0", 1);
    write_made(&m);
    assert_refused(ELBO_FORMAT, "damaged: ");
}
END_TEST

static elbo_status read_a(void)
{
    elbo_tensor tensor;
    elbo_status status = elbo_png_read(scratch_path("a"), &tensor);
    elbo_tensor_free(&tensor);
    return status;
}

START_TEST(pixels_that_the_file_does_not_hold_take_no_memory)
{
    struct made m = start(100000, 100000, RGB);
    add_pixels(&m, "\0\1\2\0\3\4", 6);
    write_made(&m);
    ck_assert_int_eq(read_a(), ELBO_FORMAT);
    ck_assert_uint_le(largest_allocation(read_a), 1 << 16);
    m = start(2, 2, GREY);
    put32(m.bytes + m.size, 0x7fffffff); /* a chunk of text as long as a chunk can be */
    memcpy(m.bytes + m.size + 4, "zTXtkey\0\0", 9);
    m.size += 13;
    write_made(&m);
    ck_assert_int_eq(read_a(), ELBO_FORMAT);
    ck_assert_uint_le(largest_allocation(read_a), 1 << 16);
}
END_TEST

START_TEST(reading_png_survives_failing_allocations)
{
    write_kind("a", &kinds[_i], 3, PNG_INTERLACE_NONE);
    assert_survives_failing_allocations(read_a);
    write_kind("a", &kinds[_i], 3, PNG_INTERLACE_ADAM7);
    assert_survives_failing_allocations(read_a);
}
END_TEST

static void read_mutant(const char *path)
{
    elbo_tensor tensor;
    elbo_status status = elbo_png_read(path, &tensor);
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

/* The sums of all chunks made right again, so that what they hold is looked at. */
static void read_mended(const char *path)
{
    unsigned char bytes[1000];
    size_t size = scratch_read("mutant", bytes, sizeof bytes);
    for (size_t at = 8; at + 12 <= size;) {
        const size_t count = (size_t)bytes[at] << 24 | (size_t)bytes[at + 1] << 16 | (size_t)bytes[at + 2] << 8 |
                             bytes[at + 3];
        if (count > size - at - 12)
            break;
        put32(bytes + at + 8 + count, crc32(0, bytes + at + 4, (uInt)count + 4));
        at += count + 12;
    }
    scratch_write("mutant", bytes, size);
    read_mutant(path);
}

START_TEST(mutants_of_png_are_refused_or_valid)
{
    unsigned char bytes[500];
    write_kind("a", &kinds[_i], 3, _i % 2 ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE);
    const size_t size = scratch_read("a", bytes, sizeof bytes);
    scratch_fuzz(bytes, size, 100, read_mutant);
    scratch_fuzz(bytes, size, 300, read_mended);
}
END_TEST

Suite *suite_io_png_read(void)
{
    Suite *suite = suite_create("io_png_read");

    TCase *valid = tcase_create("valid files");
    tcase_add_checked_fixture(valid, scratch_setup, scratch_teardown);
    tcase_add_loop_test(valid, every_kind_of_png_is_read, 0, KINDS);
    tcase_add_test(valid, what_is_written_to_png_is_read_again);
    tcase_add_test(valid, interlaced_pixels_come_to_their_places);
    tcase_add_test(valid, chunks_that_a_picture_does_not_need_are_skipped);
    suite_add_tcase(suite, valid);

    TCase *broken = tcase_create("broken files");
    tcase_add_checked_fixture(broken, scratch_setup, scratch_teardown);
    tcase_add_test(broken, a_png_that_is_no_file_is_named);
    tcase_add_test(broken, what_is_no_png_is_refused);
    tcase_add_test(broken, a_png_cut_or_changed_anywhere_is_refused);
    tcase_add_loop_test(broken, a_png_of_impossible_size_is_refused, 0, 9);
    tcase_add_test(broken, a_png_that_breaks_the_rules_is_refused);
    tcase_add_test(broken, pixels_that_the_file_does_not_hold_take_no_memory);
    tcase_add_loop_test(broken, reading_png_survives_failing_allocations, 0, KINDS);
    tcase_add_loop_test(broken, mutants_of_png_are_refused_or_valid, 0, KINDS);
    suite_add_tcase(suite, broken);
    return suite;
}
