/* A plan in words: stages, loops, instructions, buffers, work, and for a watched plan time. Stable, so that a test can
 * compare it. */
#include <string.h>

#include "../../tensor/memory.h"
#include "print.h"

const char *elbo__class_name(elbo__class class)
{
    static const char *const names[] = {[ELBO__PARAM] = "param",
                                        [ELBO__INPUT] = "input",
                                        [ELBO__CONSTANT] = "constant",
                                        [ELBO__SHARED] = "shared",
                                        [ELBO__LOCAL] = "local"};
    return names[class];
}

/* ---- names ----------------------------------------------------------------------------------------------------- */

static const elbo__node *leaf_of(const elbo_plan *plan, int buffer)
{
    for (size_t id = 0; id < plan->n_nodes; id++)
        if (plan->nodes[id].op->flags & ELBO__LEAF && plan->nodes[id].buffer == buffer)
            return &plan->nodes[id];
    return NULL;
}

static double constant_value(const elbo_plan *plan, const elbo__buffer *b)
{
    elbo_tensor number = elbo_tensor_of(b->dtype, ELBO_SCALAR, plan->constants + b->at);
    return elbo_tensor_get(&number, NULL);
}

void elbo__put_name(elbo__page *page, const elbo_plan *plan, int buffer)
{
    const elbo__buffer *b = &plan->buffers[buffer];
    const elbo__node *leaf = b->class == ELBO__PARAM ? leaf_of(plan, buffer) : NULL;
    if (b->class == ELBO__INPUT)
        elbo__page_put(page, "%s", plan->inputs[b->input].name);
    else if (leaf && leaf->name)
        elbo__page_put(page, "%s", leaf->name);
    else if (b->class == ELBO__CONSTANT && b->size == 1)
        elbo__page_put(page, "%g", constant_value(plan, b));
    else
        elbo__page_put(page, "%s%d", elbo__class_name(b->class), buffer);
}

/* The stream of a random draw; NULL for other instructions. */
static const char *stream_of(const elbo_plan *plan, const elbo__loop *loop, size_t instr)
{
    for (size_t i = 0; i < loop->n_nodes; i++) {
        const elbo__node *node = &plan->nodes[loop->nodes[i]];
        if (node->instr == (int)instr && node->op == loop->instrs[instr].op)
            return node->name;
    }
    return NULL;
}

/* ---- the head -------------------------------------------------------------------------------------------------- */

static void put_nodes(elbo__page *p, const elbo_plan *plan)
{
    size_t views = 0, leaves = 0;
    for (size_t id = 0; id < plan->n_nodes; id++) {
        views += plan->nodes[id].is_view;
        leaves += (plan->nodes[id].op->flags & ELBO__LEAF) != 0;
    }
    elbo__page_put(p, "plan of %s: %zu nodes (%zu that work, %zu views, %zu leaves) in %d stages\n",
                   elbo_dtype_name(plan->dtype), plan->n_nodes, plan->n_nodes - views - leaves, views, leaves,
                   plan->n_stages);
    elbo__page_put(p, "loops %zu, instructions %zu, barriers %d, threads %d\n", plan->n_loops, plan->n_instrs,
                   plan->n_stages > 0 ? plan->n_stages - 1 : 0, plan->threads);
}

static void put_work(elbo__page *p, const elbo_plan *plan)
{
    double flops = 0, bytes = 0;
    for (size_t l = 0; l < plan->n_loops; l++)
        for (size_t i = 0; i < plan->loops[l].n_instrs; i++) {
            flops += elbo__instr_flops(&plan->loops[l].instrs[i]);
            bytes += elbo__instr_bytes(plan, &plan->loops[l].instrs[i]);
        }
    elbo__page_put(p, "%14s in products\n", elbo__quantity(plan->product_flops, "FLOP").text);
    elbo__page_put(p, "%14s in groups and sums\n", elbo__quantity(flops - plan->product_flops, "FLOP").text);
    elbo__page_put(p, "%14s read and written, each operand of an instruction once\n", elbo__quantity(bytes, "B").text);
}

