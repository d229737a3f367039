#include "fold.h"

#include <math.h>

#include "../../tensor/elementwise.h"

/* ---- looking at nodes -------------------------------------------------------------------------------------------- */

static bool is_row(const elbo_var *x, int row)
{
    return x->op == &elbo__op_elementwise && x->attr.elementwise == row;
}

/* A reshape that only puts axes of size 1 in front, as broadcasting does before it repeats. */
static bool is_lifted(const elbo_var *x)
{
    if (x->op != &elbo__op_reshape)
        return false;
    const elbo_shape *y = &x->shape, *from = &x->in[0]->shape;
    const int more = y->ndim - from->ndim;
    for (int i = 0; i < y->ndim; i++)
        if (more < 0 || y->dim[i] != (i < more ? 1 : from->dim[i - more]))
            return false;
    return true;
}

/* What is repeated along some axes, itself. */
static elbo_var *unexpanded(elbo_var *x)
{
    while (x->op == &elbo__op_expand || is_lifted(x))
        x = x->in[0];
    return x;
}

static bool is_number(elbo_var *x, double *value)
{
    x = unexpanded(x);
    if (x->op != &elbo__op_constant)
        return false;
    *value = x->attr.value;
    return true;
}

static bool is_the_number(elbo_var *x, double expected)
{
    double value;
    return is_number(x, &value) && value == expected;
}

/* What repeats a vector (C) over the channels, axis 1, of y (B, C) or (B, C, H, W); NULL: x does not. */
static elbo_var *vector_of_channels(elbo_var *x, const elbo_shape *y)
{
    const elbo_shape shape = x->shape;
    if (y->ndim < 2 || !elbo_shape_equal(&shape, y))
        return NULL;
    x = unexpanded(x);
    /* of images, (C) -> (1, C, 1, 1), which was then repeated; one channel needs no axes behind it */
    if (y->ndim > 2 && y->dim[1] != 1) {
        const bool spread = x->op == &elbo__op_reshape && x->shape.ndim == y->ndim &&
                            x->shape.dim[1] == elbo_shape_size(&x->shape);
        x = spread ? x->in[0] : NULL;
    }
    return x && x->shape.ndim == 1 && x->shape.dim[0] == y->dim[1] ? x : NULL;
}

/* The operand of a chain of transposed matrices; *turned: how often, modulo 2. */
static elbo_var *unturned(elbo_var *x, bool *turned)
{
    for (*turned = false; x->op == &elbo__op_permute && x->shape.ndim == 2; x = x->in[0])
        *turned = !*turned;
    return x;
}

/* ---- what stands for several nodes ------------------------------------------------------------------------------- */

static void put(elbo__folded *f, elbo__step_op op, int n, elbo_var *a, elbo_var *b, elbo_var *c)
{
    f->step.op = op;
    f->step.n_in = n;
    f->operands[0] = a;
    f->operands[1] = b;
    f->operands[2] = c;
    f->in = f->operands;
}

/* a b, where b may be a matrix that was turned around */
static bool fold_product(elbo_var *x, elbo__folded *f)
{
    if (x->op != &elbo__op_matmul || x->shape.ndim != 2)
        return false;
    bool turned;
    elbo_var *w = unturned(x->in[1], &turned);
    put(f, turned ? ELBO__STEP_LINEAR : ELBO__STEP_MATMUL, 2, x->in[0], w, NULL);
    return true;
}

/* (1, O, C, kh, kw) as the weight (O, C, kh, kw) that it is a view of; NULL: there are groups. */
static elbo_var *ungrouped(elbo_var *w)
{
    const elbo_var *from = w->op == &elbo__op_reshape ? w->in[0] : NULL;
    bool same = from && from->shape.ndim == 4 && w->shape.dim[0] == 1;
    for (int i = 0; same && i < 4; i++)
        same = from->shape.dim[i] == w->shape.dim[i + 1];
    return same ? w->in[0] : NULL;
}

static bool fold_convolution(elbo_var *x, elbo__folded *f)
{
    const bool back = x->op == &elbo__op_conv2d_input;
    elbo_var *w = back || x->op == &elbo__op_conv2d ? ungrouped(x->in[1]) : NULL;
    if (!w)
        return false;
    put(f, back ? ELBO__STEP_CONV_TRANSPOSE2D : ELBO__STEP_CONV2D, 2, x->in[0], w, NULL);
    f->step.stride = x->attr.stride;
    f->step.padding = x->attr.padding;
    for (int i = 0; back && i < 2; i++) {
        const int64_t least = (x->in[0]->shape.dim[i + 2] - 1) * x->attr.stride + w->shape.dim[i + 2];
        f->step.output_padding[i] = (int)(x->shape.dim[i + 2] + 2 * (int64_t)x->attr.padding - least);
    }
    return true;
}

