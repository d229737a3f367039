/* Missing values in data sets: NaN, and masks from files and arrays. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../io/dataset.h"
#include "../io/idx.h"
#include "scratch.h"
#include "suites.h"

enum { N = 3, D = 2 };

static const unsigned char pixels[N * D] = {10, 20, 30, 40, 50, 255}, there[N * D] = {1, 0, 255, 1, 0, 7};
static const elbo_shape shape = {3, {N, 1, D}};

static void write(const char *name, elbo_dtype dtype, elbo_shape of, const void *data)
{
    const elbo_tensor tensor = elbo_tensor_of(dtype, of, data);
    ck_assert_msg(elbo_idx_write(scratch_path(name), &tensor) == ELBO_OK, "%s", elbo_error());
}

static void write_images(void)
{
    write("train-images-idx3-ubyte", ELBO_U8, shape, pixels);
}

static elbo_images load(void)
{
    elbo_images data;
    ck_assert_msg(elbo_images_load(scratch_path(""), "train", 0, &data) == ELBO_OK, "%s", elbo_error());
    return data;
}

static void assert_is_masked(const elbo_images *data)
{
    ck_assert_int_eq(data->missing, 2);
    ck_assert(elbo_shape_equal(&data->mask.layout.shape, &shape));
    for (int i = 0; i < N * D; i++)
        ck_assert_int_eq(((const unsigned char *)data->mask.data)[i], there[i] != 0);
}

START_TEST(a_mask_lies_beside_the_images)
{
    write_images();
    elbo_images whole = load();
    ck_assert_int_eq(whole.missing, 0);
    ck_assert_ptr_null(whole.mask.data);
    write("train-mask-idx3-ubyte", ELBO_U8, shape, there);
    elbo_images masked = load();
    assert_is_masked(&masked);
    ck_assert_mem_eq(masked.images.data, pixels, sizeof pixels);
    ck_assert_uint_ne(masked.fingerprint, whole.fingerprint);
    ck_assert_ptr_null(masked.left_out);
    elbo_images_free(&whole);
    elbo_images_free(&masked);
    ck_assert_ptr_null(masked.mask.data);
}
END_TEST

START_TEST(a_mask_of_an_array_is_a_copy_that_may_be_replaced)
{
    unsigned char own[N * D], all[N * D];
    memcpy(own, there, sizeof own);
    memset(all, 1, sizeof all);
    const elbo_tensor images = elbo_tensor_of(ELBO_U8, shape, pixels), mask = elbo_tensor_of(ELBO_U8, shape, own),
                      whole = elbo_tensor_of(ELBO_U8, shape, all);
    write_images();
    write("train-mask-idx3-ubyte", ELBO_U8, shape, there);
    elbo_images loaded = load(), data;
    ck_assert_int_eq(elbo_images_of(&images, NULL, 0, &data), ELBO_OK);
    ck_assert_int_eq(elbo_images_set_mask(&data, &whole), ELBO_OK);
    ck_assert_int_eq(data.missing, 0);
    ck_assert_int_eq(elbo_images_set_mask(&data, &mask), ELBO_OK);
    memset(own, 0, sizeof own);
    assert_is_masked(&data);
    ck_assert_uint_eq(data.fingerprint, loaded.fingerprint);
    elbo_images_free(&data);
    elbo_images_free(&loaded);
}
END_TEST

START_TEST(a_mask_may_be_of_any_strides)
{
    unsigned char turned[D * N];
    for (int i = 0; i < N * D; i++)
        turned[i % D * N + i / D] = there[i];
    const elbo_tensor images = elbo_tensor_of(ELBO_U8, shape, pixels);
    elbo_tensor mask = elbo_tensor_of(ELBO_U8, shape, turned);
    mask.layout.strides[0] = 1;
    mask.layout.strides[2] = N;
    elbo_images data;
    ck_assert_int_eq(elbo_images_of(&images, NULL, 0, &data), ELBO_OK);
    ck_assert_int_eq(elbo_images_set_mask(&data, &mask), ELBO_OK);
    assert_is_masked(&data);
    elbo_images_free(&data);
}
END_TEST

START_TEST(nan_is_a_missing_value_with_and_without_a_mask)
{
    const float x[N * D] = {0, NAN, 1, INFINITY, NAN, 0};
    const double wide[N * D] = {0, NAN, 1, 2, NAN, 0};
    const unsigned char but_one[N * D] = {1, 1, 1, 0, 1, 1};
    elbo_images data;
    write("train-images-idx3-float", ELBO_F32, shape, x);
    write("train-mask-idx3-ubyte", ELBO_U8, shape, but_one); /* what is infinite is hidden */
    data = load();
    ck_assert_int_eq(data.missing, 3);
    for (int i = 0; i < N * D; i++)
        ck_assert_int_eq(((const unsigned char *)data.mask.data)[i], isfinite(x[i]) != 0);
    elbo_images_free(&data);
    const elbo_tensor images = elbo_tensor_of(ELBO_F64, shape, wide);
    ck_assert_int_eq(elbo_images_of(&images, NULL, 0, &data), ELBO_OK);
    ck_assert_int_eq(data.missing, 2);
    ck_assert_ptr_null(data.mask.data);
}
END_TEST

