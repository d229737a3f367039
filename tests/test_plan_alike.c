/* Narrow matrices that one x is multiplied by lie beside each other, and what is done to all of them alike is planned
 * as one: heads of a network, their derivatives and their updates. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "../autograd/plan/ir.h"
#include "rig.h"
#include "suites.h"

enum { ROWS = 24, IN = 30, HIDDEN = 20, MOST_HEADS = 3, MOST_PARAMS = 2 * MOST_HEADS + 2 };

/* A network of one layer of hidden units and a few heads, and the squared outputs of each head as its loss. */
typedef struct {
    int heads;
    elbo_var *noise; /* of the shape of the first head's weight */
    elbo_var *hidden, *turned[MOST_HEADS], *product[MOST_HEADS], *y[MOST_HEADS], *w[MOST_HEADS], *loss[MOST_HEADS];
} network;

static elbo_var *weight(elbo_graph *g, const char *name, int64_t out, int64_t in)
{
    return elbo_param(g, name, ELBO_SHAPE(out, in), (elbo_init){rig_fill, {0.5}});
}

static network build_network(rig *r, int heads, const int64_t *out)
{
    static const char *const names[] = {"head.first.weight", "head.second.weight", "head.third.weight"};
    static const char *const biases[] = {"head.first.bias", "head.second.bias", "head.third.bias"};
    network n = {.heads = heads};
    double numbers[ROWS * IN];
    for (int i = 0; i < ROWS * IN; i++)
        numbers[i] = (i * 37 % 101 - 50) / 50.0;
    elbo_var *x = rig_input(r, "x", ELBO_SHAPE(ROWS, IN), numbers);
    n.hidden = elbo_tanh(elbo_matmul(x, elbo_transpose(weight(r->g, "hidden", HIDDEN, IN))));
    for (int i = 0; i < heads; i++) {
        n.w[i] = weight(r->g, names[i], out[i], HIDDEN);
        n.turned[i] = elbo_transpose(n.w[i]);
        n.product[i] = elbo_matmul(n.hidden, n.turned[i]);
        n.y[i] = elbo_add(n.product[i], elbo_param(r->g, biases[i], ELBO_SHAPE(out[i]), (elbo_init){rig_fill, {0.5}}));
        n.loss[i] = elbo_scale(elbo_mean_all(elbo_square(elbo_shift(n.y[i], i))), 1 + i);
    }
    n.noise = elbo_random_normal(r->g, "noise", elbo_shape_of(n.w[0]), -1);
    return n;
}

/* ---- what is done to heads --------------------------------------------------------------------------------------- */

/* A new value of the weight of head i, from its derivative g. */
typedef elbo_var *update(const network *n, int i, elbo_var *g);

static elbo_var *descent(const network *n, int i, elbo_var *g)
{
    return elbo_sub(n->w[i], elbo_scale(g, 0.1));
}

static elbo_var *descent_at_rates_of_their_own(const network *n, int i, elbo_var *g)
{
    return elbo_sub(n->w[i], elbo_scale(g, 0.1 * (1 + i)));
}

static elbo_var *descent_and_ascent(const network *n, int i, elbo_var *g)
{
    return i == 0 ? elbo_sub(n->w[i], g) : elbo_add(n->w[i], g);
}

static elbo_var *rows_scaled(const network *n, int i, elbo_var *g)
{
    elbo_var *scales = elbo_slice(elbo_slice(n->hidden, 0, 0, elbo_size(g, 0)), 1, 0, 1);
    return elbo_sub(n->w[i], elbo_mul(g, scales));
}

static elbo_var *products_of_their_own(const network *n, int i, elbo_var *g)
{
    elbo_var *x = i == 0 ? n->hidden : elbo_exp(n->hidden);
    return elbo_sub(n->w[i], elbo_add(g, elbo_transpose(elbo_matmul(elbo_transpose(x), n->y[i]))));
}

static elbo_var *noisy_descent(const network *n, int i, elbo_var *g)
{
    return elbo_sub(n->w[i], elbo_add(g, n->noise));
}

/* By a rate that is state, and falls from one head to the next. */
static elbo_var *descent_at_a_falling_rate(const network *n, int i, elbo_var *g)
{
    elbo_var *rate = elbo_state(elbo_graph_of(g), "rate", ELBO_SHAPE(1, 1), (elbo_init){rig_fill, {1}});
    elbo_var *next = elbo_sub(n->w[i], elbo_mul(g, rate));
    (void)elbo_assign(rate, elbo_scale(rate, 0.5));
    return next;
}