/* A layer's bias, added to what is one step already. */
static bool fold_bias(elbo_var *x, elbo__folded *f)
{
    if (!is_row(x, ELBO__add))
        return false;
    elbo_var *b = vector_of_channels(x->in[1], &x->shape);
    if (!b || !(fold_product(x->in[0], f) || fold_convolution(x->in[0], f)) || f->step.op == ELBO__STEP_MATMUL)
        return false;
    f->operands[f->step.n_in++] = b;
    return true;
}

/* (x - mean) (w / sqrt(variance + value)) + b */
static bool fold_batch_norm(elbo_var *x, elbo__folded *f)
{
    if (!is_row(x, ELBO__add) || !is_row(x->in[0], ELBO__mul) || !is_row(x->in[0]->in[0], ELBO__sub))
        return false;
    elbo_var *difference = x->in[0]->in[0];
    elbo_var *mean = vector_of_channels(difference->in[1], &x->shape);
    elbo_var *scale = vector_of_channels(x->in[0]->in[1], &x->shape);
    elbo_var *b = vector_of_channels(x->in[1], &x->shape);
    if (!mean || !b || !scale || !is_row(scale, ELBO__div) || !is_row(scale->in[1], ELBO__sqrt))
        return false;
    elbo_var *sum = scale->in[1]->in[0];
    if (!is_row(sum, ELBO__add) || !is_number(sum->in[1], &f->step.value))
        return false;
    put(f, ELBO__STEP_BATCH_NORM, 5, difference->in[0], mean, sum->in[0]);
    f->operands[3] = scale->in[0];
    f->operands[4] = b;
    return true;
}

/* Whether an array is 0, 1, 2, ... */
static bool counts_up(const elbo_var *x)
{
    bool up = x->op == &elbo__op_array && x->shape.ndim == 1;
    for (int64_t i = 0; up && i < x->shape.dim[0]; i++)
        up = x->attr.values[i] == (double)i;
    return up;
}

/* equal(labels as a column, 0 1 2 ...) */
static bool fold_one_hot(elbo_var *x, elbo__folded *f)
{
    if (!is_row(x, ELBO__equal) || x->shape.ndim != 2)
        return false;
    elbo_var *column = unexpanded(x->in[0]);
    if (column->op != &elbo__op_reshape || column->in[0]->op != &elbo__op_cast || !counts_up(unexpanded(x->in[1])))
        return false;
    elbo_var *labels = column->in[0]->in[0];
    if (labels->dtype != ELBO_I32 || labels->shape.ndim != 1)
        return false;
    put(f, ELBO__STEP_ONE_HOT, 1, labels, NULL, NULL);
    return true;
}

/* The x of where(0 < x, x, other); NULL: x is no such node. */
static elbo_var *where_positive(elbo_var *x)
{
    if (!is_row(x, ELBO__where) || !is_row(x->in[0], ELBO__less))
        return NULL;
    const elbo_var *condition = x->in[0];
    return is_the_number(condition->in[0], 0) && condition->in[1] == x->in[1] ? x->in[1] : NULL;
}

static bool fold_leaky_relu(elbo_var *x, elbo__folded *f)
{
    elbo_var *a = where_positive(x);
    if (!a || !is_row(x->in[2], ELBO__mul) || x->in[2]->in[0] != a || !is_number(x->in[2]->in[1], &f->step.value))
        return false;
    put(f, ELBO__STEP_LEAKY_RELU, 1, a, NULL, NULL);
    return true;
}

/* where(0 < x, x, expm1(minimum(x, 0)) alpha) */
static bool fold_elu(elbo_var *x, elbo__folded *f)
{
    elbo_var *a = where_positive(x), *below = a ? x->in[2] : NULL;
    f->step.value = 1;
    if (a && is_row(below, ELBO__mul)) {
        if (!is_number(below->in[1], &f->step.value))
            return false;
        below = below->in[0];
    }
    if (!a || !is_row(below, ELBO__expm1) || !is_row(below->in[0], ELBO__minimum) || below->in[0]->in[0] != a ||
        !is_the_number(below->in[0]->in[1], 0))
        return false;
    put(f, ELBO__STEP_ELU, 1, a, NULL, NULL);
    return true;
}

