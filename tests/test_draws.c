/* Random draws: what a number depends on, what it does not, and noise that is fed from outside. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../autograd/plan/ir.h"
#include "rig.h"
#include "suites.h"

enum { MOST = 300 * 7 };

typedef elbo_var *draw_op(elbo_graph *graph, const char *name, elbo_shape shape, int draw_axis);

/* How one stream is drawn; everything is 0 or as in `usual` unless a test says otherwise. */
typedef struct {
    draw_op *op;
    elbo_dtype dtype;
    elbo_mode mode;
    const char *scope, *name;
    int occurrence; /* draws of the same name before it */
    elbo_shape shape;
    int draw_axis;
    elbo_at at;
    bool planned;
    bool busy; /* other streams, and uses of this one, in the graph */
} drawing;

static const drawing usual = {.op = elbo_random_normal,
                              .dtype = ELBO_F64,
                              .mode = ELBO_TRAIN,
                              .name = "eps",
                              .shape = {2, {6, 5}},
                              .draw_axis = -1,
                              .at = {.seed = 3, .step = 11}};

/* By a plan, in blocks of 7 rows out of order. */
static void run_in_blocks(const rig *r, elbo_var *const *outputs, int n, double *const *out)
{
    elbo_plan *plan = elbo_compile(r->g, outputs, n);
    ck_assert_msg(plan != NULL, "%s", elbo_error());
    ck_assert_int_eq(elbo__plan_recut(plan, 7, 1), ELBO_OK);
    plan->order = ELBO__SHUFFLED;
    ck_assert_int_eq(elbo_plan_run(plan, r->params, r->at), ELBO_OK);
    for (int i = 0; i < n; i++) {
        elbo_tensor from = elbo_plan_output(plan, i), to = elbo_tensor_of(ELBO_F64, from.layout.shape, out[i]);
        elbo_tensor_copy(&to, &from);
    }
    elbo_plan_free(plan);
}

static void draw(const drawing *d, double *out)
{
    rig r = rig_new(d->dtype, d->mode);
    r.at = d->at;
    if (d->scope)
        elbo_scope(r.g, d->scope);
    elbo_var *noise = d->busy ? elbo_random_uniform(r.g, "other", ELBO_SHAPE(9, 2), -1) : NULL;
    for (int i = 0; i < d->occurrence; i++)
        d->op(r.g, d->name, ELBO_SHAPE(3), -1);
    elbo_var *x = d->op(r.g, d->name, d->shape, d->draw_axis), *outputs[] = {x, x, x};
    double sums[2], *to[] = {out, &sums[0], &sums[1]};
    if (d->busy) {
        d->op(r.g, d->name, d->shape, d->draw_axis);
        outputs[1] = elbo_sum_all(elbo_exp(elbo_scale(x, 3)));
        outputs[2] = elbo_sum_all(noise);
    }
    if (d->planned)
        run_in_blocks(&r, outputs, d->busy ? 3 : 1, to);
    else
        rig_run(&r, outputs, d->busy ? 3 : 1, to);
    rig_free(&r);
}

static bool same(const double *a, const double *b, int n)
{
    return memcmp(a, b, (size_t)n * sizeof *a) == 0;
}

/* ---- what a number does not depend on ---------------------------------------------------------------------------- */

START_TEST(rows_are_the_same_however_they_are_shared_out)
{
    static double all[MOST], part[MOST];
    drawing d = usual;
    d.op = _i & 1 ? elbo_random_uniform : elbo_random_normal;
    d.planned = _i & 2;
    d.shape = ELBO_SHAPE(300, 7);
    draw(&d, all);
    static const int64_t cuts[] = {0, 1, 129, 170, 300};
    for (int i = 0; cuts[i] < 300; i++) {
        d.shape.dim[0] = cuts[i + 1] - cuts[i];
        d.at.first_row = (uint64_t)cuts[i];
        draw(&d, part);
        ck_assert_msg(same(part, all + cuts[i] * 7, (int)d.shape.dim[0] * 7), "rows %lld to %lld", (long long)cuts[i],
                      (long long)cuts[i + 1]);
    }
}
END_TEST

