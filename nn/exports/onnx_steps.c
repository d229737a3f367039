/* The steps of a program as ONNX: a node or a few for each. The operators' shapes are PyTorch's, as the program's
 * are. */
#include <string.h>

#include "../../tensor/elementwise.h"
#include "../../tensor/text.h"
#include "onnx.h"

static const elbo__step *operand(const elbo__onnx *m, const elbo__step *step, int k)
{
    return &m->program->steps[step->in[k]];
}

static void no_words(elbo__onnx *m)
{
    if (m->status == ELBO_OK)
        m->status = elbo__no_words("ONNX", m->program, &m->program->steps[m->step]);
}

/* ---- nodes of operands ------------------------------------------------------------------------------------------- */

/* A node that takes the step's operands in turn. */
static elbo__message node_of_operands(const elbo__onnx *m)
{
    elbo__message node = {.bytes = NULL};
    const elbo__step *step = &m->program->steps[m->step];
    for (int k = 0; k < step->n_in; k++)
        elbo__onnx_take_input(&node, elbo__onnx_name_of(m, step->in[k]).text);
    return node;
}

static void put_step_node(elbo__onnx *m, elbo__message *node, const char *op)
{
    elbo__onnx_put_node(m, node, op, elbo__onnx_name_of(m, m->step).text);
}

/* ---- elementwise steps ------------------------------------------------------------------------------------------- */

/* Nodes in turn, "OP OPERAND OPERAND; ...", of which the last gives the result: a, b and c are the operands, #0 the
 * result of the first node, all else is a number. Bool and Float are casts. */
static const char *const recipes[ELBO__ELEMENTWISE_COUNT] = {
    [ELBO__copy] = "Identity a",
    [ELBO__neg] = "Neg a",
    [ELBO__abs] = "Abs a",
    [ELBO__sign] = "Sign a",
    [ELBO__square] = "Mul a a",
    [ELBO__sqrt] = "Sqrt a",
    [ELBO__reciprocal] = "Reciprocal a",
    [ELBO__exp] = "Exp a",
    [ELBO__expm1] = "Exp a;Sub #0 1",
    [ELBO__log] = "Log a",
    [ELBO__log1p] = "Add a 1;Log #0",
    [ELBO__sin] = "Sin a",
    [ELBO__cos] = "Cos a",
    [ELBO__tanh] = "Tanh a",
    [ELBO__erf] = "Erf a",
    [ELBO__sigmoid] = "Sigmoid a",
    [ELBO__softplus] = "Softplus a",
    [ELBO__relu] = "Relu a",
    [ELBO__floor] = "Floor a",
    [ELBO__round] = "Round a",
    [ELBO__isfinite] = "Sub a a;Equal #0 0;Float #1",
    [ELBO__add] = "Add a b",
    [ELBO__sub] = "Sub a b",
    [ELBO__mul] = "Mul a b",
    [ELBO__div] = "Div a b",
    [ELBO__pow] = "Pow a b",
    [ELBO__remainder] = "Div a b;Floor #0;Mul b #1;Sub a #2",
    [ELBO__maximum] = "Max a b",
    [ELBO__minimum] = "Min a b",
    [ELBO__less] = "Less a b;Float #0",
    [ELBO__less_equal] = "LessOrEqual a b;Float #0",
    [ELBO__equal] = "Equal a b;Float #0",
    [ELBO__where] = "Bool a;Where #0 b c",
    [ELBO__mul_add] = "Mul a b;Add #0 c",
    [ELBO__lerp] = "Sub b a;Mul #0 c;Add a #1",
};

static const char *const step_recipes[ELBO__STEP_KINDS] = {
    [ELBO__STEP_CAST] = "Float a",
    [ELBO__STEP_GELU] = "Mul a 0.70710678118654752;Erf #0;Add #1 1;Mul a 0.5;Mul #3 #2",
    [ELBO__STEP_SILU] = "Sigmoid a;Mul a #0",
};

enum { RECIPE_NODES = 5, WORD = 32 };

/* The next word of a recipe; *end is what ends it. */
static const char *next_word(const char *text, char *word, char *end)
{
    const size_t length = strcspn(text, " ;");
    memcpy(word, text, length);
    word[length] = 0;
    *end = text[length];
    return text + length + (*end != 0);
}

