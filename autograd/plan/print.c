/* A plan in words: stages, loops, instructions, buffers, work. Stable, so that a test can compare it. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../../tensor/memory.h"
#include "ir.h"

/* Grows by doubling; `failed` once memory is short. */
typedef struct {
    char *text;
    size_t length, capacity;
    bool failed;
} page;

static void put(page *p, const char *format, ...) ELBO_PRINTF(2, 3);
static void put(page *p, const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (n < 0 || p->failed)
        return;
    size_t length = (size_t)n < sizeof line ? (size_t)n : sizeof line - 1;
    p->failed = elbo__grow((void **)&p->text, &p->capacity, p->length + length + 1, 1) != ELBO_OK;
    if (p->failed)
        return;
    memcpy(p->text + p->length, line, length + 1);
    p->length += length;
}

const char *elbo__class_name(elbo__class class)
{
    static const char *const names[] = {[ELBO__PARAM] = "param",
                                        [ELBO__INPUT] = "input",
                                        [ELBO__CONSTANT] = "constant",
                                        [ELBO__SHARED] = "shared",
                                        [ELBO__LOCAL] = "local"};
    return names[class];
}

static void put_operand(page *p, const elbo_plan *plan, const elbo__operand *operand)
{
    put(p, " %s%d%s%s", elbo__class_name(plan->buffers[operand->buffer].class), operand->buffer,
        elbo_shape_format(&operand->layout.shape).text, operand->axis == ELBO__UNCUT ? " whole" : "");
}

/* Microseconds of a run, as a mean over threads: of an instruction, or with n_instrs what was waited at barriers. */
static double microseconds(const elbo_plan *plan, size_t number)
{
    double sum = 0;
    for (int t = 0; t < plan->threads; t++)
        sum += plan->spent[(size_t)t * (plan->n_instrs + 1) + number];
    return 1e6 * sum / (double)plan->watched / plan->threads;
}

static void put_time(page *p, const elbo_plan *plan, const elbo__instr *instr)
{
    if (plan->watched)
        put(p, " %7.1f us", microseconds(plan, (size_t)instr->number));
}

static void put_group(page *p, const elbo_plan *plan, const elbo__instr *instr)
{
    const elbo__group *g = instr->group;
    put_time(p, plan, instr);
    put(p, "      group %s, %d registers:", elbo_shape_format(&g->shape).text, g->registers);
    for (size_t i = 0; i < g->n_steps; i++) {
        const elbo__step *s = &g->steps[i];
        if (s->kind == ELBO__COMPUTE)
            put(p, " %s", elbo__elementwise_name(s->elementwise));
        if (s->kind == ELBO__LOAD || s->operand == ELBO__NONE)
            continue;
        put(p, " ->");
        put_operand(p, plan, &instr->in[s->operand]);
    }
    put(p, "\n");
}

static void put_loop(page *p, const elbo_plan *plan, const elbo__loop *loop)
{
    put(p, "    loop of %lld units in %lld blocks of %lld\n", (long long)loop->units,
        (long long)elbo__loop_blocks(loop), (long long)loop->grain);
    for (size_t i = 0; i < loop->n_instrs; i++) {
        const elbo__instr *instr = &loop->instrs[i];
        if (instr->group) {
            put_group(p, plan, instr);
            continue;
        }
        put_time(p, plan, instr);
        put(p, "      %s:", instr->op->name);
        for (int k = 0; k < instr->n_in; k++)
            put_operand(p, plan, &instr->in[k]);
        put(p, " ->");
        put_operand(p, plan, &instr->out);
        put(p, "\n");
    }
}

char *elbo_plan_describe(const elbo_plan *plan)
{
    page p = {0};
    size_t work = 0, views = 0, leaves = 0;
    for (size_t id = 0; id < plan->n_nodes; id++) {
        views += plan->nodes[id].is_view;
        leaves += (plan->nodes[id].op->flags & ELBO__LEAF) != 0;
    }
    work = plan->n_nodes - views - leaves;
    put(&p, "plan of %s: %zu nodes (%zu that work, %zu views, %zu leaves) in %d stages\n", elbo_dtype_name(plan->dtype),
        plan->n_nodes, work, views, leaves, plan->n_stages);
    put(&p, "products: %.6g MFLOP a run; memory: %zu bytes shared, %zu a thread\n", plan->product_flops * 1e-6,
        plan->shared_bytes, plan->local_bytes + plan->scratch_bytes);
    for (size_t i = 0; i < plan->n_loops; i++) {
        if (i == 0 || plan->loops[i].stage != plan->loops[i - 1].stage)
            put(&p, "  stage %d\n", plan->loops[i].stage);
        put_loop(&p, plan, &plan->loops[i]);
    }
    if (plan->watched)
        put(&p, " %7.1f us at barriers\n", microseconds(plan, plan->n_instrs));
    if (p.failed) {
        elbo__free(p.text);
        return NULL;
    }
    return p.text;
}
