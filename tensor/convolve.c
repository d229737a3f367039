/* A convolution is a product of two matrices, one of which overlaps itself: rows of patches. Its numbers are read where
 * they lie, in a frame of zeros around the image (product_placed_simd.c), so that patches are never laid out.
 *
 *     forward   y (positions, O) = patches of x (positions, taps) w (taps, O)
 *     back      x (pixels, C) = patches of y (pixels, taps) w (taps, C)
 *     weight    w (taps, O) = patches of x, turned (taps, positions) y (positions, O)
 *
 * Going back, pixel h meets position r by number i of the kernel where h + padding = r stride + i. So i leaves the same
 * remainder by the stride as h + padding: pixels fall into classes of one remainder down and one across, each of which
 * meets numbers of the kernel of its own.
 *
 * Where y or x has so few channels that vectors of them would be all but empty, another way is taken
 * (convolve_narrow.c). */
#include <string.h>

#include "convolve_private.h"
#include "elementwise.h"
#include "move.h"

typedef elbo__convolving work;

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t taps(const work *k)
{
    return elbo__area(k->kernel) * k->from_size.channels;
}

/* ---- the work ---------------------------------------------------------------------------------------------------- */

static elbo__size size_of(const elbo_shape *images)
{
    return (elbo__size){images->dim[1], images->dim[2], images->dim[3]};
}

/* Lays out the scratch memory; returns its size in bytes. */
static size_t lay_out(work *k, char *memory)
{
    enum { LINE = 64 }; /* bytes: every part begins on a cache line */
    const bool weight = k->which == ELBO__CONVOLVE_WEIGHT;
    const int64_t places = k->narrow ? 0 : k->together * elbo__area(k->rows_size), numbers = k->narrow ? 0 : taps(k);
    const int64_t given = elbo__area(k->from_size) * elbo__area(k->kernel) * k->rows_size.channels;
    const size_t number = elbo_dtype_size(k->dtype);
    char *lists = NULL;
    const struct {
        char **at;
        int64_t numbers;
        size_t number;
    } parts[] = {
        {&k->framed, k->narrow ? elbo__volume(k->from_size) + given : k->together * elbo__volume(k->frame), number},
        {&k->side, k->together * elbo__volume(k->rows_size), number},
        {&k->weight, taps(k) * k->rows_size.channels, number},
        {&lists, 2 * (places + numbers), sizeof *k->a_row}};
    size_t bytes = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        *parts[i].at = memory ? memory + bytes : NULL;
        bytes += ((size_t)parts[i].numbers * parts[i].number + LINE - 1) / LINE * LINE;
    }
    if (memory) {
        k->a_row = (int64_t *)(void *)lists;
        k->y_row = k->a_row + (weight ? numbers : places);
        k->a_term = k->y_row + (weight ? numbers : places);
        k->b_term = k->a_term + (weight ? places : numbers);
    }
    return bytes;
}

/* Few channels in vectors of many lanes; but forward every pixel meets all numbers of the kernel, which for a wide
 * stride are far more than those that positions meet. */
static bool is_narrow(const work *k)
{
    enum { FEW = 4, MOST = 4 }; /* channels; times more pixels than rows */
    return k->which != ELBO__CONVOLVE_WEIGHT && k->rows_size.channels <= FEW && elbo__area(k->kernel) > 1 &&
           elbo__area(k->from_size) <= MOST * elbo__area(k->rows_size);
}

static work plan_work(elbo__convolution which, elbo_dtype dtype, const elbo_shape *x, const elbo_shape *w,
                      const elbo_shape *y, int stride, int padding)
{
    enum { FRAMED = 1 << 16 }; /* numbers in the frames of images together */
    const bool back = which == ELBO__CONVOLVE_BACK;
    work k = {.which = which, .dtype = dtype, .images = x->dim[0], .stride = stride, .padding = padding};
    k.group = w->dim[0] ? k.images / w->dim[0] : 0;
    k.x = size_of(x);
    k.y = size_of(y);
    k.kernel = (elbo__size){w->dim[3], w->dim[4], 0};
    k.from_size = back ? k.y : k.x;
    k.rows_size = back ? k.x : k.y;
    k.narrow = is_narrow(&k);
    if (back) {
        k.above = (k.kernel.height - 1) / stride;
        k.left = (k.kernel.width - 1) / stride;
        k.frame = (elbo__size){k.above + (k.x.height - 1 + padding) / stride + 1,
                               k.left + (k.x.width - 1 + padding) / stride + 1, k.y.channels};
    } else {
        k.above = k.left = padding;
        k.frame = (elbo__size){(k.y.height - 1) * stride + k.kernel.height, (k.y.width - 1) * stride + k.kernel.width,
                               k.x.channels};
    }
    k.together = k.narrow ? 1 : least(k.group, FRAMED / (elbo__volume(k.frame) + 1));
    k.together = k.together > 0 ? k.together : 1;
    return k;
}

