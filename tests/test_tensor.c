/* Shapes, layouts, tensors, and the copies between them. */
#include <check.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "../tensor/memory.h"
#include "../tensor/move.h"
#include "../tensor/walk.h"
#include "numbers.h"
#include "scratch.h"
#include "suites.h"

/* ---- shapes ------------------------------------------------------------------------------------------------------ */

START_TEST(a_shape_prints_as_its_sizes)
{
    ck_assert_str_eq(elbo_shape_format(&ELBO_SCALAR).text, "()");
    ck_assert_str_eq(elbo_shape_format(&ELBO_SHAPE(7)).text, "(7)");
    ck_assert_str_eq(elbo_shape_format(&ELBO_SHAPE(128, 784)).text, "(128, 784)");
    const int64_t wide = INT64_MIN;
    elbo_shape widest = ELBO_SHAPE(wide, wide, wide, wide, wide, wide, wide, wide);
    ck_assert_uint_eq(strlen(elbo_shape_format(&widest).text), 8 * 20 + 7 * 2 + 2);
}
END_TEST

START_TEST(the_size_of_a_shape_is_the_product_of_its_sizes)
{
    ck_assert_int_eq(elbo_shape_size(&ELBO_SCALAR), 1);
    ck_assert_int_eq(elbo_shape_size(&ELBO_SHAPE(2, 3, 4)), 24);
    ck_assert_int_eq(elbo_shape_size(&ELBO_SHAPE(2, 0, 4)), 0);
}
END_TEST

START_TEST(shapes_are_equal_when_rank_and_sizes_are)
{
    elbo_shape a = ELBO_SHAPE(2, 3), rest = ELBO_SHAPE(2, 3, 9);
    rest.ndim = 2; /* what lies beyond the rank does not count */
    ck_assert(elbo_shape_equal(&a, &rest));
    ck_assert(!elbo_shape_equal(&a, &ELBO_SHAPE(3, 2)));
    ck_assert(!elbo_shape_equal(&a, &ELBO_SHAPE(2, 3, 1)));
    ck_assert(elbo_shape_equal(&ELBO_SCALAR, &ELBO_SCALAR));
}
END_TEST

static void assert_refused(elbo_shape shape, elbo_status status, const char *message)
{
    ck_assert_int_eq(elbo_shape_check(&shape), status);
    ck_assert_str_eq(elbo_error(), message);
    elbo_tensor x = elbo_tensor_new(ELBO_F32, shape);
    ck_assert_ptr_null(x.data);
    ck_assert_str_eq(elbo_error(), message);
}

START_TEST(a_shape_that_cannot_be_is_refused)
{
    const int64_t half = (int64_t)1 << 31;
    assert_refused((elbo_shape){.ndim = 9}, ELBO_INVALID, "a tensor of rank 9: the rank is 0 to 8");
    assert_refused((elbo_shape){.ndim = -1}, ELBO_INVALID, "a tensor of rank -1: the rank is 0 to 8");
    assert_refused(ELBO_SHAPE(2, -1), ELBO_INVALID, "shape (2, -1): a size is negative");
    assert_refused(ELBO_SHAPE(half, half), ELBO_NO_MEMORY, "shape (2147483648, 2147483648): too many elements");
    assert_refused(ELBO_SHAPE(INT64_MAX), ELBO_NO_MEMORY, "shape (9223372036854775807): too many elements");
    assert_refused(ELBO_SHAPE(half, 0, half), ELBO_NO_MEMORY, "shape (2147483648, 0, 2147483648): too many elements");
    ck_assert_int_eq(elbo_shape_check(&ELBO_SHAPE(INT64_MAX / 8)), ELBO_OK);
    ck_assert_int_eq(elbo_shape_check(&ELBO_SHAPE(0, 0)), ELBO_OK);
    ck_assert_int_eq(elbo_shape_check(&ELBO_SCALAR), ELBO_OK);
}
END_TEST

/* ---- views ------------------------------------------------------------------------------------------------------- */

