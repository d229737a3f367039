/* .npy files, against bytes written down by hand. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../io/npy.h"
#include "../tensor/walk.h"
#include "scratch.h"
#include "suites.h"

/* One file of each dtype as version 1.0; `values` are its elements as the format defines them. */
static const struct {
    const char *name;
    elbo_dtype dtype;
    elbo_shape shape;
    const char *header; /* without the blanks at its end */
    size_t size;        /* of the elements */
    unsigned char bytes[24];
    double values[6];
} files[] = {
    {"u8",
     ELBO_U8,
     {2, {2, 3}},
     "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }",
     6,
     {0, 1, 127, 128, 254, 255},
     {0, 1, 127, 128, 254, 255}},
    {"i32",
     ELBO_I32,
     {1, {3}},
     "{'descr': '<i4', 'fortran_order': False, 'shape': (3,), }",
     12,
     {4, 3, 2, 1, 0, 0, 0, 0x80, 0xff, 0xff, 0xff, 0xff},
     {16909060, -2147483648.0, -1}},
    {"f32",
     ELBO_F32,
     {3, {1, 2, 1}},
     "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 1), }",
     8,
     {0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0},
     {1, -2.5}},
    {"f64",
     ELBO_F64,
     {1, {2}},
     "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }",
     16,
     {0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 4, 0xc0},
     {1, -2.5}},
    {"a single number", ELBO_U8, {0, {0}}, "{'descr': '|u1', 'fortran_order': False, 'shape': (), }", 1, {7}, {7}},
    {"no elements", ELBO_F32, {2, {0, 3}}, "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 3), }", 0, {0}, {0}},
    {"eight axes",
     ELBO_U8,
     {8, {1, 1, 1, 1, 1, 1, 1, 2}},
     "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1, 1, 2), }",
     2,
     {8, 9},
     {8, 9}},
};
enum { FILES = sizeof files / sizeof files[0] };

/* Version, length of the header and the header as it is, then the elements. Returns the size. */
static size_t make(unsigned char *out, int major, const char *header, const void *elements, size_t size)
{
    const size_t length = strlen(header), start = major == 1 ? 10 : 12;
    memcpy(out, "\x93NUMPY", 6);
    out[6] = (unsigned char)major;
    out[7] = 0;
    memcpy(out + 8, (unsigned char[]){length & 255, length >> 8 & 255, 0, 0}, start - 8);
    memcpy(out + start, header, length);
    memcpy(out + start + length, elements, size);
    return start + length + size;
}

/* The same as NumPy lays it out: blanks and a newline up to 64 or 128 bytes. */
static size_t make_padded(unsigned char *out, const char *header, const void *elements, size_t size)
{
    char padded[119] = "";
    const size_t length = strlen(header) < 54 ? 54 : 118;
    memset(padded, ' ', length - 1);
    memcpy(padded, header, strlen(header));
    padded[length - 1] = '\n';
    return make(out, 1, padded, elements, size);
}

static size_t make_file(unsigned char *out, int i)
{
    return make_padded(out, files[i].header, files[i].bytes, files[i].size);
}

static void assert_holds(const elbo_tensor *tensor, elbo_dtype dtype, const elbo_shape *shape, const double *value)
{
    ck_assert_int_eq(tensor->dtype, dtype);
    ck_assert(elbo_shape_equal(&tensor->layout.shape, shape));
    ck_assert(elbo_layout_contiguous(&tensor->layout));
    for (elbo__walk w = elbo__walk_start(shape); w.more; elbo__walk_next(&w))
        ck_assert_double_eq(elbo_tensor_get(tensor, w.index), *value++);
}

static void assert_refused(elbo_status expected, const char *reason)
{
    elbo_tensor tensor;
    assert_error(elbo_npy_read(scratch_path("a"), &tensor), expected, scratch_path("a"), reason);
    ck_assert_ptr_null(tensor.data);
}