static void put_recipe(elbo__onnx *m)
{
    const elbo__step *step = &m->program->steps[m->step];
    const char *text = step->op == ELBO__STEP_ELEMENTWISE ? recipes[step->row] : step_recipes[step->op];
    elbo__onnx_name results[RECIPE_NODES];
    if (!text) {
        no_words(m);
        return;
    }
    char op[WORD], word[WORD], end = ';';
    for (int n = 0; end; n++) {
        elbo__message node = {.bytes = NULL};
        text = next_word(text, op, &end);
        while (end == ' ') {
            text = next_word(text, word, &end);
            if (word[0] >= 'a' && word[0] <= 'c')
                elbo__onnx_take_input(&node, elbo__onnx_name_of(m, step->in[word[0] - 'a']).text);
            else if (word[0] == '#')
                elbo__onnx_take_input(&node, results[word[1] - '0'].text);
            else
                elbo__onnx_take_input(&node, elbo__onnx_put_number(m, elbo__read_number(word, NULL)).text);
        }
        const bool to_bool = strcmp(op, "Bool") == 0, cast = to_bool || strcmp(op, "Float") == 0;
        if (cast)
            elbo__onnx_give_integer(&node, "to", to_bool ? ELBO__ONNX_BOOL : ELBO__ONNX_FLOAT);
        results[n] = end ? elbo__onnx_new_name(m) : elbo__onnx_name_of(m, m->step);
        elbo__onnx_put_node(m, &node, cast ? "Cast" : op, results[n].text);
    }
}

static void put_with_alpha(elbo__onnx *m)
{
    const elbo__step *step = &m->program->steps[m->step];
    elbo__message node = node_of_operands(m);
    elbo__onnx_give_float(&node, "alpha", step->value);
    put_step_node(m, &node, step->op == ELBO__STEP_ELU ? "Elu" : "LeakyRelu");
}

/* ---- layers ------------------------------------------------------------------------------------------------------ */

static void put_linear(elbo__onnx *m)
{
    elbo__message node = node_of_operands(m);
    elbo__onnx_give_integer(&node, "transB", 1);
    put_step_node(m, &node, "Gemm");
}

static void put_matmul(elbo__onnx *m)
{
    elbo__message node = node_of_operands(m);
    put_step_node(m, &node, "MatMul");
}

static void put_convolution(elbo__onnx *m)
{
    const elbo__step *step = &m->program->steps[m->step];
    const bool transposed = step->op == ELBO__STEP_CONV_TRANSPOSE2D;
    const int64_t p = step->padding;
    elbo__message node = node_of_operands(m);
    elbo__onnx_give_integers(&node, "kernel_shape", &operand(m, step, 1)->shape.dim[2], 2);
    elbo__onnx_give_integers(&node, "strides", (const int64_t[]){step->stride, step->stride}, 2);
    elbo__onnx_give_integers(&node, "pads", (const int64_t[]){p, p, p, p}, 4);
    if (transposed)
        elbo__onnx_give_integers(&node, "output_padding",
                                 (const int64_t[]){step->output_padding[0], step->output_padding[1]}, 2);
    put_step_node(m, &node, transposed ? "ConvTranspose" : "Conv");
}

static void put_batch_norm(elbo__onnx *m)
{
    static const int order[] = {0, 3, 4, 1, 2}; /* x, scale, bias, mean, variance */
    const elbo__step *step = &m->program->steps[m->step];
    elbo__message node = {.bytes = NULL};
    for (int k = 0; k < 5; k++)
        elbo__onnx_take_input(&node, elbo__onnx_name_of(m, step->in[order[k]]).text);
    elbo__onnx_give_float(&node, "epsilon", step->value);
    put_step_node(m, &node, "BatchNormalization");
}

/* With labels as rows of 0 and 1 it is the input itself. */
static void put_one_hot(elbo__onnx *m)
{
    if (!m->one_hot)
        no_words(m);
}

static void put_gather(elbo__onnx *m)
{
    elbo__message node = node_of_operands(m);
    put_step_node(m, &node, "Gather");
}

/* ---- reductions and movement ------------------------------------------------------------------------------------- */