/* 0, 1, 2, ... in row-major order */
static elbo_tensor counted(elbo_shape shape)
{
    elbo_tensor x = elbo_tensor_new(ELBO_F32, shape);
    double value = 0;
    for (elbo__walk w = elbo__walk_start(&shape); w.more; elbo__walk_next(&w))
        elbo_tensor_set(&x, w.index, value++);
    return x;
}

static double get3(const elbo_tensor *x, int64_t i, int64_t j, int64_t k)
{
    return elbo_tensor_get(x, (int64_t[]){i, j, k});
}

START_TEST(a_new_tensor_is_row_major_zero_and_aligned)
{
    for (int dtype = ELBO_F32; dtype <= ELBO_I32; dtype++) {
        elbo_tensor x = elbo_tensor_new((elbo_dtype)dtype, ELBO_SHAPE(2, 3, 4));
        ck_assert_uint_eq((uintptr_t)x.data % 64, 0);
        ck_assert(x.layout.strides[0] == 12 && x.layout.strides[1] == 4 && x.layout.strides[2] == 1);
        for (elbo__walk w = elbo__walk_start(&x.layout.shape); w.more; elbo__walk_next(&w))
            ck_assert_double_eq(elbo_tensor_get(&x, w.index), 0);
        elbo_tensor_free(&x);
        ck_assert_ptr_null(x.data);
    }
    elbo_tensor_free(NULL);
}
END_TEST

START_TEST(an_empty_tensor_has_data_and_no_elements)
{
    elbo_tensor x = elbo_tensor_new(ELBO_F64, ELBO_SHAPE(3, 0));
    ck_assert_ptr_nonnull(x.data);
    ck_assert(!elbo__walk_start(&x.layout.shape).more);
    ck_assert(elbo_layout_contiguous(&x.layout));
    elbo_tensor_free(&x);
}
END_TEST

START_TEST(views_see_the_elements_where_they_are)
{
    elbo_tensor x = counted(ELBO_SHAPE(2, 3, 4)), turned = x, part = x, wide = x;
    turned.layout = elbo_layout_permute(&x.layout, (int[]){2, 0, 1});
    part.layout = elbo_layout_slice(&x.layout, 1, 1, 2);
    elbo_layout first = elbo_layout_slice(&part.layout, 1, 1, 1);
    wide.layout = elbo_layout_expand(&first, &ELBO_SHAPE(5, 2, 3, 4));
    ck_assert(elbo_shape_equal(&turned.layout.shape, &ELBO_SHAPE(4, 2, 3)));
    ck_assert(elbo_shape_equal(&part.layout.shape, &ELBO_SHAPE(2, 2, 4)));
    for (elbo__walk w = elbo__walk_start(&ELBO_SHAPE(2, 3, 4)); w.more; elbo__walk_next(&w)) {
        int64_t i = w.index[0], j = w.index[1], k = w.index[2];
        ck_assert_double_eq(get3(&turned, k, i, j), get3(&x, i, j, k));
        if (j > 0)
            ck_assert_double_eq(get3(&part, i, j - 1, k), get3(&x, i, j, k));
        for (int64_t repeat = 0; repeat < 5; repeat++)
            ck_assert_double_eq(elbo_tensor_get(&wide, (int64_t[]){repeat, i, j, k}), get3(&x, i, 2, k));
    }
    elbo_tensor_free(&x);
}
END_TEST

START_TEST(contiguous_means_row_major_without_gaps)
{
    elbo_layout x = elbo_layout_of(&ELBO_SHAPE(2, 3, 4)), one = elbo_layout_of(&ELBO_SHAPE(2, 1, 4));
    elbo_layout turned = elbo_layout_permute(&x, (int[]){1, 0, 2}), rows = elbo_layout_slice(&x, 0, 1, 1);
    elbo_layout columns = elbo_layout_slice(&x, 2, 0, 3), wide = elbo_layout_expand(&one, &ELBO_SHAPE(2, 3, 4));
    elbo_layout none = elbo_layout_slice(&columns, 1, 0, 0);
    one.strides[1] = 77; /* an axis of size 1 may have any stride */
    ck_assert(elbo_layout_contiguous(&x) && elbo_layout_contiguous(&one));
    ck_assert(elbo_layout_contiguous(&rows) && elbo_layout_contiguous(&none));
    ck_assert(!elbo_layout_contiguous(&turned) && !elbo_layout_contiguous(&columns) && !elbo_layout_contiguous(&wide));
}
END_TEST

