#include "png.h"

#include <errno.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "../tensor/memory.h"
#include "../tensor/text.h"
#include "file.h"
#include "picture_format.h"
#include "png_private.h"

/* MAX_INFLATION: a byte of deflate data stands for at most so many bytes, two bits for a run of 258. */
enum { SIGNATURE = 8, MAX_CHUNK = 8000000, MAX_CHUNKS = 128, MAX_INFLATION = 1032 };

struct decoder {
    elbo__png_job job;
    int fd;
    int64_t file_size;
    bool only_shape;
    png_structp png;
    png_infop info;
    elbo_shape shape;      /* (H, W) or (H, W, 3) */
    unsigned char *pixels; /* NULL until the shape is known */
};

static void on_read(png_structp png, png_bytep bytes, size_t count)
{
    struct decoder *d = png_get_io_ptr(png);
    ssize_t n = elbo__read_all(d->fd, bytes, count);
    if (n == (ssize_t)count)
        return;
    d->job.status = n < 0 ? elbo__fail(ELBO_IO, "%s: cannot read: %s", d->job.path, elbo__reason(errno))
                          : elbo__fail(ELBO_FORMAT, "%s: truncated", d->job.path);
    png_error(png, "");
}

/* Everything up to the pixels. What libpng would only warn of is an error here, and of the chunks that a picture can be
 * shown without, all are skipped: there is nothing to be had from them but harm. */
static void read_info(struct decoder *d)
{
    png_set_read_fn(d->png, d, on_read);
    png_set_sig_bytes(d->png, SIGNATURE);
    png_set_user_limits(d->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); /* check_size has the limits, and says them */
    png_set_chunk_malloc_max(d->png, MAX_CHUNK);
    png_set_chunk_cache_max(d->png, MAX_CHUNKS);
    png_set_keep_unknown_chunks(d->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_crc_action(d->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_set_benign_errors(d->png, 0);
    png_read_info(d->png, d->info);
    const bool colour = png_get_color_type(d->png, d->info) & PNG_COLOR_MASK_COLOR;
    d->shape = (elbo_shape){
        colour ? 3 : 2, {png_get_image_height(d->png, d->info), png_get_image_width(d->png, d->info), colour ? 3 : 0}};
}

/* Sizes in a header are only a claim: no memory is taken for pixels that the file is too short to hold. */
static elbo_status check_size(const struct decoder *d)
{
    const long long height = d->shape.dim[0], width = d->shape.dim[1];
    if (height > ELBO_PNG_MAX_SIDE || width > ELBO_PNG_MAX_SIDE)
        return elbo__fail(ELBO_FORMAT, "%s: %lld by %lld pixels: at most %d a side are read", d->job.path, height,
                          width, ELBO_PNG_MAX_SIDE);
    const int64_t least = (int64_t)png_get_rowbytes(d->png, d->info) * height;
    if (least / MAX_INFLATION > d->file_size)
        return elbo__fail(ELBO_FORMAT, "%s: truncated: %lld bytes cannot hold %lld by %lld pixels", d->job.path,
                          (long long)d->file_size, height, width);
    return ELBO_OK;
}

/* All rows become rows of the tensor: 8 bits, no palette, no alpha. An interlaced picture comes in 7 passes, each of
 * which fills in some of the pixels. */
static void read_rows(struct decoder *d)
{
    png_color_16 black = {0};
    png_set_expand(d->png);
    png_set_scale_16(d->png);
    png_set_background(d->png, &black, PNG_BACKGROUND_GAMMA_SCREEN, 0, 1);
    const int passes = png_set_interlace_handling(d->png);
    png_read_update_info(d->png, d->info);
    const size_t bytes = png_get_rowbytes(d->png, d->info);
    if (bytes != (size_t)(d->shape.dim[1] * (d->shape.ndim == 3 ? 3 : 1)))
        png_error(d->png, "rows of an unexpected size");
    d->pixels = elbo__alloc((size_t)d->shape.dim[0] * bytes);
    if (!d->pixels) {
        d->job.status = ELBO_NO_MEMORY;
        return;
    }
    for (int pass = 0; pass < passes; pass++)
        for (int64_t y = 0; y < d->shape.dim[0]; y++)
            png_read_row(d->png, d->pixels + (size_t)y * bytes, NULL);
    png_read_end(d->png, NULL);
}

/* libpng reports an error by a jump back to the setjmp here. No local variable is used after one. */
static void decode(struct decoder *d)
{
    if (setjmp(png_jmpbuf(d->png)) != 0)
        return;
    read_info(d);
    if (d->job.status == ELBO_OK)
        d->job.status = check_size(d);
    if (d->job.status == ELBO_OK && !d->only_shape)
        read_rows(d);
}

static elbo_status read_png(struct decoder *d)
{
    d->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &d->job, elbo__png_error, elbo__png_warning, &d->job,
                                      elbo__png_allocate, elbo__png_free);
    d->info = d->png ? png_create_info_struct(d->png) : NULL;
    if (d->info)
        decode(d);
    else
        d->job.status = ELBO_NO_MEMORY;
    png_destroy_read_struct(&d->png, &d->info, NULL);
    return d->job.status;
}

static elbo_status read_file(struct decoder *d)
{
    elbo_status status = elbo__picture_open(d->job.path, "PNG", "\x89PNG\r\n\x1a\n", SIGNATURE, &d->fd, &d->file_size);
    if (status != ELBO_OK)
        return status;
    status = read_png(d);
    close(d->fd);
    return status;
}

elbo_status elbo__png_peek(const char *path, elbo_shape *out)
{
    struct decoder d = {.job = {path, "damaged", ELBO_FORMAT, ELBO_OK}, .only_shape = true};
    elbo_status status = read_file(&d);
    *out = d.shape;
    return status;
}

elbo_status elbo_png_read(const char *path, elbo_tensor *out)
{
    struct decoder d = {.job = {path, "damaged", ELBO_FORMAT, ELBO_OK}};
    elbo_status status = read_file(&d);
    *out = (elbo_tensor){.data = NULL};
    if (status == ELBO_OK)
        *out = elbo_tensor_of(ELBO_U8, d.shape, d.pixels);
    else
        elbo__free(d.pixels);
    return status;
}
