/* A plan in words: the whole page of a small graph, and the parts that it does not show. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "../autograd/plan/print.h"
#include "scratch.h"
#include "suites.h"

/* ---- a page ------------------------------------------------------------------------------------------------------ */

static const elbo_init zeros = {NULL, {0}};

/* y (4, 2) = relu(x w^T + b); x (4, 3), w (2, 3), b (2); on one thread */
static elbo_plan *dense_layer(elbo_params *params)
{
    elbo_set_threads(1);
    elbo_graph *g = elbo_graph_new(params, ELBO_TRAIN);
    elbo_var *x = elbo_input(g, "x", ELBO_F32, ELBO_SHAPE(4, 3));
    elbo_var *w = elbo_param(g, "layer.weight", ELBO_SHAPE(2, 3), zeros);
    elbo_var *b = elbo_param(g, "layer.bias", ELBO_SHAPE(2), zeros);
    elbo_var *y = elbo_relu(elbo_add(elbo_matmul(x, elbo_transpose(w)), b));
    elbo_plan *plan = elbo_compile(g, &y, 1);
    ck_assert_msg(plan != NULL, "%s", elbo_error());
    elbo_graph_free(g);
    elbo_set_threads(0);
    return plan;
}

/* What a kernel works in is its own affair, and left open. */
static const char dense_page[] = "plan of f32: 9 nodes (3 that work, 3 views, 3 leaves) in 1 stages\n"
                                 "loops 1, instructions 2, barriers 0, threads 1\n"
                                 "       48 FLOP in products\n"
                                 "       16 FLOP in groups and sums\n"
                                 "         176 B read and written, each operand of an instruction once\n"
                                 "          32 B of parameters\n"
                                 "          48 B of inputs\n"
                                 "           0 B of constants\n"
                                 "          64 B of shared buffers\n"
                                 "          64 B a thread of local buffers, and %s to work in\n"
                                 "\n"
                                 "stage 0\n"
                                 "  loop 0: units 4, blocks 1 of 4, 1 at a time in 64 B\n"
                                 "       48 FLOP      104 B  local3(4, 2) = matmul(x(4, 3), layer.weight(3, 2))\n"
                                 "       16 FLOP       72 B  group (4, 2), 2 registers\n"
                                 "                               shared4 = relu(add(local3, spread(layer.bias)))\n"
                                 "\n"
                                 "parameters\n"
                                 "          24 B  layer.weight                          "
                                 "           8 B  layer.bias\n"
                                 "inputs\n"
                                 "          48 B  x\n"
                                 "shared buffers, and from which stage to which\n"
                                 "          32 B  shared4, 0 to the end\n"
                                 "local buffers for one block, and from which instruction to which, of loop 0\n"
                                 "          32 B  local3, 0 to 1\n";

START_TEST(the_page_of_a_dense_layer_says_what_it_does)
{
    elbo_params *params = elbo_params_new(ELBO_F32, 1);
    elbo_plan *plan = dense_layer(params);
    char expected[sizeof dense_page + 32];
    snprintf(expected, sizeof expected, dense_page, elbo__quantity((double)plan->scratch_bytes, "B").text);
    char *text = elbo_plan_describe(plan);
    ck_assert_str_eq(text, expected);
    elbo_release(text);
    elbo_plan_free(plan);
    elbo_params_free(params);
}
END_TEST

static double number_before(const char *text, const char *words)
{
    const char *at = strstr(text, words);
    ck_assert_msg(at != NULL, "no \"%s\" in:\n%.2000s", words, text);
    while (at > text && at[-1] != '\n')
        at--;
    char *end;
    const double number = scratch_number(at, &end);
    ck_assert_msg(end > at && strncmp(end, " us", 3) == 0, "no time before \"%s\" in:\n%.2000s", words, text);
    return number;
}

/* As if the clock had said so of run `run`: notes of each thread, then what the run took. */
static void plant(elbo_plan *plan, int run, int team, const double *notes, double seconds)
{
    const size_t each = elbo__notes(plan), all = elbo__run_notes(plan);
    double *noted = plan->watch.notes + (size_t)run * all;
    memset(noted, 0, all * sizeof *noted);
    memcpy(noted, notes, (size_t)team * each * sizeof *noted);
    noted[all - 2] = team;
    noted[all - 1] = seconds;
}