/* Reads a header of version 1 with the bytes 1, 2, ... 6 behind it. */
static elbo_status read_header(const char *header, elbo_tensor *out)
{
    unsigned char bytes[400];
    scratch_write("a", bytes, make(bytes, 1, header, "\1\2\3\4\5\6", 6));
    return elbo_npy_read(scratch_path("a"), out);
}

/* ---- valid files ------------------------------------------------------------------------------------------------- */

START_TEST(every_dtype_of_numpy_is_read)
{
    unsigned char bytes[200];
    elbo_tensor tensor;
    scratch_write("a", bytes, make_file(bytes, _i));
    ck_assert_int_eq(elbo_npy_read(scratch_path("a"), &tensor), ELBO_OK);
    assert_holds(&tensor, files[_i].dtype, &files[_i].shape, files[_i].values);
    elbo_tensor_free(&tensor);
}
END_TEST

START_TEST(every_dtype_is_written_as_numpy_writes_it)
{
    unsigned char bytes[200];
    elbo_tensor tensor = elbo_tensor_new(files[_i].dtype, files[_i].shape);
    const double *value = files[_i].values;
    for (elbo__walk w = elbo__walk_start(&files[_i].shape); w.more; elbo__walk_next(&w))
        elbo_tensor_set(&tensor, w.index, *value++);
    ck_assert_int_eq(elbo_npy_write(scratch_path("a"), &tensor), ELBO_OK);
    const size_t size = make_file(bytes, _i);
    ck_assert_uint_eq((size - files[_i].size) % 64, 0);
    scratch_assert_bytes("a", bytes, size);
    elbo_tensor_free(&tensor);
}
END_TEST

START_TEST(bool_is_0_and_1)
{
    static const unsigned char truths[3] = {1, 0, 7};
    unsigned char file[200];
    static const char header[] = "{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }";
    memset(file, ' ', sizeof file);
    memcpy(file, "\x93NUMPY\x01\x00\x76\x00", 10);
    memcpy(file + 10, header, sizeof header - 1);
    memcpy(file + 128, truths, 3);
    scratch_write("a", file, 131);
    elbo_tensor tensor;
    ck_assert_int_eq(elbo_npy_read(scratch_path("a"), &tensor), ELBO_OK);
    assert_holds(&tensor, ELBO_U8, &ELBO_SHAPE(3), (const double[]){1, 0, 1});
    elbo_tensor_free(&tensor);
}
END_TEST

START_TEST(versions_two_and_three_have_longer_lengths)
{
    unsigned char bytes[200];
    for (int major = 1; major <= 3; major++) {
        elbo_tensor tensor;
        scratch_write("a", bytes, make(bytes, major, files[0].header, files[0].bytes, files[0].size));
        ck_assert_int_eq(elbo_npy_read(scratch_path("a"), &tensor), ELBO_OK);
        assert_holds(&tensor, ELBO_U8, &files[0].shape, files[0].values);
        elbo_tensor_free(&tensor);
    }
}
END_TEST

START_TEST(python_may_lay_out_the_header_as_it_likes)
{
    static const char *const headers[] = {
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3)}",
        "{'shape':(2,3),'fortran_order':False,'descr':'|u1'}",
        "{\"fortran_order\" : False , \"shape\" : ( 2 , 3 , ) , \"descr\" : \"|u1\" , }  \n",
        " \n\t{'descr'\n:\t'|u1',\r\n'shape': (2,\n3), 'fortran_order': False}",
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        elbo_tensor tensor;
        ck_assert_msg(read_header(headers[i], &tensor) == ELBO_OK, "%s: %s", headers[i], elbo_error());
        assert_holds(&tensor, ELBO_U8, &ELBO_SHAPE(2, 3), (double[]){1, 2, 3, 4, 5, 6});
        elbo_tensor_free(&tensor);
    }
}
END_TEST

