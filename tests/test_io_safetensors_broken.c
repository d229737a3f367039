/* safetensors files that are not what they should be. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../io/safetensors.h"
#include "../tensor/walk.h"
#include "scratch.h"
#include "suites.h"

enum { DATA_SIZE = 7 };

/* Metadata and two tensors, f32 (1, 1) and u8 (3), with 7 bytes of data. Returns the size of the file. */
static size_t valid_file(unsigned char *bytes, size_t most)
{
    scratch_safetensors("valid",
                        "{\"__metadata__\":{\"model\":\"vae\",\"epochs\":\"10\"},"
                        "\"b.f\":{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[0,4]},"
                        "\"c\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[4,7]}}",
                        "\0\0\x80\x3f\1\2\xff", DATA_SIZE);
    return scratch_read("valid", bytes, most);
}

static void assert_refused(elbo_status expected, const char *reason)
{
    elbo_safetensors file;
    assert_error(elbo_safetensors_open(scratch_path("a"), &file), expected, scratch_path("a"), reason);
    ck_assert_int_eq(file.count, 0);
    ck_assert_int_eq(file.pairs, 0);
    ck_assert_ptr_null(file.tensors);
    ck_assert_ptr_null(file.metadata);
    elbo_safetensors_close(&file);
}

START_TEST(what_cannot_be_read_is_named)
{
    assert_refused(ELBO_IO, "cannot open: No such file or directory");
    elbo_safetensors file;
    assert_error(elbo_safetensors_open(scratch_path(""), &file), ELBO_IO, scratch_path(""), "not a regular file");
    assert_error(elbo_safetensors_open("/dev/zero", &file), ELBO_IO, "/dev/zero", "not a regular file");
}
END_TEST

START_TEST(a_file_cut_anywhere_is_refused)
{
    unsigned char bytes[1000];
    const size_t size = valid_file(bytes, sizeof bytes);
    for (size_t cut = 0; cut < size; cut++) {
        scratch_write("a", bytes, cut);
        assert_refused(ELBO_FORMAT, cut < size - DATA_SIZE ? "not a safetensors file" : "outside the file");
    }
}
END_TEST

START_TEST(bytes_after_the_data_are_refused)
{
    unsigned char bytes[1000] = {0};
    const size_t size = valid_file(bytes, sizeof bytes - 1);
    scratch_write("a", bytes, size + 1);
    assert_refused(ELBO_FORMAT, "8 bytes of data, the tensors take 7");
}
END_TEST

START_TEST(a_header_of_impossible_length_is_refused)
{
    static const unsigned char rows[][12] = {
        {0, 0, 0, 0, 0, 0, 0, 0, '{', '}', ' ', ' '},
        {1, 0, 0, 0, 0, 0, 0, 0, '{', '}', ' ', ' '},
        {5, 0, 0, 0, 0, 0, 0, 0, '{', '}', ' ', ' '},
        {0, 0xe1, 0xf5, 0x05, 0, 0, 0, 0, '{', '}', ' ', ' '}, /* 100,000,000 */
        {1, 0xe1, 0xf5, 0x05, 0, 0, 0, 0, '{', '}', ' ', ' '}, /* 100,000,001 */
        {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, '{', '}', ' ', ' '},
        {0xf8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, '{', '}', ' ', ' '},
    };
    scratch_write("a", rows[_i], sizeof rows[_i]);
    assert_refused(ELBO_FORMAT, "not a safetensors file");
}
END_TEST

/* A file of 200 MB without a byte of it on the disk: the header is refused by its length, not for want of bytes. */
START_TEST(a_header_may_have_a_hundred_million_bytes_and_no_more)
{
    static const unsigned char length[] = {1, 0xe1, 0xf5, 0x05, 0, 0, 0, 0, '{'};
    scratch_write("a", length, sizeof length);
    FILE *file = fopen(scratch_path("a"), "r+b");
    ck_assert(file && fseek(file, 200000000, SEEK_SET) == 0 && fputc(0, file) == 0 && fclose(file) == 0);
    assert_refused(ELBO_FORMAT, "a header of 100000001 bytes");
}
END_TEST

/* Four bytes of data follow each header. */
START_TEST(a_broken_header_is_refused)
{
#define ENTRY(name, dtype, shape, offsets)                                                                             \
    "\"" name "\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets "}"
