#include "jpegs.h"

#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

static void set_kind(struct jpeg_compress_struct *jpeg, const jpeg_kind *kind)
{
    static const jpeg_scan_info scans[] = {
        {3, {0, 1, 2}, 0, 0, 0, 0}, {1, {0}, 1, 63, 0, 0}, {1, {1}, 1, 63, 0, 0}, {1, {2}, 1, 63, 0, 0}};
    static const jpeg_scan_info grey_scans[] = {{1, {0}, 0, 0, 0, 0}, {1, {0}, 1, 63, 0, 0}};
    static const J_COLOR_SPACE spaces[] = {[1] = JCS_GRAYSCALE, [3] = JCS_RGB, [4] = JCS_CMYK};
    jpeg->image_width = (JDIMENSION)kind->width;
    jpeg->image_height = (JDIMENSION)kind->height;
    jpeg->input_components = kind->channels;
    jpeg->in_color_space = spaces[kind->channels];
    jpeg_set_defaults(jpeg);
    jpeg_set_quality(jpeg, 100, TRUE);
    jpeg->restart_in_rows = kind->restart;
    if (kind->whole_colour)
        jpeg->comp_info[0].h_samp_factor = jpeg->comp_info[0].v_samp_factor = 1;
    if (kind->progressive) {
        jpeg->scan_info = kind->channels == 1 ? grey_scans : scans;
        jpeg->num_scans = kind->channels == 1 ? 2 : 4;
    }
}

bool jpeg_write(const char *path, const jpeg_kind *kind, const unsigned char *pixels)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    FILE *file = fopen(path, "wb");
    if (!file)
        return false;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_stdio_dest(&jpeg, file);
    set_kind(&jpeg, kind);
    jpeg_start_compress(&jpeg, TRUE);
    if (kind->comment > 0) {
        unsigned char *text = calloc((size_t)kind->comment, 1);
        jpeg_write_marker(&jpeg, JPEG_COM, text, (unsigned)kind->comment);
        jpeg_write_marker(&jpeg, JPEG_APP0 + 1, text, (unsigned)kind->comment);
        free(text);
    }
    for (int y = 0; y < kind->height; y++) {
        JSAMPROW row = (JSAMPROW)pixels + (size_t)y * (size_t)(kind->width * kind->channels);
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    return fclose(file) == 0;
}
