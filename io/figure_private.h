/* What all figures are made of: a frame with its axes, names and legend. (internal)
 *
 *     elbo__plot plot = {.title = "Loss", .x_label = "epoch", .width = 420, .height = 260};
 *     plot.x = elbo__axis_whole(1, 10, plot.width, ELBO__TICK_SIZE);
 *     plot.y = elbo__axis_of(0, 0.5, plot.height, ELBO__TICK_SIZE);
 *     elbo__plot_page(&plot, keys, 2, &drawing);     // lays out, and draws all but what the plot shows
 *     elbo__draw_line(&drawing, ... elbo__plot_x(&plot, 3.5) ... elbo__plot_y(&plot, 0.25) ...);
 */
#ifndef ELBO_IO_FIGURE_PRIVATE_H
#define ELBO_IO_FIGURE_PRIVATE_H

#include "axis.h"
#include "drawing.h"
#include "figure.h"

/* In units. */
enum {
    ELBO__EDGE = 14,        /* around all                           */
    ELBO__TICK_SIZE = 11,   /* of the numbers on the axes           */
    ELBO__LABEL_SIZE = 13,  /* of the axes' labels and the legend   */
    ELBO__TITLE_SIZE = 15,  /* of the titles                        */
    ELBO__TICK_GAP = 6,     /* from the frame to the numbers        */
    ELBO__LABEL_GAP = 9,    /* from those to the label of the axis  */
    ELBO__TITLE_GAP = 10,   /* from the title to the frame          */
    ELBO__ROW = 20,         /* of the legend                        */
    ELBO__NAME_GAP = 12,    /* from the middle of its dot to a name */
    ELBO__BETWEEN = 26,     /* two panels, columns of the legend    */
};

#define ELBO__PAPER_INK ELBO__INK(0xffffff, 1)
#define ELBO__GRID_INK ELBO__INK(0xdedede, 1)
#define ELBO__FRAME_INK ELBO__INK(0xa0a0a0, 1)
#define ELBO__TEXT_INK ELBO__INK(0x222222, 1)
#define ELBO__NUMBER_INK ELBO__INK(0x444444, 1)

/* The frame, and what is written around it. */
typedef struct {
    const char *title, *x_label, *y_label; /* NULL: none   */
    elbo__axis x, y;
    double left, top, width, height;       /* of the frame */
} elbo__plot;

/* An entry of a legend. */
typedef struct {
    const char *name; /* borrowed */
    uint32_t rgb;
} elbo__key;

/* Where a value is. */
double elbo__plot_x(const elbo__plot *plot, double value);
double elbo__plot_y(const elbo__plot *plot, double value);

/* Grid lines, frame and numbers; the axes' labels; the title on a baseline. Texts longer than the frame are cut. */
void elbo__plot_grid(elbo__drawing *drawing, const elbo__plot *plot);
void elbo__plot_labels(elbo__drawing *drawing, const elbo__plot *plot);
void elbo__plot_title(elbo__drawing *drawing, const elbo__plot *plot, double baseline);

/* How wide the numbers beside the y axis are, with their gap. Fonts of other machines may be wider than ours. */
double elbo__plot_numbers(const elbo__plot *plot);

/* How far the number at the right end of the x axis stands out over the frame. To the left there is room for it. */
double elbo__plot_overhang(const elbo__plot *plot);

/* A page of this plot alone: finds the frame's place and the size of the drawing, and draws paper, grid, names and the
 * legend, which stands in rows above the frame. The plot has its axes, texts, width and height. */
void elbo__plot_page(elbo__plot *plot, const elbo__key *keys, int count, elbo__drawing *drawing);

/* Draws a text, cut where it would become wider than `width`. */
void elbo__draw_fitted(elbo__drawing *drawing, double x, double y, elbo__text style, const char *text, double width);

/* An interval around low .. high that an axis can stand on: with `air` parts of its length at either end, and longer
 * where the ends are one or so close that an axis could not tell numbers apart. Both are finite, and within 1e300. */
typedef struct {
    double low, high;
} elbo__interval;
elbo__interval elbo__interval_of(double low, double high, double air);

/* The marks of a figure that is checked. The drawing borrows the title; the caller frees the drawing in any case, and
 * its status says what failed. */
void elbo__draw_curves(const elbo_curve_plot *plot, elbo__drawing *drawing);
void elbo__draw_bars(const elbo_bar_plot *plot, elbo__drawing *drawing);

/* ELBO_INVALID for what cannot be drawn; `where` begins the message. */
elbo_status elbo__check_curves(const char *where, const elbo_curve_plot *plot) ELBO_MUST_CHECK;
elbo_status elbo__check_bars(const char *where, const elbo_bar_plot *plot) ELBO_MUST_CHECK;

#endif
