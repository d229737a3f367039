/* The library's own kernels for products, number by number, for every instruction set that runs here. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../tensor/product.h"
#include "kernel_sets.h"
#include "numbers.h"
#include "suites.h"

/* The sum of `terms` products in equal pieces of at most 512, each from 0 in order, by fused multiply-adds. */
static float sum_in_pieces(const float *a, const float *b, int terms)
{
    int pieces = (terms + 511) / 512, piece = (terms + pieces - 1) / pieces;
    float sum = 0;
    for (int first = 0; first < terms; first += piece) {
        float part = 0;
        for (int k = first; k < terms && k < first + piece; k++)
            part = fmaf(a[k], b[k], part);
        sum = first ? sum + part : part;
    }
    return sum;
}

/* The same in 16 lanes, added as a tree. */
static float sum_in_lanes(const float *a, const float *b, int terms)
{
    float lane[16] = {0};
    for (int k = 0; k < terms; k++)
        lane[k % 16] = fmaf(a[k], b[k], lane[k % 16]);
    for (int half = 8; half > 0; half /= 2)
        for (int l = 0; l < half; l++)
            lane[l] += lane[l + half];
    return lane[0];
}

START_TEST(every_instruction_set_has_the_bits_of_a_sum_in_the_order_that_is_promised)
{
    enum { ROWS = 9, COLUMNS = 101, TERMS = 1100 };
    static float a[ROWS * TERMS], b[COLUMNS * TERMS], y[ROWS * COLUMNS]; /* b by columns */
    numbers n = {40};
    for (int i = 0; i < ROWS * TERMS; i++)
        a[i] = (float)numbers_between(&n, -1, 1);
    for (int i = 0; i < COLUMNS * TERMS; i++)
        b[i] = (float)numbers_between(&n, -1, 1);
    for (int set = 0; set < sets_here(); set++)
        for (int dots = 0; dots < 2 && sets[set].kernels->product; dots++)
            for (int trial = 0; trial < 60; trial++) {
                int rows = 1 + (int)numbers_below(&n, ROWS), columns = 1 + (int)numbers_below(&n, COLUMNS);
                int terms = trial % 3 ? 1 + (int)numbers_below(&n, 60) : (int)numbers_below(&n, TERMS + 1);
                terms = terms ? terms : TERMS;
                elbo__matrix my = {y, rows, columns, COLUMNS, 1}, ma = {a, rows, terms, TERMS, 1};
                elbo__matrix mb = {b, terms, columns, 1, TERMS};
                (dots ? sets[set].kernels->product_dots : sets[set].kernels->product)(&my, &ma, &mb);
                for (int i = 0; i < rows; i++)
                    for (int j = 0; j < columns; j++) {
                        const float *p = &a[i * TERMS], *q = &b[j * TERMS];
                        float expected = dots ? sum_in_lanes(p, q, terms) : sum_in_pieces(p, q, terms);
                        ck_assert_msg(y[i * COLUMNS + j] == expected,
                                      "%s: entry %d %d of a sum of %d is %.9g, not %.9g", sets[set].name, i, j, terms,
                                      y[i * COLUMNS + j], expected);
                    }
            }
}
END_TEST

/* Places that overlap in a and b, rows of y in any order with room between them, which must stay as it is. */
START_TEST(numbers_at_any_places_have_the_bits_of_the_same_product_in_rows)
{
    enum { ROWS = 19, COLUMNS = 75, TERMS = 1100, VALUES = 5000, WIDE = COLUMNS + 1 };
    static float values[VALUES], y[ROWS * WIDE], before[ROWS * WIDE], p[TERMS], q[TERMS];
    numbers n = {41};
    for (int i = 0; i < VALUES; i++)
        values[i] = (float)numbers_between(&n, -1, 1);
    for (int set = 0; set < sets_here(); set++)
        for (int trial = 0; trial < 80 && sets[set].kernels->product_placed; trial++) {
            int rows = 1 + (int)numbers_below(&n, ROWS), columns = 1 + (int)numbers_below(&n, COLUMNS);
            int terms = trial % 8 ? (int)numbers_below(&n, 60) : 513 + (int)numbers_below(&n, TERMS - 513);
            bool add = terms <= 512 && trial % 2; /* one piece is added in one step */
            int64_t a_row[ROWS], y_row[ROWS], a_term[TERMS], b_term[TERMS];
            for (int i = 0; i < rows; i++) {
                a_row[i] = (int64_t)numbers_below(&n, VALUES / 2);
                y_row[i] = (i + trial) % rows * WIDE;
            }
            for (int k = 0; k < terms; k++) {
                a_term[k] = (int64_t)numbers_below(&n, VALUES / 2);
                b_term[k] = (int64_t)numbers_below(&n, VALUES - COLUMNS);
            }
            for (int i = 0; i < ROWS * WIDE; i++)
                y[i] = before[i] = (float)numbers_between(&n, -1, 1);
            sets[set].kernels->product_placed(
                &(elbo__placed){rows, columns, terms, values, values, y, a_row, a_term, b_term, y_row, add});
            for (int i = 0; i < rows; i++)
                for (int j = 0; j < WIDE; j++) {
                    const int64_t at = y_row[i] + j;
                    for (int k = 0; k < terms && j < columns; k++) {
                        p[k] = values[a_row[i] + a_term[k]];
                        q[k] = values[b_term[k] + j];
                    }
                    float expected = j < columns ? sum_in_pieces(p, q, terms) + (add ? before[at] : 0) : before[at];
                    ck_assert_msg(y[at] == expected, "%s: entry %d %d of a sum of %d is %.9g, not %.9g", sets[set].name,
                                  i, j, terms, y[at], expected);
                }
        }
}
END_TEST

