#include "picture_private.h"

#include <math.h>
#include <string.h>

#include "../io/png.h"
#include "../tensor/memory.h"

enum { COLUMNS = 8, MOST_COLUMNS = 16, GAP = 2, BAND = 8 };

elbo__frame elbo__frame_of(const elbo_run *run)
{
    const elbo_shape *image = &run->image;
    const int64_t *dim = image->dim;
    const int64_t side = (int64_t)lround(sqrt((double)run->pixels));
    if (image->ndim == 1)
        return side * side == run->pixels ? (elbo__frame){1, side, side} : (elbo__frame){1, 1, run->pixels};
    if (image->ndim == 2)
        return (elbo__frame){1, dim[0], dim[1]};
    return dim[0] == 3 ? (elbo__frame){3, dim[1], dim[2]} : (elbo__frame){1, dim[0] * dim[1], dim[2]};
}

elbo_status elbo__draw_grid(const elbo_run *run, const float *x, int64_t n, int64_t columns, const char *path)
{
    const elbo__frame f = elbo__frame_of(run);
    const elbo_tensor images = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(n, f.channels, f.height, f.width), x);
    return elbo_png_grid(path, &images, (int)columns);
}

float *elbo__numbers(int64_t n, int64_t width)
{
    int64_t size;
    if (n < 1 || !elbo__mul_size(n, width, &size)) {
        (void)elbo__fail(n < 1 ? ELBO_INVALID : ELBO_NO_MEMORY, "%lld pictures: %s", (long long)n,
                         n < 1 ? "at least 1" : "too many");
        return NULL;
    }
    return elbo__calloc((size_t)size, sizeof(float));
}

/* ---- samples ----------------------------------------------------------------------------------------------------- */

elbo_status elbo_draw_samples(elbo_run *run, int64_t n, int label, int64_t seed, const char *path)
{
    const bool in_turn = elbo__run_takes_labels(run) && label == ELBO_EACH_CLASS;
    float *x = elbo__numbers(n, run->pixels);
    int *labels = x ? elbo__calloc((size_t)n, sizeof *labels) : NULL;
    elbo_status status = n < 1 ? ELBO_INVALID : labels ? ELBO_OK : ELBO_NO_MEMORY;
    for (int64_t i = 0; i < n && status == ELBO_OK; i++)
        labels[i] = in_turn ? (int)(i % run->classes) : label;
    if (status == ELBO_OK)
        status = elbo_run_sample(run, labels, n, seed, x);
    if (status == ELBO_OK)
        status = elbo__draw_grid(run, x, n, in_turn && run->classes <= MOST_COLUMNS ? run->classes : COLUMNS, path);
    elbo__free(x);
    elbo__free(labels);
    return status;
}

/* ---- reconstructions --------------------------------------------------------------------------------------------- */

/* A picture being put together: (height, width, channels). */
typedef struct {
    float *at;
    int64_t height, width, channels;
} canvas;

/* Pixels of one image, (channels, height, width), with its upper left corner at (top, left). */
static void put(canvas *c, const elbo__frame *f, const float *x, int64_t top, int64_t left)
{
    for (int64_t k = 0; k < f->channels; k++)
        for (int64_t i = 0; i < f->height; i++)
            for (int64_t j = 0; j < f->width; j++)
                c->at[((top + i) * c->width + left + j) * c->channels + k] = x[(k * f->height + i) * f->width + j];
}

/* A light line across the middle of the band that ends at row `bottom`. */
static void rule(canvas *c, int64_t bottom)
{
    float *line = c->at + (bottom - BAND / 2) * c->width * c->channels;
    for (int64_t i = 0; i < c->width * c->channels; i++)
        line[i] = 0.5f;
}

/* Rows of up to COLUMNS images, the same ones of each of `strips` (n, D) right below each other. */
static elbo_status write_strips(const elbo_run *run, const float *const *strips, int count, int64_t n, const char *path)
{
    const elbo__frame f = elbo__frame_of(run);
    const int64_t columns = n < COLUMNS ? n : COLUMNS, rows = (n + columns - 1) / columns;
    const int64_t height = count * (f.height + GAP) - GAP + BAND;
    canvas c = {NULL, rows * height - BAND + 2 * GAP, columns * (f.width + GAP) + GAP, f.channels};
    c.at = elbo__calloc((size_t)(c.height * c.width), (size_t)c.channels * sizeof *c.at);
    if (!c.at)
        return ELBO_NO_MEMORY;
    for (int64_t i = 0; i < n; i++)
        for (int s = 0; s < count; s++)
            put(&c, &f, strips[s] + i * run->pixels, GAP + i / columns * height + s * (f.height + GAP),
                GAP + i % columns * (f.width + GAP));
    for (int64_t row = 1; row < rows; row++)
        rule(&c, GAP + row * height);
    elbo_tensor picture = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(c.height, c.width, c.channels), c.at);
    if (c.channels == 1)
        picture = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(c.height, c.width), c.at);
    elbo_status status = elbo_png_write(path, &picture);
    elbo__free(c.at);
    return status;
}

elbo_status elbo_draw_reconstruction(elbo_run *run, const elbo_images *images, int64_t n, int64_t seed,
                                     const char *path)
{
    elbo_status status = elbo_run_accepts(run, images);
    if (status != ELBO_OK)
        return status;
    n = n < images->count ? n : images->count;
    float *x = elbo__numbers(n, run->pixels), *seen = x ? elbo__numbers(n, run->pixels) : NULL;
    float *y = seen ? elbo__numbers(n, run->pixels) : NULL;
    int *labels = y ? elbo__calloc((size_t)n, sizeof *labels) : NULL;
    status = labels ? elbo__run_rows(run, images, 0, n, x, labels) : n < 1 ? ELBO_INVALID : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = elbo_run_seen(run, x, labels, n, seed, seen);
    if (status == ELBO_OK)
        status = elbo_run_reconstruct(run, seen, labels, n, seed, y);
    if (status == ELBO_OK) {
        const bool changed = memcmp(x, seen, (size_t)(n * run->pixels) * sizeof *x) != 0;
        const float *const all[] = {x, seen, y}, *const pairs[] = {x, y};
        status = write_strips(run, changed ? all : pairs, changed ? 3 : 2, n, path);
    }
    elbo__free(x);
    elbo__free(seen);
    elbo__free(y);
    elbo__free(labels);
    return status;
}
