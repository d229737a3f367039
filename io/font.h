/* A font of our own: printable ASCII on a grid, and the widths of texts. (internal)
 *
 *     for (const char *c = text; *c;) {
 *         elbo__glyph glyph = elbo__glyph_of(elbo__text_next(&c));
 *         ...                                                // glyph.rows[row][column] is '#' for ink, else ' '
 *     }
 *
 * A glyph is 13 rows of up to 8 points. Capitals stand on the rows 0 to 9, small letters on 3 to 9, and the rows below
 * are for what hangs under the line. A point is a place on the pen's way, not a square: neighbouring points are joined
 * by a stroke, diagonally too, so that the same few points make letters without stairs at every size.
 */
#ifndef ELBO_IO_FONT_H
#define ELBO_IO_FONT_H

#include <stdint.h>

enum { ELBO__GLYPH_ROWS = 13, ELBO__GLYPH_BASE = 9 /* the row on the baseline */, ELBO__NO_CODE = 0xfffd };

/* From a point to the next, for a font of size 1: capitals become as high as Helvetica's. The pen is as thick. */
#define ELBO__FONT_PITCH 0.0716

/* From the last column of a glyph to the first of the next, in pitches. */
#define ELBO__GLYPH_GAP 2.8

typedef struct {
    int width;                          /* columns, at least 1 */
    const char *rows[ELBO__GLYPH_ROWS]; /* (13, width)         */
} elbo__glyph;

/* The glyph of a character; an empty frame for those that the font does not have. */
elbo__glyph elbo__glyph_of(uint32_t code);

/* The next character of a UTF-8 text that is not at its end, which *text then stands behind. ELBO__NO_CODE for a byte
 * that is no part of a character, for control characters and for what is no character at all. */
uint32_t elbo__text_next(const char **text);

/* How long a text becomes in this font. Other fonts are about as wide. */
double elbo__text_width(const char *text, double size);

/* A new string: the text, or as much of its start as fits into `width` with "..." behind. NULL without memory. */
char *elbo__text_fit(const char *text, double size, double width);

#endif
