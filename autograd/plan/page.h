/* Internal: text that grows and wraps, for descriptions. */
#ifndef ELBO_AUTOGRAD_PLAN_PAGE_H
#define ELBO_AUTOGRAD_PLAN_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "../../tensor/error.h"

enum { ELBO__PAGE_WIDTH = 110 };

/* Begins as zeros. Once memory is short it stays as it is and `failed` is set. */
typedef struct {
    char *text; /* NULL while nothing was put */
    size_t length, capacity;
    bool failed;
} elbo__page;

void elbo__page_put(elbo__page *page, const char *format, ...) ELBO_PRINTF(2, 3);

/* Puts text, with line breaks in place of spaces where a line would be wider than the page; what follows a break is
 * indented by `indent`. A shape, and a word that is wider than the page, stay in one piece. */
void elbo__page_wrap(elbo__page *page, size_t indent, const char *text);

void elbo__page_clear(elbo__page *page); /* frees the text */

/* 48 FLOP, 401.41 kB, 13.89 MB: at most 12 characters with a unit of 4 */
typedef struct {
    char text[32];
} elbo__quantity_text;
elbo__quantity_text elbo__quantity(double value, const char *unit);

#endif
