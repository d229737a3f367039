/* JPEG files for tests, made with libjpeg. */
#ifndef ELBO_TESTS_JPEGS_H
#define ELBO_TESTS_JPEGS_H

#include <stdbool.h>

typedef struct {
    int width, height, channels; /* channels 1: grey; 3: colour; 4: CMYK                  */
    bool whole_colour;           /* colour of every pixel is kept, not of each 2 by 2     */
    bool progressive;            /* in two scans: means of blocks, then the rest          */
    int restart;                 /* rows of blocks between marks to begin anew from; 0: none */
    int comment;                 /* bytes of a comment, and of data of an application     */
} jpeg_kind;

/* Writes pixels (height, width, channels) with the best quality: blocks of 8 by 8 equal grey pixels are kept exactly.
 * False when the file cannot be written. */
bool jpeg_write(const char *path, const jpeg_kind *kind, const unsigned char *pixels);

#endif
