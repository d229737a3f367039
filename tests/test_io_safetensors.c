/* safetensors files against bytes written down by hand. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../io/safetensors.h"
#include "../tensor/walk.h"
#include "scratch.h"
#include "suites.h"

/* One tensor of each dtype: f64 (2) 1, -2.5; f32 (2, 1) 1, -2.5; i32 () -2; u8 (3) 1, 2, 255. The header is padded to a
 * multiple of 8. */
static const char header[] = "{\"__metadata__\":{\"model\":\"vae\",\"epochs\":\"10\"},"
                             "\"d\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]},"
                             "\"a.i\":{\"dtype\":\"I32\",\"shape\":[],\"data_offsets\":[16,20]},"
                             "\"b.f\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[20,28]},"
                             "\"c\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[28,31]}}   ";
static const unsigned char data[] = {0,    0,    0,    0,    0, 0, 0xf0, 0x3f, 0, 0, 0,    0,    0, 0, 4,  0xc0,
                                     0xfe, 0xff, 0xff, 0xff, 0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0, 1, 2, 255};

static void assert_is_file(const elbo_safetensors *file)
{
    static const struct {
        const char *name;
        elbo_dtype dtype;
        elbo_shape shape;
        double values[3];
    } expected[] = {
        {"a.i", ELBO_I32, {0, {0}}, {-2}},
        {"b.f", ELBO_F32, {2, {2, 1}}, {1, -2.5}},
        {"c", ELBO_U8, {1, {3}}, {1, 2, 255}},
        {"d", ELBO_F64, {1, {2}}, {1, -2.5}},
    };
    ck_assert_int_eq(file->count, 4);
    for (int i = 0; i < 4; i++) {
        const elbo_tensor *tensor = elbo_safetensors_tensor(file, expected[i].name);
        ck_assert_str_eq(file->tensors[i].name, expected[i].name);
        ck_assert_ptr_eq(tensor, &file->tensors[i].tensor);
        ck_assert_int_eq(tensor->dtype, expected[i].dtype);
        ck_assert(elbo_shape_equal(&tensor->layout.shape, &expected[i].shape));
        const double *value = expected[i].values;
        for (elbo__walk w = elbo__walk_start(&expected[i].shape); w.more; elbo__walk_next(&w))
            ck_assert_double_eq(elbo_tensor_get(tensor, w.index), *value++);
    }
    ck_assert_ptr_null(elbo_safetensors_tensor(file, "b"));
    ck_assert_int_eq(file->pairs, 2);
    ck_assert_str_eq(file->metadata[0].key, "model");
    ck_assert_str_eq(elbo_safetensors_metadata(file, "model"), "vae");
    ck_assert_str_eq(elbo_safetensors_metadata(file, "epochs"), "10");
    ck_assert_ptr_null(elbo_safetensors_metadata(file, "d"));
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

START_TEST(every_dtype_is_read)
{
    elbo_safetensors file;
    scratch_safetensors("a", header, data, sizeof data);
    ck_assert_int_eq(elbo_safetensors_open(scratch_path("a"), &file), ELBO_OK);
    assert_is_file(&file);
    elbo_safetensors_close(&file);
    ck_assert_int_eq(file.count, 0);
    elbo_safetensors_close(&file);
    elbo_safetensors_close(NULL);
}
END_TEST

/* Nothing in the format aligns the data: here f32 numbers begin at an odd place. White space and the order of entries
 * and of their keys are free. */
START_TEST(unaligned_data_in_any_order_are_read)
{
    static const unsigned char odd[] = {7, 0, 0, 0x80, 0x3f};
    elbo_safetensors file;
    scratch_safetensors("a",
                        "{ \"x\" : {\"data_offsets\":[1,5], \"shape\":[1], \"dtype\":\"F32\"},\n"
                        "\"byte\":{\"dtype\":\"U8\",\"shape\":[1,1],\"data_offsets\":[0,1]}}\n",
                        odd, sizeof odd);
    ck_assert_int_eq(elbo_safetensors_open(scratch_path("a"), &file), ELBO_OK);
    ck_assert_float_eq(*(const float *)elbo_safetensors_tensor(&file, "x")->data, 1);
    ck_assert_int_eq(*(const unsigned char *)elbo_safetensors_tensor(&file, "byte")->data, 7);
    ck_assert_int_eq(file.pairs, 0);
    elbo_safetensors_close(&file);
}
END_TEST

START_TEST(a_file_may_be_empty_and_so_may_a_tensor)
{
    elbo_safetensors file;
    scratch_safetensors("a", "{}", NULL, 0);
    ck_assert_int_eq(elbo_safetensors_open(scratch_path("a"), &file), ELBO_OK);
    ck_assert_int_eq(file.count, 0);
    ck_assert_ptr_null(elbo_safetensors_tensor(&file, "x"));
    elbo_safetensors_close(&file);
    scratch_safetensors("a",
                        "{\"full\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                        "\"last\":{\"dtype\":\"F32\",\"shape\":[3,0],\"data_offsets\":[1,1]},"
                        "\"first\":{\"dtype\":\"F64\",\"shape\":[0],\"data_offsets\":[0,0]}}",
                        "x", 1);
    ck_assert_int_eq(elbo_safetensors_open(scratch_path("a"), &file), ELBO_OK);
    ck_assert_int_eq(file.count, 3);
    ck_assert(elbo_shape_equal(&elbo_safetensors_tensor(&file, "last")->layout.shape, &ELBO_SHAPE(3, 0)));
    elbo_safetensors_close(&file);
}
END_TEST

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static const double f64[] = {1, -2.5};
static const float f32[] = {1, -2.5f};
static const int32_t i32[] = {-2};
static const unsigned char u8[] = {1, 2, 255};
static const elbo_pair metadata[] = {{"model", "vae"}, {"epochs", "10"}};

static elbo_status write_all(const char *path)
{
    const elbo_named_tensor tensors[] = {{"c", elbo_tensor_of(ELBO_U8, ELBO_SHAPE(3), u8)},
                                         {"b.f", elbo_tensor_of(ELBO_F32, ELBO_SHAPE(2, 1), f32)},
                                         {"d", elbo_tensor_of(ELBO_F64, ELBO_SHAPE(2), f64)},
                                         {"a.i", elbo_tensor_of(ELBO_I32, ELBO_SCALAR, i32)}};
    return elbo_safetensors_write(path, tensors, 4, metadata, 2);
}

START_TEST(a_file_is_written_byte_for_byte)
{
    unsigned char expected[1000];
    scratch_safetensors("expected", header, data, sizeof data);
    ck_assert_uint_eq(strlen(header) % 8, 0);
    ck_assert_int_eq(write_all(scratch_path("a")), ELBO_OK);
    scratch_assert_bytes("a", expected, scratch_read("expected", expected, sizeof expected));
    ck_assert_int_eq(scratch_entries(), 2);
}
END_TEST

START_TEST(a_file_without_tensors_is_written)
{
    ck_assert_int_eq(elbo_safetensors_write(scratch_path("a"), NULL, 0, NULL, 0), ELBO_OK);
    scratch_assert_bytes("a", "\x08\0\0\0\0\0\0\0{}      ", 16);
}
END_TEST

/* A weight that is (2, 3) to its reader and lies transposed in memory, as in a parameter set. */
START_TEST(strides_are_written_under_the_logical_shape)
{
    static const unsigned char memory[] = {1, 4, 2, 5, 3, 6};
    elbo_tensor tensor = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(3, 2), memory);
    tensor.layout = elbo_layout_permute(&tensor.layout, (int[]){1, 0});
    ck_assert_int_eq(elbo_safetensors_write(scratch_path("a"), &(elbo_named_tensor){"w", tensor}, 1, NULL, 0), ELBO_OK);
    unsigned char expected[100];
    scratch_safetensors("expected", "{\"w\":{\"dtype\":\"U8\",\"shape\":[2,3],\"data_offsets\":[0,6]}} ",
                        "\1\2\3\4\5\6", 6);
    scratch_assert_bytes("a", expected, scratch_read("expected", expected, sizeof expected));
}
END_TEST

