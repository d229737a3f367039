#include "reduce.h"

#include <math.h>

#include "elementwise.h"
#include "move.h"
#include "walk.h"

/* The axes of x in two lists: those that stay and those that go. */
typedef struct {
    elbo_layout kept_y, kept_x, gone;
} split;

static split split_axes(const elbo_tensor *y, const elbo_tensor *x)
{
    split s = {.kept_y.offset = y->layout.offset, .kept_x.offset = x->layout.offset};
    for (int i = 0; i < x->layout.shape.ndim; i++) {
        int64_t n = x->layout.shape.dim[i];
        elbo_layout *to = y->layout.shape.dim[i] == n ? &s.kept_x : &s.gone;
        to->shape.dim[to->shape.ndim] = n;
        to->strides[to->shape.ndim++] = x->layout.strides[i];
        if (to == &s.kept_x) {
            s.kept_y.shape.dim[s.kept_y.shape.ndim] = n;
            s.kept_y.strides[s.kept_y.shape.ndim++] = y->layout.strides[i];
        }
    }
    return s;
}

/* The last kept axes as one, as far as they lie side by side. */
static void join_kept(split *s)
{
    for (int last = s->kept_x.shape.ndim - 1; last > 0; last--) {
        elbo_layout *both[2] = {&s->kept_x, &s->kept_y};
        for (int k = 0; k < 2; k++)
            if (both[k]->strides[last - 1] != both[k]->strides[last] * both[k]->shape.dim[last])
                return;
        for (int k = 0; k < 2; k++) {
            both[k]->shape.dim[last - 1] *= both[k]->shape.dim[last];
            both[k]->strides[last - 1] = both[k]->strides[last];
            both[k]->shape.ndim--;
        }
    }
}

static void *element(const elbo_tensor *t, int64_t at)
{
    return (char *)t->data + at * (int64_t)elbo_dtype_size(t->dtype);
}

/* A gathered copy of a strided run, or its absolute values, are reduced piece by piece; pieces are whole multiples of
 * the lanes. */
enum { PIECE = 256 };

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void gather_strided(elbo_dtype dtype, void *to, const void *from, int64_t n, int64_t stride)
{
    if (dtype == ELBO_F32)
        for (int64_t i = 0; i < n; i++)
            ((float *)to)[i] = ((const float *)from)[i * stride];
    else
        for (int64_t i = 0; i < n; i++)
            ((double *)to)[i] = ((const double *)from)[i * stride];
}

/* Each element of y in turn: its elements of x run by run, in row-major order; through `first` if that is given. */
static void one_by_one(const elbo_tensor *y, const elbo_tensor *x, const split *s, elbo__elementwise_kernel first,
                       void (*fold)(int64_t, void *, const void *))
{
    const elbo_layout *gone[1] = {&s->gone};
    elbo__loops l = elbo__loops_over(gone, 1);
    int64_t n = l.dim[l.ndim - 1], stride = l.strides[0][l.ndim - 1], most = stride == 1 && !first ? n : PIECE;
    for (elbo__walk w = elbo__walk_start(&s->kept_x.shape); w.more; elbo__walk_next(&w)) {
        void *to = element(y, elbo__layout_at(&s->kept_y, w.index));
        int64_t index[ELBO_MAX_RANK] = {0}, at = elbo__layout_at(&s->kept_x, w.index);
        do
            for (int64_t done = 0, part; done < n; done += part) {
                double piece[PIECE];
                const void *run = element(x, at + done * stride);
                part = least(n - done, most);
                if (stride != 1)
                    gather_strided(x->dtype, piece, run, part, stride);
                run = stride == 1 ? run : piece;
                if (first)
                    first(part, piece, run, NULL, NULL);
                fold(part, to, first ? piece : run);
            }
        while (elbo__loops_next(&l, 1, index, &at));
    }
}

/* Rows of at most ELBO__SHORT_ROW neighbours, as many in a call as lie evenly. */
static void short_rows(const elbo_tensor *y, const elbo_tensor *x, split *s, int64_t n, elbo__rows_kernel *kernel)
{
    elbo__sort_axes(&s->kept_x, &s->kept_y);
    const elbo_layout *kept[2] = {&s->kept_x, &s->kept_y};
    elbo__loops l = elbo__loops_over(kept, 2);
    int64_t index[ELBO_MAX_RANK] = {0}, at[2] = {s->kept_x.offset, s->kept_y.offset};
    int last = l.ndim - 1;
    do
        kernel(l.dim[last], n, element(y, at[1]), l.strides[1][last], element(x, at[0]), l.strides[0][last]);
    while (elbo__loops_next(&l, 2, index, at));
}