typedef struct step step;
struct step {
    const char *what;
    int (*build)(rig *r, const step *s, elbo_var **outputs); /* returns how many outputs there are */
    int heads;
    int64_t out[MOST_HEADS];
    update *update;
    bool only_first;   /* is updated */
    bool twice;        /* each is updated */
    bool rest;         /* the heads are not all that reads the hidden units */
    bool output;       /* the second head's product is one */
    bool view[2];      /* so is the turned weight of the first, or of the second */
    bool read_between; /* the second weight is, after the first is updated and before it is itself */
    int products, assignments;
};

/* A step down along the derivative of the sum of all losses. */
static int whole_step(rig *r, const step *s, elbo_var **outputs)
{
    const network net = build_network(r, s->heads, s->out);
    elbo_var *params[MOST_PARAMS], *grads[MOST_PARAMS];
    int n = 1;
    outputs[0] = net.loss[0];
    for (int i = 1; i < s->heads; i++)
        outputs[0] = elbo_add(outputs[0], net.loss[i]);
    if (s->rest)
        outputs[0] = elbo_add(outputs[0], elbo_mean_all(elbo_square(net.hidden)));
    if (s->output)
        outputs[n++] = net.product[1];
    for (int i = 0; i < 2; i++)
        if (s->view[i])
            outputs[n++] = net.turned[i];
    const int count = elbo_graph_params(r->g, params);
    elbo_grad(outputs[0], params, count, grads);
    for (int i = 0; i < count; i++) {
        int head = 0;
        while (head < s->heads && params[i] != net.w[head])
            head++;
        if (head == 1 && s->only_first)
            continue;
        if (head == 1 && s->read_between)
            outputs[n++] = elbo_sum_all(elbo_square(params[i]));
        elbo_assign(params[i],
                    head < s->heads ? s->update(&net, head, grads[i]) : elbo_sub(params[i], elbo_scale(grads[i], 0.1)));
        if (s->twice)
            elbo_assign(params[i], elbo_mul(params[i], elbo_shift(params[i], 1)));
    }
    return n;
}

static void go_down(const network *n, elbo_var *first, elbo_var *second)
{
    elbo_assign(n->w[0], elbo_sub(n->w[0], first));
    elbo_assign(n->w[1], elbo_sub(n->w[1], second));
}

/* The second head's loss is made of the derivative by the first head's weight. */
static int derivative_behind_derivative(rig *r, const step *s, elbo_var **outputs)
{
    const network net = build_network(r, 2, s->out);
    elbo_var *first, *second;
    elbo_grad(net.loss[0], &net.w[0], 1, &first);
    elbo_grad(elbo_mul(net.loss[1], elbo_sum_all(elbo_abs(first))), &net.w[1], 1, &second);
    go_down(&net, first, second);
    outputs[0] = net.loss[0];
    return 1;
}

/* Both weights meet that derivative, and the second's derivative needs what the first made of it. */
static int derivative_through_heads(rig *r, const step *s, elbo_var **outputs)
{
    const network net = build_network(r, 2, s->out);
    elbo_var *first, *second;
    elbo_grad(net.loss[0], &net.w[0], 1, &first);
    elbo_var *through = elbo_matmul(first, net.turned[0]);
    outputs[1] = elbo_matmul(first, net.turned[1]);
    elbo_grad(elbo_mul(net.loss[1], elbo_sum_all(elbo_abs(through))), &net.w[1], 1, &second);
    go_down(&net, first, second);
    outputs[0] = net.loss[0];
    return 2;
}

/* Two heads read the derivative by another head's weight, which would wait for that by the next one. */
static int heads_on_a_derivative(rig *r, const step *s, elbo_var **outputs)
{
    elbo_var *w[2] = {weight(r->g, "a", 4, HIDDEN), weight(r->g, "b", 3, HIDDEN)}, *first, *second, *y[2];
    const network net = build_network(r, 2, s->out);
    elbo_grad(net.loss[0], &net.w[0], 1, &first);
    for (int i = 0; i < 2; i++)
        y[i] = elbo_matmul(first, elbo_transpose(w[i]));
    elbo_grad(net.loss[1], &net.w[1], 1, &second);
    go_down(&net, first, second);
    outputs[0] = net.loss[0];
    outputs[1] = elbo_add(elbo_sum_all(elbo_square(y[0])), elbo_sum_all(elbo_abs(y[1])));
    return 2;
}

