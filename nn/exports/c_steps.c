/* The steps of a program as C: each is a loop, or a call of a function of c_functions.c. */
#include <inttypes.h>
#include <string.h>

#include "../../tensor/elementwise.h"
#include "c_source.h"

static const elbo__step *operand(const elbo__c_source *s, const elbo__step *step, int k)
{
    return &s->program->steps[step->in[k]];
}

/* ---- steps that are loops of their own --------------------------------------------------------------------------- */

/* a, b and c stand for entries of the operands where a $ is before them, v for the step's value. */
static const char *const expressions[ELBO__ELEMENTWISE_COUNT] = {
    [ELBO__copy] = "$a",
    [ELBO__neg] = "-$a",
    [ELBO__abs] = "fabsf($a)",
    [ELBO__sign] = "(float)(($a > 0) - ($a < 0))",
    [ELBO__square] = "$a * $a",
    [ELBO__sqrt] = "sqrtf($a)",
    [ELBO__reciprocal] = "1 / $a",
    [ELBO__exp] = "expf($a)",
    [ELBO__expm1] = "expm1f($a)",
    [ELBO__log] = "logf($a)",
    [ELBO__log1p] = "log1pf($a)",
    [ELBO__sin] = "sinf($a)",
    [ELBO__cos] = "cosf($a)",
    [ELBO__tanh] = "tanhf($a)",
    [ELBO__erf] = "erff($a)",
    [ELBO__sigmoid] = "1 / (1 + expf(-$a))",
    [ELBO__softplus] = "($a > 0 ? $a : 0) + log1pf(expf(-fabsf($a)))",
    [ELBO__relu] = "$a < 0 ? 0 : $a",
    [ELBO__floor] = "floorf($a)",
    [ELBO__round] = "rintf($a)",
    [ELBO__lgamma] = "lgammaf($a)",
    [ELBO__isfinite] = "(float)($a - $a == 0)",
    [ELBO__add] = "$a + $b",
    [ELBO__sub] = "$a - $b",
    [ELBO__mul] = "$a * $b",
    [ELBO__div] = "$a / $b",
    [ELBO__pow] = "powf($a, $b)",
    [ELBO__remainder] = "$a - $b * floorf($a / $b)",
    [ELBO__maximum] = "$a < $b || $b != $b ? $b : $a",
    [ELBO__minimum] = "$b < $a || $b != $b ? $b : $a",
    [ELBO__less] = "(float)($a < $b)",
    [ELBO__less_equal] = "(float)($a <= $b)",
    [ELBO__equal] = "(float)($a == $b)",
    [ELBO__where] = "$a != 0 ? $b : $c",
    [ELBO__mul_add] = "$a * $b + $c",
    [ELBO__lerp] = "$a + ($b - $a) * $c",
};

static const char *const step_expressions[ELBO__STEP_KINDS] = {
    [ELBO__STEP_LEAKY_RELU] = "$a > 0 ? $a : $v * $a",
    [ELBO__STEP_ELU] = "$a > 0 ? $a : $v * expm1f($a)",
    [ELBO__STEP_GELU] = "0.5f * $a * (1 + erff(0.707106769f * $a))",
    [ELBO__STEP_SILU] = "$a / (1 + expf(-$a))",
};

static void put_expression(const elbo__c_source *s, const elbo__step *step, const char *expression,
                           const elbo__c_loops *loops)
{
    for (const char *c = expression; *c; c++)
        if (*c != '$')
            elbo__page_put(s->page, "%c", *c);
        else if (*++c == 'v')
            elbo__page_put(s->page, "%s", elbo__c_literal_of(step->value).text);
        else
            elbo__page_put(s->page, "%s", elbo__c_entry_of(s, step->in[*c - 'a'], loops, *c - 'a' + 1).text);
}

