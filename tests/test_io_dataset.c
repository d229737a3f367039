/* Images with labels, from folders and from arrays. */
#include <check.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "../io/dataset.h"
#include "scratch.h"
#include "suites.h"

/* Three images of 1 x 2 pixels and their labels, as IDX files. */
static const unsigned char images_file[] = {0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 10, 20, 30, 40, 50, 255};
static const unsigned char labels_file[] = {0, 0, 8, 1, 0, 0, 0, 3, 2, 0, 1};
static const unsigned char pixels[] = {10, 20, 30, 40, 50, 255}, labels[] = {2, 0, 1};

static void write_pair(void)
{
    scratch_write("train-images-idx3-ubyte", images_file, sizeof images_file);
    scratch_write("train-labels-idx1-ubyte", labels_file, sizeof labels_file);
}

static void assert_is_pair(const elbo_images *data)
{
    ck_assert_int_eq(data->count, 3);
    ck_assert_int_eq(data->channels, 1);
    ck_assert_int_eq(data->height, 1);
    ck_assert_int_eq(data->width, 2);
    ck_assert_int_eq(data->classes, 3);
    ck_assert_int_eq(data->images.dtype, ELBO_U8);
    ck_assert(elbo_shape_equal(&data->images.layout.shape, &ELBO_SHAPE(3, 1, 2)));
    ck_assert_mem_eq(data->images.data, pixels, sizeof pixels);
    ck_assert(elbo_shape_equal(&data->labels.layout.shape, &ELBO_SHAPE(3)));
    ck_assert_mem_eq(data->labels.data, labels, sizeof labels);
}

static void assert_refused(const char *part, int classes, elbo_status expected, const char *file, const char *reason)
{
    elbo_images data;
    assert_error(elbo_images_load(scratch_path(""), part, classes, &data), expected, scratch_path(file), reason);
    ck_assert_ptr_null(data.images.data);
    ck_assert_ptr_null(data.labels.data);
    ck_assert_int_eq(data.count, 0);
}

/* ---- folders ----------------------------------------------------------------------------------------------------- */

START_TEST(a_pair_is_read_plain_and_gzip)
{
    elbo_images data;
    write_pair();
    scratch_gzip("t10k-images-idx3-ubyte.gz", images_file, sizeof images_file);
    scratch_gzip("t10k-labels-idx1-ubyte.gz", labels_file, sizeof labels_file);
    static const char *const parts[] = {"train", "t10k"};
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(elbo_images_load(scratch_path(""), parts[i], 3, &data), ELBO_OK);
        assert_is_pair(&data);
        elbo_images_free(&data);
        ck_assert_ptr_null(data.images.data);
    }
}
END_TEST

START_TEST(labels_are_optional)
{
    elbo_images data;
    scratch_write("train-images-idx3-ubyte", images_file, sizeof images_file);
    ck_assert_int_eq(elbo_images_load(scratch_path(""), "train", 10, &data), ELBO_OK);
    ck_assert_ptr_null(data.labels.data);
    ck_assert_int_eq(data.classes, 0);
    ck_assert_int_eq(data.count, 3);
    elbo_images_free(&data);
    elbo_images_free(NULL);
}
END_TEST

START_TEST(the_plain_file_wins_over_the_compressed_one)
{
    elbo_images data;
    write_pair();
    scratch_write("train-images-idx3-ubyte.gz", "broken", 6);
    scratch_write("train-labels-idx1-ubyte.gz", "broken", 6);
    ck_assert_int_eq(elbo_images_load(scratch_path(""), "train", 3, &data), ELBO_OK);
    assert_is_pair(&data);
    elbo_images_free(&data);
}
END_TEST

/* Two colour images of 1 x 2 pixels in f32, labels in i32. */
START_TEST(own_data_in_other_types_and_shapes_is_read)
{
    static const unsigned char colour[20 + 2 * 3 * 2 * 4] = {0, 0, 0x0d, 4, 0, 0, 0, 2, 0, 0,    0,
                                                             3, 0, 0,    0, 1, 0, 0, 0, 2, 0x3f, 0x80};
    static const unsigned char wide[] = {0, 0, 0x0c, 1, 0, 0, 0, 2, 0, 0, 1, 0x2c, 0, 0, 0, 0};
    elbo_images data;
    scratch_write("faces-images.idx4-float", colour, sizeof colour);
    scratch_write("faces-labels.idx1-int", wide, sizeof wide);
    ck_assert_int_eq(elbo_images_load(scratch_path(""), "faces", 0, &data), ELBO_OK);
    ck_assert_int_eq(data.images.dtype, ELBO_F32);
    ck_assert_int_eq(data.channels, 3);
    ck_assert_int_eq(data.height, 1);
    ck_assert_int_eq(data.width, 2);
    ck_assert_int_eq(data.classes, 301);
    ck_assert_float_eq(((const float *)data.images.data)[0], 1);
    elbo_images_free(&data);
}
END_TEST