/* ---- images as rows of channels ---------------------------------------------------------------------------------- */

int64_t elbo__rows_step(const elbo_tensor *images, elbo__size s)
{
    elbo_layout l;
    const int64_t n = images->layout.shape.dim[0] * elbo__area(s);
    if (!elbo_layout_reshape(&images->layout, &ELBO_SHAPE(n, s.channels), &l) || (l.strides[1] != 1 && s.channels > 1))
        return 0;
    return n > 1 ? l.strides[0] : s.channels;
}

void *elbo__rows_at(const work *k, int64_t first)
{
    return k->aside ? k->side : elbo__image_at(k->rows, first);
}

/* Rows that lie aside, of images [first, first + n), into their places, or from there. */
static void bring(const work *k, int64_t first, int64_t n, bool home)
{
    if (!k->aside)
        return;
    const elbo__size s = k->rows_size;
    const elbo_tensor side = elbo_tensor_of(k->dtype, ELBO_SHAPE(n, s.height, s.width, s.channels), k->side);
    const elbo_tensor place = elbo__some_of(k->rows, first, n);
    elbo__move(home ? &place : &side, home ? &side : &place);
}

/* Images [first, first + n) within their frames, whose zeros are there. */
static void *frame_images(const work *k, int64_t first, int64_t n)
{
    if (k->in_place)
        return elbo__image_at(k->from, first);
    const elbo__size f = k->frame, s = k->from_size;
    const int64_t height = least(s.height, f.height - k->above), width = least(s.width, f.width - k->left);
    if (height <= 0 || width <= 0)
        return k->framed;
    elbo_tensor there = elbo__some_of(k->from, first, n);
    there.layout = elbo_layout_slice(&there.layout, 1, 0, height);
    there.layout = elbo_layout_slice(&there.layout, 2, 0, width);
    elbo_tensor here = elbo_tensor_of(k->dtype, ELBO_SHAPE(n, f.height, f.width, f.channels), k->framed);
    here.layout = elbo_layout_slice(&here.layout, 1, k->above, height);
    here.layout = elbo_layout_slice(&here.layout, 2, k->left, width);
    elbo__move(&here, &there);
    return k->framed;
}

/* ---- places ------------------------------------------------------------------------------------------------------ */

/* Of each position of each image, where its patch begins, and which row it is. */
static void list_positions(const work *k, int64_t *begins, int64_t *row)
{
    const elbo__size f = k->frame;
    for (int64_t b = 0, n = 0; b < k->together; b++)
        for (int64_t r = 0; r < k->y.height; r++)
            for (int64_t q = 0; q < k->y.width; q++, n++) {
                begins[n] = ((b * f.height + r * k->stride) * f.width + q * k->stride) * f.channels;
                row[n] = n * k->step;
            }
}

/* Of each number of a patch, in the order of a weight's (C, h, w), where it lies from the patch's beginning, and which
 * row of weights it is. */
static void list_taps(const work *k, int64_t *lies, int64_t *row)
{
    const elbo__size f = k->frame;
    for (int64_t c = 0, n = 0; c < f.channels; c++)
        for (int64_t i = 0; i < k->kernel.height; i++)
            for (int64_t j = 0; j < k->kernel.width; j++, n++) {
                lies[n] = (i * f.width + j) * f.channels + c;
                row[n] = n * k->y.channels;
            }
}

/* How many of 0, 1, ..., n - 1 are first, first + step, ... */
static int64_t count_from(int64_t first, int64_t n, int64_t step)
{
    return first < n ? (n - first + step - 1) / step : 0;
}

/* One class of pixels on the way back, (row + a stride, column + b stride), and the numbers of the kernel that they
 * meet, (i + a stride, j + b stride). Its lists follow those of the classes before. */