/* Codes that are state, or are made of it, meet the first weight, change, and meet the second. */
static int codes_that_change(rig *r, const step *s, elbo_var **outputs, bool made_of_them)
{
    elbo_var *codes = elbo_state(r->g, "codes", ELBO_SHAPE(ROWS, HIDDEN), (elbo_init){rig_fill, {0.5}});
    elbo_var *w[2] = {weight(r->g, "a", s->out[0], HIDDEN), weight(r->g, "b", s->out[1], HIDDEN)};
    for (int i = 0; i < 2; i++) {
        outputs[i] = elbo_matmul(made_of_them ? elbo_exp(codes) : codes, elbo_transpose(w[i]));
        outputs[i] = elbo_sum_all(elbo_square(outputs[i]));
        if (i == 0)
            elbo_assign(codes, elbo_scale(codes, 2));
    }
    return 2;
}

static int changing_codes(rig *r, const step *s, elbo_var **outputs)
{
    return codes_that_change(r, s, outputs, false);
}

static int made_of_changing_codes(rig *r, const step *s, elbo_var **outputs)
{
    return codes_that_change(r, s, outputs, true);
}

/* Learned codes move between the derivatives by the two weights. */
static int codes_in_turn_with_weights(rig *r, const step *s, elbo_var **outputs)
{
    elbo_var *codes = weight(r->g, "codes", ROWS, HIDDEN), *g[3];
    elbo_var *w[2] = {weight(r->g, "a", s->out[0], HIDDEN), weight(r->g, "b", s->out[1], HIDDEN)};
    elbo_var *loss = elbo_constant(r->g, 0);
    for (int i = 0; i < 2; i++)
        loss = elbo_add(loss, elbo_mean_all(elbo_square(elbo_matmul(codes, elbo_transpose(w[i])))));
    elbo_grad(loss, &w[0], 1, &g[0]);
    elbo_grad(loss, &codes, 1, &g[2]);
    elbo_assign(codes, elbo_sub(codes, g[2]));
    elbo_grad(loss, &w[1], 1, &g[1]);
    for (int i = 0; i < 2; i++)
        elbo_assign(w[i], elbo_sub(w[i], g[i]));
    outputs[0] = loss;
    return 1;
}

/* A sum of products of states by both weights, of which one changes before the sum is taken. */
static int sum_of_changing_states(rig *r, const step *s, elbo_var **outputs)
{
    const network net = build_network(r, 2, s->out);
    elbo_var *state[2], *terms[2];
    for (int i = 0; i < 2; i++) {
        state[i] = elbo_state(r->g, i ? "q" : "p", ELBO_SHAPE(ROWS, s->out[i]), (elbo_init){rig_fill, {0.5}});
        elbo_assign(state[i], elbo_scale(state[i], 2));
        terms[i] = elbo_matmul(state[i], net.w[i]);
    }
    outputs[0] = elbo_add(net.loss[0], net.loss[1]);
    outputs[1] = elbo_sum_all(elbo_square(elbo_add(terms[1], terms[0])));
    return 2;
}

/* Heads of a closed set in another order than in the graph that closed it, each on rows of its own; what the first
 * makes is reshaped twice before the second's rows are there. */
static int another_order(rig *r, const step *s, elbo_var **outputs)
{
    double numbers[ROWS * HIDDEN] = {1, 2, 3};
    elbo_graph *first = elbo_graph_new(r->params, ELBO_EVALUATE);
    elbo_var *x = elbo_input(first, "x", r->g->dtype, ELBO_SHAPE(ROWS, HIDDEN));
    elbo_var *both[2] = {elbo_matmul(x, elbo_transpose(weight(first, "a", s->out[0], HIDDEN))),
                         elbo_matmul(x, elbo_transpose(weight(first, "b", s->out[1], HIDDEN)))};
    elbo_plan_free(rig_compiled(first, both, 2));
    elbo_graph_free(first);
    x = rig_input(r, "x", ELBO_SHAPE(2, ROWS / 2, HIDDEN), numbers);
    elbo_var *second = elbo_matmul(elbo_reshape(x, ELBO_SHAPE(ROWS, HIDDEN)),
                                   elbo_transpose(weight(r->g, "b", s->out[1], HIDDEN)));
    outputs[1] = elbo_reshape(elbo_reshape(second, ELBO_SHAPE(2, ROWS / 2, -1)), ELBO_SHAPE(-1));
    outputs[1] = elbo_sum_all(elbo_square(outputs[1]));
    outputs[0] = elbo_sum_all(
        elbo_matmul(elbo_reshape(x, ELBO_SHAPE(ROWS, HIDDEN)), elbo_transpose(weight(r->g, "a", s->out[0], HIDDEN))));
    return 2;
}