START_TEST(rows_of_numbers_are_images_of_one_line)
{
    static const unsigned char rows[] = {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6};
    elbo_images data;
    scratch_write("train-images-idx2-ubyte", rows, sizeof rows);
    ck_assert_int_eq(elbo_images_load(scratch_path(""), "train", 0, &data), ELBO_OK);
    ck_assert_int_eq(data.count, 2);
    ck_assert_int_eq(data.channels, 1);
    ck_assert_int_eq(data.height, 1);
    ck_assert_int_eq(data.width, 3);
    elbo_images_free(&data);
}
END_TEST

START_TEST(other_files_in_the_folder_do_not_count)
{
    static const char *const others[] = {
        "train-images-idx3-ubyte.tmp-1-0",
        "train-images-idx3-ubyte~",
        "train-images-idx3-ubyte.gz.part",
        "train-images",
        "train-imagesidx3-ubyte",
        "mytrain-images-idx3-ubyte",
        "train-images-id",
        "train-labels-idx1.txt",
        "trai",
    };
    elbo_images data;
    write_pair();
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        scratch_write(others[i], "other", 5);
    ck_assert_int_eq(elbo_images_load(scratch_path(""), "train", 3, &data), ELBO_OK);
    assert_is_pair(&data);
    elbo_images_free(&data);
}
END_TEST

START_TEST(what_images_may_be_meant_beside_idx_files_is_named)
{
    elbo_images data;
    write_pair();
    scratch_write("README.md", "", 0);
    scratch_write("t10k-images-idx3-ubyte", images_file, sizeof images_file);
    ck_assert_int_eq(elbo_images_load(scratch_path(""), "train", 3, &data), ELBO_OK);
    ck_assert_ptr_null(data.left_out);
    elbo_images_free(&data);
    scratch_write("extra-images-idx3-ubyte.gz", "", 0);
    scratch_write("valid-images.idx3-ubyte", "", 0);
    scratch_write("cat.jpg", "", 0);
    ck_assert_int_eq(elbo_images_load(scratch_path(""), "train", 3, &data), ELBO_OK);
    ck_assert_str_eq(data.left_out, "left out: 1 picture or folder of pictures beside IDX files (cat.jpg); 2 IDX files "
                                    "of other parts, the first of them extra-images-idx3-ubyte.gz");
    elbo_images_free(&data);
}
END_TEST

START_TEST(test_is_another_name_of_t10k)
{
    elbo_images data;
    scratch_write("test-images-idx3-ubyte", images_file, sizeof images_file);
    scratch_write("test-labels.idx1-ubyte", labels_file, sizeof labels_file);
    static const char *const parts[] = {"test", "t10k"};
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(elbo_images_load(scratch_path(""), parts[i], 3, &data), ELBO_OK);
        assert_is_pair(&data);
        elbo_images_free(&data);
    }
    assert_refused("train", 0, ELBO_IO, "train-images-idx3-ubyte", "no such file");
    scratch_write("t10k-images-idx3-ubyte", images_file, sizeof images_file);
    for (int i = 0; i < 2; i++)
        assert_refused(parts[i], 0, ELBO_FORMAT, "",
                       "both t10k-images-idx3-ubyte and test-images-idx3-ubyte: which one?");
}
END_TEST

