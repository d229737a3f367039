/* Internal: what the files of the convolution share. */
#ifndef ELBO_TENSOR_CONVOLVE_PRIVATE_H
#define ELBO_TENSOR_CONVOLVE_PRIVATE_H

#include "convolve.h"

typedef struct {
    int64_t height, width, channels;
} elbo__size;

typedef struct {
    elbo__convolution which;
    elbo_dtype dtype;
    int64_t images, group;   /* in all; of one weight */
    int64_t together;        /* images a product works on */
    elbo__size x, y, kernel; /* of the kernel: height and width */
    int64_t stride, padding;
    bool narrow; /* adds up what single pixels give */
    /* what patches are cut out of: a frame, in which the image begins at row `above` and column `left`; or the image */
    const elbo_tensor *from;
    elbo__size from_size, frame;
    int64_t above, left;
    bool in_place;
    /* what is written, and for the weight what else is read, by rows of channels */
    const elbo_tensor *rows;
    elbo__size rows_size;
    int64_t step;                 /* from one row to the next                                     */
    bool aside;                   /* rows lie in no such way: a copy does, in `side`               */
    char *framed, *side, *weight; /* scratch memory */
    int64_t *a_row, *a_term, *b_term, *y_row;
} elbo__convolving;

static inline int64_t elbo__area(elbo__size s)
{
    return s.height * s.width;
}

static inline int64_t elbo__volume(elbo__size s)
{
    return elbo__area(s) * s.channels;
}

/* Entries [first, first + n) of axis 0. */
static inline elbo_tensor elbo__some_of(const elbo_tensor *t, int64_t first, int64_t n)
{
    return (elbo_tensor){t->dtype, elbo_layout_slice(&t->layout, 0, first, n), t->data};
}

/* Image i. */
static inline void *elbo__image_at(const elbo_tensor *t, int64_t i)
{
    return (char *)t->data + (t->layout.offset + i * t->layout.strides[0]) * (int64_t)elbo_dtype_size(t->dtype);
}

/* From one row of channels to the next, where that is the same everywhere; 0 where it is not. */
int64_t elbo__rows_step(const elbo_tensor *images, elbo__size s);

/* Image `first` of the rows, to be written or read: in its place, or aside. */
void *elbo__rows_at(const elbo__convolving *k, int64_t first);

/* Makes image `first` of y or x from what each pixel, or position, gives by each number of the kernel
 * (convolve_narrow.c). */
void elbo__convolve_narrow(const elbo__convolving *k, int64_t first, int64_t n);

#endif
