/* Operations as small graphs, compiled and run as they are in a training step. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "ops.h"

enum { MOST_INPUTS = 4 };

/* A graph under construction, and what feeds it. */
typedef struct {
    elbo_params *params;
    elbo_graph *g;
    elbo_plan *plan;
    struct {
        char name[8];
        elbo_dtype dtype;
        elbo_shape shape;
        float *numbers; /* or of the dtype, which is as long */
    } inputs[MOST_INPUTS];
    int n_inputs;
} circuit;

/* One more input, of random numbers. */
static elbo_var *operand(circuit *c, elbo_shape shape)
{
    const int i = c->n_inputs++;
    snprintf(c->inputs[i].name, sizeof c->inputs[i].name, "x%d", i);
    c->inputs[i].dtype = ELBO_F32;
    c->inputs[i].shape = shape;
    c->inputs[i].numbers = ops_numbers((size_t)elbo_shape_size(&shape));
    return elbo_input(c->g, c->inputs[i].name, ELBO_F32, shape);
}

/* One more input, of n random row numbers below `rows`. */
static elbo_var *row_numbers(circuit *c, int64_t n, int rows)
{
    const int i = c->n_inputs;
    (void)operand(c, ELBO_SHAPE(n)); /* its memory; as an input it is dead */
    c->inputs[i].dtype = ELBO_I32;
    snprintf(c->inputs[i].name, sizeof c->inputs[i].name, "rows%d", i);
    for (int64_t k = 0; k < n; k++) {
        const int32_t row = (int32_t)(random_number() % (unsigned)rows);
        memcpy(&c->inputs[i].numbers[k], &row, sizeof row);
    }
    return elbo_input(c->g, c->inputs[i].name, ELBO_I32, ELBO_SHAPE(n));
}

static void run(void *what)
{
    circuit *c = what;
    must(elbo_plan_run(c->plan, c->params, (elbo_at){.seed = 1}));
}

/* ---- what is built ----------------------------------------------------------------------------------------------- */

/* `shape` is that of x; `kernel` that of a convolution's weight. `moved`: numbers of f32 that are read and written for
 * each element of x, results of a row left out; 0: the case is limited by its products. */
typedef struct graph_case {
    const char *name;
    elbo_var *(*build)(circuit *c, const struct graph_case *of); /* returns NULL where the work is an update */
    elbo_shape shape, kernel;
    int moved;
} graph_case;

/* tanh(a b + c) sigmoid(a) */
static elbo_var *chain(circuit *c, const graph_case *of)
{
    elbo_var *a = operand(c, of->shape), *b = operand(c, of->shape), *d = operand(c, of->shape);
    return elbo_mul(elbo_tanh(elbo_add(elbo_mul(a, b), d)), elbo_sigmoid(a));
}

static elbo_var *softmax(circuit *c, const graph_case *of)
{
    return elbo_softmax(operand(c, of->shape), 1);
}

static elbo_var *logsumexp(circuit *c, const graph_case *of)
{
    return elbo_logsumexp(operand(c, of->shape), 1);
}

static elbo_var *sum_of_each_row(circuit *c, const graph_case *of)
{
    return elbo_sum_axis(operand(c, of->shape), 1);
}

static elbo_var *largest_of_each_row(circuit *c, const graph_case *of)
{
    return elbo_max(operand(c, of->shape), (int[]){1}, 1, false);
}

static elbo_var *sum_over_rows(circuit *c, const graph_case *of)
{
    return elbo_sum_axis(operand(c, of->shape), 0);
}

enum { ROWS = 512 };

/* The gradient of a table of so many rows of which x is taken, as the table lies in memory. */
static elbo_var *table_gradient(circuit *c, const graph_case *of)
{
    elbo_var *gradient = elbo_scatter_add(operand(c, of->shape), row_numbers(c, of->shape.dim[0], ROWS), ROWS);
    return elbo_transpose(gradient);
}

static elbo_var *adam(circuit *c, const graph_case *of)
{
    elbo_var *w = elbo_param(c->g, "w", of->shape, elbo_init_fan_in(0));
    elbo_var *gradient = operand(c, ELBO_SHAPE(of->shape.dim[1], of->shape.dim[0])); /* as w lies in memory */
    gradient = elbo_transpose(gradient);
    elbo_apply_gradients(c->g, &w, &gradient, 1, &(elbo_optim){.name = "adam"});
    return NULL;
}