/* Element (i, j, k) of shape (2, 3, 2) stands at i + 2 j + 6 k. */
START_TEST(column_major_files_become_row_major)
{
    static const double expected[] = {0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11};
    unsigned char bytes[200], elements[48] = {0};
    for (int size = 1; size <= 4; size += 3) {
        for (int i = 0; i < 12; i++)
            elements[size * i] = (unsigned char)i;
        const char *header = size == 1 ? "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 2)}"
                                       : "{'descr': '<i4', 'fortran_order': True, 'shape': (2, 3, 2)}";
        scratch_write("a", bytes, make(bytes, 1, header, elements, (size_t)(12 * size)));
        elbo_tensor tensor;
        ck_assert_int_eq(elbo_npy_read(scratch_path("a"), &tensor), ELBO_OK);
        assert_holds(&tensor, size == 1 ? ELBO_U8 : ELBO_I32, &ELBO_SHAPE(2, 3, 2), expected);
        elbo_tensor_free(&tensor);
        memset(elements, 0, sizeof elements);
    }
    elbo_tensor row;
    ck_assert_int_eq(read_header("{'descr': '|u1', 'fortran_order': True, 'shape': (6,)}", &row), ELBO_OK);
    assert_holds(&row, ELBO_U8, &ELBO_SHAPE(6), (double[]){1, 2, 3, 4, 5, 6});
    elbo_tensor_free(&row);
}
END_TEST

START_TEST(views_are_written_to_npy_in_their_logical_order)
{
    int32_t x[] = {1, 2, 3, 4, 5, 6};
    elbo_tensor tensor = elbo_tensor_of(ELBO_I32, ELBO_SHAPE(2, 3), x), back;
    tensor.layout = elbo_layout_permute(&tensor.layout, (int[]){1, 0}); /* 1 4, 2 5, 3 6 */
    tensor.layout = elbo_layout_slice(&tensor.layout, 0, 1, 2);         /* 2 5, 3 6      */
    ck_assert_int_eq(elbo_npy_write(scratch_path("a"), &tensor), ELBO_OK);
    ck_assert_int_eq(elbo_npy_read(scratch_path("a"), &back), ELBO_OK);
    assert_holds(&back, ELBO_I32, &ELBO_SHAPE(2, 2), (double[]){2, 5, 3, 6});
    elbo_tensor_free(&back);
}
END_TEST

/* ---- broken files ------------------------------------------------------------------------------------------------ */

START_TEST(what_is_no_file_is_named)
{
    elbo_tensor tensor;
    assert_refused(ELBO_IO, "cannot open: No such file or directory");
    assert_error(elbo_npy_read(scratch_path(""), &tensor), ELBO_IO, scratch_path(""), "not a regular file");
    assert_error(elbo_npy_read("/dev/zero", &tensor), ELBO_IO, "/dev/zero", "not a regular file");
}
END_TEST

START_TEST(a_npy_file_cut_anywhere_is_refused)
{
    unsigned char bytes[200];
    const size_t size = make_file(bytes, _i);
    for (size_t cut = 0; cut < size; cut++) {
        scratch_write("a", bytes, cut);
        assert_refused(ELBO_FORMAT, cut < 6 ? "not a .npy file" : "truncated");
    }
    scratch_write("a", bytes, size + 1);
    assert_refused(ELBO_FORMAT, "too long: expected");
}
END_TEST

