/* Products with the patches of an image, or of a few side by side. */
#include "convolve.h"

#include "elementwise.h"
#include "move.h"
#include "patches.h"
#include "product.h"

typedef struct {
    const elbo_tensor *x, *w, *y;
    elbo_dtype dtype;
    elbo__patches geometry;
    int64_t images, group;   /* in the block; of them, those that share a weight          */
    int64_t together;        /* images whose patches stand side by side                   */
    int64_t outputs;         /* O                                                         */
    int64_t taps, positions; /* C kh kw; H' W'                                            */
    int64_t pitch;           /* numbers from one row of patches to the next               */
    char *planes, *patches;  /* for elbo__unfold; (taps, together positions)              */
    char *side;              /* (O, together positions): of y, images side by side        */
    char *weight, *more;     /* (O, taps) or (taps, O)                                    */
} work;

/* Few positions make narrow products, which are slow: then several images stand side by side. No number depends on how
 * many if the product is our own, as long as they are not summed over; with BLIS's one image is a product of its
 * own. */
static int64_t how_many_together(const work *k)
{
    enum { WIDE = 96, ENOUGH = 192, MOST = 1 << 16 };
    if (!elbo__kernels_for(k->dtype)->product || k->positions >= WIDE)
        return 1;
    int64_t n = (ENOUGH + k->positions - 1) / k->positions, fitting = MOST / (k->taps * k->positions + 1);
    n = n < fitting ? n : fitting;
    n = n < k->group ? n : k->group;
    return n > 0 ? n : 1;
}

/* Lays out the scratch memory; returns its size in bytes. */
static size_t plan_work(work *k, elbo_dtype dtype, const elbo_shape *x, const elbo_shape *w, const elbo_shape *y,
                        int stride, int padding, char *memory)
{
    k->dtype = dtype;
    k->geometry = (elbo__patches){.channels = x->dim[1],
                                  .height = x->dim[2],
                                  .width = x->dim[3],
                                  .kernel_height = w->dim[3],
                                  .kernel_width = w->dim[4],
                                  .rows = y->dim[2],
                                  .columns = y->dim[3],
                                  .stride = stride,
                                  .padding = padding};
    k->images = x->dim[0];
    k->group = w->dim[0] ? x->dim[0] / w->dim[0] : 0;
    k->outputs = y->dim[1];
    k->taps = elbo__patches_taps(&k->geometry);
    k->positions = elbo__patches_positions(&k->geometry);
    k->together = how_many_together(k);
    enum { LINE = 16 }; /* numbers, so that every part begins on a cache line */
    int64_t wide = k->together * k->positions;
    k->pitch = (wide + ELBO__PATCH_PIECE + LINE - 1) / LINE * LINE;
    const struct {
        char **at;
        int64_t numbers;
    } parts[] = {{&k->planes, elbo__planes_size(&k->geometry)},
                 {&k->patches, k->taps * k->pitch + ELBO__PATCH_PIECE},
                 {&k->side, k->outputs * wide},
                 {&k->weight, k->outputs * k->taps},
                 {&k->more, k->outputs * k->taps}};
    size_t bytes = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        *parts[i].at = memory ? memory + bytes : NULL;
        bytes += (size_t)(parts[i].numbers + LINE - 1) / LINE * LINE * elbo_dtype_size(dtype);
    }
    return bytes;
}

/* Entries [first, first + n) of axis 0. */
static elbo_tensor some_of(const elbo_tensor *t, int64_t first, int64_t n)
{
    return (elbo_tensor){t->dtype, elbo_layout_slice(&t->layout, 0, first, n), t->data};
}

static elbo_tensor one_of(const elbo_tensor *t, int64_t i)
{
    elbo_tensor one = some_of(t, i, 1);
    elbo_shape shape = {.ndim = t->layout.shape.ndim - 1};
    for (int d = 0; d < shape.ndim; d++) {
        shape.dim[d] = one.layout.shape.dim[d + 1];
        one.layout.strides[d] = one.layout.strides[d + 1];
    }
    one.layout.shape = shape;
    return one;
}

static elbo__matrix matrix(void *data, int64_t rows, int64_t columns, int64_t row_stride)
{
    return (elbo__matrix){data, rows, columns, row_stride, 1};
}

/* A tensor (n, ...) as a matrix (n, ...) where it lies; false where its strides do not allow that. */
static bool as_matrix(const elbo_tensor *t, int64_t rows, int64_t columns, elbo__matrix *m)
{
    elbo_layout l;
    if (!elbo_layout_reshape(&t->layout, &ELBO_SHAPE(rows, columns), &l))
        return false;
    *m = (elbo__matrix){(char *)t->data + l.offset * (int64_t)elbo_dtype_size(t->dtype), rows, columns, l.strides[0],
                        l.strides[1]};
    return true;
}

/* The weight of a group (O, taps). If it does not lie like a matrix, its first images copy it. */
static elbo__matrix weight_of(const work *k, int64_t group, int64_t first)
{
    elbo_tensor w = one_of(k->w, group);
    elbo__matrix m;
    if (as_matrix(&w, k->outputs, k->taps, &m))
        return m;
    elbo_tensor copy = elbo_tensor_of(k->dtype, w.layout.shape, k->weight);
    if (first == group * k->group)
        elbo__move(&copy, &w);
    return matrix(k->weight, k->outputs, k->taps, k->taps);
}

