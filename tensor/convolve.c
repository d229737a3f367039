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
 * Where y or x has so few channels that vectors of them would be all but empty, one product makes what each pixel, or
 * position, gives by each number of the kernel, and a loop adds that up. */
#include "convolve.h"

#include <string.h>

#include "elementwise.h"
#include "move.h"

typedef struct {
    int64_t height, width, channels;
} size;

typedef struct {
    elbo__convolution which;
    elbo_dtype dtype;
    int64_t images, group; /* in all; of one weight */
    int64_t together;      /* images a product works on */
    size x, y, kernel;     /* of the kernel: height and width */
    int64_t stride, padding;
    bool narrow; /* adds up what single pixels give */
    /* what patches are cut out of: a frame, in which the image begins at row `above` and column `left`; or the image */
    const elbo_tensor *from;
    size from_size, frame;
    int64_t above, left;
    bool in_place;
    /* what is written, and for the weight what else is read, by rows of channels */
    const elbo_tensor *rows;
    size rows_size;
    int64_t rows_pitch;           /* from one row to the next; 0: they lie in no such way, and a copy does in `side` */
    char *framed, *side, *weight; /* scratch memory */
    int64_t *a_row, *a_term, *b_term, *y_row;
} work;

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t area(size s)
{
    return s.height * s.width;
}

static int64_t volume(size s)
{
    return area(s) * s.channels;
}

static int64_t taps(const work *k)
{
    return area(k->kernel) * k->from_size.channels;
}

/* ---- the work ---------------------------------------------------------------------------------------------------- */

static size size_of(const elbo_shape *images)
{
    return (size){images->dim[1], images->dim[2], images->dim[3]};
}

