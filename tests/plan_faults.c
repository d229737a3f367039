#include "plan_faults.h"

#include <string.h>

#include "fuzz_graph.h"

/* ---- places ------------------------------------------------------------------------------------------------------ */

/* An access to memory: an operand of a kernel, or of a step of a group. */
typedef struct {
    elbo_plan *plan;
    elbo__loop *loop;
    elbo__instr *instr;
    int at; /* kernels: which operand, the output last; groups: which step */
    elbo__operand *operand;
    elbo__step *step; /* NULL for kernels */
    elbo__buffer *buffer;
    bool write;
} place;

/* Goes on to the next one; false behind the last. Starts with `plan` alone. */
static bool next_place(place *p)
{
    elbo__loop *end = p->plan->loops + p->plan->n_loops;
    if (!p->loop) {
        p->loop = p->plan->loops;
        p->instr = p->loop < end ? p->loop->instrs : NULL;
        p->at = -1;
    }
    while (p->loop < end) {
        int count = p->instr->group ? (int)p->instr->group->n_steps : p->instr->n_in + 1;
        while (++p->at < count) {
            p->step = p->instr->group ? &p->instr->group->steps[p->at] : NULL;
            p->write = p->step ? p->step->kind != ELBO__LOAD : p->at == p->instr->n_in;
            if (p->step && p->step->operand == ELBO__NONE)
                continue;
            p->operand = p->step ? &p->instr->in[p->step->operand] : p->write ? &p->instr->out : &p->instr->in[p->at];
            p->buffer = &p->plan->buffers[p->operand->buffer];
            return true;
        }
        p->at = -1;
        if (++p->instr == p->loop->instrs + p->loop->n_instrs && ++p->loop < end)
            p->instr = p->loop->instrs;
    }
    return false;
}

static int64_t size_of(const place *p)
{
    return elbo_shape_size(&p->operand->layout.shape);
}

static bool in_blocks(const place *p)
{
    return elbo__loop_blocks(p->loop) > 1 && size_of(p) > 0;
}

/* ---- stages and blocks ------------------------------------------------------------------------------------------- */

static bool behind_a_barrier(const place *p)
{
    return p->loop->stage > 0;
}

static void drop_barrier(const place *p)
{
    int stage = p->loop->stage;
    for (size_t i = 0; i < p->plan->n_loops; i++)
        p->plan->loops[i].stage -= p->plan->loops[i].stage >= stage;
    p->plan->n_stages--;
}

static void skip_last_block(const place *p)
{
    p->loop->units = (elbo__loop_blocks(p->loop) - 1) * p->loop->grain;
}

static bool local_in_blocks(const place *p)
{
    return p->buffer->class == ELBO__LOCAL && elbo__loop_blocks(p->loop) > p->loop->run;
}

static void lengthen_run(const place *p)
{
    p->loop->run++;
}

/* ---- how operands move ------------------------------------------------------------------------------------------- */

static bool moves_and_is_read(const place *p)
{
    return !p->write && p->operand->axis >= 0 && in_blocks(p);
}

static bool is_whole(const place *p)
{
    return !p->write && p->operand->axis == ELBO__UNCUT && p->operand->layout.shape.ndim && in_blocks(p);
}

static bool steps_on(const place *p)
{
    return moves_and_is_read(p) && p->operand->layout.strides[p->operand->axis] != 0;
}

static void one_more(const place *p)
{
    p->operand->per_unit++;
}

static void move_whole(const place *p)
{
    int64_t per_unit = p->operand->layout.shape.dim[0] / p->loop->units;
    p->operand->axis = 0;
    p->operand->per_unit = per_unit ? per_unit : 1;
}

static void keep_in_place(const place *p)
{
    p->operand->layout.strides[p->operand->axis] = 0;
}

/* ---- where memory lies ------------------------------------------------------------------------------------------- */

/* A smaller buffer that lives elsewhere at the same time as that of the place. */
static elbo__buffer *neighbour(const place *p)
{
    const elbo__buffer *a = p->buffer;
    bool arena = a->class == ELBO__SHARED || a->class == ELBO__LOCAL;
    for (size_t i = 0; i < p->plan->n_buffers && arena; i++) {
        elbo__buffer *b = &p->plan->buffers[i];
        if (a->class == b->class && a->loop == b->loop && a->at != b->at && a->size >= b->size && b->size > 0 &&
            elbo_dtype_size(a->dtype) >= elbo_dtype_size(b->dtype) && a->first <= b->last && b->first <= a->last)
            return b;
    }
    return NULL;
}

