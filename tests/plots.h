/* Plots read back from their SVG: frames, ticks and dots, and what their colours look like in a PNG. */
#ifndef ELBO_TESTS_PLOTS_H
#define ELBO_TESTS_PLOTS_H

#include <stdbool.h>
#include <stdint.h>

struct frame {
    double left, top, right, bottom;
};

/* The frame of a panel (0, 1, ...): the polylines of five points are frames. */
struct frame frame_of(const char *svg, int panel);

/* The numbers below a frame (axis 0) or to the left of it (axis 1), and where they stand. */
struct ticks {
    int count;
    double at[10], value[10];
};
struct ticks ticks_of(const char *svg, const struct frame *f, int axis);

/* Where the axis says that a value is. */
double place_of(const struct ticks *t, double value);

/* Calls visit for each dot of these kinds, with the element of its group, in the order of drawing. Returns how many. */
enum { LEGEND_DOT = 1, DATA_DOT = 2 };
typedef void dot_visitor(const char *group, double x, double y, void *user);
int each_dot(const char *svg, int kinds, dot_visitor *visit, void *user);

/* What half-transparent ink looks like on white. */
uint32_t on_paper(uint32_t rgb, double alpha);

/* No channel of 0xrrggbb is further apart than `tolerance`. */
bool same_colour(uint32_t a, uint32_t b, int tolerance);

#endif
