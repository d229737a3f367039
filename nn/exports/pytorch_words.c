/* A step of a program as a piece of Python, with what it reads as parts of it. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "../../tensor/elementwise.h"
#include "../../tensor/text.h"
#include "pytorch.h"

static void append(elbo__python *out, const char *format, ...) ELBO_PRINTF(2, 3);

/* What does not fit is an error in the end: no statement comes near it. */
static void append(elbo__python *out, const char *format, ...)
{
    va_list args;
    const size_t used = strlen(out->text);
    va_start(args, format);
    elbo__print_list(out->text + used, sizeof out->text - used, format, args);
    va_end(args);
}

void elbo__pytorch_no_words(const elbo__pytorch_body *b, int i)
{
    if (b->s->status == ELBO_OK)
        b->s->status = elbo__no_words("PyTorch", b->p, &b->p->steps[i]);
}

static const elbo__step *operand(const elbo__pytorch_body *b, const elbo__step *step, int k)
{
    return &b->p->steps[step->in[k]];
}

/* ---- elementwise ------------------------------------------------------------------------------------------------- */

/* $a, $b and $c are operands, ~a and so on as well where they have to be tensors, @ the input that is numbers. What is
 * no call is put into brackets by who takes it. */
static const char *const expressions[ELBO__ELEMENTWISE_COUNT] = {
    [ELBO__copy] = "$a",
    [ELBO__neg] = "-$a",
    [ELBO__abs] = "torch.abs(~a)",
    [ELBO__sign] = "torch.sign(~a)",
    [ELBO__square] = "torch.square(~a)",
    [ELBO__sqrt] = "torch.sqrt(~a)",
    [ELBO__reciprocal] = "1 / $a",
    [ELBO__exp] = "torch.exp(~a)",
    [ELBO__expm1] = "torch.expm1(~a)",
    [ELBO__log] = "torch.log(~a)",
    [ELBO__log1p] = "torch.log1p(~a)",
    [ELBO__sin] = "torch.sin(~a)",
    [ELBO__cos] = "torch.cos(~a)",
    [ELBO__tanh] = "torch.tanh(~a)",
    [ELBO__erf] = "torch.erf(~a)",
    [ELBO__sigmoid] = "torch.sigmoid(~a)",
    [ELBO__softplus] = "F.softplus(~a)",
    [ELBO__relu] = "torch.relu(~a)",
    [ELBO__floor] = "torch.floor(~a)",
    [ELBO__round] = "torch.round(~a)",
    [ELBO__lgamma] = "torch.lgamma(~a)",
    [ELBO__digamma] = "torch.digamma(~a)",
    [ELBO__trigamma] = "torch.polygamma(1, ~a)",
    [ELBO__isfinite] = "torch.isfinite(~a).to(@.dtype)",
    [ELBO__add] = "$a + $b",
    [ELBO__sub] = "$a - $b",
    [ELBO__mul] = "$a * $b",
    [ELBO__div] = "$a / $b",
    [ELBO__pow] = "torch.pow($a, $b)",
    [ELBO__remainder] = "torch.remainder($a, $b)",
    [ELBO__maximum] = "torch.maximum(~a, ~b)",
    [ELBO__minimum] = "torch.minimum(~a, ~b)",
    [ELBO__less] = "($a < $b).to(@.dtype)",
    [ELBO__less_equal] = "($a <= $b).to(@.dtype)",
    [ELBO__equal] = "($a == $b).to(@.dtype)",
    [ELBO__where] = "torch.where(~a != 0, ~b, ~c)",
    [ELBO__mul_add] = "$a * $b + $c",
    [ELBO__lerp] = "$a + ($b - $a) * $c",
};

static const char *const step_expressions[ELBO__STEP_KINDS] = {
    [ELBO__STEP_MATMUL] = "$a @ $b",  [ELBO__STEP_GATHER] = "~a[$b]",   [ELBO__STEP_CAST] = "~a.to(@.dtype)",
    [ELBO__STEP_GELU] = "F.gelu(~a)", [ELBO__STEP_SILU] = "F.silu(~a)",
};

/* Whether an expression is one word or call, so that it needs no brackets within another. */
static bool is_closed(const char *text)
{
    int depth = 0;
    for (const char *c = text; *c; c++) {
        depth += (*c == '(' || *c == '[') - (*c == ')' || *c == ']');
        if (depth == 0 && strchr(" +-*/@", *c))
            return false;
    }
    return true;
}