static void watch(elbo_plan *plan, elbo_params *params, int runs)
{
    ck_assert_int_eq(elbo_plan_watch(plan, true), ELBO_OK);
    ck_assert_int_eq(plan->watch.runs, 0); /* it forgets what was before */
    for (int i = 0; i < runs; i++)
        ck_assert_int_eq(elbo_plan_run(plan, params, (elbo_at){.seed = 1}), ELBO_OK);
    ck_assert_int_eq(plan->watch.runs, runs);
}

static void assert_has(const char *text, const char *words)
{
    ck_assert_msg(strstr(text, words) != NULL, "no \"%s\" in:\n%.3000s", words, text);
}

START_TEST(a_watched_plan_says_where_all_of_its_time_goes)
{
    static const float x[12];
    static const struct {
        const char *name;
        double us;
    } parts[] = {{"%  products", 2},           {"%  fused groups", 5},
                 {"%  other kernels", 0},      {"%  waiting for other threads", 1},
                 {"%  starting threads", 0.5}, {"%  everything else", 1.5}};
    enum { RUNS = 5, PARTS = sizeof parts / sizeof parts[0] };
    elbo_params *params = elbo_params_new(ELBO_F32, 1);
    elbo_plan *plan = dense_layer(params);
    ck_assert_int_eq(elbo_plan_bind(plan, "x", elbo_tensor_of(ELBO_F32, ELBO_SHAPE(4, 3), x)), ELBO_OK);
    watch(plan, params, ELBO__WATCHED + RUNS);
    char *text = elbo_plan_describe(plan);
    assert_has(text, "us a run, the mean of the quicker 100 of 200; ");
    elbo_release(text);

    /* 2 us in the product, 5 in the group, 0.5 before and 1 after them, 10 in all, or some times as much */
    static const double one[] = {2e-6, 5e-6, 0.5e-6, 1e-6}, slower[RUNS] = {1, 3, 1, 1, 4};
    watch(plan, params, RUNS);
    ck_assert_uint_eq(elbo__notes(plan), sizeof one / sizeof one[0]);
    for (int run = 0; run < RUNS; run++) {
        double notes[sizeof one / sizeof one[0]];
        for (size_t i = 0; i < elbo__notes(plan); i++)
            notes[i] = slower[run] * one[i];
        plant(plan, run, 1, notes, slower[run] * 10e-6);
    }
    text = elbo_plan_describe(plan);
    ck_assert_double_eq(number_before(text, "us a run, the mean of the quicker 3 of 5; "), 10);
    for (int i = 0; i < PARTS; i++)
        ck_assert_double_eq(number_before(text, parts[i].name), parts[i].us);
    assert_has(text,
               "thread 0        2.0 us in products,      5.0 in groups,      0.0 in other kernels,     0.5 until");
    elbo_release(text);

    /* in a thousandth of the time: 48 operations in 2 ns; 72 bytes, of the product, the bias and the group, in 5 */
    static const double quick[] = {2e-9, 5e-9, 0.5e-9, 1e-9};
    watch(plan, params, 1);
    plant(plan, 0, 1, quick, 10e-9);
    text = elbo_plan_describe(plan);
    assert_has(text, "0.0 us  20.0 %   24.0 GFLOP/s  local3(4, 2) = matmul(");
    assert_has(text, "0.0 us  50.0 %   14.4 GB/s     group (4, 2)");
    elbo_release(text);
    elbo_plan_free(plan);
    elbo_params_free(params);
}
END_TEST

