#include "move.h"

#include <string.h>

#include "elementwise.h"
#include "walk.h"

elbo__loops elbo__loops_over(const elbo_layout *const *layouts, int n)
{
    elbo__loops l = {0};
    const elbo_shape *shape = &layouts[0]->shape;
    for (int i = 0; i < shape->ndim; i++) {
        if (shape->dim[i] == 1)
            continue;
        bool join = l.ndim > 0;
        for (int k = 0; join && k < n; k++)
            join = l.strides[k][l.ndim - 1] == layouts[k]->strides[i] * shape->dim[i];
        int to = join ? l.ndim - 1 : l.ndim++;
        l.dim[to] = join ? l.dim[to] * shape->dim[i] : shape->dim[i];
        for (int k = 0; k < n; k++)
            l.strides[k][to] = layouts[k]->strides[i];
    }
    if (l.ndim == 0) {
        l.ndim = 1;
        l.dim[0] = 1;
    }
    return l;
}

bool elbo__loops_next(const elbo__loops *l, int n, int64_t *index, int64_t *at)
{
    for (int i = l->ndim - 2; i >= 0; i--) {
        for (int k = 0; k < n; k++)
            at[k] += l->strides[k][i];
        if (++index[i] < l->dim[i])
            return true;
        for (int k = 0; k < n; k++)
            at[k] -= l->dim[i] * l->strides[k][i];
        index[i] = 0;
    }
    return false;
}

static inline void copy_one(char *to, const char *from, size_t size)
{
    switch (size) {
    case 1: *to = *from; break;
    case 4: memcpy(to, from, 4); break;
    default: memcpy(to, from, 8);
    }
}

/* The same for a row, whose elements are so many elements apart: a loop for each size, and one for what is repeated. */
#define RUN(bytes)                                                                                                     \
    if (from_step == 0 && to_step == 1)                                                                                \
        for (int64_t i = 0; i < n; i++)                                                                                \
            copy_one(to + i * (bytes), from, bytes);                                                                   \
    else                                                                                                               \
        for (int64_t i = 0; i < n; i++)                                                                                \
            copy_one(to + i * to_step * (bytes), from + i * from_step * (bytes), bytes);                               \
    break
static void copy_run(int64_t n, char *to, int64_t to_step, const char *from, int64_t from_step, size_t size)
{
    switch (size) {
    case 1: RUN(1);
    case 4: RUN(4);
    default: RUN(8);
    }
}
#undef RUN

/* The widest steps of `by` first, those of `other` with them: what lies side by side in memory is walked last. */
void elbo__sort_axes(elbo_layout *by, elbo_layout *other)
{
    for (int i = 1; i < by->shape.ndim; i++)
        for (int j = i; j > 0 && by->strides[j - 1] < by->strides[j]; j--) {
            elbo_layout *both[2] = {by, other};
            for (int k = 0; k < 2; k++) {
                int64_t dim = both[k]->shape.dim[j], stride = both[k]->strides[j];
                both[k]->shape.dim[j] = both[k]->shape.dim[j - 1];
                both[k]->strides[j] = both[k]->strides[j - 1];
                both[k]->shape.dim[j - 1] = dim;
                both[k]->strides[j - 1] = stride;
            }
        }
}

/* Rows of n, `rows` of them: {row step, step in a row} of each. */
static void move_rows(int64_t rows, int64_t n, char *y, const int64_t y_step[2], const char *x, const int64_t x_step[2],
                      size_t size)
{
    enum { TILE = 16, FEW = 4 };
    const int64_t bytes = (int64_t)size;
    if (size >= 4 && n <= ELBO__SHORT_ROW && y_step[1] == 1 && x_step[1] <= 1) {
        const elbo__kernels *k = elbo__kernels_for(size == 4 ? ELBO_F32 : ELBO_F64);
        k->copy_rows(rows, n, y, y_step[0], x, x_step[0], x_step[1] == 0);
    } else if (y_step[1] == 1 && x_step[1] == 1) {
        for (int64_t r = 0; r < rows; r++)
            memcpy(y + r * y_step[0] * bytes, x + r * x_step[0] * bytes, (size_t)n * size);
    } else if (size >= 4 && y_step[1] == 1 && x_step[0] == 1 && rows >= FEW && n >= FEW) {
        elbo__kernels_for(size == 4 ? ELBO_F32 : ELBO_F64)->turn(rows, n, y, y_step[0], x, x_step[1]);
    } else { /* in tiles, so that what lies across is read as whole lines */
        for (int64_t first = 0; first < n; first += TILE)
            for (int64_t r = 0; r < rows; r++)
                copy_run(n - first < TILE ? n - first : TILE, y + (r * y_step[0] + first * y_step[1]) * bytes,
                         y_step[1], x + (r * x_step[0] + first * x_step[1]) * bytes, x_step[1], size);
    }
}