/* Neither what is wrong with them nor that they are missing matters then. */
START_TEST(labels_that_are_not_wanted_are_not_read)
{
    elbo_images data, same;
    write_pair();
    scratch_write("train-labels-idx1-ubyte", "broken", 6);
    ck_assert_int_eq(elbo_images_load(scratch_path(""), "train", ELBO_WITHOUT_LABELS, &data), ELBO_OK);
    ck_assert_ptr_null(data.labels.data);
    ck_assert_int_eq(data.classes, 0);
    ck_assert_int_eq(data.count, 3);
    ck_assert_int_eq(elbo_images_of(&data.images, &data.images, ELBO_WITHOUT_LABELS, &same), ELBO_OK);
    ck_assert_ptr_null(same.labels.data);
    ck_assert_uint_eq(same.fingerprint, data.fingerprint);
    elbo_images_free(&data);
    ck_assert_int_eq(elbo_images_load("sprites", "test", ELBO_WITHOUT_LABELS, &data), ELBO_OK);
    ck_assert_ptr_null(data.labels.data);
    ck_assert_ptr_null(data.class_names);
    ck_assert_ptr_nonnull(data.factors.data);
    elbo_images_free(&data);
}
END_TEST

static void assert_found(const char *folder, const char *part, bool expected)
{
    bool found;
    ck_assert_msg(elbo_images_find(folder, part, &found) == ELBO_OK, "%s", elbo_error());
    ck_assert_int_eq(found, expected);
}

START_TEST(a_part_is_found_or_not)
{
    bool found;
    write_pair();
    assert_found(scratch_path(""), "train", true);
    assert_found(scratch_path(""), "t10k", false);
    assert_found(scratch_path(""), "faces", false);
    ck_assert_int_eq(mkdir(scratch_path("test"), 0777), 0); /* of pictures, which IDX files come before */
    assert_found(scratch_path(""), "test", false);
    scratch_write("test-labels-idx1-ubyte", labels_file, sizeof labels_file); /* half of a part */
    assert_found(scratch_path(""), "t10k", true);
    assert_refused("t10k", 0, ELBO_IO, "t10k-images-idx3-ubyte", "no such file");
    assert_found("sprites", "train", true);
    assert_found("sprites:colour", "test", true);
    assert_found("sprites", "faces", false);
    assert_error(elbo_images_find(scratch_path("missing"), "train", &found), ELBO_IO, scratch_path("missing"),
                 "No such file or directory");
    ck_assert(!found);
}
END_TEST

/* ---- broken data ------------------------------------------------------------------------------------------------- */

START_TEST(what_is_missing_is_named)
{
    write_pair();
    assert_refused("t10k", 0, ELBO_IO, "t10k-images-idx3-ubyte", "no such file");
    elbo_images data;
    assert_error(elbo_images_load(scratch_path("missing"), "train", 0, &data), ELBO_IO, scratch_path("missing"),
                 "no such file or folder");
    assert_error(elbo_images_load(scratch_path("train-images-idx3-ubyte/none"), "train", 0, &data), ELBO_IO,
                 scratch_path("train-images-idx3-ubyte/none"), "Not a directory");
}
END_TEST

START_TEST(two_files_of_one_kind_are_refused)
{
    write_pair();
    scratch_write("train-images.idx3-ubyte", images_file, sizeof images_file);
    assert_refused("train", 0, ELBO_FORMAT, "", "which one?");
}
END_TEST

START_TEST(labels_in_place_of_images_are_refused)
{
    scratch_write("train-images-idx3-ubyte", labels_file, sizeof labels_file);
    assert_refused("train", 0, ELBO_FORMAT, "train-images-idx3-ubyte", "expected images (N, D), (N, H, W) or");
}
END_TEST

START_TEST(images_in_place_of_labels_are_refused)
{
    write_pair();
    scratch_write("train-labels-idx1-ubyte", images_file, sizeof images_file);
    assert_refused("train", 0, ELBO_FORMAT, "train-labels-idx1-ubyte",
                   "expected labels (N), one whole number for each image, got u8");
}
END_TEST

