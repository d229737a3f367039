/* IDX files, plain and gzip, against bytes written down by hand. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../io/idx.h"
#include "../tensor/walk.h"
#include "../tensor/watch.h"
#include "scratch.h"
#include "suites.h"

/* One file of each type; `values` are its elements as the format defines them. The last two are read but not
 * written. */
static const struct {
    const char *name;
    elbo_dtype dtype;
    elbo_shape shape;
    size_t size;
    unsigned char bytes[40];
    double values[6];
} files[] = {
    {"u8",
     ELBO_U8,
     {2, {2, 3}},
     18,
     {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 0, 1, 127, 128, 254, 255},
     {0, 1, 127, 128, 254, 255}},
    {"i32",
     ELBO_I32,
     {1, {3}},
     20,
     {0, 0, 0x0c, 1, 0, 0, 0, 3, 1, 2, 3, 4, 0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff},
     {16909060, -2147483648.0, -1}},
    {"f32",
     ELBO_F32,
     {3, {1, 2, 1}},
     24,
     {0, 0, 0x0d, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0x3f, 0x80, 0, 0, 0xc0, 0x20, 0, 0},
     {1, -2.5}},
    {"f64",
     ELBO_F64,
     {1, {2}},
     24,
     {0, 0, 0x0e, 1, 0, 0, 0, 2, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0xc0, 4, 0, 0, 0, 0, 0, 0},
     {1, -2.5}},
    {"no elements", ELBO_U8, {2, {0, 3}}, 12, {0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0, 3}, {0}},
    {"i8", ELBO_I32, {1, {4}}, 12, {0, 0, 9, 1, 0, 0, 0, 4, 0, 127, 128, 255}, {0, 127, -128, -1}},
    {"i16",
     ELBO_I32,
     {1, {4}},
     16,
     {0, 0, 0x0b, 1, 0, 0, 0, 4, 1, 2, 0x7f, 0xff, 0x80, 0, 0xff, 0xfe},
     {258, 32767, -32768, -2}},
};
enum { FILES = sizeof files / sizeof files[0], WRITTEN = FILES - 2 };

static void assert_is_file(const elbo_tensor *tensor, int i)
{
    ck_assert_int_eq(tensor->dtype, files[i].dtype);
    ck_assert(elbo_shape_equal(&tensor->layout.shape, &files[i].shape));
    ck_assert(elbo_layout_contiguous(&tensor->layout));
    const double *value = files[i].values;
    for (elbo__walk w = elbo__walk_start(&files[i].shape); w.more; elbo__walk_next(&w))
        ck_assert_double_eq(elbo_tensor_get(tensor, w.index), *value++);
}

static void assert_refused(elbo_status expected, const char *reason)
{
    elbo_tensor tensor;
    assert_error(elbo_idx_read(scratch_path("a"), &tensor), expected, scratch_path("a"), reason);
    ck_assert_ptr_null(tensor.data);
}

/* ---- valid files ------------------------------------------------------------------------------------------------- */

START_TEST(every_type_is_read_plain_and_gzip)
{
    elbo_tensor tensor;
    scratch_write("a", files[_i].bytes, files[_i].size);
    ck_assert_int_eq(elbo_idx_read(scratch_path("a"), &tensor), ELBO_OK);
    assert_is_file(&tensor, _i);
    elbo_tensor_free(&tensor);
    scratch_gzip("a", files[_i].bytes, files[_i].size);
    ck_assert_int_eq(elbo_idx_read(scratch_path("a"), &tensor), ELBO_OK);
    assert_is_file(&tensor, _i);
    elbo_tensor_free(&tensor);
}
END_TEST

START_TEST(gzip_members_in_a_row_are_one_file)
{
    unsigned char bytes[200];
    scratch_gzip("first", files[0].bytes, 7);
    scratch_gzip("second", files[0].bytes + 7, files[0].size - 7);
    size_t size = scratch_read("first", bytes, 100);
    size += scratch_read("second", bytes + size, 100);
    scratch_write("a", bytes, size);
    elbo_tensor tensor;
    ck_assert_int_eq(elbo_idx_read(scratch_path("a"), &tensor), ELBO_OK);
    assert_is_file(&tensor, 0);
    elbo_tensor_free(&tensor);
}
END_TEST

