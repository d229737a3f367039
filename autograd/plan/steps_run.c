/* The steps of a fused group at work: chunk after chunk through the kernels, by way of registers in memory. */
#include <string.h>

#include "ir.h"

/* Elements [first, first + n) of a layout in row-major order, into one row; converts u8 and i32. */
static void load(const elbo__kernels *kernels, elbo_dtype dtype, void *to, const elbo_tensor *from, int64_t first,
                 int64_t n)
{
    const elbo_layout *l = &from->layout;
    size_t size = elbo_dtype_size(dtype), from_size = elbo_dtype_size(from->dtype);
    int last = l->shape.ndim - 1;
    int64_t index[ELBO_MAX_RANK], rest = first;
    for (int i = last; i >= 0; i--) {
        index[i] = i ? rest % l->shape.dim[i] : rest;
        rest = i ? rest / l->shape.dim[i] : 0;
    }
    while (n > 0) {
        int64_t row = l->shape.dim[last] - index[last], step = l->strides[last];
        row = last == 0 || row > n ? n : row;
        const char *x = (const char *)from->data + elbo__layout_at(l, index) * (int64_t)from_size;
        if (from->dtype == dtype && step == 1)
            memcpy(to, x, (size_t)row * size);
        else if (from->dtype == ELBO_U8 && step == 1)
            kernels->from_u8(row, to, (const uint8_t *)x);
        else if (from->dtype == ELBO_I32 && step == 1)
            kernels->from_i32(row, to, (const int32_t *)x);
        else
            kernels->strided(row, to, from->dtype, x, step);
        to = (char *)to + row * (int64_t)size;
        n -= row;
        index[last] += row;
        for (int i = last; i > 0 && index[i] == l->shape.dim[i]; i--) {
            index[i] = 0;
            index[i - 1]++;
        }
    }
}

static void store(elbo_dtype dtype, const elbo_tensor *to, const void *from, int64_t first, int64_t n)
{
    const elbo_layout *l = &to->layout;
    size_t size = elbo_dtype_size(dtype);
    if (elbo_layout_contiguous(l)) {
        memcpy((char *)to->data + (l->offset + first) * (int64_t)size, from, (size_t)n * size);
        return;
    }
    elbo__walk w = elbo__walk_start(&l->shape);
    for (int i = l->shape.ndim - 1; i >= 0; i--) {
        w.index[i] = first % l->shape.dim[i];
        first /= l->shape.dim[i];
    }
    for (const char *x = from; n > 0; n--, x += size, elbo__walk_next(&w))
        memcpy((char *)to->data + elbo__layout_at(l, w.index) * (int64_t)size, x, size);
}

/* What is done to every chunk: a kernel call, a load that a kernel cannot do itself, or a store. Operand i of the chunk that
 * begins at element `first` is at[i] + first * move[i] (move is 0 for a register of the group); at[0] is the result. */
typedef struct {
    elbo__elementwise_kernel kernel; /* NULL: a load or a store of `part` */
    const elbo_tensor *part;
    bool loads;
    char *at[4];
    size_t move[4];
} task;

size_t elbo__parts_bytes(int n)
{
    return ((size_t)n * sizeof(elbo_tensor) + 63) / 64 * 64;
}

size_t elbo__steps_bytes(const elbo__group *g, elbo_dtype dtype)
{
    return (size_t)g->registers * (ELBO__CHUNK * elbo_dtype_size(dtype) + sizeof(char *) + sizeof(size_t)) +
           g->n_steps * sizeof(task);
}

/* Makes the list of tasks; what is one number for all chunks is filled in here. */
static size_t prepare(const elbo__group *g, elbo_dtype dtype, const elbo_tensor *parts, int64_t total, char *registers,
                      char **at, size_t *move, task *tasks)
{
    const elbo__kernels *kernels = elbo__kernels_for(dtype);
    size_t size = elbo_dtype_size(dtype), n = 0;
    for (size_t i = 0; i < g->n_steps; i++) {
        const elbo__step *s = &g->steps[i];
        const elbo_tensor *part = s->operand >= 0 ? &parts[s->operand] : NULL;
        char *own = registers + (size_t)s->to * ELBO__CHUNK * size;
        char *memory = part ? (char *)part->data + part->layout.offset * (int64_t)elbo_dtype_size(part->dtype) : NULL;
        if (s->kind == ELBO__STORE) {
            tasks[n++] = (task){.part = part, .at = {at[s->from[0]]}, .move = {move[s->from[0]]}};
            continue;
        }
        bool in_memory = s->kind == ELBO__LOAD ? s->direct : part != NULL;
        if (s->kind == ELBO__LOAD && s->once)
            kernels->strided(total < ELBO__CHUNK ? total : ELBO__CHUNK, own, part->dtype, memory, 0);
        else if (s->kind == ELBO__LOAD && !s->direct)
            tasks[n++] = (task){.part = part, .loads = true, .at = {own}};
        if (s->kind == ELBO__COMPUTE) {
            task *t = &tasks[n++];
            *t = (task){.kernel = kernels->elementwise[s->elementwise]};
            for (int k = 0; k < 3; k++) {
                t->at[1 + k] = at[s->from[k]];
                t->move[1 + k] = move[s->from[k]];
            }
        }
        at[s->to] = in_memory ? memory : own;
        move[s->to] = in_memory ? size : 0;
        if (s->kind == ELBO__COMPUTE) {
            tasks[n - 1].at[0] = at[s->to];
            tasks[n - 1].move[0] = move[s->to];
        }
    }
    return n;
}

void elbo__steps_run(const elbo__group *g, elbo_dtype dtype, const elbo_tensor *parts, int64_t total, char *memory)
{
    const elbo__kernels *kernels = elbo__kernels_for(dtype);
    char *registers = memory;
    task *tasks = (task *)(void *)(registers + (size_t)g->registers * ELBO__CHUNK * elbo_dtype_size(dtype));
    char **at = (char **)(void *)(tasks + g->n_steps);
    size_t *move = (size_t *)(void *)(at + g->registers), n_tasks;
    memset(at, 0, (size_t)g->registers * (sizeof *at + sizeof *move)); /* rows of one operand name register 0 for the others */
    n_tasks = prepare(g, dtype, parts, total, registers, at, move, tasks);
    for (int64_t first = 0; first < total; first += ELBO__CHUNK) {
        int64_t n = total - first < ELBO__CHUNK ? total - first : ELBO__CHUNK;
        for (const task *t = tasks; t < tasks + n_tasks; t++) {
#define AT(i) (t->at[i] + (size_t)first * t->move[i])
            if (t->kernel)
                t->kernel(n, AT(0), AT(1), AT(2), AT(3));
            else if (t->loads)
                load(kernels, dtype, t->at[0], t->part, first, n);
            else
                store(dtype, t->part, AT(0), first, n);
#undef AT
        }
    }
}