/* Nobody reads the second head. */
static int one_head(rig *r, const step *s, elbo_var **outputs)
{
    outputs[0] = build_network(r, 2, s->out).loss[0];
    return 1;
}

/* What three heads pass back to the hidden units, added up; some of that is looked at besides. */
typedef enum { NOTHING, RESHAPED_TERM, FIRST_TERM, SECOND_TERM, A_TERM_AS_OUTPUT, A_PART, A_PART_AS_OUTPUT } besides;

static int added_up(rig *r, const step *s, elbo_var **outputs, besides what)
{
    network net = build_network(r, 3, s->out);
    elbo_var *back[MOST_HEADS];
    for (int i = 0; i < net.heads; i++)
        elbo_grad(net.loss[i], &net.hidden, 1, &back[i]);
    elbo_var *part = elbo_add(back[2], back[1]);
    elbo_var *flat = elbo_reshape(back[0], ELBO_SHAPE(ROWS * HIDDEN)), *again = elbo_reshape(flat, ELBO_SHAPE(2, -1));
    elbo_var *seen[] = {NULL, again, back[0], back[1], back[0], part, part};
    outputs[0] = elbo_sum_all(elbo_square(elbo_add(part, back[0])));
    if (what == NOTHING)
        return 1;
    const bool as_output = what == A_TERM_AS_OUTPUT || what == A_PART_AS_OUTPUT;
    outputs[1] = as_output ? seen[what] : elbo_sum_all(elbo_square(seen[what]));
    return 2;
}

#define ADDED_UP(name, what)                                                                                           \
    static int name(rig *r, const step *s, elbo_var **outputs)                                                         \
    {                                                                                                                  \
        return added_up(r, s, outputs, what);                                                                          \
    }
ADDED_UP(sum_alone, NOTHING)
ADDED_UP(sum_and_reshaped_term, RESHAPED_TERM)
ADDED_UP(sum_and_first_term, FIRST_TERM)
ADDED_UP(sum_and_second_term, SECOND_TERM)
ADDED_UP(sum_and_term_as_output, A_TERM_AS_OUTPUT)
ADDED_UP(sum_and_part, A_PART)
ADDED_UP(sum_and_part_as_output, A_PART_AS_OUTPUT)

/* A whole step has a product for the hidden units and one for the derivative by their weight; and each head that stands
 * alone one forward, one back to the hidden units, one by its weight. Assignments: one for the hidden units, two for a
 * head. */