typedef struct {
    int64_t row, column, pixels; /* pixels: of an image */
    int64_t i, j, down, across;  /* numbers of the kernel: the first, and how many */
    int64_t *a_row, *a_term, *b_term, *y_row;
} class;

static int64_t terms_of(const work *k, const class *c)
{
    return c->down * c->across * k->y.channels;
}

/* The class whose first pixel is (row, column), behind `before` (NULL: it is the first). */
static class class_of(const work *k, int64_t row, int64_t column, const class *before)
{
    const int64_t s = k->stride;
    class c = {.row = row, .column = column, .i = (row + k->padding) % s, .j = (column + k->padding) % s};
    c.pixels = count_from(row, k->x.height, s) * count_from(column, k->x.width, s);
    c.down = count_from(c.i, k->kernel.height, s);
    c.across = count_from(c.j, k->kernel.width, s);
    c.a_row = before ? before->a_row + k->together * before->pixels : k->a_row;
    c.y_row = before ? before->y_row + k->together * before->pixels : k->y_row;
    c.a_term = before ? before->a_term + terms_of(k, before) : k->a_term;
    c.b_term = before ? before->b_term + terms_of(k, before) : k->b_term;
    return c;
}

static void each_class(const work *k, void (*apply)(const work *k, const class *c, int64_t first, int64_t n),
                       int64_t first, int64_t n)
{
    class c;
    const class *before = NULL;
    for (int64_t row = 0; row < k->stride && row < k->x.height; row++)
        for (int64_t column = 0; column < k->stride && column < k->x.width; column++, before = &c) {
            c = class_of(k, row, column, before);
            apply(k, &c, first, n);
        }
}

static void list_class(const work *k, const class *c, int64_t first, int64_t images)
{
    const elbo__size f = k->frame;
    const int64_t s = k->stride;
    int64_t n = 0;
    (void)first;
    for (int64_t b = 0; b < images; b++)
        for (int64_t h = c->row; h < k->x.height; h += s)
            for (int64_t w = c->column; w < k->x.width; w += s, n++) {
                const int64_t r = (h + k->padding) / s + k->above, q = (w + k->padding) / s + k->left;
                c->a_row[n] = ((b * f.height + r) * f.width + q) * f.channels;
                c->y_row[n] = ((b * k->x.height + h) * k->x.width + w) * k->step;
            }
    n = 0;
    for (int64_t i = 0; i < c->down; i++)
        for (int64_t j = 0; j < c->across; j++)
            for (int64_t o = 0; o < f.channels; o++, n++) {
                const int64_t tap = (c->i + i * s) * k->kernel.width + c->j + j * s;
                c->a_term[n] = o - (i * f.width + j) * f.channels;
                c->b_term[n] = (tap * f.channels + o) * k->x.channels;
            }
}

static void list_places(const work *k)
{
    if (k->which == ELBO__CONVOLVE) {
        list_positions(k, k->a_row, k->y_row);
        list_taps(k, k->a_term, k->b_term);
    } else if (k->which == ELBO__CONVOLVE_WEIGHT) {
        list_positions(k, k->a_term, k->b_term);
        list_taps(k, k->a_row, k->y_row);
    } else {
        each_class(k, list_class, 0, k->together);
    }
}

/* ---- weights ----------------------------------------------------------------------------------------------------- */

/* Scratch memory as a weight (1, O, C, h, w) whose axes lie these steps apart. */
static elbo_tensor weight_with(const work *k, int64_t output, int64_t input, int64_t tap)
{
    const elbo_shape shape = ELBO_SHAPE(1, k->y.channels, k->x.channels, k->kernel.height, k->kernel.width);
    elbo_tensor t = elbo_tensor_of(k->dtype, shape, k->weight);
    const int64_t strides[] = {0, output, input, tap * k->kernel.width, tap};
    memcpy(t.layout.strides, strides, sizeof strides);
    return t;
}

/* As the products take it: (C h w, O), which is also (C, h w O); back (h w, O, C), or (O, h w C) where it is narrow. */
static elbo_tensor weight_in_rows(const work *k)
{
    const int64_t n = elbo__area(k->kernel), inputs = k->x.channels, outputs = k->y.channels;
    if (k->which != ELBO__CONVOLVE_BACK)
        return weight_with(k, 1, n * outputs, outputs);
    return k->narrow ? weight_with(k, n * inputs, 1, inputs) : weight_with(k, inputs, 1, outputs * inputs);
}