/* dw = x' (x w') for x (64, 3), w (2, 3): images, then weights; on two threads */
static elbo_plan *two_stages(elbo_params *params)
{
    elbo_set_threads(2);
    elbo_graph *g = elbo_graph_new(params, ELBO_TRAIN);
    elbo_var *x = elbo_input(g, "x", ELBO_F32, ELBO_SHAPE(64, 3)), *dw;
    elbo_var *w = elbo_param(g, "w", ELBO_SHAPE(2, 3), zeros);
    elbo_var *y = elbo_matmul(x, elbo_transpose(w));
    elbo_grad(elbo_sum(elbo_mul(y, elbo_detach(y)), (int[]){0, 1}, 2, false), &w, 1, &dw);
    elbo_plan *plan = elbo_compile(g, &dw, 1);
    ck_assert_msg(plan != NULL, "%s", elbo_error());
    elbo_graph_free(g);
    elbo_set_threads(0);
    ck_assert_int_eq(plan->threads, 2);
    ck_assert_int_eq(plan->n_stages, 2);
    return plan;
}

START_TEST(a_watched_plan_tells_threads_and_stages_apart)
{
    enum { MOST = 64 };
    static const float x[64 * 3];
    elbo_params *params = elbo_params_new(ELBO_F32, 1);
    elbo_plan *plan = two_stages(params);
    ck_assert_int_eq(elbo_plan_bind(plan, "x", elbo_tensor_of(ELBO_F32, ELBO_SHAPE(64, 3), x)), ELBO_OK);
    watch(plan, params, 3);
    const double instrs = (double)plan->n_instrs;
    const size_t each = elbo__notes(plan);
    double notes[2 * MOST];
    ck_assert_uint_le(each, MOST);
    for (size_t i = 0; i < each; i++) { /* us: instructions 1 and 2, waiting 3 and 4 */
        notes[i] = i < plan->n_instrs ? 1e-6 : 3e-6;
        notes[each + i] = i < plan->n_instrs ? 2e-6 : 4e-6;
    }
    plant(plan, 0, 1, notes, 1e-6); /* alone, and quicker: of another kind than the last run */
    plant(plan, 1, 2, notes, 200e-6);
    plant(plan, 2, 2, notes, 100e-6);

    elbo__account account;
    ck_assert_int_eq(elbo__account_make(&account, plan), ELBO_OK);
    ck_assert_int_eq(account.team, 2);
    ck_assert_int_eq(account.runs, 2);
    ck_assert_int_eq(account.counted, 1);
    ck_assert_double_eq_tol(account.seconds, 100e-6, 1e-12);
    ck_assert_double_eq_tol(elbo__instr_seconds(&account, &plan->loops[0].instrs[0]), 1.5e-6, 1e-12);
    double by[ELBO__SPENDINGS], seconds;
    elbo__run_spendings(&account, by);
    ck_assert_double_eq_tol(by[ELBO__STARTING], 3.5e-6, 1e-12);
    ck_assert_double_eq_tol(by[ELBO__WAITING], 2 * 3.5e-6, 1e-12); /* before the second stage, and at the end */
    ck_assert_double_eq_tol(by[ELBO__ELSEWHERE], (100 - 1.5 * instrs - 3 * 3.5) * 1e-6, 1e-12);
    elbo__stage_seconds(&account, 1, 1, by);
    ck_assert_double_eq_tol(by[ELBO__WAITING], 4e-6, 1e-12);
    ck_assert_double_eq(by[ELBO__STARTING], 0);
    ck_assert_int_eq(elbo__seconds_on(&account, 1, &seconds), ELBO_OK);
    ck_assert_double_eq_tol(seconds, 3e-6 * instrs, 1e-12);
    elbo__account_free(&account);

    char *text = elbo_plan_describe(plan);
    assert_has(text, "stage 1\n  thread 0 ");
    assert_has(text, "     4.0 waiting before it\n");
    elbo_release(text);
    elbo_plan_free(plan);
    elbo_params_free(params);
}
END_TEST