static elbo__python number_of(double x)
{
    elbo__python out = {""};
    if (isfinite(x)) {
        append(&out, "%.9g", x);
        append(&out, "%s", strpbrk(out.text, ".e") ? "" : ".0");
    } else
        append(&out, "float(\"%s\")", elbo__not_finite(x));
    return out;
}

/* Operand k as the expression in which it stands needs it. */
static elbo__python read_operand(const elbo__pytorch_body *b, const elbo__step *step, int k, bool tensor)
{
    const elbo__step *from = operand(b, step, k);
    elbo__python out = {""};
    if (from->op == ELBO__STEP_CONSTANT) {
        const elbo__python number = number_of((double)(float)from->value);
        append(&out, tensor ? "torch.tensor(%s)" : *number.text == '-' ? "(%s)" : "%s", number.text);
        return out;
    }
    const elbo__python text = elbo__pytorch_expression(b, step->in[k]);
    append(&out, is_closed(text.text) ? "%s" : "(%s)", text.text);
    return out;
}

/* An operand of a call that takes it whole: nothing needs brackets. */
static elbo__python argument(const elbo__pytorch_body *b, const elbo__step *step, int k)
{
    return operand(b, step, k)->op == ELBO__STEP_CONSTANT ? read_operand(b, step, k, true)
                                                          : elbo__pytorch_expression(b, step->in[k]);
}

/* Whether what stands around an operand in a template are the brackets of its call. */
static bool is_argument(const char *template, const char *c)
{
    return c > template && strchr("( ", c[-1]) && strchr("),", c[2]) && c[2] && (c[-1] == '(' || c[-2] == ',');
}

static elbo__python by_template(const elbo__pytorch_body *b, int i, const char *template)
{
    const elbo__step *step = &b->p->steps[i];
    elbo__python out = {""};
    for (const char *c = template; *c; c++)
        if (*c == '@' && c[1] == '.')
            append(&out, "%s", b->numbers);
        else if (*c == '$' || *c == '~') {
            const int k = c[1] - 'a';
            append(&out, "%s",
                   (*c == '~' && is_argument(template, c) ? argument(b, step, k) : read_operand(b, step, k, *c == '~'))
                       .text);
            c++;
        } else {
            append(&out, "%c", *c);
        }
    return out;
}

static elbo__python put_entries(const elbo__pytorch_body *b, int i)
{
    const elbo__step *step = &b->p->steps[i];
    const char *template = step->op == ELBO__STEP_ELEMENTWISE ? expressions[step->row] : step_expressions[step->op];
    if (template)
        return by_template(b, i, template);
    elbo__pytorch_no_words(b, i);
    return (elbo__python){""};
}

static elbo__python put_with_value(const elbo__pytorch_body *b, int i)
{
    const elbo__step *step = &b->p->steps[i];
    elbo__python out = {""};
    const char *name = step->op == ELBO__STEP_ELU ? "elu" : "leaky_relu";
    append(&out, "F.%s(%s", name, argument(b, step, 0).text);
    if (step->value != (step->op == ELBO__STEP_ELU ? 1 : 0.01))
        append(&out, ", %s", number_of(step->value).text);
    append(&out, ")");
    return out;
}

/* ---- layers ------------------------------------------------------------------------------------------------------ */

/* function(operands, with None for a bias that is not there */
static elbo__python functional(const elbo__pytorch_body *b, int i, const char *function)
{
    const elbo__step *step = &b->p->steps[i];
    elbo__python out = {""};
    append(&out, "F.%s(", function);
    for (int k = 0; k < step->n_in; k++)
        append(&out, "%s%s", k ? ", " : "", argument(b, step, k).text);
    return out;
}

/* A call of a module, or else of a function. */
static elbo__python put_layer(const elbo__pytorch_body *b, int i)
{
    const elbo__step *step = &b->p->steps[i];
    char prefix[300];
    elbo__python out = {""};
    if (elbo__pytorch_is_call(b->s, b->p, i, prefix, sizeof prefix)) {
        append(&out, "self.%s(%s)", prefix, argument(b, step, 0).text);
        return out;
    }
    out = functional(b, i, elbo__step_name(step));
    if (step->op == ELBO__STEP_CONV2D || step->op == ELBO__STEP_CONV_TRANSPOSE2D)
        append(&out, ", stride=%d, padding=%d", step->stride, step->padding);
    if (step->op == ELBO__STEP_CONV_TRANSPOSE2D)
        append(&out, ", output_padding=(%d, %d)", step->output_padding[0], step->output_padding[1]);
    if (step->op == ELBO__STEP_BATCH_NORM)
        append(&out, ", eps=%s", number_of(step->value).text);
    append(&out, ")");
    return out;
}

