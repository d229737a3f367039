#include "png.h"

#include <math.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>

#include "../tensor/memory.h"
#include "../tensor/walk.h"
#include "../tensor/watch_private.h"
#include "bytes.h"
#include "file.h"
#include "png_private.h"

enum { PADDING = 2, DEFAULT_COLUMNS = 8, WATCHED_ROWS = 64 };

/* ---- pixels ------------------------------------------------------------------------------------------------------ */

static unsigned char pixel(const elbo_tensor *tensor, const int64_t *index)
{
    double x = elbo_tensor_get(tensor, index);
    if (tensor->dtype == ELBO_U8)
        return (unsigned char)x;
    return (unsigned char)fmin(fmax(255 * x + 0.5, 0), 255); /* fmax(NaN, 0) is 0 */
}

static elbo_status check(const char *path, const elbo_tensor *tensor)
{
    elbo_status status = elbo__check_tensor(tensor, path, "pixels");
    if (status == ELBO_OK && tensor->dtype == ELBO_I32)
        status = elbo__fail(ELBO_INVALID, "%s: pixels are u8, f32 or f64, not i32", path);
    return status;
}

static bool is_side(int64_t size)
{
    return size >= 1 && size <= ELBO_PNG_MAX_SIDE;
}

/* ---- libpng ------------------------------------------------------------------------------------------------------ */

void elbo__png_error(png_structp png, png_const_charp message)
{
    elbo__png_job *job = png_get_error_ptr(png);
    if (job->status == ELBO_OK)
        job->status = elbo__fail(job->blame, "%s: %s: %s", job->path, job->complaint, elbo__excerpt_of(message).text);
    png_longjmp(png, 1);
}

void elbo__png_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

png_voidp elbo__png_allocate(png_structp png, png_alloc_size_t bytes)
{
    elbo__png_job *job = png_get_mem_ptr(png);
    void *block = elbo__alloc(bytes);
    if (!block)
        job->status = ELBO_NO_MEMORY;
    return block;
}

