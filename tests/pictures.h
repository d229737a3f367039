/* Pictures read back for a test: PNG by libpng, SVG by a reader of its own that knows elements and attributes. */
#ifndef ELBO_TESTS_PICTURES_H
#define ELBO_TESTS_PICTURES_H

#include <stdint.h>

typedef struct {
    int width, height;
    unsigned char *pixels; /* (height, width, 3); free with free */
} picture;

/* Of a PNG in the scratch folder. Fails the test when it is none. */
picture picture_read(const char *name);
uint32_t picture_at(const picture *p, int x, int y); /* 0xrrggbb; fails the test outside of the picture */

/* How many pixels are black, partly black ones in parts, from (left, top) up to but without (right, bottom). */
double picture_ink(const picture *p, int left, int top, int right, int bottom);
double picture_all_ink(const picture *p);

/* The text of an SVG in the scratch folder; free with free. Fails the test unless each element that opens is closed in
 * its turn, attributes are quoted, and '&' begins a named entity. */
char *svg_read(const char *name);

/* The next element of this name behind `at`, or NULL. */
const char *svg_next(const char *at, const char *name);

/* An attribute of the element at `at` into `text`, "" when it has none; or as a number, NAN when it has none. */
typedef struct {
    char text[256];
} svg_value;
svg_value svg_attribute(const char *at, const char *name);
double svg_number(const char *at, const char *name);
uint32_t svg_colour(const char *at, const char *name); /* 0xrrggbb of "#rrggbb" */

/* What stands between the element's start and the next '<'. */
svg_value svg_content(const char *at);

#endif
