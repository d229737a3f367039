#include "preview.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "../io/png.h"
#include "command.h"
#include "progress.h"

enum { USUAL_COLUMNS = 80, CHANNELS = 3 };

typedef struct {
    unsigned char at[CHANNELS];
} colour;

/* ---- what the terminal can do ------------------------------------------------------------------------------------ */

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);
    return value && *value;
}

/* The first of the three that is set says it, as for the C library. */
static bool reads_utf8(void)
{
    static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        if (is_set(variables[i])) {
            const char *dot = strchr(getenv(variables[i]), '.');
            return dot && (strncasecmp(dot, ".UTF-8", 6) == 0 || strncasecmp(dot, ".utf8", 5) == 0);
        }
    return false;
}

static bool shows_colours(void)
{
    const char *terminal = getenv("TERM");
    return isatty(STDERR_FILENO) && terminal && *terminal && strcmp(terminal, "dumb") != 0 && !is_set("NO_COLOR") &&
           reads_utf8();
}

static int64_t columns_of_terminal(void)
{
    const int columns = elbo__cli_columns(STDERR_FILENO);
    return columns ? columns : USUAL_COLUMNS;
}

/* ---- fewer pixels ------------------------------------------------------------------------------------------------ */

/* The mean colour of the pixels [top, bottom) x [left, right) of a picture (H, W) or (H, W, 3); black beyond its end.
 */
static colour mean_colour(const elbo_tensor *picture, int64_t top, int64_t bottom, int64_t left, int64_t right)
{
    const elbo_shape *shape = &picture->layout.shape;
    const int64_t width = shape->dim[1], channels = shape->ndim == 3 ? shape->dim[2] : 1;
    const unsigned char *pixels = picture->data;
    int64_t sum[CHANNELS] = {0}, count = 0;
    bottom = bottom < shape->dim[0] ? bottom : shape->dim[0];
    for (int64_t y = top; y < bottom; y++)
        for (int64_t x = left; x < right; x++, count++)
            for (int64_t c = 0; c < CHANNELS; c++)
                sum[c] += pixels[(y * width + x) * channels + (channels == 1 ? 0 : c)];
    colour mean = {{0}};
    for (int c = 0; c < CHANNELS && count; c++)
        mean.at[c] = (unsigned char)((sum[c] + count / 2) / count);
    return mean;
}

/* A picture seen as `columns` x `rows` cells. */
typedef struct {
    const elbo_tensor *picture;
    int64_t columns, rows;
} raster;

/* As many cells across as there are pixels, or the terminal has columns; a cell is `stretch` times as high as wide. */
static raster raster_of(const elbo_tensor *picture, int64_t most, int64_t stretch)
{
    const int64_t height = picture->layout.shape.dim[0], width = picture->layout.shape.dim[1];
    const int64_t columns = width < most ? width : most, rows = (height * columns + width - 1) / width;
    return (raster){picture, columns, (rows + stretch - 1) / stretch};
}

static colour cell(const raster *r, int64_t row, int64_t column)
{
    const int64_t height = r->picture->layout.shape.dim[0], width = r->picture->layout.shape.dim[1];
    const int64_t top = row * height / r->rows, bottom = (row + 1) * height / r->rows;
    const int64_t left = column * width / r->columns, right = (column + 1) * width / r->columns;
    return mean_colour(r->picture, top, bottom > top ? bottom : top + 1, left, right);
}

/* ---- characters -------------------------------------------------------------------------------------------------- */

/* The upper half of each character in one colour, the lower one behind it in another; a last odd row stands alone. */
static void show_blocks(const elbo_tensor *picture)
{
    const raster r = raster_of(picture, columns_of_terminal(), 1);
    for (int64_t row = 0; row < r.rows; row += 2) {
        for (int64_t column = 0; column < r.columns; column++) {
            const colour above = cell(&r, row, column);
            fprintf(stderr, "\033[38;2;%d;%d;%dm", above.at[0], above.at[1], above.at[2]);
            if (row + 1 < r.rows) {
                const colour below = cell(&r, row + 1, column);
                fprintf(stderr, "\033[48;2;%d;%d;%dm", below.at[0], below.at[1], below.at[2]);
            }
            fputs("\xe2\x96\x80", stderr);
        }
        fputs("\033[0m\n", stderr);
    }
}

/* A character for the light of each cell, which is twice as high as wide. Light is that of ITU-R BT.709. */
static void show_shades(const elbo_tensor *picture)
{
    static const char shades[] = " .:-=+*#%@";
    const int last = (int)sizeof shades - 2;
    const raster r = raster_of(picture, columns_of_terminal(), 2);
    for (int64_t row = 0; row < r.rows; row++) {
        for (int64_t column = 0; column < r.columns; column++) {
            const colour c = cell(&r, row, column);
            const double light = 0.2126 * c.at[0] + 0.7152 * c.at[1] + 0.0722 * c.at[2];
            fputc(shades[(int)(light / 255 * last + 0.5)], stderr);
        }
        fputc('\n', stderr);
    }
}

int elbo__cli_preview(const elbo_values *values, const char *path)
{
    const elbo_value *asked = elbo_values_get(values, "preview", ELBO_FLAG);
    elbo_tensor picture;
    if (!asked || !asked->flag)
        return EXIT_SUCCESS;
    if (elbo_png_read(path, &picture) != ELBO_OK)
        return elbo__cli_fail();
    fflush(stdout); /* the line that names the picture stands above it */
    elbo__cli_clear_progress();
    if (shows_colours())
        show_blocks(&picture);
    else
        show_shades(&picture);
    elbo_tensor_free(&picture);
    return EXIT_SUCCESS;
}
