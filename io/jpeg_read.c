#include "jpeg_private.h"

#include <errno.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jerror.h>
#include <jpeglib.h>

#include "../tensor/memory.h"
#include "../tensor/text.h"
#include "file.h"
#include "picture_format.h"

/* MAX_SCANS: a progressive picture is decoded once more for each, however little is in it; ten are usual. */
enum { BUFFER_SIZE = 4096, MAX_SCANS = 500 };

static const unsigned char signature[] = {0xff, 0xd8, 0xff};

/* Outlives the function that calls setjmp, so it is whole after a longjmp. */
struct decoder {
    const char *path;
    int fd;
    int64_t file_size;
    bool only_shape, in_scan;
    elbo_status status; /* of the first failure */
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    jmp_buf back;
    elbo_shape shape;      /* (H, W) or (H, W, 3) */
    unsigned char *pixels; /* NULL until the shape is known */
    unsigned char buffer[BUFFER_SIZE];
};

/* ---- what libjpeg calls ------------------------------------------------------------------------------------------ */

static void give_up(struct decoder *d, elbo_status status)
{
    d->status = status;
    longjmp(d->back, 1);
}

static void on_error(j_common_ptr jpeg)
{
    struct decoder *d = jpeg->client_data;
    char reason[JMSG_LENGTH_MAX];
    if (d->errors.msg_code == JERR_OUT_OF_MEMORY)
        give_up(d, elbo__fail(ELBO_NO_MEMORY, "%s: out of memory", d->path));
    d->errors.format_message(jpeg, reason);
    give_up(d, elbo__fail(ELBO_FORMAT, "%s: damaged: %s", d->path, reason));
}

/* A warning (below 0) means that pixels are made up, but for two: a number in the header that nobody goes by, and bytes
 * between two markers that belong to nothing, which cameras and editors leave there. The rest is talk. */
static void on_message(j_common_ptr jpeg, int level)
{
    const struct decoder *d = jpeg->client_data;
    const int code = d->errors.msg_code;
    if (level < 0 && code != JWRN_JFIF_MAJOR && !(code == JWRN_EXTRANEOUS_DATA && !d->in_scan))
        on_error(jpeg);
}

static void on_output(j_common_ptr jpeg)
{
    (void)jpeg;
}

static void on_start(j_decompress_ptr jpeg)
{
    (void)jpeg;
}

static boolean on_read(j_decompress_ptr jpeg)
{
    struct decoder *d = jpeg->client_data;
    const ssize_t n = elbo__read_all(d->fd, d->buffer, BUFFER_SIZE);
    if (n < 0)
        give_up(d, elbo__fail(ELBO_IO, "%s: cannot read: %s", d->path, elbo__reason(errno)));
    if (n == 0)
        give_up(d, elbo__fail(ELBO_FORMAT, "%s: truncated", d->path));
    d->source.next_input_byte = d->buffer;
    d->source.bytes_in_buffer = (size_t)n;
    return TRUE;
}

static void on_skip(j_decompress_ptr jpeg, long count)
{
    struct decoder *d = jpeg->client_data;
    for (size_t left = count > 0 ? (size_t)count : 0; left > 0;) {
        if (d->source.bytes_in_buffer == 0)
            on_read(jpeg);
        const size_t n = left < d->source.bytes_in_buffer ? left : d->source.bytes_in_buffer;
        d->source.next_input_byte += n;
        d->source.bytes_in_buffer -= n;
        left -= n;
    }
}