START_TEST(broken_data_is_refused)
{
    static const struct {
        const char *name, *reason;
        int classes;
        size_t size;
        unsigned char bytes[32];
    } rows[] = {
        {"train-images-idx3-ubyte", "truncated", 0, 21, {0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2}},
        {"train-images-idx3-ubyte", "too long", 0, 23, {0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2}},
        {"train-images-idx3-ubyte", "holds no pixels", 0, 16, {0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2}},
        {"train-images-idx3-ubyte", "holds no pixels", 0, 16, {0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 2}},
        {"train-images-idx3-ubyte", "holds no pixels", 0, 12, {0, 0, 8, 2, 0, 0, 0, 3, 0, 0, 0, 0}},
        {"train-images-idx3-ubyte",
         "images of whole numbers wider than u8 are not supported",
         0,
         15,
         {0, 0, 9, 2, 0, 0, 0, 3, 0, 0, 0, 1, 1, 2, 3}},
        {"train-images-idx3-ubyte", "expected images", 0, 25, {0, 0, 8, 5, 0, 0, 0, 1, 0, 0, 0, 1, 0,
                                                               0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9}},
        {"train-images-idx3-ubyte", "image 2, value 0: the value is infinite", 0, 24, {0, 0, 0x0d, 2,    0, 0, 0, 3, 0,
                                                                                       0, 0, 1,    0,    0, 0, 0, 0, 0,
                                                                                       0, 0, 0x7f, 0x80, 0, 0}},
        {"train-labels-idx1-ubyte", "2 labels, but", 0, 10, {0, 0, 8, 1, 0, 0, 0, 2, 2, 0}},
        {"train-labels-idx1-ubyte", "4 labels, but", 0, 12, {0, 0, 8, 1, 0, 0, 0, 4, 2, 0, 1, 1}},
        {"train-labels-idx1-ubyte", "truncated", 0, 10, {0, 0, 8, 1, 0, 0, 0, 3, 2, 0}},
        {"train-labels-idx1-ubyte",
         "label 1: 3 is outside the classes 0 to 2",
         3,
         11,
         {0, 0, 8, 1, 0, 0, 0, 3, 2, 3, 0}},
        {"train-labels-idx1-ubyte",
         "label 2: -1 is outside the classes 0 to",
         0,
         11,
         {0, 0, 9, 1, 0, 0, 0, 3, 2, 0, 255}},
        {"train-labels-idx1-ubyte",
         "label 0: 65536 is outside the classes 0 to 65535",
         0,
         20,
         {0, 0, 0x0c, 1, 0, 0, 0, 3, 0, 1, 0, 0}},
        {"train-labels-idx1-ubyte",
         "expected labels (N), one whole number for each image, got f32 (3)",
         0,
         20,
         {0, 0, 0x0d, 1, 0, 0, 0, 3}},
        {"train-labels-idx1-ubyte",
         "got u8 (3, 2), as of one-hot rows",
         0,
         18,
         {0, 0, 8, 2, 0, 0, 0, 3, 0, 0, 0, 2, 1, 0, 0, 1, 1, 0}},
    };
    ck_assert_int_lt(_i, (int)(sizeof rows / sizeof rows[0]));
    write_pair();
    scratch_write(rows[_i].name, rows[_i].bytes, rows[_i].size);
    assert_refused("train", rows[_i].classes, ELBO_FORMAT, rows[_i].name, rows[_i].reason);
}
END_TEST

START_TEST(an_impossible_number_of_classes_is_refused)
{
    elbo_images data;
    write_pair();
    assert_error(elbo_images_load(scratch_path(""), "train", -2, &data), ELBO_INVALID, "-2 classes", "at most");
    assert_error(elbo_images_load(scratch_path(""), "train", 65537, &data), ELBO_INVALID, "65537 classes", "at most");
}
END_TEST

static elbo_status load(void)
{
    elbo_images data;
    elbo_status status = elbo_images_load(scratch_path(""), "train", 3, &data);
    elbo_images_free(&data);
    return status;
}

START_TEST(loading_survives_failing_allocations)
{
    write_pair();
    assert_survives_failing_allocations(load);
}
END_TEST

/* ---- arrays ------------------------------------------------------------------------------------------------------ */

START_TEST(arrays_of_any_strides_are_the_same_data_as_files)
{
    /* the pixels with the axes N and W exchanged in memory, the labels at every second place */
    unsigned char turned[] = {10, 30, 50, 20, 40, 255}, spread[] = {2, 9, 0, 9, 1, 9};
    elbo_tensor x = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(2, 1, 3), turned);
    x.layout = elbo_layout_permute(&x.layout, (int[]){2, 1, 0});
    elbo_tensor y = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(3), spread);
    y.layout.strides[0] = 2;
    elbo_images data, file;
    ck_assert_int_eq(elbo_images_of(&x, &y, 3, &data), ELBO_OK);
    ck_assert_ptr_eq(data.images.data, turned);
    ck_assert_int_eq(data.count, 3);
    ck_assert_int_eq(data.width, 2);
    ck_assert_int_eq(data.classes, 3);
    write_pair();
    ck_assert_int_eq(elbo_images_load(scratch_path(""), "train", 3, &file), ELBO_OK);
    ck_assert_uint_eq(data.fingerprint, file.fingerprint);
    elbo_images_free(&file);
    elbo_images_free(&data); /* does not free the arrays */
    ck_assert_int_eq(turned[0], 10);
}
END_TEST

