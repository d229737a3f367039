/* Parameter sets: open and closed, how tensors lie in their slab, initial values, slabs, copies. */
#include <check.h>
#include <string.h>

#include "../autograd/params_private.h"
#include "../tensor/walk.h"
#include "numbers.h"
#include "scratch.h"
#include "suites.h"

static elbo_params *params;

static void set_up(void)
{
    params = elbo_params_new(ELBO_F32, 7);
    ck_assert_ptr_nonnull(params);
}

static void tear_down(void)
{
    elbo_params_free(params);
}

/* Fills with seed, the length of the name, and the first argument. */
static void telling_fill(const elbo_tensor *tensor, uint64_t seed, const char *name, const double *args)
{
    double value = (double)seed * 10000 + (double)strlen(name) * 100 + args[0];
    for (elbo__walk w = elbo__walk_start(&tensor->layout.shape); w.more; elbo__walk_next(&w))
        elbo_tensor_set(tensor, w.index, value++);
}

static elbo_init telling(double value)
{
    return (elbo_init){telling_fill, {value, 0}};
}

static int add(const char *name, elbo_shape shape, elbo_init init)
{
    int index = elbo_params_add(params, name, shape, true, init);
    ck_assert_msg(index >= 0, "%s", elbo_error());
    return index;
}

static void close_set(void)
{
    ck_assert_msg(elbo_params_close(params) == ELBO_OK, "%s", elbo_error());
}