static void on_progress(j_common_ptr jpeg)
{
    struct decoder *d = jpeg->client_data;
    if (d->jpeg.input_scan_number > MAX_SCANS)
        give_up(d, elbo__fail(ELBO_FORMAT, "%s: more than %d scans", d->path, MAX_SCANS));
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* Everything up to the pixels. */
static void read_header(struct decoder *d)
{
    struct jpeg_decompress_struct *jpeg = &d->jpeg;
    jpeg_create_decompress(jpeg);
    d->source = (struct jpeg_source_mgr){.next_input_byte = signature,
                                         .bytes_in_buffer = sizeof signature,
                                         .init_source = on_start,
                                         .fill_input_buffer = on_read,
                                         .skip_input_data = on_skip,
                                         .resync_to_restart = jpeg_resync_to_restart,
                                         .term_source = on_start};
    d->progress.progress_monitor = on_progress;
    jpeg->src = &d->source;
    jpeg->progress = &d->progress;
    jpeg_read_header(jpeg, TRUE);
    const bool colour = jpeg->jpeg_color_space != JCS_GRAYSCALE;
    jpeg->out_color_space = colour ? JCS_RGB : JCS_GRAYSCALE;
    d->shape = (elbo_shape){colour ? 3 : 2, {jpeg->image_height, jpeg->image_width, colour ? 3 : 0}};
}

static elbo_status check_kind(const struct decoder *d)
{
    const J_COLOR_SPACE space = d->jpeg.jpeg_color_space;
    if (space == JCS_CMYK || space == JCS_YCCK)
        return elbo__fail(ELBO_FORMAT, "%s: is in CMYK, the inks of a printer; grey and RGB are read", d->path);
    if (d->jpeg.arith_code)
        return elbo__fail(ELBO_FORMAT, "%s: is arithmetic-coded, which is not read", d->path);
    return ELBO_OK;
}

/* Sizes in a header are only a claim: no memory is taken for pixels that the file is too short to hold. Every block of
 * 8 by 8 numbers takes a bit at least. */
static elbo_status check_size(const struct decoder *d)
{
    int64_t blocks = 0;
    for (int i = 0; i < d->jpeg.num_components; i++)
        blocks += (int64_t)d->jpeg.comp_info[i].width_in_blocks * d->jpeg.comp_info[i].height_in_blocks;
    if (blocks / 8 > d->file_size)
        return elbo__fail(ELBO_FORMAT, "%s: truncated: %lld bytes cannot hold %lld by %lld pixels", d->path,
                          (long long)d->file_size, (long long)d->shape.dim[0], (long long)d->shape.dim[1]);
    return ELBO_OK;
}

static void read_rows(struct decoder *d)
{
    struct jpeg_decompress_struct *jpeg = &d->jpeg;
    jpeg->dct_method = JDCT_ISLOW;
    const size_t bytes = (size_t)(d->shape.dim[1] * (d->shape.ndim == 3 ? 3 : 1));
    d->pixels = elbo__alloc((size_t)d->shape.dim[0] * bytes);
    if (!d->pixels) {
        d->status = ELBO_NO_MEMORY;
        return;
    }
    d->in_scan = true;
    jpeg_start_decompress(jpeg);
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = d->pixels + (size_t)jpeg->output_scanline * bytes;
        jpeg_read_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_decompress(jpeg);
}

/* libjpeg reports an error by a jump back to the setjmp here. No local variable is used after one. */
static void decode(struct decoder *d)
{
    if (setjmp(d->back) != 0)
        return;
    read_header(d);
    d->status = check_kind(d);
    if (d->status == ELBO_OK)
        d->status = check_size(d);
    if (d->status == ELBO_OK && !d->only_shape)
        read_rows(d);
}

static elbo_status read_file(struct decoder *d)
{
    elbo_status status = elbo__picture_open(d->path, "JPEG", signature, sizeof signature, &d->fd, &d->file_size);
    if (status != ELBO_OK)
        return status;
    d->jpeg.err = jpeg_std_error(&d->errors);
    d->jpeg.client_data = d;
    d->errors.error_exit = on_error;
    d->errors.emit_message = on_message;
    d->errors.output_message = on_output;
    decode(d);
    jpeg_destroy_decompress(&d->jpeg);
    close(d->fd);
    return d->status;
}

elbo_status elbo__jpeg_peek(const char *path, elbo_shape *out)
{
    struct decoder d = {.path = path, .only_shape = true};
    elbo_status status = read_file(&d);
    *out = d.shape;
    return status;
}

elbo_status elbo_jpeg_read(const char *path, elbo_tensor *out)
{
    struct decoder d = {.path = path};
    elbo_status status = read_file(&d);
    *out = (elbo_tensor){.data = NULL};
    if (status == ELBO_OK)
        *out = elbo_tensor_of(ELBO_U8, d.shape, d.pixels);
    else
        elbo__free(d.pixels);
    return status;
}