static void put_entries(elbo__c_source *s, int i)
{
    const elbo__step *step = &s->program->steps[i];
    const char *expression = step->op == ELBO__STEP_ELEMENTWISE ? expressions[step->row] : step_expressions[step->op];
    if (!expression) {
        s->status = elbo__no_words("C", s->program, step);
        return;
    }
    elbo__c_loops loops = elbo__c_loops_over(&step->shape);
    for (int k = 0; k < step->n_in; k++)
        elbo__c_loops_add(&loops, &operand(s, step, k)->shape);
    elbo__c_loops_join(&loops);
    elbo__c_put_loops(s->page, &loops);
    elbo__page_put(s->page, "%s = ", elbo__c_entry_of(s, i, &loops, 0).text);
    put_expression(s, step, expression, &loops);
    elbo__page_put(s->page, ";\n");
}

/* y[...] = x[...], or what else stands between them: loops over reference 0 of value i and 1 of value from. */
static void put_move(const elbo__c_source *s, int i, const char *between, int from, elbo__c_loops loops)
{
    elbo__c_loops_join(&loops);
    elbo__c_put_loops(s->page, &loops);
    elbo__page_put(s->page, "%s %s %s;\n", elbo__c_entry_of(s, i, &loops, 0).text, between,
                   elbo__c_entry_of(s, from, &loops, 1).text);
}

static void put_fill(const elbo__c_source *s, int i, const char *value)
{
    elbo__c_loops loops = elbo__c_loops_over(&s->program->steps[i].shape);
    elbo__c_loops_join(&loops);
    elbo__c_put_loops(s->page, &loops);
    elbo__page_put(s->page, "%s = %s;\n", elbo__c_entry_of(s, i, &loops, 0).text, value);
}

static void put_expand(elbo__c_source *s, int i)
{
    const elbo__step *step = &s->program->steps[i];
    elbo__c_loops loops = elbo__c_loops_over(&step->shape);
    elbo__c_loops_add(&loops, &operand(s, step, 0)->shape);
    put_move(s, i, "=", step->in[0], loops);
}

static void put_permute(elbo__c_source *s, int i)
{
    const elbo__step *step = &s->program->steps[i];
    const elbo__c_loops from = elbo__c_loops_over(&operand(s, step, 0)->shape);
    elbo__c_loops loops = elbo__c_loops_over(&step->shape);
    for (int axis = 0; axis < step->shape.ndim; axis++)
        loops.strides[1][axis] = from.strides[0][step->axes[axis]];
    loops.n = 2;
    put_move(s, i, "=", step->in[0], loops);
}

static void put_slice(elbo__c_source *s, int i)
{
    const elbo__step *step = &s->program->steps[i];
    elbo__c_loops loops = elbo__c_loops_over(&step->shape);
    const elbo__c_loops from = elbo__c_loops_over(&operand(s, step, 0)->shape);
    memcpy(loops.strides[1], from.strides[0], sizeof from.strides[0]);
    loops.offset[1] = step->start * from.strides[0][step->axis];
    loops.n = 2;
    put_move(s, i, "=", step->in[0], loops);
}

/* Operand k into the part of the result that begins at `start` along the step's axis. */
static void put_part(const elbo__c_source *s, int i, int k, int64_t start)
{
    const elbo__step *step = &s->program->steps[i];
    const elbo__c_loops whole = elbo__c_loops_over(&step->shape);
    elbo__c_loops loops = elbo__c_loops_over(&operand(s, step, k)->shape);
    memcpy(loops.strides[1], loops.strides[0], sizeof loops.strides[0]);
    memcpy(loops.strides[0], whole.strides[0], sizeof whole.strides[0]);
    loops.offset[0] = start * whole.strides[0][step->axis];
    loops.n = 2;
    put_move(s, i, "=", step->in[k], loops);
}

static void put_pad(elbo__c_source *s, int i)
{
    put_fill(s, i, "0");
    put_part(s, i, 0, s->program->steps[i].start);
}

static void put_concat(elbo__c_source *s, int i)
{
    const elbo__step *step = &s->program->steps[i];
    int64_t start = 0;
    for (int k = 0; k < step->n_in; k++) {
        put_part(s, i, k, start);
        start += operand(s, step, k)->shape.dim[step->axis];
    }
}

