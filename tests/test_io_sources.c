/* Data in the files that people have: .npy, .npz, .csv and pairs of IDX files of any names. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "../io/dataset.h"
#include "../io/mapping.h"
#include "../io/origin.h"
#include "../tensor/memory.h"
#include "scratch.h"
#include "suites.h"

/* ---- files that share nothing with the library ------------------------------------------------------------------- */

/* A .npy file of version 1.0 in `out`; its size. */
static size_t make_npy(unsigned char *out, const char *descr, const char *order, const char *shape, const void *data,
                       size_t size)
{
    char header[118];
    const int used = snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }", descr,
                              order, shape);
    memset(header + used, ' ', sizeof header - (size_t)used);
    header[sizeof header - 1] = '\n';
    memcpy(out, "\x93NUMPY\x01\x00\x76\x00", 10);
    memcpy(out + 10, header, sizeof header);
    memcpy(out + 128, data, size);
    return 128 + size;
}

static void write_npy(const char *name, const char *descr, const char *shape, const void *data, size_t size)
{
    unsigned char file[4096];
    scratch_write(name, file, make_npy(file, descr, "False", shape, data, size));
}

/* ---- zip */

typedef struct {
    unsigned char bytes[16384];
    size_t used, central_used;
    unsigned char central[2048];
    int count;
} zip;

static void put(unsigned char *bytes, size_t *used, uint32_t value, int size)
{
    for (int i = 0; i < size; i++)
        bytes[(*used)++] = (unsigned char)(value >> 8 * i);
}

/* What stands alike before a member and in the directory: method, time, date, sums and sizes, length of the name. */
static void put_facts(unsigned char *bytes, size_t *used, int method, uint32_t crc, size_t packed, size_t size,
                      const char *name)
{
    put(bytes, used, (uint32_t)method, 2);
    put(bytes, used, 0x58210000, 4);
    put(bytes, used, crc, 4);
    put(bytes, used, (uint32_t)packed, 4);
    put(bytes, used, (uint32_t)size, 4);
    put(bytes, used, (uint32_t)strlen(name), 2);
    put(bytes, used, 0, 2);
}