/* Bytes of a buffer: of one block where it is local. */
static double buffer_bytes(const elbo_plan *plan, const elbo__buffer *b)
{
    double blocks = b->class == ELBO__LOCAL ? (double)plan->loops[b->loop].grain : 1;
    return (double)b->size * blocks * (double)elbo_dtype_size(b->dtype);
}

static void put_memory(elbo__page *p, const elbo_plan *plan)
{
    static const char *const outside[] = {
        [ELBO__PARAM] = "parameters", [ELBO__INPUT] = "inputs", [ELBO__CONSTANT] = "constants"};
    for (elbo__class c = ELBO__PARAM; c <= ELBO__CONSTANT; c++) {
        double bytes = 0;
        for (size_t i = 0; i < plan->n_buffers; i++)
            bytes += plan->buffers[i].class == c ? buffer_bytes(plan, &plan->buffers[i]) : 0;
        elbo__page_put(p, "%14s of %s\n", elbo__quantity(bytes, "B").text, outside[c]);
    }
    elbo__page_put(p, "%14s of shared buffers\n", elbo__quantity((double)plan->shared_bytes, "B").text);
    elbo__page_put(p, "%14s a thread of local buffers, and ", elbo__quantity((double)plan->local_bytes, "B").text);
    elbo__page_put(p, "%s to work in\n", elbo__quantity((double)plan->scratch_bytes, "B").text);
}

static void put_scaling(elbo__page *p, const elbo__account *account)
{
    double alone, together;
    p->failed |= elbo__seconds_on(account, 1, &alone) != ELBO_OK;
    elbo__page_put(p, "as blocks divide, were barriers and memory no limit, on 1 thread 1");
    for (int threads = 2; threads <= 16; threads *= 2) {
        p->failed |= elbo__seconds_on(account, threads, &together) != ELBO_OK;
        elbo__page_put(p, ", on %d %.2f", threads, together > 0 ? alone / together : 1);
    }
    elbo__page_put(p, " times as fast\n");
}

static void put_times(elbo__page *p, const elbo__account *account)
{
    static const char *const names[ELBO__SPENDINGS] = {
        [ELBO__IN_PRODUCTS] = "products",
        [ELBO__IN_GROUPS] = "fused groups",
        [ELBO__IN_KERNELS] = "other kernels",
        [ELBO__WAITING] = "waiting for other threads, between stages and at the end",
        [ELBO__STARTING] = "starting threads",
        [ELBO__ELSEWHERE] = "everything else",
    };
    double by[ELBO__SPENDINGS];
    elbo__run_spendings(account, by);
    elbo__page_put(p, "%11.1f us a run, the mean of the quicker %d of %d; of each thread's time:\n",
                   1e6 * account->seconds, account->counted, account->runs);
    for (int i = 0; i < ELBO__SPENDINGS; i++)
        elbo__page_put(p, "%11.1f us %5.1f %%  %s\n", 1e6 * by[i],
                       account->seconds > 0 ? 100 * by[i] / account->seconds : 0, names[i]);
    put_scaling(p, account);
}

/*   thread 1     1050.2 us in products,   201.0 in groups,   20.1 in other kernels,   10.0 waiting before it */
static void put_stage_times(elbo__page *p, const elbo__account *account, int stage)
{
    for (int t = 0; t < account->team; t++) {
        double by[ELBO__SPENDINGS];
        elbo__stage_seconds(account, stage, t, by);
        elbo__page_put(p, "  thread %-2d %9.1f us in products,%9.1f in groups,%9.1f in other kernels,%8.1f %s\n", t,
                       1e6 * by[ELBO__IN_PRODUCTS], 1e6 * by[ELBO__IN_GROUPS], 1e6 * by[ELBO__IN_KERNELS],
                       1e6 * (by[ELBO__WAITING] + by[ELBO__STARTING]),
                       stage ? "waiting before it" : "until it started");
    }
}

/* ---- loops ----------------------------------------------------------------------------------------------------- */

enum { STEPS = 31 }; /* the column of a group's steps, and of what is left of a long line */