static void put_reduction(elbo__c_source *s, int i)
{
    const elbo__step *step = &s->program->steps[i];
    const bool sum = step->op == ELBO__STEP_SUM;
    elbo__c_loops loops = elbo__c_loops_over(&operand(s, step, 0)->shape);
    memcpy(loops.strides[1], loops.strides[0], sizeof loops.strides[0]);
    const elbo__c_loops to = elbo__c_loops_over(&step->shape); /* strides of reduced axes are 0 */
    memcpy(loops.strides[0], to.strides[0], sizeof to.strides[0]);
    loops.n = 2;
    put_fill(s, i, sum ? "0" : "-INFINITY");
    if (sum) {
        put_move(s, i, "+=", step->in[0], loops);
        return;
    }
    elbo__c_loops_join(&loops);
    elbo__c_put_loops(s->page, &loops);
    const elbo__c_text y = elbo__c_entry_of(s, i, &loops, 0), x = elbo__c_entry_of(s, step->in[0], &loops, 1);
    elbo__page_put(s->page, "%s = %s < %s || %s != %s ? %s : %s;\n", y.text, y.text, x.text, x.text, x.text, x.text,
                   y.text);
}

/* The name of the label that a step takes; NULL where it is another integer, for which there are no words. */
static const char *label_of(elbo__c_source *s, const elbo__step *step, int k)
{
    const elbo__step *labels = operand(s, step, k);
    if (labels->op == ELBO__STEP_INPUT)
        return "label";
    s->status = elbo__no_words("C", s->program, labels);
    return NULL;
}

static void put_one_hot(elbo__c_source *s, int i)
{
    const elbo__step *step = &s->program->steps[i];
    if (label_of(s, step, 0))
        elbo__page_put(s->page, "    for (int i = 0; i < %" PRId64 "; i++)\n        %s[i] = (float)(i == label);\n",
                       step->shape.dim[1], elbo__c_reference_to(s, i).text);
}

static void put_gather(elbo__c_source *s, int i)
{
    const elbo__step *step = &s->program->steps[i];
    const int64_t size = elbo_shape_size(&step->shape);
    if (label_of(s, step, 1))
        elbo__page_put(s->page,
                       "    for (int i = 0; i < %" PRId64 "; i++)\n        %s[i] = label >= 0 && label < %" PRId64
                       " ? %s[%" PRId64 " * label + i] : 0;\n",
                       size, elbo__c_reference_to(s, i).text, operand(s, step, 0)->shape.dim[0],
                       elbo__c_reference_to(s, step->in[0]).text, size);
}

static void put_cast(elbo__c_source *s, int i)
{
    if (label_of(s, &s->program->steps[i], 0))
        elbo__page_put(s->page, "    %s[0] = (float)label;\n", elbo__c_reference_to(s, i).text);
}

/* ---- steps that are calls ---------------------------------------------------------------------------------------- */

/* name(operand, ..., bias or NULL, y, and a break where the names are long */
static void put_call(const elbo__c_source *s, const char *name, int i, int operands)
{
    const elbo__step *step = &s->program->steps[i];
    size_t column = 5 + strlen(name);
    elbo__page_put(s->page, "    %s(", name);
    for (int k = 0; k <= operands; k++) {
        const elbo__c_text text = k == operands    ? elbo__c_reference_to(s, i)
                                  : k < step->n_in ? elbo__c_reference_to(s, step->in[k])
                                                   : (elbo__c_text){"NULL"};
        if (column + strlen(text.text) > 80 && k) {
            elbo__page_put(s->page, "\n%*s", (int)strlen(name) + 5, "");
            column = 5 + strlen(name);
        } else if (k) {
            elbo__page_put(s->page, " ");
        }
        elbo__page_put(s->page, "%s,", text.text);
        column += strlen(text.text) + 2;
    }
    elbo__page_put(s->page, " ");
}

static void put_linear(elbo__c_source *s, int i)
{
    const elbo__step *step = &s->program->steps[i];
    put_call(s, "linear", i, 3);
    elbo__page_put(s->page, "%" PRId64 ", %" PRId64 ", %" PRId64 ");\n", step->shape.dim[0],
                   operand(s, step, 0)->shape.dim[1], step->shape.dim[1]);
}

