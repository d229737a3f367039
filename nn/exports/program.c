#include "program.h"

#include <math.h>
#include <string.h>

#include "../../tensor/elementwise.h"
#include "../../tensor/error_private.h"
#include "../../tensor/memory.h"
#include "../runs/run_private.h"
#include "fold.h"

static const char *const names[ELBO__STEP_KINDS] = {
#define STEP(id, name) name,
    ELBO__STEP_OPS(STEP)
#undef STEP
};

const char *elbo__step_name(const elbo__step *step)
{
    return step->op == ELBO__STEP_ELEMENTWISE ? elbo__elementwise_name(step->row) : names[step->op];
}

elbo_status elbo__no_words(const char *format, const elbo__program *program, const elbo__step *step)
{
    return elbo__fail(ELBO_INVALID, "model \"%s\": %s has the op \"%s\", which %s has no words for",
                      program->run->model->name, elbo_role_names[program->role], elbo__step_name(step), format);
}

int elbo__program_uses(const elbo__program *program, int i)
{
    int uses = 0;
    for (int j = i + 1; j < program->count; j++)
        for (int k = 0; k < program->steps[j].n_in; k++)
            uses += program->steps[j].in[k] == i;
    for (int k = 0; k < program->n_outputs; k++)
        uses += program->outputs[k] == i;
    return uses;
}

void elbo__program_free(elbo__program *program)
{
    for (int i = 0; i < program->count; i++) {
        elbo__step *step = &program->steps[i];
        elbo__free(step->in);
        elbo__free((char *)step->name);
        if (step->op == ELBO__STEP_ARRAY)
            elbo_tensor_free(&step->values);
    }
    elbo__free(program->steps);
    *program = (elbo__program){.count = 0};
}

/* ---- one graph --------------------------------------------------------------------------------------------------- */

/* The node whose value x is. */
static elbo_var *source(elbo_var *x)
{
    while (x->op == &elbo__op_detach)
        x = x->in[0];
    return x;
}

/* What is read off a graph: for each of its nodes that is needed, the step that it is. */
typedef struct {
    elbo__folded *folded; /* [nodes of the graph]              */
    bool *needed;
    int *place; /* of the node's step in the program */
} reading;

static elbo_status mark_needed(const elbo_graph *g, elbo_var *const *outputs, int n, const char *model, reading *r)
{
    for (int i = 0; i < n; i++)
        r->needed[source(outputs[i])->id] = true;
    for (int id = (int)g->n_nodes - 1; id >= 0; id--) {
        if (!r->needed[id])
            continue;
        elbo_var *x = g->nodes[id];
        if (!elbo__as_step(x, &r->folded[id]))
            return elbo__fail(ELBO_INVALID, "model \"%s\": the op \"%s\" has no place in an export", model,
                              x->op == &elbo__op_elementwise ? elbo__elementwise_name(x->attr.elementwise)
                                                             : x->op->name);
        for (int i = 0; i < r->folded[id].step.n_in; i++)
            r->needed[source(r->folded[id].in[i])->id] = true;
    }
    return ELBO_OK;
}

/* The numbers of an array as f32, of their own. */
static elbo_status copy_values(const elbo_var *x, elbo__step *step)
{
    const elbo_tensor from = elbo_tensor_of(ELBO_F64, x->shape, x->attr.values);
    step->values = elbo_tensor_new(ELBO_F32, x->shape);
    if (!step->values.data)
        return ELBO_NO_MEMORY;
    elbo_tensor_copy(&step->values, &from);
    return ELBO_OK;
}

/* Fills in what a step owns. On failure the step can be freed. */
static elbo_status complete(const elbo_run *run, const elbo_var *x, const elbo__folded *f, const reading *r,
                            elbo__step *step)
{
    *step = f->step;
    step->name = NULL;
    step->in = elbo__calloc((size_t)step->n_in, sizeof *step->in);
    if (!step->in)
        return ELBO_NO_MEMORY;
    for (int i = 0; i < step->n_in; i++)
        step->in[i] = r->place[source(f->in[i])->id];
    if (step->op == ELBO__STEP_ARRAY)
        return copy_values(x, step);
    if (step->op == ELBO__STEP_WEIGHT)
        step->values = elbo_params_tensor(run->params, x->attr.param);
    if (x->name)
        step->name = elbo__strdup(x->name);
    return x->name && !step->name ? ELBO_NO_MEMORY : ELBO_OK;
}

static elbo_status take_steps(const elbo_graph *g, reading *r, elbo__program *out)
{
    int count = 0;
    for (size_t id = 0; id < g->n_nodes; id++)
        r->place[id] = r->needed[id] ? count++ : -1;
    out->steps = elbo__calloc((size_t)count, sizeof *out->steps);
    elbo_status status = out->steps ? ELBO_OK : ELBO_NO_MEMORY;
    for (size_t id = 0; id < g->n_nodes && status == ELBO_OK; id++)
        if (r->needed[id]) /* counted before it is whole, so that it is freed in any case */
            status = complete(out->run, g->nodes[id], &r->folded[id], r, &out->steps[out->count++]);
    return status;
}