/* Kernels of 3 at every second place, as in the convolutional VAE. */
enum { STRIDE = 2, PADDING = 1 };

static elbo_var *convolve(circuit *c, const graph_case *of)
{
    return elbo_conv2d(operand(c, of->shape), operand(c, of->kernel), STRIDE, PADDING);
}

static elbo_var *convolve_back(circuit *c, const graph_case *of)
{
    return elbo_conv_transpose2d(operand(c, of->shape), operand(c, of->kernel), STRIDE, PADDING, 1);
}

/* The gradient of the kernel, for a given gradient of the output. */
static elbo_var *convolution_weight(circuit *c, const graph_case *of)
{
    elbo_var *w = operand(c, of->kernel), *y = elbo_conv2d(operand(c, of->shape), w, STRIDE, PADDING), *dw;
    elbo_grad(elbo_mul(y, operand(c, elbo_shape_of(y))), &w, 1, &dw);
    return dw;
}

static const graph_case cases[] = {
    {"chain", chain, {2, {128, 784}}, .moved = 4},
    {"softmax rows", softmax, {2, {128, 784}}, .moved = 2},
    {"logsumexp rows", logsumexp, {2, {128, 784}}, .moved = 1},
    {"sum rows", sum_of_each_row, {2, {128, 784}}, .moved = 1},
    {"sum columns", sum_over_rows, {2, {128, 784}}, .moved = 1},
    {"sum short rows", sum_of_each_row, {2, {100352, 3}}, .moved = 1},
    {"max short rows", largest_of_each_row, {2, {100352, 10}}, .moved = 1},
    {"logsumexp short rows", logsumexp, {2, {100352, 10}}, .moved = 1},
    {"scatter_add", table_gradient, {2, {8192, 64}}, .moved = 2},
    {"scatter_add", table_gradient, {2, {512, 784}}, .moved = 2},
    {"adam", adam, {2, {400, 784}}, .moved = 7},
    {"conv2d", convolve, {4, {128, 1, 28, 28}}, .kernel = {4, {32, 1, 3, 3}}},
    {"conv2d", convolve, {4, {128, 32, 14, 14}}, .kernel = {4, {64, 32, 3, 3}}},
    {"conv2d weight", convolution_weight, {4, {128, 32, 14, 14}}, .kernel = {4, {64, 32, 3, 3}}},
    {"conv_transpose2d", convolve_back, {4, {128, 64, 7, 7}}, .kernel = {4, {64, 32, 3, 3}}},
};

/* ---- compiled and timed ------------------------------------------------------------------------------------------ */

static circuit compile(const graph_case *of)
{
    circuit c = {.params = must_have(elbo_params_new(ELBO_F32, 1))};
    c.g = elbo_graph_new(c.params, ELBO_TRAIN);
    elbo_var *y = of->build(&c, of);
    c.plan = must_compile(c.g, &y, y != NULL);
    elbo_graph_free(c.g);
    for (int i = 0; i < c.n_inputs; i++)
        must(elbo_plan_bind(c.plan, c.inputs[i].name,
                            elbo_tensor_of(c.inputs[i].dtype, c.inputs[i].shape, c.inputs[i].numbers)));
    must(elbo_plan_set(c.plan, "lr", 1e-3));
    must(elbo_plan_set(c.plan, "step", 1));
    return c;
}

static void discard(circuit *c)
{
    for (int i = 0; i < c->n_inputs; i++)
        free(c->inputs[i].numbers);
    elbo_plan_free(c->plan);
    elbo_params_free(c->params);
}

void ops_graphs(int threads)
{
    for (const graph_case *of = cases; of < cases + sizeof cases / sizeof *cases; of++) {
        circuit c = compile(of);
        const double bytes = (double)of->moved * (double)elbo_shape_size(&of->shape) * sizeof(float);
        char shape[2 * sizeof(elbo_shape_text)];
        snprintf(shape, sizeof shape, of->kernel.ndim ? "%s * %s" : "%s", elbo_shape_format(&of->shape).text,
                 elbo_shape_format(&of->kernel).text);
        ops_time(&(ops_case){.name = of->name,
                             .shape = shape,
                             .threads = threads,
                             .limit = of->moved ? MEMORY : ARITHMETIC,
                             .amount = of->moved ? bytes : elbo_plan_product_flops(c.plan),
                             .run = run,
                             .what = &c});
        discard(&c);
    }
}
