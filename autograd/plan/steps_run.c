/* The steps of a fused group at work: chunk after chunk through the kernels, by way of registers in memory. */
#include <string.h>

#include "ir.h"

/* The same elements in the same order with as few axes as can be: the fewer, the longer are the rows that a load works
 * on. */
static elbo_layout joined(const elbo_layout *l)
{
    elbo_layout out = {.offset = l->offset};
    for (int i = 0; i < l->shape.ndim; i++) {
        int last = out.shape.ndim - 1;
        if (l->shape.dim[i] == 1)
            continue;
        if (last >= 0 && out.strides[last] == l->strides[i] * l->shape.dim[i]) {
            out.shape.dim[last] *= l->shape.dim[i];
            out.strides[last] = l->strides[i];
        } else {
            out.shape.dim[out.shape.ndim] = l->shape.dim[i];
            out.strides[out.shape.ndim++] = l->strides[i];
        }
    }
    if (out.shape.ndim == 0) {
        out.shape = ELBO_SHAPE(1);
        out.strides[0] = 1;
    }
    return out;
}

/* The index of element `first` of a layout in row-major order; that of axis 0 may go beyond its end. */
static void index_of(const elbo_layout *l, int64_t first, int64_t index[ELBO_MAX_RANK])
{
    for (int i = l->shape.ndim - 1; i > 0; i--) {
        index[i] = first % l->shape.dim[i];
        first /= l->shape.dim[i];
    }
    index[0] = first;
}

/* From there on by `rows` along axis `axis`, whose index is at most its size then. */
static void step_on(const elbo_layout *l, int axis, int64_t by, int64_t index[ELBO_MAX_RANK])
{
    index[axis] += by;
    for (int i = axis; i > 0 && index[i] == l->shape.dim[i]; i--) {
        index[i] = 0;
        index[i - 1]++;
    }
}

/* How many whole short rows that a kernel takes lie evenly from `index` on, n elements in all. */
static int64_t short_rows(elbo_dtype dtype, const elbo_tensor *from, const int64_t *index, int64_t n)
{
    const elbo_layout *l = &from->layout;
    int last = l->shape.ndim - 1;
    if (last == 0 || from->dtype != dtype || index[last] != 0 || l->shape.dim[last] > ELBO__SHORT_ROW ||
        (l->strides[last] != 0 && l->strides[last] != 1))
        return 0;
    int64_t rows = n / l->shape.dim[last], before_end = l->shape.dim[last - 1] - index[last - 1];
    return last == 1 || rows < before_end ? rows : before_end;
}

/* Elements [first, first + n) of a layout in row-major order, into one row; converts u8 and i32. */
static void load(const elbo__kernels *kernels, elbo_dtype dtype, void *to, const elbo_tensor *from, int64_t first,
                 int64_t n)
{
    const elbo_layout *l = &from->layout;
    size_t size = elbo_dtype_size(dtype), from_size = elbo_dtype_size(from->dtype);
    int last = l->shape.ndim - 1;
    int64_t index[ELBO_MAX_RANK], row, rows;
    index_of(l, first, index);
    for (; n > 0; n -= row, to = (char *)to + row * (int64_t)size) {
        int64_t left = l->shape.dim[last] - index[last], step = l->strides[last];
        const char *x = (const char *)from->data + elbo__layout_at(l, index) * (int64_t)from_size;
        if ((rows = short_rows(dtype, from, index, n)) > 0) {
            row = rows * l->shape.dim[last];
            kernels->copy_rows(rows, l->shape.dim[last], to, l->shape.dim[last], x, l->strides[last - 1], step == 0);
            step_on(l, last - 1, rows, index);
            continue;
        }
        row = last == 0 || left > n ? n : left;
        if (from->dtype == dtype && step == 1)
            memcpy(to, x, (size_t)row * size);
        else if (from->dtype == ELBO_U8 && step == 1)
            kernels->from_u8(row, to, (const uint8_t *)x);
        else if (from->dtype == ELBO_I32 && step == 1)
            kernels->from_i32(row, to, (const int32_t *)x);
        else
            kernels->strided(row, to, from->dtype, x, step);
        step_on(l, last, row, index);
    }
}

