/* Drawings: a list of marks, written as SVG or as PNG: the same picture in both. (internal)
 *
 *     elbo__drawing d = {.width = 200, .height = 100, .title = "Loss"};
 *     elbo__draw_box(&d, 0, 0, 200, 100, ELBO__INK(0xffffff, 1));                          // the paper
 *     elbo__draw_line(&d, (double[]){10, 20, 60, 70, 190, 80}, 3, 1.5, ELBO__INK(0x2b6cb8, 1));
 *     elbo__draw_text(&d, 100, 14, (elbo__text){12, ELBO__MIDDLE, false, ELBO__INK(0, 1)}, "Loss");
 *     elbo_status status = elbo__drawing_write(&d, "loss.svg");                            // or "loss.png"
 *     elbo__drawing_free(&d);
 *
 * A drawing is a description; two back ends walk it. x grows to the right and y down from the corner at the top left,
 * in units: CSS pixels in SVG, ELBO__PIXELS pixels in PNG. Marks cover those drawn before them. What lies outside of
 * the drawing is cut off.
 */
#ifndef ELBO_IO_DRAWING_H
#define ELBO_IO_DRAWING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../tensor/error.h"
#include "file.h"

enum { ELBO__PIXELS = 2 }; /* of a PNG, to a unit: sharp on paper and on fine screens */

typedef struct {
    uint32_t rgb; /* 0xrrggbb                         */
    double alpha; /* 0: nothing is seen .. 1: opaque */
} elbo__ink;
#define ELBO__INK(rgb, alpha) ((elbo__ink){rgb, alpha})

typedef enum { ELBO__START, ELBO__MIDDLE, ELBO__END } elbo__anchor; /* the part of a text that stands at its place */

typedef struct {
    double size;
    elbo__anchor anchor;
    bool upward; /* turned by a quarter, to be read from below */
    elbo__ink ink;
} elbo__text;

typedef enum { ELBO__DOTS, ELBO__LINE, ELBO__BOX, ELBO__TEXT } elbo__mark_kind;

typedef struct {
    elbo__mark_kind kind;
    elbo__ink ink;
    size_t first, count;        /* DOTS, LINE: points first .. first+count-1 of the drawing    */
    double size;                /* DOTS: the radius; LINE: its width; TEXT: of the font        */
    double x, y, width, height; /* BOX, from its corner at the top left; TEXT: x, y alone      */
    elbo__anchor anchor;        /* TEXT                                                        */
    bool upward;                /* TEXT                                                        */
    char *text;                 /* TEXT: what it says; DOTS: what they are, or NULL            */
} elbo__mark;

typedef struct {
    double width, height;
    const char *title;   /* read aloud in place of the picture; borrowed */
    elbo__mark *marks;   /* [mark_count]                                 */
    size_t mark_count, mark_capacity;
    double *points;      /* (point_count, 2)                             */
    size_t point_count, point_capacity;
    elbo_status status;  /* the first failure                            */
} elbo__drawing;

/* ---- marks ------------------------------------------------------------------------------------------------------- */

/* After a failure these do nothing; elbo__drawing_write returns it. */

/* Discs around the points (n, 2). The name, which may be NULL, is shown for them where the reader can ask. */
void elbo__draw_dots(elbo__drawing *drawing, const double *points, size_t n, double radius, elbo__ink ink,
                     const char *name);

/* A line through the points (n, 2) with round ends and joints, of one even colour where it crosses itself. */
void elbo__draw_line(elbo__drawing *drawing, const double *points, size_t n, double width, elbo__ink ink);

void elbo__draw_box(elbo__drawing *drawing, double x, double y, double width, double height, elbo__ink ink);

/* One line of UTF-8 whose baseline begins, has its middle or ends at (x, y). */
void elbo__draw_text(elbo__drawing *drawing, double x, double y, elbo__text style, const char *text);

/* ---- files ------------------------------------------------------------------------------------------------------- */

/* ELBO_INVALID unless the path ends in .svg or .png. */
elbo_status elbo__drawing_check(const char *path) ELBO_MUST_CHECK;

/* Writes the drawing in the format that the end of the path names. A file already there is replaced when all is
 * written, and untouched on failure. */
elbo_status elbo__drawing_write(const elbo__drawing *drawing, const char *path) ELBO_MUST_CHECK;

void elbo__drawing_free(elbo__drawing *drawing); /* leaves it empty */

/* The drawing as an svg element, for a page; what may have failed is in its status. */
void elbo__drawing_put_svg(const elbo__drawing *drawing, elbo__writer *out);

/* The two back ends. */
elbo_status elbo__drawing_svg(const elbo__drawing *drawing, const char *path) ELBO_MUST_CHECK;
elbo_status elbo__drawing_png(const elbo__drawing *drawing, const char *path) ELBO_MUST_CHECK;

#endif