/* Whether some strides show the elements of x, in row-major order, under another shape. They can only be the distance
 * between element 0 and the next along each axis, so try those on every element. */
static bool can_reshape(const elbo_layout *x, const elbo_shape *shape)
{
    int64_t at[1000], n = 0;
    for (elbo__walk w = elbo__walk_start(&x->shape); w.more; elbo__walk_next(&w))
        at[n++] = elbo__layout_at(x, w.index);
    elbo_layout dense = elbo_layout_of(shape), strided = dense;
    strided.offset = n ? at[0] : 0;
    for (int i = 0; i < shape->ndim; i++)
        strided.strides[i] = n && shape->dim[i] > 1 ? at[dense.strides[i]] - at[0] : 0;
    int64_t number = 0;
    for (elbo__walk w = elbo__walk_start(shape); w.more; elbo__walk_next(&w))
        if (elbo__layout_at(&strided, w.index) != at[number++])
            return false;
    return true;
}

/* A random shape of 1 to 4 axes with as many elements as `size`: its prime factors dealt out to the axes. */
static elbo_shape random_shape(numbers *n, int64_t size)
{
    elbo_shape s = {.ndim = 1 + (int)numbers_below(n, 4)};
    for (int i = 0; i < s.ndim; i++)
        s.dim[i] = 1;
    for (int64_t p = 2; size > 1; p++)
        for (; size % p == 0; size /= p)
            s.dim[numbers_below(n, s.ndim)] *= p;
    return s;
}

START_TEST(a_layout_is_reshaped_exactly_when_strides_allow_it)
{
    numbers n = {1};
    int views = 0, refusals = 0;
    for (int i = 0; i < 20000; i++) {
        static const int64_t sizes[] = {1, 6, 8, 12, 24, 30};
        int64_t size = sizes[numbers_below(&n, 6)];
        elbo_shape from = random_shape(&n, size), to = random_shape(&n, size), memory;
        elbo_layout x = elbo_layout_of(&from), y;
        if (i % 3 == 0) { /* axes in another order */
            placement p = placement_random(&n, from.ndim);
            for (int k = 0; k < from.ndim; k++)
                memory.dim[p.order[k]] = from.dim[k];
            memory.ndim = from.ndim;
            x = elbo_layout_of(&memory);
            x = elbo_layout_permute(&x, p.order);
        } else if (i % 3 == 1) { /* an axis repeated, or a gap after it */
            int axis = (int)numbers_below(&n, from.ndim);
            x.strides[axis] = numbers_below(&n, 2) ? 0 : 2 * x.strides[axis];
        }
        x.offset = 5;
        bool possible = can_reshape(&x, &to), done = elbo_layout_reshape(&x, &to, &y);
        if (possible != done)
            ck_abort_msg("%s to %s: %d", elbo_shape_format(&x.shape).text, elbo_shape_format(&to).text, done);
        elbo__walk w = elbo__walk_start(&x.shape), v = elbo__walk_start(&to);
        for (; done && w.more; elbo__walk_next(&w), elbo__walk_next(&v))
            if (elbo__layout_at(&x, w.index) != elbo__layout_at(&y, v.index))
                ck_abort_msg("%s to %s", elbo_shape_format(&x.shape).text, elbo_shape_format(&to).text);
        *(done ? &views : &refusals) += 1;
    }
    ck_assert_int_gt(views, 2000);
    ck_assert_int_gt(refusals, 2000);
}
END_TEST