START_TEST(a_wrong_start_is_refused)
{
    static const struct {
        unsigned char bytes[16];
        const char *reason;
    } rows[] = {
        {"PK\3\4", "not a .npy file"},
        {"\x93NUMPZ\1", "not a .npy file"},
        {{0x93, 'N', 'U', 'M', 'P', 'Y', 0, 0, 2, 0, '{', '}'}, ".npy version 0.0 is not supported"},
        {{0x93, 'N', 'U', 'M', 'P', 'Y', 4, 0, 2, 0, '{', '}'}, ".npy version 4.0 is not supported"},
        {{0x93, 'N', 'U', 'M', 'P', 'Y', 1, 1, 2, 0, '{', '}'}, ".npy version 1.1 is not supported"},
        {{0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 7, 0, '{', '}'}, "truncated"},
        {{0x93, 'N', 'U', 'M', 'P', 'Y', 2, 0, 0, 0, 1, 0, '{', '}'}, "a header of 65536 bytes: at most 65535"},
        {{0x93, 'N', 'U', 'M', 'P', 'Y', 3, 0, 255, 255, 255, 255, '{', '}'}, "a header of 4294967295 bytes"},
        {{0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 0, 0, '{', '}'}, "expected a dict, found \"\""},
    };
    ck_assert_int_lt(_i, (int)(sizeof rows / sizeof rows[0]));
    scratch_write("a", rows[_i].bytes, sizeof rows[_i].bytes);
    assert_refused(ELBO_FORMAT, rows[_i].reason);
}
END_TEST

/* Each is the valid header with one thing wrong. */
static const struct {
    const char *header, *reason;
} wrong[] = {
    {"['descr', '|u1']", "byte 0: expected a dict, found \"['descr"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (6,)", "expected a comma, found \"\""},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (6,)} x", "expected the end, found \"x\""},
    {"{'descr': '|u1' 'fortran_order': False, 'shape': (6,)}", "byte 16: expected a comma, found \"'fortran"},
    {"{'descr': '|u1',, 'fortran_order': False, 'shape': (6,)}", "expected a key, found \", 'f"},
    {"{, 'descr': '|u1', 'fortran_order': False, 'shape': (6,)}", "byte 1: expected a key"},
    {"{descr: '|u1', 'fortran_order': False, 'shape': (6,)}", "expected a key, found \"descr"},
    {"{'descr\": '|u1\", 'fortran_order': False, 'shape': (6,)}", "the key 'descr\": ' is unknown"},
    {"{'descr: |u1, }", "expected a key, found \"'descr"},
    {"{'de\\163cr': '|u1', 'fortran_order': False, 'shape': (6,)}", "expected a key, found \"'de\\163cr"},
    {"{'descr' '|u1', 'fortran_order': False, 'shape': (6,)}", "expected a colon, found \"'|u1'"},
    {"{}", "the key 'descr' is missing"},
    {"{'descr': '|u1', 'shape': (6,)}", "the key 'fortran_order' is missing"},
    {"{'descr': '|u1', 'fortran_order': False}", "the key 'shape' is missing"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (6,), 'descr': '|u1'}", "the key 'descr' stands twice"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (6,), 'title': 'x'}", "the key 'title' is unknown"},
    {"{'descr': '|O', 'fortran_order': False, 'shape': (6,)}", "Python objects of dtype \"|O\" are not supported"},
    {"{'descr': '<f2', 'fortran_order': False, 'shape': (6,)}",
     "dtype \"<f2\" are not supported: save x.astype('float32')"},
    {"{'descr': '>f4', 'fortran_order': False, 'shape': (6,)}", "big-endian elements of dtype \">f4\""},
    {"{'descr': '<f2', 'fortran_order': False, 'shape': (3,)}", "dtype \"<f2\""},
    {"{'descr': '>i4', 'fortran_order': False, 'shape': (6,)}",
     "big-endian elements of dtype \">i4\" are not supported: save x.astype('int32')"},
    {"{'descr': '<c8', 'fortran_order': False, 'shape': (6,)}",
     "elements of dtype \"<c8\" are not supported: save uint8, bool, float32, float64 or whole numbers"},
    {"{'descr': '', 'fortran_order': False, 'shape': (6,)}", "elements of dtype \"\" are not supported"},
    {"{'descr': '<U1', 'fortran_order': False, 'shape': (6,)}",
     "words of dtype \"<U1\" are not supported: save numpy.unique(y, return_inverse=True)[1], which numbers them"},
    {"{'descr': 'a\nb', 'fortran_order': False, 'shape': (6,)}", "dtype \"a?b\""},
    {"{'descr': [('x', '|u1')], 'fortran_order': False, 'shape': (6,)}",
     "expected the name of one dtype, found \"[('x'"},
    {"{'descr': '|u1', 'fortran_order': 0, 'shape': (6,)}", "expected True or False, found \"0, "},
    {"{'descr': '|u1', 'fortran_order': 'True', 'shape': (6,)}", "expected True or False, found \"'True'"},
    {"{'descr': '|u1', 'fortran_order': Falsetto, 'shape': (6,)}", "expected a comma, found \"tto"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': [6]}", "expected a shape in parentheses, found \"[6]}\""},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': 6}", "expected a shape in parentheses, found \"6}\""},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (6)}", "expected a comma, found \")}\""},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (2 3)}", "expected a comma, found \"3)}\""},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3 1)}", "expected a comma, found \"1)}\""},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (,)}", "expected a size, found \",)}\""},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (2,,3)}", "expected a size, found \",3)}\""},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (-6,)}", "expected a size, found \"-6"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (06,)}", "expected a size, found \"06"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (6L,)}", "expected a comma, found \"L"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (6.0,)}", "expected a comma, found \".0"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000000000,)}", "expected a size"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3", "expected a comma, found \"\""},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1, 1, 1, 6)}", "has more than 8 axes"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", "impossible shape"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (0, 4294967296, 4294967296)}", "impossible shape"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (7,)}", "truncated: expected 7 bytes of elements, found 6"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (5,)}", "too long: expected 5 bytes of elements, found 6"},
    {"{'descr': '<i4', 'fortran_order': False, 'shape': (2,)}", "truncated: expected 8 bytes of elements, found 6"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': ()}", "too long: expected 1 bytes of elements, found 6"},
};
enum { WRONG = sizeof wrong / sizeof wrong[0] };

