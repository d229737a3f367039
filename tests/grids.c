#include "grids.h"

#include <check.h>
#include <math.h>
#include <png.h>
#include <stdlib.h>

#include "scratch.h"

enum { GAP = 2 };

static png_image begin(const char *name)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    ck_assert_msg(png_image_begin_read_from_file(&image, scratch_path(name)), "%s: %s", name, image.message);
    return image;
}

grid grid_read(const char *name, int rows, int columns, int height, int width)
{
    grid g = {rows, columns, height, width, NULL};
    png_image image = begin(name);
    ck_assert_uint_eq(image.height, (unsigned)(rows * (height + GAP) + GAP));
    ck_assert_uint_eq(image.width, (unsigned)(columns * (width + GAP) + GAP));
    ck_assert_uint_eq(image.format & PNG_FORMAT_FLAG_COLOR, 0);
    image.format = PNG_FORMAT_GRAY;
    g.bytes = malloc(PNG_IMAGE_SIZE(image));
    ck_assert_msg(png_image_finish_read(&image, NULL, g.bytes, 0, NULL), "%s: %s", name, image.message);
    return g;
}

void grid_free(grid *g)
{
    free(g->bytes);
}

int grid_pixel(const grid *g, int row, int column, int i)
{
    const int whole = g->columns * (g->width + GAP) + GAP;
    const int top = GAP + row * (g->height + GAP), left = GAP + column * (g->width + GAP);
    return g->bytes[(top + i / g->width) * whole + left + i % g->width];
}

void grid_assert_picture(const grid *g, int row, int column, const float *x)
{
    for (int i = 0; i < g->height * g->width; i++) {
        const int expected = (int)floor(255.0 * x[i] + 0.5), found = grid_pixel(g, row, column, i);
        /* a level to either side: x may differ in its last bits */
        ck_assert_msg(abs(found - expected) <= 1, "row %d, column %d, pixel %d: %d, expected %d", row, column, i, found,
                      expected);
    }
}

void png_size(const char *name, int *height, int *width)
{
    png_image image = begin(name);
    *height = (int)image.height;
    *width = (int)image.width;
    png_image_free(&image);
}