static elbo__python put_one_hot(const elbo__pytorch_body *b, int i)
{
    const elbo__step *step = &b->p->steps[i];
    elbo__python out = {""};
    append(&out, "F.one_hot(%s, %" PRId64 ").to(%s.dtype)", argument(b, step, 0).text, step->shape.dim[1], b->numbers);
    return out;
}

/* ---- movement ---------------------------------------------------------------------------------------------------- */

static int count_batch(const elbo__step *step)
{
    int n = 0;
    for (int i = 0; i < step->shape.ndim; i++)
        n += step->batch[i];
    return n;
}

static elbo__python put_reshape(const elbo__pytorch_body *b, int i)
{
    const elbo__step *step = &b->p->steps[i], *from = operand(b, step, 0);
    elbo__python out = read_operand(b, step, 0, true);
    if (count_batch(step) > 1)
        elbo__pytorch_no_words(b, i);
    if (step->shape.ndim == 2 && from->shape.ndim > 2 && step->batch[0] && from->batch[0] &&
        step->shape.dim[0] == from->shape.dim[0]) {
        append(&out, ".flatten(1)");
        return out;
    }
    append(&out, ".reshape(%s", step->shape.ndim ? "" : "()");
    for (int axis = 0; axis < step->shape.ndim; axis++)
        append(&out, "%s%" PRId64, axis ? ", " : "", step->batch[axis] ? -1 : step->shape.dim[axis]);
    append(&out, ")");
    return out;
}

static elbo__python put_permute(const elbo__pytorch_body *b, int i)
{
    const elbo__step *step = &b->p->steps[i];
    elbo__python out = read_operand(b, step, 0, true);
    if (step->shape.ndim == 2) {
        append(&out, ".t()");
        return out;
    }
    append(&out, ".permute(");
    for (int axis = 0; axis < step->shape.ndim; axis++)
        append(&out, "%s%d", axis ? ", " : "", step->axes[axis]);
    append(&out, ")");
    return out;
}

static elbo__python put_expand(const elbo__pytorch_body *b, int i)
{
    const elbo__step *step = &b->p->steps[i];
    elbo__python out = read_operand(b, step, 0, true);
    append(&out, ".expand(");
    for (int axis = 0; axis < step->shape.ndim; axis++) {
        append(&out, "%s", axis ? ", " : "");
        if (step->batch[axis] && step->shape.dim[axis] == 1)
            append(&out, "len(%s)", b->numbers);
        else
            append(&out, "%" PRId64 "%s%s%s", step->shape.dim[axis], step->batch[axis] ? " * len(" : "",
                   step->batch[axis] ? b->numbers : "", step->batch[axis] ? ")" : "");
    }
    append(&out, ")");
    return out;
}

static elbo__python put_slice(const elbo__pytorch_body *b, int i)
{
    const elbo__step *step = &b->p->steps[i];
    const int64_t end = step->start + step->shape.dim[step->axis];
    elbo__python out = read_operand(b, step, 0, true);
    if (step->batch[step->axis] || operand(b, step, 0)->batch[step->axis])
        elbo__pytorch_no_words(b, i);
    append(&out, "[");
    for (int axis = 0; axis < step->axis; axis++)
        append(&out, ":, ");
    if (step->start)
        append(&out, "%" PRId64, step->start);
    append(&out, ":");
    if (end < operand(b, step, 0)->shape.dim[step->axis])
        append(&out, "%" PRId64, end);
    append(&out, "]");
    return out;
}

/* Of the last axis first. */
static elbo__python put_pad(const elbo__pytorch_body *b, int i)
{
    const elbo__step *step = &b->p->steps[i];
    const int64_t more = step->shape.dim[step->axis] - operand(b, step, 0)->shape.dim[step->axis];
    elbo__python out = {""};
    if (step->batch[step->axis])
        elbo__pytorch_no_words(b, i);
    append(&out, "F.pad(%s, (", argument(b, step, 0).text);
    for (int axis = step->shape.ndim - 1; axis > step->axis; axis--)
        append(&out, "0, 0, ");
    append(&out, "%" PRId64 ", %" PRId64 "))", step->start, more - step->start);
    return out;
}