START_TEST(a_wrong_python_header_is_refused)
{
    elbo_tensor tensor;
    assert_error(read_header(wrong[_i].header, &tensor), ELBO_FORMAT, scratch_path("a"), wrong[_i].reason);
    ck_assert_ptr_null(tensor.data);
}
END_TEST

START_TEST(a_zero_byte_ends_no_header)
{
    static const char header[] = "{'descr': '|u1', 'fortran_order': False, 'shape': (6,)}\0 ";
    unsigned char bytes[200] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, sizeof header - 1};
    memcpy(bytes + 10, header, sizeof header - 1);
    scratch_write("a", bytes, 10 + sizeof header - 1 + 6);
    assert_refused(ELBO_FORMAT, "expected the end, found \"\"");
}
END_TEST

static elbo_status read_a(void)
{
    elbo_tensor tensor;
    elbo_status status = elbo_npy_read(scratch_path("a"), &tensor);
    elbo_tensor_free(&tensor);
    return status;
}

START_TEST(shapes_that_the_file_does_not_fill_take_no_memory)
{
    elbo_tensor tensor;
    ck_assert_int_eq(read_header("{'descr': '<f8', 'fortran_order': True, 'shape': (400000, 400000)}", &tensor),
                     ELBO_FORMAT);
    ck_assert_uint_le(largest_allocation(read_a), 1 << 16);
}
END_TEST

START_TEST(reading_npy_survives_failing_allocations)
{
    unsigned char bytes[200];
    scratch_write("a", bytes, make_file(bytes, 0));
    assert_survives_failing_allocations(read_a);
    scratch_write("a", bytes,
                  make(bytes, 1, "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3)}", "\1\2\3\4\5\6", 6));
    assert_survives_failing_allocations(read_a);
}
END_TEST

