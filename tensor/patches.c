/* Unfolding by way of planes: for a stride s, plane (c, u, v) holds every s-th row and column of the padded channel c,
 * from row u and column v on. All that one number of the kernel meets then lies in one plane, in rows of neighbours. */
#include "patches.h"

#include <string.h>

#include "clones.h"
#include "move.h"

enum { PIECE = ELBO__PATCH_PIECE };

typedef struct {
    int64_t down, across;  /* planes of a channel: no more than the kernel has rows and columns */
    int64_t height, width; /* of a plane                                                        */
} planes;

static planes planes_of(const elbo__patches *p)
{
    int64_t s = p->stride;
    return (planes){.down = s < p->kernel_height ? s : p->kernel_height,
                    .across = s < p->kernel_width ? s : p->kernel_width,
                    .height = p->rows + (p->kernel_height - 1) / s,
                    .width = p->columns + (p->kernel_width - 1) / s};
}

int64_t elbo__patches_taps(const elbo__patches *p)
{
    return p->channels * p->kernel_height * p->kernel_width;
}

int64_t elbo__patches_positions(const elbo__patches *p)
{
    return p->rows * p->columns;
}

int64_t elbo__planes_size(const elbo__patches *p)
{
    planes l = planes_of(p);
    return p->channels * l.down * l.across * l.height * l.width + PIECE;
}

/* Along one axis: the image's entries first, first + stride, ... are those from `place` on of the planes numbered u. */
typedef struct {
    int64_t first, place, count;
} share;

static share share_of(const elbo__patches *p, int64_t u, int64_t pixels, int64_t places)
{
    int64_t s = p->stride, place = p->padding > u ? (p->padding - u + s - 1) / s : 0,
            first = place * s + u - p->padding;
    int64_t there = first < pixels ? (pixels - first + s - 1) / s : 0, fitting = places > place ? places - place : 0;
    return (share){.first = first, .place = place, .count = there < fitting ? there : fitting};
}

/* Whether all of the image's entries along an axis are in planes. */
static bool covers(const elbo__patches *p, int64_t planes_, int64_t pixels, int64_t places)
{
    int64_t covered = 0;
    for (int64_t u = 0; u < planes_; u++)
        covered += share_of(p, u, pixels, places).count;
    return covered == pixels;
}

/* ---- an image and its planes ------------------------------------------------------------------------------------- */

typedef float four __attribute__((vector_size(16)));

/* to[i] = from[i], steps in bytes. Every second f32 by vectors of four. */
static inline void copy_row(size_t size, int64_t n, char *to, int64_t to_step, const char *from, int64_t from_step)
{
    int64_t i = 0;
    for (; size == 4 && to_step == 4 && from_step == 8 && i + 4 <= n; i += 4) {
        four low, high; /* numbers 0 to 3 and 3 to 6: none behind the last one is read */
        memcpy(&low, from + i * 8, sizeof low);
        memcpy(&high, from + i * 8 + 12, sizeof high);
        low = __builtin_shufflevector(low, high, 0, 2, 5, 7);
        memcpy(to + i * 4, &low, sizeof low);
    }
    for (; i < n; i++)
        memcpy(to + i * to_step, from + i * from_step, size);
}

/* All pixels that are in planes, in one direction or the other. */
static inline __attribute__((always_inline)) void move(const elbo__patches *p, const planes *l, size_t size,
                                                       const elbo_tensor *image, char *plane, bool into_planes)
{
    int64_t bytes = (int64_t)size, strides[3], width = l->width * bytes;
    for (int i = 0; i < 3; i++)
        strides[i] = image->layout.strides[i] * bytes;
    int64_t down = strides[1] * p->stride, across = strides[2] * p->stride;
    char *channel = (char *)image->data + image->layout.offset * bytes;
    for (int64_t c = 0; c < p->channels; c++, channel += strides[0])
        for (int64_t u = 0; u < l->down; u++)
            for (int64_t v = 0; v < l->across; v++, plane += l->height * width) {
                share y = share_of(p, u, p->height, l->height), x = share_of(p, v, p->width, l->width);
                char *to = plane + y.place * width + x.place * bytes;
                char *from = channel + y.first * strides[1] + x.first * strides[2];
                for (int64_t r = 0; r < y.count; r++, to += width, from += down)
                    if (into_planes)
                        copy_row(size, x.count, to, bytes, from, across);
                    else
                        copy_row(size, x.count, from, across, to, bytes);
            }
}

static void into_planes(const elbo__patches *p, const planes *l, const elbo_tensor *image, char *plane)
{
    if (image->dtype == ELBO_F32)
        move(p, l, sizeof(float), image, plane, true);
    else
        move(p, l, sizeof(double), image, plane, true);
}

static void out_of_planes(const elbo__patches *p, const planes *l, const elbo_tensor *image, char *plane)
{
    if (image->dtype == ELBO_F32)
        move(p, l, sizeof(float), image, plane, false);
    else
        move(p, l, sizeof(double), image, plane, false);
}

/* ---- planes and patches ------------------------------------------------------------------------------------------ */