static void store(elbo_dtype dtype, const elbo_tensor *to, const void *from, int64_t first, int64_t n)
{
    const elbo_layout *l = &to->layout;
    int last = l->shape.ndim - 1;
    int64_t index[ELBO_MAX_RANK], row, size = (int64_t)elbo_dtype_size(dtype);
    index_of(l, first, index);
    for (; n > 0; n -= row, from = (const char *)from + row * size) {
        int64_t left = l->shape.dim[last] - index[last], step = l->strides[last];
        char *y = (char *)to->data + elbo__layout_at(l, index) * size;
        row = last == 0 || left > n ? n : left;
        if (step == 1)
            memcpy(y, from, (size_t)(row * size));
        else if (dtype == ELBO_F32)
            for (int64_t i = 0; i < row; i++)
                ((float *)(void *)y)[i * step] = ((const float *)from)[i];
        else
            for (int64_t i = 0; i < row; i++)
                ((double *)(void *)y)[i * step] = ((const double *)from)[i];
        step_on(l, last, row, index);
    }
}

/* Where a chunk that begins at number `first` of a row finds an operand: at + *row + first * next. Both are 0 for a
 * register of the group. */
typedef struct {
    char *at;
    int64_t next;       /* bytes */
    const int64_t *row; /* bytes to the row at hand */
} place;

static const int64_t no_row = 0;

/* What is done to every chunk: a kernel call, a load that a kernel cannot do itself, a store, or a sum. */
typedef struct {
    elbo__elementwise_kernel kernel;                          /* NULL: a load or a store of `part`, or a sum */
    void (*sum_lanes)(int64_t n, void *lanes, const void *x); /* NULL: no sum                                */
    const elbo_tensor *part;
    bool loads;
    place places[4]; /* the result, then the operands; of a sum the lanes behind it */
} task;

size_t elbo__parts_bytes(int n)
{
    return ((size_t)n * sizeof(elbo_tensor) + 63) / 64 * 64;
}

/* Registers, tasks, where each register is, and how far each operand's row at hand is from its first. */
size_t elbo__steps_bytes(const elbo__instr *instr, elbo_dtype dtype)
{
    const elbo__group *g = instr->group;
    return (size_t)g->registers * (ELBO__CHUNK * elbo_dtype_size(dtype) + sizeof(place)) + g->n_steps * sizeof(task) +
           (size_t)instr->n_in * sizeof(int64_t);
}

static place place_of(const elbo_tensor *part, const int64_t *row)
{
    const int64_t size = (int64_t)elbo_dtype_size(part->dtype);
    return (place){(char *)part->data + part->layout.offset * size, size, row};
}

/* Makes the list of tasks; what is one number for all chunks is filled in here. `now` says where each register is. */
static size_t prepare(const elbo__instr *instr, elbo_dtype dtype, elbo_tensor *parts, const int64_t *rows, int64_t most,
                      char *registers, place *now, task *tasks)
{
    const elbo__kernels *kernels = elbo__kernels_for(dtype);
    const elbo__group *g = instr->group;
    size_t n = 0;
    for (size_t i = 0; i < g->n_steps; i++) {
        const elbo__step *s = &g->steps[i];
        elbo_tensor *part = s->operand >= 0 ? &parts[s->operand] : NULL;
        if (part && (s->kind == ELBO__STORE || (s->kind == ELBO__LOAD && !s->direct && !s->once)))
            part->layout = joined(&part->layout);
        if (s->kind == ELBO__SUM) { /* a number for each row */
            place number = place_of(part, &rows[s->operand]);
            number.next = 0;
            tasks[n++] = (task){
                .sum_lanes = s->elementwise == ELBO__abs ? kernels->sum_abs_lanes : kernels->sum_lanes,
                .places = {number,
                           now[s->from[0]],
                           {registers + (size_t)s->to * ELBO__CHUNK * elbo_dtype_size(dtype), 0, &no_row}}};
            continue;
        }
        if (s->kind == ELBO__STORE) {
            tasks[n++] = (task){.part = part, .places = {now[s->from[0]]}};
            continue;
        }
        place own = {.at = registers + (size_t)s->to * ELBO__CHUNK * elbo_dtype_size(dtype), .row = &no_row};
        place to = (s->kind == ELBO__LOAD ? s->direct : part != NULL) ? place_of(part, &rows[s->operand]) : own;
        if (s->kind == ELBO__COMPUTE)
            tasks[n++] = (task){.kernel = kernels->elementwise[s->elementwise],
                                .places = {to, now[s->from[0]], now[s->from[1]], now[s->from[2]]}};
        else if (s->once)
            kernels->strided(most, own.at, part->dtype, place_of(part, &no_row).at, 0);
        else if (!s->direct)
            tasks[n++] = (task){.part = part, .loads = true, .places = {own}};
        now[s->to] = to;
    }
    return n;
}

/* Weights and moments that are updated where they lie have been read by other threads since. To write them, each of
 * their lines has to be taken back from those: this asks for so many ahead of time. */
