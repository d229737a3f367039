#include "patterns.h"

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