/* More than the buffers and the first block of the reader hold. */
START_TEST(a_large_file_is_read_plain_and_gzip)
{
    enum { ROWS = 5, COLUMNS = 1000003, SIZE = 12 + ROWS * COLUMNS };
    unsigned char *bytes = malloc(SIZE);
    memcpy(bytes, (unsigned char[]){0, 0, 8, 2, 0, 0, 0, ROWS, 0x00, 0x0f, 0x42, 0x43}, 12);
    for (int i = 12; i < SIZE; i++)
        bytes[i] = (unsigned char)(i % 251 * (i / 65536));
    for (int gzip = 0; gzip < 2; gzip++) {
        (gzip ? scratch_gzip : scratch_write)("a", bytes, SIZE);
        elbo_tensor tensor;
        ck_assert_int_eq(elbo_idx_read(scratch_path("a"), &tensor), ELBO_OK);
        ck_assert(elbo_shape_equal(&tensor.layout.shape, &ELBO_SHAPE(ROWS, COLUMNS)));
        ck_assert_mem_eq(tensor.data, bytes + 12, SIZE - 12);
        elbo_tensor_free(&tensor);
    }
    free(bytes);
}
END_TEST

START_TEST(every_dtype_is_written_byte_for_byte)
{
    elbo_tensor tensor = elbo_tensor_new(files[_i].dtype, files[_i].shape);
    const double *value = files[_i].values;
    for (elbo__walk w = elbo__walk_start(&files[_i].shape); w.more; elbo__walk_next(&w))
        elbo_tensor_set(&tensor, w.index, *value++);
    ck_assert_int_eq(elbo_idx_write(scratch_path("a"), &tensor), ELBO_OK);
    scratch_assert_bytes("a", files[_i].bytes, files[_i].size);
    elbo_tensor_free(&tensor);
}
END_TEST

START_TEST(views_are_written_in_their_logical_order)
{
    int32_t x[] = {1, 2, 3, 4, 5, 6};
    elbo_tensor tensor = elbo_tensor_of(ELBO_I32, ELBO_SHAPE(2, 3), x);
    tensor.layout = elbo_layout_permute(&tensor.layout, (int[]){1, 0}); /* 1 4, 2 5, 3 6 */
    tensor.layout = elbo_layout_slice(&tensor.layout, 0, 1, 2);         /* 2 5, 3 6      */
    ck_assert_int_eq(elbo_idx_write(scratch_path("a"), &tensor), ELBO_OK);
    static const unsigned char expected[] = {0, 0, 0x0c, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0,
                                             0, 2, 0,    0, 0, 5, 0, 0, 0, 3, 0, 0, 0, 6};
    scratch_assert_bytes("a", expected, sizeof expected);
}
END_TEST

/* Longer than the piece in which strided elements are gathered. */
START_TEST(long_strided_rows_are_written_whole)
{
    enum { N = 5000 };
    float *x = calloc(2 * N, sizeof *x);
    for (int i = 0; i < N; i++)
        x[2 * i] = (float)i;
    elbo_tensor tensor = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(N, 2), x), back;
    tensor.layout = elbo_layout_slice(&tensor.layout, 1, 0, 1);
    tensor.layout = elbo_layout_permute(&tensor.layout, (int[]){1, 0});
    ck_assert_int_eq(elbo_idx_write(scratch_path("a"), &tensor), ELBO_OK);
    ck_assert_int_eq(elbo_idx_read(scratch_path("a"), &back), ELBO_OK);
    ck_assert(elbo_shape_equal(&back.layout.shape, &ELBO_SHAPE(1, N)));
    for (int i = 0; i < N; i++)
        ck_assert_float_eq(((const float *)back.data)[i], (float)i);
    elbo_tensor_free(&back);
    free(x);
}
END_TEST

/* ---- broken files ------------------------------------------------------------------------------------------------ */

START_TEST(a_missing_file_is_named)
{
    assert_refused(ELBO_IO, "cannot open: No such file or directory");
}
END_TEST

START_TEST(a_folder_is_no_file)
{
    elbo_tensor tensor;
    assert_error(elbo_idx_read(scratch_path(""), &tensor), ELBO_IO, scratch_path(""), "Is a directory");
}
END_TEST

START_TEST(a_file_cut_anywhere_is_refused)
{
    for (size_t size = 0; size < files[_i].size; size++) {
        const char *reason = size == 0 ? "is empty" : size < 4 ? "not an IDX file" : "truncated";
        scratch_write("a", files[_i].bytes, size);
        assert_refused(ELBO_FORMAT, reason);
        scratch_gzip("a", files[_i].bytes, size);
        assert_refused(ELBO_FORMAT, reason);
    }
}
END_TEST

START_TEST(bytes_after_the_elements_are_refused)
{
    scratch_write("a", files[_i].bytes, files[_i].size + 1);
    assert_refused(ELBO_FORMAT, "too long");
    scratch_gzip("a", files[_i].bytes, files[_i].size + 1);
    assert_refused(ELBO_FORMAT, "too long");
}
END_TEST

