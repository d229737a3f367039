/* Convolutions to few channels: one product makes what each pixel, or position, gives by each number of the kernel,
 *
 *     forward   given (pixels, h w O) = x (pixels, C) w (C, h w O)
 *     back      given (positions, h w C) = y (positions, O) w (O, h w C)
 *
 * and a loop adds that up, number after number of the kernel. */
#include "convolve_private.h"
#include "elementwise.h"
#include "move.h"

/* Positions [first, first + count) along one axis, which number `tap` of the kernel brings onto a pixel. */
typedef struct {
    int64_t first, count;
} meeting;

static meeting meeting_of(const elbo__convolving *k, int64_t tap, int64_t positions, int64_t pixels)
{
    const int64_t s = k->stride, out = k->padding - tap, first = out > 0 ? (out + s - 1) / s : 0;
    const int64_t behind = pixels + out > 0 ? (pixels - 1 + out) / s + 1 : 0;
    return (meeting){first, (behind < positions ? behind : positions) - first};
}

/* to[row of position or pixel] += given[pixel or position][tap], whichever the convolution goes from and to */
#define ADD_UP(T, name)                                                                                                \
    static void name(const elbo__convolving *k, T *to, const T *given)                                                 \
    {                                                                                                                  \
        const bool back = k->which == ELBO__CONVOLVE_BACK;                                                             \
        const int64_t channels = k->rows_size.channels, each = elbo__area(k->kernel) * channels;                       \
        const int64_t from_step = (back ? 1 : k->stride) * each, to_step = (back ? k->stride : 1) * k->step;           \
        for (int64_t i = 0; i < elbo__area(k->kernel); i++) {                                                          \
            const int64_t down = i / k->kernel.width, across = i % k->kernel.width;                                    \
            const meeting r = meeting_of(k, down, k->y.height, k->x.height);                                           \
            const meeting q = meeting_of(k, across, k->y.width, k->x.width);                                           \
            for (int64_t m = r.first; m < r.first + r.count; m++) {                                                    \
                const int64_t position = m * k->y.width + q.first;                                                     \
                const int64_t row = m * k->stride + down - k->padding, column = q.first * k->stride + across;          \
                const int64_t pixel = row * k->x.width + column - k->padding;                                          \
                const T *from = given + (back ? position : pixel) * each + i * channels;                               \
                T *at = to + (back ? pixel : position) * k->step;                                                      \
                if (channels == 1)                                                                                     \
                    for (int64_t n = 0; n < q.count; n++)                                                              \
                        at[n * to_step] += from[n * from_step];                                                        \
                else                                                                                                   \
                    for (int64_t n = 0; n < q.count; n++, from += from_step, at += to_step)                            \
                        for (int64_t c = 0; c < channels; c++)                                                         \
                            at[c] += from[c];                                                                          \
            }                                                                                                          \
        }                                                                                                              \
    }
ADD_UP(float, add_up_f32)
ADD_UP(double, add_up_f64)

/* The image that is read, as a matrix (pixels, channels): where it lies, or copied to `framed`. */
static elbo__matrix pixels_of(const elbo__convolving *k, int64_t image)
{
    const elbo__size s = k->from_size;
    const int64_t step = elbo__rows_step(k->from, s);
    if (step)
        return (elbo__matrix){elbo__image_at(k->from, image), elbo__area(s), s.channels, step, 1};
    const elbo_tensor here = elbo_tensor_of(k->dtype, ELBO_SHAPE(1, s.height, s.width, s.channels), k->framed);
    const elbo_tensor there = elbo__some_of(k->from, image, 1);
    elbo__move(&here, &there);
    return (elbo__matrix){k->framed, elbo__area(s), s.channels, s.channels, 1};
}

static void make(const elbo__convolving *k, int64_t image)
{
    const elbo__size s = k->from_size, r = k->rows_size;
    const int64_t wide = elbo__area(k->kernel) * r.channels;
    const elbo__matrix pixels = pixels_of(k, image), weight = {k->weight, s.channels, wide, wide, 1};
    const elbo__matrix given = {k->framed + elbo__volume(s) * (int64_t)elbo_dtype_size(k->dtype), elbo__area(s), wide,
                                wide, 1};
    elbo__product(k->dtype, &given, &pixels, &weight, INT64_MAX);
    const elbo_tensor aside = elbo_tensor_of(k->dtype, ELBO_SHAPE(1, r.height, r.width, r.channels), k->side);
    const elbo_tensor rows = k->aside ? aside : elbo__some_of(k->rows, image, 1);
    elbo__fill(&rows, 0);
    if (k->dtype == ELBO_F32)
        add_up_f32(k, elbo__rows_at(k, image), given.data);
    else
        add_up_f64(k, elbo__rows_at(k, image), given.data);
}

void elbo__convolve_narrow(const elbo__convolving *k, int64_t first, int64_t n)
{
    for (int64_t i = first; i < first + n; i++) /* one, since a single one fits aside */
        make(k, i);
}