START_TEST(every_bit_of_a_number_is_kept)
{
    static const uint32_t bits[] = {0x7f800001, 0xffc12345, 0x80000000, 0x00000001, 0x7f800000};
    elbo_named_tensor tensor = {"x", elbo_tensor_of(ELBO_F32, ELBO_SHAPE(5), bits)};
    elbo_safetensors file;
    ck_assert_int_eq(elbo_safetensors_write(scratch_path("a"), &tensor, 1, NULL, 0), ELBO_OK);
    ck_assert_int_eq(elbo_safetensors_open(scratch_path("a"), &file), ELBO_OK);
    ck_assert_mem_eq(file.tensors[0].tensor.data, bits, sizeof bits);
    elbo_safetensors_close(&file);
}
END_TEST

START_TEST(names_of_any_text_come_back)
{
    static const char *const names[] = {"", "a \"quoted\" \\ name", "\xc3\xa9\xe2\x82\xac", "line\nbreak", "/"};
    elbo_named_tensor tensors[5];
    elbo_pair pairs[5];
    for (int i = 0; i < 5; i++) {
        tensors[i] = (elbo_named_tensor){names[i], elbo_tensor_of(ELBO_U8, ELBO_SHAPE(1), &u8[i % 3])};
        pairs[i] = (elbo_pair){names[i], names[4 - i]};
    }
    elbo_safetensors file;
    ck_assert_int_eq(elbo_safetensors_write(scratch_path("a"), tensors, 5, pairs, 5), ELBO_OK);
    ck_assert_int_eq(elbo_safetensors_open(scratch_path("a"), &file), ELBO_OK);
    for (int i = 0; i < 5; i++) {
        const elbo_tensor *tensor = elbo_safetensors_tensor(&file, names[i]);
        ck_assert_ptr_nonnull(tensor);
        ck_assert_int_eq(*(const unsigned char *)tensor->data, u8[i % 3]);
        ck_assert_str_eq(elbo_safetensors_metadata(&file, names[i]), names[4 - i]);
    }
    elbo_safetensors_close(&file);
}
END_TEST

