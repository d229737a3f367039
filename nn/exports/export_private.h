/* Internal: what the files of this folder share besides the program. */
#ifndef ELBO_NN_EXPORT_PRIVATE_H
#define ELBO_NN_EXPORT_PRIVATE_H

#include "../../autograd/plan/page.h"
#include "export.h"
#include "program.h"

elbo_status elbo__program_of_part(elbo_run *run, elbo_part part, elbo__program *out) ELBO_MUST_CHECK;

/* Writes the page as a file and clears it, unless `status` is that of a failure before. */
elbo_status elbo__write_page(const char *path, elbo__page *page, elbo_status status) ELBO_MUST_CHECK;

/* The name with "_" for what no identifier can have, and not with a digit in front; a new string, freed with
 * elbo__free. NULL on failure. */
char *elbo__identifier(const char *name);

/* "(28, 28)" as "28 x 28" */
typedef struct {
    char text[160];
} elbo__sizes_text;
elbo__sizes_text elbo__sizes_text_of(const elbo_shape *shape);

#endif
