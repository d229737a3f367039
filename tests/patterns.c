#include "patterns.h"

#include <stdlib.h>

static int coordinate(int class, int row, int column)
{
    switch (class) {
    case 0: return column / 2;
    case 1: return row / 2;
    case 2: return (row + column) / 2;
    default: return row / 2 + column / 2;
    }
}

void patterns(int n, unsigned char *images, unsigned char *labels)
{
    for (int i = 0; i < n; i++) {
        const int class = i % PATTERN_CLASSES, phase = i / PATTERN_CLASSES;
        labels[i] = (unsigned char)class;
        for (int row = 0; row < PATTERN_SIDE; row++)
            for (int column = 0; column < PATTERN_SIDE; column++)
                *images++ = (coordinate(class, row, column) + phase) % 2 ? 255 : 0;
    }
}

elbo_images pattern_images(int n)
{
    static unsigned char bytes[MOST_PATTERNS * PATTERN_PIXELS], labels[MOST_PATTERNS];
    patterns(MOST_PATTERNS, bytes, labels);
    const elbo_tensor pixels = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(n, PATTERN_SIDE, PATTERN_SIDE), bytes);
    const elbo_tensor classes = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(n), labels);
    elbo_images images;
    if (elbo_images_of(&pixels, &classes, PATTERN_CLASSES, &images) != ELBO_OK)
        abort();
    return images;
}