START_TEST(gzip_cut_or_changed_anywhere_is_refused)
{
    unsigned char bytes[100];
    scratch_gzip("whole", files[0].bytes, files[0].size);
    const size_t size = scratch_read("whole", bytes, sizeof bytes);
    for (size_t cut = 2; cut < size; cut++) {
        scratch_write("a", bytes, cut);
        assert_refused(ELBO_FORMAT, "truncated gzip data");
    }
    for (size_t at = 10; at < size; at++) { /* after the header, whose time and system may be anything */
        bytes[at] ^= 0x10;
        scratch_write("a", bytes, size);
        elbo_tensor tensor;
        ck_assert_int_eq(elbo_idx_read(scratch_path("a"), &tensor), ELBO_FORMAT);
        ck_assert_ptr_null(tensor.data);
        bytes[at] ^= 0x10;
    }
}
END_TEST

START_TEST(bytes_after_gzip_data_are_refused)
{
    unsigned char bytes[100];
    scratch_gzip("whole", files[0].bytes, files[0].size);
    const size_t size = scratch_read("whole", bytes, sizeof bytes);
    memcpy(bytes + size, "garbage", 7);
    scratch_write("a", bytes, size + 7);
    assert_refused(ELBO_FORMAT, "damaged gzip data");
    scratch_write("a", bytes, size + 1);
    assert_refused(ELBO_FORMAT, "gzip data");
}
END_TEST

START_TEST(a_wrong_header_is_refused)
{
    static const struct {
        unsigned char bytes[40];
        const char *reason;
    } rows[] = {
        {{1, 0, 8, 1, 0, 0, 0, 1, 7}, "not an IDX file"},
        {{0, 1, 8, 1, 0, 0, 0, 1, 7}, "not an IDX file"},
        {{0, 0, 7, 1, 0, 0, 0, 1, 7}, "unknown type 0x07"},
        {{0, 0, 10, 1, 0, 0, 0, 1, 7}, "unknown type 0x0a"},
        {{0, 0, 15, 1, 0, 0, 0, 1, 7}, "unknown type 0x0f"},
        {{0, 0, 8, 0, 7}, "has 0 axes"},
        {{0, 0, 8, 9}, "has 9 axes"},
        {{0, 0, 8, 255}, "has 255 axes"},
        {{0, 0, 8, 1, 0xff, 0xff, 0xff, 0xff}, "truncated"},
        {{0, 0, 8, 2, 0xff, 0xff, 0xff, 0xff, 0x07, 0xff, 0xff, 0xff}, "truncated"},
        {{0, 0, 8, 3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 1, 0}, "impossible sizes"},
        {{0, 0, 8, 4, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, "impossible sizes"},
    };
    scratch_write("a", rows[_i].bytes, sizeof rows[_i].bytes);
    assert_refused(ELBO_FORMAT, rows[_i].reason);
}
END_TEST

static elbo_status read_a(void)
{
    elbo_tensor tensor;
    elbo_status status = elbo_idx_read(scratch_path("a"), &tensor);
    elbo_tensor_free(&tensor);
    return status;
}

START_TEST(sizes_that_the_file_does_not_hold_take_no_memory)
{
    static const unsigned char claim[] = {0, 0, 8, 2, 0xff, 0xff, 0xff, 0xff, 0x07, 0xff, 0xff, 0xff, 1, 2, 3};
    scratch_write("a", claim, sizeof claim);
    ck_assert_uint_le(largest_allocation(read_a), 1 << 20);
    scratch_gzip("a", claim, sizeof claim);
    ck_assert_uint_le(largest_allocation(read_a), 1 << 20);
}
END_TEST

START_TEST(reading_survives_failing_allocations)
{
    scratch_write("a", files[_i].bytes, files[_i].size);
    assert_survives_failing_allocations(read_a);
    scratch_gzip("a", files[_i].bytes, files[_i].size);
    assert_survives_failing_allocations(read_a);
}
END_TEST

static void read_mutant(const char *path)
{
    elbo_tensor tensor;
    elbo_status status = elbo_idx_read(path, &tensor);
    if (status != ELBO_OK) {
        ck_assert_ptr_null(tensor.data);
        assert_error(status, ELBO_FORMAT, path, ": ");
        return;
    }
    ck_assert_int_eq(elbo_shape_check(&tensor.layout.shape), ELBO_OK);
    volatile double sum = 0; /* every element can be read */
    for (elbo__walk w = elbo__walk_start(&tensor.layout.shape); w.more; elbo__walk_next(&w))
        sum = sum + elbo_tensor_get(&tensor, w.index);
    elbo_tensor_free(&tensor);
}

START_TEST(mutants_are_refused_or_valid)
{
    unsigned char bytes[100];
    scratch_fuzz(files[_i].bytes, files[_i].size, 500, read_mutant);
    scratch_gzip("a", files[_i].bytes, files[_i].size);
    scratch_fuzz(bytes, scratch_read("a", bytes, sizeof bytes), 500, read_mutant);
}
END_TEST

/* ---- writing what cannot be written ------------------------------------------------------------------------------ */

START_TEST(a_full_disk_leaves_the_old_idx_file)
{
    elbo_tensor tensor = elbo_tensor_new(ELBO_F32, ELBO_SHAPE(100, 100));
    scratch_write("a", "old", 3);
    scratch_disk_full(30000);
    elbo_status status = elbo_idx_write(scratch_path("a"), &tensor);
    scratch_disk_free();
    assert_error(status, ELBO_IO, scratch_path("a"), "cannot write");
    scratch_assert_bytes("a", "old", 3);
    ck_assert_int_eq(scratch_entries(), 1);
    elbo_tensor_free(&tensor);
}
END_TEST

START_TEST(a_tensor_that_idx_cannot_hold_is_refused)
{
    unsigned char x = 0;
    const char *path = scratch_path("a");
    elbo_tensor scalar = elbo_tensor_of(ELBO_U8, ELBO_SCALAR, &x);
    assert_error(elbo_idx_write(path, &scalar), ELBO_INVALID, path, "1 to 8 axes");
    elbo_tensor wide = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(0, INT64_C(1) << 32), &x);
    assert_error(elbo_idx_write(path, &wide), ELBO_INVALID, path, "too large");
    elbo_tensor missing = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(2), NULL);
    assert_error(elbo_idx_write(path, &missing), ELBO_INVALID, path, "no data (2)");
    elbo_tensor negative = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(2, -1), &x);
    assert_error(elbo_idx_write(path, &negative), ELBO_INVALID, path, "impossible shape (2, -1)");
    ck_assert_int_eq(scratch_entries(), 0);
}
END_TEST

