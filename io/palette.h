/* Colours that can be told apart. (internal)
 *
 *     elbo__draw_line(&d, points, n, 1.5, ELBO__INK(elbo__class_colour(3), 1));     // the fourth curve
 */
#ifndef ELBO_IO_PALETTE_H
#define ELBO_IO_PALETTE_H

#include <stdint.h>

/* The colour of class 0, 1, 2, ... as 0xrrggbb. The first ten differ most, and any differs from its neighbours. */
uint32_t elbo__class_colour(int label);

#endif