START_TEST(draws_are_the_same_however_they_are_shared_out)
{
    double all[3 * 8 * 5], part[3 * 2 * 5];
    drawing d = usual;
    d.planned = _i;
    d.shape = ELBO_SHAPE(3, 8, 5);
    d.draw_axis = 1;
    draw(&d, all);
    d.shape = ELBO_SHAPE(3, 2, 5);
    for (int first = 0; first < 8; first += 2) {
        d.at.first_draw = (uint64_t)first;
        draw(&d, part);
        for (int row = 0; row < 3; row++)
            ck_assert_msg(same(part + row * 10, all + (row * 8 + first) * 5, 10), "row %d, draws from %d", row, first);
    }
}
END_TEST

START_TEST(without_a_draw_axis_the_first_draw_of_a_run_does_not_count)
{
    double first[30], later[30];
    drawing d = usual;
    d.planned = _i;
    d.shape = ELBO_SHAPE(3, 10);
    draw(&d, first);
    d.at.first_draw = 4000;
    draw(&d, later);
    ck_assert(same(first, later, 30));
    d.draw_axis = 1;
    draw(&d, later);
    ck_assert(!same(first, later, 30)); /* it did draw */
}
END_TEST

START_TEST(numbers_do_not_depend_on_the_rest_of_the_graph)
{
    double alone[30], among_others[30];
    drawing d = usual;
    d.planned = _i;
    draw(&d, alone);
    d.busy = true;
    draw(&d, among_others);
    ck_assert(same(alone, among_others, 30));
}
END_TEST

START_TEST(interpreter_and_plan_draw_the_same_bits)
{
    static double interpreted[MOST], planned[MOST];
    static const elbo_shape shapes[] = {{0, {0}}, {1, {9}}, {2, {300, 7}}, {3, {5, 3, 2}}, {2, {0, 4}}};
    for (int i = 0; i < 5 * 4; i++) {
        drawing d = usual;
        d.op = i & 1 ? elbo_random_uniform : elbo_random_normal;
        d.dtype = i & 2 ? ELBO_F32 : ELBO_F64;
        d.shape = shapes[i / 4];
        draw(&d, interpreted);
        d.planned = true;
        draw(&d, planned);
        ck_assert(same(interpreted, planned, (int)elbo_shape_size(&d.shape)));
    }
}
END_TEST

START_TEST(f32_draws_are_the_f64_draws_rounded)
{
    double narrow[30], wide[30];
    for (int i = 0; i < 2; i++) {
        drawing d = usual;
        d.op = i ? elbo_random_uniform : elbo_random_normal;
        draw(&d, wide);
        d.dtype = ELBO_F32;
        draw(&d, narrow);
        for (int k = 0; k < 30; k++)
            assert_close(narrow[k], wide[k], 1e-6);
    }
}
END_TEST

START_TEST(a_node_that_is_read_twice_is_drawn_once)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = _i;
    elbo_var *x = elbo_random_normal(r.g, "eps", ELBO_SHAPE(6, 5), -1);
    ck_assert_double_eq(rig_number(&r, elbo_sum_all(elbo_square(elbo_sub(x, elbo_neg(elbo_neg(x)))))), 0);
    rig_free(&r);
}
END_TEST

/* ---- what it does depend on -------------------------------------------------------------------------------------- */

START_TEST(every_part_of_the_key_changes_the_numbers)
{
    enum { N = 14 };
    drawing d[N];
    static double x[N][30];
    for (int i = 0; i < N; i++)
        d[i] = usual;
    d[1].at.seed = 4;
    d[2].at.step = 12;
    d[3].at.first_row = 6;
    d[4].mode = ELBO_EVALUATE;
    d[5].name = "epsilon";
    d[6].scope = "encoder";
    d[7].occurrence = 1;
    d[8].occurrence = 2;
    d[9].op = elbo_random_uniform;
    d[10].shape = ELBO_SHAPE(6, 5, 1), d[10].draw_axis = 1;
    d[11].at.step = 11 + ((uint64_t)1 << 32);
    d[12].at.first_row = (uint64_t)1 << 40;
    d[13].at.seed = 3 + ((uint64_t)1 << 32);
    for (int i = 0; i < N; i++)
        draw(&d[i], x[i]);
    for (int a = 0; a < N * 30; a++)
        for (int b = 0; b < a; b++) {
            /* drawing 10 has the row's element 0 as draw 0: the one number that it shares with the others */
            bool shared = a / 30 == 10 && b == a % 30 && a % 5 == 0;
            double xa = x[a / 30][a % 30], xb = x[b / 30][b % 30];
            if (xa == xb && !shared)
                ck_abort_msg("number %d of drawing %d is number %d of drawing %d", a % 30, a / 30, b % 30, b / 30);
        }
}
END_TEST

