#include <string.h>

#include "../../tensor/memory.h"
#include "../../tensor/product.h"
#include "../../tensor/threads.h"
#include "../params_private.h"
#include "ir.h"

/* ---- threads ----------------------------------------------------------------------------------------------------- */

static _Atomic int threads_wanted; /* 0: as the environment says, or else as many as there are processors */

int elbo_set_threads(int threads)
{
    threads_wanted = threads > 0 ? threads : 0;
    return elbo_threads();
}

int elbo_threads(void)
{
    const int most = elbo__processors();
    const int wanted = threads_wanted > 0 ? threads_wanted : elbo__threads_of_environment();
    return wanted > 0 && wanted < most ? wanted : most;
}

/* ---- compiling --------------------------------------------------------------------------------------------------- */

elbo_plan *elbo_compile(elbo_graph *g, elbo_var *const *outputs, int n)
{
    for (int i = 0; i < n; i++)
        if (outputs[i]->graph != g)
            elbo_graph_fail(g, ELBO_INVALID, "compile: output %d belongs to another graph", i);
    elbo_status status = elbo__graph_settle(g);
    if (status != ELBO_OK) {
        elbo_graph_fail(g, status, "%s", elbo_error());
        return NULL;
    }
    elbo__product_prepare();
    elbo_plan *plan = elbo__calloc(1, sizeof *plan);
    if (!plan)
        return NULL;
    plan->dtype = g->dtype;
    plan->threads = elbo_threads();
    plan->eager = elbo__pretended_processors() > 0;
    plan->n_outputs = n;
    plan->params_count = g->params ? elbo_params_count(g->params) : 0;
    plan->params_size = g->params ? elbo_params_slab(g->params, 0).layout.shape.dim[0] : 0;
    plan->params_mark = g->params ? elbo__params_mark(g->params) : 0;
    plan->outputs = elbo__calloc((size_t)n, sizeof *plan->outputs);
    status = plan->outputs ? ELBO_OK : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = elbo__plan_simplify(plan, g, outputs, n);
    if (status == ELBO_OK)
        status = elbo__plan_stage(plan, g);
    if (status == ELBO_OK)
        status = elbo__plan_group(plan);
    if (status == ELBO_OK)
        status = elbo__plan_emit(plan);
    if (status == ELBO_OK)
        status = elbo__plan_place(plan);
    if (status == ELBO_OK)
        status = elbo__plan_allocate(plan);
    if (status == ELBO_OK)
        return plan;
    elbo_graph_fail(g, status, "%s", elbo_error());
    elbo_plan_free(plan);
    return NULL;
}

void elbo_plan_free(elbo_plan *plan)
{
    if (!plan)
        return;
    for (size_t i = 0; i < plan->n_nodes; i++) {
        elbo__free(plan->nodes[i].in);
        elbo__free(plan->nodes[i].name);
    }
    for (size_t i = 0; i < plan->n_loops; i++) {
        elbo__loop *loop = &plan->loops[i];
        for (size_t k = 0; loop->instrs && k < loop->n_instrs; k++) {
            elbo__free(loop->instrs[k].in);
            if (loop->instrs[k].group)
                elbo__free(loop->instrs[k].group->steps);
            elbo__free(loop->instrs[k].group);
        }
        elbo__free(loop->instrs);
        elbo__free(loop->nodes);
    }
    for (size_t i = 0; i < plan->n_inputs; i++)
        elbo__free(plan->inputs[i].name);
    elbo__free(plan->nodes);
    elbo__free(plan->outputs);
    elbo__free(plan->buffers);
    elbo__free(plan->loops);
    elbo__free(plan->inputs);
    elbo__free(plan->constants);
    elbo__free(plan->arena);
    elbo__free(plan->pointers);
    elbo__free(plan->ranges);
    elbo__free(plan->watch.notes);
    elbo__free(plan);
}

/* ---- inputs and outputs ------------------------------------------------------------------------------------------ */

static elbo__input_slot *find_input(elbo_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->n_inputs; i++)
        if (strcmp(plan->inputs[i].name, name) == 0)
            return &plan->inputs[i];
    return NULL;
}

elbo_status elbo_plan_bind(elbo_plan *plan, const char *name, elbo_tensor data)
{
    elbo__input_slot *slot = find_input(plan, name);
    if (!slot)
        return ELBO_OK;
    if (data.dtype != slot->dtype || !elbo_shape_equal(&data.layout.shape, &slot->shape))
        return elbo__fail(ELBO_INVALID, "input \"%s\": expected %s %s, got %s %s", name, elbo_dtype_name(slot->dtype),
                          elbo_shape_format(&slot->shape).text, elbo_dtype_name(data.dtype),
                          elbo_shape_format(&data.layout.shape).text);
    if (!elbo_layout_contiguous(&data.layout))
        return elbo__fail(ELBO_INVALID, "input \"%s\": the data must be contiguous", name);
    slot->data = (const char *)data.data + data.layout.offset * (int64_t)elbo_dtype_size(data.dtype);
    return ELBO_OK;
}

elbo_status elbo_plan_set(elbo_plan *plan, const char *name, double value)
{
    elbo__input_slot *slot = find_input(plan, name);
    if (!slot)
        return ELBO_OK;
    if (slot->shape.ndim != 0 || slot->dtype != plan->dtype)
        return elbo__fail(ELBO_INVALID, "input \"%s\" is not a scalar but %s %s", name, elbo_dtype_name(slot->dtype),
                          elbo_shape_format(&slot->shape).text);
    if (plan->dtype == ELBO_F32)
        slot->scalar.f32 = (float)value;
    else
        slot->scalar.f64 = value;
    slot->data = &slot->scalar;
    return ELBO_OK;
}

elbo_tensor elbo_plan_output(const elbo_plan *plan, int i)
{
    if (i < 0 || i >= plan->n_outputs) {
        (void)elbo__fail(ELBO_INVALID, "output %d of a plan with %d", i, plan->n_outputs);
        return (elbo_tensor){.dtype = plan->dtype};
    }
    const elbo__node *node = &plan->nodes[plan->outputs[i]];
    int buffer = plan->nodes[node->base].buffer;
    return (elbo_tensor){.dtype = node->dtype, .layout = node->layout, .data = plan->arena + plan->buffers[buffer].at};
}

double elbo_plan_product_flops(const elbo_plan *plan)
{
    return plan->product_flops;
}

void elbo_release(void *block)
{
    elbo__free(block);
}