static bool shared_beside(const place *p)
{
    return p->buffer->class == ELBO__SHARED && neighbour(p);
}

static bool local_beside(const place *p)
{
    return p->buffer->class == ELBO__LOCAL && neighbour(p);
}

static void share_memory(const place *p)
{
    neighbour(p)->at = p->buffer->at;
}

static bool lives_on(const place *p)
{
    const elbo__buffer *b = p->buffer;
    return (b->class == ELBO__SHARED || b->class == ELBO__LOCAL) && b->last > b->first && b->last != INT32_MAX;
}

static void shorten_lifetime(const place *p)
{
    p->buffer->last--;
    if (elbo__plan_recut(p->plan, 0, 0) != ELBO_OK)
        p->buffer->at = SIZE_MAX / 2;
}

/* ---- what is read ------------------------------------------------------------------------------------------------ */

static bool reads_part(const place *p)
{
    return !p->write && size_of(p) > 0 && size_of(p) < p->buffer->size;
}

static void shift_view(const place *p)
{
    p->operand->layout.offset += p->operand->layout.offset ? -1 : 1;
}

/* The first of two axes that can be confused; -1 when there are none. */
static int confusable(const place *p)
{
    const elbo_layout *l = &p->operand->layout;
    for (int i = 0; i + 1 < l->shape.ndim && !p->write; i++)
        if (l->shape.dim[i] > 1 && l->shape.dim[i + 1] > 1 && l->strides[i] != l->strides[i + 1])
            return i;
    return -1;
}

static bool has_confusable(const place *p)
{
    return confusable(p) >= 0;
}

static void confuse_strides(const place *p)
{
    int64_t *strides = &p->operand->layout.strides[confusable(p)], first = strides[0];
    strides[0] = strides[1];
    strides[1] = first;
}

/* Another buffer like the one that is read; NONE when there is none. */
static int twin(const place *p)
{
    const elbo__buffer *a = p->buffer;
    bool values = !p->write && a->class != ELBO__PARAM && a->class != ELBO__CONSTANT && a->size > 0;
    for (size_t i = 0; i < p->plan->n_buffers && values; i++) {
        const elbo__buffer *b = &p->plan->buffers[i];
        if (a != b && a->class == b->class && a->dtype == b->dtype && a->size == b->size && a->loop == b->loop)
            return (int)i;
    }
    return ELBO__NONE;
}

static bool has_twin(const place *p)
{
    return twin(p) != ELBO__NONE;
}

static void read_twin(const place *p)
{
    p->operand->buffer = twin(p);
}

static bool is_constant(const place *p)
{
    return p->buffer->class == ELBO__CONSTANT && p->buffer->size > 0;
}

static void change_constant(const place *p)
{
    const int64_t first[1] = {0};
    elbo_tensor x = elbo_tensor_of(p->buffer->dtype, ELBO_SHAPE(p->buffer->size), p->plan->constants + p->buffer->at);
    elbo_tensor_set(&x, first, elbo_tensor_get(&x, first) + 1);
}

static bool in_second_slab(const place *p)
{
    return p->buffer->class == ELBO__PARAM && p->buffer->slab > 0;
}

static void take_values(const place *p)
{
    p->buffer->slab = 0;
}

static bool draws_in_blocks(const place *p)
{
    const elbo__op *op = p->instr->op;
    return (op == &elbo__op_random_normal || op == &elbo__op_random_uniform) && in_blocks(p);
}

static void draw_from_the_start(const place *p)
{
    p->instr->axis = ELBO__UNCUT;
}

/* ---- the order of instructions ----------------------------------------------------------------------------------- */

/* The first instruction of the loop behind the place that reads (or writes) the place's buffer; NULL when there is
 * none. */
static elbo__instr *later_access(const place *p, bool write)
{
    place q = *p;
    while (next_place(&q) && q.loop == p->loop)
        if (q.instr > p->instr && q.operand->buffer == p->operand->buffer && q.write == write)
            return q.instr;
    return NULL;
}

static bool read_later(const place *p)
{
    return p->write && later_access(p, false);
}

static bool assigned_later(const place *p)
{
    return !p->write && p->buffer->class == ELBO__PARAM && later_access(p, true);
}

/* The later access comes first, in the list of nodes, too. */
static void hurry(const place *p)
{
    elbo__instr *later = later_access(p, !p->write), early = *later;
    int first = (int)(p->instr - p->loop->instrs), last = (int)(later - p->loop->instrs);
    memmove(p->instr + 1, p->instr, (size_t)(last - first) * sizeof early);
    *p->instr = early;
    for (size_t i = 0; i < p->loop->n_nodes; i++) {
        int *instr = &p->plan->nodes[p->loop->nodes[i]].instr;
        *instr = *instr == last ? first : *instr >= first && *instr < last ? *instr + 1 : *instr;
    }
}