/* `cut`: the loop has several blocks, each of which reads its part of an operand, or the whole of it. */
static void put_operand(elbo__page *p, const elbo_plan *plan, const elbo__operand *operand, bool cut)
{
    elbo__put_name(p, plan, operand->buffer);
    elbo__page_put(p, "%s%s", elbo_shape_format(&operand->layout.shape).text,
                   cut && operand->axis == ELBO__UNCUT ? " whole" : "");
}

/* local7(128, 400) = matmul(shared4(128, 784), encoder.hidden.weight(784, 400) whole) */
static void put_kernel(elbo__page *p, const elbo_plan *plan, const elbo__loop *loop, size_t number)
{
    const elbo__instr *instr = &loop->instrs[number];
    const char *stream = stream_of(plan, loop, number);
    bool cut = elbo__loop_blocks(loop) > 1;
    elbo__page line = {0};
    put_operand(&line, plan, &instr->out, cut);
    elbo__page_put(&line, " = %s(%s", instr->op->name, stream ? stream : "");
    for (int k = 0; k < instr->n_in; k++) {
        elbo__page_put(&line, "%s", k ? ", " : "");
        put_operand(&line, plan, &instr->in[k], cut);
    }
    elbo__page_put(&line, ")");
    p->failed |= line.failed;
    if (!line.failed)
        elbo__page_wrap(p, STEPS, line.text);
    elbo__page_put(p, "\n");
    elbo__page_clear(&line);
}

/* The columns before an instruction. */
static void put_costs(elbo__page *p, const elbo_plan *plan, const elbo__account *account, const elbo__instr *instr)
{
    const double flops = elbo__instr_flops(instr), bytes = elbo__instr_bytes(plan, instr);
    elbo__page_put(p, "%14s", flops > 0 ? elbo__quantity(flops, "FLOP").text : "");
    elbo__page_put(p, "%11s", elbo__quantity(bytes, "B").text);
    if (account) {
        const bool product = elbo__multiplies(instr);
        const double own = elbo__instr_seconds(account, instr), work = (product ? flops : bytes) / account->team;
        elbo__page_put(p, "%9.1f us %5.1f %%%7.1f %s", 1e6 * own,
                       account->seconds > 0 ? 100 * own / account->seconds : 0, own > 0 ? 1e-9 * work / own : 0,
                       product ? "GFLOP/s" : "GB/s   ");
    }
    elbo__page_put(p, "  ");
}

/* group (400, 784), 8 registers, unless shared99 is 0 */
static void put_group(elbo__page *p, const elbo_plan *plan, const elbo__instr *instr)
{
    const elbo__group *g = instr->group;
    elbo__page_put(p, "group %s, %d registers", elbo_shape_format(&g->shape).text, g->registers);
    if (g->condition != ELBO__NONE) {
        elbo__page_put(p, ", unless ");
        elbo__put_name(p, plan, instr->in[g->condition].buffer);
        elbo__page_put(p, " is 0");
    }
    elbo__page_put(p, "\n");
    elbo__put_steps(p, plan, instr, STEPS);
}

static void put_loop(elbo__page *p, const elbo_plan *plan, const elbo__account *account, const elbo__loop *loop)
{
    elbo__page_put(p, "  loop %d: units %lld, blocks %lld of %lld", (int)(loop - plan->loops), (long long)loop->units,
                   (long long)elbo__loop_blocks(loop), (long long)loop->grain);
    if (loop->local)
        elbo__page_put(p, ", %lld at a time in %s", (long long)loop->run,
                       elbo__quantity((double)loop->local, "B").text);
    elbo__page_put(p, "\n");
    for (size_t i = 0; i < loop->n_instrs; i++) {
        const elbo__instr *instr = &loop->instrs[i];
        put_costs(p, plan, account, instr);
        if (instr->group) {
            put_group(p, plan, instr);
        } else {
            put_kernel(p, plan, loop, i);
        }
    }
}

/* ---- buffers --------------------------------------------------------------------------------------------------- */