/* As it is done in f64, and where there is no kernel of our own. */
START_TEST(numbers_at_any_places_are_multiplied_by_plain_loops_too)
{
    const double a[] = {1, 2, 3, 4}, b[] = {5, 6, 7, 8}, made[] = {38, 44, 100, 25, 29};
    const float a_f32[] = {1, 2, 3, 4}, b_f32[] = {5, 6, 7, 8};
    const int64_t a_row[] = {0, 1}, a_term[] = {2, 0}, b_term[] = {1, 2}, y_row[] = {3, 0};
    double y[] = {100, 100, 100, 100, 100};
    float y_f32[] = {100, 100, 100, 100, 100};
    /* (3 1; 4 2) (6 7; 7 8), the first row at 3 */
    elbo__placed p = {2, 2, 2, a, b, y, a_row, a_term, b_term, y_row, false};
    elbo__placed q = {2, 2, 2, a_f32, b_f32, y_f32, a_row, a_term, b_term, y_row, false};
    for (p.add = q.add = false;; p.add = q.add = true) {
        elbo__product_placed_plain(ELBO_F64, &p);
        elbo__product_placed_plain(ELBO_F32, &q);
        for (int i = 0; i < 5; i++) {
            ck_assert_double_eq(y[i], i == 2 || !p.add ? made[i] : 2 * made[i]);
            ck_assert_double_eq((double)y_f32[i], y[i]);
        }
        if (p.add)
            break;
    }
}
END_TEST

/* Zeros in whole columns of a tile and here and there: `share` of the numbers, and of the columns, are others. */
static void fill_sparse(numbers *n, float *a, int rows, int terms, double share)
{
    for (int k = 0; k < terms; k++) {
        const bool blank = numbers_between(n, 0, 1) > share;
        for (int i = 0; i < rows; i++)
            a[i * terms + k] = blank || numbers_between(n, 0, 1) > share
                                   ? 0
                                   : (float)numbers_between(n, 0.1, 1) - (i + k) % 2;
    }
}

/* y by a set's kernel for zeros, or by its other one, with a (rows, terms) by rows or by columns in memory. */
enum { SPARSE_ROWS = 150, SPARSE_COLUMNS = 205, SPARSE_TERMS = 1100 };
static float sparse_a[SPARSE_ROWS * SPARSE_TERMS], sparse_b[SPARSE_COLUMNS * SPARSE_TERMS];
static float sparse_y[SPARSE_ROWS * SPARSE_COLUMNS], sparse_turned[SPARSE_ROWS * SPARSE_TERMS];

static bool multiply(int set, bool sparse, int rows, int columns, int terms, bool turned)
{
    for (int i = 0; i < rows; i++)
        for (int k = 0; k < terms; k++)
            sparse_turned[k * rows + i] = sparse_a[i * terms + k];
    for (int i = 0; i < SPARSE_ROWS * SPARSE_COLUMNS; i++)
        sparse_y[i] = NAN;
    elbo__matrix y = {sparse_y, rows, columns, SPARSE_COLUMNS, 1}, b = {sparse_b, terms, columns, SPARSE_COLUMNS, 1};
    elbo__matrix a = {turned ? sparse_turned : sparse_a, rows, terms, turned ? 1 : terms, turned ? rows : 1};
    if (sparse)
        return sets[set].kernels->product_sparse(&y, &a, &b);
    sets[set].kernels->product(&y, &a, &b);
    return true;
}