/* Images [first, first + n) of y side by side: (n, O, H', W') over `side`. */
static elbo_tensor side_by_side(const work *k, int64_t n)
{
    const elbo_shape shape = ELBO_SHAPE(n, k->outputs, k->geometry.rows, k->geometry.columns);
    elbo_tensor t = elbo_tensor_of(k->dtype, shape, k->side);
    t.layout.strides[0] = k->positions;
    t.layout.strides[1] = n * k->positions;
    return t;
}

/* Whether one image's y is a matrix (O, positions) with rows of neighbours. */
static bool in_place(const work *k, int64_t first, int64_t n, elbo__matrix *m)
{
    elbo_tensor y = one_of(k->y, first);
    return n == 1 && as_matrix(&y, k->outputs, k->positions, m) && m->column_stride == 1;
}

/* y of images [first, first + n) to read, as a matrix (O, n positions). */
static elbo__matrix read_y(const work *k, int64_t first, int64_t n)
{
    elbo__matrix m;
    if (in_place(k, first, n, &m))
        return m;
    elbo_tensor to = side_by_side(k, n), from = some_of(k->y, first, n);
    elbo__move(&to, &from);
    return matrix(k->side, k->outputs, n * k->positions, n * k->positions);
}

static char *patches_of(const work *k, int64_t image)
{
    return k->patches + (size_t)(image * k->positions) * elbo_dtype_size(k->dtype);
}

/* Patches of images [first, first + n): (taps, n positions) */
static elbo__matrix unfold(const work *k, int64_t first, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        elbo_tensor image = one_of(k->x, first + i);
        elbo__unfold(&k->geometry, &image, patches_of(k, i), k->pitch, k->planes);
    }
    return matrix(k->patches, k->taps, n * k->positions, k->pitch);
}

static void multiply(const work *k, elbo__matrix y, elbo__matrix a, elbo__matrix b)
{
    elbo__product(k->dtype, &y, &a, &b, INT64_MAX);
}

/* y (O, n positions) = w (O, taps) patches (taps, n positions) */
static void forward(const work *k, int64_t group, int64_t first, int64_t n)
{
    elbo__matrix y, w = weight_of(k, group, first), patches = unfold(k, first, n);
    bool direct = in_place(k, first, n, &y);
    if (!direct)
        y = matrix(k->side, k->outputs, n * k->positions, n * k->positions);
    multiply(k, y, w, patches);
    if (!direct) {
        elbo_tensor to = some_of(k->y, first, n), from = side_by_side(k, n);
        elbo__move(&to, &from);
    }
}

/* patches (taps, n positions) = w' (taps, O) y (O, n positions), folded into x */
static void backward(const work *k, int64_t group, int64_t first, int64_t n)
{
    multiply(k, matrix(k->patches, k->taps, n * k->positions, k->pitch), elbo__transposed(weight_of(k, group, first)),
             read_y(k, first, n));
    for (int64_t i = 0; i < n; i++) {
        elbo_tensor image = one_of(k->x, first + i);
        elbo__fold(&k->geometry, &image, patches_of(k, i), k->pitch, k->planes);
    }
}

/* w' (taps, O) += patches (taps, n positions) y' (n positions, O): the sum over a group, in order, then turned */
static void weigh(const work *k, int64_t group, int64_t first, int64_t n)
{
    bool begins = first == group * k->group, ends = first + n == (group + 1) * k->group;
    int64_t size = k->taps * k->outputs;
    elbo__matrix patches = unfold(k, first, n), y = read_y(k, first, n);
    multiply(k, matrix(begins ? k->weight : k->more, k->taps, k->outputs, k->outputs), patches, elbo__transposed(y));
    if (!begins)
        elbo__kernels_for(k->dtype)->elementwise[ELBO__add](size, k->weight, k->weight, k->more, NULL);
    if (ends) {
        elbo_tensor to = one_of(k->w, group);
        const elbo_shape *s = &to.layout.shape; /* (O, C, kh, kw) */
        elbo_tensor from = elbo_tensor_of(k->dtype, ELBO_SHAPE(s->dim[1], s->dim[2], s->dim[3], s->dim[0]), k->weight);
        from.layout = elbo_layout_permute(&from.layout, (int[]){3, 0, 1, 2});
        elbo__move(&to, &from);
    }
}

/* The images of each group in turn, some together. */
static void each(const work *k, void (*apply)(const work *k, int64_t group, int64_t first, int64_t n))
{
    for (int64_t first = 0, n; first < k->images; first += n) {
        int64_t group = first / k->group, left = (group + 1) * k->group - first;
        n = left < k->together ? left : k->together;
        apply(k, group, first, n);
    }
}

void elbo__convolve(elbo__convolution which, const elbo_tensor *x, const elbo_tensor *w, const elbo_tensor *y,
                    int stride, int padding, void *scratch)
{
    static void (*const functions[])(const work *, int64_t, int64_t, int64_t) = {
        [ELBO__CONVOLVE] = forward, [ELBO__CONVOLVE_BACK] = backward, [ELBO__CONVOLVE_WEIGHT] = weigh};
    work k = {.x = x, .w = w, .y = y};
    plan_work(&k, x->dtype, &x->layout.shape, &w->layout.shape, &y->layout.shape, stride, padding, scratch);
    if (which == ELBO__CONVOLVE_WEIGHT && k.images == 0)
        elbo__fill(w, 0);
    each(&k, functions[which]);
}

size_t elbo__convolve_scratch(elbo_dtype dtype, const elbo_shape *x, const elbo_shape *w, const elbo_shape *y,
                              int stride, int padding)
{
    return plan_work(&(work){0}, dtype, x, w, y, stride, padding, NULL);
}