static bool listed(const elbo__buffer *b, elbo__class class, int loop)
{
    return b->class == class && (class != ELBO__LOCAL || b->loop == loop) && (class != ELBO__CONSTANT || b->size != 1);
}

/* 1.25 MB  shared57, 1 to 2 */
static void put_buffer(elbo__page *p, const elbo_plan *plan, int buffer)
{
    const elbo__buffer *b = &plan->buffers[buffer];
    elbo__page_put(p, "%14s  ", elbo__quantity(buffer_bytes(plan, b), "B").text);
    elbo__put_name(p, plan, buffer);
    if (b->dtype != plan->dtype)
        elbo__page_put(p, ", %s", elbo_dtype_name(b->dtype));
    if (b->class != ELBO__SHARED && b->class != ELBO__LOCAL)
        return;
    elbo__page_put(p, ", %d", b->first);
    if (b->last == INT32_MAX)
        elbo__page_put(p, " to the end");
    else if (b->last != b->first)
        elbo__page_put(p, " to %d", b->last);
}

/* Those of a class, the local ones of one loop, in columns; nothing where there are none. */
static void put_buffers(elbo__page *p, const elbo_plan *plan, elbo__class class, int loop)
{
    static const struct {
        const char *title;
        size_t column;
    } lists[] = {
        [ELBO__PARAM] = {"parameters", 54},
        [ELBO__INPUT] = {"inputs", 36},
        [ELBO__CONSTANT] = {"constants", 36},
        [ELBO__SHARED] = {"shared buffers, and from which stage to which", 36},
        [ELBO__LOCAL] = {"local buffers for one block, and from which instruction to which, of loop", 36},
    };
    const size_t column = lists[class].column;
    size_t line = 0; /* where it begins; 0: not begun */
    for (size_t i = 0; i < plan->n_buffers; i++) {
        if (!listed(&plan->buffers[i], class, loop))
            continue;
        size_t next = line ? (p->length - line + column - 1) / column * column : 0;
        if (!line)
            elbo__page_put(p, class == ELBO__LOCAL ? "%s %d" : "%s", lists[class].title, loop);
        if (line && next + column <= ELBO__PAGE_WIDTH) {
            elbo__page_put(p, "%*s", (int)(line + next - p->length), "");
        } else {
            elbo__page_put(p, "\n");
            line = p->length;
        }
        put_buffer(p, plan, (int)i);
    }
    if (line)
        elbo__page_put(p, "\n");
}

static void put_all_buffers(elbo__page *p, const elbo_plan *plan)
{
    for (elbo__class class = ELBO__PARAM; class < ELBO__LOCAL; class ++)
        put_buffers(p, plan, class, ELBO__NONE);
    for (size_t i = 0; i < plan->n_loops; i++)
        put_buffers(p, plan, ELBO__LOCAL, (int)i);
}

/* ---- all of it ------------------------------------------------------------------------------------------------- */

static void put_all(elbo__page *p, const elbo_plan *plan, const elbo__account *account)
{
    put_nodes(p, plan);
    put_work(p, plan);
    put_memory(p, plan);
    if (account)
        put_times(p, account);
    for (size_t i = 0; i < plan->n_loops; i++) {
        const int stage = plan->loops[i].stage;
        if (i == 0 || stage != plan->loops[i - 1].stage) {
            elbo__page_put(p, "\nstage %d\n", stage);
            if (account)
                put_stage_times(p, account, stage);
        }
        put_loop(p, plan, account, &plan->loops[i]);
    }
    elbo__page_put(p, "\n");
    put_all_buffers(p, plan);
}

char *elbo_plan_describe(const elbo_plan *plan)
{
    const bool watched = plan->watch.runs > 0;
    elbo__account account = {.plan = plan};
    elbo__page p = {0};
    p.failed = watched && elbo__account_make(&account, plan) != ELBO_OK;
    if (!p.failed)
        put_all(&p, plan, watched ? &account : NULL);
    elbo__account_free(&account);
    if (p.failed)
        elbo__page_clear(&p);
    return p.text;
}