static void swap_loops(elbo__loops *l, int i, int j)
{
    const int64_t dim = l->dim[i];
    l->dim[i] = l->dim[j];
    l->dim[j] = dim;
    for (int k = 0; k < 2; k++) {
        const int64_t step = l->strides[k][i];
        l->strides[k][i] = l->strides[k][j];
        l->strides[k][j] = step;
    }
}

void elbo__move(const elbo_tensor *to, const elbo_tensor *from)
{
    if (elbo_shape_size(&to->layout.shape) == 0)
        return;
    elbo_layout y = to->layout, x = from->layout;
    elbo__sort_axes(&y, &x);
    const elbo_layout *layouts[2] = {&y, &x};
    elbo__loops l = elbo__loops_over(layouts, 2);
    int64_t index[ELBO_MAX_RANK] = {0}, at[2] = {y.offset, x.offset}, n = l.dim[l.ndim - 1], rows = 1,
            steps[2][2] = {0};
    size_t size = elbo_dtype_size(to->dtype);
    for (int k = 0; k < 2; k++)
        steps[k][1] = l.strides[k][l.ndim - 1];
    for (int i = 0; i < l.ndim - 2 && steps[1][1] != 1; i++) /* side by side in x: walked last but one */
        if (l.strides[1][i] == 1)
            swap_loops(&l, i, l.ndim - 2);
    if (l.ndim > 1) { /* the last two loops at once */
        rows = l.dim[--l.ndim - 1];
        for (int k = 0; k < 2; k++)
            steps[k][0] = l.strides[k][l.ndim - 1];
    }
    do
        move_rows(rows, n, (char *)to->data + at[0] * (int64_t)size, steps[0],
                  (const char *)from->data + at[1] * (int64_t)size, steps[1], size);
    while (elbo__loops_next(&l, 2, index, at));
}

/* Both layouts over axes that divide those of either, so that row-major order is the same; false where there are
 * none. */
static bool refine(const elbo_layout *a, const elbo_layout *b, elbo_layout *fine_a, elbo_layout *fine_b)
{
    const elbo_layout *coarse[2] = {a, b};
    elbo_layout *fine[2] = {fine_a, fine_b};
    int axis[2] = {a->shape.ndim - 1, b->shape.ndim - 1}, n = ELBO_MAX_RANK;
    int64_t left[2] = {1, 1},
            step[2] = {0, 0}; /* of the axes at hand: entries and the step of what is still to be divided */
    for (;;) {
        for (int k = 0; k < 2; k++)
            for (; left[k] == 1 && axis[k] >= 0; axis[k]--) {
                left[k] = coarse[k]->shape.dim[axis[k]];
                step[k] = coarse[k]->strides[axis[k]];
            }
        const int64_t piece = left[0] < left[1] ? left[0] : left[1];
        if (piece == 1)
            break; /* both are through, since they are of one size */
        if (left[0] % piece != 0 || left[1] % piece != 0 || n == 0)
            return false;
        n--;
        for (int k = 0; k < 2; k++) {
            fine[k]->shape.dim[n] = piece;
            fine[k]->strides[n] = step[k];
            left[k] /= piece;
            step[k] *= piece;
        }
    }
    for (int k = 0; k < 2; k++) {
        fine[k]->offset = coarse[k]->offset;
        fine[k]->shape.ndim = ELBO_MAX_RANK - n;
        memmove(fine[k]->shape.dim, fine[k]->shape.dim + n, (size_t)(ELBO_MAX_RANK - n) * sizeof(int64_t));
        memmove(fine[k]->strides, fine[k]->strides + n, (size_t)(ELBO_MAX_RANK - n) * sizeof(int64_t));
    }
    return true;
}

void elbo__move_reshaped(const elbo_tensor *to, const elbo_tensor *from)
{
    if (elbo_shape_size(&to->layout.shape) == 0)
        return;
    elbo_tensor fine_to = *to, fine_from = *from;
    if (refine(&to->layout, &from->layout, &fine_to.layout, &fine_from.layout)) {
        elbo__move(&fine_to, &fine_from);
        return;
    }
    size_t size = elbo_dtype_size(to->dtype);
    elbo__walk r = elbo__walk_start(&from->layout.shape);
    for (elbo__walk w = elbo__walk_start(&to->layout.shape); w.more; elbo__walk_next(&w), elbo__walk_next(&r))
        copy_one((char *)to->data + elbo__layout_at(&to->layout, w.index) * (int64_t)size,
                 (const char *)from->data + elbo__layout_at(&from->layout, r.index) * (int64_t)size, size);
}

/* The first element is set, and moved to all of them. */
void elbo__fill(const elbo_tensor *x, double value)
{
    if (elbo_shape_size(&x->layout.shape) == 0)
        return;
    elbo_tensor first = *x;
    elbo_tensor_set(x, (int64_t[ELBO_MAX_RANK]){0}, value);
    memset(first.layout.strides, 0, sizeof first.layout.strides);
    elbo__move(x, &first);
}