static int reduced_axes(const elbo__step *step, int64_t *axes)
{
    int n = 0;
    for (int i = 0; i < step->shape.ndim; i++)
        if (step->axes[i])
            axes[n++] = i;
    return n;
}

static void put_sum(elbo__onnx *m)
{
    int64_t axes[ELBO_MAX_RANK];
    const int n = reduced_axes(&m->program->steps[m->step], axes);
    elbo__message node = node_of_operands(m);
    elbo__onnx_take_input(&node, elbo__onnx_put_integers(m, axes, n).text);
    put_step_node(m, &node, "ReduceSum");
}

static void put_max(elbo__onnx *m)
{
    int64_t axes[ELBO_MAX_RANK];
    const int n = reduced_axes(&m->program->steps[m->step], axes);
    elbo__message node = node_of_operands(m);
    elbo__onnx_give_integers(&node, "axes", axes, n);
    put_step_node(m, &node, "ReduceMax");
}

/* -1 stands for the axis that grows with the batch, of which there can be one. */
static void put_reshape(elbo__onnx *m)
{
    const elbo__step *step = &m->program->steps[m->step];
    int64_t sizes[ELBO_MAX_RANK];
    int open = 0;
    for (int i = 0; i < step->shape.ndim; i++) {
        sizes[i] = step->batch[i] ? -1 : step->shape.dim[i];
        open += step->batch[i];
    }
    if (open > 1) {
        no_words(m);
        return;
    }
    elbo__message node = node_of_operands(m);
    elbo__onnx_take_input(&node, elbo__onnx_put_integers(m, sizes, step->shape.ndim).text);
    put_step_node(m, &node, "Reshape");
}

static void put_permute(elbo__onnx *m)
{
    const elbo__step *step = &m->program->steps[m->step];
    int64_t axes[ELBO_MAX_RANK];
    for (int i = 0; i < step->shape.ndim; i++)
        axes[i] = step->axes[i];
    elbo__message node = node_of_operands(m);
    elbo__onnx_give_integers(&node, "perm", axes, step->shape.ndim);
    put_step_node(m, &node, "Transpose");
}

/* The number of images (1), as an input of the model has it. */
static elbo__onnx_name put_batch(elbo__onnx *m)
{
    const elbo__onnx_name shape = elbo__onnx_new_name(m), batch = elbo__onnx_new_name(m);
    elbo__message node = {.bytes = NULL};
    int i = 0;
    while (m->program->steps[i].op != ELBO__STEP_INPUT || m->program->steps[i].dtype == ELBO_I32)
        i++;
    elbo__onnx_take_input(&node, elbo__onnx_name_of(m, i).text);
    elbo__onnx_put_node(m, &node, "Shape", shape.text);
    elbo__onnx_take_input(&node, shape.text);
    elbo__onnx_take_input(&node, elbo__onnx_put_integers(m, (const int64_t[]){0}, 1).text);
    elbo__onnx_put_node(m, &node, "Gather", batch.text);
    return batch;
}

/* A size of 1 leaves an axis of the operand as it is. */
static void put_expand(elbo__onnx *m)
{
    const elbo__step *step = &m->program->steps[m->step], *from = operand(m, step, 0);
    int64_t sizes[ELBO_MAX_RANK] = {0};
    int grows = -1, n = step->shape.ndim;
    const int missing = n - from->shape.ndim;
    for (int i = 0; i < n; i++) {
        sizes[i] = step->batch[i] ? 1 : step->shape.dim[i];
        if (step->batch[i] && (i < missing || !from->batch[i - missing]))
            grows = grows == -1 && i == 0 && step->shape.dim[i] == 1 ? 0 : -2;
    }
    if (grows == -2) {
        no_words(m);
        return;
    }
    elbo__onnx_name shape = elbo__onnx_put_integers(m, sizes + (grows == 0), n - (grows == 0));
    if (grows == 0) {
        elbo__message join = {.bytes = NULL};
        elbo__onnx_take_input(&join, put_batch(m).text);
        elbo__onnx_take_input(&join, shape.text);
        elbo__onnx_give_integer(&join, "axis", 0);
        shape = elbo__onnx_new_name(m);
        elbo__onnx_put_node(m, &join, "Concat", shape.text);
    }
    elbo__message node = node_of_operands(m);
    elbo__onnx_take_input(&node, shape.text);
    put_step_node(m, &node, "Expand");
}