/* Lays out the scratch memory; returns its size in bytes. */
static size_t lay_out(work *k, char *memory)
{
    enum { LINE = 64 }; /* bytes: every part begins on a cache line */
    const bool weight = k->which == ELBO__CONVOLVE_WEIGHT;
    const int64_t places = k->narrow ? 0 : k->together * area(k->rows_size), numbers = k->narrow ? 0 : taps(k);
    const int64_t given = area(k->from_size) * area(k->kernel) * k->rows_size.channels; /* by single pixels */
    const size_t number = elbo_dtype_size(k->dtype);
    char *lists = NULL;
    const struct {
        char **at;
        int64_t numbers;
        size_t number;
    } parts[] = {{&k->framed, k->narrow ? volume(k->from_size) + given : k->together * volume(k->frame), number},
                 {&k->side, k->together * volume(k->rows_size), number},
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

static work plan_work(elbo__convolution which, elbo_dtype dtype, const elbo_shape *x, const elbo_shape *w,
                      const elbo_shape *y, int stride, int padding)
{
    enum { NARROW = 4, FRAMED = 1 << 16 }; /* channels; numbers in the frames of images together */
    const bool back = which == ELBO__CONVOLVE_BACK;
    work k = {.which = which, .dtype = dtype, .images = x->dim[0], .stride = stride, .padding = padding};
    k.group = w->dim[0] ? k.images / w->dim[0] : 0;
    k.x = size_of(x);
    k.y = size_of(y);
    k.kernel = (size){w->dim[3], w->dim[4], 0};
    k.from_size = back ? k.y : k.x;
    k.rows_size = back ? k.x : k.y;
    k.narrow = which != ELBO__CONVOLVE_WEIGHT && k.rows_size.channels <= NARROW && area(k.kernel) > 1;
    if (back) {
        k.above = (k.kernel.height - 1) / stride;
        k.left = (k.kernel.width - 1) / stride;
        k.frame = (size){k.above + (k.x.height - 1 + padding) / stride + 1,
                         k.left + (k.x.width - 1 + padding) / stride + 1, k.y.channels};
    } else {
        k.above = k.left = padding;
        k.frame = (size){(k.y.height - 1) * stride + k.kernel.height, (k.y.width - 1) * stride + k.kernel.width,
                         k.x.channels};
    }
    k.together = k.narrow ? 1 : least(k.group, FRAMED / (volume(k.frame) + 1));
    k.together = k.together > 0 ? k.together : 1;
    return k;
}

/* ---- images as rows of channels ---------------------------------------------------------------------------------- */

static void *at_number(const work *k, void *data, int64_t i)
{
    return (char *)data + i * (int64_t)elbo_dtype_size(k->dtype);
}

/* Entries [first, first + n) of axis 0. */
static elbo_tensor some_of(const elbo_tensor *t, int64_t first, int64_t n)
{
    return (elbo_tensor){t->dtype, elbo_layout_slice(&t->layout, 0, first, n), t->data};
}

/* Where all rows of channels lie one pitch apart, that pitch; 0 where they do not. */
static int64_t pitch_of(const elbo_tensor *t, size s)
{
    elbo_layout l;
    const int64_t n = t->layout.shape.dim[0] * area(s);
    if (!elbo_layout_reshape(&t->layout, &ELBO_SHAPE(n, s.channels), &l) || (l.strides[1] != 1 && s.channels > 1))
        return 0;
    return n > 1 ? l.strides[0] : s.channels;
}

static void *image_at(const elbo_tensor *t, int64_t i)
{
    return (char *)t->data + (t->layout.offset + i * t->layout.strides[0]) * (int64_t)elbo_dtype_size(t->dtype);
}

static elbo_tensor side_of(const work *k, int64_t n)
{
    const size s = k->rows_size;
    return elbo_tensor_of(k->dtype, ELBO_SHAPE(n, s.height, s.width, s.channels), k->side);
}

/* The rows of images [first, first + n), to be written or read. */
static void *rows_at(const work *k, int64_t first)
{
    return k->rows_pitch ? image_at(k->rows, first) : k->side;
}

static int64_t pitch(const work *k)
{
    return k->rows_pitch ? k->rows_pitch : k->rows_size.channels;
}

static void move_rows(const work *k, int64_t first, int64_t n, bool out)
{
    if (k->rows_pitch)
        return;
    const elbo_tensor side = side_of(k, n), there = some_of(k->rows, first, n);
    elbo__move(out ? &there : &side, out ? &side : &there);
}

/* Images [first, first + n) within their frames, whose zeros are there. */
static void *frame_images(const work *k, int64_t first, int64_t n)
{
    if (k->in_place)
        return image_at(k->from, first);
    const size f = k->frame, s = k->from_size;
    const int64_t height = least(s.height, f.height - k->above), width = least(s.width, f.width - k->left);
    if (height <= 0 || width <= 0)
        return k->framed;
    elbo_tensor there = some_of(k->from, first, n);
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
    const size f = k->frame;
    for (int64_t b = 0, n = 0; b < k->together; b++)
        for (int64_t r = 0; r < k->y.height; r++)
            for (int64_t q = 0; q < k->y.width; q++, n++) {
                begins[n] = ((b * f.height + r * k->stride) * f.width + q * k->stride) * f.channels;
                row[n] = n * pitch(k);
            }
}

/* Of each number of a patch, in the order of a weight's (C, h, w), where it lies from the patch's beginning, and which
 * row of weights it is. */
static void list_taps(const work *k, int64_t *lies, int64_t *row)
{
    const size f = k->frame;
    for (int64_t c = 0, n = 0; c < f.channels; c++)
        for (int64_t i = 0; i < k->kernel.height; i++)
            for (int64_t j = 0; j < k->kernel.width; j++, n++) {
                lies[n] = (i * f.width + j) * f.channels + c;
                row[n] = n * k->y.channels;
            }
}

/* The entries of an axis that leave `remainder`: the first, and how many. */
typedef struct {
    int64_t first, count;
} entries;

static entries entries_of(int64_t n, int64_t padding, int64_t stride, int64_t remainder)
{
    const int64_t first = ((remainder - padding) % stride + stride) % stride;
    return (entries){first, first < n ? (n - first + stride - 1) / stride : 0};
}

/* One class of pixels on the way back: its lists follow those of the classes before. */
typedef struct {
    entries down, across;          /* pixels               */
    int64_t i, j, kernels, kernel; /* numbers of the kernel: the first, and how many down and across */
    int64_t *a_row, *a_term, *b_term, *y_row;
} class;

/* The next class of pixels; false behind the last. `c` is {0} at first. */
static bool next_class(const work *k, class *c)
{
    if (!c->a_row) {
        c->a_row = k->a_row;
        c->y_row = k->y_row;
        c->a_term = k->a_term;
        c->b_term = k->b_term;
    } else {
        const int64_t rows = k->together * c->down.count * c->across.count,
                      terms = c->kernels * c->kernel * k->y.channels;
        c->a_row += rows;
        c->y_row += rows;
        c->a_term += terms;
        c->b_term += terms;
        if (++c->j == k->stride) {
            c->j = 0;
            c->i++;
        }
    }
    const int64_t s = k->stride;
    c->down = entries_of(k->x.height, k->padding, s, c->i);
    c->across = entries_of(k->x.width, k->padding, s, c->j);
    c->kernels = c->i < k->kernel.height ? (k->kernel.height - c->i + s - 1) / s : 0;
    c->kernel = c->j < k->kernel.width ? (k->kernel.width - c->j + s - 1) / s : 0;
    return c->i < s;
}

static void list_class(const work *k, const class *c)
{
    const size f = k->frame;
    const int64_t s = k->stride;
    int64_t n = 0;
    for (int64_t b = 0; b < k->together; b++)
        for (int64_t h = c->down.first; h < k->x.height; h += s)
            for (int64_t w = c->across.first; w < k->x.width; w += s, n++) {
                const int64_t r = (h + k->padding) / s + k->above, q = (w + k->padding) / s + k->left;
                c->a_row[n] = ((b * f.height + r) * f.width + q) * f.channels;
                c->y_row[n] = ((b * k->x.height + h) * k->x.width + w) * pitch(k);
            }
    n = 0;
    for (int64_t i = 0; i < c->kernels; i++)
        for (int64_t j = 0; j < c->kernel; j++)
            for (int64_t o = 0; o < f.channels; o++, n++) {
                const int64_t tap = (c->i + i * s) * k->kernel.width + c->j + j * s;
                c->a_term[n] = o - (i * f.width + j) * f.channels;
                c->b_term[n] = (tap * f.channels + o) * k->x.channels;
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

/* As the products take it: (C h w, O), which is also (C, h w O); back (h w, O, C), or (O, h w C) where single pixels
 * give. */
static elbo_tensor weight_in_rows(const work *k)
{
    const int64_t n = area(k->kernel), inputs = k->x.channels, outputs = k->y.channels;
    if (k->which != ELBO__CONVOLVE_BACK)
        return weight_with(k, 1, n * outputs, outputs);
    return k->narrow ? weight_with(k, n * inputs, 1, inputs) : weight_with(k, inputs, 1, outputs * inputs);
}

/* ---- the three, and what single pixels give ---------------------------------------------------------------------- */

static void multiply(const work *k, const elbo__placed *p)
{
    elbo__product_placed(k->dtype, p);
}

static void forward(const work *k, int64_t first, int64_t n)
{
    multiply(k, &(elbo__placed){.rows = n * area(k->y),
                                .columns = k->y.channels,
                                .terms = taps(k),
                                .a = frame_images(k, first, n),
                                .b = k->weight,
                                .y = rows_at(k, first),
                                .a_row = k->a_row,
                                .a_term = k->a_term,
                                .b_term = k->b_term,
                                .y_row = k->y_row});
}

static void back(const work *k, int64_t first, int64_t n)
{
    const void *frames = frame_images(k, first, n);
    for (class c = {.i = 0}; next_class(k, &c);)
        multiply(k, &(elbo__placed){.rows = n * c.down.count * c.across.count,
                                    .columns = k->x.channels,
                                    .terms = c.kernels * c.kernel * k->y.channels,
                                    .a = frames,
                                    .b = k->weight,
                                    .y = rows_at(k, first),
                                    .a_row = c.a_row,
                                    .a_term = c.a_term,
                                    .b_term = c.b_term,
                                    .y_row = c.y_row});
}

static void weigh(const work *k, int64_t first, int64_t n)
{
    move_rows(k, first, n, false);
    multiply(k, &(elbo__placed){.rows = taps(k),
                                .columns = k->y.channels,
                                .terms = n * area(k->y),
                                .a = frame_images(k, first, n),
                                .b = rows_at(k, first),
                                .y = k->weight,
                                .a_row = k->a_row,
                                .a_term = k->a_term,
                                .b_term = k->b_term,
                                .y_row = k->y_row,
                                .add = first % k->group != 0});
}

/* Numbers [from, end) of positions that number `tap` of the kernel brings onto a pixel, along one axis. */
static entries meeting(const work *k, int64_t tap, int64_t positions, int64_t pixels)
{
    const int64_t s = k->stride, out = k->padding - tap, from = out > 0 ? (out + s - 1) / s : 0;
    const int64_t end = pixels + out > 0 ? (pixels - 1 + out) / s + 1 : 0;
    return (entries){from, least(end, positions) - from};
}

/* to[row of position or pixel] += given[pixel or position][tap], whichever the convolution goes from and to */
#define ADD_UP(T, name)                                                                                                \
    static void name(const work *k, T *to, const T *given)                                                             \
    {                                                                                                                  \
        const int64_t channels = k->rows_size.channels, each = area(k->kernel) * channels;                             \
        for (int64_t i = 0; i < area(k->kernel); i++) {                                                                \
            const int64_t down = i / k->kernel.width, across = i % k->kernel.width;                                    \
            const entries r = meeting(k, down, k->y.height, k->x.height);                                              \
            const entries q = meeting(k, across, k->y.width, k->x.width);                                              \
            for (int64_t m = r.first; m < r.first + r.count; m++) {                                                    \
                int64_t position = m * k->y.width + q.first;                                                           \
                int64_t pixel = (m * k->stride + down - k->padding) * k->x.width + q.first * k->stride + across -      \
                                k->padding;                                                                            \
                const bool back_ = k->which == ELBO__CONVOLVE_BACK;                                                    \
                const T *from = given + (back_ ? position : pixel) * each + i * channels;                              \
                T *at = to + (back_ ? pixel : position) * pitch(k);                                                    \
                const int64_t from_step = (back_ ? 1 : k->stride) * each, step = (back_ ? k->stride : 1) * pitch(k);   \
                if (channels == 1)                                                                                     \
                    for (int64_t n = 0; n < q.count; n++)                                                              \
                        at[n * step] += from[n * from_step];                                                           \
                else                                                                                                   \
                    for (int64_t n = 0; n < q.count; n++, from += from_step, at += step)                               \
                        for (int64_t c = 0; c < channels; c++)                                                         \
                            at[c] += from[c];                                                                          \
            }                                                                                                          \
        }                                                                                                              \
    }
ADD_UP(float, add_up_f32)
ADD_UP(double, add_up_f64)

static void spread_out(const work *k, int64_t first, int64_t n)
{
    (void)n; /* always 1 */
    const size s = k->from_size;
    elbo__matrix pixels = {k->framed, area(s), s.channels, s.channels, 1}, given = pixels, weight = pixels;
    const int64_t from_pitch = pitch_of(k->from, s), wide = area(k->kernel) * k->rows_size.channels;
    if (from_pitch) {
        pixels.data = image_at(k->from, first);
        pixels.row_stride = from_pitch;
    } else {
        const elbo_tensor here = elbo_tensor_of(k->dtype, ELBO_SHAPE(1, s.height, s.width, s.channels), k->framed);
        const elbo_tensor there = some_of(k->from, first, 1);
        elbo__move(&here, &there);
    }
    given = (elbo__matrix){at_number(k, k->framed, volume(s)), area(s), wide, wide, 1};
    weight = (elbo__matrix){k->weight, s.channels, wide, wide, 1};
    elbo__product(k->dtype, &given, &pixels, &weight, INT64_MAX);
    void *to = rows_at(k, first);
    elbo_tensor rows = k->rows_pitch ? some_of(k->rows, first, 1) : side_of(k, 1);
    elbo__fill(&rows, 0);
    if (k->dtype == ELBO_F32)
        add_up_f32(k, to, given.data);
    else
        add_up_f64(k, to, given.data);
}

/* ---- all images -------------------------------------------------------------------------------------------------- */

static void list_places(const work *k)
{
    if (k->which == ELBO__CONVOLVE) {
        list_positions(k, k->a_row, k->y_row);
        list_taps(k, k->a_term, k->b_term);
    } else if (k->which == ELBO__CONVOLVE_WEIGHT) {
        list_positions(k, k->a_term, k->b_term);
        list_taps(k, k->a_row, k->y_row);
    } else {
        for (class c = {.i = 0}; next_class(k, &c);)
            list_class(k, &c);
    }
}

void elbo__convolve(elbo__convolution which, const elbo_tensor *x, const elbo_tensor *w, const elbo_tensor *y,
                    int stride, int padding, void *scratch)
{
    const bool weight = which == ELBO__CONVOLVE_WEIGHT;
    work k = plan_work(which, x->dtype, &x->layout.shape, &w->layout.shape, &y->layout.shape, stride, padding);
    lay_out(&k, scratch);
    k.from = which == ELBO__CONVOLVE_BACK ? y : x;
    k.rows = which == ELBO__CONVOLVE_BACK ? x : y;
    k.rows_pitch = pitch_of(k.rows, k.rows_size);
    if (k.images == 0) {
        if (weight)
            elbo__fill(w, 0);
        return;
    }
    if (!k.narrow) {
        k.in_place = k.above == 0 && k.left == 0 && k.frame.height <= k.from_size.height &&
                     k.frame.width <= k.from_size.width && pitch_of(k.from, k.from_size) == k.from_size.channels;
        if (k.in_place)
            k.frame = k.from_size;
        else
            memset(k.framed, 0, (size_t)(k.together * volume(k.frame)) * elbo_dtype_size(k.dtype));
        list_places(&k);
    }
    const elbo_tensor rows = weight_in_rows(&k);
    for (int64_t first = 0, n; first < k.images; first += n) {
        const int64_t group = first / k.group, left = (group + 1) * k.group - first;
        const elbo_tensor of_group = some_of(w, group, 1);
        n = least(left, k.together);
        if (!weight && first % k.group == 0)
            elbo__move(&rows, &of_group);
        (weight ? weigh : k.narrow ? spread_out : which == ELBO__CONVOLVE ? forward : back)(&k, first, n);
        if (!weight)
            move_rows(&k, first, n, true);
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
