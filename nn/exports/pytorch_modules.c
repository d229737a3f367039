/* Where a PyTorch module keeps the weights of a run: as elbo names them, so that its state_dict is the file. */
#include <inttypes.h>
#include <string.h>

#include "../../tensor/error_private.h"
#include "../../tensor/memory.h"
#include "../../tensor/text.h"
#include "pytorch.h"

/* ---- names ------------------------------------------------------------------------------------------------------- */

/* Words of Python, what every nn.Module has already, and what ours has. */
static const char *const reserved[] = {
    "False",
    "None",
    "True",
    "and",
    "as",
    "assert",
    "async",
    "await",
    "break",
    "class",
    "continue",
    "def",
    "del",
    "elif",
    "else",
    "except",
    "finally",
    "for",
    "from",
    "global",
    "if",
    "import",
    "in",
    "is",
    "lambda",
    "nonlocal",
    "not",
    "or",
    "pass",
    "raise",
    "return",
    "try",
    "while",
    "with",
    "yield",
    "add_module",
    "apply",
    "buffers",
    "children",
    "compile",
    "cpu",
    "cuda",
    "double",
    "eval",
    "extra_repr",
    "float",
    "forward",
    "half",
    "ipu",
    "modules",
    "named_buffers",
    "named_children",
    "named_modules",
    "named_parameters",
    "parameters",
    "requires_grad_",
    "share_memory",
    "state_dict",
    "to",
    "to_empty",
    "train",
    "training",
    "type",
    "xpu",
    "zero_grad",
    "encode",
    "decode",
    "bfloat16",
    "load_state_dict",
};

static bool is_attribute(const char *word, size_t length)
{
    if (length == 0 || elbo__is_digit(*word))
        return false;
    for (size_t i = 0; i < length; i++)
        if (!elbo__is_digit(word[i]) && word[i] != '_' &&
            !(elbo__to_lower(word[i]) >= 'a' && elbo__to_lower(word[i]) <= 'z'))
            return false;
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (strlen(reserved[i]) == length && memcmp(reserved[i], word, length) == 0)
            return false;
    return true;
}

elbo_status elbo__pytorch_check_names(const elbo_run *run)
{
    const elbo_params *params = elbo_run_params((elbo_run *)run);
    for (int i = 0; i < elbo_params_count(params); i++) {
        const char *name = elbo_params_name(params, i);
        if (strlen(name) > 200)
            return elbo__fail(ELBO_INVALID, "PyTorch: the name \"%.60s...\" of a weight is too long", name);
        for (const char *word = name, *end; word; word = *end ? end + 1 : NULL) {
            end = word + strcspn(word, ".");
            if (!is_attribute(word, (size_t)(end - word)))
                return elbo__fail(ELBO_INVALID, "PyTorch: the weight \"%s\" cannot have that name there, for \"%.*s\"",
                                  name, (int)(end - word), word);
        }
    }
    return ELBO_OK;
}

/* ---- layers ------------------------------------------------------------------------------------------------------ */