/* Where the kernel's number (i, j) begins in the planes of its channel. */
static int64_t start_of(const elbo__patches *p, const planes *l, int64_t i, int64_t j)
{
    int64_t s = p->stride, plane = i % s * l->across + j % s;
    return (plane * l->height + i / s) * l->width + j / s;
}

/* The rows of positions of one number of the kernel, which are one row where planes are no wider than they. */
typedef struct {
    int64_t count, length, step; /* step: from one to the next in a plane */
} runs;

static runs runs_of(const elbo__patches *p, const planes *l)
{
    bool joined = l->width == p->columns;
    return joined ? (runs){1, p->rows * p->columns, 0} : (runs){p->rows, p->columns, l->width};
}

/* Whole pieces: what one writes too much, the next overwrites. */
#define FILL(T, name)                                                                                                  \
    static inline __attribute__((always_inline)) void name(T *to, const T *plane, runs r)                              \
    {                                                                                                                  \
        for (int64_t k = 0; k < r.count; k++, to += r.length, plane += r.step)                                         \
            for (int64_t i = 0; i < r.length; i += PIECE)                                                              \
                memcpy(to + i, plane + i, PIECE * sizeof *to);                                                         \
    }
FILL(float, fill_f32)
FILL(double, fill_f64)

/* plane += from. In the last piece of a row the numbers that are not its own count as 0. */
#define ADD(T, bits, name)                                                                                             \
    static inline __attribute__((always_inline)) void name(T *plane, const T *from, runs r)                            \
    {                                                                                                                  \
        typedef T piece __attribute__((vector_size(PIECE * sizeof(T))));                                               \
        typedef bits mask __attribute__((vector_size(PIECE * sizeof(T))));                                             \
        mask own;                                                                                                      \
        for (int i = 0; i < PIECE; i++)                                                                                \
            own[i] = i < (r.length - 1) % PIECE + 1 ? -1 : 0;                                                          \
        for (int64_t k = 0; k < r.count; k++, from += r.length, plane += r.step)                                       \
            for (int64_t i = 0; i < r.length; i += PIECE) {                                                            \
                piece sum, more;                                                                                       \
                memcpy(&sum, plane + i, sizeof sum);                                                                   \
                memcpy(&more, from + i, sizeof more);                                                                  \
                sum += i + PIECE < r.length ? more : (piece)((mask)more & own);                                        \
                memcpy(plane + i, &sum, sizeof sum);                                                                   \
            }                                                                                                          \
    }
ADD(float, int32_t, add_f32)
ADD(double, int64_t, add_f64)

ELBO__CLONES static void unfold(const elbo__patches *p, const elbo_tensor *image, void *patches, int64_t pitch,
                                void *memory)
{
    planes l = planes_of(p);
    runs r = runs_of(p, &l);
    int64_t channel = l.down * l.across * l.height * l.width, tap = 0;
    memset(memory, 0, (size_t)elbo__planes_size(p) * elbo_dtype_size(image->dtype));
    into_planes(p, &l, image, memory);
    for (int64_t c = 0; c < p->channels; c++)
        for (int64_t i = 0; i < p->kernel_height; i++)
            for (int64_t j = 0; j < p->kernel_width; j++, tap++) {
                int64_t at = c * channel + start_of(p, &l, i, j);
                if (image->dtype == ELBO_F32)
                    fill_f32((float *)patches + tap * pitch, (float *)memory + at, r);
                else
                    fill_f64((double *)patches + tap * pitch, (double *)memory + at, r);
            }
}

ELBO__CLONES static void fold(const elbo__patches *p, const elbo_tensor *image, const void *patches, int64_t pitch,
                              void *memory)
{
    planes l = planes_of(p);
    runs r = runs_of(p, &l);
    int64_t channel = l.down * l.across * l.height * l.width, tap = 0;
    memset(memory, 0, (size_t)elbo__planes_size(p) * elbo_dtype_size(image->dtype));
    for (int64_t c = 0; c < p->channels; c++)
        for (int64_t i = 0; i < p->kernel_height; i++)
            for (int64_t j = 0; j < p->kernel_width; j++, tap++) {
                int64_t at = c * channel + start_of(p, &l, i, j);
                if (image->dtype == ELBO_F32)
                    add_f32((float *)memory + at, (const float *)patches + tap * pitch, r);
                else
                    add_f64((double *)memory + at, (const double *)patches + tap * pitch, r);
            }
    if (!covers(p, l.down, p->height, l.height) || !covers(p, l.across, p->width, l.width))
        elbo__fill(image, 0);
    out_of_planes(p, &l, image, memory);
}

/* A function with several versions would be exported. */
void elbo__unfold(const elbo__patches *p, const elbo_tensor *image, void *patches, int64_t pitch, void *memory)
{
    unfold(p, image, patches, pitch, memory);
}

void elbo__fold(const elbo__patches *p, const elbo_tensor *image, const void *patches, int64_t pitch, void *memory)
{
    fold(p, image, patches, pitch, memory);
}