/* ---- groups ------------------------------------------------------------------------------------------------------ */

static bool stores_a_value(const place *p)
{
    return p->step && p->write && p->buffer->class != ELBO__PARAM;
}

static bool stores_a_parameter(const place *p)
{
    return p->step && p->write && p->buffer->class == ELBO__PARAM;
}

static void lose_store(const place *p)
{
    elbo__group *g = p->instr->group;
    if (p->step->kind == ELBO__COMPUTE)
        p->step->operand = ELBO__NONE;
    else
        memmove(p->step, p->step + 1, (--g->n_steps - (size_t)p->at) * sizeof *p->step);
}

static bool loads_many(const place *p)
{
    return p->step && !p->write && !p->step->once && size_of(p) > 1;
}

static bool loads_strided(const place *p)
{
    return loads_many(p) && !p->step->direct;
}

static void load_once(const place *p)
{
    p->step->once = true;
    p->step->direct = false;
}

static void load_directly(const place *p)
{
    p->step->direct = true;
}

static bool works_by_rows(const place *p)
{
    const elbo__group *g = p->instr->group;
    return g && p->step && p->step->direct && g->row_axes < g->shape.ndim &&
           !elbo__lane_in_place(&p->operand->layout, g->row_axes + 1);
}

static void lengthen_rows(const place *p)
{
    p->instr->group->row_axes++;
}

static bool has_tail(const place *p)
{
    const elbo__group *g = p->instr->group;
    return g && g->shape.ndim > (p->instr->axis >= 0) && g->shape.dim[g->shape.ndim - 1] > 1;
}

static void skip_tail(const place *p)
{
    elbo__group *g = p->instr->group;
    g->shape.dim[g->shape.ndim - 1]--;
}

static bool loads_among_others(const place *p)
{
    return p->step && !p->write && p->instr->group->registers > 1;
}

static void load_elsewhere(const place *p)
{
    p->step->to = (p->step->to + 1) % p->instr->group->registers;
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    bool (*fits)(const place *p);
    void (*change)(const place *p);
} faults[] = {
    {"a barrier is dropped", behind_a_barrier, drop_barrier},
    {"the last block is skipped", in_blocks, skip_last_block},
    {"a run of blocks is longer than its memory", local_in_blocks, lengthen_run},
    {"an operand moves by one row too many", moves_and_is_read, one_more},
    {"a whole operand moves with the block", is_whole, move_whole},
    {"a moving operand stays in place", steps_on, keep_in_place},
    {"two live shared buffers lie in the same memory", shared_beside, share_memory},
    {"two live local buffers lie in the same memory", local_beside, share_memory},
    {"a lifetime is one too short", lives_on, shorten_lifetime},
    {"a view begins one element off", reads_part, shift_view},
    {"the strides of two axes are confused", has_confusable, confuse_strides},
    {"another buffer of the same size is read", has_twin, read_twin},
    {"a constant is stale", is_constant, change_constant},
    {"a slab is taken for the values", in_second_slab, take_values},
    {"every block draws the first rows' numbers", draws_in_blocks, draw_from_the_start},
    {"a value is read before it is computed", read_later, hurry},
    {"an assignment comes before its readers", assigned_later, hurry},
    {"a group does not store a value", stores_a_value, lose_store},
    {"a group does not store an assignment", stores_a_parameter, lose_store},
    {"many numbers are loaded as one", loads_many, load_once},
    {"strided numbers are loaded as a row", loads_strided, load_directly},
    {"rows are longer than they are", works_by_rows, lengthen_rows},
    {"the tail of a group is skipped", has_tail, skip_tail},
    {"a group loads into another register", loads_among_others, load_elsewhere},
};
const int plan_faults_count = sizeof faults / sizeof faults[0];

const char *plan_fault_name(int fault)
{
    return faults[fault].name;
}

bool plan_fault_plant(elbo_plan *plan, int fault, uint64_t seed)
{
    uint64_t n = 0;
    for (place p = {.plan = plan}; next_place(&p);)
        n += faults[fault].fits(&p);
    uint64_t left = n ? fuzz_hash(seed, 77) % n : 0;
    for (place p = {.plan = plan}; n && next_place(&p);)
        if (faults[fault].fits(&p) && left-- == 0) {
            faults[fault].change(&p);
            return true;
        }
    return false;
}