/* A member that claims to have `claimed` bytes once it is inflated. */
static void add_claiming(zip *z, const char *name, const void *data, size_t size, bool deflated, size_t claimed)
{
    unsigned char packed[8192];
    size_t packed_size = size;
    memcpy(packed, data, size);
    if (deflated) {
        z_stream s = {.next_in = (void *)data, .avail_in = (uInt)size, .next_out = packed, .avail_out = sizeof packed};
        ck_assert_int_eq(deflateInit2(&s, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
        ck_assert_int_eq(deflate(&s, Z_FINISH), Z_STREAM_END);
        packed_size = s.total_out;
        deflateEnd(&s);
    }
    const uint32_t crc = (uint32_t)crc32(0, data, (uInt)size);
    const size_t start = z->used;
    put(z->bytes, &z->used, 0x04034b50, 4);
    put(z->bytes, &z->used, 20 | 0 << 16, 4);
    put_facts(z->bytes, &z->used, deflated ? 8 : 0, crc, packed_size, claimed, name);
    memcpy(z->bytes + z->used, name, strlen(name));
    z->used += strlen(name);
    memcpy(z->bytes + z->used, packed, packed_size);
    z->used += packed_size;
    put(z->central, &z->central_used, 0x02014b50, 4);
    put(z->central, &z->central_used, 20, 2);
    put(z->central, &z->central_used, 20, 2);
    put(z->central, &z->central_used, 0, 2);
    put_facts(z->central, &z->central_used, deflated ? 8 : 0, crc, packed_size, claimed, name);
    put(z->central, &z->central_used, 0, 2);
    put(z->central, &z->central_used, 0, 4);
    put(z->central, &z->central_used, 0, 4);
    put(z->central, &z->central_used, (uint32_t)start, 4);
    memcpy(z->central + z->central_used, name, strlen(name));
    z->central_used += strlen(name);
    z->count++;
}

static void add(zip *z, const char *name, const char *descr, const char *shape, const void *data, size_t size,
                bool deflated)
{
    unsigned char file[4096];
    const size_t n = make_npy(file, descr, "False", shape, data, size);
    add_claiming(z, name, file, n, deflated, n);
}

static void finish(zip *z)
{
    const size_t start = z->used;
    memcpy(z->bytes + z->used, z->central, z->central_used);
    z->used += z->central_used;
    put(z->bytes, &z->used, 0x06054b50, 4);
    put(z->bytes, &z->used, 0, 4);
    put(z->bytes, &z->used, (uint32_t)z->count | (uint32_t)z->count << 16, 4);
    put(z->bytes, &z->used, (uint32_t)z->central_used, 4);
    put(z->bytes, &z->used, (uint32_t)start, 4);
    put(z->bytes, &z->used, 0, 2);
}

static void write_zip(const char *name, zip *z)
{
    finish(z);
    scratch_write(name, z->bytes, z->used);
}

/* ---- help -------------------------------------------------------------------------------------------------------- */

static const unsigned char levels[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255}; /* (3, 2, 2) */
static const int64_t long_labels[3] = {2, 0, 1};

static void write_csv(const char *name, const char *text)
{
    scratch_write(name, text, strlen(text));
}

static elbo_images load(const char *source, int classes)
{
    elbo_images data;
    ck_assert_msg(elbo_images_load(scratch_path(source), "train", classes, &data) == ELBO_OK, "%s", elbo_error());
    return data;
}

static void assert_levels(const elbo_images *data, int ndim)
{
    ck_assert_int_eq(data->images.dtype, ELBO_U8);
    ck_assert_int_eq(data->images.layout.shape.ndim, ndim);
    ck_assert_int_eq(data->count, 3);
    ck_assert(memcmp(data->images.data, levels, sizeof levels) == 0);
    ck_assert(data->least == 0 && data->greatest == 255);
}

static void assert_labels(const elbo_images *data, int a, int b, int c)
{
    const int expected[] = {a, b, c};
    ck_assert_ptr_nonnull(data->labels.data);
    for (int64_t i = 0; i < 3; i++)
        ck_assert_int_eq((int)elbo_tensor_get(&data->labels, &i), expected[i]);
}

static void refuses(const char *source, int classes, elbo_status status, const char *path, const char *reason)
{
    elbo_images data;
    assert_error(elbo_images_load(scratch_path(source), "train", classes, &data), status, scratch_path(path), reason);
    ck_assert_ptr_null(data.images.data);
}

static bool has_part(const char *source, const char *part)
{
    bool found;
    ck_assert_int_eq(elbo_images_find(scratch_path(source), part, &found), ELBO_OK);
    return found;
}

/* ---- .npy and IDX ------------------------------------------------------------------------------------------------ */

START_TEST(an_npy_file_is_images)
{
    static const struct {
        const char *shape;
        int ndim;
    } rows[] = {{"(3, 4)", 2}, {"(3, 2, 2)", 3}, {"(3, 1, 2, 2)", 4}};
    for (size_t i = 0; i < 3; i++) {
        write_npy("a.npy", "|u1", rows[i].shape, levels, sizeof levels);
        elbo_images data = load("a.npy", 0);
        assert_levels(&data, rows[i].ndim);
        ck_assert_ptr_null(data.labels.data);
        elbo_images_free(&data);
    }
    ck_assert(has_part("a.npy", "train"));
    ck_assert(!has_part("a.npy", "test"));
    elbo_images data;
    assert_error(elbo_images_load(scratch_path("a.npy"), "test", 0, &data), ELBO_IO, scratch_path("a.npy"),
                 "has no test part");
}
END_TEST

START_TEST(reals_keep_their_type_and_tell_their_range)
{
    const float f32[4] = {0.25f, -1, 0.5f, 1};
    const double f64[4] = {0.25, -1, 0.5, 1};
    write_npy("a", "<f4", "(2, 2)", f32, sizeof f32); /* by any name */
    write_npy("b", "<f8", "(2, 2)", f64, sizeof f64);
    elbo_images a = load("a", 0), b = load("b", 0);
    ck_assert_int_eq(a.images.dtype, ELBO_F32);
    ck_assert_int_eq(b.images.dtype, ELBO_F64);
    ck_assert(a.least == -1 && a.greatest == 1 && b.least == -1 && b.greatest == 1);
    ck_assert_int_eq(a.unmasked, -1);
    elbo_images_free(&a);
    elbo_images_free(&b);
}
END_TEST

static const unsigned char truths[6] = {0, 1, 1, 2, 0, 0}; /* any byte but 0 is true */

static void assert_black_and_white(elbo_images *data)
{
    static const unsigned char expected[6] = {0, 255, 255, 255, 0, 0};
    ck_assert_int_eq(data->images.dtype, ELBO_U8);
    ck_assert(memcmp(data->images.data, expected, sizeof expected) == 0);
    assert_labels(data, 0, 1, 1);
    ck_assert_int_eq(data->classes, 2);
    elbo_images_free(data);
}

START_TEST(bool_is_black_and_white_in_images_and_0_and_1_in_labels)
{
    zip z = {.used = 0};
    write_npy("train.npy", "|b1", "(3, 2)", truths, sizeof truths);
    write_npy("train-labels.npy", "|b1", "(3,)", truths, 3);
    elbo_images data = load("", 0);
    assert_black_and_white(&data);
    add(&z, "x.npy", "|b1", "(3, 2)", truths, sizeof truths, false);
    add(&z, "y.npy", "|b1", "(3,)", truths, 3, false);
    write_zip("a.npz", &z);
    data = load("a.npz", 0);
    assert_black_and_white(&data);
}
END_TEST

START_TEST(large_files_of_bool_are_read)
{
    elbo__mapped_from = 1;
    write_npy("a.npy", "|b1", "(3, 2)", truths, sizeof truths);
    elbo_images data = load("a.npy", 0);
    ck_assert_ptr_null(data.mapping);
    ck_assert(data.least == 0 && data.greatest == 255);
    elbo_images_free(&data);
    elbo__mapped_from = 1 << 26;
}
END_TEST

/* NumPy's own whole numbers have 64 bits, and labels of some programs are a column. */
START_TEST(labels_stand_in_a_file_beside)
{
    write_npy("x.npy", "|u1", "(3, 4)", levels, sizeof levels);
    write_npy("y.npy", "<i8", _i ? "(3, 1)" : "(3,)", long_labels, sizeof long_labels);
    char source[1000];
    snprintf(source, sizeof source, "%s:%s", scratch_path("x.npy"), scratch_path("y.npy"));
    elbo_images data;
    ck_assert_msg(elbo_images_load(source, "train", 0, &data) == ELBO_OK, "%s", elbo_error());
    assert_levels(&data, 2);
    assert_labels(&data, 2, 0, 1);
    ck_assert_int_eq(data.classes, 3);
    elbo_images_free(&data);
    ck_assert_int_eq(elbo_images_load(source, "train", ELBO_WITHOUT_LABELS, &data), ELBO_OK);
    ck_assert_ptr_null(data.labels.data);
    elbo_images_free(&data);
}
END_TEST

START_TEST(idx_files_may_have_any_names)
{
    static const unsigned char x[] = {0, 0, 8, 2, 0, 0, 0, 3, 0, 0, 0, 1, 7, 8, 9};
    static const unsigned char y[] = {0, 0, 8, 1, 0, 0, 0, 3, 2, 0, 1};
    char source[1000];
    scratch_write("some.idx", x, sizeof x);
    scratch_gzip("other", y, sizeof y);
    snprintf(source, sizeof source, "%s:%s", scratch_path("some.idx"), scratch_path("other"));
    elbo_images data;
    ck_assert_msg(elbo_images_load(source, "train", 0, &data) == ELBO_OK, "%s", elbo_error());
    ck_assert(memcmp(data.images.data, "\7\10\11", 3) == 0);
    assert_labels(&data, 2, 0, 1);
    elbo_images_free(&data);
}
END_TEST

START_TEST(a_name_may_have_a_colon)
{
    write_npy("a:b.npy", "|u1", "(3, 4)", levels, sizeof levels);
    elbo_images data = load("a:b.npy", 0);
    assert_levels(&data, 2);
    elbo_images_free(&data);
    refuses("none.npy:b.npy", 0, ELBO_IO, "none.npy", "cannot open: No such file");
}
END_TEST

START_TEST(what_cannot_be_images_is_refused)
{
    const float f[2] = {1, INFINITY};
    static const unsigned char many[8 * 8 * 3] = {0};
    write_npy("a.npy", "<i8", "(3,)", long_labels, sizeof long_labels);
    refuses("a.npy", 0, ELBO_FORMAT, "a.npy", "expected images (N, D), (N, H, W) or (N, C, H, W), got (3)");
    write_npy("a.npy", "<i8", "(1, 3)", long_labels, sizeof long_labels);
    refuses("a.npy", 0, ELBO_FORMAT, "a.npy", "save x.astype('uint8') where they are grey levels 0 to 255, else ");
    write_npy("a.npy", "<f4", "(1, 1, 2)", f, sizeof f);
    refuses("a.npy", 0, ELBO_FORMAT, "a.npy", "image 0, row 0, column 1: the value is infinite");
    write_npy("a.npy", "|u1", "(1, 8, 8, 3)", many, sizeof many);
    refuses("a.npy", 0, ELBO_FORMAT, "a.npy", "channels come last");
    write_csv("a.npy", "x");
    refuses("a.npy", 0, ELBO_FORMAT, "a.npy", "is neither a .npy nor an IDX file");
    write_csv("a.npy", "");
    refuses("a.npy", 0, ELBO_FORMAT, "a.npy", "is empty");
    write_csv("a.txt", "a,b\n1,2\n");
    refuses("a.txt", 0, ELBO_FORMAT, "a.txt", "is no IDX, .npy, .npz or .csv file");
    write_csv("a.png", "x");
    refuses("a.png", 0, ELBO_FORMAT, "a.png", "is a picture: a folder of pictures is read as data");
}
END_TEST

START_TEST(the_first_nan_is_told)
{
    const float f[8] = {0, 1, 0, 1, 0, NAN, NAN, 1};
    write_npy("a.npy", "<f4", "(2, 2, 2)", f, sizeof f);
    elbo_images data = load("a.npy", 0);
    ck_assert_int_eq(data.missing, 2);
    ck_assert_int_eq(data.unmasked, 5);
    elbo_images_free(&data);
}
END_TEST

/* ---- .npz -------------------------------------------------------------------------------------------------------- */

static void add_parts(zip *z)
{
    add(z, "x_train.npy", "|u1", "(3, 2, 2)", levels, sizeof levels, true);
    add(z, "y_train.npy", "<i8", "(3,)", long_labels, sizeof long_labels, false);
    add(z, "x_test.npy", "|u1", "(1, 2, 2)", levels + 4, 4, false);
    add(z, "y_test.npy", "<i8", "(1,)", long_labels, 8, true);
}

START_TEST(an_npz_file_has_both_parts)
{
    zip z = {.used = 0};
    add_parts(&z);
    write_zip("a.npz", &z);
    elbo_images data = load("a.npz", 0);
    assert_levels(&data, 3);
    assert_labels(&data, 2, 0, 1);
    elbo_images_free(&data);
    ck_assert(has_part("a.npz", "test") && has_part("a.npz", "t10k") && has_part("a.npz", "train"));
    ck_assert_int_eq(elbo_images_load(scratch_path("a.npz"), "test", 3, &data), ELBO_OK);
    ck_assert_int_eq(data.count, 1);
    ck_assert(memcmp(data.images.data, levels + 4, 4) == 0);
    elbo_images_free(&data);
}
END_TEST

START_TEST(an_npz_file_has_images_and_labels)
{
    static const char *const names[][2] = {{"images.npy", "labels.npy"}, {"x.npy", "y.npy"}, {"only.npy", NULL}};
    zip z = {.used = 0};
    add(&z, names[_i][0], "|u1", "(3, 4)", levels, sizeof levels, false);
    if (names[_i][1])
        add(&z, names[_i][1], "<i8", "(3,)", long_labels, sizeof long_labels, false);
    write_zip("a.npz", &z);
    elbo_images data = load("a.npz", 0);
    assert_levels(&data, 2);
    if (names[_i][1])
        assert_labels(&data, 2, 0, 1);
    elbo_images_free(&data);
    ck_assert(!has_part("a.npz", "test"));
}
END_TEST

START_TEST(arrays_that_nobody_can_tell_apart_are_named)
{
    zip z = {.used = 0};
    add(&z, "kinds.npy", "<i8", "(3,)", long_labels, sizeof long_labels, false);
    add(&z, "imgs.npy", "|u1", "(3, 4)", levels, sizeof levels, false);
    write_zip("a.npz", &z);
    refuses("a.npz", 0, ELBO_FORMAT, "a.npz", "holds kinds, imgs; name the images and the labels, as in ");
    refuses("a.npz:none", 0, ELBO_FORMAT, "a.npz", "has no array \"none\", but kinds, imgs; name the images");
    refuses("a.npz:imgs:none", 0, ELBO_FORMAT, "a.npz", "has no array \"none\"");
    elbo_images data = load("a.npz:imgs:kinds", 0);
    assert_levels(&data, 2);
    assert_labels(&data, 2, 0, 1);
    elbo_images_free(&data);
    data = load("a.npz:imgs", 0);
    ck_assert_ptr_null(data.labels.data);
    elbo_images_free(&data);
}
END_TEST

/* The shape bounds what is inflated; a claim beyond what deflate can do is refused before memory is taken. */
START_TEST(a_bomb_is_not_inflated_and_damage_is_found)
{
    unsigned char file[256];
    const size_t n = make_npy(file, "|u1", "False", "(3, 4)", levels, sizeof levels);
    zip more = {.used = 0};
    add_claiming(&more, "x.npy", file, n, true, n + 1000);
    write_zip("a.npz", &more);
    refuses("a.npz", 0, ELBO_FORMAT, "a.npz/x.npy", "");
    const size_t large = make_npy(file, "|u1", "False", "(3, 1000000000)", levels, sizeof levels);
    zip bomb = {.used = 0};
    add_claiming(&bomb, "x.npy", file, large, true, 128 + 3000000000u);
    write_zip("a.npz", &bomb);
    refuses("a.npz", 0, ELBO_FORMAT, "a.npz/x.npy", "claims 3000000128 bytes, more than its");
    zip false_sum = {.used = 0};
    add(&false_sum, "x.npy", "|u1", "(3, 4)", levels, sizeof levels, false);
    false_sum.bytes[false_sum.used - 1] ^= 1; /* the last pixel */
    write_zip("a.npz", &false_sum);
    refuses("a.npz", 0, ELBO_FORMAT, "a.npz/x.npy", "CRC error");
    zip objects = {.used = 0};
    add(&objects, "x.npy", "|O", "(3,)", levels, sizeof levels, false);
    write_zip("a.npz", &objects);
    refuses("a.npz", 0, ELBO_FORMAT, "a.npz/x.npy", "Python objects");
    zip none = {.used = 0};
    add_claiming(&none, "readme", "x", 1, false, 1);
    write_zip("a.npz", &none);
    refuses("a.npz", 0, ELBO_FORMAT, "a.npz", "holds no arrays");
    write_csv("a.npz", "no zip");
    refuses("a.npz", 0, ELBO_FORMAT, "a.npz", "ot a zip archive");
}
END_TEST

/* ---- .csv -------------------------------------------------------------------------------------------------------- */

START_TEST(a_csv_file_is_rows_of_values)
{
    write_csv("a.csv", "a,b,c,d\n0,1,2,3\n4,5,6,7\n8,9,10,255\n");
    elbo_images data = load("a.csv", 0);
    assert_levels(&data, 2);
    ck_assert_ptr_null(data.labels.data);
    elbo_images_free(&data);
    data = load("a.csv:2x2", 0);
    assert_levels(&data, 3);
    elbo_images_free(&data);
    refuses("a.csv:2x3", 0, ELBO_FORMAT, "a.csv", "4 values in a row are no image of (2, 3)");
}
END_TEST

START_TEST(labels_of_a_csv_file_are_a_column)
{
    write_csv("a.csv", _i ? "a,kind,b,c,d\n0,dog,1,2,3\n4,\"cat\",5,6,7\n8,dog,9,10,255\n"
                          : "a,kind,b,c,d\n0,1,1,2,3\n4,0,5,6,7\n8,1,9,10,255\n");
    elbo_images data = load("a.csv:kind:1x2x2", 0);
    assert_levels(&data, 4);
    assert_labels(&data, 1, 0, 1);
    ck_assert_int_eq(data.classes, 2);
    if (_i) {
        ck_assert_str_eq(data.class_names[0], "cat");
        ck_assert_str_eq(data.class_names[1], "dog");
    } else {
        ck_assert_ptr_null(data.class_names);
    }
    elbo_images_free(&data);
    data = load("a.csv:kind", ELBO_WITHOUT_LABELS); /* the column is no pixel all the same */
    assert_levels(&data, 2);
    elbo_images_free(&data);
    refuses("a.csv:species", 0, ELBO_FORMAT, "a.csv", "has no column \"species\" of labels; of its 5 the nearest");
    refuses("a.csv:kid", 0, ELBO_FORMAT, "a.csv", "has no column \"kid\" of labels; of its 5 the nearest is \"kind\"");
}
END_TEST

START_TEST(rows_without_grey_levels_are_reals)
{
    write_csv("a.csv", _i ? "a,b\n0,1\n1,0\n" : "a,b\n0,0.5\n1,\n");
    elbo_images data = load("a.csv", 0);
    ck_assert_int_eq(data.images.dtype, ELBO_F32);
    ck_assert_int_eq(data.unmasked, _i ? -1 : 3);
    ck_assert(((const float *)data.images.data)[2] == 1);
    elbo_images_free(&data);
}
END_TEST

START_TEST(a_csv_file_that_is_none_is_refused)
{
    static const struct {
        const char *text, *source, *reason;
    } rows[] = {
        {"a,b\n1,cat\n", "a.csv", ":2: column \"b\": \"cat\" is no number; "},
        {"a,b\n1,\n", "a.csv:b", ":2: column \"b\": a label is missing"},
        {"a\n1\n", "a.csv:a", ": has no columns besides"},
        {"a,b\n", "a.csv", ": has no rows"},
        {"a,b\n1,inf\n", "a.csv", ": image 0, value 1: the value is infinite"},
    };
    write_csv("a.csv", rows[_i].text);
    refuses(rows[_i].source, 0, ELBO_FORMAT, "a.csv", rows[_i].reason);
}
END_TEST

/* ---- folders ----------------------------------------------------------------------------------------------------- */

START_TEST(a_folder_may_hold_arrays)
{
    static const unsigned char mask[12] = {1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1};
    write_npy("train.npy", "|u1", "(3, 2, 2)", levels, sizeof levels);
    write_npy("train-labels.npy", "<i8", "(3,)", long_labels, sizeof long_labels);
    write_npy("train-mask.npy", "|u1", "(3, 2, 2)", mask, sizeof mask);
    ck_assert(!has_part("", "test"));
    write_npy("test.npy", "|u1", "(1, 2, 2)", levels, 4);
    write_csv("notes.txt", "x");
    elbo_images data = load("", 0);
    assert_labels(&data, 2, 0, 1);
    ck_assert_int_eq(data.missing, 1);
    ck_assert_int_eq(data.unmasked, -1);
    ck_assert_str_eq(data.left_out, "left out: 1 entry beside the arrays (notes.txt)");
    elbo_images_free(&data);
    ck_assert(has_part("", "test"));
    ck_assert_int_eq(elbo_images_load(scratch_path(""), "t10k", 0, &data), ELBO_OK);
    ck_assert_int_eq(data.count, 1);
    elbo_images_free(&data);
    write_csv("train.csv", "a\n1\n");
    refuses("", 0, ELBO_FORMAT, "", "both train.npy and train.csv: which one?");
}
END_TEST

START_TEST(a_folder_may_hold_tables)
{
    char source[1000];
    write_csv("train.csv", "a,kind,b\n0,dog,1\n1,cat,0\n0,dog,0.5\n");
    write_csv("test.csv", "a,kind,b\n0,dog,1\n");
    snprintf(source, sizeof source, "%s:kind", scratch_path("."));
    elbo_images data;
    ck_assert_msg(elbo_images_load(source, "train", 0, &data) == ELBO_OK, "%s", elbo_error());
    assert_labels(&data, 1, 0, 1);
    elbo_images_free(&data);
    ck_assert_int_eq(elbo_images_load(source, "test", 0, &data), ELBO_OK);
    ck_assert_str_eq(data.class_names[0], "dog");
    elbo_images_free(&data);
}
END_TEST

START_TEST(where_data_are_is_told_for_other_folders)
{
    char source[1000], expected[2000];
    write_csv("a.csv", "a,b\n1,2\n");
    write_npy("x.npy", "|u1", "(3, 4)", levels, sizeof levels);
    write_csv("b", "");
    const struct {
        const char *text, *there;
    } rows[] = {{"a.csv:b", "a.csv:b"}, {"x.npy:b", "x.npy:"}};
    char *real = realpath(scratch_path(""), NULL);
    ck_assert_int_eq(chdir(real), 0);
    for (int i = 0; i < 2; i++) {
        char *text = elbo__origin_from_anywhere(rows[i].text);
        snprintf(source, sizeof source, "%s/b", real);
        snprintf(expected, sizeof expected, "%s/%s%s", real, rows[i].there, i ? source : "");
        ck_assert_str_eq(text, expected);
        elbo__free(text);
    }
    char *sprites = elbo__origin_from_anywhere("sprites:colour");
    ck_assert_str_eq(sprites, "sprites:colour");
    elbo__free(sprites);
    free(real);
}
END_TEST

/* ---- large files ------------------------------------------------------------------------------------------------- */

/* The same images from a mapped file and from memory. */
static void assert_same(const char *source, bool mapped)
{
    elbo_images data = load(source, 0);
    elbo__mapped_from = 0;
    elbo_images large = load(source, 0);
    elbo__mapped_from = 1 << 26;
    ck_assert_ptr_null(data.mapping);
    ck_assert((large.mapping != NULL) == mapped);
    ck_assert_uint_eq(large.fingerprint, data.fingerprint);
    ck_assert(large.least == data.least && large.greatest == data.greatest);
    const size_t size = (size_t)elbo_shape_size(&data.images.layout.shape) * elbo_dtype_size(data.images.dtype);
    ck_assert(memcmp(large.images.data, data.images.data, size) == 0);
    elbo_images_free(&large);
    ck_assert_ptr_null(large.images.data);
    elbo_images_free(&data);
}

START_TEST(large_files_are_mapped_where_memory_can_have_them_as_they_are)
{
    const float f[4] = {0.25f, -1, 0.5f, 1};
    const double d[4] = {0.25, -1, 0.5, 1};
    static const unsigned char idx[] = {0, 0, 8, 2, 0, 0, 0, 3, 0, 0, 0, 1, 7, 8, 9};
    unsigned char file[256];
    write_npy("u8", "|u1", "(3, 2, 2)", levels, sizeof levels);
    write_npy("f32", "<f4", "(2, 2)", f, sizeof f);
    write_npy("f64", "<f8", "(2, 2)", d, sizeof d);
    scratch_write("turned", file, make_npy(file, "<f4", "True", "(2, 2)", f, sizeof f));
    scratch_write("idx", idx, sizeof idx);
    scratch_gzip("idx.gz", idx, sizeof idx);
    assert_same("u8", true);
    assert_same("f32", true);
    assert_same("f64", false);
    assert_same("turned", false);
    assert_same("idx", true);
    assert_same("idx.gz", false);
    scratch_write("cut", file, make_npy(file, "<f4", "False", "(2, 2)", f, sizeof f) - 1);
    elbo__mapped_from = 0;
    refuses("cut", 0, ELBO_FORMAT, "cut", "truncated: expected 16 bytes");
    scratch_write("cut", idx, sizeof idx - 1);
    refuses("cut", 0, ELBO_FORMAT, "cut", "truncated: expected 3 bytes");
    elbo__mapped_from = 1 << 26;
}
END_TEST

/* ---- damage ------------------------------------------------------------------------------------------------------ */

static void load_any(const char *path)
{
    elbo_images data;
    const elbo_status status = elbo_images_load(path, "train", 0, &data);
    ck_assert_msg(status == ELBO_OK || status == ELBO_FORMAT || status == ELBO_IO || status == ELBO_NO_MEMORY,
                  "status %d", status);
    ck_assert(status == ELBO_OK ? data.count > 0 : !data.images.data && !strchr(elbo_error(), '\n'));
    elbo_images_free(&data);
}

static void damage(const void *bytes, size_t size)
{
    for (size_t n = 0; n < size; n++) {
        scratch_write("a", bytes, n);
        load_any(scratch_path("a"));
        elbo_images data;
        ck_assert_msg(elbo_images_load(scratch_path("a"), "train", 0, &data) != ELBO_OK, "%zu bytes of %zu do", n,
                      size);
    }
    scratch_fuzz(bytes, size, 2000, load_any);
}

START_TEST(damaged_files_are_an_error_or_images)
{
    unsigned char file[256];
    zip z = {.used = 0};
    if (_i == 0) {
        damage(file, make_npy(file, "|u1", "False", "(3, 2, 2)", levels, sizeof levels));
    } else {
        add_parts(&z);
        finish(&z);
        damage(z.bytes, z.used);
    }
}
END_TEST

START_TEST(damaged_tables_are_an_error_or_images)
{
    static const char text[] = "a,kind,b\n0,dog,1\n1,\"cat\",0\n0,dog,0.5\n";
    for (size_t n = 0; n < sizeof text; n++) {
        scratch_write("a.csv", text, n);
        load_any(scratch_path("a.csv:kind"));
    }
}
END_TEST

static const char *allocating; /* what is loaded */

static elbo_status load_it(void)
{
    elbo_images data;
    const elbo_status status = elbo_images_load(allocating, "train", 0, &data);
    elbo_images_free(&data);
    return status;
}

START_TEST(loading_survives_failing_allocations)
{
    static const char *const sources[] = {"x.npy", "a.csv:kind:1x2", "a.npz", "."};
    zip z = {.used = 0};
    write_npy("x.npy", "|u1", "(3, 4)", levels, sizeof levels);
    write_npy("train.npy", "|u1", "(3, 4)", levels, sizeof levels);
    write_csv("a.csv", "a,kind,b\n0,dog,1\n1,cat,0\n0,dog,0.5\n");
    add_parts(&z);
    write_zip("a.npz", &z);
    allocating = scratch_path(sources[_i]);
    assert_survives_failing_allocations(load_it);
}
END_TEST

Suite *suite_io_sources(void)
{
    Suite *suite = suite_create("io_sources");
    TCase *tc = tcase_create("files");
    tcase_add_checked_fixture(tc, scratch_setup, scratch_teardown);
    tcase_add_test(tc, an_npy_file_is_images);
    tcase_add_test(tc, reals_keep_their_type_and_tell_their_range);
    tcase_add_test(tc, bool_is_black_and_white_in_images_and_0_and_1_in_labels);
    tcase_add_test(tc, large_files_of_bool_are_read);
    tcase_add_loop_test(tc, labels_stand_in_a_file_beside, 0, 2);
    tcase_add_test(tc, idx_files_may_have_any_names);
    tcase_add_test(tc, a_name_may_have_a_colon);
    tcase_add_test(tc, what_cannot_be_images_is_refused);
    tcase_add_test(tc, the_first_nan_is_told);
    tcase_add_test(tc, an_npz_file_has_both_parts);
    tcase_add_loop_test(tc, an_npz_file_has_images_and_labels, 0, 3);
    tcase_add_test(tc, arrays_that_nobody_can_tell_apart_are_named);
    tcase_add_test(tc, a_bomb_is_not_inflated_and_damage_is_found);
    tcase_add_test(tc, a_csv_file_is_rows_of_values);
    tcase_add_loop_test(tc, labels_of_a_csv_file_are_a_column, 0, 2);
    tcase_add_loop_test(tc, rows_without_grey_levels_are_reals, 0, 2);
    tcase_add_loop_test(tc, a_csv_file_that_is_none_is_refused, 0, 5);
    suite_add_tcase(suite, tc);
    TCase *folders = tcase_create("folders");
    tcase_add_checked_fixture(folders, scratch_setup, scratch_teardown);
    tcase_add_test(folders, a_folder_may_hold_arrays);
    tcase_add_test(folders, a_folder_may_hold_tables);
    tcase_add_test(folders, where_data_are_is_told_for_other_folders);
    tcase_add_test(folders, large_files_are_mapped_where_memory_can_have_them_as_they_are);
    suite_add_tcase(suite, folders);
    TCase *broken = tcase_create("damage");
    tcase_set_timeout(broken, 60);
    tcase_add_checked_fixture(broken, scratch_setup, scratch_teardown);
    tcase_add_loop_test(broken, damaged_files_are_an_error_or_images, 0, 2);
    tcase_add_test(broken, damaged_tables_are_an_error_or_images);
    tcase_add_loop_test(broken, loading_survives_failing_allocations, 0, 4);
    suite_add_tcase(suite, broken);
    return suite;
}