static void put_matmul(elbo__c_source *s, int i)
{
    const elbo__step *step = &s->program->steps[i];
    const int last = step->shape.ndim - 1;
    int64_t n = 1;
    for (int axis = 0; axis < last - 1; axis++)
        n *= step->shape.dim[axis];
    put_call(s, "matmul", i, 2);
    elbo__page_put(s->page, "%" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 ");\n", n, step->shape.dim[last - 1],
                   operand(s, step, 0)->shape.dim[last], step->shape.dim[last]);
}

static void put_convolution(elbo__c_source *s, int i)
{
    const elbo__step *step = &s->program->steps[i];
    const int64_t *x = operand(s, step, 0)->shape.dim, *w = operand(s, step, 1)->shape.dim, *y = step->shape.dim;
    if (y[0] != 1) { /* pictures that an image falls into */
        s->status = elbo__no_words("C", s->program, step);
        return;
    }
    put_call(s, elbo__step_name(step), i, 3);
    const int64_t sizes[] = {x[1], x[2], x[3], y[1], y[2], y[3], w[2], w[3], step->stride, step->padding};
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
        elbo__page_put(s->page, "%s%" PRId64, k ? ", " : "", sizes[k]);
    elbo__page_put(s->page, ");\n");
}

static void put_batch_norm(elbo__c_source *s, int i)
{
    const elbo__step *step = &s->program->steps[i];
    const int64_t channels = step->shape.dim[1], size = elbo_shape_size(&step->shape) / channels;
    if (step->shape.dim[0] != 1) {
        s->status = elbo__no_words("C", s->program, step);
        return;
    }
    put_call(s, "batch_norm", i, 5);
    elbo__page_put(s->page, "%" PRId64 ", %" PRId64 ", %s);\n", channels, size, elbo__c_literal_of(step->value).text);
}

static void put_nothing(elbo__c_source *s, int i)
{
    (void)s, (void)i; /* a leaf, or the same numbers under another shape */
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

static const struct {
    void (*put)(elbo__c_source *s, int i);
    const char *function; /* that it calls */
} words[ELBO__STEP_KINDS] = {
    [ELBO__STEP_INPUT] = {put_nothing, NULL},
    [ELBO__STEP_WEIGHT] = {put_nothing, NULL},
    [ELBO__STEP_CONSTANT] = {put_nothing, NULL},
    [ELBO__STEP_ARRAY] = {put_nothing, NULL},
    [ELBO__STEP_LINEAR] = {put_linear, elbo__c_linear},
    [ELBO__STEP_MATMUL] = {put_matmul, elbo__c_matmul},
    [ELBO__STEP_CONV2D] = {put_convolution, elbo__c_conv2d},
    [ELBO__STEP_CONV_TRANSPOSE2D] = {put_convolution, elbo__c_conv_transpose2d},
    [ELBO__STEP_BATCH_NORM] = {put_batch_norm, elbo__c_batch_norm},
    [ELBO__STEP_ONE_HOT] = {put_one_hot, NULL},
    [ELBO__STEP_GATHER] = {put_gather, NULL},
    [ELBO__STEP_CAST] = {put_cast, NULL},
    [ELBO__STEP_ELEMENTWISE] = {put_entries, NULL},
    [ELBO__STEP_LEAKY_RELU] = {put_entries, NULL},
    [ELBO__STEP_ELU] = {put_entries, NULL},
    [ELBO__STEP_GELU] = {put_entries, NULL},
    [ELBO__STEP_SILU] = {put_entries, NULL},
    [ELBO__STEP_SUM] = {put_reduction, NULL},
    [ELBO__STEP_MAX] = {put_reduction, NULL},
    [ELBO__STEP_RESHAPE] = {put_nothing, NULL},
    [ELBO__STEP_PERMUTE] = {put_permute, NULL},
    [ELBO__STEP_EXPAND] = {put_expand, NULL},
    [ELBO__STEP_SLICE] = {put_slice, NULL},
    [ELBO__STEP_PAD] = {put_pad, NULL},
    [ELBO__STEP_CONCAT] = {put_concat, NULL},
};

void elbo__c_put_step(elbo__c_source *s, int i)
{
    words[s->program->steps[i].op].put(s, i);
}

const char *elbo__c_function_of(const elbo__step *step)
{
    return words[step->op].function;
}
