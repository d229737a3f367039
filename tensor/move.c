#include "move.h"

#include <string.h>

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

void elbo__move(const elbo_tensor *to, const elbo_tensor *from)
{
    if (elbo_shape_size(&to->layout.shape) == 0)
        return;
    const elbo_layout *layouts[2] = {&to->layout, &from->layout};
    elbo__loops l = elbo__loops_over(layouts, 2);
    int64_t index[ELBO_MAX_RANK] = {0}, at[2] = {to->layout.offset, from->layout.offset};
    int last = l.ndim - 1;
    int64_t n = l.dim[last], to_step = l.strides[0][last], from_step = l.strides[1][last];
    size_t size = elbo_dtype_size(to->dtype);
    do {
        char *y = (char *)to->data + at[0] * (int64_t)size;
        const char *x = (const char *)from->data + at[1] * (int64_t)size;
        if (to_step == 1 && from_step == 1)
            memcpy(y, x, (size_t)n * size);
        else
            copy_run(n, y, to_step, x, from_step, size);
    } while (elbo__loops_next(&l, 2, index, at));
}

void elbo__move_reshaped(const elbo_tensor *to, const elbo_tensor *from)
{
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