/* What PyTorch's modules have of weights, in the order of a step's operands from 1 on. */
static const struct {
    elbo__step_op op;
    int n;
    const char *tensors[4];
} kinds[] = {
    {ELBO__STEP_LINEAR, 2, {"weight", "bias"}},
    {ELBO__STEP_CONV2D, 2, {"weight", "bias"}},
    {ELBO__STEP_CONV_TRANSPOSE2D, 2, {"weight", "bias"}},
    {ELBO__STEP_BATCH_NORM, 4, {"running_mean", "running_var", "weight", "bias"}},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static bool has_tensor(const elbo__pytorch *s, const char *prefix, const char *tensor)
{
    char name[300];
    elbo__print(name, sizeof name, "%s.%s", prefix, tensor);
    return elbo_params_find(elbo_run_params((elbo_run *)s->run), name) >= 0;
}

/* How many tensors are called PREFIX.word. */
static int count_tensors(const elbo__pytorch *s, const char *prefix)
{
    const elbo_params *params = elbo_run_params((elbo_run *)s->run);
    const size_t length = strlen(prefix);
    int n = 0;
    for (int i = 0; i < elbo_params_count(params); i++) {
        const char *name = elbo_params_name(params, i);
        n += strncmp(name, prefix, length) == 0 && name[length] == '.' && !strchr(name + length + 1, '.');
    }
    return n;
}

/* Whether operand k of a step is the weight PREFIX.tensor. */
static bool is_weight(const elbo__program *p, const elbo__step *step, int k, const char *prefix, const char *tensor)
{
    const elbo__step *from = &p->steps[step->in[k]];
    const size_t length = strlen(prefix);
    return from->op == ELBO__STEP_WEIGHT && strncmp(from->name, prefix, length) == 0 && from->name[length] == '.' &&
           strcmp(from->name + length + 1, tensor) == 0;
}

/* Whether a step is what a module does that holds all the tensors of that prefix and no others. */
static bool is_layer(const elbo__pytorch *s, const elbo__program *p, const elbo__step *step, const char *prefix)
{
    for (int kind = 0; kind < KINDS; kind++) {
        if (kinds[kind].op != step->op)
            continue;
        if (step->op == ELBO__STEP_CONV_TRANSPOSE2D && step->output_padding[0] != step->output_padding[1])
            return false;
        if (step->op == ELBO__STEP_BATCH_NORM && step->value != 1e-5)
            return false;
        if (count_tensors(s, prefix) != step->n_in - 1 || step->n_in - 1 > kinds[kind].n)
            return false;
        for (int k = 1; k < step->n_in; k++)
            if (!is_weight(p, step, k, prefix, kinds[kind].tensors[k - 1]))
                return false;
        return true;
    }
    return false;
}

const elbo__step *elbo__pytorch_layer(const elbo__pytorch *s, const char *prefix, const elbo__program **program)
{
    if (!has_tensor(s, prefix, "weight"))
        return NULL;
    for (int which = 1; which >= 0; which--)
        for (int i = 0; i < s->programs[which]->count; i++)
            if (is_layer(s, s->programs[which], &s->programs[which]->steps[i], prefix)) {
                *program = s->programs[which];
                return &s->programs[which]->steps[i];
            }
    return NULL;
}

bool elbo__pytorch_is_call(const elbo__pytorch *s, const elbo__program *program, int i, char *prefix, size_t size)
{
    const elbo__step *step = &program->steps[i];
    const elbo__step *weight = step->n_in > 1 ? &program->steps[step->in[1]] : step;
    const char *dot = weight->op == ELBO__STEP_WEIGHT ? strrchr(weight->name, '.') : NULL;
    if (!dot)
        return false;
    elbo__print(prefix, size, "%.*s", (int)(dot - weight->name), weight->name);
    const elbo__program *where;
    const elbo__step *layer = elbo__pytorch_layer(s, prefix, &where);
    return layer && is_layer(s, program, step, prefix) && layer->op == step->op && layer->stride == step->stride &&
           layer->padding == step->padding && layer->output_padding[0] == step->output_padding[0];
}

bool elbo__pytorch_has_batch_norm(const elbo__pytorch *s)
{
    char prefix[300];
    for (int which = 0; which < 2; which++)
        for (int i = 0; i < s->programs[which]->count; i++)
            if (s->programs[which]->steps[i].op == ELBO__STEP_BATCH_NORM &&
                elbo__pytorch_is_call(s, s->programs[which], i, prefix, sizeof prefix))
                return true;
    return false;
}

/* ---- __init__ ---------------------------------------------------------------------------------------------------- */

/* 3, or (3, 5) */
static void put_pair(elbo__page *page, int64_t a, int64_t b)
{
    if (a == b)
        elbo__page_put(page, "%" PRId64, a);
    else
        elbo__page_put(page, "(%" PRId64 ", %" PRId64 ")", a, b);
}

static void put_convolution(elbo__page *page, const elbo__step *step, const elbo_shape *w, const char *bias)
{
    const bool back = step->op == ELBO__STEP_CONV_TRANSPOSE2D;
    elbo__page_put(page, "nn.%s(%" PRId64 ", %" PRId64 ", ", back ? "ConvTranspose2d" : "Conv2d", w->dim[!back],
                   w->dim[back]);
    put_pair(page, w->dim[2], w->dim[3]);
    elbo__page_put(page, ", stride=%d, padding=%d", step->stride, step->padding);
    if (step->output_padding[0])
        elbo__page_put(page, ", output_padding=%d", step->output_padding[0]);
    elbo__page_put(page, "%s)\n", bias);
}

/* What makes the module of that prefix. */
static void put_module(const elbo__pytorch *s, const char *prefix)
{
    const elbo__program *program;
    const elbo__step *step = elbo__pytorch_layer(s, prefix, &program);
    elbo__page_put(s->page, "        self.%s = ", prefix);
    if (!step) {
        elbo__page_put(s->page, "nn.Module()\n");
        return;
    }
    const elbo_shape *w = &program->steps[step->in[1]].shape;
    const char *bias = step->n_in == 2 ? ", bias=False" : "";
    if (step->op == ELBO__STEP_BATCH_NORM)
        elbo__page_put(s->page, "BatchNorm(%" PRId64 ")\n", w->dim[0]);
    else if (step->op == ELBO__STEP_LINEAR)
        elbo__page_put(s->page, "nn.Linear(%" PRId64 ", %" PRId64 "%s)\n", w->dim[1], w->dim[0], bias);
    else
        put_convolution(s->page, step, w, bias);
}

/* Whether an earlier weight than number i lies in the module too, or in one within it. */
static bool is_made(const elbo_params *params, int i, const char *prefix)
{
    const size_t length = strlen(prefix);
    for (int k = 0; k < i; k++) {
        const char *name = elbo_params_name(params, k);
        if (strncmp(name, prefix, length) == 0 && name[length] == '.')
            return true;
    }
    return false;
}

/* torch.zeros(784), torch.zeros(()) */
static void put_zeros(elbo__page *page, const elbo_shape *shape)
{
    elbo__page_put(page, "torch.zeros(%s", shape->ndim == 0 ? "()" : "");
    for (int i = 0; i < shape->ndim; i++)
        elbo__page_put(page, "%s%" PRId64, i ? ", " : "", shape->dim[i]);
    elbo__page_put(page, ")");
}

/* A tensor that no module of PyTorch's holds. */
static void put_tensor(const elbo__pytorch *s, const char *name, const elbo_shape *shape, bool trained)
{
    const char *dot = strrchr(name, '.'), *word = dot ? dot + 1 : name;
    if (trained)
        elbo__page_put(s->page, "        self.%s = nn.Parameter(", name);
    else
        elbo__page_put(s->page, "        self.%.*sregister_buffer(\"%s\", ", (int)(word - name), name, word);
    put_zeros(s->page, shape);
    elbo__page_put(s->page, ")\n");
}

void elbo__pytorch_put_modules(elbo__pytorch *s)
{
    const elbo_params *params = elbo_run_params((elbo_run *)s->run);
    for (int i = 0; i < elbo_params_count(params); i++) {
        const char *name = elbo_params_name(params, i);
        char prefix[300] = "";
        for (const char *dot = strchr(name, '.'); dot; dot = strchr(dot + 1, '.')) {
            elbo__print(prefix, sizeof prefix, "%.*s", (int)(dot - name), name);
            if (!is_made(params, i, prefix))
                put_module(s, prefix);
        }
        const elbo__program *program;
        const elbo_shape shape = elbo_params_shape(params, i);
        if (!prefix[0] || !elbo__pytorch_layer(s, prefix, &program))
            put_tensor(s, name, &shape, elbo_params_trained(params, i));
    }
}