START_TEST(an_empty_layout_takes_any_empty_shape)
{
    elbo_layout x = elbo_layout_of(&ELBO_SHAPE(3, 0, 4)), y;
    x = elbo_layout_permute(&x, (int[]){2, 1, 0});
    ck_assert(elbo_layout_reshape(&x, &ELBO_SHAPE(0), &y));
    ck_assert(elbo_layout_reshape(&x, &ELBO_SHAPE(7, 0), &y));
    ck_assert(elbo_shape_equal(&y.shape, &ELBO_SHAPE(7, 0)));
}
END_TEST

/* ---- elements and copies ----------------------------------------------------------------------------------------- */

START_TEST(every_dtype_keeps_the_numbers_that_it_has)
{
    static const struct {
        elbo_dtype dtype;
        const char *name;
        size_t size;
        double values[4];
    } rows[] = {{ELBO_F32, "f32", 4, {0x1.fffffep127, -0x1p-149, 1 + 0x1p-23, -0.0}},
                {ELBO_F64, "f64", 8, {1.7976931348623157e308, 5e-324, 1 + 0x1p-52, -0.0}},
                {ELBO_U8, "u8", 1, {0, 1, 128, 255}},
                {ELBO_I32, "i32", 4, {INT32_MIN, -1, 0, INT32_MAX}}};
    for (int d = 0; d < 4; d++) {
        ck_assert_str_eq(elbo_dtype_name(rows[d].dtype), rows[d].name);
        ck_assert_uint_eq(elbo_dtype_size(rows[d].dtype), rows[d].size);
        elbo_tensor x = elbo_tensor_new(rows[d].dtype, ELBO_SHAPE(4)), y = elbo_tensor_new(ELBO_F64, ELBO_SHAPE(4));
        for (int64_t i = 0; i < 4; i++)
            elbo_tensor_set(&x, &i, rows[d].values[i]);
        elbo_tensor_copy(&y, &x);
        for (int64_t i = 0; i < 4; i++) {
            ck_assert(elbo_tensor_get(&x, &i) == rows[d].values[i] && elbo_tensor_get(&y, &i) == rows[d].values[i]);
            ck_assert(signbit(elbo_tensor_get(&y, &i)) == signbit(rows[d].values[i]));
        }
        elbo_tensor_free(&x);
        elbo_tensor_free(&y);
    }
}
END_TEST

/* Copies between random layouts of random shapes by all three ways; row-major walks over both must then agree. */
START_TEST(copies_between_any_layouts_keep_every_element)
{
    numbers n = {2};
    for (int i = 0; i < 3000; i++) {
        elbo_dtype dtype = (elbo_dtype)numbers_below(&n, 4);
        elbo_shape shape = random_shape(&n, 24), other = shape;
        if (i % 10 == 0)
            other.dim[0] = shape.dim[0] = 0;
        bool reshaped = i % 3 == 2;
        if (reshaped)
            other = i % 10 ? random_shape(&n, 24) : ELBO_SHAPE(2, 0);
        placement from = placement_random(&n, other.ndim);
        from.repeated = numbers_below(&n, 4) ? 0 : 1u << numbers_below(&n, other.ndim);
        elbo_tensor x = placed_new(dtype, other, from, 99);
        elbo_tensor y = placed_new(dtype, shape, placement_random(&n, shape.ndim), 77);
        for (elbo__walk w = elbo__walk_start(&other); w.more; elbo__walk_next(&w))
            elbo_tensor_set(&x, w.index, (double)numbers_below(&n, 50));
        (reshaped ? elbo__move_reshaped : i % 3 == 1 ? elbo__move : elbo_tensor_copy)(&y, &x);
        elbo__walk v = elbo__walk_start(&other);
        for (elbo__walk w = elbo__walk_start(&shape); w.more; elbo__walk_next(&w), elbo__walk_next(&v))
            if (elbo_tensor_get(&y, w.index) != elbo_tensor_get(&x, v.index))
                ck_abort_msg("%s to %s", elbo_shape_format(&other).text, elbo_shape_format(&shape).text);
        placed_assert_margins(&y, 77);
        elbo__fill(&y, 33);
        for (elbo__walk w = elbo__walk_start(&shape); w.more; elbo__walk_next(&w))
            if (elbo_tensor_get(&y, w.index) != 33)
                ck_abort_msg("filling %s", elbo_shape_format(&shape).text);
        placed_assert_margins(&y, 77);
        elbo_tensor_free(&x);
        elbo_tensor_free(&y);
    }
}
END_TEST