START_TEST(terms_of_0_are_left_out_without_a_change_of_bits)
{
    static float column[SPARSE_TERMS], kept[SPARSE_ROWS * SPARSE_COLUMNS];
    numbers n = {43};
    for (int i = 0; i < SPARSE_COLUMNS * SPARSE_TERMS; i++)
        sparse_b[i] = (float)numbers_between(&n, -1, 1);
    for (int set = 0; set < sets_here(); set++)
        for (int trial = 0; trial < 24 && sets[set].kernels->product_sparse; trial++) {
            const int rows = trial % 3 ? 1 + (int)numbers_below(&n, 20) : SPARSE_ROWS;
            const int columns = 128 + (int)numbers_below(&n, SPARSE_COLUMNS - 127);
            const int terms = trial % 5 ? 40 + (int)numbers_below(&n, 90) : SPARSE_TERMS;
            fill_sparse(&n, sparse_a, rows, terms, trial % 4 * 0.15);
            ck_assert(multiply(set, false, rows, columns, terms, trial % 2));
            memcpy(kept, sparse_y, sizeof kept);
            ck_assert_msg(multiply(set, true, rows, columns, terms, trial % 2), "%s: no zeros seen", sets[set].name);
            ck_assert_msg(memcmp(kept, sparse_y, sizeof kept) == 0, "%s: other bits", sets[set].name);
            for (int j = 0; j < SPARSE_COLUMNS; j++) {
                for (int k = 0; k < terms; k++)
                    column[k] = sparse_b[k * SPARSE_COLUMNS + j];
                for (int i = 0; i < rows; i++) {
                    const float got = sparse_y[i * SPARSE_COLUMNS + j];
                    const float expected = sum_in_pieces(&sparse_a[i * terms], column, terms);
                    ck_assert_msg(j < columns ? got == expected : isnan(got),
                                  "%s: entry %d %d of (%d,%d) of a sum of %d is %.9g, not %.9g", sets[set].name, i, j,
                                  rows, columns, terms, got, expected);
                }
            }
        }
}
END_TEST

/* -1e-60 is -0 in f32, and -0 + 0 is 0: so is -0 alone. */
START_TEST(a_sum_that_is_too_small_is_0_whether_terms_of_0_follow_or_not)
{
    static const float zero = 0;
    for (int set = 0; set < sets_here(); set++)
        for (int sparse = 0; sparse < 2 && sets[set].kernels->product_sparse; sparse++) {
            memset(sparse_a, 0, sizeof sparse_a);
            for (int i = 0; i < SPARSE_COLUMNS * SPARSE_TERMS; i++)
                sparse_b[i] = i < SPARSE_COLUMNS ? -1e-30F : 1;
            sparse_a[0] = 1e-30F;
            ck_assert(multiply(set, sparse, 10, 200, 40, false));
            ck_assert_mem_eq(sparse_y, &zero, sizeof zero);
        }
}
END_TEST

START_TEST(a_number_that_is_none_is_not_left_out_as_if_it_were_0)
{
    for (int set = 0; set < sets_here(); set++)
        for (int turned = 0; turned < 2 && sets[set].kernels->product_sparse; turned++) {
            memset(sparse_a, 0, sizeof sparse_a);
            sparse_a[3 * 40 + 7] = NAN;
            ck_assert(multiply(set, true, 10, 200, 40, turned));
            for (int i = 0; i < 10; i++)
                ck_assert_int_eq(isnan(sparse_y[i * SPARSE_COLUMNS]), i == 3);
        }
}
END_TEST

START_TEST(what_has_few_zeros_or_few_columns_is_left_to_the_other_kernels)
{
    numbers n = {44};
    for (int set = 0; set < sets_here(); set++)
        for (int turned = 0; turned < 2 && sets[set].kernels->product_sparse; turned++) {
            fill_sparse(&n, sparse_a, 40, 60, 0.9);
            ck_assert(!multiply(set, true, 40, 200, 60, turned));
            ck_assert(isnan(sparse_y[0]));
            fill_sparse(&n, sparse_a, 40, 60, 0.2);
            ck_assert(multiply(set, true, 40, 200, 60, turned));
            ck_assert(!multiply(set, true, 40, 20, 60, turned));
            ck_assert(isnan(sparse_y[0]));
        }
}
END_TEST

Suite *suite_product_kernels(void)
{
    Suite *s = suite_create("product_kernels");
    TCase *t = tcase_create("kernel");
    tcase_add_test(t, every_instruction_set_has_the_bits_of_a_sum_in_the_order_that_is_promised);
    tcase_add_test(t, numbers_at_any_places_have_the_bits_of_the_same_product_in_rows);
    tcase_add_test(t, numbers_at_any_places_are_multiplied_by_plain_loops_too);
    tcase_add_test(t, terms_of_0_are_left_out_without_a_change_of_bits);
    tcase_add_test(t, a_sum_that_is_too_small_is_0_whether_terms_of_0_follow_or_not);
    tcase_add_test(t, a_number_that_is_none_is_not_left_out_as_if_it_were_0);
    tcase_add_test(t, what_has_few_zeros_or_few_columns_is_left_to_the_other_kernels);
    suite_add_tcase(s, t);
    return s;
}
