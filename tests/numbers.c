#include "numbers.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../tensor/memory.h"
#include "../tensor/walk.h"

uint64_t numbers_next(numbers *n)
{
    uint64_t z = n->state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

int64_t numbers_below(numbers *n, int64_t below)
{
    return (int64_t)(numbers_next(n) % (uint64_t)below);
}

double numbers_between(numbers *n, double low, double high)
{
    return low + (high - low) * (double)(numbers_next(n) >> 11) * 0x1p-53;
}

void numbers_shuffle(numbers *n, int *items, int count)
{
    for (int i = count - 1; i > 0; i--) {
        int k = (int)numbers_below(n, i + 1), item = items[i];
        items[i] = items[k];
        items[k] = item;
    }
}

placement placement_row_major(int step)
{
    placement p = {.step = step};
    for (int i = 0; i < ELBO_MAX_RANK; i++)
        p.order[i] = i;
    return p;
}

placement placement_random(numbers *n, int rank)
{
    placement p = placement_row_major(1 + (int)numbers_below(n, 3));
    numbers_shuffle(n, p.order, rank);
    return p;
}

/* ---- memory with margins ----------------------------------------------------------------------------------------- */

enum { MARGIN = 16 }; /* elements: the tensor still begins at a cache line or in the middle of one */

/* How many elements of memory, margins included, a layout made by placed_new takes. */
static int64_t extent(const elbo_layout *l)
{
    int64_t last = 0;
    for (int i = 0; i < l->shape.ndim; i++)
        last += l->shape.dim[i] ? (l->shape.dim[i] - 1) * l->strides[i] : 0;
    return 2 * MARGIN + last + 1;
}

static elbo_tensor all_of(const elbo_tensor *x)
{
    return elbo_tensor_of(x->dtype, ELBO_SHAPE(extent(&x->layout)), x->data);
}

elbo_tensor placed_new(elbo_dtype dtype, elbo_shape shape, placement how, double everywhere)
{
    elbo_tensor x = {.dtype = dtype, .layout = {.shape = shape, .offset = MARGIN}};
    int64_t stride = how.step;
    for (int i = shape.ndim - 1; i >= 0; i--) {
        int axis = how.order[i];
        if (how.repeated >> axis & 1)
            continue;
        x.layout.strides[axis] = stride;
        stride *= shape.dim[axis] ? shape.dim[axis] : 1;
    }
    x.data = elbo__alloc((size_t)extent(&x.layout) * elbo_dtype_size(dtype));
    ck_assert_ptr_nonnull(x.data);
    elbo_tensor all = all_of(&x);
    for (int64_t i = 0; i < all.layout.shape.dim[0]; i++)
        elbo_tensor_set(&all, &i, everywhere);
    return x;
}

void placed_assert_margins(const elbo_tensor *x, double everywhere)
{
    elbo_tensor all = all_of(x);
    int64_t n = all.layout.shape.dim[0];
    bool *own = calloc((size_t)n, 1);
    for (elbo__walk w = elbo__walk_start(&x->layout.shape); w.more; elbo__walk_next(&w))
        own[elbo__layout_at(&x->layout, w.index)] = true;
    for (int64_t i = 0; i < n; i++) {
        double value = elbo_tensor_get(&all, &i);
        if (!own[i] && value != everywhere && !(isnan(value) && isnan(everywhere)))
            ck_abort_msg("element %lld of the memory, which is not the tensor's own, was set to %g", (long long)i,
                         value);
    }
    free(own);
}

void fill_integers(const elbo_tensor *x, numbers *n, int most)
{
    for (elbo__walk w = elbo__walk_start(&x->layout.shape); w.more; elbo__walk_next(&w))
        elbo_tensor_set(x, w.index, (double)(numbers_below(n, 2 * most + 1) - most));
}

void fill_between(const elbo_tensor *x, numbers *n, double low, double high)
{
    for (elbo__walk w = elbo__walk_start(&x->layout.shape); w.more; elbo__walk_next(&w))
        elbo_tensor_set(x, w.index, numbers_between(n, low, high));
}

/* ---- comparing --------------------------------------------------------------------------------------------------- */

static const char *at(const elbo_tensor *x, const elbo__walk *w)
{
    return (const char *)x->data + elbo__layout_at(&x->layout, w->index) * (int64_t)elbo_dtype_size(x->dtype);
}

bool same_bits(const elbo_tensor *a, const elbo_tensor *b)
{
    if (a->dtype != b->dtype || !elbo_shape_equal(&a->layout.shape, &b->layout.shape))
        return false;
    for (elbo__walk w = elbo__walk_start(&a->layout.shape); w.more; elbo__walk_next(&w))
        if (memcmp(at(a, &w), at(b, &w), elbo_dtype_size(a->dtype)) != 0)
            return false;
    return true;
}

void assert_same_numbers(const elbo_tensor *a, const elbo_tensor *b, const char *title)
{
    ck_assert_msg(elbo_shape_equal(&a->layout.shape, &b->layout.shape), "%s: shapes %s and %s", title,
                  elbo_shape_format(&a->layout.shape).text, elbo_shape_format(&b->layout.shape).text);
    for (elbo__walk w = elbo__walk_start(&a->layout.shape); w.more; elbo__walk_next(&w)) {
        double x = elbo_tensor_get(a, w.index), y = elbo_tensor_get(b, w.index);
        if (x == y || (isnan(x) && isnan(y)))
            continue;
        elbo_shape index = {.ndim = w.shape.ndim};
        memcpy(index.dim, w.index, sizeof index.dim);
        ck_abort_msg("%s: element %s of %s is %.17g, expected %.17g", title, elbo_shape_format(&index).text,
                     elbo_shape_format(&a->layout.shape).text, x, y);
    }
}
