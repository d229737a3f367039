/* Grids of pictures in a PNG file, read back with libpng. */
#ifndef ELBO_TESTS_GRIDS_H
#define ELBO_TESTS_GRIDS_H

typedef struct {
    int rows, columns, height, width; /* of pictures; of one picture in pixels */
    unsigned char *bytes;             /* of the whole file, grey */
} grid;

/* A file of the scratch folder, which must be a grey grid of this kind; free with grid_free. */
grid grid_read(const char *name, int rows, int columns, int height, int width);
void grid_free(grid *g);

/* Pixel i, in row-major order, of one picture; and all of a picture. */
int grid_pixel(const grid *g, int row, int column, int i);
void grid_assert_picture(const grid *g, int row, int column, const float *x); /* x (height, width) in [0, 1] */

/* The size of a PNG file of the scratch folder. */
void png_size(const char *name, int *height, int *width);

#endif
