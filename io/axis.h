/* Axes: round numbers on an interval, and how they are written. (internal)
 *
 *     elbo__axis axis = elbo__axis_of(-3.2, 4.1, 340, 11);          // 340 units long, in letters of size 11
 *     for (int i = 0; i < axis.count; i++)                          // -2, 0, 2, 4
 *         ... axis.ticks[i].text ... elbo__axis_at(&axis, axis.ticks[i].value) * 340 ...
 *
 * Ticks are the multiples of 1, 2 or 5 times a power of ten, at least one and as many as stand side by side without
 * touching, eight at most. Numbers have a point in every locale, a real minus sign, and all those of an axis the same
 * decimals; those beyond a million and below a ten-thousandth are written as 1.5e-7.
 */
#ifndef ELBO_IO_AXIS_H
#define ELBO_IO_AXIS_H

#include <stdbool.h>

enum { ELBO__MAX_TICKS = 8 };

typedef struct {
    double value;
    char text[40];
} elbo__tick;

typedef struct {
    double low, high;
    bool logarithmic; /* equal ways are equal factors */
    int count;
    elbo__tick ticks[ELBO__MAX_TICKS];
} elbo__axis;

/* low < high, both finite, and far enough apart that a millionth of the larger tells them apart. */
elbo__axis elbo__axis_of(double low, double high, double length, double font_size);

/* The same for what is counted: ticks are whole numbers. */
elbo__axis elbo__axis_whole(double low, double high, double length, double font_size);

/* A logarithmic axis, 0 < low < high: its ticks are powers of ten, as many as stand one above the other; where there
 * are fewer than two, 1, 2 and 5 times those; and where those are fewer, the ticks of any other axis. */
elbo__axis elbo__axis_logarithmic(double low, double high, double length, double font_size);

/* 0 at the low end, 1 at the high end. */
double elbo__axis_at(const elbo__axis *axis, double value);

/* The width of the widest number. */
double elbo__axis_width(const elbo__axis *axis, double font_size);

#endif
