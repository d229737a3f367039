/* Exports of models that formats have no words for, and what happens when something fails on the way. That what is
 * written computes what it should is the matter of test_export_*.sh. */
#include <check.h>
#include <string.h>

#include "../autograd/ops.h"
#include "../io/protobuf.h"
#include "../nn/exports/export.h"
#include "../nn/layers/layers.h"
#include "runs.h"
#include "scratch.h"
#include "suites.h"

/* ---- models of one's own ----------------------------------------------------------------------------------------- */

static elbo_inference infer(elbo_in *in)
{
    return elbo_infer_code(elbo_linear(in->x, "code", 2));
}

static elbo_dist with_digamma(elbo_in *in, elbo_var *z)
{
    return elbo_squared_error(elbo_linear(elbo_digamma(z), "out", elbo_size(in->x, 1)));
}

static elbo_dist with_a_word(elbo_in *in, elbo_var *z)
{
    return elbo_squared_error(elbo_linear(z, "lambda", elbo_size(in->x, 1)));
}

static elbo_dist with_like_names(elbo_in *in, elbo_var *z)
{
    z = elbo_linear(z, "a.b", 2);
    return elbo_squared_error(elbo_linear(z, "a_b", elbo_size(in->x, 1)));
}

#define OWN(title, makes)                                                                                              \
    {                                                                                                                  \
        .name = title, .flags = ELBO_NO_PRIOR, .infer = infer, .generate = makes                                       \
    }
static const elbo_model digamma = OWN("digamma", with_digamma), word = OWN("word", with_a_word),
                        likes = OWN("likes", with_like_names);

static elbo_run *run_of_model(const elbo_model *model)
{
    return run_of(model, NO_OPTIONS, ELBO_SHAPE(3), 0);
}

START_TEST(an_op_without_words_names_itself_and_the_format)
{
    elbo_run *run = run_of_model(&digamma);
    assert_refused(elbo_export_c(run, ELBO_DECODER, scratch_path("it.c")),
                   "model \"digamma\": decode has the op \"digamma\", which C has no words for");
    assert_refused(elbo_export_onnx(run, ELBO_DECODER, scratch_path("it.onnx")), "which ONNX has no words for");
    ck_assert_int_eq(scratch_entries(), 0);
    assert_ok(elbo_export_c(run, ELBO_ENCODER, scratch_path("it.c")));
    elbo_run_free(run);
}
END_TEST

START_TEST(a_word_of_python_is_no_name_of_a_weight)
{
    elbo_run *run = run_of_model(&word);
    assert_refused(elbo_export_pytorch(run, scratch_path("it"), false),
                   "PyTorch: the weight \"lambda.weight\" cannot have that name there, for \"lambda\"");
    assert_ok(elbo_export_c(run, ELBO_DECODER, scratch_path("it.c")));
    elbo_run_free(run);
}
END_TEST

static char text[1 << 16];

static const char *text_of(const char *name)
{
    text[scratch_read(name, text, sizeof text - 1)] = 0;
    return text;
}

START_TEST(names_that_c_cannot_tell_apart_are_told_apart)
{
    elbo_run *run = run_of_model(&likes);
    assert_ok(elbo_export_c(run, ELBO_DECODER, scratch_path("it.c")));
    const char *first = strstr(text_of("it.c"), "float a_b_weight[");
    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_null(strstr(first + 1, "float a_b_weight["));
    ck_assert_ptr_nonnull(strstr(text, "float a_b_weight_"));
    elbo_run_free(run);
}
END_TEST

/* ---- failures ---------------------------------------------------------------------------------------------------- */

static elbo_run *small;

static elbo_status write_c(void)
{
    return elbo_export_c(small, ELBO_DECODER, scratch_path("it.c"));
}

static elbo_status write_onnx(void)
{
    return elbo_export_onnx(small, ELBO_ENCODER, scratch_path("it.onnx"));
}

static elbo_status write_pytorch(void)
{
    return elbo_export_pytorch(small, scratch_path("it"), false);
}

static elbo_status (*const writers[])(void) = {write_c, write_onnx, write_pytorch};

START_TEST(no_failing_allocation_loses_anything)
{
    small = run_of(&elbo_model_cvae, OPTIONS("hidden", "3", "latent-dim", "1"), ELBO_SHAPE(1, 2), 2);
    assert_survives_failing_allocations(writers[_i]);
    elbo_run_free(small);
}
END_TEST

START_TEST(a_full_disk_leaves_what_was_there)
{
    small = run_of(&elbo_model_vae, NO_OPTIONS, ELBO_SHAPE(4, 4), 0);
    scratch_write("it.c", "old", 3);
    scratch_write("it.onnx", "old", 3);
    static const char *const names[] = {"it.c", "it.onnx"};
    scratch_disk_full(1000);
    const elbo_status status = writers[_i]();
    scratch_disk_free();
    assert_error(status, ELBO_IO, scratch_path(names[_i]), "");
    scratch_assert_bytes("it.c", "old", 3);
    scratch_assert_bytes("it.onnx", "old", 3);
    ck_assert_int_eq(scratch_entries(), 2);
    elbo_run_free(small);
}
END_TEST

/* ---- protocol buffers -------------------------------------------------------------------------------------------- */

START_TEST(a_message_is_as_the_documentation_of_protocol_buffers_has_it)
{
    elbo__message part = {.bytes = NULL}, whole = {.bytes = NULL};
    elbo__message_integer(&part, 1, 150);
    elbo__message_part(&whole, 3, &part);
    elbo__message_text(&whole, 2, "testing");
    static const unsigned char expected[] = {0x1a, 3, 8, 0x96, 1, 0x12, 7, 't', 'e', 's', 't', 'i', 'n', 'g'};
    ck_assert_uint_eq(whole.length, sizeof expected);
    ck_assert_mem_eq(whole.bytes, expected, sizeof expected);
    elbo__message_clear(&whole);

    elbo__message_integer(&whole, 16, -1); /* a field of two bytes, and a number of ten */
    elbo__message_float(&whole, 1, 1.5f);
    static const unsigned char more[] = {0x80, 1,   255, 255,  255,  255, 255,  255, 255,
                                         255,  255, 1,   0x0d, 0x00, 0,   0xc0, 0x3f};
    ck_assert_uint_eq(whole.length, sizeof more);
    ck_assert_mem_eq(whole.bytes, more, sizeof more);
    elbo__message_clear(&whole);
}
END_TEST

Suite *suite_exports(void)
{
    Suite *suite = suite_create("exports");
    TCase *tests = tcase_create("exports");
    tcase_add_checked_fixture(tests, scratch_setup, scratch_teardown);
    tcase_add_test(tests, an_op_without_words_names_itself_and_the_format);
    tcase_add_test(tests, a_word_of_python_is_no_name_of_a_weight);
    tcase_add_test(tests, names_that_c_cannot_tell_apart_are_told_apart);
    tcase_add_loop_test(tests, no_failing_allocation_loses_anything, 0, 3);
    tcase_add_loop_test(tests, a_full_disk_leaves_what_was_there, 0, 2);
    tcase_add_test(tests, a_message_is_as_the_documentation_of_protocol_buffers_has_it);
    suite_add_tcase(suite, tests);
    return suite;
}