START_TEST(more_threads_share_the_blocks_that_there_are)
{
    static const double notes[] = {2e-6, 5e-6, 0, 0}, on_threads[] = {7e-6, 3.5e-6, 3.5e-6, 1.75e-6, 1.75e-6};
    elbo_params *params = elbo_params_new(ELBO_F32, 1);
    elbo_plan *plan = dense_layer(params);
    ck_assert_int_eq(elbo__plan_recut(plan, 1, 0), ELBO_OK); /* four blocks, of which three threads have two at most */
    ck_assert_int_eq(elbo_plan_watch(plan, true), ELBO_OK);
    plan->watch.runs = 1;
    plant(plan, 0, 1, notes, 7e-6);
    elbo__account account;
    ck_assert_int_eq(elbo__account_make(&account, plan), ELBO_OK);
    for (int threads = 1; threads <= 5; threads++) {
        double seconds;
        ck_assert_int_eq(elbo__seconds_on(&account, threads, &seconds), ELBO_OK);
        ck_assert_double_eq_tol(seconds, on_threads[threads - 1], 1e-12);
    }
    elbo__account_free(&account);
    char *text = elbo_plan_describe(plan);
    assert_has(text, ", on 1 thread 1, on 2 2.00, on 4 4.00, on 8 4.00, on 16 4.00 times as fast\n");
    elbo_release(text);
    elbo_plan_free(plan);
    elbo_params_free(params);
}
END_TEST

START_TEST(a_tensor_of_another_slab_and_a_draw_are_called_by_their_names)
{
    elbo_params *params = elbo_params_new(ELBO_F32, 1);
    elbo_graph *g = elbo_graph_new(params, ELBO_TRAIN);
    elbo_var *w = elbo_param(g, "w", ELBO_SHAPE(5), zeros), *m = elbo_slab(w, "adam.m");
    elbo_var *noise = elbo_random_normal(g, "eps", ELBO_SHAPE(5), -1);
    elbo_assign(m, elbo_add(elbo_scale(m, 0.5), noise));
    elbo_plan *plan = elbo_compile(g, &noise, 1);
    char *text = elbo_plan_describe(plan);
    ck_assert_ptr_nonnull(strstr(text, " = random_normal(eps#0)\n"));
    ck_assert_ptr_nonnull(strstr(text, " adam.m:w = mul_add(adam.m:w, 0.5, "));
    elbo_release(text);
    elbo_plan_free(plan);
    elbo_graph_free(g);
    elbo_params_free(params);
}
END_TEST

/* ---- groups ------------------------------------------------------------------------------------------------------ */

/* A group of at most four registers over (6) numbers. Operand k is buffer k, a shared one, which `strided` has twice as
 * long. */
typedef struct {
    elbo__step steps[8];
    size_t n;
    bool strided[3];
    const char *lines;
} group_case;

#define LOAD(r, k)                                                                                                     \
    {                                                                                                                  \
        .kind = ELBO__LOAD, .to = r, .operand = k, .direct = true                                                      \
    }
#define COMPUTE(r, name, a, b, k)                                                                                      \
    {                                                                                                                  \
        .kind = ELBO__COMPUTE, .elementwise = ELBO__##name, .to = r, .from = {a, b}, .operand = k                      \
    }
#define STORE(r, k)                                                                                                    \
    {                                                                                                                  \
        .kind = ELBO__STORE, .from = {r}, .operand = k                                                                 \
    }

static const group_case groups[] = {
    /* a value that is read once is part of its reader's formula, another one has a name */
    {{LOAD(0, 0), COMPUTE(1, exp, 0, 0, ELBO__NONE), COMPUTE(2, neg, 1, 0, ELBO__NONE), COMPUTE(2, add, 1, 2, 1)},
     4,
     {false},
     "t1 = exp(shared0)\nshared1 = add(t1, neg(t1))\n"},
    /* what was in memory before it is overwritten is not confused with what is there afterwards */
    {{LOAD(0, 0), COMPUTE(1, exp, 0, 0, ELBO__NONE), COMPUTE(2, neg, 0, 0, 0), COMPUTE(3, add, 1, 2, 1)},
     4,
     {false},
     "t1 = exp(shared0)\nshared0 = neg(shared0)\nshared1 = add(t1, shared0)\n"},
    /* a register that is written again */
    {{LOAD(0, 0), COMPUTE(0, exp, 0, 0, ELBO__NONE), COMPUTE(0, neg, 0, 0, ELBO__NONE), STORE(0, 1), STORE(0, 2)},
     5,
     {false},
     "t1 = neg(exp(shared0))\nshared1 = t1\nshared2 = shared1\n"},
    /* memory that is no row of neighbours */
    {{LOAD(0, 0), LOAD(1, 1), COMPUTE(1, sub, 0, 1, ELBO__NONE), STORE(1, 2)},
     4,
     {false, false, true},
     "strided(shared2) = sub(shared0, shared1)\n"},
};