static void put_slice(elbo__onnx *m)
{
    const elbo__step *step = &m->program->steps[m->step];
    const int64_t axis = step->axis, start = step->start, end = start + step->shape.dim[axis];
    if (step->batch[axis] || operand(m, step, 0)->batch[axis]) {
        no_words(m);
        return;
    }
    elbo__message node = node_of_operands(m);
    elbo__onnx_take_input(&node, elbo__onnx_put_integers(m, &start, 1).text);
    elbo__onnx_take_input(&node, elbo__onnx_put_integers(m, &end, 1).text);
    elbo__onnx_take_input(&node, elbo__onnx_put_integers(m, &axis, 1).text);
    put_step_node(m, &node, "Slice");
}

static void put_pad(elbo__onnx *m)
{
    const elbo__step *step = &m->program->steps[m->step];
    const int n = step->shape.ndim;
    int64_t pads[2 * ELBO_MAX_RANK] = {0};
    pads[step->axis] = step->start;
    pads[n + step->axis] = step->shape.dim[step->axis] - operand(m, step, 0)->shape.dim[step->axis] - step->start;
    if (step->batch[step->axis]) {
        no_words(m);
        return;
    }
    elbo__message node = node_of_operands(m);
    elbo__onnx_take_input(&node, elbo__onnx_put_integers(m, pads, 2 * n).text);
    put_step_node(m, &node, "Pad");
}

static void put_concat(elbo__onnx *m)
{
    elbo__message node = node_of_operands(m);
    elbo__onnx_give_integer(&node, "axis", m->program->steps[m->step].axis);
    put_step_node(m, &node, "Concat");
}

/* ---- leaves ------------------------------------------------------------------------------------------------------ */

static void put_nothing(elbo__onnx *m)
{
    (void)m; /* an input, which is declared at the end */
}

static void put_values(elbo__onnx *m)
{
    elbo__onnx_put_numbers(m, elbo__onnx_name_of(m, m->step).text, &m->program->steps[m->step].values);
}

static void put_constant(elbo__onnx *m)
{
    const float x = (float)m->program->steps[m->step].value;
    const elbo_tensor tensor = elbo_tensor_of(ELBO_F32, ELBO_SCALAR, &x);
    elbo__onnx_put_numbers(m, elbo__onnx_name_of(m, m->step).text, &tensor);
}

static void (*const words[ELBO__STEP_KINDS])(elbo__onnx *m) = {
    [ELBO__STEP_INPUT] = put_nothing,
    [ELBO__STEP_WEIGHT] = put_values,
    [ELBO__STEP_CONSTANT] = put_constant,
    [ELBO__STEP_ARRAY] = put_values,
    [ELBO__STEP_LINEAR] = put_linear,
    [ELBO__STEP_MATMUL] = put_matmul,
    [ELBO__STEP_CONV2D] = put_convolution,
    [ELBO__STEP_CONV_TRANSPOSE2D] = put_convolution,
    [ELBO__STEP_BATCH_NORM] = put_batch_norm,
    [ELBO__STEP_ONE_HOT] = put_one_hot,
    [ELBO__STEP_GATHER] = put_gather,
    [ELBO__STEP_CAST] = put_recipe,
    [ELBO__STEP_ELEMENTWISE] = put_recipe,
    [ELBO__STEP_LEAKY_RELU] = put_with_alpha,
    [ELBO__STEP_ELU] = put_with_alpha,
    [ELBO__STEP_GELU] = put_recipe,
    [ELBO__STEP_SILU] = put_recipe,
    [ELBO__STEP_SUM] = put_sum,
    [ELBO__STEP_MAX] = put_max,
    [ELBO__STEP_RESHAPE] = put_reshape,
    [ELBO__STEP_PERMUTE] = put_permute,
    [ELBO__STEP_EXPAND] = put_expand,
    [ELBO__STEP_SLICE] = put_slice,
    [ELBO__STEP_PAD] = put_pad,
    [ELBO__STEP_CONCAT] = put_concat,
};

void elbo__onnx_put_step(elbo__onnx *m)
{
    words[m->program->steps[m->step].op](m);
}