START_TEST(what_the_format_cannot_hold_is_refused)
{
    const elbo_tensor x = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(3), u8);
    const elbo_tensor missing = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(3), NULL);
    elbo_tensor huge = x;
    huge.layout.shape = ELBO_SHAPE(INT64_MAX, INT64_MAX);
    const struct {
        elbo_named_tensor tensors[2];
        elbo_pair pairs[2];
        const char *reason;
    } rows[] = {
        {{{"a", x}, {"a", x}}, {{"k", "v"}, {"l", "v"}}, "the tensor \"a\" stands twice"},
        {{{"a", x}, {"b", x}}, {{"k", "v"}, {"k", "v"}}, "the key \"k\" stands twice"},
        {{{"a", x}, {"__metadata__", x}}, {{"k", "v"}, {"l", "v"}}, "no tensor can be named \"__metadata__\""},
        {{{"a", x}, {"\xff", x}}, {{"k", "v"}, {"l", "v"}}, "not UTF-8"},
        {{{"a", x}, {"b", x}}, {{"\xff", "v"}, {"l", "v"}}, "not UTF-8"},
        {{{"a", x}, {"b", x}}, {{"k", "\xff"}, {"l", "v"}}, "the value of \"k\" is not UTF-8"},
        {{{"a", x}, {"b", missing}}, {{"k", "v"}, {"l", "v"}}, "b: no data (3)"},
        {{{"a", x}, {"b", huge}}, {{"k", "v"}, {"l", "v"}}, "b: impossible shape"},
    };
    scratch_write("a", "old", 3);
    const char *path = scratch_path("a");
    assert_error(elbo_safetensors_write(path, rows[_i].tensors, 2, rows[_i].pairs, 2), ELBO_INVALID, path,
                 rows[_i].reason);
    scratch_assert_bytes("a", "old", 3);
    ck_assert_int_eq(scratch_entries(), 1);
}
END_TEST

START_TEST(a_full_disk_leaves_the_old_safetensors_file)
{
    scratch_write("a", "old", 3);
    scratch_disk_full(100);
    elbo_status status = write_all(scratch_path("a"));
    scratch_disk_free();
    assert_error(status, ELBO_IO, scratch_path("a"), "cannot write");
    scratch_assert_bytes("a", "old", 3);
    ck_assert_int_eq(scratch_entries(), 1);
    assert_error(write_all(scratch_path("b/a")), ELBO_IO, scratch_path("b/a"), "No such file or directory");
}
END_TEST

static elbo_status read_a(void)
{
    elbo_safetensors file;
    elbo_status status = elbo_safetensors_open(scratch_path("a"), &file);
    elbo_safetensors_close(&file);
    return status;
}

static elbo_status write_a(void)
{
    return write_all(scratch_path("a"));
}

START_TEST(failing_allocations_are_survived)
{
    assert_survives_failing_allocations(write_a);
    ck_assert_int_eq(scratch_entries(), 1);
    assert_survives_failing_allocations(read_a);
}
END_TEST

Suite *suite_io_safetensors(void)
{
    Suite *suite = suite_create("io_safetensors");

    TCase *reading = tcase_create("reading");
    tcase_add_checked_fixture(reading, scratch_setup, scratch_teardown);
    tcase_add_test(reading, every_dtype_is_read);
    tcase_add_test(reading, unaligned_data_in_any_order_are_read);
    tcase_add_test(reading, a_file_may_be_empty_and_so_may_a_tensor);
    suite_add_tcase(suite, reading);

    TCase *writing = tcase_create("writing");
    tcase_add_checked_fixture(writing, scratch_setup, scratch_teardown);
    tcase_add_test(writing, a_file_is_written_byte_for_byte);
    tcase_add_test(writing, a_file_without_tensors_is_written);
    tcase_add_test(writing, strides_are_written_under_the_logical_shape);
    tcase_add_test(writing, every_bit_of_a_number_is_kept);
    tcase_add_test(writing, names_of_any_text_come_back);
    tcase_add_loop_test(writing, what_the_format_cannot_hold_is_refused, 0, 8);
    tcase_add_test(writing, a_full_disk_leaves_the_old_safetensors_file);
    tcase_add_test(writing, failing_allocations_are_survived);
    suite_add_tcase(suite, writing);

    return suite;
}