static double get2(const elbo_tensor *x, int64_t i, int64_t j)
{
    return elbo_tensor_get(x, (int64_t[]){i, j});
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

START_TEST(a_set_knows_its_tensors_by_name_and_number)
{
    ck_assert_int_eq(add("weight", ELBO_SHAPE(3, 4), telling(0)), 0);
    ck_assert_int_eq(elbo_params_add(params, "mean", ELBO_SHAPE(3), false, telling(0)), 1);
    ck_assert_int_eq(elbo_params_count(params), 2);
    ck_assert_int_eq(elbo_params_find(params, "weight"), 0);
    ck_assert_int_eq(elbo_params_find(params, "mean"), 1);
    ck_assert_int_eq(elbo_params_find(params, "weigh"), -1);
    ck_assert_str_eq(elbo_params_name(params, 1), "mean");
    elbo_shape shape = elbo_params_shape(params, 0);
    ck_assert(elbo_shape_equal(&shape, &ELBO_SHAPE(3, 4)));
    ck_assert(elbo_params_trained(params, 0) && !elbo_params_trained(params, 1));
    ck_assert_int_eq(elbo_params_dtype(params), ELBO_F32);
    ck_assert_uint_eq(elbo_params_seed(params), 7);
}
END_TEST

START_TEST(a_name_is_given_once_and_a_closed_set_takes_no_more)
{
    add("weight", ELBO_SHAPE(2), telling(0));
    ck_assert_int_eq(elbo_params_add(params, "weight", ELBO_SHAPE(2), true, telling(0)), -1);
    ck_assert_str_eq(elbo_error(), "parameter \"weight\": the set has it already");
    ck_assert_int_eq(elbo_params_add(params, "odd", ELBO_SHAPE(-2), true, telling(0)), -1);
    ck_assert_ptr_nonnull(strstr(elbo_error(), "shape (-2): a size is negative"));
    ck_assert(!elbo_params_closed(params));
    close_set();
    ck_assert(elbo_params_closed(params));
    ck_assert_int_eq(elbo_params_add(params, "bias", ELBO_SHAPE(2), true, telling(0)), -1);
    ck_assert_str_eq(elbo_error(), "parameter \"bias\": the set is closed");
    ck_assert_int_eq(elbo_params_count(params), 1);
}
END_TEST

START_TEST(the_nearest_name_is_one_that_can_be_meant)
{
    ck_assert_ptr_null(elbo_params_nearest(params, "anything"));
    add("encoder.hidden.weight", ELBO_SHAPE(1), telling(0));
    add("encoder.hidden.bias", ELBO_SHAPE(1), telling(0));
    add("decoder.logits.weight", ELBO_SHAPE(1), telling(0));
    ck_assert_str_eq(elbo_params_nearest(params, "encoder.hiden.weight"), "encoder.hidden.weight");
    ck_assert_str_eq(elbo_params_nearest(params, "encoder.hidden.bais"), "encoder.hidden.bias");
    ck_assert_str_eq(elbo_params_nearest(params, "decoder.logit.weights"), "decoder.logits.weight");
    char endless[1000];
    memset(endless, 'x', sizeof endless);
    endless[sizeof endless - 1] = 0;
    ck_assert_ptr_null(elbo_params_nearest(params, endless));
}
END_TEST

START_TEST(a_set_is_of_floating_point_numbers)
{
    ck_assert_ptr_null(elbo_params_new(ELBO_U8, 1));
    ck_assert_str_eq(elbo_error(), "a parameter set is f32 or f64, not u8");
    ck_assert_ptr_null(elbo_params_new(ELBO_I32, 1));
    elbo_params_free(NULL);
}
END_TEST

/* ---- memory ------------------------------------------------------------------------------------------------------ */

START_TEST(a_matrix_is_out_by_in_and_lies_in_by_out)
{
    int w = add("weight", ELBO_SHAPE(3, 4), telling(0)), kernel = add("kernel", ELBO_SHAPE(2, 3, 4), telling(0));
    close_set();
    elbo_tensor weight = elbo_params_tensor(params, w);
    ck_assert(weight.layout.strides[0] == 1 && weight.layout.strides[1] == 3);
    for (int64_t i = 0; i < 3; i++)
        for (int64_t j = 0; j < 4; j++) { /* filled in logical order; the name has 6 letters */
            ck_assert_double_eq(get2(&weight, i, j), 70600 + (double)(i * 4 + j));
            ck_assert_double_eq(((float *)weight.data)[weight.layout.offset + j * 3 + i], get2(&weight, i, j));
        }
    elbo_tensor other = elbo_params_tensor(params, kernel);
    ck_assert(elbo_layout_contiguous(&other.layout));
}
END_TEST

START_TEST(tensors_begin_on_cache_lines_and_what_lies_between_is_zero)
{
    static const elbo_shape shapes[] = {{1, {3}}, {2, {5, 7}}, {0, {0}}, {1, {16}}, {2, {0, 4}}, {1, {17}}};
    enum { N = sizeof shapes / sizeof shapes[0] };
    char names[N][8];
    for (int i = 0; i < N; i++) {
        strcpy(names[i], "tensor");
        names[i][6] = (char)('a' + i);
        names[i][7] = 0;
        add(names[i], shapes[i], telling(1));
    }
    close_set();
    elbo_tensor all = elbo_params_slab(params, 0);
    ck_assert_int_eq(all.layout.shape.ndim, 1);
    double sum = 0, total = 0;
    for (int i = 0; i < N; i++) {
        elbo_tensor x = elbo_params_tensor(params, i);
        ck_assert_uint_eq((uintptr_t)((float *)x.data + x.layout.offset) % 64, 0);
        for (elbo__walk w = elbo__walk_start(&x.layout.shape); w.more; elbo__walk_next(&w))
            total += elbo_tensor_get(&x, w.index);
    }
    for (int64_t i = 0; i < all.layout.shape.dim[0]; i++)
        sum += elbo_tensor_get(&all, &i);
    /* every tensor's numbers are positive: were one counted twice or padding not 0, the sums would differ */
    ck_assert_double_eq(sum, total);
    ck_assert_double_gt(total, 0);
}
END_TEST

START_TEST(an_empty_set_can_be_closed)
{
    close_set();
    close_set();
    ck_assert_int_eq(elbo_params_count(params), 0);
    ck_assert_int_eq(elbo_params_slab(params, 0).layout.shape.dim[0], 0);
}
END_TEST

START_TEST(initial_values_come_from_seed_and_name_or_are_zero)
{
    add("weight", ELBO_SHAPE(2), telling(5));
    add("none", ELBO_SHAPE(2), (elbo_init){NULL, {0, 0}});
    close_set();
    elbo_tensor w = elbo_params_tensor(params, 0), none = elbo_params_tensor(params, 1);
    ck_assert_double_eq(elbo_tensor_get(&w, &(int64_t){1}), 70606);
    ck_assert_double_eq(elbo_tensor_get(&none, &(int64_t){1}), 0);
}
END_TEST

START_TEST(sizes_that_overflow_together_are_no_memory)
{
    const int64_t huge = (int64_t)1 << 59; /* each alone is a possible shape; 16 of them are 2^63 elements */
    for (int i = 0; i < 16; i++)
        add((char[]){(char)('a' + i), 0}, ELBO_SHAPE(huge), telling(0));
    ck_assert_int_eq(elbo_params_close(params), ELBO_NO_MEMORY);
    ck_assert_str_eq(elbo_error(), "the parameters are too many");
    ck_assert(!elbo_params_closed(params));
}
END_TEST

/* ---- slabs and copies -------------------------------------------------------------------------------------------- */

START_TEST(a_slab_has_the_layout_of_the_values_and_begins_as_zeros)
{
    add("weight", ELBO_SHAPE(3, 4), telling(0));
    ck_assert_int_eq(elbo__params_add_slab(params, "adam.m"), 1);
    close_set();
    ck_assert_int_eq(elbo__params_add_slab(params, "adam.v"), 2); /* also after closing */
    ck_assert_int_eq(elbo__params_add_slab(params, "adam.m"), 1); /* known by name       */
    ck_assert_int_eq(elbo_params_slab_count(params), 3);
    ck_assert_str_eq(elbo_params_slab_name(params, 0), "");
    ck_assert_str_eq(elbo_params_slab_name(params, 2), "adam.v");
    elbo_tensor w = elbo_params_slab_tensor(params, 0, 0), m = elbo_params_slab_tensor(params, 1, 0);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(w.layout.strides[i], m.layout.strides[i]);
    for (int slab = 1; slab < 3; slab++) {
        elbo_tensor all = elbo_params_slab(params, slab);
        for (int64_t i = 0; i < all.layout.shape.dim[0]; i++)
            ck_assert_double_eq(elbo_tensor_get(&all, &i), 0);
    }
    elbo_tensor_set(&m, (int64_t[]){1, 2}, 5);
    ck_assert_double_eq(get2(&w, 1, 2), 70606);
}
END_TEST

START_TEST(a_copy_has_values_and_slabs_of_its_own)
{
    add("weight", ELBO_SHAPE(3, 4), telling(0));
    elbo_params_add(params, "mean", ELBO_SHAPE(3), false, telling(0));
    close_set();
    ck_assert_int_eq(elbo__params_add_slab(params, "adam.m"), 1);
    elbo_tensor w = elbo_params_tensor(params, 0), m = elbo_params_slab_tensor(params, 1, 1);
    elbo_tensor_set(&w, (int64_t[]){1, 2}, -1);
    elbo_tensor_set(&m, &(int64_t){2}, -2);
    elbo_params *copy = elbo_params_copy(params);
    ck_assert_ptr_nonnull(copy);
    ck_assert(elbo_params_closed(copy));
    ck_assert_uint_eq(elbo_params_seed(copy), 7);
    ck_assert_int_eq(elbo_params_find(copy, "mean"), 1);
    ck_assert(!elbo_params_trained(copy, 1));
    ck_assert_str_eq(elbo_params_slab_name(copy, 1), "adam.m");
    for (int slab = 0; slab < 2; slab++) {
        elbo_tensor a = elbo_params_slab(params, slab), b = elbo_params_slab(copy, slab);
        ck_assert(same_bits(&a, &b));
    }
    elbo_tensor_set(&w, (int64_t[]){0, 0}, -3);
    elbo_tensor other = elbo_params_tensor(copy, 0);
    ck_assert_double_eq(get2(&other, 0, 0), 70600);
    elbo_params_free(copy);
}
END_TEST

START_TEST(touching_moves_the_version)
{
    uint64_t before = elbo__params_version(params);
    elbo_params_touch(params);
    ck_assert_uint_ne(elbo__params_version(params), before);
}
END_TEST

static elbo_status make_a_set_and_a_copy(void)
{
    elbo_params *p = elbo_params_new(ELBO_F64, 1), *copy = NULL;
    elbo_status status = p ? ELBO_OK : ELBO_NO_MEMORY;
    for (int i = 0; i < 10 && status == ELBO_OK; i++)
        if (elbo_params_add(p, (char[]){(char)('a' + i), 0}, ELBO_SHAPE(3, 2), true, telling(0)) < 0 ||
            (i == 5 && elbo__params_add_slab(p, "early") < 0))
            status = ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = elbo_params_close(p);
    if (status == ELBO_OK && (elbo__params_add_slab(p, "late") < 0 || !(copy = elbo_params_copy(p))))
        status = ELBO_NO_MEMORY;
    elbo_params_free(copy);
    elbo_params_free(p);
    return status;
}

START_TEST(a_set_survives_short_memory)
{
    assert_survives_failing_allocations(make_a_set_and_a_copy);
}
END_TEST

Suite *suite_params(void)
{
    Suite *s = suite_create("params");
    TCase *t = tcase_create("names");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_set_knows_its_tensors_by_name_and_number);
    tcase_add_test(t, a_name_is_given_once_and_a_closed_set_takes_no_more);
    tcase_add_test(t, the_nearest_name_is_one_that_can_be_meant);
    tcase_add_test(t, a_set_is_of_floating_point_numbers);
    suite_add_tcase(s, t);
    t = tcase_create("memory");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_matrix_is_out_by_in_and_lies_in_by_out);
    tcase_add_test(t, tensors_begin_on_cache_lines_and_what_lies_between_is_zero);
    tcase_add_test(t, an_empty_set_can_be_closed);
    tcase_add_test(t, initial_values_come_from_seed_and_name_or_are_zero);
    tcase_add_test(t, sizes_that_overflow_together_are_no_memory);
    suite_add_tcase(s, t);
    t = tcase_create("slabs and copies");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_slab_has_the_layout_of_the_values_and_begins_as_zeros);
    tcase_add_test(t, a_copy_has_values_and_slabs_of_its_own);
    tcase_add_test(t, touching_moves_the_version);
    suite_add_tcase(s, t);
    t = tcase_create("short memory"); /* no fixture: it holds memory while blocks are counted */
    tcase_add_test(t, a_set_survives_short_memory);
    suite_add_tcase(s, t);
    return s;
}
