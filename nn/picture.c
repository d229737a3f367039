#include "picture.h"

#include <math.h>
#include <string.h>

#include "../io/png.h"
#include "../tensor/memory.h"
#include "run_private.h"

enum { COLUMNS = 8, MOST_COLUMNS = 16, GAP = 2, BAND = 8 };

/* How one image is drawn: (channels, height, width), channels 1 or 3. */
typedef struct {
    int64_t channels, height, width;
} frame;

static frame frame_of(const elbo_run *run)
{
    const elbo_shape *image = &run->image;
    const int64_t *dim = image->dim;
    const int64_t side = (int64_t)lround(sqrt((double)run->pixels));
    if (image->ndim == 1)
        return side * side == run->pixels ? (frame){1, side, side} : (frame){1, 1, run->pixels};
    if (image->ndim == 2)
        return (frame){1, dim[0], dim[1]};
    return dim[0] == 3 ? (frame){3, dim[1], dim[2]} : (frame){1, dim[0] * dim[1], dim[2]};
}

/* ---- samples ----------------------------------------------------------------------------------------------------- */

elbo_status elbo_draw_samples(elbo_run *run, int64_t n, int label, int64_t seed, const char *path)
{
    if (n < 1)
        return elbo__fail(ELBO_INVALID, "%lld pictures: at least 1", (long long)n);
    int64_t size;
    if (!elbo__mul_size(n, run->pixels, &size))
        return elbo__fail(ELBO_NO_MEMORY, "%lld pictures are too many", (long long)n);
    const frame f = frame_of(run);
    const bool in_turn = elbo__run_takes_labels(run) && label == ELBO_EACH_CLASS;
    float *x = elbo__calloc((size_t)size, sizeof *x);
    int *labels = elbo__calloc((size_t)n, sizeof *labels);
    elbo_status status = x && labels ? ELBO_OK : ELBO_NO_MEMORY;
    for (int64_t i = 0; i < n && status == ELBO_OK; i++)
        labels[i] = in_turn ? (int)(i % run->classes) : label;
    if (status == ELBO_OK)
        status = elbo_run_sample(run, labels, n, seed, x);
    if (status == ELBO_OK) {
        elbo_tensor images = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(n, f.channels, f.height, f.width), x);
        status = elbo_png_grid(path, &images, in_turn && run->classes <= MOST_COLUMNS ? run->classes : COLUMNS);
    }
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
static void put(canvas *c, const frame *f, const float *x, int64_t top, int64_t left)
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

/* x and y (n, D): originals and reconstructions */
static elbo_status write_pairs(const elbo_run *run, const float *x, const float *y, int64_t n, const char *path)
{
    const frame f = frame_of(run);
    const int64_t columns = n < COLUMNS ? n : COLUMNS, rows = (n + columns - 1) / columns;
    const int64_t pair = 2 * f.height + GAP + BAND;
    canvas c = {NULL, rows * pair - BAND + 2 * GAP, columns * (f.width + GAP) + GAP, f.channels};
    c.at = elbo__calloc((size_t)(c.height * c.width), (size_t)c.channels * sizeof *c.at);
    if (!c.at)
        return ELBO_NO_MEMORY;
    for (int64_t i = 0; i < n; i++) {
        const int64_t top = GAP + i / columns * pair, left = GAP + i % columns * (f.width + GAP);
        put(&c, &f, x + i * run->pixels, top, left);
        put(&c, &f, y + i * run->pixels, top + f.height + GAP, left);
    }
    for (int64_t row = 1; row < rows; row++)
        rule(&c, GAP + row * pair);
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
    float *x = elbo__calloc((size_t)n, (size_t)run->pixels * sizeof *x);
    float *y = elbo__calloc((size_t)n, (size_t)run->pixels * sizeof *y);
    int *labels = elbo__calloc((size_t)n, sizeof *labels);
    status = x && y && labels ? elbo_images_rows(images, 0, n, x, labels) : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = elbo_run_reconstruct(run, x, labels, n, seed, y);
    if (status == ELBO_OK)
        status = write_pairs(run, x, y, n, path);
    elbo__free(x);
    elbo__free(y);
    elbo__free(labels);
    return status;
}