static void fetch_to_write(uintptr_t at, int64_t bytes)
{
    enum { LINE = 64 };
    for (int64_t i = 0; i < bytes; i += LINE) {
        const char *line = (const char *)(at + (uintptr_t)i);
#if defined __x86_64__
        __asm__ volatile("prefetchw %0" : : "m"(*line)); /* which the builtin is for newer processors alone */
#else
        __builtin_prefetch(line, 1);
#endif
    }
}

static bool updates(const task *t)
{
    return t->kernel && t->places[0].next != 0 && t->places[0].at == t->places[1].at;
}

/* Chunk [column, column + n) of a row of so many numbers, x, to the sum of the row. What lies in memory is added up
 * when all of the row does. */
static void add_up(const elbo__kernels *kernels, elbo_dtype dtype, const task *t, int64_t column, int64_t n,
                   int64_t length, void *sum, const char *x)
{
    const size_t size = elbo_dtype_size(dtype);
    char *lanes = t->places[2].at;
    const bool ends = column + n == length, in_memory = t->places[1].next != 0;
    if (in_memory && !ends)
        return;
    if (in_memory) {
        x -= column * t->places[1].next;
        column = 0;
        n = length;
    }
    if (column == 0)
        memset(lanes, 0, ELBO__SUM_LANES * size);
    t->sum_lanes(n, lanes, x);
    if (ends) {
        memset(sum, 0, size);
        kernels->join_lanes(sum, lanes);
    }
}

static bool is_zero(const elbo_tensor *number)
{
    return elbo_tensor_get(number, (int64_t[ELBO_MAX_RANK]){0}) == 0;
}

/* How far row number `row` of each operand is from its first, of blocks of this shape. */
static void find_rows(const elbo__instr *instr, const elbo_shape *shape, const elbo_tensor *parts, int64_t row,
                      int64_t *rows)
{
    memset(rows, 0, (size_t)instr->n_in * sizeof *rows);
    for (int i = shape->ndim - instr->group->row_axes - 1; i >= 0; i--) {
        const int64_t rest = i > 0 ? row / shape->dim[i] : 0, index = row - rest * shape->dim[i];
        for (int k = 0; k < instr->n_in; k++)
            rows[k] += index * parts[k].layout.strides[i] * (int64_t)elbo_dtype_size(parts[k].dtype);
        row = rest;
    }
}

void elbo__steps_run(const elbo__instr *instr, elbo_dtype dtype, elbo_tensor *parts, const elbo_shape *shape,
                     char *memory)
{
    const elbo__group *g = instr->group;
    const elbo__kernels *kernels = elbo__kernels_for(dtype);
    const int64_t total = elbo_shape_size(shape), length = elbo__row(shape, g->row_axes);
    task *tasks = (task *)(void *)(memory + (size_t)g->registers * ELBO__CHUNK * elbo_dtype_size(dtype));
    place *now = (place *)(void *)(tasks + g->n_steps);
    int64_t *rows = (int64_t *)(void *)(now + g->registers);
    if (total == 0 || (g->condition != ELBO__NONE && is_zero(&parts[g->condition])))
        return;
    for (int i = 0; i < g->registers; i++) /* rows of one operand name register 0 for the others */
        now[i] = (place){.row = &no_row};
    const int64_t chunk = elbo__chunk(length);
    size_t n_tasks = prepare(instr, dtype, parts, rows, elbo__chunk_at(chunk, length, 0), memory, now, tasks);
    for (int64_t first = 0, column = 0, n; first < total; first += n, column = column + n < length ? column + n : 0) {
        n = elbo__chunk_at(chunk, length, column);
        if (column == 0)
            find_rows(instr, shape, parts, first / length, rows);
        for (const task *t = tasks; t < tasks + n_tasks; t++) {
/* An operand that a kernel does not have is NULL, to which nothing may be added, not even 0. */
#define AT(i) (char *)((uintptr_t)t->places[i].at + (uintptr_t)(*t->places[i].row + column * t->places[i].next))
            if (updates(t))
                fetch_to_write((uintptr_t)AT(0) + (uintptr_t)(n * t->places[0].next), n * t->places[0].next);
            if (t->kernel)
                t->kernel(n, AT(0), AT(1), AT(2), AT(3));
            else if (t->sum_lanes)
                add_up(kernels, dtype, t, column, n, length, AT(0), AT(1));
            else if (t->loads)
                load(kernels, dtype, t->places[0].at, t->part, first, n);
            else
                store(dtype, t->part, AT(0), first, n);
#undef AT
        }
    }
}
