/* A small data set to learn: 8 by 8 images of columns, rows, diagonals and checks (classes 0 to 3), each in two phases.
 * Every pixel is black in half of the images and white in the other, so what knows the pixels' means alone cannot do
 * better than 64 ln 2 = 44.4 nats an image; what knows the eight images needs ln 8 = 2.1. */
#ifndef ELBO_TESTS_PATTERNS_H
#define ELBO_TESTS_PATTERNS_H

#include "../io/dataset.h"

enum { PATTERN_SIDE = 8, PATTERN_PIXELS = 64, PATTERN_CLASSES = 4 };
#define PATTERN_MEANS_ALONE 44.36

/* images (n, 8, 8), labels (n) */
void patterns(int n, unsigned char *images, unsigned char *labels);

/* The same as a data set, which owns nothing; n is at most MOST_PATTERNS. */
enum { MOST_PATTERNS = 64 };
elbo_images pattern_images(int n);

#endif