static const step steps[] = {
    {"two heads", whole_step, 2, {5, 7}, descent, .products = 5, .assignments = 4},
    {"three heads, two as wide", whole_step, 3, {6, 6, 3}, descent, .products = 5, .assignments = 5},
    {"two updates of each", whole_step, 2, {5, 7}, descent, .twice = true, .products = 5, .assignments = 8},
    {"hidden units with other readers", whole_step, 2, {5, 7}, descent, .rest = true, .products = 5, .assignments = 4},
    {"a product that is an output", whole_step, 2, {5, 7}, descent, .output = true, .products = 5, .assignments = 4},
    {"turned weights as outputs",
     whole_step,
     2,
     {5, 7},
     descent,
     .view = {true, false},
     .products = 8,
     .assignments = 5},
    {"the second one turned", whole_step, 2, {5, 7}, descent, .view = {false, true}, .products = 8, .assignments = 5},
    {"noise", whole_step, 2, {6, 6}, noisy_descent, .products = 8, .assignments = 5},
    {"a falling rate", whole_step, 2, {5, 7}, descent_at_a_falling_rate, .products = 8, .assignments = 7},
    {"wide heads", whole_step, 2, {64, 64}, descent, .products = 8, .assignments = 5},
    {"one updated alone", whole_step, 2, {5, 7}, descent, .only_first = true, .products = 7, .assignments = 4},
    {"one read between", whole_step, 2, {5, 7}, descent, .read_between = true, .products = 8, .assignments = 5},
    {"rates", whole_step, 2, {5, 7}, descent_at_rates_of_their_own, .products = 8, .assignments = 5},
    {"down and up", whole_step, 2, {5, 7}, descent_and_ascent, .products = 8, .assignments = 5},
    {"rows scaled", whole_step, 2, {6, 6}, rows_scaled, .products = 8, .assignments = 5},
    {"other products", whole_step, 2, {5, 7}, products_of_their_own, .products = 10, .assignments = 5},
    {"derivative behind derivative", derivative_behind_derivative, 2, {5, 7}, .products = 5, .assignments = 2},
    {"derivative through heads", derivative_through_heads, 2, {5, 7}, .products = 7, .assignments = 2},
    {"heads on a derivative", heads_on_a_derivative, 2, {5, 7}, .products = 6, .assignments = 2},
    {"changing codes", changing_codes, 2, {5, 7}, .products = 2, .assignments = 1},
    {"made of changing codes", made_of_changing_codes, 2, {5, 7}, .products = 2, .assignments = 1},
    {"codes in turn with weights", codes_in_turn_with_weights, 2, {5, 7}, .products = 6, .assignments = 3},
    {"sum of changing states", sum_of_changing_states, 2, {5, 7}, .products = 4, .assignments = 2},
    {"another order", another_order, 2, {5, 7}, .products = 2},
    {"one head", one_head, 2, {5, 7}, .products = 2},
    {"sum alone", sum_alone, 3, {5, 7, 3}, .products = 3},
    {"sum and reshaped term", sum_and_reshaped_term, 3, {5, 7, 3}, .products = 5},
    {"sum and first term", sum_and_first_term, 3, {5, 7, 3}, .products = 5},
    {"sum and second term", sum_and_second_term, 3, {5, 7, 3}, .products = 5},
    {"sum and term as output", sum_and_term_as_output, 3, {5, 7, 3}, .products = 5},
    {"sum and part", sum_and_part, 3, {5, 7, 3}, .products = 5},
    {"sum and part as output", sum_and_part_as_output, 3, {5, 7, 3}, .products = 5},
};

static int count_nodes(const elbo_plan *plan, bool (*is)(const elbo__node *node))
{
    int n = 0;
    for (size_t id = 0; id < plan->n_nodes; id++)
        n += !plan->nodes[id].is_view && is(&plan->nodes[id]);
    return n;
}

static bool is_product(const elbo__node *node)
{
    return node->op == &elbo__op_matmul;
}

static bool is_assignment(const elbo__node *node)
{
    return node->op->flags & ELBO__ASSIGN;
}

START_TEST(heads_of_one_input_are_one_product_forward_and_back)
{
    const step *s = &steps[_i];
    elbo_var *outputs[2];
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    const int n = s->build(&r, s, outputs);
    elbo_plan *plan = rig_compiled(r.g, outputs, n);
    ck_assert_msg(count_nodes(plan, is_product) == s->products, "%s: %d products instead of %d", s->what,
                  count_nodes(plan, is_product), s->products);
    ck_assert_msg(count_nodes(plan, is_assignment) == s->assignments, "%s: %d assignments instead of %d", s->what,
                  count_nodes(plan, is_assignment), s->assignments);
    elbo_plan_free(plan);
    rig_free(&r);
}
END_TEST

/* Parameters and outputs after two steps, one behind the other in numbers; returns how many. */
static int take_steps(const step *s, bool planned, double *numbers)
{
    enum { STEPS = 2 };
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    double loss, other[ROWS * HIDDEN] = {0}, *outs[] = {&loss, other};
    elbo_var *outputs[2];
    int n = 0;
    r.planned = planned;
    const int n_outputs = s->build(&r, s, outputs);
    for (int i = 0; i < STEPS; i++) {
        rig_run(&r, outputs, n_outputs, outs);
        numbers[n++] = loss;
        for (int k = 0; k < ROWS * HIDDEN; k++)
            numbers[n++] = other[k];
    }
    for (int i = 0; i < elbo_params_count(r.params); i++) {
        const elbo_shape shape = elbo_params_shape(r.params, i);
        rig_param(&r, elbo_params_name(r.params, i), numbers + n);
        n += (int)elbo_shape_size(&shape);
    }
    rig_free(&r);
    return n;
}

START_TEST(steps_of_several_heads_agree_with_the_interpreter)
{
    static double planned[8192], judged[8192];
    const int n = take_steps(&steps[_i], true, planned);
    ck_assert_int_eq(n, take_steps(&steps[_i], false, judged));
    for (int i = 0; i < n; i++)
        assert_close(planned[i], judged[i], 1e-13);
}
END_TEST