/* FNV-1a written down once more, over the bytes that the header of the struct promises. */
static uint64_t fnv(const unsigned char *bytes, size_t count)
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < count; i++) {
        hash ^= bytes[i];
        hash *= 1099511628211u;
    }
    return hash;
}

START_TEST(the_fingerprint_is_a_hash_of_dtypes_shapes_and_elements)
{
    static const unsigned char expected[] = {
        'u', '8', 3, 0,  0,  0,  0,  0,  0,   0,   3,   0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0,
        0,   0,   0, 10, 20, 30, 40, 50, 255, 'u', '8', 1, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1};
    elbo_images data;
    write_pair();
    ck_assert_int_eq(elbo_images_load(scratch_path(""), "train", 0, &data), ELBO_OK);
    ck_assert_uint_eq(data.fingerprint, fnv(expected, sizeof expected));
    elbo_images_free(&data);
}
END_TEST

START_TEST(arrays_that_make_no_sense_are_refused)
{
    float x[4] = {0, 0, INFINITY, 0};
    int32_t y[2] = {0, 7};
    elbo_images data;
    elbo_tensor images = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(2, 2), x);
    elbo_tensor classes = elbo_tensor_of(ELBO_I32, ELBO_SHAPE(2), y);
    assert_error(elbo_images_of(&images, &classes, 0, &data), ELBO_INVALID, "images: image 1", "infinite");
    x[2] = 0;
    assert_error(elbo_images_of(&images, &classes, 7, &data), ELBO_INVALID, "labels: label 1: 7", "outside");
    ck_assert_ptr_null(data.images.data);
    images.data = NULL;
    assert_error(elbo_images_of(&images, NULL, 0, &data), ELBO_INVALID, "elbo_images_of: images", "no data");
    images = elbo_tensor_of(ELBO_F64, ELBO_SHAPE(0, 2), x);
    assert_error(elbo_images_of(&images, NULL, 0, &data), ELBO_INVALID, "images: holds no pixels", "(0, 2)");
}
END_TEST

Suite *suite_io_dataset(void)
{
    Suite *suite = suite_create("io_dataset");

    TCase *folders = tcase_create("folders");
    tcase_add_checked_fixture(folders, scratch_setup, scratch_teardown);
    tcase_add_test(folders, a_pair_is_read_plain_and_gzip);
    tcase_add_test(folders, labels_are_optional);
    tcase_add_test(folders, the_plain_file_wins_over_the_compressed_one);
    tcase_add_test(folders, own_data_in_other_types_and_shapes_is_read);
    tcase_add_test(folders, rows_of_numbers_are_images_of_one_line);
    tcase_add_test(folders, other_files_in_the_folder_do_not_count);
    tcase_add_test(folders, what_images_may_be_meant_beside_idx_files_is_named);
    tcase_add_test(folders, test_is_another_name_of_t10k);
    tcase_add_test(folders, labels_that_are_not_wanted_are_not_read);
    tcase_add_test(folders, a_part_is_found_or_not);
    suite_add_tcase(suite, folders);

    TCase *broken = tcase_create("broken data");
    tcase_add_checked_fixture(broken, scratch_setup, scratch_teardown);
    tcase_add_test(broken, what_is_missing_is_named);
    tcase_add_test(broken, two_files_of_one_kind_are_refused);
    tcase_add_test(broken, labels_in_place_of_images_are_refused);
    tcase_add_test(broken, images_in_place_of_labels_are_refused);
    tcase_add_loop_test(broken, broken_data_is_refused, 0, 16);
    tcase_add_test(broken, an_impossible_number_of_classes_is_refused);
    tcase_add_test(broken, loading_survives_failing_allocations);
    suite_add_tcase(suite, broken);

    TCase *arrays = tcase_create("arrays");
    tcase_add_checked_fixture(arrays, scratch_setup, scratch_teardown);
    tcase_add_test(arrays, arrays_of_any_strides_are_the_same_data_as_files);
    tcase_add_test(arrays, the_fingerprint_is_a_hash_of_dtypes_shapes_and_elements);
    tcase_add_test(arrays, arrays_that_make_no_sense_are_refused);
    suite_add_tcase(suite, arrays);
    return suite;
}
