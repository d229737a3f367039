/* Where data come from, as --data and elbo_images_load are told: "PATH" or "PATH:REST". (internal)
 *
 * PATH is the longest beginning of the text that is the name of a file or folder, up to the end or to a ':'. Two names
 * are no files: "mnist", the MNIST that comes with the library, and "sprites", which are made up.
 */
#ifndef ELBO_IO_ORIGIN_H
#define ELBO_IO_ORIGIN_H

#include <stdbool.h>

#include "../tensor/error.h"

typedef struct {
    char *path;
    const char *rest; /* within the text; NULL: nothing stands behind the path */
    bool made_up;     /* sprites: `rest` is a factor                           */
    const char *columns; /* what those of a table hold (io/columns.h), given by who asks; NULL: plain numbers */
    bool exact;          /* those columns and no others: nothing is found out about them                      */
} elbo__origin;

/* The text must outlive *out, which elbo__origin_free frees; on failure it is empty. */
elbo_status elbo__origin_of(const char *text, elbo__origin *out) ELBO_MUST_CHECK;
void elbo__origin_free(elbo__origin *origin);

/* The same data for a program that runs in another folder: paths of what there is are absolute. A new string; NULL when
 * memory is short. */
char *elbo__origin_from_anywhere(const char *text);

#endif
