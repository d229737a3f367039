/* Figures: plots for papers and pages, as SVG or as PNG.
 *
 *     float codes[10000 * 2];                                                // the posterior means of a test set
 *     int labels[10000];                                                     // 0 to 9
 *     elbo_scatter_panel panel = {
 *         .title = "Test set", .x_label = "z1", .y_label = "z2", .points = codes, .labels = labels, .n = 10000};
 *     if (elbo_scatter("latent.svg", &panel, 1, 10, NULL) != ELBO_OK)        // or "latent.png"
 *         fprintf(stderr, "%s\n", elbo_error());                             // "PATH: reason"
 *
 * The path's end, .svg or .png, chooses the format; the picture is the same, and a PNG has 2 pixels for each unit of
 * the SVG. Texts are one line of UTF-8. PNG has its own font with the printable characters of ASCII and a frame for all
 * others; texts too long for their place end in "...".
 *
 * A file already there is replaced when all is written, and untouched on failure. ELBO_INVALID for what cannot be
 * drawn, ELBO_IO when the file cannot be written.
 */
#ifndef ELBO_IO_FIGURE_H
#define ELBO_IO_FIGURE_H

#include <stdbool.h>
#include <stdint.h>

#include "../tensor/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- scatter plots ----------------------------------------------------------------------------------------------- */

enum { ELBO_MAX_PANELS = 4 };

typedef struct {
    const char *title, *x_label, *y_label; /* NULL: none                                                */
    const float *points;                   /* (n, 2), all finite                                        */
    const int *labels;                     /* (n), each in 0..classes-1; NULL: all points of one colour */
    int64_t n;                             /* at least 1                                                */
} elbo_scatter_panel;

/* Points in 1 to 4 panels side by side, coloured by their label, with one legend for all panels. A panel is square and
 * has the same scale on both axes, so that distances can be compared. The more points, the smaller and the more
 * transparent their dots; the classes are drawn in turns, a part of each at a time, so that none hides the others.
 *
 * classes: at most 65,536, and ignored (0 will do) when no panel has labels. class_names (classes), or NULL for their
 * numbers. The first ten colours differ most; more than 20 classes have no legend but a note that says how many. */
ELBO_API elbo_status elbo_scatter(const char *path, const elbo_scatter_panel *panels, int count, int classes,
                                  const char *const *class_names) ELBO_MUST_CHECK;

/* ---- curves ------------------------------------------------------------------------------------------------------ */

typedef struct {
    const char *name; /* in the legend; NULL: not there                    */
    const double *x;  /* (n), or NULL: 1, 2, 3, ...                        */
    const double *y;  /* (n); a point that is not finite leaves a gap      */
    int64_t n;        /* 0: the curve stands in the legend alone           */
} elbo_curve;

typedef struct {
    const char *title, *x_label, *y_label; /* NULL: none                                         */
    const elbo_curve *curves;              /* [count], at least 1                                */
    int count;
    bool log_y;                            /* a logarithmic scale, on which y <= 0 leaves a gap  */
} elbo_curve_plot;

/* Curves through points in the order given, over one pair of axes, with a legend above them:
 *
 *     const double loss[] = {164.2, 121.9, 115.3}, test[] = {128.0, 118.1, 113.9};
 *     const elbo_curve curves[] = {{"training", NULL, loss, 3}, {"test", NULL, test, 3}};
 *     elbo_curves("loss.svg", &(elbo_curve_plot){"Loss", "epoch", "nats per image", curves, 2, false});
 *
 * The k-th curve has the k-th colour. A point without a neighbour is a dot, and so is every point where they are few.
 * Numbers on the x axis are whole where all x are. Figures may not be further than 1e300 from 0. ELBO_INVALID when no
 * point at all can be drawn. */
ELBO_API elbo_status elbo_curves(const char *path, const elbo_curve_plot *plot) ELBO_MUST_CHECK;

/* ---- bars -------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *title, *x_label, *y_label; /* NULL: none                                                     */
    const double *values;                  /* (n), all finite                                                */
    const bool *marked;                    /* (n): drawn in colour, the others in grey; NULL: all in colour  */
    const char *marked_name, *other_name;  /* what the two are, in the legend; NULL: no legend               */
    int64_t n;                             /* at least 1                                                     */
    int64_t first;                         /* the number of the first bar                                    */
} elbo_bar_plot;

/* A bar for each value from 0 to it, side by side and numbered: such as the KL of each latent dimension, where
 * `marked` are the active ones. */
ELBO_API elbo_status elbo_bars(const char *path, const elbo_bar_plot *plot) ELBO_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