/* (x 0.5) (erf(x sqrt(1/2)) + 1) */
static bool fold_gelu(elbo_var *x, elbo__folded *f)
{
    if (!is_row(x, ELBO__mul) || !is_row(x->in[0], ELBO__mul) || !is_row(x->in[1], ELBO__add))
        return false;
    elbo_var *half = x->in[0], *shifted = x->in[1], *a = half->in[0];
    if (!is_the_number(half->in[1], 0.5) || !is_the_number(shifted->in[1], 1) || !is_row(shifted->in[0], ELBO__erf))
        return false;
    const elbo_var *inside = shifted->in[0]->in[0];
    if (!is_row(inside, ELBO__mul) || inside->in[0] != a || !is_the_number(inside->in[1], M_SQRT1_2))
        return false;
    put(f, ELBO__STEP_GELU, 1, a, NULL, NULL);
    return true;
}

static bool fold_silu(elbo_var *x, elbo__folded *f)
{
    if (!is_row(x, ELBO__mul) || !is_row(x->in[1], ELBO__sigmoid) || x->in[1]->in[0] != x->in[0])
        return false;
    put(f, ELBO__STEP_SILU, 1, x->in[0], NULL, NULL);
    return true;
}

/* ---- ops as they are --------------------------------------------------------------------------------------------- */

/* Operands that are repeated are left as they are where another one has the whole shape. */
static bool fold_elementwise(elbo_var *x, elbo__folded *f)
{
    if (x->op != &elbo__op_elementwise)
        return false;
    bool whole = false;
    for (int i = 0; i < x->n_in; i++)
        whole |= x->in[i]->op != &elbo__op_expand;
    put(f, ELBO__STEP_ELEMENTWISE, x->n_in, NULL, NULL, NULL);
    f->step.row = x->attr.elementwise;
    for (int i = 0; i < x->n_in; i++)
        f->operands[i] = whole ? unexpanded(x->in[i]) : x->in[i];
    return true;
}

static bool fold_as_it_is(elbo_var *x, elbo__folded *f)
{
    static const struct {
        const elbo__op *op;
        elbo__step_op step;
    } table[] = {{&elbo__op_input, ELBO__STEP_INPUT},       {&elbo__op_param, ELBO__STEP_WEIGHT},
                 {&elbo__op_constant, ELBO__STEP_CONSTANT}, {&elbo__op_array, ELBO__STEP_ARRAY},
                 {&elbo__op_matmul, ELBO__STEP_MATMUL},     {&elbo__op_gather, ELBO__STEP_GATHER},
                 {&elbo__op_cast, ELBO__STEP_CAST},         {&elbo__op_sum, ELBO__STEP_SUM},
                 {&elbo__op_max, ELBO__STEP_MAX},           {&elbo__op_reshape, ELBO__STEP_RESHAPE},
                 {&elbo__op_permute, ELBO__STEP_PERMUTE},   {&elbo__op_expand, ELBO__STEP_EXPAND},
                 {&elbo__op_slice, ELBO__STEP_SLICE},       {&elbo__op_pad, ELBO__STEP_PAD},
                 {&elbo__op_concat, ELBO__STEP_CONCAT}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].op == x->op) {
            f->step.op = table[i].step;
            f->step.n_in = x->n_in;
            f->in = x->in;
            f->step.value = x->attr.value;
            f->step.start = x->attr.start;
            f->step.axis = x->attr.axis;
            for (int axis = 0; axis < x->shape.ndim; axis++)
                f->step.axes[axis] = x->attr.axes[axis];
            return true;
        }
    return false;
}

/* The first that fits: those that stand for more come before those that stand for less. */
bool elbo__as_step(elbo_var *x, elbo__folded *out)
{
    static bool (*const ways[])(elbo_var *, elbo__folded *) = {
        fold_batch_norm, fold_bias, fold_product, fold_convolution, fold_one_hot,  fold_leaky_relu,
        fold_elu,        fold_gelu, fold_silu,    fold_elementwise, fold_as_it_is,
    };
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        *out = (elbo__folded){.step = {.dtype = x->dtype, .shape = x->shape, .name = x->name}};
        if (ways[i](x, out))
            return true;
    }
    return false;
}