static const struct {
    elbo_dtype dtype;
    elbo_shape shape;
    const char *reason;
} wrong[] = {
    {ELBO_U8, {2, {N, D}}, "expected a mask of u8 (3, 1, 2), as "},
    {ELBO_U8, {3, {N, 1, 1}}, "got u8 (3, 1, 1)"},
    {ELBO_F32, {3, {N, 1, D}}, "got f32 (3, 1, 2)"},
};

START_TEST(a_mask_of_another_shape_is_refused)
{
    static const float zeros[N * D];
    elbo_images data, before;
    write_images();
    write("train-mask-idx3-ubyte", wrong[_i].dtype, wrong[_i].shape, zeros);
    assert_error(elbo_images_load(scratch_path(""), "train", 0, &data), ELBO_FORMAT,
                 scratch_path("train-mask-idx3-ubyte"), wrong[_i].reason);
    ck_assert_ptr_null(data.images.data);
    const elbo_tensor images = elbo_tensor_of(ELBO_U8, shape, pixels),
                      mask = elbo_tensor_of(wrong[_i].dtype, wrong[_i].shape, zeros);
    ck_assert_int_eq(elbo_images_of(&images, NULL, 0, &data), ELBO_OK);
    before = data;
    assert_error(elbo_images_set_mask(&data, &mask), ELBO_INVALID, "mask", wrong[_i].reason);
    ck_assert_mem_eq(&before, &data, sizeof data); /* as it was */
}
END_TEST

static elbo_status load_masked(void)
{
    elbo_images data;
    elbo_status status = elbo_images_load(scratch_path(""), "train", 0, &data);
    const elbo_tensor mask = elbo_tensor_of(ELBO_U8, shape, there);
    if (status == ELBO_OK)
        status = elbo_images_set_mask(&data, &mask);
    elbo_images_free(&data);
    return status;
}

START_TEST(every_failed_allocation_is_reported)
{
    write_images();
    write("train-mask-idx3-ubyte", ELBO_U8, shape, there);
    assert_survives_failing_allocations(load_masked);
}
END_TEST

Suite *suite_io_missing(void)
{
    Suite *suite = suite_create("io_missing");
    TCase *masks = tcase_create("masks");
    tcase_add_checked_fixture(masks, scratch_setup, scratch_teardown);
    tcase_add_test(masks, a_mask_lies_beside_the_images);
    tcase_add_test(masks, a_mask_of_an_array_is_a_copy_that_may_be_replaced);
    tcase_add_test(masks, a_mask_may_be_of_any_strides);
    tcase_add_test(masks, nan_is_a_missing_value_with_and_without_a_mask);
    tcase_add_loop_test(masks, a_mask_of_another_shape_is_refused, 0, sizeof wrong / sizeof wrong[0]);
    tcase_add_test(masks, every_failed_allocation_is_reported);
    suite_add_tcase(suite, masks);
    return suite;
}