START_TEST(a_walk_visits_every_index_in_row_major_order)
{
    int64_t expected = 0;
    elbo_layout dense = elbo_layout_of(&ELBO_SHAPE(2, 3, 4));
    for (elbo__walk w = elbo__walk_start(&dense.shape); w.more; elbo__walk_next(&w))
        ck_assert_int_eq(elbo__layout_at(&dense, w.index), expected++);
    ck_assert_int_eq(expected, 24);
    expected = 0;
    for (elbo__walk w = elbo__walk_start(&ELBO_SCALAR); w.more; elbo__walk_next(&w))
        expected++;
    ck_assert_int_eq(expected, 1);
}
END_TEST

/* ---- memory ------------------------------------------------------------------------------------------------------ */

static elbo_status make_a_tensor(void)
{
    elbo_tensor x = elbo_tensor_new(ELBO_F32, ELBO_SHAPE(3));
    elbo_status status = x.data ? ELBO_OK : ELBO_NO_MEMORY;
    elbo_tensor_free(&x);
    return status;
}

START_TEST(a_tensor_that_memory_is_short_for_has_no_data)
{
    assert_survives_failing_allocations(make_a_tensor);
}
END_TEST

START_TEST(sizes_that_overflow_are_no_memory)
{
    int64_t product;
    ck_assert_ptr_null(elbo__calloc(SIZE_MAX / 2, 3));
    ck_assert_ptr_null(elbo__alloc(SIZE_MAX));
    ck_assert(!elbo__mul_size(INT64_MAX / 2, 3, &product));
    ck_assert(elbo__mul_size(INT64_MAX / 2, 2, &product));
    ck_assert_int_eq(product, INT64_MAX - 1);
}
END_TEST

START_TEST(an_array_grows_and_keeps_what_it_holds)
{
    int *items = NULL;
    size_t capacity = 0;
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(elbo__grow((void **)&items, &capacity, (size_t)i + 1, sizeof *items), ELBO_OK);
        ck_assert_uint_gt(capacity, (size_t)i);
        items[i] = i;
    }
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(items[i], i);
    elbo__free(items);
}
END_TEST

Suite *suite_tensor(void)
{
    Suite *s = suite_create("tensor");
    TCase *t = tcase_create("shapes");
    tcase_add_test(t, a_shape_prints_as_its_sizes);
    tcase_add_test(t, the_size_of_a_shape_is_the_product_of_its_sizes);
    tcase_add_test(t, shapes_are_equal_when_rank_and_sizes_are);
    tcase_add_test(t, a_shape_that_cannot_be_is_refused);
    suite_add_tcase(s, t);
    t = tcase_create("views");
    tcase_add_test(t, a_new_tensor_is_row_major_zero_and_aligned);
    tcase_add_test(t, an_empty_tensor_has_data_and_no_elements);
    tcase_add_test(t, views_see_the_elements_where_they_are);
    tcase_add_test(t, contiguous_means_row_major_without_gaps);
    tcase_add_test(t, a_layout_is_reshaped_exactly_when_strides_allow_it);
    tcase_add_test(t, an_empty_layout_takes_any_empty_shape);
    suite_add_tcase(s, t);
    t = tcase_create("elements and copies");
    tcase_add_test(t, every_dtype_keeps_the_numbers_that_it_has);
    tcase_add_test(t, copies_between_any_layouts_keep_every_element);
    tcase_add_test(t, a_walk_visits_every_index_in_row_major_order);
    suite_add_tcase(s, t);
    t = tcase_create("memory");
    tcase_add_test(t, a_tensor_that_memory_is_short_for_has_no_data);
    tcase_add_test(t, sizes_that_overflow_are_no_memory);
    tcase_add_test(t, an_array_grows_and_keeps_what_it_holds);
    suite_add_tcase(s, t);
    return s;
}