void elbo__png_free(png_structp png, png_voidp block)
{
    (void)png;
    elbo__free(block);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

struct encoder {
    elbo__png_job job;
    const elbo_tensor *pixels; /* (H, W) or (H, W, 3) */
    elbo__writer *writer;      /* NULL: bytes are counted alone */
    size_t counted;
    unsigned char *row; /* [W * channels] */
};

/* A failure stays with the writer until the commit. */
static void on_write(png_structp png, png_bytep bytes, size_t count)
{
    struct encoder *e = png_get_io_ptr(png);
    e->counted += count;
    if (e->writer)
        elbo__write(e->writer, bytes, count);
}

static void on_flush(png_structp png)
{
    (void)png;
}

/* libpng reports an error by a jump back to the setjmp here. No local variable is used after one. */
static void encode(struct encoder *e, png_structp png, png_infop info)
{
    const elbo_shape *shape = &e->pixels->layout.shape;
    if (setjmp(png_jmpbuf(png)) != 0)
        return;
    png_set_write_fn(png, e, on_write, on_flush);
    png_set_IHDR(png, info, (png_uint_32)shape->dim[1], (png_uint_32)shape->dim[0], 8,
                 shape->ndim == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (int64_t y = 0; y < shape->dim[0]; y++) {
        elbo_shape row = *shape;
        row.dim[0] = 1;
        unsigned char *out = e->row;
        for (elbo__walk w = elbo__walk_start(&row); w.more; elbo__walk_next(&w))
            *out++ = pixel(e->pixels, (int64_t[]){y, w.index[1], w.index[2]});
        png_write_row(png, e->row);
        if (e->writer && (y % WATCHED_ROWS == 0 || y + 1 == shape->dim[0]))
            e->job.status = elbo__watched("writing a picture", y + 1, shape->dim[0]);
        if (e->job.status != ELBO_OK)
            png_error(png, "");
    }
    png_write_end(png, info);
}

static elbo_status write_png(struct encoder *e)
{
    const elbo_shape *shape = &e->pixels->layout.shape;
    e->row = elbo__alloc((size_t)shape->dim[1] * (shape->ndim == 3 ? 3 : 1));
    png_structp png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, &e->job, elbo__png_error, elbo__png_warning,
                                                &e->job, elbo__png_allocate, elbo__png_free);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (e->row && info)
        encode(e, png, info);
    else
        e->job.status = ELBO_NO_MEMORY;
    png_destroy_write_struct(&png, &info);
    elbo__free(e->row);
    return e->job.status;
}

static elbo_status check_picture(const char *path, const elbo_tensor *pixels)
{
    const elbo_shape *shape = &pixels->layout.shape;
    elbo_status status = check(path, pixels);
    if (status != ELBO_OK)
        return status;
    const bool grey = shape->ndim == 2, colour = shape->ndim == 3 && shape->dim[2] == 3;
    if (!(grey || colour) || !is_side(shape->dim[0]) || !is_side(shape->dim[1]))
        return elbo__fail(ELBO_INVALID, "%s: expected pixels (H, W) or (H, W, 3) of at most %d a side, got %s", path,
                          ELBO_PNG_MAX_SIDE, elbo_shape_format(shape).text);
    return ELBO_OK;
}

elbo_status elbo__png_size(const elbo_tensor *pixels, int64_t *bytes)
{
    struct encoder e = {.job = {"a picture", "cannot encode", ELBO_INVALID, ELBO_OK}, .pixels = pixels};
    elbo_status status = check_picture("a picture", pixels);
    if (status == ELBO_OK)
        status = write_png(&e);
    *bytes = (int64_t)e.counted;
    return status;
}

elbo_status elbo_png_write(const char *path, const elbo_tensor *pixels)
{
    elbo_status status = check_picture(path, pixels);
    if (status != ELBO_OK)
        return status;
    struct encoder e = {.job = {path, "cannot encode", ELBO_INVALID, ELBO_OK}, .pixels = pixels};
    status = elbo__writer_open(path, &e.writer);
    if (status != ELBO_OK)
        return status;
    if (write_png(&e) == ELBO_OK)
        return elbo__writer_commit(e.writer);
    elbo__writer_abort(e.writer);
    return e.job.status;
}

/* ---- grids ------------------------------------------------------------------------------------------------------- */

/* images (N, H, W) or (N, C, H, W) into grid (GH, GW) or (GH, GW, 3), image i at row i / columns, column i % columns */
static void fill_grid(const elbo_tensor *images, int64_t columns, int64_t padding, const elbo_tensor *grid)
{
    const elbo_shape *shape = &images->layout.shape;
    const int rows = shape->ndim - 2; /* the axis H */
    unsigned char *out = grid->data;
    for (elbo__walk w = elbo__walk_start(shape); w.more; elbo__walk_next(&w)) {
        const int64_t *i = w.index;
        int64_t y = padding + i[0] / columns * (shape->dim[rows] + padding) + i[rows];
        int64_t x = padding + i[0] % columns * (shape->dim[rows + 1] + padding) + i[rows + 1];
        int64_t at = y * grid->layout.strides[0] + x * grid->layout.strides[1];
        out[grid->layout.shape.ndim == 3 ? at + i[1] : at] = pixel(images, i);
    }
}

elbo_status elbo_png_grid(const char *path, const elbo_tensor *images, int columns)
{
    const elbo_shape *shape = &images->layout.shape;
    const int64_t count = shape->dim[0];
    elbo_status status = check(path, images);
    if (status != ELBO_OK)
        return status;
    if (columns < 0)
        return elbo__fail(ELBO_INVALID, "%s: a grid of %d columns", path, columns);
    const bool colour = shape->ndim == 4 && shape->dim[1] == 3;
    if (!(shape->ndim == 3 || colour || (shape->ndim == 4 && shape->dim[1] == 1)) || count < 1 ||
        !is_side(shape->dim[shape->ndim - 2]) || !is_side(shape->dim[shape->ndim - 1]))
        return elbo__fail(ELBO_INVALID, "%s: expected images (N, H, W), (N, 1, H, W) or (N, 3, H, W), got %s", path,
                          elbo_shape_format(shape).text);
    const int64_t across = columns == 0 ? DEFAULT_COLUMNS : columns, x_count = count < across ? count : across,
                  y_count = (count + x_count - 1) / x_count, padding = count == 1 ? 0 : PADDING;
    int64_t height, width;
    if (!elbo__mul_size(shape->dim[shape->ndim - 2] + padding, y_count, &height) ||
        !elbo__mul_size(shape->dim[shape->ndim - 1] + padding, x_count, &width) ||
        height > ELBO_PNG_MAX_SIDE - padding || width > ELBO_PNG_MAX_SIDE - padding)
        return elbo__fail(ELBO_INVALID, "%s: a grid of %lld by %lld images is too large", path, (long long)y_count,
                          (long long)x_count);
    elbo_shape size = {colour ? 3 : 2, {height + padding, width + padding, 3}};
    elbo_tensor grid = elbo_tensor_new(ELBO_U8, size);
    if (!grid.data)
        return ELBO_NO_MEMORY;
    fill_grid(images, x_count, padding, &grid);
    status = elbo_png_write(path, &grid);
    elbo_tensor_free(&grid);
    return status;
}