START_TEST(a_uniform_and_a_normal_of_one_name_are_two_occurrences)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *a = elbo_random_normal(r.g, "eps", ELBO_SHAPE(2), -1);
    elbo_var *b = elbo_random_uniform(r.g, "eps", ELBO_SHAPE(2), -1);
    ck_assert_str_eq(elbo_name_of(a), "eps#0");
    ck_assert_str_eq(elbo_name_of(b), "eps#1");
    rig_free(&r);
}
END_TEST

/* ---- noise from outside ------------------------------------------------------------------------------------------ */

START_TEST(noise_can_be_fed_by_name_and_occurrence)
{
    const double first[] = {1, 2, 3, 4}, second[] = {10, 20}, third[] = {0.25, 0.5};
    double out[3][4];
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    r.planned = _i;
    elbo_graph_feed_noise(r.g);
    elbo_scope(r.g, "q");
    elbo_var *draws[] = {elbo_random_normal(r.g, "z", ELBO_SHAPE(2, 2), 1),
                         elbo_random_normal(r.g, "z", ELBO_SHAPE(2), -1),
                         elbo_random_uniform(r.g, "keep", ELBO_SHAPE(2), -1)};
    elbo_scope_end(r.g);
    ck_assert_str_eq(elbo_name_of(draws[1]), "q.z#1");
    rig_feed(&r, "q.z#0", ELBO_SHAPE(2, 2), first);
    rig_feed(&r, "q.z#1", ELBO_SHAPE(2), second);
    rig_feed(&r, "q.keep#0", ELBO_SHAPE(2), third);
    rig_run(&r, draws, 3, (double *[]){out[0], out[1], out[2]});
    ck_assert(same(out[0], first, 4) && same(out[1], second, 2) && same(out[2], third, 2));
    rig_free(&r);
}
END_TEST

START_TEST(a_gradient_passes_by_the_noise)
{
    enum { B = 4, Z = 3 };
    const double scale[Z] = {0.5, 1, 2};
    double noise[B * Z], d[Z];
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = _i;
    elbo_var *s = rig_input(&r, "scale", ELBO_SHAPE(Z), scale), *ds;
    elbo_var *eps = elbo_random_normal(r.g, "eps", ELBO_SHAPE(B, Z), -1);
    elbo_grad(elbo_mul(s, eps), &s, 1, &ds);
    rig_run(&r, (elbo_var *[]){eps, ds}, 2, (double *[]){noise, d});
    for (int z = 0; z < Z; z++)
        assert_close(d[z], noise[z] + noise[Z + z] + noise[2 * Z + z] + noise[3 * Z + z], 1e-15);
    rig_free(&r);
}
END_TEST

Suite *suite_draws(void)
{
    Suite *s = suite_create("draws");
    TCase *t = tcase_create("what numbers do not depend on");
    tcase_add_loop_test(t, rows_are_the_same_however_they_are_shared_out, 0, 4);
    tcase_add_loop_test(t, draws_are_the_same_however_they_are_shared_out, 0, 2);
    tcase_add_loop_test(t, without_a_draw_axis_the_first_draw_of_a_run_does_not_count, 0, 2);
    tcase_add_loop_test(t, numbers_do_not_depend_on_the_rest_of_the_graph, 0, 2);
    tcase_add_test(t, interpreter_and_plan_draw_the_same_bits);
    tcase_add_test(t, f32_draws_are_the_f64_draws_rounded);
    tcase_add_loop_test(t, a_node_that_is_read_twice_is_drawn_once, 0, 2);
    suite_add_tcase(s, t);
    t = tcase_create("what they depend on");
    tcase_add_test(t, every_part_of_the_key_changes_the_numbers);
    tcase_add_test(t, a_uniform_and_a_normal_of_one_name_are_two_occurrences);
    suite_add_tcase(s, t);
    t = tcase_create("fed from outside");
    tcase_add_loop_test(t, noise_can_be_fed_by_name_and_occurrence, 0, 2);
    tcase_add_loop_test(t, a_gradient_passes_by_the_noise, 0, 2);
    suite_add_tcase(s, t);
    return s;
}