static bool stop(void *user, const char *what, int64_t done, int64_t total)
{
    (void)user, (void)what;
    return done < 0 || total != 3;
}

START_TEST(reading_can_be_stopped)
{
    static const unsigned char file[] = {0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3};
    elbo_tensor tensor;
    scratch_write("a", file, sizeof file);
    elbo_watch(stop, NULL);
    const elbo_status status = elbo_idx_read(scratch_path("a"), &tensor);
    elbo_watch(NULL, NULL);
    assert_error(status, ELBO_STOPPED, "reading", "stopped");
    ck_assert_ptr_null(tensor.data);
}
END_TEST

Suite *suite_io_idx(void)
{
    Suite *suite = suite_create("io_idx");

    TCase *valid = tcase_create("valid files");
    tcase_add_checked_fixture(valid, scratch_setup, scratch_teardown);
    tcase_add_loop_test(valid, every_type_is_read_plain_and_gzip, 0, FILES);
    tcase_add_test(valid, gzip_members_in_a_row_are_one_file);
    tcase_add_test(valid, a_large_file_is_read_plain_and_gzip);
    tcase_add_loop_test(valid, every_dtype_is_written_byte_for_byte, 0, WRITTEN);
    tcase_add_test(valid, views_are_written_in_their_logical_order);
    tcase_add_test(valid, long_strided_rows_are_written_whole);
    tcase_add_test(valid, reading_can_be_stopped);
    suite_add_tcase(suite, valid);

    TCase *broken = tcase_create("broken files");
    tcase_add_checked_fixture(broken, scratch_setup, scratch_teardown);
    tcase_add_test(broken, a_missing_file_is_named);
    tcase_add_test(broken, a_folder_is_no_file);
    tcase_add_loop_test(broken, a_file_cut_anywhere_is_refused, 0, FILES);
    tcase_add_loop_test(broken, bytes_after_the_elements_are_refused, 0, FILES);
    tcase_add_test(broken, gzip_cut_or_changed_anywhere_is_refused);
    tcase_add_test(broken, bytes_after_gzip_data_are_refused);
    tcase_add_loop_test(broken, a_wrong_header_is_refused, 0, 12);
    tcase_add_test(broken, sizes_that_the_file_does_not_hold_take_no_memory);
    tcase_add_loop_test(broken, reading_survives_failing_allocations, 0, FILES);
    tcase_add_loop_test(broken, mutants_are_refused_or_valid, 0, FILES);
    suite_add_tcase(suite, broken);

    TCase *writing = tcase_create("writing what cannot be written");
    tcase_add_checked_fixture(writing, scratch_setup, scratch_teardown);
    tcase_add_test(writing, a_full_disk_leaves_the_old_idx_file);
    tcase_add_test(writing, a_tensor_that_idx_cannot_hold_is_refused);
    suite_add_tcase(suite, writing);
    return suite;
}