#define GOOD ENTRY("x", "\"F32\"", "[1]", "[0,4]")
    static const struct {
        const char *header, *reason;
    } rows[] = {
        {" {" GOOD "}", "does not start with '{'"},
        {"[1, 2, 3]", "does not start with '{'"},
        {"{", "not a safetensors file"}, /* one byte */
        {"{\"x\"", "the header is not JSON"},
        {"{" GOOD "}x", "the header is not JSON"},
        {"{" GOOD "}\n{", "the header is not JSON"},
        {"{" GOOD ",}", "the header is not JSON"},
        {"{\"\x80\":1}", "the header is not JSON"},
        {"{\"a\\u0000b\":1}", "the header is not JSON"},
        {"{" GOOD "," GOOD "}", "the header is not JSON"}, /* a name twice */
        {"{" ENTRY("x", "\"F32\",\"dtype\":\"F32\"", "[1]", "[0,4]") "}", "the header is not JSON"},
        {"{\"__metadata__\":{\"k\":\"v\",\"k\":\"v\"}," GOOD "}", "the header is not JSON"},
        {"{\"__metadata__\":{\"k\":1}," GOOD "}", "the metadata \"k\" is not a string"},
        {"{\"__metadata__\":{\"l\":\"v\",\"k\":null}," GOOD "}", "the metadata \"k\" is not a string"},
        {"{\"__metadata__\":[]," GOOD "}", "\"__metadata__\" is not an object"},
        {"{\"__metadata__\":\"k\"," GOOD "}", "\"__metadata__\" is not an object"},
        {"{\"x\":1}", "tensor \"x\": expected \"dtype\""},
        {"{\"x\":[\"F32\",[1],[0,4]]}", "tensor \"x\": expected \"dtype\""},
        {"{\"x\":{\"shape\":[1],\"data_offsets\":[0,4]}}", "tensor \"x\": expected \"dtype\""},
        {"{\"x\":{\"shape\":[1],\"data_offsets\":[0,4],\"kind\":\"F32\"}}", "\"dtype\" is not a string"},
        {"{" ENTRY("x", "\"F32\",\"more\":1", "[1]", "[0,4]") "}", "tensor \"x\": expected \"dtype\""},
        {"{" ENTRY("x", "32", "[1]", "[0,4]") "}", "\"dtype\" is not a string"},
        {"{" ENTRY("x", "\"BF16\"", "[2]", "[0,4]") "}", "dtype \"BF16\" is not supported"},
        {"{" ENTRY("x", "\"f32\"", "[1]", "[0,4]") "}", "dtype \"f32\" is not supported"},
        {"{" ENTRY("x", "\"F32\"", "1", "[0,4]") "}", "\"shape\" is not an array"},
        {"{" ENTRY("x", "\"F32\"", "{}", "[0,4]") "}", "\"shape\" is not an array"},
        {"{" ENTRY("x", "\"F32\"", "[1.0]", "[0,4]") "}", "\"shape\" holds something else than sizes"},
        {"{" ENTRY("x", "\"F32\"", "[-1]", "[0,4]") "}", "\"shape\" holds something else than sizes"},
        {"{" ENTRY("x", "\"F32\"", "[\"1\"]", "[0,4]") "}", "\"shape\" holds something else than sizes"},
        {"{" ENTRY("x", "\"F32\"", "[1,1,1,1,1,1,1,1,1]", "[0,4]") "}", "more than 8 axes"},
        {"{" ENTRY("x", "\"F32\"", "[18446744073709551615]", "[0,4]") "}", "the header is not JSON"},
        {"{" ENTRY("x", "\"F32\"", "[9223372036854775807]", "[0,4]") "}", "an impossible shape"},
        {"{" ENTRY("x", "\"F32\"", "[4294967296,4294967297]", "[0,4]") "}", "an impossible shape"},
        {"{" ENTRY("x", "\"F32\"", "[9223372036854775807,2,0]", "[0,0]") "}", "an impossible shape"},
        {"{" ENTRY("x", "\"F32\"", "[1]", "[0]") "}", "not two whole numbers"},
        {"{" ENTRY("x", "\"F32\"", "[1]", "[0,4,4]") "}", "not two whole numbers"},
        {"{" ENTRY("x", "\"F32\"", "[1]", "[0,4.0]") "}", "not two whole numbers"},
        {"{" ENTRY("x", "\"F32\"", "[1]", "[null,4]") "}", "not two whole numbers"},
        {"{" ENTRY("x", "\"F32\"", "[1]", "4") "}", "not two whole numbers"},
        {"{" ENTRY("x", "\"F32\"", "[1]", "[-4,0]") "}", "outside the file"},
        {"{" ENTRY("x", "\"F32\"", "[1]", "[4,8]") "}", "outside the file"},
        {"{" ENTRY("x", "\"F32\"", "[1]", "[0,9223372036854775807]") "}", "outside the file"},
        {"{" ENTRY("x", "\"F32\"", "[1]", "[4,0]") "}", "outside the file"},
        {"{" ENTRY("x", "\"F32\"", "[2]", "[0,4]") "}", "not of the size"},
        {"{" ENTRY("x", "\"F32\"", "[0]", "[0,4]") "}", "not of the size"},
        {"{" ENTRY("x", "\"F64\"", "[1]", "[0,4]") "}", "not of the size"},
        {"{" ENTRY("x", "\"U8\"", "[3]", "[0,3]") "}", "4 bytes of data, the tensors take 3"},
        {"{" ENTRY("x", "\"U8\"", "[3]", "[1,4]") "}", "tensor \"x\": its data do not follow"},
        {"{}", "4 bytes of data, the tensors take 0"},
        /* a gap, an overlap, the same place twice, an empty tensor in the middle of another */
        {"{" ENTRY("x", "\"U8\"", "[1]", "[0,1]") "," ENTRY("y", "\"U8\"", "[2]", "[2,4]") "}",
         "tensor \"y\": its data do not follow"},
        {"{" ENTRY("x", "\"U8\"", "[3]", "[0,3]") "," ENTRY("y", "\"U8\"", "[2]", "[2,4]") "}",
         "tensor \"y\": its data do not follow"},
        {"{" GOOD "," ENTRY("y", "\"U8\"", "[4]", "[0,4]") "}", "its data do not follow"},
        {"{" GOOD "," ENTRY("y", "\"U8\"", "[0]", "[2,2]") "}", "its data do not follow"},
        /* what a file says cannot break the message into lines */
        {"{\"a\\nb\\u001b[2J\":1}", "tensor \"a?b?[2J\""},
        {"{\"x\":\n\n\x1b}", "the header is not JSON"},
    };
    enum { ROWS = sizeof rows / sizeof rows[0] };
    for (int i = 0; i < ROWS; i++) {
        scratch_safetensors("a", rows[i].header, "\0\0\x80\x3f", 4);
        assert_refused(ELBO_FORMAT, rows[i].reason);
    }
    scratch_safetensors("a", "{" GOOD "}", "\0\0\x80\x3f", 4); /* and the one they were made from is right */
    elbo_safetensors file;
    ck_assert_int_eq(elbo_safetensors_open(scratch_path("a"), &file), ELBO_OK);
    elbo_safetensors_close(&file);
}
END_TEST