static elbo__python put_concat(const elbo__pytorch_body *b, int i)
{
    const elbo__step *step = &b->p->steps[i];
    elbo__python out = {"torch.cat(("};
    for (int k = 0; k < step->n_in; k++)
        append(&out, "%s%s", k ? ", " : "", argument(b, step, k).text);
    append(&out, "), %d)", step->axis);
    return out;
}

static elbo__python put_reduction(const elbo__pytorch_body *b, int i)
{
    const elbo__step *step = &b->p->steps[i];
    elbo__python out = {""};
    append(&out, "torch.%s(%s, (", step->op == ELBO__STEP_SUM ? "sum" : "amax", argument(b, step, 0).text);
    for (int axis = 0; axis < step->shape.ndim; axis++)
        if (step->axes[axis])
            append(&out, "%d, ", axis);
    append(&out, "), keepdim=True)");
    return out;
}

/* ---- leaves ------------------------------------------------------------------------------------------------------ */

/* Labels may come in any type of whole numbers; PyTorch indexes by int64 alone. */
static elbo__python put_input(const elbo__pytorch_body *b, int i)
{
    elbo__python out = {""};
    append(&out, "%s", b->p->steps[i].dtype == ELBO_I32 ? "y.long()" : b->p->steps[i].name);
    return out;
}

static elbo__python put_weight(const elbo__pytorch_body *b, int i)
{
    elbo__python out = {""};
    append(&out, "self.%s", b->p->steps[i].name);
    return out;
}

static elbo__python put_constant(const elbo__pytorch_body *b, int i)
{
    elbo__python out = {""};
    append(&out, "torch.tensor(%s)", number_of((double)(float)b->p->steps[i].value).text);
    return out;
}

/* Few numbers are written out; more than a line of them have no place in a statement. */
static elbo__python put_array(const elbo__pytorch_body *b, int i)
{
    const elbo__step *step = &b->p->steps[i];
    const float *x = step->values.data;
    elbo__python out = {"torch.tensor(["};
    if (elbo_shape_size(&step->shape) > 40)
        elbo__pytorch_no_words(b, i);
    for (int64_t k = 0; k < elbo_shape_size(&step->shape); k++)
        append(&out, "%s%s", k ? ", " : "", number_of((double)x[k]).text);
    append(&out, "])");
    if (step->shape.ndim != 1) {
        append(&out, ".reshape(%s", step->shape.ndim ? "" : "()");
        for (int axis = 0; axis < step->shape.ndim; axis++)
            append(&out, "%s%" PRId64, axis ? ", " : "", step->shape.dim[axis]);
        append(&out, ")");
    }
    return out;
}

static elbo__python (*const words[ELBO__STEP_KINDS])(const elbo__pytorch_body *b, int i) = {
    [ELBO__STEP_INPUT] = put_input,         [ELBO__STEP_WEIGHT] = put_weight,
    [ELBO__STEP_CONSTANT] = put_constant,   [ELBO__STEP_ARRAY] = put_array,
    [ELBO__STEP_LINEAR] = put_layer,        [ELBO__STEP_MATMUL] = put_entries,
    [ELBO__STEP_CONV2D] = put_layer,        [ELBO__STEP_CONV_TRANSPOSE2D] = put_layer,
    [ELBO__STEP_BATCH_NORM] = put_layer,    [ELBO__STEP_ONE_HOT] = put_one_hot,
    [ELBO__STEP_GATHER] = put_entries,      [ELBO__STEP_CAST] = put_entries,
    [ELBO__STEP_ELEMENTWISE] = put_entries, [ELBO__STEP_LEAKY_RELU] = put_with_value,
    [ELBO__STEP_ELU] = put_with_value,      [ELBO__STEP_GELU] = put_entries,
    [ELBO__STEP_SILU] = put_entries,        [ELBO__STEP_SUM] = put_reduction,
    [ELBO__STEP_MAX] = put_reduction,       [ELBO__STEP_RESHAPE] = put_reshape,
    [ELBO__STEP_PERMUTE] = put_permute,     [ELBO__STEP_EXPAND] = put_expand,
    [ELBO__STEP_SLICE] = put_slice,         [ELBO__STEP_PAD] = put_pad,
    [ELBO__STEP_CONCAT] = put_concat,
};

elbo__python elbo__pytorch_words(const elbo__pytorch_body *b, int i)
{
    return words[b->p->steps[i].op](b, i);
}