static elbo_status read_nodes(const elbo_graph *g, elbo_var *const *outputs, elbo__program *out)
{
    reading r = {
        .folded = elbo__calloc(g->n_nodes, sizeof *r.folded),
        .needed = elbo__calloc(g->n_nodes, sizeof *r.needed),
        .place = elbo__calloc(g->n_nodes, sizeof *r.place),
    };
    elbo_status status = r.folded && r.needed && r.place ? ELBO_OK : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = mark_needed(g, outputs, out->n_outputs, out->run->model->name, &r);
    if (status == ELBO_OK)
        status = take_steps(g, &r, out);
    for (int i = 0; i < out->n_outputs && status == ELBO_OK; i++)
        out->outputs[i] = r.place[source(outputs[i])->id];
    elbo__free(r.folded);
    elbo__free(r.needed);
    elbo__free(r.place);
    return status;
}

/* The program for one size of batch. */
static elbo_status read_graph(elbo_run *run, elbo__role role, int64_t batch, elbo__program *out)
{
    elbo_var *outputs[ELBO_MAX_METRICS];
    *out = (elbo__program){.run = run, .role = role};
    elbo_graph *g = elbo__run_graph(run, &(elbo__work){.role = role, .batch = batch, .draws = 1, .seen = true}, outputs,
                                    &out->n_outputs);
    elbo_status status = elbo_graph_status(g);
    if (status == ELBO_OK)
        status = read_nodes(g, outputs, out);
    elbo_graph_free(g);
    if (status != ELBO_OK)
        elbo__program_free(out);
    return status;
}

/* ---- two of them ------------------------------------------------------------------------------------------------- */

enum { FEW = 1009, MANY = 2003 }; /* primes, larger than most sizes of a model */

static bool same_numbers(const elbo_tensor *a, const elbo_tensor *b)
{
    return memcmp(a->data, b->data, (size_t)elbo_shape_size(&a->layout.shape) * sizeof(float)) == 0;
}

static bool same_step(const elbo__step *a, const elbo__step *b)
{
    bool same = a->op == b->op && a->row == b->row && a->dtype == b->dtype && a->shape.ndim == b->shape.ndim &&
                a->n_in == b->n_in && !a->name == !b->name && memcmp(&a->value, &b->value, sizeof a->value) == 0 &&
                a->start == b->start && a->axis == b->axis && a->stride == b->stride && a->padding == b->padding &&
                memcmp(a->output_padding, b->output_padding, sizeof a->output_padding) == 0 &&
                memcmp(a->axes, b->axes, sizeof a->axes) == 0;
    if (same && a->n_in)
        same = memcmp(a->in, b->in, (size_t)a->n_in * sizeof *a->in) == 0;
    if (same && a->name)
        same = strcmp(a->name, b->name) == 0;
    return same && (a->op != ELBO__STEP_ARRAY ||
                    (elbo_shape_equal(&a->shape, &b->shape) && same_numbers(&a->values, &b->values)));
}

/* Makes sizes of a batch of FEW and one of MANY those of a batch of one. */
static bool find_batch(elbo__step *few, const elbo__step *many)
{
    for (int i = 0; i < few->shape.ndim; i++) {
        const int64_t a = few->shape.dim[i], b = many->shape.dim[i];
        if (a == b)
            continue;
        if (a % FEW != 0 || b % MANY != 0 || a / FEW != b / MANY)
            return false;
        few->shape.dim[i] = a / FEW;
        few->batch[i] = true;
    }
    return true;
}

static elbo_status meet(elbo__program *few, const elbo__program *many)
{
    bool same = few->count == many->count && few->n_outputs == many->n_outputs &&
                memcmp(few->outputs, many->outputs, sizeof few->outputs) == 0;
    int i = 0;
    while (same && i < few->count && same_step(&few->steps[i], &many->steps[i]) &&
           find_batch(&few->steps[i], &many->steps[i]))
        i++;
    if (same && i == few->count)
        return ELBO_OK;
    return elbo__fail(
        ELBO_INVALID, "model \"%s\": %s depends on the size of the batch in \"%s\", and cannot be exported",
        few->run->model->name, elbo_role_names[few->role], same ? elbo__step_name(&few->steps[i]) : "its ops");
}

static void name_outputs(elbo__program *program)
{
    const bool decodes = program->role == ELBO__DECODE, normal = program->n_outputs == 2;
    program->output_names[0] = decodes ? "x" : normal ? "mean" : "code";
    program->output_names[1] = "logvar";
}

elbo_status elbo__program_of(elbo_run *run, elbo__role role, elbo__program *out)
{
    elbo__program many;
    elbo_status status = read_graph(run, role, FEW, out);
    if (status != ELBO_OK)
        return status;
    status = read_graph(run, role, MANY, &many);
    if (status == ELBO_OK)
        status = meet(out, &many);
    elbo__program_free(&many);
    name_outputs(out);
    if (status != ELBO_OK)
        elbo__program_free(out);
    return status;
}