START_TEST(deep_nesting_is_refused)
{
    enum { DEPTH = 100000 };
    char *text = malloc(DEPTH + 16);
    strcpy(text, "{\"x\":");
    memset(text + 5, '[', DEPTH);
    text[5 + DEPTH] = '\0';
    scratch_safetensors("a", text, NULL, 0);
    assert_refused(ELBO_FORMAT, "the header is not JSON");
    free(text);
}
END_TEST

static void read_mutant(const char *path)
{
    elbo_safetensors file;
    elbo_status status = elbo_safetensors_open(path, &file);
    if (status != ELBO_OK) {
        assert_error(status, ELBO_FORMAT, path, ": ");
        ck_assert_int_eq(file.count, 0);
        return;
    }
    volatile double sum = 0; /* every element can be read */
    for (int64_t i = 0; i < file.count; i++) {
        const elbo_tensor *tensor = elbo_safetensors_tensor(&file, file.tensors[i].name);
        ck_assert_ptr_eq(tensor, &file.tensors[i].tensor);
        for (elbo__walk w = elbo__walk_start(&tensor->layout.shape); w.more; elbo__walk_next(&w))
            sum = sum + elbo_tensor_get(tensor, w.index);
    }
    for (int64_t i = 0; i < file.pairs; i++)
        ck_assert_str_eq(elbo_safetensors_metadata(&file, file.metadata[i].key), file.metadata[i].value);
    elbo_safetensors_close(&file);
}

START_TEST(mutants_are_refused_or_valid)
{
    unsigned char bytes[1000];
    scratch_fuzz(bytes, valid_file(bytes, sizeof bytes), 4000, read_mutant);
}
END_TEST

Suite *suite_io_safetensors_broken(void)
{
    Suite *suite = suite_create("io_safetensors_broken");

    TCase *broken = tcase_create("broken files");
    tcase_add_checked_fixture(broken, scratch_setup, scratch_teardown);
    tcase_add_test(broken, what_cannot_be_read_is_named);
    tcase_add_test(broken, a_file_cut_anywhere_is_refused);
    tcase_add_test(broken, bytes_after_the_data_are_refused);
    tcase_add_loop_test(broken, a_header_of_impossible_length_is_refused, 0, 7);
    tcase_add_test(broken, a_header_may_have_a_hundred_million_bytes_and_no_more);
    tcase_add_test(broken, a_broken_header_is_refused);
    tcase_add_test(broken, deep_nesting_is_refused);
    tcase_add_test(broken, mutants_are_refused_or_valid);
    suite_add_tcase(suite, broken);
    return suite;
}