/* Rows of x folded into a row of y, through `first` if that is given: for reductions over outer axes, where the last
 * kept axis is contiguous. */
static void row_by_row(const elbo_tensor *y, const elbo_tensor *x, const split *s, elbo__elementwise_kernel first,
                       elbo__elementwise_kernel fold)
{
    elbo_shape outer = s->kept_x.shape;
    int64_t n = outer.dim[--outer.ndim];
    const elbo_layout *gone[1] = {&s->gone};
    elbo__loops l = elbo__loops_over(gone, 1);
    int64_t count = l.dim[l.ndim - 1], stride = l.strides[0][l.ndim - 1], size = (int64_t)elbo_dtype_size(x->dtype);
    for (elbo__walk w = elbo__walk_start(&outer); w.more; elbo__walk_next(&w)) {
        elbo__walk whole = w;
        whole.index[outer.ndim] = 0;
        void *to = element(y, elbo__layout_at(&s->kept_y, whole.index));
        int64_t index[ELBO_MAX_RANK] = {0}, at = elbo__layout_at(&s->kept_x, whole.index);
        do
            for (int64_t i = 0; i < count; i++) {
                const void *row = element(x, at + i * stride);
                double piece[PIECE];
                for (int64_t done = 0; first && done < n; done += PIECE) {
                    void *sums = (char *)to + done * size;
                    first(least(n - done, PIECE), piece, (const char *)row + done * size, NULL, NULL);
                    fold(least(n - done, PIECE), sums, sums, piece, NULL);
                }
                if (!first)
                    fold(n, to, to, row, NULL);
            }
        while (elbo__loops_next(&l, 1, index, &at));
    }
}

/* Which of the zeros +0 and -0 is the larger depends on the order in which they meet: a maximum of 0 is +0. */
static void settle_zeros(const elbo_tensor *y)
{
    for (elbo__walk w = elbo__walk_start(&y->layout.shape); w.more; elbo__walk_next(&w)) {
        void *at = element(y, elbo__layout_at(&y->layout, w.index));
        if (y->dtype == ELBO_F32)
            *(float *)at += 0.0f;
        else
            *(double *)at += 0.0;
    }
}

void elbo__reduce(elbo__reduction reduction, const elbo_tensor *y, const elbo_tensor *x)
{
    static const struct {
        double start;
        int pairwise;
    } kinds[] = {
        [ELBO__SUM] = {0, ELBO__add}, [ELBO__SUM_ABS] = {0, ELBO__add}, [ELBO__MAX] = {-INFINITY, ELBO__maximum}};
    const elbo__kernels *k = elbo__kernels_for(x->dtype);
    const elbo__elementwise_kernel first = reduction == ELBO__SUM_ABS ? k->elementwise[ELBO__abs] : NULL;
    if (elbo_shape_size(&x->layout.shape) == 0) {
        elbo__fill(y, kinds[reduction].start);
        return;
    }
    split s = split_axes(y, x);
    const elbo_layout *gone[1] = {&s.gone};
    elbo__loops l = elbo__loops_over(gone, 1);
    int last = s.kept_x.shape.ndim - 1;
    /* decided by strides and the sizes of what goes, which blocks share */
    bool along_rows = last >= 0 && s.kept_x.strides[last] == 1 && s.kept_y.strides[last] == 1;
    if (!first && !along_rows && l.ndim == 1 && l.dim[0] <= ELBO__SHORT_ROW &&
        (l.strides[0][0] == 1 || l.dim[0] == 1)) {
        short_rows(y, x, &s, l.dim[0], reduction == ELBO__SUM ? k->sum_rows : k->max_rows);
        return;
    }
    elbo__fill(y, kinds[reduction].start);
    if (along_rows) {
        join_kept(&s);
        row_by_row(y, x, &s, first, k->elementwise[kinds[reduction].pairwise]);
    } else {
        one_by_one(y, x, &s, first, reduction == ELBO__MAX ? k->max : k->sum);
    }
    if (reduction == ELBO__MAX)
        settle_zeros(y);
}