/* ---- the three --------------------------------------------------------------------------------------------------- */

static void forward(const work *k, int64_t first, int64_t n)
{
    const elbo__placed p = {.rows = n * elbo__area(k->y),
                            .columns = k->y.channels,
                            .terms = taps(k),
                            .a = frame_images(k, first, n),
                            .b = k->weight,
                            .y = elbo__rows_at(k, first),
                            .a_row = k->a_row,
                            .a_term = k->a_term,
                            .b_term = k->b_term,
                            .y_row = k->y_row};
    elbo__product_placed(k->dtype, &p);
}

static void make_class(const work *k, const class *c, int64_t first, int64_t n)
{
    const elbo__placed p = {.rows = n * c->pixels,
                            .columns = k->x.channels,
                            .terms = terms_of(k, c),
                            .a = k->in_place ? elbo__image_at(k->from, first) : k->framed,
                            .b = k->weight,
                            .y = elbo__rows_at(k, first),
                            .a_row = c->a_row,
                            .a_term = c->a_term,
                            .b_term = c->b_term,
                            .y_row = c->y_row};
    elbo__product_placed(k->dtype, &p);
}

static void back(const work *k, int64_t first, int64_t n)
{
    frame_images(k, first, n);
    each_class(k, make_class, first, n);
}

static void weigh(const work *k, int64_t first, int64_t n)
{
    bring(k, first, n, false);
    const elbo__placed p = {.rows = taps(k),
                            .columns = k->y.channels,
                            .terms = n * elbo__area(k->y),
                            .a = frame_images(k, first, n),
                            .b = elbo__rows_at(k, first),
                            .y = k->weight,
                            .a_row = k->a_row,
                            .a_term = k->a_term,
                            .b_term = k->b_term,
                            .y_row = k->y_row,
                            .add = first % k->group != 0};
    elbo__product_placed(k->dtype, &p);
}

/* ---- all images -------------------------------------------------------------------------------------------------- */

void elbo__convolve(elbo__convolution which, const elbo_tensor *x, const elbo_tensor *w, const elbo_tensor *y,
                    int stride, int padding, void *scratch)
{
    const bool weight = which == ELBO__CONVOLVE_WEIGHT;
    work k = plan_work(which, x->dtype, &x->layout.shape, &w->layout.shape, &y->layout.shape, stride, padding);
    if (k.images == 0) {
        if (weight)
            elbo__fill(w, 0);
        return;
    }
    lay_out(&k, scratch);
    k.from = which == ELBO__CONVOLVE_BACK ? y : x;
    k.rows = which == ELBO__CONVOLVE_BACK ? x : y;
    k.step = elbo__rows_step(k.rows, k.rows_size);
    k.aside = k.step == 0;
    k.step = k.aside ? k.rows_size.channels : k.step;
    if (!k.narrow) {
        k.in_place = k.above == 0 && k.left == 0 && k.frame.height <= k.from_size.height &&
                     k.frame.width <= k.from_size.width && elbo__rows_step(k.from, k.from_size) == k.from_size.channels;
        if (k.in_place)
            k.frame = k.from_size;
        else
            memset(k.framed, 0, (size_t)(k.together * elbo__volume(k.frame)) * elbo_dtype_size(k.dtype));
        list_places(&k);
    }
    const elbo_tensor rows = weight_in_rows(&k);
    for (int64_t first = 0, n; first < k.images; first += n) {
        const int64_t group = first / k.group, left = (group + 1) * k.group - first;
        const elbo_tensor of_group = elbo__some_of(w, group, 1);
        n = least(left, k.together);
        if (!weight && first % k.group == 0)
            elbo__move(&rows, &of_group);
        (weight ? weigh : k.narrow ? elbo__convolve_narrow : which == ELBO__CONVOLVE ? forward : back)(&k, first, n);
        if (!weight)
            bring(&k, first, n, true);
        else if (n == left)
            elbo__move(&of_group, &rows);
    }
}

size_t elbo__convolve_scratch(elbo__convolution which, elbo_dtype dtype, const elbo_shape *x, const elbo_shape *w,
                              const elbo_shape *y, int stride, int padding)
{
    work k = plan_work(which, dtype, x, w, y, stride, padding);
    return lay_out(&k, NULL);
}