/* ---- where they lie ---------------------------------------------------------------------------------------------- */

START_TEST(weights_beside_each_other_differ_from_others_only_in_where_they_lie)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN), alone = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_var *loss = build_network(&r, 2, (int64_t[]){5, 7}).loss[0];
    elbo_plan *plan = rig_compiled(r.g, &loss, 1);
    for (int i = 0; i < elbo_params_count(r.params); i++)
        ck_assert_int_ge(elbo_params_add(alone.params, elbo_params_name(r.params, i), elbo_params_shape(r.params, i),
                                         true, (elbo_init){rig_fill, {0.5}}),
                         0);
    ck_assert_int_eq(elbo_params_close(alone.params), ELBO_OK);
    elbo_params *copy = elbo_params_copy(r.params);
    for (int i = 0; i < elbo_params_count(r.params); i++) {
        double beside[IN * HIDDEN], by_itself[IN * HIDDEN], copied[IN * HIDDEN];
        const char *name = elbo_params_name(r.params, i);
        const elbo_tensor there = elbo_params_tensor(copy, i);
        const elbo_shape shape = elbo_params_shape(r.params, i);
        const elbo_tensor to = elbo_tensor_of(ELBO_F64, shape, copied);
        rig_param(&r, name, beside);
        rig_param(&alone, name, by_itself);
        elbo_tensor_copy(&to, &there);
        for (int64_t k = 0; k < elbo_shape_size(&shape); k++)
            ck_assert(beside[k] == by_itself[k] && beside[k] == copied[k]);
    }
    const elbo_tensor first = elbo_params_tensor(r.params, elbo_params_find(r.params, "head.first.weight"));
    const elbo_tensor second = elbo_params_tensor(r.params, elbo_params_find(r.params, "head.second.weight"));
    ck_assert_int_eq(second.layout.offset - first.layout.offset, 5); /* the rows of the first */
    ck_assert_int_eq(first.layout.strides[1], 12);                   /* and of both */
    ck_assert_int_eq(second.layout.strides[1], 12);
    elbo_params_free(copy);
    elbo_plan_free(plan);
    rig_free(&alone);
    rig_free(&r);
}
END_TEST

/* Two heads of 8 take what two matrices of their own would: the sizes of the sets are the same. */
START_TEST(a_plan_takes_no_set_whose_weights_lie_elsewhere)
{
    double x[ROWS * IN] = {0};
    rig r = rig_new(ELBO_F64, ELBO_TRAIN), alone = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *loss = build_network(&r, 2, (int64_t[]){8, 8}).loss[0];
    elbo_plan *plan = rig_compiled(r.g, &loss, 1);
    for (int i = 0; i < elbo_params_count(r.params); i++)
        ck_assert_int_ge(elbo_params_add(alone.params, elbo_params_name(r.params, i), elbo_params_shape(r.params, i),
                                         true, (elbo_init){rig_fill, {0.5}}),
                         0);
    ck_assert_int_eq(elbo_params_close(alone.params), ELBO_OK);
    const elbo_tensor a = elbo_params_slab(r.params, 0), b = elbo_params_slab(alone.params, 0);
    ck_assert(elbo_shape_equal(&a.layout.shape, &b.layout.shape));
    ck_assert_int_eq(elbo_plan_bind(plan, "x", elbo_tensor_of(ELBO_F64, ELBO_SHAPE(ROWS, IN), x)), ELBO_OK);
    ck_assert_int_eq(elbo_plan_run(plan, r.params, r.at), ELBO_OK);
    ck_assert_int_eq(elbo_plan_run(plan, alone.params, r.at), ELBO_INVALID);
    ck_assert_str_eq(elbo_error(), "the parameter set is not the one the plan was compiled for");
    elbo_plan_free(plan);
    rig_free(&alone);
    rig_free(&r);
}
END_TEST

Suite *suite_plan_alike(void)
{
    Suite *s = suite_create("plan_alike");
    TCase *t = tcase_create("heads");
    const int n = (int)(sizeof steps / sizeof steps[0]);
    tcase_add_loop_test(t, heads_of_one_input_are_one_product_forward_and_back, 0, n);
    tcase_add_loop_test(t, steps_of_several_heads_agree_with_the_interpreter, 0, n);
    tcase_add_test(t, weights_beside_each_other_differ_from_others_only_in_where_they_lie);
    tcase_add_test(t, a_plan_takes_no_set_whose_weights_lie_elsewhere);
    suite_add_tcase(s, t);
    return s;
}