START_TEST(the_steps_of_a_group_are_read_back_as_formulas)
{
    const group_case *c = &groups[_i];
    elbo__step steps[8];
    memcpy(steps, c->steps, sizeof steps);
    elbo__group group = {.shape = ELBO_SHAPE(6), .steps = steps, .n_steps = c->n, .registers = 4};
    elbo__operand operands[3];
    elbo__buffer buffers[3];
    for (int k = 0; k < 3; k++) {
        operands[k] = (elbo__operand){.buffer = k, .layout = elbo_layout_of(&group.shape), .axis = 0};
        operands[k].layout.strides[0] = c->strided[k] ? 2 : 1;
        buffers[k] = (elbo__buffer){.class = ELBO__SHARED, .size = 12};
    }
    const elbo_plan plan = {.buffers = buffers, .n_buffers = 3};
    const elbo__instr instr = {.group = &group, .in = operands, .n_in = 3};
    elbo__page page = {0};
    elbo__put_steps(&page, &plan, &instr, 0);
    ck_assert(!page.failed);
    ck_assert_str_eq(page.text, c->lines);
    elbo__page_clear(&page);
}
END_TEST

/* ---- text -------------------------------------------------------------------------------------------------------- */

START_TEST(no_line_is_wider_than_the_page_and_no_shape_is_broken)
{
    char text[2000] = "";
    for (int i = 0; i < 100; i++)
        strcat(text, i % 3 ? "name(128, 784), " : "name(400, 20) whole, ");
    elbo__page page = {0};
    elbo__page_put(&page, "      ");
    elbo__page_wrap(&page, 10, text);
    for (char *line = strtok(page.text, "\n"); line; line = strtok(NULL, "\n")) {
        ck_assert_uint_le(strlen(line), ELBO__PAGE_WIDTH);
        ck_assert_uint_gt(strlen(line), 10);
        const char *first = line + strspn(line, " ");
        ck_assert_msg(*first == 'n', "a line begins with \"%s\"", first);
        ck_assert_msg(strncmp(line, "          n", 11) == 0 || line == page.text, "\"%s\" is not indented", line);
    }
    elbo__page_clear(&page);
}
END_TEST

static const struct {
    double value;
    const char *text;
} quantities[] = {{0, "0 B"},           {48, "48 B"},          {999, "999 B"},      {1000, "1.00 kB"},
                  {1254, "1.25 kB"},    {999994, "999.99 kB"}, {999996, "1.00 MB"}, {419.84e6, "419.84 MB"},
                  {47.04e9, "47.04 GB"}};

START_TEST(a_quantity_has_the_prefix_that_suits_it)
{
    ck_assert_str_eq(elbo__quantity(quantities[_i].value, "B").text, quantities[_i].text);
}
END_TEST

Suite *suite_describe(void)
{
    Suite *s = suite_create("describe");
    TCase *page = tcase_create("a page");
    tcase_add_test(page, the_page_of_a_dense_layer_says_what_it_does);
    tcase_add_test(page, a_watched_plan_says_where_all_of_its_time_goes);
    tcase_add_test(page, a_watched_plan_tells_threads_and_stages_apart);
    tcase_add_test(page, more_threads_share_the_blocks_that_there_are);
    tcase_add_test(page, a_tensor_of_another_slab_and_a_draw_are_called_by_their_names);
    suite_add_tcase(s, page);
    TCase *steps = tcase_create("groups");
    tcase_add_loop_test(steps, the_steps_of_a_group_are_read_back_as_formulas, 0, sizeof groups / sizeof groups[0]);
    suite_add_tcase(s, steps);
    TCase *text = tcase_create("text");
    tcase_add_test(text, no_line_is_wider_than_the_page_and_no_shape_is_broken);
    tcase_add_loop_test(text, a_quantity_has_the_prefix_that_suits_it, 0, sizeof quantities / sizeof quantities[0]);
    suite_add_tcase(s, text);
    return s;
}