static void read_mutant(const char *path)
{
    elbo_tensor tensor;
    elbo_status status = elbo_npy_read(path, &tensor);
    if (status != ELBO_OK) {
        ck_assert_ptr_null(tensor.data);
        assert_error(status, ELBO_FORMAT, path, ": ");
        return;
    }
    volatile double sum = 0; /* every element can be read */
    for (elbo__walk w = elbo__walk_start(&tensor.layout.shape); w.more; elbo__walk_next(&w))
        sum = sum + elbo_tensor_get(&tensor, w.index);
    elbo_tensor_free(&tensor);
}

START_TEST(mutants_of_npy_are_refused_or_valid)
{
    unsigned char bytes[200];
    scratch_fuzz(bytes, make_file(bytes, _i), 500, read_mutant);
}
END_TEST

/* ---- writing what cannot be written ------------------------------------------------------------------------------ */

static elbo_status write_a(void)
{
    static const float x[100 * 100];
    elbo_tensor tensor = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(100, 100), x);
    return elbo_npy_write(scratch_path("a"), &tensor);
}

START_TEST(a_full_disk_leaves_the_old_npy_file)
{
    scratch_write("a", "old", 3);
    scratch_disk_full(30000);
    elbo_status status = write_a();
    scratch_disk_free();
    assert_error(status, ELBO_IO, scratch_path("a"), "cannot write");
    scratch_assert_bytes("a", "old", 3);
    ck_assert_int_eq(scratch_entries(), 1);
}
END_TEST

START_TEST(writing_npy_survives_failing_allocations)
{
    assert_survives_failing_allocations(write_a);
    ck_assert_int_eq(scratch_entries(), 1);
}
END_TEST

START_TEST(a_tensor_without_sense_is_not_written)
{
    const char *path = scratch_path("a");
    elbo_tensor missing = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(2), NULL);
    assert_error(elbo_npy_write(path, &missing), ELBO_INVALID, path, "no data (2)");
    ck_assert_int_eq(scratch_entries(), 0);
}
END_TEST

Suite *suite_io_npy(void)
{
    Suite *suite = suite_create("io_npy");

    TCase *valid = tcase_create("valid files");
    tcase_add_checked_fixture(valid, scratch_setup, scratch_teardown);
    tcase_add_loop_test(valid, every_dtype_of_numpy_is_read, 0, FILES);
    tcase_add_loop_test(valid, every_dtype_is_written_as_numpy_writes_it, 0, FILES);
    tcase_add_test(valid, bool_is_0_and_1);
    tcase_add_test(valid, versions_two_and_three_have_longer_lengths);
    tcase_add_test(valid, python_may_lay_out_the_header_as_it_likes);
    tcase_add_test(valid, column_major_files_become_row_major);
    tcase_add_test(valid, views_are_written_to_npy_in_their_logical_order);
    suite_add_tcase(suite, valid);

    TCase *broken = tcase_create("broken files");
    tcase_add_checked_fixture(broken, scratch_setup, scratch_teardown);
    tcase_add_test(broken, what_is_no_file_is_named);
    tcase_add_loop_test(broken, a_npy_file_cut_anywhere_is_refused, 0, FILES);
    tcase_add_loop_test(broken, a_wrong_start_is_refused, 0, 9);
    tcase_add_loop_test(broken, a_wrong_python_header_is_refused, 0, WRONG);
    tcase_add_test(broken, a_zero_byte_ends_no_header);
    tcase_add_test(broken, shapes_that_the_file_does_not_fill_take_no_memory);
    tcase_add_test(broken, reading_npy_survives_failing_allocations);
    tcase_add_loop_test(broken, mutants_of_npy_are_refused_or_valid, 0, FILES);
    suite_add_tcase(suite, broken);

    TCase *writing = tcase_create("writing what cannot be written");
    tcase_add_checked_fixture(writing, scratch_setup, scratch_teardown);
    tcase_add_test(writing, a_full_disk_leaves_the_old_npy_file);
    tcase_add_test(writing, writing_npy_survives_failing_allocations);
    tcase_add_test(writing, a_tensor_without_sense_is_not_written);
    suite_add_tcase(suite, writing);
    return suite;
}
